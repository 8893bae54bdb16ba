//! What happens to a journal on a bad disk or in bad hands: every byte, every length, swaps, losses, garbage.

use super::fixture::{CENTRE, append, append_unsynced, read_all, small};
use super::header::{BatchHeader, HEADER_BYTES};
use super::segment::segment_name;
use super::verify::Asked;
use super::*;
use crate::id::{HeaderHash, Sequence};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;
use tempfile::TempDir;

/// Files of a journal by bare name, and its last sequence.
type Made = (Vec<(OsString, Vec<u8>)>, Sequence);

/// All files of a journal, by name.
type Image = BTreeMap<PathBuf, Vec<u8>>;

fn image(folder: &Path) -> Image {
    let names = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    names
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read(&path).unwrap()))
        .collect()
}

fn restore(folder: &Path, image: &Image) {
    for entry in fs::read_dir(folder).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    for (path, bytes) in image {
        fs::write(path, bytes).unwrap();
    }
}

/// Three segments, of which the last ends with a mark: all of it is known to be durable.
fn journal() -> (TempDir, Sequence) {
    // Made once, for every journal costs a dozen syncs.
    static MADE: OnceLock<Made> = OnceLock::new();
    let (files, last) = MADE.get_or_init(make_journal);
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    (folder, *last)
}

fn make_journal() -> Made {
    let folder = tempfile::tempdir().unwrap();
    let (mut files, _) = open(folder.path(), CENTRE, &small()).unwrap();
    for records in [1, 1, 3, 8, 2, 5, 1, 7, 4, 1, 1] {
        append(&mut files, records);
    }
    assert!(files.tend(true).is_ok());
    let last = files.tail().last();
    drop(files);
    fs::remove_file(folder.path().join("next.new")).unwrap();
    assert_eq!(segment::list(&folder.path().into()).unwrap().len(), 3);
    let image = image(folder.path()).into_iter();
    (
        image
            .map(|(path, bytes)| (path.file_name().unwrap().to_owned(), bytes))
            .collect(),
        last,
    )
}

/// Where the batches of a segment start, and where the last one ends.
fn batches(segment: &[u8]) -> (Vec<usize>, usize) {
    let (mut offsets, mut offset) = (Vec::new(), BLOCK_BYTES as usize);
    while let Some(bytes) = segment.get(offset..offset + HEADER_BYTES) {
        let Ok(header) = BatchHeader::decode(bytes.try_into().unwrap()) else {
            break;
        };
        if header.count == 0 {
            break;
        }
        offsets.push(offset);
        offset += aligned(header.bytes() as u64) as usize;
    }
    (offsets, offset)
}

fn damage_or_tail(folder: &Path) -> String {
    let verdict = verify(folder, None).unwrap();
    match (verdict.damage, verdict.tail) {
        (Some(damage), _) => damage.to_string(),
        (None, Some(tail)) => tail.to_string(),
        (None, None) => String::new(),
    }
}

fn read_durable(folder: &Path, last: Sequence) -> Result<u64, ReadError> {
    let mut reader = Reader::open(folder)?;
    let mut records = 0;
    while reader.next(last)?.is_some() {
        records += 1;
    }
    Ok(records)
}

/// (hardening: journal tampering) Every flipped byte of headers, records and padding is named by `verify` with its
/// segment, stops a reader who knows how far the log was durable, and refuses a start.
#[test]
fn every_flipped_byte_is_found() {
    let (folder, last) = journal();
    let folder = folder.path();
    assert_eq!(read_durable(folder, last).unwrap(), last.0);
    for (path, bytes) in image(folder) {
        if path.extension().is_none() {
            continue;
        }
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        let (_, end) = batches(&bytes);
        for at in 0..end {
            let flip = bytes[at] ^ 1 << (at % 8);
            file.write_all_at(&[flip], at as u64).unwrap();
            let verdict = verify(folder, None).unwrap();
            let place = format!("{} byte {at}: {verdict}", path.display());
            let damage = verdict.damage.unwrap_or_else(|| panic!("{place}"));
            assert_eq!(
                path.file_name().unwrap().to_str().unwrap(),
                segment_name(damage.segment),
                "{place}"
            );
            assert!(damage.offset as usize <= at, "{place}");
            assert!(read_durable(folder, last).is_err(), "{place}");
            if at % 16 == 0 {
                assert!(
                    matches!(open(folder, CENTRE, &small()), Err(OpenError::Damaged(_))),
                    "{place}"
                );
            }
            file.write_all_at(&bytes[at..=at], at as u64).unwrap();
        }
    }
    assert_eq!(damage_or_tail(folder), "");
}

/// Truncated anywhere in a last batch that nobody was told of, the journal goes on with the batch before.
#[test]
fn a_torn_last_batch_is_cut_at_every_length() {
    let folder = tempfile::tempdir().unwrap();
    let (mut files, _) = open(folder.path(), CENTRE, &small()).unwrap();
    append(&mut files, 3);
    append(&mut files, 2);
    append_unsynced(&mut files, 4, Sequence(5));
    drop(files);
    let whole = image(folder.path());
    let path = folder.path().join(segment_name(Sequence(1)));
    let bytes = &whole[&path];
    let start = batches(bytes).0[2];
    let end = start
        + BatchHeader::decode(bytes[start..][..HEADER_BYTES].try_into().unwrap())
            .unwrap()
            .bytes();
    assert!(bytes[end - 1] != 0);
    // Both what a crash leaves (zeros) and what a person makes (a shorter file).
    for (length, is_short) in (start..end).flat_map(|length| [(length, false), (length, true)]) {
        restore(folder.path(), &whole);
        let mut torn = bytes[..length].to_vec();
        if !is_short {
            torn.resize(bytes.len(), 0);
        }
        fs::write(&path, torn).unwrap();
        let place = format!("length {length}, short {is_short}");
        assert_eq!(
            damage_or_tail(folder.path()).is_empty(),
            length == start && !is_short,
            "{place}"
        );
        assert_eq!(read_all(folder.path()).unwrap(), 5, "{place}");
        let (mut files, recovery) = open(folder.path(), CENTRE, &small()).unwrap();
        assert_eq!(recovery.chain.next, Sequence(6), "{place}");
        assert_eq!(
            recovery.cut.is_none(),
            length == start && !is_short,
            "{place}"
        );
        if let Some(cut) = recovery.cut {
            assert_eq!(
                (cut.damage.sequence, cut.damage.offset),
                (Sequence(6), start as u64),
                "{place}"
            );
        }
        append(&mut files, 1);
        drop(files);
        assert_eq!(read_all(folder.path()).unwrap(), 6, "{place}");
        assert_eq!(damage_or_tail(folder.path()), "", "{place}");
    }
}

/// The other half of the rule: the same tear below something that says it was durable refuses, and changes nothing.
#[test]
fn a_tear_below_what_was_durable_refuses_to_start() {
    let folder = tempfile::tempdir().unwrap();
    let (mut files, _) = open(folder.path(), CENTRE, &small()).unwrap();
    append(&mut files, 3);
    append(&mut files, 2);
    append_unsynced(&mut files, 4, Sequence(5));
    drop(files);
    let path = folder.path().join(segment_name(Sequence(1)));
    let bytes = fs::read(&path).unwrap();
    let starts = batches(&bytes).0;
    for at in starts[1]..starts[2] {
        let mut torn = bytes.clone();
        torn[at..starts[2]].fill(0);
        if torn == bytes {
            continue;
        }
        fs::write(&path, &torn).unwrap();
        match open(folder.path(), CENTRE, &small()) {
            Err(OpenError::Damaged(damage)) => {
                assert_eq!(damage.segment, Sequence(1));
                assert_eq!(damage.offset, starts[1] as u64);
                assert!((4..=5).contains(&damage.sequence.0), "{damage}");
            }
            Err(other) => panic!("{other}"),
            Ok((_, recovery)) => panic!("byte {at}: {recovery:?}"),
        }
        assert_eq!(fs::read(&path).unwrap(), torn, "nothing was changed");
    }
}

/// The first of two batches of one unsynced group is torn, the second is whole: both go, none was acknowledged.
#[test]
fn a_group_torn_in_its_middle_is_cut_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (mut files, _) = open(folder.path(), CENTRE, &small()).unwrap();
    append(&mut files, 2);
    append_unsynced(&mut files, 3, Sequence(2));
    append_unsynced(&mut files, 4, Sequence(2));
    drop(files);
    let path = folder.path().join(segment_name(Sequence(1)));
    let mut bytes = fs::read(&path).unwrap();
    let start = batches(&bytes).0[1];
    bytes[start + 200] ^= 1;
    fs::write(&path, bytes).unwrap();
    let (_, recovery) = open(folder.path(), CENTRE, &small()).unwrap();
    let cut = recovery.cut.unwrap();
    assert_eq!(
        (recovery.chain.next, cut.last),
        (Sequence(3), Some(Sequence(9)))
    );
    let message = cut.to_string();
    for part in [
        "0000000000000001.log",
        "offset 1024",
        "sequences from 3 to 9",
        "checksum",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(read_all(folder.path()).unwrap(), 2);
    assert_eq!(damage_or_tail(folder.path()), "");
}

/// A disk that writes an old block to a wrong place: its length must not hide the mark after it, which says that what
/// was overwritten was durable. (Found by fuzzing.)
#[test]
fn an_old_header_in_a_wrong_place_hides_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut files, _) = open(folder.path(), CENTRE, &small()).unwrap();
    for records in [8, 1, 1] {
        append(&mut files, records);
    }
    while files.tend(true).unwrap() {}
    drop(files);
    let path = folder.path().join(segment_name(Sequence(1)));
    let mut bytes = fs::read(&path).unwrap();
    let starts = batches(&bytes).0;
    assert!(
        starts[1] - starts[0] > 512,
        "the first batch is longer than the last and its mark"
    );
    bytes.copy_within(starts[0]..starts[0] + 512, starts[2]);
    fs::write(&path, &bytes).unwrap();
    let damage = verify(folder.path(), None).unwrap().damage.unwrap();
    assert_eq!(
        (damage.sequence, damage.offset),
        (Sequence(10), starts[2] as u64)
    );
    assert!(matches!(
        open(folder.path(), CENTRE, &small()),
        Err(OpenError::Damaged(_))
    ));
    assert_eq!(fs::read(&path).unwrap(), bytes, "nothing was changed");
}

/// What stands behind a mark in its block would be the padding of the batch that is written over the mark: it is cleared
/// before, or that batch is lost after it was acknowledged. (Found by fuzzing.)
#[test]
fn what_stands_behind_a_mark_spoils_no_later_batch() {
    let folder = tempfile::tempdir().unwrap();
    let (mut files, _) = open(folder.path(), CENTRE, &small()).unwrap();
    append(&mut files, 2);
    while files.tend(true).unwrap() {}
    drop(files);
    let path = folder.path().join(segment_name(Sequence(1)));
    let whole = fs::read(&path).unwrap();
    let mark = batches(&whole).1;
    for at in mark + HEADER_BYTES..mark + 512 {
        let mut bytes = whole.clone();
        bytes[at] = 1;
        fs::write(&path, bytes).unwrap();
        let tail = verify(folder.path(), None).unwrap().tail;
        assert_eq!(tail.unwrap().damage.flaw, Flaw::Padding, "byte {at}");
        let (mut files, recovery) = open(folder.path(), CENTRE, &small()).unwrap();
        assert_eq!(recovery.records, 2, "byte {at}");
        append(&mut files, 1);
        drop(files);
        assert_eq!(read_all(folder.path()).unwrap(), 3, "byte {at}");
        assert_eq!(damage_or_tail(folder.path()), "", "byte {at}");
    }
}

/// There is no record 0, whoever asks for it and whatever a file is called. (Found by fuzzing.)
#[test]
fn a_reader_that_has_read_nothing_invents_nothing() {
    let (folder, last) = journal();
    let folder = folder.path();
    let mut reader = Reader::open(folder).unwrap();
    assert!(reader.record(Sequence(0), last).unwrap().is_none());
    let name = |first| folder.join(segment_name(Sequence(first)));
    fs::rename(name(1), name(0)).unwrap();
    let mut reader = Reader::open(folder).unwrap();
    assert!(reader.next(Sequence(u64::MAX)).is_err());
}

/// A mark that a crash cut short once the next segment had its name, and whatever stands where no record does: named, but
/// nothing is lost and a start goes on. (Found by the simulated world.)
#[test]
fn what_takes_no_record_away_is_named_and_refuses_nobody() {
    let (folder, last) = journal();
    let folder = folder.path();
    let path = folder.join(segment_name(Sequence(1)));
    let bytes = fs::read(&path).unwrap();
    let mark = batches(&bytes).1.next_multiple_of(512);
    let mut named = 0;
    for at in (mark..bytes.len()).step_by(7) {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        fs::write(&path, &changed).unwrap();
        let verdict = verify(folder, None).unwrap();
        assert!(verdict.is_sound(), "byte {at}: {verdict}");
        assert!(verdict.to_string().contains("odd"), "byte {at}: {verdict}");
        assert_eq!(read_durable(folder, last).unwrap(), last.0);
        named += 1;
    }
    assert!(named > 20);
    let mut torn = bytes.clone();
    torn[mark + 40..mark + 128].fill(0);
    fs::write(&path, &torn).unwrap();
    let (_, recovery) = open(folder, CENTRE, &small()).unwrap();
    assert_eq!((recovery.records, recovery.cut), (last.0, None));
}

/// The first batch of a start overwrites the mark that counted it, and is torn: the next start has another epoch all the same.
#[test]
fn every_start_has_an_epoch_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let mut epochs = Vec::new();
    for _ in 0..4 {
        let (files, recovery) = open(folder.path(), CENTRE, &small()).unwrap();
        epochs.push(recovery.chain.epoch);
        drop(files);
        let path = folder.path().join(segment_name(Sequence(1)));
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.write_all_at(&[0xFF; 60], 512).unwrap();
    }
    assert_eq!(epochs, [1, 2, 3, 4]);
    // Without its count, and with one that nobody can have counted, the journal says.
    for count in ["", "18446744073709551615", "\u{FF}x"] {
        fs::write(folder.path().join("EPOCH"), count).unwrap();
        let (_, recovery) = open(folder.path(), CENTRE, &small()).unwrap();
        assert!(recovery.chain.epoch < 100, "{}", recovery.chain.epoch);
    }
}

#[test]
fn swapped_and_doubled_batches_are_found() {
    let (folder, last) = journal();
    let whole = image(folder.path());
    let (path, bytes) = whole
        .iter()
        .find(|(path, _)| path.ends_with(segment_name(Sequence(1))))
        .unwrap();
    let starts = batches(bytes).0;
    let same_size: Vec<_> = starts
        .windows(3)
        .filter(|at| at[1] - at[0] == at[2] - at[1])
        .collect();
    assert!(!same_size.is_empty());
    for at in same_size {
        for is_swap in [true, false] {
            let mut wrong = bytes.clone();
            wrong[at[0]..at[1]].copy_from_slice(&bytes[at[1]..at[2]]);
            if is_swap {
                wrong[at[1]..at[2]].copy_from_slice(&bytes[at[0]..at[1]]);
            }
            fs::write(path, wrong).unwrap();
            let verdict = verify(folder.path(), None).unwrap();
            assert!(
                matches!(verdict.damage.unwrap().flaw, Flaw::Order { .. }),
                "{verdict}"
            );
            assert!(read_durable(folder.path(), last).is_err());
        }
    }
}

/// Batches of a twin, of the right sequence and with all checksums right: only the chain tells.
#[test]
fn batches_of_another_history_are_found() {
    let path = |folder: &TempDir| folder.path().join(segment_name(Sequence(1)));
    let twins = [1, 2].map(|start| {
        let folder = tempfile::tempdir().unwrap();
        let (mut files, _) = open(folder.path(), CENTRE, &small()).unwrap();
        append(&mut files, 1);
        append_unsynced(&mut files, 2, Sequence(start - 1));
        append(&mut files, 2);
        append(&mut files, 2);
        folder
    });
    let mut bytes = fs::read(path(&twins[0])).unwrap();
    let other = fs::read(path(&twins[1])).unwrap();
    let starts = batches(&bytes).0;
    assert_eq!(starts, batches(&other).0);
    bytes[starts[2]..].copy_from_slice(&other[starts[2]..]);
    fs::write(path(&twins[0]), bytes).unwrap();
    let damage = verify(twins[0].path(), None).unwrap().damage.unwrap();
    assert_eq!(
        (damage.flaw, damage.sequence),
        (Flaw::Unchained, Sequence(4))
    );
    assert!(matches!(
        open(twins[0].path(), CENTRE, &small()),
        Err(OpenError::Damaged(_))
    ));
}

#[test]
fn a_lost_segment_is_found_whichever_it_is() {
    let (folder, _) = journal();
    let whole = image(folder.path());
    let segments = segment::list(&folder.path().into()).unwrap();
    for lost in &segments {
        restore(folder.path(), &whole);
        fs::remove_file(folder.path().join(segment_name(*lost))).unwrap();
        let damage = damage_or_tail(folder.path());
        assert!(!damage.is_empty(), "{lost}");
        assert!(
            matches!(
                open(folder.path(), CENTRE, &small()),
                Err(OpenError::Damaged(_))
            ),
            "{lost}"
        );
        if lost == segments.last().unwrap() {
            assert!(damage.contains(&segment_name(*lost)), "{damage}");
        }
    }
}

/// A batch that a later release wrote is no torn tail: it was acknowledged, and only its own release can say what it is.
#[test]
fn a_batch_of_another_release_is_refused_and_not_cut() {
    let (folder, _) = journal();
    let before = image(folder.path());
    let last = *segment::list(&folder.path().into())
        .unwrap()
        .last()
        .unwrap();
    let path = folder.path().join(segment_name(last));
    // Its mark, and then also its last batch, which the mark does not speak of any more.
    let mut bytes = fs::read(&path).unwrap();
    let (offsets, end) = batches(&bytes);
    for at in [end, *offsets.last().unwrap()] {
        header::rewrite(&mut bytes[at..at + HEADER_BYTES], |header| header[8] = 2);
        fs::write(&path, &bytes).unwrap();
        let refused = open(folder.path(), CENTRE, &small()).err().unwrap();
        assert!(
            matches!(&refused, OpenError::Release(damage) if damage.flaw == Flaw::Version(2)),
            "{refused}"
        );
        assert!(refused.to_string().contains("another release"), "{refused}");
        assert_eq!(fs::read(&path).unwrap(), bytes, "nothing was changed");
        assert!(damage_or_tail(folder.path()).contains("version 2"));
    }
    // A write that was torn behind the magic is none.
    restore(folder.path(), &before);
    let mut bytes = fs::read(&path).unwrap();
    bytes[end + 8..end + HEADER_BYTES].fill(0);
    fs::write(&path, &bytes).unwrap();
    let (_, recovery) = open(folder.path(), CENTRE, &small()).unwrap();
    assert!(recovery.cut.is_some());
}

/// Whoever changes a record and all checksums and hashes after it makes another journal: the head tells.
#[test]
fn a_head_that_was_kept_tells_another_journal() {
    let (folder, _) = journal();
    let head = verify(folder.path(), None).unwrap().head;
    let (other, _) = journal();
    assert_eq!(verify(other.path(), Some(head)).unwrap().asked, Asked::Head);
    let (mut files, recovery) = open(folder.path(), CENTRE, &small()).unwrap();
    append(&mut files, 2);
    drop(files);
    let verdict = verify(folder.path(), Some(head)).unwrap();
    assert_eq!(verdict.asked, Asked::Passed(recovery.chain.last()));
    assert!(verdict.is_sound());
    let absent = verify(other.path(), Some(verdict.head)).unwrap();
    assert!(absent.asked == Asked::Absent && !absent.is_sound());
    assert_eq!(
        verify(other.path(), Some(HeaderHash::NONE)).unwrap().asked,
        Asked::Absent
    );
}

/// A record with a right checksum but another payload: only the hashes tell, and they do.
#[test]
fn a_forged_record_is_found_by_its_hash_or_by_the_root() {
    let (folder, _) = journal();
    let path = folder.path().join(segment_name(Sequence(1)));
    let bytes = fs::read(&path).unwrap();
    let record = batches(&bytes).0[0] + HEADER_BYTES;
    let length = frame::record_bytes(&bytes[record..]).unwrap();
    for with_hash in [false, true] {
        let mut forged = bytes.clone();
        let hash: [u8; 32] = forged[record + 8..record + 40].try_into().unwrap();
        forged[record + length - 1] ^= 0x20;
        frame::seal(&mut forged[record..record + length], Sequence(1));
        if !with_hash {
            forged[record + 8..record + 40].copy_from_slice(&hash);
            let sum = crc32c::crc32c_append(
                crc32c::crc32c(&1u64.to_le_bytes()),
                &forged[record + 4..record + length],
            );
            forged[record..record + 4].copy_from_slice(&sum.to_le_bytes());
        }
        fs::write(&path, forged).unwrap();
        let wanted = if with_hash {
            Flaw::Root
        } else {
            Flaw::RecordHash
        };
        let damage = verify(folder.path(), None).unwrap().damage.unwrap();
        assert_eq!(
            (damage.flaw, damage.sequence, damage.offset),
            (wanted, Sequence(1), 512)
        );
    }
}

#[test]
fn records_are_found_in_any_order() {
    let (folder, last) = journal();
    let mut reader = Reader::open(folder.path()).unwrap();
    for step in [1, 5, 13, 31] {
        for index in 0..last.0 * 2 {
            let sequence = Sequence(1 + index * step % last.0);
            let record = reader.record(sequence, last).unwrap().unwrap();
            assert_eq!(
                (record.sequence, record.payload),
                (sequence, &*fixture::payload(sequence))
            );
        }
    }
    assert!(reader.record(Sequence(0), last).unwrap().is_none());
    assert!(reader.record(last.next(), last).unwrap().is_none());
    assert!(
        reader
            .record(last.next(), Sequence(u64::MAX))
            .unwrap()
            .is_none()
    );
    assert!(
        reader.record(last.next(), last.next()).is_err(),
        "durable, the caller says, but not there"
    );
}

#[test]
fn a_folder_without_a_journal_is_empty_and_not_wrong() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(read_all(folder.path()).unwrap(), 0);
    let mut reader = Reader::open(folder.path()).unwrap();
    assert_eq!(reader.centre().unwrap(), None);
    assert!(verify(folder.path(), None).unwrap().is_sound());
    let (mut files, _) = open(folder.path(), CENTRE, &small()).unwrap();
    append(&mut files, 2);
    assert_eq!(
        reader.next(Sequence(2)).unwrap().unwrap().sequence,
        Sequence(1),
        "a reader may come first"
    );
    assert_eq!(reader.centre().unwrap(), Some(CENTRE));
    assert!(verify(folder.path().join("absent"), None).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    /// Whatever is written over a journal: no panic, and never a record that was not written.
    #[test]
    fn garbage_never_panics_and_never_reads_as_a_record(
        patches in prop::collection::vec((0usize..3, 0usize..4_096, prop::collection::vec(any::<u8>(), 1..64)), 1..4),
        moved in prop::option::of((0usize..8, 0usize..8)),
    ) {
        let (folder, last) = journal();
        let mut files: Vec<_> = image(folder.path()).into_iter().filter(|(path, _)| path.extension().is_some()).collect();
        for (segment, at, patch) in patches {
            let bytes = &mut files[segment].1;
            let end = (at + patch.len()).min(bytes.len());
            bytes[at..end].copy_from_slice(&patch[..end - at]);
        }
        if let Some((from, to)) = moved {
            files[0].1.copy_within(from * 512..(from + 1) * 512, to * 512);
        }
        for (path, bytes) in &files {
            fs::write(path, bytes).unwrap();
        }
        if let Ok(read) = read_all(folder.path()) {
            prop_assert!(read <= last.0);
        }
        let verdict = verify(folder.path(), None).unwrap();
        let sound = verdict.is_sound();
        let opened = open(folder.path(), CENTRE, &small());
        prop_assert_eq!(sound, opened.is_ok());
        drop(opened);
        // Who wrecks the last batch and the mark after it, which vouched for it, makes a torn tail: cut and reported.
        prop_assert!(!sound || verdict.tail.is_some() || read_durable(folder.path(), last).is_ok());
    }
}
