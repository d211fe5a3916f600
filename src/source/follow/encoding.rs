//! How followed text is encoded: told by its first bytes, decoded as it comes.

use std::borrow::Cow;

use super::super::decode::{Codec, refusal};
use super::super::text::{Encoding, encoding, turn};

/// How a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Text {
    /// Its first bytes have not been seen.
    Unknown,
    /// As it is.
    Bytes,
    /// As UTF-16.
    Utf16 {
        /// High byte first.
        big_endian: bool,
    },
    /// Not at all: it is none.
    Refused,
}

impl Text {
    /// How a text is read that begins with `head`. Where that is too little to tell, and it is not `all`
    /// there is, it is not told.
    pub(super) fn told(head: &[u8], all: bool) -> Text {
        match head {
            [] | [0xff | 0xfe | 0xef] | [0xef, 0xbb] if !all => return Text::Unknown,
            _ => {}
        }
        if Codec::of(head).is_some() || refusal(head).is_some() {
            return Text::Refused;
        }
        match encoding(head) {
            Encoding::Bytes { .. } => Text::Bytes,
            Encoding::Utf16 { big_endian } => Text::Utf16 { big_endian },
        }
    }

    /// Bytes of its smallest character.
    pub(super) fn unit(self) -> usize {
        if matches!(self, Text::Utf16 { .. }) { 2 } else { 1 }
    }
}

/// Why a text that begins like this is not read, in words.
pub(super) fn refusal_of(head: &[u8]) -> &'static str {
    refusal(head).unwrap_or("compressed, and cannot be followed while it is written")
}

/// Decodes raw bytes, which are the `start` of the text or follow what was decoded before: all of them
/// where the text has `ended`, else as far as their meaning does not depend on what follows. Returns how
/// many were decoded, the length of a UTF-8 mark that was stepped over, and the text.
pub(super) fn decode(
    text: Text,
    raw: &[u8],
    start: bool,
    ended: bool,
) -> (usize, usize, Cow<'_, [u8]>) {
    match text {
        Text::Utf16 { big_endian } => {
            let mut decoded = String::new();
            let len = turn(raw, big_endian, start, ended, &mut decoded);
            (len, 0, Cow::Owned(decoded.into_bytes()))
        }
        _ if start && raw.starts_with(&[0xef, 0xbb, 0xbf]) => {
            (raw.len(), 3, Cow::Borrowed(&raw[3..]))
        }
        _ => (raw.len(), 0, Cow::Borrowed(raw)),
    }
}
