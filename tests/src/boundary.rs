//! One thing that goes wrong, anywhere: a run of a thousand commands in which the n-th call to the disk fails, or the power
//! goes there. Whatever n is, the next start must recover, find all that was acknowledged, and go on to the same end.
//!
//! The centre is the real one, stepped by hand ([`engine::runtime::stepped`]), on the disk of the simulated world; unlike
//! a world, a run draws nothing, so that every boundary can be met in turn. `tests/boundaries.rs` says which are.

use crate::world::disk::{Lie, SimulatedDisk};
use crate::world::faults::Fault;
use crate::world::ground::{Ground, LEXICON, ground, plans};
use crate::world::unsynced::Unsynced;
use engine::answer::Answer;
use engine::call::{Assessment, BodyDigest, CallReport, KeyDigest, Marks};
use engine::centre::{Centre, Prepared};
use engine::command::{Actor, ClockMode, Command, Envelope, ObjectKind, OrderReport};
use engine::id::{CallId, CentreId, ObjectHash, OrderId, Sequence};
use engine::journal::disk::{Access, Disk};
use engine::journal::retention::Retention;
use engine::journal::{Durability, Folder, Shape, verify};
use engine::kind::Kind;
use engine::lane::{Lane, LaneLimits};
use engine::limits::Capacities;
use engine::line::Line;
use engine::moment::Span;
use engine::order::OrderAct;
use engine::place::{Place, PlaceSource};
use engine::runtime::keeper::Keeping;
use engine::runtime::port::{Origin, ReplyBody, Submission, Wish};
use engine::runtime::stepped::Stepped;
use engine::runtime::{Release, ReleasedRecord, Replay, Setup};
use engine::view::View;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Commands of a run.
pub const COMMANDS: u64 = 1_000;
/// How many are said before the answers to all of them are taken.
const TOGETHER: u64 = 20;
/// Of so many rounds one ends with a look of the keeper.
const KEEPER_ROUNDS: u64 = 10;
/// The command that brings another plan into force.
const PLAN_CHANGE: u64 = 330;
const CENTRE: CentreId = CentreId(1);
const DATA: &str = "/data";
/// Six in the evening in China, 21 November 2026.
const BEGIN_MS: i64 = 1_795_255_200_000;
/// Between two rounds: the run lasts four hours, so that clocks run out on the way.
const ROUND_MS: i64 = 4 * 3_600_000 / (COMMANDS / TOGETHER) as i64;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The call fails; the process ends and is started again.
    Refused,
    /// The call fails, and the power goes before the process is started again.
    RefusedThenDark,
    /// The call fails after a part of it; the process ends and is started again.
    Torn,
    /// The power goes before the call.
    Dark,
}

impl Wrong {
    /// All of them.
    pub const ALL: [Wrong; 4] = [
        Wrong::Refused,
        Wrong::RefusedThenDark,
        Wrong::Torn,
        Wrong::Dark,
    ];
}

/// What a run met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lived {
    /// It was over before the n-th call: nothing went wrong.
    pub is_whole: bool,
    /// Starts that did not live to the end.
    pub deaths: u32,
    /// Calls to the disk.
    pub acts: u64,
    /// Records that were known and went with the machine, as they may where answers do not wait for the disk.
    pub lost: u64,
    /// The state at the end.
    pub hash: ObjectHash,
}

/// Files by name.
pub type Files = Vec<(String, Vec<u8>)>;

/// What was released, in the order in which it was told.
#[derive(Clone, Debug, Default)]
struct Told(Arc<Mutex<(Sequence, Vec<ReleasedRecord>)>>);

impl Told {
    fn lock(&self) -> MutexGuard<'_, (Sequence, Vec<ReleasedRecord>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Release for Told {
    fn restored(&mut self, view: View) {
        self.lock().0 = view.sequence();
    }

    fn released(&mut self, records: &[ReleasedRecord]) {
        let mut told = self.lock();
        told.1.extend_from_slice(records);
        told.0 = records.last().map_or(told.0, |record| record.sequence);
    }
}

/// Why a process ended, or what does not hold.
enum End {
    /// The disk failed it.
    Died(String),
    /// A promise is broken.
    Broken(String),
}

struct Run {
    disk: SimulatedDisk,
    wall: Arc<AtomicI64>,
    /// Each command and the answer that was taken for it.
    answers: BTreeMap<u64, (Sequence, Answer)>,
    /// All that was ever released.
    released: Vec<ReleasedRecord>,
    round: u64,
    epoch: u64,
    /// How many commands are said.
    commands: u64,
    durability: Durability,
    unsynced: Unsynced,
    lost: u64,
}

/// Lives through a run in which the n-th call to the disk goes wrong.
///
/// # Errors
/// What did not hold.
pub fn live(
    wrong: Wrong,
    nth: u64,
    lie: Option<Lie>,
    durability: Durability,
) -> Result<Lived, String> {
    let disk = SimulatedDisk::new(nth);
    if let Some(lie) = lie {
        disk.lie(lie);
    }
    disk.faults(|faults| match wrong {
        Wrong::Refused | Wrong::RefusedThenDark => faults.refuse_after(nth),
        Wrong::Torn => faults.tear_after(nth),
        Wrong::Dark => faults.cut_power_after(nth),
    });
    let mut run = Run::new(disk, COMMANDS);
    run.durability = durability;
    let mut deaths = 0;
    let hash = loop {
        match run.process() {
            Ok(hash) => break hash,
            Err(End::Broken(what)) => return Err(what),
            Err(End::Died(why)) if deaths == 1 => return Err(format!("it died again: {why}")),
            Err(End::Died(_)) => deaths += 1,
        }
        match wrong {
            Wrong::Refused | Wrong::Torn => run.disk.kill(),
            Wrong::RefusedThenDark | Wrong::Dark => run.disk.crash(),
        }
        let is_dark = matches!(wrong, Wrong::RefusedThenDark | Wrong::Dark);
        let counts = run.disk.faults(|faults| faults.counts().clone());
        if is_dark || counts.contains_key(&Fault::SyncError) {
            run.unsynced.end();
        }
    };
    Ok(Lived {
        is_whole: match wrong {
            Wrong::Dark => deaths == 0 && run.disk.faults(|faults| faults.acts()) <= nth,
            Wrong::Refused | Wrong::RefusedThenDark | Wrong::Torn => {
                !run.disk.faults(|faults| faults.has_refused())
            }
        },
        deaths,
        acts: run.disk.faults(|faults| faults.acts()),
        lost: run.lost,
        hash,
    })
}

fn died(error: impl ToString) -> End {
    End::Died(error.to_string())
}

fn broken<T>(what: String) -> Result<T, End> {
    Err(End::Broken(what))
}

fn county() -> &'static Ground {
    ground(0)
}

/// A folder as a centre leaves it that was told so many commands and ended in good order: files by name, and the state's hash.
///
/// # Errors
/// What did not hold.
pub fn leave(commands: u64) -> Result<(Files, ObjectHash), String> {
    let mut run = Run::new(SimulatedDisk::new(0), commands);
    let hash = run.process().map_err(|end| match end {
        End::Died(what) | End::Broken(what) => what,
    })?;
    let read = |name: String| {
        let file = run.disk.open(&Path::new(DATA).join(&name), Access::Read)?;
        let mut bytes = vec![0; file.length()? as usize];
        file.read_at(&mut bytes, 0)?;
        std::io::Result::Ok((name, bytes))
    };
    let mut files = Vec::new();
    for within in ["", "objects/", "snapshots/"] {
        let mut names = run
            .disk
            .names(&Path::new(DATA).join(within))
            .unwrap_or_default();
        names.sort();
        for name in names {
            let is_kept = !within.is_empty() || name.ends_with(".log") || name == "EPOCH";
            if is_kept {
                let file = read(format!("{within}{name}"));
                files.push(file.map_err(|error| format!("{within}{name}: {error}"))?);
            }
        }
    }
    Ok((files, hash))
}

impl Run {
    fn new(disk: SimulatedDisk, commands: u64) -> Run {
        Run {
            disk,
            wall: Arc::new(AtomicI64::new(BEGIN_MS)),
            answers: BTreeMap::new(),
            released: Vec::new(),
            round: 0,
            epoch: 0,
            commands,
            durability: Durability::Sync,
            unsynced: Unsynced::default(),
            lost: 0,
        }
    }

    fn folder(&self) -> Folder {
        Folder::new(Arc::new(self.disk.clone()), PathBuf::from(DATA))
    }

    fn setup(&self) -> Setup {
        Setup {
            data: self.folder(),
            centre: CENTRE,
            clock: ClockMode::Wall,
            capacities: CAPACITIES,
            plan: plans()[0].text.clone(),
            lexicon: LEXICON.to_owned(),
            city: Arc::clone(&county().city),
            roads: None,
            lanes: LaneLimits {
                life: 256,
                urgent: 256,
                service: 256,
            },
            shape: Shape {
                segment_bytes: 64 << 10,
                batch_bytes: 32 << 10,
                batch_records: 64,
                batches: 2,
                durability: self.durability,
                genesis: Sequence(1),
            },
            reply_ring_items: 1_024,
            keeping: Keeping {
                snapshot_records: 300,
                snapshot_age: Span::hours(2),
                retention: Retention {
                    kept: Span::hours(1),
                    bytes_max: None,
                },
                room_low_bytes: 0,
                room_least_bytes: 0,
            },
            wake: vec![Arc::new(|| {})],
        }
    }

    /// One process: from its start to the end of the run, or to its own.
    fn process(&mut self) -> Result<ObjectHash, End> {
        let told = Told::default();
        let wall = Arc::clone(&self.wall);
        let mut centre =
            Stepped::start(self.setup(), Box::new(told.clone()), wall).map_err(died)?;
        if centre.running().epoch() <= self.epoch {
            return broken(format!("epoch {} again", centre.running().epoch()));
        }
        self.epoch = centre.running().epoch();
        let found = told.lock().0.0;
        self.take_losses(found)?;
        self.view(&mut centre, &told)?;
        self.all_is_there()?;
        while self.round * TOGETHER < self.commands {
            self.say_round(&mut centre, &told)?;
            self.round += 1;
            let now = BEGIN_MS + self.round as i64 * ROUND_MS;
            // What is said again after it was lost is said later.
            self.wall.fetch_max(now, Ordering::Relaxed);
            if self.round.is_multiple_of(KEEPER_ROUNDS) {
                centre.step_keeper();
                self.still_on()?;
            }
        }
        while centre.step_journal().map_err(died)? {}
        self.view(&mut centre, &told)?;
        self.all_is_there()?;
        let hash = centre.centre().inspect().hash;
        drop(centre);
        self.settle(hash)?;
        Ok(hash)
    }

    /// Where answers do not wait for the disk, a machine that stopped may have lost what was not synced, and no more; whoever asked
    /// asks again.
    fn take_losses(&mut self, found: u64) -> Result<(), End> {
        let (is_taken, least) = (self.unsynced.take_end(), self.unsynced.least());
        self.unsynced.begin(found);
        if !is_taken || self.durability == Durability::Sync {
            return Ok(());
        }
        if found < least {
            return broken(format!(
                "synced and lost: records up to {least} were synced, up to {found} are there"
            ));
        }
        let known = self.released.len() as u64;
        self.lost += known.saturating_sub(found);
        self.released.truncate(found as usize);
        self.answers.retain(|_, (sequence, _)| sequence.0 <= found);
        self.round = 0;
        Ok(())
    }

    fn still_on(&self) -> Result<(), End> {
        match self.disk.faults(|faults| faults.is_off()) {
            true => Err(died("the power is gone")),
            false => Ok(()),
        }
    }

    /// Says what is not answered yet of one round, until all of it is.
    fn say_round(&mut self, centre: &mut Stepped, told: &Told) -> Result<(), End> {
        let numbers = self.round * TOGETHER..(self.round + 1) * TOGETHER;
        for number in numbers.clone() {
            if self.answers.contains_key(&number) {
                continue;
            }
            let wish = self.wish(centre, number)?;
            let token = number;
            let origin = Some(Origin { worker: 0, token });
            let mut submissions = vec![Submission { origin, wish }];
            let submitted = centre.running().submit(Lane::Life, &mut submissions);
            submitted.map_err(|full| End::Broken(full.to_string()))?;
        }
        for _ in 0..1_000 {
            if numbers
                .clone()
                .all(|number| self.answers.contains_key(&number))
            {
                return self.view(centre, told);
            }
            centre
                .step_writer()
                .ok_or_else(|| died("the journal has stopped"))?;
            let more = centre.step_journal().map_err(died)?;
            self.unsynced.stepped(centre.running().durable().0, more);
            self.take_answers(centre)?;
            self.still_on()?;
        }
        broken(format!("round {} was not answered", self.round))
    }

    fn wish(&self, centre: &Stepped, number: u64) -> Result<Wish, End> {
        if number != PLAN_CHANGE {
            let envelope = envelope(number);
            let testimony = Box::default();
            return Ok(Wish::Command {
                envelope,
                testimony,
            });
        }
        let text = plans()[1].text.as_bytes();
        let stored = centre.running().store(ObjectKind::Plan, text);
        let (activation, object) = stored.map_err(died)?;
        Ok(Wish::Activate {
            actor: Actor::Dispatcher(0),
            activation,
            object,
            testimony: Box::default(),
        })
    }

    fn take_answers(&mut self, centre: &Stepped) -> Result<(), End> {
        let mut replies = Vec::new();
        centre.running().replies(0, &mut replies);
        for reply in replies {
            let ReplyBody::Answer(answer) = reply.body else {
                return broken(format!("nobody asked for {reply:?}"));
            };
            let token = reply.origin.token;
            if self
                .answers
                .insert(token, (reply.sequence, answer))
                .is_some()
            {
                return broken(format!("command {token} was answered twice"));
            }
        }
        Ok(())
    }

    /// Takes what the view tells; what was released before must be told as it was.
    fn view(&mut self, centre: &mut Stepped, told: &Told) -> Result<(), End> {
        while centre.step_view().map_err(died)? > 0 {}
        for record in told.lock().1.drain(..) {
            let index = record.sequence.0 as usize - 1;
            match self.released.get(index) {
                Some(known) if known.record != record.record => {
                    return broken(format!("{known:?} was released, now it is {record:?}"));
                }
                Some(_) => {}
                None if index == self.released.len() => self.released.push(record),
                None => return broken(format!("record {} is told too early", record.sequence)),
            }
        }
        Ok(())
    }

    /// Every answer that was taken is in the record that it named.
    fn all_is_there(&self) -> Result<(), End> {
        for (number, (sequence, answer)) in &self.answers {
            let record = self.released.get(sequence.0 as usize - 1);
            let Some(record) = record.map(|released| &released.record) else {
                return broken(format!(
                    "acknowledged and lost: command {number}, record {sequence}"
                ));
            };
            let is_same = *number == PLAN_CHANGE || record.envelope == envelope(*number);
            if !is_same || Answer::of(&record.events) != *answer {
                return broken(format!(
                    "command {number} was answered {answer:?}, written is {record:?}"
                ));
            }
        }
        Ok(())
    }

    /// The journal is sound and leads to the same state: all of it, from a snapshot, and in a centre that never stopped.
    fn settle(&self, hash: ObjectHash) -> Result<(), End> {
        let verdict = verify(self.folder(), None).map_err(died)?;
        let last = Some(Sequence(self.released.len() as u64));
        if !verdict.is_sound() || verdict.tail.is_some() || verdict.last != last {
            return broken(format!("{} were released: {verdict}", self.released.len()));
        }
        let all = Sequence(u64::MAX);
        let replays = [
            Replay::new(self.folder()),
            Replay::from_snapshot(self.folder(), all),
        ];
        for replay in replays {
            let replayed = replay.and_then(|replay| replay.run(all)).map_err(died)?;
            if replayed.inspect().hash != hash {
                return broken("a replay comes to another state".into());
            }
        }
        let twin = twin(&self.released).map_err(End::Broken)?;
        let counts = twin.conservation();
        let calls = (0..self.commands).filter(|&number| is_call(number)).count() as u64;
        if twin.inspect().hash != hash {
            return broken("a centre that never stopped is in another state".into());
        }
        match counts.holds() && counts.accepted == calls {
            true => Ok(()),
            false => broken(format!("{calls} keys, one decision each: {counts:?}")),
        }
    }
}

const CAPACITIES: Capacities = Capacities {
    units_max: 128,
    incidents_max: 1_024,
    orders_max: 1_024,
    calls_max: 4_096,
};

/// A centre that is told all that was released, and must say the same.
fn twin(released: &[ReleasedRecord]) -> Result<Centre, String> {
    let mut centre = Centre::new(CAPACITIES);
    centre.prepare(Prepared::City(county().hash, Arc::clone(&county().city)));
    centre.prepare(Prepared::Lexicon(ObjectHash::of(LEXICON.as_bytes())));
    for plan in plans() {
        centre.prepare(Prepared::Plan(Arc::clone(&plan.plan)));
    }
    let mut events = Vec::new();
    for ReleasedRecord { sequence, record } in released {
        events.clear();
        centre.apply(record.at, &record.envelope, &mut events);
        if events != record.events {
            return Err(format!("record {sequence}: a twin says {events:?}"));
        }
    }
    Ok(centre)
}

/// Whether a key is said for the first time as this number; the call in whose place the plan is changed comes a little
/// later, when it would be said again.
fn is_call(number: u64) -> bool {
    number % 10 < 6
}

/// What is said as this number: calls, some of them again, and acts on what the calls before may have caused.
fn envelope(number: u64) -> Envelope {
    let (actor, command) = match number % 10 {
        0..6 => (Actor::Carrier(0), Command::TakeCall(report(number))),
        6 => (
            Actor::Carrier(0),
            Command::TakeCall(report(number / 10 * 10)),
        ),
        7 => (
            Actor::Dispatcher(0),
            act(1 + number / 10, OrderAct::Acknowledge),
        ),
        8 => (Actor::Dispatcher(0), act(1 + number / 12, OrderAct::Finish)),
        _ => {
            let call = CallId::new(CENTRE, 1 + number / 3);
            let ends = call.map_or(Command::Tick, Command::EndCall);
            (Actor::Carrier(0), ends)
        }
    };
    Envelope { actor, command }
}

fn act(order: u64, act: OrderAct) -> Command {
    match OrderId::new(CENTRE, order) {
        Some(order) => Command::Report(OrderReport { order, act }),
        None => Command::Tick,
    }
}

fn report(number: u64) -> CallReport {
    let city = &county().city;
    let posts = &city.posts;
    let point = posts[number as usize * 7 % posts.len()].point;
    CallReport {
        key: KeyDigest::of(0, &number.to_string()),
        body: BodyDigest(number),
        line: Line::POLICE,
        place: Some(Place {
            point,
            radius_m: 20,
            source: PlaceSource::Caller,
            district: city.district_at(point),
        }),
        assessment: Assessment::stated(Kind::ALL[number as usize * 5 % Kind::ALL.len()]),
        injured: (number % 3) as u16,
        marks: Marks::default(),
    }
}
