//! How fast a centre comes back: a journal of the standard load, replayed whole, then begun with from a snapshot.
//!
//! `cargo run --release -p bench --bin recovery -- [--commands 5000000] [--folder DIR]`. The folder is a temporary one beside
//! the system's others; about 400 bytes a command are needed. Prints figures, and fails when a state is not the one that was written.

use anyhow::{Context, ensure};
use bench::{Recovery, RecoverySize};
use clap::Parser;
use std::path::PathBuf;

/// As in the product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Writes a journal of the standard load and measures how fast a centre comes back from it.
#[derive(Parser)]
struct Flags {
    /// Commands in the journal.
    #[arg(long, default_value_t = RecoverySize::FULL.commands)]
    commands: u64,
    /// Commands behind the snapshot.
    #[arg(long, default_value_t = RecoverySize::FULL.behind_snapshot)]
    behind: u64,
    /// An empty or missing folder to write to; it stays. Without it a temporary one that goes.
    #[arg(long)]
    folder: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let flags = Flags::parse();
    let temporary = tempfile::tempdir()?;
    let folder = flags
        .folder
        .unwrap_or_else(|| temporary.path().join("data"));
    let is_free = std::fs::read_dir(&folder).map_or(true, |mut files| files.next().is_none());
    ensure!(
        is_free,
        "{} is not empty: name another folder",
        folder.display()
    );
    let size = RecoverySize {
        commands: flags.commands,
        behind_snapshot: flags.behind,
        ..RecoverySize::FULL
    };
    let recovery =
        Recovery::measure(size, &folder).context("the recovery could not be measured")?;
    println!("{recovery}");
    Ok(())
}
