"""Closures, slow roads, floods and the hour (C7), on the real binary: every order held against a Dijkstra of the test."""

import asyncio
import json
import pathlib
import random
import threading
import time
from typing import Any, Iterator

import pytest
from checker.book import check
from checker.export import read
from checker.objects import Objects
from http_client import Answer, ask, post_call
from json_client import connected
from running_centre import REPOSITORY, RunningCentre
from test_by_road import BRIDGE, EAST, NORTH, RIVER, SIDE, Edges, city, place, streets, times_to

PLAN = REPOSITORY / "engine/src/plan/default.toml"
Pair = tuple[int, int]


def change(centre: RunningCentre, key: str | None = None, **fields: Any) -> Answer:
    """Says something of the roads."""
    more = {"Idempotency-Key": key} if key else None
    return ask(centre, "POST", "/v1/roads/changes", json.dumps(fields).encode(), more=more)


def roads(centre: RunningCentre) -> dict[str, Any]:
    """What holds on the roads."""
    return json.loads(centre.get("/v1/roads")[1])


class Town:
    """A grid with a river and one bridge, what holds on its streets, and the crews that are free."""

    def __init__(self, folder: pathlib.Path, seed: int, calls: int) -> None:
        drawn = random.Random(seed + 300)
        self.edges = streets(seed)
        crews = drawn.sample(sorted(self.edges), calls + 30)
        self.free = set(crews)
        self.goals = iter(drawn.sample([node for node in self.edges if node not in self.free], calls))
        self.folder = city(folder, self.edges, crews)
        self.closed: set[Pair] = set()
        self.slow: dict[Pair, int] = {}

    def now(self) -> Edges:
        """The streets as they are now: half up once, by thousandths."""
        return {
            node: [
                (other, (ms * self.slow.get((node, other), 1000) + 500) // 1000)
                for other, ms in others
                if (node, other) not in self.closed
            ]
            for node, others in self.edges.items()
        }

    def call(self, centre: RunningCentre) -> str:
        """Somebody calls, and who is there first is sent; the incident."""
        goal = next(self.goals)
        lat, lon = place(goal)
        call = {"key": f"k-{goal}", "line": "120", "lat": lat, "lon": lon, "datum": "wgs84", "kind": "chest_pain"}
        decision = post_call(centre, call | {"text": "胸口疼"}).json()
        (order,) = [order for order in decision["orders"] if order["unit"].startswith("crew-")]
        sent = int(order["unit"].removeprefix("crew-"))
        times = times_to(self.now(), goal)
        best = min(times[crew] for crew in self.free if crew in times)
        assert times.get(sent) == best, f"{goal}: {sent} takes {times.get(sent)} ms, somebody else {best}"
        told = json.loads(centre.get(f"/v1/explain/{order['order']}")[1])
        assert round(told["road_s"] * 1000) == best, told
        self.free.discard(sent)
        return str(decision["incident"])

    def call_and_close(self, centre: RunningCentre) -> None:
        """The same, and it is over at once: the crew is free where it was."""
        before = set(self.free)
        incident = self.call(centre)
        assert ask(centre, "POST", f"/v1/incidents/{incident}/close", b"").status == 200
        self.free = before

    def streets_of(self, count: int, seed: int) -> list[Pair]:
        """Some streets away from the edge of town, so that everything can still be reached."""
        inner = [
            (node, other)
            for node, others in self.edges.items()
            for other, _ in others
            if all(0 < each % SIDE < SIDE - 1 and 0 < each // SIDE < SIDE - 1 for each in (node, other))
        ]
        return random.Random(seed).sample(inner, count)


@pytest.fixture
def town(tmp_path: pathlib.Path) -> Town:
    """A town of its own for each test."""
    return Town(tmp_path, 5, 40)


@pytest.fixture
def centre(tmp_path: pathlib.Path, town: Town) -> Iterator[RunningCentre]:
    """A centre on the town."""
    with RunningCentre(tmp_path / "centre", "wall", f'[city]\nfolder = "{town.folder}"\n') as running:
        yield running


def test_each_change_decides_from_its_answer_on_and_outlives_a_kill(centre: RunningCentre, town: Town) -> None:
    """Streets close, slow down, go under water and open again, between calls; a crash in their midst changes nothing."""
    town.call(centre)
    plain = roads(centre)
    assert plain["changes"] == [] and plain["attribution"] == "drawn for a test" and plain["nodes"] == SIDE * SIDE
    for number, (node, other) in enumerate(town.streets_of(8, 1)):
        assert change(centre, id=f"works-{number}", change="close", nodes=[node, other], one_way=True).status == 200
        town.closed.add((node, other))
        town.call(centre)
    for number, (node, other) in enumerate(town.streets_of(6, 2)):
        slow = change(centre, id=f"slow-{number}", change="slow", nodes=[node, other], percent=350, one_way=True)
        assert slow.status == 200, slow.body
        town.slow[(node, other)] = 3500
        town.call(centre)
    # The middle of a street names it, both ways.
    node, other = next(pair for pair in town.streets_of(60, 3) if (pair[1], pair[0]) not in town.closed)
    middle = [(one + another) / 2 for one, another in zip(place(node), place(other))]
    named = change(centre, id="by-place", change="close", lat=middle[0], lon=middle[1], datum="wgs84")
    assert named.status == 200, named.body
    (shown,) = [it["roads"] for it in roads(centre)["changes"] if it["id"] == "by-place"]
    assert [node, other] in shown
    town.closed |= {tuple(pair) for pair in shown}
    town.call(centre)
    before = roads(centre)["changes"]
    assert len(before) == 15
    centre.kill()
    centre.start()
    assert roads(centre)["changes"] == before, "what was answered outlives a kill"
    town.call(centre)
    # Water over the bridge: whoever is on the other bank cannot come any more.
    low, high = place(RIVER * SIDE + BRIDGE), place((RIVER + 1) * SIDE + BRIDGE)
    south, north = low[0] + NORTH / 3, high[0] - NORTH / 3
    west, east = low[1] - EAST / 3, low[1] + EAST / 3
    area = [[west, south], [east, south], [east, north], [west, north]]
    assert change(centre, id="flood", change="flood", area=area, datum="wgs84").status == 200
    bridge = (RIVER * SIDE + BRIDGE, (RIVER + 1) * SIDE + BRIDGE)
    town.closed |= {bridge, bridge[::-1]}
    for _ in range(4):
        town.call(centre)
    for number in range(8):
        assert change(centre, id=f"works-{number}", change="lift").status == 200
    assert change(centre, id="by-place", change="lift").status == 200
    town.closed = {bridge, bridge[::-1]}
    town.call(centre)
    assert change(centre, id="flood", change="lift").status == 200
    town.closed = set()
    for _ in range(3):
        town.call(centre)
    centre.assert_unharmed()
    stats = centre.stats()
    assert centre.hash_at(stats["sequence"]) == stats["hash"], "a replay decides by the same changes"
    records, objects = centre.export()
    lines = (json.dumps(record, ensure_ascii=False) for record in records)
    assert not check(read(lines), Objects(objects), 10)


def test_calls_go_on_while_roads_change(centre: RunningCentre, town: Town) -> None:
    """No call waits for a change, and none is lost: each is answered, with a crew that was searched for, and soon."""
    over, took, sent, lost = threading.Event(), [], [], []
    goals = random.Random(9)

    def calls() -> None:
        while not over.is_set():
            lat, lon = place(goals.choice(sorted(town.edges)))
            call = {"key": f"c-{len(took)}", "line": "120", "lat": lat, "lon": lon, "datum": "wgs84", "kind": "chest_pain"}
            begun = time.monotonic()
            answer = post_call(centre, call | {"text": "胸口疼"})
            took.append(time.monotonic() - begun)
            if answer.status != 200:
                lost.append(answer.body)
                continue
            decision = answer.json()
            (order,) = [order for order in decision["orders"] if order["unit"].startswith("crew-")]
            sent.append(order)
            closed = ask(centre, "POST", f"/v1/incidents/{decision['incident']}/close", b"")
            lost.extend([] if closed.status == 200 else [closed.body])

    caller = threading.Thread(target=calls)
    caller.start()
    try:
        # On a quick machine the changes are over before many have called: then more of them.
        for round_ in range(100):
            if round_ >= 10 and len(took) > 30:
                break
            for number, (node, other) in enumerate(town.streets_of(3, round_)):
                assert change(centre, id=f"works-{number}", change="close", nodes=[node, other]).status == 200
    finally:
        over.set()
        caller.join()
    assert len(took) > 30 and not lost, lost
    assert len(sent) == len(took), "each has one crew"
    assert max(took) < 2, f"a call took {max(took):.2f} s while roads changed"
    assert centre.stats()["conservation"]["accepted"] == len(took)


def test_what_cannot_be_is_refused_by_name(centre: RunningCentre, town: Town) -> None:
    """Each refusal names its field and changes nothing."""
    good = {"id": "x", "change": "close", "nodes": [0, 1]}
    for fields, status, field in [
        (good | {"id": ""}, 422, "id"),
        (good | {"change": "bomb"}, 422, "change"),
        (good | {"nodes": [0]}, 422, "nodes"),
        (good | {"nodes": [0, 2]}, 422, "nodes"),
        (good | {"nodes": [0, 10**30]}, 422, "nodes"),
        (good | {"nodes": None}, 422, "nodes"),
        (good | {"lat": 28.8, "lon": 120.7, "datum": "wgs84"}, 422, "nodes"),
        (good | {"nodes": None, "lat": 28.8, "lon": 120.7}, 422, "datum"),
        (good | {"nodes": None, "lat": 29.8, "lon": 120.7, "datum": "wgs84"}, 422, "lat"),
        (good | {"percent": 200}, 422, "percent"),
        (good | {"nodes": [0, 1] * 260}, 422, "nodes"),
        (good | {"nodes": None, "lat": 28.8, "lon": 120.7, "datum": "wgs84", "one_way": True}, 422, "one_way"),
        (good | {"change": "slow"}, 422, "percent"),
        (good | {"change": "slow", "percent": 50}, 422, "percent"),
        ({"id": "x", "change": "flood", "area": [[0, 0], [1, 1]], "datum": "wgs84"}, 422, "area"),
        ({"id": "x", "change": "flood", "area": [[0, 0], [1, 1], [2, 2]], "datum": "wgs84"}, 422, "area"),
        ({"id": "x", "change": "flood", "area": [[0, 0], [1, 1], [2, 500]], "datum": "wgs84"}, 422, "area"),
        ({"id": "x", "change": "lift"}, 404, "id"),
    ]:
        refused = change(centre, **fields)
        assert (refused.status, refused.json().get("field")) == (status, field), (fields, refused.body)
    assert roads(centre)["changes"] == []
    first = change(centre, key="once", **good)
    assert first.status == 200 and change(centre, key="once", **good).body == first.body
    assert change(centre, key="once", **(good | {"one_way": True})).status == 409
    assert len(roads(centre)["changes"]) == 1
    repeats: list[Answer] = []
    lift = lambda: repeats.append(change(centre, key="lift", id="x", change="lift"))
    lifters = [threading.Thread(target=lift) for _ in range(4)]
    for lifter in lifters:
        lifter.start()
    for lifter in lifters:
        lifter.join()
    assert {(answer.status, answer.body) for answer in repeats} == {(200, repeats[0].body)}, "one act, however often"
    assert change(centre, **good).status == 200
    town.closed |= {(0, 1), (1, 0)}
    town.call(centre)


def test_without_roads_there_is_nothing_to_change(tmp_path: pathlib.Path, town: Town) -> None:
    """A centre that goes by straight line says so."""
    folder = tmp_path / "bare"
    folder.mkdir()
    for file in town.folder.iterdir():
        if file.name != "city.roads":
            (folder / file.name).write_bytes(file.read_bytes())
    with RunningCentre(tmp_path / "centre", "wall", f'[city]\nfolder = "{folder}"\n') as bare:
        assert roads(bare)["map"] is None
        refused = change(bare, id="x", change="close", nodes=[0, 1])
        assert refused.status == 404 and "city.roads" in refused.json()["detail"]


def with_traffic(*rules: str) -> bytes:
    """The plan with factors of the hour."""
    return (PLAN.read_text(encoding="utf-8") + "".join(f"\n[[traffic]]\n{rule}\n" for rule in rules)).encode()


def test_the_hour_of_another_plan_holds_within_seconds(centre: RunningCentre, town: Town) -> None:
    """On the wall's clock the hour is watched beside the writer; closures stay."""
    node, other = town.streets_of(1, 1)[0]
    assert change(centre, id="works", change="close", nodes=[node, other], one_way=True).status == 200
    town.closed.add((node, other))
    town.call(centre)
    closed = roads(centre)["bulletin"]
    # The map's classes are all `other`.
    plan = with_traffic('from_hour = 0\nto_hour = 24\nclasses = ["other"]\nsiren_percent = 250\nnormal_percent = 400')
    assert ask(centre, "PUT", "/v1/plans", plan).status == 200
    until = time.monotonic() + 20
    while roads(centre)["bulletin"] == closed and time.monotonic() < until:
        time.sleep(0.1)
    assert roads(centre)["hour"] == {"normal": {"other": 400.0}, "siren": {"other": 250.0}}
    town.slow = {(node, other): 2500 for node, others in town.edges.items() for other, _ in others}
    town.call(centre)
    centre.kill()
    centre.start()
    town.call(centre)
    stats = centre.stats()
    assert centre.hash_at(stats["sequence"]) == stats["hash"]


def test_a_driven_centre_goes_by_the_hour_of_its_own_time(tmp_path: pathlib.Path, town: Town) -> None:
    """Two runs of the same come to the same state; the factors hold from their hour on, and not longer."""
    plan = tmp_path / "plan.toml"
    plan.write_bytes(with_traffic('from_hour = 8\nto_hour = 9\nsiren_percent = 150'))
    settings = f'[city]\nfolder = "{town.folder}"\n[plan]\nfile = "{plan}"\n'
    slow = {(node, other): 1500 for node, others in town.edges.items() for other, _ in others}
    goals, free, hashes = list(town.goals), set(town.free), []
    for run in range(2):
        town.goals, town.free = iter(goals), set(free)
        with RunningCentre(tmp_path / f"driven-{run}", "driven", settings) as driven:
            for clock, factors in [("07:59:59", {}), ("08:00:00", slow), ("08:59:59", slow), ("09:00:00", {})]:
                asyncio.run(advance(driven, f"2026-11-23T{clock}+08:00"))
                town.slow = factors
                town.call_and_close(driven)
            closed = change(driven, id="x", change="close", nodes=[0, 1])
            assert closed.status == 200 and roads(driven)["bulletin"] == closed.json()["hash"]
            town.closed = {(0, 1), (1, 0)}
            asyncio.run(advance(driven, "2026-11-24T08:30:00+08:00"))
            town.slow = slow
            town.call_and_close(driven)
            town.closed = set()
            stats = driven.stats()
            hashes.append((stats["sequence"], stats["hash"]))
            driven.stop()
            assert driven.hash_at(stats["sequence"]) == stats["hash"]
    assert hashes[0] == hashes[1]


async def advance(centre: RunningCentre, to: str) -> None:
    """Moves a driven centre's time."""
    async with connected(centre.quic_port) as connection:
        answer = await connection.open().answer(advance={"to": to})
        assert "advanced" in answer, answer
