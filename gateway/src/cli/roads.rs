//! `liandong roads`: its commands, and how each is carried out.
//!
//! Results and reports go to stdout, progress to stderr. `build` writes a map whole or not at all.

pub(super) mod build;
mod nearest;
mod points;
mod table;

use super::examples;
use clap::{Args, Subcommand, ValueEnum};
use engine::roads::network::Profile;
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
    /// Print how long the way takes, and how long it is, from every place of one table to every place of another.
    ///
    /// Exact on the map, places between nodes included. Rows come in the order of the tables.
    #[command(after_help = examples::ROADS_TABLE)]
    Table(Table),
    /// Print who is there first: for every place of one table the units of another, quickest first.
    ///
    /// All units count as free and ready to go.
    #[command(after_help = examples::ROADS_NEAREST)]
    Nearest(Nearest),
}

/// Between which places.
#[derive(Debug, Args)]
pub(super) struct Table {
    /// The prepared map.
    roads: PathBuf,
    /// CSV of where the ways begin: lat,lon.
    #[arg(long, value_name = "CSV")]
    from: PathBuf,
    /// CSV of where they end: lat,lon.
    #[arg(long, value_name = "CSV")]
    to: PathBuf,
    #[command(flatten)]
    travel: Travel,
}

/// Who, and where to.
#[derive(Debug, Args)]
pub(super) struct Nearest {
    /// The prepared map.
    roads: PathBuf,
    /// CSV of units: id,lat,lon.
    #[arg(long, value_name = "CSV")]
    units: PathBuf,
    /// CSV of where they are wanted: lat,lon.
    #[arg(long, value_name = "CSV")]
    to: PathBuf,
    /// How many of them for each place.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    k: u32,
    #[command(flatten)]
    travel: Travel,
}

/// How it is driven.
#[derive(Debug, Args)]
pub(super) struct Travel {
    /// With lights and sirens, or as everybody.
    #[arg(long, value_enum, default_value_t = ProfileName::Siren)]
    profile: ProfileName,
    /// Farther from any road than this many metres, a place is on none.
    #[arg(long, value_name = "METRES", default_value_t = 500)]
    far: u32,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ProfileName {
    /// By the signs that hold for everybody.
    Normal,
    /// With lights and sirens.
    Siren,
}

impl Travel {
    fn profile(&self) -> Profile {
        match self.profile {
            ProfileName::Normal => Profile::Normal,
            ProfileName::Siren => Profile::Siren,
        }
    }
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
    /// CSV of edges, one row one direction: from,to,metres,seconds; seconds_siren and class if there are any.
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
        Roads::Table(table) => table::table(&table),
        Roads::Nearest(nearest) => nearest::nearest(&nearest),
        Roads::Speeds => {
            let text = engine::roads::import::osm::Speeds::DEFAULT;
            Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
        }
    }
}
