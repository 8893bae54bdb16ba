//! What is on the way through the core: who waits for it, and what its answer will need.

use crate::link::Link;
use crate::wire::{Response, Tag};
use engine::call::{CallReport, Testimony};
use engine::runtime::port::Inspection;
use std::sync::Arc;
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
    /// Anything else: the reply says it all.
    Other,
}

/// One request on the way.
#[derive(Debug)]
pub struct Waiting {
    /// Who waits.
    pub to: AnswerTo,
    /// What for.
    pub asked: Asked,
}

/// The requests on the way of one worker, by token. A token is a place and how often it was used, so that a late
/// reply never finds another's request.
#[derive(Debug)]
pub struct InFlight {
    places: Vec<(u32, Option<Waiting>)>,
    free: Vec<u32>,
    most: usize,
}

impl InFlight {
    /// Room for so many.
    pub fn new(most: usize) -> InFlight {
        InFlight {
            places: Vec::new(),
            free: Vec::new(),
            most: most.min(u32::MAX as usize),
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
                self.places.push((0, None));
                (self.places.len() - 1) as u32
            }
            None => return Err(waiting),
        };
        let (used, content) = &mut self.places[place as usize];
        *content = Some(waiting);
        Ok(u64::from(*used) << 32 | u64::from(place))
    }

    /// Takes the one of this token.
    pub fn take(&mut self, token: u64) -> Option<Waiting> {
        let place = token as u32;
        let (used, content) = self.places.get_mut(place as usize)?;
        if u64::from(*used) != token >> 32 {
            return None;
        }
        let waiting = content.take()?;
        *used = used.wrapping_add(1);
        self.free.push(place);
        Some(waiting)
    }

    /// Takes all of them.
    pub fn take_all(&mut self) -> Vec<Waiting> {
        let mut all = Vec::new();
        for (place, (used, content)) in self.places.iter_mut().enumerate() {
            if let Some(waiting) = content.take() {
                *used = used.wrapping_add(1);
                self.free.push(place as u32);
                all.push(waiting);
            }
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
}
