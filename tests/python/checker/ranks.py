"""What is open in a centre when it chooses: who is free for a need, and which need a free unit serves first.

Reckoned from the fold alone, by the formulas of docs/decision.md; no rule is judged here.
"""

from .centre import ASKED_MAX, Centre, Incident, Unit
from .geometry import distance_dm, travel_ms
from .queues import Rank

# How far down a queue a free unit looks past needs that it has declined.
LOOKED_AT_MAX = 8
MS_MOST = 2**32 - 1
# So many of those that are there first are compared where the plan does not say.
COMPARED = 32


def way_ms(centre: Centre, unit: Unit, incident: Incident, capability: str) -> int:
    """How long a unit travels to an incident, without its turnout: by the road, or straight where it is on none or no way
    leads there."""
    by_road, _ = centre.road_ms(unit, incident, capability, MS_MOST)
    return straight_ms(centre, unit, incident) if by_road is None else by_road


def straight_ms(centre: Centre, unit: Unit, incident: Incident) -> int:
    """The same by straight line × detour."""
    if not unit.travels or incident.plane is None:
        return 0
    distance = distance_dm(unit.plane, incident.plane)
    return min(MS_MOST, travel_ms(distance, centre.plan.detour_permille, unit.speed_mm_s))


def decliners(centre: Centre, previous: str | None) -> set[str]:
    """The units that said no in this round of asking, or that a person took the need from, not those that let the ladder
    run out: the chain of orders before this one."""
    said_no: set[str] = set()
    for _ in range(ASKED_MAX):
        order = centre.orders.get(previous) if previous else None
        if order is None:
            break
        if order.state == "declined" or (order.state == "reassigned" and order.rung != "next_unit"):
            said_no.add(order.unit)
        previous = order.previous
    return said_no


def nearest(centre: Centre, incident: Incident, capability: str, said_no: set[str]) -> tuple[int, Unit] | None:
    """Of so many free fitting units that are there first the one that still is with what the plan adds to its time, ties by its
    number; and that sum."""
    free = [unit for unit in centre.able_to(capability) if unit.available() and unit.identity not in said_no]
    added = Added(centre, incident, capability)
    compared = centre.plan.choice.get("compared", COMPARED)
    # Whoever is near on the map first: then the search by road need not go far.
    free.sort(key=lambda unit: (straight_ms(centre, unit, incident), unit.number))
    soonest: list[tuple[int, int, int, Unit]] = []
    cut_off = []
    limit = MS_MOST
    for unit in free:
        # Who comes to more than another cannot be chosen; but where not all are compared it may take somebody's place.
        spare = added.ms(unit) if len(free) <= compared else 0
        way, on_road = centre.road_ms(unit, incident, capability, limit - unit.turnout_ms - spare)
        if way is None and on_road:
            cut_off.append(unit)
            continue
        way = straight_ms(centre, unit, incident) if way is None else way
        soonest = _with(soonest, min(MS_MOST, way + unit.turnout_ms), unit, added, compared)
        limit = min(it[2] for it in soonest)
        limit = min(limit, soonest[-1][0]) if len(soonest) == compared else limit
    if not soonest:
        for unit in cut_off:
            total = straight_ms(centre, unit, incident) + unit.turnout_ms
            soonest = _with(soonest, total, unit, added, compared)
    best = min(soonest, key=lambda it: (it[2], it[1]), default=None)
    return None if best is None else (best[2], best[3])


def _with(
    soonest: list[tuple[int, int, int, Unit]], total: int, unit: Unit, added: "Added", compared: int
) -> list[tuple[int, int, int, Unit]]:
    """The soonest so many, with one more: when each is there, its number, what it comes to, and which it is."""
    one = (total, unit.number, min(MS_MOST, total + added.ms(unit)), unit)
    return sorted([*soonest, one], key=lambda it: it[:2])[:compared]


def comes_in_ms(centre: Centre, unit: Unit, incident: Incident, capability: str) -> int | None:
    """How long a unit takes to an incident, turnout included; None where no way leads there."""
    by_road, on_road = centre.road_ms(unit, incident, capability, MS_MOST)
    if by_road is None and on_road:
        return None
    way = straight_ms(centre, unit, incident) if by_road is None else by_road
    return way + unit.turnout_ms


class Added:
    """What the plan adds to the time of a unit for what its going would leave behind (C8, H8, R3), for one need."""

    def __init__(self, centre: Centre, incident: Incident, capability: str) -> None:
        self._centre, self._capability = centre, capability
        self._district = incident.place["district"] if incident.place else None
        rules = centre.plan.choice
        at = incident.priority - 1
        self._foreign_ms, self._scarce_ms, self._last_ms = (
            (rules.get(name) or [0] * 4)[at] * 1000 for name in ("own_district_s", "scarce_skill_s", "coverage_s")
        )
        self._free: dict[tuple[int | None, str], int] = {}

    def ms(self, unit: Unit) -> int:
        """The sum of it."""
        if self._district is None or not (self._foreign_ms or self._scarce_ms or self._last_ms):
            return 0
        others = [self._free_of(unit, skill) for skill in unit.capabilities if skill != self._capability]
        return (
            (self._foreign_ms if unit.home != self._district else 0)
            + (self._scarce_ms // min(others) if others else 0)
            + (self._last_ms if self._free_of(unit, self._capability) == 1 else 0)
        )

    def _free_of(self, unit: Unit, skill: str) -> int:
        home = self._centre.home_of(unit)
        if (home, skill) not in self._free:
            able = self._centre.able_to(skill)
            same = [other for other in able if other.available() and self._centre.home_of(other) == home]
            self._free[home, skill] = len(same)
        return self._free[home, skill]


def freest_desk(centre: Centre, capability: str, said_no: set[str]) -> Unit | None:
    """The free desk with the fewest open orders, ties by its number."""
    free = (unit for unit in centre.able_to(capability) if unit.available() and unit.identity not in said_no)
    return min(free, key=lambda unit: (len(unit.open_orders), unit.number), default=None)


def first_in_queue(centre: Centre, capability: str, service: bool, unit: Unit) -> Rank | None:
    """The first of a capability's queue that this unit has not declined."""
    for rank in centre.queues.first(capability, service, LOOKED_AT_MAX):
        need = centre.incidents[rank[4]].needs[rank[3]]
        if unit.identity not in decliners(centre, need.previous):
            return rank
    return None


def first_for(centre: Centre, unit: Unit) -> tuple[Rank, bool] | None:
    """The need that a free unit serves first, and whether by the floor for service calls (C4)."""
    first: Rank | None = None
    floor: Rank | None = None
    for capability in unit.capabilities:
        urgent = first_in_queue(centre, capability, False, unit)
        service = first_in_queue(centre, capability, True, unit)
        if service is not None and centre.passed_over[capability] + 1 >= centre.plan.service_floor:
            floor = service if floor is None else min(floor, service)
        for found in (urgent, service):
            if found is not None:
                first = found if first is None else min(first, found)
    if first is None:
        return None
    if floor is not None and first[0] not in (1, 4):
        return floor, True
    return first, False
