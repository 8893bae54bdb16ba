//! The log: where it goes, how it is written, and what it never says.
//!
//! It goes to stderr, as text or as JSON. What callers say about themselves (their number, their words, the exact place) is
//! masked unless the configuration says otherwise. Nothing else in this crate may hand such data to `tracing`: whoever
//! wants to log a call uses [`call_taken`] and [`facts_taken`].

use crate::intake::{TakenCall, TakenFacts};
use engine::place::Place;
use serde::Deserialize;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// JSON lines for programs.
    Json,
}

/// What the log says of callers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallerData {
    /// That there was a number, a text and a place; the place to about a kilometre.
    #[default]
    Masked,
    /// All of it. The log is then as sensitive as the journal.
    Full,
}

/// The log, as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// How it is written.
    pub format: LogFormat,
    /// What is written: a level, or directives as in `info,quinn=warn`. The variable RUST_LOG says it over this.
    pub level: String,
    /// What it says of callers.
    pub caller_data: CallerData,
}

/// Whether callers' data are written in full. One log a process, so one rule a process.
static FULL: AtomicBool = AtomicBool::new(false);

/// Why `log.level` is not one.
pub fn level_mistake(level: &str) -> Option<String> {
    let error = EnvFilter::try_new(level).err()?;
    Some(format!(
        "`{level}` is no level ({error}); write error, warn, info, debug or trace, or directives as in info,quinn=warn"
    ))
}

/// Starts the log of this process. The first one stays: `false` says that there was one already.
pub fn start<W>(config: &LogConfig, writer: W) -> bool
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    say_of_callers(config.caller_data);
    let of_config = || EnvFilter::new(&config.level);
    let (filter, mistake) = match std::env::var("RUST_LOG")
        .ok()
        .filter(|text| !text.is_empty())
    {
        None => (of_config(), None),
        Some(text) => match level_mistake(&text) {
            None => (EnvFilter::new(&text), None),
            Some(mistake) => (of_config(), Some(mistake)),
        },
    };
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(false);
    let started = match config.format {
        LogFormat::Text => log.try_init().is_ok(),
        LogFormat::Json => log.json().try_init().is_ok(),
    };
    if let Some(mistake) = mistake {
        tracing::warn!("RUST_LOG: {mistake}; `log.level` is used instead");
    }
    started
}

/// From here on the log of this process says so much of callers.
pub fn say_of_callers(caller_data: CallerData) {
    FULL.store(caller_data == CallerData::Full, Ordering::Relaxed);
}

/// What a caller said, as the log may show it.
struct Words<'a>(Option<&'a str>);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("none"),
            // Debug form: control characters and quotes of a hostile caller stay inside the line.
            Some(words) if FULL.load(Ordering::Relaxed) => write!(f, "{words:?}"),
            Some(words) => write!(f, "masked, {} characters", words.chars().count()),
        }
    }
}

/// The name of a contact, as the log may show it.
pub fn person(name: &str) -> impl fmt::Display + '_ {
    Words(Some(name))
}

/// The name of a contact where the log says all; else nothing.
pub fn person_in_full(name: &str) -> Option<&str> {
    FULL.load(Ordering::Relaxed).then_some(name)
}

/// Where a caller is, as the log may show it.
struct Spot(Option<Place>);

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(place) = self.0 else {
            return f.write_str("none");
        };
        let degrees = |e7: i32| f64::from(e7) / 1e7;
        let (lat, lon) = (degrees(place.point.lat_e7), degrees(place.point.lon_e7));
        if FULL.load(Ordering::Relaxed) {
            write!(f, "{lat:.7},{lon:.7}")
        } else {
            write!(f, "about {lat:.2},{lon:.2}")
        }
    }
}

/// Notes a call, at level debug.
pub fn call_taken(taken: &TakenCall) {
    tracing::debug!(
        line = taken.report.line.number(),
        kind = taken.report.assessment.kind.code(),
        priority = taken.report.assessment.priority.number(),
        caller = %Words(taken.testimony.caller.as_deref()),
        text = %Words(taken.testimony.text.as_deref()),
        place = %Spot(taken.report.place),
        "call taken"
    );
}

/// Notes facts, at level debug.
pub fn facts_taken(taken: &TakenFacts) {
    tracing::debug!(
        call = %taken.facts.call,
        text = %Words(taken.testimony.text.as_deref()),
        place = %Spot(taken.facts.place),
        "facts taken"
    );
}
