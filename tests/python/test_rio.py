"""Rates of a real city become a trace: as many calls as were observed, the same under a seed, laid on a city, and played."""

import csv
import pathlib
import subprocess

from running_centre import binary


def load(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the load generator to its end, however that is."""
    return subprocess.run([binary("liandong-load"), *arguments], capture_output=True, text=True, timeout=300)


def test_rates_become_a_trace(shared_data: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Four weeks of 2 195 calls, each ambulance's, and none of them twice."""
    source = str(shared_data / "calls-rio/call_rates_dow_halfhour_region_priority.csv")
    outs = [tmp_path / name for name in ("first.csv", "again.csv", "other.csv")]
    for out, seed in zip(outs, ["1", "1", "2"], strict=True):
        done = load("import", "--format", "rio", "--days", "28", "--seed", seed, "--onto", "embedded", source, "-o", str(out))
        assert done.returncode == 0, done.stderr
        assert "inside the city's districts" in done.stdout
    first, again, other = (out.read_bytes() for out in outs)
    assert first == again
    assert first != other
    with outs[0].open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert 8_500 <= len(rows) <= 9_060, len(rows)
    assert {row["line"] for row in rows} == {"120"}
    assert len({row["key"] for row in rows}) == len(rows)
    played = load("simulate", str(outs[0]), "--quiet")
    assert played.returncode == 0, played.stderr
    assert played.stdout.startswith(f"{len(rows)} calls: ")


def test_a_row_that_is_none_is_named(tmp_path: pathlib.Path) -> None:
    """File, row, column and what would be right; nothing is written."""
    (tmp_path / "regions.csv").write_text("region,lat,lon\n1,-22.9,-43.2\n", encoding="utf-8")
    rates = tmp_path / "rates.csv"
    rates.write_text("dow,slot30,region,priority,total_calls,n_obs_days\n0,0,1,0,6,104\n0,48,1,0,6,104\n", encoding="utf-8")
    done = load("import", "--format", "rio", str(rates), "-o", str(tmp_path / "never.csv"))
    assert done.returncode == 1
    assert "rates.csv, row 2 (line 3), slot30: `48` is not a whole number from 0 to 47" in done.stderr
    assert not (tmp_path / "never.csv").exists()
