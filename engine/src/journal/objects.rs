//! What decisions were made with (plans, lexicons, cities, roads), kept by content hash in `objects/`.
//!
//! An object never changes and is never removed while a segment names it. Reading checks the hash, so a changed
//! object is an error and never another plan.

use super::IoFault;
use super::disk::{Access, Folder};
use crate::id::ObjectHash;
use std::io::ErrorKind;
use std::path::PathBuf;

/// The largest object.
pub const OBJECT_BYTES_MAX: u64 = 64 << 20;

/// Why an object cannot be kept or had.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// It is not there.
    #[error("the object {hash} is missing in {}; the journal names it: bring it back", folder.display())]
    Missing {
        /// Which.
        hash: ObjectHash,
        /// Where it should be.
        folder: PathBuf,
    },
    /// It is not what its name says.
    #[error("the object {} is damaged: its content has the hash {found}; bring it back from a copy", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What it is now.
        found: ObjectHash,
    },
    /// It is too large.
    #[error("an object has {bytes} bytes; at most {OBJECT_BYTES_MAX} are kept")]
    Large {
        /// Its size.
        bytes: u64,
    },
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] IoFault),
}

/// The store of objects beside a journal.
#[derive(Clone, Debug)]
pub struct Objects {
    folder: Folder,
}

/// The name of these bytes.
pub fn object_hash(bytes: &[u8]) -> ObjectHash {
    ObjectHash(*blake3::hash(bytes).as_bytes())
}

impl Objects {
    /// The store of the journal in this folder. Touches nothing, so that a reader may have one.
    pub fn of(journal: impl Into<Folder>) -> Objects {
        Objects {
            folder: journal.into().within("objects"),
        }
    }

    /// Keeps these bytes, durably, and returns their name. Of what is there already only the name is made durable: whoever
    /// kept it first may have been stopped before that.
    pub fn put(&self, bytes: &[u8]) -> Result<ObjectHash, ObjectError> {
        if bytes.len() as u64 > OBJECT_BYTES_MAX {
            return Err(ObjectError::Large {
                bytes: bytes.len() as u64,
            });
        }
        let hash = object_hash(bytes);
        match self.get(hash) {
            Ok(_) => {
                self.folder.sync()?;
                return Ok(hash);
            }
            // A damaged one is mended by what it should have been.
            Err(
                ObjectError::Missing { .. }
                | ObjectError::Damaged { .. }
                | ObjectError::Large { .. },
            ) => {}
            Err(error @ ObjectError::Io(_)) => return Err(error),
        }
        self.folder.make()?;
        self.folder.write_durably(&hash.to_string(), bytes)?;
        Ok(hash)
    }

    /// The bytes with this name.
    pub fn get(&self, hash: ObjectHash) -> Result<Vec<u8>, ObjectError> {
        let file = match self.folder.open(&hash.to_string(), Access::Read) {
            Ok(file) => file,
            Err(fault) if fault.source.kind() == ErrorKind::NotFound => {
                return Err(ObjectError::Missing {
                    hash,
                    folder: self.folder.path().to_path_buf(),
                });
            }
            Err(fault) => return Err(fault.into()),
        };
        let bytes = file.read_whole(OBJECT_BYTES_MAX)?;
        if bytes.len() as u64 > OBJECT_BYTES_MAX {
            return Err(ObjectError::Large {
                bytes: bytes.len() as u64,
            });
        }
        let found = object_hash(&bytes);
        if found == hash {
            Ok(bytes)
        } else {
            let path = self.path(hash);
            Err(ObjectError::Damaged { path, found })
        }
    }

    /// The file that holds, or would hold, this object.
    pub fn path(&self, hash: ObjectHash) -> PathBuf {
        self.folder.path().join(hash.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_had_by_its_name_and_only_whole() {
        let journal = tempfile::tempdir().unwrap();
        let objects = Objects::of(journal.path());
        let plan = objects.put(b"plan").unwrap();
        assert_eq!(objects.put(b"plan").unwrap(), plan);
        assert_eq!(objects.get(plan).unwrap(), b"plan");
        assert_eq!(plan, object_hash(b"plan"));
        let names = std::fs::read_dir(journal.path().join("objects"))
            .unwrap()
            .count();
        assert_eq!(names, 1, "nothing is left beside it");

        std::fs::write(objects.path(plan), b"plot").unwrap();
        assert!(matches!(
            objects.get(plan),
            Err(ObjectError::Damaged { .. })
        ));
        objects.put(b"plan").unwrap();
        assert_eq!(
            objects.get(plan).unwrap(),
            b"plan",
            "keeping it again mends it"
        );
    }

    #[test]
    fn what_is_missing_or_too_large_is_said() {
        let journal = tempfile::tempdir().unwrap();
        let objects = Objects::of(journal.path());
        assert!(matches!(
            objects.get(object_hash(b"x")),
            Err(ObjectError::Missing { .. })
        ));
        let large = vec![0; OBJECT_BYTES_MAX as usize + 1];
        assert!(matches!(
            objects.put(&large),
            Err(ObjectError::Large { .. })
        ));
    }
}
