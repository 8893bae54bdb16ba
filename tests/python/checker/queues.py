"""The needs that wait for a unit, by capability, service calls apart from all others (C4), each queue in its order.

A rank is (priority, deadline, number of the incident, index of the need, id of the incident); the least comes first.
"""

from bisect import bisect_left, insort

Rank = tuple[int, int, int, int, str]
SERVICE = 4


class Queues:
    """Sorted lists of ranks; a need stands in one of them at most."""

    def __init__(self) -> None:
        self._lists: dict[tuple[str, bool], list[Rank]] = {}
        self._ranks: dict[tuple[str, int], tuple[str, Rank]] = {}

    def __contains__(self, waiting: tuple[str, int]) -> bool:
        return waiting in self._ranks

    def __bool__(self) -> bool:
        return bool(self._ranks)

    def put(self, capability: str, rank: Rank) -> None:
        """Lets a need wait, in the place of where it waited before."""
        self.remove((rank[4], rank[3]))
        self._ranks[rank[4], rank[3]] = (capability, rank)
        insort(self._lists.setdefault((capability, rank[0] == SERVICE), []), rank)

    def remove(self, waiting: tuple[str, int]) -> None:
        """Takes a need out, if it waits."""
        found = self._ranks.pop(waiting, None)
        if found is not None:
            capability, rank = found
            queue = self._lists[capability, rank[0] == SERVICE]
            del queue[bisect_left(queue, rank)]

    def first(self, capability: str, service: bool, count: int) -> list[Rank]:
        """The first so many of a queue."""
        return self._lists.get((capability, service), [])[:count]
