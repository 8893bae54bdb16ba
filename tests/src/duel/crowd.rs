//! A city so large that one command cannot do all that is due: what is left continues with the next tick.

use super::coverage::Coverage;
use super::scene::{self, MORNING, Scene};
use super::{Difference, Duel, Random};
use engine::call::{Assessment, BodyDigest, CallReport, KeyDigest, Marks};
use engine::capability::Capability;
use engine::command::{Command, ObjectKind, UnitDuty};
use engine::event::Event;
use engine::hospital::{HospitalCapabilities, HospitalDefinition};
use engine::id::UnitId;
use engine::kind::Kind;
use engine::limits::{Capacities, FOLLOW_UPS_MAX};
use engine::line::Line;
use engine::moment::{Moment, Span};
use engine::unit::Duty;

/// More units than one command can look after.
const UNITS: u32 = FOLLOW_UPS_MAX as u32 + 40;

/// A thousand units change their shift in one minute while calls wait for them, one desk has more waiting for it than a
/// command may grant, and `hospitals` are defined.
///
/// # Errors
/// The first difference.
pub fn run_crowd(hospitals: usize) -> Result<Coverage, Box<Difference>> {
    let mut scene = Scene::small(&mut Random::new(1));
    scene.capacities = Capacities {
        units_max: UNITS + 1,
        incidents_max: UNITS + 100,
        orders_max: 2 * UNITS,
        calls_max: 2 * UNITS,
    };
    let mut duel = Duel::new(&scene);
    let mut now = MORNING;
    let overture = scene.overture();
    for command in overture {
        system(&mut duel, now, command)?;
    }
    for number in 0..UNITS {
        let post = scene::point((number % 60) as i32 * 20, (number / 60) as i32 * 20);
        let title = format!("P-{number}");
        let mut unit = scene::unit(&title, &[Capability::Patrol], post);
        // Ten hours and a minute from midnight: a minute from now.
        (unit.roster_on_min, unit.roster_off_min) = (601, 700);
        system(&mut duel, now, Command::DefineUnit(unit))?;
    }
    let mut desk = scene::unit("D", &[Capability::DeskPolice], scene::point(0, 0));
    desk.capacity = u16::MAX;
    let events = system(&mut duel, now, Command::DefineUnit(desk))?;
    let Some(&Event::UnitDefined { unit: desk }) = events.first() else {
        panic!("the desk was not defined: {events:?}");
    };
    set_duty(&mut duel, now, desk, Duty::Off)?;
    for number in 0..UNITS {
        let kind = if number < 30 {
            Kind::Fight
        } else {
            Kind::Noise
        };
        system(&mut duel, now, call(&scene, number, kind))?;
    }
    // The desk is there again: more waits for it than one command may grant.
    set_duty(&mut duel, now, desk, Duty::OnCall)?;
    tick_until_done(&mut duel, now)?;
    now = now + Span::minutes(1);
    tick_until_done(&mut duel, now)?;
    let other = scene.cities[1].0;
    let move_on = scene::activate(ObjectKind::City, other);
    system(&mut duel, now, move_on)?;
    tick_until_done(&mut duel, now)?;
    for number in 0..hospitals {
        let hospital = HospitalDefinition {
            name: scene::name(&format!("H-{number}")),
            point: scene::point(0, 0),
            capabilities: HospitalCapabilities::default(),
            beds: 1,
            open: true,
        };
        system(&mut duel, now, Command::DefineHospital(hospital))?;
    }
    Ok(duel.coverage)
}

fn call(scene: &Scene, number: u32, kind: Kind) -> Command {
    let point = scene::point(
        (number % 60) as i32 * 140 - 4_300,
        (number / 60) as i32 * 140 - 1_400,
    );
    Command::TakeCall(CallReport {
        key: KeyDigest::of(0, &number.to_string()),
        body: BodyDigest(0),
        line: Line::POLICE,
        place: Some(scene::place(&scene.cities[0].1, point)),
        assessment: Assessment::stated(kind),
        injured: 0,
        marks: Marks::default(),
    })
}

fn system(duel: &mut Duel, now: Moment, command: Command) -> Result<Vec<Event>, Box<Difference>> {
    duel.system(now, command)
}

fn set_duty(
    duel: &mut Duel,
    now: Moment,
    unit: UnitId,
    duty: Duty,
) -> Result<Vec<Event>, Box<Difference>> {
    let strength = None;
    let said = UnitDuty {
        unit,
        duty,
        strength,
    };
    system(duel, now, Command::SetDuty(said))
}

fn tick_until_done(duel: &mut Duel, now: Moment) -> Result<(), Box<Difference>> {
    loop {
        let events = system(duel, now, Command::Tick)?;
        if !matches!(events.last(), Some(Event::Continues { .. })) {
            return Ok(());
        }
    }
}
