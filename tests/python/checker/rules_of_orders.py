"""Promises about one order at a time: who may have one, and how it lives.

Every rule is one function named after its promise. It is called before the event is taken in and yields an
explanation for each way in which the event breaks the promise.
"""

from typing import Any, Iterator

from .centre import Centre
from .export import Record
from .orders import is_open, may_follow, missing_steps

Findings = Iterator[str]


def one_open_order_per_unit(centre: Centre, _record: Record, event: Any) -> Findings:
    """A unit has one open order at a time, a desk as many as its capacity."""
    unit = centre.units.get(event["unit"])
    if unit is None:
        yield f"order {event['order']} goes to unit {event['unit']}, which nobody defined"
        return
    most = unit.capacity if not unit.travels else 1
    if len(unit.open_orders) >= most:
        held = ", ".join(sorted(unit.open_orders))
        yield f"order {event['order']} goes to unit {unit.name} ({unit.identity}), which still has {held}"


def need_served_once(centre: Centre, _record: Record, event: Any) -> Findings:
    """A need has one open order at a time, and none once it was met, done or dropped."""
    incident = centre.incidents.get(event["incident"])
    need = incident.needs.get(event["need"]) if incident else None
    if need is None:
        yield f"order {event['order']} serves need {event['need']} of {event['incident']}, which nobody opened"
        return
    if incident.closed:
        yield f"order {event['order']} serves incident {incident.identity}, which is closed"
    holder = centre.orders.get(need.holder) if need.holder else None
    if holder is not None and is_open(holder.state):
        yield f"need {event['need']} of {incident.identity} has {holder.identity} and gets {event['order']}"
    elif need.state in ("done", "dropped"):
        yield f"need {event['need']} of {incident.identity} is {need.state} and gets {event['order']}"
    if need.capability != event["capability"]:
        yield f"order {event['order']} asks for {event['capability']}, its need for {need.capability}"


def order_ids_are_new(centre: Centre, _record: Record, event: Any) -> Findings:
    """An id is never given twice."""
    if event["order"] in centre.orders:
        yield f"order {event['order']} is issued a second time"


def legal_transition(centre: Centre, _record: Record, event: Any) -> Findings:
    """An order moves only as its table says, from where it stood."""
    order = centre.orders.get(event["order"])
    if order is None:
        yield f"order {event['order']} moves, but was never issued"
        return
    travels = centre.units[order.unit].travels
    if event["unit"] != order.unit:
        yield f"order {order.identity} is {order.unit}'s and moves as {event['unit']}'s"
    if event["from"] != order.state:
        yield f"order {order.identity} stood at {order.state}, the event says {event['from']}"
    elif not may_follow(order.state, event["to"], travels):
        yield f"order {order.identity} of a {'unit' if travels else 'desk'}: {order.state} -> {event['to']}"


def missing_steps_entered(centre: Centre, _record: Record, event: Any) -> Findings:
    """The reports that were skipped are entered as missing, those and no others (X3)."""
    order = centre.orders.get(event["order"])
    if order is None:
        return
    travels = centre.units[order.unit].travels
    owed = missing_steps(event["from"], event["to"], travels)
    if event["missing"] != owed:
        yield f"order {order.identity} {event['from']} -> {event['to']}: {event['missing']} entered, {owed} owed"


def closing_frees_units(centre: Centre, record: Record) -> Findings:
    """At the end of the record that closes an incident none of its orders is open, none of its needs waits (S3)."""
    for name, event in record.events:
        if name != "incident_closed":
            continue
        incident = centre.incidents[event["incident"]]
        if incident.open_orders:
            yield f"incident {incident.identity} is closed and keeps {', '.join(sorted(incident.open_orders))}"
        for index, need in incident.needs.items():
            if need.state not in ("done", "dropped"):
                yield f"incident {incident.identity} is closed and its need {index} is {need.state}"
