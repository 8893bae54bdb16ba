//! The one client of all peers: so many sessions, each of which assigns a call, releases it and goes on with the next.
//!
//! A closed loop finds out how much a peer can take; what its latency is at a given rate it does not say, for it asks less of who is
//! slower. `liandong-load` is for that.

use crate::ledger::Ledger;
use crate::load::Load;
use crate::session::{Claim, Session};
use anyhow::Context;
use hdrhistogram::Histogram;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Calls whose units are held to be the nearest, before anything is measured.
const PROVED: usize = 200;
/// Latencies are kept in nanoseconds up to a minute, to three digits.
const LATENCY_NS_MAX: u64 = 60_000_000_000;

/// How long it goes on.
#[derive(Clone, Copy, Debug)]
pub struct Lengths {
    /// Before anything counts.
    pub warm: Duration,
    /// What counts.
    pub measured: Duration,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Calls that were assigned a unit and released again.
    pub pairs: u64,
    /// Calls that were answered, but sent nobody.
    pub without_unit: u64,
    /// How long that took.
    pub elapsed: Duration,
    /// From asking for a unit to having it, in nanoseconds.
    pub assign_ns: Histogram<u64>,
}

impl Measured {
    fn new() -> anyhow::Result<Measured> {
        Ok(Measured {
            pairs: 0,
            without_unit: 0,
            elapsed: Duration::ZERO,
            assign_ns: Histogram::new_with_bounds(1, LATENCY_NS_MAX, 3)?,
        })
    }

    /// Pairs in a second.
    pub fn pairs_per_second(&self) -> f64 {
        self.pairs as f64 / self.elapsed.as_secs_f64()
    }
}

/// What all sessions share.
struct Shared {
    load: Arc<Load>,
    ledger: Ledger,
    /// The next call's number.
    next: AtomicU64,
    begin: Instant,
    end: Instant,
}

/// Assigns calls one after the other, without releasing any until the end, and holds each unit to be the nearest.
pub async fn prove<S: Session>(
    session: &mut S,
    load: &Arc<Load>,
    first: u64,
) -> anyhow::Result<()> {
    let ledger = Ledger::new(load, true);
    let mut given = Vec::new();
    for (call, number) in load.calls.iter().take(PROVED).zip(first..) {
        let mut claims = Vec::new();
        session.assign(call, number, &mut claims).await?;
        let unit = claims.first().and_then(|claim| claim.unit);
        let Some(unit) = unit else {
            let free = ledger.free(call.skill);
            anyhow::bail!(
                "nobody was sent, though {free} {} are free",
                call.skill.name()
            );
        };
        ledger.check_nearest(unit, call)?;
        ledger.give(unit, call)?;
        given.push(claims);
    }
    for claims in given {
        session.release(&claims).await?;
    }
    Ok(())
}

/// How many numbers [`prove`] takes.
pub const PROVED_NUMBERS: u64 = PROVED as u64;

/// Drives all sessions at once. Calls are numbered from `first`.
pub async fn drive<S: Session>(
    sessions: Vec<S>,
    load: &Arc<Load>,
    ledger: Ledger,
    first: u64,
    lengths: Lengths,
) -> anyhow::Result<Measured> {
    let begin = Instant::now() + lengths.warm;
    let shared = Arc::new(Shared {
        load: Arc::clone(load),
        ledger,
        next: AtomicU64::new(first),
        begin,
        end: begin + lengths.measured,
    });
    let mut all = JoinSet::new();
    for session in sessions {
        all.spawn(one(session, Arc::clone(&shared)));
    }
    let mut sum = Measured::new()?;
    sum.elapsed = lengths.measured;
    while let Some(one) = all.join_next().await {
        let one = one.context("a session panicked")??;
        sum.pairs += one.pairs;
        sum.without_unit += one.without_unit;
        sum.assign_ns.add(&one.assign_ns)?;
    }
    Ok(sum)
}

async fn one<S: Session>(mut session: S, shared: Arc<Shared>) -> anyhow::Result<Measured> {
    let mut measured = Measured::new()?;
    let mut claims: Vec<Claim> = Vec::new();
    let mut asked = Instant::now();
    while asked < shared.end {
        // A number and nothing else: what else the sessions share is ordered by itself.
        let number = shared.next.fetch_add(1, Ordering::Relaxed);
        let call = &shared.load.calls[number as usize % shared.load.calls.len()];
        claims.clear();
        session.assign(call, number, &mut claims).await?;
        let took = asked.elapsed();
        let units = || claims.iter().filter_map(|claim| claim.unit);
        for unit in units() {
            shared.ledger.give(unit, call)?;
        }
        for unit in units() {
            shared.ledger.take_back(unit);
        }
        session.release(&claims).await?;
        let done = Instant::now();
        if done >= shared.begin && done < shared.end {
            let took_ns = u64::try_from(took.as_nanos()).unwrap_or(LATENCY_NS_MAX);
            measured.assign_ns.saturating_record(took_ns.max(1));
            match claims.is_empty() {
                true => measured.without_unit += 1,
                false => measured.pairs += 1,
            }
        }
        asked = done;
    }
    Ok(measured)
}
