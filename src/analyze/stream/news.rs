//! What a stream tells who listens while it goes on: each event in which something was found, each run
//! that has ended.

use super::{Placed, START_LINES, Stream};
use crate::analyze::starts::Starts;
use crate::diagnosis::{Ended, Finding, Runs, Whole};
use crate::event::{Assembled, Event, Layout, Reading, Stamp, Weave, assemble};
use crate::source::{Chunk, Place};

/// Something that was found, in order.
#[derive(Debug, Clone)]
pub(in crate::analyze) enum News {
    /// An event.
    Found(Box<Found>),
    /// What several events show together.
    Whole {
        /// The lane whose run it was.
        lane: usize,
        /// How many runs had ended before it there.
        run: u64,
        whole: Box<Whole>,
    },
    /// The end of a run.
    Ended {
        /// The lane whose run it was.
        lane: usize,
        ended: Box<Ended>,
    },
}

/// An event in which something was found.
#[derive(Debug, Clone)]
pub(in crate::analyze) struct Found {
    pub(in crate::analyze) lane: usize,
    pub(in crate::analyze) finding: Finding,
    /// Its time, or that of the record before it.
    pub(in crate::analyze) stamp: Option<Stamp>,
    /// It is an incident, and not only a mark.
    pub(in crate::analyze) incident: bool,
    /// What it followed from: where that began, and its rule.
    pub(in crate::analyze) behind: Option<(Place, usize)>,
    /// It reaches to the end of what there is: more of it may come.
    pub(in crate::analyze) open: bool,
}

impl<'r> Stream<'r> {
    /// From now on what is found is kept until it is taken.
    pub(in crate::analyze) fn listen(&mut self) {
        self.news = Some(Vec::new());
        for lane in &mut self.lanes {
            lane.runs.heard = Some(Vec::new());
            lane.runs.incidents.wholes = Some(Vec::new());
        }
    }

    /// What was found since this was last asked, where someone listens.
    pub(in crate::analyze) fn take_news(&mut self) -> Vec<News> {
        for lane in 0..self.lanes.len() {
            self.hear_ends(lane);
        }
        self.news.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Finds what it can at once, and judges the start of the log not at all.
    pub(in crate::analyze) fn start_early(&mut self) {
        self.started = true;
    }

    /// Of a start of this bot, knows what `bytes`, all there is of the log so far, tell: with each line that may be
    /// another.
    pub(in crate::analyze) fn learn_start(&mut self, bytes: &[u8]) {
        let lines = || bytes.split_inclusive(|&b| b == b'\n').take(START_LINES);
        let is_shared =
            self.weave.is_some() || Weave::is_export(lines()) || Layout::of(lines()).is_some();
        self.lanes[0].starts = if is_shared { None } else { Starts::learn(bytes) };
    }

    /// Whether enough of the log has come for its start to be judged; before that nothing is found.
    pub(in crate::analyze) fn has_started(&self) -> bool {
        self.started
    }

    /// Position up to which nothing that comes changes what was found.
    pub(in crate::analyze) fn settled(&self) -> u64 {
        let end = self.base + self.shown as u64;
        let waiting = self.waiting.front().copied().unwrap_or(end);
        let fed = self.lanes.iter().map(|lane| self.base + lane.fed_in(self.base) as u64);
        fed.fold(waiting, u64::min)
    }

    /// The runs of each lane.
    pub(in crate::analyze) fn runs(&mut self) -> impl Iterator<Item = &mut Runs<'r>> {
        self.lanes.iter_mut().map(|lane| &mut lane.runs)
    }

    /// The service whose lane it is, in a log of several.
    pub(in crate::analyze) fn service(&self, lane: usize) -> Option<&str> {
        self.weave.as_ref().filter(|_| self.lanes.len() > 1)?.service(lane)
    }

    /// Lines of a lane, in a log of several.
    pub(in crate::analyze) fn lines_of(&self, lane: usize) -> u64 {
        self.weave.as_ref().map_or(0, |weave| weave.totals(lane).0)
    }

    /// Ends the run of each lane as if the source ended here, for who listens.
    pub(in crate::analyze) fn end_runs(&mut self, stopped: bool) {
        for lane in &mut self.lanes {
            lane.runs.finish(stopped);
        }
    }

    /// One finding for who listens, behind the runs that it ended.
    pub(super) fn hear(
        &mut self,
        part: &Chunk<'_>,
        weave: Option<&Weave>,
        placed: &Placed<'_>,
        finding: &Finding,
        (lane, incident): (usize, Option<usize>),
    ) {
        // What it completes is told behind it.
        let incidents = &mut self.lanes[lane].runs.incidents;
        let behind = incident.and_then(|index| incidents.cause_of(index));
        let wholes = incidents.wholes.as_mut().map(std::mem::take).unwrap_or_default();
        let run = self.lanes[lane].runs.count;
        self.hear_ends(lane);
        let open = placed.event.end() >= part.bytes.len();
        let stamp = self.lanes[lane].runs.last_stamp().cloned();
        let incident = incident.is_some();
        let found = Found { lane, finding: finding.clone(), stamp, incident, behind, open };
        let apart = self.apart.contains(&placed.place);
        let apart = apart.then(|| self.traceback_of(part, weave, &placed.event, &found)).flatten();
        let news = self.news.get_or_insert_default();
        news.push(News::Found(Box::new(found)));
        news.extend(apart.map(|found| News::Found(Box::new(found))));
        news.extend(wholes.into_iter().map(|whole| whole_of(lane, run, whole)));
    }

    /// The traceback of a logged event on its own.
    fn traceback_of(
        &self,
        part: &Chunk<'_>,
        weave: Option<&Weave>,
        event: &Event<'_>,
        found: &Found,
    ) -> Option<Found> {
        let starts =
            |text: &str| text.trim_start().starts_with("Traceback (most recent call last)");
        let head = event.lines.iter().skip(1).find(|line| starts(&line.text))?;
        let speaks = |line: &str| self.matcher.speaks(line);
        let reading = Reading { weave, stamped: self.stamped };
        let Assembled::Event(own) = assemble(part, reading, head.at, head.at, &speaks) else {
            return None;
        };
        let finding = Finding::examine(self.matcher, part, &own, part.place(head.at, None));
        Some(Found { finding, incident: true, ..found.clone() })
    }

    fn hear_ends(&mut self, lane: usize) {
        let runs = &mut self.lanes[lane].runs;
        if let (Some(news), Some(ends)) = (&mut self.news, &mut runs.heard) {
            // An absence is decided with the end of its run.
            let wholes = runs.incidents.wholes.as_mut().map(std::mem::take).unwrap_or_default();
            let run = runs.count;
            news.extend(wholes.into_iter().map(|whole| whole_of(lane, run, whole)));
            let ends = ends.drain(..);
            news.extend(ends.map(|ended| News::Ended { lane, ended: Box::new(ended) }));
        }
    }
}

fn whole_of(lane: usize, run: u64, whole: Whole) -> News {
    News::Whole { lane, run, whole: Box::new(whole) }
}
