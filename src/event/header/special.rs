//! Headers that are read as a whole, because their fields mean something only together.

use super::{Header, REACH, Walk};
use crate::event::fields;
use crate::event::format::Format;
use crate::event::severity;
use crate::event::shape::Shape;
use crate::event::stamp;
use crate::model::Severity;

/// OctoBot's console puts one blank before the time. Any other line that begins with blanks continues
/// the one before; so this one must have both time and level.
pub(super) fn octobot_console(text: &str) -> Option<Header<'_>> {
    let bytes = text.as_bytes();
    if !bytes.get(1)?.is_ascii_digit() {
        return None;
    }
    let lead = stamp::scan(&bytes[1..]).filter(|time| time.has_year)?;
    let mut header = Walk::new(&text[1..]).run(0, Some(lead))?;
    header.time = header.time.map(|(time, at)| (time, at + 1));
    header.severity.is_some().then_some(header)
}

/// `127.0.0.1 - - [06/Oct/2026:14:03:16 +0000] "GET / HTTP/1.1" 200 12`: the whole line is the message.
pub(super) fn access(text: &str, led: bool) -> Option<Header<'_>> {
    let bytes = text.as_bytes();
    if led || !(bytes[0].is_ascii_hexdigit() || bytes[0] == b':') {
        return None;
    }
    let open = memchr::memchr(b'[', &bytes[..bytes.len().min(80)])?;
    let mut words = bytes[..open].split(|byte| *byte == b' ').skip(1);
    if words.next() != Some(b"-") || words.next().is_none() || words.next() != Some(b"") {
        return None;
    }
    let time =
        stamp::scan(&bytes[open + 1..]).filter(|time| time.order == stamp::Order::DayName)?;
    let mut shape = Shape::EMPTY;
    shape.add(u32::from(b'a'));
    shape.add(time.layout);
    Some(Header {
        time: Some((time, open + 1)),
        severity: None,
        logger: None,
        pid: None,
        thread: None,
        format: Format::Access,
        shape: shape.value(),
        message: text,
    })
}

/// The error logs of nginx (`2026/11/26 08:07:05 [error] 79#79: *2 …`) and of Apache (`[Sun Dec 04 04:47:44 2005]
/// [error] …`, since 2.4 with the module before the level). What such a server calls an error befell a request: it
/// serves the next one. Sources: nginx src/core/ngx_log.c, Apache's `ErrorLogFormat`.
pub(super) fn web_server<'t>(text: &'t str, lead: Option<&stamp::Time>) -> Option<Header<'t>> {
    let (time, at, rest) = match lead {
        Some(time) if time.order == stamp::Order::Year && time.digits == 0 => {
            (*time, 0, text[time.len..].strip_prefix(' ')?)
        }
        Some(_) => return None,
        None => {
            let inside = text.strip_prefix('[')?;
            let time = stamp::scan(inside.as_bytes())
                .filter(|time| time.order == stamp::Order::MonthName && time.has_year)?;
            (time, 1, inside[time.len..].strip_prefix("] ")?)
        }
    };
    let (level, message) = rest.strip_prefix('[')?.split_once(']')?;
    let message = message.strip_prefix(' ')?;
    let level = level.rsplit(':').next().unwrap_or(level);
    let severity = match level {
        "emerg" | "alert" => Severity::Critical,
        "crit" | "error" | "warn" => Severity::Warning,
        "notice" | "info" => Severity::Info,
        "debug" => Severity::Debug,
        _ => return None,
    };
    // nginx has numbers behind the level, where another logger that writes `/` would have words.
    let numbers = message.split_once(": ").is_some_and(|(numbers, _)| {
        numbers.contains('#') && numbers.bytes().all(|byte| byte.is_ascii_digit() || byte == b'#')
    });
    if at == 0 && !numbers {
        return None;
    }
    let mut shape = Shape::EMPTY;
    shape.add(u32::from(b'e'));
    shape.add(time.layout);
    Some(Header {
        time: Some((time, at)),
        severity: Some(severity),
        logger: None,
        pid: None,
        thread: None,
        format: Format::Access,
        shape: shape.value(),
        message,
    })
}

/// glog and absl: `E1012 09:38:00.123456 1234 bot.py:12] message`; the year is not written.
pub(super) fn glog(text: &str) -> Option<Header<'_>> {
    let bytes = text.as_bytes();
    let severity = severity::letter(bytes[0])?;
    let [_, month @ .., b' '] = bytes.get(..6)? else { return None };
    if !month.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut time = stamp::scan(&bytes[6..]).filter(|time| !time.has_date && time.digits == 6)?;
    let two = |at: usize| ((month[at] - b'0') * 10 + (month[at + 1] - b'0')) as i8;
    time.civil = time.civil.with().year(1972).month(two(0)).day(two(2)).build().ok()?;
    time.has_date = true;
    time.len += 5;
    let end = memchr::memchr(b']', &bytes[..bytes.len().min(REACH)])?;
    let mut words = text.get(1 + time.len..end)?.split_ascii_whitespace();
    let pid = fields::pid(words.next()?);
    if pid.is_none() || !words.next().is_some_and(fields::is_place) {
        return None;
    }
    let mut shape = Shape::EMPTY;
    shape.add(u32::from(b'g'));
    Some(Header {
        time: Some((time, 1)),
        severity: Some(severity),
        logger: None,
        pid,
        thread: None,
        format: Format::Logging,
        shape: shape.value(),
        message: &text[fields::separator(bytes, end + 1).message..],
    })
}
