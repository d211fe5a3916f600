//! Candidates become events, in order, a batch of them at a time.

use super::settle::{Batch, Untold};
use super::{Claim, Placed, Strand, Stream, line_end};
use crate::event::{
    Assembled, Layout, Reading, Weave, assemble, beginning, begins_alone, stamped_at,
};
use crate::safe::limits;
use crate::source::{Chunk, Place};

/// Lines before a candidate that tell whether the log is one that several services write.
const LAYOUT_LINES: usize = 16;

/// Why no more is gathered.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Gathered {
    /// As many events as are examined together.
    Full,
    /// Every candidate whose event is whole.
    All,
    /// Where the next event begins hangs on what is found in those before it.
    Hanging,
    /// The next candidate has that layout, at that place: many may write the log.
    Layout(Layout, usize),
}

/// Index of the last event of one writer.
fn last_of(writer: u64, placed: &[Placed<'_>]) -> Option<usize> {
    placed.iter().rposition(|placed| placed.writer == writer)
}

impl Stream<'_> {
    /// Gathers events into `batch`; those of `before`, which may be empty, are not told yet either.
    pub(super) fn gather<'c>(
        &mut self,
        part: &Chunk<'c>,
        weave: Option<&'c Weave>,
        before: Untold<'_, 'c>,
        batch: &mut Batch<'c>,
    ) -> Gathered {
        let Untold { placed: before, held: held_before } = before;
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
                } else if let Some(at) = last_of(writer, &batch.placed) {
                    // Whether the event that takes it holds anything is not known yet.
                    batch.held[at].push(candidate);
                    self.waiting.pop_front();
                } else if let Some(at) = last_of(writer, before) {
                    held_before[at].push(candidate);
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
                return Gathered::Layout(layout, at);
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
                        return Gathered::Hanging;
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
                    let event = *event;
                    batch.placed.push(Placed { event, place, lane, writer, candidate });
                    batch.held.push(Vec::new());
                    if batch.placed.len() >= self.together {
                        return Gathered::Full;
                    }
                }
            }
        }
        Gathered::All
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

    /// Lines before `at`, since the source began.
    pub(super) fn lines_before(&self, part: &Chunk<'_>, at: usize) -> u64 {
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
