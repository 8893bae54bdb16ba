"""`liandong-load` and `demo` as commands: exit codes, reports, a rate on the wall clock, a centre killed in its midst."""

import csv
import json
import os
import pathlib
import signal
import subprocess
import time
from typing import Any

import pytest

from check_export import violations
from conftest import StartCentre
from running_centre import RunningCentre, binary, liandong, standard_trace

RATE = 5_000
CALLS_LEAST = 20_000
IN_FLIGHT_LEAST = 100
REPORT_FILES = {
    "answers.csv", "intervals.hlog", "lateness.csv", "latency.csv", "latency.hgrm", "latency_uncorrected.csv",
    "latency_uncorrected.hgrm", "report.html", "seconds.csv", "summary.json", "summary.txt", "unmet.csv",
}


@pytest.fixture(scope="session")
def trace(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A standard trace; with a rate it is repeated under new keys."""
    return standard_trace(tmp_path_factory.mktemp("trace") / "standard.csv.zst", 10000)


def begin(trace: pathlib.Path, centre: RunningCentre, *arguments: str) -> "subprocess.Popen[str]":
    """Starts a replay."""
    command = [binary("liandong-load"), "replay", str(trace), "--to", centre.address, "--quiet", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def replay(trace: pathlib.Path, centre: RunningCentre, *arguments: str) -> tuple[int, str]:
    """Replays to the end; exit code and all that it said."""
    load = begin(trace, centre, *arguments)
    try:
        out, errors = load.communicate(timeout=180)
    finally:
        load.kill()
    assert "panicked" not in errors, errors
    return load.returncode, out + errors


def rows_of(path: pathlib.Path) -> list[dict[str, str]]:
    """A CSV file's rows by their names."""
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def calls_of(records: list[dict[str, Any]]) -> dict[str, tuple[int, str]]:
    """Of each key in an export: the record that took it, and its call."""
    return {
        record["testimony"]["key"]: (record["seq"], event["call_taken"]["call"])
        for record in records
        for event in record["events"]
        if "call_taken" in event
    }


def test_a_rate_on_the_wall_clock_loses_and_doubles_nothing(
    start_centre: StartCentre, trace: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    centre = start_centre("wall")
    report = tmp_path / "report"
    seconds = f"{CALLS_LEAST / RATE + 0.5}s"
    code, said = replay(trace, centre, "--rate", str(RATE), "--for", seconds, "--settle", "120s", "--report", str(report))
    assert {path.name for path in report.iterdir()} == REPORT_FILES
    summary = json.loads((report / "summary.json").read_text(encoding="utf-8"))
    assert summary["sent"] >= CALLS_LEAST and summary["decided"] == summary["sent"], said
    assert (summary["lost"], summary["refused"], summary["doubly_ordered"]) == (0, 0, 0), said
    # A machine that others load may make the generator late; the run then says so, and loses nothing all the same.
    assert code == (2 if summary["invalid"] else 0), said
    assert (report / "summary.txt").read_text(encoding="utf-8") in said
    answers = rows_of(report / "answers.csv")
    assert list(answers[0]) == ["key", "call", "incident", "seq", "outcome", "orders"]
    assert len({row["key"] for row in answers}) == len({row["call"] for row in answers}) == summary["decided"]
    latency = rows_of(report / "latency.csv")
    assert int(latency[-1]["count"]) == summary["latency"]["count"] == summary["decided"]
    assert float(latency[-1]["latency_ms"]) == pytest.approx(summary["latency"]["max_ms"])
    assert [float(row["percentile"]) for row in latency] == sorted(float(row["percentile"]) for row in latency)
    conservation = centre.stats()["conservation"]
    assert conservation["accepted"] == summary["decided"], conservation
    before = (report / "summary.json").read_bytes()
    code, said = replay(trace, centre, "--rate", "10", "--for", "1s", "--report", str(report))
    assert code == 1 and "not empty" in said, said
    assert (report / "summary.json").read_bytes() == before


def test_kill_9_in_the_middle_of_a_rate_keeps_every_acknowledged_key(
    start_centre: StartCentre, trace: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    centre = start_centre("wall")
    report = tmp_path / "report"
    load = begin(trace, centre, "--rate", "10000", "--for", "3s", "--settle", "120s", "--report", str(report))
    try:
        time.sleep(1)
        until = time.monotonic() + 10
        while (on_the_way := json.loads(centre.get("/v1/stats?hash=false")[1])["on_the_way"]) < IN_FLIGHT_LEAST:
            assert load.poll() is None and time.monotonic() < until, f"never more than {on_the_way} on the way"
        centre.kill()
        killed_at = time.monotonic()
        centre.start()
        out, errors = load.communicate(timeout=180)
    finally:
        load.kill()
    summary = json.loads((report / "summary.json").read_text(encoding="utf-8"))
    assert time.monotonic() - killed_at > 1 and summary["resent"] > 0, out
    assert (summary["lost"], summary["doubly_ordered"]) == (0, 0), out
    assert load.returncode == (2 if summary["invalid"] else 0), out + errors
    centre.stop()
    records, objects = centre.export()
    kept = calls_of(records)
    answers = rows_of(report / "answers.csv")
    assert len(answers) == summary["decided"] >= 20_000
    for row in answers:
        assert kept.get(row["key"]) == (int(row["seq"]), row["call"]), row
    assert not violations(records, objects)


def test_a_threshold_that_breaks_exits_with_99(start_centre: StartCentre, trace: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """A centre that stands still answers nothing: its calls are lost to the run."""
    centre = start_centre("wall")
    assert centre.process is not None
    report = tmp_path / "report"
    load = begin(trace, centre, "--rate", "50", "--for", "3s", "--settle", "1s", "--report", str(report))
    try:
        until_taken(centre, 5)
        os.kill(centre.pid, signal.SIGSTOP)
        out, errors = load.communicate(timeout=60)
    finally:
        load.kill()
        os.kill(centre.pid, signal.SIGCONT)
    assert load.returncode == 99, (load.returncode, out, errors)
    summary = json.loads((report / "summary.json").read_text(encoding="utf-8"))
    assert 0 < summary["lost"] < summary["sent"] and summary["decided"] > 0, out


def test_a_latency_that_breaks_exits_with_99(start_centre: StartCentre, trace: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """A centre that stands still for a while, so that it is slow by far more than the generator is late; all are answered in the end."""
    centre = start_centre("wall")
    summary = tmp_path / "summary.json"
    wanted = ["--rate", "50", "--for", "2s", "--slo", "lost=0,p50<1us", "--json", str(summary)]
    load = begin(trace, centre, *wanted)
    try:
        until_taken(centre, 5)
        stopped(centre.pid, 1.5)
        out, errors = load.communicate(timeout=60)
    finally:
        load.kill()
    told = json.loads(summary.read_text(encoding="utf-8"))
    assert load.returncode == 99, (load.returncode, out, errors)
    assert [judged["held"] for judged in told["objectives"]] == [True, False] and told["invalid"] is None, told


@pytest.mark.parametrize(
    ("from_call", "seconds", "says"),
    [
        pytest.param(100, 1.5, "calls went out up to ", id="in its midst, so that calls go out late"),
        pytest.param(250, 1.5, "s was not kept: its last call went out ", id="at its end, so that the schedule is not kept"),
    ],
)
def test_a_generator_that_stood_still_exits_with_2(
    start_centre: StartCentre, trace: pathlib.Path, tmp_path: pathlib.Path, from_call: int, seconds: float, says: str
) -> None:
    """Stopped for more than a second of three: what was measured is its own, whatever the centre did, and every call is answered."""
    centre = start_centre("wall")
    summary = tmp_path / "summary.json"
    load = begin(trace, centre, "--rate", "100", "--for", "3s", "--slo", "lost=0,p99<10s", "--json", str(summary))
    try:
        until_taken(centre, from_call)
        stopped(load.pid, seconds)
        out, errors = load.communicate(timeout=60)
    finally:
        load.kill()
    told = json.loads(summary.read_text(encoding="utf-8"))
    assert load.returncode == 2 and says in out and "the generator was the bottleneck" in out, (load.returncode, out, errors)
    assert says in told["invalid"] and (told["sent"], told["lost"]) == (300, 0), told


def until_taken(centre: RunningCentre, calls: int) -> None:
    """Waits until a centre has taken so many calls."""
    until = time.monotonic() + 30
    while centre.stats()["conservation"]["accepted"] < calls:
        assert time.monotonic() < until, f"never {calls} calls"
        time.sleep(0.01)


def stopped(pid: int, seconds: float) -> None:
    """A process stands still for so long."""
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_scenario_is_run_phase_by_phase(start_centre: StartCentre, trace: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Its phases, its crews and its objective, of which what is typed stands over the file's; a field that nobody knows is refused."""
    scenario, summary = tmp_path / "storm.toml", tmp_path / "summary.json"
    scenario.write_text(
        'connections = 1\ncrews = "standard"\nobjectives = ["lost=0", "p50<3600s"]\n'
        '[[phase]]\nshape = "ramp"\nfrom = 20\nto = 60\nduration = "2s"\n'
        '[[phase]]\nshape = "spike"\nrate = 20\npeak = 100\nat = "500ms"\nlasting = "500ms"\nduration = "1s"\n',
        encoding="utf-8",
    )
    run = ["--scenario", str(scenario), "--json", str(summary)]
    code, said = replay(trace, start_centre("wall"), *run)
    told = json.loads(summary.read_text(encoding="utf-8"))
    assert code == (2 if told["invalid"] else 0), said
    assert [(part["name"], part["sent"], part["lost"]) for part in told["parts"]] == [("1", 80, 0), ("2.1", 10, 0), ("2.2", 50, 0)], told["parts"]
    assert [judged["objective"] for judged in told["objectives"]] == ["lost=0", "p50<3600s"] and told["orders"]["finished"] > 0, said
    code, said = replay(trace, start_centre("wall"), *run, "--slo", "decided>0")
    assert code == 1 and "--slo" in said, said
    scenario.write_text(scenario.read_text(encoding="utf-8") + "speeed = 3\n", encoding="utf-8")
    code, said = replay(trace, start_centre("wall"), *run)
    assert code == 1 and "storm.toml:" in said and "speeed" in said, said


def test_a_carriers_repeats_come_as_a_storm(start_centre: StartCentre, tmp_path: pathlib.Path) -> None:
    """At the trace's own times, made quicker, each call comes three times within some milliseconds, and has one decision."""
    storm, summary = tmp_path / "storm.csv", tmp_path / "summary.json"
    made = [binary("liandong-load"), "generate", "--profile", "carrier-retry", "--calls", "300", "-o", str(storm)]
    subprocess.run(made, check=True, capture_output=True, timeout=60)
    rows = rows_of(storm)
    keys = {row["key"] for row in rows}
    code, said = replay(storm, start_centre("wall"), "--phase", "trace speed=30000", "--json", str(summary))
    assert code == 0, said
    told = json.loads(summary.read_text(encoding="utf-8"))
    counts = [told[name] for name in ("sent", "decided", "repeated", "lost", "doubly_ordered", "conflicts")]
    assert counts == [len(keys), len(keys), len(rows) - len(keys), 0, 0, 0] and told["repeated"] > 400, said


def test_a_run_that_says_nothing_exits_with_2(start_centre: StartCentre, trace: pathlib.Path) -> None:
    driven = start_centre("driven")
    code, said = replay(trace, driven, "--rate", "10", "--for", "1s")
    assert code == 2 and "clock is driven" in said, said
    wall = start_centre("wall")
    code, said = replay(trace, wall, "--speed", "max")
    assert code == 2 and "driven" in said, said


def test_positions_are_a_flood(start_centre: StartCentre, trace: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """With a configuration crews know where they set off: a while after its order, once it is ready, each says every second where it is.

    Calls for some seconds, then time for most crews to be on the road."""
    config, summary = tmp_path / "centre.toml", tmp_path / "summary.json"
    config.write_text(liandong("config", "default").stdout, encoding="utf-8")
    centre = start_centre("wall")
    rates = ["constant rate=20 duration=5s", "constant rate=0 duration=70s", "constant rate=1 duration=1s"]
    phases = [argument for rate in rates for argument in ("--phase", rate)]
    flood = ["--crews", "--positions", "1s", "--config", str(config), "--json", str(summary)]
    code, said = replay(trace, centre, *phases, *flood)
    told = json.loads(summary.read_text(encoding="utf-8"))
    assert code == (2 if told["invalid"] else 0) and not told["acts_refused"], said
    assert told["acts"] > 5 * told["orders"]["issued"] > 50, said
    centre.stop()
    records, _ = centre.export()
    moves = [record["command"]["move_unit"] for record in records if "move_unit" in record["command"]]
    places = {(move["unit"], json.dumps(move["point"])) for move in moves}
    assert len(places) > 3 * len({unit for unit, _ in places}) > 30, "they say it from the way, not from where they end"


def test_mistakes_of_use_exit_with_1(start_centre: StartCentre, trace: pathlib.Path, tmp_path: pathlib.Path) -> None:
    centre = start_centre("wall")
    assert replay(tmp_path / "nowhere.csv", centre, "--rate", "10")[0] == 1
    assert replay(trace, centre, "--rate", "0")[0] == 1
    for flags in (["--positions", "30s"], ["--positions", "30s", "--crews=standard"], ["--stats", "http://127.0.0.1:9/v1/stats"]):
        code, said = replay(trace, centre, "--rate", "10", "--for", "1s", *flags)
        assert code == 1 and flags[0].lstrip("-") in said, said
    centre.stop()
    assert replay(trace, centre, "--rate", "10")[0] == 1


def test_the_demo_ends_by_itself_and_well(tmp_path: pathlib.Path) -> None:
    data = tmp_path / "data"
    command = [binary("demo"), "--seconds", "5", "--headless", "--quic-port", "0", "--http-port", "0"]
    done = subprocess.run([*command, "--data", str(data)], capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "Nothing was lost, nobody was ordered twice." in done.stdout
    assert "lost 0" in done.stdout and "doubly ordered 0" in done.stdout
    again = subprocess.run([*command, "--data", str(data)], capture_output=True, text=True, timeout=60)
    assert again.returncode == 1 and "name a new folder" in again.stderr, again.stderr
