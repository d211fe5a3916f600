use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One of the seven crash patterns, or `Other` for a crash that is none of them.
///
/// The order of the variants is the order in which patterns appear everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Pattern {
    /// Missing or mismatched dependencies.
    Dependencies,
    /// Network errors that nothing caught.
    Network,
    /// Rate limits, announced or silent.
    RateLimit,
    /// Memory that ran out.
    Memory,
    /// Keys, secrets, permissions and tokens.
    Credentials,
    /// Answers of another shape than the bot expected.
    Payload,
    /// The machine: sleep, restart, file handles, disks, clocks, signals.
    System,
    /// A crash that is none of the seven.
    Other,
}

impl Pattern {
    /// All patterns, in report order.
    pub const ALL: [Pattern; 8] = [
        Pattern::Dependencies,
        Pattern::Network,
        Pattern::RateLimit,
        Pattern::Memory,
        Pattern::Credentials,
        Pattern::Payload,
        Pattern::System,
        Pattern::Other,
    ];

    /// The id used in rules, options and reports, such as `rate-limit`.
    pub fn id(self) -> &'static str {
        match self {
            Pattern::Dependencies => "dependencies",
            Pattern::Network => "network",
            Pattern::RateLimit => "rate-limit",
            Pattern::Memory => "memory",
            Pattern::Credentials => "credentials",
            Pattern::Payload => "payload",
            Pattern::System => "system",
            Pattern::Other => "other",
        }
    }

    /// The title shown to people.
    pub fn title(self) -> &'static str {
        match self {
            Pattern::Dependencies => "Missing or mismatched dependencies",
            Pattern::Network => "Network errors that aren't being caught",
            Pattern::RateLimit => "Silent rate limits from the exchange",
            Pattern::Memory => "Slow memory leaks over hours or days",
            Pattern::Credentials => "Expired or rotated API credentials",
            Pattern::Payload => "Unexpected payload shapes",
            Pattern::System => "System-level issues (sleep, restart, network)",
            Pattern::Other => "A crash that is none of the seven patterns",
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Pattern::ALL.into_iter().find(|pattern| pattern.id() == text).ok_or_else(|| {
            let ids: Vec<_> = Pattern::ALL.iter().map(|pattern| pattern.id()).collect();
            format!("no pattern `{text}`; the patterns are {}", ids.join(", "))
        })
    }
}
