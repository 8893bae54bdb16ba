//! The outbox: whom is still to be told of what, and whose turn it is. No clock, no socket: time is an argument.
//!
//! Shape: `ask` and `end` come from what was released, `told` and `failed` from who was sent; `next` gives whom to send now, until
//! it gives none, and `wake_at` when to look again. A failed try comes again after a while that doubles. Each receiver has a
//! line of its own, the most urgent first, and a few places on the way, so one that hangs delays nobody but itself; a channel's
//! turns go round its receivers. What is bounded: tellings that a channel holds (the least urgent gives way, of these the oldest),
//! tries on the way, of a receiver and of a channel.

use super::notice::Telling;
use engine::city::contacts::ChannelKind;
use engine::id::OrderId;
use engine::order::Rung;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// Tries on the way to one receiver.
pub const RECEIVER_SENDS_MAX: usize = 2;
/// Tries on the way in one channel.
pub const CHANNEL_SENDS_MAX: usize = 256;
/// How long after a failed try the next one comes.
pub const RETRY_FIRST: Duration = Duration::from_secs(1);
/// The longest such while.
pub const RETRY_MOST: Duration = Duration::from_secs(30);

const _: () = assert!(
    RECEIVER_SENDS_MAX * 16 <= CHANNEL_SENDS_MAX,
    "many receivers hang before a channel does"
);

/// Where tellings go one behind the other: contacts with one address are one receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Receiver {
    /// Over which channel.
    pub channel: ChannelKind,
    /// Which of the channel's.
    pub number: u32,
}

/// How urgent an order is: its incident's priority, 1 before 4.
pub type Urgency = u8;

/// One telling, from when it is asked for until it is told, ended or given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TellingId(u64);

/// What is to be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Try {
    /// Which telling.
    pub id: TellingId,
    /// Whom to tell of what.
    pub telling: Telling,
    /// Over which channel.
    pub channel: ChannelKind,
    /// The how-manieth try, from 1.
    pub attempt: u32,
    /// Since when it waits.
    pub since: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// In its receiver's line.
    InLine,
    /// On the way.
    Sent,
    /// Failed; in the line again at this time.
    Later(Duration),
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    telling: Telling,
    receiver: Receiver,
    urgency: Urgency,
    attempt: u32,
    since: Duration,
    stage: Stage,
}

/// A receiver's line.
#[derive(Debug, Default)]
struct Line {
    waiting: BTreeSet<(Urgency, TellingId)>,
    sent: usize,
    /// It is among those whose turn comes.
    queued: bool,
}

/// A channel's part.
#[derive(Debug, Default)]
struct Lane {
    lines: BTreeMap<u32, Line>,
    /// Receivers with somebody in line and a place on the way, whose turn it is next first.
    turns: VecDeque<u32>,
    sent: usize,
    /// All that are not done with, the least urgent first, of these the oldest.
    held: BTreeSet<(Reverse<Urgency>, TellingId)>,
}

/// What is known of an order that nobody has acknowledged.
#[derive(Debug)]
struct Asked {
    rung: Rung,
    tellings: Vec<TellingId>,
}

/// Whom is still to be told.
#[derive(Debug)]
pub struct Outbox {
    waiting_max: usize,
    next: u64,
    tellings: BTreeMap<TellingId, Waiting>,
    orders: BTreeMap<OrderId, Asked>,
    lanes: [Lane; ChannelKind::ALL.len()],
    later: BTreeSet<(Duration, TellingId)>,
}

impl Outbox {
    /// Nobody yet; each channel holds so many tellings.
    pub fn new(waiting_max: usize) -> Outbox {
        Outbox {
            waiting_max,
            next: 0,
            tellings: BTreeMap::new(),
            orders: BTreeMap::new(),
            lanes: Default::default(),
            later: BTreeSet::new(),
        }
    }

    /// These are to be told of an order on a rung: all of them at once (X2). The same rung again, or one below, asks nothing.
    /// Gives the channels in which a telling gave way.
    pub fn ask(
        &mut self,
        (order, rung, urgency): (OrderId, Rung, Urgency),
        receivers: &[(Telling, Receiver)],
        now: Duration,
    ) -> Vec<ChannelKind> {
        match self.orders.get_mut(&order) {
            Some(asked) if asked.rung >= rung => return Vec::new(),
            Some(asked) => asked.rung = rung,
            None => {
                let tellings = Vec::new();
                self.orders.insert(order, Asked { rung, tellings });
            }
        }
        let mut gave_way = Vec::new();
        for &(telling, receiver) in receivers {
            if self.lanes[receiver.channel as usize].held.len() >= self.waiting_max {
                gave_way.push(receiver.channel);
                if !self.gives_way(receiver.channel, urgency) {
                    continue;
                }
            }
            let id = TellingId(self.next);
            self.next += 1;
            let waiting = Waiting {
                telling,
                receiver,
                urgency,
                attempt: 0,
                since: now,
                stage: Stage::InLine,
            };
            self.tellings.insert(id, waiting);
            let held = &mut self.lanes[receiver.channel as usize].held;
            held.insert((Reverse(urgency), id));
            if let Some(asked) = self.orders.get_mut(&order) {
                asked.tellings.push(id);
            }
            self.line_up(id);
        }
        gave_way
    }

    /// The order is acknowledged, or over: nobody is told of it any more. Gives who was still to be told, and whether they
    /// were on the way: such a try is to be broken off.
    pub fn end(&mut self, order: OrderId) -> Vec<(TellingId, ChannelKind, bool)> {
        let Some(asked) = self.orders.remove(&order) else {
            return Vec::new();
        };
        let tellings = asked.tellings.into_iter();
        tellings
            .filter_map(|id| {
                let gone = self.remove(id)?;
                Some((id, gone.receiver.channel, gone.stage == Stage::Sent))
            })
            .collect()
    }

    /// Who is to be sent now; it counts as on the way until it is told or has failed.
    pub fn next(&mut self, now: Duration) -> Option<Try> {
        while let Some(&(due, id)) = self.later.first()
            && due <= now
        {
            self.later.remove(&(due, id));
            if let Some(waiting) = self.tellings.get_mut(&id) {
                waiting.stage = Stage::InLine;
                self.line_up(id);
            }
        }
        (0..self.lanes.len()).find_map(|lane| self.next_of(lane))
    }

    fn next_of(&mut self, lane: usize) -> Option<Try> {
        loop {
            let lane = &mut self.lanes[lane];
            if lane.sent >= CHANNEL_SENDS_MAX {
                return None;
            }
            let number = lane.turns.pop_front()?;
            let line = lane.lines.get_mut(&number)?;
            line.queued = false;
            let first = line.waiting.pop_first();
            let Some((id, waiting)) =
                first.and_then(|(_, id)| self.tellings.get_mut(&id).map(|waiting| (id, waiting)))
            else {
                lane.forget_idle(number);
                continue;
            };
            (line.sent, lane.sent) = (line.sent + 1, lane.sent + 1);
            waiting.stage = Stage::Sent;
            waiting.attempt += 1;
            let next = Try {
                id,
                telling: waiting.telling,
                channel: waiting.receiver.channel,
                attempt: waiting.attempt,
                since: waiting.since,
            };
            lane.queue(number);
            return Some(next);
        }
    }

    /// The channel took it.
    pub fn told(&mut self, id: TellingId) {
        if let Some(told) = self.remove(id)
            && let Some(asked) = self.orders.get_mut(&told.telling.order)
        {
            asked.tellings.retain(|&known| known != id);
        }
    }

    /// It did not; it comes again, later each time.
    pub fn failed(&mut self, id: TellingId, now: Duration) {
        let Some(waiting) = self.tellings.get_mut(&id) else {
            return;
        };
        if waiting.stage != Stage::Sent {
            return;
        }
        let due = now + retry_after(waiting.attempt);
        waiting.stage = Stage::Later(due);
        let receiver = waiting.receiver;
        self.later.insert((due, id));
        self.lanes[receiver.channel as usize].arrived(receiver.number);
    }

    /// Orders that nobody has acknowledged, as far as was heard.
    pub fn orders(&self) -> impl Iterator<Item = OrderId> {
        self.orders.keys().copied()
    }

    /// When to look again though nothing has happened.
    pub fn wake_at(&self) -> Option<Duration> {
        self.later.first().map(|&(due, _)| due)
    }

    /// How many a channel still has to tell, those on the way among them.
    pub fn waiting(&self, channel: ChannelKind) -> usize {
        self.lanes[channel as usize].held.len()
    }

    fn line_up(&mut self, id: TellingId) {
        let Some(waiting) = self.tellings.get(&id) else {
            return;
        };
        let Receiver { channel, number } = waiting.receiver;
        let lane = &mut self.lanes[channel as usize];
        let line = lane.lines.entry(number).or_default();
        line.waiting.insert((waiting.urgency, id));
        lane.queue(number);
    }

    /// Whether something in a full channel makes room for what is so urgent: the least urgent that is not on the way, of
    /// these the oldest, whose ladder has long climbed past it.
    fn gives_way(&mut self, channel: ChannelKind, urgency: Urgency) -> bool {
        let held = self.lanes[channel as usize].held.iter();
        let is_sent = |id: &TellingId| {
            let waiting = self.tellings.get(id);
            waiting.is_some_and(|waiting| waiting.stage == Stage::Sent)
        };
        let mut less = held.take_while(|(least, _)| least.0 >= urgency);
        let gone = less.find(|(_, id)| !is_sent(id)).map(|&(_, id)| id);
        if let Some(id) = gone {
            self.told(id);
        }
        gone.is_some()
    }

    fn remove(&mut self, id: TellingId) -> Option<Waiting> {
        let gone = self.tellings.remove(&id)?;
        let lane = &mut self.lanes[gone.receiver.channel as usize];
        lane.held.remove(&(Reverse(gone.urgency), id));
        match gone.stage {
            Stage::InLine => lane.leave(gone.receiver.number, (gone.urgency, id)),
            Stage::Sent => lane.arrived(gone.receiver.number),
            Stage::Later(due) => {
                self.later.remove(&(due, id));
            }
        }
        Some(gone)
    }
}

impl Lane {
    /// A receiver's turn comes where somebody is in its line and it has a place on the way.
    fn queue(&mut self, number: u32) {
        if let Some(line) = self.lines.get_mut(&number)
            && !line.queued
            && !line.waiting.is_empty()
            && line.sent < RECEIVER_SENDS_MAX
        {
            line.queued = true;
            self.turns.push_back(number);
        }
        self.forget_idle(number);
    }

    /// One that was on the way to this receiver is so no more.
    fn arrived(&mut self, number: u32) {
        self.sent -= 1;
        if let Some(line) = self.lines.get_mut(&number) {
            line.sent -= 1;
        }
        self.queue(number);
    }

    /// One leaves its receiver's line.
    fn leave(&mut self, number: u32, place: (Urgency, TellingId)) {
        if let Some(line) = self.lines.get_mut(&number) {
            line.waiting.remove(&place);
        }
        self.forget_idle(number);
    }

    fn forget_idle(&mut self, number: u32) {
        let idle = |line: &Line| line.sent == 0 && line.waiting.is_empty() && !line.queued;
        if self.lines.get(&number).is_some_and(idle) {
            self.lines.remove(&number);
        }
    }
}

/// How long after the how-manieth try the next one comes.
fn retry_after(attempt: u32) -> Duration {
    let doubled = 1_u32
        .checked_shl(attempt.saturating_sub(1))
        .unwrap_or(u32::MAX);
    RETRY_FIRST.saturating_mul(doubled).min(RETRY_MOST)
}

#[cfg(test)]
mod tests;
