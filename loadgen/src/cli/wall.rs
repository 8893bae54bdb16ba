//! What a replay on the wall clock is told to do: a scenario's file, with flags over it, or flags alone.

use super::checked::{self, Crewing};
use super::{Failure, ReplayArgs};
use crate::caller::behaviour::Behaviour as Calling;
use crate::crew::Behaviour;
use crate::objective::Slo;
use crate::pace::{Arrivals, Spread};
use crate::replay::Rate;
pub(super) use crate::scenario::TypedPhase;
use crate::scenario::{Scenario, ScenarioError};
use std::time::Duration;

/// Where nothing else is said.
const CONNECTIONS: u16 = 2;
const STREAMS: u8 = 4;
const SETTLE: Duration = Duration::from_secs(30);
/// The seed where nothing else is said.
pub(super) const SEED: u64 = 1;

impl From<ScenarioError> for Failure {
    fn from(error: ScenarioError) -> Failure {
        Failure {
            message: error.to_string(),
            code: 1,
        }
    }
}

/// A load, whole.
pub(super) struct Load {
    pub rate: Rate,
    pub crews: Option<Behaviour>,
    pub callers: Option<Calling>,
    pub seed: u64,
    pub slo: Slo,
}

/// What to do on the wall clock; `None`: the centre's clock is driven.
pub(super) fn load(args: &ReplayArgs) -> Result<Option<Load>, Failure> {
    let scenario = match (&args.scenario, args.rate, args.phases.as_slice()) {
        (Some(file), _, _) => Scenario::load(file)?,
        (None, Some(rate), _) => {
            checked::rate("--rate", rate).map_err(|message| Failure { message, code: 1 })?;
            let spread = if args.poisson {
                Spread::Poisson
            } else {
                Spread::Evenly
            };
            let lasting = args.lasting.map(|lasting| lasting.0);
            at_a_rate(Arrivals::constant(rate, spread, lasting))
        }
        (None, None, []) => return Ok(None),
        (None, None, phases) => Scenario::of_flags(phases)?,
    };
    Ok(Some(with_flags(scenario, args)))
}

fn at_a_rate(arrivals: Arrivals) -> Scenario {
    Scenario {
        arrivals,
        connections: None,
        streams: None,
        settle: None,
        crews: None,
        callers: None,
        seed: None,
        objectives: Slo::default(),
    }
}

/// What is typed stands over what the file says, field by field; but `--positions` belongs to `--crews`, with which the file's own
/// positions are not looked at.
fn with_flags(scenario: Scenario, args: &ReplayArgs) -> Load {
    let connections = args
        .connections
        .or(scenario.connections)
        .unwrap_or(CONNECTIONS);
    let streams = args.streams.or(scenario.streams).unwrap_or(STREAMS);
    let settle = args.settle.map(|settle| settle.0);
    Load {
        rate: Rate {
            arrivals: scenario.arrivals,
            connections: connections.into(),
            streams: streams.into(),
            settle: settle.or(scenario.settle).unwrap_or(SETTLE),
            subscribe: !args.deaf,
        },
        crews: behaviour(args).or(scenario.crews.flatten()),
        callers: args.callers.or(scenario.callers).and_then(|it| it.0),
        seed: args.seed.or(scenario.seed).unwrap_or(SEED),
        slo: args.slo.clone().unwrap_or(scenario.objectives),
    }
}

/// How crews behave, as it is typed.
pub(super) fn behaviour(args: &ReplayArgs) -> Option<Behaviour> {
    args.crews
        .map(|crews| Crewing::behaviour(crews, args.positions.unwrap_or_default()))
}
