//! Made-up rows as the city writes them, and the real sample.

use super::*;
use engine::capability::Capability;
use engine::kind::{Agency, Kind};

const HEADER: &str = "Call Number,Unit ID,Call Type,Received DtTm,Dispatch DtTm,Response DtTm,On Scene DtTm,Available DtTm,\
Address,Original Priority,Call Type Group,Unit Type,Location\n";
const FIRE: &str = "7,E21,Structure Fire,01/10/2009 11:58:00 PM,01/10/2009 11:59:10 PM,01/11/2009 12:00:05 AM,01/11/2009 12:03:00 AM,\
01/11/2009 12:30:00 AM,GROVE ST,3,Fire,ENGINE,\"(37.775, -122.444)\"\n";
const SECOND: &str = "7,M10,Structure Fire,01/10/2009 11:58:00 PM,01/10/2009 11:59:30 PM,,,01/11/2009 12:01:00 AM,\
GROVE ST,3,Fire,MEDIC,\"(37.775, -122.444)\"\n";
const ILL: &str = "8,77,Medical Incident,01/11/2009 01:00:00 AM,01/11/2009 01:01:00 AM,01/11/2009 01:02:00 AM,\
01/11/2009 01:09:00 AM,01/11/2009 02:00:00 AM,FULTON ST,2,Non Life-threatening,MEDIC,POINT (-122.45 37.77)\n";

fn read_text(text: &str) -> Result<Imported, TraceError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.csv");
    std::fs::write(&path, text).unwrap();
    read(&path)
}

fn seconds(span: Option<Span>) -> Option<i64> {
    span.map(|span| span.0 / 1_000)
}

#[test]
fn several_units_make_one_call_and_each_keeps_its_times() {
    let imported = read_text(&[HEADER, FIRE, SECOND, ILL].concat()).unwrap();
    let [fire, ill] = &imported.rows[..] else {
        panic!("two calls");
    };
    assert_eq!(fire.at.to_string(), "2009-01-11T07:58:00.000Z");
    assert_eq!((fire.key.as_str(), fire.line.as_str()), ("sffd:7", "119"));
    assert_eq!(fire.kind, Some(Kind::StructureFire));
    assert_eq!((fire.lat, fire.lon), (Some(37.775), Some(-122.444)));
    assert_eq!((ill.line.as_str(), ill.kind), ("120", Some(Kind::Illness)));
    assert_eq!((ill.lat, ill.lon), (Some(37.77), Some(-122.45)));
    assert_eq!(ill.expect_agencies, Some(AgencySet::of(&[Agency::Medical])));
    let [engine, medic, second] = &imported.responses[..] else {
        panic!("three responses");
    };
    assert_eq!(engine.capability, Some(Capability::FireEngine));
    let spans =
        |it: &Response| [it.handling, it.turnout, it.travel, it.stay, it.arrival].map(seconds);
    assert_eq!(
        spans(engine),
        [Some(70), Some(55), Some(175), Some(1_620), Some(300)]
    );
    // Sent and called back: what it never did has no length.
    assert_eq!(spans(medic), [Some(90), None, None, None, None]);
    assert_eq!(second.kind, Some(Kind::Illness));
    assert_eq!((imported.mistakes_all, imported.repeats), (0, 0));
}

#[test]
fn columns_may_stand_anywhere_and_be_named_as_in_the_api() {
    let text = "case_location,unit_type,call_type,received_dttm,unit_id,call_number,on_scene_dttm\n\
                POINT (-122.4 37.7),ENGINE,Alarms,2019-01-10T14:36:01.000,E03,9,2019-01-10T14:40:01.000\n";
    let imported = read_text(text).unwrap();
    assert_eq!(imported.rows[0].at.to_string(), "2019-01-10T22:36:01.000Z");
    assert_eq!(imported.rows[0].lat, Some(37.7));
    let only = &imported.responses[0];
    assert_eq!(
        (only.unit.as_str(), seconds(only.arrival)),
        ("E03", Some(240))
    );
    assert_eq!((only.travel, only.handling), (None, None));
}

#[test]
fn what_cannot_be_read_is_told_with_its_row_and_the_rest_is_kept() {
    let late = FIRE.replace("01/11/2009 12:03:00 AM", "01/11/2009 11:03:00 AM");
    let early = FIRE
        .replace("7,E21", "7,E22")
        .replace("01/11/2009 12:03:00 AM", "01/10/2009 11:03:00 AM");
    let text = [
        HEADER,
        &late,
        &late,
        &early,
        &FIRE.replace("01/10/2009 11:58:00 PM", "yesterday"),
        "7,E23,cut short\n",
        &ILL.replace("POINT (-122.45 37.77)", "\"(0.0, 0.0)\"")
            .replace("Medical Incident", "Dragon"),
        &ILL.replace("8,77", ",77"),
    ]
    .concat();
    let imported = read_text(&text).unwrap();
    assert_eq!((imported.rows.len(), imported.responses.len()), (2, 3));
    assert_eq!((imported.repeats, imported.rows_left_out), (1, 3));
    assert_eq!(imported.unmatched["Dragon"], ("rescue_minor", 1));
    assert_eq!(imported.rows[1].lat, None);
    for part in [
        "row 1 (line 2), Available DtTm: `01/11/2009 12:30:00 AM` is earlier",
        "row 3 (line 4), On Scene DtTm: `01/10/2009 11:03:00 AM`",
        "row 4 (line 5), Received DtTm: `yesterday`",
        "row 5 (line 6)",
        "row 6 (line 7), Location: `(0.0, 0.0)`",
        "row 7 (line 8), Call Number",
    ] {
        let told = imported.mistakes.iter().any(|told| told.contains(part));
        assert!(told, "{part}: {:?}", imported.mistakes);
    }
    assert_eq!(imported.mistakes_all, 6);
    // Without the time of arrival neither the way nor the stay is known.
    assert_eq!(imported.responses[1].travel, None);
    assert_eq!(imported.responses[1].stay, None);
}

#[test]
fn a_file_of_another_make_is_refused() {
    let error = read_text("Call Number,Unit ID,Call Type\n1,2,3\n").unwrap_err();
    assert!(error.to_string().contains("no column `Received DtTm`"));
    let all_bad = [HEADER, &FIRE.replace("01/10/2009 11:58:00 PM", "never")].concat();
    let error = read_text(&all_bad).unwrap_err().to_string();
    assert!(error.contains("not one of its 1 rows"), "{error}");
}

#[test]
fn the_earliest_time_that_any_row_tells_is_the_calls() {
    let earlier = SECOND.replace("01/10/2009 11:58:00 PM", "01/10/2009 11:57:00 PM");
    let imported = read_text(&[HEADER, FIRE, &earlier].concat()).unwrap();
    assert_eq!(imported.rows[0].at.to_string(), "2009-01-11T07:57:00.000Z");
    assert_eq!(seconds(imported.responses[0].arrival), Some(360));
    assert_eq!(seconds(imported.responses[1].handling), Some(150));
}

/// What the importer writes its reader takes: what a far earlier row of the same call makes longer than a day is left out.
#[test]
fn an_answer_more_than_a_day_after_the_earliest_time_is_left_out_and_told() {
    let received = "01/10/2009 11:58:00 PM";
    let second = SECOND.replace(received, "01/10/2009 11:58:10 PM");
    let early = FIRE
        .replace("7,E21", "7,E22")
        .replace(received, "01/09/2009 11:59:20 PM");
    let imported = read_text(&[HEADER, FIRE, &second, &early].concat()).unwrap();
    let [engine, medic, _] = &imported.responses[..] else {
        panic!("three responses");
    };
    assert_eq!(
        (seconds(engine.handling), engine.arrival),
        (Some(86_390), None)
    );
    assert_eq!(medic.handling, None);
    assert!(
        imported
            .mistakes
            .iter()
            .any(|it| it.contains("sffd:7, unit E21: the arrival is more")),
        "{:?}",
        imported.mistakes
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("observed.csv");
    crate::trace::observed::write(&path, &imported.responses).unwrap();
    assert_eq!(crate::trace::observed::read(&path).unwrap().len(), 3);
}

#[test]
fn the_real_sample_has_a_kind_for_every_call_type() {
    let Some(path) = super::super::shared::data("calls-san-francisco/fire-calls-sample.csv.zst")
    else {
        return;
    };
    let imported = read(&path).unwrap();
    assert_eq!(
        (imported.rows.len(), imported.responses.len()),
        (900, 4_329)
    );
    assert!(imported.unmatched.is_empty(), "{:?}", imported.unmatched);
    assert_eq!(imported.rows_left_out, 0, "{:?}", imported.mistakes);
    assert!(imported.rows.iter().all(|row| row.lat.is_some()));
    println!(
        "{} mistakes: {:#?}",
        imported.mistakes_all, imported.mistakes
    );
}
