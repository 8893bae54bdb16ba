//! A major incident (重大警情): its level, what it owes while it runs, and what it has told upward.
//!
//! Plain data. Which incident is major and what that asks of it is the plan's to say (`plan::major`); when it becomes so
//! and what follows is the centre's (`centre::major`).

use crate::kind::vocabulary;
use crate::moment::Moment;
use serde::{Deserialize, Serialize};

vocabulary! {
    /// How grave a major incident is (L1, GB/T 35561), in the order in which it rises.
    Level {
        /// 一般
        IV = "IV",
        /// 较大
        III = "III",
        /// 重大
        II = "II",
        /// 特别重大
        I = "I",
    }
}

vocabulary! {
    /// Why an incident came to its level.
    LevelCause {
        /// What it is held to be.
        Kind = "kind",
        /// How many are hurt.
        Injured = "injured",
        /// How many call about it.
        Calls = "calls",
        /// A person said so.
        Person = "person",
        /// It was found to be one with another of that level.
        Merged = "merged",
        /// It had it when it was closed, and is handled again.
        Reopened = "reopened",
    }
}

vocabulary! {
    /// A clock that runs on a major incident itself, whoever was ordered for it.
    IncidentClock {
        /// The next situation report (X4); starts anew with each.
        SituationReport = "situation_report",
        /// The first word upward (H6).
        FirstWord = "first_word",
        /// The written report upward (H6).
        WrittenReport = "written_report",
    }
}

vocabulary! {
    /// What is told upward of a major incident, in this order (H6).
    UpwardStage {
        /// The first word, by telephone as a rule.
        First = "first",
        /// The written report.
        Written = "written",
    }
}

impl UpwardStage {
    /// The clock that runs until it is told.
    pub const fn clock(self) -> IncidentClock {
        match self {
            UpwardStage::First => IncidentClock::FirstWord,
            UpwardStage::Written => IncidentClock::WrittenReport,
        }
    }
}

vocabulary! {
    /// What a report upward can say; the plan says which of it makes one complete (C9).
    UpwardField {
        /// 时间
        Time = "time",
        /// 地点
        Place = "place",
        /// 事件
        Event = "event",
        /// 伤亡
        Casualties = "casualties",
        /// 影响范围
        Extent = "extent",
        /// 原因
        Cause = "cause",
        /// 处置措施
        Measures = "measures",
        /// 发展趋势
        Trend = "trend",
        /// 需要支援
        Requests = "requests",
        /// 报告人
        Reporter = "reporter",
    }
}

const _: () = assert!(
    UpwardField::ALL.len() <= 16,
    "a field of a report is one bit of 16"
);

/// Some of the fields of a report upward.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UpwardFields(u16);

impl UpwardFields {
    /// The set with one more.
    #[must_use]
    pub const fn with(self, field: UpwardField) -> UpwardFields {
        UpwardFields(self.0 | 1 << field as u16)
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub const fn without(self, others: UpwardFields) -> UpwardFields {
        UpwardFields(self.0 & !others.0)
    }

    /// What is in either set.
    #[must_use]
    pub const fn union(self, others: UpwardFields) -> UpwardFields {
        UpwardFields(self.0 | others.0)
    }

    /// What is in both sets.
    #[must_use]
    pub const fn intersection(self, others: UpwardFields) -> UpwardFields {
        UpwardFields(self.0 & others.0)
    }

    /// Whether the field is in the set.
    pub const fn contains(self, field: UpwardField) -> bool {
        self.0 & (1 << field as u16) != 0
    }

    /// Whether no field is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many fields are in the set.
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// The fields of the set.
    pub fn iter(self) -> impl Iterator<Item = UpwardField> {
        let fields = UpwardField::ALL.iter().copied();
        fields.filter(move |&field| self.contains(field))
    }
}

impl FromIterator<UpwardField> for UpwardFields {
    fn from_iter<I: IntoIterator<Item = UpwardField>>(fields: I) -> UpwardFields {
        fields
            .into_iter()
            .fold(UpwardFields::default(), UpwardFields::with)
    }
}

impl Serialize for UpwardFields {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_seq(self.iter())
        } else {
            serializer.serialize_u16(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for UpwardFields {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<UpwardFields, D::Error> {
        if deserializer.is_human_readable() {
            let fields = Vec::<UpwardField>::deserialize(deserializer)?;
            return Ok(fields.into_iter().collect());
        }
        let bits = u16::deserialize(deserializer)?;
        if u32::from(bits) >> UpwardField::ALL.len() != 0 {
            return Err(serde::de::Error::custom("unknown bit of a report's fields"));
        }
        Ok(UpwardFields(bits))
    }
}

/// The clocks of a major incident that run; `None` where one does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MajorDeadlines {
    /// Of the next situation report.
    pub situation_report: Option<Moment>,
    /// Of the first word upward.
    pub first_word: Option<Moment>,
    /// Of the written report upward.
    pub written_report: Option<Moment>,
}

impl MajorDeadlines {
    /// The deadline of one clock.
    pub const fn get(&self, clock: IncidentClock) -> Option<Moment> {
        match clock {
            IncidentClock::SituationReport => self.situation_report,
            IncidentClock::FirstWord => self.first_word,
            IncidentClock::WrittenReport => self.written_report,
        }
    }

    /// The place of one clock's deadline.
    pub const fn slot(&mut self, clock: IncidentClock) -> &mut Option<Moment> {
        match clock {
            IncidentClock::SituationReport => &mut self.situation_report,
            IncidentClock::FirstWord => &mut self.first_word,
            IncidentClock::WrittenReport => &mut self.written_report,
        }
    }

    /// The clock that runs out first; ties in the order of [`IncidentClock::ALL`].
    pub fn nearest(&self) -> Option<(IncidentClock, Moment)> {
        let clocks = IncidentClock::ALL.iter();
        clocks
            .filter_map(|&clock| self.get(clock).map(|due| (clock, due)))
            .min_by_key(|&(clock, due)| (due, clock))
    }
}

/// A report upward that some level asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpwardOwed {
    /// Since when it is owed.
    pub since: Moment,
    /// Until when it is in time; drawn nearer while its clock runs.
    pub due: Moment,
}

/// How one report upward stands. Kept for every incident: what is told before a level asks for it is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpwardDuty {
    /// What is owed; `None`: no level has asked for it.
    pub owed: Option<UpwardOwed>,
    /// The fields that were told, by all reports of this stage together; `None`: none has come.
    pub told: Option<UpwardFields>,
}

impl UpwardDuty {
    /// What is owed and has not come.
    pub const fn awaited(&self) -> Option<UpwardOwed> {
        match self.told {
            None => self.owed,
            Some(_) => None,
        }
    }

    /// Whether it is awaited though its clock does not run any more: it was missed, once.
    pub const fn ran_out(&self, running: Option<Moment>) -> bool {
        self.awaited().is_some() && running.is_none()
    }

    /// A level asks for it from now on. A deadline that runs is only drawn nearer; what was told, or missed, gets no new one.
    pub fn owe(&mut self, since: Moment, due: Moment, running: &mut Option<Moment>) {
        if self.told.is_some() || self.ran_out(*running) {
            return;
        }
        let owed = self.owed.get_or_insert(UpwardOwed { since, due });
        owed.due = owed.due.min(due);
        *running = Some(owed.due);
    }

    /// The same report of two incidents that are one: owed since the earlier, until the nearer; what was told of either was told
    /// of both.
    #[must_use]
    pub fn joined(self, other: UpwardDuty) -> UpwardDuty {
        let owed = [self.owed, other.owed].into_iter().flatten();
        let told = [self.told, other.told].into_iter().flatten();
        UpwardDuty {
            owed: owed.reduce(|one, other| UpwardOwed {
                since: one.since.min(other.since),
                due: one.due.min(other.due),
            }),
            told: told.reduce(UpwardFields::union),
        }
    }
}

/// What a centre remembers of an incident because it is major.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Major {
    /// How grave it is; only rises while it runs (N1).
    pub level: Level,
    /// The clocks that run.
    pub deadlines: MajorDeadlines,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// L1: what is graver comes later, and no level at all comes first.
    #[test]
    fn levels_rise_from_four_to_one() {
        assert!(None < Some(Level::IV) && Level::IV < Level::III);
        assert!(Level::III < Level::II && Level::II < Level::I);
    }

    #[test]
    fn fields_of_a_report_are_written_by_their_codes() {
        let fields: UpwardFields = [UpwardField::Place, UpwardField::Time]
            .into_iter()
            .collect();
        let json = serde_json::to_string(&fields).unwrap();
        assert_eq!(json, r#"["time","place"]"#);
        assert_eq!(serde_json::from_str::<UpwardFields>(&json).unwrap(), fields);
        let bytes = postcard::to_stdvec(&fields).unwrap();
        assert_eq!(
            postcard::from_bytes::<UpwardFields>(&bytes).unwrap(),
            fields
        );
        assert!(postcard::from_bytes::<UpwardFields>(&[0xff, 0xff, 0x03]).is_err());
        let without = fields.without(UpwardFields::default().with(UpwardField::Time));
        assert_eq!((without.len(), fields.len()), (1, 2));
    }
}
