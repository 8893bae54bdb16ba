//! The whole state of a centre: everything that its next decision can depend on, and nothing else.
//!
//! The state hash covers every field here, because it is taken over the serialised whole; indexes and grids
//! that can be rebuilt from it live in `index`.

use super::ring::CallRing;
use crate::capability::Capability;
use crate::city::HOSPITALS_MAX;
use crate::clock::wheel::Wheel;
use crate::command::Opening;
use crate::dispatch::queue::Queues;
use crate::hospital::HospitalDefinition;
use crate::id::{CentreId, IncidentId, ObjectHash, OrderId, Sequence, UnitId};
use crate::incident::Incident;
use crate::limits::{Capacities, NEEDS_PER_INCIDENT_MAX};
use crate::moment::Moment;
use crate::order::Order;
use crate::runtime::port::Conservation;
use crate::table::{Slot, Table};
use crate::unit::Unit;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::VecDeque;

/// What a centre's next decision depends on. Saved as its fields in this order.
#[derive(Debug)]
pub(super) struct State {
    /// How it was opened.
    pub opening: Option<Opening>,
    /// Centre time of the last record.
    pub now: Moment,
    /// The last record.
    pub sequence: Sequence,
    /// The plan in force.
    pub plan: Option<ObjectHash>,
    /// The plan that the configuration last brought into force.
    pub plan_configured: Option<ObjectHash>,
    /// The lexicon in force.
    pub lexicon: Option<ObjectHash>,
    /// The city in force.
    pub city: Option<ObjectHash>,
    /// The road network in force.
    pub roads: Option<ObjectHash>,
    /// What holds on it beside what it says.
    pub bulletin: Option<ObjectHash>,
    /// The last numbers given.
    pub numbers: Numbers,
    /// How calls add up.
    pub conservation: Conservation,
    /// Calls of the window, by number.
    pub calls: CallRing,
    /// Incidents in hot state.
    pub incidents: Table<Incident>,
    /// Orders in hot state.
    pub orders: Table<Order>,
    /// Units, by number.
    pub units: Vec<Unit>,
    /// Closed incidents still in hot state, oldest first.
    pub closed: VecDeque<(IncidentId, Moment)>,
    /// Every deadline.
    pub wheel: Wheel,
    /// Needs without a unit, by capability and whether they are service calls.
    pub queues: Queues,
    /// Hospitals, by number.
    pub hospitals: Vec<HospitalDefinition>,
    /// Grants to other calls since the last to a service call that waited, by capability (C4).
    pub passed_over: Vec<u16>,
}

/// The last numbers given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Numbers {
    pub call: u64,
    pub incident: u64,
    pub order: u64,
}

/// Hashes what postcard writes, a buffer at a time: large enough that many blocks of it are hashed side by side.
struct Digest {
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
}

/// Bytes that are hashed at once.
const DIGEST_BYTES: usize = 64 << 10;

impl Digest {
    fn new() -> Digest {
        Digest {
            hasher: blake3::Hasher::new(),
            buffer: Vec::with_capacity(DIGEST_BYTES),
        }
    }

    fn empty(&mut self) {
        self.hasher.update(&self.buffer);
        self.buffer.clear();
    }
}

impl postcard::ser_flavors::Flavor for &mut Digest {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        if self.buffer.len() == DIGEST_BYTES {
            self.empty();
        }
        self.buffer.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        if self.buffer.len() + bytes.len() > DIGEST_BYTES {
            self.empty();
        }
        if bytes.len() > DIGEST_BYTES {
            self.hasher.update(bytes);
        } else {
            self.buffer.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// In three parts, so that each can be held against its bytes: what is before the calls, which are most of it, the calls
/// and what is behind them.
impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (before, calls, behind) = self.thirds();
        (before, calls, behind).serialize(serializer)
    }
}

/// Who a deadline belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DueOf {
    Unit(u32),
    Incident(Slot),
    Order(Slot),
    /// The clocks of a major incident, beside the one at which it is looked at again.
    Major(Slot),
}

impl State {
    pub fn new(capacities: &Capacities) -> State {
        let needs = capacities
            .incidents_max
            .saturating_mul(NEEDS_PER_INCIDENT_MAX as u32);
        State {
            opening: None,
            now: Moment(0),
            sequence: Sequence(0),
            plan: None,
            plan_configured: None,
            lexicon: None,
            city: None,
            roads: None,
            bulletin: None,
            numbers: Numbers::default(),
            conservation: Conservation::default(),
            calls: CallRing::new(capacities.calls_max),
            incidents: Table::new(capacities.incidents_max),
            orders: Table::new(capacities.orders_max),
            units: Vec::with_capacity(capacities.units_max as usize),
            closed: VecDeque::with_capacity(capacities.incidents_max as usize),
            wheel: Wheel::new(wheel_nodes(capacities), Moment(0)),
            queues: Queues::new(needs, 2 * Capability::ALL.len() as u32),
            hospitals: Vec::with_capacity(HOSPITALS_MAX),
            passed_over: vec![0; Capability::ALL.len()],
        }
    }

    /// All of it as it is saved: what is before the calls, the calls, what is behind them.
    pub fn thirds(&self) -> (impl Serialize + '_, &CallRing, impl Serialize + '_) {
        let State {
            opening,
            now,
            sequence,
            plan,
            plan_configured,
            lexicon,
            city,
            roads,
            bulletin,
            numbers,
            conservation,
            calls,
            incidents,
            orders,
            units,
            closed,
            wheel,
            queues,
            hospitals,
            passed_over,
        } = self;
        let objects = (plan, plan_configured, lexicon, city, roads, bulletin);
        let before = (opening, now, sequence, objects, numbers, conservation);
        let nouns = (incidents, orders, units, closed);
        (
            before,
            calls,
            (nouns, wheel, queues, hospitals, passed_over),
        )
    }

    /// The centre's number; 0 before it is opened.
    pub fn centre(&self) -> CentreId {
        self.opening.map_or(CentreId(0), |opening| opening.centre)
    }

    /// BLAKE3 over every field.
    pub fn hash(&self) -> ObjectHash {
        let mut digest = Digest::new();
        let hashed = postcard::serialize_with_flavor(self, &mut digest);
        assert!(hashed.is_ok(), "hashing the state failed: {hashed:?}");
        digest.empty();
        ObjectHash(*digest.hasher.finalize().as_bytes())
    }

    /// A unit by its id.
    pub fn unit(&self, unit: UnitId) -> Option<&Unit> {
        if unit.centre() != self.centre() {
            return None;
        }
        self.units.get(unit_index(unit) as usize)
    }

    /// The id of the unit at an index.
    pub fn unit_id(&self, index: u32) -> UnitId {
        numbered(UnitId::new(self.centre(), u64::from(index) + 1))
    }

    /// The slot of an incident in hot state.
    pub fn incident_slot(&self, incident: IncidentId) -> Option<Slot> {
        if incident.centre() != self.centre() {
            return None;
        }
        self.incidents.slot_of(incident.number())
    }

    /// The slot of an order in hot state.
    pub fn order_slot(&self, order: OrderId) -> Option<Slot> {
        if order.centre() != self.centre() {
            return None;
        }
        self.orders.slot_of(order.number())
    }

    /// The id of the incident in a slot.
    pub fn incident_id(&self, slot: Slot) -> IncidentId {
        let number = self.incidents.number_of(slot).unwrap_or(0);
        numbered(IncidentId::new(self.centre(), number))
    }

    /// The id of the order in a slot.
    pub fn order_id(&self, slot: Slot) -> OrderId {
        numbered(OrderId::new(
            self.centre(),
            self.orders.number_of(slot).unwrap_or(0),
        ))
    }

    /// The incident in a slot that is known to be taken.
    pub fn incident(&self, slot: Slot) -> &Incident {
        present(self.incidents.get(slot))
    }

    /// The incident in a slot that is known to be taken, to change.
    pub fn incident_mut(&mut self, slot: Slot) -> &mut Incident {
        present(self.incidents.get_mut(slot))
    }

    /// The order in a slot that is known to be taken.
    pub fn order(&self, slot: Slot) -> &Order {
        present(self.orders.get(slot))
    }

    /// The order in a slot that is known to be taken, to change.
    pub fn order_mut(&mut self, slot: Slot) -> &mut Order {
        present(self.orders.get_mut(slot))
    }

    /// The wheel's node of a deadline's owner.
    pub fn node(&self, of: DueOf) -> u32 {
        let units = self.units.capacity() as u32;
        match of {
            DueOf::Unit(index) => index,
            DueOf::Incident(slot) => units + slot.0,
            DueOf::Order(slot) => units + self.incidents.capacity() + slot.0,
            DueOf::Major(slot) => {
                units + self.incidents.capacity() + self.orders.capacity() + slot.0
            }
        }
    }

    /// Whom a node of the wheel belongs to.
    pub fn due_of(&self, node: u32) -> DueOf {
        let units = self.units.capacity() as u32;
        let (incidents, orders) = (self.incidents.capacity(), self.orders.capacity());
        if node < units {
            DueOf::Unit(node)
        } else if node < units + incidents {
            DueOf::Incident(Slot(node - units))
        } else if node < units + incidents + orders {
            DueOf::Order(Slot(node - units - incidents))
        } else {
            DueOf::Major(Slot(node - units - incidents - orders))
        }
    }
}

/// How many deadlines there can be: of units, incidents, orders, and of incidents that are major.
pub(super) fn wheel_nodes(capacities: &Capacities) -> u32 {
    capacities.units_max + 2 * capacities.incidents_max + capacities.orders_max
}

/// Index of a unit among the units, from its number.
pub(super) fn unit_index(unit: UnitId) -> u32 {
    u32::try_from(unit.number() - 1).unwrap_or(u32::MAX)
}

/// A number that this centre has given is always a number: it counted up from 1.
pub(super) fn numbered<T>(id: Option<T>) -> T {
    present(id)
}

/// What an invariant says is there. If it is not, the state is wrong and nothing may be decided from it.
#[track_caller]
pub(super) fn present<T>(found: Option<T>) -> T {
    match found {
        Some(found) => found,
        None => {
            panic!("the centre's state contradicts itself; it must be rebuilt from the journal")
        }
    }
}
