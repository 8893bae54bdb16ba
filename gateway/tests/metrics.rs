//! What `/metrics` and `/v1/stats` say of a centre that was busy: calls, refusals, a full lane, readers. And
//! `docs/metrics.md`, held against a scrape: every name, type and label, and every value that a label may have.

#![allow(clippy::unwrap_used)] // all of this is a test; the lint knows only functions that are marked so

use engine::command::ClockMode;
use gateway::client::{Client, Options};
use gateway::config::{Config, Overrides};
use gateway::serve::{ServerHandle, serve};
use gateway::wire::{CallWords, Request, Response};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(10);
const DOCUMENT: &str = include_str!("../../docs/metrics.md");

async fn centre(data: &Path) -> ServerHandle {
    let overrides = Overrides {
        data: Some(data.to_path_buf()),
        clock: Some(ClockMode::Wall),
        ..Overrides::default()
    };
    let mut config = Config::load(None, &overrides).unwrap();
    config.quic.listen = (Ipv4Addr::LOCALHOST, 0).into();
    config.http_listen = (Ipv4Addr::LOCALHOST, 0).into();
    config.capacities.units_max = 1_024;
    config.capacities.incidents_max = 4_096;
    config.capacities.orders_max = 8_192;
    config.capacities.calls_max = 16_384;
    // A lane without room is full.
    config.lanes.service = 0;
    serve(config).await.unwrap()
}

async fn open(to: SocketAddr, head: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(to).await.unwrap();
    let length = body.len();
    let asked = format!(
        "{head} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(asked.as_bytes()).await.unwrap();
    stream
}

/// Status and body of an answer.
async fn http(to: SocketAddr, head: &str, body: &str) -> (u16, String) {
    let mut stream = open(to, head, body).await;
    let mut answer = String::new();
    let reading = stream.read_to_string(&mut answer);
    tokio::time::timeout(PATIENCE, reading)
        .await
        .unwrap()
        .unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

async fn json(to: SocketAddr, head: &str, body: &str) -> Value {
    serde_json::from_str(&http(to, head, body).await.1).unwrap()
}

/// One scrape, taken apart.
struct Scrape {
    /// Type by family.
    families: BTreeMap<String, String>,
    /// Family, suffix, labels, value.
    samples: Vec<Sample>,
}

struct Sample {
    family: String,
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

impl Scrape {
    async fn of(server: &ServerHandle) -> Scrape {
        let (status, text) = http(server.http_addr, "GET /metrics", "").await;
        assert_eq!(status, 200);
        assert!(text.ends_with("# EOF\n"), "{text}");
        let mut families: BTreeMap<String, String> = BTreeMap::new();
        let mut samples = Vec::new();
        let mut last = String::new();
        for line in text.lines().filter(|line| *line != "# EOF") {
            if let Some(said) = line.strip_prefix("# TYPE ") {
                let (name, kind) = said.split_once(' ').unwrap();
                assert!(families.insert(name.into(), kind.into()).is_none());
                last = name.into();
            } else if !line.starts_with('#') {
                samples.push(sample(&last, line));
            }
        }
        Scrape { families, samples }
    }

    /// The one value of a name with these labels among its own.
    fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let found: Vec<_> = self
            .samples
            .iter()
            .filter(|sample| sample.name == name)
            .filter(|sample| {
                let has = |(label, value): &(&str, &str)| {
                    sample.labels.get(*label).is_some_and(|is| is == value)
                };
                labels.iter().all(has)
            })
            .collect();
        assert_eq!(found.len(), 1, "{name} {labels:?}");
        found[0].value
    }

    fn sum(&self, name: &str) -> f64 {
        let named = self.samples.iter().filter(|sample| sample.name == name);
        named.map(|sample| sample.value).sum()
    }
}

/// Reads one line. No value of a label here has a comma, a quote or a brace but the paths, whose braces close first.
fn sample(family: &str, line: &str) -> Sample {
    let (left, value) = line.rsplit_once(' ').unwrap();
    let (name, labels) = match left.split_once('{') {
        Some((name, labels)) => (name, labels.strip_suffix('}').unwrap()),
        None => (left, ""),
    };
    assert!(name.starts_with(family), "{line} stands under {family}");
    let pairs = labels.split(',').filter(|pair| !pair.is_empty());
    let labels = pairs.map(|pair| {
        let (label, value) = pair.split_once('=').unwrap();
        (label.to_owned(), value.trim_matches('"').to_owned())
    });
    Sample {
        family: family.into(),
        name: name.into(),
        labels: labels.collect(),
        value: value.parse().unwrap(),
    }
}

/// A centre that took three calls over HTTP and one over QUIC, refused others at every door, and has readers.
async fn busy(server: &ServerHandle) -> (Client, TcpStream) {
    let to = server.http_addr;
    let reader = open(to, "GET /v1/events", "").await;
    for (key, line, kind) in [
        ("a", 119, "structure_fire"),
        ("b", 120, "illness"),
        ("c", 110, "theft"),
    ] {
        let call = format!(
            "{{\"key\":\"{key}\",\"line\":\"{line}\",\"kind\":\"{kind}\",\"lat\":28.85,\"lon\":120.73,\"datum\":\"wgs84\"}}"
        );
        let decision = json(to, "POST /v1/calls", &call).await;
        assert!(decision["call"].is_string(), "{decision}");
    }
    let again = "{\"key\":\"a\",\"line\":\"110\"}";
    assert_eq!(json(to, "POST /v1/calls", again).await["conflict"], true);
    // The lane of service calls has no room.
    let enquiry = "{\"key\":\"d\",\"line\":\"110\",\"kind\":\"government_enquiry\"}";
    assert_eq!(http(to, "POST /v1/calls", enquiry).await.0, 503);
    assert_eq!(http(to, "POST /v1/calls", "{").await.0, 400);
    assert_eq!(
        http(to, "POST /v1/incidents/1.999/close", "{}").await.0,
        404
    );
    assert_eq!(http(to, "GET /nowhere/at/all", "").await.0, 404);
    let (client, _answers) = Client::connect(server.quic_addr, &Options::default())
        .await
        .unwrap();
    let call = CallWords {
        key: "e".into(),
        line: Some(110),
        text: Some("有人打架".into()),
        ..CallWords::default()
    };
    let call = Request::Call {
        tag: None,
        call: Box::new(call),
    };
    match client.ask(call).await.unwrap() {
        Response::Decision { .. } => {}
        other => panic!("{other:?}"),
    }
    let end = Request::End {
        tag: None,
        call: "1.999".parse().unwrap(),
    };
    match client.ask(end).await.unwrap() {
        Response::Problem { .. } => {}
        other => panic!("{other:?}"),
    }
    (client, reader)
}

/// Once readers have heard of everything.
async fn settled(server: &ServerHandle) -> Scrape {
    let begun = Instant::now();
    loop {
        let scrape = Scrape::of(server).await;
        let at = |name: &str| scrape.value(name, &[]);
        if at("liandong_released_sequence") >= at("liandong_applied_sequence") {
            return scrape;
        }
        assert!(begun.elapsed() < PATIENCE, "the view does not catch up");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scrape_says_what_has_happened() {
    let folder = tempfile::tempdir().unwrap();
    let server = centre(folder.path()).await;
    let (client, reader) = busy(&server).await;
    let scrape = settled(&server).await;
    let value = |name: &str, labels: &[(&str, &str)]| scrape.value(name, labels);

    assert_eq!(value("liandong_requests_total", &[("kind", "call")]), 6.0);
    assert_eq!(value("liandong_requests_total", &[("kind", "end")]), 1.0);
    assert_eq!(value("liandong_calls_accepted_total", &[]), 4.0);
    assert_eq!(scrape.sum("liandong_calls_total"), 4.0);
    assert_eq!(value("liandong_keys_repeated_total", &[]), 1.0);
    assert_eq!(value("liandong_keys_conflicting_total", &[]), 1.0);
    assert_eq!(value("liandong_conservation_holds", &[]), 1.0);
    let problem = |door, kind| value("liandong_problems_total", &[("door", door), ("kind", kind)]);
    assert_eq!(problem("http", "overloaded"), 1.0);
    assert_eq!(problem("http", "unknown_incident"), 1.0);
    assert_eq!(problem("http", "not_found"), 1.0);
    assert_eq!(problem("quic", "unknown_call"), 1.0);
    assert_eq!(problem("quic", "overloaded"), 0.0);
    let turned = |reason| value("liandong_turned_away_total", &[("reason", reason)]);
    assert_eq!((turned("overloaded"), turned("unreadable")), (1.0, 1.0));
    let refused = |reason| value("liandong_refusals_total", &[("reason", reason)]);
    assert_eq!(
        (refused("unknown_incident"), refused("unknown_call")),
        (1.0, 1.0)
    );
    let answers = |path, status| {
        value(
            "liandong_http_answers_total",
            &[("path", path), ("status", status)],
        )
    };
    assert_eq!(answers("/v1/calls", "2xx"), 4.0);
    assert_eq!(answers("/v1/calls", "5xx"), 1.0);
    assert_eq!(answers("none", "4xx"), 1.0);

    let took = |stage| {
        let name = "liandong_stage_duration_seconds";
        let of = [("stage", stage)];
        (
            value(&format!("{name}_count"), &of),
            value(&format!("{name}_sum"), &of),
        )
    };
    // Four decisions; the key that came again is answered from the journal and not timed.
    assert_eq!(took("decision").0, 4.0);
    assert_eq!(took("act").0, 2.0);
    assert_eq!(
        took("intake").0,
        8.0,
        "seven that were answered, and one for the full lane"
    );
    // Units and the rest of the city were defined before the first round.
    let (decided, decide_s) = took("decide");
    assert!(decided >= 7.0 && decide_s > 0.0, "{decided}, {decide_s}");
    let (groups, journal_s) = took("journal");
    assert!(groups >= 7.0 && journal_s > 0.0);
    assert!(
        took("decision").1 > journal_s / groups,
        "a decision waits for its group"
    );
    let records = value("liandong_journal_group_records_sum", &[]);
    assert_eq!(records, value("liandong_durable_sequence", &[]));
    assert!(value("liandong_journal_group_bytes_sum", &[]) > records * 40.0);

    assert_eq!(value("liandong_journal_lag_records", &[]), 0.0);
    assert_eq!(value("liandong_queue_age_seconds", &[]), 0.0);
    assert_eq!(value("liandong_quic_connections", &[]), 1.0);
    assert_eq!(value("liandong_event_readers", &[]), 1.0);
    let issued = value("liandong_orders_issued_total", &[]);
    assert!(issued >= 3.0);
    assert_eq!(value("liandong_outbox_orders", &[]), issued);
    let ordered: f64 = scrape
        .samples
        .iter()
        .filter(|sample| sample.family == "liandong_units")
        .filter(|sample| sample.labels["status"] == "issued")
        .map(|sample| sample.value)
        .sum();
    assert!(ordered >= 1.0, "somebody is on an order");
    assert!(value("process_resident_memory_bytes", &[]) > 1e6);
    assert!(value("process_open_fds", &[]) > 5.0);

    drop((client, reader));
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_figures_say_how_fast_it_went_lately() {
    let folder = tempfile::tempdir().unwrap();
    let server = centre(folder.path()).await;
    let before = json(server.http_addr, "GET /v1/stats?hash=false", "").await;
    assert_eq!(before["latency"]["samples"], 0);
    assert!(before["latency"]["p50_ms"].is_null() && before["latency"]["p99_ms"].is_null());
    assert_eq!(before["rates"]["calls_per_s"], 0.0, "the city is no call");
    let connected = busy(&server).await;
    settled(&server).await;
    let after = json(server.http_addr, "GET /v1/stats?hash=false", "").await;
    let number = |value: &Value| value.as_f64().unwrap();
    let (p50, p99) = (&after["latency"]["p50_ms"], &after["latency"]["p99_ms"]);
    assert_eq!(after["latency"]["samples"], 4);
    assert!(number(p50) > 0.0 && number(p50) <= number(p99), "{after}");
    assert!(number(p99) < PATIENCE.as_millis() as f64);
    assert!(number(&after["rates"]["calls_per_s"]) > 0.0, "{after}");
    assert!(number(&after["rates"]["events_per_s"]) > number(&after["rates"]["calls_per_s"]));
    drop(connected);
    server.stop().await.unwrap();
}

/// Rows of the table under a heading of the document, by cell.
fn table(heading: &str) -> Vec<Vec<String>> {
    let (_, after) = DOCUMENT.split_once(heading).unwrap();
    let lines = after.lines().skip_while(|line| !line.starts_with('|'));
    let rows = lines.take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|row| {
        let cells = row.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().replace('`', "")).collect()
    })
    .collect()
}

fn words(cell: &str) -> BTreeSet<String> {
    cell.split_whitespace().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_document_says_what_a_scrape_says() {
    let folder = tempfile::tempdir().unwrap();
    let server = centre(folder.path()).await;
    let connected = busy(&server).await;
    let scrape = settled(&server).await;
    let mut told: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
    for row in table("## Every metric") {
        let [name, kind, labels, unit, means, worry] = row.as_slice() else {
            panic!("a row has six cells: {row:?}");
        };
        assert!(
            means.len() > 10 && !worry.is_empty(),
            "{name} is not explained"
        );
        let named = ["seconds", "bytes", "records"]
            .iter()
            .find(|unit| name.ends_with(*unit));
        assert!(
            named.is_none_or(|named| unit == named),
            "{name} is in {unit}"
        );
        let known = told.insert(name.clone(), (kind.clone(), words(labels)));
        assert!(known.is_none(), "{name} stands twice");
    }
    let said: BTreeMap<_, _> = scrape.families.clone().into_iter().collect();
    let names: BTreeMap<_, _> = told
        .iter()
        .map(|(name, (kind, _))| (name.clone(), kind.clone()))
        .collect();
    assert_eq!(names, said, "left: the document; right: the scrape");

    let vocabulary: BTreeMap<String, BTreeSet<String>> = table("## Every label")
        .into_iter()
        .map(|row| (row[0].clone(), words(&row[1])))
        .collect();
    // "About 800 … one more for each path and class of status … never 1 000".
    let answers = "liandong_http_answers";
    let always = scrape
        .samples
        .iter()
        .filter(|sample| sample.family != answers);
    let always = always.count();
    assert!((700..850).contains(&always), "{always} series");
    let paths: Value = json(server.http_addr, "GET /openapi.json", "").await;
    let classes = vocabulary[&format!("status of {answers}")].len() - 1;
    let most = always + (paths["paths"].as_object().unwrap().len() + 1) * classes;
    assert!(most < 1_000, "{most} series");
    let mut seen: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for sample in &scrape.samples {
        let labels: BTreeSet<_> = sample
            .labels
            .keys()
            .filter(|label| *label != "le")
            .cloned()
            .collect();
        assert_eq!(
            labels, told[&sample.family].1,
            "the labels of {}",
            sample.name
        );
        for (label, value) in sample.labels.iter().filter(|(label, _)| *label != "le") {
            let special = format!("{label} of {}", sample.family);
            let of = if vocabulary.contains_key(&special) {
                special
            } else {
                label.clone()
            };
            let bounded = match label.as_str() {
                "path" => value == "none" || paths["paths"][value].is_object(),
                "version" => value == env!("CARGO_PKG_VERSION"),
                "commit" => value.len() <= 40,
                "thread" if value.starts_with("gateway-") => {
                    value["gateway-".len()..].parse::<u16>().is_ok()
                }
                _ => vocabulary
                    .get(&of)
                    .is_some_and(|known| known.contains(value)),
            };
            assert!(bounded, "{of}={value} is not in the document");
            seen.entry(of).or_default().insert(value);
        }
    }
    // A closed vocabulary is there from the first scrape on, zeros too; only agencies and answers come with what they do.
    for (label, values) in vocabulary
        .iter()
        .filter(|(label, _)| *label != "agency" && *label != "status of liandong_http_answers")
    {
        let missing: Vec<_> = values
            .iter()
            .filter(|value| !seen[label].contains(value.as_str()))
            .collect();
        assert!(missing.is_empty(), "{label} is never {missing:?}");
    }
    drop(connected);
    server.stop().await.unwrap();
}
