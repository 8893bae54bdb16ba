"""Promises about units that are called away from what is less urgent (R2)."""

from typing import Any, Iterator

from .centre import Centre
from .export import Record
from .ranks import comes_in_ms, decliners

Findings = Iterator[str]


def plan_lets_it(centre: Centre, record: Record, event: Any) -> Findings:
    """Who is called away is a vehicle with this one order, on its way, was not sent by a person, and the plan lets the one priority
    take from the other; no incident loses units more often than it says. A new order for the unit follows."""
    order, rules = centre.orders.get(event["order"]), centre.plan.preemption
    loser, taker = centre.incidents.get(event["from"]), centre.incidents.get(event["into"])
    if order is None or loser is None or taker is None:
        yield f"unit {event['unit']} is called away from an unknown order or incident"
        return
    if order.unit != event["unit"] or order.incident != event["from"]:
        yield f"unit {event['unit']} is called away from order {order.identity}, which is not its own"
    if order.state not in ("issued", "acknowledged", "set_off"):
        yield f"order {order.identity} is {order.state}, and its unit is called away"
    unit = centre.units.get(event["unit"])
    if unit is not None and (not unit.travels or len(unit.open_orders) != 1 or order.capability.startswith("desk_")):
        yield f"unit {unit.name} is called away and has {len(unit.open_orders)} orders, this one for {order.capability}"
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
    """Whoever was called away comes by some way, and sooner by the plan's least gain than anybody who is free; what the plan adds to
    the time of free ones counts for nothing, and whom no way leads from is not free."""
    if event["choice"] != "preemption":
        return
    called = [it for name, it in record.events if name == "unit_preempted" and it["unit"] == event["unit"]]
    if not called:
        yield f"order {event['order']} is chosen as `preemption`, and nobody was called away"
    incident, unit = centre.incidents.get(event["incident"]), centre.units.get(event["unit"])
    if incident is None or unit is None:
        return
    gain_ms = centre.plan.preemption.get("least_gain_s", 0) * 1000
    called_ms = comes_in_ms(centre, unit, incident, event["capability"])
    if called_ms is None:
        yield f"order {event['order']} calls {unit.name} away, from where no way leads to {incident.identity}"
        return
    said_no = decliners(centre, event["previous"]) | {unit.identity}
    for free in centre.able_to(event["capability"]):
        if not free.available() or not free.travels or free.identity in said_no:
            continue
        free_ms = comes_in_ms(centre, free, incident, event["capability"])
        if free_ms is not None and called_ms + gain_ms > free_ms:
            yield (
                f"order {event['order']} calls {unit.name} away ({called_ms} ms), and {free.name} is free and there in "
                f"{free_ms} ms"
            )
            return
