//! The seam between the journal and the disk: all that the journal ever asks of a file system.
//!
//! [`MachineDisk`] is the real one and adds nothing to the system calls; a simulated world brings its own, which tears,
//! loses and refuses. A [`Folder`] is a place on one of them. Errors name the file and what was tried ([`IoFault`]).

use super::IoFault;
use super::lock::LockError;
use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// To be read; it must be there.
    Read,
    /// To be read and written; it must be there.
    Write,
    /// To be written, empty at first, for nobody else's eyes.
    Create,
}

/// Room on a disk, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// What may still be written.
    pub free: u64,
    /// All there is.
    pub whole: u64,
}

/// What is held as long as a folder is locked.
pub trait Held: Send + Sync + fmt::Debug {}

/// A file system.
pub trait Disk: Send + Sync + fmt::Debug {
    /// Creates a folder and those above it, for nobody else's eyes; one that is there is left as it is.
    fn make_folder(&self, folder: &Path) -> io::Result<()>;
    /// The names in a folder, in no order; those that are not UTF-8 are left out.
    fn names(&self, folder: &Path) -> io::Result<Vec<String>>;
    /// Opens a file.
    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn DiskFile>>;
    /// Gives a file another name, at once or not at all.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// Takes the exclusive lock that this file stands for.
    fn lock(&self, path: &Path) -> Result<Box<dyn Held>, LockError>;
    /// How much room there is where a folder lies.
    fn space(&self, folder: &Path) -> io::Result<Space>;
}

/// An open file of a [`Disk`].
pub trait DiskFile: Send + Sync + fmt::Debug {
    /// Reads what is there at an offset, perhaps less than asked; 0 at the end.
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes all of it at an offset.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Its length in bytes.
    fn length(&self) -> io::Result<u64>;
    /// Cuts it off, or lengthens it with zeros.
    fn set_length(&self, bytes: u64) -> io::Result<()>;
    /// Reserves room for so many bytes; does nothing where the file system cannot.
    fn allocate(&self, bytes: u64) -> io::Result<()>;
    /// Makes its content durable, and its length where that is needed to read it.
    fn sync_data(&self) -> io::Result<()>;
    /// Makes its content and all about it durable.
    fn sync_all(&self) -> io::Result<()>;
    /// Forgets what memory holds of it and is clean, so that what is read next is what the disk has.
    fn distrust_memory(&self) -> io::Result<()>;
}

/// The disk of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct MachineDisk;

impl Held for File {}

impl Disk for MachineDisk {
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            names.extend(entry?.file_name().into_string().ok());
        }
        Ok(names)
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        match access {
            Access::Read => options.read(true),
            Access::Write => options.read(true).write(true),
            Access::Create => options.write(true).create(true).truncate(true).mode(0o600),
        };
        Ok(Box::new(options.open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    fn lock(&self, path: &Path) -> Result<Box<dyn Held>, LockError> {
        super::lock::take(path)
    }

    fn space(&self, folder: &Path) -> io::Result<Space> {
        let found = rustix::fs::statvfs(folder)?;
        Ok(Space {
            free: found.f_bavail.saturating_mul(found.f_frsize),
            whole: found.f_blocks.saturating_mul(found.f_frsize),
        })
    }
}

impl DiskFile for File {
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, into, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        FileExt::write_all_at(self, bytes, offset)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn set_length(&self, bytes: u64) -> io::Result<()> {
        self.set_len(bytes)
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        match rustix::fs::fallocate(self, rustix::fs::FallocateFlags::empty(), 0, bytes) {
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => Ok(()),
            done => Ok(done?),
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        File::sync_data(self)
    }

    fn sync_all(&self) -> io::Result<()> {
        File::sync_all(self)
    }

    fn distrust_memory(&self) -> io::Result<()> {
        Ok(rustix::fs::fadvise(
            self,
            0,
            None,
            rustix::fs::Advice::DontNeed,
        )?)
    }
}

/// A folder on a disk.
#[derive(Clone, Debug)]
pub struct Folder {
    disk: Arc<dyn Disk>,
    path: PathBuf,
}

impl From<PathBuf> for Folder {
    fn from(path: PathBuf) -> Folder {
        Folder::new(Arc::new(MachineDisk), path)
    }
}

impl From<&Path> for Folder {
    fn from(path: &Path) -> Folder {
        Folder::from(path.to_path_buf())
    }
}

impl From<&PathBuf> for Folder {
    fn from(path: &PathBuf) -> Folder {
        Folder::from(path.clone())
    }
}

impl From<&Folder> for Folder {
    fn from(folder: &Folder) -> Folder {
        folder.clone()
    }
}

impl Folder {
    /// That folder on that disk.
    pub fn new(disk: Arc<dyn Disk>, path: PathBuf) -> Folder {
        Folder { disk, path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of this name in it.
    pub fn within(&self, name: &str) -> Folder {
        Folder::new(Arc::clone(&self.disk), self.path.join(name))
    }

    /// Creates it and those above it, and makes its name durable.
    pub fn make(&self) -> Result<(), IoFault> {
        self.disk
            .make_folder(&self.path)
            .map_err(IoFault::at("create folder", &self.path))?;
        match self
            .path
            .parent()
            .filter(|above| !above.as_os_str().is_empty())
        {
            Some(above) => self
                .disk
                .sync_folder(above)
                .map_err(IoFault::at("sync folder", above)),
            None => Ok(()),
        }
    }

    /// The names in it, in no order.
    pub fn names(&self) -> Result<Vec<String>, IoFault> {
        self.disk
            .names(&self.path)
            .map_err(IoFault::at("list", &self.path))
    }

    /// Opens a file in it.
    pub fn open(&self, name: &str, access: Access) -> Result<OpenFile, IoFault> {
        let path = self.path.join(name);
        let doing = match access {
            Access::Read | Access::Write => "open",
            Access::Create => "create",
        };
        let opened = self.disk.open(&path, access);
        let file = opened.map_err(IoFault::at(doing, &path))?;
        Ok(OpenFile { path, file })
    }

    /// Gives a file in it another name. Durable only after [`Folder::sync`].
    pub fn rename(&self, from: &str, to: &str) -> Result<(), IoFault> {
        let to = self.path.join(to);
        self.disk
            .rename(&self.path.join(from), &to)
            .map_err(IoFault::at("rename to", &to))
    }

    /// Removes a file in it; one that is not there is no error.
    pub fn remove(&self, name: &str) -> Result<(), IoFault> {
        let path = self.path.join(name);
        match self.disk.remove(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(IoFault::at("remove", &path)(error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Makes the names in it durable.
    pub fn sync(&self) -> Result<(), IoFault> {
        self.disk
            .sync_folder(&self.path)
            .map_err(IoFault::at("sync folder", &self.path))
    }

    /// Takes the exclusive lock that a file in it stands for.
    pub fn lock(&self, name: &str) -> Result<Box<dyn Held>, LockError> {
        self.disk.lock(&self.path.join(name))
    }

    /// How much room there is.
    pub fn space(&self) -> Result<Space, IoFault> {
        self.disk
            .space(&self.path)
            .map_err(IoFault::at("look at the room of", &self.path))
    }

    /// Writes a whole file under a name that appears only once its content is durable.
    pub fn write_durably(&self, name: &str, bytes: &[u8]) -> Result<(), IoFault> {
        let unnamed = format!("{name}.new");
        let file = self.open(&unnamed, Access::Create)?;
        file.write(bytes, 0)?;
        file.sync_all()?;
        self.rename(&unnamed, name)?;
        self.sync()
    }
}

/// An open file that knows its name.
#[derive(Debug)]
pub struct OpenFile {
    path: PathBuf,
    file: Box<dyn DiskFile>,
}

impl OpenFile {
    /// Fills `into` from an offset as far as the file goes; the number of bytes.
    pub fn read(&self, into: &mut [u8], offset: u64) -> Result<usize, IoFault> {
        let mut done = 0;
        while done < into.len() {
            match self.file.read_at(&mut into[done..], offset + done as u64) {
                Ok(0) => break,
                Ok(read) => done += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(IoFault::at("read", &self.path)(error)),
            }
        }
        Ok(done)
    }

    /// All of it, unless it is longer than `bytes_max`: then one byte more than that.
    pub fn read_whole(&self, bytes_max: u64) -> Result<Vec<u8>, IoFault> {
        let length = self.length()?.min(bytes_max + 1);
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        let read = self.read(&mut bytes, 0)?;
        bytes.truncate(read);
        Ok(bytes)
    }

    /// Writes at an offset.
    pub fn write(&self, bytes: &[u8], offset: u64) -> Result<(), IoFault> {
        self.file
            .write_all_at(bytes, offset)
            .map_err(IoFault::at("write", &self.path))
    }

    /// Its length in bytes.
    pub fn length(&self) -> Result<u64, IoFault> {
        self.file
            .length()
            .map_err(IoFault::at("look at", &self.path))
    }

    /// Cuts it off, or lengthens it with zeros.
    pub fn set_length(&self, bytes: u64) -> Result<(), IoFault> {
        self.file
            .set_length(bytes)
            .map_err(IoFault::at("set the length of", &self.path))
    }

    /// Reserves room.
    pub fn allocate(&self, bytes: u64) -> Result<(), IoFault> {
        self.file
            .allocate(bytes)
            .map_err(IoFault::at("allocate", &self.path))
    }

    /// Makes its content durable.
    pub fn sync_data(&self) -> Result<(), IoFault> {
        self.file
            .sync_data()
            .map_err(IoFault::at("sync", &self.path))
    }

    /// Makes its content and all about it durable.
    pub fn sync_all(&self) -> Result<(), IoFault> {
        self.file
            .sync_all()
            .map_err(IoFault::at("sync", &self.path))
    }

    /// Forgets what memory holds of it and is clean. After a failed sync, pages that never reached the disk count as
    /// clean: a recovery must not believe them.
    pub fn distrust_memory(&self) -> Result<(), IoFault> {
        self.file
            .distrust_memory()
            .map_err(IoFault::at("drop cached pages of", &self.path))
    }
}
