"""Events over HTTP: nothing missed and nothing twice, whoever does not read is in nobody's way, and all of it ends at once.

How much readers cost others is in `test_http_readers.py`.
"""

import threading
import time
from typing import Any

import pytest

from calls import call
from conftest import StartCentre
from event_stream import Ended, EventStream, number
from http_client import ask, post_call
from interface import Interface
from running_centre import RunningCentre


@pytest.fixture
def interface(start_centre: StartCentre) -> Interface:
    """A centre of its own for each test: some are killed."""
    return Interface(start_centre("wall"))


def told_by(centre: RunningCentre) -> list[str]:
    """The ids of all events in the journal, in order; a record without events is told as nothing."""
    records, _ = centre.export()
    return [f"1.{record['seq']}.{index}" for record in records for index in range(max(1, len(record["events"])))]


class Reading(threading.Thread):
    """A reader who goes away and comes again behind its last event, however the line broke, until it is told enough."""

    def __init__(self, centre: RunningCentre, since: str, events_each: int) -> None:
        super().__init__(daemon=True)
        self._centre, self._events_each = centre, events_each
        self.last, self.heard, self.lines = since, list[str](), 0
        self.enough = threading.Event()

    def run(self) -> None:
        while not self.enough.is_set():
            try:
                with EventStream(self._centre, last=self.last, seconds=2) as stream:
                    self.lines += 1
                    for _ in range(self._events_each):
                        event = stream.event()
                        self.heard.append(event["id"])
                        self.last = event["id"]
            except (Ended, OSError):
                time.sleep(0.02)


def test_nothing_is_missed_or_told_twice_across_breaks_and_kill_9(interface: Interface) -> None:
    """One reader hangs up every few events, one only when the centre dies; both hear the journal, whole and in order."""
    centre = interface.centre
    since = f"1.{interface.get('/v1/stats?hash=false')['sequence']}.0"
    readers = [Reading(centre, since, events_each) for events_each in (7, 1_000_000)]
    for reader in readers:
        reader.start()
    for round_ in range(2):
        for count in range(60):
            interface.call(f"told-{round_}-{count}")
        centre.kill()
        centre.start()
    last = interface.call("the-last-one")
    until = time.monotonic() + 30
    while time.monotonic() < until and any(number(reader.last)[1] < last["seq"] for reader in readers):
        time.sleep(0.05)
    for reader in readers:
        reader.enough.set()
    centre.stop()
    for reader in readers:
        reader.join(10)
    expected = [id_ for id_ in told_by(centre) if number(id_) > number(since)]
    for reader in readers:
        assert reader.heard == expected[: len(reader.heard)], "missed, told twice or out of order"
        assert number(reader.last)[1] >= last["seq"] and reader.lines >= 3
    assert readers[0].lines > 20


def test_a_stream_of_units_tells_of_them_alone(interface: Interface) -> None:
    """Names and ids do; events of nobody and of others are left out, live as well as from the journal."""
    decision = interface.call("first")
    unit, other = (line["unit"] for line in decision["orders"])
    unit_id = interface.get(f"/v1/units/{unit}")["id"]
    whole = [event for event in told(interface, f"?since=1.{decision['seq']}.0", 3) if event.get("unit") == unit]
    assert whole
    for query in (f"?units={unit}", f"?units={unit_id}"):
        picked = told(interface, f"{query}&since=1.{decision['seq']}.0", len(whole))
        assert picked == whole
    with EventStream(interface.centre, f"?units={unit}") as stream:
        interface.act("POST", f"/v1/orders/{decision['orders'][1]['order']}/acknowledge")
        interface.act("POST", f"/v1/orders/{decision['orders'][0]['order']}/acknowledge")
        heard = stream.event()
        assert heard["unit"] == unit != other and heard["type"] == "order_moved"


def told(interface: Interface, query: str, least: int) -> list[dict[str, Any]]:
    """What a stream tells within a second; at least so much."""
    found: list[dict[str, Any]] = []
    with EventStream(interface.centre, query, seconds=1) as stream:
        try:
            while True:
                found.append(stream.event())
        except TimeoutError:
            pass
    assert len(found) >= least, found
    return found


def test_an_event_is_told_within_a_moment(interface: Interface) -> None:
    """After silence at once, in a crowd within the time that is gathered for: 50 ms, and what the machine takes."""
    with EventStream(interface.centre) as stream:
        slowest = 0.0
        for count in range(20):
            decision = interface.call(f"soon-{count}")
            since = time.monotonic()
            stream.until(f"1.{decision['seq']}.0")
            slowest = max(slowest, time.monotonic() - since)
        assert slowest < 1.0, slowest


def test_a_place_in_another_journal_is_refused(interface: Interface) -> None:
    newest = interface.get("/v1/stats?hash=false")["sequence"]
    for last, field in ((f"1.{newest + 1000}.0", "since"), ("2.1.0", "since"), ("yesterday", "Last-Event-ID"), ("1.2", "Last-Event-ID")):
        answer = interface.ask("GET", "/v1/events", **{"Last-Event-ID": last})
        assert answer.status == 422 and answer.json()["field"] == field, (last, answer.body)
    # The header is of a line that broke, the parameter of how the page began: the header wins.
    with EventStream(interface.centre, f"?since=1.{newest}.0", last="1.1.0") as stream:
        assert number(stream.event()["id"])[1] <= 2


def test_an_open_stream_is_kept_alive(interface: Interface) -> None:
    connection = EventStream(interface.centre, seconds=15)
    since = time.monotonic()
    with connection:
        assert connection._response.readline() == b": alive\n"
    assert 5 < time.monotonic() - since < 14


def test_a_stop_ends_every_stream_at_once(interface: Interface) -> None:
    """SIGTERM with 50 readers, half of whom read nothing: every stream ends, and so does the centre, within a second."""
    streams = [EventStream(interface.centre) for _ in range(50)]
    for count in range(20):
        interface.call(f"before-the-stop-{count}")
    since = time.monotonic()
    interface.centre.stop()
    took = time.monotonic() - since
    assert took < 1.0, took
    for stream in streams:
        with pytest.raises((Ended, ConnectionError)):
            while True:
                stream.event()
        stream.close()
    assert "panicked" not in interface.centre.said()


def test_readers_do_not_take_the_places_of_callers(start_centre: StartCentre) -> None:
    """Even with every place taken by streams, a newcomer is told so; with room for one more, it is served."""
    small = start_centre("wall", http="connections_max = 4")
    streams = [EventStream(small) for _ in range(3)]
    for count in range(10):
        assert post_call(small, call(f"beside-{count}")).status == 200
    streams.append(EventStream(small))
    assert ask(small, "GET", "/livez").status == 503
    for stream in streams:
        stream.close()
    until = time.monotonic() + 20
    while ask(small, "GET", "/livez").status != 200:
        assert time.monotonic() < until, "the places of readers who went away were not given back"
        post_call(small, call(f"after-{time.monotonic()}"))
        time.sleep(0.1)
