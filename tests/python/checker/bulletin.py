"""What a bulletin makes of a map: which edges nobody drives through, and how much longer the others take (docs/roads.md)."""

from typing import Any

Corner = tuple[int, int]
Ring = list[Corner]
PROFILES = ("normal", "siren")


class Bulletin:
    """The factors of the hour and all notices, by the names of nodes."""

    def __init__(self, document: dict[str, Any]) -> None:
        """As its object says it."""
        self.factors: list[list[int]] = [document["factors"][profile] for profile in PROFILES]
        self.closed: set[tuple[int, int]] = set()
        self.slow: dict[tuple[int, int], int] = {}
        self.floods: list[list[Ring]] = []
        for notice in document["notices"]:
            ((says, what),) = notice["says"].items()
            if says == "closed":
                self.closed |= {(road["from"], road["to"]) for road in what}
            elif says == "slow":
                for road in what["roads"]:
                    pair = (road["from"], road["to"])
                    self.slow[pair] = max(what["permille"], self.slow.get(pair, 0))
            else:
                self.floods.append([[(corner["lon_e7"], corner["lat_e7"]) for corner in ring] for ring in what])

    def is_closed(self, names: tuple[int, int], a: Corner, b: Corner) -> bool:
        """Whether nobody drives through the segment between two nodes, in this direction."""
        return names in self.closed or any(touches(area, a, b) for area in self.floods)

    def scaled(self, profile: int, names: tuple[int, int], road_class: int, ms: int) -> int:
        """A time of the map as it is now: rounded half up once, at most a day."""
        permille = self.factors[profile][road_class] * self.slow.get(names, 1000)
        return min((ms * permille + 500_000) // 1_000_000, 86_400_000)


def touches(area: list[Ring], a: Corner, b: Corner) -> bool:
    """Whether a segment has a point in an area or on its border."""
    sides = [(ring[at - 1], ring[at]) for ring in area for at in range(len(ring))]
    lon, lat = zip(a, b, *(corner for ring in area for corner in ring), strict=True)
    if max(lon[:2]) < min(lon[2:]) or min(lon[:2]) > max(lon[2:]) or max(lat[:2]) < min(lat[2:]) or min(lat[:2]) > max(lat[2:]):
        return False
    return any(meet(a, b, *side) for side in sides) or inside(sides, a)


def inside(sides: list[tuple[Corner, Corner]], point: Corner) -> bool:
    """Whether a point that is on no side lies within: a ray to the east crosses an odd number of them."""
    odd = False
    for c, d in sides:
        if (c[1] > point[1]) != (d[1] > point[1]):
            low, high = (c, d) if c[1] < d[1] else (d, c)
            odd ^= turn(low, high, point) > 0
    return odd


def turn(p: Corner, q: Corner, r: Corner) -> int:
    """To which side of p→q r lies: 1 left, -1 right, 0 on the line."""
    cross = (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
    return (cross > 0) - (cross < 0)


def meet(a: Corner, b: Corner, c: Corner, d: Corner) -> bool:
    """Whether two segments have a point in common."""

    def within(p: Corner, q: Corner, r: Corner) -> bool:
        return min(p[0], q[0]) <= r[0] <= max(p[0], q[0]) and min(p[1], q[1]) <= r[1] <= max(p[1], q[1])

    turns = (turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b))
    if turns[0] != turns[1] and turns[2] != turns[3]:
        return True
    ends = ((turns[0], a, b, c), (turns[1], a, b, d), (turns[2], c, d, a), (turns[3], c, d, b))
    return any(side == 0 and within(p, q, r) for side, p, q, r in ends)
