//! A run of a hook's commands.

use std::collections::VecDeque;
use std::sync::Arc;

use super::super::ledger::Page;
use super::super::policy::Key;
use super::super::process::{Input, Process};
use super::super::record::Moment;
use crate::diagnosis::Diagnosis;
use crate::safe::limits::HOOK_VARIABLE_BYTES;

/// Most captures that become variables; rules have a handful.
const CAPTURES: usize = 64;

/// A run that goes on.
pub(super) struct Run {
    pub(super) key: Key,
    pub(super) attempt: u32,
    /// Whether these are the commands of giving up.
    pub(super) giving_up: bool,
    /// Commands that come after the one that runs.
    pub(super) rest: VecDeque<Vec<String>>,
    pub(super) input: Input,
    pub(super) process: Process,
    pub(super) stage: Stage,
    /// What the commands before wrote.
    pub(super) output: Vec<String>,
    /// Holds the lock on the log until the run has ended.
    pub(super) page: Page,
}

/// How far the end of a command has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It may take until then.
    Going { until: Moment },
    /// It was asked to end, and may take until then.
    Asked { until: Moment, why: Why },
    /// It was ended.
    Killed { why: Why },
}

/// Why a command is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// It took too long.
    Timeout,
    /// The program is to end.
    Stop,
}

/// What the commands of a run are given: the diagnosis as one line of JSON, and its parts in variables.
pub(super) fn input(diagnosis: &Diagnosis, attempt: u32) -> Input {
    let mut stdin = serde_json::to_string(diagnosis).unwrap_or_default();
    stdin.push('\n');
    let mut variables: Vec<(String, String)> = [
        ("PATTERN", diagnosis.pattern.id()),
        ("RULE", &diagnosis.rule),
        ("LEVEL", diagnosis.level.id()),
        ("SUMMARY", &diagnosis.summary),
        ("SOURCE", &diagnosis.first.source),
        ("FINGERPRINT", &diagnosis.fingerprint),
        ("ATTEMPT", &attempt.to_string()),
    ]
    .map(|(name, value)| (format!("WD_{name}"), variable(value)))
    .into();
    let is_plain = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    let captures = diagnosis.captures.iter().filter(|(name, _)| is_plain(name)).take(CAPTURES);
    variables.extend(captures.map(|(name, value)| {
        (format!("WD_CAPTURE_{}", name.to_ascii_uppercase()), variable(value))
    }));
    Input { stdin: Arc::from(stdin.into_bytes()), variables }
}

/// A value as a variable can hold it: no NUL, and cut at a character.
fn variable(value: &str) -> String {
    let mut end = value.len().min(HOOK_VARIABLE_BYTES);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    value[..end].replace('\0', "")
}
