//! A count of what is so now, by kind: units by agency and status, needs that wait by reason, the open ledger, the outbox.
//!
//! Counted when asked, over all units and all that is open; nothing is kept for it. Next: `counters`, which only grow.

use super::{UnitStatus, View};
use crate::event::LedgerMatter;
use crate::incident::Shortage;
use crate::kind::Agency;
use std::collections::BTreeMap;

/// How many there are of what, now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Units; of an agency that has any, every status is there.
    pub units: BTreeMap<(Agency, UnitStatus), u64>,
    /// Needs that have no unit, by why.
    pub waiting: BTreeMap<Shortage, u64>,
    /// Ledger entries that are not settled, by what is owed.
    pub ledger_open: BTreeMap<LedgerMatter, u64>,
    /// Orders that are out and that nobody has acknowledged.
    pub outbox: u64,
}

impl View {
    /// Counts what is so at a local minute of the day.
    pub fn census(&self, minute_of_day: u16) -> Census {
        let mut census = Census {
            outbox: self.outbox().count() as u64,
            ledger_open: self.ledger.open_by_matter(),
            ..Census::default()
        };
        for (_, unit) in self.units() {
            let agency = unit.definition.agency;
            if !census.units.contains_key(&(agency, UnitStatus::Free)) {
                let none = UnitStatus::ALL.iter().map(|&status| ((agency, status), 0));
                census.units.extend(none);
            }
            let status = self.unit_status(unit, minute_of_day);
            *census.units.entry((agency, status)).or_default() += 1;
        }
        for &(incident, need) in &self.waiting {
            let known = self.incidents.get(&incident);
            let need = known.and_then(|incident| incident.needs.get(usize::from(need)));
            if let Some(shortage) = need.and_then(|need| need.shortage) {
                *census.waiting.entry(shortage).or_default() += 1;
            }
        }
        census
    }
}
