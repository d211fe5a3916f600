//! What is known of files beyond any one path: who reads which, and how far those were read that nobody
//! reads any more.

use std::collections::HashMap;

use super::disk::Inode;
use super::print::Print;
use super::siblings::Sibling;

/// What is known of files, beyond any one path: who reads which, and how far those were read that nobody
/// reads any more.
#[derive(Default)]
pub(super) struct Known {
    /// Which path holds an open file.
    holders: HashMap<(u64, u64), usize>,
    /// How far a file was read, or was there when following began.
    read: HashMap<Inode, Read>,
    /// Counts up the insertions.
    clock: u64,
}

/// What is known of a file that nobody reads.
#[derive(Debug, Clone)]
struct Read {
    /// How far it was read; `None` where it was only there.
    left: Option<Left>,
    /// Whose it was.
    trail: usize,
    at: u64,
}

/// Where a file was left.
#[derive(Debug, Clone)]
pub(super) struct Left {
    /// What was read of it.
    pub(super) print: Print,
    /// Offset, as decoded, and line number of what comes next.
    pub(super) offset: u64,
    pub(super) line: u64,
}

/// Files remembered that nobody reads; beyond it the older half is forgotten.
const READ_FILES: usize = 16_384;

impl Known {
    pub(super) fn holder(&self, inode: &Inode) -> Option<usize> {
        self.holders.get(&(inode.device, inode.number)).copied()
    }

    pub(super) fn hold(&mut self, inode: &Inode, trail: usize) {
        self.holders.insert((inode.device, inode.number), trail);
    }

    pub(super) fn release(&mut self, inode: &Inode, trail: usize) {
        if self.holder(inode) == Some(trail) {
            self.holders.remove(&(inode.device, inode.number));
        }
    }

    /// Whether nothing of this file is to be opened as if it were new.
    pub(super) fn has(&self, inode: &Inode) -> bool {
        self.holder(inode).is_some() || self.read.contains_key(inode)
    }

    pub(super) fn remember(&mut self, inode: Inode, trail: usize, left: Option<Left>) {
        self.clock += 1;
        self.read.insert(inode, Read { left, trail, at: self.clock });
        if self.read.len() > READ_FILES {
            let old = self.clock - READ_FILES as u64 / 2;
            self.read.retain(|_, read| read.at >= old);
        }
    }

    /// What is known of a file that nobody reads: `None` nothing, `Some(None)` that it was there.
    pub(super) fn left(&self, inode: &Inode) -> Option<Option<&Left>> {
        self.read.get(inode).map(|read| read.left.as_ref())
    }

    /// Where this path has left a file that nobody reads.
    pub(super) fn left_by(&self, inode: &Inode, trail: usize) -> Option<&Left> {
        self.read.get(inode).filter(|read| read.trail == trail)?.left.as_ref()
    }

    /// A file is read again.
    pub(super) fn take_up(&mut self, inode: &Inode, trail: usize) {
        self.read.remove(inode);
        self.hold(inode, trail);
    }

    /// Forgets files of a path that are gone, where a new file may get their number without our knowing.
    pub(super) fn forget_gone(&mut self, trail: usize, there: &[Sibling]) {
        self.read.retain(|inode, read| {
            read.trail != trail
                || inode.born != 0
                || there.iter().any(|sibling| sibling.inode == *inode)
        });
    }
}
