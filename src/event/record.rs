use std::borrow::Cow;

use super::header::Header;
use super::shape::Shape;
use super::wrapper::Wrapper;
use super::{Format, Severity, Stamp, clean, header, json, logfmt, stamp, wrapper};

/// Most wrappers taken off one line; more than journald, docker, compose and `ts` together.
const WRAPPERS: usize = 6;

/// One line with its wrapping taken off: what a container or supervisor put before it, and the
/// logger's own header.
#[derive(Debug, Clone, PartialEq)]
pub struct Record<'a> {
    /// The innermost format recognised.
    pub format: Format,
    /// The outermost wrapper that was taken off.
    pub wrapper: Option<Format>,
    /// The logger's time; else, or where that has no date, the wrapper's.
    pub stamp: Option<Stamp>,
    /// The logger's level.
    pub severity: Option<Severity>,
    /// Name of the logger.
    pub logger: Option<Cow<'a, str>>,
    /// Who wrote it, where a wrapper says so: service, container, unit or program.
    pub stream: Option<Cow<'a, str>>,
    /// Process id, where the line carries one.
    pub pid: Option<u32>,
    /// Thread, task or process name, where the line carries one.
    pub thread: Option<Cow<'a, str>>,
    /// A record begins here: the line has a time or a level of its own, or is a JSON or logfmt record.
    /// False for a line that carries nothing, or only a wrapper's prefix. A time that stands alone
    /// before the line may be either (`ts`, or `logging` without a level): it counts as a begin, and
    /// the message shows by its blanks whether it is, say, a traceback's frame.
    pub begins: bool,
    /// The wrapper says that the line goes on in the next one (CRI's `P`, json-file without newline).
    pub partial: bool,
    /// What is left: the message. Leading blanks after the separator are kept, escape sequences for
    /// colour are gone; a JSON record's message and traceback are unescaped and joined with `\n`.
    pub message: Cow<'a, str>,
    /// The further fields of a JSON or logfmt record, as `key=value key=value`; else empty.
    pub extra: Cow<'a, str>,
    /// Identifies the layout: a hash of the wrappers, of how the time is written, and of the order,
    /// brackets and separators of the fields up to time and level (whichever comes last), never of
    /// their values. Two records of one writer have the same shape; where one file has two, two writers
    /// with different layouts share it. Fields behind the level are left out, because there a name
    /// cannot be told from a message's first word. 0 where nothing was recognised.
    pub shape: u64,
}

impl Record<'_> {
    /// The same record, borrowing nothing.
    pub fn into_owned(self) -> Record<'static> {
        let owned = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(text.into_owned()));
        Record {
            format: self.format,
            wrapper: self.wrapper,
            stamp: self.stamp,
            severity: self.severity,
            logger: owned(self.logger),
            stream: owned(self.stream),
            pid: self.pid,
            thread: owned(self.thread),
            begins: self.begins,
            partial: self.partial,
            message: Cow::Owned(self.message.into_owned()),
            extra: Cow::Owned(self.extra.into_owned()),
            shape: self.shape,
        }
    }
}

impl<'a> Record<'a> {
    /// A record of which nothing is known but its text.
    pub(super) fn plain(message: Cow<'a, str>) -> Self {
        Record {
            format: Format::Plain,
            wrapper: None,
            stamp: None,
            severity: None,
            logger: None,
            stream: None,
            pid: None,
            thread: None,
            begins: false,
            partial: false,
            message,
            extra: Cow::Borrowed(""),
            shape: 0,
        }
    }

    fn headed(text: &'a str, header: Header<'a>) -> Self {
        let stamp = header.time.map(|(time, at)| Stamp::new(&time, &text[at..at + time.len]));
        Record {
            format: header.format,
            stamp,
            severity: header.severity,
            logger: header.logger.map(Cow::Borrowed),
            pid: header.pid,
            thread: header.thread.map(Cow::Borrowed),
            begins: true,
            shape: header.shape,
            ..Record::plain(Cow::Borrowed(header.message))
        }
    }
}

/// Reads one line (with or without its newline): takes off what wrappers and the logger put before the
/// message, and tells what they say. Any bytes are a line; what is not UTF-8 becomes U+FFFD, and a line
/// that has no known layout is its own message. Takes time linear in the line's length.
pub fn read_record(line: &[u8]) -> Record<'_> {
    read_cow(clean::line_text(line), 0)
}

/// Reads one line that a container runtime has written in several. `parts` are these, in order.
pub(super) fn read_parts<'a>(mut parts: impl Iterator<Item = &'a [u8]>) -> Record<'static> {
    let Some(first) = parts.next() else { return Record::plain(Cow::Borrowed("")) };
    let text = clean::line_text(first);
    let lead = stamp::scan(text.as_bytes());
    let Some(outer) = wrapper::peel(&text, lead.as_ref()) else {
        return read_cow(text, 0).into_owned();
    };
    if outer.format == Format::Cri {
        // Its runtime cuts bytes: what a part ends with may be half a character or half a colour.
        let mut whole = behind_tag(first).to_vec();
        parts.for_each(|part| whole.extend_from_slice(behind_tag(part)));
        let rest = Cow::Owned(clean::line_text(&whole).into_owned());
        return wrapped(Wrapper { rest, partial: false, ..outer }, 0).into_owned();
    }
    let mut whole = outer.rest.into_owned();
    for part in parts {
        let text = clean::line_text(part);
        let lead = stamp::scan(text.as_bytes());
        match wrapper::peel(&text, lead.as_ref()) {
            Some(inner) => whole.push_str(&inner.rest),
            None => whole.push_str(&text),
        }
    }
    let outer = Wrapper { rest: Cow::Owned(whole), partial: false, ..outer };
    wrapped(outer, 0).into_owned()
}

/// What stands behind the time, the stream and the tag (`P` or `F`) of a part.
fn behind_tag(part: &[u8]) -> &[u8] {
    let part = part.strip_suffix(b"\n").unwrap_or(part);
    let tag_end = memchr::memchr_iter(b' ', part).nth(2);
    tag_end.map_or(part, |at| &part[at + 1..])
}

/// Reads a line before which something that knows nothing of the log has put a time, written in the layout
/// `stamped`, as it does before every line.
pub(super) fn read_stamped(line: &[u8], stamped: u32) -> Record<'_> {
    match clean::line_text(line) {
        Cow::Borrowed(text) => read_behind_time(text, stamped),
        Cow::Owned(text) => read_behind_time(&text, stamped).into_owned(),
    }
}

fn read_behind_time(text: &str, stamped: u32) -> Record<'_> {
    match lead(text.as_bytes()).filter(|time| time.layout == stamped) {
        Some(time) => wrapped(wrapper::stamped(text, &time), 0),
        None => read_text(text, 0),
    }
}

/// The layout of the time that stands alone before a line, where it has one and no level.
pub(super) fn lone_time(line: &[u8]) -> Option<u32> {
    let record = read_record(line);
    let lone = record.begins && record.severity.is_none() && record.wrapper.is_none();
    lone.then(|| lead(clean::line_text(line).as_bytes()).map(|time| time.layout)).flatten()
}

fn lead(bytes: &[u8]) -> Option<stamp::Time> {
    stamp::scan(bytes).or_else(|| stamp::epoch(bytes))
}

fn read_cow(text: Cow<'_, str>, depth: usize) -> Record<'_> {
    match text {
        Cow::Borrowed(text) => read_text(text, depth),
        Cow::Owned(text) => read_text(&text, depth).into_owned(),
    }
}

/// Reads a line's text behind `depth` wrappers.
fn read_text(text: &str, depth: usize) -> Record<'_> {
    let bytes = text.as_bytes();
    let lead = stamp::scan(bytes);
    if depth < WRAPPERS
        && let Some(outer) = wrapper::peel(text, lead.as_ref())
    {
        return wrapped(outer, depth);
    }
    match bytes.first() {
        Some(b'{') => {
            if let Some(record) = json::read(text) {
                return record;
            }
        }
        Some(b'a'..=b'z' | b'@' | b'_') if lead.is_none() => {
            if let Some(record) = logfmt::read(text) {
                return record;
            }
        }
        _ => {}
    }
    // A journal entry may hold several lines; the header is on the first.
    match header::read(text, lead) {
        Some(header) => Record::headed(text, header),
        None => Record::plain(Cow::Borrowed(text)),
    }
}

/// Reads what a wrapper held and adds what the wrapper says.
fn wrapped(outer: Wrapper<'_>, depth: usize) -> Record<'_> {
    let mut record = read_cow(outer.rest, depth + 1);
    let whole = |stamp: &Stamp| stamp.has_date && stamp.has_year;
    if outer.stamp.is_some() && !record.stamp.as_ref().is_some_and(whole) {
        let better = record.stamp.is_none() || outer.stamp.as_ref().is_some_and(whole);
        if better {
            record.stamp = outer.stamp;
        }
    }
    let mut shape = Shape::EMPTY;
    shape.add(outer.shape);
    record.shape = shape.with(record.shape);
    record.wrapper = Some(outer.format);
    record.stream = record.stream.or(outer.stream);
    record.pid = record.pid.or(outer.pid);
    record.severity = record.severity.or(outer.severity);
    record.partial |= outer.partial;
    if outer.kernel {
        record.format = Format::Kernel;
        record.begins = true;
    }
    record
}

#[cfg(test)]
mod tests;
