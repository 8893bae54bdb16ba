//! Frames of `liandong/1`, of clients and of centres, with their length and (as datagrams go) without it.

use super::words;
use engine::limits::FRAME_BYTES_MAX;
use gateway::wire::{Announced, Response, frame, json};

/// Whatever comes is a request, a response, or refused with a reason.
pub fn check(data: &[u8]) {
    match frame::split(data) {
        Ok(Some(archive)) => look(archive),
        Ok(None) => assert!(data.len() < frame::PREFIX_BYTES + FRAME_BYTES_MAX),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    look(data);
}

fn look(archive: &[u8]) {
    match frame::read_request(archive) {
        Ok(request) => words::check(&request, archive.len()),
        Err((tag, problem)) => {
            let said = problem.to_json(tag);
            assert!(said.is_object(), "{said}");
        }
    }
    if let Ok(response) = frame::read_response(archive) {
        check_response(&response);
    }
}

fn check_response(response: &Response) {
    let mut out = Vec::new();
    if frame::append_response(response.clone(), &mut out).is_ok() {
        let archive = frame::split(&out).expect("a frame").expect("a whole frame");
        let again = frame::read_response(archive).expect("what was just written");
        assert_eq!(&again, response);
    }
    // The words of other events are a centre's own JSON, which nobody reads again on the way.
    if let Response::Event(note) = response
        && let Announced::Other { .. } = note.announced
    {
        return;
    }
    out.clear();
    json::append_response(response, &mut out);
    let line = json::split(&out);
    if let Ok(Some(line)) = line {
        let read: Result<serde_json::Value, _> = serde_json::from_slice(line);
        assert!(read.is_ok(), "{read:?}: {}", String::from_utf8_lossy(line));
    }
}
