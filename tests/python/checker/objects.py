"""The objects that an export names: plans, cities and maps of roads by the BLAKE3 hash of their bytes, one file each."""

import functools
import json
import pathlib

from .bulletin import Bulletin
from .city import City
from .plan import Plan
from .roads import Roads


@functools.cache
def roads_of(path: pathlib.Path) -> Roads:
    """A map, read once: what its name says it never changes."""
    return Roads(path)


@functools.cache
def roads_under(folder: pathlib.Path, digest: str) -> Roads:
    """A map under a bulletin, made once."""
    document = json.loads((folder / digest).read_text(encoding="utf-8"))
    return roads_of(folder / document["roads"]).under(Bulletin(document))


class Objects:
    """A folder as `liandong journal export --objects` fills it; files are read when they are first named."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self._cities: dict[str, City] = {}
        self._plans: dict[str, Plan] = {}

    def city(self, digest: str) -> City:
        """The city of this hash."""
        if digest not in self._cities:
            self._cities[digest] = City(self._text(digest))
        return self._cities[digest]

    def plan(self, digest: str) -> Plan:
        """The plan of this hash."""
        if digest not in self._plans:
            self._plans[digest] = Plan(self._text(digest))
        return self._plans[digest]

    def roads(self, digest: str) -> Roads:
        """The map of this hash."""
        return roads_of(self._folder / digest)

    def roads_under(self, digest: str) -> Roads:
        """The map of a bulletin, as it is when the bulletin of this hash holds."""
        return roads_under(self._folder, digest)

    def _text(self, digest: str) -> str:
        return (self._folder / digest).read_text(encoding="utf-8")
