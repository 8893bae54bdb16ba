//! A generated day through a real centre over QUIC: driven twice to the same state, and at a rate with a restart.

#![allow(clippy::unwrap_used)] // all of this is a test; the lint knows only functions that are marked so

use engine::command::ClockMode;
use engine::id::Sequence;
use engine::moment::Span;
use gateway::client::Trust;
use gateway::config::{Config, Overrides};
use gateway::explain::{differences, explain};
use gateway::serve::{ServerHandle, serve};
use loadgen::crew::{Behaviour, Positions};
use loadgen::ground::Ground;
use loadgen::pace::{Arrivals, Spread};
use loadgen::replay::driven::Silent;
use loadgen::replay::{Options, Rate, Speed, driven, rate};
use loadgen::report::Summary;
use loadgen::synth::{self, Size};
use loadgen::trace::Writer;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

async fn centre(data: &Path, clock: ClockMode, quic: SocketAddr) -> ServerHandle {
    let overrides = Overrides {
        data: Some(data.to_path_buf()),
        clock: Some(clock),
        ..Overrides::default()
    };
    let mut config = Config::load(None, &overrides).unwrap();
    config.quic.listen = quic;
    config.http_listen = ([127, 0, 0, 1], 0).into();
    serve(config).await.unwrap()
}

fn any_port() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

fn trace(path: &Path, profile: &str, calls: u64) {
    let size = Size {
        days: None,
        calls: Some(calls),
    };
    let rows = synth::generate(profile, 3, size, &Ground::embedded().unwrap()).unwrap();
    let mut writer = Writer::create(path).unwrap();
    for row in &rows {
        writer.write(row).unwrap();
    }
    writer.finish().unwrap();
}

fn options(trace: &Path, server: &ServerHandle, crews: Behaviour) -> Options {
    Options {
        trace: trace.to_path_buf(),
        to: server.quic_addr,
        trust: Trust::Loopback,
        crews: Some(crews),
        ground: None,
        callers: None,
        seed: 5,
        run_id: None,
        stats: Some(format!("http://{}/v1/stats", server.http_addr)),
        answers: None,
        quiet: true,
    }
}

/// Out of the journal alone: nobody whom the straight line would have sent is there sooner by the road than who was sent, and for
/// some orders it is another.
fn what_the_roads_changed(data: &Path, issued: u64) {
    let all = differences(data, Sequence(u64::MAX)).unwrap();
    assert!(all.len() as u64 * 2 > issued && all.len() as u64 <= issued);
    for it in &all {
        assert!(it.straight_ms >= it.sent_ms, "{it:?}");
        assert!(it.sent != it.straight || it.saved_ms() == 0, "{it:?}");
    }
    for it in all.iter().take(4) {
        let grounds = explain(data, it.order, Sequence(u64::MAX)).unwrap().grounds;
        let sent = (
            grounds.issued.unit,
            grounds.issued.travel_ms + grounds.issued.turnout_ms,
        );
        assert_eq!((it.sent, it.sent_ms), sent);
    }
    let others = all.iter().filter(|it| it.sent != it.straight);
    assert!(others.count() > 2);
}

async fn driven_once(folder: &Path, name: &str, trace: &Path) -> Summary {
    let server = centre(&folder.join(name), ClockMode::Driven, any_port()).await;
    let positions = Positions::Every(Span::seconds(60));
    let options = options(trace, &server, Behaviour::Field { positions });
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
async fn two_driven_runs_give_the_same_state() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("day.csv.zst");
    trace(&path, "xianju-2011", 150);
    let first = driven_once(folder.path(), "first", &path).await;
    assert_eq!((first.sent, first.decided, first.lost), (150, 150, 0));
    assert_eq!(first.doubly_ordered, 0, "{first}");
    assert_eq!((first.orders.open, first.in_flight), (0, 0), "{first}");
    assert!(first.placed_served_share >= 0.8, "{first}");
    assert!(
        first.ladders_fired > 0 && first.crews.declined > 0,
        "{first}"
    );
    assert!(first.acts_refused.is_empty(), "{first}");
    what_the_roads_changed(&folder.path().join("first"), first.orders.issued);
    let second = driven_once(folder.path(), "second", &path).await;
    assert!(first.state.hash.is_some());
    assert_eq!(first.state, second.state);
    assert_eq!(first.orders, second.orders);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_under_load_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("load.csv");
    trace(&path, "standard", 400);
    let data = folder.path().join("data");
    let server = centre(&data, ClockMode::Wall, any_port()).await;
    let mut options = options(&path, &server, Behaviour::Standard);
    options.stats = None;
    let address = server.quic_addr;
    let load = tokio::spawn(async move {
        let rate = Rate {
            arrivals: Arrivals::constant(100.0, Spread::Poisson, Some(Duration::from_secs(6))),
            connections: 2,
            streams: 2,
            settle: Duration::from_secs(60),
            subscribe: true,
        };
        rate::run(&options, rate).await
    });
    tokio::time::sleep(Duration::from_secs(2)).await;
    server.stop().await.unwrap();
    let server = centre(&data, ClockMode::Wall, address).await;
    let summary = load.await.unwrap().unwrap();
    server.stop().await.unwrap();
    // More than the trace has: it was repeated under new keys.
    assert!(summary.sent > 400, "{summary}");
    assert_eq!(
        (summary.decided, summary.lost),
        (summary.sent, 0),
        "{summary}"
    );
    assert_eq!(summary.doubly_ordered, 0, "{summary}");
    assert!(summary.outcomes["merged"] > 50, "{summary}");
}
