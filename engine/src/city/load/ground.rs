//! The districts of a city, from their two tables or, where there is none, around everything that stands in it.

use super::super::columns;
use super::super::mistake::{Mistakes, quoted};
use super::super::polygon::{DEPTH_MAX, Districts, Polygon, ring};
use super::super::rows::{self, Corner, DistrictDraft, PostDraft, UnitDraft};
use super::super::sheet::{Source, read_rows};
use super::super::{CORNERS_MAX, DISTRICTS_MAX, District, Hospital, Zone};
use super::{Lines, Sources, note, whole};
use crate::name::Name;
use crate::place::projection::{Plane, Projection};
use crate::place::{DistrictId, Point};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn given_ground(sources: &Sources, found: &mut Mistakes) -> Option<Districts> {
    let (table, polygons) = (sources.districts.as_ref()?, sources.polygons.as_ref()?);
    let (drafts, table_whole) = whole(found, |found| {
        read_rows(
            table,
            &columns::DISTRICTS,
            DISTRICTS_MAX,
            found,
            rows::district,
        )
    });
    let (corners, corners_whole) = whole(found, |found| {
        read_rows(
            polygons,
            &columns::POLYGONS,
            CORNERS_MAX,
            found,
            rows::corner,
        )
    });
    if drafts.is_empty() && table_whole {
        found.add(table.mistake("it has no district", "give the served area at least one"));
    }
    let (_, distinct) = whole(found, |found| {
        check_drafts(table, &drafts, table_whole, found)
    });
    let table_whole = table_whole && distinct;
    let known: BTreeSet<DistrictId> = drafts.iter().map(|(_, draft)| draft.id).collect();
    let mut shapes = shapes(polygons, corners, table_whole.then_some(&known), found);
    let parents: BTreeSet<DistrictId> = drafts
        .iter()
        .filter_map(|(_, draft)| draft.parent)
        .collect();
    let mut districts = Vec::with_capacity(drafts.len());
    for (line, draft) in drafts {
        let DistrictDraft {
            id,
            name,
            zone,
            parent,
            lines,
        } = draft;
        let shape = Polygon::new(shapes.remove(&id).unwrap_or_default());
        if shape.is_empty() && table_whole && corners_whole && !parents.contains(&id) {
            let wrong = format!("the district {} has no ground", id.0);
            found.add(note(
                table,
                line,
                "id",
                wrong,
                format!("give it three corners or more in {}", polygons.label),
            ));
        }
        districts.push(District {
            id,
            name,
            zone,
            parent,
            lines,
            shape,
        });
    }
    Some(Districts::new(districts))
}

/// Repeats, and parents that are not there or run in a circle.
fn check_drafts(
    table: &Source,
    drafts: &Lines<DistrictDraft>,
    table_whole: bool,
    found: &mut Mistakes,
) {
    let mut ids: BTreeMap<DistrictId, u64> = BTreeMap::new();
    let mut names: BTreeMap<Name, u64> = BTreeMap::new();
    let parents: BTreeMap<DistrictId, Option<DistrictId>> = drafts
        .iter()
        .map(|(_, draft)| (draft.id, draft.parent))
        .collect();
    for (line, draft) in drafts {
        let earlier = *ids.entry(draft.id).or_insert(*line);
        if earlier != *line {
            let wrong = format!("{} is in line {earlier} already", draft.id.0);
            found.add(note(
                table,
                *line,
                "id",
                wrong,
                "give each district its own number",
            ));
        }
        let earlier = *names.entry(draft.name).or_insert(*line);
        if earlier != *line {
            let wrong = format!(
                "{} is in line {earlier} already",
                quoted(draft.name.as_str())
            );
            found.add(note(
                table,
                *line,
                "name",
                wrong,
                "give each district its own name",
            ));
        }
        let Some(parent) = draft.parent else { continue };
        if !parents.contains_key(&parent) {
            if table_whole {
                let wrong = format!("there is no district {}", parent.0);
                found.add(note(
                    table,
                    *line,
                    "parent",
                    wrong,
                    "write the number of another row, or nothing",
                ));
            }
            continue;
        }
        let up = std::iter::successors(Some(parent), |id| parents.get(id).copied().flatten());
        if up.take(DEPTH_MAX).count() == DEPTH_MAX {
            let wrong = format!("its parents run in a circle, or over {DEPTH_MAX} tiers");
            found.add(note(
                table,
                *line,
                "parent",
                wrong,
                "let the topmost district have no parent",
            ));
        }
    }
}

/// Rings by district; `known` is `None` when the table of districts is not to be trusted.
fn shapes(
    source: &Source,
    corners: Lines<Corner>,
    known: Option<&BTreeSet<DistrictId>>,
    found: &mut Mistakes,
) -> BTreeMap<DistrictId, Vec<Vec<Point>>> {
    let mut rings: BTreeMap<(DistrictId, u32), (u64, Vec<Point>)> = BTreeMap::new();
    for (line, corner) in corners {
        let (_, ring) = rings
            .entry((corner.district, corner.ring))
            .or_insert_with(|| (line, Vec::new()));
        ring.push(corner.point);
    }
    let mut shapes: BTreeMap<DistrictId, Vec<Vec<Point>>> = BTreeMap::new();
    for ((district, _), (line, corners)) in rings {
        if known.is_some_and(|known| !known.contains(&district)) {
            let wrong = format!("there is no district {}", district.0);
            found.add(note(
                source,
                line,
                "district",
                wrong,
                "write a number of districts.csv",
            ));
            continue;
        }
        match ring(&corners) {
            Ok(ring) => shapes.entry(district).or_default().push(ring),
            Err(error) => found.add(note(
                source,
                line,
                "ring",
                error.to_string(),
                "list its corners in order around it",
            )),
        }
    }
    shapes
}

pub(super) fn places(
    posts: &Lines<PostDraft>,
    units: &Lines<UnitDraft>,
    hospitals: &[Hospital],
) -> Vec<Point> {
    let posts = posts.iter().map(|(_, post)| post.point);
    let units = units.iter().filter_map(|(_, unit)| unit.point);
    posts
        .chain(units)
        .chain(hospitals.iter().map(|hospital| hospital.point))
        .collect()
}

/// The middle of the rectangle around all points.
pub(super) fn middle(points: &[Point]) -> Point {
    let between = |a: Option<i32>, b: Option<i32>| a.unwrap_or(0).midpoint(b.unwrap_or(0));
    let (lat, lon) = (
        points.iter().map(|p| p.lat_e7),
        points.iter().map(|p| p.lon_e7),
    );
    Point {
        lat_e7: between(lat.clone().min(), lat.max()),
        lon_e7: between(lon.clone().min(), lon.max()),
    }
}

/// How far the one district of a city without districts reaches beyond everything that stands in it.
const MARGIN_DM: i32 = 200_000;
/// Its number.
pub(super) const COVERING: DistrictId = DistrictId(1);

/// One district around everything, for cities that give none.
pub(super) fn covering(
    projection: &Projection,
    points: &[Point],
    source: &Source,
    found: &mut Mistakes,
) -> Districts {
    let planes: Vec<Plane> = points
        .iter()
        .map(|&point| projection.plane(point))
        .collect();
    let (x, y) = (
        planes.iter().map(|place| place.x_dm),
        planes.iter().map(|place| place.y_dm),
    );
    let (Some(west), Some(south)) = (x.clone().min(), y.clone().min()) else {
        if found.is_empty() {
            found.add(source.mistake(
                "it has no post",
                "give one post at least, or units with positions of their own",
            ));
        }
        return Districts::default();
    };
    let (east, north) = (
        x.max().unwrap_or(west) + MARGIN_DM,
        y.max().unwrap_or(south) + MARGIN_DM,
    );
    let (west, south) = (west - MARGIN_DM, south - MARGIN_DM);
    let corners = [(west, south), (east, south), (east, north), (west, north)]
        .map(|(x_dm, y_dm)| projection.point(Plane { x_dm, y_dm }));
    match (ring(&corners), Name::new("全域")) {
        (Ok(ring), Ok(name)) => Districts::new(vec![District {
            id: COVERING,
            name,
            zone: Zone::Town,
            parent: None,
            lines: Vec::new(),
            shape: Polygon::new(vec![ring]),
        }]),
        (Err(_), _) | (_, Err(_)) => {
            found.add(source.mistake(
                "its posts lie around half the globe",
                "give a city's own posts, or districts",
            ));
            Districts::default()
        }
    }
}
