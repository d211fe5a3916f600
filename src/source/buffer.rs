//! A bounded buffer of whole lines: takes in what was read, cuts over-long lines, keeps account of where
//! each stretch lies in its file.

use memchr::{memchr, memchr_iter, memrchr};

use super::Segment;

/// Bytes read and not yet dropped, with the places they came from.
///
/// The bytes of a line beyond `limit` are dropped as they come in; the newline that ends it is kept and
/// begins a segment of its own, so that offsets stay true.
#[derive(Debug, Clone)]
pub(super) struct Buffer {
    /// Only the first `filled` bytes mean anything; the rest is room, zeroed once and used again.
    bytes: Vec<u8>,
    filled: usize,
    /// End of the last whole line.
    whole: usize,
    /// Longest line kept whole.
    limit: usize,
    /// Bytes of the open line dropped so far, while its newline has not been seen.
    hole: Option<u64>,
    /// Stretches, in order; the last one also holds what comes in next.
    pub(super) segments: Vec<Segment>,
    /// Lines that were cut.
    pub(super) cut_lines: u64,
    /// Bytes that were cut off them.
    pub(super) cut_bytes: u64,
}

/// Number of newlines in `bytes`.
pub(super) fn newlines(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).count() as u64
}

/// Where the whole lines at the start of `bytes` end, each at most `limit` bytes long without its newline,
/// and whether an over-long line is what comes next. Looks only at the bytes around every `limit`-th.
pub(super) fn whole_lines(bytes: &[u8], limit: usize) -> (usize, bool) {
    let mut start = 0;
    while bytes.len() - start > limit {
        match memrchr(b'\n', &bytes[start..=start + limit]) {
            Some(newline) => start += newline + 1,
            None => return (start, true),
        }
    }
    let end = memrchr(b'\n', &bytes[start..]).map_or(start, |newline| start + newline + 1);
    (end, false)
}

impl Buffer {
    /// An empty buffer for lines of up to `limit` bytes.
    pub(super) fn new(limit: usize) -> Buffer {
        Buffer {
            bytes: Vec::new(),
            filled: 0,
            whole: 0,
            limit: limit.max(1),
            hole: None,
            segments: Vec::new(),
            cut_lines: 0,
            cut_bytes: 0,
        }
    }

    /// All bytes held, an open line included.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }

    /// Bytes of memory held for text.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.bytes.capacity()
    }

    /// End of the last whole line.
    pub(super) fn whole(&self) -> usize {
        self.whole
    }

    /// Whether the last line still lacks its newline.
    pub(super) fn open_line(&self) -> bool {
        self.filled > self.whole
    }

    /// Whether the end of an over-long line is being looked for.
    pub(super) fn skipping(&self) -> bool {
        self.hole.is_some()
    }

    /// Drops everything, and holds `kept` (whole lines) and the segment they lie in instead.
    pub(super) fn restart(&mut self, kept: &[u8], segment: Option<Segment>) {
        self.filled = 0;
        self.room(kept.len()).copy_from_slice(kept);
        self.filled = kept.len();
        self.whole = kept.len();
        self.hole = None;
        self.segments.clear();
        self.segments.extend(segment);
    }

    /// Drops what lies before `start`, which is the beginning of line number `line` of its file.
    pub(super) fn drop_before(&mut self, start: usize, line: u64) {
        if start > 0 {
            self.bytes.copy_within(start..self.filled, 0);
            self.filled -= start;
            self.whole -= start;
        }
        let first = self.segments.partition_point(|segment| segment.at <= start).saturating_sub(1);
        self.segments.drain(..first);
        for segment in &mut self.segments {
            // One that begins at `start`, perhaps of another file, knows its own line.
            if segment.at < start {
                segment.offset += (start - segment.at) as u64;
                segment.line = line;
                segment.at = 0;
            } else {
                segment.at -= start;
            }
        }
    }

    /// Room for `n` more bytes, to be filled and then told to [`Buffer::take_in`].
    pub(super) fn room(&mut self, n: usize) -> &mut [u8] {
        let end = self.filled + n;
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        &mut self.bytes[self.filled..end]
    }

    /// Takes in the first `n` bytes of the room given last.
    pub(super) fn take_in(&mut self, n: usize) {
        let mut end = self.filled + n;
        if let Some(hole) = self.hole {
            let skip = memchr(b'\n', &self.bytes[self.filled..end]).unwrap_or(n);
            let hole = hole + skip as u64;
            self.cut_bytes += skip as u64;
            if skip == n {
                self.hole = Some(hole);
                return;
            }
            self.bytes.copy_within(self.filled + skip..end, self.filled);
            end -= skip;
            self.hole = None;
            self.resume(self.filled, hole);
        }
        let seen = self.filled;
        self.filled = end;
        if end - self.whole > self.limit {
            self.cut();
        } else if let Some(newline) = memrchr(b'\n', &self.bytes[seen..end]) {
            self.whole = seen + newline + 1;
        }
    }

    /// Finds the end of the last whole line, and cuts the lines on the way that are too long.
    fn cut(&mut self) {
        loop {
            let (end, too_long) = whole_lines(&self.bytes[self.whole..self.filled], self.limit);
            self.whole += end;
            if !too_long {
                return;
            }
            let head = self.whole + self.limit;
            self.cut_lines += 1;
            let rest = &self.bytes[head..self.filled];
            match memchr(b'\n', rest) {
                Some(skip) => {
                    self.cut_bytes += skip as u64;
                    self.bytes.copy_within(head + skip..self.filled, head);
                    self.filled -= skip;
                    self.resume(head, skip as u64);
                }
                None => {
                    self.cut_bytes += rest.len() as u64;
                    self.hole = Some(rest.len() as u64);
                    self.filled = head;
                    return;
                }
            }
        }
    }

    /// Begins a segment at `at`, where `hole` bytes of the file were left out.
    fn resume(&mut self, at: usize, hole: u64) {
        if let Some(&last) = self.segments.last() {
            self.segments.push(Segment {
                at,
                file: last.file,
                offset: last.offset + (at - last.at) as u64 + hole,
                line: last.line + newlines(&self.bytes[last.at..at]),
            });
        }
    }

    /// The file being read has ended and `file` follows, from `offset`. An open line is ended with a
    /// newline of our own, which lies one past the end of the older file: no line of it begins there.
    pub(super) fn border(&mut self, file: usize, offset: u64) {
        self.end_line();
        self.jump(Segment { at: 0, file, offset, line: 1 });
    }

    /// What comes in next lies elsewhere in its file, or in another one: where `segment` says, but for its
    /// `at`.
    pub(super) fn jump(&mut self, segment: Segment) {
        if self.hole.is_some() {
            self.hole = Some(0);
        }
        let at = self.filled;
        if self.segments.last().is_some_and(|last| last.at == at) {
            self.segments.pop();
        }
        self.segments.push(Segment { at, ..segment });
    }

    /// Ends an open line with a newline of our own, which lies one past the end of its file.
    pub(super) fn end_line(&mut self) {
        self.hole = None;
        if self.open_line() {
            self.room(1)[0] = b'\n';
            self.filled += 1;
            self.whole = self.filled;
        }
    }

    /// Takes the open line out: its bytes, its stretches counted from its start, and its hole.
    pub(super) fn take_open_line(&mut self) -> (Vec<u8>, Vec<Segment>, Option<u64>) {
        let bytes = self.bytes[self.whole..self.filled].to_vec();
        let from = self.segments.partition_point(|segment| segment.at < self.whole);
        let mut segments: Vec<Segment> = self.segments.drain(from..).collect();
        for segment in &mut segments {
            segment.at -= self.whole;
        }
        if segments.first().is_none_or(|first| first.at > 0)
            && let Some(last) = self.segments.last()
        {
            segments.insert(
                0,
                Segment {
                    at: 0,
                    file: last.file,
                    offset: last.offset + (self.whole - last.at) as u64,
                    line: last.line + newlines(&self.bytes[last.at..self.whole]),
                },
            );
        }
        self.filled = self.whole;
        (bytes, segments, self.hole.take())
    }

    /// Puts an open line back, at the end.
    pub(super) fn put_open_line(&mut self, bytes: &[u8], segments: &[Segment], hole: Option<u64>) {
        let at = self.filled;
        if self.segments.last().is_some_and(|last| last.at == at) {
            self.segments.pop();
        }
        self.segments.extend(segments.iter().map(|one| Segment { at: at + one.at, ..*one }));
        self.room(bytes.len()).copy_from_slice(bytes);
        self.filled += bytes.len();
        self.hole = hole;
    }

    /// Gives back memory that is not in use.
    pub(super) fn shrink(&mut self) {
        self.bytes.truncate(self.filled);
        self.bytes.shrink_to_fit();
    }
}
