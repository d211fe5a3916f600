#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{Cursor, Read};

use proptest::prelude::*;

use super::{Ends, LineEnds, Peek, Returns, line_ends, turn_returns};
use crate::safe::limits::ENDS_BYTES;

fn told(text: &[u8]) -> LineEnds {
    line_ends(&text[..text.len().min(ENDS_BYTES)])
}

#[test]
fn a_text_without_newlines_ends_its_lines_with_returns() {
    assert_eq!(told(b"one\rtwo\r"), LineEnds::Returns);
    assert_eq!(told(b"one\r"), LineEnds::Returns);
    assert_eq!(told(b"10%\r20%\r100%\nstarted\n"), LineEnds::Newlines);
    assert_eq!(told(b"one\r\ntwo\r\n"), LineEnds::Newlines);
    assert_eq!(told(b"one line"), LineEnds::Newlines);
    assert_eq!(told(b""), LineEnds::Newlines);
    let mut long = b"10%\r".repeat(ENDS_BYTES / 4);
    long[ENDS_BYTES - 1] = b'\n';
    assert_eq!(told(&long), LineEnds::Newlines);
    long[ENDS_BYTES - 1] = b'\r';
    long.push(b'\n');
    assert_eq!(told(&long), LineEnds::Returns);
}

#[test]
fn a_return_before_a_newline_belongs_to_it() {
    let mut text = b"a\rb\r\nc\r\r\nd\r".to_vec();
    turn_returns(&mut text);
    assert_eq!(text, b"a\nb\r\nc\n\r\nd\r");
}

proptest! {
    #[test]
    fn pieces_are_counted_as_the_whole(
        text in "[ab\r\n]{0,40}",
        padded in any::<bool>(),
        sizes in prop::collection::vec(1usize..6, 1..40),
    ) {
        // A text that is long enough to be known before its end.
        let text = if padded { format!("{}{text}", "a\r".repeat(ENDS_BYTES / 2)) } else { text };
        let bytes = text.as_bytes();
        let kind = told(bytes);
        let mut whole = bytes.to_vec();
        if kind == LineEnds::Returns {
            turn_returns(&mut whole);
            if let Some(last @ b'\r') = whole.last_mut() {
                *last = b'\n';
            }
        }
        let lines = whole.iter().filter(|&&byte| byte == b'\n').count() as u64;

        let mut ends = Ends::default();
        let (mut at, mut counted) = (if padded { ENDS_BYTES - 3 } else { 0 }, 0);
        counted += ends.take(&bytes[..at]);
        for size in sizes.into_iter().chain([usize::MAX]) {
            let end = at.saturating_add(size).min(bytes.len());
            counted += ends.take(&bytes[at..end]);
            at = end;
        }
        if ends.kind() == LineEnds::Unknown {
            ends.end();
            counted += if ends.kind() == LineEnds::Returns { ends.lines } else { 0 };
        }
        prop_assert_eq!(ends.kind(), kind);
        prop_assert_eq!(counted + ends.waiting(), lines);

        let mut read = Vec::new();
        if kind == LineEnds::Returns {
            let inner = Peek::new(Box::new(Cursor::new(bytes.to_vec())));
            let mut returns = Returns::new(inner);
            let mut one = [0; 3];
            while let n @ 1.. = returns.read(&mut one).unwrap() {
                read.extend_from_slice(&one[..n]);
            }
            prop_assert_eq!(read, whole);
        }
    }
}
