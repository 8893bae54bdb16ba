//! A comparison as one page of HTML: the verdict, what differs besides, each figure with every run as a dot, and the method.

use super::{Compared, Comparison, spread};
use crate::report::page::{both, escaped, page};

/// The width and height of a strip of dots, in its own units.
const STRIP: (f64, f64) = (240.0, 34.0);

/// The page.
pub fn of(comparison: &Comparison) -> String {
    let shown = comparison.figures.iter().any(Compared::is_shown);
    let sentences: String = comparison
        .verdict()
        .iter()
        .map(|sentence| format!("<p lang=\"en\">{}</p>", escaped(sentence)))
        .collect();
    let (mood, chinese) = if shown {
        ("odd", "两组运行有差异：")
    } else if comparison.is_enough() {
        ("good", "未显示差异。")
    } else {
        ("odd", "运行次数太少，看不出差异。")
    };
    let mut body = format!(
        "<header><h1>{}</h1></header>\n<div class=\"verdict {mood}\"><p>{chinese}</p>{sentences}</div>\n",
        both("联动 压测对比", "Liandong load, compared")
    );
    if !comparison.warnings.is_empty() {
        let warnings: String = comparison
            .warnings
            .iter()
            .map(|warning| format!("<p>{}</p>", escaped(warning)))
            .collect();
        body.push_str(&format!(
            "<section><h2>{}</h2>{warnings}</section>\n",
            both("条件不同", "Not made alike")
        ));
    }
    body.push_str(&figures(comparison));
    body.push_str(&format!(
        "<section><h2>{}</h2><p>{}</p>{}</section>\n",
        both("方法与运行", "Method and runs"),
        escaped(&comparison.method()),
        runs(comparison)
    ));
    page("联动 压测对比", &body)
}

fn figures(comparison: &Comparison) -> String {
    let rows: String = comparison.figures.iter().map(row).collect();
    format!(
        "<section><h2>{}</h2><ul class=\"legend\"><li>{}A</li><li>{}B</li></ul><div class=\"scroll\"><table><thead><tr><th></th><th>A</th>\
         <th>B</th><th>{}</th><th>B/A, B−A</th><th>{}</th><th></th></tr></thead><tbody>{rows}</tbody></table></div></section>\n",
        both("指标", "Figures: median (least–most)"),
        sample("dot-a"),
        sample("dot-b"),
        both("每次运行", "every run"),
        both("区间", "interval"),
    )
}

fn sample(class: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 32 12\" aria-hidden=\"true\"><circle class=\"{class}\" cx=\"16\" cy=\"6\" r=\"4.5\"/></svg>"
    )
}

fn row(compared: &Compared) -> String {
    let figure = compared.figure;
    let (estimate, interval) = match compared.shift {
        Some(shift) => {
            let sign = if compared.ratio { "×" } else { "" };
            (
                format!("{:.2}{sign}", shift.estimate),
                format!("{:.2} … {:.2}", shift.low, shift.high),
            )
        }
        None => (String::new(), String::new()),
    };
    let (class, says) = if compared.is_shown() {
        (" class=\"bad\"", both("有差异", "differs"))
    } else {
        ("", both("未显示", "not shown"))
    };
    format!(
        "<tr><th>{} <small>{}</small></th><td>{}</td><td>{}</td><td>{}</td><td>{estimate}</td><td>{interval}</td><td{class}>{says}</td></tr>",
        both(figure.chinese, figure.name),
        figure.unit,
        spread(&compared.first),
        spread(&compared.second),
        strip(compared)
    )
}

/// Every run as a dot: A above, B below, from the least to the most of both.
fn strip(compared: &Compared) -> String {
    let all = || compared.first.iter().chain(&compared.second).copied();
    let (least, most) = (
        all().fold(f64::INFINITY, f64::min),
        all().fold(f64::NEG_INFINITY, f64::max),
    );
    let place = |value: f64| {
        let width = most - least;
        let share = if width > 0.0 {
            (value - least) / width
        } else {
            0.5
        };
        8.0 + share * (STRIP.0 - 16.0)
    };
    let dots = |class: &str, y: f64, values: &[f64]| -> String {
        values
            .iter()
            .map(|&value| {
                format!(
                    "<circle class=\"{class}\" cx=\"{:.2}\" cy=\"{y}\" r=\"4.5\"/>",
                    place(value)
                )
            })
            .collect()
    };
    format!(
        "<svg class=\"strip\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"every run\">\
         <path class=\"grid\" d=\"M8 10H{}M8 24H{}\"/>{}{}</svg>",
        STRIP.0,
        STRIP.1,
        STRIP.0 - 8.0,
        STRIP.0 - 8.0,
        dots("dot-a", 10.0, &compared.first),
        dots("dot-b", 24.0, &compared.second)
    )
}

fn runs(comparison: &Comparison) -> String {
    let sides = [("A", &comparison.first), ("B", &comparison.second)];
    let facts: String = sides
        .iter()
        .map(|(side, runs)| {
            let folders: Vec<String> = runs
                .iter()
                .map(|run| escaped(&run.folder.display().to_string()))
                .collect();
            format!("<dt>{side}</dt><dd>{}</dd>", folders.join("<br>"))
        })
        .collect();
    format!("<dl class=\"facts\">{facts}</dl>")
}
