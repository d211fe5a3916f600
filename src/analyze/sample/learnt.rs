//! What the start of a log teaches of its lines: how they begin, and which of them print what the process holds.

use memchr::memmem::Finder;

use super::{block_of, line_end};
use crate::diagnosis;
use crate::event::{Alike, Stamp, read_record};

/// Kinds of lines that are looked for because they print what the process holds.
pub(super) const TELLERS: usize = 2;

/// Lines with a time that are asked how they begin: a level often stands before the time.
const TRIES: usize = 6;

/// Learnt from the lines that begin before [`super::EVERY_LINE`], so that it is the same on every way to the bytes.
#[derive(Debug, Clone, Default)]
pub(in crate::analyze) struct Learnt {
    pub(super) tellers: Vec<Finder<'static>>,
    heads: Vec<Alike>,
    tries: usize,
}

impl Learnt {
    /// Learns from a line that begins before [`super::EVERY_LINE`]; `is_timed`: it has a time.
    pub(in crate::analyze) fn learn(&mut self, line: &[u8], is_timed: bool) {
        if self.tellers.len() < TELLERS
            && self.tellers.iter().all(|finder| finder.find(line).is_none())
            && let Some(text) = diagnosis::telling(line)
        {
            self.tellers.push(Finder::new(&text).into_owned());
        }
        if self.tries < TRIES && is_timed && self.stamp(line).is_none() {
            self.tries += 1;
            self.heads.extend(Alike::of(line, &read_record(line)));
        }
    }

    /// The time of a line that begins as one of those before; `None` where it must be read.
    pub(super) fn stamp(&self, line: &[u8]) -> Option<Stamp> {
        self.heads.iter().find_map(|head| head.stamp(line))
    }

    /// The lines of `bytes[start..end]`, where `bytes` begins at position `base`, that hold a teller first in
    /// their block, with a bit for each teller.
    pub(super) fn tellers_in(
        &self,
        bytes: &[u8],
        base: u64,
        start: usize,
        end: usize,
    ) -> Vec<(usize, u8)> {
        let mut found = Vec::new();
        let in_bytes = |position: u64| usize::try_from(position - base).unwrap_or(end);
        for (bit, finder) in self.tellers.iter().enumerate() {
            let mut from = start;
            while from < end {
                let (begin, length) = block_of(base + from as u64);
                let stop = in_bytes(begin + length).min(end);
                while from < stop
                    && let Some(hit) = finder.find(&bytes[from..stop])
                {
                    let hit = from + hit;
                    let line =
                        memchr::memrchr(b'\n', &bytes[start..hit]).map_or(start, |n| start + n + 1);
                    from = line_end(bytes, hit).min(end);
                    if base + line as u64 >= begin {
                        found.push((line, 1 << bit));
                        break;
                    }
                }
                from = from.max(stop);
            }
        }
        found
    }
}
