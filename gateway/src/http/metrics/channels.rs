//! The channels to people: what became of telling them, who still waits, how long it takes.

use super::Writer;
use crate::channels::Outcome;
use crate::exchange::Exchange;
use engine::city::contacts::ChannelKind;
use std::fmt;

pub(super) fn write(writer: &mut Writer<'_>, exchange: &Exchange) -> fmt::Result {
    let figures = &exchange.channels.figures;
    let of_each = ChannelKind::ALL.iter().flat_map(|&channel| {
        let outcomes = Outcome::ALL.into_iter();
        outcomes.map(move |outcome| {
            let labels = [("channel", channel.code()), ("outcome", outcome.code())];
            (labels, figures.counted(channel, outcome))
        })
    });
    writer.counters(
        "liandong_channel_tellings",
        "What became of telling people of orders, each try by itself",
        of_each,
    )?;
    let waiting = ChannelKind::ALL.iter();
    let waiting = waiting.map(|&channel| ([("channel", channel.code())], figures.waiting(channel)));
    writer.gauges(
        "liandong_channel_waiting",
        "People who are still to be told of an order, or are being told",
        waiting,
    )?;
    let took = ChannelKind::ALL.iter();
    let took = took.map(|&channel| ([("channel", channel.code())], figures.took(channel).read()));
    writer.long_durations(
        "liandong_channel_duration",
        "From an order, or a rung of its ladder, until somebody was told",
        took,
    )
}
