//! What the formats for CI systems share: where a diagnosis is shown, and whether it is a failure.

use super::tree::SourceTree;
use crate::diagnosis::Diagnosis;
use crate::model::Level;
use crate::rules::RuleSet;

/// What the formats for CI systems are told beside the report.
#[derive(Debug, Clone, Copy)]
pub struct Ci<'a> {
    /// The rules that ran, for the formats that explain them; a rule that is not among them is explained
    /// by its diagnosis.
    pub rules: Option<&'a RuleSet>,
    /// The bot's source tree, where it is at hand.
    pub tree: Option<&'a SourceTree>,
    /// From which level up a diagnosis is a failure; `None` for never.
    pub fail_on: Option<Level>,
    /// Whether a job summary is written beside the annotations.
    pub has_summary: bool,
}

impl Default for Ci<'_> {
    /// No rules, no source tree; failures are errors and worse, as on the command line.
    fn default() -> Self {
        Ci { rules: None, tree: None, fail_on: Some(Level::Error), has_summary: false }
    }
}

/// Where a diagnosis is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    /// File: of the source tree, as the repository has it; else a log, as given.
    pub(super) path: String,
    /// Line, from 1.
    pub(super) line: u64,
    /// Whether it is the bot's own code.
    pub(super) is_code: bool,
}

impl Ci<'_> {
    /// The bot's own line where the source tree has it, else the log line of the last event.
    pub(super) fn spot(&self, diagnosis: &Diagnosis) -> Spot {
        let frame = diagnosis.exception.as_ref().and_then(|exception| exception.frame.as_ref());
        let code = self.tree.zip(frame).and_then(|(tree, frame)| tree.locate(frame));
        match code {
            Some((path, line)) => Spot { path, line: line.into(), is_code: true },
            None => Spot {
                path: diagnosis.last.file.clone(),
                line: diagnosis.last.line.max(1),
                is_code: false,
            },
        }
    }

    /// Whether it fails a run.
    pub fn fails(&self, diagnosis: &Diagnosis) -> bool {
        diagnosis.counts() && self.fail_on.is_some_and(|from| diagnosis.level >= from)
    }
}
