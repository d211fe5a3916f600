use serde::Serialize;

use super::{Report, RunReport};
use crate::diagnosis::Diagnosis;
use crate::model::{Level, Position};

/// One line of `--format jsonl`. Only diagnoses, and the output of hooks, carry text of the log.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// Something was found: in a finished log one of the report's diagnoses, while following one event.
    Diagnosis(Told),
    /// A diagnosis told earlier is now judged differently, mostly worse.
    Update(Update),
    /// A run of the bot began or ended.
    Run(RunEvent),
    /// Something happened to a log.
    Source(SourceEvent),
    /// A hook acted, or did not.
    Hook(HookEvent),
    /// A log has been silent for longer than it should.
    Stall(Stall),
    /// The last line: what it all came to.
    Summary(Summary),
}

/// A diagnosis on a line of its own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Told {
    /// The diagnosis.
    #[serde(flatten)]
    pub diagnosis: Box<Diagnosis>,
    /// It may have been told before the program was started again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub replayed: bool,
}

/// A diagnosis told earlier is now judged differently.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Update {
    /// Fingerprint of the diagnosis, as it is now.
    pub fingerprint: String,
    /// Where the event begins: the same as it was told with.
    pub first: Position,
    /// Its level now.
    pub level: Level,
    /// Why, in a sentence.
    pub reason: String,
}

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunAction {
    /// It began.
    Began,
    /// It ended, or so it seems: nothing more has come.
    Ended,
    /// It seemed to have ended and has not: its lines go on.
    Resumed,
}

/// A run of the bot began or ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunEvent {
    /// What became of it.
    pub action: RunAction,
    /// Name of its source.
    pub source: String,
    /// The run, as far as it is known by now: `end` is `open` for one that goes on.
    #[serde(flatten)]
    pub run: RunReport,
}

/// What happened to a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceAction {
    /// A file was opened.
    Opened,
    /// Its file was replaced by a new one.
    Rotated,
    /// Its file was emptied or cut.
    Truncated,
    /// It is looked at at intervals, because the system cannot tell of changes.
    Polling,
    /// It was gone or could not be read, and is back.
    Returned,
    /// Bytes were gone before they could be read.
    Lost,
}

/// Something happened to a log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SourceEvent {
    /// What.
    pub action: SourceAction,
    /// Name of the source.
    pub source: String,
    /// The file, as given, where it is about one.
    pub file: Option<String>,
    /// How many bytes were lost, where that is known.
    pub bytes: Option<u64>,
    /// How many lines were lost, where that is known.
    pub lines: Option<u64>,
}

/// What a hook did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookAction {
    /// A command was started.
    Started,
    /// It ended well.
    Succeeded,
    /// It failed, or could not be started.
    Failed,
    /// It took too long and was ended.
    TimedOut,
    /// It was not run this time.
    Suppressed,
    /// It will not be run again for this incident.
    GaveUp,
    /// The incident has not come again for long enough.
    Resolved,
}

/// A hook acted, or did not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HookEvent {
    /// What it did.
    pub action: HookAction,
    /// Which hook, from 1, in the order in which they were given; `None` where it holds for all of them.
    pub hook: Option<usize>,
    /// Name of the source of the incident.
    pub source: Option<String>,
    /// Rule of the diagnosis it is about.
    pub rule: Option<String>,
    /// Fingerprint of the diagnosis it is about.
    pub fingerprint: Option<String>,
    /// Why, in a sentence.
    pub reason: Option<String>,
    /// Which attempt at this incident, from 1.
    pub attempt: Option<u32>,
    /// Exit status of the command; `None` where it has none.
    pub exit: Option<i32>,
    /// The end of what it printed, or the command that was not run.
    pub output: Option<String>,
}

impl HookAction {
    /// The word used in reports.
    pub fn id(self) -> &'static str {
        match self {
            HookAction::Started => "started",
            HookAction::Succeeded => "succeeded",
            HookAction::Failed => "failed",
            HookAction::TimedOut => "timed-out",
            HookAction::Suppressed => "suppressed",
            HookAction::GaveUp => "gave-up",
            HookAction::Resolved => "resolved",
        }
    }
}

impl HookEvent {
    /// The event in one line for people.
    pub fn line(&self) -> String {
        let mut line = self.action.id().to_owned();
        if let Some(attempt) = self.attempt {
            line += &format!(" (attempt {attempt})");
        }
        if let Some(source) = &self.source {
            line += &format!(" for {source}");
        }
        if let Some(rule) = &self.rule {
            line += &format!(" [{rule}]");
        }
        if let Some(reason) = &self.reason {
            line += &format!(": {reason}");
        }
        match (&self.output, self.action) {
            // A command to be copied.
            (Some(command), HookAction::Suppressed) => line += &format!("; not run: {command}"),
            // The last line says most.
            (Some(output), HookAction::Failed | HookAction::TimedOut) => {
                if let Some(last) = output.lines().rev().find(|line| !line.trim().is_empty()) {
                    line += &format!("; it said last: {last}");
                }
            }
            _ => {}
        }
        line
    }
}

/// A log has been silent for longer than it should.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stall {
    /// Name of the source.
    pub source: String,
    /// Seconds since its last line came.
    pub silent_for: f64,
    /// Usual seconds between its records, where they were counted.
    pub usual: Option<f64>,
    /// Time of its last record that has one.
    pub last_time: Option<String>,
}

/// How many of each level.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Levels {
    /// Ended a run.
    pub fatal: u64,
    /// Not handled.
    pub error: u64,
    /// Handled.
    pub warning: u64,
}

/// What it all came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Sources read.
    pub sources: u64,
    /// Bytes read, as decoded.
    pub bytes: u64,
    /// Lines read.
    pub lines: u64,
    /// Runs of the bot.
    pub runs: u64,
    /// Different diagnoses, by level.
    pub diagnoses: Levels,
    /// Events they stand for.
    pub events: u64,
    /// Sources that could not be read whole.
    pub incomplete: u64,
    /// Fingerprint of the verdict.
    pub verdict: Option<String>,
}

impl Summary {
    /// That of a report.
    pub fn of(report: &Report) -> Summary {
        let mut diagnoses = Levels::default();
        for diagnosis in &report.diagnoses {
            match diagnosis.level {
                Level::Fatal => diagnoses.fatal += 1,
                Level::Error => diagnoses.error += 1,
                Level::Warning => diagnoses.warning += 1,
            }
        }
        let sources = report.sources.iter();
        Summary {
            sources: report.sources.len() as u64,
            bytes: sources.clone().map(|source| source.bytes).sum(),
            lines: sources.clone().map(|source| source.lines).sum(),
            runs: sources.clone().map(|source| source.runs.len() as u64).sum(),
            diagnoses,
            events: report.diagnoses.iter().map(|diagnosis| diagnosis.count).sum(),
            incomplete: sources.filter(|source| source.incomplete.is_some()).count() as u64,
            verdict: report.verdict.as_ref().map(|verdict| verdict.fingerprint.clone()),
        }
    }
}
