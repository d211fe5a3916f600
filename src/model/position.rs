use serde::{Deserialize, Serialize};

/// A place in a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Position {
    /// Name of the source.
    pub source: String,
    /// The file, as it was given.
    pub file: String,
    /// Line, from 1, in that file as decoded.
    pub line: u64,
    /// Byte offset of the line's start, from 0, in that file as decoded.
    pub byte: u64,
    /// ISO 8601, with the offset where the log has one; `None` where it has no time or no year.
    pub time: Option<String>,
    /// The time as the log wrote it, where `time` could not be filled because the year is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_time: Option<String>,
}
