//! The rows of the table: who is asked, with how many at once, what is durable when it has answered, and what it leaves undone.
//!
//! How many sessions and connections each has is the best of those that were tried; `bench/peers/README.md` has the tries.

use crate::beside::{axum, echo, kiddo, liandong, postgis, redis, rstar, tonic};
use crate::closed_loop::{Lengths, Measured, PROVED_NUMBERS, drive, prove};
use crate::ledger::Ledger;
use crate::session::{Peer, Setting};
use futures_util::future::{BoxFuture, FutureExt};

/// One row.
pub struct Row {
    /// What `--only` calls it.
    pub name: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Sessions at once.
    pub in_flight: usize,
    /// Connections that they share.
    pub connections: usize,
    /// What is on the disk when it has answered.
    pub durable: &'static str,
    /// What of a centre's work it leaves undone.
    pub undone: &'static str,
    /// What is missing on this machine, if anything.
    pub missing: fn() -> Option<String>,
    /// One round.
    pub round: fn(Setting, Lengths) -> BoxFuture<'static, anyhow::Result<Measured>>,
}

/// The one that the others are compared with.
pub const OWN: &str = "liandong";

/// All rows, in the order of the table.
pub const ROWS: [Row; 10] = [
    Row {
        name: OWN,
        what: "Liandong: words to kind and place, merging, plan, nearest by the road, clocks, journal; QUIC, encrypted",
        in_flight: 128,
        connections: 4,
        durable: "call, decision and report, each before its answer",
        undone: "–",
        missing: || None,
        round: |setting, lengths| round::<liandong::Centre>(setting, lengths).boxed(),
    },
    Row {
        name: "redis",
        what: "Redis 7, GEOSEARCH and claim in Lua",
        in_flight: 128,
        connections: 1,
        durable: "nothing",
        undone: "words, place, merging, plan, roads, clocks; a log of what was decided; encryption",
        missing: redis::missing,
        round: |setting, lengths| round::<redis::Redis<false>>(setting, lengths).boxed(),
    },
    Row {
        name: "redis-aof",
        what: "the same, appendfsync always",
        in_flight: 128,
        connections: 2,
        durable: "the writes, before their answer",
        undone: "words, place, merging, plan, roads, clocks; why it was decided; encryption",
        missing: redis::missing,
        round: |setting, lengths| round::<redis::Redis<true>>(setting, lengths).boxed(),
    },
    Row {
        name: "postgis",
        what: "PostgreSQL 15 with PostGIS, KNN and FOR UPDATE SKIP LOCKED",
        in_flight: 64,
        connections: 64,
        durable: "the rows, before their answer",
        undone: "words, place, merging, plan, roads, clocks; a log of what was decided; encryption",
        missing: postgis::missing,
        round: |setting, lengths| round::<postgis::PostGis<true>>(setting, lengths).boxed(),
    },
    Row {
        name: "postgis-async",
        what: "the same, synchronous_commit off",
        in_flight: 16,
        connections: 16,
        durable: "the rows, up to 0.6 s after their answer",
        undone: "words, place, merging, plan, roads, clocks; a log of what was decided; encryption",
        missing: postgis::missing,
        round: |setting, lengths| round::<postgis::PostGis<false>>(setting, lengths).boxed(),
    },
    Row {
        name: "echo",
        what: "quinn alone: Liandong's frames, sent back as they came; encrypted",
        in_flight: 128,
        connections: 2,
        durable: "nothing",
        undone: "everything: no unit is found",
        missing: || None,
        round: |setting, lengths| round::<echo::Echo>(setting, lengths).boxed(),
    },
    Row {
        name: "tonic",
        what: "gRPC (tonic) in front of a mutexed map",
        in_flight: 128,
        connections: 1,
        durable: "nothing",
        undone: "words, place, merging, plan, roads, clocks; a log; encryption",
        missing: || None,
        round: |setting, lengths| round::<tonic::Grpc>(setting, lengths).boxed(),
    },
    Row {
        name: "axum",
        what: "HTTP/1.1 and JSON (axum) in front of the same map",
        in_flight: 128,
        connections: 128,
        durable: "nothing",
        undone: "words, place, merging, plan, roads, clocks; a log; encryption",
        missing: || None,
        round: |setting, lengths| round::<axum::Http>(setting, lengths).boxed(),
    },
    Row {
        name: "kiddo",
        what: "kiddo, k-d trees in process, one thread",
        in_flight: 1,
        connections: 0,
        durable: "nothing",
        undone: "all but nearest: no socket, no words, plan, roads, clocks, log",
        missing: || None,
        round: |setting, lengths| round::<kiddo::Trees>(setting, lengths).boxed(),
    },
    Row {
        name: "rstar",
        what: "rstar, R*-trees in process, one thread",
        in_flight: 1,
        connections: 0,
        durable: "nothing",
        undone: "all but nearest: no socket, no words, plan, roads, clocks, log",
        missing: || None,
        round: |setting, lengths| round::<rstar::Trees>(setting, lengths).boxed(),
    },
];

/// Starts a peer, proves its answers if it promises the nearest, drives it, and stops it whatever came of that.
async fn round<P: Peer>(setting: Setting, lengths: Lengths) -> anyhow::Result<Measured> {
    let mut peer = P::start(&setting).await?;
    let measured = measure(&mut peer, &setting, lengths).await;
    let stopped = peer.stop().await;
    let measured = measured?;
    stopped?;
    Ok(measured)
}

async fn measure<P: Peer>(
    peer: &mut P,
    setting: &Setting,
    lengths: Lengths,
) -> anyhow::Result<Measured> {
    if P::IS_NEAREST {
        prove(&mut peer.session(0).await?, &setting.load, 0).await?;
    }
    let mut sessions = Vec::new();
    for number in 0..setting.in_flight {
        sessions.push(peer.session(number).await?);
    }
    let ledger = Ledger::new(&setting.load, P::IS_NEAREST);
    drive(sessions, &setting.load, ledger, PROVED_NUMBERS, lengths).await
}
