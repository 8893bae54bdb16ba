//! The table `[journal]`, checked and brought into the engine's units.

use super::Check;
use super::typed::{DurabilityTyped, Journal};
use engine::journal::retention::Retention;
use engine::journal::{Durability, Shape};
use engine::moment::Span;
use engine::runtime::keeper::Keeping;

/// How the journal is laid out.
pub(super) fn shape(typed: &Journal) -> Shape {
    Shape {
        segment_bytes: u64::from(*typed.segment_mib.get_ref()) << 20,
        durability: match typed.durability {
            DurabilityTyped::Sync => Durability::Sync,
            DurabilityTyped::Batch => Durability::Batch,
        },
        ..Shape::default()
    }
}

/// When snapshots are made, how much of the journal is kept, and how much room must stay.
pub(super) fn keeping(typed: &Journal) -> Keeping {
    let gib_max = *typed.keep_gib_max.get_ref();
    Keeping {
        snapshot_records: *typed.snapshot_records.get_ref(),
        snapshot_age: Span(*typed.snapshot_minutes.get_ref() as i64 * 60_000),
        retention: Retention {
            kept: Span::hours(*typed.keep_days.get_ref() as i64 * 24),
            bytes_max: (gib_max > 0).then_some(gib_max << 30),
        },
        room_low_bytes: *typed.room_low_mib.get_ref() << 20,
        room_least_bytes: *typed.room_least_mib.get_ref() << 20,
    }
}

impl Check<'_> {
    /// Refuses sizes and times that cannot work.
    pub(super) fn journal(&mut self, typed: &Journal) {
        let segment = &typed.segment_mib;
        if !(8..=4_096).contains(segment.get_ref()) {
            let what = format!("{} must be from 8 to 4096", segment.get_ref());
            self.wrong(&Some(segment.span().start), "journal.segment_mib", what);
        }
        for (value, least, most, field) in [
            (
                &typed.snapshot_records,
                1_000,
                100_000_000,
                "journal.snapshot_records",
            ),
            (
                &typed.snapshot_minutes,
                1,
                60 * 24 * 365,
                "journal.snapshot_minutes",
            ),
            (&typed.keep_days, 1, 365 * 100, "journal.keep_days"),
            (&typed.keep_gib_max, 0, 1 << 20, "journal.keep_gib_max"),
            (&typed.room_low_mib, 0, 1 << 30, "journal.room_low_mib"),
            (&typed.room_least_mib, 0, 1 << 30, "journal.room_least_mib"),
        ] {
            if !(least..=most).contains(value.get_ref()) {
                let what = format!("{} must be from {least} to {most}", value.get_ref());
                self.wrong(&Some(value.span().start), field, what);
            }
        }
        let (low, least) = (typed.room_low_mib.get_ref(), &typed.room_least_mib);
        if low < least.get_ref() {
            let what = format!(
                "{} is more than room_low_mib, {low}: the warning must come before calls are refused",
                least.get_ref()
            );
            self.wrong(&Some(least.span().start), "journal.room_least_mib", what);
        }
    }
}
