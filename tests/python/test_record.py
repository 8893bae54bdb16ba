"""`liandong-load record`: what was said to a centre comes back as a trace, and plays to the same decisions."""

import csv
import json
import pathlib
import subprocess

from calls import FAR_AWAY, call
from conftest import StartCentre
from http_client import post_call
from running_centre import binary


def load(*arguments: str) -> str:
    """A command of the load generator that must succeed."""
    done = subprocess.run([binary("liandong-load"), *arguments], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_journal_becomes_a_trace(start_centre: StartCentre, tmp_path: pathlib.Path) -> None:
    """Each call once, in order, with its words and place; numbers of callers only when asked for."""
    centre = start_centre("wall")
    said = [
        call("one", text="两车追尾，有人受伤", caller="+8613800000001"),
        call("two", text="厨房着火了，\"很大\"\n快来", **FAR_AWAY),
        {"key": "three", "line": "120"},
        {"key": "four", "line": "119", "text": ""},
    ]
    decided = [post_call(centre, words).json() for words in said]
    assert post_call(centre, said[0]).json() == decided[0], "a repeat"
    trace = tmp_path / "trace.csv"
    told = load("record", str(centre.data), "-o", str(trace))
    assert told.startswith("4 calls, 2 with the caller's own position"), told
    with trace.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["key"] for row in rows] == ["one", "two", "three", "four"]
    assert [row["text"] for row in rows] == [said[0]["text"], said[1]["text"], r"\N", ""]
    assert all(row["caller"] == "" for row in rows)
    for row, words, decision in zip(rows, said, decided):
        assert sorted(row["expect_agencies"].split("+")) == sorted(decision["agencies"] or ["none"])
        if "lat" in words:
            assert abs(float(row["lat"]) - words["lat"]) < 1e-6 and row["datum"] == "wgs84"
    load("record", str(centre.data), "--callers", "-o", str(trace))
    assert "+8613800000001" in trace.read_text(encoding="utf-8")
    again = tmp_path / "again.json"
    load("simulate", str(trace), "--json", str(again), "--quiet")
    first = json.loads(again.read_text(encoding="utf-8"))["first"]
    assert first["calls"] == 4 and first["agencies_met_percent"] == 100.0
    centre.assert_unharmed()
