//! What a run sent, what it was answered, and what that adds up to.
//!
//! Each call has a serial number of the run. Told by whoever drives the run; the parent makes the summary of it. Of a call that was
//! answered long ago only the counts stay.

use super::events::{Counts, Heard, KEPT, Served};
use super::joinable::Joinable;
use super::latency::Latencies;
use super::packed::Packed;
use super::parts::Parts;
use super::seconds::{self, Arrivals, Departures, Interval, Totals};
use super::table::Table;
use crate::trace::Row;
use engine::id::CallId;
use engine::kind::{AgencySet, Kind};
use engine::moment::Moment;
use engine::place::{Point, datum};
use gateway::wire::{Decision, Problem};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Kinds that are never one event, however near: the plan that comes with the product says so.
const NEVER_ONE: [Kind; 8] = [
    Kind::Fraud,
    Kind::LostProperty,
    Kind::Transfer,
    Kind::HealthEnquiry,
    Kind::GovernmentEnquiry,
    Kind::ConductComplaint,
    Kind::Silent,
    Kind::Nuisance,
];

/// A call that was sent, as far as its answer is judged by it.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// Its number in this run.
    pub serial: u64,
    /// When, in centre time.
    pub at: Moment,
    /// Where, when the trace gives a usable place.
    pub point: Option<Point>,
    /// Whom the trace expects.
    pub expected: Option<AgencySet>,
}

impl Sent {
    /// A row that is sent at this time.
    pub fn of(row: &Row, serial: u64, at: Moment) -> Sent {
        let place = row.lat.zip(row.lon).zip(row.datum);
        Sent {
            serial,
            at,
            point: place.and_then(|((lat, lon), datum)| datum::to_wgs84(lat, lon, datum).ok()),
            expected: row.expect_agencies,
        }
    }
}

/// Rows that are listed at most: who looks through more looks for a cause.
pub const UNMET_MAX: usize = 10_000;

/// A call of which not everybody was told whom the trace expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// Its key.
    pub key: String,
    /// Who should have been told; nobody when empty.
    pub expected: AgencySet,
    /// Who was.
    pub told: AgencySet,
    /// What it was held to be.
    pub kind: Kind,
}

/// Whether everybody is told who is expected; nobody, where nobody is.
fn is_met(expected: AgencySet, told: AgencySet) -> bool {
    if expected.is_empty() {
        return told.is_empty();
    }
    expected.bits() & !told.bits() == 0
}

/// Calls of one kind.
#[derive(Clone, Copy, Debug, Default)]
pub struct OfKind {
    /// Decided.
    pub calls: u64,
    /// Joined an open incident.
    pub merged: u64,
    /// Opened a new incident although one of its kind was open 80 m and 10 min around it.
    pub merge_missed: u64,
}

/// All that is counted in a run.
#[derive(Debug, Default)]
pub struct Tally {
    /// Calls sent, each key once.
    pub sent: u64,
    /// Calls that were sent again after a reconnect.
    pub resent: u64,
    /// Rows whose key had come before: the carrier's repeats (N2). Not among those sent.
    pub repeated: u64,
    /// Calls of which not everybody was told whom the trace expects, the first so many.
    pub unmet: Vec<Unmet>,
    /// Decisions by outcome.
    pub outcomes: Counts,
    /// Problems by code.
    pub refused: Counts,
    /// Reports and positions of crews that were refused, by code.
    pub acts_refused: Counts,
    /// Acts of crews sent.
    pub acts: u64,
    /// Keys with two answers.
    pub keys_doubled: u64,
    /// Decisions that say that the key came before with another body.
    pub conflicts: u64,
    /// Calls outside the served area.
    pub outside: u64,
    /// Rows that expect somebody, and those of them that were met.
    pub expected: u64,
    /// Of these: everybody who was expected is told.
    pub expected_met: u64,
    /// By kind.
    pub kinds: BTreeMap<&'static str, OfKind>,
    /// From the intended time of sending.
    pub corrected: Latencies,
    /// From the actual time of sending.
    pub service: Latencies,
    /// From the intended to the actual time of sending.
    pub lateness: Latencies,
    /// Phase by phase.
    pub parts: Parts,
    /// How long answers that had been read waited to be counted.
    pub waited: Latencies,
    /// What the subscription told.
    pub heard: Heard,
    /// What went out, second by second.
    pub departures: Departures,
    /// What came back, second by second.
    pub arrivals: Arrivals,
    ended: Duration,
    started: Option<Instant>,
    packed: (Latencies, Latencies),
    decided: u64,
    /// The time of the calls so far.
    now: Moment,
    /// Of the last calls the answers and when they came, by either number: a second answer within that time shows.
    calls: Table<u64, (CallId, Moment)>,
    serials: Table<CallId, (u64, Moment)>,
    joinable: Joinable,
}

impl Tally {
    /// Keys that have their decision.
    pub fn decided(&self) -> u64 {
        self.decided
    }

    /// Keys that were refused.
    pub fn refusals(&self) -> u64 {
        self.refused.values().sum()
    }

    /// The run begins: from here on its seconds are counted.
    pub fn begin(&mut self, started: Instant) {
        self.started = Some(started);
    }

    /// Says what time it is, before whatever happened then is counted.
    pub fn turn(&mut self, at: Instant) {
        let Some(started) = self.started else { return };
        let at = at.saturating_duration_since(started);
        if self.arrivals.is_over(at) {
            self.close(at);
        }
    }

    /// The run is over, so long after it began.
    pub fn end(&mut self, at: Duration) {
        self.ended = at;
        self.close(at);
    }

    /// The run, second by second.
    pub fn intervals(&self) -> Vec<Interval> {
        seconds::intervals(&self.departures, &self.arrivals, self.ended)
    }

    fn close(&mut self, at: Duration) {
        let (corrected, service) = (
            Packed::of(&self.corrected.since(&self.packed.0)),
            Packed::of(&self.service.since(&self.packed.1)),
        );
        self.packed = (self.corrected.clone(), self.service.clone());
        let totals = Totals {
            decided: self.decided(),
            refused: self.refusals(),
            orders: self.heard.orders.issued,
            clocks_missed: self.heard.clocks_missed.values().sum(),
        };
        self.arrivals.close(at, totals, corrected, service);
    }

    /// A call was decided; how long that took.
    pub fn decision(&mut self, sent: &Sent, decision: &Decision, took: Duration) {
        let known = self.answered(sent, decision.call);
        if known {
            return;
        }
        self.decided += 1;
        self.service.add(took);
        self.conflicts += u64::from(decision.conflict);
        self.outside += u64::from(decision.outside);
        let outcome = decision.outcome.code();
        match self.outcomes.get_mut(outcome) {
            Some(count) => *count += 1,
            None => {
                self.outcomes.insert(outcome.into(), 1);
            }
        }
        if let Some(expected) = sent.expected {
            self.expected += 1;
            self.expected_met += u64::from(is_met(expected, decision.agencies));
        }
        if let Some(incident) = decision.incident.filter(|_| sent.point.is_some()) {
            self.heard.placed(incident);
        }
        let missed = self.merge_missed(sent, decision);
        let kind = self.kinds.entry(decision.kind.code()).or_default();
        kind.calls += 1;
        kind.merged += u64::from(decision.merged);
        kind.merge_missed += u64::from(missed);
    }

    /// Enters which call a key became, and counts a key with two calls and a call of two keys; whether the key had been answered before.
    fn answered(&mut self, sent: &Sent, call: CallId) -> bool {
        self.now = self.now.max(sent.at);
        self.heard.turn(self.now);
        let (now, oldest) = (self.now, self.now - KEPT);
        self.calls.sweep(&sent.serial, |_, (_, at)| *at >= oldest);
        self.serials.sweep(&call, |_, (_, at)| *at >= oldest);
        let known = self.calls.insert(sent.serial, (call, now));
        let other = self.serials.insert(call, (sent.serial, now));
        let doubled = known.is_some_and(|(known, _)| known != call)
            || other.is_some_and(|(serial, _)| serial != sent.serial);
        self.keys_doubled += u64::from(doubled);
        known.is_some()
    }

    /// A carrier's repeat was decided: as its first was, if that is known.
    pub fn repeat(&mut self, first: &Sent, decision: &Decision) {
        let known = self.calls.get(&first.serial);
        self.keys_doubled += u64::from(known.is_some_and(|(call, _)| *call != decision.call));
        self.conflicts += u64::from(decision.conflict);
    }

    /// Lists a call if not everybody was told whom the trace expects, as long as there is room.
    pub fn unmet(&mut self, key: &str, sent: &Sent, decision: &Decision) {
        let told = decision.agencies;
        let expected = sent.expected.filter(|&expected| !is_met(expected, told));
        if let Some(expected) = expected.filter(|_| self.unmet.len() < UNMET_MAX) {
            self.unmet.push(Unmet {
                key: key.to_owned(),
                expected,
                told,
                kind: decision.kind,
            });
        }
    }

    /// A call was refused.
    pub fn problem(&mut self, problem: &Problem) {
        *self.refused.entry(problem.kind.code().into()).or_default() += 1;
    }

    /// What a crew did was refused.
    pub fn act_problem(&mut self, problem: &Problem) {
        *self
            .acts_refused
            .entry(problem.kind.code().into())
            .or_default() += 1;
    }

    /// Calls with a place whose incident asked for a unit, and those of them for which one arrived.
    pub fn served(&self) -> Served {
        self.heard.served()
    }

    /// Whether the call should have joined an open incident and did not; remembers it for later ones.
    fn merge_missed(&mut self, sent: &Sent, decision: &Decision) -> bool {
        let (Some(point), Some(incident)) = (sent.point, decision.incident) else {
            return false;
        };
        if NEVER_ONE.contains(&decision.kind) || decision.outside {
            return false;
        }
        let missed = !decision.merged
            && self
                .joinable
                .is_any(decision.kind, point, sent.at, &self.heard);
        self.joinable.told(decision.kind, point, sent.at, incident);
        missed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crew::Counts as CrewCounts;
    use crate::report::Summary;
    use engine::call::Outcome;
    use engine::id::{CentreId, IncidentId, Sequence};
    use engine::kind::{Agency, Nature, Priority};
    use engine::moment::Span;
    use gateway::wire::{Forward, ProblemKind};

    const CENTRE: CentreId = CentreId(1);
    const HERE: Point = Point {
        lat_e7: 288_500_000,
        lon_e7: 1_207_300_000,
    };

    fn sent(serial: u64, minute: i64, metres_north: i32) -> Sent {
        Sent {
            serial,
            at: Moment(0) + Span::minutes(minute),
            point: Some(Point {
                lat_e7: HERE.lat_e7 + metres_north * 90,
                ..HERE
            }),
            expected: None,
        }
    }

    fn decision(call: u64, incident: u64, merged: bool) -> Decision {
        Decision {
            call: CallId::new(CENTRE, call).unwrap(),
            incident: IncidentId::new(CENTRE, incident),
            seq: Sequence(call),
            merged,
            outcome: if merged {
                Outcome::Merged
            } else {
                Outcome::Ordered
            },
            kind: Kind::Fight,
            priority: Priority::P2,
            nature: Nature::Emergency,
            agencies: AgencySet::of(&[Agency::Police]),
            confidence_permille: 900,
            human: false,
            evidence: Vec::new(),
            forward: Forward {
                line: 110,
                seat: None,
            },
            orders: Vec::new(),
            short: Vec::new(),
            foreseen_late: false,
            hospital: None,
            outside: false,
            conflict: false,
        }
    }

    fn told(tally: &mut Tally, sent: &Sent, decision: &Decision) {
        tally.sent = tally.sent.max(sent.serial + 1);
        tally.decision(sent, decision, Duration::from_millis(1));
    }

    fn summary(tally: &Tally) -> Summary {
        Summary::of(tally, CrewCounts::default())
    }

    #[test]
    fn a_key_without_an_answer_is_lost_and_a_refused_one_is_not() {
        let mut tally = Tally::default();
        told(&mut tally, &sent(0, 0, 0), &decision(1, 1, false));
        tally.sent = 3;
        tally.problem(&Problem::new(ProblemKind::Overloaded, "wait"));
        let summary = summary(&tally);
        assert_eq!((summary.decided, summary.refused, summary.lost), (1, 1, 1));
        assert!(!summary.is_good());
    }

    #[test]
    fn a_key_with_two_decisions_is_doubly_ordered_and_a_repeat_is_not() {
        let mut tally = Tally::default();
        told(&mut tally, &sent(0, 0, 0), &decision(1, 1, false));
        told(&mut tally, &sent(0, 0, 0), &decision(1, 1, false));
        assert_eq!(summary(&tally).doubly_ordered, 0);
        told(&mut tally, &sent(0, 0, 0), &decision(2, 2, false));
        assert_eq!(summary(&tally).doubled.keys, 1);
        let mut shared = Tally::default();
        told(&mut shared, &sent(0, 0, 0), &decision(1, 1, false));
        told(&mut shared, &sent(1, 0, 0), &decision(1, 1, false));
        assert_eq!(summary(&shared).doubled.keys, 1, "two keys, one call");
    }

    /// A day of calls, one a second.
    #[test]
    fn what_was_answered_long_ago_takes_no_room() {
        let mut tally = Tally::default();
        let call = |serial: u64| Sent {
            at: Moment(0) + Span::seconds(serial as i64),
            point: None,
            ..sent(serial, 0, 0)
        };
        for serial in 0..86_400 {
            told(
                &mut tally,
                &call(serial),
                &decision(serial + 1, serial + 1, false),
            );
        }
        assert_eq!((tally.decided(), summary(&tally).lost), (86_400, 0));
        let kept = (tally.calls.len(), tally.serials.len());
        assert!(kept.0 < 10_000 && kept.1 < 10_000, "{kept:?}");
        // Of the last quarter of an hour a second answer shows, whichever way it is one.
        told(&mut tally, &call(86_000), &decision(90_000, 1, false));
        let another = Sent {
            serial: 90_000,
            ..call(86_399)
        };
        told(&mut tally, &another, &decision(86_300, 1, false));
        assert_eq!(summary(&tally).doubled.keys, 2);
    }

    #[test]
    fn a_near_call_that_opens_its_own_incident_is_a_missed_merge() {
        let missed = |second: Sent, decision_of_second: Decision| {
            let mut tally = Tally::default();
            told(&mut tally, &sent(0, 0, 0), &decision(1, 1, false));
            told(&mut tally, &second, &decision_of_second);
            tally.kinds["fight"].merge_missed
        };
        assert_eq!(missed(sent(1, 9, 70), decision(2, 2, false)), 1);
        assert_eq!(missed(sent(1, 9, 70), decision(2, 1, true)), 0);
        assert_eq!(missed(sent(1, 9, 90), decision(2, 2, false)), 0, "too far");
        assert_eq!(missed(sent(1, 11, 0), decision(2, 2, false)), 0, "too late");
    }

    #[test]
    fn everybody_who_is_expected_must_be_told() {
        let mut tally = Tally::default();
        for (serial, expected) in [
            vec![Agency::Police],
            vec![Agency::Police, Agency::Medical],
            vec![],
        ]
        .into_iter()
        .enumerate()
        {
            let call = Sent {
                expected: Some(AgencySet::of(&expected)),
                ..sent(serial as u64, 0, 0)
            };
            told(&mut tally, &call, &decision(serial as u64 + 1, 1, false));
        }
        assert_eq!((tally.expected, tally.expected_met), (3, 1));
    }

    #[test]
    fn who_was_not_told_is_listed_with_who_was() {
        let mut tally = Tally::default();
        for (serial, expected) in [vec![Agency::Police], vec![Agency::Medical], vec![]]
            .into_iter()
            .enumerate()
        {
            let call = Sent {
                expected: Some(AgencySet::of(&expected)),
                ..sent(serial as u64, 0, 0)
            };
            tally.unmet(&format!("k{serial}"), &call, &decision(1, 1, false));
        }
        let listed = tally.unmet.iter().map(|it| (it.key.as_str(), it.expected));
        let medical = AgencySet::of(&[Agency::Medical]);
        assert!(listed.eq([("k1", medical), ("k2", AgencySet::EMPTY)]));
        let csv = crate::report::unmet::csv(&tally.unmet);
        assert!(
            csv.ends_with("\"k1\",medical,police,fight\n\"k2\",none,police,fight\n"),
            "{csv}"
        );
    }
}
