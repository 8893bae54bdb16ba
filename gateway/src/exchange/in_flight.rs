//! What is on the way through the core: who waits for it, and what its answer will need.

use crate::answering::{NotNow, not_now};
use crate::link::Link;
use crate::wire::{Response, Tag};
use engine::call::{CallReport, Testimony};
use engine::runtime::port::{Inspection, Wish};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::oneshot;

/// Who waits for an answer.
#[derive(Debug)]
pub enum AnswerTo {
    /// A stream.
    Stream {
        /// Which.
        link: Arc<Link>,
        /// The request's.
        tag: Option<Tag>,
        /// Bytes of the request, for the connection's gate.
        bytes: usize,
    },
    /// One task, which waits for this answer alone.
    Once(oneshot::Sender<Response>),
    /// One task, which asked what the state is.
    Inspection(oneshot::Sender<Inspection>),
}

impl AnswerTo {
    /// The tag that the answer carries.
    pub fn tag(&self) -> Option<Tag> {
        match self {
            AnswerTo::Stream { tag, .. } => *tag,
            AnswerTo::Once(_) | AnswerTo::Inspection(_) => None,
        }
    }

    /// Gives the answer.
    pub fn give(self, response: Response) {
        match self {
            AnswerTo::Stream { link, bytes, .. } => link.pay(Some(response), bytes),
            // Who has stopped waiting does not want it.
            AnswerTo::Once(sender) => drop(sender.send(response)),
            AnswerTo::Inspection(sender) => drop(sender),
        }
    }
}

/// What the answer will need beside the reply.
#[derive(Debug)]
pub enum Asked {
    /// A call: its report, and what was said.
    Call(Box<(CallReport, Testimony)>),
    /// An act: what to say when the state of what it is about does not allow it.
    Act(NotNow),
    /// Anything else: the reply says it all.
    Other,
}

impl Asked {
    /// The same, knowing what is asked for.
    pub fn for_wish(self, wish: &Wish) -> Asked {
        match (self, wish) {
            (Asked::Other, Wish::Command { envelope, .. }) => {
                not_now(&envelope.command).map_or(Asked::Other, Asked::Act)
            }
            (asked, _) => asked,
        }
    }
}

/// One request on the way.
#[derive(Debug)]
pub struct Waiting {
    /// Who waits.
    pub to: AnswerTo,
    /// What for.
    pub asked: Asked,
    /// Since when: the reading of the request began.
    pub since: Instant,
}

/// No place.
const NONE: u32 = u32::MAX;

/// Where one request is kept. Taken places are linked by age, so that the oldest is known without a search.
#[derive(Debug)]
struct Place {
    used: u32,
    content: Option<Waiting>,
    older: u32,
    newer: u32,
}

/// The requests on the way of one worker, by token. A token is a place and how often it was used, so that a late
/// reply never finds another's request.
#[derive(Debug)]
pub struct InFlight {
    places: Vec<Place>,
    free: Vec<u32>,
    oldest: u32,
    newest: u32,
    most: usize,
}

impl InFlight {
    /// Room for so many.
    pub fn new(most: usize) -> InFlight {
        InFlight {
            places: Vec::new(),
            free: Vec::new(),
            oldest: NONE,
            newest: NONE,
            most: most.min(NONE as usize),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Keeps one and gives its token; gives it back when there is no room.
    pub fn put(&mut self, waiting: Waiting) -> Result<u64, Waiting> {
        let place = match self.free.pop() {
            Some(place) => place,
            None if self.places.len() < self.most => {
                self.places.push(Place {
                    used: 0,
                    content: None,
                    older: NONE,
                    newer: NONE,
                });
                (self.places.len() - 1) as u32
            }
            None => return Err(waiting),
        };
        let newest = std::mem::replace(&mut self.newest, place);
        match self.places.get_mut(newest as usize) {
            Some(before) => before.newer = place,
            None => self.oldest = place,
        }
        let kept = &mut self.places[place as usize];
        (kept.older, kept.newer) = (newest, NONE);
        kept.content = Some(waiting);
        Ok(u64::from(kept.used) << 32 | u64::from(place))
    }

    /// Takes the one of this token.
    pub fn take(&mut self, token: u64) -> Option<Waiting> {
        let place = token as u32;
        let kept = self.places.get_mut(place as usize)?;
        if u64::from(kept.used) != token >> 32 {
            return None;
        }
        let waiting = kept.content.take()?;
        kept.used = kept.used.wrapping_add(1);
        let (older, newer) = (kept.older, kept.newer);
        match self.places.get_mut(older as usize) {
            Some(before) => before.newer = newer,
            None => self.oldest = newer,
        }
        match self.places.get_mut(newer as usize) {
            Some(behind) => behind.older = older,
            None => self.newest = older,
        }
        self.free.push(place);
        Some(waiting)
    }

    /// Since when the one that came first of those here has been waiting.
    pub fn oldest(&self) -> Option<Instant> {
        let oldest = self.places.get(self.oldest as usize)?;
        oldest.content.as_ref().map(|waiting| waiting.since)
    }

    /// Takes all of them.
    pub fn take_all(&mut self) -> Vec<Waiting> {
        let mut all = Vec::new();
        while let Some(oldest) = self.places.get(self.oldest as usize) {
            let token = u64::from(oldest.used) << 32 | u64::from(self.oldest);
            all.extend(self.take(token));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting() -> Waiting {
        Waiting {
            to: AnswerTo::Once(oneshot::channel().0),
            asked: Asked::Other,
            since: Instant::now(),
        }
    }

    #[test]
    fn a_token_is_used_once_and_room_is_bounded() {
        let mut table = InFlight::new(2);
        let first = table.put(waiting()).ok().unwrap();
        let second = table.put(waiting()).ok().unwrap();
        assert!(table.put(waiting()).is_err());
        assert!(table.take(first).is_some());
        assert!(table.take(first).is_none());
        let third = table.put(waiting()).ok().unwrap();
        assert_ne!(third, first, "a place that is used again has another token");
        assert!(table.take(first).is_none());
        assert_eq!(table.len(), 2);
        assert_eq!(table.take_all().len(), 2);
        assert!(table.take(second).is_none() && table.take(third).is_none());
        assert!(table.put(waiting()).is_ok());
    }

    /// Against the obvious way: a list in the order of coming.
    #[test]
    fn the_oldest_is_known_whoever_leaves_first() {
        let mut table = InFlight::new(16);
        let mut came: Vec<(u64, Instant)> = Vec::new();
        let begun = Instant::now();
        let mut random = 7_u64;
        for step in 0..2_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005) + 1_442_695;
            if came.len() < 16 && (came.is_empty() || random >> 63 == 0) {
                let since = begun + std::time::Duration::from_nanos(step);
                let waiting = Waiting { since, ..waiting() };
                came.push((table.put(waiting).ok().unwrap(), since));
            } else {
                let (token, since) = came.remove((random >> 33) as usize % came.len());
                assert_eq!(table.take(token).map(|waiting| waiting.since), Some(since));
            }
            assert_eq!(table.oldest(), came.first().map(|&(_, since)| since));
        }
        let left: Vec<_> = came.iter().map(|&(_, since)| since).collect();
        let all: Vec<_> = table.take_all().iter().map(|kept| kept.since).collect();
        assert_eq!(all, left, "told in the order of their coming");
        assert!(table.oldest().is_none() && table.len() == 0);
    }
}
