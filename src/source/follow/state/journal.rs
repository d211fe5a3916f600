//! What was given out since the state file was written, and the lock that keeps a second follower off.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::super::FollowError;
use super::super::disk::{Inode, open_own, write_at};
use super::super::print::hash;

/// Bytes of one record.
const RECORD: usize = 48;

/// Most bytes read back: the journal is begun anew with every writing of the state file.
const MOST_BYTES: u64 = 16 << 20;

/// The open journal.
pub(super) struct Journal {
    file: File,
    /// Bytes written.
    len: u64,
    /// Records since [`Journal::begin`].
    fresh: Option<BTreeMap<u64, Record>>,
}

/// A file was given out up to an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record {
    /// Number of the file.
    pub(super) id: u64,
    inode: Inode,
    /// The offset, as decoded.
    pub(super) given: u64,
}

impl Record {
    pub(super) fn new(id: u64, inode: &Inode, given: u64) -> Record {
        Record { id, inode: *inode, given }
    }

    /// Whether it speaks of this file.
    pub(super) fn is_of(&self, inode: &Inode) -> bool {
        self.inode == *inode
    }

    fn bytes(&self) -> [u8; RECORD] {
        let Inode { device, number, born } = self.inode;
        let mut bytes = [0; RECORD];
        for (at, field) in [self.id, device, number, born, self.given].into_iter().enumerate() {
            bytes[at * 8..at * 8 + 8].copy_from_slice(&field.to_le_bytes());
        }
        let check = hash(&bytes[..RECORD - 8]);
        bytes[RECORD - 8..].copy_from_slice(&check.to_le_bytes());
        bytes
    }

    /// `None` where these bytes are no record.
    fn read(bytes: &[u8; RECORD]) -> Option<Record> {
        let (fields, _) = bytes.as_chunks::<8>();
        let mut fields = fields.iter().map(|field| u64::from_le_bytes(*field));
        let (id, device, number) = (fields.next()?, fields.next()?, fields.next()?);
        let (born, given, check) = (fields.next()?, fields.next()?, fields.next()?);
        let sound = check == hash(&bytes[..RECORD - 8]);
        sound.then_some(Record { id, inode: Inode { device, number, born }, given })
    }
}

impl Journal {
    /// Opens and locks the journal of the state file `state`, and reads what it holds.
    ///
    /// # Errors
    /// Where somebody else has it, or it cannot be opened.
    pub(super) fn open(state: &Path) -> Result<(Journal, Vec<Record>), FollowError> {
        let mut name = state.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        let unusable = |error: std::io::Error| {
            let reason = match error.kind() {
                std::io::ErrorKind::NotFound => "its folder does not exist".to_owned(),
                _ => error.to_string(),
            };
            FollowError::State { path: path.clone(), reason }
        };
        let mut file = open_own(&path, true).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(FollowError::InUse { path: state.to_owned() });
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let mut bytes = Vec::new();
        file.by_ref().take(MOST_BYTES).read_to_end(&mut bytes).map_err(unusable)?;
        let len = file.seek(SeekFrom::End(0)).map_err(unusable)?;
        let (records, _) = bytes.as_chunks::<RECORD>();
        let records = records.iter().filter_map(Record::read).collect();
        Ok((Journal { file, len, fresh: None }, records))
    }

    /// Notes that a file is about to be given out up to an offset. What cannot be noted is told again, after
    /// a sudden end, as if it were new.
    pub(super) fn note(&mut self, record: &Record) {
        if write_at(&self.file, &record.bytes(), self.len).is_ok() {
            self.len += RECORD as u64;
        }
        if let Some(fresh) = &mut self.fresh {
            fresh.insert(record.id, *record);
        }
    }

    /// The state file is about to be written, with all that was noted so far.
    pub(super) fn begin(&mut self) {
        self.fresh = Some(BTreeMap::new());
    }

    /// It was written: only what was noted since then is still needed. Old records that are left for a
    /// moment do no harm.
    pub(super) fn commit(&mut self) {
        let fresh = self.fresh.take().unwrap_or_default();
        let bytes: Vec<u8> = fresh.values().flat_map(Record::bytes).collect();
        if write_at(&self.file, &bytes, 0).is_ok() && self.file.set_len(bytes.len() as u64).is_ok()
        {
            self.len = bytes.len() as u64;
        }
    }
}
