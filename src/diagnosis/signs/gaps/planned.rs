//! Silences that a log explains: they were announced, they come each day, or they are none.

use std::sync::Arc;

use jiff::civil::DateTime;

use super::Silence;
use crate::diagnosis::signs::Moment;
use crate::event::{Stamp, read_record};
use crate::model::Severity;

/// An hour, in seconds.
const HOUR: f64 = 3_600.0;

/// Silences that begin this near to each other on different days, in seconds, come each day.
const SAME_TIME: f64 = 1_800.0;

/// A bot that goes on this soon, in seconds, after a full half hour does so by a schedule.
const ON_TIME: f64 = 5.0;

/// An error that ends a silence of up to this, in seconds, is what was waited for: a time limit.
const TIME_LIMIT: f64 = 120.0;

/// Words that announce a silence, or tell of a planned one that is over.
const PLANNED: [&str; 26] = [
    "until",
    "maintenance",
    "holiday",
    "weekend",
    "overnight",
    "after hours",
    "after-hours",
    "outside trading",
    "outside market",
    "outside of trading",
    "market close",
    "market is close",
    "markets close",
    "market open",
    "market is open",
    "markets open",
    "market hours",
    "trading hours",
    "session close",
    "session end",
    "session open",
    "session start",
    "end of day",
    "end of session",
    "paused",
    "halted",
];

/// Words behind which a wait is told with its length.
const WAITS: [&str; 14] = [
    "sleep",
    "wait",
    "pause",
    "pausing",
    "retry",
    "reconnect",
    "backoff",
    "back off",
    "backing off",
    "cooldown",
    "cooling",
    "next",
    "again in",
    "idle",
];

/// Whether a silence is explained by the lines around it; `usual` is the longest other time, in seconds.
pub(super) fn is_planned(silence: &Silence, usual: f64) -> bool {
    let before = [Some(&silence.before), silence.older.as_ref()];
    let announces = |moment: &Arc<Moment>| {
        let text = moment.line.text.to_lowercase();
        says(&text) || announced(&text).is_some_and(|seconds| seconds >= silence.seconds * 0.5)
    };
    before.into_iter().flatten().any(announces)
        || says(&silence.behind.line.text.to_lowercase())
        || severity(&silence.before) >= Some(Severity::Warning)
        || silence.seconds < TIME_LIMIT && severity(&silence.behind) >= Some(Severity::Warning)
        || is_on_schedule(silence)
        || is_summer_time(silence, usual)
}

/// Which of some silences begin at the same time of day as another.
pub(super) fn daily<'s>(begins: impl Iterator<Item = Option<&'s Stamp>>) -> Vec<bool> {
    let times: Vec<Option<DateTime>> =
        begins.map(|stamp| stamp.filter(|stamp| stamp.has_date).map(|stamp| stamp.civil)).collect();
    let is_like = |one: DateTime, other: DateTime| {
        let apart = time_of_day(one) - time_of_day(other);
        one.date() != other.date() && apart.abs().min(24.0 * HOUR - apart.abs()) <= SAME_TIME
    };
    let is_daily = |at: usize| {
        let others = times.iter().enumerate().filter(|(other, _)| *other != at);
        others
            .filter_map(|(_, time)| *time)
            .any(|other| times[at].is_some_and(|one| is_like(one, other)))
    };
    (0..times.len()).map(is_daily).collect()
}

fn says(text: &str) -> bool {
    PLANNED.iter().any(|words| text.contains(words))
}

/// How long a wait is that a line (in lower case) announces, in seconds; the longest.
fn announced(text: &str) -> Option<f64> {
    let from = WAITS.iter().filter_map(|word| text.find(word)).min()?;
    let mut rest = &text[from..];
    let mut longest = None;
    while let Some(digit) = rest.find(|c: char| c.is_ascii_digit()) {
        let number = &rest[digit..];
        let end = number.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(number.len());
        rest = &number[end..];
        let unit = rest.trim_start_matches([' ', '-', '_']);
        let scale = match unit {
            _ if unit.starts_with("ms") || unit.starts_with("millis") => 0.001,
            _ if unit.starts_with('s') => 1.0,
            _ if unit.starts_with('m') => 60.0,
            _ if unit.starts_with('h') => HOUR,
            _ if unit.starts_with('d') => 24.0 * HOUR,
            // A bare number of seconds.
            _ if !unit.starts_with(char::is_alphanumeric) => 1.0,
            _ => continue,
        };
        let seconds = number[..end].trim_end_matches('.').parse::<f64>().ok().map(|n| n * scale);
        longest = seconds.into_iter().chain(longest).reduce(f64::max);
    }
    longest
}

fn severity(moment: &Moment) -> Option<Severity> {
    read_record(moment.line.text.as_bytes()).severity
}

/// An hour or more that ends at a full half hour.
fn is_on_schedule(silence: &Silence) -> bool {
    let Some(stamp) = &silence.behind.stamp else { return false };
    silence.seconds >= HOUR && time_of_day(stamp.civil).rem_euclid(HOUR / 2.0) <= ON_TIME
}

/// The hour that a local clock leaves out in spring.
fn is_summer_time(silence: &Silence, usual: f64) -> bool {
    let Some(stamp) = &silence.behind.stamp else { return false };
    let over = silence.seconds - HOUR;
    let slack = (usual * 2.0).max(5.0);
    stamp.offset.is_none() && (-slack..=slack).contains(&over) && stamp.civil.hour() <= 4
}

fn time_of_day(civil: DateTime) -> f64 {
    f64::from(civil.hour()) * HOUR + f64::from(civil.minute()) * 60.0 + f64::from(civil.second())
}

#[cfg(test)]
mod tests {
    use super::announced;

    #[test]
    fn waits_are_read_with_their_units() {
        for (text, seconds) in [
            ("sleeping 300 s until the next candle", Some(300.0)),
            ("retrying in 1.5 minutes", Some(90.0)),
            ("reconnect attempt 3, waiting 64s", Some(64.0)),
            ("next scan in 2h", Some(7_200.0)),
            ("wait=250ms", Some(0.25)),
            ("sleep(600)", Some(600.0)),
            ("filled 300 s after the order", None),
            ("waiting for a signal", None),
        ] {
            assert_eq!(announced(text), seconds, "{text}");
        }
    }
}
