//! Where to look next for the highest rate that holds: climb by half as much again until it breaks, then halve the gap.
//!
//! Pure: it is told how each step went and knows neither time nor centre. One bad step on a shared machine says little, so a rate
//! counts as broken only when it broke twice in a row; and what is found is confirmed by a soak, after whose failure it goes down a
//! little. Where the first soak holds, what broke above may have been bad luck: it soaks a little higher, until one breaks there too. Every
//! path ends: the climb has its ceiling, the descent its floor, the gap its precision, the soaks their count.

/// From one rate of the climb to the next.
const CLIMB: f64 = 1.5;
/// From one rate to the next below, when even the first breaks.
const DESCEND: f64 = 0.5;
/// Below this share of the first rate nothing is looked for.
const FLOOR: f64 = 1.0 / 64.0;
/// The gap between what holds and what breaks is halved until it is no wider.
const PRECISION: f64 = 1.05;
/// What is left of a rate after each soak that broke: a little less at first, then a lot, for a soak that breaks again and again
/// says that short steps said little. After the last the search gives up.
const EASED: [f64; 7] = [0.95, 0.95, 0.95, 0.95, 0.95, 0.8, 0.5];

/// After a soak that held where none has broken, the next is so much higher, at most so often.
const RAISED: f64 = 1.05;
const RAISED_MOST: usize = 8;

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

/// A search under way.
#[derive(Clone, Debug)]
pub struct Search {
    from: f64,
    ceiling: f64,
    /// The highest that held.
    holds: Option<f64>,
    /// The lowest that broke, twice.
    breaks: Option<f64>,
    /// Broke once and is tried again.
    doubted: bool,
    eased: usize,
    /// The highest that a soak has held, and how many have.
    soaked: Option<f64>,
    raised: usize,
    next: Next,
}

impl Search {
    /// Begins at this rate and goes no higher than the ceiling.
    pub fn new(from: f64, ceiling: f64) -> Search {
        let from = from.min(ceiling);
        Search {
            from,
            ceiling,
            holds: None,
            breaks: None,
            doubted: false,
            eased: 0,
            soaked: None,
            raised: 0,
            next: Next::Step(from),
        }
    }

    /// What to do next.
    pub const fn next(&self) -> Next {
        self.next
    }

    /// How what was to be done went.
    pub fn told(&mut self, held: bool) {
        self.next = match self.next {
            Next::Step(rate) if held => self.held(rate),
            Next::Step(rate) | Next::Soak(rate) if !held && !self.doubted => {
                self.doubted = true;
                return self.again(rate);
            }
            Next::Step(rate) => self.broke(rate),
            Next::Soak(rate) if held => self.soaked(rate),
            Next::Soak(rate) => self.soaked.map_or_else(|| self.eased(rate), Next::Found),
            Next::Found(rate) => Next::Found(rate),
        };
        self.doubted = false;
    }

    /// The same once more.
    const fn again(&mut self, rate: f64) {
        self.next = match self.next {
            Next::Soak(_) => Next::Soak(rate),
            Next::Step(_) | Next::Found(_) => Next::Step(rate),
        };
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

    fn soaked(&mut self, rate: f64) -> Next {
        if self.eased > 0 || rate >= self.ceiling || self.raised == RAISED_MOST {
            return Next::Found(rate);
        }
        self.soaked = Some(rate);
        self.raised += 1;
        Next::Soak((rate * RAISED).min(self.ceiling))
    }

    fn eased(&mut self, rate: f64) -> Next {
        self.breaks = Some(rate);
        let left = EASED.get(self.eased);
        self.eased += 1;
        left.map_or(Next::Found(0.0), |left| Next::Soak(rate * left))
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
            let (found, steps) = play(limit, &mut Search::new(100.0, 100_000.0), 0);
            assert!(
                found <= limit && found > limit / PRECISION,
                "{limit}: {found}"
            );
            assert!(steps < 45, "{limit}: {steps}");
        }
    }

    #[test]
    fn where_none_holds_it_says_so_and_at_the_ceiling_too() {
        assert_eq!(play(1.0, &mut Search::new(100.0, 1_000.0), 0).0, 0.0);
        let mut search = Search::new(100.0, 1_000.0);
        assert_eq!(play(5_000.0, &mut search, 0).0, 1_000.0);
    }

    /// One step in ten looks bad: what is found stays within a tenth of the limit.
    #[test]
    fn a_bad_step_now_and_then_does_not_mislead_it() {
        for limit in [450.0, 3_000.0, 20_000.0] {
            let (found, _) = play(limit, &mut Search::new(100.0, 100_000.0), 100);
            assert!(found <= limit && found > limit * 0.9, "{limit}: {found}");
        }
    }

    /// The climb had bad luck twice at 225; soaks find what holds all the same.
    #[test]
    fn what_broke_by_bad_luck_is_tried_again_by_soaks() {
        let mut search = Search::new(100.0, 1_000.0);
        let unlucky = |rate: f64| rate > 155.0 && rate < 230.0;
        for _ in 0..100 {
            match search.next() {
                Next::Step(rate) => search.told(!unlucky(rate) && rate < 230.0),
                Next::Soak(rate) => search.told(rate < 230.0),
                Next::Found(rate) => {
                    assert!((215.0..230.0).contains(&rate), "{rate}");
                    return;
                }
            }
        }
        panic!("it does not end");
    }

    #[test]
    fn a_soak_that_breaks_is_eased() {
        let mut search = Search::new(100.0, 100.0);
        search.told(true);
        assert_eq!(search.next(), Next::Soak(100.0));
        search.told(false);
        assert_eq!(search.next(), Next::Soak(100.0), "once is doubted");
        search.told(false);
        assert_eq!(search.next(), Next::Soak(95.0));
        search.told(true);
        assert_eq!(search.next(), Next::Found(95.0));
        let mut search = Search::new(100.0, 100.0);
        search.told(true);
        for _ in 0..16 {
            search.told(false);
        }
        assert_eq!(search.next(), Next::Found(0.0));
    }
}
