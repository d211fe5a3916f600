//! One open file and how far it was read.

mod seek;

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant, SystemTime};

use memchr::memchr;

use super::super::ends::Ends;
use super::disk::{Inode, changed, next_data, read_at};
use super::encoding::{Text, decode, refusal_of};
use super::known::Left;
use super::notice::{Appended, FileId, Notice, Past, Settled, SourceId};
use super::print::Print;
use super::queue::{Bell, Queue};
use super::state::Book;
use super::tail::{Take, take};
use crate::safe::limits;
use seek::Count;

/// Blocks read of one file before others have their turn.
const BLOCKS: usize = 8;

/// The system's clock for files is coarse: only what was changed longer ago than this cannot have been
/// changed again without showing it.
const SETTLED: Duration = Duration::from_secs(1);

/// What reading needs besides the file.
pub(super) struct Reading<'a> {
    /// Where what was read goes.
    pub(super) queue: &'a Queue,
    /// Room for a block and the mark before it.
    pub(super) buffer: &'a mut Vec<u8>,
    /// The present time.
    pub(super) now: Instant,
    /// Keeps account for the state file.
    pub(super) book: &'a Book,
    /// Whose file it is in that account.
    pub(super) trail: usize,
    /// Rung when lines were counted.
    pub(super) bell: &'a Arc<Bell>,
}

/// How reading went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pumped {
    /// Read to the end, for now.
    End,
    /// There is more.
    More,
    /// There is more, and no room for it.
    Full,
    /// The file is not what it was: it was cut, and may have grown again.
    Truncated,
}

/// A file that is read as it grows.
pub(super) struct Generation {
    pub(super) source: SourceId,
    pub(super) id: FileId,
    /// What to call it in a report.
    pub(super) name: Arc<str>,
    /// Where it was found.
    pub(super) path: PathBuf,
    pub(super) inode: Inode,
    file: File,
    pub(super) print: Print,
    text: Text,
    /// Offset as decoded, and line number, of the byte that is read next.
    pub(super) offset: u64,
    line: u64,
    /// What ends its lines, as far as it was read.
    ends: Ends,
    /// Up to this offset in the file its bytes were there when following began.
    backlog: u64,
    /// What is decoded before this offset is not given out: it was settled before.
    skip: u64,
    /// Events that begin before this offset were told, or may have been.
    told: u64,
    replayed: u64,
    holes: Holes,
    /// As it was at the last look.
    pub(super) size: u64,
    written: Option<SystemTime>,
    pub(super) nameless: bool,
    /// When it was last longer than before.
    pub(super) last_data: Instant,
    /// Since when its path names another file, or none.
    pub(super) left: Option<Instant>,
    /// Nobody writes to it: it is a copy.
    pub(super) sealed: bool,
    at_end: bool,
    begun: bool,
    /// When the system says that it was changed, and when that was seen by our own clock.
    stamp: (i64, i64),
    last_change: Instant,
    counting: Option<Receiver<Count>>,
}

/// Where the search for what follows a stretch of NULs has got to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Holes {
    /// Offset of the stretch, and size and time of the file, for which this is true.
    start: u64,
    size: u64,
    written: Option<SystemTime>,
    /// NULs up to here.
    seen: u64,
}

impl Generation {
    /// A file to be read from its start.
    pub(super) fn new(
        source: SourceId,
        id: FileId,
        name: Arc<str>,
        path: &Path,
        (file, meta): (File, &Metadata),
        now: Instant,
    ) -> Generation {
        Generation {
            source,
            id,
            name,
            path: path.to_owned(),
            inode: Inode::of_open(&file, path, meta),
            file,
            print: Print::default(),
            text: Text::Unknown,
            offset: 0,
            line: 1,
            ends: Ends::default(),
            backlog: 0,
            skip: 0,
            told: 0,
            replayed: 0,
            holes: Holes::default(),
            size: meta.len(),
            written: meta.modified().ok(),
            nameless: false,
            last_data: now,
            left: None,
            sealed: false,
            at_end: false,
            begun: false,
            stamp: changed(meta),
            last_change: Instant::now(),
            counting: None,
        }
    }

    /// Goes on where it was left.
    pub(super) fn take_up(&mut self, left: Left) {
        self.print = left.print;
        self.offset = left.offset;
        self.line = left.line;
    }

    /// What it holds by now was there when following began.
    pub(super) fn mark_backlog(&mut self) {
        self.backlog = self.size;
    }

    /// Says so.
    pub(super) fn mark_replayed(&mut self, offset: u64) {
        self.replayed = offset;
    }

    /// What begins before this offset may have been told before.
    pub(super) fn replayed(&self) -> u64 {
        self.replayed
    }

    /// Whether its place in the text is known.
    pub(super) fn is_counted(&self) -> bool {
        self.counting.is_none()
    }

    /// Where it stands, of which nothing was given out.
    pub(super) fn settled(&self) -> Settled {
        let offset = self.offset.max(self.skip);
        Settled { offset, line: self.line(), told: offset.max(self.told) }
    }

    /// Number of the line that the next byte belongs to.
    pub(super) fn line(&self) -> u64 {
        self.line + self.ends.waiting()
    }

    /// Tells the encoding and the line ends from the first bytes, where there are any.
    fn sniff(&mut self) -> io::Result<()> {
        let mut head = vec![0; limits::SNIFF_BYTES];
        let mut n = read_at(&self.file, &mut head, 0)?;
        self.text = Text::told(&head[..n], true);
        if let Text::Bytes = self.text
            && n == 0
        {
            self.text = Text::Unknown;
        }
        if memchr(b'\n', &head[..n]).is_none() {
            head.resize(limits::ENDS_BYTES * self.text.unit(), 0);
            n = read_at(&self.file, &mut head, 0)?;
        }
        self.ends = Ends::told_by(&decode(self.text, &head[..n], true, false).2);
        Ok(())
    }

    /// Why it is no text, in words.
    pub(super) fn refused(&self) -> Option<&'static str> {
        if self.text != Text::Refused {
            return None;
        }
        let mut head = vec![0; limits::SNIFF_BYTES];
        let n = read_at(&self.file, &mut head, 0).ok()?;
        head.truncate(n);
        Some(refusal_of(&head))
    }

    /// A second handle on the same file.
    ///
    /// # Errors
    /// Where the system has no more handles.
    pub(super) fn again(&self) -> io::Result<(File, Metadata)> {
        let file = self.file.try_clone()?;
        let meta = file.metadata()?;
        Ok((file, meta))
    }

    /// Goes on in a copy that holds all that was read, and which nobody writes to.
    pub(super) fn go_on_in(&mut self, path: &Path, file: File, meta: &Metadata) {
        self.inode = Inode::of_open(&file, path, meta);
        self.file = file;
        self.path = path.to_owned();
        self.size = meta.len();
        self.sealed = true;
        self.at_end = false;
        self.holes = Holes::default();
    }

    /// Whether it was read to its end when one looked last.
    pub(super) fn at_end(&self) -> bool {
        self.at_end
    }

    /// Whether it was empty at the last look and is no longer. True once.
    pub(super) fn has_first_bytes(&mut self) -> bool {
        let first = self.at_end
            && !self.begun
            && self.print.end() == 0
            && self.file.metadata().is_ok_and(|meta| meta.len() > 0);
        self.begun |= first;
        first
    }

    /// Whether `other`, which is `size` bytes long, is the same from its start to its end, or as far as is
    /// worth comparing.
    pub(super) fn begins_with(&self, other: &File, size: u64) -> bool {
        let most = usize::try_from(size).unwrap_or(usize::MAX).min(limits::FOLLOW_BLOCK / 2);
        let (mut own, mut others) = (vec![0; most], vec![0; most]);
        let read = |file: &File, block: &mut [u8]| read_at(file, block, 0).is_ok_and(|n| n == most);
        read(&self.file, &mut own) && read(other, &mut others) && own == others
    }

    /// Bytes of it that were seen and not read.
    pub(super) fn unread(&self) -> u64 {
        self.size.saturating_sub(self.print.end())
    }

    /// Reads what there is and gives it out. With `reading` false it is only looked whether the file is
    /// still what it was.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub(super) fn pump(&mut self, cx: &mut Reading<'_>, reading: bool) -> io::Result<Pumped> {
        let at_end = std::mem::take(&mut self.at_end);
        if let Some(counting) = &self.counting {
            match counting.try_recv() {
                Ok(count) => {
                    self.counted(count);
                    cx.book.open(self, cx.trail);
                }
                Err(TryRecvError::Empty) => return Ok(Pumped::End),
                Err(TryRecvError::Disconnected) => self.counting = None,
            }
        }
        let meta = self.file.metadata()?;
        // A new name changes the stamp, and not what was written.
        let written = meta.len() != self.size || meta.modified().ok() != self.written;
        let stamp = changed(&meta);
        let changed = written || stamp != self.stamp;
        let end = self.print.end();
        if changed {
            self.stamp = stamp;
            self.last_change = Instant::now();
        } else if at_end && meta.len() == end && self.last_change.elapsed() > SETTLED {
            self.at_end = true;
            return Ok(Pumped::End);
        }
        // An empty file that has changed and is empty was written to and cut between two looks.
        let cut_unread = end == 0 && (meta.len() < self.size || (written && meta.len() == 0));
        if meta.len() < end || cut_unread {
            return Ok(Pumped::Truncated);
        }
        if changed && !self.print.same_head(&self.file) {
            return Ok(Pumped::Truncated);
        }
        self.size = meta.len();
        self.written = meta.modified().ok();
        self.nameless = super::disk::names(&meta) == 0;
        for _ in 0..BLOCKS {
            let full = !reading || cx.queue.room() < limits::FOLLOW_BLOCK;
            let mark = self.print.mark();
            let start = self.print.end() - mark.len() as u64;
            let want = mark.len() + if full { 1 } else { limits::FOLLOW_BLOCK };
            cx.buffer.resize(mark.len() + limits::FOLLOW_BLOCK, 0);
            let n = read_at(&self.file, &mut cx.buffer[..want], start)?;
            if n < mark.len() || cx.buffer[..mark.len()] != mark[..] {
                return Ok(Pumped::Truncated);
            }
            if full && n == want {
                return Ok(Pumped::Full);
            }
            let mut buffer = std::mem::take(cx.buffer);
            let taken = self.take(cx, &buffer[mark.len()..n]);
            std::mem::swap(cx.buffer, &mut buffer);
            if !taken? {
                self.at_end = true;
                return Ok(Pumped::End);
            }
        }
        Ok(Pumped::More)
    }

    /// Takes what can be taken of a block read at the present offset. False where that is nothing.
    fn take(&mut self, cx: &mut Reading<'_>, block: &[u8]) -> io::Result<bool> {
        if self.text == Text::Unknown {
            match self.print.end() {
                0 => self.text = Text::told(block, false),
                _ => self.sniff()?,
            }
        }
        if matches!(self.text, Text::Unknown | Text::Refused) {
            return Ok(false);
        }
        let unit = self.text.unit();
        match take(block, unit) {
            Take::Nothing => Ok(false),
            Take::Bytes(len) => self.give(cx, &block[..len]),
            Take::Hole => self.jump(block.len() as u64, unit as u64),
        }
    }

    /// The next `len` bytes are NULs: goes to what follows them, if anything does. False where not.
    fn jump(&mut self, len: u64, unit: u64) -> io::Result<bool> {
        let start = self.print.end();
        let holes = Holes { start, size: self.size, written: self.written, seen: start + len };
        if (Holes { seen: 0, ..self.holes }) != (Holes { seen: 0, ..holes }) {
            self.holes = holes;
        }
        let mut block = vec![0; limits::FOLLOW_BLOCK];
        let mut looked = 0;
        while looked < limits::FOLLOW_NULS {
            let Some(data) = next_data(&self.file, self.holes.seen) else { return Ok(false) };
            let data = data / unit * unit;
            let n = read_at(&self.file, &mut block, data)?;
            if n == 0 {
                return Ok(false);
            }
            let Some(first) = block[..n].iter().position(|&byte| byte != 0) else {
                if n < block.len() {
                    return Ok(false);
                }
                self.holes.seen = data + n as u64;
                looked += n;
                continue;
            };
            // Somebody may have filled the stretch in the meantime, from its start on.
            let again = read_at(&self.file, &mut block, start)?;
            if block[..again].iter().all(|&byte| byte == 0) {
                self.skip_to(data + first as u64 / unit * unit, unit)?;
            }
            return Ok(true);
        }
        Ok(false)
    }

    /// Goes on at an offset further behind, NULs lying between.
    fn skip_to(&mut self, raw: u64, unit: u64) -> io::Result<()> {
        self.offset += (raw - self.print.end()) / unit;
        self.print.jump(&self.file, raw)
    }

    /// Decodes bytes and gives them out. False where they are too few to tell what they say.
    fn give(&mut self, cx: &mut Reading<'_>, block: &[u8]) -> io::Result<bool> {
        let start = self.print.end();
        // What was there before and what is new are told apart.
        let border = self.backlog.checked_sub(start).filter(|&border| border > 0);
        let len = border.map_or(block.len(), |border| {
            usize::try_from(border).unwrap_or(block.len()).min(block.len())
        });
        let block = &block[..len];
        let old = border.is_some();
        let (len, mark, bytes) = decode(self.text, block, start == 0, false);
        self.offset += mark as u64;
        if len == 0 {
            return Ok(false);
        }
        self.print.take(&block[..len]);
        self.last_data = cx.now;
        cx.book.gives(self, self.offset + bytes.len() as u64);
        self.hand_out(cx, &bytes, old);
        Ok(true)
    }

    /// Gives out decoded bytes, in pieces that are alike in what is known of them.
    fn hand_out(&mut self, cx: &Reading<'_>, mut bytes: &[u8], old: bool) {
        while !bytes.is_empty() {
            let borders = [self.skip, self.told, self.replayed];
            let next = borders.into_iter().filter(|&border| border > self.offset).min();
            let len = next.map_or(bytes.len(), |next| {
                usize::try_from(next - self.offset).unwrap_or(bytes.len()).min(bytes.len())
            });
            let (piece, rest) = bytes.split_at(len);
            bytes = rest;
            if self.offset >= self.skip {
                let past = match self.offset {
                    at if at < self.told => Past::Told,
                    at if at < self.replayed => Past::Replayed,
                    _ if old => Past::Backlog,
                    _ => Past::New,
                };
                let line = self.line;
                self.line += self.ends.take(piece);
                cx.queue.push(Notice::Appended(Appended {
                    source: self.source,
                    file: self.id,
                    file_name: self.name.clone(),
                    offset: self.offset,
                    line,
                    ends: self.ends.kind(),
                    next_line: self.line(),
                    bytes: piece.to_vec(),
                    past,
                    written: self.written,
                }));
            }
            self.offset += len as u64;
        }
    }
}
