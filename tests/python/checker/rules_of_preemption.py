"""Promises about units that are called away from what is less urgent (R2)."""

from typing import Any, Iterator

from .centre import Centre
from .export import Record
from .ranks import decliners, nearest, way_ms

Findings = Iterator[str]


def plan_lets_it(centre: Centre, record: Record, event: Any) -> Findings:
    """Who is called away is on its way, was not sent by a person, and the plan lets the one priority take from the other; no
    incident loses units more often than it says. A new order for the unit follows."""
    order, rules = centre.orders.get(event["order"]), centre.plan.preemption
    loser, taker = centre.incidents.get(event["from"]), centre.incidents.get(event["into"])
    if order is None or loser is None or taker is None:
        yield f"unit {event['unit']} is called away from an unknown order or incident"
        return
    if order.unit != event["unit"] or order.incident != event["from"]:
        yield f"unit {event['unit']} is called away from order {order.identity}, which is not its own"
    if order.state not in ("issued", "acknowledged", "set_off"):
        yield f"order {order.identity} is {order.state}, and its unit is called away"
    if order.by_hand:
        yield f"order {order.identity} was given by a person, and its unit is called away"
    if loser.priority not in rules.get(f"priority_{taker.priority}_from", []):
        yield f"priority {taker.priority} takes {event['unit']} from priority {loser.priority}; the plan has no such pair"
    if loser.bumps >= rules.get("bumps_max", 0):
        yield f"incident {loser.identity} loses a unit for the {loser.bumps + 1}th time"
    sent = [
        it
        for name, it in record.events
        if name == "order_issued" and it["unit"] == event["unit"] and it["incident"] == event["into"]
    ]
    if not sent:
        yield f"unit {event['unit']} is called away for {event['into']} and not sent there"


def it_is_worth_it(centre: Centre, record: Record, event: Any) -> Findings:
    """Whoever was called away is there sooner, by the plan's least gain, than whoever is free."""
    if event["choice"] != "preemption":
        return
    called = [it for name, it in record.events if name == "unit_preempted" and it["unit"] == event["unit"]]
    if not called:
        yield f"order {event['order']} is chosen as `preemption`, and nobody was called away"
    incident, unit = centre.incidents.get(event["incident"]), centre.units.get(event["unit"])
    if incident is None or unit is None:
        return
    said_no = decliners(centre, event["previous"]) | {unit.identity}
    best = nearest(centre, incident, event["capability"], said_no)
    if best is None:
        return
    free = best[1]
    free_ms = way_ms(centre, free, incident, event["capability"]) + free.turnout_ms
    called_ms = way_ms(centre, unit, incident, event["capability"]) + unit.turnout_ms
    if called_ms + centre.plan.preemption["least_gain_s"] * 1000 > free_ms:
        yield (
            f"order {event['order']} calls {unit.name} away ({called_ms} ms), and {free.name} is free and there in {free_ms} ms"
        )
