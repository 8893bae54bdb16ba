//! Who is free in each district, by capability: what the sending of a unit would leave behind (C8, H8, R3).

use crate::capability::{Capability, CapabilitySet};
use crate::dispatch::surcharge::{Behind, Surcharge};
use crate::kind::Priority;
use crate::place::DistrictId;
use crate::plan::ChoiceRules;
use crate::unit::Unit;

/// Capabilities that there can be: one bit each.
const CAPABILITIES: usize = 64;

/// What a unit counts for.
#[derive(Clone, Copy, Debug)]
struct Counted {
    home: DistrictId,
    row: u32,
    capabilities: CapabilitySet,
    is_free: bool,
}

/// What somebody is sent for: what a search for a unit goes by beside the time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Errand {
    pub priority: Priority,
    pub district: Option<DistrictId>,
    pub wanted: Capability,
}

/// Free units by their own district and capability. Follows from the state, so it is not hashed.
#[derive(Debug)]
pub(super) struct Reserves {
    /// The city's districts, ascending; what belongs to none of them stands in the row behind the last.
    districts: Vec<DistrictId>,
    free: Vec<[u32; CAPABILITIES]>,
    units: Vec<Counted>,
}

impl Reserves {
    /// Of a city with these districts, for so many units.
    pub fn new(districts: impl Iterator<Item = DistrictId>, units_max: u32) -> Reserves {
        let mut districts: Vec<DistrictId> = districts.collect();
        districts.sort_unstable();
        Reserves {
            free: vec![[0; CAPABILITIES]; districts.len() + 1],
            districts,
            units: Vec::with_capacity(units_max as usize),
        }
    }

    /// Takes in a unit that is new; what it is comes next.
    pub fn enter(&mut self) {
        self.units.push(Counted {
            home: DistrictId(u32::MAX),
            row: self.districts.len() as u32,
            capabilities: CapabilitySet::EMPTY,
            is_free: false,
        });
    }

    /// Takes in what a unit is, and whether it may be ordered.
    pub fn refresh(&mut self, index: u32, unit: &Unit) {
        let known = self.units[index as usize];
        let definition = &unit.definition;
        let (home, capabilities) = (definition.home, definition.capabilities);
        let is_free = unit.is_available();
        let is_same = known.home == home && known.capabilities == capabilities;
        if is_same && known.is_free == is_free {
            return;
        }
        let row = match is_same {
            true => known.row,
            false => self.row(home),
        };
        if known.is_free {
            self.count(known, u32::wrapping_sub);
        }
        let counted = Counted {
            home,
            row,
            capabilities,
            is_free,
        };
        self.units[index as usize] = counted;
        if is_free {
            self.count(counted, u32::wrapping_add);
        }
    }

    fn row(&self, home: DistrictId) -> u32 {
        let found = self.districts.binary_search(&home);
        found.unwrap_or(self.districts.len()) as u32
    }

    fn count(&mut self, counted: Counted, by: impl Fn(u32, u32) -> u32) {
        let row = &mut self.free[counted.row as usize];
        for capability in counted.capabilities.iter() {
            let free = &mut row[capability as usize];
            *free = by(*free, 1);
        }
    }

    /// What is added to the time of a free unit by a plan; nothing where the incident lies in no district.
    pub fn surcharge(&self, rules: &ChoiceRules, index: u32, errand: Errand) -> Surcharge {
        match errand.district {
            Some(district) if !rules.is_time_alone(errand.priority) => {
                let behind = self.behind(index, district, errand.wanted);
                Surcharge::of(rules, errand.priority, behind)
            }
            Some(_) | None => Surcharge::default(),
        }
    }

    /// What the sending of a free unit to this district, for this, would leave behind.
    fn behind(&self, index: u32, to: DistrictId, wanted: Capability) -> Behind {
        let unit = &self.units[index as usize];
        let free = &self.free[unit.row as usize];
        let others = unit.capabilities.iter().filter(|&other| other != wanted);
        Behind {
            is_foreign: unit.home != to,
            free_at_home: free[wanted as usize],
            free_with_skill: others.map(|other| free[other as usize]).min(),
        }
    }
}
