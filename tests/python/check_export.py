"""The independent checker, for the other suites: what it says of an export in memory or in a file."""

import pathlib
from typing import Any, Iterator

from checker.book import Violation, check
from checker.export import Record, read
from checker.objects import Objects


def violations(records: list[dict[str, Any]], objects: pathlib.Path, most: int = 10_000) -> list[Violation]:
    """Every promise that these records break."""
    return check((Record(line) for line in records), Objects(objects), most)


def violations_of_file(export: pathlib.Path, objects: pathlib.Path) -> tuple[list[Violation], int]:
    """Every promise that an export breaks, and how many records it has."""
    count = 0

    def counted() -> Iterator[Record]:
        nonlocal count
        with open(export, encoding="utf-8") as lines:
            for record in read(lines):
                count += 1
                yield record

    return check(counted(), Objects(objects)), count
