"""The load of the kill rounds: calls, facts and acts from many streams, and a ledger of what was sent and what was answered.

A request counts as in flight when its last byte has left this process in a datagram (or in a TCP write) and its answer
has not come, not even into the socket's buffer: what lies there at the kill is read first and counts as answered.
"""

import asyncio
import contextlib
import json
import random
import time
from typing import Any, NamedTuple

from calls import call
from json_client import Connection, Conversation, connected
from running_centre import RunningCentre

CONNECTIONS = 6
TYPISTS = 8
# So much is read of what had come before the kill; nothing can come after it.
DRAIN_SECONDS = 0.05
# In one round of filling a stream, as many requests are left open; a burst before the kill goes over it.
DEPTH = 24
TEXTS = [
    "路口两车追尾，有人受伤", "三楼着火了，冒黑烟，有人被困", "有人打架，动刀了", "邻居半夜噪音太大", "老人胸口痛，喘不过气",
    "水管爆了，路上全是水",
]  # fmt: skip
MORE = ["又有两个人受伤", "火更大了", "人已经走了"]


class About(NamedTuple):
    """What a record must hold: its command, the field (where it has several) that names what it is about, and that name."""

    command: str
    field: str | None
    identity: str


class Act(NamedTuple):
    """An act over HTTP under a key."""

    path: str
    body: bytes
    about: About


class Ledger:
    """What was sent and what was answered, over all rounds."""

    def __init__(self) -> None:
        self.calls: dict[str, dict[str, Any]] = {}
        self.decisions: dict[str, dict[str, Any]] = {}
        self.acts: dict[str, Act] = {}
        self.answers: dict[str, tuple[int, dict[str, Any]]] = {}
        # Of requests without a key: the record that was named, and what it must hold.
        self.reports: list[tuple[int, About]] = []
        # Whatever else was answered: problems that name why not.
        self.problems: list[dict[str, Any]] = []

    @property
    def answered(self) -> int:
        """Everything that was acknowledged, whatever it was."""
        return len(self.decisions) + len(self.answers) + len(self.reports)


class Witnessed(Conversation):
    """A stream that keeps its lines until they are flushed, and knows which of them have left the process."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection.protocol)
        self._written = 0
        self._ends: dict[asyncio.Future[dict[str, Any]], int] = {}

    def send_bytes(self, data: bytes, end: bool = False) -> None:
        """Bytes for the next flush."""
        self._quic.send_stream_data(self.stream, data, end)
        self._written += len(data)

    def ask(self, **message: Any) -> "asyncio.Future[dict[str, Any]]":
        """One tagged line for the next flush."""
        asked = super().ask(**message)
        self._ends[asked] = self._written
        asked.add_done_callback(self._ends.pop)
        return asked

    def flush(self) -> None:
        """Sends what waits, as far as congestion control lets it go."""
        self._protocol.transmit()

    def abandon(self) -> None:
        """The other end is dead: closing the connection waits for nobody."""
        self._protocol._closed.set()

    def open_requests(self) -> "list[asyncio.Future[dict[str, Any]]]":
        """Requests that have left the process whole and have no answer."""
        left = self._quic._streams[self.stream].sender.highest_offset
        return [asked for asked, end in self._ends.items() if end <= left and not asked.done()]


class Typist:
    """Somebody at a screen: one connection over HTTP, one act at a time, each under a key of its own."""

    def __init__(self, centre: RunningCentre, name: str = "") -> None:
        self.name = name
        self._port = centre.http_port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        # The key of the act that is on its way.
        self.open: str | None = None

    async def post(self, key: str, act: Act) -> tuple[int, dict[str, Any]]:
        """Sends one act and gives status and body of the answer."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        head = (
            f"POST {act.path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Idempotency-Key: {key}\r\nContent-Length: {len(act.body)}\r\n\r\n"
        )
        writer.write(head.encode() + act.body)
        self.open = key
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        length = next(int(line.split(":")[1]) for line in lines if line.startswith("content-length:"))
        body = json.loads(await reader.readexactly(length))
        self.open = None
        return int(lines[0].split()[1]), body

    async def leave(self) -> None:
        """Closes the connection."""
        if self._streams is not None:
            self._streams[1].close()
            with contextlib.suppress(OSError):
                await self._streams[1].wait_closed()


class Load:
    """One round of it, until the kill."""

    def __init__(self, centre: RunningCentre, ledger: Ledger, name: str, chance: random.Random) -> None:
        self._centre = centre
        self._ledger = ledger
        self._name = name
        self._chance = chance
        self._number = 0
        self._talks: list[Witnessed] = []
        # Orders that nobody has reported on in this round, and its calls.
        self._orders: list[str] = []
        self._taken: list[str] = []
        self._incidents: list[str] = []

    async def run_and_kill(self, seconds: float, burst: int, pause: float) -> int:
        """Loads it for so long, sends a burst, waits a moment, kills it; gives how many requests were in flight then."""
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(CONNECTIONS):
                connection = await stack.enter_async_context(connected(self._centre.quic_port))
                self._talks.append(Witnessed(connection))
            crews = Conversation(connection.protocol)
            crews.send({"subscribe": {}})
            listening = asyncio.create_task(self._listen(crews))
            typists = [Typist(self._centre, f"{self._name}-typist-{number}") for number in range(TYPISTS)]
            typing = [asyncio.create_task(self._type(typist)) for typist in typists]
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                self._fill(DEPTH)
                await asyncio.sleep(0.001)
            self._fill(burst // CONNECTIONS)
            # Nothing of this process runs between here and the kill: what comes meanwhile waits in the sockets.
            time.sleep(pause)
            requests = [asked for talk in self._talks for asked in talk.open_requests()]
            acts = [typist.open for typist in typists if typist.open is not None]
            self._centre.kill()
            await asyncio.sleep(DRAIN_SECONDS)
            in_flight = sum(not asked.done() for asked in requests) + sum(key not in self._ledger.answers for key in acts)
            listening.cancel()
            for talk in self._talks:
                talk.abandon()
        await asyncio.gather(*typing)
        return in_flight

    async def _listen(self, crews: Conversation) -> None:
        """Crews hear of their orders, those of earlier rounds first."""
        while True:
            event = await crews.events.get()
            if event["type"] == "order_issued":
                self._orders.append(event["order"])

    def _fill(self, depth: int) -> None:
        for talk in self._talks:
            for _ in range(depth - talk.in_flight):
                self._say_something(talk)
        for talk in self._talks:
            talk.flush()

    def _say_something(self, talk: Witnessed) -> None:
        chance = self._chance.random()
        if chance < 0.15 and self._taken:
            about = self._chance.choice(self._taken)
            asked = talk.ask(facts={"call": about, "text": self._chance.choice(MORE)})
            asked.add_done_callback(lambda done: self._note_report(done, About("add_facts", "call", about)))
        elif chance < 0.55 and self._orders:
            order = self._an_order()
            act = self._chance.choice(["acknowledge", "acknowledge", "finish", "finish", "finish", "decline"])
            asked = talk.ask(order={"id": order, "act": act})
            asked.add_done_callback(lambda done: self._note_report(done, About("report", "order", order)))
        else:
            body = self._call()
            asked = talk.ask(call=body)
            asked.add_done_callback(lambda done: self._note_decision(done, body["key"]))

    def _call(self) -> dict[str, Any]:
        self._number += 1
        place = {"lat": 28.80 + self._chance.randrange(97) * 0.001, "lon": 120.68 + self._chance.randrange(89) * 0.001}
        body = call(f"{self._name}-{self._number}", self._chance.choice(TEXTS), **place)
        self._ledger.calls[body["key"]] = body
        return body

    def _note_decision(self, done: "asyncio.Future[dict[str, Any]]", key: str) -> None:
        if done.cancelled() or done.exception() is not None:
            return
        answer = done.result()
        if "decision" not in answer:
            self._ledger.problems.append(answer)
            return
        decision = self._ledger.decisions[key] = answer["decision"]
        self._taken.append(decision["call"])
        self._incidents.append(decision["incident"])

    def _note_report(self, done: "asyncio.Future[dict[str, Any]]", about: About) -> None:
        if done.cancelled() or done.exception() is not None:
            return
        answer = done.result()
        if "done" in answer:
            self._ledger.reports.append((answer["done"]["seq"], about))
        else:
            self._ledger.problems.append(answer)

    async def _type(self, typist: Typist) -> None:
        """Closes incidents and reports on orders until the centre is gone."""
        number = 0
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while self._centre.alive:
                act = self._act()
                if act is None:
                    await asyncio.sleep(0.001)
                    continue
                number += 1
                key = f"{typist.name}-{number}"
                self._ledger.acts[key] = act
                self._ledger.answers[key] = await typist.post(key, act)
        await typist.leave()

    def _act(self) -> Act | None:
        """An incident that is done with, so that there is always room for new ones, or else an order."""
        if self._incidents and self._chance.random() < 0.8:
            incident = self._incidents.pop(self._chance.randrange(len(self._incidents)))
            return Act(f"/v1/incidents/{incident}/close", b"{}", About("close_incident", None, incident))
        if self._orders:
            order, report = self._an_order(), self._chance.choice(["acknowledge", "finish"])
            return Act(f"/v1/orders/{order}/{report}", b"{}", About("report", "order", order))
        return None

    def _an_order(self) -> str:
        return self._orders.pop(self._chance.randrange(len(self._orders)))
