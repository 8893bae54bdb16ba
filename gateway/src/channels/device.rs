//! The channel `subscribe`: a unit's own device, which listens to its orders over QUIC.
//!
//! The subscription itself does the telling (`quic::subscription`), again after a restart until somebody acknowledges. What
//! is known here is whether anybody listens: only then has an order been told this way.

use super::answer::{Answer, Failure};
use crate::announce::Interest;
use engine::id::UnitId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Who listens, by unit.
#[derive(Debug, Default)]
pub struct Devices(Mutex<Listening>);

#[derive(Debug, Default)]
struct Listening {
    /// Those who listen to everything: a front end that passes orders on.
    to_all: usize,
    to_unit: HashMap<UnitId, usize>,
}

impl Devices {
    fn lock(&self) -> MutexGuard<'_, Listening> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether an order to this unit is heard now.
    pub fn hear(&self, unit: UnitId) -> bool {
        let listening = self.lock();
        listening.to_all > 0 || listening.to_unit.contains_key(&unit)
    }

    /// Whether an order has been told this way.
    pub fn told(&self, unit: UnitId) -> Result<Answer, Failure> {
        let acknowledged = false;
        if self.hear(unit) {
            Ok(Answer { acknowledged })
        } else {
            Err(Failure::NobodyListens)
        }
    }

    /// Whether anybody listens at all.
    pub fn told_anybody(&self) -> Result<Answer, Failure> {
        let acknowledged = false;
        let listening = self.lock();
        if listening.to_all > 0 || !listening.to_unit.is_empty() {
            Ok(Answer { acknowledged })
        } else {
            Err(Failure::NobodyListens)
        }
    }

    /// Somebody listens until what is returned is dropped.
    pub fn listen(self: &Arc<Devices>, interest: &Interest) -> Presence {
        let mut listening = self.lock();
        match interest {
            Interest::All => listening.to_all += 1,
            Interest::Units(units) => {
                for &unit in units {
                    *listening.to_unit.entry(unit).or_default() += 1;
                }
            }
        }
        Presence {
            devices: Arc::clone(self),
            interest: interest.clone(),
        }
    }
}

/// Somebody who listens.
#[derive(Debug)]
pub struct Presence {
    devices: Arc<Devices>,
    interest: Interest,
}

impl Drop for Presence {
    fn drop(&mut self) {
        let mut listening = self.devices.lock();
        match &self.interest {
            Interest::All => listening.to_all -= 1,
            Interest::Units(units) => {
                for unit in units {
                    if let Some(count) = listening.to_unit.get_mut(unit) {
                        *count -= 1;
                        if *count == 0 {
                            listening.to_unit.remove(unit);
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::id::CentreId;

    #[test]
    fn a_unit_is_heard_while_somebody_listens() {
        let unit = |number| UnitId::new(CentreId(1), number).unwrap();
        let devices = Arc::new(Devices::default());
        let both = Interest::Units([unit(1), unit(2)].into_iter().collect());
        let first = devices.listen(&both);
        let second = devices.listen(&Interest::Units([unit(1)].into_iter().collect()));
        assert!(devices.hear(unit(1)) && devices.hear(unit(2)) && !devices.hear(unit(3)));
        drop(first);
        assert!(devices.hear(unit(1)) && !devices.hear(unit(2)));
        let all = devices.listen(&Interest::All);
        assert!(devices.hear(unit(3)));
        drop((second, all));
        assert!(!devices.hear(unit(1)) && devices.lock().to_unit.is_empty());
    }
}
