"""The HTTP door under attack: sockets that ask nothing, heads that drip, bodies that nest, methods that do not fit.

What one client does there costs nobody else anything: neither another client of HTTP nor anybody on QUIC.
"""

import asyncio
import contextlib
import json
import os
import resource
import socket
import time
from typing import Any, Iterator

import pytest

from bystander import beside
from calls import call
from conftest import StartCentre
from http_client import ask, post_call
from json_client import connected
from running_centre import RunningCentre

SOCKETS = 10_000
# Whoever is served beside an attack is served within this.
PATIENCE_SECONDS = 3


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentre]:
    """One centre for all of it: it must outlive each attack."""
    with RunningCentre(tmp_path_factory.mktemp("door"), "wall") as centre:
        yield centre
        centre.assert_unharmed()


def connect(centre: RunningCentre, words: bytes = b"") -> socket.socket:
    """A raw socket on which this was said."""
    raw = socket.create_connection(("127.0.0.1", centre.http_port), timeout=10)
    if words:
        raw.sendall(words)
    return raw


def served_in_time(centre: RunningCentre, key: str) -> None:
    """A client that does as it should is served at once."""
    since = time.monotonic()
    answer = post_call(centre, call(key), seconds=PATIENCE_SECONDS)
    assert answer.status == 200, answer.body
    assert ask(centre, "GET", "/readyz", seconds=PATIENCE_SECONDS).status == 200
    assert time.monotonic() - since < PATIENCE_SECONDS


def handles(centre: RunningCentre) -> int:
    """Files and sockets that the centre holds."""
    return len(os.listdir(f"/proc/{centre.pid}/fd"))


def test_ten_thousand_idle_sockets_cost_nobody_else_anything(centre: RunningCentre) -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    wanted = SOCKETS if most == resource.RLIM_INFINITY else min(SOCKETS, most - 512)
    assert wanted >= 500, "this machine gives no file handles"

    async def whole() -> None:
        async with beside(centre):
            with contextlib.ExitStack() as held:
                for number in range(wanted):
                    held.callback(connect(centre, b"" if number % 2 else b"GET /livez HTTP/1.1\r\nHo").close)
                    if number % 1_000 == 999:
                        await asyncio.to_thread(served_in_time, centre, f"idle-{number}")
                assert handles(centre) < 512 + 100, "it holds what it should have let go"

    asyncio.run(whole())


def test_heads_that_drip_cost_nobody_else_anything(centre: RunningCentre) -> None:
    """Slow-loris: every place is taken by somebody who never ends, and a byte comes now and then."""
    with contextlib.ExitStack() as held:
        slow = [held.enter_context(connect(centre, b"GET /livez HTTP/1.1\r\n")) for _ in range(512)]
        since, ended = time.monotonic(), 0
        while time.monotonic() - since < 8:
            served_in_time(centre, f"drip-{time.monotonic()}")
            ended = 0
            for raw in slow:
                try:
                    raw.sendall(b"X-Slow: yes\r\n")
                except OSError:
                    ended += 1
            time.sleep(0.3)
    assert ended == len(slow), f"{len(slow) - ended} of them are still held after 8 s"


@pytest.mark.parametrize("depth", [127, 200, 30_000])
def test_a_call_is_taken_however_deep_a_stranger_beside_it_nests(centre: RunningCentre, depth: int) -> None:
    nested = "[" * depth + "]" * depth
    over_http = json.dumps(call(f"deep-http-{depth}"), ensure_ascii=False)[:-1] + f',"odd":{nested}}}'
    answer = ask(centre, "POST", "/v1/calls", over_http.encode())
    assert answer.status == 200 and answer.json()["call"], answer.body

    async def scenario() -> dict[str, Any]:
        async with connected(centre.quic_port) as connection:
            talk = connection.open()
            body = json.dumps(call(f"deep-line-{depth}"), ensure_ascii=False)[:-1] + f',"odd":{nested}}}'
            talk.send_bytes(f'{{"tag":999,"call":{body}}}\n'.encode())
            return await asyncio.wait_for(talk.untagged.get(), 10)

    assert asyncio.run(scenario())["decision"]["call"]
    centre.assert_unharmed()


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("GET", "/v1/calls", "POST"), ("DELETE", "/livez", "GET"), ("PUT", "/v1/stats", "GET")],
)
def test_a_wrong_method_is_told_the_right_one(centre: RunningCentre, method: str, path: str, allowed: str) -> None:
    answer = ask(centre, method, path)
    assert answer.status == 405 and allowed in answer.headers["Allow"], answer.headers
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 405 and path in answer.json()["detail"], answer.body


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"7", b'{"line":"110"}'])
def test_problems_over_http_do_not_speak_of_lines(centre: RunningCentre, body: bytes) -> None:
    problem = ask(centre, "POST", "/v1/calls", body).json()
    assert problem["status"] in (400, 422)
    assert "a line" not in problem["detail"] and '"tag"' not in problem["detail"], problem


def test_no_room_is_said_aloud(start_centre: StartCentre) -> None:
    """Every place is held by a body that comes slowly; a newcomer is told so, and served once there is room."""
    small = start_centre("wall", http="connections_max = 2")
    head = b"POST /v1/calls HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
    with connect(small, head), connect(small, head):
        time.sleep(0.3)
        answer = ask(small, "GET", "/livez")
        assert answer.status == 503 and answer.json()["retry_after_ms"], answer.body
    time.sleep(0.5)
    assert ask(small, "GET", "/livez").status == 200
