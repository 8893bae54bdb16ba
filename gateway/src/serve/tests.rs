//! A whole centre in process: calls in, orders out, reports back, stopped and started again.

use super::*;
use crate::client::{Client, Events, Options};
use crate::config::{Config, Overrides};
use crate::wire::{
    Announced, CallWords, Decision, Position, ProblemKind, Request, Response, UnitReport,
};
use engine::call::Outcome;
use engine::command::ClockMode;
use engine::moment::Moment;
use engine::order::{OrderAct, OrderState};
use engine::place::datum::Datum;
use engine::unit::Duty;
use std::path::Path;

const CONFIG: &str = "
[quic]
listen = \"127.0.0.1:0\"
workers = 2
[http]
listen = \"127.0.0.1:0\"
[capacity]
units_max = 1024
incidents_max = 4096
orders_max = 8192
calls_max = 16384
[journal]
segment_mib = 32
";

fn config(data: &Path, clock: ClockMode) -> Config {
    let overrides = Overrides {
        data: Some(data.to_owned()),
        clock: Some(clock),
        ..Overrides::default()
    };
    Config::of_text("test", CONFIG, Path::new(""), &overrides).unwrap()
}

fn fire(key: &str, config: &Config) -> Request {
    let post = config.city.posts[0].point;
    let (lat, lon) = (f64::from(post.lat_e7) / 1e7, f64::from(post.lon_e7) / 1e7);
    let call = CallWords {
        key: key.into(),
        line: Some(119),
        text: Some("居民楼着火了，火很大".into()),
        position: Some(Position::new(lat, lon, Some(Datum::Wgs84)).unwrap()),
        ..CallWords::default()
    };
    Request::Call {
        tag: None,
        call: Box::new(call),
    }
}

async fn decision(client: &Client, request: Request) -> Decision {
    match client.ask(request).await.unwrap() {
        Response::Decision { decision, .. } => *decision,
        other => panic!("no decision but {other:?}"),
    }
}

async fn next_event(
    events: &mut Events,
    wanted: impl Fn(&Announced) -> bool,
) -> crate::wire::EventNote {
    let search = async {
        loop {
            let note = events.next().await.expect("the subscription has ended");
            if wanted(&note.announced) {
                return note;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), search)
        .await
        .expect("no such event came")
}

fn is_order(announced: &Announced) -> bool {
    matches!(announced, Announced::OrderIssued { .. })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_becomes_an_order_and_the_order_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), ClockMode::Wall);
    let server = serve(config.clone()).await.unwrap();
    let (client, _answers) = Client::connect(server.quic_addr, &Options::default())
        .await
        .unwrap();
    let mut events = client.subscribe(Vec::new(), None).await.unwrap();

    let decided = decision(&client, fire("k-1", &config)).await;
    assert_eq!(decided.outcome, Outcome::Ordered);
    assert!(!decided.orders.is_empty() && !decided.evidence.is_empty());
    assert_eq!(decided.forward.line, 119);
    let order = decided.orders[0].clone();
    assert!(config.city.unit(&order.unit).is_some(), "{}", order.unit);

    let issued = next_event(&mut events, is_order).await;
    let Announced::OrderIssued {
        unit,
        point,
        kind,
        issued,
    } = issued.announced
    else {
        panic!("{issued:?}");
    };
    assert_eq!((unit, issued.order), (order.unit.clone(), order.order));
    assert_eq!(
        (point, kind),
        (Some(config.city.posts[0].point), Some(decided.kind))
    );

    for (act, state) in [
        (OrderAct::Acknowledge, OrderState::Acknowledged),
        (OrderAct::Finish, OrderState::Finished),
    ] {
        let report = Request::Order {
            tag: None,
            order: order.order,
            act,
            note: Some("好".into()),
        };
        match client.ask(report).await.unwrap() {
            Response::Done {
                state: Some(told), ..
            } => assert_eq!(told, state),
            other => panic!("{other:?}"),
        }
    }
    let again = Request::Order {
        tag: None,
        order: order.order,
        act: OrderAct::Finish,
        note: None,
    };
    assert!(matches!(
        client.ask(again).await.unwrap(),
        Response::Problem { .. }
    ));
    next_event(&mut events, |announced| {
        matches!(
            announced,
            Announced::OrderMoved {
                to: OrderState::Finished,
                ..
            }
        )
    })
    .await;
    server.stop().await.unwrap();
}

/// N2, across connections and restarts; and orders that nobody acknowledged are told again after a restart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), ClockMode::Wall);
    let server = serve(config.clone()).await.unwrap();
    let (client, _answers) = Client::connect(server.quic_addr, &Options::default())
        .await
        .unwrap();
    let first = decision(&client, fire("k-1", &config)).await;
    assert_eq!(decision(&client, fire("k-1", &config)).await, first);
    server.stop().await.unwrap();

    let server = serve(config.clone()).await.unwrap();
    let (client, _answers) = Client::connect(server.quic_addr, &Options::default())
        .await
        .unwrap();
    assert_eq!(decision(&client, fire("k-1", &config)).await, first);
    let mut other = fire("k-1", &config);
    if let Request::Call { call, .. } = &mut other {
        call.text = Some("没事了".into());
    }
    let conflict = decision(&client, other).await;
    assert_eq!(
        conflict,
        Decision {
            conflict: true,
            ..first.clone()
        }
    );

    let unit = first.orders[0].unit.clone();
    let mut events = client.subscribe(vec![unit.clone()], None).await.unwrap();
    let again = next_event(&mut events, is_order).await;
    assert!(again.redelivered);
    let since = first.seq;
    let mut all = client
        .subscribe(
            Vec::new(),
            Some(engine::id::EventId {
                centre: config.centre,
                sequence: engine::id::Sequence(since.0 - 1),
                index: u32::MAX,
            }),
        )
        .await
        .unwrap();
    let from_journal = next_event(
        &mut all,
        |announced| matches!(announced, Announced::Other { json } if json.contains("call_taken")),
    );
    assert_eq!(from_journal.await.id.sequence, since);
    let unknown = client.subscribe(vec!["nobody".into()], None).await;
    assert!(matches!(
        unknown,
        Err(crate::client::ClientError::Refused(_))
    ));
    server.stop().await.unwrap();
}

/// A driven centre moves when it is told to, and only then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_driven_centre_is_advanced() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), ClockMode::Driven);
    let server = serve(config.clone()).await.unwrap();
    let (client, _answers) = Client::connect(server.quic_addr, &Options::default())
        .await
        .unwrap();
    let to = Moment(1_800_000_000_000);
    let advanced = client
        .ask(Request::Advance { tag: None, to })
        .await
        .unwrap();
    assert!(
        matches!(advanced, Response::Advanced { now, .. } if now == to),
        "{advanced:?}"
    );
    let decided = decision(&client, fire("k-1", &config)).await;
    let unit = decided.orders[0].unit.clone();
    let position = Position::new(28.85, 120.73, Some(Datum::Wgs84)).unwrap();
    let moved = client
        .ask(Request::Position {
            tag: None,
            unit: unit.clone(),
            position,
        })
        .await
        .unwrap();
    assert!(matches!(moved, Response::Done { .. }), "{moved:?}");
    let report = UnitReport {
        unit,
        duty: Duty::Patrolling,
        strength: None,
    };
    let duty = client
        .ask(Request::Duty { tag: None, report })
        .await
        .unwrap();
    assert!(matches!(duty, Response::Done { .. }), "{duty:?}");
    let back = client
        .ask(Request::Advance {
            tag: None,
            to: Moment(1),
        })
        .await
        .unwrap();
    let Response::Problem { problem, .. } = back else {
        panic!("{back:?}")
    };
    assert_eq!(problem.kind, ProblemKind::NotAdvanced);
    server.stop().await.unwrap();
}

async fn http(server: &ServerHandle, request: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(server.http_addr)
        .await
        .unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
}

fn post(body: &str) -> String {
    let length = body.len();
    format!(
        "POST /v1/calls HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_takes_calls_and_tells_figures() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(config(folder.path(), ClockMode::Wall)).await.unwrap();
    assert!(
        http(&server, &get("/livez"))
            .await
            .starts_with("HTTP/1.1 200")
    );
    assert!(
        http(&server, &get("/readyz"))
            .await
            .starts_with("HTTP/1.1 200")
    );
    let answer = http(
        &server,
        &post("{\"key\":\"k\",\"line\":\"119\",\"text\":\"着火了\"}"),
    )
    .await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("\"human\":true"),
        "{answer}"
    );
    let refused = http(&server, &post("{\"line\":\"119\"}")).await;
    assert!(
        refused.starts_with("HTTP/1.1 422") && refused.contains("problem:no_key"),
        "{refused}"
    );
    let large = http(&server, &post(&" ".repeat(65_537))).await;
    assert!(large.starts_with("HTTP/1.1 413"), "{large}");
    let stats = http(&server, &get("/v1/stats")).await;
    assert!(
        stats.contains("\"accepted\":1") && stats.contains("\"conservation_holds\":true"),
        "{stats}"
    );
    // The figures are the view's, which hears of a record a moment after its reply has gone.
    let mut metrics = String::new();
    for _ in 0..500 {
        metrics = http(&server, &get("/metrics")).await;
        if metrics.contains("liandong_calls_total{outcome=") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert!(
        metrics.contains("liandong_calls_total{outcome="),
        "{metrics}"
    );
    assert!(
        metrics.contains("liandong_queue_depth{lane=\"life\"} 0"),
        "{metrics}"
    );
    assert!(
        http(&server, &get("/nowhere"))
            .await
            .starts_with("HTTP/1.1 404")
    );
    server.stop().await.unwrap();
}

/// Answers find their askers however many are on the way.
/// A lane without room refuses acts and calls over HTTP alike, says after how long a repeat helps, and has done nothing:
/// the same act under the same key is no repeat.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_lane_is_said_over_http() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path(), ClockMode::Wall);
    (config.lanes.life, config.lanes.urgent, config.lanes.service) = (0, 0, 0);
    let server = serve(config).await.unwrap();
    let body = "{\"duty\":\"standby\"}";
    let length = body.len();
    let act = format!(
        "POST /v1/units/T-01/duty HTTP/1.1\r\nhost: localhost\r\nidempotency-key: k\r\n\
         connection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    for asked in [act.clone(), act, post("{\"key\":\"k\",\"line\":\"119\"}")] {
        let answer = http(&server, &asked).await;
        for said in [
            "HTTP/1.1 503",
            "retry-after: 1",
            "problem:overloaded",
            "\"retry_after_ms\":250",
        ] {
            assert!(answer.contains(said), "{said}: {answer}");
        }
    }
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_requests_are_answered_in_any_order() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), ClockMode::Wall);
    let server = serve(config.clone()).await.unwrap();
    let (client, mut answers) = Client::connect(server.quic_addr, &Options::default())
        .await
        .unwrap();
    for tag in 0..3_000u64 {
        let mut request = fire(&format!("k-{tag}"), &config);
        if let Request::Call { tag: own, .. } = &mut request {
            *own = Some(tag);
        }
        client
            .send(tag as usize % client.streams(), request)
            .unwrap();
    }
    let mut seen = vec![false; 3_000];
    for _ in 0..3_000 {
        let answer = tokio::time::timeout(Duration::from_secs(20), answers.next())
            .await
            .unwrap()
            .unwrap();
        assert!(
            matches!(answer.response, Response::Decision { .. }),
            "{answer:?}"
        );
        let tag = answer.response.tag().unwrap() as usize;
        assert!(
            !std::mem::replace(&mut seen[tag], true),
            "tag {tag} was answered twice"
        );
    }
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_method_is_told_the_right_one() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(config(folder.path(), ClockMode::Wall)).await.unwrap();
    for (request, allowed) in [
        (get("/v1/plans"), "allow: PUT"),
        (post("{}").replace("/v1/calls", "/livez"), "allow: GET"),
    ] {
        let answer = http(&server, &request).await;
        assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
        assert!(answer.contains("application/problem+json"), "{answer}");
        assert!(answer.contains("method_not_allowed"), "{answer}");
        assert!(answer.contains(allowed), "{answer}");
    }
    server.stop().await.unwrap();
}

/// What differs is named, and nothing else; where it was begun too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_was_begun_otherwise_names_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let first = serve(config(folder.path(), ClockMode::Driven))
        .await
        .unwrap();
    first.stop().await.unwrap();
    let mut other = config(folder.path(), ClockMode::Wall);
    other.capacities.units_max = 2_048;
    let told = serve(other).await.err().unwrap().to_string();
    let path = folder.path().display().to_string();
    assert!(told.starts_with(&path), "{told}");
    for part in [
        "centre.clock is driven in this folder, and wall is asked for",
        "capacity.units_max is 1024 in this folder, and 2048 is asked for",
        "--data",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(
        !told.contains("incidents_max") && !told.contains('{'),
        "{told}"
    );
}
