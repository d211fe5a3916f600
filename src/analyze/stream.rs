//! One source, chunk by chunk: candidates over all cores, events in order, proof over all cores, then
//! the runs in order. Batch and follow turn the same crank.

mod examine;
mod gather;
mod news;
mod search;
mod settle;

use std::collections::{HashMap, VecDeque};

use crate::detect::Matcher;
use crate::diagnosis::{Line, TAIL_ITEMS, lines_before};
use crate::event::{Event, Layout, Weave};
use crate::safe::limits;
use crate::source::{Chunk, Place, Segment};

use super::lanes::{self, Finished, Lane};
use super::sample::{self, Learnt, Sampler};
use super::starts::Starts;

pub(super) use news::{Found, News};

/// Lines, and bytes, of which one is waited for before the start of a log is judged: what it looks like
/// must not depend on how much of it came at first.
const START_LINES: usize = 64;
const START_BYTES: usize = 64 << 10;

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
    /// What the start of the log has taught of its lines.
    learnt: Learnt,
    /// Newlines up to the end of the part at hand.
    newlines: u64,
    /// Events that are gathered before they are examined.
    together: usize,
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
    /// Position of the candidate that led to it.
    candidate: u64,
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
            learnt: Learnt::default(),
            newlines: 0,
            together: examine::TOGETHER,
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

fn line_end(bytes: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |n| at + n + 1)
}

fn line_start(bytes: &[u8], at: usize) -> usize {
    if at == 0 || at >= bytes.len() || bytes[at - 1] == b'\n' {
        return at.min(bytes.len());
    }
    memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |n| n + 1)
}
