//! Round trips, garbage, and field by field what is dropped and what refuses.

use super::*;
use crate::wire::Position;
use crate::wire::{Announced, Response, samples};
use engine::call::Marks;
use proptest::prelude::*;
use serde_json::json;

/// A request as a client would write it.
fn line_of(request: &Request) -> String {
    let place = |position: &Option<Position>| {
        position.map(|position| (position.lat(), position.lon(), position.datum().code()))
    };
    let mut line = match request {
        Request::Call { call, .. } => {
            let (lat, lon, datum) = place(&call.position).unzip3();
            json!({"call": {
                "key": call.key, "line": call.line.map(|line| line.to_string()), "caller": call.caller,
                "at": call.at, "lat": lat, "lon": lon, "datum": datum, "accuracy_m": call.accuracy_m,
                "cell": call.cell, "text": call.text, "kind": call.kind, "injured": call.injured,
                "hospital": call.hospital, "drill": call.drill,
            }})
        }
        Request::Facts { facts, .. } => {
            let (lat, lon, datum) = place(&facts.position).unzip3();
            json!({"facts": {
                "call": facts.call, "lat": lat, "lon": lon, "datum": datum, "accuracy_m": facts.accuracy_m,
                "cell": facts.cell, "text": facts.text, "kind": facts.kind, "injured": facts.injured,
            }})
        }
        Request::End { call, .. } => json!({"end": {"call": call}}),
        Request::Order {
            order, act, note, ..
        } => {
            json!({"order": {"id": order, "act": act.code().replace('_', "-"), "note": note}})
        }
        Request::Position { unit, position, .. } => json!({"position": {
            "unit": unit, "lat": position.lat(), "lon": position.lon(), "datum": position.datum().code(),
        }}),
        Request::Duty { report, .. } => json!({"duty": {
            "unit": report.unit, "duty": report.duty, "strength": report.strength,
        }}),
        Request::Advance { to, .. } => json!({"advance": {"to": to}}),
        Request::Subscribe { units, since, .. } => {
            json!({"subscribe": {"units": units, "since": since.map(|id| id.to_string())}})
        }
    };
    if let Some(tag) = request.tag() {
        line["tag"] = json!(tag);
    }
    line.to_string()
}

trait Unzip3<A, B, C> {
    fn unzip3(self) -> (Option<A>, Option<B>, Option<C>);
}

impl<A, B, C> Unzip3<A, B, C> for Option<(A, B, C)> {
    fn unzip3(self) -> (Option<A>, Option<B>, Option<C>) {
        self.map_or((None, None, None), |(a, b, c)| (Some(a), Some(b), Some(c)))
    }
}

fn problem_of(line: &str) -> Problem {
    read_request(line.as_bytes()).unwrap_err().1
}

fn call_of(line: &[u8]) -> CallWords {
    match read_request(line) {
        Ok(Request::Call { call, .. }) => *call,
        other => panic!("a readable call became {other:?}"),
    }
}

fn marks(marks: &[Mark]) -> Marks {
    marks.iter().copied().collect()
}

proptest! {
    #[test]
    fn requests_come_through(request in samples::request()) {
        let read = read_request(line_of(&request).as_bytes());
        prop_assert_eq!(read, Ok(request));
    }

    #[test]
    fn garbage_is_refused_without_a_panic(bytes: Vec<u8>) {
        drop(read_request(&bytes));
    }

    #[test]
    fn a_changed_byte_never_panics(request in samples::request(), at: prop::sample::Index, value: u8) {
        let mut line = line_of(&request).into_bytes();
        let at = at.index(line.len());
        line[at] = value;
        drop(read_request(&line));
    }
}

#[test]
fn the_call_of_the_design_reads() {
    let line = r#"{"tag":7,"call":{"key":"cmcc-7f3a","line":"110","caller":"+8613800000000","at":"2026-11-21T20:00:00+08:00","lat":28.85,"lon":120.73,
 "datum":"gcj02","accuracy_m":40,"cell":"460-00-1234-5678","text":"着火了","kind":null,"injured":null,"hospital":null,"drill":false}}"#;
    let call = call_of(line.as_bytes());
    assert_eq!(call.marks, Marks::default());
    assert_eq!((call.line, call.accuracy_m), (Some(110), Some(40)));
    assert_eq!(call.text.as_deref(), Some("着火了"));
}

/// The promise that no readable call is refused, field by field.
#[test]
fn each_bad_field_is_dropped_and_marked() {
    let check = |field: &str, value: &str, expected: &[Mark]| {
        let line = format!(r#"{{"tag":1,"call":{{"key":"k","{field}":{value}}}}}"#);
        assert_eq!(
            call_of(line.as_bytes()).marks,
            marks(expected),
            "{field} {value}"
        );
    };
    for value in ["NaN", "1e999", "\"28\"", "[]", "91", "-Infinity", "true"] {
        check("lat", value, &[Mark::BadPlace]);
        let line = format!(r#"{{"call":{{"key":"k","lat":{value},"lon":1,"datum":"wgs84"}}}}"#);
        assert_eq!(
            call_of(line.as_bytes()).marks,
            marks(&[Mark::BadPlace]),
            "{value}"
        );
    }
    check("lon", "3", &[Mark::BadPlace]);
    check("line", "\"11o\"", &[Mark::BadLine]);
    check("line", "110.5", &[Mark::BadLine]);
    check("line", "{}", &[Mark::BadLine]);
    check("at", "\"yesterday\"", &[Mark::BadTime]);
    check("at", "5", &[Mark::BadTime]);
    check("text", "5", &[Mark::BadText]);
    check("kind", "\"party\"", &[Mark::BadKind]);
    check("injured", "-1", &[Mark::BadInjured]);
    check("injured", "1e9", &[Mark::BadInjured]);
    check("accuracy_m", "-3", &[Mark::BadField]);
    check("caller", "7", &[Mark::BadField]);
    check("drill", "\"yes\"", &[Mark::BadField]);
    check("something_else", "[[1,2],{}]", &[]);
    let no_datum = br#"{"call":{"key":"k","lat":28.85,"lon":120.73}}"#;
    assert_eq!(call_of(no_datum).marks, marks(&[Mark::NoDatum]));
}

#[test]
fn broken_utf8_costs_its_own_field_only() {
    let call = call_of(b"{\"call\":{\"key\":\"k\",\"text\":\"fire\xFF\",\"caller\":\"\xC3\"}}");
    assert_eq!(call.text.as_deref(), Some("fire\u{FFFD}"));
    assert_eq!(call.caller, None);
    assert_eq!(call.marks, marks(&[Mark::BadText, Mark::BadField]));
    assert_eq!(
        problem_of("{\"call\":{\"key\":7}}").kind,
        ProblemKind::NoKey
    );
    let (tag, problem) = read_request(b"{\"tag\":4,\"call\":{\"key\":\"k\xFF\"}}").unwrap_err();
    assert_eq!((tag, problem.kind), (Some(4), ProblemKind::NoKey));
}

#[test]
fn a_call_survives_a_bad_tag_and_strangers_beside_it() {
    assert_eq!(
        call_of(br#"{"tag":"x","hello":1,"call":{"key":"k"}}"#).key,
        "k"
    );
}

#[test]
fn strict_requests_name_what_they_refuse() {
    let check = |line: &str, kind: ProblemKind, field: &str| {
        let problem = problem_of(line);
        assert_eq!(
            (problem.kind, problem.field.as_deref()),
            (kind, Some(field)),
            "{line}"
        );
    };
    use ProblemKind::{BadField, UnknownField};
    check(
        r#"{"tag":1,"order":{"id":"1.12","act":"cancel"}}"#,
        BadField,
        "act",
    );
    check(
        r#"{"tag":1,"order":{"id":"12","act":"finish"}}"#,
        BadField,
        "id",
    );
    check(
        r#"{"tag":1,"order":{"id":"1.12","act":"finish","why":"x"}}"#,
        UnknownField,
        "why",
    );
    check(
        r#"{"tag":1,"order":{"id":"1.12","act":"finish","note":5}}"#,
        BadField,
        "note",
    );
    check(
        r#"{"tag":-1,"order":{"id":"1.12","act":"finish"}}"#,
        BadField,
        "tag",
    );
    check(
        r#"{"tag":1,"order":{"id":"1.12","act":"finish"},"x":1}"#,
        UnknownField,
        "x",
    );
    check(
        r#"{"position":{"unit":"T","lat":1,"lon":1}}"#,
        BadField,
        "datum",
    );
    check(
        r#"{"position":{"unit":"T","lat":NaN,"lon":1,"datum":"wgs84"}}"#,
        BadField,
        "lat",
    );
    check(
        r#"{"position":{"unit":"T","lat":1,"lon":181,"datum":"wgs84"}}"#,
        BadField,
        "lon",
    );
    check(r#"{"duty":{"unit":"T","duty":"asleep"}}"#, BadField, "duty");
    check(
        r#"{"advance":{"to":"9999-01-01T00:00:00Z"}}"#,
        BadField,
        "to",
    );
    check(r#"{"end":{"call":"x"}}"#, BadField, "call");
    check(r#"{"facts":{"text":"x"}}"#, BadField, "call");
    check(r#"{"subscribe":{"units":[1]}}"#, BadField, "units");
    check(r#"{"subscribe":{"since":"1.2"}}"#, BadField, "since");
    check(r#"{"order":7}"#, BadField, "order");
}

/// A call whose key can be read is taken, however deep a stranger beside it goes.
#[test]
fn a_value_that_is_nested_too_deep_costs_itself_only() {
    for depth in [127, 200, 30_000] {
        for (open, close) in [("[", "]"), ("{\"x\":", "}")] {
            let times = depth.min((FRAME_BYTES_MAX - 100) / (open.len() + close.len()));
            let deep = format!("{}1{}", open.repeat(times), close.repeat(times));
            let body = format!(r#"{{"key":"k","text":"着火了","odd":{deep},"lat":NaN}}"#);
            let call = call_of(format!(r#"{{"tag":1,"call":{body}}}"#).as_bytes());
            assert_eq!(call.text.as_deref(), Some("着火了"), "{depth}");
            assert_eq!(call.marks, marks(&[Mark::BadPlace]), "{depth}");
            assert_eq!(read_call(body.as_bytes()).unwrap(), call);
            let known = format!(r#"{{"call":{{"key":"k","caller":{deep},"text":{deep}}}}}"#);
            let expected = marks(&[Mark::BadField, Mark::BadText]);
            if known.len() <= FRAME_BYTES_MAX {
                assert_eq!(call_of(known.as_bytes()).marks, expected, "{depth}");
            }
            let act = format!(r#"{{"tag":5,"order":{{"id":"1.12","act":"finish","odd":{deep}}}}}"#);
            let (tag, problem) = read_request(act.as_bytes()).unwrap_err();
            assert_eq!((tag, problem.field.as_deref()), (Some(5), Some("odd")));
        }
    }
}

#[test]
fn a_body_is_told_of_bodies_and_a_line_of_lines() {
    for body in ["", "{", "[]", "7"] {
        let detail = read_call(body.as_bytes()).unwrap_err().detail;
        assert!(
            detail.contains("send ") && !detail.contains("line;"),
            "{detail}"
        );
        assert!(
            !detail.contains("tag") && !detail.contains("a line"),
            "{detail}"
        );
        assert!(problem_of(body).detail.contains("write "));
    }
}

#[test]
fn what_is_no_request_is_not_readable() {
    for line in [
        "",
        "{",
        "[]",
        "7",
        "null",
        "{}",
        r#"{"dance":{}}"#,
        r#"{"end":{},"duty":{}}"#,
    ] {
        assert_eq!(problem_of(line).kind, ProblemKind::NotReadable, "{line}");
    }
    let deep = format!("{{\"call\":{}{}}}", "[".repeat(30_000), "]".repeat(30_000));
    assert_eq!(problem_of(&deep).kind, ProblemKind::BadField);
    let open = format!("{{\"call\":{}", "[".repeat(30_000));
    assert_eq!(problem_of(&open).kind, ProblemKind::NotReadable);
    let large = format!(
        r#"{{"call":{{"key":"k","text":"{}"}}}}"#,
        "x".repeat(FRAME_BYTES_MAX)
    );
    assert_eq!(problem_of(&large).kind, ProblemKind::TooLarge);
}

#[test]
fn lines_are_split_within_the_bound() {
    assert_eq!(split(b"{}\n{"), Ok(Some(&b"{}"[..])));
    assert_eq!(split(b"{}"), Ok(None));
    assert_eq!(split(&[b' '; FRAME_BYTES_MAX + 1]), Err(LineTooLarge));
    let mut longest = vec![b' '; FRAME_BYTES_MAX];
    longest.push(b'\n');
    assert_eq!(split(&longest).unwrap().unwrap().len(), FRAME_BYTES_MAX);
}

#[test]
fn answers_have_the_names_of_the_design() {
    let lines: Vec<Value> = samples::responses()
        .iter()
        .map(|response| {
            let mut out = Vec::new();
            append_response(response, &mut out);
            assert_eq!(out.pop(), Some(b'\n'));
            assert!(!out.contains(&b'\n'));
            serde_json::from_slice(&out).unwrap()
        })
        .collect();
    let decision = &lines[0];
    assert_eq!(decision["tag"], 7);
    for field in [
        "call",
        "incident",
        "seq",
        "merged",
        "kind",
        "priority",
        "nature",
        "agencies",
        "confidence",
        "human",
        "evidence",
        "forward",
        "orders",
        "short",
        "foreseen_late",
        "hospital",
        "outside",
        "conflict",
        "outcome",
    ] {
        assert!(decision["decision"].get(field).is_some(), "{field}");
    }
    let order = &decision["decision"]["orders"][0];
    assert_eq!(
        (&order["unit"], &order["travel_s"]),
        (&json!("T-07"), &json!(214))
    );
    assert_eq!(decision["decision"]["confidence"], 0.97);
    assert_eq!(decision["decision"]["forward"]["line"], "122");
    for (response, line) in samples::responses().iter().zip(&lines) {
        if let Response::Event(note) = response {
            assert_eq!(line["event"]["id"], note.id.to_string());
            assert!(line["event"]["type"].is_string(), "{line}");
            if let Announced::OrderIssued { unit, .. } = &note.announced {
                assert_eq!(line["event"]["unit"], unit.as_str());
                assert_eq!(line["event"]["type"], "order_issued");
                assert!(line["event"]["unit_id"].is_string());
                assert!(line["event"]["lat"].is_f64());
            }
        }
    }
}
