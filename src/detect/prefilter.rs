//! Literals → candidates, in two steps: a packed search for a few dozen short *gates* over whole
//! chunks, then the full automaton of every rule's literals on the lines where a gate was found.
//!
//! Every literal holds at least one gate, so a gate search misses nothing; gates are chosen so that
//! healthy lines hold few of them, so it costs next to nothing.

use aho_corasick::packed;
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use std::sync::OnceLock;

use super::gates::{self, GATES_MOST};

/// Finds lines that may concern a rule. May be wrong about a line, never misses one.
#[derive(Debug)]
pub struct Prefilter {
    literals: Vec<Vec<u8>>,
    automaton: AhoCorasick,
    gates: OnceLock<Gates>,
}

/// The first step, with what it was built from.
#[derive(Debug)]
struct Gates {
    chosen: Vec<Vec<u8>>,
    searcher: Searcher,
}

#[derive(Debug)]
enum Searcher {
    /// Teddy: several gates a byte, with vector instructions.
    Packed(packed::Searcher),
    /// More gates than the packed search takes: the next best.
    Automaton(AhoCorasick),
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
    /// Builds the search for these literals (case as written). Order gives their ids.
    pub fn new(literals: Vec<Vec<u8>>) -> Prefilter {
        let automaton = AhoCorasickBuilder::new()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::Standard)
            .build(&literals)
            .or_else(|_| AhoCorasick::new(Vec::<&[u8]>::new()))
            .unwrap_or_else(|_| unreachable!("an automaton of nothing always builds"));
        Prefilter { literals, automaton, gates: OnceLock::new() }
    }

    /// Candidates of `bytes[from..to]`, in order. `from` and `to` are line starts (or the end).
    pub fn candidates(&self, bytes: &[u8], from: usize, to: usize, found: &mut Vec<Candidate>) {
        // Choosing gates costs more than searching a small log without them.
        if to - from < gates::WORTH_IT && self.gates.get().is_none() {
            self.search_lines(bytes, from, to, found);
            return;
        }
        let gates = self.gates.get_or_init(|| Gates::choose(&self.literals));
        let mut at = from;
        while let Some(hit) = gates.find(bytes, at, to) {
            let start = memchr::memrchr(b'\n', &bytes[from..hit]).map_or(from, |n| from + n + 1);
            let end = memchr::memchr(b'\n', &bytes[hit..to]).map_or(to, |n| hit + n + 1);
            if self.automaton.is_match(&bytes[start..end]) {
                found.push(Candidate { at: start, end });
            }
            at = end;
        }
    }

    /// The same without gates: every hit of the automaton, a line once.
    fn search_lines(&self, bytes: &[u8], from: usize, to: usize, found: &mut Vec<Candidate>) {
        let mut at = from;
        while let Some(hit) = self.automaton.find(&bytes[at..to]) {
            let hit = at + hit.start();
            let start = memchr::memrchr(b'\n', &bytes[from..hit]).map_or(from, |n| from + n + 1);
            let end = memchr::memchr(b'\n', &bytes[hit..to]).map_or(to, |n| hit + n + 1);
            found.push(Candidate { at: start, end });
            at = end;
        }
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

    /// How many literals are looked for.
    pub fn count(&self) -> usize {
        self.literals.len()
    }

    /// The gates chosen, for `rules list -v`.
    pub fn gates(&self) -> impl Iterator<Item = &[u8]> {
        let gates = self.gates.get_or_init(|| Gates::choose(&self.literals));
        gates.chosen.iter().map(Vec::as_slice)
    }

    /// The search behind the gates, for `rules list -v`.
    pub fn engine(&self) -> &'static str {
        match self.gates.get_or_init(|| Gates::choose(&self.literals)).searcher {
            Searcher::Packed(_) => "packed (Teddy)",
            Searcher::Automaton(_) => "automaton",
        }
    }
}

impl Gates {
    fn choose(literals: &[Vec<u8>]) -> Gates {
        let chosen = gates::choose(literals);
        let packed = (chosen.len() <= GATES_MOST)
            .then(|| packed::Config::new().builder().extend(&chosen).build())
            .flatten();
        let searcher = match packed {
            Some(searcher) => Searcher::Packed(searcher),
            None => Searcher::Automaton(
                AhoCorasickBuilder::new()
                    .kind(Some(AhoCorasickKind::DFA))
                    .build(&chosen)
                    .or_else(|_| AhoCorasick::new(&chosen))
                    .unwrap_or_else(|_| unreachable!("short gates always build")),
            ),
        };
        Gates { chosen, searcher }
    }

    fn find(&self, bytes: &[u8], from: usize, to: usize) -> Option<usize> {
        match &self.searcher {
            Searcher::Packed(searcher) => searcher
                .find_in(bytes, aho_corasick::Span { start: from, end: to })
                .map(|found| found.start()),
            Searcher::Automaton(automaton) => automaton
                .find(aho_corasick::Input::new(bytes).span(from..to))
                .map(|found| found.start()),
        }
    }
}
