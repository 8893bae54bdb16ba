//! Numbers of a centre that only grow, for metrics and for the conservation of calls.

use crate::call::Outcome;
use crate::event::{Event, LedgerMatter, Refusal};
use crate::id::OrderId;
use crate::incident::CloseReason;
use crate::kind::Agency;
use crate::major::{IncidentClock, Level, LevelCause, UpwardStage};
use crate::order::{OrderClock, OrderState, Rung};
use crate::runtime::port::Conservation;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Clocks of one agency that ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgencyClocks {
    /// In time.
    pub met: u64,
    /// Too late.
    pub missed: u64,
}

/// Reports upward of one stage (H6, C9): how late and how complete they were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpwardFigures {
    /// Owed and come.
    pub given: u64,
    /// Of these: after their deadline.
    pub late: u64,
    /// Of these: without something that the plan asks for.
    pub incomplete: u64,
    /// What these left out, fields in all.
    pub fields_missing: u64,
    /// Owed and never come: the incident was closed.
    pub never: u64,
    /// How long the ones that came were owed, in milliseconds in all.
    pub delay_ms_sum: u64,
    /// The longest of these.
    pub delay_ms_max: u64,
}

/// Numbers that only grow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Calls by what became of them.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// Commands that were not carried out, by reason.
    pub refusals: BTreeMap<Refusal, u64>,
    /// Keys that came again.
    pub repeated: u64,
    /// Of these: with another body.
    pub conflicts: u64,
    /// Orders issued.
    pub orders_issued: u64,
    /// Orders by the state they came to.
    pub orders_moved: BTreeMap<OrderState, u64>,
    /// Clocks met.
    pub clocks_met: BTreeMap<OrderClock, u64>,
    /// Clocks missed.
    pub clocks_missed: BTreeMap<OrderClock, u64>,
    /// Both, by agency.
    pub clocks_by_agency: BTreeMap<(Agency, OrderClock), AgencyClocks>,
    /// Rungs climbed.
    pub rungs: BTreeMap<Rung, u64>,
    /// Ledger entries by matter.
    pub ledger: BTreeMap<LedgerMatter, u64>,
    /// Incidents opened.
    pub incidents_opened: u64,
    /// Incidents that were closed or merged and are handled again.
    pub incidents_reopened: u64,
    /// Incidents closed, by reason.
    pub incidents_closed: BTreeMap<CloseReason, u64>,
    /// Events of any kind.
    pub events: u64,
    /// Incidents by the levels they came to.
    pub levels: BTreeMap<Level, u64>,
    /// Clocks of incidents that ran out.
    pub incident_clocks_missed: BTreeMap<IncidentClock, u64>,
    /// Situation reports that came while one was owed.
    pub situations: u64,
    /// Reports upward.
    pub upward: BTreeMap<UpwardStage, UpwardFigures>,
    /// Closes with a named follow-up.
    pub follow_ups: u64,
}

impl Counters {
    /// Takes in one event; `agency_of` names the agency of an order that is known. How drills are conducted is not counted.
    pub(super) fn hear(
        &mut self,
        event: &Event,
        agency_of: impl Fn(OrderId) -> Option<Agency>,
        of_a_drill: bool,
    ) {
        self.events += 1;
        self.hear_of_calls(event);
        if let Event::OrderIssued(_) = event {
            self.orders_issued += 1;
        } else if let Event::OrderMoved { to, .. } = *event {
            *self.orders_moved.entry(to).or_default() += 1;
        } else if let Event::ClockMet { order, clock, .. } = *event {
            *self.clocks_met.entry(clock).or_default() += 1;
            if let Some(clocks) = self.of_agency(agency_of(order), clock) {
                clocks.met += 1;
            }
        } else if let Event::ClockMissed { order, clock, .. } = *event {
            *self.clocks_missed.entry(clock).or_default() += 1;
            if let Some(clocks) = self.of_agency(agency_of(order), clock) {
                clocks.missed += 1;
            }
        } else if let Event::LadderClimbed { rung, .. } = *event {
            *self.rungs.entry(rung).or_default() += 1;
        } else if let Event::LedgerEntered { matter, .. } = *event {
            *self.ledger.entry(matter).or_default() += 1;
        } else if let Event::Refused(refusal) = *event {
            *self.refusals.entry(refusal).or_default() += 1;
        } else if !of_a_drill {
            self.hear_of_conduct(event);
        }
    }

    fn hear_of_calls(&mut self, event: &Event) {
        if let Event::CallRepeated { conflict, .. } = *event {
            self.repeated += 1;
            self.conflicts += u64::from(conflict);
        } else if let Event::CallDecided { outcome, .. } = *event {
            *self.outcomes.entry(outcome).or_default() += 1;
        } else if let Event::IncidentOpened { .. } = event {
            self.incidents_opened += 1;
        } else if let Event::IncidentReopened { .. } = event {
            self.incidents_reopened += 1;
        } else if let Event::IncidentClosed { reason, .. } = *event {
            *self.incidents_closed.entry(reason).or_default() += 1;
        }
    }

    /// Situation reports that were owed and never came.
    pub fn situations_missing(&self) -> u64 {
        let missing = self.ledger.get(&LedgerMatter::MissingSituationReport);
        missing.copied().unwrap_or(0)
    }

    /// Takes in what one event says of how major incidents are conducted.
    pub fn hear_of_conduct(&mut self, event: &Event) {
        if let Event::LevelRaised { level, cause, .. } = *event {
            // What is of a level again has not risen.
            if cause == LevelCause::Reopened {
                return;
            }
            *self.levels.entry(level).or_default() += 1;
        } else if let Event::IncidentClockMissed { clock, .. } = *event {
            *self.incident_clocks_missed.entry(clock).or_default() += 1;
        } else if let Event::SituationReported { due: Some(_), .. } = *event {
            self.situations += 1;
        } else if let Event::FollowUpNamed { .. } = *event {
            self.follow_ups += 1;
        } else if let Event::ReportedUpward {
            stage,
            due,
            delay_ms: Some(delay_ms),
            missing,
            ..
        } = *event
        {
            let figures = self.upward.entry(stage).or_default();
            let delay_ms = u64::try_from(delay_ms).unwrap_or(0);
            figures.given += 1;
            figures.late += u64::from(due.is_none());
            figures.incomplete += u64::from(!missing.is_empty());
            figures.fields_missing += u64::from(missing.len());
            figures.delay_ms_sum += delay_ms;
            figures.delay_ms_max = figures.delay_ms_max.max(delay_ms);
        } else if let Event::IncidentEntered { matter, .. } = *event {
            *self.ledger.entry(matter).or_default() += 1;
            let stages = [
                (UpwardStage::First, LedgerMatter::MissingFirstWord),
                (UpwardStage::Written, LedgerMatter::MissingWrittenReport),
            ];
            for (stage, _) in stages.iter().filter(|(_, never)| *never == matter) {
                self.upward.entry(*stage).or_default().never += 1;
            }
        }
    }

    fn of_agency(
        &mut self,
        agency: Option<Agency>,
        clock: OrderClock,
    ) -> Option<&mut AgencyClocks> {
        Some(self.clocks_by_agency.entry((agency?, clock)).or_default())
    }

    /// Every count there is.
    pub(super) fn counts(&self) -> impl Iterator<Item = u64> {
        let single = [
            self.repeated,
            self.conflicts,
            self.orders_issued,
            self.incidents_opened,
            self.incidents_reopened,
            self.events,
            self.situations,
            self.follow_ups,
        ];
        let upward = self.upward.values().flat_map(|figures| {
            [
                figures.given,
                figures.late,
                figures.incomplete,
                figures.fields_missing,
                figures.never,
                figures.delay_ms_sum,
                figures.delay_ms_max,
            ]
        });
        let clocks = self.clocks_by_agency.values();
        single
            .into_iter()
            .chain(self.outcomes.values().copied())
            .chain(self.refusals.values().copied())
            .chain(self.orders_moved.values().copied())
            .chain(self.clocks_met.values().copied())
            .chain(self.clocks_missed.values().copied())
            .chain(clocks.flat_map(|clocks| [clocks.met, clocks.missed]))
            .chain(self.rungs.values().copied())
            .chain(self.ledger.values().copied())
            .chain(self.incidents_closed.values().copied())
            .chain(self.levels.values().copied())
            .chain(self.incident_clocks_missed.values().copied())
            .chain(upward)
    }

    /// How calls add up, with what is open now.
    pub(super) fn conservation(
        &self,
        refused: u64,
        needs_waiting: u64,
        incidents_open: u64,
        orders_open: u64,
    ) -> Conservation {
        let outcome = |outcome| self.outcomes.get(&outcome).copied().unwrap_or(0);
        Conservation {
            accepted: self.outcomes.values().sum::<u64>() + refused,
            ordered: outcome(Outcome::Ordered),
            merged: outcome(Outcome::Merged),
            forwarded: outcome(Outcome::Forwarded),
            work_order: outcome(Outcome::WorkOrder),
            human: outcome(Outcome::Human),
            waiting: outcome(Outcome::Waiting),
            refused,
            repeated: self.repeated,
            conflicts: self.conflicts,
            needs_waiting,
            incidents_open,
            orders_open,
        }
    }
}
