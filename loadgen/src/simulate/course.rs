//! One run as it goes: how soon somebody was there, who missed which clock, who was busy how long, what waited.
//!
//! Told events in their order and nothing else; knows no engine. It holds every time of its run, four bytes each, which is a part of
//! what the trace itself takes; once the run is over [`Course::settle`] makes an [`Outcome`] of a few figures of them.

use super::outcome::{Outcome, Spread, UnitUse};
use crate::caller::Counts as Called;
use crate::crew::Counts;
use engine::call::Outcome as Decided;
use engine::event::{Event, OrderIssued};
use engine::id::{IncidentId, ObjectHash, OrderId, UnitId};
use engine::kind::{Agency, AgencySet, Priority};
use engine::moment::{Moment, Span};
use engine::order::{OrderClock, OrderState};
use engine::unit::UnitDefinition;
use std::collections::{BTreeMap, HashMap};

/// What became of a call that the centre did not take.
const REFUSED: &str = "refused";

/// How long things took, in whole milliseconds, in the order in which they ended; what took 49 days or more counts as that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times(Vec<u32>);

impl Times {
    fn add(&mut self, took: Span) {
        self.0.push(took.0.clamp(0, u32::MAX.into()) as u32);
    }

    /// Made of spans that somebody else measured.
    pub fn of(spans: impl Iterator<Item = Span>) -> Times {
        let mut times = Times::default();
        spans.for_each(|span| times.add(span));
        times
    }

    /// Their figures, exact: each percentile is one of the times, by nearest rank.
    pub fn settle(mut self) -> Spread {
        self.0.sort_unstable();
        let rank = |percent: usize| {
            let rank = (self.0.len() * percent).div_ceil(100).max(1);
            self.0.get(rank - 1).copied().unwrap_or(0)
        };
        Spread {
            count: self.0.len() as u64,
            sum_ms: self.0.iter().map(|&ms| u64::from(ms)).sum(),
            p50_ms: rank(50),
            p90_ms: rank(90),
            p99_ms: rank(99),
        }
    }
}

/// What is known of an incident.
#[derive(Clone, Copy, Debug)]
struct Known {
    opened_at: Moment,
    priority: Priority,
    /// What the first call about it was, by a table of the caller's.
    matter: Option<u16>,
    /// A vehicle was sent.
    sent: bool,
    /// Agencies of which one arrived, one bit each.
    arrived: u32,
}

/// What is known of an order.
#[derive(Clone, Copy, Debug)]
struct Ordered {
    incident: IncidentId,
    unit: UnitId,
}

/// A need that had to wait.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    priority: Priority,
    since: Option<Moment>,
    /// How long it waited before; a need may have to wait again.
    before: Span,
    served: bool,
}

/// A unit and what it is doing.
#[derive(Clone, Debug)]
struct Used {
    unit: UnitUse,
    busy_since: Option<Moment>,
    open: u32,
}

/// All that is known of a run so far.
#[derive(Clone, Debug)]
pub struct Course {
    from: Moment,
    to: Moment,
    calls: u64,
    decided: BTreeMap<&'static str, u64>,
    expected: [u64; 2],
    first_arrivals: BTreeMap<Priority, Times>,
    arrivals: BTreeMap<Agency, Times>,
    matters: BTreeMap<u16, Times>,
    never: BTreeMap<Priority, u64>,
    missed: BTreeMap<(Agency, Priority, OrderClock), u64>,
    waits: BTreeMap<Priority, Times>,
    waited: BTreeMap<(Agency, Priority), u64>,
    units: BTreeMap<UnitId, Used>,
    /// Those of counties that were added to this one.
    other_units: Vec<UnitUse>,
    crews: Counts,
    callers: Option<Called>,
    repeated: u64,
    digests: Vec<ObjectHash>,
    calling: Option<u16>,
    /// A call is being decided.
    deciding: bool,
    incidents: HashMap<IncidentId, Known>,
    orders: HashMap<OrderId, Ordered>,
    waiting: BTreeMap<(IncidentId, u8), Waiting>,
}

impl Course {
    /// Nothing has happened yet.
    pub fn new(from: Moment) -> Course {
        Course {
            from,
            to: from,
            calls: 0,
            decided: BTreeMap::new(),
            expected: [0, 0],
            first_arrivals: BTreeMap::new(),
            arrivals: BTreeMap::new(),
            matters: BTreeMap::new(),
            never: BTreeMap::new(),
            missed: BTreeMap::new(),
            waits: BTreeMap::new(),
            waited: BTreeMap::new(),
            units: BTreeMap::new(),
            other_units: Vec::new(),
            crews: Counts::default(),
            callers: None,
            repeated: 0,
            digests: Vec::new(),
            calling: None,
            deciding: false,
            incidents: HashMap::new(),
            orders: HashMap::new(),
            waiting: BTreeMap::new(),
        }
    }

    /// When it began.
    pub fn from(&self) -> Moment {
        self.from
    }

    /// The units that there are.
    pub fn know_units<'a>(&mut self, units: impl Iterator<Item = (UnitId, &'a UnitDefinition)>) {
        let known = units.map(|(id, definition)| {
            let unit = UnitUse {
                name: definition.name.to_string(),
                agency: definition.agency,
                travels: definition.travels(),
                orders: 0,
                busy_ms: 0,
                whole_ms: 0,
            };
            let used = Used {
                unit,
                busy_since: None,
                open: 0,
            };
            (id, used)
        });
        self.units = known.collect();
    }

    /// Somebody calls; whom the trace expects, whom the words were held to concern, and what it is by the caller's table.
    pub fn called(
        &mut self,
        at: Moment,
        expected: Option<AgencySet>,
        found: AgencySet,
        matter: Option<u16>,
    ) {
        self.calls += 1;
        self.to = at;
        self.calling = matter;
        self.deciding = true;
        if let Some(expected) = expected {
            self.expected[0] += 1;
            self.expected[1] += u64::from(expected == found);
        }
    }

    /// The call has been decided.
    pub fn hung_up(&mut self) {
        self.calling = None;
        self.deciding = false;
    }

    /// What was said at a time.
    pub fn hear(&mut self, at: Moment, events: &[Event]) {
        for event in events {
            self.hear_one(at, event);
        }
    }

    fn hear_one(&mut self, at: Moment, event: &Event) {
        match *event {
            Event::CallDecided { outcome, .. } => {
                *self.decided.entry(Decided::code(outcome)).or_default() += 1;
                self.deciding = false;
            }
            // Nothing else is said while a call is being decided.
            Event::Refused(_) if self.deciding => {
                *self.decided.entry(REFUSED).or_default() += 1;
                self.deciding = false;
            }
            Event::IncidentOpened {
                incident, priority, ..
            } => {
                let known = Known {
                    opened_at: at,
                    priority,
                    matter: self.calling.take(),
                    sent: false,
                    arrived: 0,
                };
                self.incidents.insert(incident, known);
            }
            Event::IncidentRaised {
                incident, priority, ..
            }
            | Event::IncidentReclassified {
                incident, priority, ..
            } => {
                if let Some(known) = self.incidents.get_mut(&incident) {
                    known.priority = priority;
                }
            }
            Event::IncidentClosed { incident, .. } => {
                if let Some(known) = self.incidents.remove(&incident) {
                    self.close(known);
                }
                let needs = (incident, u8::MIN)..=(incident, u8::MAX);
                let gone: Vec<_> = self.waiting.range(needs).map(|(&key, _)| key).collect();
                gone.into_iter().for_each(|key| self.waits_no_more(key, at));
            }
            // Others wait for a fact: a place, say.
            Event::NeedWaits {
                incident,
                need,
                capability,
                shortage,
                ..
            } if shortage.is_for_want_of_a_unit() => {
                self.waits((incident, need), capability.agency(), at)
            }
            Event::NeedDropped { incident, need } => self.waits_no_more((incident, need), at),
            Event::OrderIssued(issued) => self.ordered(at, &issued),
            Event::OrderMoved {
                order, unit, to, ..
            } => self.moved(at, order, unit, to),
            Event::ClockMissed { order, clock, .. } => self.miss(order, clock),
            _ => {}
        }
    }

    /// A need has to wait: it counts once, however often it comes back to the queue.
    fn waits(&mut self, need: (IncidentId, u8), agency: Agency, at: Moment) {
        let Some(known) = self.incidents.get(&need.0) else {
            return;
        };
        let priority = known.priority;
        let waiting = self.waiting.entry(need).or_insert_with(|| {
            *self.waited.entry((agency, priority)).or_default() += 1;
            Waiting {
                priority,
                since: None,
                before: Span(0),
                served: false,
            }
        });
        waiting.since.get_or_insert(at);
    }

    /// A need that waited is over. One that never got a unit has no length; one that lost it and waits again waited until now.
    fn waits_no_more(&mut self, need: (IncidentId, u8), at: Moment) {
        if let Some(waiting) = self.waiting.remove(&need)
            && waiting.served
        {
            let times = self.waits.entry(waiting.priority).or_default();
            let again = waiting.since.map_or(0, |since| since.until(at).0);
            times.add(Span(waiting.before.0 + again));
        }
    }

    fn ordered(&mut self, at: Moment, issued: &OrderIssued) {
        if let Some(waiting) = self.waiting.get_mut(&(issued.incident, issued.need))
            && let Some(since) = waiting.since.take()
        {
            waiting.before = Span(waiting.before.0 + since.until(at).0);
            waiting.served = true;
        }
        let ordered = Ordered {
            incident: issued.incident,
            unit: issued.unit,
        };
        self.orders.insert(issued.order, ordered);
        if let Some(used) = self.units.get_mut(&issued.unit) {
            used.unit.orders += 1;
            used.open += 1;
            used.busy_since.get_or_insert(at);
            if let Some(known) = self.incidents.get_mut(&issued.incident) {
                known.sent |= used.unit.travels;
            }
        }
    }

    fn close(&mut self, known: Known) {
        if known.sent && known.arrived == 0 {
            *self.never.entry(known.priority).or_default() += 1;
        }
    }

    fn moved(&mut self, at: Moment, order: OrderId, unit: UnitId, to: OrderState) {
        let Some(&ordered) = self.orders.get(&order) else {
            return;
        };
        let Some(used) = self.units.get_mut(&unit) else {
            return;
        };
        if to == OrderState::Arrived
            && used.unit.travels
            && let Some(known) = self.incidents.get_mut(&ordered.incident)
        {
            let before = known.arrived;
            known.arrived |= 1 << used.unit.agency as u32;
            let took = known.opened_at.until(at);
            if before == 0 {
                let times = self.first_arrivals.entry(known.priority).or_default();
                times.add(took);
                if let Some(matter) = known.matter {
                    self.matters.entry(matter).or_default().add(took);
                }
            }
            if before != known.arrived {
                let times = self.arrivals.entry(used.unit.agency).or_default();
                times.add(took);
            }
        }
        if !to.is_open() {
            used.open = used.open.saturating_sub(1);
            if used.open == 0
                && let Some(since) = used.busy_since.take()
            {
                used.unit.busy_ms += since.until(at).0;
            }
            self.orders.remove(&order);
        }
        self.to = self.to.max(at);
    }

    fn miss(&mut self, order: OrderId, clock: OrderClock) {
        let Some(ordered) = self.orders.get(&order) else {
            return;
        };
        let known = self.incidents.get(&ordered.incident);
        let unit = self.units.get(&ordered.unit);
        if let (Some(known), Some(used)) = (known, unit) {
            let key = (used.unit.agency, known.priority, clock);
            *self.missed.entry(key).or_default() += 1;
        }
    }

    /// A carrier sent a call again under its key (N2).
    pub fn repeated(&mut self) {
        self.repeated += 1;
    }

    /// What callers did beside what the trace says; `None` where they were not played.
    pub fn callers(&mut self, callers: Option<Called>) {
        self.callers = callers;
    }

    /// It is over.
    pub fn end(&mut self, to: Moment, digest: ObjectHash, crews: Counts) {
        self.to = to;
        self.digests = vec![digest];
        self.crews = crews;
        let open: Vec<Known> = self.incidents.drain().map(|(_, known)| known).collect();
        open.into_iter().for_each(|known| self.close(known));
        let waiting: Vec<_> = self.waiting.keys().copied().collect();
        waiting
            .into_iter()
            .for_each(|need| self.waits_no_more(need, to));
        for used in self.units.values_mut() {
            if let Some(since) = used.busy_since.take() {
                used.unit.busy_ms += since.until(to).0;
            }
            used.unit.whole_ms = self.from.until(to).0;
        }
    }

    /// Puts the course of a centre beside this one's, both over; its units bear its name before theirs.
    pub fn add(&mut self, other: &Course, name: &str) {
        fn counts<K: Ord + Copy>(to: &mut BTreeMap<K, u64>, from: &BTreeMap<K, u64>) {
            from.iter()
                .for_each(|(&key, count)| *to.entry(key).or_default() += count);
        }
        fn times<K: Ord + Copy>(to: &mut BTreeMap<K, Times>, from: &BTreeMap<K, Times>) {
            from.iter()
                .for_each(|(&key, times)| to.entry(key).or_default().0.extend(&times.0));
        }
        self.from = self.from.min(other.from);
        self.to = self.to.max(other.to);
        self.calls += other.calls;
        (0..2).for_each(|at| self.expected[at] += other.expected[at]);
        counts(&mut self.decided, &other.decided);
        counts(&mut self.never, &other.never);
        counts(&mut self.missed, &other.missed);
        counts(&mut self.waited, &other.waited);
        times(&mut self.first_arrivals, &other.first_arrivals);
        times(&mut self.arrivals, &other.arrivals);
        times(&mut self.matters, &other.matters);
        times(&mut self.waits, &other.waits);
        let named = other.units.values().map(|used| UnitUse {
            name: format!("{name}/{}", used.unit.name),
            ..used.unit.clone()
        });
        self.other_units.extend(named);
        self.crews.add(other.crews);
        self.repeated += other.repeated;
        if let Some(callers) = other.callers {
            self.callers.get_or_insert_default().add(callers);
        }
        self.digests.extend(&other.digests);
    }

    /// The figures that stay.
    pub fn settle(self) -> Outcome {
        fn spreads<K: Ord>(times: BTreeMap<K, Times>) -> BTreeMap<K, Spread> {
            let each = times.into_iter();
            each.map(|(key, times)| (key, times.settle())).collect()
        }
        let digest = match &self.digests[..] {
            [only] => *only,
            several => {
                let bytes: Vec<u8> = several.iter().flat_map(|digest| digest.0).collect();
                ObjectHash::of(&bytes)
            }
        };
        let all_waits = Times(
            self.waits
                .values()
                .flat_map(|times| &times.0)
                .copied()
                .collect(),
        );
        let own = self.units.into_values().map(|used| used.unit);
        Outcome {
            from: self.from,
            to: self.to,
            calls: self.calls,
            decided: self.decided,
            expected: self.expected,
            first_arrivals: spreads(self.first_arrivals),
            arrivals: spreads(self.arrivals),
            matters: spreads(self.matters),
            never: self.never,
            missed: self.missed,
            all_waits: all_waits.settle(),
            waits: spreads(self.waits),
            waited: self.waited,
            units: own.chain(self.other_units).collect(),
            crews: self.crews,
            callers: self.callers,
            repeated: self.repeated,
            digest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::event::Refusal;
    use engine::id::CentreId;

    #[test]
    fn a_need_that_lost_its_unit_and_ends_waiting_waited_both_times() {
        let need = (IncidentId::new(CentreId(1), 1).unwrap(), 0);
        let mut course = Course::new(Moment(0));
        let waiting = Waiting {
            priority: Priority::P1,
            since: Some(Moment(5_000)),
            before: Span(2_000),
            served: true,
        };
        course.waiting.insert(need, waiting);
        course.waits_no_more(need, Moment(9_000));
        assert_eq!(course.settle().all_waits.sum_ms, 6_000);
    }

    #[test]
    fn a_call_that_is_refused_is_counted_and_a_later_refusal_is_none() {
        let mut course = Course::new(Moment(0));
        let refused = Event::Refused(Refusal::UnknownCall);
        course.called(Moment(0), None, AgencySet::default(), None);
        course.hear(Moment(0), &[refused]);
        course.hung_up();
        course.hear(Moment(1), &[refused]);
        assert_eq!(course.settle().decided, BTreeMap::from([(REFUSED, 1)]));
    }

    #[test]
    fn percentiles_are_times_that_there_were() {
        let times = Times::of([5, 1, 4, 2, 3].map(Span).into_iter());
        let spread = times.settle();
        assert_eq!((spread.count, spread.sum_ms), (5, 15));
        assert_eq!((spread.p50_ms, spread.p90_ms, spread.p99_ms), (3, 5, 5));
        let hundred = Times::of((1..=100).map(Span)).settle();
        let ranks = (hundred.p50_ms, hundred.p90_ms, hundred.p99_ms);
        assert_eq!(ranks, (50, 90, 99));
        assert_eq!(Times::default().settle(), Spread::default());
        let long = Times::of([Span(-1), Span(i64::MAX)].into_iter()).settle();
        assert_eq!((long.p50_ms, long.p99_ms), (0, u32::MAX));
    }
}
