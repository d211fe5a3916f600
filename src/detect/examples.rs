//! Runs the examples that rules carry, and holds rules to the laws that only examples can show.
//!
//! Several lines of an example are a small log: what a series rule asks for, or a chain links, must be in it.
//!
//! An example must be won by its rule, with its captures, and no event of it by another pattern; a near
//! miss must not be won by the rule. A rule has at least two examples and a near miss; they show each of
//! its conditions and each alternative of its regexes, and what it captures is not taken for a secret.

use std::collections::BTreeSet;

use super::chain::ChainTracker;
use super::confirm::{Match, Matcher};
use super::coverage::Coverage;
use super::series::{Fired, Moment, SeriesTracker};
use super::subject::Parsed;
use crate::event::{Assembled, Reading, Stamp, assemble, read_record};
use crate::rules::{Chain, Example, Mark, MarkKind, Rule};
use crate::source::{Chunk, Segment};

/// Rules that the program raises by itself, where no rule speaks: nothing in a line alone shows them.
pub const RAISED: [&str; 14] = [
    "memory/backlog-growth",
    "memory/growth",
    "network/feed-stopped",
    "network/offline",
    "other/exited",
    "other/logged-error",
    "other/newest-first",
    "other/uncaught-exception",
    "rate-limit/data-frozen",
    "system/gap",
    "system/handle-growth",
    "system/silent-stop",
    "system/sleep",
    "system/torn-end",
];

/// Fewest examples of a rule that something in a text shows.
const EXAMPLES_LEAST: usize = 2;

/// An example, or a rule, that does not do what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// Rule file.
    pub file: String,
    /// Line of the example, or of the rule's id, in it.
    pub line: usize,
    /// Id of the rule or mark.
    pub rule: String,
    /// What is wrong.
    pub what: String,
}

/// What came of the examples.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many examples and near misses there were.
    pub count: usize,
    /// What is wrong.
    pub failed: Vec<Failed>,
}

/// Runs every example of every rule, mark and code context of the matcher's rules.
///
/// `redact` is what hides secrets in reports: it must leave what rules capture.
pub fn run(matcher: &Matcher<'_>, redact: &dyn Fn(&str) -> String) -> Outcome {
    let mut outcome = Outcome::default();
    for (rule_at, rule) in matcher.rules.rules.iter().enumerate() {
        run_rule(matcher, rule_at, rule, redact, &mut outcome);
    }
    for (chain_at, chain) in matcher.rules.chains.iter().enumerate() {
        run_chain(matcher, chain_at, chain, &mut outcome);
    }
    for mark in &matcher.rules.marks {
        outcome.count += mark.examples.len() + mark.near_misses.len();
        outcome.failed.extend(run_mark(matcher, mark));
    }
    for context in &matcher.rules.exchanges.contexts {
        for example in &context.examples {
            outcome.count += 1;
            let found = context.regex.get().and_then(|regex| regex.captures(&example.text));
            let code =
                found.as_ref().and_then(|found| found.name("code")).map(|code| code.as_str());
            if code != Some(example.code.as_str()) || !example.text.contains(&context.literal) {
                outcome.failed.push(Failed {
                    file: context.file.clone(),
                    line: example.line,
                    rule: context.name.clone(),
                    what: match code {
                        Some(code) => format!("finds code `{code}`, not `{}`", example.code),
                        None => format!("does not find code `{}`", example.code),
                    },
                });
            }
        }
    }
    outcome
}

fn run_rule(
    matcher: &Matcher<'_>,
    rule_at: usize,
    rule: &Rule,
    redact: &dyn Fn(&str) -> String,
    outcome: &mut Outcome,
) {
    let mut coverage = Coverage::of(rule);
    for example in rule.examples.iter().filter(|_| rule.series.is_some()) {
        outcome.count += 1;
        let course = replay(matcher, &example.text, |parsed, steps| {
            if steps.contains(&rule_at) {
                coverage.add(matcher, rule, parsed);
            }
        });
        if let Err(what) = must_fire(rule_at, example, &course.fired, redact) {
            outcome.failed.push(fail(rule, example.line, what));
        }
    }
    for example in rule.near_misses.iter().filter(|_| rule.series.is_some()) {
        outcome.count += 1;
        let course = replay(matcher, &example.text, |_, _| {});
        if course.fired.iter().any(|fired| fired.rule == rule_at) {
            outcome.failed.push(fail(rule, example.line, "matches, and must not".to_owned()));
        }
    }
    for example in rule.examples.iter().filter(|_| rule.series.is_none()) {
        outcome.count += 1;
        let mut winners = Vec::new();
        for_each_event(matcher, &example.text, |parsed| {
            let matches = matcher.confirm(parsed).matches;
            if matches.iter().any(|found| found.rule == rule_at) {
                coverage.add(matcher, rule, parsed);
            }
            winners.extend(matches.into_iter().next());
        });
        if let Err(what) = must_match(matcher, rule, example, &winners, redact) {
            outcome.failed.push(fail(rule, example.line, what));
        }
    }
    for example in rule.near_misses.iter().filter(|_| rule.series.is_none()) {
        outcome.count += 1;
        if winners(matcher, &example.text).iter().any(|found| found.rule == rule_at) {
            outcome.failed.push(fail(rule, example.line, "matches, and must not".to_owned()));
        }
    }
    if RAISED.contains(&rule.id.as_str()) {
        return;
    }
    if rule.examples.len() < EXAMPLES_LEAST {
        let what = format!(
            "has {} of at least {EXAMPLES_LEAST} examples; add `[[rule.example]]` with the text of another client or logger",
            rule.examples.len()
        );
        outcome.failed.push(fail(rule, rule.line, what));
    }
    if rule.near_misses.is_empty() {
        let what = "has no near miss; add `[[rule.near-miss]]` with a text that only looks like it";
        outcome.failed.push(fail(rule, rule.line, what.to_owned()));
    }
    let gaps = coverage.gaps(rule);
    outcome.failed.extend(gaps.into_iter().map(|what| fail(rule, rule.line, what)));
}

/// What the events of a text come to together.
struct Course {
    fired: Vec<Fired<()>>,
    /// Indexes of the chains that linked two of its events.
    linked: BTreeSet<usize>,
}

/// Reads a text as a small log. `visit` is shown each event and the series rules that it counts for.
fn replay(
    matcher: &Matcher<'_>,
    text: &str,
    mut visit: impl FnMut(&Parsed<'_>, &[usize]),
) -> Course {
    let rules = matcher.rules;
    let mut series = SeriesTracker::default();
    let mut chains = ChainTracker::default();
    let mut course = Course { fired: Vec::new(), linked: BTreeSet::new() };
    let mut count = 0_usize;
    for_each_event(matcher, text, |parsed| {
        let before = &text[..parsed.event.start().min(text.len())];
        let own = parsed.event.head.stamp.clone();
        let stamp = own.or_else(|| last_stamp(before));
        let line = before.bytes().filter(|&b| b == b'\n').count() as u64 + 1;
        let now = Moment::new(stamp.as_ref(), 0, line);
        let confirmed = matcher.confirm(parsed);
        count += 1;
        if let Some(winner) = confirmed.matches.first() {
            let cause = chains.see(rules, winner.rule, &winner.captures, now, &count);
            course.linked.extend(cause.map(|cause| cause.chain));
        }
        let mut counts_for = Vec::new();
        for step in &confirmed.steps {
            counts_for.push(step.rule);
            let Some(asked) = &rules.rules[step.rule].series else { continue };
            for fired in series.see(asked, step, now, &()) {
                count += 1;
                let cause = chains.see(rules, fired.rule, &fired.captures, now, &count);
                course.linked.extend(cause.map(|cause| cause.chain));
                course.fired.push(fired);
            }
        }
        visit(parsed, &counts_for);
    });
    let end = Moment::new(last_stamp(text).as_ref(), 0, text.lines().count() as u64);
    course.fired.extend(series.close(rules, end));
    course
}

fn last_stamp(text: &str) -> Option<Stamp> {
    text.lines().rev().find_map(|line| read_record(line.as_bytes()).stamp)
}

fn must_fire(
    rule_at: usize,
    example: &Example,
    fired: &[Fired<()>],
    redact: &dyn Fn(&str) -> String,
) -> Result<(), String> {
    let own: Vec<&Fired<()>> = fired.iter().filter(|fired| fired.rule == rule_at).collect();
    let Some(last) = own.last() else { return Err("does not match".to_owned()) };
    let count = own.iter().map(|fired| fired.count).sum::<u64>().to_string();
    let safe = redact(&example.text);
    for (name, wanted) in &example.captures {
        let value = if name == "count" { Some(&count) } else { last.captures.get(name) };
        match value {
            Some(value) if value == wanted => {}
            Some(value) => return Err(format!("captures {name} = `{value}`, not `{wanted}`")),
            None => return Err(format!("does not capture {name} (`{wanted}`)")),
        }
        if example.text.contains(wanted.as_str()) && !safe.contains(wanted.as_str()) {
            return Err(format!("{name} = `{wanted}` is hidden as a secret in reports"));
        }
    }
    Ok(())
}

fn run_chain(matcher: &Matcher<'_>, chain_at: usize, chain: &Chain, outcome: &mut Outcome) {
    let mut fail = |line: usize, what: &str| {
        outcome.failed.push(Failed {
            file: chain.file.clone(),
            line,
            rule: chain.id.clone(),
            what: what.to_owned(),
        });
    };
    let links =
        |example: &Example| replay(matcher, &example.text, |_, _| {}).linked.contains(&chain_at);
    for example in chain.examples.iter().filter(|example| !links(example)) {
        fail(example.line, "links nothing");
    }
    for example in chain.near_misses.iter().filter(|example| links(example)) {
        fail(example.line, "links two events, and must not");
    }
    // What leads to it is shown by no line: the detector's tests hold the examples.
    if chain.cause.iter().all(|cause| RAISED.contains(&cause.as_str())) {
        return;
    }
    if chain.examples.is_empty() {
        fail(chain.line, "has no example; add `[[chain.example]]` with a cause and a symptom");
    }
    if chain.near_misses.is_empty() {
        fail(chain.line, "has no near miss; add `[[chain.near-miss]]` with two that only look so");
    }
    outcome.count += chain.examples.len() + chain.near_misses.len();
}

fn fail(rule: &Rule, line: usize, what: String) -> Failed {
    Failed { file: rule.file.clone(), line, rule: rule.id.clone(), what }
}

fn must_match(
    matcher: &Matcher<'_>,
    rule: &Rule,
    example: &Example,
    winners: &[Match],
    redact: &dyn Fn(&str) -> String,
) -> Result<(), String> {
    let of = |found: &Match| &matcher.rules.rules[found.rule];
    let Some(found) = winners.iter().find(|found| of(found).id == rule.id) else {
        return Err(match winners.first() {
            Some(other) => format!("is won by `{}`", of(other).id),
            None => "does not match".to_owned(),
        });
    };
    if let Some(other) = winners.iter().map(of).find(|other| other.pattern != rule.pattern) {
        return Err(format!("is won in part by `{}`, of another pattern", other.id));
    }
    for (name, wanted) in &example.captures {
        match found.captures.get(name) {
            Some(value) if value == wanted => {}
            Some(value) => return Err(format!("captures {name} = `{value}`, not `{wanted}`")),
            None => return Err(format!("does not capture {name} (`{wanted}`)")),
        }
    }
    let safe = redact(&example.text);
    for (name, value) in &example.captures {
        if example.text.contains(value.as_str()) && !safe.contains(value.as_str()) {
            return Err(format!("{name} = `{value}` is hidden as a secret in reports"));
        }
    }
    Ok(())
}

/// The winning match of each event of a text.
pub fn winners(matcher: &Matcher<'_>, text: &str) -> Vec<Match> {
    let mut winners = Vec::new();
    for_each_event(matcher, text, |parsed| {
        winners.extend(matcher.confirm(parsed).matches.into_iter().next());
    });
    winners
}

/// Takes a text apart as a log would be, event by event.
pub fn for_each_event(matcher: &Matcher<'_>, text: &str, mut visit: impl FnMut(&Parsed<'_>)) {
    let segments = [Segment { at: 0, file: 0, offset: 0, line: 1 }];
    let chunk = Chunk { bytes: text.as_bytes(), segments: &segments, last: true };
    let mut candidates = Vec::new();
    matcher.candidates(chunk.bytes, 0, chunk.bytes.len(), &mut candidates);
    let mut floor = 0;
    for candidate in candidates {
        if candidate.at < floor {
            continue;
        }
        if let Assembled::Event(event) =
            assemble(&chunk, Reading::default(), candidate.at, floor, &|line| matcher.speaks(line))
        {
            floor = event.resume.max(candidate.end);
            visit(&Parsed::new(&event, chunk.bytes));
        }
    }
}

fn run_mark(matcher: &Matcher<'_>, mark: &Mark) -> Vec<Failed> {
    let carries = |text: &str| {
        // A reporter is known by its name alone, wherever it stands in a traceback.
        if mark.kind == MarkKind::Reporter {
            return mark.any.iter().any(|literal| text.contains(literal.as_str()))
                && (mark.regex.is_empty()
                    || mark
                        .regex
                        .iter()
                        .filter_map(|regex| regex.get())
                        .any(|r| r.is_match(text)));
        }
        text.lines().any(|line| {
            let record = crate::event::read_record(line.as_bytes());
            let marks: BTreeSet<usize> =
                matcher.marks(&record.message).into_iter().chain(matcher.marks(line)).collect();
            marks.iter().any(|&at| matcher.rules.marks[at].id == mark.id)
        })
    };
    let tells = |example: &Example| {
        let told = mark.captures(&example.text);
        example
            .captures
            .iter()
            .all(|(name, value)| told.get(name.as_str()) == Some(&value.as_str()))
    };
    let fail = |example: &Example, what: &str| Failed {
        file: mark.file.clone(),
        line: example.line,
        rule: mark.id.clone(),
        what: what.to_owned(),
    };
    let missing = mark.examples.iter().filter(|example| !carries(&example.text));
    let wrong = mark.near_misses.iter().filter(|example| carries(&example.text));
    let untold = mark.examples.iter().filter(|example| !tells(example));
    missing
        .map(|example| fail(example, "does not match"))
        .chain(untold.map(|example| fail(example, "captures something else")))
        .chain(wrong.map(|example| fail(example, "matches, and must not")))
        .collect()
}
