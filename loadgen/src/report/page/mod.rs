//! A run as one page of HTML: the verdict in a sentence, key figures, plots, tables, and under what circumstances it was made.
//!
//! One file that asks nobody for anything and needs no script; Chinese and English beside each other. Every word that comes from
//! outside goes through [`escaped`]. [`plot`] draws, [`plots`] says what is drawn, [`tables`] what is told in figures.

pub mod plot;
mod plots;
mod tables;

use super::Summary;
use super::kept::Kept;
use crate::report::text::grouped;

/// The look of all pages.
pub const STYLE: &str = include_str!("style.css");

/// Text as HTML takes it, in elements and in attributes.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // What is no character of a text would only confuse.
            letter if letter.is_control() && letter != '\n' => safe.push('\u{fffd}'),
            letter => safe.push(letter),
        }
    }
    safe
}

/// A page of this title and body.
pub fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"zh-Hans\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        escaped(title)
    )
}

/// Both languages of a heading. Its words are the page's own.
pub fn both(chinese: &str, english: &str) -> String {
    if chinese == english || english.is_empty() {
        return chinese.to_string();
    }
    format!("{chinese} <span lang=\"en\">{english}</span>")
}

/// How a run came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// `good`, `bad` or `odd`: the class of its colours.
    pub mood: &'static str,
    /// In Chinese.
    pub chinese: String,
    /// In English.
    pub english: String,
}

/// How a run came out, in a sentence.
pub fn verdict(summary: &Summary) -> Verdict {
    let verdict = |mood, chinese: String, english: String| Verdict {
        mood,
        chinese,
        english,
    };
    if let Some(why) = &summary.invalid {
        return verdict(
            "odd",
            "本次运行无效，不能说明中心的性能。".into(),
            format!("This run is invalid and says nothing about the centre: {why}."),
        );
    }
    let (lost, doubled) = (grouped(summary.lost), grouped(summary.doubly_ordered));
    let is_whole = summary.lost == 0;
    if !summary.is_good() {
        return verdict(
            "bad",
            format!("有 {lost} 次报警没有答复，重复派单 {doubled} 起。"),
            format!(
                "{lost} calls had no answer, and {doubled} times somebody or something was ordered twice."
            ),
        );
    }
    let broken: Vec<String> = summary
        .objectives
        .iter()
        .filter(|judged| !judged.held)
        .map(|judged| format!("{} ({})", judged.objective, judged.measured))
        .collect();
    if !broken.is_empty() {
        let broken = broken.join(", ");
        return verdict(
            "bad",
            format!("未达到目标：{broken}。"),
            if is_whole {
                format!("Every call was answered, but an objective was broken: {broken}.")
            } else {
                format!("{lost} calls had no answer, and an objective was broken: {broken}.")
            },
        );
    }
    let (sent, refused) = (grouped(summary.sent), grouped(summary.refused));
    let p99 = ms(summary.latency.p99_ms);
    let (aloud_zh, aloud) = if summary.refused > 0 {
        (
            format!("，其中 {refused} 次明确拒绝"),
            format!(", {refused} of them refused aloud"),
        )
    } else {
        (String::new(), String::new())
    };
    if !is_whole {
        return verdict(
            "good",
            format!(
                "{sent} 次报警中有 {lost} 次没有答复{aloud_zh}，在目标允许范围内；无重复派单；99% 在 {p99} 毫秒内。"
            ),
            format!(
                "Of {sent} calls {lost} had no answer{aloud}, which the objectives allow; nobody was ordered twice; 99 % of the others were answered within {p99} ms."
            ),
        );
    }
    verdict(
        "good",
        format!("{sent} 次报警全部得到答复{aloud_zh}，无一丢失，无重复派单；99% 在 {p99} 毫秒内。"),
        format!(
            "All {sent} calls were answered{aloud}; nothing was lost and nobody ordered twice; 99 % were answered within {p99} ms."
        ),
    )
}

/// Milliseconds with three digits.
pub fn ms(value: f64) -> String {
    if value == 0.0 {
        "0".to_string()
    } else if value >= 99.95 {
        grouped(value.round() as u64)
    } else if value >= 9.995 {
        format!("{value:.1}")
    } else if value >= 0.9995 {
        format!("{value:.2}")
    } else {
        format!("{value:.3}")
    }
}

/// The page of a run.
pub fn of(kept: &Kept) -> String {
    let summary = &kept.summary;
    let verdict = verdict(summary);
    let mut body = format!(
        "<header><h1>{}</h1><p class=\"when\">{} · {}</p></header>\n\
         <div class=\"verdict {}\"><p>{}</p><p lang=\"en\">{}</p></div>\n",
        both("联动 压测报告", "Liandong load report"),
        escaped(&name_of(&summary.trace)),
        escaped(&summary.about.started()),
        verdict.mood,
        escaped(&verdict.chinese),
        escaped(&verdict.english),
    );
    if let Some(by) = &summary.cut_short {
        let by = escaped(by);
        body.push_str(&format!(
            "<p class=\"remark\">提前结束（{by}）。 <span lang=\"en\">It was cut short by {by}.</span></p>\n"
        ));
    }
    body.push_str(&tables::key_figures(summary));
    body.push_str(&plots::all(kept));
    body.push_str(&tables::all(summary));
    body.push_str(&tables::circumstances(summary));
    body.push_str(
        "<footer>数据见同一文件夹内的 seconds.csv、latency.hgrm、intervals.hlog 与 summary.json。 <span lang=\"en\">The \
         figures are in the same folder: seconds.csv, latency.hgrm, intervals.hlog, summary.json.</span></footer>\n",
    );
    page(
        &format!("联动 压测报告 · {}", name_of(&summary.trace)),
        &body,
    )
}

/// A path's last part.
fn name_of(path: &str) -> String {
    let name = std::path::Path::new(path).file_name();
    name.map_or_else(
        || path.to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

#[cfg(test)]
mod tests;
