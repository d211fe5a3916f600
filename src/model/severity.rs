use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The word a logger put on a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Severity {
    /// TRACE and finer.
    Trace,
    /// DEBUG.
    Debug,
    /// INFO, NOTICE, SUCCESS.
    Info,
    /// WARNING.
    Warning,
    /// ERROR.
    Error,
    /// CRITICAL, FATAL, ALERT, EMERGENCY.
    Critical,
}

impl FromStr for Severity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "trace" => Severity::Trace,
            "debug" => Severity::Debug,
            "info" => Severity::Info,
            "warning" => Severity::Warning,
            "error" => Severity::Error,
            "critical" => Severity::Critical,
            _ => {
                return Err(format!(
                    "no severity `{text}`; one of trace, debug, info, warning, error, critical"
                ));
            }
        })
    }
}
