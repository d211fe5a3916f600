//! Parse, run, one exit code.

use std::process::ExitCode;

/// Events are read on one thread and given back on another. The C library's allocator makes the two wait for each
/// other: a noisy log may then take three times as long.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    wd_diagnose::cli::run(std::env::args_os()).into()
}
