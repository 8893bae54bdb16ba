//! What a terminal shows of a run: rates, latencies, what is open, what went wrong, and how much time is left.
//!
//! [`Glimpse`] is looked up under the run's lock and owns what it found; [`draw`] makes a screen of it and knows nothing else, so
//! that a test can draw it too.

use super::Progress;
use crate::report::latency::Quantiles;
use crate::report::seconds::Recent;
use crate::report::text::grouped;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, LineGauge, Paragraph, Row, Sparkline, Table};
use std::time::Duration;

/// What is looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subject {
    /// The trace.
    pub trace: String,
    /// The centre.
    pub centre: String,
}

/// A run at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Glimpse {
    /// On the wall clock.
    pub wall: bool,
    /// Centre time in words; only where it is not the wall's.
    pub now: String,
    /// Centre seconds a second.
    pub speed: f64,
    /// How long it runs.
    pub elapsed: Duration,
    /// How long it is to send.
    pub lasting: Option<Duration>,
    /// It still sends.
    pub sending: bool,
    /// Somebody wants it to stop.
    pub stopping: bool,
    /// Were to go out, went out, came back in the last whole second.
    pub rates: [u64; 3],
    /// Calls sent, decided, refused, in flight.
    pub calls: [u64; 4],
    /// Orders issued, open at the centre, still with crews.
    pub orders: [u64; 3],
    /// Clocks that ran out.
    pub clocks_missed: u64,
    /// Units, needs or keys with two.
    pub doubled: u64,
    /// The latest call of the last second, in milliseconds.
    pub late_ms: f64,
    /// From the intended time of sending; service time; each so far.
    pub latency: [Quantiles; 2],
    /// The last seconds, the newest last.
    pub recent: Vec<Recent>,
}

impl Glimpse {
    /// Looks.
    pub fn of(progress: &Progress<'_>) -> Glimpse {
        let tally = progress.tally;
        let heard = &tally.heard;
        let recent: Vec<Recent> = tally.arrivals.recent().iter().copied().collect();
        let last = recent.last().copied().unwrap_or_default();
        Glimpse {
            wall: progress.wall,
            now: progress.now.to_string(),
            speed: progress.speed,
            elapsed: progress.elapsed,
            lasting: progress.lasting,
            sending: progress.sending,
            stopping: false,
            rates: [
                progress.departure.intended,
                progress.departure.sent,
                last.counts.decided + last.counts.refused,
            ],
            calls: [
                progress.sent,
                tally.decided(),
                tally.refusals(),
                progress.pending,
            ],
            orders: [heard.orders.issued, heard.orders.open, progress.open as u64],
            clocks_missed: heard.clocks_missed.values().sum(),
            doubled: heard.units_doubled + heard.needs_doubled + tally.keys_doubled,
            late_ms: progress.departure.late_max_us as f64 / 1_000.0,
            latency: [tally.corrected.quantiles(), tally.service.quantiles()],
            recent,
        }
    }
}

/// Draws it.
pub fn draw(frame: &mut Frame<'_>, subject: &Subject, glimpse: &Glimpse) {
    let [head, time, figures, latency, plots, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(6),
        Constraint::Length(6),
        Constraint::Min(6),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(heading(subject, glimpse), head);
    draw_time(frame, glimpse, time);
    let columns = Layout::horizontal([Constraint::Ratio(1, 3); 3]).spacing(1);
    let [rate, calls, field] = columns.areas(figures);
    frame.render_widget(figures_of("rate, calls/s", rates(glimpse)), rate);
    frame.render_widget(figures_of("calls", calls_of(glimpse)), calls);
    frame.render_widget(figures_of("field", field_of(glimpse)), field);
    frame.render_widget(latencies(glimpse), latency);
    draw_plots(frame, glimpse, plots);
    frame.render_widget(keys(glimpse), foot);
}

fn heading(subject: &Subject, glimpse: &Glimpse) -> Line<'static> {
    let clock = if glimpse.wall {
        "wall clock".to_string()
    } else {
        format!("{} · {:.0}×", glimpse.now, glimpse.speed)
    };
    let state = match (glimpse.stopping, glimpse.sending) {
        (true, _) => "stopping".yellow().bold(),
        (false, true) => "sending".green().bold(),
        (false, false) => "waiting for answers".yellow().bold(),
    };
    Line::from(vec![
        " Liandong load ".bold().reversed(),
        format!(" {} → {} · {clock} · ", subject.trace, subject.centre).into(),
        state,
    ])
}

fn draw_time(frame: &mut Frame<'_>, glimpse: &Glimpse, area: Rect) {
    let elapsed = clock(glimpse.elapsed);
    let Some(lasting) = glimpse.lasting else {
        frame.render_widget(Line::from(format!(" {elapsed} so far")).dim(), area);
        return;
    };
    let left = lasting.saturating_sub(glimpse.elapsed);
    let ratio = glimpse.elapsed.as_secs_f64() / lasting.as_secs_f64().max(1e-9);
    let label = format!(" {elapsed} of {} · {} left", clock(lasting), clock(left));
    let gauge = LineGauge::default()
        .filled_style(Style::new().fg(Color::Blue).bold())
        .unfilled_style(Style::new().fg(Color::DarkGray))
        .filled_symbol("━")
        .unfilled_symbol("─")
        .ratio(ratio.clamp(0.0, 1.0))
        .label(label);
    frame.render_widget(gauge, area);
}

/// A name, a figure, and whether it is bad.
type Figure = (&'static str, String, bool);

fn figures_of(title: &'static str, figures: Vec<Figure>) -> Paragraph<'static> {
    let lines = figures.into_iter().map(|(name, value, bad)| {
        let style = if bad {
            Style::new().fg(Color::Red).add_modifier(Modifier::BOLD)
        } else {
            Style::new().add_modifier(Modifier::BOLD)
        };
        Line::from(vec![
            Span::styled(format!("{name:<13}"), Style::new().fg(Color::Gray)),
            Span::styled(format!("{value:>9}"), style),
        ])
    });
    Paragraph::new(lines.collect::<Vec<_>>()).block(titled(title))
}

fn titled(title: &'static str) -> Block<'static> {
    Block::new()
        .borders(Borders::TOP)
        .border_style(Style::new().fg(Color::DarkGray))
        .title(format!(" {title} ").blue().bold())
}

fn rates(glimpse: &Glimpse) -> Vec<Figure> {
    let [intended, sent, answered] = glimpse.rates;
    // A call that goes out a tick late is counted a second later; more than that is the generator's own trouble.
    let behind = glimpse.sending && sent + 1 + intended / 20 < intended;
    vec![
        ("intended", grouped(intended), false),
        ("sent", grouped(sent), behind),
        ("answered", grouped(answered), false),
        (
            "sent late",
            format!("{:.1} ms", glimpse.late_ms),
            glimpse.wall && glimpse.late_ms > 100.0,
        ),
    ]
}

fn calls_of(glimpse: &Glimpse) -> Vec<Figure> {
    let [sent, decided, refused, pending] = glimpse.calls;
    vec![
        ("sent", grouped(sent), false),
        ("decided", grouped(decided), false),
        ("refused", grouped(refused), refused > 0),
        ("in flight", grouped(pending), false),
    ]
}

fn field_of(glimpse: &Glimpse) -> Vec<Figure> {
    let [issued, open, crews] = glimpse.orders;
    vec![
        ("orders", grouped(issued), false),
        (
            "open / crews",
            format!("{} / {}", grouped(open), grouped(crews)),
            false,
        ),
        (
            "clocks missed",
            grouped(glimpse.clocks_missed),
            glimpse.clocks_missed > 0,
        ),
        ("doubled", grouped(glimpse.doubled), glimpse.doubled > 0),
    ]
}

fn latencies(glimpse: &Glimpse) -> Table<'static> {
    let from = if glimpse.wall {
        "from intended"
    } else {
        "centre answers"
    };
    let of = |name: &'static str, q: &Quantiles| {
        let values = [q.p50_ms, q.p90_ms, q.p99_ms, q.p999_ms, q.max_ms].map(ms);
        Row::new(std::iter::once(name.to_string()).chain(values))
    };
    let last = glimpse.recent.last().copied().unwrap_or_default();
    let maybe = |value: Option<f64>| value.map_or_else(|| "–".into(), ms);
    let second = [
        maybe(last.p50_ms),
        String::new(),
        maybe(last.p99_ms),
        String::new(),
        maybe(last.max_ms),
    ];
    let rows = [
        of(from, &glimpse.latency[0]).bold(),
        of("service", &glimpse.latency[1]),
        Row::new(std::iter::once("last second".to_string()).chain(second)),
    ];
    let widths = [Constraint::Length(15)]
        .into_iter()
        .chain([Constraint::Length(11); 5]);
    Table::new(rows, widths)
        .header(Row::new(["", "p50", "p90", "p99", "p99.9", "max"]).fg(Color::Gray))
        .block(titled("latency, ms"))
}

fn draw_plots(frame: &mut Frame<'_>, glimpse: &Glimpse, area: Rect) {
    let refused: u64 = glimpse
        .recent
        .iter()
        .map(|second| second.counts.refused)
        .sum();
    let rows = if refused > 0 { 3 } else { 2 };
    let areas = Layout::vertical(vec![Constraint::Ratio(1, rows); rows as usize]).split(area);
    let micros = |value: Option<f64>| value.map(|ms| (ms * 1_000.0) as u64);
    let slow = glimpse.recent.iter().map(|second| micros(second.p99_ms));
    let largest = slow.clone().flatten().max().unwrap_or(0);
    let title = format!(
        " p99 of each second, up to {} ms ",
        ms(largest as f64 / 1_000.0)
    );
    draw_plot(frame, areas[0], title, Color::Yellow, slow.collect());
    let answered = glimpse
        .recent
        .iter()
        .map(|second| Some(second.counts.decided + second.counts.refused));
    let largest = answered.clone().flatten().max().unwrap_or(0);
    let title = format!(" answered each second, up to {} ", grouped(largest));
    draw_plot(frame, areas[1], title, Color::Green, answered.collect());
    if let Some(area) = areas.get(2) {
        let refused = glimpse
            .recent
            .iter()
            .map(|second| Some(second.counts.refused));
        let title = " refused each second ".to_string();
        draw_plot(frame, *area, title, Color::Red, refused.collect());
    }
}

/// The newest on the right; what does not fit is older.
fn draw_plot(
    frame: &mut Frame<'_>,
    area: Rect,
    title: String,
    colour: Color,
    values: Vec<Option<u64>>,
) {
    let room = usize::from(area.width);
    let newest = values[values.len().saturating_sub(room)..].to_vec();
    let block = Block::new()
        .borders(Borders::TOP)
        .border_style(Style::new().fg(Color::DarkGray))
        .title(title.blue().bold());
    let plot = Sparkline::default()
        .block(block)
        .style(Style::new().fg(colour))
        .absent_value_symbol("·")
        .data(newest);
    frame.render_widget(plot, area);
}

fn keys(glimpse: &Glimpse) -> Line<'static> {
    let text = if glimpse.stopping {
        " q again: do not wait for the answers "
    } else {
        " q: stop sending, wait for the answers, print the summary "
    };
    Line::from(text).fg(Color::Gray)
}

/// `12:05`, `1:02:05`.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// Three digits of it.
fn ms(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::seconds::Totals;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    fn drawn(width: u16, height: u16, glimpse: &Glimpse) -> String {
        let subject = Subject {
            trace: "standard.csv.zst".into(),
            centre: "127.0.0.1:4433".into(),
        };
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal
            .draw(|frame| draw(frame, &subject, glimpse))
            .unwrap();
        terminal.backend().to_string()
    }

    fn glimpse() -> Glimpse {
        let second = |nth: u64| Recent {
            counts: Totals {
                decided: 4_900 + nth * 10,
                ..Totals::default()
            },
            p50_ms: Some(0.8),
            p99_ms: (nth != 5).then_some(2.0 + nth as f64),
            max_ms: Some(9.0),
        };
        Glimpse {
            wall: true,
            elapsed: Duration::from_millis(12_300),
            lasting: Some(Duration::from_secs(20)),
            sending: true,
            rates: [5_000, 5_000, 5_010],
            calls: [61_500, 61_462, 0, 38],
            orders: [8_321, 412, 409],
            late_ms: 0.4,
            latency: [
                Quantiles {
                    count: 61_462,
                    p50_ms: 0.81,
                    p90_ms: 1.4,
                    p99_ms: 13.25,
                    p999_ms: 140.2,
                    p9999_ms: 200.0,
                    max_ms: 1_204.2,
                },
                Quantiles::default(),
            ],
            recent: (0..12).map(second).collect(),
            ..Glimpse::default()
        }
    }

    #[test]
    fn a_run_at_a_rate_is_drawn() {
        insta::assert_snapshot!(drawn(80, 24, &glimpse()));
    }

    #[test]
    fn refusals_and_what_else_is_wrong_are_drawn_while_it_stops() {
        let mut glimpse = glimpse();
        glimpse.stopping = true;
        glimpse.wall = false;
        glimpse.now = "2026-11-22T08:00:00+08:00".into();
        glimpse.speed = 600.0;
        glimpse.lasting = None;
        glimpse.calls[2] = 31;
        glimpse.clocks_missed = 7;
        glimpse.recent[9].counts.refused = 31;
        insta::assert_snapshot!(drawn(100, 26, &glimpse));
    }

    #[test]
    fn a_terminal_of_any_size_is_drawn_on() {
        for (width, height) in [(1, 1), (20, 5), (79, 23), (300, 80)] {
            drawn(width, height, &glimpse());
            drawn(width, height, &Glimpse::default());
        }
    }

    #[test]
    fn time_is_told_like_a_clock() {
        assert_eq!(clock(Duration::from_secs(3_725)), "1:02:05");
    }
}
