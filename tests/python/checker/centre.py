"""What the centre must hold after each event: a fold over commands and events, nothing decided.

It knows no rule. The rules look at it before an event is taken in (what was so when the centre decided) and, at a
record's end, after all its events.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Iterable

from .city import City
from .export import Record, milliseconds, optional_milliseconds
from .geometry import distance_dm
from .objects import Objects
from .orders import is_open
from .plan import Plan
from .queues import Queues
from .roads import Roads

CLOCKS = ("acknowledge", "set_off", "muster", "arrive", "result")
CLOCKS_OF_THE_WAY = ("set_off", "muster", "arrive")
DAY_MS = 24 * 3_600_000
# Profiles of a map: as everybody drives, with lights and sirens.
NORMAL, SIREN = 0, 1
READY = ("on_call", "patrolling", "standby")
# Orders for one need before its round of asking begins anew.
ASKED_MAX = 8
# Shortages that no free unit can mend; such a need is in no queue.
NOT_QUEUED = ("drill", "no_place", "outside")
# What is owed upward, by the clock that runs on it.
CLOCK_OF_STAGE = {"first": "first_word", "written": "written_report"}
# Commands by which a person at the centre takes an incident up.
TAKEN_UP_BY = ("raise_level", "escalate_incident", "assign_unit", "report_situation", "report_upward")
# Commands that speak of one call by its id.
OF_A_CALL = ("add_facts", "judge_call", "split_call")


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
    post: dict[str, int]
    point: dict[str, int]
    plane: tuple[int, int]
    duty: str = "on_call"
    staffed: bool = True
    silent: bool = False
    # On patrol, and nobody knows where.
    stale: bool = False
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
            and not self.stale
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
    fired: set[str] = field(default_factory=set)
    rung: str = "primary"
    # When the next rung of the ladder is told; the first is told when the acknowledgement clock runs out.
    rung_due: int | None = None
    # A person sent its unit.
    by_hand: bool = False


@dataclass(slots=True)
class Need:
    """One unit's worth of what an incident needs."""

    capability: str
    deadline: int
    state: str = "opened"
    # The order that serves it, or the last that was to.
    holder: str | None = None
    # The last order of this round of asking; it goes into the next one as `previous`.
    previous: str | None = None
    asked: int = 0
    # Why it has no unit, when it was last put to wait.
    shortage: str | None = None
    # By when the unit was to arrive that was called away first (R2).
    owed: int | None = None


@dataclass(slots=True)
class Incident:
    """An incident as it stands."""

    identity: str
    number: int
    kind: str
    priority: int
    place: dict[str, Any] | None
    plane: tuple[int, int] | None
    drill: bool
    opened_at: int
    # When it was opened, or reopened last.
    needed_since: int
    nature: str
    agencies: frozenset[str]
    # The urgency that a person has raised it to.
    escalated: int | None = None
    closed: bool = False
    # How often a unit was called away from it (R2).
    bumps: int = 0
    needs: dict[int, Need] = field(default_factory=dict)
    open_orders: set[str] = field(default_factory=set)
    # The calls that point to it, through however many merges.
    callers: set[str] = field(default_factory=set)
    category: str = "none"
    injured: int = 0
    calls: int = 1
    # Once it is major: its level, the clocks that run, since when and until when what is owed upward.
    level: str | None = None
    owes: dict[str, int] = field(default_factory=dict)
    owed_since: dict[str, int] = field(default_factory=dict)
    owed_until: dict[str, int] = field(default_factory=dict)
    # What was told upward, field by field, also before any level asked for it.
    told: dict[str, set[str]] = field(default_factory=dict)
    # A person at the centre has taken it up.
    attended: bool = False
    close_awaited: bool = False
    close_said_at: int | None = None
    merged_into: str | None = None
    # The line that its first call dialled.
    line: int | None = None

    def awaited(self) -> set[str]:
        """What is owed upward and has not come."""
        return set(self.owed_since) - set(self.told)

    def was_missed(self, stage: str) -> bool:
        """Whether a report upward is awaited and its clock has run out."""
        return stage in self.awaited() and CLOCK_OF_STAGE[stage] not in self.owes

    def live(self, capability: str) -> int:
        """How many needs of a capability it has or had that were not dropped."""
        return sum(need.capability == capability and need.state != "dropped" for need in self.needs.values())


@dataclass(slots=True)
class Call:
    """A call, once taken."""

    taken_seq: int
    body: Any
    line: int | None
    decided: int = 0
    # The incident it was put to, and those that this was merged into since, up to the one that it points to.
    path: list[str] = field(default_factory=list)

    @property
    def incident(self) -> str | None:
        """The incident it points to, through however many merges."""
        return self.path[-1] if self.path else None


# How a need gets its unit when it is looked for, and not when a unit comes free.
SOUGHT = ("nearest", "desk", "preemption")


def injured_in(record: Record) -> int:
    """How many are said to be hurt in a record's command."""
    return (record.value.get("injured") or 0) if record.command in ("take_call", "add_facts", "split_call") else 0


def begins_round(record: Record, need: Need) -> bool:
    """Whether a search in this record asks everybody anew: time brings up a need that all have declined."""
    return record.command == "tick" and need.state == "waiting" and need.shortage == "all_asked"


class Centre:
    """The fold. `take` is called once an event, `begin` once a record."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.city: City | None = None
        self.plan: Plan | None = None
        self.units: dict[str, Unit] = {}
        self.names: dict[str, str] = {}
        self.orders: dict[str, Order] = {}
        self.incidents: dict[str, Incident] = {}
        self.calls: dict[str, Call] = {}
        self.queues = Queues()
        # Needs that wait because the table of orders is full: nobody is served then, whoever is free.
        self.without_room: set[tuple[str, int]] = set()
        # Grants since the last to a service call that waited, by capability (C4).
        self.passed_over: dict[str, int] = defaultdict(int)
        self.able: dict[str, list[Unit]] = {}
        self.hospitals: dict[str, int] = {}
        # The map in force, by all that holds on it; without one all ways are straight.
        self.roads: Roads | None = None
        self.now = 0
        # Of each incident that another was merged into, that other one.
        self.merged_from: dict[str, str] = {}
        # Of the last merge: what is handled on, its level and clocks before, and the clocks that both come to.
        self.joined: tuple[str, str | None, dict[str, int], dict[str, int]] | None = None
        # Incidents that are major and open.
        self.owing: set[str] = set()

    def begin(self, record: Record) -> None:
        """Time comes to a record; a person may take an incident up with it."""
        self.now = record.at
        if any(name == "refused" for name, _ in record.events):
            return
        incident: Incident | None = None
        if record.command in TAKEN_UP_BY:
            named = record.value["incident"] if isinstance(record.value, dict) else record.value
            incident = self.incidents.get(named)
        elif record.command == "judge_call":
            said = record.value.get("assessment") or {}
            incident = self.open_incident_of(record.value["call"]) if said.get("nature") != "invalid" else None
        if incident is not None:
            incident.attended = True

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
            # Another city may be another plane.
            for unit in self.units.values():
                unit.plane = self.city.projection.plane(unit.point)
            for incident in self.incidents.values():
                incident.plane = self._plane_of(incident.place)
        elif event["object"] == "plan":
            self.plan = self.objects.plan(event["hash"])
        elif event["object"] == "roads":
            self.roads = self.objects.roads(event["hash"])
        elif event["object"] == "bulletin":
            self.roads = self.objects.roads_under(event["hash"])

    def road_ms(self, unit: Unit, incident: Incident, capability: str, within: int) -> tuple[int | None, bool]:
        """How long a unit's way is by the road, None where it goes straight or it is above `within`; and whether both are by one."""
        off_road = capability == "boat" or "aircraft" in unit.capabilities
        if self.roads is None or incident.place is None or not unit.travels or off_road:
            return None, False
        profile = SIREN if incident.priority <= 2 else NORMAL
        start, goal = (self.roads.position(profile, place) for place in (unit.point, incident.place["point"]))
        if start is None or goal is None:
            return None, False
        return self.roads.time_ms(profile, start, goal, within), True

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
            post=definition["post"],
            point=definition["post"],
            plane=self.city.projection.plane(definition["post"]),
        )
        unit.staffed = unit.staffed_at(self.minute_of_day(record.at))
        if known is not None:
            unit.duty, unit.silent, unit.open_orders = known.duty, known.silent, known.open_orders
            unit.stale = known.stale
            # A unit that stands at its post moves with it.
            if known.point != known.post:
                unit.point, unit.plane = known.point, known.plane
        self.units[identity] = unit
        self.names[unit.name] = identity
        self.able.clear()

    def _unit_moved(self, _record: Record, event: Any) -> None:
        unit = self.units[event["unit"]]
        unit.point, unit.plane = event["point"], self.city.projection.plane(event["point"])

    def _unit_duty_changed(self, _record: Record, event: Any) -> None:
        unit = self.units[event["unit"]]
        unit.duty, unit.strength = event["duty"], event["strength"]

    def _unit_staffed(self, _record: Record, event: Any) -> None:
        self.units[event["unit"]].staffed = event["staffed"]

    def _unit_silent(self, _record: Record, event: Any) -> None:
        self.units[event["unit"]].silent = True

    def _unit_preempted(self, _record: Record, event: Any) -> None:
        order = self.orders[event["order"]]
        incident = self.incidents[order.incident]
        incident.bumps += 1
        need = incident.needs[order.need]
        need.owed = order.running.get("arrive") if need.owed is None else need.owed

    def _unit_position_stale(self, _record: Record, event: Any) -> None:
        self.units[event["unit"]].stale = event["stale"]

    def _unit_heard(self, _record: Record, event: Any) -> None:
        self.units[event["unit"]].silent = False

    def _call_taken(self, record: Record, event: Any) -> None:
        value = record.value
        self.calls[event["call"]] = Call(record.seq, body=value.get("body"), line=value.get("line"))

    def _call_decided(self, _record: Record, event: Any) -> None:
        self.calls[event["call"]].decided += 1

    def _call_split(self, _record: Record, event: Any) -> None:
        self._point(event["call"], event["into"])

    def caller(self, record: Record) -> str | None:
        """The call that a record is about."""
        if record.command == "take_call":
            return next((event["call"] for name, event in record.events if name == "call_taken"), None)
        return record.value["call"] if record.command in OF_A_CALL else None

    def _point(self, identity: str, incident: str) -> None:
        """A call points to an incident from here on, and is none of those that it pointed to."""
        for left in self.calls[identity].path:
            self.incidents[left].calls -= 1
        self._lead(identity, [incident])

    def _lead(self, identity: str, path: list[str]) -> None:
        call = self.calls[identity]
        if call.incident is not None:
            self.incidents[call.incident].callers.discard(identity)
        call.path = path
        self.incidents[path[-1]].callers.add(identity)

    def _incident_opened(self, record: Record, event: Any) -> None:
        self.incidents[event["incident"]] = Incident(
            identity=event["incident"],
            number=number(event["incident"]),
            kind=event["kind"],
            priority=event["priority"],
            place=event["place"],
            plane=self._plane_of(event["place"]),
            drill=event["drill"],
            opened_at=record.at,
            needed_since=record.at,
            nature=event["nature"],
            agencies=frozenset(event["agencies"]),
            category=event["category"],
            injured=injured_in(record),
            line=self.line_of(record),
        )
        caller = self.caller(record)
        # A call that is split off points to its own incident from `call_split` on.
        if caller is not None and record.command != "split_call":
            self._point(caller, event["incident"])

    def _incident_joined(self, record: Record, event: Any) -> None:
        self._point(event["call"], event["incident"])
        incident = self.incidents[event["incident"]]
        incident.calls += 1
        incident.injured = max(incident.injured, injured_in(record))

    def _call_amended(self, record: Record, event: Any) -> None:
        incident = self.open_incident_of(event["call"])
        if incident is not None and record.command == "add_facts":
            incident.injured = max(incident.injured, injured_in(record))

    def open_incident_of(self, call: str) -> Incident | None:
        """The open incident that a call points to."""
        known = self.calls.get(call)
        incident = self.incidents.get(known.incident or "") if known else None
        return None if incident is None or incident.closed else incident

    def _incident_merged(self, _record: Record, event: Any) -> None:
        gone, kept = self.incidents[event["from"]], self.incidents[event["into"]]
        said = [urgency for urgency in (gone.escalated, kept.escalated) if urgency is not None]
        kept.escalated = min(said, default=None)
        kept.calls += gone.calls
        kept.injured = max(kept.injured, gone.injured)
        self.merged_from[kept.identity] = gone.identity
        kept.bumps += gone.bumps
        kept.attended = kept.attended or gone.attended
        # Kept until the record has said what both come to.
        self.joined = (kept.identity, kept.level, dict(kept.owes), self.owed_together(gone, kept))
        for mine, others in ((kept.owed_since, gone.owed_since), (kept.owed_until, gone.owed_until)):
            for stage, at in others.items():
                mine[stage] = min(mine.get(stage, at), at)
        for stage, fields in gone.told.items():
            kept.told[stage] = kept.told.get(stage, set()) | fields
        gone.merged_into = kept.identity
        for caller in sorted(gone.callers):
            self._lead(caller, [*self.calls[caller].path, kept.identity])

    def _incident_reopened(self, record: Record, event: Any) -> None:
        incident = self.incidents[event["incident"]]
        incident.needed_since = record.at
        for caller in self.callers_of(incident):
            path = self.calls[caller].path
            own = path.index(incident.identity) + 1
            for left in path[own:]:
                self.incidents[left].calls -= 1
            self._lead(caller, path[:own])
        incident.closed, incident.merged_into, incident.attended = False, None, True
        incident.close_awaited, incident.close_said_at = False, None
        incident.needs = {}
        # What was told was told; all else is owed as if the level were new.
        for owed in (incident.owed_since, incident.owed_until):
            for stage in set(owed) - set(incident.told):
                del owed[stage]

    def callers_of(self, incident: Incident) -> list[str]:
        """The calls that were put to an incident, or to one that was merged into it, wherever they point now."""
        last = incident
        while last.merged_into is not None:
            last = self.incidents[last.merged_into]
        return sorted(caller for caller in last.callers if incident.identity in self.calls[caller].path)

    def _incident_raised(self, record: Record, event: Any) -> None:
        if record.command == "escalate_incident":
            self.incidents[event["incident"]].escalated = event["priority"]
        self._hold(event)

    def _incident_reclassified(self, _record: Record, event: Any) -> None:
        self.incidents[event["incident"]].escalated = None
        self._hold(event)

    def _hold(self, event: Any) -> None:
        """An incident is held to be this from here on; where its urgency changes, what waits is ranked anew."""
        incident = self.incidents[event["incident"]]
        changed = incident.priority != event["priority"]
        incident.kind, incident.priority = event["kind"], event["priority"]
        incident.nature, incident.agencies = event["nature"], frozenset(event["agencies"])
        incident.category = event["category"]
        if changed:
            for index, need in incident.needs.items():
                if (incident.identity, index) in self.queues:
                    need.deadline = min(need.deadline, self.need_deadline(incident, need.capability))
                    self._queue(incident, index)

    def _incident_placed(self, _record: Record, event: Any) -> None:
        incident = self.incidents[event["incident"]]
        incident.place, incident.plane = event["place"], self._plane_of(event["place"])

    def _incident_closed(self, _record: Record, event: Any) -> None:
        incident = self.incidents[event["incident"]]
        incident.closed = True
        incident.owes.clear()
        self.owing.discard(incident.identity)

    def owed_together(self, gone: Incident, kept: Incident) -> dict[str, int]:
        """The clocks that run on two that are one: of each what is due first, without what was told or missed of either."""
        over = {CLOCK_OF_STAGE[stage] for stage in CLOCK_OF_STAGE if stage in gone.told or stage in kept.told}
        over |= {CLOCK_OF_STAGE[stage] for stage in CLOCK_OF_STAGE if gone.was_missed(stage) or kept.was_missed(stage)}
        clocks = {clock: min(owes[clock] for owes in (gone.owes, kept.owes) if clock in owes) for clock in gone.owes | kept.owes}
        return {clock: due for clock, due in clocks.items() if clock not in over}

    def _level_raised(self, record: Record, event: Any) -> None:
        incident = self.incidents[event["incident"]]
        incident.level = event["level"]
        self._owe_all(incident, event["deadlines"])
        if event["cause"] != "merged":
            for stage, clock in CLOCK_OF_STAGE.items():
                if clock in incident.owes:
                    incident.owed_since.setdefault(stage, record.at)
                    incident.owed_until[stage] = incident.owes[clock]

    def _duties_joined(self, _record: Record, event: Any) -> None:
        self._owe_all(self.incidents[event["incident"]], event["deadlines"])

    def _owe_all(self, incident: Incident, deadlines: dict[str, Any]) -> None:
        due = {clock: optional_milliseconds(due) for clock, due in deadlines.items()}
        incident.owes = {clock: at for clock, at in due.items() if at is not None}
        self.owing.add(incident.identity)

    def _situation_reported(self, _record: Record, event: Any) -> None:
        self._owe(event["incident"], "situation_report", event["next_due"])

    def _reported_upward(self, record: Record, event: Any) -> None:
        incident, stage = self.incidents[event["incident"]], event["stage"]
        self._owe(incident.identity, CLOCK_OF_STAGE[stage], None)
        incident.told.setdefault(stage, set()).update(record.value["fields"])

    def _incident_clock_missed(self, _record: Record, event: Any) -> None:
        self._owe(event["incident"], event["clock"], event["next_due"])

    def _owe(self, identity: str, clock: str, due: Any) -> None:
        owes, at = self.incidents[identity].owes, optional_milliseconds(due)
        owes.pop(clock, None)
        if at is not None:
            owes[clock] = at

    def _close_awaited(self, record: Record, event: Any) -> None:
        incident = self.incidents[event["incident"]]
        incident.close_awaited, incident.close_said_at = True, record.at

    def _hospital_defined(self, record: Record, event: Any) -> None:
        self.hospitals[record.value["name"]] = event["hospital"]

    def _need_opened(self, _record: Record, event: Any) -> None:
        incident, capability = self.incidents[event["incident"]], event["capability"]
        deadline = self.need_deadline(incident, capability)
        incident.needs[event["need"]] = Need(capability=capability, deadline=deadline)
        incident.close_awaited = False

    def _need_waits(self, record: Record, event: Any) -> None:
        need = self._need(event)
        if begins_round(record, need):
            need.previous, need.asked = None, 0
        need.state = "waiting"
        if event["shortage"] not in NOT_QUEUED:
            self._queue(self.incidents[event["incident"]], event["need"])
        need.shortage = event["shortage"]
        self._note_room(event, need)

    def _note_room(self, event: Any, need: Need) -> None:
        waiting = (event["incident"], event["need"])
        if need.state == "waiting" and need.shortage == "no_room":
            self.without_room.add(waiting)
        else:
            self.without_room.discard(waiting)

    def _need_met(self, _record: Record, event: Any) -> None:
        self._need(event).state = "met"

    def _need_done(self, _record: Record, event: Any) -> None:
        self._need(event).state = "done"

    def _need_dropped(self, _record: Record, event: Any) -> None:
        need = self._need(event)
        need.state = "dropped"
        self._note_room(event, need)
        self.queues.remove((event["incident"], event["need"]))

    def _queue(self, incident: Incident, index: int) -> None:
        need = incident.needs[index]
        rank = (incident.priority, need.deadline, incident.number, index, incident.identity)
        self.queues.put(need.capability, rank)

    def _need(self, event: Any) -> Need:
        return self.incidents[event["incident"]].needs[event["need"]]

    def _plane_of(self, place: dict[str, Any] | None) -> tuple[int, int] | None:
        return self.city.projection.plane(place["point"]) if place else None

    def major(self) -> Iterable[Incident]:
        """The incidents that owe something because they are major."""
        return [self.incidents[identity] for identity in sorted(self.owing)]

    def wanted(self, incident: Incident, line: int | None) -> dict[str, int]:
        """What the plan in force now asks for, by capability, as the incident is held now (R1)."""
        held = (incident.kind, incident.nature, incident.agencies, incident.level)
        return self.plan.needs(*held, line, self._has, self._local(incident))

    def _local(self, incident: Incident) -> list[dict[str, Any]]:
        """The local plans that hold where an incident is, now."""

        def metres_to(point: dict[str, int]) -> float | None:
            return None if incident.plane is None else distance_dm(self.city.projection.plane(point), incident.plane) / 10

        district = incident.place["district"] if incident.place else None
        return self.plan.local(self.city.names_of(district), metres_to, self.minute_of_day(self.now))

    def able_to(self, capability: str) -> list[Unit]:
        """All units with a capability, by their numbers."""
        units = self.able.get(capability)
        if units is None:
            units = [unit for unit in self.units.values() if capability in unit.capabilities]
            units.sort(key=lambda unit: unit.number)
            self.able[capability] = units
        return units

    def home_of(self, unit: Unit) -> int | None:
        """A unit's own district; all that the city does not know are one."""
        return unit.home if self.city is not None and self.city.knows(unit.home) else None

    def _has(self, capability: str) -> bool:
        return bool(self.able_to(capability))

    def line_of(self, record: Record) -> int | None:
        """The line that speaks in a record: of the call, or of the first call of what is reopened; none where a person decides
        otherwise about an incident as a whole."""
        if record.command in ("reopen_incident", "unmerge_incident"):
            incident = self.incidents.get(record.value)
            return incident.line if incident else None
        if record.command not in ("take_call", "judge_call", "split_call", "add_facts"):
            return None
        call = self.calls.get(self.caller(record) or "")
        return call.line if call else None

    # --- Clocks ----------------------------------------------------------------------------------------------------

    def clock_case(self, incident: Incident, unit: Unit | None) -> tuple[str, str, int, bool]:
        """Zone, day or night, priority, and whether a unit is sent out of its own district into a township."""
        district = incident.place["district"] if incident.place else None
        zone = self.city.zone(district)
        time = self.plan.time_of_day(self.minute_of_day(self.now))
        away = unit is not None and zone == "township" and district is not None and district != unit.home
        return zone, time, incident.priority, away

    def deadlines(self, incident: Incident, capability: str, unit: Unit) -> dict[str, int | None]:
        """The clocks of an order that is issued now; a desk has none of those for the way (X6, X7, X8)."""
        case = self.clock_case(incident, unit)
        deadlines: dict[str, int | None] = {}
        for clock in CLOCKS:
            span = self.plan.clock_ms(clock, capability, *case)
            runs = span is not None and (unit.travels or clock not in CLOCKS_OF_THE_WAY)
            deadlines[clock] = self.now + span if runs else None
        return deadlines

    def need_deadline(self, incident: Incident, capability: str) -> int:
        """What a need ranks by: opening + the arrival clock at home; for a desk, or without one, the result clock."""
        case = self.clock_case(incident, None)
        span = None
        if not capability.startswith("desk_"):
            span = self.plan.clock_ms("arrive", capability, *case)
        if span is None:
            span = self.plan.clock_ms("result", capability, *case)
        return incident.needed_since + (span if span is not None else DAY_MS)

    # --- Orders ----------------------------------------------------------------------------------------------------

    def _order_issued(self, record: Record, event: Any) -> None:
        order = Order(
            identity=event["order"],
            incident=event["incident"],
            need=event["need"],
            unit=event["unit"],
            capability=event["capability"],
            issued_at=record.at,
            previous=event["previous"],
            by_hand=event["choice"] == "person",
        )
        for clock in CLOCKS:
            due = optional_milliseconds(event["deadlines"][clock])
            if due is not None:
                order.running[clock] = due
        self.orders[order.identity] = order
        self.units[order.unit].open_orders.add(order.identity)
        incident = self.incidents[order.incident]
        incident.close_awaited = False
        incident.open_orders.add(order.identity)
        need = incident.needs[order.need]
        if event["choice"] in SOUGHT and begins_round(record, need):
            need.previous, need.asked = None, 0
        need.state, need.holder = "ordered", order.identity
        self._note_room(event, need)
        need.asked += 1
        if event["choice"] in ("waiting", "service_floor"):
            self._count_grant(order.capability, incident.priority)
        self.queues.remove((order.incident, order.need))

    def _count_grant(self, capability: str, priority: int) -> None:
        """Who was passed over (C4): grants that are neither danger to life nor service, while service waits."""
        if priority == 4:
            self.passed_over[capability] = 0
        elif priority != 1 and self.queues.first(capability, True, 1):
            self.passed_over[capability] += 1

    def _order_moved(self, _record: Record, event: Any) -> None:
        order = self.orders[event["order"]]
        order.state = event["to"]
        if order.state != "issued":
            order.rung_due = None
        if not is_open(order.state):
            self.units[order.unit].open_orders.discard(order.identity)
            self.incidents[order.incident].open_orders.discard(order.identity)
            # Clocks end with an order that was declined, cancelled or reassigned; a finished one has met its own.
            if order.state != "finished":
                order.running.clear()
        if order.state in ("declined", "reassigned", "preempted"):
            need = self.incidents[order.incident].needs[order.need]
            need.previous = order.identity if need.asked < ASKED_MAX else None
            need.asked = need.asked if need.asked < ASKED_MAX else 0

    def _order_transferred(self, _record: Record, event: Any) -> None:
        order = self.orders[event["order"]]
        gone, kept = self.incidents[order.incident], self.incidents[event["into"]]
        left, need = gone.needs[order.need], kept.needs[event["need"]]
        gone.open_orders.discard(order.identity)
        kept.open_orders.add(order.identity)
        order.incident, order.need = event["into"], event["need"]
        need.state, need.holder, need.asked = left.state, order.identity, left.asked
        left.holder = None
        kept.close_awaited = False
        # By when somebody was to be there is owed on, unless that was missed or met already (R2).
        if left.owed is not None and "arrive" in order.running:
            need.owed = left.owed if need.owed is None else min(need.owed, left.owed)
        self._note_room({"incident": order.incident, "need": order.need}, need)
        self.queues.remove((order.incident, order.need))

    def _clock_met(self, _record: Record, event: Any) -> None:
        self._stop(event)

    def _clock_missed(self, _record: Record, event: Any) -> None:
        self._stop(event)

    def _stop(self, event: Any) -> None:
        order = self.orders[event["order"]]
        order.running.pop(event["clock"], None)
        order.fired.add(event["clock"])

    def _ladder_climbed(self, _record: Record, event: Any) -> None:
        order = self.orders[event["order"]]
        order.rung = event["rung"]
        order.rung_due = optional_milliseconds(event["next_due"])
