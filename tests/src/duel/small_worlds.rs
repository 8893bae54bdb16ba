//! Every small world: all interleavings of up to three calls, two units, each act on each order at each point, and each
//! clock run out or not, down to a depth; the engine against the model at every step.
//!
//! Two ways that lead both engine and model to the same full state have the same future, so only one of them is gone
//! on; how many ways each state stands for is counted. A way is played anew on a fresh centre for every step, because a
//! centre cannot be copied.

use super::scene::{self, MORNING, Scene};
use super::{Coverage, Difference, Duel, Random, Watched};
use crate::model::Model;
use engine::call::{Assessment, BodyDigest, CallReport, KeyDigest, Marks};
use engine::capability::Capability;
use engine::command::{Actor, Command, Envelope, OrderReport};
use engine::event::Event;
use engine::id::OrderId;
use engine::kind::Kind;
use engine::limits::Capacities;
use engine::line::Line;
use engine::moment::Moment;
use engine::order::OrderAct;
use std::collections::BTreeMap;
use std::fmt;

/// What is said in a small world: (kind, metres east and north of the middle of the town).
pub type Cast = &'static [(Kind, i32, i32)];

/// Calls for the same two patrols: a service call beside two urgent ones; one that needs both with one that joins it;
/// danger to life after service.
pub const CASTS: &[Cast] = &[
    &[
        (Kind::Fight, 0, 0),
        (Kind::PublicHelp, 1_000, 0),
        (Kind::Fight, -2_500, 900),
    ],
    &[
        (Kind::Robbery, 0, 0),
        (Kind::Fight, 30, 0),
        (Kind::PublicHelp, 1_000, 0),
    ],
    &[
        (Kind::PublicHelp, 0, 0),
        (Kind::PublicHelp, 900, 0),
        (Kind::Robbery, 2_000, 0),
    ],
];

/// How far it was walked.
#[derive(Clone, Debug, Default)]
pub struct Walk {
    /// Interleavings, refused acts included.
    pub worlds: u128,
    /// Different states that were reached.
    pub states: u64,
    /// Steps that were played on both and compared.
    pub steps: u64,
    /// What was met.
    pub coverage: Coverage,
}

impl fmt::Display for Walk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} worlds by {} different states and {} compared steps",
            self.worlds, self.states, self.steps
        )
    }
}

/// A state on the way: how it is reached first, and how many ways lead to it.
#[derive(Clone)]
struct Node {
    way: Vec<(Moment, Envelope)>,
    model: Model,
    orders: Vec<OrderId>,
    called: usize,
    ways: u128,
}

/// The two hashes of what has been reached: the engine's own and one over the model.
type Reached = ([u8; 32], [u8; 32]);

/// Walks every world of a cast down to so many steps.
///
/// # Errors
/// The first difference between engine and model, or the first promise that a checker finds broken.
pub fn walk(cast: Cast, depth: usize) -> Result<Walk, Box<Difference>> {
    let scene = stage();
    let mut walk = Walk::default();
    let mut layer = vec![begin(&scene)?];
    for level in 1..=depth {
        let mut seen: BTreeMap<Reached, usize> = BTreeMap::new();
        let mut next: Vec<Node> = Vec::new();
        for node in &layer {
            for command in moves(&scene, cast, node) {
                let (reached, events, child) = step(&scene, node, command)?;
                walk.steps += 1;
                walk.coverage.count(&command, &events);
                // A refused act changes nothing but the number of the record: it ends here.
                if level == depth || matches!(events[..], [Event::Refused(_)]) {
                    walk.worlds += node.ways;
                }
                if matches!(events[..], [Event::Refused(_)]) {
                    continue;
                }
                if let Some(&at) = seen.get(&reached) {
                    next[at].ways += child.ways;
                } else {
                    seen.insert(reached, next.len());
                    next.push(child);
                }
            }
        }
        walk.states += next.len() as u64;
        layer = next;
    }
    for node in &layer {
        let mut watched = Watched::new(&scene);
        for (at, envelope) in &node.way {
            watched.say(*at, envelope)?;
        }
    }
    Ok(walk)
}

fn stage() -> Scene {
    let mut scene = Scene::small(&mut Random::new(0));
    scene.capacities = Capacities {
        units_max: 2,
        incidents_max: 4,
        orders_max: 40,
        calls_max: 4,
    };
    scene.plans = vec![scene::plan(2, 24)];
    scene.cities.truncate(1);
    scene
}

/// The opening, and two patrols.
fn begin(scene: &Scene) -> Result<Node, Box<Difference>> {
    let mut duel = Duel::new(scene);
    let patrols = [(-500, "U-1"), (700, "U-2")]
        .map(|(x_m, title)| scene::unit(title, &[Capability::Patrol], scene::point(x_m, 0)))
        .map(Command::DefineUnit);
    let actor = Actor::System;
    let way: Vec<_> = scene
        .overture()
        .into_iter()
        .chain(patrols)
        .map(|command| (MORNING, Envelope { actor, command }))
        .collect();
    for (at, envelope) in &way {
        duel.say(*at, envelope)?;
    }
    Ok(Node {
        way,
        model: duel.model,
        orders: Vec::new(),
        called: 0,
        ways: 1,
    })
}

/// All that can happen next: the next call, each act on each order that was given, the next clock.
fn moves(scene: &Scene, cast: Cast, node: &Node) -> Vec<Command> {
    let mut moves = Vec::new();
    if let Some(&(kind, x_m, y_m)) = cast.get(node.called) {
        let number = node.called as u64;
        moves.push(Command::TakeCall(CallReport {
            key: KeyDigest::of(0, &number.to_string()),
            body: BodyDigest(number),
            line: Line::POLICE,
            place: Some(scene::place(&scene.cities[0].1, scene::point(x_m, y_m))),
            assessment: Assessment::stated(kind),
            injured: 0,
            marks: Marks::default(),
        }));
    }
    for &order in &node.orders {
        let acts = OrderAct::ALL.iter();
        moves.extend(acts.map(|&act| Command::Report(OrderReport { order, act })));
    }
    moves.push(Command::Tick);
    moves
}

/// One step from a node, on a fresh centre and a copy of the model.
fn step(
    scene: &Scene,
    node: &Node,
    command: Command,
) -> Result<(Reached, Vec<Event>, Node), Box<Difference>> {
    let mut duel = Duel::new(scene);
    let mut ignored = Vec::new();
    for (at, envelope) in &node.way {
        ignored.clear();
        duel.centre.apply(*at, envelope, &mut ignored);
    }
    duel.model = node.model.clone();
    let now = duel.model.now();
    let at = match command {
        Command::Tick => duel.model.next_due().unwrap_or(now),
        _ => now,
    };
    let envelope = Envelope {
        actor: Actor::Dispatcher(1),
        command,
    };
    let events = duel.say(at, &envelope)?;
    let mut child = node.clone();
    child.way.push((at, envelope));
    child.called += usize::from(matches!(command, Command::TakeCall(_)));
    child
        .orders
        .extend(events.iter().filter_map(|event| match event {
            Event::OrderIssued(issued) => Some(issued.order),
            _ => None,
        }));
    let paper = match postcard::to_stdvec(&duel.model) {
        Ok(bytes) => *blake3::hash(&bytes).as_bytes(),
        Err(error) => panic!("the model cannot be written: {error}"),
    };
    let reached = (duel.centre.inspect().hash.0, paper);
    child.model = duel.model;
    Ok((reached, events, child))
}
