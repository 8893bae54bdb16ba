//! Means over seeds with 95 % intervals: Student's t, and a difference counts only when its whole interval lies on one side of zero.
//!
//! Knows nothing of what is estimated. Each percentile is exact within its run and then averaged over runs.

use super::outcome::Spread;
use serde::Serialize;

/// Two-sided 95 % quantiles of Student's t, for 1 to 30 degrees of freedom. Beyond, the quantile of fewer degrees stands for all up to
/// [`FREEDOM_FAR`], and its own for more: an interval is rather too wide than too narrow.
const T_95: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
];
const FREEDOM_FAR: usize = 60;
const T_95_NEAR: f64 = 2.042;
const T_95_FAR: f64 = 2.000;
/// Fewer seeds that all say the same have no interval: they do not show how far others would differ.
const ALIKE_LEAST: usize = 5;

/// A mean over seeds, and how far it may be off.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Half the width of its 95 % interval; `None` for one seed, and for fewer than five that all say the same.
    pub within: Option<f64>,
}

impl Estimate {
    /// Of one value a seed; `None` where there is none.
    pub fn of(values: &[f64]) -> Option<Estimate> {
        let count = values.len();
        if count == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / count as f64;
        let squares = values.iter().map(|value| (value - mean).powi(2));
        let scatters = values.iter().any(|value| *value != values[0]);
        let shows = count > 1 && (scatters || count >= ALIKE_LEAST);
        let within = shows.then(|| {
            let deviation = (squares.sum::<f64>() / (count - 1) as f64).sqrt();
            let freedom = count - 1;
            let t = match T_95.get(freedom - 1) {
                Some(&t) => t,
                None if freedom < FREEDOM_FAR => T_95_NEAR,
                None => T_95_FAR,
            };
            t * deviation / (count as f64).sqrt()
        });
        Some(Estimate { mean, within })
    }

    /// Whether the whole interval lies on one side of zero; the sign.
    pub fn side(&self) -> Option<std::cmp::Ordering> {
        let within = self.within?;
        if self.mean - within > 0.0 {
            Some(std::cmp::Ordering::Greater)
        } else if self.mean + within < 0.0 {
            Some(std::cmp::Ordering::Less)
        } else {
            None
        }
    }

    /// With one decimal.
    pub fn text(&self) -> String {
        match self.within {
            Some(within) => format!("{:.1} ± {within:.1}", self.mean),
            None => format!("{:.1}", self.mean),
        }
    }
}

/// How long something took, over seeds: mean and percentiles of each seed, averaged.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lasted {
    /// How often, on average.
    pub count: f64,
    /// Its mean in seconds.
    pub mean_s: Option<Estimate>,
    /// What half of them did not exceed.
    pub p50_s: Option<Estimate>,
    /// What nine in ten did not exceed.
    pub p90_s: Option<Estimate>,
    /// What all but one in a hundred did not exceed.
    pub p99_s: Option<Estimate>,
}

impl Lasted {
    /// Of each seed's times; a seed without any counts as none of them.
    pub fn over<'a>(seeds: impl Iterator<Item = Option<&'a Spread>> + Clone) -> Lasted {
        let each = |value: &dyn Fn(&Spread) -> Option<f64>| {
            let values: Vec<f64> = seeds.clone().flatten().filter_map(value).collect();
            Estimate::of(&values)
        };
        let counts: Vec<f64> = seeds
            .clone()
            .map(|times| times.map_or(0.0, |times| times.count as f64))
            .collect();
        Lasted {
            count: counts.iter().sum::<f64>() / counts.len().max(1) as f64,
            mean_s: each(&Spread::mean_s),
            p50_s: each(&Spread::p50_s),
            p90_s: each(&Spread::p90_s),
            p99_s: each(&Spread::p99_s),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_students() {
        assert_eq!(Estimate::of(&[]), None);
        let one = Estimate::of(&[3.0]).unwrap();
        assert_eq!((one.mean, one.within), (3.0, None));
        // Of 1, 2, 3: mean 2, deviation 1; t with 2 degrees of freedom 4.303, over the root of 3.
        let three = Estimate::of(&[1.0, 2.0, 3.0]).unwrap();
        assert!((three.within.unwrap() - 2.4843).abs() < 1e-3);
        assert_eq!(three.side(), None);
        let clear = Estimate::of(&[-3.0, -3.1, -2.9]).unwrap();
        assert_eq!(clear.side(), Some(std::cmp::Ordering::Less));
        // A few that happen to agree prove nothing.
        let alike = |count| Estimate::of(&vec![-3.0; count]).unwrap();
        assert_eq!((alike(4).within, alike(4).side()), (None, None));
        assert_eq!(alike(5).side(), Some(std::cmp::Ordering::Less));
        // 41 seeds: 40 degrees of freedom, whose own quantile is 2.021.
        let many: Vec<f64> = (0..41).map(|nth| f64::from(nth % 2)).collect();
        let deviation = (20.0 * 21.0 / 41.0 / 40.0_f64).sqrt();
        let wide = 2.021 * deviation / 41.0_f64.sqrt();
        assert!(Estimate::of(&many).unwrap().within.unwrap() > wide);
    }
}
