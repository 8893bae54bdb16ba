//! The whole decision: from decoded words, and the writer's part alone, under the standard load.
//!
//! `cargo bench -p bench --bench decision` for the figures; `cargo test -p bench --benches` runs each once at the smoke size.

#![allow(missing_docs)] // criterion's macros make undocumented items

use bench::{Standard, StandardSize};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

fn size() -> StandardSize {
    let smoke = !std::env::args().any(|argument| argument == "--bench");
    if smoke {
        StandardSize::SMOKE
    } else {
        StandardSize::FULL
    }
}

fn decision(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decision");
    group.throughput(Throughput::Elements(1));
    let mut standard = match Standard::new(size()) {
        Ok(standard) => standard,
        Err(error) => panic!("the standard load cannot be made: {error:#}"),
    };
    group.bench_function("writer", |bencher| bencher.iter(|| standard.decide()));
    println!("{}", standard.result());
    group.bench_function("words_to_report", |bencher| {
        bencher.iter(|| black_box(standard.take_words()))
    });
    group.bench_function("words_to_record", |bencher| {
        bencher.iter(|| standard.decide_from_words())
    });
    println!("{}", standard.result());
    group.finish();
}

/// Flatness: the writer's part as units grow.
fn flatness(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("writer_by_units");
    let full = size();
    let counts: &[u32] = if full.units >= 10_000 {
        &[1_000, 10_000, 100_000]
    } else {
        &[1_000]
    };
    for &units in counts {
        let open = full.open.min(units / 10);
        let mut standard = match Standard::new(StandardSize {
            units,
            open,
            ..full
        }) {
            Ok(standard) => standard,
            Err(error) => panic!("the standard load cannot be made: {error:#}"),
        };
        group.bench_function(units.to_string(), |bencher| {
            bencher.iter(|| standard.decide())
        });
        println!("{}", standard.result());
    }
    group.finish();
}

criterion_group!(benches, decision, flatness);
criterion_main!(benches);
