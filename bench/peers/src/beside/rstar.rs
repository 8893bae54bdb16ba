//! rstar in process: an R*-tree of the free units for each capability; the nearest is popped when claimed, inserted when released.

use crate::load::{Call, Load, SKILLS, Skill};
use crate::session::{Claim, Peer, Session, Setting};
use ::rstar::RTree;
use ::rstar::primitives::GeomWithData;
use anyhow::Context;
use std::sync::{Arc, Mutex, PoisonError};

type Waiting = GeomWithData<[f64; 2], u32>;
type Free = Arc<[Mutex<RTree<Waiting>>; SKILLS.len()]>;

/// The trees, each behind a mutex.
pub struct Trees {
    load: Arc<Load>,
    free: Free,
}

/// One caller.
pub struct Caller {
    load: Arc<Load>,
    free: Free,
}

impl Peer for Trees {
    type Session = Caller;
    const IS_NEAREST: bool = true;

    async fn start(setting: &Setting) -> anyhow::Result<Trees> {
        let load = Arc::clone(&setting.load);
        let trees: Vec<_> = Skill::all()
            .map(|skill| {
                let units = load.free(skill);
                let waiting = units.map(|(number, unit)| Waiting::new(unit.spot.metres, number));
                Mutex::new(RTree::bulk_load(waiting.collect()))
            })
            .collect();
        let trees = trees.try_into().ok().context("as many trees as skills")?;
        Ok(Trees {
            load,
            free: Arc::new(trees),
        })
    }

    async fn session(&mut self, _: usize) -> anyhow::Result<Caller> {
        Ok(Caller {
            load: Arc::clone(&self.load),
            free: Arc::clone(&self.free),
        })
    }

    async fn stop(self) -> anyhow::Result<()> {
        Ok(())
    }
}

impl Session for Caller {
    async fn assign(&mut self, call: &Call, _: u64, claims: &mut Vec<Claim>) -> anyhow::Result<()> {
        let tree = &self.free[call.skill.0 as usize];
        let mut tree = tree.lock().unwrap_or_else(PoisonError::into_inner);
        let nearest = tree.pop_nearest_neighbor(call.spot.metres);
        claims.extend(nearest.map(|waiting| Claim::of(waiting.data)));
        Ok(())
    }

    async fn release(&mut self, claims: &[Claim]) -> anyhow::Result<()> {
        for unit in claims.iter().filter_map(|claim| claim.unit) {
            let row = &self.load.units[unit as usize];
            let Some(skill) = row.skill else { continue };
            let tree = &self.free[skill.0 as usize];
            let mut tree = tree.lock().unwrap_or_else(PoisonError::into_inner);
            tree.insert(Waiting::new(row.spot.metres, unit));
        }
        Ok(())
    }
}
