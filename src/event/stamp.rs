use jiff::civil::DateTime;
use jiff::tz::TimeZone;

mod alike;
mod epoch;
mod scan;

pub use alike::Alike;
pub(super) use epoch::{epoch, tai64n};
pub(super) use scan::{Order, Time, scan};

/// A time as a log wrote it: with or without date, year, fraction and zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The civil time as written. Where the date or the year is missing, those parts are placeholders
    /// (1970-01-01, and 1972, which has a 29 February). A leap second is told as second 59.
    pub civil: DateTime,
    /// Offset from UTC in seconds, where the log gives one (`Z`, `UTC` and `GMT` are 0; epoch times are
    /// UTC). Other zone names say nothing certain and are left out.
    pub offset: Option<i32>,
    /// The log wrote day and month.
    pub has_date: bool,
    /// The log wrote the year.
    pub has_year: bool,
    /// Day and month could be the other way round: both are 12 at most and `/` stands between them.
    /// They were read as month and day; [`Stamp::swapped`] gives the other reading.
    pub ambiguous: bool,
    /// The text as written.
    pub raw: String,
}

impl Stamp {
    /// Reads `text`, which is one time and nothing else: any layout that a record may begin with, or a
    /// number of seconds, milliseconds, microseconds or nanoseconds since 1970. `None` for anything else.
    pub fn parse(text: &str) -> Option<Stamp> {
        let text = text.trim_ascii();
        let bytes = text.as_bytes();
        let time = scan(bytes)
            .filter(|time| time.len == bytes.len())
            .or_else(|| epoch(bytes).filter(|time| time.len == bytes.len()))?;
        Some(Stamp::new(&time, text))
    }

    /// A stamp from a time that was found and its text.
    pub(super) fn new(time: &Time, raw: &str) -> Stamp {
        Stamp {
            civil: time.civil,
            offset: time.offset,
            has_date: time.has_date,
            has_year: time.has_year,
            ambiguous: time.ambiguous,
            raw: raw.to_owned(),
        }
    }

    /// A stamp from seconds (negative before 1970) and nanoseconds since 1970; `None` out of range.
    pub(super) fn from_epoch(seconds: i64, nanos: i32, raw: &str) -> Option<Stamp> {
        let civil = epoch::civil_utc(seconds, nanos)?;
        Some(Stamp {
            civil,
            offset: Some(0),
            has_date: true,
            has_year: true,
            ambiguous: false,
            raw: raw.to_owned(),
        })
    }

    /// ISO 8601 with the offset if the log has one; `None` without a date or a year.
    pub fn iso(&self) -> Option<String> {
        if !self.has_date || !self.has_year {
            return None;
        }
        let civil = self.civil.to_string();
        Some(match self.offset {
            None => civil,
            Some(0) => format!("{civil}Z"),
            Some(seconds) => {
                let sign = if seconds < 0 { '-' } else { '+' };
                let minutes = seconds.unsigned_abs() / 60;
                format!("{civil}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        })
    }

    /// Seconds on the log's own time line: comparable between stamps of one source.
    pub fn seconds(&self) -> f64 {
        let zero = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);
        let span = self.civil.duration_since(zero).as_secs_f64();
        span - f64::from(self.offset.unwrap_or(0))
    }

    /// The same time in `year`, for a stamp that has a date but no year; any other is returned as it is.
    /// `None` where that year has no such day (29 February).
    pub fn with_year(&self, year: i16) -> Option<Stamp> {
        if !self.has_date || self.has_year {
            return Some(self.clone());
        }
        let civil = self.civil.with().year(year).build().ok()?;
        Some(Stamp { civil, has_year: true, ..self.clone() })
    }

    /// The same time with the offset that `zone` has then, for a stamp that has date and year but no
    /// offset; any other is returned as it is. Of a time that the clock showed twice the first is meant.
    pub fn with_zone(&self, zone: &TimeZone) -> Stamp {
        if self.offset.is_some() || !self.has_date || !self.has_year {
            return self.clone();
        }
        let offset = self.civil.to_zoned(zone.clone()).ok().map(|zoned| zoned.offset().seconds());
        Stamp { offset, ..self.clone() }
    }

    /// The other reading of an ambiguous date: day and month swapped. `None` where there is no other.
    pub fn swapped(&self) -> Option<Stamp> {
        if !self.ambiguous {
            return None;
        }
        let (day, month) = (self.civil.month(), self.civil.day());
        let civil = self.civil.with().month(month).day(day).build().ok()?;
        Some(Stamp { civil, ..self.clone() })
    }
}

#[cfg(test)]
mod tests;
