//! What holds on the roads of a running centre: notices by name, and the factors of the hour.
//!
//! All times of the map are made anew beside the writer, which then only takes them up: no call waits. Changes come one after
//! the other, each on top of the one before. On the wall's clock the hour is watched here; a driven centre keeps it itself.

use crate::exchange::Exchange;
use arc_swap::ArcSwapOption;
use engine::centre::Prepared;
use engine::command::{Activation, Actor, ClockMode};
use engine::lane::Lane;
use engine::roads::atlas::Atlas;
use engine::roads::bulletin::Bulletin;
use engine::roads::conditions::Factors;
use engine::runtime::port::{Submission, Wish};
use engine::runtime::{Running, StartError};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, MutexGuard};

/// How often the hour is looked at.
const HOUR_PERIOD: Duration = Duration::from_secs(1);
/// How long the hour is left alone after its factors could not be brought into force.
const HOUR_PAUSE: Duration = Duration::from_secs(60);
/// How long a full lane is waited for before it is tried again.
const LANE_PAUSE: Duration = Duration::from_millis(20);

/// The map that the centre decides by, and whose turn it is to change what holds on it.
#[derive(Debug)]
pub struct RoadDesk {
    in_force: ArcSwapOption<Atlas>,
    /// Also keeps the map before: so it is not the writer that lets it go.
    turn: Mutex<Option<Arc<Atlas>>>,
}

/// The turn to change what holds on the roads.
pub struct Turn<'a> {
    desk: &'a RoadDesk,
    before: MutexGuard<'a, Option<Arc<Atlas>>>,
}

impl RoadDesk {
    /// As the centre came up.
    pub fn of(running: &Running) -> RoadDesk {
        RoadDesk {
            in_force: ArcSwapOption::new(running.map_at_start()),
            turn: Mutex::default(),
        }
    }

    /// The map that decisions are made by; `None` where travel goes by straight line.
    pub fn map(&self) -> Option<Arc<Atlas>> {
        self.in_force.load_full()
    }

    /// Waits for the turn to change it.
    pub async fn turn(&self) -> Turn<'_> {
        Turn {
            desk: self,
            before: self.turn.lock().await,
        }
    }
}

impl Turn<'_> {
    /// This map is in force, or about to be.
    pub fn took_over(mut self, map: Arc<Atlas>) {
        *self.before = self.desk.in_force.swap(Some(map));
    }
}

/// Keeps a bulletin and makes the map ready as it says, beside everything else.
pub async fn prepared(
    exchange: &Arc<Exchange>,
    map: Arc<Atlas>,
    bulletin: Bulletin,
) -> Result<(Activation, Arc<Atlas>), StartError> {
    let begun = Instant::now();
    let notices = bulletin.notices.len();
    let asked = Arc::clone(exchange);
    let stored = tokio::task::spawn_blocking(move || asked.running.store_bulletin(&map, bulletin));
    let stored = stored
        .await
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
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
        let Some(map) = exchange.roads.map() else {
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

async fn next_hour(exchange: &Arc<Exchange>) -> Result<(), StartError> {
    let turn = exchange.roads.turn().await;
    let Some(map) = exchange.roads.map() else {
        return Ok(());
    };
    let bulletin = Bulletin {
        factors: factors_now(exchange),
        ..map.bulletin()
    };
    let (activation, map) = prepared(exchange, map, bulletin).await?;
    let mut items = vec![Submission {
        origin: None,
        wish: Wish::Activate {
            actor: Actor::System,
            activation,
            object: Prepared::Roads(Arc::clone(&map)),
            testimony: Box::default(),
        },
    }];
    while exchange.running.submit(Lane::Life, &mut items).is_err() {
        tokio::time::sleep(LANE_PAUSE).await;
    }
    turn.took_over(map);
    Ok(())
}
