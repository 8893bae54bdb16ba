//! Tells people: hears what the centre orders, sends what the outbox gives, and takes back what comes of it.
//!
//! One task beside the workers, and one for each try that is on the way. It decides nothing: who is told is the directory's
//! to say, when is the outbox's, and an acknowledgement goes to the writer like anybody's.

use super::answer::{Answer, Failure};
use super::figures::Outcome;
use super::news::{News, OrderOut, follow};
use super::notice::{Notice, Telling};
use super::outbox::{Outbox, Receiver, TellingId, Try};
use super::position::Position;
use super::push::push;
use crate::exchange::{AnswerTo, Exchange, Pending};
use crate::wire::{ProblemKind, Request, Response};
use engine::city::contacts::{ChannelKind, Contact};
use engine::id::{OrderId, Sequence};
use engine::order::{OrderAct, Rung};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{AbortHandle, JoinError, JoinSet};
use tokio::time::Instant;

/// News that wait; who tells more waits, and is served from the journal then.
const NEWS_MAX: usize = 1_024;
/// How often the position is written down.
const POSITION_PERIOD: Duration = Duration::from_secs(1);
/// How long an acknowledgement may take on its way through the writer.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// How often an acknowledgement is handed in that finds no room.
const ACKNOWLEDGE_TRIES: u32 = 20;
/// The worker that answers.
const WORKER: u16 = 0;
/// How long nothing is looked at while nothing waits.
const IDLE: Duration = Duration::from_secs(3_600);

type Done = (TellingId, Result<Answer, Failure>);

/// Tells people of a centre's orders.
pub struct Teller {
    exchange: Arc<Exchange>,
    began: Instant,
    outbox: Outbox,
    /// Orders up to here may have been told before this start.
    told_before: Sequence,
    again: HashSet<OrderId>,
    /// Which receiver each address is.
    addresses: BTreeMap<String, u32>,
    tries: JoinSet<Done>,
    on_the_way: HashMap<TellingId, (AbortHandle, Try)>,
    /// Acknowledgements on their way, and the tasks that this one needs.
    beside: JoinSet<()>,
    heard: watch::Sender<Sequence>,
}

impl Teller {
    /// Tells people until it is dropped; does nothing where there is nobody to tell.
    pub async fn run(exchange: Arc<Exchange>, data: PathBuf) {
        if exchange.channels.contacts.is_empty() {
            return;
        }
        let position = tokio::task::spawn_blocking(move || Position::open(&data));
        let Ok(position) = position.await else {
            return;
        };
        let (news_in, mut news) = mpsc::channel(NEWS_MAX);
        let (heard, latest) = watch::channel(position.written());
        let mut teller = Teller {
            began: Instant::now(),
            outbox: Outbox::new(exchange.channels.config.waiting_max),
            told_before: position.written(),
            again: HashSet::new(),
            addresses: addresses(exchange.channels.contacts.rows()),
            tries: JoinSet::new(),
            on_the_way: HashMap::new(),
            beside: JoinSet::new(),
            heard,
            exchange,
        };
        teller.beside.spawn(keep(position, latest));
        let followed = Arc::clone(&teller.exchange);
        teller.beside.spawn(follow(followed, news_in));
        loop {
            teller.send_all();
            let wake = teller.outbox.wake_at().map(|at| teller.began + at);
            tokio::select! {
                heard = news.recv() => match heard {
                    Some(heard) => teller.hear(heard),
                    None => return,
                },
                Some(done) = teller.tries.join_next() => teller.done(done),
                Some(_) = teller.beside.join_next() => {}
                () = tokio::time::sleep_until(wake.unwrap_or_else(|| Instant::now() + IDLE)) => {}
            }
        }
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn hear(&mut self, news: News) {
        match news {
            News::All(out) => {
                let there: HashSet<_> = out.iter().map(|out| out.order).collect();
                let known: Vec<_> = self.outbox.orders().collect();
                let gone = known.into_iter().filter(|order| !there.contains(order));
                gone.for_each(|order| self.settle(order));
                out.into_iter().for_each(|out| self.ask(out));
            }
            News::Out(out) => self.ask(out),
            News::Settled(order) => self.settle(order),
            News::Heard(record) => drop(self.heard.send_replace(record)),
        }
    }

    /// X2, X11: everybody up to this rung is to be told; who was asked for before is not asked for again.
    fn ask(&mut self, out: OrderOut) {
        if out.record <= self.told_before {
            self.again.insert(out.order);
        }
        let known = {
            let view = self.exchange.feed.view();
            let unit = view.unit(out.unit).map(|unit| unit.definition);
            let order = view.order(out.order);
            let incident = order.and_then(|order| view.incident(order.incident));
            unit.zip(incident.map(|incident| incident.priority.number()))
        };
        // The view is ahead of what was heard: what it does not know any more is over.
        let Some((unit, urgency)) = known else {
            return;
        };
        let whose = (unit.name, unit.agency);
        let now = self.now();
        let channels = &self.exchange.channels;
        for &rung in Rung::ALL.iter().filter(|&&rung| rung <= out.rung) {
            let people = channels.contacts.told_at(whose, rung, out.at);
            let people = people.into_iter().map(|contact| {
                let telling = Telling {
                    order: out.order,
                    rung,
                    contact: contact.id,
                };
                (telling, receiver(&self.addresses, contact))
            });
            let people: Vec<_> = people.collect();
            if people.is_empty() && rung != Rung::NextUnit && out.rung == rung {
                tracing::warn!(order = %out.order, %rung, "nobody can be told of an order: contacts.csv names none who is there now");
            }
            for channel in self.outbox.ask((out.order, rung, urgency), &people, now) {
                channels.figures.count(channel, Outcome::GaveWay, 1);
            }
        }
    }

    /// Somebody has acknowledged, or the order is over: whoever was still to be told is not told any more.
    fn settle(&mut self, order: OrderId) {
        self.again.remove(&order);
        for (id, channel, _) in self.outbox.end(order) {
            if let Some((running, _)) = self.on_the_way.remove(&id) {
                running.abort();
            }
            let figures = &self.exchange.channels.figures;
            figures.count(channel, Outcome::Cancelled, 1);
        }
    }

    /// Sends whoever's turn it is.
    fn send_all(&mut self) {
        while let Some(next) = self.outbox.next(self.now()) {
            self.send(next);
        }
        let figures = &self.exchange.channels.figures;
        for &channel in ChannelKind::ALL {
            figures.wait(channel, self.outbox.waiting(channel));
        }
    }

    fn send(&mut self, next: Try) {
        let exchange = Arc::clone(&self.exchange);
        let channels = &exchange.channels;
        let contact = channels.contacts.get(next.telling.contact);
        let again = self.again.contains(&next.telling.order);
        let found = contact.and_then(|contact| {
            let view = exchange.feed.view();
            let unit = view.order(next.telling.order)?.issued.unit;
            let notice = Notice::of(&view, next.telling, (contact.role, next.attempt, again))?;
            Some((contact, unit, notice))
        });
        let Some((contact, unit, notice)) = found else {
            // The view is ahead of what was heard: it was settled meanwhile.
            self.outbox.told(next.id);
            return channels.figures.count(next.channel, Outcome::Cancelled, 1);
        };
        let id = next.id;
        let running = match contact.channel {
            ChannelKind::Subscribe => {
                let told = channels.devices.told(unit);
                return self.came_back(next, told);
            }
            ChannelKind::Push => match (&contact.address, serde_json::to_vec(&notice)) {
                (Some(address), Ok(body)) => {
                    let (address, time) = (address.clone(), channels.config.push_time);
                    let telling =
                        async move { (id, push(&address, &notice.key, body, time).await) };
                    self.tries.spawn(telling)
                }
                (None, _) | (_, Err(_)) => return self.came_back(next, Err(Failure::Words)),
            },
            ChannelKind::Log => {
                let (exchange, contact) = (Arc::clone(&exchange), contact.clone());
                self.tries
                    .spawn_blocking(move || (id, exchange.channels.write_line(&contact, &notice)))
            }
        };
        self.on_the_way.insert(id, (running, next));
    }

    fn done(&mut self, done: Result<Done, JoinError>) {
        let (id, result) = match done {
            Ok(done) => done,
            // Cancelled, which is known, or it panicked, which is in the log and counts as failed.
            Err(error) => {
                let mut running = self.on_the_way.iter();
                match running.find(|(_, (running, _))| running.id() == error.id()) {
                    Some((&id, _)) => (id, Err(Failure::Words)),
                    None => return,
                }
            }
        };
        if let Some((_, sent)) = self.on_the_way.remove(&id) {
            self.came_back(sent, result);
        }
    }

    fn came_back(&mut self, sent: Try, result: Result<Answer, Failure>) {
        let now = self.now();
        let exchange = Arc::clone(&self.exchange);
        let (channels, contact) = (&exchange.channels, sent.telling.contact);
        match result {
            Ok(answer) => {
                self.outbox.told(sent.id);
                channels
                    .figures
                    .told(sent.channel, now.saturating_sub(sent.since));
                if channels.reach.reached(contact, exchange.running.now()) {
                    tracing::info!(%contact, channel = %sent.channel, "a contact can be reached again");
                }
                if answer.acknowledged {
                    channels
                        .figures
                        .count(sent.channel, Outcome::Acknowledged, 1);
                    self.beside.spawn(acknowledge(exchange, sent));
                }
            }
            Err(failure) => {
                self.outbox.failed(sent.id, now);
                channels.figures.count(sent.channel, Outcome::Failed, 1);
                if channels.reach.failed(contact) {
                    say_unreached(channels.contacts.get(contact), sent, &failure);
                }
            }
        }
    }
}

/// Says once that somebody cannot be reached. That a unit's device does not listen is an everyday thing.
fn say_unreached(contact: Option<&Contact>, sent: Try, failure: &Failure) {
    let Some(contact) = contact else {
        return;
    };
    let (id, channel, role) = (contact.id, contact.channel, contact.role);
    let (order, name) = (
        sent.telling.order,
        crate::log::person(contact.name.as_str()),
    );
    match channel {
        ChannelKind::Subscribe => {
            tracing::debug!(contact = %id, %channel, %role, %name, %order, %failure, "a contact cannot be reached");
        }
        ChannelKind::Push | ChannelKind::Log => {
            tracing::warn!(contact = %id, %channel, %role, %name, %order, %failure, "a contact cannot be reached; it is tried again");
        }
    }
}

/// A number for each address; everybody behind one address waits in one line.
fn addresses(contacts: &[Contact]) -> BTreeMap<String, u32> {
    let addresses = contacts
        .iter()
        .filter_map(|contact| contact.address.as_ref());
    let mut numbers: BTreeMap<String, u32> = addresses
        .map(|address| (address.as_str().to_owned(), 0))
        .collect();
    for (place, number) in numbers.values_mut().enumerate() {
        *number = place as u32;
    }
    numbers
}

fn receiver(addresses: &BTreeMap<String, u32>, contact: &Contact) -> Receiver {
    let address = contact.address.as_ref();
    let number = address.and_then(|address| addresses.get(address.as_str()));
    Receiver {
        channel: contact.channel,
        number: number.copied().unwrap_or(0),
    }
}

/// Hands in an acknowledgement that came back over a channel, as a report on the order like any other. That somebody was
/// faster is no mistake.
async fn acknowledge(exchange: Arc<Exchange>, sent: Try) {
    let Telling {
        order,
        rung,
        contact,
    } = sent.telling;
    for _ in 0..ACKNOWLEDGE_TRIES {
        let (sender, answer) = oneshot::channel();
        let request = Request::Order {
            tag: None,
            order,
            act: OrderAct::Acknowledge,
            note: Some(format!("{} {rung}, contact {contact}", sent.channel)),
        };
        let mut pending = Pending::new(WORKER);
        exchange.take(&mut pending, request, AnswerTo::Once(sender));
        exchange.hand_over(&mut pending);
        match tokio::time::timeout(ANSWER_TIME, answer).await {
            Ok(Ok(Response::Problem { problem, .. }))
                if problem.kind == ProblemKind::Overloaded =>
            {
                let pause = problem.retry_after_ms.unwrap_or(250);
                tokio::time::sleep(Duration::from_millis(pause.into())).await;
            }
            Ok(Ok(Response::Problem { problem, .. })) => {
                tracing::debug!(%order, %contact, problem = problem.detail, "an acknowledgement changed nothing");
                return;
            }
            Ok(Ok(
                Response::Done { .. }
                | Response::Decision { .. }
                | Response::Advanced { .. }
                | Response::Event(_),
            )) => return,
            Ok(Err(_)) | Err(_) => break,
        }
    }
    tracing::warn!(%order, %contact, "an acknowledgement was not taken in");
}

/// Writes down now and then how far orders were handed to channels.
async fn keep(mut position: Position, mut latest: watch::Receiver<Sequence>) {
    while latest.changed().await.is_ok() {
        let record = *latest.borrow_and_update();
        let writing = tokio::task::spawn_blocking(move || {
            let written = position.write(record);
            (position, written)
        });
        let Ok((kept, written)) = writing.await else {
            return;
        };
        position = kept;
        if let Err(error) = written {
            tracing::warn!(%error, "how far channels were told cannot be written down");
        }
        tokio::time::sleep(POSITION_PERIOD).await;
    }
}
