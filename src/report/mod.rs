//! One report, one writer a format.

mod ci;
mod event;
mod github;
mod gitlab;
mod html;
mod json;
mod jsonl;
mod junit;
mod markdown;
mod merge;
mod prometheus;
mod sarif;
mod sentence;
mod style;
mod text;
mod tree;
mod visible;
mod words;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod schema;

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use crate::diagnosis::{Diagnosis, NEWEST_FIRST};
use crate::model::Level;

pub use ci::Ci;
pub use event::{
    Event, HookAction, HookEvent, Levels, RunAction, RunEvent, SourceAction, SourceEvent, Stall,
    Summary, Told, Update,
};
pub use jsonl::write_event;
pub(crate) use merge::{Order, place_in_log, verdict};
pub use merge::{merge, parse};
pub use style::{Clock, Style, Volume};
pub use text::live;
pub use tree::SourceTree;

/// Version of the JSON report's shape.
pub const SCHEMA_VERSION: u32 = 1;

/// The formats a report can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people, in a terminal.
    Text,
    /// One object, for programs.
    Json,
    /// One object a line, for programs.
    Jsonl,
    /// To paste into an issue or a chat.
    Markdown,
    /// One page for a browser.
    Html,
    /// Annotations of GitHub Actions.
    Github,
    /// Code Quality of GitLab.
    Gitlab,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Test results in JUnit's XML.
    Junit,
    /// Metrics for Prometheus' textfile collector.
    Prometheus,
}

/// Writes `report` to `out`. The format never changes what is in it; `style` is what the format needs
/// beside it.
///
/// # Errors
/// Those of `out`.
pub fn write(
    format: Format,
    report: &Report,
    style: &Style<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Text => text::write(report, style, out),
        Format::Json => json::write(report, out),
        Format::Jsonl => jsonl::write(report, out),
        Format::Markdown => markdown::write(report, style, out),
        Format::Html => html::write(report, style, out),
        Format::Github => github::write(report, &style.ci, out),
        Format::Gitlab => gitlab::write(report, &style.ci, out),
        Format::Sarif => sarif::write(report, &style.ci, out),
        Format::Junit => junit::write(report, &style.ci, out),
        Format::Prometheus => prometheus::write(report, &style.zone(), out),
    }
}

/// Everything that was found, in the order of the JSON report's keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report {
    /// Version of this shape.
    #[cfg_attr(test, schemars(extend("const" = SCHEMA_VERSION)))]
    pub schema_version: u32,
    /// The program.
    pub tool: Tool,
    /// What explains the latest run that ended in `crash` or `killed`.
    pub verdict: Option<Diagnosis>,
    /// All of them, most severe first, then by position.
    pub diagnoses: Vec<Diagnosis>,
    /// What was read.
    pub sources: Vec<SourceReport>,
}

impl Report {
    /// Index of the diagnosis that answers the question: the verdict; without one, that a log has to be turned round
    /// first, or the worst that was not handled. What the bot coped with is no answer.
    pub(crate) fn answer(&self) -> Option<usize> {
        let Some(verdict) = &self.verdict else {
            let first = |is_it: fn(&Diagnosis) -> bool| self.diagnoses.iter().position(is_it);
            return first(|diagnosis| diagnosis.rule == NEWEST_FIRST)
                .or_else(|| first(|diagnosis| diagnosis.level > Level::Warning));
        };
        let is_it = |diagnosis: &Diagnosis| {
            diagnosis.fingerprint == verdict.fingerprint
                && diagnosis.first == verdict.first
                && diagnosis.last == verdict.last
        };
        self.diagnoses.iter().position(is_it)
    }
}

/// The program that made a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Tool {
    /// `wd-diagnose`.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Default for Tool {
    /// This program.
    fn default() -> Self {
        Tool {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// One source as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SourceReport {
    /// Name of the source.
    pub name: String,
    /// Its files, in the order in which they were written.
    pub files: Vec<String>,
    /// Bytes read, as decoded.
    pub bytes: u64,
    /// Lines read.
    pub lines: u64,
    /// The log format found.
    pub format: String,
    /// Time of the first record that has one.
    pub first_time: Option<String>,
    /// Time of the last record that has one.
    pub last_time: Option<String>,
    /// Why it could not be read whole; `None` where it was.
    pub incomplete: Option<String>,
    /// Fingerprint of the diagnosis that explains its latest crash.
    pub verdict: Option<String>,
    /// The bot's lives in it, in order.
    pub runs: Vec<RunReport>,
}

/// One life of the bot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunReport {
    /// Its first line.
    pub first_line: u64,
    /// Its last line.
    pub last_line: u64,
    /// Time of its first record.
    pub started: Option<String>,
    /// Time of its last record.
    pub ended: Option<String>,
    /// `crash`, `clean`, `killed`, `silent` or `open`.
    #[cfg_attr(test, schemars(extend("enum" = ["crash", "clean", "killed", "silent", "open"])))]
    pub end: String,
    /// Rule of the diagnosis that explains the end, where there is one.
    pub rule: Option<String>,
}
