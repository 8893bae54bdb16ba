//! How long a way took beside how long a map reckons for it: from the station whose number a unit bears to the call.
//!
//! The way is reckoned on the bare map, without the factors of any hour. Where the plan has `[[traffic]]` a simulated centre drives by
//! those too, and what the hour costs would count twice: simulate with such a file under a plan that has none.
//! Engines and trucks bear the number of their house; ambulances stand at corners that nobody wrote down, so nothing is said of
//! them. A unit that set off from elsewhere makes its figure wrong: the middle of many tells, a single one does not.

use crate::trace::Row;
use crate::trace::observed::{PERCENT_MAX, Response};
use engine::capability::Capability;
use engine::city::City;
use engine::kind::Agency;
use engine::place::Point;
use engine::place::datum::to_wgs84;
use engine::roads::atlas::Atlas;
use engine::roads::network::Profile;
use std::collections::BTreeMap;

/// A way that is reckoned shorter than this says more of parking than of driving.
const WAY_LEAST_MS: u32 = 20_000;

/// Fills in [`Response::travel_percent`] where a way can be reckoned; how often it could.
pub fn reckon(responses: &mut [Response], rows: &[Row], city: &City, atlas: &Atlas) -> u64 {
    let stations: BTreeMap<u32, Point> = city
        .posts
        .iter()
        .filter(|post| post.agency == Agency::Fire)
        .filter_map(|post| Some((number(post.name.as_str())?, post.point)))
        .collect();
    let places: BTreeMap<&str, Point> = rows
        .iter()
        .filter_map(|row| {
            Some((
                row.key.as_str(),
                to_wgs84(row.lat?, row.lon?, row.datum?).ok()?,
            ))
        })
        .collect();
    let mut room = Default::default();
    let mut reckoned = 0;
    for response in responses {
        let (Some(travel), Some(Capability::FireEngine | Capability::Ladder)) =
            (response.travel, response.capability)
        else {
            continue;
        };
        let from = number(&response.unit).and_then(|number| stations.get(&number));
        let to = places.get(response.call.as_str());
        let ends = from.zip(to);
        let on_road = |&point: &Point| atlas.position(Profile::Siren, point);
        let ends = ends.and_then(|(from, to)| on_road(from).zip(on_road(to)));
        let way_ms = ends.and_then(|(from, to)| atlas.time_ms(Profile::Siren, from, to, &mut room));
        let Some(way_ms) = way_ms.filter(|&ms| ms >= WAY_LEAST_MS) else {
            continue;
        };
        let percent = travel.0 * 100 / i64::from(way_ms);
        let percent = u32::try_from(percent).ok();
        response.travel_percent = percent.filter(|percent| (1..=PERCENT_MAX).contains(percent));
        reckoned += u64::from(response.travel_percent.is_some());
    }
    reckoned
}

/// The number at the end of a name: 21 of `E21`, of `T021` and of `fire 21`.
fn number(name: &str) -> Option<u32> {
    let digits = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    name[digits.len()..].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_bears_the_number_of_its_house() {
        for (name, expected) in [
            ("E21", Some(21)),
            ("T03", Some(3)),
            ("fire 21", Some(21)),
            ("police Central", None),
            ("", None),
        ] {
            assert_eq!(number(name), expected, "{name}");
        }
    }
}
