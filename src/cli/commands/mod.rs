//! One file a command: settings taken apart, the rooms called, the outcome printed.

pub mod explain;
pub mod rules;
