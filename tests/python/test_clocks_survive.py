"""Clocks and keys live through kill -9: what fell due while nobody lived fires once, in order, with its true deadline; a key
that comes again gets its first decision, and another body under it is marked.
"""

import asyncio
import pathlib
import time
from typing import Any

from calls import call, spread
from check_export import violations
from conftest import StartCentre
from json_client import connected
from running_centre import REPOSITORY, RunningCentre
from test_aioquic import advance

# The plan of the house, with clocks that a test can wait for.
ACKNOWLEDGE_SECONDS = 5
RUNG_SECONDS = 2
_PLAN = (REPOSITORY / "engine/src/plan/default.toml").read_text(encoding="utf-8")
SHORT_PLAN = (
    _PLAN.replace('clock = "acknowledge"\nseconds = 30\n', f'clock = "acknowledge"\nseconds = {ACKNOWLEDGE_SECONDS}\n')
    .replace('agencies = ["medical"]\nseconds = 60\n', 'agencies = ["medical"]\nseconds = 6\n')
    .replace("rung_s = 30", f"rung_s = {RUNG_SECONDS}")
)
CALLS = 5
BETWEEN_SECONDS = 0.2

Fired = tuple[str, str, str, str]


def events_of(records: list[dict[str, Any]], name: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each event of a name, with its record."""
    return [(record, event[name]) for record in records for event in record["events"] if name in event]


def missed(records: list[dict[str, Any]]) -> list[Fired]:
    """Each clock that ran out: when it fired, when it was due, of which order, which."""
    return [(record["at"], event["due"], event["order"], event["clock"]) for record, event in events_of(records, "clock_missed")]


def deadlines(records: list[dict[str, Any]]) -> dict[tuple[str, str], str]:
    """Every clock that was ever set, with its deadline."""
    return {
        (event["order"], clock): due
        for _, event in events_of(records, "order_issued")
        for clock, due in event["deadlines"].items()
        if due is not None
    }


async def take_calls(centre: RunningCentre) -> list[dict[str, Any]]:
    """Calls a moment apart; the crews of every second one acknowledge. Gives the decisions."""
    decisions = []
    async with connected(centre.quic_port) as connection:
        talk = connection.open()
        for number in range(CALLS):
            decisions.append(await talk.decide(call(f"clock-{number}", **spread(number * 7))))
            assert decisions[-1]["orders"]
            for order in decisions[-1]["orders"] if number % 2 else []:
                answer = await talk.answer(order={"id": order["order"], "act": "acknowledge"})
                assert "done" in answer, answer
            await asyncio.sleep(BETWEEN_SECONDS)
    return decisions


def test_clocks_that_fall_due_while_nobody_lives_fire_once_and_late(start_centre: StartCentre, tmp_path: pathlib.Path) -> None:
    """On the wall clock: killed before any deadline, started after several: first rungs, second rungs, departures."""
    plan = tmp_path / "plan.toml"
    plan.write_text(SHORT_PLAN, encoding="utf-8")
    centre = start_centre("wall", f'[plan]\nfile = "{plan}"\n')
    decisions = asyncio.run(take_calls(centre))
    centre.kill()
    before, _ = centre.export()
    killed_at, last = before[-1]["at"], before[-1]["seq"]
    assert not missed(before), "too slow: a clock ran out before the kill"
    silent = {order["order"] for decision in decisions[::2] for order in decision["orders"]}
    acknowledged = {order["order"] for decision in decisions[1::2] for order in decision["orders"]}
    # Until the deputy and the duty leader of every silent order are overdue too.
    time.sleep(CALLS * BETWEEN_SECONDS + ACKNOWLEDGE_SECONDS + RUNG_SECONDS + 1)
    centre.start()
    time.sleep(0.5)
    centre.assert_unharmed()
    centre.stop()
    records, objects = centre.export()
    started_at = records[last]["at"]
    fired = missed(records)
    overdue = {(due, *clock) for clock, due in deadlines(before).items() if killed_at < due < started_at}
    owed = {item for item in overdue if item[1] in silent or item[2] != "acknowledge"}
    assert {clock for _, _, clock in owed} == {"acknowledge", "set_off"}, owed
    late = [item for item in fired if item[1] < started_at and item[2] in silent | acknowledged]
    assert sorted(item[1:] for item in late) == sorted(owed), "each exactly once, under the deadline that was told"
    assert [item[1] for item in late] == sorted(item[1] for item in late), "in the order of their deadlines"
    # Nothing is dated back: it fires when the centre lives again, and the record says when it was due.
    assert {item[0] for item in late} == {started_at}, (late, started_at)
    assert started_at > max(due for due, *_ in owed)
    for order in silent:
        climbs = [(record["at"], event["rung"]) for record, event in events_of(records, "ladder_climbed") if event["order"] == order]
        assert [rung for _, rung in climbs][:2] == ["deputy", "duty_leader"], climbs
        assert len(climbs) == len(set(rung for _, rung in climbs)) and climbs[0][0] == started_at, climbs
    assert not violations(records, objects)


async def play(centre: RunningCentre, pauses: bool) -> None:
    """Two minutes of a driven centre in which clocks run out; with pauses it is killed and started before every step."""
    steps = [0.0, 5, 29.9, 30.001, 31, 60.5, 61, 95, 180.002, 400, 1300]
    for number, second in enumerate(steps):
        if pauses and number:
            centre.kill()
            centre.start()
        async with connected(centre.quic_port) as connection:
            talk = connection.open()
            moved = await advance(talk, second)
            assert moved["next_due"] is None or moved["next_due"] > moved["now"], moved
            if number < 4:
                decision = await talk.decide(call(f"step-{number}", **spread(number * 11)))
                for order in decision["orders"][:number]:
                    await talk.answer(order={"id": order["order"], "act": "acknowledge"})


def test_a_driven_centre_that_is_killed_at_every_step_lives_the_same_day(start_centre: StartCentre) -> None:
    """Every record, every clock and the state are those of a twin that nobody killed."""
    told = []
    for pauses in (False, True):
        centre = start_centre("driven")
        asyncio.run(play(centre, pauses))
        stats = centre.stats()
        centre.stop()
        records, objects = centre.export()
        assert not violations(records, objects)
        assert centre.hash_at(stats["sequence"]) == stats["hash"]
        told.append((stats["hash"], records))
    (hash_, records), (hash_again, again) = told
    assert again == records and hash_again == hash_
    fired = missed(again)
    assert len(fired) > 5 and len(set(item[1:] for item in fired)) == len(fired), fired
    assert [item[1] for item in fired] == sorted(item[1] for item in fired)


def test_a_key_that_comes_again_after_a_kill_gets_its_first_decision(start_centre: StartCentre) -> None:
    """N2 through a crash: word for word for the same body; for another one marked as a conflict, and still the first decision.
    An act under a key that came with another act is refused."""
    centre = start_centre("wall")

    async def first() -> list[dict[str, Any]]:
        async with connected(centre.quic_port) as connection:
            talk = connection.open()
            return [await talk.decide(call(f"key-{number}", **spread(number))) for number in range(40)]

    async def again(text: str | None) -> list[dict[str, Any]]:
        async with connected(centre.quic_port) as connection:
            talk = connection.open()
            changed = {} if text is None else {"text": text}
            return [await talk.decide(call(f"key-{number}", **spread(number), **changed)) for number in range(40)]

    decisions = asyncio.run(first())
    for _ in range(2):
        centre.kill()
        centre.start()
        assert asyncio.run(again(None)) == decisions
        marked = asyncio.run(again("没事了，误会"))
        assert all(decision["conflict"] for decision in marked)
        assert [{**decision, "conflict": False} for decision in marked] == decisions
    conservation = centre.stats()["conservation"]
    assert (conservation["accepted"], conservation["conflicts"]) == (40, 80), conservation
    centre.assert_unharmed()
