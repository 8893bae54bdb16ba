//! A trace played against a whole centre in process, on virtual time: a year in seconds, many seeds, two configurations
//! beside each other. So a county decides whether it needs another ambulance.
//!
//! [`county`] plays one seed, [`outcome`] measures it, [`verdict`] says what seeds come to together. The seed decides what crews
//! do; two configurations are compared seed by seed.

pub mod county;
pub mod outcome;
pub mod verdict;

use crate::trace::Row;
use county::{County, Ground};
use outcome::Outcome;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Why nothing was simulated.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The trace has no call.
    #[error("the trace has no call; there is nothing to simulate")]
    Empty,
    /// The configuration cannot be used.
    #[error("the configuration cannot be used: {0}")]
    Ground(String),
}

/// Plays a trace under each of these seeds on each ground; the outcomes by ground, then seed. As many at a time as there are
/// cores, each in one thread: how many there are changes nothing.
///
/// # Errors
/// There is no call, or a ground cannot be used.
pub fn play(
    rows: &[Row],
    grounds: &[&Ground],
    seeds: &[u64],
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Vec<Vec<Outcome>>, SimulateError> {
    let first = rows.iter().map(|row| row.at).min();
    let first = first.ok_or(SimulateError::Empty)?;
    let jobs: Vec<(usize, u64)> = (0..grounds.len())
        .flat_map(|ground| seeds.iter().map(move |&seed| (ground, seed)))
        .collect();
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        loop {
            let job = next.fetch_add(1, Ordering::Relaxed);
            let Some(&(ground, seed)) = jobs.get(job) else {
                return;
            };
            let county = County::new(grounds[ground], seed, first);
            let outcome = county.and_then(|county| county.play(rows));
            let mut done = done
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            done.push((job, outcome));
            progress(done.len(), jobs.len());
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(jobs.len()) {
            scope.spawn(work);
        }
    });
    let mut done = done
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|&(job, _)| job);
    let mut outcomes: Vec<Vec<Outcome>> = grounds.iter().map(|_| Vec::new()).collect();
    for (job, outcome) in done {
        let (ground, _) = jobs[job];
        outcomes[ground].push(outcome.map_err(SimulateError::Ground)?);
    }
    Ok(outcomes)
}

#[cfg(test)]
mod tests;
