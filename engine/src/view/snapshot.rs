//! The view as bytes, and back: what readers go on from without hearing every record again.
//!
//! Written is what was heard; what follows from it (names, what is open, which clock is next) is built anew. What is
//! read may be damaged or made up: lists are held to their bounds, what points at something must find it, and no way
//! through merges may lead in a circle.

use super::{CALLS_MAX, IncidentView, OrderView, View, incident, major};
use crate::id::{IncidentId, OrderId};
use crate::limits::NEEDS_PER_INCIDENT_MAX;
use crate::major::IncidentClock;
use crate::moment::Moment;
use crate::order::OrderClock;
use crate::saved::{LoadError, Parts, append, ensure, ensure_count, ensure_moment};
use std::collections::BTreeMap;

/// Times that are times, no longer a list than there can be, and nothing owed of what is closed.
fn ensure_conduct(incident: &IncidentView) -> Result<(), LoadError> {
    let known = &incident.conduct;
    let running = known.major.map(|major| major.clocks).unwrap_or_default();
    let clocks = IncidentClock::ALL.iter();
    let clocks = clocks.flat_map(|&clock| [running.get(clock), known.overdue.get(clock)]);
    let since = known.major.map(|major| major.since);
    let awaited = known.close_awaited.map(|(since, _)| since);
    let upward = known.upward.iter().flatten();
    let told = upward.clone().map(|told| Some(told.at));
    for at in clocks.chain([since, awaited]).chain(told).flatten() {
        ensure_moment(at, "incidents")?;
    }
    for told in upward {
        ensure(told.records.len() <= major::TOLD_MAX, "incidents", || {
            "one names more reports upward than are kept".into()
        })?;
    }
    ensure(
        incident.is_open() || known.nearest().is_none() && awaited.is_none(),
        "incidents",
        || "one is closed and still owes something".into(),
    )?;
    ensure(
        known.situations.len() <= major::SITUATIONS_MAX,
        "incidents",
        || "one names more situation reports than are kept".into(),
    )
}

impl View {
    /// Appends what it knows.
    pub fn save(&self, out: &mut Vec<u8>) {
        append(self, out);
    }

    /// The view that was saved: it goes on hearing as the other would have.
    pub fn load(bytes: &[u8]) -> Result<View, LoadError> {
        let mut parts = Parts(bytes);
        let mut view: View = parts.take("view")?;
        parts.end()?;
        view.ensure_bounds()?;
        view.ensure_orders()?;
        view.ensure_closed()?;
        view.ledger.index()?;
        view.acts.ensure_sound()?;
        view.humans.index()?;
        view.index();
        Ok(view)
    }

    fn ensure_bounds(&self) -> Result<(), LoadError> {
        ensure_moment(self.now, "time")?;
        for count in [self.calls_taken, self.refused_calls]
            .into_iter()
            .chain(self.counters.counts())
        {
            ensure_count(count, "counters")?;
        }
        for figures in self.counters.upward.values() {
            let parts = figures.late.max(figures.incomplete);
            ensure(parts <= figures.given, "counters", || {
                format!("{parts} of {} reports upward", figures.given)
            })?;
        }
        let most = CALLS_MAX.min(usize::try_from(self.calls_taken).unwrap_or(CALLS_MAX));
        ensure(self.calls.len() <= most, "calls", || {
            format!("{} are listed; at most {most} can be", self.calls.len())
        })?;
        for (id, known) in &self.incidents {
            let most = incident::REPORTS_MAX;
            ensure(known.reports.len() <= most, "incidents", || {
                format!("incident {id} names more than {most} reports")
            })?;
            ensure(
                known.needs.len() <= NEEDS_PER_INCIDENT_MAX,
                "incidents",
                || format!("incident {id} needs {} units", known.needs.len()),
            )?;
            ensure_moment(known.opened_at, "incidents")?;
            for since in known.needs.iter().filter_map(|need| need.waits_since) {
                ensure_moment(since, "incidents")?;
            }
            ensure_conduct(known)?;
            ensure(known.calls <= u32::MAX / 2, "incidents", || {
                format!("{} calls point to incident {id}", known.calls)
            })?;
        }
        Ok(())
    }

    /// An order is listed by its incident, once, and by its unit while it is open.
    fn ensure_orders(&self) -> Result<(), LoadError> {
        let mut listed = 0;
        for (id, known) in &self.incidents {
            listed += known.orders.len();
            for order in &known.orders {
                let found = self.orders.get(order);
                ensure(
                    found.is_some_and(|order| order.incident == *id),
                    "orders",
                    || format!("incident {id} lists {order}, which serves another or is gone"),
                )?;
            }
        }
        ensure(listed == self.orders.len(), "orders", || {
            format!("{listed} are listed of {}", self.orders.len())
        })?;
        let mut open: BTreeMap<OrderId, usize> = BTreeMap::new();
        for (id, unit) in &self.units {
            for order in &unit.orders {
                *open.entry(*order).or_default() += 1;
                let found = self.orders.get(order);
                ensure(
                    found.is_some_and(|order| order.issued.unit == *id && order.state.is_open()),
                    "units",
                    || format!("unit {id} lists {order}, which is another's or has ended"),
                )?;
            }
        }
        for (id, order) in &self.orders {
            ensure_moment(order.at, "orders")?;
            for &clock in OrderClock::ALL {
                let due = order.clocks.get(clock);
                due.map_or(Ok(()), |due| ensure_moment(due, "orders"))?;
            }
            let times = open.get(id).copied().unwrap_or(0);
            ensure(
                times == usize::from(order.state.is_open()),
                "orders",
                || format!("order {id} is listed {times} times by its unit"),
            )?;
        }
        Ok(())
    }

    /// What is closed is listed once, in its order; a merge leads to what was closed later or is open.
    fn ensure_closed(&self) -> Result<(), LoadError> {
        let mut places: BTreeMap<IncidentId, usize> = BTreeMap::new();
        for (place, (at, id)) in self.incidents_closed.iter().enumerate() {
            ensure_moment(*at, "closed incidents")?;
            let known = self.incidents.get(id);
            let closed = known.and_then(|known| known.closed);
            ensure(
                closed.map(|(at, _)| at) == Some(*at) && places.insert(*id, place).is_none(),
                "closed incidents",
                || format!("incident {id} is not closed so, or is listed twice"),
            )?;
        }
        for (id, known) in &self.incidents {
            let place = places.get(id);
            ensure(
                known.is_open() == place.is_none(),
                "closed incidents",
                || format!("incident {id} is not listed"),
            )?;
            if let Some(into) = known.merged_into {
                let ahead = self.incidents.contains_key(&into)
                    && places.get(&into).is_none_or(|into| Some(into) > place);
                ensure(place.is_some() && ahead, "closed incidents", || {
                    format!("incident {id} was merged into one that is gone or closed before it")
                })?;
            }
        }
        Ok(())
    }

    /// Builds what follows from the rest.
    fn index(&mut self) {
        let units = self.units.iter();
        self.names = units
            .map(|(&id, unit)| (unit.definition.name.to_string(), id))
            .collect();
        let incidents = self.incidents.iter();
        let open = incidents.filter(|(_, known)| known.is_open());
        self.incidents_open = open.map(|(&id, _)| id).collect();
        let orders = self.orders.iter();
        let open = orders.filter(|(_, order)| order.state.is_open());
        self.orders_open = open.map(|(&id, _)| id).collect();
        let nearest = |(&id, order): (&OrderId, &OrderView)| -> Option<(Moment, OrderId)> {
            Some((order.clocks.nearest()?.1, id))
        };
        self.due = self.orders.iter().filter_map(nearest).collect();
        let incidents = self.incidents.iter();
        let due = incidents.filter_map(|(&id, known)| Some((known.conduct.nearest()?, id)));
        self.incidents_due = due.collect();
        for (&id, known) in &self.incidents {
            for (index, need) in (0..).zip(&known.needs) {
                if need.waits_for_a_unit() {
                    self.waiting.insert((id, index));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a test says what is wrong by its panic

    use super::*;
    use crate::major::UpwardStage;
    use crate::view::UpwardFigures;

    /// A part that is more than its whole would be taken from it below nothing.
    #[test]
    fn more_late_reports_than_came_are_refused() {
        let mut view = View::new();
        let figures = UpwardFigures {
            given: 2,
            late: 2,
            ..UpwardFigures::default()
        };
        view.counters.upward.insert(UpwardStage::First, figures);
        let saved = |view: &View| {
            let mut bytes = Vec::new();
            view.save(&mut bytes);
            bytes
        };
        assert_eq!(View::load(&saved(&view)).unwrap(), view);
        view.counters
            .upward
            .get_mut(&UpwardStage::First)
            .unwrap()
            .late = 3;
        assert!(View::load(&saved(&view)).is_err());
    }
}
