"""What the disk-fault tests share: clients that ask until the centre is gone, and what a failed centre must have done.

A centre whose journal cannot be written takes nothing more, tells everybody who waits, says on stderr why, and ends with a code
that is not zero. What it had answered is there after a start on a disk that works; what it had not may be sent again.
"""

import asyncio
import itertools
import json
import threading
import time
from typing import Any

from calls import call, spread
from check_export import violations
from http_client import Answer, ask, post_call
from json_client import Closed, Connection, Conversation, connected
from running_centre import STOP_SECONDS, RunningCentre, liandong

STREAMS = 4
DEPTH = 8
# A fault that has not come by then does not come.
FAULT_SECONDS = 60
# Everybody who waits is told within this time of the first who is.
TOLD_SECONDS = 10
# With this code the centre closes a connection when it stops.
STOPPING = 0


class Told:
    """What clients heard until the centre was gone."""

    def __init__(self) -> None:
        self.calls: dict[str, dict[str, Any]] = {}
        self.decisions: dict[str, dict[str, Any]] = {}
        self.problems: list[dict[str, Any]] = []
        # Requests whose stream or connection ended before an answer came.
        self.closed: list[str] = []
        self.close_code: int | None = None
        self.unanswered: list[str] = []
        self.refused: list[Answer] = []
        # What `/readyz` said from the first sign of failure on.
        self.ready: list[int] = []

    def send(self, key: str, text: str | None) -> dict[str, Any]:
        """A call of this key; it is known from here on that it was sent."""
        body = self.calls[key] = call(key, text or "路口两车追尾，有人受伤", **spread(len(self.calls)))
        return body


async def ask_until_gone(centre: RunningCentre, text: str | None = None) -> Told:
    """Calls over QUIC and HTTP until the centre refuses or is gone, and hears everybody out."""
    told = Told()
    stop = threading.Event()
    by_http = threading.Thread(target=_ask_over_http, args=(centre, told, text, stop))
    async with connected(centre.quic_port) as connection:
        by_http.start()
        try:
            await _ask_over_quic(connection, told, text)
            until = time.monotonic() + TOLD_SECONDS
            while connection.ended is None and time.monotonic() < until:
                await asyncio.sleep(0.01)
        finally:
            stop.set()
            await asyncio.to_thread(by_http.join)
        told.close_code = None if connection.ended is None else connection.ended.error_code
    return told


async def _ask_over_quic(connection: Connection, told: Told, text: str | None) -> None:
    talks = [connection.open() for _ in range(STREAMS)]
    numbers = itertools.count()
    asked: dict[str, asyncio.Future[dict[str, Any]]] = {}
    until = time.monotonic() + FAULT_SECONDS
    while not _is_failing(talks, asked):
        assert time.monotonic() < until, f"{len(asked)} requests, and no fault"
        for talk in talks:
            for number in itertools.islice(numbers, DEPTH - talk.in_flight):
                key = f"quic-{number}"
                asked[key] = talk.ask(call=told.send(key, text))
        await asyncio.sleep(0.001)
    await asyncio.wait(asked.values(), timeout=TOLD_SECONDS)
    for key, future in asked.items():
        if not future.done():
            told.unanswered.append(key)
        elif isinstance(gone := future.exception(), Closed):
            told.closed.append(f"{key}: {gone}")
        elif "decision" in future.result():
            told.decisions[key] = future.result()["decision"]
        else:
            told.problems.append(future.result()["problem"])


def _is_failing(talks: list[Conversation], asked: "dict[str, asyncio.Future[dict[str, Any]]]") -> bool:
    """A stream is closed, or one of the last requests was answered by something that is no decision."""
    if any(talk.closed is not None for talk in talks):
        return True
    for future in itertools.islice(reversed(asked.values()), 4 * STREAMS * DEPTH):
        if future.done() and (future.exception() is not None or "decision" not in future.result()):
            return True
    return False


def _ask_over_http(centre: RunningCentre, told: Told, text: str | None, stop: threading.Event) -> None:
    """The same over HTTP, one after the other; then how ready the centre says it is, until it is gone."""
    for number in itertools.count():
        key = f"http-{number}"
        try:
            answer = post_call(centre, told.send(key, text))
        except OSError:
            break
        if answer.status != 200:
            told.refused.append(answer)
            break
        told.decisions[key] = answer.json()
        if stop.is_set():
            break
    until = time.monotonic() + TOLD_SECONDS
    while time.monotonic() < until:
        try:
            told.ready.append(ask(centre, "GET", "/readyz").status)
        except OSError:
            return
        time.sleep(0.005)


def assert_ended_aloud(centre: RunningCentre, why: tuple[str, ...]) -> None:
    """It ended by itself with a code, and said once on stderr that it has failed, how (`why`), and what to do."""
    assert centre.process is not None
    assert centre.process.wait(STOP_SECONDS) not in (0, -9), centre.said()[-2000:]
    said = centre.said()
    assert said.count("THE CENTRE HAS FAILED") == 1, said[-2000:]
    for part in (*why, "mend the disk, then start again"):
        assert part in said, (part, said[-2000:])
    assert "panicked" not in said, said[-4000:]


def assert_everybody_was_told(told: Told) -> None:
    """Nobody waits for ever; refusals are problems of status 503; it is never ready again."""
    assert not told.unanswered, f"never answered: {told.unanswered}"
    for problem in told.problems:
        assert problem["status"] == 503 and problem["type"].endswith("not_serving"), problem
        assert problem["retry_after_ms"] > 0 and problem["detail"], problem
    assert told.close_code == STOPPING, f"the connection ended with {told.close_code}"
    for refused in told.refused:
        assert refused.status == 503, (refused.status, refused.body)
        assert refused.headers["Content-Type"] == "application/problem+json", refused.headers.items()
        assert refused.json()["type"].endswith("not_serving"), refused.body
    assert told.problems or told.refused, "the centre was gone and nobody was told"
    assert set(told.ready) <= {503}, told.ready


def assert_nothing_is_lost(centre: RunningCentre, told: Told, besides: int = 0) -> None:
    """After a start on a disk that works: what was answered is there and gets its answer again, all else is decided now.

    Of calls that others made `besides`, one more than was answered may have become durable."""
    centre.start()
    again = asyncio.run(_decided(centre, told.calls))
    for key, decision in told.decisions.items():
        assert again[key] == decision, (key, again[key], decision)
    more = centre.stats()["conservation"]["accepted"] - len(told.calls)
    assert more == 0 if besides == 0 else besides <= more <= besides + 1, (more, besides)
    centre.assert_unharmed()
    centre.stop()
    assert "no damage" in liandong("journal", "verify", str(centre.data)).stdout
    records, objects = centre.export()
    taken = {
        record["testimony"]["key"]: (record["seq"], event["call_taken"]["call"])
        for record in records
        for event in record["events"]
        if "call_taken" in event
    }
    assert told.calls.keys() <= taken.keys() and len(taken) - len(told.calls) == more
    for key, decision in told.decisions.items():
        assert taken[key] == (decision["seq"], decision["call"]), key
    found = violations(records, objects)
    assert not found, [str(violation) for violation in found[:5]]


async def _decided(centre: RunningCentre, calls: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    async with connected(centre.quic_port) as connection:
        talk = connection.open()
        keys = list(calls)
        for start in range(0, len(keys), 32):
            some = keys[start : start + 32]
            answers = await asyncio.gather(*(talk.answer(call=calls[key], seconds=60) for key in some))
            for key, answer in zip(some, answers):
                assert "decision" in answer, json.dumps(answer, ensure_ascii=False)
                found[key] = answer["decision"]
    return found
