//! A network from an extract of OpenStreetMap, `.osm.pbf`, for cars and emergency vehicles.
//!
//! Two passes over the file, so that only what is kept takes memory: the first reads ways (`way`: class, `access`, `oneway`,
//! `limit`, `speeds`) and turn restrictions (`restriction`), the second the nodes of those ways with their barriers
//! (`barrier`). Then segments become edges and restrictions banned sequences of them (`turns`). `pbf` and `wire` read the
//! format. The rules stand as tables in `docs/roads.md`; a checker in another language is written from there.

mod access;
mod barrier;
mod limit;
mod oneway;
mod pbf;
mod restriction;
mod speeds;
mod turns;
mod way;
mod wire;

pub use pbf::PbfError;
pub use speeds::{Speeds, SpeedsError};
pub use wire::Malformed;

use super::report::{Finding, Report};
use super::settle::{Draft, SettleError, settle};
use super::{Imported, OPENSTREETMAP, ground};
use crate::place::Point;
use crate::roads::network::{CLOSED_MS, EDGE_MS_MAX, Edge, EdgeIndex, Node, NodeIndex};
use pbf::{Blobs, Kind};
use restriction::{Restriction, Via};
use std::io::{Read, Seek, SeekFrom};
use turns::{Courses, Piece, Turns};
use way::Road;
use wire::{Lists, Member, Tags, Visitor};

/// Features that this reader has, by the names of the format.
const FEATURES: [&str; 2] = ["OsmSchema-V0.6", "DenseNodes"];
/// References of roads to nodes that one import takes: 32 bits index them.
const REFERENCES_MAX: usize = u32::MAX as usize;

/// Why no network came of an extract.
#[derive(Debug, thiserror::Error)]
pub enum OsmError {
    /// The file cannot be read.
    #[error(transparent)]
    Pbf(#[from] PbfError),
    /// Nothing to drive came of it.
    #[error(transparent)]
    Settle(#[from] SettleError),
}

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Which pass over the file, from 1 to 2.
    pub pass: u8,
    /// Bytes of it that were read.
    pub bytes: u64,
}

/// A network from an extract. `tell` hears of each blob.
pub fn import<R: Read + Seek>(
    mut file: R,
    speeds: &Speeds,
    tell: &mut dyn FnMut(Progress),
) -> Result<Imported, OsmError> {
    let mut ways = Ways {
        speeds,
        report: Report::default(),
        roads: Vec::new(),
        references: Vec::new(),
        restrictions: Vec::new(),
    };
    let bytes = pass(&mut file, 1, &mut ways, tell)?;
    ways.report.count(Finding::MapBytes, bytes);
    ways.drop_repeated();
    let mut nodes = Nodes::wanted(&ways);
    pass(&mut file, 2, &mut nodes, tell)?;
    let Nodes {
        ids,
        points,
        stops,
        report,
        ..
    } = nodes;
    ways.report.absorb(report);
    let mut report = std::mem::take(&mut ways.report);
    let draft = draft(&ways, &ids, &points, &stops, &mut report);
    drop(ways);
    let network = settle(draft, &mut report)?;
    Ok(Imported { network, report })
}

/// Shows all blocks of the file to a visitor; returns how many bytes it has.
fn pass<R: Read + Seek, V: Visitor>(
    file: &mut R,
    pass: u8,
    visitor: &mut V,
    tell: &mut dyn FnMut(Progress),
) -> Result<u64, PbfError> {
    file.seek(SeekFrom::Start(0))?;
    let mut blobs = Blobs::new(std::io::BufReader::new(file));
    let (mut block, mut lists) = (Vec::new(), Lists::default());
    while let Some((kind, at)) = blobs.next(&mut block)? {
        let malformed = |source| PbfError::Malformed { at, source };
        match kind {
            Kind::Header => {
                let features = wire::required_features(&block).map_err(malformed)?;
                check_features(features)?;
            }
            Kind::Data => wire::visit(&block, &mut lists, visitor).map_err(malformed)?,
            Kind::Other => {}
        }
        tell(Progress {
            pass,
            bytes: blobs.at(),
        });
    }
    match blobs.at() {
        0 => Err(PbfError::Foreign),
        bytes => Ok(bytes),
    }
}

fn check_features(features: Vec<String>) -> Result<(), PbfError> {
    let unknown = features
        .into_iter()
        .find(|feature| !FEATURES.contains(&feature.as_str()));
    match unknown {
        None => Ok(()),
        Some(feature) => Err(PbfError::Feature {
            right: if feature == "HistoricalInformation" {
                "take an extract without history"
            } else {
                "convert it as by `osmium cat`"
            },
            feature,
        }),
    }
}

/// A road and where its nodes stand in the list of references.
#[derive(Clone, Copy, Debug)]
struct Kept {
    id: i64,
    road: Road,
    first: u32,
    count: u32,
}

/// The first pass: roads and restrictions.
struct Ways<'a> {
    speeds: &'a Speeds,
    report: Report,
    roads: Vec<Kept>,
    references: Vec<i64>,
    restrictions: Vec<Restriction>,
}

impl Visitor for Ways<'_> {
    const NODES: bool = false;

    fn way(&mut self, id: i64, nodes: &[i64], tags: Tags) {
        self.report.count(Finding::MapWays, 1);
        let room = REFERENCES_MAX - self.references.len();
        let Some(road) = way::road(id, tags, self.speeds, &mut self.report) else {
            return;
        };
        if nodes.len() > room {
            return; // the network has a billion edges by then, and `settle` says so
        }
        self.roads.push(Kept {
            id,
            road,
            first: self.references.len() as u32,
            count: nodes.len() as u32,
        });
        self.references.extend_from_slice(nodes);
    }

    fn relation(&mut self, id: i64, members: &[Member], tags: Tags) {
        self.report.count(Finding::MapRelations, 1);
        if restriction::is_one(tags) {
            let rules = restriction::read(id, members, tags, &mut self.report);
            self.restrictions.extend(rules);
        }
    }
}

impl Ways<'_> {
    /// Of ways with one id the first stays. Sorted, so that the order of the file does not matter.
    fn drop_repeated(&mut self) {
        self.roads.sort_by_key(|kept| kept.id);
        let report = &mut self.report;
        self.roads.dedup_by(|later, kept| {
            let repeated = later.id == kept.id;
            if repeated {
                report.note(Finding::WayRepeated, format_args!("way {}", later.id));
            }
            repeated
        });
        self.restrictions.sort_by_key(|restriction| restriction.id);
    }

    fn nodes_of(&self, kept: &Kept) -> &[i64] {
        &self.references[kept.first as usize..][..kept.count as usize]
    }
}

/// The second pass: the nodes that roads name.
struct Nodes<'a> {
    speeds: &'a Speeds,
    report: Report,
    ids: Vec<i64>,
    points: Vec<Option<Point>>,
    stops: Vec<(u32, [bool; 2])>,
    /// The place of the last id found; files are sorted, so the next one is near.
    near: usize,
}

impl<'a> Nodes<'a> {
    fn wanted(ways: &Ways<'a>) -> Nodes<'a> {
        let mut ids: Vec<i64> = Vec::new();
        for kept in &ways.roads {
            ids.extend_from_slice(ways.nodes_of(kept));
        }
        ids.sort_unstable();
        ids.dedup();
        ids.shrink_to_fit();
        Nodes {
            speeds: ways.speeds,
            report: Report::default(),
            points: vec![None; ids.len()],
            ids,
            stops: Vec::new(),
            near: 0,
        }
    }

    fn place(&mut self, id: i64) -> Option<usize> {
        let next = self.near + 1;
        let place = if self.ids.get(next).is_some_and(|&next| next == id) {
            next
        } else {
            self.ids.binary_search(&id).ok()?
        };
        self.near = place;
        Some(place)
    }
}

impl Visitor for Nodes<'_> {
    const NODES: bool = true;

    fn node(&mut self, id: i64, point: Option<Point>, tags: Tags) {
        self.report.count(Finding::MapNodes, 1);
        let Some(place) = self.place(id) else { return };
        match point {
            None => self
                .report
                .note(Finding::NodeNowhere, format_args!("node {id}")),
            Some(_) if self.points[place].is_some() => {
                self.report
                    .note(Finding::NodeRepeated, format_args!("node {id}"));
            }
            Some(point) => {
                self.points[place] = Some(point);
                let stops = barrier::stops(id, tags, self.speeds, &mut self.report);
                if stops != [false, false] {
                    self.stops.push((place as u32, stops));
                }
            }
        }
    }
}

/// The index of a node that is not in the extract.
const ABSENT: u32 = u32::MAX;

/// Segments to edges, restrictions and barriers to bans.
fn draft(
    ways: &Ways,
    ids: &[i64],
    points: &[Option<Point>],
    stops: &[(u32, [bool; 2])],
    report: &mut Report,
) -> Draft {
    let mut draft = Draft {
        attribution: OPENSTREETMAP.to_owned(),
        ..Draft::default()
    };
    let mut places = vec![ABSENT; ids.len()];
    for (at, point) in points.iter().enumerate() {
        if let Some(point) = *point {
            places[at] = draft.nodes.len() as u32;
            let name = ids[at];
            draft.nodes.push(Node { point, name });
        }
    }
    let place = |id: i64| {
        let at = ids.binary_search(&id).ok()?;
        (places[at] != ABSENT).then_some(NodeIndex(places[at]))
    };
    let mut courses = restricted(&ways.restrictions);
    for kept in &ways.roads {
        let nodes = ways.nodes_of(kept);
        let mut course = courses.get_mut(&kept.id);
        if let Some(course) = &mut course {
            course.ends = [nodes.first(), nodes.last()].map(|end| place(*end?));
            course.whole = nodes.iter().all(|&node| place(node).is_some());
        }
        for pair in nodes.windows(2) {
            let (Some(a), Some(b)) = (place(pair[0]), place(pair[1])) else {
                report.note(Finding::SegmentCut, format_args!("way {}", kept.id));
                continue;
            };
            if let Some(piece) = segment(kept, a, b, &mut draft, report)
                && let Some(course) = &mut course
            {
                course.pieces.push(piece);
            }
        }
    }
    let turns = Turns::new(draft.nodes.len(), &draft.edges);
    for restriction in &ways.restrictions {
        let via = match restriction.via {
            Via::Node(id) => place(id),
            Via::Ways(_) => None,
        };
        turns.ban(restriction, &courses, via, &mut draft.bans, report);
    }
    for &(at, stops) in stops {
        if places[at as usize] != ABSENT {
            turns.bar(NodeIndex(places[at as usize]), stops, &mut draft.bans);
        }
    }
    draft
}

/// An empty course for each way that a restriction names.
fn restricted(restrictions: &[Restriction]) -> Courses {
    let mut courses = Courses::new();
    for restriction in restrictions {
        let via: &[i64] = match &restriction.via {
            Via::Node(_) => &[],
            Via::Ways(ways) => ways,
        };
        for &way in restriction.from.iter().chain(&restriction.to).chain(via) {
            courses.entry(way).or_default();
        }
    }
    courses
}

/// The edges of one segment, one for each direction that is open to somebody. `None` for a segment that goes nowhere.
fn segment(
    kept: &Kept,
    a: NodeIndex,
    b: NodeIndex,
    draft: &mut Draft,
    report: &mut Report,
) -> Option<Piece> {
    let place = format_args!("way {}", kept.id);
    if a == b {
        report.note(Finding::EdgeLoop, place);
        return None;
    }
    let points = [a, b].map(|node| draft.nodes[node.0 as usize].point);
    let length_mm = ground::length_mm(points[0], points[1]);
    if length_mm == 0 {
        report.note(Finding::SegmentZero, place);
    }
    let mut edges = [None; 2];
    for (at, (from, to)) in [(a, b), (b, a)].into_iter().enumerate() {
        let time = |profile: usize| {
            kept.road.speed[at][profile]
                .map_or(u64::from(CLOSED_MS), |speed| speed.time_ms(length_mm))
        };
        let [normal, siren] = [time(0), time(1)];
        let most = u64::from(EDGE_MS_MAX);
        if siren == u64::from(CLOSED_MS) {
            continue;
        }
        if siren > most || (normal > most && normal != u64::from(CLOSED_MS)) {
            report.note(Finding::EdgeTimeNone, place);
            continue;
        }
        if normal == u64::from(CLOSED_MS) {
            report.count(Finding::EdgeSirenOnly, 1);
        }
        edges[at] = Some(EdgeIndex(draft.edges.len() as u32));
        draft.edges.push(Edge {
            from,
            to,
            length_mm,
            time_ms: [normal as u32, siren as u32],
            class: kept.road.class,
        });
    }
    Some(Piece { a, b, edges })
}

#[cfg(test)]
mod made;
#[cfg(test)]
mod tests;
