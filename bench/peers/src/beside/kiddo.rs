//! kiddo in process: a k-d tree.

use super::trees;
use crate::load::Load;
use ::kiddo::leaf_strategy::VecOfArrays;
use ::kiddo::{Eytzinger, KdTree, SquaredEuclidean};

/// Points of a leaf: more than ever wait at one place, which a tree with smaller leaves cannot hold.
const LEAF: usize = 64;

/// The free units of one capability.
type Tree = KdTree<f64, u32, Eytzinger, VecOfArrays<f64, u32, 2, LEAF>, 2, LEAF>;

/// The peer.
pub type Trees = trees::Trees<Tree>;

impl trees::Tree for Tree {
    fn of(units: impl Iterator<Item = ([f64; 2], u32)>) -> anyhow::Result<Tree> {
        let mut tree = Tree::default();
        for (metres, unit) in units {
            tree.put(metres, unit)?;
        }
        Ok(tree)
    }

    fn take_nearest(&mut self, load: &Load, metres: [f64; 2]) -> Option<u32> {
        if self.is_empty() {
            return None;
        }
        let nearest = self
            .query(&metres)
            .nearest_one::<SquaredEuclidean<f64>>()
            .execute();
        let unit = nearest.item;
        self.remove(&load.units[unit as usize].spot.metres, unit);
        Some(unit)
    }

    fn put(&mut self, metres: [f64; 2], unit: u32) -> anyhow::Result<()> {
        self.add(&metres, unit)
            .map_err(|error| anyhow::anyhow!("kiddo: {error}"))
    }
}
