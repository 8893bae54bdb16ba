//! Plots as SVG: a frame with two axes, lines, steps and bars on it, each with its own class for the page's colours.
//!
//! Pure geometry: values in, text out; no script, no colour of its own, nothing that is loaded. Coordinates have two decimals, so
//! that the same figures make the same bytes.

use super::escaped;
use std::fmt::Write;

/// A picture over the whole page, in its own units.
pub const WIDE: f64 = 1_140.0;
/// One of two beside each other.
pub const HALF: f64 = 560.0;
/// A picture from top to bottom.
pub const HEIGHT: f64 = 250.0;
/// Room for the labels of the axes.
const LEFT: f64 = 56.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 30.0;
/// Lines of a linear axis, about.
const TICKS: f64 = 5.0;

/// How values lie on an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// Evenly, from 0.
    Linear {
        /// The end.
        max: f64,
    },
    /// Every tenfold as long as the next.
    Logarithmic {
        /// The beginning, above 0.
        min: f64,
        /// The end.
        max: f64,
    },
    /// Quantiles below 1: every nine more as long as the one before.
    Nines {
        /// So many nines.
        max: f64,
    },
}

impl Scale {
    /// Evenly from 0 up to a round number.
    pub fn linear(max: f64) -> Scale {
        let step = step(max);
        Scale::Linear {
            max: (max / step).ceil().max(1.0) * step,
        }
    }

    /// Evenly where values are near to each other; by tenfolds where the largest would hide all others.
    pub fn fitting(min: f64, max: f64) -> Scale {
        if min > 0.0 && max / min > 30.0 {
            Scale::Logarithmic {
                min: 10_f64.powf(min.log10().floor()),
                max: rounded_up(max),
            }
        } else {
            Scale::linear(max)
        }
    }

    /// Where it begins and where it ends.
    pub fn ends(self) -> (f64, f64) {
        match self {
            Scale::Linear { max } | Scale::Nines { max } => (0.0, max),
            Scale::Logarithmic { min, max } => (min, max),
        }
    }

    /// Where a value lies, between 0 and 1.
    pub fn place(self, value: f64) -> f64 {
        let place = match self {
            Scale::Linear { max } => value / max,
            Scale::Logarithmic { min, max } => (value.max(min) / min).log10() / (max / min).log10(),
            Scale::Nines { max } => -(1.0 - value).max(1e-12).log10() / max,
        };
        place.clamp(0.0, 1.0)
    }

    /// Where lines go.
    fn ticks(self) -> Vec<f64> {
        match self {
            Scale::Linear { max } => {
                let step = step(max);
                let count = (max / step + 1e-6).floor() as u32;
                (0..=count).map(|nth| f64::from(nth) * step).collect()
            }
            Scale::Logarithmic { min, max } => {
                let decades = (max / min).log10();
                let parts: &[f64] = if decades > 3.5 {
                    &[1.0]
                } else {
                    &[1.0, 2.0, 5.0]
                };
                let powers = 0..=decades.ceil() as i32;
                let ticks = powers.flat_map(|power| {
                    parts
                        .iter()
                        .map(move |part| min * part * 10_f64.powi(power))
                });
                ticks.filter(|tick| *tick <= max * 1.000_1).collect()
            }
            Scale::Nines { max } => (0..=max.floor() as i32)
                .map(|nines| 1.0 - 10_f64.powi(-nines))
                .collect(),
        }
    }
}

/// 1, 2 or 5 times a power of ten, about a fifth of it.
fn step(max: f64) -> f64 {
    let rough = max.max(1e-9) / TICKS;
    let power = 10_f64.powf(rough.log10().floor());
    let part = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|part| part * power >= rough * 0.999);
    part.unwrap_or(10.0) * power
}

/// The next 1, 2 or 5 times a power of ten.
fn rounded_up(max: f64) -> f64 {
    let power = 10_f64.powf(max.log10().floor());
    let part = [1.0, 2.0, 5.0].into_iter().find(|part| part * power >= max);
    part.unwrap_or(10.0) * power
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// From point to point.
    Line,
    /// Level from each point to the next.
    Step,
    /// A column from each point to the next.
    Bars,
}

/// Values that belong together. A value that is missing leaves a gap.
#[derive(Clone, Debug)]
pub struct Series {
    /// The class that colours it.
    pub class: &'static str,
    /// How it is drawn.
    pub shape: Shape,
    /// Where it stands on the one axis, and on the other.
    pub points: Vec<(f64, Option<f64>)>,
}

/// What is told where somebody points.
#[derive(Clone, Debug)]
pub struct Note {
    /// From here on the one axis.
    pub from: f64,
    /// To here.
    pub to: f64,
    /// What is told.
    pub text: String,
}

/// A plot.
#[derive(Clone, Debug)]
pub struct Plot {
    /// What it shows, for those who do not see it.
    pub label: String,
    /// How wide it is.
    pub width: f64,
    /// From left to right.
    pub across: Scale,
    /// From below to above.
    pub upward: Scale,
    /// How a value from left to right is written.
    pub name_across: fn(f64) -> String,
    /// How a value from below to above is written.
    pub name_upward: fn(f64) -> String,
    /// Where the last value from left to right ends, for steps and bars.
    pub end: f64,
    /// What is drawn, the first below.
    pub series: Vec<Series>,
    /// What is told.
    pub notes: Vec<Note>,
}

impl Plot {
    fn x(&self, value: f64) -> f64 {
        LEFT + self.across.place(value) * (self.width - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - self.upward.place(value) * (HEIGHT - TOP - BOTTOM)
    }

    /// The picture, to stand in a page.
    pub fn svg(&self) -> String {
        self.svg_with("")
    }

    /// The same at its own size, to stand in a larger picture so far from the top.
    pub fn svg_at(&self, top: f64) -> String {
        self.svg_with(&format!(
            "y=\"{top}\" width=\"{}\" height=\"{HEIGHT}\" ",
            self.width
        ))
    }

    fn svg_with(&self, place: &str) -> String {
        let mut svg = format!(
            "<svg {place}viewBox=\"0 0 {} {HEIGHT}\" role=\"img\" aria-label=\"{}\">\n",
            self.width,
            escaped(&self.label)
        );
        self.axes(&mut svg);
        for series in &self.series {
            let path = match series.shape {
                Shape::Line => self.line(series),
                Shape::Step => self.steps(series),
                Shape::Bars => self.bars(series),
            };
            put(
                &mut svg,
                format_args!("<path class=\"{}\" d=\"{path}\"/>\n", series.class),
            );
        }
        let height = HEIGHT - TOP - BOTTOM;
        for note in &self.notes {
            let (from, to) = (self.x(note.from), self.x(note.to));
            put(
                &mut svg,
                format_args!(
                    "<rect class=\"note\" x=\"{from:.2}\" y=\"{TOP}\" width=\"{:.2}\" height=\"{height}\">\
                     <title>{}</title></rect>\n",
                    (to - from).max(0.5),
                    escaped(&note.text)
                ),
            );
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn axes(&self, svg: &mut String) {
        let (right, bottom) = (self.width - RIGHT, HEIGHT - BOTTOM);
        for tick in self.upward.ticks() {
            let y = self.y(tick);
            put(
                svg,
                format_args!(
                    "<path class=\"grid\" d=\"M{LEFT} {y:.2}H{right}\"/>\
                     <text class=\"up\" x=\"{:.2}\" y=\"{:.2}\">{}</text>\n",
                    LEFT - 7.0,
                    y + 4.0,
                    escaped(&(self.name_upward)(tick))
                ),
            );
        }
        for tick in self.across.ticks() {
            let x = self.x(tick);
            put(
                svg,
                format_args!(
                    "<path class=\"tick\" d=\"M{x:.2} {bottom}v5\"/>\
                     <text class=\"across\" x=\"{x:.2}\" y=\"{:.2}\">{}</text>\n",
                    bottom + 19.0,
                    escaped(&(self.name_across)(tick))
                ),
            );
        }
        put(
            svg,
            format_args!("<path class=\"axis\" d=\"M{LEFT} {bottom}H{right}\"/>\n"),
        );
    }

    fn line(&self, series: &Series) -> String {
        let mut path = String::new();
        let mut pen = 'M';
        for &(at, value) in &series.points {
            let Some(value) = value else {
                pen = 'M';
                continue;
            };
            put(
                &mut path,
                format_args!("{pen}{:.2} {:.2}", self.x(at), self.y(value)),
            );
            pen = 'L';
        }
        path
    }

    /// Each point with where it ends: where the next one begins.
    fn spans<'a>(
        &'a self,
        series: &'a Series,
    ) -> impl Iterator<Item = (f64, f64, Option<f64>)> + 'a {
        let ends = series.points.iter().skip(1).map(|(at, _)| *at);
        let ends = ends.chain(std::iter::once(self.end));
        series
            .points
            .iter()
            .zip(ends)
            .map(|(&(from, value), to)| (self.x(from), self.x(to), value))
    }

    fn steps(&self, series: &Series) -> String {
        let mut path = String::new();
        let mut pen = 'M';
        for (from, to, value) in self.spans(series) {
            let Some(value) = value else {
                pen = 'M';
                continue;
            };
            let y = self.y(value);
            put(&mut path, format_args!("{pen}{from:.2} {y:.2}H{to:.2}"));
            pen = 'L';
        }
        path
    }

    fn bars(&self, series: &Series) -> String {
        let mut path = String::new();
        let bottom = HEIGHT - BOTTOM;
        for (from, to, value) in self.spans(series) {
            let Some(value) = value.filter(|value| *value > 0.0) else {
                continue;
            };
            let gap = ((to - from) * 0.12).min(1.5);
            put(
                &mut path,
                format_args!(
                    "M{:.2} {bottom:.2}V{:.2}H{:.2}V{bottom:.2}Z",
                    from + gap,
                    self.y(value),
                    (to - gap).max(from + 0.5)
                ),
            );
        }
        path
    }
}

/// A `String` takes everything.
fn put(text: &mut String, what: std::fmt::Arguments<'_>) {
    if text.write_fmt(what).is_err() {
        unreachable!("a String takes everything");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: f64 = 760.0;

    fn plot(across: Scale, upward: Scale, series: Series) -> Plot {
        Plot {
            label: "a \"plot\" <of> nothing".into(),
            width: WIDTH,
            across,
            upward,
            name_across: |value| value.to_string(),
            name_upward: |value| value.to_string(),
            end: 4.0,
            series: vec![series],
            notes: Vec::new(),
        }
    }

    /// The numbers of the path of a class, as pairs.
    fn path_of(svg: &str, class: &str) -> Vec<(f64, f64)> {
        let begin = format!("<path class=\"{class}\" d=\"");
        let path = svg.split(&begin).nth(1).unwrap().split('"').next().unwrap();
        let numbers = path.split(['M', 'L']).filter(|part| !part.is_empty());
        numbers
            .map(|pair| {
                let (x, y) = pair.split_once(' ').unwrap();
                (x.parse().unwrap(), y.parse().unwrap())
            })
            .collect()
    }

    #[test]
    fn a_line_goes_through_its_values_and_leaves_gaps() {
        let values = [Some(10.0), Some(250.0), None, Some(1_000.0)];
        let series = Series {
            class: "seen",
            shape: Shape::Line,
            points: (0..).map(f64::from).zip(values).collect(),
        };
        let plot = plot(Scale::Linear { max: 4.0 }, Scale::linear(1_000.0), series);
        let svg = plot.svg();
        let points = path_of(&svg, "seen");
        // Back from the picture to the figures.
        let (across, upward) = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
        let back: Vec<(f64, f64)> = points
            .iter()
            .map(|(x, y)| {
                let at = (x - LEFT) / across * 4.0;
                let value = (HEIGHT - BOTTOM - y) / upward * 1_000.0;
                ((at * 100.0).round() / 100.0, value.round())
            })
            .collect();
        assert_eq!(back, [(0.0, 10.0), (1.0, 250.0), (3.0, 1_000.0)]);
        assert_eq!(
            svg.matches('M').count()
                - svg.matches("<path class=\"grid\"").count()
                - svg.matches("<path class=\"tick\"").count()
                - 1,
            2,
            "the gap is a gap: {svg}"
        );
        assert!(
            svg.contains("a &quot;plot&quot; &lt;of&gt; nothing"),
            "{svg}"
        );
    }

    #[test]
    fn bars_reach_from_one_value_to_the_next() {
        let series = Series {
            class: "seen",
            shape: Shape::Bars,
            points: vec![(0.0, Some(2.0)), (1.0, Some(0.0)), (2.0, Some(4.0))],
        };
        let plot = plot(
            Scale::Linear { max: 4.0 },
            Scale::Linear { max: 4.0 },
            series,
        );
        let svg = plot.svg();
        let path = svg.split("seen\" d=\"").nth(1).unwrap();
        let path = path.split('"').next().unwrap();
        // Two bars: half as high and two of four wide; as high as it goes and as wide.
        assert_eq!(
            path,
            "M57.50 220.00V116.00H227.00V220.00ZM402.50 220.00V12.00H744.50V220.00Z"
        );
    }

    #[test]
    fn scales_put_values_where_they_belong() {
        let nines = Scale::Nines { max: 4.0 };
        for (quantile, place) in [
            (0.0, 0.0),
            (0.9, 0.25),
            (0.99, 0.5),
            (0.9999, 1.0),
            (1.0, 1.0),
        ] {
            assert!((nines.place(quantile) - place).abs() < 1e-9, "{quantile}");
        }
        assert_eq!(nines.ticks().len(), 5);
        let tens = Scale::fitting(0.4, 900.0);
        assert_eq!(
            tens,
            Scale::Logarithmic {
                min: 0.1,
                max: 1_000.0
            }
        );
        assert!((tens.place(10.0) - 0.5).abs() < 1e-9);
        assert_eq!(Scale::fitting(3.0, 17.0), Scale::Linear { max: 20.0 });
        assert_eq!(Scale::linear(0.0).place(0.0), 0.0);
        assert_eq!(Scale::linear(5_000.0).ticks().len(), 6);
        assert_eq!(Scale::Linear { max: 45.0 }.ticks().last(), Some(&40.0));
    }
}
