//! Literals → candidates: a filter over whole chunks that passes over healthy text (see
//! [`super::gates`]), then the literal itself where it stops.

use std::borrow::Cow;

use super::literals::{Announced, Literals};
use crate::rules::RuleSet;

/// The literals of the built-in rules and their filter, made by `build.rs`.
const BUILTIN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/literals.bin"));

/// Finds lines that may concern a rule. May be wrong about a line, never misses one.
#[derive(Debug)]
pub struct Prefilter {
    literals: Literals,
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
    /// The search for what these rules look for.
    pub(super) fn new(rules: &RuleSet) -> Prefilter {
        let builtin = || postcard::from_bytes(BUILTIN).ok();
        let literals = if rules.is_builtin { builtin() } else { None };
        Prefilter::over(literals.unwrap_or_else(|| Literals::of(rules)))
    }

    fn over(literals: Literals) -> Prefilter {
        Prefilter { literals }
    }

    /// Candidates of `bytes[from..to]`, in order. `from` and `to` are line starts (or the end). `accept`
    /// has the last word on a line that holds a literal, by its start, its end and what that announces.
    pub(super) fn candidates(
        &self,
        bytes: &[u8],
        from: usize,
        to: usize,
        accept: &dyn Fn(usize, usize, &[Announced]) -> bool,
        found: &mut Vec<Candidate>,
    ) {
        let mut last_end = from;
        self.search(&bytes[..to], from, &mut |literal, at| {
            let (start, end) = line_round(bytes, at, from, to);
            // A line is offered until it is taken; one of several literals may be enough.
            let taken =
                start >= last_end && accept(start, end, &self.literals.announces[literal as usize]);
            if taken {
                found.push(Candidate { at: start, end });
                last_end = end;
            }
            taken.then_some(end)
        });
    }

    /// What the literals in `text` announce, ascending, each once.
    pub(super) fn announced(&self, text: &[u8]) -> Vec<Announced> {
        let mut found = Vec::new();
        self.search(text, 0, &mut |literal, _| {
            found.extend_from_slice(&self.literals.announces[literal as usize]);
            None
        });
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Tells `seen` of the literals in `text` from `from` on, by id and start; where it gives a place,
    /// the search goes on there. A literal may be told of twice.
    fn search(&self, text: &[u8], from: usize, seen: &mut dyn FnMut(u32, usize) -> Option<usize>) {
        self.literals.gates.search(text, from, &mut |literal, start| {
            let stands = start >= from && self.literals.stands(literal, &text[start..]);
            stands.then(|| seen(literal, start)).flatten().unwrap_or(0)
        });
    }

    /// How many literals are looked for, and how many grams stand for them in the filter.
    pub fn sizes(&self) -> (usize, usize) {
        (self.literals.list.len(), self.literals.gates.grams())
    }

    /// The texts that are looked for.
    pub fn texts(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.literals.list.iter().map(|literal| Cow::Borrowed(literal.text.as_str()))
    }
}

/// The line that holds byte `at`, looked for between `from` and `to`.
fn line_round(bytes: &[u8], at: usize, from: usize, to: usize) -> (usize, usize) {
    let from = from.min(at);
    let start = memchr::memrchr(b'\n', &bytes[from..at]).map_or(from, |n| from + n + 1);
    let end = memchr::memchr(b'\n', &bytes[at..to]).map_or(to, |n| at + n + 1);
    (start, end)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn literals_in(prefilter: &Prefilter, text: &str, from: usize) -> BTreeSet<(u32, usize)> {
        let mut found = BTreeSet::new();
        prefilter.search(text.as_bytes(), from, &mut |literal, at| {
            found.insert((literal, at));
            None
        });
        found
    }

    proptest! {
        #[test]
        fn the_filter_finds_what_a_plain_search_finds(
            literals in prop::collection::btree_set("[a-d ]{5,9}", 1..24),
            pieces in prop::collection::vec("[a-d \n]{0,12}", 0..6),
            chosen in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let literals: Vec<String> = literals.into_iter().collect();
            let mut text = String::new();
            for (piece, which) in pieces.iter().zip(chosen.iter()) {
                text.push_str(piece);
                text.push_str(&literals[which.index(literals.len())]);
            }
            let prefilter = Prefilter::over(Literals::plain(&literals));
            for from in [0, text.len() / 3] {
                let plainly: BTreeSet<(u32, usize)> = literals
                    .iter()
                    .enumerate()
                    .flat_map(|(id, literal)| {
                        let stands = |&at: &usize| text[at..].starts_with(literal.as_str());
                        (from..text.len()).filter(stands).map(move |at| (id as u32, at))
                    })
                    .collect();
                prop_assert_eq!(literals_in(&prefilter, &text, from), plainly);
            }
        }
    }

    #[test]
    fn the_table_in_the_binary_is_that_of_the_rules() {
        let rules = crate::rules::load(&crate::rules::RuleOptions::default()).unwrap();
        assert!(rules.is_builtin);
        let (made, derived) = (Prefilter::new(&rules), Literals::of(&rules));
        let texts: Vec<_> = derived.list.iter().map(|literal| literal.text.as_str()).collect();
        assert_eq!(made.texts().collect::<Vec<_>>(), texts);
        assert_eq!(made.literals.announces, derived.announces);
        assert_eq!(made.sizes().1, derived.gates.grams());
    }
}
