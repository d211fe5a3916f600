//! The threads of a log that several services or processes write: which stretch of a chunk is whose, so
//! that each can be read as if it stood alone.

use std::collections::HashMap;

use super::export;
use super::speaker::{Ear, Layout, Speaker};
use crate::safe::limits;

/// The writer and the lane of what nobody wrote.
const QUIET: u64 = 2;
const NOWHERE: usize = usize::MAX;

/// Which stretch of a chunk was written by whom.
///
/// Writers are told apart twice: *strands* by service and process, so that a record is put together of one
/// writer's lines only; *lanes* by service, of which each is a source of its own. All lines are of one lane
/// until a second service appears; from then on what is of no service has a lane of its own.
#[derive(Debug, Clone)]
pub struct Weave {
    layout: Layout,
    /// Entries are blocks of lines.
    export: bool,
    lanes: Vec<Lane>,
    by_name: HashMap<String, usize>,
    /// The lane of what is no service's, once there is one.
    rest: Option<usize>,
    stretches: Vec<Stretch>,
    /// Indexes of the stretches of each strand.
    by_strand: HashMap<u64, Vec<u32>>,
    /// End of what was heard.
    end: usize,
}

/// One service's lines.
#[derive(Debug, Clone, Default)]
struct Lane {
    service: Option<String>,
    lines: u64,
    bytes: u64,
    /// Indexes of its stretches.
    stretches: Vec<u32>,
}

/// Lines that follow each other and are of one writer.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    start: usize,
    strand: u64,
    lane: usize,
}

/// What was heard of a piece of a chunk.
#[derive(Debug)]
pub struct Heard {
    /// Start of each stretch, its lines, and its speaker: an index, or none where the piece goes on with
    /// what stands before it.
    stretches: Vec<(usize, u64, Option<u32>)>,
    speakers: Vec<Speaker>,
    end: usize,
}

/// What follows a line of one writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// A line of his that begins here.
    Line(usize),
    /// None within reach.
    Nothing,
    /// What is not in this chunk.
    Unknown,
}

impl Weave {
    /// For a log of this layout that is heard from `start` on. What stands before is `lines` lines and
    /// `bytes` bytes, since the log's beginning.
    pub fn new(layout: Layout, start: usize, lines: u64, bytes: u64) -> Weave {
        let mut stretches = Vec::new();
        if start > 0 {
            stretches.push(Stretch { start: 0, strand: Speaker::UNKNOWN.strand, lane: 0 });
        }
        let mut weave = Weave {
            layout,
            export: false,
            lanes: vec![Lane { lines, bytes, ..Lane::default() }],
            by_name: HashMap::new(),
            rest: None,
            stretches,
            by_strand: HashMap::new(),
            end: start,
        };
        weave.index();
        weave
    }

    /// For the journal's export format, of which nothing was heard yet.
    pub fn of_export() -> Weave {
        Weave { export: true, ..Weave::new(Layout::of_journal(), 0, 0, 0) }
    }

    /// Whether these first lines are of the journal's export format.
    pub fn is_export<'l>(lines: impl Iterator<Item = &'l [u8]>) -> bool {
        export::is_export(lines)
    }

    /// Whether entries are blocks of lines, which cannot be heard piece by piece.
    pub fn has_entries(&self) -> bool {
        self.export
    }

    /// Takes in the entries of an export as far as they are whole; all, where nothing follows (`last`).
    pub fn take_in_entries(&mut self, bytes: &[u8], last: bool) {
        for entry in export::entries(bytes, self.end, last) {
            let lane = self.lane_of(&entry.speaker);
            self.lanes[lane].lines += entry.lines;
            self.lanes[lane].bytes += (entry.end - entry.start) as u64;
            let (from, to) = entry.message.unwrap_or((entry.end, entry.end));
            let quiet = Stretch { start: entry.start, strand: QUIET, lane: NOWHERE };
            self.stretches.push(quiet);
            if from < to {
                self.stretches.push(Stretch { start: from, strand: entry.speaker.strand, lane });
                self.stretches.push(Stretch { start: to, ..quiet });
            }
            self.end = entry.end;
        }
    }

    /// Start of the first line that anyone wrote, between `at` and `end`; fields of an entry are not lines.
    pub fn spoken_in(&self, at: usize, end: usize) -> Option<usize> {
        let index = self.index_at(at);
        match self.stretches.get(index) {
            Some(stretch) if stretch.lane == NOWHERE => {
                let next = self.stretches.get(index + 1)?;
                (next.lane != NOWHERE && next.start < end).then_some(next.start)
            }
            _ => Some(at),
        }
    }

    /// End of what was heard of the chunk.
    pub fn end(&self) -> usize {
        self.end
    }

    /// Listens to the lines of `bytes` between `from` and `to`. Pure, so that pieces can be shared out.
    pub fn listen(&self, bytes: &[u8], from: usize, to: usize) -> Heard {
        let mut ear = Ear::new(&self.layout);
        let mut heard = Heard { stretches: Vec::new(), speakers: Vec::new(), end: to };
        let mut numbers: HashMap<u64, u32> = HashMap::new();
        // The strand that was heard last, and its number.
        let mut last: Option<(u64, u32)> = None;
        let mut at = from;
        while at < to {
            let end = memchr::memchr(b'\n', &bytes[at..to]).map_or(to, |n| at + n + 1);
            if let Some(speaker) = ear.hear(&bytes[at..end])
                && last.is_none_or(|(strand, _)| strand != speaker.strand)
            {
                let speakers = &mut heard.speakers;
                let number = *numbers.entry(speaker.strand).or_insert_with(|| {
                    speakers.push(speaker.clone());
                    (speakers.len() - 1) as u32
                });
                last = Some((speaker.strand, number));
            }
            let number = last.map(|(_, number)| number);
            match heard.stretches.last_mut() {
                Some((_, lines, before)) if *before == number => *lines += 1,
                _ => heard.stretches.push((at, 1, number)),
            }
            at = end;
        }
        heard
    }

    /// Takes in what was heard of the next piece.
    pub fn take_in(&mut self, heard: &Heard) {
        for (index, &(start, lines, number)) in heard.stretches.iter().enumerate() {
            let speaker = number.map(|number| &heard.speakers[number as usize]);
            let (strand, lane) = match (speaker, self.stretches.last()) {
                (Some(speaker), _) => (speaker.strand, self.lane_of(speaker)),
                (None, Some(last)) => (last.strand, last.lane),
                (None, None) => (Speaker::UNKNOWN.strand, 0),
            };
            let end = heard.stretches.get(index + 1).map_or(heard.end, |next| next.0);
            self.lanes[lane].lines += lines;
            self.lanes[lane].bytes += (end - start) as u64;
            let goes_on =
                self.stretches.last().is_some_and(|it| it.strand == strand && it.lane == lane);
            if !goes_on {
                self.stretches.push(Stretch { start, strand, lane });
            }
        }
        self.end = heard.end;
    }

    /// Makes the chunk's stretches ready to be asked for. To be called when all of it was taken in.
    pub fn index(&mut self) {
        self.by_strand.clear();
        for lane in &mut self.lanes {
            lane.stretches.clear();
        }
        for (index, stretch) in self.stretches.iter().enumerate() {
            self.by_strand.entry(stretch.strand).or_default().push(index as u32);
            if let Some(lane) = self.lanes.get_mut(stretch.lane) {
                lane.stretches.push(index as u32);
            }
        }
    }

    /// The next chunk begins `count` bytes later.
    pub fn forget(&mut self, count: usize) {
        let first = self.stretches.partition_point(|stretch| stretch.start <= count);
        self.stretches.drain(..first.saturating_sub(1));
        for stretch in &mut self.stretches {
            stretch.start = stretch.start.saturating_sub(count);
        }
        self.end = self.end.saturating_sub(count);
        if self.end == 0 {
            self.stretches.clear();
        }
    }

    fn lane_of(&mut self, speaker: &Speaker) -> usize {
        match &speaker.service {
            Some(name) => match self.by_name.get(name) {
                Some(&lane) => lane,
                None if self.by_name.len() >= limits::LANES => self.rest(),
                None => {
                    let lane = if self.by_name.is_empty() { 0 } else { self.add_lane() };
                    self.lanes[lane].service = Some(name.clone());
                    self.by_name.insert(name.clone(), lane);
                    lane
                }
            },
            None if self.by_name.len() < 2 => 0,
            None => self.rest(),
        }
    }

    fn rest(&mut self) -> usize {
        match self.rest {
            Some(lane) => lane,
            None => {
                let lane = self.add_lane();
                self.rest = Some(lane);
                lane
            }
        }
    }

    fn add_lane(&mut self) -> usize {
        self.lanes.push(Lane::default());
        self.lanes.len() - 1
    }

    /// How many lanes there are so far.
    pub fn lanes(&self) -> usize {
        self.lanes.len()
    }

    /// The service of a lane; `None` for the lane of what is no service's, and for one of an earlier weave.
    pub fn service(&self, lane: usize) -> Option<&str> {
        self.lanes.get(lane)?.service.as_deref()
    }

    /// The lane of what is no service's, once there is one.
    pub fn rest_lane(&self) -> Option<usize> {
        self.rest
    }

    /// Whether this is the log of a whole machine (a journal, a syslog), in which every program speaks.
    pub fn is_machines(&self) -> bool {
        self.layout.is_machines()
    }

    /// The lane of the one service that a supervisor's words name; of several names the longest.
    pub fn named_in(&self, text: &str) -> Option<usize> {
        self.by_name
            .iter()
            .filter(|(name, _)| names(text, name))
            .max_by_key(|(name, lane)| (name.len(), **lane))
            .map(|(_, &lane)| lane)
    }

    /// The lane of the process `pid`, where a line near before `at` names it in its prefix.
    pub fn lane_of_process(&self, bytes: &[u8], at: usize, pid: &str) -> Option<usize> {
        let from = at.saturating_sub(limits::LOOK_BACK);
        let prefix = format!("[{pid}]: ");
        let found = memchr::memmem::rfind(&bytes[from..at], prefix.as_bytes())?;
        let lane = self.lane_at(from + found);
        (self.rest != Some(lane)).then_some(lane)
    }

    /// Lines and bytes of a lane so far.
    pub fn totals(&self, lane: usize) -> (u64, u64) {
        (self.lanes[lane].lines, self.lanes[lane].bytes)
    }

    /// Who wrote the line that begins at `at`.
    pub fn strand_at(&self, at: usize) -> u64 {
        self.stretches.get(self.index_at(at)).map_or(0, |stretch| stretch.strand)
    }

    /// Whose the line is that begins at `at`.
    pub fn lane_at(&self, at: usize) -> usize {
        self.stretches.get(self.index_at(at)).map_or(0, |stretch| stretch.lane)
    }

    fn index_at(&self, at: usize) -> usize {
        self.stretches.partition_point(|stretch| stretch.start <= at).saturating_sub(1)
    }

    fn stretch_end(&self, index: usize) -> usize {
        self.stretches.get(index + 1).map_or(self.end, |next| next.start)
    }

    /// Stretches of a lane that lie between `from` and `to`, cut to fit, in order.
    pub fn stretches_of(
        &self,
        lane: usize,
        from: usize,
        to: usize,
    ) -> impl DoubleEndedIterator<Item = (usize, usize)> + '_ {
        let indexes = &self.lanes[lane].stretches;
        let first = indexes.partition_point(|&index| self.stretch_end(index as usize) <= from);
        let last = indexes.partition_point(|&index| self.stretches[index as usize].start < to);
        indexes[first..last.max(first)].iter().map(move |&index| {
            let index = index as usize;
            (self.stretches[index].start.max(from), self.stretch_end(index).min(to))
        })
    }

    /// The last stretches of the chunk, last first: start, end, writer and lane.
    pub fn last_stretches(&self) -> impl Iterator<Item = (usize, usize, u64, usize)> + '_ {
        self.stretches.iter().enumerate().rev().map(|(index, stretch)| {
            (stretch.start, self.stretch_end(index), stretch.strand, stretch.lane)
        })
    }

    /// End of the line of `strand` before the one that begins at `at`, and where its stretch begins, if it
    /// is near enough.
    pub(super) fn before(&self, strand: u64, at: usize) -> Option<(usize, usize)> {
        let index = self.index_at(at);
        let stretch = self.stretches.get(index)?;
        if stretch.strand == strand && stretch.start < at {
            return Some((stretch.start, at));
        }
        let indexes = self.by_strand.get(&strand)?;
        let count = indexes.partition_point(|&other| self.stretches[other as usize].start < at);
        let before = indexes[count.checked_sub(1)?] as usize;
        let end = self.stretch_end(before).min(at);
        (at - end <= limits::STRAND_REACH).then_some((self.stretches[before].start, end))
    }

    /// What follows a line of `strand` that ends at `end`.
    pub(super) fn after(&self, strand: u64, end: usize) -> After {
        let index = self.index_at(end);
        if end < self.end && self.stretches[index].strand == strand {
            return After::Line(end);
        }
        let next = self.by_strand.get(&strand).and_then(|indexes| {
            let first =
                indexes.partition_point(|&other| self.stretches[other as usize].start < end);
            indexes.get(first).map(|&index| self.stretches[index as usize].start)
        });
        match next {
            Some(start) if start - end <= limits::STRAND_REACH => After::Line(start),
            Some(_) => After::Nothing,
            None if self.end - end > limits::STRAND_REACH => After::Nothing,
            None => After::Unknown,
        }
    }
}

/// Whether `name` stands in `text` as a word of its own.
fn names(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    text.match_indices(name).any(|(at, _)| {
        !text[..at].ends_with(is_part) && !text[at + name.len()..].starts_with(is_part)
    })
}
