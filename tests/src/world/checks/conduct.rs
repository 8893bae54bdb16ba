//! What a major incident owes, in a world: the same promises as beside the model, and in the end nothing runs on.

use super::Checker;
use engine::runtime::ReleasedRecord;

/// Follows every major incident of a world.
#[derive(Debug, Default)]
pub struct Conduct(crate::checks::Conduct);

impl Checker for Conduct {
    fn hear(&mut self, released: &ReleasedRecord) -> Result<(), String> {
        let record = &released.record;
        self.0.take(record.at, &record.envelope, &record.events)
    }

    fn end(&mut self) -> Result<(), String> {
        match self.0.runs_on() {
            None => Ok(()),
            Some(left) => Err(format!("a clock still runs: {left}")),
        }
    }
}
