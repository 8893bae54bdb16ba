//! Replay on a driven clock: one stream, one thing at a time, so that two runs give the same state.
//!
//! The loop goes from instant to instant: the next row, the next act of a crew or the centre's next deadline,
//! whichever is first. It moves the centre's time there, waits until the subscription has shown the record that the
//! centre names (so that crews know all that has happened), sends what is due, each answered before the next. It is
//! paced to the wall; being late makes the run slower and changes nothing else.

pub use crate::watch::{Line, Progress, Silent, Watch, Wish};

use super::answers::AnswerLog;
use super::calling::{self, Calling};
use super::repeats::Repeats;
use super::{Options, ReplayError, Speed, stats, words};
use crate::caller::{Act as CallerAct, CallerId, Callers};
use crate::crew::{Act, Crews, Told};
use crate::report::Summary;
use crate::report::tally::{Sent, Tally};
use crate::trace::{Reader, Row};
use engine::id::Sequence;
use engine::moment::Moment;
use engine::unit::Duty;
use gateway::client::{Answers, Client, ClientError, Events, Options as ClientOptions};
use gateway::wire::{Announced, EventNote, ProblemKind, Request, Response, UnitReport};
use std::iter::Peekable;
use std::time::{Duration, Instant};

/// How long the centre may take to answer, and the subscription to show what was answered.
const PATIENCE: Duration = Duration::from_secs(60);

/// Replays a trace on a driven clock.
pub async fn run(
    options: &Options,
    speed: Speed,
    watch: &mut dyn Watch,
) -> Result<Summary, ReplayError> {
    let rows = Reader::open(&options.trace)?.peekable();
    let client_options = ClientOptions {
        trust: options.trust.clone(),
        streams: 1,
        ..ClientOptions::default()
    };
    stats::check(options.stats.as_deref()).await?;
    let (client, answers) = Client::connect(options.to, &client_options).await?;
    let events = client.subscribe(Vec::new(), None).await?;
    let log = AnswerLog::open(options.answers.as_deref())?;
    let shown = events.from;
    let mut drive = Drive {
        options,
        speed,
        rows,
        client,
        answers,
        events,
        log,
        shown,
        crews: options.crews(),
        calling: options
            .callers
            .map(|behaviour| Calling::new(behaviour.callers(options.seed))),
        repeats: Repeats::default(),
        tally: Tally::default(),
        now: Moment(0),
        centre_due: None,
        started: Instant::now(),
        reported: Instant::now(),
        first: Moment(0),
        tag: 0,
        wish: Wish::GoOn,
    };
    drive.run(watch).await
}

struct Drive<'a> {
    options: &'a Options,
    speed: Speed,
    rows: Peekable<Reader>,
    client: Client,
    answers: Answers,
    events: Events,
    log: AnswerLog,
    /// The last record that the subscription has shown whole.
    shown: Sequence,
    crews: Option<Crews>,
    calling: Option<Calling>,
    repeats: Repeats,
    tally: Tally,
    now: Moment,
    /// No deadline of the centre is before this one.
    centre_due: Option<Moment>,
    started: Instant,
    reported: Instant,
    first: Moment,
    tag: u64,
    wish: Wish,
}

impl Drive<'_> {
    async fn run(&mut self, watch: &mut dyn Watch) -> Result<Summary, ReplayError> {
        let Some(first) = self.peek()? else {
            return Err(ReplayError::Empty(self.options.trace.display().to_string()));
        };
        self.first = first;
        let mut last_row = first;
        self.started = Instant::now();
        self.tally.begin(self.started);
        while let Some(next) = self.next_instant(last_row)? {
            let over = self.speed.at_most;
            if over.is_some_and(|most| self.started.elapsed() >= most) {
                break;
            }
            self.pace(next, watch).await;
            if self.wish.stop().is_some() {
                break;
            }
            self.advance(next).await?;
            while self.peek()?.is_some_and(|at| at <= next) {
                let Some(row) = self.rows.next().transpose()? else {
                    break;
                };
                last_row = row.at;
                self.row(&row).await?;
            }
            self.act().await?;
            self.callers_act().await?;
            self.report(watch);
        }
        self.summary().await
    }

    /// When the next row comes, if there is one.
    fn peek(&mut self) -> Result<Option<Moment>, ReplayError> {
        if matches!(self.rows.peek(), Some(Err(_))) {
            // The mistake is what there is to say.
            self.rows.next().transpose()?;
        }
        Ok(self
            .rows
            .peek()
            .and_then(|row| row.as_ref().ok())
            .map(|row| row.at))
    }

    /// The next instant at which anything happens; nothing when the run is over.
    fn next_instant(&mut self, last_row: Moment) -> Result<Option<Moment>, ReplayError> {
        let row = self.peek()?;
        let crew = self.crews.as_ref().and_then(Crews::next_due);
        let caller = self.calling.as_ref().and_then(|it| it.seen().next_due());
        let end = last_row + self.speed.settle;
        if row.is_none() {
            let heard = &self.tally.heard;
            let unfinished = heard.orders.open > 0 || heard.needs_waiting() > 0;
            let idle = (self.crews.is_none() || !unfinished) && caller.is_none();
            if idle || self.now >= end {
                return Ok(None);
            }
        }
        let next = [row, crew, caller, self.centre_due]
            .into_iter()
            .flatten()
            .min();
        // Nothing is waited for beyond the end, however far off the next thing is.
        let most = if row.is_none() { end } else { Moment::LATEST };
        Ok(next.map(|next| next.min(most).max(self.now)))
    }

    /// When this instant is to come on the wall; at no pace, never late.
    fn due(&self, instant: Moment) -> Option<Instant> {
        let centre_s = self.first.until(instant).0 as f64 / 1_000.0;
        let paced = self.speed.times.is_finite();
        paced
            .then(|| self.started + Duration::from_secs_f64((centre_s / self.speed.times).max(0.0)))
    }

    /// Waits until the wall has come to this instant. Late is fine.
    async fn pace(&mut self, next: Moment, watch: &mut dyn Watch) {
        let Some(due) = self.due(next) else { return };
        while self.wish.stop().is_none() {
            let left = due.saturating_duration_since(Instant::now());
            // Below a timer's own grain there is nothing to wait for.
            if left < Duration::from_millis(1) {
                return;
            }
            tokio::time::sleep(left.min(watch.every())).await;
            self.report(watch);
        }
    }

    fn report(&mut self, watch: &mut dyn Watch) {
        if self.reported.elapsed() < watch.every() {
            return;
        }
        self.reported = Instant::now();
        self.tally.turn(self.reported);
        let elapsed = self.started.elapsed();
        let progress = Progress {
            wall: false,
            now: self.now,
            tally: &self.tally,
            departure: self.tally.departures.before(elapsed),
            sent: self.tally.sent,
            pending: self.tally.sent - self.tally.decided() - self.tally.refusals(),
            open: self.crews.as_ref().map_or(0, Crews::open),
            speed: self.first.until(self.now).0 as f64 / 1_000.0 / elapsed.as_secs_f64(),
            elapsed,
            lasting: self.speed.at_most,
            sending: matches!(self.rows.peek(), Some(Ok(_))),
        };
        watch.progress(&progress);
        watch.show();
        self.wish = watch.wish();
    }

    /// Moves the centre's time.
    async fn advance(&mut self, to: Moment) -> Result<(), ReplayError> {
        let tag = Some(self.next_tag());
        let (response, _) = self.ask(Request::Advance { tag, to }).await?;
        match response {
            Response::Advanced {
                now, seq, next_due, ..
            } => {
                self.now = now;
                self.centre_due = next_due;
                self.show(seq).await
            }
            Response::Problem { problem, .. } if problem.kind == ProblemKind::NotAdvanced => {
                Err(ReplayError::Invalid(format!(
                    "{}; --speed needs a centre that was started with --clock driven on a fresh data folder \
                     (or use --rate)",
                    problem.detail
                )))
            }
            other => Err(unexpected("advance", &other)),
        }
    }

    /// Sends a row; one that a carrier sends again says what the first said, and must be answered as that was (N2).
    async fn row(&mut self, row: &Row) -> Result<(), ReplayError> {
        let Some(first) = self.repeats.of(row, self.tally.sent) else {
            let caller = self.calling.as_mut().map(|it| it.callers().called(row));
            return self.call(row, caller).await;
        };
        self.tally.repeated += 1;
        let row = first.of(row);
        let request = words::request(&row, self.key(&row), self.next_tag());
        let (response, took) = self.ask(request).await?;
        match response {
            Response::Decision { decision, .. } => {
                self.show(decision.seq).await?;
                self.tally.conflicts += u64::from(decision.conflict);
                let sent = Sent::of(&row, first.serial, self.now);
                self.tally.decision(&sent, &decision, took);
                Ok(())
            }
            // The first was refused, and so is the second.
            Response::Problem { .. } => Ok(()),
            other => Err(unexpected("a call", &other)),
        }
    }

    fn key(&self, row: &Row) -> String {
        match &self.options.run_id {
            Some(run) => format!("{run}:{}", row.key),
            None => row.key.clone(),
        }
    }

    /// Sends a call and waits for what is decided.
    async fn call(&mut self, row: &Row, caller: Option<CallerId>) -> Result<(), ReplayError> {
        let serial = self.tally.sent;
        self.tally.sent += 1;
        let sent = Sent::of(row, serial, self.now);
        let key = self.key(row);
        let request = words::request(row, key.clone(), self.next_tag());
        let sending = Instant::now();
        let due = self.due(row.at).unwrap_or(sending);
        let since = |at: Instant| at.saturating_duration_since(self.started);
        let (due, at) = (since(due), since(sending));
        self.tally.departures.sent(due, at);
        let (response, took) = self.ask(request).await?;
        self.tally.turn(sending + took);
        match response {
            Response::Decision { decision, .. } => {
                self.show(decision.seq).await?;
                self.tally.corrected.add(took);
                self.tally.decision(&sent, &decision, took);
                self.tally.unmet(&key, &sent, &decision);
                if let (Some(caller), Some(calling)) = (caller, &mut self.calling) {
                    calling.decided(self.now, caller, &decision);
                }
                self.log.decided(&key, &decision)
            }
            Response::Problem { problem, .. } => {
                self.tally.problem(&problem);
                if let (Some(caller), Some(calling)) = (caller, &mut self.calling) {
                    calling.callers().refused(caller);
                }
                Ok(())
            }
            other => Err(unexpected("a call", &other)),
        }
    }

    /// Lets crews do what is due, one act after the other.
    async fn act(&mut self) -> Result<(), ReplayError> {
        while let Some(act) = self.crews.as_mut().and_then(|crews| crews.poll(self.now)) {
            let tag = self.next_tag();
            let Some(request) = request_of(act, tag) else {
                continue;
            };
            self.tally.acts += 1;
            let (response, _) = self.ask(request).await?;
            match response {
                Response::Done { seq, .. } => self.show(seq).await?,
                Response::Problem { problem, .. } => self.tally.act_problem(&problem),
                other => return Err(unexpected("an act", &other)),
            }
        }
        Ok(())
    }

    /// Lets callers do what is due, one act after the other.
    async fn callers_act(&mut self) -> Result<(), ReplayError> {
        let now = self.now;
        while let Some(act) = self.calling.as_mut().and_then(|it| it.callers().poll(now)) {
            if let CallerAct::Call { caller, row } = &act {
                self.call(row, Some(*caller)).await?;
                continue;
            }
            let Some(request) = calling::request_of(act, self.next_tag()) else {
                continue;
            };
            let (response, _) = self.ask(request).await?;
            match response {
                Response::Done { seq, .. } => self.show(seq).await?,
                Response::Problem { problem, .. } => self.tally.act_problem(&problem),
                other => return Err(unexpected("what a caller did", &other)),
            }
        }
        Ok(())
    }

    fn next_tag(&mut self) -> u64 {
        self.tag += 1;
        self.tag
    }

    /// Sends a request and waits for its answer, hearing events meanwhile.
    async fn ask(&mut self, request: Request) -> Result<(Response, Duration), ReplayError> {
        let tag = request.tag();
        let sent = Instant::now();
        self.client.send(0, request)?;
        let answer = async {
            loop {
                let Some(answer) = self.answers.next().await else {
                    return Err(ClientError::Gone("the centre closed it".into()));
                };
                if answer.response.tag() == tag {
                    return Ok((answer.response, answer.at.duration_since(sent)));
                }
            }
        };
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(answered) => Ok(answered?),
            Err(_) => Err(ReplayError::Invalid(format!(
                "the centre did not answer within {} s",
                PATIENCE.as_secs()
            ))),
        }
    }

    /// Hears events until the subscription has shown this record whole.
    async fn show(&mut self, sequence: Sequence) -> Result<(), ReplayError> {
        while self.shown < sequence {
            let next = tokio::time::timeout(PATIENCE, self.events.next());
            match next.await {
                Ok(Some(note)) => self.hear(&note),
                Ok(None) => return Err(ClientError::Gone("the subscription ended".into()).into()),
                Err(_) => {
                    return Err(ReplayError::Invalid(format!(
                        "the subscription has shown record {} and not {sequence} within {} s",
                        self.shown,
                        PATIENCE.as_secs()
                    )));
                }
            }
        }
        Ok(())
    }

    fn hear(&mut self, note: &EventNote) {
        if note.last {
            self.shown = self.shown.max(note.id.sequence);
        }
        self.tally.turn(Instant::now());
        self.tally.heard.hear(note);
        if let Some(calling) = &mut self.calling {
            calling.hear(note);
        }
        if let Some(due) = tell(self.crews.as_mut(), note, note.at) {
            self.centre_due = Some(self.centre_due.map_or(due, |known| known.min(due)));
        }
    }

    async fn summary(&mut self) -> Result<Summary, ReplayError> {
        self.log.finish()?;
        let seconds = self.started.elapsed().as_secs_f64();
        self.tally.end(self.started.elapsed());
        let counts = self.crews.as_ref().map(Crews::counts).unwrap_or_default();
        let mut summary = Summary::of(&self.tally, counts);
        let callers = self.calling.as_ref().map(Calling::seen);
        summary.callers = callers.map(Callers::counts);
        summary.trace = self.options.trace.display().to_string();
        summary.clock = "driven".into();
        summary.cut_short = self.wish.stop().map(String::from);
        summary.seconds = seconds;
        summary.centre_seconds = self.first.until(self.now).0 as f64 / 1_000.0;
        summary.calls_per_second = summary.sent as f64 / seconds.max(1e-9);
        summary.state.sequence = self.shown.0;
        if let Some(url) = &self.options.stats {
            summary.state = stats::ask_at_the_end(url, self.shown.0).await;
        }
        Ok(summary)
    }
}

/// Tells crews of an event. The earliest deadline that it may have set in the centre, if it set one.
pub fn tell(crews: Option<&mut Crews>, note: &EventNote, now: Moment) -> Option<Moment> {
    match &note.announced {
        Announced::OrderIssued {
            issued,
            unit,
            point,
            kind,
        } => {
            if let Some(crews) = crews {
                let told = Told {
                    order: issued.order,
                    unit: issued.unit,
                    name: unit,
                    capability: issued.capability,
                    desk: issued.capability.is_desk(),
                    travel_ms: issued.travel_ms,
                    turnout_ms: issued.turnout_ms,
                    point: *point,
                    kind: *kind,
                };
                crews.order_issued(now, &told);
            }
            issued.deadlines.nearest().map(|(_, due)| due)
        }
        Announced::OrderMoved { order, to, .. } => {
            if let Some(crews) = crews {
                crews.order_moved(now, *order, *to);
            }
            None
        }
        Announced::LadderClimbed {
            order,
            rung,
            next_due,
            ..
        } => {
            if let Some(crews) = crews {
                crews.ladder_climbed(now, *order, *rung, *next_due);
            }
            *next_due
        }
        Announced::Other { .. } => None,
    }
}

/// The request that an act of a crew makes.
pub fn request_of(act: Act, tag: u64) -> Option<Request> {
    match act {
        Act::Report { order, act } => Some(Request::Order {
            tag: Some(tag),
            order,
            act,
            note: None,
        }),
        Act::Position { unit, point } => words::position(unit, point, tag),
        Act::Return { unit } => Some(Request::Duty {
            tag: Some(tag),
            report: UnitReport {
                unit,
                duty: Duty::OnCall,
                strength: None,
            },
        }),
    }
}

fn unexpected(what: &str, response: &Response) -> ReplayError {
    ReplayError::Invalid(format!("the centre answered {what} with {response:?}"))
}
