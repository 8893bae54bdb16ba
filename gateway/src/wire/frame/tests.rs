//! Round trips, garbage, and the bounds of the rkyv form.

use super::*;
use crate::wire::samples;
use crate::wire::{CallWords, FactsWords};
use engine::call::{Mark, Marks};
use proptest::prelude::*;

fn through(request: Request) -> Request {
    let mut bytes = b"something before".to_vec();
    let start = bytes.len();
    append_request(request, &mut bytes).unwrap();
    let archive = split(&bytes[start..]).unwrap().unwrap();
    assert_eq!(bytes.len(), start + PREFIX_BYTES + archive.len());
    read_request(archive).unwrap()
}

fn problem_of(frame: ClientFrame) -> Problem {
    let mut bytes = Vec::new();
    append_client_frame(&frame, &mut bytes).unwrap();
    let (tag, problem) = read_request(&bytes[PREFIX_BYTES..]).unwrap_err();
    assert_eq!(tag, frame.tag());
    problem
}

proptest! {
    #[test]
    fn requests_come_through(request in samples::request()) {
        prop_assert_eq!(through(request.clone()), request);
    }

    #[test]
    fn garbage_is_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(Some(archive)) = split(&bytes) {
            prop_assert!(archive.len() <= FRAME_BYTES_MAX);
        }
        if let Ok(request) = read_request(&bytes) {
            through(request);
        }
        if let Ok(response) = read_response(&bytes) {
            append_response(response, &mut Vec::new()).unwrap();
        }
    }

    #[test]
    fn a_changed_byte_never_panics(request in samples::request(), at: prop::sample::Index, value: u8) {
        let mut bytes = Vec::new();
        append_request(request, &mut bytes).unwrap();
        let mut archive = bytes.split_off(PREFIX_BYTES);
        let at = at.index(archive.len());
        archive[at] = value;
        if let Ok(request) = read_request(&archive) {
            through(request);
        }
    }

    #[test]
    fn any_prefix_is_incomplete(request in samples::request(), cut: prop::sample::Index) {
        let mut bytes = Vec::new();
        append_request(request, &mut bytes).unwrap();
        let cut = cut.index(bytes.len());
        prop_assert_eq!(split(&bytes[..cut]), Ok(None));
    }
}

#[test]
fn responses_come_through() {
    for response in samples::responses() {
        let mut bytes = Vec::new();
        append_response(response.clone(), &mut bytes).unwrap();
        assert_eq!(read_response(&bytes[PREFIX_BYTES..]).unwrap(), response);
    }
}

/// N5 and the promise that no readable call is refused.
#[test]
fn a_call_is_taken_whatever_else_is_wrong_with_it() {
    let frame = ClientFrame::Call(CallFrame {
        tag: Some(3),
        key: b"k-1".to_vec(),
        line: Some(119),
        caller: Some(vec![0xFF]),
        at_ms: Some(i64::MAX),
        lat: Some(f64::NAN),
        lon: Some(120.7),
        datum: Some(1),
        accuracy_m: Some(-1.0),
        text: Some(b"\xE7\x9D\x80\xFF".to_vec()),
        kind: Some(250),
        injured: Some(70_000),
        ..CallFrame::default()
    });
    let mut bytes = Vec::new();
    append_client_frame(&frame, &mut bytes).unwrap();
    let Ok(Request::Call { tag, call }) = read_request(&bytes[PREFIX_BYTES..]) else {
        panic!("a readable call was refused");
    };
    assert_eq!(tag, Some(3));
    let marks: Marks = [
        Mark::BadPlace,
        Mark::BadTime,
        Mark::BadText,
        Mark::BadKind,
        Mark::BadInjured,
        Mark::BadField,
    ]
    .into_iter()
    .collect();
    let expected = CallWords {
        key: "k-1".into(),
        line: Some(119),
        text: Some("着\u{FFFD}".into()),
        marks,
        ..CallWords::default()
    };
    assert_eq!(*call, expected);
}

#[test]
fn a_position_without_a_datum_is_no_position() {
    let frame = ClientFrame::Facts(FactsFrame {
        call: 1 << 48 | 17,
        lat: Some(28.85),
        lon: Some(120.73),
        ..FactsFrame::default()
    });
    let mut bytes = Vec::new();
    append_client_frame(&frame, &mut bytes).unwrap();
    let Ok(Request::Facts { facts, .. }) = read_request(&bytes[PREFIX_BYTES..]) else {
        panic!("facts are never refused for a bad field");
    };
    let expected = FactsWords {
        marks: Marks::default().with(Mark::NoDatum),
        ..FactsWords::of(facts.call)
    };
    assert_eq!(*facts, expected);
}

#[test]
fn strict_frames_name_the_bad_field() {
    let order = |order, act| {
        ClientFrame::Order(OrderFrame {
            tag: Some(1),
            order,
            act,
            note: None,
        })
    };
    assert_eq!(problem_of(order(0, 0)).field.as_deref(), Some("order"));
    assert_eq!(problem_of(order(5, 99)).field.as_deref(), Some("act"));
    // Cancelling and reassigning are the centre's own acts.
    assert_eq!(problem_of(order(5, 5)).field.as_deref(), Some("act"));
    let no_key = ClientFrame::Call(CallFrame {
        tag: Some(9),
        ..CallFrame::default()
    });
    assert_eq!(problem_of(no_key).kind, ProblemKind::NoKey);
    let nowhere = ClientFrame::Position(PositionFrame {
        tag: None,
        unit: b"T-07".to_vec(),
        lat: 91.0,
        lon: 0.0,
        datum: 0,
    });
    assert_eq!(problem_of(nowhere).field.as_deref(), Some("lat"));
}

#[test]
fn a_length_is_believed_only_up_to_the_bound() {
    assert_eq!(
        split(&[0xFF; 10]),
        Err(FrameError::TooLarge(u32::MAX as usize))
    );
    assert_eq!(split(&(FRAME_BYTES_MAX as u32).to_le_bytes()), Ok(None));
    let call = CallWords {
        key: "k".into(),
        text: Some("x".repeat(FRAME_BYTES_MAX)),
        ..CallWords::default()
    };
    let mut out = b"kept".to_vec();
    let refused = append_request(
        Request::Call {
            tag: None,
            call: Box::new(call),
        },
        &mut out,
    );
    assert!(matches!(refused, Err(FrameError::TooLarge(_))));
    assert_eq!(out, b"kept");
}

/// docs/protocol.md shows this frame byte by byte; whoever writes another client trusts it.
#[test]
fn the_documented_frame_is_the_real_one() {
    let request = Request::End {
        tag: Some(7),
        call: "1.17".parse().unwrap(),
    };
    let mut bytes = Vec::new();
    append_request(request, &mut bytes).unwrap();
    let document = include_str!("../../../../docs/protocol.md");
    let shown = document
        .split_once("69 00 00 00   length 105")
        .map(|(_, rest)| format!("69 00 00 00   length 105{rest}"))
        .unwrap();
    let shown = shown.split_once("```").unwrap().0;
    let mut documented = Vec::new();
    for line in shown.lines() {
        // Bytes stand before two blanks or more; "00 × 87" is so many zeros.
        let hex = line.split_once("   ").map_or(line, |(hex, _)| hex);
        if let Some(zeros) = line.strip_prefix("00 × ") {
            let count: usize = zeros.split(' ').next().unwrap().parse().unwrap();
            documented.resize(documented.len() + count, 0);
            continue;
        }
        for byte in hex.split_whitespace() {
            documented.push(u8::from_str_radix(byte, 16).unwrap());
        }
    }
    assert_eq!(documented, bytes);
}
