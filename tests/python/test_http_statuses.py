"""Every status that `/openapi.json` names is given by something that is asked here, and every code of a problem too.

`Interface` fails where an answer has a status that the document does not name; this file holds the other direction: nothing is
promised that nobody has seen. What cannot be brought about over HTTP is named in `UNSEEN` and `UNTOLD`, with the reason.
"""

import contextlib
import pathlib
import re
import signal
import socket
import time
from typing import Any, Iterator

import pytest

from calls import spread
from conftest import StartCentre
from http_client import ask
from interface import Interface
from running_centre import REPOSITORY, RunningCentre
from test_http_acts import keyed
from test_http_routes import ACTS, BODY_MOST, GOOD, PLAN_MOST, REFUSED, UNIT, filled, scene_of, with_contacts

Seen = set[tuple[str, str, int]]

# (method, path, status) that the document names and nothing here brings about, with the reason.
UNSEEN: dict[tuple[str, str, int], str] = {
    ("GET", "/v1/events", 410): "nothing is pruned within a day",
}
# Codes that no request over HTTP is answered with, with the reason.
UNTOLD = {
    "not_opened": "a centre is opened before it listens",
    "already_opened": "a centre is opened before it listens",
    "object_missing": "a plan is stored before it is brought into force",
    "not_yours": "whoever asks over HTTP speaks for all units until rights are configured",
    "not_advanced": "no time is driven over HTTP",
    "pruned": "nothing is pruned within a day",
    "no_room": "the disk of a test is not filled here; `test_disk_faults.py` does",
    "hospitals_full": "there is room for 10 000 of them",
}
# As few as may be configured; the embedded city brings 218 units.
SMALL = "[capacity]\nunits_max = 220\nincidents_max = 64\norders_max = 128\ncalls_max = 1024\n"


class Witness:
    """Interfaces of several centres, and all that was answered through them."""

    def __init__(self) -> None:
        self.seen: Seen = set()
        self.codes: set[str] = set()

    def of(self, centre: RunningCentre) -> Interface:
        """A centre's interface, of which everything is remembered."""
        interface = Interface(centre)
        interface.answered = self.seen
        interface.told = self.codes
        return interface


@pytest.fixture(scope="module")
def witness() -> Witness:
    """What this file has seen."""
    return Witness()


@pytest.fixture(scope="module")
def interface(witness: Witness, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Interface]:
    """The centre that most is asked of."""
    with RunningCentre(tmp_path_factory.mktemp("statuses"), "wall", with_contacts(tmp_path_factory)) as centre:
        yield witness.of(centre)
        centre.assert_unharmed()


def concrete(path: str, ids: dict[str, str]) -> str:
    """The path with ids of things that are there."""
    nouns = {"calls": "call", "incidents": "incident", "orders": "order", "explain": "order"}
    noun = path.split("/")[2] if path.startswith("/v1/") else ""
    fixed = {"units": "T-01", "hospitals": "1", "contacts": "3"}
    return path.replace("{id}", ids.get(nouns.get(noun, ""), fixed.get(noun, ""))).replace("{act}", "decline")


def holding(centre: RunningCentre, held: contextlib.ExitStack, words: bytes) -> socket.socket:
    """A raw socket on which this was said."""
    raw = held.enter_context(socket.create_connection(("127.0.0.1", centre.http_port), timeout=10))
    raw.sendall(words)
    return raw


def begun(method: str, path: str) -> bytes:
    """A request whose body is begun and lacks two bytes."""
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\n{{".encode()


def status_of(raw: socket.socket) -> tuple[int, str]:
    """Status and code of the problem that comes on a raw socket."""
    said = b""
    while b"urn:liandong:problem:" not in said or not said.endswith(b"}"):
        piece = raw.recv(65_536)
        assert piece, said
        said += piece
    code = re.search(rb"urn:liandong:problem:(\w+)", said)
    assert code
    return int(said.split(b" ")[1]), code[1].decode()


def test_good_ways_and_refusals(interface: Interface) -> None:
    for (method, path), good in GOOD.items():
        assert good(interface), (method, path)
    scene = scene_of(interface)
    for method, path, body, *_ in REFUSED:
        interface.ask(method, filled(path, scene), filled(body, scene))
    for method, path in ACTS:
        where = concrete(path, scene)
        interface.ask(method, where, b"x" * ((PLAN_MOST if path == "/v1/plans" else BODY_MOST) + 1))
        interface.ask(method, where, b"{")
        if method == "POST":
            answer = ask(interface.centre, method, where, b"{}", more={"Content-Type": "text/plain"})
            interface.check(method, where, answer)
    major = f"/v1/incidents/{interface.call('needs-a-follow-up')['incident']}"
    interface.ask("POST", f"{major}/escalate", {"level": "II"})
    assert interface.problem("POST", f"{major}/close", {})[:2] == (422, "follow_up_needed")
    interface.ask("GET", "/v1/nothing")
    interface.ask("DELETE", "/v1/calls")
    # Capabilities that are no agency's own, or a duty of a whole day without anybody: each field right, the whole wrong.
    interface.ask("PUT", "/v1/units/N-9", {**UNIT, "capabilities": ["desk_traffic", "traffic_patrol"], "strength": 0, "least_strength": 9})


def test_an_act_under_the_key_of_another(interface: Interface) -> None:
    for (method, path), (where, body) in keyed(interface).items():
        if path == "/v1/calls":
            continue
        key = f"key-of-{method}{path}"
        assert interface.ask(method, where, body, key).status == 200, (method, where)
        other = body + b"\n# more" if isinstance(body, bytes) else {**body, "odd": 1}
        assert interface.problem(method, where, other, key)[:2] == (409, "key_taken")
    # A test of a contact is no act that is kept, and is no other act's repeat either.
    assert interface.problem("POST", "/v1/contacts/3/test", {}, key)[:2] == (409, "key_taken")


def test_bodies_that_are_never_whole(interface: Interface, witness: Witness) -> None:
    with contextlib.ExitStack() as held:
        slow = {(method, path): holding(interface.centre, held, begun(method, concrete(path, {}).replace("//", "/1.1/"))) for method, path in ACTS}
        for (method, path), raw in slow.items():
            assert status_of(raw) == (408, "too_slow"), (method, path)
            witness.seen.add((method, path, 408))
    witness.codes.add("too_slow")


def test_whoever_asks_from_elsewhere(interface: Interface) -> None:
    for method, path in interface.operations():
        where = concrete(path, {"call": "1.1", "incident": "1.1", "order": "1.1"})
        answer = ask(interface.centre, method, where, more={"Origin": "null"})
        interface.check(method, where, answer)
        assert answer.status == 403


def test_no_room_at_the_door(witness: Witness, start_centre: StartCentre) -> None:
    centre = start_centre("wall", http="connections_max = 2")
    interface = witness.of(centre)
    with contextlib.ExitStack() as held:
        for _ in range(2):
            reader = holding(centre, held, b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"200 OK" in reader.recv(65_536)
        witness.seen.add(("GET", "/v1/events", 200))
        for method, path in interface.operations():
            where = concrete(path, {"call": "1.1", "incident": "1.1", "order": "1.1"})
            assert interface.problem(method, where)[:2] == (503, "overloaded"), (method, path)


def test_a_centre_that_stops_says_so(witness: Witness, start_centre: StartCentre) -> None:
    """Whoever had begun to ask when it was told to stop is answered, and told to come again."""
    centre = start_centre("wall")
    asked = [("POST", "/v1/calls", b'{"key":"late","line":"110"}'), ("POST", "/v1/incidents/1.1/close", b"{}"), ("POST", "/v1/calls/1.1/facts", b"{}")]
    with contextlib.ExitStack() as held:
        waiting = []
        for method, where, body in asked:
            head = f"{method} {where} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            waiting.append((holding(centre, held, head + body[:1]), body[1:]))
        assert ask(centre, "GET", "/readyz").status == 200
        assert centre.process
        centre.process.send_signal(signal.SIGTERM)
        with pytest.raises(OSError):
            while True:
                ask(centre, "GET", "/livez", seconds=2)
        for raw, rest in waiting:
            raw.sendall(rest)
            assert status_of(raw) == (503, "not_serving")
    witness.codes.add("not_serving")
    centre.stop()
    centre.start()
    assert centre.stats()["conservation"]["accepted"] == 0, "what was refused was taken"


def test_tables_that_are_full(witness: Witness, start_centre: StartCentre) -> None:
    """Each is said by its name and its status; the lowest priority is refused first, and nothing is lost from the sums."""
    interface = witness.of(start_centre("wall", SMALL))
    told = [interface.ask("PUT", f"/v1/units/N-{number}", UNIT) for number in range(3)]
    assert [answer.status for answer in told] == [200, 200, 409] and "units_full" in told[-1].body, told[-1].body
    incident = interface.call("needs", text="三楼着火了，有人被困")["incident"]
    free = [unit for unit in interface.pages("/v1/units?state=free", 500) if not unit["desk"]]
    codes = set()
    for unit in free[:20]:
        answer = interface.ask("POST", f"/v1/incidents/{incident}/assign", {"unit": unit["name"]})
        codes.add(answer.json().get("type", "").rpartition(":")[2] if answer.status == 409 else answer.status)
    assert "needs_full" in codes, codes
    refused = full(interface)
    # The same key again: asked of the core again, and counted again, for it was not taken the first time.
    # With its hash, from the writer itself: what is only read may be a moment behind what was answered.
    before = interface.get("/v1/stats")
    again = interface.problem("POST", "/v1/calls", refused)
    after = interface.get("/v1/stats")
    assert again[:2] == (503, "incidents_full")
    for name in ("accepted", "refused"):
        assert after["conservation"][name] == before["conservation"][name] + 1
    assert after["conservation_holds"]
    end = time.monotonic() + 10
    while interface.get("/v1/stats?hash=false")["conservation"] != after["conservation"]:
        assert time.monotonic() < end, "what is read never comes to what the writer counts"
        time.sleep(0.02)
    assert interface.call("danger", text="老人突然晕倒，没有呼吸")["call"], "danger to life has room where the rest has none"


def full(interface: Interface) -> dict[str, Any]:
    """Calls of the lowest priority until there is no room for one more; that one."""
    for number in range(100):
        body = {"key": f"full-{number}", "line": "110", "datum": "wgs84", "kind": "noise", "text": "太吵了", **spread(number)}
        answer = interface.ask("POST", "/v1/calls", body)
        if answer.status != 200:
            assert answer.status == 503 and answer.headers["Retry-After"] and answer.json()["retry_after_ms"], answer.body
            return body
    raise AssertionError("a table of 64 took 100 incidents")


def test_every_status_of_the_document_was_seen(interface: Interface, witness: Witness, request: pytest.FixtureRequest) -> None:
    """Only after all the others of this file."""
    others = {item.name for item in request.session.items if item.path == pathlib.Path(__file__)}
    if {name for name in globals() if name.startswith("test_")} - others:
        pytest.skip("only a part of this file was asked for")
    named = {
        (method.upper(), path, int(status))
        for path, methods in interface.document["paths"].items()
        for method, operation in methods.items()
        for status in operation["responses"]
    }
    assert named - witness.seen == set(UNSEEN), sorted(named - witness.seen ^ set(UNSEEN))
    table = (REPOSITORY / "docs/protocol.md").read_text(encoding="utf-8").partition("## Errors")[2].partition("## JSON lines")[0]
    codes = {code for row in re.findall(r"^\| (`[^|]*) \|", table, re.M) for code in re.findall(r"`(\w+)`", row)}
    assert codes - witness.codes == set(UNTOLD), sorted(codes - witness.codes ^ set(UNTOLD))
