//! How a plan fits the city that it is for: what it names and the city does not have, and what it leaves open.

use engine::call::Assessment;
use engine::capability::{Capability, CapabilitySet};
use engine::city::City;
use engine::kind::{Agency, Kind, Nature};
use engine::plan::{LocalSet, Plan};
use std::collections::BTreeMap;
use std::fmt;

/// The districts that a plan names and the city does not have, each with the local plan that names it.
pub fn unknown_districts(plan: &Plan, city: &City) -> Vec<String> {
    let is_known = |name| city.districts.iter().any(|district| district.name == name);
    let mut unknown = Vec::new();
    for local in &plan.local {
        for name in local.districts.iter().filter(|&&name| !is_known(name)) {
            unknown.push(format!(
                "plan: local `{}`: districts: the city has no district `{name}`; `liandong city check` lists them",
                local.name
            ));
        }
    }
    unknown
}

/// Something that a plan and a city leave open together. A centre serves all the same; people should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// Nobody is asked for such a call.
    NobodyAsked(Kind),
    /// No unit can do it; the desk of its agency is asked instead.
    DeskInstead {
        /// What is asked for.
        capability: Capability,
        /// For what.
        kinds: Vec<Kind>,
    },
    /// No unit can do it, and the agency has no desk: it waits until a person sees to it.
    Nobody {
        /// Whose matter it is.
        agency: Agency,
        /// For what.
        kinds: Vec<Kind>,
    },
    /// Units that nobody is named for: their ladder has no rung to climb (X11).
    NoContact(Vec<String>),
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |kinds: &[Kind]| {
            let codes: Vec<&str> = kinds.iter().map(|kind| kind.code()).collect();
            codes.join(", ")
        };
        match self {
            Gap::NobodyAsked(kind) => write!(
                f,
                "kind.{kind}: nobody is asked for it; add needs, or agencies that join"
            ),
            Gap::DeskInstead { capability, kinds } => write!(
                f,
                "no unit of the city can do `{capability}` ({}): the desk of {} is asked instead",
                list(kinds),
                capability.agency()
            ),
            Gap::Nobody { agency, kinds } => write!(
                f,
                "{agency} has neither a unit nor a desk for {}: such needs wait until a person sees to them",
                list(kinds)
            ),
            Gap::NoContact(units) => {
                let shown: Vec<&str> = units.iter().take(3).map(String::as_str).collect();
                let more = units.len() - shown.len();
                write!(f, "nobody is named to be told when {}", shown.join(", "))?;
                if more > 0 {
                    write!(f, " and {more} more")?;
                }
                write!(f, " let an order lie; add contacts to units.csv")
            }
        }
    }
}

/// What a plan and a city leave open, the gravest first.
pub fn gaps(plan: &Plan, city: &City) -> Vec<Gap> {
    let mut able = CapabilitySet::default();
    for capability in city.units.iter().flat_map(|unit| unit.capabilities.iter()) {
        able = able.with(capability);
    }
    let mut nobody: BTreeMap<Agency, Vec<Kind>> = BTreeMap::new();
    let mut desks: BTreeMap<Capability, Vec<Kind>> = BTreeMap::new();
    let mut unasked = Vec::new();
    for (kind, wanted) in asked(plan) {
        // A local plan that asks for somebody helps nobody elsewhere.
        let everywhere = plan.needs(
            &Assessment::stated(kind),
            None,
            None,
            LocalSet::NONE,
            |_| true,
        );
        if everywhere.iter().next().is_none() {
            unasked.push(kind);
        }
        for capability in wanted.into_iter().filter(|&wanted| !able.contains(wanted)) {
            let agency = capability.agency();
            let kinds = match able.contains(Capability::desk_of(agency)) {
                true => desks.entry(capability).or_default(),
                false => nobody.entry(agency).or_default(),
            };
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
    }
    let silent = city.units.iter().filter(|unit| unit.contacts.is_empty());
    let silent: Vec<String> = silent.map(|unit| unit.name.to_string()).collect();
    let nobody = nobody
        .into_iter()
        .map(|(agency, kinds)| Gap::Nobody { agency, kinds });
    let desks = desks
        .into_iter()
        .map(|(capability, kinds)| Gap::DeskInstead { capability, kinds });
    nobody
        .chain(unasked.into_iter().map(Gap::NobodyAsked))
        .chain(desks)
        .chain((!silent.is_empty()).then_some(Gap::NoContact(silent)))
        .collect()
}

/// All that may be asked for each kind, at any place, hour and level.
fn asked(plan: &Plan) -> impl Iterator<Item = (Kind, Vec<Capability>)> {
    let scopes = (0..plan.local.len()).map(|index| LocalSet::NONE.with(index));
    let scopes: Vec<LocalSet> = [LocalSet::NONE].into_iter().chain(scopes).collect();
    let is_matter = |kind: &&Kind| {
        let nature = Assessment::stated(**kind).nature;
        **kind != Kind::Unknown && nature != Nature::Invalid
    };
    Kind::ALL.iter().filter(is_matter).map(move |&kind| {
        let assessment = Assessment::stated(kind);
        let gravest = engine::major::Level::ALL.last().copied();
        let mut wanted: Vec<Capability> = Vec::new();
        for &locals in &scopes {
            let needs = plan.needs(&assessment, gravest, None, locals, |_| true);
            wanted.extend(needs.iter().map(|need| need.capability));
        }
        wanted.sort_unstable();
        wanted.dedup();
        (kind, wanted)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a test says what is wrong by its panic

    use super::*;

    fn plan(more: &str) -> Plan {
        Plan::load(&format!("{}{more}", engine::plan::DEFAULT)).unwrap()
    }

    fn told(plan: &Plan, city: &City) -> Vec<String> {
        gaps(plan, city).iter().map(Gap::to_string).collect()
    }

    /// What comes with the program leaves nothing open.
    #[test]
    fn the_embedded_county_has_no_gap() {
        let city = engine::city::generate(1, None).unwrap();
        assert_eq!(told(&plan(""), &city), [""; 0]);
        assert_eq!(unknown_districts(&plan(""), &city), [""; 0]);
    }

    #[test]
    fn what_a_city_lacks_is_named() {
        let mut city = engine::city::generate(1, None).unwrap();
        city.units
            .retain(|unit| !unit.capabilities.contains(Capability::Boat));
        let told_of = told(&plan(""), &city);
        assert!(
            told_of.contains(&"no unit of the city can do `boat` (water_rescue): the desk of fire is asked instead".to_owned()),
            "{told_of:?}"
        );
        city.units.retain(|unit| {
            let mut capabilities = unit.capabilities.iter();
            capabilities.all(|capability| capability.agency() != Agency::Gas)
        });
        let told_of = told(&plan(""), &city);
        assert!(
            told_of[0].starts_with("gas has neither a unit nor a desk for "),
            "{told_of:?}"
        );
        for unit in &mut city.units {
            unit.contacts.clear();
        }
        let told_of = told(&plan(""), &city);
        assert!(
            told_of.last().unwrap().contains(" more let an order lie"),
            "{told_of:?}"
        );
    }

    #[test]
    fn a_district_that_the_city_does_not_have_is_named_with_its_plan() {
        let city = engine::city::generate(1, None).unwrap();
        let local = "\n[[local]]\nname = \"镇预案\"\ntier = \"township\"\ndistricts = [\"下塘镇\", \"无此镇\"]\n[local.kind.fight]\nneeds = [{ capability = \"patrol\", count = 2 }]\n";
        let unknown = unknown_districts(&plan(local), &city);
        assert_eq!(unknown.len(), 1);
        assert!(
            unknown[0].contains("`镇预案`") && unknown[0].contains("`无此镇`"),
            "{unknown:?}"
        );
    }
}
