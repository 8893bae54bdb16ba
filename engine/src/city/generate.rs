//! The embedded city: an invented county much like Xianju, from a seed, the same on every machine.
//!
//! A county town in a valley, twenty townships strung along the roads that meet in it (`layout`), the posts, units
//! and desks of fifteen agencies (`forces`) and the forty teams of X10 (`teams`). Names of places are invented;
//! so are the people. With a number of units the same county is filled up to exactly that many, for load.

mod crews;
mod forces;
mod layout;
pub mod random;
pub mod roads;
mod teams;

use super::{
    Cell, City, DESK_LIMIT_DEFAULT, Hospital, HospitalCapability, Phone, UNITS_MAX,
    UTC_OFFSET_DEFAULT_MIN, UnitRow,
};
use crate::id::CentreId;
use crate::name::Name;
use crate::place::Point;
use crate::place::projection::{Plane, Projection};
use forces::Forces;
use layout::{Layout, PLACES};
use random::Random;
use std::collections::BTreeMap;

/// The fewest units that can be asked for: below it not every agency has a desk and every town a patrol.
pub const UNITS_LEAST: u32 = 50;
/// Where the county town lies.
const REFERENCE: Point = Point {
    lat_e7: 288_500_000,
    lon_e7: 1_207_300_000,
};

/// Why no city was generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenerateError {
    /// Too few or too many units.
    #[error("a city of {0} units cannot be generated; ask for {UNITS_LEAST} to {UNITS_MAX}")]
    Units(u32),
    /// The generator's own tables are wrong: a defect here, not of the caller.
    #[error("the generator made a wrong {0}; report this with the seed")]
    Defect(&'static str),
}

/// The city of a seed; `units` asks for exactly so many units instead of about 220.
pub fn generate(seed: u64, units: Option<u32>) -> Result<City, GenerateError> {
    if let Some(units) = units
        && !(UNITS_LEAST as usize..=UNITS_MAX).contains(&(units as usize))
    {
        return Err(GenerateError::Units(units));
    }
    let projection = Projection::new(REFERENCE);
    let layout = Layout::new(&projection, &mut Random::new(seed, "layout"));
    let mut forces = Forces::new(&layout, &projection, Random::new(seed, "forces"));
    forces.desks()?;
    forces.vehicles()?;
    forces.crews()?;
    forces.teams()?;
    if let Some(units) = units {
        forces.fill(units as usize, &mut Random::new(seed, "fill"))?;
    }
    let mut city = City {
        name: name("仙溪县")?,
        centre: CentreId(1),
        projection,
        utc_offset_min: UTC_OFFSET_DEFAULT_MIN,
        desk_limit: DESK_LIMIT_DEFAULT,
        seed: Some(seed),
        districts: layout.districts()?,
        posts: forces.posts,
        units: forces.units,
        hospitals: hospitals(&projection)?,
        cells: cells(&layout, &projection, &mut Random::new(seed, "cells"))?,
    };
    number(&mut city.units)?;
    city.sort();
    city.verify().map_err(|_| GenerateError::Defect("city"))?;
    Ok(city)
}

/// A telephone number for everybody, in the order they come. No number anywhere begins with 000, so nobody can be rung by
/// mistake.
fn number(units: &mut [UnitRow]) -> Result<(), GenerateError> {
    let mut numbers: BTreeMap<Name, usize> = BTreeMap::new();
    for unit in units {
        let phones = unit.contacts.iter().map(|&person| {
            let next = numbers.len() + 1;
            let number = *numbers.entry(person).or_insert(next);
            let phone = Phone::new(&format!(
                "000-{:04}-{:04}",
                number / 10_000,
                number % 10_000
            ));
            phone.map(Some).ok_or(GenerateError::Defect("number"))
        });
        unit.phones = phones.collect::<Result<_, _>>()?;
    }
    Ok(())
}

/// A name of our own tables, which are short enough.
fn name(text: &str) -> Result<Name, GenerateError> {
    Name::new(text).map_err(|_| GenerateError::Defect("name"))
}

/// The four hospitals: place in decimetres from the town, capabilities, beds.
fn hospitals(projection: &Projection) -> Result<Vec<Hospital>, GenerateError> {
    use HospitalCapability::*;
    const HOSPITALS: [(&str, i32, i32, &[HospitalCapability], u32); 4] = [
        (
            "县人民医院",
            4_000,
            6_000,
            &[
                Emergency,
                Trauma,
                ChestPain,
                Stroke,
                Burns,
                Poisoning,
                Decontamination,
                IntensiveCare,
            ],
            120,
        ),
        (
            "县中医院",
            -12_000,
            -3_000,
            &[Emergency, Trauma, Stroke],
            60,
        ),
        (
            "县妇幼保健院",
            11_000,
            -6_000,
            &[Emergency, Obstetric, Children],
            50,
        ),
        (
            "县第二人民医院",
            38_000,
            9_000,
            &[Emergency, Infectious, Poisoning, Psychiatric],
            40,
        ),
    ];
    HOSPITALS
        .iter()
        .map(|&(text, x_dm, y_dm, capabilities, beds)| {
            let point = projection.point(Plane { x_dm, y_dm });
            Ok(Hospital {
                name: name(text)?,
                point,
                capabilities: capabilities.to_vec(),
                beds,
            })
        })
        .collect()
}

/// Three cells around the seat of each town district, two of each other.
fn cells(
    layout: &Layout,
    projection: &Projection,
    random: &mut Random,
) -> Result<Vec<Cell>, GenerateError> {
    let mut cells = Vec::new();
    for (place, seat) in PLACES.iter().zip(&layout.seats) {
        let town = place.class == 0;
        let (count, spread_dm, radius_m) = if town {
            (3, 8_000, 500)
        } else {
            (2, 15_000, 2_000)
        };
        for mast in 0..count {
            let x_dm = seat.x_dm + random.between(-spread_dm, spread_dm);
            let y_dm = seat.y_dm + random.between(-spread_dm, spread_dm);
            let point = projection.point(Plane { x_dm, y_dm });
            let cell = name(&format!(
                "460-00-{}-{}",
                4000 + place.number,
                100 * place.number + mast
            ))?;
            cells.push(Cell {
                cell,
                point,
                radius_m,
            });
        }
    }
    Ok(cells)
}

#[cfg(test)]
mod tests;
