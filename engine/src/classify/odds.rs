//! Shares of one from the outputs of a model, by a table of our own: whole numbers, so the same on every machine.

use super::model::UNIT_BITS;

/// Steps of a natural unit.
const STEPS: usize = 64;
/// Beyond so many natural units a share is none.
const REACH: usize = 12;
/// e^(-1/64) in 2^-32.
const FACTOR: u64 = 4_228_380_000;
/// Outputs in one step.
const STEP_BITS: u32 = UNIT_BITS - STEPS.trailing_zeros();

/// e^(-at/64) in 2^-16.
const EXPONENTIALS: [u32; STEPS * REACH] = {
    let mut table = [0; STEPS * REACH];
    let mut value = 1u64 << 32;
    let mut at = 0;
    while at < table.len() {
        table[at] = ((value + (1 << 15)) >> 16) as u32;
        value = (value * FACTOR) >> 32;
        at += 1;
    }
    table
};

/// 1 / (1 + e^(-at/64)) in 2^-16.
const CERTAINTIES: [u32; STEPS * REACH] = {
    let mut table = [0; STEPS * REACH];
    let mut at = 0;
    while at < table.len() {
        table[at] = ((1u64 << 32) / ((1 << 16) + EXPONENTIALS[at] as u64)) as u32;
        at += 1;
    }
    table
};

#[inline]
fn step(difference: u32) -> u32 {
    (difference >> STEP_BITS).min(STEPS as u32 * REACH as u32 - 1)
}

/// What each of some outputs has of all, while they add up to one.
pub(super) struct Shares<const N: usize> {
    powers: [u32; N],
    all: u32,
}

impl<const N: usize> Shares<N> {
    /// Of these outputs, of which none is above `top`.
    #[inline]
    pub(super) fn of(outputs: &[i32; N], top: i32) -> Shares<N> {
        // Without a sign no difference is too large. All steps first: together they are taken without a branch.
        let steps = outputs.map(|output| step(top.wrapping_sub(output) as u32));
        let powers = steps.map(|step| EXPONENTIALS[step as usize]);
        Shares {
            powers,
            all: powers.iter().sum(),
        }
    }

    /// What those together have that the test names, in 2^-16.
    #[inline]
    pub(super) fn share(&self, test: impl Fn(usize) -> bool) -> u32 {
        let powers = self.powers.iter().enumerate();
        let part: u32 = powers.map(|(at, &power)| power * u32::from(test(at))).sum();
        ((u64::from(part) << 16) / u64::from(self.all.max(1))) as u32
    }
}

/// How certain a yes or no is, whichever it is, in 2^-16.
#[inline]
pub(super) fn certainty(output: i32) -> u32 {
    CERTAINTIES[step(output.unsigned_abs()) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_close_to_the_real_ones() {
        let outputs = [0, 1024, -2048, 700];
        let power = |output: i32| f64::from(output) / 1024.0;
        let sum: f64 = outputs.iter().map(|&output| power(output).exp()).sum();
        for (at, &output) in outputs.iter().enumerate() {
            let right = power(output).exp() / sum;
            let own = f64::from(Shares::of(&outputs, 1024).share(|of| of == at)) / 65536.0;
            assert!((own - right).abs() < 0.012, "{own} {right}");
        }
        assert_eq!(Shares::of(&[5], 5).share(|_| true), 1 << 16);
        let far = Shares::of(&[i32::MIN, i32::MAX], i32::MAX);
        assert_eq!(far.share(|at| at == 0), 0);
        let right = 1.0 / (1.0 + (-2.0f64).exp());
        assert!((f64::from(certainty(-2048)) / 65536.0 - right).abs() < 0.001);
    }
}
