//! The routing core of Liandong: no async, no network, no clock of its own.
//!
//! Start at [`centre`], which reads like the story of a call; [`command`] is all that may be said to a centre,
//! [`event`] all it may say back. [`runtime`] is the thread that drives one.

pub mod answer;
pub mod call;
pub mod capability;
pub mod centre;
pub mod city;
pub mod classify;
pub mod clock;
pub mod command;
pub mod dispatch;
pub mod event;
pub mod explain;
pub mod histogram;
pub mod hospital;
pub mod id;
pub mod incident;
pub mod journal;
pub mod kind;
pub mod lane;
pub mod limits;
pub mod line;
pub mod major;
mod memory;
pub mod moment;
pub mod name;
pub mod order;
pub mod place;
pub mod plan;
pub mod position_slots;
pub mod record;
pub mod roads;
pub mod runtime;
pub mod saved;
pub mod table;
pub mod unit;
pub mod view;
