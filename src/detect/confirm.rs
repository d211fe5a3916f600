//! Proof: which rules hold on an event, with what they capture, and which of them wins.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};

use super::captures;
use super::codes;
use super::literals::Announced;
use super::prefilter::Prefilter;
use super::series::Step;
use super::subject::{Parsed, Which};
use crate::rules::{self, Basis, Effect, MarkKind, On, RuleSet};
use crate::traceback::Roots;

/// One rule found in one event.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// Index of the rule in its [`RuleSet`].
    pub rule: usize,
    /// Where in the event it was found.
    pub which: Which,
    /// What was captured, by name.
    pub captures: BTreeMap<String, String>,
    /// 0 to 1.
    pub confidence: f64,
    /// What the proof rests on: the rule's basis, or a code of an exchange's table.
    pub basis: Basis,
}

/// What holds on one event.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Confirmed {
    /// Rules that speak for the event, the winner first.
    pub matches: Vec<Match>,
    /// What it is to rules that ask for several events, in the order of the rules.
    pub steps: Vec<Step>,
}

/// What is wanted of the rules that hold on an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// The one that wins, with its captures.
    Winner,
    /// All of them; the one that wins with its captures.
    All,
    /// All of them with theirs.
    Captures,
}

/// What the literals in an event announce.
#[derive(Debug)]
pub struct Heard {
    /// Those of its text, ascending, where that is no part of its first line as logged.
    whole: Option<Vec<Announced>>,
    /// Those of its first line as logged, where that has a header.
    raw: Option<Vec<Announced>>,
}

/// What reports errors to people (Telegram, Slack, a mail server …).
#[derive(Debug)]
struct Reporters {
    /// Finds what names one.
    search: AhoCorasick,
    /// Names of functions that are one.
    functions: HashSet<String>,
}

/// Rules made ready to be looked for.
#[derive(Debug)]
pub struct Matcher<'r> {
    /// The rules.
    pub rules: &'r RuleSet,
    /// Finds the lines that may concern them.
    pub prefilter: Prefilter,
    /// For each rule the series rules whose events its findings are: their index, whether as an event,
    /// whether as what follows.
    counts_for: Vec<Vec<(usize, bool, bool)>>,
    /// Whether the filter is passed by: each line is a candidate.
    pub(super) every_line: bool,
    /// Finds the contexts of exchanges' codes; made for the first event.
    contexts: OnceLock<AhoCorasick>,
    /// Knows error reporters; made for the first traceback.
    reporters: OnceLock<Reporters>,
    /// Whose code a frame is.
    pub roots: Roots,
}

impl<'r> Matcher<'r> {
    /// Makes the rules ready.
    pub fn new(rules: &'r RuleSet, roots: Roots) -> Matcher<'r> {
        let counts_for = counts_for(rules);
        let prefilter = Prefilter::new(rules);
        let (contexts, reporters) = (OnceLock::new(), OnceLock::new());
        Matcher { rules, prefilter, counts_for, every_line: false, contexts, reporters, roots }
    }

    /// The same with every line a candidate: as slow as can be, and what it finds must be the same.
    #[must_use]
    pub fn with_every_line(mut self) -> Matcher<'r> {
        self.every_line = true;
        self
    }

    /// One search for all contexts: an event is long, and there are hundreds of them.
    fn contexts(&self) -> &AhoCorasick {
        let contexts = self.rules.exchanges.contexts.iter().map(|context| context.literal.as_str());
        self.contexts.get_or_init(|| search_for(contexts))
    }

    /// Whether a text names what reports errors to people (Telegram, Slack, a mail server …).
    pub fn names_reporter(&self, text: &str) -> bool {
        self.reporters().search.is_match(text)
    }

    /// Whether a function of that name reports errors to people.
    pub fn is_reporter(&self, function: &str) -> bool {
        self.reporters().functions.contains(function)
    }

    fn reporters(&self) -> &Reporters {
        self.reporters.get_or_init(|| {
            let marks = self.rules.marks.iter().filter(|mark| mark.kind == MarkKind::Reporter);
            let literals = marks.flat_map(|mark| mark.any.iter().map(String::as_str));
            let functions = literals.clone().filter_map(|literal| literal.strip_prefix(", in "));
            let functions = functions.map(str::to_owned).collect();
            Reporters { search: search_for(literals), functions }
        })
    }

    /// What the literals in an event announce.
    pub fn announced(&self, parsed: &Parsed<'_>) -> Heard {
        let announced = |text: &str| self.prefilter.announced(text.as_bytes());
        let raw = parsed.has_header().then(|| announced(&parsed.raw));
        // What stands in the end of the line as logged has been found with that.
        let is_known = raw.is_some() && parsed.raw.ends_with(&parsed.whole);
        Heard { whole: (!is_known).then(|| announced(&parsed.whole)), raw }
    }

    /// All rules that hold on an event, the winner first, and what it is to rules that ask for several. Only
    /// the winner has all its captures: what the others would capture is asked of no report.
    pub fn confirm(&self, parsed: &Parsed<'_>) -> Confirmed {
        self.confirm_with(parsed, &self.announced(parsed), Wanted::All)
    }

    /// The same, where it is known what the event's literals announce. Of rules that do not win some may be missing.
    pub fn winner(&self, parsed: &Parsed<'_>, heard: &Heard) -> Confirmed {
        self.confirm_with(parsed, heard, Wanted::Winner)
    }

    /// The same, where each rule that holds has all its captures.
    pub fn confirm_fully(&self, parsed: &Parsed<'_>) -> Confirmed {
        self.confirm_with(parsed, &self.announced(parsed), Wanted::Captures)
    }

    /// What holds on an event, as far as that is wanted.
    fn confirm_with(&self, parsed: &Parsed<'_>, heard: &Heard, wanted: Wanted) -> Confirmed {
        let announced = match (&heard.whole, &heard.raw) {
            (Some(whole), Some(raw)) => {
                let mut both: Vec<Announced> = whole.iter().chain(raw).copied().collect();
                both.sort_unstable();
                both.dedup();
                Cow::Owned(both)
            }
            (one, other) => {
                Cow::Borrowed(one.as_ref().or(other.as_ref()).map_or(&[][..], Vec::as_slice))
            }
        };
        let subjects = parsed.subjects();
        let lineages: Vec<Vec<&str>> = subjects
            .iter()
            .map(|subject| {
                subject.class.map_or(Vec::new(), |class| self.rules.classes.lineage(class))
            })
            .collect();
        let mut found: Vec<Match> = Vec::new();
        // An event that was found for another reason may hold a code further behind its context.
        let mut codes_wanted = self.contexts().is_match(parsed.whole.as_bytes());
        let mut parts: Vec<(Match, bool)> = Vec::new();
        for &announced in announced.iter() {
            match announced {
                Announced::When(rule_at, when_at) => {
                    let rule = &self.rules.rules[rule_at as usize];
                    let when = &rule.whens[when_at as usize];
                    for (subject, lineage) in subjects.iter().zip(&lineages) {
                        // On the message it comes before what it is on the line.
                        let is_known = |found: &Match| {
                            (found.rule, found.which) == (rule_at as usize, Which::Message)
                        };
                        if wanted == Wanted::Winner
                            && subject.which == Which::Line
                            && rule.series.is_none()
                            && found.iter().any(is_known)
                        {
                            continue;
                        }
                        let Some(own) = self.holds(when, subject, lineage, parsed) else {
                            continue;
                        };
                        let own = Match {
                            rule: rule_at as usize,
                            which: subject.which,
                            captures: own,
                            confidence: rule.confidence,
                            basis: rule.basis,
                        };
                        match &rule.series {
                            None => found.push(own),
                            Some(series) => {
                                parts.push((own, when_at as usize >= series.then_from));
                            }
                        }
                    }
                }
                Announced::Code => codes_wanted = true,
                Announced::Traceback | Announced::Mark(_) => {}
            }
        }
        if codes_wanted {
            for subject in &subjects {
                codes::find(self.rules, subject, parsed, &mut found);
            }
        }
        found.sort_by_key(|found| self.precedence(found));
        found.dedup_by(|later, first| {
            let is_same = (later.rule, later.which) == (first.rule, first.which);
            // A rule's own words and a code of an exchange's table may prove the same: both tell something.
            for (name, value) in std::mem::take(&mut later.captures).into_iter().filter(|_| is_same)
            {
                first.captures.entry(name).or_insert(value);
            }
            is_same
        });
        let complete = if wanted == Wanted::Captures { found.len() } else { 1 };
        let first = found.iter_mut().take(complete);
        for found in first.chain(parts.iter_mut().map(|(part, _)| part)) {
            captures::complete(self.rules, parsed, &subjects, found);
        }
        let steps = self.steps(found.first(), parts);
        Confirmed { matches: found, steps }
    }

    /// What an event is to rules that ask for several: by their own conditions, and by the rule that won.
    fn steps(&self, winner: Option<&Match>, parts: Vec<(Match, bool)>) -> Vec<Step> {
        let mut steps: BTreeMap<usize, Step> = BTreeMap::new();
        let mut add = |rule: usize, is_event, is_then, captures: &BTreeMap<String, String>| {
            let none = || Step { rule, is_event: false, is_then: false, captures: BTreeMap::new() };
            let step = steps.entry(rule).or_insert_with(none);
            step.is_event |= is_event;
            step.is_then |= is_then;
            for (name, value) in captures {
                step.captures.entry(name.clone()).or_insert_with(|| value.clone());
            }
        };
        for (part, is_then) in &parts {
            add(part.rule, !is_then, *is_then, &part.captures);
        }
        if let Some(winner) = winner {
            for &(rule, is_event, is_then) in &self.counts_for[winner.rule] {
                add(rule, is_event, is_then, &winner.captures);
            }
        }
        steps.into_values().collect()
    }

    /// Indexes of the rules whose literals stand in an event, ascending: those that were tried on it.
    pub fn seen(&self, parsed: &Parsed<'_>) -> Vec<usize> {
        let announced = self.prefilter.announced(parsed.whole.as_bytes());
        let mut seen: Vec<usize> = announced
            .iter()
            .filter_map(|announced| match announced {
                Announced::When(rule, _) => Some(*rule as usize),
                _ => None,
            })
            .collect();
        seen.sort_unstable();
        seen.dedup();
        seen
    }

    /// Sort key: what the proof rests on, then the rule's weight, then the link nearest the root.
    fn precedence(&self, found: &Match) -> (Basis, Reverse<i8>, Which, usize) {
        let rule = &self.rules.rules[found.rule];
        (found.basis, Reverse(rule.weight), found.which, found.rule)
    }

    /// Indexes of the marks that an event's own words carry: not inside the traceback, where code and frames name
    /// anything.
    pub fn marks_of(&self, parsed: &Parsed<'_>, heard: &Heard) -> Vec<usize> {
        let is_mark = |announced: &Announced| matches!(announced, Announced::Mark(_));
        let mut marks = match (&heard.whole, &heard.raw) {
            (Some(whole), _) if parsed.message == parsed.whole => {
                self.marks_in(whole, &parsed.message)
            }
            // The message is a part of the line, which has none.
            (None, Some(raw)) if parsed.message == parsed.whole && !raw.iter().any(is_mark) => {
                Vec::new()
            }
            _ => self.marks(&parsed.message),
        };
        // The other fields of a JSON record stand behind its message, which may have to end there.
        let head = &parsed.event.head;
        if !head.extra.is_empty() {
            marks.extend(self.marks(head.message.lines().next().unwrap_or("")));
        }
        if let Some(raw) = &heard.raw {
            marks.extend(self.marks_in(raw, &parsed.raw));
        }
        marks.sort_unstable();
        marks.dedup();
        marks
    }

    /// Indexes of the marks that a line carries.
    pub fn marks(&self, text: &str) -> Vec<usize> {
        self.marks_in(&self.prefilter.announced(text.as_bytes()), text)
    }

    /// The same, where it is known what its literals announce.
    fn marks_in(&self, announced: &[Announced], text: &str) -> Vec<usize> {
        let mut found: Vec<usize> = announced
            .iter()
            .filter_map(|announced| match announced {
                Announced::Mark(at) => Some(*at as usize),
                _ => None,
            })
            .collect();
        found.sort_unstable();
        found.dedup();
        found.retain(|&at| {
            let mark = &self.rules.marks[at];
            !mark.not.iter().any(|not| text.contains(not.as_str()))
                && (mark.regex.is_empty()
                    || mark
                        .regex
                        .iter()
                        .any(|regex| regex.on(text).is_some_and(|regex| regex.is_match(text))))
        });
        found
    }

    /// Whether a bare line speaks for itself and continues no message above it: a mark, or what a shell
    /// or a kernel says of a process that ended.
    pub fn speaks(&self, text: &str) -> bool {
        self.prefilter.announced(text.as_bytes()).iter().any(|announced| match announced {
            Announced::Mark(_) | Announced::Traceback => true,
            Announced::When(rule, when) => {
                let rule = &self.rules.rules[*rule as usize];
                rule.effect != Effect::Symptom && rule.whens[*when as usize].on != On::Link
            }
            Announced::Code => false,
        })
    }
}

/// A search for any of some texts.
fn search_for<'t>(texts: impl Iterator<Item = &'t str>) -> AhoCorasick {
    // Which of them is found first is no matter, so that the fastest kind will do.
    AhoCorasickBuilder::new()
        .match_kind(MatchKind::LeftmostFirst)
        .build(texts)
        .or_else(|_| AhoCorasick::new(Vec::<&[u8]>::new()))
        .unwrap_or_else(|_| unreachable!("an automaton of nothing always builds"))
}

/// For each rule the series rules that count its findings.
fn counts_for(rules: &RuleSet) -> Vec<Vec<(usize, bool, bool)>> {
    let mut counts = vec![Vec::new(); rules.rules.len()];
    for (series_at, rule) in rules.rules.iter().enumerate() {
        let Some(series) = &rule.series else { continue };
        let names =
            |names: &[String], id: &str| names.iter().any(|name| rules::names_rule(name, id));
        for (at, counted) in rules.rules.iter().enumerate() {
            let is_event = names(&series.rules, &counted.id);
            let is_then = names(&series.then_rules, &counted.id);
            // A series is no event, so no rule counts itself.
            if (is_event || is_then) && counted.series.is_none() {
                counts[at].push((series_at, is_event, is_then));
            }
        }
    }
    counts
}
