"""What a plan says of travel, needs, ranks, clocks and major incidents: read from its TOML text, not from the engine's tables."""

import tomllib
from typing import Any, Callable, Iterable

# Whose clocks an order for a capability runs by; a desk's agency is in its name.
_AGENCIES = {
    "police": ("patrol", "detective", "riot", "bomb_disposal", "militia"),
    "fire": ("fire_engine", "rescue", "ladder", "hazmat", "boat", "aircraft"),
    "traffic": ("traffic_patrol", "tow"),
    "medical": ("ambulance", "advanced_care", "medical_team"),
    "forestry": ("forest_fire",),
    "environment": ("environment_crew",),
    "gas": ("gas_crew",),
    "power": ("power_crew",),
    "water": ("water_crew",),
    "urban": ("urban_crew",),
    "flood_control": ("flood_team",),
    "geology": ("geology_crew",),
    "health": ("epidemic_team",),
    "quality": (),
    "government": ("township_team", "expert"),
}
_AGENCY_OF = {capability: agency for agency, all_of in _AGENCIES.items() for capability in all_of}
_TEAMS = ("riot", "medical_team", "forest_fire", "flood_team", "township_team", "militia", "expert")
_DESK = "desk_"
# In the order in which an incident rises.
LEVELS = ("IV", "III", "II", "I")
# Whose plan is asked first.
TIERS = ("village", "township", "county")


def agency_of(capability: str) -> str:
    """The agency whose clocks and ledger an order for this capability runs by."""
    if capability.startswith(_DESK):
        return capability[len(_DESK) :]
    return _AGENCY_OF[capability]


def class_of(capability: str) -> str:
    """How such a unit answers orders: `vehicle`, `team` or `desk`."""
    if capability.startswith(_DESK):
        return "desk"
    return "team" if capability in _TEAMS else "vehicle"


class Plan:
    """One plan in force."""

    def __init__(self, text: str) -> None:
        document: dict[str, Any] = tomllib.loads(text)
        self.detour_permille: int = document["travel"]["detour_permille"]
        self.service_floor: int = document["waiting"]["service_floor"]
        self.preemption: dict[str, Any] = document.get("preemption", {})
        self.choice: dict[str, Any] = document.get("choice", {})
        self.rung_ms: int = document["ladder"]["rung_s"] * 1000
        self.lapse_ms: int = document["incident"]["lapse_h"] * 3_600_000
        self._day = (_minute(document["day"]["from"]), _minute(document["day"]["to"]))
        self._rules: list[dict[str, Any]] = document["clock"]
        self._lines: list[dict[str, Any]] = document["line"]
        self._kinds: dict[str, Any] = document.get("kind", {})
        self._agencies: dict[str, Any] = document.get("agency", {})
        self._spans: dict[tuple[Any, ...], int | None] = {}
        self._levels: list[dict[str, Any]] = document.get("level", [])
        self._owed: dict[str, Any] = document.get("major", {})
        self._commanders: list[dict[str, Any]] = document.get("commander", [])
        self._upward: dict[str, list[str]] = document.get("upward", {})
        self._close: dict[str, Any] = document.get("close", {})
        self._local: list[dict[str, Any]] = sorted(document.get("local", []), key=lambda local: TIERS.index(local["tier"]))

    def forwards(self, line: int | None) -> bool:
        """Whether calls of a line are only passed on (C1)."""
        return any(rule["number"] == line and rule["mode"] == "forward" for rule in self._lines)

    def needs(
        self,
        kind: str,
        nature: str,
        agencies: Iterable[str],
        level: str | None,
        line: int | None,
        has: Callable[[str], bool],
        local: list[dict[str, Any]],
    ) -> dict[str, int]:
        """How many of which capability an incident asks for at its level (R1, C2, C3), by the local plans that hold for it, the
        smallest first (L2, H10). `has` says whether any unit has one; what nobody has falls to the desk of its agency."""
        if kind == "unknown":
            rules = [rule.get("orders_when_unknown", []) for rule in self._lines if rule["number"] == line]
            return _at_hand(rules[0] if rules else [], has)
        if nature == "invalid":
            return {}
        if nature in ("enquiry", "complaint"):
            return {_DESK + agency: 1 for agency in agencies}
        said = [tier["kind"][kind] for tier in local if kind in tier["kind"]]
        said.append(self._kinds.get(kind, {}))
        asked = list(said[0].get("needs", []))
        covered = {agency_of(rule["capability"]) for rule in asked}
        for agency in set(agencies) - covered:
            desk = {"capability": _DESK + agency, "count": 1}
            asked.append(self._agencies.get(agency, {}).get("joins", desk))
        wanted = _at_hand(asked, has)
        # What each level asks for comes on top; a desk is asked once.
        for reached in LEVELS[: LEVELS.index(level) + 1 if level else 0]:
            by_tier = [rules["level"][reached] for rules in said if reached in rules.get("level", {})]
            for rule in by_tier[0].get("needs", []) if by_tier else []:
                capability = rule["capability"]
                if has(capability):
                    wanted[capability] = wanted.get(capability, 0) + rule["count"]
                else:
                    wanted.setdefault(_DESK + agency_of(capability), 1)
        return wanted

    def local(self, names: set[str], metres_to: Callable[[dict[str, int]], float | None], minute: int) -> list[dict[str, Any]]:
        """The local plans that hold in districts of these names, at a place so far from a point, at a local minute; the smallest
        tier first (L2, H10)."""
        return [tier for tier in self._local if _holds(tier, names, metres_to, minute)]

    def level(self, kind: str, nature: str, injured: int, calls: int) -> str | None:
        """The gravest level whose rule is met (L1); only emergencies and help come to one by rule."""
        if nature not in ("emergency", "help"):
            return None
        met = [
            rule["level"]
            for rule in self._levels
            if kind in rule.get("kinds", [kind]) and injured >= rule.get("injured", 0) and calls >= rule.get("calls", 0)
        ]
        return max(met, key=LEVELS.index, default=None)

    def owed_ms(self, level: str, clock: str) -> int | None:
        """How long a clock of a major incident runs at a level (X4, H6)."""
        seconds = self._owed.get(level, {}).get(clock + "_s")
        return None if seconds is None else seconds * 1000

    def commander(self, category: str, level: str) -> dict[str, str] | None:
        """Who commands at the scene (X9): the last rule that fits."""
        fit = [
            rule
            for rule in self._commanders
            if LEVELS.index(rule["from"]) <= LEVELS.index(level) and category in rule.get("classes", [category])
        ]
        return {name: fit[-1][name] for name in ("zh", "en")} if fit else None

    def complete(self, stage: str) -> list[str]:
        """What a report upward says at least (C9)."""
        return self._upward.get(stage, [])

    def needs_follow_up(self, kind: str, nature: str, level: str | None) -> bool:
        """Whether a close names who sees to what is left (X5); of what a person found to be nothing, nothing is."""
        if nature == "invalid":
            return False
        least = self._close.get("follow_up_from")
        by_level = least is not None and level is not None and LEVELS.index(level) >= LEVELS.index(least)
        return by_level or kind in self._close.get("follow_up_kinds", [])

    def time_of_day(self, minute: int) -> str:
        """`day` or `night` at a local minute."""
        return "day" if self._day[0] <= minute < self._day[1] else "night"

    def clock_ms(
        self, clock: str, capability: str, zone: str, time: str, priority: int, away: bool
    ) -> int | None:
        """How long a clock runs by agency x zone x day/night x priority; `None` where it does not.

        The last rule that fits wins; 0 seconds stop the clock.
        """
        case = (clock, capability, zone, time, priority, away)
        if case not in self._spans:
            seconds = 0
            for rule in self._rules:
                if rule["clock"] == clock and _fits(rule, capability, zone, time, priority, away):
                    seconds = rule["seconds"]
            self._spans[case] = seconds * 1000 or None
        return self._spans[case]


def _at_hand(rules: list[dict[str, Any]], has: Callable[[str], bool]) -> dict[str, int]:
    asked: dict[str, int] = {}
    for rule in rules:
        capability, count = rule["capability"], rule.get("count", 1)
        if not has(capability):
            capability, count = _DESK + agency_of(capability), 1
        asked[capability] = max(asked.get(capability, 0), count)
    return asked


def _fits(rule: dict[str, Any], capability: str, zone: str, time: str, priority: int, away: bool) -> bool:
    return (
        agency_of(capability) in rule.get("agencies", [agency_of(capability)])
        and zone in rule.get("zones", [zone])
        and rule.get("time", time) == time
        and priority in rule.get("priorities", [priority])
        and rule.get("away", away) == away
        and rule.get("class", class_of(capability)) == class_of(capability)
    )


def _holds(
    tier: dict[str, Any], names: set[str], metres_to: Callable[[dict[str, int]], float | None], minute: int
) -> bool:
    if tier.get("districts") and not names & set(tier["districts"]):
        return False
    if "radius_m" in tier:
        metres = metres_to({"lat_e7": round(tier["lat"] * 1e7), "lon_e7": round(tier["lon"] * 1e7)})
        if metres is None or metres > tier["radius_m"]:
            return False
    if "from" not in tier:
        return True
    begins, ends = _minute(tier["from"]), _minute(tier["to"])
    return begins <= minute < ends if begins < ends else minute >= begins or minute < ends


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
