//! The way of a request: doors, intake, lanes, the writer, the journal, the view. Rate, errors and duration of each stage.

use super::Writer;
use crate::exchange::Exchange;
use crate::figures::{Door, Figures};
use engine::lane::Lane;
use engine::runtime::Running;
use prometheus_client::registry::Unit;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub(super) fn write(writer: &mut Writer<'_>, exchange: &Exchange) -> fmt::Result {
    doors(writer, exchange)?;
    turned_away(writer, exchange)?;
    stages(writer, &exchange.figures, &exchange.running)?;
    waiting(writer, exchange)?;
    journal(writer, &exchange.running)
}

fn doors(writer: &mut Writer<'_>, exchange: &Exchange) -> fmt::Result {
    let figures = &exchange.figures;
    let count = |count: &std::sync::atomic::AtomicUsize| count.load(Ordering::Relaxed) as u64;
    writer.gauge(
        "liandong_quic_connections",
        "QUIC connections that are open or being opened",
        count(&figures.connections),
    )?;
    writer.gauge(
        "liandong_quic_streams",
        "QUIC streams that are open",
        count(&exchange.streams),
    )?;
    writer.gauge(
        "liandong_event_readers",
        "Readers of /v1/events",
        count(&figures.readers),
    )?;
    let asked = figures.requests();
    writer.counters(
        "liandong_requests",
        "Requests that were read, by what they ask",
        asked.map(|(kind, count)| ([("kind", kind.code())], count)),
    )?;
    let told = Door::ALL
        .into_iter()
        .flat_map(|door| figures.problems(door).map(move |told| (door, told)));
    writer.counters(
        "liandong_problems",
        "Problems that somebody was told of",
        told.map(|(door, (kind, count))| ([("door", door.code()), ("kind", kind.code())], count)),
    )?;
    let answers = figures.answers();
    writer.counters(
        "liandong_http_answers",
        "Answers over HTTP",
        answers.map(|(path, class, count)| ([("path", path), ("status", class)], count)),
    )
}

fn turned_away(writer: &mut Writer<'_>, exchange: &Exchange) -> fmt::Result {
    let refused = &exchange.refused;
    let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let at_the_door = [
        ("overloaded", refused.overloaded()),
        ("unreadable", count(&refused.unreadable)),
        ("bad_field", count(&refused.bad)),
        ("not_serving", count(&refused.not_serving)),
        ("no_room", count(&refused.no_room)),
    ];
    writer.counters(
        "liandong_turned_away",
        "Requests refused before they reached the core",
        at_the_door.map(|(reason, count)| ([("reason", reason)], count)),
    )?;
    let lanes = Lane::ALL.map(|lane| (code(lane), count(&refused.lane_full[lane as usize])));
    let worker = [("worker", count(&refused.worker_full))];
    writer.counters(
        "liandong_overloads",
        "Of these the overloaded, by what was full",
        lanes
            .into_iter()
            .chain(worker)
            .map(|(full, count)| ([("full", full)], count)),
    )
}

fn stages(writer: &mut Writer<'_>, figures: &Figures, running: &Running) -> fmt::Result {
    let measures = running.measures();
    let stages = [
        ("intake", &figures.intake),
        ("decide", &measures.decide),
        ("journal", &measures.commit),
        ("decision", &figures.decision),
        ("act", &figures.act),
    ];
    writer.durations(
        "liandong_stage_duration",
        "What each stage of the way takes; decision and act are the whole of it",
        stages.map(|(stage, histogram)| ([("stage", stage)], histogram.read())),
    )?;
    writer.sizes(
        "liandong_journal_group_records",
        "Records that were made durable together",
        None,
        &measures.group_records.read(),
    )?;
    writer.sizes(
        "liandong_journal_group",
        "Bytes that were made durable together",
        Some(&Unit::Bytes),
        &measures.group_bytes.read(),
    )
}

const fn code(lane: Lane) -> &'static str {
    match lane {
        Lane::Life => "life",
        Lane::Urgent => "urgent",
        Lane::Service => "service",
    }
}

fn waiting(writer: &mut Writer<'_>, exchange: &Exchange) -> fmt::Result {
    let depths = exchange
        .depths()
        .map(|(lane, depth)| ([("lane", code(lane))], u64::from(depth)));
    writer.gauges(
        "liandong_queue_depth",
        "Requests that wait for the writer",
        depths,
    )?;
    writer.gauge(
        "liandong_requests_on_the_way",
        "Requests without an answer yet",
        exchange.on_the_way() as u64,
    )?;
    let oldest = exchange.oldest().map(|since| since.elapsed());
    writer.measure(
        "liandong_queue_age",
        "How long the oldest request on the way has waited for its answer",
        &Unit::Seconds,
        oldest.unwrap_or(Duration::ZERO).as_secs_f64(),
    )?;
    writer.counter(
        "liandong_replies_dropped",
        "Replies without room in their ring",
        exchange.running.replies_dropped(),
    )
}

fn journal(writer: &mut Writer<'_>, running: &Running) -> fmt::Result {
    // Back to front, so that no stage seems to be ahead of the one before it.
    let (told, durable) = (running.told(), running.durable());
    let (lag, applied) = (running.journal_lag(), running.applied());
    writer.gauge(
        "liandong_applied_sequence",
        "The last record that the writer has applied",
        applied.0,
    )?;
    writer.gauge(
        "liandong_durable_sequence",
        "The last record that is durable",
        durable.0,
    )?;
    writer.gauge(
        "liandong_released_sequence",
        "The last record that readers have heard of",
        told.0,
    )?;
    writer.gauge(
        "liandong_journal_lag_records",
        "Records that are applied and not durable yet",
        lag.records,
    )?;
    writer.measure(
        "liandong_journal_lag",
        "How long the oldest of them has waited",
        &Unit::Seconds,
        lag.age.as_secs_f64(),
    )?;
    writer.gauge(
        "liandong_view_lag_records",
        "Records that are durable and that readers have not heard of yet",
        durable.0.saturating_sub(told.0),
    )?;
    writer.durations_total(
        "liandong_writer_waited",
        "Time that the writer had to wait for the journal",
        running.measures().waited(),
    )?;
    keeper(writer, running)?;
    writer.measure(
        "liandong_clock_behind",
        "How far the machine's clock is behind the centre's, which stands still meanwhile",
        &Unit::Seconds,
        running.clock_behind_ms() as f64 / 1_000.0,
    )?;
    writer.counter(
        "liandong_clock_jumps",
        "Forward steps of the clock of over 60 s",
        running.clock_jumps(),
    )
}

fn keeper(writer: &mut Writer<'_>, running: &Running) -> fmt::Result {
    let kept = running.kept();
    writer.gauge(
        "liandong_disk_free_bytes",
        "Free bytes on the disk that holds the journal",
        kept.free_bytes(),
    )?;
    writer.gauge(
        "liandong_disk_refuses",
        "1 while new calls are refused because the disk is nearly full",
        u64::from(!kept.room().admits(Lane::Service)),
    )?;
    writer.gauge(
        "liandong_snapshot_sequence",
        "The last record of the newest snapshot that was proved",
        kept.snapshot().0,
    )?;
    writer.counter(
        "liandong_snapshots",
        "Snapshots made since the start",
        kept.snapshots(),
    )?;
    writer.counter(
        "liandong_keeper_failures",
        "Snapshots, removals and looks at the disk that failed since the start",
        kept.failures(),
    )
}
