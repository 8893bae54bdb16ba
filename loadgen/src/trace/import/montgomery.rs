//! The emergency calls of Montgomery County, Pennsylvania: `EMS: …`, `Fire: …` and `Traffic: …` titles.
//!
//! Times are New York's own; positions are WGS-84. A title says what the matter is, its first word who was sent:
//! the former becomes the kind, the latter the line and whom the row expects.

use super::{Imported, check_room};
use crate::trace::table::Table;
use crate::trace::{Row, TraceError};
use engine::kind::{Agency, AgencySet, Kind};
use engine::moment::Moment;
use engine::place::datum::Datum;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::path::Path;

/// Who was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    Medical,
    Fire,
    Traffic,
}

impl Service {
    fn of(title: &str) -> Option<(Service, &str)> {
        let (word, matter) = title.split_once(':')?;
        let service = match word.trim() {
            "EMS" => Service::Medical,
            "Fire" => Service::Fire,
            "Traffic" => Service::Traffic,
            _ => return None,
        };
        Some((service, matter.trim().trim_end_matches('-').trim_end()))
    }

    fn line(self) -> &'static str {
        match self {
            Service::Medical => "120",
            Service::Fire => "119",
            Service::Traffic => "122",
        }
    }

    fn agency(self) -> Agency {
        match self {
            Service::Medical => Agency::Medical,
            Service::Fire => Agency::Fire,
            Service::Traffic => Agency::Traffic,
        }
    }

    /// What a title of this service is held to be when no rule knows it.
    fn fallback(self) -> Kind {
        match self {
            Service::Medical => Kind::Illness,
            Service::Fire => Kind::RescueMinor,
            Service::Traffic => Kind::RoadObstacle,
        }
    }
}

/// What a matter is held to be; where the services differ, by the service that was sent.
fn kind_of(service: Service, matter: &str) -> Option<Kind> {
    use Service::{Fire, Medical, Traffic};
    Some(match matter {
        "ABDOMINAL PAINS"
        | "DEHYDRATION"
        | "DIABETIC EMERGENCY"
        | "DIZZINESS"
        | "FEVER"
        | "GENERAL WEAKNESS"
        | "HEAT EXHAUSTION"
        | "MEDICAL ALERT ALARM"
        | "NAUSEA/VOMITING"
        | "SUBJECT IN PAIN"
        | "UNKNOWN MEDICAL EMERGENCY" => Kind::Illness,
        "ALLERGIC REACTION" | "CHOKING" | "RESPIRATORY EMERGENCY" => Kind::Breathing,
        "ALTERED MENTAL STATUS"
        | "SYNCOPAL EPISODE"
        | "UNCONSCIOUS SUBJECT"
        | "UNRESPONSIVE SUBJECT" => Kind::Unconscious,
        "CARDIAC ARREST" => Kind::CardiacArrest,
        "CARDIAC EMERGENCY" => Kind::ChestPain,
        "CVA/STROKE" => Kind::Stroke,
        "SEIZURES" => Kind::Seizure,
        "MATERNITY" => Kind::Obstetric,
        "OVERDOSE" | "POISONING" => Kind::Poisoning,
        "BURN VICTIM" | "ELECTROCUTION" => Kind::Burn,
        "AMPUTATION" | "ASSAULT VICTIM" | "HEAD INJURY" | "HEMORRHAGING" => Kind::MajorTrauma,
        "ANIMAL BITE" | "BACK PAINS/INJURY" | "EYE INJURY" | "FALL VICTIM" | "FRACTURE"
        | "LACERATIONS" => Kind::MinorTrauma,
        "ACTIVE SHOOTER" | "SHOOTING" | "STABBING" => Kind::ViolentCrime,
        "PLANE CRASH" | "TRAIN CRASH" => Kind::MassCasualty,
        "APPLIANCE FIRE" | "BUILDING FIRE" | "TRASH/DUMPSTER FIRE" | "UNKNOWN TYPE FIRE" => {
            Kind::StructureFire
        }
        "WOODS/FIELD FIRE" => Kind::Wildfire,
        "VEHICLE FIRE" => Kind::VehicleFire,
        "ELECTRICAL FIRE OUTSIDE" => Kind::LiveWire,
        "FIRE ALARM" | "FIRE INVESTIGATION" => Kind::SmokeAlarm,
        "GAS-ODOR/LEAK" => Kind::GasLeak,
        "HAZARDOUS MATERIALS INCIDENT" => Kind::Hazmat,
        "RESCUE - ELEVATOR" | "RESCUE - GENERAL" | "RESCUE - TECHNICAL" => Kind::Trapped,
        "RESCUE - WATER" => Kind::WaterRescue,
        "PUMP DETAIL" => Kind::Flood,
        "DEBRIS/FLUIDS ON HIGHWAY"
        | "DISABLED VEHICLE"
        | "FIRE POLICE NEEDED"
        | "HAZARDOUS ROAD CONDITIONS"
        | "ROAD OBSTRUCTION" => Kind::RoadObstacle,
        "CARBON MONOXIDE DETECTOR" => match service {
            Medical => Kind::Poisoning,
            Fire | Traffic => Kind::SmokeAlarm,
        },
        "VEHICLE ACCIDENT" => match service {
            Medical | Fire => Kind::CrashInjury,
            Traffic => Kind::CrashDamage,
        },
        "VEHICLE LEAKING FUEL" => match service {
            Medical | Fire => Kind::VehicleFire,
            Traffic => Kind::RoadObstacle,
        },
        "EMS SPECIAL SERVICE"
        | "FIRE SPECIAL SERVICE"
        | "S/B AT HELICOPTER LANDING"
        | "TRANSFERRED CALL"
        | "WARRANT SERVICE" => match service {
            Medical => Kind::Transfer,
            Fire | Traffic => Kind::RescueMinor,
        },
        _ => return None,
    })
}

/// Where the columns stand.
struct Columns {
    lat: usize,
    lon: usize,
    title: usize,
    time: usize,
    town: Option<usize>,
    address: Option<usize>,
}

/// Reads the county's file.
pub fn read(path: &Path) -> Result<Imported, TraceError> {
    let mut table = Table::open(path)?;
    let columns = Columns {
        lat: table.needed("lat")?,
        lon: table.needed("lng")?,
        title: table.needed("title")?,
        time: table.needed("timeStamp")?,
        town: table.column("twp"),
        address: table.column("addr"),
    };
    let zone = TimeZone::get("America/New_York").map_err(|error| TraceError::Header {
        file: table.file().to_string(),
        problem: format!("the times of New York are not known here: {error}"),
    })?;
    let mut imported = Imported::default();
    while table.advance()? {
        check_room(table.file(), imported.rows.len())?;
        let row = row(&table, &columns, &zone, &mut imported)?;
        imported.rows.push(row);
    }
    Ok(imported)
}

fn row(
    table: &Table,
    columns: &Columns,
    zone: &TimeZone,
    imported: &mut Imported,
) -> Result<Row, TraceError> {
    let title = table.cell(columns.title);
    let Some((service, matter)) = Service::of(title) else {
        return Err(table.wrong(
            columns.title,
            "is no title; it starts with `EMS:`, `Fire:` or `Traffic:`",
        ));
    };
    let kind = kind_of(service, matter).unwrap_or_else(|| {
        let fallback = service.fallback();
        let seen = imported
            .unmatched
            .entry(title.to_string())
            .or_insert((fallback.code(), 0));
        seen.1 += 1;
        fallback
    });
    let degrees = |column: usize| {
        table
            .filled(Some(column))
            .map(|cell| cell.parse::<f64>())
            .transpose()
            .map_err(|_| table.wrong(column, "is not decimal degrees, as in 40.2978"))
    };
    let words = [
        Some(title),
        table.filled(columns.address),
        table.filled(columns.town),
    ];
    let words: Vec<&str> = words.into_iter().flatten().collect();
    let key = format!("{}:{}", table.file_name(), table.row());
    Ok(Row {
        lat: degrees(columns.lat)?,
        lon: degrees(columns.lon)?,
        datum: Some(Datum::Wgs84),
        text: Some(words.join("; ")),
        kind: Some(kind),
        expect_agencies: Some(AgencySet::of(&[service.agency()])),
        ..Row::new(moment(table, columns.time, zone)?, key, service.line())
    })
}

fn moment(table: &Table, column: usize, zone: &TimeZone) -> Result<Moment, TraceError> {
    let local: Option<DateTime> = table.cell(column).parse().ok();
    local
        .and_then(|local| zone.to_timestamp(local).ok())
        .map(|timestamp| Moment(timestamp.as_millisecond()))
        .and_then(Moment::checked)
        .ok_or_else(|| table.wrong(column, "is not a local time, as in 2015-12-10 17:40:00"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "lat,lng,desc,zip,title,timeStamp,twp,addr,e
40.1,-75.3,x,1,EMS: BACK PAINS/INJURY,2015-12-10 17:40:00,NEW HANOVER,REINDEER CT,1
40.2,-75.2,x,,Traffic: VEHICLE ACCIDENT -,2016-04-30 23:57:00,HATFIELD,BRIAR PATH,1
40.2,-75.2,x,,Fire: DRAGON,2016-04-30 23:57:01,HATFIELD,BRIAR PATH,1
";

    fn read_text(text: &str) -> Result<Imported, TraceError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calls.csv");
        std::fs::write(&path, text).unwrap();
        read(&path)
    }

    #[test]
    fn a_row_becomes_a_call_with_kind_line_and_utc() {
        let imported = read_text(SAMPLE).unwrap();
        let [first, crash, dragon] = &imported.rows[..] else {
            panic!("three rows");
        };
        assert_eq!(first.at.to_string(), "2015-12-10T22:40:00.000Z");
        assert_eq!(
            (first.line.as_str(), first.kind),
            ("120", Some(Kind::MinorTrauma))
        );
        assert_eq!(first.key, "calls.csv:1");
        // Summer time: four hours behind UTC.
        assert_eq!(crash.at.to_string(), "2016-05-01T03:57:00.000Z");
        assert_eq!(
            (crash.line.as_str(), crash.kind),
            ("122", Some(Kind::CrashDamage))
        );
        assert_eq!(dragon.kind, Some(Kind::RescueMinor));
        assert_eq!(imported.unmatched["Fire: DRAGON"], ("rescue_minor", 1));
    }

    #[test]
    fn mistakes_are_named() {
        for (from, to, part) in [
            ("EMS: BACK", "MES: BACK", "row 1 (line 2), title"),
            (
                "2015-12-10 17:40:00",
                "yesterday",
                "row 1 (line 2), timeStamp",
            ),
            ("40.1,", "north,", "row 1 (line 2), lat"),
            ("timeStamp", "time", "no column `timeStamp`"),
        ] {
            let error = read_text(&SAMPLE.replace(from, to))
                .unwrap_err()
                .to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn the_real_file_has_a_kind_for_every_title() {
        let Some(path) = super::super::shared::data("calls-montgomery/calls.csv.zst") else {
            return;
        };
        let imported = read(&path).unwrap();
        assert_eq!(imported.rows.len(), 55_068);
        assert!(imported.unmatched.is_empty(), "{:?}", imported.unmatched);
    }
}
