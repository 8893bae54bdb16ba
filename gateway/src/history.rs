//! What was said before, read back from the journal: first decisions for keys that come again, and events for
//! subscribers that are behind.
//!
//! Reads files, so it runs on threads of its own and never on a worker. It reads what is durable and changes
//! nothing; an answered decision is read, never made again (N2).

use crate::answering::{Grounds, decision};
use crate::exchange::{Exchange, Recall};
use crate::wire::{Decision, Problem, ProblemKind, Response};
use engine::answer::Answer;
use engine::call::Testimony;
use engine::command::Command;
use engine::id::Sequence;
use engine::journal::{Folder, ReadError, Reader};
use engine::record::{DecodeError, Record};
use engine::runtime::ReleasedRecord;

use std::sync::Weak;
use tokio::sync::mpsc;

/// Why something that was said before cannot be read back.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The journal cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A record of it cannot be read.
    #[error("record {0}: {1}")]
    Decode(Sequence, DecodeError),
    /// The record holds no decision about a call.
    #[error("record {0} is no decision about a call")]
    NoDecision(Sequence),
}

/// Reads records back.
pub struct History {
    reader: Reader,
}

impl History {
    /// Of the journal in this folder.
    pub fn open(folder: impl Into<Folder>) -> Result<History, HistoryError> {
        Ok(History {
            reader: Reader::open(folder)?,
        })
    }

    /// The next `most` records from `from` on that are durable.
    pub fn read(
        &mut self,
        from: Sequence,
        durable: Sequence,
        most: usize,
    ) -> Result<Vec<ReleasedRecord>, HistoryError> {
        let mut records = Vec::new();
        self.reader.seek(from);
        while records.len() < most {
            let Some(read) = self.reader.next(durable)? else {
                break;
            };
            let sequence = read.sequence;
            let record = Record::decode(read.payload)
                .map_err(|error| HistoryError::Decode(sequence, error))?;
            records.push(ReleasedRecord { sequence, record });
        }
        Ok(records)
    }

    /// The decision of a record, in the words it was given in.
    fn first_decision(
        &mut self,
        first: Sequence,
        exchange: &Exchange,
    ) -> Result<Decision, HistoryError> {
        let read = self.read(first, exchange.running.durable(), 1)?;
        let none = || HistoryError::NoDecision(first);
        let record = &read.first().ok_or_else(none)?.record;
        let (Command::TakeCall(report), Answer::Decided(decided)) =
            (&record.envelope.command, Answer::of(&record.events))
        else {
            return Err(none());
        };
        let testimony: Testimony = record
            .testimony()
            .map_err(|error| HistoryError::Decode(first, error))?
            .unwrap_or_default();
        let grounds = Grounds {
            report,
            testimony: &testimony,
        };
        let names = exchange.feed.names().get();
        Ok(decision(first, &decided, grounds, &exchange.intake, &names))
    }
}

/// Answers keys that came again until the exchange is gone. Runs on a thread of its own.
pub fn recall_all(
    mut history: History,
    exchange: &Weak<Exchange>,
    mut recalls: mpsc::Receiver<Recall>,
) {
    while let Some(Recall {
        to,
        first,
        conflict,
    }) = recalls.blocking_recv()
    {
        let Some(exchange) = exchange.upgrade() else {
            return;
        };
        let tag = to.tag();
        let response = match history.first_decision(first, &exchange) {
            Ok(mut decision) => {
                decision.conflict = conflict;
                Response::Decision {
                    tag,
                    decision: Box::new(decision),
                }
            }
            Err(error) => {
                tracing::error!(record = first.0, %error, "a first decision cannot be read back");
                let detail =
                    format!("the first decision under this key cannot be read back: {error}");
                let problem = Problem::new(ProblemKind::NotServing, detail);
                Response::Problem { tag, problem }
            }
        };
        to.give(response);
    }
}
