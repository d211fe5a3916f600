//! Times of lines that begin as one whose time is known. To read a line whole takes several times as long.

use super::{Stamp, scan};
use crate::event::Record;

/// A time is only looked for so near the beginning of a line.
const LEAD: usize = 128;

/// How a line begins, up to its time and the byte behind that.
#[derive(Debug, Clone)]
pub struct Alike {
    lead: Box<[u8]>,
    /// Where in it the time begins, and its length.
    at: usize,
    len: usize,
}

impl Alike {
    /// By a line and what was read of it. `None` where its time does not stand near its beginning, or is not written as
    /// a date and a clock, and where a wrapper may have put it there: the next line may have a time of its own behind
    /// that.
    pub fn of(line: &[u8], record: &Record<'_>) -> Option<Alike> {
        let stamp = record.stamp.as_ref().filter(|_| record.wrapper.is_none())?;
        let at = memchr::memmem::find(&line[..line.len().min(LEAD)], stamp.raw.as_bytes())?;
        let len = stamp.raw.len();
        let alike = Alike { lead: line.get(..=at + len)?.into(), at, len };
        (alike.stamp(line).as_ref() == Some(stamp)).then_some(alike)
    }

    /// The time of a line that begins with the same bytes but for its digits: what [`crate::event::read_record`] reads.
    /// `None` for any other.
    pub fn stamp(&self, line: &[u8]) -> Option<Stamp> {
        let lead = line.get(..self.lead.len())?;
        let is_same = |(one, other): (&u8, &u8)| {
            one == other || one.is_ascii_digit() && other.is_ascii_digit()
        };
        if !lead.iter().zip(&self.lead).all(is_same) {
            return None;
        }
        // Of what overwrites itself in a terminal only the last counts.
        let text = line.trim_ascii_end();
        if memchr::memchr(b'\r', text).is_some() {
            return None;
        }
        let time = scan(text.get(self.at..)?).filter(|time| time.len == self.len)?;
        let raw = std::str::from_utf8(&lead[self.at..self.at + self.len]).ok()?;
        Some(Stamp::new(&time, raw))
    }
}
