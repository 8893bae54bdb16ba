"""Promises about who is sent and who is served first: the nearest, by rank, with a floor for service calls."""

from typing import Any, Iterator

from .centre import DAY_MS, NOT_QUEUED, SOUGHT, Centre, Incident, Need, begins_round
from .export import Record, milliseconds, moment, optional_milliseconds
from .orders import is_open
from .ranks import Added, decliners, first_for, freest_desk, nearest, way_ms

Findings = Iterator[str]


def unit_fits_and_is_free(centre: Centre, _record: Record, event: Any) -> Findings:
    """Whoever is sent can do what is asked, is on duty, staffed, strong enough and not silent (X10, X12)."""
    unit = centre.units.get(event["unit"])
    if unit is None:
        return
    if event["capability"] not in unit.capabilities:
        yield f"unit {unit.name} is asked for {event['capability']} and can do {sorted(unit.capabilities)}"
    if unit.duty not in ("on_call", "patrolling", "standby"):
        yield f"unit {unit.name} is {unit.duty} and gets order {event['order']}"
    if not unit.staffed:
        yield f"unit {unit.name} has nobody on its roster and gets order {event['order']}"
    if unit.stale:
        yield f"unit {unit.name} is on patrol, nobody knows where, and gets order {event['order']}"
    if unit.silent:
        yield f"unit {unit.name} is silent and gets order {event['order']}"
    if unit.strength < unit.least_strength:
        yield f"unit {unit.name} has {unit.strength} of {unit.least_strength} people and gets order {event['order']}"


def nobody_is_sent_in_vain(centre: Centre, _record: Record, event: Any) -> Findings:
    """A drill sends nobody (D1); a vehicle goes nowhere without a place, and outside the served area only where a person
    sends it (N4)."""
    incident = centre.incidents.get(event["incident"])
    if incident is None:
        return
    if incident.drill:
        yield f"order {event['order']} serves the drill {incident.identity}"
    if event["capability"].startswith("desk_"):
        return
    if incident.place is None:
        yield f"order {event['order']} goes to {incident.identity}, which has no place"
    elif incident.place["district"] is None and event["choice"] != "person":
        yield f"order {event['order']} goes to {incident.identity}, outside the served area"


def no_nearer_unit_was_free(centre: Centre, _record: Record, event: Any) -> Findings:
    """At the order's sequence no fitting free unit was nearer, with what the plan adds to their times (C8, H8, R3); of equal ones
    the first by number is sent (C7). A person may send another."""
    incident, unit = centre.incidents.get(event["incident"]), centre.units.get(event["unit"])
    if incident is None or unit is None or not unit.travels or event["choice"] in ("person", "preemption"):
        return
    best = nearest(centre, incident, event["capability"], decliners(centre, event["previous"]))
    if best is None or best[1] is unit:
        return
    added = Added(centre, incident, event["capability"]).ms(unit)
    total = way_ms(centre, unit, incident, event["capability"]) + unit.turnout_ms + added
    yield (
        f"order {event['order']} sends {unit.name} ({unit.identity}, {total} ms) to {incident.identity}, "
        f"{best[1].name} ({best[1].identity}) is there in {best[0]} ms and free"
    )


def freest_desk_is_asked(centre: Centre, _record: Record, event: Any) -> Findings:
    """Of the desks of an agency the one with the fewest open orders is asked; of equal ones the first by number."""
    unit = centre.units.get(event["unit"])
    if unit is None or unit.travels or event["choice"] != "desk":
        return
    best = freest_desk(centre, event["capability"], decliners(centre, event["previous"]))
    if best is not None and best is not unit:
        yield (
            f"order {event['order']} asks {unit.name} with {len(unit.open_orders)} open orders, "
            f"{best.name} has {len(best.open_orders)}"
        )


def way_is_reckoned_by_the_formula(centre: Centre, record: Record, event: Any) -> Findings:
    """Travel time, by the road where a map is in force, turnout and a lateness that can be foreseen are those of the formula (R5)."""
    incident, unit = centre.incidents.get(event["incident"]), centre.units.get(event["unit"])
    if incident is None or unit is None:
        return
    travel = way_ms(centre, unit, incident, event["capability"])
    turnout = unit.turnout_ms if unit.travels else 0
    if (event["travel_ms"], event["turnout_ms"]) != (travel, turnout):
        yield (
            f"order {event['order']} says {event['travel_ms']} + {event['turnout_ms']} ms, "
            f"by the formula it is {travel} + {turnout} ms"
        )
    due = optional_milliseconds(event["deadlines"]["arrive"])
    late = due is not None and record.at + travel + turnout > due
    if event["foreseen_late"] != late:
        yield f"order {event['order']}: foreseen_late is {event['foreseen_late']}, arrival {travel + turnout} ms from now"


def choice_is_named_truly(centre: Centre, _record: Record, event: Any) -> Findings:
    """A unit is named nearest, a desk desk, and only a need that stood in a queue is served as waiting."""
    unit = centre.units.get(event["unit"])
    queued = (event["incident"], event["need"]) in centre.queues
    choice = event["choice"]
    if unit is not None and choice in ("nearest", "desk") and (choice == "desk") == unit.travels:
        yield f"order {event['order']} to {unit.name} is chosen as `{choice}`"
    if choice in ("waiting", "service_floor") and not queued:
        yield f"order {event['order']} is chosen as `{choice}`, its need stood in no queue"


def _chain(record: Record, need: Need) -> str | None:
    """The last order of the round in which a search of this record asks."""
    return None if begins_round(record, need) else need.previous


def round_of_asking_is_kept(centre: Centre, record: Record, event: Any) -> Findings:
    """An order names the one before it for the same need, so that nobody is asked twice in a round (X11)."""
    incident = centre.incidents.get(event["incident"])
    need = incident.needs.get(event["need"]) if incident else None
    if need is None:
        return
    previous = _chain(record, need) if event["choice"] in SOUGHT else need.previous
    if event["previous"] != previous:
        yield f"order {event['order']} follows {event['previous']}, by the round of asking {previous}"
    if event["unit"] in decliners(centre, previous) and event["choice"] != "person":
        yield f"order {event['order']} asks {event['unit']}, which has declined that need in this round"


def waiting_is_served_by_rank(centre: Centre, _record: Record, event: Any) -> Findings:
    """A unit that comes free serves the first by priority, then deadline, then incident and need; of so many grants
    one goes to a service call that waits, never before danger to life (C4)."""
    unit = centre.units.get(event["unit"])
    if unit is None or event["choice"] not in ("waiting", "service_floor"):
        return
    first = first_for(centre, unit)
    if first is None:
        return
    (priority, deadline, _, need, incident), by_floor = first
    if (event["incident"], event["need"]) != (incident, need):
        yield (
            f"order {event['order']} gives {unit.name} to need {event['need']} of {event['incident']}; first in rank is "
            f"need {need} of incident {incident} (priority {priority}, deadline {moment(deadline)})"
        )
    elif by_floor != (event["choice"] == "service_floor"):
        yield f"order {event['order']} is chosen as `{event['choice']}`, by the floor it is {by_floor}"


def nobody_waits_beside_a_free_unit(centre: Centre, record: Record) -> Findings:
    """After each record no unit that came free in it could serve a need that stands in a queue, unless more was to be
    done than one command may (`continues`)."""
    if not centre.queues or centre.without_room:
        return
    if any(name == "continues" for name, _ in record.events):
        return
    freed = {
        event["unit"]
        for name, event in record.events
        if name in _FREES or (name == "order_moved" and not is_open(event["to"]))
    }
    for identity in sorted(freed):
        unit = centre.units[identity]
        if not unit.available():
            continue
        first = first_for(centre, unit)
        if first is not None:
            yield f"unit {unit.name} came free, and need {first[0][3]} of incident {first[0][4]} still waits for it"


_FREES = ("unit_heard", "unit_duty_changed", "unit_staffed", "unit_defined")


def need_waits_only_when_nobody_is_free(centre: Centre, record: Record, event: Any) -> Findings:
    """A need is put to wait only when no fitting unit is free, but for those that declined it in this round."""
    incident = centre.incidents.get(event["incident"])
    need = incident.needs.get(event["need"]) if incident else None
    if need is None:
        return
    shortage, capability = event["shortage"], need.capability
    if milliseconds(event["deadline"]) != need.deadline:
        yield f"need {event['need']} of {incident.identity} ranks by {event['deadline']}, not {moment(need.deadline)}"
    hindrance = _hindrance(incident, capability)
    if hindrance is not None or shortage in NOT_QUEUED:
        if shortage != hindrance:
            yield f"need {event['need']} of {incident.identity} waits for `{shortage}`, it is `{hindrance}`"
        return
    if shortage == "no_room":
        return
    said_no = decliners(centre, _chain(record, need))
    if capability.startswith("desk_"):
        free = freest_desk(centre, capability, said_no)
    else:
        best = nearest(centre, incident, capability, said_no)
        free = best[1] if best else None
    if free is not None:
        yield f"need {event['need']} of {incident.identity} waits for `{shortage}`, yet {free.name} is free"


def _hindrance(incident: Incident, capability: str) -> str | None:
    """Why nobody at all is sent, whoever is free (D1, N4)."""
    if incident.drill:
        return "drill"
    if capability.startswith("desk_"):
        return None
    if incident.place is None:
        return "no_place"
    return None if incident.place["district"] is not None else "outside"


class Rosters:
    """Whether the fold's word on who is staffed is what the rosters say."""

    def __init__(self) -> None:
        self._looked_at = 0

    def rosters_are_kept(self, centre: Centre, record: Record) -> Findings:
        """After each record everybody is staffed as their roster says for that minute (X12)."""
        if record.command != "tick" and record.at - self._looked_at < 60_000:
            return
        if any(name == "continues" for name, _ in record.events) or record.at < DAY_MS:
            return
        if record.at // 60_000 == self._looked_at // 60_000 or centre.city is None:
            return
        self._looked_at = record.at
        minute = centre.minute_of_day(record.at)
        for unit in centre.units.values():
            if unit.staffed != unit.staffed_at(minute):
                yield f"unit {unit.name} is staffed: {unit.staffed}, at minute {minute} of {unit.roster}"
