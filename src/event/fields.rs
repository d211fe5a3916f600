//! The small pieces of a header: separators between fields, and what kind of field a word is.

/// Longest field of a header that is one word, in bytes: dotted names of classes fit.
pub(super) const FIELD: usize = 128;

/// Longest field between two marks that may have blanks in it: sentences do not fit.
pub(super) const COLUMN: usize = 72;

/// What stands between two fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// The start of the line.
    Start,
    /// Nothing: the next field is adjacent.
    None,
    /// Blanks.
    Space,
    /// ` - `, or the long dashes.
    Dash,
    /// `|`, with or without blanks.
    Pipe,
    /// `:`.
    Colon,
    /// `,` or `;`.
    Comma,
    /// A tab.
    Tab,
    /// The end of the line.
    End,
}

/// A separator: what it is and where things go on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Separator {
    pub(super) mark: Mark,
    /// Where the next field begins: all blanks skipped.
    pub(super) next: usize,
    /// Where the message begins if it follows: one blank skipped.
    pub(super) message: usize,
}

/// The separator at `at`, the end of a field.
pub(super) fn separator(bytes: &[u8], at: usize) -> Separator {
    let blanks = blanks(bytes, at);
    let spot = at + blanks;
    let rest = &bytes[spot..];
    let (mark, width) = match rest {
        [] => (Mark::End, 0),
        [b'-', b' ', ..] | [b'-'] if blanks > 0 => (Mark::Dash, 1),
        [0xe2, 0x80, 0x93 | 0x94, b' ', ..] if blanks > 0 => (Mark::Dash, 3),
        [b'|', ..] => (Mark::Pipe, 1),
        [b':', b' ', ..] => (Mark::Colon, 1),
        [b':', ..] if blanks == 0 => (Mark::Colon, 1),
        [b',' | b';', ..] if blanks == 0 => (Mark::Comma, 1),
        [b'\t', ..] => (Mark::Tab, 1),
        _ if blanks > 0 => {
            return Separator { mark: Mark::Space, next: spot, message: at + 1 };
        }
        _ => return Separator { mark: Mark::None, next: at, message: at },
    };
    let after = spot + width;
    let blank = usize::from(bytes.get(after) == Some(&b' '));
    Separator { mark, next: after + self::blanks(bytes, after), message: after + blank }
}

/// Number of blanks at `at`.
pub(super) fn blanks(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().take_while(|byte| **byte == b' ').count()
}

/// The length of the word at `at`: what a name, a place or a number in a header is made of.
pub(super) fn word_len(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let mut len = 0;
    while let Some(byte) = rest.get(len) {
        let part = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'/' | b'@' | b'#' => {
                true
            }
            b'<' | b'>' | b'(' | b')' | b'\\' | b'~' | b'$' | b'+' => true,
            b'[' | b']' => len > 0,
            // A line number belongs to the place before it.
            b':' => len > 0 && rest.get(len + 1).is_some_and(u8::is_ascii_digit),
            byte => *byte >= 0x80,
        };
        if !part || len > FIELD {
            break;
        }
        len += 1;
    }
    // Where it was cut for its length, whole characters are kept.
    while rest.get(len).is_some_and(|byte| matches!(byte, 0x80..=0xbf)) && len > 0 {
        len -= 1;
    }
    len
}

/// `text` can be the name of a logger, thread, module or function: no blanks, some letter.
pub(super) fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= FIELD
        && bytes.iter().any(u8::is_ascii_alphabetic)
        && bytes.first().is_some_and(|byte| {
            byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'<') || *byte >= 0x80
        })
        && bytes.iter().all(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'_' | b'.' | b'-' | b'<' | b'>' | b'@' | b'#')
                || *byte >= 0x80
        })
}

/// `text` names a class or an exception rather than a logger: its last part begins with a capital, or is
/// one of the few exceptions of Python that are written small.
pub(super) fn is_class(text: &str) -> bool {
    let last = text.rsplit('.').next().unwrap_or(text);
    last.starts_with(|letter: char| letter.is_ascii_uppercase())
        || matches!(last, "error" | "gaierror" | "herror" | "timeout" | "exception")
}

/// `text` is a place in code: `bot.py:12`, `/srv/bot/bot.py:12`, `module:function:12`.
pub(super) fn is_place(text: &str) -> bool {
    let Some((name, line)) = text.rsplit_once(':') else { return text.ends_with(".py") };
    !name.is_empty()
        && !line.is_empty()
        && line.bytes().all(|byte| byte.is_ascii_digit())
        && name.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !name.contains(' ')
}

/// `text` is a place inside a file: `bot.py:12`, `/srv/bot.py`.
pub(super) fn is_file(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = bytes.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let name = match bytes[..bytes.len() - digits].strip_suffix(b":") {
        Some(name) if digits > 0 => name,
        _ => bytes,
    };
    name.len() > 3 && name.ends_with(b".py") && !name.contains(&b' ')
}

/// `text` is a name that threads, tasks and worker processes are given.
pub(super) fn is_thread(text: &str) -> bool {
    const STARTS: [&str; 14] = [
        "MainThread",
        "MainProcess",
        "Thread-",
        "Thread ",
        "Process-",
        "ForkProcess",
        "SpawnProcess",
        "ForkPoolWorker",
        "SpawnPoolWorker",
        "ForkServerP",
        "ThreadPool",
        "Dummy-",
        "Task-",
        "asyncio_",
    ];
    // Most words are none; the first letter settles that without comparing.
    matches!(text.as_bytes().first(), Some(b'M' | b'T' | b'P' | b'F' | b'S' | b'D' | b'a'))
        && STARTS.iter().any(|start| text.starts_with(start))
}

/// The number that `text` is, with or without `#` or `pid` before it.
pub(super) fn pid(text: &str) -> Option<u32> {
    let text = text.strip_prefix('#').unwrap_or(text);
    let text =
        text.strip_prefix("pid").map_or(text, |rest| rest.trim_start_matches([' ', ':', '=']));
    if text.is_empty() || text.len() > 10 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}
