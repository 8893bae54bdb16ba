"""Promises about the whole: nothing appears from nowhere, nothing is lost, no key is decided twice."""

from typing import Any, Callable, Iterator

from .centre import Centre
from .export import Record, moment
from .rules_of_needs import NEEDS_MAX

Findings = Iterator[str]


class Keys:
    """One decision per key (N2): what each key's first record was."""

    def __init__(self) -> None:
        self._first: dict[tuple[int, ...], tuple[int, str, Any]] = {}

    def one_decision_per_key(self, _centre: Centre, record: Record) -> Findings:
        """A key's first call is taken and decided once; each later one repeats that decision and takes no call."""
        if record.command != "take_call":
            return
        key, body = tuple(record.value["key"]), record.value["body"]
        taken = [event["call"] for name, event in record.events if name == "call_taken"]
        repeats = [event for name, event in record.events if name == "call_repeated"]
        first = self._first.get(key)
        if first is None:
            if repeats:
                yield f"the key is new, yet it is answered as call {repeats[0]['call']} of {repeats[0]['first']}"
            if len(taken) == 1:
                self._first[key] = (record.seq, taken[0], body)
            return
        seq, call, first_body = first
        if taken:
            yield f"the key of record {seq} (call {call}) is taken again as call {taken[0]}"
        elif len(repeats) != 1:
            yield f"the key of record {seq} (call {call}) comes again and is not answered with that decision"
        else:
            repeat = repeats[0]
            if (repeat["call"], repeat["first"]) != (call, seq):
                yield f"the key of call {call} in {seq} is answered as {repeat['call']} in {repeat['first']}"
            if repeat["conflict"] != (body != first_body):
                yield f"the body is {'another' if body != first_body else 'the same'}, conflict is {repeat['conflict']}"


def every_call_is_decided_once(_centre: Centre, record: Record) -> Findings:
    """A record that takes a call decides that call, once, and no other (conservation)."""
    taken = [event["call"] for name, event in record.events if name == "call_taken"]
    decided = [event["call"] for name, event in record.events if name == "call_decided"]
    refused = any(name == "refused" for name, _ in record.events)
    repeated = any(name == "call_repeated" for name, _ in record.events)
    if taken != decided:
        yield f"calls {taken} were taken, {decided} decided"
    if record.command == "take_call" and len(taken) + refused + repeated != 1:
        yield f"a call came and was {len(taken)} times taken, {repeated:d} repeated, {refused:d} refused"
    if record.command != "take_call" and taken:
        yield f"calls {taken} were taken by a {record.command}"


def decision_says_what_happened(centre: Centre, record: Record) -> Findings:
    """The outcome is the one that the record's other events show."""
    for name, event in record.events:
        if name != "call_decided":
            continue
        issued = sum(name == "order_issued" and it["incident"] == event["incident"] for name, it in record.events)
        joined = [other["incident"] for other_name, other in record.events if other_name == "incident_joined"]
        opened = [other["incident"] for other_name, other in record.events if other_name == "incident_opened"]
        if event["outcome"] == "ordered" and not issued:
            yield f"call {event['call']} is decided `ordered`, yet no order was issued"
        if event["outcome"] == "merged" and event["incident"] not in joined:
            yield f"call {event['call']} is decided `merged` into {event['incident']}, which it did not join"
        if any(other == "need_refused" for other, _ in record.events) and not event["human"]:
            yield f"call {event['call']} needs more than its incident can have, and is put before nobody"
        if event["incident"] is not None and event["incident"] not in joined + opened:
            yield f"call {event['call']} points to {event['incident']}, which it neither opened nor joined"
        if event["incident"] is not None and event["incident"] not in centre.incidents:
            yield f"call {event['call']} points to {event['incident']}, which nobody opened"


def ids_are_new(centre: Centre, _record: Record, event: Any) -> Findings:
    """An id is never given twice."""
    if "incident" in event and "kind" in event and event["incident"] in centre.incidents:
        yield f"incident {event['incident']} is opened a second time"
    elif "call" in event and len(event) == 1 and event["call"] in centre.calls:
        yield f"call {event['call']} is taken a second time"


class Line:
    """Sequences count up by one, and time never goes back."""

    def __init__(self) -> None:
        self._seq = 0
        self._at = -(2**63)

    def records_follow_each_other(self, _centre: Centre, record: Record) -> Findings:
        """No record is missing, none comes twice, none is older than the one before."""
        if self._seq and record.seq != self._seq + 1:
            yield f"record {record.seq} follows record {self._seq}"
        if record.at < self._at:
            yield f"time goes back from {moment(self._at)} to {moment(record.at)}"
        self._seq, self._at = record.seq, record.at


_MAY_FOLLOW = {
    "need_waits": ("opened", "waiting", "ordered", "met"),
    "need_met": ("ordered",),
    "need_done": ("ordered", "met"),
    "need_dropped": ("opened", "waiting", "ordered", "met"),
}


def needs_live_once_at(name: str) -> Callable[[Centre, Record, Any], Findings]:
    """The rule for one kind of event in the life of a need."""

    def needs_live_once(centre: Centre, _record: Record, event: Any) -> Findings:
        """A need is opened once, and ends once: done or dropped (conservation)."""
        incident = centre.incidents.get(event["incident"])
        if incident is None:
            yield f"{name} of incident {event['incident']}, which nobody opened"
            return
        need = incident.needs.get(event["need"])
        if name == "need_opened":
            if need is not None:
                yield f"need {event['need']} of {incident.identity} is opened a second time"
        elif need is None:
            yield f"{name}: need {event['need']} of {incident.identity} was never opened"
        elif need.state not in _MAY_FOLLOW[name]:
            yield f"{name}: need {event['need']} of {incident.identity} is {need.state}"

    return needs_live_once


def need_is_refused_only_when_full(centre: Centre, _record: Record, event: Any) -> Findings:
    """An incident is refused a need only when it has had as many as it can."""
    incident = centre.incidents.get(event["incident"])
    had = len(incident.needs) if incident else 0
    if had < NEEDS_MAX or event["count"] < 1:
        yield f"incident {event['incident']} is refused {event['count']} x {event['capability']} after {had} needs"


def needs_are_accounted_for(centre: Centre, _last: Record) -> Findings:
    """At the end each need is ended, served by an open order, or waits: none was forgotten (conservation)."""
    for incident in centre.incidents.values():
        for index, need in incident.needs.items():
            if need.state in ("done", "dropped", "waiting"):
                continue
            holder = centre.orders.get(need.holder) if need.holder else None
            if holder is None:
                yield f"need {index} of {incident.identity} was opened, and neither served nor put to wait"
            elif need.state == "ordered" and holder.state in ("declined", "reassigned", "cancelled", "preempted"):
                yield f"need {index} of {incident.identity} lost order {holder.identity} ({holder.state}) and nobody cares"
