"""A client of `liandong-json/1` in another language: JSON lines over bidirectional QUIC streams, by aioquic.

It shares nothing with the gateway but the documented conversation. Answers are matched by tag, in whatever order
they come; events of a subscription land in a queue of their own.
"""

import asyncio
import contextlib
import itertools
import json
import ssl
from typing import Any, AsyncIterator

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, QuicEvent, StreamDataReceived, StreamReset

ALPN = "liandong-json/1"


class Closed(Exception):
    """The server closed the connection or the stream."""


class _Protocol(QuicConnectionProtocol):
    """Hands each stream's bytes to the conversation on it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conversations: dict[int, "Conversation"] = {}
        self.terminated: ConnectionTerminated | None = None

    def quic_event_received(self, event: QuicEvent) -> None:
        """What aioquic tells us."""
        if isinstance(event, StreamDataReceived):
            conversation = self.conversations.get(event.stream_id)
            if conversation is not None:
                conversation.receive(event.data, event.end_stream)
        elif isinstance(event, StreamReset):
            conversation = self.conversations.get(event.stream_id)
            if conversation is not None:
                conversation.close(f"stream reset with {event.error_code}")
        elif isinstance(event, ConnectionTerminated):
            self.terminated = event
            for conversation in self.conversations.values():
                conversation.close(f"connection ended: {event.error_code} {event.reason_phrase}")


class Conversation:
    """One bidirectional stream of JSON lines."""

    def __init__(self, protocol: _Protocol) -> None:
        self._protocol = protocol
        self._quic = protocol._quic
        self.stream = self._quic.get_next_available_stream_id()
        # aioquic gives the same number again until something was sent on it.
        self._quic.send_stream_data(self.stream, b"", False)
        protocol.conversations[self.stream] = self
        self._tags = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._buffer = b""
        self.events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.untagged: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.closed: str | None = None

    @property
    def in_flight(self) -> int:
        """Requests that have not been answered."""
        return len(self._waiting)

    def send_bytes(self, data: bytes, end: bool = False) -> None:
        """Bytes as they are; for tests that lie."""
        self._quic.send_stream_data(self.stream, data, end)
        self._protocol.transmit()

    def send(self, message: dict[str, Any]) -> None:
        """One line without an answer to wait for."""
        self.send_bytes(json.dumps(message, ensure_ascii=False).encode() + b"\n")

    def ask(self, **message: Any) -> "asyncio.Future[dict[str, Any]]":
        """Sends one tagged line at once; the future gets the whole answer."""
        if self.closed is not None:
            raise Closed(self.closed)
        tag = next(self._tags)
        future = asyncio.get_running_loop().create_future()
        self._waiting[tag] = future
        self.send({"tag": tag, **message})
        return future

    async def answer(self, *, seconds: float = 20, **message: Any) -> dict[str, Any]:
        """Sends one tagged line and waits for its answer."""
        return await asyncio.wait_for(self.ask(**message), seconds)

    async def decide(self, call: dict[str, Any]) -> dict[str, Any]:
        """The decision on a call; a problem is a failure of the test."""
        answer = await self.answer(call=call)
        assert "decision" in answer, answer
        return answer["decision"]

    async def problem(self, **message: Any) -> dict[str, Any]:
        """The problem a bad line gets; anything else is a failure of the test."""
        answer = await self.answer(**message)
        assert "problem" in answer, answer
        return answer["problem"]

    async def event(self, seconds: float = 20) -> dict[str, Any]:
        """The next event of the subscription."""
        return await asyncio.wait_for(self.events.get(), seconds)

    def receive(self, data: bytes, end: bool) -> None:
        """Bytes came in."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            self._hear(json.loads(line))
        if end:
            self.close("the server finished the stream")

    def close(self, why: str) -> None:
        """Nobody will answer any more."""
        self.closed = why
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(Closed(why))
        self._waiting.clear()

    def _hear(self, message: dict[str, Any]) -> None:
        future = self._waiting.pop(message.get("tag"), None)
        if future is not None:
            if not future.done():
                future.set_result(message)
        elif "event" in message:
            self.events.put_nowait(message["event"])
        else:
            self.untagged.put_nowait(message)


class RawStream(Conversation):
    """A stream of bytes that are not looked at: only whether it ends."""

    def receive(self, data: bytes, end: bool) -> None:
        """Bytes came in."""
        self._buffer += data
        if end:
            self.close("the server finished the stream")

    async def wait_for_end(self, seconds: float) -> None:
        """Waits until the server has ended the stream or the connection."""
        async with asyncio.timeout(seconds):
            while self.closed is None:
                await asyncio.sleep(0.005)


class Connection:
    """A QUIC connection on which conversations are opened."""

    def __init__(self, protocol: _Protocol) -> None:
        self.protocol = protocol

    def open(self) -> Conversation:
        """One more stream."""
        return Conversation(self.protocol)

    def raw(self) -> RawStream:
        """One more stream, for bytes."""
        return RawStream(self.protocol)

    @property
    def ended(self) -> ConnectionTerminated | None:
        """How the connection ended, if it has."""
        return self.protocol.terminated


@contextlib.asynccontextmanager
async def connected(port: int, alpn: str = ALPN) -> AsyncIterator[Connection]:
    """A connection to a centre on loopback, whose own certificate is trusted there."""
    configuration = QuicConfiguration(
        is_client=True, alpn_protocols=[alpn], verify_mode=ssl.CERT_NONE, idle_timeout=60
    )
    async with connect(
        "127.0.0.1", port, configuration=configuration, create_protocol=_Protocol
    ) as protocol:
        yield Connection(protocol)
