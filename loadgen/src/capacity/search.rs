//! Where to look next for the highest rate that holds: climb by half as much again until it breaks, halve the gap, then soak around
//! what was found.
//!
//! Pure: it is told how each step went and knows neither time nor centre. Near its limit a centre now holds the same rate and now breaks it, so
//! no one step says where the limit is. In the climb a rate counts as broken only when it broke twice in a row. The soaks then go a little up
//! after one that held and a little down after one that broke; what is found is the limit, where a soak is as likely to hold as to break by
//! all that was seen, but never more than a soak has held. Every path ends: the climb has its ceiling, the descent its floor, the gap its
//! precision, the soaks their count.

/// From one rate of the climb to the next.
const CLIMB: f64 = 1.5;
/// From one rate to the next below, when even the first breaks.
const DESCEND: f64 = 0.5;
/// Below this share of the first rate nothing is looked for.
const FLOOR: f64 = 1.0 / 64.0;
/// The gap between what holds and what breaks is halved until it is no wider; soaks are so far apart.
const PRECISION: f64 = 1.05;
/// What is left of a rate after each soak that broke, while none has held: a little less at first, then a lot, for a soak that breaks again
/// and again says that short steps said little. After the last the search gives up.
const EASED: [f64; 7] = [0.95, 0.95, 0.95, 0.95, 0.95, 0.8, 0.5];

/// How far around the limit, as logarithms of rates, both outcomes are likely: of a soak, and of a step, which is shorter.
const SOAK_WIDTH: f64 = 0.06;
const STEP_WIDTH: f64 = 0.08;
/// However far from the limit, an outcome is not less likely than this: something else may have been going on.
const CHANCE_LEAST: f64 = 0.02;
/// Limits that are held against what was seen.
const LIMITS: usize = 500;

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Next {
    /// A short step at this rate.
    Step(f64),
    /// A long one, to confirm it.
    Soak(f64),
    /// The search is over: this rate holds; 0: none does.
    Found(f64),
}

/// How a step or soak went.
#[derive(Clone, Copy, Debug)]
struct Outcome {
    rate: f64,
    held: bool,
    width: f64,
}

/// A search under way.
#[derive(Clone, Debug)]
pub struct Search {
    from: f64,
    ceiling: f64,
    /// How many soaks it ends with, from the first on that held.
    soaks: usize,
    /// The highest that held.
    holds: Option<f64>,
    /// The lowest that broke, twice.
    breaks: Option<f64>,
    /// Broke once and is tried again.
    doubted: bool,
    seen: Vec<Outcome>,
    /// Soaks that broke before any held.
    eased: usize,
    /// The first rate that a soak held.
    first: Option<f64>,
    /// From there, so many times 5 % up or down, and how each soak went.
    level: i32,
    walk: Vec<(i32, bool)>,
    next: Next,
}

impl Search {
    /// Begins at this rate, goes no higher than the ceiling, and ends with so many soaks.
    pub fn new(from: f64, ceiling: f64, soaks: usize) -> Search {
        let from = from.min(ceiling);
        Search {
            from,
            ceiling,
            soaks: soaks.max(1),
            holds: None,
            breaks: None,
            doubted: false,
            seen: Vec::new(),
            eased: 0,
            first: None,
            level: 0,
            walk: Vec::new(),
            next: Next::Step(from),
        }
    }

    /// What to do next.
    pub const fn next(&self) -> Next {
        self.next
    }

    /// How what was to be done went.
    pub fn told(&mut self, held: bool) {
        let seen = |rate, width| Outcome { rate, held, width };
        match self.next {
            Next::Step(rate) => {
                self.seen.push(seen(rate, STEP_WIDTH));
                if !held && !self.doubted {
                    self.doubted = true;
                    return;
                }
                self.doubted = false;
                self.next = if held {
                    self.held(rate)
                } else {
                    self.broke(rate)
                };
            }
            Next::Soak(rate) => {
                self.seen.push(seen(rate, SOAK_WIDTH));
                self.next = self.soaked(rate, held);
            }
            Next::Found(_) => {}
        }
    }

    fn held(&mut self, rate: f64) -> Next {
        self.holds = Some(rate);
        match self.breaks {
            Some(breaks) => self.between(rate, breaks),
            None if rate >= self.ceiling => Next::Soak(rate),
            None => Next::Step((rate * CLIMB).min(self.ceiling)),
        }
    }

    fn broke(&mut self, rate: f64) -> Next {
        self.breaks = Some(rate);
        match self.holds {
            Some(holds) => self.between(holds, rate),
            None if rate * DESCEND < self.from * FLOOR => Next::Found(0.0),
            None => Next::Step(rate * DESCEND),
        }
    }

    fn between(&self, holds: f64, breaks: f64) -> Next {
        if breaks / holds <= PRECISION {
            Next::Soak(holds)
        } else {
            Next::Step((holds * breaks).sqrt())
        }
    }

    fn soaked(&mut self, rate: f64, held: bool) -> Next {
        if self.walk.is_empty() && !held {
            let left = EASED.get(self.eased);
            self.eased += 1;
            return left.map_or(Next::Found(0.0), |left| Next::Soak(rate * left));
        }
        self.walk.push((self.level, held));
        let first = *self.first.get_or_insert(rate);
        let all_held = self.eased == 0 && self.walk.iter().all(|(_, held)| *held);
        if self.walk.len() >= self.soaks || rate >= self.ceiling && all_held {
            return self.so_far().map_or(Next::Found(0.0), Next::Found);
        }
        // At the ceiling it goes no higher.
        self.level += match held {
            true if rate < self.ceiling => 1,
            true => 0,
            false => -1,
        };
        Next::Soak(self.rate_of(first, self.level))
    }

    fn rate_of(&self, first: f64, level: i32) -> f64 {
        (first * PRECISION.powi(level)).min(self.ceiling)
    }

    /// The limit, no higher than the highest rate that a soak held; `None` while no soak has held.
    pub fn so_far(&self) -> Option<f64> {
        let first = self.first?;
        let held = self.walk.iter().filter(|(_, held)| *held);
        let highest = held
            .map(|(level, _)| self.rate_of(first, *level))
            .reduce(f64::max)?;
        Some(self.limit().min(highest))
    }

    /// The limit by which all that was seen is the likeliest.
    fn limit(&self) -> f64 {
        let rates = || self.seen.iter().map(|seen| seen.rate.ln());
        let least = rates().fold(f64::INFINITY, f64::min) - CLIMB.ln();
        let most = rates().fold(f64::NEG_INFINITY, f64::max) + CLIMB.ln();
        let limits = (0..=LIMITS).map(|at| least + (most - least) * at as f64 / LIMITS as f64);
        let likelihood = |limit: f64| -> f64 {
            let seen = self.seen.iter();
            seen.map(|seen| seen.chance_under(limit).ln()).sum()
        };
        let likeliest = limits.map(|limit| (likelihood(limit), limit));
        let likeliest = likeliest.reduce(|best, next| if next.0 > best.0 { next } else { best });
        likeliest.map_or(self.from, |(_, limit)| limit.exp())
    }
}

impl Outcome {
    /// How likely it was to come out as it did, were this the logarithm of the limit.
    fn chance_under(&self, limit: f64) -> f64 {
        let holds = 1.0 / (1.0 + ((self.rate.ln() - limit) / self.width).exp());
        let chance = if self.held { holds } else { 1.0 - holds };
        CHANCE_LEAST + (1.0 - 2.0 * CHANCE_LEAST) * chance
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// Plays a search against a centre that holds up to `limit`; a step lies with this chance of a thousand.
    fn play(limit: f64, search: &mut Search, lies_permille: u64) -> (f64, usize) {
        let mut random = Random::new(3);
        for steps in 0..200 {
            let rate = match search.next() {
                Next::Found(rate) => return (rate, steps),
                Next::Step(rate) | Next::Soak(rate) => rate,
            };
            // A busy machine makes a good step look bad, never a bad one good.
            search.told(rate <= limit && !random.chance(lies_permille));
        }
        panic!("it does not end");
    }

    #[test]
    fn it_finds_the_limit_wherever_it_is() {
        for limit in [3.0, 40.0, 100.0, 777.0, 12_345.0, 99_000.0] {
            let (found, steps) = play(limit, &mut Search::new(100.0, 100_000.0, 8), 0);
            assert!(
                found <= limit && found > limit / PRECISION,
                "{limit}: {found}"
            );
            assert!(steps < 45, "{limit}: {steps}");
        }
    }

    #[test]
    fn where_none_holds_it_says_so_and_at_the_ceiling_too() {
        assert_eq!(play(1.0, &mut Search::new(100.0, 1_000.0, 8), 0).0, 0.0);
        let mut search = Search::new(100.0, 1_000.0, 8);
        assert_eq!(play(5_000.0, &mut search, 0).0, 1_000.0);
    }

    /// One step in ten looks bad: what is found stays within a tenth of the limit.
    #[test]
    fn a_bad_step_now_and_then_does_not_mislead_it() {
        for limit in [450.0, 3_000.0, 20_000.0] {
            let (found, _) = play(limit, &mut Search::new(100.0, 100_000.0, 8), 100);
            assert!(found <= limit && found > limit * 0.9, "{limit}: {found}");
        }
    }

    /// The climb had bad luck at all it tried above 155; soaks find what holds all the same.
    #[test]
    fn what_broke_by_bad_luck_is_tried_again_by_soaks() {
        let mut search = Search::new(100.0, 1_000.0, 12);
        let unlucky = |rate: f64| rate > 155.0 && rate < 230.0;
        for _ in 0..100 {
            match search.next() {
                Next::Step(rate) => search.told(!unlucky(rate) && rate < 230.0),
                Next::Soak(rate) => search.told(rate < 230.0),
                Next::Found(rate) => {
                    assert!((190.0..230.0).contains(&rate), "{rate}");
                    return;
                }
            }
        }
        panic!("it does not end");
    }

    /// How often, of a hundred, three searches lie within a tenth of each other, where rates 5 % above the limit still hold one time in four.
    fn together(soaks: usize) -> usize {
        let mut random = Random::new(11);
        let mut found = || {
            let mut search = Search::new(100.0, 100_000.0, soaks);
            loop {
                let (rate, width) = match search.next() {
                    Next::Found(rate) => return rate,
                    Next::Step(rate) => (rate, 0.065),
                    Next::Soak(rate) => (rate, 0.05),
                };
                let holds = 1.0 / (1.0 + ((rate / 20_000.0_f64).ln() / width).exp());
                search.told(random.chance((1_000.0 * holds) as u64));
            }
        };
        let mut are_together = || {
            let found = [found(), found(), found()];
            let most = found.iter().fold(0.0, |most: f64, &rate| most.max(rate));
            let least = found.iter().fold(most, |least: f64, &rate| least.min(rate));
            most / least <= 1.1
        };
        (0..100).filter(|_| are_together()).count()
    }

    #[test]
    fn more_soaks_find_the_same_again() {
        let (one, eight) = (together(1), together(8));
        assert!(one < 60 && eight >= 88, "{one} and {eight} of 100");
    }

    #[test]
    fn a_soak_that_breaks_is_eased() {
        let mut search = Search::new(100.0, 100.0, 1);
        search.told(true);
        assert_eq!(search.next(), Next::Soak(100.0));
        search.told(false);
        assert_eq!(search.next(), Next::Soak(95.0));
        search.told(true);
        assert_eq!(search.next(), Next::Found(95.0));
        let mut search = Search::new(100.0, 100.0, 8);
        search.told(true);
        for _ in 0..EASED.len() {
            search.told(false);
        }
        assert!(matches!(search.next(), Next::Soak(rate) if rate < 32.0));
        search.told(false);
        assert_eq!(search.next(), Next::Found(0.0));
    }

    #[test]
    fn soaks_go_up_after_one_that_held_and_down_after_one_that_broke() {
        let mut search = Search::new(100.0, 110.0, 5);
        for held in [true, true, false, true, true] {
            search.told(held);
        }
        assert_eq!(
            search.next(),
            Next::Soak(110.0),
            "no higher than the ceiling"
        );
        assert_eq!(search.so_far(), Some(104.5 * PRECISION));
        for (held, next) in [(false, 104.5 * PRECISION), (false, 104.5)] {
            search.told(held);
            assert_eq!(search.next(), Next::Soak(next));
        }
        search.told(true);
        let found = search.next();
        assert!(
            matches!(found, Next::Found(rate) if (104.5..110.0).contains(&rate)),
            "{found:?}"
        );
    }

    #[test]
    fn a_rate_at_which_more_soaks_broke_than_held_is_not_found() {
        let mut search = Search::new(100.0, 1_000.0, 8);
        let held = |rate: f64| rate < 180.0;
        while let Next::Step(rate) = search.next() {
            search.told(held(rate));
        }
        let Next::Soak(first) = search.next() else {
            panic!("a soak: {:?}", search.next());
        };
        // Held, broke, held, broke, broke ...: the rate above the first held never, the first three times of four.
        for held in [true, false, true, false, false, true, true, false] {
            search.told(held);
        }
        assert_eq!(search.next(), Next::Found(first));
    }
}
