//! How much longer the roads take at some hours: rules of a plan, to factors by the hour.

use super::compile::Critic;
use super::source::TrafficRule;
use crate::roads::conditions::{FACTOR_PERMILLE, HourFactors};
use crate::roads::network::{Profile, RoadClass};

/// Of rules that speak of the same, the last one holds.
pub(super) fn traffic(rules: &[TrafficRule], critic: &mut Critic) -> HourFactors {
    let mut hours = HourFactors::default();
    for (index, rule) in rules.iter().enumerate() {
        let place = format!("traffic[{index}]");
        let from = critic.bounded(&format!("{place}.from_hour"), rule.from_hour, 0, 23);
        let to = critic.bounded(&format!("{place}.to_hour"), rule.to_hour, 0, 24);
        if from == to {
            let what = "no hour is meant; it holds from the beginning of `from_hour` to the beginning of `to_hour`";
            critic.note(place.as_str(), what);
        }
        let classes = classes(rule, &place, critic);
        let given = [
            (Profile::Normal, "normal_percent", rule.normal_percent),
            (Profile::Siren, "siren_percent", rule.siren_percent),
        ];
        if given.iter().all(|(_, _, percent)| percent.is_none()) {
            let what = "it says nothing; add `normal_percent` or `siren_percent`";
            critic.note(place.as_str(), what);
        }
        for (profile, name, percent) in given {
            let Some(percent) = percent else { continue };
            let (least, most) = (FACTOR_PERMILLE.start() / 10, FACTOR_PERMILLE.end() / 10);
            let percent = critic.bounded(&format!("{place}.{name}"), percent, least, most);
            for hour in (0..24).filter(|&hour| is_within(hour, from, to)) {
                for &class in &classes {
                    hours.set(profile, hour, class, percent * 10);
                }
            }
        }
    }
    hours
}

/// Whether an hour of the day lies from one to another, over midnight too.
fn is_within(hour: u8, from: u8, to: u8) -> bool {
    if from < to {
        (from..to).contains(&hour)
    } else {
        hour >= from || hour < to
    }
}

/// The classes of road that are meant: all, where none is named.
fn classes(rule: &TrafficRule, place: &str, critic: &mut Critic) -> Vec<RoadClass> {
    if rule.classes.is_empty() {
        return RoadClass::ALL.to_vec();
    }
    let place = format!("{place}.classes");
    let codes = || RoadClass::ALL.iter().map(|class| class.code());
    let named = rule.classes.iter();
    named
        .filter_map(|code| critic.word(&place, code, RoadClass::from_code(code), codes()))
        .collect()
}
