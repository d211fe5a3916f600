//! Parse, run, one exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    wd_diagnose::cli::run(std::env::args_os()).into()
}
