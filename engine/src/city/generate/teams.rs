//! The forty teams of X10: twenty of the townships, sixteen specialist, county rescue, medical, militia, experts.

use super::GenerateError;
use super::forces::{ALWAYS, Forces, Sort};
use super::layout::PLACES;
use crate::capability::Capability::{self, *};
use crate::kind::Agency::{self, *};

/// A team of the county: what it is called, whose it is, what it can do, its least strength (X10), seconds to muster.
struct TeamRow {
    name: &'static str,
    agency: Agency,
    capabilities: &'static [Capability],
    least_strength: u16,
    muster_s: u32,
}

const fn team(
    name: &'static str,
    agency: Agency,
    capabilities: &'static [Capability],
    least_strength: u16,
    muster_s: u32,
) -> TeamRow {
    TeamRow {
        name,
        agency,
        capabilities,
        least_strength,
        muster_s,
    }
}

/// Sixteen specialist teams of 10 to 20, riot of 50 or more; then the four of the county itself.
const TEAMS: [TeamRow; 20] = [
    team("防暴应急队", Police, &[Riot], 50, 900),
    team("排爆应急队", Police, &[BombDisposal], 10, 900),
    team("森林消防应急队", Forestry, &[ForestFire], 20, 900),
    team("防汛抢险应急队", FloodControl, &[FloodTeam], 20, 900),
    team("水上救援应急队", Fire, &[Boat], 10, 600),
    team("危化处置应急队", Fire, &[Hazmat], 12, 600),
    team("山地救援应急队", Fire, &[Rescue], 12, 900),
    team("建筑坍塌救援应急队", Fire, &[Rescue, Ladder], 15, 900),
    team("道路抢通应急队", Traffic, &[Tow], 15, 900),
    team("地质灾害应急队", Geology, &[GeologyCrew], 10, 900),
    team("疾控流调应急队", Health, &[EpidemicTeam], 10, 900),
    team("环境监测应急队", Environment, &[EnvironmentCrew], 10, 900),
    team("燃气抢险应急队", Gas, &[GasCrew], 10, 900),
    team("电力抢险应急队", Power, &[PowerCrew], 15, 900),
    team("供水抢险应急队", Water, &[WaterCrew], 10, 900),
    team("市政抢险应急队", Urban, &[UrbanCrew], 15, 900),
    team("县综合救援队", Fire, &[Rescue, FireEngine], 30, 600),
    team("县医疗救护队", Medical, &[MedicalTeam], 20, 900),
    team("县民兵应急队", Police, &[Militia], 50, 1_800),
    team("县专家组", Government, &[Expert], 5, 1_800),
];

/// Least strength of a township's team by its class (X10).
const fn least_strength(class: u8) -> u16 {
    match class {
        1 => 20,
        2 => 15,
        _ => 10,
    }
}

impl Forces<'_> {
    /// All forty (X10).
    pub fn teams(&mut self) -> Result<(), GenerateError> {
        for (index, place) in PLACES
            .iter()
            .enumerate()
            .filter(|(_, place)| place.class > 0)
        {
            let post = self.post(&format!("{}人民政府", place.name), Government, index)?;
            let contacts = self.contacts()?;
            let row = team(
                "",
                Government,
                &[TownshipTeam],
                least_strength(place.class),
                300,
            );
            self.team(&format!("{}应急队", place.short), &row, &post, &contacts)?;
        }
        for (place, row) in TEAMS.iter().enumerate() {
            let post = self.post(&format!("{}驻地", row.name), row.agency, place % 4)?;
            let contacts = self.contacts()?;
            self.team(row.name, row, &post, &contacts)?;
        }
        Ok(())
    }

    fn team(
        &mut self,
        text: &str,
        row: &TeamRow,
        post: &super::super::Post,
        contacts: &[crate::name::Name],
    ) -> Result<(), GenerateError> {
        let over = u16::try_from(self.random.below(5)).unwrap_or(0);
        let sort = Sort {
            agency: row.agency,
            capabilities: row.capabilities,
            speed_kmh: 40,
            turnout_s: row.muster_s,
            strength: row.least_strength + over,
        };
        self.unit(text, sort, post, ALWAYS, contacts)?;
        if let Some(unit) = self.units.last_mut() {
            unit.least_strength = row.least_strength;
        }
        Ok(())
    }
}
