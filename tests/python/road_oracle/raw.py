"""The road tables of ../shared/data as they are, each a network in seconds that are exact decimals.

Units and columns are those of that folder's README. Speeds of San Francisco are ours: its table has classes alone.
"""

import csv
import decimal
import io
import pathlib
from collections.abc import Iterator
from typing import NamedTuple

from road_oracle.network import Edge, Network, half_up, length_mm

DAY_SECONDS = 86_400
# Kilometres an hour by `classcode`: private, freeway, major, arterial, collector, residential, ramp.
SAN_FRANCISCO_KMH = {0: 15, 1: 90, 2: 50, 3: 45, 4: 40, 5: 30, 6: 50}
# Divisions that do not end are cut here; a millisecond has three of these digits.
SECONDS_PLACES = decimal.Decimal("0.000000001")

Text = tuple[str, str]


class Row(NamedTuple):
    """One edge: seconds is None where only the siren may drive."""

    start: int
    end: int
    metres: decimal.Decimal
    seconds: decimal.Decimal | None
    siren: decimal.Decimal


class Tables(NamedTuple):
    """The nodes by id, degrees as they are written; and the edges, both directions."""

    nodes: dict[int, Text]
    rows: list[Row]


def text_of(path: pathlib.Path) -> str:
    """A file, plain or .zst."""
    if path.exists():
        return path.read_text(encoding="utf-8")
    import zstandard

    packed = path.with_name(path.name + ".zst").read_bytes()
    return zstandard.ZstdDecompressor().stream_reader(packed).read().decode("utf-8")


def e7(degrees: str) -> int:
    """Degrees as 1e-7 degrees, halves away from zero."""
    return half_up(decimal.Decimal(degrees).scaleb(7))


def jemss_table(text: str, name: str) -> Iterator[dict[str, str]]:
    """The rows of one table in a file of several: a line with its name, a header, rows."""
    lines = iter(csv.reader(io.StringIO(text)))
    for line in lines:
        if line and line[0] == name:
            break
    header = [column for column in next(lines) if column]
    for line in lines:
        if not line or line[0] == "":
            return
        yield dict(zip(header, line[: len(header)], strict=True))


def jemss(folder: pathlib.Path) -> Tables:
    """An ambulance city: travel times in days, mode 1 with lights and sirens, mode 2 regular."""
    nodes = {
        int(decimal.Decimal(row["index"])): (row["y"], row["x"])
        for row in jemss_table(text_of(folder / "nodes.csv"), "nodes")
    }
    arcs = text_of(folder / "arcs.csv")
    form = next(jemss_table(arcs, "miscData"))["arcForm"]
    assert form == "directed", f"{folder.name}: arcs are {form}, not directed"
    rows = []
    for row in jemss_table(arcs, "arcs"):
        start, end = (int(decimal.Decimal(row[name])) for name in ("fromNode", "toNode"))
        if "distance" in row:
            metres = decimal.Decimal(row["distance"]) * 1_000
        else:
            points = [tuple(e7(degree) for degree in nodes[node]) for node in (start, end)]
            metres = decimal.Decimal(length_mm(points[0], points[1])) / 1_000  # type: ignore[arg-type]
        siren, regular = (decimal.Decimal(row[name]) * DAY_SECONDS for name in ("mode_1", "mode_2"))
        rows.append(Row(start, end, metres, regular, siren))
    return Tables(nodes, rows)


def nanchang(folder: pathlib.Path) -> Tables:
    """A Chinese city: directed edges with a speed each."""
    nodes = {
        int(row["node_id"]): (row["lat"], row["lon"]) for row in csv.DictReader(io.StringIO(text_of(folder / "nodes.csv")))
    }
    rows = []
    for row in csv.DictReader(io.StringIO(text_of(folder / "edges.csv"))):
        metres = decimal.Decimal(row["length_m"])
        seconds = (metres / decimal.Decimal(row["speed_mps"])).quantize(SECONDS_PLACES)
        rows.append(Row(int(row["from"]), int(row["to"]), metres, seconds, seconds))
    return Tables(nodes, rows)


def san_francisco(folder: pathlib.Path) -> Tables:
    """Streets without one-ways: each row is driven both ways; private ones by the siren alone."""
    nodes = {
        int(row["node_cnn"]): (row["lat"], row["lon"]) for row in csv.DictReader(io.StringIO(text_of(folder / "nodes.csv")))
    }
    rows = []
    for row in csv.DictReader(io.StringIO(text_of(folder / "edges.csv"))):
        code = int(row["classcode"])
        metres = decimal.Decimal(row["length_m"])
        siren = (metres * decimal.Decimal("3.6") / SAN_FRANCISCO_KMH[code]).quantize(SECONDS_PLACES)
        seconds = None if code == 0 else siren
        start, end = int(row["from_node"]), int(row["to_node"])
        rows += [Row(start, end, metres, seconds, siren), Row(end, start, metres, seconds, siren)]
    return Tables(nodes, rows)


TABLES = {
    "ems-auckland": jemss,
    "ems-manhattan": jemss,
    "roads-nanchang": nanchang,
    "roads-san-francisco": san_francisco,
}


def network(tables: Tables) -> Network:
    """The oracle's own reading of the tables: seconds to milliseconds, half up; loops are no edges."""
    points = {node: (e7(lat), e7(lon)) for node, (lat, lon) in tables.nodes.items()}
    edges = []
    for row in tables.rows:
        if row.start == row.end:
            continue
        normal = None if row.seconds is None else half_up(row.seconds * 1_000)
        mm = half_up(row.metres * 1_000) or length_mm(points[row.start], points[row.end])
        edges.append(Edge(row.start, row.end, mm, normal, half_up(row.siren * 1_000)))
    return Network(points, edges, [])
