//! The bot's lives inside a source: where each begins, how it ends, and what explains its end.

use std::collections::VecDeque;

mod judge;
mod opening;
mod order;
mod said;
mod signs;
mod told;
mod torn;

use super::decision::{Cause, Decision, End};
use super::finding::{Finding, Kind};
use super::fingerprint;
use super::incident::{Incidents, Mention};
use super::join::{Death, Life, Pause};
use super::rhythm;
use super::signs::{Moment, Signs};
use crate::detect::Matcher;
use crate::event::{Record, Stamp, read_record};
use crate::model::Severity;
use crate::rules::{MarkKind, RuleSet};
use crate::safe::limits;
use crate::source::{FILLER, Place};

use opening::Opening;
use order::Order;
use said::last_said;

pub use order::NEWEST_FIRST;
pub use said::said_in;

/// One life of the bot.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its first line.
    pub first_line: u64,
    /// Its last line.
    pub last_line: u64,
    /// Time of its first record.
    pub started: Option<Stamp>,
    /// Time of its last record.
    pub ended: Option<Stamp>,
    /// How it ended.
    pub end: End,
    /// The incident that explains its end.
    pub cause: Option<usize>,
}

/// What stands at the end of a run is judged by at most this many lines and findings.
pub const TAIL_ITEMS: usize = 48;

/// Lines at the start of a run among which its first time is looked for.
const OPENING_LINES: usize = 64;

/// Lines among which the time of a line without one is looked for.
const STAMP_LINES: usize = 16;

/// Findings of a run that an exit line may mean.
const REMEMBERED: usize = 64;

/// Something that a run's end is judged by.
#[derive(Debug, Clone)]
enum Item {
    /// A line that no rule and no mark is about.
    Line { place: Place, bytes: Vec<u8> },
    /// A finding that is an incident.
    Found { mention: Mention, marks: Vec<usize>, finding: Box<Finding> },
    /// A line with a mark.
    Marked { marks: Vec<usize>, finding: Box<Finding> },
}

impl Item {
    fn place(&self) -> Place {
        match self {
            Item::Line { place, .. } => *place,
            Item::Found { finding, .. } | Item::Marked { finding, .. } => finding.place,
        }
    }

    fn stamp(&self) -> Option<Stamp> {
        match self {
            Item::Line { bytes, .. } => read_record(bytes).stamp,
            Item::Found { finding, .. } | Item::Marked { finding, .. } => finding.stamp.clone(),
        }
    }
}

/// A run that has ended, for who listens.
#[derive(Debug, Clone)]
pub struct Ended {
    /// How many had ended before.
    pub number: u64,
    /// The run.
    pub run: Run,
    /// How it ended, and why.
    pub decision: Decision,
    /// Where that followed from something else: the place of the last event of that, and its rule.
    pub root: Option<(Place, usize)>,
}

/// Follows one source from run to run.
#[derive(Debug, Clone)]
pub struct Runs<'r> {
    matcher: &'r Matcher<'r>,
    /// What was found.
    pub incidents: Incidents,
    /// The runs that have ended.
    pub ended: Vec<Run>,
    /// How each of them looks to those who join several logs.
    pub lives: Vec<Life>,
    /// Lines that tell of the end of some process.
    pub deaths: Vec<Death>,
    /// Silences inside runs.
    pub pauses: Vec<Pause>,
    /// The process that the start of the run named.
    pid: Option<u32>,
    /// How many have ended, also those for which there was no room.
    pub count: u64,
    /// Where someone listens: the runs that have ended since this was last taken.
    pub heard: Option<Vec<Ended>>,
    tail: VecDeque<Item>,
    remembered: VecDeque<Mention>,
    first_line: Option<u64>,
    /// Message of its first line, without numbers.
    opened: String,
    /// Layout of its first line (see `Record::shape`).
    layout: u64,
    last_place: Option<Place>,
    started: Option<Stamp>,
    /// Lines in which the run's first time may still be looked for.
    opening: usize,
    /// Time of the last record seen that has one.
    latest: Option<Stamp>,
    /// Lines came after `latest` was looked for.
    stale: bool,
    /// Time of the first record of the source that has one.
    pub first_stamp: Option<Stamp>,
    /// This is one program of a whole machine's log: an error record that stands last ends no run.
    pub of_machine: bool,
    /// Lines before this time are no samples.
    pub since: Option<jiff::civil::DateTime>,
    /// Lines after this time are not looked at when an end is judged, and are no samples.
    pub until: Option<jiff::civil::DateTime>,
    /// Zone of times that carry none.
    pub zone: Option<jiff::tz::TimeZone>,
    /// What the samples of the run that goes on show.
    signs: Signs,
    /// Which way the times of the source go.
    order: Order,
    /// What it said that it set up, without numbers, other than when it began.
    set_up: Vec<String>,
    /// The longest pause among the last lines, as far as they were looked at for one, and up to where that is.
    pause: Option<(Moment, Moment)>,
    paused_upto: Option<Place>,
    /// What of the process grew up to the end of the run that is being closed.
    grew: Option<Mention>,
}

impl<'r> Runs<'r> {
    /// Nothing seen yet.
    pub fn new(matcher: &'r Matcher<'r>) -> Runs<'r> {
        Runs {
            matcher,
            incidents: Incidents::default(),
            ended: Vec::new(),
            lives: Vec::new(),
            deaths: Vec::new(),
            pauses: Vec::new(),
            pid: None,
            count: 0,
            heard: None,
            tail: VecDeque::new(),
            remembered: VecDeque::new(),
            first_line: None,
            opened: String::new(),
            layout: 0,
            last_place: None,
            started: None,
            opening: OPENING_LINES,
            latest: None,
            stale: false,
            first_stamp: None,
            of_machine: false,
            since: None,
            until: None,
            zone: None,
            signs: Signs::default(),
            order: Order::default(),
            set_up: Vec::new(),
            pause: None,
            paused_upto: None,
            grew: None,
        }
    }

    fn rules(&self) -> &'r RuleSet {
        self.matcher.rules
    }

    /// Lines between two findings: whole lines of which no rule speaks. `place` is that of the first; `line_at`
    /// says what number the line has that begins so many bytes behind it. Only the last few are looked at.
    pub fn lines(&mut self, bytes: &[u8], place: Place, line_at: impl Fn(usize) -> u64) {
        if bytes.is_empty() {
            return;
        }
        let (said, end, seen) = last_said(bytes);
        let first = line_at(end);
        self.begin(place.line, bytes);
        let place_of = |start: usize, back: u64| Place {
            file: place.file,
            byte: place.byte + start as u64,
            line: first + (seen - back),
        };
        for (start, end, back) in said.into_iter().rev() {
            let kept = &bytes[start..end.min(start + 2_000)];
            let place = place_of(start, back);
            self.push(Item::Line { place, bytes: kept.to_vec() });
        }
        let last = memchr::memrchr(b'\n', &bytes[..bytes.len() - 1]).map_or(0, |n| n + 1);
        self.last_place = Some(place_of(last, 1));
        self.stale = true;
    }

    /// Time of the last record seen that has one.
    pub fn last_stamp(&mut self) -> Option<&Stamp> {
        if std::mem::take(&mut self.stale) {
            let stamp = self.tail.iter().rev().take(STAMP_LINES).find_map(Item::stamp);
            if stamp.is_some() {
                self.latest = stamp;
            }
        }
        self.latest.as_ref()
    }

    /// Takes the time of the last record before `place`, where none has been looked for since. A torn event
    /// is found only when some of its own lines have been told as lines already; how many depends on how
    /// the log came in, and the time must not.
    fn look_before(&mut self, place: Place) {
        if !self.stale {
            return;
        }
        let is_behind = |at: Place| at.file == place.file && at.line >= place.line;
        let before = self.tail.iter().rev().skip_while(|item| is_behind(item.place()));
        if let Some(stamp) = before.take(STAMP_LINES).find_map(Item::stamp) {
            self.latest = Some(stamp);
            self.stale = false;
        }
    }

    /// Usual seconds between the last records of the run that goes on, where enough of them have a time.
    /// Records in one second are one: a log speaks in bursts.
    pub fn rhythm(&self) -> Option<f64> {
        let stamps = self.tail.iter().filter_map(|item| match item {
            Item::Line { bytes, .. } => read_record(bytes).stamp,
            Item::Found { finding, .. } | Item::Marked { finding, .. } => finding.stamp.clone(),
        });
        rhythm::median_gap(&stamps.map(|stamp| stamp.seconds()).collect::<Vec<f64>>())
    }

    fn begin(&mut self, line: u64, bytes: &[u8]) {
        if self.first_line.is_none() {
            self.first_line = Some(line);
            let mut lines = bytes.split_inclusive(|&b| b == b'\n');
            let first = lines.find(|line| line.first() != Some(&FILLER)).unwrap_or(bytes);
            let record = read_record(&first[..first.len().min(2_000)]);
            self.opened = fingerprint::normalised(record.message.lines().next().unwrap_or(""));
            self.layout = record.shape;
        }
        if self.is_opening() {
            let mut lines = bytes.split_inclusive(|&b| b == b'\n').take(self.opening);
            while let Some(line) = lines.next()
                && self.started.is_none()
            {
                self.opening -= 1;
                self.started = read_record(line).stamp;
            }
            if self.first_stamp.is_none() {
                self.first_stamp.clone_from(&self.started);
            }
        }
    }

    /// Whether the run's first time is still looked for: then all lines should be shown, else the last few
    /// are enough.
    pub fn is_opening(&self) -> bool {
        self.started.is_none() && self.opening > 0
    }

    fn push(&mut self, item: Item) {
        if self.tail.len() == TAIL_ITEMS {
            self.tail.pop_front();
        }
        self.tail.push_back(item);
    }

    /// A run begins with `start`; what was before it is over.
    pub fn start(&mut self, start: &Finding) {
        // Several banners in a row are one start.
        let Some(first) = self.first_line else { return };
        let only_starts = self.tail.len() < 8
            && self.tail.iter().all(|item| match item {
                Item::Marked { marks, .. } => self.has_mark(marks, MarkKind::Start),
                _ => false,
            });
        if first >= start.place.line || only_starts {
            return;
        }
        if let Opening::Last(lines) = self.opening(start) {
            self.close_before(lines, start);
        }
    }

    /// One examined event. Comes back with its incident, where it is one.
    pub fn finding(&mut self, finding: Finding) -> Option<usize> {
        let takes_over = self.has_mark(&finding.marks, MarkKind::Restart) && self.has_just_ended();
        let sets_up =
            self.has_mark(&finding.marks, MarkKind::SetUp) && self.begins_behind_error(&finding);
        if takes_over || sets_up || self.has_mark(&finding.marks, MarkKind::Start) {
            self.start(&finding);
        }
        if self.first_line.is_none() {
            self.first_line = Some(finding.place.line);
            self.open_with(&finding);
        }
        if finding.stamp.is_some() {
            self.latest.clone_from(&finding.stamp);
            self.stale = false;
            if self.started.is_none() {
                self.started.clone_from(&finding.stamp);
            }
            if self.first_stamp.is_none() {
                self.first_stamp.clone_from(&finding.stamp);
            }
        }
        self.last_place = Some(Place { line: finding.last_line, ..finding.place });
        self.look_before(finding.place);
        let rules = self.rules();
        let stamp = self.last_stamp().cloned();
        self.signs_before(&finding, stamp.as_ref());
        let mention = self.incidents.add(rules, &finding, stamp.clone());
        let incident = mention.as_ref().map(|mention| mention.incident);
        self.incidents.note_series(rules, &finding, stamp.as_ref(), incident);
        self.note_death(&finding, mention.as_ref());
        let marks = finding.marks.clone();
        match mention {
            Some(mention) => {
                if self.remembered.len() == REMEMBERED {
                    self.remembered.pop_front();
                }
                self.remembered.push_back(mention.clone());
                self.push(Item::Found { mention, marks, finding: Box::new(finding) });
            }
            None if !marks.is_empty() => {
                self.push(Item::Marked { marks, finding: Box::new(finding) });
            }
            None => {
                // The line as logged: its header tells what it is.
                let line = finding.evidence.into_iter().next().map(|line| line.text);
                let bytes = line.unwrap_or(finding.message).into_bytes();
                self.push(Item::Line { place: finding.place, bytes });
            }
        }
        incident
    }

    /// How many runs have ended, and first line and time of the one that goes on, once it has a line.
    pub fn began(&self) -> (u64, Option<(u64, Option<Stamp>)>) {
        (self.count, self.first_line.map(|line| (line, self.started.clone())))
    }

    /// The log ends here. `stopped`: the bot is known to be down.
    pub fn finish(&mut self, stopped: bool) {
        if self.first_line.is_some() {
            self.close(None, stopped);
        }
        if let Some(sign) = std::mem::take(&mut self.order).newest_first() {
            self.incidents.add_sign(self.rules(), sign, None);
        }
    }

    /// Takes in the runs of another writer of the same log of whom nothing is to be told. Where nothing is
    /// to be told of these either, all are one run.
    pub fn absorb(&mut self, other: Runs<'_>) {
        self.first_stamp = first_of(self.first_stamp.take(), other.first_stamp);
        self.latest = last_of(self.latest.take(), other.latest);
        if !self.incidents.is_empty() {
            return;
        }
        let whole = self.ended.drain(..).chain(other.ended).reduce(|a, b| Run {
            first_line: a.first_line.min(b.first_line),
            last_line: a.last_line.max(b.last_line),
            started: first_of(a.started, b.started),
            ended: last_of(a.ended, b.ended),
            end: End::Open,
            cause: None,
        });
        self.ended.extend(whole);
    }

    fn has_mark(&self, marks: &[usize], kind: MarkKind) -> bool {
        marks.iter().any(|&at| self.matcher.rules.marks[at].kind == kind)
    }

    /// Ends the current run: another one begins with `next`, or the log ends.
    fn close(&mut self, next: Option<&Finding>, stopped: bool) {
        self.last_stamp();
        self.signs_at_end(stopped);
        let rules = self.rules();
        let decision = self.decide(next.is_some(), stopped);
        let end = decision.end;
        let cause = self.apply(&decision);
        if let Some(next) = next.filter(|_| end == End::Silent) {
            self.note_silence(next);
        }
        if let Some(place) = self.last_place {
            self.incidents.close_series(rules, place, self.latest.as_ref());
        }
        self.incidents.note_end(cause);
        let life = self.life(end, cause);
        let last_line = self.last_place.map_or(0, |place| place.line);
        if self.ended.len() == limits::RUNS {
            self.ended.remove(1);
            self.lives.remove(1);
        }
        let run = Run {
            first_line: self.first_line.unwrap_or(1),
            last_line,
            started: self.started.take(),
            ended: self.latest.clone(),
            end,
            cause,
        };
        if let Some(heard) = &mut self.heard {
            let root = cause.filter(|&root| match &decision.cause {
                Some(Cause::Found { mention, .. }) => mention.incident != root,
                _ => false,
            });
            let root = root.map(|root| self.incidents.last_of(root));
            heard.push(Ended { number: self.count, run: run.clone(), decision, root });
        }
        self.count += 1;
        self.ended.push(run);
        self.lives.push(life);
        self.pid = None;
        self.signs = Signs::default();
        self.grew = None;
        self.pause = None;
        self.set_up.clear();
        self.tail.clear();
        self.remembered.clear();
        self.first_line = None;
        self.opening = OPENING_LINES;
    }
}

/// The earlier of two times, where both are known.
fn first_of(a: Option<Stamp>, b: Option<Stamp>) -> Option<Stamp> {
    a.into_iter().chain(b).min_by(|a, b| a.seconds().total_cmp(&b.seconds()))
}

/// The later of two times, where both are known.
fn last_of(a: Option<Stamp>, b: Option<Stamp>) -> Option<Stamp> {
    a.into_iter().chain(b).max_by(|a, b| a.seconds().total_cmp(&b.seconds()))
}

fn finding_of(item: &Item) -> Finding {
    match item {
        Item::Line { place, bytes } => line_finding(*place, &read_record(bytes)),
        Item::Found { finding, .. } | Item::Marked { finding, .. } => (**finding).clone(),
    }
}

fn line_finding(place: Place, record: &Record<'_>) -> Finding {
    let message: String = record.message.lines().next().unwrap_or("").chars().take(300).collect();
    Finding {
        place,
        last_line: place.line,
        matched: None,
        marks: Vec::new(),
        kind: Kind::Record,
        severity: record.severity.or(Some(Severity::Info)),
        stamp: record.stamp.clone(),
        exception: None,
        evidence: vec![super::evidence::Line { place, text: message.clone() }],
        message,
        pid: record.pid,
        steps: Vec::new(),
        fingerprint: None,
    }
}
