"""A genuine export that has everything in it: a driven centre, 300 calls, crews and people played from a fixed seed.

Crews acknowledge, set off, arrive and finish; some are late, decline or stay silent. Calls repeat keys, merge, come
without a place or from outside; a storm of fires lets needs wait; people merge, split, judge, assign and change the plan;
the evening lets shifts change.
"""

import asyncio
import datetime
import pathlib
import random
from typing import Any

from calls import FAR_AWAY, call, spread
from json_client import Conversation, connected
from people import PLANS, People
from running_centre import RunningCentre

TEXTS = [
    "路口两车追尾，有人受伤",
    "厂房着火了，火很大",
    "我爸突然胸口疼，喘不上气",
    "有人打架，动了刀子",
    "小区停水一天了",
    "隔壁半夜放音响太吵了",
    "老人走丢了，找了两个小时",
    "咨询一下身份证怎么补办",
]
START = datetime.datetime.fromisoformat("2026-03-02T15:30:00+08:00")


class Crews:
    """Everybody who got an order, and what they will report and when."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._planned: list[tuple[float, str, str]] = []

    def hear(self, event: dict[str, Any], now: float) -> None:
        """Plans the reports on a new order; a few come late, skip steps, decline or never come."""
        if event.get("type") != "order_issued":
            return
        order, chance = event["order"], self._random.random()
        if chance < 0.06:
            return
        if chance < 0.14:
            return self._planned.append((now + 10, order, "decline"))
        late = 60 if chance < 0.22 else 0
        acts = ["acknowledge", "finish"] if event["travel_ms"] == 0 else ["acknowledge", "set-off", "arrive", "finish"]
        if 0.22 < chance < 0.30:
            acts = acts[::2] if acts[::2][-1] == "finish" else acts[1::2]
        after = now + late
        for act in acts:
            after += self._random.choice([8, 20, 45]) if act != "finish" else self._random.choice([300, 900])
            self._planned.append((after, order, act))

    def due(self, now: float) -> list[tuple[float, str, str]]:
        """The reports that are to be made by now, in their order."""
        due = sorted(plan for plan in self._planned if plan[0] <= now)
        self._planned = [plan for plan in self._planned if plan[0] > now]
        return due


async def play(centre: RunningCentre, calls: int = 300, seed: int = 7) -> None:
    """Plays the scenario to its end."""
    chance, crews, now = random.Random(seed), Crews(seed), 0.0
    people = People(centre, seed)
    async with connected(centre.quic_port) as connection:
        talk, radio = connection.open(), connection.open()
        await advance(talk, now)
        radio.send({"subscribe": {}})
        for number in range(calls):
            await talk.answer(call=next_call(number, chance))
            await asyncio.to_thread(people.act)
            if number % 70 == 50:
                await asyncio.to_thread(people.change_plan, PLANS[(number // 70 + 1) % len(PLANS)])
            for _ in range(3):
                await listen(talk, radio, crews, now)
                now += chance.choice([2, 5, 11])
                await advance(talk, now)
        # Out of the afternoon into the night, so that shifts change and clocks run out.
        for _ in range(60):
            await listen(talk, radio, crews, now)
            now += 240
            await advance(talk, now)


def next_call(number: int, chance: random.Random) -> dict[str, Any]:
    """The call of this number: most are new and somewhere, some are awkward."""
    text = chance.choice(TEXTS)
    if number % 25 == 7:
        return call(f"call-{number - 3}", text)
    if number % 40 == 11:
        return call(f"call-{number}", text, **FAR_AWAY)
    if number % 40 == 21:
        return call(f"call-{number}", text, lat=None, lon=None, datum=None, accuracy_m=None)
    if number % 40 == 31:
        return call(f"call-{number}", text, drill=True, **spread(number))
    if 120 <= number < 150:
        return call(f"call-{number}", None, kind="industrial_fire", **spread(number * 3))
    if number % 5 == 0:
        return call(f"call-{number}", TEXTS[0])
    return call(f"call-{number}", text, **spread(number))


async def advance(talk: Conversation, seconds: float) -> None:
    """Moves the centre's time."""
    to = (START + datetime.timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
    answer = await talk.answer(advance={"to": to})
    assert "advanced" in answer, answer


async def listen(talk: Conversation, radio: Conversation, crews: Crews, now: float) -> None:
    """Lets the crews hear what was said so far and report what is due."""
    await asyncio.sleep(0.002)
    while not radio.events.empty():
        crews.hear(radio.events.get_nowait(), now)
    for _, order, act in crews.due(now):
        await talk.answer(order={"id": order, "act": act})


def make(folder: pathlib.Path) -> tuple[list[dict[str, Any]], pathlib.Path]:
    """Records and objects of a genuine export."""
    with RunningCentre(folder, "driven") as centre:
        asyncio.run(play(centre))
        centre.assert_unharmed()
    return centre.export()
