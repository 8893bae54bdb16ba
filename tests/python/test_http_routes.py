"""Every route of the interface: the good way, every refusal, and that the document and the routes are one.

Each answer is held against `/openapi.json` on the way (`interface.py`). What acts do is in `test_http_acts.py`, lists in
`test_http_lists.py`, live changes in `test_http_changes.py`, events in `test_http_events.py`.
"""

import pathlib
import socket
import subprocess
import time
from typing import Any, Callable, Iterator

import pytest

from calls import call
from http_client import ask
from interface import Interface
from running_centre import RunningCentre, binary, liandong

BODY_MOST = 64 * 1024
PLAN_MOST = 1 << 20
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE")


def with_contacts(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The county that is made without a folder too, from one: with its contacts."""
    city = tmp_path_factory.mktemp("county") / "city"
    liandong("city", "generate", str(city))
    return f'[city]\nfolder = "{city}"\n'


@pytest.fixture(scope="module")
def interface(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Interface]:
    """One centre for all of it."""
    with RunningCentre(tmp_path_factory.mktemp("routes"), "wall", with_contacts(tmp_path_factory)) as centre:
        yield Interface(centre)
        centre.assert_unharmed()


@pytest.fixture(scope="module")
def scene(interface: Interface) -> dict[str, str]:
    """What refusals are about."""
    return scene_of(interface)


def scene_of(interface: Interface) -> dict[str, str]:
    """Ids of an incident with an order, of its call, of a closed incident, of one without a place, of a call that ended."""
    decision = interface.call("scene")
    closed = interface.call("scene-closed")
    interface.act("POST", f"/v1/incidents/{closed['incident']}/close")
    nowhere = interface.call("scene-nowhere", lat=None, lon=None, datum=None)
    finished = interface.call("scene-finished")["orders"][0]["order"]
    interface.act("POST", f"/v1/orders/{finished}/acknowledge")
    ended = interface.call("scene-ended")["call"]
    interface.act("POST", f"/v1/calls/{ended}/end")
    return {
        "incident": decision["incident"],
        "call": decision["call"],
        "order": decision["orders"][0]["order"],
        "unit": decision["orders"][0]["unit"],
        "closed": closed["incident"],
        "nowhere": nowhere["incident"],
        "acknowledged": finished,
        "ended": ended,
        "free": interface.free_unit("forestry"),
    }


def default_plan() -> str:
    """The plan that comes with the program."""
    return (pathlib.Path(__file__).parents[2] / "engine/src/plan/default.toml").read_text(encoding="utf-8")


# --- The good way --------------------------------------------------------------------------------------------------

Good = Callable[[Interface], Any]


def fresh_order(interface: Interface, key: str) -> str:
    """An order that nobody has reported on."""
    return interface.call(key)["orders"][0]["order"]


def reported(interface: Interface) -> str:
    """All that can be reported on orders; the last state of the first."""
    order = fresh_order(interface, "good-order")
    for word in ("acknowledge", "set-off", "arrive", "finish"):
        interface.act("POST", f"/v1/orders/{order}/{word}", {"note": "一切顺利"})
    interface.act("POST", f"/v1/orders/{fresh_order(interface, 'good-decline')}/decline")
    (shown,) = [item for item in interface.pages("/v1/orders?state=all", 100) if item["id"] == order]
    return shown["state"]


def split_off(interface: Interface) -> str:
    """The incident of a call that was split off."""
    first = interface.call("good-split")
    second = interface.call("good-split-2", text="又来说车祸，两车追尾", **place_of(interface, first["incident"]))
    assert second["merged"] and second["incident"] == first["incident"], second
    made = interface.act("POST", f"/v1/incidents/{first['incident']}/split", {"call": second["call"]})
    return interface.get(f"/v1/incidents/{made['incident']}")["calls"][0] == second["call"]


def place_of(interface: Interface, incident: str) -> dict[str, float]:
    """Where an incident is."""
    place = interface.get(f"/v1/incidents/{incident}")["place"]
    return {"lat": place["lat"], "lon": place["lon"]}


def merged_into(interface: Interface) -> bool:
    """Whether one of two incidents points to the other afterwards."""
    one, other = (interface.call(f"good-merge-{number}")["incident"] for number in range(2))
    interface.act("POST", f"/v1/incidents/{one}/merge", {"into": other})
    return interface.get(f"/v1/incidents/{one}")["merged_into"] == other


def parted(interface: Interface) -> bool:
    """Whether an incident that was merged is handled on its own again."""
    one, other = (interface.call(f"good-part-{number}")["incident"] for number in range(2))
    interface.act("POST", f"/v1/incidents/{one}/merge", {"into": other})
    done = interface.act("POST", f"/v1/incidents/{one}/unmerge")
    shown = interface.get(f"/v1/incidents/{one}")
    return done["events"][0]["from"] == other and shown["state"] == "open" and shown["merged_into"] is None


def reopened(interface: Interface) -> bool:
    """Whether an incident that was closed is handled again, and somebody sent."""
    incident = interface.call("good-reopen")["incident"]
    interface.act("POST", f"/v1/incidents/{incident}/close")
    done = interface.act("POST", f"/v1/incidents/{incident}/reopen")
    shown = interface.get(f"/v1/incidents/{incident}")
    return "order_issued" in {event["type"] for event in done["events"]} and shown["state"] == "open" and shown["closed_at"] is None


def first_event(interface: Interface) -> bool:
    """Whether the stream begins as one of events does."""
    with socket.create_connection(("127.0.0.1", interface.centre.http_port), timeout=10) as raw:
        raw.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head = raw.recv(65_536)
    return b"200 OK" in head and b"text/event-stream" in head


# A street in the middle of the embedded county's town.
CLOSED = {"lat": 28.85, "lon": 120.73, "datum": "wgs84"}

GOOD: dict[tuple[str, str], Good] = {
    ("GET", "/livez"): lambda i: i.ask("GET", "/livez").body == "alive\n",
    ("GET", "/readyz"): lambda i: i.ask("GET", "/readyz").body == "ready\n",
    ("GET", "/metrics"): lambda i: i.ask("GET", "/metrics").body.endswith("# EOF\n"),
    ("GET", "/openapi.json"): lambda i: i.get("/openapi.json")["openapi"] == "3.1.0",
    ("GET", "/v1/stats"): lambda i: i.get("/v1/stats")["hash"] and "hash" not in i.get("/v1/stats?hash=false"),
    ("GET", "/v1/events"): first_event,
    ("GET", "/v1/calls"): lambda i: i.get("/v1/calls?human=true&limit=1000")["seq"],
    ("POST", "/v1/calls"): lambda i: i.call("good-call")["orders"],
    ("POST", "/v1/calls/{id}/facts"): lambda i: i.act("POST", f"/v1/calls/{i.call('good-f')['call']}/facts", {"injured": 2})["events"],
    ("POST", "/v1/calls/{id}/end"): lambda i: i.act("POST", f"/v1/calls/{i.call('good-e')['call']}/end")["events"],
    ("POST", "/v1/calls/{id}/classify"): lambda i: i.act("POST", f"/v1/calls/{i.call('good-c')['call']}/classify", {"kind": "structure_fire"})["events"],
    ("GET", "/v1/incidents"): lambda i: i.get("/v1/incidents?state=all&limit=1000")["seq"],
    ("GET", "/v1/incidents/{id}"): lambda i: i.get(f"/v1/incidents/{i.call('good-i', text='着火了')['incident']}")["reports"][0]["text"] == "着火了",
    ("POST", "/v1/incidents/{id}/merge"): merged_into,
    ("POST", "/v1/incidents/{id}/unmerge"): parted,
    ("POST", "/v1/incidents/{id}/reopen"): reopened,
    ("POST", "/v1/incidents/{id}/split"): split_off,
    ("POST", "/v1/incidents/{id}/close"): lambda i: i.act("POST", f"/v1/incidents/{i.call('good-close')['incident']}/close")["events"],
    ("POST", "/v1/incidents/{id}/escalate"): lambda i: i.act("POST", f"/v1/incidents/{i.call('good-up', text='我钱包被偷了')['incident']}/escalate", {"priority": 1})["events"],
    ("POST", "/v1/incidents/{id}/report"): lambda i: i.act("POST", f"/v1/incidents/{i.call('good-rep')['incident']}/report", {"text": "火势已控制"})["events"],
    ("POST", "/v1/incidents/{id}/upward"): lambda i: i.act("POST", f"/v1/incidents/{i.call('good-upw')['incident']}/upward", {"stage": "first", "to": "市应急局", "time": "20:05"})["events"],
    ("POST", "/v1/incidents/{id}/assign"): lambda i: i.act("POST", f"/v1/incidents/{i.call('good-a')['incident']}/assign", {"unit": i.free_unit("traffic")})["events"],
    ("GET", "/v1/units"): lambda i: i.get("/v1/units?limit=1000")["items"],
    ("GET", "/v1/units/{id}"): lambda i: i.get("/v1/units/T-01")["id"] == i.get(f"/v1/units/{i.get('/v1/units/T-01')['id']}")["id"],
    ("PUT", "/v1/units/{id}"): lambda i: i.act("PUT", "/v1/units/T-02", {"strength": 5})["events"],
    ("POST", "/v1/units/{id}/position"): lambda i: i.act("POST", "/v1/units/T-02/position", {"lat": 28.85, "lon": 120.73, "datum": "gcj02"})["seq"],
    ("POST", "/v1/units/{id}/duty"): lambda i: i.act("POST", "/v1/units/T-03/duty", {"duty": "standby"})["events"],
    ("GET", "/v1/orders"): lambda i: i.get("/v1/orders?limit=1000")["items"],
    ("POST", "/v1/orders/{id}/{act}"): lambda i: reported(i) == "finished",
    ("GET", "/v1/explain/{id}"): lambda i: i.get(f"/v1/explain/{fresh_order(i, 'good-explain')}?lang=en")["words"],
    ("GET", "/v1/ledger"): lambda i: i.get("/v1/ledger?state=all")["seq"],
    ("GET", "/v1/contacts"): lambda i: i.get("/v1/contacts?unit=T-01&role=team")["items"][0]["name"].endswith("*"),
    ("POST", "/v1/contacts/{id}/test"): lambda i: i.act("POST", "/v1/contacts/3/test")["reached"],
    ("GET", "/v1/districts"): lambda i: len(i.get("/v1/districts")["items"]) == 24,
    ("GET", "/v1/hospitals"): lambda i: i.get("/v1/hospitals")["items"],
    ("PUT", "/v1/hospitals/{id}"): lambda i: i.act("PUT", "/v1/hospitals/1", {"beds": 7})["events"],
    ("PUT", "/v1/plans"): lambda i: i.act("PUT", "/v1/plans", default_plan().encode())["hash"],
    ("GET", "/v1/roads"): lambda i: i.get("/v1/roads")["nodes"],
    ("POST", "/v1/roads/changes"): lambda i: i.act("POST", "/v1/roads/changes", {"id": "good", "change": "close", **CLOSED})["hash"],
}  # fmt: skip


@pytest.mark.parametrize(("method", "path"), GOOD)
def test_the_good_way(interface: Interface, method: str, path: str) -> None:
    assert GOOD[method, path](interface)


def test_the_document_and_the_routes_are_one(interface: Interface) -> None:
    """Every operation is there and is tried above; every other method is refused, with what is right."""
    assert interface.operations() == set(GOOD)
    for path, methods in interface.document["paths"].items():
        allowed = {method.upper() for method in methods}
        concrete = path.replace("{id}", "1.1").replace("{act}", "acknowledge")
        for method in METHODS:
            if path == "/v1/events" and method == "GET":
                continue
            answer = interface.ask(method, concrete)
            if method in allowed:
                assert answer.status != 405, (method, path)
                assert answer.status != 404 or answer.json()["detail"].find("no such path") < 0, (method, path)
                continue
            told = {word.strip() for word in answer.headers["Allow"].split(",")}
            assert answer.status == 405, (method, path, answer.body)
            assert told == allowed | ({"HEAD"} if "GET" in allowed else set()), (path, told)
    assert interface.problem("GET", "/v1/nothing")[:2] == (404, "not_found")


def test_every_answer_that_reads_state_names_its_sequence_and_time(interface: Interface, scene: dict[str, str]) -> None:
    lists = [path for method, path in interface.operations() if method == "GET" and path.startswith("/v1/")]
    # An explanation is of the moment of its order, not of now.
    for path in sorted(set(lists) - {"/v1/events", "/v1/stats", "/v1/explain/{id}"}):
        concrete = path.replace("incidents/{id}", f"incidents/{scene['incident']}").replace("units/{id}", "units/T-01")
        shown = interface.get(concrete)
        assert shown["seq"] > 0 and shown["now"].startswith("20"), path


# --- Refusals ------------------------------------------------------------------------------------------------------

POSITION = {"lat": 28.85, "lon": 120.73, "datum": "wgs84"}
UNIT = {"agency": "traffic", "capabilities": ["traffic_patrol"], "home": "安和街道", "speed_kmh": 40, "turnout_s": 30, **POSITION}
HOSPITAL = {"capabilities": ["trauma"], "beds": 3, **POSITION}

REFUSED: list[tuple[str, str, Any, int, str, str | None]] = [
    ("GET", "/v1/stats?hash=maybe", None, 422, "bad_field", "hash"),
    ("GET", "/v1/stats?hsah=false", None, 422, "unknown_field", "hsah"),
    ("GET", "/v1/events?since=1", None, 422, "bad_field", "since"),
    ("GET", "/v1/events?since=1.999999999.0", None, 422, "bad_field", "since"),
    ("GET", "/v1/events?since=2.1.0", None, 422, "bad_field", "since"),
    ("GET", "/v1/events?units=T-01,nobody", None, 404, "unknown_unit", "units"),
    ("GET", "/v1/events?unit=T-01", None, 422, "unknown_field", "unit"),
    ("GET", "/v1/events?units=" + "T-01," * 256 + "T-01", None, 422, "bad_field", "units"),
    ("GET", "/v1/calls?human=false", None, 422, "bad_field", "human"),
    ("GET", "/v1/calls?limit=0", None, 422, "bad_field", "limit"),
    ("GET", "/v1/calls?state=open", None, 422, "unknown_field", "state"),
    ("POST", "/v1/calls", {"line": "110"}, 422, "no_key", None),
    ("POST", "/v1/calls", {"key": "k" * 129}, 422, "no_key", None),
    ("POST", "/v1/calls/1.999999/facts", {"injured": 1}, 404, "unknown_call", "call"),
    ("POST", "/v1/calls/x/facts", {}, 422, "bad_field", "id"),
    ("POST", "/v1/calls/1.999999/end", {}, 404, "unknown_call", "call"),
    ("POST", "/v1/calls/{call}/end", {"why": "x"}, 422, "unknown_field", "why"),
    ("POST", "/v1/calls/7/end", {}, 422, "bad_field", "id"),
    ("POST", "/v1/calls/{ended}/end", None, 409, "not_allowed_now", "call"),
    ("POST", "/v1/calls/1.999999/classify", {"kind": "fight"}, 404, "unknown_call", "call"),
    ("POST", "/v1/calls/{call}/classify", {"kind": "dragon"}, 422, "bad_field", "kind"),
    ("POST", "/v1/calls/{call}/classify", {"kind": "unknown"}, 422, "bad_field", "kind"),
    ("POST", "/v1/calls/{call}/classify", {}, 422, "bad_field", "kind"),
    ("POST", "/v1/calls/{call}/classify", {"lat": 28.8, "lon": 120.7}, 422, "bad_field", "datum"),
    ("POST", "/v1/calls/{call}/classify", {"lat": 28.8, "datum": "wgs84"}, 422, "bad_field", "lon"),
    ("POST", "/v1/calls/{call}/classify", {**POSITION, "lat": 91}, 422, "bad_field", "lat"),
    ("POST", "/v1/calls/{call}/classify", {"kind": "fight", "kinds": 1}, 422, "unknown_field", "kinds"),
    ("GET", "/v1/incidents?state=ajar", None, 422, "bad_field", "state"),
    ("GET", "/v1/incidents?limit=0", None, 422, "bad_field", "limit"),
    ("GET", "/v1/incidents?limit=1001", None, 422, "bad_field", "limit"),
    ("GET", "/v1/incidents?limit=5&limit=6", None, 422, "bad_field", "limit"),
    ("GET", "/v1/incidents?after=5", None, 422, "bad_field", "after"),
    ("GET", "/v1/incidents?sort=age", None, 422, "bad_field", "sort"),
    ("GET", "/v1/incidents?sort=clock&after=1.1", None, 422, "bad_field", "sort"),
    ("GET", "/v1/incidents?sort=clock&state=all", None, 422, "bad_field", "sort"),
    ("GET", "/v1/incidents?limt=5", None, 422, "unknown_field", "limt"),
    ("GET", "/v1/incidents/1.999999", None, 404, "not_found", "id"),
    ("GET", "/v1/incidents/one", None, 422, "bad_field", "id"),
    ("POST", "/v1/incidents/{incident}/merge", {}, 422, "bad_field", "into"),
    ("POST", "/v1/incidents/{incident}/merge", {"into": 7}, 422, "bad_field", "into"),
    ("POST", "/v1/incidents/{incident}/merge", {"into": "1.999999"}, 404, "unknown_incident", "incident"),
    ("POST", "/v1/incidents/{incident}/merge", {"into": "{incident}"}, 409, "not_allowed_now", "into"),
    ("POST", "/v1/incidents/{closed}/merge", {"into": "{incident}"}, 409, "not_allowed_now", "into"),
    ("POST", "/v1/incidents/{incident}/unmerge", {}, 409, "not_allowed_now", "incident"),
    ("POST", "/v1/incidents/{closed}/unmerge", {}, 409, "not_allowed_now", "incident"),
    ("POST", "/v1/incidents/1.999999/unmerge", {}, 404, "unknown_incident", "incident"),
    ("POST", "/v1/incidents/{closed}/unmerge", {"from": "1.1"}, 422, "unknown_field", "from"),
    ("POST", "/v1/incidents/{incident}/reopen", {}, 409, "not_allowed_now", "incident"),
    ("POST", "/v1/incidents/1.999999/reopen", {}, 404, "unknown_incident", "incident"),
    ("POST", "/v1/incidents/{closed}/reopen", {"why": "x"}, 422, "unknown_field", "why"),
    ("POST", "/v1/incidents/{incident}/split", {}, 422, "bad_field", "call"),
    ("POST", "/v1/incidents/{incident}/split", {"call": "1.999999"}, 404, "not_found", "call"),
    ("POST", "/v1/incidents/1.999999/split", {"call": "{call}"}, 404, "not_found", "id"),
    ("POST", "/v1/incidents/{incident}/split", {"call": "{call}", "kind": "unknown"}, 422, "bad_field", "kind"),
    ("POST", "/v1/incidents/{closed}/close", None, 409, "not_allowed_now", "incident"),
    ("POST", "/v1/incidents/1.999999/close", None, 404, "unknown_incident", "incident"),
    ("POST", "/v1/incidents/{incident}/close", {"now": True}, 422, "unknown_field", "now"),
    ("POST", "/v1/incidents/{incident}/escalate", {}, 422, "bad_field", "priority"),
    ("POST", "/v1/incidents/{incident}/escalate", {"priority": 5}, 422, "bad_field", "priority"),
    ("POST", "/v1/incidents/{incident}/escalate", {"priority": 257}, 422, "bad_field", "priority"),
    ("POST", "/v1/incidents/{closed}/escalate", {"priority": 1}, 409, "not_allowed_now", "priority"),
    ("POST", "/v1/incidents/1.999999/escalate", {"priority": 1}, 404, "unknown_incident", "incident"),
    ("POST", "/v1/incidents/{incident}/escalate", {"level": "V"}, 422, "bad_field", "level"),
    ("POST", "/v1/incidents/{incident}/escalate", {"level": "I", "priority": 1}, 422, "bad_field", "level"),
    ("POST", "/v1/incidents/{closed}/escalate", {"level": "I"}, 409, "not_allowed_now", "level"),
    ("POST", "/v1/incidents/{incident}/report", {}, 422, "bad_field", "text"),
    ("POST", "/v1/incidents/{incident}/report", {"text": "  "}, 422, "bad_field", "text"),
    ("POST", "/v1/incidents/{incident}/report", {"text": "x" * 4001}, 422, "bad_field", "text"),
    ("POST", "/v1/incidents/{closed}/report", {"text": "late"}, 409, "not_allowed_now", "incident"),
    ("POST", "/v1/incidents/1.999999/report", {"text": "x"}, 404, "unknown_incident", "incident"),
    ("POST", "/v1/incidents/{incident}/upward", {"to": "x"}, 422, "bad_field", "stage"),
    ("POST", "/v1/incidents/{incident}/upward", {"stage": "second", "to": "x"}, 422, "bad_field", "stage"),
    ("POST", "/v1/incidents/{incident}/upward", {"stage": "first"}, 422, "bad_field", "to"),
    ("POST", "/v1/incidents/{incident}/upward", {"stage": "first", "to": "x", "weather": "y"}, 422, "unknown_field", "weather"),
    ("POST", "/v1/incidents/1.999999/upward", {"stage": "first", "to": "x"}, 404, "unknown_incident", "incident"),
    ("POST", "/v1/incidents/{closed}/upward", {"stage": "first", "to": "x"}, 409, "not_allowed_now", "incident"),
    ("POST", "/v1/incidents/{incident}/close", {"follow_up": "me"}, 422, "bad_field", "follow_up"),
    ("POST", "/v1/incidents/{incident}/close", {"follow_up": {}}, 422, "bad_field", "follow_up.owner"),
    ("POST", "/v1/incidents/{incident}/close", {"follow_up": {"owner": "王芳"}}, 422, "bad_field", "follow_up.unit"),
    ("POST", "/v1/incidents/{incident}/close", {"follow_up": {"owner": "王芳", "unit": "nobody", "what": "x"}}, 404, "unknown_unit", "follow_up.unit"),
    ("POST", "/v1/incidents/{incident}/close", {"follow_up": {"owner": "王芳", "unit": "T-01"}}, 422, "bad_field", "follow_up.what"),
    ("POST", "/v1/incidents/{incident}/close", {"follow_up": {"owner": "王芳", "unit": "T-01", "what": "x", "when": 1}}, 422, "unknown_field", "follow_up.when"),
    ("POST", "/v1/incidents/{incident}/assign", {}, 422, "bad_field", "unit"),
    ("POST", "/v1/incidents/{incident}/assign", {"unit": "nobody"}, 404, "unknown_unit", "unit"),
    ("POST", "/v1/incidents/{incident}/assign", {"unit": "{unit}"}, 409, "unit_not_free", "unit"),
    ("POST", "/v1/incidents/{incident}/assign", {"unit": "{free}", "capability": "ambulance"}, 422, "unit_cannot", "unit"),
    ("POST", "/v1/incidents/{incident}/assign", {"unit": "F-01", "capability": "magic"}, 422, "bad_field", "capability"),
    ("POST", "/v1/incidents/{nowhere}/assign", {"unit": "F-01"}, 409, "no_place", "incident"),
    ("POST", "/v1/incidents/1.999999/assign", {"unit": "F-01"}, 404, "unknown_incident", "incident"),
    ("GET", "/v1/units?agency=navy", None, 422, "bad_field", "agency"),
    ("GET", "/v1/units?state=asleep", None, 422, "bad_field", "state"),
    ("GET", "/v1/units?name=T-01", None, 422, "unknown_field", "name"),
    ("GET", "/v1/units/nobody", None, 404, "unknown_unit", "id"),
    ("GET", "/v1/units/%FF", None, 422, "bad_field", "id"),
    ("GET", "/v1/units/a%00b", None, 404, "unknown_unit", "id"),
    ("PUT", "/v1/units/N-1", {}, 422, "bad_field", "speed_kmh"),
    *[("PUT", "/v1/units/N-1", {name: value for name, value in UNIT.items() if name != left}, 422, "bad_field", left)
      for left in ("agency", "capabilities", "home", "speed_kmh", "turnout_s", "datum", "lat", "lon")],
    ("PUT", "/v1/units/N-1", {**UNIT, "capabilities": []}, 422, "bad_field", "capabilities"),
    ("PUT", "/v1/units/N-1", {**UNIT, "capabilities": ["magic"]}, 422, "bad_field", "capabilities"),
    ("PUT", "/v1/units/N-1", {**UNIT, "home": "Atlantis"}, 422, "bad_field", "home"),
    ("PUT", "/v1/units/N-1", {**UNIT, "speed_kmh": -1}, 422, "bad_field", "speed_kmh"),
    ("PUT", "/v1/units/N-1", {**UNIT, "turnout_s": 1e300}, 422, "bad_field", "turnout_s"),
    ("PUT", "/v1/units/N-1", {**UNIT, "strength": 65536}, 422, "bad_field", "strength"),
    ("PUT", "/v1/units/N-1", {**UNIT, "roster_on": "24:00", "roster_off": "8"}, 422, "bad_field", "roster_on"),
    ("PUT", "/v1/units/N-1", {**UNIT, "colour": "red"}, 422, "unknown_field", "colour"),
    ("PUT", "/v1/units/" + "N" * 200, UNIT, 422, "bad_field", "id"),
    ("PUT", "/v1/units/N%00", UNIT, 422, "bad_field", "id"),
    ("POST", "/v1/units/T-01/position", {"lat": 28.8, "lon": 120.7}, 422, "bad_field", "datum"),
    ("POST", "/v1/units/T-01/position", {**POSITION, "lon": 181}, 422, "bad_field", "lon"),
    ("POST", "/v1/units/T-01/position", {**POSITION, "lat": "north"}, 422, "bad_field", "lat"),
    ("POST", "/v1/units/T-01/position", {**POSITION, "speed": 1}, 422, "unknown_field", "speed"),
    ("POST", "/v1/units/nobody/position", POSITION, 404, "unknown_unit", "id"),
    ("POST", "/v1/units/T-01/duty", {}, 422, "bad_field", "duty"),
    ("POST", "/v1/units/T-01/duty", {"duty": "asleep"}, 422, "bad_field", "duty"),
    ("POST", "/v1/units/T-01/duty", {"duty": "off", "strength": -1}, 422, "bad_field", "strength"),
    ("POST", "/v1/units/nobody/duty", {"duty": "off"}, 404, "unknown_unit", "id"),
    ("GET", "/v1/orders?unit=nobody", None, 404, "unknown_unit", "unit"),
    ("GET", "/v1/orders?incident=x", None, 422, "bad_field", "incident"),
    ("GET", "/v1/orders?state=closed", None, 422, "bad_field", "state"),
    ("POST", "/v1/orders/1.999999/acknowledge", None, 404, "unknown_order", "id"),
    ("POST", "/v1/orders/{order}/admire", None, 404, "not_found", "act"),
    ("POST", "/v1/orders/{acknowledged}/decline", {"note": 7}, 422, "bad_field", "note"),
    ("POST", "/v1/orders/{acknowledged}/acknowledge", None, 409, "not_allowed_now", "act"),
    ("GET", "/v1/explain/1.999999", None, 404, "not_found", "id"),
    ("GET", "/v1/explain/%FF", None, 422, "bad_field", "id"),
    ("GET", "/v1/explain/{order}?lang=fr", None, 422, "bad_field", "lang"),
    ("GET", "/v1/ledger?agency=navy", None, 422, "bad_field", "agency"),
    ("GET", "/v1/ledger?after=1.1", None, 422, "bad_field", "after"),
    ("GET", "/v1/districts?limit=0", None, 422, "bad_field", "limit"),
    ("GET", "/v1/districts?after=1.1", None, 422, "bad_field", "after"),
    ("GET", "/v1/districts?zone=town", None, 422, "unknown_field", "zone"),
    ("GET", "/v1/hospitals?limit=x", None, 422, "bad_field", "limit"),
    ("GET", "/v1/hospitals?after=-1", None, 422, "bad_field", "after"),
    ("GET", "/v1/hospitals?open=true", None, 422, "unknown_field", "open"),
    ("PUT", "/v1/hospitals/New", {"open": False}, 422, "bad_field", "lat"),
    ("PUT", "/v1/hospitals/New", POSITION, 422, "bad_field", "capabilities"),
    ("PUT", "/v1/hospitals/New", {**HOSPITAL, "beds": None}, 422, "bad_field", "beds"),
    ("PUT", "/v1/hospitals/1", {"beds": 1e99}, 422, "bad_field", "beds"),
    ("PUT", "/v1/hospitals/1", {"open": "yes"}, 422, "bad_field", "open"),
    ("PUT", "/v1/hospitals/1", {"capabilities": ["magic"]}, 422, "bad_field", "capabilities"),
    ("PUT", "/v1/hospitals/1", {"lat": 28.8}, 422, "bad_field", "lon"),
    ("PUT", "/v1/hospitals/1", {"name": "x"}, 422, "unknown_field", "name"),
    ("GET", "/v1/contacts?limit=0", None, 422, "bad_field", "limit"),
    ("GET", "/v1/contacts?after=x", None, 422, "bad_field", "after"),
    ("GET", "/v1/contacts?role=boss", None, 422, "bad_field", "role"),
    ("GET", "/v1/contacts?unit=nobody", None, 404, "unknown_unit", "unit"),
    ("GET", "/v1/contacts?full=perhaps", None, 422, "bad_field", "full"),
    ("GET", "/v1/contacts?name=x", None, 422, "unknown_field", "name"),
    ("POST", "/v1/contacts/1/test", None, 404, "not_found", "id"),
    ("POST", "/v1/contacts/one/test", None, 422, "bad_field", "id"),
    ("POST", "/v1/contacts/3/test", {"loud": True}, 422, "unknown_field", "loud"),
    ("GET", "/v1/roads?limit=1", None, 422, "unknown_field", "limit"),
    ("POST", "/v1/roads/changes", {"id": "nobody", "change": "lift"}, 404, "not_found", "id"),
    ("POST", "/v1/roads/changes", {"id": "x", "change": "bomb"}, 422, "bad_field", "change"),
    ("POST", "/v1/roads/changes", {"id": "x", "change": "close", **CLOSED, "odd": 1}, 422, "unknown_field", "odd"),
    ("PUT", "/v1/plans", b"", 422, "bad_field", "plan"),
    ("PUT", "/v1/plans", b"\xff\xfe", 422, "bad_field", "plan"),
]  # fmt: skip


def filled(value: Any, scene: dict[str, str]) -> Any:
    """The same with the scene's ids in their places."""
    if isinstance(value, str):
        for name, known in scene.items():
            value = value.replace(f"{{{name}}}", known)
    return {name: filled(inner, scene) for name, inner in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize(("method", "path", "body", "status", "code", "field"), REFUSED)
def test_a_refusal_says_what_is_wrong(
    interface: Interface, scene: dict[str, str], method: str, path: str, body: Any, status: int, code: str, field: str | None
) -> None:
    before = interface.get("/v1/stats?hash=false")["conservation"]
    told = interface.problem(method, filled(path, scene), filled(body, scene))
    assert told[:2] == (status, code) and (field is None or told[2] == field), told
    after = interface.get("/v1/stats?hash=false")["conservation"]
    assert {**after, "needs_waiting": 0} == {**before, "needs_waiting": 0}, "a refused act changed something"


# A test of a contact changes nothing that the journal knows: it is done each time, whatever key it comes under.
NOT_KEPT = {("POST", "/v1/contacts/{id}/test")}
ACTS = sorted((method, path) for method, path in GOOD if method != "GET")


@pytest.mark.parametrize(("method", "path"), ACTS)
def test_bodies_that_cannot_be_read(interface: Interface, scene: dict[str, str], method: str, path: str) -> None:
    """Not JSON, not an object, too large, begun and not ended: named as what they are, and nothing is done."""
    ids = {"calls": scene["call"], "incidents": scene["incident"], "orders": scene["order"], "units": "T-01", "hospitals": "1", "contacts": "3"}
    concrete = path.replace("{id}", ids.get(path.split("/")[2], "")).replace("{act}", "decline")
    plan = path == "/v1/plans"
    most = PLAN_MOST if plan else BODY_MOST
    assert interface.problem(method, concrete, b"x" * (most + 1))[:2] == (413, "too_large")
    if not plan:
        for body in (b"{", b"[]", b"7", b"null", b'"text"', b"{\"a\":1}{", b"\x00"):
            assert interface.problem(method, concrete, body)[:2] == (400, "not_readable"), body
    if path not in ("/v1/calls", "/v1/calls/{id}/facts", "/v1/plans"):
        assert interface.problem(method, concrete, b'{"odd\xff":1}')[0] == 422, "only what a caller says is mended"
    if path != "/v1/calls":
        for key in ("", "k" * 129, "two words", "tab\there"):
            assert interface.problem(method, concrete, b"{}", key) == (422, "bad_field", "Idempotency-Key"), key
    with socket.create_connection(("127.0.0.1", interface.centre.http_port), timeout=10) as raw:
        begun = time.monotonic()
        raw.sendall(f"{method} {concrete} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{{".encode())
        told = raw.recv(65_536)
        assert told.startswith(b"HTTP/1.1 408 ") and b"too_slow" in told and time.monotonic() - begun < 4, told
    assert ("408" in interface.document["paths"][path][method.lower()]["responses"])


def test_odd_values_never_hurt(interface: Interface, scene: dict[str, str]) -> None:
    """Nulls, huge numbers, control characters and lone surrogates in every field of every act."""
    odd = [None, 1e308, -1e308, 2**64, -1, 0.5, True, "", "\x00", "\ufffd", "\U0001f600" * 300, [], [[]], {}, {"a": None}]
    for method, path in ACTS:
        if path in ("/v1/plans", "/v1/calls"):
            continue
        content = interface.document["paths"][path][method.lower()]["requestBody"]["content"]["application/json"]["schema"]
        schema = interface.document["components"]["schemas"]["Facts"] if "$ref" in content else content
        concrete = path.replace("{id}", "1.999999").replace("{act}", "decline")
        for field in schema["properties"]:
            for value in odd:
                assert interface.ask(method, concrete, {field: value}).status < 500, (path, field, value)
        raw = '{"%s":"\\ud800"}' % next(iter(schema["properties"]), "x")
        assert interface.ask(method, concrete, raw.encode()).status < 500
    interface.centre.assert_unharmed()


def test_a_listener_that_others_could_reach_is_refused(tmp_path: pathlib.Path) -> None:
    config = tmp_path / "liandong.toml"
    config.write_text('[http]\nlisten = "0.0.0.0:8110"\n', encoding="utf-8")
    command = [binary("liandong"), "serve", "--config", str(config), "--data", str(tmp_path / "data")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "http.listen" in done.stderr and "loopback" in done.stderr, done
    assert "liandong.toml:2" in done.stderr and not (tmp_path / "data").exists()


def test_a_call_over_http_is_answered_by_its_own_key(interface: Interface) -> None:
    """The key of a call stands in its body; the header is for acts."""
    body = call("own-key")
    first, again = (interface.ask("POST", "/v1/calls", body) for _ in range(2))
    assert first.body == again.body
    other = interface.act("POST", "/v1/calls", call("own-key", text="完全不同的事"))
    assert other["conflict"] and other["call"] == first.json()["call"]
    assert ask(interface.centre, "POST", "/v1/calls", b'{"key":"own-key"').status == 400
