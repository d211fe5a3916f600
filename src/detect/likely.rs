//! Which lines are worth the whole examination: those in which a literal stands, but for records on which a
//! cheap look shows that what it announces cannot hold.

use std::borrow::Cow;

use super::confirm::Matcher;
use super::literals::Announced;
use super::prefilter::Candidate;
use crate::event::read_record;
use crate::rules::{Anchors, LazyRegex};

const ESCAPE: u8 = 0x1b;

impl Matcher<'_> {
    /// Lines of `bytes[from..to]` that may concern a rule, a mark or a traceback, in order. `from` and
    /// `to` are line starts (or the end). May be wrong about a line, never misses one.
    pub fn candidates(&self, bytes: &[u8], from: usize, to: usize, found: &mut Vec<Candidate>) {
        if self.every_line {
            let mut at = from;
            found.extend(bytes[from..to].split_inclusive(|&byte| byte == b'\n').map(|line| {
                at += line.len();
                Candidate { at: at - line.len(), end: at }
            }));
            return;
        }
        let accept = |start: usize, end: usize, announced: &[Announced]| {
            let text = stands_alone(bytes, start, end)
                .then(|| std::str::from_utf8(&bytes[start..end]).ok())
                .flatten();
            let Some(text) = text else { return true };
            let mut message = None;
            announced
                .iter()
                .any(|announced| self.may_hold(*announced, text.trim_end(), &mut message))
        };
        self.prefilter.candidates(bytes, from, to, &accept, found);
    }

    /// Whether what a literal announced may hold on a record that is one line: a cheap test that spares
    /// healthy lines with a tempting word the whole examination.
    fn may_hold<'t>(
        &self,
        announced: Announced,
        line: &'t str,
        message: &mut Option<Cow<'t, str>>,
    ) -> bool {
        let mut matches = |regexes: &[LazyRegex]| {
            regexes.iter().any(|regex| {
                regex.on(line).is_some_and(|regex| regex.is_match(line))
                    || may_hold_on_message(regex.anchors(), line) && {
                        let message =
                            message.get_or_insert_with(|| read_record(line.as_bytes()).message);
                        regex.on(message).is_some_and(|regex| regex.is_match(message))
                    }
            })
        };
        match announced {
            Announced::Traceback | Announced::Code => true,
            Announced::Mark(at) => {
                let mark = &self.rules.marks[at as usize];
                mark.regex.is_empty() || matches(&mark.regex)
            }
            Announced::When(rule, when) => {
                let when = &self.rules.rules[rule as usize].whens[when as usize];
                let has = |literal: &String| when.ignore_case || line.contains(literal.as_str());
                // What an exception of the line's would be asked stands in the line as well.
                when.all.iter().all(has) && (when.regex.is_empty() || matches(&when.regex))
            }
        }
    }
}

/// Whether the line is a record by itself: the next one begins as it does, and not with a blank, as
/// records under one header do, nor with the side of a box, whose lines are one event. Where the next line is not
/// at hand it is not known; then more is examined, and the same is found.
fn stands_alone(bytes: &[u8], start: usize, end: usize) -> bool {
    match (bytes.get(start..start + 2), bytes.get(end..end + 2)) {
        (Some(this), Some(next)) => {
            this == next
                && !this[0].is_ascii_whitespace()
                && !(matches!(this[0], ESCAPE | b'|' | 0xe2) && is_of_box(&bytes[start..end]))
        }
        _ => false,
    }
}

/// Whether the line begins, behind colours, with the side of a box.
fn is_of_box(mut line: &[u8]) -> bool {
    while let [ESCAPE, b'[', rest @ ..] = line {
        let end = rest.iter().position(|byte| matches!(byte, 0x40..=0x7e));
        line = end.map_or(&[], |end| &rest[end + 1..]);
    }
    line.starts_with(b"|") || line.starts_with("│".as_bytes())
}

/// Whether a regex with these anchors may match a line's message where it does not match the line: because the
/// message is escaped there, or begins or ends elsewhere than the line.
fn may_hold_on_message(anchors: Anchors, line: &str) -> bool {
    anchors.start
        || memchr::memchr(b'\\', line.as_bytes()).is_some()
        || anchors.end && is_within(line)
}

/// Whether a line's message may be a part of it behind which something else stands: a text in quotes, in an object,
/// or in colours.
fn is_within(line: &str) -> bool {
    let bytes = line.as_bytes();
    let Some(first) = memchr::memchr3(b'"', b'{', b'\x1b', bytes) else { return false };
    // A word of the message that is quoted has a blank before it. What names the message has not, or a colon.
    let is_word = bytes[first] == b'"'
        && matches!(bytes[..first], [.., before, b' '] if !matches!(before, b':' | b'=' | b','));
    !is_word || memchr::memchr2(b'{', b'\x1b', &bytes[first..]).is_some()
}

#[cfg(test)]
mod tests {
    use super::is_within;

    #[test]
    fn a_message_within_a_line_is_told_from_a_quoted_word() {
        for line in [
            r#"{"level": "info", "msg": "binance GET https://x/y"}"#,
            r#"level=info msg="binance GET https://x/y" host=a"#,
            r#"time="2026-01-01" "binance GET https://x/y""#,
            "\u{1b}[31mbinance GET https://x/y\u{1b}[0m",
            r#"saw "a" in {"msg":"binance GET https://x/y"}"#,
            r#"name: "binance GET https://x/y""#,
            r#""binance GET https://x/y","INFO""#,
        ] {
            assert!(is_within(line), "{line}");
        }
        for line in [
            r#"INFO httpx: HTTP Request: GET https://x/y "HTTP/1.1 200 OK""#,
            r#"INFO no user "bob" there"#,
            "INFO nothing",
        ] {
            assert!(!is_within(line), "{line}");
        }
    }
}
