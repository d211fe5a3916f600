//! Lines to events: where the record that holds a line begins, and which lines continue it.
//!
//! An event depends only on the bytes near it: never on where a chunk was cut, so that every way of
//! reading a log gives the same events.

mod beginning;

use std::borrow::Cow;
use std::cell::OnceCell;

use super::lines::{Lines, Reading};
use super::record::Record;
use super::severity::passes_over;
use super::weave::After;
use crate::safe::limits;
use crate::source::Chunk;
use crate::traceback::{Grammar, Step, is_frame, looks_inside};

use beginning::{Beginning, HEADER_LINES_BACK, in_trouble, logs_traceback};

/// One logical log record: its first line and every line that continues it.
#[derive(Debug, Clone)]
pub struct Event<'c> {
    /// Its lines in order. Lines of other writers may lie between them in a torn traceback.
    pub lines: Vec<EventLine<'c>>,
    /// The first line's header.
    pub head: Record<'c>,
    /// The first line is part of a traceback and has no header of its own: nobody logged it.
    pub bare: bool,
    /// The first line is a record whatever stands above it: it has a header, and no traceback begins or goes on
    /// in it.
    pub alone: bool,
    /// Where the next event may begin: behind the last line, or behind the first stretch of a torn one.
    pub resume: usize,
}

/// One physical line of an event.
#[derive(Debug, Clone)]
pub struct EventLine<'c> {
    /// Where in the chunk it begins.
    pub at: usize,
    /// Its end, behind the newline.
    pub end: usize,
    /// Its text without wrapper, header and colour. A JSON record's text may hold several lines.
    pub text: Cow<'c, str>,
}

/// What came of looking for an event.
#[derive(Debug)]
pub enum Assembled<'c> {
    /// The event that holds the line.
    Event(Box<Event<'c>>),
    /// Its end lies behind the chunk's end: ask again with more of the log.
    More {
        /// Where it begins.
        start: usize,
    },
}

/// How many lines of other writers may stand inside a torn traceback.
const TORN_LINES: usize = 64;

/// Most lines above one of a web page among which its beginning is looked for.
const PAGE_LINES: usize = 24;

/// Most lines that continue a message without being a traceback.
const MESSAGE_LINES: usize = 200;

/// The event that holds the line at `at`. `floor` is where the event before it ended; `speaks` tells whether a bare line speaks for itself (a shell, a
/// supervisor) and so continues no message.
pub fn assemble<'c>(
    chunk: &Chunk<'c>,
    reading: Reading<'c>,
    at: usize,
    floor: usize,
    speaks: &dyn Fn(&str) -> bool,
) -> Assembled<'c> {
    let lines = Lines::new(chunk.bytes, reading, at);
    let Beginning { start, record } = beginning::of_line(&lines, at, floor);
    Extension {
        lines,
        last: chunk.last,
        start,
        above: OnceCell::new(),
        speaks,
        found: Vec::new(),
        pending: Vec::new(),
        grammar: None,
        resume: None,
        bytes: 0,
    }
    .run(record)
}

/// Where [`assemble`] finds the beginning of the event that holds the line at `at`, with that `floor`.
pub fn beginning(chunk: &Chunk<'_>, reading: Reading<'_>, at: usize, floor: usize) -> usize {
    beginning::of_line(&Lines::new(chunk.bytes, reading, at), at, floor).start
}

/// Whether the event of which the line at `at` was found to be the first begins with it also where `floor` is
/// lower: told by that event, without reading the line again. `false` where it is not certain.
pub fn begins_alone(
    chunk: &Chunk<'_>,
    reading: Reading<'_>,
    event: &Event<'_>,
    at: usize,
    floor: usize,
) -> bool {
    event.start() == at
        && event.alone
        && Lines::new(chunk.bytes, reading, at).start(at, beginning::reach(at, floor)) == at
}

/// What kind of lines stand above an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Above {
    /// Records with headers, so that a bare line continues the record above it.
    Records,
    /// Bare lines: the log is one of printed lines.
    Prints,
    /// Too few to tell.
    Unknown,
}

/// What kind of lines stand above `start`.
fn above(lines: &Lines<'_>, start: usize) -> Above {
    let floor = start.saturating_sub(limits::HEADER_BACK);
    let mut at = start;
    for _ in 0..HEADER_LINES_BACK {
        let Some((before, end)) = lines.before(at, floor) else { return Above::Unknown };
        if lines.record(before, end).begins {
            return Above::Records;
        }
        at = before;
    }
    Above::Prints
}

/// A record's message with its other fields (`code=-1003`) behind its first line: exchanges' codes often
/// stand in a field of their own.
fn with_fields<'c>(record: &Record<'c>) -> Cow<'c, str> {
    if record.extra.is_empty() {
        return record.message.clone();
    }
    let (first, rest) = match record.message.split_once('\n') {
        Some((first, rest)) => (first, Some(rest)),
        None => (record.message.as_ref(), None),
    };
    let mut text = format!("{first} {}", record.extra);
    if let Some(rest) = rest {
        text.push('\n');
        text.push_str(rest);
    }
    Cow::Owned(text)
}

/// Reads on from an event's first line to its last.
struct Extension<'c, 's> {
    lines: Lines<'c>,
    last: bool,
    start: usize,
    /// What stands above, once that was asked: most events do not.
    above: OnceCell<Above>,
    speaks: &'s dyn Fn(&str) -> bool,
    found: Vec<EventLine<'c>>,
    /// Blank lines that belong only if a later line does.
    pending: Vec<EventLine<'c>>,
    grammar: Option<Grammar>,
    resume: Option<usize>,
    bytes: usize,
}

enum Next {
    Taken,
    Done,
    More,
}

impl<'c> Extension<'c, '_> {
    /// `record` is the first line's, where it has been read.
    fn run(mut self, record: Option<Record<'c>>) -> Assembled<'c> {
        let end = self.lines.end(self.start);
        if !self.last && self.lines.is_open(self.start, end) {
            return Assembled::More { start: self.start };
        }
        let alone = record.is_some();
        let head = record.unwrap_or_else(|| self.lines.record(self.start, end));
        let whole = head.message.contains('\n');
        let first = with_fields(&head);
        self.grammar = Grammar::start(&first).or_else(|| {
            (!head.begins && looks_inside(&first)).then(|| Grammar::resume(&first)).flatten()
        });
        let bare = self.grammar.is_some() && !head.begins;
        let is_cut = self.start > 0 && !self.lines.bytes[..end].ends_with(b"\n") && !self.last;
        self.take(self.start, end, first);
        if !whole && !is_cut {
            let mut at = end;
            while self.within_limits(at) {
                at = match self.lines.after(at) {
                    After::Line(at) => at,
                    After::Unknown if !self.last => {
                        return Assembled::More { start: self.start };
                    }
                    After::Unknown | After::Nothing => break,
                };
                let end = self.lines.end(at);
                if !self.last && self.lines.is_open(at, end) {
                    return Assembled::More { start: self.start };
                }
                match self.next(&head, at, end) {
                    Next::Taken => at = self.resume_at(end),
                    Next::Done => break,
                    Next::More => return Assembled::More { start: self.start },
                }
            }
        }
        let behind = self.found.last().map_or(end, |line| line.end);
        Assembled::Event(Box::new(Event {
            lines: self.found,
            head,
            bare,
            alone,
            resume: self.resume.unwrap_or(behind),
        }))
    }

    /// After a torn stretch reading goes on behind the line that was found, not behind `end`.
    fn resume_at(&self, end: usize) -> usize {
        let pending = self.pending.last().map_or(0, |line| line.end);
        self.found.last().map_or(end, |line| line.end).max(pending)
    }

    fn within_limits(&self, at: usize) -> bool {
        self.bytes < limits::EVENT_BYTES
            && self.found.len() < limits::EVENT_LINES
            && at - self.start < limits::STRAND_SPAN
    }

    fn take(&mut self, at: usize, end: usize, text: Cow<'c, str>) {
        self.bytes += end - at;
        self.found.append(&mut self.pending);
        self.found.push(EventLine { at, end, text });
    }

    fn next(&mut self, head: &Record<'c>, at: usize, end: usize) -> Next {
        let record = self.lines.record(at, end);
        match &self.grammar {
            None => self.next_of_message(head, record, at, end),
            Some(_) => self.next_of_traceback(head, record, at, end),
        }
    }

    fn next_of_message(
        &mut self,
        head: &Record<'c>,
        record: Record<'c>,
        at: usize,
        end: usize,
    ) -> Next {
        if record.begins || !head.begins {
            return Next::Done;
        }
        if let Some(grammar) = Grammar::start(&record.message) {
            if !logs_traceback(&self.lines, head, at) {
                return Next::Done;
            }
            self.grammar = Some(grammar);
            self.take(at, end, record.message);
            return Next::Taken;
        }
        if record.message.trim().is_empty() {
            self.pending.push(EventLine { at, end, text: record.message });
            return if self.pending.len() > 2 { Next::Done } else { Next::Taken };
        }
        let indented = record.message.starts_with([' ', '\t']);
        // A level at the start of a printed line opens no record that others continue.
        let is_printed = || head.stamp.is_none() && self.above() == Above::Prints;
        let continues =
            || indented || in_trouble(head) && !passes_over(&record.message) && !is_printed();
        if self.found.len() < MESSAGE_LINES && continues() {
            self.take(at, end, record.message);
            return Next::Taken;
        }
        Next::Done
    }

    fn next_of_traceback(
        &mut self,
        head: &Record<'c>,
        record: Record<'c>,
        at: usize,
        end: usize,
    ) -> Next {
        let Some(grammar) = &mut self.grammar else { return Next::Done };
        // Where a prefix stands before each line of the traceback, a header does not end it.
        let prefixed = || {
            self.found.last().is_some_and(|line| line.at != self.start)
                && self.found.iter().skip(1).all(|line| is_prefixed(&self.lines, line))
                || self.found.len() == 1 && head.begins && is_frame(&record.message)
        };
        if record.begins && !prefixed() {
            return if grammar.complete() { Next::Done } else { self.mend(at) };
        }
        // Where it goes further than the event does, nothing is asked of it any more.
        match grammar.next(&record.message) {
            Step::Yes => {
                self.take(at, end, record.message);
                Next::Taken
            }
            Step::Gap => {
                self.pending.push(EventLine { at, end, text: record.message });
                if self.pending.len() > 4 { Next::Done } else { Next::Taken }
            }
            Step::Message if !record.begins && self.pending.is_empty() => {
                if !self.continues_message(head, &record.message) {
                    return Next::Done;
                }
                self.take(at, end, record.message);
                Next::Taken
            }
            Step::Message | Step::No => Next::Done,
        }
    }

    /// Whether a bare line after the exception line is more of the exception's message.
    fn continues_message(&self, head: &Record<'c>, text: &str) -> bool {
        let Some(before) = self.found.last() else { return false };
        let above = before.text.trim_end();
        let open = above.ends_with([':', '{', '[', '(', ','])
            || above.ends_with("validation error")
            || above.contains("validation errors for ")
            || above.contains("validation error for ");
        let logged = head.begins && in_trouble(head);
        let indented = text.starts_with([' ', '\t']);
        // Field names of pydantic's list stand bare, each before an indented line.
        let listed = self.found.iter().rev().take(3).any(|line| line.text.starts_with("  "))
            && !text.contains(' ');
        let belongs = logged
            || indented
            || open
            || text.starts_with('<') && self.shows_page()
            || listed && self.names_fields()
            || self.above() == Above::Records;
        belongs && (indented || !is_shell(text) && !passes_over(text) && !(self.speaks)(text))
    }

    /// Whether the message began a web page, as what some server answered does, and has not ended it.
    fn shows_page(&self) -> bool {
        let opens = |line: &EventLine<'_>| {
            let lower = line.text.to_ascii_lowercase();
            lower.contains("<!doctype html") || lower.contains("<html")
        };
        let closes = |line: &EventLine<'_>| line.text.to_ascii_lowercase().contains("</html>");
        let lines = || self.found.iter().rev().take(PAGE_LINES);
        lines().any(opens) && !lines().any(closes)
    }

    fn above(&self) -> Above {
        *self.above.get_or_init(|| above(&self.lines, self.start))
    }

    fn names_fields(&self) -> bool {
        self.found.iter().rev().take(64).any(|line| line.text.contains("validation error"))
    }

    /// Another writer's lines stand where the traceback should go on: look whether it does behind them.
    fn mend(&mut self, from: usize) -> Next {
        let Some(grammar) = &self.grammar else { return Next::Done };
        let mut at = from;
        for _ in 0..TORN_LINES {
            at = match self.lines.after(at) {
                After::Line(at) => at,
                After::Unknown if !self.last => return Next::More,
                After::Unknown | After::Nothing => return Next::Done,
            };
            let end = self.lines.end(at);
            let record = self.lines.record(at, end);
            if !record.begins {
                if Grammar::start(&record.message).is_some() {
                    return Next::Done;
                }
                let mut probe = grammar.clone();
                if probe.next(&record.message) == Step::Yes {
                    self.resume.get_or_insert(from);
                    self.grammar = Some(probe);
                    self.take(at, end, record.message);
                    return Next::Taken;
                }
                return Next::Done;
            }
            at = end;
        }
        Next::Done
    }
}

fn is_prefixed(lines: &Lines<'_>, line: &EventLine<'_>) -> bool {
    lines.record(line.at, line.end).begins
}

/// `run.sh: line 5: …` and `[run.sh] …`: a shell that speaks after its child.
fn is_shell(text: &str) -> bool {
    let Some((first, rest)) = text.split_once(' ') else { return false };
    first.ends_with(".sh:") && rest.starts_with("line ")
        || first.starts_with('[') && first.ends_with(".sh]")
}

impl Event<'_> {
    /// Its text as lines, wrappers removed, and for each the index of the physical line it came from.
    pub fn text_lines(&self) -> (Vec<&str>, Vec<usize>) {
        let mut texts = Vec::with_capacity(self.lines.len());
        let mut origins = Vec::with_capacity(self.lines.len());
        for (index, line) in self.lines.iter().enumerate() {
            for part in line.text.split('\n') {
                texts.push(part);
                origins.push(index);
            }
        }
        (texts, origins)
    }

    /// End of its last line.
    pub fn end(&self) -> usize {
        self.lines.last().map_or(0, |line| line.end)
    }

    /// Start of its first line.
    pub fn start(&self) -> usize {
        self.lines.first().map_or(0, |line| line.at)
    }
}
