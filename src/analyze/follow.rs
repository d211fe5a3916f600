//! Logs beside a running bot: the same crank as for finished ones, one appended piece at a time. What
//! happens is told as it happens; what it all came to is the report that a run over the finished logs
//! would have given.

mod files;
mod followed;
mod telling;
mod timing;
mod told;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::BatchOptions;
use super::batch::{Outcome, assemble_report};
use crate::detect::Matcher;
use crate::diagnosis::Diagnosis;
use crate::model::{Clock, Level};
use crate::report::{Event, SourceAction, SourceEvent};
use crate::safe::escape::visible;
use crate::safe::redact::Redactor;
use crate::source::follow::{Action, Appended, FileId, Notice, Settled, SourceId};
use followed::Followed;

/// How appended lines are judged and what is told of them.
#[derive(Debug, Clone)]
pub struct WatchOptions {
    /// As for finished logs; `since` counts, `until` and `run` had better be unset.
    pub batch: BatchOptions,
    /// Tell events from this level up.
    pub level: Level,
    /// A log that is silent for so long has ended, as far as the end of a run is judged.
    pub quiet_after: Duration,
    /// When silence itself is told.
    pub stall: Option<StallAfter>,
    /// Whether [`Said::Settled`] is wanted.
    pub settles: bool,
}

/// When silence itself is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StallAfter {
    /// After this time.
    Time(Duration),
    /// When it is much longer than the log's usual pause.
    Habit,
}

/// Where notices come from.
pub trait Feed {
    /// The next one; `None` where none came within `timeout`. Without one it waits as long as it takes.
    fn next(&mut self, timeout: Option<Duration>) -> Option<Notice>;
}

/// Something to tell, in order.
#[derive(Debug)]
pub enum Said {
    /// So many lines have been read; told at most once a second.
    Pulse {
        /// Of all sources.
        lines: u64,
    },
    /// For the user, and for hooks where `about` says so.
    Event {
        /// What happened.
        event: Event,
        /// The diagnosis that it is about: of [`Event::Diagnosis`] and [`Event::Update`].
        about: Option<About>,
    },
    /// What [`WatchOptions::level`] hides: for hooks alone.
    Hidden(About),
    /// A word for standard error, in formats that people read and in others.
    Word(String),
    /// All that was found before this place has been told.
    Settled {
        /// The source.
        source: SourceId,
        /// The file.
        file: FileId,
        /// Up to where.
        settled: Settled,
    },
}

/// What a hook needs to know of an event.
#[derive(Debug)]
pub struct About {
    /// Number of the event in this process; an update has that of the event it is about.
    pub number: u64,
    /// The diagnosis as it is now.
    pub diagnosis: Box<Diagnosis>,
    /// It was appended after following began.
    pub is_new: bool,
    /// How long the bytes had been there before they were read.
    pub unread_for: Duration,
    /// Another run has begun since.
    pub came_back: bool,
    /// The bot itself logged it as an error.
    pub logged_as_error: bool,
}

/// Why following ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// The input has ended: the run that goes on has ended with it.
    EndOfInput,
    /// It was stopped; the bot may go on.
    Stopped,
}

/// Follows until the input ends or it is stopped, and comes back with what it all came to. `tell` gives
/// `false` where nobody listens any more. Work is shared out in the caller's thread pool.
pub fn run(
    feed: &mut (dyn Feed + Send),
    matcher: &Matcher<'_>,
    options: &WatchOptions,
    clock: &dyn Clock,
    is_stopped: &(dyn Fn() -> bool + Sync),
    tell: &mut (dyn FnMut(Said) -> bool + Send),
) -> Outcome {
    let mut watch = Watch::new(matcher, options);
    let mut before = clock.elapsed();
    loop {
        let due = watch.next_due();
        let notice = feed.next(due.map(|due| due.saturating_sub(before)));
        let now = clock.elapsed();
        // The machine slept, or nobody took what was told: silence in between says nothing.
        let planned = due.map_or(now, |due| due.max(before));
        if now.saturating_sub(planned) > timing::OVERSLEPT {
            watch.postpone(now);
        }
        match notice {
            Some(Notice::Ended) => break,
            Some(notice) => watch.take(notice, now, clock.wall()),
            None => {}
        }
        watch.tick(now);
        watch.pulse(now);
        for said in watch.said() {
            if !tell(said) {
                return watch.finish(Leave::Stopped);
            }
        }
        before = clock.elapsed();
        if before.saturating_sub(now) > timing::OVERSLEPT {
            watch.postpone(before);
        }
    }
    let leave = if is_stopped() { Leave::Stopped } else { Leave::EndOfInput };
    watch.close(leave);
    for said in watch.said() {
        if !tell(said) {
            break;
        }
    }
    watch.finish(leave)
}

/// All followed sources. Time is told to it; it neither sleeps nor reads.
#[derive(Debug)]
pub struct Watch<'r> {
    matcher: &'r Matcher<'r>,
    options: &'r WatchOptions,
    redactor: Redactor,
    /// By the number of their id.
    sources: Vec<Option<Followed<'r>>>,
    /// Those that wait for a time to come.
    waiting: BTreeSet<usize>,
    said: Vec<Said>,
    number: u64,
    problems: Vec<String>,
    /// When lines were last counted, and how many there were.
    pulsed: (Duration, u64),
}

/// How often the count of lines is told.
const PULSE: Duration = Duration::from_secs(1);

impl<'r> Watch<'r> {
    /// Nothing yet.
    pub fn new(matcher: &'r Matcher<'r>, options: &'r WatchOptions) -> Watch<'r> {
        Watch {
            matcher,
            options,
            redactor: Redactor::new(options.batch.redact),
            sources: Vec::new(),
            waiting: BTreeSet::new(),
            said: Vec::new(),
            number: 0,
            problems: Vec::new(),
            pulsed: (Duration::ZERO, 0),
        }
    }

    /// What is to be told since this was last asked, in order.
    pub fn said(&mut self) -> Vec<Said> {
        std::mem::take(&mut self.said)
    }

    /// Takes one notice in, at the time `now` (by a clock that never goes back) and `wall`.
    pub fn take(&mut self, notice: Notice, now: Duration, wall: SystemTime) {
        match notice {
            Notice::Source { source, name, file, file_name, action } => {
                self.source(source, &name, file, &file_name, action, now);
            }
            Notice::Appended(piece) => self.appended(&piece, now, wall),
            Notice::FileEnd { source, file } => {
                self.with(source, None, now, |followed, desk| followed.end_file(file, desk));
            }
            Notice::Waiting { source, name } => {
                self.with(source, Some(&name), now, |_, _| ());
                self.said.push(Said::Word(format!("{name}: not there yet; waiting for it")));
            }
            Notice::Skipped { path, reason } => {
                self.said.push(Said::Word(format!("{path}: not followed: {reason}")));
            }
            Notice::Polling { reason, interval } => {
                let word = format!(
                    "looking for changes every {} s (polling): {reason}",
                    interval.as_secs_f64()
                );
                self.said.push(Said::Word(word));
                self.said.push(event(SourceAction::Polling, "", None, None, None));
            }
            Notice::StateFailed { reason } => {
                self.said.push(Said::Word(format!("the state cannot be kept: {reason}")));
            }
            Notice::Ended => {}
        }
    }

    /// Does what is due at `now`: to be called when nothing waits to be taken in.
    pub fn tick(&mut self, now: Duration) {
        let due: Vec<usize> = self
            .waiting
            .iter()
            .copied()
            .filter(|&at| self.due_of(at).is_some_and(|due| due <= now))
            .collect();
        for at in due {
            self.with(SourceId(at), None, now, |followed, desk| followed.tick(now, desk));
        }
    }

    /// Says how many lines have been read, once a second while more come.
    fn pulse(&mut self, now: Duration) {
        if now.saturating_sub(self.pulsed.0) < PULSE {
            return;
        }
        let lines = self.sources.iter().flatten().map(Followed::lines).sum();
        if lines != self.pulsed.1 {
            self.said.push(Said::Pulse { lines });
        }
        self.pulsed = (now, lines);
    }

    /// When [`Watch::tick`] wants to be called next.
    pub fn next_due(&self) -> Option<Duration> {
        self.waiting.iter().filter_map(|&at| self.due_of(at)).min()
    }

    /// Nobody looked for a while, up to `now`: silence is counted from there on.
    pub fn postpone(&mut self, now: Duration) {
        for &at in &self.waiting {
            if let Some(Some(followed)) = self.sources.get_mut(at) {
                followed.timing.postpone(now);
            }
        }
    }

    /// Tells what is left to tell.
    pub fn close(&mut self, leave: Leave) {
        for at in 0..self.sources.len() {
            self.with(SourceId(at), None, Duration::ZERO, |followed, desk| {
                followed.close(leave, desk);
            });
        }
    }

    /// What it all came to.
    pub fn finish(self, leave: Leave) -> Outcome {
        let mut options = self.options.batch.clone();
        options.stopped &= leave == Leave::EndOfInput;
        let (matcher, redactor) = (self.matcher, &self.redactor);
        let read = self.sources.into_iter().flatten();
        let read = read.flat_map(|followed| followed.conclude(matcher, &options, redactor));
        assemble_report(read.collect(), self.problems)
    }

    fn due_of(&self, at: usize) -> Option<Duration> {
        self.sources.get(at)?.as_ref()?.timing.due()
    }

    fn appended(&mut self, piece: &Appended, now: Duration, wall: SystemTime) {
        self.with(piece.source, None, now, |followed, desk| {
            // First, because what append plans is counted from when the log last spoke.
            followed.timing.spoke(now);
            followed.append(piece, wall, desk);
        });
    }

    fn source(
        &mut self,
        source: SourceId,
        name: &Arc<str>,
        file: Option<FileId>,
        file_name: &Arc<str>,
        action: Action,
        now: Duration,
    ) {
        let (action, bytes, lines) = match action {
            Action::Opened => (SourceAction::Opened, None, None),
            Action::Rotated => (SourceAction::Rotated, None, None),
            Action::Truncated => (SourceAction::Truncated, None, None),
            Action::Returned => (SourceAction::Returned, None, None),
            Action::Lost { bytes, lines } => (SourceAction::Lost, bytes, lines),
        };
        self.with(source, Some(name), now, |followed, desk| {
            if action == SourceAction::Lost {
                followed.lost(file, bytes, lines, desk);
            }
        });
        self.said.push(event(action, name, Some(file_name), bytes, lines));
    }

    /// Lets a source act, and sees when it wants to act again.
    fn with(
        &mut self,
        source: SourceId,
        name: Option<&Arc<str>>,
        now: Duration,
        act: impl FnOnce(&mut Followed<'r>, &mut Desk<'_, 'r>),
    ) {
        let at = source.0;
        if self.sources.len() <= at {
            self.sources.resize_with(at + 1, || None);
        }
        let mut desk = Desk {
            matcher: self.matcher,
            options: self.options,
            redactor: &self.redactor,
            said: &mut self.said,
            number: &mut self.number,
            now,
        };
        let followed = match (&mut self.sources[at], name) {
            (Some(followed), _) => followed,
            (slot @ None, name) => {
                let name = name.map_or_else(String::new, ToString::to_string);
                slot.insert(Followed::new(source, name, now, &desk))
            }
        };
        act(followed, &mut desk);
        if followed.timing.due().is_some() {
            self.waiting.insert(at);
        } else {
            self.waiting.remove(&at);
        }
    }
}

/// What a source needs of all, to tell something.
struct Desk<'w, 'r> {
    matcher: &'r Matcher<'r>,
    options: &'r WatchOptions,
    redactor: &'w Redactor,
    said: &'w mut Vec<Said>,
    number: &'w mut u64,
    now: Duration,
}

impl Desk<'_, '_> {
    fn event(&mut self, event: Event) {
        self.said.push(Said::Event { event, about: None });
    }
}

fn event(
    action: SourceAction,
    source: &str,
    file: Option<&str>,
    bytes: Option<u64>,
    lines: Option<u64>,
) -> Said {
    let safe = |text: &str| visible(text).into_owned();
    let event = SourceEvent { action, source: safe(source), file: file.map(safe), bytes, lines };
    Said::Event { event: Event::Source(event), about: None }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests;
