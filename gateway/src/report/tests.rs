//! A played day counted: what came in time, late and never, and a day on which nothing happened.

use super::*;
use crate::columns::width;
use crate::language::Language;
use crate::played::Played;
use engine::capability::Capability;
use engine::command::{FollowUp, LevelRaise, UpwardReport};
use engine::kind::Kind;
use engine::major::{Level, UpwardField, UpwardFields, UpwardStage};
use engine::order::OrderAct;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// X14, H5: four calls, three orders of ambulances: one all in time, one late, one that skipped its reports.
fn story() -> Played {
    let mut played = Played::begin();
    let post = |played: &Played, at: usize| played.city.posts[at].point;
    let places = [0, 9, 17].map(|at| post(&played, at));
    played.call(120, Kind::MinorTrauma, places[0]);
    let good = played.newest(Capability::Ambulance).order;
    for act in [
        OrderAct::Acknowledge,
        OrderAct::SetOff,
        OrderAct::Arrive,
        OrderAct::Finish,
    ] {
        played.act(good, act);
    }
    played.call(120, Kind::MinorTrauma, places[1]);
    let late = played.newest(Capability::Ambulance).order;
    assert_ne!(late, good);
    played.pass(Span::seconds(45));
    played.act(late, OrderAct::Acknowledge);
    played.call(110, Kind::MinorTrauma, places[2]);
    let skipped = played.newest(Capability::Ambulance).order;
    assert_ne!(skipped, late);
    played.act(skipped, OrderAct::Finish);
    let here = post(&played, 0);
    played.call(110, Kind::Nuisance, here);
    played
}

#[test]
fn a_day_is_counted_as_it_was() {
    let mut played = story();
    let counted = report(played.data(), day("2026-11-21"), Moment(0)).unwrap();
    let of = |line| &counted.lines[&Line::new(line).unwrap()];
    assert_eq!((of(120).total(), of(120).valid()), (2, 2));
    assert_eq!((of(110).total(), of(110).valid()), (2, 1));
    let medical = counted.agencies[&Agency::Medical];
    assert_eq!(medical.issued, 3);
    let times = |owed: Owed| {
        let times = medical.owed[owed as usize];
        (times.in_time, times.late, times.missing, times.running)
    };
    assert_eq!(times(Owed::Acknowledged), (1, 1, 1, 0));
    assert_eq!(times(Owed::Arrived), (1, 0, 1, 1));
    assert_eq!(times(Owed::FedBack), (2, 0, 0, 1));
    assert_eq!(
        counted
            .units
            .values()
            .map(|(_, unit)| unit.issued)
            .sum::<u64>(),
        3
    );
    assert!(
        counted.ledger.is_empty(),
        "the late one has been acknowledged"
    );

    // Left alone for three hours, the late one owes what it has not done.
    played.pass(Span::hours(3));
    let counted = report(played.data(), day("2026-11-21"), Moment(0)).unwrap();
    let medical = counted.agencies[&Agency::Medical];
    assert_eq!(medical.owed[Owed::Arrived as usize].missing, 2);
    assert!(
        counted
            .ledger
            .iter()
            .any(|entry| entry.matter == LedgerMatter::LateArrival)
    );
    let table = counted.table(Language::Chinese, true);
    assert!(
        table.contains("逾时未到场") && table.contains("50.0 %"),
        "{table}"
    );
    assert!(table.lines().all(|line| width(line) <= 110), "{table}");
    let csv = counted.csv().unwrap();
    assert!(csv.starts_with("day,table,key,figure,value\n"), "{csv}");
    assert!(csv.contains("2026-11-21,calls,110,valid,1\n"), "{csv}");
    assert!(
        csv.contains("2026-11-21,agencies,medical,arrived_missing,2\n"),
        "{csv}"
    );
    drop(played.stop());
}

/// R2: an order that its unit was called away from is counted as that.
#[test]
fn who_was_called_away_is_in_the_days_figures() {
    let mut played = Played::begin();
    let left = played.leave_one(Capability::Ambulance);
    let places = [0, 9].map(|at: usize| played.city.posts[at].point);
    played.call(120, Kind::MinorTrauma, places[0]);
    let ankle = played.newest(Capability::Ambulance).order;
    played.call(120, Kind::ChestPain, places[1]);
    let heart = played.newest(Capability::Ambulance);
    assert_eq!((heart.unit, heart.order != ankle), (left, true));
    let counted = report(played.data(), day("2026-11-21"), Moment(0)).unwrap();
    let medical = counted.agencies[&Agency::Medical];
    let figures = (medical.preempted, medical.cancelled, medical.reassigned);
    assert_eq!(figures, (1, 0, 0));
    let table = counted.table(Language::English, false);
    assert!(table.contains("called away"), "{table}");
    let csv = counted.csv().unwrap();
    let row = "2026-11-21,agencies,medical,preempted,1\n";
    assert!(csv.contains(row), "{csv}");
    drop(played.stop());
}

/// H6, C9: how late and how complete reports upward were, and what never came, by the day.
#[test]
fn a_major_incident_is_in_the_days_figures() {
    let mut played = Played::begin();
    let here = played.city.posts[0].point;
    played.call(110, Kind::Robbery, here);
    let incident = played.view().incidents_after(None).last().unwrap().0;
    let level = Level::II;
    played.say(Command::RaiseLevel(LevelRaise { incident, level }));
    played.pass(Span::minutes(70));
    played.say(Command::ReportSituation(incident));
    played.say(Command::ReportUpward(UpwardReport {
        incident,
        stage: UpwardStage::First,
        fields: UpwardFields::default().with(UpwardField::Time),
    }));
    let counted = report(played.data(), day("2026-11-21"), Moment(0)).unwrap();
    let first = counted.conduct.upward[&UpwardStage::First];
    assert_eq!((first.given, first.late, first.incomplete), (1, 1, 1));
    assert_eq!((first.delay_ms_sum, first.fields_missing), (4_200_000, 4));
    assert_eq!(counted.conduct.situations_missing(), 2);
    let owner = engine::name::Name::new("王芳").unwrap();
    let unit = played.able(Capability::Patrol)[0];
    played.say(Command::CloseWithFollowUp(FollowUp {
        incident,
        unit,
        owner,
    }));
    let counted = report(played.data(), day("2026-11-21"), Moment(0)).unwrap();
    assert_eq!(counted.conduct.upward[&UpwardStage::Written].never, 1);
    let table = counted.table(Language::Chinese, false);
    assert!(table.contains("重大警情: 升级 重大 1"), "{table}");
    assert!(table.lines().all(|line| width(line) <= 110), "{table}");
    let english = counted.table(Language::English, false);
    assert!(
        english.contains("situation reports: 1 came, 2 missing"),
        "{english}"
    );
    let csv = counted.csv().unwrap();
    for row in [
        "upward,first,late,1",
        "upward,written,never,1",
        "levels,II,raised,1",
    ] {
        assert!(
            csv.contains(&format!("2026-11-21,{row}\n")),
            "{row} in\n{csv}"
        );
    }
    drop(played.stop());
}

#[test]
fn an_empty_day_says_so_and_midnight_is_the_citys() {
    let mut played = Played::begin();
    // One minute before midnight in China, then two after it.
    played.pass(Span::minutes(14 * 60 - 1));
    let here = played.city.posts[0].point;
    played.call(110, Kind::Nuisance, here);
    played.pass(Span::minutes(2));
    played.call(110, Kind::Nuisance, here);
    let calls = |date| {
        let counted = report(played.data(), day(date), Moment(0)).unwrap();
        counted.lines.values().map(LineFigures::total).sum::<u64>()
    };
    assert_eq!((calls("2026-11-21"), calls("2026-11-22")), (1, 1));
    let empty = report(played.data(), day("2026-11-23"), Moment(0)).unwrap();
    assert!(empty.is_empty());
    assert!(
        empty
            .table(Language::English, false)
            .contains("No call and no order")
    );
    assert!(empty.table(Language::Chinese, false).contains("没有报警"));
    drop(played.stop());
}

/// What can be read is counted, and the report says where it ends, for people and for programs.
#[test]
fn a_damaged_journal_is_counted_up_to_the_damage() {
    let played = story();
    let folder = played.damaged(900);
    let counted = report(folder.path(), day("2026-11-21"), Moment(0)).unwrap();
    assert!(counted.damage.as_deref().unwrap().contains("damaged"));
    assert!(counted.lines.contains_key(&Line::new(120).unwrap()));
    let end = format!("beyond record {}", counted.ends.0);
    let table = counted.table(Language::English, false);
    let warnings = table.matches("NOT WHOLE").count();
    assert!(table.contains(&end) && warnings == 2, "{table}");
    let csv = counted.csv().unwrap();
    let second = csv.lines().nth(1).unwrap();
    let row = format!("2026-11-21,journal,{},damaged_after,", counted.ends.0);
    assert!(second.starts_with(&row), "{second}");
}

/// An idle centre on the wall clock owes until now, not until whatever happened last.
#[test]
fn what_is_owed_on_the_wall_clock_is_owed_until_now() {
    let mut played = story();
    played.pass(Span::hours(3));
    let mut counted = report(played.data(), day("2026-11-21"), Moment(i64::MAX)).unwrap();
    assert_eq!(
        counted.owed_until, counted.ends.1,
        "a driven clock stands still"
    );
    let entry = counted.ledger[0].clone();
    let before = counted.owed_for(&entry);
    counted.owed_until = counted.owed_until + Span::hours(2);
    assert_eq!(counted.owed_for(&entry), before + Span::hours(2));
    assert_eq!(
        owed_until(Some(ClockMode::Wall), Moment(5), Moment(9)),
        Moment(9)
    );
    assert_eq!(
        owed_until(Some(ClockMode::Wall), Moment(9), Moment(5)),
        Moment(9)
    );
    drop(played.stop());
}
