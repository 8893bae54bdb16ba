"""Distances and travel times in integers, by the formulas of docs/decision.md."""

from math import isqrt
from typing import Any

HALF_TURN_E7 = 1_800_000_000
SQUARE_MOST = 2**64 - 1


class Projection:
    """The plane of one city: decimetres east and north of its reference."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.lat0: int = document["reference"]["lat_e7"]
        self.lon0: int = document["reference"]["lon_e7"]
        self.x_scale: int = document["x_scale"]
        self.y_scale: int = document["y_scale"]

    def plane(self, point: dict[str, int]) -> tuple[int, int]:
        """Where a point lies, in decimetres; `>>` is floor division, as the formula wants."""
        north = max(-HALF_TURN_E7, min(HALF_TURN_E7, point["lat_e7"] - self.lat0))
        east = (point["lon_e7"] - self.lon0 + HALF_TURN_E7) % (2 * HALF_TURN_E7) - HALF_TURN_E7
        return (east * self.x_scale) >> 32, (north * self.y_scale) >> 32


def distance_dm(a: tuple[int, int], b: tuple[int, int]) -> int:
    """The straight distance in whole decimetres, rounded down."""
    x, y = a[0] - b[0], a[1] - b[1]
    return isqrt(min(x * x + y * y, SQUARE_MOST))


def travel_ms(distance: int, detour_permille: int, speed_mm_s: int) -> int:
    """From the first metre to the place; 0 for a desk, which never travels."""
    return 0 if speed_mm_s == 0 else distance * detour_permille * 100 // speed_mm_s
