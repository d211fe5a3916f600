//! Candidates become events, in order, as soon as they are whole.

use std::collections::HashMap;

use super::examine::Examined;
use super::{Claim, Placed, Strand, Stream, line_end};
use crate::event::{Assembled, Layout, Reading, Weave, assemble, beginning, begins_alone, stamped_at};
use crate::safe::limits;
use crate::source::{Chunk, Place};

/// Lines before a candidate that tell whether the log is one that several services write.
const LAYOUT_LINES: usize = 16;

/// The last event in a batch of one writer.
fn last_of<'b, 'c>(writer: u64, batch: &'b mut [Placed<'c>]) -> Option<&'b mut Placed<'c>> {
    batch.iter_mut().rev().find(|placed| placed.writer == writer)
}

impl Stream<'_> {
    /// Events of the candidates, in order, up to the first that is not whole yet. Comes back with how far
    /// the runs of each lane may be told of the part's lines.
    pub(super) fn settle(&mut self, part: &Chunk<'_>) -> Vec<usize> {
        // Taken out so that events may borrow it while findings are added.
        let weave = self.weave.take();
        let mut batch: Vec<Placed<'_>> = Vec::new();
        loop {
            if let Some(at) = self.gather(part, weave.as_ref(), &mut batch) {
                return vec![at];
            }
            if self.examine(part, weave.as_ref(), &mut batch) == Examined::All {
                break;
            }
        }
        drop(batch);
        self.weave = weave;
        self.open_lines(part)
    }

    /// Gathers events, and has full batches of them examined, up to a candidate whose event is not whole yet.
    /// Comes back with where the log turned out to be one of many writers, if it did.
    fn gather<'c>(
        &mut self,
        part: &Chunk<'c>,
        weave: Option<&'c Weave>,
        batch: &mut Vec<Placed<'c>>,
    ) -> Option<usize> {
        while let Some(&candidate) = self.waiting.front() {
            let at = self.in_part(candidate);
            let Some(at) = (match weave {
                // An entry is not whole yet.
                Some(weave) if at >= weave.end() && !part.last => break,
                Some(weave) => weave.spoken_in(at, line_end(part.bytes, at)),
                None => Some(at),
            }) else {
                self.waiting.pop_front();
                continue;
            };
            let position = self.base + at as u64;
            let writer = weave.map_or(0, |weave| weave.strand_at(at));
            let strand = self.strands.entry(writer).or_default();
            let Strand { proved, ahead, .. } = strand;
            if ahead.holds(position) {
                if proved.holds(position) {
                    self.waiting.pop_front();
                } else if let Some(holder) = last_of(writer, batch) {
                    // Whether the event that takes it holds anything is not known yet.
                    holder.held.push(candidate);
                    self.waiting.pop_front();
                } else {
                    ahead.clone_from(proved);
                }
                continue;
            }
            let (proved, ahead) = (proved.floor, ahead.floor);
            let (proved, floor) = (self.in_part(proved), self.in_part(ahead));
            if weave.is_none()
                && let Some(layout) = self.layout_at(part, at)
            {
                if self.examine(part, None, batch) != Examined::All {
                    self.tries += 1;
                    continue;
                }
                let lines = self.lines_before(part, at);
                let position = self.base + at as u64;
                self.weave = Some(Weave::new(layout, at, lines, position));
                self.again = true;
                // Whose lines the rest are is not known yet.
                self.sampler.back_to(position);
                self.lanes[0].samples.retain(|sample| sample.position < position);
                return Some(at);
            }
            let lane = weave.map_or(0, |weave| weave.lane_at(at));
            let starts = self.lanes.get(lane).and_then(|lane| lane.starts.as_ref());
            if !part.last && starts.is_some_and(|starts| starts.waits(part.bytes, at)) {
                break;
            }
            let speaks = |line: &str| self.matcher.speaks(line);
            if self.stamped.is_none() && weave.is_none() {
                self.stamped = stamped_at(part.bytes, at);
            }
            let reading = Reading { weave, stamped: self.stamped };
            match assemble(part, reading, at, floor, &speaks) {
                Assembled::More { .. } => break,
                Assembled::Event(event) => {
                    let start = event.start();
                    let is_one_record = event.head.begins && event.lines.len() == 1 && start == at;
                    if proved < floor
                        && !is_one_record
                        && !begins_alone(part, reading, &event, at, proved)
                        && beginning(part, reading, at, proved) != start
                    {
                        // It would begin earlier, had nothing been found in the event before it.
                        self.examine(part, weave, batch);
                        continue;
                    }
                    self.waiting.pop_front();
                    let claim = Claim::new(&event, self.base);
                    let position = self.base + start as u64;
                    let strand = self.strands.entry(writer).or_default();
                    if strand.vain == Some(position) {
                        // Another line of an event in which nothing was found.
                        continue;
                    }
                    strand.ahead = claim;
                    let lane = weave.map_or(0, |weave| weave.lane_at(start));
                    let place = self.place(part, start);
                    let held = Vec::new();
                    let event = *event;
                    batch.push(Placed { event, place, lane, writer, candidate, held });
                    if batch.len() >= self.together {
                        self.examine(part, weave, batch);
                    }
                }
            }
        }
        None
    }

    /// The place of an event, and a mark to count on from.
    fn place(&mut self, part: &Chunk<'_>, at: usize) -> Place {
        let known = self.placed.and_then(|(seen, place)| {
            Some((usize::try_from(seen.checked_sub(self.base)?).ok()?, place))
        });
        let place = part.place(at, known);
        self.placed = Some((self.base + at as u64, place));
        place
    }

    /// Up to where the lines of each lane cannot become part of an event that a later line shows.
    fn open_lines(&self, part: &Chunk<'_>) -> Vec<usize> {
        let bytes = part.bytes;
        let pending = self.pending(bytes.len());
        let least = bytes.len().saturating_sub(limits::LOOK_BACK);
        let mut open = vec![pending; self.lanes.len()];
        let mut seen: HashMap<u64, usize> = HashMap::new();
        let whole = std::iter::once((0, bytes.len(), 0, 0));
        let stretches: Box<dyn Iterator<Item = (usize, usize, u64, usize)>> = match &self.weave {
            None => Box::new(whole),
            Some(weave) => Box::new(weave.last_stretches()),
        };
        for (start, end, strand, lane) in stretches {
            if end <= least {
                break;
            }
            let seen = seen.entry(strand).or_default();
            let mut at = end;
            while at > start.max(least) && *seen < limits::OPEN_LINES {
                at = memchr::memrchr(b'\n', &bytes[start..at - 1]).map_or(start, |n| start + n + 1);
                *seen += 1;
            }
            if let Some(open) = open.get_mut(lane) {
                *open = at.min(*open);
            }
        }
        open
    }

    /// Lines before `at`, since the source began.
    fn lines_before(&self, part: &Chunk<'_>, at: usize) -> u64 {
        let behind = memchr::memchr_iter(b'\n', &part.bytes[at..]).count() as u64;
        self.newlines.saturating_sub(behind)
    }

    /// The layout that the lines before a candidate have in common with it, where they say who wrote them.
    fn layout_at(&mut self, part: &Chunk<'_>, at: usize) -> Option<Layout> {
        if self.tries == 0 {
            return None;
        }
        self.tries -= 1;
        let end = memchr::memchr(b'\n', &part.bytes[at..]).map_or(part.bytes.len(), |n| at + n + 1);
        if !Layout::is_likely(&part.bytes[at..end]) {
            return None;
        }
        let least = at.saturating_sub(limits::LOOK_BACK);
        let mut start = at;
        for _ in 0..LAYOUT_LINES {
            if start <= least {
                break;
            }
            let before = memchr::memrchr(b'\n', &part.bytes[least..start - 1]);
            start = before.map_or(least, |n| least + n + 1);
        }
        Layout::of(part.bytes[start..end].split_inclusive(|&b| b == b'\n'))
    }
}
