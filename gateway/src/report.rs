//! The shift's figures for one local day (X14, H5), from the journal alone: calls by line and nature, orders by agency and
//! by unit with what was acknowledged, left, arrived and fed back in time, late or not at all, and what the ledger is owed.
//!
//! A day is the city's. An order belongs to the day it was issued on; what came of it later still counts, as far as the
//! journal goes; of a damaged one that is up to the damage, which is said at the top and at the end. `print` puts it on paper and into CSV. Reads only.

mod conduct;
mod print;

use crate::local_time::LocalTime;
use crate::records::{Records, RecordsError};
use engine::call::Outcome;
use engine::command::{Activation, ClockMode, Command, ObjectKind};
use engine::event::{Event, LedgerMatter};
use engine::explain::Fold;
use engine::id::{CallId, OrderId, Sequence, UnitId};
use engine::kind::{Agency, Nature};
use engine::line::Line;
use engine::moment::{Moment, Span};
use engine::order::{OrderClock, OrderState, Step, StepSet};
use engine::record::Record;
use engine::view::{Counters, LedgerSubject, View};
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::path::Path;

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The journal.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The day.
    #[error("{0} is out of range; name a day from 1970 to 2200")]
    Day(Date),
}

/// Something that is owed on an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owed {
    /// Somebody says yes.
    Acknowledged,
    /// The unit leaves, or musters and leaves.
    SetOff,
    /// The unit is there.
    Arrived,
    /// The result is reported.
    FedBack,
}

impl Owed {
    /// All four, in the order they come.
    pub const ALL: [Owed; 4] = [
        Owed::Acknowledged,
        Owed::SetOff,
        Owed::Arrived,
        Owed::FedBack,
    ];

    const fn of(clock: OrderClock) -> Owed {
        match clock {
            OrderClock::Acknowledge => Owed::Acknowledged,
            OrderClock::SetOff | OrderClock::Muster => Owed::SetOff,
            OrderClock::Arrive => Owed::Arrived,
            OrderClock::Result => Owed::FedBack,
        }
    }

    const fn skipped_in(self, missing: StepSet) -> bool {
        match self {
            Owed::Acknowledged => missing.contains(Step::Acknowledged),
            Owed::SetOff => missing.contains(Step::SetOff),
            Owed::Arrived => missing.contains(Step::Arrived),
            Owed::FedBack => false,
        }
    }

    /// Whether an order that comes to this state has given it.
    const fn is_given_in(self, state: OrderState) -> bool {
        match state {
            OrderState::Issued
            | OrderState::Declined
            | OrderState::Cancelled
            | OrderState::Reassigned
            | OrderState::Preempted => false,
            OrderState::Acknowledged => matches!(self, Owed::Acknowledged),
            OrderState::SetOff => matches!(self, Owed::Acknowledged | Owed::SetOff),
            OrderState::Arrived => !matches!(self, Owed::FedBack),
            OrderState::Finished => true,
        }
    }
}

/// How one thing owed came, over some orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeliness {
    /// It came, and no clock was missed for it.
    pub in_time: u64,
    /// It came after its clock had run out.
    pub late: u64,
    /// It was skipped (X3), or its clock ran out and it has not come.
    pub missing: u64,
    /// Its clock still runs.
    pub running: u64,
}

/// The orders of an agency or a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderFigures {
    /// Issued.
    pub issued: u64,
    /// Of these: declined.
    pub declined: u64,
    /// Of these: taken from a unit that did not answer, or by a person.
    pub reassigned: u64,
    /// Of these: withdrawn.
    pub cancelled: u64,
    /// Of these: left, as the unit was called away to something more urgent (R2).
    pub preempted: u64,
    /// What was owed, in the order of [`Owed::ALL`].
    pub owed: [Timeliness; 4],
}

/// The calls of one line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineFigures {
    /// By what they asked of the centre, as they were held in the end.
    pub by_nature: BTreeMap<Nature, u64>,
}

impl LineFigures {
    /// All calls.
    pub fn total(&self) -> u64 {
        self.by_nature.values().sum()
    }

    /// Those that were not invalid.
    pub fn valid(&self) -> u64 {
        self.total() - self.by_nature.get(&Nature::Invalid).copied().unwrap_or(0)
    }
}

/// An entry of the ledger that nothing has answered yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenEntry {
    /// When it was entered.
    pub at: Moment,
    /// The order or the incident that it is about.
    pub about: LedgerSubject,
    /// The name of the unit, or nothing.
    pub unit: String,
    /// Its agency, while the order is known.
    pub agency: Option<Agency>,
    /// What is owed.
    pub matter: LedgerMatter,
    /// Since when.
    pub due: Moment,
}

impl OpenEntry {
    /// The id of what it is about.
    pub fn named(&self) -> String {
        match self.about {
            LedgerSubject::Order(order, _) => order.to_string(),
            LedgerSubject::Incident(incident) => incident.to_string(),
        }
    }
}

/// The figures of one day.
#[derive(Clone, Debug)]
pub struct DayReport {
    /// The day.
    pub day: Date,
    /// The city's local time.
    pub local: LocalTime,
    /// The first record's time.
    pub begins: Moment,
    /// The last record and its time: how far the figures go.
    pub ends: (Sequence, Moment),
    /// Calls by line.
    pub lines: BTreeMap<Line, LineFigures>,
    /// Calls by what became of them at first.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// Calls that were refused for want of room.
    pub refused: u64,
    /// Keys that came again.
    pub repeated: u64,
    /// Orders by agency.
    pub agencies: BTreeMap<Agency, OrderFigures>,
    /// Orders by unit: its name, agency and figures.
    pub units: BTreeMap<String, (Agency, OrderFigures)>,
    /// How major incidents were conducted.
    pub conduct: Counters,
    /// What is still owed, entered by the end of that day.
    pub ledger: Vec<OpenEntry>,
    /// Until when something is owed: now, or on a driven clock the last record's time.
    pub owed_until: Moment,
    /// Why the journal could not be read to its end, if it could not.
    pub damage: Option<String>,
}

impl DayReport {
    /// Whether nothing happened on that day.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.agencies.is_empty() && self.refused == 0
    }
}

/// The figures of a day out of a data folder, as far as it can be read. `wall` is the machine's time: what is owed on a
/// centre that lives on the wall clock is owed until now, however long ago its last record is.
pub fn report(data: &Path, day: Date, wall: Moment) -> Result<DayReport, ReportError> {
    let mut records = Records::open(data, Sequence(u64::MAX))?;
    let mut count = Count::new(day);
    let mut damage = None;
    if let Some(before) = records.take_before() {
        for activation in &before.in_force {
            count.live_in(local_time(&records, before.sequence, activation)?)?;
        }
        count.view = before.view;
    }
    while let Some(released) = records.read_whole(&mut damage)? {
        if let Some(activation) = Fold::wants(&released.record) {
            count.live_in(local_time(&records, released.sequence, &activation)?)?;
        }
        count.view.hear(&released);
        count.hear(released.sequence, &released.record);
    }
    count.finish(wall, damage)
}

/// The time of the city that is brought into force, if it is one.
fn local_time(
    records: &Records,
    sequence: Sequence,
    activation: &Activation,
) -> Result<Option<LocalTime>, RecordsError> {
    let mut local = None;
    if activation.object == ObjectKind::City {
        records.object(sequence, activation, |bytes| {
            let city = engine::city::City::from_canonical(bytes);
            let city = city.map_err(|error| error.to_string())?;
            local = Some(LocalTime::ahead_by(city.utc_offset_min));
            Ok(())
        })?;
    }
    Ok(local)
}

/// What is counted of one order.
struct Counted {
    agency: Agency,
    unit: UnitId,
    travels: bool,
    state: OrderState,
    given: [bool; 4],
    missed: [bool; 4],
    skipped: [bool; 4],
    has_clock: [bool; 4],
}

/// The figures while records are heard.
struct Count {
    day: Date,
    local: LocalTime,
    bounds: Option<(Moment, Moment)>,
    view: View,
    begins: Option<Moment>,
    ends: (Sequence, Moment),
    calls: BTreeMap<CallId, (Line, Nature)>,
    outcomes: BTreeMap<Outcome, u64>,
    refused: u64,
    repeated: u64,
    orders: BTreeMap<OrderId, Counted>,
    conduct: Counters,
}

impl Count {
    fn new(day: Date) -> Count {
        Count {
            day,
            local: LocalTime::ahead_by(0),
            bounds: None,
            view: View::new(),
            begins: None,
            ends: (Sequence(0), Moment(0)),
            calls: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            refused: 0,
            repeated: 0,
            orders: BTreeMap::new(),
            conduct: Counters::default(),
        }
    }

    fn live_in(&mut self, local: Option<LocalTime>) -> Result<(), ReportError> {
        if let Some(local) = local {
            let bounds = local.bounds(self.day).ok_or(ReportError::Day(self.day))?;
            (self.local, self.bounds) = (local, Some(bounds));
        }
        Ok(())
    }

    fn is_of_the_day(&self, at: Moment) -> bool {
        self.bounds.is_some_and(|(from, to)| from <= at && at < to)
    }

    fn hear(&mut self, sequence: Sequence, record: &Record) {
        // A driven centre is set up before its clock has been moved for the first time: that is no day's.
        if record.at > Moment::EARLIEST {
            self.begins.get_or_insert(record.at);
        }
        self.ends = (sequence, record.at);
        let today = self.is_of_the_day(record.at);
        for event in &record.events {
            self.hear_of_call(event, &record.envelope.command, today);
            self.hear_of_order(event, today);
            if today && !self.view.is_of_a_drill(event) {
                self.conduct.hear_of_conduct(event);
            }
        }
    }

    fn hear_of_call(&mut self, event: &Event, command: &Command, today: bool) {
        if let (Event::CallTaken { call }, Command::TakeCall(report)) = (event, command) {
            if today {
                let nature = report.assessment.nature;
                self.calls.insert(*call, (report.line, nature));
            }
        } else if let Event::CallAmended { call } = *event {
            let assessment = if let Command::AddFacts(facts) = command {
                facts.assessment
            } else if let Command::JudgeCall(verdict) = command {
                verdict.assessment
            } else {
                None
            };
            if let (Some((_, nature)), Some(held)) = (self.calls.get_mut(&call), assessment) {
                *nature = held.nature;
            }
        } else if let (Event::CallDecided { outcome, .. }, Command::TakeCall(_)) = (event, command)
        {
            *self.outcomes.entry(*outcome).or_default() += u64::from(today);
        } else if let Event::CallRepeated { .. } = event {
            self.repeated += u64::from(today);
        } else if let (Event::Refused(_), Command::TakeCall(_)) = (event, command) {
            self.refused += u64::from(today);
        }
    }

    fn hear_of_order(&mut self, event: &Event, today: bool) {
        if let Event::OrderIssued(issued) = event {
            if today {
                let mut has_clock = [false; 4];
                for &clock in OrderClock::ALL {
                    has_clock[Owed::of(clock) as usize] |= issued.deadlines.get(clock).is_some();
                }
                let counted = Counted {
                    agency: issued.capability.agency(),
                    unit: issued.unit,
                    travels: !issued.capability.is_desk(),
                    state: OrderState::Issued,
                    given: [false; 4],
                    missed: [false; 4],
                    skipped: [false; 4],
                    has_clock,
                };
                self.orders.insert(issued.order, counted);
            }
        } else if let Event::OrderMoved {
            order, to, missing, ..
        } = *event
        {
            if let Some(counted) = self.orders.get_mut(&order) {
                counted.state = to;
                for owed in Owed::ALL {
                    counted.given[owed as usize] |= owed.is_given_in(to);
                    counted.skipped[owed as usize] |= owed.skipped_in(missing);
                }
            }
        } else if let Event::ClockMissed { order, clock, .. } = *event
            && let Some(counted) = self.orders.get_mut(&order)
        {
            counted.missed[Owed::of(clock) as usize] = true;
        }
    }

    fn finish(self, wall: Moment, damage: Option<String>) -> Result<DayReport, ReportError> {
        let (_, until) = match self.bounds {
            Some(bounds) => bounds,
            None => self
                .local
                .bounds(self.day)
                .ok_or(ReportError::Day(self.day))?,
        };
        let mut lines: BTreeMap<Line, LineFigures> = BTreeMap::new();
        for (line, nature) in self.calls.values() {
            let figures = lines.entry(*line).or_default();
            *figures.by_nature.entry(*nature).or_default() += 1;
        }
        let mut agencies: BTreeMap<Agency, OrderFigures> = BTreeMap::new();
        let mut units: BTreeMap<String, (Agency, OrderFigures)> = BTreeMap::new();
        for counted in self.orders.values() {
            counted.add_to(agencies.entry(counted.agency).or_default());
            let name = name_of(&self.view, counted.unit);
            let unit = units
                .entry(name)
                .or_insert((counted.agency, OrderFigures::default()));
            counted.add_to(&mut unit.1);
        }
        let ledger = open_entries(&self.view, until);
        let owed_until = owed_until(self.view.clock(), self.ends.1, wall);
        Ok(DayReport {
            day: self.day,
            local: self.local,
            begins: self.begins.unwrap_or(self.ends.1),
            ends: self.ends,
            lines,
            outcomes: self.outcomes,
            refused: self.refused,
            repeated: self.repeated,
            agencies,
            units,
            conduct: self.conduct,
            ledger,
            owed_until,
            damage,
        })
    }
}

/// Now; on a driven clock there is no other now than the last record's.
fn owed_until(clock: Option<ClockMode>, last: Moment, wall: Moment) -> Moment {
    match clock {
        Some(ClockMode::Wall) => wall.max(last),
        Some(ClockMode::Driven) | None => last,
    }
}

fn name_of(view: &View, unit: UnitId) -> String {
    view.unit_name(unit)
        .map_or_else(|| unit.to_string(), str::to_owned)
}

fn open_entries(view: &View, until: Moment) -> Vec<OpenEntry> {
    let open = view
        .ledger_after(None)
        .filter(|(_, entry)| entry.settled_at.is_none() && entry.at < until && !entry.drill);
    open.map(|(_, entry)| OpenEntry {
        at: entry.at,
        about: entry.about,
        unit: entry
            .about
            .unit()
            .map_or("-".into(), |unit| name_of(view, unit)),
        agency: entry
            .about
            .order()
            .and_then(|order| view.order(order))
            .map(|order| order.issued.capability.agency()),
        matter: entry.matter,
        due: entry.due,
    })
    .collect()
}

impl Counted {
    fn add_to(&self, figures: &mut OrderFigures) {
        figures.issued += 1;
        figures.declined += u64::from(self.state == OrderState::Declined);
        figures.reassigned += u64::from(self.state == OrderState::Reassigned);
        figures.cancelled += u64::from(self.state == OrderState::Cancelled);
        figures.preempted += u64::from(self.state == OrderState::Preempted);
        for owed in Owed::ALL {
            let at = owed as usize;
            let travel = matches!(owed, Owed::SetOff | Owed::Arrived);
            if travel && !self.travels {
                continue;
            }
            let timeliness = &mut figures.owed[at];
            if self.skipped[at] {
                timeliness.missing += 1;
            } else if self.given[at] {
                if self.missed[at] {
                    timeliness.late += 1;
                } else {
                    timeliness.in_time += 1;
                }
            } else if self.missed[at] {
                timeliness.missing += 1;
            } else if self.state.is_open() && self.has_clock[at] {
                timeliness.running += 1;
            }
        }
    }
}

impl DayReport {
    /// How long an entry has been owed.
    fn owed_for(&self, entry: &OpenEntry) -> Span {
        self.owed_until - entry.due
    }
}

#[cfg(test)]
mod tests;
