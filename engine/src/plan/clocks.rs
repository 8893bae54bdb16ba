//! The table of clocks: agency × zone × day/night × priority × class × away, for each clock of an order.

use crate::capability::CapabilityClass;
use crate::kind::{Agency, Priority, vocabulary};
use crate::moment::Span;
use crate::order::OrderClock;
use crate::place::Zone;

vocabulary! {
    /// Part of the local day.
    DayNight {
        /// Day.
        Day = "day",
        /// Night.
        Night = "night",
    }
}

/// What a clock depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockCase {
    /// Whose order.
    pub agency: Agency,
    /// Where the incident is.
    pub zone: Zone,
    /// When the order is issued.
    pub day_night: DayNight,
    /// How urgent the incident is.
    pub priority: Priority,
    /// How the unit answers orders.
    pub class: CapabilityClass,
    /// The unit is sent out of its own district, into a township (X6, X7).
    pub away: bool,
}

/// The length of every clock in every case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clocks {
    spans: Vec<Span>,
}

const CASES: usize = Agency::ALL.len()
    * Zone::ALL.len()
    * DayNight::ALL.len()
    * Priority::ALL.len()
    * CapabilityClass::ALL.len()
    * 2;

impl ClockCase {
    fn index(self) -> usize {
        let mut index = self.agency as usize;
        index = index * Zone::ALL.len() + self.zone as usize;
        index = index * DayNight::ALL.len() + self.day_night as usize;
        index = index * Priority::ALL.len() + self.priority.index();
        index = index * CapabilityClass::ALL.len() + self.class as usize;
        index * 2 + usize::from(self.away)
    }

    /// Every case there is.
    pub fn all() -> impl Iterator<Item = ClockCase> {
        Agency::ALL.iter().flat_map(|&agency| {
            Zone::ALL.iter().flat_map(move |&zone| {
                DayNight::ALL.iter().flat_map(move |&day_night| {
                    Priority::ALL.iter().flat_map(move |&priority| {
                        CapabilityClass::ALL.iter().flat_map(move |&class| {
                            [false, true].map(|away| ClockCase {
                                agency,
                                zone,
                                day_night,
                                priority,
                                class,
                                away,
                            })
                        })
                    })
                })
            })
        })
    }
}

impl Clocks {
    /// No clock runs anywhere.
    pub(super) fn none() -> Clocks {
        Clocks {
            spans: vec![Span::ZERO; CASES * OrderClock::ALL.len()],
        }
    }

    pub(super) fn set(&mut self, clock: OrderClock, case: ClockCase, span: Span) {
        self.spans[clock as usize * CASES + case.index()] = span;
    }

    /// How long a clock runs; `None` where it does not.
    pub fn span(&self, clock: OrderClock, case: ClockCase) -> Option<Span> {
        let span = self.spans[clock as usize * CASES + case.index()];
        (span > Span::ZERO).then_some(span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_has_its_own_place() {
        let mut seen = vec![false; CASES];
        for case in ClockCase::all() {
            assert!(
                !std::mem::replace(&mut seen[case.index()], true),
                "{case:?}"
            );
        }
        assert!(seen.into_iter().all(|seen| seen));
    }
}
