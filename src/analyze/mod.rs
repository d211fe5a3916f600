//! Turns the crank: sources through detection to a report.

mod backwards;
mod banner;
pub mod batch;
pub mod follow;
mod join;
mod lanes;
mod processes;
mod sample;
mod starts;
mod stream;

use std::path::PathBuf;
use std::time::SystemTime;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::model::Pattern;
use crate::rules::RuleOptions;

/// What a run over finished logs is asked to do.
#[derive(Debug, Clone)]
pub struct BatchOptions {
    /// Only events from this time on.
    pub since: Option<DateTime>,
    /// Only events up to this time.
    pub until: Option<DateTime>,
    /// Only these patterns; empty means all.
    pub patterns: Vec<Pattern>,
    /// Only this run of each source: 1 the first, -1 the last.
    pub run: Option<i64>,
    /// Log lines to show before what went wrong.
    pub context: usize,
    /// Whether secrets are taken out.
    pub redact: bool,
    /// The bot is known to be down.
    pub stopped: bool,
    /// Zone of times that carry none.
    pub zone: Option<TimeZone>,
    /// The bot's source tree.
    pub source_root: Option<PathBuf>,
    /// Worker threads; `None` means one a core.
    pub threads: Option<usize>,
    /// The present time, to tell a live file from a finished one.
    pub now: SystemTime,
    /// Which rules run.
    pub rules: RuleOptions,
    /// Most bytes that one compressed file may unfold to.
    pub unpack_limit: u64,
}

/// Told of what goes on while a run goes on.
pub trait Observer {
    /// `bytes` have been read so far, of `total` where that is known.
    fn progress(&mut self, bytes: u64, total: Option<u64>);
}

/// An observer that looks away.
#[derive(Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn progress(&mut self, _bytes: u64, _total: Option<u64>) {}
}
