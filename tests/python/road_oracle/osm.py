"""A network from an extract: ways to edges, restrictions and barriers to banned sequences, by docs/roads.md and the wiki."""

import dataclasses
import pathlib
from collections import Counter

from road_oracle import pbf, rules
from road_oracle.network import Ban, Edge, Network, leaving, length_mm

DAY_MS = 86_400_000
TURNS = {
    "no_left_turn", "no_right_turn", "no_straight_on", "no_u_turn", "no_entry", "no_exit",
    "only_left_turn", "only_right_turn", "only_straight_on", "only_u_turn",
}  # fmt: skip


@dataclasses.dataclass
class Road:
    """A way's nodes as far as the extract has them, and the edge between any two of them that follow one another."""

    nodes: list[int]
    steps: dict[tuple[int, int], int] = dataclasses.field(default_factory=dict)
    whole: bool = True


class Build:
    """Gathers a network."""

    def __init__(self, path: pathlib.Path, config: rules.Speeds) -> None:
        """Reads everything that can matter."""
        self.config = config
        self.nodes: dict[int, pbf.Node] = {}
        self.ways: dict[int, pbf.Way] = {}
        self.relations: list[pbf.Relation] = []
        for element in pbf.elements(path):
            if isinstance(element, pbf.Node):
                self.nodes.setdefault(element.id, element)
            elif isinstance(element, pbf.Way):
                self.ways.setdefault(element.id, element)
            elif element.tags.get("type") == "restriction":
                self.relations.append(element)
        self.edges: list[Edge] = []
        self.roads: dict[int, Road] = {}
        self.bans: list[Ban] = []
        self.notes: Counter[str] = Counter(restrictions=len(self.relations))

    def network(self) -> Network:
        """All steps."""
        for way in sorted(self.ways.values()):
            both = rules.speeds(way.tags, self.config)
            if both is not None:
                self.road(way, both)
        self.begin = leaving(self.edges)
        self.come: dict[int, list[int]] = {}
        for number, edge in enumerate(self.edges):
            self.come.setdefault(edge.end, []).append(number)
        for relation in self.relations:
            self.restrict(relation)
        for node in {edge.start for edge in self.edges}:
            self.bar(node)
        points = {name: node.point for name, node in self.nodes.items()}
        return Network(points, self.edges, self.bans, dict(self.notes))

    def road(self, way: pbf.Way, both: list[tuple[int | None, int | None]]) -> None:
        """Edges for each segment and direction that is open to somebody."""
        if not any(speed for speeds in both for speed in speeds):
            return
        road = self.roads[way.id] = Road(way.nodes)
        for a, b in zip(way.nodes, way.nodes[1:]):
            if a not in self.nodes or b not in self.nodes:
                road.whole = False
                continue
            if a == b:
                continue
            mm = length_mm(self.nodes[a].point, self.nodes[b].point)
            for (start, end), (car, siren) in zip(((a, b), (b, a)), both):
                times = [None if speed is None else (2 * mm * 3_600_000 + speed) // (2 * speed) for speed in (car, siren)]
                if times[1] is None or any(time is not None and time > DAY_MS for time in times):
                    continue
                road.steps[start, end] = len(self.edges)
                self.edges.append(Edge(start, end, mm, times[0], times[1]))

    def bar(self, node: int) -> None:
        """Nobody drives through a barrier; each side may be driven to, and back."""
        holds = rules.stops(self.nodes[node].tags, self.config["siren"]["enters_private"])
        if not any(holds):
            return
        for before in self.come.get(node, ()):
            for behind in self.begin.get(node, ()):
                if self.edges[before].start != self.edges[behind].end:
                    self.bans.append(Ban((before, behind), holds))

    def restrict(self, relation: pbf.Relation) -> None:
        """The bans of one restriction."""
        tags = relation.tags
        keys = ("restriction:motorcar", "restriction:motor_vehicle", "restriction:vehicle", "restriction")
        car = next((tags[key] for key in keys if key in tags), "")
        siren = tags.get("restriction:emergency", car)
        excepted = {who.strip() for who in tags.get("except", "").replace(",", ";").split(";")}
        if excepted & {"motorcar", "motor_vehicle", "vehicle"}:
            car = siren = ""
        if excepted & {"emergency", "psv", "bus"}:
            siren = ""
        if "day_on" in tags or "hour_on" in tags:
            return
        for value, holds in self.groups(car, siren):
            if value in TURNS:
                sequences = self.sequences(relation, value)
                self.notes["obeyed"] += bool(sequences)
                for sequence in sequences:
                    self.ban(value, sequence, holds)

    @staticmethod
    def groups(car: str, siren: str) -> list[tuple[str, tuple[bool, bool]]]:
        """Each value with whom it holds for."""
        if car == siren:
            return [(car, (True, True))]
        return [(car, (True, False)), (siren, (False, True))]

    def ban(self, value: str, sequence: tuple[int, ...], holds: tuple[bool, bool]) -> None:
        """A `no_` bans the sequence, an `only_` every way to leave it."""
        if value.startswith("no_"):
            self.bans.append(Ban(sequence, holds))
            return
        can = tuple(
            holds[profile] and all(self.edges[edge].ms(profile) is not None for edge in sequence) for profile in (0, 1)
        )
        for done in range(1, len(sequence)):
            for other in self.begin.get(self.edges[sequence[done - 1]].end, ()):
                if other != sequence[done] and any(can):
                    self.bans.append(Ban((*sequence[:done], other), can))  # type: ignore[arg-type]

    def sequences(self, relation: pbf.Relation, value: str) -> list[tuple[int, ...]]:
        """The edges that a restriction is about."""
        by_role = {
            (role, kind): [of for r, k, of in relation.members if (r, k) == (role, kind)]
            for role in ("from", "via", "to")
            for kind in ("node", "way")
        }
        starts, ends = by_role["from", "way"], by_role["to", "way"]
        nodes, ways = by_role["via", "node"], by_role["via", "way"]
        counts = {"no_entry": len(ends) == 1, "no_exit": len(starts) == 1}
        if not counts.get(value, len(starts) == len(ends) == 1) or (len(nodes) == 1) == bool(ways) or len(nodes) > 1:
            return []
        found = []
        for start in starts:
            for end in ends:
                if start not in self.roads or end not in self.roads or not set(ways) <= self.roads.keys():
                    continue
                if ways:
                    found += self.over(start, ways, end)
                elif start == end:
                    found += self.round(start, nodes[0]) if value == "no_u_turn" else []
                else:
                    before, behind = self.step(start, nodes[0], True), self.step(end, nodes[0], False)
                    found += [(before, behind)] if before is not None and behind is not None else []
        return found

    def step(self, way: int, node: int, into: bool) -> int | None:
        """The edge of a way into a node at which it ends, or out of it."""
        nodes = self.roads[way].nodes
        pairs = {tuple(sorted(pair)) for pair in zip(nodes, nodes[1:]) if node in pair and pair[0] != pair[1]}
        pairs = {pair for pair in pairs if all(end in self.nodes for end in pair)}
        if len(pairs) != 1:
            return None
        (pair,) = pairs
        other = pair[0] if pair[1] == node else pair[1]
        return self.roads[way].steps.get((other, node) if into else (node, other))

    def round(self, way: int, node: int) -> list[tuple[int, ...]]:
        """Back over the piece one came by."""
        steps = self.roads[way].steps
        return [(number, steps[node, a]) for (a, b), number in steps.items() if b == node and (node, a) in steps]

    def over(self, start: int, ways: list[int], end: int) -> list[tuple[int, ...]]:
        """From one way over others to another, whatever order they are named in."""
        for node in (self.roads[start].nodes[-1], self.roads[start].nodes[0]):
            at, left, path = node, list(ways), []
            while left:
                way = next((way for way in left if at in (self.roads[way].nodes[0], self.roads[way].nodes[-1])), None)
                if way is None or not self.roads[way].whole:
                    break
                left.remove(way)
                nodes = self.roads[way].nodes
                nodes = nodes if nodes[0] == at else nodes[::-1]
                path += [self.roads[way].steps.get(pair) for pair in zip(nodes, nodes[1:]) if pair[0] != pair[1]]
                at = nodes[-1]
            if left or at not in (self.roads[end].nodes[0], self.roads[end].nodes[-1]):
                continue
            whole = [self.step(start, node, True), *path, self.step(end, at, False)]
            if None not in whole:
                return [tuple(whole)]  # type: ignore[arg-type]
        return []


def network(path: pathlib.Path, config: rules.Speeds) -> Network:
    """The network of an extract, all of it."""
    return Build(path, config).network()
