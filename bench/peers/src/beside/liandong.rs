//! Liandong itself: a centre in process, as `liandong serve` starts it, asked over QUIC by the gateway's own client.
//!
//! One call is one frame and one answer, which leaves when its record is on the disk; each order of it is finished by one report,
//! likewise. Before that as many units as are busy elsewhere are ordered to matters of their own, and have arrived.

use crate::load::{Call, Load, Occupation, SKILLS};
use crate::session::{Claim, Peer, Session, Setting};
use anyhow::{bail, ensure};
use engine::id::OrderId;
use engine::order::OrderAct;
use engine::place::datum::Datum;
use futures_util::stream::{StreamExt, TryStreamExt, iter};
use gateway::client::{Client, Options};
use gateway::serve::{ServerHandle, serve};
use gateway::wire::{CallWords, Decision, Position, Request, Response};
use std::sync::Arc;

/// Matters that are said at once before the load begins.
const OCCUPIED_AT_ONCE: usize = 128;

/// A centre and who talks to it.
pub struct Centre {
    server: ServerHandle,
    clients: Vec<Client>,
    load: Arc<Load>,
}

/// One caller.
pub struct Caller {
    client: Client,
    load: Arc<Load>,
}

/// A folder for this start.
fn folder(setting: &Setting) -> anyhow::Result<std::path::PathBuf> {
    let made = tempfile::Builder::new()
        .prefix("liandong-")
        .tempdir_in(&setting.folder)?;
    // The run's own folder is removed with all that is in it.
    Ok(made.keep())
}

impl Peer for Centre {
    type Session = Caller;
    const IS_NEAREST: bool = false;

    async fn start(setting: &Setting) -> anyhow::Result<Centre> {
        let config = crate::load::config(setting.load.city_units, &folder(setting)?)?;
        let server = serve(config).await?;
        let mut clients = Vec::new();
        for _ in 0..setting.connections {
            // The answers of a client that only asks go to who asked.
            let (client, _) = Client::connect(server.quic_addr, &options()).await?;
            clients.push(client);
        }
        let load = Arc::clone(&setting.load);
        let centre = Centre {
            server,
            clients,
            load,
        };
        match centre.occupy().await {
            Ok(()) => Ok(centre),
            Err(error) => {
                centre.stop().await?;
                Err(error)
            }
        }
    }

    async fn session(&mut self, number: usize) -> anyhow::Result<Caller> {
        Ok(Caller {
            client: self.clients[number % self.clients.len()].clone(),
            load: Arc::clone(&self.load),
        })
    }

    async fn stop(self) -> anyhow::Result<()> {
        drop(self.clients);
        Ok(self.server.stop().await?)
    }
}

fn options() -> Options {
    Options {
        streams: 1,
        ..Options::default()
    }
}

impl Centre {
    /// Orders as many units as are busy elsewhere, and has them arrive.
    async fn occupy(&self) -> anyhow::Result<()> {
        let client = &self.clients[0];
        let occupied = iter(self.load.occupations.clone().into_iter().zip(0..))
            .map(|(occupation, number)| occupy(client, occupation, number))
            .buffer_unordered(OCCUPIED_AT_ONCE)
            .try_fold(0, async |sum, orders| Ok(sum + orders))
            .await?;
        let wanted = self.load.occupations.len();
        ensure!(
            occupied.abs_diff(wanted) * 100 <= wanted,
            "{occupied} units were ordered for {wanted} matters that take one each"
        );
        Ok(())
    }
}

async fn occupy(client: &Client, occupation: Occupation, number: u32) -> anyhow::Result<usize> {
    let spot = occupation.spot;
    let words = CallWords {
        key: format!("occupied-{number}"),
        position: Some(Position::new(spot.lat, spot.lon, Some(Datum::Wgs84))?),
        kind: Some(SKILLS[occupation.skill.0 as usize].1),
        ..CallWords::default()
    };
    let decision = call(client, words).await?;
    for line in &decision.orders {
        report(client, line.order, OrderAct::Arrive).await?;
    }
    Ok(decision.orders.len())
}

async fn call(client: &Client, words: CallWords) -> anyhow::Result<Box<Decision>> {
    let request = Request::Call {
        tag: None,
        call: Box::new(words),
    };
    match client.ask(request).await? {
        Response::Decision { decision, .. } => Ok(decision),
        Response::Problem { problem, .. } => bail!("a call was refused: {}", problem.detail),
        other @ (Response::Done { .. } | Response::Advanced { .. } | Response::Event(_)) => {
            bail!("a call was answered with {other:?}")
        }
    }
}

async fn report(client: &Client, order: OrderId, act: OrderAct) -> anyhow::Result<()> {
    let request = Request::Order {
        tag: None,
        order,
        act,
        note: None,
    };
    match client.ask(request).await? {
        Response::Done { .. } => Ok(()),
        Response::Problem { problem, .. } => bail!("a report was refused: {}", problem.detail),
        other @ (Response::Decision { .. } | Response::Advanced { .. } | Response::Event(_)) => {
            bail!("a report was answered with {other:?}")
        }
    }
}

impl Session for Caller {
    async fn assign(
        &mut self,
        call: &Call,
        number: u64,
        claims: &mut Vec<Claim>,
    ) -> anyhow::Result<()> {
        let words = CallWords {
            key: number.to_string(),
            ..call.words.clone()
        };
        let decision = self::call(&self.client, words).await?;
        for line in &decision.orders {
            claims.push(Claim {
                unit: Some(self.load.number_of(&line.unit)?),
                order: Some(line.order),
            });
        }
        Ok(())
    }

    async fn release(&mut self, claims: &[Claim]) -> anyhow::Result<()> {
        for order in claims.iter().filter_map(|claim| claim.order) {
            report(&self.client, order, OrderAct::Finish).await?;
        }
        Ok(())
    }
}
