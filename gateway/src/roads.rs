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
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

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
/// How long each of them waits: as long as anybody waits for an answer.
const TURN_TIME: Duration = Duration::from_secs(10);

/// Whose turn it is to change what holds on the roads.
#[derive(Debug)]
pub struct RoadDesk {
    turn: Arc<Mutex<()>>,
    waiting: Arc<Semaphore>,
}

/// The turn to change what holds on the roads, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    _held: OwnedMutexGuard<()>,
    _waited: Option<OwnedSemaphorePermit>,
}

impl Default for RoadDesk {
    fn default() -> RoadDesk {
        RoadDesk {
            turn: Arc::default(),
            waiting: Arc::new(Semaphore::new(WAITING_MAX)),
        }
    }
}

impl RoadDesk {
    /// Waits for the turn; `None` where too many wait already, or it does not come in time.
    pub async fn turn(&self) -> Option<Turn> {
        let waited = Arc::clone(&self.waiting).try_acquire_owned().ok()?;
        let turn = Arc::clone(&self.turn).lock_owned();
        Some(Turn {
            _held: tokio::time::timeout(TURN_TIME, turn).await.ok()?,
            _waited: Some(waited),
        })
    }

    /// Waits for the turn, however many wait.
    async fn own_turn(&self) -> Turn {
        Turn {
            _held: Arc::clone(&self.turn).lock_owned().await,
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
    let times = map.metric().shared_profiles().to_vec();
    drop(map);
    tokio::spawn(dropped_last(times));
}

/// Waits until nobody else holds them, each for itself, and drops them where nobody waits for it.
async fn dropped_last<T: Send + Sync + 'static>(mut held: Vec<Arc<T>>) {
    for _ in 0..LET_GO_TRIES {
        let (free, still_held) = held.into_iter().partition(|it| Arc::strong_count(it) == 1);
        held = still_held;
        let free: Vec<_> = free;
        tokio::task::spawn_blocking(move || drop(free));
        if held.is_empty() {
            return;
        }
        tokio::time::sleep(LET_GO_PAUSE).await;
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever drops the last of what is shared pays for its end: that must not be the writer.
    #[tokio::test(start_paused = true)]
    async fn what_others_hold_is_dropped_after_them() {
        let shared = [Arc::new(1), Arc::new(2)];
        let seen = shared.each_ref().map(Arc::downgrade);
        let [one, other] = shared;
        let held = vec![Arc::clone(&one), other];
        let letting_go = tokio::spawn(dropped_last(held));
        tokio::time::sleep(10 * LET_GO_PAUSE).await;
        assert!(seen[1].upgrade().is_none(), "nobody held it");
        assert!(!letting_go.is_finished());
        drop(one);
        assert!(
            seen[0].upgrade().is_some(),
            "dropped by who held it, and not beside"
        );
        letting_go.await.unwrap();
        // What is dropped beside is dropped when its thread comes to it.
        while seen[0].upgrade().is_some() {
            tokio::time::sleep(LET_GO_PAUSE).await;
        }
    }

    /// One that never comes to its end must not keep the others for ever.
    #[tokio::test(start_paused = true)]
    async fn a_turn_is_waited_for_so_long_and_by_so_many() {
        let desk = Arc::new(RoadDesk::default());
        let first = desk.turn().await.unwrap();
        assert!(desk.turn().await.is_none(), "too long");
        let waiting: Vec<_> = (1..WAITING_MAX)
            .map(|_| {
                let desk = Arc::clone(&desk);
                tokio::spawn(async move { desk.turn().await.is_some() })
            })
            .collect();
        tokio::task::yield_now().await;
        assert!(desk.turn().await.is_none(), "too many");
        drop(first);
        for other in waiting {
            assert!(other.await.unwrap(), "one after the other");
        }
    }
}
