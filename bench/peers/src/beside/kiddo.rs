//! kiddo in process: a k-d tree of the free units for each capability; nearest, removed when claimed, added when released.

use crate::load::{Call, Load, SKILLS, Skill};
use crate::session::{Claim, Peer, Session, Setting};
use ::kiddo::leaf_strategy::VecOfArrays;
use ::kiddo::{Eytzinger, KdTree, SquaredEuclidean};
use anyhow::Context;
use std::sync::{Arc, Mutex, PoisonError};

/// Points of a leaf: more than ever wait at one place, which a tree with smaller leaves cannot hold.
const LEAF: usize = 64;

type Tree = KdTree<f64, u32, Eytzinger, VecOfArrays<f64, u32, 2, LEAF>, 2, LEAF>;

/// The trees, each behind a mutex.
pub struct Trees {
    load: Arc<Load>,
    free: Arc<[Mutex<Tree>; SKILLS.len()]>,
}

/// One caller.
pub struct Caller {
    load: Arc<Load>,
    free: Arc<[Mutex<Tree>; SKILLS.len()]>,
}

impl Peer for Trees {
    type Session = Caller;
    const IS_NEAREST: bool = true;

    async fn start(setting: &Setting) -> anyhow::Result<Trees> {
        let load = Arc::clone(&setting.load);
        let trees = Skill::all().map(|skill| {
            let mut tree = Tree::default();
            for (number, unit) in load.free(skill) {
                tree.add(&unit.spot.metres, number)
                    .map_err(|error| anyhow::anyhow!("kiddo: {error}"))?;
            }
            anyhow::Ok(Mutex::new(tree))
        });
        let trees: Vec<_> = trees.collect::<anyhow::Result<_>>()?;
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
        if tree.is_empty() {
            return Ok(());
        }
        let nearest = tree
            .query(&call.spot.metres)
            .nearest_one::<SquaredEuclidean<f64>>()
            .execute();
        let unit = nearest.item;
        tree.remove(&self.load.units[unit as usize].spot.metres, unit);
        claims.push(Claim::of(unit));
        Ok(())
    }

    async fn release(&mut self, claims: &[Claim]) -> anyhow::Result<()> {
        for unit in claims.iter().filter_map(|claim| claim.unit) {
            let row = &self.load.units[unit as usize];
            let Some(skill) = row.skill else { continue };
            let tree = &self.free[skill.0 as usize];
            let mut tree = tree.lock().unwrap_or_else(PoisonError::into_inner);
            tree.add(&row.spot.metres, unit)
                .map_err(|error| anyhow::anyhow!("kiddo: {error}"))?;
        }
        Ok(())
    }
}
