//! Handing over from a producer thread to the writer: one by one, and in chunks.
//!
//! `cargo bench -p bench --bench lanes`

#![allow(missing_docs)] // criterion's macros make undocumented items

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use engine::lane::{Bell, CHUNK, Lane, LaneLimits, lanes};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The size of a submission's command, nearly.
type Item = [u64; 24];

/// Time for `count` items to cross, in chunks of `chunk`.
fn cross(count: u64, chunk: usize) -> Duration {
    let limits = LaneLimits {
        life: 65_536,
        urgent: 65_536,
        service: 65_536,
    };
    let (producer, mut consumer) = lanes::<Item>(limits, Bell::new());
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut sent = 0;
            while sent < count {
                let mut items = producer.chunk();
                for number in sent..(sent + chunk as u64).min(count) {
                    if items.push([number; 24]).is_err() {
                        break;
                    }
                }
                let len = items.len() as u64;
                match producer.push(Lane::Urgent, items) {
                    Ok(()) => sent += len,
                    Err(refused) => {
                        producer.recycle(refused.chunk);
                        std::thread::yield_now();
                    }
                }
            }
            while !stop.load(Ordering::Acquire) {
                std::thread::yield_now();
            }
        });
        let start = Instant::now();
        let (mut received, mut sum) = (0, 0_u64);
        while received < count {
            let took = consumer.drain(1_024, |item| sum = sum.wrapping_add(item[0]));
            received += took as u64;
            if took == 0 {
                consumer.sleep(Duration::from_millis(10), || false);
            }
        }
        let span = start.elapsed();
        stop.store(true, Ordering::Release);
        assert_eq!(sum, (0..count).sum::<u64>(), "every item crossed once");
        span
    })
}

fn hand_over(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lane");
    group.throughput(Throughput::Elements(1));
    for chunk in [1, CHUNK] {
        group.bench_function(format!("chunks_of_{chunk}"), |bencher| {
            bencher.iter_custom(|count| cross(count, chunk));
        });
    }
    group.finish();
}

criterion_group!(benches, hand_over);
criterion_main!(benches);
