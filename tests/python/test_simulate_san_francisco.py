"""San Francisco's fires simulated on its own roads with crews that take as long as they were seen to, beside what was observed.

Every fire station has an engine, a truck and an ambulance, for no table says which has which; the city's police stations have patrols.
"""

import csv
import io
import json
import pathlib

import pytest

import road_tables
from made_cities import PATROLS_EACH, written
from road_oracle import raw
from running_centre import liandong
from test_montgomery import load

# At every fire station: what such a unit can do, and how it is called.
AT_A_FIRE_STATION = (("fire", "fire_engine", "E"), ("fire", "ladder;rescue", "T"), ("medical", "ambulance", "M"))
MATTERS = {"Outside Fire", "Structure Fire"}


@pytest.fixture(scope="module")
def config(shared_data: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The configuration of a centre of San Francisco: its stations, its roads, its hour."""
    folder = tmp_path_factory.mktemp("san-francisco")
    nodes, edges = road_tables.write(raw.TABLES["roads-san-francisco"](shared_data / "roads-san-francisco"), folder / "tables")
    posts, units = [], []
    for row in stations(shared_data, "fire"):
        post = f"fire {row['station']}"
        posts.append([post, "fire", row["lat"], row["lon"], "wgs84"])
        for agency, capabilities, letter in AT_A_FIRE_STATION:
            units.append([f"{letter}{row['station']}", agency, capabilities, post, "50", "60"])
    for row in stations(shared_data, "police"):
        post = f"police {row['station']}"
        posts.append([post, "police", row["lat"], row["lon"], "wgs84"])
        units += [[f"patrol {row['station']} {n}", "police", "patrol", post, "50", "30"] for n in range(PATROLS_EACH)]
    units += [[f"desk {agency}", agency, f"desk_{agency}", posts[0][0], "0", "0"] for agency in ("fire", "medical", "police")]
    posts_csv = written(folder / "tables/posts.csv", ["name", "agency", "lat", "lon", "datum"], posts)
    head = ["name", "agency", "capabilities", "post", "speed_kmh", "turnout_s"]
    units_csv = written(folder / "tables/units.csv", head, units)
    liandong(
        *("city", "import", str(folder / "city"), "--name", "san-francisco", "--posts", str(posts_csv)),
        *("--units", str(units_csv), "--nodes", str(nodes), "--edges", str(edges)),
    )
    file = folder / "san-francisco.toml"
    file.write_text('[city]\nfolder = "city"\n', encoding="utf-8")
    return file


def stations(data: pathlib.Path, name: str) -> list[dict[str, str]]:
    """Its stations of a service."""
    table = (data / "calls-san-francisco" / f"{name}-stations.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(table)))


def test_first_arrivals_stand_beside_those_that_were_observed(
    shared_data: pathlib.Path, config: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    calls = shared_data / "calls-san-francisco/fire-calls-sample.csv.zst"
    trace, observed, figures = tmp_path / "calls.csv", tmp_path / "observed.csv", tmp_path / "simulated.json"
    said = load(
        *("import", "--format", "sffd", str(calls), "-o", str(trace)),
        *("--observed", str(observed), "--by-road", str(config)),
    )
    assert "900 calls, 900 with a place" in said.stdout and "row 158 (line 159), On Scene DtTm" in said.stderr
    rows = list(csv.DictReader(io.StringIO(observed.read_text(encoding="utf-8"))))
    assert len(rows) == 4_329 and sum(row["travel_percent"] != "" for row in rows) > 1_000
    simulated = ["simulate", str(trace), "--config", str(config), "--seeds", "2", "--quiet"]
    beside = ["--crews-observed", str(observed), "--beside", str(observed), "--json", str(figures)]
    said = load(*simulated, *beside)
    print(said.stdout)
    first = json.loads(figures.read_text(encoding="utf-8"))["first"]
    assert {row["matter"] for row in first["beside"]} == MATTERS
    for row in first["beside"]:
        assert row["simulated"] > 0.8 * row["observed"] > 100, row
        # Nobody flies and nobody walks: within a factor of two of what was seen, from the first word on.
        for figure in ("p50_s", "p90_s"):
            ratio = row[f"simulated_{figure}"]["mean"] / row[f"observed_from_word_{figure}"]
            assert 0.5 < ratio < 2, row
    again = load(*simulated, *beside, "--threads", "1")
    digests = [line for line in said.stdout.splitlines() if line.startswith("digest ")]
    assert len(digests) == 2 and [line for line in again.stdout.splitlines() if line.startswith("digest ")] == digests
