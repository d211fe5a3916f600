//! The lines between two samples, which are read only when they are asked for.

use std::ops::Range;

use jiff::tz::TimeZone;

use super::READ;
use crate::diagnosis::{self, Stretch};
use crate::event::{Alike, Stamp, Weave, read_record};
use crate::source::{Chunk, Place};

/// What lies between two samples of one lane.
pub(in crate::analyze) struct Between<'c> {
    chunk: &'c Chunk<'c>,
    /// The sample that it begins with, to count lines from.
    first: (usize, Place),
    lines: Vec<Range<usize>>,
    /// How the first of them begins.
    head: Option<Alike>,
    zone: Option<TimeZone>,
}

impl<'c> Between<'c> {
    /// The lines of `chunk` from the sample `first` to the one at `end`. `weave` and its lane tell which of them count;
    /// `zone` is where the log's times are from.
    pub(in crate::analyze) fn new(
        chunk: &'c Chunk<'c>,
        weave: Option<(&Weave, usize)>,
        first: (usize, Place),
        end: usize,
        zone: Option<TimeZone>,
    ) -> Between<'c> {
        let mut lines = Vec::new();
        let mut add = |(mut start, end): (usize, usize)| {
            let newlines = memchr::memchr_iter(b'\n', &chunk.bytes[start..end]);
            let base = start;
            for newline in newlines {
                lines.push(start..base + newline + 1);
                start = base + newline + 1;
            }
            if start < end {
                lines.push(start..end);
            }
        };
        match weave {
            Some((weave, lane)) => weave.stretches_of(lane, first.0, end).for_each(add),
            None => add((first.0, end)),
        }
        let head = lines.first().and_then(|line| {
            let line = &chunk.bytes[line.start..line.end.min(line.start + READ)];
            Alike::of(line, &read_record(line))
        });
        Between { chunk, first, lines, head, zone }
    }
}

impl<'c> Stretch<'c> for Between<'c> {
    fn count(&self) -> usize {
        self.lines.len()
    }

    fn stamp(&self, at: usize) -> Option<Stamp> {
        let line = &self.chunk.bytes[self.lines[at].clone()];
        let alike = self.head.as_ref().and_then(|head| head.stamp(line));
        let stamp = alike.or_else(|| read_record(&line[..line.len().min(READ)]).stamp)?;
        Some(match &self.zone {
            Some(zone) => stamp.with_zone(zone),
            None => stamp,
        })
    }

    fn sample(&self, at: usize) -> diagnosis::Sample<'c> {
        let line = self.lines[at].clone();
        diagnosis::Sample {
            place: self.chunk.place(line.start, Some(self.first)),
            stamp: self.stamp(at),
            line: &self.chunk.bytes[line],
            skipped: false,
            is_first: true,
            tells: false,
            said: None,
        }
    }
}
