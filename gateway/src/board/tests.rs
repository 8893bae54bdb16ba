//! A board of a played morning: everything open is on it, nothing that is over, and it fits the paper.

use super::*;
use crate::columns::width;
use crate::played::Played;
use engine::capability::Capability;
use engine::kind::Kind;
use engine::moment::Span;
use engine::order::OrderAct;
use engine::unit::Duty;

#[test]
fn what_is_open_is_on_the_board_and_nothing_else() {
    let mut played = Played::begin();
    let places = [0, 9, 17].map(|at| played.city.posts[at].point);
    played.call(120, Kind::MinorTrauma, places[0]);
    let over = played.newest(Capability::Ambulance);
    played.act(over.order, OrderAct::Finish);
    played.call(120, Kind::MinorTrauma, places[1]);
    let out = played.newest(Capability::Ambulance);
    played.act(out.order, OrderAct::Acknowledge);
    for unit in played.able(Capability::FireEngine) {
        played.duty(unit, Duty::Off);
    }
    played.call(119, Kind::StructureFire, places[2]);
    played.pass(Span::seconds(20));
    let (unit, fire) = {
        let view = played.view();
        let fire = view.incidents_after(None).last().unwrap().0;
        (view.unit_name(out.unit).unwrap().to_owned(), fire)
    };
    let row = played.city.unit(&unit).unwrap();
    let (person, phone) = (row.contacts[0], row.phones[0].unwrap());
    let contact = format!("主责 {person} {}", phone.as_str());
    let printed = board(played.data()).unwrap().print(Language::Chinese);
    for part in [
        out.order.to_string(),
        unit,
        "已签收".into(),
        "!! 还缺 灭火".into(),
        "建筑住宅火灾".into(),
        "未结警情 2 起".into(),
        "急救: ".into(),
        // Whom to call, and how.
        contact,
    ] {
        assert!(printed.contains(&part), "{part} in\n{printed}");
    }
    assert!(!printed.contains(&format!("{}  ", over.order)), "{printed}");
    let place = |text: String| printed.find(&text).unwrap();
    assert!(
        place(format!("[1] {fire}")) < place(format!("{}  一般外伤", out.incident)),
        "danger to life comes first\n{printed}"
    );
    let english = board(played.data()).unwrap().print(Language::English);
    assert!(english.contains("still wanted: fire engine") && english.contains("acknowledged"));
    for text in [printed, english] {
        let wide: Vec<_> = text.lines().filter(|line| width(line) > WIDTH).collect();
        assert!(wide.is_empty(), "{wide:?}");
    }
    drop(played.stop());
}

/// X9, X4: whoever reads the board knows the level, who commands and what is owed; X5: and that a person must close it.
#[test]
fn a_major_incident_says_who_commands_and_what_is_owed() {
    let mut played = Played::begin();
    let here = played.city.posts[0].point;
    played.call(110, Kind::Robbery, here);
    let incident = played.view().incidents_after(None).last().unwrap().0;
    let level = engine::major::Level::II;
    let raise = engine::command::LevelRaise { incident, level };
    played.say(engine::command::Command::RaiseLevel(raise));
    let printed = board(played.data()).unwrap().print(Language::Chinese);
    for part in [
        "重大级",
        "现场指挥 县公安局局长",
        "现场续报时限",
        "首报时限",
    ] {
        assert!(printed.contains(part), "{part} in\n{printed}");
    }
    let english = board(played.data()).unwrap().print(Language::English);
    assert!(
        english.contains("level II, commands: head of public security"),
        "{english}"
    );
    for order in played.able(Capability::Patrol) {
        let orders = played.view().unit(order).unwrap().orders.clone();
        for order in orders {
            played.act(order, OrderAct::Finish);
        }
    }
    let printed = board(played.data()).unwrap().print(Language::Chinese);
    assert!(printed.contains("等人结案"), "{printed}");
    for text in [printed, english] {
        let wide: Vec<_> = text.lines().filter(|line| width(line) > WIDTH).collect();
        assert!(wide.is_empty(), "{wide:?}");
    }
    drop(played.stop());
}

#[test]
fn an_idle_centre_has_an_empty_board() {
    let played = Played::begin();
    let printed = board(played.data()).unwrap().print(Language::English);
    assert!(printed.contains("Nothing is open."), "{printed}");
    drop(played.stop());
}

/// Everything before the damage is on the board, and nobody can take it for a whole one.
#[test]
fn a_damaged_journal_gives_the_board_up_to_the_damage_and_says_so() {
    let mut played = Played::begin();
    let places = [0, 9, 17].map(|at| played.city.posts[at].point);
    played.call(120, Kind::MinorTrauma, places[0]);
    let first = played.newest(Capability::Ambulance).order;
    for place in [places[1], places[2], places[1], places[0]] {
        played.call(120, Kind::MinorTrauma, place);
    }
    let whole = board(played.data()).unwrap();
    assert_eq!(whole.damage(), None);
    assert!(!whole.print(Language::Chinese).contains("!! 本板不全"));
    let folder = played.damaged(900);
    let cut = board(folder.path()).unwrap();
    assert!(
        cut.damage().unwrap().contains("damaged"),
        "{:?}",
        cut.damage()
    );
    assert!(cut.view.sequence() < whole.view.sequence());
    for (language, loud) in [
        (Language::Chinese, "本板不全! 日志在记录"),
        (
            Language::English,
            "NOT WHOLE! The journal cannot be read beyond record",
        ),
    ] {
        let printed = cut.print(language);
        assert!(printed.contains(&first.to_string()), "{printed}");
        let (top, end) = (printed.find(loud).unwrap(), printed.rfind(loud).unwrap());
        assert!(top < 200 && end > printed.find("1.1").unwrap(), "{printed}");
        assert!(
            printed.lines().all(|line| width(line) <= WIDTH),
            "{printed}"
        );
    }
    // Nothing at all can be read: that is a mistake, and no board.
    let folder = Played::begin().damaged(usize::MAX);
    assert!(board(folder.path()).is_err());
}

/// The city's object is gone: what is open is still printed.
#[test]
fn a_board_without_its_city_still_says_who_was_sent() {
    let mut played = Played::begin();
    let place = played.city.posts[0].point;
    played.call(120, Kind::MinorTrauma, place);
    let order = played.newest(Capability::Ambulance).order;
    let folder = played.stop();
    std::fs::remove_dir_all(folder.path().join("objects")).unwrap();
    let cut = board(folder.path()).unwrap();
    let printed = cut.print(Language::English);
    assert!(printed.contains(&order.to_string()), "{printed}");
    assert!(printed.contains("NOT WHOLE! The city"), "{printed}");
}

/// H6: what is overdue upward is on the board until it comes.
#[test]
fn an_overdue_report_upward_is_on_the_board() {
    let mut played = Played::begin();
    let place = played.city.posts[0].point;
    played.call(110, Kind::Robbery, place);
    let incident = played.view().incidents_after(None).last().unwrap().0;
    let level = engine::major::Level::II;
    let raise = engine::command::LevelRaise { incident, level };
    played.say(engine::command::Command::RaiseLevel(raise));
    played.pass(Span::minutes(70));
    let printed = board(played.data()).unwrap().print(Language::Chinese);
    assert!(
        printed.contains("!! 首报逾时: 应于 11-21 11:00:00"),
        "{printed}"
    );
    assert!(
        printed.lines().all(|line| width(line) <= WIDTH),
        "{printed}"
    );
    drop(played.stop());
}

/// A clock of 30 seconds is not to be told in minutes.
#[test]
fn clocks_are_told_to_the_second() {
    let mut played = Played::begin();
    played.pass(Span::seconds(7));
    let place = played.city.posts[0].point;
    played.call(120, Kind::MinorTrauma, place);
    let printed = board(played.data()).unwrap().print(Language::Chinese);
    assert!(printed.contains("11-21 10:00:07 下达"), "{printed}");
    assert!(printed.contains("签收时限 11-21 10:00:37"), "{printed}");
    drop(played.stop());
}
