//! What the gateway counts and times: requests, problems, intake, answers, who is connected.
//!
//! Atomics that nobody waits for, written where things happen and read by `/metrics` and `/v1/stats`. Every label has a
//! closed vocabulary: nothing that a caller says, and no id, is ever a label. What the engine measures of itself is in
//! `engine::runtime::Measures`. Next: `recent` for what was lately, `http::metrics` for how it is told.

mod recent;

pub use recent::{Rates, Recent, Tally};

use crate::exchange::Exchange;
use crate::wire::{Problem, ProblemKind, Request};
use engine::histogram::Histogram;
use engine::runtime::keeper::{Kept, Room};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Statuses of HTTP by their first digit, from 1xx.
pub const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
/// How often [`Recent`] looks at what has grown.
const PERIOD: Duration = Duration::from_secs(1);

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// Somebody calls.
    Call,
    /// More is known of a call.
    Facts,
    /// A caller is done.
    End,
    /// A unit reports on an order.
    Order,
    /// A unit is here.
    Position,
    /// A unit does this when idle.
    Duty,
    /// A person at the centre decides something.
    Act,
    /// An object shall come into force.
    Activation,
    /// Time goes on.
    Advance,
    /// Somebody listens to a QUIC stream.
    Subscription,
    /// Somebody asks for the hash of the state.
    Inspection,
}

impl RequestKind {
    /// All kinds, in their order.
    pub const ALL: [RequestKind; 11] = [
        RequestKind::Call,
        RequestKind::Facts,
        RequestKind::End,
        RequestKind::Order,
        RequestKind::Position,
        RequestKind::Duty,
        RequestKind::Act,
        RequestKind::Activation,
        RequestKind::Advance,
        RequestKind::Subscription,
        RequestKind::Inspection,
    ];

    /// The kind of what a client asks.
    pub const fn of(request: &Request) -> RequestKind {
        match request {
            Request::Call { .. } => RequestKind::Call,
            Request::Facts { .. } => RequestKind::Facts,
            Request::End { .. } => RequestKind::End,
            Request::Order { .. } => RequestKind::Order,
            Request::Position { .. } => RequestKind::Position,
            Request::Duty { .. } => RequestKind::Duty,
            Request::Advance { .. } => RequestKind::Advance,
            Request::Subscribe { .. } => RequestKind::Subscription,
        }
    }

    /// The label's value.
    pub const fn code(self) -> &'static str {
        match self {
            RequestKind::Call => "call",
            RequestKind::Facts => "facts",
            RequestKind::End => "end",
            RequestKind::Order => "order",
            RequestKind::Position => "position",
            RequestKind::Duty => "duty",
            RequestKind::Act => "act",
            RequestKind::Activation => "activation",
            RequestKind::Advance => "advance",
            RequestKind::Subscription => "subscription",
            RequestKind::Inspection => "inspection",
        }
    }
}

/// By which way somebody came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// A QUIC stream.
    Quic,
    /// HTTP.
    Http,
}

impl Door {
    /// Both, in their order.
    pub const ALL: [Door; 2] = [Door::Quic, Door::Http];

    /// The label's value.
    pub const fn code(self) -> &'static str {
        match self {
            Door::Quic => "quic",
            Door::Http => "http",
        }
    }
}

/// What the gateway counts and times.
#[derive(Debug)]
pub struct Figures {
    /// Reading, classifying and locating one request, in nanoseconds.
    pub intake: Histogram,
    /// From the reading of a call to its decision on the way out, in nanoseconds.
    pub decision: Histogram,
    /// The same for everything else that the writer answers.
    pub act: Histogram,
    /// What was lately.
    pub recent: Recent,
    /// QUIC connections that are open.
    pub connections: AtomicUsize,
    /// Readers of `/v1/events`.
    pub readers: AtomicUsize,
    begun: Instant,
    requests: [AtomicU64; RequestKind::ALL.len()],
    problems: [Vec<AtomicU64>; Door::ALL.len()],
    routes: Vec<Route>,
}

/// How one path of HTTP was answered.
#[derive(Debug)]
struct Route {
    path: &'static str,
    classes: [AtomicU64; CLASSES.len()],
}

/// What has been timed of a request that is answered.
#[derive(Clone, Copy, Debug)]
pub struct Timed {
    /// When its reading began.
    pub since: Instant,
    /// Whether it was a call.
    pub is_call: bool,
}

impl Figures {
    /// Nothing counted yet, of these paths of HTTP. The first path is where all go that are none.
    pub fn new(paths: &[&'static str]) -> Figures {
        let counters = || {
            ProblemKind::all()
                .map(|_| AtomicU64::new(0))
                .collect::<Vec<_>>()
        };
        let routes = paths.iter().map(|&path| Route {
            path,
            classes: Default::default(),
        });
        Figures {
            intake: Histogram::of_durations(),
            decision: Histogram::of_durations(),
            act: Histogram::of_durations(),
            recent: Recent::new(),
            connections: AtomicUsize::new(0),
            readers: AtomicUsize::new(0),
            begun: Instant::now(),
            requests: Default::default(),
            problems: [counters(), counters()],
            routes: routes.collect(),
        }
    }

    /// How long it has served.
    pub fn uptime(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Counts a request.
    pub fn ask(&self, kind: RequestKind) {
        self.requests[kind as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a problem that somebody is told of.
    pub fn tell(&self, door: Door, problem: &Problem) {
        self.tell_kind(door, problem.kind);
    }

    /// The same, where only its kind is known.
    pub fn tell_kind(&self, door: Door, kind: ProblemKind) {
        let kind = ProblemKind::all().position(|known| known == kind);
        if let Some(count) = kind.and_then(|kind| self.problems[door as usize].get(kind)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts an answer over HTTP by its path and the first digit of its status.
    pub fn answer(&self, path: Option<&str>, status: u16) {
        let known = path.and_then(|path| self.routes.iter().find(|route| route.path == path));
        let class = usize::from((status / 100).clamp(1, 5) - 1);
        if let Some(route) = known.or(self.routes.first()) {
            route.classes[class].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Times what was answered: a decision counts among the latest as well.
    pub fn time(&self, timed: Timed, now: Instant) {
        let spent = nanoseconds(now.saturating_duration_since(timed.since));
        if timed.is_call {
            self.decision.record(spent);
            self.recent.decided(spent);
        } else {
            self.act.record(spent);
        }
    }

    /// Requests by kind.
    pub fn requests(&self) -> impl Iterator<Item = (RequestKind, u64)> {
        RequestKind::ALL
            .iter()
            .map(|&kind| (kind, self.requests[kind as usize].load(Ordering::Relaxed)))
    }

    /// Problems that were told at a door, by kind.
    pub fn problems(&self, door: Door) -> impl Iterator<Item = (ProblemKind, u64)> {
        let counts = self.problems[door as usize].iter();
        ProblemKind::all().zip(counts.map(|count| count.load(Ordering::Relaxed)))
    }

    /// Answers over HTTP: path, class of status, how many; what never came is left out.
    pub fn answers(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        self.routes.iter().flat_map(|route| {
            let counts = CLASSES.iter().zip(&route.classes);
            counts.filter_map(|(&class, count)| {
                let count = count.load(Ordering::Relaxed);
                (count > 0).then_some((route.path, class, count))
            })
        })
    }
}

/// Whole nanoseconds.
pub fn nanoseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// Counts one while it is held, in a gauge of the figures.
#[derive(Debug)]
pub struct Present {
    figures: Arc<Figures>,
    gauge: fn(&Figures) -> &AtomicUsize,
}

impl Present {
    /// One more.
    pub fn enter(figures: &Arc<Figures>, gauge: fn(&Figures) -> &AtomicUsize) -> Present {
        gauge(figures).fetch_add(1, Ordering::Relaxed);
        Present {
            figures: Arc::clone(figures),
            gauge,
        }
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        (self.gauge)(&self.figures).fetch_sub(1, Ordering::Relaxed);
    }
}

/// Looks once a second at what has grown, until it is dropped.
pub async fn look_each_second(exchange: Arc<Exchange>) {
    let mut beats = tokio::time::interval(PERIOD);
    beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let (mut room, mut trouble) = (Room::Ample, None);
    loop {
        beats.tick().await;
        let figures = &exchange.figures;
        figures.recent.look(figures.uptime(), exchange.tally());
        say_what_changed(exchange.running.kept(), &mut room, &mut trouble);
    }
}

/// Logs what the keeper of the journal meets, once each time that it changes.
fn say_what_changed(kept: &Kept, room: &mut Room, trouble: &mut Option<String>) {
    let (now, free_mib) = (kept.room(), kept.free_bytes() >> 20);
    if now != *room {
        *room = now;
        match now {
            Room::Ample => tracing::info!(free_mib, "there is room on the disk again"),
            Room::Low => {
                tracing::warn!(
                    free_mib,
                    "the disk is filling: make room, or calls will be refused"
                );
            }
            Room::Spent => tracing::error!(
                free_mib,
                "the disk is nearly full: new calls are refused but those with danger to life; make room now"
            ),
            Room::Gone => tracing::error!(
                free_mib,
                "the disk is full but for a rest: every new call is refused; make room now"
            ),
        }
    }
    let met = kept.trouble();
    if met != *trouble {
        if let Some(trouble) = &met {
            tracing::warn!(trouble, "the keeper of the journal met something");
        }
        *trouble = met;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::event::Refusal;

    #[test]
    fn requests_and_problems_are_counted_under_their_own_codes() {
        let figures = Figures::new(&["none", "/v1/calls"]);
        for kind in RequestKind::ALL {
            figures.ask(kind);
        }
        figures.ask(RequestKind::Duty);
        let asked: Vec<_> = figures.requests().collect();
        for (index, &(kind, count)) in asked.iter().enumerate() {
            assert_eq!(kind as usize, index);
            assert_eq!(count, 1 + u64::from(kind == RequestKind::Duty));
        }
        let refused = ProblemKind::Refused(Refusal::HospitalsFull);
        for kind in [refused, refused, ProblemKind::KeyTaken] {
            figures.tell(Door::Http, &Problem::new(kind, "no"));
        }
        let told: Vec<_> = figures
            .problems(Door::Http)
            .filter(|&(_, count)| count > 0)
            .collect();
        assert_eq!(told, [(ProblemKind::KeyTaken, 1), (refused, 2)]);
        assert_eq!(figures.problems(Door::Quic).map(|(_, n)| n).sum::<u64>(), 0);
    }

    #[test]
    fn a_path_that_is_none_never_becomes_a_label() {
        let figures = Figures::new(&["none", "/v1/calls"]);
        figures.answer(Some("/v1/calls"), 200);
        figures.answer(Some("/v1/calls"), 503);
        figures.answer(Some("/etc/passwd"), 404);
        figures.answer(None, 999);
        let answers: Vec<_> = figures.answers().collect();
        assert_eq!(
            answers,
            [
                ("none", "4xx", 1),
                ("none", "5xx", 1),
                ("/v1/calls", "2xx", 1),
                ("/v1/calls", "5xx", 1)
            ]
        );
    }

    #[test]
    fn a_gauge_counts_who_is_there() {
        let figures = Arc::new(Figures::new(&["none"]));
        let reader = Present::enter(&figures, |figures| &figures.readers);
        let other = Present::enter(&figures, |figures| &figures.readers);
        assert_eq!(figures.readers.load(Ordering::Relaxed), 2);
        drop((reader, other));
        assert_eq!(figures.readers.load(Ordering::Relaxed), 0);
    }
}
