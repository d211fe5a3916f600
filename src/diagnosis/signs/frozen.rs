//! Prices in ordinary lines that stand still, or are zero, although they moved before: what a quiet rate
//! limit, a cache or a dead stream looks like to a bot that believes it.

use std::collections::BTreeMap;

use super::shape::{Shape, is_near_half_hour};
use super::{Moment, Sample, Sign};
use crate::model::Level;

pub(super) const RULE: &str = "rate-limit/data-frozen";

/// Most kinds of messages that are followed.
const SHAPES: usize = 96;

/// Samples with the same numbers that a standstill takes, and how many seconds it lasts.
const LEAST: u64 = 30;
const SECONDS: f64 = 60.0;

/// Pairs of samples before it that must have been seen, and the part of them between which the numbers
/// moved. A thin market and a stablecoin stay below it.
const BEFORE: u64 = 20;
const MOVED: f64 = 0.9;

/// A standstill is so many times as long as the longest before it.
const LONGER: u64 = 10;

/// Markets close and open at full and half hours: a standstill that begins so near one, in seconds, is one.
const NEAR: f64 = 90.0;

/// Follows the numbers of each kind of message.
#[derive(Debug, Clone, Default)]
pub(super) struct Frozen {
    shapes: BTreeMap<u64, Series>,
    /// The first standstill.
    found: Option<Found>,
    /// How many kinds of messages stood still.
    kinds: u64,
    told: bool,
}

#[derive(Debug, Clone)]
struct Series {
    values: u64,
    pairs: u64,
    moved: u64,
    /// Samples with the same numbers up to now, and the longest such row before.
    row: u64,
    longest: u64,
    /// The first of the row; kept from the second on.
    first: Option<Moment>,
    /// Seconds of the last one with other numbers.
    before: Option<f64>,
    /// Seconds of the first and the last of the row.
    since: Option<f64>,
    until: Option<f64>,
    is_known: bool,
}

#[derive(Debug, Clone)]
struct Found {
    hash: u64,
    first: Moment,
    last: Moment,
    since: f64,
    until: f64,
    count: u64,
    is_zero: bool,
}

impl Frozen {
    /// The next sample, whose message has that shape.
    pub(super) fn sample(&mut self, sample: &Sample<'_>, shape: &Shape, seconds: Option<f64>) {
        let Some(values) = shape.values.filter(|_| shape.shows_price) else { return };
        let hash = shape.hash;
        let Some(series) = self.shapes.get_mut(&hash) else {
            if self.shapes.len() < SHAPES {
                self.shapes.insert(hash, Series::new(values, seconds));
            }
            return;
        };
        series.pairs += 1;
        if series.values != values {
            series.moved += 1;
            series.longest = series.longest.max(series.row);
            *series = Series {
                before: series.until,
                pairs: series.pairs,
                moved: series.moved,
                longest: series.longest,
                ..Series::new(values, seconds)
            };
            return;
        }
        series.row += 1;
        series.until = seconds.or(series.until);
        let first = series.first.get_or_insert_with(|| sample.moment()).clone();
        if series.is_known {
            if let Some(found) = self.found.as_mut().filter(|found| found.hash == hash) {
                found.count += 1;
                found.last = sample.moment();
                found.until = seconds.unwrap_or(found.until);
            }
            return;
        }
        let (Some(since), Some(until)) = (series.since, series.until) else { return };
        if series.stands_still(since, until) {
            series.is_known = true;
            self.kinds += 1;
            let found = Found {
                hash,
                first,
                last: sample.moment(),
                since,
                until,
                count: series.row,
                is_zero: shape.is_zero,
            };
            self.found.get_or_insert(found);
        }
    }

    /// The standstill, where there was one and it was not told.
    pub(super) fn close(&mut self) -> Option<Sign> {
        let found = self.found.clone().filter(|_| !self.told)?;
        self.told = true;
        let mut captures = BTreeMap::new();
        let what = if found.is_zero { "zero" } else { "the same" };
        captures.insert("measure".to_owned(), what.to_owned());
        let span = format!(" in {}", super::length(found.until - found.since));
        captures.insert("span".to_owned(), span);
        if self.kinds > 1 {
            let more = format!(" So it is with {} kinds of lines.", self.kinds);
            captures.insert("outlook".to_owned(), more);
        }
        Some(Sign {
            rule: RULE,
            subject: String::new(),
            level: Level::Warning,
            count: found.count,
            first: found.first,
            last: found.last,
            captures,
            says_most: true,
            causes_since: None,
        })
    }
}

impl Series {
    fn new(values: u64, seconds: Option<f64>) -> Series {
        Series {
            values,
            pairs: 0,
            moved: 0,
            row: 1,
            longest: 0,
            first: None,
            before: None,
            since: seconds,
            until: seconds,
            is_known: false,
        }
    }

    fn stands_still(&self, since: f64, until: f64) -> bool {
        let before = self.pairs + 1 - self.row;
        // It began somewhere between two that were looked at.
        let is_at_half_hour = is_near_half_hour(self.before.unwrap_or(since), since, NEAR);
        self.row >= LEAST
            && until - since >= SECONDS
            && before >= BEFORE
            && self.moved as f64 >= MOVED * before as f64
            && self.row >= LONGER * self.longest
            && !is_at_half_hour
    }
}

#[cfg(test)]
mod tests;
