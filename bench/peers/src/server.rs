//! A server of somebody else's: found where it is installed, started on a loopback port with its output in a file, ended by its own
//! number, also when something fails.

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to end in order.
const ENDING: Duration = Duration::from_secs(15);
/// How long it may take until it answers.
pub const STARTING: Duration = Duration::from_secs(20);
/// Between two looks at either.
pub const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A running server; it is ended when this is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    name: String,
    log: PathBuf,
    /// What it takes as a wish to end in order.
    farewell: Signal,
}

impl Server {
    /// Starts a command; what it says goes to `log`.
    pub fn start(command: &mut Command, log: &Path, farewell: Signal) -> anyhow::Result<Server> {
        let name = command.get_program().to_string_lossy().into_owned();
        let said =
            File::create(log).with_context(|| format!("{} cannot be made", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(said.try_clone()?)
            .stderr(said)
            .spawn()
            .with_context(|| format!("{name} cannot be started"))?;
        Ok(Server {
            child,
            name,
            log: log.to_path_buf(),
            farewell,
        })
    }

    /// An error if it has ended by itself, with the last that it said.
    pub fn check(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            Some(status) => bail!("{} has ended: {status}\n{}", self.name, self.last_words()),
            None => Ok(()),
        }
    }

    fn last_words(&self) -> String {
        let said = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = said.lines().rev().take(8).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    /// Ends it, and waits until it has.
    pub fn stop(mut self) -> anyhow::Result<()> {
        self.end()
    }

    fn end(&mut self) -> anyhow::Result<()> {
        let since = Instant::now();
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        // A child that nobody has waited for keeps its number: this cannot meet another process.
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            kill_process(pid, self.farewell)?;
        }
        while self.child.try_wait()?.is_none() {
            if since.elapsed() > ENDING {
                self.child.kill()?;
                self.child.wait()?;
                bail!("{} did not end in {} s", self.name, ENDING.as_secs());
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!("peers: {error:#}");
        }
    }
}

/// A program, by its name: on the path, or in one of these folders.
pub fn find(name: &str, also_in: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(also_in.iter().cloned());
    let files = folders.map(|folder| folder.join(name));
    files.into_iter().find(|file| file.is_file())
}

/// A TCP port of the loopback interface that was free just now.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// How a command ended, and what it said where it failed.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{name} cannot be started"))?;
    let status: ExitStatus = output.status;
    if !status.success() {
        bail!(
            "{name}: {status}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() -> tempfile::NamedTempFile {
        tempfile::NamedTempFile::new().unwrap()
    }

    #[test]
    fn a_server_ends_with_its_owner() {
        let log = log();
        let mut sleep = Command::new("sleep");
        let server = Server::start(sleep.arg("600"), log.path(), Signal::TERM).unwrap();
        let pid = Pid::from_raw(server.child.id() as i32).unwrap();
        assert!(rustix::process::test_kill_process(pid).is_ok());
        drop(server);
        assert!(rustix::process::test_kill_process(pid).is_err());
    }

    #[test]
    fn one_that_ends_by_itself_is_quoted() {
        let log = log();
        let mut fails = Command::new("sh");
        fails.args(["-c", "echo no room; exit 3"]);
        let mut server = Server::start(&mut fails, log.path(), Signal::TERM).unwrap();
        let since = Instant::now();
        let said = loop {
            match server.check() {
                Ok(()) => assert!(since.elapsed() < STARTING),
                Err(error) => break error.to_string(),
            }
        };
        assert!(said.contains("no room") && said.contains('3'), "{said}");
    }
}
