//! The ledger as readers see it (X16): what was owed, by whom, whether it has come since, and how late.
//!
//! An entry is settled when the order comes to a state that answers what was owed, or ends; one about an incident when
//! its report upward comes, or it closes. What can never come any
//! more (a report that was skipped, a unit that said no, a situation report that never came) is settled as it is entered: it stands as a defect, and nothing is owed.
//! What is open of an incident that is merged is owed by the other from then on.

use super::{Heard, LEDGER_MAX, View, behind};
use crate::event::{Event, LedgerMatter};
use crate::id::{EventId, IncidentId, OrderId, UnitId};
use crate::major::UpwardStage;
use crate::moment::{Moment, Span};
use crate::order::{OrderState, Rung};
use crate::saved::{LoadError, ensure, ensure_moment};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Whose an entry of the ledger is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LedgerSubject {
    /// An order's, and its unit's.
    Order(OrderId, UnitId),
    /// An incident's own: of the centre itself.
    Incident(IncidentId),
}

impl LedgerSubject {
    /// The order, if it is one's.
    pub const fn order(self) -> Option<OrderId> {
        match self {
            LedgerSubject::Order(order, _) => Some(order),
            LedgerSubject::Incident(_) => None,
        }
    }

    /// The unit, if it is one's.
    pub const fn unit(self) -> Option<UnitId> {
        match self {
            LedgerSubject::Order(_, unit) => Some(unit),
            LedgerSubject::Incident(_) => None,
        }
    }
}

/// One entry of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerView {
    /// When it was entered.
    pub at: Moment,
    /// Whose it is.
    pub about: LedgerSubject,
    /// What was owed.
    pub matter: LedgerMatter,
    /// When it was owed.
    pub due: Moment,
    /// The rung of the ladder that had been told by then; `None`: it is no order's.
    pub rung: Option<Rung>,
    /// It is about a drill: no breach, whatever was owed (D1).
    pub drill: bool,
    /// When it came, or nothing was owed any more.
    pub settled_at: Option<Moment>,
}

impl LedgerView {
    /// How late it came, or how late it is at `now`.
    pub fn late(&self, now: Moment) -> Span {
        self.settled_at.unwrap_or(now) - self.due
    }
}

/// All entries that are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ledger {
    entries: BTreeMap<EventId, LedgerView>,
    #[serde(skip)]
    open: BTreeMap<LedgerSubject, Vec<EventId>>,
    settled: VecDeque<EventId>,
}

impl View {
    /// Ledger entries in the order they were entered, after `after`.
    pub fn ledger_after(
        &self,
        after: Option<EventId>,
    ) -> impl Iterator<Item = (EventId, &LedgerView)> {
        self.ledger
            .entries
            .range(behind(after))
            .map(|(&id, entry)| (id, entry))
    }

    pub(super) fn hear_of_ledger(&mut self, event: &Event, heard: Heard<'_>, index: u32) {
        if let Event::LedgerEntered {
            order,
            unit,
            matter,
            due,
        } = *event
        {
            let id = self.event_id(order.centre(), heard.sequence, index);
            let known = self.orders.get(&order);
            let rung = known.map_or(Rung::Primary, |order| order.rung);
            let incident = known.map(|order| order.incident);
            let drill = incident.is_some_and(|incident| self.is_drill(incident));
            // Whoever is entered by the very step that ends the order owes nothing more.
            let over = settles_at_once(matter) || known.is_none_or(|order| !order.state.is_open());
            let entry = LedgerView {
                at: heard.at,
                about: LedgerSubject::Order(order, unit),
                matter,
                due,
                rung: Some(rung),
                drill,
                settled_at: over.then_some(heard.at),
            };
            self.ledger.enter(id, entry);
        } else if let Event::OrderMoved {
            order, unit, to, ..
        } = *event
        {
            let about = LedgerSubject::Order(order, unit);
            self.ledger
                .settle(about, |matter| answers(to, matter), heard.at);
        } else if let Event::IncidentEntered {
            incident,
            matter,
            due,
        } = *event
        {
            let id = self.event_id(incident.centre(), heard.sequence, index);
            let over = settles_at_once(matter);
            let entry = LedgerView {
                at: heard.at,
                about: LedgerSubject::Incident(incident),
                matter,
                due,
                rung: None,
                drill: self.is_drill(incident),
                settled_at: over.then_some(heard.at),
            };
            self.ledger.enter(id, entry);
        } else if let Event::ReportedUpward {
            incident, stage, ..
        } = *event
        {
            self.was_told(incident, stage, heard.at);
        } else if let Event::IncidentMerged { from, into, .. } = *event {
            self.ledger.hand_over(from, into);
            let known = self.incidents.get(&into);
            let told = known.map(|known| known.conduct.upward.each_ref().map(Option::is_some));
            for &stage in UpwardStage::ALL {
                if told.is_some_and(|told| told[stage as usize]) {
                    self.was_told(into, stage, heard.at);
                }
            }
        } else if let Event::IncidentClosed { incident, .. } = *event {
            let about = LedgerSubject::Incident(incident);
            self.ledger.settle(about, |_| true, heard.at);
        }
    }

    /// A report upward has come, of the incident itself or of one that it is one with: it is late no longer.
    fn was_told(&mut self, incident: IncidentId, stage: UpwardStage, at: Moment) {
        let late = match stage {
            UpwardStage::First => LedgerMatter::LateFirstWord,
            UpwardStage::Written => LedgerMatter::LateWrittenReport,
        };
        let about = LedgerSubject::Incident(incident);
        self.ledger.settle(about, |matter| matter == late, at);
    }

    /// Whether an incident is a drill.
    pub(super) fn is_drill(&self, incident: IncidentId) -> bool {
        self.incidents
            .get(&incident)
            .is_some_and(|known| known.drill)
    }
}

impl Ledger {
    fn enter(&mut self, id: EventId, entry: LedgerView) {
        self.entries.insert(id, entry);
        if entry.settled_at.is_some() {
            self.settled.push_back(id);
        } else {
            self.open.entry(entry.about).or_default().push(id);
        }
        while self.entries.len() > LEDGER_MAX {
            let Some(oldest) = self.settled.pop_front() else {
                return;
            };
            self.entries.remove(&oldest);
        }
    }

    /// Builds what follows from the entries, and refuses a list of settled ones that is not theirs.
    pub(super) fn index(&mut self) -> Result<(), LoadError> {
        let mut settled: Vec<EventId> = self.settled.iter().copied().collect();
        settled.sort_unstable();
        let entries = self.entries.iter();
        let expected = entries.filter(|(_, entry)| entry.settled_at.is_some());
        ensure(
            settled.into_iter().eq(expected.map(|(&id, _)| id)),
            "ledger",
            || "other entries are listed as settled than say so".into(),
        )?;
        for (&id, entry) in &self.entries {
            for at in [entry.at, entry.due, entry.settled_at.unwrap_or(entry.at)] {
                ensure_moment(at, "ledger")?;
            }
            if entry.settled_at.is_none() {
                self.open.entry(entry.about).or_default().push(id);
            }
        }
        Ok(())
    }

    /// What an incident still owes is owed by the one that it is one with.
    fn hand_over(&mut self, from: IncidentId, into: IncidentId) {
        let about = LedgerSubject::Incident(into);
        let open = self.open.remove(&LedgerSubject::Incident(from));
        for id in open.into_iter().flatten() {
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.about = about;
                self.open.entry(about).or_default().push(id);
            }
        }
        if let Some(open) = self.open.get_mut(&about) {
            open.sort_unstable();
        }
    }

    /// Entries that are not settled, by what is owed; drills owe nothing.
    pub(super) fn open_by_matter(&self) -> BTreeMap<LedgerMatter, u64> {
        let mut open = BTreeMap::new();
        for entry in self
            .open
            .values()
            .flatten()
            .filter_map(|id| self.entries.get(id))
            .filter(|entry| !entry.drill)
        {
            *open.entry(entry.matter).or_default() += 1;
        }
        open
    }

    fn settle(&mut self, about: LedgerSubject, answers: impl Fn(LedgerMatter) -> bool, at: Moment) {
        let Some(open) = self.open.get_mut(&about) else {
            return;
        };
        let (entries, settled) = (&mut self.entries, &mut self.settled);
        open.retain(|id| {
            let Some(entry) = entries.get_mut(id) else {
                return false;
            };
            let answered = answers(entry.matter);
            if answered {
                entry.settled_at = Some(at);
                settled.push_back(*id);
            }
            !answered
        });
        if open.is_empty() {
            self.open.remove(&about);
        }
    }
}

const fn settles_at_once(matter: LedgerMatter) -> bool {
    match matter {
        LedgerMatter::NoAcknowledgement
        | LedgerMatter::LateSetOff
        | LedgerMatter::LateMuster
        | LedgerMatter::LateArrival
        | LedgerMatter::LateResult
        | LedgerMatter::LateFirstWord
        | LedgerMatter::LateWrittenReport => false,
        LedgerMatter::PassedOn
        | LedgerMatter::Declined
        | LedgerMatter::MissingAcknowledgement
        | LedgerMatter::MissingSetOff
        | LedgerMatter::MissingArrival
        | LedgerMatter::MissingSituationReport
        | LedgerMatter::IncompleteFirstWord
        | LedgerMatter::IncompleteWrittenReport
        | LedgerMatter::MissingFirstWord
        | LedgerMatter::MissingWrittenReport
        | LedgerMatter::MissingFollowUp => true,
    }
}

/// Whether an order that came to a state has given what was owed; an order that ended owes nothing.
const fn answers(to: OrderState, matter: LedgerMatter) -> bool {
    match to {
        OrderState::Issued => false,
        OrderState::Acknowledged => matches!(matter, LedgerMatter::NoAcknowledgement),
        OrderState::SetOff => matches!(
            matter,
            LedgerMatter::NoAcknowledgement | LedgerMatter::LateSetOff | LedgerMatter::LateMuster
        ),
        OrderState::Arrived => !matches!(matter, LedgerMatter::LateResult),
        OrderState::Finished
        | OrderState::Declined
        | OrderState::Cancelled
        | OrderState::Reassigned
        | OrderState::Preempted => true,
    }
}
