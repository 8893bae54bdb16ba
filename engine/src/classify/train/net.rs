//! The model while it is trained: the same sums as [`super::super::model`], in floating point.
//!
//! Plain sums, products, quotients and square roots in one fixed order, one thread, and an exponential of our own: IEEE 754
//! fixes the bits of each, so the same samples give the same numbers on every machine.

use super::super::model::{AGENCIES, KINDS, NATURES, OUTPUTS, PRIORITIES, REST, WIDTH};
use super::random::Random;

/// Parallel sums of a product of vectors; fixed, so that their order is.
const LANES: usize = 8;
/// What the sums of squared slopes begin with.
const SQUARES_FIRST: f32 = 1e-3;
/// Slopes below this are not followed.
const SLOPE_MIN: f32 = 1e-3;
/// How far the labels other than the kind pull.
const PULL: [f32; 3] = [1.0, 1.0, 1.0];

const _: () = assert!(WIDTH.is_multiple_of(LANES), "a vector is whole lanes");

/// A vector.
pub(super) type Vector = [f32; WIDTH];

/// What is to be said of a sample.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub kind: usize,
    pub agencies: u32,
    pub priority: usize,
    pub nature: usize,
}

/// The numbers that are learnt.
#[derive(Clone)]
pub(super) struct Net {
    pub rows: Vec<Vector>,
    pub vector_bias: Vector,
    pub weights: Vec<Vector>,
    pub bias: Vec<f32>,
    pub of_kind: Vec<[f32; REST]>,
    /// Whether the rows stay as they are.
    pub fixed: bool,
}

/// The sums of squared slopes of all numbers, which slow each down (Adagrad).
pub(super) struct Squares(Net);

impl Net {
    pub(super) fn new(rows: usize, random: &mut Random) -> Net {
        let mut draw = |spread: f32| std::array::from_fn(|_| (random.share() - 0.5) * spread);
        Net {
            rows: (0..rows).map(|_| draw(0.2)).collect(),
            vector_bias: [0.1; WIDTH],
            weights: (0..OUTPUTS).map(|_| draw(0.4)).collect(),
            bias: vec![0.0; OUTPUTS],
            of_kind: vec![[0.0; REST]; KINDS],
            fixed: false,
        }
    }

    pub(super) fn squares(&self) -> Squares {
        Squares(Net {
            rows: vec![[SQUARES_FIRST; WIDTH]; self.rows.len()],
            vector_bias: [SQUARES_FIRST; WIDTH],
            weights: vec![[SQUARES_FIRST; WIDTH]; OUTPUTS],
            bias: vec![SQUARES_FIRST; OUTPUTS],
            of_kind: vec![[SQUARES_FIRST; REST]; KINDS],
            fixed: true,
        })
    }

    /// How far the numbers of the rows lie from zero: the root of the mean of their squares.
    pub(super) fn spread(&self) -> f32 {
        let numbers = self.rows.as_flattened();
        let squares: f32 = numbers.iter().map(|number| number * number).sum();
        (squares / numbers.len() as f32).sqrt()
    }

    fn vector(&self, rows: &[u16], scale: f32) -> Vector {
        let mut sum = [0.0; WIDTH];
        for &row in rows {
            for (sum, number) in sum.iter_mut().zip(&self.rows[usize::from(row)]) {
                *sum += number;
            }
        }
        std::array::from_fn(|at| (sum[at] * scale + self.vector_bias[at]).max(0.0))
    }

    /// One step towards a sample's target. `kept` are the rows that are heard this time, `all` how many there are;
    /// `dropped` is the share of rows left out, `mask` what is left of the vector.
    pub(super) fn learn(
        &mut self,
        squares: &mut Squares,
        kept: &[u16],
        (all, dropped): (usize, f32),
        mask: &Vector,
        target: &Target,
        rate: f32,
    ) {
        let squares = &mut squares.0;
        let scale = scale(all) / (1.0 - dropped);
        let mut vector = self.vector(kept, scale);
        for (own, mask) in vector.iter_mut().zip(mask) {
            *own *= mask;
        }
        let slopes = self.slopes(&vector, target);
        let mut back = [0.0; WIDTH];
        for (output, &slope) in slopes.iter().enumerate() {
            if slope.abs() < SLOPE_MIN {
                continue;
            }
            step(
                &mut self.bias[output],
                &mut squares.bias[output],
                slope,
                rate,
            );
            let weights = &mut self.weights[output];
            for (back, weight) in back.iter_mut().zip(weights.iter()) {
                *back += slope * weight;
            }
            let squares = &mut squares.weights[output];
            for at in 0..WIDTH {
                step(&mut weights[at], &mut squares[at], slope * vector[at], rate);
            }
        }
        let of_kind = &mut self.of_kind[target.kind];
        for (at, &slope) in slopes[KINDS..].iter().enumerate() {
            let square = &mut squares.of_kind[target.kind][at];
            step(&mut of_kind[at], square, slope, rate);
        }
        for at in 0..WIDTH {
            let slope = if vector[at] > 0.0 {
                back[at] * mask[at]
            } else {
                0.0
            };
            step(
                &mut self.vector_bias[at],
                &mut squares.vector_bias[at],
                slope,
                rate,
            );
            back[at] = slope * scale;
        }
        if self.fixed {
            return;
        }
        for &row in kept {
            let row = usize::from(row);
            let (numbers, squares) = (&mut self.rows[row], &mut squares.rows[row]);
            for at in 0..WIDTH {
                step(&mut numbers[at], &mut squares[at], back[at], rate);
            }
        }
    }

    /// What each output is beyond its target.
    fn slopes(&self, vector: &Vector, target: &Target) -> [f32; OUTPUTS] {
        let mut out: [f32; OUTPUTS] =
            std::array::from_fn(|at| self.bias[at] + product(&self.weights[at], vector));
        let (kinds, rest) = out.split_at_mut(KINDS);
        for (out, of_kind) in rest.iter_mut().zip(&self.of_kind[target.kind]) {
            *out += of_kind;
        }
        let (agencies, others) = rest.split_at_mut(AGENCIES);
        let (priorities, natures) = others.split_at_mut(PRIORITIES);
        debug_assert_eq!(natures.len(), NATURES);
        shares(kinds);
        kinds[target.kind] -= 1.0;
        for (at, out) in agencies.iter_mut().enumerate() {
            let wanted = ((target.agencies >> at) & 1) as f32;
            *out = (1.0 / (1.0 + exp(-*out)) - wanted) * PULL[0];
        }
        for (list, wanted, pull) in [
            (priorities, target.priority, PULL[1]),
            (natures, target.nature, PULL[2]),
        ] {
            shares(list);
            list[wanted] -= 1.0;
            for out in list {
                *out *= pull;
            }
        }
        out
    }
}

fn step(number: &mut f32, square: &mut f32, slope: f32, rate: f32) {
    *square += slope * slope;
    *number -= rate * slope / square.sqrt();
}

fn product(one: &Vector, other: &Vector) -> f32 {
    let mut sums = [0.0; LANES];
    for (one, other) in one.chunks_exact(LANES).zip(other.chunks_exact(LANES)) {
        for lane in 0..LANES {
            sums[lane] += one[lane] * other[lane];
        }
    }
    sums.iter().sum()
}

/// Outputs to shares of one.
fn shares(list: &mut [f32]) {
    let top = list.iter().copied().fold(f32::MIN, f32::max);
    let mut sum = 0.0;
    for out in list.iter_mut() {
        *out = exp(*out - top);
        sum += *out;
    }
    for out in list {
        *out /= sum;
    }
}

/// What the rows of a text are scaled by.
fn scale(rows: usize) -> f32 {
    1.0 / (1.0 + (rows as f32).sqrt())
}

/// e to the x, to six digits, from sums and products alone.
pub(super) fn exp(x: f32) -> f32 {
    let x = x.clamp(-80.0, 80.0);
    let whole = (x * std::f32::consts::LOG2_E).round();
    let rest = x - whole * std::f32::consts::LN_2;
    let terms = [720.0, 120.0, 24.0, 6.0, 2.0, 1.0];
    let series = terms
        .iter()
        .fold(0.0, |sum, divisor| sum * rest + 1.0 / divisor);
    let series = series * rest + 1.0;
    series * f32::from_bits(((whole as i32 + 127) as u32) << 23)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_exponential_is_close() {
        for x in [-60.0_f32, -7.3, -0.5, 0.0, 0.1, 1.0, 13.7, 60.0] {
            let (own, right) = (exp(x), x.exp());
            assert!((own - right).abs() <= right * 1e-5, "{x}: {own} {right}");
        }
    }

    #[test]
    fn learning_brings_a_sample_nearer() {
        let mut random = Random::new(1);
        let mut net = Net::new(4, &mut random);
        let mut squares = net.squares();
        let target = Target {
            kind: 7,
            agencies: 3,
            priority: 1,
            nature: 0,
        };
        for _ in 0..50 {
            net.learn(&mut squares, &[1, 2], (2, 0.0), &[1.0; WIDTH], &target, 0.1);
        }
        let slopes = net.slopes(&net.vector(&[1, 2], scale(2)), &target);
        assert!(slopes[7].abs() < 0.2, "{}", slopes[7]);
    }
}
