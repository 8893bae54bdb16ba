//! What a call is: texts of the median length, long ones, and what the parts cost.
//!
//! `cargo bench -p bench --bench classify`. With `--test` every part runs once. Under
//! `valgrind --tool=callgrind --toggle-collect='*classify_once*'` the binary with `--profile-time 1 median` counts instructions.

#![allow(missing_docs)] // criterion's macros make undocumented items

use bench::wording;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use engine::classify::{Lexicon, Scratch};
use engine::line::Line;
use std::hint::black_box;

/// One text through the classifier; not inlined, so that a counter of instructions finds it.
#[inline(never)]
fn classify_once(lexicon: &Lexicon, line: Line, text: &str, scratch: &mut Scratch) -> u16 {
    let verdict = lexicon.classify(line, Some(black_box(text)), None, scratch);
    verdict.confidence_permille ^ verdict.kind as u16
}

fn classify(criterion: &mut Criterion) {
    let lexicon = Lexicon::embedded();
    let mut scratch = Scratch::new();
    println!(
        "tables: {} bytes; verdicts: {:016x}",
        lexicon.table_bytes(),
        wording::hash(lexicon)
    );
    let mut group = criterion.benchmark_group("classify");
    for (name, texts) in [
        ("median", wording::texts(46)),
        ("thousand", wording::texts(1_000)),
    ] {
        group.throughput(Throughput::Elements(1));
        let mut next = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                next = (next + 1) % texts.len();
                let (line, text) = &texts[next];
                classify_once(lexicon, *line, text, &mut scratch)
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default();
    targets = classify
}
criterion_main!(benches);
