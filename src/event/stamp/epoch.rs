//! Times counted from 1970: numbers, and TAI64N labels.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::scan::{Fraction, Order, Time, fraction};

/// A number of seconds since 1970 at the start of `bytes`, with or without a fraction, or of
/// milliseconds (13 digits), microseconds (16) or nanoseconds (19); from 2001 to 2100.
pub(in crate::event) fn epoch(bytes: &[u8]) -> Option<Time> {
    let digits = bytes.iter().take(20).take_while(|byte| byte.is_ascii_digit()).count();
    let mut value = 0i64;
    if !matches!(digits, 10 | 13 | 16 | 19) {
        return None;
    }
    for byte in &bytes[..digits] {
        value = value.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
    }
    let unit = 10i64.pow(digits as u32 - 10);
    let mut nanos = (value % unit) * (1_000_000_000 / unit);
    let mut part = Fraction::default();
    if digits == 10 && matches!(bytes.get(10), Some(b'.' | b',')) {
        part = fraction(&bytes[10..]);
        nanos = i64::from(part.nanos);
    }
    let seconds = value / unit;
    if !(1_000_000_000..4_102_444_800).contains(&seconds) {
        return None;
    }
    Some(Time {
        civil: civil_utc(seconds, nanos as i32)?,
        offset: Some(0),
        has_date: true,
        has_year: true,
        ambiguous: false,
        digits: (digits as u8 - 10) + part.digits,
        layout: u32::from_le_bytes([Order::Epoch as u8, digits as u8, 0, part.mark]),
        order: Order::Epoch,
        len: digits + part.len,
    })
}

/// A TAI64N label at the start of `bytes` (`@`, 16 hexadecimal digits of seconds, 8 of nanoseconds), as
/// multilog, s6-log and svlogd write them: TAI less 10 seconds is taken for UTC, as `tai64nlocal` does
/// (<https://cr.yp.to/libtai/tai64.html>). Gives seconds and nanoseconds since 1970, and the length.
pub(in crate::event) fn tai64n(bytes: &[u8]) -> Option<(i64, i32, usize)> {
    let [b'@', digits @ ..] = bytes else { return None };
    let digits = std::str::from_utf8(digits.get(..24)?).ok()?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let seconds = u64::from_str_radix(&digits[..16], 16).ok()?;
    let nanos = u32::from_str_radix(&digits[16..], 16).ok()?;
    let since = i64::try_from(seconds).ok()?.checked_sub((1 << 62) + 10)?;
    (nanos < 1_000_000_000).then_some((since, nanos as i32, 25))
}

/// The civil time in UTC of seconds and nanoseconds since 1970; `None` out of range.
pub(super) fn civil_utc(seconds: i64, nanos: i32) -> Option<DateTime> {
    Some(Offset::UTC.to_datetime(Timestamp::new(seconds, nanos).ok()?))
}
