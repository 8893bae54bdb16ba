//! The figures of a simulation as one CSV table: a row for each figure of each configuration, centre and group. Digests, words and what
//! stands beside observed figures are in the JSON alone.
//!
//! Columns: `configuration` (first, second, second less first), `centre` (empty: all together), `figure`, `of` (which priority, agency,
//! unit), `statistic`, `unit`, `mean`, `within` (half of the 95 % interval; empty for one seed).

use super::difference::Difference;
use super::estimate::{Estimate, Lasted};
use super::verdict::Verdict;
use std::io::Write;

/// The columns.
pub const COLUMNS: [&str; 8] = [
    "configuration",
    "centre",
    "figure",
    "of",
    "statistic",
    "unit",
    "mean",
    "within",
];

/// A table that is being written.
pub struct Sheet<W: Write>(csv::Writer<W>);

impl<W: Write> Sheet<W> {
    /// With its header.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn new(out: W) -> Result<Sheet<W>, csv::Error> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(COLUMNS)?;
        Ok(Sheet(csv))
    }

    /// Adds the figures of a configuration, or of one centre of it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn verdict(&mut self, side: &str, centre: &str, it: &Verdict) -> Result<(), csv::Error> {
        let mut page = Page {
            sheet: self,
            side,
            centre,
        };
        page.calls(it)?;
        for (priority, lasted) in &it.first_arrivals {
            let of = format!("priority {}", u8::from(*priority));
            page.lasted("first vehicle on scene", &of, lasted)?;
        }
        for (agency, lasted) in &it.arrivals {
            page.lasted("first of an agency", agency.code(), lasted)?;
        }
        page.lasted("how long needs waited", "all", &it.waits)?;
        for (priority, lasted) in &it.waits_by_priority {
            let of = format!("priority {}", u8::from(*priority));
            page.lasted("how long needs waited", &of, lasted)?;
        }
        if let Some(waited) = it.waited {
            page.figure("needs that had to wait", "all", "count", "needs", waited)?;
        }
        for waited in &it.waited_for {
            let of = format!("{} priority {}", waited.agency, u8::from(waited.priority));
            page.figure(
                "needs that had to wait",
                &of,
                "count",
                "needs",
                waited.count,
            )?;
        }
        for (priority, count) in &it.missed_by_priority {
            let of = format!("priority {}", u8::from(*priority));
            page.figure("clocks missed", &of, "count", "clocks", *count)?;
        }
        for missed in &it.missed {
            let priority = u8::from(missed.priority);
            let of = format!("{} priority {priority} {}", missed.agency, missed.clock);
            page.figure("clocks missed", &of, "count", "clocks", missed.count)?;
        }
        for (priority, count) in &it.never {
            let of = format!("priority {}", u8::from(*priority));
            page.figure(
                "sent to and never reached",
                &of,
                "count",
                "incidents",
                *count,
            )?;
        }
        for (agency, share) in &it.agency_busy_percent {
            page.figure("busy", agency.code(), "share", "%", *share)?;
        }
        for unit in &it.units {
            page.figure("busy", &unit.name, "share", "%", unit.busy_percent)?;
            page.figure("orders", &unit.name, "count", "orders", unit.orders)?;
        }
        Ok(())
    }

    /// Adds what the second has more than the first.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn differences(&mut self, differences: &[Difference]) -> Result<(), csv::Error> {
        for it in differences {
            let mut page = Page {
                sheet: self,
                side: "second less first",
                centre: "",
            };
            page.figure(&it.what, "", "difference", it.unit, it.by)?;
        }
        Ok(())
    }

    /// Ends it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(mut self) -> Result<(), csv::Error> {
        Ok(self.0.flush()?)
    }
}

/// Rows of one configuration and centre.
struct Page<'a, W: Write> {
    sheet: &'a mut Sheet<W>,
    side: &'a str,
    centre: &'a str,
}

impl<W: Write> Page<'_, W> {
    /// Calls, what became of them, and what callers did.
    fn calls(&mut self, it: &Verdict) -> Result<(), csv::Error> {
        let whole = |mean| Estimate { mean, within: None };
        self.figure("calls", "all", "count", "calls", whole(it.calls as f64))?;
        let repeated = whole(it.repeated as f64);
        self.figure("calls", "sent again", "count", "calls", repeated)?;
        for (what, &mean) in &it.decided {
            self.figure("calls", what, "count", "calls", whole(mean))?;
        }
        if let Some(percent) = it.agencies_met_percent {
            let met = "agencies as the trace states";
            self.figure(met, "", "share", "%", whole(percent))?;
        }
        for (what, count) in &it.callers {
            self.figure("callers", what, "count", "", *count)?;
        }
        Ok(())
    }

    fn lasted(&mut self, figure: &str, of: &str, lasted: &Lasted) -> Result<(), csv::Error> {
        let count = Estimate {
            mean: lasted.count,
            within: None,
        };
        self.figure(figure, of, "count", "", count)?;
        for (statistic, value) in [
            ("mean", lasted.mean_s),
            ("50 %", lasted.p50_s),
            ("90 %", lasted.p90_s),
            ("99 %", lasted.p99_s),
        ] {
            if let Some(value) = value {
                self.figure(figure, of, statistic, "s", value)?;
            }
        }
        Ok(())
    }

    fn figure(
        &mut self,
        figure: &str,
        of: &str,
        statistic: &str,
        unit: &str,
        value: Estimate,
    ) -> Result<(), csv::Error> {
        let mean = format!("{:.3}", value.mean);
        let within = value.within.map(|within| format!("{within:.3}"));
        let within = within.unwrap_or_default();
        let cells = [
            self.side,
            self.centre,
            figure,
            of,
            statistic,
            unit,
            &mean,
            &within,
        ];
        self.sheet.0.write_record(cells)
    }
}
