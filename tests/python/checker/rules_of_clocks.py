"""Promises about time: every deadline is the plan's, and fires exactly once, when it is due."""

import heapq
from collections import Counter
from typing import Any, Iterator

from .centre import CLOCKS, Centre
from .export import Record, milliseconds, moment, optional_milliseconds
from .orders import is_open
from .ranks import decliners

Findings = Iterator[str]

# The states that answer a clock.
_ANSWERED_BY = {
    "acknowledge": ("acknowledged", "set_off", "arrived", "finished"),
    "set_off": ("set_off", "arrived", "finished"),
    "muster": ("set_off", "arrived", "finished"),
    "arrive": ("arrived", "finished"),
    "result": ("finished",),
}
_NEXT_RUNG = {"primary": "deputy", "deputy": "duty_leader", "duty_leader": "next_unit"}
_LATE = {
    "acknowledge": "no_acknowledgement",
    "set_off": "late_set_off",
    "muster": "late_muster",
    "arrive": "late_arrival",
    "result": "late_result",
}
_MISSING = {"acknowledged": "missing_acknowledgement", "set_off": "missing_set_off", "arrived": "missing_arrival"}


def deadlines_are_the_plans(centre: Centre, _record: Record, event: Any) -> Findings:
    """Each clock starts when the order is issued and runs as the plan says by agency, zone, time and priority."""
    incident, unit = centre.incidents.get(event["incident"]), centre.units.get(event["unit"])
    if incident is None or unit is None:
        return
    wanted = centre.deadlines(incident, event["capability"], unit)
    need = incident.needs.get(event["need"])
    if need is not None and need.owed is not None and wanted["arrive"] is not None:
        # The clock of a need that lost its unit runs on (R2).
        wanted["arrive"] = min(wanted["arrive"], max(need.owed, centre.now))
    for clock in CLOCKS:
        given = optional_milliseconds(event["deadlines"][clock])
        if given != wanted[clock]:
            shown = [None if due is None else moment(due) for due in (given, wanted[clock])]
            yield f"order {event['order']}: clock {clock} is due {shown[0]}, by the plan {shown[1]}"


def clock_fires_once(centre: Centre, _record: Record, event: Any) -> Findings:
    """A clock fires once, met or missed, and with the deadline that it was given."""
    order, clock = centre.orders.get(event["order"]), event["clock"]
    if order is None:
        yield f"clock {clock} of order {event['order']} fires, which was never issued"
    elif clock in order.fired:
        yield f"clock {clock} of order {order.identity} fires a second time"
    elif clock not in order.running:
        yield f"clock {clock} of order {order.identity} fires and did not run"
    elif milliseconds(event["due"]) != order.running[clock]:
        yield f"clock {clock} of order {order.identity} was due {moment(order.running[clock])}, not {event['due']}"


def met_in_time(centre: Centre, record: Record, event: Any) -> Findings:
    """A clock is met by the step it waits for, at its deadline at the latest."""
    order = centre.orders.get(event["order"])
    if order is None:
        return
    if order.state not in _ANSWERED_BY[event["clock"]]:
        yield f"clock {event['clock']} of order {order.identity} is met by `{order.state}`"
    if record.at > milliseconds(event["due"]):
        yield f"clock {event['clock']} of order {order.identity} was due {event['due']} and is met {moment(record.at)}"


def missed_when_due(centre: Centre, record: Record, event: Any) -> Findings:
    """A clock is missed after its deadline, never at it or before, and never once it was answered."""
    order = centre.orders.get(event["order"])
    if record.at <= milliseconds(event["due"]):
        yield f"clock {event['clock']} of order {event['order']} is due {event['due']} and missed {moment(record.at)}"
    if order is not None and (not is_open(order.state) or order.state in _ANSWERED_BY[event["clock"]]):
        yield f"clock {event['clock']} of order {order.identity} is missed, the order is {order.state}"


def ladder_climbs_rung_by_rung(centre: Centre, record: Record, event: Any) -> Findings:
    """Primary, deputy, duty leader, next unit (X11): each a rung's time after the one before."""
    order = centre.orders.get(event["order"])
    if order is None:
        yield f"order {event['order']} climbs the ladder and was never issued"
        return
    rung, next_due = event["rung"], optional_milliseconds(event["next_due"])
    if order.state != "issued":
        yield f"order {order.identity} climbs the ladder, it is {order.state}"
    if rung != _NEXT_RUNG.get(order.rung):
        yield f"order {order.identity} climbs from {order.rung} to {rung}"
        return
    if order.rung == "primary":
        due = max((milliseconds(other["due"]) for other in _missed(record, order.identity)), default=None)
    else:
        due = order.rung_due
    if due is None or record.at <= due:
        yield f"order {order.identity} climbs to {rung} at {moment(record.at)}, before that was overdue"
        return
    wanted = None if rung == "next_unit" else due + centre.plan.rung_ms
    if next_due != wanted:
        yield f"order {order.identity}: the rung after {rung} is due {event['next_due']}, not {wanted and moment(wanted)}"


def _missed(record: Record, order: str) -> list[Any]:
    return [
        event
        for name, event in record.events
        if name == "clock_missed" and event["order"] == order and event["clock"] == "acknowledge"
    ]


def who_lets_the_ladder_run_out_is_relieved(centre: Centre, record: Record, event: Any) -> Findings:
    """After the last rung the order goes to the next unit; a desk beside which no other is free keeps it (X11)."""
    order = centre.orders.get(event["order"])
    if order is None or event["rung"] != "next_unit":
        return
    relieved = any(
        name == "order_moved" and other["order"] == order.identity and other["to"] == "reassigned"
        for name, other in record.events
    )
    said_no = decliners(centre, order.previous)
    others = [
        unit.name
        for unit in centre.able_to(order.capability)
        if unit.identity != order.unit and unit.identity not in said_no and unit.available()
    ]
    due = centre.units[order.unit].travels or bool(others)
    if relieved != due:
        yield f"order {order.identity} of {order.unit} is {'' if relieved else 'not '}passed on; free beside it: {others}"


def answered_clocks_stop(centre: Centre, record: Record) -> Findings:
    """A report stops, in its own record, every clock that it answers."""
    for name, event in record.events:
        if name != "order_moved":
            continue
        order = centre.orders[event["order"]]
        for clock in order.running:
            if order.state in _ANSWERED_BY[clock]:
                yield f"order {order.identity} is {order.state}, its clock {clock} still runs"


def ledger_says_what_was_owed(centre: Centre, record: Record) -> Findings:
    """Every clock missed, every report skipped, every order declined or passed on is entered, nothing else (X16)."""
    owed: Counter[tuple[str, str]] = Counter()
    entered: Counter[tuple[str, str]] = Counter()
    for name, event in record.events:
        if name == "clock_missed":
            owed[event["order"], _LATE[event["clock"]]] += 1
        elif name == "order_moved":
            owed.update((event["order"], _MISSING[step]) for step in event["missing"])
            if event["to"] == "declined":
                owed[event["order"], "declined"] += 1
            elif event["to"] == "reassigned" and record.command == "tick":
                owed[event["order"], "passed_on"] += 1
        elif name == "ledger_entered":
            entered[event["order"], event["matter"]] += 1
            if event["unit"] != centre.orders[event["order"]].unit:
                yield f"the ledger names {event['unit']} for order {event['order']}"
    for (order, matter), count in (owed - entered).items():
        yield f"order {order}: `{matter}` was owed {count} times more than the ledger says"
    for (order, matter), count in (entered - owed).items():
        yield f"order {order}: `{matter}` stands in the ledger {count} times too often"


class Alarm:
    """Everything that will be due, so that nothing can be forgotten."""

    def __init__(self) -> None:
        self._due: list[tuple[int, str, str]] = []

    def set_clocks(self, _centre: Centre, _record: Record, event: Any) -> Findings:
        """Takes in the clocks of a new order; breaks nothing by itself."""
        for clock in CLOCKS:
            due = optional_milliseconds(event["deadlines"][clock])
            if due is not None:
                heapq.heappush(self._due, (due, event["order"], clock))
        return iter(())

    def set_rung(self, _centre: Centre, _record: Record, event: Any) -> Findings:
        """Takes in the next rung of a ladder; breaks nothing by itself."""
        due = optional_milliseconds(event["next_due"])
        if due is not None:
            heapq.heappush(self._due, (due, event["order"], "rung"))
        return iter(())

    def everything_due_fires(self, centre: Centre, record: Record) -> Findings:
        """No record ends after a deadline that has neither been met nor missed."""
        if any(name == "continues" for name, _ in record.events):
            return
        while self._due and self._due[0][0] < record.at:
            due, identity, clock = heapq.heappop(self._due)
            order = centre.orders.get(identity)
            if order is None:
                continue
            runs = order.rung_due == due if clock == "rung" else order.running.get(clock) == due
            if runs:
                yield f"clock {clock} of order {identity} was due {moment(due)}, it is {moment(record.at)}"
