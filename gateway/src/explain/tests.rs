//! Explanations out of a journal that a centre has written: told in both languages, beside the running centre too.

use super::*;
use crate::played::Played;
use engine::capability::Capability;
use engine::command::{Assignment, Command};
use engine::id::CentreId;
use engine::moment::Span;
use engine::order::OrderAct;
use engine::unit::Duty;
use serde_json::Value;

const ALL: Sequence = Sequence(u64::MAX);

fn json(explanation: &Explanation, language: Language) -> Value {
    serde_json::to_value(explanation.told(language)).unwrap()
}

/// Five ambulances in a row: busy, off, silent, declined, sent.
fn story() -> (Played, Vec<UnitId>, OrderId) {
    let mut played = Played::begin();
    let able = played.able(Capability::Ambulance);
    for &unit in &able {
        played.duty(unit, Duty::Off);
    }
    let row: Vec<UnitId> = able.into_iter().take(5).collect();
    for (step, &unit) in row.iter().enumerate() {
        let definition = played.view().unit(unit).unwrap().definition;
        played.say(Command::DefineUnit(engine::unit::UnitDefinition {
            roster_on_min: 0,
            roster_off_min: 0,
            ..definition
        }));
        let point = played.north(2_000 * (step as i32 + 1));
        played.put(unit, point);
    }
    let far = played.city.posts.last().unwrap().point;
    played.duty(row[2], Duty::OnCall);
    played.call(120, Kind::MinorTrauma, far);
    let unheard = played.newest(Capability::Ambulance);
    played.pass(Span::minutes(3));
    played.say(Command::CloseIncident(unheard.incident));
    played.duty(row[0], Duty::OnCall);
    played.call(120, Kind::MinorTrauma, far);
    let bound = played.newest(Capability::Ambulance);
    assert_eq!(bound.unit, row[0]);
    played.act(bound.order, OrderAct::Acknowledge);
    played.duty(row[3], Duty::OnCall);
    played.duty(row[4], Duty::OnCall);
    let here = played.north(0);
    played.call(120, Kind::MinorTrauma, here);
    let refused = played.newest(Capability::Ambulance);
    assert_eq!(refused.unit, row[3]);
    played.act(refused.order, OrderAct::Decline);
    let order = played.newest(Capability::Ambulance).order;
    (played, row, order)
}

/// R4: the explanation is told from the journal alone, beside the centre that writes it, and still the same after much more.
#[test]
fn an_order_is_explained_from_the_journal_alone() {
    let (mut played, row, order) = story();
    let told = explain(played.data(), order, ALL).unwrap();
    let value = json(&told, Language::English);
    let candidates: Vec<(&str, &str)> = value["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|candidate| {
            let text = |field: &str| candidate[field].as_str().unwrap();
            (text("unit_id"), text("state"))
        })
        .collect();
    let ids: Vec<String> = row.iter().map(UnitId::to_string).collect();
    let (ours, others): (Vec<_>, Vec<_>) = candidates
        .into_iter()
        .partition(|(id, _)| ids.iter().any(|ours| ours == id));
    let expected = ["busy", "off", "silent", "declined", "chosen"];
    let expected: Vec<(&str, &str)> = ids.iter().map(String::as_str).zip(expected).collect();
    assert_eq!(ours, expected);
    assert!(others.iter().all(|&(_, state)| state == "off"));
    // The naive way: time on the way and turnout of the chosen one, as its order says.
    let issued = played.newest(Capability::Ambulance);
    let chosen = value["candidates"].as_array().unwrap().last().unwrap();
    assert_eq!(value["total_s"], chosen["total_s"]);
    assert_eq!(value["road_s"], f64::from(issued.travel_ms) / 1_000.0);
    let total_ms = issued.travel_ms + issued.turnout_ms;
    assert_eq!(value["travel_s"], total_ms.div_ceil(1_000));
    assert_eq!(value["order"], order.to_string());
    assert!(value["words"].as_str().unwrap().contains("declined"));

    let before = told.words(Language::Chinese);
    for part in ["停勤", "失联", "拒绝", "在办指令单", "到得最快", "急救转运"] {
        assert!(before.contains(part), "{part} in\n{before}");
    }
    let english = told.words(Language::English);
    for part in [
        "off duty",
        "silent",
        "had declined",
        "busy with order",
        "was there first",
    ] {
        assert!(english.contains(part), "{part} in\n{english}");
    }
    // What happens later changes nothing about it.
    let far = played.city.posts[3].point;
    played.put(row[1], far);
    played.act(order, OrderAct::Finish);
    let folder = played.stop();
    let after = explain(folder.path(), order, ALL).unwrap();
    assert_eq!(after.words(Language::Chinese), before);
}

#[test]
fn a_persons_choice_and_a_wait_have_words_of_their_own() {
    let (mut played, row, order) = story();
    // The incident waits while nobody is free, and is first when somebody is.
    played.duty(row[3], Duty::Off);
    let place = played.city.posts[7].point;
    played.call(120, Kind::MinorTrauma, place);
    played.pass(Span::seconds(10));
    played.act(order, OrderAct::Finish);
    let waited = played.newest(Capability::Ambulance);
    assert_eq!((waited.unit, waited.choice), (row[4], Choice::Waiting));
    let told = explain(played.data(), waited.order, ALL).unwrap();
    assert!(
        told.words(Language::Chinese).contains("10秒"),
        "{}",
        told.words(Language::Chinese)
    );
    assert!(
        told.words(Language::English)
            .contains(&format!("its order {order} was finished"))
    );

    played.act(waited.order, OrderAct::Finish);
    played.duty(row[1], Duty::OnCall);
    played.duty(row[3], Duty::OnCall);
    let here = played.city.posts[12].point;
    played.call(120, Kind::MinorTrauma, here);
    let incident = played.newest(Capability::Ambulance).incident;
    let free = [row[1], row[3], row[4]]
        .into_iter()
        .find(|&unit| played.view().unit(unit).unwrap().orders.is_empty());
    played.say_as(
        Actor::Dispatcher(7),
        Command::AssignUnit(Assignment {
            incident,
            unit: free.unwrap(),
            capability: Some(Capability::Ambulance),
        }),
    );
    let sent = played.newest(Capability::Ambulance);
    assert_eq!(sent.choice, Choice::Person);
    let told = explain(played.data(), sent.order, ALL).unwrap();
    assert!(told.words(Language::Chinese).contains("调度员 7"));
    assert!(told.words(Language::English).contains("dispatcher 7"));
    assert_eq!(json(&told, Language::Chinese)["choice"], "person");
    drop(played.stop());
}

#[test]
fn what_cannot_be_explained_is_said() {
    let (played, _, order) = story();
    let last = played.view().orders_after(None).last().unwrap().0;
    let beyond = OrderId::new(CentreId(1), 900).unwrap();
    let error = explain(played.data(), beyond, ALL)
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains(&format!("1.1 to {last}")), "{error}");
    let other = OrderId::new(CentreId(2), order.number()).unwrap();
    assert!(matches!(
        explain(played.data(), other, ALL),
        Err(ExplainError::Unknown { .. })
    ));
    // Nothing is read beyond what is durable.
    let early = explain(played.data(), order, Sequence(10))
        .err()
        .unwrap()
        .to_string();
    assert!(early.contains("no order yet"), "{early}");
    drop(played.stop());

    let empty = tempfile::tempdir().unwrap();
    let error = explain(empty.path(), order, ALL).err().unwrap().to_string();
    assert!(error.contains("no journal"), "{error}");
    let nowhere = empty.path().join("nowhere");
    let error = explain(&nowhere, order, ALL).err().unwrap().to_string();
    assert!(error.contains("no such folder"), "{error}");
}

/// R2: whoever was called away is told as that, and not as sooner than anybody free where nobody was.
#[test]
fn a_call_away_has_words_of_its_own() {
    let mut played = Played::begin();
    played.leave_one(Capability::Ambulance);
    let places = [0, 9].map(|at: usize| played.city.posts[at].point);
    played.call(120, Kind::MinorTrauma, places[0]);
    played.call(120, Kind::ChestPain, places[1]);
    let called = played.newest(Capability::Ambulance);
    assert_eq!(called.choice, Choice::Preemption);
    let told = explain(played.data(), called.order, ALL).unwrap();
    let english = told.words(Language::English);
    assert!(english.contains("nobody who was free"), "{english}");
    assert!(!english.contains("sooner than anybody"), "{english}");
    assert!(told.words(Language::Chinese).contains("抢派"));
    drop(played.stop());
}
