//! The channels, and whom they reach: `contacts.csv` of the city's folder.

use super::Check;
use super::typed::{self, Typed};
use crate::channels::ChannelsConfig;
use engine::city::{City, Contacts};
use std::sync::Arc;
use std::time::Duration;

impl Check<'_> {
    /// The contacts of the city's folder (J6). One that is made up has none: nobody is told of its orders.
    pub(super) fn contacts(&mut self, typed: &Typed, city: Option<&City>) -> Option<Arc<Contacts>> {
        let folder = typed.city.folder.path().map(|folder| self.path(folder))?;
        match Contacts::load(&folder, city?) {
            Ok(contacts) => Some(Arc::new(contacts)),
            Err(mistakes) => {
                let what = format!("the contacts have mistakes:\n{mistakes}");
                self.wrong(&typed.city.folder.place(), "city.folder", what);
                None
            }
        }
    }

    pub(super) fn channels(&mut self, typed: &typed::Channels) -> ChannelsConfig {
        let mut between = |value: &toml::Spanned<u64>, least: u64, most: u64, field: &str| {
            let given = *value.get_ref();
            if !(least..=most).contains(&given) {
                let what = format!("{given} must be from {least} to {most}");
                self.wrong(&Some(value.span().start), field, what);
            }
            given
        };
        let push_timeout_ms = &typed.push_timeout_ms;
        let push_ms = between(push_timeout_ms, 100, 60_000, "channels.push_timeout_ms");
        let log_mib = between(&typed.log_mib, 1, 65_536, "channels.log_mib");
        let waiting_max = between(&typed.waiting_max, 64, 1 << 20, "channels.waiting_max");
        ChannelsConfig {
            push_time: Duration::from_millis(push_ms),
            line: typed.log,
            line_bytes_max: log_mib << 20,
            waiting_max: waiting_max as usize,
        }
    }
}
