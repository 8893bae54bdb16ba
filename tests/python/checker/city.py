"""What a city's document says of the ground: its plane, its local time, its districts' zones."""

import json
from typing import Any

from .geometry import Projection


class City:
    """One city in force. Units come from the journal's own definitions, never from here."""

    def __init__(self, text: str) -> None:
        document: dict[str, Any] = json.loads(text)
        self.projection = Projection(document["projection"])
        self.utc_offset_min: int = document["utc_offset_min"]
        self._zones: dict[int, str] = {row["id"]: row["zone"] for row in document["districts"]}
        self._names: dict[int, str] = {row["id"]: row["name"] for row in document["districts"]}
        self._parents: dict[int, int | None] = {row["id"]: row.get("parent") for row in document["districts"]}

    def knows(self, district: int) -> bool:
        """Whether it has a district of this number."""
        return district in self._zones

    def zone(self, district: int | None) -> str:
        """Town, suburb or township; a township where the district is not known."""
        return self._zones.get(district, "township")

    def names_of(self, district: int | None) -> set[str]:
        """The names of a district and of all that it is a part of."""
        names = set()
        while district is not None and district in self._names:
            names.add(self._names[district])
            district = self._parents[district]
        return names
