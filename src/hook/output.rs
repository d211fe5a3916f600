//! The end of what a command writes.

use std::collections::VecDeque;

use crate::safe::escape::visible_lines;
use crate::safe::limits::HOOK_OUTPUT_BYTES;
use crate::safe::redact::Redactor;

/// Keeps the end of a stream, and knows how much went before.
#[derive(Debug, Default)]
pub(super) struct Tail {
    bytes: VecDeque<u8>,
    dropped: u64,
}

impl Tail {
    /// Adds what was written next.
    pub(super) fn push(&mut self, block: &[u8]) {
        let excess = (self.bytes.len() + block.len()).saturating_sub(HOOK_OUTPUT_BYTES);
        self.dropped += excess as u64;
        let old = excess.min(self.bytes.len());
        self.bytes.drain(..old);
        self.bytes.extend(&block[excess - old..]);
    }

    /// The text, safe to print and without secrets; `None` where nothing was written.
    pub(super) fn text(&self, redactor: &Redactor) -> Option<String> {
        if self.bytes.is_empty() {
            return None;
        }
        let bytes: Vec<u8> = self.bytes.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        let safe = redactor.redact(text.trim_end());
        let safe = visible_lines(&safe);
        Some(match self.dropped {
            0 => safe.into_owned(),
            dropped => format!("[{dropped} bytes before this are left out]\n{safe}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_kept_whatever_the_blocks() {
        let all: Vec<u8> = (0..300_000_u32).map(|n| b'a' + (n % 26) as u8).collect();
        for size in [1, 7, 4096, 65_536, 65_537, 300_000] {
            let mut tail = Tail::default();
            all.chunks(size).for_each(|block| tail.push(block));
            let kept: Vec<u8> = tail.bytes.iter().copied().collect();
            assert_eq!(kept, all[all.len() - HOOK_OUTPUT_BYTES..], "{size}");
            assert_eq!(tail.dropped as usize, all.len() - HOOK_OUTPUT_BYTES);
        }
    }

    #[test]
    fn what_is_shown_is_safe() {
        let mut tail = Tail::default();
        assert_eq!(tail.text(&Redactor::new(true)), None);
        tail.push(b"\x1b[2Jline\nBOT_API_SECRET=tigerlily\n\xff\n");
        let text = tail.text(&Redactor::new(true)).unwrap();
        assert!(text.starts_with("\\x1b[2Jline\n") && text.contains("[redacted:"), "{text}");
        assert!(!text.contains("tigerlily") && text.ends_with('\u{fffd}'), "{text}");
    }
}
