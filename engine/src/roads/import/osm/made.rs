//! Small extracts made by hand, for tests: nodes, ways and relations in, the bytes of a `.osm.pbf` out.

use std::io::Write;

type Pairs<'a> = &'a [(&'a str, &'a str)];

/// A map in the making.
#[derive(Default)]
pub(super) struct Map {
    strings: Vec<String>,
    nodes: Vec<u8>,
    ways: Vec<u8>,
    relations: Vec<u8>,
}

pub(super) fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

pub(super) fn number(field: u64, value: u64, out: &mut Vec<u8>) {
    varint(field << 3, out);
    varint(value, out);
}

pub(super) fn bytes(field: u64, value: &[u8], out: &mut Vec<u8>) {
    varint(field << 3 | 2, out);
    varint(value.len() as u64, out);
    out.extend_from_slice(value);
}

fn packed(field: u64, values: impl IntoIterator<Item = u64>, out: &mut Vec<u8>) {
    let mut list = Vec::new();
    for value in values {
        varint(value, &mut list);
    }
    bytes(field, &list, out);
}

fn deltas(values: &[i64]) -> Vec<u64> {
    let mut before = 0;
    let mut deltas = Vec::new();
    for &value in values {
        deltas.push(zigzag(value - before));
        before = value;
    }
    deltas
}

impl Map {
    fn string(&mut self, text: &str) -> u64 {
        if self.strings.is_empty() {
            self.strings.push(String::new()); // by the format the first string is empty
        }
        if let Some(at) = self.strings.iter().position(|held| held == text) {
            return at as u64;
        }
        self.strings.push(text.to_owned());
        self.strings.len() as u64 - 1
    }

    fn tags(&mut self, tags: Pairs, out: &mut Vec<u8>) {
        let keys: Vec<u64> = tags.iter().map(|tag| self.string(tag.0)).collect();
        let values: Vec<u64> = tags.iter().map(|tag| self.string(tag.1)).collect();
        packed(2, keys, out);
        packed(3, values, out);
    }

    /// A node so many 1e-5 degrees (about a metre) north and east of nowhere.
    pub fn node(&mut self, id: i64, north: i64, east: i64, tags: Pairs) -> &mut Map {
        let mut node = Vec::new();
        number(1, zigzag(id), &mut node);
        number(8, zigzag(north * 100), &mut node);
        number(9, zigzag(east * 100), &mut node);
        self.tags(tags, &mut node);
        bytes(1, &node, &mut self.nodes);
        self
    }

    pub fn way(&mut self, id: i64, nodes: &[i64], tags: Pairs) -> &mut Map {
        let mut way = Vec::new();
        number(1, id as u64, &mut way);
        self.tags(tags, &mut way);
        packed(8, deltas(nodes), &mut way);
        bytes(3, &way, &mut self.ways);
        self
    }

    /// Members as (role, kind, id); kind 0 is a node, 1 a way.
    pub fn relation(&mut self, id: i64, members: &[(&str, u64, i64)], tags: Pairs) -> &mut Map {
        let mut relation = Vec::new();
        number(1, id as u64, &mut relation);
        self.tags(tags, &mut relation);
        let roles: Vec<u64> = members.iter().map(|member| self.string(member.0)).collect();
        let ids: Vec<i64> = members.iter().map(|member| member.2).collect();
        packed(8, roles, &mut relation);
        packed(9, deltas(&ids), &mut relation);
        packed(10, members.iter().map(|member| member.1), &mut relation);
        bytes(4, &relation, &mut self.relations);
        self
    }

    /// A restriction over a node.
    pub fn restrict(&mut self, id: i64, kind: &str, from: i64, via: i64, to: i64) -> &mut Map {
        let members = [("from", 1, from), ("via", 0, via), ("to", 1, to)];
        self.relation(
            id,
            &members,
            &[("type", "restriction"), ("restriction", kind)],
        )
    }

    pub fn block(&self) -> Vec<u8> {
        let mut table = Vec::new();
        for string in &self.strings {
            bytes(1, string.as_bytes(), &mut table);
        }
        let mut block = Vec::new();
        bytes(1, &table, &mut block);
        for group in [&self.nodes, &self.ways, &self.relations] {
            bytes(2, group, &mut block);
        }
        block
    }

    pub fn file(&self) -> Vec<u8> {
        let mut header = Vec::new();
        bytes(4, b"OsmSchema-V0.6", &mut header);
        [
            blob("OSMHeader", &raw(&header)),
            blob("OSMData", &zlib(&self.block())),
        ]
        .concat()
    }
}

/// A message as it is.
pub(super) fn raw(message: &[u8]) -> Vec<u8> {
    let mut blob = Vec::new();
    bytes(1, message, &mut blob);
    blob
}

/// A message packed.
pub(super) fn zlib(message: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(message).unwrap();
    let mut blob = Vec::new();
    number(2, message.len() as u64, &mut blob);
    bytes(3, &encoder.finish().unwrap(), &mut blob);
    blob
}

/// A blob with its header.
pub(super) fn blob(kind: &str, content: &[u8]) -> Vec<u8> {
    let mut header = Vec::new();
    bytes(1, kind.as_bytes(), &mut header);
    number(3, content.len() as u64, &mut header);
    let mut blob = (header.len() as u32).to_be_bytes().to_vec();
    blob.extend_from_slice(&header);
    blob.extend_from_slice(content);
    blob
}
