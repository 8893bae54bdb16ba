//! PostgreSQL with PostGIS: one table of units, the nearest by an index of places (`<->`), claimed in one statement that passes over
//! whom others are just claiming (`FOR UPDATE SKIP LOCKED`). Each session has prepared statements on a connection of its own or shared.

use crate::load::{Call, Load, Skill};
use crate::server::{LOOK_EVERY, STARTING, Server, find, free_port, run};
use crate::session::{Claim, Peer, Session, Setting};
use anyhow::{Context, ensure};
use rustix::process::Signal;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, NoTls, Statement};

/// The database's superuser, who exists in this cluster alone.
const USER: &str = "peers";
/// Whom packages make for the server, which refuses to run as root.
const SYSTEM_USER: &str = "postgres";

/// A server; `SYNCED`: each commit waits for the disk.
pub struct PostGis<const SYNCED: bool> {
    server: Server,
    connections: Vec<Connection>,
}

struct Connection {
    client: Arc<Client>,
    statements: Arc<Statements>,
    driver: JoinHandle<()>,
}

struct Statements {
    assign: Vec<Statement>,
    release: Statement,
}

/// One caller.
pub struct Caller {
    client: Arc<Client>,
    statements: Arc<Statements>,
}

/// Where distributions keep the server's programs, the newest version first.
fn folders() -> Vec<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql");
    let entries = versions.into_iter().flatten().filter_map(Result::ok);
    let mut folders: Vec<_> = entries.map(|entry| entry.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders
}

fn program(name: &str) -> anyhow::Result<PathBuf> {
    // The folder that has `initdb` has the programs that belong together.
    let folders = folders();
    let whole = folders
        .iter()
        .find(|folder| folder.join("initdb").is_file());
    let file = whole.map(|folder| folder.join(name));
    file.or_else(|| find(name, &[]))
        .with_context(|| format!("{name} is not installed"))
}

/// What is missing on this machine, if anything.
pub fn missing() -> Option<String> {
    let install = "(bench/peers/install)";
    if program("initdb").is_err() {
        return Some(format!("postgresql is not installed {install}"));
    }
    if rustix::process::geteuid().is_root() && system_user().is_err() {
        return Some(format!(
            "root may not run PostgreSQL, and there is no user {SYSTEM_USER} {install}"
        ));
    }
    None
}

/// Numbers of the user and the group that the server runs as, where we are root.
fn system_user() -> anyhow::Result<(u32, u32)> {
    let users = std::fs::read_to_string("/etc/passwd")?;
    let fields = users
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>());
    let mut numbers = fields.filter_map(|row| match row[..] {
        [SYSTEM_USER, _, user, group, ..] => Some((user.parse().ok()?, group.parse().ok()?)),
        _ => None,
    });
    let numbers = numbers.next();
    numbers.with_context(|| format!("there is no user {SYSTEM_USER}"))
}

/// A command of the server's user.
fn command(name: &str) -> anyhow::Result<Command> {
    let mut command = Command::new(program(name)?);
    if rustix::process::geteuid().is_root() {
        let (user, group) = system_user()?;
        command.uid(user).gid(group);
    }
    Ok(command)
}

/// The cluster of this run, made when it is first needed.
fn cluster(folder: &Path) -> anyhow::Result<PathBuf> {
    let home = folder.join("postgresql");
    let data = home.join("data");
    if data.is_dir() {
        return Ok(data);
    }
    std::fs::create_dir_all(&home)?;
    if rustix::process::geteuid().is_root() {
        let (user, group) = system_user()?;
        chown(&home, Some(user), Some(group))?;
    }
    let mut initdb = command("initdb")?;
    initdb.current_dir(&home).arg("-D").arg(&data);
    run(initdb.args(["-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale"]))?;
    std::fs::write(
        data.join("postgresql.conf"),
        include_str!("../../postgresql.conf"),
    )?;
    Ok(data)
}

impl<const SYNCED: bool> Peer for PostGis<SYNCED> {
    type Session = Caller;
    const IS_NEAREST: bool = true;

    async fn start(setting: &Setting) -> anyhow::Result<PostGis<SYNCED>> {
        let data = cluster(&setting.folder)?;
        let port = free_port()?;
        let mut postgres = command("postgres")?;
        postgres.current_dir(&data).arg("-D").arg(&data);
        postgres.args(["-p", &port.to_string()]);
        let synchronous = if SYNCED { "on" } else { "off" };
        postgres.args(["-c", &format!("synchronous_commit={synchronous}")]);
        let log = setting.folder.join("postgresql.log");
        // An interrupt ends sessions and writes everything down.
        let mut server = Server::start(&mut postgres, &log, Signal::INT)?;
        let mut config = Config::new();
        config
            .host("127.0.0.1")
            .port(port)
            .user(USER)
            .dbname("postgres");
        let (first, driver) = first(&config, &mut server).await?;
        first
            .batch_execute(include_str!("../../schema.sql"))
            .await
            .context("schema.sql (is PostGIS installed? bench/peers/install)")?;
        tell(&first, &setting.load).await?;
        for statement in include_str!("../../indexes.sql").split_inclusive(';') {
            // One by one: VACUUM is not done inside a transaction, which a batch is.
            first
                .batch_execute(statement)
                .await
                .with_context(|| statement.trim().to_owned())?;
        }
        drop(first);
        driver.await?;
        let mut connections = Vec::new();
        for _ in 0..setting.connections {
            let (client, driver) = connect(&config).await?;
            let statements = Arc::new(prepare(&client).await?);
            let client = Arc::new(client);
            connections.push(Connection {
                client,
                statements,
                driver,
            });
        }
        Ok(PostGis {
            server,
            connections,
        })
    }

    async fn session(&mut self, number: usize) -> anyhow::Result<Caller> {
        let connection = &self.connections[number % self.connections.len()];
        Ok(Caller {
            client: Arc::clone(&connection.client),
            statements: Arc::clone(&connection.statements),
        })
    }

    async fn stop(self) -> anyhow::Result<()> {
        for Connection {
            client,
            statements,
            driver,
        } in self.connections
        {
            drop((client, statements));
            driver.await?;
        }
        self.server.stop()
    }
}

async fn connect(config: &Config) -> Result<(Client, JoinHandle<()>), tokio_postgres::Error> {
    let (client, connection) = config.connect(NoTls).await?;
    let driver = tokio::spawn(async move {
        // Whoever waits for an answer is told what went wrong by the client.
        drop(connection.await);
    });
    Ok((client, driver))
}

/// The first connection, once the server takes any.
async fn first(config: &Config, server: &mut Server) -> anyhow::Result<(Client, JoinHandle<()>)> {
    let since = Instant::now();
    loop {
        match connect(config).await {
            Ok(connected) => return Ok(connected),
            Err(error) if since.elapsed() > STARTING => return Err(error.into()),
            Err(_) => server.check()?,
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Tells it all units, and who is free.
async fn tell(client: &Client, load: &Load) -> anyhow::Result<()> {
    let insert = "INSERT INTO unit SELECT number, skill, ST_MakePoint(x, y), call_key
        FROM unnest($1::int[], $2::smallint[], $3::float8[], $4::float8[], $5::bigint[]) AS row (number, skill, x, y, call_key)";
    let units = &load.units;
    let numbers: Vec<i32> = (0..).take(units.len()).collect();
    let skills: Vec<Option<i16>> = units
        .iter()
        .map(|unit| unit.skill.map(|skill| i16::from(skill.0)))
        .collect();
    let x: Vec<f64> = units.iter().map(|unit| unit.spot.metres[0]).collect();
    let y: Vec<f64> = units.iter().map(|unit| unit.spot.metres[1]).collect();
    let keys: Vec<Option<i64>> = units
        .iter()
        .map(|unit| (!unit.is_free).then_some(-1))
        .collect();
    client
        .execute(insert, &[&numbers, &skills, &x, &y, &keys])
        .await?;
    Ok(())
}

async fn prepare(client: &Client) -> anyhow::Result<Statements> {
    let mut assign = Vec::new();
    for skill in Skill::all() {
        // A number of ours and not a parameter, so that the index of this capability is the one that is planned.
        let text = include_str!("../../assign.sql").replace("SKILL", &skill.0.to_string());
        assign.push(client.prepare(&text).await?);
    }
    Ok(Statements {
        assign,
        release: client.prepare(include_str!("../../release.sql")).await?,
    })
}

impl Session for Caller {
    async fn assign(
        &mut self,
        call: &Call,
        number: u64,
        claims: &mut Vec<Claim>,
    ) -> anyhow::Result<()> {
        let [x, y] = call.spot.metres;
        let assign = &self.statements.assign[call.skill.0 as usize];
        let key = number as i64;
        let row = self.client.query_opt(assign, &[&x, &y, &key]).await?;
        if let Some(row) = row {
            let unit: i32 = row.try_get(0)?;
            claims.push(Claim::of(u32::try_from(unit)?));
        }
        Ok(())
    }

    async fn release(&mut self, claims: &[Claim]) -> anyhow::Result<()> {
        for unit in claims.iter().filter_map(|claim| claim.unit) {
            let unit = i32::try_from(unit)?;
            let freed = self
                .client
                .execute(&self.statements.release, &[&unit])
                .await?;
            ensure!(freed == 1, "unit {unit} was freed {freed} times");
        }
        Ok(())
    }
}
