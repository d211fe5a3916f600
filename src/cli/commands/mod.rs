//! One file a command: settings taken apart, the rooms called, the outcome printed.

pub(super) mod completions;
pub(super) mod diagnose;
pub mod explain;
pub(super) mod follow;
pub(super) mod hook;
pub(super) mod man;
pub(super) mod merge;
pub mod rules;
