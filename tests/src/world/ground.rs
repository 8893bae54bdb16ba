//! The ground that worlds stand on: a small county, its plans and its lexicon, made once and shared by all seeds.

use engine::centre::Prepared;
use engine::city::City;
use engine::id::ObjectHash;
use engine::plan::Plan;
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

/// How many vehicles the counties have beside their desks.
pub const VEHICLES: [usize; 3] = [12, 30, 60];

/// A county and what it is to a centre.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The county.
    pub city: Arc<City>,
    /// As a centre is to prepare it.
    pub prepared: Prepared,
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

static GROUNDS: LazyLock<Vec<Ground>> = LazyLock::new(|| VEHICLES.map(county).into());

static PLANS: LazyLock<Vec<PlanText>> = LazyLock::new(|| {
    let changes: [&[(&str, &str)]; 4] = [
        &[("lapse_h = 24", "lapse_h = 6")],
        &[
            ("rung_s = 30", "rung_s = 15"),
            ("lapse_h = 24", "lapse_h = 3"),
        ],
        &[("service_floor = 8", "service_floor = 2")],
        &[
            ("radius_m = 80", "radius_m = 400"),
            ("lapse_h = 24", "lapse_h = 2"),
        ],
    ];
    changes.iter().map(|changes| plan(changes)).collect()
});

/// The county with [`VEHICLES`] of this index.
pub fn ground(index: usize) -> &'static Ground {
    &GROUNDS[index]
}

/// The plans that a world changes between; it starts with any of them.
pub fn plans() -> &'static [PlanText] {
    &PLANS
}

/// The generated county with every desk and a few vehicles, spread over what they can do.
fn county(vehicles: usize) -> Ground {
    let mut city = match engine::city::generate(1, None) {
        Ok(city) => city,
        Err(error) => panic!("the embedded county cannot be made: {error}"),
    };
    let mut kept = BTreeSet::new();
    let mut left = vehicles;
    // One of each sort in turn, so that a dozen of them can do a dozen things.
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
    let bytes = match city.canonical_bytes() {
        Ok(bytes) => bytes,
        Err(error) => panic!("the county cannot be written: {error}"),
    };
    let city = Arc::new(city);
    let prepared = Prepared::City(ObjectHash::of(&bytes), Arc::clone(&city));
    Ground { city, prepared }
}

fn plan(changes: &[(&str, &str)]) -> PlanText {
    let mut text = engine::plan::DEFAULT.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "the default plan has no `{from}`");
        text = text.replacen(from, to, 1);
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
