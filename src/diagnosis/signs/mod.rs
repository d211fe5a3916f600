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

use std::collections::BTreeMap;

use super::evidence::Line;
use crate::event::Stamp;
use crate::model::Level;
use crate::rules::{RuleSet, names_rule};
use crate::source::Place;

use clock::Clock;

/// Longest text kept of a line that is evidence of a sign.
const EVIDENCE_BYTES: usize = 400;

/// A line that is looked at whatever it says.
#[derive(Debug, Clone)]
pub struct Sample<'a> {
    /// Where it begins.
    pub place: Place,
    /// Its time, where it has one.
    pub stamp: Option<Stamp>,
    /// The line as logged, newline included.
    pub line: &'a [u8],
}

impl Sample<'_> {
    /// Its time in seconds, comparable within the source.
    pub(super) fn seconds(&self) -> Option<f64> {
        self.stamp.as_ref().map(Stamp::seconds)
    }

    /// It as it is remembered: place, time, and the line as evidence.
    pub(super) fn moment(&self) -> Moment {
        let end = self.line.len().min(EVIDENCE_BYTES);
        let text = String::from_utf8_lossy(&self.line[..end]).trim_end().to_owned();
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
}

/// A finding that is about to be added.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coming<'a> {
    /// Its rule.
    pub(super) rule: &'a str,
    /// When it was, in seconds.
    pub(super) seconds: Option<f64>,
}

/// The detectors of one run.
#[derive(Debug, Clone, Default)]
pub(super) struct Signs {
    clock: Clock,
}

impl Signs {
    /// The next sample.
    pub(super) fn sample(&mut self, sample: &Sample<'_>) {
        self.clock.sample(sample);
    }

    /// What is to be told before a finding that comes now.
    pub(super) fn before(&mut self, rules: &RuleSet, coming: Coming<'_>) -> Vec<Sign> {
        let leads = |cause: &str| within(rules, cause, coming.rule);
        self.clock.before(coming, leads).into_iter().collect()
    }
}

/// Within how many seconds `cause` leads to `symptom`, by the chains that are declared; the longest.
fn within(rules: &RuleSet, cause: &str, symptom: &str) -> Option<f64> {
    let names = |names: &[String], id: &str| names.iter().any(|name| names_rule(name, id));
    let leads = rules
        .chains
        .iter()
        .filter(|chain| names(&chain.cause, cause) && names(&chain.symptom, symptom))
        .map(|chain| chain.within);
    leads.max().map(|micros| micros as f64 / 1e6)
}
