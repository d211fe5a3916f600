//! Encodings: UTF-16 becomes UTF-8 as it streams by, the byte order mark of UTF-8 is stepped over, and
//! all other bytes are left as they are.

use std::io::{self, Read};

/// How a text is encoded, told by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// UTF-8 or any other superset of ASCII. `mark` is the length of a byte order mark to step over.
    Bytes {
        /// 0 or 3.
        mark: usize,
    },
    /// UTF-16, with or without a byte order mark.
    Utf16 {
        /// High byte first.
        big_endian: bool,
    },
}

/// Byte pairs needed to call a text without a byte order mark UTF-16.
const PAIRS: usize = 4;

/// Tells the encoding from the first bytes of a text.
///
/// Without a mark, UTF-16 is told by its NULs, as PowerShell before version 6 may leave it with `>>`: in
/// text that is mostly ASCII nearly every second byte is NUL and none of the others.
pub(super) fn encoding(head: &[u8]) -> Encoding {
    match head {
        [0xef, 0xbb, 0xbf, ..] => return Encoding::Bytes { mark: 3 },
        [0xff, 0xfe, ..] => return Encoding::Utf16 { big_endian: false },
        [0xfe, 0xff, ..] => return Encoding::Utf16 { big_endian: true },
        _ => {}
    }
    let (pairs, _) = head.as_chunks::<2>();
    let first = pairs.iter().filter(|pair| pair[0] == 0).count();
    let second = pairs.iter().filter(|pair| pair[1] == 0).count();
    let most = pairs.len() - pairs.len() / 10;
    if pairs.len() < PAIRS {
        Encoding::Bytes { mark: 0 }
    } else if first == 0 && second >= most {
        Encoding::Utf16 { big_endian: false }
    } else if second == 0 && first >= most {
        Encoding::Utf16 { big_endian: true }
    } else {
        Encoding::Bytes { mark: 0 }
    }
}

/// Bytes of UTF-16 turned at once.
const PIECE: usize = 64 << 10;

/// UTF-16 as UTF-8. The byte order mark is left out; what is no character becomes U+FFFD, a last odd byte
/// too.
#[derive(Debug)]
pub(super) struct Utf16<R> {
    inner: R,
    big_endian: bool,
    /// Bytes read; the first `held` of them are not turned yet (an odd byte, a first surrogate).
    raw: Vec<u8>,
    held: usize,
    text: String,
    /// How much of `text` was given out.
    given: usize,
    started: bool,
    ended: bool,
}

impl<R: Read> Utf16<R> {
    /// Reads `inner` as UTF-16.
    pub(super) fn new(inner: R, big_endian: bool) -> Utf16<R> {
        Utf16 {
            inner,
            big_endian,
            raw: vec![0; PIECE],
            held: 0,
            text: String::new(),
            given: 0,
            started: false,
            ended: false,
        }
    }

    /// Reads one piece and turns it.
    fn turn(&mut self) -> io::Result<()> {
        let n = self.inner.read(&mut self.raw[self.held..])?;
        self.ended = n == 0;
        let filled = self.held + n;
        self.text.clear();
        self.given = 0;
        let raw = &self.raw[..filled];
        let whole = turn(raw, self.big_endian, !self.started, self.ended, &mut self.text);
        self.started |= whole > 0;
        self.raw.copy_within(whole..filled, 0);
        self.held = filled - whole;
        Ok(())
    }
}

/// Appends to `text` what the start of `raw` says, as far as that can be told without what follows it: all
/// of it where the text has `ended`. Returns the number of bytes that were turned. A byte order mark at the
/// `start` of the text is left out.
pub(super) fn turn(
    raw: &[u8],
    big_endian: bool,
    start: bool,
    ended: bool,
    text: &mut String,
) -> usize {
    let whole = if ended { raw.len() } else { ready(raw, big_endian) };
    let (pairs, odd) = raw[..whole].as_chunks::<2>();
    let units = pairs.iter().map(|&pair| unit(pair, big_endian));
    let skip = usize::from(start && pairs.first().is_some_and(|&p| is_mark(unit(p, big_endian))));
    let chars = char::decode_utf16(units.skip(skip));
    text.extend(chars.map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
    if !odd.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    whole
}

/// How many of the raw bytes can be turned without what follows them.
fn ready(raw: &[u8], big_endian: bool) -> usize {
    let (pairs, _) = raw.as_chunks::<2>();
    match pairs.last() {
        Some(&last) if (0xd800..0xdc00).contains(&unit(last, big_endian)) => pairs.len() * 2 - 2,
        _ => pairs.len() * 2,
    }
}

fn unit(pair: [u8; 2], big_endian: bool) -> u16 {
    if big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
}

fn is_mark(unit: u16) -> bool {
    unit == 0xfeff
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.ended {
            self.turn()?;
        }
        let rest = &self.text.as_bytes()[self.given..];
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        self.given += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests;
