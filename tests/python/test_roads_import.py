"""The import of road networks against the oracle: the same nodes, edges, times and banned turns, from the same raw files."""

import os
import pathlib
import random
import re
import time
import tomllib
from collections import Counter
from fractions import Fraction

import pytest
from checker.roads import Roads
from made_extract import town
from road_maps import EXTRACTS, NAMES, built
from road_oracle import osm, prepared, raw, routes
from road_oracle.network import NORMAL, SIREN, Ban, Edge, Network, strong_part
from running_centre import liandong

TOWNS = int(os.environ.get("ROAD_TOWNS", "60"))
RESTRICTIONS = {"baltimore": 3, "helsinki-centre": 45, "monaco-osrm": 27}
# What the folder's README says of the tables: nodes, edges read.
SIZES = {"ems-auckland": (54_370, 90_638), "ems-manhattan": (16_811, 24_437), "roads-nanchang": (2_067, 6_082)}


def counted(report: str, words: str) -> int:
    """The count of one finding in a report."""
    match = re.search(rf"^\w+ +(\d+)  {re.escape(words)}", report, re.MULTILINE)
    return int(match[1]) if match else 0


def sequences(network: Network) -> Counter[tuple[tuple[Edge, ...], tuple[bool, bool]]]:
    """The bans by what they lead over."""
    merged: dict[tuple[int, ...], tuple[bool, bool]] = {}
    for ban in network.bans:
        before = merged.get(ban.edges, (False, False))
        merged[ban.edges] = (ban.holds[0] or before[0], ban.holds[1] or before[1])
    return Counter((tuple(network.edges[edge] for edge in edges), holds) for edges, holds in merged.items())


def useful(network: Network) -> tuple[Counter[Edge], Network]:
    """The edges without those that another one of the same ends makes needless in every way."""
    best: dict[tuple[int, int], list[Edge]] = {}
    banned = {network.edges[edge] for ban in network.bans for edge in ban.edges}

    def key(edge: Edge) -> tuple[float, int, int]:
        return float("inf") if edge.normal is None else edge.normal, edge.siren, edge.mm

    for edge in network.edges:
        best.setdefault((edge.start, edge.end), []).append(edge)
    kept: Counter[Edge] = Counter()
    for group in best.values():
        for edge in dict.fromkeys(group):
            rivals = [other for other in dict.fromkeys(group) if other != edge and other not in banned]
            if not any(all(a <= b for a, b in zip(key(other), key(edge))) for other in rivals):
                kept[edge] += 1
    return kept, network


@pytest.mark.parametrize("name", NAMES)
def test_the_import_is_what_the_oracle_reads(shared_data: pathlib.Path, name: str) -> None:
    """Every node, every edge that can matter, every ban."""
    road_map = built(shared_data, name)
    ours, attribution = prepared.read(road_map.roads)
    theirs = road_map.oracle
    assert ours.points == theirs.points
    assert useful(ours)[0] == useful(theirs)[0]
    assert sequences(ours) == sequences(theirs)
    if name in EXTRACTS:
        assert attribution == "© OpenStreetMap contributors"
        assert "© OpenStreetMap contributors" in road_map.report
    if name in SIZES:
        nodes, edges = SIZES[name]
        assert (counted(road_map.report, "rows of nodes"), counted(road_map.report, "rows of edges")) == (nodes, edges)
    if name in RESTRICTIONS:
        assert counted(road_map.report, "turn restrictions\n") == RESTRICTIONS[name] == theirs.notes["restrictions"]


@pytest.mark.parametrize("name", ["ems-auckland", "ems-manhattan", "roads-nanchang"])
def test_times_are_those_of_the_raw_table(shared_data: pathlib.Path, name: str) -> None:
    """The oracle and the tables that the product reads are written by one reader of the raw files; here they are read once more, by
    columns alone: days of ambulance cities, a length and a speed of Nanchang, half up to milliseconds."""
    lines = raw.text_of(shared_data / name / ("edges.csv" if name == "roads-nanchang" else "arcs.csv")).splitlines()
    begins = next(at for at, line in enumerate(lines) if line.startswith(("index,fromNode", "edge_id,from")))
    column = {title: at for at, title in enumerate(lines[begins].split(","))}
    wanted: dict[tuple[int, int], list[int]] = {}
    for line in lines[begins + 1 :]:
        cells = line.split(",")
        if not cells[0]:
            break
        if name == "roads-nanchang":
            seconds = Fraction(cells[column["length_m"]]) / Fraction(cells[column["speed_mps"]])
            pair, days = (int(cells[column["from"]]), int(cells[column["to"]])), [seconds / 86_400] * 2
        else:
            pair = int(float(cells[column["fromNode"]])), int(float(cells[column["toNode"]]))
            days = [Fraction(cells[column[mode]]) for mode in ("mode_2", "mode_1")]
        times = [int(day * 86_400_000 + Fraction(1, 2)) for day in days]
        known = wanted.setdefault(pair, times)
        wanted[pair] = [min(both) for both in zip(known, times, strict=True)]
    made = Roads(built(shared_data, name).roads)
    found: dict[tuple[int, int], list[int]] = {}
    for edge, ends in enumerate(zip(made.start, made.end, strict=True)):
        pair, times = (made.names[ends[0]], made.names[ends[1]]), [made.ms[profile][edge] for profile in (NORMAL, SIREN)]
        known = found.setdefault(pair, times)
        found[pair] = [min(both) for both in zip(known, times, strict=True)]
    assert len(found) > 0.9 * len(wanted) > 1_000, "loops and islands are left out, no more"
    wrong = [(pair, times, wanted.get(pair)) for pair, times in found.items() if times != wanted.get(pair)]
    assert not wrong, wrong[:5]


@pytest.mark.parametrize("name", ["roads-nanchang", "monaco-osrm"])
def test_two_builds_give_the_same_bytes(shared_data: pathlib.Path, tmp_path: pathlib.Path, name: str) -> None:
    """And the second is written over the first without harm to it."""
    road_map = built(shared_data, name)
    again = tmp_path / "again.roads"
    if name in EXTRACTS:
        source = [str(shared_data / "roads-osm" / f"{name}.osm.pbf")]
    else:
        tables = road_map.roads.with_suffix(".csv")
        source = ["--nodes", str(tables / "nodes.csv"), "--edges", str(tables / "edges.csv")]
    for _ in range(2):
        liandong("roads", "build", *source, "-o", str(again))
        assert again.read_bytes() == road_map.roads.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["again.roads"]


@pytest.mark.parametrize("profile", [NORMAL, SIREN])
@pytest.mark.parametrize("name", ["helsinki-centre", "monaco-osrm", "roads-nanchang"])
def test_the_oracle_agrees_with_itself(shared_data: pathlib.Path, name: str, profile: int) -> None:
    """scipy's Dijkstra and the page of Python, with turn restrictions, find the same."""
    network = built(shared_data, name).oracle
    found = routes.Routes(network, profile)
    nodes = sorted(network.points)
    origins, goals = nodes[:: len(nodes) // 3][:3], nodes[:: len(nodes) // 50]
    table = found.table(origins, goals)
    for origin in origins:
        by_hand = found.by_hand(origin)
        assert {goal: table[origin, goal] for goal in goals} == {goal: by_hand.get(goal) for goal in goals}


def test_made_up_towns_are_read_alike(tmp_path: pathlib.Path) -> None:
    """Every rule of docs/roads.md with values good, odd and wrong: product and oracle read the same roads, times and bans."""
    config = tomllib.loads(liandong("roads", "speeds").stdout)
    extract, out = tmp_path / "town.osm.pbf", tmp_path / "town.roads"
    edges = bans = over_ways = 0
    for seed in range(TOWNS):
        extract.write_bytes(town(seed))
        liandong("roads", "build", str(extract), "-o", str(out))
        ours, _ = prepared.read(out)
        theirs = strong_part(osm.network(extract, config))
        assert ours.points == theirs.points, f"town {seed}"
        assert useful(ours)[0] == useful(theirs)[0], f"town {seed}"
        assert sequences(ours) == sequences(theirs), f"town {seed}"
        edges += len(ours.edges)
        bans += len(ours.bans)
        over_ways += sum(len(ban.edges) > 2 for ban in ours.bans)
    assert edges > 50 * TOWNS and bans > 5 * TOWNS and over_ways > TOWNS, "these towns say too little"
    print(f"{TOWNS} towns: {edges} edges, {bans} bans, {over_ways} of them over ways")


def test_a_ban_over_a_way_binds_the_oracle() -> None:
    """Three edges that may not be driven in a row; the way round is longer."""
    points = {node: (0, node) for node in range(5)}
    edges = [Edge(0, 1, 1, 1, 1), Edge(1, 2, 1, 1, 1), Edge(2, 3, 1, 1, 1), Edge(1, 4, 1, 5, 5), Edge(4, 2, 1, 5, 5)]
    free = routes.Routes(Network(points, edges, []), SIREN).table([0], [3])
    bound = routes.Routes(Network(points, edges, [Ban((0, 1, 2), (False, True))]), SIREN).table([0, 1], [3])
    assert free[0, 3] == (3, 3)
    assert bound[0, 3] == (12, 4)
    assert bound[1, 3] == (2, 2), "who does not come from 0 may"
    normal = routes.Routes(Network(points, edges, [Ban((0, 1, 2), (False, True))]), NORMAL).table([0], [3])
    assert normal[0, 3] == (3, 3)


def test_three_hundred_thousand_nodes_are_built_in_minutes_and_within_four_gigabytes(tmp_path: pathlib.Path) -> None:
    """Streets both ways, a block of 100 to 200 m each, every tenth an artery three times as quick; what it took is printed, and with `-s` here too."""
    side, drawn = 550, random.Random(3)
    nodes, edges = tmp_path / "nodes.csv", tmp_path / "edges.csv"
    with open(nodes, "w", encoding="utf-8") as file:
        file.write("id,lat,lon\n")
        for node in range(side * side):
            row, column = divmod(node, side)
            file.write(f"{node},{28 + row * 0.0013:.7f},{120 + column * 0.0015:.7f}\n")
    with open(edges, "w", encoding="utf-8") as file:
        file.write("from,to,metres,seconds\n")
        for node in range(side * side):
            row, column = divmod(node, side)
            beside = [(node + 1, row)] if column + 1 < side else []
            above = [(node + side, column)] if row + 1 < side else []
            for other, street in beside + above:
                metres, quick = drawn.randrange(100, 200), 15 if street % 10 == 0 else 5
                file.write(f"{node},{other},{metres},{metres / quick:.3f}\n{other},{node},{metres},{metres / quick:.3f}\n")
    begun = time.monotonic()
    built = liandong("roads", "build", "--nodes", str(nodes), "--edges", str(edges), "-o", str(tmp_path / "grid.roads"))
    took = re.search(r"took ([0-9.]+) s and at most (\d+) MiB of memory; opening and checking the map took ([0-9.]+) ms", built.stderr)
    assert took, built.stderr
    assert f"looking for the contraction order of {side * side} nodes" in built.stderr, "the long part says that it is one"
    print(f"{side * side} nodes: {took[0]}; {(tmp_path / 'grid.roads').stat().st_size >> 20} MiB")
    assert float(took[1]) <= time.monotonic() - begun < 300 and int(took[2]) < 4_096
