"""Turns a road network of ../shared/data into the two tables that `liandong roads build --nodes --edges` takes.

    python tests/python/road_tables.py ../shared/data/ems-auckland OUT_DIR

Ambulance cities (JEMSS) give times in days: mode 1 is the siren, mode 2 the normal profile. Nanchang gives a speed an edge.
San Francisco gives classes alone; the speeds taken for them are `SAN_FRANCISCO_KMH` of `road_oracle.raw`, its streets are driven
both ways, private ones by the siren alone. Loops stay in the table: the import names them.
"""

import csv
import pathlib
import sys

from road_oracle.raw import TABLES, Tables


def write(tables: Tables, folder: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """Writes nodes.csv and edges.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    nodes, edges = folder / "nodes.csv", folder / "edges.csv"
    with open(nodes, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "lat", "lon"])
        rows.writerows([node, lat, lon] for node, (lat, lon) in tables.nodes.items())
    with open(edges, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["from", "to", "metres", "seconds", "seconds_siren"])
        for row in tables.rows:
            seconds = "" if row.seconds is None else f"{row.seconds:f}"
            rows.writerow([row.start, row.end, f"{row.metres:f}", seconds, f"{row.siren:f}"])
    return nodes, edges


def main() -> int:
    """Converts the folder that is named."""
    if len(sys.argv) != 3 or pathlib.Path(sys.argv[1]).name not in TABLES:
        print(f"usage: road_tables.py FOLDER OUT_DIR; folders: {', '.join(TABLES)}", file=sys.stderr)
        return 2
    source = pathlib.Path(sys.argv[1])
    nodes, edges = write(TABLES[source.name](source), pathlib.Path(sys.argv[2]))
    print(nodes, edges, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
