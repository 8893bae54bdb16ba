//! The ground that worlds stand on: a small county or a town with its roads, plans and a lexicon, made once and shared by all seeds.

use crate::local_plans::LOCAL_PLANS;
use crate::roads::town::Town;
use engine::capability::Capability;
use engine::city::City;
use engine::city::{HOSPITALS_MAX, Hospital};
use engine::id::ObjectHash;
use engine::limits::FOLLOW_UPS_MAX;
use engine::name::Name;
use engine::place::Point;
use engine::plan::Plan;
use loadgen::random::Random;
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

/// A lexicon that loads in no time: worlds bring calls that are classified already.
pub const LEXICON: &str = r#"
[line.default]
kind = "public_help"
priority = 3
agencies = ["police"]
[injured]
1 = "hurt"
[negation]
2 = ["没"]
[denied]
hurt = "unhurt"
[kind.structure_fire]
60 = ["着火"]
[kind.fight]
40 = ["打架"]
[concept]
hurt = ["受伤"]
weapon = ["刀"]
[[rule]]
name = "持刀打架"
all = ["weapon"]
kind = "fight"
weight = 20
[[adjust]]
name = "有人伤"
all = ["hurt"]
none = ["unhurt"]
add = ["medical"]
[[adjust]]
name = "无人伤"
all = ["unhurt"]
none = ["hurt"]
lower = 1
"#;

/// How many vehicles the usual counties have beside their desks.
pub const VEHICLES: [usize; 3] = [12, 30, 60];
/// The county in which most agencies have neither vehicle nor desk: for their needs there is no unit at all.
pub const POOR: usize = 3;
/// The county with more vehicles on one shift than one command may follow up.
pub const CROWDED: usize = 4;
/// The county with nearly as many hospitals as there may be.
pub const WARDS: usize = 5;
/// The first of the towns with roads; they follow one another as the usual counties do.
pub const TOWN: usize = 6;
/// How many vehicles they have at most, and what these can do: few sorts, so that of each some are free at once and roads decide
/// between them.
const TOWN_VEHICLES: [usize; VEHICLES.len()] = [24, 48, 96];
const TOWN_CAPABILITIES: [Capability; 6] = [
    Capability::Patrol,
    Capability::Ambulance,
    Capability::FireEngine,
    Capability::Rescue,
    Capability::TrafficPatrol,
    Capability::Boat,
];
/// Of so many vehicles of theirs one is an aircraft.
const FLYING: usize = 9;
/// Vehicles of the crowded county.
const CROWD: usize = FOLLOW_UPS_MAX + 40;
/// Hospitals for which the county of hospitals has room left.
const HOSPITALS_LEFT: usize = 2;

/// Around a post of a county, in units of 1e-7 degree: about 4 km. From so far people call.
const COUNTY_AROUND_E7: i64 = 400_000;
/// The same in a town, where streets are: about 700 m.
const TOWN_AROUND_E7: i64 = 60_000;
/// East of the county town, so that streets lie in several of its districts.
const TOWN_MIDDLE: Point = Point {
    lat_e7: 288_500_000,
    lon_e7: 1_207_550_000,
};

/// A county and what it is to a centre.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The county.
    pub city: Arc<City>,
    /// What it is called by.
    pub hash: ObjectHash,
    /// Its roads, where it has any: the map that it starts with, and another that may come in its place.
    pub towns: Vec<Town>,
    /// Around a post, from how far people call, in units of 1e-7 degree.
    pub around_e7: i64,
}

impl Ground {
    /// The roads of a map.
    pub fn town(&self, map: ObjectHash) -> Option<&Town> {
        self.towns.iter().find(|town| town.atlas.hash() == map)
    }
}

/// A plan, as it is written and as a centre is to prepare it.
#[derive(Clone, Debug)]
pub struct PlanText {
    /// As it is written.
    pub text: String,
    /// What it is called by.
    pub hash: ObjectHash,
    /// As a centre is to prepare it.
    pub plan: Arc<Plan>,
}

/// Each is made when the first world stands on it: the large ones take a while.
static GROUNDS: [LazyLock<Ground>; TOWN + VEHICLES.len()] = [
    LazyLock::new(|| county(VEHICLES[0])),
    LazyLock::new(|| county(VEHICLES[1])),
    LazyLock::new(|| county(VEHICLES[2])),
    LazyLock::new(poor),
    LazyLock::new(crowded),
    LazyLock::new(wards),
    LazyLock::new(|| town(0)),
    LazyLock::new(|| town(1)),
    LazyLock::new(|| town(2)),
];

/// What the default plan says before its agencies; hours are put there.
const BEFORE_TRAFFIC: &str = "[agency.traffic]\n";
/// Two hours of the evening on main roads, and the night on all.
const EVENING: &str = r#"
[[traffic]]
from_hour = 17
to_hour = 20
classes = ["primary", "tertiary"]
normal_percent = 180
siren_percent = 125
[[traffic]]
from_hour = 22
to_hour = 6
normal_percent = 85
siren_percent = 90
[agency.traffic]
"#;
/// Every hour or two something else, and at most as slow and as quick as can be said.
const RESTLESS: &str = r#"
[[traffic]]
from_hour = 0
to_hour = 12
classes = ["residential"]
normal_percent = 1000
[[traffic]]
from_hour = 19
to_hour = 20
normal_percent = 150
siren_percent = 10
[[traffic]]
from_hour = 21
to_hour = 22
classes = ["tertiary", "service"]
normal_percent = 777
siren_percent = 333
[agency.traffic]
"#;

static PLANS: LazyLock<Vec<PlanText>> = LazyLock::new(|| {
    let changes: [&[(&str, &str)]; 4] = [
        &[
            ("lapse_h = 24", "lapse_h = 6"),
            (BEFORE_TRAFFIC, EVENING),
            ("calls = 30", "calls = 3"),
        ],
        &[
            ("rung_s = 30", "rung_s = 15"),
            ("lapse_h = 24", "lapse_h = 3"),
            ("priority_1_from = [3, 4]", "priority_1_from = [2, 3, 4]"),
            ("priority_2_from = [4]", "priority_2_from = [3, 4]"),
            ("priority_3_from = []", "priority_3_from = [4]"),
            ("least_gain_s = 120", "least_gain_s = 0"),
            ("bumps_max = 1", "bumps_max = 3"),
            (BEFORE_TRAFFIC, RESTLESS),
        ],
        &[
            ("service_floor = 8", "service_floor = 2"),
            ("priority_1_from = [3, 4]", "priority_1_from = []"),
            ("priority_2_from = [4]", "priority_2_from = []"),
            (
                "coverage_s = [0, 0, 120, 180]",
                "coverage_s = [0, 300, 300, 300]",
            ),
            ("compared = 32", "compared = 2"),
            ("follow_up_from = \"II\"", "follow_up_from = \"III\""),
        ],
        &[
            ("radius_m = 80", "radius_m = 400"),
            ("lapse_h = 24", "lapse_h = 2"),
            ("calls = 200", "calls = 6"),
            ("own_district_s = [0, 30, 30, 30]", "own_district_s = []"),
            ("scarce_skill_s = [0, 30, 60, 60]", "scarce_skill_s = []"),
            ("coverage_s = [0, 0, 120, 180]", "coverage_s = []"),
            (
                "follow_up_from = \"II\"",
                "follow_up_from = \"IV\"\nfollow_up_kinds = [\"fight\"]",
            ),
        ],
    ];
    changes.iter().map(|changes| plan(changes)).collect()
});

/// The county with [`VEHICLES`] of this index, or [`POOR`], [`CROWDED`], [`WARDS`]; from [`TOWN`] on the towns.
pub fn ground(index: usize) -> &'static Ground {
    &GROUNDS[index]
}

/// The plans that a world changes between; it starts with any of them.
pub fn plans() -> &'static [PlanText] {
    &PLANS
}

/// The generated county with every desk and a few vehicles, spread over what they can do.
fn county(vehicles: usize) -> Ground {
    let mut city = generated(None);
    keep(&mut city, vehicles);
    as_ground(city)
}

/// One in which hardly anybody is there: two vehicles, and the desks of every other agency.
fn poor() -> Ground {
    let mut city = generated(None);
    keep(&mut city, 2);
    city.units
        .retain(|unit| unit.speed_mm_s > 0 || (unit.agency as usize).is_multiple_of(2));
    as_ground(city)
}

/// One in which more than a thousand crews go and come at the same minute: one command cannot follow up all of that.
fn crowded() -> Ground {
    let mut city = generated(Some(CROWD as u32 + 400));
    keep(&mut city, CROWD);
    let vehicles = city.units.iter_mut().filter(|unit| unit.speed_mm_s > 0);
    for (number, unit) in vehicles.enumerate() {
        let (morning, evening) = (8 * 60, 20 * 60);
        (unit.roster_on_min, unit.roster_off_min) = match number % 2 {
            0 => (morning, evening),
            _ => (evening, morning),
        };
    }
    as_ground(city)
}

/// One in which a few more hospitals are too many.
fn wards() -> Ground {
    let mut city = generated(None);
    keep(&mut city, VEHICLES[0]);
    let Some(known) = city.hospitals.first().cloned() else {
        panic!("the embedded county has no hospital");
    };
    let added = HOSPITALS_MAX - HOSPITALS_LEFT - city.hospitals.len();
    for number in 0..added {
        city.hospitals.push(Hospital {
            name: name(&format!("ward-{number:05}")),
            ..known.clone()
        });
    }
    city.hospitals
        .sort_by(|one, other| one.name.as_str().cmp(other.name.as_str()));
    as_ground(city)
}

/// One whose posts and crews are all in a town, on its island, or in the hills around it.
fn town(index: usize) -> Ground {
    let mut city = generated(None);
    city.units.retain(|unit| {
        let mut wanted = TOWN_CAPABILITIES.iter();
        unit.speed_mm_s == 0 || wanted.any(|&wanted| unit.capabilities.contains(wanted))
    });
    keep(&mut city, TOWN_VEHICLES[index]);
    let towns = [0, 10].map(|other| Town::new(index as u64 + other, TOWN_MIDDLE));
    let random = &mut Random::stream(index as u64, 0x7_0311);
    for post in &mut city.posts {
        post.point = towns[0].stand(random);
    }
    let posts = city.posts.clone();
    let vehicles = city.units.iter_mut().filter(|unit| unit.speed_mm_s > 0);
    for (number, unit) in vehicles.enumerate() {
        let post = posts.iter().find(|post| Some(post.name) == unit.post);
        unit.point = post.map_or_else(|| towns[0].stand(random), |post| post.point);
        if number % FLYING == FLYING / 2 {
            unit.capabilities = unit.capabilities.with(Capability::Aircraft);
        }
    }
    Ground {
        towns: towns.to_vec(),
        around_e7: TOWN_AROUND_E7,
        ..as_ground(city)
    }
}

fn name(text: &str) -> Name {
    match Name::new(text) {
        Ok(name) => name,
        Err(error) => panic!("`{text}` is no name: {error}"),
    }
}

fn generated(units: Option<u32>) -> City {
    match engine::city::generate(1, units) {
        Ok(city) => city,
        Err(error) => panic!("the embedded county cannot be made: {error}"),
    }
}

/// Keeps every desk and so many vehicles: one of each sort in turn, so that a dozen of them can do a dozen things.
fn keep(city: &mut City, vehicles: usize) {
    let mut kept = BTreeSet::new();
    let mut left = vehicles;
    while left > 0 {
        let mut sorts = BTreeSet::new();
        for unit in city.units.iter().filter(|unit| unit.speed_mm_s > 0) {
            let sort = (unit.agency, unit.capabilities.bits());
            if left > 0 && !kept.contains(&unit.name) && sorts.insert(sort) {
                kept.insert(unit.name);
                left -= 1;
            }
        }
        if sorts.is_empty() {
            break;
        }
    }
    city.units
        .retain(|unit| unit.speed_mm_s == 0 || kept.contains(&unit.name));
    city.cells.clear();
}

fn as_ground(city: City) -> Ground {
    let bytes = match city.canonical_bytes() {
        Ok(bytes) => bytes,
        Err(error) => panic!("the county cannot be written: {error}"),
    };
    Ground {
        city: Arc::new(city),
        hash: ObjectHash::of(&bytes),
        towns: Vec::new(),
        around_e7: COUNTY_AROUND_E7,
    }
}

fn plan(changes: &[(&str, &str)]) -> PlanText {
    let mut text = engine::plan::DEFAULT.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "the default plan has no `{from}`");
        text = text.replacen(from, to, 1);
    }
    // Every other one has smaller tiers.
    if changes.len() % 2 == 1 {
        text += LOCAL_PLANS;
    }
    match Plan::load(&text) {
        Ok(plan) => PlanText {
            hash: plan.hash,
            plan: Arc::new(plan),
            text,
        },
        Err(mistakes) => panic!("a plan of the world does not load: {mistakes}"),
    }
}
