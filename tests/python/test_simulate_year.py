"""A county's year and a province's day, whole, simulated with crews on one core: how long that takes, and that it says the same everywhere."""

import os
import pathlib
import subprocess
from typing import NamedTuple

import pytest

from running_centre import binary
from test_montgomery import load

SECONDS_MOST = 10
# Whoever shares a core makes a program take more of its own time, too: the least of so many tries counts.
TRIES_MOST = 3


class Whole(NamedTuple):
    """A trace as `generate` makes it, how it is simulated, and what comes of it: the same on every machine.

    Whatever changes decisions, words, crews or counties changes the digest: then this is to be what the test found, and the changelog
    says why."""

    generated: tuple[str, ...]
    calls: int
    simulated: tuple[str, ...]
    digest: str


WHOLE = {
    "the county's year 2011": Whole(("xianju-2011", "--days", "365"), 78_471, (), "2b33e6ae368768390285c081ad3361481e6cde4e7b7e21e41f27c5e625495d04"),
    "a day of a province's mix over 13 centres": Whole(
        ("jiangsu-2015", "--days", "1"),
        111_699,
        ("--centres", "13"),
        "3d55eb6ca9da006cf90321e1cebcb6e36867e719efc80973dbf2ae8d3cbffa4e",
    ),
}


@pytest.mark.parametrize("name", WHOLE)
def test_ten_seconds_of_one_core_are_enough(name: str, tmp_path: pathlib.Path) -> None:
    whole, trace = WHOLE[name], tmp_path / "trace.csv.zst"
    said = load("generate", "--profile", *whole.generated, "--seed", "1", "-o", str(trace)).stdout
    assert said.startswith(f"{whole.calls} calls "), said
    for _ in range(TRIES_MOST):
        said, seconds = simulated(trace, *whole.simulated)
        # Where there are several centres, the last is over all of them.
        digest = [line for line in said.splitlines() if line.startswith("digest ")][-1]
        print(f"{name}: {whole.calls} calls in {seconds:.1f} s of one core; {digest}")
        assert digest == f"digest {whole.digest}", said
        if seconds <= SECONDS_MOST:
            return
    pytest.fail(f"never within {SECONDS_MOST} s of one core")


def simulated(trace: pathlib.Path, *arguments: str) -> tuple[str, float]:
    """What a simulation on one thread says, and the processor time that it took: who else is on the machine does not count."""
    command = [binary("liandong-load"), "simulate", str(trace), *arguments, "--seeds", "1", "--threads", "1", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as simulation:
        assert simulation.stdout is not None
        said = simulation.stdout.read()
        _, status, used = os.wait4(simulation.pid, 0)
        simulation.returncode = os.waitstatus_to_exitcode(status)
    assert simulation.returncode == 0, said
    return said, used.ru_utime + used.ru_stime
