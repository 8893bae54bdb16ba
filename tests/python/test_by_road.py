"""Nearest is by the road (C7), on the real binary: a map of one's own, and every order held against a Dijkstra of this file."""

import heapq
import json
import pathlib
import random

import pytest
from checker.book import check
from checker.export import read
from checker.objects import Objects
from http_client import post_call
from running_centre import RunningCentre, liandong

# Streets every half kilometre about 28.85° north; one step in degrees.
SIDE = 12
NORTH, EAST = 0.0045, 0.0051
SOUTH_WEST = (28.8, 120.7)
# A river runs between these two rows, with one bridge.
RIVER, BRIDGE = 5, 0
TURNOUT_MS = 60_000
CALLS = 30

Edges = dict[int, list[tuple[int, int]]]


def place(node: int) -> tuple[float, float]:
    """Latitude and longitude of a node, as the tables say them."""
    row, column = divmod(node, SIDE)
    return round(SOUTH_WEST[0] + row * NORTH, 7), round(SOUTH_WEST[1] + column * EAST, 7)


def streets(seed: int) -> Edges:
    """A grid whose streets are differently quick, with one-way streets among them."""
    drawn, edges = random.Random(seed), {node: [] for node in range(SIDE * SIDE)}
    for node in edges:
        row, column = divmod(node, SIDE)
        beside = [node + 1] if column + 1 < SIDE else []
        above = [node + SIDE] if row + 1 < SIDE and (row != RIVER or column == BRIDGE) else []
        for other in beside + above:
            ms = drawn.randrange(20_000, 90_000)
            edges[node].append((other, ms))
            # The edge of town can be driven both ways, so that everything can be reached.
            if drawn.random() < 0.8 or node in above or column in (0, SIDE - 1) or row in (0, SIDE - 1, RIVER, RIVER + 1):
                edges[other].append((node, ms))
    return edges


def times_to(edges: Edges, goal: int) -> dict[int, int]:
    """Milliseconds from every node to one, by the definition."""
    back: Edges = {node: [] for node in edges}
    for node, others in edges.items():
        for other, ms in others:
            back[other].append((node, ms))
    least, waiting = {goal: 0}, [(0, goal)]
    while waiting:
        so_far, node = heapq.heappop(waiting)
        for other, ms in back[node]:
            if so_far + ms < least.get(other, 1 << 60):
                least[other] = so_far + ms
                heapq.heappush(waiting, (so_far + ms, other))
    return least


def city(folder: pathlib.Path, edges: Edges, crews: list[int]) -> pathlib.Path:
    """A city folder with its map in it; the crews stand at nodes."""
    tables = folder / "tables"
    tables.mkdir(parents=True)
    nodes = "".join("{},{:.7f},{:.7f}\n".format(node, *place(node)) for node in edges)
    (tables / "nodes.csv").write_text("id,lat,lon\n" + nodes, encoding="utf-8")
    rows = [f"{node},{other},500,{ms / 1000:.3f}\n" for node, others in edges.items() for other, ms in others]
    (tables / "edges.csv").write_text("from,to,metres,seconds\n" + "".join(rows), encoding="utf-8")
    posts = "".join("post-{0},medical,{1:.7f},{2:.7f},wgs84\n".format(node, *place(node)) for node in crews)
    (tables / "posts.csv").write_text("name,agency,lat,lon,datum\n" + posts, encoding="utf-8")
    units = [f"crew-{node},medical,ambulance,post-{node},50,{TURNOUT_MS // 1000}\n" for node in crews]
    units += [f"desk-{agency},{agency},desk_{agency},post-{crews[0]},0,0\n" for agency in ("medical", "police")]
    (tables / "units.csv").write_text("name,agency,capabilities,post,speed_kmh,turnout_s\n" + "".join(units), encoding="utf-8")
    made = folder / "city"
    liandong("city", "import", str(made), "--name", "grid", "--posts", f"{tables}/posts.csv", "--units", f"{tables}/units.csv")
    built = ["--nodes", f"{tables}/nodes.csv", "--edges", f"{tables}/edges.csv", "-o", f"{made}/city.roads"]
    liandong("roads", "build", *built, "--attribution", "drawn for a test")
    return made


@pytest.mark.parametrize("seed", [1, 2])
def test_every_order_goes_to_who_is_there_first_by_the_road(tmp_path: pathlib.Path, seed: int) -> None:
    """Each call takes one crew until none is left near it; a restart in between changes nothing."""
    edges, drawn = streets(seed), random.Random(seed + 100)
    crews = drawn.sample(sorted(edges), CALLS + 10)
    goals = drawn.sample([node for node in edges if node not in crews], CALLS)
    folder = city(tmp_path, edges, crews)
    centre = RunningCentre(tmp_path / "centre", "wall", f'[city]\nfolder = "{folder}"\n')
    free, by_metres = set(crews), 0
    with centre:
        for number, goal in enumerate(goals):
            if number == CALLS // 2:
                centre.kill()
                centre.start()
            lat, lon = place(goal)
            call = {"key": f"k-{number}", "line": "120", "lat": lat, "lon": lon, "datum": "wgs84", "kind": "chest_pain"}
            decision = post_call(centre, call | {"text": "胸口疼"}).json()
            assert not decision["merged"], decision
            (order,) = [order for order in decision["orders"] if order["unit"].startswith("crew-")]
            times = times_to(edges, goal)
            best = min(times[crew] for crew in free)
            sent = int(order["unit"].removeprefix("crew-"))
            assert times[sent] == best, f"{goal}: {sent} takes {times[sent]} ms, somebody else {best}"
            told = json.loads(centre.get(f"/v1/explain/{order['order']}")[1])
            assert (round(told["road_s"] * 1000), told["turnout_s"]) == (best, TURNOUT_MS / 1000)
            assert all(it["by_road"] for it in told["candidates"] if it["unit"].startswith("crew-")), told
            row, column = divmod(goal, SIDE)
            steps = {crew: (abs(crew // SIDE - row) ** 2 + abs(crew % SIDE - column) ** 2) for crew in free}
            by_metres += steps[sent] > min(steps.values())
            free.discard(sent)
        centre.assert_unharmed()
        stats = centre.stats()
    assert by_metres >= 3, "on this map metres and minutes ought to differ"
    assert centre.hash_at(stats["sequence"]) == stats["hash"], "a replay decides by the same map"
    records, objects = centre.export()
    lines = (json.dumps(record, ensure_ascii=False) for record in records)
    assert not check(read(lines), Objects(objects), 10)


def test_a_map_of_a_part_of_the_city_is_said_and_served(tmp_path: pathlib.Path) -> None:
    """`check` counts who is far from every road; they come by straight line, the others by the road."""
    edges, far = streets(3), SIDE * 90
    made = city(tmp_path, edges, [0, 5, SIDE * SIDE - 1, far])
    said = liandong("city", "check", str(made)).stdout
    assert "1 of 4 vehicles far from every one" in said, said
    with RunningCentre(tmp_path / "centre", "wall", f'[city]\nfolder = "{made}"\n') as centre:
        for goal, crew, by_road in [(far, f"crew-{far}", False), (SIDE + 5, "crew-5", True)]:
            lat, lon = place(goal)
            call = {"key": f"k-{goal}", "line": "120", "lat": lat, "lon": lon, "datum": "wgs84", "kind": "chest_pain"}
            decision = post_call(centre, call | {"text": "胸口疼"}).json()
            (order,) = [order for order in decision["orders"] if order["unit"].startswith("crew-")]
            assert order["unit"] == crew
            told = json.loads(centre.get(f"/v1/explain/{order['order']}")[1])["candidates"]
            assert [it["by_road"] for it in told if it["unit"] == crew] == [by_road], told
        centre.assert_unharmed()


def test_a_map_of_another_place_and_a_damaged_one_are_refused(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`check` says which file is wrong and what would be right, before anything starts."""
    monkeypatch.setitem(globals(), "SOUTH_WEST", (30.0, 118.0))
    edges = streets(3)
    made = city(tmp_path, edges, [0, 1])
    config = tmp_path / "centre.toml"
    config.write_text('[city]\nseed = 1\nroads = "city/city.roads"\n', encoding="utf-8")
    with pytest.raises(AssertionError, match="the map is of another place"):
        liandong("check", "--config", str(config))
    config.write_text('[city]\nfolder = "city"\n', encoding="utf-8")
    good = liandong("check", "--config", str(config))
    assert "144 nodes" in good.stdout and "drawn for a test" in good.stdout
    bytes_ = bytearray((made / "city.roads").read_bytes())
    bytes_[len(bytes_) // 2] ^= 1
    (made / "city.roads").write_bytes(bytes_)
    with pytest.raises(AssertionError, match="city.roads: .*build the map again"):
        liandong("check", "--config", str(config))
