//! The first look at a part: candidates, newlines, who wrote what, and samples.

use rayon::prelude::*;

use super::{START_LINES, Stream};
use crate::analyze::sample::{self, Seen};
use crate::analyze::starts::Starts;
use crate::detect::Candidate;
use crate::event::{Heard, Weave, read_record};
use crate::source::Chunk;

/// How much one core searches at a time: small enough to stay in its cache while newlines are counted.
const PIECE: usize = 512 << 10;

/// Lanes whose starts are looked for.
const BANNERS: usize = 8;

/// What was found in one piece of a part.
struct Piece {
    bounds: (usize, usize),
    candidates: Vec<Candidate>,
    newlines: u64,
    samples: Vec<Seen>,
    heard: Option<Heard>,
}

impl Stream<'_> {
    /// Looks for candidates among the new lines, and listens who wrote them. Comes back with the newlines
    /// behind `kept`.
    pub(super) fn search(&mut self, part: &Chunk<'_>, kept: usize) -> u64 {
        let bytes = part.bytes;
        let unsearched = self.in_part(self.searched);
        let unheard = self.weave.as_ref().map_or(bytes.len(), Weave::end);
        let from = unsearched.min(unheard).min(kept);
        let mut pieces = Vec::with_capacity(bytes.len() / PIECE + 4);
        let mut start = from;
        while start < bytes.len() {
            let mut end = (start + PIECE).min(bytes.len());
            // A piece ends where something else is to be done with what follows.
            for border in [kept, unsearched, unheard] {
                if start < border && border < end {
                    end = border;
                }
            }
            end = memchr::memchr(b'\n', &bytes[end - 1..]).map_or(bytes.len(), |n| end + n);
            pieces.push((start, end));
            start = end;
        }
        let (weave, lanes, matcher, base) = (&self.weave, &self.lanes, self.matcher, self.base);
        let learnt = &self.learnt;
        let search = |&(start, end): &(usize, usize)| {
            // Newlines are counted first: the search, which would wait for every line, then finds the text in the cache.
            let (samples, newlines) = if weave.is_none() && start >= unsearched {
                sample::look(bytes, base, start, end, learnt)
            } else if start >= kept {
                (Vec::new(), memchr::memchr_iter(b'\n', &bytes[start..end]).count() as u64)
            } else {
                (Vec::new(), 0)
            };
            let mut candidates = Vec::new();
            if start >= unsearched {
                matcher.candidates(bytes, start, end, &mut candidates);
                for starts in lanes.iter().filter_map(|lane| lane.starts.as_ref()) {
                    starts.candidates(bytes, base, (start, end), &mut candidates);
                }
            }
            let heard = weave.as_ref().filter(|weave| start >= unheard && !weave.has_entries());
            let heard = heard.map(|weave| weave.listen(bytes, start, end));
            Piece { bounds: (start, end), candidates, newlines, samples, heard }
        };
        let mut found: Vec<Piece> = if pieces.len() > 1 {
            pieces.par_iter().map(search).collect()
        } else {
            pieces.iter().map(search).collect()
        };
        if self.searched == 0 {
            self.add_cut_head(bytes, found.first());
        }
        let mut newlines = 0;
        for piece in &found {
            if piece.bounds.0 >= kept {
                newlines += piece.newlines;
            }
            self.waiting.extend(piece.candidates.iter().map(|found| base + found.at as u64));
            if let (Some(weave), Some(heard)) = (&mut self.weave, &piece.heard) {
                weave.take_in(heard);
            }
        }
        self.searched = self.base + bytes.len() as u64;
        if let Some(weave) = &mut self.weave {
            if weave.has_entries() {
                weave.take_in_entries(bytes, part.last);
            }
            weave.index();
        }
        let lanes = self.weave.as_ref().map_or(0, Weave::lanes);
        for _ in self.lanes.len()..lanes {
            self.add_lane();
        }
        self.look_at_formats(bytes, unheard);
        self.sample(part, unsearched, &mut found);
        newlines
    }

    /// Takes the samples of a part, whose pieces behind `unsearched` were looked at for the first time.
    fn sample(&mut self, part: &Chunk<'_>, unsearched: usize, found: &mut [Piece]) {
        let samples = match &self.weave {
            Some(weave) => self.sampler.take_lanes(part, self.base, weave, &self.learnt),
            None => {
                let new = found.iter_mut().filter(|piece| piece.bounds.0 >= unsearched);
                let new = new.map(|piece| (piece.bounds, piece.newlines, &mut piece.samples));
                let samples = self.sampler.take_in(part, self.base, new);
                samples.into_iter().map(|sample| (0, sample)).collect()
            }
        };
        for (lane, mut sample) in samples {
            if sample.position < sample::EVERY_LINE {
                let at = self.in_part(sample.position);
                let line = &part.bytes[part.line(at)];
                self.learnt.learn(line, sample.read.stamp.is_some());
            }
            if let Some(zone) = &self.zone {
                sample.read.stamp = sample.read.stamp.map(|stamp| stamp.with_zone(zone));
            }
            self.lanes[lane].samples.push_back(sample);
        }
    }

    /// A log may begin inside a traceback, whose head is then no candidate.
    fn add_cut_head(&mut self, bytes: &[u8], first: Option<&Piece>) {
        let end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |n| n + 1);
        let known = first.and_then(|piece| piece.candidates.first());
        let is_known = known.is_some_and(|candidate| candidate.at == 0);
        if end > 0
            && !is_known
            && crate::traceback::looks_inside(&read_record(&bytes[..end]).message)
        {
            self.waiting.push_back(self.base);
        }
    }

    /// The format of each lane, by its first lines.
    fn look_at_formats(&mut self, bytes: &[u8], unheard: usize) {
        let Some(weave) = &self.weave else { return };
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            if lane.is_unread() {
                let stretches = weave.stretches_of(index, unheard, bytes.len());
                lane.look_at(
                    stretches.flat_map(|(start, end)| {
                        bytes[start..end].split_inclusive(|&b| b == b'\n')
                    }),
                );
            }
        }
    }

    /// What a start looks like in each of the lanes with which the log begins.
    pub(super) fn look_at_lanes(&mut self, part: &Chunk<'_>) {
        let Some(weave) = &self.weave else { return };
        let ends = memchr::memchr_iter(b'\n', part.bytes).take(START_LINES);
        let end = ends.last().map_or(part.bytes.len(), |newline| newline + 1);
        let (base, mut hits) = (self.base, Vec::new());
        for (index, lane) in self.lanes.iter_mut().enumerate().take(BANNERS) {
            let mut own = Vec::new();
            for (start, end) in weave.stretches_of(index, 0, end) {
                own.extend_from_slice(&part.bytes[start..end]);
            }
            lane.starts = Starts::learn_service(&own);
            if let Some(starts) = &lane.starts {
                starts.candidates(part.bytes, base, (0, part.bytes.len()), &mut hits);
            }
        }
        if !hits.is_empty() {
            let found = hits.into_iter().map(|candidate| base + candidate.at as u64);
            let mut all: Vec<u64> = self.waiting.drain(..).chain(found).collect();
            all.sort_unstable();
            all.dedup();
            self.waiting = all.into();
        }
    }
}
