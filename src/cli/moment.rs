//! `--since` and `--until`: a time, or an age back from now.

use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, Span, Timestamp, Zoned};

/// A point in time as typed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Moment {
    /// With a zone of its own.
    Absolute(Timestamp),
    /// By the clock of the log's zone.
    Civil(DateTime),
    /// By the clock, today.
    Today(Time),
    /// So long ago.
    Ago(SignedDuration),
}

/// Reads a time or an age.
///
/// # Errors
/// Where it is neither; the text says what is.
pub(super) fn parse(text: &str) -> Result<Moment, String> {
    let text = text.trim();
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Ok(Moment::Absolute(timestamp));
    }
    // A number alone would be read as neither; `T` or a colon makes a time of day.
    if text.contains(':')
        && !text.contains('-')
        && let Ok(time) = text.parse::<Time>()
    {
        return Ok(Moment::Today(time));
    }
    if let Ok(datetime) = text.parse::<DateTime>() {
        return Ok(Moment::Civil(datetime));
    }
    if let Ok(date) = text.parse::<Date>() {
        return Ok(Moment::Civil(date.at(0, 0, 0, 0)));
    }
    let age = text.strip_suffix(" ago").unwrap_or(text);
    if age.starts_with(|c: char| c.is_ascii_digit())
        && let Ok(span) = age.parse::<Span>()
        && let Some(duration) = duration(span)
    {
        return Ok(Moment::Ago(duration));
    }
    Err("not a time or an age; write a time such as `2024-05-01 12:00` or `2024-05-01T12:00:00Z`, or an age \
         such as `2h`, `90m` or `3d`"
        .to_owned())
}

/// Days of 24 hours and weeks of 7 days; months and years have no length of their own.
fn duration(span: Span) -> Option<SignedDuration> {
    span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()
}

impl Moment {
    /// By the clock of the zone of `now`.
    pub(super) fn civil(self, now: &Zoned) -> DateTime {
        match self {
            Moment::Absolute(timestamp) => timestamp.to_zoned(now.time_zone().clone()).datetime(),
            Moment::Civil(datetime) => datetime,
            Moment::Today(time) => now.date().to_datetime(time),
            Moment::Ago(age) => now.saturating_sub(age).datetime(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn civil(text: &str) -> String {
        let now: Zoned = "2024-05-02T10:00:00+02:00[Europe/Berlin]".parse().unwrap();
        parse(text).unwrap().civil(&now).to_string()
    }

    #[test]
    fn times_and_ages() {
        for (text, expected) in [
            ("2024-05-01T12:00:00Z", "2024-05-01T14:00:00"),
            ("2024-05-01T12:00:00+02:00", "2024-05-01T12:00:00"),
            ("2024-05-01T12:00", "2024-05-01T12:00:00"),
            ("2024-05-01 12:00:30", "2024-05-01T12:00:30"),
            ("2024-05-01", "2024-05-01T00:00:00"),
            ("08:30", "2024-05-02T08:30:00"),
            ("2h", "2024-05-02T08:00:00"),
            ("90 minutes", "2024-05-02T08:30:00"),
            ("1h 30m ago", "2024-05-02T08:30:00"),
            ("3d", "2024-04-29T10:00:00"),
            ("1w", "2024-04-25T10:00:00"),
        ] {
            assert_eq!(civil(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in [
            "",
            "soon",
            "12",
            "-2h",
            "2024-13-01",
            "25:00",
            "1 month",
            "now-1h",
            "9999999999999999h",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>(), age in "[0-9]{1,20} ?(h|d|w|s|years)") {
            let now: Zoned = "2024-05-02T10:00:00+02:00[Europe/Berlin]".parse().unwrap();
            for text in [text, age] {
                if let Ok(moment) = parse(&text) {
                    moment.civil(&now);
                }
            }
        }
    }
}
