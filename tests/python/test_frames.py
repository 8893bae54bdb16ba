"""A client of `liandong/1` in another language, written from docs/protocol.md alone, beside one of `liandong-json/1`.

Both hear the same centre; what the one reads out of frames has to be what the other reads as JSON, field by field.
"""

import asyncio
import datetime
import json
import math
import time
from typing import Any

import page_of_frames as page
import pytest
from calls import START, call, spread
from conftest import StartCentre
from interface import Interface
from json_client import RawStream, connected
from running_centre import RunningCentre

ALPN = "liandong/1"


@pytest.fixture
def centre(start_centre: StartCentre) -> RunningCentre:
    """A driven centre; the fixture of starts ends it."""
    return start_centre("driven")


def ms(text: str | None) -> int | None:
    """Milliseconds of a time."""
    if text is None:
        return None
    at = datetime.datetime.fromisoformat(text)
    return round((at - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)) / datetime.timedelta(milliseconds=1))


def bits(text: str | None) -> int | None:
    """An id as frames write it."""
    if text is None:
        return None
    centre, number = text.split(".")
    return int(centre) << 48 | int(number)


def number(vocabulary: str, code: str | None) -> int | None:
    """A code as frames write it."""
    return None if code is None else page.vocabulary(vocabulary).index(code)


class Frames:
    """One stream of frames."""

    def __init__(self, stream: RawStream) -> None:
        self.stream = stream
        self.read = 0

    def say(self, frame: str, **fields: Any) -> None:
        """Sends a frame."""
        self.stream.send_bytes(page.encode(frame, **fields))

    async def hear(self) -> tuple[str, dict[str, Any]]:
        """The next frame."""
        async with asyncio.timeout(20):
            while True:
                held = self.stream._buffer[self.read :]
                length = int.from_bytes(held[:4], "little")
                if len(held) >= 4 + length > 4:
                    self.read += 4 + length
                    return page.decode(held[4 : 4 + length])
                assert self.stream.closed is None, self.stream.closed
                await asyncio.sleep(0.005)

    async def ask(self, frame: str, **fields: Any) -> tuple[str, dict[str, Any]]:
        """Sends a frame and hears its answer."""
        self.say(frame, tag=7, **fields)
        name, answer = await self.hear()
        assert answer["tag"] == 7
        return name, answer


def decision_as_frame(told: dict[str, Any]) -> dict[str, Any]:
    """What a frame should hold of a decision in JSON; seconds are compared apart."""
    return {
        "tag": 7,
        "call": bits(told["call"]),
        "incident": bits(told["incident"]),
        "seq": told["seq"],
        "merged": told["merged"],
        "outcome": number("outcome", told["outcome"]),
        "kind": number("kind", told["kind"]),
        "priority": told["priority"],
        "nature": number("nature", told["nature"]),
        "agencies": sum(1 << number("agency", code) for code in told["agencies"]),
        "confidence_permille": round(told["confidence"] * 1000),
        "human": told["human"],
        "evidence": told["evidence"],
        "forward_line": int(told["forward"]["line"]),
        "forward_seat": told["forward"]["seat"],
        "orders": [
            {
                "order": bits(line["order"]),
                "unit": line["unit"],
                "agency": number("agency", line["agency"]),
                "travel_ms": line["travel_s"],
                "arrive_by_ms": ms(line["arrive_by"]),
                "why": number("choice", line["why"]),
            }
            for line in told["orders"]
        ],
        "short": [
            {"need": number("capability", line["need"]), "count": line["count"], "reason": number("shortage", line["reason"])}
            for line in told["short"]
        ],
        "foreseen_late": told["foreseen_late"],
        "hospital": told["hospital"],
        "outside": told["outside"],
        "conflict": told["conflict"],
    }


def event_as_frame(told: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """What a frame should hold of an event in JSON."""
    centre, sequence, index = told["id"].split(".")
    fields = {
        "event": {"centre": int(centre), "sequence": int(sequence), "index": int(index)},
        "at_ms": ms(told["at"]),
        "redelivered": told.get("redelivered", False),
        "last": told.get("last", False),
    }
    about = lambda: {"order": bits(told["order"]), "unit_id": bits(told["unit_id"]), "unit": told["unit"]}
    if told["type"] == "order_issued":
        clocks = {f"{clock}_ms": ms(due) for clock, due in told["deadlines"].items()}
        place = {"lat_e7": round(told["lat"] * 1e7), "lon_e7": round(told["lon"] * 1e7)} if "lat" in told else None
        return "OrderIssued", fields | about() | clocks | {
            "incident": bits(told["incident"]),
            "need": told["need"],
            "capability": number("capability", told["capability"]),
            "travel_ms": told["travel_ms"],
            "turnout_ms": told["turnout_ms"],
            "previous": bits(told["previous"]),
            "choice": number("choice", told["choice"]),
            "foreseen_late": told["foreseen_late"],
            "point": place,
            "kind": number("kind", told.get("kind")),
        }  # fmt: skip
    if told["type"] == "order_moved":
        stood = {"from": number("state", told["from"]), "to": number("state", told["to"])}
        return "OrderMoved", fields | about() | stood
    if told["type"] == "ladder_climbed":
        climbed = {"rung": number("rung", told["rung"]), "next_due_ms": ms(told["next_due"])}
        return "LadderClimbed", fields | about() | climbed
    own = {key: value for key, value in told.items() if key not in ("id", "at", "redelivered", "last")}
    return "Event", fields | {"json": own}


def later(seconds: float) -> int:
    """So long after the start, in milliseconds."""
    start = ms(START)
    assert start is not None
    return start + math.floor(seconds * 1000)


def fields_of_a_call(said: dict[str, Any]) -> dict[str, Any]:
    """A call's fields as its frame has them."""
    fields = {**said, "line": int(said["line"]), "datum": number("datum", said.get("datum")), "drill": said.get("drill", False)}
    return {name: value for name, value in fields.items() if name != "at"}


def test_a_client_written_from_the_page_is_understood_and_understands(centre: RunningCentre) -> None:
    """Every frame of both sides, in one conversation."""

    async def scenario() -> None:
        async with connected(centre.quic_port, ALPN) as binary, connected(centre.quic_port) as lines:
            talk, words = Frames(binary.raw()), lines.open()
            name, advanced = await talk.ask("Advance", to_ms=later(0))
            assert (name, advanced["now_ms"]) == ("Advanced", later(0)), advanced
            said = call("page-1")
            name, decided = await talk.ask("Call", **fields_of_a_call(said))
            assert name == "Decision", decided
            # The same key again is answered with the same decision.
            same = await words.decide(said)
            wanted = decision_as_frame(same)
            for heard, line in zip(decided["orders"], wanted["orders"], strict=True):
                assert math.ceil(heard["travel_ms"] / 1000) == line["travel_ms"]
                line["travel_ms"] = heard["travel_ms"]
            assert decided == {**wanted, "conflict": decided["conflict"]}
            order = decided["orders"][0]
            await refusals(talk, words)
            for act, state in [("acknowledge", "acknowledged"), ("set_off", "set_off"), ("arrive", "arrived")]:
                name, done = await talk.ask("Order", order=order["order"], act=number("act", act), note="收到，出发了")
                assert (name, done["state"]) == ("Done", number("state", state)), done
            facts = {"text": "三楼着火了，有人被困，快来人", "injured": 2}
            assert (await talk.ask("Facts", call=decided["call"], **facts))[0] == "Done"
            assert (await talk.ask("End", call=decided["call"]))[0] == "Done"
            where = {"lat": 28.86, "lon": 120.74, "datum": number("datum", "wgs84")}
            assert (await talk.ask("Position", unit=order["unit"], **where))[0] == "Done"
            patrolling = number("duty", "patrolling")
            assert (await talk.ask("Duty", unit=order["unit"], duty=patrolling, strength=3))[0] == "Done"
            # Time passes: ladders climb, clocks run out.
            for seconds in range(1, 120, 10):
                assert (await talk.ask("Advance", to_ms=later(seconds)))[0] == "Advanced"
            await compared_events(Frames(binary.raw()), lines.open(), talk)

    asyncio.run(scenario())
    centre.assert_unharmed()


async def refusals(talk: Frames, words: Any) -> None:
    """A problem is the same in both forms."""
    name, problem = await talk.ask("End", call=bits("1.999999"))
    told = await words.problem(end={"call": "1.999999"})
    assert name == "Problem" and told["type"] == f"urn:liandong:problem:{problem['code']}"
    assert (problem["detail"], problem["field"], problem["retry_after_ms"]) == (told["detail"], told["field"], None)
    name, problem = await talk.ask("Order", order=bits("1.1"), act=99)
    assert (name, problem["code"], problem["field"]) == ("Problem", "bad_field", "act")


async def compared_events(frames: Frames, lines: Any, talk: Frames) -> None:
    """All events from the first on, in both forms, and nothing in the one that is not in the other."""
    first = {"centre": 1, "sequence": 1, "index": 0}
    frames.say("Subscribe", units=[], since=first)
    lines.send({"subscribe": {"since": "1.1.0"}})
    _, now = await talk.ask("Advance", to_ms=later(130))
    shapes: set[str] = set()
    types: set[str] = set()
    while True:
        told = await lines.event()
        name, heard = await frames.hear()
        wanted_name, wanted = event_as_frame(told)
        if name == "Event":
            heard = {**heard, "json": json.loads(heard["json"])}
        assert (name, heard) == (wanted_name, wanted), told
        shapes.add(name)
        types.add(told["type"])
        assert_on_the_page(told)
        if heard["event"]["sequence"] >= now["seq"] and heard["last"] and not heard["redelivered"]:
            break
    assert shapes == {"OrderIssued", "OrderMoved", "LadderClimbed", "Event"}, shapes
    assert len(types) > 12, types


def assert_on_the_page(told: dict[str, Any]) -> None:
    """An event has the fields that the page gives its type, and no others."""
    rows = [line for line in page.PAGE.splitlines() if line.startswith(f"| `{told['type']}` |")]
    if told["type"] == "nothing":
        return
    assert len(rows) == 1, told
    always, _, sometimes = rows[0].split("|")[2].partition(";")
    names = lambda text: set(text.split("`")[1::2])
    own = told.keys() - {"id", "at", "type", "last", "redelivered"}
    assert names(always) <= own <= names(always) | names(sometimes), (rows[0], told)


def await_shown(centre: RunningCentre, units: list[str]) -> None:
    """Until whoever reads sees an order for each: an answer may be a moment ahead of that, and what is then heard of is new and no repeat."""
    interface, end = Interface(centre), time.monotonic() + 10
    while not {order["unit"] for order in interface.pages("/v1/orders", 1000)} >= set(units):
        assert time.monotonic() < end, "orders that were answered are never shown"
        time.sleep(0.02)


def test_units_are_chosen_and_events_gone_on_from(centre: RunningCentre) -> None:
    """A list of names, and a place to go on from."""

    async def scenario() -> None:
        async with connected(centre.quic_port, ALPN) as binary:
            talk = Frames(binary.raw())
            await talk.ask("Advance", to_ms=later(0))
            _, first = await talk.ask("Call", **fields_of_a_call(call("page-2")))
            units = [line["unit"] for line in first["orders"]]
            await_shown(centre, units)
            crew = Frames(binary.raw())
            assert (await crew.ask("Subscribe", units=units))[0] == "Done"
            told = [await crew.hear() for _ in units]
            assert {name for name, _ in told} == {"OrderIssued"}
            assert all(event["redelivered"] for _, event in told)
            assert [event["unit"] for _, event in told] == units
            other = call("page-3", **spread(40))
            assert (await talk.ask("Call", **fields_of_a_call(other)))[0] == "Decision"

    asyncio.run(scenario())
