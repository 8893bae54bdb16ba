//! Who stands in the embedded county from day to day: police, fire, traffic, ambulances and the agencies' desks.

use super::super::{DESK_LIMIT_DEFAULT, Post, UnitRow};
use super::layout::{Layout, PLACES, district_id};
use super::random::Random;
use super::{GenerateError, name};
use crate::capability::{Capability, CapabilitySet};
use crate::kind::Agency;
use crate::name::Name;
use crate::place::Point;
use crate::place::projection::{Plane, Projection};

/// Minutes of the local day between which a unit is on duty (X12).
#[derive(Clone, Copy)]
pub(super) struct Roster {
    pub on_min: u16,
    pub off_min: u16,
}

pub(super) const ALWAYS: Roster = Roster {
    on_min: 0,
    off_min: 0,
};
pub(super) const DAY: Roster = Roster {
    on_min: 8 * 60,
    off_min: 20 * 60,
};
pub(super) const NIGHT: Roster = Roster {
    on_min: 20 * 60,
    off_min: 8 * 60,
};

/// What units of one sort have in common.
#[derive(Clone, Copy)]
pub(super) struct Sort {
    pub agency: Agency,
    pub capabilities: &'static [Capability],
    pub speed_kmh: u32,
    pub turnout_s: u32,
    pub strength: u16,
}

const PATROL: Sort = Sort {
    agency: Agency::Police,
    capabilities: &[Capability::Patrol],
    speed_kmh: 45,
    turnout_s: 30,
    strength: 3,
};
const DETECTIVE: Sort = Sort {
    capabilities: &[Capability::Patrol, Capability::Detective],
    turnout_s: 120,
    strength: 4,
    ..PATROL
};
const ENGINE: Sort = Sort {
    agency: Agency::Fire,
    capabilities: &[Capability::FireEngine, Capability::Rescue],
    speed_kmh: 45,
    turnout_s: 60,
    strength: 6,
};
const TOWNSHIP_ENGINE: Sort = Sort {
    capabilities: &[Capability::FireEngine],
    turnout_s: 80,
    strength: 4,
    ..ENGINE
};
const LADDER: Sort = Sort {
    capabilities: &[Capability::Ladder, Capability::Rescue],
    strength: 3,
    ..ENGINE
};
const HAZMAT: Sort = Sort {
    capabilities: &[Capability::Hazmat, Capability::FireEngine],
    ..ENGINE
};
const BOAT: Sort = Sort {
    capabilities: &[Capability::Boat, Capability::Rescue],
    turnout_s: 120,
    ..ENGINE
};
const TRAFFIC: Sort = Sort {
    agency: Agency::Traffic,
    capabilities: &[Capability::TrafficPatrol],
    speed_kmh: 50,
    turnout_s: 30,
    strength: 2,
};
const TOW: Sort = Sort {
    capabilities: &[Capability::Tow],
    speed_kmh: 40,
    turnout_s: 180,
    ..TRAFFIC
};
const AMBULANCE: Sort = Sort {
    agency: Agency::Medical,
    capabilities: &[Capability::Ambulance],
    speed_kmh: 50,
    turnout_s: 60,
    strength: 3,
};
const ADVANCED: Sort = Sort {
    capabilities: &[Capability::Ambulance, Capability::AdvancedCare],
    strength: 4,
    ..AMBULANCE
};

/// Everything that stands somewhere, while it is being placed.
pub(super) struct Forces<'a> {
    layout: &'a Layout,
    projection: &'a Projection,
    pub(super) random: Random,
    pub posts: Vec<Post>,
    pub units: Vec<UnitRow>,
}

impl<'a> Forces<'a> {
    pub fn new(layout: &'a Layout, projection: &'a Projection, random: Random) -> Forces<'a> {
        Forces {
            layout,
            projection,
            random,
            posts: Vec::new(),
            units: Vec::new(),
        }
    }

    /// A desk for every agency, in the centre itself: it takes what needs no vehicle.
    pub fn desks(&mut self) -> Result<(), GenerateError> {
        let post = self.post("县应急联动中心", Agency::Government, 0)?;
        for &agency in Agency::ALL {
            let desk = CapabilitySet::EMPTY.with(Capability::desk_of(agency));
            let contacts = self.contacts()?;
            self.units.push(UnitRow {
                name: name(&format!("D-{agency}"))?,
                agency,
                capabilities: desk,
                post: Some(post.name),
                home: post.district,
                point: post.point,
                speed_mm_s: 0,
                turnout_ms: 0,
                strength: 2,
                least_strength: 1,
                roster_on_min: ALWAYS.on_min,
                roster_off_min: ALWAYS.off_min,
                capacity: DESK_LIMIT_DEFAULT,
                contacts,
                phones: Vec::new(),
            });
        }
        Ok(())
    }

    /// What drives: patrols, engines, traffic police, ambulances.
    pub fn vehicles(&mut self) -> Result<(), GenerateError> {
        self.patrols()?;
        self.engines()?;
        self.traffic()?;
        self.ambulances()
    }

    fn patrols(&mut self) -> Result<(), GenerateError> {
        for (index, place) in PLACES.iter().enumerate() {
            let post = self.post(&format!("{}派出所", place.short), Agency::Police, index)?;
            let rosters: &[Roster] = match place.class {
                0 => &[ALWAYS, ALWAYS, DAY, DAY, NIGHT, NIGHT],
                1 => &[ALWAYS, DAY, NIGHT],
                _ => &[ALWAYS, DAY],
            };
            let contacts = self.contacts()?;
            for (car, &roster) in (1..).zip(rosters) {
                let text = format!("P-{:02}{car:02}", place.number);
                self.unit(&text, PATROL, &post, roster, &contacts)?;
            }
        }
        let post = self.post("刑事侦查大队", Agency::Police, 1)?;
        let contacts = self.contacts()?;
        for (car, roster) in (1..).zip([ALWAYS, ALWAYS, DAY, NIGHT]) {
            self.unit(
                &format!("P-90{car:02}"),
                DETECTIVE,
                &post,
                roster,
                &contacts,
            )?;
        }
        Ok(())
    }

    fn engines(&mut self) -> Result<(), GenerateError> {
        let station = self.post("县消防救援站", Agency::Fire, 2)?;
        let contacts = self.contacts()?;
        let mut number = 0;
        for sort in [ENGINE, ENGINE, ENGINE, LADDER, HAZMAT, BOAT] {
            number += 1;
            self.unit(&format!("F-{number:02}"), sort, &station, ALWAYS, &contacts)?;
        }
        for (index, place) in PLACES
            .iter()
            .enumerate()
            .filter(|(_, place)| place.class > 0)
        {
            let post = self.post(&format!("{}消防站", place.short), Agency::Fire, index)?;
            let contacts = self.contacts()?;
            number += 1;
            self.unit(
                &format!("F-{number:02}"),
                TOWNSHIP_ENGINE,
                &post,
                ALWAYS,
                &contacts,
            )?;
        }
        Ok(())
    }

    fn traffic(&mut self) -> Result<(), GenerateError> {
        const TOWN: [Roster; 8] = [ALWAYS, ALWAYS, ALWAYS, DAY, DAY, DAY, NIGHT, NIGHT];
        // One squadron on each of the five main roads.
        const SQUADRONS: [usize; 5] = [5, 9, 12, 18, 21];
        let brigade = self.post("交警大队", Agency::Traffic, 0)?;
        let contacts = self.contacts()?;
        let mut number = 0;
        for roster in TOWN {
            number += 1;
            self.unit(
                &format!("T-{number:02}"),
                TRAFFIC,
                &brigade,
                roster,
                &contacts,
            )?;
        }
        for index in SQUADRONS {
            let post = self.post(
                &format!("{}交警中队", PLACES[index].short),
                Agency::Traffic,
                index,
            )?;
            let contacts = self.contacts()?;
            for roster in [ALWAYS, DAY] {
                number += 1;
                self.unit(&format!("T-{number:02}"), TRAFFIC, &post, roster, &contacts)?;
            }
        }
        for _ in 0..2 {
            number += 1;
            self.unit(&format!("T-{number:02}"), TOW, &brigade, ALWAYS, &contacts)?;
        }
        Ok(())
    }

    fn ambulances(&mut self) -> Result<(), GenerateError> {
        const TOWN: [(&str, usize, &[Sort]); 4] = [
            ("县急救中心", 0, &[ADVANCED, ADVANCED, AMBULANCE, AMBULANCE]),
            ("中医院急救站", 2, &[ADVANCED, AMBULANCE]),
            ("妇幼保健院急救站", 1, &[AMBULANCE]),
            ("第二人民医院急救站", 3, &[AMBULANCE]),
        ];
        let mut number = 0;
        for (text, index, sorts) in TOWN {
            let post = self.post(text, Agency::Medical, index)?;
            let contacts = self.contacts()?;
            for &sort in sorts {
                number += 1;
                self.unit(&format!("M-{number:02}"), sort, &post, ALWAYS, &contacts)?;
            }
        }
        for (index, place) in PLACES
            .iter()
            .enumerate()
            .filter(|(_, place)| place.class > 0)
        {
            let post = self.post(&format!("{}急救点", place.short), Agency::Medical, index)?;
            let contacts = self.contacts()?;
            number += 1;
            self.unit(
                &format!("M-{number:02}"),
                AMBULANCE,
                &post,
                ALWAYS,
                &contacts,
            )?;
        }
        Ok(())
    }

    /// Exactly so many units: the least needed are left out, or patrols, ambulances and engines of
    /// the standard load stand all over the county.
    pub fn fill(&mut self, units: usize, random: &mut Random) -> Result<(), GenerateError> {
        self.thin(units);
        let mut number = 0u32;
        while self.units.len() < units {
            number += 1;
            let (letter, sort) = match number % 10 {
                1 | 3 | 5 | 7 | 9 => ('P', PATROL),
                2 | 4 | 8 => ('M', AMBULANCE),
                _ => ('F', TOWNSHIP_ENGINE),
            };
            let (place, index) = self.layout.anywhere(random);
            let contacts = self.contacts()?;
            let mut unit = row(&format!("{letter}-X{number:06}"), sort, ALWAYS, &contacts)?;
            unit.home = district_id(index);
            unit.point = self.projection.point(place);
            self.units.push(unit);
        }
        Ok(())
    }

    /// Keeps the desks and of the rest an even share of everything, so that no agency disappears as a whole.
    fn thin(&mut self, most: usize) {
        let all = self.units.len();
        let desks = Agency::ALL.len();
        let (rest, keep) = (all - desks, most.saturating_sub(desks));
        if keep >= rest {
            return;
        }
        let mut place = 0;
        self.units.retain(|_| {
            place += 1;
            // The n-th of the rest stays when n × keep / rest steps up: exactly `keep` of them do.
            place <= desks || (place - desks) * keep / rest > (place - desks - 1) * keep / rest
        });
    }

    /// A post near the seat of a place.
    pub(super) fn post(
        &mut self,
        text: &str,
        agency: Agency,
        index: usize,
    ) -> Result<Post, GenerateError> {
        const NEAR_DM: i32 = 2_500;
        let seat = self.layout.seats[index];
        let x_dm = seat.x_dm + self.random.between(-NEAR_DM, NEAR_DM);
        let y_dm = seat.y_dm + self.random.between(-NEAR_DM, NEAR_DM);
        let point = self.projection.point(Plane { x_dm, y_dm });
        let post = Post {
            name: name(text)?,
            agency,
            point,
            district: district_id(index),
        };
        self.posts.push(post);
        Ok(post)
    }

    /// A unit at a post.
    pub(super) fn unit(
        &mut self,
        text: &str,
        sort: Sort,
        post: &Post,
        roster: Roster,
        contacts: &[Name],
    ) -> Result<(), GenerateError> {
        let mut unit = row(text, sort, roster, contacts)?;
        unit.post = Some(post.name);
        unit.home = post.district;
        unit.point = post.point;
        self.units.push(unit);
        Ok(())
    }

    /// Three people who do not exist: primary, deputy, duty leader (X11).
    pub(super) fn contacts(&mut self) -> Result<Vec<Name>, GenerateError> {
        const SURNAMES: [&str; 16] = [
            "王", "李", "张", "陈", "吴", "应", "朱", "徐", "郑", "泮", "杨", "周", "蒋", "顾",
            "方", "戴",
        ];
        const GIVEN: [&str; 20] = [
            "建国", "伟民", "志强", "晓东", "海波", "丽华", "国平", "永康", "文斌", "雪芬", "军",
            "敏", "涛", "亚萍", "卫星", "金荣", "春燕", "明辉", "宏伟", "美玲",
        ];
        (0..3)
            .map(|_| {
                name(&format!(
                    "{}{}",
                    self.random.one_of(&SURNAMES),
                    self.random.one_of(&GIVEN)
                ))
            })
            .collect()
    }
}

/// A unit that stands nowhere yet.
fn row(
    text: &str,
    sort: Sort,
    roster: Roster,
    contacts: &[Name],
) -> Result<UnitRow, GenerateError> {
    Ok(UnitRow {
        name: name(text)?,
        agency: sort.agency,
        capabilities: sort.capabilities.iter().copied().collect(),
        post: None,
        home: district_id(0),
        point: Point::default(),
        speed_mm_s: super::super::rows::mm_s(sort.speed_kmh * 1_000),
        turnout_ms: sort.turnout_s * 1_000,
        strength: sort.strength,
        least_strength: 1,
        roster_on_min: roster.on_min,
        roster_off_min: roster.off_min,
        capacity: 1,
        contacts: contacts.to_vec(),
        phones: Vec::new(),
    })
}
