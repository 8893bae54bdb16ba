//! San Francisco's local clock, as its exports write it: twelve hours, or twenty-four, and an hour in autumn that comes twice.
//!
//! An hour that comes twice is told apart by what was before it: nobody arrives before having set off.

use engine::moment::Moment;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// How a time may be written.
const FORMS: [&str; 4] = [
    "%m/%d/%Y %I:%M:%S %p",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y %b %d %I:%M:%S %p",
];

/// The clock on the wall of a town.
pub struct Clock(TimeZone);

impl Clock {
    /// That of San Francisco.
    pub fn of_san_francisco() -> Result<Clock, String> {
        let zone = TimeZone::get("America/Los_Angeles");
        let zone =
            zone.map_err(|error| format!("the times of Los Angeles are not known here: {error}"))?;
        Ok(Clock(zone))
    }

    /// What a cell says; `before` is something that was not later. `None`: it says no time.
    pub fn read(&self, cell: &str, before: Option<Moment>) -> Option<Moment> {
        let mut forms = FORMS.iter();
        let local = forms.find_map(|form| DateTime::strptime(form, cell).ok())?;
        let ambiguous = self.0.to_ambiguous_timestamp(local);
        let moment = |timestamp: Timestamp| Moment(timestamp.as_millisecond());
        let first = moment(ambiguous.compatible().ok()?);
        let later = ambiguous.later().ok().map(moment);
        let too_early = before.is_some_and(|before| first < before);
        // Only in the hour that comes twice does the later reading come after the first.
        let chosen = later.filter(|&later| too_early && later > first);
        chosen.unwrap_or(first).checked()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cell: &str, before: Option<Moment>) -> Option<String> {
        let clock = Clock::of_san_francisco().unwrap();
        clock.read(cell, before).map(|moment| moment.to_string())
    }

    #[test]
    fn noon_and_midnight_are_twelve() {
        for (cell, at) in [
            ("01/10/2009 02:36:01 PM", "2009-01-10T22:36:01.000Z"),
            ("01/10/2009 12:00:01 AM", "2009-01-10T08:00:01.000Z"),
            ("07/10/2009 12:00:01 PM", "2009-07-10T19:00:01.000Z"),
            ("2019-07-10T12:00:01.000", "2019-07-10T19:00:01.000Z"),
            ("2023 Jan 10 02:36:01 PM", "2023-01-10T22:36:01.000Z"),
        ] {
            assert_eq!(read(cell, None).as_deref(), Some(at), "{cell}");
        }
        for cell in [
            "",
            "13/13/2009 02:36:01 PM",
            "01/10/2009 14:36:01 PM",
            "soon",
        ] {
            assert_eq!(read(cell, None), None, "{cell}");
        }
    }

    #[test]
    fn the_hour_that_comes_twice_goes_on_after_what_was_before() {
        let clock = Clock::of_san_francisco().unwrap();
        // In the night of 1 November 2009 clocks went from 02:00 back to 01:00.
        let before = clock.read("11/01/2009 01:58:00 AM", None).unwrap();
        assert_eq!(before.to_string(), "2009-11-01T08:58:00.000Z");
        let after = clock.read("11/01/2009 01:03:00 AM", Some(before)).unwrap();
        assert_eq!(after.to_string(), "2009-11-01T09:03:00.000Z");
        // Elsewhere what is too early stays too early.
        let noon = clock.read("11/02/2009 12:00:00 PM", None).unwrap();
        let wrong = clock.read("11/02/2009 11:00:00 AM", Some(noon)).unwrap();
        assert!(wrong < noon);
        // In spring an hour is left out; what is written in it is read as an hour later.
        assert!(clock.read("03/08/2009 02:30:00 AM", None).is_some());
    }
}
