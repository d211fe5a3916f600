//! What a rule is, once checked. Derives of serde are for the digest of the built-in rules.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::lazy::LazyRegex;
use super::links::Links;
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
    /// The captured `module` is the bot's own, by the traceback: no known package has its name, and a folder or
    /// file of the bot's has, or it is imported relatively.
    pub own_module: bool,
}

/// Where a condition looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum On {
    /// A link of an exception chain, or an exception named in a message.
    Link,
    /// The text of a record.
    Message,
    /// What somebody said: the text of a record, or an exception whose class tells nothing by itself (`Exception`,
    /// `RuntimeError`, one of the bot's own). Where nobody logged it, an exception is an error.
    Said,
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
    /// What a program sets up once, when it starts: a run begins where an error stands last before it.
    SetUp,
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
