//! A whole load in one TOML file: phases, connections, crews, callers, seed, objectives. In two steps, as typed ([`typed`]), then checked.
//!
//! Whatever is wrong is named by file, line and field with what would be right; all that can be known at once is told at once. What
//! `--phase` says on the command line is read by the same reader. Nothing connects before a scenario is whole.

mod check;
mod typed;

use crate::caller::behaviour::Calling;
use crate::crew::Behaviour;
use crate::objective::Slo;
use crate::pace::Arrivals;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

/// The most calls a second that can be asked for.
pub const RATE_MAX: f64 = 10_000_000.0;
/// A scenario's file is no larger.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Phases of one load.
const PHASES_MAX: usize = 1_000;
/// Fields of a phase that take a number; all others take a word.
const NUMBERS: [&str; 6] = ["rate", "from", "to", "steps", "peak", "speed"];

/// A load, checked. What is `None` was not said.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// When calls come.
    pub arrivals: Arrivals,
    /// Connections for calls.
    pub connections: Option<u16>,
    /// Streams a connection.
    pub streams: Option<u8>,
    /// How long after the last call answers may take.
    pub settle: Option<Duration>,
    /// Who takes orders; inner `None`: nobody.
    pub crews: Option<Option<Behaviour>>,
    /// What callers do beyond the trace.
    pub callers: Option<Calling>,
    /// Decides what crews and callers do and when calls come at random.
    pub seed: Option<u64>,
    /// What the run must hold.
    pub objectives: Slo,
}

/// Everything that is wrong with a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioError(pub Vec<Mistake>);

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file, the line in it, and the field.
    pub place: String,
    /// What is wrong and what would be right.
    pub what: String,
}

impl std::error::Error for ScenarioError {}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Mistake { place, what }) in self.0.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            write!(f, "{place}: {what}")?;
        }
        Ok(())
    }
}

impl Scenario {
    /// The scenario of a file.
    pub fn load(path: &Path) -> Result<Scenario, ScenarioError> {
        let name = path.display().to_string();
        let mistake = |what: String| {
            let place = name.clone();
            ScenarioError(vec![Mistake { place, what }])
        };
        let unreadable = |error: std::io::Error| {
            mistake(format!(
                "cannot be read: {error}; name a text file in UTF-8 that is there and may be read"
            ))
        };
        let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
        if bytes > FILE_BYTES_MAX {
            let what =
                format!("{bytes} bytes; at most {FILE_BYTES_MAX} are read: is it the right file?");
            return Err(mistake(what));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        Scenario::of_text(&name, &text)
    }

    /// The scenario of a text; `name` is what mistakes call it.
    pub fn of_text(name: &str, text: &str) -> Result<Scenario, ScenarioError> {
        let typed = typed::read(name, text)?;
        check::scenario(name, text, &typed)
    }

    /// The scenario that phases on the command line come to. A mistake's line is the number of its `--phase`.
    pub fn of_flags(phases: &[TypedPhase]) -> Result<Scenario, ScenarioError> {
        let tables: Vec<String> = phases
            .iter()
            .map(|phase| format!("{{ {} }}", phase.0))
            .collect();
        Scenario::of_text("--phase", &format!("phase = [{}]\n", tables.join(",\n")))
    }
}

/// A phase as `--phase` says it, as in `ramp from=100 to=2000 duration=30s arrivals=poisson`: kept as the TOML that it means.
/// What it may mean is checked with all others at once, by [`Scenario::of_flags`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedPhase(String);

impl FromStr for TypedPhase {
    type Err = String;

    fn from_str(flag: &str) -> Result<TypedPhase, String> {
        let mut words = flag.split_whitespace();
        let shape = words.next().unwrap_or_default();
        let mut text = format!("shape = {shape:?}");
        for word in words {
            let (field, value) = word
                .split_once('=')
                .ok_or_else(|| format!("`{word}` is no field; write field=value, as in `ramp from=100 to=2000 duration=30s`"))?;
            text.push_str(&format!(", {field} = {}", toml_value(field, value)));
        }
        Ok(TypedPhase(text))
    }
}

/// A number in a field of numbers, otherwise a word: `duration=30` is one that a length of time is read from.
fn toml_value(field: &str, value: &str) -> String {
    let number = value
        .parse::<f64>()
        .ok()
        .filter(|_| NUMBERS.contains(&field));
    match (number, value.parse::<i64>()) {
        (None, _) => format!("{value:?}"),
        (Some(_), Ok(whole)) => whole.to_string(),
        // TOML writes inf and nan small.
        (Some(number), Err(_)) => format!("{number:?}").to_lowercase(),
    }
}

#[cfg(test)]
mod tests;
