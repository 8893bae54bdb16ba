"""Somebody else on a connection of their own, who must notice nothing while the centre is under attack."""

import asyncio
import contextlib
import itertools
from typing import AsyncIterator

from calls import call, spread
from json_client import connected
from running_centre import RunningCentre

# A decision takes milliseconds; whoever waits longer than this was made to wait by somebody else.
PATIENCE_SECONDS = 5
_NUMBERS = itertools.count()


class Bystander:
    """How many decisions they got."""

    def __init__(self) -> None:
        self.decided = 0

    async def call(self, centre: RunningCentre, stop: asyncio.Event) -> None:
        """One call after the other, each decided in time, until told to stop."""
        async with connected(centre.quic_port) as connection:
            talk = connection.open()
            while not stop.is_set():
                number = next(_NUMBERS)
                body = call(f"bystander-{number}", **spread(number))
                answer = await talk.answer(seconds=PATIENCE_SECONDS, call=body)
                assert "decision" in answer, answer
                self.decided += 1
                await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def beside(centre: RunningCentre) -> AsyncIterator[Bystander]:
    """A bystander for as long as the block lasts; at its end they and the centre are unharmed."""
    bystander, stop = Bystander(), asyncio.Event()
    task = asyncio.create_task(bystander.call(centre, stop))
    while not bystander.decided and not task.done():
        await asyncio.sleep(0.01)
    yield bystander
    before = bystander.decided
    while bystander.decided < before + 3 and not task.done():
        await asyncio.sleep(0.01)
    stop.set()
    await task
    assert bystander.decided >= before + 3
    centre.assert_unharmed()
