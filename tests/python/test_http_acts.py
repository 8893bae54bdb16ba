"""What acts over HTTP do, as GET and the stream of events show it, and that each is done once under its key (N2)."""

import json
from typing import Any, Callable, Iterator

import pytest

from calls import call
from conftest import StartCentre
from event_stream import EventStream
from interface import Interface
from running_centre import RunningCentre
from test_http_routes import CLOSED, GOOD, HOSPITAL, NOT_KEPT, POSITION, UNIT, default_plan, place_of


@pytest.fixture(scope="module")
def interface(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Interface]:
    """One centre for all of it."""
    with RunningCentre(tmp_path_factory.mktemp("acts"), "wall") as centre:
        yield Interface(centre)
        centre.assert_unharmed()


def types(events: list[dict[str, Any]]) -> list[str]:
    """What happened, by name."""
    return [event["type"] for event in events]


def test_whoever_is_answered_finds_it_in_what_is_asked_next(interface: Interface) -> None:
    for number in range(50):
        decision = interface.call(f"found-{number}")
        shown = interface.get(f"/v1/incidents/{decision['incident']}")
        assert shown["seq"] >= decision["seq"] and shown["calls"] == [decision["call"]]
        done = interface.act("POST", f"/v1/incidents/{decision['incident']}/close")
        shown = interface.get(f"/v1/incidents/{decision['incident']}")
        assert shown["state"] == "closed" and shown["seq"] >= done["seq"]


def test_a_stream_tells_what_acts_did(interface: Interface) -> None:
    """The events of an act's answer come over the stream too, word for word but for what a crew is told besides."""
    with EventStream(interface.centre) as stream:
        decision = interface.call("streamed", text="我钱包被偷了")
        incident = decision["incident"]
        acts = [
            (f"/v1/incidents/{incident}/escalate", {"priority": 1}, "incident_raised"),
            (f"/v1/calls/{decision['call']}/classify", {"kind": "structure_fire"}, "incident_reclassified"),
            (f"/v1/orders/{decision['orders'][0]['order']}/acknowledge", {}, "order_moved"),
            (f"/v1/incidents/{incident}/close", {}, "incident_closed"),
        ]
        for path, body, kind in acts:
            done = interface.act("POST", path, body)
            assert kind in types(done["events"]), (path, done)
            heard = [stream.until(event["id"]) for event in done["events"]]
            for event, told in zip(done["events"], heard):
                assert {**told, "point": 0, "kind": 0} == {**event, "point": 0, "kind": 0} or event.items() <= told.items()
        shown = interface.get(f"/v1/incidents/{incident}")
        assert shown["close_reason"] == "person" and all(order["ended_at"] for order in shown["orders"])


def test_escalating_and_classifying_show(interface: Interface) -> None:
    decision = interface.call("noise", text="楼上太吵了，噪音扰民")
    incident = f"/v1/incidents/{decision['incident']}"
    before = interface.get(incident)
    assert before["priority"] > 1
    interface.act("POST", f"{incident}/escalate", {"priority": 1})
    assert interface.get(incident)["priority"] == 1
    done = interface.act("POST", f"/v1/calls/{decision['call']}/classify", {"kind": "structure_fire"})
    after = interface.get(incident)
    assert after["kind"] == "structure_fire" and "fire" in after["agencies"], after
    ordered = {event["order"] for event in done["events"] if event["type"] == "order_issued"}
    assert ordered and ordered <= {order["id"] for order in after["orders"]}


def test_a_place_by_a_person_lets_units_go(interface: Interface) -> None:
    decision = interface.call("nowhere", lat=None, lon=None, datum=None)
    incident = f"/v1/incidents/{decision['incident']}"
    assert interface.get(incident)["place"] is None and not decision["orders"]
    done = interface.act("POST", f"/v1/calls/{decision['call']}/classify", POSITION)
    shown = interface.get(incident)
    assert shown["place"]["lat"] == pytest.approx(28.85) and shown["place"]["source"] == "person"
    assert "order_issued" in types(done["events"]) and any(need["state"] == "ordered" for need in shown["needs"])


def test_merging_and_splitting_show(interface: Interface) -> None:
    one, other = interface.call("merge-1"), interface.call("merge-2")
    interface.act("POST", f"/v1/incidents/{one['incident']}/merge", {"into": other["incident"]})
    gone, kept = (interface.get(f"/v1/incidents/{decision['incident']}") for decision in (one, other))
    assert gone["state"] == "closed" and gone["merged_into"] == kept["id"]
    assert set(kept["calls"]) == {one["call"], other["call"]} and kept["calls_total"] == 2
    assert {report["call"] for report in kept["reports"]} == set(kept["calls"])
    made = interface.act("POST", f"/v1/incidents/{kept['id']}/split", {"call": one["call"], "kind": "structure_fire"})
    new, left = interface.get(f"/v1/incidents/{made['incident']}"), interface.get(f"/v1/incidents/{kept['id']}")
    assert new["calls"] == [one["call"]] and new["kind"] == "structure_fire" and new["state"] == "open"
    assert one["call"] not in left["calls"]


def test_parting_and_reopening_show(interface: Interface) -> None:
    one, other = interface.call("part-1", text="两车相撞"), interface.call("part-2", text="有人打架")
    gone = f"/v1/incidents/{one['incident']}"
    interface.act("POST", f"{gone}/merge", {"into": other["incident"]})
    interface.act("POST", f"/v1/calls/{one['call']}/facts", {"text": "车里有人受伤", "injured": 1})
    out = {order["id"] for order in interface.get(f"/v1/incidents/{other['incident']}")["orders"]}
    done = interface.act("POST", f"{gone}/unmerge")
    back, left = interface.get(gone), interface.get(f"/v1/incidents/{other['incident']}")
    assert back["calls"] == [one["call"]] and left["calls"] == [other["call"]] and back["calls_total"] == left["calls_total"] == 1
    assert [report["text"] for report in back["reports"]] == ["两车相撞", "车里有人受伤"]
    assert {report["call"] for report in left["reports"]} == {other["call"]}
    assert {order["id"] for order in left["orders"]} == out, "who is out serves on where they are"
    assert "order_issued" in types(done["events"]) and back["needs"]
    interface.act("POST", f"{gone}/close")
    interface.act("POST", f"{gone}/reopen")
    back = interface.get(gone)
    assert back["state"] == "open" and back["close_reason"] is None and len(back["reports"]) == 2
    assert all(need["state"] in ("ordered", "waiting") for need in back["needs"])


def test_a_person_sends_a_unit(interface: Interface) -> None:
    decision = interface.call("assigned")
    unit = interface.get(f"/v1/units/{interface.free_unit('forestry')}")
    done = interface.act("POST", f"/v1/incidents/{decision['incident']}/assign", {"unit": unit["name"]})
    (issued,) = [event for event in done["events"] if event["type"] == "order_issued"]
    assert issued["unit"] == unit["name"]
    shown = interface.get(f"/v1/units/{unit['id']}")
    assert shown["orders"] == [issued["order"]] and shown["state"] == "issued"
    (order,) = interface.get(f"/v1/orders?unit={unit['name']}")["items"]
    assert order["choice"] == "person" and order["incident"] == decision["incident"]


def test_a_decline_sends_another(interface: Interface) -> None:
    decision = interface.call("declined")
    first = decision["orders"][0]
    interface.act("POST", f"/v1/orders/{first['order']}/decline", {"note": "车坏了"})
    orders = interface.get(f"/v1/orders?incident={decision['incident']}&state=all")["items"]
    assert next(order for order in orders if order["id"] == first["order"])["state"] == "declined"
    (next_one,) = [order for order in orders if order["previous"] == first["order"]]
    assert next_one["unit"] != first["unit"]


def test_what_a_unit_does_when_idle_shows(interface: Interface) -> None:
    unit = interface.free_unit("medical")
    path = f"/v1/units/{unit}"
    interface.act("POST", f"{path}/duty", {"duty": "off"})
    assert interface.get(path)["duty"] == "off" and interface.get(path)["available"] is False
    assert unit in [item["name"] for item in interface.pages("/v1/units?state=off", 50)]
    interface.act("POST", f"{path}/duty", {"duty": "on_call", "strength": 9})
    assert interface.get(path)["available"] is True and interface.get(path)["strength"] == 9
    interface.act("POST", f"{path}/position", {"lat": 28.9, "lon": 120.8, "datum": "wgs84"}, "moved")
    assert interface.get(path)["position"] == {"lat": 28.9, "lon": 120.8}


def test_a_position_is_answered_with_its_own_record(interface: Interface) -> None:
    """With a key and without: the answer names the record that says it, and whoever asks next finds the unit there."""
    unit = interface.free_unit("medical")
    seen = set()
    for step in range(20):
        there = {"lat": 28.9 + step / 1_000, "lon": 120.8}
        done = interface.act("POST", f"/v1/units/{unit}/position", {**there, "datum": "wgs84"}, f"step-{step}" if step % 2 else None)
        assert types(done["events"]) == ["unit_moved"] and done["events"][0]["id"].split(".")[1] == str(done["seq"]), done
        shown = interface.get(f"/v1/units/{unit}")
        assert shown["position"] == pytest.approx(there) and shown["seq"] >= done["seq"]
        seen.add(done["seq"])
    assert len(seen) == 20


def test_how_long_until_there_means_one_thing(interface: Interface) -> None:
    """With the turnout, in whole seconds rounded up: in the decision, the lists and the explanation, and in its words."""
    decision = interface.call("travel", text="老人突然晕倒，没有呼吸")
    assert decision["orders"]
    for order in decision["orders"]:
        (listed,) = [known for known in interface.get(f"/v1/incidents/{decision['incident']}")["orders"] if known["id"] == order["order"]]
        told = interface.get(f"/v1/explain/{order['order']}?lang=en")
        assert order["travel_s"] == listed["travel_s"] == told["travel_s"] and isinstance(listed["travel_s"], int)
        assert told["travel_s"] - 1 < told["total_s"] <= told["travel_s"] and told["turnout_s"] == listed["turnout_s"]
        assert told["total_s"] == pytest.approx(told["road_s"] + told["turnout_s"])
        minutes, seconds = divmod(order["travel_s"], 60)
        assert (f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s") in told["words"], told["words"]


@pytest.mark.parametrize(
    ("facts", "ignored"),
    [
        ({"text": "还有人被困", "injured": 2}, []),
        ({"txet": "more"}, ["txet"]),
        ({"lat": "abc"}, ["lat"]),
        ({"lat": 28.8, "lon": 120.7}, ["lat", "lon"]),
        ({"lat": 28.8, "lon": 120.7, "datum": "wgs84", "kind": "dragon", "injured": -1}, ["kind", "injured"]),
        ({"text": 7, "accuracy_m": "far", "cell": [], "kind": None, "n" * 100: 1}, ["text", "accuracy_m", "cell", "n" * 64]),
        ({f"f{number:02}": 1 for number in range(40)}, [f"f{number:02}" for number in range(16)]),
        ({}, []),
    ],
)  # fmt: skip
def test_facts_say_what_of_them_was_not_taken(interface: Interface, facts: dict[str, Any], ignored: list[str]) -> None:
    path = f"/v1/calls/{interface.call(f'facts-{facts}'[:100])['call']}/facts"
    done = interface.act("POST", path, facts, "first" + str(abs(hash(str(facts)))))
    assert done["ignored"] == ignored and types(done["events"])[0] == "call_amended", done
    assert interface.act("POST", path, facts, "first" + str(abs(hash(str(facts))))) == done, "a repeat says the same"


def test_a_major_incident_shows_what_it_owes_and_what_was_told(interface: Interface) -> None:
    """L1, X4, X5, X9, H6: level, commander and clocks; words go into the record; the close names who sees to what is left."""
    decision = interface.call("major", text="楼上太吵了，噪音扰民")
    path = f"/v1/incidents/{decision['incident']}"
    plain = interface.get(path)
    assert plain["level"] is None and plain["clocks"] == {"situation_report": None, "first_word": None, "written_report": None}
    assert {"level_raised", "commander_named"} <= set(types(interface.act("POST", f"{path}/escalate", {"level": "II"})["events"]))
    shown = interface.get(path)
    assert (shown["level"], shown["level_cause"], shown["commander"]["en"]) == ("II", "person", "head of public security")
    assert all(shown["clocks"].values()) and shown["upward"] == {"first": None, "written": None}
    interface.act("POST", f"{path}/report", {"text": "现场仍在处置"})
    interface.act("POST", f"{path}/upward", {"stage": "first", "to": "市应急局", "time": "20:05", "place": "安和街道"})
    shown = interface.get(path)
    assert shown["clocks"]["first_word"] is None and shown["clocks"]["written_report"]
    assert set(shown["upward"]["first"]["missing"]) == {"event", "casualties", "reporter"}
    assert [(note["act"], note["text"]) for note in shown["notes"]] == [("report", "现场仍在处置"), ("first", None)]
    assert shown["notes"][1]["fields"] == {"to": "市应急局", "time": "20:05", "place": "安和街道"}
    entries = [entry for entry in interface.get("/v1/ledger?state=all&limit=1000")["items"] if entry["incident"] == decision["incident"]]
    assert [(entry["matter"], entry["order"], entry["unit"]) for entry in entries] == [("incomplete_first_word", None, None)]
    assert interface.problem("POST", f"{path}/close", {}) == (422, "follow_up_needed", "follow_up")
    named = {"owner": "王芳", "unit": "T-01", "what": "回访报警人"}
    assert "follow_up_named" in types(interface.act("POST", f"{path}/close", {"follow_up": named})["events"])
    shown = interface.get(path)
    assert shown["state"] == "closed" and shown["follow_up"] == {"unit": "T-01", "owner": "王芳"}
    assert shown["notes"][-1]["act"] == "close" and shown["notes"][-1]["text"] == "回访报警人"
    figures = interface.get("/v1/stats?hash=false")["conduct"]
    assert figures["upward"]["first"]["incomplete"] == 1 and figures["upward"]["written"]["never"] == 1 and figures["levels"]["II"] == 1


# --- Once under one key --------------------------------------------------------------------------------------------

Asked = tuple[str, Any]


def keyed(interface: Interface) -> dict[tuple[str, str], Asked]:
    """One good act of every route, on things of its own."""
    # First, while somebody is free for it.
    order = interface.call("keyed-order")["orders"][0]["order"]
    names = "facts end classify merge into split close assign report upward part whole again"
    made = {name: interface.call(f"keyed-{name}") for name in names.split()}
    made["escalate"] = interface.call("keyed-escalate", text="我钱包被偷了")
    incident = {name: f"/v1/incidents/{decision['incident']}" for name, decision in made.items()}
    called = {name: f"/v1/calls/{decision['call']}" for name, decision in made.items()}
    more = interface.call("keyed-more", **place_of(interface, made["split"]["incident"]))
    assert more["incident"] == made["split"]["incident"]
    interface.act("POST", f"{incident['part']}/merge", {"into": made["whole"]["incident"]})
    interface.act("POST", f"{incident['again']}/close", {})
    unit = interface.free_unit("forestry")
    return {
        ("POST", "/v1/calls/{id}/facts"): (f"{called['facts']}/facts", {"text": "还有人被困", "injured": 3}),
        ("POST", "/v1/calls/{id}/end"): (f"{called['end']}/end", {}),
        ("POST", "/v1/calls/{id}/classify"): (f"{called['classify']}/classify", {"kind": "structure_fire"}),
        ("POST", "/v1/incidents/{id}/merge"): (f"{incident['merge']}/merge", {"into": made["into"]["incident"]}),
        ("POST", "/v1/incidents/{id}/unmerge"): (f"{incident['part']}/unmerge", {}),
        ("POST", "/v1/incidents/{id}/reopen"): (f"{incident['again']}/reopen", {}),
        ("POST", "/v1/incidents/{id}/split"): (f"{incident['split']}/split", {"call": more["call"]}),
        ("POST", "/v1/incidents/{id}/close"): (f"{incident['close']}/close", {}),
        ("POST", "/v1/incidents/{id}/escalate"): (f"{incident['escalate']}/escalate", {"priority": 1}),
        ("POST", "/v1/incidents/{id}/report"): (f"{incident['report']}/report", {"text": "火势已控制"}),
        ("POST", "/v1/incidents/{id}/upward"): (f"{incident['upward']}/upward", {"stage": "first", "to": "市应急局", "time": "20:05"}),
        ("POST", "/v1/incidents/{id}/assign"): (f"{incident['assign']}/assign", {"unit": unit}),
        ("PUT", "/v1/units/{id}"): ("/v1/units/K-1", UNIT),
        ("POST", "/v1/units/{id}/position"): ("/v1/units/T-20/position", POSITION),
        ("POST", "/v1/units/{id}/duty"): ("/v1/units/T-20/duty", {"duty": "standby"}),
        ("POST", "/v1/orders/{id}/{act}"): (f"/v1/orders/{order}/decline", {"note": "车坏了"}),
        ("PUT", "/v1/hospitals/{id}"): ("/v1/hospitals/新医院", HOSPITAL),
        ("PUT", "/v1/plans"): ("/v1/plans", default_plan().replace('name = "default"', 'name = "keyed"').encode()),
        ("POST", "/v1/roads/changes"): ("/v1/roads/changes", {"id": "keyed", "change": "slow", "percent": 150, **CLOSED}),
        ("POST", "/v1/calls"): ("/v1/calls", call("keyed-call")),
    }  # fmt: skip


def test_each_act_is_done_once_under_its_key_even_across_kill_9(start_centre: StartCentre) -> None:
    interface = Interface(start_centre("wall"))
    acts = keyed(interface)
    assert set(acts) == {route for route in GOOD if route[0] != "GET"} - NOT_KEPT, "an act without a test of its key"
    refused = (f"{acts['POST', '/v1/incidents/{id}/close'][0]}", {})

    def every(ask: Callable[[str, str, Any, str], Any]) -> dict[str, Any]:
        answers = {f"{method} {path}": ask(method, *acts[method, path], f"key of {path}".replace(" ", "-")) for method, path in acts}
        return answers | {"refused": ask("POST", *refused, "key-of-the-refused")}

    def once(method: str, path: str, body: Any, key: str) -> tuple[int, str]:
        answer = interface.ask(method, path, body, key)
        return answer.status, answer.body

    first = every(once)
    assert {name for name, (status, _) in first.items() if status != 200} == {"refused"}, first
    for round_ in ("at once", "after kill -9"):
        if round_ == "after kill -9":
            interface.centre.kill()
            interface.centre.start()
        for name, again in every(once).items():
            assert again == first[name], f"{round_}, {name}: {again} instead of {first[name]}"
    # The same key with anything else asked under it is refused by name, and nothing is done.
    for method, path in acts:
        if path == "/v1/calls":
            continue
        where, body = acts[method, path]
        other = body + b"\n# more" if isinstance(body, bytes) else {**body, "odd": 1}
        told = interface.problem(method, where, other, f"key of {path}".replace(" ", "-"))
        assert told == (409, "key_taken", "Idempotency-Key"), (path, told)
    records, _ = interface.centre.export()
    sequences = [json.loads(body)["seq"] for status, body in first.values() if status == 200]
    assert len(set(sequences)) == len(sequences), "two acts in one record"
    assert sum(any("unit_defined" in event for event in record["events"]) for record in records if record["seq"] > min(sequences)) == 1


def test_a_key_stands_for_the_whole_request(interface: Interface) -> None:
    one, other = (interface.call(f"whole-{number}")["incident"] for number in range(2))
    interface.act("POST", f"/v1/incidents/{one}/close", {}, "whole")
    for path, body in ((f"/v1/incidents/{other}/close", {}), (f"/v1/incidents/{one}/close?x=1", {}), (f"/v1/incidents/{one}/close", None)):
        assert interface.problem("POST", path, body, "whole") == (409, "key_taken", "Idempotency-Key")
    assert interface.get(f"/v1/incidents/{other}")["state"] == "open"
