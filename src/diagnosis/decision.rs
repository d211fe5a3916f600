//! How a run ends, and what explains it.

use super::finding::Finding;
use super::incident::Mention;

/// How sure a verdict can be that rests only on where the log stops (contract, section 1).
pub(super) const LAST_RECORD: f64 = 0.6;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It ended in a failure that the log shows.
    Crash,
    /// The bot said goodbye or was asked to stop.
    Clean,
    /// Someone killed it.
    Killed,
    /// The next run starts with no word of an end.
    Silent,
    /// The log goes on to its end in health.
    Open,
}

impl End {
    /// The word used in reports.
    pub fn id(self) -> &'static str {
        match self {
            End::Crash => "crash",
            End::Clean => "clean",
            End::Killed => "killed",
            End::Silent => "silent",
            End::Open => "open",
        }
    }
}

/// How a run ends, as far as its lines tell.
#[derive(Debug, Clone)]
pub struct Decision {
    /// How.
    pub end: End,
    /// What explains it.
    pub cause: Option<Cause>,
}

/// What explains the end of a run.
#[derive(Debug, Clone)]
pub enum Cause {
    /// A finding of the run.
    Found {
        /// Which.
        mention: Mention,
        /// How sure a verdict can be of it at most.
        surest: f64,
        /// Only that the log ends there speaks for it.
        ends_log: bool,
    },
    /// No finding does; a rule of the program's own says that it ended.
    Unexplained {
        /// The rule.
        rule: &'static str,
        /// The line that says so, or the last one.
        finding: Box<Finding>,
    },
}

impl Cause {
    /// How sure a verdict can be of it at most.
    pub(super) fn surest(&self) -> f64 {
        match self {
            Cause::Found { surest, .. } => *surest,
            Cause::Unexplained { .. } => LAST_RECORD,
        }
    }

    /// Whether only that the log ends there speaks for it.
    pub(super) fn ends_log(&self) -> bool {
        match self {
            Cause::Found { ends_log, .. } => *ends_log,
            Cause::Unexplained { rule, .. } => *rule != "other/exited",
        }
    }
}

impl Decision {
    pub(super) fn plain(end: End) -> Decision {
        Decision { end, cause: None }
    }

    pub(super) fn explained(end: End, mention: &Mention, surest: f64, ends_log: bool) -> Decision {
        let cause = Cause::Found { mention: mention.clone(), surest, ends_log };
        Decision { end, cause: Some(cause) }
    }

    pub(super) fn unexplained(end: End, rule: &'static str, finding: Finding) -> Decision {
        Decision { end, cause: Some(Cause::Unexplained { rule, finding: Box::new(finding) }) }
    }
}
