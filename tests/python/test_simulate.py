"""`liandong-load simulate` from outside: several centres on any number of threads, two configurations in words, every figure as CSV."""

import csv
import json
import pathlib

import pytest

from test_montgomery import load


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A county's busy day."""
    file = tmp_path_factory.mktemp("simulate") / "day.csv"
    load("generate", "--profile", "xianju-2011", "--calls", "1500", "--days", "1", "-o", str(file))
    return file


def digests(said: str) -> list[str]:
    """What was said of what was said."""
    return [line for line in said.splitlines() if line.startswith("digest ")]


def test_centres_of_a_region_say_the_same_on_any_number_of_threads(trace: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (tmp_path / "north.toml").write_text("[city]\nseed = 1\n", encoding="utf-8")
    region = tmp_path / "region.toml"
    region.write_text(
        '[[centre]]\nname = "north"\nconfig = "north.toml"\n[[centre]]\nname = "south"\nseed = 2\nunits = 250\nshare = 3\n',
        encoding="utf-8",
    )
    said = [
        load("simulate", str(trace), "--region", str(region), "--seeds", "2", "--quiet", "--threads", threads).stdout
        for threads in ("1", "3")
    ]
    assert said[0] == said[1] and len(digests(said[0])) == 2 * 3
    for title in ("--- north\n", "--- south\n", "--- 2 centres together\n"):
        assert title in said[0]


def test_a_second_configuration_is_judged_in_words_and_all_figures_are_kept(trace: pathlib.Path, tmp_path: pathlib.Path) -> None:
    few, many = tmp_path / "few.toml", tmp_path / "many.toml"
    few.write_text("[city]\nseed = 1\nunits = 60\n", encoding="utf-8")
    many.write_text("[city]\nseed = 1\nunits = 600\n", encoding="utf-8")
    sheet, figures = tmp_path / "simulated.csv", tmp_path / "simulated.json"
    both = ["simulate", str(trace), "--config", str(few), "--against", str(many), "--seeds", "3", "--quiet"]
    said = load(*both, "--csv", str(sheet), "--json", str(figures)).stdout
    words = said.split("--- in words")[1]
    assert "The second has" in words and "units more" in words and "It gains:" in words, words
    assert "% of the time with the first" in words, words
    written = json.loads(figures.read_text(encoding="utf-8"))
    assert written["words"].strip() == words.strip()
    with open(sheet, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["configuration"] for row in rows} == {"first", "second", "second less first"}
    busy = [row for row in rows if row["configuration"] == "first" and row["figure"] == "orders"]
    assert len(busy) == 60
    assert sum(float(row["mean"]) for row in busy) > 100
    same = load("simulate", str(trace), "--config", str(few), "--against", str(few), "--seeds", "2", "--quiet").stdout
    assert "These seeds show no difference between the two." in same
