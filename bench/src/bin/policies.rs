//! What each policy of a plan costs the writer, from 10 to 100 000 open incidents: a table.
//!
//! `cargo run --release -p bench --bin policies -- [--roads] [--rounds 21]`. Needs some 4 GiB for the last row.

use bench::{Shares, SharesSize};
use clap::Parser;

/// As in the product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures what each policy of a plan costs the writer.
#[derive(Parser)]
struct Flags {
    /// Decide by the roads of the county.
    #[arg(long)]
    roads: bool,
    /// Only the small size, to see that it works.
    #[arg(long)]
    smoke: bool,
    /// Batches of each centre.
    #[arg(long)]
    rounds: Option<u32>,
    /// Open incidents, one row each.
    #[arg(long, value_delimiter = ',')]
    open: Option<Vec<u32>>,
}

fn main() -> anyhow::Result<()> {
    let flags = Flags::parse();
    let mut size = match flags.smoke {
        true => SharesSize::smoke(),
        false => SharesSize::full(),
    };
    size.roads = flags.roads;
    size.rounds = flags.rounds.unwrap_or(size.rounds);
    size.open = flags.open.unwrap_or(size.open);
    print!("{}", Shares::measure(size)?);
    Ok(())
}
