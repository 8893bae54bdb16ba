//! A scenario as it is typed: names, and where in the file each thing stood. What it may mean is [`check`](super::check)'s.

use super::{Mistake, ScenarioError};
use serde::Deserialize;
use toml::Spanned;

/// What may stand in a scenario.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Typed {
    pub connections: Option<Spanned<i64>>,
    pub streams: Option<Spanned<i64>>,
    pub settle: Option<Spanned<String>>,
    pub crews: Option<Spanned<String>>,
    pub positions: Option<Spanned<String>>,
    pub callers: Option<Spanned<String>>,
    pub seed: Option<Spanned<i64>>,
    #[serde(default)]
    pub objectives: Vec<Spanned<String>>,
    #[serde(default)]
    pub phase: Vec<Spanned<PhaseTyped>>,
}

/// What may stand in a phase; which of it belongs there is decided by its shape.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhaseTyped {
    pub shape: Spanned<String>,
    pub duration: Option<Spanned<String>>,
    pub arrivals: Option<Spanned<String>>,
    pub rate: Option<Spanned<f64>>,
    pub from: Option<Spanned<f64>>,
    pub to: Option<Spanned<f64>>,
    pub steps: Option<Spanned<i64>>,
    pub peak: Option<Spanned<f64>>,
    pub at: Option<Spanned<String>>,
    pub lasting: Option<Spanned<String>>,
    pub speed: Option<Spanned<f64>>,
}

/// Line of a byte in a text, from 1.
pub fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().iter().take(at);
    before.filter(|&&byte| byte == b'\n').count() + 1
}

/// The typed scenario of a text.
pub fn read(name: &str, text: &str) -> Result<Typed, ScenarioError> {
    toml::from_str(text).map_err(|error| {
        let line = error
            .span()
            .map(|span| format!(":{}", line_of(text, span.start)));
        let place = format!("{name}{}", line.unwrap_or_default());
        let what = error.message().to_owned();
        ScenarioError(vec![Mistake { place, what }])
    })
}
