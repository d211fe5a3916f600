//! Finds a time at the start of a text, in every layout that loggers use. Works on bytes, without
//! allocation; every function looks at a bounded number of bytes.

use jiff::civil::DateTime;

/// A time that was found.
#[derive(Debug, Clone, Copy)]
pub(in crate::event) struct Time {
    /// See [`super::Stamp::civil`].
    pub(in crate::event) civil: DateTime,
    /// See [`super::Stamp::offset`].
    pub(in crate::event) offset: Option<i32>,
    /// See [`super::Stamp::has_date`].
    pub(in crate::event) has_date: bool,
    /// See [`super::Stamp::has_year`].
    pub(in crate::event) has_year: bool,
    /// See [`super::Stamp::ambiguous`].
    pub(in crate::event) ambiguous: bool,
    /// Digits of the second's fraction.
    pub(in crate::event) digits: u8,
    /// How it is written: order and separators, not values.
    pub(in crate::event) layout: u32,
    /// How the date is written.
    pub(in crate::event) order: Order,
    /// Its length in bytes.
    pub(in crate::event) len: usize,
}

/// How a date is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::event) enum Order {
    /// No date.
    None,
    /// `2026-10-12`, with `-`, `/` or `.`.
    Year,
    /// `20261012` or `261012`.
    Compact,
    /// `12/10/2026`, `10/12/26`, `12.10.2026`.
    Numbers,
    /// `06/Oct/2026`, `06-Oct-2026`, `06 Oct 2026`.
    DayName,
    /// `Oct 12`.
    MonthName,
    /// Seconds, or parts of seconds, since 1970.
    Epoch,
}

/// The year that stands for a missing one: it has every day.
const NO_YEAR: i16 = 1972;

struct Day {
    year: Option<i16>,
    month: i8,
    day: i8,
    order: Order,
    separator: u8,
    ambiguous: bool,
    short_year: bool,
    len: usize,
}

struct Clock {
    hour: i8,
    minute: i8,
    second: i8,
    fraction: Fraction,
    half: bool,
    len: usize,
}

/// What stands behind the second.
#[derive(Clone, Copy, Default)]
pub(super) struct Fraction {
    pub(super) nanos: i32,
    pub(super) digits: u8,
    /// The sign before it.
    pub(super) mark: u8,
    pub(super) len: usize,
}

/// The time at the start of `bytes`: a clock with seconds, with or without a date before it, or a date
/// with hours and minutes. The caller checks what follows it. Never an epoch number (see [`epoch`]).
pub(in crate::event) fn scan(bytes: &[u8]) -> Option<Time> {
    let first = *bytes.first()?;
    if first.is_ascii_digit() {
        if bytes.get(2) == Some(&b':') || bytes.get(1) == Some(&b':') {
            let clock = clock(bytes, false)?;
            return finish(bytes, 0, None, clock, 0);
        }
        return dated(bytes, 0);
    }
    if !first.is_ascii_uppercase() {
        return None;
    }
    if month(bytes).is_some() {
        return dated(bytes, 0);
    }
    let after = weekday(bytes)?;
    dated(bytes, after)
}

/// A date at `start`, its separator and a clock.
fn dated(bytes: &[u8], start: usize) -> Option<Time> {
    let day = day(&bytes[start..])?;
    let at = start + day.len;
    let rest = &bytes[at..];
    let (separator, skip) = match rest {
        [b' ', b' ', ..] => (b' ', 2),
        [b',', b' ', ..] => (b',', 2),
        [mark @ (b' ' | b'T' | b'_'), ..] => (*mark, 1),
        [mark @ b'-', ..] if day.order == Order::Compact => (*mark, 1),
        [mark @ b':', ..] if day.order == Order::DayName => (*mark, 1),
        _ => return None,
    };
    let rest = &rest[skip..];
    let clock = if day.order == Order::Compact && separator != b' ' {
        clock_digits(rest).or_else(|| clock(rest, true))?
    } else {
        clock(rest, true)?
    };
    finish(bytes, at + skip, Some((day, start > 0)), clock, separator)
}

/// Puts date, clock and zone together. `at` is where the clock begins.
fn finish(
    bytes: &[u8],
    at: usize,
    day: Option<(Day, bool)>,
    clock: Clock,
    separator: u8,
) -> Option<Time> {
    let mut len = at + clock.len;
    let (offset, zone_len, zone_kind) = zone(&bytes[len..]);
    len += zone_len;
    let mut time = Time {
        civil: DateTime::ZERO,
        offset,
        has_date: day.is_some(),
        has_year: false,
        ambiguous: false,
        digits: clock.fraction.digits,
        layout: 0,
        order: Order::None,
        len,
    };
    let (mut year, mut month, mut date) = (1970, 1, 1);
    let mut mark = 0;
    if let Some((day, named)) = day {
        (month, date) = (day.month, day.day);
        time.ambiguous = day.ambiguous && !clock.half && !day.short_year;
        time.order = day.order;
        mark = day.separator;
        let mut known = day.year;
        // `ctime` and `date` put the year last.
        if known.is_none() && named {
            let tail = &bytes[time.len..];
            if let (Some(b' '), Some((value, 4))) = (tail.first(), number(tail, 1, 4)) {
                known = i16::try_from(value).ok();
                time.len += 5;
            }
        }
        time.has_year = known.is_some();
        year = known.unwrap_or(NO_YEAR);
    }
    // Clocks that tell leap seconds show 60; the civil calendar has no place for it.
    let second = clock.second.min(59);
    time.civil =
        DateTime::new(year, month, date, clock.hour, clock.minute, second, clock.fraction.nanos)
            .ok()?;
    time.layout = u32::from_le_bytes([
        time.order as u8 | (zone_kind << 4) | (u8::from(clock.half) << 7),
        mark,
        separator,
        clock.fraction.mark,
    ]);
    Some(time)
}

/// Up to `most` digits at `at`, their value and how many there are; `None` where there are none or more.
fn number(bytes: &[u8], at: usize, most: usize) -> Option<(u32, usize)> {
    let mut value = 0u32;
    let mut count = 0;
    while let Some(digit) = bytes.get(at + count).filter(|byte| byte.is_ascii_digit()) {
        if count == most {
            return None;
        }
        value = value * 10 + u32::from(digit - b'0');
        count += 1;
    }
    (count > 0).then_some((value, count))
}

fn day(bytes: &[u8]) -> Option<Day> {
    if let Some(month) = month(bytes) {
        return month_first(bytes, month);
    }
    let digits = bytes.iter().take(9).take_while(|byte| byte.is_ascii_digit()).count();
    let mark = *bytes.get(digits)?;
    match (digits, mark) {
        (4, b'-' | b'/' | b'.') => {
            let (year, _) = number(bytes, 0, 4)?;
            let (month, wide) = number(bytes, 5, 2)?;
            let at = 5 + wide;
            if bytes.get(at) != Some(&mark) {
                return None;
            }
            let (day, wide) = number(bytes, at + 1, 2)?;
            civil_day(year, month, day, Order::Year, mark, at + 1 + wide)
        }
        (8, _) => {
            let (value, _) = number(bytes, 0, 8)?;
            let year = value / 10_000;
            if !(1990..2100).contains(&year) {
                return None;
            }
            civil_day(year, value / 100 % 100, value % 100, Order::Compact, 8, 8)
        }
        (6, b' ') => {
            let (value, _) = number(bytes, 0, 6)?;
            let year = 2000 + value / 10_000;
            civil_day(year, value / 100 % 100, value % 100, Order::Compact, 6, 6)
        }
        (1 | 2, b'/' | b'.' | b'-' | b' ') => day_first(bytes, digits, mark),
        _ => None,
    }
}

/// `06/Oct/2026`, or two numbers and a year.
fn day_first(bytes: &[u8], digits: usize, mark: u8) -> Option<Day> {
    let (first, _) = number(bytes, 0, 2)?;
    let at = digits + 1;
    if let Some(month) = month(bytes.get(at..)?) {
        if bytes.get(at + 3) != Some(&mark) {
            return None;
        }
        let (year, 4) = number(bytes, at + 4, 4)? else { return None };
        return civil_day(year, u32::from(month), first, Order::DayName, mark, at + 8);
    }
    if mark == b' ' {
        return None;
    }
    let (second, wide) = number(bytes, at, 2)?;
    let at = at + wide;
    if bytes.get(at) != Some(&mark) {
        return None;
    }
    let (year, wide) = number(bytes, at + 1, 4)?;
    let year = match wide {
        4 => year,
        2 => 2000 + year,
        _ => return None,
    };
    // Dots and dashes are written day first; with slashes the American order is the more common one in
    // Python logs (`%m/%d/%Y` is the example in the manual of `logging`).
    let both = first <= 12 && second <= 12;
    let day_leads = first > 12 || (both && mark != b'/');
    let (day, month) = if day_leads { (first, second) } else { (second, first) };
    let mut found = civil_day(year, month, day, Order::Numbers, mark, at + 1 + wide)?;
    found.ambiguous = both && mark == b'/' && first != second;
    found.short_year = wide == 2;
    Some(found)
}

/// `Oct 12`, `Oct  2`, `Oct 12 2026`, `Oct 12, 2026`.
fn month_first(bytes: &[u8], month: u8) -> Option<Day> {
    let blanks = bytes[3..].iter().take(2).take_while(|byte| **byte == b' ').count();
    if blanks == 0 {
        return None;
    }
    let at = 3 + blanks;
    let (day, wide) = number(bytes, at, 2)?;
    let at = at + wide;
    let comma = usize::from(bytes.get(at) == Some(&b','));
    let with_year = bytes.get(at + comma) == Some(&b' ');
    if let Some((year, 4)) = number(bytes, at + comma + 1, 4).filter(|_| with_year) {
        return civil_day(year, u32::from(month), day, Order::MonthName, b'y', at + comma + 5);
    }
    let mut found = civil_day(NO_YEAR as u32, u32::from(month), day, Order::MonthName, b' ', at)?;
    found.year = None;
    Some(found)
}

fn civil_day(
    year: u32,
    month: u32,
    day: u32,
    order: Order,
    separator: u8,
    len: usize,
) -> Option<Day> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || year < 1970 {
        return None;
    }
    Some(Day {
        year: Some(i16::try_from(year).ok()?),
        month: i8::try_from(month).ok()?,
        day: i8::try_from(day).ok()?,
        order,
        separator,
        ambiguous: false,
        short_year: false,
        len,
    })
}

/// `09:38:00`, with a fraction and AM or PM where given. After a date the hour may have one digit and
/// the seconds may be missing; else it has one where the time is one that has passed (see [`is_elapsed`]).
fn clock(bytes: &[u8], dated: bool) -> Option<Clock> {
    let (hour, wide) = number(bytes, 0, 2)?;
    if bytes.get(wide) != Some(&b':') {
        return None;
    }
    let (minute, 2) = number(bytes, wide + 1, 2)? else { return None };
    let mut len = wide + 3;
    let mut clock = Clock {
        hour: i8::try_from(hour).ok()?,
        minute: i8::try_from(minute).ok()?,
        second: 0,
        fraction: Fraction::default(),
        half: false,
        len,
    };
    match (bytes.get(len), number(bytes, len + 1, 2)) {
        (Some(b':'), Some((second, 2))) => {
            clock.second = i8::try_from(second).ok()?;
            len += 3;
            clock.fraction = fraction(&bytes[len..]);
            len += clock.fraction.len;
        }
        _ if !dated => return None,
        _ => {}
    }
    if wide == 1 && !dated && !is_elapsed(clock.fraction) {
        return None;
    }
    len += half_day(&bytes[len..], &mut clock)?;
    clock.len = len;
    (clock.hour < 24 && clock.minute < 60 && clock.second <= 60).then_some(clock)
}

/// Whether a time whose hour has one digit is what Python's `str(timedelta)` prints, `0:00:05.204411`, as loguru's
/// `{elapsed}` does: with six digits behind the seconds.
fn is_elapsed(fraction: Fraction) -> bool {
    fraction.mark == b'.' && fraction.digits == 6
}

/// `093800` after a compact date.
fn clock_digits(bytes: &[u8]) -> Option<Clock> {
    let (value, 6) = number(bytes, 0, 6)? else { return None };
    let mut clock = Clock {
        hour: (value / 10_000) as i8,
        minute: (value / 100 % 100) as i8,
        second: (value % 100) as i8,
        fraction: Fraction::default(),
        half: false,
        len: 6,
    };
    clock.fraction = fraction(&bytes[6..]);
    clock.len += clock.fraction.len;
    (clock.hour < 24 && clock.minute < 60 && clock.second <= 60).then_some(clock)
}

/// Reads `,123`, `.123456789` or `:123`; nothing where there is none.
pub(super) fn fraction(bytes: &[u8]) -> Fraction {
    let none = Fraction::default();
    let Some(mark @ (b',' | b'.' | b':')) = bytes.first().copied() else { return none };
    let digits = bytes[1..].iter().take(12).take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || (mark == b':' && digits != 3) || digits > 9 {
        return none;
    }
    let mut nanos = 0i32;
    for at in 0..9 {
        let digit = if at < digits { bytes[1 + at] - b'0' } else { 0 };
        nanos = nanos * 10 + i32::from(digit);
    }
    Fraction { nanos, digits: digits as u8, mark, len: 1 + digits }
}

/// Reads ` AM` or `pm` and turns the hour; the length of it. `None` for an hour that such a clock lacks.
fn half_day(bytes: &[u8], clock: &mut Clock) -> Option<usize> {
    let blank = usize::from(bytes.first() == Some(&b' '));
    let Some([half @ (b'A' | b'a' | b'P' | b'p'), b'M' | b'm', tail @ ..]) = bytes.get(blank..)
    else {
        return Some(0);
    };
    if tail.first().is_some_and(u8::is_ascii_alphanumeric) {
        return Some(0);
    }
    if !(1..=12).contains(&clock.hour) {
        return None;
    }
    clock.hour %= 12;
    if half.eq_ignore_ascii_case(&b'p') {
        clock.hour += 12;
    }
    clock.half = true;
    Some(blank + 2)
}

/// Zone names that are read over. None of them is certain (IST and CST are three zones each).
const ZONE_NAMES: [&[u8]; 28] = [
    b"CET", b"CEST", b"EST", b"EDT", b"PST", b"PDT", b"CST", b"CDT", b"MST", b"MDT", b"BST",
    b"IST", b"JST", b"KST", b"HKT", b"SGT", b"MSK", b"AEST", b"AEDT", b"ACST", b"AWST", b"WET",
    b"WEST", b"EET", b"EEST", b"NZST", b"NZDT", b"SAST",
];

/// The zone after a clock: offset where it is certain, length, and a kind for the layout.
fn zone(bytes: &[u8]) -> (Option<i32>, usize, u8) {
    let ends = |at: usize| !bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    match bytes {
        [b'Z' | b'z', ..] if ends(1) => (Some(0), 1, 1),
        [b'+' | b'-', ..] => match offset(bytes) {
            Some((seconds, len)) => (Some(seconds), len, 2),
            None => (None, 0, 0),
        },
        [b' ', b'+' | b'-', ..] => match offset(&bytes[1..]) {
            // After a blank a number of the message may follow: only offsets that exist, in full.
            Some((seconds, len))
                if len >= 5
                    && seconds % 900 == 0
                    && (-12 * 3600..=14 * 3600).contains(&seconds) =>
            {
                (Some(seconds), len + 1, 3)
            }
            _ => (None, 0, 0),
        },
        [b' ', name @ ..] | name => {
            let blank = bytes.len() - name.len();
            let len = name.iter().take(5).take_while(|byte| byte.is_ascii_uppercase()).count();
            if len < 3 || !ends(blank + len) {
                return (None, 0, 0);
            }
            // Nearly always this is the level; only MSK does not end in T.
            if !matches!(name[len - 1], b'T' | b'C' | b'K') {
                return (None, 0, 0);
            }
            match &name[..len] {
                b"UTC" | b"GMT" => (Some(0), blank + len, 4),
                word if ZONE_NAMES.contains(&word) => (None, blank + len, 5),
                _ => (None, 0, 0),
            }
        }
    }
}

/// `+0000`, `+00:00`, `+00`: seconds and length.
fn offset(bytes: &[u8]) -> Option<(i32, usize)> {
    let (value, wide) = number(bytes, 1, 4)?;
    let (hours, minutes, len) = match (wide, bytes.get(1 + wide)) {
        (4, _) => (value / 100, value % 100, 5),
        (2, Some(b':')) => {
            let (minutes, 2) = number(bytes, 4, 2)? else { return None };
            (value, minutes, 6)
        }
        (2, _) => (value, 0, 3),
        _ => return None,
    };
    let whole = !matches!(bytes.get(len), Some(b'.' | b'%' | b'A'..=b'Z' | b'a'..=b'z'));
    if hours > 18 || minutes > 59 || !whole {
        return None;
    }
    let seconds = (hours * 3600 + minutes * 60) as i32;
    Some((if bytes[0] == b'-' { -seconds } else { seconds }, len))
}

/// The month, 1 to 12, whose English short name `bytes` begin with.
fn month(bytes: &[u8]) -> Option<u8> {
    Some(match bytes.get(..3)? {
        b"Jan" => 1,
        b"Feb" => 2,
        b"Mar" => 3,
        b"Apr" => 4,
        b"May" => 5,
        b"Jun" => 6,
        b"Jul" => 7,
        b"Aug" => 8,
        b"Sep" => 9,
        b"Oct" => 10,
        b"Nov" => 11,
        b"Dec" => 12,
        _ => return None,
    })
}

/// Where the date after a short English weekday begins.
fn weekday(bytes: &[u8]) -> Option<usize> {
    if !matches!(bytes.get(..3)?, b"Mon" | b"Tue" | b"Wed" | b"Thu" | b"Fri" | b"Sat" | b"Sun") {
        return None;
    }
    match &bytes[3..] {
        [b',', b' ', ..] => Some(5),
        [b' ', ..] => Some(4),
        _ => None,
    }
}
