//! The record of the JSON report.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{Level, Pattern, Position};

/// Matches of one cause taken together. The order of the fields is the order of the keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Diagnosis {
    /// The pattern.
    pub pattern: Pattern,
    /// The rule's id.
    pub rule: String,
    /// The rule's title.
    pub title: String,
    /// One sentence, with what was captured filled in.
    pub summary: String,
    /// Judged by what happened next.
    pub level: Level,
    /// 0 to 1, calibrated; below 0.5 it is never a verdict.
    #[cfg_attr(test, schemars(range(min = 0, max = 1)))]
    pub confidence: f64,
    /// Events it stands for.
    pub count: u64,
    /// Its first event.
    pub first: Position,
    /// Its last event.
    pub last: Position,
    /// A few lines of its own events.
    pub evidence: Vec<Evidence>,
    /// What was captured, by name.
    pub captures: BTreeMap<String, String>,
    /// The exception, where there is one.
    pub exception: Option<Exception>,
    /// What to do now.
    pub fix: Fix,
    /// The same for the same cause on another day or host.
    #[cfg_attr(test, schemars(regex(pattern = "^[0-9a-f]{16}$")))]
    pub fingerprint: String,
    /// Only with a baseline: how it stands to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Standing>,
}

/// How a diagnosis stands to a baseline; the order is that of the attention it wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It is in the baseline, and no worse than there.
    Known,
    /// It is in the baseline, but came more often than allowed there, or is of a worse level.
    Risen,
    /// It is not in the baseline.
    New,
}

impl Standing {
    /// The word used in reports.
    pub fn id(self) -> &'static str {
        match self {
            Standing::Known => "known",
            Standing::Risen => "risen",
            Standing::New => "new",
        }
    }
}

impl Diagnosis {
    /// Whether it counts for the exit status: what a baseline knows does not.
    pub fn counts(&self) -> bool {
        self.baseline != Some(Standing::Known)
    }
}

/// One line of the log that proves a diagnosis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Evidence {
    /// The file, as given.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
    /// Its text, safe to print.
    pub text: String,
}

/// The exception behind a diagnosis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Exception {
    /// Class of the link that was named the cause, as logged.
    #[serde(rename = "type")]
    pub class: String,
    /// Its message.
    pub message: String,
    /// The innermost frame of the bot's own code on the way to it.
    pub frame: Option<OwnFrame>,
    /// From root cause to last.
    pub chain: Vec<ChainLink>,
}

/// A frame of the bot's own code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OwnFrame {
    /// File as logged.
    pub file: String,
    /// Line in it.
    pub line: Option<u32>,
    /// Function.
    pub function: Option<String>,
    /// Source line, where the log has it.
    pub code: Option<String>,
}

/// One exception of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChainLink {
    /// Class as logged.
    #[serde(rename = "type")]
    pub class: String,
    /// Its message.
    pub message: String,
}

/// What to do now, with captures filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Fix {
    /// One sentence.
    pub summary: String,
    /// Steps, in order.
    pub steps: Vec<String>,
    /// Commands to copy.
    pub commands: Vec<String>,
}
