//! Which lines say something: how many come at once, and how many are blank, must not matter for what is seen of a run.

use super::TAIL_ITEMS;
use crate::source::FILLER;

/// Start, end and number from behind (1 is the last) of the last [`TAIL_ITEMS`] lines of `bytes` that say something, the
/// last first; where the first line begins that was looked at, and how many were. Blank lines do not count: how many
/// lines come at once must not matter.
pub(super) fn last_said(bytes: &[u8]) -> (Vec<(usize, usize, u64)>, usize, u64) {
    let (mut said, mut end, mut seen) = (Vec::new(), bytes.len(), 0);
    while end > 0 && said.len() < TAIL_ITEMS {
        let start = memchr::memrchr(b'\n', &bytes[..end - 1]).map_or(0, |n| n + 1);
        seen += 1;
        if says_something(&bytes[start..end]) {
            said.push((start, end, seen));
        }
        end = start;
    }
    (said, end, seen)
}

/// How many lines of `bytes` say something, as far as they count.
pub fn said_in(bytes: &[u8]) -> usize {
    last_said(bytes).0.len()
}

fn says_something(line: &[u8]) -> bool {
    line.first() != Some(&FILLER)
        && line.iter().any(|b| !b.is_ascii_whitespace() && *b != 0)
        && !is_row(line)
}

/// Whether a line is a row of an array that some record goes on with: a long one would push the record out of sight.
fn is_row(line: &[u8]) -> bool {
    let is_part = |b: &u8| b.is_ascii_digit() || b" .,eE+-[]()\t\r\nnaif".contains(b);
    let numbers = line.split(|b| b.is_ascii_whitespace() || *b == b',');
    matches!(line.first(), Some(b' ' | b'['))
        && line.iter().all(is_part)
        && numbers.filter(|number| number.iter().any(u8::is_ascii_digit)).count() >= 2
}
