//! Mistakes within one field or one row.

use super::*;

#[test]
fn positions_are_checked() {
    let (near, far) = (
        "write degrees from -90 to 90",
        "write degrees from -180 to 180",
    );
    for (text, message) in [
        (
            "NaN",
            format!("posts.csv:2: lat: it is not a finite number; {near}"),
        ),
        (
            "inf",
            format!("posts.csv:2: lat: it is not a finite number; {near}"),
        ),
        (
            "90.01",
            format!("posts.csv:2: lat: 90.01 is out of range; {near}"),
        ),
        (
            "",
            String::from(
                "posts.csv:2: lat: `` is not a number; write decimal degrees, as in 28.8512",
            ),
        ),
        (
            "28°51'",
            String::from(
                "posts.csv:2: lat: `28°51\\'` is not a number; write decimal degrees, as in 28.8512",
            ),
        ),
    ] {
        check("posts.csv", "28.85", text, &message);
    }
    check(
        "posts.csv",
        "120.75",
        "-1e300",
        &format!(
            "posts.csv:2: lon: -{}{} is out of range; {far}",
            1,
            "0".repeat(300)
        ),
    );
    check(
        "posts.csv",
        "wgs84",
        "",
        "posts.csv:2: datum: `` is unknown; write one of wgs84, gcj02, bd09",
    );
    check(
        "hospitals.csv",
        "wgs84",
        "GPS",
        "hospitals.csv:2: datum: `GPS` is unknown; write one of wgs84, gcj02, bd09",
    );
    check(
        "cells.csv",
        "28.85",
        "nan",
        &format!("cells.csv:2: lat: it is not a finite number; {near}"),
    );
}

#[test]
fn unknown_words_are_named_with_the_known_ones() {
    let agencies = "police, fire, traffic, medical, forestry, environment, gas, power, water, urban, flood_control, \
                    geology, health, quality, government";
    check(
        "posts.csv",
        "police",
        "polise",
        &format!("posts.csv:2: agency: `polise` is unknown; write one of {agencies}"),
    );
    check(
        "units.csv",
        "police",
        "",
        &format!("units.csv:2: agency: `` is unknown; write one of {agencies}"),
    );
    check(
        "districts.csv",
        "town,",
        "city,",
        "districts.csv:3: zone: `city` is unknown; write one of town, suburb, township",
    );
    let message = &messages("units.csv", UNITS.replace("riot", "riots").as_bytes())[0];
    assert!(
        message
            .starts_with("units.csv:2: capabilities: `riots` is unknown; write some of patrol, "),
        "{message}"
    );
    let message = &messages("hospitals.csv", HOSPITALS.replace("trauma", "x").as_bytes())[0];
    assert!(
        message.starts_with(
            "hospitals.csv:2: capabilities: `x` is unknown; write some of emergency, "
        ),
        "{message}"
    );
}

#[test]
fn names_are_checked() {
    let right = "write 1 to 48 bytes of plain text";
    let long = "东".repeat(17);
    check(
        "units.csv",
        "P-1",
        &long,
        &format!(
            "units.csv:2: name: a name has 51 bytes; at most 48 fit (16 Chinese characters); {right}"
        ),
    );
    check(
        "units.csv",
        "P-1",
        "",
        &format!("units.csv:2: name: a name is empty; {right}"),
    );
    check(
        "units.csv",
        "P-1",
        "P\u{7}1",
        &format!("units.csv:2: name: a name holds a control character; {right}"),
    );
    check(
        "units.csv",
        "王五",
        &long,
        &format!(
            "units.csv:2: primary: a name has 51 bytes; at most 48 fit (16 Chinese characters); {right}"
        ),
    );
}

#[test]
fn numbers_are_checked() {
    let small = "write a whole number from 0 to 65535";
    check(
        "units.csv",
        ",3,1,",
        ",-3,1,",
        &format!("units.csv:2: strength: `-3` is not a number that fits here; {small}"),
    );
    check(
        "units.csv",
        ",3,1,",
        ",3,70000,",
        &format!("units.csv:2: least_strength: `70000` is not a number that fits here; {small}"),
    );
    let speed = "write a number from 0 to 400, at most three decimals";
    for text in ["NaN", "400.001", "", "4e1", "-45"] {
        let message =
            format!("units.csv:2: speed_kmh: `{text}` is not a number that fits here; {speed}");
        check("units.csv", ",45,", &format!(",{text},"), &message);
    }
    check(
        "units.csv",
        ",30,",
        ",86401,",
        "units.csv:2: turnout_s: `86401` is not a number that fits here; write a number from 0 to 86400, at most three decimals",
    );
    check(
        "districts.csv",
        "12,",
        "0,",
        "districts.csv:4: id: `0` is not a number that fits here; write a whole number from 1 to 4294967295",
    );
    check(
        "districts.csv",
        "119;110",
        "119;x",
        "districts.csv:3: lines: these are not service lines; write at most 16 numbers parted by semicolons, as in 110;119",
    );
    check(
        "cells.csv",
        "500",
        "0",
        "cells.csv:2: radius_m: `0` is not a number that fits here; write a whole number from 1 to 200000",
    );
    check(
        "hospitals.csv",
        ",30",
        ",many",
        "hospitals.csv:2: beds: `many` is not a number that fits here; write a whole number from 0 to 100000",
    );
}

#[test]
fn desks_do_not_travel_and_vehicles_do() {
    check(
        "units.csv",
        "所,,0,0",
        "所,,5,0",
        "units.csv:4: speed_kmh: a desk does not travel; write 0, or give it the capabilities of a vehicle",
    );
    check(
        "units.csv",
        ",45,",
        ",0,",
        "units.csv:2: speed_kmh: only a desk has the speed 0; write how fast it travels, as in 45",
    );
    check(
        "units.csv",
        "patrol;riot",
        "patrol;desk_police",
        "units.csv:2: capabilities: a desk capability stands beside others; give the desk a row of its own: it never travels, the others do",
    );
    check(
        "units.csv",
        "patrol;riot",
        " ; ",
        "units.csv:2: capabilities: a unit that can do nothing is never ordered; name one capability or more",
    );
    check(
        "units.csv",
        ",1,,,,,,\n",
        ",2,,,,,,\n",
        "units.csv:3: capacity: `2` is not a number that fits here; write a whole number from 1 to 1",
    );
    check(
        "units.csv",
        "24:00,,",
        "24:00,65,",
        "units.csv:4: capacity: `65` is not a number that fits here; write a whole number from 1 to 64",
    );
    // A capability of another agency is nothing odd (X10: teams mix).
    let mixed = UNITS.replace("patrol;riot", "patrol;boat");
    let checked = City::check(folder("units.csv", Some(mixed.as_bytes())).path());
    assert!(checked.city.is_ok() && checked.warnings.is_empty());
}

#[test]
fn rosters_are_checked() {
    let both = "write both, or neither for round the clock";
    check(
        "units.csv",
        "20:00,08:00",
        "20:00,",
        &format!("units.csv:2: off: the roster has a beginning and no end; {both}"),
    );
    check(
        "units.csv",
        "20:00,08:00",
        ",08:00",
        &format!("units.csv:2: on: the roster has an end and no beginning; {both}"),
    );
    check(
        "units.csv",
        "20:00",
        "24:00",
        "units.csv:2: on: a duty does not begin at 24:00; write 00:00",
    );
    for text in [
        "24:01", "8:00", "08:60", "0800", "+8:00", "08:00:00", "99:99",
    ] {
        let message = format!(
            "units.csv:2: off: `{text}` is not a time of day; write HH:MM from 00:00 to 24:00"
        );
        check("units.csv", "08:00", text, &message);
    }
}

#[test]
fn settings_are_checked() {
    check(
        "city.toml",
        "centre = 7",
        "centre = 70000",
        "city.toml: centre: it is missing or no number that fits; write a whole number from 0 to 65535",
    );
    check(
        "city.toml",
        "centre = 7\n",
        "",
        "city.toml: centre: it is missing or no number that fits; write a whole number from 0 to 65535",
    );
    check(
        "city.toml",
        "centre = 7",
        "centre = 7\nutc_offset_min = 900",
        "city.toml: utc_offset_min: it is missing or no number that fits; write a whole number from -840 to 840",
    );
    check(
        "city.toml",
        "centre = 7",
        "centre = 7\ndesk_limit = 0",
        "city.toml: desk_limit: it is missing or no number that fits; write a whole number from 1 to 65535",
    );
    check(
        "city.toml",
        "centre = 7",
        "centre = 7\nseed = -1",
        "city.toml: seed: it is no number that fits; write a whole number from 0 to 2^64-1 in quotes, or leave it out",
    );
    check(
        "city.toml",
        "centre = 7",
        "centre = 7\ncolour = 1",
        "city.toml: there is no key `colour`; the keys are name, centre, reference, utc_offset_min, desk_limit, seed",
    );
    check(
        "city.toml",
        "\"小城\"",
        "\"\"",
        "city.toml: name: a name is empty; write what people call the city, as in name = \"仙溪县\"",
    );
}

/// N5: the reference point says its datum.
#[test]
fn the_reference_is_checked() {
    let reference = "write reference = { lat = 28.85, lon = 120.73, datum = \"wgs84\" }";
    check(
        "city.toml",
        "lat = 28.85, ",
        "",
        &format!("city.toml: reference: its lat or lon is missing or no number; {reference}"),
    );
    check(
        "city.toml",
        "28.85",
        "nan",
        &format!(
            "city.toml: reference.lat: latitude is not a finite number; write decimal degrees, as in 28.8512; {reference}"
        ),
    );
    check(
        "city.toml",
        ", datum = \"wgs84\"",
        "",
        "city.toml: reference.datum: it is missing or unknown; write one of wgs84, gcj02, bd09",
    );
}

#[test]
fn what_is_no_toml_is_named() {
    let broken = &messages("city.toml", b"name = \"x\"\ncentre = = 7\n")[0];
    assert!(
        broken.starts_with("city.toml:2: it is not TOML ("),
        "{broken}"
    );
    let nested = format!("a = {}", "[".repeat(30_000));
    assert!(
        messages("city.toml", nested.as_bytes())[0].starts_with("city.toml:1: it is not TOML (")
    );
}

/// A number is checked, belongs to somebody, and is not repeated by the message.
#[test]
fn numbers_are_checked_and_not_told() {
    for (wrong, line) in [
        (
            "ring me",
            "units.csv:2: leader_phone: it is no telephone number; write 3 to 20 digits, with blanks, + and - between them",
        ),
        (
            "000-0000-0006-0006-0006",
            "units.csv:2: leader_phone: it is no telephone number; write 3 to 20 digits, with blanks, + and - between them",
        ),
    ] {
        check("units.csv", "000-0000-0006", wrong, line);
    }
    check(
        "units.csv",
        "赵六,,,000",
        "赵六,,112,000",
        "units.csv:2: deputy_phone: there is a number, and nobody in deputy; name the person too, or leave the number out",
    );
}
