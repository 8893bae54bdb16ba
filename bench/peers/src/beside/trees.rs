//! What the two trees in process share: one tree of the free units for each capability, each behind a mutex; the nearest is taken
//! out when it is claimed and put back when it is released.

use crate::load::{Call, Load, SKILLS, Skill};
use crate::session::{Claim, Peer, Session, Setting};
use anyhow::Context;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A tree of units by place, in metres.
pub trait Tree: Sized + Send + 'static {
    /// A tree of these.
    fn of(units: impl Iterator<Item = ([f64; 2], u32)>) -> anyhow::Result<Self>;

    /// The nearest unit, which is in it no more.
    fn take_nearest(&mut self, load: &Load, metres: [f64; 2]) -> Option<u32>;

    /// A unit is in it again.
    fn put(&mut self, metres: [f64; 2], unit: u32) -> anyhow::Result<()>;
}

/// The trees of all capabilities; as a peer, and as one caller of it.
pub struct Trees<T> {
    load: Arc<Load>,
    free: Arc<[Mutex<T>; SKILLS.len()]>,
}

impl<T> Trees<T> {
    fn of(&self, skill: Skill) -> MutexGuard<'_, T> {
        let tree = &self.free[skill.0 as usize];
        tree.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Tree> Peer for Trees<T> {
    type Session = Trees<T>;
    const IS_NEAREST: bool = true;

    async fn start(setting: &Setting) -> anyhow::Result<Trees<T>> {
        let load = Arc::clone(&setting.load);
        let trees = Skill::all().map(|skill| {
            let units = load.free(skill);
            let tree = T::of(units.map(|(number, unit)| (unit.spot.metres, number)))?;
            anyhow::Ok(Mutex::new(tree))
        });
        let trees: Vec<_> = trees.collect::<anyhow::Result<_>>()?;
        let trees = trees.try_into().ok().context("as many trees as skills")?;
        Ok(Trees {
            load,
            free: Arc::new(trees),
        })
    }

    async fn session(&mut self, _: usize) -> anyhow::Result<Trees<T>> {
        Ok(Trees {
            load: Arc::clone(&self.load),
            free: Arc::clone(&self.free),
        })
    }

    async fn stop(self) -> anyhow::Result<()> {
        Ok(())
    }
}

impl<T: Tree> Session for Trees<T> {
    async fn assign(&mut self, call: &Call, _: u64, claims: &mut Vec<Claim>) -> anyhow::Result<()> {
        let nearest = self
            .of(call.skill)
            .take_nearest(&self.load, call.spot.metres);
        claims.extend(nearest.map(Claim::of));
        Ok(())
    }

    async fn release(&mut self, claims: &[Claim]) -> anyhow::Result<()> {
        for unit in claims.iter().filter_map(|claim| claim.unit) {
            let row = &self.load.units[unit as usize];
            if let Some(skill) = row.skill {
                self.of(skill).put(row.spot.metres, unit)?;
            }
        }
        Ok(())
    }
}
