//! All that was released, in order, and everybody who must hear it once; what a restart tells again must be the same.

use super::replies::Left;
use super::{Bulletins, Checker, Clocks, Conduct, Keys, Orders, Reference, Replies, Twin};
use crate::world::counters::Counters;
use crate::world::ground::Ground;
use crate::world::options::{Options, Planted};
use engine::centre::Prepared;
use engine::command::Command;
use engine::event::Event;
use engine::id::{ObjectHash, Sequence};
use engine::moment::{Moment, Span};
use engine::record::RecordRef;
use engine::roads::atlas::Atlas;
use engine::roads::bulletin::Bulletin;
use engine::runtime::ReleasedRecord;
use engine::runtime::port::{Conservation, Inspection};
use engine::view::View;
use std::borrow::Cow;
use std::sync::Arc;

/// Stands between what two checkers hold against the same record.
pub const AND: &str = "\nand ";

/// The released records of a world and those who check them.
pub struct Books {
    ground: Ground,
    /// The checkers look at all that is open at every command, too.
    is_attended: bool,
    records: Vec<ReleasedRecord>,
    view: View,
    twin: Twin,
    replies: Replies,
    checkers: Vec<(&'static str, Box<dyn Checker>)>,
    bulletins: Bulletins,
    /// What was met.
    pub counters: Counters,
    digest: ObjectHash,
    bytes: Vec<u8>,
    planted: Option<Planted>,
    /// How far the process that runs now has told.
    told: usize,
}

impl Books {
    /// Empty books.
    pub fn new(ground: &Ground, options: &Options) -> Books {
        let is_attended = options.seed.is_multiple_of(4);
        Books {
            ground: ground.clone(),
            is_attended,
            records: Vec::new(),
            view: View::new(),
            twin: Twin::new(ground, is_attended),
            replies: Replies::default(),
            checkers: checkers(ground),
            bulletins: Bulletins::new(ground, options.breaks.spares_objects()),
            counters: Counters::with_all_rows(),
            digest: ObjectHash([0; 32]),
            bytes: Vec::new(),
            planted: options.planted,
            told: 0,
        }
    }

    /// What readers know.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// All records so far.
    pub fn records(&self) -> &[ReleasedRecord] {
        &self.records
    }

    /// The record with this sequence, if it was heard.
    pub fn record(&self, sequence: Sequence) -> Option<&ReleasedRecord> {
        self.records
            .get(usize::try_from(sequence.0).ok()?.checked_sub(1)?)
    }

    /// A hash over all that was released.
    pub fn digest(&self) -> ObjectHash {
        self.digest
    }

    /// Another process tells from the first record on, or from behind a snapshot, which must show what was released.
    pub fn process_begins(&mut self, restored: Option<&View>) -> Result<(), String> {
        self.told = 0;
        let Some(restored) = restored else {
            return Ok(());
        };
        let told = usize::try_from(restored.sequence().0).unwrap_or(usize::MAX);
        let Some(before) = self.records.get(..told) else {
            return Err(format!(
                "snapshot: it is of record {told}, {} were released",
                self.records.len()
            ));
        };
        let mut view = View::new();
        let missed = (self.planted == Some(Planted::RestoredMisses)).then_some(told / 2);
        for (index, record) in before.iter().enumerate() {
            if missed != Some(index) {
                view.hear(record);
            }
        }
        if view != *restored {
            return Err(format!(
                "snapshot: the view in it is not what was released up to {told}"
            ));
        }
        self.told = told;
        Ok(())
    }

    /// Everything durable was told; whoever was answered must find it there.
    pub fn all_told(&self) -> Result<(), String> {
        if self.told < self.records.len() {
            return Err(format!(
                "released and lost: {} records were told, now there are {}",
                self.records.len(),
                self.told
            ));
        }
        self.replies
            .all_heard()
            .map_err(|lost| format!("replies: {lost}"))
    }

    /// The machine stopped before its disk had what came after this many records, as it may where answers do not wait for that.
    /// What is left is told anew to checkers that have heard nothing; true when anything was lost that readers knew.
    pub fn lose_after(&mut self, kept: u64) -> Result<bool, String> {
        self.replies.lose_after(Sequence(kept));
        let kept = usize::try_from(kept).unwrap_or(usize::MAX);
        if self.records.len() <= kept {
            return Ok(false);
        }
        let mut records = std::mem::take(&mut self.records);
        records.truncate(kept);
        self.view = View::new();
        self.twin = Twin::new(&self.ground, self.is_attended);
        self.checkers = checkers(&self.ground);
        self.bulletins.begin_anew();
        self.digest = ObjectHash([0; 32]);
        let counters = std::mem::take(&mut self.counters);
        let replies = std::mem::take(&mut self.replies);
        let entered = records
            .into_iter()
            .try_for_each(|record| self.enter(record).map(drop));
        (self.counters, self.replies) = (counters, replies);
        entered.map(|()| true)
    }

    /// A reply left the centre.
    pub fn reply(&mut self, sequence: Sequence, mut left: Left) -> Result<(), String> {
        if self.planted == Some(Planted::ReplyAltered) && sequence.0.is_multiple_of(50) {
            left.answer = engine::answer::Answer::Done;
        }
        let known = self.records.get((sequence.0 as usize).wrapping_sub(1));
        let checked = self.replies.left(sequence, left, known);
        checked.map_err(|wrong| format!("replies: {wrong}"))
    }

    /// A record is told; the new ones are returned.
    pub fn hear(&mut self, mut record: ReleasedRecord) -> Result<Option<&ReleasedRecord>, String> {
        if self
            .planted
            .is_some_and(|planted| self.doctor(planted, &mut record))
        {
            return Ok(None);
        }
        if record.sequence.0 != self.told as u64 + 1 {
            return Err(format!(
                "record {} is told after {}",
                record.sequence, self.told
            ));
        }
        self.told += 1;
        if let Some(known) = self.records.get(self.told - 1) {
            return match known.record == record.record {
                true => Ok(None),
                false => Err(format!(
                    "history is another: {known:?} was released, now it is {record:?}"
                )),
            };
        }
        self.enter(record).map(Some)
    }

    fn enter(&mut self, record: ReleasedRecord) -> Result<&ReleasedRecord, String> {
        self.bytes.clear();
        self.bytes.extend_from_slice(&self.digest.0);
        let read = &record.record;
        let written = RecordRef {
            at: read.at,
            envelope: &read.envelope,
            testimony: &read.testimony,
            events: &read.events,
        };
        written.encode(&mut self.bytes);
        self.digest = ObjectHash::of(&self.bytes);
        self.counters.hear(&record);
        if self.planted != Some(Planted::ViewMisses) || record.sequence.0 != 400 {
            self.view.hear(&record);
        }
        let complaints = self.ask_all(&record);
        if !complaints.is_empty() {
            let complaints = complaints.join(AND);
            return Err(format!("{complaints}; at record {record:?}"));
        }
        self.records.push(record);
        self.records.last().ok_or_else(String::new)
    }

    /// What is held against a record, each by its name. All are asked, so that a defect shows who sees it; but nobody can be asked
    /// about a map that is not known.
    fn ask_all(&mut self, record: &ReleasedRecord) -> Vec<String> {
        let brought = match self.bulletins.brought(self.told_of_roads(record).as_ref()) {
            Ok(brought) => brought,
            Err(why) => return vec![format!("bulletins: {why}")],
        };
        if let Some(atlas) = &brought {
            self.prepare(atlas);
        }
        let told = self.told_of_roads(record);
        let mut asked = vec![("bulletins", self.bulletins.hear(told.as_ref(), brought))];
        for (name, checker) in &mut self.checkers {
            asked.push((name, checker.hear(record)));
        }
        asked.push(("twin", self.twin.hear(record)));
        asked.push(("replies", self.replies.hear(record)));
        let complaints = asked.into_iter();
        complaints
            .filter_map(|(name, said)| Some(format!("{name}: {}", said.err()?)))
            .collect()
    }

    /// What the checker of bulletins is told.
    fn told_of_roads<'a>(&self, record: &'a ReleasedRecord) -> Cow<'a, ReleasedRecord> {
        if self.planted != Some(Planted::HourOff) || record.record.at == Moment(0) {
            return Cow::Borrowed(record);
        }
        let mut later = record.clone();
        later.record.at = later.record.at + Span::hours(1);
        Cow::Owned(later)
    }

    /// Somebody gave a bulletin: this is the map as it says.
    pub fn give(&mut self, atlas: &Arc<Atlas>) {
        self.bulletins.give(atlas);
    }

    /// Puts the map at hand that the next record brings into force.
    fn prepare(&mut self, atlas: &Arc<Atlas>) {
        let object = Prepared::Roads(Arc::clone(atlas));
        for (_, checker) in &mut self.checkers {
            checker.prepare(&object);
        }
        let told = match self.planted {
            Some(Planted::ClosureUnknown) => Prepared::Roads(without_notices(atlas)),
            Some(_) | None => object.clone(),
        };
        self.twin.prepare(object, &told);
    }

    /// Holds the state of the centre that runs against the one that never crashed, and against what readers know.
    pub fn inspect(&mut self, running: &Inspection) -> Result<(), String> {
        let mut twin = self.twin.inspect();
        if self.planted == Some(Planted::StateOther) && twin.sequence.0 > 400 {
            twin.hash.0[7] ^= 1;
        }
        if running.sequence != twin.sequence || running.hash != twin.hash {
            return Err(format!(
                "twin: the state is another: {running:?}, and never crashed {twin:?}"
            ));
        }
        let counted = running.conservation;
        if !counted.holds() {
            return Err(format!("conservation: {counted:?}"));
        }
        let seen = self.view.conservation();
        if seen != counted {
            return Err(format!(
                "view: readers count {seen:?}, the centre {counted:?}"
            ));
        }
        self.counters.hit("world", "inspection");
        Ok(())
    }

    /// How calls add up by what readers know.
    pub fn conservation(&self) -> Conservation {
        self.view.conservation()
    }

    /// All is over: asks every checker, and folds the view once more from the first record.
    pub fn end(&mut self) -> Result<(), String> {
        for (name, checker) in &mut self.checkers {
            checker.end().map_err(|why| format!("{name}: {why}"))?;
            checker.tell(&mut self.counters);
        }
        let mut view = View::new();
        self.records.iter().for_each(|record| view.hear(record));
        match format!("{view:?}") == format!("{:?}", self.view) {
            true => Ok(()),
            false => Err("view: it is not what the journal folds to".into()),
        }
    }

    /// Plants a defect in the stream; true drops the record.
    fn doctor(&mut self, planted: Planted, record: &mut ReleasedRecord) -> bool {
        let is_late = record.sequence.0 > 400;
        let events = &mut record.record.events;
        match planted {
            Planted::RecordDropped => record.sequence.0 == 400,
            Planted::EventAltered if record.sequence.0 == 400 => {
                events.push(Event::Refused(engine::event::Refusal::UnknownCall));
                false
            }
            Planted::ClockTwice if is_late => {
                let fired = events
                    .iter()
                    .find(|event| matches!(event, Event::ClockMissed { .. }));
                events.extend(fired.copied());
                false
            }
            Planted::OrderJumps if is_late => {
                for event in events.iter_mut() {
                    if let Event::OrderMoved { from, .. } = event {
                        *from = engine::order::OrderState::Finished;
                    }
                }
                false
            }
            Planted::KeyTwice if is_late => {
                let is_call = matches!(record.record.envelope.command, Command::TakeCall(_));
                if let (true, Some(Event::CallRepeated { call, .. })) =
                    (is_call, events.first().copied())
                {
                    *events = vec![Event::CallTaken { call }];
                }
                false
            }
            Planted::EventAltered
            | Planted::ClosureUnknown
            | Planted::StaleTimes
            | Planted::ClockTwice
            | Planted::KeyTwice
            | Planted::OrderJumps
            | Planted::Lie(_)
            | Planted::ReplyAltered
            | Planted::ViewMisses
            | Planted::NobodyObeys
            | Planted::HourOff
            | Planted::RestoredMisses
            | Planted::StateOther
            | Planted::SnapshotsRot
            | Planted::SyncsStop
            | Planted::SecretFlip => false,
        }
    }
}

fn checkers(ground: &Ground) -> Vec<(&'static str, Box<dyn Checker>)> {
    vec![
        ("keys", Box::new(Keys::default())),
        ("clocks", Box::new(Clocks::default())),
        ("conduct", Box::new(Conduct::default())),
        ("orders", Box::new(Orders::default())),
        ("model", Box::new(Reference::new(ground))),
    ]
}

/// The same map under the same name, as if nothing were said of it but the hour.
fn without_notices(atlas: &Arc<Atlas>) -> Arc<Atlas> {
    let silent = Bulletin {
        notices: Vec::new(),
        ..atlas.bulletin()
    };
    let hash = atlas.bulletin_hash();
    let silenced = hash.and_then(|hash| atlas.under(hash, silent).ok());
    silenced.map_or_else(|| Arc::clone(atlas), Arc::new)
}
