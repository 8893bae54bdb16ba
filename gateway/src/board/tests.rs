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
    let printed = board(played.data()).unwrap().print(Language::Chinese);
    for part in [
        out.order.to_string(),
        unit,
        "已签收".into(),
        "!! 还缺 灭火".into(),
        "建筑住宅火灾".into(),
        "未结警情 2 起".into(),
        "急救: ".into(),
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

#[test]
fn an_idle_centre_has_an_empty_board() {
    let played = Played::begin();
    let printed = board(played.data()).unwrap().print(Language::English);
    assert!(printed.contains("Nothing is open."), "{printed}");
    drop(played.stop());
}
