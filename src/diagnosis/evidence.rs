//! The few lines of an event that prove what is said of it.

use crate::detect::{Parsed, Which};
use crate::safe::limits;
use crate::source::{Chunk, FIELD_END, FILLER, Place};
use crate::traceback::Roots;

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// File (index in the source) and line number.
    pub place: Place,
    /// Its text as logged, bounded, not yet safe to print.
    pub text: String,
}

/// What [`choose`] found.
pub(super) struct Chosen {
    pub(super) chosen: Vec<Line>,
    /// Number of the event's last line.
    pub(super) last_line: u64,
}

/// Most lines chosen of one event.
const LINES: usize = 6;

/// The header, the bot's own frame with its code, the cause and the last exception; a record without a
/// traceback is its own evidence.
pub(super) fn choose(
    parsed: &Parsed<'_>,
    which: Which,
    roots: &Roots,
    chunk: &Chunk<'_>,
    place: Place,
) -> Chosen {
    let mut wanted: Vec<usize> = Vec::new();
    let physical = |text_line: usize| parsed.origins.get(text_line).copied();
    if parsed.links.is_empty() {
        wanted.extend(0..parsed.event.lines.len().min(3));
    } else {
        wanted.push(0);
        if let Some(frame) = parsed.own_frame(which, roots) {
            wanted.extend(physical(frame.at));
            if frame.code.is_some() {
                wanted.extend(physical(frame.at + 1));
            }
        }
        if let Which::Link(index) = which
            && let Some(link) = parsed.links.get(index)
        {
            wanted.extend(physical(link.line));
        }
        wanted.extend(parsed.links.last().and_then(|link| physical(link.line)));
    }
    wanted.sort_unstable();
    wanted.dedup();
    wanted.truncate(LINES);
    let start = parsed.event.start();
    let mut known = (start, place);
    let mut chosen = Vec::with_capacity(wanted.len());
    for index in wanted {
        let Some(line) = parsed.event.lines.get(index) else { continue };
        let at = chunk.place(line.at, Some(known));
        known = (line.at, at);
        chosen.push(Line { place: at, text: text_of(&chunk.bytes[line.at..line.end]) });
    }
    let last = parsed.event.lines.last().map_or(start, |line| line.at);
    Chosen { chosen, last_line: chunk.place(last, Some(known)).line }
}

/// Up to `count` lines that stand right before `at` in the same file, in order and cut short. `place` is
/// that of the line that begins at `at`.
pub fn lines_before(chunk: &Chunk<'_>, at: usize, place: Place, count: usize) -> Vec<Line> {
    let segment = chunk.segment(at.saturating_sub(1));
    if segment.file != place.file {
        return Vec::new();
    }
    let least = segment.at.max(at.saturating_sub(limits::LOOK_BACK));
    let mut lines = Vec::new();
    let mut end = at;
    let mut line = place.line;
    while end > least && lines.len() < count.min(limits::CONTEXT_LINES) {
        let start = memchr::memrchr(b'\n', &chunk.bytes[least..end - 1]).map(|n| least + n + 1);
        // The first line in reach may begin further back.
        if start.is_none() && least != segment.at {
            break;
        }
        let start = start.unwrap_or(least);
        line = line.saturating_sub(1);
        let byte = segment.offset + (start - segment.at) as u64;
        let place = Place { file: segment.file, byte, line };
        if chunk.bytes[start] != FILLER {
            lines.push(Line { place, text: short_text_of(&chunk.bytes[start..end]) });
        }
        end = start;
    }
    lines.reverse();
    lines
}

/// A line's text, cut between words where it is long: half a secret does not look like one.
fn short_text_of(bytes: &[u8]) -> String {
    let end = bytes.iter().rposition(|&b| b != b'\n' && b != b'\r').map_or(0, |last| last + 1);
    if end <= limits::CONTEXT_LINE_BYTES {
        return shown(&bytes[..end]);
    }
    let kept = &bytes[..limits::CONTEXT_LINE_BYTES];
    let end = kept.iter().rposition(u8::is_ascii_whitespace).map_or(0, |last| last + 1);
    let mut text = shown(&kept[..end]);
    text.push('…');
    text
}

/// A line's text, without its newline and bounded.
pub(super) fn text_of(bytes: &[u8]) -> String {
    let end = bytes.iter().rposition(|&b| b != b'\n' && b != b'\r').map_or(0, |last| last + 1);
    shown(&bytes[..end.min(limits::EVIDENCE_BYTES)])
}

/// A line as text, with a blank where a table's time ends.
fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    match memchr::memchr(FIELD_END, bytes) {
        Some(_) => text.replacen(char::from(FIELD_END), " ", 1),
        None => text.into_owned(),
    }
}
