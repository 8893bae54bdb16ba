"""What doctors of exports work with: finding the events that they break.

A doctor gets records that it may change and returns once it has done so; it fails when the export holds nothing that
it could break, because then the test would show nothing.
"""

from typing import Any, Callable, Iterator

Records = list[dict[str, Any]]
Event = dict[str, Any]
Doctor = Callable[[Records], None]


def events(records: Records, name: str) -> Iterator[tuple[dict[str, Any], int, Event]]:
    """(record, index, event) of every event of this name."""
    for record in records:
        for index, event in enumerate(record["events"]):
            if name in event:
                yield record, index, event[name]


def some(records: Records, name: str, fits: Callable[[dict[str, Any], Event], bool] = lambda *_: True):
    """The first event of this name that fits."""
    for record, index, event in events(records, name):
        if fits(record, event):
            return record, index, event
    raise AssertionError(f"the genuine export has no {name} that could be doctored")


def has(record: dict[str, Any], name: str) -> bool:
    """Whether a record has such an event."""
    return any(name in event for event in record["events"])
