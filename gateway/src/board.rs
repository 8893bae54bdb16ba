//! The printable board for the hour the system is down: what is open, who was sent and where each order stands, whom to call.
//!
//! Folded from the journal alone, beside a running centre or after it; reads only. Made for A4 in a fixed width; Chinese is
//! two cells wide. Contacts are the city's own; where it has none, that is said. A journal that is damaged is printed up to the
//! damage, and the board says so at its top and at its end: nobody may take half a board for a whole one.

use crate::columns::wrapped;
use crate::explain::duration;
use crate::language::Language;
use crate::local_time::LocalTime;
use crate::records::{Records, RecordsError};
use engine::city::{CONTACTS_MAX, City};
use engine::command::{Activation, ObjectKind};
use engine::explain::Fold;
use engine::id::{IncidentId, OrderId, Sequence, UnitId};
use engine::incident::NeedState;
use engine::kind::Agency;
use engine::major::IncidentClock;
use engine::place::Point;
use engine::view::{IncidentView, OrderView, View};
use std::collections::BTreeSet;
use std::path::Path;

/// Cells that a line of the board may take up: A4 upright at 10 points.
pub const WIDTH: usize = 96;

/// What is known of a centre, for print.
pub struct Board {
    view: View,
    city: Option<City>,
    local: LocalTime,
    damage: Option<String>,
    unusable: Option<String>,
}

/// Reads the board of a data folder, as far as it can be read.
pub fn board(data: &Path) -> Result<Board, RecordsError> {
    let mut records = Records::open_late(data, Sequence(u64::MAX))?;
    let mut board = Board {
        view: View::new(),
        city: None,
        local: LocalTime::ahead_by(0),
        damage: None,
        unusable: None,
    };
    if let Some(before) = records.take_before() {
        for activation in &before.in_force {
            board.live_in(&records, before.sequence, activation);
        }
        board.view = before.view;
    }
    while let Some(released) = records.read_whole(&mut board.damage)? {
        if let Some(activation) = Fold::wants(&released.record) {
            board.live_in(&records, released.sequence, &activation);
        }
        board.view.hear(&released);
    }
    Ok(board)
}

impl Board {
    /// Takes up a city. Without it a board still says what is open and who was sent.
    fn live_in(&mut self, records: &Records, sequence: Sequence, activation: &Activation) {
        if activation.object != ObjectKind::City {
            return;
        }
        let taken = records.object(sequence, activation, |bytes| {
            let city = City::from_canonical(bytes).map_err(|error| error.to_string())?;
            self.local = LocalTime::ahead_by(city.utc_offset_min);
            self.city = Some(city);
            Ok(())
        });
        self.unusable = taken.err().map(|error| error.to_string());
    }

    /// Why it is not whole, if it is not: the end of what could be read, or a city that could not.
    pub fn damage(&self) -> Option<&str> {
        self.damage.as_deref().or(self.unusable.as_deref())
    }

    /// The board as text, no line wider than [`WIDTH`].
    pub fn print(&self, language: Language) -> String {
        let mut page = Page {
            board: self,
            language,
            lines: Vec::new(),
            to_call: BTreeSet::new(),
        };
        page.warn();
        page.head();
        let mut open: Vec<_> = self.view.open_incidents_after(None).collect();
        open.sort_by_key(|&(id, incident)| (incident.priority, id));
        if open.is_empty() {
            page.say(0, language.of("没有未结的警情。", "Nothing is open."));
        }
        for (id, incident) in open {
            page.incident(id, incident);
        }
        page.contacts();
        page.warn();
        page.lines.join("\n") + "\n"
    }
}

/// A board while it is written.
struct Page<'a> {
    board: &'a Board,
    language: Language,
    lines: Vec<String>,
    /// Agencies that have something open, whose desks are named at the end.
    to_call: BTreeSet<Agency>,
}

impl Page<'_> {
    /// Adds a text, indented, broken to the width.
    fn say(&mut self, indent: usize, text: &str) {
        let text = format!("{}{text}", " ".repeat(indent));
        self.lines.extend(wrapped(&text, WIDTH, indent + 2));
    }

    /// Says aloud what is missing. Stands at the top and at the end.
    fn warn(&mut self) {
        let Some(damage) = self.board.damage() else {
            return;
        };
        let view = &self.board.view;
        let (at, sequence) = (self.board.local.full(view.now()), view.sequence());
        let text = match (self.language, &self.board.damage) {
            (Language::Chinese, Some(_)) => format!(
                "!! 本板不全! 日志在记录 {sequence} 之后读不出, 只到 {at}; 之后的警情和指令单都不在上面: 逐个打电话核实。"
            ),
            (Language::English, Some(_)) => format!(
                "!! THIS BOARD IS NOT WHOLE! The journal cannot be read beyond record {sequence}, {at}; what came later is missing: ring round and ask."
            ),
            (Language::Chinese, None) => {
                "!! 本板不全! 辖区数据读不出: 没有联系人和地名, 时间是 UTC。".to_owned()
            }
            (Language::English, None) => {
                "!! THIS BOARD IS NOT WHOLE! The city cannot be read: no contacts, no districts, times in UTC.".to_owned()
            }
        };
        self.lines.push("!".repeat(WIDTH));
        self.say(0, &text);
        self.say(3, damage);
        self.lines.push("!".repeat(WIDTH));
    }

    fn head(&mut self) {
        let view = &self.board.view;
        let (at, sequence) = (self.board.local.full(view.now()), view.sequence());
        let name = self.board.city.as_ref().map(|city| city.name);
        let name = name.map_or(String::new(), |name| format!("{name} "));
        let (incidents, orders) = (view.incidents_open(), view.open_orders().count());
        let (title, figures) = match self.language {
            Language::Chinese => (
                format!("{name}应急处置板  截至 {at}  记录 {sequence}"),
                format!("未结警情 {incidents} 起, 在办指令单 {orders} 张"),
            ),
            Language::English => (
                format!("{name}board as of {at}, record {sequence}"),
                format!("{incidents} incidents and {orders} orders are open"),
            ),
        };
        self.say(0, &title);
        self.say(0, &figures);
        self.lines.push("=".repeat(WIDTH));
    }

    fn incident(&mut self, id: IncidentId, incident: &IncidentView) {
        let (language, local) = (self.language, &self.board.local);
        let since = local.day_and_second(incident.opened_at);
        let waited = duration(self.board.view.now() - incident.opened_at, language);
        let kind = language.call(incident.kind);
        let priority = incident.priority.number();
        let place = self.place(incident);
        let (calls, injured) = (incident.calls, incident.injured);
        let text = match language {
            Language::Chinese => {
                let injured = if injured > 0 {
                    format!(", 伤 {injured} 人")
                } else {
                    String::new()
                };
                let drill = if incident.drill { ", 演练" } else { "" };
                format!(
                    "[{priority}] {id}  {kind}  {place}  {since} 起 (已 {waited})  报警 {calls} 次{injured}{drill}"
                )
            }
            Language::English => {
                let injured = if injured > 0 {
                    format!(", {injured} hurt")
                } else {
                    String::new()
                };
                let drill = if incident.drill { ", drill" } else { "" };
                format!(
                    "[{priority}] {id}  {kind}  {place}  since {since} ({waited})  calls: {calls}{injured}{drill}"
                )
            }
        };
        self.say(0, &text);
        self.conduct(incident);
        self.to_call.extend(incident.agencies.iter());
        let orders: Vec<_> = incident
            .orders
            .iter()
            .filter_map(|&order| Some((order, self.board.view.order(order)?)))
            .filter(|(_, order)| order.state.is_open())
            .collect();
        for (order, known) in orders {
            self.order(order, known);
        }
        self.needs(incident);
        self.lines.push("-".repeat(WIDTH));
    }

    /// Its level, who commands, what is owed of it, and whether only a person's close is awaited (X9, X4, H6, X5).
    fn conduct(&mut self, incident: &IncidentView) {
        let (language, local) = (self.language, &self.board.local);
        let conduct = &incident.conduct;
        if let Some(major) = conduct.major {
            let level = match language {
                Language::Chinese => format!("{}级", language.call(major.level)),
                Language::English => format!("level {}", major.level),
            };
            let commander = major.commander.map(|names| language.of(names.0, names.1));
            let commander = commander.map_or(String::new(), |name| match language {
                Language::Chinese => format!(", 现场指挥 {name}"),
                Language::English => format!(", commands: {name}"),
            });
            let owed = IncidentClock::ALL.iter().filter_map(|&clock| {
                let due = local.day_and_second(major.clocks.get(clock)?);
                Some(match language {
                    Language::Chinese => format!(", {}时限 {due}", language.call(clock)),
                    Language::English => format!(", {} due {due}", language.call(clock)),
                })
            });
            let owed: String = owed.collect();
            self.say(2, &format!("** {level}{commander}{owed}"));
        }
        for &clock in IncidentClock::ALL {
            let Some(due) = conduct.overdue.get(clock) else {
                continue;
            };
            let (clock, due) = (language.call(clock), local.day_and_second(due));
            let text = match language {
                Language::Chinese => format!("!! {clock}逾时: 应于 {due}, 至今未报"),
                Language::English => format!("!! {clock} overdue: was due {due}, has not come"),
            };
            self.say(2, &text);
        }
        if conduct.close_awaited.is_some() {
            let text = language.of(
                "!! 已无待办: 等人结案, 须写明后续责任人和责任单位",
                "!! nothing is left to do: a person closes it and names who sees to the rest",
            );
            self.say(2, text);
        }
    }

    fn place(&self, incident: &IncidentView) -> String {
        let Some(place) = incident.place else {
            return self.language.of("地点不明", "place unknown").to_owned();
        };
        let city = self.board.city.as_ref();
        let district = place.district.and_then(|id| city?.districts.get(id));
        let name = match district {
            Some(district) => district.name.to_string(),
            None => self.language.of("辖区之外", "outside").to_owned(),
        };
        format!("{name} ({})", degrees(place.point))
    }

    fn order(&mut self, order: OrderId, known: &OrderView) {
        let (language, local) = (self.language, &self.board.local);
        let unit = known.issued.unit;
        let name = self.name(unit);
        let capability = language.call(known.issued.capability);
        let state = language.call(known.state);
        let at = local.day_and_second(known.at);
        let due = known.clocks.nearest().map(|(clock, due)| {
            let (clock, due) = (language.call(clock), local.day_and_second(due));
            match language {
                Language::Chinese => format!(", {clock}时限 {due}"),
                Language::English => format!(", {clock} due {due}"),
            }
        });
        let due = due.unwrap_or_default();
        let text = match language {
            Language::Chinese => format!("{order}  {name} ({capability})  {state}  {at} 下达{due}"),
            Language::English => {
                format!("{order}  {name} ({capability})  since {at}: {state}{due}")
            }
        };
        self.say(4, &text);
        self.to_call.insert(known.issued.capability.agency());
        let contacts = self.contacts_of(unit);
        self.say(8, &contacts);
    }

    fn needs(&mut self, incident: &IncidentView) {
        let language = self.language;
        for need in &incident.needs {
            let text = match need.state {
                NeedState::Waiting => {
                    self.to_call.insert(need.capability.agency());
                    let why = need
                        .shortage
                        .map_or(String::new(), |shortage| language.call(shortage));
                    let capability = language.call(need.capability);
                    match language {
                        Language::Chinese => format!("!! 还缺 {capability}: {why}"),
                        Language::English => format!("!! still wanted: {capability}: {why}"),
                    }
                }
                NeedState::Ordered | NeedState::Met | NeedState::Done | NeedState::Dropped => {
                    continue;
                }
            };
            self.say(4, &text);
        }
        if incident.needs.is_empty() {
            let text = language.of(
                "没有派人: 等人定夺。",
                "Nobody was sent: a person has to decide.",
            );
            self.say(4, text);
        }
    }

    fn name(&self, unit: UnitId) -> String {
        let name = self.board.view.unit_name(unit);
        name.map_or_else(|| unit.to_string(), str::to_owned)
    }

    fn contacts_of(&self, unit: UnitId) -> String {
        let name = self.name(unit);
        let row = self.board.city.as_ref().and_then(|city| city.unit(&name));
        let Some(row) = row.filter(|row| !row.contacts.is_empty()) else {
            let none = self.language.of(
                "联系人: 辖区数据里没有",
                "contacts: the city's data name none",
            );
            return none.to_owned();
        };
        // Where somebody is missing, only their order is known.
        let roles = match row.contacts.len() {
            CONTACTS_MAX => self.language.of(
                ["主责", "副职", "值班领导"],
                ["primary", "deputy", "duty leader"],
            ),
            _ => ["1", "2", "3"],
        };
        let named = row.contacts.iter().zip(roles).enumerate();
        let named: Vec<String> = named
            .map(|(at, (contact, role))| match row.phones.get(at) {
                Some(Some(phone)) => format!("{role} {contact} {}", phone.as_str()),
                Some(None) | None => format!("{role} {contact}"),
            })
            .collect();
        format!(
            "{}: {}",
            self.language.of("联系人", "contacts"),
            named.join(", ")
        )
    }

    /// The desks of everybody who has something open.
    fn contacts(&mut self) {
        if self.to_call.is_empty() {
            return;
        }
        let language = self.language;
        self.say(
            0,
            language.of(
                "找谁 (各部门值班席)",
                "Whom to call (desks of the agencies)",
            ),
        );
        for agency in std::mem::take(&mut self.to_call) {
            let desks: Vec<UnitId> = self
                .board
                .view
                .units()
                .filter(|(_, unit)| unit.definition.agency == agency && !unit.definition.travels())
                .map(|(id, _)| id)
                .collect();
            let called = language.call(agency);
            if desks.is_empty() {
                let none = language.of("没有值班席", "no desk");
                self.say(4, &format!("{called}: {none}"));
            }
            for desk in desks {
                let text = format!("{called}: {}  {}", self.name(desk), self.contacts_of(desk));
                self.say(4, &text);
            }
        }
    }
}

/// `28.85012, 120.73451`: WGS-84, latitude first, to a metre.
fn degrees(point: Point) -> String {
    let degrees = |e7: i32| f64::from(e7) / 1e7;
    format!("{:.5}, {:.5}", degrees(point.lat_e7), degrees(point.lon_e7))
}

#[cfg(test)]
mod tests;
