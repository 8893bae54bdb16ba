//! What one row of each file of a city means, before rows are compared with one another.
//!
//! A draft is a row whose fields are each right by themselves; `load` then resolves posts, districts and repeats.

use super::sheet::Row;
use super::{
    CONTACTS_MAX, Cell, DAY_MIN, Hospital, HospitalCapability, LINES_MAX, Phone, SPEED_MOST_MM_S,
    TURNOUT_MOST_MS, Zone,
};
use crate::capability::{Capability, CapabilitySet};
use crate::kind::Agency;
use crate::name::Name;
use crate::place::{DistrictId, Point};

/// A district without its ground.
pub(super) struct DistrictDraft {
    pub id: DistrictId,
    pub name: Name,
    pub zone: Zone,
    pub parent: Option<DistrictId>,
    pub lines: Vec<u32>,
}

pub(super) struct Corner {
    pub district: DistrictId,
    pub ring: u32,
    pub point: Point,
}

pub(super) struct PostDraft {
    pub name: Name,
    pub agency: Agency,
    pub point: Point,
    pub district: Option<DistrictId>,
}

pub(super) struct UnitDraft {
    pub name: Name,
    pub agency: Agency,
    pub capabilities: CapabilitySet,
    pub post: Option<Name>,
    pub home: Option<DistrictId>,
    pub point: Option<Point>,
    pub speed_mm_s: u32,
    pub turnout_ms: u32,
    pub strength: u16,
    pub least_strength: u16,
    pub roster_on_min: u16,
    pub roster_off_min: u16,
    pub capacity: u16,
    pub contacts: Vec<Name>,
    pub phones: Vec<Option<Phone>>,
}

fn district_number(row: &mut Row, column: &str) -> Option<DistrictId> {
    row.whole(column, 1..=u32::MAX, None).map(DistrictId)
}

/// `Some(None)` when the field is empty.
fn optional_district(row: &mut Row, column: &str) -> Option<Option<DistrictId>> {
    if row.text(column).is_empty() {
        Some(None)
    } else {
        district_number(row, column).map(Some)
    }
}

pub(super) fn district(row: &mut Row) -> Option<DistrictDraft> {
    let id = district_number(row, "id");
    let name = row.name("name");
    let zone = row.word("zone", Zone::from_code, Zone::ALL);
    let parent = optional_district(row, "parent");
    let lines = lines(row);
    Some(DistrictDraft {
        id: id?,
        name: name?,
        zone: zone?,
        parent: parent?,
        lines: lines?,
    })
}

fn lines(row: &mut Row) -> Option<Vec<u32>> {
    let pieces = row
        .text("lines")
        .split(';')
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let parsed: Option<Vec<u32>> = pieces
        .map(|line| line.parse().ok().filter(|&line| line > 0))
        .collect();
    let mut lines = parsed.unwrap_or_else(|| vec![0; LINES_MAX + 1]);
    lines.sort_unstable();
    lines.dedup();
    if lines.len() > LINES_MAX || lines.first() == Some(&0) {
        let right =
            format!("write at most {LINES_MAX} numbers parted by semicolons, as in 110;119");
        row.wrong("lines", "these are not service lines", right);
        return None;
    }
    Some(lines)
}

pub(super) fn corner(row: &mut Row) -> Option<Corner> {
    let district = district_number(row, "district");
    let ring = row.whole("ring", 0..=u32::MAX, None);
    let point = row.point();
    Some(Corner {
        district: district?,
        ring: ring?,
        point: point?,
    })
}

pub(super) fn post(row: &mut Row) -> Option<PostDraft> {
    let name = row.name("name");
    let agency = row.word("agency", Agency::from_code, Agency::ALL);
    let point = row.point();
    let district = optional_district(row, "district");
    Some(PostDraft {
        name: name?,
        agency: agency?,
        point: point?,
        district: district?,
    })
}

pub(super) fn hospital(row: &mut Row) -> Option<Hospital> {
    let name = row.name("name");
    let point = row.point();
    let capabilities = row.words(
        "capabilities",
        HospitalCapability::from_code,
        HospitalCapability::ALL,
    );
    let beds = row.whole("beds", 0..=100_000, None);
    let mut capabilities = capabilities?;
    capabilities.sort_unstable();
    capabilities.dedup();
    Some(Hospital {
        name: name?,
        point: point?,
        capabilities,
        beds: beds?,
    })
}

pub(super) fn cell(row: &mut Row) -> Option<Cell> {
    let cell = row.name("cell");
    let point = row.point();
    let radius_m = row.whole("radius_m", 1..=200_000, None);
    Some(Cell {
        cell: cell?,
        point: point?,
        radius_m: radius_m?,
    })
}

/// A unit's row; a desk's capacity is bounded by the city's `desk_limit`.
pub(super) fn unit(row: &mut Row, desk_limit: u16) -> Option<UnitDraft> {
    let name = row.name("name");
    let agency = row.word("agency", Agency::from_code, Agency::ALL);
    let capabilities = capabilities(row);
    let post = row.optional_name("post");
    let home = optional_district(row, "home");
    let point = optional_point(row);
    let speed_mm_s = speed(row, capabilities);
    let turnout_ms = row.thousandths("turnout_s", TURNOUT_MOST_MS, None);
    let strength = row.whole("strength", 0..=u16::MAX, Some(1));
    let least_strength = row.whole("least_strength", 0..=u16::MAX, Some(0));
    let roster = roster(row);
    let capacity = capacity(row, capabilities, desk_limit);
    let contacts = contacts(row);
    if let (Some(strength), Some(least)) = (strength, least_strength)
        && least > strength
    {
        // Not a mistake: a team may be below its strength today, and is then not sent (X10).
        let wrong = format!("{least} is more than the strength of {strength}");
        row.odd(
            "least_strength",
            wrong,
            "the unit is never sent until its strength is raised",
        );
    }
    let (roster_on_min, roster_off_min) = roster?;
    let (contacts, phones) = contacts?;
    Some(UnitDraft {
        name: name?,
        agency: agency?,
        capabilities: capabilities?,
        post: post?,
        home: home?,
        point: point?,
        speed_mm_s: speed_mm_s?,
        turnout_ms: turnout_ms?,
        strength: strength?,
        least_strength: least_strength?,
        roster_on_min,
        roster_off_min,
        capacity: capacity?,
        contacts,
        phones,
    })
}

fn capabilities(row: &mut Row) -> Option<CapabilitySet> {
    let words = row.words("capabilities", Capability::from_code, Capability::ALL)?;
    let desks = words
        .iter()
        .filter(|capability| capability.is_desk())
        .count();
    if words.is_empty() {
        row.wrong(
            "capabilities",
            "a unit that can do nothing is never ordered",
            "name one capability or more",
        );
        return None;
    }
    if desks > 0 && desks < words.len() {
        let right = "give the desk a row of its own: it never travels, the others do";
        row.wrong(
            "capabilities",
            "a desk capability stands beside others",
            right,
        );
        return None;
    }
    Some(words.into_iter().collect())
}

/// Whether all of these are desks; a set is never mixed.
pub(super) fn is_desk(capabilities: CapabilitySet) -> bool {
    capabilities.iter().any(Capability::is_desk)
}

/// Speed in mm/s, from km/h with at most three decimals, to the nearest.
fn speed(row: &mut Row, capabilities: Option<CapabilitySet>) -> Option<u32> {
    let thousandths_kmh = row.thousandths("speed_kmh", 400_000, None)?;
    let speed_mm_s = mm_s(thousandths_kmh).min(SPEED_MOST_MM_S);
    let desk = is_desk(capabilities?);
    if desk && speed_mm_s > 0 {
        row.wrong(
            "speed_kmh",
            "a desk does not travel",
            "write 0, or give it the capabilities of a vehicle",
        );
        return None;
    }
    if !desk && speed_mm_s == 0 {
        row.wrong(
            "speed_kmh",
            "only a desk has the speed 0",
            "write how fast it travels, as in 45",
        );
        return None;
    }
    Some(speed_mm_s)
}

/// mm/s of so many metres an hour, to the nearest.
pub(super) const fn mm_s(metres_an_hour: u32) -> u32 {
    (metres_an_hour * 10 + 18) / 36
}

/// Both times or neither; equal times are round the clock (X12).
fn roster(row: &mut Row) -> Option<(u16, u16)> {
    match (row.text("on").is_empty(), row.text("off").is_empty()) {
        (true, true) => Some((0, 0)),
        (false, false) => {
            let (on, off) = (row.time_of_day("on"), row.time_of_day("off"));
            if on == Some(DAY_MIN) {
                row.wrong("on", "a duty does not begin at 24:00", "write 00:00");
                return None;
            }
            Some((on?, off? % DAY_MIN))
        }
        (true, false) => {
            row.wrong(
                "on",
                "the roster has an end and no beginning",
                "write both, or neither for round the clock",
            );
            None
        }
        (false, true) => {
            row.wrong(
                "off",
                "the roster has a beginning and no end",
                "write both, or neither for round the clock",
            );
            None
        }
    }
}

fn capacity(row: &mut Row, capabilities: Option<CapabilitySet>, desk_limit: u16) -> Option<u16> {
    let desk = capabilities.is_some_and(is_desk);
    let most = if desk { desk_limit } else { 1 };
    // Without its capabilities nobody knows what the row should hold: that mistake is named already.
    capabilities?;
    row.whole("capacity", 1..=most, Some(most))
}

/// People and their numbers, in step; no numbers at all where nobody has one.
fn contacts(row: &mut Row) -> Option<(Vec<Name>, Vec<Option<Phone>>)> {
    const COLUMNS: [(&str, &str); CONTACTS_MAX] = [
        ("primary", "primary_phone"),
        ("deputy", "deputy_phone"),
        ("leader", "leader_phone"),
    ];
    let read =
        COLUMNS.map(|(person, number)| (row.optional_name(person), phone(row, person, number)));
    let (mut names, mut phones) = (Vec::new(), Vec::new());
    for (name, phone) in read {
        if let (Some(name), phone) = (name?, phone?) {
            names.push(name);
            phones.push(phone);
        }
    }
    if phones.iter().all(Option::is_none) {
        phones.clear();
    }
    Some((names, phones))
}

/// The number of a person; one without a person is a mistake.
fn phone(row: &mut Row, person: &str, column: &str) -> Option<Option<Phone>> {
    let text = row.text(column);
    if text.is_empty() {
        return Some(None);
    }
    let Some(phone) = Phone::new(text) else {
        // The number itself is not quoted: mistakes end up in logs.
        let right = "write 3 to 20 digits, with blanks, + and - between them";
        row.wrong(column, "it is no telephone number", right);
        return None;
    };
    if row.text(person).is_empty() {
        let wrong = format!("there is a number, and nobody in {person}");
        row.wrong(
            column,
            wrong,
            "name the person too, or leave the number out",
        );
        return None;
    }
    Some(Some(phone))
}

/// `Some(None)` when all three fields are empty: the unit stands at its post.
fn optional_point(row: &mut Row) -> Option<Option<Point>> {
    if ["lat", "lon", "datum"]
        .iter()
        .all(|column| row.text(column).is_empty())
    {
        return Some(None);
    }
    row.point().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_round_to_the_nearest() {
        for (metres_an_hour, expected) in [
            (0, 0),
            (1, 0),
            (2, 1),
            (36_000, 10_000),
            (45_000, 12_500),
            (60_000, 16_667),
        ] {
            assert_eq!(mm_s(metres_an_hour), expected);
        }
        assert_eq!(mm_s(400_000), SPEED_MOST_MM_S);
    }
}
