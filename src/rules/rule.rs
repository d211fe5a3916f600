//! What a rule is, once checked. Derives of serde are for the digest of the built-in rules.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Classes, Exchanges, Packages, Template};
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
    /// What `explain` tells of each pattern.
    #[serde(skip)]
    pub guides: BTreeMap<Pattern, Guide>,
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
    /// Constant captures.
    pub set: BTreeMap<String, String>,
    /// What the line says about the run.
    pub effect: Effect,
    /// Cap of the level.
    pub at_most: Option<Level>,
    /// Where its facts come from.
    #[serde(skip)]
    pub source: Vec<String>,
    /// Alternatives; empty where exchange tables or the program itself name the rule.
    pub whens: Vec<When>,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// A symptom; what happened next decides.
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

/// What a mark says about the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MarkKind {
    /// A run begins here.
    Start,
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
}

impl LazyRegex {
    /// Wraps a regex as written; whether it is one is seen when it is compiled.
    pub fn new(text: String) -> LazyRegex {
        LazyRegex { text, compiled: OnceLock::new() }
    }

    /// The regex as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The compiled regex; `None` where it is wrong or too large, which no checked rule is.
    pub fn get(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| compile(&self.text).ok()).as_ref()
    }
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

/// Compiles a rule's regex with the size limit that holds for all of them.
pub(super) fn compile(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).size_limit(REGEX_BYTES).build()
}
