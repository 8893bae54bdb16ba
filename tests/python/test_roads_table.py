"""`liandong roads table` and `nearest` against the oracle: random pairs on every network of ../shared/data, exact to the millisecond.

10 000 pairs a network and profile, less than a minute in all. For others:

    ROAD_PAIRS=1000000 ROAD_SEED=2 target/python/bin/python -m pytest -s tests/python/test_roads_table.py
"""

import csv
import io
import math
import os
import pathlib
import random
import subprocess

import pytest
from road_maps import NAMES, RoadMap, built
from road_oracle import routes
from road_oracle.network import NORMAL, SIREN, Network
from running_centre import binary, liandong

PAIRS = int(os.environ.get("ROAD_PAIRS", "10000"))
SEED = int(os.environ.get("ROAD_SEED", "1"))
PROFILES = {NORMAL: "normal", SIREN: "siren"}

Way = tuple[int, int] | None


@pytest.fixture(autouse=True, scope="module")
def table_is_there() -> None:
    """Skips, with one line, until the command is there."""
    known = subprocess.run([binary("liandong"), "roads", "table", "--help"], capture_output=True, timeout=60)
    if known.returncode != 0:
        if os.environ.get("CI") == "true":
            pytest.fail("`liandong roads table` is missing, and CI=true skips nothing")
        pytest.skip("`liandong roads table` is not there yet")


def alone(network: Network, profile: int) -> list[int]:
    """The nodes that a point names: no other at their place, and on a road of the profile, or it snaps to the next one."""
    at: dict[tuple[int, int], list[int]] = {}
    for node, point in network.points.items():
        at.setdefault(point, []).append(node)
    driven = {node for edge in network.edges if edge.ms(profile) is not None for node in (edge.start, edge.end)}
    return sorted(nodes[0] for nodes in at.values() if len(nodes) == 1 and nodes[0] in driven)


def degrees(e7: int) -> str:
    """1e-7 degrees as degrees."""
    return f"{'-' if e7 < 0 else ''}{abs(e7) // 10**7}.{abs(e7) % 10**7:07}"


def thousandths(text: str) -> int:
    """Three decimals as a whole number."""
    whole, fraction = text.split(".")
    assert len(fraction) == 3, text
    return int(whole + fraction)


def places(road_map: RoadMap, nodes: list[int], file: pathlib.Path) -> str:
    """A file with the places of these nodes."""
    rows = [",".join(map(degrees, road_map.oracle.points[node])) for node in nodes]
    file.write_text("\n".join(["lat,lon", *rows]) + "\n", encoding="utf-8")
    return str(file)


def table(road_map: RoadMap, profile: int, origins: list[int], goals: list[int], folder: pathlib.Path) -> dict[tuple[int, int], Way]:
    """What the product says: (milliseconds, millimetres) from each origin to each goal."""
    files = [places(road_map, nodes, folder / f"{name}.csv") for name, nodes in (("from", origins), ("to", goals))]
    arguments = ["--from", files[0], "--to", files[1], "--profile", PROFILES[profile]]
    out = liandong("roads", "table", str(road_map.roads), *arguments).stdout
    found: dict[tuple[int, int], Way] = {}
    for row in csv.DictReader(io.StringIO(out)):
        pair = origins[int(row["from"])], goals[int(row["to"])]
        found[pair] = (thousandths(row["seconds"]), thousandths(row["metres"])) if row["seconds"] else None
    return found


def compare(ours: dict[tuple[int, int], Way], theirs: dict[tuple[int, int], Way], what: str) -> None:
    """All pairs, the first that differ named."""
    assert ours.keys() == theirs.keys()
    wrong = [(pair, ours[pair], theirs[pair]) for pair in ours if ours[pair] != theirs[pair]]
    assert not wrong, f"{what}: {len(wrong)} of {len(ours)} differ; (from, to), ours, the oracle's: {wrong[:5]}"
    ways = sum(way is not None for way in theirs.values())
    print(f"{what}: {len(ours)} pairs equal, {ways} of them with a way")


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", NAMES)
def test_random_pairs_are_exact(shared_data: pathlib.Path, tmp_path: pathlib.Path, name: str, profile: int) -> None:
    """Seconds and metres of random pairs, nodes drawn by a seed."""
    road_map = built(shared_data, name)
    draw = random.Random(f"{SEED} {name} {profile}")
    nodes = alone(road_map.oracle, profile)
    count = min(len(nodes), math.isqrt(PAIRS))
    origins, goals = draw.sample(nodes, count), draw.sample(nodes, min(len(nodes), -(-PAIRS // count)))
    theirs = routes.Routes(road_map.oracle, profile).table(origins, goals)
    ours = table(road_map, profile, origins, goals, tmp_path)
    # Within the strong part the siren gets from anywhere to anywhere, but for bans over ways.
    assert profile == NORMAL or all(theirs.values())
    compare(ours, theirs, f"{name}, {PROFILES[profile]}, seed {SEED}")


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", ["baltimore", "helsinki-centre", "monaco-osrm"])
def test_turn_restrictions_are_obeyed(shared_data: pathlib.Path, tmp_path: pathlib.Path, name: str, profile: int) -> None:
    """From before each banned turn to behind it; without the bans some of these ways would be other ones."""
    road_map = built(shared_data, name)
    network = road_map.oracle
    single = set(alone(network, profile))
    origins = {network.edges[ban.edges[0]].start for ban in network.bans} & single
    goals = {network.edges[ban.edges[-1]].end for ban in network.bans} & single
    asked = sorted(origins), sorted(goals)
    theirs = routes.Routes(network, profile).table(*asked)
    without = routes.Routes(Network(network.points, network.edges, []), profile).table(*asked)
    assert theirs != without, "no restriction makes any difference: nothing is shown"
    compare(table(road_map, profile, *asked, tmp_path), theirs, f"{name}, {PROFILES[profile]}, around its bans")


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", ["monaco-osrm", "ems-auckland"])
def test_the_nearest_are_those_of_the_table(shared_data: pathlib.Path, tmp_path: pathlib.Path, name: str, profile: int) -> None:
    """Ranks, ties (the row that stands first), units far from every road, and more asked for than there are."""
    road_map = built(shared_data, name)
    nodes = random.Random(f"{SEED} nearest {name} {profile}").sample(alone(road_map.oracle, profile), 60)
    units, goals = [*nodes[:40], *nodes[:10]], nodes[40:]
    rows = [",".join([f"u{number}", *map(degrees, road_map.oracle.points[node])]) for number, node in enumerate(units)]
    (tmp_path / "units.csv").write_text("\n".join(["id,lat,lon", *rows, "far,0.0,0.0"]) + "\n", encoding="utf-8")
    to = places(road_map, goals, tmp_path / "to.csv")
    theirs = routes.Routes(road_map.oracle, profile).table(sorted(set(units)), goals)
    arguments = [str(road_map.roads), "--units", str(tmp_path / "units.csv"), "--to", to, "--profile", PROFILES[profile]]
    for k in (1, 5, 4_294_967_295):
        said: dict[int, list[tuple[int, str, int, int]]] = {number: [] for number in range(len(goals))}
        for row in csv.DictReader(io.StringIO(liandong("roads", "nearest", *arguments, "--k", str(k)).stdout)):
            if row["unit"]:
                told = (int(row["rank"]), row["unit"], thousandths(row["seconds"]), thousandths(row["metres"]))
                said[int(row["to"])].append(told)
        for number, goal in enumerate(goals):
            ways = ((theirs[unit, goal], place) for place, unit in enumerate(units))
            coming = sorted((way[0], place, way[1]) for way, place in ways if way is not None)[:k]
            wanted = [(rank, f"u{place}", ms, mm) for rank, (ms, place, mm) in enumerate(coming, start=1)]
            assert said[number] == wanted, f"{name}, {PROFILES[profile]}, seed {SEED}, k {k}, to row {number}"
