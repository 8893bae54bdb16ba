//! Speed limits as tags state them: numbers with units, words, zones of a country.
//!
//! <https://wiki.openstreetmap.org/wiki/Key:maxspeed>. The limit is what is driven; what cannot be read is noted and the
//! default of the class taken.

use super::access::{Direction, directed};
use super::speeds::{KMH_MAX, Speed, Speeds};
use super::wire::Tags;
use crate::roads::import::decimal::{self, Decimal};
use crate::roads::import::report::{Finding, Report};

/// Units and what one of them is in millimetres an hour.
const UNITS: [(&str, u64); 9] = [
    ("", 1_000_000),
    ("km/h", 1_000_000),
    ("kmh", 1_000_000),
    ("kph", 1_000_000),
    ("kmph", 1_000_000),
    ("mph", 1_609_344),
    ("knots", 1_852_000),
    ("kn", 1_852_000),
    ("kt", 1_852_000),
];

/// Where the zone of a road stands when its limit does not.
const ZONE_KEYS: [&str; 4] = [
    "maxspeed:type",
    "zone:maxspeed",
    "zone:traffic",
    "source:maxspeed",
];

/// The limit for this direction; `None` where the default of the class holds.
pub(super) fn limit(
    tags: Tags,
    direction: Direction,
    speeds: &Speeds,
    place: &dyn std::fmt::Display,
    report: &mut Report,
) -> Option<Speed> {
    if let Some(value) = directed(tags, "maxspeed", Some(direction)) {
        match stated(value, speeds) {
            Stated::Speed(speed) => return Some(speed),
            Stated::ByClass => return None,
            Stated::Unread
                if direction == Direction::Forward || tags.get("maxspeed:backward").is_some() =>
            {
                report.note(
                    Finding::SpeedUnread,
                    format_args!("{place} maxspeed={value}"),
                );
            }
            Stated::Unread => {}
        }
    }
    ZONE_KEYS
        .iter()
        .filter_map(|key| tags.get(key))
        .filter(|value| value.contains(':'))
        .find_map(|value| zone(value, speeds))
}

enum Stated {
    Speed(Speed),
    /// By sign or by the hour: nobody knows.
    ByClass,
    Unread,
}

/// Of several values the least.
fn stated(value: &str, speeds: &Speeds) -> Stated {
    if matches!(value, "signals" | "variable") {
        return Stated::ByClass;
    }
    let mut least: Option<Speed> = None;
    for part in value.split([';', '|', ',']).map(str::trim) {
        match number(part).or_else(|| zone(part, speeds)) {
            Some(speed) => least = Some(least.map_or(speed, |least| least.min(speed))),
            None => return Stated::Unread,
        }
    }
    least.map_or(Stated::Unread, Stated::Speed)
}

/// `50`, `30 mph`, `12.5 km/h`.
fn number(text: &str) -> Option<Speed> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let unit = unit.trim();
    let (_, mm_per_hour) = UNITS
        .iter()
        .find(|(name, _)| unit.eq_ignore_ascii_case(name))?;
    let Some(Decimal::Scaled(thousandths)) = decimal::scaled(digits, 3) else {
        return None;
    };
    let speed = u64::try_from(thousandths).ok()?.checked_mul(*mm_per_hour)? / 1_000;
    (speed > 0 && speed <= KMH_MAX * 1_000_000).then_some(Speed(speed))
}

/// `CN:urban`, `DE:zone:30`, `DE:zone30`, `DE:30`, `zone:30`, `walk`, `none`.
fn zone(text: &str, speeds: &Speeds) -> Option<Speed> {
    if let Some(speed) = speeds.limit(text) {
        return Some(speed);
    }
    let last = text.rsplit(':').next()?;
    let bare = last.strip_prefix("zone").unwrap_or(last);
    if bare.len() < text.len() && !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit())
    {
        return number(bare);
    }
    speeds.limit(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pairs: &[(&str, &str)], direction: Direction) -> (Option<u64>, u64) {
        let mut report = Report::default();
        let speed = Tags::of(pairs, |tags| {
            limit(tags, direction, &Speeds::default(), &"here", &mut report)
        });
        (
            speed.map(|speed| speed.0 / 1_000),
            report.of(Finding::SpeedUnread),
        )
    }

    #[test]
    fn limits_are_read_with_units_and_zones() {
        for (value, metres_per_hour) in [
            ("50", 50_000),
            ("50 km/h", 50_000),
            ("50kmh", 50_000),
            ("12.5", 12_500),
            ("30 mph", 48_280),
            ("30mph", 48_280),
            ("10 knots", 18_520),
            ("walk", 7_000),
            ("none", 130_000),
            ("CN:urban", 50_000),
            ("CN:motorway", 120_000),
            ("XX:urban", 50_000),
            ("DE:zone:30", 30_000),
            ("DE:zone30", 30_000),
            ("zone:20", 20_000),
            ("DE:walk", 7_000),
            ("50;70", 50_000),
            ("80|60|60", 60_000),
        ] {
            assert_eq!(
                found(&[("maxspeed", value)], Direction::Forward),
                (Some(metres_per_hour), 0),
                "{value}"
            );
        }
        for value in [
            "fast",
            "0",
            "-30",
            "301",
            "50 furlongs",
            "30 mph fast",
            "",
            "1e3",
            "XX:unknown",
            "9999999999999999999",
        ] {
            let (speed, unread) = found(&[("maxspeed", value)], Direction::Forward);
            assert_eq!(
                (speed, unread),
                (None, u64::from(!value.is_empty())),
                "{value}"
            );
        }
        assert_eq!(
            found(&[("maxspeed", "signals")], Direction::Forward),
            (None, 0)
        );
    }

    #[test]
    fn a_direction_has_its_own_limit() {
        let pairs = [("maxspeed", "50"), ("maxspeed:backward", "30")];
        assert_eq!(found(&pairs, Direction::Forward).0, Some(50_000));
        assert_eq!(found(&pairs, Direction::Backward).0, Some(30_000));
        let zoned = [("source:maxspeed", "DE:rural")];
        assert_eq!(found(&zoned, Direction::Forward).0, Some(100_000));
        assert_eq!(
            found(&[("source:maxspeed", "sign")], Direction::Forward),
            (None, 0)
        );
    }
}
