//! Proof for events over all cores, then what they come to in the runs, in order.

use std::borrow::Cow;
use std::collections::HashSet;

use rayon::prelude::*;

use super::settle::Batch;
use super::{Claim, Placed, Span, Stream};
use crate::analyze::lanes::Lane;
use crate::detect::Matcher;
use crate::diagnosis::{Finding, lines_before};
use crate::event::{Stamp, Weave};
use crate::rules::MarkKind;
use crate::source::{Chunk, Place, Segment};

/// Events gathered at most before they are examined together.
pub(super) const TOGETHER: usize = 256;

/// What there is in each event of a batch.
pub(super) fn findings(
    matcher: &Matcher<'_>,
    part: &Chunk<'_>,
    placed: &[Placed<'_>],
) -> Vec<Finding> {
    let examine =
        |placed: &Placed<'_>| Finding::examine(matcher, part, &placed.event, placed.place);
    if placed.len() > 4 {
        placed.par_iter().map(examine).collect()
    } else {
        placed.iter().map(examine).collect()
    }
}

impl Stream<'_> {
    /// Tells the runs what was found in a batch of events, in order; `next` were gathered behind it.
    ///
    /// # Errors
    /// Up to an event in which nothing was found, and which held other candidates: the positions of those, and of what
    /// was gathered behind it in the batch as though they were its lines. They have to be gathered anew, as has
    /// `next`.
    pub(super) fn tell(
        &mut self,
        part: &Chunk<'_>,
        weave: Option<&Weave>,
        batch: &Batch<'_>,
        findings: Vec<Finding>,
        next: &[Placed<'_>],
    ) -> Result<(), Vec<u64>> {
        if batch.placed.is_empty() {
            return Ok(());
        }
        let mut anew = Vec::new();
        for (index, (placed, mut finding)) in batch.placed.iter().zip(findings).enumerate() {
            let start = placed.event.start();
            let starts = self.lanes[placed.lane].starts.as_ref();
            let starts = starts.is_some_and(|starts| starts.is_start(part.bytes, start));
            let strand = self.strands.entry(placed.writer).or_default();
            if finding.is_nothing() && !starts {
                // A candidate in vain: its lines are lines like all others.
                strand.vain = Some(self.base + start as u64);
                if batch.held[index].is_empty() {
                    continue;
                }
                anew.extend(&batch.held[index]);
                self.placed = Some((self.base + start as u64, placed.place));
                anew.extend(batch.placed[index + 1..].iter().map(|behind| behind.candidate));
                anew.extend(batch.held[index + 1..].iter().flatten());
                break;
            }
            strand.proved = Claim::new(&placed.event, self.base);
            if let Some(zone) = &self.zone {
                finding.stamp = finding.stamp.map(|stamp| stamp.with_zone(zone));
            }
            let mut concerned = self.concerned(part, weave, placed, &finding);
            let last = if self.news.is_none() { concerned.pop() } else { None };
            for index in concerned {
                let told = Cow::Borrowed(&finding);
                let incident = self.tell_lane(part, weave, (index, start), starts, told);
                if let Some(incident) = incident
                    && self.news.is_some()
                {
                    self.hear(part, weave, placed, &finding, (index, incident));
                }
            }
            if let Some(index) = last {
                self.tell_lane(part, weave, (index, start), starts, Cow::Owned(finding));
            }
            let weave = weave.map(|weave| (weave, placed.lane));
            self.lanes[placed.lane].pass(part, self.base, weave, placed.event.resume);
        }
        if !anew.is_empty() {
            self.step_back(batch.placed.iter().map(|placed| placed.writer));
            return Err(anew);
        }
        // Of those who have written more, more is taken, as far as is known.
        let ahead: HashSet<u64> = next.iter().map(|placed| placed.writer).collect();
        let writers = batch.placed.iter().map(|placed| placed.writer);
        self.step_back(writers.filter(|writer| !ahead.contains(writer)));
        self.together = TOGETHER.min(2 * self.together);
        Ok(())
    }

    /// Tells the runs of a lane of a finding that begins at `start`, and of the lines before it. Comes
    /// back with its incident, or `None` where it does not count.
    fn tell_lane(
        &mut self,
        part: &Chunk<'_>,
        weave: Option<&Weave>,
        (index, start): (usize, usize),
        starts: bool,
        finding: Cow<'_, Finding>,
    ) -> Option<Option<usize>> {
        self.feed_with(part, weave, index, start);
        let lane = &mut self.lanes[index];
        if starts {
            lane.runs.start(&finding);
        }
        let counts = counts(&self.span, lane, finding.stamp.as_ref());
        let incident = counts.then(|| lane.runs.finding(finding.into_owned()));
        keep_context(part, lane, self.context);
        incident
    }

    /// The lanes that a finding concerns: its own; where a supervisor or the system speaks, that of the
    /// service it names, by name or process; all, where it speaks of a stop and names none.
    fn concerned(
        &self,
        part: &Chunk<'_>,
        weave: Option<&Weave>,
        placed: &Placed<'_>,
        finding: &Finding,
    ) -> Vec<usize> {
        let own = vec![placed.lane];
        let Some(weave) = weave.filter(|weave| weave.rest_lane() == Some(placed.lane)) else {
            return own;
        };
        if let Some(lane) = weave.named_in(&finding.message) {
            return vec![lane];
        }
        let pid = finding.matched.as_ref().and_then(|matched| matched.captures.get("pid"));
        if let Some(lane) =
            pid.and_then(|pid| weave.lane_of_process(part.bytes, placed.event.start(), pid))
        {
            return vec![lane];
        }
        let is_stop = |&mark: &usize| {
            matches!(self.matcher.rules.marks[mark].kind, MarkKind::StopRequest | MarkKind::Goodbye)
        };
        if finding.matched.is_none() && finding.marks.iter().any(is_stop) {
            return (0..self.lanes.len()).collect();
        }
        own
    }

    /// Tells the runs of a lane of its lines up to `to`.
    pub(super) fn feed(&mut self, part: &Chunk<'_>, index: usize, to: usize) {
        let weave = self.weave.take();
        self.feed_with(part, weave.as_ref(), index, to);
        self.weave = weave;
    }

    fn feed_with(&mut self, part: &Chunk<'_>, weave: Option<&Weave>, index: usize, to: usize) {
        let weave = weave.map(|weave| (weave, index));
        let borders = self.sampler.borders(self.base);
        self.lanes[index].feed(part, self.base, weave, borders, to);
    }
}

/// Whether an event counts that happened at `stamp`.
fn counts(span: &Span, lane: &mut Lane<'_>, stamp: Option<&Stamp>) -> bool {
    if span.since.is_none() && span.until.is_none() {
        return true;
    }
    // An event without a time of its own happened when the record before it did.
    let Some(stamp) = stamp.or(lane.runs.last_stamp()) else { return true };
    span.since.is_none_or(|since| stamp.civil >= since)
        && span.until.is_none_or(|until| stamp.civil <= until)
}

/// Keeps the lines before incidents that are new.
fn keep_context(part: &Chunk<'_>, lane: &mut Lane<'_>, context: usize) {
    for index in std::mem::take(&mut lane.runs.incidents.fresh) {
        let first = lane.runs.incidents.first(index);
        if context > 0
            && let Some(at) = offset_of(part, first)
        {
            let lines = lines_before(part, at, first, context);
            lane.runs.incidents.set_context(index, lines);
        }
    }
}

/// Where in a chunk a place is, if it is.
fn offset_of(chunk: &Chunk<'_>, place: Place) -> Option<usize> {
    let is_its = |segment: &&Segment| segment.file == place.file && segment.offset <= place.byte;
    let segment = chunk.segments.iter().rev().find(is_its)?;
    let at = segment.at + usize::try_from(place.byte - segment.offset).ok()?;
    (at < chunk.bytes.len() && chunk.segment(at) == *segment).then_some(at)
}
