//! Good inputs for each target, made by the real encoders: where a fuzzer starts from.

use super::{city, commands, journal, scratch, snapshots};
use engine::call::{Mark, Testimony};
use engine::capability::Capability;
use engine::id::{CallId, CentreId, EventId, OrderId, Sequence};
use engine::kind::{Agency, AgencySet, Kind};
use engine::moment::Moment;
use engine::order::{OrderAct, OrderState};
use engine::place::datum::Datum;
use engine::unit::Duty;
use gateway::wire::{
    Announced, CallWords, EventNote, FactsWords, Position, Problem, ProblemKind, Request, Response,
    UnitReport, frame,
};
use loadgen::trace::{Row, Writer};

/// A seed is no larger, as is every file of the corpus.
pub const SEED_BYTES_MAX: usize = 4_096;

/// The seeds of a target.
///
/// # Panics
/// When there is no such target.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    let mut seeds = match target {
        "frames" => frames(),
        "lines" => LINES.iter().map(|line| line.as_bytes().to_vec()).collect(),
        "http" => HTTP.iter().map(|parts| parts.as_bytes().to_vec()).collect(),
        "records" => records(),
        "journal" => noise(120, 40),
        "segment" => journal::blocks(),
        "snapshots" => states(),
        "commands" => noise(60, 600),
        "trace" => traces(),
        "config" => edits(gateway::config::DEFAULT),
        "plan" => edits(engine::plan::DEFAULT),
        "lexicon" => edits(super::settings::SMALL_LEXICON),
        "city_sheets" => sheets(),
        "city_document" => documents(),
        other => panic!("no target is called {other}"),
    };
    seeds.retain(|seed| seed.len() <= SEED_BYTES_MAX);
    seeds
}

/// States of young centres, for those of a busy one are larger than a seed may be; as they are, and with a byte changed.
fn states() -> Vec<Vec<u8>> {
    let mut states = Vec::new();
    for stream in noise(12, 40) {
        for good in snapshots::good(&stream) {
            for part in 1..8 {
                let mut changed = good.clone();
                let at = good.len() * part / 8;
                changed[at] ^= 1 << part;
                states.push(changed);
            }
            states.push(good);
        }
    }
    states
}

fn centre() -> CentreId {
    CentreId(1)
}

fn position(datum: Datum) -> Option<Position> {
    Position::new(28.85, 120.73, Some(datum)).ok()
}

fn requests() -> Vec<Request> {
    let tag = Some(7);
    let call = |call: CallWords| Request::Call {
        tag,
        call: Box::new(call),
    };
    let full = CallWords {
        key: "cmcc-7f3a".into(),
        line: Some(110),
        caller: Some("+8613800000000".into()),
        at: Some(Moment(1_795_258_800_000)),
        position: position(Datum::Gcj02),
        accuracy_m: Some(40),
        cell: Some("460-00-1234-5678".into()),
        text: Some("追尾了，有人受伤，没有着火".into()),
        kind: Some(Kind::CrashInjury),
        injured: Some(2),
        hospital: Some("县人民医院".into()),
        ..CallWords::default()
    };
    let short = CallWords {
        key: "k".into(),
        drill: true,
        ..CallWords::default()
    };
    let mut all = vec![call(full), call(short)];
    if let (Some(id), Some(order)) = (CallId::new(centre(), 17), OrderId::new(centre(), 12)) {
        let facts = FactsWords {
            text: Some("another caller: fire on the third floor".into()),
            position: position(Datum::Bd09),
            injured: Some(1),
            ..FactsWords::of(id)
        };
        all.push(Request::Facts {
            tag,
            facts: Box::new(facts),
        });
        all.push(Request::End { tag, call: id });
        let note = Some("on the way".to_owned());
        let act = OrderAct::SetOff;
        all.push(Request::Order {
            tag,
            order,
            act,
            note,
        });
    }
    if let Some(position) = position(Datum::Wgs84) {
        all.push(Request::Position {
            tag: None,
            unit: "T-07".into(),
            position,
        });
    }
    let report = UnitReport {
        unit: "T-07".into(),
        duty: Duty::Patrolling,
        strength: Some(3),
    };
    all.push(Request::Duty { tag, report });
    all.push(Request::Advance {
        tag,
        to: Moment(1_795_258_800_000),
    });
    let since = Some(EventId {
        centre: centre(),
        sequence: Sequence(40_213),
        index: 2,
    });
    let units = vec!["T-07".into(), "P-1".into()];
    all.push(Request::Subscribe { tag, units, since });
    all.push(Request::Subscribe {
        tag: None,
        units: Vec::new(),
        since: None,
    });
    all
}

fn responses() -> Vec<Response> {
    let problem = Problem::new(ProblemKind::Overloaded, "no order 1.99").about("id");
    let announced = Announced::Other {
        json: r#"{"type":"call_ended","call":"1.17"}"#.into(),
    };
    let (tag, seq) = (Some(9), Sequence(3));
    let note = EventNote {
        id: EventId {
            centre: centre(),
            sequence: Sequence(40_214),
            index: 2,
        },
        at: Moment(1_000),
        redelivered: true,
        last: true,
        announced,
    };
    vec![
        Response::Problem {
            tag,
            problem: problem.retry_after_ms(250),
        },
        Response::Done {
            tag,
            seq,
            state: Some(OrderState::SetOff),
        },
        Response::Advanced {
            tag,
            now: Moment(5),
            seq,
            next_due: Some(Moment(9)),
        },
        Response::Event(note),
    ]
}

fn frames() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for request in requests() {
        let mut out = Vec::new();
        if frame::append_request(request, &mut out).is_ok() {
            all.push(out[frame::PREFIX_BYTES..].to_vec());
            all.push(out);
        }
    }
    for response in responses() {
        let mut out = Vec::new();
        if frame::append_response(response, &mut out).is_ok() {
            all.push(out);
        }
    }
    all
}

const LINES: &[&str] = &[
    r#"{"tag":7,"call":{"key":"cmcc-7f3a","line":"110","caller":"+8613800000000","at":"2026-11-21T20:00:00+08:00","lat":28.85,"lon":120.73,"datum":"gcj02","accuracy_m":40,"cell":"460-00-1234-5678","text":"追尾了，有人受伤","kind":null,"injured":null,"hospital":null,"drill":false}}"#,
    r#"{"call":{"key":"k","line":119,"text":"","kind":"structure_fire","injured":2,"drill":true}}"#,
    r#"{"call":{"key":"k","lat":NaN,"lon":1e999,"datum":"wgs84","text":"\ud800 fire"}}"#,
    r#"{"call":{"key":"k","text":[[[[[[[[[[[[]]]]]]]]]]]],"at":12.5}}"#,
    r#"{"tag":8,"facts":{"call":"1.17","text":"no fire, nobody hurt","lat":28.85,"lon":120.73,"datum":"bd09","injured":0}}"#,
    r#"{"tag":9,"end":{"call":"1.17"}}"#,
    r#"{"tag":10,"order":{"id":"1.12","act":"set-off","note":"on the way"}}"#,
    r#"{"position":{"unit":"T-07","lat":28.85,"lon":120.73,"datum":"wgs84"}}"#,
    r#"{"tag":3,"duty":{"unit":"T-07","duty":"standby","strength":3}}"#,
    r#"{"tag":11,"advance":{"to":"2026-11-21T20:00:00+08:00"}}"#,
    "{\"subscribe\":{\"units\":[\"T-07\"],\"since\":\"1.40213.0\"}}\n{\"tag\":18446744073709551615,\"end\":{\"call\":\"65535.281474976710655\"}}\n",
    r#"{"key":"k","line":"12345","text":"ＡＢＣ 路灯坏了 robbery"}"#,
];

const HTTP: &[&str] = &[
    "limit=5&after=1.7&hash=false&agency=fire\0key-1\0{\"into\":\"1.9\"}",
    "since=1.40213.0&units=T-07%2CP-1\0a\0{\"to\":\"2026-11-21T20:00:00+08:00\"}",
    "limit=1001&limit=2\0\0{\"capabilities\":[\"ambulance\"],\"strength\":3,\"home\":\"11\",\"priority\":2,\"open\":true}",
    "after=%31.%37&hash=1\0~!@#\0{\"lat\":28.85,\"lon\":120.73,\"datum\":\"wgs84\"}",
    "\0k\0{\"text\":\"fire\",\"kind\":\"structure_fire\",\"injured\":1,\"accuracy_m\":5}",
    "a=%ff%00&=&%\0k k\0 \n",
];

fn records() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = noise(8, 300)
        .iter()
        .flat_map(|stream| commands::records(stream))
        .collect();
    let testimony = Testimony {
        key: Some("cmcc-7f3a".into()),
        caller: Some("+86138".into()),
        claimed_at: Some(Moment(1_795_258_800_000)),
        text: Some("追尾了".into()),
        cell: Some("460-00-1-1".into()),
        note: Some("on the way".into()),
        ..Testimony::default()
    };
    all.push(testimony.encode().into_vec());
    all
}

/// Bytes without meaning, the same every time.
fn noise(streams: u64, bytes: usize) -> Vec<Vec<u8>> {
    let mut state = 1_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    (0..streams)
        .map(|stream| {
            (0..bytes / (1 + stream as usize % 4))
                .map(|_| next())
                .collect()
        })
        .collect()
}

fn traces() -> Vec<Vec<u8>> {
    let start = loadgen::trace::SECONDS_START;
    let mut full = Row::new(start, "cmcc-1".into(), "110");
    full.caller = Some("+86138".into());
    (full.lat, full.lon) = (Some(28.85), Some(f64::NAN));
    full.datum = Some(Datum::Gcj02);
    full.accuracy_m = Some(40.5);
    full.text = Some("追尾了, \"有人\"\n受伤".into());
    full.kind = Some(Kind::CrashInjury);
    full.injured = Some(2);
    full.expect_agencies = Some(AgencySet::of(&[Agency::Traffic, Agency::Medical]));
    let folder = scratch::folder();
    let mut all = vec![
        b"at,line\n0,110\n1.5,119\n2026-11-21T20:00:00+08:00,122\n".to_vec(),
        b"\xef\xbb\xbfline , at,text,expect_agencies\n119,0.001,\\N,none\n110,5,,police;fire\n"
            .to_vec(),
        b"at,line\n5,110\n4,110\n".to_vec(),
    ];
    for name in ["t.csv", "t.csv.gz", "t.csv.zst"] {
        let path = folder.path().join(name);
        let mut writer = Writer::create(&path).expect("a file in memory");
        for row in [&full, &Row::new(start, "k".into(), "abc")] {
            writer.write(row).expect("a row");
        }
        writer.finish().expect("a trace in memory");
        all.push(std::fs::read(&path).expect("a file in memory"));
    }
    all
}

/// The text itself, nothing, and each of its lines as an edit.
fn edits(base: &str) -> Vec<Vec<u8>> {
    let mut all = vec![Vec::new(), [b"===\n", base.as_bytes()].concat()];
    for (number, line) in base.lines().enumerate() {
        if !line.is_empty() && !line.starts_with('#') {
            all.push(format!("{number}={line}").into_bytes());
            all.push(format!("{number}-").into_bytes());
            all.push(format!("{}+{line}", number * 7).into_bytes());
        }
    }
    all
}

fn sheets() -> Vec<Vec<u8>> {
    let file = |(name, content): &(&str, &str)| format!("\n== {name}\n{content}");
    let mut all: Vec<String> = city::FILES.iter().map(file).collect();
    all.push(all.concat());
    all.extend(city::FILES.iter().map(|(name, _)| format!("\n== {name}\n")));
    all.into_iter().map(String::into_bytes).collect()
}

fn documents() -> Vec<Vec<u8>> {
    let whole = city::small();
    let mut bare = whole.clone();
    bare.units.truncate(1);
    bare.cells.clear();
    bare.hospitals.clear();
    let mut all: Vec<Vec<u8>> = [&whole, &bare]
        .iter()
        .filter_map(|city| city.canonical_bytes().ok())
        .collect();
    all.push(
        format!(
            "{{\"marks\":{},\"of\":{}}}",
            Mark::ALL.len(),
            Capability::ALL.len()
        )
        .into_bytes(),
    );
    all
}
