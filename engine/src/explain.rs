//! Why this unit, and why not the nearer ones (R4): the grounds of one order, rebuilt from records alone.
//!
//! [`Fold`] takes in commands and events up to the very event that issued the order: who was where, on duty, bound by
//! which order, and which plan and city were in force. Then it reckons every candidate's time by the documented formula
//! (`dispatch::travel`, `place::projection`) and says how each stood. It never decides: the unit that was chosen is the one
//! in the journal. Whoever reads the files, and puts the grounds into words, is outside this crate.

mod difference;
mod left_behind;

pub use difference::Difference;

use crate::city::City;
use crate::command::{Activation, Actor, Command, ObjectKind};
use crate::dispatch::surcharge::Surcharge;
use crate::dispatch::travel::{StraightLine, Travel};
use crate::event::{Choice, Event, OrderIssued};
use crate::id::{IncidentId, ObjectHash, OrderId, Sequence, UnitId};
use crate::limits::ASKED_PER_NEED_MAX;
use crate::moment::Moment;
use crate::name::Name;
use crate::order::{OrderState, Rung};
use crate::place::Point;
use crate::place::projection::distance_dm;
use crate::plan::Plan;
use crate::record::Record;
use crate::roads::atlas::{Atlas, profile_for};
use crate::roads::bulletin::Bulletin;
use crate::roads::network::Profile;
use crate::roads::position::Position;
use crate::roads::travel::Destination;
use crate::runtime::ReleasedRecord;
use crate::view::{IncidentView, UnitView, View};
use left_behind::LeftBehind;
use std::collections::BTreeMap;

/// Units that were free and farther, and are named beside the one that was chosen.
pub const FARTHER_SHOWN: usize = 3;

/// How a candidate stood when the order was issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was sent.
    Chosen,
    /// It said no to this need in this round of asking.
    Declined {
        /// The order that it declined.
        order: OrderId,
    },
    /// A person took this need from it in this round of asking.
    Relieved {
        /// The order that it had.
        order: OrderId,
    },
    /// It had as many open orders as it can have.
    Busy {
        /// Its newest order.
        order: OrderId,
        /// The incident of that order.
        incident: IncidentId,
        /// Where that order stood.
        state: OrderState,
        /// Since when it had that order.
        since: Moment,
    },
    /// It was out of service.
    Off,
    /// Nobody was on its roster (X12).
    Unstaffed,
    /// It had too few people (X10).
    Understrength {
        /// How many it had.
        strength: u16,
        /// How many it must have.
        least: u16,
    },
    /// It let a ladder run out and had not been heard of since.
    Silent,
    /// It patrolled, and its last position was too old.
    Stale {
        /// When that was said.
        position_at: Moment,
    },
    /// It could have been sent, but no way led there by the road, and somebody else came.
    CutOff,
    /// It could have been sent and was no farther; a person chose another.
    Free,
    /// It could have been sent and was no farther; by the plan it would have left too much behind.
    Spared,
    /// It could have been sent and would have been there later; for a desk: it had more open orders.
    Farther,
}

/// A unit that can do what was needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The unit.
    pub unit: UnitId,
    /// What it was called.
    pub name: Name,
    /// From where it was to the incident in a straight line, in decimetres; 0 for a desk.
    pub distance_dm: u32,
    /// From the first metre to the place, in milliseconds; 0 for a desk.
    pub travel_ms: u32,
    /// Whether that is by the road; by straight line otherwise.
    pub by_road: bool,
    /// Whether it and the place are both on the map and no way leads from the one to the other.
    pub cut_off: bool,
    /// From the order to the first metre, in milliseconds; 0 for a desk.
    pub turnout_ms: u32,
    /// What the plan adds to that when units are compared; nothing for whoever could not be sent.
    pub surcharge: Surcharge,
    /// Its open orders.
    pub open_orders: usize,
    /// How it stood.
    pub standing: Standing,
}

impl Candidate {
    /// From the order to the place, in milliseconds.
    pub fn total_ms(&self) -> u32 {
        self.travel_ms.saturating_add(self.turnout_ms)
    }

    /// What units are chosen by: travel, turnout and what the plan adds; of equal ones the first defined.
    fn sum(&self) -> (u32, UnitId) {
        let sum_ms = self.total_ms().saturating_add(self.surcharge.total_ms());
        (sum_ms, self.unit)
    }

    /// What candidates are ordered by: the time, for desks the open orders; of equal ones the first defined.
    fn rank(&self, desk: bool) -> (u64, UnitId) {
        let cost = if desk {
            self.open_orders as u64
        } else {
            u64::from(self.total_ms())
        };
        (cost, self.unit)
    }
}

/// What made a unit free that was then given to a waiting need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freed {
    /// Its order ended.
    OrderEnded {
        /// The order.
        order: OrderId,
        /// How.
        state: OrderState,
    },
    /// It reported another duty or strength.
    Duty,
    /// Its shift began.
    Shift,
    /// It was heard of again.
    Heard,
    /// It was defined, or defined anew.
    Defined,
}

/// A unit that was asked for the same need before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The order it was asked by.
    pub order: OrderId,
    /// The unit.
    pub unit: UnitId,
    /// What it was called.
    pub name: Name,
    /// What became of that order.
    pub state: OrderState,
    /// Who on the ladder was told of it last.
    pub rung: Rung,
}

/// All that an order was decided on.
#[derive(Clone, Debug)]
pub struct Grounds {
    /// The record that issued it.
    pub sequence: Sequence,
    /// When.
    pub at: Moment,
    /// Whose command caused it.
    pub actor: Actor,
    /// The order, as it was given.
    pub issued: OrderIssued,
    /// The incident, as it was held then.
    pub incident: IncidentView,
    /// The plan in force.
    pub plan: ObjectHash,
    /// Road distance over straight line by that plan, in thousandths.
    pub detour_permille: u32,
    /// Of so many grants one is a service call's, by that plan (C4).
    pub service_floor: u16,
    /// The city in force.
    pub city: ObjectHash,
    /// The road network in force; `None` where all went by straight line.
    pub roads: Option<ObjectHash>,
    /// Who made that network, to be shown wherever it shows; empty when it is the centre's own.
    pub attribution: String,
    /// What held on the roads beside what the map says.
    pub bulletin: Option<ObjectHash>,
    /// The city's local time, in minutes ahead of UTC.
    pub utc_offset_min: i32,
    /// The name of the district that the incident lies in.
    pub district: Option<Name>,
    /// Since when the need had waited.
    pub waited_since: Option<Moment>,
    /// What made the unit free in the same record.
    pub freed: Option<Freed>,
    /// Who was asked before for this need in this round, oldest first.
    pub asked: Vec<Asked>,
    /// Who could do it, soonest first: all that would have been there no later than the chosen one, the chosen one, and a few
    /// that were free and farther.
    pub candidates: Vec<Candidate>,
}

impl Grounds {
    /// The one that was sent.
    pub fn chosen(&self) -> Option<&Candidate> {
        self.candidates
            .iter()
            .find(|candidate| candidate.standing == Standing::Chosen)
    }
}

/// Everything that decisions are made on, folded from records.
#[derive(Debug, Default)]
pub struct Fold {
    view: View,
    plan: Option<Plan>,
    city: Option<(ObjectHash, City)>,
    roads: Option<Atlas>,
    /// What holds on the roads beside; its times are made for the one order that is asked about.
    bulletin: Option<(ObjectHash, Bulletin)>,
    /// Whether somebody is on a unit's roster, as the centre holds it.
    staffed: BTreeMap<UnitId, bool>,
}

impl Fold {
    /// Nothing yet.
    pub fn new() -> Fold {
        Fold::default()
    }

    /// Goes on from what was known at a snapshot, once the plan and the city of that time are in force.
    pub fn resume(&mut self, view: View) {
        let minute = view.now().minute_of_day(self.utc_offset_min());
        let staffed = view.units().map(|(id, unit)| {
            let defined = || unit.definition.is_staffed(minute);
            (id, unit.staffed.unwrap_or_else(defined))
        });
        self.staffed = staffed.collect();
        self.view = view;
    }

    /// The plan or city that a record brought into force, if it did; its bytes are wanted before the record is heard.
    pub fn wants(record: &Record) -> Option<Activation> {
        record.events.iter().find_map(|event| {
            let Event::ObjectActivated(activation) = *event else {
                return None;
            };
            match activation.object {
                ObjectKind::Plan | ObjectKind::City | ObjectKind::Roads | ObjectKind::Bulletin => {
                    Some(activation)
                }
                ObjectKind::Lexicon => None,
            }
        })
    }

    /// Goes by this object from the next record on. Refuses bytes that are not what the journal says they are.
    pub fn bring_into_force(
        &mut self,
        activation: &Activation,
        bytes: &[u8],
    ) -> Result<(), String> {
        match activation.object {
            ObjectKind::Plan => {
                let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
                self.plan = Some(Plan::load(text).map_err(|mistakes| mistakes.to_string())?);
            }
            ObjectKind::City => {
                let city = City::from_canonical(bytes).map_err(|error| error.to_string())?;
                self.city = Some((activation.hash, city));
            }
            ObjectKind::Roads => {
                self.roads = Some(Atlas::read(activation.hash, bytes)?);
                self.bulletin = None;
            }
            ObjectKind::Bulletin => {
                let bulletin =
                    Bulletin::from_canonical(bytes).map_err(|error| error.to_string())?;
                self.bulletin = Some((activation.hash, bulletin));
            }
            ObjectKind::Lexicon => {}
        }
        Ok(())
    }

    /// Takes in the next record. Gives the grounds of `order` when it is this record that issued it; the fold then stands just
    /// before that event and is of no further use.
    pub fn hear(&mut self, mut released: ReleasedRecord, order: OrderId) -> Option<Grounds> {
        let mut events = released.record.events.iter().enumerate();
        let found = events.find_map(|(index, event)| {
            if let Event::OrderIssued(issued) = *event {
                (issued.order == order).then_some((index, issued))
            } else {
                None
            }
        });
        if let Some((index, _)) = found {
            released.record.events.truncate(index);
        }
        let record = &released.record;
        for event in &record.events {
            self.hear_of_roster(event, record);
        }
        self.view.hear(&released);
        let (_, issued) = found?;
        self.grounds(&released, issued)
    }

    fn hear_of_roster(&mut self, event: &Event, record: &Record) {
        if let (Event::UnitDefined { unit }, Command::DefineUnit(definition)) =
            (event, record.envelope.command)
        {
            let minute = record.at.minute_of_day(self.utc_offset_min());
            self.staffed.insert(*unit, definition.is_staffed(minute));
        } else if let Event::UnitStaffed { unit, staffed } = *event {
            self.staffed.insert(unit, staffed);
        }
    }

    fn utc_offset_min(&self) -> i32 {
        self.city
            .as_ref()
            .map_or(0, |(_, city)| city.utc_offset_min)
    }

    fn grounds(&self, released: &ReleasedRecord, issued: OrderIssued) -> Option<Grounds> {
        let record = &released.record;
        let (plan, (city_hash, city)) = (self.plan.as_ref()?, self.city.as_ref()?);
        let incident = self.view.incident(issued.incident)?.clone();
        let asked = self.asked(issued.previous);
        let under = self.under();
        let roads = under.as_ref().or(self.roads.as_ref());
        let road = roads.and_then(|atlas| road_to(atlas, &issued, &incident));
        let candidates = self.candidates(&issued, &incident, &asked, (plan, city), road);
        let district = incident.place.and_then(|place| place.district);
        let district = district.and_then(|id| city.districts.get(id));
        Some(Grounds {
            sequence: released.sequence,
            at: record.at,
            actor: record.envelope.actor,
            issued,
            plan: plan.hash,
            detour_permille: plan.detour_permille,
            service_floor: plan.service_floor,
            city: *city_hash,
            roads: roads.map(Atlas::hash),
            attribution: roads.map_or_else(String::new, |atlas| atlas.attribution().to_owned()),
            bulletin: roads.and_then(Atlas::bulletin_hash),
            utc_offset_min: city.utc_offset_min,
            district: district.map(|district| district.name),
            waited_since: incident
                .needs
                .get(usize::from(issued.need))
                .and_then(|need| need.waits_since),
            freed: freed(issued.unit, &record.events),
            asked,
            candidates,
            incident,
        })
    }

    /// The chain of orders before this one for the same need, as far back as the centre looks.
    fn asked(&self, previous: Option<OrderId>) -> Vec<Asked> {
        let mut asked = Vec::new();
        let mut next = previous;
        while let (Some(order), true) = (next, asked.len() < usize::from(ASKED_PER_NEED_MAX)) {
            let Some(known) = self.view.order(order) else {
                break;
            };
            let unit = known.issued.unit;
            if let Some(view) = self.view.unit(unit) {
                asked.push(Asked {
                    order,
                    unit,
                    name: view.definition.name,
                    state: known.state,
                    rung: known.rung,
                });
            }
            next = known.issued.previous;
        }
        asked.reverse();
        asked
    }

    fn candidates(
        &self,
        issued: &OrderIssued,
        incident: &IncidentView,
        asked: &[Asked],
        (plan, city): (&Plan, &City),
        road: Option<RoadTo<'_>>,
    ) -> Vec<Candidate> {
        let desk = issued.capability.is_desk();
        let able = self.able(issued, incident, asked, (plan, city), road);
        // What waited is given to the first of all that came free with it, by the same rule.
        let by_plan = match issued.choice {
            Choice::Nearest | Choice::Waiting | Choice::ServiceFloor => !desk,
            Choice::Desk | Choice::Person | Choice::Preemption => false,
        };
        let mut all: Vec<Candidate> = able.into_iter().map(|(candidate, _)| candidate).collect();
        all.sort_by_key(|candidate| candidate.rank(desk));
        shown(all, issued.unit, desk, by_plan)
    }

    /// Everybody who can do what is needed, by number, and how long each would take by straight line, turnout included.
    fn able(
        &self,
        issued: &OrderIssued,
        incident: &IncidentView,
        asked: &[Asked],
        (plan, city): (&Plan, &City),
        mut road: Option<RoadTo<'_>>,
    ) -> Vec<(Candidate, u32)> {
        let travel = StraightLine {
            detour_permille: plan.detour_permille,
        };
        let to = incident
            .place
            .map(|place| city.projection.plane(place.point));
        let district = incident.place.and_then(|place| place.district);
        let at = (incident.priority, district);
        let left_behind = LeftBehind::of(self, (plan, city), at, issued.capability);
        let able = self
            .view
            .units()
            .filter(|(_, unit)| unit.definition.capabilities.contains(issued.capability));
        able.map(|(id, unit)| {
            let definition = &unit.definition;
            let to = to.filter(|_| definition.travels());
            let way = to.map(|to| (city.projection.plane(unit.point), to));
            let time = |(from, to)| travel.time_ms(from, to, definition.speed_mm_s);
            let by_road = road.as_mut().filter(|_| definition.goes_by_road());
            let way_by_road = by_road.map_or(ByRoad::Beside, |road| road.way(unit.point));
            let by_road = match way_by_road {
                ByRoad::Takes(ms) => Some(ms),
                ByRoad::Beside | ByRoad::Nowhere => None,
            };
            let straight_ms = way.map_or(0, time);
            let candidate = Candidate {
                unit: id,
                name: definition.name,
                distance_dm: way.map_or(0, |(from, to)| distance_dm(from, to)),
                travel_ms: by_road.unwrap_or(straight_ms),
                by_road: by_road.is_some(),
                cut_off: way_by_road == ByRoad::Nowhere,
                turnout_ms: if definition.travels() {
                    definition.turnout_ms
                } else {
                    0
                },
                open_orders: unit.orders.len(),
                surcharge: match self.standing(id, unit, &[]) {
                    Standing::Free => left_behind.surcharge(definition),
                    _ => Surcharge::default(),
                },
                standing: self.standing(id, unit, asked),
            };
            let straight_ms = straight_ms.saturating_add(candidate.turnout_ms);
            (candidate, straight_ms)
        })
        .collect()
    }

    /// The map as it is by what holds on it; `None` where nothing does.
    fn under(&self) -> Option<Atlas> {
        let (hash, bulletin) = self.bulletin.clone()?;
        // The centre has decided by it, so it holds on its map.
        self.roads.as_ref()?.under(hash, bulletin).ok()
    }

    /// How a unit stood, whoever was chosen: the first hindrance there was, or that it was free.
    fn standing(&self, id: UnitId, unit: &UnitView, asked: &[Asked]) -> Standing {
        let definition = &unit.definition;
        for asked in asked.iter().filter(|asked| asked.unit == id) {
            let order = asked.order;
            match asked.state {
                OrderState::Declined => return Standing::Declined { order },
                // Who let the ladder run out may be asked as soon as it is heard of.
                OrderState::Reassigned if asked.rung != Rung::NextUnit => {
                    return Standing::Relieved { order };
                }
                _ => {}
            }
        }
        let full = unit.orders.len() >= usize::from(definition.capacity);
        let newest = unit.orders.last().filter(|_| full);
        if let Some((&order, known)) =
            newest.and_then(|order| Some((order, self.view.order(*order)?)))
        {
            return Standing::Busy {
                order,
                incident: known.incident,
                state: known.state,
                since: known.at,
            };
        }
        if !unit.duty.is_ready() {
            Standing::Off
        } else if !self.staffed.get(&id).copied().unwrap_or(true) {
            Standing::Unstaffed
        } else if definition.strength < definition.least_strength {
            Standing::Understrength {
                strength: definition.strength,
                least: definition.least_strength,
            }
        } else if unit.silent {
            Standing::Silent
        } else if unit.stale {
            Standing::Stale {
                position_at: unit.point_at,
            }
        } else {
            Standing::Free
        }
    }
}

/// The way by road to the incident of an order; `None` where all come by straight line.
fn road_to<'a>(
    atlas: &'a Atlas,
    issued: &OrderIssued,
    incident: &IncidentView,
) -> Option<RoadTo<'a>> {
    issued.capability.comes_by_road().then_some(())?;
    let profile = profile_for(incident.priority);
    Some(RoadTo {
        atlas,
        profile,
        to: atlas.position(profile, incident.place?.point)?,
        room: Destination::default(),
    })
}

/// The way by road to one place.
struct RoadTo<'a> {
    atlas: &'a Atlas,
    profile: Profile,
    to: Position,
    room: Destination<u32>,
}

/// How somebody comes to a place on the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ByRoad {
    /// By the road, in so many milliseconds.
    Takes(u32),
    /// Over the fields: they are far from every road.
    Beside,
    /// No way leads there.
    Nowhere,
}

impl RoadTo<'_> {
    fn way(&mut self, from: Point) -> ByRoad {
        let Some(from) = self.atlas.position(self.profile, from) else {
            return ByRoad::Beside;
        };
        let time_ms = self
            .atlas
            .time_ms(self.profile, from, self.to, &mut self.room);
        time_ms.map_or(ByRoad::Nowhere, ByRoad::Takes)
    }
}

/// Of all candidates in their order: everybody before the chosen one, the chosen one, and a few free ones after it.
fn shown(all: Vec<Candidate>, chosen: UnitId, desk: bool, by_plan: bool) -> Vec<Candidate> {
    let sent = all.iter().find(|candidate| candidate.unit == chosen);
    let Some(&sent) = sent else { return all };
    let limit = sent.rank(desk);
    let mut farther = 0;
    all.into_iter()
        .filter_map(|mut candidate| {
            if candidate.unit == chosen {
                candidate.standing = Standing::Chosen;
            } else if candidate.standing == Standing::Free && candidate.cut_off && !sent.cut_off {
                candidate.standing = Standing::CutOff;
            }
            if candidate.rank(desk) < limit {
                let spared = candidate.standing == Standing::Free && candidate.sum() > sent.sum();
                if by_plan && spared {
                    candidate.standing = Standing::Spared;
                }
            } else if candidate.rank(desk) > limit {
                let free = candidate.standing == Standing::Free;
                if !free || farther == FARTHER_SHOWN {
                    return None;
                }
                farther += 1;
                candidate.standing = Standing::Farther;
            }
            Some(candidate)
        })
        .collect()
}

/// What the events before an order say of why its unit was free just then; the last of them counts.
fn freed(unit: UnitId, before: &[Event]) -> Option<Freed> {
    before.iter().rev().find_map(|event| {
        if let Event::OrderMoved {
            order,
            unit: of,
            to,
            ..
        } = *event
        {
            (of == unit && !to.is_open()).then_some(Freed::OrderEnded { order, state: to })
        } else if let Event::UnitDutyChanged { unit: of, .. } = *event {
            (of == unit).then_some(Freed::Duty)
        } else if let Event::UnitStaffed { unit: of, .. } = *event {
            (of == unit).then_some(Freed::Shift)
        } else if let Event::UnitHeard { unit: of } = *event {
            (of == unit).then_some(Freed::Heard)
        } else if let Event::UnitDefined { unit: of } = *event {
            (of == unit).then_some(Freed::Defined)
        } else {
            None
        }
    })
}
