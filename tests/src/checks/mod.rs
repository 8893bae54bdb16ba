//! Checkers: each holds one promise against a stream of (time, command, events) and knows nothing of the engine's state.
//!
//! They are small on purpose and separate from whatever makes the stream: a simulated world, a duel with the model, a
//! journal that is read back. [`Checks`] holds them all.

mod choice;
mod clocks;
mod conduct;
mod fleet;
mod keys;
mod orders;
mod preemption;
mod sums;

pub use choice::{Idle, Nearest};
pub use clocks::Clocks;
pub use conduct::Conduct;
pub use keys::Keys;
pub use orders::{OneOrder, Transitions};
pub use preemption::Preemption;
pub use sums::Sums;

use crate::duel::scene::Scene;
use engine::centre::Prepared;
use engine::command::Envelope;
use engine::event::Event;
use engine::id::Sequence;
use engine::moment::Moment;
use engine::runtime::port::Conservation;

/// One command with all it caused, as a reader of the journal meets it.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'a> {
    /// Its number.
    pub sequence: Sequence,
    /// Centre time.
    pub at: Moment,
    /// Who said what.
    pub envelope: &'a Envelope,
    /// What happened.
    pub events: &'a [Event],
    /// How calls add up after it.
    pub conservation: Conservation,
}

/// One promise.
pub trait Check: std::fmt::Debug {
    /// Puts an object at hand that a later command may activate.
    fn prepare(&mut self, _: &Prepared) {}

    /// Takes in the next command.
    ///
    /// # Errors
    /// What was promised and did not hold, in words.
    fn hear(&mut self, heard: &Heard) -> Result<(), String>;
}

/// All checkers together.
#[derive(Debug)]
pub struct Checks {
    all: Vec<(&'static str, Box<dyn Check>)>,
}

impl Checks {
    /// Checkers for a centre that starts with these objects.
    pub fn new(scene: &Scene) -> Checks {
        let objects = scene.objects();
        Checks {
            all: vec![
                ("keys", Box::new(Keys::new(scene.capacities.calls_max))),
                ("transitions", Box::new(Transitions::new(&objects))),
                ("one order", Box::new(OneOrder::new(&objects))),
                ("clocks", Box::new(Clocks::default())),
                ("conduct", Box::new(Conduct::default())),
                ("sums", Box::new(Sums::default())),
                ("nearest", Box::new(Nearest::new(&objects))),
                ("preemption", Box::new(Preemption::new(&objects))),
                ("idle", Box::new(Idle::new(&objects))),
            ],
        }
    }

    /// Puts an object at hand that a later command may activate.
    pub fn prepare(&mut self, object: &Prepared) {
        self.all
            .iter_mut()
            .for_each(|(_, check)| check.prepare(object));
    }

    /// Lets all of them hear the next command.
    ///
    /// # Errors
    /// The first promise that did not hold, with the name of its checker.
    pub fn hear(&mut self, heard: &Heard) -> Result<(), String> {
        for (name, check) in &mut self.all {
            check
                .hear(heard)
                .map_err(|what| format!("{name}: {what}"))?;
        }
        Ok(())
    }
}
