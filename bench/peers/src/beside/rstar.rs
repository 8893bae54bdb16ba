//! rstar in process: an R*-tree, loaded in bulk.

use super::trees;
use crate::load::Load;
use ::rstar::RTree;
use ::rstar::primitives::GeomWithData;

type Waiting = GeomWithData<[f64; 2], u32>;

/// The free units of one capability.
type Tree = RTree<Waiting>;

/// The peer.
pub type Trees = trees::Trees<Tree>;

impl trees::Tree for Tree {
    fn of(units: impl Iterator<Item = ([f64; 2], u32)>) -> anyhow::Result<Tree> {
        let waiting = units.map(|(metres, unit)| Waiting::new(metres, unit));
        Ok(RTree::bulk_load(waiting.collect()))
    }

    fn take_nearest(&mut self, _: &Load, metres: [f64; 2]) -> Option<u32> {
        self.pop_nearest_neighbor(metres)
            .map(|waiting| waiting.data)
    }

    fn put(&mut self, metres: [f64; 2], unit: u32) -> anyhow::Result<()> {
        self.insert(Waiting::new(metres, unit));
        Ok(())
    }
}
