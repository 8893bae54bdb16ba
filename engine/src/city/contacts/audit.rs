//! Whether everybody can be reached (J6): what is odd about contacts but allowed, before the night in which it counts.
//!
//! Units are gathered under what they lack, so that a list of two hundred is one line. No name of a person is said.

use super::{Contact, ContactRole, Contacts, FILE, Whose};
use crate::city::mistake::{MISTAKES_MAX, Mistake};
use crate::city::{City, UnitRow};
use crate::moment::{Moment, Span};
use crate::name::Name;
use std::collections::{BTreeMap, BTreeSet};

/// After so long a test says nothing any more.
const TEST_HOLDS: Span = Span::hours(30 * 24);
/// Units that a warning names; the rest is counted.
const NAMED_MAX: usize = 5;
/// So many channels are to reach a team (X2).
const CHANNELS_LEAST: usize = 2;

impl Contacts {
    /// What is odd at this moment. Nothing where there are no contacts at all: a city need not have any.
    pub fn audit(&self, city: &City, now: Moment) -> Vec<Mistake> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut found = self.missing_roles(city, now);
        found.extend(self.too_few_channels(city, now));
        found.extend(self.nobody_any_more(now));
        found.extend(self.not_tested(now));
        found.truncate(MISTAKES_MAX);
        found
    }

    fn usable(&self, unit: &UnitRow, role: ContactRole, now: Moment) -> Vec<&Contact> {
        self.in_role((unit.name, unit.agency), role, |row| row.is_valid(now))
    }

    fn missing_roles(&self, city: &City, now: Moment) -> Vec<Mistake> {
        let lacking = ContactRole::ALL.iter().filter_map(|&role| {
            let lack = |unit: &&UnitRow| self.usable(unit, role, now).is_empty();
            let units: Vec<Name> = city
                .units
                .iter()
                .filter(lack)
                .map(|unit| unit.name)
                .collect();
            let wrong = format!("nobody is the {role} of {}", named(&units)?);
            let right = "name somebody for the unit, or for its agency";
            Some(warning(None, "role", wrong, right))
        });
        lacking.collect()
    }

    fn too_few_channels(&self, city: &City, now: Moment) -> Option<Mistake> {
        let few = |unit: &&UnitRow| {
            let team = self.usable(unit, ContactRole::Team, now);
            let channels: BTreeSet<_> = team.iter().map(|row| row.channel).collect();
            // Whom nothing reaches has been named.
            !channels.is_empty() && channels.len() < CHANNELS_LEAST
        };
        let units: Vec<Name> = city
            .units
            .iter()
            .filter(few)
            .map(|unit| unit.name)
            .collect();
        let wrong = format!("one channel alone reaches the team of {}", named(&units)?);
        let right =
            "give the team a row for a second channel: where one fails the other still tells it";
        Some(warning(None, "channel", wrong, right))
    }

    /// People whose rows have all ended or not begun.
    fn nobody_any_more(&self, now: Moment) -> Vec<Mistake> {
        let mut people: BTreeMap<(Whose, Name), Vec<&Contact>> = BTreeMap::new();
        for row in self.rows() {
            people.entry((row.whose, row.name)).or_default().push(row);
        }
        let gone = people
            .values()
            .filter(|rows| !rows.iter().any(|row| row.is_valid(now)));
        let gone = gone.filter_map(|rows| rows.first()).map(|row| {
            let wrong = "no row of this person is valid now";
            warning(
                Some(row),
                "valid_to",
                wrong.into(),
                "renew one, or remove them",
            )
        });
        let mut gone: Vec<_> = gone.collect();
        gone.sort_by_key(|warning| warning.row);
        gone
    }

    fn not_tested(&self, now: Moment) -> Option<Mistake> {
        let is_old = |row: &&Contact| {
            let tested = row.tested_at.is_some_and(|at| at + TEST_HOLDS >= now);
            row.is_valid(now) && !tested
        };
        let mut old = self.rows().iter().filter(is_old);
        let first = old.next()?;
        let wrong = match old.count() {
            0 => "nobody has answered a test for 30 days".to_owned(),
            more => format!("nobody has answered a test for 30 days, here and in {more} more rows"),
        };
        let right =
            "test it (POST /v1/contacts/ID/test, the line is the ID) and write the day down";
        Some(warning(Some(first), "tested_at", wrong, right))
    }
}

/// The first few units by name, and how many more; `None` of nobody.
fn named(units: &[Name]) -> Option<String> {
    let shown: Vec<&str> = units.iter().take(NAMED_MAX).map(Name::as_str).collect();
    match units.len().saturating_sub(NAMED_MAX) {
        _ if shown.is_empty() => None,
        0 => Some(shown.join(", ")),
        more => Some(format!("{} and {more} more units", shown.join(", "))),
    }
}

fn warning(row: Option<&Contact>, field: &str, wrong: String, right: &str) -> Mistake {
    Mistake {
        file: FILE.into(),
        row: row.map(|row| row.id.0.into()),
        field: Some(field.into()),
        wrong,
        right: right.into(),
    }
}
