//! What a world met, and how often: a table in which a zero stands for something that was not tried.

use super::faults::Fault;
use engine::call::Outcome;
use engine::command::{Actor, ClockMode, Command, ObjectKind};
use engine::event::{Choice, Event, LedgerMatter, Refusal};
use engine::incident::{CloseReason, Shortage};
use engine::major::{IncidentClock, Level, LevelCause};
use engine::order::{OrderAct, OrderClock, OrderState, Rung};
use engine::runtime::ReleasedRecord;
use std::collections::BTreeMap;
use std::fmt;

/// A row: what sort of thing, and which.
pub type Row = (&'static str, &'static str, &'static str);

/// How often each row was met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    rows: BTreeMap<Row, u64>,
}

/// What a world does beside its disk.
pub const DEEDS: &[&str] = &[
    "accident_call",
    "advance",
    "call",
    "call_ended",
    "call_resent",
    "caller_facts",
    "concluded",
    "conflict_sent",
    "crash",
    "duplicate",
    "facts",
    "field_oddity",
    "flip_refused",
    "flip_survived",
    "flood_call",
    "hour_switch",
    "gave_up",
    "inspection",
    "kill",
    "lane_full",
    "lost_message",
    "lost_reply",
    "new_map",
    "overreach",
    "person_act",
    "plan_change",
    "position",
    "prank_call",
    "redial",
    "replayed_hash",
    "reply",
    "reply_dropped",
    "restart",
    "restored",
    "room_refused",
    "roads_closed",
    "roads_flooded",
    "roads_lifted",
    "roads_slowed",
    "snapshot",
    "pruned",
    "keeper_failed",
    "start_refused",
    "storm",
    "stop_clean",
    "unsynced_lost",
    "wall_back",
    "wall_forward",
];

/// By what units came to their orders, while a map was in force.
pub const WAYS: &[&str] = &[
    "by_road",
    "by_air",
    "by_line",
    "changed",
    "no_way",
    "not_by_metres",
];

impl Counters {
    /// A table with a row for all that can be met.
    pub fn with_all_rows() -> Counters {
        let mut counters = Counters::default();
        let mut row = |sort, which| {
            counters.rows.insert((sort, which, ""), 0);
        };
        EVENTS.iter().for_each(|name| row("event", name));
        COMMANDS.iter().for_each(|name| row("command", name));
        DEEDS.iter().for_each(|name| row("world", name));
        WAYS.iter().for_each(|name| row("way", name));
        Fault::ALL
            .iter()
            .for_each(|fault| row("fault", fault.code()));
        Refusal::ALL
            .iter()
            .for_each(|refusal| row("refusal", refusal.code()));
        OrderClock::ALL
            .iter()
            .for_each(|clock| row("clock met", clock.code()));
        OrderClock::ALL
            .iter()
            .for_each(|clock| row("clock missed", clock.code()));
        Rung::ALL.iter().for_each(|rung| row("rung", rung.code()));
        LedgerMatter::ALL
            .iter()
            .for_each(|matter| row("ledger", matter.code()));
        Level::ALL
            .iter()
            .for_each(|level| row("level", level.code()));
        LevelCause::ALL
            .iter()
            .for_each(|cause| row("level cause", cause.code()));
        IncidentClock::ALL
            .iter()
            .for_each(|clock| row("incident clock missed", clock.code()));
        Choice::ALL
            .iter()
            .for_each(|choice| row("choice", choice.code()));
        Shortage::ALL
            .iter()
            .for_each(|shortage| row("shortage", shortage.code()));
        CloseReason::ALL
            .iter()
            .for_each(|reason| row("closed", reason.code()));
        Outcome::ALL
            .iter()
            .for_each(|outcome| row("outcome", outcome.code()));
        ClockMode::ALL
            .iter()
            .for_each(|clock| row("worlds", clock.code()));
        for &from in OrderState::ALL {
            for act in OrderAct::ALL {
                if let Some(to) = from.after(*act, true) {
                    counters.rows.insert(("order", from.code(), to.code()), 0);
                }
            }
        }
        // The first rung is told with the order itself and is never climbed to.
        counters.rows.remove(&("rung", Rung::Primary.code(), ""));
        // A start opens the centre before anybody can speak to it.
        let unheard = ("refusal", Refusal::NotOpened.code(), "");
        counters.rows.remove(&unheard);
        counters
    }

    /// One more.
    pub fn hit(&mut self, sort: &'static str, which: &'static str) {
        self.add((sort, which, ""), 1);
    }

    /// So many more.
    pub fn add(&mut self, row: Row, times: u64) {
        *self.rows.entry(row).or_default() += times;
    }

    /// Adds another table.
    pub fn merge(&mut self, other: &Counters) {
        for (&row, &times) in &other.rows {
            self.add(row, times);
        }
    }

    /// How often a row was met.
    pub fn get(&self, sort: &'static str, which: &'static str) -> u64 {
        self.rows.get(&(sort, which, "")).copied().unwrap_or(0)
    }

    /// The rows that were met less often than that.
    pub fn below(&self, least: u64) -> impl Iterator<Item = (&Row, &u64)> {
        self.rows.iter().filter(move |&(_, &times)| times < least)
    }

    /// Takes in a record.
    pub fn hear(&mut self, released: &ReleasedRecord) {
        self.hit("command", command_name(&released.record.envelope.command));
        let is_system = released.record.envelope.actor == Actor::System;
        for event in &released.record.events {
            if let (Event::ObjectActivated(active), true) = (event, is_system)
                && active.object == ObjectKind::Bulletin
            {
                self.hit("world", "hour_switch");
            }
            self.hit("event", event_name(event));
            self.detail(event);
        }
    }

    fn detail(&mut self, event: &Event) {
        if let Event::Refused(refusal) = *event {
            self.hit("refusal", refusal.code());
        } else if let Event::OrderMoved { from, to, .. } = *event {
            self.add(("order", from.code(), to.code()), 1);
        } else if let Event::ClockMet { clock, .. } = *event {
            self.hit("clock met", clock.code());
        } else if let Event::ClockMissed { clock, .. } = *event {
            self.hit("clock missed", clock.code());
        } else if let Event::LadderClimbed { rung, .. } = *event {
            self.hit("rung", rung.code());
        } else if let Event::LedgerEntered { matter, .. } = *event {
            self.hit("ledger", matter.code());
        } else if let Event::IncidentEntered { matter, .. } = *event {
            self.hit("ledger", matter.code());
        } else if let Event::LevelRaised { level, cause, .. } = *event {
            self.hit("level", level.code());
            self.hit("level cause", cause.code());
        } else if let Event::IncidentClockMissed { clock, .. } = *event {
            self.hit("incident clock missed", clock.code());
        } else if let Event::OrderIssued(issued) = *event {
            self.hit("choice", issued.choice.code());
        } else if let Event::NeedWaits { shortage, .. } = *event {
            self.hit("shortage", shortage.code());
        } else if let Event::IncidentClosed { reason, .. } = *event {
            self.hit("closed", reason.code());
        } else if let Event::CallDecided { outcome, .. } = *event {
            self.hit("outcome", outcome.code());
        }
    }
}

impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((sort, which, to), times) in &self.rows {
            let arrow = if to.is_empty() { "" } else { " -> " };
            writeln!(f, "{times:>12}  {sort}: {which}{arrow}{to}")?;
        }
        Ok(())
    }
}

/// Names each variant once, so that a table has a row for all of them and a new one is not forgotten.
macro_rules! names {
    ($list:ident, $name:ident, $of:ident: $($pattern:pat => $code:literal,)+) => {
        const $list: &[&str] = &[$($code,)+];

        fn $name(value: &$of) -> &'static str {
            match value { $($pattern => $code,)+ }
        }
    };
}

names! { COMMANDS, command_name, Command:
    Command::OpenCentre(_) => "open_centre",
    Command::Activate(_) => "activate",
    Command::DefineUnit(_) => "define_unit",
    Command::TakeCall(_) => "take_call",
    Command::AddFacts(_) => "add_facts",
    Command::EndCall(_) => "end_call",
    Command::CloseIncident(_) => "close_incident",
    Command::Report(_) => "report",
    Command::MoveUnit(_) => "move_unit",
    Command::SetDuty(_) => "set_duty",
    Command::Tick => "tick",
    Command::JudgeCall(_) => "judge_call",
    Command::MergeIncidents(_) => "merge_incidents",
    Command::SplitCall(_) => "split_call",
    Command::EscalateIncident(_) => "escalate_incident",
    Command::AssignUnit(_) => "assign_unit",
    Command::DefineHospital(_) => "define_hospital",
    Command::RaiseLevel(_) => "raise_level",
    Command::ReportSituation(_) => "report_situation",
    Command::ReportUpward(_) => "report_upward",
    Command::CloseWithFollowUp(_) => "close_with_follow_up",
    Command::ReopenIncident(_) => "reopen_incident",
    Command::UnmergeIncident(_) => "unmerge_incident",
}

names! { EVENTS, event_name, Event:
    Event::CentreOpened(_) => "centre_opened",
    Event::ObjectActivated(_) => "object_activated",
    Event::UnitDefined { .. } => "unit_defined",
    Event::CallTaken { .. } => "call_taken",
    Event::CallRepeated { .. } => "call_repeated",
    Event::IncidentOpened { .. } => "incident_opened",
    Event::IncidentJoined { .. } => "incident_joined",
    Event::IncidentRaised { .. } => "incident_raised",
    Event::IncidentPlaced { .. } => "incident_placed",
    Event::IncidentClosed { .. } => "incident_closed",
    Event::NeedOpened { .. } => "need_opened",
    Event::NeedWaits { .. } => "need_waits",
    Event::NeedMet { .. } => "need_met",
    Event::NeedDone { .. } => "need_done",
    Event::NeedDropped { .. } => "need_dropped",
    Event::OrderIssued(_) => "order_issued",
    Event::OrderMoved { .. } => "order_moved",
    Event::ClockMet { .. } => "clock_met",
    Event::ClockMissed { .. } => "clock_missed",
    Event::LadderClimbed { .. } => "ladder_climbed",
    Event::LedgerEntered { .. } => "ledger_entered",
    Event::UnitMoved { .. } => "unit_moved",
    Event::UnitDutyChanged { .. } => "unit_duty_changed",
    Event::UnitStaffed { .. } => "unit_staffed",
    Event::UnitSilent { .. } => "unit_silent",
    Event::UnitHeard { .. } => "unit_heard",
    Event::CallAmended { .. } => "call_amended",
    Event::CallEnded { .. } => "call_ended",
    Event::CallDecided { .. } => "call_decided",
    Event::Refused(_) => "refused",
    Event::Continues { .. } => "continues",
    Event::IncidentReclassified { .. } => "incident_reclassified",
    Event::IncidentMerged { .. } => "incident_merged",
    Event::OrderTransferred { .. } => "order_transferred",
    Event::CallSplit { .. } => "call_split",
    Event::HospitalDefined { .. } => "hospital_defined",
    Event::NeedRefused { .. } => "need_refused",
    Event::UnitPreempted { .. } => "unit_preempted",
    Event::UnitPositionStale { .. } => "unit_position_stale",
    Event::LevelRaised { .. } => "level_raised",
    Event::CommanderNamed { .. } => "commander_named",
    Event::SituationReported { .. } => "situation_reported",
    Event::ReportedUpward { .. } => "reported_upward",
    Event::IncidentClockMissed { .. } => "incident_clock_missed",
    Event::IncidentEntered { .. } => "incident_entered",
    Event::CloseAwaited { .. } => "close_awaited",
    Event::FollowUpNamed { .. } => "follow_up_named",
    Event::DutiesJoined { .. } => "duties_joined",
    Event::IncidentReopened { .. } => "incident_reopened",
}
