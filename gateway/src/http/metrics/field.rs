//! The field: calls, incidents, needs, orders, clocks, the ledger, units. All of it as the view has it, at one sequence.

use super::Writer;
use crate::exchange::Exchange;
use crate::http::show::minute_of_day;
use engine::call::Outcome;
use engine::event::{LedgerMatter, Refusal};
use engine::incident::{CloseReason, Shortage};
use engine::kind::Agency;
use engine::order::{OrderClock, OrderState, Rung};
use engine::runtime::port::Conservation;
use engine::view::{AgencyClocks, Census, Counters};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub(super) fn write(writer: &mut Writer<'_>, exchange: &Exchange) -> fmt::Result {
    let (counters, conservation, census) = {
        let view = exchange.feed.view();
        let census = view.census(minute_of_day(exchange, &view));
        (view.counters().clone(), view.conservation(), census)
    };
    calls(writer, &counters, &conservation)?;
    incidents(writer, &counters, &conservation, &census)?;
    orders(writer, &counters, &conservation, &census)?;
    ledger(writer, &counters, &census)?;
    super::conduct::write(writer, &counters)?;
    units(writer, &census)
}

/// Every value of a vocabulary with its count, zeros too: a series that is not there raises no alarm.
fn all<'a, K: Ord + Copy>(
    label: &'a str,
    values: &'a [K],
    code: impl Fn(K) -> &'static str + 'a,
    counts: &'a BTreeMap<K, u64>,
) -> impl Iterator<Item = ([(&'a str, &'a str); 1], u64)> {
    values.iter().map(move |&value| {
        let count = counts.get(&value).copied().unwrap_or(0);
        ([(label, code(value))], count)
    })
}

fn calls(writer: &mut Writer<'_>, counters: &Counters, sums: &Conservation) -> fmt::Result {
    writer.counters(
        "liandong_calls",
        "New calls by what became of them",
        all("outcome", Outcome::ALL, Outcome::code, &counters.outcomes),
    )?;
    writer.counters(
        "liandong_refusals",
        "Commands that the core did not carry out",
        all("reason", Refusal::ALL, Refusal::code, &counters.refusals),
    )?;
    writer.counter(
        "liandong_keys_repeated",
        "Keys that came again",
        counters.repeated,
    )?;
    writer.counter(
        "liandong_keys_conflicting",
        "Keys that came again with another body",
        counters.conflicts,
    )?;
    writer.counter(
        "liandong_calls_accepted",
        "Keys that were taken for the first time",
        sums.accepted,
    )?;
    writer.counter(
        "liandong_calls_refused",
        "Keys that were taken and that the core refused",
        sums.refused,
    )?;
    writer.gauge(
        "liandong_conservation_holds",
        "1 while every accepted key is exactly one of decided and refused",
        u64::from(sums.holds()),
    )?;
    writer.counter(
        "liandong_events",
        "Events that were released",
        counters.events,
    )
}

fn incidents(
    writer: &mut Writer<'_>,
    counters: &Counters,
    sums: &Conservation,
    census: &Census,
) -> fmt::Result {
    writer.gauge(
        "liandong_incidents_open",
        "Incidents that are open now",
        sums.incidents_open,
    )?;
    writer.counter(
        "liandong_incidents_opened",
        "Incidents that were opened",
        counters.incidents_opened,
    )?;
    writer.counter(
        "liandong_incidents_reopened",
        "Incidents that were closed or merged and are handled again",
        counters.incidents_reopened,
    )?;
    writer.counters(
        "liandong_incidents_closed",
        "Incidents that were closed, by why",
        all(
            "reason",
            CloseReason::ALL,
            CloseReason::code,
            &counters.incidents_closed,
        ),
    )?;
    let wanting = Shortage::ALL.iter().copied();
    let wanting: Vec<_> = wanting
        .filter(|shortage| shortage.is_for_want_of_a_unit())
        .collect();
    writer.gauges(
        "liandong_needs_waiting",
        "Needs that have no unit now, by why",
        all("shortage", &wanting, Shortage::code, &census.waiting),
    )
}

fn orders(
    writer: &mut Writer<'_>,
    counters: &Counters,
    sums: &Conservation,
    census: &Census,
) -> fmt::Result {
    writer.gauge(
        "liandong_orders_open",
        "Orders that are open now",
        sums.orders_open,
    )?;
    writer.gauge(
        "liandong_outbox_orders",
        "Orders that are out and that nobody has acknowledged",
        census.outbox,
    )?;
    writer.counter(
        "liandong_orders_issued",
        "Orders that were issued",
        counters.orders_issued,
    )?;
    writer.counters(
        "liandong_orders_moved",
        "Orders by the state they came to",
        all(
            "state",
            OrderState::ALL,
            OrderState::code,
            &counters.orders_moved,
        ),
    )?;
    clocks(writer, counters, census)?;
    writer.counters(
        "liandong_ladder_rungs",
        "Rungs of the ladder that were climbed",
        all("rung", Rung::ALL, Rung::code, &counters.rungs),
    )
}

fn clocks(writer: &mut Writer<'_>, counters: &Counters, census: &Census) -> fmt::Result {
    // Who has units now, and who had when a clock ended.
    let now = census.units.keys().map(|&(agency, _)| agency);
    let then = counters.clocks_by_agency.keys().map(|&(agency, _)| agency);
    let agencies: BTreeSet<Agency> = now.chain(then).collect();
    let ended = |of: fn(&AgencyClocks) -> u64| {
        let pairs = agencies
            .iter()
            .flat_map(|&agency| OrderClock::ALL.iter().map(move |&clock| (agency, clock)));
        let values: Vec<_> = pairs
            .map(|(agency, clock)| {
                let count = counters.clocks_by_agency.get(&(agency, clock)).map(of);
                let labels = [("agency", agency.code()), ("clock", clock.code())];
                (labels, count.unwrap_or(0))
            })
            .collect();
        values
    };
    writer.counters(
        "liandong_clocks_met",
        "Deadlines that were kept",
        ended(|clocks| clocks.met),
    )?;
    writer.counters(
        "liandong_clocks_missed",
        "Deadlines that ran out",
        ended(|clocks| clocks.missed),
    )
}

fn ledger(writer: &mut Writer<'_>, counters: &Counters, census: &Census) -> fmt::Result {
    let (matters, code) = (LedgerMatter::ALL, LedgerMatter::code);
    writer.counters(
        "liandong_ledger_entries",
        "Entries of the ledger, by what was owed",
        all("matter", matters, code, &counters.ledger),
    )?;
    writer.gauges(
        "liandong_ledger_open",
        "Entries of the ledger that are not settled",
        all("matter", matters, code, &census.ledger_open),
    )?;
    let settled: BTreeMap<_, _> = counters
        .ledger
        .iter()
        .map(|(matter, entered)| {
            let open = census.ledger_open.get(matter).copied().unwrap_or(0);
            (*matter, entered.saturating_sub(open))
        })
        .collect();
    writer.counters(
        "liandong_ledger_settled",
        "Entries of the ledger that are settled",
        all("matter", matters, code, &settled),
    )
}

fn units(writer: &mut Writer<'_>, census: &Census) -> fmt::Result {
    let counts = census.units.iter().map(|(&(agency, status), &count)| {
        let labels = [("agency", agency.code()), ("status", status.code())];
        (labels, count)
    });
    writer.gauges(
        "liandong_units",
        "Units by what they do now; of agencies that have any",
        counts,
    )
}
