"""A client in another language: aioquic speaks `liandong-json/1` with a centre on a driven clock."""

import asyncio
import datetime
from typing import Any

import pytest

from calls import FAR_AWAY, START, call, spread
from conftest import StartCentre
from json_client import Conversation, connected
from running_centre import RunningCentre


def later(seconds: float) -> str:
    """So long after the start, as RFC 3339."""
    start = datetime.datetime.fromisoformat(START)
    return (start + datetime.timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


async def advance(conversation: Conversation, seconds: float) -> dict[str, Any]:
    """Moves a driven centre's time."""
    answer = await conversation.answer(advance={"to": later(seconds)})
    assert "advanced" in answer, answer
    return answer["advanced"]


@pytest.fixture
def centre(start_centre: StartCentre) -> RunningCentre:
    """A driven centre; the fixture of starts ends it."""
    return start_centre("driven")


def test_a_call_is_decided_with_every_field_of_the_contract(centre: RunningCentre) -> None:
    async def scenario() -> None:
        async with connected(centre.quic_port) as connection:
            talk = connection.open()
            await advance(talk, 0)
            decision = await talk.decide(call("first"))
            wanted = {
                "call", "incident", "seq", "merged", "kind", "priority", "nature", "agencies", "confidence", "human",
                "evidence", "forward", "orders", "short", "foreseen_late", "hospital", "outside", "conflict",
            }  # fmt: skip
            assert wanted <= decision.keys(), wanted - decision.keys()
            assert decision["kind"] == "crash_injury"
            assert {"traffic", "medical"} <= set(decision["agencies"])
            assert (decision["merged"], decision["outside"], decision["conflict"]) == (False, False, False)
            assert {"order", "unit", "agency", "travel_s", "arrive_by", "why"} <= decision["orders"][0].keys()
            assert {order["agency"] for order in decision["orders"]} == {"traffic", "medical"}
            assert decision["evidence"], "a verdict without a reason"

    asyncio.run(scenario())
    centre.assert_unharmed()


def test_a_key_that_comes_again_gets_the_first_decision(centre: RunningCentre) -> None:
    """N2: the same body repeats it, another body is a conflict; on another connection too."""

    async def scenario() -> None:
        async with connected(centre.quic_port) as connection:
            talk = connection.open()
            await advance(talk, 0)
            first = await talk.decide(call("again"))
            assert await talk.decide(call("again")) == first
        async with connected(centre.quic_port) as connection:
            other = await connection.open().decide(call("again", text="没事了，误会"))
            assert other["conflict"] is True
            assert {**other, "conflict": False} == first

    asyncio.run(scenario())
    assert centre.stats()["conservation"]["accepted"] == 1


def test_calls_live_by_facts_and_end(centre: RunningCentre) -> None:
    async def scenario() -> None:
        async with connected(centre.quic_port) as connection:
            talk = connection.open()
            await advance(talk, 0)
            voice = await talk.decide(call("voice", text=None, **spread(1)))
            assert (voice["kind"], voice["human"]) == ("unknown", True)
            told = await talk.answer(facts={"call": voice["call"], "text": "三楼着火了，冒黑烟，有人被困"})
            assert "done" in told, told
            assert "done" in await talk.answer(end={"call": voice["call"]})
            problem = await talk.problem(end={"call": voice["call"]})
            assert problem["type"].endswith("not_allowed_now"), problem
            problem = await talk.problem(facts={"call": "1.999999", "text": "着火"})
            assert problem["type"].endswith("unknown_call"), problem

    asyncio.run(scenario())
    records, _ = centre.export()
    facts = [record for record in records if "add_facts" in record["command"]]
    assert any("incident_raised" in event or "need_opened" in event for event in facts[0]["events"]), facts


def test_an_order_lives_and_its_subscriber_hears_it(centre: RunningCentre) -> None:
    async def scenario() -> None:
        async with connected(centre.quic_port) as connection:
            talk, crew = connection.open(), connection.open()
            await advance(talk, 0)
            crew.send({"subscribe": {}})
            decision = await talk.decide(call("crash"))
            order = decision["orders"][0]
            issued = await until(crew, "order_issued", order["order"])
            assert issued["unit"] == order["unit"]
            steps = [("acknowledge", "acknowledged"), ("set-off", "set_off"), ("arrive", "arrived"), ("finish", "finished")]
            for act, state in steps:
                done = await talk.answer(order={"id": order["order"], "act": act, "note": "收到"})
                assert done["done"]["state"] == state, done
                assert (await until(crew, "order_moved", order["order"]))["to"] == state
            problem = await talk.problem(order={"id": order["order"], "act": "finish"})
            assert problem["type"].endswith("not_allowed_now"), problem

    asyncio.run(scenario())


async def until(conversation: Conversation, kind: str, order: str) -> dict[str, Any]:
    """The next event of this kind about this order."""
    while True:
        event = await conversation.event()
        if event.get("type") == kind and event.get("order") == order:
            return event


def test_a_subscription_goes_on_where_it_was_left(centre: RunningCentre) -> None:
    async def scenario() -> None:
        async with connected(centre.quic_port) as connection:
            talk, crew = connection.open(), connection.open()
            await advance(talk, 0)
            crew.send({"subscribe": {}})
            first = await talk.decide(call("one", **spread(1)))
            seen = await until(crew, "order_issued", first["orders"][0]["order"])
        async with connected(centre.quic_port) as connection:
            talk = connection.open()
            second = await talk.decide(call("two", **spread(40)))
            crew = connection.open()
            crew.send({"subscribe": {"since": seen["id"]}})
            heard = await crew.event()
            while heard.get("redelivered"):
                heard = await crew.event()
            assert position(heard["id"]) > position(seen["id"])
            await until(crew, "order_issued", second["orders"][-1]["order"])

    asyncio.run(scenario())


def position(event: str) -> tuple[int, int]:
    """Sequence and index of `centre.sequence.index`."""
    _, sequence, index = event.split(".")
    return int(sequence), int(index)


def test_a_subscription_may_name_its_units(centre: RunningCentre) -> None:
    async def scenario() -> None:
        async with connected(centre.quic_port) as connection:
            talk = connection.open()
            await advance(talk, 0)
            orders = (await talk.decide(call("crash")))["orders"]
            assert len(orders) > 1
            crew = connection.open()
            crew.send({"subscribe": {"units": [orders[1]["unit"]], "since": "1.1.0"}})
            await talk.answer(order={"id": orders[0]["order"], "act": "acknowledge"})
            await talk.answer(order={"id": orders[1]["order"], "act": "acknowledge"})
            moved = await until(crew, "order_moved", orders[1]["order"])
            assert moved["unit"] == orders[1]["unit"]
            while not crew.events.empty():
                assert crew.events.get_nowait().get("unit") == orders[1]["unit"]

    asyncio.run(scenario())


def test_time_moves_only_by_advance_and_clocks_fire_at_their_time(centre: RunningCentre) -> None:
    """X11: nobody acknowledges; after 30 s the deputy is told, later the order goes to another unit."""

    async def scenario() -> None:
        async with connected(centre.quic_port) as connection:
            talk = connection.open()
            assert (await advance(talk, 0))["now"] == "2026-03-02T00:00:00.000Z"
            order = (await talk.decide(call("crash")))["orders"][0]
            moved = await advance(talk, 29.999)
            # A report at its deadline is in time: the clock fires a millisecond later.
            assert moved["next_due"] == "2026-03-02T00:00:30.001Z"
            crew = connection.open()
            crew.send({"subscribe": {"since": "1.1.0"}})
            await advance(talk, 30.001)
            climbed = await until(crew, "ladder_climbed", order["order"])
            assert (climbed["rung"], climbed["at"]) == ("deputy", "2026-03-02T00:00:30.001Z")
            await advance(talk, 90.001)
            assert (await until(crew, "order_moved", order["order"]))["to"] == "reassigned"
            problem = await talk.problem(advance={"to": later(10)})
            assert problem["type"].endswith("not_advanced"), problem

    asyncio.run(scenario())


def test_positions_move_units(centre: RunningCentre) -> None:
    """The farther of two units comes to the very place of the next call, and is the nearest then."""

    async def scenario() -> None:
        async with connected(centre.quic_port) as connection:
            talk = connection.open()
            await advance(talk, 0)
            sent = {order["agency"]: order["unit"] for order in (await talk.decide(call("one")))["orders"]}
            far = (await talk.decide(call("two", lat=28.70, lon=120.60)))["orders"]
            unit = next(order for order in far if order["agency"] == "medical")
            await talk.answer(order={"id": unit["order"], "act": "finish"})
            place = {"lat": 28.8512, "lon": 120.7312}
            answer = await talk.answer(position={"unit": unit["unit"], **place, "datum": "wgs84"})
            assert "done" in answer, answer
            third = await talk.decide(call("three", **place))
            assert unit["unit"] in [order["unit"] for order in third["orders"]], (sent, third["orders"])

    asyncio.run(scenario())


def test_bad_input_gets_a_problem_that_names_the_field(centre: RunningCentre) -> None:
    async def scenario() -> None:
        async with connected(centre.quic_port) as connection:
            talk = connection.open()
            await advance(talk, 0)
            no_key = call("x")
            del no_key["key"]
            cases = [
                ({"call": no_key}, "no_key", None),
                ({"order": {"id": "1.1", "act": "dance"}}, "bad_field", "act"),
                ({"order": {"id": "one", "act": "finish"}}, "bad_field", "id"),
                ({"order": {"id": "1.1", "act": "finish", "speed": 3}}, "unknown_field", "speed"),
                ({"order": {"id": "1.999", "act": "finish"}}, "unknown_order", None),
                ({"end": {"call": "1.999"}}, "unknown_call", None),
                ({"position": {"unit": "nobody", "lat": 28.85, "lon": 120.73, "datum": "wgs84"}}, "unknown_unit", None),
                ({"position": {"unit": "nobody", "lat": 28.85, "lon": 120.73}}, "bad_field", "datum"),
                ({"advance": {"to": "tomorrow"}}, "bad_field", "to"),
                ({"subscribe": {"since": "yesterday"}}, "bad_field", "since"),
                ({"sing": {}}, "not_readable", None),
            ]
            for message, kind, field in cases:
                problem = await talk.problem(**message)
                assert problem["type"].endswith(kind), (message, problem)
                if field is not None:
                    assert field in str(problem), (message, problem)
            assert (await talk.decide(call("still")))["call"], "the conversation goes on after problems"

    asyncio.run(scenario())
    centre.assert_unharmed()


def test_outside_and_placeless_calls_are_taken(centre: RunningCentre) -> None:
    """N4: taken, marked, before a human, never given a vehicle."""

    async def scenario() -> None:
        async with connected(centre.quic_port) as connection:
            talk = connection.open()
            await advance(talk, 0)
            outside = await talk.decide(call("far", **FAR_AWAY))
            assert (outside["outside"], outside["human"], outside["orders"]) == (True, True, [])
            placeless = await talk.decide(call("nowhere", lat=None, lon=None, datum=None, accuracy_m=None))
            assert (placeless["outside"], placeless["human"], placeless["orders"]) == (False, True, [])
            assert placeless["call"] and placeless["incident"]

    asyncio.run(scenario())


def test_another_protocol_is_refused(centre: RunningCentre) -> None:
    async def scenario(alpn: str) -> None:
        async with connected(centre.quic_port, alpn=alpn) as connection:
            await connection.open().decide(call("never"))

    for alpn in ("h3", "liandong/2", "liandong-json"):
        with pytest.raises(ConnectionError):
            asyncio.run(asyncio.wait_for(scenario(alpn), 10))
    assert centre.stats()["conservation"]["accepted"] == 0
    centre.assert_unharmed()
