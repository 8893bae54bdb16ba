//! What is drawn of a run: latency by percentile and over time, rates, refusals, what was in flight, clocks, the generator's own lateness.
//!
//! A plot of time has 240 columns at most: where a run has more seconds, rates are means and latencies those of the slowest
//! second of a column. What never happened is told in a line and not drawn.

use super::plot::{HALF, Note, Plot, Scale, Series, Shape, WIDE};
use super::{both, ms};
use crate::report::Judged;
use crate::report::kept::{Kept, Point};
use crate::report::seconds::Second;
use crate::report::text::grouped;

/// Columns of a plot of time.
const COLUMNS_MAX: usize = 240;
/// Points of a line of percentiles further to the right than this many nines are the slowest call.
const NINES_MAX: f64 = 7.0;

/// A class, and what it stands for in both languages.
type Key = (&'static str, &'static str, &'static str);

/// All plots.
pub fn all(kept: &Kept) -> String {
    let columns = columns(&kept.seconds);
    let wall = kept.summary.clock != "driven";
    let mut html = String::from("<div class=\"plots\">\n");
    html.push_str(&by_percentile(kept, wall));
    if columns.is_empty() {
        html.push_str(&told(
            "逐秒数据",
            "Seconds",
            "没有逐秒数据。",
            "This folder has no seconds.csv.",
        ));
    } else {
        html.push_str(&over_time(&columns, wall));
        html.push_str(&rates(&columns, wall));
        html.push_str(&pending(&columns));
        html.push_str(&orders(&columns));
        html.push_str(&lateness(&columns, wall));
        html.push_str(&refusals(&columns));
        html.push_str(&clocks(&columns));
    }
    html.push_str("</div>\n");
    html
}

/// Seconds that share a column.
#[derive(Clone, Copy, Debug, Default)]
struct Column {
    at: f64,
    seconds: f64,
    intended: f64,
    sent: f64,
    answered: f64,
    refused: u64,
    pending: u64,
    orders: u64,
    clocks_missed: u64,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    max_ms: Option<f64>,
    late_ms: f64,
}

fn columns(seconds: &[Second]) -> Vec<Column> {
    // What is left of a second after the last call went out is no second to judge a rate by.
    let is_rest = |last: &Second, whole: f64| {
        last.seconds < whole / 2.0 || (last.sent == 0 && last.seconds < whole)
    };
    let whole = match seconds.split_last() {
        Some((last, before)) if !before.is_empty() && is_rest(last, before[0].seconds) => {
            (before, Some(last))
        }
        Some(_) | None => (seconds, None),
    };
    let each = whole.0.len().div_ceil(COLUMNS_MAX).max(1);
    let mut columns: Vec<Column> = whole.0.chunks(each).map(column).collect();
    if let (Some(last), Some(rest)) = (columns.last_mut(), whole.1) {
        // Its figures are not lost.
        last.refused += rest.refused;
        last.orders += rest.orders;
        last.clocks_missed += rest.clocks_missed;
        last.pending = rest.pending;
        last.p99_ms = greater(last.p99_ms, rest.p99_ms);
        last.max_ms = greater(last.max_ms, rest.max_ms);
    }
    columns
}

fn greater(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    one.into_iter().chain(other).reduce(f64::max)
}

fn column(seconds: &[Second]) -> Column {
    let lasting: f64 = seconds.iter().map(|second| second.seconds).sum();
    let sum = |of: fn(&Second) -> u64| seconds.iter().map(of).sum::<u64>();
    let rate = |of| sum(of) as f64 / lasting.max(1e-9);
    let slowest = |of: fn(&Second) -> Option<f64>| seconds.iter().filter_map(of).reduce(f64::max);
    Column {
        at: seconds.first().map_or(0.0, |second| second.second as f64),
        seconds: lasting,
        intended: rate(|second| second.intended),
        sent: rate(|second| second.sent),
        answered: rate(|second| second.answered),
        refused: sum(|second| second.refused),
        pending: seconds
            .iter()
            .map(|second| second.pending)
            .max()
            .unwrap_or(0),
        orders: sum(|second| second.orders),
        clocks_missed: sum(|second| second.clocks_missed),
        p50_ms: slowest(|second| second.p50_ms),
        p99_ms: slowest(|second| second.p99_ms),
        max_ms: slowest(|second| second.max_ms),
        late_ms: slowest(|second| Some(second.late_max_ms)).unwrap_or(0.0),
    }
}

/// A plot with its heading, its legend and a sentence.
fn figure(class: &str, heading: String, keys: &[Key], plot: &Plot, says: String) -> String {
    let keys: String = keys
        .iter()
        .map(|(class, chinese, english)| {
            let sample = if class.ends_with("bars") {
                "<rect x=\"9\" y=\"1\" width=\"14\" height=\"10\" "
            } else {
                "<path d=\"M1 6H31\" "
            };
            format!(
                "<li><svg viewBox=\"0 0 32 12\" aria-hidden=\"true\">{sample}class=\"{class}\"/></svg>{}</li>",
                both(chinese, english)
            )
        })
        .collect();
    format!(
        "<figure class=\"{class}\"><h2>{heading}</h2><ul class=\"legend\">{keys}</ul>\
         <div class=\"canvas\">{}</div><p>{says}</p></figure>\n",
        plot.svg()
    )
}

/// A plot that would be empty.
fn told(chinese: &str, english: &str, says_chinese: &str, says: &str) -> String {
    format!(
        "<figure><h2>{}</h2><p>{}</p></figure>\n",
        both(chinese, english),
        both(says_chinese, says)
    )
}

/// `90 %`, `99.9 %`; a one with all nines is written with them.
fn percent(quantile: f64) -> String {
    let percent = quantile * 100.0;
    let text = format!("{percent:.6}");
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

fn milliseconds(value: f64) -> String {
    if value == 0.0 {
        "0".into()
    } else if value >= 10_000.0 {
        format!("{} s", value / 1_000.0)
    } else {
        let text = format!("{value:.3}");
        format!("{} ms", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

fn count(value: f64) -> String {
    if value.fract().abs() < 1e-6 {
        grouped(value.round() as u64)
    } else {
        format!("{value:.1}")
    }
}

fn time(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    if (seconds - whole as f64).abs() > 1e-6 {
        format!("{seconds:.1} s")
    } else if whole >= 120 {
        format!("{}:{:02}", whole / 60, whole % 60)
    } else {
        format!("{whole} s")
    }
}

fn line(class: &'static str, points: &[Point]) -> Series {
    Series {
        class,
        shape: Shape::Line,
        points: points
            .iter()
            .map(|point| (point.percentile / 100.0, Some(point.latency_ms)))
            .collect(),
    }
}

fn by_percentile(kept: &Kept, wall: bool) -> String {
    let heading = both("延迟分布", "Latency by percentile");
    let Some(last) = kept.latency.last() else {
        return told(
            "延迟分布",
            "Latency by percentile",
            "没有答复。",
            "Nothing was answered.",
        );
    };
    let nines = (last.count as f64).log10().clamp(1.0, NINES_MAX);
    let mut series = vec![
        line("quiet", &kept.uncorrected),
        line("blue", &kept.latency),
    ];
    let mut keys: Vec<Key> = vec![
        ("blue", "自预定时刻", "from the intended time"),
        ("quiet", "自实际发出", "from the actual time (service)"),
    ];
    if !wall {
        series.remove(0);
        keys = vec![("blue", "中心答复", "until the centre answered")];
    }
    if kept.summary.lateness.count > 0 {
        series.insert(0, line("amber", &kept.lateness));
        keys.push(("amber", "压测端迟发", "sent late by the generator"));
    }
    let gates = kept.summary.objectives.iter().filter_map(gate);
    for (nth, (quantile, limit)) in gates.enumerate() {
        series.push(Series {
            class: "limit",
            shape: Shape::Line,
            points: vec![
                (0.0, Some(limit)),
                (quantile, Some(limit)),
                (quantile, Some(0.0)),
            ],
        });
        if nth == 0 {
            keys.push(("limit", "目标", "objective"));
        }
    }
    let values = kept.latency.iter().map(|point| point.latency_ms);
    let least = values
        .clone()
        .filter(|value| *value > 0.0)
        .fold(f64::MAX, f64::min);
    let most = values.fold(last.latency_ms, f64::max);
    let upward = Scale::fitting(least, most);
    let plot = Plot {
        label: format!(
            "Latency by percentile: p50 {} ms, p99 {} ms, slowest {} ms",
            ms(kept.summary.latency.p50_ms),
            ms(kept.summary.latency.p99_ms),
            ms(kept.summary.latency.max_ms)
        ),
        width: WIDE,
        across: Scale::Nines { max: nines },
        upward,
        name_across: percent,
        name_upward: milliseconds,
        end: 1.0,
        series,
        notes: Vec::new(),
    };
    let scale = match upward {
        Scale::Logarithmic { .. } => both("纵轴为对数。", "Logarithmic upward."),
        Scale::Linear { .. } | Scale::Nines { .. } => String::new(),
    };
    let says = if wall {
        both(
            "横轴每一格多一个 9。",
            "Each step to the right is one nine more. A call that had to wait for a slow centre counts from when it was to go out.",
        )
    } else {
        both(
            "驱动时钟：逐一发送，每次报警等待答复后再发下一次。",
            "On a driven clock calls go out one after the other, so this is how long the centre took for each, not how it bears load.",
        )
    };
    figure("wide", heading, &keys, &plot, format!("{says} {scale}"))
}

/// An objective of the form `p99<10ms`: the quantile and its limit in milliseconds.
fn gate(judged: &Judged) -> Option<(f64, f64)> {
    let text: String = judged
        .objective
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .collect();
    let (percentile, limit) = text.strip_prefix('p')?.split_once('<')?;
    let limit = limit.trim_start_matches('=');
    let digits = limit.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let factor = match &limit[digits.len()..] {
        "us" => 0.001,
        "ms" => 1.0,
        "s" => 1_000.0,
        _ => return None,
    };
    let percentile: f64 = percentile.parse().ok()?;
    let known = (0.0..100.0).contains(&percentile);
    known.then_some((percentile / 100.0, digits.parse::<f64>().ok()? * factor))
}

/// A plot over the time of the run.
fn timed(
    label: &str,
    columns: &[Column],
    upward: Scale,
    name_upward: fn(f64) -> String,
    series: Vec<Series>,
    note: impl Fn(&Column) -> String,
) -> Plot {
    let end = columns.last().map_or(1.0, |last| last.at + last.seconds);
    let notes = columns.iter().map(|column| Note {
        from: column.at,
        to: column.at + column.seconds,
        text: format!("{} · {}", time(column.at), note(column)),
    });
    Plot {
        label: label.to_string(),
        width: HALF,
        across: Scale::Linear { max: end },
        upward,
        name_across: time,
        name_upward,
        end,
        series,
        notes: notes.collect(),
    }
}

fn of(
    class: &'static str,
    shape: Shape,
    columns: &[Column],
    value: fn(&Column) -> Option<f64>,
) -> Series {
    Series {
        class,
        shape,
        points: columns
            .iter()
            .map(|column| (column.at, value(column)))
            .collect(),
    }
}

fn most(columns: &[Column], value: fn(&Column) -> f64) -> f64 {
    columns.iter().map(value).fold(0.0, f64::max)
}

/// How much of the run a column is, where it is more than a second.
fn breadth(columns: &[Column]) -> String {
    let Some(first) = columns.first().filter(|first| first.seconds > 1.5) else {
        return String::new();
    };
    let seconds = first.seconds.round();
    both(
        &format!("每列 {seconds} 秒，取最慢的一秒。"),
        &format!("A column is {seconds} s; latencies are those of its slowest second."),
    )
}

fn over_time(columns: &[Column], wall: bool) -> String {
    let least = columns.iter().filter_map(|column| column.p50_ms);
    let least = least.filter(|value| *value > 0.0).fold(f64::MAX, f64::min);
    let slowest = most(columns, |column| column.max_ms.unwrap_or(0.0));
    let mut plot = timed(
        "Latency over time",
        columns,
        Scale::fitting(least, slowest),
        milliseconds,
        vec![
            of("amber", Shape::Step, columns, |column| column.max_ms),
            of("blue", Shape::Step, columns, |column| column.p99_ms),
            of("green", Shape::Step, columns, |column| column.p50_ms),
        ],
        |column| {
            let told = |value: Option<f64>| value.map_or_else(|| "–".into(), ms);
            format!(
                "p50 {} · p99 {} · max {} ms",
                told(column.p50_ms),
                told(column.p99_ms),
                told(column.max_ms)
            )
        },
    );
    plot.width = WIDE;
    let says = if wall {
        both(
            "按答复所在的秒统计。",
            "Each answer counts in the second in which it came.",
        )
    } else {
        both(
            "横轴为实际时间。",
            "Seconds of the wall, in which centre time passes faster.",
        )
    };
    figure(
        "wide",
        both("延迟随时间", "Latency over time"),
        &[
            ("green", "中位数", "p50"),
            ("blue", "p99", "99 in 100"),
            ("amber", "最慢", "slowest"),
        ],
        &plot,
        format!("{says} {}", breadth(columns)),
    )
}

fn rates(columns: &[Column], wall: bool) -> String {
    let top = most(columns, |column| {
        column.intended.max(column.sent).max(column.answered)
    });
    let plot = timed(
        "Calls a second: intended, sent, answered",
        columns,
        Scale::linear(top),
        count,
        vec![
            of("green", Shape::Step, columns, |column| {
                Some(column.answered)
            }),
            of("blue", Shape::Step, columns, |column| Some(column.sent)),
            of("quiet", Shape::Step, columns, |column| {
                Some(column.intended)
            }),
        ],
        |column| {
            format!(
                "intended {:.1} · sent {:.1} · answered {:.1} /s",
                column.intended, column.sent, column.answered
            )
        },
    );
    let says = if wall {
        both(
            "预定与发出重合，压测端即跟得上。",
            "Where intended and sent are one line, the generator kept up.",
        )
    } else {
        both(
            "预定：按倍速应发出之时。",
            "Intended: when the pace of the driven clock had them go out.",
        )
    };
    figure(
        "",
        both("速率", "Rate, calls a second"),
        &[
            ("quiet", "预定", "intended"),
            ("blue", "发出", "sent"),
            ("green", "答复", "answered"),
        ],
        &plot,
        says,
    )
}

fn pending(columns: &[Column]) -> String {
    let plot = timed(
        "Calls in flight",
        columns,
        Scale::linear(most(columns, |column| column.pending as f64).max(1.0)),
        count,
        vec![of("blue-bars", Shape::Bars, columns, |column| {
            Some(column.pending as f64)
        })],
        |column| format!("{} in flight", grouped(column.pending)),
    );
    figure(
        "",
        both("在途", "In flight"),
        &[(
            "blue-bars",
            "已发未答",
            "sent and not answered at the second's end",
        )],
        &plot,
        both(
            "一直增长即中心跟不上。",
            "Where it only grows, the centre did not keep up.",
        ),
    )
}

/// Bars of something that is better not there.
fn bars(
    heading: (&str, &str),
    none: (&str, &str),
    key: Key,
    columns: &[Column],
    value: fn(&Column) -> f64,
    name: fn(f64) -> String,
    says: String,
) -> String {
    let top = most(columns, value);
    if top == 0.0 {
        return told(heading.0, heading.1, none.0, none.1);
    }
    let series = Series {
        class: key.0,
        shape: Shape::Bars,
        points: columns
            .iter()
            .map(|column| (column.at, Some(value(column))))
            .collect(),
    };
    let plot = timed(
        heading.1,
        columns,
        Scale::linear(top),
        name,
        vec![series],
        |column| name(value(column)),
    );
    figure("", both(heading.0, heading.1), &[key], &plot, says)
}

fn orders(columns: &[Column]) -> String {
    bars(
        ("指令", "Orders"),
        ("没有下达指令。", "Nobody was ordered, as far as was heard."),
        ("blue-bars", "每列下达数", "told to units, each column"),
        columns,
        |column| column.orders as f64,
        count,
        breadth(columns),
    )
}

fn refusals(columns: &[Column]) -> String {
    bars(
        ("拒绝", "Refused"),
        ("没有一次报警被拒绝。", "No call was refused."),
        ("red-bars", "每列拒绝数", "refused aloud, each column"),
        columns,
        |column| column.refused as f64,
        count,
        breadth(columns),
    )
}

fn clocks(columns: &[Column]) -> String {
    bars(
        ("时限逾期", "Clocks missed"),
        ("没有时限逾期。", "No clock ran out, as far as was heard."),
        ("red-bars", "每列逾期数", "ran out, each column"),
        columns,
        |column| column.clocks_missed as f64,
        count,
        breadth(columns),
    )
}

fn lateness(columns: &[Column], wall: bool) -> String {
    let says = if wall {
        both(
            "压测端自身的延误，已计入自预定时刻的延迟。",
            "The generator's own lateness; it counts in the latency from the intended time.",
        )
    } else {
        both(
            "落后于倍速的时间。",
            "How far the run was behind its pace; it makes it longer and changes nothing else.",
        )
    };
    bars(
        ("压测端迟发", "Sent late by the generator"),
        ("没有迟发。", "Nothing went out late."),
        ("amber-bars", "每列最迟", "the latest call of each column"),
        columns,
        |column| column.late_ms,
        milliseconds,
        says,
    )
}

/// What a test asks of an objective.
#[cfg(test)]
pub(super) fn gate_of(objective: &str) -> Option<(f64, f64)> {
    gate(&Judged {
        objective: objective.to_string(),
        ..Judged::default()
    })
}
