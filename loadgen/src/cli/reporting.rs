//! `liandong-load report`: a kept run shown anew, or several runs held against several others.

use super::Failure;
use crate::report::compare::{Comparison, Nothing, page as comparison_page};
use crate::report::kept::{Kept, KeptError};
use crate::report::page;
use clap::Args;
use std::path::{Path, PathBuf};

pub(super) const HELP: &str = "\
Examples:
  liandong-load report run-1
  liandong-load report --compare before after
  liandong-load report --compare before-1,before-2,before-3 after-1,after-2,after-3 --html compared.html

Each side of --compare is a run's folder, several with commas between, or a folder that holds several.
What is compared takes three runs a side at least; a single pair shows nothing of the spread.";

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// The folder that `replay --report` wrote: its summary is printed, its report.html made anew.
    #[arg(required_unless_present = "compare", conflicts_with = "compare")]
    dir: Option<PathBuf>,
    /// Hold the runs of A against those of B: medians, spread, ratios with intervals, and what was not alike.
    #[arg(long, num_args = 2, value_names = ["A", "B"])]
    compare: Option<Vec<String>>,
    /// Write the page here (without --compare: instead of the folder's report.html).
    #[arg(long)]
    html: Option<PathBuf>,
}

impl From<KeptError> for Failure {
    fn from(error: KeptError) -> Failure {
        Failure {
            message: error.to_string(),
            code: 1,
        }
    }
}

impl From<Nothing> for Failure {
    fn from(error: Nothing) -> Failure {
        Failure {
            message: error.to_string(),
            code: 2,
        }
    }
}

pub(super) fn report(args: &ReportArgs) -> Result<(), Failure> {
    if let Some([first, second]) = args.compare.as_deref() {
        let comparison = Comparison::of(side(first)?, side(second)?)?;
        print!("{}", comparison.text());
        return match &args.html {
            Some(file) => write(file, &comparison_page::of(&comparison)),
            None => Ok(()),
        };
    }
    let dir = args.dir.as_deref().unwrap_or(Path::new("."));
    let kept = Kept::read(dir)?;
    print!("{}", kept.summary);
    let file = args.html.clone();
    write(
        &file.unwrap_or_else(|| dir.join("report.html")),
        &page::of(&kept),
    )
}

/// The runs of one side: a folder, or several with commas between. A folder whose name has a comma is taken as it is.
fn side(folders: &str) -> Result<Vec<Kept>, KeptError> {
    let whole = Path::new(folders);
    if whole.exists() {
        return Kept::all(whole);
    }
    let each = folders.split(',').filter(|folder| !folder.is_empty());
    let mut runs = Vec::new();
    for folder in each {
        runs.extend(Kept::all(Path::new(folder))?);
    }
    if runs.is_empty() {
        return Err(KeptError::NoRun(whole.to_path_buf()));
    }
    Ok(runs)
}

fn write(file: &Path, page: &str) -> Result<(), Failure> {
    std::fs::write(file, page).map_err(|error| Failure {
        message: format!(
            "{}: {error}; name a file that may be written",
            file.display()
        ),
        code: 1,
    })
}
