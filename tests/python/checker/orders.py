"""The table of an order's life, written down a second time.

It must be changed by hand together with the engine's: that is the point of it.
"""

OPEN = ("issued", "acknowledged", "set_off", "arrived")
ENDED = ("finished", "declined", "cancelled", "reassigned", "preempted")
STEPS = ("acknowledged", "set_off", "arrived")

# What may follow what. A desk never travels: it has no `set_off` and no `arrived`.
FOLLOWS: dict[str, tuple[str, ...]] = {
    "issued": ("acknowledged", "set_off", "arrived", *ENDED),
    "acknowledged": ("set_off", "arrived", *ENDED),
    "set_off": ("arrived", "finished", "cancelled", "reassigned", "preempted"),
    "arrived": ("finished", "cancelled", "reassigned"),
    "finished": (),
    "declined": (),
    "cancelled": (),
    "reassigned": (),
    "preempted": (),
}
_PROGRESS = {"issued": 0, "acknowledged": 1, "set_off": 2, "arrived": 3, "finished": 4}


def is_open(state: str) -> bool:
    """Whether the order binds its unit."""
    return state in OPEN


def may_follow(before: str, after: str, travels: bool) -> bool:
    """Whether the table has this transition."""
    if not travels and after in ("set_off", "arrived", "preempted"):
        return False
    return after in FOLLOWS.get(before, ())


def missing_steps(before: str, after: str, travels: bool) -> list[str]:
    """The reports that were owed between two states (X3); a desk owes no report of travel."""
    to = _PROGRESS.get(after, 0)
    owed = STEPS if travels else STEPS[:1]
    return [step for step in owed if _PROGRESS[before] < _PROGRESS[step] < to]
