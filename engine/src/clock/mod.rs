//! Deadlines and what follows when one runs out.
//!
//! `wheel` keeps every armed deadline of a centre and says which is due.

pub mod wheel;
