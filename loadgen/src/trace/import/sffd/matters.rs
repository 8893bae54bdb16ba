//! San Francisco's words in ours: what a call type is held to be, what a unit of a type can do.
//!
//! Decides by the words alone. A call type that is not listed is no mistake: it gets its service's plainest kind and is counted.

use engine::capability::Capability;
use engine::kind::{Agency, Kind};

/// Whom a call type concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// The fire department's own.
    Fire,
    /// Its ambulances.
    Medical,
}

impl Service {
    /// The line that such a call would have come in by.
    pub fn line(self) -> &'static str {
        match self {
            Service::Fire => "119",
            Service::Medical => "120",
        }
    }

    /// Whom the row expects to be told.
    pub fn agency(self) -> Agency {
        match self {
            Service::Fire => Agency::Fire,
            Service::Medical => Agency::Medical,
        }
    }
}

/// How grave the call takers held a medical call to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gravity {
    Arrest,
    Grave,
    Slight,
}

/// By the letter of the medical protocol, by the call type's group, by the number of the priority (3 is with lights and sirens).
fn gravity(priority: &str, group: &str) -> Gravity {
    match (priority.to_ascii_uppercase().as_str(), group) {
        ("E", _) => Gravity::Arrest,
        (_, "Potentially Life-Threatening") => Gravity::Grave,
        (_, "Non Life-threatening") => Gravity::Slight,
        ("D" | "C" | "3", _) => Gravity::Grave,
        (_, _) => Gravity::Slight,
    }
}

/// What a call type is held to be; the last tells whether it is listed.
pub fn kind_of(matter: &str, priority: &str, group: &str) -> (Kind, Service, bool) {
    use Service::{Fire, Medical};
    let (kind, service) = match matter.to_ascii_lowercase().as_str() {
        "medical incident" => match gravity(priority, group) {
            Gravity::Arrest => (Kind::CardiacArrest, Medical),
            Gravity::Grave => (Kind::Unconscious, Medical),
            Gravity::Slight => (Kind::Illness, Medical),
        },
        "transfer" => (Kind::Transfer, Medical),
        "traffic collision" => (Kind::CrashInjury, Medical),
        "industrial accidents" => (Kind::MajorTrauma, Medical),
        "mass casualty incident" => (Kind::MassCasualty, Medical),
        "structure fire" | "structure fire / smoke in building" | "marine fire" => {
            (Kind::StructureFire, Fire)
        }
        "outside fire" | "wildland fire" => (Kind::Wildfire, Fire),
        "vehicle fire" | "train / rail fire" => (Kind::VehicleFire, Fire),
        "alarms"
        | "smoke investigation (outside)"
        | "odor (strange / unknown)"
        | "lightning strike (investigation)" => (Kind::SmokeAlarm, Fire),
        "gas leak (natural and lp gases)" => (Kind::GasLeak, Fire),
        "electrical hazard" => (Kind::LiveWire, Fire),
        "hazmat" | "fuel spill" | "oil spill" => (Kind::Hazmat, Fire),
        "explosion" | "suspicious package" => (Kind::TerrorExplosive, Fire),
        "water rescue" | "watercraft in distress" => (Kind::WaterRescue, Fire),
        "elevator / escalator rescue"
        | "high angle rescue"
        | "extrication / entrapped (machinery, vehicle)" => (Kind::Trapped, Fire),
        "confined space / structure collapse" => (Kind::Collapse, Fire),
        "train / rail incident" | "aircraft emergency" => (Kind::MassCasualty, Fire),
        "citizen assist / service call"
        | "assist police"
        | "mutual aid / assist outside agency"
        | "administrative"
        | "other" => (Kind::RescueMinor, Fire),
        _ => return (Kind::RescueMinor, Fire, false),
    };
    (kind, service, true)
}

/// What a unit of a type can do, where we have a word for it: chiefs and investigators have none.
pub fn capability_of(unit_type: &str) -> Option<Capability> {
    match unit_type.to_ascii_uppercase().as_str() {
        "ENGINE" => Some(Capability::FireEngine),
        "TRUCK" => Some(Capability::Ladder),
        "RESCUE SQUAD" => Some(Capability::Rescue),
        "MEDIC" | "PRIVATE" | "BLS" => Some(Capability::Ambulance),
        "RESCUE CAPTAIN" => Some(Capability::AdvancedCare),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_medical_call_is_as_grave_as_it_was_held_to_be() {
        for (priority, group, kind) in [
            ("E", "", Kind::CardiacArrest),
            ("3", "", Kind::Unconscious),
            ("3", "Non Life-threatening", Kind::Illness),
            ("2", "Potentially Life-Threatening", Kind::Unconscious),
            ("A", "", Kind::Illness),
        ] {
            let found = kind_of("Medical Incident", priority, group);
            assert_eq!(found, (kind, Service::Medical, true), "{priority} {group}");
        }
        assert_eq!(
            kind_of("Dragon", "3", ""),
            (Kind::RescueMinor, Service::Fire, false)
        );
    }
}
