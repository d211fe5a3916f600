//! Where the event that holds a line begins.

use crate::event::lines::Lines;
use crate::event::record::Record;
use crate::event::weave::After;
use crate::model::Severity;
use crate::safe::limits;
use crate::traceback::{Grammar, closes_box, has_header, is_in_box, looks_inside};

/// What stands before and behind a traceback that another process sent.
const FENCE: &str = "\"\"\"";

/// How many lines before a bare line may hold the header it continues.
pub(super) const HEADER_LINES_BACK: usize = 12;

/// How many lines of a traceback are gone up to its head. With what stands above a head less than
/// [`limits::OPEN_LINES`], so that none of them has been told as a line of its own already.
const INSIDE_LINES: usize = limits::OPEN_LINES - 2 * HEADER_LINES_BACK;

/// Where an event begins.
pub(super) struct Beginning<'c> {
    pub(super) start: usize,
    /// The line that begins there, where it was read and is a record whatever stands above it.
    pub(super) record: Option<Record<'c>>,
}

/// How far back from the line at `at` is looked, with that `floor`.
pub(super) fn reach(at: usize, floor: usize) -> usize {
    floor.max(at.saturating_sub(limits::LOOK_BACK))
}

/// Where the event begins that holds the line at `at`.
pub(super) fn of_line<'c>(lines: &Lines<'c>, at: usize, floor: usize) -> Beginning<'c> {
    let floor = reach(at, floor);
    let at = lines.start(at, floor);
    let record = lines.record(at, lines.end(at));
    let starts = Grammar::start(&record.message).is_some();
    let inside = looks_inside(&record.message);
    if record.begins && !starts && !inside {
        return Beginning { start: at, record: Some(record) };
    }
    Beginning { start: of_part(lines, at, floor, record.begins, starts, inside), record: None }
}

/// The same for a line that may be part of what stands above it: a traceback `starts` there or goes on (`inside`), or
/// it `begins` no record.
fn of_part(
    lines: &Lines<'_>,
    at: usize,
    floor: usize,
    begins: bool,
    starts: bool,
    inside: bool,
) -> usize {
    if starts {
        return match begins {
            true => preamble(lines, at, floor),
            false => head_of_traceback(lines, at, floor),
        };
    }
    if inside || is_exception_after_code(lines, at, floor) {
        // The log begins inside this traceback, or its head was no candidate: walk up to where it starts.
        let mut start = at;
        for _ in 0..INSIDE_LINES {
            let Some((before, end)) = lines.before(start, floor) else { break };
            let record = lines.record(before, end);
            if Grammar::start(&record.message).is_some() {
                return head_of_traceback(lines, before, floor);
            }
            if !looks_inside(&record.message) || record.begins != begins {
                break;
            }
            start = before;
        }
        return start;
    }
    if let Some(head) = head_of_box(lines, at, floor) {
        return head_of_traceback(lines, head, floor);
    }
    // A line without a header: it belongs to a record above only if that one is in trouble.
    let mut start = at;
    for _ in 0..HEADER_LINES_BACK {
        let Some((before, end)) = lines.before(start, floor) else { break };
        let record = lines.record(before, end);
        if record.begins {
            return if in_trouble(&record) && record.wrapper.is_none() { before } else { at };
        }
        if record.message.trim().is_empty() {
            break;
        }
        start = before;
    }
    at
}

/// Preambles (`Exception in thread …`, `Task exception was never retrieved`, and the exception that carries a
/// remote traceback, behind which its fence opens) above a traceback's head.
fn preamble(lines: &Lines<'_>, at: usize, floor: usize) -> usize {
    let (mut start, mut above) = (at, at);
    for _ in 0..3 {
        let Some((before, end)) = lines.before(above, floor) else { break };
        let record = lines.record(before, end);
        above = before;
        if Grammar::start(&record.message).is_some() && !has_header(&record.message) {
            start = before;
        } else if start != at || record.message.trim() != FENCE {
            break;
        }
    }
    start
}

/// From a bare `Traceback` line up to the record that logged it, where one did.
fn head_of_traceback(lines: &Lines<'_>, at: usize, floor: usize) -> usize {
    let start = preamble(lines, at, floor);
    let mut above = start;
    for _ in 0..HEADER_LINES_BACK {
        let Some((before, end)) = lines.before(above, floor) else { break };
        let record = lines.record(before, end);
        if record.begins {
            return if logs_traceback(lines, &record, at) { before } else { start };
        }
        if record.message.trim().is_empty() || looks_inside(&record.message) {
            break;
        }
        above = before;
    }
    start
}

/// The top of the traceback's box that ends right above the line at `at`. In colours it may hold nothing that
/// is looked for, and its exception stands below it.
fn head_of_box(lines: &Lines<'_>, at: usize, floor: usize) -> Option<usize> {
    let (mut at, end) = lines.before(at, floor)?;
    if !closes_box(&lines.record(at, end).message) {
        return None;
    }
    for _ in 0..INSIDE_LINES {
        let (before, end) = lines.before(at, floor)?;
        let record = lines.record(before, end);
        if Grammar::start(&record.message).is_some() {
            return Some(before);
        }
        if !is_in_box(&record.message) {
            return None;
        }
        at = before;
    }
    None
}

fn is_exception_after_code(lines: &Lines<'_>, at: usize, floor: usize) -> bool {
    lines.before(at, floor).is_some_and(|(before, end)| {
        let record = lines.record(before, end);
        !record.begins && looks_inside(&record.message)
    })
}

/// Lines of a traceback among which its outermost frame is looked for.
const FRAME_LINES: usize = 400;

/// Whether a record logged the bare traceback whose head is at `at`. A warning mostly did not, where the
/// traceback reaches the program's outermost frame: then the interpreter wrote it. (One that a logger
/// writes begins where the exception was caught.)
pub(super) fn logs_traceback(lines: &Lines<'_>, record: &Record<'_>, at: usize) -> bool {
    if record.severity != Some(Severity::Warning) {
        return in_trouble(record);
    }
    let mut at = at;
    for _ in 0..FRAME_LINES {
        let After::Line(next) = lines.after(lines.end(at)) else { break };
        at = next;
        let line = lines.record(at, lines.end(at));
        if line.begins {
            break;
        }
        let text = line.message.trim_end();
        if text.ends_with(", in <module>") || text.contains("\"<frozen runpy>\"") {
            return false;
        }
    }
    true
}

/// A record whose following bare lines are its own: what goes wrong is logged with its traceback.
pub(super) fn in_trouble(record: &Record<'_>) -> bool {
    record.severity.is_some_and(|severity| severity >= Severity::Warning)
}
