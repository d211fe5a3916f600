//! What to do, decided from what was and what is. Pure.

use std::time::Duration;

use super::disk::Inode;

/// What a path names when one looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// A regular file.
    File(Inode),
    /// Nothing.
    Nothing,
    /// Something else, or it cannot be told.
    Other,
}

/// What has become of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It names the file that is held.
    Stay,
    /// Its file is gone; what is held is read on.
    Gone,
    /// There is still no file.
    Wait,
    /// It has its first file.
    First,
    /// It names another file than the one that is held.
    Replaced,
    /// There was none for a while, and there is one again.
    Returned,
}

/// Tells what has become of a path that names `now`, where the file `held` was opened there last (`None`:
/// none yet, or it is done with), and `ever` says whether there was one at all.
pub(super) fn turn(held: Option<Inode>, ever: bool, now: Named) -> Turn {
    match (held, now) {
        (Some(held), Named::File(inode)) if held.is_held_as(&inode) => Turn::Stay,
        (Some(_), Named::File(_)) => Turn::Replaced,
        (Some(_), Named::Nothing) => Turn::Gone,
        (Some(_), Named::Other) => Turn::Gone,
        (None, Named::File(_)) if ever => Turn::Returned,
        (None, Named::File(_)) => Turn::First,
        (None, _) => Turn::Wait,
    }
}

/// What a block of a file that was just read gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Take {
    /// Nothing to take yet.
    Nothing,
    /// The first bytes, this many. What follows are NULs, which may be filled in later: a writer that maps
    /// its file makes it longer first.
    Bytes(usize),
    /// All of it is NUL. What follows may be a hole, or not written yet.
    Hole,
}

/// Tells what to take of a block whose characters are of `unit` bytes.
pub(super) fn take(block: &[u8], unit: usize) -> Take {
    if block.is_empty() {
        return Take::Nothing;
    }
    match block.iter().rposition(|&byte| byte != 0) {
        None => Take::Hole,
        Some(last) => Take::Bytes((last / unit * unit + unit).min(block.len())),
    }
}

/// Whether a file that is no longer written to under its path is done with: it was read to its end, and
/// both are `quiet` ago, its last byte and its replacement.
pub(super) fn is_done(at_end: bool, since_data: Duration, since_left: Duration) -> bool {
    at_end && since_data.min(since_left) >= super::QUIET
}

/// Picks from the files beside a path, the oldest first, those that were missed: they are older than the
/// file `new` that the path names now (or named a moment ago, and then it stands among them), and not
/// `known`.
pub(super) fn missed(
    beside: &[Inode],
    new: Option<Inode>,
    known: impl Fn(&Inode) -> bool,
) -> Vec<usize> {
    let end = new.and_then(|new| beside.iter().position(|inode| inode.is_held_as(&new)));
    let older = &beside[..end.unwrap_or(beside.len())];
    (0..older.len()).filter(|&index| !known(&older[index])).collect()
}
