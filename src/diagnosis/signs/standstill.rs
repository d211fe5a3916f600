//! A heartbeat that goes on while the work has stopped: no market data comes any more, for much longer than
//! ever before, and the bot says that it is alive.

use std::collections::BTreeMap;

use super::shape::{Kind, Shape};
use super::{Moment, Sample, Sign};
use crate::model::Level;

const RULE: &str = "network/feed-stopped";

/// Seconds without work, and how many times the longest pause before that must be.
const SECONDS: f64 = 300.0;
const LONGER: f64 = 20.0;

/// Samples of work that show its rhythm.
const WORK: u64 = 50;

/// Heartbeats before and behind its last line.
const BEATS_BEFORE: u64 = 3;
const BEATS_BEHIND: u64 = 5;

/// The heartbeat must go on at this part of its pace at least.
const PACE: f64 = 0.5;

/// Markets close at full and half hours: work that stops so near one, in seconds, is over.
const HALF_HOUR: f64 = 1_800.0;
const NEAR: f64 = 120.0;

/// Follows work and heartbeat of a run.
#[derive(Debug, Clone, Default)]
pub(super) struct Standstill {
    /// Samples of work, the first, the last, and the longest pause between two.
    work: u64,
    began: Option<f64>,
    last: Option<(f64, Moment)>,
    longest: f64,
    /// Heartbeats up to the last work, and behind it.
    before: u64,
    behind: u64,
    beat: Option<(f64, Moment)>,
    /// When a pause was last announced.
    paused: Option<f64>,
}

impl Standstill {
    /// The next sample, whose message has that shape.
    pub(super) fn sample(&mut self, sample: &Sample<'_>, shape: &Shape, seconds: Option<f64>) {
        let Some(now) = seconds else { return };
        match shape.kind {
            Kind::Market => {
                if let Some((before, _)) = self.last {
                    self.longest = self.longest.max(now - before);
                }
                self.work += 1;
                self.began = self.began.or(Some(now));
                self.last = Some((now, sample.moment()));
                self.before += self.behind;
                self.behind = 0;
            }
            Kind::Heartbeat => {
                self.behind += 1;
                self.beat = Some((now, sample.moment()));
            }
            Kind::Pause => self.paused = Some(now),
            Kind::Other => {}
        }
    }

    /// The standstill in which the run stands at its end.
    pub(super) fn close(&self) -> Option<Sign> {
        let ((stopped, first), (until, last)) = self.last.clone().zip(self.beat.clone())?;
        let (quiet, worked) = (until - stopped, stopped - self.began?);
        let pace = |beats: u64, seconds: f64| beats as f64 / seconds.max(1.0);
        let next_half_hour = (stopped / HALF_HOUR).ceil() * HALF_HOUR - stopped;
        let is_over = next_half_hour <= NEAR
            || HALF_HOUR - next_half_hour <= NEAR
            || self.paused.is_some_and(|paused| paused >= stopped - NEAR);
        let stands = self.work >= WORK
            && quiet >= SECONDS
            && quiet >= LONGER * self.longest
            && self.before >= BEATS_BEFORE
            && self.behind >= BEATS_BEHIND
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
            causes_since: None,
        })
    }
}

#[cfg(test)]
mod tests;
