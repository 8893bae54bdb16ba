//! How a centre comes up: journal proved and replayed, objects stored, what is new brought into force.

use super::Setup;
use super::keeper::Keeper;
use super::measures::Measures;
use super::metered::Metered;
use super::port::Submission;
use super::release::{Releaser, ReplyRing};
use super::replay::{Replay, ReplayError, prepare};
use super::stopwatch::{Stopwatch, TimeSource};
use super::watcher::{Release, Watcher};
use super::writer::{Round, Shown, Stopped, Writer};
use crate::centre::{Centre, Prepared};
use crate::city::{City, Hospital, UnitRow};
use crate::command::{
    Activation, Actor, ClockMode, Command, Envelope, ObjectKind, Opening, UnitDuty,
};
use crate::hospital::HospitalDefinition;
use crate::id::{ObjectHash, Sequence};
use crate::journal::committer::{Committer, Watch};
use crate::journal::objects::ObjectError;
use crate::journal::{Cut, Folder, Objects, OpenError, Place, Proved, ReadError, Reader};
use crate::lane::{Bell, Producer, lanes};
use crate::moment::Moment;
use crate::name::Name;
use crate::position_slots::{DrainCursor, PositionSlots};
use crate::record::LOGIC_VERSION;
use crate::roads::atlas::Atlas;
use crate::roads::bulletin::{Bulletin, BulletinError};
use crate::unit::{Duty, UnitDefinition};
use crossbeam::queue::ArrayQueue;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

/// Why a centre cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The journal cannot be opened.
    #[error("cannot open the journal: {0}")]
    Open(#[from] OpenError),
    /// The journal cannot be replayed.
    #[error("cannot replay the journal: {0}")]
    Replay(#[from] ReplayError),
    /// The journal cannot be read by the view.
    #[error("cannot read the journal: {0}")]
    Read(#[from] ReadError),
    /// An object cannot be stored.
    #[error("cannot store the centre's {kind}: {reason}")]
    Store {
        /// What it is.
        kind: ObjectKind,
        /// Why.
        reason: ObjectError,
    },
    /// An object of the setup cannot be used.
    #[error("the {kind} cannot be used: {reason}")]
    Object {
        /// What it is.
        kind: ObjectKind,
        /// Why.
        reason: String,
    },
    /// The data folder is another centre's, lives on another clock, or holds another number of things.
    #[error("the data folder holds centre {} on the {} clock with {:?}; start it so, or name another folder", .0.centre.0, .0.clock, .0.capacities)]
    Another(Opening),
    /// A unit of the city was refused.
    #[error("the city's unit {0} cannot be defined; `liandong city check` says why")]
    Unit(String),
    /// The operating system gave no thread.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
    /// The journal stopped while the centre came up.
    #[error("the journal stopped while the centre came up; is the disk full?")]
    Stopped,
}

/// A centre that is ready for its threads.
pub(super) struct Booted {
    pub writer: Writer,
    pub watcher: Watcher,
    pub keeper: Keeper,
    /// Snapshots that could not be begun with, and why.
    pub passed_over: Vec<String>,
    /// What was cut off at the journal's end.
    pub cut: Option<Cut>,
    /// Notices on the roads that another map left without a road.
    pub notices_left: Vec<Name>,
    pub handles: Handles,
}

/// What the outside holds of it.
pub(super) struct Handles {
    pub producer: Producer<Submission>,
    pub positions: Arc<PositionSlots>,
    pub rings: Arc<Vec<ReplyRing>>,
    pub watch: Watch,
    pub epoch: u64,
    pub durable: Sequence,
}

/// Checks an object, keeps it in the data folder and makes it ready to be activated.
pub(super) fn store(
    data: &Folder,
    kind: ObjectKind,
    bytes: &[u8],
) -> Result<(Activation, Prepared), StartError> {
    let hash = ObjectHash::of(bytes);
    let activation = Activation { object: kind, hash };
    let prepared =
        prepare(&activation, bytes, None).map_err(|reason| StartError::Object { kind, reason })?;
    Objects::of(data)
        .put(bytes)
        .map_err(|reason| StartError::Store { kind, reason })?;
    Ok((activation, prepared))
}

/// Keeps a bulletin in the data folder, and makes the map ready as it says.
pub(super) fn store_bulletin(
    data: &Folder,
    map: &Atlas,
    bulletin: Bulletin,
) -> Result<(Activation, Arc<Atlas>), StartError> {
    let kind = ObjectKind::Bulletin;
    let unusable = |error: BulletinError| StartError::Object {
        kind,
        reason: error.to_string(),
    };
    let bytes = bulletin.canonical_bytes().map_err(unusable)?;
    let hash = ObjectHash::of(&bytes);
    let atlas = map.under(hash, bulletin).map_err(unusable)?;
    Objects::of(data)
        .put(&bytes)
        .map_err(|reason| StartError::Store { kind, reason })?;
    let activation = Activation { object: kind, hash };
    Ok((activation, Arc::new(atlas)))
}

/// What the roads' factors of this hour take to come into force; `None` where they are in force.
pub(super) fn hour_due(
    centre: &Centre,
    data: &Folder,
    now: Moment,
) -> Result<Option<(Activation, Prepared)>, StartError> {
    let Some((bulletin, map)) = centre.bulletin_due(now).zip(centre.atlas()) else {
        return Ok(None);
    };
    let (activation, atlas) = store_bulletin(data, map, bulletin)?;
    Ok(Some((activation, Prepared::Roads(atlas))))
}

pub(super) fn boot(
    setup: &Setup,
    mut sink: Box<dyn Release>,
    time: TimeSource,
) -> Result<Booted, StartError> {
    setup.data.make().map_err(OpenError::from)?;
    let prove = |place: Option<&Place>| Proved::of(&setup.data, setup.centre, &setup.shape, place);
    // The journal behind a snapshot is proved while that is loaded; one that is of no use takes its proof with it.
    let mut proved = None;
    let mut replay = Replay::from_snapshot_beside(&setup.data, Sequence(u64::MAX), |header| {
        drop(proved.take());
        proved = Some(prove(Some(&header.place)));
    })?;
    let snapshot = replay.snapshot().copied();
    if snapshot.is_none() {
        drop(proved.take());
    }
    let passed_over = replay.passed_over().to_vec();
    let view = replay.take_view();
    let proved = proved.unwrap_or_else(|| prove(None))?;
    if snapshot.is_some() {
        sink.restored(view);
    }
    // Nothing is changed before all of it was decided again: who is refused here may go back to another release.
    let mut centre = replay.run_telling(&mut *sink)?;
    let (files, recovery) = proved.open()?;
    let told = centre.sequence();
    let opening = Opening {
        centre: setup.centre,
        clock: setup.clock,
        logic_version: LOGIC_VERSION,
        capacities: setup.capacities,
    };
    if let Some(known) = centre.opening().filter(|&known| known != opening) {
        return Err(StartError::Another(known));
    }
    if centre.opening().is_none() {
        centre = Centre::new(setup.capacities);
    }
    let durable = recovery.chain.last();
    let shown = Arc::new(Shown::default());
    let (writer_bell, view_bell) = (Bell::new(), Bell::new());
    let (producer, consumer) = lanes(setup.lanes, writer_bell.clone());
    let rings: Vec<_> = setup.wake.iter().map(|wake| ring(setup, wake)).collect();
    let rings = Arc::new(rings);
    let releaser = Releaser {
        rings: Arc::clone(&rings),
        shown: Arc::clone(&shown),
        writer: writer_bell,
        view: view_bell.clone(),
        touched: vec![false; rings.len()],
    };
    let measures = Arc::new(Measures::new(setup.shape.batches));
    let log = Metered::new(files, Arc::clone(&measures));
    let (feed, committer) = Committer::with_feed(log, releaser, &setup.shape);
    let watch = feed.watch().clone();
    let positions = Arc::new(PositionSlots::new(setup.capacities.units_max));
    let stopwatch = Stopwatch::not_before(centre.now(), time);
    let mut writer = Writer {
        now: centre.now(),
        centre,
        clock: setup.clock,
        data: setup.data.clone(),
        hour_until: Moment(i64::MIN),
        stopwatch,
        consumer,
        positions: Arc::clone(&positions),
        feed,
        // In hand until the centre is up: a city larger than the buffers needs them back.
        committer: Some(committer),
        shown: Arc::clone(&shown),
        measures,
        round: Round::default(),
        open: None,
        submitted: 0,
        cursor: DrainCursor::default(),
        inbox: Vec::with_capacity(1_024),
        moved: Vec::with_capacity(1_024),
        events: Vec::new(),
    };
    let notices_left = bring_into_force(&mut writer, setup, opening)?;
    let told_durable = watch.clone();
    let mut reader = Reader::open(&setup.data)?;
    if told > Sequence(0) {
        reader.seek(told.next());
    }
    let kept_durable = watch.clone();
    let keeper = Keeper::new(
        setup.data.clone(),
        setup.keeping,
        // What is in a snapshot must never be ahead of the disk.
        Box::new(move || kept_durable.synced()),
        Arc::clone(&shown),
        snapshot.map(|header| (header.sequence(), header.at())),
        if reader.is_pruned()? {
            reader.first()?
        } else {
            Sequence(0)
        },
    );
    let watcher = Watcher {
        reader,
        durable: Box::new(move || told_durable.durable()),
        sink,
        bell: view_bell,
        shown,
        told: Arc::new(AtomicU64::new(told.0)),
        last: Arc::new(AtomicBool::new(false)),
        failure: Arc::default(),
    };
    // What was brought into force counts as heard only when it is durable too.
    let handles = Handles {
        producer,
        positions,
        rings,
        watch,
        epoch: recovery.chain.epoch,
        durable: writer.centre.sequence(),
    };
    debug_assert!(durable <= handles.durable);
    Ok(Booted {
        writer,
        watcher,
        keeper,
        passed_over,
        cut: recovery.cut,
        notices_left,
        handles,
    })
}

fn ring(setup: &Setup, wake: &super::Wake) -> ReplyRing {
    ReplyRing {
        ring: ArrayQueue::new(setup.reply_ring_items.max(1)),
        dropped: AtomicU64::new(0),
        wake: Arc::clone(wake),
    }
}

/// Opens a new centre, brings objects and units of the setup into force; gives the notices that another map left without a
/// road.
fn bring_into_force(
    writer: &mut Writer,
    setup: &Setup,
    opening: Opening,
) -> Result<Vec<Name>, StartError> {
    let mut notices_left = Vec::new();
    if setup.clock == ClockMode::Wall {
        writer.now = writer.stopwatch.now();
    }
    if writer.centre.opening().is_none() {
        say(writer, Command::OpenCentre(opening))?;
    }
    for activation in prepare_what_is_new(writer, setup)? {
        // Another city is said last, after everything that follows from it: until it is in force the next start sees that
        // it is new and finishes what a crash may have cut off. Under the first city units can be defined only
        // when it is in force; what a crash cut off there is defined below.
        if activation.object == ObjectKind::City
            && let Some(before) = writer.centre.city().cloned()
        {
            change_city(writer, &before, &setup.city)?;
        }
        if activation.object == ObjectKind::Roads {
            notices_left = change_map(writer, activation)?;
        } else {
            say(writer, Command::Activate(activation))?;
        }
    }
    for row in &setup.city.units {
        if writer.centre.unit_named(&row.name).is_none() {
            define(writer, row)?;
        }
    }
    for hospital in &setup.city.hospitals {
        if writer.centre.hospital_named(&hospital.name).is_none() {
            define_hospital(writer, hospital)?;
        }
    }
    // A driven centre that has not started yet has no hour.
    if (writer.clock, writer.now) != (ClockMode::Driven, Moment(0))
        && let Some((activation, prepared)) = hour_due(&writer.centre, &writer.data, writer.now)?
    {
        writer.centre.prepare(prepared);
        say(writer, Command::Activate(activation))?;
    }
    Ok(notices_left)
}

/// Brings another map into force, and with it what was said of the one before where it can still be meant; gives the notices
/// of which that cannot be. Both stand in one batch: a crash leaves neither or both.
fn change_map(writer: &mut Writer, activation: Activation) -> Result<Vec<Name>, StartError> {
    let before = writer.centre.atlas().map(|atlas| atlas.bulletin());
    writer.flush(true).map_err(|Stopped| StartError::Stopped)?;
    say(writer, Command::Activate(activation))?;
    let Some((before, atlas)) = before.zip(writer.centre.atlas().cloned()) else {
        return Ok(Vec::new());
    };
    let (carried, left) = before.carried_to(atlas.hash(), atlas.metric().map());
    if !carried.is_plain() {
        let (activation, atlas) = store_bulletin(&writer.data, &atlas, carried)?;
        writer.centre.prepare(Prepared::Roads(atlas));
        say(writer, Command::Activate(activation))?;
    }
    Ok(left)
}

/// Stores the setup's objects, and makes those ready that are not in force: plan and lexicon, the city last.
fn prepare_what_is_new(writer: &mut Writer, setup: &Setup) -> Result<Vec<Activation>, StartError> {
    let city = setup
        .city
        .canonical_bytes()
        .map_err(|error| StartError::Object {
            kind: ObjectKind::City,
            reason: error.to_string(),
        })?;
    // A city without roads leaves those that are in force: what orders were decided by is not taken away unsaid.
    let roads = setup.roads.as_deref();
    let sources = [
        (ObjectKind::Plan, Some(setup.plan.as_bytes())),
        (ObjectKind::Lexicon, Some(setup.lexicon.as_bytes())),
        (ObjectKind::Roads, roads),
        (ObjectKind::City, Some(city.as_slice())),
    ];
    let mut new = Vec::new();
    for (kind, bytes) in sources {
        let Some(bytes) = bytes else { continue };
        // What a person has activated since stands until the configuration itself changes.
        let in_force = match kind {
            ObjectKind::Plan => writer.centre.plan_configured(),
            ObjectKind::Lexicon | ObjectKind::City | ObjectKind::Roads | ObjectKind::Bulletin => {
                writer.centre.in_force(kind)
            }
        };
        if in_force == Some(ObjectHash::of(bytes)) {
            continue;
        }
        let (activation, prepared) = store(&setup.data, kind, bytes)?;
        writer.centre.prepare(prepared);
        new.push(activation);
    }
    Ok(new)
}

/// Says what another city changes: hospitals that are others, units that are others, gone or back. What was said
/// already is not said again. Who is gone keeps the orders that are out, and gets no other.
fn change_city(writer: &mut Writer, before: &City, city: &City) -> Result<(), StartError> {
    change_hospitals(writer, before, city)?;
    for row in &city.units {
        define(writer, row)?;
    }
    let names = |city: &City| {
        city.units
            .iter()
            .map(|row| row.name)
            .collect::<BTreeSet<_>>()
    };
    let (old, new) = (names(before), names(city));
    let duties: Vec<UnitDuty> = writer
        .centre
        .units()
        .filter_map(|(unit, known)| {
            let name = known.definition.name;
            let duty = match known.duty {
                Duty::Off if new.contains(&name) && !old.contains(&name) => Duty::OnCall,
                Duty::OnCall | Duty::Patrolling | Duty::Standby if !new.contains(&name) => {
                    Duty::Off
                }
                Duty::Off | Duty::OnCall | Duty::Patrolling | Duty::Standby => return None,
            };
            Some(UnitDuty {
                unit,
                duty,
                strength: None,
            })
        })
        .collect();
    for duty in duties {
        say(writer, Command::SetDuty(duty))?;
    }
    Ok(())
}

/// Defines the hospitals of another city: those that it lacks are closed, those that are back are open.
fn change_hospitals(writer: &mut Writer, before: &City, city: &City) -> Result<(), StartError> {
    let has = |city: &City, name| city.hospitals.iter().any(|hospital| hospital.name == name);
    for hospital in &city.hospitals {
        define_hospital(writer, hospital)?;
    }
    let known: Vec<HospitalDefinition> = writer.centre.hospitals().copied().collect();
    for hospital in known {
        let open = match (has(before, hospital.name), has(city, hospital.name)) {
            (_, false) => false,
            (false, true) => true,
            (true, true) => hospital.open,
        };
        if open != hospital.open {
            say(
                writer,
                Command::DefineHospital(HospitalDefinition { open, ..hospital }),
            )?;
        }
    }
    Ok(())
}

fn define_hospital(writer: &mut Writer, hospital: &Hospital) -> Result<(), StartError> {
    let known = writer.centre.hospital_named(&hospital.name).copied();
    let definition = HospitalDefinition {
        // Whether it takes patients is a matter of the day, not of the city's files.
        open: known.is_none_or(|known| known.open),
        ..HospitalDefinition::from(hospital)
    };
    if known == Some(definition) {
        return Ok(());
    }
    say(writer, Command::DefineHospital(definition))
}

/// Defines a unit, unless it is just so.
fn define(writer: &mut Writer, row: &UnitRow) -> Result<(), StartError> {
    let definition = UnitDefinition::from(row);
    if writer
        .centre
        .unit_named(&row.name)
        .is_some_and(|(_, unit)| unit.definition == definition)
    {
        return Ok(());
    }
    say(writer, Command::DefineUnit(definition))?;
    if writer.centre.unit_named(&row.name).is_none() {
        return Err(StartError::Unit(row.name.to_string()));
    }
    Ok(())
}

fn say(writer: &mut Writer, command: Command) -> Result<(), StartError> {
    writer
        .apply(
            &Envelope {
                actor: Actor::System,
                command,
            },
            &[],
            None,
        )
        .map_err(|Stopped| StartError::Stopped)
}

impl From<&Hospital> for HospitalDefinition {
    fn from(hospital: &Hospital) -> HospitalDefinition {
        HospitalDefinition {
            name: hospital.name,
            point: hospital.point,
            capabilities: hospital.capabilities.iter().copied().collect(),
            beds: hospital.beds,
            open: true,
        }
    }
}

impl From<&UnitRow> for UnitDefinition {
    fn from(row: &UnitRow) -> UnitDefinition {
        UnitDefinition {
            name: row.name,
            agency: row.agency,
            capabilities: row.capabilities,
            home: row.home,
            post: row.point,
            speed_mm_s: row.speed_mm_s,
            turnout_ms: row.turnout_ms,
            strength: row.strength,
            least_strength: row.least_strength,
            roster_on_min: row.roster_on_min,
            roster_off_min: row.roster_off_min,
            capacity: row.capacity,
        }
    }
}
