//! What the channels hear of the centre: orders that go out, rungs that are climbed, orders that need no telling any more.
//!
//! Follows what is released, as any subscriber does: one that is slow is served from the journal and holds up nobody. It
//! begins with every order that is out and that nobody has acknowledged, so nothing is missed over a restart.

use crate::announce::{Announcement, Interest};
use crate::exchange::Exchange;
use crate::feed::Pace;
use crate::follow::Follower;
use engine::event::Event;
use engine::id::{OrderId, Sequence, UnitId};
use engine::moment::Moment;
use engine::order::{OrderState, Rung};
use engine::view::View;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long is waited after what was released could not be read.
const PAUSE: Duration = Duration::from_secs(5);

/// An order that waits for an acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderOut {
    /// Which.
    pub order: OrderId,
    /// Whose.
    pub unit: UnitId,
    /// The rung that was told last.
    pub rung: Rung,
    /// The record that issued it, or moved it to this rung.
    pub record: Sequence,
    /// When that was; for an order that was out before, now.
    pub at: Moment,
}

/// What is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// These orders are out, and no others.
    All(Vec<OrderOut>),
    /// This one is out, or has climbed.
    Out(OrderOut),
    /// Somebody has acknowledged it, or it has ended.
    Settled(OrderId),
    /// All that there was up to this record has been heard.
    Heard(Sequence),
}

/// Tells all news until nobody listens any more, or the centre is gone.
pub async fn follow(exchange: Arc<Exchange>, news: mpsc::Sender<News>) {
    while !news.is_closed() {
        let begin = Follower::new(&exchange, Interest::All, None, Pace::AtOnce, |view| {
            out(view)
        });
        let (mut follower, out) = begin;
        if news.send(News::All(out)).await.is_err() {
            return;
        }
        loop {
            match follower.next().await {
                Ok(Some(found)) => {
                    for announcement in found.announcements() {
                        let heard = heard(announcement).into_iter();
                        let last = announcement.last().then_some(announcement.id.sequence);
                        for one in heard.chain(last.map(News::Heard)) {
                            if news.send(one).await.is_err() {
                                return;
                            }
                        }
                    }
                }
                Ok(None) => return,
                Err(error) => {
                    tracing::error!(%error, "channels cannot be told what was released; they begin anew");
                    break;
                }
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// All orders that nobody has acknowledged.
fn out(view: &View) -> Vec<OrderOut> {
    let outbox = view.outbox().map(|(order, known)| OrderOut {
        order,
        unit: known.issued.unit,
        rung: known.rung,
        record: known.event.sequence,
        at: view.now(),
    });
    outbox.collect()
}

fn heard(announcement: &Announcement) -> Option<News> {
    let (record, at) = (announcement.id.sequence, announcement.at());
    let out = |order, unit, rung| {
        News::Out(OrderOut {
            order,
            unit,
            rung,
            record,
            at,
        })
    };
    let event = announcement.event()?;
    if let Event::OrderIssued(issued) = event {
        Some(out(issued.order, issued.unit, Rung::Primary))
    } else if let Event::LadderClimbed {
        order, unit, rung, ..
    } = *event
    {
        Some(out(order, unit, rung))
    } else if let Event::OrderMoved { order, to, .. } = *event {
        (to != OrderState::Issued).then_some(News::Settled(order))
    } else {
        None
    }
}
