//! One source, chunk by chunk: candidates over all cores, events in order, proof over all cores, then
//! the runs in order. Batch and follow turn the same crank.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::detect::{Candidate, Matcher};
use crate::diagnosis::{Finding, Line, Runs, lines_before};
use crate::event::{Assembled, Event, Format, Stamp, assemble, name_of, read_record};
use crate::safe::limits;
use crate::source::{Chunk, Place, Segment};

use super::banner::Banner;

/// How much one core searches at a time: small enough to stay in its cache while newlines are counted.
const PIECE: usize = 512 << 10;

/// Events held at once between the sequential and the parallel steps.
const BATCH: usize = 256;

/// Lines, and bytes, of which one is waited for before the start of a log is judged: what it looks like
/// must not depend on how much of it came at first.
const START_LINES: usize = 64;
const START_BYTES: usize = 64 << 10;

/// Which events count.
#[derive(Debug, Clone, Default)]
pub(super) struct Span {
    /// Not before.
    pub(super) since: Option<jiff::civil::DateTime>,
    /// Not after.
    pub(super) until: Option<jiff::civil::DateTime>,
}

/// What one source comes to, chunk by chunk.
#[derive(Debug)]
pub(super) struct Stream<'r> {
    matcher: &'r Matcher<'r>,
    /// The runs so far.
    pub(super) runs: Runs<'r>,
    zone: Option<jiff::tz::TimeZone>,
    span: Span,
    banner: Option<Banner>,
    /// How much of the next chunk was seen before and is settled.
    settled: usize,
    started: bool,
    formats: BTreeMap<(Option<Format>, Format), u64>,
    /// Lines kept before the first event of each incident.
    pub(super) context: usize,
    /// The last lines of the source, where context is asked for.
    ending: Vec<Line>,
}

/// Lines among which the end of a run is placed: what the runs look at.
const END_LINES: usize = 48;

/// What a chunk came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pushed {
    /// How many of its last bytes the next chunk must show again.
    pub(super) keep: usize,
    /// Newlines in its new part.
    pub(super) newlines: u64,
}

impl<'r> Stream<'r> {
    /// Nothing read yet.
    pub(super) fn new(
        matcher: &'r Matcher<'r>,
        zone: Option<jiff::tz::TimeZone>,
        span: Span,
    ) -> Self {
        let mut runs = Runs::new(matcher);
        runs.until = span.until;
        Stream {
            matcher,
            runs,
            zone,
            span,
            banner: None,
            settled: 0,
            started: false,
            formats: BTreeMap::new(),
            context: 0,
            ending: Vec::new(),
        }
    }

    /// The source ends here; `stopped`: the bot is known to be down. Comes back with the usual seconds
    /// between its last records.
    pub(super) fn finish(&mut self, stopped: bool) -> Option<f64> {
        let rhythm = self.runs.rhythm();
        self.runs.finish(stopped);
        for index in std::mem::take(&mut self.runs.incidents.fresh) {
            let first = self.runs.incidents.first(index);
            let is_before =
                |line: &&Line| line.place.file == first.file && line.place.line < first.line;
            let before: Vec<&Line> = self.ending.iter().filter(is_before).collect();
            let from = before.len().saturating_sub(self.context);
            let lines = before[from..].iter().map(|&line| line.clone()).collect();
            self.runs.incidents.set_context(index, lines);
        }
        rhythm
    }

    /// The next chunk, of which the first `kept` bytes were in the one before.
    pub(super) fn push(&mut self, chunk: &Chunk<'_>, kept: usize) -> Pushed {
        let settled = std::mem::take(&mut self.settled).min(chunk.bytes.len());
        if !self.started && !chunk.bytes.is_empty() {
            let seen = chunk.bytes.len();
            let lines = memchr::memchr_iter(b'\n', &chunk.bytes[..seen.min(START_BYTES)]).count();
            if !chunk.last && seen < START_BYTES && lines < START_LINES {
                let newlines = memchr::memchr_iter(b'\n', &chunk.bytes[kept..]).count() as u64;
                return Pushed { keep: seen, newlines };
            }
            self.started = true;
            self.look_at_start(chunk);
        }
        let (candidates, newlines) = self.search(chunk, settled, kept);
        let done = self.settle(chunk, settled, &candidates);
        if chunk.last && self.context > 0 && !chunk.bytes.is_empty() {
            let end = chunk.bytes.len();
            // A last line without a newline is a line all the same.
            let mut place = chunk.place(end, None);
            place.line += u64::from(!chunk.bytes.ends_with(b"\n"));
            self.ending = lines_before(chunk, end, place, self.context + END_LINES);
        }
        // The next chunk shows what is not settled, and enough before it for an event to find its head.
        let keep = if chunk.last { 0 } else { (chunk.bytes.len() - done) + limits::LOOK_BACK };
        let keep = line_start(chunk.bytes, chunk.bytes.len() - keep.min(chunk.bytes.len()));
        let keep = chunk.bytes.len() - keep;
        self.settled = keep - (chunk.bytes.len() - done);
        Pushed { keep, newlines }
    }

    /// The format of the first lines, and what a start of this bot looks like.
    fn look_at_start(&mut self, chunk: &Chunk<'_>) {
        for line in chunk.bytes.split_inclusive(|&b| b == b'\n').take(START_LINES) {
            let record = read_record(line);
            *self.formats.entry((record.wrapper, record.format)).or_default() += 1;
        }
        self.banner = Banner::learn(chunk.bytes);
    }

    /// Name of the format found.
    pub(super) fn format(&self) -> String {
        name_of(self.formats.iter().map(|(pair, count)| (*pair, *count)))
    }

    /// Candidate lines from `settled` on, and the newlines behind `kept`.
    fn search(&self, chunk: &Chunk<'_>, settled: usize, kept: usize) -> (Vec<Candidate>, u64) {
        let bytes = chunk.bytes;
        let from = settled.min(kept);
        let mut pieces = Vec::with_capacity(bytes.len() / PIECE + 2);
        let mut start = from;
        while start < bytes.len() {
            let mut end = (start + PIECE).min(bytes.len());
            // Pieces end where lines do, and one at `kept`, so that each newline is counted once.
            if start < kept && kept < end {
                end = kept;
            }
            end = memchr::memchr(b'\n', &bytes[end - 1..]).map_or(bytes.len(), |n| end + n);
            pieces.push((start, end));
            start = end;
        }
        let search = |&(start, end): &(usize, usize)| {
            let mut found = Vec::new();
            if end > settled {
                self.matcher.candidates(bytes, start.max(settled), end, &mut found);
                if let Some(banner) = &self.banner {
                    banner.candidates(bytes, start.max(settled), end, &mut found);
                }
            }
            let newlines = if start >= kept {
                memchr::memchr_iter(b'\n', &bytes[start..end]).count() as u64
            } else {
                0
            };
            (found, newlines)
        };
        let found: Vec<(Vec<Candidate>, u64)> = if pieces.len() > 1 {
            pieces.par_iter().map(search).collect()
        } else {
            pieces.iter().map(search).collect()
        };
        let newlines = found.iter().map(|(_, newlines)| newlines).sum();
        let mut candidates: Vec<Candidate> =
            Vec::with_capacity(found.iter().map(|(candidates, _)| candidates.len()).sum());
        for (piece, _) in found {
            candidates.extend(piece);
        }
        if settled == 0 && chunk.segments.first().is_some_and(|segment| segment.offset == 0) {
            self.add_cut_head(bytes, &mut candidates);
        }
        (candidates, newlines)
    }

    /// A log may begin inside a traceback, whose head is then no candidate.
    fn add_cut_head(&self, bytes: &[u8], candidates: &mut Vec<Candidate>) {
        let end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |n| n + 1);
        let is_known = candidates.first().is_some_and(|first| first.at == 0);
        if end > 0
            && !is_known
            && crate::traceback::looks_inside(&read_record(&bytes[..end]).message)
        {
            candidates.insert(0, Candidate { at: 0, end });
        }
    }

    /// Events of the candidates, in order, up to the first that is not whole yet. Comes back with how far
    /// the chunk is settled.
    fn settle(&mut self, chunk: &Chunk<'_>, settled: usize, candidates: &[Candidate]) -> usize {
        let mut floor = settled;
        let mut batch: Vec<Event<'_>> = Vec::new();
        let mut claimed: Vec<usize> = Vec::new();
        let mut done = chunk.bytes.len();
        let mut fed = Fed { at: settled, place: None };
        for candidate in candidates {
            if candidate.at < floor || claimed.binary_search(&candidate.at).is_ok() {
                continue;
            }
            match assemble(chunk, candidate.at, floor, &|line| self.matcher.speaks(line)) {
                Assembled::More { start } => {
                    done = start.max(floor);
                    break;
                }
                Assembled::Event(event) => {
                    floor = event.resume;
                    claimed.clear();
                    claimed.extend(
                        event.lines.iter().map(|line| line.at).filter(|&at| at >= event.resume),
                    );
                    batch.push(*event);
                    if batch.len() == BATCH {
                        self.examine(chunk, &mut batch, &mut fed);
                    }
                }
            }
        }
        self.examine(chunk, &mut batch, &mut fed);
        if !chunk.last && done == chunk.bytes.len() {
            done = last_head(chunk.bytes).max(floor);
        }
        self.feed_lines(chunk, &mut fed, done);
        done
    }

    /// Proof for a batch of events, then the runs in order.
    fn examine(&mut self, chunk: &Chunk<'_>, batch: &mut Vec<Event<'_>>, fed: &mut Fed) {
        let mut known = fed.place;
        let placed: Vec<(Event<'_>, Place)> = batch
            .drain(..)
            .map(|event| {
                let place = chunk.place(event.start(), known);
                known = Some((event.start(), place));
                (event, place)
            })
            .collect();
        let examine = |(event, place): &(Event<'_>, Place)| {
            Finding::examine(self.matcher, chunk, event, *place)
        };
        let findings: Vec<Finding> = if placed.len() > 4 {
            placed.par_iter().map(examine).collect()
        } else {
            placed.iter().map(examine).collect()
        };
        for ((event, place), mut finding) in placed.iter().zip(findings) {
            let starts = self
                .banner
                .as_ref()
                .is_some_and(|banner| banner.is_start(chunk.bytes, event.start()));
            if finding.is_nothing() && !starts {
                // A candidate in vain: its lines are lines like all others.
                continue;
            }
            if event.start() > fed.at {
                self.feed_lines(chunk, fed, event.start());
            }
            if let Some(zone) = &self.zone {
                finding.stamp = finding.stamp.map(|stamp| stamp.with_zone(zone));
            }
            if starts {
                self.runs.start(*place);
            }
            if self.counts(finding.stamp.as_ref()) {
                self.runs.finding(finding);
            }
            self.keep_context(chunk);
            fed.at = event.resume.max(fed.at);
            fed.place = Some((event.start(), *place));
        }
    }

    /// Keeps the lines before incidents that are new.
    fn keep_context(&mut self, chunk: &Chunk<'_>) {
        for index in std::mem::take(&mut self.runs.incidents.fresh) {
            let first = self.runs.incidents.first(index);
            if self.context > 0
                && let Some(at) = offset_of(chunk, first)
            {
                let lines = lines_before(chunk, at, first, self.context);
                self.runs.incidents.set_context(index, lines);
            }
        }
    }

    fn counts(&mut self, stamp: Option<&Stamp>) -> bool {
        if self.span.since.is_none() && self.span.until.is_none() {
            return true;
        }
        // An event without a time of its own happened when the record before it did.
        let Some(stamp) = stamp.or(self.runs.last_stamp()) else { return true };
        self.span.since.is_none_or(|since| stamp.civil >= since)
            && self.span.until.is_none_or(|until| stamp.civil <= until)
    }

    fn feed_lines(&mut self, chunk: &Chunk<'_>, fed: &mut Fed, to: usize) {
        if to <= fed.at {
            return;
        }
        let place = chunk.place(fed.at, fed.place);
        self.runs.lines(&chunk.bytes[fed.at..to], place);
        fed.place = Some((fed.at, place));
        fed.at = to;
    }
}

/// How far the runs have been told of a chunk.
#[derive(Debug, Clone, Copy)]
struct Fed {
    at: usize,
    /// A known place, to count newlines from.
    place: Option<(usize, Place)>,
}

/// Where in a chunk a place is, if it is.
fn offset_of(chunk: &Chunk<'_>, place: Place) -> Option<usize> {
    let is_its = |segment: &&Segment| segment.file == place.file && segment.offset <= place.byte;
    let segment = chunk.segments.iter().rev().find(is_its)?;
    let at = segment.at + usize::try_from(place.byte - segment.offset).ok()?;
    (at < chunk.bytes.len() && chunk.segment(at) == *segment).then_some(at)
}

/// Start of the last line that is neither blank nor indented: with what follows it, it may belong to a
/// traceback that the next chunk begins or goes on with. Not further back than an event may begin.
fn last_head(bytes: &[u8]) -> usize {
    let least = bytes.len().saturating_sub(limits::LOOK_BACK);
    let mut end = bytes.len();
    loop {
        let body = bytes[..end].strip_suffix(b"\n").unwrap_or(&bytes[..end]);
        let start = memchr::memrchr(b'\n', body).map_or(0, |newline| newline + 1);
        let is_head = bytes[start..end].first().is_some_and(|first| !first.is_ascii_whitespace());
        if start <= least || is_head {
            return start;
        }
        end = start;
    }
}

fn line_start(bytes: &[u8], at: usize) -> usize {
    if at == 0 || at >= bytes.len() || bytes[at - 1] == b'\n' {
        return at.min(bytes.len());
    }
    memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |n| n + 1)
}
