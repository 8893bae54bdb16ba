//! A journal that was written, and then damaged by what the input says: bytes, blocks, files, and (as whoever can count
//! checksums does) headers and records sealed anew.
//!
//! What must hold of damage that forges nothing: no record is read that was not written; what an intact header, mark or
//! later segment says was durable is there or the damage is named; a refused start changes nothing; what a start kept is
//! sound, and goes on. Where something was forged, at least: no panic, and `verify`, `open` and readers agree.

use super::cursor::Cursor;
use super::scratch;
use engine::id::{CentreId, HeaderHash, Sequence};
use engine::journal::header::{BatchHeader, HEADER_BYTES, Kind};
use engine::journal::log::{Log, Sealed};
use engine::journal::verify::Asked;
use engine::journal::{
    Batch, Durability, Files, OpenError, Reader, Shape, Verdict, frame, open, verify,
};
use engine::moment::Moment;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

const CENTRE: CentreId = CentreId(7);
const BLOCK: usize = 512;
const EDITS_MAX: usize = 24;

/// Segment files by the sequence that names them.
type Segments = BTreeMap<u64, Vec<u8>>;

/// A journal as it was left, and what it promised.
struct Left {
    segments: Segments,
    payloads: Vec<Vec<u8>>,
    /// The hash of the header before which all was durable, and the last sequence there.
    head: (HeaderHash, u64),
}

/// Small sizes, so that an input of a few bytes reaches everything.
pub fn shape() -> Shape {
    Shape {
        segment_bytes: 4_096,
        batch_bytes: 2_048,
        batch_records: 8,
        batches: 4,
        durability: Durability::Sync,
        genesis: Sequence(1),
    }
}

/// How a journal was left: ended in good order with three segments; killed with groups that nobody was told of; young;
/// started four times.
static LEFT: LazyLock<Vec<Left>> = LazyLock::new(|| {
    vec![
        leave(&[&[1, 1, 3, 8, 2, 5, 1, 7, 4, 1, 1]], &[], true),
        leave(&[&[3, 2, 6, 1]], &[2, 1, 4], false),
        leave(&[&[2]], &[3], false),
        leave(&[&[1, 2], &[4], &[], &[1, 1]], &[1], false),
    ]
});

fn payload(sequence: u64) -> Vec<u8> {
    // Some are longer than a block, so that a batch's blocks can be mistaken for others'.
    let length = if sequence.is_multiple_of(7) {
        600
    } else {
        20 + (sequence * 7 % 60) as usize
    };
    (0..length)
        .map(|index| (sequence as u8).wrapping_mul(31).wrapping_add(index as u8))
        .collect()
}

fn append(files: &mut Files, records: u64, durable: Sequence) {
    let chain = files.tail();
    let mut batch = Batch::new(&shape());
    batch.start(chain.next);
    for sequence in chain.next.0..chain.next.0 + records {
        let pushed = batch.push(Moment(sequence as i64 * 10), &payload(sequence));
        assert!(pushed.is_ok(), "a batch too small for its records");
    }
    let (header, bytes) = batch.seal(&chain, durable);
    let (header, id) = (&header, header.hash());
    let appended = files.append(chain.next, Sealed { header, id, bytes });
    assert_eq!(appended, Ok(()));
}

/// Writes a journal in some starts of some batches, each synced; then batches of which nobody was told.
fn leave(starts: &[&[u64]], untold: &[u64], ended: bool) -> Left {
    let folder = scratch::folder();
    let mut head = (HeaderHash::NONE, 0);
    for (index, batches) in starts.iter().enumerate() {
        let (mut files, _) = open(folder.path(), CENTRE, &shape()).expect("a journal");
        for &records in *batches {
            let durable = files.tail().last();
            append(&mut files, records, durable);
            files.sync().expect("a journal in memory");
        }
        head = (files.tail().previous, files.tail().last().0);
        if index + 1 == starts.len() {
            let durable = files.tail().last();
            untold
                .iter()
                .for_each(|&records| append(&mut files, records, durable));
            if ended {
                files.tend(true).expect("a journal in memory");
            }
        }
    }
    let verdict = verify(folder.path(), None).expect("a journal in memory");
    assert!(verdict.is_sound() && verdict.tail.is_none(), "{verdict}");
    Left {
        segments: segments(folder.path()),
        payloads: (1..=verdict.records).map(payload).collect(),
        head,
    }
}

fn segments(folder: &Path) -> Segments {
    let mut segments = Segments::new();
    for entry in std::fs::read_dir(folder)
        .expect("a folder in memory")
        .flatten()
    {
        let name = entry.file_name();
        let stem = name.to_str().and_then(|name| name.strip_suffix(".log"));
        if let Some(first) = stem.and_then(|stem| u64::from_str_radix(stem, 16).ok()) {
            let bytes = std::fs::read(entry.path()).expect("a file in memory");
            segments.insert(first, bytes);
        }
    }
    segments
}

/// Blocks of real segments without their headers, and what is to be made right of them, for the target `segment`.
pub fn blocks() -> Vec<Vec<u8>> {
    let segments = LEFT.iter().flat_map(|left| left.segments.values());
    let blocks = segments.map(|bytes| {
        let end = bytes
            .iter()
            .rposition(|byte| *byte != 0)
            .map_or(BLOCK, |last| last + 1);
        &bytes[BLOCK..end.max(BLOCK)]
    });
    blocks
        .flat_map(|blocks| [0, 1, 3, 7].map(|flags| [&[flags], blocks].concat()))
        .collect()
}

/// Puts segments into an empty folder.
pub fn put(segments: &BTreeMap<u64, Vec<u8>>, folder: &Path) {
    for (first, bytes) in segments {
        let path = folder.join(engine::journal::segment::segment_name(Sequence(*first)));
        std::fs::write(path, bytes).expect("a file in memory");
    }
}

/// Damages a journal as the input says, and sees what becomes of it.
pub fn check(data: &[u8]) {
    let mut cursor = Cursor::new(data);
    let left = &LEFT[cursor.below(LEFT.len())];
    let mut damaged = left.segments.clone();
    let mut forged = false;
    for _ in 0..EDITS_MAX {
        if cursor.is_empty() {
            break;
        }
        forged |= edit(&mut damaged, &mut cursor);
    }
    let folder = scratch::folder();
    put(&damaged, folder.path());
    if forged {
        check_agreement(folder.path());
    } else {
        check_honest(left, &damaged, folder.path());
    }
}

/// One edit; whether it forges, which no disk does.
fn edit(segments: &mut Segments, cursor: &mut Cursor<'_>) -> bool {
    let kind = cursor.below(12);
    let names: Vec<u64> = segments.keys().copied().collect();
    if names.is_empty() {
        return false;
    }
    let name = cursor.one_of(&names);
    let other = segments[&cursor.one_of(&names)].clone();
    let bytes = segments.get_mut(&name).expect("one of them");
    let at = usize::from(cursor.u16()) % bytes.len().max(1);
    let block = at / BLOCK * BLOCK;
    let run = (1 + cursor.below(4)) * BLOCK;
    match kind {
        0 => put_at(bytes, at, &[cursor.u8()]),
        1 => bytes
            .iter_mut()
            .skip(at)
            .take(1)
            .for_each(|byte| *byte ^= 1 << (run / BLOCK)),
        2 => bytes
            .iter_mut()
            .skip(block)
            .take(run)
            .for_each(|byte| *byte = 0),
        3 | 4 => {
            let from = usize::from(cursor.u8()) * BLOCK % other.len().max(1);
            put_at(bytes, block, &other[from..(from + run).min(other.len())]);
        }
        5 => bytes.truncate(at),
        6 => drop(segments.remove(&name)),
        7 => bytes.extend(std::iter::repeat_n(cursor.u8(), run)),
        8 => {
            let given = cursor.take(run / BLOCK * 8);
            put_at(bytes, at, given);
        }
        9 => {
            let moved = segments.remove(&name).expect("one of them");
            segments.insert(u64::from(cursor.u8()), moved);
        }
        10 => forge_header(bytes, block, cursor),
        _ => forge_record(bytes, block, cursor),
    }
    kind >= 10
}

fn put_at(bytes: &mut [u8], at: usize, given: &[u8]) {
    let end = (at + given.len()).min(bytes.len());
    if at < end {
        bytes[at..end].copy_from_slice(&given[..end - at]);
    }
}

/// A header with other fields and a right checksum.
fn forge_header(bytes: &mut [u8], block: usize, cursor: &mut Cursor<'_>) {
    let Some(Ok(header)) = header_at(bytes, block) else {
        return;
    };
    let (field, value) = (cursor.below(8), cursor.u64());
    let forged = match field {
        0 => BatchHeader {
            first: Sequence(value),
            ..header
        },
        1 => BatchHeader {
            count: value as u32,
            ..header
        },
        2 => BatchHeader {
            payload_bytes: value as u32,
            ..header
        },
        3 => BatchHeader {
            durable_through: Sequence(value),
            ..header
        },
        4 => BatchHeader {
            epoch: value,
            ..header
        },
        5 => BatchHeader {
            centre: CentreId(value as u16),
            ..header
        },
        6 => BatchHeader {
            at: Moment(value as i64),
            ..header
        },
        _ => BatchHeader {
            kind: [Kind::Batch, Kind::Pause, Kind::Continued][value as usize % 3],
            count: 0,
            payload_bytes: 0,
            ..header
        },
    };
    // Sums of absurd fields are checked by whoever reads them; a writer never has them.
    if forged.first.0 < u64::MAX / 2 {
        put_at(bytes, block, &forged.encode());
    }
}

/// The first record of a batch, changed and sealed again, the header's root left as it was.
fn forge_record(bytes: &mut [u8], block: usize, cursor: &mut Cursor<'_>) {
    let Some(Ok(header)) = header_at(bytes, block) else {
        return;
    };
    let start = block + HEADER_BYTES;
    let Some(length) = bytes.get(start..).and_then(frame::record_bytes) else {
        return;
    };
    let record = &mut bytes[start..start + length];
    if let Some(last) = record.last_mut() {
        *last ^= cursor.u8();
    }
    frame::seal(record, header.first);
}

fn header_at(bytes: &[u8], at: usize) -> Option<Result<BatchHeader, engine::journal::Flaw>> {
    let header = bytes.get(at..at + HEADER_BYTES)?.try_into().ok()?;
    Some(BatchHeader::decode(header))
}

/// The last sequence of which something that is still in its place says that it was durable.
fn vouched(left: &Left, damaged: &Segments) -> u64 {
    let mut vouched = 0;
    for (first, bytes) in damaged {
        let Some(written) = left.segments.get(first) else {
            continue;
        };
        let same = |at: usize, length: usize| {
            let there = bytes.get(at..at + length);
            there.is_some() && there == written.get(at..at + length)
        };
        if same(0, BLOCK) {
            vouched = vouched.max(first - 1);
        }
        for at in (BLOCK..bytes.len()).step_by(BLOCK) {
            if let (true, Some(Ok(header))) = (same(at, HEADER_BYTES), header_at(bytes, at)) {
                vouched = vouched.max(header.durable_through.0);
            }
        }
    }
    vouched
}

/// Reads all that can be read; each record must be the one that was written. Their number.
fn read_all(left: &Left, folder: &Path, durable: Sequence) -> (u64, bool) {
    let Ok(mut reader) = Reader::open(folder) else {
        return (0, false);
    };
    let mut records = 0;
    loop {
        match reader.next(durable) {
            Ok(Some(record)) => {
                assert!(record.sequence > Sequence(records), "a record twice");
                let written = left.payloads.get(record.sequence.0 as usize - 1);
                let written = written.map(Vec::as_slice);
                assert_eq!(Some(record.payload), written, "record {}", record.sequence);
                records = record.sequence.0;
            }
            Ok(None) => return (records, true),
            Err(_) => return (records, false),
        }
    }
}

fn check_honest(left: &Left, damaged: &Segments, folder: &Path) {
    read_all(left, folder, Sequence(u64::MAX));
    let vouched = vouched(left, damaged);
    let verdict = verify(folder, Some(left.head.0)).expect("files in memory");
    if verdict.damage.is_none() {
        let last = verdict.last.unwrap_or(Sequence(0));
        assert!(
            last.0 >= vouched,
            "{vouched} was durable, and its loss is not named: {verdict}"
        );
        assert_eq!(verdict.records, last.0, "{verdict}");
        let passed = verdict.asked != Asked::Absent;
        assert_eq!(
            passed,
            last.0 >= left.head.1,
            "a cut behind the head: {verdict}"
        );
        let (read, whole) = read_all(left, folder, last);
        assert!(
            whole && read == last.0,
            "only {read} can be read: {verdict}"
        );
    }
    if let Some(kept) = check_agreement(folder) {
        assert!(kept >= vouched, "{vouched} was durable, {kept} was kept");
    }
}

/// What `verify` says, a start does; what a start kept is sound and goes on. The last sequence that was kept.
pub fn check_agreement(folder: &Path) -> Option<u64> {
    let before = segments(folder);
    let verdict = verify(folder, None).expect("files in memory");
    let centre = verdict.centre.unwrap_or(CENTRE);
    let (mut files, recovery) = match open(folder, centre, &shape()) {
        Ok(opened) => opened,
        Err(OpenError::Damaged(damage)) => {
            assert_eq!(Some(damage), verdict.damage, "{verdict}");
            assert_eq!(
                segments(folder),
                before,
                "a refused start changed something"
            );
            return None;
        }
        Err(other) => panic!("{other}: {verdict}"),
    };
    assert!(verdict.damage.is_none(), "it was started: {verdict}");
    assert_eq!(
        (recovery.records, recovery.cut),
        (verdict.records, verdict.tail),
        "{verdict}"
    );
    let kept = recovery.chain.last();
    check_kept(folder, &verdict);
    append(&mut files, 2, kept);
    files.sync().expect("a journal in memory");
    drop(files);
    let after = verify(folder, None).expect("files in memory");
    assert!(
        after.damage.is_none() && after.tail.is_none(),
        "it does not go on: {after}"
    );
    assert_eq!(after.records, recovery.records + 2, "{after}");
    Some(kept.0)
}

fn check_kept(folder: &Path, verdict: &Verdict) {
    let now = verify(folder, None).expect("files in memory");
    assert!(
        now.damage.is_none() && now.tail.is_none(),
        "a start left {now}"
    );
    assert_eq!(
        (now.records, now.head),
        (verdict.records, verdict.head),
        "{now}"
    );
}
