//! A run as an HdrHistogram interval log: the distribution of every second, for the tools that read such logs.
//!
//! Latency from the intended time of sending has no tag, service time has `Tag=service`; values are microseconds, the maximum of
//! a line is in milliseconds. Seconds in which nothing was answered have no line.

use super::packed::Packed;
use super::seconds::Interval;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use std::io::{Error, Write};
use std::time::{Duration, SystemTime};

/// The tag of service times.
pub const SERVICE: &str = "service";

/// Writes the log of a run that began at this time.
pub fn write(
    intervals: &[Interval],
    started: SystemTime,
    mut out: impl Write,
) -> Result<(), Error> {
    let mut serializer = V2DeflateSerializer::new();
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment("[Histogram log format version 1.3]")
        .add_comment(
            "[values are microseconds; no tag: from the intended time of sending; Tag=service: from the actual one]",
        )
        .with_start_time(started)
        .with_base_time(started)
        .with_max_value_divisor(1_000.0)
        .begin_log_with(&mut out, &mut serializer)?;
    let mut line = |packed: &Packed, interval: &Interval, tag| {
        let latencies = packed.latencies();
        let Some(histogram) = latencies.histogram().filter(|one| !one.is_empty()) else {
            return Ok(());
        };
        let begin = Duration::from_secs(interval.start_s);
        let lasting = Duration::from_secs_f64(interval.seconds);
        log.write_histogram(histogram, begin, lasting, tag)
            .map_err(|error| Error::other(error.to_string()))
    };
    for interval in intervals {
        line(&interval.arrival.corrected, interval, None)?;
        line(&interval.arrival.service, interval, Tag::new(SERVICE))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::latency::Latencies;
    use crate::report::seconds::Arrival;
    use hdrhistogram::Histogram;
    use hdrhistogram::serialization::Deserializer;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    fn packed(micros: &[u64]) -> Packed {
        let mut latencies = Latencies::default();
        for &micros in micros {
            latencies.add(Duration::from_micros(micros));
        }
        Packed::of(&latencies)
    }

    #[test]
    fn the_log_reads_back_as_what_was_measured() {
        let interval = |start_s, micros: &[u64]| Interval {
            start_s,
            seconds: 1.0,
            arrival: Arrival {
                corrected: packed(micros),
                service: packed(&micros[..micros.len().min(1)]),
                ..Arrival::default()
            },
            ..Interval::default()
        };
        let intervals = [
            interval(0, &[900, 1_500, 40_000]),
            interval(1, &[]),
            interval(2, &[70]),
        ];
        let mut log = Vec::new();
        let started = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        write(&intervals, started, &mut log).unwrap();
        let mut deserializer = Deserializer::new();
        let mut read = Vec::new();
        for entry in IntervalLogIterator::new(&log) {
            match entry.unwrap() {
                LogEntry::Interval(line) => {
                    use base64::Engine as _;
                    let bytes = base64::engine::general_purpose::STANDARD
                        .decode(line.encoded_histogram())
                        .unwrap();
                    let histogram: Histogram<u64> =
                        deserializer.deserialize(&mut bytes.as_slice()).unwrap();
                    let tag = line.tag().map(|tag| tag.as_str().to_string());
                    let at = line.start_timestamp().as_secs();
                    read.push((at, tag, histogram.len(), histogram.max()));
                }
                LogEntry::StartTime(at) | LogEntry::BaseTime(at) => {
                    assert_eq!(at.as_secs(), 1_800_000_000);
                }
            }
        }
        let service = Some(SERVICE.to_string());
        let expected = [
            (0, None, 3, 40_031),
            (0, service.clone(), 1, 900),
            (2, None, 1, 70),
            (2, service, 1, 70),
        ];
        assert_eq!(read, expected);
    }
}
