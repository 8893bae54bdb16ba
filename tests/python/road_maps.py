"""The road networks of ../shared/data, each built by the product and read by the oracle; built once a session."""

import functools
import pathlib
import tempfile
import tomllib
from typing import NamedTuple

import road_tables
from road_oracle import osm, raw
from road_oracle.network import Network, strong_part
from running_centre import liandong

EXTRACTS = ["andorra", "baltimore", "helsinki-centre", "monaco-osrm"]
NAMES = [*raw.TABLES, *EXTRACTS]


class RoadMap(NamedTuple):
    """One network: the product's file and report, the oracle's own reading of the same."""

    roads: pathlib.Path
    report: str
    oracle: Network


@functools.cache
def folder() -> tempfile.TemporaryDirectory[str]:
    """Where maps are built; goes with the session."""
    return tempfile.TemporaryDirectory(prefix="liandong-roads-")


@functools.cache
def built(data: pathlib.Path, name: str) -> RoadMap:
    """A network by its name."""
    out = pathlib.Path(folder().name) / f"{name}.roads"
    if name in EXTRACTS:
        extract = data / "roads-osm" / f"{name}.osm.pbf"
        done = liandong("roads", "build", str(extract), "-o", str(out))
        oracle = osm.network(extract, tomllib.loads(liandong("roads", "speeds").stdout))
    else:
        tables = raw.TABLES[name](data / name)
        nodes, edges = road_tables.write(tables, out.with_suffix(".csv"))
        done = liandong("roads", "build", "--nodes", str(nodes), "--edges", str(edges), "-o", str(out))
        oracle = raw.network(tables)
    return RoadMap(out, done.stdout, strong_part(oracle))
