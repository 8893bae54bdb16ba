//! Callers and carriers that repeat themselves, through a real centre over QUIC, on a driven clock and on the wall's.

#![allow(clippy::unwrap_used)] // all of this is a test; the lint knows only functions that are marked so

use engine::command::ClockMode;
use engine::moment::Span;
use gateway::client::Trust;
use gateway::config::{Config, Overrides};
use gateway::serve::{ServerHandle, serve};
use loadgen::caller::Between;
use loadgen::caller::behaviour::Behaviour as Calling;
use loadgen::crew::{Behaviour, Positions};
use loadgen::ground::Ground;
use loadgen::pace::{Arrivals, Spread};
use loadgen::replay::driven::Silent;
use loadgen::replay::{Options, Rate, Speed, driven, rate};
use loadgen::report::Summary;
use loadgen::synth::{self, Size};
use loadgen::trace::Writer;
use std::path::Path;
use std::time::Duration;

async fn centre(data: &Path, clock: ClockMode) -> ServerHandle {
    let overrides = Overrides {
        data: Some(data.to_path_buf()),
        clock: Some(clock),
        ..Overrides::default()
    };
    let mut config = Config::load(None, &overrides).unwrap();
    config.quic.listen = ([127, 0, 0, 1], 0).into();
    config.http_listen = ([127, 0, 0, 1], 0).into();
    serve(config).await.unwrap()
}

/// A trace of so many calls of a profile, a centre that lives by this clock, and how to replay the one into the other.
async fn set_up(
    folder: &Path,
    (profile, calls): (&str, u64),
    callers: Option<Calling>,
    clock: ClockMode,
) -> (ServerHandle, Options) {
    let size = Size {
        days: None,
        calls: Some(calls),
    };
    let trace = folder.join("trace.csv");
    let ground = Ground::embedded().unwrap();
    let (_, rows) = synth::stream(profile, 3, size, &ground).unwrap();
    let mut writer = Writer::create(&trace).unwrap();
    for row in rows {
        writer.write(&row).unwrap();
    }
    writer.finish().unwrap();
    let server = centre(&folder.join("data"), clock).await;
    let options = Options {
        trace,
        to: server.quic_addr,
        trust: Trust::Loopback,
        crews: Some(Behaviour::Field {
            positions: Positions::OnArrival,
        }),
        ground: None,
        callers,
        seed: 5,
        run_id: None,
        stats: Some(format!("http://{}/v1/stats", server.http_addr)),
        answers: None,
        quiet: true,
    };
    (server, options)
}

/// Every call has its decision, under one key, and nobody was ordered twice.
fn assert_all_decided_once(summary: &Summary) {
    assert_eq!(
        (summary.decided, summary.lost),
        (summary.sent, 0),
        "{summary}"
    );
    assert_eq!(
        (summary.doubly_ordered, summary.conflicts),
        (0, 0),
        "{summary}"
    );
}

/// Replays so many calls of a profile as fast as it goes.
async fn replayed(folder: &Path, profile: &str, calls: u64, callers: Option<Calling>) -> Summary {
    let (server, options) = set_up(folder, (profile, calls), callers, ClockMode::Driven).await;
    let speed = Speed {
        times: f64::INFINITY,
        at_most: None,
        settle: Span::hours(24),
    };
    let summary = driven::run(&options, speed, &mut Silent).await.unwrap();
    server.stop().await.unwrap();
    summary
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_call_again_and_say_more_and_do_the_same_under_a_seed() {
    let eager = Calling {
        redial_permille: 900,
        facts_permille: 600,
        ..Calling::default()
    };
    let mut states = Vec::new();
    for _ in 0..2 {
        let folder = tempfile::tempdir().unwrap();
        let summary = replayed(folder.path(), "xianju-2011", 150, Some(eager)).await;
        let callers = summary.callers.unwrap();
        assert_eq!(summary.sent, 150 + callers.redials, "{summary}");
        assert_all_decided_once(&summary);
        assert_eq!(callers.ended, summary.sent, "{summary}");
        assert!(callers.redials > 0 && callers.facts > 5, "{summary}");
        assert!(callers.facts_raised > 0, "{summary}");
        assert!(summary.acts_refused.is_empty(), "{summary}");
        states.push((summary.state, callers));
    }
    assert!(states[0].0.hash.is_some());
    assert_eq!(states[0], states[1]);
}

/// On the wall clock callers do the same beside the schedule: nobody arrives within seconds, so they call again, and what they add is taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_the_wall_clock_callers_call_again_beside_the_schedule() {
    let hasty = Calling {
        redial_permille: 900,
        redials_max: 1,
        facts_permille: 900,
        say: Between::seconds(0, 1),
        wait: Between::seconds(1, 2),
        wait_life: Between::seconds(1, 2),
        talk: Between::seconds(1, 2),
        patience: Between::seconds(1, 2),
        ..Calling::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let load = ("xianju-2011", 100);
    let (server, options) = set_up(folder.path(), load, Some(hasty), ClockMode::Wall).await;
    let load = Rate {
        // Twice through the trace: the same words, said by others.
        arrivals: Arrivals::constant(40.0, Spread::Evenly, Some(Duration::from_secs(5))),
        connections: 2,
        streams: 2,
        settle: Duration::from_secs(60),
        subscribe: false,
    };
    let summary = rate::run(&options, load).await.unwrap();
    server.stop().await.unwrap();
    let callers = summary.callers.unwrap();
    assert_eq!(summary.sent, 200 + callers.redials, "{summary}");
    assert_all_decided_once(&summary);
    assert!(callers.ended > 50 && callers.redials > 10, "{summary}");
    assert!(callers.redials_joined > 0, "{summary}");
    assert!(callers.facts > 10 && callers.facts_raised > 0, "{summary}");
    assert!(summary.acts_refused.is_empty(), "{summary}");
}

/// Every call three times under one key: one call, one decision, and the same answer each time (N2).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_carriers_repeats_are_answered_as_the_first_was() {
    let folder = tempfile::tempdir().unwrap();
    let summary = replayed(folder.path(), "carrier-retry", 60, None).await;
    assert_eq!((summary.sent, summary.repeated), (60, 120), "{summary}");
    assert_eq!((summary.decided, summary.lost), (60, 0), "{summary}");
    assert_eq!(
        (summary.doubled.keys, summary.conflicts),
        (0, 0),
        "{summary}"
    );
}
