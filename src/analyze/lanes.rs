//! What one service's lines come to: its runs, and what it is called.

use std::collections::{BTreeMap, VecDeque};

use crate::detect::Matcher;
use crate::diagnosis::{self, Incidents, Line, Runs, TAIL_ITEMS};
use crate::event::{Format, Weave, name_of, read_record};
use crate::safe::limits;
use crate::source::{Chunk, Place};

use super::sample::{self, Between, Borders, Sample};
use super::starts::Starts;

/// First lines of a lane that tell its format.
const FORMAT_LINES: usize = 64;

/// A whole source, or one service's part of it.
#[derive(Debug, Clone)]
pub(super) struct Lane<'r> {
    /// The runs so far.
    pub(super) runs: Runs<'r>,
    /// What a start of this bot looks like.
    pub(super) starts: Option<Starts>,
    formats: BTreeMap<(Option<Format>, Format), u64>,
    /// Lines that may still be looked at for the format.
    unread: usize,
    /// Position in the source up to which the runs have been told of it.
    fed: u64,
    /// A known place, to count newlines from.
    known: Option<(u64, Place)>,
    /// Samples of which the runs have not been told yet.
    pub(super) samples: VecDeque<Sample>,
    /// Position and place of the last one of which they have.
    sampled: Option<(u64, Place)>,
}

/// One lane when all was read.
#[derive(Debug)]
pub(super) struct Finished<'r> {
    /// The service; `None` for a source of one service, and for what is no service's in a source of many.
    pub(super) service: Option<String>,
    /// Its runs, all ended.
    pub(super) runs: Runs<'r>,
    /// Name of its format.
    pub(super) format: String,
    /// Usual seconds between its last records.
    pub(super) rhythm: Option<f64>,
    /// Its lines and bytes; `None` where the source has no other lane.
    pub(super) totals: Option<(u64, u64)>,
}

impl<'r> Lane<'r> {
    /// The first lane of a source, or one that came up later.
    pub(super) fn new(matcher: &'r Matcher<'r>, first: bool, fed: u64) -> Lane<'r> {
        let mut runs = Runs::new(matcher);
        if !first {
            runs.incidents =
                Incidents::bounded(limits::LANE_INCIDENTS, limits::CONTEXT_BYTES / limits::LANES);
        }
        let unread = FORMAT_LINES;
        Lane {
            runs,
            starts: None,
            formats: BTreeMap::new(),
            unread,
            fed,
            known: None,
            samples: VecDeque::new(),
            sampled: None,
        }
    }

    /// Looks at the first of `lines` for the format.
    pub(super) fn look_at<'l>(&mut self, lines: impl Iterator<Item = &'l [u8]>) {
        for line in lines.take(self.unread) {
            let record = read_record(line);
            *self.formats.entry((record.wrapper, record.format)).or_default() += 1;
            self.unread -= 1;
        }
    }

    /// Whether its format is not told yet.
    pub(super) fn is_unread(&self) -> bool {
        self.unread > 0
    }

    /// Name of the format found.
    pub(super) fn format(&self) -> String {
        name_of(self.formats.iter().map(|(pair, count)| (*pair, *count)))
    }

    /// Tells the runs of the lines up to `to`, of which no rule speaks. `base` is the chunk's position in
    /// the source; `weave` and `index` tell which lines are its own; `borders` are places in the chunk that
    /// are known, to count lines from.
    pub(super) fn feed(
        &mut self,
        chunk: &Chunk<'_>,
        base: u64,
        weave: Option<(&Weave, usize)>,
        borders: Borders<'_>,
        to: usize,
    ) {
        let from = self.fed_in(base);
        if to <= from {
            return;
        }
        match weave {
            None => self.tell(chunk, base, borders, from, to),
            Some((weave, index)) => self.feed_stretches(chunk, base, weave, index, from, to),
        }
        self.fed = base + to as u64;
        self.hand_out(chunk, base, weave);
    }

    /// Hands the samples of what has been told to the runs.
    fn hand_out(&mut self, chunk: &Chunk<'_>, base: u64, weave: Option<(&Weave, usize)>) {
        while let Some(sample) = self.samples.front()
            && sample.position < self.fed
            && let Some(sample) = self.samples.pop_front()
        {
            let in_chunk = |position: u64| usize::try_from(position.checked_sub(base)?).ok();
            let Some(at) = in_chunk(sample.position) else { continue };
            let line = match &sample.read.line {
                Some(line) => line,
                None => &chunk.bytes[chunk.line(at)],
            };
            // A line that is looked at for what it says is none of those by which a silence is told.
            let before = match sample.is_first {
                true => self.sampled.replace((sample.position, sample.place)),
                false => None,
            };
            let before = before.and_then(|(position, place)| Some((in_chunk(position)?, place)));
            // What lies between is not looked at where it is much: how much of it is shown must not matter.
            let near = before.filter(|(before, _)| at - before <= sample::REACH);
            let zone = self.runs.zone.clone();
            let between = || {
                let between = Between::new(chunk, weave, near?, at, zone.clone());
                Some(Box::new(between) as Box<dyn diagnosis::Stretch<'_>>)
            };
            let sample = diagnosis::Sample {
                place: sample.place,
                stamp: sample.read.stamp,
                line,
                skipped: sample.position >= sample::EVERY_LINE,
                is_first: sample.is_first,
                tells: sample.tells,
                said: sample.read.said,
            };
            self.runs.sample(&sample, &between);
        }
    }

    fn feed_stretches(
        &mut self,
        chunk: &Chunk<'_>,
        base: u64,
        weave: &Weave,
        index: usize,
        from: usize,
        to: usize,
    ) {
        let mut stretches = weave.stretches_of(index, from, to);
        while self.runs.is_opening()
            && let Some((start, end)) = stretches.next()
        {
            self.tell(chunk, base, Borders::default(), start, end);
        }
        // Only the last few are looked at.
        let mut last = Vec::new();
        let mut lines = 0;
        while lines < TAIL_ITEMS
            && let Some((start, end)) = stretches.next_back()
        {
            lines += diagnosis::said_in(&chunk.bytes[start..end]);
            last.push((start, end));
        }
        for (start, end) in last.into_iter().rev() {
            self.tell(chunk, base, Borders::default(), start, end);
        }
    }

    fn tell(
        &mut self,
        chunk: &Chunk<'_>,
        base: u64,
        borders: Borders<'_>,
        start: usize,
        end: usize,
    ) {
        // Lines are counted file by file.
        let mut start = start;
        while start < end {
            let files = chunk.segments.iter().map(|segment| segment.at);
            let next = files.filter(|at| (start + 1..end).contains(at)).min().unwrap_or(end);
            let place = self.place(chunk, base, start);
            // Of many lines the last few are looked at: they are counted from the border before them.
            let line_at = |at: usize| {
                let border = borders.before(start + at).filter(|(border, _)| *border >= start);
                let known = border.unwrap_or((start, place));
                chunk.place(start + at, Some(known)).line
            };
            self.runs.lines(&chunk.bytes[start..next], place, line_at);
            start = next;
        }
    }

    /// The place of a line, and a mark to count on from.
    fn place(&mut self, chunk: &Chunk<'_>, base: u64, at: usize) -> Place {
        let known = self.known.and_then(|(seen, place)| {
            Some((usize::try_from(seen.checked_sub(base)?).ok()?, place))
        });
        let place = chunk.place(at, known);
        self.known = Some((base + at as u64, place));
        place
    }

    /// Up to where in the chunk at `base` the runs have been told of it.
    pub(super) fn fed_in(&self, base: u64) -> usize {
        usize::try_from(self.fed.saturating_sub(base)).unwrap_or(usize::MAX)
    }

    /// What stands up to `to` was told otherwise.
    pub(super) fn pass(
        &mut self,
        chunk: &Chunk<'_>,
        base: u64,
        weave: Option<(&Weave, usize)>,
        to: usize,
    ) {
        self.fed = self.fed.max(base + to as u64);
        self.hand_out(chunk, base, weave);
    }

    /// The source ends here.
    pub(super) fn finish(
        mut self,
        service: Option<String>,
        totals: Option<(u64, u64)>,
        stopped: bool,
        context: usize,
        ending: &[Line],
    ) -> Finished<'r> {
        let rhythm = self.runs.rhythm();
        let format = self.format();
        self.runs.finish(stopped);
        for index in std::mem::take(&mut self.runs.incidents.fresh) {
            let first = self.runs.incidents.first(index);
            let is_before =
                |line: &&Line| line.place.file == first.file && line.place.line < first.line;
            let before: Vec<&Line> = ending.iter().filter(is_before).collect();
            let from = before.len().saturating_sub(context);
            let lines = before[from..].iter().map(|&line| line.clone()).collect();
            self.runs.incidents.set_context(index, lines);
        }
        Finished { service, runs: self.runs, format, rhythm, totals }
    }
}

/// Takes the programs of a machine's log that have nothing to tell together with what is no service's: they
/// are not what was asked about.
pub(super) fn fold(finished: Vec<Finished<'_>>) -> Vec<Finished<'_>> {
    let (mut quiet, mut kept): (Vec<_>, Vec<_>) = finished
        .into_iter()
        .partition(|lane| lane.service.is_none() || lane.runs.incidents.is_empty());
    // What is no service's comes first: it may have something to tell all the same.
    quiet.sort_by_key(|lane| lane.service.is_some());
    let mut quiet = quiet.into_iter();
    if let Some(mut all) = quiet.next() {
        let mut most = all.totals.map_or(0, |(lines, _)| lines);
        for other in quiet {
            let (lines, bytes) = other.totals.unwrap_or_default();
            all.totals = all.totals.map(|sum| (sum.0 + lines, sum.1 + bytes));
            if lines > most {
                (most, all.format) = (lines, other.format);
            }
            all.runs.absorb(other.runs);
        }
        all.service = None;
        if kept.is_empty() {
            all.totals = None;
        }
        kept.insert(0, all);
    }
    kept
}
