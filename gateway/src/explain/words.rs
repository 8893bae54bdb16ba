//! The grounds of an order in sentences, Chinese and English: who was sent and why, who was asked before, who was nearer
//! and why they were not sent, who would have come next.
//!
//! Says what the grounds hold and nothing else; a table of many names the first and counts the rest.

use crate::columns::{Align, Columns};
use crate::language::Language;
use crate::local_time::LocalTime;
use crate::wire::whole_seconds;
use engine::command::Actor;
use engine::dispatch::surcharge::Surcharge;
use engine::event::Choice;
use engine::explain::{Asked, Candidate, Freed, Grounds, Standing};
use engine::id::ObjectHash;
use engine::moment::{Moment, Span};

/// Nearer units that are named one by one in sentences; the JSON names all.
const NEARER_NAMED: usize = 20;

/// The whole explanation.
pub fn of(grounds: &Grounds, language: Language) -> String {
    let speaker = Speaker {
        grounds,
        language,
        local: LocalTime::ahead_by(grounds.utc_offset_min),
    };
    let mut lines = vec![
        speaker.head(),
        speaker.when(),
        String::new(),
        speaker.chosen(),
    ];
    lines.extend(speaker.check());
    lines.extend(speaker.asked());
    speaker.nearer(&mut lines);
    speaker.farther(&mut lines);
    lines.extend([String::new(), speaker.formula()]);
    lines.join("\n")
}

/// Why one candidate was sent or not.
pub fn why(grounds: &Grounds, candidate: &Candidate, language: Language) -> String {
    let speaker = Speaker {
        grounds,
        language,
        local: LocalTime::ahead_by(grounds.utc_offset_min),
    };
    speaker.standing(candidate)
}

struct Speaker<'a> {
    grounds: &'a Grounds,
    language: Language,
    local: LocalTime,
}

impl Speaker<'_> {
    fn head(&self) -> String {
        let Grounds {
            issued, incident, ..
        } = self.grounds;
        let (kind, capability) = (
            self.language.call(incident.kind),
            self.language.call(issued.capability),
        );
        let (unit, district) = (self.unit(), self.grounds.district);
        let priority = incident.priority.number();
        match self.language {
            Language::Chinese => {
                let district = district.map_or(String::new(), |name| format!(", {name}"));
                format!(
                    "指令单 {}: 为警情 {} ({kind}, 优先级 {priority}{district}) 派出 {unit} ({capability})",
                    issued.order, issued.incident
                )
            }
            Language::English => {
                let district = district.map_or(String::new(), |name| format!(", {name}"));
                format!(
                    "Order {}: {unit} ({capability}) was sent to incident {} ({kind}, priority {priority}{district})",
                    issued.order, issued.incident
                )
            }
        }
    }

    fn when(&self) -> String {
        let at = self.local.full(self.grounds.at);
        let sequence = self.grounds.sequence;
        match self.language {
            Language::Chinese => format!("下达于 {at}, 日志记录 {sequence}"),
            Language::English => format!("Issued at {at}, record {sequence} of the journal"),
        }
    }

    fn unit(&self) -> String {
        let chosen = self.grounds.chosen();
        chosen.map_or_else(
            || self.grounds.issued.unit.to_string(),
            |chosen| chosen.name.to_string(),
        )
    }

    /// Why it was this one.
    fn chosen(&self) -> String {
        let issued = &self.grounds.issued;
        let takes = self.takes();
        let late = if issued.foreseen_late {
            self.language.of(
                " 下达时即可预见会晚到。",
                " It could be foreseen that it would be late.",
            )
        } else {
            ""
        };
        let reason = match issued.choice {
            Choice::Nearest => self.nearest(),
            Choice::Waiting => self.waited(self.language.of(
                "等待者按优先级、再按时限排队, 轮到了这一项",
                "of the needs that it could serve this was first by priority, then deadline",
            )),
            Choice::ServiceFloor => self.waited(&self.floor()),
            Choice::Desk => self.desk(),
            Choice::Person => self.person(),
            Choice::Preemption => self.called_away(),
        };
        match self.language {
            Language::Chinese => format!("{reason}: {takes}。{late}"),
            Language::English => format!("{reason}: {takes}.{late}"),
        }
    }

    fn nearest(&self) -> String {
        let candidates = &self.grounds.candidates;
        let is_spared = |candidate: &Candidate| candidate.standing == Standing::Spared;
        let (zh, en) = match candidates.iter().any(is_spared) {
            false => (
                "为什么是它: 当时可派的力量中, 它到得最快",
                "Why this one: of all that could be sent, it was there first",
            ),
            true => (
                "为什么是它: 当时可派的力量中, 有的到得略快, 但动它们代价更大; 按预案把代价折成时间, 它最少",
                "Why this one: of all that could be sent some were there a little sooner, but would have left more behind; with what the plan adds for that it came to the least",
            ),
        };
        self.language.of(zh, en).to_owned()
    }

    /// What the plan adds to a unit's time, and why.
    fn added(&self, surcharge: Surcharge) -> String {
        let reasons = [
            (surcharge.foreign_ms, "属别的辖区", "of another district"),
            (surcharge.scarce_ms, "有稀缺的本领", "has a scarce skill"),
            (
                surcharge.last_ms,
                "是本辖区最后一个",
                "the last of its district",
            ),
        ];
        let reasons = reasons.iter().filter(|(ms, ..)| *ms > 0);
        let reasons: Vec<String> = reasons
            .map(|&(ms, zh, en)| format!("{} {}", self.language.of(zh, en), self.ms(ms)))
            .collect();
        reasons.join(", ")
    }

    fn floor(&self) -> String {
        let floor = self.grounds.service_floor;
        match self.language {
            Language::Chinese => {
                format!("不危及生命的每 {floor} 次派出须有一次归服务类 (C4), 这次轮到服务类")
            }
            Language::English => format!(
                "of {floor} grants that are not danger to life one is a service call's (C4), and this was its turn"
            ),
        }
    }

    fn desk(&self) -> String {
        let open = self.grounds.chosen().map_or(0, |chosen| chosen.open_orders);
        match self.language {
            Language::Chinese => {
                format!("为什么是它: 可用的值班席中, 它手上的指令单最少 ({open} 张)")
            }
            Language::English => {
                format!(
                    "Why this one: of the desks that were free it had the fewest open orders ({open})"
                )
            }
        }
    }

    /// A unit that left something less urgent for this (R2).
    fn called_away(&self) -> String {
        let order = match self.grounds.freed {
            Some(Freed::OrderEnded { order, .. }) => order.to_string(),
            _ => String::new(),
        };
        let stood = self.grounds.candidates.iter();
        let mut stood = stood.map(|candidate| candidate.standing);
        let is_free = |standing| {
            matches!(
                standing,
                Standing::Free | Standing::Spared | Standing::Farther
            )
        };
        let gain = match stood.any(is_free) {
            true => self.language.of(
                "比空闲的力量都早到得多",
                "to be here much sooner than anybody who was free",
            ),
            false => self.language.of(
                "当时没有空闲的力量能来",
                "as nobody who was free could come",
            ),
        };
        match self.language {
            Language::Chinese => {
                format!("为什么是它: 它正赶往不太急的警情, 从那里抢派过来 (指令单 {order}), {gain}")
            }
            Language::English => format!(
                "Why this one: it was on its way to something less urgent and was called away from there (order {order}), {gain}"
            ),
        }
    }

    fn person(&self) -> String {
        let who = self.actor();
        match self.language {
            Language::Chinese => format!("为什么是它: 由{who}指派, 不论远近"),
            Language::English => format!("Why this one: {who} sent it, nearest or not"),
        }
    }

    fn actor(&self) -> String {
        match (self.grounds.actor, self.language) {
            (Actor::Dispatcher(number), Language::Chinese) => format!("调度员 {number} "),
            (Actor::Dispatcher(number), Language::English) => format!("dispatcher {number}"),
            (Actor::Carrier(number), Language::Chinese) => format!("运营商 {number} "),
            (Actor::Carrier(number), Language::English) => format!("carrier {number}"),
            (Actor::Unit(unit), Language::Chinese) => format!("力量 {unit} "),
            (Actor::Unit(unit), Language::English) => format!("unit {unit}"),
            (Actor::System, Language::Chinese) => "中心自己".into(),
            (Actor::System, Language::English) => "the centre itself".into(),
        }
    }

    /// A need that had waited, and a unit that came free.
    fn waited(&self, turn: &str) -> String {
        let since = self.grounds.waited_since.map(|since| {
            let waited = self.span(self.grounds.at - since);
            match self.language {
                Language::Chinese => format!("从 {} 起等了 {waited}", self.clock(since)),
                Language::English => {
                    format!("had waited since {}, for {waited}", self.clock(since))
                }
            }
        });
        let freed = self.freed();
        match self.language {
            Language::Chinese => {
                let since = since.unwrap_or_else(|| "在等".into());
                format!("为什么是它: 这项需求{since}; {freed}; {turn}")
            }
            Language::English => {
                let since = since.unwrap_or_else(|| "was waiting".into());
                format!("Why this one: the need {since}; {freed}; {turn}")
            }
        }
    }

    fn freed(&self) -> String {
        let unit = self.unit();
        match (self.grounds.freed, self.language) {
            (Some(Freed::OrderEnded { order, state }), Language::Chinese) => {
                format!(
                    "{unit} 因指令单 {order} {}而空出",
                    self.language.call(state)
                )
            }
            (Some(Freed::OrderEnded { order, state }), Language::English) => format!(
                "{unit} came free as its order {order} was {}",
                self.language.call(state)
            ),
            (Some(Freed::Duty), Language::Chinese) => format!("{unit} 报告了勤务或人数, 可以派了"),
            (Some(Freed::Duty), Language::English) => {
                format!("{unit} reported its duty or strength and could be sent")
            }
            (Some(Freed::Shift), Language::Chinese) => format!("{unit} 上班了"),
            (Some(Freed::Shift), Language::English) => format!("the shift of {unit} began"),
            (Some(Freed::Heard), Language::Chinese) => format!("{unit} 恢复了联系"),
            (Some(Freed::Heard), Language::English) => format!("{unit} was heard of again"),
            (Some(Freed::Defined), Language::Chinese) => format!("{unit} 刚登记或改过"),
            (Some(Freed::Defined), Language::English) => format!("{unit} was defined just then"),
            (None, Language::Chinese) => format!("同时空出的力量中 {unit} 最快"),
            (None, Language::English) => {
                format!("of the units that were free together {unit} was there first")
            }
        }
    }

    fn takes(&self) -> String {
        let issued = &self.grounds.issued;
        if issued.capability.is_desk() {
            return self
                .language
                .of("值班席不出动", "a desk does not travel")
                .to_owned();
        }
        let total = self.ms(issued.travel_ms.saturating_add(issued.turnout_ms));
        let (travel, turnout) = (self.ms(issued.travel_ms), self.ms(issued.turnout_ms));
        match self.language {
            Language::Chinese => format!("{total} (行驶 {travel}, 出动 {turnout})"),
            Language::English => format!("{total} ({travel} on the way, {turnout} to turn out)"),
        }
    }

    /// What was journalled and what the formula gives must be one; where they are not, that is said.
    fn check(&self) -> Option<String> {
        let chosen = self.grounds.chosen()?;
        let issued = &self.grounds.issued;
        let same = (chosen.travel_ms, chosen.turnout_ms) == (issued.travel_ms, issued.turnout_ms);
        let formula = self.ms(chosen.total_ms());
        (!same).then(|| match self.language {
            Language::Chinese => format!("注意: 按公式重算是 {formula}, 与日志所记不同; 请用 liandong journal verify 查验日志。"),
            Language::English => format!(
                "Note: the formula gives {formula}, not what the journal says; prove it with liandong journal verify."
            ),
        })
    }

    fn asked(&self) -> Option<String> {
        if self.grounds.asked.is_empty() {
            return None;
        }
        let one = |asked: &Asked| {
            let state = self.language.call(asked.state);
            match self.language {
                Language::Chinese => format!("{} (指令单 {}, {state})", asked.name, asked.order),
                Language::English => format!("{} (order {}, {state})", asked.name, asked.order),
            }
        };
        let list: Vec<String> = self.grounds.asked.iter().map(one).collect();
        Some(match self.language {
            Language::Chinese => format!("这一轮先问过: {}。", list.join(", ")),
            Language::English => format!("Asked before in this round: {}.", list.join(", ")),
        })
    }

    fn nearer(&self, lines: &mut Vec<String>) {
        let nearer: Vec<&Candidate> = self
            .grounds
            .candidates
            .iter()
            .take_while(|candidate| candidate.standing != Standing::Chosen)
            .collect();
        lines.push(String::new());
        if nearer.is_empty() {
            let none = if self.grounds.issued.capability.is_desk() {
                self.language.of("没有更闲的值班席。", "No desk had fewer.")
            } else {
                self.language.of("没有更快的力量。", "Nobody was nearer.")
            };
            return lines.push(none.to_owned());
        }
        lines.push(
            self.language
                .of(
                    "更快或同样快, 却没有派的:",
                    "Who was nearer, or as near, and why not:",
                )
                .to_owned(),
        );
        self.table(nearer.iter().copied().take(NEARER_NAMED), lines);
        let more = nearer.len().saturating_sub(NEARER_NAMED);
        if more > 0 {
            lines.push(match self.language {
                Language::Chinese => format!("  另有 {more} 个, 见 --json"),
                Language::English => format!("  and {more} more; --json names them"),
            });
        }
    }

    fn farther(&self, lines: &mut Vec<String>) {
        let farther: Vec<&Candidate> = self
            .grounds
            .candidates
            .iter()
            .filter(|candidate| candidate.standing == Standing::Farther)
            .collect();
        lines.push(String::new());
        if farther.is_empty() {
            let none = self
                .language
                .of("没有别的力量可派。", "Nobody else could be sent.");
            return lines.push(none.to_owned());
        }
        lines.push(
            self.language
                .of("再往后可派的:", "Who could have been sent next:")
                .to_owned(),
        );
        self.table(farther.into_iter(), lines);
    }

    fn table<'a>(&self, candidates: impl Iterator<Item = &'a Candidate>, lines: &mut Vec<String>) {
        let head = self.language.of(
            ["力量", "时间", "行驶", "出动", "直线公里", "说明"],
            ["unit", "time", "way", "turnout", "km straight", "why"],
        );
        let mut table = Columns::new(&[
            (head[0], Align::Left),
            (head[1], Align::Right),
            (head[2], Align::Right),
            (head[3], Align::Right),
            (head[4], Align::Right),
            (head[5], Align::Left),
        ]);
        for candidate in candidates {
            table.row([
                candidate.name.to_string(),
                self.ms(candidate.total_ms()),
                self.ms(candidate.travel_ms),
                self.ms(candidate.turnout_ms),
                format!("{:.1}", f64::from(candidate.distance_dm) / 10_000.0),
                self.standing(candidate),
            ]);
        }
        let indented = table.lines().into_iter().map(|line| format!("  {line}"));
        lines.extend(indented);
    }

    fn standing(&self, candidate: &Candidate) -> String {
        match self.language {
            Language::Chinese => self.standing_zh(candidate),
            Language::English => self.standing_en(candidate),
        }
    }

    fn standing_zh(&self, candidate: &Candidate) -> String {
        let desk = self.grounds.issued.capability.is_desk();
        match candidate.standing {
            Standing::Chosen => "派它去".into(),
            Standing::Declined { order } => format!("本轮已拒绝 (指令单 {order})"),
            Standing::Relieved { order } => format!("本轮已由人改派 (指令单 {order})"),
            Standing::Busy {
                order,
                incident,
                state,
                since,
            } => format!(
                "在办指令单 {order} (警情 {incident}, {}, 自 {})",
                self.language.call(state),
                self.clock(since)
            ),
            Standing::Off => "停勤".into(),
            Standing::Unstaffed => "值班表上无人".into(),
            Standing::Understrength { strength, least } => {
                format!("人数不足: {strength} 人, 至少 {least} 人")
            }
            Standing::Silent => "失联: 上次指令单逐级催办到底也无人签收".into(),
            Standing::Stale { position_at } => {
                format!(
                    "巡逻中位置不明: 自 {} 起没有报过位置",
                    self.clock(position_at)
                )
            }
            Standing::CutOff => "可派, 但没有路通到那里".into(),
            Standing::Free if self.is_by_hand() => "可派; 由人选了别的".into(),
            Standing::Free => "可派; 日志没有说为什么没派".into(),
            Standing::Spared => format!("可派, 但按预案多算: {}", self.added(candidate.surcharge)),
            Standing::Farther if desk => format!("可用, 手上 {} 张", candidate.open_orders),
            Standing::Farther if self.is_as_near(candidate) => "可派, 同样快, 登记在后".into(),
            Standing::Farther => "可派, 更慢".into(),
        }
    }

    fn standing_en(&self, candidate: &Candidate) -> String {
        let desk = self.grounds.issued.capability.is_desk();
        match candidate.standing {
            Standing::Chosen => "sent".into(),
            Standing::Declined { order } => format!("had declined in this round (order {order})"),
            Standing::Relieved { order } => {
                format!("a person had taken this need from it in this round (order {order})")
            }
            Standing::Busy {
                order,
                incident,
                state,
                since,
            } => format!(
                "busy with order {order} (incident {incident}, {}, since {})",
                self.language.call(state),
                self.clock(since)
            ),
            Standing::Off => "off duty".into(),
            Standing::Unstaffed => "nobody on its roster".into(),
            Standing::Understrength { strength, least } => {
                format!("too few people: {strength}, at least {least}")
            }
            Standing::Silent => {
                "silent: nobody answered its last order up to the duty leader".into()
            }
            Standing::Stale { position_at } => format!(
                "on patrol, nobody knows where: its last position is of {}",
                self.clock(position_at)
            ),
            Standing::CutOff => "free, but no way led there by the road".into(),
            Standing::Free if self.is_by_hand() => "free; a person chose another".into(),
            Standing::Free => "free; the journal does not say why it was passed over".into(),
            Standing::Spared => format!(
                "free, but by the plan reckoned later: {}",
                self.added(candidate.surcharge)
            ),
            Standing::Farther if desk => {
                format!("free, with {} open orders", candidate.open_orders)
            }
            Standing::Farther if self.is_as_near(candidate) => {
                "free, as near, defined later".into()
            }
            Standing::Farther => "free, later there".into(),
        }
    }

    fn is_as_near(&self, candidate: &Candidate) -> bool {
        let chosen = self.grounds.chosen().map(Candidate::total_ms);
        chosen == Some(candidate.total_ms())
    }

    fn is_by_hand(&self) -> bool {
        self.grounds.issued.choice == Choice::Person
    }

    /// Whether anybody's time was that of a road.
    fn is_by_road(&self) -> bool {
        self.grounds
            .candidates
            .iter()
            .any(|candidate| candidate.by_road)
    }

    fn formula(&self) -> String {
        let factor = f64::from(self.grounds.detour_permille) / 1_000.0;
        let (plan, city) = (self.grounds.plan, self.grounds.city);
        let how = match (self.grounds.issued.capability.is_desk(), self.language) {
            (true, Language::Chinese) => {
                "值班席按手上的指令单数目挑选, 相同的取先登记的。".to_owned()
            }
            (true, Language::English) => {
                "A desk is chosen by its open orders; of equal ones the first defined.".to_owned()
            }
            (false, Language::Chinese) if self.is_by_road() => format!(
                "时间 = 路网行车时间 + 出动时间, 全用整数; 离路 500 米以上的按直线距离 × {factor} ÷ 速度; 相同的取先登记的。"
            ),
            (false, Language::English) if self.is_by_road() => format!(
                "Time = the quickest way by road + turnout, in whole numbers; more than 500 m from every road: straight distance × {factor} ÷ speed; of equal ones the first defined."
            ),
            (false, Language::Chinese) => format!(
                "时间 = 直线距离 × {factor} ÷ 速度 + 出动时间, 全用整数, 不查路况; 相同的取先登记的。"
            ),
            (false, Language::English) => format!(
                "Time = straight distance × {factor} ÷ speed + turnout, in whole numbers, without traffic; of equal ones the first defined."
            ),
        };
        let names = self.language.of(
            ["预案", "辖区", "路网", "路况"],
            ["Plan", "City", "Roads", "Held on them"],
        );
        let roads = self.grounds.roads.filter(|_| self.is_by_road());
        let bulletin = self.grounds.bulletin.filter(|_| self.is_by_road());
        let line = |name: &str, hash: Option<ObjectHash>| {
            hash.map_or_else(String::new, |hash| format!("\n{name} {hash}"))
        };
        let made_by = match self.grounds.attribution.as_str() {
            made_by if roads.is_some() && !made_by.is_empty() => format!(", {made_by}"),
            _ => String::new(),
        };
        let roads = line(names[2], roads) + &made_by + &line(names[3], bulletin);
        format!("{how}\n{} {plan}\n{} {city}{roads}", names[0], names[1])
    }

    fn clock(&self, at: Moment) -> String {
        if self.local.day(at) == self.local.day(self.grounds.at) {
            self.local.clock(at)
        } else {
            self.local.day_and_minute(at)
        }
    }

    fn span(&self, span: Span) -> String {
        duration(span, self.language)
    }

    /// Rounded up to the second, as in the decision.
    fn ms(&self, ms: u32) -> String {
        self.span(Span(i64::from(whole_seconds(ms)) * 1_000))
    }
}

/// A duration for people, to the second.
pub fn duration(span: Span, language: Language) -> String {
    let seconds = span.0.max(0) / 1_000;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match (language, hours, minutes) {
        (Language::Chinese, 0, 0) => format!("{seconds}秒"),
        (Language::Chinese, 0, _) => format!("{minutes}分{seconds:02}秒"),
        (Language::Chinese, ..) => format!("{hours}小时{minutes:02}分"),
        (Language::English, 0, 0) => format!("{seconds} s"),
        (Language::English, 0, _) => format!("{minutes} min {seconds:02} s"),
        (Language::English, ..) => format!("{hours} h {minutes:02} min"),
    }
}
