//! In which directions a road is driven: one-way tags, what implies them, and the lanes against them for buses.

use super::access::Direction;
use super::wire::Tags;
use crate::roads::import::report::{Finding, Report};

/// The directions that are open, forward and backward, by profile. `None` when the map cannot tell them.
pub(super) fn directions(
    tags: Tags,
    place: &dyn std::fmt::Display,
    report: &mut Report,
) -> Option<[[bool; 2]; 2]> {
    let mut normal = if implied(tags) {
        [true, false]
    } else {
        [true, true]
    };
    for key in [
        "oneway:motorcar",
        "oneway:motor_vehicle",
        "oneway:vehicle",
        "oneway",
    ] {
        let Some(value) = tags.get(key) else { continue };
        match stated(value) {
            Stated::Open(directions) => normal = directions,
            Stated::Tidal => return None,
            Stated::Unread => {
                report.note(Finding::OnewayUnread, format_args!("{place} {key}={value}"));
                continue;
            }
        }
        break;
    }
    let siren = match tags.get("oneway:emergency").map(stated) {
        Some(Stated::Open(own)) => [own[0] || normal[0], own[1] || normal[1]],
        _ if against(tags, normal) => [true, true],
        _ => normal,
    };
    Some([[normal[0], siren[0]], [normal[1], siren[1]]])
}

enum Stated {
    /// Forward, backward.
    Open([bool; 2]),
    /// The direction changes with the hour.
    Tidal,
    Unread,
}

fn stated(value: &str) -> Stated {
    match value {
        "yes" | "1" | "true" => Stated::Open([true, false]),
        "-1" | "reverse" => Stated::Open([false, true]),
        // Alternating: a narrow place where one side waits.
        "no" | "0" | "false" | "alternating" => Stated::Open([true, true]),
        "reversible" => Stated::Tidal,
        _ => Stated::Unread,
    }
}

fn implied(tags: Tags) -> bool {
    matches!(tags.get("junction"), Some("roundabout" | "circular"))
        || tags.get("highway") == Some("motorway")
}

/// Whether buses, and so emergency vehicles, have a lane against the traffic.
fn against(tags: Tags, normal: [bool; 2]) -> bool {
    let suffix = match normal {
        [true, false] => Direction::Backward.suffix(),
        [false, true] => Direction::Forward.suffix(),
        _ => return false,
    };
    let both_ways = ["oneway:psv", "oneway:bus"]
        .iter()
        .any(|key| tags.get(key) == Some("no"));
    let lane = ["busway", "busway:left", "busway:right", "busway:both"]
        .iter()
        .any(|key| tags.get(key) == Some("opposite_lane"));
    let counted = ["psv", "bus"].iter().any(|who| {
        let lanes = tags.get(&format!("lanes:{who}:{suffix}"));
        lanes.is_some_and(|lanes| lanes.parse::<u8>().is_ok_and(|lanes| lanes > 0))
    });
    both_ways || lane || counted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_are_stated_or_implied() {
        let (both, forward, backward) = (
            [[true, true]; 2],
            [[true, true], [false, false]],
            [[false, false], [true, true]],
        );
        let contraflow = [[true, true], [false, true]];
        for (pairs, expected) in [
            (&[][..], Some(both)),
            (&[("oneway", "yes")], Some(forward)),
            (&[("oneway", "true")], Some(forward)),
            (&[("oneway", "-1")], Some(backward)),
            (&[("oneway", "reverse")], Some(backward)),
            (&[("junction", "roundabout")], Some(forward)),
            (
                &[("junction", "roundabout"), ("oneway", "-1")],
                Some(backward),
            ),
            (&[("highway", "motorway")], Some(forward)),
            (&[("highway", "motorway"), ("oneway", "no")], Some(both)),
            (&[("highway", "motorway_link")], Some(both)),
            (&[("oneway", "reversible")], None),
            (&[("oneway", "alternating")], Some(both)),
            (&[("oneway", "perhaps")], Some(both)),
            (
                &[("oneway", "yes"), ("oneway:motor_vehicle", "no")],
                Some(both),
            ),
            (
                &[("oneway", "yes"), ("oneway:emergency", "no")],
                Some(contraflow),
            ),
            (&[("oneway", "yes"), ("oneway:bus", "no")], Some(contraflow)),
            (
                &[("oneway", "yes"), ("busway:left", "opposite_lane")],
                Some(contraflow),
            ),
            (
                &[("oneway", "yes"), ("lanes:psv:backward", "1")],
                Some(contraflow),
            ),
            (
                &[("oneway", "yes"), ("lanes:psv:backward", "0")],
                Some(forward),
            ),
        ] {
            let found = Tags::of(pairs, |tags| {
                directions(tags, &"here", &mut Report::default())
            });
            assert_eq!(found, expected, "{pairs:?}");
        }
    }
}
