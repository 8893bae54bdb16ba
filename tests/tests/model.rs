//! The engine against its plain reference model: a fixed set of seeds, a crowd, and every small world.

#![allow(clippy::unwrap_used)] // a test says what is wrong by its panic

use engine::call::{Assessment, BodyDigest, CallReport, KeyDigest, Marks};
use engine::capability::Capability;
use engine::command::{Command, ObjectKind, OrderReport, UnitDuty};
use engine::event::Event;
use engine::id::{IncidentId, OrderId, UnitId};
use engine::incident::Shortage;
use engine::kind::Kind;
use engine::limits::Capacities;
use engine::line::Line;
use engine::moment::Span;
use engine::order::OrderAct;
use engine::unit::Duty;
use tests::duel::scene::{CENTRE, MORNING, Scene, activate, place, point, unit};
use tests::duel::small_worlds::{CASTS, walk};
use tests::duel::{Coverage, Duel, Random, run_crowd, run_seed};

/// Seeds of the fixed set; other sets are run by `SEEDS=from..to`, other lengths by `STEPS=n`.
const SEEDS: std::ops::Range<u64> = 200..320;
/// Commands of each seed.
const STEPS: usize = 500;
/// Every small world is walked so many steps deep and no deeper: a call and the four acts that lead its order to the end are five. Each
/// step more is ten times as many worlds (4 is 6 477, 5 is 67 276) and eight times as long, so tests that are not built for
/// speed stop earlier; `DEPTH=n` goes as deep as there is time for.
const DEPTH: usize = if cfg!(debug_assertions) { 4 } else { 6 };

fn set(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Prints the seeds first; a difference names its seed and step.
#[test]
fn the_engine_says_what_the_model_says() {
    let seeds = set("SEEDS").map_or(SEEDS, |text| {
        let (from, to) = text.split_once("..").unwrap();
        from.parse().unwrap()..to.parse().unwrap()
    });
    let steps = set("STEPS").map_or(STEPS, |text| text.parse().unwrap());
    println!("seeds {seeds:?}, {steps} commands each");
    let mut coverage = Coverage::default();
    for seed in seeds {
        match run_seed(seed, steps) {
            Ok(met) => coverage.join(&met),
            Err(difference) => panic!("{difference}"),
        }
    }
    println!("{coverage}");
    println!("fewer than 100: {:?}", coverage.rarer_than(100));
    // A crowd alone meets these two. Other sets of seeds may be too small to meet everything.
    let crowd = ["event Continues ", "refusal hospitals_full "];
    if set("SEEDS").is_none() {
        assert_eq!(
            coverage.rarer_than(1),
            crowd,
            "the streams do not meet these"
        );
    }
}

#[test]
fn what_one_command_cannot_do_continues() {
    // Ten thousand hospitals by linear search take too long without optimisation.
    let hospitals = if cfg!(debug_assertions) { 10 } else { 10_001 };
    let met = run_crowd(hospitals).unwrap_or_else(|difference| panic!("{difference}"));
    assert!(met.of("event", "Continues", "") >= 3, "{met}");
    let full = met.of("refusal", "hospitals_full", "");
    assert_eq!(full, u64::from(!cfg!(debug_assertions)), "{met}");
}

#[test]
fn every_small_world_is_as_the_model_says() {
    let depth = set("DEPTH").map_or(DEPTH, |text| text.parse().unwrap());
    for cast in CASTS {
        let walk = walk(cast, depth).unwrap_or_else(|difference| panic!("{difference}"));
        println!("depth {depth}: {walk}");
        assert!(walk.worlds > 1_000, "{walk}");
    }
}

/// A unit that was free while the table of orders was full looks again after five minutes, also when another city comes
/// into force in between.
#[test]
fn a_unit_that_found_no_room_looks_again_though_the_city_changes() {
    let mut scene = Scene::small(&mut Random::new(0));
    scene.capacities = Capacities {
        units_max: 4,
        incidents_max: 32,
        orders_max: 1,
        calls_max: 8,
    };
    let mut duel = Duel::new(&scene);
    let mut say = |minutes: i64, command| {
        let at = MORNING + Span::minutes(minutes);
        let said = duel.system(at, command);
        said.unwrap_or_else(|difference| panic!("{difference}"))
    };
    let set = |duty| {
        let unit = UnitId::new(CENTRE, 1).unwrap();
        let strength = None;
        Command::SetDuty(UnitDuty {
            unit,
            duty,
            strength,
        })
    };
    let call = |number: u64, kind, x_m| {
        Command::TakeCall(CallReport {
            key: KeyDigest::of(0, &number.to_string()),
            body: BodyDigest(number),
            line: Line::POLICE,
            place: Some(place(&scene.cities[0].1, point(x_m, 0))),
            assessment: Assessment::stated(kind),
            injured: 0,
            marks: Marks::default(),
        })
    };
    for command in scene.overture() {
        say(0, command);
    }
    for (title, capability) in [("P", Capability::Patrol), ("D", Capability::DeskPolice)] {
        let unit = unit(title, &[capability], point(0, 0));
        say(0, Command::DefineUnit(unit));
    }
    say(0, set(Duty::Off));
    say(0, call(1, Kind::Fight, 0));
    say(0, call(2, Kind::Fight, 1_000));
    // The desk takes the only order there is room for; then the patrol comes free, for the first of both.
    say(0, call(3, Kind::Noise, 500));
    let no_room = say(0, set(Duty::OnCall));
    assert!(
        no_room.iter().any(|event| matches!(
            event,
            Event::NeedWaits { shortage, .. } if *shortage == Shortage::NoRoom
        )),
        "{no_room:?}"
    );
    say(1, activate(ObjectKind::City, scene.cities[0].0));
    let first = IncidentId::new(CENTRE, 1).unwrap();
    say(1, Command::CloseIncident(first));
    let desk = OrderReport {
        order: OrderId::new(CENTRE, 1).unwrap(),
        act: OrderAct::Finish,
    };
    say(1, Command::Report(desk));
    let later = say(6, Command::Tick);
    let sent = |event: &Event| matches!(event, Event::OrderIssued(_));
    assert!(later.iter().any(sent), "nobody was sent: {later:?}");
}
