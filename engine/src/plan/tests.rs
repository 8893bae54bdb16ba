//! What plans must say, and what they must not.

use super::*;
use crate::capability::CapabilityClass;
use crate::kind::{Agency, Priority};
use crate::major::Level;
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
        LocalSet::NONE,
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
        let needs = default().needs(&assessment, None, Some(Line(110)), LocalSet::NONE, |_| true);
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
        LocalSet::NONE,
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

/// L2, H10: what a kind needs is looked up from the village upward; R1: so is what a level adds, and levels add to one another.
#[test]
fn what_a_kind_needs_is_looked_up_from_the_smallest_tier() {
    let text = format!(
        "{DEFAULT}
[[local]]
name = \"县夜间预案\"
tier = \"county\"
from = \"22:00\"
to = \"06:00\"
[local.kind.collapse]
needs = [{{ capability = \"rescue\", count = 3 }}]
[local.kind.trapped]
needs = [{{ capability = \"rescue\", count = 2 }}]
[local.kind.collapse.level.III]
needs = [{{ capability = \"fire_engine\", count = 1 }}]
[[local]]
name = \"村预案\"
tier = \"village\"
lat = 28.85
lon = 120.73
datum = \"wgs84\"
radius_m = 500
[local.kind.collapse]
needs = [{{ capability = \"township_team\", count = 1 }}]
"
    );
    let plan = Plan::load(&text).unwrap();
    let names: Vec<&str> = plan.local.iter().map(|local| local.name.as_str()).collect();
    assert_eq!(names, ["村预案", "县夜间预案"], "the smallest first");
    let asked = |kind, level, locals| {
        let mut assessment = Assessment::stated(kind);
        assessment.agencies = Default::default();
        counts(&plan.needs(&assessment, level, None, locals, |_| true))
    };
    let (village, county) = (LocalSet::NONE.with(0), LocalSet::NONE.with(1));
    let both = village.with(1);
    let own = asked(Kind::Collapse, None, LocalSet::NONE);
    assert_eq!(own[0], (Capability::Rescue, 2));
    assert_eq!(
        asked(Kind::Collapse, None, county),
        [(Capability::Rescue, 3)]
    );
    for locals in [village, both] {
        let team = [(Capability::TownshipTeam, 1)];
        assert_eq!(asked(Kind::Collapse, None, locals), team);
    }
    // The village says nothing of people who are trapped, and nothing of levels.
    assert_eq!(asked(Kind::Trapped, None, both), [(Capability::Rescue, 2)]);
    let third = asked(Kind::Collapse, Some(Level::III), both);
    let expected = [(Capability::TownshipTeam, 1), (Capability::FireEngine, 1)];
    assert_eq!(third, expected);
    // By night and by day, over midnight.
    let night = &plan.local[1];
    assert!(night.is_hour(22 * 60) && night.is_hour(5 * 60 + 59));
    assert!(!night.is_hour(6 * 60) && !night.is_hour(12 * 60));
}

#[test]
fn a_local_plan_that_says_nothing_or_holds_everywhere_is_named() {
    let needs = "[local.kind.trapped]\nneeds = [{ capability = \"rescue\", count = 2 }]";
    let circle = "lat = 28.0\nlon = 120.0\ndatum = \"wgs84\"\nradius_m = 500";
    let local = |tier: &str, scope: &str, said: &str| {
        format!("{DEFAULT}\n[[local]]\nname = \"X\"\ntier = \"{tier}\"\n{scope}\n{said}\n")
    };
    for (text, place) in [
        (local("village", "", needs), "local[0]"),
        (local("village", circle, ""), "local[0]"),
        (local("hamlet", circle, needs), "local[0].tier"),
        (local("village", "lat = 28.0", needs), "local[0]"),
        (
            local(
                "village",
                "lat = nan\nlon = 120.0\ndatum = \"wgs84\"\nradius_m = 5",
                needs,
            ),
            "local[0].lat",
        ),
        (
            local(
                "village",
                "lat = 28.0\nlon = 120.0\ndatum = \"wgs84\"\nradius_m = 0",
                needs,
            ),
            "local[0].radius_m",
        ),
        (local("village", "from = \"22:00\"", needs), "local[0]"),
        (
            local("village", "from = \"22:00\"\nto = \"22:00\"", needs),
            "local[0]",
        ),
        (
            local("village", "from = \"25:00\"\nto = \"22:00\"", needs),
            "local[0].from",
        ),
        (
            local("village", circle, &needs.replace("trapped", "bored")),
            "local[0].kind.bored",
        ),
        (
            local("village", circle, &needs.replace("2 }", "9 }")),
            "local[0].kind.trapped.needs[0].count",
        ),
        (
            format!(
                "{}[[local]]\nname = \"X\"\ntier = \"county\"\n{circle}\n{needs}",
                local("village", circle, needs)
            ),
            "local[1].name",
        ),
    ] {
        let mistakes = Plan::load(&text).unwrap_err();
        let named: Vec<&str> = mistakes
            .0
            .iter()
            .map(|mistake| mistake.place.as_str())
            .collect();
        assert_eq!(named, [place], "{mistakes}");
    }
    let many: String = (0..65)
        .map(|number| {
            format!("[[local]]\nname = \"{number}\"\ntier = \"county\"\n{circle}\n{needs}\n")
        })
        .collect();
    let mistakes = Plan::load(&format!("{DEFAULT}\n{many}")).unwrap_err();
    assert!(mistakes.to_string().contains("at most 64"), "{mistakes}");
}
