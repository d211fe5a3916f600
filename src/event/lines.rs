//! The lines of a chunk, or those of one writer in it.

use super::record::{Record, read_record};
use super::weave::{After, Weave};

/// The lines of one writer.
#[derive(Clone, Copy)]
pub(super) struct Lines<'c> {
    pub(super) bytes: &'c [u8],
    /// Where others write between them: who, and whose these are.
    weave: Option<(&'c Weave, u64)>,
}

impl<'c> Lines<'c> {
    /// Those of the writer of the line at `at`.
    pub(super) fn new(bytes: &'c [u8], weave: Option<&'c Weave>, at: usize) -> Lines<'c> {
        Lines { bytes, weave: weave.map(|weave| (weave, weave.strand_at(at))) }
    }

    /// End of the line that begins at `at`, behind its newline.
    pub(super) fn end(&self, at: usize) -> usize {
        memchr::memchr(b'\n', &self.bytes[at..]).map_or(self.bytes.len(), |n| at + n + 1)
    }

    /// The line from `at` to `end`, taken apart.
    pub(super) fn record(&self, at: usize, end: usize) -> Record<'c> {
        read_record(&self.bytes[at..end])
    }

    /// Start and end of the line before the one that begins at `at`, not before `floor`.
    pub(super) fn before(&self, at: usize, floor: usize) -> Option<(usize, usize)> {
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
        Some((start, end))
    }

    /// What follows a line that ends at `end`.
    pub(super) fn after(&self, end: usize) -> After {
        match self.weave {
            Some((weave, strand)) => weave.after(strand, end),
            None if end < self.bytes.len() => After::Line(end),
            None => After::Unknown,
        }
    }
}
