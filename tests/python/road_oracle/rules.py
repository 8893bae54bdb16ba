"""What tags mean to a car and to an emergency vehicle, written from the tables of docs/roads.md."""

import decimal
import re
from typing import Any

from road_oracle.pbf import Tags

Directions = tuple[bool, bool]
Speeds = dict[str, Any]

ROADS = {
    "motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "living_street", "service", "track",
}  # fmt: skip
RAMPS = {"motorway", "trunk", "primary", "secondary", "tertiary"}
WALKERS = {"pedestrian", "footway", "cycleway", "path", "bridleway"}
YES = {"yes", "permissive", "designated", "official", "destination", "customers", "public", "discouraged"}
SIGNED = {"emergency", "psv", "bus"}
NO = {
    "no", "agricultural", "forestry", "agricultural;forestry", "delivery", "permit", "residents", "military", "hov", "taxi",
    "use_sidepath", "dismount", "restricted",
}  # fmt: skip
OPEN_BARRIERS = {
    "gate", "lift_gate", "swing_gate", "sliding_gate", "cattle_grid", "border_control", "toll_booth", "sally_port", "entrance",
    "height_restrictor", "arch", "kerb", "no", "checkpoint",
}  # fmt: skip
UNITS = {"": 1_000_000, "km/h": 1_000_000, "kmh": 1_000_000, "kph": 1_000_000, "kmph": 1_000_000, "mph": 1_609_344}
UNITS |= dict.fromkeys(["knots", "kn", "kt"], 1_852_000)
NUMBER = re.compile(r"^([0-9.]+)\s*([a-z/]*)$", re.IGNORECASE)


def value_of(tags: Tags, key: str, way: str = "") -> str:
    """The value of a key, for one direction first; empty where there is none."""
    return (tags.get(f"{key}:{way}", "").strip() if way else "") or tags.get(key, "").strip()


def access(tags: Tags, way: str, default: str, private: bool) -> Directions:
    """Whether a car and an emergency vehicle may pass: `default` is open, siren, closed or barred."""
    keys = ["motorcar", "motor_vehicle", "vehicle"] + ([] if default == "closed" else ["access"])
    said = ""
    for key in keys:
        value = value_of(tags, key, way)
        if value in YES | SIGNED | NO | {"private"}:
            said = value
            break
    if said in YES or (not said and default == "open"):
        return True, True
    emergency = value_of(tags, "emergency", way)
    if emergency in {"yes", "designated", "official", "permissive", "destination"}:
        return False, True
    if emergency in {"no", "private"}:
        return False, False
    bus = any(value_of(tags, key, way) in {"yes", "designated", "official", "permissive"} for key in ("psv", "bus"))
    signed = said in SIGNED or (not said and default == "siren") or (said == "private" and private)
    return False, bus or signed


def oneway(tags: Tags) -> tuple[Directions, Directions] | None:
    """(forward, backward) for a car, and for the siren; None when the direction changes with the hour."""
    meanings = {"yes": (True, False), "1": (True, False), "true": (True, False), "-1": (False, True), "reverse": (False, True)}
    meanings |= dict.fromkeys(["no", "0", "false", "alternating"], (True, True))
    implied = tags.get("junction") in {"roundabout", "circular"} or tags.get("highway") == "motorway"
    normal = (True, False) if implied else (True, True)
    for key in ("oneway:motorcar", "oneway:motor_vehicle", "oneway:vehicle", "oneway"):
        value = value_of(tags, key)
        if value == "reversible":
            return None
        if value in meanings:
            normal = meanings[value]
            break
    own = meanings.get(value_of(tags, "oneway:emergency"))
    if own:
        return normal, (own[0] or normal[0], own[1] or normal[1])
    if normal != (True, True):
        against = "backward" if normal[0] else "forward"
        lanes = [value_of(tags, f"lanes:{who}:{against}") for who in ("psv", "bus")]
        if (
            any(value_of(tags, key) == "no" for key in ("oneway:psv", "oneway:bus"))
            or any(value_of(tags, f"busway{side}") == "opposite_lane" for side in ("", ":left", ":right", ":both"))
            or any(lane.isdigit() and 0 < int(lane) < 256 for lane in lanes)
        ):
            return normal, (True, True)
    return normal, normal


def number(text: str) -> int | None:
    """A limit in millimetres an hour."""
    match = NUMBER.match(text)
    if not match or match[2].lower() not in UNITS:
        return None
    try:
        thousandths = (decimal.Decimal(match[1]) * 1_000).quantize(decimal.Decimal(1), rounding=decimal.ROUND_HALF_UP)
    except decimal.InvalidOperation:
        return None
    speed = int(thousandths) * UNITS[match[2].lower()] // 1_000
    return speed if 0 < speed <= 300_000_000 else None


def zone(text: str, limits: dict[str, int]) -> int | None:
    """A limit that is a word or a zone."""
    last = text.rsplit(":", 1)[-1]
    bare = last.removeprefix("zone")
    if text not in limits and bare != text and bare.isdigit():
        return number(bare)
    kmh = limits.get(text, limits.get(last))
    return None if kmh is None else kmh * 1_000_000


def limit(tags: Tags, way: str, limits: dict[str, int]) -> int | None:
    """The limit of a direction in millimetres an hour; None where the class decides."""
    value = value_of(tags, "maxspeed", way)
    if value in {"signals", "variable"}:
        return None
    if value:
        parts = [part.strip() for part in re.split("[;|,]", value)]
        read = [number(part) or zone(part, limits) for part in parts]
        if all(read):
            return min(speed for speed in read if speed)
    for key in ("maxspeed:type", "zone:maxspeed", "zone:traffic", "source:maxspeed"):
        value = tags.get(key, "")
        if ":" in value and (found := zone(value, limits)):
            return found
    return None


def classified(tags: Tags) -> tuple[str, bool, str] | None:
    """Class, whether it is a ramp, and who drives when no tag says; None for what is no road."""
    highway = tags.get("highway", "")
    base = highway.removesuffix("_link")
    default = "siren" if tags.get("service") == "emergency_access" else "open"
    if highway in ROADS or (base != highway and base in RAMPS):
        return base, base != highway, default
    if highway == "road":
        return "other", False, default
    if highway == "busway":
        return "other", False, "siren"
    if highway in WALKERS:
        return "other", False, "siren" if default == "siren" else "closed"
    return None


def speeds(tags: Tags, config: Speeds) -> list[tuple[int | None, int | None]] | None:
    """For forward and backward the speed of a car and of the siren in millimetres an hour; None for what is no road."""
    kind = classified(tags)
    unusable = tags.get("area") == "yes" or tags.get("impassable") == "yes" or tags.get("status") == "impassable"
    ferry = tags.get("ferry", "no") != "no"
    directions = oneway(tags)
    if kind is None or unusable or ferry or directions is None or tags.get("smoothness") == "impassable":
        return None
    name, ramp, default = kind
    figures = config["class"][name]

    def of(at: int, way: str) -> tuple[int | None, int | None]:
        may = access(tags, way, default, config["siren"]["enters_private"])
        normal = limit(tags, way, config["limits"]) or figures["link_kmh" if ramp else "kmh"] * 1_000_000
        siren = max(normal, min(normal * figures["siren_percent"] // 100, figures["siren_cap_kmh"] * 1_000_000))
        car, emergency = (may[profile] and directions[profile][at] for profile in (0, 1))
        return normal if car else None, siren if emergency else None

    return [of(0, "forward"), of(1, "backward")]


def stops(tags: Tags, private: bool) -> Directions:
    """Whether a node stops a car, and the siren."""
    if "barrier" not in tags:
        return False, False
    car, siren = access(tags, "", "open" if tags["barrier"] in OPEN_BARRIERS else "barred", private)
    return not car, not siren
