"""X2, X11, J6: orders reach their people over two channels at once, the ladder's people on their rungs, and nobody once somebody has
said yes; against a `liandong serve` and a receiver of our own.
"""

import asyncio
import csv
import json
import pathlib
import subprocess
import time
from typing import Any, Iterator

import pytest

from calls import call, spread
from conftest import StartCentre
from http_client import ask
from interface import Interface
from json_client import connected
from receiver import AWAY, BUSY, HANGS, YES, Receiver
from running_centre import REPOSITORY, RunningCentre, binary, liandong

# The plan of the house, with a ladder that a test can wait for.
ACKNOWLEDGE_SECONDS = 4
RUNG_SECONDS = 3
_PLAN = (REPOSITORY / "engine/src/plan/default.toml").read_text(encoding="utf-8")
SHORT_PLAN = _PLAN.replace(
    'clock = "acknowledge"\nseconds = 30\n', f'clock = "acknowledge"\nseconds = {ACKNOWLEDGE_SECONDS}\n'
).replace("rung_s = 30", f"rung_s = {RUNG_SECONDS}")
HEAD = "unit,role,name,channel,address,valid_from,valid_to,hours,tested_at\n"
PEOPLE = {"/team": "蒋伟民", "/commander": "方建国", "/deputy": "陈春燕", "/leader": "林国强"}
ROLES = {"/team": "team", "/commander": "commander", "/deputy": "deputy", "/leader": "duty_leader"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as listening:
        yield listening


@pytest.fixture(scope="module")
def made_city(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A generated county whose units are there day and night, whatever the clock on the wall says; a test puts its own contacts in."""
    folder = tmp_path_factory.mktemp("channels") / "city"
    liandong("city", "generate", str(folder), "--units", "80")
    with open(folder / "units.csv", encoding="utf-8", newline="") as file:
        head, *units = csv.reader(file)
    for unit in units:
        unit[head.index("on")] = unit[head.index("off")] = "00:00"
    with open(folder / "units.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *units])
    return folder


def rows(receiver: Receiver, whose: str = "police") -> list[str]:
    """Everybody by push, team and commander by the log too."""
    pushed = [f"{whose},{ROLES[path]},{PEOPLE[path]},push,{receiver.address(path)},,,," for path in PEOPLE]
    return pushed + [f"{whose},{ROLES[path]},{PEOPLE[path]},log,,,,," for path in ("/team", "/commander")]


def settings(city: pathlib.Path, contacts: list[str], plan: str = _PLAN, more: str = "") -> str:
    """A configuration with these contacts."""
    (city / "contacts.csv").write_text(HEAD + "\n".join(contacts) + "\n", encoding="utf-8")
    (city.parent / "plan.toml").write_text(plan, encoding="utf-8")
    return f'[city]\nfolder = "{city}"\nroads = "none"\n[plan]\nfile = "{city.parent / "plan.toml"}"\n[channels]\n{more}\n'


def fight(interface: Interface, key: str, **fields: Any) -> list[str]:
    """The orders to the police that a call brings."""
    decision = interface.call(key, text="有人打架", **fields)
    orders = [order["order"] for order in decision["orders"] if order["agency"] == "police"]
    assert orders, decision
    return orders


def state(interface: Interface, order: str) -> str:
    """Where an order stands."""
    return next(item["state"] for item in interface.pages("/v1/orders?state=all", 1000) if item["id"] == order)


def channel(interface: Interface, name: str) -> dict[str, Any]:
    """The figures of a channel."""
    return next(item for item in interface.get("/v1/stats?hash=false")["channels"] if item["channel"] == name)


def lines(centre: RunningCentre) -> list[dict[str, Any]]:
    """What the log channel wrote."""
    file = centre.data / "orders.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def until(holds: Any, seconds: float = 10) -> Any:
    """Waits for something that nobody tells of."""
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.02)
    return found


def test_team_and_commander_at_once_and_the_first_yes_stops_the_rest(
    start_centre: StartCentre, made_city: pathlib.Path, receiver: Receiver
) -> None:
    """X2: over two channels each, at once; a yes over one is an acknowledgement, and what still failed is tried no more."""
    receiver.answers["/team"] = BUSY
    centre = start_centre("wall", settings(made_city, rows(receiver)))
    interface = Interface(centre)
    (order, *_) = fight(interface, "both", lat=28.86, lon=120.74)
    commander = receiver.until(lambda: receiver.at("/commander", order=order))[0]
    receiver.until(lambda: len(receiver.at("/team", order=order)) >= 2)
    first, second = receiver.at("/team", order=order)[:2]
    assert abs(commander["at"] - first["at"]) < 1, "one after the other"
    assert (first["attempt"], second["attempt"]) == (1, 2) and first["key"] == second["key"] != commander["key"]
    assert first["headers"]["content-type"] == "application/json" and not first["again"]
    shown = next(item for item in interface.get(f"/v1/orders?unit={first['unit']}")["items"] if item["id"] == order)
    for told, role in ((first, "team"), (commander, "commander")):
        assert (told["type"], told["role"], told["rung"], told["kind"]) == ("order", role, "primary", "fight")
        assert told["incident"] == shown["incident"] and told["arrive_by"] == shown["deadlines"]["arrive"]
        assert told["capability"] == shown["capability"] and told["priority"] in (1, 2, 3, 4)
        assert (told["place"]["lat"], told["place"]["lon"], told["place"]["datum"]) == (28.86, 120.74, "wgs84")
        assert not {"caller", "text", "name"} & set(told), "nothing of who called"
    written = until(lambda: [line for line in lines(centre) if line["order"] == order])
    assert until(lambda: {line["role"] for line in lines(centre) if line["order"] == order} == {"team", "commander"}), written
    assert state(interface, order) == "issued"
    # The next try of the team's is answered with a yes.
    receiver.answers["/team"] = YES
    until(lambda: state(interface, order) == "acknowledged")
    acknowledged = len(receiver.told)
    (other, *_) = fight(interface, "other", lat=28.82, lon=120.70)
    until(lambda: state(interface, other) == "acknowledged")
    receiver.answers["/team"] = BUSY
    (third, *_) = fight(interface, "third", lat=28.88, lon=120.72)
    receiver.until(lambda: receiver.at("/team", order=third))
    interface.act("POST", f"/v1/orders/{third}/acknowledge")
    until(lambda: channel(interface, "push")["waiting"] == 0)
    tries = len(receiver.at("/team", order=third))
    time.sleep(3)
    assert len(receiver.at("/team", order=third)) == tries, "told of an order that somebody had taken"
    assert len([told for told in receiver.told[acknowledged:] if told.get("order") == order]) == 0
    push, log = channel(interface, "push"), channel(interface, "log")
    assert push["acknowledged"] >= 2 and push["failed"] >= 2 and push["cancelled"] >= 1 and push["p50_ms"] > 0, push
    assert log["told"] >= 2 and log["failed"] == 0 and log["waiting"] == 0, log
    assert not receiver.at("/deputy") and not receiver.at("/leader")
    centre.assert_unharmed()
    # Names and addresses are in no log, neither the centre's nor the channel's.
    said = centre.said() + (centre.data / "orders.jsonl").read_text(encoding="utf-8")
    assert "a contact cannot be reached" in said
    for secret in (*PEOPLE.values(), *(receiver.address(path) for path in PEOPLE)):
        assert secret not in said, secret


def test_the_ladder_climbs_to_who_stands_on_it(start_centre: StartCentre, made_city: pathlib.Path, receiver: Receiver) -> None:
    """X11: nobody says yes: the deputy is told, then the duty leader, each once; a yes of the leader's ends it."""
    receiver.answers["/leader"] = YES
    interface = Interface(start_centre("wall", settings(made_city, rows(receiver), SHORT_PLAN)))
    (order, *_) = fight(interface, "ladder")
    deputy = receiver.until(lambda: receiver.at("/deputy", order=order))[0]
    leader = receiver.until(lambda: receiver.at("/leader", order=order))[0]
    team = receiver.at("/team", order=order)
    assert len(team) == 1, "what was taken is not told again"
    assert (deputy["rung"], deputy["role"]) == ("deputy", "deputy") and (leader["rung"], leader["role"]) == ("duty_leader", "duty_leader")
    assert ACKNOWLEDGE_SECONDS - 1 < deputy["at"] - team[0]["at"] < ACKNOWLEDGE_SECONDS + 2
    assert RUNG_SECONDS - 1 < leader["at"] - deputy["at"] < RUNG_SECONDS + 2
    until(lambda: state(interface, order) == "acknowledged")
    time.sleep(RUNG_SECONDS + 1)
    assert len({told["key"] for told in receiver.told if told["order"] == order}) == 4, "nobody twice, and nobody after the yes"
    assert state(interface, order) == "acknowledged"


def test_one_that_hangs_delays_nobody(start_centre: StartCentre, made_city: pathlib.Path, receiver: Receiver) -> None:
    """The team's receiver takes every connection and never answers, another redirects: everybody else is told at once."""
    receiver.answers |= {"/team": HANGS, "/away": AWAY}
    contacts = rows(receiver) + [f"police,commander,x,push,{receiver.address('/away')},,,,"]
    centre = start_centre("wall", settings(made_city, contacts, more="push_timeout_ms = 60000"))
    interface = Interface(centre)
    orders = []
    for number in range(20):
        begun = time.monotonic()
        made = fight(interface, f"hang-{number}", **spread(number))
        assert time.monotonic() - begun < 5
        orders += made
    receiver.until(lambda: {told["order"] for told in receiver.at("/commander")} >= set(orders))
    until(lambda: {line["order"] for line in lines(centre)} >= set(orders))
    assert len(receiver.at("/team")) == 2, "two on the way to one receiver, and no more"
    assert receiver.at("/away") and not receiver.at("/elsewhere"), "a redirect was followed"
    assert channel(interface, "push")["waiting"] >= len(orders)
    # Whoever has acknowledged needs nobody on the way any more: those that hang are broken off, and others have their turn.
    for order in orders[:-2]:
        interface.act("POST", f"/v1/orders/{order}/acknowledge")
    receiver.until(lambda: {told["order"] for told in receiver.at("/team")} >= set(orders[-2:]))
    begun = time.monotonic()
    centre.stop()
    assert time.monotonic() - begun < 10, "what hangs does not hold up the end"
    assert "panicked" not in centre.said()


def test_a_restart_tells_again_what_nobody_has_acknowledged(
    start_centre: StartCentre, made_city: pathlib.Path, receiver: Receiver
) -> None:
    """Killed and started again: who has acknowledged is left alone, the rest is told again under the same key, marked."""
    centre = start_centre("wall", settings(made_city, rows(receiver)))
    interface = Interface(centre)
    (taken, *_), (silent, *_) = fight(interface, "taken", lat=28.86, lon=120.74), fight(interface, "silent", lat=28.82, lon=120.70)
    receiver.until(lambda: all(receiver.at(path, order=order) for path in ("/team", "/commander") for order in (taken, silent)))
    interface.act("POST", f"/v1/orders/{taken}/acknowledge")
    position = until(lambda: (centre.data / "channels.position").exists() and (centre.data / "channels.position").read_text())
    assert int(position) > 0
    until(lambda: int((centre.data / "channels.position").read_text()) >= interface.get("/v1/stats?hash=false")["sequence"])
    before = len(receiver.told)
    centre.kill()
    centre.start()
    again = receiver.until(lambda: [told for told in receiver.told[before:] if told["path"] == "/team"])[0]
    receiver.until(lambda: len(receiver.at("/commander", order=silent)) == 2)
    assert again["order"] == silent and again["again"] and again["attempt"] == 1
    assert again["key"] == receiver.at("/team", order=silent)[0]["key"]
    time.sleep(1)
    assert {told["order"] for told in receiver.told[before:]} == {silent}
    centre.assert_unharmed()


def test_a_device_that_listens_is_a_channel(start_centre: StartCentre, made_city: pathlib.Path, receiver: Receiver) -> None:
    """The channel `subscribe`: told while the unit's device listens, and tried until it does."""
    centre = start_centre("wall", settings(made_city, ["police,team,x,subscribe,,,,,", *rows(receiver)]))
    interface = Interface(centre)
    (order, *_) = fight(interface, "device")
    until(lambda: channel(interface, "subscribe")["failed"] >= 1)
    unit = receiver.until(lambda: receiver.at("/team", order=order))[0]["unit"]

    async def listen() -> dict[str, Any]:
        async with connected(centre.quic_port) as connection:
            talk = connection.open()
            assert "done" in await talk.answer(subscribe={"units": [unit]})
            heard = await talk.event()
            for _ in range(400):
                if channel(interface, "subscribe")["told"]:
                    break
                await asyncio.sleep(0.05)
            return heard

    heard = asyncio.run(listen())
    assert order in json.dumps(heard), heard
    assert channel(interface, "subscribe")["told"] >= 1


def test_drills_send_nobody(start_centre: StartCentre, made_city: pathlib.Path, receiver: Receiver) -> None:
    interface = Interface(start_centre("wall", settings(made_city, rows(receiver))))
    drill = interface.call("drill", text="有人打架", drill=True)
    (order, *_) = fight(interface, "real", **spread(40))
    receiver.until(lambda: receiver.at("/team", order=order))
    time.sleep(1)
    assert drill["incident"] not in {told["incident"] for told in receiver.told}


def test_contacts_are_listed_masked_and_tested(start_centre: StartCentre, made_city: pathlib.Path, receiver: Receiver) -> None:
    """J6: who is told, whether they hold now and can be reached; names and addresses for who asks for them alone."""
    receiver.answers |= {"/team": YES, "/deputy": BUSY}
    contacts = [*rows(receiver), ",duty_leader,值班长,log,,2000-01-01,2000-01-31,20:00-08:00,"]
    centre = start_centre("wall", settings(made_city, contacts))
    interface = Interface(centre)
    items = interface.get("/v1/contacts")["items"]
    assert [item["id"] for item in items] == list(range(2, 9))
    assert (items[0]["name"], items[0]["address"], items[0]["agency"], items[0]["holds"]) == ("蒋**", "http://…", "police", True)
    assert (items[-1]["holds"], items[-1]["hours"], items[-1]["unit"], items[-1]["agency"]) == (False, "20:00-08:00", None, None)
    full = interface.get("/v1/contacts?full=true&role=team&limit=1")
    assert (full["items"][0]["name"], full["items"][0]["address"]) == ("蒋伟民", receiver.address("/team"))
    assert interface.get(f"/v1/contacts?role=team&after={full['next']}")["items"][0]["channel"] == "log"
    assert interface.problem("GET", "/v1/contacts?role=boss") == (422, "bad_field", "role")
    tested = interface.act("POST", "/v1/contacts/2/test", {})
    assert tested["reached"] and tested["acknowledged"] and tested["problem"] is None
    assert receiver.at("/team")[0]["type"] == "test" and "order" not in receiver.at("/team")[0]
    refused = interface.act("POST", "/v1/contacts/4/test")
    assert not refused["reached"] and "503" in refused["problem"] and receiver.address("") not in refused["problem"]
    assert interface.act("POST", "/v1/contacts/6/test")["reached"]
    after = {item["id"]: item for item in interface.get("/v1/contacts")["items"]}
    assert after[2]["tested_at"] and after[2]["reached_at"] and after[4]["failing"] and not after[6]["tested_at"]
    for wrong, told in (("x", (422, "bad_field", "id")), ("99", (404, "not_found", "id"))):
        assert interface.problem("POST", f"/v1/contacts/{wrong}/test") == told
    assert ask(centre, "POST", "/v1/contacts/2/test", b'{"odd":1}').status == 422


def test_a_check_says_who_cannot_be_reached(made_city: pathlib.Path, tmp_path: pathlib.Path, receiver: Receiver) -> None:
    config = tmp_path / "liandong.toml"
    config.write_text(settings(made_city, rows(receiver)), encoding="utf-8")
    for command in (["check", "--config", str(config)], ["city", "check", str(made_city)]):
        said = liandong(*command).stderr
        assert "contacts.csv: role: nobody is the team of " in said and "more units; name somebody" in said, said
        assert "contacts.csv:2: tested_at: nobody has answered a test for 30 days" in said, said
        assert not any(person in said for person in PEOPLE.values()), said
    settings(made_city, ["police,team,某人,push,http://192.0.2.1/,,,,"])
    done = subprocess.run([binary("liandong"), "check", "--config", str(config)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "contacts.csv:2: address: its host is not this machine" in done.stderr, done.stderr
    assert "某人" not in done.stderr and "192.0.2.1" not in done.stderr
