//! The outbox on a time of its own: who is told when, what an acknowledgement ends, what one slow receiver costs others.

use super::*;
use engine::city::contacts::ContactId;
use engine::id::CentreId;

fn order(number: u64) -> OrderId {
    OrderId::new(CentreId(1), number).unwrap()
}

const fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A telling of an order over push to a receiver.
fn pushed(number: u64, rung: Rung, receiver: u32) -> (Telling, Receiver) {
    over(ChannelKind::Push, number, rung, receiver)
}

fn over(channel: ChannelKind, number: u64, rung: Rung, receiver: u32) -> (Telling, Receiver) {
    let telling = Telling {
        order: order(number),
        rung,
        contact: ContactId(receiver),
    };
    let number = receiver;
    (telling, Receiver { channel, number })
}

/// Everybody whose turn it is, by order, contact and attempt.
fn sent(outbox: &mut Outbox, now: Duration) -> Vec<(TellingId, (u64, u32, u32))> {
    std::iter::from_fn(|| outbox.next(now))
        .map(|next| {
            let Telling { order, contact, .. } = next.telling;
            (next.id, (order.number(), contact.0, next.attempt))
        })
        .collect()
}

fn whom(sent: &[(TellingId, (u64, u32, u32))]) -> Vec<(u64, u32, u32)> {
    sent.iter().map(|&(_, whom)| whom).collect()
}

/// X2: team and commander are told at once, over every channel, and the first acknowledgement ends the rest: those on the way,
/// those in line and those that would come again.
#[test]
fn all_at_once_and_the_first_yes_ends_the_rest() {
    let mut outbox = Outbox::new(100);
    let team = [1, 2].map(|contact| pushed(1, Rung::Primary, contact));
    let line = over(ChannelKind::Log, 1, Rung::Primary, 3);
    let all = [team[0], team[1], line];
    assert_eq!(outbox.ask((order(1), Rung::Primary, 2), &all, at(0)), []);
    let on_the_way = sent(&mut outbox, at(0));
    assert_eq!(whom(&on_the_way), [(1, 1, 1), (1, 2, 1), (1, 3, 1)]);
    outbox.failed(on_the_way[0].0, at(0));
    outbox.told(on_the_way[2].0);
    let ended: Vec<_> = outbox
        .end(order(1))
        .iter()
        .map(|&(_, channel, sent)| (channel, sent))
        .collect();
    assert_eq!(
        ended,
        [(ChannelKind::Push, false), (ChannelKind::Push, true)]
    );
    assert_eq!(outbox.wake_at(), None);
    assert_eq!(sent(&mut outbox, at(1_000)), []);
    // What comes of the try that was broken off changes nothing any more.
    outbox.failed(on_the_way[1].0, at(1));
    outbox.told(on_the_way[1].0);
    assert!(outbox.tellings.is_empty() && outbox.orders.is_empty());
    assert!(
        ChannelKind::ALL
            .iter()
            .all(|&channel| outbox.waiting(channel) == 0)
    );
    assert!(
        outbox
            .lanes
            .iter()
            .all(|lane| lane.lines.is_empty() && lane.sent == 0)
    );
}

/// X11: a rung is asked for once, however often it is heard of, and never after a higher one.
#[test]
fn a_rung_is_climbed_once() {
    let mut outbox = Outbox::new(100);
    let mut ask = |rung, contact| {
        let told = [pushed(1, rung, contact)];
        outbox.ask((order(1), rung, 2), &told, at(0));
        whom(&sent(&mut outbox, at(0)))
    };
    assert_eq!(ask(Rung::Primary, 1), [(1, 1, 1)]);
    assert_eq!(ask(Rung::Primary, 1), []);
    assert_eq!(ask(Rung::Deputy, 2), [(1, 2, 1)]);
    assert_eq!(ask(Rung::Primary, 1), []);
    assert_eq!(ask(Rung::DutyLeader, 3), [(1, 3, 1)]);
}

#[test]
fn a_failed_try_comes_again_later_each_time_until_it_is_told() {
    let mut outbox = Outbox::new(100);
    outbox.ask(
        (order(1), Rung::Primary, 2),
        &[pushed(1, Rung::Primary, 1)],
        at(0),
    );
    let (mut now, mut waits) = (at(0), Vec::new());
    for attempt in 1..=8 {
        let on_the_way = sent(&mut outbox, now);
        assert_eq!(whom(&on_the_way), [(1, 1, attempt)]);
        assert_eq!(sent(&mut outbox, now), [], "one try at a time");
        outbox.failed(on_the_way[0].0, now);
        let due = outbox.wake_at().unwrap();
        assert_eq!(sent(&mut outbox, due - Duration::from_millis(1)), []);
        waits.push((due - now).as_secs());
        now = due;
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
    assert_eq!(retry_after(u32::MAX), RETRY_MOST);
    let on_the_way = sent(&mut outbox, now);
    outbox.told(on_the_way[0].0);
    assert_eq!(outbox.wake_at(), None);
    // It is known until somebody acknowledges, so that nobody is told of the same rung twice.
    outbox.ask(
        (order(1), Rung::Primary, 2),
        &[pushed(1, Rung::Primary, 1)],
        now,
    );
    assert_eq!(sent(&mut outbox, now), []);
}

/// One receiver that hangs holds its own few places and nobody else's, however many orders wait for it.
#[test]
fn a_receiver_that_hangs_delays_itself_alone() {
    let mut outbox = Outbox::new(10_000);
    for number in 1..=50 {
        let both = [1, 2].map(|contact| pushed(number, Rung::Primary, contact));
        outbox.ask((order(number), Rung::Primary, 2), &both, at(0));
    }
    // Receiver 1 never answers, receiver 2 at once.
    let mut told = Vec::new();
    loop {
        let on_the_way = sent(&mut outbox, at(0));
        let of_two: Vec<_> = on_the_way.iter().filter(|(_, whom)| whom.1 == 2).collect();
        if of_two.is_empty() {
            break;
        }
        for (id, whom) in of_two {
            told.push(whom.0);
            outbox.told(*id);
        }
    }
    assert_eq!(
        told,
        (1..=50).collect::<Vec<_>>(),
        "in the order in which they were asked for"
    );
    assert_eq!(outbox.waiting(ChannelKind::Push), 50);
    let lane = &outbox.lanes[ChannelKind::Push as usize];
    assert_eq!(
        (lane.sent, lane.lines[&1].sent),
        (RECEIVER_SENDS_MAX, RECEIVER_SENDS_MAX)
    );
    // Cancelled in line, they are passed over; the place goes to the next that is wanted.
    (1..=49).for_each(|number| drop(outbox.end(order(number))));
    assert_eq!(whom(&sent(&mut outbox, at(0))), [(50, 1, 1)]);
}

/// However many receivers hang at once, a channel has so many tries on the way, and turns go round.
#[test]
fn a_channel_is_bounded_and_takes_turns() {
    let mut outbox = Outbox::new(10_000);
    let receivers = CHANNEL_SENDS_MAX as u32 + 10;
    for number in 1..=3 {
        let all: Vec<_> = (0..receivers)
            .map(|to| pushed(number, Rung::Primary, to))
            .collect();
        outbox.ask((order(number), Rung::Primary, 2), &all, at(0));
    }
    let on_the_way = sent(&mut outbox, at(0));
    assert_eq!(on_the_way.len(), CHANNEL_SENDS_MAX);
    let first: Vec<_> = (0..CHANNEL_SENDS_MAX as u32).map(|to| (1, to, 1)).collect();
    assert_eq!(
        whom(&on_the_way),
        first,
        "each has its turn before anybody has a second"
    );
    outbox.told(on_the_way[7].0);
    assert_eq!(
        whom(&sent(&mut outbox, at(0))),
        [(1, CHANNEL_SENDS_MAX as u32, 1)]
    );
}

/// Danger to life does not wait behind a noise in the night.
#[test]
fn the_most_urgent_is_told_first() {
    let mut outbox = Outbox::new(100);
    for (number, urgency) in [(1, 4), (2, 4), (3, 4), (4, 2), (5, 1), (6, 2)] {
        let told = [pushed(number, Rung::Primary, 1)];
        outbox.ask((order(number), Rung::Primary, urgency), &told, at(0));
    }
    let mut told = Vec::new();
    while let Some(next) = outbox.next(at(0)) {
        told.push(next.telling.order.number());
        outbox.told(next.id);
    }
    assert_eq!(told, [5, 4, 6, 1, 2, 3]);
}

/// The least urgent gives way, of these the oldest, never one that is on the way; a newcomer that is the least gives way itself.
#[test]
fn where_too_many_wait_one_gives_way() {
    let mut outbox = Outbox::new(4);
    let ask = |outbox: &mut Outbox, number, urgency| {
        let told = [pushed(number, Rung::Primary, 1)];
        outbox.ask((order(number), Rung::Primary, urgency), &told, at(0))
    };
    for number in 1..=4 {
        assert_eq!(ask(&mut outbox, number, 2), []);
    }
    let on_the_way = sent(&mut outbox, at(0));
    assert_eq!(whom(&on_the_way), [(1, 1, 1), (2, 1, 1)]);
    for (number, urgency) in [(5, 2), (7, 1), (6, 4)] {
        assert_eq!(ask(&mut outbox, number, urgency), [ChannelKind::Push]);
        assert_eq!(outbox.waiting(ChannelKind::Push), 4);
    }
    on_the_way.iter().for_each(|&(id, _)| outbox.told(id));
    // The third gave way to the fifth, the fourth to the seventh, and the sixth to all.
    assert_eq!(whom(&sent(&mut outbox, at(0))), [(7, 1, 1), (5, 1, 1)]);
    // Another channel has room of its own.
    let line = [over(ChannelKind::Log, 8, Rung::Primary, 1)];
    assert_eq!(outbox.ask((order(8), Rung::Primary, 2), &line, at(0)), []);
}

/// Whatever happens in whatever order: nothing is on the way twice, counts add up, and once everything has ended nothing is left.
#[test]
fn nothing_is_lost_and_nothing_is_left() {
    let mut draw = 1_u64;
    let mut random = move |most: u64| {
        draw = draw
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (draw >> 33) % most
    };
    let (mut outbox, mut now) = (Outbox::new(60), at(0));
    let mut on_the_way: Vec<TellingId> = Vec::new();
    for _ in 0..20_000 {
        let number = 1 + random(40);
        match random(6) {
            0 | 1 => {
                let rung = Rung::ALL[random(3) as usize];
                let contact = random(5) as u32;
                let told = [
                    pushed(number, rung, contact),
                    over(ChannelKind::Subscribe, number, rung, 0),
                ];
                outbox.ask((order(number), rung, 2), &told, now);
            }
            2 => {
                for (id, _, sent) in outbox.end(order(number)) {
                    let before = on_the_way.len();
                    on_the_way.retain(|&known| known != id);
                    assert_eq!(before - on_the_way.len(), usize::from(sent));
                }
            }
            3 => now += Duration::from_millis(random(2_000)),
            kind if !on_the_way.is_empty() => {
                let id = on_the_way.swap_remove(random(on_the_way.len() as u64) as usize);
                if kind == 4 {
                    outbox.told(id)
                } else {
                    outbox.failed(id, now)
                }
            }
            _ => {}
        }
        for (id, _) in sent(&mut outbox, now) {
            assert!(!on_the_way.contains(&id));
            on_the_way.push(id);
        }
        let lanes: usize = outbox.lanes.iter().map(|lane| lane.sent).sum();
        assert_eq!(lanes, on_the_way.len());
        let held: usize = outbox.lanes.iter().map(|lane| lane.held.len()).sum();
        assert_eq!(held, outbox.tellings.len());
        assert!(held <= 120);
        assert!(outbox.wake_at().is_none_or(|due| due > now));
    }
    (1..=40).for_each(|number| drop(outbox.end(order(number))));
    sent(&mut outbox, now);
    assert!(outbox.tellings.is_empty() && outbox.later.is_empty() && outbox.wake_at().is_none());
    assert!(
        outbox
            .lanes
            .iter()
            .all(|lane| lane.sent == 0 && lane.lines.is_empty() && lane.turns.is_empty())
    );
}
