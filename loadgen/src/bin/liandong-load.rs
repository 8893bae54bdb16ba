//! `liandong-load`: see [`loadgen::cli`].

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(loadgen::cli::run(std::env::args_os()))
}
