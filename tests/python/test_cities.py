"""Cities of the real world by the road (C7): San Francisco and Auckland, imported, served, and every order held against a Dijkstra."""

import json
import pathlib
import random

import pytest
from checker.book import check
from checker.export import read
from checker.objects import Objects
from checker.roads import Roads
from http_client import post_call
from made_cities import CITIES, TURNOUT_S, make
from running_centre import RunningCentre, liandong

CALLS = 48
# Kinds that take one vehicle: the line, and what it must be. The first goes with lights and sirens, the second does not.
KINDS = {"chest_pain": ("120", "ambulance"), "minor_trauma": ("120", "ambulance"), "theft": ("110", "patrol")}
NORMAL, SIREN = 0, 1
FOREVER = 2**32 - 1


@pytest.mark.parametrize("name", CITIES)
def test_every_order_of_a_real_city_goes_to_who_is_there_first(tmp_path: pathlib.Path, shared_data: pathlib.Path, name: str) -> None:
    """Calls from all over the city; whoever was sent is not free any more."""
    attribution = CITIES[name][2]
    made = make(shared_data, name, tmp_path)
    assert attribution in made.said and "city.roads: imported: roads of" in made.said, made.said
    again = tmp_path / "again.roads"
    built = ["--nodes", str(made.nodes), "--edges", str(made.edges), "--attribution", attribution]
    liandong("roads", "build", *built, "-o", str(again))
    assert again.read_bytes() == (made.folder / "city.roads").read_bytes(), "`city import` and `roads build` make one map"
    assert attribution in liandong("city", "check", str(made.folder)).stdout
    roads, drawn = Roads(again), random.Random(7)
    places = [(float(lat), float(lon)) for lat, lon in made.tables.nodes.values()]
    centre = RunningCentre(tmp_path / "centre", "wall", f'[city]\nfolder = "{made.folder}"\n')
    seen = {"far": 0, "merged": 0, "orders": 0, "others": 0}
    with centre:
        assert attribution in centre.said() and attribution in centre.get("/v1/roads")[1]
        units = {
            unit["name"]: unit for unit in json.loads(centre.get("/v1/units?limit=1000")[1])["items"] if "desk" not in unit["name"]
        }
        free = set(units)
        for number in range(CALLS):
            lat, lon = drawn.choice(places)
            # Beside the road, not on it.
            lat, lon = round(lat + drawn.uniform(-0.0015, 0.0015), 7), round(lon + drawn.uniform(-0.0015, 0.0015), 7)
            kind = drawn.choice(sorted(KINDS))
            line, capability = KINDS[kind]
            call = {"key": f"k-{number}", "line": line, "lat": lat, "lon": lon, "datum": "wgs84", "kind": kind, "text": "…"}
            decision = post_call(centre, call).json()
            if decision["merged"]:
                seen["merged"] += 1
                continue
            (order,) = [order for order in decision["orders"] if order["unit"] in units]
            told = json.loads(centre.get(f"/v1/explain/{order['order']}?lang=en")[1])
            assert told["capability"] == capability
            seen["others"] += held(roads, units, free, told, (lat, lon))
            seen["far"] += not told["candidates"][0]["by_road"]
            seen["orders"] += 1
            assert told["attribution"] == (attribution or None)
            assert attribution in told["words"] and " way " in told["words"]
            free.discard(order["unit"])
        centre.assert_unharmed()
        stats = centre.stats()
    assert seen["orders"] > CALLS // 2 and seen["others"] > 0, seen
    assert centre.hash_at(stats["sequence"]) == stats["hash"], "a replay decides by the same map"
    records, objects = centre.export()
    assert not check(read(json.dumps(record, ensure_ascii=False) for record in records), Objects(objects), 10)


def held(roads: Roads, units: dict, free: set[str], told: dict, goal: tuple[float, float]) -> bool:
    """Holds one order against the way of everybody who was free; whether another was nearer by the straight line."""
    profile = SIREN if told["priority"] <= 2 else NORMAL
    to = roads.position({"lat_e7": round(goal[0] * 1e7), "lon_e7": round(goal[1] * 1e7)})
    able = [name for name in free if told["capability"] in units[name]["capabilities"]]
    if to is None:
        assert not any(it["by_road"] for it in told["candidates"])
        return False
    times = {}
    for name in able:
        at = units[name]["position"]
        start = roads.position({"lat_e7": round(at["lat"] * 1e7), "lon_e7": round(at["lon"] * 1e7)})
        assert start is not None, f"{name} is far from every road"
        # A map may lead everybody everywhere with sirens, and not without.
        times[name] = roads.time_ms(profile, start, to, FOREVER)
    best = min(ms for ms in times.values() if ms is not None)
    sent = told["unit"]
    assert times[sent] == best == round(told["road_s"] * 1000), (sent, times[sent], best, told["road_s"])
    assert told["turnout_s"] == TURNOUT_S[told["capability"]]
    for other in told["candidates"]:
        if other["unit"] in times and times[other["unit"]] is not None:
            assert round(other["road_s"] * 1000) == times[other["unit"]], other
    return metres(units[sent], goal) > min(metres(units[name], goal) for name in able)


def metres(unit: dict, goal: tuple[float, float]) -> float:
    """Straight, good enough to compare."""
    at = unit["position"]
    return ((at["lat"] - goal[0]) ** 2 + ((at["lon"] - goal[1]) * 0.8) ** 2) ** 0.5 * 111_195

