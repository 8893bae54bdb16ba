//! What callers do when nobody is sent, when nobody comes, and when all is well.

use super::*;
use crate::ground::Ground as Places;
use crate::simulate::county::{Ground, Setting};
use crate::simulate::outcome::Outcome;
use crate::simulate::play;
use crate::simulate::region::Region;
use crate::synth::{Size, generate};
use engine::id::CentreId;
use gateway::config::{Config, Overrides};
use std::num::NonZeroUsize;

const CENTRE: CentreId = CentreId(1);
const START: Moment = Moment(1_000_000);

fn row(key: &str) -> Row {
    Row {
        text: Some("有人打架".into()),
        lat: Some(28.8),
        lon: Some(120.7),
        ..Row::new(START, key.into(), "110")
    }
}

fn incident(number: u64) -> IncidentId {
    IncidentId::new(CENTRE, number).unwrap()
}

fn call(number: u64) -> CallId {
    CallId::new(CENTRE, number).unwrap()
}

/// Everybody does everything that can be done.
fn eager() -> Behaviour {
    Behaviour {
        redial_permille: 1_000,
        facts_permille: 1_000,
        ..Behaviour::default()
    }
}

/// All acts up to a time; redials are decided like the first, into this incident.
fn acts_until(callers: &mut Callers, until: Moment, joins: Option<IncidentId>) -> Vec<Act> {
    let mut acts = Vec::new();
    let mut calls = 100;
    while let Some(due) = callers.next_due().filter(|&due| due <= until) {
        while let Some(act) = callers.poll(due) {
            if let Act::Call { caller, .. } = &act {
                calls += 1;
                callers.decided(due, *caller, call(calls), joins, Kind::Fight, true);
            }
            acts.push(act);
        }
    }
    acts
}

#[test]
fn who_hears_nothing_hangs_up_and_calls_again_under_a_new_key() {
    let mut callers = Callers::new(eager(), 1);
    let caller = callers.called(&row("k"));
    callers.decided(
        START,
        caller,
        call(1),
        Some(incident(1)),
        Kind::Fight,
        false,
    );
    let acts = acts_until(&mut callers, START + Span::hours(4), Some(incident(1)));
    let keys: Vec<&str> = acts
        .iter()
        .filter_map(|act| match act {
            Act::Call { row, .. } => Some(row.key.as_str()),
            Act::Facts { .. } | Act::End { .. } => None,
        })
        .collect();
    assert_eq!(keys, ["k+again1", "k+again2"]);
    let counts = callers.counts();
    assert_eq!((counts.redials, counts.redials_joined), (2, 2), "N3");
    assert_eq!((counts.ended, counts.abandoned), (3, 1));
    assert!(callers.callers.is_empty(), "nobody is remembered for ever");
}

#[test]
fn a_redial_that_opens_its_own_incident_has_not_joined() {
    let mut callers = Callers::new(eager(), 1);
    let caller = callers.called(&row("k"));
    callers.decided(START, caller, call(1), Some(incident(1)), Kind::Fight, true);
    acts_until(&mut callers, START + Span::hours(4), Some(incident(2)));
    let counts = callers.counts();
    // The second redial is about what the first one opened.
    assert_eq!((counts.redials, counts.redials_joined), (2, 1));
}

#[test]
fn nobody_calls_again_when_somebody_has_come() {
    let mut callers = Callers::new(eager(), 1);
    let caller = callers.called(&row("k"));
    callers.decided(START, caller, call(1), Some(incident(1)), Kind::Fight, true);
    callers.arrived(incident(1));
    let acts = acts_until(&mut callers, START + Span::hours(4), None);
    assert_eq!(acts, [Act::End { call: call(1) }]);
    assert_eq!(callers.counts().abandoned, 0);
}

/// Who joins an incident hears how it stands: nobody was sent, somebody is on the way, somebody is there; also after a merge.
#[test]
fn who_joins_an_incident_learns_how_it_stands() {
    let played = |ordered: bool, arrived: bool, merged: bool| {
        let mut callers = Callers::new(eager(), 1);
        let about = if merged { incident(7) } else { incident(1) };
        if ordered {
            callers.ordered(about);
        }
        if arrived {
            callers.arrived(about);
        }
        if merged {
            callers.merged(about, incident(1));
        }
        let caller = callers.called(&row("k"));
        let joined = Some(incident(1));
        callers.decided(START, caller, call(1), joined, Kind::Fight, false);
        let known = &callers.callers[&caller];
        (known.sent, known.arrived)
    };
    assert_eq!(played(false, false, false), (false, false));
    assert_eq!(played(true, false, false), (true, false));
    assert_eq!(played(true, true, false), (true, true));
    assert_eq!(played(true, true, true), (true, true));
    let mut callers = Callers::new(eager(), 1);
    callers.ordered(incident(1));
    callers.closed(incident(1));
    assert!(callers.standing.is_empty(), "nothing is kept for ever");
}

#[test]
fn facts_that_raise_are_counted_once_and_only_theirs() {
    let mut callers = Callers::new(eager(), 1);
    let caller = callers.called(&row("k"));
    callers.decided(START, caller, call(1), Some(incident(1)), Kind::Fight, true);
    let mut said = None;
    while said.is_none() {
        let due = callers.next_due().unwrap();
        said = callers
            .poll(due)
            .filter(|act| matches!(act, Act::Facts { .. }));
    }
    callers.raised(incident(2));
    assert_eq!(callers.counts().facts_raised, 0);
    callers.raised(incident(1));
    callers.raised(incident(1));
    assert_eq!(callers.counts().facts_raised, 1);
}

#[test]
fn a_silent_caller_only_hangs_up() {
    let mut callers = Callers::new(eager(), 1);
    let silent = Row {
        text: Some(String::new()),
        ..row("k")
    };
    let caller = callers.called(&silent);
    callers.decided(
        START,
        caller,
        call(1),
        Some(incident(1)),
        Kind::Silent,
        false,
    );
    let acts = acts_until(&mut callers, START + Span::hours(4), None);
    assert_eq!(acts, [Act::End { call: call(1) }]);
    assert_eq!(callers.counts().abandoned, 0);
}

/// Whatever others do between: the same key under the same seed does the same.
#[test]
fn a_caller_follows_from_seed_and_key() {
    let played = |others: u64, seed: u64| {
        let mut callers = Callers::new(Behaviour::default(), seed);
        for other in 0..others {
            callers.called(&row(&format!("other{other}")));
        }
        let caller = callers.called(&row("k"));
        callers.decided(START, caller, call(1), Some(incident(1)), Kind::Fight, true);
        callers.next_due()
    };
    assert_eq!(played(0, 1), played(9, 1));
    assert_ne!(played(0, 1), played(0, 2));
}

/// A few days of a county in process, with callers or without.
fn played(callers: Option<Behaviour>, seed: u64) -> Outcome {
    let size = Size {
        days: Some(2),
        calls: Some(500),
    };
    let rows = generate("xianju-2011", 3, size, &Places::embedded().unwrap()).unwrap();
    simulated(&rows, callers, seed)
}

/// A trace in the embedded county, in process.
fn simulated(rows: &[Row], callers: Option<Behaviour>, seed: u64) -> Outcome {
    let config = Config::load(None, &Overrides::default()).unwrap();
    let region = Region::alone(Ground::of(config).unwrap());
    let setting = Setting {
        callers,
        ..Setting::default()
    };
    let (threads, quiet) = (NonZeroUsize::MIN, |_, _| {});
    let mut played = play(rows, &[&region], &setting, &[seed], threads, &quiet).unwrap();
    played.remove(0).together.remove(0)
}

/// In a simulated county they add calls that join, facts that raise and ends, the same under the same seed; without them a trace
/// is played as it stands.
#[test]
fn a_simulated_county_has_them_where_they_are_asked_for() {
    let eager = Behaviour {
        redial_permille: 900,
        facts_permille: 500,
        ..Behaviour::default()
    };
    let with = played(Some(eager), 1);
    let counts = with.callers.unwrap();
    println!("{counts:?}");
    assert_eq!(with.calls, 500 + counts.redials);
    assert_eq!(
        with.decided.values().sum::<u64>(),
        with.calls,
        "every call once"
    );
    // Who calls again after the merge window opens an incident of their own: the core knows no caller (N3 is pending there).
    assert!(counts.redials > 5 && counts.redials_joined > 0);
    assert!(counts.facts > 20 && counts.facts_raised > 5);
    assert!(counts.facts_raised <= counts.facts && counts.abandoned <= counts.ended);
    assert_eq!(counts.ended, with.calls, "everybody hangs up in the end");
    assert_eq!(played(Some(eager), 1).digest, with.digest);
    let without = played(None, 1);
    assert_eq!((without.calls, without.callers), (500, None));
    assert_ne!(without.digest, with.digest);
}

/// A carrier that sends everything three times: each call is decided once (N2).
#[test]
fn repeats_of_a_carrier_are_no_calls_of_their_own() {
    let size = Size {
        days: None,
        calls: Some(60),
    };
    let rows = generate("carrier-retry", 3, size, &Places::embedded().unwrap()).unwrap();
    let outcome = simulated(&rows, None, 1);
    assert_eq!((outcome.calls, outcome.repeated), (60, 120));
    assert_eq!(outcome.decided.values().sum::<u64>(), 60);
}
