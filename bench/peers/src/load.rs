//! What every peer is given: the units of a generated city, and those calls of the standard load that take one unit.
//!
//! A call goes to each peer as its own manual would have it: to Liandong as it comes in, to the others with what only they need
//! to be told, the point and the one capability, which Liandong's own intake and plan found in it.

use anyhow::{Context, ensure};
use engine::capability::{Capability, CapabilitySet};
use engine::city::City;
use engine::command::ClockMode;
use engine::kind::Kind;
use engine::place::Point;
use engine::place::projection::{Plane, Projection, distance_dm};
use engine::plan::{LocalSet, Plan};
use gateway::config::{Config, Overrides};
use gateway::intake::{Desk, Intake};
use gateway::wire::CallWords;
use loadgen::ground::Ground;
use loadgen::random::Random;
use loadgen::replay::words::call_words;
use loadgen::synth::{Size, generate};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// The configuration of Liandong's own row.
pub const LIANDONG: &str = include_str!("../liandong.toml");
/// Units of the city that figures name.
pub const UNITS: u32 = 10_000;
/// Rows of the standard load that calls are taken from.
const ROWS: u64 = 60_000;
/// Of the city, the calls and who is busy.
const SEED: u64 = 7;
/// Of a thousand units with one of the capabilities, how many are busy.
const BUSY_PERMILLE: usize = 600;
/// Where somebody is busy no call is taken from, nor another busied: calls so near would be one event.
const APART_DM: u32 = 1_600;
/// Draws of a place before there is no room for so many.
const DRAWS_MAX: usize = 200_000;

/// What calls ask for, each with a matter that takes one of it.
pub const SKILLS: [(Capability, Kind); 3] = [
    (Capability::Patrol, Kind::Fight),
    (Capability::Ambulance, Kind::Illness),
    (Capability::FireEngine, Kind::SmokeAlarm),
];

/// One of [`SKILLS`], by its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skill(pub u8);

impl Skill {
    /// All three.
    pub fn all() -> impl Iterator<Item = Skill> {
        (0..SKILLS.len() as u8).map(Skill)
    }

    /// Its name, as peers know it.
    pub const fn name(self) -> &'static str {
        SKILLS[self.0 as usize].0.code()
    }

    fn of(capabilities: CapabilitySet) -> Option<Skill> {
        Skill::all().find(|skill| capabilities.contains(SKILLS[skill.0 as usize].0))
    }
}

/// Somewhere, in degrees for those who reckon on the globe and in metres for those who reckon on a plane.
#[derive(Clone, Copy, Debug)]
pub struct Spot {
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// Metres east and north of the city's middle.
    pub metres: [f64; 2],
}

impl Spot {
    fn of(point: Point, projection: &Projection) -> Spot {
        let plane = projection.plane(point);
        Spot {
            lat: f64::from(point.lat_e7) / 1e7,
            lon: f64::from(point.lon_e7) / 1e7,
            metres: [f64::from(plane.x_dm) / 10.0, f64::from(plane.y_dm) / 10.0],
        }
    }

    /// Metres from here, on the plane.
    pub fn distance_m(&self, other: &Spot) -> f64 {
        let [x, y] = self.metres;
        let [other_x, other_y] = other.metres;
        (x - other_x).hypot(y - other_y)
    }
}

/// A unit.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Its name in the city.
    pub name: String,
    /// Where it waits.
    pub spot: Spot,
    /// What it can do; `None`: nothing that these calls ask for.
    pub skill: Option<Skill>,
    /// Whether it can be had. To the others it is told; Liandong has orders of its own for as many.
    pub is_free: bool,
}

/// A call that takes one unit.
#[derive(Clone, Debug)]
pub struct Call {
    /// As it comes in.
    pub words: CallWords,
    /// Where, once that is known.
    pub spot: Spot,
    /// What it takes, once that is known.
    pub skill: Skill,
}

/// A matter that keeps a unit busy.
#[derive(Clone, Copy, Debug)]
pub struct Occupation {
    /// Where.
    pub spot: Spot,
    /// What it takes.
    pub skill: Skill,
}

/// The load.
#[derive(Debug)]
pub struct Load {
    /// Units that the city was asked for.
    pub city_units: u32,
    /// All units; their numbers are their places here.
    pub units: Vec<Unit>,
    /// The calls, in the order in which they are made.
    pub calls: Vec<Call>,
    /// What keeps Liandong's units busy.
    pub occupations: Vec<Occupation>,
    numbers: HashMap<String, u32>,
}

/// Liandong's configuration with so many units, its data in a folder.
pub fn config(units: u32, data: &Path) -> anyhow::Result<Config> {
    let text = LIANDONG.replace(&format!("units = {UNITS}"), &format!("units = {units}"));
    let overrides = Overrides {
        data: Some(data.to_path_buf()),
        clock: Some(ClockMode::Wall),
        ..Overrides::default()
    };
    let name = "bench/peers/liandong.toml";
    let mut config = Config::of_text(name, &text, Path::new(""), &overrides)?;
    config.plan_text = plan_text();
    config.plan = Arc::new(Plan::load(&config.plan_text)?);
    Ok(config)
}

/// The plan that comes with the product, but for calling away: whoever had a unit and lost it is given another, of which a caller
/// who only has the answer to a call does not hear, and which nobody here would release.
fn plan_text() -> String {
    let lines = engine::plan::DEFAULT.split_inclusive('\n');
    let is_kept =
        |line: &&str| !line.starts_with("priority_1_from") && !line.starts_with("priority_2_from");
    lines.filter(is_kept).collect()
}

impl Load {
    /// The load on a city of so many units.
    pub fn new(city_units: u32) -> anyhow::Result<Load> {
        let config = config(city_units, Path::new("unused"))?;
        let city = City::clone(&config.city);
        let projection = city.projection;
        let intake = Intake::of(&config)?;
        let mut random = Random::stream(SEED, 1);
        let units = units_of(&city, &projection, &mut random);
        let ground = Ground::of(city)?;
        let occupations = occupations(&units, &ground, &projection, &mut random)?;
        let calls = calls(&intake, &config.plan, &ground, &projection, &occupations)?;
        let numbers = (0..).zip(&units);
        Ok(Load {
            city_units,
            numbers: numbers
                .map(|(number, unit)| (unit.name.clone(), number))
                .collect(),
            units,
            calls,
            occupations,
        })
    }

    /// The number of the unit of this name.
    pub fn number_of(&self, name: &str) -> anyhow::Result<u32> {
        let number = self.numbers.get(name).copied();
        number.with_context(|| format!("{name} is no unit of this city"))
    }

    /// The free units of a capability, by number.
    pub fn free(&self, skill: Skill) -> impl Iterator<Item = (u32, &Unit)> {
        let units = (0..).zip(&self.units);
        units.filter(move |(_, unit)| unit.is_free && unit.skill == Some(skill))
    }
}

/// Of each capability so many in a thousand are busy, drawn by lot.
fn units_of(city: &City, projection: &Projection, random: &mut Random) -> Vec<Unit> {
    let rows = city.units.iter();
    let mut units: Vec<Unit> = rows
        .map(|row| Unit {
            name: row.name.to_string(),
            spot: Spot::of(row.point, projection),
            skill: Skill::of(row.capabilities),
            is_free: true,
        })
        .collect();
    for skill in Skill::all() {
        let numbers = (0..units.len()).filter(|&number| units[number].skill == Some(skill));
        let mut lots: Vec<_> = numbers.map(|number| (random.bits(), number)).collect();
        lots.sort_unstable();
        for &(_, number) in &lots[..busy(lots.len())] {
            units[number].is_free = false;
        }
    }
    units
}

const fn busy(units: usize) -> usize {
    units * BUSY_PERMILLE / 1_000
}

/// As many matters as units are busy, no two so near that they would be one.
fn occupations(
    units: &[Unit],
    ground: &Ground,
    projection: &Projection,
    random: &mut Random,
) -> anyhow::Result<Vec<Occupation>> {
    let mut occupations = Vec::new();
    for skill in Skill::all() {
        let wanted = units.iter().filter(|unit| unit.skill == Some(skill));
        let wanted = busy(wanted.count());
        let mut around = Surroundings::default();
        for _ in 0..DRAWS_MAX {
            if around.count == wanted {
                break;
            }
            let point = ground.draw_evenly(random);
            let plane = projection.plane(point);
            if !around.is_near(plane) {
                around.add(plane);
                let spot = Spot::of(point, projection);
                occupations.push(Occupation { spot, skill });
            }
        }
        ensure!(
            around.count == wanted,
            "the city has no room for {wanted} matters apart from each other"
        );
    }
    Ok(occupations)
}

/// Those calls of the standard load that take one unit and are no part of another matter, in an order in which a call that would
/// merge comes long after what it would merge with.
fn calls(
    intake: &Intake,
    plan: &Plan,
    ground: &Ground,
    projection: &Projection,
    occupations: &[Occupation],
) -> anyhow::Result<Vec<Call>> {
    let size = Size {
        days: None,
        calls: Some(ROWS),
    };
    let mut around: [Surroundings; SKILLS.len()] = Default::default();
    for occupation in occupations {
        let [x_m, y_m] = occupation.spot.metres;
        around[occupation.skill.0 as usize].add(Plane {
            x_dm: (x_m * 10.0) as i32,
            y_dm: (y_m * 10.0) as i32,
        });
    }
    let mut desk = Desk::default();
    let mut drawn = Vec::new();
    let mut random = Random::stream(SEED, 2);
    for row in generate("standard", SEED, size, ground)? {
        let words = call_words(&row, String::new());
        let Some((point, skill)) = one_unit(intake, plan, words.clone(), &mut desk) else {
            continue;
        };
        if around[skill.0 as usize].is_near(projection.plane(point)) {
            continue;
        }
        let spot = Spot::of(point, projection);
        drawn.push((random.bits(), Call { words, spot, skill }));
    }
    drawn.sort_by_key(|&(lot, _)| lot);
    ensure!(
        drawn.len() > 1_000,
        "only {} calls of the standard load take one unit",
        drawn.len()
    );
    Ok(drawn.into_iter().map(|(_, call)| call).collect())
}

/// Where a call is and the one capability that it takes, if it takes one unit without asking a person.
fn one_unit(
    intake: &Intake,
    plan: &Plan,
    words: CallWords,
    desk: &mut Desk,
) -> Option<(Point, Skill)> {
    let report = intake.call(0, words, desk).report;
    let place = report.place.filter(|place| place.district.is_some())?;
    let has = |_: Capability| true;
    let needs = plan.needs(
        &report.assessment,
        None,
        Some(report.line),
        LocalSet::NONE,
        has,
    );
    let mut needs = needs.iter();
    let (first, second) = (needs.next()?, needs.next());
    let is_one = first.count == 1 && second.is_none() && !report.assessment.human;
    let skill = Skill::all().find(|skill| SKILLS[skill.0 as usize].0 == first.capability)?;
    is_one.then_some((place.point, skill))
}

/// Places, by squares as wide as [`APART_DM`].
#[derive(Default)]
struct Surroundings {
    squares: HashMap<(i32, i32), Vec<Plane>>,
    count: usize,
}

impl Surroundings {
    fn square(plane: Plane) -> (i32, i32) {
        let side = APART_DM as i32;
        (plane.x_dm.div_euclid(side), plane.y_dm.div_euclid(side))
    }

    fn add(&mut self, plane: Plane) {
        self.count += 1;
        let square = self.squares.entry(Surroundings::square(plane));
        square.or_default().push(plane);
    }

    fn is_near(&self, plane: Plane) -> bool {
        let (x, y) = Surroundings::square(plane);
        let squares = (x - 1..=x + 1).flat_map(|x| (y - 1..=y + 1).map(move |y| (x, y)));
        squares
            .filter_map(|square| self.squares.get(&square))
            .flatten()
            .any(|&other| distance_dm(plane, other) < APART_DM)
    }
}
