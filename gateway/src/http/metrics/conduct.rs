//! How major incidents are conducted: levels, clocks of incidents, reports from the scene and upward, follow-ups (C9).

use super::Writer;
use engine::major::{IncidentClock, Level, UpwardStage};
use engine::view::{Counters, UpwardFigures};
use std::fmt;
use std::time::Duration;

pub(super) fn write(writer: &mut Writer<'_>, counters: &Counters) -> fmt::Result {
    let level = |&level: &Level| {
        let count = counters.levels.get(&level).copied();
        ([("level", level.code())], count.unwrap_or(0))
    };
    writer.counters(
        "liandong_incident_levels",
        "Times that an incident came to a level",
        Level::ALL.iter().map(level),
    )?;
    let missed = |&clock: &IncidentClock| {
        let count = counters.incident_clocks_missed.get(&clock).copied();
        ([("owed", clock.code())], count.unwrap_or(0))
    };
    writer.counters(
        "liandong_incident_clocks_missed",
        "Deadlines of major incidents that ran out",
        IncidentClock::ALL.iter().map(missed),
    )?;
    writer.counter(
        "liandong_situation_reports",
        "Situation reports that were owed and came",
        counters.situations,
    )?;
    let figures = |&stage: &UpwardStage| {
        let figures = counters.upward.get(&stage).copied();
        (stage, figures.unwrap_or_default())
    };
    let upward: Vec<(UpwardStage, UpwardFigures)> = UpwardStage::ALL.iter().map(figures).collect();
    let results = upward.iter().flat_map(|(stage, figures)| {
        let results = [
            ("in_time", figures.given.saturating_sub(figures.late)),
            ("late", figures.late),
            ("never", figures.never),
        ];
        results.map(|(result, count)| ([("report", stage.code()), ("result", result)], count))
    });
    writer.counters(
        "liandong_upward_reports",
        "Reports upward that were owed, by how they came",
        results,
    )?;
    let of_stage = |count: fn(&UpwardFigures) -> u64| {
        let values = upward.iter();
        values.map(move |(stage, figures)| ([("report", stage.code())], count(figures)))
    };
    writer.counters(
        "liandong_upward_incomplete",
        "Reports upward that left something out",
        of_stage(|figures| figures.incomplete),
    )?;
    writer.counters(
        "liandong_upward_fields_missing",
        "Fields that reports upward left out",
        of_stage(|figures| figures.fields_missing),
    )?;
    let delays = upward.iter().map(|(stage, figures)| {
        let delay = Duration::from_millis(figures.delay_ms_sum);
        ([("report", stage.code())], delay)
    });
    writer.durations_total_by(
        "liandong_upward_delay",
        "How long reports upward were owed before they came",
        delays,
    )?;
    writer.counter(
        "liandong_follow_ups",
        "Closes that named who sees to what is left",
        counters.follow_ups,
    )
}
