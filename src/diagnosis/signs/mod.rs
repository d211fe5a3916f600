//! What a run shows that none of its lines says: in its times, and in the numbers it prints about itself.
//!
//! [`Signs`] is shown the samples of one run in order, and is asked twice what they come to: before a finding
//! that may be a consequence is added ([`Signs::before`]), so that the cause stands before it, and when the
//! run is over ([`Signs::close`]).
//!
//! A detector is a file of its own beside this one, and knows nothing of the others. It is a plain struct with
//! a `Default`, bounded memory and cheap `clone` (a followed log is judged on copies), and becomes a field of
//! [`Signs`]. Its `sample` is called in [`Signs::sample`], where each line comes with its place and its time in
//! seconds; what it has found it gives back as [`Sign`]s, under a rule of `rules/*.toml` that has a title, a
//! summary, a fix and no `[[rule.when]]`. Each sign becomes an incident, and `rules/chains.toml` may name its
//! rule as a cause. A new run begins with new detectors.

mod clock;
mod frozen;
mod gaps;
mod growth;
mod offline;
mod phrase;
mod reading;
mod shape;
mod standstill;
mod token;
mod trend;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::evidence::Line;
use super::rhythm::length;
use crate::event::{Record, Stamp, read_record};
use crate::model::Level;
use crate::rules::RuleSet;
use crate::source::Place;

use clock::Clock;
use frozen::Frozen;
use gaps::Gaps;
use growth::{Asked, Growths};
use offline::Offline;
use shape::Shape;
use standstill::Standstill;

pub use growth::telling;
pub(super) use reading::may_hold as may_tell;

/// Longest text kept of a line that is evidence of a sign.
const EVIDENCE_BYTES: usize = 400;

/// A line that is looked at whatever it says, or because it prints what the process holds.
#[derive(Debug, Clone)]
pub struct Sample<'a> {
    /// Where it begins.
    pub place: Place,
    /// Its time, where it has one.
    pub stamp: Option<Stamp>,
    /// The line as logged, newline included.
    pub line: &'a [u8],
    /// Lines that are no samples may stand between it and the sample before.
    pub skipped: bool,
    /// It is looked at whatever it says; else only for what it says.
    pub is_first: bool,
    /// It was looked for because it prints what the process holds.
    pub tells: bool,
    /// What it says; `None` where it is looked at for its time alone.
    pub said: Option<Said>,
}

/// What a line says, as far as every line that is looked at is asked for it. It is told of the line alone, so that
/// many can be asked at once.
#[derive(Debug, Clone, Copy)]
pub struct Said {
    shape: Shape,
    /// It may hold a number that the process tells of itself.
    may_hold: bool,
}

impl Said {
    /// By a line, and the record that was read of it.
    pub fn of(line: &[u8], record: &Record<'_>) -> Said {
        Said { shape: shape::shape(&record.message), may_hold: reading::may_hold(line) }
    }

    fn by(sample: &Sample<'_>) -> Said {
        sample.said.unwrap_or_else(|| Said::of(sample.line, &read_record(sample.line)))
    }
}

/// The lines from the sample before up to the one at hand, in order. There are hundreds, so each is read only when it
/// is asked for.
pub trait Stretch<'a> {
    /// How many there are.
    fn count(&self) -> usize;

    /// The time of the line `at`, below [`Stretch::count`], where it has one.
    fn stamp(&self, at: usize) -> Option<Stamp>;

    /// The line `at`, below [`Stretch::count`].
    fn sample(&self, at: usize) -> Sample<'a>;
}

/// What lies between the sample before and the one at hand; `None` where it is too much.
pub type Between<'a> = &'a dyn Fn() -> Option<Box<dyn Stretch<'a> + 'a>>;

impl Sample<'_> {
    /// Its time in seconds, comparable within the source.
    pub(super) fn seconds(&self) -> Option<f64> {
        self.stamp.as_ref().map(Stamp::seconds)
    }

    /// It as it is remembered: place, time, and the line as evidence.
    pub(super) fn moment(&self) -> Moment {
        let bytes = &self.line[..self.line.len().min(EVIDENCE_BYTES)];
        // Of what is text, a plain look makes sure many times faster.
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text.trim_end().to_owned(),
            Err(_) => String::from_utf8_lossy(bytes).trim_end().to_owned(),
        };
        Moment { stamp: self.stamp.clone(), line: Line { place: self.place, text } }
    }
}

/// A sample that is remembered.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    pub(super) stamp: Option<Stamp>,
    pub(super) line: Line,
}

/// Something that a detector has found.
#[derive(Debug, Clone)]
pub(super) struct Sign {
    /// The rule that tells of it.
    pub(super) rule: &'static str,
    /// What it is about, for its fingerprint: two signs of one rule and one subject are one incident.
    pub(super) subject: String,
    pub(super) level: Level,
    /// How many events it stands for.
    pub(super) count: u64,
    pub(super) first: Moment,
    pub(super) last: Moment,
    /// What fills the rule's sentences.
    pub(super) captures: BTreeMap<String, String>,
    /// It says more than another sign of its incident: its captures count, whichever of the two is told first.
    pub(super) says_most: bool,
    /// What its chains name as symptoms and began at this time or later, in seconds, followed from it, though
    /// it was told before.
    pub(super) causes_since: Option<f64>,
}

/// A finding that is about to be added.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coming<'a> {
    /// Its rule.
    pub(super) rule: &'a str,
    /// When it was, in seconds.
    pub(super) seconds: Option<f64>,
    /// What it captured.
    pub(super) captures: &'a BTreeMap<String, String>,
    /// Its time and first line.
    pub(super) moment: &'a Moment,
    /// The last line before it that has a time.
    pub(super) after: Option<&'a Moment>,
    /// The lines around the longest pause among the lines shortly before it, which may be no samples.
    pub(super) pause: Option<&'a (Moment, Moment)>,
}

impl Sign {
    /// From when to when nothing was said, where it tells of that.
    pub(super) fn silence(&self) -> Option<(Stamp, Stamp)> {
        is_silence(self.rule)
            .then(|| self.first.stamp.clone().zip(self.last.stamp.clone()))
            .flatten()
    }

    /// Whether it goes on up to the finding that it is told before.
    pub(super) fn goes_on(&self) -> bool {
        is_growth(self.rule)
    }
}

/// Whether the rule tells of what goes on as long as nobody looks after it: something grows, or stands still.
pub(super) fn goes_on(rule: &str) -> bool {
    is_growth(rule) || [frozen::RULE, standstill::RULE].contains(&rule)
}

/// Whether the rule tells of a silence.
pub(super) fn is_silence(rule: &str) -> bool {
    gaps::RULES.contains(&rule)
}

/// Whether the rule tells of something that grows.
pub(super) fn is_growth(rule: &str) -> bool {
    growth::RULES.contains(&rule)
}

/// The detectors of one run.
#[derive(Debug, Clone, Default)]
pub(super) struct Signs {
    clock: Clock,
    gaps: Gaps,
    offline: Offline,
    growths: Growths,
    frozen: Frozen,
    standstill: Standstill,
    /// Time of the last sample that has one.
    seconds: Option<f64>,
    /// Time of the last one that was looked at for what it says, and the longest time between two of them.
    sampled: Option<f64>,
    stride: f64,
    /// File and end of the line that was looked at last for what it says.
    looked: Option<(usize, u64)>,
}

impl Signs {
    /// The next sample.
    pub(super) fn sample(&mut self, sample: &Sample<'_>, between: Between<'_>) {
        if sample.is_first && sample.stamp.is_some() {
            let now = Arc::new(sample.moment());
            self.clock.sample(sample, &now);
            self.gaps.sample(sample, now, between);
        } else if sample.is_first {
            self.gaps.untimed(sample);
        }
        self.seconds = sample.seconds().or(self.seconds);
        let Some(said) = sample.said else { return };
        self.growths.sample(sample, said.may_hold, self.seconds);
        if !sample.is_first {
            return;
        }
        let before = std::mem::replace(&mut self.sampled, self.seconds);
        let stride = before.zip(self.seconds).map_or(0.0, |(before, now)| now - before);
        if sample.skipped && self.standstill.is_late(self.seconds, self.stride) {
            let lines = between();
            for one in lines.iter().flat_map(|lines| (0..lines.count()).map(|at| lines.sample(at)))
            {
                self.seconds = one.seconds().or(self.seconds);
                self.look_at(&one, &Said::by(&one).shape);
            }
            self.seconds = sample.seconds().or(self.seconds);
        }
        self.stride = self.stride.max(stride);
        self.look_at(sample, &said.shape);
    }

    /// What a line says of the market and of the bot being alive.
    fn look_at(&mut self, sample: &Sample<'_>, shape: &Shape) {
        let lines = self.lines_up_to(sample);
        self.frozen.sample(sample, shape, self.seconds);
        self.standstill.sample(sample, shape, self.seconds, lines);
    }

    /// How many lines a line stands for, the one before it having been looked at last: those between, as many as
    /// there are bytes for, are like it.
    fn lines_up_to(&mut self, sample: &Sample<'_>) -> f64 {
        let end = sample.place.byte + sample.line.len() as u64;
        let last = self.looked.replace((sample.place.file, end));
        match last {
            Some((file, last)) if file == sample.place.file && last < sample.place.byte => {
                1.0 + (sample.place.byte - last) as f64 / sample.line.len().max(1) as f64
            }
            _ => 1.0,
        }
    }

    /// One of the last lines of the run, when it is over: what stands still is told to the end.
    pub(super) fn ending(&mut self, sample: &Sample<'_>) {
        let is_new = self
            .looked
            .is_none_or(|(file, end)| (sample.place.file, sample.place.byte) >= (file, end));
        if is_new {
            self.seconds = sample.seconds().or(self.seconds);
            self.look_at(sample, &Said::by(sample).shape);
        }
    }

    /// One of the last lines of the run, with its time, which may be no sample: the last reading is told to
    /// the end.
    pub(super) fn last_line(&mut self, sample: &Sample<'_>) {
        let is_new = |last: Place| {
            let place = sample.place;
            (place.file, place.line) > (last.file, last.line)
        };
        if self.growths.last().is_some_and(is_new) {
            let seconds = sample.seconds().or(self.seconds);
            self.growths.sample(sample, reading::may_hold(sample.line), seconds);
        }
    }

    /// Whether a pause shortly before it matters for a finding of that rule.
    pub(super) fn asks_for_pause(rules: &RuleSet, rule: &str) -> bool {
        rules.leads(gaps::SLEEP, rule).is_some()
    }

    /// Whether the numbers of the run matter for a finding that comes now.
    pub(super) fn asks(&self, rules: &RuleSet, coming: Coming<'_>) -> bool {
        self.growths.last().is_some()
            && growth::RULES.iter().any(|cause| rules.leads(cause, coming.rule).is_some())
    }

    /// What is to be told before a finding that comes now.
    pub(super) fn before(&mut self, rules: &RuleSet, coming: Coming<'_>) -> Vec<Sign> {
        let leads = |cause: &str| rules.leads(cause, coming.rule);
        let clock = self.clock.before(coming, leads);
        let gaps = self.gaps.before(coming, leads);
        let mut signs: Vec<Sign> = clock.into_iter().chain(gaps).collect();
        signs.extend(self.offline.before(coming));
        signs.extend(self.growths.before(leads));
        signs
    }

    /// What is to be told when the run is over. `stopped`: the log just stops, and the bot is known to be
    /// down.
    pub(super) fn close(&mut self, stopped: bool) -> Vec<Sign> {
        let asked = if stopped { Asked::AsCause } else { Asked::ByItself };
        let mut signs = self.gaps.close();
        signs.extend(self.growths.close(asked));
        signs.extend(self.frozen.close());
        signs.extend(self.standstill.close());
        signs
    }
}
