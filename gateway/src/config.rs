//! Configuration in two steps: as typed (`reading`, `typed`), then checked. Nothing binds, starts or writes before the second.
//!
//! Every mistake is named by file, line and field, all of them at once. The commented default is [`DEFAULT`], which
//! is itself a configuration, checked by a test.

mod channels;
pub mod fit;
mod journal;
mod reading;
pub mod roads;
mod typed;

pub use typed::ClockTyped;

use crate::channels::ChannelsConfig;
use crate::link::GateLimits;
use crate::log::{LogConfig, LogFormat, level_mistake};
use crate::machine::cores;
use engine::city::{City, Contacts};
use engine::classify::Lexicon;
use engine::command::ClockMode;
use engine::id::CentreId;
use engine::journal::Shape;
use engine::lane::LaneLimits;
use engine::limits::Capacities;
use engine::line::Line;
use engine::plan::Plan;
use engine::runtime::keeper::Keeping;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use typed::{Place, Typed};

/// The commented default configuration.
pub const DEFAULT: &str = include_str!("config/default.toml");
/// A configuration file is no larger.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// All that a centre is served with, checked.
#[derive(Clone)]
pub struct Config {
    /// The data folder.
    pub data: PathBuf,
    /// The centre's number.
    pub centre: CentreId,
    /// The clock it lives on.
    pub clock: ClockMode,
    /// Its plan, compiled.
    pub plan: Arc<Plan>,
    /// The plan's text.
    pub plan_text: String,
    /// Its lexicon, compiled.
    pub lexicon: Arc<Lexicon>,
    /// The lexicon's text.
    pub lexicon_text: String,
    /// Its city.
    pub city: Arc<City>,
    /// Whom its orders go to; nobody where its folder names none.
    pub contacts: Arc<Contacts>,
    /// The ways to them.
    pub channels: ChannelsConfig,
    /// The city's road network; without one travel goes by straight line.
    pub roads: Option<roads::Roads>,
    /// How much it can hold.
    pub capacities: Capacities,
    /// How much each lane holds.
    pub lanes: LaneLimits,
    /// How the journal is laid out.
    pub shape: Shape,
    /// When snapshots are made, how much of the journal is kept, and how much room must stay.
    pub keeping: Keeping,
    /// The line of calls without a usable one.
    pub default_line: Line,
    /// Requests that one worker may have on the way; its reply ring has as many places.
    pub worker_requests_max: usize,
    /// Workers that word answers.
    pub workers: usize,
    /// The QUIC listener.
    pub quic: QuicConfig,
    /// Where HTTP listens.
    pub http_listen: SocketAddr,
    /// Connections that HTTP holds at once.
    pub http_connections_max: usize,
    /// The log.
    pub log: LogConfig,
}

/// The QUIC listener's part.
#[derive(Clone, Debug)]
pub struct QuicConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Connections at once.
    pub connections_max: usize,
    /// Addresses that nobody has proved and that are let in within a second without a Retry.
    pub unvalidated_per_second_max: u32,
    /// What one connection may have on the way.
    pub gate: GateLimits,
}

/// What the command line says over the file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// The data folder.
    pub data: Option<PathBuf>,
    /// The clock.
    pub clock: Option<ClockMode>,
    /// How the log is written.
    pub log_format: Option<LogFormat>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigMistake {
    /// The file, and the line in it where one is to blame.
    pub place: String,
    /// What is wrong, and what would be right.
    pub what: String,
}

/// Everything that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub Vec<ConfigMistake>);

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, ConfigMistake { place, what }) in self.0.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            write!(f, "{place}: {what}")?;
        }
        Ok(())
    }
}

impl Config {
    /// The configuration of a file; without one, the default.
    pub fn load(file: Option<&Path>, overrides: &Overrides) -> Result<Config, ConfigError> {
        let (name, text) = match file {
            None => ("the default configuration".to_owned(), DEFAULT.to_owned()),
            Some(path) => (path.display().to_string(), read_text(path)?),
        };
        let folder = file.and_then(Path::parent).unwrap_or(Path::new(""));
        Config::of_text(&name, &text, folder, overrides)
    }

    /// The configuration of a text. `name` is what mistakes call it; paths in it are relative to `folder`.
    pub fn of_text(
        name: &str,
        text: &str,
        folder: &Path,
        overrides: &Overrides,
    ) -> Result<Config, ConfigError> {
        let (typed, mistakes) = reading::read(name, text)?;
        let mut check = Check {
            name,
            text,
            folder,
            mistakes,
        };
        let config = check.config(&typed, overrides);
        match config {
            Some(config) if check.mistakes.is_empty() => Ok(config),
            Some(_) | None => Err(ConfigError(check.mistakes)),
        }
    }
}

/// Line of a place in a text, from 1.
fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().iter().take(at);
    before.filter(|&&byte| byte == b'\n').count() + 1
}

fn read_text(path: &Path) -> Result<String, ConfigError> {
    let mistake = |what: String| {
        ConfigError(vec![ConfigMistake {
            place: path.display().to_string(),
            what,
        }])
    };
    let size = std::fs::metadata(path)
        .map_err(|error| mistake(unreadable(&error)))?
        .len();
    if size > FILE_BYTES_MAX {
        return Err(mistake(format!(
            "{size} bytes; at most {FILE_BYTES_MAX} are read: is it the right file?"
        )));
    }
    std::fs::read_to_string(path).map_err(|error| mistake(unreadable(&error)))
}

fn unreadable(error: &std::io::Error) -> String {
    format!("cannot be read: {error}; name a text file in UTF-8 that is there and may be read")
}

/// Looks at a typed configuration and notes everything that is wrong with it.
struct Check<'a> {
    name: &'a str,
    text: &'a str,
    folder: &'a Path,
    mistakes: Vec<ConfigMistake>,
}

impl Check<'_> {
    /// Notes a mistake. A default that was not typed has no line; its table and field are then the place.
    fn wrong(&mut self, at: &Place, field: &str, what: impl fmt::Display) {
        let line = at.map(|at| format!(":{}", line_of(self.text, at)));
        self.mistakes.push(ConfigMistake {
            place: format!("{}{}: {field}", self.name, line.unwrap_or_default()),
            what: what.to_string(),
        });
    }

    fn config(&mut self, typed: &Typed, overrides: &Overrides) -> Option<Config> {
        let data = overrides
            .data
            .clone()
            .unwrap_or_else(|| self.path(&typed.centre.data));
        let clock = overrides.clock.unwrap_or(typed.centre.clock.into());
        let plan = self.plan(typed);
        let lexicon = self.lexicon(typed);
        let city = self.city(typed);
        let contacts = self.contacts(typed, city.as_deref());
        let channels = self.channels(&typed.channels);
        if let (Some((plan, _)), Some(city)) = (&plan, &city) {
            for unknown in fit::unknown_districts(plan, city) {
                self.wrong(&typed.plan.file.place(), "plan.file", unknown);
            }
        }
        let roads = self.roads(typed, city.as_deref());
        let listen = self.loopback(&typed.quic.listen, "quic.listen");
        let http = self.loopback(&typed.http.listen, "http.listen");
        let default_line = self.default_line(typed, plan.as_ref().map(|(plan, _)| plan.as_ref()));
        self.sizes(typed, city.as_deref());
        let log = self.log(typed, overrides);
        self.journal(&typed.journal);
        let ((plan, plan_text), (lexicon, lexicon_text), city) = (plan?, lexicon?, city?);
        Some(Config {
            centre: city.centre,
            clock,
            plan,
            plan_text,
            lexicon,
            lexicon_text,
            city,
            contacts: contacts.unwrap_or_default(),
            channels,
            roads,
            capacities: typed.capacity.into(),
            lanes: LaneLimits {
                life: *typed.lanes.life.get_ref(),
                urgent: *typed.lanes.urgent.get_ref(),
                service: *typed.lanes.service.get_ref(),
            },
            shape: journal::shape(&typed.journal),
            keeping: journal::keeping(&typed.journal),
            default_line: default_line?,
            worker_requests_max: *typed.quic.worker_requests_max.get_ref(),
            workers: workers(typed.quic.workers),
            quic: QuicConfig {
                listen: listen?,
                connections_max: *typed.quic.connections_max.get_ref(),
                unvalidated_per_second_max: typed.quic.unvalidated_per_second_max,
                gate: GateLimits {
                    requests: *typed.quic.connection_requests_max.get_ref(),
                    bytes: *typed.quic.connection_bytes_max.get_ref(),
                },
            },
            http_listen: http?,
            http_connections_max: *typed.http.connections_max.get_ref(),
            log,
            data,
        })
    }

    fn log(&mut self, typed: &Typed, overrides: &Overrides) -> LogConfig {
        let level = &typed.log.level;
        if let Some(mistake) = level_mistake(level.get_ref()) {
            self.wrong(&Some(level.span().start), "log.level", mistake);
        }
        LogConfig {
            format: overrides.log_format.unwrap_or(typed.log.format),
            level: level.get_ref().clone(),
            caller_data: typed.log.caller_data,
        }
    }

    fn path(&self, typed: &Path) -> PathBuf {
        self.folder.join(typed)
    }

    fn plan(&mut self, typed: &Typed) -> Option<(Arc<Plan>, String)> {
        let text = self.embedded_or_file(&typed.plan.file, "plan.file", engine::plan::DEFAULT)?;
        match Plan::load(&text) {
            Ok(plan) => Some((Arc::new(plan), text)),
            Err(mistakes) => {
                self.wrong(
                    &typed.plan.file.place(),
                    "plan.file",
                    format!("the plan has mistakes:\n{mistakes}"),
                );
                None
            }
        }
    }

    fn lexicon(&mut self, typed: &Typed) -> Option<(Arc<Lexicon>, String)> {
        let text = self.embedded_or_file(
            &typed.lexicon.file,
            "lexicon.file",
            Lexicon::source_embedded(),
        )?;
        match Lexicon::load(&text) {
            Ok(lexicon) => Some((Arc::new(lexicon), text)),
            Err(mistakes) => {
                let what = format!("the lexicon has mistakes:\n{mistakes}");
                self.wrong(&typed.lexicon.file.place(), "lexicon.file", what);
                None
            }
        }
    }

    fn embedded_or_file(
        &mut self,
        file: &typed::File,
        field: &str,
        embedded: &str,
    ) -> Option<String> {
        let Some(path) = file.path() else {
            return Some(embedded.to_owned());
        };
        match read_text(&self.path(path)) {
            Ok(text) => Some(text),
            Err(error) => {
                self.wrong(&file.place(), field, error);
                None
            }
        }
    }

    fn city(&mut self, typed: &Typed) -> Option<Arc<City>> {
        let city = &typed.city;
        let folder = city.folder.path().map(|folder| self.path(folder));
        let Some(folder) = folder else {
            return match engine::city::generate(city.seed, city.units) {
                Ok(city) => Some(Arc::new(city)),
                Err(error) => {
                    self.wrong(&None, "city.units", error);
                    None
                }
            };
        };
        if city.units.is_some() {
            let what = "a city from a folder has the units that stand there; remove one of the two";
            self.wrong(&city.folder.place(), "city.units", what);
        }
        match City::load(&folder) {
            Ok(city) => Some(Arc::new(city)),
            Err(mistakes) => {
                self.wrong(
                    &city.folder.place(),
                    "city.folder",
                    format!("the city has mistakes:\n{mistakes}"),
                );
                None
            }
        }
    }

    /// Until rights are configured, only this machine may be listened to.
    fn loopback(&mut self, typed: &toml::Spanned<String>, field: &str) -> Option<SocketAddr> {
        let at = Some(typed.span().start);
        let Ok(address) = typed.get_ref().parse::<SocketAddr>() else {
            self.wrong(
                &at,
                field,
                "must be an address and a port, as in 127.0.0.1:4433",
            );
            return None;
        };
        if !address.ip().is_loopback() {
            let what = "only loopback addresses (127.0.0.1 or [::1]) are listened on until rights can be configured";
            self.wrong(&at, field, format!("{address}: {what}"));
            return None;
        }
        Some(address)
    }

    fn default_line(&mut self, typed: &Typed, plan: Option<&Plan>) -> Option<Line> {
        let given = &typed.carrier.default_line;
        let line = Line::new(*given.get_ref());
        let known = line.filter(|&line| plan.is_none_or(|plan| plan.line(line).is_some()));
        if known.is_none() {
            let what = format!(
                "{} is no line of the plan; name one of its `[[line]]` numbers, such as 110",
                given.get_ref()
            );
            self.wrong(&Some(given.span().start), "carrier.default_line", what);
        }
        known
    }

    fn sizes(&mut self, typed: &Typed, city: Option<&City>) {
        let quic = &typed.quic;
        let mut between = |value: &toml::Spanned<usize>, least: usize, most: usize, field: &str| {
            if !(least..=most).contains(value.get_ref()) {
                let what = format!("{} must be from {least} to {most}", value.get_ref());
                self.wrong(&Some(value.span().start), field, what);
            }
        };
        between(&quic.connections_max, 1, 65_536, "quic.connections_max");
        between(
            &quic.connection_requests_max,
            1,
            65_536,
            "quic.connection_requests_max",
        );
        between(
            &quic.connection_bytes_max,
            65_536,
            1 << 30,
            "quic.connection_bytes_max",
        );
        between(
            &quic.worker_requests_max,
            64,
            1 << 20,
            "quic.worker_requests_max",
        );
        between(
            &typed.http.connections_max,
            1,
            65_536,
            "http.connections_max",
        );
        let lanes = &typed.lanes;
        for (value, field) in [
            (&lanes.life, "lanes.life"),
            (&lanes.urgent, "lanes.urgent"),
            (&lanes.service, "lanes.service"),
        ] {
            if !(64..=1 << 20).contains(value.get_ref()) {
                let what = format!("{} must be from 64 to {}", value.get_ref(), 1 << 20);
                self.wrong(&Some(value.span().start), field, what);
            }
        }
        let capacities = Capacities::from(typed.capacity);
        let units = city.map_or(0, |city| city.units.len());
        if capacities.units_max as usize <= units {
            let what = format!(
                "{} leaves no room: the city has {units} units; at least {} are needed",
                capacities.units_max,
                units + 1
            );
            self.wrong(&None, "capacity.units_max", what);
        }
        let most = Capacities::MOST;
        let (incidents, orders) = (capacities.incidents_max, capacities.orders_max);
        for (value, least, most, field) in [
            // How many units are too few is the city's to say.
            (
                capacities.units_max,
                0,
                most.units_max,
                "capacity.units_max",
            ),
            (incidents, 64, most.incidents_max, "capacity.incidents_max"),
            (orders, 64, most.orders_max, "capacity.orders_max"),
            (
                capacities.calls_max,
                64,
                most.calls_max,
                "capacity.calls_max",
            ),
        ] {
            if value < least {
                self.wrong(
                    &None,
                    field,
                    format!("{value} is too few; at least {least}"),
                );
            } else if value > most {
                // What a snapshot claims beyond this is not believed.
                self.wrong(&None, field, format!("{value} is too many; at most {most}"));
            }
        }
    }
}

fn workers(typed: Option<usize>) -> usize {
    typed.unwrap_or_else(cores).clamp(1, 64)
}

#[cfg(test)]
mod tests;
