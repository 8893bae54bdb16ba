//! What an import read, dropped and repaired: each thing counted, the first few named by their place.
//!
//! Nothing is dropped or changed without a line here. The list of findings is closed: whoever adds a rule adds its line, and
//! `docs/roads.md` says the same.

use std::collections::BTreeMap;
use std::fmt;

/// The places that are named for each finding; the others are only counted.
pub const PLACES_MAX: usize = 5;

/// What became of what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It was read.
    Read,
    /// It is left out.
    Dropped,
    /// It was put right; the finding says how.
    Repaired,
    /// It stays as it is, but whoever relies on the map should know.
    Noted,
    /// It is in the network.
    Kept,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Read => "read",
            Verdict::Dropped => "dropped",
            Verdict::Repaired => "repaired",
            Verdict::Noted => "noted",
            Verdict::Kept => "kept",
        })
    }
}

/// Declares the findings: variant, verdict, the words behind the count.
macro_rules! findings {
    ($($(#[$doc:meta])* $variant:ident = $verdict:ident, $words:literal;)+) => {
        /// One sort of thing that an import can find, in the order in which a report tells them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Finding { $($(#[$doc])* $variant,)+ }

        impl Finding {
            /// All of them.
            pub const ALL: &'static [Finding] = &[$(Finding::$variant,)+];

            /// What became of it.
            pub const fn verdict(self) -> Verdict {
                match self { $(Finding::$variant => Verdict::$verdict,)+ }
            }

            /// The words behind the count.
            pub const fn words(self) -> &'static str {
                match self { $(Finding::$variant => $words,)+ }
            }
        }
    };
}

findings! {
    /// Rows of the table of nodes.
    NodeRows = Read, "rows of nodes";
    /// Rows of the table of edges.
    EdgeRows = Read, "rows of edges";
    /// Bytes of an extract.
    MapBytes = Read, "bytes";
    /// Nodes of the map.
    MapNodes = Read, "nodes of the map";
    /// Ways of the map.
    MapWays = Read, "ways of the map";
    /// Relations of the map.
    MapRelations = Read, "relations of the map";
    /// Ways for vehicles.
    Roads = Read, "ways for vehicles";
    /// Restriction relations.
    Restrictions = Read, "turn restrictions";
    /// Node rows that cannot be placed.
    NodeNowhere = Dropped, "nodes whose position is not on the globe or not a number";
    /// A node row that repeats another.
    NodeRepeated = Dropped, "nodes that repeat another of the same id and place";
    /// Edge rows with an end that is not there.
    EdgeUnknownNode = Dropped, "edges that name a node which is not there";
    /// Loops.
    EdgeLoop = Dropped, "edges that end where they begin";
    /// Times that are none.
    EdgeTimeNone = Dropped, "edges whose time is negative, not a number, or over a day";
    /// Lengths that are none.
    EdgeLengthNone = Dropped, "edges whose length is negative, not a number, or over 4 000 km";
    /// Edges that no route would use.
    EdgeDominated = Dropped, "parallel edges of the same class that are neither quicker nor shorter than another";
    /// Ferries.
    Ferry = Dropped, "ferries and shuttle trains: their timetable is not on the map";
    /// Ways that are not there yet, or no more.
    RoadUnusable = Dropped, "roads that are areas, impassable, or open by tides of traffic that the map cannot tell";
    /// Ways closed to both profiles.
    RoadClosed = Dropped, "roads that are closed to cars and to emergency vehicles";
    /// Segments cut off by the border of the extract.
    SegmentCut = Dropped, "segments whose nodes are not in the extract";
    /// Ways read twice.
    WayRepeated = Dropped, "ways that repeat another of the same id";
    /// Restrictions that do not concern us.
    RestrictionOthers = Dropped, "turn restrictions for other vehicles, or from which cars and emergency vehicles are excepted";
    /// Restrictions by condition.
    RestrictionConditional = Dropped, "turn restrictions that hold only under a condition";
    /// Restrictions that cannot be understood.
    RestrictionBroken = Dropped, "turn restrictions whose members do not make a turn";
    /// Restrictions whose roads are gone.
    RestrictionGone = Dropped, "turn restrictions on roads that are not in the network or not driven that way";
    /// Bans whose edges are gone.
    BanGone = Dropped, "banned turns over edges that were dropped";
    /// Edges outside the largest part.
    LostEdges = Dropped, "edges outside the largest strongly connected part of the siren profile";
    /// Nodes outside the largest part.
    LostNodes = Dropped, "nodes outside it, or without an edge";
    /// Lost parts.
    LostParts = Dropped, "parts these make; the biggest is named";
    /// Length filled in.
    EdgeLengthFilled = Repaired, "edges of no length between nodes that lie apart: the straight line taken";
    /// Edges without time.
    EdgeTimeZero = Noted, "edges that take no time (0 ms)";
    /// Edges shorter than the straight line.
    EdgeShort = Noted, "edges more than a tenth shorter than the straight line between their nodes, kept as they are";
    /// Edges for the siren alone.
    EdgeSirenOnly = Noted, "edges that only the siren profile may use";
    /// Edges on which the siren is slower.
    EdgeSirenSlower = Noted, "edges on which the siren profile is slower than the normal one, kept as they are";
    /// Nodes at one place.
    NodeSamePlace = Noted, "nodes that lie exactly where another does";
    /// Segments of no length.
    SegmentZero = Noted, "segments of no length";
    /// Conditional tags.
    Conditional = Noted, "tags that hold only under a condition, passed over";
    /// Speeds that cannot be read.
    SpeedUnread = Noted, "speed limits that cannot be read: the default of the class taken";
    /// Access that cannot be read.
    AccessUnread = Noted, "access tags of no known value, passed over";
    /// One-way tags that cannot be read.
    OnewayUnread = Noted, "one-way tags of no known value, passed over";
    /// Barriers that close.
    BarrierClosed = Noted, "barriers on a road that let no vehicle pass";
    /// Barriers for the siren.
    BarrierSiren = Noted, "barriers on a road that let only emergency vehicles pass";
    /// Barriers of no known kind.
    BarrierUnread = Noted, "barriers of no known kind, taken as closed";
    /// Restrictions obeyed.
    RestrictionObeyed = Kept, "turn restrictions";
    /// Nodes.
    Nodes = Kept, "nodes";
    /// Edges.
    Edges = Kept, "edges";
    /// Bans.
    Bans = Kept, "banned turns";
}

/// How often, and where first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Tally {
    count: u64,
    places: Vec<String>,
}

/// What an import found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    tallies: BTreeMap<Finding, Tally>,
}

impl Report {
    /// One more of these, at this place.
    pub fn note(&mut self, finding: Finding, place: impl fmt::Display) {
        let tally = self.tallies.entry(finding).or_default();
        tally.count = tally.count.saturating_add(1);
        if tally.places.len() < PLACES_MAX {
            tally.places.push(place.to_string());
        }
    }

    /// So many more, without places.
    pub fn count(&mut self, finding: Finding, more: u64) {
        if more > 0 {
            let tally = self.tallies.entry(finding).or_default();
            tally.count = tally.count.saturating_add(more);
        }
    }

    /// A place for what is counted anyway.
    pub fn place(&mut self, finding: Finding, place: impl fmt::Display) {
        let tally = self.tallies.entry(finding).or_default();
        if tally.places.len() < PLACES_MAX {
            tally.places.push(place.to_string());
        }
    }

    /// All that another found.
    pub fn absorb(&mut self, other: Report) {
        for (finding, tally) in other.tallies {
            self.count(finding, tally.count);
            for place in tally.places {
                self.place(finding, place);
            }
        }
    }

    /// How many there were.
    pub fn of(&self, finding: Finding) -> u64 {
        self.tallies.get(&finding).map_or(0, |tally| tally.count)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (finding, tally) in &self.tallies {
            write!(f, "{:<9}{:>10}  ", finding.verdict(), tally.count)?;
            f.write_str(finding.words())?;
            if !tally.places.is_empty() {
                write!(f, ": {}", tally.places.join(", "))?;
                if tally.count > tally.places.len() as u64 && tally.places.len() == PLACES_MAX {
                    f.write_str(", …")?;
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_places_are_named_and_all_are_counted() {
        let mut report = Report::default();
        for row in 2..9 {
            report.note(Finding::EdgeLoop, format_args!("edges.csv:{row}"));
        }
        report.count(Finding::Nodes, 3);
        report.count(Finding::Bans, 0);
        assert_eq!(report.of(Finding::EdgeLoop), 7);
        assert_eq!(
            report.to_string(),
            "dropped           7  edges that end where they begin: edges.csv:2, edges.csv:3, edges.csv:4, edges.csv:5, edges.csv:6, …\n\
             kept              3  nodes\n"
        );
    }
}
