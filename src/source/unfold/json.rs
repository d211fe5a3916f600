//! JSON over several lines: objects one below the other, or in an array, or in an array that a list of answers holds.

use serde::de::IgnoredAny;

use super::Part;

/// Names of the array of entries in what a client prints (`aws logs filter-log-events`, search engines, APIs).
const LISTS: [&[u8]; 9] = [
    b"\"events\"",
    b"\"entries\"",
    b"\"logs\"",
    b"\"hits\"",
    b"\"data\"",
    b"\"items\"",
    b"\"records\"",
    b"\"results\"",
    b"\"logEvents\"",
];

/// Objects of which each begins and ends with a brace in the same column.
#[derive(Debug, Clone, Default)]
pub(super) struct Pretty {
    /// Column of the open object's brace.
    column: Option<usize>,
    /// The line before names an array in which the entries may be.
    list: bool,
    /// Entries are in such an array.
    listed: bool,
}

/// Whether a text whose first line is `first` may be such.
pub(super) fn may_begin(first: &[u8]) -> bool {
    matches!(first.trim_ascii(), b"{" | b"[" | b"[{") || is_of_array(first)
}

/// Whether a first line is that of an array with an object a line.
pub(super) fn is_of_array(first: &[u8]) -> bool {
    let text = first.trim_ascii();
    text.starts_with(b"[{\"") && text.ends_with(b"},")
}

/// Whether the second line of a text goes on with an object or an array of objects.
pub(super) fn goes_on(first: &[u8], second: &[u8]) -> bool {
    let text = second.trim_ascii();
    match first.trim_ascii() {
        b"[" => text.starts_with(b"{"),
        // A notebook's file holds one log and not a log's entries.
        _ if text.starts_with(b"\"cells\"") => false,
        _ => column(second) > column(first) && text.starts_with(b"\"") && is_field(text),
    }
}

/// `"name": value`, or `"name" : value` as systemd prints it.
fn is_field(text: &[u8]) -> bool {
    let Some(end) = memchr::memchr(b'"', &text[1..]) else { return false };
    text[end + 2..].trim_ascii_start().starts_with(b":")
}

fn column(line: &[u8]) -> usize {
    line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

impl Pretty {
    /// What a line is to the entries; `open` is what there is of the open one.
    pub(super) fn part(&mut self, line: &[u8], open: &[u8]) -> Part {
        let text = line.trim_ascii();
        let list = std::mem::take(&mut self.list);
        if let Some(brace) = self.column {
            let is_brace = matches!(text, b"{" | b"[{");
            if list && is_brace {
                self.column = Some(column(line));
                self.listed = true;
                return Part::Inner;
            }
            if column(line) == brace && text.starts_with(b"}") {
                self.column = None;
                return Part::Last;
            }
            if column(line) > brace || text.is_empty() {
                // Only what stands before the first object may name the array.
                self.list = text.ends_with(b"[")
                    && LISTS.iter().any(|name| text.starts_with(name))
                    && memchr::memchr_iter(b'{', open).count() == 1;
                return Part::More;
            }
            self.column = None;
        }
        match text {
            b"{" | b"[{" => {
                self.column = Some(column(line));
                Part::First
            }
            b"[" | b"]" | b"," | b"]," | b"}" => Part::Bracket,
            // What else is said of the array.
            [b'"', ..] if self.listed => Part::Bracket,
            _ if whole(text).is_some() => Part::Whole,
            _ => Part::Other,
        }
    }

    /// The open entry is no more.
    pub(super) fn forget(&mut self) {
        self.column = None;
    }
}

/// The line that an entry becomes, if it is an object.
pub(super) fn line_of(entry: &[u8]) -> Option<Vec<u8>> {
    let mut line = Vec::with_capacity(entry.len());
    for part in entry.split(|&byte| byte == b'\n') {
        let part = part.trim_ascii();
        // systemd puts a blank before each colon: without it there is room for the filling.
        match part.iter().skip(1).position(|&byte| byte == b'"') {
            Some(end) if part[0] == b'"' && part[end + 2..].starts_with(b" :") => {
                line.extend_from_slice(&part[..end + 2]);
                line.extend_from_slice(&part[end + 3..]);
            }
            _ => line.extend_from_slice(part),
        }
    }
    let line = whole(&line)?;
    serde_json::from_slice::<IgnoredAny>(line).ok()?;
    Some(line.to_vec())
}

/// An object without what an array has around it; `None` where it is none.
fn whole(text: &[u8]) -> Option<&[u8]> {
    let inner = text.strip_prefix(b"[").unwrap_or(text);
    let inner = inner.strip_suffix(b",").or_else(|| inner.strip_suffix(b"]")).unwrap_or(inner);
    (inner.starts_with(b"{") && inner.ends_with(b"}")).then_some(inner)
}
