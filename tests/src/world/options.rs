//! What a world is like, drawn from its seed: how lossy, how crowded, how often something breaks.
//!
//! Ranges are wide on purpose and rare branches common: loss 0–30 %, repeats 0–50 %, tables that are too small, steps
//! that lag for minutes. A range that is 0 in some seeds shows what the others hide.

use super::faults::Fault;
use super::ground::{CROWDED, POOR, TOWN, VEHICLES, WARDS, ground, plans};
use engine::command::ClockMode;
use engine::id::Sequence;
use engine::journal::retention::Retention;
use engine::journal::{Durability, Shape};
use engine::limits::Capacities;
use engine::moment::Span;
use engine::runtime::keeper::Keeping;
use loadgen::random::Random;

/// A defect that is planted so that the checkers can show what they see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// A defect of the disk.
    Lie(super::disk::Lie),
    /// The stream of released records lacks one.
    RecordDropped,
    /// The stream of released records has a record with an event that was not caused.
    EventAltered,
    /// A reply says something else than its record.
    ReplyAltered,
    /// A clock fires twice.
    ClockTwice,
    /// A key is decided twice.
    KeyTwice,
    /// Orders are said to have stood elsewhere than they did.
    OrderJumps,
    /// Readers miss one record.
    ViewMisses,
    /// Crews never answer, not even when faults have stopped.
    NobodyObeys,
    /// A bit is flipped and nobody knows of it.
    SecretFlip,
    /// The checkers are not told what is closed, slow or flooded.
    ClosureUnknown,
    /// The centre decides by the times of the bulletin before.
    StaleTimes,
    /// The roads go by the factors of the hour before.
    HourOff,
    /// What a centre came up with shows one record less to readers.
    RestoredMisses,
    /// A centre is in another state than its records lead to.
    StateOther,
    /// From some record on the disk syncs nothing any more and says that it does.
    SyncsStop,
    /// When a snapshot is damaged all of them are, and of the others nobody knows.
    SnapshotsRot,
}

/// How a world breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breaks {
    /// Of so many steps of the centre one is its last: the power goes.
    pub crash_one_in: u64,
    /// Of so many steps of the centre one is its last: the process is killed.
    pub kill_one_in: u64,
    /// Of so many steps one is before a cut of the power in the middle of one of the next acts of the disk.
    pub cut_one_in: u64,
    /// What the disk does, one in so many acts.
    pub faults: Vec<(Fault, u64)>,
    /// Of so many steps one leaves hardly any room on the disk.
    pub full_one_in: u64,
    /// Whether bits are flipped while the centre is down.
    pub rot: bool,
    /// Of a thousand starts so many come with another map.
    pub new_map_permille: u64,
    /// Restarts for these reasons at most: each costs a replay.
    pub restarts_max: u64,
}

impl Breaks {
    /// Whether whatever is given to the disk while the process runs is kept there.
    pub fn spares_objects(&self) -> bool {
        self.faults.is_empty() && self.full_one_in == 0
    }
}

/// How the parts of the world talk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Messages that are lost, each way, in thousandths.
    pub loss_permille: u64,
    /// Messages that come twice, in thousandths.
    pub repeat_permille: u64,
    /// The longest way, in milliseconds; messages overtake each other.
    pub delay_ms: i64,
    /// When a client sends again what was not answered.
    pub timeout_ms: i64,
    /// Of those that are sent again, with another body under the same key, in thousandths.
    pub conflict_permille: u64,
}

/// How much happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// Calls of a usual day.
    pub calls: u64,
    /// Times when many call about many things.
    pub floods: u64,
    /// Accidents that hundreds see.
    pub accidents: u64,
    /// Pranksters.
    pub pranksters: u64,
    /// Times when everybody sends everything again.
    pub storms: u64,
    /// Minutes between two acts of persons, on average.
    pub person_min: i64,
    /// Minutes between two odd things in the field, on average.
    pub field_min: i64,
    /// Steps of the wall's clock.
    pub jumps: u64,
    /// Changes of the plan.
    pub plans: u64,
    /// Times when a person sends desk after desk to one incident.
    pub overreaches: u64,
    /// Minutes between two things that people say of the roads, on average; 0: nothing is said.
    pub roads_min: i64,
    /// Units that nobody has defined are spoken of as often as the others.
    pub strangers: bool,
}

/// What a world is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What all is drawn from.
    pub seed: u64,
    /// The clock of the centre.
    pub clock: ClockMode,
    /// Which county.
    pub ground: usize,
    /// Which plan it starts with.
    pub plan: usize,
    /// How much the centre holds.
    pub capacities: Capacities,
    /// How its journal is laid out.
    pub shape: Shape,
    /// When snapshots are made and how much is kept.
    pub keeping: Keeping,
    /// Replies that wait at most.
    pub ring_items: usize,
    /// Submissions that wait in a lane at most.
    pub lane_items: u32,
    /// How long the writer, the journal and the view wait before a step at most, in milliseconds.
    pub lag_ms: [i64; 3],
    /// How it breaks.
    pub breaks: Breaks,
    /// How its parts talk.
    pub network: Network,
    /// How much happens.
    pub traffic: Traffic,
    /// Commands of the safety phase at least.
    pub commands_min: u64,
    /// How long the safety phase lasts at least, in milliseconds.
    pub day_ms: i64,
    /// What is wrong on purpose.
    pub planted: Option<Planted>,
}

/// A day.
pub const DAY_MS: i64 = 24 * 3_600_000;

impl Options {
    /// The options of a seed.
    pub fn draw(seed: u64) -> Options {
        let random = &mut Random::stream(seed, 0x0971);
        let clock = if random.chance(300) {
            ClockMode::Driven
        } else {
            ClockMode::Wall
        };
        let batch_bytes = (32 << random.below(3)) << 10;
        let mut options = Options {
            seed,
            clock,
            ground: random.below(VEHICLES.len() as u64) as usize,
            plan: random.below(plans().len() as u64) as usize,
            capacities: capacities(random),
            shape: Shape {
                segment_bytes: (batch_bytes as u64) << (1 + random.below(2)),
                batch_bytes,
                batch_records: one_of(random, &[1, 3, 16, 64]) as u32,
                batches: one_of(random, &[2, 3, 8]) as usize,
                durability: Durability::Sync,
                genesis: Sequence(1),
            },
            keeping: keeping(random),
            ring_items: one_of(random, &[4, 64, 1_024]) as usize,
            lane_items: one_of(random, &[64, 256, 1_024]) as u32,
            lag_ms: [0, 0, 0].map(|_: i64| one_of(random, &[0, 2, 50, 3_000]) as i64),
            breaks: breaks(random),
            network: network(random),
            traffic: traffic(random),
            commands_min: 2_000,
            day_ms: DAY_MS,
            planted: None,
        };
        make_common(&mut options);
        set_seldom(&mut options);
        options
    }
}

fn one_of(random: &mut Random, list: &[u64]) -> u64 {
    random.pick(list).copied().unwrap_or(0)
}

fn keeping(random: &mut Random) -> Keeping {
    Keeping {
        snapshot_records: one_of(random, &[1 << 40, 150, 700]),
        snapshot_age: Span::hours(one_of(random, &[1, 12]) as i64),
        retention: Retention {
            kept: Span::hours(one_of(random, &[1, 6, 10_000]) as i64),
            bytes_max: None,
        },
        room_low_bytes: 0,
        room_least_bytes: 0,
    }
}

fn capacities(random: &mut Random) -> Capacities {
    Capacities {
        units_max: one_of(random, &[96, 128]) as u32,
        incidents_max: one_of(random, &[48, 192, 1_024]) as u32,
        orders_max: one_of(random, &[64, 256, 1_024]) as u32,
        calls_max: one_of(random, &[64, 512, 4_096]) as u32,
    }
}

fn breaks(random: &mut Random) -> Breaks {
    let seldom = [0, 2_000, 6_000];
    let kinds = [
        (Fault::WriteError, [0, 300, 3_000]),
        (Fault::ShortWrite, [0, 300, 3_000]),
        (Fault::SyncError, [0, 200, 2_000]),
        (Fault::FolderSyncError, [0, 4, 30]),
        (Fault::ReadError, [0, 100, 1_000]),
        (Fault::ShortRead, [0, 10, 100]),
        (Fault::OpenError, [0, 20, 100]),
        (Fault::ListError, [0, 20, 100]),
        (Fault::RenameError, [0, 8, 40]),
    ];
    // A world in which everything fails shows little; most have a few sorts of failure, some have none.
    let sorts = random.below(5) * 200;
    let faults = kinds.map(|(fault, one_in)| match random.chance(sorts) {
        true => (fault, one_of(random, &one_in)),
        false => (fault, 0),
    });
    Breaks {
        crash_one_in: one_of(random, &seldom),
        kill_one_in: one_of(random, &seldom),
        cut_one_in: one_of(random, &seldom),
        faults: faults
            .into_iter()
            .filter(|&(_, one_in)| one_in > 0)
            .collect(),
        full_one_in: one_of(random, &[0, 0, 4_000]),
        rot: random.chance(300),
        new_map_permille: 0,
        restarts_max: 4 + random.below(8),
    }
}

fn network(random: &mut Random) -> Network {
    Network {
        loss_permille: one_of(random, &[0, 10, 100, 300]),
        repeat_permille: one_of(random, &[0, 20, 200, 500]),
        delay_ms: one_of(random, &[1, 80, 2_000, 30_000]) as i64,
        timeout_ms: one_of(random, &[500, 3_000, 20_000]) as i64,
        conflict_permille: one_of(random, &[0, 20, 200]),
    }
}

fn traffic(random: &mut Random) -> Traffic {
    Traffic {
        calls: 200 + random.below(300),
        floods: random.below(2),
        accidents: random.below(2),
        pranksters: random.below(2),
        storms: random.below(3),
        person_min: one_of(random, &[3, 8, 30]) as i64,
        field_min: one_of(random, &[2, 8, 30]) as i64,
        jumps: random.below(4),
        plans: random.below(4),
        overreaches: 0,
        roads_min: 0,
        strangers: false,
    }
}

/// What hardly ever happens by itself is common in a few worlds. Drawn from a stream of its own, so that every other
/// world is what it was without.
fn make_common(options: &mut Options) {
    let random = &mut Random::stream(options.seed, 0x4ade);
    let traffic = &mut options.traffic;
    if random.chance(60) {
        traffic.overreaches = 1 + random.below(3);
    }
    traffic.strangers = random.chance(60);
    // Two seeds of five are on roads, where others are in a county without.
    if options.seed % 5 >= 3 {
        options.ground += TOWN;
        options.traffic.roads_min = one_of(random, &[0, 6, 20, 60]) as i64;
        options.breaks.new_map_permille = one_of(random, &[0, 0, 300]);
    }
    // Large grounds cost a world some seconds: a few of many seeds will do.
    let grounds = [(60, POOR), (10, CROWDED), (8, WARDS)];
    for (permille, ground) in grounds {
        if random.chance(permille) {
            options.ground = ground;
        }
    }
    if options.ground == WARDS {
        options.breaks.restarts_max = options.breaks.restarts_max.min(2);
        // Who names the few that are too many.
        options.traffic.person_min = 3;
    }
    let units = ground(options.ground).city.units.len() as u32;
    if random.chance(60) {
        options.capacities.units_max = units + random.below(3) as u32;
    }
    options.capacities.units_max = options.capacities.units_max.max(units);
    // Hundreds who all ask again every few minutes for room that is not there show little that a few do not.
    let is_starved = options.capacities.orders_max == 64 && options.capacities.incidents_max > 192;
    if is_starved && random.chance(960) {
        options.capacities.incidents_max = 192;
    }
}

/// What a centre can be set to and hardly ever is. From a stream of its own too.
fn set_seldom(options: &mut Options) {
    let random = &mut Random::stream(options.seed, 0x05e7);
    if random.chance(200) {
        options.shape.durability = Durability::Batch;
    }
    let keeping = &mut options.keeping;
    if random.chance(150) {
        // What is too much goes only behind snapshots.
        keeping.snapshot_records = 150;
        let segments = one_of(random, &[2, 6, 20]);
        keeping.retention.bytes_max = Some(segments * options.shape.segment_bytes);
    }
    if random.chance(150) {
        let batches = one_of(random, &[1, 2, 8]);
        keeping.room_least_bytes = batches * options.shape.batch_bytes as u64;
        keeping.room_low_bytes = 2 * keeping.room_least_bytes;
        options.breaks.full_one_in = 2_000;
    }
}
