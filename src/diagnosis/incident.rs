//! Findings of one fingerprint taken together, bounded, and made into diagnoses.

mod fold;
mod links;
mod room;
mod tell;
mod whole;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, VecDeque};

use super::evidence::Line;
use super::finding::{Finding, Kind};
use super::fingerprint;
use super::record::{Diagnosis, Evidence, Exception};
use crate::detect;
use crate::event::{Stamp, spoken};
use crate::model::{Level, Pattern, Severity};
use crate::rules::{Effect, RuleSet, short};
use crate::safe::limits;
use crate::source::Place;

use links::Tag;
pub use tell::Names;
pub use whole::Whole;

/// Below this a diagnosis is never a verdict (contract of the report).
pub const LEAST_OF_A_VERDICT: f64 = 0.5;

/// The rule that tells of a run that stopped without a word.
pub(super) const SILENT_STOP: &str = "system/silent-stop";

/// The rule that tells of one that stopped in the middle of a line.
pub(super) const TORN_END: &str = "system/torn-end";

/// What was found in one source, by fingerprint.
#[derive(Debug, Clone)]
pub struct Incidents {
    /// Most incidents kept.
    most: usize,
    /// Most bytes of context kept.
    most_context: usize,
    all: Vec<Incident>,
    by_fingerprint: HashMap<String, usize>,
    /// Findings of incidents for which there was no room.
    pub crowded_out: u64,
    /// Incidents that are new since this was last taken, for their context.
    pub fresh: Vec<usize>,
    /// Findings added so far.
    added: u64,
    /// The incident last added to, and the last line of its finding.
    latest: Option<(usize, u64)>,
    /// Incidents that may give way, oldest first: warnings, then errors. One whose level rose since is
    /// moved or dropped when its turn comes.
    mild: [VecDeque<usize>; 2],
    /// Bytes of context kept.
    context_bytes: usize,
    /// Incidents made so far.
    made: u64,
    memory: links::Memory,
    /// Where someone listens: the series that came about since this was last taken.
    pub wholes: Option<Vec<Whole>>,
}

/// A traceback belongs to the record that names its exception at most this many lines above it.
const LINES_TO_A_TRACEBACK: u64 = 3;

/// A traceback without a frame of the bot's own is looked for among so many incidents, the last ones.
const RECENT: usize = 64;

#[derive(Debug, Clone, Default)]
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
    effect: Effect,
    /// The finding last added, counted from the start.
    added: u64,
    /// Lines before the first event.
    context: Vec<Line>,
    /// No other incident of the source ever has this number.
    serial: u64,
    /// The cause of its last event.
    follows: Option<Tag>,
    /// The cause that was found when it had been told already.
    adopted: Option<Tag>,
    /// How many of its events had a cause.
    explained: u64,
    /// The series that counts its events.
    part_of: Option<Tag>,
    /// Runs in a row that ended in it.
    ends: links::Ends,
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
    /// Its first line.
    pub place: Place,
    /// Line number of its last line.
    pub last_line: u64,
    /// What its rule says about the run.
    pub effect: Effect,
    /// Confidence of the match.
    pub confidence: f64,
    /// The process it speaks of.
    pub pid: Option<u32>,
    /// A traceback whose last line, the exception itself, is not in the log.
    pub torn: bool,
    /// Where in the bot's own code it was raised: file and line.
    pub frame: Option<(String, Option<u32>)>,
    /// The cause that it came behind.
    pub follows: Option<Tag>,
}

impl Default for Incidents {
    fn default() -> Incidents {
        Incidents::bounded(limits::INCIDENTS, limits::CONTEXT_BYTES)
    }
}

impl Incidents {
    /// None yet, and never more than `most`, with at most `most_context` bytes of context.
    pub fn bounded(most: usize, most_context: usize) -> Incidents {
        Incidents {
            most,
            most_context,
            all: Vec::new(),
            by_fingerprint: HashMap::new(),
            crowded_out: 0,
            fresh: Vec::new(),
            added: 0,
            latest: None,
            mild: Default::default(),
            context_bytes: 0,
            made: 0,
            memory: links::Memory::default(),
            wholes: None,
        }
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

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
                (matched.rule, Cow::Borrowed(&matched.captures), sure)
            }
            None => {
                let (rule, captures, sure) = self.unnamed(rules, finding)?;
                (rule, Cow::Owned(captures), sure)
            }
        };
        let rule = &rules.rules[rule_at];
        let level = provisional_level(finding, rule.effect, rule.pattern);
        let level = rule.at_most.map_or(level, |most| level.min(most));
        let mut fingerprint = match &finding.fingerprint {
            Some((of, fingerprint)) if *of == rule_at => fingerprint.clone(),
            _ => fingerprint::of(&rule.id, finding),
        };
        if !self.by_fingerprint.contains_key(&fingerprint)
            && let Some(index) = self.same_without_frame(rule_at, finding)
        {
            fingerprint.clone_from(&self.all[index].fingerprint);
        }
        let fresh = |serial| Incident {
            fingerprint: fingerprint.clone(),
            rule: rule_at,
            level,
            confidence,
            first: (finding.place, stamp.clone()),
            evidence: finding.evidence.clone(),
            captures: captures.as_ref().clone(),
            exception: finding.exception.clone(),
            effect: rule.effect,
            serial,
            ..Incident::default()
        };
        let index = self.place_of(&fingerprint, level, fresh)?;
        let now = self.moment(finding.place, stamp.as_ref());
        let follows = self.link(rules, index, &captures, now);
        self.added += 1;
        self.lend_frame(index, finding);
        let pid = captures.get("pid").and_then(|pid| pid.parse().ok());
        let incident = &mut self.all[index];
        incident.added = self.added;
        incident.count += 1;
        incident.last = (finding.place, stamp);
        incident.level = incident.level.max(level);
        incident.confidence = incident.confidence.max(confidence);
        incident.learn_chain(finding);
        for (name, value) in captures.iter() {
            // Mostly all are known.
            if !incident.captures.contains_key(name) {
                incident.captures.insert(name.clone(), value.clone());
            }
        }
        Some(Mention {
            incident: index,
            rule: rule_at,
            kind: finding.kind,
            severity: finding.severity.or_else(|| spoken(&finding.message)),
            place: finding.place,
            last_line: finding.last_line,
            effect: rule.effect,
            confidence,
            pid,
            torn: is_torn(finding),
            frame: frame_of(finding),
            follows,
        })
    }

    /// The incident that a traceback is one more event of although it shows no frame of the bot's own: what is left of it
    /// where the log was cut, or where only a library's part was printed, names the same exception.
    fn same_without_frame(&self, rule: usize, finding: &Finding) -> Option<usize> {
        let exception = finding.exception.as_ref()?;
        let is_part = finding.kind.is_unhandled()
            && exception.frame.is_none()
            && !exception.class.is_empty()
            && !exception.message.is_empty();
        if !is_part {
            return None;
        }
        let recent = self.all.len().saturating_sub(RECENT);
        let position = self.all[recent..].iter().rposition(|incident| {
            incident.rule == rule
                && incident.exception.as_ref().is_some_and(|known| {
                    known.frame.is_some()
                        && short(&known.class) == short(&exception.class)
                        && known.message == exception.message
                })
        })?;
        Some(recent + position)
    }

    /// Gives the incident right before the frame of a traceback that belongs to it: the exception was
    /// told in one record, and its traceback follows in the next, or is torn.
    fn lend_frame(&mut self, index: usize, finding: &Finding) {
        let before = self.latest.replace((index, finding.last_line));
        let Some((before, line)) = before else { return };
        let Some(exception) = &finding.exception else { return };
        let near = (line + 1..=line + LINES_TO_A_TRACEBACK).contains(&finding.place.line);
        if before == index || !near || exception.frame.is_none() {
            return;
        }
        let told = self.all.get_mut(before).and_then(|incident| incident.exception.as_mut());
        if let Some(told) = told
            && told.frame.is_none()
            && (exception.class.is_empty()
                || exception.chain.iter().any(|link| short(&link.class) == short(&told.class)))
        {
            told.frame.clone_from(&exception.frame);
        }
    }

    /// Where the first event of an incident begins.
    pub fn first(&self, index: usize) -> Place {
        self.all[index].first.0
    }

    /// The lines before each incident, in the order of [`Incidents::into_diagnoses`]: redacted and safe
    /// to print.
    pub fn take_contexts(&mut self, names: &Names<'_>) -> Vec<Vec<Evidence>> {
        self.all.iter_mut().map(|one| names.lines(std::mem::take(&mut one.context))).collect()
    }

    /// A traceback that no rule knows is `other`.
    fn unnamed(
        &self,
        rules: &RuleSet,
        finding: &Finding,
    ) -> Option<(usize, BTreeMap<String, String>, f64)> {
        let rule = finding.rule(rules)?;
        Some((rule, own_captures(rules, rule, finding), rules.rules[rule].confidence))
    }

    /// Adds the end of a run that no finding explains, under a rule of the program's own.
    pub fn add_end(
        &mut self,
        rules: &RuleSet,
        rule: &str,
        finding: &Finding,
        stamp: Option<Stamp>,
    ) -> Option<Mention> {
        let mention = self.add_own(rules, rule, finding, stamp)?;
        // That the run ended is certain enough for a verdict; only its cause is not known.
        let incident = &mut self.all[mention.incident];
        incident.confidence = incident.confidence.max(LEAST_OF_A_VERDICT);
        Some(mention)
    }

    /// Adds the last line of a run behind which another begins without a word of an end, under the rule that
    /// tells how it stopped.
    pub fn add_silence(
        &mut self,
        rules: &RuleSet,
        rule: &str,
        finding: &Finding,
        stamp: Option<Stamp>,
    ) {
        if let Some(mention) = self.add_own(rules, rule, finding, stamp) {
            let incident = &mut self.all[mention.incident];
            incident.level = incident.level.max(Level::Error);
        }
    }

    /// Adds a finding under a rule of the program's own.
    fn add_own(
        &mut self,
        rules: &RuleSet,
        rule: &str,
        finding: &Finding,
        stamp: Option<Stamp>,
    ) -> Option<Mention> {
        let rule_at = rules.position(rule)?;
        let mut captures = own_captures(rules, rule_at, finding);
        captures.entry("message".into()).or_insert_with(|| finding.message.clone());
        let matched = crate::detect::Match {
            rule: rule_at,
            which: crate::detect::Which::Message,
            captures,
            confidence: rules.rules[rule_at].confidence,
            basis: rules.rules[rule_at].basis,
        };
        let mut finding = Finding { matched: Some(matched), fingerprint: None, ..finding.clone() };
        // What a run said last by chance is not what ended it.
        if [SILENT_STOP, TORN_END].contains(&rule) {
            (finding.message, finding.exception) = (String::new(), None);
        }
        self.add(rules, &finding, stamp)
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
    pub fn into_diagnoses(mut self, rules: &RuleSet, names: &Names<'_>) -> Vec<Diagnosis> {
        let notes = self.fold(rules);
        let all = self.all.into_iter().zip(notes);
        all.map(|(incident, note)| incident.into_diagnosis(rules, names, &note)).collect()
    }
}

impl Incident {
    /// Takes the whole chain from a later event, where so far only the exception itself was named.
    fn learn_chain(&mut self, finding: &Finding) {
        let (Some(known), Some(told)) = (&mut self.exception, &finding.exception) else { return };
        if known.chain.len() <= 1
            && told.chain.len() > 1
            && told.chain.iter().any(|link| short(&link.class) == short(&known.class))
        {
            known.chain.clone_from(&told.chain);
        }
    }
}

/// Memory that lines take, near enough.
/// What a finding under a rule of the program's own captures: the exception, what that rule takes, and what the line's
/// marks tell, such as an exit status.
fn own_captures(rules: &RuleSet, rule: usize, finding: &Finding) -> BTreeMap<String, String> {
    let mut captures = BTreeMap::new();
    let mut texts = Vec::new();
    if let Some(exception) = &finding.exception {
        captures.insert("exception".into(), exception.class.clone());
        let message = exception.message.lines().next().unwrap_or("").to_owned();
        captures.insert("message".into(), message);
        texts.push(format!("{}: {}", exception.class, exception.message));
        let links = exception.chain.iter().rev();
        texts.extend(links.map(|link| format!("{}: {}", link.class, link.message)));
    }
    for &mark in &finding.marks {
        for (name, value) in rules.marks[mark].captures(&finding.message) {
            captures.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
    }
    texts.push(finding.message.clone());
    detect::take(rules, &rules.rules[rule].take, &texts, &mut captures);
    captures
}

/// Where in the bot's own code an exception was raised.
fn frame_of(finding: &Finding) -> Option<(String, Option<u32>)> {
    let frame = finding.exception.as_ref()?.frame.as_ref()?;
    Some((frame.file.clone(), frame.line))
}

/// Whether it is a traceback whose last line, which names the exception, is not in the log.
fn is_torn(finding: &Finding) -> bool {
    finding.matched.is_none()
        && finding.exception.as_ref().is_some_and(|exception| exception.class.is_empty())
}

/// The level while the run goes on: what the bot did with it, not the word the logger used.
fn provisional_level(finding: &Finding, effect: Effect, pattern: Pattern) -> Level {
    match finding.kind {
        Kind::Ignored => Level::Warning,
        // What is left of a traceback does not say what was raised.
        _ if is_torn(finding) => Level::Warning,
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
