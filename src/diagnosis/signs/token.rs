//! A record's text as words, numbers with their units, and the marks between them.

use super::reading::Unit;

/// Most tokens of one text.
const TOKENS: usize = 400;

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Token {
    /// Letters, and what stands inside a name: digits, `_`, `-`, `.`.
    Word {
        /// Where it starts.
        start: usize,
        /// Where it ends.
        end: usize,
    },
    /// A number.
    Number(Number),
    /// Anything else that is no blank, and whether a blank stands before it.
    Mark(u8, bool),
    /// Something that a number has been read from.
    Used,
}

/// A number as a text writes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Number {
    /// Where it starts.
    pub(super) start: usize,
    /// Where it ends, its unit included.
    pub(super) end: usize,
    /// As it stands.
    pub(super) value: f64,
    /// The unit behind it: its factor, and in what it measures.
    pub(super) unit: Option<(f64, Unit)>,
    /// It has a fraction.
    pub(super) is_fraction: bool,
    /// A sign stands before it: a change and no state.
    pub(super) is_signed: bool,
}

/// Takes a text apart. What only looks like a number (a time, a date, an address, a version) is a mark.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    let mut blank = false;
    while at < bytes.len() && tokens.len() < TOKENS {
        let byte = bytes[at];
        if byte.is_ascii_whitespace() {
            blank = true;
            at += 1;
            continue;
        }
        let start = at;
        if byte.is_ascii_digit() {
            let (number, end) = number(bytes, at);
            tokens.push(number.map_or(Token::Mark(b'0', blank), Token::Number));
            at = end;
        } else if byte.is_ascii_alphabetic() || byte >= 0x80 {
            while at < bytes.len() && is_of_word(bytes, at) {
                at += 1;
            }
            tokens.push(Token::Word { start, end: at });
        } else {
            tokens.push(Token::Mark(byte, blank));
            at += 1;
        }
        blank = false;
    }
    tokens
}

fn is_of_word(bytes: &[u8], at: usize) -> bool {
    let byte = bytes[at];
    let inner = || {
        matches!(byte, b'-' | b'.')
            && bytes.get(at + 1).is_some_and(u8::is_ascii_alphabetic)
            && bytes[at - 1].is_ascii_alphanumeric()
    };
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80 || inner()
}

/// The number that begins at `at`, and where what hangs together with it ends.
fn number(bytes: &[u8], at: usize) -> (Option<Number>, usize) {
    let mut end = at;
    let mut digits = Vec::with_capacity(20);
    let mut is_fraction = false;
    while end < bytes.len() {
        match bytes[end] {
            digit @ b'0'..=b'9' => digits.push(digit),
            b'_' if bytes.get(end + 1).is_some_and(u8::is_ascii_digit) => {}
            b'.' if !is_fraction && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) => {
                is_fraction = true;
                digits.push(b'.');
            }
            // Thousands: three digits behind a comma, and no digit behind them.
            b',' if !is_fraction && is_thousands(bytes, end) => {}
            _ => break,
        }
        end += 1;
    }
    if bytes[end..].starts_with(b"e+0") || bytes[end..].starts_with(b"e+1") {
        let more = bytes[end + 2..].iter().take_while(|b| b.is_ascii_digit()).take(3).count();
        digits.extend_from_slice(&bytes[end..end + 2 + more]);
        end += 2 + more;
    }
    let is_signed = at > 0 && matches!(bytes[at - 1], b'+' | b'-');
    let is_glued = matches!(bytes.get(end), Some(b':' | b'-' | b'.' | b'/' | b'_'))
        && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
    // `512/1024`: a state and its limit; `10/11/2026`, `10:20`, `10.0.0.1`, `2026-05-01` are none.
    let is_ratio = bytes.get(end) == Some(&b'/') && {
        let rest = &bytes[end + 1..];
        let digits = rest.iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
        !matches!(rest.get(digits), Some(b'/' | b':' | b'-'))
    };
    if is_glued && !is_ratio {
        let rest = &bytes[end..];
        let whole = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || b":-./_".contains(b));
        return (None, end + whole.count());
    }
    let text = std::str::from_utf8(&digits).unwrap_or("");
    let value = text.parse::<f64>().ok();
    let word = bytes[end..].iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let is_word =
        |at: usize| bytes.get(at).is_none_or(|b| !b.is_ascii_alphanumeric() && *b != b'_');
    if word > 0 {
        let unit = unit(&bytes[end..end + word], true).filter(|_| is_word(end + word));
        let number = value.zip(unit).map(|(value, unit)| Number {
            start: at,
            end: end + word,
            value,
            unit: Some(unit),
            is_fraction,
            is_signed,
        });
        let more = bytes[end..].iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_');
        return (number, end + more.count());
    }
    // A unit may stand a blank away.
    let blank = usize::from(bytes.get(end) == Some(&b' '));
    let next = &bytes[(end + blank).min(bytes.len())..];
    let word = next.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let (unit, len) = match next.first() {
        Some(b'%') => (Some((1.0, Unit::Percent)), 1),
        _ => (unit(&next[..word], false), word),
    };
    // `rss_mb=512 kb=9`: what looks like a unit is the name of the next field.
    let is_name = bytes.get(end + blank + len) == Some(&b'=');
    let unit = unit.filter(|_| is_word(end + blank + len) && !is_name);
    if unit.is_some() {
        end += blank + len;
    }
    (value.map(|value| Number { start: at, end, value, unit, is_fraction, is_signed }), end)
}

fn is_thousands(bytes: &[u8], comma: usize) -> bool {
    let digits = bytes[comma + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
    // `1,024 MB` and not `fds=12,345`, which may be two fields.
    let behind = bytes.get(comma + 4);
    digits == 3 && matches!(behind, Some(b' ' | b',' | b'.' | b'K' | b'k' | b'M' | b'G' | b'B'))
}

/// Factor and measure of a unit; a single letter counts only right behind the number.
pub(super) fn unit(word: &[u8], is_attached: bool) -> Option<(f64, Unit)> {
    const K: f64 = 1024.0;
    let factor = match word.to_ascii_lowercase().as_slice() {
        b"b" if is_attached && word == b"B" => 1.0,
        b"byte" | b"bytes" => 1.0,
        b"k" | b"kb" | b"kib" | b"kbytes" if word.len() > 1 || is_attached => K,
        b"m" if is_attached && word == b"M" => K * K,
        b"mb" | b"mib" | b"mbytes" | b"megabytes" => K * K,
        b"g" if is_attached && word == b"G" => K * K * K,
        b"gb" | b"gib" | b"gbytes" | b"gigabytes" => K * K * K,
        b"tb" | b"tib" => K * K * K * K,
        b"pct" | b"percent" => return Some((1.0, Unit::Percent)),
        _ => return None,
    };
    Some((factor, Unit::Bytes))
}
