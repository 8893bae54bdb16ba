//! Appending to the journal: groups of records written, chained and synced.
//!
//! `cargo bench -p bench --bench journal`; the folder is a temporary one on the machine's disk.

#![allow(missing_docs)] // criterion's macros make undocumented items

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use engine::id::{CentreId, Sequence};
use engine::journal::log::Sealed;
use engine::journal::{Batch, Log, Shape, open};
use engine::moment::Moment;

/// Bytes of a typical record.
const RECORD: [u8; 300] = [7; 300];

fn append(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("journal_append_and_sync");
    let smoke = !std::env::args().any(|argument| argument == "--bench");
    let groups: &[u32] = if smoke { &[1, 64] } else { &[1, 64, 1_024] };
    for &records in groups {
        let folder = match tempfile::tempdir() {
            Ok(folder) => folder,
            Err(error) => panic!("no temporary folder: {error}"),
        };
        let shape = Shape::default();
        let mut files = match open(folder.path(), CentreId(1), &shape) {
            Ok((files, _)) => files,
            Err(error) => panic!("the journal cannot be opened: {error}"),
        };
        let mut chain = files.tail();
        let mut batch = Batch::new(&shape);
        group.throughput(Throughput::Elements(u64::from(records)));
        group.bench_function(format!("groups_of_{records}"), |bencher| {
            bencher.iter_batched(
                || (),
                |()| {
                    let first = chain.next;
                    batch.start(first);
                    for number in 0..records {
                        let at = Moment(i64::from(number));
                        assert!(batch.push(at, &RECORD).is_ok(), "the batch has room");
                    }
                    let (header, bytes) = batch.seal(&chain, Sequence(first.0 - 1));
                    let next = chain.after(&header);
                    let sealed = Sealed {
                        header: &header,
                        id: next.previous,
                        bytes,
                    };
                    if let Err(error) = files.append(first, sealed).and_then(|()| files.sync()) {
                        panic!("the journal stopped: {error}");
                    }
                    chain = next;
                },
                BatchSize::PerIteration,
            );
        });
        println!(
            "journal: {} records, head {}",
            chain.next.0 - 1,
            &chain.previous.to_string()[..16]
        );
    }
    group.finish();
}

criterion_group!(benches, append);
criterion_main!(benches);
