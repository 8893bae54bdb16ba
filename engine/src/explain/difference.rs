//! What the roads change: whom the straight line would have sent, beside who was sent by the road.
//!
//! Told for each order that was given to the nearest of those who were free, while a map was in force and both came by it. The one that
//! was sent is the journal's; the other is the one of whom the formula without a map says that it is there first. Both
//! times are by the road, turnout included, so their difference is what the map saved.

use super::{Fold, Standing, road_to};
use crate::event::{Choice, Event, OrderIssued};
use crate::id::{OrderId, UnitId};
use crate::runtime::ReleasedRecord;

/// One order, and whom the straight line would have sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The order.
    pub order: OrderId,
    /// Who was sent.
    pub sent: UnitId,
    /// How long that one takes by the road, in milliseconds.
    pub sent_ms: u32,
    /// Whom the straight line would have sent; often the same.
    pub straight: UnitId,
    /// How long that one would have taken by the road, in milliseconds.
    pub straight_ms: u32,
}

impl Difference {
    /// How much sooner somebody is there than the straight line would have had it, in milliseconds.
    pub fn saved_ms(&self) -> u32 {
        self.straight_ms.saturating_sub(self.sent_ms)
    }
}

impl Fold {
    /// Takes in the next record and tells the differences of the orders that it issued.
    pub fn hear_differences(&mut self, released: &ReleasedRecord, told: &mut Vec<Difference>) {
        let record = &released.record;
        for (index, event) in record.events.iter().enumerate() {
            if let Event::OrderIssued(issued) = *event
                && issued.choice == Choice::Nearest
                && self.roads.is_some()
            {
                // As things stood just before this event; then all is as before the record again.
                let view = self.view.clone();
                let mut before = released.clone();
                before.record.events.truncate(index);
                self.view.hear(&before);
                told.extend(self.difference(&issued));
                self.view = view;
            }
            self.hear_of_roster(event, record);
        }
        self.view.hear(released);
    }

    fn difference(&self, issued: &OrderIssued) -> Option<Difference> {
        let (plan, (_, city)) = (self.plan.as_ref()?, self.city.as_ref()?);
        let incident = self.view.incident(issued.incident)?;
        let asked = self.asked(issued.previous);
        let under = self.under();
        let road = under.as_ref().or(self.roads.as_ref());
        let road = road.and_then(|atlas| road_to(atlas, issued, incident));
        let able = self.able(issued, incident, &asked, (plan, city), road);
        let free = able
            .iter()
            .filter(|(candidate, _)| candidate.standing == Standing::Free);
        let mut free: Vec<_> = free.collect();
        free.sort_unstable_by_key(|(candidate, straight_ms)| (*straight_ms, candidate.unit));
        free.truncate(plan.choice.compared);
        let straight = free.into_iter().min_by_key(|(candidate, straight_ms)| {
            let added_ms = candidate.surcharge.total_ms();
            (straight_ms.saturating_add(added_ms), candidate.unit)
        });
        let sent = able
            .iter()
            .find(|(candidate, _)| candidate.unit == issued.unit);
        let ((straight, _), (sent, _)) = (straight?, sent?);
        (straight.by_road && sent.by_road).then(|| Difference {
            order: issued.order,
            sent: sent.unit,
            sent_ms: sent.total_ms(),
            straight: straight.unit,
            straight_ms: straight.total_ms(),
        })
    }
}
