//! What incidents have to do with each other: which follows from which, what only several events show, and
//! how often runs ended in the same one.

use std::collections::BTreeMap;

use super::{Incident, Incidents, LEAST_OF_A_VERDICT, Mention, Names};
use crate::detect::{ChainTracker, Fired, Moment, SeriesTracker};
use crate::diagnosis::evidence::Line;
use crate::diagnosis::finding::{Finding, Kind};
use crate::diagnosis::fingerprint;
use crate::diagnosis::record::Diagnosis;
use crate::diagnosis::rhythm::length;
use crate::diagnosis::signs;
use crate::event::Stamp;
use crate::model::Level;
use crate::rules::{Effect, RuleSet, SeriesKind};
use crate::safe::limits;
use crate::source::Place;

/// A cause cannot be surer than this where it stands for the end of a run by way of what followed from it.
const BY_WAY_OF: f64 = 0.85;

/// What followed from an incident is told up to this number.
const FOLLOWERS: usize = 8;

/// Longest chain that is followed back.
const STEPS: usize = 16;

/// Runs in a row that end in the same are a loop from this number on.
const LOOP: u64 = 3;

/// Gaps between such ends that are looked at.
const GAPS: usize = 64;

/// Longest text kept of an event of a series.
const SIGN_BYTES: usize = 400;

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
    series: SeriesTracker<Sign>,
    /// The incident that the last run ended in.
    ended_in: Option<Tag>,
    /// The last year that a time showed, for times that lack one.
    year: Option<i16>,
    /// Times without and with a zone, without and with a year: how many, and the last. In one log they
    /// are of several clocks: the logger's, and that of whoever wrapped its lines.
    clocks: [(u64, Option<i64>); 4],
}

/// An event of a series.
#[derive(Debug, Clone, PartialEq)]
struct Sign {
    place: Place,
    stamp: Option<Stamp>,
    line: Line,
    /// It is an incident of its own as well.
    is_incident: bool,
}

/// What several lines show together and has just come about, or more of it, for who listens.
#[derive(Debug, Clone)]
pub struct Whole {
    incident: Incident,
}

impl Whole {
    /// The same for the same cause.
    pub fn fingerprint(&self) -> &str {
        &self.incident.fingerprint
    }

    /// Seconds, by the log's clock, for which something that the process holds has been growing; `None` where
    /// it is no growth, or the log has no times.
    pub fn grown_for(&self, rules: &RuleSet) -> Option<f64> {
        let incident = &self.incident;
        let rule = rules.rules.get(incident.rule).filter(|rule| signs::is_growth(&rule.id));
        rule.and(incident.first.1.as_ref().zip(incident.last.1.as_ref()))
            .map(|(first, last)| last.seconds() - first.seconds())
    }

    /// Where the event stands that completed it, or the one that waited in vain.
    pub fn place(&self) -> Place {
        self.incident.last.0
    }

    /// It as a diagnosis of its own: one, whatever the number of its events, with lines of those that were
    /// not told themselves.
    pub fn into_diagnosis(self, rules: &RuleSet, names: &Names<'_>) -> Diagnosis {
        let diagnosis = self.incident.into_diagnosis(rules, names, "");
        Diagnosis { count: 1, ..diagnosis }
    }
}

/// Runs in a row that ended in one incident.
#[derive(Debug, Clone, Default)]
pub(super) struct Ends {
    count: u64,
    first: Option<(Place, Option<Stamp>)>,
    last: Option<f64>,
    gaps: Vec<f64>,
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
    fn is_part(&self, index: usize, whole: usize) -> bool {
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

    fn tag(&self, index: usize) -> Tag {
        Tag { index, serial: self.all[index].serial }
    }

    fn holds(&self, tag: Tag) -> bool {
        self.all.get(tag.index).is_some_and(|incident| incident.serial == tag.serial)
    }

    /// The first cause of an incident, going back from `follows`. Where causes go round in a circle, the
    /// one that was seen first.
    fn root(&self, index: usize, follows: Option<Tag>) -> usize {
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

    /// Feeds what series see in a finding, which belongs to `incident` where it is one.
    pub fn note_series(
        &mut self,
        rules: &RuleSet,
        finding: &Finding,
        stamp: Option<&Stamp>,
        incident: Option<usize>,
    ) {
        if finding.steps.is_empty() {
            return;
        }
        let now = self.moment(finding.place, stamp);
        let mut line = finding
            .evidence
            .first()
            .cloned()
            .unwrap_or_else(|| Line { place: finding.place, text: finding.message.clone() });
        let mut end = line.text.len().min(SIGN_BYTES);
        while !line.text.is_char_boundary(end) {
            end -= 1;
        }
        line.text.truncate(end);
        let is_incident = incident.is_some();
        let sign = Sign { place: finding.place, stamp: stamp.cloned(), line, is_incident };
        for step in &finding.steps {
            let Some(series) = &rules.rules[step.rule].series else { continue };
            for fired in self.memory.series.see(series, step, now, &sign) {
                let whole = self.add_series(rules, fired, now);
                // What a series counts is told by the series.
                if let (Some(whole), Some(part)) = (whole, incident)
                    && series.kind == SeriesKind::Threshold
                {
                    self.all[part].part_of = Some(self.tag(whole));
                }
            }
        }
    }

    /// The run is over: what this decides of series is told.
    pub fn close_series(&mut self, rules: &RuleSet, place: Place, stamp: Option<&Stamp>) {
        let now = self.moment(place, stamp);
        for fired in self.memory.series.close(rules, now) {
            self.add_series(rules, fired, now);
        }
    }

    fn add_series(&mut self, rules: &RuleSet, fired: Fired<Sign>, now: Moment) -> Option<usize> {
        let rule = &rules.rules[fired.rule];
        let level = rule.at_most.unwrap_or(Level::Warning).min(Level::Warning);
        let fingerprint = fingerprint::of_series(&rule.id, &fired.key);
        let first = (fired.first.place, fired.first.stamp.clone());
        let fresh = |serial| Incident {
            fingerprint: fingerprint.clone(),
            rule: fired.rule,
            level,
            confidence: rule.confidence,
            first: first.clone(),
            evidence: vec![fired.first.line.clone()],
            serial,
            ..Incident::default()
        };
        if let Some(wholes) = &mut self.wholes {
            let signs = [&fired.first, &fired.last];
            let signs = &signs[..1 + usize::from(fired.last.place != fired.first.place)];
            let told = signs.iter().filter(|sign| !sign.is_incident);
            wholes.push(Whole {
                incident: Incident {
                    count: fired.count,
                    last: (fired.last.place, fired.last.stamp.clone()),
                    captures: fired.captures.clone(),
                    evidence: told.map(|sign| sign.line.clone()).collect(),
                    ..fresh(0)
                },
            });
        }
        let index = self.place_of(&fingerprint, level, fresh)?;
        self.added += 1;
        let incident = &mut self.all[index];
        incident.added = self.added;
        incident.count += fired.count;
        incident.last = (fired.last.place, fired.last.stamp.clone());
        incident.captures.extend(fired.captures.clone());
        // The first event proves when it began, the last that it went on.
        if fired.last.place != fired.first.place || incident.evidence.len() > 1 {
            incident.evidence.truncate(limits::SERIES_EVIDENCE - 1);
            incident.evidence.push(fired.last.line);
        }
        if self.link(rules, index, &fired.captures, now).is_some() {
            self.all[index].explained += fired.count - 1;
        }
        Some(index)
    }

    /// Adds what a detector has found, which counts as of its last line, or of `until`. Comes back with how the run remembers it; `None` where its rule is
    /// off, or where there is no room.
    pub(in crate::diagnosis) fn add_sign(
        &mut self,
        rules: &RuleSet,
        sign: signs::Sign,
        until: Option<(Place, Option<&Stamp>)>,
    ) -> Option<Mention> {
        let at = rules.position(sign.rule)?;
        let fingerprint = fingerprint::of_series(sign.rule, &sign.subject);
        let (first, last) = (sign.first, sign.last);
        let place = |moment: &signs::Moment| (moment.line.place, moment.stamp.clone());
        let fresh = |serial| Incident {
            fingerprint: fingerprint.clone(),
            rule: at,
            level: sign.level,
            confidence: rules.rules[at].confidence,
            first: place(&first),
            evidence: vec![first.line.clone()],
            serial,
            ..Incident::default()
        };
        if let Some(wholes) = &mut self.wholes {
            let mut incident = Incident {
                count: sign.count,
                last: place(&last),
                captures: sign.captures.clone(),
                ..fresh(0)
            };
            if first.line != last.line {
                incident.evidence.push(last.line.clone());
            }
            wholes.push(Whole { incident });
        }
        let index = self.place_of(&fingerprint, sign.level, fresh)?;
        self.added += 1;
        let incident = &mut self.all[index];
        incident.added = self.added;
        incident.count += sign.count;
        incident.level = incident.level.max(sign.level);
        incident.last = place(&last);
        if incident.evidence.len() < limits::SERIES_EVIDENCE
            && incident.evidence.last() != Some(&last.line)
        {
            incident.evidence.push(last.line.clone());
        }
        incident.captures.extend(sign.captures.clone());
        let now = match until {
            Some((place, stamp)) => self.moment(place, stamp),
            None => self.moment(last.line.place, last.stamp.as_ref()),
        };
        let follows = self.link(rules, index, &sign.captures, now);
        if follows.is_some() {
            self.all[index].explained += sign.count.saturating_sub(1);
        }
        if let Some(since) = sign.causes_since {
            self.adopt(rules, index, since);
        }
        Some(Mention {
            incident: index,
            rule: at,
            kind: Kind::Record,
            severity: None,
            place: last.line.place,
            last_line: last.line.place.line,
            effect: rules.rules[at].effect,
            confidence: rules.rules[at].confidence,
            pid: None,
            torn: false,
            frame: None,
            follows,
        })
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
    fn adopt(&mut self, rules: &RuleSet, cause: usize, since: f64) {
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

    /// Consequences fold into their causes: a cause is as bad as what followed from it and shows a line of
    /// each; a consequence that never came alone is a warning. Comes back with what each incident's
    /// summary says of it.
    pub(super) fn fold(&mut self, rules: &RuleSet) -> Vec<String> {
        let title = |index: usize, of: &[Incident]| rules.rules[of[index].rule].title.clone();
        let folded: Vec<Option<usize>> = (0..self.all.len())
            .map(|index| {
                let incident = &self.all[index];
                let is_consequence = incident.level < Level::Fatal
                    && (incident.part_of.is_some()
                        || incident.follows.is_some() && incident.explained == incident.count);
                let root = self.root(index, incident.cause());
                (is_consequence && root != index).then_some(root)
            })
            .collect();
        let mut told: Vec<Vec<usize>> = vec![Vec::new(); self.all.len()];
        let mut notes = vec![String::new(); self.all.len()];
        for (index, root) in folded.iter().enumerate() {
            let Some(root) = *root else { continue };
            told[root].push(index);
            let level = self.all[index].level;
            self.all[root].level = self.all[root].level.max(level);
            self.all[index].level = Level::Warning;
            let line = self.all[root].first.0.line;
            let how = if self.is_part(index, root) { "belongs to" } else { "followed from" };
            notes[index] =
                format!(" It {how} what began at line {line}: {}.", title(root, &self.all));
        }
        for (root, mut followers) in told.into_iter().enumerate() {
            if followers.is_empty() {
                continue;
            }
            followers.retain(|&at| !self.is_part(at, root));
            if followers.is_empty() {
                continue;
            }
            followers.sort_by_key(|&at| (self.all[at].first.0.file, self.all[at].first.0.line));
            let more = followers.len().saturating_sub(FOLLOWERS);
            followers.truncate(FOLLOWERS);
            let mut parts: Vec<String> = Vec::new();
            for &at in &followers {
                let Incident { count, first, evidence, .. } = &self.all[at];
                let times = if *count > 1 { format!(", {count} times") } else { String::new() };
                parts.push(format!("{} (line {}{times})", title(at, &self.all), first.0.line));
                let line = evidence.first().cloned();
                let own = &mut self.all[root].evidence;
                if let Some(line) = line
                    && own.len() < limits::EVIDENCE_LINES
                    && own.iter().all(|known| known.place != line.place)
                {
                    own.push(line);
                }
            }
            if more > 0 {
                parts.push(format!("and {more} more"));
            }
            notes[root].push_str(&format!(" What followed: {}.", parts.join("; ")));
        }
        for (index, incident) in self.all.iter().enumerate() {
            notes[index].push_str(&incident.ends.sentence());
        }
        notes
    }
}

impl Incident {
    /// What stands behind it: a cause, or the series that counts it.
    fn cause(&self) -> Option<Tag> {
        self.follows.or(self.part_of)
    }
}

impl Ends {
    /// Tells of a restart loop.
    fn sentence(&self) -> String {
        let Some((place, stamp)) = self.first.as_ref().filter(|_| self.count >= LOOP) else {
            return String::new();
        };
        let since = match stamp.as_ref().and_then(Stamp::iso) {
            Some(time) => format!("{time} (line {})", place.line),
            None => format!("line {}", place.line),
        };
        let mut gaps = self.gaps.clone();
        gaps.sort_unstable_by(f64::total_cmp);
        let apart = gaps
            .get(gaps.len() / 2)
            .map_or(String::new(), |&gap| format!(", about {} apart", length(gap)));
        format!(
            " A restart loop: {} runs in a row ended in it{apart}, the first at {since}.",
            self.count
        )
    }
}
