//! The QUIC door from outside, by clients that are not ours: early data, Retry, bounds, and how a stop ends it all.

#![allow(clippy::unwrap_used)] // all of this is a test; the lint knows only functions that are marked so

use engine::command::ClockMode;
use engine::id::Sequence;
use gateway::client::{Client, Options};
use gateway::config::{Config, Overrides};
use gateway::serve::{ServerHandle, serve};
use gateway::wire::{CallWords, Request, Response};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Connection, Endpoint};
use rustls::RootCertStore;
use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::net::UdpSocket;

const PATIENCE: Duration = Duration::from_secs(10);

async fn centre(data: &Path, change: impl FnOnce(&mut Config)) -> ServerHandle {
    let overrides = Overrides {
        data: Some(data.to_path_buf()),
        clock: Some(ClockMode::Wall),
        ..Overrides::default()
    };
    let mut config = Config::load(None, &overrides).unwrap();
    config.quic.listen = (Ipv4Addr::LOCALHOST, 0).into();
    config.http_listen = (Ipv4Addr::LOCALHOST, 0).into();
    change(&mut config);
    serve(config).await.unwrap()
}

/// A client that keeps what it needs to resume, and would send early data if it may.
fn eager(data: &Path) -> Endpoint {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(data.join("certificate.pem")).unwrap() {
        roots.add(certificate.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"liandong-json/1".to_vec()];
    tls.enable_early_data = true;
    tls.resumption = Resumption::in_memory_sessions(16);
    let mut endpoint = Endpoint::client((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let quic = QuicClientConfig::try_from(tls).unwrap();
    endpoint.set_default_client_config(ClientConfig::new(Arc::new(quic)));
    endpoint
}

async fn connect(endpoint: &Endpoint, to: SocketAddr) -> Result<Connection, String> {
    let connecting = endpoint.connect(to, "localhost").unwrap();
    match tokio::time::timeout(PATIENCE, connecting).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer in time".into()),
    }
}

async fn decided(connection: &Connection, key: &str) -> String {
    let (mut send, mut receive) = connection.open_bi().await.unwrap();
    let line = format!("{{\"tag\":1,\"call\":{{\"key\":\"{key}\",\"line\":\"110\"}}}}\n");
    send.write_all(line.as_bytes()).await.unwrap();
    send.finish().unwrap();
    let answer = receive.read_to_end(64 * 1024).await.unwrap();
    String::from_utf8(answer).unwrap()
}

/// What is sent early can be sent again by anybody who saw it: nothing is ever taken in early data.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn early_data_is_never_offered() {
    let folder = tempfile::tempdir().unwrap();
    let server = centre(folder.path(), |_| {}).await;
    let endpoint = eager(folder.path());
    let first = connect(&endpoint, server.quic_addr).await.unwrap();
    // The ticket comes after the handshake, at the latest with an answer.
    assert!(decided(&first, "first").await.contains("\"decision\""));
    first.close(0u32.into(), b"");
    let again = endpoint.connect(server.quic_addr, "localhost").unwrap();
    let Err(again) = again.into_0rtt() else {
        panic!("the centre gave out a ticket for early data");
    };
    let again = tokio::time::timeout(PATIENCE, again)
        .await
        .unwrap()
        .unwrap();
    assert!(decided(&again, "again").await.contains("\"decision\""));
    server.stop().await.unwrap();
}

/// Carries datagrams between clients and a centre, and counts the Retries that the centre sends.
async fn relay(to: SocketAddr, retries: Arc<AtomicU64>) -> SocketAddr {
    let near = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let far = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    far.connect(to).await.unwrap();
    let address = near.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut out, mut back) = (vec![0; 65_536], vec![0; 65_536]);
        let mut client = None;
        loop {
            tokio::select! {
                came = near.recv_from(&mut out) => {
                    let (size, from) = came.unwrap();
                    client = Some(from);
                    far.send(&out[..size]).await.unwrap();
                }
                came = far.recv(&mut back) => {
                    let size = came.unwrap();
                    // A long header of packet type 3 (RFC 9000 §17.2.5).
                    retries.fetch_add(u64::from(back[0] & 0xF0 == 0xF0), Ordering::Relaxed);
                    if let Some(client) = client {
                        near.send_to(&back[..size], client).await.unwrap();
                    }
                }
            }
        }
    });
    address
}

async fn retries_of(handshakes: usize, unvalidated_per_second_max: u32) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let server = centre(folder.path(), |config| {
        config.quic.unvalidated_per_second_max = unvalidated_per_second_max;
    })
    .await;
    let retries = Arc::new(AtomicU64::new(0));
    let through = relay(server.quic_addr, Arc::clone(&retries)).await;
    for _ in 0..handshakes {
        let endpoint = eager(folder.path());
        let connection = connect(&endpoint, through).await.unwrap();
        connection.close(0u32.into(), b"");
        endpoint.wait_idle().await;
    }
    server.stop().await.unwrap();
    retries.load(Ordering::Relaxed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_that_nobody_proved_are_sent_a_retry_above_a_rate() {
    assert_eq!(retries_of(8, 1_000).await, 0);
    assert!(retries_of(8, 0).await >= 8, "each of them, and all came in");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_and_streams_have_their_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let server = centre(folder.path(), |config| config.quic.connections_max = 3).await;
    let endpoint = eager(folder.path());
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(connect(&endpoint, server.quic_addr).await.unwrap());
    }
    let refused = connect(&endpoint, server.quic_addr).await.unwrap_err();
    assert!(refused.contains("refuse"), "{refused}");
    let mut streams = Vec::new();
    for _ in 0..16 {
        let opened = tokio::time::timeout(PATIENCE, open[0].open_bi()).await;
        let mut stream = opened.unwrap().unwrap();
        stream.0.write_all(b"{\"tag\":1,").await.unwrap();
        streams.push(stream);
    }
    let one_more = tokio::time::timeout(Duration::from_millis(500), open[0].open_bi()).await;
    assert!(one_more.is_err(), "a seventeenth stream was given");
    assert!(decided(&open[1], "beside").await.contains("\"decision\""));
    open.remove(2).close(0u32.into(), b"");
    let since = Instant::now();
    while let Err(refused) = connect(&endpoint, server.quic_addr).await {
        assert!(since.elapsed() < PATIENCE, "{refused}");
    }
    server.stop().await.unwrap();
}

/// A subscriber that is gone without a word must not hold up a stop.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_hears_why_its_connection_ends() {
    let folder = tempfile::tempdir().unwrap();
    let server = centre(folder.path(), |_| {}).await;
    let endpoint = eager(folder.path());
    let connection = connect(&endpoint, server.quic_addr).await.unwrap();
    decided(&connection, "before").await;
    let stopping = tokio::spawn(server.stop());
    let ended = connection.closed().await;
    let quinn::ConnectionError::ApplicationClosed(close) = &ended else {
        panic!("{ended}");
    };
    assert_eq!(close.reason, "the centre stops");
    stopping.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_waits_for_nobody_who_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let server = centre(folder.path(), |_| {}).await;
    // The line is a runtime of its own, which ends without a word to either side.
    let line = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let through = line.spawn(relay(server.quic_addr, Arc::default()));
    let through = through.await.unwrap();
    let endpoint = eager(folder.path());
    let connection = connect(&endpoint, through).await.unwrap();
    let (mut send, mut receive) = connection.open_bi().await.unwrap();
    send.write_all(b"{\"tag\":1,\"subscribe\":{}}\n")
        .await
        .unwrap();
    receive.read_exact(&mut [0; 1]).await.unwrap();
    line.shutdown_background();
    let since = Instant::now();
    server.stop().await.unwrap();
    let took = since.elapsed();
    assert!(took < Duration::from_millis(1_500), "it took {took:?}");
}

/// Every request that had come when the stop began is answered, one way or the other; what had not come is not in the
/// journal either, so that no client waits for a decision that stands.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_answers_all_that_had_come() {
    const CALLS: u64 = 3_000;
    let folder = tempfile::tempdir().unwrap();
    let server = centre(folder.path(), |_| {}).await;
    let connected = Client::connect(server.quic_addr, &Options::default()).await;
    let (client, mut answers) = connected.unwrap();
    for tag in 0..CALLS {
        let call = CallWords {
            key: format!("key-{tag}"),
            line: Some(110),
            ..CallWords::default()
        };
        let request = Request::Call {
            tag: Some(tag),
            call: Box::new(call),
        };
        client
            .send(tag as usize % client.streams(), request)
            .unwrap();
    }
    let first = answers.next().await.unwrap();
    assert!(matches!(first.response, Response::Decision { .. }));
    let stopping = tokio::spawn(server.stop());
    let (mut decisions, mut problems) = (1, 0);
    while let Some(answer) = answers.next().await {
        match answer.response {
            Response::Decision { .. } => decisions += 1,
            Response::Problem { .. } => problems += 1,
            other => panic!("{other:?}"),
        }
    }
    stopping.await.unwrap().unwrap();
    let replay = engine::runtime::Replay::new(folder.path()).unwrap();
    let centre = replay.run(Sequence(u64::MAX)).unwrap();
    assert_eq!(centre.conservation().accepted, decisions);
    assert!(decisions + problems <= CALLS, "{decisions} and {problems}");
}
