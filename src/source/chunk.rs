use std::ops::Range;

/// First byte of a line that only fills the place of lines of which another one was made: nobody wrote it.
/// (ASCII's record separator.)
pub const FILLER: u8 = 0x1e;

/// What stands behind the time that an exported table gives to a line. (ASCII's unit separator.)
pub const FIELD_END: u8 = 0x1f;

/// Whole lines of one source, in memory.
///
/// `bytes` may begin with lines that an earlier chunk already held: as many as the caller asked to see
/// again (see [`super::Reader::advance`]). The last line has no newline only at the end of the source or
/// where an over-long line was cut.
#[derive(Debug, Clone, Copy)]
pub struct Chunk<'s> {
    /// The lines.
    pub bytes: &'s [u8],
    /// Where they come from, in order; the first begins at 0. More than one where the chunk spans two
    /// files of a rotated set, or where an over-long line was cut.
    pub segments: &'s [Segment],
    /// Nothing follows in this source.
    pub last: bool,
}

/// A stretch of a chunk that lies in one piece in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Where in the chunk's bytes it begins.
    pub at: usize,
    /// Index of the file in the source's list of files.
    pub file: usize,
    /// Byte offset of its start in that file, as decoded.
    pub offset: u64,
    /// Line number (from 1) of its first line in that file.
    pub line: u64,
}

/// Where a byte of a chunk lies in its file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// Index of the file in the source's list of files.
    pub file: usize,
    /// Byte offset in that file, as decoded.
    pub byte: u64,
    /// Line number, from 1.
    pub line: u64,
}

impl Chunk<'_> {
    /// The segment that holds byte `at` of the chunk.
    pub fn segment(&self, at: usize) -> Segment {
        let index = self.segments.partition_point(|segment| segment.at <= at);
        self.segments[index.saturating_sub(1)]
    }

    /// Place of the line that begins at `at`. Counts the newlines since the segment's start, or since
    /// `from` where the caller already knows that place (it must not lie behind `at`).
    pub fn place(&self, at: usize, from: Option<(usize, Place)>) -> Place {
        let segment = self.segment(at);
        let (start, line) = match from {
            // A place at the very end of a file is the start of the next one for whoever sees both.
            Some((seen, place))
                if place.file == segment.file && seen >= segment.at && seen <= at =>
            {
                (seen, place.line)
            }
            _ => (segment.at, segment.line),
        };
        let newlines = memchr::memchr_iter(b'\n', &self.bytes[start..at]).count() as u64;
        Place {
            file: segment.file,
            byte: segment.offset + (at - segment.at) as u64,
            line: line + newlines,
        }
    }

    /// The line that holds byte `at`, newline included.
    pub fn line(&self, at: usize) -> Range<usize> {
        let start = memchr::memrchr(b'\n', &self.bytes[..at]).map_or(0, |newline| newline + 1);
        let end = memchr::memchr(b'\n', &self.bytes[at..]).map_or(self.bytes.len(), |n| at + n + 1);
        start..end
    }
}

#[cfg(test)]
mod tests {
    use super::{Chunk, Place, Segment};

    #[test]
    fn places_are_told_from_segments_and_from_places_before() {
        let segments = [
            Segment { at: 0, file: 0, offset: 100, line: 7 },
            Segment { at: 6, file: 1, offset: 3, line: 1 },
        ];
        let chunk = Chunk { bytes: b"a\nbb\n\nc\nd", segments: &segments, last: true };
        let places = [(0, 0, 100, 7), (2, 0, 102, 8), (5, 0, 105, 9), (6, 1, 3, 1), (8, 1, 5, 2)];
        for (index, &(at, file, byte, line)) in places.iter().enumerate() {
            let place = Place { file, byte, line };
            assert_eq!(chunk.place(at, None), place);
            for &(seen, ..) in &places[..=index] {
                assert_eq!(chunk.place(at, Some((seen, chunk.place(seen, None)))), place);
            }
        }
        // The end of a file, as it was told before the next one was there.
        let end = Place { file: 0, byte: 106, line: 10 };
        assert_eq!(chunk.place(8, Some((6, end))), Place { file: 1, byte: 5, line: 2 });
        assert_eq!(chunk.line(3), 2..5);
        assert_eq!(chunk.line(5), 5..6);
        assert_eq!(chunk.line(8), 8..9);
    }
}
