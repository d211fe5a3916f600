//! Samples: lines that are looked at whatever they say, so that the times and numbers of a log tell what
//! none of its lines says.
//!
//! Where a line begins in its source decides whether it is one, and nothing else: every line that begins in
//! the first [`EVERY_LINE`] bytes, and behind that the first that begins in each block of [`NEAR_BLOCK`] bytes up
//! to [`NEAR_LINES`], and of [`BLOCK`] bytes from there. In a log that several services write, the first of each
//! service. So the samples are the same on every way
//! to the bytes and on any number of threads.

mod between;
mod learnt;

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::diagnosis::Said;
use crate::event::{Stamp, Weave, read_record};
use crate::source::{Chunk, Place};

pub(super) use between::Between;
pub(super) use learnt::Learnt;

use learnt::TELLERS;

/// Every line that begins before this position is a sample: a log of this size is a few thousand lines, and
/// what a bot does shows in them. A multiple of [`BLOCK`].
pub(super) const EVERY_LINE: u64 = 256 << 10;

/// Behind that, one line is looked at in so many bytes up to this position: a day of a bot's log mostly ends
/// before it, and of what stands still in its last hours there may be no more than a few KiB.
pub(super) const NEAR_BLOCK: u64 = 4 << 10;
pub(super) const NEAR_LINES: u64 = 4 << 20;

/// And behind that, one line in so many bytes: a reading of a line costs about what a search through
/// a thousand does, and this is three hundred lines.
pub(super) const BLOCK: u64 = 32 << 10;

/// Behind this position it is asked only in one of [`SPARSE`] blocks of [`BLOCK`] bytes what a sample says: that
/// costs more than to read its time.
const SAYING: u64 = 4 << 20;
const SPARSE: u64 = 4;

/// What lies between two samples is gone through line by line only where they are at most this far apart.
pub(super) const REACH: usize = 2 * BLOCK as usize;

/// A line that prints what the process holds (see [`diagnosis::telling`]) is looked for as well, by what the
/// first of its kind looks like: the first in each so many bytes, at the start of a log and behind that.
/// Where such lines are frequent little is searched for one.
const TELLING: u64 = 16 << 10;
const TELLING_LATER: u64 = 256 << 10;

/// Behind this position they are looked for in the larger blocks: at the start a log of a few megabytes,
/// which is a bot's day, should show its trend.
const LATER: u64 = 16 << 20;

/// So much of a line is read. A JSON record that is longer has no time then.
const READ: usize = 16 << 10;

/// A longer line is looked at where it stands.
const SHORT: usize = 1 << 10;

/// So many lines at least are read together on one core.
const MANY: usize = 64;

/// A sample found in a piece of a part.
#[derive(Debug)]
pub(super) struct Seen {
    at: usize,
    /// Newlines of the piece before it.
    lines: u64,
    read: Reading,
    /// It is the first line of its block.
    is_first: bool,
    /// Which tellers it holds, the first of its block and piece: a bit each.
    tells: u8,
}

/// What was read of a line.
#[derive(Debug, Clone, Default)]
pub(super) struct Reading {
    /// Its time, where it has one.
    pub(super) stamp: Option<Stamp>,
    /// What it says, where that is asked.
    pub(super) said: Option<Said>,
    /// The line itself, where it is short: samples lie far apart, and when they are told they are in no cache any more.
    pub(super) line: Option<Box<[u8]>>,
}

impl Reading {
    /// Reads a line; what it says where that `is_asked`.
    fn of(line: &[u8], is_asked: bool, learnt: &Learnt) -> Reading {
        let kept = (line.len() <= SHORT).then(|| Box::from(line));
        let line = &line[..line.len().min(READ)];
        if !is_asked && let Some(stamp) = learnt.stamp(line) {
            return Reading { stamp: Some(stamp), said: None, line: kept };
        }
        let record = read_record(line);
        let said = is_asked.then(|| Said::of(line, &record));
        Reading { stamp: record.stamp, said, line: kept }
    }
}

/// A line that is a sample.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    /// Where it begins in the source.
    pub(super) position: u64,
    /// Where it begins in its file.
    pub(super) place: Place,
    /// What was read of it.
    pub(super) read: Reading,
    /// It is looked at whatever it says; else only for what it says.
    pub(super) is_first: bool,
    /// It was looked for because it prints what the process holds.
    pub(super) tells: bool,
}

/// Where the block begins in which tellers are looked for at `position`, and how long it is.
fn block_of(position: u64) -> (u64, u64) {
    let length = if position < LATER { TELLING } else { TELLING_LATER };
    (position - position % length, length)
}

/// What is remembered from part to part.
#[derive(Debug, Clone, Default)]
pub(super) struct Sampler {
    /// Position up to which samples have been taken.
    upto: u64,
    /// A known place, to count lines from.
    known: Option<(u64, Place)>,
    /// The places at which the pieces of the part at hand begin, by position.
    borders: Vec<(u64, Place)>,
    /// Where the block of the last sample of each lane begins.
    blocks: Vec<Option<u64>>,
    /// The block of the last line that each teller found.
    told: [Option<u64>; TELLERS],
}

/// Known places in a part, in order.
#[derive(Clone, Copy, Default)]
pub(super) struct Borders<'s> {
    /// Where the part begins.
    base: u64,
    places: &'s [(u64, Place)],
}

impl Borders<'_> {
    /// The last of those that do not lie behind `at`, with where it lies in the part.
    pub(super) fn before(&self, at: usize) -> Option<(usize, Place)> {
        let position = self.base + at as u64;
        let behind = self.places.partition_point(|(border, _)| *border <= position);
        let (border, place) = self.places[behind.checked_sub(1)?];
        Some((usize::try_from(border.checked_sub(self.base)?).ok()?, place))
    }
}

/// Looks for the samples among the lines of `bytes[start..end]`, where `bytes` begins at position `base` and
/// shows at least a block before `start`. Comes back with them, and with the newlines of that stretch.
pub(super) fn look(
    bytes: &[u8],
    base: u64,
    start: usize,
    end: usize,
    learnt: &Learnt,
) -> (Vec<Seen>, u64) {
    // Newlines first: that goes through the text as fast as it comes from memory, and leaves it in the cache.
    let counted = Counted::of(bytes, base, start, end);
    let mut found: BTreeMap<usize, (bool, u8)> = BTreeMap::new();
    let mut from = start;
    while let Some(at) = next(bytes, base, from, end) {
        from = line_end(bytes, at).min(end);
        found.insert(at, (true, 0));
    }
    if base + start as u64 >= EVERY_LINE {
        for (at, bit) in learnt.tellers_in(bytes, base, start, end) {
            found.entry(at).or_default().1 |= bit;
        }
    }
    let mut known = (start, 0);
    let mut seen = Vec::with_capacity(found.len());
    for (at, (is_first, tells)) in found {
        let lines = counted.before(bytes, at, known);
        known = (at, lines);
        let is_asked = tells != 0 || is_asked(base + at as u64);
        let read = Reading::of(&bytes[at..line_end(bytes, at).min(end)], is_asked, learnt);
        seen.push(Seen { at, lines, read, is_first, tells });
    }
    (seen, counted.all())
}

/// The newlines of a stretch, counted block by block.
struct Counted {
    /// Where the stretch begins in its bytes.
    start: usize,
    /// Where in the bytes the block ends in which it begins.
    first: usize,
    /// Those before the end of each block of [`BLOCK`] bytes.
    upto: Vec<u64>,
}

impl Counted {
    /// Counts those of `bytes[start..end]`, where `bytes` begins at position `base`.
    fn of(bytes: &[u8], base: u64, start: usize, end: usize) -> Counted {
        let into = ((base + start as u64) % BLOCK) as usize;
        let first = start + BLOCK as usize - into;
        let (head, rest) = bytes[start..end].split_at(end.min(first) - start);
        let mut upto = Vec::with_capacity(rest.len() / BLOCK as usize + 2);
        let mut sum = 0;
        for block in std::iter::once(head).chain(rest.chunks(BLOCK as usize)) {
            sum += newlines(block);
            upto.push(sum);
        }
        Counted { start, first, upto }
    }

    /// Those before `at`, where it is `known` how many there are before a place that does not lie behind it.
    fn before(&self, bytes: &[u8], at: usize, known: (usize, u64)) -> u64 {
        let block = match at.checked_sub(self.first) {
            Some(behind) => {
                let block = behind / BLOCK as usize;
                (self.first + block * BLOCK as usize, self.upto[block])
            }
            None => (self.start, 0),
        };
        let (from, lines) = known.max(block);
        lines + newlines(&bytes[from..at])
    }

    fn all(&self) -> u64 {
        self.upto.last().copied().unwrap_or(0)
    }
}

/// Where the block begins that a position lies in, and how long it is.
fn sampled_in(position: u64) -> (u64, u64) {
    let length = if position < NEAR_LINES { NEAR_BLOCK } else { BLOCK };
    (position - position % length, length)
}

/// Whether it is asked of a sample at `position` what it says.
fn is_asked(position: u64) -> bool {
    position < SAYING || (position / BLOCK).is_multiple_of(SPARSE)
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
    let (begin, length) = sampled_in(position);
    let in_bytes = |position: u64| usize::try_from(position.saturating_sub(base)).unwrap_or(end);
    // A line begins behind a newline, so what tells that one begins at the block's start is the byte before.
    let before = in_bytes(begin).saturating_sub(1);
    if begin == position || memchr::memchr(b'\n', &bytes[before..from - 1]).is_none() {
        return Some(from);
    }
    let before = in_bytes(begin + length).saturating_sub(1);
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
        self.borders.clear();
        for ((start, end), lines, seen) in pieces {
            let first = self.place(part, base, start);
            self.borders.push((base + start as u64, first));
            let counted = |at: usize, lines: u64| {
                let segment = part.segment(at);
                // Where another file begins inside the piece, its lines are counted from there.
                if segment.at > start {
                    return part.place(at, None);
                }
                let byte = first.byte + (at - start) as u64;
                Place { byte, line: first.line + lines, ..first }
            };
            for Seen { at, lines, mut read, is_first, tells } in seen.drain(..) {
                let position = base + at as u64;
                // Another piece may have shown the first of the block.
                let mut is_telling = false;
                for (bit, told) in self.told.iter_mut().enumerate() {
                    let block = Some(block_of(position).0);
                    if tells & 1 << bit != 0 && *told != block {
                        (*told, is_telling) = (block, true);
                    }
                }
                if is_first || is_telling {
                    let place = counted(at, lines);
                    if !is_telling && !is_asked(position) {
                        read.said = None;
                    }
                    samples.push(Sample { position, place, read, is_first, tells: is_telling });
                }
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
        learnt: &Learnt,
    ) -> Vec<(usize, Sample)> {
        let bytes = part.bytes;
        let from = usize::try_from(self.upto.saturating_sub(base)).unwrap_or(usize::MAX);
        self.borders.clear();
        let mut found = Vec::new();
        self.blocks.resize(weave.lanes().max(self.blocks.len()), None);
        for lane in 0..weave.lanes() {
            let last = &mut self.blocks[lane];
            for (start, end) in weave.stretches_of(lane, from, weave.end()) {
                let mut at = start;
                while at < end {
                    let position = base + at as u64;
                    let (block, length) = sampled_in(position);
                    let next = if position < EVERY_LINE {
                        *last = Some(block);
                        found.push((at, lane));
                        Some(line_end(bytes, at))
                    } else if *last == Some(block) {
                        // The first line behind the end of the block.
                        let before = usize::try_from(block + length - 1 - base);
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
        let read = found.par_iter().with_min_len(MANY).map(|&(at, _)| {
            Reading::of(&bytes[at..line_end(bytes, at)], is_asked(base + at as u64), learnt)
        });
        let read: Vec<Reading> = read.collect();
        let samples = found.into_iter().zip(read).map(|((at, lane), read)| {
            let place = self.place(part, base, at);
            let position = base + at as u64;
            (lane, Sample { position, place, read, is_first: true, tells: false })
        });
        let samples = samples.collect();
        self.upto = base + weave.end() as u64;
        samples
    }

    /// Places from which lines can be counted in the part at hand, which begins at `base`.
    pub(super) fn borders(&self, base: u64) -> Borders<'_> {
        Borders { base, places: &self.borders }
    }

    /// What begins at `position` or behind it is looked at anew.
    pub(super) fn back_to(&mut self, position: u64) {
        self.upto = self.upto.min(position);
        self.told = [None; TELLERS];
        self.known = None;
        self.borders.retain(|(border, _)| *border <= position);
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

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |n| at + n + 1)
}

#[cfg(test)]
mod tests;
