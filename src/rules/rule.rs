//! What a rule is, once checked. Derives of serde are for the digest of the built-in rules.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use memchr::memmem::Finder;
use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::links::Links;
use super::series::names_rule;
use super::{Chain, Classes, Exchanges, Packages, Series, Template};
use crate::model::{Level, Pattern, Severity};

/// All rules of a run, checked.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct RuleSet {
    /// Sorted by id.
    pub rules: Vec<Rule>,
    /// Exception classes and their bases.
    pub classes: Classes,
    /// Error codes by exchange, and how codes look in text.
    pub exchanges: Exchanges,
    /// Import name to requirement name.
    #[serde(skip)]
    pub packages: Packages,
    /// Shared capture regexes, by name of the set.
    pub captures: BTreeMap<String, Vec<LazyRegex>>,
    /// Lines that tell where a run starts and how it ends.
    pub marks: Vec<Mark>,
    /// Which rules lead to which, sorted by id.
    pub chains: Vec<Chain>,
    /// These are the built-in rules, all of them and no others.
    #[serde(skip)]
    pub is_builtin: bool,
    /// What `explain` tells of each pattern.
    #[serde(skip)]
    pub guides: BTreeMap<Pattern, Guide>,
    #[serde(skip)]
    pub(super) links: Links,
}

impl RuleSet {
    /// The rule of that id.
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.position(id).map(|index| &self.rules[index])
    }

    /// Index of the rule of that id.
    pub fn position(&self, id: &str) -> Option<usize> {
        self.rules.binary_search_by(|rule| rule.id.as_str().cmp(id)).ok()
    }

    /// Within how many seconds the rule `cause` leads to the rule `symptom`, by the chains; the longest.
    pub fn leads(&self, cause: &str, symptom: &str) -> Option<f64> {
        let names = |names: &[String], id: &str| names.iter().any(|name| names_rule(name, id));
        let leads = |chain: &&Chain| names(&chain.cause, cause) && names(&chain.symptom, symptom);
        let micros = self.chains.iter().filter(leads).map(|chain| chain.within).max()?;
        Some(micros as f64 / 1e6)
    }
}

/// One detection rule.
#[derive(Debug, Serialize, Deserialize)]
pub struct Rule {
    /// `<pattern>/<kebab-name>`.
    pub id: String,
    /// The pattern it speaks for.
    pub pattern: Pattern,
    /// Short noun phrase.
    pub title: String,
    /// What its proof rests on.
    pub basis: Basis,
    /// Finer order inside a basis; higher wins.
    pub weight: i8,
    /// How sure it is when it wins, 0 to 1.
    pub confidence: f64,
    /// One sentence.
    pub summary: Template,
    /// Names of shared capture sets, tried in order.
    pub take: Vec<String>,
    /// Captures of its own.
    pub capture: Vec<LazyRegex>,
    /// Captures where the text gives none of that name.
    pub set: BTreeMap<String, String>,
    /// What the line says about the run.
    pub effect: Effect,
    /// Cap of the level.
    pub at_most: Option<Level>,
    /// Whether starting the bot again can mend it; where it cannot, a hook leaves it alone.
    pub restart: bool,
    /// Where its facts come from.
    #[serde(skip)]
    pub source: Vec<String>,
    /// Alternatives; empty where exchange tables or the program itself name the rule.
    pub whens: Vec<When>,
    /// What it asks of several events; `None` where one event shows it.
    pub series: Option<Series>,
    /// What to do.
    pub fix: FixText,
    /// Must match.
    #[serde(skip)]
    pub examples: Vec<Example>,
    /// Must not match.
    #[serde(skip)]
    pub near_misses: Vec<Example>,
    /// File it came from.
    pub file: String,
    /// Line of its id in that file.
    pub line: usize,
}

/// What a rule's proof rests on, strongest first: precedence as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Basis {
    /// An exchange's own error code or message.
    Code,
    /// An operating system error number, with its class and text.
    Errno,
    /// An HTTP status.
    Status,
    /// The exception's class.
    Exception,
    /// Free text.
    Text,
}

impl Basis {
    /// All, strongest first.
    pub const ALL: [Basis; 5] =
        [Basis::Code, Basis::Errno, Basis::Status, Basis::Exception, Basis::Text];

    /// The word used in rule files.
    pub fn id(self) -> &'static str {
        match self {
            Basis::Code => "code",
            Basis::Errno => "errno",
            Basis::Status => "status",
            Basis::Exception => "exception",
            Basis::Text => "text",
        }
    }
}

/// What a matching line says about the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// A symptom; what happened next decides.
    #[default]
    Symptom,
    /// The process was killed by someone.
    Killed,
    /// The bot ended.
    Exited,
}

/// One alternative of a rule; all its conditions hold on one subject.
#[derive(Debug, Serialize, Deserialize)]
pub struct When {
    /// Where to look.
    pub on: On,
    /// Exception classes, subclasses included.
    pub exception: Vec<String>,
    /// At least one is in the text.
    pub any: Vec<String>,
    /// Each is in the text.
    pub all: Vec<String>,
    /// None is in the text.
    pub not: Vec<String>,
    /// At least one matches the text.
    pub regex: Vec<LazyRegex>,
    /// A path component of the raising frame.
    pub raised_in: Vec<String>,
    /// Matches the source text of the bot's own frame or the raising one.
    pub code: Option<LazyRegex>,
    /// Only records at this severity or above.
    pub severity: Option<Severity>,
    /// Literals that stand somewhere in the whole event.
    pub chain: Vec<String>,
    /// Literals match without regard to ASCII case.
    pub ignore_case: bool,
}

/// Where a condition looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum On {
    /// A link of an exception chain, or an exception named in a message.
    Link,
    /// The text of a record.
    Message,
    /// Either.
    Any,
}

/// What to do, with holes for captures.
#[derive(Debug, Serialize, Deserialize)]
pub struct FixText {
    /// One sentence.
    pub summary: Template,
    /// A step with a capture that is missing is left out.
    pub steps: Vec<Template>,
    /// A command with a capture that is missing is left out.
    pub commands: Vec<Template>,
}

/// A record that a rule must, or must not, match.
#[derive(Debug, Serialize, Deserialize)]
pub struct Example {
    /// The record.
    pub text: String,
    /// Captures it must give.
    pub captures: BTreeMap<String, String>,
    /// A line of a fixture that shows it, `file:line`.
    pub source: Option<String>,
    /// Line of the example in its rule file.
    pub line: usize,
}

/// A line that tells where a run starts and how it ends.
#[derive(Debug, Serialize, Deserialize)]
pub struct Mark {
    /// Its id.
    pub id: String,
    /// What it says.
    pub kind: MarkKind,
    /// At least one is in the line.
    pub any: Vec<String>,
    /// None is in the line.
    pub not: Vec<String>,
    /// At least one matches, where there are any.
    pub regex: Vec<LazyRegex>,
    /// Literals match without regard to ASCII case.
    pub ignore_case: bool,
    /// Where its facts come from.
    #[serde(skip)]
    pub source: Vec<String>,
    /// Must match.
    #[serde(skip)]
    pub examples: Vec<Example>,
    /// Must not match.
    #[serde(skip)]
    pub near_misses: Vec<Example>,
    /// File it came from.
    pub file: String,
    /// Line of its id in that file.
    pub line: usize,
}

impl Mark {
    /// What its named groups catch in `text`, by the first of its regexes that matches.
    pub fn captures<'t>(&self, text: &'t str) -> BTreeMap<&str, &'t str> {
        for regex in self.regex.iter().filter_map(|regex| regex.on(text)) {
            if let Some(found) = regex.captures(text) {
                let names = regex.capture_names().flatten();
                return names.filter_map(|name| Some((name, found.name(name)?.as_str()))).collect();
            }
        }
        BTreeMap::new()
    }
}

/// What a mark says about the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MarkKind {
    /// A run begins here.
    Start,
    /// A process of the bot's takes the place of another: a run begins where one has just ended.
    Restart,
    /// The bot said goodbye.
    Goodbye,
    /// The bot was asked to stop.
    StopRequest,
    /// The bot, or who watches it, says that it ended in failure.
    Exit,
    /// A supervisor speaks; says nothing of life or death by itself.
    Supervisor,
    /// Leftovers after an end, no sign of life.
    Noise,
    /// Names an error reporter: what fails inside it is not the cause.
    Reporter,
}

/// What `explain` tells of a pattern.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Guide {
    /// What the owner sees.
    pub symptom: String,
    /// Why it happens.
    pub why: String,
    /// What to do.
    pub fix: String,
    /// Python that shows it; runs with the standard library alone.
    pub sample: String,
    /// What to watch.
    pub watch: String,
    /// How to confirm.
    pub confirm: String,
}

/// Largest compiled size of one regex, in bytes: a rule cannot make start-up or memory explode.
const REGEX_BYTES: usize = 4 << 20;

/// A regex compiled when first needed; most never are.
#[derive(Debug)]
pub struct LazyRegex {
    text: String,
    compiled: OnceLock<Option<Regex>>,
    needed: OnceLock<Needed>,
    anchored: OnceLock<bool>,
}

impl LazyRegex {
    /// Wraps a regex as written; whether it is one is seen when it is compiled.
    pub fn new(text: String) -> LazyRegex {
        LazyRegex {
            text,
            compiled: OnceLock::new(),
            needed: OnceLock::new(),
            anchored: OnceLock::new(),
        }
    }

    /// The regex as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The compiled regex; `None` where it is wrong or too large, which no checked rule is.
    pub fn get(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| compile(&self.text).ok()).as_ref()
    }

    /// Whether it asks for the start of a text: it may then match a part of a line and not the line.
    pub fn is_anchored(&self) -> bool {
        *self.anchored.get_or_init(|| is_anchored(&self.text))
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

/// Whether a `^` or `\A` stands in a regex, the `^` of a class left out.
fn is_anchored(regex: &str) -> bool {
    let bytes = regex.as_bytes();
    let mut escaped = false;
    bytes.iter().enumerate().any(|(at, &byte)| {
        let is_escaped = std::mem::take(&mut escaped);
        escaped = byte == b'\\' && !is_escaped;
        match byte {
            b'^' => !is_escaped && at.checked_sub(1).is_none_or(|before| bytes[before] != b'['),
            b'A' => is_escaped,
            _ => false,
        }
    })
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
    fn ascii_classes_match_ascii() {
        for regex in [r"\b\w+[\w.-]*\s\S+[^\s\d]\d{3}", r"(?i)\[x\] \\d"] {
            assert!(Regex::new(&ascii(regex)).is_ok(), "{regex}");
        }
        assert!(Regex::new(&ascii(r"\bid=\d+")).expect("a regex").is_match("id=42"));
    }
}
