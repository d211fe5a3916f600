//! One source, chunk by chunk: candidates over all cores, events in order, proof over all cores, then
//! the runs in order. Batch and follow turn the same crank.

mod news;
mod search;

use std::collections::{HashMap, VecDeque};

use rayon::prelude::*;

use crate::detect::Matcher;
use crate::diagnosis::{Finding, Line, TAIL_ITEMS, lines_before};
use crate::event::{
    Assembled, Event, Layout, Reading, Stamp, Weave, assemble, beginning, stamped_at,
};
use crate::rules::MarkKind;
use crate::safe::limits;
use crate::source::{Chunk, Place, Segment};

use super::lanes::{self, Finished, Lane};
use super::sample::{self, Sampler, Tellers};
use super::starts::Starts;

pub(super) use news::{Found, News};

/// Events held at once between the sequential and the parallel steps.
const BATCH: usize = 256;

/// Lines, and bytes, of which one is waited for before the start of a log is judged: what it looks like
/// must not depend on how much of it came at first.
const START_LINES: usize = 64;
const START_BYTES: usize = 64 << 10;

/// Lines of one writer that may still become part of an event that a later line shows.
const OPEN_LINES: usize = 16;

/// Lines before a candidate that tell whether the log is one that several services write.
const LAYOUT_LINES: usize = 16;

/// Candidates that are asked whether they have a service's prefix, in a log that did not begin so.
const LAYOUT_TRIES: usize = 256;

/// Which events count.
#[derive(Debug, Clone, Default)]
pub(super) struct Span {
    /// Not before.
    pub(super) since: Option<jiff::civil::DateTime>,
    /// Not after.
    pub(super) until: Option<jiff::civil::DateTime>,
}

/// What one source comes to, chunk by chunk.
///
/// Positions are counted from the source's first byte, over all its files.
#[derive(Debug, Clone)]
pub(super) struct Stream<'r> {
    matcher: &'r Matcher<'r>,
    zone: Option<jiff::tz::TimeZone>,
    span: Span,
    /// One a service; the first is the whole source as long as there is no second service.
    lanes: Vec<Lane<'r>>,
    /// Whose lines are whose, in a log whose lines say so.
    weave: Option<Weave>,
    /// The layout of the time before every line, where something else put one there.
    stamped: Option<u32>,
    /// Position of the first byte of the part at hand.
    base: u64,
    /// Its length.
    shown: usize,
    /// Position up to which candidates have been looked for.
    searched: u64,
    /// Positions of candidates that are not settled.
    waiting: VecDeque<u64>,
    /// The place of the event assembled last, to count newlines from.
    placed: Option<(u64, Place)>,
    /// Where the last events of each writer ended.
    strands: HashMap<u64, Strand>,
    started: bool,
    sampler: Sampler,
    /// What finds lines that print what the process holds.
    tellers: Tellers,
    /// Newlines up to the end of the part at hand.
    newlines: u64,
    /// Candidates that may still be asked for a layout.
    tries: usize,
    /// The part must be gone through again.
    again: bool,
    /// Lines kept before the first event of each incident.
    pub(super) context: usize,
    /// The last lines of the source, where context is asked for.
    ending: Vec<Line>,
    /// Where someone listens: what was found since this was last taken.
    news: Option<Vec<News>>,
    /// Records that were told on their own: a traceback that is found to continue one is an event of its
    /// own for who listens. (A logger writes both at once.)
    pub(super) apart: Vec<Place>,
}

/// What one writer's last event takes of its lines.
#[derive(Debug, Clone, Default)]
struct Strand {
    /// By the last event in which something was found.
    proved: Claim,
    /// By the last event, in which perhaps nothing is.
    ahead: Claim,
    /// Where the last event began in which nothing was.
    vain: Option<u64>,
}

/// What an event takes of its writer's lines.
#[derive(Debug, Clone, Default, PartialEq)]
struct Claim {
    /// Where the next event may begin.
    floor: u64,
    /// Lines behind that which are part of it.
    lines: Vec<u64>,
}

impl Claim {
    fn new(event: &Event<'_>, base: u64) -> Claim {
        let behind = event.lines.iter().filter(|line| line.at >= event.resume);
        Claim {
            floor: base + event.resume as u64,
            lines: behind.map(|line| base + line.at as u64).collect(),
        }
    }

    fn holds(&self, position: u64) -> bool {
        position < self.floor || self.lines.binary_search(&position).is_ok()
    }

    fn ends_before(&self, position: u64) -> bool {
        self.floor <= position && self.lines.last().is_none_or(|&last| last <= position)
    }
}

/// What a chunk came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pushed {
    /// How many of its last bytes the next chunk must show again.
    pub(super) keep: usize,
    /// Newlines in its new part.
    pub(super) newlines: u64,
}

/// An event with what is known of it before it is examined.
struct Placed<'c> {
    event: Event<'c>,
    place: Place,
    lane: usize,
    writer: u64,
}

impl<'r> Stream<'r> {
    /// Nothing read yet.
    pub(super) fn new(
        matcher: &'r Matcher<'r>,
        zone: Option<jiff::tz::TimeZone>,
        span: Span,
    ) -> Self {
        let mut stream = Stream {
            matcher,
            zone,
            span,
            lanes: Vec::new(),
            weave: None,
            stamped: None,
            base: 0,
            shown: 0,
            searched: 0,
            waiting: VecDeque::new(),
            placed: None,
            strands: HashMap::new(),
            started: false,
            sampler: Sampler::default(),
            tellers: Tellers::default(),
            newlines: 0,
            tries: LAYOUT_TRIES,
            again: false,
            context: 0,
            ending: Vec::new(),
            news: None,
            apart: Vec::new(),
        };
        stream.add_lane();
        stream
    }

    fn add_lane(&mut self) {
        let mut lane = Lane::new(self.matcher, self.lanes.is_empty(), self.base);
        lane.runs.since = self.span.since;
        lane.runs.until = self.span.until;
        lane.runs.zone = self.zone.clone();
        lane.runs.heard = self.news.is_some().then(Vec::new);
        lane.runs.incidents.wholes = self.news.is_some().then(Vec::new);
        self.lanes.push(lane);
    }

    /// The source ends here; `stopped`: the bot is known to be down. Comes back with its lanes: one, or one
    /// a service and perhaps one of what is no service's.
    pub(super) fn finish(self, stopped: bool) -> Vec<Finished<'r>> {
        let Stream { lanes, weave, context, ending, .. } = self;
        let weave = weave.filter(|_| lanes.len() > 1);
        let of_machine = weave.as_ref().is_some_and(Weave::is_machines);
        let finish = |(index, mut lane): (usize, Lane<'r>)| {
            lane.runs.of_machine = of_machine;
            let service = weave.as_ref().and_then(|weave| weave.service(index)).map(str::to_owned);
            let totals = weave.as_ref().map(|weave| weave.totals(index));
            lane.finish(service, totals, stopped, context, &ending)
        };
        let finished = lanes.into_iter().enumerate().map(finish).collect();
        match weave {
            Some(weave) if weave.is_machines() => lanes::fold(finished),
            _ => finished,
        }
    }

    /// The next chunk, of which the first `kept` bytes were in the one before.
    pub(super) fn push(&mut self, chunk: &Chunk<'_>, kept: usize) -> Pushed {
        let len = chunk.bytes.len();
        self.come_to(self.base + (self.shown - kept.min(self.shown)) as u64, kept);
        if !self.started && !chunk.bytes.is_empty() {
            let lines = memchr::memchr_iter(b'\n', &chunk.bytes[..len.min(START_BYTES)]).count();
            if !chunk.last && len < START_BYTES && lines < START_LINES {
                let newlines = memchr::memchr_iter(b'\n', &chunk.bytes[kept..]).count() as u64;
                self.newlines += newlines;
                self.shown = len;
                return Pushed { keep: len, newlines };
            }
            self.started = true;
            self.look_at_start(chunk);
        }
        let start = self.base;
        let (mut from, mut kept, mut newlines, mut known) = (0, kept, 0, None);
        loop {
            let to = self.part_end(chunk, start, from + kept);
            let segments = segments_of(chunk, from, &mut known);
            let part = Chunk {
                bytes: &chunk.bytes[from..to],
                segments: &segments,
                last: chunk.last && to == len,
            };
            let pushed = self.take(&part, kept);
            newlines += pushed.newlines;
            let again = std::mem::take(&mut self.again);
            if to == len && !again {
                return Pushed { keep: pushed.keep, newlines };
            }
            kept = pushed.keep;
            from = to - kept;
            self.come_to(self.base + (part.bytes.len() - kept) as u64, kept);
        }
    }

    /// What follows begins at position `base`, with `kept` bytes that are known.
    fn come_to(&mut self, base: u64, kept: usize) {
        if let Some(weave) = &mut self.weave {
            weave.forget(usize::try_from(base - self.base).unwrap_or(usize::MAX));
        }
        self.strands.retain(|_, strand| !strand.proved.ends_before(base));
        self.base = base;
        self.shown = kept;
    }

    /// How far a part goes whose new bytes begin at `from`, where a chunk begins at position `start`: a log of
    /// many writers is taken apart piece by piece, and what is learnt from the start of a log is known before
    /// the rest is searched.
    fn part_end(&self, chunk: &Chunk<'_>, start: u64, from: usize) -> usize {
        let len = chunk.bytes.len();
        let learnt = usize::try_from(sample::EVERY_LINE.saturating_sub(start)).unwrap_or(len);
        let end = if from < learnt {
            learnt
        } else if self.weave.is_some() {
            from + limits::STRAND_PART
        } else {
            return len;
        };
        if end >= len {
            return len;
        }
        memchr::memchr(b'\n', &chunk.bytes[end - 1..]).map_or(len, |n| end + n)
    }

    /// What the first lines look like: format, writers, and a start of this bot.
    fn look_at_start(&mut self, chunk: &Chunk<'_>) {
        let lines = || chunk.bytes.split_inclusive(|&b| b == b'\n').take(START_LINES);
        if Weave::is_export(lines()) {
            self.weave = Some(Weave::of_export());
            return;
        }
        match Layout::of(lines()) {
            Some(layout) => self.weave = Some(Weave::new(layout, 0, 0, 0)),
            None => {
                self.lanes[0].look_at(lines());
                self.lanes[0].starts = Starts::learn(chunk.bytes);
            }
        }
    }

    /// One part of a chunk.
    fn take(&mut self, part: &Chunk<'_>, kept: usize) -> Pushed {
        let len = part.bytes.len();
        self.shown = len;
        let first = self.searched == 0;
        let newlines = self.search(part, kept);
        self.newlines += newlines;
        if first {
            self.look_at_lanes(part);
        }
        let open = self.settle(part);
        let ends = part.last && !self.again;
        for (index, &open) in open.iter().enumerate() {
            self.feed(part, index, if ends { len } else { open });
        }
        if ends && self.context > 0 && len > 0 {
            // A last line without a newline is a line all the same.
            let mut place = part.place(len, None);
            place.line += u64::from(!part.bytes.ends_with(b"\n"));
            self.ending = lines_before(part, len, place, self.context + TAIL_ITEMS);
        }
        Pushed { keep: self.keep(part), newlines }
    }

    /// Up to where a part of `len` bytes is settled: the first candidate that waits, or the first line of
    /// which it is not known yet who wrote it.
    fn pending(&self, len: usize) -> usize {
        let heard = self.weave.as_ref().map_or(len, Weave::end);
        self.waiting.front().map_or(len, |&at| self.in_part(at)).min(heard)
    }

    /// How much of a part is needed for what follows it.
    fn keep(&self, part: &Chunk<'_>) -> usize {
        let len = part.bytes.len();
        if part.last && !self.again {
            return 0;
        }
        let waiting = self.pending(len);
        let unfed = self.lanes.iter().map(|lane| lane.fed_in(self.base)).min().unwrap_or(len);
        // Enough for an event to find its head, and for its head to be judged.
        let back = limits::LOOK_BACK + limits::HEADER_BACK;
        // And for what lies between two samples to be gone through.
        let unfed = unfed.saturating_sub(sample::REACH);
        len - line_start(part.bytes, waiting.saturating_sub(back).min(unfed).min(len))
    }

    fn in_part(&self, position: u64) -> usize {
        usize::try_from(position.saturating_sub(self.base)).unwrap_or(usize::MAX)
    }

    /// Events of the candidates, in order, up to the first that is not whole yet. Comes back with how far
    /// the runs of each lane may be told of the part's lines.
    fn settle(&mut self, part: &Chunk<'_>) -> Vec<usize> {
        // Taken out so that events may borrow it while findings are added.
        let weave = self.weave.take();
        let mut batch: Vec<Placed<'_>> = Vec::new();
        while let Some(&position) = self.waiting.front() {
            let at = self.in_part(position);
            let Some(at) = (match &weave {
                // An entry is not whole yet.
                Some(weave) if at >= weave.end() && !part.last => break,
                Some(weave) => weave.spoken_in(at, line_end(part.bytes, at)),
                None => Some(at),
            }) else {
                self.waiting.pop_front();
                continue;
            };
            let position = self.base + at as u64;
            let writer = weave.as_ref().map_or(0, |weave| weave.strand_at(at));
            let Strand { proved, ahead, .. } = self.strands.entry(writer).or_default();
            if ahead.holds(position) {
                if proved.holds(position) {
                    self.waiting.pop_front();
                } else {
                    // Whether the event that takes it holds anything must be known first.
                    self.examine(part, weave.as_ref(), &mut batch);
                }
                continue;
            }
            let (proved, ahead) = (proved.floor, ahead.floor);
            let (proved, floor) = (self.in_part(proved), self.in_part(ahead));
            if weave.is_none()
                && let Some(layout) = self.layout_at(part, at)
            {
                let lines = self.lines_before(part, at);
                self.examine(part, None, &mut batch);
                let position = self.base + at as u64;
                self.weave = Some(Weave::new(layout, at, lines, position));
                self.again = true;
                // Whose lines the rest are is not known yet.
                self.sampler.back_to(position);
                self.lanes[0].samples.retain(|sample| sample.position < position);
                return vec![at];
            }
            let lane = weave.as_ref().map_or(0, |weave| weave.lane_at(at));
            let starts = self.lanes.get(lane).and_then(|lane| lane.starts.as_ref());
            if !part.last && starts.is_some_and(|starts| starts.waits(part.bytes, at)) {
                break;
            }
            let speaks = |line: &str| self.matcher.speaks(line);
            if self.stamped.is_none() && weave.is_none() {
                self.stamped = stamped_at(part.bytes, at);
            }
            let reading = Reading { weave: weave.as_ref(), stamped: self.stamped };
            match assemble(part, reading, at, floor, &speaks) {
                Assembled::More { .. } => break,
                Assembled::Event(event) => {
                    let start = event.start();
                    let is_one_record = event.head.begins && event.lines.len() == 1 && start == at;
                    if proved < floor
                        && !is_one_record
                        && beginning(part, reading, at, proved) != start
                    {
                        // It would begin earlier, had nothing been found in the event before it.
                        self.examine(part, weave.as_ref(), &mut batch);
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
                    let lane = weave.as_ref().map_or(0, |weave| weave.lane_at(start));
                    let place = self.place(part, start);
                    batch.push(Placed { event: *event, place, lane, writer });
                    if batch.len() == BATCH {
                        self.examine(part, weave.as_ref(), &mut batch);
                    }
                }
            }
        }
        self.examine(part, weave.as_ref(), &mut batch);
        drop(batch);
        self.weave = weave;
        self.open_lines(part)
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

    /// Up to where the lines of each lane cannot become part of an event that is still to come.
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
            while at > start.max(least) && *seen < OPEN_LINES {
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

    /// Proof for a batch of events, then the runs in order.
    fn examine(&mut self, part: &Chunk<'_>, weave: Option<&Weave>, batch: &mut Vec<Placed<'_>>) {
        let examine =
            |placed: &Placed<'_>| Finding::examine(self.matcher, part, &placed.event, placed.place);
        let findings: Vec<Finding> = if batch.len() > 4 {
            batch.par_iter().map(examine).collect()
        } else {
            batch.iter().map(examine).collect()
        };
        for (placed, mut finding) in batch.iter().zip(findings) {
            let start = placed.event.start();
            let starts = self.lanes[placed.lane].starts.as_ref();
            let starts = starts.is_some_and(|starts| starts.is_start(part.bytes, start));
            let strand = self.strands.entry(placed.writer).or_default();
            if finding.is_nothing() && !starts {
                // A candidate in vain: its lines are lines like all others.
                strand.vain = Some(self.base + start as u64);
                continue;
            }
            strand.proved = Claim::new(&placed.event, self.base);
            if let Some(zone) = &self.zone {
                finding.stamp = finding.stamp.map(|stamp| stamp.with_zone(zone));
            }
            for index in self.concerned(part, weave, placed, &finding) {
                self.feed_with(part, weave, index, start);
                let lane = &mut self.lanes[index];
                if starts {
                    lane.runs.start(&finding);
                }
                let counts = counts(&self.span, lane, finding.stamp.as_ref());
                let incident = counts.then(|| lane.runs.finding(finding.clone()));
                keep_context(part, lane, self.context);
                if let Some(incident) = incident
                    && self.news.is_some()
                {
                    self.hear(part, weave, placed, &finding, (index, incident));
                }
            }
            let weave = weave.map(|weave| (weave, placed.lane));
            self.lanes[placed.lane].pass(part, self.base, weave, placed.event.resume);
        }
        for placed in batch.drain(..) {
            let strand = self.strands.entry(placed.writer).or_default();
            strand.ahead.clone_from(&strand.proved);
        }
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
    fn feed(&mut self, part: &Chunk<'_>, index: usize, to: usize) {
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

/// The segments of what of a chunk begins at `from`; `known` is the place of an earlier such beginning.
fn segments_of(chunk: &Chunk<'_>, from: usize, known: &mut Option<(usize, Place)>) -> Vec<Segment> {
    if from == 0 {
        return chunk.segments.to_vec();
    }
    let place = chunk.place(from, *known);
    *known = Some((from, place));
    let first = Segment { at: 0, file: place.file, offset: place.byte, line: place.line };
    let later = chunk.segments.iter().filter(|segment| segment.at > from);
    std::iter::once(first)
        .chain(later.map(|segment| Segment { at: segment.at - from, ..*segment }))
        .collect()
}

/// Where in a chunk a place is, if it is.
fn offset_of(chunk: &Chunk<'_>, place: Place) -> Option<usize> {
    let is_its = |segment: &&Segment| segment.file == place.file && segment.offset <= place.byte;
    let segment = chunk.segments.iter().rev().find(is_its)?;
    let at = segment.at + usize::try_from(place.byte - segment.offset).ok()?;
    (at < chunk.bytes.len() && chunk.segment(at) == *segment).then_some(at)
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |n| at + n + 1)
}

fn line_start(bytes: &[u8], at: usize) -> usize {
    if at == 0 || at >= bytes.len() || bytes[at - 1] == b'\n' {
        return at.min(bytes.len());
    }
    memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |n| n + 1)
}
