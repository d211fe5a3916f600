//! What following tells its caller.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::super::ends::LineEnds;
use serde::{Deserialize, Serialize};

/// One followed log: a path as given, a set of dated files in a folder, a FIFO, or standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub usize);

/// One life of one file: from when it was opened to when it was finished, replaced or truncated. A number
/// is never used twice, so a byte offset in a file never means two things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u64);

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A file of a source was opened, replaced, truncated, or could not be read whole.
    Source {
        /// The source.
        source: SourceId,
        /// What to call the source: the path as given, or what a batch report calls it.
        name: Arc<str>,
        /// The file that is meant; for [`Action::Lost`] the one that bytes are missing of, where that is
        /// known.
        file: Option<FileId>,
        /// What to call that file: as given, `bot.log.2` for a generation that was caught up with.
        file_name: Arc<str>,
        /// What happened.
        action: Action,
    },
    /// Bytes came in.
    Appended(Appended),
    /// Nothing more comes of this file: a last line without a newline is as whole as it will ever be, and
    /// does not go on in the file that follows.
    FileEnd {
        /// The source.
        source: SourceId,
        /// The file.
        file: FileId,
    },
    /// A path does not exist (any more) and is waited for. Told once for each time it is gone.
    Waiting {
        /// The source.
        source: SourceId,
        /// What to call the source.
        name: Arc<str>,
    },
    /// A path that was named, or found, and is not followed.
    Skipped {
        /// The path as given, or as found below the one given.
        path: String,
        /// Why, in words.
        reason: String,
    },
    /// Changes are looked for every `interval` from now on, instead of being told by the system. Told once.
    Polling {
        /// Why, in words.
        reason: String,
        /// How often is looked.
        interval: Duration,
    },
    /// The state file cannot be written. Told once; following goes on.
    StateFailed {
        /// Why, in words.
        reason: String,
    },
    /// Everything has been told: standard input has ended and nothing else is followed, or following was
    /// stopped.
    Ended,
}

/// What happened to a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Its first file was opened.
    Opened,
    /// Another file has taken the place of the one before, or a generation in between was found. The one
    /// before is still read until it is quiet.
    Rotated,
    /// The file was cut in place and goes on as a new one.
    Truncated,
    /// The file had been gone and is there again.
    Returned,
    /// Bytes were, or may have been, written that cannot be read any more.
    Lost {
        /// How many, where that is known.
        bytes: Option<u64>,
        /// How many lines, where that is known.
        lines: Option<u64>,
    },
}

/// Bytes of one file, in order and without gaps but these: a hole (a stretch of NULs that no one wrote) is
/// stepped over, and what is lost is lost. Both show in `offset`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The source.
    pub source: SourceId,
    /// The file.
    pub file: FileId,
    /// What to call the file in a report.
    pub file_name: Arc<str>,
    /// Offset of the first byte in the file, as decoded.
    pub offset: u64,
    /// Number (from 1) of the line that the first byte belongs to.
    pub line: u64,
    /// What ends the lines of the file, as far as its bytes up to the end of these tell. Carriage returns
    /// are in `bytes` as they came.
    pub ends: LineEnds,
    /// Number of the line that the byte behind these belongs to.
    pub next_line: u64,
    /// The bytes as decoded: UTF-8 or another superset of ASCII. Not empty. They may begin and end anywhere
    /// in a line.
    pub bytes: Vec<u8>,
    /// Whether they are new.
    pub past: Past,
    /// When the file had last been written to when they were read.
    pub written: Option<SystemTime>,
}

/// Whether bytes are new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Past {
    /// They were written after following began.
    New,
    /// They were there when following began, and were never told.
    Backlog,
    /// They may have been told before this program was ended with no time for a word: what begins here is
    /// told again, as replayed.
    Replayed,
    /// What begins here has been told already: it is here for what follows it to be understood.
    Told,
}

/// Up to where a file has been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settled {
    /// Offset, as decoded, from which the file is to be read again: the start of the first event that is
    /// not whole.
    pub offset: u64,
    /// Number of the line that begins there.
    pub line: u64,
    /// Events that begin before this offset were told. At least `offset`; more where an event was told
    /// before it was whole.
    pub told: u64,
}
