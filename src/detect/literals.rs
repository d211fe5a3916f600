//! The texts that are searched for, and what each announces. Derived from the rules: for the built-in
//! ones when the program is built (`build.rs` includes this file), for a user's at the start.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::gates::{self, GRAM, Gates, gram_at};
use crate::rules::{Exchanges, MarkKind, RuleSet, When};

/// Every text that is searched for, and the filter that finds it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Literals {
    /// By id.
    pub list: Vec<Literal>,
    /// What must follow some of them.
    thens: Vec<Then>,
    /// For each what it may announce.
    pub(super) announces: Vec<Vec<Announced>>,
    pub(super) gates: Gates,
}

/// A text to look for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "(String, Option<u32>)", into = "(String, Option<u32>)")]
pub(crate) struct Literal {
    /// The text, case as written.
    pub text: String,
    /// It counts only where this follows: an index of the list of followers.
    then: Option<u32>,
    /// Its first four bytes and its last: what stands elsewhere mostly differs there.
    ends: (u32, u32),
}

impl From<(String, Option<u32>)> for Literal {
    fn from((text, then): (String, Option<u32>)) -> Literal {
        let ends = ends(text.as_bytes(), text.len());
        Literal { text, then, ends }
    }
}

impl From<Literal> for (String, Option<u32>) {
    fn from(literal: Literal) -> (String, Option<u32>) {
        (literal.text, literal.then)
    }
}

/// The first four of the first `len` bytes of a text, and the last.
fn ends(text: &[u8], len: usize) -> (u32, u32) {
    (gram_at(text, 0), gram_at(text, len.saturating_sub(GRAM)))
}

/// What must follow a literal: a separator and the beginning of a value.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Then {
    /// Separators, one of which stands right behind the literal.
    between: Vec<String>,
    /// Beginnings, one of which stands behind the separator; sorted.
    beginnings: Vec<String>,
}

/// What a literal may announce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Announced {
    /// A traceback; no rule needs to hold.
    Traceback,
    /// An alternative of a rule.
    When(u32, u32),
    /// An exchange's code or message.
    Code,
    /// A mark.
    Mark(u32),
}

/// Literals of our own, so that a crash that is none of the seven is never missed.
const TRACEBACK_HEADS: [&str; 13] = [
    "Traceback (most recent call last)",
    "Traceback (innermost last)",
    "(most recent call first)",
    "Fatal Python error",
    "Exception in thread ",
    "Exception in callback ",
    "exception was never retrieved",
    "Exception ignored in",
    "Exception ignored on",
    "--- Logging error ---",
    "Exception Group Traceback",
    "SyntaxError: ",
    "terminate called after throwing",
];

impl Literals {
    /// What these rules look for.
    pub(crate) fn of(rules: &RuleSet) -> Literals {
        let mut literals = Literals::default();
        for (text, announced) in announcements(rules) {
            literals.add(text, None, announced);
        }
        literals.add_codes(&rules.exchanges);
        literals.gates = literals.build_gates();
        literals
    }

    /// Literals that announce nothing, to try the search with.
    #[cfg(test)]
    pub(super) fn plain(texts: &[String]) -> Literals {
        let mut literals = Literals::default();
        for text in texts {
            literals.add(text.clone(), None, vec![Announced::Traceback]);
        }
        literals.gates = literals.build_gates();
        literals
    }

    fn add(&mut self, text: String, then: Option<u32>, announced: Vec<Announced>) {
        self.list.push(Literal::from((text, then)));
        self.announces.push(announced);
    }

    /// What announces an exchange's code: every context, followed by the beginning of a known code where
    /// the code follows it directly (so that `"code":0` in a healthy answer announces nothing), and the
    /// messages without codes.
    fn add_codes(&mut self, exchanges: &Exchanges) {
        let mut messages = BTreeSet::new();
        let mut beginnings = BTreeSet::new();
        for error in exchanges.tables.iter().flat_map(|table| &table.errors) {
            if let Some(code) = &error.code {
                // `0` and `2` begin the codes of success (`0`, `00000`, `200`, `200000`).
                let most = if code.starts_with(['0', '2']) { 3 } else { 2 };
                beginnings.insert(code.chars().take(most).collect::<String>());
            } else if let Some(message) = &error.message {
                messages.insert(message.clone());
            }
        }
        for message in messages {
            self.add(message, None, vec![Announced::Code]);
        }
        let beginnings: Vec<String> = beginnings.into_iter().collect();
        let mut known: BTreeMap<&'static [&'static str], u32> = BTreeMap::new();
        for context in &exchanges.contexts {
            let then = context.direct.then(|| {
                let between = between(&context.literal);
                *known.entry(between).or_insert_with(|| {
                    let between = between.iter().map(|&text| text.to_owned()).collect();
                    self.thens.push(Then { between, beginnings: beginnings.clone() });
                    self.thens.len() as u32 - 1
                })
            });
            self.add(context.literal.clone(), then, vec![Announced::Code]);
        }
    }

    fn build_gates(&self) -> Gates {
        let mut gates = gates::Builder::default();
        for (id, literal) in self.list.iter().enumerate() {
            let Some(then) = self.then(literal) else {
                gates.add(id, literal.text.as_bytes());
                continue;
            };
            for between in &then.between {
                let head = format!("{}{between}", literal.text);
                let texts = then.beginnings.iter().map(|beginning| {
                    // The first is enough, unless that is little to go by.
                    let is_long = head.len() + 1 >= SHORT && !beginning.starts_with(['0', '2']);
                    format!("{head}{}", if is_long { &beginning[..1] } else { beginning })
                });
                for text in texts.collect::<BTreeSet<_>>() {
                    gates.add(id, text.as_bytes());
                }
            }
        }
        gates.build()
    }

    fn then(&self, literal: &Literal) -> Option<&Then> {
        self.thens.get(literal.then? as usize)
    }

    /// Whether the literal of that id stands first in `text`, with what must follow it.
    pub(super) fn stands(&self, id: u32, text: &[u8]) -> bool {
        let literal = &self.list[id as usize];
        let len = literal.text.len();
        if len >= GRAM && ends(text, len) != literal.ends {
            return false;
        }
        text.strip_prefix(literal.text.as_bytes())
            .is_some_and(|behind| self.then(literal).is_none_or(|then| then.follows(behind)))
    }
}

impl Then {
    fn follows(&self, text: &[u8]) -> bool {
        self.between.iter().any(|between| {
            text.strip_prefix(between.as_bytes()).is_some_and(|rest| self.begins(rest))
        })
    }

    /// Whether one of the beginnings stands first. They are sorted.
    fn begins(&self, text: &[u8]) -> bool {
        let Some(first) = text.first() else { return false };
        let from = self.beginnings.partition_point(|known| known.as_bytes().first() < Some(first));
        self.beginnings[from..]
            .iter()
            .take_while(|known| known.as_bytes().first() == Some(first))
            .any(|known| text.starts_with(known.as_bytes()))
    }
}

/// The literals of rules, marks and tracebacks, each once, with what it announces.
fn announcements(rules: &RuleSet) -> BTreeMap<String, Vec<Announced>> {
    let mut table: BTreeMap<String, Vec<Announced>> = BTreeMap::new();
    let mut add = |literal: String, announced: Announced| {
        table.entry(literal).or_default().push(announced);
    };
    for head in TRACEBACK_HEADS {
        add(head.to_owned(), Announced::Traceback);
    }
    for (rule_at, rule) in rules.rules.iter().enumerate() {
        for (when_at, when) in rule.whens.iter().enumerate() {
            let announced = Announced::When(rule_at as u32, when_at as u32);
            for literal in key_literals(rules, when) {
                add(literal, announced);
            }
        }
    }
    for (at, mark) in rules.marks.iter().enumerate() {
        // A reporter is known by its name inside a traceback; its name alone is no candidate.
        if mark.kind != MarkKind::Reporter {
            for literal in variants(&mark.any, mark.ignore_case) {
                add(literal, Announced::Mark(at as u32));
            }
        }
    }
    table
}

/// A literal of fewer bytes is a word of many lines, or a part of one.
const SHORT: usize = 7;

/// Literals one of which stands in every text on which the `when` holds.
fn key_literals(rules: &RuleSet, when: &When) -> Vec<String> {
    let shortest = |list: &[String]| list.iter().map(String::len).min();
    if !when.any.is_empty() {
        let classes = classes_of(rules, when);
        // A short word that an exception's text must hold says less than its class.
        let is_short = shortest(&when.any).is_some_and(|len| len < SHORT);
        return match is_short && shortest(&classes) > shortest(&when.any) {
            true => classes,
            false => variants(&when.any, when.ignore_case),
        };
    }
    if let Some(longest) = when.all.iter().max_by_key(|literal| literal.len()) {
        return variants(std::slice::from_ref(longest), when.ignore_case);
    }
    classes_of(rules, when)
}

/// The texts that announce the exceptions a `when` asks for; none where it asks for none.
fn classes_of(rules: &RuleSet, when: &When) -> Vec<String> {
    let classes = when.exception.iter().flat_map(|wanted| rules.classes.literals(wanted));
    classes.flat_map(class_literals).collect()
}

/// How a class stands in a text. `timeout` and the like are words of healthy lines: they count as the
/// class only where a message or arguments follow, or where their module stands before them.
fn class_literals(class: String) -> Vec<String> {
    if class.starts_with(|c: char| c.is_ascii_lowercase()) || class.len() < 5 {
        ["{}: ", "{}(", ".{}"].iter().map(|form| form.replace("{}", &class)).collect()
    } else {
        vec![class]
    }
}

/// The spellings of literals that are looked for: as written, or in the cases that logs use.
fn variants(literals: &[String], ignore_case: bool) -> Vec<String> {
    if !ignore_case {
        return literals.to_vec();
    }
    let mut found = Vec::new();
    for literal in literals {
        let lower = literal.to_ascii_lowercase();
        let mut capital = lower.clone();
        if let Some(first) = capital.get_mut(0..1) {
            first.make_ascii_uppercase();
        }
        let mut title = String::with_capacity(lower.len());
        let mut before = ' ';
        for c in lower.chars() {
            title.push(if before.is_alphanumeric() { c } else { c.to_ascii_uppercase() });
            before = c;
        }
        found.extend([literal.clone(), literal.to_ascii_uppercase(), lower, capital, title]);
    }
    found.sort();
    found.dedup();
    found
}

/// What may stand between a context and its code, by how the context ends.
fn between(literal: &str) -> &'static [&'static str] {
    match literal.as_bytes().last() {
        Some(b'"') => &[":", ": ", " : ", ":\"", ": \"", " : \""],
        Some(b'\'') => &[":", ": ", ":'", ": '", ":\"", ": \""],
        Some(b'\\') => &["\":", "\": ", "\":\\\"", "\": \\\""],
        Some(b'=' | b':' | b' ' | b'(') => &["", " ", "\"", "'", " \"", " '"],
        _ => &[
            "=",
            "=\"",
            "='",
            ":",
            ": ",
            ":'",
            ": '",
            ":\"",
            ": \"",
            "\":",
            "\": ",
            "\":\"",
            "\": \"",
            "':",
            "': ",
            "':'",
            "': '",
            "\\\":",
            "\\\": ",
            "\\\":\\\"",
            "\\\": \\\"",
            " ",
            " = ",
        ],
    }
}
