//! What counts beside the time when a unit is chosen: own jurisdiction (C8), scarce skills (H8), the last of a district (R3).

use super::explaining::grounds;
use super::*;
use crate::capability::CapabilitySet;
use crate::command::UnitPosition;
use crate::event::{Choice, OrderIssued};
use crate::explain::Standing;
use crate::kind::Priority;
use crate::place::DistrictId;

/// A world with three patrols near the town, in line north of it: by number the first 1 km away, then 2, then 3; what each
/// belongs to and can do is set by the test.
struct Stage {
    world: World,
    patrols: Vec<UnitId>,
    /// The district of the town, and another.
    districts: [DistrictId; 2],
}

impl Stage {
    fn new() -> Stage {
        let mut world = World::new();
        let patrols = world.keep_only(Capability::Patrol, 3);
        let town = world.town();
        let own = world.city.districts.at(town).unwrap();
        let mut others = world.city.districts.iter().map(|district| district.id);
        let other = others.find(|&id| id != own).unwrap();
        let mut stage = Stage {
            world,
            patrols,
            districts: [own, other],
        };
        for at in 0..3 {
            stage.define(at, 0, &[Capability::Patrol]);
            stage.move_on(at, 1_000 * (at as i32 + 1));
        }
        stage
    }

    /// Says what a patrol belongs to (0: the town, 1: elsewhere) and can do; all are as fast as each other.
    fn define(&mut self, patrol: usize, home: usize, able: &[Capability]) {
        let unit = self.world.centre.state.unit(self.patrols[patrol]).unwrap();
        let definition = UnitDefinition {
            home: self.districts[home],
            capabilities: able.iter().copied().collect::<CapabilitySet>(),
            speed_mm_s: 15_000,
            turnout_ms: 60_000,
            // Nobody stands at its post, so that a definition moves nobody.
            post: Point::default(),
            ..unit.definition
        };
        self.world.say(Command::DefineUnit(definition));
    }

    /// Puts a patrol so far north of the town.
    fn move_on(&mut self, patrol: usize, metres: i32) {
        let town = self.world.town();
        let point = Point {
            lat_e7: town.lat_e7 + metres * 90,
            ..town
        };
        let unit = self.patrols[patrol];
        self.world
            .say(Command::MoveUnit(UnitPosition { unit, point }));
    }

    /// Says what a patrol does from here on.
    fn duty(&mut self, patrol: usize, duty: Duty) {
        self.world.say(Command::SetDuty(UnitDuty {
            unit: self.patrols[patrol],
            duty,
            strength: None,
        }));
    }

    /// Which patrol is sent to the town for something of this priority.
    fn sent(&mut self, priority: Priority) -> usize {
        let town = self.world.town();
        self.sent_to(town, priority)
    }

    /// The same to a place.
    fn sent_to(&mut self, point: Point, priority: Priority) -> usize {
        let report = self.world.report(Kind::Dispute, Some(point));
        let assessment = Assessment {
            priority,
            ..report.assessment
        };
        let events = self.world.say_as(
            Actor::Carrier(0),
            Command::TakeCall(CallReport {
                assessment,
                ..report
            }),
        );
        let issued: Vec<OrderIssued> = events
            .iter()
            .filter_map(|event| match event {
                Event::OrderIssued(issued) => Some(*issued),
                _ => None,
            })
            .collect();
        // Whoever lost its unit for this gets another after it.
        assert!(!issued.is_empty(), "{events:?}");
        self.world.check();
        let mut patrols = self.patrols.iter();
        patrols.position(|&unit| unit == issued[0].unit).unwrap()
    }
}

/// Where nothing is left behind the nearest goes.
#[test]
fn among_equals_the_nearest_goes() {
    assert_eq!(Stage::new().sent(Priority::P3), 0);
}

/// C8: own jurisdiction first, within the tolerated loss of time.
#[test]
fn a_unit_of_the_own_district_goes_before_a_nearer_one_from_elsewhere() {
    let elsewhere = |priority, metres: i32| {
        let mut stage = Stage::new();
        stage.define(0, 1, &[Capability::Patrol]);
        stage.move_on(1, metres);
        stage.sent(priority)
    };
    // 330 m further take some 29 s; at priority 2 a loss of 30 s is tolerated, for danger to life none.
    assert_eq!(elsewhere(Priority::P2, 1_330), 1);
    assert_eq!(elsewhere(Priority::P1, 1_330), 0);
    assert_eq!(elsewhere(Priority::P2, 1_400), 0);
}

/// H8: who has a scarce skill besides is taken later for what a plainer unit can do.
#[test]
fn a_plain_unit_goes_before_a_nearer_specialist() {
    let specialist = |priority| {
        let mut stage = Stage::new();
        stage.define(0, 0, &[Capability::Patrol, Capability::BombDisposal]);
        // 330 m further take some 29 s, against 60 s for the skill at priority 3.
        stage.move_on(1, 1_330);
        stage.sent(priority)
    };
    assert_eq!(specialist(Priority::P3), 1);
    assert_eq!(specialist(Priority::P1), 0);
}

/// R3: the last of a district stays, where one that is a little farther will do; never for danger to life.
#[test]
fn the_last_of_a_district_stays_for_what_is_less_urgent() {
    let last = |priority| {
        let mut stage = Stage::new();
        // The first is the only one of the town; of the other district there are two.
        stage.define(1, 1, &[Capability::Patrol]);
        stage.define(2, 1, &[Capability::Patrol]);
        stage.move_on(1, 1_110);
        stage.sent(priority)
    };
    // 10 s further; 60 s for the other district, 120 s for the last of its own.
    assert_eq!(last(Priority::P3), 1);
    assert_eq!(last(Priority::P1), 0);
    assert_eq!(last(Priority::P2), 0);
}

/// R2: whom the plan would rather leave where it is, is free all the same: nobody is called away to spare it.
#[test]
fn a_tolerated_loss_of_time_calls_nobody_away() {
    let sent = |nearer: i32| {
        let mut stage = Stage::new();
        stage.define(1, 1, &[Capability::Patrol]);
        stage.move_on(0, 100);
        stage.move_on(1, nearer);
        stage.move_on(2, 1_600);
        stage.duty(1, Duty::Off);
        stage.duty(2, Duty::Off);
        let town = stage.world.town();
        let south = Point {
            lat_e7: town.lat_e7 - 2_000 * 90,
            ..town
        };
        assert_eq!(stage.sent_to(south, Priority::P4), 0);
        stage.duty(1, Duty::OnCall);
        stage.duty(2, Duty::OnCall);
        stage.sent(Priority::P2)
    };
    // Some 130 s before the one of the own district, 113 s before the one from elsewhere that is spared for it.
    assert_eq!(sent(1_400), 2);
    // Some 130 s before both.
    assert_eq!(sent(1_600), 0);
}

/// R4: of two that come free together the plan may spare the nearer one; so it is told.
#[test]
fn who_is_spared_when_several_come_free_is_told() {
    let mut stage = Stage::new();
    stage.define(0, 1, &[Capability::Patrol]);
    stage.move_on(1, 1_330);
    stage.duty(2, Duty::Off);
    let town = stage.world.town();
    let south = Point {
        lat_e7: town.lat_e7 - 3_000 * 90,
        ..town
    };
    let robbery = stage.world.call(Kind::Robbery, south);
    let out = robbery.orders.iter();
    let out = out.filter(|order| order.capability == Capability::Patrol);
    assert_eq!(out.count(), 2);
    let theft = stage.world.call(Kind::Theft, town);
    assert!(theft.orders.is_empty());
    let before = stage.world.events.len();
    stage
        .world
        .say(Command::CloseIncident(robbery.incident.unwrap()));
    let mut said = stage.world.events[before..].iter();
    let issued = said.find_map(|event| match event {
        Event::OrderIssued(issued) => Some(*issued),
        _ => None,
    });
    let issued = issued.unwrap();
    let sent = (stage.patrols[1], Choice::Waiting);
    assert_eq!((issued.unit, issued.choice), sent);
    let told = grounds(&stage.world, issued.order).candidates;
    let nearer = told.iter().find(|it| it.unit == stage.patrols[0]).unwrap();
    assert_eq!(nearer.standing, Standing::Spared);
}
