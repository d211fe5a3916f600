//! What no single event shows: series of them, and what detectors find in times and numbers.

use std::sync::Arc;

use super::{Incident, Incidents, Mention, Names};
use crate::detect::{Fired, Moment};
use crate::diagnosis::evidence::Line;
use crate::diagnosis::finding::{Finding, Kind};
use crate::diagnosis::fingerprint;
use crate::diagnosis::record::Diagnosis;
use crate::diagnosis::signs;
use crate::event::Stamp;
use crate::model::Level;
use crate::rules::{RuleSet, SeriesKind};
use crate::safe::limits;
use crate::source::Place;

/// Longest text kept of an event of a series.
const SIGN_BYTES: usize = 400;

/// An event of a series.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sign {
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

    /// Seconds, by the log's clock, for which something that the process holds has been growing, or what it lives by has
    /// stood still; `None` where it is neither, or the log has no times.
    pub fn lasted_for(&self, rules: &RuleSet) -> Option<f64> {
        let incident = &self.incident;
        let rule = rules.rules.get(incident.rule).filter(|rule| signs::goes_on(&rule.id));
        rule.and(incident.first.1.as_ref().zip(incident.last.1.as_ref()))
            .map(|(first, last)| last.seconds() - first.seconds())
    }

    /// Whether it is a silence, which is over with the line behind it.
    pub fn is_silence(&self, rules: &RuleSet) -> bool {
        rules.rules.get(self.incident.rule).is_some_and(|rule| signs::is_silence(&rule.id))
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

impl Incidents {
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
        let sign =
            Arc::new(Sign { place: finding.place, stamp: stamp.cloned(), line, is_incident });
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

    fn add_series(
        &mut self,
        rules: &RuleSet,
        fired: Fired<Arc<Sign>>,
        now: Moment,
    ) -> Option<usize> {
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
            incident.evidence.push(fired.last.line.clone());
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
        for (name, value) in &sign.captures {
            let known = incident.captures.entry(name.clone()).or_insert_with(|| value.clone());
            if sign.says_most {
                known.clone_from(value);
            }
        }
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
}
