use super::buffer::{Buffer, newlines};
use super::ends::{LineEnds, turn_returns};
use super::unfold::Unfold;
use super::{Chunk, Segment};

/// A log that grows: pieces of one or more files in, whole lines as chunks out.
///
/// Pieces may begin and end anywhere. Files may take turns (an old one is still written to while the new
/// one is there already): a line belongs to one file, so one that is not whole waits until its own file
/// goes on. What was shown is shown again until it is dropped with [`Growing::keep`].
///
/// Where carriage returns end the lines of a file, they come out as newlines. While that is not known the
/// file's text is one open line. Where entries are spread over several lines, each comes out as one when it is whole.
///
/// ```
/// use wd_diagnose::source::{Growing, LineEnds};
///
/// let mut log = Growing::new(1 << 20);
/// log.append(0, (0, 1), LineEnds::Newlines, b"one\ntw");
/// assert_eq!(log.whole().bytes, b"one\n");
/// log.append(1, (0, 1), LineEnds::Newlines, b"three\n");
/// log.append(0, (6, 2), LineEnds::Newlines, b"o\n");
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

#[derive(Debug, Clone)]
struct Current {
    file: usize,
    /// Offset of what comes next.
    next: u64,
    ends: LineEnds,
    /// A carriage return came last, and what follows says whether it ends a line.
    held: bool,
    /// Nothing more comes.
    ended: bool,
    /// Makes lines of entries, in a file that was seen from its start on.
    unfold: Option<Unfold>,
}

/// A line that is not whole yet.
#[derive(Debug, Clone)]
struct Open {
    bytes: Vec<u8>,
    /// Its stretches, counted from its start.
    segments: Vec<Segment>,
    hole: Option<u64>,
    next: u64,
    ends: LineEnds,
    held: bool,
}

impl Growing {
    /// Nothing yet. Lines of more than `limit` bytes lose their end.
    pub fn new(limit: usize) -> Growing {
        Growing { buffer: Buffer::new(limit), current: None, waiting: Vec::new() }
    }

    /// The next bytes of `file`, which begin at an offset, in the line of a number. `ends` is what is known
    /// of its lines' ends with these bytes. A jump in the offset is a hole in the file.
    pub fn append(
        &mut self,
        file: usize,
        (offset, line): (u64, u64),
        ends: LineEnds,
        bytes: &[u8],
    ) {
        let segment = Segment { at: 0, file, offset, line };
        let mut current = match self.current.take() {
            Some(current) if current.file == file => current,
            before => {
                self.current = before;
                self.turn_to(segment)
            }
        };
        if current.next != offset {
            self.end_held(&mut current);
            self.buffer.jump(segment);
        }
        current.ended = false;
        current.next = offset + bytes.len() as u64;
        let is_known = current.ends == LineEnds::Unknown && ends != LineEnds::Unknown;
        current.ends = ends;
        match ends {
            LineEnds::Returns => {
                if is_known {
                    self.split_open_line(&mut current);
                }
                self.take_returns(&mut current, bytes);
            }
            LineEnds::Newlines => {
                if is_known {
                    self.unfold_open_line(&mut current);
                }
                self.take_lines(&mut current, bytes);
            }
            LineEnds::Unknown => self.take_in(bytes),
        }
        self.current = Some(current);
    }

    /// Nothing more comes of `file`: its last line is whole, with or without a newline.
    pub fn end_file(&mut self, file: usize) {
        match self.current.take() {
            Some(mut current) if current.file == file => {
                self.end_returns(&mut current);
                self.current = Some(Current { ended: true, ..current });
            }
            before => {
                self.current = before;
                let Some(at) = self.waiting.iter().position(|open| open.file() == Some(file))
                else {
                    return;
                };
                let open = self.waiting.remove(at);
                self.set_aside();
                self.end_open(&open);
            }
        }
    }

    /// Whether a line is not whole yet.
    pub fn has_open_line(&self) -> bool {
        let holds = self.current.as_ref().is_some_and(Current::holds);
        self.buffer.open_line() || holds || !self.waiting.is_empty()
    }

    /// Whether the open line of `file`, if there is one, begins at its byte `offset`.
    pub fn open_line_of(&self, file: usize) -> Option<(u64, u64)> {
        if let Some(open) = self.waiting.iter().find(|open| open.file() == Some(file)) {
            return open.segments.first().map(|first| (first.offset, first.line));
        }
        let of_file = |current: &&Current| current.file == file;
        let current = self.current.as_ref().filter(of_file)?;
        (self.buffer.open_line() || current.holds()).then(|| {
            let chunk = self.everything();
            let place = chunk.place(self.buffer.whole(), None);
            (place.byte, place.line)
        })
    }

    /// The whole lines: those kept, and those that came in since.
    pub fn whole(&self) -> Chunk<'_> {
        self.chunk(self.buffer.whole(), false)
    }

    /// All there is, as if nothing more came. What only [`Growing::close`] shows is not in it.
    pub fn everything(&self) -> Chunk<'_> {
        self.chunk(self.buffer.bytes().len(), true)
    }

    /// Nothing more comes: ends the lines that wait for a file that others have overtaken, and judges what
    /// ends lines where that is not known.
    pub fn close(&mut self) {
        if let Some(mut current) = self.current.take() {
            self.end_returns(&mut current);
            self.current = Some(current);
        }
        if self.waiting.is_empty() {
            return;
        }
        self.set_aside();
        for open in std::mem::take(&mut self.waiting) {
            self.end_open(&open);
        }
    }

    /// Whether [`Growing::close`] would show more, or other lines.
    pub fn close_shows_more(&self) -> bool {
        let unknown = |current: &Current| {
            current.held || current.ends == LineEnds::Unknown || current.holds()
        };
        !self.waiting.is_empty() || self.current.as_ref().is_some_and(unknown)
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

    /// From now on bytes of another file come in, which `segment` says.
    fn turn_to(&mut self, segment: Segment) -> Current {
        self.set_aside();
        let file = segment.file;
        match self.waiting.iter().position(|open| open.file() == Some(file)) {
            Some(at) => {
                let open = self.waiting.remove(at);
                self.take_up(&open)
            }
            None => {
                self.buffer.jump(segment);
                let (next, ends) = (segment.offset, LineEnds::default());
                // How entries look is told by the first lines of a file.
                let unfold = (segment.line == 1).then(Unfold::default);
                Current { file, next, ends, held: false, ended: false, unfold }
            }
        }
    }

    fn take_in(&mut self, bytes: &[u8]) {
        self.buffer.room(bytes.len()).copy_from_slice(bytes);
        self.buffer.take_in(bytes.len());
    }

    /// Takes in bytes of a file whose line ends are known, of each entry as one line.
    fn take_lines(&mut self, current: &mut Current, bytes: &[u8]) {
        match &mut current.unfold {
            Some(unfold) if !unfold.is_plain() => {
                let mut out = Vec::with_capacity(bytes.len());
                unfold.take(bytes, &mut out);
                self.take_in(&out);
            }
            _ => self.take_in(bytes),
        }
    }

    /// What came of a file so far is one open line, and may be the first of an entry.
    fn unfold_open_line(&mut self, current: &mut Current) {
        if current.unfold.is_none() || !self.buffer.open_line() {
            return;
        }
        let (bytes, segments, hole) = self.buffer.take_open_line();
        match segments[..] {
            [segment] if hole.is_none() => {
                self.buffer.jump(segment);
                self.take_lines(current, &bytes);
            }
            _ => {
                current.unfold = None;
                self.buffer.put_open_line(&bytes, &segments, hole);
            }
        }
    }

    /// Takes in bytes of a file whose lines end with carriage returns. One that comes last is held back.
    fn take_returns(&mut self, current: &mut Current, bytes: &[u8]) {
        let mut turned = Vec::with_capacity(bytes.len() + 1);
        turned.extend(current.held.then_some(b'\r'));
        turned.extend_from_slice(bytes);
        turn_returns(&mut turned);
        current.held = turned.pop_if(|last| *last == b'\r').is_some();
        self.take_lines(current, &turned);
    }

    /// What came of a file so far, which is one open line, has carriage returns for line ends.
    fn split_open_line(&mut self, current: &mut Current) {
        if self.buffer.skipping() {
            return;
        }
        let (bytes, segments, _) = self.buffer.take_open_line();
        let start = self.buffer.bytes().len();
        let first = segments.first().map_or(1, |first| first.line);
        for (index, &segment) in segments.iter().enumerate() {
            self.end_held(current);
            let line = first + newlines(&self.buffer.bytes()[start..]);
            self.buffer.jump(Segment { line, ..segment });
            let end = segments.get(index + 1).map_or(bytes.len(), |next| next.at);
            self.take_returns(current, &bytes[segment.at..end]);
        }
    }

    /// Nothing more comes of the file that is in its turn, or not from here on: judges its line ends.
    fn end_returns(&mut self, current: &mut Current) {
        if current.ends == LineEnds::Unknown {
            let open = &self.buffer.bytes()[self.buffer.whole()..];
            if open.contains(&b'\r') {
                self.split_open_line(current);
                current.ends = LineEnds::Returns;
            }
        }
        self.end_held(current);
    }

    /// A carriage return that was held back ends a line, and an entry is whole that was not yet.
    fn end_held(&mut self, current: &mut Current) {
        if std::mem::take(&mut current.held) {
            self.take_lines(current, b"\n");
        }
        if let Some(unfold) = current.unfold.as_mut().filter(|unfold| unfold.holds()) {
            let mut out = Vec::new();
            unfold.end(&mut out);
            self.take_in(&out);
        }
    }

    /// Takes the open line out of the buffer, or ends it where its file has ended.
    fn set_aside(&mut self) {
        let Some(mut current) = self.current.take() else { return };
        if current.holds() {
            // Its entry does not wait while another file is read.
            let held = std::mem::take(&mut current.held);
            self.end_held(&mut current);
            current.held = held;
        }
        if current.ended {
            self.buffer.end_line();
        } else if self.buffer.open_line() {
            let (bytes, segments, hole) = self.buffer.take_open_line();
            let Current { next, ends, held, .. } = current;
            self.waiting.push(Open { bytes, segments, hole, next, ends, held });
        }
    }

    fn take_up(&mut self, open: &Open) -> Current {
        self.buffer.put_open_line(&open.bytes, &open.segments, open.hole);
        let file = open.file().unwrap_or_default();
        let Open { next, ends, held, .. } = *open;
        // That of a file that begins is still to be told.
        let unfold = (ends == LineEnds::Unknown).then(Unfold::default);
        Current { file, next, ends, held, ended: false, unfold }
    }

    /// Nothing more comes of a file whose line is open.
    fn end_open(&mut self, open: &Open) {
        let mut current = self.take_up(open);
        self.end_returns(&mut current);
        self.buffer.end_line();
    }
}

impl Current {
    /// Whether an entry is not whole yet.
    fn holds(&self) -> bool {
        self.unfold.as_ref().is_some_and(Unfold::holds)
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

    use super::{Growing, LineEnds};

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
                    let place = (from as u64, line);
                    let piece = &text.as_bytes()[from..to];
                    shown.growing.append(file, place, LineEnds::Newlines, piece);
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
    fn what_is_dropped_of_one_file_leaves_the_lines_of_the_next_alone() {
        let mut growing = Growing::new(1000);
        for (file, place, text) in
            [(0, (0, 1), "a"), (0, (1, 1), "a\n\n"), (1, (0, 1), "\n"), (0, (4, 3), "aaaaa")]
        {
            growing.append(file, place, LineEnds::Newlines, text.as_bytes());
            growing.keep(0);
        }
        let place = growing.everything().place(0, None);
        assert_eq!((place.file, place.byte, place.line), (0, 4, 3));
    }

    #[test]
    fn a_hole_and_a_line_that_is_too_long_keep_offsets_true() {
        let mut growing = Growing::new(4);
        growing.append(0, (0, 1), LineEnds::Newlines, b"abc");
        growing.append(0, (3, 1), LineEnds::Newlines, b"defgh");
        growing.append(0, (8, 1), LineEnds::Newlines, b"\nnext\n");
        assert_eq!(growing.whole().bytes, b"abcd\nnext\n");
        assert_eq!(growing.whole().place(5, None).byte, 9);
        growing.append(0, (4096, 3), LineEnds::Newlines, b"far\n");
        let chunk = growing.whole();
        let place = chunk.place(10, None);
        assert_eq!((&chunk.bytes[10..], place.byte, place.line), (&b"far\n"[..], 4096, 3));
    }

    #[test]
    fn what_returns_have_ended_is_split_once_it_is_known() {
        let mut growing = Growing::new(1000);
        growing.append(0, (0, 1), LineEnds::Unknown, b"one\r");
        growing.append(1, (0, 1), LineEnds::Newlines, b"other\nlog");
        growing.append(0, (4, 1), LineEnds::Unknown, b"two");
        assert_eq!(growing.whole().bytes, b"other\n");
        let mut closed = growing.clone();
        assert!(closed.close_shows_more());
        closed.close();
        assert_eq!(closed.everything().bytes, b"other\none\nlog\ntwo\n");
        growing.append(0, (7, 2), LineEnds::Returns, b"\rthree\r");
        growing.append(0, (14, 3), LineEnds::Returns, b"\nfour\r");
        growing.append(0, (20, 4), LineEnds::Returns, b"five\r");
        let chunk = growing.whole();
        assert_eq!(chunk.bytes, b"other\none\ntwo\nthree\r\nfour\n");
        let place = chunk.place(21, None);
        assert_eq!((place.byte, place.line), (15, 4));
        growing.end_file(0);
        assert_eq!(growing.everything().bytes, b"other\none\ntwo\nthree\r\nfour\nfive\n");
    }
}
