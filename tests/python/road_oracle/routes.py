"""The quickest way between nodes, banned sequences minded, by Dijkstra over what was driven last.

A state is an edge, with as many edges before it as some ban over ways still has to be watched for. At the origin every edge
that leaves may be taken, at the goal any edge that arrives counts; bans hold in between. Turning round is allowed but where
it is banned. Of equally quick ways the shortest counts. With scipy a network of 50 000 nodes takes tens of milliseconds an
origin; `by_hand` is the same in a page of Python, and a test holds the two against each other.
"""

import heapq

import numpy
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from road_oracle.network import Network, leaving

State = tuple[int, ...]
# Milliseconds and millimetres in one float that stays exact: both sums are checked against these.
LENGTH_BITS = 28
EXACT = 2**53


class Bans:
    """The banned sequences of one profile, and what of the way behind must be remembered."""

    def __init__(self, network: Network, profile: int) -> None:
        """Prefixes of two edges and more are what must be remembered."""
        self.whole = {ban.edges for ban in network.bans if ban.holds[profile]}
        self.begun = {edges[:count] for edges in self.whole for count in range(2, len(edges))}

    def after(self, state: State, edge: int) -> State | None:
        """The state after this edge; None when it may not follow."""
        driven = (*state, edge)
        suffixes = [driven[at:] for at in range(len(driven))]
        if any(suffix in self.whole for suffix in suffixes):
            return None
        return next((suffix for suffix in suffixes if suffix in self.begun), (edge,))


class Routes:
    """A network of states, ready to be asked."""

    def __init__(self, network: Network, profile: int) -> None:
        """Only what the profile may drive."""
        self.network, self.profile = network, profile
        self.bans = Bans(network, profile)
        begin = leaving(network.edges)
        self.begin = {
            node: [edge for edge in edges if network.edges[edge].ms(profile) is not None] for node, edges in begin.items()
        }
        self.states: list[State] = [(edge,) for edges in self.begin.values() for edge in edges]
        self.states += sorted(self.bans.begun)
        self.number = {state: at for at, state in enumerate(self.states)}
        self.ends: dict[int, list[int]] = {}
        for at, state in enumerate(self.states):
            self.ends.setdefault(network.edges[state[-1]].end, []).append(at)

    def cost(self, edge: int) -> tuple[int, int]:
        """Milliseconds and millimetres."""
        ms = self.network.edges[edge].ms(self.profile)
        assert ms is not None
        return ms, self.network.edges[edge].mm

    def followers(self, state: State) -> list[State]:
        """Where one may be next."""
        end = self.network.edges[state[-1]].end
        after = (self.bans.after(state, edge) for edge in self.begin.get(end, ()))
        return [state for state in after if state is not None]

    def table(self, origins: list[int], goals: list[int]) -> dict[tuple[int, int], tuple[int, int] | None]:
        """(milliseconds, millimetres) from each origin to each goal; None where no way leads."""
        count = len(self.states)
        rows, columns, weights = [], [], []

        def arc(row: int, state: State) -> None:
            ms, mm = self.cost(state[-1])
            rows.append(row)
            columns.append(self.number[state])
            weights.append((ms << LENGTH_BITS) + mm)

        for at, state in enumerate(self.states):
            for follower in self.followers(state):
                arc(at, follower)
        for at, origin in enumerate(origins, count):
            for edge in self.begin.get(origin, ()):
                arc(at, (edge,))
        size = count + len(origins)
        # One arc between any two states, so nothing is summed; an arc of no weight is stored and counts as one.
        graph = csr_array((numpy.array(weights, dtype=float), (rows, columns)), shape=(size, size))
        assert graph.nnz == len(weights)
        found = {}
        for at, origin in enumerate(origins, count):
            reached = dijkstra(graph, indices=at)
            for goal in goals:
                best = min((reached[state] for state in self.ends.get(goal, ())), default=numpy.inf)
                if origin == goal:
                    best = 0.0
                assert best == numpy.inf or best < EXACT
                known = int(best) if best < numpy.inf else None
                found[origin, goal] = None if known is None else (known >> LENGTH_BITS, known & ((1 << LENGTH_BITS) - 1))
        return found

    def by_hand(self, origin: int) -> dict[int, tuple[int, int]]:
        """(milliseconds, millimetres) from an origin to every node that can be reached."""
        best: dict[State, tuple[int, int]] = {}
        found = {origin: (0, 0)}
        heap = [(self.cost(edge), (edge,)) for edge in self.begin.get(origin, ())]
        heapq.heapify(heap)
        while heap:
            cost, state = heapq.heappop(heap)
            if state in best:
                continue
            best[state] = cost
            end = self.network.edges[state[-1]].end
            found.setdefault(end, cost)
            for follower in self.followers(state):
                if follower not in best:
                    more = self.cost(follower[-1])
                    heapq.heappush(heap, ((cost[0] + more[0], cost[1] + more[1]), follower))
        return found
