"""Lists over HTTP: pages that are the whole list and nothing twice, filters, and what is urgent first.

One county after some hours: calls all over it, some closed, nobody reporting, so that clocks ran out and the ledger is full.
"""

import asyncio
from typing import Any, Callable, Iterator

import pytest

from genuine_export import advance
from interface import Interface
from json_client import connected
from running_centre import RunningCentre

CALLS = 60
TEXTS = ["路口两车追尾，有人受伤", "着火了，浓烟很大", "有人打架", "老人突然晕倒，没有呼吸", "燃气泄漏，味道很大"]


async def some_hours(interface: Interface) -> None:
    """Calls every minute on a driven clock; each seventh incident is closed by a person."""
    async with connected(interface.centre.quic_port) as connection:
        talk = connection.open()
        for number in range(CALLS):
            await advance(talk, number * 60)
            decision = await asyncio.to_thread(interface.call, f"list-{number}", text=TEXTS[number % len(TEXTS)], at=None)
            if number % 7 == 0 and decision["incident"]:
                await asyncio.to_thread(interface.ask, "POST", f"/v1/incidents/{decision['incident']}/close")
            if number % 5 == 0 and decision["orders"]:
                order = decision["orders"][0]["order"]
                await asyncio.to_thread(interface.ask, "POST", f"/v1/orders/{order}/acknowledge")
        await advance(talk, CALLS * 60)
        for number, text in enumerate(TEXTS):
            await asyncio.to_thread(interface.call, f"last-{number}", text=text, at=None)
            await asyncio.to_thread(interface.call, f"silent-{number}", text="", at=None)


@pytest.fixture(scope="module")
def interface(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Interface]:
    """The county after its hours."""
    with RunningCentre(tmp_path_factory.mktemp("lists"), "driven") as centre:
        interface = Interface(centre)
        asyncio.run(some_hours(interface))
        yield interface
        centre.assert_unharmed()


def number(id_: str | int) -> tuple[int, ...]:
    """An id in its order."""
    return tuple(int(part) for part in str(id_).split("."))


LISTS = [
    "/v1/incidents", "/v1/incidents?state=closed", "/v1/incidents?state=all", "/v1/units", "/v1/units?agency=police",
    "/v1/units?state=busy", "/v1/orders", "/v1/orders?state=all", "/v1/ledger", "/v1/ledger?state=all", "/v1/ledger?state=all&agency=fire",
    "/v1/districts", "/v1/hospitals", "/v1/calls", "/v1/calls?human=true",
]  # fmt: skip


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", [1, 7, 100, 1000])
def test_all_pages_are_the_whole_list(interface: Interface, path: str, limit: int) -> None:
    joint = "&" if "?" in path else "?"
    whole = interface.get(f"{path}{joint}limit=1000")
    assert whole["items"] and whole["next"] is None, "a list of nothing proves nothing"
    limit = max(limit, len(whole["items"]) // 60)
    found = interface.pages(path, limit)
    assert found == whole["items"]
    ids = [number(item["id"]) for item in found]
    assert ids == sorted(set(ids))
    assert len(interface.get(path)["items"]) == min(100, len(found)), "100 where nobody says"
    # Behind the last there is nothing, and an id that is none of the list's is still a place in it.
    assert interface.get(f"{path}{joint}after={found[-1]['id']}")["items"] == []


Filter = Callable[[dict[str, Any]], bool]

FILTERS: list[tuple[str, str, Filter]] = [
    ("/v1/incidents?state=open", "/v1/incidents?state=all", lambda item: item["state"] == "open"),
    ("/v1/incidents?state=closed", "/v1/incidents?state=all", lambda item: item["state"] == "closed"),
    ("/v1/units?agency=medical", "/v1/units", lambda item: item["agency"] == "medical"),
    ("/v1/units?state=free", "/v1/units", lambda item: item["state"] == "free"),
    ("/v1/units?state=issued", "/v1/units", lambda item: item["state"] == "issued"),
    ("/v1/units?state=busy", "/v1/units", lambda item: item["state"] in ("issued", "acknowledged", "set_off", "arrived")),
    ("/v1/units?state=free&agency=medical", "/v1/units", lambda item: item["agency"] == "medical" and item["state"] == "free"),
    ("/v1/orders?state=open", "/v1/orders?state=all", lambda item: item["ended_at"] is None),
    ("/v1/ledger?state=open", "/v1/ledger?state=all", lambda item: item["settled_at"] is None),
    ("/v1/ledger?state=all&agency=fire", "/v1/ledger?state=all", lambda item: item["agency"] == "fire"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "whole", "wanted"), FILTERS)
def test_a_filter_leaves_what_it_says(interface: Interface, path: str, whole: str, wanted: Filter) -> None:
    everything = interface.pages(whole, 1000)
    expected = [item for item in everything if wanted(item)]
    assert 0 < len(expected) < len(everything), "a filter that leaves all or nothing proves nothing"
    assert interface.pages(path, 1000) == expected


def test_calls_before_a_person_are_listed_until_one_has_judged(interface: Interface) -> None:
    """Silent, without a place, outside, damaged: each with its reason and its words, and each leaves as it should."""
    whole = {item["id"] for item in interface.pages("/v1/calls", 1000)}
    made = {
        "silent": interface.call("human-silent", text="", at=None),
        "voice": interface.call("human-voice", text=None, at=None),
        "nowhere": interface.call("human-nowhere", text="有人打架", lat=None, lon=None, datum=None, at=None),
        "outside": interface.call("human-outside", text="有人打架", at=None, **{"lat": 39.9, "lon": 116.4}),
        "damaged": interface.call("human-damaged", text="有人打架", at="yesterday"),
        "drill": interface.call("human-drill", text="", drill=True, at=None),
    }
    sure = interface.call("human-sure", text="两车追尾，有人受伤，请快来", at=None)
    items = {item["id"]: item for item in interface.pages("/v1/calls", 1000)}
    expected = {decision["call"] for decision in [*made.values(), sure] if decision["human"]}
    assert set(items) - whole == expected and expected >= {decision["call"] for decision in made.values()}
    shown = {name: items[decision["call"]] for name, decision in made.items()}
    reasons = {"silent": "no_matter", "voice": "unsure", "nowhere": "no_place", "outside": "outside", "damaged": "damaged"}
    for name, reason in reasons.items():
        assert reason in shown[name]["reasons"], (name, shown[name])
    assert [shown[name]["text"] for name in ("silent", "voice", "nowhere")] == ["", None, "有人打架"]
    for name, decision in made.items():
        item = shown[name]
        assert (item["seq"], item["incident"], item["kind"]) == (decision["seq"], decision["incident"], decision["kind"])
        assert item["caller"] == "+8613800000000" and item["line"] == "110" and item["drill"] == (name == "drill")
        assert item["outcome"] == decision["outcome"]

    def left() -> set[str]:
        now = {item["id"] for item in interface.pages("/v1/calls", 1000)}
        for decision in made.values():
            if decision["incident"]:
                assert interface.get(f"/v1/incidents/{decision['incident']}")["human"] == (decision["call"] in now), decision
        return {name for name, decision in made.items() if decision["call"] not in now}

    assert left() == set()
    interface.act("POST", f"/v1/calls/{made['silent']['call']}/end")
    assert left() == {"silent"}
    interface.act("POST", f"/v1/calls/{made['nowhere']['call']}/facts", {"injured": 1})
    assert left() == {"silent"}, "more that is known is no verdict"
    interface.act("POST", f"/v1/calls/{made['nowhere']['call']}/classify", {"lat": 28.85, "lon": 120.73, "datum": "wgs84"})
    interface.act("POST", f"/v1/calls/{made['voice']['call']}/facts", {"kind": "fight"})
    assert left() == {"silent", "nowhere", "voice"}
    interface.act("POST", f"/v1/incidents/{made['outside']['incident']}/close")
    assert left() == {"silent", "nowhere", "voice", "outside"}
    assert all(item["human"] in (True, False) for item in interface.pages("/v1/incidents", 1000))


def test_orders_of_a_unit_and_of_an_incident(interface: Interface) -> None:
    everything = interface.pages("/v1/orders?state=all", 1000)
    for name in ("unit", "incident", "unit_id"):
        values = {order[name] for order in everything}
        for value in sorted(values)[:10]:
            parameter = name.removesuffix("_id")
            assert interface.pages(f"/v1/orders?state=all&{parameter}={value}", 1000) == [
                order for order in everything if order[name] == value
            ]


def test_the_nearest_deadline_comes_first(interface: Interface) -> None:
    urgent = interface.get("/v1/incidents?sort=clock&limit=1000")
    every = interface.pages("/v1/incidents", 1000)
    assert urgent["next"] is None and urgent["items"]
    dues = [item["next_clock"]["due"] for item in urgent["items"] if item["next_clock"]]
    assert len(dues) > 5 and dues == sorted(dues)
    without = [item for item in urgent["items"] if not item["next_clock"]]
    assert urgent["items"][len(dues) :] == without, "those whose clocks all stand come last"
    running = {item["id"] for item in every if item["next_clock"]}
    assert running == {item["id"] for item in urgent["items"]} - {item["id"] for item in without}
    assert interface.get("/v1/incidents?sort=clock&limit=3")["items"] == urgent["items"][:3]
    for item in urgent["items"][:5]:
        order = next(order for order in item["orders"] if order["id"] == item["next_clock"]["order"])
        assert order["next_clock"]["due"] == item["next_clock"]["due"]


def test_what_was_owed_names_what_it_is_about(interface: Interface) -> None:
    known = {order["id"]: order for order in interface.pages("/v1/orders?state=all", 1000)}
    for entry in interface.pages("/v1/ledger?state=all", 1000):
        order = known.get(entry["order"])
        if order is not None:
            assert entry["incident"] == order["incident"]
        assert entry["late_ms"] >= 0 and entry["at"] >= entry["due"]


def test_ground_that_the_city_has(interface: Interface) -> None:
    districts = interface.get("/v1/districts")["items"]
    homes = {unit["home"]: unit["home_name"] for unit in interface.pages("/v1/units", 1000)}
    named = {district["id"]: district["name"] for district in districts}
    assert homes.items() <= named.items()
    assert all(len(district["ring"]) >= 3 for district in districts)
