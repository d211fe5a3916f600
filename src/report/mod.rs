//! One report, one writer a format.

mod event;
mod json;
mod jsonl;
mod sentence;
mod style;
mod text;
mod visible;
mod words;

#[cfg(test)]
mod sample;

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use crate::diagnosis::Diagnosis;

pub use event::{
    Event, HookAction, HookEvent, Levels, RunAction, RunEvent, SourceAction, SourceEvent, Stall,
    Summary, Told, Update,
};
pub use jsonl::write_event;
pub use style::{Style, Volume};

/// Version of the JSON report's shape.
pub const SCHEMA_VERSION: u32 = 1;

/// The formats a report can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people, in a terminal.
    Text,
    /// One object, for programs.
    Json,
}

/// Writes `report` to `out`. The format never changes what is in it; `style` is for the formats that
/// people read.
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
    }
}

/// Everything that was found, in the order of the JSON report's keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Version of this shape.
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

/// The program that made a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// `wd-diagnose`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// One source as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    pub end: String,
    /// Rule of the diagnosis that explains the end, where there is one.
    pub rule: Option<String>,
}
