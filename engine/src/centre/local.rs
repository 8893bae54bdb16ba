//! Which local plans hold where an incident is (L2, H10): their districts and circles, on the ground of this city.

use crate::city::City;
use crate::place::projection::{Plane, Projection, distance_dm};
use crate::place::{DistrictId, Place};
use crate::plan::{LocalPlan, LocalSet, Plan};

/// The local plans of the plan in force, in its order.
#[derive(Debug)]
pub(super) struct Locals {
    scopes: Vec<Scope>,
}

/// Where one of them holds.
#[derive(Debug)]
struct Scope {
    /// The districts that are named and all that are parts of them, ascending; `None`: everywhere.
    districts: Option<Vec<DistrictId>>,
    circle: Option<(Plane, u32)>,
}

impl Scope {
    fn of(local: &LocalPlan, city: &City, projection: &Projection) -> Scope {
        let is_named = |id: DistrictId| {
            let mut at = city.districts.get(id);
            while let Some(district) = at {
                if local.districts.contains(&district.name) {
                    return true;
                }
                at = district
                    .parent
                    .and_then(|parent| city.districts.get(parent));
            }
            false
        };
        let mut districts: Vec<DistrictId> = city.districts.iter().map(|known| known.id).collect();
        districts.retain(|&id| is_named(id));
        districts.sort_unstable();
        Scope {
            districts: (!local.districts.is_empty()).then_some(districts),
            circle: local
                .circle
                .map(|circle| (projection.plane(circle.middle), circle.radius_dm)),
        }
    }

    fn holds(&self, place: Option<&Place>, projection: &Projection) -> bool {
        let in_districts = |districts: &Vec<DistrictId>| {
            let district = place.and_then(|place| place.district);
            district.is_some_and(|district| districts.binary_search(&district).is_ok())
        };
        let in_circle = |&(middle, radius_dm): &(Plane, u32)| {
            place.is_some_and(|place| {
                distance_dm(projection.plane(place.point), middle) <= radius_dm
            })
        };
        self.districts.as_ref().is_none_or(in_districts)
            && self.circle.as_ref().is_none_or(in_circle)
    }
}

impl Locals {
    pub fn new(plan: &Plan, city: &City) -> Locals {
        let scopes = plan.local.iter();
        Locals {
            scopes: scopes
                .map(|local| Scope::of(local, city, &city.projection))
                .collect(),
        }
    }

    /// Those that hold at a place at a local minute. Where nobody knows the place, only what holds everywhere.
    pub fn at(
        &self,
        plan: &Plan,
        projection: &Projection,
        place: Option<&Place>,
        minute_of_day: u16,
    ) -> LocalSet {
        let mut set = LocalSet::NONE;
        for (index, (scope, local)) in self.scopes.iter().zip(&plan.local).enumerate() {
            if local.is_hour(minute_of_day) && scope.holds(place, projection) {
                set = set.with(index);
            }
        }
        set
    }
}
