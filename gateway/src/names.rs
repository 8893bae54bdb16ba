//! What units are called. Outside they are known by name, inside by number.
//!
//! Filled by the feed from released records, read by everybody: readers take a shared table and keep it for a
//! whole batch, the feed puts a new one in its place when a unit is defined.

use engine::id::UnitId;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Names as of one moment.
#[derive(Clone, Debug, Default)]
pub struct Names {
    by_number: Vec<Option<(UnitId, Arc<str>)>>,
    by_name: HashMap<Arc<str>, UnitId>,
}

impl Names {
    /// What a unit is called; its id where the name is not known here yet.
    pub fn of(&self, unit: UnitId) -> String {
        let index = usize::try_from(unit.number()).unwrap_or(usize::MAX);
        match self.by_number.get(index) {
            Some(Some((known, name))) if *known == unit => name.to_string(),
            Some(_) | None => unit.to_string(),
        }
    }

    /// The unit of this name.
    pub fn named(&self, name: &str) -> Option<UnitId> {
        self.by_name.get(name).copied()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there is none.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    fn put(&mut self, unit: UnitId, name: Arc<str>) {
        // Numbers count up from 1 without a gap, so the table is as long as there are units.
        let index = usize::try_from(unit.number()).unwrap_or(usize::MAX);
        if index > self.by_number.len() + 1_000_000 {
            return;
        }
        if index >= self.by_number.len() {
            self.by_number.resize(index + 1, None);
        }
        self.by_number[index] = Some((unit, Arc::clone(&name)));
        self.by_name.insert(name, unit);
    }
}

/// The names that are in force.
#[derive(Debug, Default)]
pub struct NameTable {
    current: RwLock<Arc<Names>>,
}

impl NameTable {
    /// The names as they are now.
    pub fn get(&self) -> Arc<Names> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds names, all at once.
    pub fn add(&self, new: impl Iterator<Item = (UnitId, Arc<str>)>) {
        let mut new = new.peekable();
        if new.peek().is_none() {
            return;
        }
        let mut names = Names::clone(&self.get());
        new.for_each(|(unit, name)| names.put(unit, name));
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(names);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::id::CentreId;

    #[test]
    fn names_go_both_ways() {
        let table = NameTable::default();
        let unit = |number| UnitId::new(CentreId(1), number).unwrap();
        let before = table.get();
        table.add([(unit(1), "T-01".into()), (unit(3), "T-03".into())].into_iter());
        let names = table.get();
        assert_eq!(names.of(unit(3)), "T-03");
        assert_eq!(names.of(unit(2)), "1.2");
        assert_eq!(names.of(UnitId::new(CentreId(2), 1).unwrap()), "2.1");
        assert_eq!(names.named("T-01"), Some(unit(1)));
        assert_eq!(names.named("x"), None);
        assert!(before.is_empty() && names.len() == 2);
    }
}
