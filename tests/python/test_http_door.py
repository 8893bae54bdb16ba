"""The HTTP door under attack: sockets that ask nothing, heads that drip, bodies that nest, methods that do not fit, pages
of somebody else's that ask through a browser.

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
    [("PUT", "/v1/calls", "POST"), ("DELETE", "/livez", "GET"), ("PUT", "/v1/stats", "GET")],
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
    head = b"POST /v1/calls HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
    with connect(small, head), connect(small, head):
        time.sleep(0.3)
        answer = ask(small, "GET", "/livez")
        assert answer.status == 503 and answer.json()["retry_after_ms"], answer.body
    time.sleep(0.5)
    assert ask(small, "GET", "/livez").status == 200


# --- Pages of somebody else's ---------------------------------------------------------------------------------------

FOREIGN = [
    {"Host": "evil.example"}, {"Host": "evil.example:8110"}, {"Host": "localhost:1"}, {"Host": "localhost.evil.example"},
    {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "http://localhost:1"}, {"Origin": "https://localhost"},
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
]  # fmt: skip


def everything_served(centre: RunningCentre) -> list[tuple[str, str]]:
    """Every method and path of the document, the files of the page, and a path that is none."""
    document = ask(centre, "GET", "/openapi.json").json()
    fill = {"{id}": "1.1", "{act}": "acknowledge"}
    found = [("GET", "/"), ("GET", "/static/app.js"), ("GET", "/nothing"), ("DELETE", "/v1/calls")]
    for path, methods in document["paths"].items():
        assert all("403" in operation["responses"] for operation in methods.values()), path
        for name, value in fill.items():
            path = path.replace(name, value)
        found += [(method.upper(), path) for method in methods]
    return found


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_whoever_asks_from_elsewhere_is_refused_everywhere(centre: RunningCentre, headers: dict[str, str]) -> None:
    before = centre.stats()
    for method, path in everything_served(centre):
        body = b'{"key":"foreign","line":"110"}' if method != "GET" else None
        answer = ask(centre, method, path, body, more=headers)
        assert answer.status == 403 and answer.headers["Content-Type"] == "application/problem+json", (method, path)
        problem = answer.json()
        assert problem["type"].endswith(":foreign_origin") and problem["field"] == next(iter(headers)), problem
    after = centre.stats()
    assert (after["sequence"], after["hash"]) == (before["sequence"], before["hash"]), "it changed something"


def test_our_own_page_and_programs_of_this_machine_are_let_in(centre: RunningCentre) -> None:
    port = centre.http_port
    good = [
        {"Host": host, "Origin": f"http://{origin}:{port}", "Sec-Fetch-Site": site}
        for host, origin, site in [
            ("localhost", "localhost", "same-origin"), (f"127.0.0.1:{port}", "127.0.0.1", "same-origin"), (f"[::1]:{port}", "[::1]", "none"),
        ]
    ] + [{"Host": f"LocalHost:{port}"}, {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}]  # fmt: skip
    for headers in good:
        for path in ("/", "/livez", "/v1/incidents"):
            assert ask(centre, "GET", path, more=headers).status == 200, (path, headers)
    for number, headers in enumerate(good[:3]):
        assert ask(centre, "POST", "/v1/calls", json.dumps(call(f"ours-{number}")).encode(), more=headers).status == 200


@pytest.mark.parametrize(
    ("kind", "act", "taken"),
    [
        ("application/json; charset=utf-8", 200, 200), ("application/x-www-form-urlencoded", 200, 200), ("application/octet-stream", 200, 200),
        ("text/plain", 415, 200), ("multipart/form-data; boundary=x", 415, 200), ("application/xml", 415, 200),
    ],
)  # fmt: skip
def test_what_an_act_is_declared_as(centre: RunningCentre, kind: str, act: int, taken: int) -> None:
    """What only a form of a page says is refused on an act; a call is never lost for what it is declared as."""
    more = {"Content-Type": kind}
    assert ask(centre, "POST", "/v1/units/T-01/duty", b'{"duty":"standby"}', more=more).status == act
    answer = ask(centre, "POST", "/v1/calls", json.dumps(call(f"as-{kind}")).encode(), more=more)
    assert answer.status == taken and answer.json()["call"]
    assert ask(centre, "POST", "/v1/units/T-01/duty", None).status == 422, "an empty body is an act without fields"
