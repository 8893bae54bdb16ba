//! Who is told at which moment, how the file is read, and what the look-over finds.

use super::*;
use crate::city::{City, generate};
use std::path::Path;

const HEAD: &str = "unit,role,name,channel,address,valid_from,valid_to,hours,tested_at\n";

fn city() -> City {
    generate(1, None).unwrap()
}

fn read(rows: &str) -> Result<Contacts, String> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(FILE), format!("{HEAD}{rows}")).unwrap();
    Contacts::load(dir.path(), &city()).map_err(|error| error.to_string())
}

fn moment(text: &str) -> Moment {
    text.parse().unwrap()
}

/// Local noon of a day, in China.
fn noon(day: &str) -> Moment {
    moment(&format!("{day}T12:00:00+08:00"))
}

fn told(contacts: &Contacts, unit: &str, rung: Rung, at: Moment) -> Vec<u32> {
    let unit = city()
        .unit(unit)
        .map(|unit| (unit.name, unit.agency))
        .unwrap();
    let told = contacts.told_at(unit, rung, at);
    told.iter().map(|row| row.id.0).collect()
}

/// X2: team and commander at once, over every channel of theirs; the ladder's people not before their rung (X11).
#[test]
fn each_rung_has_its_people() {
    let contacts = read(
        "P-0101,team,a,subscribe,,,,,\n\
         P-0101,team,a,push,http://127.0.0.1:9000/a,,,,\n\
         P-0101,commander,b,log,,,,,\n\
         P-0101,deputy,c,log,,,,,\n\
         P-0101,duty_leader,d,log,,,,,\n\
         P-0102,team,e,log,,,,,\n",
    )
    .unwrap();
    let at = noon("2026-11-21");
    assert_eq!(told(&contacts, "P-0101", Rung::Primary, at), [2, 3, 4]);
    assert_eq!(told(&contacts, "P-0101", Rung::Deputy, at), [5]);
    assert_eq!(told(&contacts, "P-0101", Rung::DutyLeader, at), [6]);
    assert_eq!(told(&contacts, "P-0101", Rung::NextUnit, at), [0_u32; 0]);
    assert_eq!(told(&contacts, "P-0102", Rung::Primary, at), [7]);
    assert_eq!(contacts.get(ContactId(4)).unwrap().name.as_str(), "b");
    assert_eq!(contacts.get(ContactId(1)), None);
}

/// J6: the right person is who holds the role now; the agency stands in for a unit, and the centre's leader for everybody.
#[test]
fn who_has_nobody_is_stood_in_for() {
    let contacts = read(
        "P-0101,team,a,log,,,2026-10-31,,\n\
         police,team,b,log,,,,,\n\
         police,deputy,c,log,,,,20:00-08:00,\n\
         ,duty_leader,d,log,,,,,\n",
    )
    .unwrap();
    let (october, november) = (noon("2026-10-31"), noon("2026-11-01"));
    assert_eq!(told(&contacts, "P-0101", Rung::Primary, october), [2]);
    assert_eq!(told(&contacts, "P-0101", Rung::Primary, november), [3]);
    // By day the agency's deputy does not hold: the centre's leader is told instead, and told again on the next rung.
    assert_eq!(told(&contacts, "P-0101", Rung::Deputy, november), [5]);
    let night = moment("2026-11-02T03:00:00+08:00");
    assert_eq!(told(&contacts, "P-0101", Rung::Deputy, night), [4]);
    assert_eq!(told(&contacts, "P-0101", Rung::DutyLeader, november), [5]);
    assert_eq!(told(&contacts, "F-01", Rung::Primary, november), [5]);
    assert_eq!(
        told(&Contacts::default(), "F-01", Rung::Primary, november),
        [0_u32; 0]
    );
}

#[test]
fn hours_may_go_over_midnight() {
    let hold = |from_min, to_min, minute| Hours { from_min, to_min }.hold(minute);
    let day = [(359, false), (360, true), (1_079, true), (1_080, false)];
    assert!(
        day.iter()
            .all(|&(minute, held)| hold(360, 1_080, minute) == held)
    );
    let night = [
        (1_199, false),
        (1_200, true),
        (0, true),
        (479, true),
        (480, false),
    ];
    assert!(
        night
            .iter()
            .all(|&(minute, held)| hold(1_200, 480, minute) == held)
    );
    assert!(
        (0..1_440).all(|minute| hold(300, 300, minute)),
        "equal is round the clock"
    );
    let contacts = read("P-0101,team,a,log,,,,20:00-24:00,\n").unwrap();
    let row = contacts.get(ContactId(2)).unwrap();
    assert!(contacts.holds(row, moment("2026-11-21T23:59:59+08:00")));
    assert!(!contacts.holds(row, moment("2026-11-22T00:00:00+08:00")));
}

#[test]
fn a_day_is_the_citys_and_the_last_one_counts() {
    let contacts = read(
        "P-0101,team,a,log,,2026-11-20,2026-11-21,,\n\
         P-0101,team,a,log,,,2026-11-21T08:00:00+08:00,,2026-11-01\n",
    )
    .unwrap();
    let held = |id, at| contacts.holds(contacts.get(ContactId(id)).unwrap(), moment(at));
    assert!(!held(2, "2026-11-19T23:59:59+08:00") && held(2, "2026-11-20T00:00:00+08:00"));
    assert!(held(2, "2026-11-21T23:59:59+08:00") && !held(2, "2026-11-22T00:00:00+08:00"));
    assert!(held(3, "2026-11-21T07:59:59+08:00") && !held(3, "2026-11-21T08:00:00+08:00"));
}

#[test]
fn every_mistake_is_named_by_line_and_column_and_names_nobody() {
    let secret = "王小明";
    let said = read(&format!(
        "P-9999,team,{secret},log,,,,,\n\
         P-0101,boss,{secret},log,,,,,\n\
         P-0101,team,,log,,,,,\n\
         P-0101,team,{secret},pigeon,,,,,\n\
         P-0101,team,{secret},push,http://10.1.2.3/{0},,,,\n\
         P-0101,team,{secret},push,,,,,\n\
         P-0101,team,{secret},log,http://127.0.0.1/,,,,\n\
         ,commander,{secret},log,,,,,\n\
         P-0101,team,{secret},log,,2026-11-02,2026-11-01,,\n\
         P-0101,team,{secret},log,,yesterday,,,\n\
         P-0101,team,{secret},log,,,,6-18,\n\
         P-0101,team,{secret},log,,,,24:00-08:00,\n\
         P-0101,team,{secret},log,,,,,2026-13-01\n\
         P-0101,team,{secret},log,,,,,\n\
         P-0101,team,{secret},log,,,,,2026-11-01\n",
        "xiaoming"
    ))
    .unwrap_err();
    let places: Vec<&str> = said
        .lines()
        .map(|line| line.split(':').nth(1).unwrap())
        .collect();
    assert_eq!(
        places,
        [
            "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "16"
        ],
        "{said}"
    );
    for part in [
        "contacts.csv:2: unit: `P-9999` is no unit and no agency",
        "contacts.csv:3: role: `boss` is unknown; write one of team, commander, deputy, duty_leader",
        "contacts.csv:5: channel: `pigeon` is unknown; write one of subscribe, push, log",
        "contacts.csv:6: address: its host is not this machine",
        "contacts.csv:9: role: a row without a unit",
        "contacts.csv:10: valid_to: it ends before it begins",
        "contacts.csv:12: hours: `6-18` are no hours",
        "contacts.csv:16: name: the row stands in line 15 already",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    assert!(
        !said.contains(secret) && !said.contains("xiaoming"),
        "{said}"
    );
    let contacts = read(&format!("P-0101,team,{secret},log,,,,,\n")).unwrap();
    assert!(!format!("{contacts:?}").contains(&format!("Contact({secret}")));
    assert_eq!(format!("{:?}", contacts.rows()), "[Contact(2, team, log)]");
}

/// J6: who cannot be reached is known before the night in which it counts.
#[test]
fn what_is_odd_is_said() {
    let mut rows = String::new();
    for unit in city()
        .units
        .iter()
        .filter(|unit| unit.name.as_str() != "P-0101")
    {
        for (role, channel) in [
            ("team", "log"),
            ("team", "subscribe"),
            ("commander", "log"),
            ("deputy", "log"),
        ] {
            rows += &format!("{},{role},x,{channel},,,,,2026-11-20\n", unit.name);
        }
    }
    rows += "P-0101,team,x,log,,,,,2026-11-20\n";
    rows += "P-0101,commander,gone,log,,,2026-11-20,,2026-11-20\n";
    let last = rows.lines().count() + 1;
    let without = read(&rows).unwrap();
    let audit = |contacts: &Contacts, now| -> Vec<String> {
        contacts
            .audit(&city(), now)
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    let said = audit(&without, noon("2026-11-21"));
    assert_eq!(said.len(), 5, "{said:#?}");
    assert!(
        said[0].starts_with("contacts.csv: role: nobody is the commander of P-0101;"),
        "{said:#?}"
    );
    assert!(
        said[1].contains("nobody is the deputy of P-0101;"),
        "{said:#?}"
    );
    assert!(
        said[2].contains("nobody is the duty_leader of ") && said[2].contains(" more units;"),
        "{said:#?}"
    );
    assert!(
        said[3].contains("one channel alone reaches the team of P-0101;"),
        "{said:#?}"
    );
    assert!(
        said[4].starts_with(&format!(
            "contacts.csv:{last}: valid_to: no row of this person is valid now;"
        )),
        "{said:#?}"
    );
    rows += "P-0101,team,x,push,http://127.0.0.1:9/,,,,2026-11-20\n\
             P-0101,commander,y,log,,,,,2026-11-20\nP-0101,deputy,y,log,,,,,2026-11-20\n\
             P-0101,commander,gone,log,,2026-11-21,,,2026-11-20\n,duty_leader,z,log,,,,,2026-11-20\n";
    let whole = read(&rows).unwrap();
    assert_eq!(audit(&whole, noon("2026-11-21")), [""; 0]);
    let old = audit(&whole, noon("2026-12-21"));
    assert!(
        old[0].starts_with(
            "contacts.csv:2: tested_at: nobody has answered a test for 30 days, here and in"
        ),
        "{old:#?}"
    );
    assert_eq!(old.len(), 1);
    assert_eq!(
        audit(&Contacts::default(), noon("2026-11-21")),
        [""; 0],
        "a city need not have any"
    );
}

/// What `city generate` writes is read back without a mistake; all it lacks is that somebody has tested it.
#[test]
fn the_example_is_whole() {
    let city = city();
    let dir = tempfile::tempdir().unwrap();
    let (name, bytes) = example(&city).unwrap();
    assert_eq!(bytes, example(&city).unwrap().1);
    std::fs::write(dir.path().join(name), bytes).unwrap();
    let contacts = Contacts::load(dir.path(), &city).unwrap();
    let warnings = contacts.audit(&city, noon("2026-11-21"));
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(warnings[0].field.as_deref(), Some("tested_at"));
    let nobody = Contacts::load(Path::new("/nowhere"), &city).unwrap();
    assert!(nobody.is_empty());
}
