//! The engine and its reference model side by side: the same commands to both, and the first difference in full.
//!
//! [`run_seed`] plays a stream of commands that one seed decides, over the small city with or without roads or the county, and holds every
//! checker of [`crate::checks`] against what the engine says. Nothing here knows what should be said.

mod author;
mod coverage;
mod crowd;
mod random;
pub mod scene;
pub mod small_worlds;

pub use author::Author;
pub use coverage::Coverage;
pub use crowd::run_crowd;
pub use random::Random;

use crate::checks::{Checks, Heard};
use crate::model::Model;
use engine::centre::Centre;
use engine::command::{Actor, Command, Envelope};
use engine::event::Event;
use engine::moment::Moment;
use scene::Scene;
use std::fmt;

/// One centre and its model, from the same beginning.
#[derive(Debug)]
pub struct Duel {
    /// The engine's centre.
    pub centre: Centre,
    /// The plain model of it.
    pub model: Model,
    /// What has been met.
    pub coverage: Coverage,
    scene: Scene,
}

/// Where the engine and the model, or the engine and a checker, part.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The seed of the run, where there was one.
    pub seed: Option<u64>,
    /// Which command of the run, from 1.
    pub step: u64,
    /// The time it came with.
    pub at: Moment,
    /// The command.
    pub envelope: Envelope,
    /// What the engine said.
    pub engine: Vec<Event>,
    /// What the model says.
    pub model: Vec<Event>,
    /// What else differs.
    pub what: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {:?}, step {}: {}", self.seed, self.step, self.what)?;
        writeln!(f, "at {}: {:?}", self.at, self.envelope)?;
        for (name, events) in [("engine", &self.engine), ("model", &self.model)] {
            writeln!(f, "{name}:")?;
            for (index, event) in events.iter().enumerate() {
                let same = self.engine.get(index) == self.model.get(index);
                let mark = if same { ' ' } else { '!' };
                writeln!(f, "  {mark} {event:?}")?;
            }
        }
        Ok(())
    }
}

impl Duel {
    /// Both, before anything was said to them.
    pub fn new(scene: &Scene) -> Duel {
        let mut centre = Centre::new(scene.capacities);
        let mut model = Model::new(scene.capacities);
        for object in scene.objects() {
            centre.prepare(object.clone());
            model.prepare(object);
        }
        Duel {
            centre,
            model,
            coverage: Coverage::default(),
            scene: scene.clone(),
        }
    }

    /// Says one thing to both and gives what they both say.
    ///
    /// # Errors
    /// The first difference: in the events, in the next deadline, or in how calls add up.
    pub fn say(&mut self, at: Moment, envelope: &Envelope) -> Result<Vec<Event>, Box<Difference>> {
        let mut engine = Vec::new();
        if let Some(map) = self.scene.brought(&envelope.command) {
            self.centre.prepare(map.clone());
            self.model.prepare(map);
        }
        self.centre.apply(at, envelope, &mut engine);
        let model = self.model.apply(at, envelope);
        self.coverage.count(&envelope.command, &engine);
        let what = if engine != model {
            "the events differ".to_owned()
        } else if self.centre.now() != self.model.now() {
            format!("now {} and {}", self.centre.now(), self.model.now())
        } else if self.centre.next_due() != self.model.next_due() {
            let due = (self.centre.next_due(), self.model.next_due());
            format!("the next deadlines differ: {due:?}")
        } else if self.centre.conservation() != self.model.conservation() {
            let sums = (self.centre.conservation(), self.model.conservation());
            format!("the sums differ: {sums:?}")
        } else {
            return Ok(engine);
        };
        Err(Box::new(Difference {
            seed: None,
            step: self.centre.sequence().0,
            at,
            envelope: *envelope,
            engine,
            model,
            what,
        }))
    }

    /// Says what the system says.
    ///
    /// # Errors
    /// The first difference.
    pub fn system(&mut self, at: Moment, command: Command) -> Result<Vec<Event>, Box<Difference>> {
        let actor = Actor::System;
        self.say(at, &Envelope { actor, command })
    }
}

/// A duel with all checkers listening to the engine's side.
pub(crate) struct Watched {
    pub duel: Duel,
    pub checks: Checks,
}

impl Watched {
    pub fn new(scene: &Scene) -> Watched {
        Watched {
            duel: Duel::new(scene),
            checks: Checks::new(scene),
        }
    }

    pub fn say(&mut self, at: Moment, envelope: &Envelope) -> Result<Vec<Event>, Box<Difference>> {
        let events = self.duel.say(at, envelope)?;
        if let Some(map) = self.duel.scene.brought(&envelope.command) {
            self.checks.prepare(&map);
        }
        let heard = Heard {
            sequence: self.duel.centre.sequence(),
            at: self.duel.centre.now(),
            envelope,
            events: &events,
            conservation: self.duel.centre.conservation(),
        };
        if let Err(what) = self.checks.hear(&heard) {
            return Err(Box::new(Difference {
                seed: None,
                step: heard.sequence.0,
                at,
                envelope: *envelope,
                model: events.clone(),
                engine: events,
                what,
            }));
        }
        Ok(events)
    }
}

/// The scene of a seed, and the author of its stream. Every sixteenth seed plays in the county, every third of the others on
/// roads.
pub fn staged(seed: u64) -> (Scene, Author) {
    let mut random = Random::new(seed);
    let scene = if seed % 16 == 15 {
        Scene::county()
    } else if seed % 3 == 2 {
        Scene::small(&mut random).on_roads()
    } else {
        Scene::small(&mut random)
    };
    (scene.clone(), Author::new(scene, random))
}

/// Plays so many commands of a seed on engine and model, all checkers listening.
///
/// # Errors
/// The first difference, with the seed and the step.
pub fn run_seed(seed: u64, steps: usize) -> Result<Coverage, Box<Difference>> {
    let (scene, mut author) = staged(seed);
    let mut watched = Watched::new(&scene);
    let play = |watched: &mut Watched, author: &mut Author| {
        for _ in 0..steps {
            let due = watched.duel.model.next_due();
            let (at, envelope) = author.next(watched.duel.model.now(), due);
            let events = watched.say(at, &envelope)?;
            author.hear(&events);
        }
        Ok(())
    };
    let played: Result<(), Box<Difference>> = play(&mut watched, &mut author);
    match played {
        Ok(()) => Ok(watched.duel.coverage),
        Err(mut difference) => {
            difference.seed = Some(seed);
            Err(difference)
        }
    }
}
