//! Orders as readers see them: where they stand, which clocks run on them.

use super::{Heard, View, behind};
use crate::event::{Event, OrderIssued};
use crate::id::{EventId, IncidentId, OrderId, UnitId};
use crate::incident::NeedState;
use crate::moment::Moment;
use crate::order::{Deadlines, OrderState, Rung};
use serde::{Deserialize, Serialize};

/// An order that is open, or whose incident was closed within a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderView {
    /// As it was issued.
    pub issued: OrderIssued,
    /// The event that issued it.
    pub event: EventId,
    /// When.
    pub at: Moment,
    /// The incident it serves now; another than it was issued for once that was merged.
    pub incident: IncidentId,
    /// Index among that incident's needs.
    pub need: u8,
    /// Where it stands.
    pub state: OrderState,
    /// The rung of the ladder that was told last.
    pub rung: Rung,
    /// The clocks that still run.
    pub clocks: Deadlines,
    /// When it came to an end.
    pub ended_at: Option<Moment>,
}

impl View {
    /// An order that is open, or whose incident was closed within a day.
    pub fn order(&self, order: OrderId) -> Option<&OrderView> {
        self.orders.get(&order)
    }

    /// All open orders.
    pub fn open_orders(&self) -> impl Iterator<Item = (OrderId, &OrderView)> {
        self.open_orders_after(None)
    }

    /// Open orders in the order of their ids, after `after`.
    pub fn open_orders_after(
        &self,
        after: Option<OrderId>,
    ) -> impl Iterator<Item = (OrderId, &OrderView)> {
        self.orders_open
            .range(behind(after))
            .filter_map(|id| Some((*id, self.orders.get(id)?)))
    }

    /// Orders that are open or whose incident was closed within a day, in the order of their ids, after `after`.
    pub fn orders_after(
        &self,
        after: Option<OrderId>,
    ) -> impl Iterator<Item = (OrderId, &OrderView)> {
        self.orders
            .range(behind(after))
            .map(|(&id, order)| (id, order))
    }

    /// The outbox: open orders that nobody has acknowledged. They are delivered again after a restart.
    pub fn outbox(&self) -> impl Iterator<Item = (OrderId, &OrderView)> {
        self.open_orders()
            .filter(|(_, order)| order.state == OrderState::Issued)
    }

    pub(super) fn hear_of_order(&mut self, event: &Event, heard: Heard<'_>, index: u32) {
        if let Event::OrderIssued(issued) = *event {
            self.enter_order(issued, heard, index);
        } else if let Event::OrderMoved {
            order, unit, to, ..
        } = *event
        {
            if !to.is_open() {
                self.end_order(order, unit, heard.at);
            }
            self.change_order(order, |known| {
                known.state = to;
                for &clock in to.stops() {
                    *known.clocks.slot(clock) = None;
                }
            });
        } else if let Event::LadderClimbed {
            order,
            rung,
            next_due,
            ..
        } = *event
        {
            self.change_order(order, |known| {
                (known.rung, known.clocks.acknowledge) = (rung, next_due);
            });
        } else if let Event::ClockMissed { order, clock, .. } = *event {
            self.change_order(order, |known| *known.clocks.slot(clock) = None);
        } else if let Event::OrderTransferred {
            order, into, need, ..
        } = *event
        {
            self.transfer(order, into, need);
        }
    }

    fn enter_order(&mut self, issued: OrderIssued, heard: Heard<'_>, index: u32) {
        let order = OrderView {
            issued,
            event: self.event_id(issued.order.centre(), heard.sequence, index),
            at: heard.at,
            incident: issued.incident,
            need: issued.need,
            state: OrderState::Issued,
            rung: Rung::Primary,
            clocks: issued.deadlines,
            ended_at: None,
        };
        if let Some((_, due)) = order.clocks.nearest() {
            self.due.insert((due, issued.order));
        }
        self.orders.insert(issued.order, order);
        self.orders_open.insert(issued.order);
        if let Some(incident) = self.incidents.get_mut(&issued.incident) {
            incident.orders.push(issued.order);
        }
        if let Some(unit) = self.units.get_mut(&issued.unit) {
            unit.orders.push(issued.order);
        }
    }

    fn end_order(&mut self, order: OrderId, unit: UnitId, at: Moment) {
        self.orders_open.remove(&order);
        self.change_order(order, |known| {
            known.clocks = Deadlines::default();
            known.ended_at = Some(at);
        });
        if let Some(unit) = self.units.get_mut(&unit) {
            unit.orders.retain(|&open| open != order);
        }
    }

    fn transfer(&mut self, order: OrderId, into: IncidentId, need: u8) {
        let Some(known) = self.orders.get_mut(&order) else {
            return;
        };
        let (from, left_need) = (known.incident, usize::from(known.need));
        (known.incident, known.need) = (into, need);
        let mut state = NeedState::Ordered;
        if let Some(left) = self.incidents.get_mut(&from) {
            left.orders.retain(|&known| known != order);
            // Met by who has arrived, or by a desk that has acknowledged: it is so for the other incident too.
            state = left.needs.get(left_need).map_or(state, |need| need.state);
        }
        if let Some(joined) = self.incidents.get_mut(&into) {
            joined.orders.push(order);
        }
        self.waiting.remove(&(into, need));
        self.change_need(into, need, |known| {
            (known.state, known.shortage, known.order) = (state, None, Some(order));
            known.waits_since = None;
        });
    }

    /// Changes an order and keeps its place among the clocks.
    fn change_order(&mut self, order: OrderId, change: impl FnOnce(&mut OrderView)) {
        let Some(known) = self.orders.get_mut(&order) else {
            return;
        };
        let before = known.clocks.nearest().map(|(_, due)| due);
        change(known);
        let after = known.clocks.nearest().map(|(_, due)| due);
        if before != after {
            if let Some(due) = before {
                self.due.remove(&(due, order));
            }
            if let Some(due) = after {
                self.due.insert((due, order));
            }
        }
    }
}
