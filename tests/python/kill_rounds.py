"""`kill -9` on a real `liandong serve`, round after round on one data folder, each time with many requests in flight.

    python tests/python/kill_rounds.py --rounds 200 [--in-flight 100] [--seed N] [--data DIR]

After each kill: every acknowledged key stands in the journal with the decision that was acknowledged, and gets it again;
what was not acknowledged is decided now; the journal is sound and its state is the one that the running centre shows;
orders that nobody has acknowledged are delivered again, no others. Prints its seed first, then a line a round, then what
recovery took. Exit code 0 only if every round kept every promise. SIGINT or SIGTERM end it after the round and judge what
was played.

It kills a process, not the machine: what the kernel holds survives. What a lost sync would cost is shown elsewhere.
"""

import argparse
import asyncio
import contextlib
import json
import pathlib
import random
import signal
import statistics
import sys
import tempfile
import threading
import time
from typing import Any, NamedTuple

from check_export import violations_of_file
from json_client import connected
from kill_load import Act, Ledger, Load, Typist, Witnessed
from running_centre import RunningCentre, liandong

IN_FLIGHT_LEAST = 100
# So many requests are open when the last burst is out; those of them that are not answered at the kill count.
BURST_FACTOR = 6
ROUND_SECONDS = (0.1, 0.6)
# How long after the burst the kill comes, at most: about a group commit.
PAUSE_SECONDS_MAX = 0.004
# Small segments, so that kills also meet the turn from one to the next.
SETTINGS = "[city]\nunits = 2000\n[journal]\nsegment_mib = 8\n"
# In some rounds it is killed once more while it recovers, after at most so long.
KILLED_AGAIN_CHANCE = 0.25
KILLED_AGAIN_SECONDS_MAX = 0.3
OLDER_KEYS = 100
ANSWER_SECONDS = 60


class Row(NamedTuple):
    """What a round came to."""

    number: int
    in_flight: int
    acknowledged: int
    sequence: int
    delivered_again: int
    recovery_ms: float


class Outbox:
    """The orders that nobody has acknowledged, folded from the journal's events by the simplest rule there is."""

    def __init__(self) -> None:
        self.orders: set[str] = set()

    def take(self, record: dict[str, Any]) -> None:
        """One more record."""
        for event in record["events"]:
            if "order_issued" in event:
                self.orders.add(event["order_issued"]["order"])
            elif "order_moved" in event and event["order_moved"]["from"] == "issued":
                self.orders.discard(event["order_moved"]["order"])


def decided_in(record: dict[str, Any]) -> dict[str, Any]:
    """What a record says of the call it took, in the words of a decision."""
    events = [(name, value) for event in record["events"] for name, value in event.items()]
    whole = [value for name, value in events if name == "call_decided"][-1]
    # A unit that is called away leaves somebody behind, who is given another in the same record.
    orders = [value for name, value in events if name == "order_issued" and value["incident"] == whole["incident"]]
    return {
        "seq": record["seq"],
        **{name: whole[name] for name in ("call", "incident", "outcome", "human", "outside")},
        "merged": any(name == "incident_joined" for name, _ in events),
        "orders": [(order["order"], order["deadlines"]["arrive"]) for order in orders],
    }


def told(answer: tuple[int, dict[str, Any]]) -> Any:
    """What an act's answer says of its record. Events are shown with what their incident is at the time of asking, so only
    their ids and types are the same whenever they are asked for."""
    status, body = answer
    if status != 200:
        return status, body
    return status, body["seq"], [(event["id"], event["type"]) for event in body["events"]]


class Rounds:
    """One centre, killed again and again."""

    def __init__(self, folder: pathlib.Path, seed: int, in_flight: int) -> None:
        self.centre = RunningCentre(folder, "wall", SETTINGS)
        self.ledger = Ledger()
        self.rows: list[Row] = []
        self._folder = folder
        self._chance = random.Random(seed)
        self._wanted = in_flight
        self._outbox = Outbox()
        self._read = 0
        self._reports_seen = 0
        self.killed_in_recovery = 0

    def play(self) -> Row:
        """One round; the centre runs before and after it."""
        number = len(self.rows) + 1
        before = self.ledger.answered
        keys, acts = set(self.ledger.decisions), set(self.ledger.answers)
        load = Load(self.centre, self.ledger, f"round-{number}", self._chance)
        seconds, pause = self._chance.uniform(*ROUND_SECONDS), self._chance.uniform(0, PAUSE_SECONDS_MAX)
        in_flight = asyncio.run(load.run_and_kill(seconds, BURST_FACTOR * self._wanted, pause))
        acknowledged = self.ledger.answered - before
        verdict = liandong("journal", "verify", str(self.centre.data)).stdout
        assert "no damage" in verdict, verdict
        self._assert_kept(self._new_records(), keys, acts)
        if self._chance.random() < KILLED_AGAIN_CHANCE:
            self._kill_in_recovery(self._chance.uniform(0.005, KILLED_AGAIN_SECONDS_MAX))
        since = time.monotonic()
        self.centre.start()
        recovery_ms = (time.monotonic() - since) * 1000
        again = asyncio.run(self._assert_delivered_again())
        asyncio.run(self._assert_answered_again(keys, acts))
        sequence = self._assert_same_state()
        self.rows.append(Row(number, in_flight, acknowledged, sequence, again, recovery_ms))
        return self.rows[-1]

    def finish(self) -> tuple[int, int]:
        """Stops the centre and judges the whole journal: every key of every round, and the independent checker. Gives how
        many records and how many keys it has."""
        self.centre.assert_unharmed()
        self.centre.stop()
        objects, export = self._folder / "objects", self._folder / "export.jsonl"
        done = liandong("journal", "export", str(self.centre.data), "--objects", str(objects))
        export.write_text(done.stdout, encoding="utf-8")
        found, count = violations_of_file(export, objects)
        assert not found, [str(violation) for violation in found[:10]]
        taken: dict[str, int] = {}
        with open(export, encoding="utf-8") as lines:
            for record in map(json.loads, lines):
                if any("call_taken" in event for event in record["events"]):
                    key = record["testimony"]["key"]
                    assert key not in taken, f"{key} was taken at {taken[key]} and again at {record['seq']}"
                    taken[key] = record["seq"]
        assert taken == {key: decision["seq"] for key, decision in self.ledger.decisions.items()}
        return count, len(taken)

    def _kill_in_recovery(self, seconds: float) -> None:
        """Starts it and kills it so long after, be it ready or not."""
        killer = threading.Timer(seconds, self.centre.kill)
        killer.start()
        with contextlib.suppress(AssertionError):
            self.centre.start()
        killer.join()
        # On a slow machine the process may have been started only after that.
        self.centre.kill()
        self.killed_in_recovery += 1

    def _new_records(self) -> list[dict[str, Any]]:
        """Records that were not read before; they are folded into the outbox."""
        lines = liandong("journal", "export", str(self.centre.data), "--from", str(self._read + 1)).stdout.splitlines()
        records = [json.loads(line) for line in lines]
        for record in records:
            assert record["seq"] == self._read + 1, (record["seq"], self._read)
            self._read = record["seq"]
            self._outbox.take(record)
        return records

    def _assert_kept(self, records: list[dict[str, Any]], keys: set[str], acts: set[str]) -> None:
        """Everything that was acknowledged in this round, that is beside these, is in the journal as it was acknowledged."""
        taken = {
            record["testimony"]["key"]: record
            for record in records
            if any("call_taken" in event for event in record["events"])
        }
        for key in self.ledger.decisions.keys() - keys:
            decision = self.ledger.decisions[key]
            assert key in taken, f"{key} was decided as {decision['call']} and is not in the journal"
            kept = decided_in(taken[key])
            orders = [(order["order"], order["arrive_by"]) for order in decision["orders"]]
            assert kept == {**{name: decision[name] for name in kept}, "orders": orders}, (key, kept, decision)
        by_sequence = {record["seq"]: record["command"] for record in records}
        reports = self.ledger.reports[self._reports_seen :]
        self._reports_seen = len(self.ledger.reports)
        reports += [
            (body["seq"], self.ledger.acts[key].about)
            for key, (status, body) in self.ledger.answers.items()
            if key not in acts and status == 200
        ]
        for seq, about in reports:
            command = by_sequence.get(seq, {})
            assert isinstance(command, dict) and about.command in command, (seq, about, command)
            said = command[about.command]
            assert (said if about.field is None else said[about.field]) == about.identity, (seq, about, command)

    async def _assert_delivered_again(self) -> int:
        """A subscriber is told of exactly those orders that nobody had acknowledged when it subscribed; gives how many."""
        async with connected(self.centre.quic_port) as connection:
            crew = connection.open()
            at = (await crew.answer(subscribe={}))["done"]["seq"]
            expected = Outbox()
            expected.orders = set(self._outbox.orders)
            for line in liandong(
                "journal", "export", str(self.centre.data), "--from", str(self._read + 1), "--to", str(at)
            ).stdout.splitlines():
                expected.take(json.loads(line))
            again: set[str] = set()
            try:
                while again != expected.orders:
                    event = await crew.event(5)
                    if event.get("redelivered"):
                        again.add(event["order"])
                while True:
                    event = await crew.event(0.05)
                    assert not event.get("redelivered"), f"{event} is delivered again and was acknowledged"
            except asyncio.TimeoutError:
                missing, too_much = expected.orders - again, again - expected.orders
                assert not missing and not too_much, f"at {at}: not again {missing}, too much {too_much}"
        return len(again)

    async def _assert_answered_again(self, keys: set[str], acts: set[str]) -> None:
        """N2: acknowledged keys get their first answer; the others get one now, and the same ever after."""
        known = [key for key in self.ledger.decisions if key not in keys]
        known += self._chance.sample(sorted(keys), min(len(keys), OLDER_KEYS))
        for key, decision in zip(known, await self._decided(known)):
            assert decision == self.ledger.decisions[key], (key, decision, self.ledger.decisions[key])
        lost = [key for key in self.ledger.calls if key not in self.ledger.decisions]
        first = await self._decided(lost)
        self.ledger.decisions.update(zip(lost, first))
        assert await self._decided(lost) == first
        typist = Typist(self.centre)
        for key, act in self.ledger.acts.items():
            if key not in acts:
                await self._assert_act_answered_again(typist, key, act)
        await typist.leave()

    async def _assert_act_answered_again(self, typist: Typist, key: str, act: Act) -> None:
        if key not in self.ledger.answers:
            self.ledger.answers[key] = await typist.post(key, act)
        answer = await typist.post(key, act)
        assert told(answer) == told(self.ledger.answers[key]), (key, answer, self.ledger.answers[key])

    async def _decided(self, keys: list[str]) -> list[dict[str, Any]]:
        """The decisions on calls that are sent again, in their order."""
        answers: list[dict[str, Any]] = []
        async with connected(self.centre.quic_port) as connection:
            talk = Witnessed(connection)
            for start in range(0, len(keys), 256):
                asked = [talk.ask(call=self.ledger.calls[key]) for key in keys[start : start + 256]]
                talk.flush()
                answers += await asyncio.wait_for(asyncio.gather(*asked), ANSWER_SECONDS)
        for answer in answers:
            assert "decision" in answer, answer
        return [answer["decision"] for answer in answers]

    def _assert_same_state(self) -> int:
        """The journal alone gives the state that the running centre shows; every key was taken once."""
        stats = self.centre.stats()
        assert self.centre.hash_at(stats["sequence"]) == stats["hash"], stats
        assert stats["conservation_holds"] and stats["conservation"]["accepted"] == len(self.ledger.calls), (
            stats,
            len(self.ledger.calls),
        )
        self.centre.assert_unharmed()
        # What the repeats wrote belongs to no later round.
        self._new_records()
        return int(stats["sequence"])


def play(folder: pathlib.Path, rounds: int, in_flight: int, seed: int, enough: threading.Event | None = None) -> list[Row]:
    """Plays so many rounds, or until it is enough, and prints them; a promise that is broken is an `AssertionError`."""
    print(f"seed {seed}", flush=True)
    whole = Rounds(folder, seed, in_flight)
    try:
        whole.centre.start()
        print("round  in flight  acknowledged  sequence  delivered again  recovery ms")
        # A kill that met fewer requests is judged like any other, and is no round: another is played for it.
        while len(counted := [row for row in whole.rows if row.in_flight >= in_flight]) < rounds:
            if enough is not None and enough.is_set():
                break
            assert len(whole.rows) < 2 * rounds, f"only {len(counted)} of {len(whole.rows)} kills met {in_flight} requests"
            row = whole.play()
            print(
                f"{row.number:5}  {row.in_flight:9}  {row.acknowledged:12}  {row.sequence:8}  {row.delivered_again:15}  "
                f"{row.recovery_ms:11.0f}",
                flush=True,
            )
        records, keys = whole.finish()
    finally:
        whole.centre.kill()
    flights = [row.in_flight for row in counted]
    took = sorted(row.recovery_ms for row in whole.rows)
    print(f"in flight at the kill: least {min(flights)}, median {statistics.median(flights):.0f}")
    acknowledged = sum(row.acknowledged for row in whole.rows)
    print(f"acknowledged before kills: {acknowledged}; problems answered: {len(whole.ledger.problems)}")
    print(f"killed once more while recovering: {whole.killed_in_recovery} times")
    p99 = took[min(len(took) - 1, int(len(took) * 0.99))]
    print(f"recovery, exec to ready: median {statistics.median(took):.0f} ms, p99 {p99:.0f} ms, most {took[-1]:.0f} ms")
    print(f"the journal: {records} records, {keys} keys, each decided once; no damage, the checker finds nothing", flush=True)
    return counted


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="kill -9 on a real centre, round after round")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--in-flight", type=int, default=IN_FLIGHT_LEAST, help="requests in flight at each kill, at least")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--data", type=pathlib.Path, help="an empty folder that is kept; otherwise a temporary one")
    given = parser.parse_args()
    enough = threading.Event()
    for told_to_end in (signal.SIGINT, signal.SIGTERM):
        signal.signal(told_to_end, lambda *_: enough.set())
    try:
        if given.data is not None:
            play(given.data, given.rounds, given.in_flight, given.seed, enough)
        else:
            with tempfile.TemporaryDirectory(prefix="kill-rounds-") as folder:
                play(pathlib.Path(folder), given.rounds, given.in_flight, given.seed, enough)
    except AssertionError as broken:
        print(f"seed {given.seed}: a promise is broken: {broken}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
