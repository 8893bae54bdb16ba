//! The repair crews of the agencies that have vehicles besides the four that answer emergencies.

use super::GenerateError;
use super::forces::{ALWAYS, DAY, Forces, Sort};
use crate::capability::Capability;
use crate::kind::Agency;

/// One agency's crews.
struct CrewRow {
    /// The post they start from.
    post: &'static str,
    /// What each is called, before its number.
    crew: &'static str,
    agency: Agency,
    capability: &'static [Capability],
    /// Where the post is, by index of the place.
    place: usize,
    /// How many, of whom every other one works by day only.
    count: usize,
}

const CREWS: [CrewRow; 6] = [
    CrewRow {
        post: "县燃气公司",
        crew: "燃气抢修",
        agency: Agency::Gas,
        capability: &[Capability::GasCrew],
        place: 3,
        count: 2,
    },
    CrewRow {
        post: "县供电公司",
        crew: "供电抢修",
        agency: Agency::Power,
        capability: &[Capability::PowerCrew],
        place: 1,
        count: 4,
    },
    CrewRow {
        post: "县自来水公司",
        crew: "供水抢修",
        agency: Agency::Water,
        capability: &[Capability::WaterCrew],
        place: 2,
        count: 2,
    },
    CrewRow {
        post: "县综合行政执法局",
        crew: "市政抢修",
        agency: Agency::Urban,
        capability: &[Capability::UrbanCrew],
        place: 0,
        count: 4,
    },
    CrewRow {
        post: "县生态环境分局",
        crew: "环境监测",
        agency: Agency::Environment,
        capability: &[Capability::EnvironmentCrew],
        place: 0,
        count: 2,
    },
    CrewRow {
        post: "县林业局",
        crew: "护林巡查",
        agency: Agency::Forestry,
        capability: &[Capability::ForestFire],
        place: 3,
        count: 2,
    },
];

impl Forces<'_> {
    /// Crews of gas, power, water, urban, environment and forestry.
    pub fn crews(&mut self) -> Result<(), GenerateError> {
        for row in &CREWS {
            let post = self.post(row.post, row.agency, row.place)?;
            let contacts = self.contacts()?;
            let sort = Sort {
                agency: row.agency,
                capabilities: row.capability,
                speed_kmh: 40,
                turnout_s: 300,
                strength: 4,
            };
            for number in 1..=row.count {
                let roster = if number % 2 == 1 { ALWAYS } else { DAY };
                self.unit(
                    &format!("{}-{number:02}", row.crew),
                    sort,
                    &post,
                    roster,
                    &contacts,
                )?;
            }
        }
        Ok(())
    }
}
