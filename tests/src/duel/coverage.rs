//! What a run has met: every kind of event, refusal, transition, clock, shortage, and how often.

use engine::call::Outcome;
use engine::capability::Capability;
use engine::command::Command;
use engine::event::{Choice, Event, LedgerMatter, Refusal};
use engine::incident::{CloseReason, Shortage};
use engine::major::{IncidentClock, Level, LevelCause};
use engine::order::{OrderClock, OrderState, Rung};
use std::collections::BTreeMap;
use std::fmt;

/// Counters by what is counted and which one it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    counts: BTreeMap<(&'static str, &'static str, &'static str), u64>,
}

impl Coverage {
    /// Counts one command and what it caused.
    pub fn count(&mut self, command: &Command, events: &[Event]) {
        self.add("command", command_name(command), "");
        for event in events {
            self.add("event", event_name(event), "");
            self.count_detail(event);
        }
    }

    fn count_detail(&mut self, event: &Event) {
        if let Event::Refused(refusal) = event {
            self.add("refusal", refusal.code(), "");
        }
        if let Event::OrderMoved { from, to, .. } = event {
            self.add("transition", from.code(), to.code());
        }
        if let Event::ClockMet { clock, .. } = event {
            self.add("clock met", clock.code(), "");
        }
        if let Event::ClockMissed { clock, .. } = event {
            self.add("clock missed", clock.code(), "");
        }
        if let Event::LadderClimbed { rung, .. } = event {
            self.add("ladder", rung.code(), "");
        }
        if let Event::LedgerEntered { matter, .. } = event {
            self.add("ledger", matter.code(), "");
        }
        if let Event::IncidentEntered { matter, .. } = event {
            self.add("ledger", matter.code(), "");
        }
        if let Event::LevelRaised { level, cause, .. } = event {
            self.add("level", level.code(), "");
            self.add("level cause", cause.code(), "");
        }
        if let Event::IncidentClockMissed { clock, .. } = event {
            self.add("clock of incidents missed", clock.code(), "");
        }
        if let Event::CloseAwaited { reason, .. } = event {
            self.add("close awaited", reason.code(), "");
        }
        if let Event::NeedWaits { shortage, .. } = event {
            self.add("shortage", shortage.code(), "");
        }
        if let Event::OrderIssued(issued) = event {
            self.add("choice", issued.choice.code(), "");
        }
        if let Event::CallDecided { outcome, .. } = event {
            self.add("outcome", outcome.code(), "");
        }
        if let Event::IncidentClosed { reason, .. } = event {
            self.add("close", reason.code(), "");
        }
    }

    fn add(&mut self, what: &'static str, which: &'static str, to: &'static str) {
        *self.counts.entry((what, which, to)).or_default() += 1;
    }

    /// Takes in what another run has met.
    pub fn join(&mut self, other: &Coverage) {
        for (&key, count) in &other.counts {
            *self.counts.entry(key).or_default() += count;
        }
    }

    /// How often something was met.
    pub fn of(&self, what: &'static str, which: &'static str, to: &'static str) -> u64 {
        self.counts.get(&(what, which, to)).copied().unwrap_or(0)
    }

    /// What can be met and was met fewer times than this.
    pub fn rarer_than(&self, least: u64) -> Vec<String> {
        let mut expected = Vec::new();
        let mut all = |what, codes: &mut dyn Iterator<Item = &'static str>| {
            expected.extend(codes.map(|code| (what, code, "")));
        };
        all("event", &mut EVENTS.iter().copied());
        all("command", &mut COMMANDS.iter().copied());
        all(
            "refusal",
            &mut Refusal::ALL.iter().map(|value| value.code()),
        );
        all(
            "clock met",
            &mut OrderClock::ALL.iter().map(|value| value.code()),
        );
        all(
            "clock missed",
            &mut OrderClock::ALL.iter().map(|value| value.code()),
        );
        all(
            "ladder",
            &mut Rung::ALL.iter().skip(1).map(|value| value.code()),
        );
        all(
            "ledger",
            &mut LedgerMatter::ALL.iter().map(|value| value.code()),
        );
        all(
            "shortage",
            &mut Shortage::ALL.iter().map(|value| value.code()),
        );
        all("choice", &mut Choice::ALL.iter().map(|value| value.code()));
        all(
            "outcome",
            &mut Outcome::ALL.iter().map(|value| value.code()),
        );
        all(
            "close",
            &mut CloseReason::ALL.iter().map(|value| value.code()),
        );
        all("level", &mut Level::ALL.iter().map(|value| value.code()));
        let causes = LevelCause::ALL.iter();
        all("level cause", &mut causes.map(|value| value.code()));
        let clocks = IncidentClock::ALL.iter();
        let clocks = &mut clocks.map(|value| value.code());
        all("clock of incidents missed", clocks);
        // A person closes at once, what is merged is awaited where it goes on, and what nothing was needed for hardly ever needs a
        // follow-up.
        let by_itself = [CloseReason::Served, CloseReason::Lapsed];
        let by_itself = by_itself.iter().map(|value| value.code());
        all("close awaited", &mut { by_itself });
        expected.extend(transitions());
        expected
            .into_iter()
            .filter(|&(what, which, to)| self.of(what, which, to) < least)
            .map(|(what, which, to)| format!("{what} {which} {to}"))
            .collect()
    }
}

/// The legal ways of an order. A unit that has set off cannot decline any more.
fn transitions() -> Vec<(&'static str, &'static str, &'static str)> {
    use OrderState::*;
    let mut ways = Vec::new();
    let open = [Issued, Acknowledged, SetOff, Arrived];
    for (at, from) in open.into_iter().enumerate() {
        let onward = open[at + 1..].iter().copied();
        let declined = (at < 2).then_some(Declined);
        let ends = [Finished, Cancelled, Reassigned];
        for to in onward.chain(declined).chain(ends) {
            ways.push(("transition", from.code(), to.code()));
        }
    }
    ways
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (&(what, which, to), count) in &self.counts {
            writeln!(f, "{count:>10}  {what} {which} {to}")?;
        }
        Ok(())
    }
}

/// Declares the names of an enum's variants.
macro_rules! names {
    ($list:ident, $function:ident, $of:ident, [$($variant:ident),+ $(,)?]) => {
        const $list: &[&str] = &[$(stringify!($variant)),+];

        const fn $function(value: &$of) -> &'static str {
            match value {
                $($of::$variant { .. } => stringify!($variant),)+
            }
        }
    };
}

names!(
    EVENTS,
    event_name,
    Event,
    [
        CentreOpened,
        ObjectActivated,
        UnitDefined,
        CallTaken,
        CallRepeated,
        IncidentOpened,
        IncidentJoined,
        IncidentRaised,
        IncidentPlaced,
        IncidentClosed,
        NeedOpened,
        NeedWaits,
        NeedMet,
        NeedDone,
        NeedDropped,
        OrderIssued,
        OrderMoved,
        ClockMet,
        ClockMissed,
        LadderClimbed,
        LedgerEntered,
        UnitMoved,
        UnitDutyChanged,
        UnitStaffed,
        UnitSilent,
        UnitHeard,
        CallAmended,
        CallEnded,
        CallDecided,
        Refused,
        Continues,
        IncidentReclassified,
        IncidentMerged,
        OrderTransferred,
        CallSplit,
        HospitalDefined,
        NeedRefused,
        UnitPositionStale,
        UnitPreempted,
        LevelRaised,
        CommanderNamed,
        SituationReported,
        ReportedUpward,
        IncidentClockMissed,
        IncidentEntered,
        CloseAwaited,
        FollowUpNamed,
        DutiesJoined,
        IncidentReopened,
    ]
);
names!(
    COMMANDS,
    command_name,
    Command,
    [
        OpenCentre,
        Activate,
        DefineUnit,
        TakeCall,
        AddFacts,
        EndCall,
        CloseIncident,
        Report,
        MoveUnit,
        SetDuty,
        Tick,
        JudgeCall,
        MergeIncidents,
        SplitCall,
        EscalateIncident,
        AssignUnit,
        DefineHospital,
        RaiseLevel,
        ReportSituation,
        ReportUpward,
        CloseWithFollowUp,
        ReopenIncident,
        UnmergeIncident,
    ]
);

/// Capabilities of the small city's units, vehicles, a team and desks.
pub const CAPABILITIES: &[Capability] = &[
    Capability::Patrol,
    Capability::Patrol,
    Capability::FireEngine,
    Capability::Ambulance,
    Capability::TrafficPatrol,
    Capability::Rescue,
    Capability::TownshipTeam,
    Capability::TownshipTeam,
    Capability::DeskPolice,
    Capability::DeskGovernment,
    Capability::DeskMedical,
];
