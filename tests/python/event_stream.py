"""A reader of `/v1/events`: a socket and what server-sent events are, nothing more.

It knows where it was, so that it can come again behind its last event.
"""

import http.client
import json
from typing import Any

from running_centre import RunningCentre


class Ended(Exception):
    """The stream is over."""


class EventStream:
    """One reader. Events come one by one; each is held against the `id` and `event` lines that go with it."""

    def __init__(self, centre: RunningCentre, query: str = "", last: str | None = None, seconds: float = 20) -> None:
        self.last = last
        self._connection = http.client.HTTPConnection("127.0.0.1", centre.http_port, timeout=seconds)
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last} if last else {})
        self._connection.request("GET", "/v1/events" + query, headers=headers)
        # Its lines are read off here, so that a stream that breaks is seen as one.
        self._response = self._connection.getresponse()
        assert self._response.status == 200, self._response.read()
        assert self._response.headers["Content-Type"] == "text/event-stream"
        self._lines()

    def __enter__(self) -> "EventStream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Goes away."""
        self._response.close()
        self._connection.close()

    def event(self) -> dict[str, Any]:
        """The next event; comments are passed over."""
        while True:
            fields = self._lines()
            if "data" in fields:
                data = json.loads(fields["data"])
                assert fields["id"] == data["id"] and fields["event"] == data["type"], fields
                self.last = data["id"]
                return data

    def until(self, wanted: str) -> dict[str, Any]:
        """The event of this id; those before it are passed over."""
        while True:
            event = self.event()
            assert number(event["id"]) <= number(wanted), f"{wanted} was not told; {event['id']} came"
            if event["id"] == wanted:
                return event

    def _lines(self) -> dict[str, str]:
        fields: dict[str, str] = {}
        while True:
            try:
                line = self._response.readline()
            except (http.client.IncompleteRead, ConnectionError) as broken:
                raise Ended from broken
            if not line:
                raise Ended
            text = line.decode().rstrip("\n")
            if not text:
                return fields
            name, _, value = text.partition(": ")
            fields[name] = value


def number(event: str) -> tuple[int, ...]:
    """An event's id in the order of the journal."""
    return tuple(int(part) for part in event.split("."))
