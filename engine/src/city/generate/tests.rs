//! What the embedded county holds, whatever its seed.

use super::super::{CityErrors, Zone};
use super::*;
use crate::capability::Capability;
use crate::kind::Agency;
use crate::place::projection::distance_dm;
use std::collections::{BTreeMap, BTreeSet};

fn count(city: &City, capability: Capability) -> usize {
    city.units
        .iter()
        .filter(|unit| unit.capabilities.contains(capability))
        .count()
}

#[test]
fn the_same_seed_is_the_same_city_and_another_is_another() {
    let bytes = |seed| generate(seed, None).unwrap().canonical_bytes().unwrap();
    assert_eq!(bytes(1), bytes(1));
    assert_ne!(bytes(1), bytes(2));
    // The embedded city must not change by accident: replays and exported journals name it by its hash.
    insta::assert_snapshot!(blake3::hash(&bytes(1)).to_hex().as_str());
}

#[test]
fn the_county_is_whole() {
    let city = generate(1, None).unwrap();
    assert!(
        (200..=240).contains(&city.units.len()),
        "{} units",
        city.units.len()
    );
    assert_eq!(
        city.districts
            .iter()
            .filter(|district| district.zone == Zone::Town)
            .count(),
        3
    );
    assert_eq!(
        city.districts
            .iter()
            .filter(|district| district.zone == Zone::Suburb)
            .count(),
        1
    );
    assert_eq!(
        city.districts
            .iter()
            .filter(|district| district.zone == Zone::Township)
            .count(),
        20
    );
    assert_eq!(city.hospitals.len(), 4);
    assert!(city.cells.len() >= 48);
    for &agency in Agency::ALL {
        assert_eq!(count(&city, Capability::desk_of(agency)), 1, "{agency}");
    }
    // A county has no aircraft of its own.
    let own = |capability: &&Capability| **capability != Capability::Aircraft;
    for &capability in Capability::ALL.iter().filter(own) {
        assert!(count(&city, capability) > 0, "nobody offers {capability}");
    }
    let rosters: BTreeSet<(u16, u16)> = city
        .units
        .iter()
        .map(|unit| (unit.roster_on_min, unit.roster_off_min))
        .collect();
    assert_eq!(rosters, [(0, 0), (480, 1200), (1200, 480)].into());
    assert!(
        city.units
            .iter()
            .all(|unit| unit.contacts.len() == 3 && unit.strength >= unit.least_strength)
    );
    // Everybody can be rung, and nobody who exists.
    let phones = city.units.iter().flat_map(|unit| &unit.phones);
    let numbers: BTreeSet<&str> = phones.clone().flatten().map(Phone::as_str).collect();
    assert_eq!(phones.count(), 3 * city.units.len());
    assert!(numbers.len() > 100 && numbers.iter().all(|number| number.starts_with("000-")));
    for name in ["P-0103", "F-01", "T-07", "M-03", "D-gas"] {
        assert!(city.unit(name).is_some(), "{name}");
    }
}

/// X10: 20 township teams of three classes, 16 specialist, rescue, medical, militia, experts.
#[test]
fn there_are_forty_teams_of_the_right_strength() {
    let city = generate(1, None).unwrap();
    let teams: Vec<_> = city
        .units
        .iter()
        .filter(|unit| {
            ["应急队", "救援队", "救护队", "专家组"]
                .iter()
                .any(|end| unit.name.as_str().ends_with(end))
        })
        .collect();
    assert_eq!(teams.len(), 40);
    let mut township: BTreeMap<u16, usize> = BTreeMap::new();
    for team in teams
        .iter()
        .filter(|team| team.capabilities.contains(Capability::TownshipTeam))
    {
        *township.entry(team.least_strength).or_default() += 1;
    }
    assert_eq!(township.values().sum::<usize>(), 20);
    assert_eq!(township.keys().copied().collect::<Vec<_>>(), [10, 15, 20]);
    let least = |capability| {
        let of = teams
            .iter()
            .filter(|team| team.capabilities.contains(capability));
        of.map(|team| team.least_strength).min().unwrap()
    };
    assert!(least(Capability::Riot) >= 50 && least(Capability::Militia) >= 50);
    assert!(least(Capability::MedicalTeam) >= 20);
}

#[test]
fn everything_stands_where_it_says() {
    for seed in 0..8 {
        let city = generate(seed, Some(3_000)).unwrap();
        for post in &city.posts {
            assert_eq!(
                city.district_at(post.point),
                Some(post.district),
                "{seed} {}",
                post.name
            );
        }
        for unit in &city.units {
            assert_eq!(
                city.district_at(unit.point),
                Some(unit.home),
                "{seed} {}",
                unit.name
            );
        }
        for point in city
            .hospitals
            .iter()
            .map(|hospital| hospital.point)
            .chain(city.cells.iter().map(|cell| cell.point))
        {
            assert!(city.district_at(point).is_some(), "{seed} {point:?}");
        }
    }
}

#[test]
fn districts_tile_the_county() {
    let city = generate(3, None).unwrap();
    let (mut inside, mut outside) = (0, 0);
    for x in -40..40 {
        for y in -30..30 {
            let point = city.projection.point(Plane {
                x_dm: x * 8_000 + 123,
                y_dm: y * 8_000 - 77,
            });
            let holders = city
                .districts
                .iter()
                .filter(|district| district.shape.contains(point))
                .count();
            assert!(holders <= 1, "{point:?} lies in {holders} districts");
            let within = x * x * 28 * 28 + y * y * 38 * 38 < 28 * 28 * 38 * 38;
            assert!(holders == 1 || !within, "{point:?} lies in a gap");
            if holders == 1 {
                inside += 1
            } else {
                outside += 1
            }
        }
    }
    assert!(inside > 3_000 && outside > 500, "{inside} {outside}");
    // A corner where three districts meet belongs to one of them.
    for district in &city.districts {
        for &corner in district.shape.rings().iter().flatten() {
            assert!(
                city.districts
                    .iter()
                    .filter(|other| other.shape.contains(corner))
                    .count()
                    <= 1
            );
        }
    }
}

#[test]
fn townships_lie_along_roads() {
    let city = generate(1, None).unwrap();
    let seat = |district: &super::super::District| {
        let post = city
            .posts
            .iter()
            .find(|post| post.district == district.id && post.agency == Agency::Police);
        city.projection.plane(post.unwrap().point)
    };
    for district in city
        .districts
        .iter()
        .filter(|district| district.zone == Zone::Township)
    {
        let others = city
            .districts
            .iter()
            .filter(|other| other.id != district.id);
        let nearest = others
            .map(|other| distance_dm(seat(district), seat(other)))
            .min()
            .unwrap();
        assert!(
            (25_000..110_000).contains(&nearest),
            "{}: {nearest} dm",
            district.name
        );
    }
}

#[test]
fn a_city_has_exactly_the_units_asked_for() {
    for units in [50, 51, 100, 219, 500, 10_000] {
        let city = generate(5, Some(units)).unwrap();
        assert_eq!(city.units.len(), units as usize);
        let names: BTreeSet<Name> = city.units.iter().map(|unit| unit.name).collect();
        assert_eq!(names.len(), units as usize);
        for &agency in Agency::ALL {
            assert_eq!(count(&city, Capability::desk_of(agency)), 1);
        }
        for capability in [
            Capability::Patrol,
            Capability::FireEngine,
            Capability::Ambulance,
        ] {
            assert!(count(&city, capability) > 0);
        }
    }
    let homes: BTreeSet<_> = generate(5, Some(10_000))
        .unwrap()
        .units
        .iter()
        .map(|unit| unit.home)
        .collect();
    assert_eq!(homes.len(), 24, "the load is spread over the county");
    assert_eq!(generate(5, Some(49)), Err(GenerateError::Units(49)));
    assert_eq!(
        generate(5, Some(200_001)),
        Err(GenerateError::Units(200_001))
    );
}

#[test]
fn the_base_does_not_change_with_the_number_of_units() {
    let (base, filled) = (
        generate(5, None).unwrap(),
        generate(5, Some(1_000)).unwrap(),
    );
    assert_eq!(base.districts, filled.districts);
    assert_eq!(base.posts, filled.posts);
    assert!(
        base.units
            .iter()
            .all(|unit| filled.unit(unit.name.as_str()) == Some(unit))
    );
}

#[test]
fn a_large_city_can_be_written_and_read() -> Result<(), CityErrors> {
    let city = generate(1, Some(5_000)).unwrap();
    let dir = tempfile::tempdir().unwrap();
    city.write(dir.path()).unwrap();
    assert_eq!(City::load(dir.path())?, city);
    Ok(())
}
