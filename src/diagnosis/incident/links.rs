//! What incidents have to do with each other: which follows from which, and how often runs ended in the same
//! one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::whole::Sign;
use super::{Incident, Incidents, LEAST_OF_A_VERDICT};
use crate::detect::{ChainTracker, Moment, SeriesTracker};
use crate::event::Stamp;
use crate::model::Level;
use crate::rules::{Effect, RuleSet};
use crate::source::Place;

/// A cause cannot be surer than this where it stands for the end of a run by way of what followed from it.
const BY_WAY_OF: f64 = 0.85;

/// Longest chain that is followed back.
const STEPS: usize = 16;

/// Gaps between such ends that are looked at.
const GAPS: usize = 64;

/// An incident, for as long as it keeps its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag {
    pub(super) index: usize,
    pub(super) serial: u64,
}

/// What is remembered over single events.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    chains: ChainTracker<Tag>,
    pub(super) series: SeriesTracker<Arc<Sign>>,
    /// The incident that the last run ended in.
    ended_in: Option<Tag>,
    /// The last year that a time showed, for times that lack one.
    year: Option<i16>,
    /// Times without and with a zone, without and with a year: how many, and the last. In one log they
    /// are of several clocks: the logger's, and that of whoever wrapped its lines.
    clocks: [(u64, Option<i64>); 4],
}

/// Runs in a row that ended in one incident.
#[derive(Debug, Clone, Default)]
pub(super) struct Ends {
    pub(super) count: u64,
    pub(super) first: Option<(Place, Option<Stamp>)>,
    last: Option<f64>,
    pub(super) gaps: Vec<f64>,
}

impl Incidents {
    /// Looks for the cause of an event that was just added.
    pub(super) fn link(
        &mut self,
        rules: &RuleSet,
        index: usize,
        captures: &BTreeMap<String, String>,
        now: Moment,
    ) -> Option<Tag> {
        if rules.chains.is_empty() {
            return None;
        }
        let tag = self.tag(index);
        let rule = self.all[index].rule;
        let cause =
            self.memory.chains.see(rules, rule, captures, now, &tag).map(|cause| cause.event);
        let cause = self.adopter(rules, index, now).or(cause.filter(|cause| self.holds(*cause)));
        self.all[index].follows = cause;
        self.all[index].explained += u64::from(cause.is_some());
        cause
    }

    /// When an event was, as windows see it.
    pub(super) fn moment(&mut self, place: Place, stamp: Option<&Stamp>) -> Moment {
        let Some(stamp) = stamp else { return Moment::new(None, place.file, place.line) };
        if stamp.has_date && stamp.has_year {
            self.memory.year = Some(stamp.civil.year());
        }
        let dated = self.memory.year.and_then(|year| stamp.with_year(year));
        let mut moment = Moment::new(Some(dated.as_ref().unwrap_or(stamp)), place.file, place.line);
        let own = usize::from(stamp.offset.is_some()) * 2 + usize::from(stamp.has_year);
        let clocks = &mut self.memory.clocks;
        clocks[own] = (clocks[own].0 + 1, moment.micros);
        // What a rarer clock shows happened when the record before it did.
        let usual = (0..clocks.len()).max_by_key(|&at| (clocks[at].0, at == own)).unwrap_or(own);
        if own != usual {
            moment.micros = clocks[usual].1;
        }
        moment
    }

    /// Whether `index` is counted by the series `whole`.
    pub(super) fn is_part(&self, index: usize, whole: usize) -> bool {
        self.all[index].part_of.is_some_and(|tag| tag == self.tag(whole))
    }

    /// The cause of an incident's last event: its first line, and its rule. `None` where it stands alone.
    pub fn cause_of(&self, index: usize) -> Option<(Place, usize)> {
        let root = self.root(index, self.all[index].follows);
        (root != index).then(|| (self.all[root].first.0, self.all[root].rule))
    }

    /// Where the last event of an incident stands, and its rule.
    pub fn last_of(&self, index: usize) -> (Place, usize) {
        (self.all[index].last.0, self.all[index].rule)
    }

    pub(super) fn tag(&self, index: usize) -> Tag {
        Tag { index, serial: self.all[index].serial }
    }

    fn holds(&self, tag: Tag) -> bool {
        self.all.get(tag.index).is_some_and(|incident| incident.serial == tag.serial)
    }

    /// The first cause of an incident, going back from `follows`. Where causes go round in a circle, the
    /// one that was seen first.
    pub(super) fn root(&self, index: usize, follows: Option<Tag>) -> usize {
        let mut way = vec![index];
        let mut next = follows;
        while let Some(tag) = next.filter(|tag| self.holds(*tag)) {
            if let Some(at) = way.iter().position(|&known| known == tag.index) {
                let place = |index: &usize| {
                    let place = self.all[*index].first.0;
                    (place.file, place.line)
                };
                return way[at..].iter().copied().min_by_key(place).unwrap_or(index);
            }
            way.push(tag.index);
            if way.len() == STEPS {
                break;
            }
            next = self.all[tag.index].cause();
        }
        way.last().map_or(index, |&last| last)
    }

    /// Raises an incident to `fatal`: a run ended with it, or with what follows from it. `surest` caps the
    /// confidence. Comes back with the incident that explains the end.
    pub fn end_run(
        &mut self,
        rules: &RuleSet,
        index: usize,
        follows: Option<Tag>,
        surest: f64,
        ends_log: bool,
    ) -> usize {
        let root = self.root(index, follows.or(self.all[index].part_of));
        if root != index {
            let symptom = &self.all[index];
            let (exception, captures) = (symptom.exception.clone(), symptom.captures.clone());
            let (after, sure) = (&rules.rules[symptom.rule], symptom.confidence);
            let cause = &mut self.all[root];
            let before = &rules.rules[cause.rule];
            cause.exception = cause.exception.take().or(exception);
            for (name, value) in captures {
                // What was held at the end is told best by what came last.
                if name == "size" {
                    cause.captures.insert(name, value);
                } else {
                    cause.captures.entry(name).or_insert(value);
                }
            }
            // What numbers showed to come, and then came, is as sure as that.
            let is_sign = before.whens.is_empty() && before.series.is_none();
            cause.confidence = if is_sign && before.pattern == after.pattern {
                cause.confidence.max(sure)
            } else {
                cause.confidence.min(BY_WAY_OF)
            };
        }
        let incident = &mut self.all[root];
        incident.level = Level::Fatal;
        incident.confidence = incident.confidence.min(surest);
        // A supervisor that gave up is sure that the run ended, if not of what.
        if incident.effect == Effect::Exited {
            incident.confidence = incident.confidence.max(LEAST_OF_A_VERDICT);
        }
        incident.ends_log = ends_log;
        root
    }

    /// A run is over; `cause` explains its end where anything does.
    pub fn note_end(&mut self, cause: Option<usize>) {
        let cause = cause.map(|index| self.tag(index));
        let again = cause.is_some() && cause == self.memory.ended_in;
        self.memory.ended_in = cause;
        let Some(tag) = cause else { return };
        let incident = &mut self.all[tag.index];
        let ends = &mut incident.ends;
        if !again {
            *ends = Ends { first: Some(incident.last.clone()), ..Ends::default() };
        }
        ends.count += 1;
        let seconds = incident.last.1.as_ref().map(Stamp::seconds);
        if let (Some(before), Some(now)) = (ends.last, seconds)
            && again
            && now >= before
            && ends.gaps.len() < GAPS
        {
            ends.gaps.push(now - before);
        }
        ends.last = seconds;
    }

    /// What an incident was found to follow from after it was told, as long as that is near.
    fn adopter(&self, rules: &RuleSet, index: usize, now: Moment) -> Option<Tag> {
        let tag = self.all[index].adopted.filter(|tag| self.holds(*tag))?;
        let (cause, symptom) = (&self.all[tag.index], &self.all[index]);
        let id = |incident: &Incident| rules.rules[incident.rule].id.as_str();
        let since = now.micros? as f64 / 1e6 - cause.last.1.as_ref()?.seconds();
        (since <= rules.leads(id(cause), id(symptom))?).then_some(tag)
    }

    /// Makes an incident the cause of those that began at `since` or later, in seconds, and have none.
    pub(super) fn adopt(&mut self, rules: &RuleSet, cause: usize, since: f64) {
        let tag = self.tag(cause);
        let rule = &rules.rules[self.all[cause].rule].id;
        for (at, incident) in self.all.iter_mut().enumerate() {
            let begins = incident.first.1.as_ref().map(Stamp::seconds);
            let is_symptom = at != cause
                && incident.follows.is_none()
                && begins.is_some_and(|begins| begins >= since)
                && rules.leads(rule, &rules.rules[incident.rule].id).is_some();
            if is_symptom {
                incident.follows = Some(tag);
                incident.adopted = Some(tag);
                incident.explained = incident.count;
            }
        }
    }
}

impl Incident {
    /// What stands behind it: a cause, or the series that counts it.
    pub(super) fn cause(&self) -> Option<Tag> {
        self.follows.or(self.part_of)
    }
}
