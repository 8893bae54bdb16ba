"""Reads a `.roads` file by the layout of docs/roads.md and nothing else."""

import pathlib
import struct

from road_oracle.network import Ban, Edge, Network

HEAD = struct.Struct("<8sIIQQ")
ENTRY = struct.Struct("<24sQQII")
CLOSED = 0xFFFF_FFFF
FORMATS = {1: "B", 4: "I", 8: "q"}


def sections(path: pathlib.Path) -> dict[str, tuple[int, bytes]]:
    """Each section's width and bytes."""
    data = path.read_bytes()
    magic, version, count, length, zero = HEAD.unpack_from(data)
    assert (magic, version, length, zero) == (b"LDROADS\0", 1, len(data), 0)
    found = {}
    for number in range(count):
        name, at, size, _, width = ENTRY.unpack_from(data, HEAD.size + number * ENTRY.size)
        assert at % 64 == 0 and at + size <= length - 32
        found[name.rstrip(b"\0").decode("ascii")] = (width, data[at : at + size])
    return found


def read(path: pathlib.Path) -> tuple[Network, str]:
    """The network of a file, and its attribution."""
    parts = sections(path)

    def numbers(name: str, code: str = "") -> tuple[int, ...]:
        width, data = parts[name]
        return struct.unpack(f"<{len(data) // width}{code or FORMATS[width]}", data)

    names = numbers("node name")
    points = dict(zip(names, zip(numbers("node latitude", "i"), numbers("node longitude", "i")), strict=True))
    columns = [numbers(f"edge {what}") for what in ("from", "to", "length mm", "normal ms", "siren ms")]
    edges = [
        Edge(names[start], names[end], mm, None if normal == CLOSED else normal, siren)
        for start, end, mm, normal, siren in zip(*columns, strict=True)
    ]
    first, flat = numbers("ban first"), numbers("ban edges")
    bans = [
        Ban(flat[first[at] : first[at + 1]], (bool(holds & 1), bool(holds & 2)))
        for at, holds in enumerate(numbers("ban holds"))
    ]
    return Network(points, edges, bans), parts["attribution"][1].decode("utf-8")
