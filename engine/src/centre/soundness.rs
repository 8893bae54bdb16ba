//! What must be true of a state between two commands, whoever made it. A state that was read from a file is held against
//! all of it before anything is decided from it: a number that points nowhere would stop the centre later, a circle in a
//! list for ever. The tests hold every state they make against the same.

use super::needs::{queue_node, queue_of};
use super::state::{DueOf, State};
use super::units::is_sound;
use crate::capability::Capability;
use crate::id::{NUMBER_MAX, OrderId};
use crate::incident::{Incident, IncidentState, Need, NeedState};
use crate::major::{IncidentClock, UpwardStage};
use crate::moment::Span;
use crate::order::OrderClock;
use crate::saved::{LoadError, ensure, ensure_count, ensure_moment, ensure_sequence, wrong};
use crate::table::Slot;
use std::collections::BTreeSet;

impl State {
    /// Refuses a state that contradicts itself.
    pub(super) fn ensure_sound(&self) -> Result<(), LoadError> {
        self.ensure_numbers()?;
        self.ensure_units()?;
        self.ensure_orders()?;
        self.ensure_incidents()?;
        self.ensure_closed()?;
        self.ensure_clocks()?;
        self.ensure_waiting()
    }

    /// Without a plan and a city nothing was ever decided.
    pub(super) fn ensure_decided_with(&self, objects: bool) -> Result<(), LoadError> {
        let empty = self.units.is_empty()
            && self.calls.next() == 1
            && self.incidents.is_empty()
            && self.orders.is_empty()
            && self.hospitals.is_empty();
        ensure(objects || empty, "objects", || {
            "something was decided without a plan or a city".into()
        })
    }

    fn ensure_numbers(&self) -> Result<(), LoadError> {
        ensure_moment(self.now, "time")?;
        ensure_sequence(self.sequence)?;
        let numbers = self.numbers;
        for (last, what) in [
            (numbers.call, "call"),
            (numbers.incident, "incident"),
            (numbers.order, "order"),
        ] {
            ensure(last <= NUMBER_MAX, "numbers", || {
                format!("{last} is no number of a {what}")
            })?;
        }
        ensure(self.calls.next() == numbers.call + 1, "numbers", || {
            format!(
                "the last call is {}, the next {}",
                numbers.call,
                self.calls.next()
            )
        })?;
        for (number, call) in self.calls.iter() {
            ensure_moment(call.taken_at, "calls")?;
            ensure(call.taken <= self.sequence, "calls", || {
                format!("call {number} was taken by record {}", call.taken)
            })?;
        }
        let sums = self.conservation;
        for count in [sums.accepted, sums.repeated, sums.conflicts] {
            ensure_count(count, "conservation")?;
        }
        // The sum of parts that are each below the whole cannot overflow a wider integer.
        let parts = [
            sums.ordered,
            sums.merged,
            sums.forwarded,
            sums.work_order,
            sums.human,
            sums.waiting,
            sums.refused,
        ];
        let sum: u128 = parts.iter().copied().map(u128::from).sum();
        ensure(sum == u128::from(sums.accepted), "conservation", || {
            format!("{} calls were accepted, {sum} decided", sums.accepted)
        })?;
        ensure(
            self.passed_over.len() == Capability::ALL.len(),
            "grants past service calls",
            || format!("{} are listed", self.passed_over.len()),
        )
    }

    /// Each unit is known by one name and lists its open orders, newest first.
    fn ensure_units(&self) -> Result<(), LoadError> {
        let mut names = BTreeSet::new();
        let mut listed = 0;
        for (index, unit) in self.units.iter().enumerate() {
            let name = unit.definition.name;
            let say = |what: &str| format!("{name}: {what}");
            ensure(names.insert(name), "units", || say("two have this name"))?;
            ensure(is_sound(&unit.definition), "units", || {
                say("its definition contradicts itself")
            })?;
            ensure_moment(unit.point_at, "units")?;
            let id = self.unit_id(index as u32);
            let mut at = unit.order;
            for _ in 0..unit.open_orders {
                let order = self.order_of(at, "units")?;
                ensure(order.unit == id && order.state.is_open(), "units", || {
                    say("it lists an order that is another's or has ended")
                })?;
                at = order.beside;
            }
            ensure(at.is_none(), "units", || {
                say("it lists more orders than it has open")
            })?;
            listed += u64::from(unit.open_orders);
        }
        ensure(listed == self.orders_open(), "units", || {
            format!("{listed} open orders are listed of {}", self.orders_open())
        })?;
        let mut names = BTreeSet::new();
        ensure(
            self.hospitals.iter().all(|known| names.insert(known.name)),
            "hospitals",
            || "two have one name".into(),
        )
    }

    fn orders_open(&self) -> u64 {
        let orders = self.orders.iter();
        orders.filter(|(_, _, order)| order.state.is_open()).count() as u64
    }

    fn order_of(
        &self,
        order: Option<OrderId>,
        part: &'static str,
    ) -> Result<&crate::order::Order, LoadError> {
        order
            .and_then(|id| self.order_slot(id))
            .map(|slot| self.order(slot))
            .ok_or_else(|| wrong(part, format!("there is no order {order:?}")))
    }

    fn ensure_orders(&self) -> Result<(), LoadError> {
        let open = self.orders_open();
        ensure(self.conservation.orders_open == open, "orders", || {
            format!("{open} are open, {} counted", self.conservation.orders_open)
        })?;
        for (slot, number, order) in self.orders.iter() {
            let say = |what: &str| format!("order {number}: {what}");
            ensure((1..=self.numbers.order).contains(&number), "orders", || {
                say("it was never numbered")
            })?;
            ensure(self.unit(order.unit).is_some(), "orders", || {
                say("its unit is unknown")
            })?;
            ensure_moment(order.issued_at, "orders")?;
            let incident = self.incident_slot(order.incident);
            let incident = incident.map(|slot| self.incident(slot));
            let incident =
                incident.ok_or_else(|| wrong("orders", say("it serves no known incident")))?;
            // One that has ended may be of needs that were there before the incident was reopened.
            if order.state.is_open() {
                let need = incident.needs.get(order.need);
                let need = need.ok_or_else(|| wrong("orders", say("it serves no known need")))?;
                let serves = is_served(need) && need.order == Some(self.order_id(slot));
                ensure(serves, "orders", || say("its need knows nothing of it"))?;
            }
        }
        Ok(())
    }

    /// Each incident lists its orders, newest first, and each order is listed once.
    fn ensure_incidents(&self) -> Result<(), LoadError> {
        let (mut listed, mut open) = (0, 0);
        for (slot, number, incident) in self.incidents.iter() {
            let say = |what: &str| format!("incident {number}: {what}");
            ensure(
                (1..=self.numbers.incident).contains(&number),
                "incidents",
                || say("it was never numbered"),
            )?;
            let (orders, orders_open) = self.orders_of(slot, incident)?;
            listed += orders;
            ensure(
                orders_open == u32::from(incident.orders_open),
                "incidents",
                || say("its open orders do not add up"),
            )?;
            ensure_moment(incident.opened_at, "incidents")?;
            ensure_moment(incident.needed_since, "incidents")?;
            ensure_moment(incident.heard_at, "incidents")?;
            ensure(incident.calls <= u32::MAX / 2, "incidents", || {
                say("more calls than there can be point to it")
            })?;
            ensure(incident.calls_open <= incident.calls, "incidents", || {
                say("more calls are open than point to it")
            })?;
            for (_, need) in incident.needs.iter() {
                for at in [Some(need.deadline), need.owed].into_iter().flatten() {
                    ensure_moment(at, "incidents")?;
                }
                ensure(
                    incident.state == IncidentState::Open || is_over(need),
                    "incidents",
                    || say("it is closed and needs somebody"),
                )?;
                ensure(
                    !is_served(need) || self.order_of(need.order, "incidents")?.state.is_open(),
                    "incidents",
                    || say("a need is served by an order that has ended"),
                )?;
            }
            open += u64::from(incident.state == IncidentState::Open);
        }
        ensure(listed == self.orders.len(), "incidents", || {
            format!("{listed} orders are listed of {}", self.orders.len())
        })?;
        ensure(
            self.conservation.incidents_open == open,
            "incidents",
            || {
                let counted = self.conservation.incidents_open;
                format!("{open} are open, {counted} counted")
            },
        )
    }

    /// How many orders an incident lists, and how many of them are open.
    fn orders_of(&self, slot: Slot, incident: &Incident) -> Result<(u32, u32), LoadError> {
        let id = self.incident_id(slot);
        let (mut listed, mut open) = (0, 0);
        let mut at = incident.order;
        while at.is_some() {
            let order = self.order_of(at, "incidents")?;
            listed += 1;
            open += u32::from(order.state.is_open());
            // A list longer than all orders goes round in a circle.
            ensure(
                order.incident == id && listed <= self.orders.len(),
                "incidents",
                || format!("incident {} lists an order that is another's", id.number()),
            )?;
            at = order.sibling;
        }
        Ok((listed, open))
    }

    /// What is closed is listed once, in the order in which it was closed. A merge leads to what was closed later or is
    /// open, so whoever follows merges comes to an end.
    fn ensure_closed(&self) -> Result<(), LoadError> {
        // By slot: where each is listed.
        let mut places: Vec<Option<u32>> = vec![None; self.incidents.capacity() as usize];
        let mut last = None;
        for (place, &(id, at)) in (0..).zip(&self.closed) {
            ensure_moment(at, "closed incidents")?;
            ensure(last <= Some(at), "closed incidents", || {
                format!("incident {} is out of order", id.number())
            })?;
            last = Some(at);
            let slot = self.incident_slot(id);
            let closed = slot.filter(|&slot| self.incident(slot).state == IncidentState::Closed);
            ensure(
                closed.is_some_and(|slot| places[slot.at()].replace(place).is_none()),
                "closed incidents",
                || format!("incident {} is not closed, or is listed twice", id.number()),
            )?;
        }
        for (slot, number, incident) in self.incidents.iter() {
            let place = places[slot.at()];
            ensure(
                (incident.state == IncidentState::Closed) == place.is_some(),
                "closed incidents",
                || format!("incident {number} is not listed"),
            )?;
            let Some(into) = incident.merged_into else {
                continue;
            };
            // What has left was closed before this; there is no way to it from here.
            let ahead = self
                .incident_slot(into)
                .is_some_and(|into| places[into.at()].is_none_or(|into| Some(into) > place));
            ensure(place.is_some() && ahead, "closed incidents", || {
                format!("incident {number} was merged into one that is gone or closed before it")
            })?;
        }
        Ok(())
    }

    /// Every order with a clock, every open incident and nobody else has a deadline; units may.
    fn ensure_clocks(&self) -> Result<(), LoadError> {
        let mut armed = 0;
        for (slot, number, incident) in self.incidents.iter() {
            let due = self.wheel.due(self.node(DueOf::Incident(slot)));
            armed += u32::from(due.is_some());
            ensure(
                due.is_some() == (incident.state == IncidentState::Open),
                "clocks",
                || format!("incident {number} is open and never looked at again, or the reverse"),
            )?;
            armed += self.ensure_major(slot, number, incident)?;
        }
        for (slot, number, order) in self.orders.iter() {
            for &clock in OrderClock::ALL {
                let due = order.deadlines.get(clock);
                due.map_or(Ok(()), |due| ensure_moment(due, "orders"))?;
            }
            let due = self.wheel.due(self.node(DueOf::Order(slot)));
            let nearest = order.deadlines.nearest();
            armed += u32::from(due.is_some());
            ensure(
                due == nearest.map(|(_, due)| due + Span(1)),
                "clocks",
                || format!("order {number} is not looked at when its nearest clock runs out"),
            )?;
            ensure(nearest.is_none() || order.state.is_open(), "clocks", || {
                format!("order {number} has ended and still has a clock")
            })?;
        }
        for index in 0..self.units.len() as u32 {
            armed += u32::from(self.wheel.due(self.node(DueOf::Unit(index))).is_some());
        }
        for (_, due) in self.wheel.iter() {
            ensure_moment(due, "clocks")?;
        }
        ensure(armed == self.wheel.len(), "clocks", || {
            format!("{} run, {armed} of them for somebody", self.wheel.len())
        })
    }

    /// A major incident is looked at when its nearest clock runs out; how many deadlines that is.
    fn ensure_major(&self, slot: Slot, number: u64, incident: &Incident) -> Result<u32, LoadError> {
        let due = self.wheel.due(self.node(DueOf::Major(slot)));
        let deadlines = incident.major.map(|major| major.deadlines);
        let deadlines = deadlines.unwrap_or_default();
        let nearest = deadlines.nearest();
        for &clock in IncidentClock::ALL {
            let due = deadlines.get(clock);
            due.map_or(Ok(()), |due| ensure_moment(due, "incidents"))?;
        }
        let said = incident.close_said_at;
        said.map_or(Ok(()), |said| ensure_moment(said, "incidents"))?;
        for &stage in UpwardStage::ALL {
            let duty = incident.upward[stage as usize];
            for at in duty
                .owed
                .into_iter()
                .flat_map(|owed| [owed.since, owed.due])
            {
                ensure_moment(at, "incidents")?;
            }
            let running = deadlines.get(stage.clock());
            let awaited = duty.awaited().map(|owed| owed.due);
            ensure(running.is_none() || running == awaited, "clocks", || {
                format!("incident {number} has a clock for a report upward that it does not owe")
            })?;
        }
        ensure(
            due == nearest.map(|(_, due)| due + Span(1)),
            "clocks",
            || format!("incident {number} is not looked at when its nearest clock runs out"),
        )?;
        let is_open = incident.state == IncidentState::Open;
        ensure(nearest.is_none() || is_open, "clocks", || {
            format!("incident {number} is closed and still has a clock")
        })?;
        Ok(u32::from(due.is_some()))
    }

    /// The queues hold what waits for want of a unit, by its rank, and nothing else.
    fn ensure_waiting(&self) -> Result<(), LoadError> {
        let mut waiting = 0;
        for (slot, number, incident) in self.incidents.iter() {
            for (index, need) in incident.needs.iter() {
                let waits =
                    need.state == NeedState::Waiting && need.shortage.is_for_want_of_a_unit();
                waiting += usize::from(waits);
                let rank = self.rank(slot, index);
                let expected = waits.then(|| (queue_of(need.capability, rank.priority), rank));
                ensure(
                    self.queues.waiting(queue_node(slot, index)) == expected,
                    "waiting needs",
                    || format!("need {index} of incident {number} does not stand where it should"),
                )?;
            }
        }
        let listed = self.queues.waiting_all().count();
        ensure(listed == waiting, "waiting needs", || {
            format!("{listed} are listed, {waiting} wait")
        })
    }
}

/// Whether an order is out for a need.
fn is_served(need: &Need) -> bool {
    match need.state {
        NeedState::Ordered | NeedState::Met => true,
        NeedState::Waiting | NeedState::Done | NeedState::Dropped => false,
    }
}

/// Whether nobody is needed any more.
fn is_over(need: &Need) -> bool {
    match need.state {
        NeedState::Done | NeedState::Dropped => true,
        NeedState::Waiting | NeedState::Ordered | NeedState::Met => false,
    }
}
