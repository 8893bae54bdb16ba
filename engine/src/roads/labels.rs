//! Travel times on a hierarchy: customised for one set of arc costs, then asked in a few dozen nanoseconds a pair.
//!
//! *Customisation* gives each pair of neighbours the least cost over anything below them, triangle by triangle in ascending
//! rank (Dibbelt, Strasser, Wagner 2016). A *label* then holds, for each ancestor of a rank, root first, the least cost up
//! to it and down from it over ranks that only rise; labels are made from the root down, each from those of its upper
//! neighbours, stretch by stretch. A quickest way rises and then falls, and turns at an ancestor that both ends share:
//! so the answer is the least sum over the ancestors that their labels have in common, which stand first in both.
//!
//! Costs are generic: milliseconds in 32 bits for deciding; 64 bits where a length breaks ties. Nothing here is a float, and
//! nothing depends on the order of the work.

use super::hierarchy::Hierarchy;
use super::position::Fraction;

/// What a way costs: adds up, and is compared.
pub trait Cost: Copy + Ord + Send + Sync + std::fmt::Debug + 'static {
    /// Of standing still.
    const ZERO: Self;
    /// Of what cannot be driven, and of whatever takes so long; sums of two of it do not overflow.
    const NEVER: Self;
    /// The sum of two costs, each at most [`Cost::NEVER`].
    #[must_use]
    fn plus(self, other: Self) -> Self;
    /// The lesser of two sums.
    #[must_use]
    fn lesser(self, other: Self) -> Self;
    /// Its milliseconds.
    fn milliseconds(self) -> u32;
    /// This part of it, rounded half up.
    #[must_use]
    fn part(self, part: Fraction) -> Self;
    /// What is left of it; of at least as much.
    #[must_use]
    fn less(self, other: Self) -> Self;
}

/// Milliseconds. What takes 2^30 - 1 ms (twelve days) or more is out of reach. So sums of two fit 31 bits and compare alike
/// with and without a sign, and the vector instructions that every x86-64 has compare only with one.
impl Cost for u32 {
    const ZERO: u32 = 0;
    const NEVER: u32 = (1 << 30) - 1;

    #[inline(always)]
    fn plus(self, other: u32) -> u32 {
        self.wrapping_add(other)
    }

    #[inline(always)]
    fn lesser(self, other: u32) -> u32 {
        if (self as i32) < (other as i32) {
            self
        } else {
            other
        }
    }

    fn milliseconds(self) -> u32 {
        self
    }

    fn part(self, part: Fraction) -> u32 {
        part.of(self)
    }

    fn less(self, other: u32) -> u32 {
        self - other
    }
}

/// Milliseconds times 2^32, and millimetres.
impl Cost for u64 {
    const ZERO: u64 = 0;
    const NEVER: u64 = (1 << 62) - 1;

    #[inline(always)]
    fn plus(self, other: u64) -> u64 {
        self.wrapping_add(other)
    }

    #[inline(always)]
    fn lesser(self, other: u64) -> u64 {
        self.min(other)
    }

    fn milliseconds(self) -> u32 {
        (self >> 32) as u32
    }

    fn part(self, part: Fraction) -> u64 {
        let millimetres = part.of(self as u32);
        u64::from(part.of(self.milliseconds())) << 32 | u64::from(millimetres)
    }

    fn less(self, other: u64) -> u64 {
        self - other
    }
}

/// Costs between each rank and its ancestors, for one set of arc costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels<C> {
    /// To the ancestors, label by label; see [`Hierarchy::label`].
    up: Vec<C>,
    /// From the ancestors.
    down: Vec<C>,
}

/// Costs between neighbours of a hierarchy, both ways.
pub(super) struct Neighbours<C> {
    up: Vec<C>,
    down: Vec<C>,
}

impl<C: Cost> Labels<C> {
    /// For these costs of the arcs, in the order of the turns.
    pub fn new(hierarchy: &Hierarchy, arc_costs: impl Iterator<Item = C>) -> Labels<C> {
        Labels::of(hierarchy, &Neighbours::new(hierarchy, arc_costs))
    }

    /// To each ancestor of a rank, root first, and to itself.
    pub fn up(&self, hierarchy: &Hierarchy, rank: u32) -> &[C] {
        &self.up[hierarchy.label(rank)]
    }

    /// From each ancestor of a rank, root first, and from itself.
    pub fn down(&self, hierarchy: &Hierarchy, rank: u32) -> &[C] {
        &self.down[hierarchy.label(rank)]
    }

    /// How many bytes they take.
    pub fn bytes(&self) -> usize {
        (self.up.len() + self.down.len()) * size_of::<C>()
    }

    pub(super) fn of(hierarchy: &Hierarchy, neighbours: &Neighbours<C>) -> Labels<C> {
        let entries = hierarchy.label_entries();
        // Zeros, for they come from the kernel as they are touched; each label is filled when it is made, in the cache.
        let mut labels = Labels {
            up: vec![C::ZERO; entries],
            down: vec![C::ZERO; entries],
        };
        for rank in (0..hierarchy.len()).rev() {
            let own = hierarchy.label(rank);
            // Upper neighbours rank higher, so their labels are made and stand behind this one's.
            let (up, above_up) = labels.up[own.start..].split_at_mut(own.len());
            let (down, above_down) = labels.down[own.start..].split_at_mut(own.len());
            up.fill(C::NEVER);
            down.fill(C::NEVER);
            for place in hierarchy.upper_range(rank) {
                let upper = hierarchy.label(hierarchy.uppers()[place]);
                let upper = upper.start - own.end..upper.end - own.end;
                relax(up, &above_up[upper.clone()], neighbours.up[place]);
                relax(down, &above_down[upper], neighbours.down[place]);
            }
            up[own.len() - 1] = C::ZERO;
            down[own.len() - 1] = C::ZERO;
        }
        labels
    }
}

impl<C: Cost> Neighbours<C> {
    /// Customised for these costs of the arcs, in the order of the turns.
    pub(super) fn new(hierarchy: &Hierarchy, arc_costs: impl Iterator<Item = C>) -> Neighbours<C> {
        let mut neighbours = Neighbours::of(hierarchy, arc_costs);
        neighbours.customise(hierarchy);
        neighbours
    }

    /// The cost up to the upper neighbour at a place in [`Hierarchy::uppers`].
    pub(super) fn up(&self, place: usize) -> C {
        self.up[place]
    }

    /// The arcs alone: the least where several join the same two.
    fn of(hierarchy: &Hierarchy, arc_costs: impl Iterator<Item = C>) -> Neighbours<C> {
        let count = hierarchy.upper_count();
        let mut neighbours = Neighbours {
            up: vec![C::NEVER; count],
            down: vec![C::NEVER; count],
        };
        for (place, cost) in hierarchy.arc_places().zip(arc_costs) {
            let Some((place, leads_down)) = place else {
                continue;
            };
            let held = match leads_down {
                true => &mut neighbours.down[place],
                false => &mut neighbours.up[place],
            };
            *held = (*held).min(cost);
        }
        neighbours
    }

    /// Takes in every way over ranks below, rank by rank: when one is reached, all below it are final.
    fn customise(&mut self, hierarchy: &Hierarchy) {
        // The costs between the rank at hand and its ancestors, by their depth.
        let mut up = vec![C::NEVER; hierarchy.longest()];
        let mut down = up.clone();
        for rank in 0..hierarchy.len() {
            let own = hierarchy.upper_range(rank);
            let depths = &hierarchy.upper_depths()[own.clone()];
            for (place, &depth) in own.clone().zip(depths) {
                up[depth as usize] = self.up[place];
                down[depth as usize] = self.down[place];
            }
            for &lower in hierarchy.lowers(rank) {
                // A way over the lower one: up to it is its cost down from here.
                let to_lower = self.down[lower as usize];
                let from_lower = self.up[lower as usize];
                let above = lower as usize + 1..hierarchy.upper_range(hierarchy.owner(lower)).end;
                for place in above {
                    let depth = hierarchy.upper_depths()[place] as usize;
                    up[depth] = up[depth].min(to_lower.plus(self.up[place]));
                    down[depth] = down[depth].min(from_lower.plus(self.down[place]));
                }
            }
            for (place, &depth) in own.zip(depths) {
                self.up[place] = up[depth as usize];
                self.down[place] = down[depth as usize];
            }
        }
    }
}

/// Takes in the ways over an upper neighbour that costs `by`: its label is the beginning of this one's ancestors.
#[inline]
fn relax<C: Cost>(own: &mut [C], upper: &[C], by: C) {
    if by == C::NEVER {
        return;
    }
    for (own, &upper) in own.iter_mut().zip(upper) {
        *own = own.lesser(by.plus(upper));
    }
}

/// The least sum of two labels over their first `shared` entries.
#[inline]
pub fn least_sum<C: Cost>(up: &[C], down: &[C]) -> C {
    up.iter()
        .zip(down)
        .fold(C::NEVER, |least, (&up, &down)| least.lesser(up.plus(down)))
}
