//! Proof: which rules hold on an event, with what they capture, and which of them wins.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind};

use super::captures;
use super::codes;
use super::literals::Announced;
use super::prefilter::{Candidate, Prefilter};
use super::series::Step;
use super::subject::{Parsed, Subject, Which};
use crate::event::{read_record, spoken};
use crate::model::Severity;
use crate::rules::{self, Basis, Effect, LazyRegex, MarkKind, On, RuleSet, When};
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
    every_line: bool,
    /// Finds the contexts of exchanges' codes; made for the first event.
    contexts: OnceLock<AhoCorasick>,
    /// Finds the names of error reporters; made for the first traceback.
    reporters: OnceLock<AhoCorasick>,
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
        self.reporters.get_or_init(|| search_for(self.reporters())).is_match(text)
    }

    /// Whether a function of that name reports errors to people.
    pub fn is_reporter(&self, function: &str) -> bool {
        self.reporters().any(|literal| literal.strip_prefix(", in ") == Some(function))
    }

    fn reporters(&self) -> impl Iterator<Item = &'r str> {
        let marks = self.rules.marks.iter().filter(|mark| mark.kind == MarkKind::Reporter);
        marks.flat_map(|mark| mark.any.iter().map(String::as_str))
    }

    /// Lines of `bytes[from..to]` that may concern a rule, a mark or a traceback, in order. `from` and
    /// `to` are line starts (or the end). May be wrong about a line, never misses one.
    pub fn candidates(&self, bytes: &[u8], from: usize, to: usize, found: &mut Vec<Candidate>) {
        if self.every_line {
            let mut at = from;
            found.extend(bytes[from..to].split_inclusive(|&byte| byte == b'\n').map(|line| {
                at += line.len();
                Candidate { at: at - line.len(), end: at }
            }));
            return;
        }
        let accept = |start: usize, end: usize, announced: &[Announced]| {
            let text = stands_alone(bytes, start, end)
                .then(|| std::str::from_utf8(&bytes[start..end]).ok())
                .flatten();
            let Some(text) = text else { return true };
            let mut message = None;
            announced
                .iter()
                .any(|announced| self.may_hold(*announced, text.trim_end(), &mut message))
        };
        self.prefilter.candidates(bytes, from, to, &accept, found);
    }

    /// Whether what a literal announced may hold on a record that is one line: a cheap test that spares
    /// healthy lines with a tempting word the whole examination.
    fn may_hold<'t>(
        &self,
        announced: Announced,
        line: &'t str,
        message: &mut Option<std::borrow::Cow<'t, str>>,
    ) -> bool {
        let mut matches = |regexes: &[LazyRegex]| {
            regexes.iter().any(|regex| {
                regex.on(line).is_some_and(|regex| regex.is_match(line))
                    // An anchor may hold at the message's start, behind the header.
                    || (regex.is_anchored() || line.contains('\\')) && {
                        let message =
                            message.get_or_insert_with(|| read_record(line.as_bytes()).message);
                        regex.on(message).is_some_and(|regex| regex.is_match(message))
                    }
            })
        };
        match announced {
            Announced::Traceback | Announced::Code => true,
            Announced::Mark(at) => {
                let mark = &self.rules.marks[at as usize];
                mark.regex.is_empty() || matches(&mark.regex)
            }
            Announced::When(rule, when) => {
                let when = &self.rules.rules[rule as usize].whens[when as usize];
                let has = |literal: &String| when.ignore_case || line.contains(literal.as_str());
                // What an exception of the line's would be asked stands in the line as well.
                when.all.iter().all(has) && (when.regex.is_empty() || matches(&when.regex))
            }
        }
    }

    /// All rules that hold on an event, the winner first, and what it is to rules that ask for several. Only
    /// the winner has all its captures: what the others would capture is asked of no report.
    pub fn confirm(&self, parsed: &Parsed<'_>) -> Confirmed {
        self.confirm_with(parsed, 1)
    }

    /// The same, where each rule that holds has all its captures.
    pub fn confirm_fully(&self, parsed: &Parsed<'_>) -> Confirmed {
        self.confirm_with(parsed, usize::MAX)
    }

    /// The same, where the first so many have all their captures.
    fn confirm_with(&self, parsed: &Parsed<'_>, complete: usize) -> Confirmed {
        let mut announced = self.prefilter.announced(parsed.whole.as_bytes());
        if parsed.has_header() {
            announced.extend(self.prefilter.announced(parsed.raw.as_bytes()));
            announced.sort_unstable();
            announced.dedup();
        }
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
        for announced in announced {
            match announced {
                Announced::When(rule_at, when_at) => {
                    let rule = &self.rules.rules[rule_at as usize];
                    let when = &rule.whens[when_at as usize];
                    for (subject, lineage) in subjects.iter().zip(&lineages) {
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

    /// Indexes of the marks that a line carries.
    pub fn marks(&self, text: &str) -> Vec<usize> {
        let mut found: Vec<usize> = self
            .prefilter
            .announced(text.as_bytes())
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

    /// Why a rule holds or does not on an event: one line for each alternative and subject.
    pub fn explain(&self, rule_at: usize, parsed: &Parsed<'_>) -> Vec<String> {
        let rule = &self.rules.rules[rule_at];
        let mut lines = Vec::new();
        for (when_at, when) in rule.whens.iter().enumerate() {
            for subject in parsed.subjects() {
                let lineage =
                    subject.class.map_or(Vec::new(), |class| self.rules.classes.lineage(class));
                let verdict = match self.lacks(when, &subject, &lineage, parsed) {
                    None => "holds".to_owned(),
                    Some(what) => what,
                };
                let place = parsed.place(subject.which);
                lines.push(format!("when {} on {place}: {verdict}", when_at + 1));
            }
        }
        lines
    }

    /// Whether a `when` holds on some subject of an event.
    pub(super) fn holds_on_any(&self, when: &When, parsed: &Parsed<'_>) -> bool {
        parsed.subjects().iter().any(|subject| {
            let lineage =
                subject.class.map_or(Vec::new(), |class| self.rules.classes.lineage(class));
            self.lacks(when, subject, &lineage, parsed).is_none()
        })
    }

    /// Captures of a `when` that holds on a subject; `None` where it does not.
    fn holds(
        &self,
        when: &When,
        subject: &Subject<'_>,
        lineage: &[&str],
        parsed: &Parsed<'_>,
    ) -> Option<BTreeMap<String, String>> {
        if self.lacks(when, subject, lineage, parsed).is_some() {
            return None;
        }
        let mut captures = BTreeMap::new();
        for regex in when.regex.iter().filter_map(|regex| regex.on(&subject.text)) {
            captures::named(regex, &subject.text, &mut captures);
        }
        if let Some(code) = &when.code {
            for source in self.code_lines(subject, parsed) {
                if code.on(source).is_some_and(|code| captures::named(code, source, &mut captures))
                {
                    break;
                }
            }
        }
        Some(captures)
    }

    /// The lines of code that a subject was raised on: the innermost, then the bot's own.
    fn code_lines<'p>(
        &self,
        subject: &Subject<'p>,
        parsed: &'p Parsed<'_>,
    ) -> impl Iterator<Item = &'p str> {
        let own = parsed.own_frame(subject.which, &self.roots);
        subject.frames.last().into_iter().chain(own).filter_map(|frame| frame.code.as_deref())
    }

    /// What a `when` lacks on a subject; `None` where it holds. Cheap conditions come first.
    fn lacks(
        &self,
        when: &When,
        subject: &Subject<'_>,
        lineage: &[&str],
        parsed: &Parsed<'_>,
    ) -> Option<String> {
        let place_fits = match when.on {
            On::Any => true,
            On::Link => subject.class.is_some(),
            On::Message => subject.class.is_none(),
        };
        if !place_fits {
            return Some("looks elsewhere (`on`)".into());
        }
        let text = subject.text.as_str();
        let has = |literal: &String| {
            if when.ignore_case {
                contains_ignoring_case(text, literal)
            } else {
                text.contains(literal.as_str())
            }
        };
        if !when.exception.is_empty()
            && !when
                .exception
                .iter()
                .any(|wanted| lineage.iter().any(|name| rules::is_named(name, wanted)))
        {
            return Some(format!("is no {}", when.exception.join(" or ")));
        }
        if !when.any.is_empty() && !when.any.iter().any(has) {
            return Some("holds none of `any`".into());
        }
        if let Some(missing) = when.all.iter().find(|literal| !has(literal)) {
            return Some(format!("lacks `{missing}`"));
        }
        if let Some(present) = when.not.iter().find(|literal| has(literal)) {
            return Some(format!("holds `{present}`, which `not` forbids"));
        }
        if let Some(wanted) = when.severity {
            let first = || parsed.message.lines().next().unwrap_or("");
            let logged = parsed.event.head.severity.or_else(|| spoken(first()));
            let logged = logged.unwrap_or(Severity::Info);
            if logged < wanted {
                return Some(format!("was logged at {logged:?}, below {wanted:?}"));
            }
        }
        if !when.raised_in.is_empty() {
            let raised_in = subject.frames.last().is_some_and(|frame| {
                when.raised_in.iter().any(|wanted| has_component(&frame.file, wanted))
            });
            if !raised_in {
                return Some(format!("was not raised in {}", when.raised_in.join(" or ")));
            }
        }
        if let Some(code) = &when.code {
            let matches = self
                .code_lines(subject, parsed)
                .any(|source| code.on(source).is_some_and(|regex| regex.is_match(source)));
            if !matches {
                return Some(format!("the code does not match `{}`", code.text()));
            }
        }
        if let Some(missing) =
            when.chain.iter().find(|literal| !parsed.whole.contains(literal.as_str()))
        {
            return Some(format!("the event lacks `{missing}`"));
        }
        if !when.regex.is_empty()
            && !when
                .regex
                .iter()
                .any(|regex| regex.on(text).is_some_and(|regex| regex.is_match(text)))
        {
            return Some("matches no `regex`".into());
        }
        None
    }
}

/// A search for any of some texts.
fn search_for<'t>(texts: impl Iterator<Item = &'t str>) -> AhoCorasick {
    AhoCorasickBuilder::new()
        .kind(Some(AhoCorasickKind::ContiguousNFA))
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

/// Whether the line is a record by itself: the next one begins as it does, and not with a blank, as
/// records under one header do.
fn stands_alone(bytes: &[u8], start: usize, end: usize) -> bool {
    match (bytes.get(start..start + 2), bytes.get(end..end + 2)) {
        (Some(this), Some(next)) => this == next && !this[0].is_ascii_whitespace(),
        _ => false,
    }
}

fn contains_ignoring_case(text: &str, literal: &str) -> bool {
    let (text, literal) = (text.as_bytes(), literal.as_bytes());
    text.len() >= literal.len()
        && text.windows(literal.len()).any(|window| window.eq_ignore_ascii_case(literal))
}

/// Whether a path has a folder of that name, or is a file of that stem.
fn has_component(path: &str, wanted: &str) -> bool {
    path.split(['/', '\\']).any(|part| {
        part == wanted || part.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'))
    })
}
