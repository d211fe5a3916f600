//! Times, ages, counts and sizes as a person says them.

use jiff::civil::DateTime;
use jiff::{Timestamp, Zoned};

use crate::model::Position;

/// `2024-05-01T12:00:03.5Z` as `2024-05-01 12:00:03 UTC`; what is no such time stays as it is.
pub(super) fn time(iso: &str) -> String {
    let Some((date, clock)) = iso.split_once('T') else { return iso.to_owned() };
    let clock_end = clock.find(['Z', '+', '-']).unwrap_or(clock.len());
    let (clock, zone) = clock.split_at(clock_end);
    let seconds = clock.split('.').next().unwrap_or(clock);
    match zone {
        "" => format!("{date} {seconds}"),
        "Z" => format!("{date} {seconds} UTC"),
        zone => format!("{date} {seconds} {zone}"),
    }
}

/// The time of a position, as far as it has one.
pub(super) fn time_of(position: &Position) -> Option<String> {
    position.time.as_deref().map(time).or_else(|| position.raw_time.clone())
}

/// Without the year, zone and fraction, for a table: `05-01 12:00:03`; the line where there is no time.
pub(super) fn short_place(position: &Position) -> String {
    match &position.time {
        Some(iso) if iso.len() >= 19 && iso.is_ascii() => {
            format!("{} {}", &iso[5..10], &iso[11..19])
        }
        _ => position.raw_time.clone().unwrap_or_else(|| format!("line {}", position.line)),
    }
}

/// Seconds from an ISO 8601 time to `now`; one without an offset is taken in the zone of `now`.
pub(super) fn age(iso: &str, now: &Zoned) -> Option<f64> {
    let then = match iso.parse::<Timestamp>() {
        Ok(then) => then,
        Err(_) => iso.parse::<DateTime>().ok()?.to_zoned(now.time_zone().clone()).ok()?.timestamp(),
    };
    Some(now.timestamp().duration_since(then).as_secs_f64())
}

/// A span in its largest unit: `2 s`, `5 min`, `5 h`, `3 days`.
pub(super) fn span(seconds: f64) -> String {
    let seconds = seconds.max(0.0);
    match seconds {
        s if s < 0.95 => format!("{:.1} s", s.max(0.1)),
        s if s < 100.0 => format!("{s:.0} s"),
        s if s < 100.0 * 60.0 => format!("{:.0} min", s / 60.0),
        s if s < 48.0 * 3600.0 => format!("{:.0} h", s / 3600.0),
        s => format!("{:.0} days", s / 86_400.0),
    }
}

/// `1` and `line` as `1 line`, `12345` as `12,345 lines`.
pub(super) fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", digits(number))
}

/// The same for a noun whose plural is another word.
pub(super) fn count_of(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", digits(number), if number == 1 { one } else { many })
}

/// A number with commas between thousands.
pub(super) fn digits(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A size in decimal units, as disks and `du --si` count.
pub(super) fn size(bytes: u64) -> String {
    let mut size = bytes as f64;
    for unit in ["bytes", "kB", "MB", "GB"] {
        if size < 999.5 {
            return match unit {
                "bytes" => count(bytes, "byte"),
                _ if size < 9.95 => format!("{size:.1} {unit}"),
                _ => format!("{size:.0} {unit}"),
            };
        }
        size /= 1000.0;
    }
    format!("{size:.1} TB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        assert_eq!(time("2024-05-01T12:00:03.120Z"), "2024-05-01 12:00:03 UTC");
        assert_eq!(time("2024-05-01T12:00:03+02:00"), "2024-05-01 12:00:03 +02:00");
        assert_eq!(time("2024-05-01T12:00:03"), "2024-05-01 12:00:03");
        assert_eq!(time("yesterday"), "yesterday");
    }

    #[test]
    fn spans_read_well() {
        for (seconds, text) in [
            (0.02, "0.1 s"),
            (2.0, "2 s"),
            (90.0, "90 s"),
            (300.0, "5 min"),
            (18_000.0, "5 h"),
            (259_200.0, "3 days"),
            (-5.0, "0.1 s"),
        ] {
            assert_eq!(span(seconds), text);
        }
    }

    #[test]
    fn ages_know_zones() {
        let now: Zoned = "2024-05-01T12:00:00+02:00[Europe/Berlin]".parse().unwrap();
        assert_eq!(age("2024-05-01T09:00:00Z", &now), Some(3600.0));
        assert_eq!(age("2024-05-01T11:00:00", &now), Some(3600.0));
        assert_eq!(age("12:00", &now), None);
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(1, "line"), "1 line");
        assert_eq!(count(1_234_567, "line"), "1,234,567 lines");
        assert_eq!(count(0, "line"), "0 lines");
        for (bytes, text) in [
            (1, "1 byte"),
            (999, "999 bytes"),
            (1_500, "1.5 kB"),
            (42_000_000, "42 MB"),
            (u64::MAX, "18446744.1 TB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
