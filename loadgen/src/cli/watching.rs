//! How a replay is watched: drawn on a terminal, told in lines, or not at all; ended early by a key or a signal.

use super::wall::Load;
use super::{Failure, ReplayArgs, speed_of};
use crate::replay::{Options, driven, rate};
use crate::report::Summary;
use crate::report::about::About;
use crate::watch::screen::Subject;
use crate::watch::terminal::{Screen, Signalled, Signals};
use crate::watch::{Line, Silent, Watch};

/// Runs it, watched as was asked for.
/// `load` is what to do on the wall clock; without one the centre's is driven.
pub(super) async fn run(
    args: &ReplayArgs,
    options: &Options,
    load: Option<Load>,
) -> Result<Summary, Failure> {
    let about = circumstances(args, options, load.as_ref());
    let signals = Signals::default();
    signals.listen()?;
    let (mut line, mut silent) = (Line, Silent);
    let screen = (!options.quiet && !args.plain)
        .then(|| Screen::take(subject(options), signals.clone()))
        .flatten();
    let mut screen = screen;
    let shown: &mut dyn Watch = match &mut screen {
        Some(screen) => screen,
        None if options.quiet => &mut silent,
        None => &mut line,
    };
    let mut watch = Signalled {
        watch: shown,
        signals,
    };
    let mut summary = match load {
        Some(load) => rate::run_watched(options, load.rate, &mut watch).await?,
        None => driven::run(options, speed_of(args), &mut watch).await?,
    };
    summary.about = about;
    Ok(summary)
}

fn subject(options: &Options) -> Subject {
    let name = options.trace.file_name();
    Subject {
        trace: name.map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        centre: options.to.to_string(),
    }
}

fn circumstances(args: &ReplayArgs, options: &Options, load: Option<&Load>) -> About {
    let command = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    About {
        centre: format!("quic://{}", options.to),
        seed: options.seed,
        load: load.map_or_else(|| driven_load(args), |load| load.rate.arrivals.to_string()),
        ..About::now(command)
    }
}

/// What is to be sent on a driven clock, in words.
fn driven_load(args: &ReplayArgs) -> String {
    let lasting = args.lasting.map_or_else(String::new, |lasting| {
        format!(" for {} s", lasting.0.as_secs_f64())
    });
    let times = speed_of(args).times;
    if times.is_finite() {
        format!("the trace's own times, {times} times faster{lasting}")
    } else {
        format!("the trace's own times, as fast as it goes{lasting}")
    }
}
