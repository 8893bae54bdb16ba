"""People at a centre over HTTP: random acts from a seed, between calls and the reports of crews.

They look at the lists as the page does, then merge, split, judge, escalate, assign, report here and upward, close, and change hospitals and the
plan. What the centre refuses is part of the game; what it cannot read or answer is a failure. Each act has a key of its
own, and what was answered is kept, so that a test can hold it against the journal.
"""

import json
import random
from collections import Counter
from typing import Any, Callable, NamedTuple

from calls import FAR_AWAY, call
from http_client import Answer, ask
from running_centre import REPOSITORY, RunningCentre

KINDS = [
    "crash_injury", "crash_damage", "chest_pain", "structure_fire", "industrial_fire", "mass_casualty", "fight", "noise",
    "conduct_complaint", "gas_leak",
]  # fmt: skip
CAPABILITIES = ["ambulance", "patrol", "fire_engine", "traffic_patrol", "boat", "desk_government"]
REFUSED = (403, 404, 409, 422)
UPWARD = ["time", "place", "event", "casualties", "extent", "cause", "measures", "trend", "requests", "reporter"]
_PLAN = (REPOSITORY / "engine/src/plan/default.toml").read_text(encoding="utf-8")
# Plans that differ in needs, clocks and the ladder.
PLANS = [
    _PLAN,
    _PLAN.replace('needs = [{ capability = "patrol", count = 1 }]', 'needs = [{ capability = "patrol", count = 2 }]')
    .replace("seconds = 1200", "seconds = 1100")
    .replace("rung_s = 30", "rung_s = 20")
    .replace('name = "default"', 'name = "stricter"'),
    _PLAN.replace('"fire_engine", count = 3', '"fire_engine", count = 1').replace('name = "default"', 'name = "sparing"'),
    _PLAN.replace('name = "default"', 'name = "by tiers"')
    + """
[[local]]
name = "the town"
tier = "township"
districts = ["安和街道", "南门街道", "福星街道"]
[local.kind.fight]
needs = [{ capability = "patrol", count = 3 }]
[local.kind.structure_fire]
needs = [{ capability = "fire_engine", count = 1 }, { capability = "township_team", count = 1 }]
[[local]]
name = "the square"
tier = "village"
lat = 28.85
lon = 120.73
datum = "wgs84"
radius_m = 900
[local.kind.fight]
needs = [{ capability = "patrol", count = 1 }, { capability = "township_team", count = 1 }]
[[local]]
name = "half the day"
tier = "county"
from = "00:00"
to = "12:00"
[local.kind.crash_injury]
needs = [{ capability = "ambulance", count = 2 }]
""",
]


class Asked(NamedTuple):
    """One act, as it was sent."""

    key: str
    method: str
    path: str
    body: bytes


class People:
    """Everybody at the centre, as one stream of acts."""

    def __init__(self, centre: RunningCentre, seed: int) -> None:
        self._centre = centre
        self._seed = seed
        self._chance = random.Random(seed)
        self._number = 0
        # Acts with what they were answered, in their order.
        self.answered: list[tuple[Asked, Answer]] = []
        # The act that was on its way when the centre was gone.
        self.open: Asked | None = None
        self.done: Counter[str] = Counter()
        self._incidents: list[dict[str, Any]] = []
        self._units: list[dict[str, Any]] = []
        self._orders: list[dict[str, Any]] = []
        self._closed: list[dict[str, Any]] = []
        self._acts: list[tuple[int, Callable[[], None]]] = [
            (30, self.call), (22, self.report), (10, self.merge), (7, self.split), (6, self.judge_kind),
            (4, self.judge_place), (6, self.escalate), (9, self.assign), (2, self.close), (2, self.hospital),
            (1, self.plan), (2, self.duty), (5, self.level), (4, self.situation), (5, self.upward), (4, self.conclude), (6, self.revive),
        ]  # fmt: skip

    def act(self) -> None:
        """One act, by chance."""
        if self._number % 4 == 0:
            self.look()
        weights = [weight for weight, _ in self._acts]
        self._chance.choices([act for _, act in self._acts], weights)[0]()

    def look(self) -> None:
        """Reads the lists anew."""
        self._incidents = self._list("/v1/incidents?limit=1000")
        self._units = self._list("/v1/units?limit=1000")
        self._orders = self._list("/v1/orders?limit=1000")
        self._closed = self._list("/v1/incidents?state=closed&limit=1000")

    def call(self) -> None:
        """Somebody calls, from one of a few places, so that some calls join; sometimes from nowhere, outside or in a drill."""
        place: dict[str, Any] = self._place()
        awkward = self._chance.random()
        if awkward < 0.06:
            place = {"lat": None, "lon": None, "datum": None, "accuracy_m": None}
        elif awkward < 0.10:
            place = dict(FAR_AWAY)
        elif awkward < 0.13:
            place["drill"] = True
        kind = self._chance.choice(KINDS)
        words = None if self._chance.random() < 0.1 else "有人报警"
        body = call(f"people-{self._seed}-{self._number}", words, kind=kind if words else None, **place)
        self._say("call", "POST", "/v1/calls", body)

    def report(self) -> None:
        """A crew reports on its order."""
        if self._orders:
            order = self._chance.choice(self._orders)
            act = self._chance.choice(["acknowledge", "acknowledge", "set-off", "arrive", "arrive", "finish", "decline"])
            self._say("report", "POST", f"/v1/orders/{order['id']}/{act}", {})

    def merge(self) -> None:
        """Two incidents are one; now and then they are not even open. Every other time both are major, if there are such."""
        major = [incident for incident in self._incidents if incident["level"]]
        among = major if len(major) > 1 and self.done["merge"] % 2 else self._incidents
        if len(among) > 1:
            gone, kept = self._chance.sample(among, 2)
            self._say("merge", "POST", f"/v1/incidents/{gone['id']}/merge", {"into": kept["id"]})

    def revive(self) -> None:
        """What was closed is handled again, what was merged parts; now and then it is the wrong one of the two."""
        merged = [incident for incident in self._closed if incident["merged_into"]]
        among = merged if merged and self._chance.random() < 0.5 else self._closed
        if among:
            incident = self._chance.choice(among)
            parts = bool(incident["merged_into"]) != (self._chance.random() < 0.1)
            name = "unmerge" if parts else "reopen"
            self._say(name, "POST", f"/v1/incidents/{incident['id']}/{name}", {})

    def split(self) -> None:
        """A call is about something else."""
        several = [incident for incident in self._incidents if len(incident["calls"]) > 1]
        if several:
            incident = self._chance.choice(several)
            said = {"call": self._chance.choice(incident["calls"]), "kind": self._chance.choice(KINDS)}
            self._say("split", "POST", f"/v1/incidents/{incident['id']}/split", said)

    def judge_kind(self) -> None:
        """A person says what a call is about."""
        self._judge({"kind": self._chance.choice(KINDS)})

    def judge_place(self) -> None:
        """A person says where, and sometimes what."""
        kind = {"kind": self._chance.choice(KINDS)} if self._chance.random() < 0.5 else {}
        self._judge({**self._place(), **kind})

    def _judge(self, verdict: dict[str, Any]) -> None:
        told = [incident for incident in self._incidents if incident["calls"]]
        if told:
            identity = self._chance.choice(self._chance.choice(told)["calls"])
            self._say("judge", "POST", f"/v1/calls/{identity}/classify", verdict)

    def escalate(self) -> None:
        """An incident is more urgent; sometimes it is that already."""
        if self._incidents:
            incident = self._chance.choice(self._incidents)
            said = {"priority": self._chance.choice([1, 2, 3])}
            self._say("escalate", "POST", f"/v1/incidents/{incident['id']}/escalate", said)

    def assign(self) -> None:
        """A person sends a unit, mostly one that is free."""
        if self._incidents and self._units:
            free = [unit for unit in self._units if unit["available"]] or self._units
            unit = self._chance.choice(free if self._chance.random() < 0.9 else self._units)
            incident = self._chance.choice(self._incidents)
            asked = {"capability": self._chance.choice(CAPABILITIES)} if self._chance.random() < 0.3 else {}
            self._say("assign", "POST", f"/v1/incidents/{incident['id']}/assign", {"unit": unit["name"], **asked})

    def close(self) -> None:
        """A person closes an incident."""
        if self._incidents:
            self._say("close", "POST", f"/v1/incidents/{self._chance.choice(self._incidents)['id']}/close", {})

    def level(self) -> None:
        """An incident is graver than was held; sometimes it is that already."""
        if self._incidents:
            incident = self._chance.choice(self._incidents)
            said = {"level": self._chance.choice(["IV", "III", "II", "I"])}
            self._say("level", "POST", f"/v1/incidents/{incident['id']}/escalate", said)

    def situation(self) -> None:
        """Somebody says how an incident stands, mostly one that owes it."""
        if self._incidents:
            path = f"/v1/incidents/{self._one_that_is_major()['id']}/report"
            self._say("situation", "POST", path, {"text": "现场仍在处置"})

    def upward(self) -> None:
        """Somebody has told upward; half of them leave something out."""
        if self._incidents:
            fields = {name: "已报" for name in UPWARD if self._chance.random() < self._chance.choice([0.7, 1.0])}
            said = {"stage": self._chance.choice(["first", "written"]), "to": "市应急局", **fields}
            self._say("upward", "POST", f"/v1/incidents/{self._one_that_is_major()['id']}/upward", said)

    def conclude(self) -> None:
        """A person closes an incident and names who sees to what is left."""
        waiting = [incident for incident in self._incidents if incident["close_awaited"]] or self._incidents
        if waiting and self._units:
            named = {"owner": "王芳", "unit": self._chance.choice(self._units)["name"], "what": "回访伤者"}
            path = f"/v1/incidents/{self._chance.choice(waiting)['id']}/close"
            self._say("conclude", "POST", path, {"follow_up": named})

    def _one_that_is_major(self) -> dict[str, Any]:
        major = [incident for incident in self._incidents if incident["level"] in ("II", "I")]
        return self._chance.choice(major if major and self._chance.random() < 0.8 else self._incidents)

    def hospital(self) -> None:
        """A hospital is full, or has room again; now and then there is a new one."""
        if self._chance.random() < 0.3:
            new = {"lat": 28.85, "lon": 120.73, "datum": "wgs84", "capabilities": ["emergency"], "beds": 5}
            return self._say("hospital", "PUT", f"/v1/hospitals/field-{self._chance.randrange(3)}", new)
        self._say("hospital", "PUT", "/v1/hospitals/1", {"open": self._chance.random() < 0.5})

    def plan(self) -> None:
        """Another plan comes into force."""
        self.change_plan(self._chance.choice(PLANS))

    def change_plan(self, plan: str) -> None:
        """This plan comes into force."""
        self._send("plan", "PUT", "/v1/plans", plan.encode(), Content_Type="text/plain")

    def duty(self) -> None:
        """A unit goes off duty, or is back."""
        if self._units:
            duty = self._chance.choice(["off", "on_call", "on_call"])
            name = self._chance.choice(self._units)["id"]
            self._say("duty", "POST", f"/v1/units/{name}/duty", {"duty": duty})

    def repeat(self, asked: Asked) -> Answer:
        """The same act again, under its key."""
        return ask(self._centre, asked.method, asked.path, asked.body, Idempotency_Key=asked.key)

    def _place(self) -> dict[str, Any]:
        step = self._chance.randrange(12)
        return {"lat": 28.82 + step * 0.005, "lon": 120.70 + step * 0.004, "datum": "wgs84"}

    def _list(self, path: str) -> list[dict[str, Any]]:
        answer = ask(self._centre, "GET", path)
        assert answer.status == 200, (path, answer.status, answer.body)
        return answer.json()["items"]

    def _say(self, name: str, method: str, path: str, said: dict[str, Any]) -> None:
        self._send(name, method, path, json.dumps(said, ensure_ascii=False).encode())

    def _send(self, name: str, method: str, path: str, body: bytes, **headers: str) -> None:
        self._number += 1
        asked = self.open = Asked(f"people-{self._seed}-{self._number}", method, path, body)
        answer = ask(self._centre, method, path, body, Idempotency_Key=asked.key, **headers)
        assert answer.status == 200 or answer.status in REFUSED, (asked, answer.status, answer.body)
        self.open = None
        self.answered.append((asked, answer))
        self.done[f"{name} refused" if answer.status != 200 else name] += 1
