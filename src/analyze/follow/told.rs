//! What was told of a source, so that nothing is told twice and what turns out worse can be named.

use std::collections::{BTreeSet, VecDeque};

use crate::diagnosis::{Cause, Decision, End, Finding, Kind};
use crate::event::Stamp;
use crate::model::Level;
use crate::source::Place;

/// Events remembered: as many as a run may mean when it ends.
const EVENTS: usize = 64;

/// Runs remembered whose end was told.
const RUNS: usize = 16;

/// Series remembered that were told; beyond it all may be told once more.
const WHOLES: usize = 1_000;

/// An event that was told, or would have been but for `--level`.
#[derive(Debug)]
pub(super) struct ToldEvent {
    /// Its number in the process.
    pub(super) number: u64,
    pub(super) place: Place,
    pub(super) fingerprint: String,
    /// The level it was found with.
    pub(super) found: Level,
    /// The level it has now.
    pub(super) level: Level,
    /// It was told, and not hidden.
    pub(super) shown: bool,
    /// It was told before it was known to be whole.
    pub(super) provisional: bool,
    pub(super) finding: Box<Finding>,
    pub(super) stamp: Option<Stamp>,
    /// What its source was called.
    pub(super) source: String,
    /// What a run ended with: the event told is the end itself, not a finding.
    pub(super) ending: Option<Cause>,
}

/// The end of a run that was told.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ToldEnd {
    /// Its lane, and how many runs had ended before it there.
    pub(super) run: (usize, u64),
    pub(super) end: End,
    /// Where its cause stands.
    pub(super) cause: Option<Place>,
    /// Only silence, or an exit line, speaks for it: the run may go on.
    pub(super) supposed: bool,
}

/// What was told of one source.
#[derive(Debug, Default)]
pub(super) struct Told {
    events: VecDeque<ToldEvent>,
    ends: VecDeque<ToldEnd>,
    /// How many runs of each lane were said to have begun.
    begun: Vec<u64>,
    /// Series that were told, by lane, number of the run, and fingerprint.
    wholes: BTreeSet<(usize, u64, String)>,
}

impl Told {
    pub(super) fn add(&mut self, event: ToldEvent) {
        if self.events.len() == EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// The event that begins at `place`.
    pub(super) fn event(&mut self, place: Place) -> Option<&mut ToldEvent> {
        self.events.iter_mut().rev().find(|event| event.place == place)
    }

    /// Records that were told before what follows them was known.
    pub(super) fn records(&self) -> Vec<Place> {
        let is_one = |event: &&ToldEvent| event.provisional && event.finding.kind == Kind::Record;
        self.events.iter().filter(is_one).map(|event| event.place).collect()
    }

    /// The event that an end was blamed on.
    pub(super) fn blamed(&mut self, cause: &Cause) -> Option<&mut ToldEvent> {
        let place = place_of(cause);
        let is_end = matches!(cause, Cause::Unexplained { .. });
        self.events
            .iter_mut()
            .rev()
            .find(|one| one.place == place && one.ending.is_some() == is_end)
    }

    /// What was told of the end of a run.
    pub(super) fn end(&mut self, run: (usize, u64)) -> Option<&mut ToldEnd> {
        self.ends.iter_mut().rev().find(|end| end.run == run)
    }

    pub(super) fn set_end(&mut self, end: ToldEnd) {
        self.forget_end(end.run);
        if self.ends.len() == RUNS {
            self.ends.pop_front();
        }
        self.ends.push_back(end);
    }

    pub(super) fn forget_end(&mut self, run: (usize, u64)) {
        self.ends.retain(|end| end.run != run);
    }

    /// Whether it is new that a run has begun; from now on it is not.
    pub(super) fn begins(&mut self, (lane, number): (usize, u64)) -> bool {
        if self.begun.len() <= lane {
            self.begun.resize(lane + 1, 0);
        }
        let is_new = number >= self.begun[lane];
        self.begun[lane] = self.begun[lane].max(number + 1);
        is_new
    }

    /// Whether it is new in its run that a series has come about; from now on it is not.
    pub(super) fn comes_about(&mut self, (lane, run): (usize, u64), fingerprint: &str) -> bool {
        if self.wholes.len() == WHOLES {
            self.wholes.clear();
        }
        self.wholes.insert((lane, run, fingerprint.to_owned()))
    }

    /// Whether a run is said to have ended of which only silence tells that.
    pub(super) fn supposes(&self) -> bool {
        self.ends.iter().any(|end| end.supposed)
    }
}

/// Where the cause of an end stands.
pub(super) fn place_of(cause: &Cause) -> Place {
    match cause {
        Cause::Found { mention, .. } => mention.place,
        Cause::Unexplained { finding, .. } => finding.place,
    }
}

/// Where the cause of a decision stands.
pub(super) fn cause_place(decision: &Decision) -> Option<Place> {
    decision.cause.as_ref().map(place_of)
}
