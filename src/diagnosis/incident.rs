//! Findings of one fingerprint taken together, bounded, and made into diagnoses.

use std::collections::{BTreeMap, HashMap};

use super::evidence::Line;
use super::finding::{Finding, Kind};
use super::record::{ChainLink, Diagnosis, Evidence, Exception, Fix, OwnFrame};
use super::fingerprint;
use crate::event::Stamp;
use crate::model::{Level, Pattern, Position, Severity};
use crate::rules::{Effect, RuleSet};
use crate::safe::escape::visible;
use crate::safe::limits;
use crate::safe::redact::Redactor;
use crate::source::Place;

/// Below this a diagnosis is never a verdict (contract of the report).
pub const LEAST_OF_A_VERDICT: f64 = 0.5;

/// What was found in one source, by fingerprint.
#[derive(Debug, Default)]
pub struct Incidents {
    all: Vec<Incident>,
    by_fingerprint: HashMap<String, usize>,
    /// Findings of incidents for which there was no room.
    pub crowded_out: u64,
}

#[derive(Debug)]
struct Incident {
    fingerprint: String,
    rule: usize,
    level: Level,
    confidence: f64,
    count: u64,
    first: (Place, Option<Stamp>),
    last: (Place, Option<Stamp>),
    evidence: Vec<Line>,
    captures: BTreeMap<String, String>,
    exception: Option<Exception>,
    ends_log: bool,
}

/// A finding as the run remembers it.
#[derive(Debug, Clone)]
pub struct Mention {
    /// Its incident.
    pub incident: usize,
    /// Its rule.
    pub rule: usize,
    /// What kind of event it was.
    pub kind: Kind,
    /// The logger's level.
    pub severity: Option<Severity>,
    /// Line number of its first line.
    pub line: u64,
    /// What its rule says about the run.
    pub effect: Effect,
    /// Confidence of the match.
    pub confidence: f64,
}

impl Incidents {
    /// Adds a finding; comes back with how the run remembers it. `None` where no rule speaks for it and
    /// it is no crash either, or where there is no room.
    pub fn add(
        &mut self,
        rules: &RuleSet,
        finding: &Finding,
        stamp: Option<Stamp>,
    ) -> Option<Mention> {
        let (rule_at, captures, confidence) = match &finding.matched {
            Some(matched) => {
                let sure = match finding.kind {
                    Kind::Record => matched.confidence * 0.9,
                    _ => matched.confidence,
                };
                (matched.rule, matched.captures.clone(), sure)
            }
            None => self.unnamed(rules, finding)?,
        };
        let rule = &rules.rules[rule_at];
        let level = provisional_level(finding, rule.effect, rule.pattern);
        let level = rule.at_most.map_or(level, |most| level.min(most));
        let fingerprint = fingerprint::of(&rule.id, finding);
        let index = match self.by_fingerprint.get(&fingerprint) {
            Some(&index) => index,
            None if self.all.len() >= limits::INCIDENTS => {
                self.crowded_out += 1;
                return None;
            }
            None => {
                self.by_fingerprint.insert(fingerprint.clone(), self.all.len());
                self.all.push(Incident {
                    fingerprint,
                    rule: rule_at,
                    level,
                    confidence,
                    count: 0,
                    first: (finding.place, stamp.clone()),
                    last: (finding.place, None),
                    evidence: finding.evidence.clone(),
                    captures: captures.clone(),
                    exception: finding.exception.clone(),
                    ends_log: false,
                });
                self.all.len() - 1
            }
        };
        let incident = &mut self.all[index];
        incident.count += 1;
        incident.last = (finding.place, stamp);
        incident.level = incident.level.max(level);
        incident.confidence = incident.confidence.max(confidence);
        for (name, value) in captures {
            incident.captures.entry(name).or_insert(value);
        }
        Some(Mention {
            incident: index,
            rule: rule_at,
            kind: finding.kind,
            severity: finding.severity,
            line: finding.place.line,
            effect: rule.effect,
            confidence,
        })
    }

    /// A traceback that no rule knows is `other`.
    fn unnamed(
        &self,
        rules: &RuleSet,
        finding: &Finding,
    ) -> Option<(usize, BTreeMap<String, String>, f64)> {
        if finding.kind == Kind::Record || finding.kind == Kind::Ignored {
            return None;
        }
        let rule = rules.position("other/uncaught-exception")?;
        Some((rule, exception_captures(finding), rules.rules[rule].confidence))
    }

    /// Adds the end of a run that no finding explains, under a rule of the program's own.
    pub fn add_end(
        &mut self,
        rules: &RuleSet,
        rule: &str,
        finding: &Finding,
        stamp: Option<Stamp>,
    ) -> Option<Mention> {
        let rule_at = rules.position(rule)?;
        let mut captures = exception_captures(finding);
        captures.entry("message".into()).or_insert_with(|| finding.message.clone());
        let matched = crate::detect::Match {
            rule: rule_at,
            which: crate::detect::Which::Message,
            captures,
            confidence: rules.rules[rule_at].confidence,
        };
        let finding = Finding { matched: Some(matched), ..finding.clone() };
        let mention = self.add(rules, &finding, stamp)?;
        // That the run ended is certain enough for a verdict; only its cause is not known.
        let incident = &mut self.all[mention.incident];
        incident.confidence = incident.confidence.max(LEAST_OF_A_VERDICT);
        Some(mention)
    }

    /// Raises an incident to `fatal`: a run ended with it. `surest` caps the confidence.
    pub fn end_run(&mut self, index: usize, surest: f64, ends_log: bool) {
        let incident = &mut self.all[index];
        incident.level = Level::Fatal;
        incident.confidence = incident.confidence.min(surest);
        incident.ends_log = ends_log;
    }

    /// Rule of an incident.
    pub fn rule(&self, index: usize) -> usize {
        self.all[index].rule
    }

    /// Confidence of an incident.
    pub fn confidence(&self, index: usize) -> f64 {
        self.all[index].confidence
    }

    /// The diagnoses, in the order in which their incidents were first seen: redacted, safe to print,
    /// with every hole filled.
    pub fn into_diagnoses(self, rules: &RuleSet, names: &Names<'_>) -> Vec<Diagnosis> {
        self.all.into_iter().map(|incident| incident.into_diagnosis(rules, names)).collect()
    }
}

/// How a diagnosis names its source, and how text is made safe.
#[derive(Debug)]
pub struct Names<'a> {
    /// The source's name.
    pub source: &'a str,
    /// Its files.
    pub files: &'a [String],
    /// Takes secrets out.
    pub redactor: &'a Redactor,
}

impl Names<'_> {
    fn safe(&self, text: &str) -> String {
        visible(&self.redactor.redact(text)).into_owned()
    }

    fn file(&self, place: Place) -> String {
        let file = self.files.get(place.file).map_or(self.source, String::as_str);
        visible(file).into_owned()
    }

    fn position(&self, (place, stamp): &(Place, Option<Stamp>)) -> Position {
        let time = stamp.as_ref().and_then(Stamp::iso);
        let raw_time = match (&time, stamp) {
            (None, Some(stamp)) => Some(visible(&stamp.raw).into_owned()),
            _ => None,
        };
        Position {
            source: visible(self.source).into_owned(),
            file: self.file(*place),
            line: place.line,
            byte: place.byte,
            time,
            raw_time,
        }
    }
}

impl Incident {
    fn into_diagnosis(self, rules: &RuleSet, names: &Names<'_>) -> Diagnosis {
        let rule = &rules.rules[self.rule];
        let captures: BTreeMap<String, String> =
            self.captures.iter().map(|(name, value)| (name.clone(), names.safe(value))).collect();
        let mut summary = rule.summary.fill(&captures).unwrap_or_else(|| rule.title.clone());
        if self.ends_log {
            summary.push_str(" The log ends there.");
        }
        let fix = Fix {
            summary: rule.fix.summary.fill(&captures).unwrap_or_default(),
            steps: rule.fix.steps.iter().filter_map(|step| step.fill(&captures)).collect(),
            commands: rule.fix.commands.iter().filter_map(|line| line.fill(&captures)).collect(),
        };
        Diagnosis {
            pattern: rule.pattern,
            rule: rule.id.clone(),
            title: rule.title.clone(),
            summary,
            level: self.level,
            confidence: (self.confidence * 100.0).round() / 100.0,
            count: self.count,
            first: names.position(&self.first),
            last: names.position(&self.last),
            evidence: self
                .evidence
                .iter()
                .take(limits::EVIDENCE_LINES)
                .map(|line| Evidence {
                    file: names.file(line.place),
                    line: line.place.line,
                    text: names.safe(&line.text),
                })
                .collect(),
            captures: captures
                .into_iter()
                .filter(|(name, _)| !matches!(name.as_str(), "exception" | "message"))
                .collect(),
            exception: self.exception.map(|exception| safe_exception(exception, names)),
            fix,
            fingerprint: self.fingerprint,
            baseline: None,
        }
    }
}

fn safe_exception(exception: Exception, names: &Names<'_>) -> Exception {
    let chain = exception.chain.iter().map(|link| ChainLink {
        class: names.safe(&link.class),
        message: names.safe(&link.message),
    });
    Exception {
        chain: chain.collect(),
        class: names.safe(&exception.class),
        message: names.safe(&exception.message),
        frame: exception.frame.map(|frame| OwnFrame {
            file: visible(&frame.file).into_owned(),
            line: frame.line,
            function: frame.function.map(|function| names.safe(&function)),
            code: frame.code.map(|code| names.safe(&code)),
        }),
    }
}

fn exception_captures(finding: &Finding) -> BTreeMap<String, String> {
    let mut captures = BTreeMap::new();
    if let Some(exception) = &finding.exception {
        captures.insert("exception".into(), exception.class.clone());
        let message = exception.message.lines().next().unwrap_or("").to_owned();
        captures.insert("message".into(), message);
    }
    captures
}

/// The level while the run goes on: what the bot did with it, not the word the logger used.
fn provisional_level(finding: &Finding, effect: Effect, pattern: Pattern) -> Level {
    match finding.kind {
        Kind::Ignored => Level::Warning,
        Kind::Died | Kind::PartDied => Level::Error,
        Kind::Logged => match finding.severity {
            Some(severity) if severity <= Severity::Warning && severity != Severity::Info => {
                Level::Warning
            }
            // A module that is missing is told at INFO by those who can do without it.
            Some(Severity::Info) if pattern == Pattern::Dependencies => Level::Warning,
            _ => Level::Error,
        },
        Kind::Record if effect == Effect::Killed => Level::Error,
        Kind::Record => Level::Warning,
    }
}
