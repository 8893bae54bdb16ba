//! What of a journal may go: segments and snapshots that are older than was asked for, and only behind snapshots that are whole.
//!
//! [`plan`] decides, without touching anything; [`carry_out`] removes, oldest first, so that a crash in the middle leaves a
//! journal that has merely lost less. What is kept always begins with a snapshot, or with the journal's first record.

use super::disk::Folder;
use super::segment::{self, SegmentHeader, segment_name};
use super::snapshot::{SnapshotHeader, Snapshots};
use super::{BLOCK_BYTES, IoFault};
use crate::id::Sequence;
use crate::journal::disk::Access;
use crate::limits::KEYS_REMEMBERED;
use crate::moment::{Moment, Span};

/// However many bytes they need, the records of this time are kept: a call that is sent again is answered from the record of the
/// first time (N2).
pub const KEPT_LEAST: Span = KEYS_REMEMBERED;
/// Snapshots that are always kept: one to start from, one should that be damaged.
pub const SNAPSHOTS_LEAST: usize = 2;
/// The kept time is divided by this: so far apart are snapshots kept, so that old times are found again quickly.
const SNAPSHOTS_PER_RETENTION: i64 = 8;

/// How much of a journal is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Records of this time, in the centre's own, are kept.
    pub kept: Span,
    /// Unless they need more than this: then the oldest go earlier, but for those of [`KEPT_LEAST`].
    pub bytes_max: Option<u64>,
}

/// A segment as far as retention looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentFacts {
    /// Its first sequence.
    pub first: Sequence,
    /// Its size.
    pub bytes: u64,
}

/// A snapshot as far as retention looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotFacts {
    /// The last record in it.
    pub sequence: Sequence,
    /// The time of that record.
    pub at: Moment,
    /// Its size.
    pub bytes: u64,
}

impl From<&SnapshotHeader> for SnapshotFacts {
    fn from(header: &SnapshotHeader) -> SnapshotFacts {
        SnapshotFacts {
            sequence: header.sequence(),
            at: header.at(),
            bytes: header.bytes(),
        }
    }
}

/// What may go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removal {
    /// The snapshot that what is kept begins with, if anything before it goes; prove it whole before anything is removed.
    pub base: Option<Sequence>,
    /// Segments that go, oldest first.
    pub segments: Vec<Sequence>,
    /// Snapshots that go, oldest first.
    pub snapshots: Vec<Sequence>,
}

/// What may go at this time. Both lists oldest first; the last segment is the one that is written to.
pub fn plan(
    retention: &Retention,
    now: Moment,
    segments: &[SegmentFacts],
    snapshots: &[SnapshotFacts],
) -> Removal {
    // Behind each of these there are enough newer ones.
    let bases = snapshots.len().saturating_sub(SNAPSHOTS_LEAST - 1);
    let bases = &snapshots[..bases];
    let older_than = |span| bases.partition_point(|base| base.at + span <= now);
    let mut base = older_than(retention.kept).checked_sub(1);
    let may_go = older_than(KEPT_LEAST);
    let bytes_behind = |base: Option<usize>| -> u64 {
        let from = base.map_or(Sequence(0), |base| bases[base].sequence);
        let kept = segments.len() - gone(segments, from).len();
        let segments = segments[segments.len() - kept..]
            .iter()
            .map(|one| one.bytes);
        let snapshots = snapshots[base.unwrap_or(0)..].iter().map(|one| one.bytes);
        segments.sum::<u64>() + snapshots.sum::<u64>()
    };
    while let Some(bytes_max) = retention.bytes_max
        && bytes_behind(base) > bytes_max
        && base.map_or(0, |base| base + 1) < may_go
    {
        base = Some(base.map_or(0, |base| base + 1));
    }
    let from = base.map_or(Sequence(0), |base| bases[base].sequence);
    let mut removal = Removal {
        base: base.map(|base| bases[base].sequence),
        segments: gone(segments, from).iter().map(|one| one.first).collect(),
        snapshots: snapshots[..base.unwrap_or(0)]
            .iter()
            .map(|one| one.sequence)
            .collect(),
    };
    removal
        .snapshots
        .extend(between(retention, &snapshots[base.unwrap_or(0)..]));
    removal
}

/// Segments that end before the record `from`: that in which a snapshot's last record stands is walked through when the journal
/// behind it is proved.
fn gone(segments: &[SegmentFacts], from: Sequence) -> &[SegmentFacts] {
    let followed = segments.iter().skip(1);
    let count = followed.take_while(|next| next.first <= from).count();
    &segments[..count]
}

/// Of the snapshots from the base on, those that stand closer together than anybody needs.
fn between(retention: &Retention, kept: &[SnapshotFacts]) -> Vec<Sequence> {
    let apart = Span(retention.kept.0 / SNAPSHOTS_PER_RETENTION);
    let Some(base) = kept.first() else {
        return Vec::new();
    };
    let mut last = base.at;
    let mut close = Vec::new();
    let newest = kept.len().saturating_sub(SNAPSHOTS_LEAST).max(1);
    for one in kept.get(1..newest).unwrap_or_default() {
        if one.at < last + apart {
            close.push(one.sequence);
        } else {
            last = one.at;
        }
    }
    close
}

/// The segments in a folder, oldest first.
pub fn segments(folder: &Folder) -> Result<Vec<SegmentFacts>, IoFault> {
    let mut facts = Vec::new();
    for first in segment::list(folder)? {
        let mut block = [0; BLOCK_BYTES as usize];
        folder
            .open(&segment_name(first), Access::Read)?
            .read(&mut block, 0)?;
        // One that cannot be read is damage, which is for others to say; here it only is in nobody's way.
        let bytes = SegmentHeader::decode(&block).map_or(0, |header| header.bytes);
        facts.push(SegmentFacts { first, bytes });
    }
    Ok(facts)
}

/// Removes what may go.
pub fn carry_out(folder: &Folder, removal: &Removal) -> Result<(), IoFault> {
    let snapshots = Snapshots::of(folder);
    for &sequence in &removal.snapshots {
        snapshots.remove(sequence)?;
    }
    for &first in &removal.segments {
        folder.remove(&segment_name(first))?;
        // One by one, so that never a later one is gone and an earlier one is back.
        folder.sync()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn segments() -> Vec<SegmentFacts> {
        let fact = |first| SegmentFacts {
            first: Sequence(first),
            bytes: 100,
        };
        [1, 100, 200, 300, 400].map(fact).to_vec()
    }

    fn snapshots(of: &[(u64, i64)]) -> Vec<SnapshotFacts> {
        let fact = |&(sequence, hours): &(u64, i64)| SnapshotFacts {
            sequence: Sequence(sequence),
            at: Moment(hours * HOUR),
            bytes: 10,
        };
        of.iter().map(fact).collect()
    }

    fn kept(hours: i64, bytes_max: Option<u64>) -> Retention {
        Retention {
            kept: Span(hours * HOUR),
            bytes_max,
        }
    }

    fn numbers(sequences: &[Sequence]) -> Vec<u64> {
        sequences.iter().map(|sequence| sequence.0).collect()
    }

    #[test]
    fn segments_go_behind_a_snapshot_that_is_old_enough_and_not_the_newest() {
        let snapshots = snapshots(&[(150, 10), (299, 20), (350, 30)]);
        let at = |hour| {
            plan(
                &kept(24, None),
                Moment(hour * HOUR),
                &segments(),
                &snapshots,
            )
        };
        assert_eq!(at(33), Removal::default(), "nothing is old enough");
        let removal = at(34);
        assert_eq!(removal.base, Some(Sequence(150)));
        assert_eq!(numbers(&removal.segments), [1], "100 to 199 holds 151");
        assert_eq!(removal.snapshots, []);
        let removal = at(44);
        assert_eq!(removal.base, Some(Sequence(299)));
        assert_eq!(
            numbers(&removal.segments),
            [1, 100],
            "200 to 299 holds where the snapshot stands"
        );
        assert_eq!(numbers(&removal.snapshots), [150]);
        let removal = at(10_000);
        assert_eq!(
            removal.base,
            Some(Sequence(299)),
            "the newest has nothing behind it"
        );
    }

    #[test]
    fn without_a_second_snapshot_nothing_goes() {
        let far = Moment(10_000 * HOUR);
        for of in [&[][..], &[(150, 10)]] {
            let removal = plan(&kept(1, Some(1)), far, &segments(), &snapshots(of));
            assert_eq!(removal, Removal::default());
        }
    }

    #[test]
    fn too_many_bytes_let_the_oldest_go_earlier() {
        let snapshots = snapshots(&[(150, 10), (299, 20), (350, 30)]);
        let at = |bytes_max, hour| {
            let removal = plan(
                &kept(1_000, Some(bytes_max)),
                Moment(hour * HOUR),
                &segments(),
                &snapshots,
            );
            (removal.base.map(|base| base.0), removal.segments.len())
        };
        assert_eq!(at(530, 60), (None, 0));
        assert_eq!(at(529, 60), (Some(150), 1));
        assert_eq!(at(429, 60), (Some(299), 2));
        assert_eq!(at(1, 60), (Some(299), 2), "never the last copy");
        let day = KEPT_LEAST.0 / HOUR;
        assert_eq!(
            at(1, 10 + day - 1),
            (None, 0),
            "never whose keys are remembered"
        );
        assert_eq!(at(1, 10 + day), (Some(150), 1));
    }

    #[test]
    fn snapshots_in_between_are_thinned() {
        let many: Vec<_> = (0..20).map(|hour| (150 + hour as u64, hour)).collect();
        let removal = plan(
            &kept(24, None),
            Moment(20 * HOUR),
            &segments(),
            &snapshots(&many),
        );
        assert_eq!(removal.base, None);
        let gone = numbers(&removal.snapshots);
        let left: Vec<_> = many
            .iter()
            .filter(|(sequence, _)| !gone.contains(sequence))
            .map(|&(_, hour)| hour)
            .collect();
        assert_eq!(left, [0, 3, 6, 9, 12, 15, 18, 19]);
    }
}
