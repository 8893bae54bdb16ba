//! `liandong roads build`: from an extract or two tables to a prepared map.

use super::Build;
use anyhow::{Context, anyhow};
use engine::roads::import::{Imported, csv, osm};
use engine::roads::prepared::{Prepared, Sections};
use engine::roads::road_map::add_order;
use std::fs::File;
use std::io::{BufReader, IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// How often progress is told on a terminal, and elsewhere.
const TOLD_EVERY: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(5)];

/// Up to so many nodes nobody has to be told that it takes a while.
const NODES_SILENT: usize = 50_000;

/// Builds the map and says what came of it.
pub(super) fn build(asked: &Build) -> anyhow::Result<()> {
    let started = Instant::now();
    let imported = match (&asked.map, &asked.nodes, &asked.edges) {
        (Some(map), _, _) => from_map(map, asked.speeds.as_deref())?,
        (None, Some(nodes), Some(edges)) => from_tables(nodes, edges, &asked.attribution)?,
        _ => return Err(anyhow!("name an extract, or --nodes and --edges")), // clap asks for one of them
    };
    let report = imported.report.to_string();
    let sections = prepared(&imported, &report)?;
    sections.write(&asked.output)?;
    // What was written is read back: a map that this release cannot open is no map.
    let written = Instant::now();
    let map = Prepared::open(&asked.output)?;
    let checked = written.elapsed();
    let mut out = std::io::stdout().lock();
    out.write_all(report.as_bytes())?;
    writeln!(
        out,
        "{}: {} nodes, {} edges, {} banned turns, {} bytes, {}",
        asked.output.display(),
        map.node_count(),
        map.edge_count(),
        map.ban_count(),
        map.size(),
        map.hash(),
    )?;
    if !map.attribution().is_empty() {
        writeln!(out, "{}", map.attribution())?;
    }
    eprintln!("liandong: {}", cost(started.elapsed(), checked));
    Ok(())
}

/// The sections of a map, its contraction order among them.
fn prepared(imported: &Imported, report: &str) -> anyhow::Result<Sections> {
    let mut sections = Sections::of(&imported.network, report);
    let nodes = imported.network.nodes.len();
    if nodes > NODES_SILENT {
        eprintln!(
            "liandong: looking for the contraction order of {nodes} nodes; 300 000 take some ten seconds"
        );
    }
    let ordering = Instant::now();
    let (entries, longest) = add_order(&imported.network, &mut sections)?;
    eprintln!(
        "liandong: contraction order in {:.2} s; labels of {} entries on average, {longest} at most",
        ordering.elapsed().as_secs_f64(),
        entries / nodes.max(1),
    );
    Ok(sections)
}

/// The bytes of the map that two tables make, and what was found in them.
pub(in crate::cli) fn of_tables(
    nodes: &Path,
    edges: &Path,
    attribution: &str,
) -> anyhow::Result<(Vec<u8>, String)> {
    let imported = from_tables(nodes, edges, attribution)?;
    let report = imported.report.to_string();
    Ok((prepared(&imported, &report)?.file(), report))
}

fn from_map(path: &Path, speeds: Option<&Path>) -> anyhow::Result<Imported> {
    let speeds = match speeds {
        None => osm::Speeds::default(),
        Some(file) => {
            let shown = || file.display().to_string();
            let text = std::fs::read_to_string(file).with_context(shown)?;
            osm::Speeds::with(&text).with_context(shown)?
        }
    };
    let shown = || path.display().to_string();
    let file = File::open(path).with_context(shown)?;
    let size = file.metadata().with_context(shown)?.len();
    let mut teller = Teller::new(size);
    let imported = osm::import(file, &speeds, &mut |progress| teller.tell(progress));
    teller.end();
    imported.with_context(shown)
}

fn from_tables(nodes: &Path, edges: &Path, attribution: &str) -> anyhow::Result<Imported> {
    // The report is kept in the map, so it names no folder: the same tables elsewhere give the same bytes.
    let open = |name: &str, path: &Path| -> anyhow::Result<csv::Source<BufReader<File>>> {
        let file = File::open(path).with_context(|| path.display().to_string())?;
        Ok(csv::Source {
            name: name.to_owned(),
            bytes: BufReader::new(file),
        })
    };
    csv::import(open("nodes", nodes)?, open("edges", edges)?, attribution)
        .with_context(|| format!("{} and {}", nodes.display(), edges.display()))
}

/// Tells on stderr how far an import is: one line that changes on a terminal, a line now and then elsewhere.
struct Teller {
    size: u64,
    terminal: bool,
    told: Instant,
    open: bool,
}

impl Teller {
    fn new(size: u64) -> Teller {
        Teller {
            size,
            terminal: std::io::stderr().is_terminal(),
            told: Instant::now(),
            open: false,
        }
    }

    fn tell(&mut self, progress: osm::Progress) {
        if self.told.elapsed() < TOLD_EVERY[usize::from(!self.terminal)] {
            return;
        }
        self.told = Instant::now();
        let percent = progress.bytes.saturating_mul(100) / self.size.max(1);
        let what = match progress.pass {
            1 => "roads and restrictions",
            _ => "nodes",
        };
        let line = format!("pass {} of 2, {what}: {percent} %", progress.pass);
        if self.terminal {
            eprint!("\r{line:<60}");
            self.open = true;
        } else {
            eprintln!("liandong: {line}");
        }
    }

    /// Clears the line, so that what comes next stands on its own.
    fn end(&mut self) {
        if self.open {
            eprint!("\r{:60}\r", "");
        }
    }
}

/// What the build took, as far as the machine tells.
fn cost(time: Duration, checked: Duration) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|value| value.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    let memory = peak.map_or(String::new(), |kib| {
        format!(" and at most {} MiB of memory", kib.div_ceil(1024))
    });
    format!(
        "took {:.2} s{memory}; opening and checking the map took {:.1} ms of it",
        time.as_secs_f64(),
        checked.as_secs_f64() * 1_000.0
    )
}
