//! The standard load without a socket: calls of `generate --profile standard`, orders finished by one report within a
//! second of centre time, a steady number of open incidents.

use crate::journalled::Journalled;
use anyhow::Context;
use engine::call::Outcome;
use engine::centre::{Centre, Prepared};
use engine::city::City;
use engine::classify::Lexicon;
use engine::command::{
    Activation, Actor, ClockMode, Command, Envelope, ObjectKind, Opening, OrderReport, UnitDuty,
};
use engine::event::Event;
use engine::hospital::HospitalDefinition;
use engine::id::{CentreId, ObjectHash, OrderId, UnitId};
use engine::kind::Kind;
use engine::limits::Capacities;
use engine::line::Line;
use engine::moment::{Moment, Span};
use engine::order::OrderAct;
use engine::place::Point;
use engine::place::datum::Datum;
use engine::plan::Plan;
use engine::record::{LOGIC_VERSION, RecordRef};
use engine::roads::atlas::Atlas;
use engine::unit::{Duty, UnitDefinition};
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
    /// Of a thousand of these, how many are still on their way; the others are there.
    pub under_way_permille: u32,
    /// Of a thousand units, how many are off duty.
    pub off_permille: u32,
    /// Incidents that stay open beside and have no unit: nobody has said yet what they are.
    pub idle: u32,
}

impl StandardSize {
    /// The size that figures name.
    pub const FULL: StandardSize = StandardSize {
        units: 10_000,
        calls: 20_000,
        open: 1_000,
        busy_permille: 600,
        under_way_permille: 0,
        off_permille: 0,
        idle: 0,
    };
    /// The size that the tests run.
    pub const SMOKE: StandardSize = StandardSize {
        units: 1_000,
        calls: 500,
        open: 100,
        busy_permille: 600,
        under_way_permille: 0,
        off_permille: 0,
        idle: 0,
    };

    /// The defaults, with room for its units, and for its open incidents beside those that closed.
    pub fn capacities(self) -> Capacities {
        let defaults = Capacities::default();
        Capacities {
            units_max: self.units,
            incidents_max: defaults.incidents_max.max(2 * self.idle),
            ..defaults
        }
    }
}

/// What a centre decides by beside the time: the default plan, with policies left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policies {
    /// `[preemption]`: calling away (R2).
    pub preemption: bool,
    /// Whoever is any sooner is called away, as often as can be: more of it than any plan would have.
    pub preemption_eager: bool,
    /// `[choice]`: own district, scarce skills, coverage (C8, H8, R3).
    pub choice: bool,
    /// `[[level]]`: major incidents.
    pub majors: bool,
    /// The map of the county.
    pub roads: bool,
}

impl Default for Policies {
    fn default() -> Policies {
        Policies {
            preemption: true,
            preemption_eager: false,
            choice: true,
            majors: true,
            roads: false,
        }
    }
}

impl Policies {
    /// The plan's text.
    fn plan(&self) -> String {
        let mut plan = String::new();
        let mut section = "";
        for line in engine::plan::DEFAULT.lines() {
            if line.starts_with('[') {
                section = line.split(']').next().unwrap_or(line);
            }
            let key = line.split(" =").next().unwrap_or(line);
            let left_out = match (section, key) {
                ("[preemption", "priority_1_from" | "priority_2_from") => !self.preemption,
                ("[choice", "own_district_s" | "scarce_skill_s" | "coverage_s") => !self.choice,
                ("[[level", _) => !self.majors,
                _ => false,
            };
            let line = match (section, key) {
                ("[preemption", "bumps_max") if self.preemption_eager => "bumps_max = 16",
                ("[preemption", "least_gain_s") if self.preemption_eager => "least_gain_s = 0",
                _ => line,
            };
            if !left_out {
                plan += line;
                plan.push('\n');
            }
        }
        plan
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
    /// Units called away since the load began.
    pub preempted: u64,
    /// Levels raised since the load began.
    pub levels: u64,
    /// The last incident that keeps its units: they are never finished.
    kept: u64,
}

const CENTRE: CentreId = CentreId(1);
/// Of the city, its roads and the calls.
const SEED: u64 = 7;

impl Standard {
    /// A centre of this size, its units as busy as asked, a call every millisecond.
    pub fn new(size: StandardSize) -> anyhow::Result<Standard> {
        Standard::build(size, Span(1), None, &Policies::default())
    }

    /// The same, deciding by these policies.
    pub fn deciding_by(size: StandardSize, policies: &Policies) -> anyhow::Result<Standard> {
        Standard::build(size, Span(1), None, policies)
    }

    /// The same with a call every so often, everything that is said to it journalled in a folder.
    pub fn journalled(size: StandardSize, pace: Span, folder: &Path) -> anyhow::Result<Standard> {
        let journal = Journalled::new(folder, CENTRE)?;
        Standard::build(size, pace, Some(journal), &Policies::default())
    }

    fn build(
        size: StandardSize,
        pace: Span,
        journal: Option<Journalled>,
        policies: &Policies,
    ) -> anyhow::Result<Standard> {
        let city = engine::city::generate(SEED, Some(size.units))?;
        let ground = Ground::of(city.clone())?;
        let rows = generate(
            "standard",
            SEED,
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
        let plan = Arc::new(Plan::load(&policies.plan())?);
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
            preempted: 0,
            levels: 0,
            kept: 0,
        };
        standard.open(plan, city_hash, &city, size.capacities())?;
        if policies.roads {
            standard.bring_roads()?;
        }
        standard.rest(size);
        standard.occupy(size)?;
        standard.leave_open(size)?;
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

    /// Decides by the roads of the county from here on.
    fn bring_roads(&mut self) -> anyhow::Result<()> {
        let bytes = engine::city::generate::roads::map(SEED)?;
        let hash = ObjectHash::of(&bytes);
        let atlas = Atlas::read(hash, &bytes).map_err(anyhow::Error::msg)?;
        self.centre.prepare(Prepared::Roads(Arc::new(atlas)));
        let object = ObjectKind::Roads;
        self.say(Command::Activate(Activation { object, hash }));
        Ok(())
    }

    /// Sends units off duty, spread over all.
    fn rest(&mut self, size: StandardSize) {
        let units = self.centre.units().map(|(unit, _)| unit);
        let off = units.filter(|unit| unit.number() * 7_919 % 1_000 < size.off_permille.into());
        for unit in off.collect::<Vec<_>>() {
            self.say(Command::SetDuty(UnitDuty {
                unit,
                duty: Duty::Off,
                strength: None,
            }));
        }
    }

    /// Opens incidents of which nobody has said yet what they are, all over the city.
    fn leave_open(&mut self, size: StandardSize) -> anyhow::Result<()> {
        let wanted = self.centre.conservation().incidents_open + u64::from(size.idle);
        let mut key = 0;
        while self.centre.conservation().incidents_open < wanted {
            key += 1;
            // Past the window in which calls join: so many in one city would be one event.
            if key % 256 == 0 {
                self.now = self.now + Span::minutes(11);
            }
            anyhow::ensure!(
                key < 4 * u64::from(size.idle),
                "the city has not enough room for so many incidents"
            );
            let post = &self.intake.city.posts[key as usize % self.intake.city.posts.len()];
            let spread = |by: u64| (key * by % 400_000) as i32 - 200_000;
            let point = Point {
                lat_e7: post.point.lat_e7 + spread(15_485_863),
                lon_e7: post.point.lon_e7 + spread(32_452_843),
            };
            let words = CallWords {
                key: format!("idle-{key}"),
                position: Some(Position::new(
                    f64::from(point.lat_e7) / 1e7,
                    f64::from(point.lon_e7) / 1e7,
                    Some(Datum::Wgs84),
                )?),
                ..CallWords::default()
            };
            let taken = self.intake.call(0, words, &mut self.desk);
            self.say(Command::TakeCall(taken.report));
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
                let is_under_way = order.number() * 7_919 % 1_000 < size.under_way_permille.into();
                let act = match is_under_way {
                    true => OrderAct::SetOff,
                    false => OrderAct::Arrive,
                };
                self.say(Command::Report(OrderReport { order, act }));
            }
        }
        if size.under_way_permille > 0 {
            self.kept = self.centre.conservation().incidents_open;
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
        self.hear();
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
            // A unit that came free may have been given to who waited.
            self.hear();
        }
    }

    /// Takes in what the last command caused. Who is sent to an incident that keeps its units sets off, and is never done.
    fn hear(&mut self) {
        let mut lasting: [Option<OrderId>; 16] = [None; 16];
        let mut for_a_person = None;
        let mut slots = lasting.iter_mut();
        for event in &self.events {
            if let Event::OrderIssued(issued) = *event {
                self.orders += 1;
                let kept = issued.incident.number() <= self.kept;
                match slots.next().filter(|_| kept) {
                    Some(slot) => *slot = Some(issued.order),
                    None => self
                        .due
                        .push_back((self.now + Span(900), issued.order, issued.unit)),
                }
            } else if let Event::IncidentJoined { .. } = *event {
                self.merged += 1;
            } else if let Event::UnitPreempted { .. } = *event {
                self.preempted += 1;
            } else if let Event::LevelRaised { .. } = *event {
                self.levels += 1;
            } else if let Event::CallDecided {
                incident,
                outcome: Outcome::Human | Outcome::Waiting,
                ..
            } = *event
            {
                for_a_person = incident.filter(|_| self.kept > 0);
            }
        }
        // A person has seen to it, so that few more stay open than were asked for.
        if let Some(incident) = for_a_person {
            let envelope = Envelope {
                actor: Actor::System,
                command: Command::CloseIncident(incident),
            };
            self.apply(&envelope, None);
        }
        for order in lasting.into_iter().flatten() {
            let envelope = Envelope {
                actor: Actor::System,
                command: Command::Report(OrderReport {
                    order,
                    act: OrderAct::SetOff,
                }),
            };
            self.apply(&envelope, None);
        }
    }

    /// Commands applied so far.
    pub fn commands(&self) -> u64 {
        self.centre.sequence().0
    }

    /// Incidents open now.
    pub fn incidents_open(&self) -> u64 {
        self.centre.conservation().incidents_open
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 100 calls 40 take no unit, 30 merge, 30 open an incident with 1.3 orders, and nothing piles up: through the whole way, from the words on.
    #[test]
    fn a_centre_does_what_the_load_says() {
        const CALLS: u64 = 4_000;
        let size = StandardSize {
            calls: CALLS,
            ..StandardSize::FULL
        };
        let mut standard = Standard::new(size).unwrap();
        let before = standard.centre.conservation();
        for _ in 0..CALLS {
            standard.decide();
        }
        let after = standard.centre.conservation();
        let percent = |now: u64, then: u64| (now - then) as f64 * 100.0 / CALLS as f64;
        let merged = percent(after.merged, before.merged);
        let opened = percent(after.ordered, before.ordered);
        let desks = after.work_order - before.work_order;
        let orders = (standard.orders - desks) as f64 / (after.ordered - before.ordered) as f64;
        println!(
            "merged {merged:.1} %, opened {opened:.1} % with {orders:.2} orders, {desks} for desks"
        );
        assert!((28.5..31.5).contains(&merged), "{merged} % merged");
        assert!(
            (28.5..31.5).contains(&opened),
            "{opened} % opened an incident"
        );
        assert!(
            (1.25..1.36).contains(&orders),
            "{orders} orders an incident"
        );
        let piled = after.needs_waiting.saturating_sub(before.needs_waiting);
        assert!(piled < 10, "{piled} needs wait");
    }
}
