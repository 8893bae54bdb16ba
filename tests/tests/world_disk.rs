//! The simulated disk keeps what it promised and nothing else; and what the journal promised on it holds wherever a start
//! was refused in the middle.

#![allow(clippy::unwrap_used)] // a test says what is wrong by its panic

use engine::id::CentreId;
use engine::journal::disk::{Access, Disk, Folder};
use engine::journal::{Objects, Shape, open};
use std::path::Path;
use std::sync::Arc;
use tests::world::disk::SimulatedDisk;

const CENTRE: CentreId = CentreId(1);

fn folder(disk: &SimulatedDisk) -> Folder {
    Folder::new(Arc::new(disk.clone()), "/data".into())
}

fn shape() -> Shape {
    Shape {
        segment_bytes: 16 << 10,
        batch_bytes: 4 << 10,
        batch_records: 4,
        batches: 2,
        ..Shape::default()
    }
}

/// What is at the start of a file, if there is one.
fn start(disk: &SimulatedDisk, name: &str) -> Option<Vec<u8>> {
    let file = disk
        .open(&Path::new("/data").join(name), Access::Read)
        .ok()?;
    let mut bytes = vec![0; 2_048];
    let read = file.read_at(&mut bytes, 0).unwrap();
    bytes.truncate(read);
    Some(bytes)
}

#[test]
fn a_crash_keeps_what_was_synced_and_any_part_of_the_rest() {
    let (mut kept, mut torn, mut lost, mut named) = (0, 0, 0, 0);
    for seed in 0..300 {
        let disk = SimulatedDisk::new(seed);
        let folder = folder(&disk);
        folder.make().unwrap();
        let file = folder.open("a", Access::Create).unwrap();
        file.write(&[1; 2_048], 0).unwrap();
        file.sync_data().unwrap();
        folder.sync().unwrap();
        folder.open("b", Access::Create).unwrap();
        file.write(&[2; 1_024], 0).unwrap();
        disk.crash();
        let bytes = start(&disk, "a").expect("its name was synced");
        assert_eq!(bytes.len(), 2_048);
        assert_eq!(bytes[1_024..], [1; 1_024], "nobody wrote there");
        for sector in bytes.chunks(512) {
            assert!(
                sector.iter().all(|byte| *byte == sector[0]),
                "a sector is whole"
            );
        }
        match (bytes[0], bytes[512]) {
            (2, 2) => kept += 1,
            (1, 1) => lost += 1,
            _ => torn += 1,
        }
        named += u32::from(start(&disk, "b").is_some());
        assert!(
            file.write(&[3], 0).is_err(),
            "what was open before a crash is dead"
        );
    }
    assert!(
        kept > 20 && lost > 20 && torn > 20 && (50..250).contains(&named),
        "{kept} {lost} {torn} {named}"
    );
}

#[test]
fn after_a_failed_sync_memory_shows_what_the_disk_has_not() {
    let mut differed = 0;
    for seed in 0..50 {
        let disk = SimulatedDisk::new(seed);
        let folder = folder(&disk);
        folder.make().unwrap();
        let file = folder.open("a", Access::Create).unwrap();
        folder.sync().unwrap();
        file.write(&[1; 512], 0).unwrap();
        disk.faults(|faults| faults.set(tests::world::faults::Fault::SyncError, 1));
        assert!(file.sync_data().is_err());
        disk.faults(|faults| faults.cease());
        file.sync_data().unwrap();
        assert_eq!(start(&disk, "a"), Some(vec![1; 512]));
        file.distrust_memory().unwrap();
        differed += u32::from(start(&disk, "a") != Some(vec![1; 512]));
    }
    assert!(differed > 10, "{differed}");
}

/// Refuses each act of a first start in turn, lets the next start succeed, and cuts the power: what that start counted on
/// must still be there.
#[test]
fn a_start_after_one_that_was_refused_anywhere_outlives_a_crash() {
    for seed in 0..8 {
        for act in 0.. {
            let disk = SimulatedDisk::new(seed);
            disk.faults(|faults| faults.refuse_after(act));
            let first = open(folder(&disk), CENTRE, &shape()).map(drop);
            if !disk.faults(|faults| faults.has_refused()) {
                assert!(act > 5 && first.is_ok());
                break;
            }
            disk.kill();
            let (files, second) = open(folder(&disk), CENTRE, &shape()).unwrap();
            drop(files);
            disk.crash();
            let (_, third) = open(folder(&disk), CENTRE, &shape()).unwrap();
            let (second, third) = (second.chain.epoch, third.chain.epoch);
            assert!(
                third > second,
                "disk {seed}, act {act} refused: epoch {third} follows {second}"
            );
        }
    }
}

/// The same for an object: once it was said to be kept, it is kept.
#[test]
fn an_object_that_is_said_to_be_kept_outlives_a_crash() {
    for seed in 0..8 {
        for act in 0.. {
            let disk = SimulatedDisk::new(seed);
            folder(&disk).make().unwrap();
            disk.faults(|faults| faults.refuse_after(act));
            let objects = Objects::of(folder(&disk));
            let first = objects.put(b"a plan");
            if !disk.faults(|faults| faults.has_refused()) {
                assert!(act > 5 && first.is_ok());
                break;
            }
            let hash = objects.put(b"a plan").unwrap();
            disk.crash();
            let kept = objects.get(hash);
            assert!(kept.is_ok(), "disk {seed}, act {act} refused: {kept:?}");
        }
    }
}
