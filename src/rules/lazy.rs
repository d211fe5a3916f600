//! Regexes of rules: compiled when first needed, and tried only on texts that may match.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use memchr::memmem::Finder;
use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Largest compiled size of one regex, in bytes: a rule cannot make start-up or memory explode.
const REGEX_BYTES: usize = 4 << 20;

/// A regex compiled when first needed; most never are.
#[derive(Debug)]
pub struct LazyRegex {
    text: String,
    compiled: OnceLock<Option<Compiled>>,
    needed: OnceLock<Needed>,
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
        let needed = self.needed.get_or_init(|| Needed::by(&self.text));
        if needed.stands_in(text) { self.get() } else { None }
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

/// What stands in every match of a regex.
#[derive(Debug, Clone)]
struct Needed {
    finder: Finder<'static>,
    /// ASCII letters count in either case.
    ignore_case: bool,
}

impl Needed {
    fn by(regex: &str) -> Needed {
        let (text, ignore_case) = match regex.strip_prefix("(?i)") {
            Some(rest) => (needed(rest).to_ascii_lowercase(), true),
            None => (needed(regex), false),
        };
        Needed { finder: Finder::new(text.as_bytes()).into_owned(), ignore_case }
    }

    fn stands_in(&self, text: &str) -> bool {
        let needed = self.finder.needle();
        let Some((&first, _)) = needed.split_first() else { return true };
        let bytes = text.as_bytes();
        if !self.ignore_case {
            return self.finder.find(bytes).is_some();
        }
        memchr::memchr2_iter(first, first.to_ascii_uppercase(), bytes).any(|at| {
            bytes.get(at..at + needed.len()).is_some_and(|found| found.eq_ignore_ascii_case(needed))
        })
    }
}

/// The longest text that stands in every match as written; empty where there is none to be seen easily.
fn needed(regex: &str) -> String {
    // Flags may make case or blanks count for nothing; rarer syntax is left alone.
    let plain = regex.replace("(?P<", "").replace("(?:", "");
    if plain.contains("(?") {
        return String::new();
    }
    let (mut best, mut run) = (String::new(), String::new());
    let (mut depth, mut in_class) = (0u32, false);
    let mut chars = regex.chars().peekable();
    let mut is_first_of_class = false;
    while let Some(c) = chars.next() {
        let mut literal = None;
        if in_class {
            match c {
                '\\' => drop(chars.next()),
                // A class within a class.
                '[' => return String::new(),
                ']' if !is_first_of_class => in_class = false,
                '^' if is_first_of_class => continue,
                _ => {}
            }
            is_first_of_class = false;
        } else {
            match c {
                '[' => (in_class, is_first_of_class) = (true, true),
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                // An alternative to all of it.
                '|' if depth == 0 => return String::new(),
                '?' | '*' | '{' => drop(run.pop()),
                '\\' => match chars.next() {
                    Some(c) if c.is_ascii_punctuation() => literal = Some(c),
                    Some('b') => continue,
                    // `\p{…}`, `\x{…}` and numbers of a char reach on.
                    Some('p' | 'P' | 'x' | 'u' | 'U' | '0'..='9') => return String::new(),
                    _ => {}
                },
                '.' | '^' | '$' | '+' | '|' | '}' => {}
                c => literal = Some(c),
            }
        }
        match literal {
            Some(c) if depth == 0 => run.push(c),
            _ => {
                if run.len() > best.len() {
                    best.clone_from(&run);
                }
                run.clear();
                if c == '{' && !in_class {
                    // A count: its digits are no text.
                    while chars.next().is_some_and(|c| c != '}') {}
                }
            }
        }
    }
    if run.len() > best.len() { run } else { best }
}

impl Serialize for LazyRegex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for LazyRegex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<LazyRegex, D::Error> {
        String::deserialize(deserializer).map(LazyRegex::new)
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
    fn what_a_regex_needs_stands_in_all_its_matches() {
        for (regex, text) in [
            (r"ConnectionPool\(host='(?P<host>\w[\w.:-]*)'", "ConnectionPool(host='"),
            (r"\bErrno -?(?P<errno>\d+)\b", "Errno "),
            (r"\bfor url:? '?(?:https?|wss?)://x", "for url"),
            (r"one|another", ""),
            (r"(?i)retry after", ""),
            (r"[\]abc]+x{2,30}yz", "yz"),
            (r"too many (?P<status>\d{3}) error responses", " error responses"),
            (r"abcd+e", "abcd"),
        ] {
            assert_eq!(needed(regex), text, "{regex}");
        }
    }

    #[test]
    fn what_is_needed_in_any_case_is_looked_for_in_any_case() {
        let needed = Needed::by(r"(?i)\bbanned until (?P<banned_until>\d{13})\b");
        assert_eq!((needed.finder.needle(), needed.ignore_case), (&b"banned until "[..], true));
        assert!(needed.stands_in("IP Banned Until 1791561950390"));
        assert!(!needed.stands_in("b, banned for a while"));
        assert!(Needed::by(r"(?i)one|another").stands_in(""));
        assert!(!Needed::by(r"banned until").stands_in("Banned until"));
    }

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
