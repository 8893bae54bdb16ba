"""The verbs of `liandong` as commands: what they print, what they exit with, how they name a mistake."""

import asyncio
import csv
import json
import pathlib
import shutil
import subprocess
from typing import Any

import pytest

from calls import call, spread
from conftest import StartCentre
from json_client import connected
from running_centre import RunningCentre, binary, liandong

CALLS = 30


def run(*arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a command; whatever it exits with is the caller's matter, a panic is not."""
    done = subprocess.run([binary("liandong"), *arguments], input=stdin, capture_output=True, text=True, timeout=120)
    assert "panicked" not in done.stderr, done.stderr
    return done


def refused(*arguments: str) -> str:
    """What a command says that exits with 1."""
    done = run(*arguments)
    assert done.returncode == 1, (arguments, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return done.stderr


# --- city ------------------------------------------------------------------------------------------------------------


def test_a_generated_city_is_good_and_the_same_for_the_same_seed(tmp_path: pathlib.Path) -> None:
    folders = [tmp_path / name for name in ("one", "again", "other")]
    for folder, seed in zip(folders, ("7", "7", "8")):
        made = liandong("city", "generate", str(folder), "--seed", seed, "--units", "80")
        assert "80 units" in made.stdout, made.stdout
        assert "good" in liandong("city", "check", str(folder)).stdout
    files = sorted(path.name for path in folders[0].iterdir())
    assert {"posts.csv", "units.csv", "districts.csv"} <= set(files)
    one, again, other = ({name: (folder / name).read_bytes() for name in files} for folder in folders)
    assert one == again and one != other


def test_a_city_with_mistakes_names_them_and_counts_the_rest(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "city"
    liandong("city", "generate", str(folder), "--units", "200")
    units = folder / "units.csv"
    with open(units, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["post"] = "nowhere"
    with open(units, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    said = refused("city", "check", str(folder)).splitlines()
    assert "units.csv:2: post:" in said[0], said[0]
    assert len(said) == 101 and said[-1].startswith("and ") and said[-1].endswith(" more"), said[-1]
    config = tmp_path / "liandong.toml"
    config.write_text("[city]\nfolder = 'city'\n[quic]\nlisten = 7\n[http]\nlisten = 'there'\n", encoding="utf-8")
    everything = refused("check", "--config", str(config))
    for part in ("liandong.toml:2: city.folder", "units.csv:2: post", " more", ":4: quic.listen", ":6: http.listen"):
        assert part in everything, (part, everything[-1000:])


def test_tables_of_ones_own_become_a_city(tmp_path: pathlib.Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    liandong("city", "generate", str(source), "--units", "60")
    tables = {"posts": "posts", "units": "units", "districts": "districts", "shapes": "polygons", "hospitals": "hospitals"}
    named = [part for flag, file in tables.items() for part in (f"--{flag}", str(source / f"{file}.csv"))]
    done = liandong("city", "import", str(target), "--name", "Ours", "--centre", "9", *named)
    assert "imported: Ours, centre 9, 60 units" in done.stdout, done.stdout
    assert "Ours, centre 9" in liandong("city", "check", str(target)).stdout
    # Without its districts each post names one that is not there.
    assert "posts.csv:2: district" in refused("city", "import", str(tmp_path / "never"), "--name", "X", *named[:4])
    assert not (tmp_path / "never").exists()


# --- classify --------------------------------------------------------------------------------------------------------


def test_classify_explains_with_spans_of_the_text() -> None:
    line = json.dumps({"line": "119", "text": "三楼着火了，有人被困", "id": 7}, ensure_ascii=False)
    plain, explained = (json.loads(run("classify", *flags, stdin=line).stdout) for flags in ((), ("--explain",)))
    assert plain["id"] == explained["id"] == 7 and "fire" in plain["agencies"]
    assert all(set(seen) == {"text", "rule"} for seen in plain["evidence"]) and plain["evidence"]
    text = "三楼着火了，有人被困".encode()
    for seen in explained["evidence"]:
        assert text[seen["start"] : seen["end"]].decode() == seen["text"], seen
    del plain["evidence"], explained["evidence"]
    assert plain == explained


def test_the_model_is_what_the_texts_make() -> None:
    root = pathlib.Path(__file__).parents[2]
    kept_back = {"fresh", "unseen"}
    texts = sorted(str(path) for path in (root / "tests/texts").glob("*.jsonl") if path.stem not in kept_back)
    kept = root / "engine/src/classify"
    named = ("--lexicon", str(kept / "lexicon.toml"), "--model", str(kept / "model.bin"))
    assert "make the model that is there" in run("classify", "train", *texts, *named, "--check").stdout


def test_an_evaluation_says_how_well_it_does() -> None:
    unseen = pathlib.Path(__file__).parents[2] / "tests/texts/unseen.jsonl"
    told = run("classify", "evaluate", str(unseen)).stdout
    assert told.startswith("500 texts") and "danger to life" in told and "the worst" in told


def test_a_reader_that_has_seen_enough_is_no_mistake(tmp_path: pathlib.Path) -> None:
    many = tmp_path / "many.jsonl"
    many.write_text('{"line":"110","text":"有人打架"}\n' * 20_000, encoding="utf-8")
    script = f"'{binary('liandong')}' classify < '{many}' | head -n 1; exit \"${{PIPESTATUS[0]}}\""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stderr == "", (done.returncode, done.stderr)
    assert len(done.stdout.splitlines()) == 1


# --- journal ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def stopped(start_centre: StartCentre) -> tuple[RunningCentre, dict[str, Any]]:
    """A centre that took some calls and was stopped, and what it showed of itself before."""
    centre = start_centre("wall")

    async def scenario() -> dict[str, Any]:
        async with connected(centre.quic_port) as connection:
            talk = connection.open()
            for number in range(CALLS):
                await talk.decide(call(f"command-{number}", **spread(number)))
            return await asyncio.to_thread(centre.stats)

    shown = asyncio.run(scenario())
    centre.stop()
    return centre, shown


def test_a_journal_is_proved_replayed_and_read(stopped: tuple[RunningCentre, dict[str, Any]], tmp_path: pathlib.Path) -> None:
    centre, shown = stopped
    data = str(centre.data)
    verdict = liandong("journal", "verify", data).stdout
    head = next(line.split()[1] for line in verdict.splitlines() if line.startswith("head "))
    assert "no damage" in verdict
    assert "no damage" in liandong("journal", "verify", data, "--head", head).stdout
    foreign = run("journal", "verify", data, "--head", "0" * 64)
    assert foreign.returncode == 1 and "FOREIGN" in foreign.stdout, foreign.stdout
    assert "64 lower-case hexadecimal digits" in run("journal", "verify", data, "--head", "short").stderr

    assert shown["hash"] in liandong("journal", "hash", data, "--at", str(shown["sequence"])).stdout
    replayed = liandong("journal", "replay", data).stdout
    last = [json.loads(line) for line in liandong("journal", "export", data).stdout.splitlines()][-1]["seq"]
    assert f"replayed to {last}, every event the same" in replayed
    assert liandong("journal", "hash", data).stdout.strip() in replayed
    assert f"no record {last + 1}: the journal ends at {last}" in refused("journal", "hash", data, "--at", str(last + 1))

    part = liandong("journal", "export", data, "--from", "5", "--to", "9").stdout
    assert [json.loads(line)["seq"] for line in part.splitlines()] == [5, 6, 7, 8, 9]
    assert liandong("journal", "export", data, "--from", str(last + 1)).stdout == ""

    copy = tmp_path / "copy"
    shutil.copytree(centre.data, copy)
    segment = next(copy.glob("*.log"))
    whole = bytearray(segment.read_bytes())
    middle = len(bytes(whole).rstrip(b"\0")) // 2
    whole[middle] ^= 1
    segment.write_bytes(bytes(whole))
    damaged = run("journal", "verify", str(copy))
    assert damaged.returncode == 1 and "no damage" not in damaged.stdout, damaged.stdout
    for verb in ("replay", "export", "hash"):
        said = refused("journal", verb, str(copy))
        assert len(said.splitlines()) == 1, said
        parts = [part.strip() for part in said.split(": ")]
        assert len(parts) == len(set(parts)), f"it says the same twice: {said}"


@pytest.mark.parametrize("verb", ["verify", "export", "replay", "hash"])
def test_a_folder_without_a_journal_is_named(verb: str, tmp_path: pathlib.Path) -> None:
    assert "holds no journal" in refused("journal", verb, str(tmp_path))
    assert "no such folder" in refused("journal", verb, str(tmp_path / "nowhere"))
