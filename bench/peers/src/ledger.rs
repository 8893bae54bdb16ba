//! What must hold of every peer's answers: nobody is given out twice, everybody can do what is asked, and who promises the nearest
//! gives the nearest.

use crate::load::{Call, Load, Skill};
use anyhow::ensure;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// By how much a unit may be farther away than the nearest: peers on the globe reckon with a slightly different Earth, and Redis keeps
/// places to within 0.6 m.
const FARTHER_SHARE: f64 = 0.01;
const FARTHER_M: f64 = 2.0;

/// Who is given out just now.
pub struct Ledger {
    load: Arc<Load>,
    held: Vec<AtomicBool>,
}

impl Ledger {
    /// Nobody yet; busy units too, when the peer was told of them.
    pub fn new(load: &Arc<Load>, is_told: bool) -> Ledger {
        let units = load.units.iter();
        Ledger {
            held: units
                .map(|unit| AtomicBool::new(is_told && !unit.is_free))
                .collect(),
            load: Arc::clone(load),
        }
    }

    /// A unit was given to a call.
    pub fn give(&self, unit: u32, call: &Call) -> anyhow::Result<()> {
        let row = &self.load.units[unit as usize];
        ensure!(
            row.skill == Some(call.skill),
            "{} was sent, which is no {}",
            row.name,
            call.skill.name()
        );
        // Whoever gives it out again saw it released, through the peer: acquire what the release there came after.
        let was_held = self.held[unit as usize].swap(true, Ordering::AcqRel);
        ensure!(!was_held, "{} was given out twice", row.name);
        Ok(())
    }

    /// A unit is about to be given back.
    pub fn take_back(&self, unit: u32) {
        self.held[unit as usize].store(false, Ordering::Release);
    }

    /// The distance of the nearest unit that is not given out, by looking at all.
    fn nearest_m(&self, call: &Call) -> f64 {
        let units = self.load.units.iter().zip(&self.held);
        units
            .filter(|(unit, held)| unit.skill == Some(call.skill) && !held.load(Ordering::Acquire))
            .map(|(unit, _)| unit.spot.distance_m(&call.spot))
            .fold(f64::INFINITY, f64::min)
    }

    /// Whether the unit that a call is about to be given is the nearest, or as near as one can say.
    pub fn check_nearest(&self, unit: u32, call: &Call) -> anyhow::Result<()> {
        let nearest_m = self.nearest_m(call);
        let given_m = self.load.units[unit as usize].spot.distance_m(&call.spot);
        ensure!(
            given_m <= nearest_m * (1.0 + FARTHER_SHARE) + FARTHER_M,
            "a {} {given_m:.1} m away was sent, though one is {nearest_m:.1} m away",
            call.skill.name()
        );
        Ok(())
    }

    /// How many of a capability are not given out.
    pub fn free(&self, skill: Skill) -> usize {
        let units = self.load.units.iter().zip(&self.held);
        units
            .filter(|(unit, held)| unit.skill == Some(skill) && !held.load(Ordering::Acquire))
            .count()
    }
}
