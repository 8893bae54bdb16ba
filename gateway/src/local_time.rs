//! Centre time as people in the city read it: the city's offset from UTC, its days and its clock.
//!
//! For words and files alone; nothing is decided by it.

use engine::moment::{Moment, Span};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};

/// The local time of a city.
#[derive(Clone, Debug)]
pub struct LocalTime {
    zone: TimeZone,
    utc_offset_min: i32,
}

impl LocalTime {
    /// So many minutes ahead of UTC.
    pub fn ahead_by(utc_offset_min: i32) -> LocalTime {
        let offset = Offset::from_seconds(utc_offset_min.saturating_mul(60));
        LocalTime {
            zone: TimeZone::fixed(offset.unwrap_or(Offset::UTC)),
            utc_offset_min,
        }
    }

    /// The day of a moment.
    pub fn day(&self, at: Moment) -> Date {
        self.zoned(at).date()
    }

    /// The first moment of a day and of the next; `None` for a day that no clock here shows.
    pub fn bounds(&self, day: Date) -> Option<(Moment, Moment)> {
        let start = day.to_zoned(TimeZone::UTC).ok()?.timestamp();
        let ahead = Span::minutes(self.utc_offset_min.into());
        let from = Moment(start.as_millisecond()) - ahead;
        Some((from.checked()?, from + Span::hours(24)))
    }

    /// `20:00:05`
    pub fn clock(&self, at: Moment) -> String {
        self.zoned(at).strftime("%H:%M:%S").to_string()
    }

    /// `11-21 20:00`
    pub fn day_and_minute(&self, at: Moment) -> String {
        self.zoned(at).strftime("%m-%d %H:%M").to_string()
    }

    /// `11-21 20:00:05`
    pub fn day_and_second(&self, at: Moment) -> String {
        self.zoned(at).strftime("%m-%d %H:%M:%S").to_string()
    }

    /// `2026-11-21 20:00:05 +08:00`
    pub fn full(&self, at: Moment) -> String {
        self.zoned(at).strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
    }

    fn zoned(&self, at: Moment) -> jiff::Zoned {
        let timestamp = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
        timestamp.to_zoned(self.zone.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_the_citys_midnight() {
        let china = LocalTime::ahead_by(480);
        let at: Moment = "2026-11-20T16:00:00Z".parse().unwrap();
        assert_eq!(china.full(at), "2026-11-21 00:00:00 +08:00");
        assert_eq!(china.day_and_second(at + Span(7_900)), "11-21 00:00:07");
        let day = china.day(at);
        let (from, to) = china.bounds(day).unwrap();
        assert_eq!((from, to - from), (at, Span::hours(24)));
        assert_eq!(china.day(from - Span(1)), day.yesterday().unwrap());
        let newfoundland = LocalTime::ahead_by(-210);
        assert_eq!(newfoundland.clock(at), "12:30:00");
    }
}
