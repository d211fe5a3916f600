//! A heartbeat that goes on while the work has stopped: no market data comes any more, for much longer than
//! ever before, and the bot says that it is alive.

use std::collections::BTreeMap;

use super::shape::{Kind, Shape, is_near_half_hour};
use super::{Moment, Sample, Sign};
use crate::model::Level;

pub(super) const RULE: &str = "network/feed-stopped";

/// Seconds without work, and how many times the longest pause before that must be.
const SECONDS: f64 = 300.0;
const LONGER: f64 = 20.0;

/// So many times the longest pause between two samples is long.
const LATE: f64 = 2.0;

/// Samples of work that show its rhythm.
const WORK: u64 = 50;

/// Heartbeats before and behind its last line.
const BEATS_BEFORE: u64 = 3;
const BEATS_BEHIND: u64 = 5;

/// The heartbeat must go on at this part of its pace at least.
const PACE: f64 = 0.5;

/// Markets close at full and half hours: work that stops so near one, in seconds, is over.
const NEAR: f64 = 120.0;

/// Follows work and heartbeat of a run.
#[derive(Debug, Clone, Default)]
pub(super) struct Standstill {
    /// Samples of work, the first, the last, and the longest pause between two.
    work: u64,
    began: Option<f64>,
    last: Option<(f64, Moment)>,
    longest: f64,
    /// Heartbeats up to the last work, and behind it, as many as the samples stand for.
    before: f64,
    behind: f64,
    /// How many of them were seen.
    seen: (u64, u64),
    /// When the first line came behind the last work.
    next: Option<f64>,
    beat: Option<(f64, Moment)>,
    /// When a pause was last announced.
    paused: Option<f64>,
}

impl Standstill {
    /// The next sample, whose message has that shape, and which stands for so many lines.
    pub(super) fn sample(
        &mut self,
        sample: &Sample<'_>,
        shape: &Shape,
        seconds: Option<f64>,
        lines: f64,
    ) {
        let Some(now) = seconds else { return };
        if self.last.is_some() && shape.kind != Kind::Market {
            self.next.get_or_insert(now);
        }
        match shape.kind {
            Kind::Market => {
                if let Some((before, _)) = self.last {
                    self.longest = self.longest.max(now - before);
                }
                self.work += 1;
                self.began = self.began.or(Some(now));
                self.last = Some((now, sample.moment()));
                self.before += std::mem::take(&mut self.behind);
                self.seen = (self.seen.0 + self.seen.1, 0);
                self.next = None;
            }
            Kind::Heartbeat => {
                self.behind += lines;
                self.seen.1 += 1;
                self.beat = Some((now, sample.moment()));
            }
            Kind::Pause => self.paused = Some(now),
            Kind::Other => {}
        }
    }

    /// Whether it is long since work was looked at, so that what lies before a line at that time is worth a look. At
    /// most `stride` seconds lay between two samples so far.
    pub(super) fn is_late(&self, seconds: Option<f64>, stride: f64) -> bool {
        let since = seconds.zip(self.last.as_ref()).map(|(now, (last, _))| now - last);
        self.work >= WORK && since.is_some_and(|since| since > LATE * self.longest.max(stride))
    }

    /// The standstill in which the run stands at its end.
    pub(super) fn close(&self) -> Option<Sign> {
        let ((stopped, first), (until, last)) = self.last.clone().zip(self.beat.clone())?;
        let (quiet, worked) = (until - stopped, stopped - self.began?);
        let pace = |beats: f64, seconds: f64| beats / seconds.max(1.0);
        // It stopped somewhere between two lines that were looked at.
        let is_over = is_near_half_hour(stopped, self.next.unwrap_or(stopped), NEAR)
            || self.paused.is_some_and(|paused| paused >= stopped - NEAR);
        let stands = self.work >= WORK
            && quiet >= SECONDS
            && quiet >= LONGER * self.longest
            && self.seen.0 >= BEATS_BEFORE
            && self.seen.1 >= BEATS_BEHIND
            && pace(self.behind, quiet) >= PACE * pace(self.before, worked)
            && !is_over;
        stands.then(|| Sign {
            rule: RULE,
            subject: String::new(),
            level: Level::Warning,
            count: 1,
            first,
            last,
            captures: BTreeMap::from([("span".to_owned(), format!(", {}", super::length(quiet)))]),
            says_most: true,
            causes_since: None,
        })
    }
}

#[cfg(test)]
mod tests;
