//! Barriers on a road: who gets through.
//!
//! <https://wiki.openstreetmap.org/wiki/Key:barrier>. A gate without a word is taken as open, a bollard as shut; access tags of the node
//! decide where there are any. A shut barrier bans the way through its node and leaves both sides to be driven to.

use super::access::{Untagged, access};
use super::speeds::Speeds;
use super::wire::Tags;
use crate::roads::import::report::{Finding, Report};

/// Who is stopped at a node, by profile.
pub(super) fn stops(id: i64, tags: Tags, speeds: &Speeds, report: &mut Report) -> [bool; 2] {
    let Some(barrier) = tags.get("barrier") else {
        return [false, false];
    };
    let place = format!("node {id}");
    let untagged = match barrier {
        "gate" | "lift_gate" | "swing_gate" | "sliding_gate" | "cattle_grid" | "border_control"
        | "toll_booth" | "sally_port" | "entrance" | "height_restrictor" | "arch" | "kerb"
        | "no" | "checkpoint" => Untagged::Open,
        "bollard"
        | "block"
        | "chain"
        | "jersey_barrier"
        | "cycle_barrier"
        | "motorcycle_barrier"
        | "log"
        | "debris"
        | "rope"
        | "stile"
        | "kissing_gate"
        | "turnstile"
        | "hampshire_gate"
        | "bump_gate"
        | "bus_trap"
        | "sump_buster"
        | "planter"
        | "fence"
        | "wall"
        | "hedge"
        | "ditch"
        | "retaining_wall"
        | "guard_rail"
        | "yes"
        | "full-height_turnstile"
        | "horse_stile"
        | "barrier_board"
        | "spikes"
        | "tank_trap"
        | "wicket_gate" => Untagged::Barred,
        _ => {
            report.note(
                Finding::BarrierUnread,
                format_args!("{place} barrier={barrier}"),
            );
            Untagged::Barred
        }
    };
    let may = access(
        tags,
        None,
        untagged,
        speeds.siren_enters_private(),
        &place,
        report,
    );
    match may {
        [true, _] => {}
        [false, true] => report.note(Finding::BarrierSiren, &place),
        [false, false] => report.note(Finding::BarrierClosed, &place),
    }
    may.map(|may| !may)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_are_open_and_bollards_shut_unless_a_tag_says() {
        for (pairs, expected) in [
            (&[][..], [false, false]),
            (&[("highway", "crossing"), ("access", "no")], [false, false]),
            (&[("barrier", "gate")], [false, false]),
            (&[("barrier", "gate"), ("access", "private")], [true, true]),
            (
                &[
                    ("barrier", "gate"),
                    ("access", "private"),
                    ("emergency", "yes"),
                ],
                [true, false],
            ),
            (
                &[("barrier", "gate"), ("access", "emergency")],
                [true, false],
            ),
            (&[("barrier", "bollard")], [true, true]),
            (
                &[("barrier", "bollard"), ("emergency", "yes")],
                [true, false],
            ),
            (
                &[("barrier", "bollard"), ("motor_vehicle", "yes")],
                [false, false],
            ),
            (&[("barrier", "bus_trap"), ("bus", "yes")], [true, false]),
            (&[("barrier", "moat")], [true, true]),
        ] {
            let found = Tags::of(pairs, |tags| {
                stops(7, tags, &Speeds::default(), &mut Report::default())
            });
            assert_eq!(found, expected, "{pairs:?}");
        }
    }
}
