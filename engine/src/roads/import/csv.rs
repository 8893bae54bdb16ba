//! A network from two plain tables: `id,lat,lon` and `from,to,metres,seconds[,seconds_siren][,class]`.
//!
//! One row is one direction. What cannot be a table of ours is an error that names row and column: no such column, a word
//! where a number belongs, one id at two places. What is a row of ours but no road (a loop, an unknown node, a time that is
//! none) is left out, counted and named. Seconds become whole milliseconds, half up, from their digits.

mod table;

use super::decimal::Decimal;
use super::report::{Finding, Report};
use super::settle::{Draft, SettleError, settle};
use super::{Imported, ground};
use crate::place::Point;
use crate::roads::network::{CLOSED_MS, EDGE_MS_MAX, Edge, Node, NodeIndex, RoadClass};
use std::io::Read;
use table::{Row, Table};

/// Why the tables are none of ours. Nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// A table cannot be read.
    #[error("{file}: cannot be read: {source}")]
    Read {
        /// Which table.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// A row is none.
    #[error("{file}:{row}: {wrong}; {right}")]
    Row {
        /// Which table.
        file: String,
        /// The line in it, from 1.
        row: u64,
        /// What is wrong.
        wrong: String,
        /// What would be right.
        right: &'static str,
    },
    /// A field is not what its column holds.
    #[error("{file}:{row}: {column}: {wrong}; {right}")]
    Field {
        /// Which table.
        file: String,
        /// The line in it, from 1.
        row: u64,
        /// The column.
        column: &'static str,
        /// What is wrong.
        wrong: String,
        /// What would be right.
        right: &'static str,
    },
    /// No network came of it.
    #[error(transparent)]
    Settle(#[from] SettleError),
}

/// One table to read, and what to call it in messages.
pub struct Source<R> {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub bytes: R,
}

/// Longer edges are no road: 4 000 km in millimetres.
const LENGTH_MM_MAX: i64 = 4_000_000_000;
/// An edge this many tenths as long as the straight line is worth a note.
const SHORT_TENTHS: u64 = 9;

/// A network from a table of nodes and a table of edges.
pub fn import<N: Read, E: Read>(
    nodes: Source<N>,
    edges: Source<E>,
    attribution: &str,
) -> Result<Imported, CsvError> {
    let mut report = Report::default();
    let mut draft = Draft {
        nodes: read_nodes(nodes, &mut report)?,
        attribution: attribution.to_owned(),
        ..Draft::default()
    };
    read_edges(edges, &mut draft, &mut report)?;
    let network = settle(draft, &mut report)?;
    Ok(Imported { network, report })
}

/// All nodes that can be placed, sorted by id.
fn read_nodes<R: Read>(source: Source<R>, report: &mut Report) -> Result<Vec<Node>, CsvError> {
    let mut table = Table::open(source, &["id", "lat", "lon"], &[])?;
    let mut found: Vec<(Node, u64)> = Vec::new();
    while let Some(row) = table.next()? {
        report.count(Finding::NodeRows, 1);
        let name = row.id(0)?;
        match point(&row)? {
            Some(point) => found.push((Node { point, name }, row.line())),
            None => report.note(Finding::NodeNowhere, row.place()),
        }
    }
    found.sort_by_key(|(node, line)| (node.name, *line));
    let mut nodes: Vec<Node> = Vec::with_capacity(found.len());
    let mut first_line = 0;
    for (node, line) in found {
        match nodes.last() {
            Some(last) if last.name == node.name && last.point == node.point => {
                report.note(Finding::NodeRepeated, table.place(line));
            }
            Some(last) if last.name == node.name => {
                return Err(CsvError::Field {
                    file: table.name().to_owned(),
                    row: line,
                    column: "id",
                    wrong: format!("{} is at another place in row {first_line}", node.name),
                    right: "an id is one node",
                });
            }
            _ => {
                nodes.push(node);
                first_line = line;
            }
        }
    }
    Ok(nodes)
}

/// Where a row says the node is; `None` when that is nowhere.
fn point(row: &Row) -> Result<Option<Point>, CsvError> {
    let degree = |column: usize, most: i64| -> Result<Option<i32>, CsvError> {
        Ok(match row.number(column, 7)? {
            Decimal::Scaled(e7) if e7.abs() <= most => i32::try_from(e7).ok(),
            Decimal::Scaled(_) | Decimal::NotFinite => None,
        })
    };
    let (lat, lon) = (degree(1, 900_000_000)?, degree(2, 1_800_000_000)?);
    Ok(lat
        .zip(lon)
        .map(|(lat_e7, lon_e7)| Point { lat_e7, lon_e7 }))
}

fn read_edges<R: Read>(
    source: Source<R>,
    draft: &mut Draft,
    report: &mut Report,
) -> Result<(), CsvError> {
    let wanted = ["from", "to", "metres", "seconds"];
    let mut table = Table::open(source, &wanted, &["seconds_siren", "class"])?;
    while let Some(row) = table.next()? {
        report.count(Finding::EdgeRows, 1);
        match edge(&row, &draft.nodes, report)? {
            Ok(edge) => draft.edges.push(edge),
            Err(refused) => report.note(refused, row.place()),
        }
    }
    Ok(())
}

/// The edge of a row, or why it is left out.
fn edge(row: &Row, nodes: &[Node], report: &mut Report) -> Result<Result<Edge, Finding>, CsvError> {
    let (from, to) = (row.id(0)?, row.id(1)?);
    let length = row.number(2, 3)?;
    let times = times(row)?;
    let class = class(row)?;
    if from == to {
        return Ok(Err(Finding::EdgeLoop));
    }
    let find = |name| nodes.binary_search_by_key(&name, |node: &Node| node.name);
    let (Ok(from), Ok(to)) = (find(from), find(to)) else {
        return Ok(Err(Finding::EdgeUnknownNode));
    };
    let Some(time_ms) = times else {
        return Ok(Err(Finding::EdgeTimeNone));
    };
    let straight_mm = ground::length_mm(nodes[from].point, nodes[to].point);
    let mut length_mm = match length {
        Decimal::Scaled(mm @ 0..=LENGTH_MM_MAX) => mm as u32,
        Decimal::Scaled(_) | Decimal::NotFinite => return Ok(Err(Finding::EdgeLengthNone)),
    };
    if length_mm == 0 && straight_mm > 0 {
        length_mm = straight_mm;
        report.note(Finding::EdgeLengthFilled, row.place());
    }
    if u64::from(length_mm) * 10 < u64::from(straight_mm) * SHORT_TENTHS {
        report.note(Finding::EdgeShort, row.place());
    }
    if time_ms[1] == 0 {
        report.note(Finding::EdgeTimeZero, row.place());
    }
    if time_ms[0] == CLOSED_MS {
        report.note(Finding::EdgeSirenOnly, row.place());
    } else if time_ms[0] < time_ms[1] {
        report.note(Finding::EdgeSirenSlower, row.place());
    }
    Ok(Ok(Edge {
        from: NodeIndex(from as u32),
        to: NodeIndex(to as u32),
        length_mm,
        time_ms,
        class,
    }))
}

/// Times by profile. `seconds_siren` left empty is as `seconds`; `seconds` left empty is an edge for the siren alone.
/// `None` when one of them is no time.
fn times(row: &Row) -> Result<Option<[u32; 2]>, CsvError> {
    let time = |column: usize| -> Result<Option<u32>, CsvError> {
        Ok(match row.number(column, 3)? {
            Decimal::Scaled(ms) => u32::try_from(ms).ok().filter(|&ms| ms <= EDGE_MS_MAX),
            Decimal::NotFinite => None,
        })
    };
    let siren_given = !row.is_empty(4);
    if row.is_empty(3) && siren_given {
        return Ok(time(4)?.map(|siren| [CLOSED_MS, siren]));
    }
    let normal = time(3)?;
    let siren = if siren_given { time(4)? } else { normal };
    Ok(normal.zip(siren).map(|(normal, siren)| [normal, siren]))
}

fn class(row: &Row) -> Result<RoadClass, CsvError> {
    if row.is_empty(5) {
        return Ok(RoadClass::Other);
    }
    RoadClass::from_code(row.text(5)).ok_or_else(|| {
        row.wrong(
            5,
            "is no class of road",
            "one of motorway, trunk, primary, secondary, tertiary, unclassified, residential, living_street, service, \
             track, other; or nothing",
        )
    })
}

#[cfg(test)]
mod tests;
