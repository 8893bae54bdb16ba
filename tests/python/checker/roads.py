"""A map of roads in force: where on it a place is, and how long the way is between two of them, by docs/roads.md alone.

Reads the object as it lies in the journal's folder. The way is Dijkstra's, from the goal backwards, no farther than it is asked for;
what was found for a goal is kept while others ask for the same.
"""

import copy
import heapq
import pathlib
import struct
from collections import OrderedDict
from math import isqrt
from typing import NamedTuple, Sequence

from .bulletin import Bulletin
from .geometry import Projection

HEAD = struct.Struct("<8sIIQQ")
ENTRY = struct.Struct("<24sQQII")
CLOSED = 0xFFFF_FFFF
FAR_DM, AT_NODE_DM = 5_000, 10
WHOLE = 1 << 20
# Decimetres per 1e-7 degree of a great circle of 6 371 009 m, times 2^32.
SCALE = 477_579_248
# How far a search goes at first.
STRIDE_MS = 60_000
# Goals whose ways are kept.
GOALS_MAX = 1_024

Times = Sequence[int]
# What was driven last, latest first, as far as bans ask for it.
Behind = tuple[int, ...]


class Position(NamedTuple):
    """A place on the network: an edge, and how far along it in 2^-20."""

    edge: int
    along: int


def cosine(lat_e7: int) -> int:
    """The cosine of a latitude times 2^30."""
    lat = max(-800_000_000, min(800_000_000, lat_e7))
    angle = (lat * 2_160_612_962_779_783_726) >> 30
    square = (angle * angle) >> 60
    total = term = 1 << 60
    for n in range(1, 11):
        product = abs(term * square) >> 60
        term = (-1 if term > 0 else 1) * (product // ((2 * n - 1) * 2 * n))
        total += term
    return total >> 30


def part(whole: int, along: int) -> int:
    """A part of a time, rounded half up."""
    return (whole * along + (1 << 19)) >> 20


def distance_dm(a: tuple[int, int], b: tuple[int, int]) -> int:
    """The straight distance, rounded down."""
    return isqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2)


class Roads:
    """One map."""

    def __init__(self, path: pathlib.Path) -> None:
        """Reads it; its checksums are the product's matter."""
        sections = _sections(path.read_bytes())
        self.lat, self.lon = sections["node latitude"], sections["node longitude"]
        self.start, self.end = sections["edge from"], sections["edge to"]
        self.names, self._classes = sections["node name"], sections["edge class"]
        # Of whoever begins or ends on an edge, and of driving it from end to end; they differ where one is closed.
        self.ms: list[Times] = [sections["edge normal ms"], sections["edge siren ms"]]
        self.through = self.ms
        first, flat = sections["ban first"], sections["ban edges"]
        self.bans = [
            (tuple(flat[first[at] : first[at + 1]]), holds) for at, holds in enumerate(sections["ban holds"])
        ]
        middle = [_middle(self.lat), _middle(self.lon)]
        x_scale = (SCALE * cosine(middle[0])) >> 30
        reference = {"lat_e7": middle[0], "lon_e7": middle[1]}
        self._projection = Projection({"reference": reference, "x_scale": x_scale, "y_scale": SCALE})
        points = zip(self.lat, self.lon, strict=True)
        self.planes = [self._projection.plane({"lat_e7": lat, "lon_e7": lon}) for lat, lon in points]
        self.between: dict[tuple[int, int], list[int]] = {}
        self.arriving: list[list[int]] = [[] for _ in self.lat]
        for edge, ends in enumerate(zip(self.start, self.end, strict=True)):
            self.between.setdefault(ends, []).append(edge)
            self.arriving[ends[1]].append(edge)
        # Segments by the squares they lie in, for each profile that can use them.
        self._cells: list[dict[tuple[int, int], list[int]]] = [{}, {}]
        for edge in range(len(self.start)):
            self._list(edge)
        self._snapped: dict[tuple[int, int, int], Position | None] = {}
        self._goals: OrderedDict[tuple[Position, int], Goal] = OrderedDict()

    def under(self, bulletin: Bulletin) -> "Roads":
        """The same map as it is when this holds."""
        roads = copy.copy(self)
        roads._goals = OrderedDict()
        closed, ends = [], []
        for start, end in zip(self.start, self.end, strict=True):
            ends.append((self.names[start], self.names[end]))
            places = [(self.lon[node], self.lat[node]) for node in (start, end)]
            closed.append(bulletin.is_closed(ends[-1], places[0], places[1]))
        roads.ms, roads.through = [], []
        for profile, times in enumerate(self.ms):
            own = [
                CLOSED if ms == CLOSED else bulletin.scaled(profile, names, kind, ms)
                for ms, names, kind in zip(times, ends, self._classes, strict=True)
            ]
            roads.ms.append(own)
            roads.through.append([CLOSED if shut else ms for ms, shut in zip(own, closed, strict=True)])
        return roads

    def _list(self, edge: int) -> None:
        """Enters a segment into the cells about it, once: under the lowest of its edges; for whoever may drive one of them."""
        ends = (self.start[edge], self.end[edge])
        same = self.between[ends] + self.between.get((ends[1], ends[0]), [])
        if edge != min(same):
            return
        users = [cells for cells, ms in zip(self._cells, self.ms) if any(ms[other] != CLOSED for other in same)]
        (ax, ay), (bx, by) = (self.planes[node] for node in ends)
        for column in range(min(ax, bx) // FAR_DM, max(ax, bx) // FAR_DM + 1):
            for row in range(min(ay, by) // FAR_DM, max(ay, by) // FAR_DM + 1):
                for cells in users:
                    cells.setdefault((column, row), []).append(edge)

    def position(self, profile: int, point: dict[str, int]) -> Position | None:
        """Where a place is on the roads that a profile can use; None where none is within 500 m."""
        key = (profile, point["lat_e7"], point["lon_e7"])
        if key not in self._snapped:
            self._snapped[key] = self._snap(profile, self._projection.plane(point))
        return self._snapped[key]

    def _snap(self, profile: int, at: tuple[int, int]) -> Position | None:
        column, row = at[0] // FAR_DM, at[1] // FAR_DM
        around = [(column + x, row + y) for x in (-1, 0, 1) for y in (-1, 0, 1)]
        edges = {edge for cell in around for edge in self._cells[profile].get(cell, ())}
        best = min((self._near(at, edge) for edge in edges), default=None)
        if best is None or isqrt(best[0] >> 8) > FAR_DM:
            return None
        _, edge, along = best
        a, b = self.planes[self.start[edge]], self.planes[self.end[edge]]
        place = (a[0] + ((b[0] - a[0]) * along >> 20), a[1] + ((b[1] - a[1]) * along >> 20))
        to_a, to_b = distance_dm(place, a), distance_dm(place, b)
        if to_a <= to_b and to_a < AT_NODE_DM:
            along = 0
        elif to_b < AT_NODE_DM:
            along = WHOLE
        return Position(edge, along)

    def _near(self, at: tuple[int, int], edge: int) -> tuple[int, int, int]:
        """The square of the distance in 2^-8 dm², the edge, how far along it."""
        a, b = self.planes[self.start[edge]], self.planes[self.end[edge]]
        x, y, px, py = b[0] - a[0], b[1] - a[1], at[0] - a[0], at[1] - a[1]
        length2, dot = x * x + y * y, px * x + py * y
        if dot <= 0:
            return (px * px + py * py) << 8, edge, 0
        if dot >= length2:
            return ((at[0] - b[0]) ** 2 + (at[1] - b[1]) ** 2) << 8, edge, WHOLE
        cross = px * y - py * x
        return (cross * cross << 8) // length2, edge, ((dot << 20) + length2 // 2) // length2

    def node_at(self, position: Position) -> int | None:
        """The node a position is at."""
        ends = {0: self.start, WHOLE: self.end}.get(position.along)
        return None if ends is None else ends[position.edge]

    def ways(self, position: Position, profile: int) -> list[tuple[int, int, int]]:
        """The directions in which a segment is driven: the quickest edge of each, its time, how far along a position is."""
        ends = (self.start[position.edge], self.end[position.edge])
        found = []
        for pair, along in ((ends, position.along), ((ends[1], ends[0]), WHOLE - position.along)):
            times = [(self.ms[profile][edge], edge) for edge in self.between.get(pair, ())]
            if times and min(times)[0] != CLOSED:
                ms, edge = min(times)
                found.append((edge, ms, along))
        return found

    def time_ms(self, profile: int, start: Position, goal: Position, within: int) -> int | None:
        """How long the way takes; None where there is none, or above `within` perhaps."""
        key = (goal, profile)
        if key not in self._goals:
            self._goals[key] = Goal(self, goal, profile)
            if len(self._goals) > GOALS_MAX:
                self._goals.popitem(last=False)
        self._goals.move_to_end(key)
        return self._goals[key].time_ms(start, within)


class Goal:
    """Where somebody is wanted, and the search backwards from there, as far as it has come."""

    def __init__(self, roads: Roads, goal: Position, profile: int) -> None:
        """Every edge that arrives counts; on an edge its two directions do."""
        self._roads, self._goal, self._profile = roads, goal, profile
        # Bans read backwards, as the search drives.
        self._whole = {tuple(reversed(edges)) for edges, holds in roads.bans if holds >> profile & 1}
        self._begun = {edges[:count] for edges in self._whole for count in range(1, len(edges))}
        self._best: dict[tuple[int, Behind], int] = {}
        self._waiting: list[tuple[int, int, Behind]] = []
        # From being at a node; from before an edge that will be driven.
        self._nodes: dict[int, int] = {}
        self._edges: dict[int, int] = {}
        node = roads.node_at(goal)
        if node is not None:
            self._offer(0, node, ())
        else:
            for edge, ms, along in roads.ways(goal, profile):
                self._offer(part(ms, along), roads.start[edge], self._kept((edge,)))

    def _kept(self, behind: Behind) -> Behind:
        """Of what was driven the longest piece with which a ban begins; latest last."""
        tails = (behind[at:] for at in range(len(behind)))
        return next((tail for tail in tails if tail in self._begun), ()) if self._begun else ()

    def _offer(self, cost: int, node: int, behind: Behind) -> None:
        if cost < self._best.get((node, behind), 1 << 62):
            self._best[node, behind] = cost
            heapq.heappush(self._waiting, (cost, node, behind))

    def _search(self, limit: int) -> None:
        """Settles all that costs no more than this."""
        roads, times = self._roads, self._roads.through[self._profile]
        while self._waiting and self._waiting[0][0] <= limit:
            cost, node, behind = heapq.heappop(self._waiting)
            if self._best[node, behind] < cost:
                continue
            self._nodes.setdefault(node, cost)
            for edge in roads.arriving[node]:
                driven = (*behind, edge)
                if self._whole and any(driven[at:] in self._whole for at in range(len(driven))):
                    continue
                self._edges.setdefault(edge, cost)
                if times[edge] != CLOSED:
                    self._offer(cost + times[edge], roads.start[edge], self._kept(driven))

    def time_ms(self, start: Position, within: int) -> int | None:
        """The least over the ways off the start, and along the segment that both are on; the search goes on in strides."""
        limit = STRIDE_MS
        while True:
            self._search(min(limit, within))
            found = self._found(start)
            if found is not None and found <= limit or limit >= within or not self._waiting:
                return found
            limit *= 2

    def _found(self, start: Position) -> int | None:
        """The least way that is known so far."""
        node = self._roads.node_at(start)
        if node is not None:
            found = [self._nodes.get(node)]
        else:
            ways = self._roads.ways(start, self._profile)
            behind = [(self._edges.get(edge), ms - part(ms, along)) for edge, ms, along in ways]
            found = [None if more is None else more + rest for more, rest in behind]
        return min((ms for ms in [*found, self._along(start)] if ms is not None), default=None)

    def _along(self, start: Position) -> int | None:
        """The way along the own segment, where both are between its ends."""
        roads, goal = self._roads, self._goal
        if roads.node_at(goal) is not None:
            return None
        ends = {node: (roads.start[it.edge], roads.end[it.edge]) for node, it in (("from", start), ("to", goal))}
        if set(ends["from"]) != set(ends["to"]):
            return None
        way = start.along if ends["from"] == ends["to"] else WHOLE - start.along
        found = []
        for edge, ms, along in roads.ways(goal, self._profile):
            begun = way if (roads.start[edge], roads.end[edge]) == ends["to"] else WHOLE - way
            if begun <= along:
                found.append(part(ms, along) - part(ms, begun))
        return min(found, default=None)


def _middle(degrees: tuple[int, ...]) -> int:
    """The middle of the least and the most, towards zero."""
    total = min(degrees) + max(degrees)
    return total // 2 if total >= 0 else -(-total // 2)


def _sections(data: bytes) -> dict[str, tuple[int, ...]]:
    """The numbers of each section of a `.roads` file."""
    magic, version, count, length, _ = HEAD.unpack_from(data)
    if (magic, version, length) != (b"LDROADS\0", 1, len(data)):
        raise ValueError("this is no prepared map of version 1")
    found = {}
    for number in range(count):
        name, at, size, _, width = ENTRY.unpack_from(data, HEAD.size + number * ENTRY.size)
        text = name.rstrip(b"\0").decode("ascii")
        code = {1: "B", 4: "i" if text.endswith("tude") else "I", 8: "q"}[width]
        found[text] = struct.unpack_from(f"<{size // width}{code}", data, at)
    return found
