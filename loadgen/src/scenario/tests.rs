//! Scenarios that can be run, and those that cannot, with what is said of them.

use super::*;
use crate::crew::Positions;
use crate::pace::{Shape, Spread};

const MORNING: &str = r#"
connections = 3
streams = 2
settle = "5s"
crews = "field"
callers = "redial=60%"
positions = "none"
seed = 9
objectives = ["p99 < 10ms", "lost=0"]

[[phase]]
shape = "ramp"
from = 10
to = 200.5
duration = "30s"
arrivals = "poisson"

[[phase]]
shape = "spike"
rate = 200
peak = 900
at = "10s"
lasting = "2s"
duration = "1m"

[[phase]]
shape = "step"
from = 100
to = 400
steps = 4
duration = "40s"

[[phase]]
shape = "soak"
rate = 100
duration = "1h"

[[phase]]
shape = "trace"
speed = 60
"#;

#[test]
fn a_scenario_says_all_of_a_load() {
    let scenario = Scenario::of_text("morning.toml", MORNING).unwrap();
    assert_eq!(
        (scenario.connections, scenario.streams, scenario.seed),
        (Some(3), Some(2), Some(9))
    );
    assert_eq!(scenario.settle, Some(Duration::from_secs(5)));
    let positions = Positions::Never;
    assert_eq!(scenario.crews, Some(Some(Behaviour::Field { positions })));
    let callers = scenario.callers.and_then(|callers| callers.0);
    assert_eq!(callers.map(|it| it.redial_permille), Some(600));
    assert_eq!(scenario.objectives.to_string(), "p99<10ms,lost=0");
    let phases = scenario.arrivals.phases();
    assert_eq!(phases.len(), 5);
    assert_eq!(
        phases[0].shape,
        Shape::Ramp {
            from: 10.0,
            to: 200.5
        }
    );
    assert_eq!(
        (phases[0].spread, phases[1].spread),
        (Spread::Poisson, Spread::Evenly)
    );
    assert_eq!(phases[3].lasting, Some(Duration::from_secs(3_600)));
    assert_eq!(
        (phases[4].shape, phases[4].lasting),
        (Shape::Trace { times: 60.0 }, None)
    );
}

#[test]
fn a_flag_says_a_phase_in_the_same_words() {
    let flags = flags(&["ramp from=10 to=200.5 duration=30 arrivals=poisson"]);
    assert_eq!(
        flags.unwrap().arrivals.phases()[0],
        Scenario::of_text("m", MORNING).unwrap().arrivals.phases()[0]
    );
    let no_field = "constant 5".parse::<TypedPhase>().unwrap_err();
    assert!(no_field.contains("field=value"), "{no_field}");
}

fn flags(phases: &[&str]) -> Result<Scenario, ScenarioError> {
    let phases: Vec<TypedPhase> = phases.iter().map(|phase| phase.parse().unwrap()).collect();
    Scenario::of_flags(&phases)
}

/// All flags are one load: a pause is one among others, and a trace without an end is the last.
#[test]
fn flags_are_checked_together_and_a_mistake_names_which() {
    let (busy, pause) = (
        "constant rate=5 duration=1s",
        "constant rate=0 duration=500ms",
    );
    let scenario = flags(&[busy, pause, "trace speed=2"]).unwrap();
    assert_eq!(scenario.arrivals.phases().len(), 3);
    for (phases, says) in [
        (
            &[busy, "ramp from=10 duration=30s"][..],
            "--phase:2: phase.to: a ramp needs it, as in from = 100, to = 2000",
        ),
        (
            &["trace speed=2", busy][..],
            "--phase:1: phase.duration: a trace needs a duration",
        ),
        (&[pause][..], "not one call would be sent"),
        (
            &["constant rate=fast duration=1s"][..],
            "invalid type: string \"fast\"",
        ),
        (
            &["constant rate=NaN duration=1s"][..],
            "phase.rate: NaN is not a rate",
        ),
        (
            &["constant rate=5 duration=soon"][..],
            "`soon` is not a length of time",
        ),
    ] {
        let error = flags(phases).unwrap_err().to_string();
        assert!(error.contains(says), "{phases:?}: {error}");
    }
}

/// Each mistake is told with its line, its field and what would be right.
#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (line, says) in [
        ("conections = 2", ":2: unknown field `conections`"),
        (
            "connections = 0",
            ":2: connections: 0 cannot be; write a number from 1 to 1000",
        ),
        ("connections = \"two\"", ":2: invalid type"),
        (
            "settle = \"soon\"",
            ":2: settle: `soon` is not a length of time",
        ),
        (
            "crews = \"lazy\"",
            ":2: crews: `lazy` is no behaviour of crews; write none, field or standard",
        ),
        (
            "callers = \"lazy\"",
            ":2: callers: `lazy` is no behaviour of callers; write",
        ),
        (
            "objectives = [\"p98<1ms\"]",
            ":2: objectives: `p98<1ms` is no objective",
        ),
        (
            "[[phase]]\nshape = \"wave\"",
            ":3: phase.shape: `wave` is no shape; write constant,",
        ),
        ("[[phase]]\nshape = \"poisson\"", "arrivals = \"poisson\""),
        (
            "[[phase]]\nshape = \"constant\"\nrate = 5",
            ":2: phase.duration: a constant needs a duration",
        ),
        (
            "[[phase]]\nshape = \"constant\"\nduration = \"1s\"",
            ":2: phase.rate: a constant needs it, as in rate = 500",
        ),
        (
            "[[phase]]\nshape = \"constant\"\nrate = -1\nduration = \"1s\"",
            ":4: phase.rate: -1 is not a rate",
        ),
        (
            "[[phase]]\nshape = \"constant\"\nrate = nan\nduration = \"1s\"",
            ":4: phase.rate: NaN is not a rate",
        ),
        (
            "[[phase]]\nshape = \"soak\"\nrate = 1\npeak = 2\nduration = \"1s\"",
            ":5: phase.peak: does not belong to a soak",
        ),
        (
            "[[phase]]\nshape = \"trace\"\nspeed = 0\nduration = \"1s\"",
            ":4: phase.speed: 0 is not a speed",
        ),
        (
            "[[phase]]\nshape = \"trace\"\nspeed = 1",
            ":2: phase.duration: a trace needs a duration",
        ),
        (
            "[[phase]]\nshape = \"trace\"\nspeed = 1\nduration = \"1s\"\narrivals = \"poisson\"",
            ":6: phase.arrivals: a trace has its own",
        ),
        (
            "[[phase]]\nshape = \"spike\"\nrate = 1\npeak = 2\nat = \"9s\"\nlasting = \"2s\"\nduration = \"10s\"",
            ":3: phase.lasting: the spike ends after 11s",
        ),
        (
            "[[phase]]\nshape = \"step\"\nfrom = 1\nto = 2\nsteps = 1\nduration = \"1s\"",
            ":6: phase.steps: 1 cannot be",
        ),
    ] {
        // What is right follows, so that only the line in question is wrong.
        let text =
            format!("\n{line}\n[[phase]]\nshape = \"constant\"\nrate = 1\nduration = \"1s\"\n");
        let error = Scenario::of_text("s.toml", &text).unwrap_err();
        assert_eq!(error.0.len(), 1, "{line}: {error}");
        assert!(error.to_string().contains(says), "{line}: {error}");
        assert!(error.to_string().starts_with("s.toml"), "{error}");
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once_and_a_load_of_nothing_is_refused() {
    let text = "seed = -1\nstreams = 16\n[[phase]]\nshape = \"ramp\"\nfrom = 1\n";
    let error = Scenario::of_text("s.toml", text).unwrap_err();
    assert_eq!(error.0.len(), 4, "{error}");
    let nothing = "[[phase]]\nshape = \"constant\"\nrate = 0\nduration = \"1s\"\n";
    for text in ["", nothing] {
        assert!(Scenario::of_text("s.toml", text).is_err(), "{text}");
    }
    let missing = Scenario::load(Path::new("/nowhere/s.toml")).unwrap_err();
    assert!(
        missing
            .to_string()
            .contains("/nowhere/s.toml: cannot be read"),
        "{missing}"
    );
}

/// The example of the document is a scenario.
#[test]
fn the_document_s_example_can_be_run() {
    let document = include_str!("../../../docs/load.md");
    let (_, from) = document.split_once("```toml\n").unwrap();
    let (example, _) = from.split_once("```").unwrap();
    let scenario = Scenario::of_text("docs/load.md", example).unwrap();
    assert_eq!(scenario.arrivals.phases().len(), 2);
    assert_eq!(scenario.objectives.0.len(), 2);
}
