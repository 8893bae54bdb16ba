//! How long ways take by road, by somebody with a list of streets and much patience: the oracle of [`engine::roads`].
//!
//! It takes a map's nodes, edges and bans as plain data and shares no code that finds a place on them, or a way over them.
//! Places are found by looking at every street ([`spot`]), ways by going from situation to situation, always to the one that is
//! reached first ([`streets`]). What holds on them for a while is reckoned edge by edge ([`holding`]). The rules are those of
//! docs/roads.md. The model and the checkers ask it; it decides nothing.
//!
//! [`town`] makes up the small towns that it is asked about.

mod holding;
pub mod spot;
pub mod streets;
pub mod town;

use engine::id::ObjectHash;
use engine::kind::Priority;
use engine::place::Point;
use engine::roads::atlas::Atlas;
use holding::Times;
use spot::Spot;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use streets::Streets;

/// How somebody drives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Manner {
    /// As everybody does.
    Normal,
    /// With lights and sirens.
    Siren,
}

impl Manner {
    /// Danger to life and what is urgent goes with sirens.
    pub fn of(priority: Priority) -> Manner {
        match priority {
            Priority::P1 | Priority::P2 => Manner::Siren,
            Priority::P3 | Priority::P4 => Manner::Normal,
        }
    }
}

/// What the roads say of the way from one point to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trip {
    /// One of the two points is far from every road: nothing.
    OffRoad,
    /// No way leads there.
    CutOff,
    /// The quickest way takes so many milliseconds.
    Takes(u32),
}

/// How long from every situation to one spot, [`u64::MAX`] where no way leads.
type Search = Rc<Vec<u64>>;

/// Searches that are remembered; then all are forgotten.
const SEARCHES_MAX: usize = 2_000;
/// Spots that are remembered; then all are forgotten.
const SPOTS_MAX: usize = 20_000;

/// A map and what a bulletin says to hold on it. It remembers what it was asked, for the same is asked again and again.
#[derive(Clone, Debug)]
pub struct Oracle {
    streets: Arc<Streets>,
    bulletin: Option<ObjectHash>,
    times: [Times; 2],
    spots: RefCell<BTreeMap<(Manner, Point), Option<Spot>>>,
    searches: RefCell<BTreeMap<(Manner, Spot), Search>>,
}

impl Oracle {
    /// Of the map that an atlas was read from and the bulletin that it is under: of what they say, nothing of what it makes of
    /// it.
    pub fn of(atlas: &Atlas) -> Oracle {
        let streets = Streets::of(atlas);
        let bulletin = atlas.bulletin();
        let manners = [Manner::Normal, Manner::Siren];
        Oracle {
            times: manners.map(|manner| streets.times(manner, &bulletin)),
            bulletin: atlas.bulletin_hash(),
            streets,
            spots: RefCell::default(),
            searches: RefCell::default(),
        }
    }

    /// The map, as an object.
    pub fn map(&self) -> ObjectHash {
        self.streets.hash
    }

    /// What holds on it, as an object; `None` while it is as it says.
    pub fn bulletin(&self) -> Option<ObjectHash> {
        self.bulletin
    }

    /// How long it takes to drive from one point to another.
    pub fn trip(&self, manner: Manner, from: Point, to: Point) -> Trip {
        let (Some(from), Some(to)) = (self.spot(manner, from), self.spot(manner, to)) else {
            return Trip::OffRoad;
        };
        let times = &self.times[manner as usize];
        let search = self.search(manner, to);
        match self.streets.least_ms(times, &search, from, to) {
            Some(ms) => Trip::Takes(ms),
            None => Trip::CutOff,
        }
    }

    /// Where a point is on the roads that somebody may use who drives so.
    pub fn spot(&self, manner: Manner, point: Point) -> Option<Spot> {
        let mut spots = self.spots.borrow_mut();
        if spots.len() == SPOTS_MAX {
            spots.clear();
        }
        let found = spots.entry((manner, point));
        *found.or_insert_with(|| self.streets.spot(manner, point))
    }

    fn search(&self, manner: Manner, to: Spot) -> Search {
        let mut searches = self.searches.borrow_mut();
        if searches.len() == SEARCHES_MAX {
            searches.clear();
        }
        let known = searches.entry((manner, to));
        let times = &self.times[manner as usize];
        let search = known.or_insert_with(|| Rc::new(self.streets.search(times, to)));
        Rc::clone(search)
    }
}
