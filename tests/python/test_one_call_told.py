"""The call that README.md tells clock by clock, run and compared: to the millisecond, on this machine too."""

import datetime
import json
import pathlib
import re
import subprocess
from typing import Any

import pytest
from conftest import StartCentre
from running_centre import REPOSITORY, RunningCentre, binary, liandong

CHINA = datetime.timezone(datetime.timedelta(hours=8))
CLOCK = "%H:%M:%S"


def clock(at: str) -> str:
    """The time of day in the city, to the millisecond."""
    return datetime.datetime.fromisoformat(at).astimezone(CHINA).isoformat(timespec="milliseconds")[11:23]


def later(at: str, seconds: float = 0) -> datetime.datetime:
    """A moment so much later, in the city's time."""
    return datetime.datetime.fromisoformat(at).astimezone(CHINA) + datetime.timedelta(seconds=seconds)


class Story:
    """What happened to one call, from the journal."""

    def __init__(self, records: list[dict[str, Any]]) -> None:
        self.moves: dict[tuple[str, str], str] = {}
        self.issued: dict[str, dict[str, Any]] = {}
        self.closed = ""
        self.kind = ""
        units: dict[str, str] = {}
        for record in records:
            command = record["command"]
            if "define_unit" in command:
                made = next(event for event in record["events"] if "unit_defined" in event)
                units[made["unit_defined"]["unit"]] = command["define_unit"]["name"]
            for event in record["events"]:
                ((kind, body),) = event.items() if isinstance(event, dict) else ((event, {}),)
                if kind == "order_issued":
                    self.issued[units[body["unit"]]] = body | {"at": record["at"]}
                elif kind == "order_moved":
                    self.moves[units[body["unit"]], body["to"]] = record["at"]
                elif kind == "incident_opened":
                    self.kind = body["kind"]
                elif kind == "incident_closed":
                    self.closed = record["at"]

    def seconds(self, unit: str) -> int:
        """Turnout and travel, as a decision tells them."""
        order = self.issued[unit]
        return -(-(order["travel_ms"] + order["turnout_ms"]) // 1000)


def rows(readme: str) -> list[list[str]]:
    """The table of the call."""
    text = (REPOSITORY / readme).read_text(encoding="utf-8")
    lines = re.findall(r"^\| (\d\d:\d\d:\d\d\.\d{3}) \| (.*) \| (.*) \|$", text, re.MULTILINE)
    return [list(line) for line in lines]


def played(centre: RunningCentre, folder: pathlib.Path) -> Story:
    """Replays the call as README.md says."""
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    trace = folder / "one-call.csv"
    trace.write_text(text.split("<<'CSV'\n")[1].split("CSV\n")[0], encoding="utf-8")
    replay = [binary("liandong-load"), "replay", str(trace), "--to", centre.address, "--speed", "max", "--crews"]
    subprocess.run(replay, check=True, capture_output=True, timeout=300)
    centre.stop()
    exported = liandong("journal", "export", str(centre.data)).stdout
    return Story([json.loads(line) for line in exported.splitlines()])


@pytest.fixture
def story(start_centre: StartCentre, tmp_path: pathlib.Path) -> Story:
    """The story of one call on a driven centre."""
    return played(start_centre("driven"), tmp_path)


def test_the_told_call_is_what_happens(story: Story) -> None:
    """Every time, unit and distance of the table, in both languages."""
    patrol, ambulance = story.issued["T-01"], story.issued["M-01"]
    opened = patrol["at"]
    assert story.issued.keys() == {"T-01", "M-01"} and ambulance["at"] == opened
    told = [
        (opened, [f"`{story.kind}`", "`T-01`", f"{story.seconds('T-01')}", "`M-01`", f"{story.seconds('M-01')}"]),
        (story.moves["T-01", "acknowledged"], [gap(story, "T-01")]),
        (story.moves["M-01", "acknowledged"], [later(story.moves["M-01", "set_off"]).strftime(CLOCK)]),
        (story.moves["M-01", "arrived"], []),
        (story.moves["T-01", "arrived"], []),
        (story.moves["M-01", "finished"], []),
        (story.moves["T-01", "finished"], []),
    ]
    assert story.closed == story.moves["T-01", "finished"]
    for readme in ("README.md", "README.zh-CN.md"):
        table = rows(readme)
        assert [row[0] for row in table] == [clock(at) for at, _ in told], readme
        for row, (_, parts) in zip(table, told, strict=True):
            for part in parts:
                assert part in row[1], (readme, row, part)


def test_the_told_clocks_are_those_that_run(story: Story) -> None:
    """The deadlines of the first row."""
    patrol, ambulance = (story.issued[unit]["deadlines"] for unit in ("T-01", "M-01"))
    for readme in ("README.md", "README.zh-CN.md"):
        clocks = rows(readme)[0][2]
        assert patrol["acknowledge"] == ambulance["acknowledge"]
        assert later(patrol["acknowledge"]).strftime(CLOCK) in clocks
        for deadlines in (patrol, ambulance):
            for name in ("set_off", "arrive"):
                assert later(deadlines[name]).strftime("%H:%M") in clocks, (readme, name, deadlines[name])
        assert later(patrol["result"]).date() > later(story.issued["T-01"]["at"]).date()


def gap(story: Story, unit: str) -> str:
    """How long after its acknowledgement a unit leaves, in whole seconds."""
    left, said = story.moves[unit, "set_off"], story.moves[unit, "acknowledged"]
    return str(round((later(left) - later(said)).total_seconds()))
