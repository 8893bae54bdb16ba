"""Extracts made up from a seed: a town of random roads, tags, barriers and restrictions, as the bytes of a `.osm.pbf`.

The tags are those that the rules of docs/roads.md speak of, with values good, odd and wrong, so that two readers that
differ in any rule differ on one of these maps.
"""

import random
import struct
import zlib

Tags = dict[str, str]

ACCESS = ["yes", "no", "private", "permissive", "destination", "emergency", "psv", "bus", "delivery", "designated", "odd", "customers"]
ONEWAY = ["yes", "no", "-1", "reverse", "1", "true", "reversible", "alternating", "odd"]
SPEEDS = [
    "50", "30 mph", "12.5", "none", "walk", "CN:urban", "DE:zone:30", "DE:zone30", "zone:20", "XX:rural", "50;70", "80|60", "odd",
    "0", "301", "signals", "variable", "10 knots", "DE:30", "70 km/h", "XX:odd", "-5", "33.3335", "5,6", "20kmh", "CN:motorway",
]  # fmt: skip
HIGHWAYS = [
    "motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link", "secondary", "secondary_link", "tertiary",
    "tertiary_link", "unclassified", "residential", "living_street", "service", "track", "road", "busway", "pedestrian",
    "footway", "cycleway", "path", "steps", "construction",
]  # fmt: skip
TURNS = [
    "no_left_turn", "no_right_turn", "no_straight_on", "no_u_turn", "no_entry", "no_exit", "only_left_turn", "only_right_turn",
    "only_straight_on", "only_u_turn", "odd", "none",
]  # fmt: skip
WAY_TAGS = {
    **dict.fromkeys(["access", "vehicle", "motor_vehicle", "motorcar", "emergency", "psv", "bus"], ACCESS),
    **dict.fromkeys(["motor_vehicle:forward", "vehicle:backward", "access:backward", "emergency:forward"], ACCESS),
    **dict.fromkeys(["oneway", "oneway:motor_vehicle", "oneway:emergency", "oneway:psv", "oneway:bus"], ONEWAY),
    **dict.fromkeys(["maxspeed", "maxspeed:forward", "maxspeed:backward", "maxspeed:type", "source:maxspeed"], SPEEDS),
    "junction": ["roundabout", "circular", "odd"],
    "busway:left": ["opposite_lane", "lane"],
    "lanes:psv:backward": ["0", "1", "odd"],
    "lanes:bus:forward": ["1", "2"],
    "service": ["emergency_access", "alley"],
    "area": ["yes", "no"],
    "smoothness": ["impassable", "bad"],
    "ferry": ["yes", "no"],
    "access:conditional": ["no @ (22:00-06:00)"],
}
BARRIERS = ["gate", "lift_gate", "bollard", "block", "cycle_barrier", "kerb", "toll_booth", "moat", "bus_trap", "chain"]


def varint(value: int) -> bytes:
    """A number."""
    out = bytearray()
    value &= (1 << 64) - 1
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def zigzag(value: int) -> int:
    """A number that may be negative."""
    return value << 1 if value >= 0 else (-value << 1) - 1


def field(number: int, value: int | bytes) -> bytes:
    """A field of a message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def packed(number: int, values: list[int]) -> bytes:
    """A repeated number."""
    return field(number, b"".join(map(varint, values)))


def deltas(values: list[int]) -> list[int]:
    """Differences, zigzag."""
    return [zigzag(value - before) for before, value in zip([0, *values], values)]


class Extract:
    """A map in the making."""

    def __init__(self) -> None:
        """Nothing yet; the first string is empty, as the format wants."""
        self.strings = {"": 0}
        self.nodes: list[tuple[int, int, int, Tags]] = []
        self.others = b""

    def string(self, text: str) -> int:
        """The number of a string."""
        return self.strings.setdefault(text, len(self.strings))

    def tags(self, tags: Tags) -> bytes:
        """Keys and values."""
        return packed(2, [self.string(key) for key in tags]) + packed(3, [self.string(value) for value in tags.values()])

    def way(self, number: int, nodes: list[int], tags: Tags) -> None:
        """A way over nodes."""
        self.others += field(3, field(1, number) + self.tags(tags) + packed(8, deltas(nodes)))

    def relation(self, number: int, members: list[tuple[str, int, int]], tags: Tags) -> None:
        """A relation; members are (role, 0 for a node and 1 for a way, id)."""
        roles, kinds, ids = ([member[at] for member in members] for at in range(3))
        lists = packed(8, [self.string(role) for role in roles]) + packed(9, deltas(ids)) + packed(10, kinds)  # type: ignore[arg-type]
        self.others += field(4, field(1, number) + self.tags(tags) + lists)

    def file(self) -> bytes:
        """All of it: nodes in columns, packed with zlib."""
        ids, lats, lons = ([node[at] for node in self.nodes] for at in range(3))
        pairs = []
        for node in self.nodes:
            for key, value in node[3].items():
                pairs += [self.string(key), self.string(value)]
            pairs.append(0)
        columns = zip((1, 8, 9), (ids, lats, lons))
        dense = b"".join(packed(number, deltas(column)) for number, column in columns) + packed(10, pairs)  # type: ignore[arg-type]
        table = b"".join(field(1, text.encode()) for text in self.strings)
        data = field(1, table) + field(2, field(2, dense)) + field(2, self.others)
        header = field(4, b"OsmSchema-V0.6") + field(4, b"DenseNodes")
        return blob(b"OSMHeader", header) + blob(b"OSMData", data)


def blob(kind: bytes, data: bytes) -> bytes:
    """A blob with its header."""
    content = field(2, len(data)) + field(3, zlib.compress(data))
    header = field(1, kind) + field(3, len(content))
    return struct.pack(">I", len(header)) + header + content


def some(draw: random.Random, choices: dict[str, list[str]], most: int) -> Tags:
    """A few tags."""
    return {key: draw.choice(choices[key]) for key in draw.sample(sorted(choices), draw.randint(0, most))}


def town(seed: int, side: int = 9) -> bytes:
    """A grid of streets that can all be driven, and as many roads over and beside it that say all sorts of things."""
    draw = random.Random(f"town {seed}")
    extract = Extract()
    ways: list[tuple[int, list[int]]] = []
    count = side * side
    for number in range(count):
        tags = {}
        if draw.random() < 0.12:
            tags = {"barrier": draw.choice(BARRIERS), **some(draw, dict.fromkeys(["access", "motor_vehicle", "emergency", "bus"], ACCESS), 2)}
        lat, lon = (200_000_000 + at * 9_000 + draw.randint(-3_000, 3_000) for at in divmod(number, side))
        extract.nodes.append((1_000 + number, lat, lon, tags))
    for number in range(count):
        for other in (number + 1 if number % side + 1 < side else -1, number + side):
            if 0 <= other < count:
                tags = {"highway": draw.choice(HIGHWAYS[:16])} if draw.random() < 0.6 else {"highway": "residential"}
                if draw.random() < 0.6:
                    tags |= some(draw, WAY_TAGS, 3)
                nodes = [1_000 + number, 1_000 + other]
                if draw.random() < 0.3:
                    nodes.reverse()
                ways.append((5_000 + len(ways), nodes))
                extract.way(*ways[-1], tags)
    taken = {frozenset(nodes) for _, nodes in ways}
    for _ in range(count // 2):
        # Some of these nodes are not in the extract; some ways end where they begin.
        nodes = [1_000 + node for node in draw.sample(range(count + 3), draw.randint(2, 5))]
        if len(nodes) > 2 and draw.random() < 0.1:
            nodes.append(nodes[0])
        pairs = {frozenset(pair) for pair in zip(nodes, nodes[1:])}
        if pairs & taken or len(pairs) < len(nodes) - 1:
            continue  # no parallel edges: which of them a ban means is another matter
        taken |= pairs
        ways.append((5_000 + len(ways), nodes))
        extract.way(*ways[-1], {"highway": draw.choice(HIGHWAYS), **some(draw, WAY_TAGS, 4)})
    for number in range(count):
        extract.relation(9_000 + number, members(draw, ways), restriction(draw))
    return extract.file()


def restriction(draw: random.Random) -> Tags:
    """What a restriction says."""
    tags = {"type": "restriction"}
    keys = ["restriction"] * 6 + ["restriction:motorcar", "restriction:emergency", "restriction:hgv", "restriction:conditional"]
    for key in draw.sample(keys, draw.choice([1, 1, 1, 2])):
        tags[key] = draw.choice(TURNS)
    if draw.random() < 0.2:
        tags["except"] = draw.choice(["psv", "emergency", "hgv", "motorcar", "bus; bicycle", "odd"])
    if draw.random() < 0.05:
        tags["hour_on"] = "7"
    return tags


def members(draw: random.Random, ways: list[tuple[int, list[int]]]) -> list[tuple[str, int, int]]:
    """Ways that meet, most of the time; over a node, or over one way or two."""
    if draw.random() < 0.1:
        return [(role, kind, draw.choice(ways)[0]) for role, kind in (("from", 1), ("via", draw.randint(0, 1)), ("to", 1))]
    chain = [draw.choice(ways)]
    at = draw.choice([chain[0][1][0], chain[0][1][-1]])
    node = at
    for _ in range(draw.choice([1, 1, 1, 2, 2, 3])):
        near = [way for way in ways if at in (way[1][0], way[1][-1])]
        chain.append(draw.choice(near))
        at = chain[-1][1][-1] if chain[-1][1][0] == at else chain[-1][1][0]
    between = [("via", 0, node)] if len(chain) == 2 else [("via", 1, way[0]) for way in chain[1:-1]]
    draw.shuffle(between)
    return [("from", 1, chain[0][0]), *between, ("to", 1, chain[-1][0])]
