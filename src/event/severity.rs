//! Level words: what they mean and how sure each is.

use crate::model::Severity;
use crate::traceback;

/// How sure a word is to be a level and not prose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// `ERROR`: one of the words of Python's `logging`, in capitals.
    Upper,
    /// `ALERT`, `ERR`, `NETWORK`: capitals, but also found in prose and data; wants company.
    Rare,
    /// `error`.
    Lower,
    /// `Error`.
    Title,
    /// `E`.
    Letter,
}

/// A level word found in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word {
    /// What it means.
    pub(super) severity: Severity,
    /// How it is written.
    pub(super) spelling: Spelling,
    /// Its length in bytes.
    pub(super) len: usize,
}

impl Severity {
    /// The meaning of a level word in any case, such as `warn`; `None` for any other word.
    ///
    /// Beside Python's own names it knows those of loguru (`SUCCESS`), supervisord (`CRIT`, `DEBG`),
    /// hummingbot (`NETWORK`, `EVENT_LOG`) and syslog (`emerg`).
    pub fn of_word(word: &str) -> Option<Severity> {
        if word.len() < 3 || word.len() > 9 {
            return None;
        }
        // The first letter leaves a few words to compare with, and mostly none.
        let words: &[(&str, Severity)] = match word.as_bytes()[0].to_ascii_lowercase() {
            b'i' => &[("info", Severity::Info), ("inf", Severity::Info)],
            b'd' => {
                &[("debug", Severity::Debug), ("debg", Severity::Debug), ("dbg", Severity::Debug)]
            }
            b'w' => &[
                ("warning", Severity::Warning),
                ("warn", Severity::Warning),
                ("wrn", Severity::Warning),
            ],
            b'e' => &[
                ("error", Severity::Error),
                ("err", Severity::Error),
                ("erro", Severity::Error),
                ("emerg", Severity::Critical),
                ("emergency", Severity::Critical),
                ("event_log", Severity::Info),
            ],
            b'c' => &[("critical", Severity::Critical), ("crit", Severity::Critical)],
            b'f' => &[("fatal", Severity::Critical), ("ftl", Severity::Critical)],
            b'a' => &[("alert", Severity::Critical)],
            b'p' => &[("panic", Severity::Critical)],
            b's' => &[("success", Severity::Info)],
            b'n' => &[("notice", Severity::Info), ("network", Severity::Info)],
            b't' => {
                &[("trace", Severity::Trace), ("trac", Severity::Trace), ("trc", Severity::Trace)]
            }
            b'b' => &[("blat", Severity::Trace)],
            _ => return None,
        };
        let same = |known: &str| known.eq_ignore_ascii_case(word);
        words.iter().find(|(known, _)| same(known)).map(|(_, severity)| *severity)
    }

    /// The meaning of Python's numeric levels (10 DEBUG to 50 CRITICAL), and of numbers between them.
    pub fn of_number(number: i64) -> Option<Severity> {
        Some(match number {
            1..10 => Severity::Trace,
            10..20 => Severity::Debug,
            20..30 => Severity::Info,
            30..40 => Severity::Warning,
            40..50 => Severity::Error,
            50..=100 => Severity::Critical,
            _ => return None,
        })
    }

    /// The meaning of a syslog severity, 0 (emergency) to 7 (debug): RFC 5424, section 6.2.1.
    pub(super) fn of_syslog(number: u32) -> Option<Severity> {
        Some(match number {
            0..=2 => Severity::Critical,
            3 => Severity::Error,
            4 => Severity::Warning,
            5 | 6 => Severity::Info,
            7 => Severity::Debug,
            _ => return None,
        })
    }
}

/// The level word at the start of `bytes`, where it ends at a word's end.
pub(super) fn word_at(bytes: &[u8]) -> Option<Word> {
    let first = *bytes.first()?;
    if !first.is_ascii_alphabetic() {
        return None;
    }
    let len = bytes
        .iter()
        .take(10)
        .take_while(|byte| byte.is_ascii_alphabetic() || **byte == b'_')
        .count();
    if bytes.get(len).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80) {
        return None;
    }
    if len == 1 {
        return letter(first).map(|severity| Word { severity, spelling: Spelling::Letter, len });
    }
    if !(3..=9).contains(&len) {
        return None;
    }
    let text = std::str::from_utf8(&bytes[..len]).ok()?;
    let severity = Severity::of_word(text)?;
    let tail = &bytes[1..len];
    let spelling = if first.is_ascii_lowercase() {
        tail.iter().all(u8::is_ascii_lowercase).then_some(Spelling::Lower)?
    } else if tail.iter().all(u8::is_ascii_lowercase) {
        Spelling::Title
    } else if tail.iter().any(u8::is_ascii_lowercase) {
        return None;
    } else {
        match text {
            "DEBUG" | "INFO" | "WARN" | "WARNING" | "ERROR" | "CRITICAL" | "FATAL" | "SUCCESS" => {
                Spelling::Upper
            }
            _ => Spelling::Rare,
        }
    };
    Some(Word { severity, spelling, len })
}

/// The level that a single capital stands for in glog, Tornado and hand-made formats.
pub(super) fn letter(byte: u8) -> Option<Severity> {
    Some(match byte {
        b'T' => Severity::Trace,
        b'D' => Severity::Debug,
        b'I' => Severity::Info,
        b'W' => Severity::Warning,
        b'E' => Severity::Error,
        b'C' | b'F' => Severity::Critical,
        _ => return None,
    })
}

/// The level that a line without one speaks with: a printed line that opens with the word of an error,
/// or with an exception, as the last line of a traceback does whose head was not copied.
pub fn spoken(line: &str) -> Option<Severity> {
    let names_exception =
        || traceback::inline_exceptions(line).first().is_some_and(|inline| inline.start == 0);
    (says_error(line) || names_exception()).then_some(Severity::Error)
}

/// Whether a printed line says that what went wrong above it is passed over, or tried again (`Caught HTTP Error
/// 422, ignoring.`): it is no more of the error's own message.
pub fn passes_over(line: &str) -> bool {
    let mut words = line.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    let mut before = "";
    words.any(|word| {
        let said = PASSES_OVER.iter().any(|known| word.eq_ignore_ascii_case(known))
            && !DENIES.iter().any(|known| before.eq_ignore_ascii_case(known));
        before = word;
        said
    })
}

/// What is done about an error that ends nothing.
const PASSES_OVER: [&str; 5] = ["ignoring", "retrying", "reconnecting", "resuming", "continuing"];

/// Words before one of these that turn it round.
const DENIES: [&str; 10] =
    ["not", "no", "without", "stop", "stopped", "after", "before", "longer", "up", "of"];

/// A printed line that opens with the word of an error.
fn says_error(line: &str) -> bool {
    let start = line.trim_start_matches(|c: char| !c.is_alphanumeric());
    ["error", "fatal", "exception", "critical"].iter().any(|word| {
        start.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
            && !start[word.len()..]
                .starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '=')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_lines_pass_over_what_went_wrong() {
        for line in [
            "Caught HTTP Error 422 from the exchange, ignoring.",
            "Retrying in 5 s...",
            "reconnecting (2 of 10)",
        ] {
            assert!(passes_over(line), "{line}");
        }
        for line in ["not retrying", "gave up retrying", "Please try again later", "ignored: 4"] {
            assert!(!passes_over(line), "{line}");
        }
    }

    #[test]
    fn printed_lines_speak_of_errors() {
        for line in [
            "Error: 429 from the exchange",
            "ccxt.base.errors.DDoSProtection: binance 418",
            "KeyError: 'price'",
        ] {
            assert_eq!(spoken(line), Some(Severity::Error), "{line}");
        }
        for line in ["errors=0 failures=0", "last KeyError: none", "BTC/USDT 60000.00"] {
            assert_eq!(spoken(line), None, "{line}");
        }
    }
}
