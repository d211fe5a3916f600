//! The few lines of an event that prove what is said of it.

use crate::detect::{Parsed, Which};
use crate::safe::limits;
use crate::source::{Chunk, Place};
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

/// A line's text, without its newline and bounded.
pub(super) fn text_of(bytes: &[u8]) -> String {
    let end = bytes.iter().rposition(|&b| b != b'\n' && b != b'\r').map_or(0, |last| last + 1);
    let kept = &bytes[..end.min(limits::EVIDENCE_BYTES)];
    String::from_utf8_lossy(kept).into_owned()
}
