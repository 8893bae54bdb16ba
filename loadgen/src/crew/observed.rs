//! How long crews were seen to take, to draw from: getting ready, the way over what was reckoned, the stay on the scene.
//!
//! Each figure is drawn by itself from all that were seen of its group: of units that can do the same at the same kind of
//! matter, where there are enough of them; otherwise of such units at any; otherwise of all. What was never seen stays as it was
//! made up. Reads no file: [`crate::trace::observed`] does.

use crate::random::Random;
use crate::trace::observed::Response;
use engine::capability::Capability;
use engine::kind::Kind;
use std::collections::BTreeMap;

/// A group of fewer says nothing.
const LEAST: usize = 20;

/// Part of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// From the order to the first metre, in milliseconds.
    Turnout,
    /// The way, in hundredths of what was reckoned.
    Travel,
    /// On the scene, in milliseconds.
    Stay,
}

impl Part {
    const ALL: [Part; 3] = [Part::Turnout, Part::Travel, Part::Stay];

    fn of(self, response: &Response) -> Option<i64> {
        match self {
            Part::Turnout => response.turnout.map(|span| span.0),
            Part::Travel => response.travel_percent.map(i64::from),
            Part::Stay => response.stay.map(|span| span.0),
        }
    }
}

/// What was seen.
#[derive(Clone, Debug, Default)]
pub struct Observed(BTreeMap<(Part, Option<Capability>, Option<Kind>), Vec<i64>>);

impl Observed {
    /// Of what units were seen to do.
    pub fn of(responses: &[Response]) -> Observed {
        let mut seen: BTreeMap<_, Vec<i64>> = BTreeMap::new();
        for response in responses {
            for part in Part::ALL {
                let Some(value) = part.of(response) else {
                    continue;
                };
                seen.entry((part, None, None)).or_default().push(value);
                let capability = response.capability;
                if capability.is_some() {
                    let group = (part, capability, None);
                    seen.entry(group).or_default().push(value);
                }
                if capability.is_some() && response.kind.is_some() {
                    let group = (part, capability, response.kind);
                    seen.entry(group).or_default().push(value);
                }
            }
        }
        seen.retain(|_, values| values.len() >= LEAST);
        // The order of the file decides nothing.
        seen.values_mut().for_each(|values| values.sort_unstable());
        Observed(seen)
    }

    /// What one of them took; `None` where too few were seen.
    pub fn draw(
        &self,
        part: Part,
        capability: Capability,
        kind: Option<Kind>,
        random: &mut Random,
    ) -> Option<i64> {
        let groups = [
            (Some(capability), kind),
            (Some(capability), None),
            (None, None),
        ];
        let mut groups = groups.into_iter();
        let values = groups.find_map(|(capability, kind)| self.0.get(&(part, capability, kind)))?;
        random.pick(values).copied()
    }

    /// Whether there is nothing to draw from.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::moment::Span;

    fn response(capability: Capability, kind: Kind, turnout_s: i64) -> Response {
        Response {
            call: "a".into(),
            at: None,
            matter: String::new(),
            kind: Some(kind),
            unit: String::new(),
            unit_type: String::new(),
            capability: Some(capability),
            handling: None,
            turnout: Some(Span::seconds(turnout_s)),
            travel: None,
            travel_percent: None,
            stay: None,
            arrival: None,
        }
    }

    #[test]
    fn the_narrowest_group_that_is_large_enough_is_drawn_from() {
        use Capability::{Ambulance, FireEngine, Ladder};
        let mut responses = vec![response(FireEngine, Kind::StructureFire, 60); LEAST];
        responses.extend(vec![response(FireEngine, Kind::GasLeak, 70); LEAST - 1]);
        responses.push(response(Ladder, Kind::GasLeak, 80));
        let observed = Observed::of(&responses);
        let mut random = Random::new(1);
        let mut seen = |capability, kind| -> Vec<i64> {
            let draws = (0..200)
                .filter_map(|_| observed.draw(Part::Turnout, capability, Some(kind), &mut random));
            let mut seen: Vec<i64> = draws.map(|ms| ms / 1_000).collect();
            seen.sort_unstable();
            seen.dedup();
            seen
        };
        assert_eq!(seen(FireEngine, Kind::StructureFire), [60]);
        assert_eq!(seen(FireEngine, Kind::GasLeak), [60, 70]);
        assert_eq!(seen(Ambulance, Kind::Stroke), [60, 70, 80]);
        let none = observed.draw(Part::Stay, FireEngine, None, &mut random);
        assert_eq!(none, None);
        assert!(Observed::of(&responses[..3]).is_empty());
    }
}
