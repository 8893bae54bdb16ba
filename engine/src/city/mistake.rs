//! What is wrong with a city's files: each mistake with its file, row, field and what would be right.
//!
//! All mistakes are collected, so that one run of a check shows the whole list; the list itself is bounded and
//! whatever it quotes from a file is cut and escaped, because files are hostile too.

use std::fmt;

/// The most mistakes that are listed; the rest is only counted.
pub const MISTAKES_MAX: usize = 100;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file, as the reader was given it.
    pub file: String,
    /// The line in the file, from 1; `None` when the whole file is meant.
    pub row: Option<u64>,
    /// The column or the key.
    pub field: Option<String>,
    /// What is wrong.
    pub wrong: String,
    /// What would be right.
    pub right: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(row) = self.row {
            write!(f, ":{row}")?;
        }
        if let Some(field) = &self.field {
            write!(f, ": {field}")?;
        }
        write!(f, ": {}; {}", self.wrong, self.right)
    }
}

/// Why a city was refused: at least one mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CityErrors {
    /// The first mistakes, in the order in which they were found.
    pub mistakes: Vec<Mistake>,
    /// How many more there are.
    pub unlisted: usize,
}

impl CityErrors {
    /// This mistake alone.
    pub(super) fn one(mistake: Mistake) -> CityErrors {
        CityErrors {
            mistakes: vec![mistake],
            unlisted: 0,
        }
    }
}

impl std::error::Error for CityErrors {}

impl fmt::Display for CityErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, mistake) in self.mistakes.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            write!(f, "{mistake}")?;
        }
        if self.unlisted > 0 {
            write!(f, "\nand {} more", self.unlisted)?;
        }
        Ok(())
    }
}

/// Collects mistakes and warnings while files are read.
#[derive(Debug, Default)]
pub(super) struct Mistakes {
    listed: Vec<Mistake>,
    unlisted: usize,
    warnings: Vec<Mistake>,
}

impl Mistakes {
    pub fn add(&mut self, mistake: Mistake) {
        if self.listed.len() < MISTAKES_MAX {
            self.listed.push(mistake);
        } else {
            self.unlisted += 1;
        }
    }

    pub fn warn(&mut self, warning: Mistake) {
        if self.warnings.len() < MISTAKES_MAX {
            self.warnings.push(warning);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// How many mistakes there are so far.
    pub fn count(&self) -> usize {
        self.listed.len() + self.unlisted
    }

    /// The mistakes, perhaps none, and the warnings.
    pub fn finish(self) -> (CityErrors, Vec<Mistake>) {
        (
            CityErrors {
                mistakes: self.listed,
                unlisted: self.unlisted,
            },
            self.warnings,
        )
    }
}

/// A piece of a file as a message may show it: one line, at most 40 characters, in backquotes.
pub(super) fn quoted(text: &str) -> String {
    const SHOWN: usize = 40;
    let mut shown: String = text
        .chars()
        .take(SHOWN)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(row: Option<u64>, field: Option<&str>) -> Mistake {
        Mistake {
            file: "units.csv".into(),
            row,
            field: field.map(String::from),
            wrong: "it is wrong".into(),
            right: "do it so".into(),
        }
    }

    #[test]
    fn a_mistake_says_where_what_and_what_instead() {
        let text = mistake(Some(7), Some("agency")).to_string();
        assert_eq!(text, "units.csv:7: agency: it is wrong; do it so");
        assert_eq!(
            mistake(None, None).to_string(),
            "units.csv: it is wrong; do it so"
        );
    }

    #[test]
    fn the_list_is_bounded_and_counts_the_rest() {
        let mut mistakes = Mistakes::default();
        for row in 0..250 {
            mistakes.add(mistake(Some(row), None));
            mistakes.warn(mistake(Some(row), None));
        }
        let (errors, warnings) = mistakes.finish();
        assert_eq!(
            (errors.mistakes.len(), errors.unlisted, warnings.len()),
            (100, 150, 100)
        );
        assert!(errors.to_string().ends_with("and 150 more"));
        assert_eq!(errors.to_string().lines().count(), 101);
    }

    #[test]
    fn what_is_quoted_is_short_and_harmless() {
        assert_eq!(quoted("仙居"), "`仙居`");
        assert_eq!(quoted("a\u{1b}[2Jb\n"), "`a\\u{1b}[2Jb\\n`");
        assert!(quoted(&"好".repeat(1_000_000)).chars().count() < 50);
    }
}
