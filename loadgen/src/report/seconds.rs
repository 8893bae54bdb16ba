//! A run second by second: what was to be sent, what went out, what was answered, and how long that took.
//!
//! [`Departures`] is told by whoever sends, [`Arrivals`] by the tally, each under its own lock; at the end both become the rows of
//! `seconds.csv`. Rows are bounded: after an hour two seconds become one row, then four, so that a soak of days stays small
//! and nothing that was counted is lost.

use super::packed::Packed;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// Rows that are kept; one more, and two become one.
const ROWS_MAX: usize = 3_600;
/// Seconds that whoever watches can look back.
const RECENT_MAX: usize = 240;

/// Rows of equal width from the start on.
#[derive(Clone, Debug)]
pub struct Series<Row> {
    /// Seconds a row.
    width_s: u64,
    rows: Vec<Row>,
}

/// Takes in what came right after.
pub trait Absorb {
    /// Both together.
    fn absorb(&mut self, later: Self);
}

impl<Row> Default for Series<Row> {
    fn default() -> Series<Row> {
        Series {
            width_s: 1,
            rows: Vec::new(),
        }
    }
}

impl<Row: Absorb + Default> Series<Row> {
    /// The row of this time from the start.
    pub fn row(&mut self, at: Duration) -> &mut Row {
        let mut index = (at.as_secs() / self.width_s) as usize;
        while index >= ROWS_MAX {
            self.coarsen();
            index = (at.as_secs() / self.width_s) as usize;
        }
        if index >= self.rows.len() {
            self.rows.resize_with(index + 1, Row::default);
        }
        &mut self.rows[index]
    }

    /// Makes every two rows one.
    fn coarsen(&mut self) {
        self.width_s *= 2;
        let mut rows = std::mem::take(&mut self.rows).into_iter();
        while let Some(mut row) = rows.next() {
            if let Some(later) = rows.next() {
                row.absorb(later);
            }
            self.rows.push(row);
        }
    }

    fn widen_to(&mut self, width_s: u64) {
        while self.width_s < width_s {
            self.coarsen();
        }
    }
}

/// What went out in a row's time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Departure {
    /// Were to go out.
    pub intended: u64,
    /// Went out.
    pub sent: u64,
    /// The latest of them, in microseconds after its time.
    pub late_max_us: u64,
}

impl Absorb for Departure {
    fn absorb(&mut self, later: Departure) {
        self.intended += later.intended;
        self.sent += later.sent;
        self.late_max_us = self.late_max_us.max(later.late_max_us);
    }
}

/// What went out, told by whoever sends.
#[derive(Clone, Debug, Default)]
pub struct Departures(Series<Departure>);

impl Departures {
    /// A call went out; both times are from the start.
    pub fn sent(&mut self, intended: Duration, sent: Duration) {
        self.0.row(intended).intended += 1;
        let row = self.0.row(sent);
        row.sent += 1;
        let late = sent.saturating_sub(intended).as_micros();
        row.late_max_us = row.late_max_us.max(u64::try_from(late).unwrap_or(u64::MAX));
    }

    /// What went out in the row before that of this time: the last one that is whole.
    pub fn before(&self, now: Duration) -> Departure {
        let index = (now.as_secs() / self.0.width_s).checked_sub(1);
        let row = index.and_then(|index| self.0.rows.get(index as usize));
        let width = self.0.width_s;
        row.map_or_else(Departure::default, |row| Departure {
            intended: row.intended / width,
            sent: row.sent / width,
            ..*row
        })
    }
}

/// What was counted up to a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Keys decided.
    pub decided: u64,
    /// Keys refused.
    pub refused: u64,
    /// Orders told to units.
    pub orders: u64,
    /// Clocks that ran out.
    pub clocks_missed: u64,
}

impl Totals {
    fn since(self, earlier: Totals) -> Totals {
        Totals {
            decided: self.decided.saturating_sub(earlier.decided),
            refused: self.refused.saturating_sub(earlier.refused),
            orders: self.orders.saturating_sub(earlier.orders),
            clocks_missed: self.clocks_missed.saturating_sub(earlier.clocks_missed),
        }
    }

    fn add(&mut self, other: Totals) {
        self.decided += other.decided;
        self.refused += other.refused;
        self.orders += other.orders;
        self.clocks_missed += other.clocks_missed;
    }
}

/// What came back in a row's time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// What was counted.
    pub counts: Totals,
    /// From the intended time of sending.
    pub corrected: Packed,
    /// From the actual one.
    pub service: Packed,
}

impl Absorb for Arrival {
    fn absorb(&mut self, later: Arrival) {
        self.counts.add(later.counts);
        self.corrected = self.corrected.merged(&later.corrected);
        self.service = self.service.merged(&later.service);
    }
}

/// What came back, row by row. Whoever counts says before each thing what time it is ([`is_over`](Arrivals::is_over)), and closes
/// a second that is over with what was counted in it.
#[derive(Clone, Debug, Default)]
pub struct Arrivals {
    series: Series<Arrival>,
    /// The second that is counted in now.
    open_s: u64,
    /// What had been counted when it began.
    before: Totals,
    recent: VecDeque<Recent>,
}

impl Arrivals {
    /// Whether the open second is over at this time. Answers that come a little out of turn count where others already do.
    pub fn is_over(&self, at: Duration) -> bool {
        at.as_secs() > self.open_s
    }

    /// Closes the open second: what has been counted in all, and what it took since the last closing.
    pub fn close(&mut self, at: Duration, totals: Totals, corrected: Packed, service: Packed) {
        let counts = totals.since(self.before);
        self.remember(Recent {
            counts,
            p50_ms: corrected.quantile_ms(0.5),
            p99_ms: corrected.quantile_ms(0.99),
            max_ms: corrected.quantile_ms(1.0),
        });
        // Seconds in which nothing was said.
        let silent = at.as_secs().saturating_sub(self.open_s + 1) as usize;
        for _ in 0..silent.min(RECENT_MAX) {
            self.remember(Recent::default());
        }
        let row = self.series.row(Duration::from_secs(self.open_s));
        row.absorb(Arrival {
            counts,
            corrected,
            service,
        });
        self.before = totals;
        self.open_s = at.as_secs();
    }

    /// The last seconds that are over, the newest last.
    pub fn recent(&self) -> &VecDeque<Recent> {
        &self.recent
    }

    fn remember(&mut self, recent: Recent) {
        if self.recent.len() == RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(recent);
    }
}

/// A second that is over, for whoever watches.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Recent {
    /// What was counted.
    pub counts: Totals,
    /// Half were faster, from the intended time of sending.
    pub p50_ms: Option<f64>,
    /// 99 in 100 were faster.
    pub p99_ms: Option<f64>,
    /// The slowest.
    pub max_ms: Option<f64>,
}

/// A row with all that is known of it, before it is flattened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interval {
    /// Seconds from the start.
    pub start_s: u64,
    /// How long it is; the last one ends with the run.
    pub seconds: f64,
    /// What went out.
    pub departure: Departure,
    /// What came back.
    pub arrival: Arrival,
    /// Sent and not answered at its end.
    pub pending: u64,
}

/// Both sides of a run that ended at this time, row by row.
pub fn intervals(departures: &Departures, arrivals: &Arrivals, ended: Duration) -> Vec<Interval> {
    let (mut sent, mut came) = (departures.0.clone(), arrivals.series.clone());
    sent.widen_to(came.width_s);
    came.widen_to(sent.width_s);
    let width = sent.width_s;
    let mut pending: u64 = 0;
    let count = sent.rows.len().max(came.rows.len()) as u64;
    let (mut sent, mut came) = (sent.rows.into_iter(), came.rows.into_iter());
    (0..count)
        .map(|nth| {
            let departure = sent.next().unwrap_or_default();
            let arrival = came.next().unwrap_or_default();
            let answered = arrival.counts.decided + arrival.counts.refused;
            pending = (pending + departure.sent).saturating_sub(answered);
            let left = ended.as_secs_f64() - (nth * width) as f64;
            Interval {
                start_s: nth * width,
                seconds: (left.min(width as f64).max(0.001) * 1_000.0).round() / 1_000.0,
                departure,
                arrival,
                pending,
            }
        })
        .collect()
}

/// A row of `seconds.csv`. Latencies are empty where nothing was answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Second {
    /// Seconds from the start.
    pub second: u64,
    /// How long the row is.
    pub seconds: f64,
    /// Were to go out.
    pub intended: u64,
    /// Went out, each key once.
    pub sent: u64,
    /// Came back: decided or refused.
    pub answered: u64,
    /// Decided.
    pub decided: u64,
    /// Refused aloud.
    pub refused: u64,
    /// Sent and not answered at the end of the row; in the last one these are lost.
    pub pending: u64,
    /// Orders told to units.
    pub orders: u64,
    /// Clocks that ran out.
    pub clocks_missed: u64,
    /// From the intended time of sending.
    pub p50_ms: Option<f64>,
    /// 90 in 100.
    pub p90_ms: Option<f64>,
    /// 99 in 100.
    pub p99_ms: Option<f64>,
    /// The slowest.
    pub max_ms: Option<f64>,
    /// From the actual time of sending.
    pub service_p50_ms: Option<f64>,
    /// 90 in 100.
    pub service_p90_ms: Option<f64>,
    /// 99 in 100.
    pub service_p99_ms: Option<f64>,
    /// The slowest.
    pub service_max_ms: Option<f64>,
    /// The call that went out latest after its time.
    pub late_max_ms: f64,
}

impl From<&Interval> for Second {
    fn from(interval: &Interval) -> Second {
        let Totals {
            decided,
            refused,
            orders,
            clocks_missed,
        } = interval.arrival.counts;
        let (corrected, service) = (&interval.arrival.corrected, &interval.arrival.service);
        Second {
            second: interval.start_s,
            seconds: interval.seconds,
            intended: interval.departure.intended,
            sent: interval.departure.sent,
            answered: decided + refused,
            decided,
            refused,
            pending: interval.pending,
            orders,
            clocks_missed,
            p50_ms: corrected.quantile_ms(0.5),
            p90_ms: corrected.quantile_ms(0.9),
            p99_ms: corrected.quantile_ms(0.99),
            max_ms: corrected.quantile_ms(1.0),
            service_p50_ms: service.quantile_ms(0.5),
            service_p90_ms: service.quantile_ms(0.9),
            service_p99_ms: service.quantile_ms(0.99),
            service_max_ms: service.quantile_ms(1.0),
            late_max_ms: interval.departure.late_max_us as f64 / 1_000.0,
        }
    }
}

/// The rows as CSV.
pub fn csv(seconds: &[Second]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for second in seconds {
        writer.serialize(second)?;
    }
    writer
        .into_inner()
        .map_err(|error| error.into_error().into())
}

/// Reads them back.
pub fn read(bytes: &[u8]) -> Result<Vec<Second>, csv::Error> {
    csv::Reader::from_reader(bytes).deserialize().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::latency::Latencies;

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn took(ms: u64) -> Packed {
        let mut latencies = Latencies::default();
        latencies.add(at(ms));
        Packed::of(&latencies)
    }

    /// One call a second, answered a second later, for so long.
    fn played(seconds: u64) -> (Departures, Arrivals) {
        let (mut departures, mut arrivals) = (Departures::default(), Arrivals::default());
        let taken: Vec<Packed> = (0..50).map(took).collect();
        for second in 0..seconds {
            let now = Duration::from_secs(second);
            assert_eq!(arrivals.is_over(now), second > 0);
            if second > 0 {
                let totals = Totals {
                    decided: second - 1,
                    orders: second * 2,
                    ..Totals::default()
                };
                let took = taken[second as usize % taken.len()].clone();
                arrivals.close(now, totals, took, taken[1].clone());
            }
            departures.sent(now, now + at(20));
        }
        let totals = Totals {
            decided: seconds - 1,
            orders: seconds * 2,
            ..Totals::default()
        };
        arrivals.close(at(seconds * 1_000 + 400), totals, took(7), took(1));
        (departures, arrivals)
    }

    #[test]
    fn every_second_has_its_own_row() {
        let (departures, arrivals) = played(5);
        let rows = intervals(&departures, &arrivals, at(4_400));
        let seconds: Vec<Second> = rows.iter().map(Second::from).collect();
        let column = |of: fn(&Second) -> u64| seconds.iter().map(of).collect::<Vec<_>>();
        assert_eq!(column(|row| row.sent), [1, 1, 1, 1, 1]);
        assert_eq!(column(|row| row.answered), [0, 1, 1, 1, 1]);
        assert_eq!(column(|row| row.orders), [2, 2, 2, 2, 2]);
        assert_eq!(column(|row| row.pending), [1, 1, 1, 1, 1]);
        assert_eq!((seconds[4].seconds, seconds[4].late_max_ms), (0.4, 20.0));
        assert!((seconds[2].p50_ms.unwrap() - 3.0).abs() < 0.01);
        assert_eq!(read(&csv(&seconds).unwrap()).unwrap(), seconds);
    }

    #[test]
    fn a_soak_of_days_stays_small_and_loses_nothing() {
        let long = 5 * ROWS_MAX as u64;
        let (departures, arrivals) = played(long);
        let rows = intervals(&departures, &arrivals, Duration::from_secs(long));
        assert!(rows.len() <= ROWS_MAX, "{}", rows.len());
        assert_eq!(rows[0].seconds, 8.0);
        let sum = |of: fn(&Interval) -> u64| rows.iter().map(of).sum::<u64>();
        assert_eq!(sum(|row| row.departure.sent), long);
        assert_eq!(sum(|row| row.arrival.counts.decided), long - 1);
        assert_eq!(sum(|row| row.arrival.corrected.count()), long);
        assert_eq!(rows[0].arrival.corrected.quantile_ms(1.0), Some(8.003));
    }

    #[test]
    fn a_silence_leaves_empty_rows() {
        let mut arrivals = Arrivals::default();
        let totals = Totals {
            decided: 3,
            ..Totals::default()
        };
        arrivals.close(at(4_000), totals, took(1), took(1));
        arrivals.close(at(5_000), totals, Packed::default(), Packed::default());
        let rows = intervals(&Departures::default(), &arrivals, at(5_000));
        let decided: Vec<u64> = rows.iter().map(|row| row.arrival.counts.decided).collect();
        assert_eq!(decided, [3, 0, 0, 0, 0]);
        assert_eq!(Second::from(&rows[2]).p99_ms, None);
    }
}
