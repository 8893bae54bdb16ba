"""kill -9 in the middle of the load: nothing that was answered is lost, nothing changes, nothing stays unsent."""

import asyncio
import contextlib
from typing import Any

import pytest

from calls import call, spread
from check_export import violations
from conftest import StartCentre
from json_client import Conversation, connected
from running_centre import RunningCentre

CONNECTIONS = 4
IN_FLIGHT_LEAST = 100
WARM_UP = 600

Answered = dict[str, dict[str, Any]]


class Load:
    """Open-loop calls over several connections, with what was answered and what was on its way."""

    def __init__(self, centre: RunningCentre) -> None:
        self.centre = centre
        self.answered: Answered = {}
        self.sent: dict[str, dict[str, Any]] = {}
        self._talks: list[Conversation] = []

    @property
    def in_flight(self) -> int:
        """Requests that have been sent and not been answered."""
        return sum(talk.in_flight for talk in self._talks)

    async def run(self, stack: contextlib.AsyncExitStack) -> None:
        """Sends bursts until the centre has answered the warm-up, then one more burst, and kills it in its midst."""
        for _ in range(CONNECTIONS):
            connection = await stack.enter_async_context(connected(self.centre.quic_port))
            self._talks.append(connection.open())
        number = 0
        while len(self.answered) < WARM_UP:
            number = self._burst(number, 40)
            await asyncio.sleep(0.02)
        while self.in_flight < 3 * IN_FLIGHT_LEAST:
            number = self._burst(number, 4 * IN_FLIGHT_LEAST)

    def _burst(self, number: int, count: int) -> int:
        for number in range(number, number + count):
            body = call(f"crash-{number}", **spread(number))
            self.sent[body["key"]] = body
            asked = self._talks[number % CONNECTIONS].ask(call=body)
            asked.add_done_callback(lambda done, key=body["key"]: self._note(key, done))
        return number + 1

    def _note(self, key: str, done: "asyncio.Future[dict[str, Any]]") -> None:
        if not done.cancelled() and done.exception() is None and "decision" in done.result():
            self.answered[key] = done.result()["decision"]


async def kill_in_mid_load(centre: RunningCentre) -> tuple[Load, int]:
    """Kills the centre with at least a hundred requests on their way; gives what was known then."""
    load = Load(centre)
    async with contextlib.AsyncExitStack() as stack:
        await load.run(stack)
        # Answers that have come so far are counted; whatever comes after this line was on its way at the kill.
        await asyncio.sleep(0)
        on_the_way = load.in_flight
        centre.kill()
        with contextlib.suppress(Exception):
            await stack.aclose()
    return load, on_the_way


def by_call(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Of each call in an export: its sequence and the orders of the record that decided it."""
    found = {}
    for record in records:
        taken = [event["call_taken"]["call"] for event in record["events"] if "call_taken" in event]
        orders = [event["order_issued"]["order"] for event in record["events"] if "order_issued" in event]
        for identity in taken:
            found[identity] = {"seq": record["seq"], "orders": orders}
    return found


def test_what_was_answered_survives_kill_9(start_centre: StartCentre) -> None:
    """N2 and the first promise of the design, on the wall clock."""
    centre = start_centre("wall")
    load, on_the_way = asyncio.run(kill_in_mid_load(centre))
    assert on_the_way >= IN_FLIGHT_LEAST, f"only {on_the_way} requests were on their way at the kill"
    assert len(load.answered) >= WARM_UP

    centre.start()
    records, _ = centre.export()
    kept = by_call(records)
    for key, decision in load.answered.items():
        assert decision["call"] in kept, f"{key} was answered as {decision['call']} and is not in the journal"
        record = kept[decision["call"]]
        assert record["seq"] == decision["seq"], (key, record, decision)
        assert record["orders"] == [order["order"] for order in decision["orders"]], (key, record, decision)

    asyncio.run(answers_again(centre, load))
    centre.assert_unharmed()
    centre.stop()
    found = violations(*centre.export())
    assert not found, found[:5]


async def answers_again(centre: RunningCentre, load: Load) -> None:
    """After the restart a key that was answered gets the same answer; one that was not is decided once."""
    before = centre.stats()["conservation"]
    async with connected(centre.quic_port) as connection:
        talk = connection.open()
        for key, first in list(load.answered.items())[::7]:
            assert await talk.decide(load.sent[key]) == first, key
        lost = [key for key in load.sent if key not in load.answered]
        for key in lost:
            first = await talk.decide(load.sent[key])
            assert await talk.decide(load.sent[key]) == first, key
    after = centre.stats()["conservation"]
    assert after["accepted"] == len(load.sent), (before, after)


def test_unacknowledged_orders_are_delivered_again(start_centre: StartCentre) -> None:
    """Under (order, epoch): those neither acknowledged nor ended, and only those."""
    centre = start_centre("wall")

    async def before() -> tuple[dict[str, Any], dict[str, Any]]:
        async with connected(centre.quic_port) as connection:
            talk = connection.open()
            silent = await talk.decide(call("silent", **spread(3)))
            told = await talk.decide(call("told", **spread(50)))
            for order in told["orders"]:
                await talk.answer(order={"id": order["order"], "act": "acknowledge"})
            return silent, told

    async def after() -> list[dict[str, Any]]:
        async with connected(centre.quic_port) as connection:
            crew = connection.open()
            crew.send({"subscribe": {}})
            heard = []
            with contextlib.suppress(asyncio.TimeoutError):
                while True:
                    heard.append(await crew.event(seconds=2))
            return heard

    silent, told = asyncio.run(before())
    assert silent["orders"] and told["orders"]
    centre.kill()
    centre.start()
    again = {event["order"] for event in asyncio.run(after()) if event.get("type") == "order_issued"}
    assert {order["order"] for order in silent["orders"]} <= again
    assert not {order["order"] for order in told["orders"]} & again


def test_the_hash_of_the_journal_is_what_the_centre_showed(start_centre: StartCentre) -> None:
    """`journal hash --at SEQ` equals what `/v1/stats` showed at that sequence while it ran."""
    centre = start_centre("wall")
    shown: list[tuple[int, str]] = []

    async def scenario() -> None:
        async with connected(centre.quic_port) as connection:
            talk = connection.open()
            for number in range(30):
                decision = await talk.decide(call(f"hash-{number}", **spread(number)))
                for order in decision["orders"][:1]:
                    await talk.answer(order={"id": order["order"], "act": "acknowledge"})
                if number % 6 == 5:
                    stats = await asyncio.to_thread(centre.stats)
                    shown.append((stats["sequence"], stats["hash"]))

    asyncio.run(scenario())
    centre.kill()
    assert len(set(shown)) == 5, shown
    for seq, state in shown:
        assert centre.hash_at(seq) == state, seq
    centre.start()
    assert centre.stats()["sequence"] >= shown[-1][0]


@pytest.mark.parametrize("round_", range(3))
def test_a_centre_that_is_killed_at_its_start_still_starts(start_centre: StartCentre, round_: int) -> None:
    """A kill right after the first records, three times over."""
    centre = start_centre("wall")
    for _ in range(round_ + 1):
        centre.kill()
        centre.start()

    async def scenario() -> dict[str, Any]:
        async with connected(centre.quic_port) as connection:
            return await connection.open().decide(call("after"))

    assert asyncio.run(scenario())["call"]
    centre.assert_unharmed()
