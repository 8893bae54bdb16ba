//! Who may drive: the hierarchy of access tags, for ways and for barriers.
//!
//! <https://wiki.openstreetmap.org/wiki/Key:access>: the most specific key decides, `motorcar` before `motor_vehicle` before `vehicle` before `access`, and
//! of each the one for this direction first. Emergency vehicles may pass where everybody may, and where a sign says so:
//! `emergency`, or a lane or gate for buses. `docs/roads.md` has the tables.

use super::wire::Tags;
use crate::roads::import::report::{Finding, Report};

/// The way a road is driven, against the order of its nodes or with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Forward,
    Backward,
}

impl Direction {
    pub const BOTH: [Direction; 2] = [Direction::Forward, Direction::Backward];

    /// What a tag for this direction ends with.
    pub const fn suffix(self) -> &'static str {
        match self {
            Direction::Forward => "forward",
            Direction::Backward => "backward",
        }
    }
}

/// What holds where no tag says anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Untagged {
    /// Everybody drives.
    Open,
    /// Emergency vehicles alone: bus ways, emergency drives.
    Siren,
    /// Nobody does. The key `access` then speaks of walkers and is not asked.
    Closed,
    /// Nobody does, unless any key says so: barriers.
    Barred,
}

/// What a value says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Yes,
    No,
    Private,
    /// For emergency vehicles or buses, whose ways emergency vehicles use.
    Signed,
}

fn word(value: &str) -> Option<Word> {
    Some(match value {
        "yes" | "permissive" | "designated" | "official" | "destination" | "customers"
        | "public" | "discouraged" => Word::Yes,
        "private" => Word::Private,
        "emergency" | "psv" | "bus" => Word::Signed,
        "no"
        | "agricultural"
        | "forestry"
        | "agricultural;forestry"
        | "delivery"
        | "permit"
        | "residents"
        | "military"
        | "hov"
        | "taxi"
        | "use_sidepath"
        | "dismount"
        | "restricted" => Word::No,
        _ => return None,
    })
}

/// The value of a key for this direction, or for both.
pub(super) fn directed<'a>(
    tags: Tags<'a>,
    key: &str,
    direction: Option<Direction>,
) -> Option<&'a str> {
    direction
        .and_then(|direction| tags.get(&format!("{key}:{}", direction.suffix())))
        .or_else(|| tags.get(key))
}

/// Who may pass, by profile; the siren wherever the normal may.
pub(super) fn access(
    tags: Tags,
    direction: Option<Direction>,
    untagged: Untagged,
    siren_enters_private: bool,
    place: &dyn std::fmt::Display,
    report: &mut Report,
) -> [bool; 2] {
    let all = ["motorcar", "motor_vehicle", "vehicle", "access"];
    let keys = if untagged == Untagged::Closed {
        &all[..3]
    } else {
        &all[..]
    };
    let mut said = None;
    for key in keys {
        let Some(value) = directed(tags, key, direction) else {
            continue;
        };
        said = word(value);
        if said.is_some() {
            break;
        }
        // What holds for both directions is told with the first.
        let told = direction == Some(Direction::Backward) && tags.get(key) == Some(value);
        if !told {
            report.note(Finding::AccessUnread, format_args!("{place} {key}={value}"));
        }
    }
    let normal = match said {
        Some(said) => said == Word::Yes,
        None => untagged == Untagged::Open,
    };
    let emergency = directed(tags, "emergency", direction);
    let bus = ["psv", "bus"].iter().any(|key| {
        directed(tags, key, direction)
            .is_some_and(|value| matches!(value, "yes" | "designated" | "official" | "permissive"))
    });
    let siren = match emergency {
        _ if normal => true,
        Some("yes" | "designated" | "official" | "permissive" | "destination") => true,
        Some("no" | "private") => false,
        _ => match said {
            Some(Word::Signed) => true,
            Some(Word::Private) => bus || siren_enters_private,
            Some(Word::Yes | Word::No) => bus,
            None => bus || untagged == Untagged::Siren,
        },
    };
    [normal, siren]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(pairs: &[(&str, &str)], untagged: Untagged) -> [bool; 2] {
        Tags::of(pairs, |tags| {
            access(
                tags,
                Some(Direction::Forward),
                untagged,
                false,
                &"here",
                &mut Report::default(),
            )
        })
    }

    #[test]
    fn the_most_specific_key_decides() {
        let (open, siren, shut) = ([true, true], [false, true], [false, false]);
        for (pairs, untagged, expected) in [
            (&[][..], Untagged::Open, open),
            (&[], Untagged::Siren, siren),
            (&[], Untagged::Closed, shut),
            (&[("access", "no")], Untagged::Open, shut),
            (
                &[("access", "no"), ("motorcar", "yes")],
                Untagged::Open,
                open,
            ),
            (
                &[("access", "yes"), ("motor_vehicle", "no")],
                Untagged::Open,
                shut,
            ),
            (
                &[("vehicle", "no"), ("motor_vehicle", "destination")],
                Untagged::Open,
                open,
            ),
            (&[("vehicle:forward", "no")], Untagged::Open, shut),
            (&[("vehicle:backward", "no")], Untagged::Open, open),
            (
                &[("access", "no"), ("emergency", "yes")],
                Untagged::Open,
                siren,
            ),
            (
                &[("access", "no"), ("bus", "designated")],
                Untagged::Open,
                siren,
            ),
            (
                &[("access", "no"), ("bus", "designated"), ("emergency", "no")],
                Untagged::Open,
                shut,
            ),
            (&[("motor_vehicle", "emergency")], Untagged::Open, siren),
            (&[("access", "private")], Untagged::Open, shut),
            (&[("access", "yes")], Untagged::Closed, shut),
            (&[("motor_vehicle", "yes")], Untagged::Closed, open),
            (&[("emergency", "yes")], Untagged::Closed, siren),
            (&[("emergency", "fire_hydrant")], Untagged::Closed, shut),
            (&[("access", "yes")], Untagged::Barred, open),
            (&[("access", "sometimes")], Untagged::Open, open),
            (&[("emergency", "no")], Untagged::Open, open),
        ] {
            assert_eq!(judge(pairs, untagged), expected, "{pairs:?} {untagged:?}");
        }
        Tags::of(&[("access", "private")], |tags| {
            let found = access(
                tags,
                None,
                Untagged::Open,
                true,
                &"here",
                &mut Report::default(),
            );
            assert_eq!(found, siren);
        });
    }
}
