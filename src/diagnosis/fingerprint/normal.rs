//! A message without what changes from event to event, day to day and host to host.

/// Longest normalised message that counts; measured after normalising, so that the length of an id
/// does not move the cut.
const NORMAL_BYTES: usize = 200;

/// How much of a message is looked at.
const LOOKED_AT: usize = 2 << 10;

/// What stands for a number, time, id, address, amount or market.
const ANY: char = '#';

/// Currencies that markets are quoted in: the second half of `BTC/USDT` and the tail of `BTCUSDT`.
const QUOTES: &[&str] = &[
    "USDT", "USDC", "BUSD", "FDUSD", "TUSD", "USD", "EUR", "GBP", "BTC", "XBT", "ETH", "BNB",
    "DAI", "TRY", "JPY", "KRW", "BRL", "AUD", "CHF", "CAD", "INR", "PERP", "SWAP",
];

/// Those that end no English word.
const TAILS: &[&str] = &["USDT", "USDC", "BUSD", "USD", "EUR", "BTC", "ETH", "BNB"];

/// The words of `message` up to the last: numbers, times, ids, addresses, amounts and markets give way to `#`, several
/// in a row to one, and an absolute path to its last part.
pub(in crate::diagnosis) fn normalised(message: &str) -> String {
    let mut normal = Normal { text: String::with_capacity(NORMAL_BYTES), ..Normal::default() };
    let mut rest = head(message, LOOKED_AT);
    let mut before = ' ';
    while normal.text.len() < NORMAL_BYTES {
        let Some(first) = rest.chars().next() else { break };
        let length = if let Some((length, name)) = absolute_path(rest, before) {
            normal.push_path_part(name);
            length
        } else if let Some(length) = market(rest, before) {
            normal.push_any();
            length
        } else if is_word(first) {
            let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            normal.push_word(&rest[..length]);
            length
        } else {
            normal.gap.push(first);
            first.len_utf8()
        };
        before = rest[..length].chars().next_back().unwrap_or(' ');
        rest = &rest[length..];
    }
    head(&normal.text, NORMAL_BYTES).to_owned()
}

#[derive(Default)]
struct Normal {
    text: String,
    /// Separators since the last word.
    gap: String,
}

impl Normal {
    fn push_plain(&mut self, word: &str) {
        self.text.push_str(&self.gap);
        self.gap.clear();
        self.text.push_str(word);
    }

    /// Several in a row are one: dates are written with blanks, amounts with commas, lists grow.
    fn push_any(&mut self) {
        let joins = self.gap.chars().all(|c| matches!(c, ' ' | ',' | ':' | ';' | '/' | '|'));
        if self.text.ends_with(ANY) && joins {
            self.gap.clear();
        } else {
            self.push_plain(ANY.encode_utf8(&mut [0; 4]));
        }
    }

    fn push_word(&mut self, word: &str) {
        if is_address(word) {
            self.push_any();
            return;
        }
        // A port or a line number does not hide the host or the file before it.
        for (index, part) in word.split(':').enumerate() {
            if index > 0 {
                self.gap.push(':');
            }
            if part.is_empty() {
                continue;
            }
            if changes(part) || part == "May" && self.text.ends_with(ANY) {
                self.push_any();
            } else {
                self.push_plain(part);
            }
        }
    }

    /// Names that `tempfile` makes up have eight random characters behind `tmp`.
    fn push_path_part(&mut self, name: &str) {
        if name.len() == 11 && name.starts_with("tmp") {
            self.push_any();
        } else {
            for word in name.split_inclusive(|c| !is_word(c)) {
                let bare = word.trim_end_matches(|c| !is_word(c));
                if !bare.is_empty() {
                    self.push_word(bare);
                }
                self.gap.push_str(&word[bare.len()..]);
            }
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '+')
}

/// Whether a word is another one tomorrow.
fn changes(word: &str) -> bool {
    word.bytes().any(|b| b.is_ascii_digit())
        || word.len() >= 8 && word.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
        || is_market_word(word)
        || is_of_a_date(word)
}

/// The short English names of days and months, as HTTP and `ctime` write them. `May` is mostly a verb.
fn is_of_a_date(word: &str) -> bool {
    const NAMES: &[&str] = &[
        "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Jan", "Feb", "Mar", "Apr", "Jun", "Jul",
        "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    word.len() == 3 && NAMES.contains(&word)
}

/// A time or an IPv6 address: hexadecimal digits between two colons or more.
fn is_address(word: &str) -> bool {
    word.bytes().filter(|&b| b == b':').count() >= 2
        && word.bytes().all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.' | b'-' | b'+'))
}

/// `BTCUSDT`, `BTC-USD`, `BTC_USDT`, `BTC-USDT-SWAP`, `btcusdt`.
fn is_market_word(word: &str) -> bool {
    let is_upper = |text: &str| text.bytes().all(|b| b.is_ascii_uppercase());
    match word.as_bytes() {
        // Of small letters, and no part of it is set off.
        [b'a'..=b'z', ..] => {
            return word.len() >= 6
                && ["usdt", "usdc", "busd"].iter().any(|tail| word.ends_with(tail))
                && word.bytes().all(|b| b.is_ascii_lowercase());
        }
        [b'A'..=b'Z', b'A'..=b'Z', ..] => {}
        _ => return false,
    }
    let mut parts = word.split(['-', '_']);
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(whole), None, _, _) if is_upper(whole) => {
            TAILS.iter().any(|tail| whole.len() >= tail.len() + 2 && whole.ends_with(tail))
        }
        (Some(base), Some(quote), last, None) => {
            is_upper(base)
                && base.len() >= 2
                && QUOTES.contains(&quote)
                && last.is_none_or(|last| QUOTES.contains(&last))
        }
        _ => false,
    }
}

/// Length of `BTC/USDT` or `BTC/USDT:USDT` at the start of `rest`.
fn market(rest: &str, before: char) -> Option<usize> {
    if is_word(before) || before == '/' {
        return None;
    }
    let base = rest.find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit()))?;
    let behind = rest[base..].strip_prefix('/')?;
    let end = behind.find(|c| !is_word(c)).unwrap_or(behind.len());
    let quote = behind[..end].split([':', '-', '.']).next()?;
    (base > 0 && QUOTES.contains(&quote)).then_some(base + 1 + end)
}

/// Length of the absolute path of two parts or more at the start of `rest`, and its last part: the
/// folders before it are another host's or another user's.
fn absolute_path(rest: &str, before: char) -> Option<(usize, &str)> {
    if is_word(before) || matches!(before, '/' | '\\' | '<') {
        return None;
    }
    let bytes = rest.as_bytes();
    let has_drive = bytes.len() > 2
        && bytes[0].is_ascii_alphabetic()
        && bytes[1] == b':'
        && matches!(bytes[2], b'\\' | b'/');
    if !has_drive && !rest.starts_with('/') && !rest.starts_with("~/") && !rest.starts_with("\\\\")
    {
        return None;
    }
    let closing = matches!(before, '\'' | '"').then(|| rest.find([before, '\n'])).flatten();
    let end = closing.unwrap_or_else(|| {
        rest.find(|c: char| c.is_whitespace() || "'\"()[]<>,;?&=".contains(c)).unwrap_or(rest.len())
    });
    let path = rest[..end].split('?').next().unwrap_or("").trim_end_matches(['/', '\\']);
    let mut parts = path.rsplit(['/', '\\']).filter(|part| !part.is_empty());
    let name = parts.next()?;
    parts.next().map(|_| (path.len(), name))
}

fn head(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_changes_from_event_to_event_does_not_count() {
        for (monday, tuesday) in [
            (
                "order 12345 failed at 10:00:01 (-1.5 USDT)",
                "order 9 failed at 23:59:59 (-200.25 USDT)",
            ),
            ("<Bot object at 0x7f56b5bfef10> is gone", "<Bot object at 0x55d0c8> is gone"),
            (
                "lost 550e8400-e29b-41d4-a716-446655440000",
                "lost 6fa459ea-ee8a-3ca4-894e-db77e160355e",
            ),
            ("order deadbeefcafe unknown", "order 0123456789ab unknown"),
            ("client order x-A6SIDVZX2b1 unknown", "client order x-T9ZZ0 unknown"),
            ("need 1,234.56 USDT", "need 9 USDT"),
            ("missing [1, 2, 3]", "missing [7]"),
            (
                "retry after Wed, 21 Oct 2026 07:28:00 GMT",
                "retry after Fri, 01 May 2026 23:00:01 GMT",
            ),
            ("at 2026-03-01 10:00:00,123: gone", "at 2026-03-02T23:59:59.5+02:00: gone"),
            ("no price for BTC/USDT", "no price for 1INCH/EUR"),
            ("no price for BTC/USDT:USDT", "no price for ETH/USDT"),
            ("no price for BTCUSDT", "no price for DOGE-USD"),
            ("no price for BTC-USDT-SWAP", "no price for btcusdt"),
            ("cannot bind [fe80::1]:80", "cannot bind [2a02:8108:8abf:abcd::17]:8080"),
            ("cannot reach 10.0.0.1:8080", "cannot reach 192.168.178.44:80"),
            ("api.binance.com:443 refused", "api.binance.com:9443 refused"),
            ("grid.py:41 said no", "grid.py:7 said no"),
        ] {
            assert_eq!(normalised(monday), normalised(tuesday));
        }
    }

    #[test]
    fn another_hosts_folders_do_not_count() {
        for path in [
            "[Errno 2] No such file or directory: '/home/ann/bot/config.json'",
            "[Errno 2] No such file or directory: '/srv/config.json'",
            "[Errno 2] No such file or directory: 'C:\\\\Users\\\\Ann Lee\\\\bot\\\\config.json'",
            "[Errno 2] No such file or directory: '~/config.json'",
            "[Errno 2] No such file or directory: '\\\\\\\\nas\\\\bots\\\\config.json'",
        ] {
            assert_eq!(
                normalised(path),
                "[Errno #] No such file or directory: 'config.json",
                "{path}"
            );
        }
        assert_eq!(
            normalised("cannot write /tmp/tmpabcdefgh"),
            normalised("cannot write /var/tmp/tmp12ab_xyz")
        );
    }

    #[test]
    fn what_makes_a_cause_counts() {
        for (one, other) in [
            ("order 99 failed", "position 99 failed"),
            ("api.binance.com:443 refused", "api.kraken.com:443 refused"),
            ("No such file: '/srv/bot/config.json'", "No such file: '/srv/bot/markets.json'"),
            ("No module named 'ccxt'", "No module named 'talib'"),
            ("'price'", "'volume'"),
            ("'BTC'", "'ETH'"),
            ("RETRY", "ENTRY"),
            ("May fail", "Must fail"),
            ("https://api.binance.com/api/x", "https://api.kraken.com/api/x"),
        ] {
            assert_ne!(normalised(one), normalised(other));
        }
    }

    #[test]
    fn a_long_id_does_not_move_the_cut() {
        let message = |id: &str| format!("order {id} {}", "was refused by the exchange ".repeat(9));
        assert_eq!(normalised(&message("1")), normalised(&message(&"9".repeat(64))));
    }

    proptest! {
        #[test]
        fn any_text_has_a_short_normal_form(text in any::<String>()) {
            let normal = normalised(&text);
            prop_assert!(normal.len() <= NORMAL_BYTES);
            prop_assert!(!normal.bytes().any(|b| b.is_ascii_digit()));
        }

        #[test]
        fn numbers_never_count(a in any::<u64>(), b in any::<u64>(), word in "[a-z]{1,8}") {
            prop_assert_eq!(normalised(&format!("{word} {a}: x")), normalised(&format!("{word} {b}: x")));
        }
    }
}
