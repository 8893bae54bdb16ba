//! What intake makes of good and of bad calls.

use super::*;
use engine::place::datum::{Datum, from_wgs84};

fn intake() -> Intake {
    let city = engine::city::generate(1, None).unwrap();
    let city_bytes = city.canonical_bytes().unwrap();
    Intake {
        plan: ArcSwap::from_pointee(Plan::load(engine::plan::DEFAULT).unwrap()),
        lexicon: Arc::new(Lexicon::load(Lexicon::source_embedded()).unwrap()),
        lexicon_hash: ObjectHash::of(Lexicon::source_embedded().as_bytes()),
        city_hash: ObjectHash::of(&city_bytes),
        city: Arc::new(city),
        default_line: Line::POLICE,
    }
}

fn call(key: &str) -> CallWords {
    CallWords {
        key: key.into(),
        line: Some(119),
        text: Some("着火了，楼上有人".into()),
        ..CallWords::default()
    }
}

/// N5: the same place in any datum is the same district; none is outside.
#[test]
fn a_place_is_found_in_every_datum() {
    let intake = intake();
    let post = intake.city.posts[0].point;
    for datum in [Datum::Wgs84, Datum::Gcj02, Datum::Bd09] {
        let (lat, lon) = from_wgs84(post, datum);
        let words = CallWords {
            position: Some(Position::new(lat, lon, Some(datum)).unwrap()),
            accuracy_m: Some(7),
            ..call("k")
        };
        let taken = intake.call(0, words, &mut Desk::default());
        let place = taken.report.place.unwrap();
        assert_eq!(place.district, intake.city.district_at(post), "{datum}");
        assert_eq!((place.radius_m, place.source), (7, PlaceSource::Caller));
        assert!((place.point.lat_e7 - post.lat_e7).abs() < 100, "{datum}");
        assert_eq!(taken.report.marks, Marks::default());
    }
}

/// N4: without a position the cell gives the place, marked; without both it is taken all the same.
#[test]
fn the_cell_is_the_last_resort() {
    let intake = intake();
    let cell = intake.city.cells[0];
    let words = CallWords {
        cell: Some(cell.cell.to_string()),
        ..call("k")
    };
    let taken = intake.call(0, words, &mut Desk::default());
    let place = taken.report.place.unwrap();
    assert_eq!(
        (place.source, place.radius_m),
        (PlaceSource::Cell, cell.radius_m)
    );
    assert!(taken.report.marks.contains(Mark::CellPlace));
    let nowhere = intake.call(0, call("k"), &mut Desk::default());
    assert_eq!(nowhere.report.place, None);
    assert!(nowhere.report.marks.contains(Mark::NoPlace));
}

#[test]
fn outside_is_marked() {
    let intake = intake();
    let words = CallWords {
        position: Some(Position::new(-33.8, 151.2, Some(Datum::Wgs84)).unwrap()),
        ..call("k")
    };
    let taken = intake.call(0, words, &mut Desk::default());
    assert_eq!(taken.report.place.unwrap().district, None);
    assert!(taken.report.marks.contains(Mark::Outside));
}

/// A kind that is given wins; the words decide otherwise, and no words are `unknown`.
#[test]
fn the_kind_comes_from_the_sender_the_words_or_nobody() {
    let intake = intake();
    let mut desk = Desk::default();
    let fire = intake.call(0, call("k"), &mut desk);
    assert!(!fire.testimony.evidence.is_empty());
    assert!(
        fire.report.assessment.kind.row().line == 119,
        "{:?}",
        fire.report.assessment
    );
    let given = CallWords {
        kind: Some(Kind::Noise),
        ..call("k")
    };
    let given = intake.call(0, given, &mut desk);
    assert_eq!(given.report.assessment, Assessment::stated(Kind::Noise));
    assert!(given.report.marks.contains(Mark::Stated));
    assert_eq!(given.lane, Lane::Service);
    let voice = CallWords {
        text: None,
        ..call("k")
    };
    let voice = intake.call(0, voice, &mut desk);
    assert_eq!(voice.report.assessment.kind, Kind::Unknown);
    assert!(voice.report.assessment.human && voice.report.marks.contains(Mark::NoText));
    let silent = CallWords {
        text: Some(String::new()),
        ..call("k")
    };
    assert_eq!(
        intake.call(0, silent, &mut desk).report.assessment.kind,
        Kind::Silent
    );
}

#[test]
fn an_unknown_line_takes_the_default() {
    let intake = intake();
    for line in [None, Some(7), Some(555), Some(u32::MAX)] {
        let words = CallWords { line, ..call("k") };
        let taken = intake.call(0, words, &mut Desk::default());
        assert_eq!(taken.report.line, Line::POLICE);
        assert!(taken.report.marks.contains(Mark::BadLine), "{line:?}");
    }
}

/// N2: the digest of the key is the carrier's own; the digest of the body sees every field.
#[test]
fn digests_tell_calls_apart() {
    let intake = intake();
    let mut desk = Desk::default();
    let one = intake.call(0, call("k"), &mut desk).report;
    assert_eq!(intake.call(0, call("k"), &mut desk).report, one);
    assert_ne!(intake.call(1, call("k"), &mut desk).report.key, one.key);
    let others = [
        CallWords {
            line: Some(110),
            ..call("k")
        },
        CallWords {
            caller: Some("1".into()),
            ..call("k")
        },
        CallWords {
            text: None,
            ..call("k")
        },
        CallWords {
            text: Some(String::new()),
            ..call("k")
        },
        CallWords {
            injured: Some(1),
            ..call("k")
        },
        CallWords {
            drill: true,
            ..call("k")
        },
        CallWords {
            kind: Some(Kind::Noise),
            ..call("k")
        },
        CallWords {
            hospital: Some("1".into()),
            ..call("k")
        },
        CallWords {
            position: Some(Position::new(1.0, 2.0, Some(Datum::Bd09)).unwrap()),
            ..call("k")
        },
    ];
    for words in others {
        let other = intake.call(0, words.clone(), &mut desk).report;
        assert_eq!(other.key, one.key);
        assert_ne!(other.body, one.body, "{words:?}");
    }
}

#[test]
fn facts_leave_alone_what_they_do_not_say() {
    let intake = intake();
    let call = engine::id::CallId::new(engine::id::CentreId(1), 17).unwrap();
    let nothing = intake.facts(FactsWords::of(call), &mut Desk::default());
    let expected = CallFacts {
        call,
        place: None,
        assessment: None,
        injured: None,
        marks: Marks::default(),
    };
    assert_eq!(nothing.facts, expected);
    let words = FactsWords {
        text: Some("有人受伤流血".into()),
        ..FactsWords::of(call)
    };
    assert!(
        intake
            .facts(words, &mut Desk::default())
            .facts
            .assessment
            .is_some()
    );
}
