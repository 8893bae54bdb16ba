"""The frames of `liandong/1` as docs/protocol.md describes them: a codec that is read off the page and knows nothing else.

Whoever writes a client in another language has that page alone; so has this one. A field that is missing there, in another place or
of another type makes the conversation of `test_frames.py` fail.
"""

import itertools
import pathlib
import re
import struct
from typing import Any

from running_centre import REPOSITORY

PAGE = (REPOSITORY / "docs/protocol.md").read_text(encoding="utf-8")
SCALARS = {"bool": "<?", "u8": "<B", "u16": "<H", "u32": "<I", "u64": "<Q", "i32": "<i", "i64": "<q", "f64": "<d"}
ROOT_BYTES = {"client": 105, "server": 134}

# A type of the page: a scalar, ("option", T), ("list", T), "bytes", "text" or a list of named fields.
Type = Any


def parsed(text: str) -> Type:
    """A type as the page writes it."""
    text = text.strip()
    if text.startswith("Option<"):
        return ("option", parsed(text.removeprefix("Option<").removesuffix(">")))
    if text.startswith("list of "):
        return ("list", parsed(text.removeprefix("list of ")))
    if text.startswith("("):
        fields = re.findall(r"(\w+): ([^,()]+)", text)
        return [(name, parsed(kind)) for name, kind in fields]
    assert text in SCALARS or text in ("bytes", "text"), text
    return text


def frames(side: str) -> list[tuple[str, list[tuple[str, Type]]]]:
    """The frames of a side: names and fields, by their number."""
    table = PAGE.split(f"| number | {side} frame | fields |")[1].split("\n\n")[0]
    found = []
    for number, name, fields in re.findall(r"^\| (\d+) \| `(\w+)` \| (.*) \|$", table, re.MULTILINE):
        assert int(number) == len(found)
        pairs = re.findall(r"`(\w+): ([^`]+)`", fields)
        found.append((name, [(field, parsed(kind)) for field, kind in pairs]))
    return found


def vocabulary(name: str) -> list[str]:
    """The codes of a vocabulary, by their number."""
    (row,) = re.findall(rf"^\| `{name}` \| (\d.*) \|$", PAGE, re.MULTILINE)
    pairs = re.findall(r"(\d+) `(\w+)`", row)
    assert [int(number) for number, _ in pairs] == list(range(len(pairs)))
    return [code for _, code in pairs]


def size(kind: Type) -> int:
    """Bytes of a value in its place."""
    if isinstance(kind, list):
        return sum(size(field) for _, field in kind)
    if isinstance(kind, tuple):
        return 1 + size(kind[1]) if kind[0] == "option" else 8
    return struct.calcsize(SCALARS[kind]) if kind in SCALARS else 8


class Decoder:
    """Reads values out of an archive."""

    def __init__(self, archive: bytes) -> None:
        self.archive = archive

    def read(self, kind: Type, at: int) -> Any:
        """The value at this place."""
        if isinstance(kind, list):
            starts = itertools.accumulate([at, *(size(field) for _, field in kind)])
            return {name: self.read(field, start) for (name, field), start in zip(kind, starts)}
        if isinstance(kind, tuple) and kind[0] == "option":
            return self.read(kind[1], at + 1) if self.archive[at] else None
        if isinstance(kind, tuple):
            distance, count = struct.unpack_from("<iI", self.archive, at)
            step = size(kind[1])
            return [self.read(kind[1], at + distance + step * index) for index in range(count)]
        if kind == "text":
            return self.text(at)
        return struct.unpack_from(SCALARS[kind], self.archive, at)[0]

    def text(self, at: int) -> str:
        """A text in place or elsewhere."""
        place = self.archive[at : at + 8]
        if place[0] >> 6 != 0b10:
            return place.split(b"\xff")[0].decode()
        length = (place[0] & 0x3F) | int.from_bytes(place[1:4], "little") << 6
        start = at + struct.unpack_from("<i", place, 4)[0]
        return self.archive[start : start + length].decode()


class Encoder:
    """Writes values into an archive: what is kept elsewhere goes first."""

    def __init__(self) -> None:
        self.archive = b""

    def put(self, values: list[tuple[Type, Any]], root: bytes = b"", fill: int = 0) -> int:
        """Puts values one after the other, behind `root`, and says where they begin."""
        kept = [self.keep(kind, value) for kind, value in values]
        start = len(self.archive)
        out = root
        for (kind, _), value in zip(values, kept):
            out += self.place(kind, value, start + len(out))
        self.archive += out.ljust(fill, b"\0")
        return start

    def keep(self, kind: Type, value: Any) -> Any:
        """Writes what does not stand in place; gives what does."""
        if value is None:
            return None
        if isinstance(kind, tuple) and kind[0] == "option":
            return self.keep(kind[1], value)
        if kind == "bytes":
            start = len(self.archive)
            self.archive += value.encode()
            return start, len(value.encode())
        if isinstance(kind, tuple):
            return self.put([(kind[1], item) for item in value]), len(value)
        return value

    def place(self, kind: Type, value: Any, at: int) -> bytes:
        """What stands in place."""
        if isinstance(kind, tuple) and kind[0] == "option":
            return b"\0" * size(kind) if value is None else b"\1" + self.place(kind[1], value, at + 1)
        if kind == "bytes" or isinstance(kind, tuple):
            start, count = value
            return struct.pack("<iI", start - at, count)
        if isinstance(kind, list):
            out = b""
            for name, field in kind:
                out += self.place(field, value[name], at + len(out))
            return out
        return struct.pack(SCALARS[kind], value)


def encode(frame: str, **given: Any) -> bytes:
    """A client's frame with its length."""
    known = frames("client")
    (number,) = [number for number, (name, _) in enumerate(known) if name == frame]
    fields = known[number][1]
    assert given.keys() <= {name for name, _ in fields}, given
    encoder = Encoder()
    values = [(kind, given.get(name)) for name, kind in fields]
    encoder.put(values, bytes([number]), ROOT_BYTES["client"])
    return len(encoder.archive).to_bytes(4, "little") + encoder.archive


def decode(archive: bytes) -> tuple[str, dict[str, Any]]:
    """A server's frame, without its length."""
    root = len(archive) - ROOT_BYTES["server"]
    name, fields = frames("server")[archive[root]]
    return name, Decoder(archive).read(fields, root + 1)
