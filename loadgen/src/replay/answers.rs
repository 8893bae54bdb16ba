//! Every answered key as a row of CSV, written before the next call goes out: what a crash must not lose.

use super::ReplayError;
use gateway::wire::Decision;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// A log of answers, or none.
#[derive(Debug)]
pub struct AnswerLog(Option<(PathBuf, BufWriter<File>)>);

impl AnswerLog {
    /// Starts the file, if one is wanted.
    pub fn open(path: Option<&Path>) -> Result<AnswerLog, ReplayError> {
        let Some(path) = path else {
            return Ok(AnswerLog(None));
        };
        let started = File::create(path).map(BufWriter::new).and_then(|mut file| {
            writeln!(file, "key,call,incident,seq,outcome,orders")?;
            Ok(file)
        });
        match started {
            Ok(file) => Ok(AnswerLog(Some((path.to_path_buf(), file)))),
            Err(source) => Err(failed(path, source)),
        }
    }

    /// A key was answered: its call, incident, record, outcome and the orders, joined by `+`.
    pub fn decided(&mut self, key: &str, decision: &Decision) -> Result<(), ReplayError> {
        let Some((path, file)) = &mut self.0 else {
            return Ok(());
        };
        let orders: Vec<String> = decision
            .orders
            .iter()
            .map(|line| line.order.to_string())
            .collect();
        let incident = decision.incident.map(|incident| incident.to_string());
        let quoted = key.replace('"', "\"\"");
        writeln!(
            file,
            "\"{quoted}\",{},{},{},{},{}",
            decision.call,
            incident.unwrap_or_default(),
            decision.seq,
            decision.outcome,
            orders.join("+")
        )
        .map_err(|source| failed(path, source))
    }

    /// Writes what is still in memory.
    pub fn finish(&mut self) -> Result<(), ReplayError> {
        match &mut self.0 {
            Some((path, file)) => file.flush().map_err(|source| failed(path, source)),
            None => Ok(()),
        }
    }
}

fn failed(path: &Path, source: std::io::Error) -> ReplayError {
    ReplayError::File {
        file: path.display().to_string(),
        source,
    }
}
