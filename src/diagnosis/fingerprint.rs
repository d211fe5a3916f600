//! What makes two events the same cause: rule, exception, normalised message, the bot's own frame. No
//! line numbers, times, ids or amounts, so that it holds from day to day and from host to host.

use super::finding::Finding;
use crate::rules::short;

/// Longest part of a message that counts.
const MESSAGE_BYTES: usize = 200;

/// The fingerprint of a finding under a rule: 16 hexadecimal digits.
pub(super) fn of(rule: &str, finding: &Finding) -> String {
    let mut hash = Fnv::new();
    hash.add(rule);
    match &finding.exception {
        Some(exception) => {
            hash.add(short(&exception.class));
            hash.add(&normalised(&exception.message));
            if let Some(frame) = &exception.frame {
                hash.add(frame.file.rsplit(['/', '\\']).next().unwrap_or(""));
                hash.add(frame.function.as_deref().unwrap_or(""));
            }
        }
        None => hash.add(&normalised(&finding.message)),
    }
    format!("{:016x}", hash.value)
}

/// The message's words: every run of characters with a digit in it, every quoted id and address gives
/// way to `#`.
pub(super) fn normalised(message: &str) -> String {
    let mut end = message.len().min(MESSAGE_BYTES);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    let mut normal = String::with_capacity(end);
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '+');
    for word in message[..end].split_inclusive(|c: char| !is_word(c)) {
        let (word, separator) = match word.char_indices().last() {
            Some((at, last)) if !is_word(last) => word.split_at(at),
            _ => (word, ""),
        };
        if word.bytes().any(|b| b.is_ascii_digit()) {
            normal.push('#');
        } else {
            normal.push_str(word);
        }
        normal.push_str(separator);
    }
    normal
}

/// FNV-1a, 64 bits: the same on every platform and in every release, which the standard library's
/// hashers do not promise. Not for security.
struct Fnv {
    value: u64,
}

impl Fnv {
    fn new() -> Fnv {
        Fnv { value: 0xcbf2_9ce4_8422_2325 }
    }

    fn add(&mut self, text: &str) {
        // A byte that no UTF-8 text holds keeps the parts apart.
        for byte in text.bytes().chain([0xff]) {
            self.value = (self.value ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::normalised;

    #[test]
    fn numbers_and_ids_do_not_count() {
        let monday = normalised("order 12345 failed at 10:00:01 for 0x7f56b5bfef10 (-1.5 USDT)");
        let tuesday = normalised("order 99 failed at 23:59:59 for 0x7f0000000000 (-200.25 USDT)");
        assert_eq!(monday, tuesday);
        assert_ne!(monday, normalised("position 99 failed at 23:59:59"));
    }
}
