"""A network as the oracle holds it: names, points, edges with whole milliseconds, banned sequences; and its strong part."""

import dataclasses
import decimal
import math

import numpy
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

NORMAL, SIREN = 0, 1
# Decimetres per 1e-7 degree of a great circle of 6 371 009 m, times 2^32: the plane of docs/decision.md.
SCALE = 477_579_248
TURN = 3_600_000_000


@dataclasses.dataclass(frozen=True)
class Edge:
    """One straight segment in one direction; `normal` is None where only the siren may drive."""

    start: int
    end: int
    mm: int
    normal: int | None
    siren: int

    def ms(self, profile: int) -> int | None:
        """Its time for a profile."""
        return self.siren if profile == SIREN else self.normal


@dataclasses.dataclass(frozen=True)
class Ban:
    """Edges, by their places, that may not be driven in a row; and for which profiles."""

    edges: tuple[int, ...]
    holds: tuple[bool, bool]


@dataclasses.dataclass
class Network:
    """All of it; points in 1e-7 degrees."""

    points: dict[int, tuple[int, int]]
    edges: list[Edge]
    bans: list[Ban]
    notes: dict[str, int] = dataclasses.field(default_factory=dict)


def half_up(value: decimal.Decimal) -> int:
    """The nearest whole number, halves away from zero."""
    return int(value.quantize(decimal.Decimal(1), rounding=decimal.ROUND_HALF_UP))


def cosine(lat_e7: int) -> int:
    """The cosine of a latitude times 2^30, as docs/roads.md has it."""
    lat = max(-800_000_000, min(800_000_000, lat_e7))
    one = 1 << 60
    angle = (lat * 2_160_612_962_779_783_726) >> 30
    square = (angle * angle) >> 60
    total = term = one
    for n in range(1, 11):
        product = (term * square) >> 60
        term = -(product // ((2 * n - 1) * 2 * n)) if product >= 0 else (-product) // ((2 * n - 1) * 2 * n)
        total += term
    return total >> 30


def length_mm(a: tuple[int, int], b: tuple[int, int]) -> int:
    """The length of a segment in millimetres, by the formula of docs/roads.md."""
    middle = (a[0] + b[0]) // 2
    x_scale = (SCALE * cosine(middle)) >> 30
    turned = abs(b[1] - a[1])
    east = min(turned, abs(TURN - turned)) * x_scale * 100 >> 16
    north = abs(b[0] - a[0]) * SCALE * 100 >> 16
    return (math.isqrt(east * east + north * north) + (1 << 15)) >> 16


def turns_at_nodes(network: Network, profile: int) -> set[tuple[int, int]]:
    """The banned turns that need no way between."""
    return {ban.edges for ban in network.bans if len(ban.edges) == 2 and ban.holds[profile]}  # type: ignore[misc]


def leaving(edges: list[Edge]) -> dict[int, list[int]]:
    """The edges that begin at each node."""
    found: dict[int, list[int]] = {}
    for number, edge in enumerate(edges):
        found.setdefault(edge.start, []).append(number)
    return found


def strong_part(network: Network) -> Network:
    """The largest part whose edges can all be driven one after another with sirens, bans at nodes minded."""
    banned = turns_at_nodes(network, SIREN)
    begin = leaving(network.edges)
    rows, columns = [], []
    for number, edge in enumerate(network.edges):
        for follower in begin.get(edge.end, ()):
            if (number, follower) not in banned:
                rows.append(number)
                columns.append(follower)
    count = len(network.edges)
    follows = coo_array((numpy.ones(len(rows), dtype=numpy.int8), (rows, columns)), shape=(count, count))
    _, part = connected_components(follows.tocsr(), directed=True, connection="strong")
    largest = numpy.bincount(part).argmax()
    kept = {old: new for new, old in enumerate(numpy.flatnonzero(part == largest).tolist())}
    edges = [network.edges[old] for old in kept]
    nodes = {edge.start for edge in edges} | {edge.end for edge in edges}
    bans = [
        Ban(tuple(kept[edge] for edge in ban.edges), ban.holds)
        for ban in network.bans
        if all(edge in kept for edge in ban.edges)
    ]
    points = {name: network.points[name] for name in nodes}
    return Network(points, edges, bans, network.notes)
