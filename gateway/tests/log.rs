//! What callers say about themselves never reaches the log of a server with the default configuration, at any level.

#![allow(clippy::unwrap_used)]

use engine::place::datum::Datum;
use gateway::client::{Client, Options};
use gateway::config::{Config, Overrides};
use gateway::log::{CallerData, LogConfig, say_of_callers, start};
use gateway::serve::serve;
use gateway::wire::{CallWords, FactsWords, Position, Request, Response};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// What was logged.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Kept {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

const CONFIG: &str = "
[quic]
listen = \"127.0.0.1:0\"
workers = 1
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
const NUMBER: &str = "+8613857612345";
const TEXT: &str = "城东路十八号三楼着火了";
const MORE: &str = "屋里还有一位老人";

async fn call(client: &Client, key: &str) {
    let call = CallWords {
        key: key.into(),
        line: Some(119),
        caller: Some(NUMBER.into()),
        text: Some(TEXT.into()),
        position: Some(Position::new(28.8512345, 120.7354321, Some(Datum::Wgs84)).unwrap()),
        ..CallWords::default()
    };
    let call = Box::new(call);
    let id = match client.ask(Request::Call { tag: None, call }).await.unwrap() {
        Response::Decision { decision, .. } => decision.call,
        other => panic!("{other:?}"),
    };
    let facts = FactsWords {
        text: Some(MORE.into()),
        ..FactsWords::of(id)
    };
    let facts = Box::new(facts);
    client
        .ask(Request::Facts { tag: None, facts })
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_are_masked_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let overrides = Overrides {
        data: Some(folder.path().to_owned()),
        ..Overrides::default()
    };
    let config = Config::of_text("test", CONFIG, Path::new(""), &overrides).unwrap();
    // Only the level is another than the default: the most that can be said.
    let log = LogConfig {
        level: "trace".into(),
        ..config.log.clone()
    };
    let kept = Kept::default();
    let writer = kept.clone();
    assert!(start(&log, move || writer.clone()), "another log was first");
    let server = serve(config).await.unwrap();
    let (client, _answers) = Client::connect(server.quic_addr, &Options::default())
        .await
        .unwrap();
    call(&client, "k-1").await;
    let masked = kept.text();
    assert!(masked.contains("call taken") && masked.contains("facts taken"));
    assert!(masked.contains("masked, 14 characters") && masked.contains("about 28.85,120.74"));
    for secret in [
        NUMBER,
        "13857612345",
        TEXT,
        MORE,
        "28.8512",
        "288512345",
        "1207354321",
    ] {
        let line = masked.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret} is in the log");
    }
    // The same with the rule lifted, so that what is looked for above would be found.
    say_of_callers(CallerData::Full);
    call(&client, "k-2").await;
    let full = kept.text();
    for said in [NUMBER, TEXT, MORE, "28.8512345"] {
        assert!(full.contains(said), "{said}");
    }
    server.stop().await.unwrap();
}
