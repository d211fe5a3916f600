//! The lines of a chunk, or those of one writer in it.

use super::export;
use super::record::{self, Record, read_parts, read_record, read_stamped};
use super::weave::{After, Weave};
use super::wrapper;
use crate::source::FILLER;
use crate::traceback::{Grammar, Step};

/// Most lines after a traceback's head of which one must go on with it: some print a blank one first.
const BLANKS: usize = 3;

/// Most parts of one line: of 16 KiB each, more than a line that is kept whole.
const PARTS: usize = 128;

/// How the lines of a log are to be read, as far as one line alone does not tell.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reading<'w> {
    /// Whose lines are whose, where several write.
    pub weave: Option<&'w Weave>,
    /// The layout of the time that stands before every line, put there by something that knows nothing of
    /// the log (`ts`).
    pub stamped: Option<u32>,
}

/// The lines of one writer. A line that its container's runtime wrote in several is one.
#[derive(Clone, Copy)]
pub(super) struct Lines<'c> {
    pub(super) bytes: &'c [u8],
    /// Where others write between them: who, and whose these are.
    weave: Option<(&'c Weave, u64)>,
    stamped: Option<u32>,
}

/// The layout of a lone time that stands before the head of a traceback, at `at`, and before the frame that
/// follows: then it stands before every line.
pub fn stamped_at(bytes: &[u8], at: usize) -> Option<u32> {
    let end = line_end(bytes, at);
    let layout = record::lone_time(&bytes[at..end])?;
    let mut grammar = Grammar::start(&read_stamped(&bytes[at..end], layout).message)?;
    let mut at = end;
    for _ in 0..BLANKS {
        let end = line_end(bytes, at);
        if record::lone_time(&bytes[at..end]) != Some(layout) {
            return None;
        }
        match grammar.next(&read_stamped(&bytes[at..end], layout).message) {
            Step::Yes => return Some(layout),
            Step::Gap => at = end,
            Step::Message | Step::No => return None,
        }
    }
    None
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |n| at + n + 1)
}

impl<'c> Lines<'c> {
    /// Those of the writer of the line at `at`.
    pub(super) fn new(bytes: &'c [u8], reading: Reading<'c>, at: usize) -> Lines<'c> {
        let weave = reading.weave.map(|weave| (weave, weave.strand_at(at)));
        Lines { bytes, weave, stamped: reading.stamped }
    }

    /// End of the line that begins at `at`, behind the newline of its last part.
    pub(super) fn end(&self, at: usize) -> usize {
        let (mut at, mut end) = (at, line_end(self.bytes, at));
        for _ in 0..PARTS {
            let Some(next) = self.part_after(at, end) else { break };
            (at, end) = next;
        }
        end
    }

    /// The part that goes on with the line from `at` to `end`.
    fn part_after(&self, at: usize, end: usize) -> Option<(usize, usize)> {
        if !matches!(self.bytes.get(at), Some(b'{' | b'0'..=b'9')) {
            return None;
        }
        let After::Line(next) = self.after(end) else { return None };
        let next_end = line_end(self.bytes, next);
        let goes_on = wrapper::goes_on(&self.bytes[at..end], &self.bytes[next..next_end]);
        goes_on.then_some((next, next_end))
    }

    /// Whether the line from `at` to `end` may go on in what is not at hand.
    pub(super) fn is_open(&self, at: usize, end: usize) -> bool {
        let mut last = (at, line_end(self.bytes, at));
        while last.1 < end
            && let Some(next) = self.part_after(last.0, last.1)
        {
            last = next;
        }
        let line = &self.bytes[last.0..last.1];
        self.after(end) == After::Unknown && wrapper::goes_on(line, line)
    }

    /// Start of the line of which what begins at `at` is a part, not before `floor`.
    pub(super) fn start(&self, mut at: usize, floor: usize) -> usize {
        for _ in 0..PARTS {
            let line = &self.bytes[at..line_end(self.bytes, at)];
            match self.before_alone(at, floor) {
                Some((before, end)) if wrapper::goes_on(&self.bytes[before..end], line) => {
                    at = before
                }
                _ => break,
            }
        }
        at
    }

    /// The line from `at` to `end`, taken apart.
    pub(super) fn record(&self, at: usize, end: usize) -> Record<'c> {
        let first = line_end(self.bytes, at);
        if first < end {
            return read_parts(self.parts(at, end));
        }
        let line = &self.bytes[at..end];
        let mut record = match self.stamped {
            Some(layout) => read_stamped(line, layout),
            None => read_record(line),
        };
        if record.stamp.is_none() && self.weave.is_some_and(|(weave, _)| weave.has_entries()) {
            record.stamp = export::time_of(self.bytes, at);
        }
        record
    }

    /// The parts of the line from `at` to `end`.
    fn parts(self, at: usize, end: usize) -> impl Iterator<Item = &'c [u8]> {
        let first = Some((at, line_end(self.bytes, at)));
        std::iter::successors(first, move |&(at, part_end)| {
            (part_end < end).then(|| self.part_after(at, part_end)).flatten()
        })
        .take(PARTS + 1)
        .map(move |(at, end)| &self.bytes[at..end])
    }

    /// Start and end of the line before the one that begins at `at`, not before `floor`.
    pub(super) fn before(&self, at: usize, floor: usize) -> Option<(usize, usize)> {
        let (start, end) = self.before_alone(at, floor)?;
        Some((self.start(start, floor), end))
    }

    /// The same, a part of a line being a line.
    fn before_alone(&self, at: usize, floor: usize) -> Option<(usize, usize)> {
        let mut at = at;
        loop {
            let (from, end) = match self.weave {
                Some((weave, strand)) => weave.before(strand, at)?,
                None => (0, at),
            };
            if end <= floor {
                return None;
            }
            let from = from.max(floor);
            let start =
                memchr::memrchr(b'\n', &self.bytes[from..end - 1]).map_or(from, |n| from + n + 1);
            if self.bytes[start] != FILLER {
                return Some((start, end));
            }
            at = start;
        }
    }

    /// What follows a line that ends at `end`, but for filling.
    pub(super) fn after(&self, end: usize) -> After {
        let mut end = end;
        loop {
            let after = match self.weave {
                Some((weave, strand)) => weave.after(strand, end),
                None if end < self.bytes.len() => After::Line(end),
                None => After::Unknown,
            };
            match after {
                After::Line(at) if self.bytes[at] == FILLER => end = line_end(self.bytes, at),
                after => return after,
            }
        }
    }
}
