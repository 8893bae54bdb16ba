//! Redis: places in sorted sets (`GEOSEARCH`), one for the free units of each capability; a Lua script finds and claims, another
//! releases. Many sessions share a connection, which sends what has gathered at once.

use crate::load::{Call, Load, Skill};
use crate::server::{LOOK_EVERY, STARTING, Server, find, free_port};
use crate::session::{Claim, Peer, Session, Setting};
use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, Cmd, cmd, pipe};
use anyhow::Context;
use rustix::process::Signal;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

/// Where the numbers of who is taken are.
const ORDERS: &str = "orders";
/// Where all units are, busy or not.
const PLACES: &str = "units";
/// Units said at once.
const UNITS_AT_ONCE: usize = 1_000;

/// The key of the free units of a capability.
const FREE: [&str; 3] = ["free:patrol", "free:ambulance", "free:fire_engine"];

/// A server; `SYNCED`: with its log synced before each reply.
pub struct Redis<const SYNCED: bool> {
    server: Server,
    connections: Vec<MultiplexedConnection>,
    assign: Arc<str>,
    release: Arc<str>,
    load: Arc<Load>,
}

/// One caller.
pub struct Caller {
    connection: MultiplexedConnection,
    assign: Arc<str>,
    release: Arc<str>,
    load: Arc<Load>,
}

/// What is missing on this machine, if anything.
pub fn missing() -> Option<String> {
    match find("redis-server", &[]) {
        Some(_) => None,
        None => Some("redis-server is not installed (bench/peers/install)".into()),
    }
}

impl<const SYNCED: bool> Peer for Redis<SYNCED> {
    type Session = Caller;
    const IS_NEAREST: bool = true;

    async fn start(setting: &Setting) -> anyhow::Result<Redis<SYNCED>> {
        let folder = tempfile::Builder::new()
            .prefix("redis-")
            .tempdir_in(&setting.folder)?
            // The run's own folder is removed with all that is in it.
            .keep();
        let config = folder.join("redis.conf");
        let text = match SYNCED {
            true => include_str!("../../redis-aof.conf"),
            false => include_str!("../../redis.conf"),
        };
        std::fs::write(&config, text)?;
        let port = free_port()?;
        let program = find("redis-server", &[]).context("redis-server is gone")?;
        let mut command = Command::new(program);
        command.arg(&config);
        command.args(["--port", &port.to_string()]);
        command.arg("--dir").arg(&folder);
        let mut server = Server::start(&mut command, &folder.join("log"), Signal::TERM)?;
        let client = Client::open(("127.0.0.1", port))?;
        let mut connections = vec![first(&client, &mut server).await?];
        while connections.len() < setting.connections {
            connections.push(
                client
                    .get_multiplexed_async_connection_with_config(&options())
                    .await?,
            );
        }
        let connection = &mut connections[0];
        let assign = script(connection, include_str!("../../assign.lua")).await?;
        let release = script(connection, include_str!("../../release.lua")).await?;
        tell(connection, &setting.load).await?;
        Ok(Redis {
            server,
            connections,
            assign,
            release,
            load: Arc::clone(&setting.load),
        })
    }

    async fn session(&mut self, number: usize) -> anyhow::Result<Caller> {
        Ok(Caller {
            connection: self.connections[number % self.connections.len()].clone(),
            assign: Arc::clone(&self.assign),
            release: Arc::clone(&self.release),
            load: Arc::clone(&self.load),
        })
    }

    async fn stop(self) -> anyhow::Result<()> {
        drop(self.connections);
        self.server.stop()
    }
}

/// A log that waits for the disk may take its time.
fn options() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_response_timeout(Some(STARTING))
        .set_pipeline_buffer_size(1_024)
}

/// The first connection, once the server listens.
async fn first(client: &Client, server: &mut Server) -> anyhow::Result<MultiplexedConnection> {
    let since = Instant::now();
    loop {
        let connected = client
            .get_multiplexed_async_connection_with_config(&options())
            .await;
        match connected {
            Ok(connection) => return Ok(connection),
            Err(error) if since.elapsed() > STARTING => return Err(error.into()),
            Err(_) => server.check()?,
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn script(connection: &mut MultiplexedConnection, text: &str) -> anyhow::Result<Arc<str>> {
    let hash: String = cmd("SCRIPT")
        .arg("LOAD")
        .arg(text)
        .query_async(connection)
        .await?;
    Ok(hash.into())
}

/// Tells it all units, and who is free.
async fn tell(connection: &mut MultiplexedConnection, load: &Load) -> anyhow::Result<()> {
    let units: Vec<_> = (0_u32..).zip(&load.units).collect();
    for some in units.chunks(UNITS_AT_ONCE) {
        let mut all = pipe();
        for (number, unit) in some {
            let mut keys = vec![PLACES];
            keys.extend(unit.skill.filter(|_| unit.is_free).map(free));
            for key in keys {
                let add = all.cmd("GEOADD").arg(key);
                add.arg(unit.spot.lon)
                    .arg(unit.spot.lat)
                    .arg(number)
                    .ignore();
            }
        }
        all.exec_async(connection).await?;
    }
    Ok(())
}

fn free(skill: Skill) -> &'static str {
    FREE[skill.0 as usize]
}

fn evaluate(script: &str, keys: &[&str]) -> Cmd {
    let mut command = cmd("EVALSHA");
    command.arg(script).arg(keys.len()).arg(keys);
    command
}

impl Session for Caller {
    async fn assign(
        &mut self,
        call: &Call,
        number: u64,
        claims: &mut Vec<Claim>,
    ) -> anyhow::Result<()> {
        let mut command = evaluate(&self.assign, &[free(call.skill), ORDERS]);
        command.arg(call.spot.lon).arg(call.spot.lat).arg(number);
        let unit: Option<u32> = command.query_async(&mut self.connection).await?;
        claims.extend(unit.map(Claim::of));
        Ok(())
    }

    async fn release(&mut self, claims: &[Claim]) -> anyhow::Result<()> {
        for unit in claims.iter().filter_map(|claim| claim.unit) {
            let skill = self.load.units[unit as usize].skill;
            let skill = skill.context("a unit that nobody asked for")?;
            let mut command = evaluate(&self.release, &[free(skill), ORDERS, PLACES]);
            command.arg(unit);
            let _freed: u32 = command.query_async(&mut self.connection).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_by_what_units_can_do() {
        for skill in Skill::all() {
            assert_eq!(free(skill), format!("free:{}", skill.name()));
        }
    }
}
