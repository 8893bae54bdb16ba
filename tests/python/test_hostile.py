"""Bad input: nothing panics, nobody else pays for it, and no readable call is refused.

Each test attacks one centre while a bystander on another connection goes on being served.
"""

import asyncio
import contextlib
import itertools
import json
import os
import random
import struct
import urllib.error
import urllib.request
from typing import Any, Iterator

import pytest

from bystander import beside
from calls import call
from json_client import Closed, Connection, Conversation, connected
from running_centre import RunningCentre

BINARY = "liandong/1"
FRAME_MOST = 64 * 1024
_KEYS = (f"hostile-{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentre]:
    """One centre on the wall clock for all attacks: it must outlive each of them."""
    with RunningCentre(tmp_path_factory.mktemp("hostile"), "wall") as centre:
        yield centre
        centre.assert_unharmed()


def attack(centre: RunningCentre, scenario: Any, alpn: str = "liandong-json/1") -> Any:
    """Runs a scenario on a connection of its own, a bystander beside it."""

    async def whole() -> Any:
        async with beside(centre):
            async with connected(centre.quic_port, alpn=alpn) as connection:
                return await asyncio.wait_for(scenario(connection), 60)

    return asyncio.run(whole())


async def line(talk: Conversation, data: bytes, seconds: float = 10) -> dict[str, Any]:
    """What a raw line with the tag 999 or none is answered with."""
    talk.send_bytes(data + b"\n")
    return await asyncio.wait_for(talk.untagged.get(), seconds)


async def still_talks(connection: Connection) -> None:
    """A new stream of the same connection is served."""
    assert (await connection.open().decide(call(next(_KEYS))))["call"]


def raw_call(**fields: str) -> bytes:
    """A call as bytes: each field's value is JSON as it is given, right or wrong."""
    good = {
        "key": json.dumps(next(_KEYS)), "line": '"110"', "lat": "28.85", "lon": "120.73", "datum": '"wgs84"',
        "accuracy_m": "20", "text": '"路口两车追尾，有人受伤"',
    }  # fmt: skip
    good.update(fields)
    inside = ",".join(f'"{name}":{value}' for name, value in good.items() if value)
    return f'{{"tag":999,"call":{{{inside}}}}}'.encode()


def decide_raw(centre: RunningCentre, *lines: bytes) -> list[dict[str, Any]]:
    """The decisions on raw calls, none of which may be refused."""

    async def scenario(connection: Connection) -> list[dict[str, Any]]:
        talk = connection.open()
        decisions = []
        for data in lines:
            answer = await line(talk, data)
            assert "decision" in answer, (data[:300], answer)
            decisions.append(answer["decision"])
        return decisions

    return attack(centre, scenario)


# --- Lines of JSON -------------------------------------------------------------------------------------------------


def test_a_truncated_line_costs_only_itself(centre: RunningCentre) -> None:
    async def scenario(connection: Connection) -> None:
        talk = connection.open()
        talk.send_bytes(b'{"tag":1,"call":{"key":"half', end=True)
        with contextlib.suppress(Closed, asyncio.TimeoutError):
            await asyncio.wait_for(talk.untagged.get(), 1)
        await still_talks(connection)

    attack(centre, scenario)


@pytest.mark.parametrize("size", [FRAME_MOST + 1, 10 * 1024 * 1024])
def test_an_oversized_line_is_too_large(centre: RunningCentre, size: int) -> None:
    """10 MB of text among them: refused aloud, and never kept in memory."""

    async def scenario(connection: Connection) -> None:
        talk = connection.open()
        talk.send_bytes(b'{"tag":1,"call":{"key":"large","text":"' + b"x" * size + b'"}}\n')
        try:
            answer = await asyncio.wait_for(talk.untagged.get(), 20)
            assert answer["problem"]["type"].endswith("too_large"), answer
        except asyncio.TimeoutError:
            assert talk.closed is not None or connection.ended is not None, "neither an answer nor an end"
        if connection.ended is None:
            await still_talks(connection)

    attack(centre, scenario)


def test_the_largest_readable_call_is_taken(centre: RunningCentre) -> None:
    text = "火" * 20_000
    assert decide_raw(centre, raw_call(text=json.dumps(text, ensure_ascii=False)))[0]["call"]


def test_garbage_lines_are_answered_and_the_conversation_goes_on(centre: RunningCentre) -> None:
    random_bytes = random.Random(5)

    async def scenario(connection: Connection) -> None:
        talk = connection.open()
        for _ in range(200):
            garbage = random_bytes.randbytes(random_bytes.randrange(1, 300)).replace(b"\n", b"") or b"x"
            answer = await line(talk, garbage)
            assert answer["problem"]["type"].endswith(("not_readable", "no_key")), (garbage, answer)
        for other in (b"", b"null", b"[]", b'"call"', b"7", b"{}", b'{"call":7}', b'{"call":null}', b'{"tag":1}'):
            answer = await line(talk, other) if other else None
            assert answer is None or "problem" in answer, (other, answer)
        assert (await talk.decide(call(next(_KEYS))))["call"]

    attack(centre, scenario)


@pytest.mark.parametrize("opening", [b"[", b'{"call":', b'{"call":{"key":"deep","text":[', b'{"tag":1,"call":{"x":{'])
def test_deep_nesting_overflows_nothing(centre: RunningCentre, opening: bytes) -> None:
    async def scenario(connection: Connection) -> None:
        talk = connection.open()
        data = opening * (60_000 // len(opening))
        answer = await line(talk, data)
        assert "problem" in answer, answer
        assert (await talk.decide(call(next(_KEYS))))["call"]

    attack(centre, scenario)


def test_a_nested_field_does_not_cost_the_call(centre: RunningCentre) -> None:
    nested = "[" * 60 + "]" * 60
    first, second = decide_raw(centre, raw_call(text=nested), raw_call(note=nested))
    assert first["human"] is True
    assert second["kind"] == "crash_injury"


def test_invalid_utf8_keeps_the_call(centre: RunningCentre) -> None:
    """Half a cry for help is still one: the text is kept as far as it goes, and a human looks at it."""
    broken = raw_call(text='"TEXT"').replace(b"TEXT", "着火了".encode() + b"\xff\xfe\x80" + "快来".encode())
    caller = raw_call(caller='"C"').replace(b'"C"', b'"+86\xc3\x28"')
    for decision in decide_raw(centre, broken, caller):
        assert decision["human"] is True, decision
    key = raw_call(key='"K"').replace(b'"K"', b'"key-\xff"')

    async def scenario(connection: Connection) -> dict[str, Any]:
        return await line(connection.open(), key)

    assert attack(centre, scenario)["problem"]["type"].endswith("no_key")


@pytest.mark.parametrize(
    "place",
    [
        {"lat": "NaN"},
        {"lat": "Infinity", "lon": "-Infinity"},
        {"lat": "1e999"},
        {"lat": "91.0"},
        {"lon": "-180.5"},
        {"lat": '"28.85"'},
        {"lat": "{}", "lon": "[]"},
        {"lat": "true"},
        {"lat": "", "lon": "120.73"},
        {"accuracy_m": "-1"},
        {"accuracy_m": "1e300"},
    ],
    ids=lambda place: " ".join(f"{name}={value}" for name, value in place.items()),
)
def test_an_impossible_position_keeps_the_call(centre: RunningCentre, place: dict[str, str]) -> None:
    """N4: taken, marked, before a human; a vehicle is not sent to nowhere."""
    (decision,) = decide_raw(centre, raw_call(**place))
    assert decision["call"] and decision["human"] is True, decision
    if "accuracy_m" not in place:
        assert decision["orders"] == [], decision


@pytest.mark.parametrize("datum", ["", "null", '"wgs-84"', "84", "[]"])
def test_a_missing_or_unknown_datum_keeps_the_call(centre: RunningCentre, datum: str) -> None:
    """N5: without its datum a position is none; the call is taken all the same."""
    (decision,) = decide_raw(centre, raw_call(datum=datum))
    assert decision["call"] and decision["human"] is True and decision["orders"] == [], decision


@pytest.mark.parametrize("dialled", ["", "null", '"99999999999"', '"911"', "7", '"one one zero"', "-110", "{}"])
def test_an_unknown_line_takes_the_default(centre: RunningCentre, dialled: str) -> None:
    (decision,) = decide_raw(centre, raw_call(line=dialled))
    assert decision["kind"] == "crash_injury" and decision["incident"], decision
    assert decision["orders"] or decision["merged"], decision


@pytest.mark.parametrize("at", ['"yesterday"', '"1066-10-14T00:00:00Z"', '"9999-12-31T23:59:59Z"', "1e308", "-1", "{}", '""'])
def test_an_absurd_time_decides_nothing(centre: RunningCentre, at: str) -> None:
    (decision,) = decide_raw(centre, raw_call(at=at))
    assert (decision["orders"] or decision["merged"]) and decision["human"] is True, decision


@pytest.mark.parametrize(
    "field", [{"kind": '"dragon"'}, {"kind": "7"}, {"injured": "-3"}, {"injured": "1e9"}, {"drill": '"yes"'}, {"cell": "{}"}]
)
def test_other_bad_fields_are_dropped_and_marked(centre: RunningCentre, field: dict[str, str]) -> None:
    (decision,) = decide_raw(centre, raw_call(**field))
    assert decision["kind"] == "crash_injury" and decision["human"] is True, decision


@pytest.mark.parametrize("key", ["", "null", "7", '""', "{}", json.dumps("k" * 4_000)])
def test_a_call_without_a_readable_key_is_refused_by_name(centre: RunningCentre, key: str) -> None:
    async def scenario(connection: Connection) -> dict[str, Any]:
        return await line(connection.open(), raw_call(key=key))

    problem = attack(centre, scenario)["problem"]
    assert problem["type"].endswith("no_key") and "key" in str(problem), problem


# --- Binary frames -------------------------------------------------------------------------------------------------


def framed(archive: bytes, claimed: int | None = None) -> bytes:
    """An archive under a length, true or not."""
    return struct.pack("<I", len(archive) if claimed is None else claimed) + archive


FRAMES = {
    "a claim of 4 GiB": framed(b"0123456789", 2**32 - 1),
    "one byte too many": framed(b"x" * (FRAME_MOST + 1)),
    "nothing": framed(b""),
    "truncated": framed(b"x" * 20, 200),
    "garbage": framed(os.urandom(200)),
    "zeros": framed(bytes(400)),
    "ones": framed(b"\xff" * 400),
    "as large as may be": framed(os.urandom(FRAME_MOST)),
    "a line of JSON": b'{"tag":1,"call":{"key":"x"}}\n',
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_bad_frame_costs_only_its_stream(centre: RunningCentre, name: str) -> None:
    async def scenario(connection: Connection) -> None:
        for _ in range(5):
            stream = connection.raw()
            stream.send_bytes(FRAMES[name], end=True)
            await stream.wait_for_end(10)
        assert connection.ended is None or connection.ended.error_code != 1, connection.ended

    attack(centre, scenario, BINARY)


def test_unknown_kinds_of_frames_are_refused(centre: RunningCentre) -> None:
    """Every first byte of a short archive, and every last one: whichever of them names the kind."""

    async def scenario(connection: Connection) -> None:
        for kind in range(0, 256, 5):
            for archive in (bytes([kind]) + bytes(63), bytes(63) + bytes([kind])):
                stream = connection.raw()
                stream.send_bytes(framed(archive), end=True)
                await stream.wait_for_end(10)

    attack(centre, scenario, BINARY)


def test_a_wrong_protocol_is_refused_while_others_are_served(centre: RunningCentre) -> None:
    async def whole() -> None:
        async with beside(centre):
            for alpn in ("h3", "liandong/9", "http/1.1"):
                with pytest.raises(ConnectionError):
                    async with connected(centre.quic_port, alpn=alpn):
                        pass

    asyncio.run(whole())


def test_many_half_open_streams_cost_nobody_else_anything(centre: RunningCentre) -> None:
    async def whole() -> None:
        async with beside(centre), contextlib.AsyncExitStack() as stack:
            for _ in range(20):
                connection = await stack.enter_async_context(connected(centre.quic_port))
                for _ in range(16):
                    connection.open().send_bytes(b'{"tag":1,"call":{"key":"slow')
            await asyncio.sleep(3)

    asyncio.run(whole())


# --- HTTP ----------------------------------------------------------------------------------------------------------


def post(centre: RunningCentre, body: bytes, path: str = "/v1/calls") -> tuple[int, dict[str, Any]]:
    """Status and answer of a POST."""
    url = f"http://127.0.0.1:{centre.http_port}{path}"
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read())


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"", 400, "not_readable"),
        (b"\xff\xfe", 400, "not_readable"),
        (b"[" * 60_000, 400, "not_readable"),
        (b'{"key":', 400, "not_readable"),
        (b'{"line":"110"}', 422, "no_key"),
        (b'{"key":"http-large","text":"' + b"x" * (FRAME_MOST + 1) + b'"}', 413, "too_large"),
    ],
)
def test_bad_bodies_get_a_problem(centre: RunningCentre, body: bytes, status: int, kind: str) -> None:
    got, problem = post(centre, body)
    assert got == status and problem["type"].endswith(kind), (got, problem)
    centre.assert_unharmed()


def test_ten_megabytes_over_http_are_refused(centre: RunningCentre) -> None:
    with contextlib.suppress(urllib.error.URLError, ConnectionError):
        status, problem = post(centre, b'{"key":"huge","text":"' + b"x" * 10_000_000 + b'"}')
        assert status == 413, problem
    status, decision = post(centre, json.dumps(call(next(_KEYS))).encode())
    assert status == 200 and decision["call"]
    centre.assert_unharmed()


def test_unknown_paths_are_named(centre: RunningCentre) -> None:
    assert centre.get("/v2/everything")[0] == 404
    assert post(centre, b"{}", "/v1/nothing")[0] == 404
