//! A day's figures as tables for people and as CSV for programs.
//!
//! Tables line up though Chinese is double width. The CSV is long: one figure a row, so that a figure that is added later
//! breaks nobody's reading.

use super::{DayReport, OrderFigures, Owed};
use crate::board::WIDTH;
use crate::columns::{Align, Columns, wrapped};
use crate::explain::duration;
use crate::language::{Language, Term};
use engine::call::Outcome;
use engine::kind::{Agency, Nature};

/// What each figure of [`Owed::ALL`] is called in CSV.
const OWED_CODES: [&str; 4] = ["acknowledged", "set_off", "arrived", "fed_back"];

impl DayReport {
    /// The tables; `by_unit` adds one of units.
    pub fn table(&self, language: Language, by_unit: bool) -> String {
        let mut lines = self.warning(language);
        lines.extend([self.title(language), self.reach(language), String::new()]);
        if self.is_empty() {
            lines.push(
                language
                    .of(
                        "这一天没有报警, 也没有指令单。",
                        "No call and no order on this day.",
                    )
                    .to_owned(),
            );
        } else {
            self.calls(language, &mut lines);
            self.orders(language, by_unit, &mut lines);
        }
        self.conduct(language, &mut lines);
        self.open_ledger(language, &mut lines);
        lines.extend(self.warning(language));
        lines.join("\n") + "\n"
    }

    fn title(&self, language: Language) -> String {
        match language {
            Language::Chinese => format!("{} 值班报表", self.day),
            Language::English => format!("Shift report for {}", self.day),
        }
    }

    /// What is missing, aloud; nothing where the journal is whole.
    fn warning(&self, language: Language) -> Vec<String> {
        let Some(damage) = &self.damage else {
            return Vec::new();
        };
        let (last, to) = (self.ends.0, self.local.full(self.ends.1));
        let text = match language {
            Language::Chinese => {
                format!("!! 本报表不全! 日志在记录 {last} 之后读不出, 只统计到 {to}: {damage}")
            }
            Language::English => format!(
                "!! THIS REPORT IS NOT WHOLE! The journal cannot be read beyond record {last}, and the figures end at {to}: {damage}"
            ),
        };
        let rule = "!".repeat(WIDTH);
        let mut lines = vec![rule.clone()];
        lines.extend(wrapped(&text, WIDTH, 3));
        lines.push(rule);
        lines
    }

    fn reach(&self, language: Language) -> String {
        let (from, to) = (self.local.full(self.begins), self.local.full(self.ends.1));
        let last = self.ends.0;
        match language {
            Language::Chinese => format!("日志从 {from} 到 {to} (记录 {last})"),
            Language::English => format!("The journal reaches from {from} to {to} (record {last})"),
        }
    }

    fn calls(&self, language: Language, lines: &mut Vec<String>) {
        lines.push(
            language
                .of("报警 (按线路和性质)", "Calls by line and nature")
                .to_owned(),
        );
        let names: Vec<String> = Nature::ALL
            .iter()
            .map(|&nature| language.call(nature))
            .collect();
        let fixed = language.of(
            ["线路", "合计", "有效", "有效率"],
            ["line", "all", "valid", "share"],
        );
        let mut head = vec![(fixed[0], Align::Left)];
        head.extend(names.iter().map(|name| (name.as_str(), Align::Right)));
        head.extend(fixed[1..].iter().map(|&name| (name, Align::Right)));
        let mut table = Columns::new(&head);
        let mut sums = super::LineFigures::default();
        for (line, figures) in &self.lines {
            table.row(call_row(line.to_string(), figures));
            for (&nature, &count) in &figures.by_nature {
                *sums.by_nature.entry(nature).or_default() += count;
            }
        }
        table.row(call_row(language.of("合计", "all").to_owned(), &sums));
        lines.extend(table.lines());
        let outcome = |outcome| self.outcomes.get(&outcome).copied().unwrap_or(0);
        let (ordered, merged) = (outcome(Outcome::Ordered), outcome(Outcome::Merged));
        let (desk, human) = (outcome(Outcome::WorkOrder), outcome(Outcome::Human));
        let (waiting, forwarded) = (outcome(Outcome::Waiting), outcome(Outcome::Forwarded));
        let (refused, repeated) = (self.refused, self.repeated);
        lines.push(match language {
            Language::Chinese => format!(
                "派出 {ordered}, 合并 {merged}, 工单 {desk}, 转人工 {human}, 候派 {waiting}, 转接 {forwarded}; 拒收 {refused}, 重发 {repeated}"
            ),
            Language::English => format!(
                "ordered {ordered}, merged {merged}, work orders {desk}, to a person {human}, waiting {waiting}, forwarded {forwarded}; refused {refused}, sent again {repeated}"
            ),
        });
        lines.push(String::new());
    }

    fn orders(&self, language: Language, by_unit: bool, lines: &mut Vec<String>) {
        let legend = language.of(
            "指令单 (按部门; 准时/逾时/缺, 未到期的不计)",
            "Orders by agency (in time/late/missing; what is not due yet is left out)",
        );
        lines.push(legend.to_owned());
        let agencies = self.agencies.iter();
        let rows = agencies.map(|(&agency, figures)| (vec![language.call(agency)], figures));
        let head = [language.of("部门", "agency")];
        lines.extend(order_table(&head, rows, language));
        lines.push(String::new());
        if by_unit {
            lines.push(language.of("指令单 (按力量)", "Orders by unit").to_owned());
            let head = [language.of("力量", "unit"), language.of("部门", "agency")];
            let units = self.units.iter();
            let rows = units.map(|(name, (agency, figures))| {
                (vec![name.clone(), language.call(*agency)], figures)
            });
            lines.extend(order_table(&head, rows, language));
            lines.push(String::new());
        }
    }

    fn open_ledger(&self, language: Language, lines: &mut Vec<String>) {
        if self.ledger.is_empty() {
            let none = language.of("督办台账: 没有未结的。", "Ledger: nothing is owed.");
            return lines.push(none.to_owned());
        }
        let (open, at) = (self.ledger.len(), self.local.full(self.owed_until));
        lines.push(match language {
            Language::Chinese => format!("督办台账: 未结 {open} 条, 截至 {at}"),
            Language::English => format!("Ledger: {open} entries are open, as of {at}"),
        });
        let head = language.of(
            ["指令单/警情", "力量", "部门", "事项", "应于", "已欠"],
            [
                "order/incident",
                "unit",
                "agency",
                "matter",
                "due",
                "owed for",
            ],
        );
        let mut columns: Vec<_> = head.iter().map(|&name| (name, Align::Left)).collect();
        columns[5].1 = Align::Right;
        let mut table = Columns::new(&columns);
        for entry in &self.ledger {
            table.row([
                entry.named(),
                entry.unit.clone(),
                entry
                    .agency
                    .map_or("-".into(), |agency| language.call(agency)),
                language.call(entry.matter),
                self.local.day_and_minute(entry.due),
                duration(self.owed_for(entry), language),
            ]);
        }
        lines.extend(table.lines());
    }

    /// The figures as CSV with the head `day,table,key,figure,value`. Times are RFC 3339, durations whole seconds.
    pub fn csv(&self) -> Result<String, csv::Error> {
        let mut out = csv::Writer::from_writer(Vec::new());
        let day = self.day.to_string();
        out.write_record(["day", "table", "key", "figure", "value"])?;
        let mut row = |table: &str, key: &str, figure: &str, value: String| {
            out.write_record([day.as_str(), table, key, figure, value.as_str()])
        };
        if let Some(damage) = &self.damage {
            row(
                "journal",
                &self.ends.0.to_string(),
                "damaged_after",
                damage.clone(),
            )?;
        }
        for (line, figures) in &self.lines {
            for &nature in Nature::ALL {
                let count = figures.by_nature.get(&nature).copied().unwrap_or(0);
                row("calls", &line.to_string(), nature.code(), count.to_string())?;
            }
            row(
                "calls",
                &line.to_string(),
                "all",
                figures.total().to_string(),
            )?;
            row(
                "calls",
                &line.to_string(),
                "valid",
                figures.valid().to_string(),
            )?;
        }
        for &outcome in Outcome::ALL {
            let count = self.outcomes.get(&outcome).copied().unwrap_or(0);
            row("outcomes", outcome.code(), "calls", count.to_string())?;
        }
        row("outcomes", "refused", "calls", self.refused.to_string())?;
        row("outcomes", "repeated", "calls", self.repeated.to_string())?;
        for (agency, figures) in &self.agencies {
            order_figures(figures, |figure, value| {
                row("agencies", agency.code_of(), figure, value)
            })?;
        }
        for (name, (_, figures)) in &self.units {
            order_figures(figures, |figure, value| row("units", name, figure, value))?;
        }
        for [table, key, figure, value] in self.conduct_rows() {
            row(&table, &key, &figure, value)?;
        }
        for entry in &self.ledger {
            let key = format!("{} {}", entry.named(), entry.matter.code());
            row("ledger", &key, "unit", entry.unit.clone())?;
            row(
                "ledger",
                &key,
                "agency",
                entry.agency.map_or("", Agency::code).to_owned(),
            )?;
            row("ledger", &key, "due", entry.due.to_string())?;
            let owed = self.owed_for(entry).0 / 1_000;
            row("ledger", &key, "owed_s", owed.to_string())?;
        }
        let bytes = out.into_inner().map_err(|error| error.into_error())?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn order_figures(
    figures: &OrderFigures,
    mut row: impl FnMut(&str, String) -> csv::Result<()>,
) -> csv::Result<()> {
    row("issued", figures.issued.to_string())?;
    row("declined", figures.declined.to_string())?;
    row("reassigned", figures.reassigned.to_string())?;
    row("cancelled", figures.cancelled.to_string())?;
    row("preempted", figures.preempted.to_string())?;
    for owed in Owed::ALL {
        let (code, times) = (OWED_CODES[owed as usize], figures.owed[owed as usize]);
        row(&format!("{code}_in_time"), times.in_time.to_string())?;
        row(&format!("{code}_late"), times.late.to_string())?;
        row(&format!("{code}_missing"), times.missing.to_string())?;
        row(&format!("{code}_running"), times.running.to_string())?;
    }
    Ok(())
}

fn call_row(name: String, figures: &super::LineFigures) -> Vec<String> {
    let mut row = vec![name];
    let of = |nature: &Nature| figures.by_nature.get(nature).copied().unwrap_or(0);
    row.extend(Nature::ALL.iter().map(|nature| of(nature).to_string()));
    row.push(figures.total().to_string());
    row.push(figures.valid().to_string());
    let share = 1_000 * figures.valid() / figures.total().max(1);
    row.push(format!("{}.{} %", share / 10, share % 10));
    row
}

fn order_table<'a>(
    keys: &[&str],
    rows: impl Iterator<Item = (Vec<String>, &'a OrderFigures)>,
    language: Language,
) -> Vec<String> {
    let mut head: Vec<(&str, Align)> = keys.iter().map(|&key| (key, Align::Left)).collect();
    let names = language.of(
        [
            "下达", "签收", "出动", "到场", "反馈", "拒绝", "改派", "撤销", "抢派",
        ],
        [
            "issued",
            "acknowledged",
            "set off",
            "arrived",
            "fed back",
            "declined",
            "reassigned",
            "cancelled",
            "called away",
        ],
    );
    head.extend(names.iter().map(|&name| (name, Align::Right)));
    let mut table = Columns::new(&head);
    for (keys, figures) in rows {
        let owed = |owed: Owed| {
            let times = figures.owed[owed as usize];
            format!("{}/{}/{}", times.in_time, times.late, times.missing)
        };
        let mut row = keys;
        row.push(figures.issued.to_string());
        row.extend(Owed::ALL.iter().map(|&one| owed(one)));
        row.extend(
            [
                figures.declined,
                figures.reassigned,
                figures.cancelled,
                figures.preempted,
            ]
            .map(|count| count.to_string()),
        );
        table.row(row);
    }
    table.lines()
}
