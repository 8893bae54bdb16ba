//! What the going of each candidate would have left behind, and what the plan adds to its time for that (C8, H8, R3).

use super::{Fold, Standing};
use crate::capability::Capability;
use crate::city::City;
use crate::dispatch::surcharge::{Behind, Surcharge};
use crate::kind::Priority;
use crate::place::DistrictId;
use crate::plan::Plan;
use crate::unit::UnitDefinition;
use std::collections::BTreeMap;

/// Who was free where, when one order was issued.
pub(super) struct LeftBehind<'a> {
    plan: &'a Plan,
    city: &'a City,
    priority: Priority,
    to: Option<DistrictId>,
    wanted: Capability,
    /// By district and capability; all districts that the city does not know are one.
    free: BTreeMap<(Option<DistrictId>, Capability), u32>,
}

impl<'a> LeftBehind<'a> {
    /// Of all units of a fold, for an incident of this urgency in this district, of which something is wanted.
    pub fn of(
        fold: &Fold,
        (plan, city): (&'a Plan, &'a City),
        (priority, to): (Priority, Option<DistrictId>),
        wanted: Capability,
    ) -> LeftBehind<'a> {
        let mut left_behind = LeftBehind {
            plan,
            city,
            priority,
            to,
            wanted,
            free: BTreeMap::new(),
        };
        for (id, unit) in fold.view.units() {
            if fold.standing(id, unit, &[]) == Standing::Free {
                let home = left_behind.known_home(&unit.definition);
                for capability in unit.definition.capabilities.iter() {
                    *left_behind.free.entry((home, capability)).or_default() += 1;
                }
            }
        }
        left_behind
    }

    fn known_home(&self, unit: &UnitDefinition) -> Option<DistrictId> {
        let known = self.city.districts.get(unit.home);
        known.map(|district| district.id)
    }

    /// What was added to the time of a unit that was free.
    pub fn surcharge(&self, unit: &UnitDefinition) -> Surcharge {
        let Some(district) = self.to.filter(|_| unit.travels()) else {
            return Surcharge::default();
        };
        let home = self.known_home(unit);
        let free = |capability| self.free.get(&(home, capability)).copied().unwrap_or(0);
        let others = unit.capabilities.iter();
        let others = others.filter(|&other| other != self.wanted);
        let behind = Behind {
            is_foreign: unit.home != district,
            free_at_home: free(self.wanted),
            free_with_skill: others.map(free).min(),
        };
        Surcharge::of(&self.plan.choice, self.priority, behind)
    }
}
