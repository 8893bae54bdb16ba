//! The stage of a duel: a small city of three districts, plans that differ in what hurts most, units, capacities.
//!
//! Everything is a few kilometres wide, so that units are near, merging is likely and tables are full soon.

use super::random::Random;
use crate::local_plans::LOCAL_PLANS;
use crate::roads::town::Town;
use engine::capability::{Capability, CapabilitySet};
use engine::centre::Prepared;
use engine::city::{City, District, Districts, Polygon};
use engine::command::{Activation, ClockMode, Command, ObjectKind, Opening};
use engine::id::{CentreId, ObjectHash};
use engine::limits::Capacities;
use engine::moment::Moment;
use engine::name::Name;
use engine::place::projection::{Plane, Projection};
use engine::place::{DistrictId, Place, PlaceSource, Point, Zone};
use engine::plan::Plan;
use engine::record::LOGIC_VERSION;
use engine::roads::atlas::Atlas;
use engine::unit::UnitDefinition;
use std::sync::{Arc, LazyLock};

/// Ten in the morning in China, 21 November 2026.
pub const MORNING: Moment = Moment(1_795_226_400_000);
/// The centre's number.
pub const CENTRE: CentreId = CentreId(1);
/// Half the width of a district, in metres.
const HALF_M: i32 = 1_500;

/// What a centre is started with and what may be activated later.
#[derive(Clone, Debug)]
pub struct Scene {
    /// How much the centre can hold.
    pub capacities: Capacities,
    /// The plans at hand, the first one in force at the start.
    pub plans: Vec<Arc<Plan>>,
    /// The cities at hand, the first one in force at the start.
    pub cities: Vec<(ObjectHash, Arc<City>)>,
    /// The maps, the first one in force at the start, each as it is itself and as some bulletins say; most scenes have none.
    pub maps: Vec<Arc<Atlas>>,
}

impl Scene {
    /// The scene of a seed: the small city in two local times, two plans, tables mostly too small.
    pub fn small(random: &mut Random) -> Scene {
        let capacities = Capacities {
            units_max: random.one(&[10, 16, 24, 32]),
            incidents_max: random.one(&[4, 8, 16, 48]),
            orders_max: random.one(&[5, 40, 160, 160]),
            calls_max: random.one(&[0, 6, 64, 512]),
        };
        let mut plans = vec![plan(3, 24), plan(2, 2), plan(8, 24)];
        let first = random.below(plans.len());
        plans.swap(0, first);
        Scene {
            capacities,
            plans,
            cities: vec![named(city(480)), named(city(0))],
            maps: Vec::new(),
        }
    }

    /// The county that a centre starts with when it has no city of its own, with room for a while.
    ///
    /// # Panics
    /// When the county cannot be generated: a defect of the generator.
    pub fn county() -> Scene {
        let county = match engine::city::generate(1, None) {
            Ok(county) => county,
            Err(error) => panic!("{error}"),
        };
        Scene {
            capacities: Capacities {
                units_max: 256,
                incidents_max: 64,
                orders_max: 160,
                calls_max: 256,
            },
            plans: vec![plan(8, 24), plan(3, 24)],
            cities: vec![named(county)],
            maps: Vec::new(),
        }
    }

    /// What must be put at hand before the first command.
    pub fn objects(&self) -> Vec<Prepared> {
        let plans = self.plans.iter().cloned().map(Prepared::Plan);
        let cities = self.cities.iter().cloned();
        plans
            .chain(cities.map(|(hash, city)| Prepared::City(hash, city)))
            .chain([Prepared::Lexicon(ObjectHash::of(b"lexicon"))])
            .collect()
    }

    /// The same scene on roads: two towns lie over the small city, and another map may come into force at any time.
    #[must_use]
    pub fn on_roads(mut self) -> Scene {
        static MAPS: LazyLock<Vec<Arc<Atlas>>> = LazyLock::new(maps);
        self.maps.clone_from(&MAPS);
        self
    }

    /// The map that a command brings into force, or would: it is put at hand before, as the runtime does.
    pub fn brought(&self, command: &Command) -> Option<Prepared> {
        let Command::Activate(Activation { object, hash }) = *command else {
            return None;
        };
        let is_meant = |atlas: &&Arc<Atlas>| match object {
            ObjectKind::Roads => atlas.bulletin_hash().is_none() && atlas.hash() == hash,
            ObjectKind::Bulletin => atlas.bulletin_hash() == Some(hash),
            ObjectKind::Plan | ObjectKind::Lexicon | ObjectKind::City => false,
        };
        let atlas = self.maps.iter().find(is_meant);
        atlas.cloned().map(Prepared::Roads)
    }

    /// The commands that open the centre and bring the first plan, city and map into force.
    pub fn overture(&self) -> Vec<Command> {
        let maps = self.maps.iter().take(1);
        let maps = maps.map(|map| bring(map));
        let opening = [
            Command::OpenCentre(Opening {
                centre: CENTRE,
                clock: ClockMode::Driven,
                logic_version: LOGIC_VERSION,
                capacities: self.capacities,
            }),
            activate(ObjectKind::Plan, self.plans[0].hash),
            activate(ObjectKind::City, self.cities[0].0),
        ];
        opening.into_iter().chain(maps).collect()
    }
}

/// Two towns over the small city, and what holds on them now and then.
fn maps() -> Vec<Arc<Atlas>> {
    let mut maps = Vec::new();
    for seed in [0, 1] {
        let town = Town::new(seed, point(0, 0));
        let bulletins = (0..8).map(|number| town.under(seed * 100 + number));
        maps.extend(std::iter::once(Arc::clone(&town.atlas)).chain(bulletins));
    }
    maps
}

/// The command that brings a map into force: its bulletin, where it is under one.
pub fn bring(atlas: &Atlas) -> Command {
    match atlas.bulletin_hash() {
        Some(bulletin) => activate(ObjectKind::Bulletin, bulletin),
        None => activate(ObjectKind::Roads, atlas.hash()),
    }
}

/// The command that brings an object into force.
pub fn activate(object: ObjectKind, hash: ObjectHash) -> Command {
    Command::Activate(Activation { object, hash })
}

fn named(city: City) -> (ObjectHash, Arc<City>) {
    let name = match city.canonical_bytes() {
        Ok(bytes) => ObjectHash::of(&bytes),
        Err(error) => panic!("{error}"),
    };
    (name, Arc::new(city))
}

/// What a plan says of calling away and of choice: as the default, everybody from everybody for nothing and by time alone, or
/// nobody and whatever it costs.
fn policies(service_floor: u16) -> [(&'static str, &'static str); 8] {
    let [one, two, three, gain, bumps, own, last, compared] = match service_floor {
        2 => [
            "priority_1_from = [2, 3, 4]",
            "priority_2_from = [3, 4]",
            "priority_3_from = [4]",
            "least_gain_s = 0",
            "bumps_max = 3",
            "own_district_s = []",
            "coverage_s = []",
            "compared = 64",
        ],
        8 => [
            "priority_1_from = []",
            "priority_2_from = []",
            "priority_3_from = []",
            "least_gain_s = 0",
            "bumps_max = 0",
            "own_district_s = [300, 300, 300, 300]",
            "coverage_s = [0, 300, 300, 300]",
            "compared = 2",
        ],
        _ => [
            "priority_1_from = [3, 4]",
            "priority_2_from = [4]",
            "priority_3_from = []",
            "least_gain_s = 30",
            "bumps_max = 1",
            "own_district_s = [0, 30, 30, 30]",
            "coverage_s = [0, 0, 120, 180]",
            "compared = 3",
        ],
    };
    [
        ("priority_1_from = [3, 4]", one),
        ("priority_2_from = [4]", two),
        ("priority_3_from = []", three),
        ("least_gain_s = 120", gain),
        ("bumps_max = 1", bumps),
        ("own_district_s = [0, 30, 30, 30]", own),
        ("coverage_s = [0, 0, 120, 180]", last),
        ("compared = 32", compared),
    ]
}

/// The default plan with another floor for service calls, other policies and another lapse; patrols go to 110 before its words are known, few
/// callers raise a level, and some closes need a follow-up.
///
/// # Panics
/// When the default plan does not load any more, or its text has changed so that nothing was replaced.
pub fn plan(service_floor: u16, lapse_h: i64) -> Arc<Plan> {
    let mut text = engine::plan::DEFAULT.to_owned();
    for (from, to) in policies(service_floor) {
        assert!(
            text.contains(from),
            "the default plan says `{from}` no more"
        );
        text = text.replacen(from, to, 1);
    }
    let unknown = "orders_when_unknown = [{ capability = \"patrol\", count = 1 }]";
    for (from, to) in [
        (
            "service_floor = 8",
            format!("service_floor = {service_floor}"),
        ),
        ("lapse_h = 24", format!("lapse_h = {lapse_h}")),
        ("number = 110", format!("number = 110\n{unknown}")),
        // At the usual pace hardly anything else would fall due here.
        (
            "situation_report_s = 7200",
            "situation_report_s = 28800".to_owned(),
        ),
        (
            "situation_report_s = 3600",
            "situation_report_s = 21600".to_owned(),
        ),
        (
            "situation_report_s = 1800",
            "situation_report_s = 14400".to_owned(),
        ),
        (
            "situation_report_s = 900",
            "situation_report_s = 10800".to_owned(),
        ),
        // Four callers are many here, and some closes need a follow-up.
        ("calls = 30", "calls = 4".to_owned()),
        ("calls = 200", "calls = 9".to_owned()),
        (
            "follow_up_from = \"II\"",
            match service_floor {
                8 => "follow_up_from = \"II\"\nfollow_up_kinds = [\"unknown\"]".to_owned(),
                3 => "follow_up_from = \"III\"\nfollow_up_kinds = [\"suicide_risk\"]".to_owned(),
                _ => String::new(),
            },
        ),
    ] {
        assert!(
            text.contains(from),
            "the default plan says `{from}` no more"
        );
        text = text.replacen(from, &to, 1);
    }
    if service_floor == 3 {
        text += LOCAL_PLANS;
    }
    match Plan::load(&text) {
        Ok(plan) => Arc::new(plan),
        Err(mistakes) => panic!("{mistakes}"),
    }
}

/// A town in the middle, a suburb east and a township west of it, 3 km each.
pub fn city(utc_offset_min: i32) -> City {
    let districts = [
        (1, "town", Zone::Town, 0),
        (2, "suburb", Zone::Suburb, 2 * HALF_M),
        (3, "township", Zone::Township, -2 * HALF_M),
    ];
    let rows = districts.map(|(id, name, zone, x_m)| District {
        id: DistrictId(id),
        name: self::name(name),
        zone,
        parent: None,
        lines: Vec::new(),
        shape: Polygon::new(vec![
            [(-1, -1), (1, -1), (1, 1), (-1, 1)]
                .map(|(x, y)| point(x_m + x * HALF_M, y * HALF_M))
                .to_vec(),
        ]),
    });
    City {
        name: name("small"),
        centre: CENTRE,
        projection: projection(),
        utc_offset_min,
        desk_limit: 64,
        seed: None,
        districts: Districts::new(rows.to_vec()),
        posts: Vec::new(),
        units: Vec::new(),
        hospitals: Vec::new(),
        cells: Vec::new(),
    }
}

fn projection() -> Projection {
    Projection::new(Point {
        lat_e7: 288_500_000,
        lon_e7: 1_207_300_000,
    })
}

/// The point so many metres east and north of the middle of the town.
pub fn point(x_m: i32, y_m: i32) -> Point {
    projection().point(Plane {
        x_dm: x_m * 10,
        y_dm: y_m * 10,
    })
}

/// The place of a point, in the district of the city that it lies in.
pub fn place(city: &City, point: Point) -> Place {
    Place {
        point,
        radius_m: 10,
        source: PlaceSource::Caller,
        district: city.district_at(point),
    }
}

/// A name; panics on one that is none.
pub fn name(text: &str) -> Name {
    match Name::new(text) {
        Ok(name) => name,
        Err(error) => panic!("`{text}`: {error}"),
    }
}

/// A unit that can do this: a desk where that is a desk's, else a vehicle at this post.
pub fn unit(title: &str, capabilities: &[Capability], post: Point) -> UnitDefinition {
    let capabilities: CapabilitySet = capabilities.iter().copied().collect();
    let first = capabilities.iter().next().unwrap_or(Capability::Patrol);
    let desk = first.is_desk();
    UnitDefinition {
        name: name(title),
        agency: first.agency(),
        capabilities,
        home: DistrictId(1),
        post,
        speed_mm_s: if desk { 0 } else { 15_000 },
        turnout_ms: if desk { 0 } else { 60_000 },
        strength: 3,
        least_strength: 1,
        roster_on_min: 0,
        roster_off_min: 0,
        capacity: if desk { 3 } else { 1 },
    }
}
