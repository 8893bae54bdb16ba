//! Rows whose key came shortly before: what a carrier sends again under the same key (N2).
//!
//! A repeat says word for word what the first said, its claimed time too, or the centre would hold it for another call under a
//! key that is taken. Knows the keys of the last minutes and no others, so that a trace of any length takes little memory.

use crate::trace::Row;
use engine::moment::{Moment, Span};
use std::collections::{HashMap, VecDeque};

/// A key that comes again after so long is a mistake of the trace, and sent as it stands.
const WINDOW: Span = Span::minutes(2);

/// The first row of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct First {
    /// Its number in the run.
    pub serial: u64,
    /// When it came.
    pub at: Moment,
}

impl First {
    /// What the repeat says: the first's words and claimed time.
    pub fn of(self, row: &Row) -> Row {
        Row {
            at: self.at,
            ..row.clone()
        }
    }
}

/// The keys of the last minutes.
#[derive(Clone, Debug, Default)]
pub struct Repeats {
    known: HashMap<String, First>,
    order: VecDeque<(Moment, String)>,
}

impl Repeats {
    /// The first row of this row's key, if that came before; otherwise this row is the first, under this number of the run.
    pub fn of(&mut self, row: &Row, serial: u64) -> Option<First> {
        let oldest = Moment(row.at.0 - WINDOW.0);
        while let Some((_, key)) = self.order.pop_front_if(|(at, _)| *at < oldest) {
            self.known.remove(&key);
        }
        if let Some(&first) = self.known.get(&row.key) {
            return Some(first);
        }
        let first = First { serial, at: row.at };
        self.known.insert(row.key.clone(), first);
        self.order.push_back((row.at, row.key.clone()));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_for_two_minutes() {
        let row =
            |seconds, key: &str| Row::new(Moment(0) + Span::seconds(seconds), key.into(), "110");
        let mut repeats = Repeats::default();
        assert_eq!(repeats.of(&row(0, "a"), 0), None);
        assert_eq!(repeats.of(&row(1, "b"), 1), None);
        let first = repeats.of(&row(2, "a"), 2).unwrap();
        assert_eq!((first.serial, first.of(&row(2, "a"))), (0, row(0, "a")));
        assert_eq!(repeats.of(&row(121, "a"), 3), None, "two minutes are over");
        assert_eq!(repeats.known.len(), 2);
    }
}
