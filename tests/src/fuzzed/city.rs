//! A city's folder of tables, and a city's one document.

use super::scratch;
use engine::city::City;
use std::path::Path;

/// A small city, in the files of its folder.
pub const FILES: [(&str, &str); 7] = [
    (
        "city.toml",
        "name = \"小城\"\ncentre = 7\nreference = { lat = 28.85, lon = 120.73, datum = \"wgs84\" }\n",
    ),
    (
        "districts.csv",
        "id,name,zone,parent,lines\n10,全县,township,,\n11,东镇,town,10,119;110\n12,西乡,township,10,\n",
    ),
    (
        "polygons.csv",
        "district,ring,lat,lon,datum\n\
         11,0,28.8,120.7,wgs84\n11,0,28.8,120.8,wgs84\n11,0,28.9,120.8,wgs84\n11,0,28.9,120.7,wgs84\n\
         12,0,28.8,120.6,wgs84\n12,0,28.8,120.7,wgs84\n12,0,28.9,120.7,wgs84\n12,0,28.9,120.6,wgs84\n",
    ),
    (
        "posts.csv",
        "name,agency,lat,lon,datum,district\n东所,police,28.85,120.75,wgs84,11\n西站,medical,28.85,120.65,wgs84,\n",
    ),
    (
        "units.csv",
        "name,agency,capabilities,post,home,speed_kmh,turnout_s,strength,least_strength,on,off,capacity,primary,deputy,leader\n\
         P-1,police,patrol;riot,东所,,45,30,3,1,20:00,08:00,,王五,,赵六\n\
         P-2,police,patrol,东所,11,40.5,0,,,,,1,,,\n\
         A-1,medical,ambulance;advanced_care,西站,,60,45,3,1,,,,,,\n\
         A-2,medical,ambulance,西站,,55,60,2,2,,,,,,\n\
         F-1,fire,fire_engine;rescue,东所,,50,60,6,3,,,,,,\n\
         D-1,police,desk_police,东所,,0,0,2,0,00:00,24:00,3,,,\n\
         D-2,medical,desk_medical,东所,,0,0,1,0,,,2,,,\n",
    ),
    (
        "hospitals.csv",
        "name,lat,lon,datum,capabilities,beds\n县医院,28.85,120.71,wgs84,trauma;emergency,30\n",
    ),
    (
        "cells.csv",
        "cell,lat,lon,datum,radius_m\n460-00-1-2,28.85,120.71,wgs84,500\n460-00-1-1,28.86,120.71,wgs84,900\n",
    ),
];

/// What begins the bytes of one file in an input; a name and a line's end follow.
const FILE_MARK: &[u8] = b"\n== ";

/// The small city.
///
/// # Panics
/// When it is none, which its own target's corpus would show first.
pub fn small() -> City {
    let folder = scratch::folder();
    write(folder.path(), b"");
    City::load(folder.path()).expect("the small city")
}

/// Tables are a city or their mistakes are named; a city of tables is written and read again as the same. The input holds
/// files (`== units.csv`, then its bytes); those it does not name are the small city's, one that is empty is missing.
pub fn sheets(data: &[u8]) {
    let folder = scratch::folder();
    write(folder.path(), data);
    match City::check(folder.path()).city {
        Ok(city) => check_city(&city),
        Err(errors) => {
            let mistakes = &errors.mistakes;
            assert!(!mistakes.is_empty(), "refused without a mistake");
            let known = |file: &str| FILES.iter().any(|(name, _)| *name == file);
            assert!(
                mistakes.iter().all(|mistake| known(&mistake.file)),
                "where? {errors}"
            );
        }
    }
}

/// A document is a city in its one form, or refused.
pub fn document(data: &[u8]) {
    match City::from_canonical(data) {
        Ok(city) => {
            assert_eq!(city.canonical_bytes().ok().as_deref(), Some(data));
            check_city(&city);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn write(folder: &Path, data: &[u8]) {
    for (name, content) in FILES {
        let given = content_of(data, name).unwrap_or(content.as_bytes());
        if !given.is_empty() {
            std::fs::write(folder.join(name), given).expect("a file in memory");
        }
    }
}

fn content_of<'a>(data: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mark = [FILE_MARK, name.as_bytes(), b"\n"].concat();
    let start = data.windows(mark.len()).position(|at| at == mark)? + mark.len();
    let rest = &data[start..];
    let end = rest.windows(FILE_MARK.len()).position(|at| at == FILE_MARK);
    Some(&rest[..end.unwrap_or(rest.len())])
}

fn check_city(city: &City) {
    let bytes = city.canonical_bytes().expect("a city has a document");
    let again = City::from_canonical(&bytes).expect("its own document");
    assert_eq!(&again, city);
    for unit in &city.units {
        assert_eq!(city.unit(unit.name.as_str()), Some(unit));
        city.district_at(unit.point);
    }
    for cell in &city.cells {
        assert_eq!(city.cell(cell.cell.as_str()), Some(cell));
    }
    let folder = scratch::folder();
    city.write(folder.path()).expect("files in memory");
    match City::load(folder.path()) {
        Ok(read) => assert_eq!(read.canonical_bytes().ok(), Some(bytes), "another city"),
        Err(errors) => panic!("a city whose files are refused: {errors}"),
    }
}
