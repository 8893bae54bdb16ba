//! The lanes: the only way into a centre. Many producers, one writer, no lock.
//!
//! Items travel in chunks, because a hand-over from core to core costs the same for one item as for 64. Each lane is bounded in
//! items; a full one gives the chunk back and says so. The writer drains by precedence with a floor for the lower lanes
//! (`turn`) and sleeps by a [`Bell`] when nothing waits. Order is kept within a lane for each producer, not between
//! lanes. What the items are is not known here.

mod bell;
pub(crate) mod sync;
mod turn;

pub use bell::Bell;
pub use turn::{FLOORS, TURN};

use crossbeam::queue::ArrayQueue;
use crossbeam::utils::CachePadded;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::Duration;
use sync::{AtomicU32, BoundedQueue};
use turn::Turn;

/// The lanes, the highest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Danger to life, reports on orders, acts of people.
    Life,
    /// Other emergencies.
    Urgent,
    /// Service calls.
    Service,
}

impl Lane {
    /// All lanes, the highest first.
    pub const ALL: [Lane; 3] = [Lane::Life, Lane::Urgent, Lane::Service];
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Lane::Life => "life",
            Lane::Urgent => "urgent",
            Lane::Service => "service",
        })
    }
}

/// How many items each lane holds at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneLimits {
    /// [`Lane::Life`].
    pub life: u32,
    /// [`Lane::Urgent`].
    pub urgent: u32,
    /// [`Lane::Service`].
    pub service: u32,
}

/// Items of one hand-over at most.
pub const CHUNK: usize = 64;

/// Up to [`CHUNK`] items that travel together, in order.
pub struct Chunk<T> {
    /// Grows as it fills, so that a chunk of one item does not hold the memory of 64.
    items: VecDeque<T>,
}

impl<T> Chunk<T> {
    /// Adds an item; gives it back when the chunk is full.
    pub fn push(&mut self, item: T) -> Result<(), T> {
        if self.is_full() {
            return Err(item);
        }
        self.items.push_back(item);
        Ok(())
    }

    /// Takes the items out, the first first.
    pub fn drain(&mut self) -> impl Iterator<Item = T> {
        self.items.drain(..)
    }

    /// How many items it holds.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether it can take no more.
    pub fn is_full(&self) -> bool {
        self.items.len() >= CHUNK
    }
}

impl<T> fmt::Debug for Chunk<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chunk of {}", self.items.len())
    }
}

/// A chunk that did not fit, given back.
#[derive(Debug, thiserror::Error)]
#[error("the {lane} lane holds at most {items_max} items and cannot take {} more now; send them later", .chunk.len())]
pub struct Refused<T> {
    /// Which lane.
    pub lane: Lane,
    /// How many items it holds at most.
    pub items_max: u32,
    /// What was to go in.
    pub chunk: Chunk<T>,
}

#[derive(Debug)]
struct Queue<T> {
    chunks: BoundedQueue<Chunk<T>>,
    /// Items that were pushed and not yet drained. Only a bound: no item is published by it.
    items: CachePadded<AtomicU32>,
    items_max: u32,
}

impl<T> Queue<T> {
    fn new(items_max: u32) -> Queue<T> {
        // As many chunks as items, so that the items alone decide what fits, be they ever so thinly spread.
        let chunks = BoundedQueue::new(items_max.max(1) as usize);
        Queue {
            chunks,
            items: CachePadded::new(AtomicU32::new(0)),
            items_max,
        }
    }

    /// Acquire: pairs with `release`. Whoever gets the room of a drained item also sees that its chunk left the queue,
    /// so that the queue, which has room for a chunk an item, is never full here.
    fn reserve(&self, count: u32) -> bool {
        let fits = |items: u32| {
            items
                .checked_add(count)
                .filter(|&items| items <= self.items_max)
        };
        self.items.fetch_update(Acquire, Relaxed, fits).is_ok()
    }

    fn release(&self, count: u32) {
        self.items.fetch_sub(count, Release);
    }
}

#[derive(Debug)]
struct Shared<T> {
    queues: [Queue<T>; 3],
    /// Emptied chunks on their way back to the producers.
    spare: ArrayQueue<Chunk<T>>,
    bell: Bell,
}

/// Emptied chunks that are kept; more are given back to the allocator.
const SPARE_MAX: usize = 1_024;

/// Three empty lanes: the end where things go in, to be cloned for each producer, and the one end where they come
/// out. Every push rings the bell.
pub fn lanes<T>(limits: LaneLimits, bell: Bell) -> (Producer<T>, Consumer<T>) {
    let queues = [limits.life, limits.urgent, limits.service].map(Queue::new);
    let shared = Arc::new(Shared {
        queues,
        spare: ArrayQueue::new(SPARE_MAX),
        bell,
    });
    let open = Lane::ALL.map(|_| Chunk {
        items: VecDeque::new(),
    });
    (
        Producer {
            shared: shared.clone(),
        },
        Consumer {
            shared,
            open,
            turn: Turn::new(),
        },
    )
}

/// Where items go in. Clones lead into the same lanes.
#[derive(Debug)]
pub struct Producer<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Clone for Producer<T> {
    fn clone(&self) -> Producer<T> {
        Producer {
            shared: self.shared.clone(),
        }
    }
}

impl<T> Producer<T> {
    /// An empty chunk, one that was used before if there is any.
    pub fn chunk(&self) -> Chunk<T> {
        self.shared.spare.pop().unwrap_or_else(|| Chunk {
            items: VecDeque::new(),
        })
    }

    /// Hands a chunk over, whole or not at all. Never blocks.
    pub fn push(&self, lane: Lane, chunk: Chunk<T>) -> Result<(), Refused<T>> {
        let queue = &self.shared.queues[lane as usize];
        let items_max = queue.items_max;
        if chunk.is_empty() {
            self.recycle(chunk);
            return Ok(());
        }
        let count = chunk.len() as u32;
        if !queue.reserve(count) {
            return Err(Refused {
                lane,
                items_max,
                chunk,
            });
        }
        if let Err(chunk) = queue.chunks.push(chunk) {
            queue.release(count);
            return Err(Refused {
                lane,
                items_max,
                chunk,
            });
        }
        self.shared.bell.ring();
        Ok(())
    }

    /// Gives back a chunk that is not needed, with what may be in it.
    pub fn recycle(&self, chunk: Chunk<T>) {
        self.shared.recycle(chunk);
    }

    /// How many items wait in a lane now.
    pub fn depth(&self, lane: Lane) -> u32 {
        self.shared.queues[lane as usize].items.load(Relaxed)
    }

    /// Wakes the writer for work that did not come through a lane.
    pub fn ring(&self) {
        self.shared.bell.ring();
    }
}

impl<T> Shared<T> {
    fn recycle(&self, mut chunk: Chunk<T>) {
        chunk.items.clear();
        // One that finds no room is freed.
        drop(self.spare.push(chunk));
    }
}

/// Where items come out: one for each set of lanes.
#[derive(Debug)]
pub struct Consumer<T> {
    shared: Arc<Shared<T>>,
    /// The chunk of each lane that was begun.
    open: [Chunk<T>; 3],
    turn: Turn,
}

impl<T> Consumer<T> {
    /// Takes at most `max` items out, by precedence (C4), and returns how many; fewer only when all lanes are empty.
    pub fn drain(&mut self, max: usize, mut each: impl FnMut(T)) -> usize {
        let mut drained = 0;
        let mut by_lane = [0; 3];
        while drained < max {
            let waits = Lane::ALL.map(|lane| self.open(lane));
            let Some((lane, most)) = self.turn.next(waits) else {
                break;
            };
            let chunk = &mut self.open[lane as usize];
            let count = chunk.len().min(max - drained).min(most as usize);
            chunk.items.drain(..count).for_each(&mut each);
            self.turn.took(lane, count as u32);
            by_lane[lane as usize] += count as u32;
            drained += count;
        }
        for (queue, count) in self.shared.queues.iter().zip(by_lane) {
            if count > 0 {
                queue.release(count);
            }
        }
        drained
    }

    /// Whether nothing waits in any lane.
    pub fn is_empty(&self) -> bool {
        let begun = self.open.iter().any(|chunk| !chunk.is_empty());
        !begun
            && self
                .shared
                .queues
                .iter()
                .all(|queue| queue.chunks.is_empty())
    }

    /// Sleeps until something is pushed or somebody rings, but no longer than the span, and not if anything waits in the
    /// lanes or `waits` says that something else does. May also return for no reason.
    pub fn sleep(&self, span: Duration, waits: impl FnOnce() -> bool) {
        self.shared.bell.sleep(span, || waits() || !self.is_empty());
    }

    /// Sees to it that the lane has an open chunk with items; `false` when nothing waits in it.
    fn open(&mut self, lane: Lane) -> bool {
        let open = &mut self.open[lane as usize];
        if open.is_empty() {
            let Some(chunk) = self.shared.queues[lane as usize].chunks.pop() else {
                return false;
            };
            let emptied = std::mem::replace(open, chunk);
            // The very first one never held anything and is not worth keeping.
            if emptied.items.capacity() > 0 {
                self.shared.recycle(emptied);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: LaneLimits = LaneLimits {
        life: 200,
        urgent: 100,
        service: 50,
    };

    fn new() -> (Producer<u32>, Consumer<u32>) {
        lanes(LIMITS, Bell::new())
    }

    fn push(
        producer: &Producer<u32>,
        lane: Lane,
        items: impl IntoIterator<Item = u32>,
    ) -> Result<(), Refused<u32>> {
        let mut chunk = producer.chunk();
        for item in items {
            chunk.push(item).unwrap();
        }
        producer.push(lane, chunk)
    }

    fn drain(consumer: &mut Consumer<u32>, max: usize) -> Vec<u32> {
        let mut items = Vec::new();
        assert_eq!(consumer.drain(max, |item| items.push(item)), items.len());
        items
    }

    /// The rule of the lanes told one item at a time.
    #[derive(Default)]
    struct Plain {
        lanes: [VecDeque<u32>; 3],
        had: [u32; 3],
    }

    impl Plain {
        fn take(&mut self) -> Option<u32> {
            if self.had.iter().sum::<u32>() == TURN {
                self.had = [0; 3];
            }
            let left = TURN - self.had.iter().sum::<u32>();
            let owed = |lane: usize| {
                if self.lanes[lane].is_empty() {
                    0
                } else {
                    FLOORS[lane].saturating_sub(self.had[lane])
                }
            };
            let first = (0..3).find(|&lane| !self.lanes[lane].is_empty())?;
            let lane = if owed(1) + owed(2) < left {
                first
            } else {
                (1..3).find(|&lane| owed(lane) > 0)?
            };
            self.had[lane] += 1;
            self.lanes[lane].pop_front()
        }
    }

    proptest! {
        #[test]
        fn lanes_are_three_queues_and_a_rule(
            acts in prop::collection::vec((0usize..3, 0u32..=64, prop::bool::weighted(0.6), 0usize..120), 0..60)
        ) {
            let (producer, mut consumer) = new();
            let mut plain = Plain::default();
            let mut next = 0;
            for (lane, count, pushes, max) in acts {
                if pushes {
                    let limit = [LIMITS.life, LIMITS.urgent, LIMITS.service][lane] as usize;
                    let fits = plain.lanes[lane].len() + count as usize <= limit;
                    let pushed = push(&producer, Lane::ALL[lane], next..next + count);
                    prop_assert_eq!(pushed.is_ok(), fits);
                    if fits {
                        plain.lanes[lane].extend(next..next + count);
                    }
                    next += count;
                } else {
                    let expected: Vec<u32> = std::iter::from_fn(|| plain.take()).take(max).collect();
                    prop_assert_eq!(drain(&mut consumer, max), expected);
                }
                for (lane, queue) in Lane::ALL.into_iter().zip(&plain.lanes) {
                    prop_assert_eq!(producer.depth(lane) as usize, queue.len());
                }
                prop_assert_eq!(consumer.is_empty(), plain.lanes.iter().all(VecDeque::is_empty));
            }
        }
    }

    /// (C4) While danger to life floods in, the others get their share of every 64 and no more.
    #[test]
    fn service_calls_are_never_starved() {
        let (producer, mut consumer) = new();
        for lane in Lane::ALL {
            push(&producer, lane, std::iter::repeat_n(lane as u32, 50)).unwrap();
        }
        push(&producer, Lane::Life, std::iter::repeat_n(0, 64)).unwrap();
        for _ in 0..2 {
            let items = drain(&mut consumer, TURN as usize);
            let had =
                Lane::ALL.map(|lane| items.iter().filter(|&&item| item == lane as u32).count());
            assert_eq!(had, [48, 12, 4]);
        }
        // With danger to life gone, other emergencies are first, and the floor of service holds.
        assert_eq!(
            drain(&mut consumer, 18),
            std::iter::repeat_n(0, 18).collect::<Vec<_>>()
        );
        assert_eq!(
            drain(&mut consumer, 26),
            std::iter::repeat_n(1, 26).collect::<Vec<_>>()
        );
        assert_eq!(
            drain(&mut consumer, 100),
            std::iter::repeat_n(2, 42).collect::<Vec<_>>()
        );
    }

    #[test]
    fn what_does_not_fit_is_given_back() {
        let (producer, mut consumer) = new();
        push(&producer, Lane::Service, 0..49).unwrap();
        let refused = push(&producer, Lane::Service, 100..102).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the service lane holds at most 50 items and cannot take 2 more now; send them later"
        );
        let mut chunk = refused.chunk;
        assert_eq!(chunk.drain().collect::<Vec<_>>(), [100, 101]);
        push(&producer, Lane::Service, [49]).unwrap();
        push(&producer, Lane::Life, [50]).unwrap();
        assert_eq!(drain(&mut consumer, 2), [50, 0]);
        assert_eq!(producer.depth(Lane::Service), 49);
        let mut full = producer.chunk();
        assert!((0..64).all(|item| full.push(item).is_ok()));
        assert_eq!(full.push(64), Err(64));
    }

    #[test]
    fn chunks_come_back_to_the_producers() {
        let (producer, mut consumer) = new();
        for round in 0..100 {
            push(&producer, Lane::Life, round..round + 10).unwrap();
            assert_eq!(drain(&mut consumer, 100).len(), 10);
        }
        assert_eq!(
            producer.shared.spare.len(),
            1,
            "one is open, one is spare, none was made after the second"
        );
        assert!(producer.chunk().items.capacity() >= 10);
    }

    /// Four producers push as fast as they can, the consumer sleeps whenever it is idle. A lost wake-up would
    /// leave it asleep for an hour.
    #[test]
    fn nothing_is_lost_or_doubled_and_each_producer_is_served_in_order() {
        const EACH: u32 = 20_000;
        let (producer, mut consumer) = lanes::<(usize, usize, u32)>(LIMITS, Bell::new());
        let mut next = [[0; 3]; 4];
        std::thread::scope(|scope| {
            for origin in 0..4 {
                let producer = producer.clone();
                scope.spawn(move || {
                    let mut numbers = [0; 3];
                    let mut sent = 0;
                    while sent < EACH {
                        let lane = (sent as usize + origin) / 7 % 3;
                        let mut chunk = producer.chunk();
                        for _ in 0..1 + sent % 11 {
                            chunk.push((origin, lane, numbers[lane])).unwrap();
                            numbers[lane] += 1;
                        }
                        sent += chunk.len() as u32;
                        let mut waiting = Some(chunk);
                        while let Some(chunk) = waiting.take() {
                            if let Err(refused) = producer.push(Lane::ALL[lane], chunk) {
                                waiting = Some(refused.chunk);
                                std::thread::yield_now();
                            }
                        }
                    }
                    // The end of this producer, in every lane.
                    for (lane, number) in numbers.into_iter().enumerate() {
                        let mut chunk = producer.chunk();
                        chunk.push((origin, lane, number | 1 << 31)).unwrap();
                        while let Err(refused) = producer.push(Lane::ALL[lane], chunk) {
                            chunk = refused.chunk;
                            std::thread::yield_now();
                        }
                    }
                });
            }
            let mut ended = 0;
            while ended < 12 {
                let drained = consumer.drain(100, |(origin, lane, number)| {
                    assert_eq!(number & !(1 << 31), next[origin][lane]);
                    next[origin][lane] += 1;
                    ended += number >> 31;
                });
                if drained == 0 {
                    consumer.sleep(Duration::from_secs(3_600), || false);
                }
            }
        });
        assert!(consumer.is_empty());
        let total: u32 = next.as_flattened().iter().sum();
        assert!(total >= 4 * EACH);
    }

    #[test]
    fn a_ring_wakes_for_work_beside_the_lanes() {
        let (producer, consumer) = new();
        let waits = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                waits.store(true, Relaxed);
                producer.ring();
            });
            while !waits.load(Relaxed) {
                consumer.sleep(Duration::from_secs(3_600), || waits.load(Relaxed));
            }
        });
    }
}

#[cfg(all(test, engine_loom))]
mod loom_tests {
    use super::*;

    fn chunk(item: u32) -> Chunk<u32> {
        Chunk {
            items: VecDeque::from([item]),
        }
    }

    /// Whoever has reserved room finds it in the queue: the room of an item is given back after its chunk has left. No
    /// more is let in than there is room for, and nothing is lost or doubled.
    #[test]
    fn loom_room_that_was_reserved_is_there() {
        loom::model(|| {
            let queue = loom::sync::Arc::new(Queue::<u32>::new(1));
            assert!(queue.reserve(1) && queue.chunks.push(chunk(7)).is_ok());
            let producers = [1, 2].map(|item| {
                let queue = queue.clone();
                loom::thread::spawn(move || {
                    let is_in = queue.reserve(1);
                    if is_in {
                        let pushed = queue.chunks.push(chunk(item));
                        assert!(pushed.is_ok(), "room for an item and none for its chunk");
                    }
                    u32::from(is_in) * item
                })
            });
            let mut taken = 0;
            let mut take = || {
                let chunk = queue.chunks.pop();
                if let Some(mut chunk) = chunk {
                    assert_eq!(chunk.len(), 1);
                    taken += chunk.drain().sum::<u32>();
                    queue.release(1);
                }
            };
            take();
            let let_in: u32 = producers
                .into_iter()
                .map(|producer| producer.join().unwrap())
                .sum();
            (0..2).for_each(|_| take());
            assert_eq!(taken, 7 + let_in);
            assert_eq!(queue.items.load(Relaxed), 0);
            assert!(queue.chunks.is_empty());
        });
    }

    /// Two producers and the one who drains and sleeps: all that was let in comes out once, each producer's own in order,
    /// and the last push wakes whoever sleeps.
    fn pushed_comes_out(each: &'static [&'static [u32]]) {
        let limits = LaneLimits {
            life: 4,
            urgent: 1,
            service: 1,
        };
        let (producer, mut consumer) = lanes::<u32>(limits, Bell::new());
        for items in each {
            let producer = producer.clone();
            loom::thread::spawn(move || {
                for &item in *items {
                    assert!(producer.push(Lane::Life, chunk(item)).is_ok());
                }
            });
        }
        let all: usize = each.iter().map(|items| items.len()).sum();
        let mut had: Vec<u32> = Vec::new();
        while had.len() < all {
            if consumer.drain(4, |item| had.push(item)) == 0 {
                consumer.sleep(Duration::MAX, || false);
            }
        }
        for items in each {
            let own = had.iter().filter(|item| items.contains(item));
            assert!(own.eq(items.iter()), "{had:?}");
        }
        assert!(consumer.is_empty());
        assert_eq!(producer.depth(Lane::Life), 0);
    }

    #[test]
    fn loom_what_one_pushes_comes_out_in_order() {
        loom::model(|| pushed_comes_out(&[&[1, 2]]));
    }

    /// Every schedule takes more than ten minutes; those with at most three preemptions take seconds. `LOOM_MAX_PREEMPTIONS`
    /// says another bound.
    #[test]
    fn loom_what_two_push_comes_out() {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = builder.preemption_bound.or(Some(3));
        builder.check(|| pushed_comes_out(&[&[1], &[2]]));
    }
}
