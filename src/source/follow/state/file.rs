//! The state file as it is stored: JSON, read with mistrust, written whole or not at all.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::FollowError;
use super::super::disk::{Inode, open_own};
use super::super::notice::Settled;
use super::super::print::Hashed;

/// The version this program writes and reads.
const VERSION: u32 = 1;

/// Longest state file read: more than a thousand followed logs with many files each.
const MOST_BYTES: u64 = 32 << 20;

/// Most files of one source, and most that are known.
const MOST_FILES: usize = 4_096;

/// Everything.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredState {
    version: u32,
    /// The follower has ended in peace: what was told is all known.
    pub(super) clean: bool,
    pub(super) sources: Vec<StoredSource>,
}

/// One followed path.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct StoredSource {
    /// Its absolute path.
    pub(in super::super) path: String,
    /// Files that were there at the start or are done with: they are not told (again).
    pub(in super::super) known: Vec<Inode>,
    /// Files that are being followed, the oldest first.
    pub(in super::super) files: Vec<StoredFile>,
}

/// One file.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct StoredFile {
    /// Its number, which no other file gets.
    pub(in super::super) id: u64,
    pub(in super::super) inode: Inode,
    /// Its first bytes, as far as they were read.
    pub(in super::super) head: Hashed,
    /// Where to read from.
    pub(in super::super) place: StoredPlace,
    pub(in super::super) settled: Settled,
    /// Offset up to which it was given out to be told.
    pub(in super::super) given: u64,
}

/// A place in a file.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct StoredPlace {
    /// Offset in the file.
    pub(in super::super) raw: u64,
    /// The same as decoded.
    pub(in super::super) offset: u64,
    /// The bytes before it.
    pub(in super::super) mark: Hashed,
}

/// Only what any version has.
#[derive(Deserialize)]
struct AnyVersion {
    version: u32,
}

impl StoredState {
    pub(super) fn new(clean: bool, sources: Vec<StoredSource>) -> StoredState {
        StoredState { version: VERSION, clean, sources }
    }

    /// Reads a state file. One that is missing or empty says that nothing was followed before.
    pub(super) fn read(path: &Path) -> Result<StoredState, FollowError> {
        let unusable = |reason: String| FollowError::State { path: path.to_owned(), reason };
        let file = match open_own(path, false) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(StoredState::new(true, Vec::new()));
            }
            Err(error) => return Err(unusable(error.to_string())),
        };
        let mut text = Vec::new();
        file.take(MOST_BYTES + 1)
            .read_to_end(&mut text)
            .map_err(|error| unusable(error.to_string()))?;
        if text.is_empty() {
            return Ok(StoredState::new(true, Vec::new()));
        }
        if text.len() as u64 > MOST_BYTES {
            return Err(unusable("not a state file: too long".to_owned()));
        }
        let no_state = |error: serde_json::Error| {
            unusable(format!("not a state file of this program: {error}; remove it to begin anew"))
        };
        let any: AnyVersion = serde_json::from_slice(&text).map_err(no_state)?;
        if any.version != VERSION {
            return Err(unusable(format!(
                "written by another version of this program (format {}, not {VERSION}); \
                 remove it to begin anew",
                any.version
            )));
        }
        let state: StoredState = serde_json::from_slice(&text).map_err(no_state)?;
        let many = |source: &StoredSource| {
            source.files.len() > MOST_FILES || source.known.len() > MOST_FILES
        };
        if let Some(source) = state.sources.iter().find(|source| many(source)) {
            let path = &source.path;
            return Err(unusable(format!(
                "not a state file of this program: too many files of {path}; remove it to begin anew"
            )));
        }
        Ok(state)
    }

    /// Writes it in one step, for its owner's eyes only.
    pub(super) fn write(&self, path: &Path) -> Result<(), FollowError> {
        self.try_write(path).map_err(|error| FollowError::State {
            path: path.to_owned(),
            reason: format!("cannot be written: {error}"),
        })
    }

    fn try_write(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut text = serde_json::to_vec(self)?;
        text.push(b'\n');
        let mut temporary = tempfile::Builder::new()
            .prefix(".wd-diagnose-state-")
            .tempfile_in(folder.unwrap_or(Path::new(".")))?;
        temporary.write_all(&text)?;
        File::sync_data(temporary.as_file())?;
        temporary.persist(path)?;
        Ok(())
    }
}
