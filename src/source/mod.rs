//! From PATHs to chunks of bytes: what counts as a log, which files are one log, how they are decoded,
//! mapped or read. Callers see only [`Source`], [`Reader`] and [`Chunk`], never which of these it came from.

mod ahead;
mod buffer;
mod chunk;
mod decode;
mod discover;
mod ends;
mod feed;
pub mod follow;
mod growing;
#[cfg_attr(not(any(target_os = "linux", target_os = "android")), path = "map_none.rs")]
mod map;
mod names;
mod number;
mod peek;
mod reader;
mod rotation;
mod text;
mod unfold;

use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub use chunk::{Chunk, FIELD_END, FILLER, Place, Segment};
pub use discover::{Discover, Discovery, PathArg, Problem, discover};
pub use ends::{Ends, LineEnds};
pub use growing::Growing;
pub use names::LOOKED_FOR;
pub use reader::{ReadError, Reader, Totals};

use crate::safe::limits;

/// One log: a file, a rotated set of files read as one, or standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What to call it: the path as given, of a rotated set that of the file still written to.
    pub name: String,
    /// Its files in the order in which they were written, the oldest first.
    pub files: Vec<SourceFile>,
}

/// One file of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The path as given, or `-`.
    pub name: String,
    /// Where its bytes come from.
    pub origin: Origin,
}

/// Where the bytes of a file come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Standard input.
    Stdin,
    /// A path. `identity` is what it named when it was found, where that is known.
    Path {
        /// The path.
        path: PathBuf,
        /// Tells whether the path still names the same file when it is opened.
        identity: Option<Identity>,
    },
}

/// What makes a file the same file under another name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Identity {
    /// Device and inode, or what the system has instead.
    Inode(u64, u64),
    /// The path with all links resolved, where files have no stable number.
    Path(PathBuf),
}

/// How sources are opened.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Bytes read before a chunk is presented, where a file is read. At least 1.
    pub block: usize,
    /// Bytes mapped at once, where a file is mapped. At least 1.
    pub window: usize,
    /// Longest line kept whole, newline not counted. At least 1.
    pub line: usize,
    /// Which files are mapped.
    pub map: MapChoice,
    /// Most bytes a compressed file may unfold to.
    pub decoded_limit: u64,
    /// What is compressed is unpacked in a thread of its own.
    pub ahead: bool,
    /// The present time, to tell a live file from a finished one.
    pub now: SystemTime,
}

/// Which files are mapped into memory and which are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapChoice {
    /// Finished files on a local disk are mapped, all else is read.
    Auto,
    /// Whatever can be mapped is mapped.
    Always,
    /// Everything is read.
    Never,
}

impl Opening {
    /// The limits of the program, at the time `now`.
    pub fn new(now: SystemTime) -> Opening {
        Opening {
            block: limits::READ_BLOCK,
            window: limits::MAP_WINDOW,
            line: limits::LINE_BYTES,
            map: MapChoice::Auto,
            decoded_limit: limits::DECODED_BYTES,
            ahead: true,
            now,
        }
    }
}

impl Source {
    /// Standard input as a source, called `-`.
    pub fn stdin() -> Source {
        let file = SourceFile { name: "-".to_owned(), origin: Origin::Stdin };
        Source { name: file.name.clone(), files: vec![file] }
    }

    /// One file as a source, called by its path.
    pub fn file(path: impl Into<PathBuf>) -> Source {
        let file = SourceFile::at(path.into(), None);
        Source { name: file.name.clone(), files: vec![file] }
    }

    /// A reader at the start of the source. Files are opened one after the other as it gets there.
    pub fn open(&self, opening: &Opening) -> Reader {
        Reader::new(self.files.clone(), opening.clone())
    }
}

impl SourceFile {
    /// The file at `path`, called by its path.
    pub fn at(path: PathBuf, identity: Option<Identity>) -> SourceFile {
        SourceFile {
            name: path.to_string_lossy().into_owned(),
            origin: Origin::Path { path, identity },
        }
    }
}

impl Identity {
    /// Of the file whose metadata is `meta`, found at `path`.
    pub fn of(path: &Path, meta: &Metadata) -> Option<Identity> {
        Identity::from(number::of_path(path, meta), path)
    }

    /// Of an open file whose metadata is `meta`, found at `path`.
    pub(in crate::source) fn of_open(
        file: &File,
        path: &Path,
        meta: &Metadata,
    ) -> Option<Identity> {
        Identity::from(number::of_file(file, meta), path)
    }

    fn from(number: Option<(u64, u64)>, path: &Path) -> Option<Identity> {
        match number {
            Some((device, number)) => Some(Identity::Inode(device, number)),
            None => std::fs::canonicalize(path).ok().map(Identity::Path),
        }
    }
}
