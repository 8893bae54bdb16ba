//! The messages of a block: fields of the protobuf wire format, and the nodes, ways and relations that they make.
//!
//! <https://protobuf.dev/programming-guides/encoding/>, <https://wiki.openstreetmap.org/wiki/PBF_Format>. Nothing is copied but numbers; no number
//! of the file is believed before it is used as an index, and sums wrap as the format's own readers let them.

use crate::place::Point;

/// Why bytes are no such message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A number or a field that runs over the end.
    #[error("a field runs over the end of its message")]
    Overrun,
    /// A way of writing a field that the format does not have.
    #[error("a field is written in no known way")]
    WireType,
    /// What must be there is not.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// Lists that belong together differ in length.
    #[error("lists of {0} differ in length")]
    Uneven(&'static str),
}

/// A field's value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message, in order.
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub fn new(bytes: &'a [u8]) -> Fields<'a> {
        Fields(bytes)
    }

    pub fn next(&mut self) -> Result<Option<(u64, Value<'a>)>, Malformed> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = varint(&mut self.0)?;
        let value = match key & 7 {
            0 => Value::Number(varint(&mut self.0)?),
            1 => Value::Bytes(self.cut(8)?),
            2 => {
                let length = varint(&mut self.0)?;
                Value::Bytes(self.cut(length)?)
            }
            5 => Value::Bytes(self.cut(4)?),
            _ => return Err(Malformed::WireType),
        };
        Ok(Some((key >> 3, value)))
    }

    fn cut(&mut self, length: u64) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(length).map_err(|_| Malformed::Overrun)?;
        let (cut, rest) = self.0.split_at_checked(length).ok_or(Malformed::Overrun)?;
        self.0 = rest;
        Ok(cut)
    }
}

fn varint(bytes: &mut &[u8]) -> Result<u64, Malformed> {
    let mut value = 0u64;
    for (place, &byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            *bytes = &bytes[place + 1..];
            return Ok(value);
        }
    }
    Err(Malformed::Overrun)
}

/// A number that may be negative.
fn zigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// A repeated number, packed or one by one.
fn extend(list: &mut Vec<u64>, value: Value) -> Result<(), Malformed> {
    match value {
        Value::Number(number) => list.push(number),
        Value::Bytes(mut packed) => {
            while !packed.is_empty() {
                list.push(varint(&mut packed)?);
            }
        }
    }
    Ok(())
}

/// The tags of one element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tags<'a> {
    strings: &'a [&'a [u8]],
    keys: &'a [u64],
    values: &'a [u64],
}

impl<'a> Tags<'a> {
    fn string(&self, index: u64) -> &'a [u8] {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        self.strings.get(index).copied().unwrap_or(b"")
    }

    /// The value of a key; the first, when it is there twice.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        let place = self
            .keys
            .iter()
            .position(|&at| self.string(at) == key.as_bytes())?;
        let value = self.string(*self.values.get(place)?);
        std::str::from_utf8(value)
            .ok()
            .map(str::trim)
            .filter(|value| !value.is_empty())
    }

    /// All keys.
    pub fn keys(&self) -> impl Iterator<Item = &'a [u8]> + '_ {
        self.keys.iter().map(|&key| self.string(key))
    }

    /// Tags from pairs, for tests.
    #[cfg(test)]
    pub fn of<T>(pairs: &[(&str, &str)], with: impl FnOnce(Tags) -> T) -> T {
        let strings: Vec<&[u8]> = pairs
            .iter()
            .flat_map(|(key, value)| [key.as_bytes(), value.as_bytes()])
            .collect();
        let keys: Vec<u64> = (0..pairs.len() as u64).map(|at| 2 * at).collect();
        let values: Vec<u64> = keys.iter().map(|at| at + 1).collect();
        with(Tags {
            strings: &strings,
            keys: &keys,
            values: &values,
        })
    }
}

/// What a member of a relation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MemberKind {
    Node,
    Way,
    Other,
}

/// One member of a relation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member<'a> {
    pub role: &'a [u8],
    pub id: i64,
    pub kind: MemberKind,
}

/// Whoever wants the elements of a block. What is not wanted is not decoded.
pub(super) trait Visitor {
    /// Whether nodes are wanted, or ways and relations.
    const NODES: bool;
    /// A node; its place is `None` when it is not on the globe.
    fn node(&mut self, _id: i64, _point: Option<Point>, _tags: Tags) {}
    /// A way.
    fn way(&mut self, _id: i64, _nodes: &[i64], _tags: Tags) {}
    /// A relation.
    fn relation(&mut self, _id: i64, _members: &[Member], _tags: Tags) {}
}

/// The features that a header says a reader must have.
pub(super) fn required_features(bytes: &[u8]) -> Result<Vec<String>, Malformed> {
    let mut features = Vec::new();
    let mut fields = Fields::new(bytes);
    while let Some((number, value)) = fields.next()? {
        if let (4, Value::Bytes(feature)) = (number, value) {
            features.push(String::from_utf8_lossy(feature).chars().take(80).collect());
        }
    }
    Ok(features)
}

/// Lists that are filled again for each element, so that a block costs no allocation for each.
#[derive(Debug, Default)]
pub(super) struct Lists {
    keys: Vec<u64>,
    values: Vec<u64>,
    ids: Vec<u64>,
    lats: Vec<u64>,
    lons: Vec<u64>,
    nodes: Vec<i64>,
}

/// How a block writes coordinates.
#[derive(Clone, Copy, Debug)]
struct Scale {
    granularity: i64,
    lat_offset: i64,
    lon_offset: i64,
}

impl Scale {
    fn point(&self, lat: i64, lon: i64) -> Option<Point> {
        let e7 = |offset: i64, value: i64, most: i64| {
            let nano = self.granularity.checked_mul(value)?.checked_add(offset)?;
            // Half away from zero; at the usual granularity of 100 it is exact.
            let e7 = (nano / 100).checked_add((nano % 100) / 50)?;
            (e7.abs() <= most).then_some(e7 as i32)
        };
        Some(Point {
            lat_e7: e7(self.lat_offset, lat, 900_000_000)?,
            lon_e7: e7(self.lon_offset, lon, 1_800_000_000)?,
        })
    }
}

/// Shows a block's elements to the visitor.
pub(super) fn visit<V: Visitor>(
    block: &[u8],
    lists: &mut Lists,
    visitor: &mut V,
) -> Result<(), Malformed> {
    let mut strings: Vec<&[u8]> = Vec::new();
    let mut groups: Vec<&[u8]> = Vec::new();
    let mut scale = Scale {
        granularity: 100,
        lat_offset: 0,
        lon_offset: 0,
    };
    let mut fields = Fields::new(block);
    while let Some(field) = fields.next()? {
        match field {
            (1, Value::Bytes(table)) => {
                let mut entries = Fields::new(table);
                while let Some((number, value)) = entries.next()? {
                    if let (1, Value::Bytes(string)) = (number, value) {
                        strings.push(string);
                    }
                }
            }
            (2, Value::Bytes(group)) => groups.push(group),
            (17, Value::Number(granularity)) => scale.granularity = granularity as i64,
            (19, Value::Number(offset)) => scale.lat_offset = offset as i64,
            (20, Value::Number(offset)) => scale.lon_offset = offset as i64,
            _ => {}
        }
    }
    for group in groups {
        let mut fields = Fields::new(group);
        while let Some((number, value)) = fields.next()? {
            let Value::Bytes(bytes) = value else { continue };
            match (number, V::NODES) {
                (1, true) => node(bytes, &strings, scale, lists, visitor)?,
                (2, true) => dense(bytes, &strings, scale, lists, visitor)?,
                (3, false) => way(bytes, &strings, lists, visitor)?,
                (4, false) => relation(bytes, &strings, lists, visitor)?,
                _ => {}
            }
        }
    }
    Ok(())
}

fn node<V: Visitor>(
    bytes: &[u8],
    strings: &[&[u8]],
    scale: Scale,
    lists: &mut Lists,
    visitor: &mut V,
) -> Result<(), Malformed> {
    lists.keys.clear();
    lists.values.clear();
    let (mut id, mut lat, mut lon) = (0, 0, 0);
    let mut fields = Fields::new(bytes);
    while let Some((number, value)) = fields.next()? {
        match (number, value) {
            (1, Value::Number(number)) => id = zigzag(number),
            (2, value) => extend(&mut lists.keys, value)?,
            (3, value) => extend(&mut lists.values, value)?,
            (8, Value::Number(number)) => lat = zigzag(number),
            (9, Value::Number(number)) => lon = zigzag(number),
            _ => {}
        }
    }
    let tags = Tags {
        strings,
        keys: &lists.keys,
        values: &lists.values,
    };
    visitor.node(id, scale.point(lat, lon), tags);
    Ok(())
}

fn dense<V: Visitor>(
    bytes: &[u8],
    strings: &[&[u8]],
    scale: Scale,
    lists: &mut Lists,
    visitor: &mut V,
) -> Result<(), Malformed> {
    let Lists {
        keys,
        values,
        ids,
        lats,
        lons,
        ..
    } = lists;
    for list in [&mut *ids, lats, lons] {
        list.clear();
    }
    // Keys and values of all nodes, one after the other; a zero ends those of one node.
    let mut pairs = Vec::new();
    let mut fields = Fields::new(bytes);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => extend(ids, value)?,
            8 => extend(lats, value)?,
            9 => extend(lons, value)?,
            10 => extend(&mut pairs, value)?,
            _ => {}
        }
    }
    if ids.len() != lats.len() || ids.len() != lons.len() {
        return Err(Malformed::Uneven("nodes"));
    }
    let mut pairs = pairs.into_iter();
    let (mut id, mut lat, mut lon) = (0i64, 0i64, 0i64);
    for ((&more, &north), &east) in ids.iter().zip(lats.iter()).zip(lons.iter()) {
        id = id.wrapping_add(zigzag(more));
        lat = lat.wrapping_add(zigzag(north));
        lon = lon.wrapping_add(zigzag(east));
        keys.clear();
        values.clear();
        while let Some(key) = pairs.next().filter(|&key| key != 0) {
            keys.push(key);
            values.push(pairs.next().ok_or(Malformed::Uneven("tags"))?);
        }
        let tags = Tags {
            strings,
            keys,
            values,
        };
        visitor.node(id, scale.point(lat, lon), tags);
    }
    Ok(())
}

fn way<V: Visitor>(
    bytes: &[u8],
    strings: &[&[u8]],
    lists: &mut Lists,
    visitor: &mut V,
) -> Result<(), Malformed> {
    let Lists {
        keys,
        values,
        ids,
        nodes,
        ..
    } = lists;
    for list in [&mut *keys, values, ids] {
        list.clear();
    }
    let mut id = 0;
    let mut fields = Fields::new(bytes);
    while let Some((number, value)) = fields.next()? {
        match (number, value) {
            (1, Value::Number(number)) => id = number as i64,
            (2, value) => extend(keys, value)?,
            (3, value) => extend(values, value)?,
            (8, value) => extend(ids, value)?,
            _ => {}
        }
    }
    sum(ids, nodes);
    let tags = Tags {
        strings,
        keys,
        values,
    };
    visitor.way(id, nodes, tags);
    Ok(())
}

/// Ids from their differences.
fn sum(differences: &[u64], ids: &mut Vec<i64>) {
    let mut id = 0i64;
    ids.clear();
    ids.extend(differences.iter().map(|&difference| {
        id = id.wrapping_add(zigzag(difference));
        id
    }));
}

fn relation<V: Visitor>(
    bytes: &[u8],
    strings: &[&[u8]],
    lists: &mut Lists,
    visitor: &mut V,
) -> Result<(), Malformed> {
    let Lists {
        keys,
        values,
        ids,
        lats: roles,
        lons: kinds,
        nodes: members,
    } = lists;
    for list in [&mut *keys, values, ids, roles, kinds] {
        list.clear();
    }
    let mut id = 0;
    let mut fields = Fields::new(bytes);
    while let Some((number, value)) = fields.next()? {
        match (number, value) {
            (1, Value::Number(number)) => id = number as i64,
            (2, value) => extend(keys, value)?,
            (3, value) => extend(values, value)?,
            (8, value) => extend(roles, value)?,
            (9, value) => extend(ids, value)?,
            (10, value) => extend(kinds, value)?,
            _ => {}
        }
    }
    sum(ids, members);
    if roles.len() != members.len() || kinds.len() != members.len() {
        return Err(Malformed::Uneven("members"));
    }
    let tags = Tags {
        strings,
        keys,
        values,
    };
    let members: Vec<Member> = members
        .iter()
        .zip(roles.iter().zip(kinds.iter()))
        .map(|(&id, (&role, &kind))| Member {
            role: tags.string(role),
            id,
            kind: match kind {
                0 => MemberKind::Node,
                1 => MemberKind::Way,
                _ => MemberKind::Other,
            },
        })
        .collect();
    visitor.relation(id, &members, tags);
    Ok(())
}
