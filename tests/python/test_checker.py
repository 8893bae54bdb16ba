"""The independent checker passes a genuine export and names the violation in every doctored one."""

import copy
import json
import os
import pathlib
import subprocess
import sys

import pytest

import doctors
import genuine_export
from check_export import violations
from checker.book import Book
from running_centre import REPOSITORY

Genuine = tuple[list[dict], pathlib.Path]


@pytest.fixture(scope="session")
def genuine(tmp_path_factory: pytest.TempPathFactory) -> Genuine:
    """The export of a small scenario that has everything in it; or a folder that a developer names."""
    given = os.environ.get("LIANDONG_TEST_EXPORT")
    if given:
        folder = pathlib.Path(given)
        lines = (folder / "export.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines], folder
    return genuine_export.make(tmp_path_factory.mktemp("genuine"))


def test_a_genuine_export_passes(genuine: Genuine) -> None:
    records, objects = genuine
    found = violations(*genuine)
    assert not found, "\n".join(map(str, found[:20]))
    names = {name for record in records for event in record["events"] for name in event}
    wanted = {"call_repeated", "incident_joined", "order_issued", "need_waits", "ladder_climbed", "clock_missed", "need_done"}
    wanted |= {"incident_merged", "order_transferred", "call_split", "incident_reclassified", "hospital_defined", "refused"}
    wanted |= {"level_raised", "commander_named", "situation_reported", "reported_upward", "incident_clock_missed"}
    wanted |= {"incident_entered", "close_awaited", "follow_up_named", "incident_reopened"}
    assert wanted <= names, f"the genuine export lacks {wanted - names}, so it shows little"


@pytest.mark.parametrize(("rule", "doctor"), doctors.BREAKS, ids=[doctor.__name__ for _, doctor in doctors.BREAKS])
def test_a_doctored_export_is_named(genuine: Genuine, rule: str, doctor: doctors.Doctor) -> None:
    records, objects = genuine
    doctored = copy.deepcopy(records)
    doctor(doctored)
    assert doctored != records, "the doctor changed nothing"
    found = violations(doctored, objects)
    assert rule in {violation.rule for violation in found}, f"{rule} was not named: {found[:5]}"


def test_every_rule_is_broken_by_some_doctor() -> None:
    book = Book()
    rules = [*book.before_record, *book.after_record, *book.at_the_end]
    rules += [rule for listed in book.before_event.values() for rule in listed]
    silent = {"set_clocks", "set_rung"}
    names = {rule.__name__ for rule in rules} - silent
    assert names <= {rule for rule, _ in doctors.BREAKS}, "a rule that nothing can break shows nothing"


def test_the_command_line_names_sequence_and_reason(genuine: Genuine, tmp_path: pathlib.Path) -> None:
    records, objects = genuine
    doctored = copy.deepcopy(records)
    doctors.clock_fires_again(doctored)
    for name, lines, code in (("good", records, 0), ("bad", doctored, 1), ("empty", [], 2)):
        export = tmp_path / f"{name}.jsonl"
        export.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        command = [sys.executable, str(REPOSITORY / "tests/python/check_journal.py"), str(export), "--objects", str(objects)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert done.returncode == code, (name, done.stdout[:2000], done.stderr[:2000])
        if code == 1:
            assert "clock_fires_once" in done.stdout and "seq " in done.stdout, done.stdout[:2000]
