use super::buffer::Buffer;
use super::{Chunk, Segment};

/// A log that grows: pieces of one or more files in, whole lines as chunks out.
///
/// Pieces may begin and end anywhere. Files may take turns (an old one is still written to while the new
/// one is there already): a line belongs to one file, so one that is not whole waits until its own file
/// goes on. What was shown is shown again until it is dropped with [`Growing::keep`].
///
/// ```
/// use wd_diagnose::source::Growing;
///
/// let mut log = Growing::new(1 << 20);
/// log.append(0, 0, 1, b"one\ntw");
/// assert_eq!(log.whole().bytes, b"one\n");
/// log.append(1, 0, 1, b"three\n");
/// log.append(0, 6, 2, b"o\n");
/// assert_eq!(log.whole().bytes, b"one\nthree\ntwo\n");
/// ```
#[derive(Debug, Clone)]
pub struct Growing {
    buffer: Buffer,
    /// The file whose line may be open at the end of the buffer.
    current: Option<Current>,
    /// Lines of other files that are not whole yet.
    waiting: Vec<Open>,
}

#[derive(Debug, Clone, Copy)]
struct Current {
    file: usize,
    /// Offset of what comes next.
    next: u64,
    /// Nothing more comes.
    ended: bool,
}

/// A line that is not whole yet.
#[derive(Debug, Clone)]
struct Open {
    bytes: Vec<u8>,
    /// Its stretches, counted from its start.
    segments: Vec<Segment>,
    hole: Option<u64>,
    next: u64,
}

impl Growing {
    /// Nothing yet. Lines of more than `limit` bytes lose their end.
    pub fn new(limit: usize) -> Growing {
        Growing { buffer: Buffer::new(limit), current: None, waiting: Vec::new() }
    }

    /// The next bytes of `file`, which begin at `offset`, in line number `line`. A jump in the offset is a
    /// hole in the file.
    pub fn append(&mut self, file: usize, offset: u64, line: u64, bytes: &[u8]) {
        if self.current.is_none_or(|current| current.file != file) {
            self.turn_to(file, offset, line);
        } else if self.current.is_some_and(|current| current.next != offset) {
            self.buffer.jump(Segment { at: 0, file, offset, line });
        }
        self.buffer.room(bytes.len()).copy_from_slice(bytes);
        self.buffer.take_in(bytes.len());
        self.current = Some(Current { file, next: offset + bytes.len() as u64, ended: false });
    }

    /// Nothing more comes of `file`: its last line is whole, with or without a newline.
    pub fn end_file(&mut self, file: usize) {
        match &mut self.current {
            Some(current) if current.file == file => current.ended = true,
            _ => {
                let Some(at) = self.waiting.iter().position(|open| open.file() == Some(file))
                else {
                    return;
                };
                let open = self.waiting.remove(at);
                self.set_aside();
                self.take_up(open);
                self.buffer.end_line();
            }
        }
    }

    /// Whether a line is not whole yet.
    pub fn has_open_line(&self) -> bool {
        self.buffer.open_line() || !self.waiting.is_empty()
    }

    /// Whether the open line of `file`, if there is one, begins at its byte `offset`.
    pub fn open_line_of(&self, file: usize) -> Option<(u64, u64)> {
        if let Some(open) = self.waiting.iter().find(|open| open.file() == Some(file)) {
            return open.segments.first().map(|first| (first.offset, first.line));
        }
        let is_its = self.current.is_some_and(|current| current.file == file);
        (is_its && self.buffer.open_line()).then(|| {
            let chunk = self.everything();
            let place = chunk.place(self.buffer.whole(), None);
            (place.byte, place.line)
        })
    }

    /// The whole lines: those kept, and those that came in since.
    pub fn whole(&self) -> Chunk<'_> {
        self.chunk(self.buffer.whole(), false)
    }

    /// All there is, as if nothing more came. Lines that wait for their own file are not in it: see
    /// [`Growing::close`].
    pub fn everything(&self) -> Chunk<'_> {
        self.chunk(self.buffer.bytes().len(), true)
    }

    /// Ends the lines that wait for a file that others have overtaken.
    pub fn close(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        self.set_aside();
        for open in std::mem::take(&mut self.waiting) {
            self.take_up(open);
            self.buffer.end_line();
        }
    }

    /// Whether lines wait for a file that others have overtaken.
    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Drops all whole lines but their last `keep` bytes.
    pub fn keep(&mut self, keep: usize) {
        let start = self.buffer.whole() - keep.min(self.buffer.whole());
        if start > 0 {
            let line = self.chunk(self.buffer.whole(), false).place(start, None).line;
            self.buffer.drop_before(start, line);
        }
    }

    /// Gives memory back that a burst has taken.
    pub fn shrink(&mut self) {
        self.buffer.shrink();
    }

    fn chunk(&self, end: usize, last: bool) -> Chunk<'_> {
        let segments = &self.buffer.segments;
        let count = segments.partition_point(|segment| segment.at < end.max(1));
        Chunk { bytes: &self.buffer.bytes()[..end], segments: &segments[..count], last }
    }

    /// From now on bytes of `file` come in.
    fn turn_to(&mut self, file: usize, offset: u64, line: u64) {
        self.set_aside();
        match self.waiting.iter().position(|open| open.file() == Some(file)) {
            Some(at) => {
                let open = self.waiting.remove(at);
                let jumps = open.next != offset;
                self.take_up(open);
                if jumps {
                    self.buffer.jump(Segment { at: 0, file, offset, line });
                }
            }
            None => self.buffer.jump(Segment { at: 0, file, offset, line }),
        }
    }

    /// Takes the open line out of the buffer, or ends it where its file has ended.
    fn set_aside(&mut self) {
        let Some(current) = self.current.take() else { return };
        if current.ended {
            self.buffer.end_line();
        } else if self.buffer.open_line() {
            let (bytes, segments, hole) = self.buffer.take_open_line();
            self.waiting.push(Open { bytes, segments, hole, next: current.next });
        }
    }

    fn take_up(&mut self, open: Open) {
        self.buffer.put_open_line(&open.bytes, &open.segments, open.hole);
    }
}

impl Open {
    fn file(&self) -> Option<usize> {
        self.segments.first().map(|first| first.file)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Growing;

    /// Every whole line that was shown, with its place, as a caller sees them who keeps `keep` bytes.
    struct Shown {
        growing: Growing,
        kept: usize,
        keep: usize,
        lines: Vec<(usize, u64, u64, String)>,
    }

    impl Shown {
        fn look(&mut self, last: bool) {
            let chunk = if last { self.growing.everything() } else { self.growing.whole() };
            let mut at = self.kept;
            while at < chunk.bytes.len() {
                let line = chunk.line(at);
                let place = chunk.place(at, None);
                let text = String::from_utf8_lossy(&chunk.bytes[line.clone()]).into_owned();
                self.lines.push((place.file, place.byte, place.line, text));
                at = line.end;
            }
            if !last {
                self.growing.keep(self.keep);
                self.kept = self.growing.whole().bytes.len();
            }
        }
    }

    proptest! {
        #[test]
        fn files_that_take_turns_keep_their_lines_and_places(
            texts in prop::collection::vec("[a-c\n]{0,60}", 1..4),
            turns in prop::collection::vec((any::<prop::sample::Index>(), 1usize..9), 0..60),
            keep in 0usize..20,
        ) {
            let mut shown =
                Shown { growing: Growing::new(1000), kept: 0, keep, lines: Vec::new() };
            let mut done = vec![0_usize; texts.len()];
            let turns = turns.into_iter().map(|(file, size)| (file.index(texts.len()), size));
            let rest = (0..texts.len()).map(|file| (file, usize::MAX));
            for (file, size) in turns.chain(rest) {
                let (text, from) = (&texts[file], done[file]);
                let to = from.saturating_add(size).min(text.len());
                if from < to {
                    let line = 1 + text[..from].matches('\n').count() as u64;
                    shown.growing.append(file, from as u64, line, &text.as_bytes()[from..to]);
                    shown.look(false);
                    done[file] = to;
                }
            }
            shown.growing.close();
            shown.look(true);
            let mut lines = shown.lines;
            // A newline of our own ends a line that has none.
            for (_, _, _, text) in &mut lines {
                text.truncate(text.trim_end_matches('\n').len());
            }
            lines.sort();
            let mut wanted = Vec::new();
            for (file, text) in texts.iter().enumerate() {
                let mut byte = 0;
                for (index, line) in text.split_inclusive('\n').enumerate() {
                    let text = line.trim_end_matches('\n').to_owned();
                    wanted.push((file, byte, index as u64 + 1, text));
                    byte += line.len() as u64;
                }
            }
            wanted.sort();
            prop_assert_eq!(lines, wanted);
        }
    }

    #[test]
    fn a_hole_and_a_line_that_is_too_long_keep_offsets_true() {
        let mut growing = Growing::new(4);
        growing.append(0, 0, 1, b"abc");
        growing.append(0, 3, 1, b"defgh");
        growing.append(0, 8, 1, b"\nnext\n");
        assert_eq!(growing.whole().bytes, b"abcd\nnext\n");
        assert_eq!(growing.whole().place(5, None).byte, 9);
        growing.append(0, 4096, 3, b"far\n");
        let chunk = growing.whole();
        let place = chunk.place(10, None);
        assert_eq!((&chunk.bytes[10..], place.byte, place.line), (&b"far\n"[..], 4096, 3));
    }
}
