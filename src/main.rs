//! Parse, run, one exit code.
fn main() {}
