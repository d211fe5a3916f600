//! Events as soon as they are whole: gathered, examined and told, in batches. While one batch is examined on all
//! cores, the one before it is told and the next one is gathered, which have to be in order.

use std::collections::HashMap;

use super::examine::{self, TOGETHER};
use super::gather::Gathered;
use super::{Placed, Stream};
use crate::diagnosis::Finding;
use crate::event::{Layout, Weave};
use crate::safe::limits;
use crate::source::Chunk;

/// Events that are examined together.
#[derive(Default)]
pub(super) struct Batch<'c> {
    pub(super) placed: Vec<Placed<'c>>,
    /// For each, positions of candidates that are lines of it: events of their own, should nothing be found in it.
    pub(super) held: Vec<Vec<u64>>,
}

/// Events that were gathered and of which nothing has been told.
pub(super) struct Untold<'b, 'c> {
    pub(super) placed: &'b [Placed<'c>],
    pub(super) held: &'b mut [Vec<u64>],
}

impl Batch<'_> {
    /// Positions of all candidates that led to its events, or are lines of them.
    pub(super) fn candidates(&self) -> impl Iterator<Item = u64> {
        let events = self.placed.iter().map(|placed| placed.candidate);
        events.chain(self.held.iter().flatten().copied())
    }
}

impl Stream<'_> {
    /// Events of the candidates, in order, up to the first that is not whole yet. Comes back with how far
    /// the runs of each lane may be told of the part's lines.
    pub(super) fn settle(&mut self, part: &Chunk<'_>) -> Vec<usize> {
        // Taken out so that events may borrow it while findings are added.
        let weave = self.weave.take();
        if let Some(at) = self.settle_with(part, weave.as_ref()) {
            return vec![at];
        }
        self.weave = weave;
        self.open_lines(part)
    }

    /// Comes back with where the log turned out to be one of many writers, if it did.
    fn settle_with<'c>(&mut self, part: &Chunk<'c>, weave: Option<&'c Weave>) -> Option<usize> {
        // Examined, and nothing of it told; gathered before what is gathered now.
        let mut examined: Option<(Batch<'c>, Vec<Finding>)> = None;
        let mut full: Batch<'c> = Batch::default();
        loop {
            let mut next = Batch::default();
            let Batch { placed, held } = &mut full;
            let (matcher, placed) = (self.matcher, placed.as_slice());
            let untold = Untold { placed, held };
            let in_order = || {
                if let Some((batch, findings)) = examined.take() {
                    self.tell(part, weave, &batch, findings, placed)?;
                }
                Ok(self.gather(part, weave, untold, &mut next))
            };
            let (gathered, findings) = if placed.is_empty() {
                (in_order(), Vec::new())
            } else {
                rayon::join(in_order, || examine::findings(matcher, part, placed))
            };
            let gathered = match gathered {
                Ok(gathered) => gathered,
                Err(anew) => {
                    self.gather_anew(anew, &[&std::mem::take(&mut full)]);
                    continue;
                }
            };
            // Where much is gathered in vain, no batch is gathered before the one ahead of it is told.
            if gathered == Gathered::Full && self.together == TOGETHER {
                examined = Some((std::mem::replace(&mut full, next), findings));
                continue;
            }
            let is_told = self.tell_all(part, weave, (std::mem::take(&mut full), findings), next);
            match gathered {
                Gathered::All if is_told => return None,
                Gathered::Layout(layout, at) if is_told => {
                    self.weave = Some(self.begin_weave(part, layout, at));
                    return Some(at);
                }
                // It is asked for again.
                Gathered::Layout(..) => self.tries += 1,
                _ => {}
            }
        }
    }

    /// Tells of a batch that has been examined, then of one that has not. Comes back with whether they were told to
    /// their end.
    fn tell_all(
        &mut self,
        part: &Chunk<'_>,
        weave: Option<&Weave>,
        (batch, findings): (Batch<'_>, Vec<Finding>),
        next: Batch<'_>,
    ) -> bool {
        if let Err(anew) = self.tell(part, weave, &batch, findings, &next.placed) {
            self.gather_anew(anew, &[&next]);
            return false;
        }
        let findings = examine::findings(self.matcher, part, &next.placed);
        if let Err(anew) = self.tell(part, weave, &next, findings, &[]) {
            self.gather_anew(anew, &[]);
            return false;
        }
        true
    }

    /// The candidates at the positions `anew`, and those of batches that were gathered as though something had been
    /// found in the event before them, wait to be gathered again.
    fn gather_anew(&mut self, mut anew: Vec<u64>, behind: &[&Batch<'_>]) {
        for batch in behind {
            anew.extend(batch.candidates());
            self.step_back(batch.placed.iter().map(|placed| placed.writer));
        }
        anew.sort_unstable();
        for &position in anew.iter().rev() {
            self.waiting.push_front(position);
        }
        // Where that is frequent, little is gathered in vain.
        self.together = 1;
    }

    /// What has been proved is all that the events of these writers take.
    pub(super) fn step_back(&mut self, writers: impl Iterator<Item = u64>) {
        for writer in writers {
            let strand = self.strands.entry(writer).or_default();
            strand.ahead.clone_from(&strand.proved);
        }
    }

    /// From the candidate at `at` on many write the log.
    fn begin_weave(&mut self, part: &Chunk<'_>, layout: Layout, at: usize) -> Weave {
        let lines = self.lines_before(part, at);
        let position = self.base + at as u64;
        self.again = true;
        // Whose lines the rest are is not known yet.
        self.sampler.back_to(position);
        self.lanes[0].samples.retain(|sample| sample.position < position);
        Weave::new(layout, at, lines, position)
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
}
