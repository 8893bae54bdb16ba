"""The independent checker, for the other suites: what it says of an export that is in memory."""

import pathlib
from typing import Any

from checker.book import Violation, check
from checker.export import Record
from checker.objects import Objects


def violations(records: list[dict[str, Any]], objects: pathlib.Path, most: int = 10_000) -> list[Violation]:
    """Every promise that these records break."""
    return check((Record(line) for line in records), Objects(objects), most)
