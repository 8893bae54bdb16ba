"""Reads an export: one JSON object a line, `{seq, at, actor, command, events}`.

Commands and events come as serde tags enums from outside: `"tick"` or `{"name": value}`. Times become integer
milliseconds since 1970 here, so that nothing after this file compares texts.
"""

import datetime
import json
from typing import Any, Iterable, Iterator

_DAY_STARTS: dict[str, int] = {}


class Unreadable(Exception):
    """The export is not what docs/journal-export.md describes."""


def milliseconds(text: str) -> int:
    """`2026-11-21T12:00:00.000Z` as milliseconds since 1970."""
    day = _DAY_STARTS.get(text[:10])
    if day is None:
        date = datetime.date.fromisoformat(text[:10])
        day = (date - datetime.date(1970, 1, 1)).days * 86_400_000
        _DAY_STARTS[text[:10]] = day
    if len(text) != 24 or text[10] != "T" or text[19] != "." or text[23] != "Z":
        raise Unreadable(f"`{text}` is not a time as 2026-11-21T12:00:00.000Z")
    hours, minutes, seconds = int(text[11:13]), int(text[14:16]), int(text[17:19])
    return day + ((hours * 60 + minutes) * 60 + seconds) * 1000 + int(text[20:23])


def optional_milliseconds(text: str | None) -> int | None:
    """As `milliseconds`, with `None` for what is not set."""
    return None if text is None else milliseconds(text)


def moment(ms: int) -> str:
    """Milliseconds since 1970, for people."""
    time = datetime.datetime.fromtimestamp(ms // 1000, datetime.timezone.utc)
    return f"{time:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def untag(tagged: Any) -> tuple[str, Any]:
    """The name and the value of an externally tagged enum."""
    if isinstance(tagged, str):
        return tagged, None
    if isinstance(tagged, dict) and len(tagged) == 1:
        return next(iter(tagged.items()))
    raise Unreadable(f"neither a name nor one name with a value: {json.dumps(tagged)[:200]}")


class Record:
    """One record: a command with its events."""

    __slots__ = ("seq", "at", "actor", "command", "value", "events")

    def __init__(self, line: dict[str, Any]) -> None:
        try:
            self.seq: int = line["seq"]
            self.at: int = milliseconds(line["at"])
            self.actor: str = untag(line["actor"])[0]
            self.command, self.value = untag(line["command"])
            self.events: list[tuple[str, Any]] = [untag(event) for event in line["events"]]
        except (KeyError, TypeError, ValueError) as mistake:
            raise Unreadable(f"record {line.get('seq')}: {mistake!r}") from mistake


def read(lines: Iterable[str]) -> Iterator[Record]:
    """The records of an export, in the order of its lines."""
    for number, line in enumerate(lines, start=1):
        try:
            yield Record(json.loads(line))
        except (json.JSONDecodeError, Unreadable) as mistake:
            raise Unreadable(f"line {number}: {mistake}") from mistake
