//! Compares rows: repeats, and the posts and districts that posts and units name.

use super::super::mistake::{Mistake, Mistakes, quoted};
use super::super::polygon::Districts;
use super::super::rows::{PostDraft, UnitDraft};
use super::super::sheet::Source;
use super::super::{Post, UnitRow};
use super::ground::COVERING;
use super::{Lines, note};
use crate::name::Name;
use crate::place::{DistrictId, Point};
use std::collections::BTreeMap;

/// Districts to look things up in; not trusted once their own files have a mistake.
#[derive(Clone, Copy)]
pub(super) struct Ground<'a> {
    pub districts: &'a Districts,
    pub trusted: bool,
}

pub(super) struct Posts<'a> {
    pub rows: &'a BTreeMap<Name, Post>,
    pub trusted: bool,
}

/// The rows, each key once; a repeat is a mistake that names the line of the first.
pub(super) fn once<T>(
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

pub(super) fn resolve_posts(
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

pub(super) fn resolve_units(
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
        let inherited = post
            .filter(|_| draft.point.is_none())
            .map(|post| post.district);
        if draft.home.is_none() && inherited.is_some() && !posts.trusted {
            continue;
        }
        let given = draft.home.or(inherited);
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
        phones: draft.phones,
    }
}
