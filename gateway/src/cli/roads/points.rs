//! Tables of places, read and brought onto a map: what `roads table` and `roads nearest` share.

use anyhow::{Context, anyhow, bail};
use engine::place::Point;
use engine::roads::network::Profile;
use engine::roads::position::Position;
use engine::roads::prepared::Prepared;
use engine::roads::road_map::RoadMap;
use engine::roads::snap::{Nearness, Segments, SnapError};
use std::path::Path;

/// Places that are told one by one on stderr when they are far; the rest is counted.
const TOLD_MAX: usize = 20;

/// A row of a table.
pub(super) struct Row {
    /// Its id, where the table has ids.
    pub id: String,
    /// Where.
    pub point: Point,
}

/// Opens a prepared map, order and all.
pub(super) fn open(path: &Path) -> anyhow::Result<RoadMap> {
    let prepared = Prepared::open(path)?;
    RoadMap::open(&prepared).with_context(|| path.display().to_string())
}

/// Reads a table with the columns `lat` and `lon`, and `id` where it is asked for.
pub(super) fn read(path: &Path, with_ids: bool) -> anyhow::Result<Vec<Row>> {
    let shown = || path.display().to_string();
    let mut reader = csv::Reader::from_path(path).with_context(shown)?;
    let header = reader.headers().with_context(shown)?.clone();
    let column = |name: &str| {
        let found = header
            .iter()
            .position(|it| it.trim_start_matches('\u{feff}').trim() == name);
        found.ok_or_else(|| {
            anyhow!(
                "{}:1: no column {name}; the header is {}lat,lon",
                shown(),
                if with_ids { "id," } else { "" }
            )
        })
    };
    let (lat, lon) = (column("lat")?, column("lon")?);
    let id = if with_ids { Some(column("id")?) } else { None };
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.with_context(shown)?;
        let line = record.position().map_or(0, csv::Position::line);
        let degrees = |column: usize, name: &str, most: i32| {
            let text = record.get(column).unwrap_or_default().trim();
            degrees_e7(text, most).ok_or_else(|| {
                anyhow!(
                    "{}:{line}: {name}: {text:?} is none; write degrees within ±{most}",
                    shown()
                )
            })
        };
        let point = Point {
            lat_e7: degrees(lat, "lat", 90)?,
            lon_e7: degrees(lon, "lon", 180)?,
        };
        let id = id
            .and_then(|id| record.get(id))
            .unwrap_or_default()
            .to_owned();
        if with_ids && id.is_empty() {
            bail!("{}:{line}: id: it is empty; name every unit", shown());
        }
        rows.push(Row { id, point });
    }
    Ok(rows)
}

/// Degrees in 1e-7, rounded; `None` beyond the most.
fn degrees_e7(text: &str, most: i32) -> Option<i32> {
    let degrees: f64 = text.parse().ok()?;
    let within = degrees.is_finite() && degrees.abs() <= f64::from(most);
    within.then(|| (degrees * 1e7).round() as i32)
}

/// Brings all rows onto the map; says on stderr which are on no road, and how far they are from one.
pub(super) fn snap(
    map: &RoadMap,
    segments: &Segments,
    profile: Profile,
    far_m: u32,
    file: &Path,
    rows: &[Row],
) -> Vec<Option<Position>> {
    let nearness = Nearness {
        far_dm: far_m.saturating_mul(10),
        ..Nearness::default()
    };
    let mut off_road = 0;
    let snap = |(index, row): (usize, &Row)| {
        let plane = map.projection().plane(row.point);
        match segments.snap(map, profile, plane, nearness) {
            Ok(snapped) => Some(snapped.position),
            Err(error @ (SnapError::Far { .. } | SnapError::Empty)) => {
                off_road += 1;
                if off_road <= TOLD_MAX {
                    eprintln!("liandong: {}: row {index}: {error}", file.display());
                }
                None
            }
        }
    };
    let positions = rows.iter().enumerate().map(snap).collect();
    if off_road > 0 {
        eprintln!(
            "liandong: {}: {off_road} of {} places are on no road",
            file.display(),
            rows.len()
        );
    }
    positions
}

/// Whole thousandths with three decimals: milliseconds as seconds, millimetres as metres.
pub(super) struct Thousandths(pub u32);

impl std::fmt::Display for Thousandths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1_000, self.0 % 1_000)
    }
}
