//! Keeps account of how far everything was read and told.

use super::disk::Inode;
use super::generation::Generation;
use super::notice::{FileId, Settled};
use super::print::Hashed;

/// The account.
#[derive(Default)]
pub(super) struct Book {}

impl Book {
    /// Highest number that a file was given.
    pub(super) fn last_file(&self) -> u64 {
        0
    }
    /// A file was opened.
    pub(super) fn open(&self, _generation: &mut Generation, _trail: usize) {}
    /// A file was told up to here.
    pub(super) fn settled(&self, _id: FileId, _settled: Settled) {}
    /// A file is done with.
    pub(super) fn close(&self, _id: FileId) {}
    /// Reading has got to `raw`.
    pub(super) fn checkpoint(&self, _id: FileId, _raw: u64, _offset: u64, _mark: Hashed) {}
    /// What ends at `end` is about to be given out.
    pub(super) fn reads(&self, _id: FileId, _inode: &Inode, _end: u64, _head: &[u8]) {}
}
