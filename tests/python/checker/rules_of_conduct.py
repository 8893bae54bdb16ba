"""Promises about major incidents: levels, commanders, reports from the scene and upward, and who closes what."""

from typing import Any, Iterator

from .centre import CLOCK_OF_STAGE, Centre, Incident
from .export import Record, milliseconds, moment, optional_milliseconds
from .plan import LEVELS

Findings = Iterator[str]

_MISSED = {
    "situation_report": "missing_situation_report",
    "first_word": "late_first_word",
    "written_report": "late_written_report",
}
_INCOMPLETE = {"first": "incomplete_first_word", "written": "incomplete_written_report"}
_NEVER = {"first": "missing_first_word", "written": "missing_written_report"}


def _rank(level: str | None) -> int:
    return -1 if level is None else LEVELS.index(level)


def _reopened(record: Record) -> str | None:
    return next((event["incident"] for name, event in record.events if name == "incident_reopened"), None)


def what_is_reopened_owes_again(centre: Centre, record: Record) -> Findings:
    """A major incident that is handled again says what it owes from then on (X4, H6)."""
    reopened = _reopened(record)
    said = [event["incident"] for name, event in record.events if name == "level_raised" and event["cause"] == "reopened"]
    major = reopened is not None and centre.incidents[reopened].level is not None
    if said != ([reopened] if major else []):
        yield f"{reopened} is handled again, {said} owe anew"


def level_rises_for_its_cause(centre: Centre, record: Record, event: Any) -> Findings:
    """A level only rises: as the plan says, as a person says, or to that of what it is one with (L1, N1)."""
    incident, level, cause = centre.incidents[event["incident"]], event["level"], event["cause"]
    if incident.closed or _rank(level) <= _rank(incident.level) and cause != "reopened":
        yield f"incident {incident.identity} ({incident.level}) rises to {level}"
    if cause == "person":
        if record.command != "raise_level" or record.value["level"] != level:
            yield f"{record.command} raises {incident.identity} to {level} as a person's word"
    elif cause == "reopened":
        if _reopened(record) != incident.identity or incident.level != level:
            yield f"incident {incident.identity} ({incident.level}) is of level {level} again"
    elif cause == "merged":
        gone = centre.incidents[centre.merged_from[incident.identity]]
        if gone.level != level:
            yield f"incident {incident.identity} takes level {level} over from {gone.identity} ({gone.level})"
    elif centre.plan.level(incident.kind, incident.nature, incident.injured, incident.calls) != level:
        yield f"incident {incident.identity} rises to {level} by `{cause}`, which the plan does not say"


def level_owes_what_the_plan_says(centre: Centre, record: Record, event: Any) -> Findings:
    """A level's clocks start when it is reached; one that runs is only drawn nearer, one that ran out does not start again
    (X4, H6)."""
    incident, level = centre.incidents[event["incident"]], event["level"]
    if event["cause"] == "merged":
        return
    wanted = dict(incident.owes)
    for clock in _MISSED:
        span = centre.plan.owed_ms(level, clock)
        stage = next((stage for stage, of in CLOCK_OF_STAGE.items() if of == clock), None)
        over = stage is not None and (stage in incident.told or incident.was_missed(stage))
        if span is not None and not over:
            wanted[clock] = min(wanted.get(clock, record.at + span), record.at + span)
    given = _deadlines(event)
    if given != wanted:
        yield f"incident {incident.identity} owes {given} at level {level}, by the plan {wanted}"


def _deadlines(event: Any) -> dict[str, int]:
    given = {clock: optional_milliseconds(due) for clock, due in event["deadlines"].items()}
    return {clock: due for clock, due in given.items() if due is not None}


def merged_owe_what_either_owed(centre: Centre, record: Record) -> Findings:
    """Two that are one rise to the graver level and owe of each clock what is due first, without what was told or missed of
    either; it is said where it is more than the one that is handled on had (N1, H6)."""
    merged = [event for name, event in record.events if name == "incident_merged"]
    if not merged or centre.joined is None:
        return
    kept, before, owed, wanted = centre.joined
    gone = centre.incidents[merged[0]["from"]]
    rises = _rank(gone.level) > _rank(before)
    said = [
        _deadlines(event)
        for name, event in record.events
        if (name == "duties_joined" or name == "level_raised" and event["cause"] == "merged") and event["incident"] == kept
    ]
    expected = [wanted] if rises or before is not None and wanted != owed else []
    if said != expected:
        yield f"incident {kept} owes {said} after the merge, together they come to {expected}"
    raised = [event["level"] for name, event in record.events if name == "level_raised" and event["cause"] == "merged"]
    if raised != ([gone.level] if rises else []):
        yield f"incident {kept} ({before}) rises to {raised} by a merge with {gone.level}"


def commander_is_the_plans(centre: Centre, _record: Record, event: Any) -> Findings:
    """Who commands goes by class and level (X9)."""
    incident = centre.incidents[event["incident"]]
    named = {name: event[name] for name in ("zh", "en")}
    wanted = centre.plan.commander(incident.category, incident.level) if incident.level else None
    if named != wanted:
        yield f"incident {incident.identity} ({incident.category}, {incident.level}) is commanded by {named}, by the plan {wanted}"


def major_incident_has_a_commander(centre: Centre, record: Record) -> Findings:
    """Whoever commands is named in the record in which an incident rises (X9)."""
    named = {event["incident"] for name, event in record.events if name == "commander_named"}
    for name, event in record.events:
        if name == "level_raised" and event["incident"] not in named:
            incident = centre.incidents[event["incident"]]
            if centre.plan.commander(incident.category, event["level"]):
                yield f"nobody is named to command at {incident.identity}"


def situation_report_starts_the_pace_anew(centre: Centre, record: Record, event: Any) -> Findings:
    """A report meets the deadline that ran, and the next is owed a pace later (X4)."""
    incident = centre.incidents[event["incident"]]
    if optional_milliseconds(event["due"]) != incident.owes.get("situation_report"):
        yield f"incident {incident.identity} owed a report at {incident.owes}, met is {event['due']}"
    pace = centre.plan.owed_ms(incident.level, "situation_report") if incident.level else None
    wanted = None if pace is None else record.at + pace
    if optional_milliseconds(event["next_due"]) != wanted:
        yield f"incident {incident.identity}: the next report is due {event['next_due']}, by the plan {wanted and moment(wanted)}"


def report_upward_is_measured(centre: Centre, record: Record, event: Any) -> Findings:
    """The first of its stage is measured from when it was owed; what the plan asks for and none of its stage has said is named
    (H6, C9)."""
    incident, stage = centre.incidents[event["incident"]], event["stage"]
    since = incident.owed_since.get(stage) if stage not in incident.told else None
    if event["delay_ms"] != (None if since is None else record.at - since):
        yield f"report {stage} of {incident.identity}, owed since {since}, took {event['delay_ms']} ms"
    if optional_milliseconds(event["due"]) != incident.owes.get(CLOCK_OF_STAGE[stage]):
        yield f"report {stage} of {incident.identity} meets {event['due']}, {incident.owes} ran"
    missing = set(centre.plan.complete(stage)) - set(record.value["fields"]) - incident.told.get(stage, set())
    if set(event["missing"]) != missing:
        yield f"report {stage} of {incident.identity} lacks {event['missing']}, by the plan {sorted(missing)}"


def incident_clock_is_missed_when_due(centre: Centre, record: Record, event: Any) -> Findings:
    """A clock of an incident fires after its deadline and not before; only a situation report is owed again (X4)."""
    incident, clock, due = centre.incidents[event["incident"]], event["clock"], milliseconds(event["due"])
    if incident.owes.get(clock) != due or record.at <= due:
        yield f"clock {clock} of {incident.identity} fires for {event['due']}; {incident.owes} ran, it is {moment(record.at)}"
    pace = centre.plan.owed_ms(incident.level, clock) if clock == "situation_report" and incident.level else None
    if optional_milliseconds(event["next_due"]) != (None if pace is None else due + pace):
        yield f"clock {clock} of {incident.identity} is due next {event['next_due']}"


def no_incident_is_overdue(centre: Centre, record: Record) -> Findings:
    """No tick ends after a deadline of an incident that has not fired."""
    if record.command != "tick" or any(name in ("continues", "refused") for name, _ in record.events):
        return
    for incident in centre.major():
        for clock, due in incident.owes.items():
            if due < record.at:
                yield f"clock {clock} of {incident.identity} was due {moment(due)}, it is {moment(record.at)}"


def ledger_has_what_incidents_owed(centre: Centre, record: Record) -> Findings:
    """Every clock of an incident that ran out is entered, every first report that lacks something, and at the close what
    was owed upward and never came; nothing else (X16, H6)."""
    owed: list[tuple[str, str]] = []
    for name, event in record.events:
        if name == "incident_clock_missed":
            owed.append((event["incident"], _MISSED[event["clock"]]))
        elif name == "reported_upward" and event["delay_ms"] is not None and event["missing"]:
            owed.append((event["incident"], _INCOMPLETE[event["stage"]]))
        elif name == "incident_closed" and event["reason"] != "merged":
            incident = centre.incidents[event["incident"]]
            never = incident.awaited() if incident.nature != "invalid" else set()
            owed += [(incident.identity, _NEVER[stage]) for stage in sorted(never)]
            if event["reason"] == "lapsed" and _needs_follow_up(centre, incident):
                owed.append((incident.identity, "missing_follow_up"))
    entered = [(event["incident"], event["matter"]) for name, event in record.events if name == "incident_entered"]
    if sorted(owed) != sorted(entered):
        yield f"incidents owe {sorted(owed)}, entered are {sorted(entered)}"


def what_never_came_was_due_when_it_was(centre: Centre, _record: Record, event: Any) -> Findings:
    """What was owed upward and never came is entered with its own deadline, whenever the incident is closed (H6)."""
    incident = centre.incidents[event["incident"]]
    for stage, matter in _NEVER.items():
        if event["matter"] == matter and milliseconds(event["due"]) != incident.owed_until.get(stage):
            yield f"{matter} of {incident.identity} was due {event['due']}, owed until {incident.owed_until}"


def _needs_follow_up(centre: Centre, incident: Incident) -> bool:
    return centre.plan.needs_follow_up(incident.kind, incident.nature, incident.level)


def nothing_closes_without_its_follow_up(centre: Centre, record: Record, event: Any) -> Findings:
    """What the plan wants a follow-up for is closed by a person who names one, or by a merge; it lapses only while no person has
    taken it up (X5)."""
    incident: Incident = centre.incidents[event["incident"]]
    named = any(name == "follow_up_named" and other["incident"] == incident.identity for name, other in record.events)
    lapses = event["reason"] == "lapsed" and not incident.attended
    if event["reason"] != "merged" and _needs_follow_up(centre, incident) and not named and not lapses:
        yield f"incident {incident.identity} ({incident.kind}, {incident.level}) is closed as {event['reason']} without a follow-up"


def close_is_awaited_where_it_must_be(centre: Centre, record: Record, event: Any) -> Findings:
    """An incident waits for a person's close only where the plan wants a follow-up, and when nobody is out; it says so once, and
    again when nothing was heard for the plan's span (X5)."""
    incident = centre.incidents[event["incident"]]
    if incident.close_awaited and event["reason"] != "lapsed":
        yield f"incident {incident.identity} has said already that it waits to be closed"
    if event["reason"] == "lapsed" and incident.close_said_at is not None and record.at < incident.close_said_at + centre.plan.lapse_ms:
        yield f"incident {incident.identity} says again that it waits to be closed, said last {moment(incident.close_said_at)}"
    if incident.closed or incident.open_orders or not _needs_follow_up(centre, incident):
        yield f"incident {incident.identity} ({incident.kind}, {incident.level}) waits to be closed, out: {sorted(incident.open_orders)}"


def follow_up_is_what_was_said(centre: Centre, record: Record, event: Any) -> Findings:
    """Owner and unit are those that a person named with the close (X5)."""
    said = record.value if record.command == "close_with_follow_up" else {}
    if any(event[name] != said.get(name) for name in ("incident", "unit", "owner")) or event["unit"] not in centre.units:
        yield f"{record.command} names {event}; said: {said}"
