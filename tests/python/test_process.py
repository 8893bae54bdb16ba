"""The life of the process: what it uses while nothing happens, how it ends when told to, how it ends when its disk fails."""

import asyncio
import concurrent.futures
import os
import resource
import signal
import threading
import time
from typing import Any

from calls import call, spread
from check_export import violations
from conftest import StartCentre
from http_client import Answer, ask, post_call
from json_client import Closed, connected
from running_centre import STOP_SECONDS, RunningCentre

IDLE_SECONDS = 5
# The aim is half a second; the rest is for a machine that others use too.
STOP_IDLE_SECONDS = 1.0
# What the journal may still grow by when the disk is said to be full.
ROOM_BYTES = 64 * 1024
SEGMENT_BYTES = 8 * 1024 * 1024


def processor_seconds(centre: RunningCentre) -> float:
    """What the process has used so far, in user and system mode."""
    with open(f"/proc/{centre.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def seconds_to_end(centre: RunningCentre) -> float:
    """How long it takes to end in order after SIGTERM."""
    assert centre.process is not None
    since = time.monotonic()
    centre.process.send_signal(signal.SIGTERM)
    assert centre.process.wait(STOP_SECONDS) == 0, centre.said()[-4000:]
    return time.monotonic() - since


def test_an_idle_centre_uses_next_to_nothing(start_centre: StartCentre) -> None:
    centre = start_centre("wall")

    async def scenario() -> float:
        async with connected(centre.quic_port) as connection:
            talk = connection.open()
            await talk.decide(call("before"))
            talk.send({"subscribe": {}})
            await asyncio.sleep(1)
            before = processor_seconds(centre)
            await asyncio.sleep(IDLE_SECONDS)
            return processor_seconds(centre) - before

    used = asyncio.run(scenario())
    assert used < 0.02 * IDLE_SECONDS, f"{used:.2f} s of processor time in {IDLE_SECONDS} s"


def test_an_idle_centre_ends_at_once(start_centre: StartCentre) -> None:
    """With nobody there, and with a subscriber that is gone without a word."""
    centre = start_centre("wall")
    assert seconds_to_end(centre) < STOP_IDLE_SECONDS
    centre.start()

    async def scenario() -> float:
        async with connected(centre.quic_port) as connection:
            talk = connection.open()
            talk.send({"subscribe": {}})
            await talk.decide(call("last words"))
            # From here on this client takes and sends nothing: the loop that would stands still.
            return seconds_to_end(centre)

    assert asyncio.run(scenario()) < STOP_IDLE_SECONDS


def test_a_stop_answers_what_is_on_the_way(start_centre: StartCentre) -> None:
    """Every request over QUIC and HTTP gets a decision or a problem, and every decision is in the journal."""
    centre = start_centre("wall")
    assert centre.process is not None
    decided: dict[str, dict[str, Any]] = {}
    stop = threading.Event()

    def by_http(worker: int) -> list[tuple[str, Answer | None]]:
        answers: list[tuple[str, Answer | None]] = []
        while not stop.is_set():
            key = f"http-{worker}-{len(answers)}"
            try:
                answers.append((key, post_call(centre, call(key, **spread(len(answers))))))
            except ConnectionRefusedError:
                break
            except (ConnectionError, OSError):
                # It was not taken yet when the door closed; nothing was answered, so nothing is owed.
                answers.append((key, None))
        return answers

    async def by_quic() -> tuple[int, int]:
        problems, closed = 0, 0
        async with connected(centre.quic_port) as connection:
            talk = connection.open()
            asked = {}
            until = time.monotonic() + 1
            while time.monotonic() < until or len(asked) <= 300:
                for _ in range(10):
                    key = f"quic-{len(asked)}"
                    asked[key] = talk.ask(call=call(key, **spread(len(asked))))
                await asyncio.sleep(0.005)
            centre.process.send_signal(signal.SIGTERM)
            for key, future in asked.items():
                try:
                    answer = await asyncio.wait_for(future, STOP_SECONDS)
                except Closed:
                    closed += 1
                    continue
                if "decision" in answer:
                    decided[key] = answer["decision"]
                else:
                    problems += 1
                    assert answer["problem"]["status"] == 503, answer
        return len(asked), closed

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        workers = [pool.submit(by_http, worker) for worker in range(4)]
        asked, closed = asyncio.run(by_quic())
        stop.set()
        answers = [answer for worker in workers for answer in worker.result()]
    assert centre.process.wait(STOP_SECONDS) == 0, centre.said()[-4000:]
    assert closed == 0, f"{closed} of {asked} requests over QUIC were never answered"
    for key, answer in answers:
        if answer is not None and answer.status == 200:
            decided[key] = answer.json()
        elif answer is not None:
            assert answer.status == 503, (key, answer.body)
    unanswered = sum(answer is None for _, answer in answers)
    assert len(answers) > 20 and unanswered <= 4, f"{unanswered} of {len(answers)} requests over HTTP"
    records, objects = centre.export()
    taken = {event["call_taken"]["call"] for record in records for event in record["events"] if "call_taken" in event}
    assert {decision["call"] for decision in decided.values()} <= taken
    assert not violations(records, objects)


def fill_the_disk(centre: RunningCentre) -> None:
    """No file of the centre may grow beyond a little more than its journal has now."""
    until = time.monotonic() + STOP_SECONDS
    spare = centre.data / "next.new"
    while not spare.exists() or spare.stat().st_size < SEGMENT_BYTES:
        assert time.monotonic() < until, "the spare segment was never made"
        time.sleep(0.05)
    used = max(len(segment.read_bytes().rstrip(b"\0")) for segment in centre.data.glob("*.log"))
    resource.prlimit(centre.pid, resource.RLIMIT_FSIZE, (used + ROOM_BYTES, resource.RLIM_INFINITY))


def test_a_journal_that_cannot_be_written_ends_the_centre_aloud(start_centre: StartCentre) -> None:
    """A full disk, played by a limit on files: refused aloud, not ready, ended with a message, whole after a restart."""
    # Python ignores SIGXFSZ and so may its child; with the default it would be killed instead of being told.
    centre = start_centre("wall", "[journal]\nsegment_mib = 8\n", restore_signals=False)
    assert centre.process is not None
    fill_the_disk(centre)
    decided: list[dict[str, Any]] = []
    refused: Answer | None = None
    for number in range(20_000):
        try:
            answer = post_call(centre, call(f"disk-{number}", **spread(number)))
        except OSError:
            break
        if answer.status != 200:
            refused = answer
            break
        decided.append(answer.json())
    # From the first refusal on it is never ready again.
    until = time.monotonic() + STOP_SECONDS
    while centre.process.poll() is None and time.monotonic() < until:
        try:
            assert ask(centre, "GET", "/readyz").status == 503
        except OSError:
            time.sleep(0.01)
    assert centre.process.wait(STOP_SECONDS) != 0
    assert len(decided) > 50
    assert refused is not None and refused.status == 503, refused and refused.body
    said = centre.said()
    assert "THE CENTRE HAS FAILED" in said and said.count("mend the disk, then start again") == 1, said[-2000:]
    assert "panicked" not in said, said[-4000:]
    centre.start()
    records, _ = centre.export()
    taken = {event["call_taken"]["call"] for record in records for event in record["events"] if "call_taken" in event}
    assert {decision["call"] for decision in decided} <= taken
    assert post_call(centre, call("after the disk")).status == 200
    centre.assert_unharmed()
