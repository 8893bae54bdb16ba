//! An incident opens, is raised, and closes; room is made for it in a table that does not grow.

use super::state::KnownIncident;
use super::{Model, Said, known, raised};
use engine::event::{Event, Refusal};
use engine::id::{IncidentId, UnitId};
use engine::incident::{CloseReason, NeedState};
use engine::kind::Priority;
use engine::limits::{EVICTIONS_PER_COMMAND_MAX, NEEDS_PER_INCIDENT_MAX};
use engine::line::Line;
use engine::moment::Span;
use engine::order::OrderAct;

/// A closed incident is known for so long.
pub(super) const CLOSED_KEPT: Span = Span::hours(24);

impl Model {
    /// Room for one more incident. Up to two closed ones leave, the longest closed first, when they are too old, or when the
    /// table is full, or when the orders of two incidents at their most would not fit. The last sixteenth of the table is
    /// kept from priority 2, the last eighth from 3, the last quarter from 4; only open incidents count against that.
    pub(super) fn make_room(&mut self, priority: Priority) -> bool {
        let capacity = self.capacities.incidents_max as usize;
        for _ in 0..2 {
            let Some(&(oldest, closed_at)) = self.closed.first() else {
                break;
            };
            let full = self.incidents.len() == capacity;
            let tight = self.orders.len() + 2 * NEEDS_PER_INCIDENT_MAX
                > self.capacities.orders_max as usize;
            if !full && !tight && closed_at + CLOSED_KEPT >= self.now {
                break;
            }
            self.forget(oldest);
        }
        self.incidents.len() < capacity && self.may_be_opened(priority)
    }

    /// Whether one more incident of this urgency may be open.
    pub(super) fn may_be_opened(&self, priority: Priority) -> bool {
        let capacity = self.capacities.incidents_max as usize;
        let kept = match priority {
            Priority::P1 => 0,
            Priority::P2 => capacity / 16,
            Priority::P3 => capacity / 8,
            Priority::P4 => capacity / 4,
        };
        let open = self.incidents.iter().filter(|known| known.open).count();
        open + kept < capacity
    }

    /// Room for one more order: closed incidents leave with their orders, the longest closed first, so many in one
    /// command at most. When every order is open nothing can leave.
    pub(super) fn make_room_for_an_order(&mut self) -> bool {
        let capacity = self.capacities.orders_max as usize;
        if self.open_orders() == capacity {
            return false;
        }
        while self.orders.len() == capacity {
            let Some(&(oldest, _)) = self.closed.first() else {
                return false;
            };
            if self.evictions == EVICTIONS_PER_COMMAND_MAX {
                return false;
            }
            self.evictions += 1;
            self.forget(oldest);
        }
        true
    }

    /// A closed incident is known no more, nor are its orders. Places come free in this order: the incident's, then those of
    /// its orders from the newest to the oldest.
    fn forget(&mut self, incident: IncidentId) {
        self.closed.retain(|&(closed, _)| closed != incident);
        let gone = self.incident(incident).clone();
        self.incident_places.give_back(gone.place_number);
        self.incidents.retain(|known| known.id != incident);
        for &order in gone.orders.iter().rev() {
            self.order_places.give_back(self.order(order).place_number);
            self.orders.retain(|known| known.id != order);
        }
    }

    pub(super) fn open_incident(&mut self, said: &Said) -> IncidentId {
        self.incidents_given += 1;
        let id = known(IncidentId::new(self.centre(), self.incidents_given));
        let incident = KnownIncident {
            id,
            place_number: self.incident_places.take(),
            open: true,
            assessment: said.assessment,
            place: said.place,
            line: said.line,
            opened_at: self.now,
            needed_since: self.now,
            heard_at: self.now,
            calls: 1,
            calls_open: 1,
            injured: said.injured,
            drill: said.drill,
            escalated: None,
            needs: Vec::new(),
            orders: Vec::new(),
            merged_into: None,
            bumps: 0,
            level: None,
            owes: Vec::new(),
            owes_upward: Vec::new(),
            told_upward: Vec::new(),
            attended: false,
            close_awaited: false,
            close_said_at: None,
            due: Some(self.now + self.plan_in_force().lapse),
        };
        self.incidents.push(incident);
        self.say(Event::IncidentOpened {
            incident: id,
            kind: said.assessment.kind,
            priority: said.assessment.priority,
            nature: said.assessment.nature,
            category: said.assessment.category,
            agencies: said.assessment.agencies,
            place: said.place,
            drill: said.drill,
        });
        self.review_level(id);
        self.ask_for(id, said.line);
        id
    }

    /// New facts may raise an incident, and then it may need more.
    pub(super) fn raise(&mut self, id: IncidentId, said: &Said) {
        let before = self.incident(id).assessment.priority;
        let graver = self.take_worse(id, said);
        let risen = self.review_level(id);
        self.look_again_if_more_urgent(id, before);
        if graver || risen {
            self.ask_for(id, said.line);
        }
    }

    /// Takes what is graver or more in what is said; `false` when nothing is. What a person held it to be urgent stands.
    pub(super) fn take_worse(&mut self, id: IncidentId, said: &Said) -> bool {
        let incident = self.incident_mut(id);
        let before = incident.assessment;
        let mut after = raised(before, said.assessment);
        if let Some(escalated) = incident.escalated {
            after.priority = after.priority.min(escalated);
        }
        incident.injured = incident.injured.max(said.injured);
        incident.assessment = after;
        if after == before {
            return false;
        }
        self.say(Event::IncidentRaised {
            incident: id,
            kind: after.kind,
            priority: after.priority,
            nature: after.nature,
            category: after.category,
            agencies: after.agencies,
        });
        if after.category != before.category {
            self.name_commander(id);
        }
        if after.priority != before.priority {
            self.rank_anew(id);
        }
        true
    }

    /// Opens the needs that the plan asks for and that the incident does not have yet (R1).
    pub(super) fn ask_for(&mut self, id: IncidentId, line: Option<Line>) {
        let (assessment, level) = (self.incident(id).assessment, self.incident(id).level);
        let plan = self.plan_in_force();
        let locals = self.locals_at(self.incident(id).place);
        let wanted = plan.needs(&assessment, level, line, locals, |capability| {
            self.has(capability)
        });
        for spec in wanted.iter() {
            let mut refused = 0;
            for _ in self.live_needs(id, spec.capability)..usize::from(spec.count) {
                match self.open_need(id, spec.capability) {
                    Some(need) => self.seek(id, need, None),
                    None => refused += 1,
                }
            }
            if refused > 0 {
                self.say(Event::NeedRefused {
                    incident: id,
                    capability: spec.capability,
                    count: refused,
                });
            }
        }
    }

    pub(super) fn close_by_person(&mut self, id: IncidentId) {
        match self.find_incident(id).map(|incident| incident.open) {
            None => self.refuse(Refusal::UnknownIncident),
            Some(false) => self.refuse(Refusal::NotAllowedNow),
            Some(true) if self.needs_follow_up(id) => self.refuse(Refusal::FollowUpNeeded),
            Some(true) => self.close(id, CloseReason::Person),
        }
    }

    /// Closes an incident: its orders end, and its units are given to what waits.
    pub(super) fn close(&mut self, id: IncidentId, reason: CloseReason) {
        let freed = self.end_incident(id, reason);
        self.serve_waiting_together(&freed);
    }

    /// Ends an incident: its open orders from the newest to the oldest, then its needs from the first. Gives the units
    /// that its orders had, in that order.
    pub(super) fn end_incident(&mut self, id: IncidentId, reason: CloseReason) -> Vec<UnitId> {
        let mut freed = Vec::new();
        for order in self.incident(id).orders.clone().into_iter().rev() {
            if super::state::is_open(self.order(order).state) {
                freed.push(self.order(order).unit);
                self.end_order(order, OrderAct::Cancel);
            }
        }
        for need in self.needs_of(id) {
            self.drop_need(id, need);
        }
        self.end_major(id, reason);
        let now = self.now;
        let incident = self.incident_mut(id);
        incident.open = false;
        incident.due = None;
        self.closed.push((id, now));
        self.say(Event::IncidentClosed {
            incident: id,
            reason,
        });
        freed
    }

    /// Closes an incident that has no open order and no need that is not done with.
    pub(super) fn close_if_served(&mut self, id: IncidentId) {
        let incident = self.incident(id);
        let served = incident
            .needs
            .iter()
            .all(|need| matches!(need.state, NeedState::Done | NeedState::Dropped));
        if incident.open && served && self.open_orders_of(id) == 0 {
            self.close_by_itself(id, CloseReason::Served);
        }
    }
}
