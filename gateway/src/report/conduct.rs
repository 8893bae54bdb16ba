//! How major incidents were conducted on a day: levels, reports from the scene and upward, as tables and CSV (H6, C9).

use super::DayReport;
use crate::columns::{Align, Columns};
use crate::explain::duration;
use crate::language::Language;
use engine::major::{Level, UpwardStage};
use engine::moment::Span;
use engine::view::{Counters, UpwardFigures};

/// The delay of those that came, on average; `None` when none did.
fn mean(figures: &UpwardFigures) -> Option<Span> {
    let mean = figures.delay_ms_sum.checked_div(figures.given)?;
    i64::try_from(mean).ok().map(Span)
}

fn figures(counters: &Counters, stage: UpwardStage) -> UpwardFigures {
    counters.upward.get(&stage).copied().unwrap_or_default()
}

impl DayReport {
    /// The tables; nothing on a day without a major incident.
    pub(super) fn conduct(&self, language: Language, lines: &mut Vec<String>) {
        let counters = &self.conduct;
        let owed = |stage| figures(counters, stage).given + figures(counters, stage).never;
        let told: u64 = UpwardStage::ALL.iter().map(|&stage| owed(stage)).sum();
        let missing = counters.situations_missing();
        if counters.levels.is_empty() && told + missing + counters.situations == 0 {
            return;
        }
        let levels = Level::ALL.iter().rev();
        let levels = levels.filter_map(|level| Some((level, counters.levels.get(level)?)));
        let levels: Vec<String> = levels
            .map(|(&level, count)| match language {
                Language::Chinese => format!("{} {count}", language.call(level)),
                Language::English => format!("{} {count}", level.code()),
            })
            .collect();
        let came = counters.situations;
        let raised = match levels.join(language.of("、", ", ")) {
            none if none.is_empty() => language.of("无升级", "none was raised").to_owned(),
            levels => format!("{} {levels}", language.of("升级", "raised to")),
        };
        lines.push(match language {
            Language::Chinese => {
                format!("重大警情: {raised}; 现场续报 已报 {came}, 缺 {missing}")
            }
            Language::English => format!(
                "Major incidents: {raised}; situation reports: {came} came, {missing} missing"
            ),
        });
        if told > 0 {
            lines.extend(self.upward_table(language));
        }
        lines.push(String::new());
    }

    fn upward_table(&self, language: Language) -> Vec<String> {
        let head = language.of(
            [
                "向上报告",
                "已报",
                "逾时",
                "缺项",
                "缺要素",
                "未报",
                "平均用时",
                "最长",
            ],
            [
                "upward",
                "given",
                "late",
                "incomplete",
                "fields missing",
                "never",
                "mean delay",
                "longest",
            ],
        );
        let mut columns: Vec<_> = head.iter().map(|&name| (name, Align::Right)).collect();
        columns[0].1 = Align::Left;
        let mut table = Columns::new(&columns);
        for &stage in UpwardStage::ALL {
            let figures = figures(&self.conduct, stage);
            let longest = i64::try_from(figures.delay_ms_max).map_or(Span::ZERO, Span);
            let (mean, longest) = match mean(&figures) {
                Some(mean) => (duration(mean, language), duration(longest, language)),
                None => ("-".to_owned(), "-".to_owned()),
            };
            table.row([
                language.call(stage),
                figures.given.to_string(),
                figures.late.to_string(),
                figures.incomplete.to_string(),
                figures.fields_missing.to_string(),
                figures.never.to_string(),
                mean,
                longest,
            ]);
        }
        table.lines()
    }

    /// The same for programs: table, key, figure, value.
    pub(super) fn conduct_rows(&self) -> Vec<[String; 4]> {
        let counters = &self.conduct;
        let row = |table: &str, key: &str, figure: &str, value: u64| {
            [table.into(), key.into(), figure.into(), value.to_string()]
        };
        let mut rows = Vec::new();
        for &level in Level::ALL {
            let count = counters.levels.get(&level).copied().unwrap_or(0);
            rows.push(row("levels", level.code(), "raised", count));
        }
        rows.push(row(
            "situation_reports",
            "all",
            "given",
            counters.situations,
        ));
        let missing = counters.situations_missing();
        rows.push(row("situation_reports", "all", "missing", missing));
        for &stage in UpwardStage::ALL {
            let figures = figures(counters, stage);
            for (figure, value) in [
                ("given", figures.given),
                ("late", figures.late),
                ("incomplete", figures.incomplete),
                ("fields_missing", figures.fields_missing),
                ("never", figures.never),
                ("delay_ms_sum", figures.delay_ms_sum),
                ("delay_ms_max", figures.delay_ms_max),
            ] {
                rows.push(row("upward", stage.code(), figure, value));
            }
        }
        rows.push(row("follow_ups", "all", "named", counters.follow_ups));
        rows
    }
}
