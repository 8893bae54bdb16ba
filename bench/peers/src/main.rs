//! The binary `peers`: nothing but a way into the library.

use std::process::ExitCode;

/// The product's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    peers::cli::run()
}
