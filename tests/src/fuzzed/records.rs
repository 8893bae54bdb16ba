//! Records and testimony, as the journal gives them back.

use engine::answer::Answer;
use engine::call::Testimony;
use engine::record::{Record, RecordRef};

/// Whatever comes is a record or refused, and what was read is written and read again as the same.
pub fn check(data: &[u8]) {
    if let Ok(record) = Record::decode(data) {
        check_record(&record);
    }
    if let Ok(testimony) = Testimony::decode(data) {
        check_testimony(&testimony);
    }
}

fn check_record(record: &Record) {
    let mut bytes = Vec::new();
    let written = RecordRef {
        at: record.at,
        envelope: &record.envelope,
        testimony: &record.testimony,
        events: &record.events,
    };
    written.encode(&mut bytes);
    let again = Record::decode(&bytes);
    assert_eq!(again.as_ref(), Ok(record));
    let mut room = vec![0; bytes.len()];
    assert_eq!(written.encode_into(&mut room), Some(bytes.len()));
    assert_eq!(room, bytes, "two ways to write a record");
    assert_eq!(written.encode_into(&mut room[1..]), None);
    // Answers are made of events that a journal gave back; these may be any.
    assert_eq!(Answer::of(&record.events), Answer::of(&record.events));
    if let Ok(Some(testimony)) = record.testimony() {
        check_testimony(&testimony);
    }
}

fn check_testimony(testimony: &Testimony) {
    let again = Testimony::decode(&testimony.encode());
    assert_eq!(again.as_ref(), Ok(testimony));
}
