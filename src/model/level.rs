use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How bad a diagnosis is, judged by what happened next and not by the word the logger used.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The bot handled it: retried, reconnected, skipped.
    #[default]
    Warning,
    /// Not handled (a dead thread or task, a logged traceback), but the run went on.
    Error,
    /// A run ended with it.
    Fatal,
}

impl Level {
    /// All levels, mildest first.
    pub const ALL: [Level; 3] = [Level::Warning, Level::Error, Level::Fatal];

    /// The word used in options and reports.
    pub fn id(self) -> &'static str {
        match self {
            Level::Warning => "warning",
            Level::Error => "error",
            Level::Fatal => "fatal",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Level::ALL
            .into_iter()
            .find(|level| level.id() == text)
            .ok_or_else(|| format!("no level `{text}`; the levels are fatal, error and warning"))
    }
}
