//! The command line.

pub mod commands;
mod exit;

pub use exit::ExitStatus;
