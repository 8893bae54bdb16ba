"""Promises about what people decide: a merge, a split, a verdict, an escalation, a unit of their choice, a hospital."""

from typing import Any, Iterator

from .centre import Centre, Incident, Unit
from .export import Record, milliseconds, moment
from .orders import is_open
from .plan import LEVELS
from .rules_of_needs import NEEDS_MAX

Findings = Iterator[str]


def merge_is_of_two_open_incidents(centre: Centre, record: Record, event: Any) -> Findings:
    """A person merges two open incidents, both drills or neither; all calls that point to the first move (N1)."""
    gone, kept = centre.incidents[event["from"]], centre.incidents[event["into"]]
    said = record.value if record.command == "merge_incidents" else {}
    if (said.get("from"), said.get("into")) != (event["from"], event["into"]):
        yield f"{record.command} merges {gone.identity} into {kept.identity}"
    if gone is kept or gone.drill != kept.drill:
        yield f"incident {gone.identity} cannot be one with {kept.identity}"
    for incident in (gone, kept):
        if incident.closed:
            yield f"incident {incident.identity} is closed, and is merged"
    if event["calls"] != len(gone.callers):
        yield f"{event['calls']} calls move with {gone.identity}, {len(gone.callers)} point to it"


def only_what_was_closed_is_reopened(centre: Centre, record: Record, event: Any) -> Findings:
    """A person reopens what was closed, or parts what was merged; it is held as it was then, with the calls that are its own
    (N1)."""
    incident = centre.incidents[event["incident"]]
    acts = {"reopen_incident": None, "unmerge_incident": incident.merged_into}
    said = record.value if record.command in acts else None
    merged = record.command == "unmerge_incident"
    if said != event["incident"] or not incident.closed or (incident.merged_into is not None) != merged:
        yield f"{record.command} reopens {incident.identity}"
    if event["from"] != acts.get(record.command):
        yield f"incident {incident.identity} was merged into {incident.merged_into}, and parts from {event['from']}"
    held = {
        "kind": incident.kind,
        "priority": incident.priority,
        "nature": incident.nature,
        "category": incident.category,
        "agencies": sorted(incident.agencies),
        "place": incident.place,
        "injured": incident.injured,
        "drill": incident.drill,
        "opened_at": moment(incident.opened_at),
        "calls": len(centre.callers_of(incident)),
    }
    shown = {**{name: event[name] for name in held}, "agencies": sorted(event["agencies"])}
    shown["opened_at"] = moment(milliseconds(event["opened_at"]))
    if shown != held:
        yield f"incident {incident.identity} is reopened as {shown}, it was {held}"


def merge_takes_what_is_graver(centre: Centre, record: Record, event: Any) -> Findings:
    """The incident that is handled on has the higher urgency and all agencies of both; one without words adds neither,
    but what a person held to be urgent."""
    gone, kept = centre.incidents[event["from"]], centre.incidents[event["into"]]
    priority, agencies = kept.priority, kept.agencies
    if gone.kind != "unknown":
        priority = gone.priority if kept.kind == "unknown" else min(gone.priority, kept.priority)
        agencies = gone.agencies | kept.agencies
    priority = min([priority, *(urgency for urgency in (gone.escalated, kept.escalated) if urgency is not None)])
    held = (kept.priority, kept.agencies)
    for name, raised in record.events:
        if name == "incident_raised" and raised["incident"] == kept.identity:
            held = (raised["priority"], frozenset(raised["agencies"]))
    if held != (priority, agencies):
        yield (
            f"incident {kept.identity} is held {held[0]} for {sorted(held[1])} after the merge, "
            f"both come to {priority} for {sorted(agencies)}"
        )


def merged_means_closed(centre: Centre, record: Record) -> Findings:
    """What was merged is closed in the same record as `merged`, and nothing else is closed so."""
    merged = {event["from"] for name, event in record.events if name == "incident_merged"}
    closed = {
        event["incident"] for name, event in record.events if name == "incident_closed" and event["reason"] == "merged"
    }
    for identity in sorted(merged ^ closed):
        yield f"incident {identity} is {'merged, not closed' if identity in merged else 'closed as merged, and was not'}"


def order_serves_on_where_it_is_needed(centre: Centre, record: Record, event: Any) -> Findings:
    """A merge lets an open order serve a need that waits, one that the plan asks for, or where its unit is there already;
    order, unit and clocks stay what they are (N1)."""
    order, kept = centre.orders[event["order"]], centre.incidents[event["into"]]
    said = record.value if record.command == "merge_incidents" else {}
    if (said.get("from"), said.get("into")) != (order.incident, kept.identity):
        yield f"{record.command} moves order {order.identity} of {order.incident} to {kept.identity}"
    if not is_open(order.state) or event["unit"] != order.unit:
        yield f"order {order.identity} of {order.unit} ({order.state}) is moved as {event['unit']}'s"
    left, need = centre.incidents[order.incident].needs[order.need], kept.needs.get(event["need"])
    if need is None or need.state not in ("opened", "waiting") or need.capability != order.capability:
        shown = f"{need.capability}, {need.state}" if need else "never opened"
        yield f"order {order.identity} ({order.capability}) goes to need {event['need']} of {kept.identity} ({shown})"
    elif left.state != "met" and need.state == "opened" and kept.live(order.capability) > _wanted(centre, kept, order):
        yield f"order {order.identity} serves on at {kept.identity}, where nobody wants it"


def who_is_needed_is_not_called_back(centre: Centre, record: Record, event: Any) -> Findings:
    """A merge calls back only who is on the way and one too many (N1)."""
    if record.command != "merge_incidents" or event["to"] != "cancelled":
        return
    order, kept = centre.orders[event["order"]], centre.incidents[record.value["into"]]
    if order.incident != record.value["from"]:
        yield f"order {order.identity} of {order.incident} is cancelled by a merge of others"
        return
    waits = any(need.capability == order.capability and need.state == "waiting" for need in kept.needs.values())
    if centre.incidents[order.incident].needs[order.need].state == "met":
        yield f"order {order.identity} is at the scene, and called back by a merge"
    elif waits or kept.live(order.capability) < _wanted(centre, kept, order):
        yield f"order {order.identity} is called back by a merge, {kept.identity} lacks {order.capability}"


def _wanted(centre: Centre, incident: Incident, order: Any) -> int:
    return centre.wanted(incident, None).get(order.capability, 0)


def call_leaves_for_an_incident_of_its_own(centre: Centre, record: Record, event: Any) -> Findings:
    """A person splits a call off an open incident that has others; it points to a new one from then on (N1)."""
    left, own = centre.incidents[event["from"]], centre.incidents[event["into"]]
    if record.command != "split_call" or record.value["call"] != event["call"]:
        yield f"{record.command} splits call {event['call']}"
    if left.closed or event["call"] not in left.callers or len(left.callers) < 2:
        yield f"call {event['call']} leaves {left.identity}, to which {sorted(left.callers)} point"
    opened = [other["incident"] for name, other in record.events if name == "incident_opened"]
    if own.identity not in opened or own.callers:
        yield f"call {event['call']} leaves for {own.identity}, which was not opened for it"


def verdict_stands(centre: Centre, record: Record, event: Any) -> Findings:
    """An incident is reclassified by a person alone, to what they say of one of its calls."""
    said = record.value.get("assessment") if record.command == "judge_call" else None
    if said is None:
        yield f"{record.command} reclassifies {event['incident']}"
        return
    incident = centre.incidents[event["incident"]]
    if record.value["call"] not in incident.callers:
        yield f"a verdict on call {record.value['call']} reclassifies {incident.identity}"
    for name in ("kind", "priority", "nature", "category", "agencies"):
        if event[name] != said[name]:
            yield f"a person says {name} {said[name]}, {incident.identity} is held {event[name]}"


def level_only_rises(centre: Centre, record: Record, event: Any) -> Findings:
    """Words only ever raise an incident; an escalation changes its urgency alone, upward, and is undone by no words. The
    first words of an incident without any say what it is (N1)."""
    incident = centre.incidents[event["incident"]]
    least = incident.escalated if incident.kind == "unknown" else incident.priority
    if least is not None and event["priority"] > least:
        yield f"incident {incident.identity} is lowered from {least} to {event['priority']} by {record.command}"
    if not incident.agencies <= frozenset(event["agencies"]):
        yield f"incident {incident.identity} concerns {sorted(incident.agencies)}, and is raised to {event['agencies']}"
    if record.command == "escalate_incident":
        known = (incident.kind, incident.nature, incident.agencies)
        if (event["kind"], event["nature"], frozenset(event["agencies"])) != known:
            yield f"the escalation of {incident.identity} changes more than its urgency"
        if not record.value["priority"] == event["priority"] < incident.priority:
            yield f"incident {incident.identity} ({incident.priority}) is escalated to {event['priority']}"


def person_sends_whom_they_named(centre: Centre, record: Record, event: Any) -> Findings:
    """`person` is chosen by an assignment alone: that unit, that incident, that capability; what waits is served before
    one more need is opened."""
    if (event["choice"] == "person") != (record.command == "assign_unit"):
        yield f"order {event['order']} of a {record.command} is chosen as `{event['choice']}`"
    if record.command != "assign_unit":
        return
    said, unit = record.value, centre.units[event["unit"]]
    capability = said["capability"] or event["capability"]
    if (said["incident"], said["unit"], capability) != (event["incident"], event["unit"], event["capability"]):
        yield f"order {event['order']} sends {event['unit']} to {event['incident']} for {event['capability']}; said: {said}"
    needs = centre.incidents[event["incident"]].needs
    able = unit.capabilities if said["capability"] is None else {said["capability"]}
    for index, need in needs.items():
        if need.state == "waiting" and need.capability in able and needs[event["need"]].state == "opened":
            yield f"order {event['order']} serves a need of its own, need {index} waits for {unit.name}"


def hospitals_keep_their_numbers(centre: Centre, record: Record, event: Any) -> Findings:
    """A hospital has the number that it got first; a new one gets the next (H9)."""
    expected = centre.hospitals.get(record.value["name"], len(centre.hospitals) + 1)
    if event["hospital"] != expected:
        yield f"hospital {record.value['name']} is number {event['hospital']}, not {expected}"


def refusals_are_true(centre: Centre, record: Record) -> Findings:
    """What a person is refused is refused for a reason that holds, and changes nothing."""
    reasons = [event for name, event in record.events if name == "refused"]
    judge = _REASONS.get(record.command)
    if not reasons or judge is None:
        return
    if len(record.events) > 1:
        yield f"a refused {record.command} changes something: {[name for name, _ in record.events]}"
    for reason in reasons:
        if judge(centre, record.value, reason) is False:
            yield f"{record.command} {record.value} is refused as `{reason}`, which is not so"


def _assignment_is_refused(centre: Centre, said: Any, reason: str) -> bool | None:
    unit, incident = centre.units.get(said["unit"]), centre.incidents.get(said["incident"])
    if reason == "unknown_unit" or unit is None:
        return unit is None and reason == "unknown_unit"
    if incident is None:
        return reason == "unknown_incident"
    held = {
        "unit_not_free": not unit.available(),
        "unit_cannot": said["capability"] is not None and said["capability"] not in unit.capabilities,
        "no_place": incident.place is None and unit.travels,
        "needs_full": len(incident.needs) >= NEEDS_MAX and not _waits_for(incident, unit, said["capability"]),
        "not_allowed_now": incident.closed or incident.drill,
    }
    return held.get(reason)


def _waits_for(incident: Incident, unit: Unit, capability: str | None) -> bool:
    able = unit.capabilities if capability is None else unit.capabilities & {capability}
    return any(need.state == "waiting" and need.capability in able for need in incident.needs.values())


def _merge_is_refused(centre: Centre, said: Any, reason: str) -> bool | None:
    gone, kept = centre.incidents.get(said["from"]), centre.incidents.get(said["into"])
    if gone is None or kept is None:
        return reason == "unknown_incident"
    if reason == "not_allowed_now":
        return gone is kept or gone.closed or kept.closed or gone.drill != kept.drill
    if reason == "needs_full":
        # Whoever is out could need a number of their own, no more than that.
        out = sum(need.state in ("ordered", "met") for need in gone.needs.values())
        return len(kept.needs) + out > NEEDS_MAX
    return None


def _escalation_is_refused(centre: Centre, said: Any, reason: str) -> bool | None:
    incident = centre.incidents.get(said["incident"])
    if reason != "not_allowed_now" or incident is None:
        return incident is None or None
    return incident.closed or said["priority"] >= incident.priority


def _split_is_refused(centre: Centre, said: Any, reason: str) -> bool | None:
    call = centre.calls.get(said["call"])
    if reason != "not_allowed_now" or call is None:
        return call is None or None
    incident = centre.incidents.get(call.incident or "")
    if incident is None or incident.closed or len(incident.callers) < 2:
        return True
    return said["assessment"]["nature"] == "invalid" or centre.plan.forwards(call.line)


def _close_is_refused(centre: Centre, said: Any, reason: str) -> bool | None:
    incident = centre.incidents.get(said)
    if incident is None or reason == "unknown_incident":
        return incident is None or None
    if reason == "follow_up_needed":
        return centre.plan.needs_follow_up(incident.kind, incident.nature, incident.level)
    return incident.closed if reason == "not_allowed_now" else None


def _reopening_is_refused(centre: Centre, said: Any, reason: str) -> bool | None:
    incident = centre.incidents.get(said)
    if reason != "not_allowed_now" or incident is None:
        return incident is None or None
    return not incident.closed or incident.merged_into is not None


def _parting_is_refused(centre: Centre, said: Any, reason: str) -> bool | None:
    incident = centre.incidents.get(said)
    if reason != "not_allowed_now" or incident is None:
        return incident is None or None
    return not incident.closed or incident.merged_into is None


def _raise_is_refused(centre: Centre, said: Any, reason: str) -> bool | None:
    incident = centre.incidents.get(said["incident"])
    if reason != "not_allowed_now" or incident is None:
        return incident is None or None
    reached = incident.level is not None and LEVELS.index(incident.level) >= LEVELS.index(said["level"])
    return incident.closed or reached


# Of each act, whether a refusal holds; `None` where the journal does not say (what has left hot state is unknown).
_REASONS = {
    "reopen_incident": _reopening_is_refused,
    "unmerge_incident": _parting_is_refused,
    "close_incident": _close_is_refused,
    "raise_level": _raise_is_refused,
    "assign_unit": _assignment_is_refused,
    "merge_incidents": _merge_is_refused,
    "escalate_incident": _escalation_is_refused,
    "split_call": _split_is_refused,
}
