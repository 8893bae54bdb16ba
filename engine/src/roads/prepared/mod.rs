//! The prepared map, `.roads`: a network and what was computed from it once, checked and memory-mapped.
//!
//! ```text
//!       0  magic "LDROADS\0"          8 bytes
//!       8  version                   u32
//!      12  sections, n               u32
//!      16  length of the file        u64
//!      24  zero                      u64
//!      32  n × { name: 24 bytes, zeros behind it · offset: u64 · bytes: u64 · crc32c: u32 · width of an element: u32 }
//!       …  the sections in that order, each at the next multiple of 64, zeros between
//!    -32  seal: BLAKE3 of all before it
//! ```
//!
//! Little-endian throughout. The checksum of a section says where a file is damaged, the seal that it is whole; no byte can
//! be changed unseen. After both, the network is held against its own rules (sorted, in bounds), so that whoever
//! works on it may index without looking. The same map gives the same bytes on every machine. A file is written under
//! another name and renamed; it is never changed in place, so a mapping stays what it was.

mod sections;
mod write;

pub use sections::Sections;
pub use write::WriteError;

use super::network::{
    self, Ban, CLOSED_MS, Edge, EdgeIndex, Network, Node, NodeIndex, NotANetwork, RoadClass,
};
use crate::id::ObjectHash;
use crate::memory::{self, Element, Mapped};
use crate::place::Point;
use std::path::{Path, PathBuf};

/// What begins every such file.
pub const MAGIC: [u8; 8] = *b"LDROADS\0";
/// The version that this release writes and reads.
pub const VERSION: u32 = 1;
/// Sections that one file may have.
pub const SECTIONS_MAX: usize = 64;

/// Bytes before the table of sections.
const HEAD_BYTES: usize = 32;
/// Bytes of one entry of it.
const ENTRY_BYTES: usize = 48;
/// Bytes of a section's name.
const NAME_BYTES: usize = 24;
/// Where sections begin: at multiples of this.
const ALIGN: usize = 64;
/// Bytes of the seal.
const SEAL_BYTES: usize = 32;

/// Why a file is no map that can be used. Build it again with `liandong roads build`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// Another sort of file.
    #[error(
        "byte 0: this is no prepared map (those begin with LDROADS); make one with `liandong roads build`"
    )]
    Foreign,
    /// Another release's.
    #[error("byte 8: its version is {found}, this release reads {VERSION}; build the map again")]
    Version {
        /// What it says.
        found: u32,
    },
    /// A piece of it.
    #[error(
        "byte 16: it says {claimed} bytes and has {found}; it was cut off or added to: build the map again"
    )]
    Length {
        /// What it says.
        claimed: u64,
        /// What it has.
        found: u64,
    },
    /// An entry of the table is none.
    #[error("byte {at}: {wrong}; the file is damaged: build the map again")]
    Table {
        /// Where.
        at: usize,
        /// What is wrong.
        wrong: &'static str,
    },
    /// A section is not what it was.
    #[error("section {name} at byte {at}: damaged (its checksum is wrong); build the map again")]
    Damaged {
        /// Which section.
        name: String,
        /// Where it begins.
        at: u64,
    },
    /// All sections are what they were, what stands between them is not.
    #[error("damaged between the sections (the seal at byte {at} is wrong); build the map again")]
    Seal {
        /// Where the seal stands.
        at: usize,
    },
    /// A section is missing, or not of the shape that it must have.
    #[error("section {name}: {wrong}; build the map again")]
    Section {
        /// Which section.
        name: &'static str,
        /// What is wrong.
        wrong: &'static str,
    },
    /// The network breaks its own rules.
    #[error(transparent)]
    Network(#[from] NotANetwork),
}

/// Why a map cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The operating system refused.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no map.
    #[error("{}: {source}", path.display())]
    Map {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: MapError,
    },
}

/// One entry of the table.
#[derive(Clone, Debug)]
struct Entry {
    name: String,
    at: usize,
    bytes: usize,
    width: usize,
}

/// A prepared map, checked, in memory as it is on disk.
#[derive(Debug)]
pub struct Prepared {
    mapped: Mapped,
    entries: Vec<Entry>,
    hash: ObjectHash,
}

impl Prepared {
    /// Maps a file and checks every byte of it.
    pub fn open(path: &Path) -> Result<Prepared, OpenError> {
        let read = |source| OpenError::Read {
            path: path.to_owned(),
            source,
        };
        let mapped = Mapped::open(path).map_err(read)?;
        Prepared::check(mapped).map_err(|source| OpenError::Map {
            path: path.to_owned(),
            source,
        })
    }

    /// The same from bytes at hand, which are copied.
    pub fn of_bytes(bytes: &[u8]) -> Result<Prepared, MapError> {
        Prepared::check(Mapped::copy(bytes).ok_or(MapError::Foreign)?)
    }

    fn check(mapped: Mapped) -> Result<Prepared, MapError> {
        let bytes = mapped.bytes();
        let entries = sections::entries(bytes)?;
        for entry in &entries {
            let stored = sections::stored_checksum(bytes, &entries, entry);
            if crc32c::crc32c(&bytes[entry.at..entry.at + entry.bytes]) != stored {
                return Err(MapError::Damaged {
                    name: entry.name.clone(),
                    at: entry.at as u64,
                });
            }
        }
        let at = bytes.len() - SEAL_BYTES;
        let mut hasher = blake3::Hasher::new();
        hasher.update(&bytes[..at]);
        if hasher.finalize().as_bytes() != &bytes[at..] {
            return Err(MapError::Seal { at });
        }
        hasher.update(&bytes[at..]);
        let hash = ObjectHash(*hasher.finalize().as_bytes());
        let prepared = Prepared {
            mapped,
            entries,
            hash,
        };
        prepared.check_network()?;
        Ok(prepared)
    }

    /// The content hash of the whole file: its name in a journal.
    pub fn hash(&self) -> ObjectHash {
        self.hash
    }

    /// How many bytes it has.
    pub fn size(&self) -> usize {
        self.mapped.bytes().len()
    }

    /// A further section of bytes, if there is one of this name.
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.section(name)
    }

    /// A further section of 32-bit numbers.
    pub fn words(&self, name: &str) -> Option<&[u32]> {
        self.section(name)
    }

    /// A further section of 64-bit numbers.
    pub fn longs(&self, name: &str) -> Option<&[u64]> {
        self.section(name)
    }

    fn section<T: Element>(&self, name: &str) -> Option<&[T]> {
        let entry = self.entries.iter().find(|entry| entry.name == name)?;
        if entry.width != size_of::<T>() {
            return None;
        }
        memory::elements(&self.mapped.bytes()[entry.at..entry.at + entry.bytes])
    }

    /// A section of the network; its being there was checked when the map was opened.
    fn part<T: Element>(&self, name: &str) -> &[T] {
        self.section(name).unwrap_or(&[])
    }
}

impl Prepared {
    /// How many nodes there are.
    pub fn node_count(&self) -> usize {
        self.node_names().len()
    }

    /// How many edges there are.
    pub fn edge_count(&self) -> usize {
        self.edge_from().len()
    }

    /// How many bans there are.
    pub fn ban_count(&self) -> usize {
        self.part::<u8>(sections::BAN_HOLDS).len()
    }

    /// What the map calls each node, ascending.
    pub fn node_names(&self) -> &[i64] {
        self.part(sections::NODE_NAME)
    }

    /// The latitude of each node in 1e-7 degrees.
    pub fn node_lat_e7(&self) -> &[i32] {
        self.part(sections::NODE_LAT)
    }

    /// The longitude of each node in 1e-7 degrees.
    pub fn node_lon_e7(&self) -> &[i32] {
        self.part(sections::NODE_LON)
    }

    /// The node where each edge begins, ascending.
    pub fn edge_from(&self) -> &[u32] {
        self.part(sections::EDGE_FROM)
    }

    /// The node where each edge ends.
    pub fn edge_to(&self) -> &[u32] {
        self.part(sections::EDGE_TO)
    }

    /// The length of each edge in millimetres.
    pub fn edge_length_mm(&self) -> &[u32] {
        self.part(sections::EDGE_LENGTH)
    }

    /// The time of each edge in milliseconds, [`CLOSED_MS`] where the profile may not drive.
    pub fn edge_time_ms(&self, profile: network::Profile) -> &[u32] {
        self.part(sections::EDGE_TIME[profile as usize])
    }

    /// The class of each edge, as the number of [`RoadClass`].
    pub fn edge_class(&self) -> &[u8] {
        self.part(sections::EDGE_CLASS)
    }

    /// One node.
    ///
    /// # Panics
    /// When there is none of this index.
    pub fn node(&self, index: NodeIndex) -> Node {
        let at = index.0 as usize;
        Node {
            point: Point {
                lat_e7: self.node_lat_e7()[at],
                lon_e7: self.node_lon_e7()[at],
            },
            name: self.node_names()[at],
        }
    }

    /// One edge.
    ///
    /// # Panics
    /// When there is none of this index.
    pub fn edge(&self, index: EdgeIndex) -> Edge {
        self.edge_view().edge(index.0 as usize)
    }

    /// One ban.
    ///
    /// # Panics
    /// When there is none of this index.
    pub fn ban(&self, index: usize) -> Ban {
        let first = self.part::<u32>(sections::BAN_FIRST);
        let edges = self.part::<u32>(sections::BAN_EDGES);
        let edges = &edges[first[index] as usize..first[index + 1] as usize];
        let holds = self.part::<u8>(sections::BAN_HOLDS)[index];
        Ban {
            from: EdgeIndex(edges[0]),
            via: edges[1..edges.len() - 1]
                .iter()
                .copied()
                .map(EdgeIndex)
                .collect(),
            to: EdgeIndex(edges[edges.len() - 1]),
            holds: [holds & 1 != 0, holds & 2 != 0],
        }
    }

    /// Who made the map; to be shown wherever it shows.
    pub fn attribution(&self) -> &str {
        std::str::from_utf8(self.part(sections::ATTRIBUTION)).unwrap_or("")
    }

    /// What the import read, dropped and repaired, as it was printed.
    pub fn report(&self) -> &str {
        std::str::from_utf8(self.part(sections::REPORT)).unwrap_or("")
    }

    /// A copy of the network in the form in which importers leave it.
    pub fn network(&self) -> Network {
        Network {
            nodes: self.nodes().collect(),
            edges: self.edge_view().all().collect(),
            bans: (0..self.ban_count()).map(|ban| self.ban(ban)).collect(),
            attribution: self.attribution().to_owned(),
        }
    }

    /// All nodes. Loops take this or the slices; [`Prepared::node`] looks its sections up each time.
    pub fn nodes(&self) -> impl Iterator<Item = Node> + '_ {
        let places = self.node_lat_e7().iter().zip(self.node_lon_e7());
        places
            .zip(self.node_names())
            .map(|((&lat_e7, &lon_e7), &name)| Node {
                point: Point { lat_e7, lon_e7 },
                name,
            })
    }

    fn edge_view(&self) -> EdgeView<'_> {
        EdgeView {
            from: self.edge_from(),
            to: self.edge_to(),
            length: self.edge_length_mm(),
            times: [
                self.edge_time_ms(network::Profile::Normal),
                self.edge_time_ms(network::Profile::Siren),
            ],
            class: self.edge_class(),
        }
    }

    /// Every section there and of one length with its fellows; then the rules of a network.
    fn check_network(&self) -> Result<(), MapError> {
        sections::check_shapes(self)?;
        network::check_nodes(self.nodes())?;
        let edges = self.edge_view();
        network::check_edges(edges.all(), self.node_count())?;
        let ends = |edge: usize| (NodeIndex(edges.from[edge]), NodeIndex(edges.to[edge]));
        let bans = (0..self.ban_count()).map(|ban| self.ban(ban));
        network::check_bans(bans, ends, self.edge_count())?;
        Ok(())
    }
}

/// The sections of edges side by side.
struct EdgeView<'a> {
    from: &'a [u32],
    to: &'a [u32],
    length: &'a [u32],
    times: [&'a [u32]; 2],
    class: &'a [u8],
}

impl EdgeView<'_> {
    fn edge(&self, at: usize) -> Edge {
        Edge {
            from: NodeIndex(self.from[at]),
            to: NodeIndex(self.to[at]),
            length_mm: self.length[at],
            time_ms: [self.times[0][at], self.times[1][at]],
            class: RoadClass::from_number(self.class[at]).unwrap_or(RoadClass::Other),
        }
    }

    fn all(&self) -> impl Iterator<Item = Edge> + '_ {
        (0..self.from.len()).map(|at| self.edge(at))
    }
}

const _: () = assert!(CLOSED_MS == u32::MAX, "a closed edge is all ones on disk");

#[cfg(test)]
mod tests;
