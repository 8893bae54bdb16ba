//! 通讯录: whom an order goes to, by role, with times of validity and the channels that reach them (J6).
//!
//! Read from `contacts.csv` of a city's folder (`reading`); looked over by [`Contacts::audit`]. It is no part of the city that
//! a centre is opened with: people come and go while a centre runs, no decision rests on them, and names and addresses stay out
//! of the journal. Whom to tell of an order is asked here ([`Contacts::told_at`]); telling them is the gateway's.

mod address;
mod audit;
mod example;
mod reading;

pub use address::{AddressError, PushAddress};
pub use example::example;

use crate::kind::{Agency, vocabulary};
use crate::moment::Moment;
use crate::name::Name;
use crate::order::Rung;
use std::collections::BTreeMap;
use std::fmt;

/// The file's name in a city's folder; it may be missing.
pub const FILE: &str = "contacts.csv";
/// The most rows that are read.
pub const ROWS_MAX: usize = 400_000;

vocabulary! {
    /// What somebody is told as.
    ContactRole {
        /// Goes: told with the order itself.
        Team = "team",
        /// Commands the team: told with the order itself, at the same moment.
        Commander = "commander",
        /// Told when nobody has acknowledged (X11).
        Deputy = "deputy",
        /// Told after the deputy; of the centre, whenever nobody else can be told.
        DutyLeader = "duty_leader",
    }
}

vocabulary! {
    /// How somebody is told. Another way, such as short messages, is a code here and a file of the gateway's `channels`.
    ChannelKind {
        /// Over a subscription of the unit's own device.
        Subscribe = "subscribe",
        /// By an HTTP request to an address.
        Push = "push",
        /// By a line in a file that something else reads.
        Log = "log",
    }
}

/// Whose contact somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// One unit's.
    Unit(Name),
    /// That of all units of an agency that have nobody of their own in the role.
    Agency(Agency),
    /// The centre's own duty leader.
    Centre,
}

/// Which row of the file: its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContactId(pub u32);

impl fmt::Display for ContactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Hours of the local day, in minutes: from the first to before the second, which may be past midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// The first minute.
    pub from_min: u16,
    /// The minute after the last; below the first it is the next day's, equal to it all day is meant.
    pub to_min: u16,
}

impl Hours {
    /// Whether a minute of the day is within them.
    pub const fn hold(self, minute: u16) -> bool {
        if self.from_min < self.to_min {
            self.from_min <= minute && minute < self.to_min
        } else {
            minute >= self.from_min || minute < self.to_min
        }
    }
}

/// One way to one person, in one role.
///
/// `Debug` says neither name nor address, so that no log holds them by mistake.
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    /// The line it stands in.
    pub id: ContactId,
    /// Whose it is.
    pub whose: Whose,
    /// What the person is told as.
    pub role: ContactRole,
    /// Who it is.
    pub name: Name,
    /// How the person is told.
    pub channel: ChannelKind,
    /// Where a push goes; `None` for the other channels.
    pub address: Option<PushAddress>,
    /// It holds from here on.
    pub valid_from: Option<Moment>,
    /// It does not hold from here on.
    pub valid_until: Option<Moment>,
    /// It holds at these hours; `None` is always.
    pub hours: Option<Hours>,
    /// When somebody last answered a test.
    pub tested_at: Option<Moment>,
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Contact({}, {}, {})", self.id, self.role, self.channel)
    }
}

impl Contact {
    /// Whether its days hold, whatever the hour.
    pub fn is_valid(&self, at: Moment) -> bool {
        self.valid_from.is_none_or(|from| from <= at)
            && self.valid_until.is_none_or(|until| at < until)
    }
}

/// Everybody who can be told, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contacts {
    rows: Vec<Contact>,
    /// Rows by whose they are and the role.
    by_role: BTreeMap<(Whose, ContactRole), Vec<usize>>,
    utc_offset_min: i32,
}

impl Contacts {
    /// These rows, of a city with this offset from UTC.
    pub fn new(rows: Vec<Contact>, utc_offset_min: i32) -> Contacts {
        let mut by_role: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (place, row) in rows.iter().enumerate() {
            by_role
                .entry((row.whose, row.role))
                .or_default()
                .push(place);
        }
        Contacts {
            rows,
            by_role,
            utc_offset_min,
        }
    }

    /// Every row, in the order of the file.
    pub fn rows(&self) -> &[Contact] {
        &self.rows
    }

    /// Whether nobody can be told.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The row of this id.
    pub fn get(&self, id: ContactId) -> Option<&Contact> {
        let place = self.rows.binary_search_by_key(&id, |row| row.id).ok()?;
        self.rows.get(place)
    }

    /// Whether a row may be used at this moment: its days hold, and so do its hours (J6).
    pub fn holds(&self, row: &Contact, at: Moment) -> bool {
        let minute = at.minute_of_day(self.utc_offset_min);
        row.is_valid(at) && row.hours.is_none_or(|hours| hours.hold(minute))
    }

    /// Everybody in a role of a unit for whom `usable` holds: its own people, else those of its agency, and for the duty
    /// leader, else the centre's own.
    fn in_role(
        &self,
        (unit, agency): (Name, Agency),
        role: ContactRole,
        usable: impl Fn(&Contact) -> bool,
    ) -> Vec<&Contact> {
        let centre = (role == ContactRole::DutyLeader).then_some(Whose::Centre);
        let nearest_first = [Some(Whose::Unit(unit)), Some(Whose::Agency(agency)), centre];
        for whose in nearest_first.into_iter().flatten() {
            let places = self.by_role.get(&(whose, role)).into_iter().flatten();
            let rows = places.filter_map(|&place| self.rows.get(place));
            let found: Vec<_> = rows.filter(|row| usable(row)).collect();
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    /// Everybody who is told of an order of this unit on this rung of the ladder, each over all channels of theirs at once,
    /// with nobody between (X2): team and commander with the order, then who stands on the rung (X11). Where nobody is to
    /// be had for a rung the duty leader is told instead, so that a rung is never climbed in silence.
    pub fn told_at(&self, unit: (Name, Agency), rung: Rung, at: Moment) -> Vec<&Contact> {
        let roles: &[ContactRole] = match rung {
            Rung::Primary => &[ContactRole::Team, ContactRole::Commander],
            Rung::Deputy => &[ContactRole::Deputy],
            Rung::DutyLeader => &[ContactRole::DutyLeader],
            // The order goes to another unit, whose own people are told of it.
            Rung::NextUnit => return Vec::new(),
        };
        let in_role = |role| self.in_role(unit, role, |row| self.holds(row, at));
        let told: Vec<_> = roles.iter().flat_map(|&role| in_role(role)).collect();
        if told.is_empty() {
            in_role(ContactRole::DutyLeader)
        } else {
            told
        }
    }
}

#[cfg(test)]
mod tests;
