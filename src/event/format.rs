use std::fmt;

/// The shape in which a line was written, for `sources[].format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Format {
    /// No header that we know: `print`.
    Plain,
    /// A time, a level or both before the message, as Python's `logging` writes them.
    Logging,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Format::Plain => "plain",
            Format::Logging => "logging",
        })
    }
}
