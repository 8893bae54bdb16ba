//! The configuration as it is typed: names, defaults, and where in the file each thing stood.

use crate::channels::LineTarget;
use crate::log::{CallerData, LogFormat};
use engine::command::ClockMode;
use engine::limits::Capacities;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// The byte at which something was typed; `None` for a default.
pub type Place = Option<usize>;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Typed {
    pub centre: Centre,
    pub city: CityTyped,
    pub plan: FileTable,
    pub lexicon: FileTable,
    pub carrier: Carrier,
    pub capacity: CapacityTyped,
    pub lanes: Lanes,
    pub journal: Journal,
    pub quic: Quic,
    pub http: Http,
    pub channels: Channels,
    pub log: Log,
}

/// A clock, as it is typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockTyped {
    /// The machine's own.
    #[default]
    Wall,
    /// Moved by one client.
    Driven,
}

impl From<ClockTyped> for ClockMode {
    fn from(typed: ClockTyped) -> ClockMode {
        match typed {
            ClockTyped::Wall => ClockMode::Wall,
            ClockTyped::Driven => ClockMode::Driven,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Centre {
    pub data: PathBuf,
    pub clock: ClockTyped,
}

impl Default for Centre {
    fn default() -> Centre {
        Centre {
            data: "liandong-data".into(),
            clock: ClockTyped::Wall,
        }
    }
}

/// A file or folder that may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct File(Option<Spanned<PathBuf>>);

impl File {
    pub fn path(&self) -> Option<&Path> {
        self.0.as_ref().map(|path| path.get_ref().as_path())
    }

    pub fn place(&self) -> Place {
        self.0.as_ref().map(|path| path.span().start)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CityTyped {
    pub folder: File,
    pub roads: File,
    pub seed: u64,
    pub units: Option<u32>,
}

impl Default for CityTyped {
    fn default() -> CityTyped {
        CityTyped {
            folder: File::default(),
            roads: File::default(),
            seed: 1,
            units: None,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileTable {
    pub file: File,
}

fn default<T>(value: T) -> Spanned<T> {
    Spanned::new(0..0, value)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Carrier {
    pub default_line: Spanned<u32>,
}

impl Default for Carrier {
    fn default() -> Carrier {
        Carrier {
            default_line: default(110),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CapacityTyped {
    pub units_max: Option<u32>,
    pub incidents_max: Option<u32>,
    pub orders_max: Option<u32>,
    pub calls_max: Option<u32>,
}

impl From<CapacityTyped> for Capacities {
    fn from(typed: CapacityTyped) -> Capacities {
        let usual = Capacities::default();
        Capacities {
            units_max: typed.units_max.unwrap_or(usual.units_max),
            incidents_max: typed.incidents_max.unwrap_or(usual.incidents_max),
            orders_max: typed.orders_max.unwrap_or(usual.orders_max),
            calls_max: typed.calls_max.unwrap_or(usual.calls_max),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lanes {
    pub life: Spanned<u32>,
    pub urgent: Spanned<u32>,
    pub service: Spanned<u32>,
}

impl Default for Lanes {
    fn default() -> Lanes {
        Lanes {
            life: default(65_536),
            urgent: default(65_536),
            service: default(65_536),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Journal {
    pub segment_mib: Spanned<u32>,
    pub durability: DurabilityTyped,
    pub snapshot_records: Spanned<u64>,
    pub snapshot_minutes: Spanned<u64>,
    pub keep_days: Spanned<u64>,
    pub keep_gib_max: Spanned<u64>,
    pub room_low_mib: Spanned<u64>,
    pub room_least_mib: Spanned<u64>,
}

/// When an answer may leave, as it is typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DurabilityTyped {
    /// Its record is on the disk.
    #[default]
    Sync,
    /// The operating system has it.
    Batch,
}

impl Default for Journal {
    fn default() -> Journal {
        Journal {
            segment_mib: default(64),
            durability: DurabilityTyped::Sync,
            snapshot_records: default(100_000),
            snapshot_minutes: default(60),
            keep_days: default(1_095),
            keep_gib_max: default(0),
            room_low_mib: default(4_096),
            room_least_mib: default(512),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quic {
    pub listen: Spanned<String>,
    pub connections_max: Spanned<usize>,
    pub connection_requests_max: Spanned<usize>,
    pub connection_bytes_max: Spanned<usize>,
    pub worker_requests_max: Spanned<usize>,
    pub unvalidated_per_second_max: u32,
    pub workers: Option<usize>,
}

impl Default for Quic {
    fn default() -> Quic {
        Quic {
            listen: default("127.0.0.1:4433".into()),
            connections_max: default(1_024),
            connection_requests_max: default(1_024),
            connection_bytes_max: default(4 << 20),
            worker_requests_max: default(65_536),
            unvalidated_per_second_max: 200,
            workers: None,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    pub listen: Spanned<String>,
    pub connections_max: Spanned<usize>,
}

impl Default for Http {
    fn default() -> Http {
        Http {
            listen: default("127.0.0.1:8110".into()),
            connections_max: default(512),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Channels {
    pub push_timeout_ms: Spanned<u64>,
    pub log: LineTarget,
    pub log_mib: Spanned<u64>,
    pub waiting_max: Spanned<u64>,
}

impl Default for Channels {
    fn default() -> Channels {
        Channels {
            push_timeout_ms: default(5_000),
            log: LineTarget::File,
            log_mib: default(16),
            waiting_max: default(16_384),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    pub format: LogFormat,
    pub level: Spanned<String>,
    pub caller_data: CallerData,
}

impl Default for Log {
    fn default() -> Log {
        Log {
            format: LogFormat::Text,
            level: default("info".into()),
            caller_data: CallerData::Masked,
        }
    }
}
