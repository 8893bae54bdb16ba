//! The road network: how long the way takes, and who is nearest by it.
//!
//! `network` is what a map says: nodes, directed edges with a time in each profile, turns that are banned. `import` reads
//! it from OpenStreetMap extracts and from CSV; `prepared` is the file in which it is kept, checked and memory-mapped.
//!
//! A `road_map` is a network made ready to be asked: `turns` takes banned turns into the graph, `order` and `hierarchy` say who stands
//! above whom. `conditions` (the hour, what has changed; a `bulletin` is how they are kept) make a `metric` of it, whole and immutable: `labels` of travel times,
//! `sides` of edges. `snap` brings places onto the map, `travel` says how long the way is between two of them. `nearest` says who is there
//! first: `departures` are where units come onto the hierarchy, `firsts` who is first at each rank, `profile_units` both for one
//! profile. `dijkstra` is the naive twin of it all, `generate` makes towns up.
//! Nothing here knows units' states, plans or clocks: `dispatch` asks, `roads` answers.

pub mod atlas;
pub mod bulletin;
pub mod conditions;
pub mod departures;
pub mod dijkstra;
pub mod firsts;
pub mod generate;
pub mod hierarchy;
pub mod import;
pub mod labels;
pub mod metric;
pub mod nearest;
pub mod network;
pub mod order;
pub mod position;
pub mod prepared;
mod profile_units;
pub mod road_map;
pub mod sides;
pub mod snap;
pub mod travel;
pub mod turns;

#[cfg(test)]
mod tests;
