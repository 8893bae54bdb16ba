//! `demo`: see [`loadgen::demo`].

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(loadgen::demo::run(std::env::args_os()))
}
