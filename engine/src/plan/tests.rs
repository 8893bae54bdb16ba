//! What plans must say, and what they must not.

use super::*;
use crate::capability::CapabilityClass;
use crate::kind::{Agency, Priority};
use crate::order::OrderClock;
use crate::place::Zone;

fn default() -> Plan {
    Plan::load(DEFAULT).unwrap()
}

fn counts(needs: &NeedList) -> Vec<(Capability, u8)> {
    needs
        .iter()
        .map(|spec| (spec.capability, spec.count))
        .collect()
}

/// C3: one matter fans out to every agency it needs. R1: by capability and count.
#[test]
fn a_crash_with_injured_fans_out() {
    let needs = default().needs(
        &Assessment::stated(Kind::CrashInjury),
        None,
        Some(Line(110)),
        |_| true,
    );
    assert_eq!(
        counts(&needs),
        [(Capability::TrafficPatrol, 1), (Capability::Ambulance, 1)]
    );
}

/// C2: an enquiry or a complaint never takes a unit.
#[test]
fn complaints_go_to_desks() {
    for &kind in Kind::ALL {
        let assessment = Assessment::stated(kind);
        let needs = default().needs(&assessment, None, Some(Line(110)), |_| true);
        match assessment.nature {
            Nature::Enquiry | Nature::Complaint => {
                assert!(needs.iter().all(|spec| spec.capability.is_desk()), "{kind}");
                assert!(needs.iter().next().is_some(), "{kind}");
            }
            Nature::Invalid => assert!(needs.iter().next().is_none(), "{kind}"),
            Nature::Emergency | Nature::Help => {
                assert!(
                    kind == Kind::Unknown || needs.iter().next().is_some(),
                    "{kind}"
                );
            }
        }
    }
}

#[test]
fn what_the_city_has_not_falls_to_the_desk() {
    let has = |capability| capability != Capability::GasCrew;
    let needs = default().needs(
        &Assessment::stated(Kind::GasLeak),
        None,
        Some(Line(119)),
        has,
    );
    assert_eq!(
        counts(&needs),
        [(Capability::FireEngine, 1), (Capability::DeskGas, 1)]
    );
}

fn case(class: CapabilityClass, day_night: DayNight, away: bool) -> ClockCase {
    ClockCase {
        agency: Agency::Police,
        zone: Zone::Township,
        day_night,
        priority: Priority::P2,
        class,
        away,
    }
}

/// X6: 20 min by day and 30 min by night; X7: muster 15 and 25 min for a team sent away; X8: result in 24 h.
#[test]
fn the_clocks_of_xianju() {
    let clocks = default().clocks;
    let vehicle = |time, away| case(CapabilityClass::Vehicle, time, away);
    let team = |time, away| case(CapabilityClass::Team, time, away);
    assert_eq!(
        clocks.span(OrderClock::Arrive, vehicle(DayNight::Day, false)),
        Some(Span::minutes(20))
    );
    assert_eq!(
        clocks.span(OrderClock::Arrive, vehicle(DayNight::Night, false)),
        Some(Span::minutes(30))
    );
    assert_eq!(
        clocks.span(OrderClock::Muster, team(DayNight::Day, true)),
        Some(Span::minutes(15))
    );
    assert_eq!(
        clocks.span(OrderClock::Muster, team(DayNight::Night, true)),
        Some(Span::minutes(25))
    );
    assert_eq!(
        clocks.span(OrderClock::Muster, team(DayNight::Night, false)),
        None
    );
    assert_eq!(
        clocks.span(OrderClock::Result, vehicle(DayNight::Day, false)),
        Some(Span::hours(24))
    );
}

#[test]
fn day_begins_at_six() {
    let plan = default();
    assert_eq!(plan.day_night(5 * 60 + 59), DayNight::Night);
    assert_eq!(plan.day_night(6 * 60), DayNight::Day);
    assert_eq!(plan.day_night(18 * 60), DayNight::Night);
}

/// One mistake each, put into the default plan; the message must name its place.
#[test]
fn each_mistake_is_named_by_its_place() {
    let mistakes = [
        (
            "detour_permille = 1300",
            "detour_permille = 900",
            "travel.detour_permille",
        ),
        (
            "detour_permille = 1300",
            "detour_permille = \"far\"",
            "line 11",
        ),
        (
            "detour_permille = 1300",
            "detour_permille = 1300\nspeed = 3",
            "line 12",
        ),
        ("from = \"06:00\"", "from = \"6 o'clock\"", "day.from"),
        ("to = \"18:00\"", "to = \"05:00\"", "day: "),
        ("rung_s = 30", "rung_s = 0", "ladder.rung_s"),
        (
            "service_floor = 8",
            "service_floor = 1",
            "waiting.service_floor",
        ),
        ("number = 119", "number = 110", "line[1]"),
        (
            "mode = \"forward\"\nforward_to = 12395",
            "mode = \"forward\"",
            "line[11]",
        ),
        ("mode = \"parallel\"", "mode = \"sideways\"", "line[4].mode"),
        ("never = [\"fraud\"", "never = [\"frauds\"", "merge.never"),
        ("never = [\"fraud\"", "never = [\"wildfire\"", "merge.never"),
        (
            "kinds = [\"wildfire\"]",
            "kinds = [\"wildfire\", \"burn\"]",
            "merge.group[2]",
        ),
        ("[agency.water]", "[agency.waters]", "agency.waters"),
        (
            "capability = \"water_crew\"",
            "capability = \"gas_crew\"",
            "agency.water.joins",
        ),
        ("[kind.robbery]", "[kind.robberies]", "kind.robberies"),
        (
            "[{ capability = \"patrol\", count = 2 }]",
            "[{ capability = \"patrols\", count = 2 }]",
            "kind.robbery.needs[0].capability",
        ),
        (
            "[{ capability = \"patrol\", count = 2 }]",
            "[{ capability = \"patrol\", count = 0 }]",
            "kind.robbery.needs[0].count",
        ),
        (
            "clock = \"muster\"",
            "clock = \"mustering\"",
            "clock[7].clock",
        ),
        ("seconds = 604800", "seconds = -1", "seconds"),
        ("priorities = [3]", "priorities = [5]", "priorities"),
        (
            "clock = \"acknowledge\"\nseconds = 30",
            "clock = \"set_off\"\nseconds = 30",
            "clock: ",
        ),
    ];
    for (right, wrong, place) in mistakes {
        let text = DEFAULT.replacen(right, wrong, 1);
        assert_ne!(text, DEFAULT, "{right} is not in the default plan");
        let said = Plan::load(&text).unwrap_err().to_string();
        assert!(said.contains(place), "{wrong}: expected {place} in: {said}");
    }
}

/// A plan that names who may be called away, and lets nobody lose anything, contradicts itself; so does one that tolerates hours.
#[test]
fn what_calls_nobody_away_is_no_plan() {
    let mistakes = |from: &str, to: &str| {
        assert!(DEFAULT.contains(from), "{from}");
        let text = DEFAULT.replacen(from, to, 1);
        Plan::load(&text).map_or_else(|mistakes| mistakes.to_string(), |_| String::new())
    };
    let told = mistakes("bumps_max = 1", "bumps_max = 0");
    assert!(told.contains("preemption.bumps_max"), "{told}");
    let told = mistakes(
        "coverage_s = [0, 0, 120, 180]",
        "coverage_s = [0, 0, 120, 301]",
    );
    assert!(told.contains("choice.coverage_s"), "{told}");
    let told = mistakes("coverage_s = [0, 0, 120, 180]", "coverage_s = [1, 0, 0, 0]");
    assert!(told.contains("danger to life"), "{told}");
}
