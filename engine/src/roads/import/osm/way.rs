//! What a way of the map is to a vehicle: its class, the directions that are open to each profile, the speeds in them.

use super::access::{Direction, Untagged, access};
use super::speeds::{Speed, Speeds};
use super::wire::Tags;
use super::{limit, oneway};
use crate::roads::import::report::{Finding, Report};
use crate::roads::network::RoadClass;

/// A road, as far as its tags say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Road {
    pub class: RoadClass,
    /// Forward and backward, by profile: the speed, where it is open.
    pub speed: [[Option<Speed>; 2]; 2],
}

/// The class of a `highway`, whether it is a ramp, and who may drive there when no tag says.
fn class_of(highway: &str) -> Option<(RoadClass, bool, Untagged)> {
    let open = |class, link| Some((class, link, Untagged::Open));
    match highway {
        "motorway" => open(RoadClass::Motorway, false),
        "motorway_link" => open(RoadClass::Motorway, true),
        "trunk" => open(RoadClass::Trunk, false),
        "trunk_link" => open(RoadClass::Trunk, true),
        "primary" => open(RoadClass::Primary, false),
        "primary_link" => open(RoadClass::Primary, true),
        "secondary" => open(RoadClass::Secondary, false),
        "secondary_link" => open(RoadClass::Secondary, true),
        "tertiary" => open(RoadClass::Tertiary, false),
        "tertiary_link" => open(RoadClass::Tertiary, true),
        "unclassified" => open(RoadClass::Unclassified, false),
        "residential" => open(RoadClass::Residential, false),
        "living_street" => open(RoadClass::LivingStreet, false),
        "service" => open(RoadClass::Service, false),
        "track" => open(RoadClass::Track, false),
        "road" => open(RoadClass::Other, false),
        "busway" => Some((RoadClass::Other, false, Untagged::Siren)),
        "pedestrian" | "footway" | "cycleway" | "path" | "bridleway" => {
            Some((RoadClass::Other, false, Untagged::Closed))
        }
        _ => None,
    }
}

/// The road that a way is, if it is one.
pub(super) fn road(id: i64, tags: Tags, speeds: &Speeds, report: &mut Report) -> Option<Road> {
    let place = format!("way {id}");
    let Some(highway) = tags.get("highway") else {
        let route = tags.get("route");
        if matches!(route, Some("ferry" | "shuttle_train")) {
            report.note(Finding::Ferry, &place);
        }
        return None;
    };
    let (class, link, mut untagged) = class_of(highway)?;
    if tags.get("service") == Some("emergency_access") {
        untagged = Untagged::Siren;
    }
    let for_walkers = untagged == Untagged::Closed;
    // Conditions on paths that nobody drives are nobody's concern; these are told once it is a road.
    let mut told = Report::default();
    let road = speeds_of(&place, class, link, untagged, tags, speeds, &mut told);
    let open = road.is_some_and(|road| road.speed.iter().flatten().any(Option::is_some));
    if for_walkers && !open {
        return None;
    }
    report.absorb(told);
    report.count(Finding::Roads, 1);
    if matches!(tags.get("ferry"), Some(value) if value != "no") {
        report.note(Finding::Ferry, &place);
        return None;
    }
    if unusable(tags) || road.is_none() {
        report.note(Finding::RoadUnusable, &place);
        return None;
    }
    if !open {
        report.note(Finding::RoadClosed, &place);
        return None;
    }
    let conditional = tags.keys().filter(|key| key.ends_with(b":conditional"));
    for key in conditional {
        let key = String::from_utf8_lossy(key);
        report.note(Finding::Conditional, format_args!("{place} {key}"));
    }
    road
}

fn unusable(tags: Tags) -> bool {
    tags.get("area") == Some("yes")
        || tags.get("impassable") == Some("yes")
        || tags.get("status") == Some("impassable")
        || tags.get("smoothness") == Some("impassable")
}

/// `None` when the map cannot tell the direction.
fn speeds_of(
    place: &str,
    class: RoadClass,
    link: bool,
    untagged: Untagged,
    tags: Tags,
    speeds: &Speeds,
    report: &mut Report,
) -> Option<Road> {
    let directions = oneway::directions(tags, &place, report)?;
    let mut road = Road {
        class,
        speed: [[None; 2]; 2],
    };
    for (at, direction) in Direction::BOTH.into_iter().enumerate() {
        let private = speeds.siren_enters_private();
        let may = access(tags, Some(direction), untagged, private, &place, report);
        let open = [0, 1].map(|profile| may[profile] && directions[at][profile]);
        if open == [false, false] {
            continue;
        }
        let stated = limit::limit(tags, direction, speeds, &place, report);
        let normal = stated.unwrap_or_else(|| speeds.untold(class, link));
        let siren = speeds.siren(class, normal);
        road.speed[at] = [open[0].then_some(normal), open[1].then_some(siren)];
    }
    Some(road)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(pairs: &[(&str, &str)]) -> (Option<Road>, Report) {
        let mut report = Report::default();
        let road = Tags::of(pairs, |tags| road(7, tags, &Speeds::default(), &mut report));
        (road, report)
    }

    fn kmh(road: Road) -> [[Option<u64>; 2]; 2] {
        road.speed
            .map(|by| by.map(|speed| speed.map(|speed| speed.0 / 1_000_000)))
    }

    #[test]
    fn roads_have_classes_directions_and_speeds() {
        for (pairs, expected) in [
            (&[("highway", "residential")][..], [[Some(30), Some(39)]; 2]),
            (
                &[("highway", "motorway")],
                [[Some(110), Some(121)], [None, None]],
            ),
            (
                &[("highway", "primary"), ("maxspeed", "100")],
                [[Some(100), Some(100)]; 2],
            ),
            (
                &[("highway", "service"), ("access", "emergency")],
                [[None, Some(19)]; 2],
            ),
            (
                &[("highway", "service"), ("service", "emergency_access")],
                [[None, Some(19)]; 2],
            ),
            (
                &[("highway", "pedestrian"), ("emergency", "yes")],
                [[None, Some(24)]; 2],
            ),
            (
                &[("highway", "busway"), ("oneway", "yes")],
                [[None, Some(24)], [None, None]],
            ),
            (
                &[("highway", "footway"), ("motor_vehicle", "designated")],
                [[Some(20), Some(24)]; 2],
            ),
        ] {
            let (road, report) = judge(pairs);
            assert_eq!(road.map(kmh), Some(expected), "{pairs:?} {report}");
        }
    }

    #[test]
    fn what_is_no_road_is_said_where_it_matters() {
        for (pairs, finding) in [
            (&[("highway", "footway")][..], None),
            (&[("highway", "steps")], None),
            (&[("highway", "construction")], None),
            (&[("building", "yes")], None),
            (&[("route", "ferry")], Some(Finding::Ferry)),
            (
                &[("highway", "primary"), ("ferry", "yes")],
                Some(Finding::Ferry),
            ),
            (
                &[("highway", "service"), ("access", "private")],
                Some(Finding::RoadClosed),
            ),
            (
                &[("highway", "service"), ("area", "yes")],
                Some(Finding::RoadUnusable),
            ),
            (
                &[("highway", "primary"), ("oneway", "reversible")],
                Some(Finding::RoadUnusable),
            ),
        ] {
            let (road, report) = judge(pairs);
            assert_eq!(road, None, "{pairs:?}");
            for &any in Finding::ALL {
                let expected = finding == Some(any)
                    || (any == Finding::Roads && finding.is_some() && pairs[0].0 == "highway");
                assert_eq!(report.of(any) > 0, expected, "{pairs:?} {any:?}");
            }
        }
        let (_, report) = judge(&[
            ("highway", "primary"),
            ("maxspeed:conditional", "30 @ night"),
        ]);
        assert_eq!(report.of(Finding::Conditional), 1);
    }
}
