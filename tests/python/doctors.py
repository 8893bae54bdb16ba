"""Doctors of exports: each takes a genuine one and breaks one promise in it, as a fault of the engine would.

`doctoring` is what they work with; `doctors_of_acts` breaks what people decide.
"""

from collections import Counter
from typing import Any

import doctors_of_acts
import doctors_of_conduct
from doctoring import Doctor, Records, events, has, some


def definitions(records: Records) -> dict[str, dict[str, Any]]:
    """The definition of each unit, by its id."""
    found = {}
    for record in records:
        if "define_unit" in record["command"]:
            for event in record["events"]:
                if "unit_defined" in event:
                    found[event["unit_defined"]["unit"]] = record["command"]["define_unit"]
    return found


def travels(records: Records, unit: str) -> bool:
    """Whether a unit moves at all."""
    return definitions(records)[unit]["speed_mm_s"] > 0


# --- Orders --------------------------------------------------------------------------------------------------------


def order_is_issued_twice(records: Records) -> None:
    """The id of an order is given again."""
    first = some(records, "order_issued")[2]["order"]
    some(records, "order_issued", lambda _, event: event["order"] != first)[2]["order"] = first


def unit_gets_a_second_order(records: Records) -> None:
    """A unit that has just got an order gets another."""
    for record in records:
        issued = [event["order_issued"] for event in record["events"] if "order_issued" in event]
        issued = [event for event in issued if event["travel_ms"]]
        if len(issued) > 1:
            issued[1]["unit"] = issued[0]["unit"]
            return
    raise AssertionError("no record of the genuine export sends two vehicles")


def need_gets_a_second_order(records: Records) -> None:
    """Two units are sent where one was asked for."""
    record, index, event = some(records, "order_issued")
    record["events"].insert(index + 1, {"order_issued": {**event, "order": "1.99999"}})


def order_goes_backward(records: Records) -> None:
    """An order returns to where it was."""
    some(records, "order_moved", lambda _, event: event["to"] == "set_off")[2]["to"] = "issued"


def skipped_step_is_forgotten(records: Records) -> None:
    """A report that never came is not entered as missing."""
    some(records, "order_moved", lambda _, event: event["missing"])[2]["missing"] = []


def incident_closes_over_its_orders(records: Records) -> None:
    """An incident is closed and its unit stays busy."""
    record, index, event = some(records, "order_issued")
    closed = {"incident_closed": {"incident": event["incident"], "reason": "person"}}
    record["events"].insert(index + 1, closed)


# --- Choice --------------------------------------------------------------------------------------------------------


def unit_is_off_duty(records: Records) -> None:
    """A unit that is off duty is sent."""
    record, index, event = some(records, "order_issued")
    off = {"unit_duty_changed": {"unit": event["unit"], "duty": "off", "strength": 10}}
    record["events"].insert(index, off)


def vehicle_goes_nowhere(records: Records) -> None:
    """A vehicle is sent to an incident without a place."""
    issued = some(records, "order_issued", lambda record, event: has(record, "incident_opened") and event["travel_ms"])
    some(records, "incident_opened", lambda record, _: record is issued[0])[2]["place"] = None


def nearer_unit_is_passed_over(records: Records) -> None:
    """Another unit that can do the same stood at the very place, free, and was not sent."""
    known, busy = definitions(records), set()
    round_the_clock = {unit for unit, row in known.items() if row["roster_on_min"] == row["roster_off_min"]}
    for record, index, event in events(records, "order_issued"):
        opened = [other["incident_opened"] for other in record["events"] if "incident_opened" in other]
        busy.add(event["unit"])
        for unit in sorted(round_the_clock - busy):
            if event["travel_ms"] and opened and event["capability"] in known[unit]["capabilities"]:
                moved = {"unit_moved": {"unit": unit, "point": opened[0]["place"]["point"]}}
                record["events"].insert(index, moved)
                return
    raise AssertionError("every unit of the genuine export was busy")


def freer_desk_is_passed_over(records: Records) -> None:
    """A second desk has nothing to do, and the first gets everything."""
    known = definitions(records)
    idle = set(known) - {event["unit"] for _, _, event in events(records, "order_issued")}
    desk = some(records, "order_issued", lambda _, event: not travels(records, event["unit"]))[2]
    other = known[sorted(idle)[0]]
    model = known[desk["unit"]]
    other.update({name: model[name] for name in model if name not in ("name", "post")})


def travel_time_is_wrong(records: Records) -> None:
    """The time of the way is off by a millisecond."""
    some(records, "order_issued", lambda _, event: event["travel_ms"])[2]["travel_ms"] += 1


def lateness_is_not_foreseen(records: Records) -> None:
    """That a unit will come late is not said, or said of one that will not (R5)."""
    event = some(records, "order_issued", lambda _, event: event["travel_ms"])[2]
    event["foreseen_late"] = not event["foreseen_late"]


def choice_is_misnamed(records: Records) -> None:
    """An order says it was for a need that waited, which it never did."""
    some(records, "order_issued", lambda _, event: event["choice"] == "nearest")[2]["choice"] = "waiting"


def round_is_forgotten(records: Records) -> None:
    """After a decline the next order does not know of the one before it."""
    some(records, "order_issued", lambda _, event: event["previous"])[2]["previous"] = None


def rank_is_ignored(records: Records) -> None:
    """A unit that comes free goes to a service call while an urgent one waits."""
    granted = {event["incident"] for _, _, event in events(records, "order_issued") if event["choice"] == "waiting"}
    for name in ("incident_raised", "incident_reclassified"):
        granted -= {event["incident"] for _, _, event in events(records, name)}
    urgent = [
        event for _, _, event in events(records, "incident_opened") if event["incident"] in granted and event["priority"] < 4
    ]
    assert urgent, "nothing that waited was served"
    for event in urgent[::2]:
        event["priority"] = 4


def unit_stays_idle(records: Records) -> None:
    """A unit comes free and what waits for it is not served."""
    record, index, _ = some(records, "order_issued", lambda _, event: event["choice"] == "waiting")
    del record["events"][index]


def need_waits_beside_a_unit(records: Records) -> None:
    """A need waits though a unit is free."""
    record, index, event = some(records, "order_issued", lambda _, event: event["choice"] == "nearest")
    waits = {name: event[name] for name in ("incident", "need", "capability")}
    due = event["deadlines"]["arrive"] or event["deadlines"]["result"]
    record["events"][index] = {"need_waits": {**waits, "shortage": "all_busy", "deadline": due}}


def shift_is_overlooked(records: Records) -> None:
    """A shift ends and its unit counts as staffed."""
    event = some(records, "unit_staffed", lambda record, _: record["at"] > "2000")[2]
    event["staffed"] = not event["staffed"]


# --- Clocks --------------------------------------------------------------------------------------------------------


def deadline_is_not_the_plans(records: Records) -> None:
    """An arrival is due a minute later than the plan says."""
    event = some(records, "order_issued", lambda _, event: event["deadlines"]["arrive"])[2]
    event["deadlines"]["arrive"] = event["deadlines"]["arrive"].replace(":00.", ":30.").replace(":05.", ":35.")
    event["deadlines"]["arrive"] = "2026-03-03" + event["deadlines"]["arrive"][10:]


def clock_fires_again(records: Records) -> None:
    """A clock is met twice."""
    record, index, event = some(records, "clock_met")
    record["events"].insert(index, {"clock_met": dict(event)})


def clock_is_met_by_the_wrong_step(records: Records) -> None:
    """An acknowledgement stops the clock of the result."""
    _, _, event = some(records, "clock_met", lambda record, event: len(record["events"]) < 4)
    event["clock"] = "result"


def clock_is_missed_too_early(records: Records) -> None:
    """A clock runs out before its time."""
    record, _, event = some(records, "clock_missed")
    event["due"] = "2026-03-09" + event["due"][10:]


def rung_is_left_out(records: Records) -> None:
    """The deputy is not told."""
    some(records, "ladder_climbed", lambda _, event: event["rung"] == "deputy")[2]["rung"] = "duty_leader"


def clock_runs_on(records: Records) -> None:
    """A report does not stop the clock that it answers."""
    record, index, _ = some(records, "clock_met")
    del record["events"][index]


def ledger_keeps_silent(records: Records) -> None:
    """What was owed is not entered."""
    record, index, _ = some(records, "ledger_entered")
    del record["events"][index]


def deadline_passes_unnoticed(records: Records) -> None:
    """A clock runs out and nobody says so."""
    record = some(records, "clock_missed")[0]
    record["events"] = []


# --- Conservation --------------------------------------------------------------------------------------------------


def key_is_decided_twice(records: Records) -> None:
    """A key that comes again makes a second call."""
    record = some(records, "call_repeated")[0]
    decided = {"call": "1.99999", "incident": None, "outcome": "human", "human": True, "outside": False}
    record["events"] = [{"call_taken": {"call": "1.99999"}}, {"call_decided": decided}]


def conflict_is_overlooked(records: Records) -> None:
    """A key that comes with another body is taken for the same."""
    event = some(records, "call_repeated")[2]
    event["conflict"] = not event["conflict"]


def call_is_not_decided(records: Records) -> None:
    """A call is taken, and nothing becomes of it."""
    record, index, _ = some(records, "call_decided")
    del record["events"][index]


def outcome_is_a_lie(records: Records) -> None:
    """A call is said to have a unit, and has none."""
    some(records, "call_decided", lambda record, _: not has(record, "order_issued"))[2]["outcome"] = "ordered"


def call_number_is_given_twice(records: Records) -> None:
    """Two calls have one number."""
    first = some(records, "call_taken")[2]["call"]
    record, _, second = some(records, "call_taken", lambda _, event: event["call"] != first)
    some(records, "call_decided", lambda other, _: other is record)[2]["call"] = first
    second["call"] = first


def record_is_lost(records: Records) -> None:
    """A record is missing."""
    del records[len(records) // 2]


def time_goes_back(records: Records) -> None:
    """A record is older than the one before."""
    records[len(records) // 2]["at"] = "2026-03-02T07:30:00.001Z"


def need_ends_twice(records: Records) -> None:
    """A need is done, and done again."""
    record, index, event = some(records, "need_done")
    record["events"].insert(index, {"need_done": dict(event)})


def need_is_refused_with_room(records: Records) -> None:
    """An incident that has hardly any needs is refused one, and no person is told."""
    record, index, event = some(records, "need_opened", lambda record, _: _has_a_quiet_decision(record))
    refused = {"incident": event["incident"], "capability": event["capability"], "count": 1}
    record["events"].insert(index + 1, {"need_refused": refused})


def _has_a_quiet_decision(record: dict[str, Any]) -> bool:
    return any("call_decided" in event and not event["call_decided"]["human"] for event in record["events"])


def need_is_forgotten(records: Records) -> None:
    """A need is opened, and neither served nor put to wait."""
    spoken_of = Counter(
        (event["incident"], event["need"])
        for record in records
        for tagged in record["events"]
        for event in tagged.values()
        if isinstance(event, dict) and {"incident", "need"} <= event.keys()
    )
    # Opened for a drill, put to wait, and not spoken of again.
    fits = lambda _, event: event["shortage"] == "drill" and spoken_of[event["incident"], event["need"]] == 2
    record, index, _ = some(records, "need_waits", fits)
    del record["events"][index]


def order_comes_from_nowhere(records: Records) -> None:
    """An order moves that was never issued."""
    record, index, _ = some(records, "order_issued", lambda _, event: event["choice"] == "nearest")
    del record["events"][index]


def unit_is_called_away_for_nothing(records: Records) -> None:
    """A unit is called away for the very incident that it was on its way to."""
    record, index, event = some(records, "order_issued", lambda _, event: event["travel_ms"])
    same = {"unit": event["unit"], "order": event["order"], "from": event["incident"], "into": event["incident"]}
    record["events"].insert(index + 1, {"unit_preempted": same})


def nobody_was_called_away(records: Records) -> None:
    """A unit that was free is said to have been called away from something."""
    some(records, "order_issued", lambda _, event: event["choice"] == "nearest")[2]["choice"] = "preemption"


def unit_is_called_away_beside_free_ones(records: Records) -> None:
    """A patrol is called away, and sent no sooner than others that are free would be there."""
    first = some(records, "order_issued")[2]
    record, index, event = some(
        records,
        "order_issued",
        lambda _, event: (event["choice"], event["capability"]) == ("nearest", "patrol") and event["order"] != first["order"],
    )
    event["choice"] = "preemption"
    left = {"unit": event["unit"], "order": first["order"], "from": first["incident"], "into": event["incident"]}
    record["events"].insert(index, {"unit_preempted": left})


# Each rule with the doctors that break it.
BREAKS: list[tuple[str, Doctor]] = [
    ("order_ids_are_new", order_is_issued_twice),
    ("one_open_order_per_unit", unit_gets_a_second_order),
    ("need_served_once", need_gets_a_second_order),
    ("legal_transition", order_goes_backward),
    ("missing_steps_entered", skipped_step_is_forgotten),
    ("closing_frees_units", incident_closes_over_its_orders),
    ("unit_fits_and_is_free", unit_is_off_duty),
    ("nobody_is_sent_in_vain", vehicle_goes_nowhere),
    ("no_nearer_unit_was_free", nearer_unit_is_passed_over),
    ("freest_desk_is_asked", freer_desk_is_passed_over),
    ("way_is_reckoned_by_the_formula", travel_time_is_wrong),
    ("way_is_reckoned_by_the_formula", lateness_is_not_foreseen),
    ("choice_is_named_truly", choice_is_misnamed),
    ("round_of_asking_is_kept", round_is_forgotten),
    ("waiting_is_served_by_rank", rank_is_ignored),
    ("nobody_waits_beside_a_free_unit", unit_stays_idle),
    ("need_waits_only_when_nobody_is_free", need_waits_beside_a_unit),
    ("rosters_are_kept", shift_is_overlooked),
    ("deadlines_are_the_plans", deadline_is_not_the_plans),
    ("clock_fires_once", clock_fires_again),
    ("met_in_time", clock_is_met_by_the_wrong_step),
    ("missed_when_due", clock_is_missed_too_early),
    ("ladder_climbs_rung_by_rung", rung_is_left_out),
    ("answered_clocks_stop", clock_runs_on),
    ("ledger_says_what_was_owed", ledger_keeps_silent),
    ("everything_due_fires", deadline_passes_unnoticed),
    ("one_decision_per_key", key_is_decided_twice),
    ("one_decision_per_key", conflict_is_overlooked),
    ("every_call_is_decided_once", call_is_not_decided),
    ("decision_says_what_happened", outcome_is_a_lie),
    ("ids_are_new", call_number_is_given_twice),
    ("records_follow_each_other", record_is_lost),
    ("records_follow_each_other", time_goes_back),
    ("needs_live_once", need_ends_twice),
    ("need_is_refused_only_when_full", need_is_refused_with_room),
    ("decision_says_what_happened", need_is_refused_with_room),
    ("needs_are_accounted_for", need_is_forgotten),
    ("everything_spoken_of_exists", order_comes_from_nowhere),
    ("plan_lets_it", unit_is_called_away_for_nothing),
    ("it_is_worth_it", nobody_was_called_away),
    ("it_is_worth_it", unit_is_called_away_beside_free_ones),
    *doctors_of_acts.BREAKS,
    *doctors_of_conduct.BREAKS,
]
