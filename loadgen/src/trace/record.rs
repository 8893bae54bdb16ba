//! A journal as a trace: what callers said to a centre, in the order in which it took them.
//!
//! One row a call that was taken for the first time; repeats are left out. What the centre held a call to concern stands as
//! `expect_agencies`, so that another lexicon or plan can be held against it. Numbers of callers are left out unless they
//! are asked for. Reads beside a centre that is running, and changes nothing.

use super::{Row, TraceError, Writer};
use engine::call::Testimony;
use engine::command::Command;
use engine::event::Event;
use engine::id::Sequence;
use engine::kind::Kind;
use engine::place::PlaceSource;
use engine::place::datum::{Datum, from_wgs84};
use engine::record::DecodeError;
use engine::runtime::ReleasedRecord;
use gateway::records::{Records, RecordsError};
use std::path::Path;

/// Why a journal was not made a trace.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The journal.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The trace.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// Somebody's words in the journal.
    #[error(
        "record {sequence}: {reason}; `liandong journal verify DIR` says whether the journal is whole"
    )]
    Testimony {
        /// Which record.
        sequence: Sequence,
        /// Why they cannot be read.
        reason: DecodeError,
    },
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Calls.
    pub calls: u64,
    /// Of these with the caller's own position.
    pub placed: u64,
    /// The journal's beginning is gone: earlier calls are not there any more.
    pub pruned: bool,
}

/// Writes the calls of a data folder as a trace.
///
/// # Errors
/// The journal cannot be read, or the trace cannot be written.
pub fn record(folder: &Path, output: &Path, callers: bool) -> Result<Recorded, RecordError> {
    let mut records = Records::open(folder, Sequence(u64::MAX))?;
    let mut recorded = Recorded {
        pruned: records.take_before().is_some(),
        ..Recorded::default()
    };
    let mut writer = Writer::create(output)?;
    while let Some(released) = records.read_next()? {
        if let Some(row) = row_of(&released, callers)? {
            recorded.calls += 1;
            recorded.placed += u64::from(row.lat.is_some());
            writer.write(&row)?;
        }
    }
    writer.finish()?;
    Ok(recorded)
}

/// The row of a record in which a call was taken.
fn row_of(released: &ReleasedRecord, callers: bool) -> Result<Option<Row>, RecordError> {
    let record = &released.record;
    let Command::TakeCall(report) = record.envelope.command else {
        return Ok(None);
    };
    let is_taken = |event: &Event| matches!(event, Event::CallTaken { .. });
    if !record.events.iter().any(is_taken) {
        return Ok(None);
    }
    let said = Testimony::decode(&record.testimony);
    let said = said.map_err(|reason| RecordError::Testimony {
        sequence: released.sequence,
        reason,
    })?;
    let key = said.key.unwrap_or_else(|| released.sequence.to_string());
    let mut row = Row::new(record.at, key, &report.line.number().to_string());
    let own = report
        .place
        .filter(|place| place.source == PlaceSource::Caller);
    if let Some(place) = own {
        let (lat, lon) = from_wgs84(place.point, Datum::Wgs84);
        (row.lat, row.lon, row.datum) = (Some(lat), Some(lon), Some(Datum::Wgs84));
        row.accuracy_m = Some(f64::from(place.radius_m));
    }
    row.caller = said.caller.filter(|_| callers);
    // A kind is the sender's only where there were no words to find it in.
    let kind = report.assessment.kind;
    row.kind = (said.text.is_none() && kind != Kind::Unknown).then_some(kind);
    row.text = said.text;
    row.injured = (report.injured > 0).then_some(report.injured);
    row.expect_agencies = Some(report.assessment.agencies);
    Ok(Some(row))
}
