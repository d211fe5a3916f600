//! Going to a place in a file that is not its start.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::channel;

use memchr::{memrchr, memrchr2};

use super::super::disk::read_at;
use super::super::encoding::Text;
use super::super::print::Print;
use super::super::queue::Bell;
use super::super::state::StoredFile;
use super::Generation;
use crate::safe::limits;
use crate::source::ends::{Ends, LineEnds};
use crate::source::text::turn;

/// Files up to this size have their lines counted at once, larger ones on the side.
const COUNT_AT_ONCE: u64 = 8 << 20;

/// Where a text that begins at the start of a file has got to at an offset in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count {
    offset: u64,
    line: u64,
    ends: Ends,
}

impl Generation {
    /// Goes on where an earlier follower had got to: it had given out what lies before `given`, and may
    /// have told it.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub(in super::super) fn resume(&mut self, stored: &StoredFile, given: u64) -> io::Result<()> {
        self.sniff()?;
        self.print = Print::at(&self.file, stored.place.raw)?;
        if stored.place.raw == 0 {
            self.ends = Ends::default();
        }
        self.offset = stored.place.offset;
        self.line = stored.settled.line;
        self.skip = stored.settled.offset;
        self.told = stored.settled.told;
        self.replayed = given;
        Ok(())
    }

    /// Goes to the end, or rather to the start of the line that is open there. Its lines are counted, on
    /// the side where it is large.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub(in super::super) fn go_to_end(&mut self, bell: &Arc<Bell>) -> io::Result<()> {
        self.sniff()?;
        let mut raw = self.size;
        if self.text == Text::Bytes {
            let most = raw.min(limits::LINE_BYTES as u64);
            let mut last = vec![0; usize::try_from(most).unwrap_or(limits::LINE_BYTES)];
            let n = read_at(&self.file, &mut last, raw - most)?;
            let end = match self.ends.kind() {
                LineEnds::Returns => memrchr2(b'\n', b'\r', &last[..n]),
                LineEnds::Newlines | LineEnds::Unknown => memrchr(b'\n', &last[..n]),
            };
            let open = end.map(|end| n - end - 1);
            match open {
                Some(open) => raw -= open as u64,
                None if most == raw => raw = 0,
                // A line longer than any that is kept: its start is of no use.
                None => {}
            }
            self.told = self.size;
        }
        self.go_to(raw, bell)
    }

    /// Goes to an offset whose place in the text is not known: it is counted.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub(in super::super) fn go_to(&mut self, raw: u64, bell: &Arc<Bell>) -> io::Result<()> {
        self.sniff()?;
        let raw = match self.text {
            Text::Utf16 { .. } => raw / 2 * 2,
            _ => raw,
        };
        self.print = Print::at(&self.file, raw)?;
        if raw == 0 {
            self.ends = Ends::default();
            return Ok(());
        }
        let (text, file) = (self.text, self.file.try_clone()?);
        let count = move || count(&file, text, raw);
        if raw <= COUNT_AT_ONCE {
            self.counted(count());
        } else {
            let (told, counting) = channel();
            let bell = bell.clone();
            std::thread::Builder::new().name("count lines".to_owned()).spawn(move || {
                let _ = told.send(count());
                bell.ring(|rung| rung.all = true);
            })?;
            self.counting = Some(counting);
        }
        Ok(())
    }

    pub(super) fn counted(&mut self, count: Count) {
        self.offset = count.offset;
        self.line = count.line;
        self.ends = count.ends;
        self.counting = None;
    }
}

/// Reads the first `raw` bytes of a file to know where its text is there. A file that cannot be read counts
/// as far as it can.
fn count(file: &File, text: Text, raw: u64) -> Count {
    let mut block = vec![0; limits::FOLLOW_BLOCK];
    let mut at = 0;
    let mut count = Count { offset: 0, line: 1, ends: Ends::default() };
    let mut decoded = String::new();
    while at < raw {
        let most = usize::try_from(raw - at).unwrap_or(block.len()).min(block.len());
        let Ok(n @ 1..) = read_at(file, &mut block[..most], at) else { break };
        let n = match text {
            Text::Utf16 { big_endian } => {
                decoded.clear();
                let n = turn(&block[..n], big_endian, at == 0, at + n as u64 >= raw, &mut decoded);
                count.offset += decoded.len() as u64;
                count.line += count.ends.take(decoded.as_bytes());
                n
            }
            _ => {
                count.offset += n as u64;
                count.line += count.ends.take(&block[..n]);
                n
            }
        };
        if n == 0 {
            break;
        }
        at += n as u64;
    }
    if !matches!(text, Text::Utf16 { .. }) {
        count.offset = raw;
    }
    count.line += count.ends.waiting();
    count.ends = count.ends.passed();
    count
}
