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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Inode, Named, Take, Turn, is_done, missed, take, turn};

    fn inode(number: u64) -> Inode {
        Inode { device: 1, number, born: number * 1_000 }
    }

    #[test]
    fn what_becomes_of_a_path() {
        let held = Some(inode(1));
        // An overlay changes the time of birth of a file that is held.
        let swapped = Inode { born: 7, ..inode(1) };
        for (held, ever, now, expected) in [
            (held, true, Named::File(inode(1)), Turn::Stay),
            (held, true, Named::File(swapped), Turn::Stay),
            (held, true, Named::File(inode(2)), Turn::Replaced),
            (held, true, Named::Nothing, Turn::Gone),
            (held, true, Named::Other, Turn::Gone),
            (None, false, Named::Nothing, Turn::Wait),
            (None, false, Named::Other, Turn::Wait),
            (None, false, Named::File(inode(1)), Turn::First),
            (None, true, Named::File(inode(1)), Turn::Returned),
            (None, true, Named::Nothing, Turn::Wait),
        ] {
            assert_eq!(turn(held, ever, now), expected, "{held:?} {ever} {now:?}");
        }
    }

    #[test]
    fn trailing_nuls_are_left_for_later() {
        for (block, unit, expected) in [
            (&b""[..], 1, Take::Nothing),
            (b"line\n", 1, Take::Bytes(5)),
            (b"li\0\0", 1, Take::Bytes(2)),
            (b"\0\0li\0ne\n", 1, Take::Bytes(8)),
            (b"\0\0\0", 1, Take::Hole),
            (b"a\0b\0", 2, Take::Bytes(4)),
            (b"a\0b\0\0\0", 2, Take::Bytes(4)),
            (b"\0a\0b\0", 2, Take::Bytes(4)),
            (b"a\0b", 2, Take::Bytes(3)),
        ] {
            assert_eq!(take(block, unit), expected, "{block:?}");
        }
    }

    #[test]
    fn a_file_is_done_with_when_it_was_read_and_both_its_ends_are_quiet() {
        let [short, long] = [9, 10].map(Duration::from_secs);
        assert!(is_done(true, long, long));
        assert!(!is_done(false, long, long));
        assert!(!is_done(true, short, long));
        assert!(!is_done(true, long, short));
    }

    #[test]
    fn missed_are_those_older_than_the_new_one_that_nobody_knows() {
        let beside = [1, 2, 3, 4].map(inode);
        let known = |inode: &Inode| inode.number == 2;
        assert_eq!(missed(&beside, Some(inode(9)), known), [0, 2, 3]);
        // The new one was renamed in the meantime: what is younger comes later.
        assert_eq!(missed(&beside, Some(inode(3)), known), [0]);
        assert_eq!(missed(&beside, None, |_| true), [0; 0]);
    }
}
