//! The roads over HTTP: which map is in force, what holds on it beside what it says, and changing that (C7).

use super::Shared;
use super::asking::Act;
use super::query::Query;
use super::reply::{Answered, json};
use super::units::bad_position;
use crate::exchange::{Exchange, Pending};
use crate::roads::{Unprepared, factors_now, let_go, prepared};
use crate::wire::{Position, Problem, ProblemKind, Strict};
use axum::extract::{RawQuery, Request, State};
use engine::centre::Prepared;
use engine::city::Polygon;
use engine::city::polygon::ring;
use engine::id::ObjectHash;
use engine::moment::Moment;
use engine::name::Name;
use engine::place::Point;
use engine::roads::atlas::Atlas;
use engine::roads::bulletin::{
    Bulletin, CORNERS_MAX, Notice, SLOW_PERMILLE_MAX, STRETCHES_MAX, Says, Stretch,
};
use engine::roads::conditions::Factors;
use engine::roads::network::{Profile, RoadClass};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Nodes along one road at most: so many pieces both ways fit into one notice.
const NODES_MAX: usize = STRETCHES_MAX / 2 + 1;

#[derive(Debug, Serialize)]
struct RoadsJson {
    seq: u64,
    now: Moment,
    /// The map in force, by its content; `null`: travel goes by straight line.
    map: Option<ObjectHash>,
    /// All that holds on it, by its content; `null`: nothing beside the map.
    bulletin: Option<ObjectHash>,
    attribution: Option<String>,
    nodes: usize,
    edges: usize,
    /// Factors of the hour in per cent, where they are not 100.
    hour: Map<String, Value>,
    changes: Vec<Value>,
}

/// The map in force, and what holds on it.
pub async fn roads(State(exchange): Shared, RawQuery(query): RawQuery) -> Answered {
    Query::of(query.as_deref())?.finish()?;
    let map = exchange.running.map();
    let network = map.as_ref().map(|map| map.metric().map().network());
    let bulletin = map.as_ref().map(|map| map.bulletin());
    let notices = bulletin.iter().flat_map(|bulletin| &bulletin.notices);
    let attribution = map.as_ref().map(|map| map.attribution().to_owned());
    let (seq, now) = {
        let view = exchange.feed.view();
        (view.sequence().0, view.now())
    };
    json(&RoadsJson {
        seq,
        now,
        map: map.as_ref().map(|map| map.hash()),
        bulletin: map.as_ref().and_then(|map| map.bulletin_hash()),
        attribution: attribution.filter(|made_by| !made_by.is_empty()),
        nodes: network.map_or(0, |network| network.nodes.len()),
        edges: network.map_or(0, |network| network.edges.len()),
        hour: map
            .as_ref()
            .map_or_else(Map::new, |map| hour(&map.factors())),
        changes: notices.map(shown).collect(),
    })
}

fn hour(factors: &Factors) -> Map<String, Value> {
    let of = |profile: Profile| {
        let classes = RoadClass::ALL.iter();
        let others = classes.filter_map(|&class| {
            let permille = factors.of(profile, class);
            (permille != 1_000).then(|| (class.code().to_owned(), percent(u32::from(permille))))
        });
        Value::Object(others.collect())
    };
    let profiles = Profile::ALL.iter();
    profiles
        .map(|&profile| (profile.code().to_owned(), of(profile)))
        .collect()
}

fn percent(permille: u32) -> Value {
    json!(f64::from(permille) / 10.0)
}

fn shown(notice: &Notice) -> Value {
    let roads = |roads: &[Stretch]| {
        let pairs = roads.iter().map(|road| [road.from, road.to]);
        pairs.collect::<Vec<_>>()
    };
    let id = notice.id.as_str();
    match &notice.says {
        Says::Closed(closed) => json!({ "id": id, "change": "close", "roads": roads(closed) }),
        Says::Slow {
            roads: slow,
            permille,
        } => {
            json!({ "id": id, "change": "slow", "roads": roads(slow), "percent": percent(*permille) })
        }
        Says::Flooded(area) => {
            let corners = area.rings().iter().flatten();
            let degrees = |corner: &Point| {
                [
                    f64::from(corner.lon_e7) / 1e7,
                    f64::from(corner.lat_e7) / 1e7,
                ]
            };
            let ring: Vec<[f64; 2]> = corners.map(degrees).collect();
            json!({ "id": id, "change": "flood", "area": ring })
        }
    }
}

/// What is asked of the roads.
enum Asked {
    Close(Where),
    Slow(Where, u32),
    Flood(Polygon),
    Lift,
}

/// Which pieces of road.
struct Where {
    place: Pieces,
    one_way: bool,
}

enum Pieces {
    /// Along these nodes, by the map's names.
    Nodes(Vec<i64>),
    /// The one nearest to this place.
    Nearest(Point),
}

/// Closes a road, says that it is slow, that an area is under water, or lifts what was said; in force from the answer on.
pub async fn change(State(exchange): Shared, request: Request) -> Answered {
    let mut act = Act::read(&exchange, request).await?;
    let id = act.fields.text("id")?;
    let id = Name::new(&id)
        .map_err(|error| Problem::new(ProblemKind::BadField, error.to_string()).about("id"))?;
    let asked = Asked::read(&mut act.fields)?;
    act.has_no_more()?;
    // Goes on though whoever asked is gone: what the next change stands on must be what is in force.
    let carried_out = tokio::spawn(async move { carry_out(exchange, act, id, asked).await });
    carried_out
        .await
        .map_err(|error| Problem::new(ProblemKind::NotServing, error.to_string()))?
}

async fn carry_out(exchange: Arc<Exchange>, act: Act, id: Name, asked: Asked) -> Answered {
    let Some(turn) = exchange.roads.turn().await else {
        let detail = "too many changes of the roads wait for their turn, or the one before takes too long; send it again";
        let problem = Problem::new(ProblemKind::Overloaded, detail);
        return Err(problem.retry_after_ms(1_000).into());
    };
    act.is_still_due(&exchange).await?;
    if !exchange.serves() {
        return Err(Problem::new(ProblemKind::NotServing, "the centre is stopping").into());
    }
    let before = exchange.running.map().ok_or_else(|| {
        let detail = "this centre has no road network; build one with `liandong roads build` and name it in `city.roads`";
        Problem::new(ProblemKind::NotFound, detail)
    })?;
    let mut bulletin = before.bulletin();
    // A driven centre that has not started yet has no hour.
    if exchange.running.now() != Moment(0) {
        bulletin.factors = factors_now(&exchange);
    }
    asked.put_into(&mut bulletin, &before, id)?;
    let stored = prepared(&exchange, Arc::clone(&before), bulletin).await;
    let (activation, map) = stored.map_err(|error| match error {
        Unprepared::Wrong(detail) => wrong("change", detail),
        Unprepared::Failed(detail) => Problem::new(ProblemKind::NotServing, detail),
    })?;
    let object = Prepared::Roads(map);
    let take_in = |pending: &mut Pending, to| exchange.activate(pending, (activation, object), to);
    // The next change stands on this one: its turn comes when the writer has taken this one up, or refused it.
    let asked = Arc::clone(&exchange);
    let afterwards = move || {
        let_go(&asked, before);
        drop(turn);
    };
    act.done_then(&exchange, take_in, afterwards).await
}

fn wrong(field: &str, detail: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::BadField, detail).about(field)
}

impl Asked {
    fn read(fields: &mut Strict) -> Result<Asked, Problem> {
        let change = fields.text("change")?;
        match change.as_str() {
            "close" => Ok(Asked::Close(Where::read(fields)?)),
            "slow" => {
                let most = f64::from(SLOW_PERMILLE_MAX / 10);
                let percent = fields.optional_number("percent", 100.0..=most)?;
                let percent = percent.ok_or_else(|| {
                    let detail = "`percent` is missing: how long the way takes now, in per cent of what it took";
                    wrong("percent", detail)
                })?;
                let permille = (percent * 10.0).round() as u32;
                Ok(Asked::Slow(Where::read(fields)?, permille))
            }
            "flood" => Ok(Asked::Flood(area(fields)?)),
            "lift" => Ok(Asked::Lift),
            _ => Err(wrong(
                "change",
                "`change` must be close, slow, flood or lift",
            )),
        }
    }

    fn put_into(self, bulletin: &mut Bulletin, map: &Atlas, id: Name) -> Result<(), Problem> {
        let says = match self {
            Asked::Close(place) => Says::Closed(place.stretches(map)?),
            Asked::Slow(place, permille) => Says::Slow {
                roads: place.stretches(map)?,
                permille,
            },
            Asked::Flood(area) => Says::Flooded(area),
            Asked::Lift => {
                return match bulletin.lift(id) {
                    true => Ok(()),
                    false => {
                        let detail = "no change of this id is in force; GET /v1/roads lists them";
                        Err(Problem::new(ProblemKind::NotFound, detail).about("id"))
                    }
                };
            }
        };
        bulletin.put(Notice { id, says });
        Ok(())
    }
}

impl Where {
    fn read(fields: &mut Strict) -> Result<Where, Problem> {
        let one_way = fields.optional_flag("one_way")?.unwrap_or(false);
        let nodes = fields.optional_whole_numbers("nodes", 2..=NODES_MAX)?;
        let place = match (nodes, fields.optional_position()?) {
            (Some(nodes), None) => Pieces::Nodes(nodes),
            (None, Some(_)) if one_way => {
                let detail =
                    "a place does not say which way is meant; give `nodes` in the order of the way";
                return Err(wrong("one_way", detail));
            }
            (None, Some(position)) => Pieces::Nearest(position.point().map_err(bad_position)?),
            (Some(_), Some(_)) => {
                return Err(wrong(
                    "nodes",
                    "`nodes` and a position say the same; give one of them",
                ));
            }
            (None, None) => {
                let detail = "which road is not said; give `nodes`, the map's names of the nodes along it, or `lat`, `lon` and `datum` of a place on it";
                return Err(wrong("nodes", detail));
            }
        };
        Ok(Where { place, one_way })
    }

    /// The pieces of road that are meant, both ways unless it is one.
    fn stretches(self, map: &Atlas) -> Result<Vec<Stretch>, Problem> {
        let road_map = map.metric().map();
        let mut stretches = Vec::new();
        let nodes = match self.place {
            Pieces::Nodes(nodes) => nodes,
            Pieces::Nearest(point) => {
                let position = map
                    .position(Profile::Normal, point)
                    .ok_or_else(|| wrong("lat", "no road is within 500 m of this place"))?;
                let edge = road_map.edge(position.edge);
                let name = |node: engine::roads::network::NodeIndex| {
                    road_map.network().nodes[node.0 as usize].name
                };
                vec![name(edge.from), name(edge.to)]
            }
        };
        for pair in nodes.windows(2) {
            let there = Stretch {
                from: pair[0],
                to: pair[1],
            };
            let back = Stretch {
                from: pair[1],
                to: pair[0],
            };
            let is_road =
                |road: &Stretch| road_map.edges_named(road.from, road.to).next().is_some();
            let meant = [Some(there), (!self.one_way).then_some(back)];
            let before = stretches.len();
            stretches.extend(meant.into_iter().flatten().filter(is_road));
            if stretches.len() == before {
                let detail = format!(
                    "no road of the map leads straight from node {} to node {}",
                    pair[0], pair[1]
                );
                return Err(wrong("nodes", detail));
            }
        }
        stretches.sort_unstable();
        stretches.dedup();
        Ok(stretches)
    }
}

/// An area by its corners, `[[lon, lat], …]` in one datum.
fn area(fields: &mut Strict) -> Result<Polygon, Problem> {
    let corners = fields.pairs("area", 3..=CORNERS_MAX)?;
    let datum = fields.datum()?;
    let points = corners.into_iter().map(|[lon, lat]| {
        let position = Position::new(lat, lon, datum).map_err(|error| {
            let field = if error.field() == "datum" {
                "datum"
            } else {
                "area"
            };
            wrong(field, error.to_string())
        })?;
        position.point().map_err(bad_position)
    });
    let points: Vec<Point> = points.collect::<Result<_, _>>()?;
    let ring = ring(&points).map_err(|error| wrong("area", error.to_string()))?;
    Ok(Polygon::new(vec![ring]))
}
