"""Crews of a replay that know where they belong: after an order they go home, and on the way they say where they are."""

import json
import pathlib
import subprocess
from typing import Any

from conftest import StartCentre
from running_centre import RunningCentre, binary, liandong

SECOND_CALL = "2026-11-21T17:00:00Z"
# Two cars, one hurt; and, hours later, something else, by when everybody is at home again.
CALLS = """at,key,line,lat,lon,datum,text
2026-11-21T20:00:00+08:00,a-1,122,28.85,120.73,wgs84,两车追尾，有人受伤
2026-11-22T01:00:00+08:00,a-2,12345,28.85,120.73,wgs84,路灯不亮了
"""


def replayed(centre: RunningCentre, folder: pathlib.Path, *more: str) -> list[dict[str, Any]]:
    """The records of a replay with crews."""
    trace = folder / "calls.csv"
    trace.write_text(CALLS, encoding="utf-8")
    replay = [binary("liandong-load"), "replay", str(trace), "--to", centre.address, "--speed", "max", "--crews", *more]
    done = subprocess.run(replay, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    centre.stop()
    return [json.loads(line) for line in liandong("journal", "export", str(centre.data)).stdout.splitlines()]


def whereabouts(records: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """The posts of units, and every place that one said it was at, by their names."""
    posts, said = {}, {}
    names = {}
    for record in records:
        command = record["command"]
        if "define_unit" in command:
            unit = command["define_unit"]
            posts[unit["name"]] = unit["post"]
            made = next(event for event in record["events"] if "unit_defined" in event)
            names[made["unit_defined"]["unit"]] = unit["name"]
        elif "move_unit" in command and record["at"] < SECOND_CALL:
            position = command["move_unit"]
            said.setdefault(names[position["unit"]], []).append(position["point"])
    return posts, said


def test_crews_with_a_configuration_go_home(start_centre: StartCentre, tmp_path: pathlib.Path) -> None:
    """Without one they stay where their orders end; with one the last word of each is from its post, after words from the way."""
    posts, said = whereabouts(replayed(start_centre(), tmp_path))
    assert said and all(places[-1] != posts[unit] for unit, places in said.items()), said
    centre = start_centre()
    config = tmp_path / "centre.toml"
    config.write_text(liandong("config", "default").stdout, encoding="utf-8")
    posts, said = whereabouts(replayed(centre, tmp_path, "--config", str(config)))
    assert said and all(places[-1] == posts[unit] for unit, places in said.items()), said
    assert max(map(len, said.values())) >= 3, said


def test_a_configuration_without_crews_says_nothing(start_centre: StartCentre, tmp_path: pathlib.Path) -> None:
    """Refused before anything is sent, with what to do."""
    trace = tmp_path / "calls.csv"
    trace.write_text(CALLS, encoding="utf-8")
    replay = [binary("liandong-load"), "replay", str(trace), "--to", "quic://127.0.0.1:1", "--config", str(tmp_path / "centre.toml")]
    done = subprocess.run(replay, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "add --crews" in done.stderr, done.stderr
