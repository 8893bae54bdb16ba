//! The sections of a map: their names, how they are laid out, how the table of them is read without believing it.

use super::super::network::{Network, Profile, RoadClass};
use super::{
    ALIGN, ENTRY_BYTES, Entry, HEAD_BYTES, MAGIC, MapError, NAME_BYTES, Prepared, SEAL_BYTES,
    SECTIONS_MAX, VERSION,
};

pub(super) const NODE_NAME: &str = "node name";
pub(super) const NODE_LAT: &str = "node latitude";
pub(super) const NODE_LON: &str = "node longitude";
pub(super) const EDGE_FROM: &str = "edge from";
pub(super) const EDGE_TO: &str = "edge to";
pub(super) const EDGE_LENGTH: &str = "edge length mm";
/// By profile.
pub(super) const EDGE_TIME: [&str; 2] = ["edge normal ms", "edge siren ms"];
pub(super) const EDGE_CLASS: &str = "edge class";
/// Where the edges of each ban begin among [`BAN_EDGES`]; one more at the end.
pub(super) const BAN_FIRST: &str = "ban first";
pub(super) const BAN_EDGES: &str = "ban edges";
/// Bit 0: normal, bit 1: siren.
pub(super) const BAN_HOLDS: &str = "ban holds";
pub(super) const ATTRIBUTION: &str = "attribution";
pub(super) const REPORT: &str = "report";

const _: () = assert!(
    Profile::Normal as usize == 0 && Profile::Siren as usize == 1,
    "times and bans are kept by profile"
);

/// A map in the making: named sections in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub struct Sections {
    list: Vec<(String, usize, Vec<u8>)>,
}

impl Sections {
    /// The sections of a network and of the report about it.
    pub fn of(network: &Network, report: &str) -> Sections {
        let mut sections = Sections::default();
        let (nodes, edges, bans) = (&network.nodes, &network.edges, &network.bans);
        sections.add(NODE_NAME, nodes.iter().map(|node| node.name.to_le_bytes()));
        sections.add(
            NODE_LAT,
            nodes.iter().map(|node| node.point.lat_e7.to_le_bytes()),
        );
        sections.add(
            NODE_LON,
            nodes.iter().map(|node| node.point.lon_e7.to_le_bytes()),
        );
        sections.add(
            EDGE_FROM,
            edges.iter().map(|edge| edge.from.0.to_le_bytes()),
        );
        sections.add(EDGE_TO, edges.iter().map(|edge| edge.to.0.to_le_bytes()));
        sections.add(
            EDGE_LENGTH,
            edges.iter().map(|edge| edge.length_mm.to_le_bytes()),
        );
        for (profile, name) in EDGE_TIME.into_iter().enumerate() {
            sections.add(
                name,
                edges.iter().map(|edge| edge.time_ms[profile].to_le_bytes()),
            );
        }
        sections.add(EDGE_CLASS, edges.iter().map(|edge| [edge.class as u8]));
        let mut first = 0u32;
        let firsts = std::iter::once(0).chain(bans.iter().map(|ban| {
            first += ban.via.len() as u32 + 2;
            first
        }));
        sections.add(BAN_FIRST, firsts.map(u32::to_le_bytes));
        sections.add(
            BAN_EDGES,
            bans.iter()
                .flat_map(|ban| ban.edges())
                .map(|edge| edge.0.to_le_bytes()),
        );
        let holds = |holds: [bool; 2]| u8::from(holds[0]) | u8::from(holds[1]) << 1;
        sections.add(BAN_HOLDS, bans.iter().map(|ban| [holds(ban.holds)]));
        sections.add_bytes(ATTRIBUTION, network.attribution.as_bytes());
        sections.add_bytes(REPORT, report.as_bytes());
        sections
    }

    fn add<const WIDTH: usize>(&mut self, name: &str, elements: impl Iterator<Item = [u8; WIDTH]>) {
        let taken = self.list.iter().any(|(held, _, _)| held == name);
        let fits = (1..=NAME_BYTES).contains(&name.len()) && name.is_ascii();
        assert!(
            !taken && fits && self.list.len() < SECTIONS_MAX,
            "{name}: a section's name is taken, is none, or there are too many"
        );
        let bytes = elements.flatten().collect();
        self.list.push((name.to_owned(), WIDTH, bytes));
    }

    /// A further section of bytes.
    ///
    /// # Panics
    /// When the name is taken, is not 1 to 24 ASCII characters, or there are more than [`SECTIONS_MAX`].
    pub fn add_bytes(&mut self, name: &str, bytes: &[u8]) {
        self.add(name, bytes.iter().map(|&byte| [byte]));
    }

    /// A further section of 32-bit numbers.
    ///
    /// # Panics
    /// As [`Sections::add_bytes`].
    pub fn add_words(&mut self, name: &str, words: &[u32]) {
        self.add(name, words.iter().map(|word| word.to_le_bytes()));
    }

    /// A further section of 64-bit numbers.
    ///
    /// # Panics
    /// As [`Sections::add_bytes`].
    pub fn add_longs(&mut self, name: &str, longs: &[u64]) {
        self.add(name, longs.iter().map(|long| long.to_le_bytes()));
    }

    /// The whole file.
    pub fn file(&self) -> Vec<u8> {
        let mut at = HEAD_BYTES + ENTRY_BYTES * self.list.len();
        let mut table = Vec::with_capacity(at);
        for (name, width, bytes) in &self.list {
            at = at.next_multiple_of(ALIGN);
            let mut padded = [0; NAME_BYTES];
            padded[..name.len()].copy_from_slice(name.as_bytes());
            table.extend_from_slice(&padded);
            table.extend_from_slice(&(at as u64).to_le_bytes());
            table.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            table.extend_from_slice(&crc32c::crc32c(bytes).to_le_bytes());
            table.extend_from_slice(&(*width as u32).to_le_bytes());
            at += bytes.len();
        }
        let length = at + SEAL_BYTES;
        let mut file = Vec::with_capacity(length);
        file.extend_from_slice(&MAGIC);
        file.extend_from_slice(&VERSION.to_le_bytes());
        file.extend_from_slice(&(self.list.len() as u32).to_le_bytes());
        file.extend_from_slice(&(length as u64).to_le_bytes());
        file.extend_from_slice(&[0; 8]);
        file.extend_from_slice(&table);
        for (_, _, bytes) in &self.list {
            file.resize(file.len().next_multiple_of(ALIGN), 0);
            file.extend_from_slice(bytes);
        }
        let seal = blake3::hash(&file);
        file.extend_from_slice(seal.as_bytes());
        file
    }
}

/// The bytes of a field; the caller has seen that they are there.
fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut field = [0; N];
    field.copy_from_slice(&bytes[at..at + N]);
    field
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(field(bytes, at))
}

fn long(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(field(bytes, at))
}

/// The table of a file: every entry within it, one behind the other, no gap that could hold anything.
pub(super) fn entries(bytes: &[u8]) -> Result<Vec<Entry>, MapError> {
    if !bytes.starts_with(&MAGIC) {
        return Err(MapError::Foreign);
    }
    let found = bytes.len() as u64;
    if bytes.len() < HEAD_BYTES + SEAL_BYTES {
        let claimed = (HEAD_BYTES + SEAL_BYTES) as u64;
        return Err(MapError::Length { claimed, found });
    }
    let version = word(bytes, 8);
    if version != VERSION {
        return Err(MapError::Version { found: version });
    }
    let claimed = long(bytes, 16);
    if claimed != found {
        return Err(MapError::Length { claimed, found });
    }
    let count = word(bytes, 12) as usize;
    let table_end = HEAD_BYTES + ENTRY_BYTES * count.min(SECTIONS_MAX + 1);
    let seal_at = bytes.len() - SEAL_BYTES;
    if count > SECTIONS_MAX || table_end > seal_at {
        let wrong = "it says more sections than there is room for";
        return Err(MapError::Table { at: 12, wrong });
    }
    let mut entries: Vec<Entry> = Vec::with_capacity(count);
    let mut next = table_end;
    for number in 0..count {
        let at = HEAD_BYTES + ENTRY_BYTES * number;
        let entry = entry(bytes, at)?;
        if entry.at != next.next_multiple_of(ALIGN)
            || entry.bytes > seal_at.saturating_sub(entry.at)
        {
            let wrong = "a section does not lie where it must";
            return Err(MapError::Table { at, wrong });
        }
        if entries.iter().any(|before| before.name == entry.name) {
            let wrong = "a section is there twice";
            return Err(MapError::Table { at, wrong });
        }
        next = entry.at + entry.bytes;
        entries.push(entry);
    }
    if next != seal_at {
        let wrong = "the sections do not fill the file";
        return Err(MapError::Table { at: 12, wrong });
    }
    Ok(entries)
}

fn entry(bytes: &[u8], at: usize) -> Result<Entry, MapError> {
    let name: [u8; NAME_BYTES] = field(bytes, at);
    let length = name
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(NAME_BYTES);
    let (name, rest) = name.split_at(length);
    if length == 0 || !name.is_ascii() || rest.iter().any(|&byte| byte != 0) {
        let wrong = "a section has no name";
        return Err(MapError::Table { at, wrong });
    }
    let place = |at| usize::try_from(long(bytes, at)).unwrap_or(usize::MAX);
    let entry = Entry {
        name: String::from_utf8_lossy(name).into_owned(),
        at: place(at + NAME_BYTES),
        bytes: place(at + NAME_BYTES + 8),
        width: word(bytes, at + NAME_BYTES + 20) as usize,
    };
    if ![1, 4, 8].contains(&entry.width) || !entry.bytes.is_multiple_of(entry.width) {
        let wrong = "a section is not made of whole elements";
        return Err(MapError::Table { at, wrong });
    }
    Ok(entry)
}

/// The checksum that the table holds for this entry.
pub(super) fn stored_checksum(bytes: &[u8], entries: &[Entry], entry: &Entry) -> u32 {
    let number = entries.iter().position(|other| other.name == entry.name);
    word(
        bytes,
        HEAD_BYTES + ENTRY_BYTES * number.unwrap_or(0) + NAME_BYTES + 16,
    )
}

/// Every section of the network there, of one length with its fellows, with values that mean something.
pub(super) fn check_shapes(map: &Prepared) -> Result<(), MapError> {
    let wrong = |name, wrong| Err(MapError::Section { name, wrong });
    let length = |name: &'static str, width: usize| {
        let entry = map.entries.iter().find(|entry| entry.name == name);
        match entry.filter(|entry| entry.width == width) {
            Some(entry) => Ok(entry.bytes / width),
            None => wrong(name, "is missing, or not of the width that it must have").map(|()| 0),
        }
    };
    let nodes = length(NODE_NAME, 8)?;
    let edges = length(EDGE_FROM, 4)?;
    let bans = length(BAN_HOLDS, 1)?;
    if nodes > u32::MAX as usize / 2 || edges > u32::MAX as usize / 2 || edges == 0 {
        return wrong(EDGE_FROM, "is empty, or larger than a network can be");
    }
    let (normal, siren) = (EDGE_TIME[0], EDGE_TIME[1]);
    for (name, width, expected) in [
        (NODE_LAT, 4, nodes),
        (NODE_LON, 4, nodes),
        (EDGE_TO, 4, edges),
        (EDGE_LENGTH, 4, edges),
        (normal, 4, edges),
        (siren, 4, edges),
        (EDGE_CLASS, 1, edges),
        (BAN_FIRST, 4, bans + 1),
    ] {
        if length(name, width)? != expected {
            return wrong(name, "has not one element for each");
        }
    }
    let ban_edges = length(BAN_EDGES, 4)?;
    let first = map.part::<u32>(BAN_FIRST);
    let grows = first
        .windows(2)
        .all(|pair| pair[1] >= pair[0].saturating_add(2));
    if first[0] != 0 || first[bans] as usize != ban_edges || !grows {
        return wrong(BAN_FIRST, "does not cut the edges of bans into sequences");
    }
    if map.part::<u8>(BAN_HOLDS).iter().any(|&holds| holds > 3) {
        return wrong(BAN_HOLDS, "names a profile that is not there");
    }
    let classes = RoadClass::ALL.len();
    if map
        .edge_class()
        .iter()
        .any(|&class| usize::from(class) >= classes)
    {
        return wrong(EDGE_CLASS, "names a class of road that is not there");
    }
    for name in [ATTRIBUTION, REPORT] {
        length(name, 1)?;
        if std::str::from_utf8(map.part(name)).is_err() {
            return wrong(name, "is no text");
        }
    }
    Ok(())
}
