//! Unpacking ahead: what is compressed is decoded in a thread of its own, so that one piece is decoded while
//! the one before is searched.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use super::peek::read_again;

/// Bytes decoded where they are asked for, before a thread is worth its while.
const AT_ONCE: usize = 1 << 20;

/// Size of a piece that is handed over.
const PIECE: usize = 256 << 10;

/// Pieces that may wait: as much as is searched at once, twice.
const PIECES: usize = 32;

/// A stream of which a bounded stretch is read ahead, in the same order and with the same end. An error comes
/// behind the bytes before it.
pub(super) struct Ahead {
    source: Source,
}

enum Source {
    /// The stream, and how many bytes more are read where they are asked for.
    Here(Box<dyn Read + Send>, usize),
    There(There),
    Ended,
}

/// The other end of the thread that reads.
struct There {
    /// Pieces, the last one empty where the stream has ended well.
    pieces: Receiver<io::Result<Vec<u8>>>,
    /// Where pieces go to be filled again.
    used: Sender<Vec<u8>>,
    piece: Vec<u8>,
    /// How much of `piece` was given out.
    given: usize,
}

impl Ahead {
    /// Reads `inner` ahead.
    pub(super) fn new(inner: Box<dyn Read + Send>) -> Ahead {
        Ahead { source: Source::Here(inner, AT_ONCE) }
    }
}

impl Read for Ahead {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match &mut self.source {
                Source::Ended => return Ok(0),
                Source::Here(inner, 0) => {
                    let inner = std::mem::replace(inner, Box::new(io::empty()));
                    self.source = Source::There(There::begin(inner)?);
                }
                Source::Here(inner, left) => {
                    let most = buf.len().min(*left);
                    let n = read_again(inner, &mut buf[..most])?;
                    *left -= n;
                    return Ok(n);
                }
                Source::There(there) => match there.read(buf) {
                    Ok(0) if !buf.is_empty() => self.source = Source::Ended,
                    Ok(n) => return Ok(n),
                    Err(error) => {
                        self.source = Source::Ended;
                        return Err(error);
                    }
                },
            }
        }
    }
}

impl There {
    /// Begins to read.
    ///
    /// # Errors
    /// Where no thread is to be had.
    fn begin(inner: Box<dyn Read + Send>) -> io::Result<There> {
        let (full, pieces) = sync_channel(PIECES);
        let (used, empty) = channel();
        let thread = thread::Builder::new().name("unpack".to_owned());
        thread.spawn(move || read_all(inner, &full, &empty))?;
        Ok(There { pieces, used, piece: Vec::new(), given: 0 })
    }

    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.given == self.piece.len() && !buf.is_empty() {
            let stopped = || io::Error::other("what unpacks the data has stopped");
            let next = self.pieces.recv().map_err(|_| stopped())??;
            // The thread may have ended by now, and needs no more.
            let _ = self.used.send(std::mem::replace(&mut self.piece, next));
            self.given = 0;
        }
        let rest = &self.piece[self.given..];
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        self.given += n;
        Ok(n)
    }
}

/// Reads to the end, or until nobody listens any more.
fn read_all(
    mut inner: Box<dyn Read + Send>,
    full: &SyncSender<io::Result<Vec<u8>>>,
    empty: &Receiver<Vec<u8>>,
) {
    loop {
        let mut piece = empty.try_recv().unwrap_or_default();
        piece.resize(PIECE, 0);
        let mut filled = 0;
        let mut failed = None;
        while filled < PIECE {
            match read_again(&mut inner, &mut piece[filled..]) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        piece.truncate(filled);
        let ended = filled < PIECE;
        if filled > 0 && full.send(Ok(piece)).is_err() {
            return;
        }
        if ended {
            let _ = full.send(failed.map_or(Ok(Vec::new()), Err));
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    /// Gives out `left` bytes that count up, a few at a time, and then ends or fails.
    struct Counting {
        at: usize,
        end: usize,
        fails: bool,
    }

    impl Read for Counting {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let n = buf.len().min(self.end - self.at).min(70_001);
            if n == 0 && self.fails {
                return Err(io::Error::other("damaged"));
            }
            for (index, byte) in buf[..n].iter_mut().enumerate() {
                *byte = ((self.at + index) % 251) as u8;
            }
            self.at += n;
            Ok(n)
        }
    }

    #[test]
    fn all_comes_in_order_and_an_error_behind_it() {
        for end in [0, 5, AT_ONCE, AT_ONCE + 1, AT_ONCE + PIECE, AT_ONCE + 3 * PIECE + 7] {
            for fails in [false, true] {
                let mut ahead = Ahead::new(Box::new(Counting { at: 0, end, fails }));
                let mut all = Vec::new();
                let result = ahead.read_to_end(&mut all);
                let wanted: Vec<u8> = (0..end).map(|at| (at % 251) as u8).collect();
                assert!(all == wanted, "{end} {fails}");
                assert_eq!(result.is_err(), fails, "{end}");
            }
        }
    }

    #[test]
    fn no_more_is_read_than_may_wait_and_leaving_ends_it() {
        let end = AT_ONCE + 4 * PIECES * PIECE;
        let (told, read) = channel();
        struct Telling(Counting, Sender<usize>);
        impl Read for Telling {
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                let n = self.0.read(buf)?;
                self.1.send(self.0.at).unwrap();
                Ok(n)
            }
        }
        let counting = Counting { at: 0, end, fails: false };
        let mut ahead = Ahead::new(Box::new(Telling(counting, told)));
        let mut first = vec![0; AT_ONCE + 1];
        ahead.read_exact(&mut first).unwrap();
        drop(ahead);
        // The thread has ended once this has: nobody else holds the other end.
        let most = read.iter().last().unwrap();
        assert!(most <= AT_ONCE + (PIECES + 3) * PIECE, "{most}");
    }
}
