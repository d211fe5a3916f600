//! Runs the examples that rules carry: each must match, with its captures, and none may be won by
//! another pattern; near misses must not match.

use super::confirm::{Match, Matcher};
use super::subject::Parsed;
use crate::event::{Assembled, assemble};
use crate::rules::{Example, Mark, MarkKind, Rule};
use crate::source::{Chunk, Segment};

/// An example that does not do what its rule says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// Rule file.
    pub file: String,
    /// Line of the example in it.
    pub line: usize,
    /// Id of the rule or mark.
    pub rule: String,
    /// What is wrong.
    pub what: String,
}

/// Runs every example of every rule and mark. Comes back with how many there were, and those that fail.
pub fn run(matcher: &Matcher<'_>) -> (usize, Vec<Failed>) {
    let mut count = 0;
    let mut failed = Vec::new();
    for rule in &matcher.rules.rules {
        for example in &rule.examples {
            count += 1;
            if let Err(what) = must_match(matcher, rule, example) {
                failed.push(fail(rule, example, what));
            }
        }
        for example in &rule.near_misses {
            count += 1;
            if winners(matcher, &example.text).iter().any(|found| is_rule(matcher, found, rule)) {
                failed.push(fail(rule, example, "matches, and must not".to_owned()));
            }
        }
    }
    for mark in &matcher.rules.marks {
        count += mark.examples.len() + mark.near_misses.len();
        failed.extend(run_mark(matcher, mark));
    }
    (count, failed)
}

fn fail(rule: &Rule, example: &Example, what: String) -> Failed {
    Failed { file: rule.file.clone(), line: example.line, rule: rule.id.clone(), what }
}

fn is_rule(matcher: &Matcher<'_>, found: &Match, rule: &Rule) -> bool {
    matcher.rules.rules[found.rule].id == rule.id
}

fn must_match(matcher: &Matcher<'_>, rule: &Rule, example: &Example) -> Result<(), String> {
    let winners = winners(matcher, &example.text);
    let Some(found) = winners.iter().find(|found| is_rule(matcher, found, rule)) else {
        return Err(match winners.first() {
            Some(other) => format!("is won by `{}`", matcher.rules.rules[other.rule].id),
            None => "does not match".to_owned(),
        });
    };
    for (name, wanted) in &example.captures {
        match found.captures.get(name) {
            Some(value) if value == wanted => {}
            Some(value) => return Err(format!("captures {name} = `{value}`, not `{wanted}`")),
            None => return Err(format!("does not capture {name} (`{wanted}`)")),
        }
    }
    Ok(())
}

/// The winning match of each event of a text.
pub fn winners(matcher: &Matcher<'_>, text: &str) -> Vec<Match> {
    let mut winners = Vec::new();
    for_each_event(matcher, text, |parsed| {
        winners.extend(matcher.confirm(parsed).into_iter().next());
    });
    winners
}

/// Takes a text apart as a log would be, event by event.
pub fn for_each_event(matcher: &Matcher<'_>, text: &str, mut visit: impl FnMut(&Parsed<'_>)) {
    let segments = [Segment { at: 0, file: 0, offset: 0, line: 1 }];
    let chunk = Chunk { bytes: text.as_bytes(), segments: &segments, last: true };
    let mut candidates = Vec::new();
    matcher.prefilter.candidates(chunk.bytes, 0, chunk.bytes.len(), &mut candidates);
    let mut floor = 0;
    for candidate in candidates {
        if candidate.at < floor {
            continue;
        }
        if let Assembled::Event(event) = assemble(&chunk, candidate.at, floor, &|line| matcher.speaks(line)) {
            floor = event.resume.max(candidate.end);
            visit(&Parsed::new(&event, chunk.bytes));
        }
    }
}

fn run_mark(matcher: &Matcher<'_>, mark: &Mark) -> Vec<Failed> {
    let carries = |text: &str| {
        // A reporter is known by its name alone, wherever it stands in a traceback.
        if mark.kind == MarkKind::Reporter {
            return mark.any.iter().any(|literal| text.contains(literal.as_str()));
        }
        text.lines().any(|line| {
            let record = crate::event::read_record(line.as_bytes());
            let mut marks = matcher.marks(&record.message);
            marks.extend(matcher.marks(line));
            marks.iter().any(|&at| matcher.rules.marks[at].id == mark.id)
        })
    };
    let fail = |example: &Example, what: &str| Failed {
        file: mark.file.clone(),
        line: example.line,
        rule: mark.id.clone(),
        what: what.to_owned(),
    };
    let missing = mark.examples.iter().filter(|example| !carries(&example.text));
    let wrong = mark.near_misses.iter().filter(|example| carries(&example.text));
    missing
        .map(|example| fail(example, "does not match"))
        .chain(wrong.map(|example| fail(example, "matches, and must not")))
        .collect()
}
