//! 一竿到底: orders to their people at once, each over every channel of theirs, until somebody acknowledges (X2, X11, J6).
//!
//! Whom to tell is the directory's to say (`engine::city::contacts`), what a centre has ordered the released events'. `outbox`
//! decides what is sent and when, without a clock or a socket; `teller` follows, sends and listens; `notice` words an order. One
//! file for each channel: `device` (subscriptions), `push` (HTTP), `line` (a log). Nothing here decides anything: an
//! acknowledgement that comes back over a channel is a report on the order like any other.

mod answer;
mod device;
mod figures;
mod line;
mod news;
mod notice;
mod outbox;
mod position;
mod push;
mod reach;
mod teller;

pub use answer::{Answer, Failure};
pub use device::{Devices, Presence};
pub use figures::{ChannelFigures, Outcome};
pub use line::LineTarget;
pub use reach::Reach;
pub use teller::Teller;

use engine::city::Contacts;
use engine::city::contacts::{ChannelKind, Contact, Whose};
use engine::id::UnitId;
use engine::moment::Moment;
use line::Lines;
use notice::TestNotice;
use serde::Serialize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The channels, as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelsConfig {
    /// A push is answered within this time, or has failed.
    pub push_time: Duration,
    /// Where the log channel writes.
    pub line: LineTarget,
    /// The log channel's file is moved aside when it has grown to this.
    pub line_bytes_max: u64,
    /// Tellings that may wait in each channel; beyond it the oldest gives way.
    pub waiting_max: usize,
}

/// What is known of channels while a centre runs, for whoever shows it.
#[derive(Debug)]
pub struct Channels {
    /// Whom to tell.
    pub contacts: Arc<Contacts>,
    /// The channels, as configured.
    pub config: ChannelsConfig,
    /// What each channel has done.
    pub figures: ChannelFigures,
    /// Units whose devices listen.
    pub devices: Arc<Devices>,
    /// Who was reached when.
    pub reach: Reach,
    lines: Lines,
}

impl Channels {
    /// Nobody told yet.
    pub fn new(contacts: Arc<Contacts>, config: ChannelsConfig, data: &Path) -> Channels {
        Channels {
            contacts,
            lines: Lines::new(data, config.line, config.line_bytes_max),
            config,
            figures: ChannelFigures::default(),
            devices: Arc::default(),
            reach: Reach::default(),
        }
    }

    /// Tells somebody by a line of the log channel. Waits for the disk.
    fn write_line<T: Serialize>(&self, contact: &Contact, said: &T) -> Result<Answer, Failure> {
        let line = serde_json::to_string(&LineJson {
            contact: contact.id.0,
            person: crate::log::person_in_full(contact.name.as_str()),
            said,
        });
        self.lines.write(&line.map_err(|_| Failure::Words)?)
    }

    /// Tests whether a contact can be reached, now and by the same way as an order. Of a unit's device it is known whether
    /// it listens; `unit` is whose it is, where it is a unit's.
    pub async fn test(
        self: Arc<Channels>,
        contact: &Contact,
        unit: Option<UnitId>,
        now: Moment,
    ) -> Result<Answer, Failure> {
        let notice = TestNotice::of(contact.id, contact.role, now);
        let tested = match contact.channel {
            ChannelKind::Subscribe => match (contact.whose, unit) {
                (Whose::Unit(_), Some(unit)) => self.devices.told(unit),
                (Whose::Unit(_) | Whose::Agency(_) | Whose::Centre, _) => {
                    self.devices.told_anybody()
                }
            },
            ChannelKind::Push => match (&contact.address, serde_json::to_vec(&notice)) {
                (Some(address), Ok(body)) => {
                    push::push(address, &notice.key, body, self.config.push_time).await
                }
                (None, _) | (_, Err(_)) => Err(Failure::Words),
            },
            ChannelKind::Log => {
                let (channels, contact) = (Arc::clone(&self), contact.clone());
                let writing =
                    tokio::task::spawn_blocking(move || channels.write_line(&contact, &notice));
                writing.await.unwrap_or(Err(Failure::Words))
            }
        };
        match &tested {
            Ok(answer) => {
                self.reach.reached(contact.id, now);
                if answer.acknowledged {
                    self.reach.tested(contact.id, now);
                }
            }
            Err(_) => drop(self.reach.failed(contact.id)),
        }
        tested
    }
}

/// A line of the log channel. Who it is for is said by the row of contacts.csv; the name alone where the log may say it.
#[derive(Serialize)]
struct LineJson<'a, T> {
    contact: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<&'a str>,
    #[serde(flatten)]
    said: &'a T,
}
