"""What readers of events cost others: next to nothing, whether they read or not, and memory that stays bounded.

The suite runs a small size on whatever machine it is; the full one is

    SSE_PAIRS=5 SSE_SECONDS=20 SSE_FACTOR=1.5 python -m pytest tests/python/test_http_readers.py -s
"""

import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
from typing import Iterator

import pytest

from conftest import StartCentre
from running_centre import RunningCentre, binary, standard_trace

PAIRS = int(os.environ.get("SSE_PAIRS", "5"))
SECONDS = int(os.environ.get("SSE_SECONDS", "5"))
# On a machine that others use the 99th percentile jumps by itself; the full size is run on a quiet one.
FACTOR = float(os.environ.get("SSE_FACTOR", "3"))
RATE = 200
READING, IDLE = 150, 50
EVENTS_LEAST = 20_000
GROWTH_MIB_MOST = 30


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A standard trace; with a rate it is repeated under new keys."""
    return standard_trace(tmp_path_factory.mktemp("trace") / "standard.csv.zst", 10000)


@contextlib.contextmanager
def readers(centre: RunningCentre, reading: int, idle: int) -> Iterator[None]:
    """Readers for as long as the block lasts; those who read have read something at its end."""
    script = str(pathlib.Path(__file__).with_name("readers.py"))
    command = [sys.executable, script, str(centre.http_port), str(reading), str(idle)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        assert process.stdout.readline() == "ready\n"
        yield
        process.stdin.close()
        came = int(process.stdout.readline())
        assert came >= 1_000 * reading, f"{reading} readers read {came} bytes"
        assert process.wait(20) == 0


def replay(trace: pathlib.Path, centre: RunningCentre, rate: int, seconds: int, folder: pathlib.Path) -> float:
    """The 99th percentile of a decision, in milliseconds, of a run that lost nothing."""
    summary = folder / "summary.json"
    command = [
        binary("liandong-load"), "replay", str(trace), "--to", centre.address, "--quiet", "--rate", str(rate),
        "--for", f"{seconds}s", "--settle", "60s", "--crews=standard", "--json", str(summary),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 120)
    assert done.returncode in (0, 2), done.stdout + done.stderr
    read = json.loads(summary.read_text(encoding="utf-8"))
    assert read["lost"] == 0 and read["refused"] == 0, read
    return float(read["latency"]["p99_ms"])


def test_two_hundred_readers_cost_calls_next_to_nothing(
    start_centre: StartCentre, trace: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    centre = start_centre("wall")
    replay(trace, centre, RATE, 2, tmp_path)
    without, beside = [], []
    for _ in range(PAIRS):
        without.append(replay(trace, centre, RATE, SECONDS, tmp_path))
        with readers(centre, READING, IDLE):
            beside.append(replay(trace, centre, RATE, SECONDS, tmp_path))
    factors = [with_ / alone for with_, alone in zip(beside, without)]
    print(f"\np99 without {without} ms, beside {READING + IDLE} readers {beside} ms, factors {[round(f, 2) for f in factors]}")
    assert statistics.median(factors) <= FACTOR, (without, beside)
    centre.assert_unharmed()


def resident_mib(centre: RunningCentre) -> float:
    """Memory that the centre holds, without what it shares with the file cache."""
    with open(f"/proc/{centre.pid}/status", encoding="utf-8") as status:
        fields = dict(line.split(":", 1) for line in status)
    return int(fields["RssAnon"].split()[0]) / 1024


def test_readers_that_never_read_hold_no_memory(start_centre: StartCentre, trace: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """As many events pass with such readers as without; what the centre holds grows by no more than the bound."""

    def passed(centre: RunningCentre) -> float:
        before, held = centre.stats()["sequence"], resident_mib(centre)
        replay(trace, centre, 1_000, 8, tmp_path)
        assert centre.stats()["sequence"] - before > EVENTS_LEAST / 4, "too little happened"
        return resident_mib(centre) - held

    centre = start_centre("wall")
    replay(trace, centre, 1_000, 2, tmp_path)
    usual = passed(centre)
    with readers(centre, 0, IDLE):
        beside = passed(centre)
    print(f"\ngrowth without readers {usual:.1f} MiB, with {IDLE} who never read {beside:.1f} MiB")
    assert beside - usual < GROWTH_MIB_MOST
    centre.assert_unharmed()
