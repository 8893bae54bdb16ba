//! What is fuzzed: one function of bytes for each way by which bytes come in, and what must hold whatever they are.
//!
//! Used twice, so that both stay in step: by the fuzz binaries in `tests/fuzz`, and by `tests/tests/corpus.rs`, which plays
//! every file of the committed corpus under plain `cargo test`. A check panics when something does not hold; it needs
//! no network and no clock, and leaves nothing behind. A new target is a module with `check`, a row in [`TARGETS`], its
//! seeds in [`seeds`], and a binary of three lines.

pub mod city;
pub mod commands;
mod cursor;
pub mod frames;
pub mod http;
pub mod journal;
pub mod lines;
pub mod records;
mod scratch;
pub mod seeds;
pub mod segment;
pub mod settings;
pub mod snapshots;
pub mod trace;
mod words;

/// One way by which bytes come in.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name of its binary and of its corpus.
    pub name: &'static str,
    /// What must hold of any bytes; panics where it does not.
    pub check: fn(&[u8]),
}

const fn target(name: &'static str, check: fn(&[u8])) -> Target {
    Target { name, check }
}

/// All of them.
pub const TARGETS: &[Target] = &[
    target("frames", frames::check),
    target("lines", lines::check),
    target("http", http::check),
    target("records", records::check),
    target("journal", journal::check),
    target("segment", segment::check),
    target("snapshots", snapshots::check),
    target("commands", commands::check),
    target("trace", trace::check),
    target("config", settings::config),
    target("plan", settings::plan),
    target("lexicon", settings::lexicon),
    target("city_sheets", city::sheets),
    target("city_document", city::document),
];
