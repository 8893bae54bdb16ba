//! Under what circumstances a run was made: machine, kernel, program, command line, seed.
//!
//! Figures without these cannot be compared. What the system does not say is left empty and shown as unknown; secrets of the
//! command line never get in here.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

/// What a secret is shown as.
const MASK: &str = "***";
/// Parts of names that mean a secret.
const SECRET: [&str; 6] = ["token", "secret", "password", "passphrase", "auth", "key"];

/// The circumstances of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// When it began: milliseconds since 1970.
    pub started_ms: u64,
    /// Version and commit of the generator.
    pub generator: String,
    /// The command line, secrets masked.
    pub command: Vec<String>,
    /// Where the centre is.
    pub centre: String,
    /// The seed.
    pub seed: u64,
    /// What was to be sent, in words.
    pub load: String,
    /// The machine of the generator.
    pub machine: Machine,
}

/// A machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Machine {
    /// The model of its processor.
    pub processor: String,
    /// Cores that this program may use.
    pub cores: u64,
    /// Memory.
    pub memory_bytes: u64,
    /// The kernel's release.
    pub kernel: String,
    /// The system's name.
    pub system: String,
    /// Its load average over a minute when the run began: how busy it was before.
    pub load_before: Option<f64>,
}

impl About {
    /// What can be known before anything is sent.
    pub fn now(command: impl IntoIterator<Item = String>) -> About {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        About {
            started_ms: u64::try_from(since.as_millis()).unwrap_or(0),
            generator: gateway::VERSION.to_string(),
            command: masked(command),
            machine: Machine::read(),
            ..About::default()
        }
    }

    /// When it began, as RFC 3339 in UTC.
    pub fn started(&self) -> String {
        let millis = i64::try_from(self.started_ms).unwrap_or(0);
        jiff::Timestamp::from_millisecond(millis)
            .map(|at| format!("{at:.0}"))
            .unwrap_or_default()
    }

    /// When it began.
    pub fn started_at(&self) -> SystemTime {
        UNIX_EPOCH + std::time::Duration::from_millis(self.started_ms)
    }
}

impl Machine {
    /// Asks the system.
    pub fn read() -> Machine {
        let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let cores = std::thread::available_parallelism();
        let processor = value(&text("/proc/cpuinfo"), "model name", ':');
        let release = text("/etc/os-release");
        Machine {
            processor: processor.unwrap_or_else(|| std::env::consts::ARCH.to_string()),
            cores: cores.map_or(0, |cores| cores.get() as u64),
            memory_bytes: memory(&text("/proc/meminfo")),
            kernel: text("/proc/sys/kernel/osrelease").trim().to_string(),
            system: value(&release, "PRETTY_NAME", '=').unwrap_or_default(),
            load_before: text("/proc/loadavg")
                .split_whitespace()
                .next()
                .and_then(|load| load.parse().ok()),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gib = self.memory_bytes as f64 / f64::from(1 << 30);
        write!(f, "{}, {} cores, {gib:.1} GiB", self.processor, self.cores)?;
        if !self.kernel.is_empty() {
            write!(f, ", kernel {}", self.kernel)?;
        }
        match self.load_before {
            Some(load) => write!(f, ", load {load} before"),
            None => Ok(()),
        }
    }
}

/// The first value of this name in lines of `name SEPARATOR value`, without quotes.
fn value(text: &str, name: &str, separator: char) -> Option<String> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(separator)?;
        (key.trim() == name).then(|| value.trim().trim_matches('"').to_string())
    })
}

fn memory(text: &str) -> u64 {
    let kib = value(text, "MemTotal", ':');
    kib.and_then(|kib| kib.split_whitespace().next()?.parse::<u64>().ok())
        .unwrap_or(0)
        * 1_024
}

/// A command line without what nobody should read.
pub fn masked(command: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut hide = false;
    let mask = |word: String| {
        if std::mem::take(&mut hide) {
            return MASK.to_string();
        }
        if !word.starts_with('-') {
            return without_credentials(&word);
        }
        match word.split_once('=') {
            Some((flag, _)) if is_secret(flag) => format!("{flag}={MASK}"),
            Some((flag, value)) => format!("{flag}={}", without_credentials(value)),
            None => {
                hide = is_secret(&word);
                word
            }
        }
    };
    let mut command: Vec<String> = command.into_iter().map(mask).collect();
    // Where the program lies is nobody's matter.
    if let Some(program) = command.first_mut()
        && let Some((_, name)) = program.rsplit_once('/')
    {
        *program = name.to_string();
    }
    command
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET.iter().any(|secret| name.contains(secret))
}

/// An address without the user and the password in it, and without the values of secret parameters.
fn without_credentials(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else {
        return word.to_string();
    };
    let (authority, path) = match rest.find(['/', '?', '#']) {
        Some(end) => rest.split_at(end),
        None => (rest, ""),
    };
    let authority = match authority.rsplit_once('@') {
        Some((_, host)) => format!("{MASK}@{host}"),
        None => authority.to_string(),
    };
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path, None),
    };
    let query = query.map(|query| {
        let parts = query.split('&').map(|part| match part.split_once('=') {
            Some((name, _)) if is_secret(name) => format!("{name}={MASK}"),
            Some(_) | None => part.to_string(),
        });
        format!("?{}", parts.collect::<Vec<_>>().join("&"))
    });
    format!("{scheme}://{authority}{path}{}", query.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_a_command_line_are_masked_and_nothing_else_is() {
        let typed = "/opt/x/liandong-load replay day.csv --to quic://10.0.0.1:4433 --token abc --password=def --seed 7 \
                     --stats http://me:secret@host:81/v1/stats?hash=false&token=xyz --run-id key-1";
        let masked = masked(typed.split_whitespace().map(String::from)).join(" ");
        assert_eq!(
            masked,
            "liandong-load replay day.csv --to quic://10.0.0.1:4433 --token *** --password=*** --seed 7 \
             --stats http://***@host:81/v1/stats?hash=false&token=*** --run-id key-1"
        );
    }

    #[test]
    fn the_machine_says_what_it_is() {
        let machine = Machine::read();
        assert!(machine.cores > 0 && !machine.processor.is_empty());
        assert_eq!(memory("MemTotal:       2048 kB\nMemFree: 1 kB"), 2_097_152);
        let release = "NAME=\"x\"\nPRETTY_NAME=\"Debian 14\"\n";
        assert_eq!(
            value(release, "PRETTY_NAME", '=').as_deref(),
            Some("Debian 14")
        );
        let about = About {
            started_ms: 1_795_000_000_000,
            ..About::default()
        };
        assert_eq!(about.started(), "2026-11-18T11:06:40Z");
    }
}
