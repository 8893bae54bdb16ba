"""`liandong-load capacity` against the real centre: it ends, its rate holds, and a limit that was planted is the one it names.

Small sizes: short steps, mostly one search. How near three searches come to each other is a matter of quieter machines and longer
steps (`docs/load.md` has the figures); here what is planted is far below what any machine does.
"""

import contextlib
import json
import pathlib
import subprocess
from typing import Any

import pytest

from conftest import StartCentre
from running_centre import RunningCentre, binary
from under_strace import changed

STUDY_SECONDS = 300
SHORT = ["--step", "1s", "--soak", "2s", "--soaks", "1", "--quiet"]
ONCE = ["--repeats", "1"]
# Longer than the objective of that test allows, so that no rate holds.
SYNC_MICROSECONDS = 60_000


def study(centre: RunningCentre, folder: pathlib.Path, slo: str, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Studies a centre; exit code, the verdict, and all that was said."""
    verdict = folder / "verdict.json"
    command = [binary("liandong-load"), "capacity", "--to", centre.address, "--slo", slo, *SHORT, *arguments]
    figures = ["--stats", f"http://127.0.0.1:{centre.http_port}", "--json", str(verdict), "--csv", str(folder / "steps.csv")]
    done = subprocess.run([*command, *figures], capture_output=True, text=True, timeout=STUDY_SECONDS)
    said = done.stdout + done.stderr
    assert verdict.exists(), said
    return done.returncode, json.loads(verdict.read_text(encoding="utf-8")), said


def slow_syncs(centre: RunningCentre, log: pathlib.Path) -> contextlib.AbstractContextManager[None]:
    """While this lasts, every sync of the centre takes as much longer as a worn disk would."""
    return changed(centre, "fdatasync", f"delay_exit={SYNC_MICROSECONDS}", log)


def test_a_rate_that_holds_is_found_and_all_is_told(start_centre: StartCentre, tmp_path: pathlib.Path) -> None:
    """At a ceiling that any machine reaches; every step is in the verdict and in the rows, and the centre was watched."""
    centre = start_centre("wall")
    code, verdict, said = study(centre, tmp_path, "p90<500ms,lost=0", "--from", "40", "--ceiling", "90", *ONCE)
    assert code == 0, said
    assert verdict["rate"] == 90 and verdict["found"] == [90] and verdict["limit"] == {"limit": "ceiling"}, said
    purposes = [step["purpose"] for step in verdict["steps"]]
    assert purposes[0] == "warm_up" and purposes[-8:] == ["soak", *["curve"] * 7] and "search" in purposes, purposes
    assert [round(step["rate"]) for step in verdict["steps"][-4:]] == [72, 99, 117, 144]
    busy = verdict["steps"][-1]["busy"]
    assert busy["centre_cores"] > 0 and busy["journal_ms"] > 0 and {"writer", "gateway-0"} <= set(busy["threads"]), busy
    assert len((tmp_path / "steps.csv").read_text(encoding="utf-8").splitlines()) == 1 + len(purposes)
    assert "holds     90 calls/s" in said and "breaks" not in said and "measured  on " in said, said
    about = verdict["about"]
    assert about["machine"]["cores"] > 0 and about["generator"] and about["command"][1] == "capacity" and "seed" in about, about
    centre.assert_unharmed()


def test_a_study_that_is_cut_short_tells_what_held_so_far(start_centre: StartCentre, tmp_path: pathlib.Path) -> None:
    """Time for a few steps after the warm-up, where a search takes dozens: nothing is confirmed, and nobody says that no rate holds."""
    arguments = ["--from", "20", "--ceiling", "100000", "--at-most", "8s", *ONCE]
    code, verdict, said = study(start_centre("wall"), tmp_path, "p50<2s,lost=0", *arguments)
    assert (code, verdict["rate"], verdict["is_cut_short"], verdict["found"]) == (99, 0, True, []), said
    assert verdict["unconfirmed"] == max(step["rate"] for step in verdict["steps"] if step["purpose"] == "search" and step["held"]), said
    assert "unconfirmed" in said and "before the first search was done" in said and "at no rate" not in said, said


def test_a_centre_that_is_gone_ends_the_study_with_what_was_found(start_centre: StartCentre, tmp_path: pathlib.Path) -> None:
    centre, verdict = start_centre("wall"), tmp_path / "verdict.json"
    command = [
        binary("liandong-load"), "capacity", "--to", centre.address, "--slo", "p50<2s,lost=0", "--from", "20", "--step", "500ms",
        "--settle", "1s", "--json", str(verdict), *ONCE,
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as load:
        assert load.stderr is not None
        lines = [load.stderr.readline() for _ in range(3)]
        centre.kill()
        out, errors = load.communicate(timeout=STUDY_SECONDS)
    said = "".join(lines) + errors + out
    assert load.returncode == 99 and "the study broke off: " in out, said
    told = json.loads(verdict.read_text(encoding="utf-8"))
    assert told["broke_off"] and len(told["steps"]) >= 3 and told["unconfirmed"] > 0, said


def test_an_address_without_figures_is_refused_before_the_study(start_centre: StartCentre) -> None:
    centre = start_centre("wall")
    command = [binary("liandong-load"), "capacity", "--to", centre.address, "--slo", "lost=0", "--stats", "http://127.0.0.1:9", *SHORT]
    done = subprocess.run(command, capture_output=True, text=True, timeout=STUDY_SECONDS)
    assert done.returncode == 1 and "http://127.0.0.1:9/metrics: " in done.stderr and not done.stdout, done


def test_a_slow_disk_is_named(start_centre: StartCentre, tmp_path: pathlib.Path) -> None:
    centre = start_centre("wall")
    with slow_syncs(centre, tmp_path / "strace.log"):
        code, verdict, said = study(centre, tmp_path, "p50<50ms,lost=0", "--from", "100", "--ceiling", "200", *ONCE)
    assert (code, verdict["rate"], verdict["limit"]["limit"]) == (99, 0, "journal"), said
    broken = verdict["steps"][verdict["broke_at"]]
    assert broken["busy"]["journal_ms"] >= SYNC_MICROSECONDS / 1000, broken
    assert "p50<50ms BROKEN" in said and "the journal: most of a call's way" in said, said


def test_a_tiny_lane_is_named(start_centre: StartCentre, tmp_path: pathlib.Path) -> None:
    """64 places a lane: far past what the machine does they are full, and what is refused there is the lane's."""
    centre = start_centre("wall", "[lanes]\nlife = 64\nurgent = 64\nservice = 64\n")
    code, verdict, said = study(centre, tmp_path, "refused=0", "--from", "2000", "--ceiling", "60000", "--settle", "5s", *ONCE)
    assert code in (0, 99) and verdict["limit"]["limit"] == "lane", said
    broken = verdict["steps"][verdict["broke_at"]]
    assert broken["refused"] > 0 and broken["busy"]["overloads"].get(verdict["limit"]["lane"], 0) > 0, broken
    assert f"lanes.{verdict['limit']['lane']}" in said, said


def test_one_worker_is_named(tmp_path: pathlib.Path) -> None:
    """One worker with room for 64 requests on the way, and nothing else that is small or slow: far past what the machine does it is full."""
    one = RunningCentre(tmp_path / "one", "wall", quic="workers = 1\nworker_requests_max = 64\n")
    with one:
        code, verdict, said = study(one, tmp_path, "refused=0", "--from", "2000", "--ceiling", "60000", "--settle", "5s", *ONCE)
    assert code in (0, 99) and verdict["limit"] == {"limit": "worker"}, said
    broken = verdict["steps"][verdict["broke_at"]]
    assert broken["refused"] > 0 and list(broken["busy"]["overloads"]) == ["worker"], broken
    assert "quic.worker_requests_max" in said, said


def test_one_worker_is_named_again_and_again(tmp_path: pathlib.Path) -> None:
    """The same, and each request waits for a slow sync: a limit that no machine moves far.

    A request waits for one sync to two, so that 64 are on the way at 500 to 1 100 a second; on a busy machine earlier."""
    one = RunningCentre(tmp_path / "one", "wall", quic="workers = 1\nworker_requests_max = 64\n")
    with one, slow_syncs(one, tmp_path / "strace.log"):
        code, verdict, said = study(one, tmp_path, "refused<5%", "--from", "150", "--evenly", "--repeats", "2")
    assert verdict["limit"] == {"limit": "worker"} and code == 0, said
    broken = verdict["steps"][verdict["broke_at"]]
    assert broken["refused"] > 0 and broken["busy"]["overloads"]["worker"] > 0, broken
    assert len(verdict["found"]) == 2 and 100 < verdict["rate"] < 1_100, said
    # Longer steps bring them nearer to each other.
    assert verdict["apart"] < 0.5, said
