use jiff::civil::DateTime;

/// A time as a log wrote it: with or without date, year, fraction and zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The civil time as written. Where the date or the year is missing, those parts are placeholders.
    pub civil: DateTime,
    /// Offset from UTC in seconds, where the log gives one (`Z` is 0; epoch times are UTC).
    pub offset: Option<i32>,
    /// The log wrote day and month.
    pub has_date: bool,
    /// The log wrote the year.
    pub has_year: bool,
    /// The text as written.
    pub raw: String,
}

impl Stamp {
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
}
