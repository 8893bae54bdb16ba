//! The state hash covers every field: each is flipped in turn, and the hash must change.
//!
//! The patterns name every field, so a new one does not compile until it is flipped here too.

use super::*;
use crate::call::{Call, CallState, Outcome};
use crate::centre::state::{Numbers, State};
use crate::dispatch::queue::Rank;
use crate::event::Refusal;
use crate::id::Sequence;
use crate::incident::{Incident, IncidentState, Need, NeedState, Shortage};
use crate::kind::{Agency, AgencySet, Category, Nature, Priority};
use crate::major::{Level, Major, MajorDeadlines, UpwardDuty, UpwardFields, UpwardOwed};
use crate::order::{Deadlines, Order, OrderState, Rung};
use crate::place::DistrictId;
use crate::table::Slot;
use crate::unit::Unit;

/// A flip of one field, by its name.
type Flip = (&'static str, fn(&mut State));

macro_rules! flips {
    ($list:ident, $state:ident => $target:expr, { $($name:literal: $flip:expr),+ $(,)? }) => {
        $($list.push(($name, |$state: &mut State| { let target = $target; #[allow(clippy::redundant_closure_call)] $flip(target); }));)+
    };
}

fn busy_world() -> World {
    let mut world = World::new();
    world.keep_only(Capability::Ambulance, 1);
    let town = world.town();
    world.call(Kind::CrashInjury, town);
    let other = Point {
        lat_e7: town.lat_e7 + 50_000,
        ..town
    };
    let decision = world.call(Kind::ChestPain, other);
    assert!(decision.incident.is_some());
    let incident = IncidentId::new(CentreId(1), 1).unwrap();
    world.say(Command::RaiseLevel(crate::command::LevelRaise {
        incident,
        level: Level::II,
    }));
    world
}

#[rustfmt::skip]
fn all() -> Vec<Flip> {
    let mut flips: Vec<Flip> = Vec::new();
    // Compiles only while these are all the fields there are.
    let _ = |state: State| { let State { opening: _, now: _, sequence: _, plan: _, plan_configured: _, lexicon: _, city: _, roads: _, bulletin: _, numbers: _, conservation: _, calls: _, incidents: _, orders: _, units: _, closed: _, wheel: _, queues: _, hospitals: _, passed_over: _ } = state; };
    let _ = |numbers: Numbers| { let Numbers { call: _, incident: _, order: _ } = numbers; };
    let _ = |conservation: Conservation| { let Conservation { accepted: _, ordered: _, merged: _, forwarded: _, work_order: _, human: _, waiting: _, refused: _, repeated: _, conflicts: _, needs_waiting: _, incidents_open: _, orders_open: _ } = conservation; };
    let _ = |call: Call| { let Call { key: _, body: _, taken: _, taken_at: _, incident: _, state: _, outcome: _, line: _, place: _, drill: _ } = call; };
    let _ = |incident: Incident| { let Incident { state: _, assessment: _, place: _, line: _, opened_at: _, needed_since: _, heard_at: _, calls: _, calls_open: _, injured: _, drill: _, escalated: _, needs: _, order: _, orders_open: _, merged_into: _, bumps: _, major: _, upward: _, attended: _, close_awaited: _, close_said_at: _ } = incident; };
    let _ = |major: Major| { let Major { level: _, deadlines: _ } = major; };
    let _ = |deadlines: MajorDeadlines| { let MajorDeadlines { situation_report: _, first_word: _, written_report: _ } = deadlines; };
    let _ = |duty: UpwardDuty| { let UpwardDuty { owed: _, told: _ } = duty; };
    let _ = |owed: UpwardOwed| { let UpwardOwed { since: _, due: _ } = owed; };
    let _ = |assessment: Assessment| { let Assessment { kind: _, priority: _, nature: _, category: _, agencies: _, confidence_permille: _, human: _ } = assessment; };
    let _ = |need: Need| { let Need { capability: _, state: _, shortage: _, asked: _, order: _, deadline: _, owed: _ } = need; };
    let _ = |order: Order| { let Order { incident: _, need: _, capability: _, unit: _, state: _, rung: _, issued_at: _, deadlines: _, previous: _, sibling: _, beside: _, by_hand: _ } = order; };
    let _ = |deadlines: Deadlines| { let Deadlines { acknowledge: _, set_off: _, muster: _, arrive: _, result: _ } = deadlines; };
    let _ = |unit: Unit| { let Unit { definition: _, point: _, point_at: _, duty: _, staffed: _, silent: _, stale: _, open_orders: _, order: _ } = unit; };
    let _ = |definition: UnitDefinition| { let UnitDefinition { name: _, agency: _, capabilities: _, home: _, post: _, speed_mm_s: _, turnout_ms: _, strength: _, least_strength: _, roster_on_min: _, roster_off_min: _, capacity: _ } = definition; };

    flips!(flips, state => state, {
        "opening": |state: &mut State| state.opening = None,
        "now": |state: &mut State| state.now = state.now + Span(1),
        "sequence": |state: &mut State| state.sequence = state.sequence.next(),
        "plan": |state: &mut State| state.plan = None,
        "lexicon": |state: &mut State| state.lexicon = Some(ObjectHash([1; 32])),
        "city": |state: &mut State| state.city = None,
        "numbers.call": |state: &mut State| state.numbers.call += 1,
        "numbers.incident": |state: &mut State| state.numbers.incident += 1,
        "numbers.order": |state: &mut State| state.numbers.order += 1,
        "calls": |state: &mut State| { let call = *state.calls.get(1).unwrap(); let key = KeyDigest([7; 16]); state.calls.push(Call { key, ..call }, MORNING); },
        "incidents": |state: &mut State| { let one = *state.incident(Slot(0)); state.incidents.insert(99, one).unwrap(); },
        "orders": |state: &mut State| { let one = *state.order(Slot(0)); state.orders.insert(99, one).unwrap(); },
        "units": |state: &mut State| { let one = state.units[0]; state.units.push(one); },
        "closed": |state: &mut State| state.closed.push_back((state.incident_id(Slot(0)), MORNING)),
        "wheel": |state: &mut State| state.wheel.arm(300, MORNING),
        "queues": |state: &mut State| state.queues.push(0, 500, Rank { priority: 1, deadline: 1, id: 1, sub: 1 }),
        "plan_configured": |state: &mut State| state.plan_configured = Some(ObjectHash([1; 32])),
        "roads": |state: &mut State| state.roads = Some(ObjectHash([1; 32])),
        "bulletin": |state: &mut State| state.bulletin = Some(ObjectHash([1; 32])),
        "hospitals": |state: &mut State| state.hospitals.push(crate::hospital::HospitalDefinition { name: Name::new("other").unwrap(), point: Point::default(), capabilities: Default::default(), beds: 1, open: true }),
        "passed_over": |state: &mut State| state.passed_over[3] += 1,
    });
    flips!(flips, state => &mut state.conservation, {
        "accepted": |c: &mut Conservation| c.accepted += 1, "ordered": |c: &mut Conservation| c.ordered += 1,
        "merged": |c: &mut Conservation| c.merged += 1, "forwarded": |c: &mut Conservation| c.forwarded += 1,
        "work_order": |c: &mut Conservation| c.work_order += 1, "human": |c: &mut Conservation| c.human += 1,
        "waiting": |c: &mut Conservation| c.waiting += 1, "refused": |c: &mut Conservation| c.refused += 1,
        "repeated": |c: &mut Conservation| c.repeated += 1, "conflicts": |c: &mut Conservation| c.conflicts += 1,
        "needs_waiting": |c: &mut Conservation| c.needs_waiting += 1, "incidents_open": |c: &mut Conservation| c.incidents_open += 1,
        "orders_open": |c: &mut Conservation| c.orders_open += 1,
    });
    flips!(flips, state => state.calls.get_mut(1).unwrap(), {
        "call.key": |call: &mut Call| call.key.0[0] ^= 1, "call.body": |call: &mut Call| call.body.0 ^= 1,
        "call.taken": |call: &mut Call| call.taken = Sequence(1), "call.taken_at": |call: &mut Call| call.taken_at = Moment(1),
        "call.incident": |call: &mut Call| call.incident = None, "call.state": |call: &mut Call| call.state = CallState::Ended,
        "call.outcome": |call: &mut Call| call.outcome = Outcome::Forwarded,
        "call.line": |call: &mut Call| call.line = Line(119), "call.place": |call: &mut Call| call.place = None,
        "call.drill": |call: &mut Call| call.drill ^= true,
    });
    flips!(flips, state => state.incident_mut(Slot(0)), {
        "incident.state": |i: &mut Incident| i.state = IncidentState::Closed,
        "incident.place": |i: &mut Incident| i.place = None,
        "incident.line": |i: &mut Incident| i.line = Some(Line(5)),
        "incident.opened_at": |i: &mut Incident| i.opened_at = Moment(1), "incident.needed_since": |i: &mut Incident| i.needed_since = Moment(1), "incident.heard_at": |i: &mut Incident| i.heard_at = Moment(1),
        "incident.calls": |i: &mut Incident| i.calls += 1, "incident.calls_open": |i: &mut Incident| i.calls_open += 1,
        "incident.injured": |i: &mut Incident| i.injured += 1, "incident.drill": |i: &mut Incident| i.drill = true,
        "incident.escalated": |i: &mut Incident| i.escalated = Some(Priority::P1),
        "incident.order": |i: &mut Incident| i.order = None, "incident.orders_open": |i: &mut Incident| i.orders_open += 1,
        "incident.merged_into": |i: &mut Incident| i.merged_into = IncidentId::new(CentreId(3), 3),
        "incident.bumps": |i: &mut Incident| i.bumps += 1,
        "incident.close_awaited": |i: &mut Incident| i.close_awaited ^= true,
        "incident.close_said_at": |i: &mut Incident| i.close_said_at = Some(Moment(1)),
        "incident.major": |i: &mut Incident| i.major = None,
        "major.level": |i: &mut Incident| i.major.as_mut().unwrap().level = Level::I,
        "major.situation_report": |i: &mut Incident| i.major.as_mut().unwrap().deadlines.situation_report = None,
        "major.first_word": |i: &mut Incident| i.major.as_mut().unwrap().deadlines.first_word = None,
        "major.written_report": |i: &mut Incident| i.major.as_mut().unwrap().deadlines.written_report = None,
        "incident.attended": |i: &mut Incident| i.attended ^= true,
        "upward.owed": |i: &mut Incident| i.upward[0].owed = None,
        "upward.since": |i: &mut Incident| i.upward[0].owed.as_mut().unwrap().since = Moment(1),
        "upward.due": |i: &mut Incident| i.upward[0].owed.as_mut().unwrap().due = Moment(1),
        "upward.told": |i: &mut Incident| i.upward[1].told = Some(UpwardFields::default()),
        "assessment.kind": |i: &mut Incident| i.assessment.kind = Kind::Noise,
        "assessment.priority": |i: &mut Incident| i.assessment.priority = Priority::P4,
        "assessment.nature": |i: &mut Incident| i.assessment.nature = Nature::Enquiry,
        "assessment.category": |i: &mut Incident| i.assessment.category = Category::None,
        "assessment.agencies": |i: &mut Incident| i.assessment.agencies = AgencySet::EMPTY,
        "assessment.confidence_permille": |i: &mut Incident| i.assessment.confidence_permille ^= 1,
        "assessment.human": |i: &mut Incident| i.assessment.human ^= true,
    });
    flips!(flips, state => state.incident_mut(Slot(0)).place.as_mut().unwrap(), {
        "place.point": |place: &mut Place| place.point.lat_e7 += 1, "place.lon": |place: &mut Place| place.point.lon_e7 += 1,
        "place.radius_m": |place: &mut Place| place.radius_m += 1, "place.source": |place: &mut Place| place.source = PlaceSource::Cell,
        "place.district": |place: &mut Place| place.district = None,
    });
    flips!(flips, state => state.incident_mut(Slot(0)).needs.get_mut(0).unwrap(), {
        "need.capability": |need: &mut Need| need.capability = Capability::Boat, "need.state": |need: &mut Need| need.state = NeedState::Done,
        "need.shortage": |need: &mut Need| need.shortage = Shortage::Drill, "need.asked": |need: &mut Need| need.asked += 1,
        "need.order": |need: &mut Need| need.order = None, "need.deadline": |need: &mut Need| need.deadline = Moment(1),
        "need.owed": |need: &mut Need| need.owed = Some(Moment(1)),
    });
    flips!(flips, state => state.order_mut(Slot(0)), {
        "order.incident": |o: &mut Order| o.incident = IncidentId::new(CentreId(3), 3).unwrap(), "order.need": |o: &mut Order| o.need += 1,
        "order.capability": |o: &mut Order| o.capability = Capability::Boat, "order.unit": |o: &mut Order| o.unit = UnitId::new(CentreId(3), 3).unwrap(),
        "order.state": |o: &mut Order| o.state = OrderState::Arrived, "order.rung": |o: &mut Order| o.rung = Rung::Deputy,
        "order.issued_at": |o: &mut Order| o.issued_at = Moment(1), "order.previous": |o: &mut Order| o.previous = OrderId::new(CentreId(3), 3),
        "order.sibling": |o: &mut Order| o.sibling = OrderId::new(CentreId(3), 3), "order.beside": |o: &mut Order| o.beside = OrderId::new(CentreId(3), 3),
        "order.by_hand": |o: &mut Order| o.by_hand = true,
        "deadlines.acknowledge": |o: &mut Order| o.deadlines.acknowledge = None, "deadlines.set_off": |o: &mut Order| o.deadlines.set_off = None,
        "deadlines.muster": |o: &mut Order| o.deadlines.muster = Some(Moment(1)), "deadlines.arrive": |o: &mut Order| o.deadlines.arrive = None,
        "deadlines.result": |o: &mut Order| o.deadlines.result = None,
    });
    flips!(flips, state => &mut state.units[0], {
        "unit.point": |unit: &mut Unit| unit.point.lat_e7 += 1, "unit.point_at": |unit: &mut Unit| unit.point_at = Moment(1),
        "unit.duty": |unit: &mut Unit| unit.duty = Duty::Standby, "unit.staffed": |unit: &mut Unit| unit.staffed ^= true,
        "unit.silent": |unit: &mut Unit| unit.silent ^= true, "unit.stale": |unit: &mut Unit| unit.stale ^= true, "unit.open_orders": |unit: &mut Unit| unit.open_orders += 1,
        "unit.order": |unit: &mut Unit| unit.order = OrderId::new(CentreId(3), 3),
        "definition.name": |unit: &mut Unit| unit.definition.name = Name::new("other").unwrap(),
        "definition.agency": |unit: &mut Unit| unit.definition.agency = Agency::Quality,
        "definition.capabilities": |unit: &mut Unit| unit.definition.capabilities = [Capability::Expert].into_iter().collect(),
        "definition.home": |unit: &mut Unit| unit.definition.home = DistrictId(9), "definition.post": |unit: &mut Unit| unit.definition.post.lat_e7 += 1,
        "definition.speed_mm_s": |unit: &mut Unit| unit.definition.speed_mm_s += 1, "definition.turnout_ms": |unit: &mut Unit| unit.definition.turnout_ms += 1,
        "definition.strength": |unit: &mut Unit| unit.definition.strength += 1, "definition.least_strength": |unit: &mut Unit| unit.definition.least_strength += 1,
        "definition.roster_on_min": |unit: &mut Unit| unit.definition.roster_on_min += 1, "definition.roster_off_min": |unit: &mut Unit| unit.definition.roster_off_min += 1,
        "definition.capacity": |unit: &mut Unit| unit.definition.capacity += 1,
    });
    flips
}

#[test]
fn every_field_is_in_the_hash() {
    let before = busy_world().centre.state.hash();
    assert_eq!(busy_world().centre.state.hash(), before);
    for (name, flip) in all() {
        let mut world = busy_world();
        flip(&mut world.centre.state);
        assert_ne!(
            world.centre.state.hash(),
            before,
            "`{name}` is not in the hash"
        );
    }
}

#[test]
fn a_refused_command_changes_the_sequence_alone() {
    let mut world = busy_world();
    let unknown = CallId::new(CentreId(1), 999).unwrap();
    assert_eq!(
        world.say(Command::EndCall(unknown)),
        [Event::Refused(Refusal::UnknownCall)]
    );
    let mut other = busy_world();
    other.centre.state.sequence = other.centre.state.sequence.next();
    assert_eq!(world.centre.state.hash(), other.centre.state.hash());
}
