"""Which rule looks at what: the table of all rules, and the reading of a whole journal against it."""

from typing import Any, Callable, Iterable, NamedTuple

from . import rules_of_acts as acts
from . import rules_of_choice as choice
from . import rules_of_clocks as clocks
from . import rules_of_conduct as conduct
from . import rules_of_conservation as conservation
from . import rules_of_needs as needs
from . import rules_of_orders as orders
from . import rules_of_preemption as preemption
from .centre import Centre
from .export import Record
from .objects import Objects


class Violation(NamedTuple):
    """One promise that was broken: by which rule, in which record, and how."""

    rule: str
    seq: int
    what: str

    def __str__(self) -> str:
        return f"seq {self.seq}: {self.rule}: {self.what}"


EventRule = Callable[[Centre, Record, Any], Iterable[str]]
RecordRule = Callable[[Centre, Record], Iterable[str]]


class Book:
    """All rules, with what some of them remember."""

    def __init__(self) -> None:
        keys, line = conservation.Keys(), conservation.Line()
        alarm, rosters = clocks.Alarm(), choice.Rosters()
        live = conservation.needs_live_once_at
        self.before_event: dict[str, list[EventRule]] = {
            "call_taken": [conservation.ids_are_new],
            "incident_opened": [conservation.ids_are_new],
            "order_issued": [
                orders.order_ids_are_new,
                orders.one_open_order_per_unit,
                orders.need_served_once,
                choice.unit_fits_and_is_free,
                choice.nobody_is_sent_in_vain,
                choice.no_nearer_unit_was_free,
                choice.freest_desk_is_asked,
                choice.way_is_reckoned_by_the_formula,
                choice.choice_is_named_truly,
                choice.round_of_asking_is_kept,
                choice.waiting_is_served_by_rank,
                preemption.it_is_worth_it,
                acts.person_sends_whom_they_named,
                clocks.deadlines_are_the_plans,
                alarm.set_clocks,
            ],
            "order_moved": [
                orders.legal_transition,
                orders.missing_steps_entered,
                acts.who_is_needed_is_not_called_back,
            ],
            "order_transferred": [acts.order_serves_on_where_it_is_needed],
            "clock_met": [clocks.clock_fires_once, clocks.met_in_time],
            "clock_missed": [clocks.clock_fires_once, clocks.missed_when_due],
            "ladder_climbed": [
                clocks.ladder_climbs_rung_by_rung,
                clocks.who_lets_the_ladder_run_out_is_relieved,
                alarm.set_rung,
            ],
            "need_waits": [live("need_waits"), choice.need_waits_only_when_nobody_is_free],
            "need_opened": [live("need_opened"), needs.needs_are_the_plans],
            "need_refused": [conservation.need_is_refused_only_when_full],
            "need_met": [live("need_met")],
            "need_done": [live("need_done")],
            "need_dropped": [live("need_dropped"), needs.only_what_waits_unwanted_is_dropped],
            "incident_raised": [acts.level_only_rises],
            "incident_reclassified": [acts.verdict_stands],
            "incident_merged": [acts.merge_is_of_two_open_incidents, acts.merge_takes_what_is_graver],
            "incident_reopened": [acts.only_what_was_closed_is_reopened],
            "unit_preempted": [preemption.plan_lets_it],
            "call_split": [acts.call_leaves_for_an_incident_of_its_own],
            "hospital_defined": [acts.hospitals_keep_their_numbers],
            "level_raised": [conduct.level_rises_for_its_cause, conduct.level_owes_what_the_plan_says],
            "commander_named": [conduct.commander_is_the_plans],
            "situation_reported": [conduct.situation_report_starts_the_pace_anew],
            "reported_upward": [conduct.report_upward_is_measured],
            "incident_clock_missed": [conduct.incident_clock_is_missed_when_due],
            "incident_closed": [conduct.nothing_closes_without_its_follow_up],
            "incident_entered": [conduct.what_never_came_was_due_when_it_was],
            "close_awaited": [conduct.close_is_awaited_where_it_must_be],
            "follow_up_named": [conduct.follow_up_is_what_was_said],
        }
        self.before_record: list[RecordRule] = [line.records_follow_each_other]
        self.after_record: list[RecordRule] = [
            keys.one_decision_per_key,
            conservation.every_call_is_decided_once,
            conservation.decision_says_what_happened,
            orders.closing_frees_units,
            choice.nobody_waits_beside_a_free_unit,
            needs.what_is_wanted_is_asked_for,
            needs.nothing_unwanted_waits_after_a_verdict,
            needs.another_plan_touches_nothing_that_stands,
            acts.merged_means_closed,
            acts.refusals_are_true,
            rosters.rosters_are_kept,
            clocks.answered_clocks_stop,
            clocks.ledger_says_what_was_owed,
            alarm.everything_due_fires,
            conduct.major_incident_has_a_commander,
            conduct.merged_owe_what_either_owed,
            conduct.what_is_reopened_owes_again,
            conduct.no_incident_is_overdue,
            conduct.ledger_has_what_incidents_owed,
        ]
        self.at_the_end: list[RecordRule] = [conservation.needs_are_accounted_for]


def check(records: Iterable[Record], objects: Objects, most: int = 100) -> list[Violation]:
    """Every violation, in the order of the records; after `most` of them the rest is not read."""
    book, centre = Book(), Centre(objects)
    violations: list[Violation] = []
    record: Record | None = None

    def note(rule: Callable[..., Iterable[str]], found: Iterable[str]) -> None:
        violations.extend(Violation(rule.__name__, record.seq, what) for what in found)

    for record in records:
        centre.begin(record)
        for rule in book.before_record:
            note(rule, rule(centre, record))
        try:
            for name, event in record.events:
                for event_rule in book.before_event.get(name, ()):
                    note(event_rule, event_rule(centre, record, event))
                centre.take(record, name, event)
            for rule in book.after_record:
                note(rule, rule(centre, record))
        except KeyError as unknown:
            # An event speaks of what no event before it made; what follows cannot be folded any more.
            violations.append(Violation("everything_spoken_of_exists", record.seq, f"{unknown} is not known"))
            return violations
        if len(violations) >= most:
            return violations
    if record is not None:
        for rule in book.at_the_end:
            note(rule, rule(centre, record))
    return violations
