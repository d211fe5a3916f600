//! Literals → candidates, in two steps: a filter over whole chunks that passes over healthy text (see
//! [`super::gates`]), then the automaton of every rule's literals on the lines where it stops.

use std::sync::{Arc, OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};

use super::gates::{self, Gates, Gram};

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
    /// Beginnings, one of which stands behind the separator; sorted.
    pub beginnings: Vec<String>,
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

/// Finds lines that may concern a rule. May be wrong about a line, never misses one.
#[derive(Debug)]
pub struct Prefilter {
    automaton: AhoCorasick,
    literals: Vec<Literal>,
    /// `None` where there are too many literals for it.
    gates: OnceLock<Option<Gates>>,
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
        let mut at = from;
        let is_small = to - from < WORTH_IT && self.gates.get().is_none();
        let Some(gates) = (if is_small { None } else { self.gates() }) else {
            while at < to {
                let Some(hit) = self.automaton.find(&bytes[at..to]) else { break };
                let (start, end) = line_round(bytes, at + hit.start(), at, to);
                self.offer(bytes, start, end, accept, found);
                at = end;
            }
            return;
        };
        let text = &bytes[..to];
        while let Some(hit) = gates.find(text, at) {
            let stands = |gram: &Gram| {
                let start = usize::try_from(hit as i64 - i64::from(gram.offset)).ok()?;
                let literal = &self.literals[gram.literal as usize];
                let behind = text.get(start..)?.strip_prefix(literal.text.as_slice())?;
                let counts = literal.then.as_ref().is_none_or(|then| then.follows(behind));
                counts.then_some(start)
            };
            let accepted = gates.at(text, hit).iter().find_map(|gram| {
                let (start, end) = line_round(bytes, stands(gram)?, from, to);
                accept(start, end, &[gram.literal]).then_some((start, end))
            });
            match accepted {
                Some((start, end)) => {
                    found.push(Candidate { at: start, end });
                    at = end;
                }
                None => at = hit + gates::STRIDE,
            }
        }
        // A short literal at the very end of a log without a last newline has no whole gram behind it.
        let last = memchr::memrchr(b'\n', &bytes[from..to]).map_or(from, |n| from + n + 1);
        if last < to && found.last().is_none_or(|line| line.at < last) {
            self.offer(bytes, last, to, accept, found);
        }
    }

    fn offer(
        &self,
        bytes: &[u8],
        start: usize,
        end: usize,
        accept: &dyn Fn(usize, usize, &[u32]) -> bool,
        found: &mut Vec<Candidate>,
    ) {
        let line = &bytes[start..end];
        let accepted = self.automaton.find_overlapping_iter(line).any(|hit| {
            let then = &self.literals[hit.pattern().as_usize()].then;
            then.as_ref().is_none_or(|then| then.follows(&line[hit.end()..]))
                && accept(start, end, &[hit.pattern().as_u32()])
        });
        if accepted {
            found.push(Candidate { at: start, end });
        }
    }

    fn gates(&self) -> Option<&Gates> {
        self.gates
            .get_or_init(|| {
                let mut gates = gates::Builder::default();
                let mut text = Vec::new();
                for (id, literal) in self.literals.iter().enumerate() {
                    let Some(then) = &literal.then else {
                        gates.add(id, &literal.text);
                        continue;
                    };
                    for between in then.between {
                        for beginning in &then.beginnings {
                            text.clear();
                            text.extend_from_slice(&literal.text);
                            text.extend_from_slice(between.as_bytes());
                            text.extend_from_slice(beginning.as_bytes());
                            gates.add(id, &text);
                        }
                    }
                }
                gates.build()
            })
            .as_ref()
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
        (self.automaton.patterns_len(), self.gates().map_or(0, |gates| gates.grams.len()))
    }
}

/// The line that holds byte `at`, looked for between `from` and `to`.
fn line_round(bytes: &[u8], at: usize, from: usize, to: usize) -> (usize, usize) {
    let from = from.min(at);
    let start = memchr::memrchr(b'\n', &bytes[from..at]).map_or(from, |n| from + n + 1);
    let end = memchr::memchr(b'\n', &bytes[at..to]).map_or(to, |n| at + n + 1);
    (start, end)
}
