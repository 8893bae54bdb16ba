//! `liandong journal verify`, `export`, `replay` and `hash`: they read, take no lock and change nothing.

use anyhow::{Context, bail};
use engine::call::Testimony;
use engine::command::{Actor, Command};
use engine::event::Event;
use engine::id::{HeaderHash, ObjectHash, Sequence};
use engine::journal::{Objects, Reader};
use engine::moment::Moment;
use engine::record::Record;
use engine::runtime::Replay;
use serde::Serialize;
use std::io::{BufWriter, Write};
use std::path::Path;

/// What the name of each segment file ends with.
const SEGMENT_END: &str = ".log";

/// Proves a journal.
pub fn verify(dir: &Path, head: Option<HeaderHash>) -> anyhow::Result<()> {
    must_be_there(dir)?;
    let verdict = engine::journal::verify(dir, head)?;
    writeln!(std::io::stdout().lock(), "{verdict}")?;
    if !verdict.is_sound() {
        bail!(
            "{}: the journal is not sound; keep the folder as it is and restore from a copy",
            dir.display()
        );
    }
    Ok(())
}

/// Copies a journal into a folder that holds none: a backup, or a restore.
pub fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    must_be_there(from)?;
    let verdict = engine::journal::backup::copy(&from.into(), &to.into())?;
    writeln!(
        std::io::stdout().lock(),
        "{} copied to {}\n{verdict}",
        from.display(),
        to.display()
    )?;
    Ok(())
}

fn must_be_there(dir: &Path) -> anyhow::Result<()> {
    if !dir.is_dir() {
        bail!(
            "{}: no such folder; name the data folder of a centre (`centre.data` of its configuration)",
            dir.display()
        );
    }
    let entries = std::fs::read_dir(dir).with_context(|| dir.display().to_string())?;
    let mut names = entries.filter_map(|entry| entry.ok().map(|entry| entry.file_name()));
    if !names.any(|name| name.to_string_lossy().ends_with(SEGMENT_END)) {
        bail!(
            "{}: holds no journal; name the data folder of a centre",
            dir.display()
        );
    }
    Ok(())
}

#[derive(Serialize)]
struct Line<'a> {
    seq: Sequence,
    at: Moment,
    actor: Actor,
    command: Command,
    events: &'a [Event],
    #[serde(skip_serializing_if = "Option::is_none")]
    testimony: Option<Testimony>,
}

/// Prints records as JSON lines, and the objects that they name into a folder.
pub fn export(
    dir: &Path,
    objects_out: Option<&Path>,
    from: Sequence,
    to: Sequence,
) -> anyhow::Result<()> {
    must_be_there(dir)?;
    let mut reader = Reader::open(dir)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut named = Vec::new();
    // All that is whole: what is asked for may lie past the end, and that is no damage.
    while let Some(read) = reader.next(Sequence(u64::MAX))? {
        let seq = read.sequence;
        if seq > to {
            break;
        }
        let record = Record::decode(read.payload).with_context(|| format!("record {seq}"))?;
        for event in &record.events {
            if let Event::ObjectActivated(activation) = event {
                // Objects are in force before the first record that is asked for, so they are kept all the same.
                named.push(activation.hash);
            }
        }
        if seq < from {
            continue;
        }
        let testimony = record
            .testimony()
            .with_context(|| format!("record {seq}"))?;
        let line = Line {
            seq,
            at: record.at,
            actor: record.envelope.actor,
            command: record.envelope.command,
            events: &record.events,
            testimony,
        };
        serde_json::to_writer(&mut out, &line).map_err(std::io::Error::from)?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    match objects_out {
        Some(folder) => export_objects(dir, folder, &named),
        None => Ok(()),
    }
}

fn export_objects(dir: &Path, folder: &Path, named: &[ObjectHash]) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| unwritable(folder))?;
    let objects = Objects::of(dir);
    for &hash in named {
        let bytes = objects.get(hash)?;
        let path = folder.join(hash.to_string());
        std::fs::write(&path, bytes).with_context(|| unwritable(&path))?;
    }
    Ok(())
}

fn unwritable(path: &Path) -> String {
    format!(
        "{}: cannot be written; name a folder that can",
        path.display()
    )
}

/// Applies every command again and compares.
pub fn replay(dir: &Path) -> anyhow::Result<()> {
    let (sequence, hash) = replayed(dir, None, true)?;
    writeln!(
        std::io::stdout().lock(),
        "{}: replayed to {sequence}, every event the same; state {hash}",
        dir.display()
    )?;
    Ok(())
}

/// Prints the hash of the state.
pub fn hash(dir: &Path, at: Option<Sequence>) -> anyhow::Result<()> {
    let (_, hash) = replayed(dir, at, false)?;
    writeln!(std::io::stdout().lock(), "{hash}")?;
    Ok(())
}

fn replayed(
    dir: &Path,
    at: Option<Sequence>,
    whole: bool,
) -> anyhow::Result<(Sequence, ObjectHash)> {
    must_be_there(dir)?;
    let until = at.unwrap_or(Sequence(u64::MAX));
    let replay = if whole {
        Replay::new(dir)?
    } else {
        Replay::from_snapshot(dir, until)?
    };
    let centre = replay.run(until)?;
    if let Some(at) = at.filter(|&at| at != centre.sequence()) {
        bail!(
            "{}: no record {at}: the journal ends at {}; name one up to it",
            dir.display(),
            centre.sequence()
        );
    }
    Ok((centre.sequence(), centre.inspect().hash))
}
