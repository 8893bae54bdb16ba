"""Promises about what an incident needs: what the plan in force asks for, no less and no more."""

from typing import Any, Iterator

from .centre import Centre, Incident
from .export import Record

Findings = Iterator[str]
# Needs that one incident can have, ended ones included.
NEEDS_MAX = 16
_HELD = ("incident_opened", "incident_raised", "incident_reclassified", "level_raised")


def needs_are_the_plans(centre: Centre, record: Record, event: Any) -> Findings:
    """A need is opened because the plan in force asks for it, because a person sends a unit, or because who is at the
    scene comes with a merge; and never beyond the sixteenth (R1)."""
    incident = centre.incidents.get(event["incident"])
    if incident is None:
        return
    index, capability = event["need"], event["capability"]
    if len(incident.needs) >= NEEDS_MAX:
        yield f"need {index} of {incident.identity} is one more than an incident can have"
    if record.command == "assign_unit" or _is_for_who_is_there(centre, record, incident, index):
        return
    wanted = centre.wanted(incident, centre.line_of(record)).get(capability, 0)
    if incident.live(capability) >= wanted:
        yield (
            f"need {index} of {incident.identity} ({incident.kind}) asks for {capability}; "
            f"the plan asks for {wanted}, it has {incident.live(capability)}"
        )


def _is_for_who_is_there(centre: Centre, record: Record, incident: Incident, index: int) -> bool:
    """Whether a need is opened for an order whose unit has arrived, or whose desk has acknowledged."""
    for name, event in record.events:
        if name == "order_transferred" and (event["into"], event["need"]) == (incident.identity, index):
            order = centre.orders[event["order"]]
            return centre.incidents[order.incident].needs[order.need].state == "met"
    return False


def what_is_wanted_is_asked_for(centre: Centre, record: Record) -> Findings:
    """At the end of a record that changes what an incident is held to be, it has all that the plan in force asks for, or
    a person is told what it has no number for (R1, H9)."""
    held = [event["incident"] for name, event in record.events if name in _HELD]
    held += [event["into"] for name, event in record.events if name == "incident_merged"]
    held += [event["incident"] for name, event in record.events if name == "incident_reopened"]
    for identity in sorted(set(held)):
        incident = centre.incidents[identity]
        if incident.closed:
            continue
        for capability, count in centre.wanted(incident, centre.line_of(record)).items():
            refused = sum(
                event["count"]
                for name, event in record.events
                if name == "need_refused" and (event["incident"], event["capability"]) == (identity, capability)
            )
            if incident.live(capability) + refused < count:
                yield f"incident {identity} ({incident.kind}) has {incident.live(capability)} of {count} {capability}"


def only_what_waits_unwanted_is_dropped(centre: Centre, record: Record, event: Any) -> Findings:
    """A verdict drops needs that wait and that the plan does not ask for; nobody who is out is called back by it."""
    incident = centre.incidents.get(event["incident"])
    need = incident.needs.get(event["need"]) if incident else None
    if need is None or record.command != "judge_call":
        return
    wanted = centre.wanted(incident, centre.line_of(record)).get(need.capability, 0)
    if need.state != "waiting":
        yield f"a verdict drops need {event['need']} of {incident.identity}, which is {need.state}"
    elif incident.live(need.capability) <= wanted:
        yield f"a verdict drops need {event['need']} of {incident.identity}; {wanted} {need.capability} are wanted"


def nothing_unwanted_waits_after_a_verdict(centre: Centre, record: Record) -> Findings:
    """After a verdict on what an incident is, no need waits for more than the plan asks for."""
    for name, event in record.events:
        if name != "incident_reclassified":
            continue
        incident = centre.incidents[event["incident"]]
        wanted = centre.wanted(incident, centre.line_of(record))
        for index, need in incident.needs.items():
            if need.state == "waiting" and incident.live(need.capability) > wanted.get(need.capability, 0):
                yield f"need {index} of {incident.identity} ({need.capability}) waits, and nobody wants it"


def another_plan_touches_nothing_that_stands(_centre: Centre, record: Record) -> Findings:
    """A change of plan ends no need, moves no order and no clock; what comes after is decided by it (H9)."""
    if record.command != "activate" or record.value["object"] != "plan":
        return
    others = sorted({name for name, _ in record.events} - {"object_activated", "refused"})
    if others:
        yield f"a change of plan causes {', '.join(others)}"
