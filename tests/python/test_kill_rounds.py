"""Twenty rounds of `kill -9` with a hundred requests in flight; `kill_rounds.py` is the program, and plays as many as it is told.

The seed is printed first; LIANDONG_SEED plays a given one again.
"""

import os
import pathlib
import random

from kill_rounds import IN_FLIGHT_LEAST, play

ROUNDS = 20


def test_kills_round_after_round_lose_nothing(tmp_path: pathlib.Path) -> None:
    given = os.environ.get("LIANDONG_SEED")
    rows = play(tmp_path, ROUNDS, IN_FLIGHT_LEAST, int(given) if given else random.SystemRandom().randrange(1 << 32))
    assert len(rows) == ROUNDS and min(row.in_flight for row in rows) >= IN_FLIGHT_LEAST
    # A client that never hears anything would show nothing.
    assert sum(row.acknowledged for row in rows) > 20 * ROUNDS
    assert sum(row.delivered_again for row in rows) > ROUNDS
