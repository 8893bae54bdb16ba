//! The standard load that every end-to-end figure names: of 100 calls 40 take no unit, 30 merge, 30 open an
//! incident with 1.3 orders on average; texts of 46 characters, thousands of different ones.
//!
//! These are shares of what a centre does, not of what callers mean: a caller who is taken for another matter would open an incident
//! of its own and ask for whoever is scarce. So each text is one that the lexicon of this release takes for what it is meant to be;
//! how well texts are understood is measured elsewhere.
//!
//! Its times only give an order (a thousand calls a second); replay at a rate ignores them. A call that is to merge
//! follows its incident within a few rows, so that it finds it open at any rate.

use super::phrase::{Phrases, Said};
use super::{caller, line, place, words};
use crate::ground::Ground;
use crate::random::Random;
use crate::trace::{Row, SECONDS_START};
use engine::classify::{Lexicon, Scratch};
use engine::kind::Kind;
use engine::line::Line;
use engine::moment::Span;
use engine::place::Point;
use std::collections::VecDeque;

/// What `--profile` calls it.
pub const NAME: &str = "standard";
/// What it is, in a line.
pub const ABOUT: &str = "the load that figures name: 40 % no unit, 30 % merge, 30 % an incident with 1.3 orders, 46 characters";
/// Calls where the size says nothing else.
pub const CALLS_PER_DAY: u64 = 100_000;
/// Characters of every text.
const CHARACTERS: usize = 46;
/// Rows between an incident's first call and the one that merges with it.
const ECHO_ROWS: u64 = 20;

/// One unit each: a patrol, an ambulance or an engine, the capabilities that a large generated city has most of.
const ONE_UNIT: [Kind; 7] = [
    Kind::Theft,
    Kind::Fight,
    Kind::DomesticViolence,
    Kind::MinorTrauma,
    Kind::Illness,
    Kind::ChestPain,
    Kind::SmokeAlarm,
];
/// Two units each: two engines, or an ambulance and a patrol.
const TWO_UNITS: [Kind; 2] = [Kind::StructureFire, Kind::Psychiatric];
/// Of a thousand incidents: how many take two, for 1.3 orders on average.
const TWO_UNITS_PERMILLE: u64 = 300;
/// No unit: mostly no matter at all, some work orders for the desks.
const DESKS: [Kind; 4] = [
    Kind::Congestion,
    Kind::GovernmentEnquiry,
    Kind::HealthEnquiry,
    Kind::QualityComplaint,
];
/// Of a thousand calls that take no unit: how many are for a desk, few enough for the desks to keep up.
const DESK_PERMILLE: u64 = 50;

/// How often other words are looked for when what was said is not understood: one call in five; of 200 000 none needed more than 49.
const SAYINGS_MAX: usize = 64;

/// A call that is to merge.
struct Echo {
    row: u64,
    kind: Kind,
    point: Point,
    place: String,
}

/// The rows of the standard load, one after the other.
pub struct Standard<'a> {
    seed: u64,
    calls: u64,
    row: u64,
    ground: &'a Ground,
    phrases: Phrases,
    random: Random,
    echoes: VecDeque<Echo>,
    scratch: Scratch,
}

impl<'a> Standard<'a> {
    /// So many calls.
    pub fn new(seed: u64, calls: u64, ground: &'a Ground, phrases: Phrases) -> Standard<'a> {
        Standard {
            seed,
            calls,
            row: 0,
            ground,
            phrases,
            random: Random::new(seed),
            echoes: VecDeque::new(),
            scratch: Scratch::default(),
        }
    }

    /// What the next call is about, where, and how the place is called.
    fn matter(&mut self) -> (Kind, Point, String) {
        let row = self.row;
        let due = self.echoes.front().is_some_and(|echo| echo.row <= row);
        if let Some(echo) = self.echoes.pop_front_if(|_| due) {
            let point = self.ground.near(echo.point, 20, &mut self.random);
            return (echo.kind, point, echo.place);
        }
        let opens = self.random.chance(3_000 / 7);
        let kind = kind(opens, &mut self.random);
        let point = self.ground.draw_evenly(&mut self.random);
        let name = words::place(&mut self.random);
        if opens {
            // Ascending, so that the front of the queue is always the next.
            let after = self.echoes.back().map_or(row, |echo| echo.row.max(row));
            self.echoes.push_back(Echo {
                row: (row + 1 + self.random.below(ECHO_ROWS)).max(after),
                kind,
                point,
                place: name.clone(),
            });
        }
        (kind, point, name)
    }

    /// What a caller says on this line, in words that are understood.
    fn say(&mut self, kind: Kind, place: &str, line: &str) -> Said {
        let line = line.parse().unwrap_or(Line::POLICE);
        let mut said = Said::default();
        for _ in 0..SAYINGS_MAX {
            said = self
                .phrases
                .say_exactly(kind, place, CHARACTERS, &mut self.random);
            let text = Some(said.text.as_str());
            let heard = Lexicon::embedded().classify(line, text, None, &mut self.scratch);
            let is_meant = heard.kind == kind && heard.agencies == said.agencies;
            if is_meant && heard.priority == kind.row().priority {
                break;
            }
        }
        said
    }
}

impl Iterator for Standard<'_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        if self.row >= self.calls {
            return None;
        }
        let (kind, point, name) = self.matter();
        let line = line(kind, &mut self.random);
        let said = self.say(kind, &name, line);
        let random = &mut self.random;
        let mut call = Row {
            caller: Some(caller(true, random)),
            text: Some(said.text),
            expect_agencies: Some(said.agencies),
            ..Row::new(
                SECONDS_START + Span(self.row as i64),
                format!("{NAME}-{}-{:07}", self.seed, self.row + 1),
                line,
            )
        };
        place(&mut call, point, random);
        self.row += 1;
        Some(call)
    }
}

/// The kinds of which incidents and work orders are made.
#[cfg(test)]
pub(super) fn kinds() -> impl Iterator<Item = Kind> {
    ONE_UNIT
        .into_iter()
        .chain(TWO_UNITS)
        .chain(DESKS)
        .chain([Kind::Nuisance])
}

fn kind(opens: bool, random: &mut Random) -> Kind {
    let one_of =
        |kinds: &[Kind], random: &mut Random| random.pick(kinds).copied().unwrap_or(Kind::Nuisance);
    if !opens {
        return if random.chance(DESK_PERMILLE) {
            one_of(&DESKS, random)
        } else {
            Kind::Nuisance
        };
    }
    if random.chance(TWO_UNITS_PERMILLE) {
        one_of(&TWO_UNITS, random)
    } else {
        one_of(&ONE_UNIT, random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_shares_the_lengths_and_the_variety_are_the_standards() {
        let ground = Ground::embedded().unwrap();
        let phrases = Phrases::new().unwrap();
        let rows: Vec<Row> = Standard::new(1, 10_000, &ground, phrases).collect();
        let texts: BTreeSet<&str> = rows.iter().filter_map(|row| row.text.as_deref()).collect();
        assert!(texts.iter().all(|text| text.chars().count() == CHARACTERS));
        assert!(texts.len() > 5_000, "{}", texts.len());
        let asking = |kind: Kind| kind.row().agencies;
        let incident: BTreeSet<_> = ONE_UNIT
            .iter()
            .chain(&TWO_UNITS)
            .map(|&kind| asking(kind).bits())
            .collect();
        let taking = rows
            .iter()
            .filter(|row| {
                row.expect_agencies
                    .is_some_and(|set| incident.contains(&set.bits()))
            })
            .count();
        // Openers and those that merge with them.
        assert!((5_900..6_100).contains(&taking), "{taking}");
    }

    /// What the centre makes of them: the same shares, since the shares are of what it does.
    #[test]
    fn what_is_said_is_understood() {
        let ground = Ground::embedded().unwrap();
        let phrases = Phrases::new().unwrap();
        let mut scratch = Scratch::default();
        let mut heard = |row: &Row| {
            let line = row.line.parse().unwrap();
            let verdict =
                Lexicon::embedded().classify(line, row.text.as_deref(), None, &mut scratch);
            verdict.agencies.bits()
        };
        let rows = Standard::new(2, 5_000, &ground, phrases);
        let meant = rows.filter(|row| row.expect_agencies.unwrap().bits() == heard(row));
        let meant = meant.count();
        assert!(meant >= 4_995, "{meant} of 5000 are understood");
    }
}
