//! Reads a city's folder and names everything that is wrong with it.
//!
//! Rows are read one by one (`rows`), then compared: repeats, posts and districts that do not exist, ground that is
//! missing. Where a file already has a mistake, what refers to it is not blamed as well. Never stops at the first
//! mistake, never half-loads.

use super::mistake::{CityErrors, Mistake, Mistakes, quoted};
use super::polygon::{DEPTH_MAX, Districts, Polygon, ring};
use super::rows::{self, Corner, DistrictDraft, PostDraft, UnitDraft};
use super::sheet::{Source, read_rows};
use super::{
    CELLS_MAX, CORNERS_MAX, Cell, City, DISTRICTS_MAX, District, HOSPITALS_MAX, Hospital,
    POSTS_MAX, Post, UNITS_MAX, UnitRow,
};
use crate::name::Name;
use crate::place::projection::{Plane, Projection};
use crate::place::{DistrictId, Point};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

mod settings;
pub(super) use settings::Settings;

/// What a look at a city's files found.
#[derive(Debug)]
pub struct Checked {
    /// The city, or everything that is wrong with it.
    pub city: Result<City, CityErrors>,
    /// What is odd but allowed, such as a team below its least strength.
    pub warnings: Vec<Mistake>,
}

impl City {
    /// The city of a folder.
    pub fn load(dir: &Path) -> Result<City, CityErrors> {
        City::check(dir).city
    }

    /// The city of a folder, with what is odd about it.
    pub fn check(dir: &Path) -> Checked {
        let mut mistakes = Mistakes::default();
        let settings = Settings::read(&Source::in_folder(dir, "city.toml"), &mut mistakes);
        let cells = Source::in_folder(dir, "cells.csv");
        let sources = Sources {
            districts: Some(Source::in_folder(dir, "districts.csv")),
            polygons: Some(Source::in_folder(dir, "polygons.csv")),
            posts: Source::in_folder(dir, "posts.csv"),
            units: Source::in_folder(dir, "units.csv"),
            hospitals: Some(Source::in_folder(dir, "hospitals.csv")),
            cells: cells.path.exists().then_some(cells),
        };
        read(settings, &sources, mistakes)
    }
}

/// The files of a city, wherever they lie.
pub(super) struct Sources {
    pub districts: Option<Source>,
    pub polygons: Option<Source>,
    pub posts: Source,
    pub units: Source,
    pub hospitals: Option<Source>,
    pub cells: Option<Source>,
}

/// Rows with the lines they came from.
type Lines<T> = Vec<(u64, T)>;

/// Reads and compares all files; where no districts are given, one covers everything.
pub(super) fn read(
    settings: Option<Settings>,
    sources: &Sources,
    mut mistakes: Mistakes,
) -> Checked {
    let found = &mut mistakes;
    let (ground, ground_whole) = whole(found, |found| given_ground(sources, found));
    let (posts, posts_whole) = whole(found, |found| {
        read_rows(&sources.posts, &rows::POSTS, POSTS_MAX, found, rows::post)
    });
    let desk_limit = settings
        .as_ref()
        .map_or(u16::MAX, |settings| settings.desk_limit);
    let units = read_rows(&sources.units, &rows::UNITS, UNITS_MAX, found, |row| {
        rows::unit(row, desk_limit)
    });
    let hospitals = sources.hospitals.as_ref().map_or_else(Vec::new, |source| {
        let rows = read_rows(
            source,
            &rows::HOSPITALS,
            HOSPITALS_MAX,
            found,
            rows::hospital,
        );
        once(source, "name", rows, |row| &row.name, found)
    });
    let cells = sources.cells.as_ref().map_or_else(Vec::new, |source| {
        let rows = read_rows(source, &rows::CELLS, CELLS_MAX, found, rows::cell);
        once(source, "cell", rows, |row| &row.cell, found)
    });
    let reference = settings.as_ref().and_then(|settings| settings.reference);
    let reference = reference.unwrap_or_else(|| middle(&places(&posts, &units, &hospitals)));
    let projection = Projection::new(reference);
    let (ground, covered) = match ground {
        Some(ground) => (ground, ground_whole),
        None => whole(found, |found| {
            covering(
                &projection,
                &posts,
                &units,
                &hospitals,
                &sources.posts,
                found,
            )
        }),
    };
    let ground = Ground {
        districts: &ground,
        trusted: covered,
    };
    let posts = resolve_posts(&sources.posts, posts, ground, found);
    let posts = Posts {
        rows: &posts,
        trusted: posts_whole,
    };
    let units = resolve_units(&sources.units, units, &posts, ground, found);
    let (errors, warnings) = mistakes.finish();
    let city = match settings {
        Some(settings) if errors.mistakes.is_empty() => Ok(assemble(
            settings,
            projection,
            ground.districts.clone(),
            posts.rows,
            units,
            hospitals,
            cells,
        )),
        Some(_) | None => Err(errors),
    };
    Checked { city, warnings }
}

fn assemble(
    settings: Settings,
    projection: Projection,
    districts: Districts,
    posts: &BTreeMap<Name, Post>,
    units: Vec<UnitRow>,
    hospitals: Vec<Hospital>,
    cells: Vec<Cell>,
) -> City {
    let Settings {
        name,
        centre,
        utc_offset_min,
        desk_limit,
        seed,
        reference: _,
    } = settings;
    let posts = posts.values().copied().collect();
    let mut city = City {
        name,
        centre,
        projection,
        utc_offset_min,
        desk_limit,
        seed,
        districts,
        posts,
        units,
        hospitals,
        cells,
    };
    city.sort();
    city
}

/// What `read` gives, and whether it found no mistake on the way.
fn whole<T>(found: &mut Mistakes, read: impl FnOnce(&mut Mistakes) -> T) -> (T, bool) {
    let before = found.count();
    let value = read(found);
    (value, found.count() == before)
}

/// Districts to look things up in; not trusted once their own files have a mistake.
#[derive(Clone, Copy)]
struct Ground<'a> {
    districts: &'a Districts,
    trusted: bool,
}

struct Posts<'a> {
    rows: &'a BTreeMap<Name, Post>,
    trusted: bool,
}

fn note(
    source: &Source,
    line: u64,
    field: &str,
    wrong: String,
    right: impl Into<String>,
) -> Mistake {
    Mistake {
        row: Some(line),
        field: Some(field.into()),
        ..source.mistake(wrong, right)
    }
}

/// The rows, each key once; a repeat is a mistake that names the line of the first.
fn once<T>(
    source: &Source,
    field: &str,
    rows: Lines<T>,
    key: impl Fn(&T) -> &Name,
    found: &mut Mistakes,
) -> Vec<T> {
    let mut first: BTreeMap<Name, u64> = BTreeMap::new();
    for (line, row) in &rows {
        let earlier = *first.entry(*key(row)).or_insert(*line);
        if earlier != *line {
            let wrong = format!("{} is in line {earlier} already", quoted(key(row).as_str()));
            found.add(note(source, *line, field, wrong, "give each its own name"));
        }
    }
    rows.into_iter().map(|(_, row)| row).collect()
}

fn given_ground(sources: &Sources, found: &mut Mistakes) -> Option<Districts> {
    let (table, polygons) = (sources.districts.as_ref()?, sources.polygons.as_ref()?);
    let (drafts, table_whole) = whole(found, |found| {
        read_rows(
            table,
            &rows::DISTRICTS,
            DISTRICTS_MAX,
            found,
            rows::district,
        )
    });
    let (corners, corners_whole) = whole(found, |found| {
        read_rows(polygons, &rows::POLYGONS, CORNERS_MAX, found, rows::corner)
    });
    if drafts.is_empty() && table_whole {
        found.add(table.mistake("it has no district", "give the served area at least one"));
    }
    check_drafts(table, &drafts, table_whole, found);
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
        if shape.is_empty() && corners_whole && !parents.contains(&id) {
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

fn places(
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
fn middle(points: &[Point]) -> Point {
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
const COVERING: DistrictId = DistrictId(1);

/// One district around everything, for cities that give none.
fn covering(
    projection: &Projection,
    posts: &Lines<PostDraft>,
    units: &Lines<UnitDraft>,
    hospitals: &[Hospital],
    source: &Source,
    found: &mut Mistakes,
) -> Districts {
    let points = places(posts, units, hospitals);
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
            zone: super::Zone::Town,
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

/// The district that was given, if it exists, or else the one the point lies in.
fn home(
    given: Option<DistrictId>,
    point: Point,
    ground: Ground,
    note: impl Fn(String, &'static str) -> Mistake,
    found: &mut Mistakes,
) -> Option<DistrictId> {
    if !ground.trusted {
        return None;
    }
    match given {
        Some(id) if ground.districts.get(id).is_some() => Some(id),
        Some(id) => {
            found.add(note(
                format!("there is no district {}", id.0),
                "write a number of districts.csv, or nothing",
            ));
            None
        }
        None => {
            let at = ground.districts.at(point);
            if at.is_none() {
                let wrong = String::from("it lies outside every district");
                found.add(note(
                    wrong,
                    "write the district it belongs to, or correct its position",
                ));
            }
            at
        }
    }
}

fn resolve_posts(
    source: &Source,
    drafts: Lines<PostDraft>,
    ground: Ground,
    found: &mut Mistakes,
) -> BTreeMap<Name, Post> {
    let mut lines: BTreeMap<Name, u64> = BTreeMap::new();
    let mut posts = BTreeMap::new();
    for (line, draft) in drafts {
        let PostDraft {
            name,
            agency,
            point,
            district,
        } = draft;
        let earlier = *lines.entry(name).or_insert(line);
        if earlier != line {
            let wrong = format!("{} is in line {earlier} already", quoted(name.as_str()));
            found.add(note(source, line, "name", wrong, "give each its own name"));
            continue;
        }
        let at = |wrong, right: &'static str| note(source, line, "district", wrong, right);
        let resolved = home(district, point, ground, at, found);
        if let (Some(said), Some(lies)) = (resolved, ground.districts.at(point))
            && said != lies
        {
            let wrong = format!("it is said to be in {} and lies in {}", said.0, lies.0);
            found.warn(at(
                wrong,
                "correct whichever is wrong; the district said counts",
            ));
        }
        // A post whose district is in doubt is kept for the units that name it; the city is refused anyway.
        let district = resolved.unwrap_or(COVERING);
        posts.insert(
            name,
            Post {
                name,
                agency,
                point,
                district,
            },
        );
    }
    posts
}

fn resolve_units(
    source: &Source,
    drafts: Lines<UnitDraft>,
    posts: &Posts,
    ground: Ground,
    found: &mut Mistakes,
) -> Vec<UnitRow> {
    let mut units = Vec::with_capacity(drafts.len());
    for (line, draft) in drafts {
        let post = draft.post.and_then(|name| posts.rows.get(&name));
        if let (Some(name), None, true) = (draft.post, post, posts.trusted) {
            let wrong = format!("there is no post {}", quoted(name.as_str()));
            found.add(note(
                source,
                line,
                "post",
                wrong,
                "write a name of posts.csv, or nothing and a position",
            ));
        }
        let Some(point) = draft.point.or(post.map(|post| post.point)) else {
            if draft.post.is_none() {
                let wrong = String::from("the unit has neither a post nor a position");
                found.add(note(
                    source,
                    line,
                    "post",
                    wrong,
                    "name its post, or fill lat, lon and datum",
                ));
            }
            continue;
        };
        let given = draft.home.or(if draft.point.is_none() {
            post.map(|post| post.district)
        } else {
            None
        });
        let at = |wrong, right: &'static str| note(source, line, "home", wrong, right);
        let Some(home) = home(given, point, ground, at, found) else {
            continue;
        };
        units.push((line, finished(draft, point, home)));
    }
    once(source, "name", units, |unit| &unit.name, found)
}

fn finished(draft: UnitDraft, point: Point, home: DistrictId) -> UnitRow {
    UnitRow {
        name: draft.name,
        agency: draft.agency,
        capabilities: draft.capabilities,
        post: draft.post,
        home,
        point,
        speed_mm_s: draft.speed_mm_s,
        turnout_ms: draft.turnout_ms,
        strength: draft.strength,
        least_strength: draft.least_strength,
        roster_on_min: draft.roster_on_min,
        roster_off_min: draft.roster_off_min,
        capacity: draft.capacity,
        contacts: draft.contacts,
    }
}
