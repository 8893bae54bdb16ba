"""San Francisco and Auckland as city folders, made by `liandong city import` out of ../shared/data: posts, units and roads as CSV.

Stations stand where the data say; whose units stand there, and how many, is ours, for no table says it.
"""

import csv
import io
import pathlib
from typing import NamedTuple

import road_tables
from road_oracle import raw
from running_centre import liandong

OPENSTREETMAP = "© OpenStreetMap contributors"
AMBULANCES_EACH, PATROLS_EACH = 2, 4
TURNOUT_S = {"ambulance": 60, "patrol": 30}


class Post(NamedTuple):
    """A place where units stand, and what stands there."""

    name: str
    agency: str
    capability: str
    count: int
    lat: str
    lon: str


class MadeCity(NamedTuple):
    """A city folder, the tables of its roads, what `city import` said."""

    folder: pathlib.Path
    tables: raw.Tables
    nodes: pathlib.Path
    edges: pathlib.Path
    said: str


def san_francisco(data: pathlib.Path) -> list[Post]:
    """Fire stations with ambulances, police stations with patrols."""
    posts = []
    for name, agency, capability, count in (
        ("fire", "medical", "ambulance", AMBULANCES_EACH),
        ("police", "police", "patrol", PATROLS_EACH),
    ):
        table = (data / "calls-san-francisco" / f"{name}-stations.csv").read_text(encoding="utf-8")
        for row in csv.DictReader(io.StringIO(table)):
            posts.append(Post(f"{name} {row['station']}", agency, capability, count, row["lat"], row["lon"]))
    return posts


def auckland(data: pathlib.Path) -> list[Post]:
    """Ambulance stations, each with the ambulances that are deployed there; the hospitals have the patrols."""
    folder = data / "ems-auckland"
    deployed = [row["stationIndex"] for row in raw.jemss_table(raw.text_of(folder / "ambulances_1.csv"), "ambulances")]
    posts = []
    for row in raw.jemss_table(raw.text_of(folder / "stations_1.csv"), "stations"):
        count = deployed.count(row["index"])
        posts.append(Post(row["NAME"], "medical", "ambulance", count, row["y"], row["x"]))
    for row in raw.jemss_table(raw.text_of(folder / "hospitals_1.csv"), "hospitals"):
        posts.append(Post(row["name"], "police", "patrol", PATROLS_EACH, row["y"], row["x"]))
    return posts


CITIES = {
    "san-francisco": (san_francisco, "roads-san-francisco", ""),
    "auckland": (auckland, "ems-auckland", OPENSTREETMAP),
}


def make(data: pathlib.Path, name: str, folder: pathlib.Path) -> MadeCity:
    """Writes the tables and imports them."""
    posts_of, roads, attribution = CITIES[name]
    posts, tables = posts_of(data), raw.TABLES[roads](data / roads)
    nodes, edges = road_tables.write(tables, folder / "tables")
    rows = [[post.name, post.agency, post.lat, post.lon, "wgs84"] for post in posts]
    posts_csv = written(folder / "tables/posts.csv", ["name", "agency", "lat", "lon", "datum"], rows)
    rows = [
        [f"{post.capability} {post.name} {number}", post.agency, post.capability, post.name, "50", str(TURNOUT_S[post.capability])]
        for post in posts
        for number in range(post.count)
    ]
    for agency in ("medical", "police"):
        rows.append([f"desk {agency}", agency, f"desk_{agency}", posts[0].name, "0", "0"])
    head = ["name", "agency", "capabilities", "post", "speed_kmh", "turnout_s"]
    units_csv = written(folder / "tables/units.csv", head, rows)
    city = folder / "city"
    said = liandong(
        *("city", "import", str(city), "--name", name, "--posts", str(posts_csv), "--units", str(units_csv)),
        *("--nodes", str(nodes), "--edges", str(edges), "--attribution", attribution),
    )
    return MadeCity(city, tables, nodes, edges, said.stdout)


def written(path: pathlib.Path, head: list[str], rows: list[list[str]]) -> pathlib.Path:
    """A table."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(head)
        table.writerows(rows)
    return path
