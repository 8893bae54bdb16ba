//! Every file of a city and every column in it: what it holds, in which unit, whether it may be left out, and an example.
//!
//! The loader knows no other columns than these, `liandong city columns` prints them, and `docs/city.md` shows what it
//! prints. A test makes a city out of the examples alone.

/// One file of a city's folder.
#[derive(Debug)]
pub struct File {
    /// Its name in the folder.
    pub name: &'static str,
    /// What a row of it is.
    pub about: &'static str,
    /// The flag of `city import` that takes it.
    pub flag: &'static str,
    /// Its columns, or keys.
    pub columns: &'static [Column],
}

/// One column of a table, or one key of `city.toml`.
#[derive(Debug)]
pub struct Column {
    /// Its name in the header.
    pub name: &'static str,
    /// Whether the column may be missing or a field of it empty.
    pub optional: bool,
    /// Type and unit.
    pub kind: &'static str,
    /// What it says, and what an empty field means.
    pub about: &'static str,
    /// A field that is right.
    pub example: &'static str,
}

const fn must(
    name: &'static str,
    kind: &'static str,
    about: &'static str,
    example: &'static str,
) -> Column {
    Column {
        name,
        optional: false,
        kind,
        about,
        example,
    }
}

const fn may(
    name: &'static str,
    kind: &'static str,
    about: &'static str,
    example: &'static str,
) -> Column {
    Column {
        name,
        optional: true,
        kind,
        about,
        example,
    }
}

const NAME: &str = "text, 1 to 48 bytes";
const DISTRICT: &str = "whole number from 1";
const DEGREES: &str = "decimal degrees";
const DATUM: &str = "datum";
const AGENCY: &str = "agency";
const TIME: &str = "day, or RFC 3339";
const PHONE: &str = "3 to 20 of 0-9 + - blank";

/// `city.toml`.
pub const SETTINGS: File = File {
    name: "city.toml",
    about: "what is said once",
    flag: "--name, --centre",
    columns: &[
        must("name", NAME, "what people call the city", "\"仙溪县\""),
        must(
            "centre",
            "0 to 65535",
            "the number of its centre, the first part of every id",
            "1",
        ),
        must(
            "reference",
            "lat, lon, datum",
            "a point in its middle: distances are reckoned on a plane that touches there",
            "{ lat = 28.85, lon = 120.73, datum = \"wgs84\" }",
        ),
        may(
            "utc_offset_min",
            "minutes, -840 to 840",
            "local time ahead of UTC; without it 480",
            "480",
        ),
        may(
            "desk_limit",
            "1 to 65535",
            "the most orders that a desk takes at once; without it 64",
            "64",
        ),
        may(
            "seed",
            "text of digits",
            "the seed of a generated city; nobody else writes it",
            "\"1\"",
        ),
    ],
};

/// `districts.csv`.
pub const DISTRICTS: File = File {
    name: "districts.csv",
    about: "one row a district; together they are the served area",
    flag: "--districts",
    columns: &[
        must("id", DISTRICT, "its number; unique", "331099001"),
        must("name", NAME, "what people call it; unique", "安和街道"),
        must(
            "zone",
            "zone",
            "the ground: plans have other clocks for each",
            "town",
        ),
        may(
            "parent",
            DISTRICT,
            "the district that it is a part of; empty: of none",
            "",
        ),
        may(
            "lines",
            "numbers by `;`, 16 at most",
            "lines whose calls without a place belong here",
            "110;119",
        ),
    ],
};

/// `polygons.csv`.
pub const POLYGONS: File = File {
    name: "polygons.csv",
    about: "one row a corner, in order around the ring, the first not repeated",
    flag: "--shapes",
    columns: &[
        must(
            "district",
            DISTRICT,
            "a number of districts.csv",
            "331099001",
        ),
        must(
            "ring",
            "whole number from 0",
            "which ring of the district; a ring inside another is a hole",
            "0",
        ),
        must("lat", DEGREES, "latitude, -90 to 90", "28.85"),
        must("lon", DEGREES, "longitude, -180 to 180", "120.73"),
        must("datum", DATUM, "what the two are on", "wgs84"),
    ],
};

/// `posts.csv`.
pub const POSTS: File = File {
    name: "posts.csv",
    about: "one row a place where units stand",
    flag: "--posts",
    columns: &[
        must("name", NAME, "what people call it; unique", "城东派出所"),
        must("agency", AGENCY, "whose it is", "police"),
        must("lat", DEGREES, "latitude", "28.8555"),
        must("lon", DEGREES, "longitude", "120.7355"),
        must("datum", DATUM, "what the two are on", "gcj02"),
        may(
            "district",
            DISTRICT,
            "the district it belongs to; empty: the one it lies in",
            "331099001",
        ),
    ],
};

/// `units.csv`.
pub const UNITS: File = File {
    name: "units.csv",
    about: "one row for whatever can be ordered: crews, vehicles, desks",
    flag: "--units",
    columns: &[
        must("name", NAME, "what people call it; unique", "P-0101"),
        must("agency", AGENCY, "whose it is", "police"),
        must(
            "capabilities",
            "capabilities by `;`",
            "what it can do; a desk's stand alone",
            "patrol;riot",
        ),
        must(
            "post",
            NAME,
            "a name of posts.csv; a field may be empty where lat, lon and datum are filled",
            "城东派出所",
        ),
        must(
            "speed_kmh",
            "km/h, 0 to 400",
            "how fast it travels, three decimals at most; 0 for desks and only for them",
            "45",
        ),
        must(
            "turnout_s",
            "seconds, 0 to 86400",
            "from the order to its departure, three decimals at most",
            "30",
        ),
        may(
            "home",
            DISTRICT,
            "the district it belongs to; empty: its post's, or the one it lies in",
            "331099001",
        ),
        may(
            "lat",
            DEGREES,
            "where it stands; empty: at its post",
            "28.8551",
        ),
        may(
            "lon",
            DEGREES,
            "where it stands; empty: at its post",
            "120.7351",
        ),
        may("datum", DATUM, "what the two are on", "wgs84"),
        may(
            "strength",
            "people, 0 to 65535",
            "how many it has today; empty: 1",
            "3",
        ),
        may(
            "least_strength",
            "people, 0 to 65535",
            "below so many it is not sent; empty: 0",
            "2",
        ),
        may(
            "on",
            "HH:MM, local",
            "its duty begins; on and off empty, or the same: round the clock",
            "20:00",
        ),
        may(
            "off",
            "HH:MM, local",
            "its duty ends; may be past midnight",
            "08:00",
        ),
        may(
            "capacity",
            "orders, 1 to desk_limit",
            "how many a desk takes at once; everybody else takes 1; empty: the most it may",
            "1",
        ),
        may("primary", NAME, "whom to tell first", "蒋伟民"),
        may("deputy", NAME, "whom to tell next", "陈春燕"),
        may("leader", NAME, "the duty leader, told last", "方建国"),
        may(
            "primary_phone",
            PHONE,
            "the number of the first; printed on the board and nowhere else",
            "000-0000-0001",
        ),
        may("deputy_phone", PHONE, "that of the deputy", "000-0000-0002"),
        may(
            "leader_phone",
            PHONE,
            "that of the duty leader",
            "000-0000-0003",
        ),
    ],
};

/// `hospitals.csv`.
pub const HOSPITALS: File = File {
    name: "hospitals.csv",
    about: "one row a hospital",
    flag: "--hospitals",
    columns: &[
        must("name", NAME, "what people call it; unique", "县人民医院"),
        must("lat", DEGREES, "latitude", "28.8553959"),
        must("lon", DEGREES, "longitude", "120.7341070"),
        must("datum", DATUM, "what the two are on", "wgs84"),
        must(
            "capabilities",
            "hospital capabilities by `;`",
            "what it can take; may be empty",
            "emergency;trauma",
        ),
        must("beds", "beds, 0 to 100000", "those for emergencies", "120"),
    ],
};

/// `cells.csv`.
pub const CELLS: File = File {
    name: "cells.csv",
    about: "one row a radio cell, the last resort for a call without a place; the file may be missing",
    flag: "--cells",
    columns: &[
        must(
            "cell",
            NAME,
            "its identity as carriers send it; unique",
            "460-00-4001-100",
        ),
        must(
            "lat",
            DEGREES,
            "latitude of the middle of what it covers",
            "28.8511799",
        ),
        must("lon", DEGREES, "longitude of it", "120.7352251"),
        must("datum", DATUM, "what the two are on", "wgs84"),
        must(
            "radius_m",
            "metres, 1 to 200000",
            "how far it reaches",
            "500",
        ),
    ],
};

/// `contacts.csv` (J6).
pub const CONTACTS: File = File {
    name: super::contacts::FILE,
    about: "one row for each way to a person in a role: whom an order goes to; the file may be missing",
    flag: "--contacts",
    columns: &[
        may(
            "unit",
            "text",
            "a name of units.csv, or an agency for its units that have nobody of their own; empty: the centre",
            "P-0101",
        ),
        must(
            "role",
            "contact role",
            "team and commander are told with the order, deputy and duty_leader when nobody acknowledges; the centre has a duty_leader alone",
            "team",
        ),
        must("name", NAME, "who it is", "蒋伟民"),
        must(
            "channel",
            "channel",
            "how they are told; a row for each",
            "push",
        ),
        may(
            "address",
            "URL, http://, this machine",
            "where a push goes; empty for the other channels",
            "http://127.0.0.1:9000/orders",
        ),
        may(
            "valid_from",
            TIME,
            "the first day or moment; empty: always",
            "2026-11-01",
        ),
        may(
            "valid_to",
            TIME,
            "the last day, or the moment from which on it does not hold; empty: always",
            "2027-10-31",
        ),
        may(
            "hours",
            "HH:MM-HH:MM, local",
            "the hours at which they can be told; may be over midnight; empty: always",
            "06:00-18:00",
        ),
        may(
            "tested_at",
            TIME,
            "when somebody last answered a test",
            "2026-11-20T09:30:00+08:00",
        ),
    ],
};

/// Every file of a city's folder.
pub const FILES: [&File; 8] = [
    &SETTINGS, &DISTRICTS, &POLYGONS, &POSTS, &UNITS, &HOSPITALS, &CELLS, &CONTACTS,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::city::City;
    use crate::city::contacts::Contacts;

    /// A table of one row, made of the examples.
    fn table(file: &File) -> String {
        let of = |part: fn(&Column) -> &'static str| {
            let fields: Vec<_> = file.columns.iter().map(part).collect();
            fields.join(",")
        };
        format!(
            "{}\n{}\n",
            of(|column| column.name),
            of(|column| column.example)
        )
    }

    /// Whoever writes what the examples show has a city, without so much as a warning; a column that nobody has heard of
    /// would be refused by name.
    #[test]
    fn the_examples_are_a_city() {
        let dir = tempfile::tempdir().unwrap();
        for file in FILES {
            let text = if file.name == SETTINGS.name {
                let keys = file.columns.iter();
                keys.map(|key| format!("{} = {}\n", key.name, key.example))
                    .collect()
            } else if file.name == POLYGONS.name {
                // One corner is no ring.
                table(file)
                    + "331099001,0,28.85,120.75,wgs84\n331099001,0,28.87,120.75,wgs84\n331099001,0,28.87,120.73,wgs84\n"
            } else {
                table(file)
            };
            std::fs::write(dir.path().join(file.name), text).unwrap();
        }
        let checked = City::check(dir.path());
        assert_eq!(checked.warnings, []);
        let city = checked.city.unwrap();
        let contacts = Contacts::load(dir.path(), &city).unwrap();
        assert_eq!(contacts.rows().len(), 1);
        let unit = city.unit("P-0101").unwrap();
        assert_eq!((unit.contacts.len(), unit.phones.len()), (3, 3));
        assert_eq!((unit.strength, unit.least_strength), (3, 2));
        assert_eq!((unit.roster_on_min, unit.roster_off_min), (1_200, 480));
    }

    /// A column that must be there is asked for; one that need not be is not missed.
    #[test]
    fn what_may_be_left_out_may_and_what_must_not_must_not() {
        let dir = tempfile::tempdir().unwrap();
        let city = crate::city::generate(1, None).unwrap();
        let mut files = city.files().unwrap();
        files.push(crate::city::contacts::example(&city).unwrap());
        crate::city::write::write_files(dir.path(), &files).unwrap();
        for file in FILES.iter().filter(|file| file.name != SETTINGS.name) {
            let path = dir.path().join(file.name);
            let whole = std::fs::read_to_string(&path).unwrap();
            let header: Vec<_> = whole.lines().next().unwrap().split(',').collect();
            for column in file.columns {
                let at = header.iter().position(|name| *name == column.name);
                let at = at.unwrap_or_else(|| panic!("{} is not written", column.name));
                let without: String = whole
                    .lines()
                    .map(|line| {
                        let mut fields: Vec<_> = line.split(',').collect();
                        fields.remove(at);
                        fields.join(",") + "\n"
                    })
                    .collect();
                std::fs::write(&path, without).unwrap();
                let said =
                    City::load(dir.path()).and_then(|city| Contacts::load(dir.path(), &city));
                let said = said.err().map(|error| error.to_string());
                let said = said.unwrap_or_default();
                let missing = said.contains(&format!("{}: the column is missing", column.name));
                assert_eq!(
                    missing, !column.optional,
                    "{} {}: {said}",
                    file.name, column.name
                );
            }
            std::fs::write(&path, whole).unwrap();
        }
    }
}
