//! Line ends: in a text whose lines end with lone carriage returns (old Macs, a progress bar that was
//! redirected) these become newlines as it streams by, byte for byte, so that offsets stay true.
//!
//! The rule does not depend on how the text was cut: where its first [`limits::ENDS_BYTES`], or all of it
//! where it is shorter, hold a carriage return and no newline, each carriage return that no newline follows
//! ends a line. In any other text it is a byte like others: progress bars inside a log stay as they are.

use std::io::{self, Read};

use memchr::{memchr, memchr_iter};

use super::buffer::newlines;
use super::peek::Peek;
use crate::safe::limits;

/// What ends the lines of a text, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LineEnds {
    /// No newline came yet, and not enough to say that none is to be expected. There may be returns.
    #[default]
    Unknown,
    /// Newlines; a carriage return before one belongs to it.
    Newlines,
    /// Carriage returns, and newlines where there are any.
    Returns,
}

/// Learns from a text, piece by piece, what ends its lines, and counts them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ends {
    kind: LineEnds,
    /// Bytes seen while it was not known.
    seen: usize,
    /// Lines among them if returns end lines.
    lines: u64,
    /// The last byte was a return: what follows says whether it ends a line.
    waiting: bool,
}

impl Ends {
    /// What a text tells that begins with `head`, for whoever goes on somewhere behind it.
    pub(super) fn told_by(head: &[u8]) -> Ends {
        let mut ends = Ends::default();
        ends.take(head);
        ends.passed()
    }

    /// For whoever takes a return that came last for a line's end.
    pub(super) fn passed(self) -> Ends {
        Ends { waiting: false, ..self }
    }

    /// Takes in the next bytes. Returns how many more lines are known to have ended than before.
    pub fn take(&mut self, bytes: &[u8]) -> u64 {
        match self.kind {
            LineEnds::Newlines => newlines(bytes),
            LineEnds::Returns => self.count(bytes),
            LineEnds::Unknown => {
                let left = (limits::ENDS_BYTES - self.seen).min(bytes.len());
                if memchr(b'\n', &bytes[..left]).is_some() {
                    self.kind = LineEnds::Newlines;
                    return newlines(bytes);
                }
                self.seen += left;
                self.lines += self.count(bytes);
                if self.seen < limits::ENDS_BYTES {
                    return 0;
                }
                self.end();
                if self.kind == LineEnds::Returns { self.lines } else { newlines(bytes) }
            }
        }
    }

    /// Nothing more comes: what is not known yet is judged by what there is.
    pub fn end(&mut self) {
        if self.kind == LineEnds::Unknown {
            let returns = self.lines > 0 || self.waiting;
            self.kind = if returns { LineEnds::Returns } else { LineEnds::Newlines };
        }
    }

    /// What ends the lines.
    pub fn kind(&self) -> LineEnds {
        self.kind
    }

    /// 1 where the last byte ends a line if no newline follows it, which is not counted yet.
    pub fn waiting(&self) -> u64 {
        u64::from(self.kind == LineEnds::Returns && self.waiting)
    }

    /// Lines that `bytes` end, carriage returns counted.
    fn count(&mut self, bytes: &[u8]) -> u64 {
        let Some((&first, &last)) = bytes.first().zip(bytes.last()) else { return 0 };
        let before = u64::from(self.waiting && first != b'\n');
        self.waiting = last == b'\r';
        let returns = memchr_iter(b'\r', bytes)
            .filter(|&at| bytes.get(at + 1).is_some_and(|&next| next != b'\n'))
            .count();
        before + newlines(bytes) + returns as u64
    }
}

/// Makes newlines of the carriage returns that no newline follows. That of the last byte is not known yet:
/// it is left as it is.
pub(super) fn turn_returns(bytes: &mut [u8]) {
    for at in 1..bytes.len() {
        if bytes[at - 1] == b'\r' && bytes[at] != b'\n' {
            bytes[at - 1] = b'\n';
        }
    }
}

/// What ends the lines of a text that begins with `head`: its first [`limits::ENDS_BYTES`], or all of it
/// where it is shorter. Less will do where there is a newline in it.
pub(super) fn line_ends(head: &[u8]) -> LineEnds {
    let mut ends = Ends::default();
    ends.take(head);
    ends.end();
    ends.kind()
}

/// A text with newlines for its carriage returns.
pub(super) struct Returns {
    inner: Peek,
}

impl Returns {
    /// Reads `inner`, whose lines end with carriage returns.
    pub(super) fn new(inner: Peek) -> Returns {
        Returns { inner }
    }
}

impl Read for Returns {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        turn_returns(&mut buf[..n]);
        if n > 0 && buf[n - 1] == b'\r' && self.inner.peek(1) != b"\n" {
            buf[n - 1] = b'\n';
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests;
