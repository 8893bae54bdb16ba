//! The load generator held against servers whose delays are known: its percentiles are right within 1 %, and a server
//! that stands still for a second shows, though whoever waits for each answer before the next call would never see it.
//!
//! Delays are tens and hundreds of milliseconds, far above what a busy machine adds. A run says of itself how late it was: of three that
//! nothing disturbed the middle one must be right, so that an error that is always there shows, whichever way it lies. Where a machine
//! leaves none in peace the best must be: what it adds can only add, and a generator that is wrong in itself is wrong in all of them.

#![allow(clippy::unwrap_used)] // a test says what is wrong by its panic

mod delayed;

use delayed::{Delay, Delayed};
use engine::moment::{Moment, Span};
use gateway::client::{Client, Options as ClientOptions, Trust};
use gateway::wire::{CallWords, Request, Response};
use loadgen::pace::{Arrivals, Phase, Shape, Spread};
use loadgen::replay::{Options, Rate, rate};
use loadgen::report::Summary;
use loadgen::report::latency::Latencies;
use loadgen::trace::Row;
use loadgen::watch::Silent;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Runs that nothing disturbed, of which the middle one must be right.
const RUNS: usize = 3;
/// On a machine that does other things most are disturbed, and they say so: of so many, the best must be right, or of so many at most.
const RUNS_DISTURBED: usize = 6;
const RUNS_MOST: usize = 18;
/// How far off a percentile may be.
const ERROR_MAX: f64 = 0.01;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn rows() -> Arc<[Row]> {
    let row = |number: i64| Row::new(Moment(0) + Span(number), format!("k{number}"), "110");
    (0..1_000).map(row).collect()
}

async fn load(to: SocketAddr, arrivals: Arrivals) -> Summary {
    let options = Options {
        trace: "made here".into(),
        to,
        trust: Trust::Loopback,
        crews: None,
        ground: None,
        callers: None,
        seed: 1,
        run_id: None,
        stats: None,
        answers: None,
        quiet: true,
    };
    let rate = Rate {
        arrivals,
        connections: 2,
        streams: 2,
        settle: Duration::from_secs(20),
        subscribe: false,
    };
    rate::run_rows(&options, rate, rows(), &mut Silent)
        .await
        .unwrap()
}

/// The nearest rank of a sorted list, in milliseconds.
fn rank(sorted: &[Duration], percent: f64) -> f64 {
    let rank = (percent / 100.0 * sorted.len() as f64 - 1e-6).ceil() as usize;
    sorted[rank.max(1) - 1].as_secs_f64() * 1_000.0
}

/// What one run told.
struct Told {
    /// How far each percentile is above what the server did, as a share of that.
    off: Vec<f64>,
    /// The run says of itself that it was late, or let answers wait, by as much as would matter.
    is_disturbed: bool,
    /// The figures.
    says: String,
}

impl Told {
    fn is_right(&self) -> bool {
        self.off.iter().all(|off| off.abs() <= ERROR_MAX)
    }
}

async fn told_of(delay: Delay, percents: &[f64]) -> Told {
    let server = Delayed::serve(delay);
    let arrivals = Arrivals::constant(300.0, Spread::Poisson, Some(Duration::from_secs(3)));
    let summary = load(server.address(), arrivals).await;
    let kept = server.kept();
    assert_eq!(
        (summary.lost, summary.sent),
        (0, kept.len() as u64),
        "{summary}"
    );
    let waited_ms = summary.distributions.waited.quantiles().p99_ms;
    let own_ms = summary.lateness.p99_ms + waited_ms;
    let mut told_of = Told {
        off: Vec::new(),
        is_disturbed: false,
        says: format!("own {own_ms:.2} ms"),
    };
    for &percent in percents {
        let corrected = &summary.distributions.corrected;
        let told = corrected.at_ms(percent / 100.0, 0).unwrap();
        let did = rank(&kept, percent);
        told_of.off.push(told / did - 1.0);
        told_of.is_disturbed |= own_ms > did * ERROR_MAX;
        let says = format!(", p{percent}: told {told:.2} ms, kept {did:.2} ms");
        told_of.says.push_str(&says);
    }
    told_of
}

async fn is_right(delay: Delay, percents: &[f64]) {
    let mut runs: Vec<Told> = Vec::new();
    let undisturbed = |runs: &[Told]| runs.iter().filter(|told| !told.is_disturbed).count();
    while undisturbed(&runs) < RUNS && runs.len() < RUNS_MOST {
        if runs.len() >= RUNS_DISTURBED && runs.iter().any(Told::is_right) {
            return;
        }
        runs.push(told_of(delay, percents).await);
    }
    let says = runs.iter().map(|told| &told.says).collect::<Vec<_>>();
    assert_eq!(
        undisturbed(&runs),
        RUNS,
        "{delay:?}: not within 1 % in any run: {says:#?}"
    );
    for (at, percent) in percents.iter().enumerate() {
        let in_peace = runs.iter().filter(|told| !told.is_disturbed);
        let mut off: Vec<f64> = in_peace.map(|told| told.off[at]).collect();
        off.sort_by(f64::total_cmp);
        let off = off[RUNS / 2];
        assert!(
            off.abs() <= ERROR_MAX,
            "{delay:?}: p{percent} off by {off:.4}: {says:#?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn percentiles_are_right_within_one_percent() {
    is_right(Delay::Constant(ms(300)), &[50.0, 90.0, 99.0]).await;
    is_right(Delay::Exponential(ms(300)), &[50.0, 90.0, 99.0]).await;
    // The jump lies between those that are asked for.
    is_right(Delay::TwoPoint(ms(200), ms(1_200), 40), &[50.0, 90.0, 99.0]).await;
}

/// A call has one answer. A second one, the same or another, is told and makes the run a bad one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_answered_twice_is_told() {
    let server = Delayed::serve(Delay::Twice(ms(5), 10));
    let arrivals = Arrivals::constant(100.0, Spread::Evenly, Some(Duration::from_secs(1)));
    let run = load(server.address(), arrivals).await;
    assert_eq!((run.sent, run.decided, run.lost), (100, 100, 0), "{run}");
    // The last of them may come when nobody waits any more.
    assert!((9..=10).contains(&run.doubled.keys), "{run}");
    assert!(!run.is_good(), "{run}");
}

/// What a server is asked to do is what it does, so that the test above compares with something.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_keeps_calls_as_long_as_it_says() {
    let server = Delayed::serve(Delay::Exponential(ms(100)));
    load(
        server.address(),
        Arrivals::constant(500.0, Spread::Evenly, Some(Duration::from_secs(2))),
    )
    .await;
    let kept = server.kept();
    // Half of an exponential lies below ln 2 of its mean; of 1 000 draws the middle one strays by some percent.
    let half = rank(&kept, 50.0);
    assert!((60.0..85.0).contains(&half), "{half}");
}

/// A call each 5 ms; between second 1 and 2 the server stands still, so that a fifth of all callers wait, half a second on average.
const STALL: Delay = Delay::Stalled(ms(5), Duration::from_secs(1), Duration::from_secs(2));
const RATE: f64 = 200.0;
const LASTING: Duration = Duration::from_secs(5);

/// What a generator sees that waits for each answer before it makes the next call: service times, and the same counted
/// from when each call was due.
async fn closed_loop(to: SocketAddr) -> (Latencies, Latencies) {
    let (client, _answers) = Client::connect(to, &ClientOptions::default())
        .await
        .unwrap();
    let arrivals = Arrivals::constant(RATE, Spread::Evenly, Some(LASTING));
    let (mut service, mut corrected) = (Latencies::default(), Latencies::default());
    let started = Instant::now();
    for (number, due) in arrivals.schedule(1, &rows()).enumerate() {
        tokio::time::sleep_until((started + due).into()).await;
        let call = CallWords {
            key: format!("closed-{number}"),
            ..CallWords::default()
        };
        let sent = Instant::now();
        let answer = client
            .ask(Request::Call {
                tag: None,
                call: Box::new(call),
            })
            .await
            .unwrap();
        assert!(matches!(answer, Response::Decision { .. }), "{answer:?}");
        service.add(sent.elapsed());
        corrected.add((started + due).elapsed());
    }
    (service, corrected)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stall_of_a_second_shows_and_a_closed_loop_would_hide_it() {
    let server = Delayed::serve(STALL);
    let open = load(
        server.address(),
        Arrivals::constant(RATE, Spread::Evenly, Some(LASTING)),
    )
    .await;
    assert_eq!((open.sent, open.lost), (1_000, 0), "{open}");
    // A fifth waited, from a whole second down to nothing: 1 in 20 over 750 ms, 1 in 100 over 950.
    let told = open.latency;
    assert!(
        told.p90_ms > 450.0 && told.p99_ms > 900.0 && told.p50_ms < 300.0,
        "{open}"
    );

    let server = Delayed::serve(STALL);
    let (service, corrected) = closed_loop(server.address()).await;
    let (service, corrected) = (service.quantiles(), corrected.quantiles());
    assert!(service.max_ms > 900.0, "it was there: {service:?}");
    assert!(
        service.p99_ms < 300.0,
        "and one call in a thousand saw it: {service:?}"
    );
    assert!(
        corrected.p90_ms > 300.0,
        "counted from when calls were due it shows: {corrected:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stall_is_charged_to_the_phase_in_which_its_calls_were_due() {
    let server = Delayed::serve(Delay::Stalled(ms(5), ms(3_000), ms(3_900)));
    let phase = |shape, lasting_s| Phase {
        shape,
        spread: Spread::Evenly,
        lasting: Some(Duration::from_secs(lasting_s)),
    };
    let steps = Shape::Steps {
        from: 100.0,
        to: 200.0,
        steps: 2,
    };
    let after = Shape::Constant { rate: 50.0 };
    let run = load(
        server.address(),
        Arrivals::of(vec![phase(steps, 6), phase(after, 3)]),
    )
    .await;
    let told: Vec<_> = run
        .parts
        .iter()
        .map(|part| (part.name.as_str(), part.sent, part.decided, part.lost))
        .collect();
    let wanted = [
        ("1.1", 300, 300, 0),
        ("1.2", 600, 600, 0),
        ("2", 150, 150, 0),
    ];
    assert_eq!(told, wanted, "{run}");
    let p99: Vec<f64> = run.parts.iter().map(|part| part.latency.p99_ms).collect();
    assert!(p99[1] > 750.0 && p99[2] < 400.0, "{run}");
    // The first call after the server's own first may be the one at 3 s, as the server sees it.
    let p90 = run.parts[0].latency.p90_ms;
    assert!(p90 < 400.0, "{run}");
}
