//! The view: what readers know of a centre, folded from released records alone.
//!
//! Never the writer's state: a projection that a thread of its own keeps, and that names the sequence it reflects. One
//! file for each noun; `hear` hands every event to those it is about. Everything that is over is kept for a day and up to a bound, so
//! a view grows with what is open, never with time. It also derives the outbox: orders that are out and unacknowledged.

mod acts;
mod census;
mod counters;
mod human;
mod incident;
mod ledger;
mod major;
mod order;
mod snapshot;
mod unit;

pub use acts::{ACTS_MAX, Acts};
pub use census::Census;
pub use counters::{AgencyClocks, Counters, UpwardFigures};
pub use human::{HumanReason, HumanView};
pub use incident::{IncidentView, NeedView, ReportRef};
pub use ledger::{LedgerSubject, LedgerView};
pub use major::{ConductView, FollowUpView, MajorView, UpwardView};
pub use order::OrderView;
pub use unit::{UnitStatus, UnitView};

use crate::command::{ClockMode, Command};
use crate::event::Event;
use crate::hospital::{HospitalDefinition, HospitalId};
use crate::id::{CallId, CentreId, EventId, IncidentId, OrderId, Sequence, UnitId};
use crate::moment::{Moment, Span};
use crate::runtime::ReleasedRecord;
use crate::runtime::port::Conservation;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;

/// How long what is over stays in the view.
const KEPT: Span = Span::hours(24);
/// Closed incidents in the view at most, with their orders.
const CLOSED_MAX: usize = 20_000;
/// Ledger entries in the view at most; settled ones leave first.
const LEDGER_MAX: usize = 50_000;
/// Newest calls whose record is known by their id.
const CALLS_MAX: usize = 1 << 17;

/// A call, as far as it is known by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallView {
    /// The record that took it.
    pub taken: Sequence,
    /// The newest record that says what it is about: its own, or one with facts.
    pub said: Sequence,
    /// The incident it points to.
    pub incident: Option<IncidentId>,
}

/// What readers know of a centre.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    sequence: Sequence,
    now: Moment,
    clock: Option<ClockMode>,
    #[serde(skip)]
    names: BTreeMap<String, UnitId>,
    units: BTreeMap<UnitId, UnitView>,
    hospitals: BTreeMap<HospitalId, HospitalDefinition>,
    /// Newest calls in the order of their numbers, which have no gap.
    calls: VecDeque<CallView>,
    calls_taken: u64,
    incidents: BTreeMap<IncidentId, IncidentView>,
    #[serde(skip)]
    incidents_open: BTreeSet<IncidentId>,
    incidents_closed: VecDeque<(Moment, IncidentId)>,
    orders: BTreeMap<OrderId, OrderView>,
    #[serde(skip)]
    orders_open: BTreeSet<OrderId>,
    /// Nearest clock of every open order.
    #[serde(skip)]
    due: BTreeSet<(Moment, OrderId)>,
    /// Nearest clock of every incident's own (X4, H6).
    #[serde(skip)]
    incidents_due: BTreeSet<(Moment, IncidentId)>,
    #[serde(skip)]
    waiting: BTreeSet<(IncidentId, u8)>,
    ledger: ledger::Ledger,
    refused_calls: u64,
    counters: Counters,
    acts: Acts,
    humans: human::Humans,
}

/// One record as the parts of the view take it in.
#[derive(Clone, Copy)]
struct Heard<'a> {
    at: Moment,
    sequence: Sequence,
    command: &'a Command,
}

impl View {
    /// A view of nothing yet.
    pub fn new() -> View {
        View::default()
    }

    /// The last record it reflects.
    pub fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// Centre time of that record.
    pub fn now(&self) -> Moment {
        self.now
    }

    /// The clock the centre lives on.
    pub fn clock(&self) -> Option<ClockMode> {
        self.clock
    }

    /// Hospitals, by number.
    pub fn hospitals(&self) -> impl Iterator<Item = (HospitalId, &HospitalDefinition)> {
        self.hospitals.iter().map(|(&id, hospital)| (id, hospital))
    }

    /// A call, while it is among the newest.
    pub fn call(&self, call: CallId) -> Option<&CallView> {
        let back = usize::try_from(self.calls_taken.checked_sub(call.number())?).ok()?;
        self.calls.get(self.calls.len().checked_sub(back + 1)?)
    }

    fn call_mut(&mut self, call: CallId) -> Option<&mut CallView> {
        let back = usize::try_from(self.calls_taken.checked_sub(call.number())?).ok()?;
        let index = self.calls.len().checked_sub(back + 1)?;
        self.calls.get_mut(index)
    }

    /// The newest acts by the key they came under.
    pub fn acts(&self) -> &Acts {
        &self.acts
    }

    /// Numbers that only grow.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// How calls add up at [`View::sequence`].
    pub fn conservation(&self) -> Conservation {
        self.counters.conservation(
            self.refused_calls,
            self.waiting.len() as u64,
            self.incidents_open.len() as u64,
            self.orders_open.len() as u64,
        )
    }

    /// Takes in the next record.
    pub fn hear(&mut self, released: &ReleasedRecord) {
        let record = &released.record;
        self.sequence = released.sequence;
        self.now = record.at;
        let heard = Heard {
            at: record.at,
            sequence: released.sequence,
            command: &record.envelope.command,
        };
        for (index, event) in record.events.iter().enumerate() {
            self.hear_of_call(event, heard);
            self.hear_of_incident(event, heard);
            self.hear_of_human(event, heard);
            self.hear_of_need(event, heard);
            self.hear_of_conduct(event, heard);
            self.hear_of_unit(event, heard);
            self.hear_of_order(event, heard, index as u32);
            self.hear_of_ledger(event, heard, index as u32);
            self.count(event);
        }
        self.acts.hear(released);
        self.forget();
    }

    fn hear_of_call(&mut self, event: &Event, heard: Heard<'_>) {
        if let Event::CentreOpened(opening) = event {
            self.clock = Some(opening.clock);
        } else if let Event::CallTaken { call } = *event {
            self.calls_taken = call.number();
            if self.calls.len() == CALLS_MAX {
                self.calls.pop_front();
            }
            self.calls.push_back(CallView {
                taken: heard.sequence,
                said: heard.sequence,
                incident: None,
            });
        } else if let Event::CallDecided { call, incident, .. } = *event {
            self.point(call, incident);
        } else if let Event::CallAmended { call } = *event {
            let of_facts = matches!(heard.command, Command::AddFacts(_));
            if let (true, Some(known)) = (of_facts, self.call_mut(call)) {
                known.said = heard.sequence;
            }
        } else if let (Event::Refused(_), Command::TakeCall(_)) = (event, heard.command) {
            self.refused_calls += 1;
        }
        if let Event::HospitalDefined { hospital } = *event
            && let Command::DefineHospital(definition) = *heard.command
        {
            self.hospitals.insert(hospital, definition);
        }
    }

    fn point(&mut self, call: CallId, incident: Option<IncidentId>) {
        if let Some(known) = self.call_mut(call) {
            known.incident = incident;
        }
    }

    fn count(&mut self, event: &Event) {
        let agency_of = |order: OrderId| {
            let order = self.orders.get(&order)?;
            Some(order.issued.capability.agency())
        };
        let of_a_drill = self.is_of_a_drill(event);
        self.counters.hear(event, agency_of, of_a_drill);
    }

    /// Lets go of what has been over for long, a little with every record.
    fn forget(&mut self) {
        for _ in 0..4 {
            let Some(&(closed_at, incident)) = self.incidents_closed.front() else {
                return;
            };
            let aged = closed_at + KEPT < self.now;
            if !aged && self.incidents_closed.len() <= CLOSED_MAX {
                return;
            }
            self.incidents_closed.pop_front();
            if let Some(gone) = self.incidents.remove(&incident) {
                for order in gone.orders {
                    self.orders.remove(&order);
                }
            }
        }
    }

    fn event_id(&self, centre: CentreId, sequence: Sequence, index: u32) -> EventId {
        EventId {
            centre,
            sequence,
            index,
        }
    }
}

/// The keys behind one, or all of them.
fn behind<K>(after: Option<K>) -> (Bound<K>, Bound<K>) {
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    (from, Bound::Unbounded)
}
