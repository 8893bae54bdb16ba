//! The road network of Auckland as the ambulance simulation JEMSS has it: tables of a name line, a header line and rows, times
//! in days, mode 1 with lights and sirens, mode 2 without. It lies beside the repository, never in it.

use anyhow::Context;
use engine::place::Point;
use engine::roads::import::{Draft, Report, settle};
use engine::roads::network::{Edge, Network, Node, NodeIndex, RoadClass};
use std::io::Read;
use std::path::Path;

const MS_PER_DAY: f64 = 86_400_000.0;

/// The network; `None`, with one line that says so, where the data are missing. Under CI they must be there.
pub fn auckland() -> anyhow::Result<Option<Network>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/ems-auckland");
    if !folder.exists() {
        anyhow::ensure!(
            std::env::var("CI").as_deref() != Ok("true"),
            "../shared/data/ems-auckland is missing under CI"
        );
        println!("skipped: ../shared/data/ems-auckland is not there");
        return Ok(None);
    }
    let mut draft = Draft::default();
    for row in rows(&folder.join("nodes.csv.zst"), "index,x,y")? {
        let [index, x, y] = fields(&row)?;
        draft.nodes.push(Node {
            point: Point {
                lat_e7: (y * 1e7).round() as i32,
                lon_e7: (x * 1e7).round() as i32,
            },
            name: index as i64,
        });
    }
    for row in rows(&folder.join("arcs.csv.zst"), "index,fromNode")? {
        let [_, from, to, kilometres, siren, normal] = fields(&row)?;
        draft.edges.push(Edge {
            from: NodeIndex(from as u32 - 1),
            to: NodeIndex(to as u32 - 1),
            length_mm: (kilometres * 1e6).round() as u32,
            time_ms: [normal, siren].map(|days| (days * MS_PER_DAY).round() as u32),
            class: RoadClass::Other,
        });
    }
    Ok(Some(settle(draft, &mut Report::default())?))
}

/// The rows of the table whose header begins so.
fn rows(path: &Path, header: &str) -> anyhow::Result<Vec<String>> {
    let read = || -> anyhow::Result<String> {
        let mut text = String::new();
        zstd::stream::read::Decoder::new(std::fs::File::open(path)?)?.read_to_string(&mut text)?;
        Ok(text)
    };
    let text = read().with_context(|| format!("{} cannot be read", path.display()))?;
    let rows = text.lines().skip_while(|line| !line.starts_with(header));
    let rows = rows
        .skip(1)
        .take_while(|row| row.starts_with(|first: char| first.is_ascii_digit()));
    Ok(rows.map(str::to_owned).collect())
}

fn fields<const N: usize>(row: &str) -> anyhow::Result<[f64; N]> {
    let mut fields = row.split(',');
    let mut values = [0.0; N];
    for value in &mut values {
        *value = fields
            .next()
            .and_then(|field| field.parse().ok())
            .with_context(|| format!("{row:?} is no row of numbers"))?;
    }
    Ok(values)
}
