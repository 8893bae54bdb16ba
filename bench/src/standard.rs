//! The standard load without a socket: calls of `generate --profile standard`, orders finished by one report within a
//! second of centre time, a steady number of open incidents.

use crate::journalled::Journalled;
use anyhow::Context;
use engine::centre::{Centre, Prepared};
use engine::city::City;
use engine::classify::Lexicon;
use engine::command::{
    Activation, Actor, ClockMode, Command, Envelope, ObjectKind, Opening, OrderReport,
};
use engine::event::Event;
use engine::hospital::HospitalDefinition;
use engine::id::{CentreId, ObjectHash, OrderId, UnitId};
use engine::kind::Kind;
use engine::limits::Capacities;
use engine::line::Line;
use engine::moment::{Moment, Span};
use engine::order::OrderAct;
use engine::place::datum::Datum;
use engine::plan::Plan;
use engine::record::{LOGIC_VERSION, RecordRef};
use engine::unit::UnitDefinition;
use gateway::intake::{Desk, Intake};
use gateway::wire::{CallWords, Position};
use loadgen::ground::Ground;
use loadgen::synth::{Size, generate};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

/// How large a load is.
#[derive(Clone, Copy, Debug)]
pub struct StandardSize {
    /// Units of the city.
    pub units: u32,
    /// Distinct calls, with distinct texts and places.
    pub calls: u64,
    /// Incidents that stay open underneath, their units busy.
    pub open: u32,
    /// Of a thousand units, how many are busy before the load begins.
    pub busy_permille: u32,
}

impl StandardSize {
    /// The size that figures name.
    pub const FULL: StandardSize = StandardSize {
        units: 10_000,
        calls: 20_000,
        open: 1_000,
        busy_permille: 600,
    };
    /// The size that the tests run.
    pub const SMOKE: StandardSize = StandardSize {
        units: 1_000,
        calls: 500,
        open: 100,
        busy_permille: 600,
    };

    /// The defaults, with room for its units.
    pub fn capacities(self) -> Capacities {
        Capacities {
            units_max: self.units,
            ..Capacities::default()
        }
    }
}

/// A centre under the standard load.
pub struct Standard {
    intake: Intake,
    desk: Desk,
    centre: Centre,
    words: Vec<CallWords>,
    taken: Vec<(Envelope, Box<[u8]>)>,
    /// Orders to be finished, and when.
    due: VecDeque<(Moment, OrderId, UnitId)>,
    events: Vec<Event>,
    record: Vec<u8>,
    journal: Option<Journalled>,
    /// Centre time between one call and the next.
    pace: Span,
    now: Moment,
    calls: u64,
    /// Orders issued since the load began.
    pub orders: u64,
    /// Calls merged since the load began.
    pub merged: u64,
}

const CENTRE: CentreId = CentreId(1);

impl Standard {
    /// A centre of this size, its units as busy as asked, a call every millisecond.
    pub fn new(size: StandardSize) -> anyhow::Result<Standard> {
        Standard::build(size, Span(1), None)
    }

    /// The same with a call every so often, everything that is said to it journalled in a folder.
    pub fn journalled(size: StandardSize, pace: Span, folder: &Path) -> anyhow::Result<Standard> {
        let journal = Journalled::new(folder, CENTRE)?;
        Standard::build(size, pace, Some(journal))
    }

    fn build(
        size: StandardSize,
        pace: Span,
        journal: Option<Journalled>,
    ) -> anyhow::Result<Standard> {
        let city = engine::city::generate(7, Some(size.units))?;
        let ground = Ground::of(city.clone())?;
        let rows = generate(
            "standard",
            7,
            Size {
                days: None,
                calls: Some(size.calls),
            },
            &ground,
        )?;
        let words = rows
            .into_iter()
            .map(words_of)
            .collect::<anyhow::Result<Vec<_>>>()?;
        let city = Arc::new(city);
        let plan = Arc::new(Plan::load(engine::plan::DEFAULT)?);
        let city_hash = ObjectHash::of(&city.canonical_bytes()?);
        let lexicon = Arc::new(Lexicon::load(Lexicon::source_embedded())?);
        let intake = Intake {
            plan: Arc::clone(&plan).into(),
            lexicon,
            lexicon_hash: ObjectHash::of(Lexicon::source_embedded().as_bytes()),
            city: Arc::clone(&city),
            city_hash,
            default_line: Line::POLICE,
        };
        let mut standard = Standard {
            intake,
            desk: Desk::default(),
            centre: Centre::new(size.capacities()),
            words,
            taken: Vec::new(),
            due: VecDeque::new(),
            events: Vec::with_capacity(1_024),
            record: Vec::with_capacity(1 << 20),
            journal,
            pace,
            now: "2026-11-21T02:00:00Z".parse()?,
            calls: 0,
            orders: 0,
            merged: 0,
        };
        standard.open(plan, city_hash, &city, size.capacities())?;
        standard.occupy(size)?;
        standard.taken = (0..standard.words.len())
            .map(|index| standard.take(index))
            .collect();
        Ok(standard)
    }

    fn open(
        &mut self,
        plan: Arc<Plan>,
        city_hash: ObjectHash,
        city: &Arc<City>,
        capacities: Capacities,
    ) -> anyhow::Result<()> {
        if let Some(journal) = &self.journal {
            journal.put(engine::plan::DEFAULT.as_bytes())?;
            journal.put(Lexicon::source_embedded().as_bytes())?;
            journal.put(&city.canonical_bytes()?)?;
        }
        let plan_hash = plan.hash;
        let lexicon_hash = self.intake.lexicon_hash;
        self.centre.prepare(Prepared::Lexicon(lexicon_hash));
        self.centre.prepare(Prepared::Plan(plan));
        self.centre
            .prepare(Prepared::City(city_hash, Arc::clone(city)));
        let opening = Opening {
            centre: CENTRE,
            clock: ClockMode::Driven,
            logic_version: LOGIC_VERSION,
            capacities,
        };
        self.say(Command::OpenCentre(opening));
        for (object, hash) in [
            (ObjectKind::Plan, plan_hash),
            (ObjectKind::Lexicon, lexicon_hash),
            (ObjectKind::City, city_hash),
        ] {
            self.say(Command::Activate(Activation { object, hash }));
        }
        for row in &city.units {
            let definition = UnitDefinition {
                roster_on_min: 0,
                roster_off_min: 0,
                ..row.into()
            };
            self.say(Command::DefineUnit(definition));
        }
        for hospital in &city.hospitals {
            self.say(Command::DefineHospital(HospitalDefinition {
                name: hospital.name,
                point: hospital.point,
                capabilities: hospital.capabilities.iter().copied().collect(),
                beds: hospital.beds,
                open: true,
            }));
        }
        Ok(())
    }

    fn say(&mut self, command: Command) {
        let envelope = Envelope {
            actor: Actor::System,
            command,
        };
        self.apply(&envelope, None);
        self.record.clear();
    }

    /// Applies a command and records it, with the words of the call of this number if it is one.
    fn apply(&mut self, envelope: &Envelope, words: Option<usize>) {
        self.events.clear();
        self.centre.apply(self.now, envelope, &mut self.events);
        let from = self.record.len();
        RecordRef {
            at: self.now,
            envelope,
            testimony: words.map_or(&[], |index| &self.taken[index].1),
            events: &self.events,
        }
        .encode(&mut self.record);
        if let Some(journal) = &mut self.journal {
            journal.push(self.now, &self.record[from..]);
        }
    }

    /// Opens incidents that stay open until so many units are busy.
    fn occupy(&mut self, size: StandardSize) -> anyhow::Result<()> {
        let wanted = u64::from(size.units) * u64::from(size.busy_permille) / 1_000;
        let mut key = 0;
        while self.centre.conservation().orders_open < wanted
            || self.centre.conservation().incidents_open < u64::from(size.open)
        {
            key += 1;
            anyhow::ensure!(
                key < 1_000_000,
                "the city has not enough free units for this load"
            );
            let post = &self.intake.city.posts[key % self.intake.city.posts.len()];
            let mut point = post.point;
            // Spread so that no two are one event.
            point.lat_e7 += (key as i32 * 7_919) % 300_000;
            point.lon_e7 += (key as i32 * 104_729) % 300_000;
            let kind = [Kind::Theft, Kind::Illness, Kind::CrashDamage, Kind::Fight][key % 4];
            let words = CallWords {
                key: format!("occupied-{key}"),
                position: Some(Position::new(
                    f64::from(point.lat_e7) / 1e7,
                    f64::from(point.lon_e7) / 1e7,
                    Some(Datum::Wgs84),
                )?),
                kind: Some(kind),
                ..CallWords::default()
            };
            let taken = self.intake.call(0, words, &mut self.desk);
            self.say(Command::TakeCall(taken.report));
            for event in &self.events {
                // Acknowledged and under way, so that no ladder disturbs the load.
                if let Event::OrderIssued(issued) = *event {
                    self.due
                        .push_back((Moment::LATEST, issued.order, issued.unit));
                }
            }
            while let Some((_, order, _)) = self.due.pop_front() {
                self.say(Command::Report(OrderReport {
                    order,
                    act: OrderAct::Arrive,
                }));
            }
        }
        Ok(())
    }

    fn take(&mut self, index: usize) -> (Envelope, Box<[u8]>) {
        let taken = self
            .intake
            .call(0, self.words[index].clone(), &mut self.desk);
        let command = Command::TakeCall(taken.report);
        (
            Envelope {
                actor: Actor::Carrier(0),
                command,
            },
            taken.testimony.encode(),
        )
    }

    /// The writer's part of one call: apply and record it, and the reports that have fallen due since.
    pub fn decide(&mut self) {
        self.now = self.now + self.pace;
        let index = self.calls as usize % self.taken.len();
        let mut envelope = self.taken[index].0;
        if let Command::TakeCall(report) = &mut envelope.command {
            // The same call again under a new key, once all have been through.
            report.key.0[8..].copy_from_slice(&self.calls.to_le_bytes());
        }
        self.calls += 1;
        self.record.clear();
        self.apply(&envelope, Some(index));
        self.settle();
    }

    /// Everything of one call from decoded words on: classify, locate, digest, apply, record.
    pub fn decide_from_words(&mut self) {
        let index = self.calls as usize % self.words.len();
        self.taken[index] = self.take(index);
        self.decide();
    }

    /// Classify, locate and digest alone.
    pub fn take_words(&mut self) -> usize {
        let index = self.calls as usize % self.words.len();
        self.calls += 1;
        self.take(index).1.len()
    }

    fn settle(&mut self) {
        for event in &self.events {
            if let Event::OrderIssued(issued) = *event {
                self.orders += 1;
                self.due
                    .push_back((self.now + Span(900), issued.order, issued.unit));
            } else if let Event::IncidentJoined { .. } = *event {
                self.merged += 1;
            }
        }
        while let Some(&(_, order, unit)) = self.due.front().filter(|due| due.0 <= self.now) {
            self.due.pop_front();
            let command = Command::Report(OrderReport {
                order,
                act: OrderAct::Finish,
            });
            let envelope = Envelope {
                actor: Actor::Unit(unit),
                command,
            };
            self.apply(&envelope, None);
            for event in &self.events {
                // A unit that came free may have been given to who waited.
                if let Event::OrderIssued(issued) = *event {
                    self.due
                        .push_back((self.now + Span(900), issued.order, issued.unit));
                }
            }
        }
    }

    /// Commands applied so far.
    pub fn commands(&self) -> u64 {
        self.centre.sequence().0
    }

    /// A hash of the whole state.
    pub fn state_hash(&self) -> ObjectHash {
        self.centre.inspect().hash
    }

    /// The city that it serves.
    pub fn city(&self) -> &Arc<City> {
        &self.intake.city
    }

    /// What is journalled, made durable, and the folder let go; nothing when it is not journalled.
    pub fn close_journal(&mut self) -> anyhow::Result<()> {
        self.journal.take().map_or(Ok(()), Journalled::close)
    }

    /// Goes on with the journal of a folder that was let go.
    pub fn reopen_journal(&mut self, folder: &Path) -> anyhow::Result<()> {
        self.journal = Some(Journalled::new(folder, CENTRE)?);
        Ok(())
    }

    /// A hash of all that was decided, and how the calls add up: what a bench prints of its result.
    pub fn result(&self) -> String {
        let inspection = self.centre.inspect();
        let conservation = inspection.conservation;
        format!(
            "state {} after {} calls: {} ordered, {} merged, {} human, {} work orders, {} waiting; {} incidents and {} orders open",
            &inspection.hash.to_string()[..16],
            conservation.accepted,
            conservation.ordered,
            conservation.merged,
            conservation.human,
            conservation.work_order,
            conservation.needs_waiting,
            conservation.incidents_open,
            conservation.orders_open,
        )
    }
}

fn words_of(row: loadgen::trace::Row) -> anyhow::Result<CallWords> {
    let position = match (row.lat, row.lon) {
        (Some(lat), Some(lon)) => Some(Position::new(lat, lon, row.datum)?),
        (Some(_) | None, _) => None,
    };
    Ok(CallWords {
        key: row.key,
        line: Some(
            row.line
                .parse()
                .context("the standard load's lines are numbers")?,
        ),
        caller: row.caller,
        position,
        text: row.text,
        ..CallWords::default()
    })
}
