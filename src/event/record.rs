use std::borrow::Cow;

use super::{Format, Stamp};

/// The word a logger put on a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// One line with its wrapping taken off: what a container or supervisor put before it, and the
/// logger's own header.
#[derive(Debug, Clone, PartialEq)]
pub struct Record<'a> {
    /// The innermost format recognised.
    pub format: Format,
    /// The logger's time; else the wrapper's.
    pub stamp: Option<Stamp>,
    /// The logger's level.
    pub severity: Option<Severity>,
    /// Name of the logger.
    pub logger: Option<Cow<'a, str>>,
    /// Who wrote it, where a wrapper says so: service, container, unit or program.
    pub stream: Option<Cow<'a, str>>,
    /// Process id, where the line carries one.
    pub pid: Option<u32>,
    /// Thread, task or process name, where the line carries one.
    pub thread: Option<Cow<'a, str>>,
    /// A record begins here: the line has a time or a level of its own, or is a JSON or logfmt record.
    /// False for a line that carries nothing, or only a wrapper's prefix.
    pub begins: bool,
    /// What is left: the message. Leading blanks after the separator are kept, escape sequences for
    /// colour are gone; a JSON record's message and traceback are unescaped and joined with `\n`.
    pub message: Cow<'a, str>,
}
