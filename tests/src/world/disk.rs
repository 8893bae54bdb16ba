//! A disk in memory that tears, loses, refuses and fills up as a seed says: the journal's [`Disk`] in a simulated world.
//!
//! A file is what is durable, what memory shows, and the changes between the two in their order; a name is durable only
//! once its folder was synced. [`SimulatedDisk::crash`] keeps any of what was not synced. What a fault of this disk
//! does is what the manuals allow a real one to do, never more. Next: [`super::faults`] for when it does so, `inode` for
//! one file.

use super::faults::{Fault, Faults};
use super::inode::{Change, Inode};
use engine::journal::IoFault;
use engine::journal::disk::{Access, Disk, DiskFile, Held, Space};
use engine::journal::lock::LockError;
use loadgen::random::Random;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A defect of the disk that no recovery could be right about: for showing that the checkers see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// A sync says that all is durable and does nothing.
    NoSync,
    /// A sync makes durable only what was there at the sync before it: replies leave before their records are safe.
    LateSync,
    /// Names are said to be durable and are not.
    NoFolderSync,
}

/// What was done to names since they were last durable.
#[derive(Clone, Debug)]
enum Renaming {
    Folder(PathBuf),
    Put { path: PathBuf, file: u64 },
    Moved { from: PathBuf, to: PathBuf },
    Gone(PathBuf),
}

impl Renaming {
    /// The folder whose sync makes it durable.
    fn folder(&self) -> Option<&Path> {
        match self {
            Renaming::Folder(path) | Renaming::Put { path, .. } | Renaming::Gone(path) => {
                path.parent()
            }
            Renaming::Moved { to, .. } => to.parent(),
        }
    }
}

/// Names, and what is behind them.
#[derive(Clone, Debug, Default)]
struct Names {
    folders: BTreeSet<PathBuf>,
    files: BTreeMap<PathBuf, u64>,
}

impl Names {
    fn apply(&mut self, renaming: &Renaming) {
        match renaming {
            Renaming::Folder(path) => {
                self.folders.insert(path.clone());
            }
            Renaming::Put { path, file } => {
                self.files.insert(path.clone(), *file);
            }
            Renaming::Moved { from, to } => {
                if let Some(file) = self.files.remove(from) {
                    self.files.insert(to.clone(), file);
                }
            }
            Renaming::Gone(path) => {
                self.files.remove(path);
            }
        }
    }
}

#[derive(Debug)]
struct State {
    faults: Faults,
    files: BTreeMap<u64, Inode>,
    shown: Names,
    durable: Names,
    renamings: Vec<Renaming>,
    files_made: u64,
    room: u64,
    locked: BTreeSet<PathBuf>,
    /// Which start of the machine this is: what was opened before a crash is dead after it.
    power: u64,
    lie: Option<Lie>,
}

/// The disk; copies are the same disk.
#[derive(Clone, Debug)]
pub struct SimulatedDisk(Arc<Mutex<State>>);

/// All the room there is, unless somebody fills it.
const ROOM_BYTES: u64 = 1 << 30;

impl SimulatedDisk {
    /// An empty disk on which nothing fails yet.
    pub fn new(seed: u64) -> SimulatedDisk {
        let root = Names {
            folders: BTreeSet::from([PathBuf::from("/")]),
            files: BTreeMap::new(),
        };
        SimulatedDisk(Arc::new(Mutex::new(State {
            faults: Faults::new(seed),
            files: BTreeMap::new(),
            shown: root.clone(),
            durable: root,
            renamings: Vec::new(),
            files_made: 0,
            room: ROOM_BYTES,
            locked: BTreeSet::new(),
            power: 0,
            lie: None,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the faults, or changes when they come.
    pub fn faults<T>(&self, with: impl FnOnce(&mut Faults) -> T) -> T {
        with(&mut self.state().faults)
    }

    /// Makes it lie from here on.
    pub fn lie(&self, lie: Lie) {
        self.state().lie = Some(lie);
    }

    /// Leaves so many bytes free; `None`: as many as there are.
    pub fn leave_free(&self, bytes: Option<u64>) {
        let mut state = self.state();
        state.room = bytes.map_or(ROOM_BYTES, |bytes| state.used() + bytes);
    }

    /// The process that wrote is gone and the machine runs on: memory keeps what was written, locks end.
    pub fn kill(&self) {
        let mut state = self.state();
        state.locked.clear();
        state.faults.restore_power();
    }

    /// The power is gone: of what was not synced any part is lost.
    pub fn crash(&self) {
        let mut state = self.state();
        let state = &mut *state;
        state.power += 1;
        state.locked.clear();
        state.faults.restore_power();
        for renaming in std::mem::take(&mut state.renamings) {
            if state.faults.keeps_name() {
                state.durable.apply(&renaming);
            }
        }
        let (folders, files) = (&state.durable.folders, &mut state.durable.files);
        files.retain(|path, _| path.parent().is_none_or(|above| folders.contains(above)));
        state.shown = state.durable.clone();
        let kept: BTreeSet<u64> = state.shown.files.values().copied().collect();
        state.files.retain(|id, _| kept.contains(id));
        for inode in state.files.values_mut() {
            inode.crash(&mut state.faults);
        }
    }

    /// Flips one bit of a file whose name ends so, on the disk and in memory; says where, so that it can be flipped back.
    pub fn flip(&self, random: &mut Random, ending: &str) -> Option<Flip> {
        let mut state = self.state();
        let state = &mut *state;
        let mut paths = state.shown.files.keys();
        let paths: Vec<PathBuf> = paths
            .by_ref()
            .filter(|path| path.to_string_lossy().ends_with(ending))
            .cloned()
            .collect();
        let path = random.pick(&paths)?.clone();
        let inode = state.files.get(state.shown.files.get(&path)?)?;
        let used = inode.used();
        if used == 0 {
            return None;
        }
        let offset = random.below(used as u64) as usize;
        let flip = Flip {
            path,
            offset,
            was: inode.byte(offset),
            mask: 1 << random.below(8),
        };
        state.faults.count(Fault::FlippedBit);
        state.flip(&flip);
        Some(flip)
    }

    /// Flips a bit back, unless something else was written there since.
    pub fn unflip(&self, flip: &Flip) {
        let mut state = self.state();
        let state = &mut *state;
        let inode = state.shown.files.get(&flip.path);
        if let Some(inode) = inode.and_then(|id| state.files.get_mut(id)) {
            inode.unflip(flip.offset, flip.was, flip.mask);
        }
    }

    fn act(&self, power: u64, fault: Option<Fault>) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        if power != state.power {
            return Err(io::Error::other(
                "the machine was off since this was opened",
            ));
        }
        state.faults.act(fault)?;
        Ok(state)
    }
}

/// Where a bit was flipped.
#[derive(Clone, Debug)]
pub struct Flip {
    /// The file.
    pub path: PathBuf,
    /// The byte.
    pub offset: usize,
    was: u8,
    mask: u8,
}

impl State {
    fn used(&self) -> u64 {
        self.files.values().map(|inode| inode.length() as u64).sum()
    }

    fn rename(&mut self, renaming: Renaming) {
        self.shown.apply(&renaming);
        self.renamings.push(renaming);
    }

    fn flip(&mut self, flip: &Flip) {
        let inode = self.shown.files.get(&flip.path);
        if let Some(inode) = inode.and_then(|id| self.files.get_mut(id)) {
            inode.flip(flip.offset, flip.mask);
        }
    }

    fn inode(&mut self, id: u64) -> io::Result<&mut Inode> {
        let gone = || io::Error::new(ErrorKind::NotFound, "the file is gone");
        self.files.get_mut(&id).ok_or_else(gone)
    }

    /// Changes a file, as far as there is room.
    fn change(&mut self, id: u64, change: Change) -> io::Result<()> {
        let (used, room) = (self.used(), self.room);
        let inode = self.inode(id)?;
        let grows = change.end().saturating_sub(inode.length()) as u64;
        if used + grows > room {
            self.faults.count(Fault::FullDisk);
            return Err(ErrorKind::StorageFull.into());
        }
        inode.change(change);
        Ok(())
    }
}

impl Disk for SimulatedDisk {
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        let power = self.state().power;
        let mut state = self.act(power, None)?;
        let mut above: Vec<&Path> = folder.ancestors().collect();
        above.reverse();
        for path in above {
            if !state.shown.folders.contains(path) {
                state.rename(Renaming::Folder(path.to_path_buf()));
            }
        }
        Ok(())
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        let power = self.state().power;
        let state = self.act(power, Some(Fault::ListError))?;
        if !state.shown.folders.contains(folder) {
            return Err(ErrorKind::NotFound.into());
        }
        let within = state
            .shown
            .files
            .keys()
            .chain(&state.shown.folders)
            .filter(|path| path.parent() == Some(folder));
        let names = within.filter_map(|path| path.file_name()?.to_str().map(str::to_owned));
        Ok(names.collect())
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn DiskFile>> {
        let power = self.state().power;
        let mut state = self.act(power, Some(Fault::OpenError))?;
        let known = state.shown.files.get(path).copied();
        let file = match (access, known) {
            (Access::Read | Access::Write, Some(file)) => file,
            (Access::Read | Access::Write, None) => return Err(ErrorKind::NotFound.into()),
            (Access::Create, Some(file)) => {
                state.change(file, Change::Length(0))?;
                file
            }
            (Access::Create, None) => {
                if path
                    .parent()
                    .is_some_and(|above| !state.shown.folders.contains(above))
                {
                    return Err(ErrorKind::NotFound.into());
                }
                state.files_made += 1;
                let file = state.files_made;
                state.files.insert(file, Inode::default());
                let path = path.to_path_buf();
                state.rename(Renaming::Put { path, file });
                file
            }
        };
        let disk = self.clone();
        Ok(Box::new(SimulatedFile { disk, power, file }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let power = self.state().power;
        let mut state = self.act(power, Some(Fault::RenameError))?;
        if !state.shown.files.contains_key(from) {
            return Err(ErrorKind::NotFound.into());
        }
        let (from, to) = (from.to_path_buf(), to.to_path_buf());
        state.rename(Renaming::Moved { from, to });
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let power = self.state().power;
        let mut state = self.act(power, Some(Fault::RenameError))?;
        if !state.shown.files.contains_key(path) {
            return Err(ErrorKind::NotFound.into());
        }
        state.rename(Renaming::Gone(path.to_path_buf()));
        Ok(())
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let power = self.state().power;
        let mut state = self.act(power, Some(Fault::FolderSyncError))?;
        if state.lie == Some(Lie::NoFolderSync) {
            return Ok(());
        }
        let state = &mut *state;
        let renamings = std::mem::take(&mut state.renamings);
        for renaming in renamings {
            if renaming.folder() == Some(folder) {
                state.durable.apply(&renaming);
            } else {
                state.renamings.push(renaming);
            }
        }
        Ok(())
    }

    fn lock(&self, path: &Path) -> Result<Box<dyn Held>, LockError> {
        let mut state = self.state();
        let asked = state.faults.act(Some(Fault::OpenError));
        asked.map_err(IoFault::at("lock", path))?;
        if !state.locked.insert(path.to_path_buf()) {
            return Err(LockError::Held {
                folder: path.parent().unwrap_or(path).to_path_buf(),
                holder: "this world".into(),
            });
        }
        let (disk, path) = (self.clone(), path.to_path_buf());
        Ok(Box::new(Lock { disk, path }))
    }

    fn space(&self, _folder: &Path) -> io::Result<Space> {
        let power = self.state().power;
        let state = self.act(power, None)?;
        Ok(Space {
            free: state.room.saturating_sub(state.used()),
            whole: ROOM_BYTES,
        })
    }
}

#[derive(Debug)]
struct Lock {
    disk: SimulatedDisk,
    path: PathBuf,
}

impl Held for Lock {}

impl Drop for Lock {
    fn drop(&mut self) {
        self.disk.state().locked.remove(&self.path);
    }
}

#[derive(Debug)]
struct SimulatedFile {
    disk: SimulatedDisk,
    power: u64,
    file: u64,
}

impl SimulatedFile {
    fn act(&self, fault: Option<Fault>) -> io::Result<MutexGuard<'_, State>> {
        self.disk.act(self.power, fault)
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        let failed = self.power == state.power && state.faults.is_due(Fault::SyncError);
        if self.power == state.power && state.faults.refuses_next() {
            // What it was for counts as clean from here on, as after any sync that failed.
            let state = &mut *state;
            if let Some(inode) = state.files.get_mut(&self.file) {
                inode.sync_failed(&mut state.faults);
            }
            state.faults.count(Fault::SyncError);
        }
        drop(state);
        let mut state = self.act(None)?;
        let state = &mut *state;
        let inode = state.files.get_mut(&self.file);
        let inode = inode.ok_or_else(|| io::Error::from(ErrorKind::NotFound))?;
        if failed {
            inode.sync_failed(&mut state.faults);
            state.faults.count(Fault::SyncError);
            return Err(io::Error::other("a sync error, as the seed says"));
        }
        match state.lie {
            None | Some(Lie::NoFolderSync) => inode.sync(),
            Some(Lie::NoSync) => {}
            Some(Lie::LateSync) => inode.sync_late(),
        }
        Ok(())
    }
}

impl DiskFile for SimulatedFile {
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut state = self.act(Some(Fault::ReadError))?;
        let short = into.len() > 1 && state.faults.is_due(Fault::ShortRead);
        let most = if short {
            state.faults.count(Fault::ShortRead);
            into.len() / 2
        } else {
            into.len()
        };
        Ok(state
            .inode(self.file)?
            .read(&mut into[..most], offset as usize))
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let offset = offset as usize;
        let mut state = self.disk.state();
        if self.power == state.power && state.faults.tears_next() {
            let some = state.faults.part_of(bytes.len());
            let bytes = bytes[..some].to_vec();
            state.change(self.file, Change::Bytes { offset, bytes })?;
        }
        drop(state);
        let mut state = self.act(Some(Fault::WriteError))?;
        if state.faults.is_due(Fault::ShortWrite) {
            state.faults.count(Fault::ShortWrite);
            let some = state.faults.part_of(bytes.len());
            let bytes = bytes[..some].to_vec();
            state.change(self.file, Change::Bytes { offset, bytes })?;
            return Err(io::Error::other("a short write, as the seed says"));
        }
        let bytes = bytes.to_vec();
        state.change(self.file, Change::Bytes { offset, bytes })
    }

    fn length(&self) -> io::Result<u64> {
        let mut state = self.act(None)?;
        Ok(state.inode(self.file)?.length() as u64)
    }

    fn set_length(&self, bytes: u64) -> io::Result<()> {
        let mut state = self.act(Some(Fault::WriteError))?;
        state.change(self.file, Change::Length(bytes as usize))
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        let mut state = self.act(Some(Fault::WriteError))?;
        let length = state.inode(self.file)?.length().max(bytes as usize);
        state.change(self.file, Change::Length(length))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.sync()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync()
    }

    fn distrust_memory(&self) -> io::Result<()> {
        let mut state = self.act(None)?;
        state.inode(self.file)?.distrust_memory();
        Ok(())
    }
}
