//! From released records to what subscribers are told.
//!
//! Pure. Orders carry what a crew needs beside them (name, place, kind); all other events are their own fields
//! as JSON.

use crate::names::Names;
use crate::wire::{Announced, EventNote, event_fields, name_unit};
use engine::event::{Event, OrderIssued};
use engine::id::{CentreId, EventId, IncidentId, UnitId};
use engine::kind::Kind;
use engine::moment::Moment;
use engine::place::Point;
use engine::runtime::ReleasedRecord;
use engine::view::{OrderView, View};
use serde_json::Value;
use std::collections::HashSet;

/// An event and what is known about it when it is released. Small and without text: the feed makes one for each
/// event, and only who tells it to a client puts it in words ([`Announcement::note`]).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Announcement {
    /// Which event.
    pub id: EventId,
    /// The unit it is about, if it is about one.
    pub unit: Option<UnitId>,
    at: Moment,
    last: bool,
    /// `None`: the record has no events.
    event: Option<Event>,
    /// Of an order: where to, and what for.
    scene: Scene,
}

/// What a crew needs to know of an incident.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Scene {
    point: Option<Point>,
    kind: Option<Kind>,
}

/// Whom a subscriber wants to hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Everybody and everything.
    All,
    /// These units.
    Units(HashSet<UnitId>),
}

impl Interest {
    /// Whether something about this unit, or about none, is wanted.
    pub fn wants(&self, unit: Option<UnitId>) -> bool {
        match self {
            Interest::All => true,
            Interest::Units(units) => unit.is_some_and(|unit| units.contains(&unit)),
        }
    }
}

impl Scene {
    /// What the view knows of an incident: of open ones all, of closed ones nothing.
    fn of(view: &View, incident: IncidentId) -> Scene {
        let known = view.incident(incident);
        Scene {
            point: known.and_then(|known| known.place).map(|place| place.point),
            kind: known.map(|known| known.kind),
        }
    }
}

/// Everything in a record, from that record alone: the same words whenever it is asked for.
pub fn announce_alone(released: &ReleasedRecord, centre: CentreId) -> Vec<Announcement> {
    let mut out = Vec::new();
    gather(
        released,
        centre,
        |_| Scene::default(),
        &Interest::All,
        &mut out,
    );
    out
}

/// Everything in a record that `interest` wants, in order. A record without events is told to who wants everything, so
/// that each sequence is shown: a client that drives the clock goes on only when it has seen the last of a record.
pub fn announce(
    released: &ReleasedRecord,
    centre: CentreId,
    view: &View,
    interest: &Interest,
    out: &mut Vec<Announcement>,
) {
    let scene = |issued: &OrderIssued| Scene::of(view, issued.incident);
    gather(released, centre, scene, interest, out);
}

fn gather(
    released: &ReleasedRecord,
    centre: CentreId,
    scene: impl Fn(&OrderIssued) -> Scene,
    interest: &Interest,
    out: &mut Vec<Announcement>,
) {
    let events = &released.record.events;
    let announcement = |index: usize, event: Option<Event>| Announcement {
        id: EventId {
            centre,
            sequence: released.sequence,
            index: index as u32,
        },
        unit: event.as_ref().and_then(unit_of),
        at: released.record.at,
        last: index + 1 >= events.len(),
        event,
        scene: if let Some(Event::OrderIssued(issued)) = event {
            scene(&issued)
        } else {
            Scene::default()
        },
    };
    if events.is_empty() && interest.wants(None) {
        out.push(announcement(0, None));
    }
    let events = events.iter().enumerate();
    out.extend(
        events
            .filter(|(_, event)| interest.wants(unit_of(event)))
            .map(|(index, &event)| announcement(index, Some(event))),
    );
}

/// An order of the outbox, told again.
pub fn again(order: &OrderView, view: &View, names: &Names) -> EventNote {
    EventNote {
        id: order.event,
        at: order.at,
        redelivered: true,
        last: false,
        announced: order_issued(&order.issued, Scene::of(view, order.issued.incident), names),
    }
}

impl Announcement {
    /// What happened; `None` for a record without events.
    pub fn event(&self) -> Option<&Event> {
        self.event.as_ref()
    }

    /// When.
    pub fn at(&self) -> Moment {
        self.at
    }

    /// Whether it is the last of its record.
    pub fn last(&self) -> bool {
        self.last
    }

    /// The same in words.
    pub fn note(&self, names: &Names) -> EventNote {
        EventNote {
            id: self.id,
            at: self.at,
            redelivered: false,
            last: self.last,
            announced: self
                .event
                .map_or_else(nothing, |event| announced(&event, self.scene, names)),
        }
    }
}

fn nothing() -> Announced {
    Announced::Other {
        json: r#"{"type":"nothing"}"#.into(),
    }
}

fn order_issued(issued: &OrderIssued, scene: Scene, names: &Names) -> Announced {
    Announced::OrderIssued {
        issued: *issued,
        unit: names.of(issued.unit),
        point: scene.point,
        kind: scene.kind,
    }
}

fn announced(event: &Event, scene: Scene, names: &Names) -> Announced {
    if let Event::OrderIssued(issued) = event {
        order_issued(issued, scene, names)
    } else if let Event::OrderMoved {
        order,
        unit,
        from,
        to,
        ..
    } = *event
    {
        Announced::OrderMoved {
            order,
            unit_id: unit,
            unit: names.of(unit),
            from,
            to,
        }
    } else if let Event::LadderClimbed {
        order,
        unit,
        rung,
        next_due,
    } = *event
    {
        Announced::LadderClimbed {
            order,
            unit_id: unit,
            unit: names.of(unit),
            rung,
            next_due,
        }
    } else {
        let mut fields = event_fields(event);
        if let Some(unit) = unit_of(event) {
            name_unit(&mut fields, &names.of(unit));
        }
        Announced::Other {
            json: Value::Object(fields).to_string(),
        }
    }
}

/// The unit that an event is about.
fn unit_of(event: &Event) -> Option<UnitId> {
    match event {
        Event::OrderIssued(issued) => Some(issued.unit),
        Event::UnitDefined { unit }
        | Event::OrderMoved { unit, .. }
        | Event::LadderClimbed { unit, .. }
        | Event::LedgerEntered { unit, .. }
        | Event::UnitMoved { unit, .. }
        | Event::UnitDutyChanged { unit, .. }
        | Event::UnitStaffed { unit, .. }
        | Event::UnitSilent { unit }
        | Event::UnitHeard { unit }
        | Event::UnitPositionStale { unit, .. }
        | Event::UnitPreempted { unit, .. }
        | Event::OrderTransferred { unit, .. }
        | Event::FollowUpNamed { unit, .. } => Some(*unit),
        Event::CentreOpened(_)
        | Event::ObjectActivated(_)
        | Event::CallTaken { .. }
        | Event::CallRepeated { .. }
        | Event::IncidentOpened { .. }
        | Event::IncidentJoined { .. }
        | Event::IncidentRaised { .. }
        | Event::IncidentPlaced { .. }
        | Event::IncidentClosed { .. }
        | Event::NeedOpened { .. }
        | Event::NeedWaits { .. }
        | Event::NeedMet { .. }
        | Event::NeedDone { .. }
        | Event::NeedDropped { .. }
        | Event::ClockMet { .. }
        | Event::ClockMissed { .. }
        | Event::CallAmended { .. }
        | Event::CallEnded { .. }
        | Event::CallDecided { .. }
        | Event::Refused(_)
        | Event::Continues { .. }
        | Event::IncidentReclassified { .. }
        | Event::IncidentMerged { .. }
        | Event::CallSplit { .. }
        | Event::HospitalDefined { .. }
        | Event::NeedRefused { .. }
        | Event::LevelRaised { .. }
        | Event::CommanderNamed { .. }
        | Event::SituationReported { .. }
        | Event::ReportedUpward { .. }
        | Event::IncidentClockMissed { .. }
        | Event::IncidentEntered { .. }
        | Event::CloseAwaited { .. }
        | Event::DutiesJoined { .. }
        | Event::IncidentReopened { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::command::{Actor, Command, Envelope};
    use engine::event::Refusal;
    use engine::id::Sequence;
    use engine::record::Record;

    fn record(events: Vec<Event>) -> ReleasedRecord {
        ReleasedRecord {
            sequence: Sequence(7),
            record: Record {
                at: Moment(5),
                envelope: Envelope {
                    actor: Actor::System,
                    command: Command::Tick,
                },
                testimony: Vec::new(),
                events,
            },
        }
    }

    fn told(events: Vec<Event>, interest: &Interest) -> Vec<EventNote> {
        let mut out = Vec::new();
        announce(
            &record(events),
            CentreId(1),
            &View::new(),
            interest,
            &mut out,
        );
        let names = Names::default();
        out.iter()
            .map(|announcement| announcement.note(&names))
            .collect()
    }

    /// Whoever hears everything sees each sequence to its end, an empty one too; others only what is theirs.
    #[test]
    fn each_record_has_a_last_event() {
        let unit = |number| engine::id::UnitId::new(CentreId(1), number).unwrap();
        let events = vec![
            Event::UnitSilent { unit: unit(1) },
            Event::UnitHeard { unit: unit(2) },
            Event::Refused(Refusal::UnknownCall),
        ];
        let all = told(events.clone(), &Interest::All);
        assert_eq!(
            all.iter().map(|note| note.last).collect::<Vec<_>>(),
            [false, false, true]
        );
        assert_eq!(told(Vec::new(), &Interest::All).len(), 1);
        assert!(told(Vec::new(), &Interest::All)[0].last);
        let one = Interest::Units([unit(2)].into_iter().collect());
        let theirs = told(events, &one);
        assert_eq!(theirs.len(), 1);
        assert_eq!(theirs[0].id.to_string(), "1.7.1");
        assert_eq!(
            theirs[0].announced,
            Announced::Other {
                json: r#"{"type":"unit_heard","unit":"1.2","unit_id":"1.2"}"#.into()
            }
        );
        assert!(told(Vec::new(), &one).is_empty());
    }
}
