//! `liandong roads`: its commands, and how each is carried out.
//!
//! Results and reports go to stdout, progress to stderr. `build` writes a map whole or not at all.

mod build;

use super::examples;
use clap::{Args, Subcommand};
use std::io::Write;
use std::path::PathBuf;

/// What can be asked about road networks.
#[derive(Debug, Subcommand)]
pub(super) enum Roads {
    /// Build a prepared map from an OpenStreetMap extract or from two tables.
    ///
    /// Says what it read, dropped and repaired, how long it took and how much memory. The same input gives the same bytes on
    /// every machine. docs/roads.md has the rules.
    #[command(after_help = examples::ROADS_BUILD)]
    Build(Build),
    /// Print the speeds that `build` takes where the map states no limit.
    ///
    /// Every line of it is the default; a file for `build --speeds` needs only what differs.
    #[command(after_help = examples::ROADS_SPEEDS)]
    Speeds,
}

/// How a map is built.
#[derive(Debug, Args)]
pub(super) struct Build {
    /// The extract, .osm.pbf.
    #[arg(
        value_name = "IN.osm.pbf",
        required_unless_present = "nodes",
        conflicts_with_all = ["nodes", "edges", "attribution"]
    )]
    map: Option<PathBuf>,
    /// CSV of nodes: id,lat,lon.
    #[arg(long, value_name = "CSV", requires = "edges")]
    nodes: Option<PathBuf>,
    /// CSV of edges, one row one direction: from,to,metres,seconds[,seconds_siren][,class].
    #[arg(long, value_name = "CSV", requires = "nodes")]
    edges: Option<PathBuf>,
    /// Who made the tables, to be shown wherever the map shows.
    #[arg(long, value_name = "TEXT", default_value = "")]
    attribution: String,
    /// Speeds by class of road, TOML; left out: those of `liandong roads speeds`.
    #[arg(long, value_name = "FILE", conflicts_with = "nodes")]
    speeds: Option<PathBuf>,
    /// The prepared map to write.
    #[arg(short, long, value_name = "OUT.roads")]
    output: PathBuf,
}

/// Does what the command asks.
pub(super) fn obey(command: Roads) -> anyhow::Result<()> {
    match command {
        Roads::Build(build) => build::build(&build),
        Roads::Speeds => {
            let text = engine::roads::import::osm::Speeds::DEFAULT;
            Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
        }
    }
}
