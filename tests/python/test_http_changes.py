"""What changes while a centre runs (H9, H10): units, hospitals, plans. Each shows in the next decision and outlives a restart."""

import datetime
import pathlib
from typing import Any

import pytest

from conftest import StartCentre
from interface import Interface
from running_centre import RunningCentre
from test_http_routes import POSITION, UNIT, default_plan

CRASH = "路口两车追尾，有人受伤"


@pytest.fixture
def interface(start_centre: StartCentre) -> Interface:
    """A centre of its own for each test: what is changed stays changed."""
    return Interface(start_centre("wall"))


def restarted(interface: Interface) -> Interface:
    """The same centre, killed and started again."""
    interface.centre.kill()
    interface.centre.start()
    return Interface(interface.centre)


# --- Units ---------------------------------------------------------------------------------------------------------


def test_a_new_unit_nearest_to_a_place_is_ordered(interface: Interface) -> None:
    before = interface.call("before", **place(28.8321, 120.7123))
    assert "NEW-1" not in [line["unit"] for line in before["orders"]]
    done = interface.act("PUT", "/v1/units/NEW-1", UNIT | place(28.8321, 120.7123))
    assert [event["type"] for event in done["events"]][0] == "unit_defined"
    shown = interface.get("/v1/units/NEW-1")
    assert shown["state"] == "free" and shown["post"]["lat"] == pytest.approx(28.8321, abs=1e-6)
    after = interface.call("after", **place(28.8321, 120.7125), text=CRASH)
    if after["merged"]:
        interface.act("POST", f"/v1/incidents/{before['incident']}/close")
        after = interface.call("after-closing", **place(28.8321, 120.7125), text=CRASH)
    assert "NEW-1" in [line["unit"] for line in after["orders"]], after
    restarted_one = restarted(interface)
    assert restarted_one.get("/v1/units/NEW-1")["orders"] == [line["order"] for line in after["orders"] if line["unit"] == "NEW-1"]


def place(lat: float, lon: float) -> dict[str, Any]:
    """A place on WGS-84."""
    return {"lat": lat, "lon": lon, "datum": "wgs84"}


def test_a_change_of_a_unit_leaves_the_rest_as_it_was(interface: Interface) -> None:
    before = interface.get("/v1/units/T-05")
    interface.act("PUT", "/v1/units/T-05", {"speed_kmh": 61.5, "roster_on": "08:00", "roster_off": "20:30"})
    after = interface.get("/v1/units/T-05")
    changed = {name for name in before if before[name] != after[name]} - {"seq", "now", "staffed", "state", "available"}
    assert changed == {"speed_kmh", "roster"}, changed
    assert after["speed_kmh"] == 61.5 and after["roster"] == {"on": "08:00", "off": "20:30"}
    assert after["id"] == before["id"]
    shown = restarted(interface).get("/v1/units/T-05")
    assert {name: shown[name] for name in changed} == {name: after[name] for name in changed}


def test_a_unit_that_lost_its_capability_is_not_ordered_for_it(interface: Interface) -> None:
    first = interface.call("first", **place(28.85, 120.73))
    traffic = next(line for line in first["orders"] if line["agency"] == "traffic")
    interface.act("POST", f"/v1/incidents/{first['incident']}/close")
    interface.act("PUT", f"/v1/units/{traffic['unit']}", {"capabilities": ["tow"]})
    second = interface.call("second", **place(28.85, 120.73))
    others = [line["unit"] for line in second["orders"] if line["agency"] == "traffic"]
    assert others and traffic["unit"] not in others


def test_a_definition_that_contradicts_itself_is_refused(interface: Interface) -> None:
    told = interface.problem("PUT", "/v1/units/BAD-1", {**UNIT, "strength": 1, "least_strength": 0, "capacity": 0})
    assert told[:2] == (422, "bad_definition"), told
    assert interface.problem("GET", "/v1/units/BAD-1")[0] == 404


# --- Hospitals -----------------------------------------------------------------------------------------------------


def test_a_hospital_is_changed_and_a_new_one_is_there(interface: Interface) -> None:
    before = interface.get("/v1/hospitals")["items"]
    done = interface.act("PUT", "/v1/hospitals/2", {"open": False, "beds": 0})
    assert [event["type"] for event in done["events"]] == ["hospital_defined"]
    interface.act("PUT", "/v1/hospitals/新医院", {**POSITION, "capabilities": ["burns", "trauma"], "beds": 12})
    after = interface.get("/v1/hospitals")["items"]
    assert [item["id"] for item in after] == [item["id"] for item in before] + [before[-1]["id"] + 1]
    second = next(item for item in after if item["id"] == 2)
    assert second == {**next(item for item in before if item["id"] == 2), "open": False, "beds": 0}
    assert after[-1]["name"] == "新医院" and after[-1]["open"] is True and set(after[-1]["capabilities"]) == {"burns", "trauma"}
    interface.act("PUT", "/v1/hospitals/新医院", {"beds": 13})
    assert interface.get("/v1/hospitals")["items"][-1] == {**after[-1], "beds": 13}
    assert restarted(interface).get("/v1/hospitals")["items"][-1]["beds"] == 13


# --- Plans ---------------------------------------------------------------------------------------------------------


def slower(name: str, acknowledge_s: int) -> str:
    """The default plan under another name, whose first clock of every order of traffic is this long."""
    plan = default_plan().replace('name = "default"', f'name = "{name}"')
    row = f'\n[[clock]]\nagencies = ["traffic"]\nclock = "acknowledge"\nseconds = {acknowledge_s}\n'
    return plan + row


def acknowledge_s(interface: Interface, key: str) -> float:
    """The first clock of traffic's order in a decision of now."""
    decision = interface.call(key)
    order = next(line["order"] for line in decision["orders"] if line["agency"] == "traffic")
    (shown,) = [item for item in interface.pages(f"/v1/orders?incident={decision['incident']}", 100) if item["id"] == order]
    return seconds(shown["deadlines"]["acknowledge"]) - seconds(shown["issued_at"])


def seconds(moment: str) -> float:
    """A moment as seconds."""
    return datetime.datetime.fromisoformat(moment).timestamp()


def test_a_bad_plan_names_every_mistake_and_changes_nothing(interface: Interface) -> None:
    before = interface.get("/v1/stats")
    usual = acknowledge_s(interface, "usual")
    bad = default_plan()
    for right, wrong in (("rung_s = 30", "rung_s = 0"), ("service_floor = 8", "service_floor = 0"), ("radius_m = 150", "radius_m = 1000000000")):
        assert right in bad
        bad = bad.replace(right, wrong)
    answer = interface.ask("PUT", "/v1/plans", bad.encode())
    told = answer.json()
    assert answer.status == 422 and told["field"] == "plan"
    for part in ("rung_s", "service_floor", "radius_m"):
        assert part in told["detail"], told["detail"]
    assert acknowledge_s(interface, "still-usual") == usual
    assert interface.get("/v1/stats")["units"] == before["units"]


def test_a_plan_decides_from_here_on_and_outlives_a_restart(start_centre: StartCentre, tmp_path: pathlib.Path) -> None:
    """It stays in force though the configuration names another; once that one changes, it wins again."""
    configured = tmp_path / "plan.toml"
    configured.write_text(slower("configured", 300), encoding="utf-8")
    centre: RunningCentre = start_centre("wall", f'[plan]\nfile = "{configured}"\n')
    interface = Interface(centre)
    assert acknowledge_s(interface, "configured") == 300
    done = interface.act("PUT", "/v1/plans", slower("changed", 240).encode(), "the-change")
    assert [event["type"] for event in done["events"]] == ["object_activated"] and len(done["hash"]) == 64
    assert acknowledge_s(interface, "changed") == 240
    interface = restarted(interface)
    assert acknowledge_s(interface, "after-restart") == 240
    assert interface.act("PUT", "/v1/plans", slower("changed", 240).encode(), "the-change") == done
    configured.write_text(slower("configured anew", 360), encoding="utf-8")
    interface = restarted(interface)
    assert acknowledge_s(interface, "configured-anew") == 360


def test_a_plan_changes_how_lines_are_taken(interface: Interface) -> None:
    """What calls are looked at with changes too: a line that the plan no longer has takes the default."""

    def line_of(key: str) -> str:
        decision = interface.call(key, line="122")
        return interface.get(f"/v1/incidents/{decision['incident']}")["reports"][0]["line"]

    assert line_of("with") == "122"
    blocks = default_plan().split("[[line]]")
    without = "[[line]]".join(block for block in blocks if "number = 122\n" not in block)
    assert without != default_plan()
    interface.act("PUT", "/v1/plans", without.encode())
    assert line_of("without") == "110"
