//! What a text must hold for a regex to match it: told by the regex alone, and looked for before that is tried, or even
//! compiled.

use std::collections::BTreeSet;

use aho_corasick::packed;
use regex_syntax::hir::{Class, Hir, HirKind, Repetition};
use serde::{Deserialize, Serialize};

/// Most texts of which one must stand in a match.
const TEXTS: usize = 12;

/// Texts shorter than this stand in most lines.
const LEAST: usize = 3;

/// Longest text that is looked for.
const MOST: usize = 64;

/// Texts of which one stands in every match of a regex.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Needed {
    /// Each behind its length and the index of its rarest byte; empty where nothing is known. In one piece, for the
    /// digest has thousands of them.
    texts: Vec<u8>,
    /// ASCII letters count in either case; then all are in lower case.
    ignore_case: bool,
}

/// The same, for many texts: all that is needed is looked for at once, by vectors.
#[derive(Debug)]
pub(super) struct Searcher {
    texts: packed::Searcher,
    ignore_case: bool,
}

/// A text that stands as it is in a match.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Text {
    /// In lower case where `is_folded`.
    bytes: Vec<u8>,
    /// One of its letters counts in either case.
    is_folded: bool,
}

impl Needed {
    /// By a regex; a wrong one needs nothing.
    pub(super) fn by(regex: &str) -> Needed {
        let hir = regex_syntax::Parser::new().parse(regex);
        let Some(texts) = hir.ok().and_then(|hir| needed(&hir)) else { return Needed::default() };
        let ignore_case = texts.iter().any(|text| text.is_folded);
        let mut packed = Vec::new();
        for text in texts {
            let mut bytes = text.bytes;
            if ignore_case {
                bytes.make_ascii_lowercase();
            }
            bytes.truncate(MOST);
            let rarest = (0..bytes.len()).min_by_key(|&at| frequency(bytes[at])).unwrap_or(0);
            packed.extend([bytes.len() as u8, rarest as u8]);
            packed.extend(bytes);
        }
        Needed { texts: packed, ignore_case }
    }

    /// Whether the regex may match this text.
    pub(super) fn stands_in(&self, text: &str) -> bool {
        let mut texts = self.texts().peekable();
        texts.peek().is_none()
            || texts.any(|(needed, rarest)| self.holds(text.as_bytes(), needed, rarest))
    }

    /// What asks the same faster and takes some time to make. `None` where it is as fast to look for each text alone, or
    /// the processor has no vectors for it.
    pub(super) fn searcher(&self) -> Option<Searcher> {
        if self.texts().count() < 2 {
            return None;
        }
        let texts = packed::Builder::new().extend(self.texts().map(|(text, _)| text)).build()?;
        Some(Searcher { texts, ignore_case: self.ignore_case })
    }

    /// Each text, with the index of its rarest byte.
    fn texts(&self) -> impl Iterator<Item = (&[u8], usize)> {
        let mut rest = self.texts.as_slice();
        std::iter::from_fn(move || {
            let [len, rarest, behind @ ..] = rest else { return None };
            let (text, next) = behind.split_at_checked(usize::from(*len))?;
            rest = next;
            Some((text, usize::from(*rarest)))
        })
    }

    fn holds(&self, text: &[u8], needed: &[u8], rarest: usize) -> bool {
        let is_at = |at: usize| {
            let found =
                at.checked_sub(rarest).and_then(|start| text.get(start..start + needed.len()));
            found.is_some_and(|found| match self.ignore_case {
                true => found.eq_ignore_ascii_case(needed),
                false => found == needed,
            })
        };
        let byte = needed[rarest];
        match self.ignore_case && byte.is_ascii_lowercase() {
            true => memchr::memchr2_iter(byte, byte.to_ascii_uppercase(), text).any(is_at),
            false => memchr::memchr_iter(byte, text).any(is_at),
        }
    }
}

impl Searcher {
    /// See [`Needed::stands_in`].
    pub(super) fn stands_in(&self, text: &str) -> bool {
        if self.ignore_case {
            self.texts.find(text.to_ascii_lowercase()).is_some()
        } else {
            self.texts.find(text).is_some()
        }
    }
}

/// How often a byte stands in logs, roughly: the search for a text begins at its rarest.
fn frequency(byte: u8) -> usize {
    const RAREST_FIRST: &[u8] = b"~`^|\\$%!?*;&@zqj#{}[]<>()xkvwybgfphumclsdnrotiae=+'\"_,/-:.";
    match byte {
        b' ' | b'0'..=b'9' => RAREST_FIRST.len(),
        _ => RAREST_FIRST.iter().position(|known| *known == byte).unwrap_or(0),
    }
}

/// The texts of which one stands in every match, as far as there are some that tell much.
fn needed(hir: &Hir) -> Option<BTreeSet<Text>> {
    let parts = match hir.kind() {
        HirKind::Concat(parts) => parts.as_slice(),
        _ => std::slice::from_ref(hir),
    };
    let mut best: Option<BTreeSet<Text>> = None;
    let mut offer = |texts: Option<BTreeSet<Text>>| {
        let worth = |texts: &BTreeSet<Text>| {
            let shortest = texts.iter().map(|text| text.bytes.len()).min().unwrap_or(0);
            (shortest, TEXTS.checked_sub(texts.len()))
        };
        let texts = texts.filter(|texts| worth(texts).0 >= LEAST && worth(texts).1.is_some());
        if let Some(texts) = texts
            && best.as_ref().is_none_or(|best| worth(&texts) > worth(best))
        {
            best = Some(texts);
        }
    };
    let mut run = Text::default();
    for part in parts {
        if let HirKind::Look(_) = part.kind() {
            continue;
        }
        if let Some(text) = as_written(part) {
            run.add(&text);
            continue;
        }
        offer(Some(BTreeSet::from([std::mem::take(&mut run)])));
        offer(needed_in(part));
    }
    offer(Some(BTreeSet::from([run])));
    best
}

/// The same for a part that is no text as written.
fn needed_in(part: &Hir) -> Option<BTreeSet<Text>> {
    match part.kind() {
        HirKind::Capture(capture) => needed(&capture.sub),
        HirKind::Repetition(Repetition { min: 1.., sub, .. }) => needed(sub),
        HirKind::Alternation(ways) => {
            let mut all = BTreeSet::new();
            for way in ways {
                all.extend(needed(way)?);
            }
            Some(all)
        }
        HirKind::Concat(_) => needed(part),
        _ => None,
    }
}

/// The text of a part that has one alone.
fn as_written(part: &Hir) -> Option<Text> {
    match part.kind() {
        HirKind::Literal(literal) => Some(Text { bytes: literal.0.to_vec(), is_folded: false }),
        HirKind::Class(class) => {
            folded(class).map(|letter| Text { bytes: vec![letter], is_folded: true })
        }
        HirKind::Capture(capture) => as_written(&capture.sub),
        HirKind::Concat(parts) => {
            let mut text = Text::default();
            for part in parts {
                text.add(&as_written(part)?);
            }
            Some(text)
        }
        _ => None,
    }
}

impl Text {
    fn add(&mut self, other: &Text) {
        self.bytes.extend_from_slice(&other.bytes);
        self.is_folded |= other.is_folded;
    }
}

/// The letter, in lower case, that a class has in either case and nothing else. (What Unicode takes for the same
/// letter, the long s and the sign of a kelvin, stands in no log.)
fn folded(class: &Class) -> Option<u8> {
    let Class::Unicode(class) = class else { return None };
    let mut letters = class.iter().flat_map(|range| [range.start(), range.end()]);
    let letter = letters.next()?.to_ascii_lowercase();
    let is_same = |other: char| {
        other.to_ascii_lowercase() == letter
            || matches!((letter, other), ('s', 'ſ') | ('k', '\u{212a}'))
    };
    (letter.is_ascii_lowercase()
        && class.iter().all(|range| range.len() == 1)
        && letters.all(is_same))
    .then_some(letter as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(regex: &str) -> Vec<String> {
        let needed = Needed::by(regex);
        needed.texts().map(|(text, _)| String::from_utf8_lossy(text).into_owned()).collect()
    }

    #[test]
    fn what_a_regex_needs_stands_in_all_its_matches() {
        for (regex, expected) in [
            (r"ConnectionPool\(host='(?P<host>\w[\w.:-]*)'", &["ConnectionPool(host='"][..]),
            (r"(?-u:\b)Errno -?(?P<errno>[0-9]+)", &["Errno "]),
            (r"for url:? '?(?:https?|wss?)://x", &["for url"]),
            (r"one|another", &["another", "one"]),
            (r"on|another", &[]),
            (r"(?i)retry after", &["retry after"]),
            (r"(?i)(?:sleeping|waiting)[^\n]{0,60}rate[- ]?limit", &["sleeping", "waiting"]),
            (r"[\]abc]+x{2,30}yzz", &["yzz"]),
            (r"(?:too many )+(?P<status>[0-9]{3})", &["too many "]),
            (r"(?:too many )*429", &["429"]),
            (r"[0-9]+", &[]),
            (r"a(b", &[]),
        ] {
            assert_eq!(texts(regex), expected, "{regex}");
        }
    }

    #[test]
    fn a_searcher_finds_what_a_plain_look_finds() {
        for regex in
            [r"(?i)(?:sleeping|waiting|backing off)", r"sleeping|waiting", r"(?i)one|another"]
        {
            let needed = Needed::by(regex);
            let searcher = needed.searcher();
            for text in
                ["", "Sleeping", "is sleeping", "x WAITING y", "backing  off", "an other on"]
            {
                for behind in [0, 70] {
                    let text = format!("{text}{}", " ".repeat(behind));
                    let found = searcher.as_ref().map(|searcher| searcher.stands_in(&text));
                    assert!(found.is_none_or(|found| found == needed.stands_in(&text)), "{text}");
                }
            }
        }
        assert!(Needed::by("alone").searcher().is_none());
    }

    #[test]
    fn what_is_needed_in_any_case_is_looked_for_in_any_case() {
        let needed = Needed::by(r"(?i)\bbanned until (?P<banned_until>[0-9]{13})\b");
        assert!(needed.stands_in("IP Banned Until 1791561950390"));
        assert!(!needed.stands_in("b, banned for a while"));
        assert!(!Needed::by(r"banned until").stands_in("Banned until"));
        assert!(Needed::by(r"(?i)risk limits").stands_in("RISK LIMITS"));
        assert!(Needed::default().stands_in(""));
    }
}
