//! A journal of a full segment of 64 KiB and a second one that ends with a mark: every changed byte, every two neighbouring
//! records swapped, a bit in each record, every cut; and a segment of the full size cut at its sectors.
//!
//! `DAMAGE_STEP=1` meets every byte and every sector; without it a debug build meets every few of the bytes, and any build
//! the sectors of both ends and a few hundred between them.

use super::fixture::{CENTRE, append, read_all, small};
use super::header::{BatchHeader, HEADER_BYTES};
use super::segment::segment_name;
use super::verify::{Asked, Verdict};
use super::*;
use crate::id::{HeaderHash, Sequence};
use std::fs;
use std::os::unix::fs::FileExt;
use tempfile::TempDir;

const SEGMENT: usize = 64 << 10;

/// From one byte to the next that is met.
fn step(seldom: usize) -> usize {
    match std::env::var("DAMAGE_STEP") {
        Ok(text) => text.parse().unwrap(),
        Err(_) if cfg!(debug_assertions) => seldom,
        Err(_) => 1,
    }
}

fn shape() -> Shape {
    Shape {
        segment_bytes: SEGMENT as u64,
        ..small()
    }
}

/// One batch of a segment: where it starts, where the next one does, and its header.
#[derive(Clone, Debug)]
struct Placed {
    start: usize,
    end: usize,
    header: BatchHeader,
}

/// A journal, what is in its two segments, and its head.
struct Made {
    folder: TempDir,
    paths: [PathBuf; 2],
    bytes: [Vec<u8>; 2],
    batches: [Vec<Placed>; 2],
    last: Sequence,
    head: HeaderHash,
}

fn placed(segment: &[u8]) -> Vec<Placed> {
    let (mut batches, mut start) = (Vec::new(), BLOCK_BYTES as usize);
    while let Some(bytes) = segment.get(start..start + HEADER_BYTES) {
        let Ok(header) = BatchHeader::decode(bytes.try_into().unwrap()) else {
            break;
        };
        if header.count == 0 {
            break;
        }
        let end = start + aligned(header.bytes() as u64) as usize;
        batches.push(Placed { start, end, header });
        start = end;
    }
    batches
}

fn journal() -> Made {
    let folder = tempfile::tempdir().unwrap();
    let (mut files, _) = open(folder.path(), CENTRE, &shape()).unwrap();
    let mut records = 1;
    while segment::list(&folder.path().into()).unwrap().len() < 2 {
        append(&mut files, records);
        records = records % 8 + 1;
    }
    for records in [3, 8, 1, 5] {
        append(&mut files, records);
    }
    while files.tend(true).unwrap() {}
    let last = files.tail().last();
    drop(files);
    let names = segment::list(&folder.path().into()).unwrap();
    let paths = [0, 1].map(|index| folder.path().join(segment_name(names[index])));
    let bytes = [0, 1].map(|index: usize| fs::read(&paths[index]).unwrap());
    let batches = [0, 1].map(|index: usize| placed(&bytes[index]));
    assert_eq!((names.len(), bytes[0].len()), (2, SEGMENT));
    assert!(batches[0].len() > 50 && batches[1].len() >= 4);
    let head = verify(folder.path(), None).unwrap().head;
    Made {
        folder,
        paths,
        bytes,
        batches,
        last,
        head,
    }
}

impl Made {
    fn verdict(&self) -> Verdict {
        verify(self.folder.path(), Some(self.head)).unwrap()
    }

    fn start(&self) -> Result<Recovery, OpenError> {
        open(self.folder.path(), CENTRE, &shape()).map(|(_, recovery)| recovery)
    }

    /// Makes the journal what it was, whatever a start has added.
    fn restore(&self) {
        for (path, bytes) in self.paths.iter().zip(&self.bytes) {
            fs::write(path, bytes).unwrap();
        }
    }

    /// What was durable is damaged: `verify` names it, with this segment and this sequence, and a start refuses.
    fn refuses(&self, segment: Sequence, sequences: std::ops::RangeInclusive<u64>, place: &str) {
        let verdict = self.verdict();
        let damage = verdict
            .damage
            .unwrap_or_else(|| panic!("{place}: {verdict}"));
        assert_eq!(damage.segment, segment, "{place}: {verdict}");
        assert!(
            sequences.contains(&damage.sequence.0),
            "{place}, {sequences:?}: {verdict}"
        );
        match self.start() {
            Err(OpenError::Damaged(_)) => {}
            other => panic!("{place}: {other:?}"),
        }
    }
}

/// Whatever byte is changed, `verify` says so: as damage where a record or its proof is, as odd where nothing is.
#[test]
fn every_changed_byte_of_a_segment_is_named() {
    let made = journal();
    let end = made.batches[0].last().unwrap().end;
    let file = fs::OpenOptions::new()
        .write(true)
        .open(&made.paths[0])
        .unwrap();
    let (mut damaged, mut odd) = (0, 0);
    for at in (0..SEGMENT).step_by(step(61)) {
        let was = made.bytes[0][at];
        file.write_all_at(&[was ^ 1 << (at % 8)], at as u64)
            .unwrap();
        let verdict = made.verdict();
        match (verdict.damage, verdict.odd) {
            (Some(damage), _) => {
                assert!(
                    damage.offset as usize <= at && at < end,
                    "byte {at}: {verdict}"
                );
                damaged += 1;
            }
            (None, Some(_)) => {
                assert!(
                    at >= end && verdict.last == Some(made.last),
                    "byte {at}: {verdict}"
                );
                odd += 1;
            }
            (None, None) => panic!("byte {at} is not named: {verdict}"),
        }
        file.write_all_at(&[was], at as u64).unwrap();
    }
    println!("{damaged} bytes are damage, {odd} are odd");
    assert!(damaged > 0);
}

/// A flipped bit in each record: that record is named.
#[test]
fn a_flipped_bit_in_each_record_is_named_with_its_sequence() {
    let made = journal();
    let mut records = 0;
    for (index, batches) in made.batches.iter().enumerate() {
        let segment = batches[0].header.first;
        for batch in batches {
            let mut at = batch.start + HEADER_BYTES;
            for sequence in batch.header.first.0..=batch.header.last().0 {
                let length = frame::record_bytes(&made.bytes[index][at..]).unwrap();
                let mut bytes = made.bytes[index].clone();
                let bit = sequence as usize * 37 % (length * 8);
                bytes[at + bit / 8] ^= 1 << (bit % 8);
                fs::write(&made.paths[index], bytes).unwrap();
                made.refuses(
                    segment,
                    batch.header.first.0..=sequence,
                    &format!("record {sequence}, bit {bit}"),
                );
                at += length;
                records += 1;
            }
        }
        made.restore();
    }
    assert_eq!(records, made.last.0);
}

/// Two neighbouring records change places, in a batch and across two of them: the first of the two is named.
#[test]
fn every_two_neighbouring_records_swapped_are_named() {
    let made = journal();
    let mut records = Vec::new();
    for batch in &made.batches[0] {
        let mut at = batch.start + HEADER_BYTES;
        for sequence in batch.header.first.0..=batch.header.last().0 {
            let length = frame::record_bytes(&made.bytes[0][at..]).unwrap();
            records.push((at, length, sequence, batch.header.first.0));
            at += length;
        }
    }
    let mut swapped = 0;
    for two in records.windows(2) {
        let [(one, length, sequence, batch), (other, beside, ..)] = [two[0], two[1]];
        let mut bytes = made.bytes[0].clone();
        if one + length == other {
            bytes[one..other + beside].rotate_left(length);
        } else if length == beside {
            bytes[one..one + length].copy_from_slice(&made.bytes[0][other..other + beside]);
            bytes[other..other + beside].copy_from_slice(&made.bytes[0][one..one + length]);
        } else {
            continue;
        }
        fs::write(&made.paths[0], bytes).unwrap();
        made.refuses(Sequence(1), batch..=sequence, &format!("record {sequence}"));
        swapped += 1;
    }
    assert!(
        swapped > records.len() / 2,
        "{swapped} of {}",
        records.len()
    );
}

/// The closed segment is cut anywhere: what it held was durable, for the next one follows. Refused, unless nothing but the
/// room behind the last batch is gone.
#[test]
fn a_closed_segment_cut_at_any_byte_is_refused() {
    let made = journal();
    for length in (0..SEGMENT).rev().step_by(step(97)) {
        for is_short in [true, false] {
            let mut cut = made.bytes[0][..length].to_vec();
            if !is_short {
                cut.resize(SEGMENT, 0);
            }
            if cut == made.bytes[0] {
                continue;
            }
            fs::write(&made.paths[0], &cut).unwrap();
            let place = format!("length {length}, short {is_short}");
            let mut filled = cut;
            filled.resize(SEGMENT, 0);
            let block = BLOCK_BYTES as usize;
            let is_lost = |batch: &&Placed| {
                filled[batch.start..batch.end] != made.bytes[0][batch.start..batch.end]
            };
            if filled[..block] != made.bytes[0][..block] {
                made.refuses(Sequence(1), 1..=1, &place);
            } else if let Some(lost) = made.batches[0].iter().find(is_lost) {
                let header = &lost.header;
                made.refuses(Sequence(1), header.first.0..=header.last().0, &place);
            } else {
                // The mark alone may be missing: a crash can keep it from the disk once the next segment has its name.
                let verdict = made.verdict();
                let is_named = verdict.damage.is_some() || verdict.odd.is_some();
                assert!(is_named || !is_short, "{place}: {verdict}");
                assert_eq!(verdict.last, Some(made.last), "{place}: {verdict}");
            }
        }
    }
}

/// The mark of a closed segment, written only in part or with any byte changed: nothing is lost, so nobody is refused.
#[test]
fn a_mark_cut_short_or_changed_anywhere_refuses_nobody() {
    let made = journal();
    let mark = made.batches[0].last().unwrap().end;
    for at in 0..HEADER_BYTES {
        for is_cut in [true, false] {
            let mut bytes = made.bytes[0].clone();
            match is_cut {
                true => bytes[mark + at..mark + HEADER_BYTES].fill(0),
                false => bytes[mark + at] ^= 1 << (at % 8),
            }
            fs::write(&made.paths[0], bytes).unwrap();
            let verdict = made.verdict();
            let found = (verdict.damage, verdict.last);
            assert_eq!(found, (None, Some(made.last)), "byte {at}: {verdict}");
            let recovery = made.start().unwrap();
            assert_eq!(recovery.records, made.last.0, "byte {at}");
            made.restore();
        }
    }
}

/// The last segment is cut anywhere: a start goes on behind the last batch that is whole, and says what is gone; a head that
/// was kept shows every cut, a clean one too.
#[test]
fn the_last_segment_cut_at_any_byte_goes_on_where_it_is_whole() {
    let made = journal();
    let batches = &made.batches[1];
    let end = batches.last().unwrap().end;
    let closed = made.batches[0].last().unwrap().header.last();
    // Nothing but room is gone: it is named all the same.
    for length in (end..SEGMENT).step_by(step(977)) {
        fs::write(&made.paths[1], &made.bytes[1][..length]).unwrap();
        let verdict = made.verdict();
        let is_named = verdict.tail.is_some() || verdict.odd.is_some();
        assert!(is_named, "short {length}: {verdict}");
        assert_eq!((verdict.damage, verdict.last), (None, Some(made.last)));
    }
    for length in (BLOCK_BYTES as usize..end).step_by(step(7)) {
        let mut cut = made.bytes[1][..length].to_vec();
        cut.resize(SEGMENT, 0);
        let whole = batches.iter().take_while(|batch| {
            batch.end <= length || cut[..batch.end] == made.bytes[1][..batch.end]
        });
        let last = whole.last().map_or(closed, |batch| batch.header.last());
        fs::write(&made.paths[1], &cut).unwrap();
        let verdict = made.verdict();
        assert_eq!(
            (verdict.damage, verdict.last),
            (None, Some(last)),
            "length {length}: {verdict}"
        );
        let asked = if last == made.last {
            Asked::Head
        } else {
            Asked::Absent
        };
        assert_eq!(verdict.asked, asked, "length {length}: {verdict}");
        let recovery = made.start().unwrap();
        assert_eq!(recovery.chain.last(), last, "length {length}");
        assert_eq!(read_all(made.folder.path()).unwrap(), last.0);
        made.restore();
    }
}

/// A segment of the full size, alone: at each sector it goes on where it is whole.
#[test]
fn a_full_segment_cut_at_a_sector_goes_on_where_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let all = std::env::var("DAMAGE_STEP").is_ok();
    // Without optimization even writing it takes half a minute: an eighth of it.
    let parts = if cfg!(debug_assertions) && !all { 8 } else { 1 };
    let full = Shape {
        segment_bytes: shape::SEGMENT_BYTES / parts,
        batch_records: 8,
        ..Shape::default()
    };
    let (mut files, _) = open(folder.path(), CENTRE, &full).unwrap();
    // Eight records make two blocks; the last few are left, so that no other segment follows.
    for _ in 0..full.segment_bytes / (2 * BLOCK_BYTES) - 8 {
        fixture::append_unsynced(&mut files, 8, Sequence(0));
    }
    drop(files);
    let names = segment::list(&folder.path().into()).unwrap();
    assert_eq!(names.len(), 1);
    let path = folder.path().join(segment_name(names[0]));
    let bytes = fs::read(&path).unwrap();
    let batches = placed(&bytes);
    let sectors = bytes.len() / BLOCK_BYTES as usize;
    let near = if cfg!(debug_assertions) { 8 } else { 256 };
    let between = (sectors / near).max(1);
    let met = (1..=sectors).rev().filter(|&sector| {
        all || sector < near || sectors - sector < near || sector.is_multiple_of(between)
    });
    let mut count = 0;
    for sector in met {
        let length = sector * BLOCK_BYTES as usize;
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(length as u64).unwrap();
        drop(file);
        let whole = batches.partition_point(|batch| batch.end <= length);
        let last = whole
            .checked_sub(1)
            .map_or(0, |index| batches[index].header.last().0);
        let verdict = verify(folder.path(), None).unwrap();
        let found = (verdict.damage, verdict.last.map_or(0, |last| last.0));
        assert_eq!(
            found,
            (None, last),
            "sector {sector} of {sectors}: {verdict}"
        );
        // A start would take it: nothing in it says that more of it was durable.
        let proved = Proved::of(folder.path(), CENTRE, &full, None);
        assert!(proved.is_ok(), "sector {sector}: {:?}", proved.err());
        count += 1;
    }
    println!("{count} of {sectors} sectors, {} batches", batches.len());
    let (_, recovery) = open(folder.path(), CENTRE, &full).unwrap();
    assert_eq!(recovery.records, 0);
}
