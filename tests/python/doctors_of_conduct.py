"""Doctors of major incidents: each breaks one promise about levels, commanders, reports and closes in a genuine export."""

from doctoring import Doctor, Records, events, has, some


def level_falls(records: Records) -> None:
    """A person's word lowers a level to where it was."""
    fits = lambda record, event: "raise_level" in record["command"] and event["level"] != "IV"
    some(records, "level_raised", fits)[2]["level"] = "IV"


def level_has_another_cause(records: Records) -> None:
    """What a person says is taken for what the plan says."""
    fits = lambda record, event: "raise_level" in record["command"] and event["level"] == "I"
    some(records, "level_raised", fits)[2]["cause"] = "kind"


def first_word_is_owed_later(records: Records) -> None:
    """A level owes its first word a while later than the plan says."""
    fits = lambda _, event: event["deadlines"]["first_word"] is not None
    event = some(records, "level_raised", fits)[2]
    event["deadlines"]["first_word"] = event["deadlines"]["written_report"]


def somebody_else_commands(records: Records) -> None:
    """Who commands is not whom the plan names."""
    some(records, "commander_named")[2]["zh"] = "路人"


def nobody_commands(records: Records) -> None:
    """An incident rises, and nobody is named to command."""
    record, index, _ = some(records, "commander_named", lambda record, _: has(record, "level_raised"))
    del record["events"][index]


def pace_is_left(records: Records) -> None:
    """After a report no other is owed."""
    some(records, "situation_reported", lambda _, event: event["next_due"])[2]["next_due"] = None


def delay_is_polished(records: Records) -> None:
    """A report upward is said to have come at once."""
    event = some(records, "reported_upward", lambda _, event: event["delay_ms"])[2]
    event["delay_ms"] = 0


def gap_is_hidden(records: Records) -> None:
    """A report upward that leaves something out is taken for a whole one."""
    some(records, "reported_upward", lambda _, event: event["missing"])[2]["missing"] = []


def incident_clock_is_drawn_out(records: Records) -> None:
    """A clock of an incident fires for another deadline than its own."""
    event = some(records, "incident_clock_missed")[2]
    event["due"] = "2026-03-02T07:30:00.001Z"


def incident_clock_is_overlooked(records: Records) -> None:
    """A clock of an incident runs out, and nobody says so."""
    some(records, "incident_clock_missed")[0]["events"] = []


def incident_is_not_entered(records: Records) -> None:
    """What an incident owed is not entered."""
    record, index, _ = some(records, "incident_entered")
    del record["events"][index]


def follow_up_is_left_out(records: Records) -> None:
    """Whatever waited to be closed is closed as if it were done with; some of it needs no follow-up any more, as what was found to be
    nothing since."""
    found = [found for found in events(records, "follow_up_named") if _was_awaited(records, found[2]["incident"])]
    assert found, "nobody closed what waited for it"
    for record, _, event in found:
        record["events"].remove({"follow_up_named": event})


def _was_awaited(records: Records, incident: str) -> bool:
    return any(event["incident"] == incident for _, _, event in events(records, "close_awaited"))


def close_is_awaited_for_nothing(records: Records) -> None:
    """An incident that has only just opened waits to be closed."""
    record, index, event = some(records, "incident_opened")
    awaited = {"incident": event["incident"], "reason": "served"}
    record["events"].insert(index + 1, {"close_awaited": awaited})


def follow_up_is_somebody_elses(records: Records) -> None:
    """Another than the named sees to what is left."""
    some(records, "follow_up_named")[2]["owner"] = "某人"


def merge_lets_off(records: Records) -> None:
    """Two are one, and a clock that ran on either runs on neither."""
    merged = lambda record, event: event.get("cause") == "merged" and event["deadlines"]["situation_report"]
    joined = lambda record, event: event["deadlines"]["situation_report"]
    found = [found for found in events(records, "level_raised") if merged(found[0], found[2])]
    found += [found for found in events(records, "duties_joined") if joined(found[0], found[2])]
    assert found, "no merge came to anything"
    found[0][2]["deadlines"]["situation_report"] = None


def merge_says_nothing(records: Records) -> None:
    """Two are one, and what both owe together is not said."""
    record, index, _ = some(records, "duties_joined")
    del record["events"][index]


def never_came_is_due_at_the_close(records: Records) -> None:
    """What never came is said to have been due another time than it was."""
    never = lambda _, event: event["matter"] in ("missing_first_word", "missing_written_report")
    some(records, "incident_entered", never)[2]["due"] = "2026-03-02T07:30:00.001Z"


def level_is_said_to_be_an_old_one(records: Records) -> None:
    """A level that is new is said to be one that an incident had before it was closed."""
    some(records, "level_raised", lambda _, event: event["cause"] in ("kind", "person"))[2]["cause"] = "reopened"


BREAKS: list[tuple[str, Doctor]] = [
    ("what_is_reopened_owes_again", level_is_said_to_be_an_old_one),
    ("level_rises_for_its_cause", level_falls),
    ("level_rises_for_its_cause", level_has_another_cause),
    ("level_owes_what_the_plan_says", first_word_is_owed_later),
    ("commander_is_the_plans", somebody_else_commands),
    ("major_incident_has_a_commander", nobody_commands),
    ("situation_report_starts_the_pace_anew", pace_is_left),
    ("report_upward_is_measured", delay_is_polished),
    ("report_upward_is_measured", gap_is_hidden),
    ("incident_clock_is_missed_when_due", incident_clock_is_drawn_out),
    ("no_incident_is_overdue", incident_clock_is_overlooked),
    ("ledger_has_what_incidents_owed", incident_is_not_entered),
    ("merged_owe_what_either_owed", merge_lets_off),
    ("merged_owe_what_either_owed", merge_says_nothing),
    ("what_never_came_was_due_when_it_was", never_came_is_due_at_the_close),
    ("nothing_closes_without_its_follow_up", follow_up_is_left_out),
    ("close_is_awaited_where_it_must_be", close_is_awaited_for_nothing),
    ("follow_up_is_what_was_said", follow_up_is_somebody_elses),
]
