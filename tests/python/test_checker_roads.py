"""The checker's own ways by the road against the oracle's, banned turns and barriers minded; and its places, against the product's."""

import pathlib
import random

import pytest
import road_maps
from checker.bulletin import touches
from checker.roads import WHOLE, Position, Roads
from road_oracle.routes import Routes
from running_centre import liandong

PLACES = 24
FOREVER = 2**32 - 1


@pytest.mark.parametrize("name", ["monaco-osrm", "helsinki-centre"])
@pytest.mark.parametrize("profile", [0, 1])
def test_ways_between_nodes_are_the_oracles(shared_data: pathlib.Path, name: str, profile: int) -> None:
    """Milliseconds between nodes of a map with turn restrictions."""
    made = road_maps.built(shared_data, name)
    roads, oracle = Roads(made.roads), Routes(made.oracle, profile)
    assert roads.bans, f"{name} has no banned turns"
    names = roads.names
    drawn = random.Random(5).sample(range(len(names)), 2 * PLACES)
    origins, goals = drawn[:PLACES], drawn[PLACES:]
    table = oracle.table([names[node] for node in origins], [names[node] for node in goals])
    for origin in origins:
        for goal in goals:
            known = table[names[origin], names[goal]]
            found = roads.time_ms(profile, at(roads, origin), at(roads, goal), FOREVER)
            assert found == (known and known[0]), (origin, goal, found, known)


def at(roads: Roads, node: int) -> Position:
    """A node, as the end of some edge."""
    return Position(roads.arriving[node][0], WHOLE)


@pytest.mark.parametrize("profile", ["normal", "siren"])
def test_ways_between_places_are_the_products(shared_data: pathlib.Path, tmp_path: pathlib.Path, profile: str) -> None:
    """Places beside the roads, brought onto them by both: `roads table` says seconds with three decimals."""
    made = road_maps.built(shared_data, "monaco-osrm")
    roads, drawn = Roads(made.roads), random.Random(6)
    places = []
    for _ in range(2 * PLACES):
        node = drawn.randrange(len(roads.lat))
        places.append((roads.lat[node] + drawn.randrange(-9_000, 9_000), roads.lon[node] + drawn.randrange(-9_000, 9_000)))
    for file, part in (("from", places[:PLACES]), ("to", places[PLACES:])):
        rows = "".join(f"{lat / 1e7:.7f},{lon / 1e7:.7f}\n" for lat, lon in part)
        (tmp_path / file).write_text("lat,lon\n" + rows, encoding="utf-8")
    asked = ["--from", str(tmp_path / "from"), "--to", str(tmp_path / "to"), "--profile", profile]
    told = liandong("roads", "table", str(made.roads), *asked).stdout.splitlines()[1:]
    assert len(told) == PLACES * PLACES
    number = ("normal", "siren").index(profile)
    for row in told:
        start, goal, seconds, _ = row.split(",")
        pair = (places[int(start)], places[PLACES + int(goal)])
        ends = [roads.position(number, {"lat_e7": lat, "lon_e7": lon}) for lat, lon in pair]
        found = None
        if ends[0] is not None and ends[1] is not None:
            found = roads.time_ms(number, ends[0], ends[1], FOREVER)
        assert seconds == ("" if found is None else f"{found / 1000:.3f}"), row


def test_a_flood_closes_what_it_touches() -> None:
    """Ends within, a side crossed, a corner met; and what passes by."""
    square = [[(0, 0), (10, 0), (10, 10), (0, 10)]]
    for a, b in (((5, 5), (6, 6)), ((-5, 5), (20, 5)), ((10, 10), (20, 20)), ((0, -5), (0, 15))):
        assert touches(square, a, b), (a, b)
    for a, b in (((11, 0), (11, 10)), ((-3, 8), (2, 14)), ((-5, -5), (-1, -1))):
        assert not touches(square, a, b), (a, b)
    ring = [*square, [(2, 2), (8, 2), (8, 8), (2, 8)]]
    assert not touches(ring, (4, 4), (6, 6)), "a ring inside another is a hole"
