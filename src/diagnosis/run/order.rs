//! Whether a log lists its newest entry first, as consoles of log stores show and export it.

use std::collections::BTreeMap;

use crate::diagnosis::rhythm::length;
use crate::diagnosis::signs::{Moment, Sample, Sign};
use crate::event::Stamp;
use crate::model::Level;

/// The rule that tells of a log whose newest entry stands first.
pub const NEWEST_FIRST: &str = "other/newest-first";

/// So often, at least, must time have gone back from one sample to the next. Fewer are a clock that was set, or logs
/// that stand one behind the other.
const LEAST: u32 = 6;

/// So many times as often as it went on: writers whose lines are mixed go to and fro.
const MOSTLY: u32 = 9;

/// What makes two times comparable: how they are written, and the file.
type Clock = (bool, bool, usize);

/// Follows the times of a whole source, whatever runs it holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Order {
    /// The first sample that has a time.
    first: Option<Moment>,
    /// The last one at which time went back.
    last: Option<Moment>,
    /// The last time of all, in seconds.
    before: Option<(f64, Clock)>,
    falls: u32,
    rises: u32,
}

impl Order {
    /// The next sample.
    pub(super) fn sample(&mut self, sample: &Sample<'_>) {
        // A time of day alone goes back at midnight.
        let Some(stamp) = sample.stamp.as_ref().filter(|stamp| stamp.has_date) else { return };
        let clock = (stamp.has_year, stamp.offset.is_some(), sample.place.file);
        let now = stamp.seconds();
        if self.first.is_none() {
            self.first = Some(sample.moment());
        }
        match self.before.replace((now, clock)) {
            Some((before, same)) if same == clock && now < before => {
                self.falls = self.falls.saturating_add(1);
                self.last = Some(sample.moment());
            }
            Some((before, same)) if same == clock && now > before => {
                self.rises = self.rises.saturating_add(1);
            }
            _ => {}
        }
    }

    /// What is to be told where time goes back from entry to entry.
    pub(super) fn newest_first(self) -> Option<Sign> {
        if self.falls < LEAST || self.falls < self.rises.saturating_mul(MOSTLY) {
            return None;
        }
        let (first, last) = self.first.zip(self.last)?;
        let (newest, oldest) = first.stamp.as_ref().zip(last.stamp.as_ref())?;
        let span = newest.seconds() - oldest.seconds();
        if span <= 0.0 {
            return None;
        }
        let time = |stamp: &Stamp| stamp.iso().unwrap_or_else(|| stamp.raw.clone());
        let captures = BTreeMap::from([
            ("from".to_owned(), time(newest)),
            ("to".to_owned(), time(oldest)),
            ("length".to_owned(), length(span)),
        ]);
        Some(Sign {
            rule: NEWEST_FIRST,
            subject: "order".to_owned(),
            level: Level::Warning,
            count: 1,
            first,
            last,
            captures,
            says_most: true,
            causes_since: None,
        })
    }
}
