//! From a source to its chunks.

use std::io::{self, Read};

use super::buffer::{Buffer, newlines, whole_lines};
use super::feed::{Feed, TRUNCATED};
use super::map::{self, Window};
use super::{Chunk, Opening, Origin, Segment, SourceFile};

/// How much is read from a source at first; the amount doubles until it is a whole block, so that a small
/// source costs little memory.
const FIRST_READ: usize = 64 << 10;

/// A source of which nothing could be read.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {reason}")]
pub struct ReadError {
    /// Name of the file.
    pub file: String,
    /// Why.
    #[source]
    pub reason: io::Error,
}

/// How much was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Bytes as decoded, those of cut lines included.
    pub bytes: u64,
    /// Lines, a last one without a newline included. Those of the latest chunk count from the next call
    /// of [`Reader::advance`] on.
    pub lines: u64,
    /// Lines that were longer than the limit and lost their end.
    pub cut_lines: u64,
    /// Bytes they lost.
    pub cut_bytes: u64,
}

/// Reads a source chunk by chunk.
///
/// A chunk ends where a line does, except for the last one of the source. Of a line longer than the limit
/// the head is kept, then comes its newline in a segment of its own. Where a file of a rotated set ends
/// without a newline, one is put between it and the next file, so that a line never spans two files; it
/// has the offset behind the last byte of the older file, at which no line begins.
///
/// ```
/// use std::time::SystemTime;
/// use wd_diagnose::source::{Opening, Reader};
///
/// let mut reader = Reader::over(&b"one\ntwo"[..], Opening::new(SystemTime::UNIX_EPOCH));
/// while let Some(chunk) = reader.advance(0, None)? {
///     assert_eq!(chunk.bytes, b"one\ntwo");
///     assert!(chunk.last);
/// }
/// assert_eq!(reader.totals().lines, 2);
/// assert_eq!(reader.incomplete(), None);
/// # Ok::<(), wd_diagnose::source::ReadError>(())
/// ```
pub struct Reader {
    files: Vec<SourceFile>,
    opening: Opening,
    /// Index of the file that is opened next.
    next: usize,
    feed: Option<Feed>,
    /// Holds the latest chunk, unless `window` does, and in any case its segments.
    buffer: Buffer,
    /// Holds the latest chunk where that is mapped, from the window's start.
    window: Option<Window>,
    /// Length of the latest chunk.
    shown: usize,
    /// How much of it had been in the chunk before.
    kept: usize,
    /// Number of the line that begins where the latest chunk ends.
    line: u64,
    /// How much is read at once.
    step: usize,
    /// Files that could be opened.
    opened: usize,
    /// Bytes of the files that are done with.
    bytes: u64,
    lines: u64,
    notes: Vec<String>,
    failure: Option<ReadError>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    /// The latest chunk was the last one.
    Shown,
    Done,
}

impl Reader {
    pub(super) fn new(files: Vec<SourceFile>, opening: Opening) -> Reader {
        let step = opening.block.clamp(1, FIRST_READ);
        Reader {
            files,
            next: 0,
            feed: None,
            buffer: Buffer::new(opening.line),
            window: None,
            shown: 0,
            kept: 0,
            line: 1,
            step,
            opened: 0,
            bytes: 0,
            lines: 0,
            notes: Vec::new(),
            failure: None,
            state: State::Reading,
            opening,
        }
    }

    /// A reader of any stream, which is called `-` and decoded as a file would be.
    pub fn over(stream: impl Read + Send + 'static, opening: Opening) -> Reader {
        let file = SourceFile { name: "-".to_owned(), origin: Origin::Stdin };
        let mut reader = Reader::new(vec![file], opening);
        reader.next = 1;
        match Feed::over(0, Box::new(stream), &reader.opening) {
            Ok(feed) => reader.begin(feed),
            Err(reason) => reader.refuse(0, reason),
        }
        reader
    }

    /// The next chunk; `None` behind the last one. To be called until it gives `None`: what was done to
    /// the file behind the last chunk is seen only then.
    ///
    /// The last `keep` bytes of the chunk before are presented again at the start of this one; more than
    /// it held means all of it. They had better begin a line. What is kept counts against no limit: a
    /// caller that keeps everything has everything in memory. The new bytes follow from `keep` on; there
    /// may be none in the last chunk, which for an empty source is the only one.
    ///
    /// `newlines` is how many newlines the new bytes of the chunk before held, from a caller who has
    /// counted them; else they are counted here. (For the first call it is not looked at.) Line numbers
    /// rest on it.
    ///
    /// # Errors
    /// Once, where no file of the source could be opened. All that happens after a first file was opened
    /// is told by [`Reader::incomplete`].
    pub fn advance(
        &mut self,
        keep: usize,
        newlines: Option<u64>,
    ) -> Result<Option<Chunk<'_>>, ReadError> {
        self.settle(newlines);
        if self.state != State::Reading {
            self.end_file();
            self.state = State::Done;
            self.forget();
            return Ok(None);
        }
        let keep = keep.min(self.shown);
        if keep == 0 && self.feed.is_none() && self.held().len() == self.shown {
            self.forget();
            self.open_next();
        }
        let line = self.line_at(self.shown - keep);
        if !self.map(keep, line) {
            self.read(keep, line);
        }
        self.kept = keep;
        if self.opened == 0
            && let Some(failure) = self.failure.take()
        {
            self.state = State::Done;
            return Err(failure);
        }
        Ok(Some(self.chunk()))
    }

    /// How much was read so far.
    pub fn totals(&self) -> Totals {
        Totals {
            bytes: self.bytes + self.feed.as_ref().map_or(0, |feed| feed.offset),
            lines: self.lines,
            cut_lines: self.buffer.cut_lines,
            cut_bytes: self.buffer.cut_bytes,
        }
    }

    /// Why the source was not read whole, or `None` where it was (as far as it has been read).
    pub fn incomplete(&self) -> Option<String> {
        (!self.notes.is_empty()).then(|| self.notes.join("; "))
    }

    /// The bytes at hand: the latest chunk, and what was read behind it.
    fn held(&self) -> &[u8] {
        self.window.as_ref().map_or(self.buffer.bytes(), |window| &window.bytes()[..self.shown])
    }

    fn chunk(&self) -> Chunk<'_> {
        let segments = &self.buffer.segments;
        let count = segments.partition_point(|segment| segment.at < self.shown.max(1));
        Chunk {
            bytes: &self.held()[..self.shown],
            segments: &segments[..count],
            last: self.state == State::Shown,
        }
    }

    /// Drops the latest chunk.
    fn forget(&mut self) {
        self.window = None;
        self.buffer.restart(&[], None);
        self.shown = 0;
        self.kept = 0;
    }

    /// Takes leave of the latest chunk: its lines are counted, and its file looked at.
    fn settle(&mut self, counted: Option<u64>) {
        if self.shown > self.kept {
            let chunk = self.chunk();
            let count = counted.unwrap_or_else(|| newlines(&chunk.bytes[self.kept..]));
            let open = self.state == State::Shown && !chunk.bytes.ends_with(b"\n");
            // The number is known where the new bytes begin, and where the last segment does.
            let (line, before) = match chunk.segments.last() {
                Some(last) if last.at >= self.kept => {
                    (last.line, newlines(&chunk.bytes[self.kept..last.at]))
                }
                _ => (self.line, 0),
            };
            self.line = line + count.saturating_sub(before);
            self.lines += count + u64::from(open);
        }
        let torn = self.window.as_ref().is_some_and(Window::torn);
        self.check_length(torn);
    }

    /// Where the mapped file has got shorter, or `torn` says so: notes that, and reads it from here on.
    fn check_length(&mut self, torn: bool) -> bool {
        let Some(feed) = &mut self.feed else { return false };
        let shorter = feed.mappable().is_some() && (torn || feed.shrunk());
        if shorter {
            feed.read_only();
            let file = feed.file;
            self.note(file, TRUNCATED);
        }
        shorter
    }

    /// Number of the line that begins at `start` in the latest chunk, or right behind it.
    fn line_at(&self, start: usize) -> u64 {
        let segments = &self.buffer.segments;
        let index = segments.partition_point(|segment| segment.at <= start);
        let Some(segment) = index.checked_sub(1).map(|index| segments[index]) else { return 1 };
        let bytes = &self.held()[..self.shown];
        match segments.get(index) {
            _ if segment.at == start => segment.line,
            Some(next) if next.at < self.shown => {
                segment.line + newlines(&bytes[segment.at..start])
            }
            _ => self.line.saturating_sub(newlines(&bytes[start..])),
        }
    }

    /// Presents the last `keep` bytes of the latest chunk and what follows them as mapped bytes, if they
    /// are to be had: all of one file, in one piece, with at least one new line.
    fn map(&mut self, keep: usize, line: u64) -> bool {
        let start = self.shown - keep;
        let Some(feed) = &mut self.feed else { return false };
        let Some((file, end)) = feed.mappable() else { return false };
        let Some(&segment) = self.buffer.segments.last() else { return false };
        if segment.at > start || segment.file != feed.file || self.buffer.skipping() {
            return false;
        }
        let from = segment.offset + (start - segment.at) as u64;
        let most = self.opening.window.max(1) + keep;
        let len = usize::try_from(end.saturating_sub(from)).map_or(most, |left| left.min(most));
        if len <= keep {
            return false;
        }
        let Ok(window) = Window::open(file, from, len) else { return false };
        // What is kept lies in the new window, too. The one before is given back while this one is gone
        // through, so that at most two are ever in memory. An open line in the buffer is dropped with it and
        // will be read anew.
        if let Some(before) = self.window.take() {
            map::give_back(before);
        }
        let window = self.window.insert(window);
        self.buffer.restart(&[], Some(Segment { at: 0, offset: from, line, ..segment }));
        self.shown = keep;
        feed.offset = from + keep as u64;

        let (lines, too_long) = whole_lines(&window.bytes()[keep..], self.opening.line.max(1));
        let all = from + len as u64 == end && !too_long && self.next == self.files.len();
        let shown = if all { len } else { keep + lines };
        let torn = window.torn();
        if self.check_length(torn) || shown == keep {
            return false;
        }
        self.shown = shown;
        if let Some(feed) = &mut self.feed {
            feed.offset = from + shown as u64;
        }
        if all {
            self.state = State::Shown;
        }
        true
    }

    /// Presents the last `keep` bytes of the latest chunk and what follows them from the buffer.
    fn read(&mut self, keep: usize, line: u64) {
        let start = self.shown - keep;
        if let Some(window) = self.window.take() {
            let segment = self.buffer.segments.last().copied();
            let segment = segment.map(|s| Segment { offset: s.offset + start as u64, line, ..s });
            self.buffer.restart(&window.bytes()[start..self.shown], segment);
            self.seek();
        } else {
            self.buffer.drop_before(start, line);
        }
        let block = self.opening.block.max(1);
        loop {
            let fresh = self.buffer.bytes().len() - keep;
            if fresh >= block && self.buffer.whole() > keep {
                self.shown = self.buffer.whole();
                return;
            }
            if self.feed.is_none() && !self.open_next() {
                if self.buffer.segments.is_empty() {
                    self.buffer.border(0, 0);
                }
                self.shown = self.buffer.bytes().len();
                self.state = State::Shown;
                return;
            }
            let left = if fresh < block { block - fresh } else { block };
            self.read_once(self.step.min(left));
        }
    }

    /// Reads up to `n` bytes of the present file, or finds its end.
    fn read_once(&mut self, n: usize) {
        let Some(feed) = &mut self.feed else { return };
        match feed.read(self.buffer.room(n)) {
            Ok(0) => self.end_file(),
            Ok(read) => {
                self.buffer.take_in(read);
                if read == self.step {
                    self.step = (self.step * 2).min(self.opening.block.max(1));
                }
            }
            Err(reason) => self.fail(&reason),
        }
    }

    /// Puts a file that was mapped in place for reading.
    fn seek(&mut self) {
        if let Some(feed) = &mut self.feed
            && let Err(reason) = feed.seek(feed.offset)
        {
            self.fail(&reason);
        }
    }

    /// Opens the next file that can be opened. False where there is none.
    fn open_next(&mut self) -> bool {
        while let Some(file) = self.files.get(self.next) {
            let index = self.next;
            self.next += 1;
            match Feed::open(index, file, &self.opening) {
                Ok(feed) => {
                    self.begin(feed);
                    return true;
                }
                Err(reason) => self.refuse(index, reason),
            }
        }
        false
    }

    fn begin(&mut self, feed: Feed) {
        self.buffer.border(feed.file, feed.offset);
        self.opened += 1;
        self.feed = Some(feed);
    }

    /// A file could not be opened.
    fn refuse(&mut self, file: usize, reason: io::Error) {
        self.note(file, &reason.to_string());
        let name = self.files.get(file).map_or_else(String::new, |file| file.name.clone());
        self.failure.get_or_insert(ReadError { file: name, reason });
    }

    /// The present file cannot be read on.
    fn fail(&mut self, reason: &io::Error) {
        if let Some(feed) = self.feed.take() {
            self.bytes += feed.offset;
            self.note(feed.file, &reason.to_string());
        }
    }

    /// The present file has ended.
    fn end_file(&mut self) {
        if let Some(feed) = self.feed.take() {
            self.bytes += feed.offset;
            if let Some(what) = feed.disturbance() {
                self.note(feed.file, what);
            }
        }
    }

    /// Remembers why a file was not read whole; with its name where there are several.
    fn note(&mut self, file: usize, what: &str) {
        let note = match self.files.get(file) {
            Some(file) if self.files.len() > 1 => format!("{}: {what}", file.name),
            _ => what.to_owned(),
        };
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

#[cfg(test)]
mod tests;
