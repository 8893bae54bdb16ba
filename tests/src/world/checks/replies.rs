//! What was answered is in the journal: the same command, the same answer, at the place that the reply named; before
//! every crash and after it.

use engine::answer::Answer;
use engine::command::Envelope;
use engine::id::Sequence;
use engine::moment::Moment;
use engine::runtime::ReleasedRecord;
use engine::runtime::port::Reply;
use std::collections::BTreeMap;

/// A reply that left the centre.
#[derive(Clone, Copy, Debug)]
pub struct Left {
    /// What was said.
    pub envelope: Envelope,
    /// When it was carried out, as the reply says.
    pub at: Moment,
    /// What was answered.
    pub answer: Answer,
}

/// The replies whose records were not seen yet.
#[derive(Debug, Default)]
pub struct Replies {
    unseen: BTreeMap<Sequence, Left>,
}

impl Replies {
    /// What a reply says, to whom.
    pub fn left_by(reply: &Reply, envelope: Envelope, answer: Answer) -> Left {
        Left {
            envelope,
            at: reply.at,
            answer,
        }
    }

    /// A reply left. Its record is held against it now, or when it is heard.
    pub fn left(
        &mut self,
        sequence: Sequence,
        left: Left,
        known: Option<&ReleasedRecord>,
    ) -> Result<(), String> {
        match known {
            Some(record) => check(record, &left),
            None if self.unseen.insert(sequence, left).is_some() => {
                Err(format!("two replies name the record {sequence}"))
            }
            None => Ok(()),
        }
    }

    /// A record is heard for the first time.
    pub fn hear(&mut self, record: &ReleasedRecord) -> Result<(), String> {
        match self.unseen.remove(&record.sequence) {
            Some(left) => check(record, &left),
            None => Ok(()),
        }
    }

    /// Replies to later records promised nothing that outlives the machine, which has stopped.
    pub fn lose_after(&mut self, kept: Sequence) {
        self.unseen.retain(|&sequence, _| sequence <= kept);
    }

    /// All that is durable was heard: no reply may be left over.
    pub fn all_heard(&self) -> Result<(), String> {
        match self.unseen.first_key_value() {
            None => Ok(()),
            Some((sequence, left)) => Err(format!(
                "acknowledged and lost: record {sequence}, {left:?}"
            )),
        }
    }
}

fn check(released: &ReleasedRecord, left: &Left) -> Result<(), String> {
    let record = &released.record;
    let answer = Answer::of(&record.events);
    if (record.envelope, record.at, answer) == (left.envelope, left.at, left.answer) {
        return Ok(());
    }
    Err(format!(
        "record {} is not what was answered: {left:?} was, {answer:?} to {:?} at {} is written",
        released.sequence, record.envelope, record.at
    ))
}
