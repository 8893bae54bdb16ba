//! JSON lines of `liandong-json/1`: calls, facts, acts, positions, subscriptions, advances; and a call as an HTTP body.

use super::words;
use gateway::wire::{Request, json};

/// Whatever comes is a request, or refused with a reason; a request says the same as a frame.
pub fn check(data: &[u8]) {
    let mut rest = data;
    loop {
        match json::split(rest) {
            Ok(Some(line)) => {
                look(line);
                rest = &rest[line.len() + 1..];
            }
            Ok(None) => break,
            Err(error) => return assert!(!error.to_string().is_empty()),
        }
    }
    look(rest);
    if let Ok(call) = json::read_call(rest) {
        let tag = None;
        let call = Box::new(call);
        words::check(&Request::Call { tag, call }, rest.len());
    }
}

fn look(line: &[u8]) {
    match json::read_request(line) {
        Ok(request) => words::check(&request, line.len()),
        Err((tag, problem)) => {
            let said = problem.to_json(tag);
            assert!(said.is_object(), "{said}");
        }
    }
}
