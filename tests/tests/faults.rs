//! What other systems got wrong: the ten faults of the field, one test each, named after it.
//!
//! Each plays a small story against the core as a reader of the journal would meet it: commands in, events out, and the view that
//! folds them.

use engine::call::{Assessment, BodyDigest, CallFacts, CallReport, KeyDigest, Marks};
use engine::capability::Capability;
use engine::centre::Centre;
use engine::command::{Actor, Assignment, Command, Envelope, OrderReport, UnitDuty, UnitPosition};
use engine::event::{Choice, Event, OrderIssued, Refusal};
use engine::id::{IncidentId, OrderId, UnitId};
use engine::incident::NeedState;
use engine::kind::{Kind, Priority};
use engine::line::Line;
use engine::moment::{Moment, Span};
use engine::order::{OrderAct, OrderState};
use engine::place::{Place, PlaceSource, Point};
use engine::record::Record;
use engine::runtime::ReleasedRecord;
use engine::unit::{Duty, UnitDefinition};
use engine::view::View;
use tests::duel::scene::Scene;

/// Ten in the morning in China, 21 November 2026.
const MORNING: Moment = Moment(1_795_226_400_000);

/// A centre of the generated county with all its units, and what its readers know.
struct Story {
    scene: Scene,
    centre: Centre,
    view: View,
    now: Moment,
    keys: u64,
}

impl Story {
    fn begin() -> Story {
        let scene = Scene::county();
        let mut centre = Centre::new(scene.capacities);
        scene
            .objects()
            .into_iter()
            .for_each(|object| centre.prepare(object));
        let mut story = Story {
            centre,
            view: View::new(),
            now: MORNING,
            keys: 0,
            scene,
        };
        for command in story.scene.overture() {
            story.say(command);
        }
        let city = story.scene.cities[0].1.clone();
        for row in &city.units {
            story.say(Command::DefineUnit(UnitDefinition {
                roster_on_min: 0,
                roster_off_min: 0,
                ..UnitDefinition::from(row)
            }));
        }
        story
    }

    fn say(&mut self, command: Command) -> Vec<Event> {
        let envelope = Envelope {
            actor: Actor::System,
            command,
        };
        let mut events = Vec::new();
        self.centre.apply(self.now, &envelope, &mut events);
        self.view.hear(&ReleasedRecord {
            sequence: self.centre.sequence(),
            record: Record {
                at: self.now,
                envelope,
                testimony: Vec::new(),
                events: events.clone(),
            },
        });
        events
    }

    /// Lets time pass, every deadline firing at its own time.
    fn pass(&mut self, span: Span) -> Vec<Event> {
        let until = self.now + span;
        let mut events = Vec::new();
        while let Some(due) = self.centre.next_due().filter(|&due| due <= until) {
            self.now = due;
            events.extend(self.say(Command::Tick));
        }
        self.now = until;
        events
    }

    /// The middle of the town, so many metres further north.
    fn place(&self, metres: i32) -> Place {
        let city = &self.scene.cities[0].1;
        let town = city.posts[0].point;
        let point = Point {
            lat_e7: town.lat_e7 + metres * 90,
            ..town
        };
        Place {
            point,
            radius_m: 20,
            source: PlaceSource::Caller,
            district: city.districts.at(point),
        }
    }

    fn call(&mut self, kind: Kind, metres: i32) -> Vec<Event> {
        self.keys += 1;
        let report = CallReport {
            key: KeyDigest::of(0, &self.keys.to_string()),
            body: BodyDigest(self.keys),
            line: Line(120),
            place: Some(self.place(metres)),
            assessment: Assessment::stated(kind),
            injured: 0,
            marks: Marks::default(),
        };
        self.say(Command::TakeCall(report))
    }

    fn act(&mut self, order: OrderId, act: OrderAct) -> Vec<Event> {
        self.say(Command::Report(OrderReport { order, act }))
    }

    /// Sends everybody with a capability off duty, but for the first so many.
    fn keep_only(&mut self, capability: Capability, keep: usize) -> Vec<UnitId> {
        let able = self
            .centre
            .units()
            .filter(|(_, unit)| unit.definition.capabilities.contains(capability));
        let able: Vec<UnitId> = able.map(|(id, _)| id).collect();
        let (kept, sent) = able.split_at(keep);
        for &unit in sent {
            self.say(Command::SetDuty(UnitDuty {
                unit,
                duty: Duty::Off,
                strength: None,
            }));
        }
        kept.to_vec()
    }
}

fn issued(events: &[Event]) -> Vec<OrderIssued> {
    let issued = events.iter().filter_map(|event| match event {
        Event::OrderIssued(issued) => Some(*issued),
        _ => None,
    });
    issued.collect()
}

fn incident_of(events: &[Event]) -> IncidentId {
    let opened = events.iter().find_map(|event| match event {
        Event::IncidentOpened { incident, .. } => Some(*incident),
        _ => None,
    });
    match opened {
        Some(incident) => incident,
        None => panic!("nothing was opened: {events:?}"),
    }
}

#[test]
fn fault_1_a_second_order_neither_resets_nor_hides_the_first() {
    let mut story = Story::begin();
    let ambulance = story.keep_only(Capability::Ambulance, 1)[0];
    let first = issued(&story.call(Kind::ChestPain, 0))[0];
    story.act(first.order, OrderAct::SetOff);
    let other = incident_of(&story.call(Kind::ChestPain, 3_000));
    let assign = Command::AssignUnit(Assignment {
        incident: other,
        unit: ambulance,
        capability: None,
    });
    assert_eq!(
        story.say(assign),
        [Event::Refused(Refusal::UnitNotFree)],
        "it has an order"
    );
    let known = story.view.order(first.order).unwrap();
    assert_eq!(known.state, OrderState::SetOff);
    assert_eq!(story.view.unit(ambulance).unwrap().orders, [first.order]);
}

#[test]
fn fault_2_units_are_free_the_moment_an_incident_closes() {
    let mut story = Story::begin();
    let ambulance = story.keep_only(Capability::Ambulance, 1)[0];
    let events = story.call(Kind::ChestPain, 0);
    let waiting = incident_of(&story.call(Kind::ChestPain, 3_000));
    let events = story.say(Command::CloseIncident(incident_of(&events)));
    // In the same record it goes to whoever waits.
    let next = issued(&events);
    assert_eq!((next[0].unit, next[0].incident), (ambulance, waiting));
}

#[test]
fn fault_3_nothing_is_dispatched_without_a_unit_behind_it() {
    let mut story = Story::begin();
    let order = issued(&story.call(Kind::ChestPain, 0))[0];
    story.act(order.order, OrderAct::Acknowledge);
    let before = story.centre.inspect().hash;
    // A transition that is not allowed is an event, and changes nothing but the count of records.
    let refused = story.act(order.order, OrderAct::Acknowledge);
    assert_eq!(refused, [Event::Refused(Refusal::NotAllowedNow)]);
    assert_ne!(story.centre.inspect().hash, before, "the record counts");
    let ordered = story.view.incidents_after(None).flat_map(|(_, incident)| {
        let needs = incident.needs.iter();
        needs.filter(|need| need.state == NeedState::Ordered)
    });
    let open = story
        .view
        .orders_after(None)
        .filter(|(_, order)| order.state.is_open());
    assert_eq!(ordered.count(), open.count());
}

#[test]
fn fault_4_the_nearest_goes_to_a_cardiac_arrest_however_much_it_did_today() {
    let mut story = Story::begin();
    let near = issued(&story.call(Kind::ChestPain, 0))[0];
    story.act(near.order, OrderAct::Finish);
    for _ in 0..20 {
        // Each time the same: it has just come back, and others have rested all day.
        story.pass(Span::minutes(15));
        let again = issued(&story.call(Kind::Unconscious, 0));
        let ambulance = again
            .iter()
            .find(|order| order.capability == near.capability);
        let ambulance = ambulance.unwrap();
        assert_eq!(
            (ambulance.unit, ambulance.choice),
            (near.unit, Choice::Nearest)
        );
        for order in &again {
            story.act(order.order, OrderAct::Finish);
        }
    }
}

#[test]
fn fault_5_check_then_insert_gives_no_unit_two_orders() {
    let mut story = Story::begin();
    story.keep_only(Capability::Ambulance, 2);
    let mut sent = Vec::new();
    for metres in 0..8 {
        let orders = issued(&story.call(Kind::ChestPain, metres * 1_000));
        sent.extend(orders.iter().map(|order| order.unit));
    }
    sent.sort_unstable();
    let count = sent.len();
    sent.dedup();
    assert_eq!((sent.len(), count), (2, 2), "{sent:?}");
}

#[test]
fn fault_6_a_replay_is_held_against_the_whole_state_not_against_counters() {
    let play = |metres: i32| {
        let mut story = Story::begin();
        let unit = story.keep_only(Capability::Ambulance, 1)[0];
        let point = story.place(metres).point;
        story.say(Command::MoveUnit(UnitPosition { unit, point }));
        story.centre.inspect()
    };
    let (once, again, elsewhere) = (play(500), play(500), play(501));
    assert_eq!(once, again);
    // Every counter is the same: so many records, calls, orders. The state is not.
    assert_eq!(once.conservation, elsewhere.conservation);
    assert_eq!(once.sequence, elsewhere.sequence);
    assert_ne!(once.hash, elsewhere.hash);
}

#[test]
fn fault_7_the_severity_that_is_shown_is_the_one_that_is_stored() {
    let mut story = Story::begin();
    story.keep_only(Capability::Ambulance, 0);
    let events = story.call(Kind::MinorTrauma, 0);
    let incident = incident_of(&events);
    let call = events.iter().find_map(|event| match event {
        Event::CallTaken { call } => Some(*call),
        _ => None,
    });
    let facts = CallFacts {
        call: call.unwrap(),
        place: None,
        assessment: Some(Assessment::stated(Kind::Unconscious)),
        injured: Some(2),
        marks: Marks::default(),
    };
    story.say(Command::AddFacts(facts));
    let shown = story.view.incident(incident).unwrap();
    assert_eq!((shown.priority, shown.injured), (Priority::P1, 2));
    // What is stored is what the next decision goes by: it goes before whoever is less urgent and waited longer.
    story.call(Kind::MinorTrauma, 5_000);
    let unit = story
        .centre
        .units()
        .find(|(_, unit)| unit.definition.capabilities.contains(Capability::Ambulance))
        .map(|(id, _)| id);
    let back = story.say(Command::SetDuty(UnitDuty {
        unit: unit.unwrap(),
        duty: Duty::OnCall,
        strength: None,
    }));
    assert_eq!(issued(&back)[0].incident, incident);
}

#[test]
fn fault_8_no_path_forgets_its_record() {
    let mut story = Story::begin();
    let order = issued(&story.call(Kind::ChestPain, 0))[0];
    let incident = order.incident;
    let unit = order.unit;
    let point = story.place(10).point;
    let unknown = OrderId::new(order.order.centre(), 999_999).unwrap();
    // Legal or not, each leaves something that a reader of the journal sees.
    for command in [
        Command::Report(OrderReport {
            order: order.order,
            act: OrderAct::Acknowledge,
        }),
        Command::Report(OrderReport {
            order: order.order,
            act: OrderAct::Preempt,
        }),
        Command::Report(OrderReport {
            order: unknown,
            act: OrderAct::Arrive,
        }),
        Command::MoveUnit(UnitPosition { unit, point }),
        Command::SetDuty(UnitDuty {
            unit,
            duty: Duty::Off,
            strength: Some(1),
        }),
        Command::AssignUnit(Assignment {
            incident,
            unit,
            capability: None,
        }),
        Command::CloseIncident(incident),
        Command::CloseIncident(incident),
    ] {
        let before = story.centre.sequence();
        let events = story.say(command);
        assert!(!events.is_empty(), "{command:?} left no trace");
        assert_eq!(story.centre.sequence(), before.next());
        assert_eq!(story.view.sequence(), story.centre.sequence());
    }
}

#[test]
fn fault_9_in_is_decided_waiting_or_refused_and_a_sum_that_is_off_is_seen() {
    let mut story = Story::begin();
    for metres in 0..40 {
        story.call(Kind::ChestPain, metres * 500);
    }
    let sums = story.centre.conservation();
    assert_eq!(sums.accepted, 40);
    assert!(sums.holds());
    let mut lost = sums;
    lost.accepted += 1;
    assert!(!lost.holds(), "a call that came in and was not decided");
}

#[test]
fn fault_10_stale_positions_are_said_once_each_and_hide_no_call() {
    let mut story = Story::begin();
    let patrols: Vec<UnitId> = {
        let able = story
            .centre
            .units()
            .filter(|(_, unit)| unit.definition.capabilities.contains(Capability::Patrol));
        able.map(|(id, _)| id).collect()
    };
    for &unit in &patrols {
        story.say(Command::SetDuty(UnitDuty {
            unit,
            duty: Duty::Patrolling,
            strength: None,
        }));
    }
    let stale = |events: &[Event]| {
        let stale = events
            .iter()
            .filter(|event| matches!(event, Event::UnitPositionStale { stale: true, .. }));
        stale.count()
    };
    let events = story.pass(Span::minutes(31));
    assert_eq!(stale(&events), patrols.len(), "one word a unit");
    assert_eq!(stale(&story.pass(Span::hours(2))), 0, "and no flood after");
    // Nobody is sent from a place that is not known, and the call stands in the open.
    let events = story.call(Kind::Fight, 0);
    let sent: Vec<UnitId> = issued(&events).iter().map(|order| order.unit).collect();
    assert!(sent.iter().all(|unit| !patrols.contains(unit)), "{sent:?}");
    let waits = events
        .iter()
        .any(|event| matches!(event, Event::NeedWaits { .. }));
    assert!(waits, "{events:?}");
    let incident = incident_of(&events);
    assert!(story.view.incident(incident).unwrap().is_open());
    // One that is heard of again goes at once.
    let point = story.place(100).point;
    let events = story.say(Command::MoveUnit(UnitPosition {
        unit: patrols[0],
        point,
    }));
    assert_eq!(issued(&events)[0].incident, incident);
}
