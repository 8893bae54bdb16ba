//! A trace played against whole centres in process, on virtual time: a year in seconds, many seeds, two configurations
//! beside each other, several centres at once. So a county decides whether it needs another ambulance.
//!
//! [`county`] plays one centre under one seed, [`region`] says which call goes where, [`course`] and [`outcome`] measure it,
//! [`verdict`] says what seeds come to together, [`difference`] what a second configuration changes, [`beside`] what was
//! observed. The seed decides what crews do, by the call that they are sent about; two configurations are compared seed by seed.

pub mod beside;
pub mod county;
pub mod course;
pub mod difference;
pub mod estimate;
pub mod outcome;
pub mod region;
pub mod sheet;
pub mod verdict;

use crate::trace::Row;
use county::{County, Setting};
use course::Course;
use engine::moment::Moment;
use outcome::Outcome;
use region::Region;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

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

/// What came of one configuration.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// All its centres together, by seed.
    pub together: Vec<Outcome>,
    /// Each of them, by seed; empty where there is but one.
    pub centres: Vec<Vec<Outcome>>,
}

/// One centre under one seed on one side of a comparison.
#[derive(Clone, Copy, Debug)]
struct Job {
    side: usize,
    seed: usize,
    centre: usize,
}

/// A simulation that is under way on several threads.
struct Play<'a> {
    sides: &'a [&'a Region],
    /// By side and centre.
    shares: Vec<Vec<Vec<&'a Row>>>,
    setting: &'a Setting,
    seeds: &'a [u64],
    first: Moment,
    last: Moment,
    jobs: Vec<Job>,
    done: Mutex<Done>,
}

/// What is ready.
#[derive(Default)]
struct Done {
    jobs: usize,
    /// Courses that wait for those of their neighbours, by side and seed.
    open: BTreeMap<(usize, usize), Vec<Option<Course>>>,
    together: BTreeMap<(usize, usize), Outcome>,
    /// By side, centre and seed.
    centres: BTreeMap<(usize, usize, usize), Outcome>,
    failed: Option<String>,
}

/// Plays a trace under each of these seeds on each side, on so many threads; the outcomes by side. One centre under one seed is
/// one thread's: how many there are changes nothing.
///
/// # Errors
/// There is no call, or a ground cannot be used.
pub fn play(
    rows: &[Row],
    sides: &[&Region],
    setting: &Setting,
    seeds: &[u64],
    threads: NonZeroUsize,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Vec<Played>, SimulateError> {
    let first = rows.iter().map(|row| row.at).min();
    let last = rows.iter().map(|row| row.at).max();
    let mut jobs = Vec::new();
    // Seed after seed, so that few courses wait for their neighbours.
    for (side, region) in sides.iter().enumerate() {
        for seed in 0..seeds.len() {
            let centres = 0..region.members().len();
            jobs.extend(centres.map(|centre| Job { side, seed, centre }));
        }
    }
    let play = Play {
        shares: sides.iter().map(|region| region.share_out(rows)).collect(),
        sides,
        setting,
        seeds,
        first: first.ok_or(SimulateError::Empty)?,
        last: last.ok_or(SimulateError::Empty)?,
        jobs,
        done: Mutex::default(),
    };
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(&job) = play.jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            if !play.run(job, progress) {
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.get().min(play.jobs.len()) {
            scope.spawn(work);
        }
    });
    play.end()
}

impl Play<'_> {
    /// Does one job; whether the others still make sense.
    fn run(&self, job: Job, progress: &(dyn Fn(usize, usize) + Sync)) -> bool {
        let region = self.sides[job.side];
        let member = &region.members()[job.centre];
        let seed = member.seed(self.seeds[job.seed]);
        let county = County::new(&member.ground, self.setting, seed, self.first);
        let rows = self.shares[job.side][job.centre].iter().copied();
        let course = county.and_then(|county| county.play(rows, self.last));
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.jobs += 1;
        progress(done.jobs, self.jobs.len());
        match course {
            Ok(course) => done.take(region, job, course),
            Err(error) => done.failed = Some(error),
        }
        done.failed.is_none()
    }

    fn end(self) -> Result<Vec<Played>, SimulateError> {
        let done = self.done.into_inner();
        let done = done.unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = done.failed {
            return Err(SimulateError::Ground(error));
        }
        let mut played: Vec<Played> = self.sides.iter().map(|_| Played::default()).collect();
        for ((side, _), outcome) in done.together {
            played[side].together.push(outcome);
        }
        for ((side, centre, _), outcome) in done.centres {
            let centres = &mut played[side].centres;
            centres.resize_with(centres.len().max(centre + 1), Vec::new);
            centres[centre].push(outcome);
        }
        Ok(played)
    }
}

impl Done {
    /// A course is over. Once all of its region are, they are put together in the region's order, whoever was ready first.
    fn take(&mut self, region: &Region, job: Job, course: Course) {
        let Job { side, seed, centre } = job;
        let count = region.members().len();
        if count == 1 {
            self.together.insert((side, seed), course.settle());
            return;
        }
        let open = self.open.entry((side, seed)).or_insert(vec![None; count]);
        open[centre] = Some(course);
        if open.iter().any(Option::is_none) {
            return;
        }
        let all = self.open.remove(&(side, seed)).unwrap_or_default();
        let mut together: Option<Course> = None;
        for (centre, course) in all.into_iter().enumerate() {
            let Some(course) = course else { continue };
            let from = course.from();
            let together = together.get_or_insert_with(|| Course::new(from));
            together.add(&course, &region.members()[centre].name);
            self.centres.insert((side, centre, seed), course.settle());
        }
        if let Some(together) = together {
            self.together.insert((side, seed), together.settle());
        }
    }
}

#[cfg(test)]
mod tests;
