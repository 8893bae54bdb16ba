//! What the going of a unit would leave behind, and what the plan adds to its time for that.

use super::Model;
use engine::capability::Capability;
use engine::id::{IncidentId, UnitId};

impl Model {
    /// What the plan adds to the time of a free unit: for another district than the incident's (C8), for another skill that few of
    /// its district have free (H8), for being the last of its district (R3).
    pub(super) fn added_ms(&self, unit: UnitId, id: IncidentId, wanted: Capability) -> u32 {
        let incident = self.incident(id);
        let Some(district) = incident.place.and_then(|place| place.district) else {
            return 0;
        };
        let priority = usize::from(incident.assessment.priority.number() - 1);
        let rules = &self.plan_in_force().choice;
        let definition = &self.unit(unit).definition;
        let mut added_ms = 0;
        if definition.home != district {
            added_ms += rules.foreign_ms[priority];
        }
        let others = definition
            .capabilities
            .iter()
            .filter(|&skill| skill != wanted);
        let scarcest = others.map(|skill| self.free_of_same_district(unit, skill));
        if let Some(free) = scarcest.min() {
            added_ms += rules.scarce_ms[priority] / free as u32;
        }
        if self.free_of_same_district(unit, wanted) == 1 {
            added_ms += rules.last_ms[priority];
        }
        added_ms
    }

    /// How many units of a unit's own district are free and can do something. All districts that the city does not know are one.
    fn free_of_same_district(&self, unit: UnitId, skill: Capability) -> usize {
        let home = self.known_home(unit);
        let same = self.unit_ids().filter(|&other| {
            self.unit(other).definition.capabilities.contains(skill)
                && self.is_available(other)
                && self.known_home(other) == home
        });
        same.count()
    }

    fn known_home(&self, unit: UnitId) -> Option<u32> {
        let home = self.unit(unit).definition.home;
        let city = self.city_in_force();
        city.districts.get(home).map(|district| district.id.0)
    }
}
