//! The road network: how long the way takes, and who is nearest by it.
//!
//! `network` is what a map says: nodes, directed edges with a time in each profile, turns that are banned. `import` reads
//! it from OpenStreetMap extracts and from CSV; `prepared` is the file in which it is kept, checked and memory-mapped.
//! Everything that is asked of it while calls come in works on that file. Nothing here knows units' states, plans or clocks:
//! `dispatch` asks, `roads` answers.

pub mod atlas;
pub mod conditions;
pub mod dijkstra;
pub mod generate;
pub mod hierarchy;
pub mod import;
pub mod labels;
pub mod least;
pub mod metric;
pub mod nearest;
pub mod network;
pub mod order;
pub mod position;
pub mod prepared;
pub mod road_map;
pub mod sides;
pub mod snap;
pub mod travel;
pub mod turns;

#[cfg(test)]
mod tests;
