//! How far two groups of repeated runs lie apart, by ranks alone: no normal distribution is supposed, nothing is drawn at random.
//!
//! The estimate is the median of all pairwise ratios or differences (Hodges and Lehmann 1963), the interval the one that the exact
//! Mann–Whitney distribution gives for it. Few runs give a wide interval and a low confidence, and both are told.

/// The confidence that is asked for.
pub const CONFIDENCE: f64 = 0.95;
/// With less than this nothing is said: of three and three runs the whole range has just so much.
pub const CONFIDENCE_LEAST: f64 = 0.9;

/// How far the second group lies from the first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shift {
    /// The median of all pairs.
    pub estimate: f64,
    /// The interval begins here.
    pub low: f64,
    /// It ends here.
    pub high: f64,
    /// How sure it is; at most what so few runs can give.
    pub confidence: f64,
}

/// By a measure of pairs, such as second ÷ first.
pub fn shift(first: &[f64], second: &[f64], measure: impl Fn(f64, f64) -> f64) -> Option<Shift> {
    let mut pairs: Vec<f64> = first
        .iter()
        .flat_map(|&one| second.iter().map(move |&other| (one, other)))
        .map(|(one, other)| measure(one, other))
        .collect();
    pairs.sort_unstable_by(f64::total_cmp);
    if pairs.is_empty() {
        return None;
    }
    let below = below(first.len(), second.len());
    // As many pairs are left out on each side as the confidence allows.
    let cut = (0..pairs.len() / 2)
        .take_while(|&cut| 1.0 - 2.0 * below[cut] >= CONFIDENCE - 1e-9)
        .last()
        .unwrap_or(0);
    Some(Shift {
        estimate: median(&pairs),
        low: pairs[cut],
        high: pairs[pairs.len() - 1 - cut],
        confidence: (1.0 - 2.0 * below[cut]).max(0.0),
    })
}

/// The middle of values in order.
pub fn median(ordered: &[f64]) -> f64 {
    let middle = ordered.len() / 2;
    match ordered.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => ordered[middle],
        _ => f64::midpoint(ordered[middle - 1], ordered[middle]),
    }
}

/// Of Mann and Whitney's U for groups of these sizes that do not differ: how probable `U <= u` is, for every u.
fn below(first: usize, second: usize) -> Vec<f64> {
    // ways[m][u]: to mix n of the first with m of the second so that U is u, divided by what there is, n by n.
    let top = first * second;
    let mut ways = vec![vec![0.0; top + 1]; second + 1];
    for row in &mut ways {
        row[0] = 1.0;
    }
    for n in 1..=first {
        let mut next = vec![vec![0.0; top + 1]; second + 1];
        next[0][0] = 1.0;
        for m in 1..=second {
            // The largest is of the first group, above m of the second, or of the second.
            let of_first = n as f64 / (n + m) as f64;
            for u in 0..=top {
                let above = if u >= m { ways[m][u - m] } else { 0.0 };
                next[m][u] = of_first * above + (1.0 - of_first) * next[m - 1][u];
            }
        }
        ways = next;
    }
    let mut sum = 0.0;
    ways[second]
        .iter()
        .map(|probability| {
            sum += probability;
            sum
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distribution_is_the_published_one() {
        // Three and three: 20 orders, one with U = 0, one with 1, two with 2.
        let three = below(3, 3);
        let expected = [0.05, 0.1, 0.2];
        for (probability, expected) in three.iter().zip(expected) {
            assert!((probability - expected).abs() < 1e-12, "{three:?}");
        }
        assert!((three[9] - 1.0).abs() < 1e-12);
        // Tables of critical values: for five and five U <= 2 has 4/252 a side, U <= 3 has 7/252.
        let five = below(5, 5);
        assert!((five[2] - 4.0 / 252.0).abs() < 1e-12);
        assert!((five[3] - 7.0 / 252.0).abs() < 1e-12);
    }

    #[test]
    fn the_interval_is_as_wide_as_the_runs_are_few() {
        let ratio = |one: f64, other: f64| other / one;
        let (first, second) = ([1.0, 1.1, 1.2], [2.0, 2.2, 2.4]);
        let three = shift(&first, &second, ratio).unwrap();
        assert!((three.confidence - 0.9).abs() < 1e-9);
        assert_eq!((three.low, three.high), (2.0 / 1.2, 2.4));
        assert!((three.estimate - 2.0).abs() < 1e-9);
        let (first, second) = ([1.0, 1.1, 1.2, 1.3, 1.4], [2.0, 2.2, 2.4, 2.6, 2.8]);
        let five = shift(&first, &second, ratio).unwrap();
        assert!(
            five.confidence >= 0.95 && five.confidence < 0.98,
            "{five:?}"
        );
        assert!(five.low > 2.0 / 1.4 && five.high < 2.8, "{five:?}");
        assert_eq!(shift(&[], &[1.0], ratio), None);
        assert_eq!(shift(&[1.0], &[2.0], ratio).unwrap().confidence, 0.0);
    }

    /// Of groups out of one and the same distribution the interval misses 1 as seldom as it says.
    #[test]
    fn the_interval_holds_as_often_as_it_says() {
        let mut random = crate::random::Random::stream(7, 9);
        let mut draw = |count: usize| -> Vec<f64> {
            (0..count)
                .map(|_| 1.0 + random.fraction().powi(3) * 9.0)
                .collect()
        };
        for (count, least, most) in [(3, 0.88, 0.92), (5, 0.945, 0.985)] {
            let held = (0..4_000).filter(|_| {
                let shift = shift(&draw(count), &draw(count), |one, other| other / one).unwrap();
                shift.low <= 1.0 && shift.high >= 1.0
            });
            let share = held.count() as f64 / 4_000.0;
            assert!((least..most).contains(&share), "{count}: {share}");
        }
    }
}
