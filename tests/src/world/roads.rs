//! What people say of the roads: what is closed, slow or under water, and what is lifted again; and, on the wall's clock, the
//! factors of the hour, which the gateway brings into force there.
//!
//! What people say goes the lossy way of every wish, so that it may come late, twice, or after what was said later.

use super::ground::ground;
use super::options::Planted;
use super::stage::{Thing, World};
use crate::roads::town::Town;
use engine::centre::Prepared;
use engine::command::{Actor, ClockMode};
use engine::lane::Lane;
use engine::moment::Span;
use engine::name::Name;
use engine::place::Point;
use engine::roads::bulletin::{Bulletin, Notice, Says};
use engine::roads::network::Profile;
use engine::runtime::port::{Submission, Wish};
use std::sync::Arc;

/// Names that notices go by: few, so that one often takes the place of another.
const NAMES: u64 = 8;
/// How often the hour is looked at.
const HOUR_PERIOD: Span = Span::minutes(1);

impl World {
    /// The roads of the map in force.
    fn town(&self) -> Option<&'static Town> {
        let map = self.road_desk.as_ref()?.hash();
        ground(self.options.ground).town(map)
    }

    /// Notes when the roads are looked at, and when people first say something of them.
    pub(super) fn begin_roads(&mut self) {
        if ground(self.options.ground).towns.is_empty() {
            return;
        }
        if self.options.clock == ClockMode::Wall {
            self.agenda.note(self.now + 1, Thing::Hour);
        }
        if self.options.traffic.roads_min > 0 {
            self.agenda.note(self.now + 1, Thing::Roads);
        }
    }

    /// A storm begins so long from now: much is said of the roads within minutes.
    pub(super) fn roads_suffer(&mut self, begin_ms: i64) {
        let times = if self.options.traffic.roads_min > 0 {
            8
        } else {
            0
        };
        for _ in 0..times {
            let at = self.after(Span(begin_ms), Span(begin_ms) + Span::minutes(6));
            self.agenda.note(at, Thing::RoadNews);
        }
    }

    /// A road is closed soon after an accident on it.
    pub(super) fn road_is_closed(&mut self, begin_ms: i64, point: Point) {
        if self.options.traffic.roads_min > 0 {
            let at = self.after(Span(begin_ms), Span(begin_ms) + Span::minutes(3));
            self.agenda.note(at, Thing::Close(point));
        }
    }

    /// Somebody says something of the roads, and somebody will again.
    pub(super) fn watch_roads(&mut self) {
        let pause = Span::minutes(self.options.traffic.roads_min);
        let at = self.after(Span::seconds(1), Span(2 * pause.0));
        self.agenda.note(at, Thing::Roads);
        self.somebody_tells_of_roads();
    }

    /// Somebody says something of the roads.
    pub(super) fn somebody_tells_of_roads(&mut self) {
        let (Some(atlas), Some(town)) = (&self.road_desk, self.town()) else {
            return;
        };
        let mut bulletin = atlas.bulletin();
        let is_crowded = bulletin.notices.len() as u64 >= NAMES - 1;
        let (deed, says) = match self.random.chance(if is_crowded { 500 } else { 800 }) {
            true => match town.any_news(&mut self.random) {
                says @ Says::Closed(_) => ("roads_closed", Some(says)),
                says @ Says::Slow { .. } => ("roads_slowed", Some(says)),
                says @ Says::Flooded(_) => ("roads_flooded", Some(says)),
            },
            false => ("roads_lifted", None),
        };
        let name = self.any_name();
        match (says, name) {
            (Some(says), Some(id)) => bulletin.put(Notice { id, says }),
            _ if self.random.chance(300) => bulletin.notices.clear(),
            (None, Some(id)) if bulletin.lift(id) => {}
            _ => return,
        }
        self.books.counters.hit("world", deed);
        self.post(Actor::Dispatcher(0), bulletin);
    }

    /// The road nearest to a place is closed, both ways.
    pub(super) fn close_road_at(&mut self, point: Point) {
        let (Some(atlas), Some(id)) = (self.road_desk.clone(), self.any_name()) else {
            return;
        };
        let (Some(position), Some(town)) = (atlas.position(Profile::Normal, point), self.town())
        else {
            return;
        };
        let says = Says::Closed(town.both_ways(position.edge));
        let mut bulletin = atlas.bulletin();
        bulletin.put(Notice { id, says });
        self.books.counters.hit("world", "roads_closed");
        self.post(Actor::Dispatcher(0), bulletin);
    }

    fn any_name(&mut self) -> Option<Name> {
        Name::new(&format!("notice-{}", self.random.below(NAMES))).ok()
    }

    /// On the wall's clock: looks whether the hour has other factors than those in force, and will look again.
    pub(super) fn keep_hour(&mut self) {
        self.agenda.note(self.now + HOUR_PERIOD.0, Thing::Hour);
        let Some(centre) = self.machine.centre() else {
            return;
        };
        let (atlas, plan) = (centre.centre().atlas(), centre.centre().plan());
        let (Some(atlas), Some(plan)) = (atlas, plan) else {
            return;
        };
        let minute = centre
            .running()
            .now()
            .minute_of_day(ground(self.options.ground).city.utc_offset_min);
        let factors = *plan.traffic.at_minute(minute);
        if factors != atlas.factors() {
            let bulletin = Bulletin {
                factors,
                ..atlas.bulletin()
            };
            self.post(Actor::System, bulletin);
        }
    }

    /// Keeps a bulletin, makes the map as it says, and asks for it to come into force.
    fn post(&mut self, actor: Actor, bulletin: Bulletin) {
        let (Some(centre), Some(map)) = (self.machine.centre(), self.road_desk.clone()) else {
            return;
        };
        let Ok((activation, atlas)) = centre.running().store_bulletin(&map, bulletin) else {
            // Nothing was promised; the next step of the process notices when the disk is gone.
            return self.machine.wake_writer(self.now);
        };
        self.books.give(&atlas);
        let told = match self.options.planted {
            // The same name for what held before.
            Some(Planted::StaleTimes) => map.under(activation.hash, map.bulletin()).map(Arc::new),
            Some(_) | None => Ok(Arc::clone(&atlas)),
        };
        let Ok(told) = told else { return };
        let wish = Wish::Activate {
            actor,
            activation,
            object: Prepared::Roads(told),
            testimony: Box::default(),
        };
        if actor != Actor::System {
            self.road_desk = Some(atlas);
            return self.ask(wish);
        }
        // Within the process nothing is lost on the way.
        let mut submissions = vec![Submission { origin: None, wish }];
        match centre.running().submit(Lane::Life, &mut submissions) {
            Ok(()) => self.road_desk = Some(atlas),
            Err(_) => self.books.counters.hit("world", "lane_full"),
        }
        self.machine.wake_writer(self.now);
    }
}
