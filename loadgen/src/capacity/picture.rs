//! The curve of a study as one SVG file that stands alone: latency against the rate above, what the centre took of the machine below.

use super::{Step, Verdict};
use crate::report::page::plot::{HALF, HEIGHT, Plot, Scale, Series, Shape};
use crate::report::page::{escaped, ms};
use crate::report::text::grouped;

/// Above each plot, for its heading and its legend.
const HEADING: f64 = 44.0;
/// Below the last one, for the name of what lies across and for the limit.
const FOOT: f64 = 44.0;
/// Wider than its plots, for the name of the last line across.
const WIDTH: f64 = HALF + 24.0;
/// Where the words of a heading begin.
const INDENT: f64 = 14.0;
/// From one entry of a legend to the next.
const ENTRY: f64 = 94.0;

/// Strokes tell the lines apart as well as colours do; nothing is loaded.
const STYLE: &str = "
svg { --ground: #ffffff; --line: #d3dae1; --text: #16202b; --quiet: #55636f; --blue: #0b5cad; --green: #1a7446; --amber: #b86e00; --red: #c62b22; }
@media (prefers-color-scheme: dark) {
  svg { --ground: #141b22; --line: #2a3641; --text: #dbe4eb; --quiet: #94a4b1; --blue: #6cb2ff; --green: #5fca98; --amber: #f0a020; --red: #ff7b70; }
}
svg { overflow: visible; }
.ground { fill: var(--ground); }
text { fill: var(--quiet); font: 11.5px system-ui, sans-serif; }
text.heading { fill: var(--text); font-size: 13.5px; font-weight: 600; }
text.up { text-anchor: end; }
text.across { text-anchor: middle; }
path { fill: none; stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; }
.grid { stroke: var(--line); stroke-width: 1; }
.tick, .axis { stroke: var(--quiet); stroke-width: 1; }
.blue { stroke: var(--blue); stroke-width: 2.2; }
.green { stroke: var(--green); stroke-dasharray: 7 4; }
.amber { stroke: var(--amber); stroke-dasharray: 1.5 4; }
.limit { stroke: var(--red); stroke-dasharray: 3 3; stroke-width: 1.4; }
";

/// A class, and what it stands for.
type Key = (&'static str, String);

/// The picture; nothing where no rate holds, for then there is no curve.
pub fn svg(verdict: &Verdict) -> Option<String> {
    let curve = verdict.curve();
    let last = curve.last()?;
    let across = Scale::linear(last.rate);
    let holds = (
        "limit",
        format!(
            "{} calls/s hold {}",
            grouped(verdict.rate.round() as u64),
            verdict.slo
        ),
    );
    let plots = [
        (
            "Latency in ms, from the intended time of sending",
            latency(&curve),
            holds.clone(),
        ),
        ("Cores busy", cores(&curve), holds),
    ];
    let block = HEADING + HEIGHT;
    let height = block * plots.len() as f64 + FOOT;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\">\n\
         <style>{STYLE}</style>\n<rect class=\"ground\" width=\"{WIDTH}\" height=\"{height}\"/>\n"
    );
    for (index, (heading, (keys, upward, series), holds)) in plots.into_iter().enumerate() {
        let top = block * index as f64;
        svg.push_str(&words(heading, top + 18.0));
        svg.push_str(&legend(keys.iter().chain([&holds]), top + 36.0));
        svg.push_str(&plot(heading, across, upward, series, verdict.rate).svg_at(top + HEADING));
    }
    svg.push_str(&format!(
        "<text x=\"{INDENT}\" y=\"{:.2}\">across: calls a second</text>\n\
         <text x=\"{INDENT}\" y=\"{:.2}\">limit: {}</text>\n</svg>\n",
        height - 26.0,
        height - 9.0,
        escaped(&verdict.limit.to_string())
    ));
    Some(svg)
}

type Drawn = (Vec<Key>, Scale, Vec<Series>);

fn latency(curve: &[&Step]) -> Drawn {
    let keys = [("blue", "p50"), ("green", "p99"), ("amber", "p99.9")];
    let quantile = |class: &str, step: &Step| match class {
        "blue" => step.p50_ms,
        "green" => step.p99_ms,
        _ => step.p999_ms,
    };
    let values = keys
        .iter()
        .flat_map(|(class, _)| curve.iter().map(|step| quantile(class, step)));
    let (least, most) = values.fold((f64::INFINITY, 0.0_f64), |(least, most), value| {
        (least.min(value), most.max(value))
    });
    let series = keys.map(|(class, _)| line(class, curve, |step| Some(quantile(class, step))));
    let keys = keys.map(|(class, name)| (class, name.to_owned()));
    (keys.into(), Scale::fitting(least, most), series.into())
}

fn cores(curve: &[&Step]) -> Drawn {
    let most = curve.iter().map(|step| step.busy.cores).fold(1.0, f64::max);
    let series = [
        line("blue", curve, |step| step.busy.centre_cores),
        line("green", curve, |step| Some(step.busy.generator_cores)),
        line("amber", curve, |step| {
            step.busy.cores_idle.map(|idle| step.busy.cores - idle)
        }),
    ];
    let keys = [
        ("blue", "centre"),
        ("green", "generator"),
        ("amber", "machine"),
    ];
    let keys = keys.map(|(class, name)| (class, name.to_owned()));
    (keys.into(), Scale::linear(most), series.into())
}

fn line(class: &'static str, curve: &[&Step], value: impl Fn(&Step) -> Option<f64>) -> Series {
    Series {
        class,
        shape: Shape::Line,
        points: curve.iter().map(|step| (step.rate, value(step))).collect(),
    }
}

/// One plot, with an upright line at the rate that holds.
fn plot(label: &str, across: Scale, upward: Scale, mut series: Vec<Series>, holds: f64) -> Plot {
    let (foot, head) = upward.ends();
    series.push(Series {
        class: "limit",
        shape: Shape::Line,
        points: vec![(holds, Some(foot)), (holds, Some(head))],
    });
    Plot {
        label: label.to_owned(),
        width: HALF,
        across,
        upward,
        name_across: |rate| grouped(rate.round() as u64),
        name_upward: ms,
        end: holds,
        series,
        notes: Vec::new(),
    }
}

fn words(text: &str, y: f64) -> String {
    format!(
        "<text class=\"heading\" x=\"{INDENT}\" y=\"{y:.2}\">{}</text>\n",
        escaped(text)
    )
}

fn legend<'k>(keys: impl Iterator<Item = &'k Key>, y: f64) -> String {
    let entries = keys.enumerate().map(|(index, (class, name))| {
        let x = INDENT + ENTRY * index as f64;
        format!(
            "<path class=\"{class}\" d=\"M{x:.2} {:.2}h22\"/><text x=\"{:.2}\" y=\"{y:.2}\">{}</text>\n",
            y - 4.0,
            x + 28.0,
            escaped(name)
        )
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use crate::capacity::text::tests::{step, verdict};
    use crate::capacity::{Purpose, picture};

    #[test]
    fn a_curve_is_drawn_with_what_it_stands_for_and_nothing_of_outside_gets_in() {
        let mut verdict = verdict();
        (verdict.slo, verdict.rate) = ("p99<10ms & <script>".into(), 99.6);
        let svg = picture::svg(&verdict).unwrap();
        assert!(
            svg.contains("100 calls/s hold p99&lt;10ms &amp; &lt;script&gt;"),
            "{svg}"
        );
        for says in ["p99.9", "centre", "generator", "the journal", "xmlns"] {
            assert!(svg.contains(says), "{says}: {svg}");
        }
        // Three lines and the limit in each plot, each over every point.
        assert_eq!(svg.matches("class=\"limit\"").count(), 4, "{svg}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        assert_eq!(svg.matches("<svg").count(), svg.matches("</svg>").count());
    }

    #[test]
    fn points_stand_by_their_rates_and_where_none_holds_there_is_no_curve() {
        let mut verdict = verdict();
        verdict.steps.push(step(Purpose::Curve, 20.0, 1.0));
        let rates: Vec<f64> = verdict.curve().iter().map(|step| step.rate).collect();
        assert_eq!(rates, [20.0, 100.0, 160.0]);
        verdict.steps.clear();
        assert_eq!(picture::svg(&verdict), None);
    }
}
