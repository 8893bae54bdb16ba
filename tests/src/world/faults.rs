//! When the simulated disk fails, and how: drawn from a seed, counted by name.

use loadgen::random::Random;
use std::collections::BTreeMap;
use std::io;

/// What a disk does to those who trust it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A write is refused.
    WriteError,
    /// A write is refused after a part of it.
    ShortWrite,
    /// A sync is refused; what it was for counts as clean and is partly lost.
    SyncError,
    /// The sync of a folder is refused.
    FolderSyncError,
    /// A read is refused.
    ReadError,
    /// A read gives less than was asked.
    ShortRead,
    /// A file cannot be opened.
    OpenError,
    /// A folder cannot be listed.
    ListError,
    /// A name cannot be changed.
    RenameError,
    /// There is no room.
    FullDisk,
    /// The power went in the middle of what was being done.
    PowerCut,
    /// At a crash: a write is lost.
    LostWrite,
    /// At a crash: a write arrived in part.
    TornWrite,
    /// At a crash: a name is lost.
    LostName,
    /// At a crash: a name is kept though its folder was not synced.
    KeptName,
    /// A bit of what was durable is another.
    FlippedBit,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 16] = [
        Fault::WriteError,
        Fault::ShortWrite,
        Fault::SyncError,
        Fault::FolderSyncError,
        Fault::ReadError,
        Fault::ShortRead,
        Fault::OpenError,
        Fault::ListError,
        Fault::RenameError,
        Fault::FullDisk,
        Fault::PowerCut,
        Fault::LostWrite,
        Fault::TornWrite,
        Fault::LostName,
        Fault::KeptName,
        Fault::FlippedBit,
    ];

    /// What it is called in a table.
    pub const fn code(self) -> &'static str {
        match self {
            Fault::WriteError => "write_error",
            Fault::ShortWrite => "short_write",
            Fault::SyncError => "sync_error",
            Fault::FolderSyncError => "folder_sync_error",
            Fault::ReadError => "read_error",
            Fault::ShortRead => "short_read",
            Fault::OpenError => "open_error",
            Fault::ListError => "list_error",
            Fault::RenameError => "rename_error",
            Fault::FullDisk => "full_disk",
            Fault::PowerCut => "power_cut",
            Fault::LostWrite => "lost_write",
            Fault::TornWrite => "torn_write",
            Fault::LostName => "lost_name",
            Fault::KeptName => "kept_name",
            Fault::FlippedBit => "flipped_bit",
        }
    }
}

/// How much of what was not synced a crash leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeps {
    All,
    Nothing,
    Prefix,
    Some,
}

/// When which fault comes.
#[derive(Clone, Debug)]
pub struct Faults {
    random: Random,
    /// Of so many acts of a kind one fails; 0: none.
    one_in: BTreeMap<Fault, u64>,
    counts: BTreeMap<Fault, u64>,
    /// Acts until the power goes.
    power_left: Option<u64>,
    is_off: bool,
    /// Acts until one is refused.
    refusal_left: Option<u64>,
    /// The one that is refused is done in part, where that can be.
    tears: bool,
    /// Acts so far.
    acts: u64,
}

impl Faults {
    /// None yet; which come later is drawn from this seed.
    pub fn new(seed: u64) -> Faults {
        Faults {
            random: Random::stream(seed, 0xd15c),
            one_in: BTreeMap::new(),
            counts: BTreeMap::new(),
            power_left: None,
            is_off: false,
            refusal_left: None,
            tears: false,
            acts: 0,
        }
    }

    /// After so many acts more one is refused, whatever it is; then none.
    pub fn refuse_after(&mut self, acts: u64) {
        self.refusal_left = Some(acts);
    }

    /// The same, but a write is refused after a part of it.
    pub fn tear_after(&mut self, acts: u64) {
        self.refuse_after(acts);
        self.tears = true;
    }

    /// Whether the next act is the one that is to be refused.
    pub(super) fn refuses_next(&self) -> bool {
        self.refusal_left == Some(0) && !self.is_off
    }

    /// Whether the next act is the one that is to be refused, after a part of it.
    pub(super) fn tears_next(&self) -> bool {
        self.refuses_next() && self.tears
    }

    /// Acts so far.
    pub fn acts(&self) -> u64 {
        self.acts
    }

    /// Whether the refusal that was asked for has come.
    pub fn has_refused(&self) -> bool {
        self.refusal_left.is_none()
    }

    /// From here on one of so many acts fails so; 0: none.
    pub fn set(&mut self, fault: Fault, one_in: u64) {
        self.one_in.insert(fault, one_in);
    }

    /// Nothing fails any more.
    pub fn cease(&mut self) {
        self.one_in.clear();
        self.power_left = None;
    }

    /// The power goes after so many acts more.
    pub fn cut_power_after(&mut self, acts: u64) {
        self.power_left = Some(acts);
    }

    /// Whether the power went.
    pub fn is_off(&self) -> bool {
        self.is_off
    }

    /// How often what was done.
    pub fn counts(&self) -> &BTreeMap<Fault, u64> {
        &self.counts
    }

    pub(super) fn restore_power(&mut self) {
        self.is_off = false;
        self.power_left = None;
    }

    pub(super) fn count(&mut self, fault: Fault) {
        self.count_of(fault, 1);
    }

    pub(super) fn count_of(&mut self, fault: Fault, times: u64) {
        *self.counts.entry(fault).or_default() += times;
    }

    /// Whether this fault comes now.
    pub(super) fn is_due(&mut self, fault: Fault) -> bool {
        let one_in = self.one_in.get(&fault).copied().unwrap_or(0);
        one_in > 0 && self.random.below(one_in) == 0
    }

    /// One act of the disk: it may fail so, and the power may go before it.
    pub(super) fn act(&mut self, fault: Option<Fault>) -> io::Result<()> {
        self.acts += 1;
        if let Some(left) = &mut self.power_left {
            if *left == 0 {
                self.power_left = None;
                self.is_off = true;
                self.count(Fault::PowerCut);
            } else {
                *left -= 1;
            }
        }
        if self.is_off {
            return Err(io::Error::other("the power is gone, as the seed says"));
        }
        match &mut self.refusal_left {
            Some(0) => {
                self.refusal_left = None;
                return Err(io::Error::other("refused, as it was asked for"));
            }
            Some(left) => *left -= 1,
            None => {}
        }
        match fault.filter(|&fault| self.is_due(fault)) {
            Some(fault) => {
                self.count(fault);
                let says = format!("a {}, as the seed says", fault.code());
                Err(io::Error::other(says))
            }
            None => Ok(()),
        }
    }

    pub(super) fn keeps_name(&mut self) -> bool {
        let keeps = self.random.chance(500);
        self.count(if keeps {
            Fault::KeptName
        } else {
            Fault::LostName
        });
        keeps
    }

    pub(super) fn keeps(&mut self) -> Keeps {
        match self.random.below(8) {
            0 => Keeps::All,
            1 | 2 => Keeps::Nothing,
            3 | 4 => Keeps::Prefix,
            _ => Keeps::Some,
        }
    }

    /// A number from 0 to `whole`.
    pub(super) fn part_of(&mut self, whole: usize) -> usize {
        self.random.below(whole as u64 + 1) as usize
    }
}
