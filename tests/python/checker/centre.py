"""What the centre must hold after each event: a fold over commands and events, nothing decided.

It knows no rule. The rules look at it before an event is taken in (what was so when the centre decided) and, at a
record's end, after all its events.
"""

from dataclasses import dataclass, field
from typing import Any

from .city import City
from .export import Record, milliseconds, optional_milliseconds
from .orders import is_open
from .plan import Plan

CLOCKS = ("acknowledge", "set_off", "muster", "arrive", "result")
READY = ("on_call", "patrolling", "standby")


def number(identity: str) -> int:
    """The number of `centre.number`; ties are broken by it."""
    return int(identity.rpartition(".")[2])


@dataclass(slots=True)
class Unit:
    """A unit as it is now."""

    identity: str
    number: int
    name: str
    agency: str
    capabilities: frozenset[str]
    home: int
    speed_mm_s: int
    turnout_ms: int
    strength: int
    least_strength: int
    roster: tuple[int, int]
    capacity: int
    plane: tuple[int, int]
    duty: str = "on_call"
    staffed: bool = True
    silent: bool = False
    open_orders: set[str] = field(default_factory=set)

    @property
    def travels(self) -> bool:
        """Whether it moves at all; a desk does not."""
        return self.speed_mm_s > 0

    def staffed_at(self, minute: int) -> bool:
        """Whether somebody is on its roster at this local minute (X12)."""
        on, off = self.roster
        if on == off:
            return True
        return on <= minute < off if on < off else minute >= on or minute < off

    def available(self) -> bool:
        """Whether it could be given one more order."""
        return (
            len(self.open_orders) < self.capacity
            and self.staffed
            and not self.silent
            and self.duty in READY
            and self.strength >= self.least_strength
        )


@dataclass(slots=True)
class Order:
    """An order as it stands."""

    identity: str
    incident: str
    need: int
    unit: str
    capability: str
    issued_at: int
    previous: str | None
    state: str = "issued"
    running: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Need:
    """One unit's worth of what an incident needs."""

    capability: str
    state: str = "opened"
    deadline: int | None = None
    order: str | None = None


@dataclass(slots=True)
class Incident:
    """An incident as it stands."""

    identity: str
    kind: str
    priority: int
    place: dict[str, Any] | None
    drill: bool
    opened_at: int
    closed: bool = False
    needs: dict[int, Need] = field(default_factory=dict)
    open_orders: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Call:
    """A call, once taken."""

    taken_seq: int
    body: Any
    decided: int = 0


class Centre:
    """The fold. `take` is called once an event, `begin` once a record."""

    def __init__(self, objects: "Objects") -> None:
        self.objects = objects
        self.city: City | None = None
        self.plan: Plan | None = None
        self.units: dict[str, Unit] = {}
        self.names: dict[str, str] = {}
        self.orders: dict[str, Order] = {}
        self.incidents: dict[str, Incident] = {}
        self.calls: dict[str, Call] = {}
        self.waiting: set[tuple[str, int]] = set()
        self.able: dict[str, list[Unit]] = {}
        self.now = 0

    def begin(self, record: Record) -> None:
        """Time comes to a record."""
        self.now = record.at

    def take(self, record: Record, name: str, event: Any) -> None:
        """Takes in one event."""
        fold = getattr(self, "_" + name, None)
        if fold is not None:
            fold(record, event)

    def minute_of_day(self, at: int) -> int:
        """The local minute of the day."""
        offset = self.city.utc_offset_min if self.city else 0
        return (at // 60_000 + offset) % (24 * 60)

    def _object_activated(self, _record: Record, event: Any) -> None:
        if event["object"] == "city":
            self.city = self.objects.city(event["hash"])
        elif event["object"] == "plan":
            self.plan = self.objects.plan(event["hash"])

    def _unit_defined(self, record: Record, event: Any) -> None:
        definition, identity = record.value, event["unit"]
        known = self.units.get(identity)
        unit = Unit(
            identity=identity,
            number=number(identity),
            name=definition["name"],
            agency=definition["agency"],
            capabilities=frozenset(definition["capabilities"]),
            home=definition["home"],
            speed_mm_s=definition["speed_mm_s"],
            turnout_ms=definition["turnout_ms"],
            strength=definition["strength"],
            least_strength=definition["least_strength"],
            roster=(definition["roster_on_min"], definition["roster_off_min"]),
            capacity=definition["capacity"],
            plane=self.city.projection.plane(definition["post"]),
        )
        unit.staffed = unit.staffed_at(self.minute_of_day(record.at))
        if known is not None:
            unit.plane, unit.duty = known.plane, known.duty
            unit.silent, unit.open_orders = known.silent, known.open_orders
        self.units[identity] = unit
        self.names[unit.name] = identity
        self.able.clear()

    def _unit_moved(self, _record: Record, event: Any) -> None:
        self.units[event["unit"]].plane = self.city.projection.plane(event["point"])

    def _unit_duty_changed(self, _record: Record, event: Any) -> None:
        unit = self.units[event["unit"]]
        unit.duty, unit.strength = event["duty"], event["strength"]

    def _unit_staffed(self, _record: Record, event: Any) -> None:
        self.units[event["unit"]].staffed = event["staffed"]

    def _unit_silent(self, _record: Record, event: Any) -> None:
        self.units[event["unit"]].silent = True

    def _unit_heard(self, _record: Record, event: Any) -> None:
        self.units[event["unit"]].silent = False

    def _call_taken(self, record: Record, event: Any) -> None:
        self.calls[event["call"]] = Call(taken_seq=record.seq, body=record.value.get("body"))

    def _call_decided(self, _record: Record, event: Any) -> None:
        self.calls[event["call"]].decided += 1

    def _incident_opened(self, record: Record, event: Any) -> None:
        self.incidents[event["incident"]] = Incident(
            identity=event["incident"],
            kind=event["kind"],
            priority=event["priority"],
            place=event["place"],
            drill=event["drill"],
            opened_at=record.at,
        )

    def _incident_raised(self, _record: Record, event: Any) -> None:
        incident = self.incidents[event["incident"]]
        incident.kind, incident.priority = event["kind"], event["priority"]

    def _incident_placed(self, _record: Record, event: Any) -> None:
        self.incidents[event["incident"]].place = event["place"]

    def _incident_closed(self, _record: Record, event: Any) -> None:
        incident = self.incidents[event["incident"]]
        incident.closed = True
        for index, need in incident.needs.items():
            self.waiting.discard((incident.identity, index))
            if need.state != "done":
                need.state = "dropped"

    def _need_opened(self, _record: Record, event: Any) -> None:
        needs = self.incidents[event["incident"]].needs
        needs[event["need"]] = Need(capability=event["capability"])

    def _need_waits(self, _record: Record, event: Any) -> None:
        need = self._need(event)
        need.state, need.deadline = "waiting", milliseconds(event["deadline"])
        self.waiting.add((event["incident"], event["need"]))

    def _need_met(self, _record: Record, event: Any) -> None:
        self._need(event).state = "met"

    def _need_done(self, _record: Record, event: Any) -> None:
        self._need(event).state = "done"

    def _need_dropped(self, _record: Record, event: Any) -> None:
        self._need(event).state = "dropped"
        self.waiting.discard((event["incident"], event["need"]))

    def _need(self, event: Any) -> Need:
        return self.incidents[event["incident"]].needs[event["need"]]

    def _order_issued(self, record: Record, event: Any) -> None:
        order = Order(
            identity=event["order"],
            incident=event["incident"],
            need=event["need"],
            unit=event["unit"],
            capability=event["capability"],
            issued_at=record.at,
            previous=event["previous"],
        )
        for clock in CLOCKS:
            due = optional_milliseconds(event["deadlines"][clock])
            if due is not None:
                order.running[clock] = due
        self.orders[order.identity] = order
        self.units[order.unit].open_orders.add(order.identity)
        incident = self.incidents[order.incident]
        incident.open_orders.add(order.identity)
        need = incident.needs[order.need]
        need.state, need.order = "ordered", order.identity
        self.waiting.discard((order.incident, order.need))

    def _order_moved(self, _record: Record, event: Any) -> None:
        order = self.orders[event["order"]]
        order.state = event["to"]
        if not is_open(order.state):
            self.units[order.unit].open_orders.discard(order.identity)
            self.incidents[order.incident].open_orders.discard(order.identity)

    def _clock_met(self, _record: Record, event: Any) -> None:
        self.orders[event["order"]].running.pop(event["clock"], None)

    def _clock_missed(self, _record: Record, event: Any) -> None:
        self.orders[event["order"]].running.pop(event["clock"], None)

    def _ladder_climbed(self, _record: Record, event: Any) -> None:
        due = optional_milliseconds(event["next_due"])
        if due is not None:
            self.orders[event["order"]].running["acknowledge"] = due
