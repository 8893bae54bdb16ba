//! Writes a made-up town of the engine's as the tables that `liandong roads build` reads: `town metro FOLDER` makes
//! `nodes.csv` and `edges.csv` of 307 326 nodes, `town small FOLDER` of some 3 000.

use clap::{Parser, ValueEnum};
use engine::roads::generate::{Layout, generate};
use engine::roads::network::Network;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Parser)]
#[command(about = "Writes a made-up town as tables of its roads")]
struct Arguments {
    /// How large it is.
    size: Size,
    /// Where `nodes.csv` and `edges.csv` go.
    folder: PathBuf,
    /// The same seed makes the same town.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Size {
    Small,
    Metro,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let layout = match arguments.size {
        Size::Small => Layout::TOWN,
        Size::Metro => Layout::METRO,
    };
    let network = match generate(layout, arguments.seed) {
        Ok(network) => network,
        Err(error) => {
            eprintln!("town: {error}");
            return ExitCode::FAILURE;
        }
    };
    if let Err(error) = write(&network, &arguments.folder) {
        eprintln!("town: {}: {error}", arguments.folder.display());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn write(network: &Network, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut nodes = BufWriter::new(File::create(folder.join("nodes.csv"))?);
    writeln!(nodes, "id,lat,lon")?;
    for node in &network.nodes {
        let degrees = |e7: i32| f64::from(e7) / 1e7;
        let (lat, lon) = (degrees(node.point.lat_e7), degrees(node.point.lon_e7));
        writeln!(nodes, "{},{lat:.7},{lon:.7}", node.name)?;
    }
    nodes.flush()?;
    let mut edges = BufWriter::new(File::create(folder.join("edges.csv"))?);
    writeln!(edges, "from,to,metres,seconds,seconds_siren")?;
    for edge in &network.edges {
        let [from, to] = [edge.from, edge.to].map(|end| network.nodes[end.0 as usize].name);
        let [metres, normal, siren] = [edge.length_mm, edge.time_ms[0], edge.time_ms[1]]
            .map(|thousandths| f64::from(thousandths) / 1e3);
        writeln!(edges, "{from},{to},{metres:.3},{normal:.3},{siren:.3}")?;
    }
    edges.flush()
}
