//! An example of contacts for a generated county, made of the people that its units name: the first goes as the team over
//! two channels, the duty leader commands, and both stand on the ladder behind them.
//!
//! Nothing of it leaves the machine: the channels are the unit's own device and the log. Whoever has a receiver writes `push` and
//! its address beside them.

use super::{ChannelKind, ContactRole, FILE};
use crate::city::write::{CityFile, WriteError, table};
use crate::city::{City, UnitRow, columns};

/// The rows of a unit: role, place among the unit's contacts, channels.
const ROWS: [(ContactRole, usize, &[ChannelKind]); 4] = [
    (
        ContactRole::Team,
        0,
        &[ChannelKind::Subscribe, ChannelKind::Log],
    ),
    (
        ContactRole::Commander,
        2,
        &[ChannelKind::Subscribe, ChannelKind::Log],
    ),
    (
        ContactRole::Deputy,
        1,
        &[ChannelKind::Subscribe, ChannelKind::Log],
    ),
    (ContactRole::DutyLeader, 2, &[ChannelKind::Log]),
];

/// The file `contacts.csv` for this city.
pub fn example(city: &City) -> Result<CityFile, WriteError> {
    let names: Vec<&str> = columns::CONTACTS
        .columns
        .iter()
        .map(|column| column.name)
        .collect();
    let centre = row(
        "",
        ContactRole::DutyLeader,
        "指挥中心值班长",
        ChannelKind::Log,
    );
    let rows = city.units.iter().flat_map(rows_of).chain([centre]);
    Ok((FILE, table(FILE, &names, rows)?))
}

fn rows_of(unit: &UnitRow) -> Vec<Vec<String>> {
    let of_role = |&(role, place, channels): &(ContactRole, usize, &'static [ChannelKind])| {
        // Whoever has no deputy or leader of their own is told all the same.
        let person = unit.contacts.get(place).or(unit.contacts.last())?;
        let rows = channels.iter();
        let rows = rows.map(|&channel| row(unit.name.as_str(), role, person.as_str(), channel));
        Some(rows.collect::<Vec<_>>())
    };
    ROWS.iter().filter_map(of_role).flatten().collect()
}

fn row(unit: &str, role: ContactRole, name: &str, channel: ChannelKind) -> Vec<String> {
    let said = |column: &str| match column {
        "unit" => unit.to_owned(),
        "role" => role.to_string(),
        "name" => name.to_owned(),
        "channel" => channel.to_string(),
        _ => String::new(),
    };
    let columns = columns::CONTACTS.columns.iter();
    columns.map(|column| said(column.name)).collect()
}
