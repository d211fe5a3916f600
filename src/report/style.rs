use std::sync::LazyLock;

use jiff::Zoned;
use jiff::tz::TimeZone;

use super::Ci;
use crate::diagnosis::Evidence;

/// The present time with its zone, asked for where it is needed: to find the zone of the system takes a
/// millisecond.
pub type Clock = LazyLock<Zoned, Box<dyn FnOnce() -> Zoned + Send>>;

/// How a report is shown. None of it changes what is in the report.
#[derive(Debug, Clone)]
pub struct Style<'a> {
    /// Columns of the terminal.
    pub width: usize,
    /// Whether colour and weight may be used.
    pub colour: bool,
    /// How much is told.
    pub volume: Volume,
    /// Log lines before each diagnosis, in the order of the report's diagnoses; may be shorter.
    pub context: &'a [Vec<Evidence>],
    /// Usual seconds between the records of each source, where known, in the order of the report's
    /// sources; may be shorter.
    pub rhythm: &'a [Option<f64>],
    /// The present time, in the zone of log times that carry none; `None` leaves out how old a log is.
    pub now: Option<&'a Clock>,
    /// The user said that the bot is down.
    pub stopped: bool,
    /// What the formats for CI systems are told.
    pub ci: Ci<'a>,
}

impl Style<'_> {
    /// Zone of times that carry none, for formats that count seconds.
    pub(super) fn zone(&self) -> TimeZone {
        self.now.map_or(TimeZone::UTC, |now| now.time_zone().clone())
    }
}

impl Default for Style<'_> {
    /// 80 columns, no colour, no clock: the same bytes for the same report.
    fn default() -> Self {
        Style {
            width: 80,
            colour: false,
            volume: Volume::Normal,
            context: &[],
            rhythm: &[],
            now: None,
            stopped: false,
            ci: Ci::default(),
        }
    }
}

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Volume {
    /// The answer in a sentence.
    Quiet,
    /// The answer with its proof and what to do, and a table of the rest.
    Normal,
    /// The rest in full, too.
    Verbose,
}
