//! Every kind of mistake, each by the message a person gets: `check` takes one edit of a good folder.

use super::super::mistake::MISTAKES_MAX;
use super::*;
use crate::capability::Capability;
use crate::name::Name;
use crate::place::datum::{Datum, from_wgs84};
use crate::place::{DistrictId, Point};

const TOML: &str =
    "name = \"小城\"\ncentre = 7\nreference = { lat = 28.85, lon = 120.73, datum = \"wgs84\" }\n";
const DISTRICTS: &str = "id,name,zone,parent,lines\n10,全县,township,,\n11,东镇,town,10,119;110\n12,西乡,township,10,\n";
const POLYGONS: &str = "district,ring,lat,lon,datum\n\
    11,0,28.8,120.7,wgs84\n11,0,28.8,120.8,wgs84\n11,0,28.9,120.8,wgs84\n11,0,28.9,120.7,wgs84\n\
    12,0,28.8,120.6,wgs84\n12,0,28.8,120.7,wgs84\n12,0,28.9,120.7,wgs84\n12,0,28.9,120.6,wgs84\n";
const POSTS: &str = "name,agency,lat,lon,datum,district\n东所,police,28.85,120.75,wgs84,11\n西所,police,28.85,120.65,wgs84,\n";
const UNITS: &str = "name,agency,capabilities,post,home,speed_kmh,turnout_s,strength,least_strength,on,off,capacity,primary,deputy,leader,primary_phone,deputy_phone,leader_phone\n\
    P-1,police,patrol;riot,东所,,45,30,3,1,20:00,08:00,,王五,,赵六,,,000-0000-0006\n\
    P-2,police,patrol,西所,11,40.5,0,,,,,1,,,,,,\n\
    D-1,police,desk_police,东所,,0,0,2,0,00:00,24:00,,,,,,,\n";
const HOSPITALS: &str =
    "name,lat,lon,datum,capabilities,beds\n县医院,28.85,120.71,wgs84,trauma;emergency,30\n";
const CELLS: &str = "cell,lat,lon,datum,radius_m\n460-00-1-2,28.85,120.71,wgs84,500\n460-00-1-1,28.86,120.71,wgs84,900\n";

const FILES: [(&str, &str); 7] = [
    ("city.toml", TOML),
    ("districts.csv", DISTRICTS),
    ("polygons.csv", POLYGONS),
    ("posts.csv", POSTS),
    ("units.csv", UNITS),
    ("hospitals.csv", HOSPITALS),
    ("cells.csv", CELLS),
];

/// A good folder, with the bytes of one file replaced; `None` takes it away.
fn folder(file: &str, bytes: Option<&[u8]>) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in FILES {
        let content = if name == file {
            bytes
        } else {
            Some(text.as_bytes())
        };
        if let Some(content) = content {
            std::fs::write(dir.path().join(name), content).unwrap();
        }
    }
    dir
}

fn good() -> City {
    City::load(folder("", None).path()).unwrap()
}

fn messages(file: &str, bytes: &[u8]) -> Vec<String> {
    let errors = City::load(folder(file, Some(bytes)).path()).unwrap_err();
    errors.mistakes.iter().map(Mistake::to_string).collect()
}

/// The edit of one file, and the one message it gives.
#[track_caller]
fn check(file: &str, from: &str, to: &str, message: &str) {
    let (_, text) = FILES.iter().find(|(name, _)| *name == file).unwrap();
    assert!(text.contains(from), "the edit changes nothing");
    let edited = text.replacen(from, to, 1);
    assert_eq!(messages(file, edited.as_bytes()), [message]);
}

/// X11 (contacts in order), X12 (rosters), N4 (cells).
#[test]
fn a_good_folder_is_understood() {
    let city = good();
    assert_eq!(
        (
            city.name.as_str(),
            city.centre.0,
            city.utc_offset_min,
            city.desk_limit
        ),
        ("小城", 7, 480, 64)
    );
    assert_eq!(
        city.reference(),
        Point {
            lat_e7: 288_500_000,
            lon_e7: 1_207_300_000
        }
    );
    assert_eq!(
        city.districts.get(DistrictId(11)).unwrap().lines,
        [110, 119]
    );
    assert_eq!(
        city.post("西所").unwrap().district,
        DistrictId(12),
        "found by its position"
    );
    let (first, second, desk) = (
        city.unit("P-1").unwrap(),
        city.unit("P-2").unwrap(),
        city.unit("D-1").unwrap(),
    );
    assert_eq!(
        (first.home, first.point),
        (DistrictId(11), city.post("东所").unwrap().point)
    );
    assert_eq!(
        (first.speed_mm_s, first.turnout_ms, first.capacity),
        (12_500, 30_000, 1)
    );
    assert_eq!((first.roster_on_min, first.roster_off_min), (1_200, 480));
    assert_eq!(
        first.contacts.iter().map(Name::as_str).collect::<Vec<_>>(),
        ["王五", "赵六"]
    );
    let phones = first
        .phones
        .iter()
        .map(|phone| phone.map(|phone| phone.as_str().to_owned()));
    assert_eq!(
        phones.collect::<Vec<_>>(),
        [None, Some("000-0000-0006".into())]
    );
    assert!(second.phones.is_empty());
    assert_eq!(
        (second.home, second.speed_mm_s, second.strength),
        (DistrictId(11), 11_250, 1)
    );
    assert_eq!(
        (desk.capacity, desk.speed_mm_s, desk.roster_off_min),
        (64, 0, 0)
    );
    assert!(desk.capabilities.contains(Capability::DeskPolice));
    assert_eq!(city.cell("460-00-1-1").unwrap().radius_m, 900);
    assert_eq!(
        city.district_at(Point {
            lat_e7: 288_500_000,
            lon_e7: 1_200_000_000
        }),
        None
    );
}

#[test]
fn a_mark_at_the_beginning_crlf_quotes_notes_and_other_datums_are_taken() {
    let (lat, lon) = from_wgs84(good().post("西所").unwrap().point, Datum::Gcj02);
    let posts = format!(
        "\u{feff}name,agency,note,lat,lon,datum\r\n\"东所\",police,\"a,b\",28.85,120.75,wgs84\r\n\r\n\
                 西所, police ,,{lat},{lon},gcj02\r\n"
    );
    let city = City::load(folder("posts.csv", Some(posts.as_bytes())).path()).unwrap();
    assert_eq!(city.post("东所").unwrap().district, DistrictId(11));
    let west = city.projection.plane(city.post("西所").unwrap().point);
    let expected = city.projection.plane(good().post("西所").unwrap().point);
    assert!(crate::place::projection::distance_dm(west, expected) < 2);
    assert!(
        City::load(folder("cells.csv", None).path())
            .unwrap()
            .cells
            .is_empty()
    );
}

#[test]
fn the_order_of_rows_makes_no_other_city() {
    let mut rows: Vec<&str> = UNITS.lines().collect();
    rows[1..].reverse();
    let city = City::load(folder("units.csv", Some(rows.join("\n").as_bytes())).path()).unwrap();
    assert_eq!(city, good());
}

#[test]
fn missing_files_are_named() {
    for (file, _) in FILES.iter().filter(|(file, _)| *file != "cells.csv") {
        let errors = City::load(folder(file, None).path()).unwrap_err();
        assert_eq!(errors.mistakes.len(), 1, "{errors}");
        assert!(
            errors
                .to_string()
                .starts_with(&format!("{file}: it cannot be read (")),
            "{errors}"
        );
    }
    let errors = City::load(std::path::Path::new("/nonexistent")).unwrap_err();
    assert_eq!(errors.mistakes.len(), 6, "{errors}");
}

#[test]
fn columns_are_checked() {
    assert_eq!(
        messages("posts.csv", b""),
        [
            "posts.csv: it has no header, or one too wide; its first line names the columns name,agency,lat,lon,datum"
        ]
    );
    let wide = vec!["note"; 65].join(",");
    assert_eq!(messages("posts.csv", wide.as_bytes()).len(), 1);
    assert_eq!(
        messages("posts.csv", "name,lat,lon,datum\n".as_bytes()),
        [
            "posts.csv:1: agency: the column is missing; its first line names the columns name,agency,lat,lon,datum"
        ]
    );
    check(
        "posts.csv",
        "district",
        "distrct",
        "posts.csv:1: there is no column `distrct`; the columns are name, agency, lat, lon, datum, district and note",
    );
    check(
        "posts.csv",
        "district",
        "lat",
        "posts.csv:1: the column `lat` is there twice; keep one of them",
    );
}

#[test]
fn a_row_that_is_too_wide_or_too_narrow_is_named() {
    let right = "give every column of the header a field; quote fields that hold a comma";
    let cases = [(",11\n", ",11,x\n", 7), (",wgs84,11\n", ",11\n", 5)];
    for (from, to, fields) in cases {
        check(
            "posts.csv",
            from,
            to,
            &format!("posts.csv:2: the row has {fields} fields, the header 6; {right}"),
        );
    }
}

#[test]
fn what_is_not_utf8_is_named() {
    // 东所 in GBK, as Chinese spreadsheets save it.
    let mut bytes = b"name,agency,lat,lon,datum\n".to_vec();
    bytes.extend_from_slice(b"\xb6\xab\xcb\xf9,police,28.85,120.75,wgs84\n");
    assert_eq!(
        messages("posts.csv", &bytes),
        ["posts.csv:2: name: the field is not UTF-8; save the file as UTF-8"]
    );
    assert_eq!(
        messages("city.toml", b"name = \"\xb6\xab\""),
        ["city.toml: it is not UTF-8; save the file as UTF-8"]
    );
    assert!(
        messages("posts.csv", b"name,\xb6\xab\n")[0]
            .contains("posts.csv:1: the header is not UTF-8")
    );
}

/// N5: the datum is mandatory, a position is on the globe.
#[test]
fn what_does_not_exist_is_named() {
    check(
        "units.csv",
        "东所",
        "北所",
        "units.csv:2: post: there is no post `北所`; write a name of posts.csv, or nothing and a position",
    );
    check(
        "units.csv",
        "西所,11",
        "西所,13",
        "units.csv:3: home: there is no district 13; write a number of districts.csv, or nothing",
    );
    check(
        "units.csv",
        "东所",
        "",
        "units.csv:2: post: the unit has neither a post nor a position; name its post, or fill lat, lon and datum",
    );
    check(
        "posts.csv",
        ",11",
        ",99",
        "posts.csv:2: district: there is no district 99; write a number of districts.csv, or nothing",
    );
    check(
        "posts.csv",
        "120.65",
        "120.95",
        "posts.csv:3: district: it lies outside every district; write the district it belongs to, or correct its position",
    );
    check(
        "districts.csv",
        "town,10",
        "town,77",
        "districts.csv:3: parent: there is no district 77; write the number of another row, or nothing",
    );
    check(
        "polygons.csv",
        "\n11,0,28.8,120.7,",
        "\n15,0,28.8,120.7,",
        "polygons.csv:2: district: there is no district 15; write a number of districts.csv",
    );
}

#[test]
fn repeats_are_named_with_the_first() {
    check(
        "units.csv",
        "P-2",
        "P-1",
        "units.csv:3: name: `P-1` is in line 2 already; give each its own name",
    );
    check(
        "posts.csv",
        "西所",
        "东所",
        "posts.csv:3: name: `东所` is in line 2 already; give each its own name",
    );
    check(
        "cells.csv",
        "1-1",
        "1-2",
        "cells.csv:3: cell: `460-00-1-2` is in line 2 already; give each its own name",
    );
    check(
        "districts.csv",
        "西乡",
        "东镇",
        "districts.csv:4: name: `东镇` is in line 3 already; give each district its own name",
    );
    check(
        "districts.csv",
        "12,西乡",
        "11,西乡",
        "districts.csv:4: id: 11 is in line 3 already; give each district its own number",
    );
    let twice = format!("{HOSPITALS}县医院,28.85,120.71,wgs84,,30\n");
    assert_eq!(
        messages("hospitals.csv", twice.as_bytes()),
        ["hospitals.csv:3: name: `县医院` is in line 2 already; give each its own name"]
    );
}

/// X12: a roster says both its ends or neither.
#[test]
fn grounds_are_checked() {
    let right = "list its corners in order around it";
    let two = "11,0,28.8,120.7,wgs84\n11,0,28.8,120.8,wgs84\n";
    let rest = &POLYGONS[POLYGONS.find("12,").unwrap()..];
    let header = "district,ring,lat,lon,datum\n";
    assert_eq!(
        messages("polygons.csv", format!("{header}{two}{rest}").as_bytes())[0],
        format!(
            "polygons.csv:2: ring: a ring has 2 different corners; it takes at least 3; {right}"
        )
    );
    assert_eq!(
        messages("polygons.csv", format!("{header}{rest}").as_bytes()),
        [
            "districts.csv:3: id: the district 11 has no ground; give it three corners or more in polygons.csv"
        ]
    );
    let flat = format!("{header}{two}11,0,28.8,120.9,wgs84\n{rest}");
    assert_eq!(
        messages("polygons.csv", flat.as_bytes())[0],
        format!(
            "polygons.csv:2: ring: a ring encloses nothing; its corners lie on one line; {right}"
        )
    );
    let none = messages("districts.csv", b"id,name,zone\n");
    assert_eq!(
        none[0],
        "districts.csv: it has no district; give the served area at least one"
    );
    let circle = DISTRICTS
        .replace("township,,", "township,11,")
        .replace("12,西乡,township,10", "12,西乡,township,");
    let messages = messages("districts.csv", circle.as_bytes());
    assert_eq!(messages.len(), 2);
    assert_eq!(
        messages[0],
        "districts.csv:2: parent: its parents run in a circle, or over 16 tiers; let the topmost district have no parent"
    );
}

#[test]
fn all_mistakes_of_all_files_come_at_once_up_to_a_bound() {
    let dir = folder("city.toml", Some(b"centre = 1"));
    std::fs::write(dir.path().join("posts.csv"), POSTS.replace("police", "x")).unwrap();
    std::fs::write(
        dir.path().join("units.csv"),
        UNITS.replace(",45,30,", ",fast,soon,"),
    )
    .unwrap();
    let errors = City::load(dir.path()).unwrap_err();
    let fields: Vec<_> = errors
        .mistakes
        .iter()
        .map(|m| (m.file.as_str(), m.field.as_deref().unwrap()))
        .collect();
    assert_eq!(
        fields,
        [
            ("city.toml", "name"),
            ("city.toml", "reference"),
            ("posts.csv", "agency"),
            ("posts.csv", "agency"),
            ("units.csv", "speed_kmh"),
            ("units.csv", "turnout_s"),
        ]
    );
    let header = POSTS.lines().next().unwrap();
    let many = format!("{header}\n{}", "a,b,c,d,e,f\n".repeat(1_000));
    let errors = City::load(folder("posts.csv", Some(many.as_bytes())).path()).unwrap_err();
    assert_eq!(
        (errors.mistakes.len(), errors.unlisted),
        (MISTAKES_MAX, 5_000 - MISTAKES_MAX)
    );
}

/// X10: a team below its least strength is allowed, and said.
#[test]
fn what_is_odd_is_a_warning() {
    let weak = UNITS.replace(",3,1,", ",3,9,");
    let checked = City::check(folder("units.csv", Some(weak.as_bytes())).path());
    assert!(checked.city.is_ok());
    assert_eq!(
        checked
            .warnings
            .iter()
            .map(Mistake::to_string)
            .collect::<Vec<_>>(),
        [
            "units.csv:2: least_strength: 9 is more than the strength of 3; the unit is never sent until its strength is raised"
        ]
    );
    let elsewhere = POSTS.replace(",11", ",12");
    let checked = City::check(folder("posts.csv", Some(elsewhere.as_bytes())).path());
    assert_eq!(
        checked.city.unwrap().post("东所").unwrap().district,
        DistrictId(12)
    );
    assert_eq!(
        checked
            .warnings
            .iter()
            .map(Mistake::to_string)
            .collect::<Vec<_>>(),
        [
            "posts.csv:2: district: it is said to be in 12 and lies in 11; correct whichever is wrong; the district said counts"
        ]
    );
}

#[test]
fn sizes_are_bounded() {
    let dir = folder("", None);
    let large = std::fs::File::create(dir.path().join("units.csv")).unwrap();
    large.set_len((64 << 20) + 1).unwrap();
    let errors = City::load(dir.path()).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "units.csv: it is larger than 67108864 bytes; split the city, or drop rows; at most 67108864 bytes are read"
    );
    let unclosed = POSTS.replace("西所", &format!("\"{}", "x".repeat(5_000)));
    let message = &messages("posts.csv", unclosed.as_bytes())[0];
    assert!(
        message.starts_with("posts.csv:3: the row has 1 fields"),
        "{message}"
    );
    let long = POSTS.replace("西所", &"x".repeat(5_000));
    assert_eq!(
        messages("posts.csv", long.as_bytes())[0],
        "posts.csv:3: name: the field has 5000 bytes; at most 4096 are read; perhaps a quote is not closed"
    );
}

mod fields;

mod hostile {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        /// Whatever stands in a file: an answer, never a panic.
        #[test]
        fn no_bytes_break_the_reader(file in 0usize..7, bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            City::check(folder(FILES[file].0, Some(&bytes)).path());
        }

        /// A good file with one byte changed is a city, and then a sound one, or a list of mistakes.
        #[test]
        fn one_wrong_byte_never_makes_an_unsound_city(file in 0usize..7, place in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let (name, text) = FILES[file];
            let mut bytes = text.as_bytes().to_vec();
            let place = place.index(bytes.len());
            bytes[place] = byte;
            match City::load(folder(name, Some(&bytes)).path()) {
                Ok(city) => prop_assert!(city.verify().is_ok()),
                Err(errors) => prop_assert!(!errors.mistakes.is_empty()),
            }
        }
    }
}
