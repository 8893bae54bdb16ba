//! One open order for each unit (a desk: as many as it has room for), transitions by the table, and at the end none open.

use super::Checker;
use engine::command::Command;
use engine::event::Event;
use engine::id::{IncidentId, OrderId, UnitId};
use engine::order::{OrderAct, OrderState};
use engine::runtime::ReleasedRecord;
use engine::unit::UnitDefinition;
use std::collections::{BTreeMap, BTreeSet};

/// The orders that are open.
#[derive(Debug, Default)]
pub struct Orders {
    units: BTreeMap<UnitId, UnitDefinition>,
    open: BTreeMap<OrderId, (UnitId, OrderState)>,
    by_unit: BTreeMap<UnitId, BTreeSet<OrderId>>,
    incidents_open: BTreeSet<IncidentId>,
    orders: u64,
}

impl Orders {
    fn issued(&mut self, order: OrderId, unit: UnitId) -> Result<(), String> {
        if order.number() != self.orders + 1 {
            return Err(format!("order {order} follows the {}th", self.orders));
        }
        self.orders = order.number();
        let room = self
            .units
            .get(&unit)
            .map_or(0, |unit| usize::from(unit.capacity));
        let beside = self.by_unit.entry(unit).or_default();
        beside.insert(order);
        if beside.len() > room {
            return Err(format!(
                "unit {unit} has room for {room} and has the orders {beside:?}"
            ));
        }
        self.open.insert(order, (unit, OrderState::Issued));
        Ok(())
    }

    fn moved(
        &mut self,
        order: OrderId,
        unit: UnitId,
        from: OrderState,
        to: OrderState,
    ) -> Result<(), String> {
        if self.open.get(&order) != Some(&(unit, from)) {
            return Err(format!(
                "order {order} of unit {unit} is not {from}: {:?}",
                self.open.get(&order)
            ));
        }
        let travels = self.units.get(&unit).is_some_and(UnitDefinition::travels);
        if !OrderAct::ALL
            .iter()
            .any(|&act| from.after(act, travels) == Some(to))
        {
            return Err(format!("order {order} went from {from} to {to}"));
        }
        if to.is_open() {
            self.open.insert(order, (unit, to));
        } else {
            self.open.remove(&order);
            if let Some(beside) = self.by_unit.get_mut(&unit) {
                beside.remove(&order);
            }
        }
        Ok(())
    }
}

impl Checker for Orders {
    fn hear(&mut self, released: &ReleasedRecord) -> Result<(), String> {
        for event in &released.record.events {
            if let (Event::UnitDefined { unit }, Command::DefineUnit(definition)) =
                (event, released.record.envelope.command)
            {
                self.units.insert(*unit, definition);
            } else if let Event::OrderIssued(issued) = *event {
                self.issued(issued.order, issued.unit)?;
            } else if let Event::OrderMoved {
                order,
                unit,
                from,
                to,
                ..
            } = *event
            {
                self.moved(order, unit, from, to)?;
            } else if let Event::IncidentReopened { incident, .. } = *event {
                if !self.incidents_open.insert(incident) {
                    return Err(format!("incident {incident} was reopened and not closed"));
                }
            } else if let Event::IncidentOpened { incident, .. } = *event {
                self.incidents_open.insert(incident);
            } else if let Event::IncidentClosed { incident, .. } = *event
                && !self.incidents_open.remove(&incident)
            {
                return Err(format!("incident {incident} was closed and not open"));
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        match (self.open.first_key_value(), self.incidents_open.first()) {
            (None, None) => Ok(()),
            (order, incident) => Err(format!(
                "still open: order {order:?}, incident {incident:?}"
            )),
        }
    }
}
