//! Literals → candidates, in two steps: a filter over whole chunks that passes over healthy text (see
//! [`super::gates`]), then the automaton of every rule's literals on the lines where it stops.

use std::sync::{Arc, OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};

use super::gates::{self, Gates};

/// From this many bytes on the filter pays for being built.
const WORTH_IT: usize = 1 << 18;

/// A text to look for.
#[derive(Debug, Clone)]
pub struct Literal {
    /// The text, case as written.
    pub text: Vec<u8>,
    /// It counts only where one of these follows.
    pub then: Option<Arc<Then>>,
}

/// What must follow a literal: a separator and the beginning of a value.
#[derive(Debug, PartialEq, Eq)]
pub struct Then {
    /// Separators, one of which stands right behind the literal.
    pub between: &'static [&'static str],
    /// Beginnings, one of which stands behind the separator.
    pub beginnings: Vec<String>,
}

impl Then {
    fn follows(&self, text: &[u8]) -> bool {
        self.between.iter().any(|between| {
            text.strip_prefix(between.as_bytes()).is_some_and(|rest| {
                self.beginnings.iter().any(|beginning| rest.starts_with(beginning.as_bytes()))
            })
        })
    }
}

/// Finds lines that may concern a rule. May be wrong about a line, never misses one.
#[derive(Debug)]
pub struct Prefilter {
    automaton: AhoCorasick,
    literals: Vec<Literal>,
    gates: OnceLock<Gates>,
}

/// A line that may concern a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Start of the line in the bytes searched.
    pub at: usize,
    /// End of the line, behind its newline.
    pub end: usize,
}

impl Prefilter {
    /// Builds the search for these literals; their order gives their ids.
    pub fn new(literals: Vec<Literal>) -> Prefilter {
        let automaton = AhoCorasickBuilder::new()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::Standard)
            .build(literals.iter().map(|literal| &literal.text))
            .or_else(|_| AhoCorasick::new(Vec::<&[u8]>::new()))
            .unwrap_or_else(|_| unreachable!("an automaton of nothing always builds"));
        Prefilter { automaton, literals, gates: OnceLock::new() }
    }

    /// Candidates of `bytes[from..to]`, in order. `from` and `to` are line starts (or the end). `accept`
    /// has the last word on a line that holds literals, by its start, its end and their ids.
    pub fn candidates(
        &self,
        bytes: &[u8],
        from: usize,
        to: usize,
        accept: &dyn Fn(usize, usize, &[u32]) -> bool,
        found: &mut Vec<Candidate>,
    ) {
        let is_small = to - from < WORTH_IT && self.gates.get().is_none();
        let gates = if is_small { None } else { Some(self.gates()) };
        let text = &bytes[..to];
        let mut hits = Vec::new();
        let mut at = from;
        while at < to {
            let hit = match gates {
                Some(gates) => gates.find(text, at),
                None => self.automaton.find(&bytes[at..to]).map(|found| at + found.start()),
            };
            let Some(hit) = hit else { break };
            let start = memchr::memrchr(b'\n', &bytes[at..hit]).map_or(at, |n| at + n + 1);
            let end = memchr::memchr(b'\n', &bytes[hit..to]).map_or(to, |n| hit + n + 1);
            self.offer(bytes, start, end, accept, &mut hits, found);
            at = end;
        }
        // A short literal at the very end of a log without a last newline has no whole gram behind it.
        let last = memchr::memrchr(b'\n', &bytes[from..to]).map_or(from, |n| from + n + 1);
        if last < to && gates.is_some() && found.last().is_none_or(|line| line.at < last) {
            self.offer(bytes, last, to, accept, &mut hits, found);
        }
    }

    fn offer(
        &self,
        bytes: &[u8],
        start: usize,
        end: usize,
        accept: &dyn Fn(usize, usize, &[u32]) -> bool,
        hits: &mut Vec<u32>,
        found: &mut Vec<Candidate>,
    ) {
        let line = &bytes[start..end];
        hits.clear();
        for found in self.automaton.find_overlapping_iter(line) {
            let then = &self.literals[found.pattern().as_usize()].then;
            if then.as_ref().is_none_or(|then| then.follows(&line[found.end()..])) {
                hits.push(found.pattern().as_u32());
            }
        }
        if !hits.is_empty() && accept(start, end, hits) {
            found.push(Candidate { at: start, end });
        }
    }

    fn gates(&self) -> &Gates {
        self.gates.get_or_init(|| {
            let mut gates = gates::Builder::default();
            let mut text = Vec::new();
            for literal in &self.literals {
                let Some(then) = &literal.then else {
                    gates.add(&literal.text, 0);
                    continue;
                };
                for between in then.between {
                    for beginning in &then.beginnings {
                        text.clear();
                        text.extend_from_slice(&literal.text);
                        text.extend_from_slice(between.as_bytes());
                        text.extend_from_slice(beginning.as_bytes());
                        // What tells it from healthy text is what follows the literal.
                        gates.add(&text, literal.text.len().saturating_sub(2));
                    }
                }
            }
            gates.build()
        })
    }

    /// Ids of the literals that stand in `text`, ascending, each once.
    pub fn hits(&self, text: &[u8], hits: &mut Vec<u32>) {
        hits.clear();
        for found in self.automaton.find_overlapping_iter(text) {
            hits.push(found.pattern().as_u32());
        }
        hits.sort_unstable();
        hits.dedup();
    }

    /// The literal of that id, for people.
    pub fn literal(&self, id: u32) -> String {
        let text = self.literals.get(id as usize).map_or(&[][..], |literal| &literal.text);
        String::from_utf8_lossy(text).into_owned()
    }

    /// How many literals are looked for, and how many grams stand for them in the filter.
    pub fn sizes(&self) -> (usize, usize) {
        (self.automaton.patterns_len(), self.gates().grams)
    }
}
