//! Regexes of rules: compiled when first needed, and tried only on texts that may match.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::needed::{Needed, Searcher};

/// Largest compiled size of one regex, in bytes: a rule cannot make start-up or memory explode.
const REGEX_BYTES: usize = 4 << 20;

/// A regex compiled when first needed; most never are.
#[derive(Debug)]
pub struct LazyRegex {
    text: String,
    compiled: OnceLock<Option<Compiled>>,
    needed: OnceLock<Needed>,
    /// How many texts it was asked about, up to [`OFTEN`].
    asked: AtomicU32,
    searcher: OnceLock<Option<Searcher>>,
    anchors: OnceLock<Anchors>,
}

/// The ends of a text that a regex asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchors {
    /// A `^` or `\A` stands in it.
    pub start: bool,
    /// A `$` or `\z` does.
    pub end: bool,
}

/// A compiled regex, and a copy for each thread.
///
/// What a search needs as working memory lies in a pool, which one thread at a time gets at quickly: the
/// others wait for each other, for longer than many a search takes.
#[derive(Debug)]
struct Compiled {
    first: Regex,
    copies: [OnceLock<Regex>; COPIES],
}

/// So many texts a regex is asked about before a searcher is made for what it needs: of a short log, most rules are
/// asked about less.
const OFTEN: u32 = 200;

/// Copies of a regex; of more threads than that some share one.
const COPIES: usize = 8;

thread_local! {
    /// Which copy is this thread's.
    static COPY: usize = {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        THREADS.fetch_add(1, Ordering::Relaxed) % COPIES
    };
}

impl Compiled {
    fn new(first: Regex) -> Compiled {
        Compiled { first, copies: Default::default() }
    }

    fn get(&self) -> &Regex {
        self.copies[COPY.with(|&copy| copy)].get_or_init(|| self.first.clone())
    }
}

impl LazyRegex {
    /// Wraps a regex as written; whether it is one is seen when it is compiled.
    pub fn new(text: String) -> LazyRegex {
        LazyRegex {
            text,
            compiled: OnceLock::new(),
            needed: OnceLock::new(),
            asked: AtomicU32::new(0),
            searcher: OnceLock::new(),
            anchors: OnceLock::new(),
        }
    }

    /// The regex as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The compiled regex; `None` where it is wrong or too large, which no checked rule is.
    pub fn get(&self) -> Option<&Regex> {
        let compiled = self.compiled.get_or_init(|| compile(&self.text).ok().map(Compiled::new));
        compiled.as_ref().map(Compiled::get)
    }

    /// Which ends of a text it asks for: where it asks for one, it may match a part of a line and not the line.
    pub fn anchors(&self) -> Anchors {
        *self.anchors.get_or_init(|| Anchors::of(&self.text))
    }

    /// The compiled regex, where it may match `text`: it is compiled only once a text holds what stands in
    /// all its matches, and most texts are passed over without it.
    pub fn on(&self, text: &str) -> Option<&Regex> {
        let may_match = match self.searcher() {
            Some(searcher) => searcher.stands_in(text),
            None => self.needed().stands_in(text),
        };
        if may_match { self.get() } else { None }
    }

    /// What is needed, in a form that is worth its making where it is asked for often.
    fn searcher(&self) -> Option<&Searcher> {
        if self.asked.load(Ordering::Relaxed) < OFTEN {
            self.asked.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        self.searcher.get_or_init(|| self.needed().searcher()).as_ref()
    }

    fn needed(&self) -> &Needed {
        self.needed.get_or_init(|| Needed::by(&ascii(&self.text)))
    }
}

/// The regex with classes and word boundaries of ASCII: what Unicode adds to them makes automata a
/// hundred times as large, and logs of bots are told by ASCII words.
fn ascii(regex: &str) -> String {
    let mut found = String::with_capacity(regex.len() * 2);
    let mut in_class = false;
    let mut chars = regex.chars();
    while let Some(c) = chars.next() {
        if c == '\\' {
            match (chars.next(), in_class) {
                (Some('d'), true) => found.push_str("0-9"),
                (Some('d'), false) => found.push_str("[0-9]"),
                (Some('w'), true) => found.push_str("0-9A-Za-z_"),
                (Some('w'), false) => found.push_str("[0-9A-Za-z_]"),
                (Some('s'), true) => found.push_str(r"\t-\r\x20"),
                (Some('s'), false) => found.push_str(r"[\t-\r\x20]"),
                (Some('S'), false) => found.push_str(r"[^\t-\r\x20]"),
                (Some('b'), false) => found.push_str(r"(?-u:\b)"),
                (Some(other), _) => found.extend(['\\', other]),
                (None, _) => found.push('\\'),
            }
            continue;
        }
        match c {
            '[' => in_class = true,
            ']' => in_class = false,
            _ => {}
        }
        found.push(c);
    }
    found
}

impl Anchors {
    /// Those that stand in a regex, the `^` of a class left out.
    fn of(regex: &str) -> Anchors {
        let bytes = regex.as_bytes();
        let (mut anchors, mut escaped) = (Anchors { start: false, end: false }, false);
        for (at, &byte) in bytes.iter().enumerate() {
            let is_escaped = std::mem::take(&mut escaped);
            escaped = byte == b'\\' && !is_escaped;
            let opens_class = at.checked_sub(1).is_some_and(|before| bytes[before] == b'[');
            anchors.start |= match byte {
                b'^' => !is_escaped && !opens_class,
                b'A' => is_escaped,
                _ => false,
            };
            anchors.end |= match byte {
                b'$' => !is_escaped,
                b'z' => is_escaped,
                _ => false,
            };
        }
        anchors
    }
}

// A digest has what each regex needs, so that no start has to find it out.
impl Serialize for LazyRegex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            self.text.serialize(serializer)
        } else {
            (&self.text, self.needed()).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for LazyRegex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<LazyRegex, D::Error> {
        if deserializer.is_human_readable() {
            return String::deserialize(deserializer).map(LazyRegex::new);
        }
        let (text, needed) = <(String, Needed)>::deserialize(deserializer)?;
        Ok(LazyRegex { needed: OnceLock::from(needed), ..LazyRegex::new(text) })
    }
}

/// Compiles a rule's regex with the size limit that holds for all of them. An error speaks of the text as it
/// was written.
pub(super) fn compile(text: &str) -> Result<Regex, regex::Error> {
    let compile = |text: &str| RegexBuilder::new(text).size_limit(REGEX_BYTES).build();
    compile(&ascii(text)).or_else(|_| compile(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_told_from_what_only_looks_like_them() {
        for (regex, start, end) in [
            (r"^a", true, false),
            (r"[^\s]+$", false, true),
            (r"\Aa\z", true, true),
            (r"\^a\$", false, false),
            (r"\\^", true, false),
        ] {
            assert_eq!(Anchors::of(regex), Anchors { start, end }, "{regex}");
        }
    }

    #[test]
    fn ascii_classes_match_ascii() {
        for regex in [r"\b\w+[\w.-]*\s\S+[^\s\d]\d{3}", r"(?i)\[x\] \\d"] {
            assert!(Regex::new(&ascii(regex)).is_ok(), "{regex}");
        }
        assert!(Regex::new(&ascii(r"\bid=\d+")).expect("a regex").is_match("id=42"));
    }
}
