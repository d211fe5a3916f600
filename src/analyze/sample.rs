//! Samples: lines that are looked at whatever they say, so that the times and numbers of a log tell what
//! none of its lines says.
//!
//! Where a line begins in its source decides whether it is one, and nothing else: every line that begins in
//! the first [`EVERY_LINE`] bytes, and behind that the first that begins in each block of [`BLOCK`] bytes. In
//! a log that several services write, the first of each service. So the samples are the same on every way
//! to the bytes and on any number of threads.

use rayon::prelude::*;

use crate::event::{Stamp, Weave, read_record};
use crate::source::{Chunk, Place};

/// Every line that begins before this position is a sample: a log of this size is a few thousand lines, and
/// what a bot does shows in them. A multiple of [`BLOCK`].
pub(super) const EVERY_LINE: u64 = 256 << 10;

/// Behind that, one line is looked at in so many bytes: a reading of a line costs about what a search through
/// a thousand does, and this is three hundred lines.
pub(super) const BLOCK: u64 = 32 << 10;

/// So much of a line is read for its time. A JSON record that is longer has no time then.
const READ: usize = 16 << 10;

/// A sample found in a piece of a part.
#[derive(Debug)]
pub(super) struct Seen {
    at: usize,
    /// Newlines of the piece before it.
    lines: u64,
    stamp: Option<Stamp>,
}

/// A line that is a sample.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    /// Where it begins in the source.
    pub(super) position: u64,
    /// Where it begins in its file.
    pub(super) place: Place,
    /// Its time, where it has one.
    pub(super) stamp: Option<Stamp>,
}

/// What is remembered from part to part.
#[derive(Debug, Clone, Default)]
pub(super) struct Sampler {
    /// Position up to which samples have been taken.
    upto: u64,
    /// A known place, to count lines from.
    known: Option<(u64, Place)>,
    /// The block of the last sample of each lane.
    blocks: Vec<Option<u64>>,
}

/// Looks for the samples among the lines of `bytes[start..end]`, where `bytes` begins at position `base` and
/// shows at least a block before `start`. Comes back with them, and with the newlines of that stretch.
pub(super) fn look(bytes: &[u8], base: u64, start: usize, end: usize) -> (Vec<Seen>, u64) {
    let (mut seen, mut lines) = (Vec::new(), 0);
    let (mut from, mut counted) = (start, start);
    while let Some(at) = next(bytes, base, from, end) {
        lines += newlines(&bytes[counted..at]);
        counted = at;
        from = line_end(bytes, at).min(end);
        seen.push(Seen { at, lines, stamp: stamp_of(&bytes[at..from]) });
    }
    (seen, lines + newlines(&bytes[counted..end]))
}

/// The first sample that begins between `from`, where a line begins, and `end`.
fn next(bytes: &[u8], base: u64, from: usize, end: usize) -> Option<usize> {
    if from >= end {
        return None;
    }
    let position = base + from as u64;
    if position < EVERY_LINE {
        return Some(from);
    }
    let begin = position - position % BLOCK;
    let in_bytes = |position: u64| usize::try_from(position.saturating_sub(base)).unwrap_or(end);
    // A line begins behind a newline, so what tells that one begins at the block's start is the byte before.
    let before = in_bytes(begin).saturating_sub(1);
    if begin == position || memchr::memchr(b'\n', &bytes[before..from - 1]).is_none() {
        return Some(from);
    }
    let before = in_bytes(begin + BLOCK).saturating_sub(1);
    let newline = memchr::memchr(b'\n', bytes.get(before..end)?)?;
    (before + newline + 1 < end).then_some(before + newline + 1)
}

impl Sampler {
    /// Takes in what was found in the pieces of a part of one writer, each with its start, end and newlines.
    /// Comes back with the samples, in order.
    pub(super) fn take_in<'p>(
        &mut self,
        part: &Chunk<'_>,
        base: u64,
        pieces: impl Iterator<Item = ((usize, usize), u64, &'p mut Vec<Seen>)>,
    ) -> Vec<Sample> {
        let mut samples = Vec::new();
        for ((start, end), lines, seen) in pieces {
            let first = self.place(part, base, start);
            let counted = |at: usize, lines: u64| {
                let segment = part.segment(at);
                // Where another file begins inside the piece, its lines are counted from there.
                if segment.at > start {
                    return part.place(at, None);
                }
                let byte = first.byte + (at - start) as u64;
                Place { byte, line: first.line + lines, ..first }
            };
            for Seen { at, lines, stamp } in seen.drain(..) {
                let place = counted(at, lines);
                samples.push(Sample { position: base + at as u64, place, stamp });
            }
            self.known = (end > start).then(|| {
                let segment = part.segment(end - 1);
                let line = match segment.at > start {
                    true => segment.line + newlines(&part.bytes[segment.at..end]),
                    false => first.line + lines,
                };
                let byte = segment.offset + (end - segment.at) as u64;
                (base + end as u64, Place { file: segment.file, byte, line })
            });
            self.upto = base + end as u64;
        }
        samples
    }

    /// Takes the samples of each lane among the lines of a part of several writers that have been heard
    /// since. Comes back with them and their lanes, in order.
    pub(super) fn take_lanes(
        &mut self,
        part: &Chunk<'_>,
        base: u64,
        weave: &Weave,
    ) -> Vec<(usize, Sample)> {
        let bytes = part.bytes;
        let from = usize::try_from(self.upto.saturating_sub(base)).unwrap_or(usize::MAX);
        let mut found = Vec::new();
        self.blocks.resize(weave.lanes().max(self.blocks.len()), None);
        for lane in 0..weave.lanes() {
            let last = &mut self.blocks[lane];
            for (start, end) in weave.stretches_of(lane, from, weave.end()) {
                let mut at = start;
                while at < end {
                    let position = base + at as u64;
                    let block = position / BLOCK;
                    let next = if position < EVERY_LINE {
                        *last = Some(block);
                        found.push((at, lane));
                        Some(line_end(bytes, at))
                    } else if *last == Some(block) {
                        // The first line behind the end of the block.
                        let before = usize::try_from((block + 1) * BLOCK - 1 - base);
                        before
                            .ok()
                            .filter(|&before| before < end)
                            .map(|before| line_end(bytes, before))
                    } else {
                        *last = Some(block);
                        found.push((at, lane));
                        Some(line_end(bytes, at))
                    };
                    at = next.unwrap_or(end);
                }
            }
        }
        found.sort_unstable();
        let stamps: Vec<Option<Stamp>> = found
            .par_iter()
            .with_min_len(64)
            .map(|&(at, _)| stamp_of(&bytes[at..line_end(bytes, at)]))
            .collect();
        let samples = found.into_iter().zip(stamps).map(|((at, lane), stamp)| {
            let place = self.place(part, base, at);
            (lane, Sample { position: base + at as u64, place, stamp })
        });
        let samples = samples.collect();
        self.upto = base + weave.end() as u64;
        samples
    }

    /// What begins at `position` or behind it is looked at anew.
    pub(super) fn back_to(&mut self, position: u64) {
        self.upto = self.upto.min(position);
        self.known = None;
    }

    /// The place of a line, and a mark to count on from.
    fn place(&mut self, part: &Chunk<'_>, base: u64, at: usize) -> Place {
        let known = self.known.and_then(|(seen, place)| {
            let seen = usize::try_from(seen.checked_sub(base)?).ok()?;
            // What lies before a file's first byte says nothing of its lines.
            (part.segment(at).at < seen).then_some((seen, place))
        });
        let place = part.place(at, known.filter(|(seen, _)| *seen <= at));
        self.known = Some((base + at as u64, place));
        place
    }
}

fn stamp_of(line: &[u8]) -> Option<Stamp> {
    read_record(&line[..line.len().min(READ)]).stamp
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |n| at + n + 1)
}

#[cfg(test)]
mod tests;
