//! What holds on the roads of a running centre: notices by name, and the factors of the hour.
//!
//! All times of the map are made anew beside the writer, which then only takes them up: no call waits. Changes come one after
//! the other, each on top of the one before. On the wall's clock the hour is watched here; a driven centre keeps it itself.

use crate::exchange::Exchange;
use engine::centre::Prepared;
use engine::command::{Activation, Actor, ClockMode, ObjectKind};
use engine::lane::Lane;
use engine::roads::atlas::Atlas;
use engine::roads::bulletin::Bulletin;
use engine::roads::conditions::Factors;
use engine::runtime::StartError;
use engine::runtime::port::{Submission, Wish};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, MutexGuard, Semaphore, SemaphorePermit};

/// How often the hour is looked at.
const HOUR_PERIOD: Duration = Duration::from_secs(1);
/// How long the hour is left alone after its factors could not be brought into force.
const HOUR_PAUSE: Duration = Duration::from_secs(60);
/// How often it is looked whether the factors are in force.
const LANE_PAUSE: Duration = Duration::from_millis(20);
/// How often it is looked whether old times are held by nobody else any more, and how many times, for six hours.
const LET_GO_PAUSE: Duration = Duration::from_secs(1);
const LET_GO_TRIES: u32 = 6 * 60 * 60;
/// Changes that wait for their turn at most.
const WAITING_MAX: usize = 16;

/// Whose turn it is to change what holds on the roads.
#[derive(Debug)]
pub struct RoadDesk {
    turn: Mutex<()>,
    waiting: Semaphore,
}

/// The turn to change what holds on the roads, until it is dropped.
#[derive(Debug)]
pub struct Turn<'a> {
    _held: MutexGuard<'a, ()>,
    _waited: Option<SemaphorePermit<'a>>,
}

impl Default for RoadDesk {
    fn default() -> RoadDesk {
        RoadDesk {
            turn: Mutex::default(),
            waiting: Semaphore::new(WAITING_MAX),
        }
    }
}

impl RoadDesk {
    /// Waits for the turn; `None` where too many wait already.
    pub async fn turn(&self) -> Option<Turn<'_>> {
        let waited = self.waiting.try_acquire().ok()?;
        Some(Turn {
            _held: self.turn.lock().await,
            _waited: Some(waited),
        })
    }

    /// Waits for the turn, however many wait.
    async fn own_turn(&self) -> Turn<'_> {
        Turn {
            _held: self.turn.lock().await,
            _waited: None,
        }
    }
}

/// Why a map was not made ready.
#[derive(Debug, thiserror::Error)]
pub enum Unprepared {
    /// What was asked cannot be.
    #[error("{0}")]
    Wrong(String),
    /// It could be, and was not done.
    #[error("{0}")]
    Failed(String),
}

/// Lets the times of a map go beside everything else, if others have come into force: they are large, and the writer, who keeps each
/// profile's until it is first asked under others, must not be the last that holds them.
pub fn let_go(exchange: &Exchange, map: Arc<Atlas>) {
    let in_force = exchange.running.map();
    if in_force.is_some_and(|in_force| Arc::ptr_eq(&in_force, &map)) {
        return;
    }
    let mut times = map.metric().shared_profiles().to_vec();
    drop(map);
    tokio::spawn(async move {
        for _ in 0..LET_GO_TRIES {
            let (free, held) = times.into_iter().partition(|it| Arc::strong_count(it) == 1);
            times = held;
            let free: Vec<_> = free;
            tokio::task::spawn_blocking(move || drop(free));
            if times.is_empty() {
                return;
            }
            tokio::time::sleep(LET_GO_PAUSE).await;
        }
    });
}

/// Keeps a bulletin and makes the map ready as it says, beside everything else.
pub async fn prepared(
    exchange: &Arc<Exchange>,
    map: Arc<Atlas>,
    bulletin: Bulletin,
) -> Result<(Activation, Arc<Atlas>), Unprepared> {
    if let Some(hash) = map.bulletin_hash()
        && map.bulletin() == bulletin
    {
        // Nothing is other than it was: the times are there.
        let object = ObjectKind::Bulletin;
        return Ok((Activation { object, hash }, map));
    }
    let begun = Instant::now();
    let notices = bulletin.notices.len();
    let asked = Arc::clone(exchange);
    let stored = tokio::task::spawn_blocking(move || asked.running.store_bulletin(&map, bulletin));
    let stored = stored
        .await
        .map_err(|error| Unprepared::Failed(error.to_string()))?;
    let stored = stored.map_err(|error| match error {
        StartError::Object { .. } => Unprepared::Wrong(error.to_string()),
        error => Unprepared::Failed(error.to_string()),
    })?;
    let took_ms = begun.elapsed().as_millis() as u64;
    tracing::info!(bulletin = %stored.0.hash, notices, took_ms, "the roads' times were made anew");
    Ok(stored)
}

/// The factors that the plan has for the hour at the centre.
pub fn factors_now(exchange: &Exchange) -> Factors {
    let minute = exchange
        .running
        .now()
        .minute_of_day(exchange.intake.city.utc_offset_min);
    *exchange.intake.plan.load().traffic.at_minute(minute)
}

/// Brings the factors of each hour into force, for as long as the centre is served.
pub async fn keep_the_hour(exchange: Arc<Exchange>) {
    if exchange.running.clock() == ClockMode::Driven {
        return;
    }
    let mut seconds = tokio::time::interval(HOUR_PERIOD);
    seconds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        seconds.tick().await;
        let Some(map) = exchange.running.map() else {
            return;
        };
        if map.factors() == factors_now(&exchange) {
            continue;
        }
        if let Err(error) = next_hour(&exchange).await {
            tracing::warn!(%error, "the roads' factors of this hour are not in force; those before them stay");
            tokio::time::sleep(HOUR_PAUSE).await;
        }
    }
}

async fn next_hour(exchange: &Arc<Exchange>) -> Result<(), Unprepared> {
    let _turn = exchange.roads.own_turn().await;
    let Some(before) = exchange.running.map() else {
        return Ok(());
    };
    let bulletin = Bulletin {
        factors: factors_now(exchange),
        ..before.bulletin()
    };
    let (activation, map) = prepared(exchange, Arc::clone(&before), bulletin).await?;
    let mut items = vec![Submission {
        origin: None,
        wish: Wish::Activate {
            actor: Actor::System,
            activation,
            object: Prepared::Roads(map),
            testimony: Box::default(),
        },
    }];
    let is_in_force = || {
        let map = exchange.running.map();
        map.and_then(|map| map.bulletin_hash()) == Some(activation.hash)
    };
    while !is_in_force() {
        if !exchange.serves() {
            return Err(Unprepared::Failed("the centre is stopping".into()));
        }
        // What did not fit into the lane is still there, and goes in later.
        if let Err(full) = exchange.running.submit(Lane::Life, &mut items) {
            tracing::debug!(%full, "the roads' factors of this hour wait");
        }
        tokio::time::sleep(LANE_PAUSE).await;
    }
    let_go(exchange, before);
    Ok(())
}
