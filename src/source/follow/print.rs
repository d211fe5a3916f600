//! What is remembered of a file's content, to know it again: after a rotation, in a copy, after a restart.

use std::collections::VecDeque;
use std::fs::File;

use serde::{Deserialize, Serialize};

use super::disk::read_at;

/// Bytes before an offset that make its mark.
pub(super) const MARK_BYTES: usize = 64;

/// Bytes of the start of a file that are remembered.
pub(super) const HEAD_BYTES: usize = 1 << 10;

/// Bytes before the offset that are remembered: a copy that was made while the last lines came in ends
/// somewhere among them.
const TAIL_BYTES: usize = 4 << 10;

/// Marks before they are thinned out.
const MARKS: usize = 256;

/// A stretch of bytes, by length and hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hashed {
    /// Length.
    pub(super) len: usize,
    /// FNV-1a.
    pub(super) hash: u64,
}

impl Hashed {
    /// Of these bytes.
    pub(super) fn of(bytes: &[u8]) -> Hashed {
        Hashed { len: bytes.len(), hash: hash(bytes) }
    }

    /// Whether these bytes stand in `file` right before `end`.
    pub(super) fn stands_before(&self, file: &File, end: u64) -> bool {
        let Some(start) = end.checked_sub(self.len as u64) else { return false };
        let mut bytes = vec![0; self.len.min(HEAD_BYTES)];
        read_at(file, &mut bytes, start).is_ok_and(|n| n == self.len && hash(&bytes) == self.hash)
    }
}

/// FNV-1a, 64 bits: the same in every release, as it is kept in state files.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// What was read of a file, from its start or a later offset up to `end`.
#[derive(Debug, Clone, Default)]
pub(super) struct Print {
    /// Offset up to which the file was read.
    end: u64,
    /// The first bytes of the file.
    head: Vec<u8>,
    /// The last bytes before `end`.
    tail: VecDeque<u8>,
    /// Hashes of the bytes before some offsets, in order; dense near `end`, sparse far from it.
    marks: Vec<(u64, Hashed)>,
}

/// How a file stands to what was read of another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kinship {
    /// It has its own content.
    Stranger,
    /// It begins with all that was read.
    Whole,
    /// It is a copy that ends before what was read last. Up to this offset it is surely the same.
    Behind(u64),
}

impl Print {
    /// Of a file that is read from `end` on: reads what stands before.
    pub(super) fn at(file: &File, end: u64) -> std::io::Result<Print> {
        let mut print = Print::default();
        let mut head = vec![0; usize::try_from(end).unwrap_or(HEAD_BYTES).min(HEAD_BYTES)];
        let n = read_at(file, &mut head, 0)?;
        head.truncate(n);
        print.head = head;
        print.jump(file, end)?;
        Ok(print)
    }

    /// Offset up to which the file was read.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// The bytes right before `end` that must still be there if the file is what it was.
    pub(super) fn mark(&self) -> Vec<u8> {
        let len = self.tail.len().min(MARK_BYTES);
        self.tail.range(self.tail.len() - len..).copied().collect()
    }

    /// The same by its hash.
    pub(super) fn hashed_mark(&self) -> Hashed {
        Hashed::of(&self.mark())
    }

    /// The first bytes of the file.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// `bytes` were read at `end`.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        if self.end == self.head.len() as u64 && self.head.len() < HEAD_BYTES {
            let more = bytes.len().min(HEAD_BYTES - self.head.len());
            self.head.extend_from_slice(&bytes[..more]);
        }
        self.end += bytes.len() as u64;
        let kept = &bytes[bytes.len().saturating_sub(TAIL_BYTES)..];
        let over = (self.tail.len() + kept.len()).saturating_sub(TAIL_BYTES);
        self.tail.drain(..over);
        self.tail.extend(kept);
        self.note_mark();
    }

    /// Goes on at `end`, further behind in the file.
    pub(super) fn jump(&mut self, file: &File, end: u64) -> std::io::Result<()> {
        let len = usize::try_from(end).unwrap_or(MARK_BYTES).min(MARK_BYTES);
        let mut mark = vec![0; len];
        let n = read_at(file, &mut mark, end - len as u64)?;
        mark.truncate(n);
        self.end = end;
        self.tail = mark.into();
        self.note_mark();
        Ok(())
    }

    fn note_mark(&mut self) {
        self.marks.push((self.end, self.hashed_mark()));
        if self.marks.len() > MARKS {
            self.marks = thinned(&self.marks);
        }
    }

    /// Whether the file still begins as it did.
    pub(super) fn same_head(&self, file: &File) -> bool {
        let mut head = [0; HEAD_BYTES];
        let head = &mut head[..self.head.len()];
        read_at(file, head, 0).is_ok_and(|n| n == head.len() && *head == self.head[..])
    }

    /// How `file`, `size` bytes long, stands to what was read.
    pub(super) fn kinship(&self, file: &File, size: u64) -> Kinship {
        if self.end == 0 || size == 0 {
            return Kinship::Stranger;
        }
        let known = usize::try_from(size).unwrap_or(HEAD_BYTES).min(self.head.len());
        let mut head = [0; HEAD_BYTES];
        let head = &mut head[..known];
        if !read_at(file, head, 0).is_ok_and(|n| n == known && *head == self.head[..known]) {
            return Kinship::Stranger;
        }
        if size >= self.end {
            let same = self.hashed_mark().stands_before(file, self.end);
            return if same { Kinship::Whole } else { Kinship::Stranger };
        }
        if size == known as u64 {
            return Kinship::Behind(size);
        }
        self.behind(file, size).map_or(Kinship::Stranger, Kinship::Behind)
    }

    /// Up to where a file that ends before `end` is surely a copy; `None` where it is none.
    fn behind(&self, file: &File, size: u64) -> Option<u64> {
        let lag = usize::try_from(self.end - size).unwrap_or(usize::MAX);
        if let Some(held) = self.tail.len().checked_sub(lag)
            && held >= MARK_BYTES
        {
            let last: Vec<u8> = self.tail.range(..held).copied().collect();
            let start = size.checked_sub(held as u64)?;
            let mut bytes = vec![0; held];
            let n = read_at(file, &mut bytes, start).ok()?;
            return (n == held && bytes == last).then_some(size);
        }
        // Of those that lie in it the latest marks are the most telling.
        let within = &self.marks[..self.marks.partition_point(|(at, _)| *at <= size)];
        let same = within.iter().rev().take(8).all(|(at, mark)| mark.stands_before(file, *at));
        within.last().filter(|_| same).map(|(at, _)| *at)
    }
}

/// Leaves out marks so that the gap between two is about an eighth of their distance from the last one.
fn thinned(marks: &[(u64, Hashed)]) -> Vec<(u64, Hashed)> {
    let Some(&(end, _)) = marks.last() else { return Vec::new() };
    let mut kept: Vec<(u64, Hashed)> = Vec::new();
    for &(at, mark) in marks.iter().rev() {
        let far = kept.last().is_none_or(|&(last, _)| last - at >= (end - at) / 8);
        if far {
            kept.push((at, mark));
        }
    }
    kept.reverse();
    kept
}
