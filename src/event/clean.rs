//! A line's bytes to text: decoded, and without what only a terminal or a torn file put there.

use std::borrow::Cow;

const ESCAPE: u8 = 0x1b;

/// The text of one line: UTF-8 (what is not becomes U+FFFD), without its newline, without a byte order
/// mark, NUL runs at its ends and escape sequences, and of a progress bar only what stands last.
pub(super) fn line_text(line: &[u8]) -> Cow<'_, str> {
    let line = trim(line);
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    if memchr::memchr3(ESCAPE, b'\r', b'&', line).is_none() {
        return decoded(line);
    }
    without_entities(without_controls(line))
}

fn without_controls(line: &[u8]) -> Cow<'_, str> {
    if memchr::memchr2(ESCAPE, b'\r', line).is_none() {
        return decoded(line);
    }
    let plain = without_escapes(line);
    match plain {
        Cow::Borrowed(bytes) => decoded(last_overprint(trim(bytes))),
        Cow::Owned(bytes) => {
            Cow::Owned(String::from_utf8_lossy(last_overprint(trim(&bytes))).into_owned())
        }
    }
}

/// What a web page shows for its ways to write the characters of its own language, where a log was copied from its
/// source. `&amp;` alone tells nothing, as it stands in addresses, too.
const ENTITIES: [(&str, &str); 9] = [
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&#34;", "\""),
    ("&apos;", "'"),
    ("&#39;", "'"),
    ("&#x27;", "'"),
    ("&#x2F;", "/"),
    ("&amp;", "&"),
];

fn without_entities(text: Cow<'_, str>) -> Cow<'_, str> {
    let sure = &ENTITIES[..ENTITIES.len() - 1];
    if !text.contains('&') || !sure.iter().any(|(entity, _)| text.contains(entity)) {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = ENTITIES.iter().find(|(entity, _)| rest.starts_with(entity));
        let (length, character) = known.map_or((1, "&"), |(entity, text)| (entity.len(), *text));
        plain.push_str(character);
        rest = &rest[length..];
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// Like [`line_text`], for text that a JSON string held and that may be several lines.
pub(super) fn lines_text(text: String) -> String {
    if memchr::memchr3(ESCAPE, b'\r', 0, text.as_bytes()).is_none() {
        let end = text.trim_end_matches('\n').len();
        let mut text = text;
        text.truncate(end);
        return text;
    }
    let lines: Vec<_> = text.trim_end_matches(['\n', '\r']).split('\n').collect();
    let clean: Vec<_> = lines.into_iter().map(|line| line_text(line.as_bytes())).collect();
    clean.join("\n")
}

/// `text` without escape sequences that syslog daemons rewrote as `#033[…m`.
pub(super) fn without_octal_escapes(text: &str) -> Cow<'_, str> {
    if !text.contains("#033[") {
        return Cow::Borrowed(text);
    }
    let real = text.replace("#033[", "\x1b[");
    Cow::Owned(String::from_utf8_lossy(&without_escapes(real.as_bytes())).into_owned())
}

/// UTF-8 as text. Nearly every line is, and the plain check is several times faster than the lossy one.
fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// Without the newline and carriage returns at the end, and NULs at both ends.
fn trim(mut line: &[u8]) -> &[u8] {
    while let [rest @ .., b'\n' | b'\r' | 0] = line {
        line = rest;
    }
    while let [0, rest @ ..] = line {
        line = rest;
    }
    line
}

/// What a terminal would show last of text that returns to the line's start: the last piece between
/// carriage returns that is not blank.
fn last_overprint(line: &[u8]) -> &[u8] {
    let mut rest = line;
    while let Some(at) = memchr::memrchr(b'\r', rest) {
        let piece = &rest[at + 1..];
        if !piece.trim_ascii().is_empty() {
            return piece;
        }
        rest = &rest[..at];
    }
    rest
}

/// Drops ECMA-48 control sequences (colours, cursor moves), operating system commands (titles, links)
/// and two-byte escapes.
fn without_escapes(line: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr::memchr(ESCAPE, line) else { return Cow::Borrowed(line) };
    let mut kept = Vec::with_capacity(line.len());
    kept.extend_from_slice(&line[..first]);
    let mut rest = &line[first..];
    while let [_, after @ ..] = rest {
        rest = match after {
            [b'[', tail @ ..] => after_control(tail),
            [b']' | b'P' | b'X' | b'^' | b'_', tail @ ..] => {
                command_end(tail).map_or(tail, |end| &tail[end..])
            }
            [b'(' | b')' | b'#' | b'%', _, tail @ ..] => tail,
            [0x20..=0x7e, tail @ ..] => tail,
            _ => after,
        };
        let next = memchr::memchr(ESCAPE, rest).unwrap_or(rest.len());
        kept.extend_from_slice(&rest[..next]);
        rest = &rest[next..];
    }
    Cow::Owned(kept)
}

/// What follows a control sequence whose `ESC [` was read.
fn after_control(tail: &[u8]) -> &[u8] {
    let parameters = tail.iter().take_while(|byte| matches!(byte, 0x20..=0x3f)).count();
    match tail.get(parameters) {
        Some(0x40..=0x7e) => &tail[parameters + 1..],
        _ => &tail[parameters..],
    }
}

/// Where the text after a command that ends with BEL or `ESC \` goes on. Looks no further than the next
/// escape, so that many openings stay linear.
fn command_end(tail: &[u8]) -> Option<usize> {
    let at = memchr::memchr2(0x07, ESCAPE, tail)?;
    match (tail[at], tail.get(at + 1)) {
        (0x07, _) => Some(at + 1),
        (_, Some(b'\\')) => Some(at + 2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_marks_are_removed() {
        for (line, text) in [
            (&b"tick\r\n"[..], "tick"),
            (b"\0\0\0tick 1\0\0", "tick 1"),
            (b"\xef\xbb\xbftick", "tick"),
            (b"  indented", "  indented"),
            (b"bad \xff byte", "bad \u{fffd} byte"),
            (b"", ""),
        ] {
            assert_eq!(line_text(line), text);
        }
    }

    #[test]
    fn escape_sequences_are_removed() {
        for (line, text) in [
            (&b"\x1b[1;31mERROR\x1b[0m boom"[..], "ERROR boom"),
            (b"\x1b]0;title\x07tick", "tick"),
            (b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
            (b"\x1b]0;never closed", "0;never closed"),
            (b"\x1b(Btick\x1b7", "tick"),
            (b"tick\x1b", "tick"),
            (b"tick\x1b[31", "tick"),
        ] {
            assert_eq!(line_text(line), text);
        }
        assert_eq!(without_octal_escapes("#033[31mboom#033[0m #1"), "boom #1");
    }

    #[test]
    fn each_of_several_lines_is_cleaned() {
        for (text, clean) in [
            ("a\r\nb\r\n", "a\nb"),
            ("a\n\n", "a"),
            ("\u{1b}[31ma\u{1b}[0m\n  b", "a\n  b"),
            ("", ""),
        ] {
            assert_eq!(lines_text(text.to_owned()), clean);
        }
    }

    #[test]
    fn what_a_web_page_made_of_characters_is_undone() {
        for (line, text) in [
            (
                &b"File &quot;a.py&quot;, line 3, in &lt;module&gt;"[..],
                "File \"a.py\", line 3, in <module>",
            ),
            (b"No module named &#39;ta&#39; &amp;amp; &co;", "No module named 'ta' &amp; &co;"),
            (b"version `GLIBC_2.36&apos; not found", "version `GLIBC_2.36' not found"),
            (b"GET /v3?a=1&amp;b=2&lt=3", "GET /v3?a=1&amp;b=2&lt=3"),
        ] {
            assert_eq!(line_text(line), text);
        }
    }

    #[test]
    fn a_progress_bar_shows_its_last_state() {
        for (line, text) in [
            (&b"load 1%\rload 50%\rload 100%\n"[..], "load 100%"),
            (b"load 1%\rload 2%\r\r\n", "load 2%"),
            (b"load 9%\r       \r", "load 9%"),
            (b"load 9%\r\x1b[K2026-10-12 09:00:00 INFO up", "2026-10-12 09:00:00 INFO up"),
        ] {
            assert_eq!(line_text(line), text);
        }
    }
}
