//! Calls of the idempotence window (N2): the newest so many, found by number and by key.

use super::keys::KeyIndex;
use crate::call::{Call, KeyDigest};
use crate::id::NUMBER_MAX;
use crate::limits::KEYS_REMEMBERED;
use crate::memory::room;
use crate::moment::Moment;
use crate::saved::{LoadError, Parts, ensure, wrong};
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

/// What errors call it.
const PART: &str = "calls";

/// The newest calls. A call's place follows from its number, so nothing is moved and nothing is searched.
#[derive(Debug)]
pub(super) struct CallRing {
    calls: Vec<Call>,
    capacity: u64,
    /// Numbers in the ring: `first..next`.
    first: u64,
    next: u64,
    by_key: KeyIndex,
}

impl CallRing {
    pub fn new(capacity: u32) -> CallRing {
        let capacity = capacity.max(1);
        CallRing {
            calls: room(capacity as usize),
            capacity: u64::from(capacity),
            first: 1,
            next: 1,
            by_key: KeyIndex::new(capacity),
        }
    }

    /// The ring that was written as first number, next number and (number, call) in between, with its room in full. No call
    /// is found by its key until [`CallRing::index`] has been called.
    pub fn restored(capacity: u32, parts: &mut Parts<'_>) -> Result<CallRing, LoadError> {
        let mut ring = CallRing::new(capacity);
        let (first, next): (u64, u64) = parts.take(PART)?;
        let window = next.checked_sub(first).filter(|_| first > 0);
        ensure(
            window.is_some_and(|calls| calls <= ring.capacity),
            PART,
            || {
                format!(
                    "numbers from {first} to before {next} are listed; {} fit",
                    ring.capacity
                )
            },
        )?;
        ensure(next <= NUMBER_MAX, PART, || format!("{next} is no number"))?;
        (ring.first, ring.next) = (first, next);
        // Places outside the window hold what left it and are never read; until the first round is full there must be as
        // many places as there were numbers.
        let touched = (next - 1).min(ring.capacity) as usize;
        ring.calls
            .resize(ring.place(first).min(touched), Call::GONE);
        let mut expected = first;
        let calls = parts.each(PART, |(number, call): (u64, Call)| {
            ensure(number == expected && number < next, PART, || {
                format!("call {number} stands where {expected} should")
            })?;
            expected += 1;
            let place = ring.place(number);
            match ring.calls.get_mut(place) {
                Some(gone) => *gone = call,
                None => ring.calls.push(call),
            }
            Ok(())
        })?;
        ring.calls.resize(touched, Call::GONE);
        ensure(window == Some(calls), PART, || {
            format!("{calls} are listed for the numbers from {first} to before {next}")
        })?;
        Ok(ring)
    }

    /// Where the call of each key is; no two may have one. It belongs into this ring, and takes long enough that another
    /// thread may make it.
    pub fn index(&self) -> Result<KeyIndex, LoadError> {
        let calls = (self.next - self.first) as usize;
        let keys = (0..calls).map(|back| {
            let place = self.place(self.first + back as u64);
            (self.calls[place].key, place as u32)
        });
        let is_same =
            |one: u32, other: u32| self.calls[one as usize].key == self.calls[other as usize].key;
        KeyIndex::of(self.capacity as u32, keys, is_same).map_err(|place| {
            let taken = self.calls[place as usize].taken;
            wrong(
                PART,
                format!("the key that record {taken} took came before"),
            )
        })
    }

    /// Finds calls by this index from here on.
    pub fn find_by(&mut self, index: KeyIndex) {
        self.by_key = index;
    }

    /// The number that the next call gets.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// The calls of the window with their numbers, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Call)> {
        (self.first..self.next).map(|number| (number, &self.calls[self.place(number)]))
    }

    fn place(&self, number: u64) -> usize {
        ((number - 1) % self.capacity) as usize
    }

    /// The call of this number, while it is in the window.
    pub fn get(&self, number: u64) -> Option<&Call> {
        (self.first..self.next)
            .contains(&number)
            .then(|| &self.calls[self.place(number)])
    }

    /// The call of this number, to change.
    pub fn get_mut(&mut self, number: u64) -> Option<&mut Call> {
        let place = self.place(number.max(1));
        (self.first..self.next)
            .contains(&number)
            .then(|| &mut self.calls[place])
    }

    /// The number of the call that came under this key.
    pub fn with_key(&self, key: KeyDigest) -> Option<u64> {
        let place = self.place_of(key)?;
        let newest = self.next - 1;
        // The place of a number is the number modulo the capacity; only the window's own number fits.
        let back = (newest - 1 - u64::from(place)) % self.capacity;
        Some(newest - back)
    }

    /// Touches the memory in which the call with this key will be looked for, and what leaves to make room for the
    /// `ahead`th call from here; what it gives says nothing.
    pub fn foresee(&self, key: KeyDigest, ahead: u64) -> u32 {
        let oldest = self.calls.get(self.place(self.first + ahead));
        let leaves = oldest.map_or(0, |call| self.by_key.foresee(call.key));
        leaves ^ self.by_key.foresee(key)
    }

    fn place_of(&self, key: KeyDigest) -> Option<u32> {
        let is_key = |place: u32| self.calls[place as usize].key == key;
        self.by_key.get(key, is_key)
    }

    /// Adds the next call, whose key is not in the window, and gives its number. The oldest leave as they age, or for want of room.
    pub fn push(&mut self, call: Call, now: Moment) -> u64 {
        let mut aged = 0;
        while self.first < self.next
            && (self.next - self.first == self.capacity || (aged < 2 && self.is_aged(now)))
        {
            aged += 1;
            let place = self.place(self.first);
            self.by_key.remove(self.calls[place].key, place as u32);
            self.first += 1;
        }
        assert!(
            self.place_of(call.key).is_none(),
            "a key was taken twice: {:?}",
            call.key
        );
        let (number, place) = (self.next, self.place(self.next));
        if place == self.calls.len() {
            self.calls.push(call);
        } else {
            self.calls[place] = call;
        }
        self.by_key.insert(call.key, place as u32);
        self.next += 1;
        number
    }

    fn is_aged(&self, now: Moment) -> bool {
        self.calls[self.place(self.first)].taken_at + KEYS_REMEMBERED < now
    }

    /// Lets an empty window begin behind this number.
    #[cfg(test)]
    pub fn begin_behind(&mut self, number: u64) {
        assert_eq!(self.first, self.next, "it is empty");
        (self.first, self.next) = (number + 1, number + 1);
        self.calls
            .resize(number.min(self.capacity) as usize, Call::GONE);
    }

    /// How many calls are in the window.
    #[cfg(test)]
    pub fn len(&self) -> u64 {
        self.next - self.first
    }
}

impl Serialize for CallRing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.first, self.next, Listed(self)).serialize(serializer)
    }
}

/// The calls of a ring with their numbers.
struct Listed<'a>(&'a CallRing);

impl Serialize for Listed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let calls = usize::try_from(self.0.next - self.0.first).ok();
        let mut listed = serializer.serialize_seq(calls)?;
        self.0
            .iter()
            .try_for_each(|call| listed.serialize_element(&call))?;
        listed.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{BodyDigest, CallState, Outcome};
    use crate::id::Sequence;

    fn call(key: u64, at: i64) -> Call {
        Call {
            key: KeyDigest::of(0, &key.to_string()),
            body: BodyDigest(0),
            taken: Sequence(key),
            taken_at: Moment(at),
            incident: None,
            state: CallState::Open,
            outcome: Outcome::Human,
            line: crate::line::Line::POLICE,
            place: None,
            drill: false,
        }
    }

    /// N2: a key is found as long as its call is in the window, and not after.
    #[test]
    fn a_key_is_found_while_its_call_is_in_the_window() {
        let mut ring = CallRing::new(4);
        for number in 1..=11 {
            assert_eq!(ring.push(call(number, 0), Moment(0)), number);
            for seen in 1..=number {
                let expected = (seen + 4 > number).then_some(seen);
                assert_eq!(ring.with_key(KeyDigest::of(0, &seen.to_string())), expected);
                assert_eq!(ring.get(seen).map(|call| call.taken.0), expected);
            }
        }
        assert_eq!(ring.len(), 4);
    }

    #[test]
    fn old_keys_leave_though_there_is_room() {
        let mut ring = CallRing::new(8);
        let day = KEYS_REMEMBERED.0;
        ring.push(call(1, 0), Moment(0));
        ring.push(call(2, day), Moment(day));
        assert_eq!(ring.len(), 2);
        ring.push(call(3, day + 1), Moment(day + 1));
        assert_eq!(ring.with_key(KeyDigest::of(0, "1")), None);
        assert_eq!(ring.with_key(KeyDigest::of(0, "2")), Some(2));
    }
}
