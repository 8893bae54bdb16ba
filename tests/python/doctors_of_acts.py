"""Doctors of what people decide: each breaks one promise about merges, splits, verdicts, escalations, assignments, hospitals
or plans in a genuine export. `doctors` has the rest, and the table of all.
"""

from doctoring import Doctor, Records, events, has, some


def _index(record: dict, name: str, fits) -> int | None:
    """Where the first such event of a record is."""
    for index, event in enumerate(record["events"]):
        if name in event and fits(event[name]):
            return index
    return None


def _is(command: str):
    """Whether a record is of a command."""
    return lambda record, *_: command in record["command"]


# --- Needs ---------------------------------------------------------------------------------------------------------


def need_nobody_asked_for(records: Records) -> None:
    """A boat is needed for what needs none."""
    record, index, event = some(records, "need_opened", lambda record, event: _is("take_call")(record))
    record["events"].insert(index + 1, {"need_opened": {"incident": event["incident"], "need": 15, "capability": "boat"}})


def need_of_an_agency_is_forgotten(records: Records) -> None:
    """An emergency concerns one more agency, and nobody of it is asked for."""
    fits = lambda _, event: event["nature"] == "emergency" and event["agencies"] and event["kind"] != "unknown"
    some(records, "incident_opened", fits)[2]["agencies"].append("geology")


def plan_change_is_overlooked(records: Records) -> None:
    """Every plan that a person brings into force is taken for the first one."""
    found = [record for record in records if _changes_plan(record)]
    assert found, "nobody changed the plan"
    for record in found:
        record["command"], record["events"] = "tick", []


def plan_change_ends_something(records: Records) -> None:
    """A change of plan does more than that."""
    record = next(record for record in records if _changes_plan(record))
    record["events"].append({"unit_heard": {"unit": "1.1"}})


def _changes_plan(record: dict) -> bool:
    command = record["command"]
    return "activate" in command and command["activate"]["object"] == "plan" and "dispatcher" in record["actor"]


def verdict_calls_a_unit_back(records: Records) -> None:
    """A verdict drops a need that a unit is out for."""
    record, _, event = some(records, "order_issued", lambda record, _: has(record, "incident_reclassified"))
    record["events"].append({"need_dropped": {"incident": event["incident"], "need": event["need"]}})


def unwanted_need_waits_on(records: Records) -> None:
    """A verdict leaves a need waiting that nobody wants any more."""
    record, index, _ = some(records, "need_dropped", _is("judge_call"))
    del record["events"][index]


# --- Merges --------------------------------------------------------------------------------------------------------


def merged_calls_are_miscounted(records: Records) -> None:
    """More calls move than point to the incident."""
    some(records, "incident_merged")[2]["calls"] += 1


def graver_is_forgotten_by_a_merge(records: Records) -> None:
    """The incident that is handled on is less urgent than the one that was merged into it."""
    fits = lambda record, event: has(record, "incident_merged") and event["priority"] < 4
    some(records, "incident_raised", fits)[2]["priority"] = 4


def merged_incident_is_closed_otherwise(records: Records) -> None:
    """What was merged is closed as if a person had done so."""
    some(records, "incident_closed", lambda _, event: event["reason"] == "merged")[2]["reason"] = "person"


def reopened_calls_are_miscounted(records: Records) -> None:
    """What is handled again has other calls than its own."""
    some(records, "incident_reopened")[2]["calls"] += 1


def reopened_is_held_otherwise(records: Records) -> None:
    """What is handled again is less urgent than it was when it was closed."""
    event = some(records, "incident_reopened", lambda _, event: event["priority"] < 4)[2]
    event["priority"] += 1


def what_parts_names_nobody(records: Records) -> None:
    """What parts does not say from what."""
    some(records, "incident_reopened", lambda _, event: event["from"] is not None)[2]["from"] = None


def what_is_reopened_asks_for_nobody(records: Records) -> None:
    """What is handled again leaves out somebody whom the plan asks for."""
    fits = lambda record, event: has(record, "incident_reopened")
    record, index, event = some(records, "need_opened", fits)
    of = lambda other: (other.get("incident"), other.get("need")) == (event["incident"], event["need"])
    record["events"][index:] = [told for told in record["events"][index:] if not any(of(said) for said in told.values() if isinstance(said, dict))]


def transfer_names_another_unit(records: Records) -> None:
    """An order is moved as another unit's."""
    event = some(records, "order_transferred")[2]
    event["unit"] = "1.1" if event["unit"] != "1.1" else "1.2"


def transferred_unit_gets_another_order(records: Records) -> None:
    """A unit whose order serves on elsewhere counts as free."""
    desks = {
        issued["order"] for _, _, issued in events(records, "order_issued") if issued["capability"].startswith("desk_")
    }
    record, index, event = some(records, "order_transferred", lambda _, event: event["order"] not in desks)
    issued = some(records, "order_issued", lambda _, other: other["order"] == event["order"])[2]
    another = {**issued, "order": "1.99999", "incident": event["into"], "need": event["need"]}
    record["events"].insert(index + 1, {"order_issued": another})


def who_is_needed_is_called_back(records: Records) -> None:
    """A merge cancels an order that could serve on."""
    record, index, event = some(records, "order_transferred")
    moved = {"order": event["order"], "unit": event["unit"], "from": "issued", "to": "cancelled", "missing": []}
    record["events"][index] = {"order_moved": moved}
    fits = lambda need: (need["incident"], need["need"]) == (event["into"], event["need"])
    opened = _index(record, "need_opened", fits)
    if opened is not None:
        del record["events"][opened]


# --- Splits, verdicts, urgency -------------------------------------------------------------------------------------


def call_leaves_what_it_was_not_of(records: Records) -> None:
    """A call leaves an incident to which it never pointed."""
    event = some(records, "call_split")[2]
    event["from"] = event["into"]


def verdict_is_changed(records: Records) -> None:
    """An incident is held other than the person says."""
    event = some(records, "incident_reclassified")[2]
    event["priority"] = event["priority"] % 4 + 1


def escalation_lowers(records: Records) -> None:
    """An escalated incident is less urgent than before."""
    some(records, "incident_raised", _is("escalate_incident"))[2]["priority"] = 4


def words_lower(records: Records) -> None:
    """A second caller lowers what the first one said."""
    fits = lambda record, event: not _is("escalate_incident")(record) and event["priority"] < 3
    event = some(records, "incident_raised", fits)[2]
    event["agencies"] = []


# --- Assignments, hospitals, refusals ------------------------------------------------------------------------------


def person_is_not_named(records: Records) -> None:
    """A unit that a person sent is said to be the nearest."""
    some(records, "order_issued", lambda _, event: event["choice"] == "person")[2]["choice"] = "nearest"


def another_than_the_named_is_sent(records: Records) -> None:
    """A person names a unit, another is sent."""
    record = some(records, "order_issued", lambda _, event: event["choice"] == "person")[0]
    said = record["command"]["assign_unit"]
    said["unit"] = "1.1" if said["unit"] != "1.1" else "1.2"


def assigned_unit_is_off_duty(records: Records) -> None:
    """A person sends a unit that is off duty."""
    record, index, event = some(records, "order_issued", lambda _, event: event["choice"] == "person")
    off = {"unit_duty_changed": {"unit": event["unit"], "duty": "off", "strength": 10}}
    record["events"].insert(index, off)


def assigned_unit_travels_otherwise(records: Records) -> None:
    """The way of a unit that a person sent is not reckoned."""
    fits = lambda _, event: event["choice"] == "person" and event["travel_ms"]
    some(records, "order_issued", fits)[2]["travel_ms"] = 0


def hospital_gets_another_number(records: Records) -> None:
    """A hospital that is known gets a new number."""
    some(records, "hospital_defined")[2]["hospital"] += 7


def free_unit_is_said_to_be_busy(records: Records) -> None:
    """A person is refused a unit that is free."""
    record = some(records, "order_issued", lambda _, event: event["choice"] == "person")[0]
    record["events"] = [{"refused": "unit_not_free"}]


def refusal_changes_something(records: Records) -> None:
    """What is refused is done by half."""
    record = some(records, "incident_merged")[0]
    record["events"] = [{"refused": "not_allowed_now"}, {"unit_heard": {"unit": "1.1"}}]


def ladder_ends_nowhere(records: Records) -> None:
    """The last rung is told, and the order stays where it is."""
    fits = lambda record, event: event["rung"] == "next_unit" and has(record, "unit_silent")
    record, _, event = some(records, "ladder_climbed", fits)
    moved = _index(record, "order_moved", lambda other: other["order"] == event["order"])
    del record["events"][moved]


BREAKS: list[tuple[str, Doctor]] = [
    ("needs_are_the_plans", need_nobody_asked_for),
    ("what_is_wanted_is_asked_for", need_of_an_agency_is_forgotten),
    ("deadlines_are_the_plans", plan_change_is_overlooked),
    ("needs_are_the_plans", plan_change_is_overlooked),
    ("another_plan_touches_nothing_that_stands", plan_change_ends_something),
    ("only_what_waits_unwanted_is_dropped", verdict_calls_a_unit_back),
    ("nothing_unwanted_waits_after_a_verdict", unwanted_need_waits_on),
    ("merge_is_of_two_open_incidents", merged_calls_are_miscounted),
    ("only_what_was_closed_is_reopened", reopened_calls_are_miscounted),
    ("only_what_was_closed_is_reopened", reopened_is_held_otherwise),
    ("only_what_was_closed_is_reopened", what_parts_names_nobody),
    ("what_is_wanted_is_asked_for", what_is_reopened_asks_for_nobody),
    ("merge_takes_what_is_graver", graver_is_forgotten_by_a_merge),
    ("merged_means_closed", merged_incident_is_closed_otherwise),
    ("order_serves_on_where_it_is_needed", transfer_names_another_unit),
    ("one_open_order_per_unit", transferred_unit_gets_another_order),
    ("who_is_needed_is_not_called_back", who_is_needed_is_called_back),
    ("call_leaves_for_an_incident_of_its_own", call_leaves_what_it_was_not_of),
    ("verdict_stands", verdict_is_changed),
    ("level_only_rises", escalation_lowers),
    ("level_only_rises", words_lower),
    ("person_sends_whom_they_named", person_is_not_named),
    ("person_sends_whom_they_named", another_than_the_named_is_sent),
    ("unit_fits_and_is_free", assigned_unit_is_off_duty),
    ("way_is_reckoned_by_the_formula", assigned_unit_travels_otherwise),
    ("hospitals_keep_their_numbers", hospital_gets_another_number),
    ("refusals_are_true", free_unit_is_said_to_be_busy),
    ("refusals_are_true", refusal_changes_something),
    ("who_lets_the_ladder_run_out_is_relieved", ladder_ends_nowhere),
]
