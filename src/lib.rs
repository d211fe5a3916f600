//! Reads a Python trading bot's log and tells what killed it, where in its code, and what to do now.

pub mod analyze;
pub mod cli;
pub mod detect;
pub mod diagnosis;
pub mod event;
pub mod model;
pub mod report;
pub mod rules;
pub mod safe;
pub mod source;
pub mod traceback;
