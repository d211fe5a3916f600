//! `key=value` records: logfmt, and structlog's `KeyValueRenderer`, which quotes as Python does.

use std::borrow::Cow;
use std::fmt::Write;

use super::shape::Shape;
use super::{Format, Record, Severity, Stamp};

/// Keys that a record may begin with; other lines of pairs are a bot's own prints.
const FIRST: [&str; 18] = [
    "time",
    "ts",
    "timestamp",
    "@timestamp",
    "t",
    "at",
    "asctime",
    "datetime",
    "level",
    "lvl",
    "levelname",
    "severity",
    "logger",
    "msg",
    "message",
    "event",
    "caller",
    "app",
];

/// Most pairs of one record that are looked at.
const PAIRS: usize = 256;

/// Reads `text`, one line. `None` where it does not begin with a key of a log record, is not made of
/// pairs, or has not both a message and a time or a level.
pub(super) fn read(text: &str) -> Option<Record<'_>> {
    let equals = text.bytes().take(12).position(|byte| byte == b'=')?;
    if !FIRST.contains(&&text[..equals]) {
        return None;
    }
    let mut record = Record::plain(Cow::Borrowed(""));
    let mut message = None;
    let mut trace = None;
    let mut extra = String::new();
    let mut shape = Shape::EMPTY;
    let mut rest = text;
    for _ in 0..PAIRS {
        if rest.is_empty() {
            break;
        }
        let (key, value, after) = pair(rest)?;
        rest = after;
        match key {
            "time" | "ts" | "timestamp" | "@timestamp" | "t" | "at" | "asctime" | "datetime"
                if record.stamp.is_none() =>
            {
                record.stamp = Stamp::parse(&value);
                shape.add(1);
            }
            "level" | "lvl" | "levelname" | "severity" if record.severity.is_none() => {
                record.severity = Severity::of_word(&value);
                shape.add(2);
            }
            "msg" | "message" | "event" if message.is_none() => {
                message = Some(value);
                shape.add(3);
            }
            "logger" | "name" if record.logger.is_none() => record.logger = Some(value),
            "exception" | "exc_info" | "traceback" | "stack" | "exc_text" if trace.is_none() => {
                trace = Some(value);
            }
            "pid" | "process" => record.pid = value.parse().ok(),
            "thread" | "threadName" => record.thread = Some(value),
            _ => {
                let blank = if extra.is_empty() { "" } else { " " };
                let _ = write!(extra, "{blank}{key}={value}");
            }
        }
    }
    let message = message?;
    if record.stamp.is_none() && record.severity.is_none() {
        return None;
    }
    record.message = match trace {
        Some(trace) => Cow::Owned(format!("{message}\n{}", trace.trim_matches('\n'))),
        None => message,
    };
    record.extra = Cow::Owned(extra);
    record.format = Format::Logfmt;
    record.begins = true;
    record.shape = shape.value();
    Some(record)
}

/// The pair at the start of `text`: key, value, and what follows the blanks behind it.
fn pair(text: &str) -> Option<(&str, Cow<'_, str>, &str)> {
    let bytes = text.as_bytes();
    let key = bytes
        .iter()
        .take(64)
        .take_while(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'@')
        })
        .count();
    if key == 0 {
        return None;
    }
    let after = match bytes.get(key) {
        Some(b'=') => key + 1,
        // A flag: a key without a value.
        None | Some(b' ') => {
            return Some((&text[..key], Cow::Borrowed(""), text[key..].trim_start_matches(' ')));
        }
        Some(_) => return None,
    };
    let (value, end) = match bytes.get(after) {
        Some(quote @ (b'"' | b'\'')) => quoted(text, after + 1, *quote)?,
        _ => {
            let len = memchr::memchr(b' ', &bytes[after..]).unwrap_or(bytes.len() - after);
            (Cow::Borrowed(&text[after..after + len]), after + len)
        }
    };
    Some((&text[..key], value, text[end..].trim_start_matches(' ')))
}

/// The quoted value that begins at `from`, unescaped, and the byte behind its closing quote.
fn quoted(text: &str, from: usize, quote: u8) -> Option<(Cow<'_, str>, usize)> {
    let bytes = text.as_bytes();
    let mut at = from + memchr::memchr2(quote, b'\\', &bytes[from..])?;
    if bytes[at] == quote {
        return Some((Cow::Borrowed(&text[from..at]), at + 1));
    }
    let mut value = text[from..at].to_owned();
    loop {
        match bytes.get(at)? {
            b'\\' => {
                let escaped = text[at + 1..].chars().next()?;
                match escaped {
                    'n' => value.push('\n'),
                    't' => value.push('\t'),
                    'r' => value.push('\r'),
                    other => value.push(other),
                }
                at += 1 + escaped.len_utf8();
            }
            byte if *byte == quote => return Some((Cow::Owned(value), at + 1)),
            _ => {
                let len = memchr::memchr2(quote, b'\\', &bytes[at..])?;
                value.push_str(&text[at..at + len]);
                at += len;
            }
        }
    }
}

#[cfg(test)]
mod tests;
