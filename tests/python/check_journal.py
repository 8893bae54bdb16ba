"""Checks an exported journal against every promise, sharing nothing with the engine but documents.

    liandong journal export DIR --objects OUT > export.jsonl
    python3 tests/python/check_journal.py export.jsonl --objects OUT

Prints one line for each violation, with its sequence and why, and exits with 1 if there is any; with 2 when the export
cannot be read. Python 3.11 and its standard library are enough. The rules are listed in docs/journal-export.md.
"""

import argparse
import pathlib
import sys
import time

from checker.book import check
from checker.export import Unreadable, read
from checker.objects import Objects


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Checks an exported journal against every promise.")
    parser.add_argument("export", help="the JSON lines of `liandong journal export`; `-` reads them from stdin")
    parser.add_argument("--objects", required=True, type=pathlib.Path, help="the folder of `--objects`")
    parser.add_argument("--most", type=int, default=100, help="stop after so many violations (100)")
    given = parser.parse_args()
    started, count = time.monotonic(), 0

    def counted(lines):
        nonlocal count
        for record in read(lines):
            count += 1
            yield record

    try:
        if given.export == "-":
            violations = check(counted(sys.stdin), Objects(given.objects), given.most)
        else:
            with open(given.export, encoding="utf-8") as lines:
                violations = check(counted(lines), Objects(given.objects), given.most)
    except (Unreadable, OSError) as mistake:
        print(f"check_journal: {mistake}", file=sys.stderr)
        return 2
    for violation in violations:
        print(violation)
    seconds = time.monotonic() - started
    print(f"{count} records read in {seconds:.1f} s: {len(violations)} violations", file=sys.stderr)
    if count == 0:
        print("check_journal: the export is empty, so nothing was checked", file=sys.stderr)
        return 2
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
