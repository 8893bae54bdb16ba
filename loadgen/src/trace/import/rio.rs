//! The ambulance calls of Rio de Janeiro, as rates: how many came on each weekday, in each half hour, region and priority.
//!
//! Rates are no calls: a trace is drawn from them, by a seed, for as many days as asked for. Half hours are taken as UTC (the
//! quietest, 06:00 to 08:00, are then before dawn in Rio), weekday 0 as Monday, priority 0 as the gravest; the source says none of
//! the three. What a call of a priority is about, and where in its region it comes from, is this project's estimate.

use super::{Imported, check_room};
use crate::random::Random;
use crate::synth::calendar::binomial;
use crate::trace::table::Table;
use crate::trace::{Row, TraceError};
use engine::kind::{Agency, AgencySet, Kind};
use engine::moment::{Moment, Span};
use engine::place::datum::Datum;
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

/// The table of the regions' places, beside that of the rates.
pub const REGIONS: &str = "regions.csv";
/// Monday, 5 January 2026, midnight UTC.
const MONDAY: Moment = Moment(1_767_571_200_000);
const SLOT: Span = Span::minutes(30);
const SLOTS: u64 = 48;
/// Days at most: ten years.
pub const DAYS_MAX: u64 = 3_653;
/// Each observed call is taken as so many chances, so that what is drawn scatters as a Poisson count does, within a hundredth.
const CHANCES: u64 = 100;
/// A call comes from so far around the middle of its region, in 1e-7 degrees: some 2 km, half the way to the next.
const AROUND_E7: i64 = 180_000;
/// The most calls of one cell of the table: more is a mistake.
const CELL_CALLS_MAX: u64 = 1_000_000;

const GRAVE: &[(Kind, u64)] = &[
    (Kind::CardiacArrest, 3),
    (Kind::ChestPain, 12),
    (Kind::Stroke, 8),
    (Kind::Breathing, 9),
    (Kind::Unconscious, 12),
    (Kind::MajorTrauma, 6),
];
const URGENT: &[(Kind, u64)] = &[(Kind::Obstetric, 4), (Kind::Seizure, 5), (Kind::Burn, 3)];
const LESS: &[(Kind, u64)] = &[(Kind::Illness, 30), (Kind::MinorTrauma, 20)];

/// What is drawn.
#[derive(Clone, Debug)]
pub struct Wish {
    /// So many days.
    pub days: u64,
    /// By this seed.
    pub seed: u64,
    /// The regions' places; `None`: [`REGIONS`] beside the rates.
    pub regions: Option<PathBuf>,
}

/// One cell: calls that were observed in a half hour over so many days.
#[derive(Clone, Copy, Debug)]
struct Cell {
    region: u64,
    priority: u64,
    calls: u64,
    days: u64,
}

/// Degrees north and east by region, in 1e-7.
type Regions = BTreeMap<u64, (i64, i64)>;

/// Reads the rates and draws a trace.
///
/// # Errors
/// A file cannot be read, a row is wrong (named by file, row and column), or it would be more rows than fit.
pub fn read(path: &Path, wish: &Wish) -> Result<Imported, TraceError> {
    let beside = path.with_file_name(REGIONS);
    let regions = regions(wish.regions.as_deref().unwrap_or(&beside))?;
    let mut table = Table::open(path)?;
    let columns = [
        table.needed("dow")?,
        table.needed("slot30")?,
        table.needed("region")?,
        table.needed("priority")?,
        table.needed("total_calls")?,
        table.needed("n_obs_days")?,
    ];
    let mut cells: BTreeMap<(u64, u64), Vec<Cell>> = BTreeMap::new();
    let mut known = HashSet::new();
    while table.advance()? {
        check_room(table.file(), known.len())?;
        let number = |at: usize, most: u64| whole(&table, columns[at], most);
        let region = number(2, u64::MAX)?;
        if !regions.contains_key(&region) {
            let problem = format!("is no region of {REGIONS}; add its place there");
            return Err(table.wrong(columns[2], problem));
        }
        let cell = Cell {
            region,
            priority: number(3, 2)?,
            calls: number(4, CELL_CALLS_MAX)?,
            days: number(5, CELL_CALLS_MAX)?,
        };
        if cell.days == 0 {
            return Err(table.wrong(columns[5], "is no number of days; 1 at least was observed"));
        }
        let slot = (number(0, 6)?, number(1, SLOTS - 1)?);
        if !known.insert((slot, cell.region, cell.priority)) {
            let problem =
                "is there twice with this weekday, half hour and priority; a cell has one row";
            return Err(table.wrong(columns[2], problem));
        }
        cells.entry(slot).or_default().push(cell);
    }
    draw(table.file(), &cells, &regions, wish)
}

fn whole(table: &Table, column: usize, most: u64) -> Result<u64, TraceError> {
    let number = table.cell(column).parse::<u64>().ok();
    number.filter(|&number| number <= most).ok_or_else(|| {
        let right = match most {
            u64::MAX => "is not a whole number".into(),
            most => format!("is not a whole number from 0 to {most}"),
        };
        table.wrong(column, right)
    })
}

fn regions(path: &Path) -> Result<Regions, TraceError> {
    let mut table = Table::open(path)?;
    let columns = [
        table.needed("region")?,
        table.needed("lat")?,
        table.needed("lon")?,
    ];
    let mut regions = Regions::new();
    while table.advance()? {
        check_room(table.file(), regions.len())?;
        let degrees = |at: usize, most: f64| {
            let degrees = table.cell(columns[at]).parse::<f64>().ok();
            let degrees = degrees.filter(|degrees| degrees.abs() <= most);
            degrees
                .map(|degrees| (degrees * 1e7).round() as i64)
                .ok_or_else(|| table.wrong(columns[at], "is not decimal degrees, as in -22.9085"))
        };
        let place = (degrees(1, 90.0)?, degrees(2, 180.0)?);
        let region = whole(&table, columns[0], u64::MAX)?;
        if regions.insert(region, place).is_some() {
            return Err(table.wrong(columns[0], "is there twice; a region has one place"));
        }
    }
    Ok(regions)
}

fn draw(
    file: &str,
    cells: &BTreeMap<(u64, u64), Vec<Cell>>,
    regions: &Regions,
    wish: &Wish,
) -> Result<Imported, TraceError> {
    let name = file.rsplit('/').next().unwrap_or(file);
    let mut random = Random::new(wish.seed);
    let mut rows: Vec<Row> = Vec::new();
    for day in 0..wish.days.min(DAYS_MAX) {
        for slot in 0..SLOTS {
            let begins = MONDAY + Span::hours(24 * day as i64) + Span(SLOT.0 * slot as i64);
            for cell in cells.get(&(day % 7, slot)).into_iter().flatten() {
                let calls = binomial(cell.calls * CHANCES, 1, cell.days * CHANCES, &mut random);
                for _ in 0..calls {
                    check_room(file, rows.len())?;
                    rows.push(call(*cell, begins, regions, &mut random));
                }
            }
        }
    }
    rows.sort_by_key(|row| row.at);
    for (index, row) in rows.iter_mut().enumerate() {
        row.key = format!("{name}:{}:{}", wish.seed, index + 1);
    }
    Ok(Imported {
        rows,
        ..Imported::default()
    })
}

fn call(cell: Cell, begins: Moment, regions: &Regions, random: &mut Random) -> Row {
    let kinds = match cell.priority {
        0 => GRAVE,
        1 => URGENT,
        _ => LESS,
    };
    let drawn = random.weighted(kinds.iter().map(|&(_, weight)| weight));
    let (kind, _) = kinds[drawn.unwrap_or(0)];
    let (lat, lon) = regions.get(&cell.region).copied().unwrap_or_default();
    let mut around = |middle: i64| (middle + random.between(-AROUND_E7, AROUND_E7)) as f64 / 1e7;
    let (lat, lon) = (around(lat), around(lon));
    let after = Span(random.below(SLOT.0 as u64) as i64);
    Row {
        lat: Some(lat),
        lon: Some(lon),
        datum: Some(Datum::Wgs84),
        kind: Some(kind),
        expect_agencies: Some(AgencySet::of(&[Agency::Medical])),
        ..Row::new(begins + after, String::new(), "120")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: &str = "dow,slot30,region,priority,total_calls,n_obs_days
0,0,9,0,6,104
0,20,9,2,520,104
6,47,12,1,104,104
";
    const PLACES: &str = "region,lat,lon\n9,-22.9,-43.2\n12,-23.0,-43.4\n";

    fn import(rates: &str, places: &str, days: u64, seed: u64) -> Result<Vec<Row>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rates.csv");
        std::fs::write(&path, rates).unwrap();
        std::fs::write(folder.path().join(REGIONS), places).unwrap();
        let wish = Wish {
            days,
            seed,
            regions: None,
        };
        let imported = read(&path, &wish).map_err(|error| error.to_string())?;
        Ok(imported.rows)
    }

    /// Of 200 weeks: 5 a Monday in one cell, 1 a Sunday in another, 0.06 in the third, scattered as Poisson counts are.
    #[test]
    fn a_stream_has_the_rates_and_their_scatter() {
        let rows = import(RATES, PLACES, 1_400, 1).unwrap();
        let of = |kinds: &[(Kind, u64)]| -> Vec<&Row> {
            let is = |row: &&Row| kinds.iter().any(|&(kind, _)| row.kind == Some(kind));
            rows.iter().filter(is).collect()
        };
        let (grave, urgent, less) = (of(GRAVE), of(URGENT), of(LESS));
        assert!((3..=25).contains(&grave.len()), "{}", grave.len());
        assert!((160..=240).contains(&urgent.len()), "{}", urgent.len());
        assert!((930..=1_070).contains(&less.len()), "{}", less.len());
        let mut weeks = vec![0_f64; 200];
        for row in &less {
            weeks[(MONDAY.until(row.at).0 / Span::hours(168).0) as usize] += 1.0;
        }
        let variance = weeks.iter().map(|n| (n - 5.0) * (n - 5.0)).sum::<f64>() / 200.0;
        assert!((3.6..6.6).contains(&variance), "{variance}");
        for row in &less {
            assert!(
                row.at.to_string().contains("T10:"),
                "slot 20 is ten o'clock"
            );
            assert!((row.lat.unwrap() + 22.9).abs() < 0.019);
        }
        assert!(rows.is_sorted_by_key(|row| row.at));
        assert_eq!(rows, import(RATES, PLACES, 1_400, 1).unwrap());
        assert_ne!(rows, import(RATES, PLACES, 1_400, 2).unwrap());
        assert_eq!(rows[0].key, "rates.csv:1:1");
    }

    #[test]
    fn mistakes_are_named_by_file_row_and_column() {
        for (from, to, part) in [
            (
                "0,20,9",
                "7,20,9",
                "rates.csv, row 2 (line 3), dow: `7` is not",
            ),
            ("0,20,9", "0,48,9", "row 2 (line 3), slot30"),
            (
                "0,20,9",
                "0,20,10",
                "row 2 (line 3), region: `10` is no region",
            ),
            ("9,2,520", "9,3,520", "row 2 (line 3), priority"),
            ("520,104", "-1,104", "row 2 (line 3), total_calls"),
            ("520,104", "520,0", "row 2 (line 3), n_obs_days"),
            (
                "0,20,9,2",
                "0,0,9,0",
                "row 2 (line 3), region: `9` is there twice",
            ),
            ("n_obs_days", "days", "no column `n_obs_days`"),
        ] {
            let error = import(&RATES.replace(from, to), PLACES, 7, 1).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        let error = import(RATES, &PLACES.replace("-22.9", "south"), 7, 1).unwrap_err();
        assert!(
            error.contains("regions.csv, row 1 (line 2), lat"),
            "{error}"
        );
    }

    #[test]
    fn the_real_rates_give_as_many_calls_as_were_observed() {
        let Some(path) =
            super::super::shared::data("calls-rio/call_rates_dow_halfhour_region_priority.csv")
        else {
            return;
        };
        let wish = Wish {
            days: 28,
            seed: 1,
            regions: None,
        };
        let rows = read(&path, &wish).unwrap().rows.len();
        // 229 488 calls in 104 or 105 weeks: 2 195 a week.
        assert!((8_500..=9_060).contains(&rows), "{rows}");
    }
}
