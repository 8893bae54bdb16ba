//! What a page tells in figures: the few that matter most, tables of all others, and the circumstances of the run.

use super::{both, escaped, ms};
use crate::report::Summary;
use crate::report::events::Counts;
use crate::report::latency::Quantiles;
use crate::report::text::grouped;

/// The few that matter most.
pub fn key_figures(summary: &Summary) -> String {
    let mut html = String::from("<dl class=\"figures\">\n");
    let mut put = |chinese: &str, english: &str, value: String, unit: &str, alarm: bool| {
        let class = if alarm { " class=\"alarm\"" } else { "" };
        html.push_str(&format!(
            "<div{class}><dt>{}</dt><dd>{value} <small>{unit}</small></dd></div>\n",
            both(chinese, english)
        ));
    };
    put("发出", "sent", grouped(summary.sent), "", false);
    put("速率", "rate", rate(summary.calls_per_second), "/s", false);
    put("丢失", "lost", grouped(summary.lost), "", summary.lost > 0);
    put(
        "拒绝",
        "refused",
        grouped(summary.refused),
        "",
        summary.refused > 0,
    );
    let doubled = summary.doubly_ordered;
    put("重复", "doubled", grouped(doubled), "", doubled > 0);
    let latency = &summary.latency;
    put("中位数", "p50", ms(latency.p50_ms), "ms", false);
    put("p99", "", ms(latency.p99_ms), "ms", false);
    put("最慢", "max", ms(latency.max_ms), "ms", false);
    let missed = summary.clocks_missed;
    put("逾期", "clocks", grouped(missed), "missed", false);
    html.push_str("</dl>\n");
    html
}

fn rate(rate: f64) -> String {
    if rate >= 100.0 {
        grouped(rate.round() as u64)
    } else {
        format!("{rate:.1}")
    }
}

/// A section with its heading.
fn section(chinese: &str, english: &str, inner: &str) -> String {
    format!(
        "<section><h2>{}</h2>{inner}</section>\n",
        both(chinese, english)
    )
}

/// A table of names and numbers.
fn table(head: &[&str], rows: &[(String, Vec<String>)]) -> String {
    let head: String = head.iter().map(|cell| format!("<th>{cell}</th>")).collect();
    let rows: String = rows
        .iter()
        .map(|(name, cells)| {
            let cells: String = cells
                .iter()
                .map(|cell| format!("<td>{cell}</td>"))
                .collect();
            format!("<tr><th>{name}</th>{cells}</tr>")
        })
        .collect();
    format!(
        "<div class=\"scroll\"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

fn counted(rows: &[(&str, &str, u64)]) -> Vec<(String, Vec<String>)> {
    rows.iter()
        .map(|(chinese, english, count)| (both(chinese, english), vec![grouped(*count)]))
        .collect()
}

/// Names come from a centre: they are escaped.
fn listed(counts: &Counts) -> Vec<(String, Vec<String>)> {
    counts
        .iter()
        .map(|(name, count)| (escaped(name), vec![grouped(*count)]))
        .collect()
}

/// All tables.
pub fn all(summary: &Summary) -> String {
    let mut html = String::new();
    if !summary.objectives.is_empty() {
        html.push_str(&objectives(summary));
    }
    html.push_str(&latencies(summary));
    if !summary.parts.is_empty() {
        html.push_str(&parts(summary));
    }
    html.push_str("<div class=\"tables\">\n");
    html.push_str(&calls(summary));
    html.push_str(&orders(summary));
    html.push_str(&clocks(summary));
    html.push_str(&field(summary));
    html.push_str("</div>\n");
    if !summary.kinds.is_empty() {
        html.push_str(&kinds(summary));
    }
    html
}

fn objectives(summary: &Summary) -> String {
    let rows: String = summary
        .objectives
        .iter()
        .map(|judged| {
            let held = if judged.held {
                "<td>✓ 达到 <span lang=\"en\">held</span></td>"
            } else {
                "<td class=\"bad\">✗ 未达到 broken</td>"
            };
            format!(
                "<tr><th><code>{}</code></th><td>{}</td>{held}</tr>",
                escaped(&judged.objective),
                escaped(&judged.measured)
            )
        })
        .collect();
    let table = format!(
        "<div class=\"scroll\"><table><thead><tr><th>{}</th><th>{}</th><th></th></tr></thead><tbody>{rows}</tbody></table></div>",
        both("目标", "objective"),
        both("实测", "measured")
    );
    section("目标", "Objectives", &table)
}

fn latencies(summary: &Summary) -> String {
    let row = |chinese, english, q: &Quantiles| {
        let values = [
            q.p50_ms, q.p90_ms, q.p99_ms, q.p999_ms, q.p9999_ms, q.max_ms,
        ];
        let cells = std::iter::once(grouped(q.count)).chain(values.map(ms));
        (both(chinese, english), cells.collect())
    };
    let mut rows = vec![if summary.clock == "driven" {
        row("中心答复", "until the centre answered", &summary.latency)
    } else {
        row("自预定时刻", "from the intended time", &summary.latency)
    }];
    if summary.clock != "driven" {
        rows.push(row(
            "自实际发出",
            "service time",
            &summary.latency_uncorrected,
        ));
    }
    if summary.lateness.count > 0 {
        rows.push(row("压测端迟发", "sent late", &summary.lateness));
    }
    let head = [
        "毫秒 <span lang=\"en\">ms</span>",
        "n",
        "p50",
        "p90",
        "p99",
        "p99.9",
        "p99.99",
        "max",
    ];
    section("延迟", "Latency", &table(&head, &rows))
}

/// Each phase of the load by itself.
fn parts(summary: &Summary) -> String {
    let rows: Vec<_> = summary
        .parts
        .iter()
        .map(|part| {
            let q = &part.latency;
            let counts = [part.sent, part.refused, part.lost].map(grouped);
            let times = [q.p50_ms, q.p90_ms, q.p99_ms, q.p999_ms, q.max_ms].map(ms);
            let name = format!("{} {}", escaped(&part.name), escaped(&part.load));
            (name, counts.into_iter().chain(times).collect())
        })
        .collect();
    let head = [
        "毫秒 <span lang=\"en\">ms</span>",
        "发出 <span lang=\"en\">sent</span>",
        "拒绝 <span lang=\"en\">refused</span>",
        "丢失 <span lang=\"en\">lost</span>",
        "p50",
        "p90",
        "p99",
        "p99.9",
        "max",
    ];
    section("各阶段", "Phase by phase", &table(&head, &rows))
}

fn calls(summary: &Summary) -> String {
    let mut rows = counted(&[
        ("发出", "sent", summary.sent),
        ("重发", "sent again", summary.resent),
        ("已决定", "decided", summary.decided),
    ]);
    rows.extend(listed(&summary.outcomes).into_iter().map(indented));
    rows.extend(counted(&[("拒绝", "refused", summary.refused)]));
    rows.extend(listed(&summary.refused_by).into_iter().map(indented));
    rows.extend(counted(&[
        ("丢失", "lost", summary.lost),
        ("同键不同文", "same key, another body", summary.conflicts),
        ("辖区外", "outside the area", summary.outside),
    ]));
    if summary.expected > 0 {
        let met = format!(
            "{} / {}",
            grouped(summary.expected_met),
            grouped(summary.expected)
        );
        rows.push((
            both("告知应告知者", "told whom the trace expects"),
            vec![met],
        ));
    }
    section("报警", "Calls", &table(&["", "n"], &rows))
}

fn indented((name, cells): (String, Vec<String>)) -> (String, Vec<String>) {
    (format!("&emsp;{name}"), cells)
}

fn orders(summary: &Summary) -> String {
    let orders = &summary.orders;
    let doubled = &summary.doubled;
    let rows = counted(&[
        ("下达", "issued", orders.issued),
        ("签收", "acknowledged", orders.acknowledged),
        ("出动", "set off", orders.set_off),
        ("到场", "arrived", orders.arrived),
        ("办结", "finished", orders.finished),
        ("拒绝", "declined", orders.declined),
        ("改派", "reassigned", orders.reassigned),
        ("抢派", "called away", orders.preempted),
        ("撤销", "cancelled", orders.cancelled),
        ("未结", "open at the end", orders.open),
        ("缺力量", "needs waiting", summary.needs_waiting),
        ("力量重复", "units with two", doubled.units),
        ("需求重复", "needs with two", doubled.needs),
        ("键重复", "keys with two answers", doubled.keys),
    ]);
    section("指令", "Orders", &table(&["", "n"], &rows))
}

fn clocks(summary: &Summary) -> String {
    let mut rows = counted(&[("按时", "met", summary.clocks_met)]);
    rows.extend(listed(&summary.clocks_met_by).into_iter().map(indented));
    rows.extend(counted(&[("逾期", "missed", summary.clocks_missed)]));
    rows.extend(listed(&summary.clocks_missed_by).into_iter().map(indented));
    rows.extend(counted(&[(
        "督办",
        "ladders climbed",
        summary.ladders_fired,
    )]));
    rows.extend(listed(&summary.ladders).into_iter().map(indented));
    rows.extend(counted(&[(
        "台账",
        "ledger entries",
        summary.ledger.values().sum(),
    )]));
    rows.extend(listed(&summary.ledger).into_iter().map(indented));
    section("时限", "Clocks", &table(&["", "n"], &rows))
}

fn field(summary: &Summary) -> String {
    let crews = &summary.crews;
    let mut rows = counted(&[
        ("照办", "obeyed", crews.obeyed),
        ("迟签", "late", crews.late),
        ("拒绝", "declined", crews.declined),
        ("无应答", "silent", crews.silent),
        ("回报", "acts sent", summary.acts),
    ]);
    rows.extend(listed(&summary.acts_refused).into_iter().map(indented));
    let share = format!(
        "{} / {} ({:.1} %)",
        grouped(summary.placed_served),
        grouped(summary.placed_needing_unit),
        summary.placed_served_share * 100.0
    );
    rows.push((
        both("到场/需要", "calls that somebody came to"),
        vec![share],
    ));
    section("现场", "In the field", &table(&["", "n"], &rows))
}

fn kinds(summary: &Summary) -> String {
    let rows: Vec<(String, Vec<String>)> = summary
        .kinds
        .iter()
        .map(|(kind, row)| {
            let cells = [
                row.calls,
                row.merged,
                row.merge_missed,
                row.orders,
                row.arrived,
                row.clocks_missed,
            ];
            (escaped(kind), cells.map(grouped).to_vec())
        })
        .collect();
    let head = [
        both("类别", "kind"),
        both("报警", "calls"),
        both("并案", "merged"),
        both("漏并", "missed merges"),
        both("指令", "orders"),
        both("到场", "arrived"),
        both("逾期", "overdue"),
    ];
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    section("按类别", "By kind", &table(&head, &rows))
}

/// Facts with their names.
fn facts(facts: &[(String, String)]) -> String {
    let rows: String = facts
        .iter()
        .map(|(name, value)| format!("<dt>{name}</dt><dd>{value}</dd>"))
        .collect();
    format!("<dl class=\"facts\">{rows}</dl>")
}

/// What is not known is said to be so.
fn known(value: &str) -> String {
    if value.is_empty() {
        both("不详", "unknown")
    } else {
        escaped(value)
    }
}

fn asked(value: Option<&str>) -> String {
    match value {
        Some(value) => escaped(value),
        None => both("未询问", "not asked, or not said (--stats)"),
    }
}

/// Machine, programs, command line, seed.
pub fn circumstances(summary: &Summary) -> String {
    let about = &summary.about;
    let machine = &about.machine;
    let number = |number: u64| {
        if number == 0 {
            String::new()
        } else {
            number.to_string()
        }
    };
    let gib = machine.memory_bytes as f64 / f64::from(1 << 30);
    let memory = if machine.memory_bytes == 0 {
        String::new()
    } else {
        format!("{gib:.1} GiB")
    };
    let load = machine.load_before.map(|load| format!("{load:.2}"));
    let state = &summary.state;
    let run = facts(&[
        (both("开始", "began"), known(&about.started())),
        (both("历时", "lasted"), format!("{:.1} s", summary.seconds)),
        (both("轨迹", "trace"), known(&summary.trace)),
        (both("负载", "load"), known(&about.load)),
        (both("种子", "seed"), about.seed.to_string()),
        (both("压测端", "generator"), known(&about.generator)),
    ]);
    let centre = facts(&[
        (both("地址", "address"), known(&about.centre)),
        (both("版本", "version"), asked(state.version.as_deref())),
        (both("时钟", "clock"), known(&summary.clock)),
        (
            both("持久性", "durability"),
            asked(state.durability.as_deref()),
        ),
        (both("末条记录", "last record"), grouped(state.sequence)),
        (both("状态哈希", "state hash"), asked(state.hash.as_deref())),
    ]);
    let machine = facts(&[
        (both("处理器", "processor"), known(&machine.processor)),
        (both("核数", "cores"), known(&number(machine.cores))),
        (both("内存", "memory"), known(&memory)),
        (both("内核", "kernel"), known(&machine.kernel)),
        (both("系统", "system"), known(&machine.system)),
        (
            both("开始前负荷", "load before"),
            known(load.as_deref().unwrap_or_default()),
        ),
    ]);
    let command = about.command.join(" ");
    format!(
        "<div class=\"tables three\">\n{}{}{}</div>\n{}",
        section("本次运行", "This run", &run),
        section("中心", "The centre", &centre),
        section("压测端机器", "The generator's machine", &machine),
        section(
            "命令",
            "Command line, secrets masked",
            &format!("<pre><code>{}</code></pre>", known(&command))
        )
    )
}
