"""What a plan says of travel, ranks and clocks: read from its TOML text, not from the engine's tables."""

import tomllib
from typing import Any

# Whose clocks an order for a capability runs by; a desk's agency is in its name.
_AGENCIES = {
    "police": ("patrol", "detective", "riot", "bomb_disposal", "militia"),
    "fire": ("fire_engine", "rescue", "ladder", "hazmat", "boat"),
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
        self.rung_ms: int = document["ladder"]["rung_s"] * 1000
        self._day = (_minute(document["day"]["from"]), _minute(document["day"]["to"]))
        self._rules: list[dict[str, Any]] = document["clock"]
        self._spans: dict[tuple[Any, ...], int | None] = {}

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


def _fits(rule: dict[str, Any], capability: str, zone: str, time: str, priority: int, away: bool) -> bool:
    return (
        agency_of(capability) in rule.get("agencies", [agency_of(capability)])
        and zone in rule.get("zones", [zone])
        and rule.get("time", time) == time
        and priority in rule.get("priorities", [priority])
        and rule.get("away", away) == away
        and rule.get("class", class_of(capability)) == class_of(capability)
    )


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
