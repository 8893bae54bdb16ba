"""A real trace through the whole way: 55 068 calls of a county, laid on the embedded one, with crews, twice.

All rows take some minutes; a run of the tests takes the first `ROWS`. For all of them:

    MONTGOMERY_ROWS=all target/python/bin/python -m pytest -s tests/python/test_montgomery.py
"""

import json
import os
import pathlib
import subprocess
import time
from typing import Any

import pytest

from check_export import violations_of_file
from running_centre import RunningCentre, binary, liandong

ROWS = os.environ.get("MONTGOMERY_ROWS", "6000")
SERVED_LEAST = 0.8


def load(*arguments: str, seconds: float = 1_800) -> subprocess.CompletedProcess[str]:
    """Runs the load generator to its end."""
    command = [binary("liandong-load"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{done.stderr[-3000:]}"
    return done


@pytest.fixture(scope="module")
def trace(shared_data: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The county's calls on the embedded city; the first rows of them, unless all are asked for."""
    source = shared_data / "calls-montgomery/calls.csv.zst"
    whole = tmp_path_factory.mktemp("montgomery") / "whole.csv"
    load("import", "--format", "montgomery", "--onto", "embedded", str(source), "-o", str(whole))
    lines = whole.read_text(encoding="utf-8").splitlines(keepends=True)
    assert len(lines) == 55_068 + 1, f"{len(lines) - 1} of 55 068 calls were imported"
    if ROWS == "all":
        return whole
    part = whole.with_name("part.csv")
    part.write_text("".join(lines[: int(ROWS) + 1]), encoding="utf-8")
    return part


def replay(trace: pathlib.Path, folder: pathlib.Path) -> tuple[dict[str, Any], str, pathlib.Path]:
    """One replay on a driven centre of its own: summary, state hash, data folder."""
    summary = folder / "summary.json"
    with RunningCentre(folder, "driven") as centre:
        load("replay", str(trace), "--to", centre.address, "--speed", "max", "--crews", "--quiet", "--json", str(summary))
        centre.assert_unharmed()
        stats = centre.stats()
        assert stats["conservation_holds"] is True, stats
    assert liandong("journal", "hash", str(centre.data)).stdout.split()[0] == stats["hash"]
    return json.loads(summary.read_text(encoding="utf-8")), stats["hash"], centre.data


def test_a_real_trace_twice(trace: pathlib.Path, tmp_path: pathlib.Path) -> None:
    rows = len(trace.read_text(encoding="utf-8").splitlines()) - 1
    started = time.monotonic()
    first, first_hash, data = replay(trace, tmp_path / "first")
    print(f"\n{rows} calls replayed in {time.monotonic() - started:.0f} s")
    assert (first["lost"], first["doubly_ordered"], first["refused"], first["in_flight"]) == (0, 0, 0, 0), first
    assert first["decided"] == first["sent"] == rows, (first["decided"], first["sent"], rows)
    assert first["placed_needing_unit"] > rows / 2, first["placed_needing_unit"]
    assert first["placed_served_share"] >= SERVED_LEAST, first["placed_served_share"]
    for kind, figures in sorted(first["kinds"].items(), key=lambda item: -item[1]["calls"])[:12]:
        print(f"{kind:20} {figures['calls']:6} calls {figures['merged']:5} merged {figures['merge_missed']:4} missed")

    _, second_hash, _ = replay(trace, tmp_path / "second")
    assert second_hash == first_hash, "two driven runs of one trace give two states"

    export, objects = tmp_path / "export.jsonl", tmp_path / "objects"
    started = time.monotonic()
    with open(export, "w", encoding="utf-8") as out:
        command = [binary("liandong"), "journal", "export", str(data), "--objects", str(objects)]
        subprocess.run(command, stdout=out, check=True, timeout=600)
    found, records = violations_of_file(export, objects)
    print(f"{records} records checked in {time.monotonic() - started:.0f} s")
    assert not found, "\n".join(map(str, found[:20]))
