//! Each peer in a file of its own; what is the same for several beside them.

pub mod axum;
pub mod echo;
pub mod grid;
pub mod kiddo;
pub mod liandong;
pub mod postgis;
pub mod redis;
pub mod rstar;
pub mod tonic;
pub mod trees;
