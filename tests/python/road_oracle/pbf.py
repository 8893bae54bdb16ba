"""The elements of a `.osm.pbf`, by https://wiki.openstreetmap.org/wiki/PBF_Format and the protobuf wire format, by hand."""

import pathlib
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

Tags = dict[str, str]


class Node(NamedTuple):
    """A node; degrees times 1e7."""

    id: int
    point: tuple[int, int]
    tags: Tags


class Way(NamedTuple):
    """A way and its nodes."""

    id: int
    nodes: list[int]
    tags: Tags


class Relation(NamedTuple):
    """A relation; its members as (role, "node" | "way" | "relation", id)."""

    id: int
    members: list[tuple[str, str, int]]
    tags: Tags


Element = Node | Way | Relation
KINDS = ["node", "way", "relation"]


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A number, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def signed(value: int) -> int:
    """Zigzag: even is positive."""
    return (value >> 1) ^ -(value & 1)


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field of a message."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
            yield key >> 3, value
            continue
        size = {1: 8, 5: 4}.get(kind)
        if size is None:
            assert kind == 2, f"wire type {kind}"
            size, at = varint(data, at)
        yield key >> 3, data[at : at + size]
        at += size


def message(data: bytes) -> dict[int, list[int | bytes]]:
    """All fields of a message by number."""
    found: dict[int, list[int | bytes]] = {}
    for number, value in fields(data):
        found.setdefault(number, []).append(value)
    return found


def packed(parts: list[int | bytes]) -> list[int]:
    """A repeated number."""
    values = []
    for part in parts:
        if isinstance(part, int):
            values.append(part)
            continue
        at = 0
        while at < len(part):
            value, at = varint(part, at)
            values.append(value)
    return values


def summed(values: list[int]) -> list[int]:
    """What differences add up to."""
    total, sums = 0, []
    for value in values:
        total += signed(value)
        sums.append(total)
    return sums


def blocks(path: pathlib.Path) -> Iterator[bytes]:
    """The unpacked data blocks of a file."""
    data = path.read_bytes()
    at = 0
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        header = message(data[at + 4 : at + 4 + size])
        at += 4 + size
        length = header[3][0]
        assert isinstance(length, int)
        blob = message(data[at : at + length])
        at += length
        if header[1] == [b"OSMData"]:
            yield blob[1][0] if 1 in blob else zlib.decompress(blob[3][0])  # type: ignore[misc,arg-type]


def elements(path: pathlib.Path) -> Iterator[Element]:
    """Everything in a file, in its order."""
    for data in blocks(path):
        block = message(data)
        strings = [string.decode("utf-8", "replace") for string in message(block[1][0]).get(1, [])]  # type: ignore[arg-type,union-attr]
        granularity = block.get(17, [100])[0]
        offsets = block.get(19, [0])[0], block.get(20, [0])[0]

        def point(lat: int, lon: int) -> tuple[int, int]:
            nanos = [offset + granularity * value for offset, value in zip(offsets, (lat, lon))]
            return tuple(int(nano / 100 + (0.5 if nano >= 0 else -0.5)) for nano in nanos)  # type: ignore[return-value]

        def tags(fields_of: dict[int, list[int | bytes]]) -> Tags:
            keys, values = packed(fields_of.get(2, [])), packed(fields_of.get(3, []))
            return {strings[key]: strings[value] for key, value in zip(keys, values)}

        for group in block.get(2, []):
            for number, value in fields(group):  # type: ignore[arg-type]
                assert isinstance(value, bytes)
                if number == 1:
                    one = message(value)
                    yield Node(signed(one[1][0]), point(signed(one[8][0]), signed(one[9][0])), tags(one))  # type: ignore[arg-type]
                elif number == 2:
                    yield from dense(message(value), strings, point)
                elif number == 3:
                    one = message(value)
                    yield Way(one[1][0], summed(packed(one.get(8, []))), tags(one))  # type: ignore[arg-type]
                elif number == 4:
                    one = message(value)
                    roles = [strings[role] for role in packed(one.get(8, []))]
                    kinds = [KINDS[kind] for kind in packed(one.get(10, []))]
                    ids = summed(packed(one.get(9, [])))
                    yield Relation(one[1][0], list(zip(roles, kinds, ids, strict=True)), tags(one))  # type: ignore[arg-type]


def dense(group: dict[int, list[int | bytes]], strings: list[str], point) -> Iterator[Node]:  # type: ignore[no-untyped-def]
    """Nodes in columns; keys and values of all of them in one list, a zero behind each node's."""
    ids, lats, lons = (summed(packed(group.get(number, []))) for number in (1, 8, 9))
    pairs = iter(packed(group.get(10, [])))
    for node, lat, lon in zip(ids, lats, lons, strict=True):
        tags = {}
        while key := next(pairs, 0):
            tags[strings[key]] = strings[next(pairs)]
        yield Node(node, point(lat, lon), tags)
