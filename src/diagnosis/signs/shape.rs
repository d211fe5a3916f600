//! What a message looks like with its numbers taken out, and what kind of message it is.

use crate::model::Fnv;

/// Most bytes of a message that are looked at.
const MESSAGE_BYTES: usize = 400;

/// A message without its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// The same for messages that differ in nothing but numbers.
    pub(super) hash: u64,
    /// Its numbers with a fraction, but for those of what the bot itself holds: the same where all of them are. `None`
    /// where there are none.
    pub(super) values: Option<u64>,
    /// All of these are zero.
    pub(super) is_zero: bool,
    /// It shows a price, perhaps beside what the bot itself holds.
    pub(super) shows_price: bool,
    /// What it tells of.
    pub(super) kind: Kind,
}

/// What a message tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The market: a price, a tick, a candle.
    Market,
    /// That the bot is alive.
    Heartbeat,
    /// That nothing is to be expected for a while: a closed market, a pause.
    Pause,
    /// Anything else, also what the bot itself holds or does.
    Other,
}

/// Words of market data.
const MARKET: [&str; 18] = [
    "price",
    "last",
    "bid",
    "ask",
    "tick",
    "ticker",
    "ticks",
    "candle",
    "candles",
    "kline",
    "klines",
    "quote",
    "mid",
    "trade",
    "trades",
    "orderbook",
    "book",
    "ohlcv",
];

/// Words of what the bot itself holds or does: that may stand still.
const OWN: [&str; 27] = [
    "balance",
    "equity",
    "pnl",
    "position",
    "positions",
    "size",
    "qty",
    "wallet",
    "profit",
    "entry",
    "stop",
    "order",
    "orders",
    "filled",
    "fill",
    "fee",
    "funding",
    "signal",
    "exposure",
    "margin",
    "leverage",
    "target",
    "portfolio",
    "drawdown",
    "sleeping",
    "spread",
    "grid",
];

/// Those of them that stand beside a price in what a bot says of each round.
const STATE: [&str; 9] =
    ["balance", "equity", "pnl", "position", "positions", "profit", "signal", "exposure", "spread"];

/// Words of a sign of life.
const HEARTBEAT: [&str; 12] = [
    "heartbeat",
    "heart-beat",
    "keepalive",
    "keep-alive",
    "alive",
    "health",
    "healthy",
    "healthcheck",
    "ping",
    "pong",
    "uptime",
    "watchdog",
];

/// Words of a pause that is meant; of the second list only where one of the third says whose.
const PAUSE: [&str; 6] = ["maintenance", "holiday", "weekend", "cooldown", "halted", "outside"];
const CLOSED: [&str; 9] = [
    "closed",
    "closes",
    "closing",
    "paused",
    "pausing",
    "suspended",
    "stopped",
    "resumes",
    "disabled",
];
const VENUES: [&str; 7] =
    ["market", "markets", "session", "exchange", "trading", "bot", "strategy"];

/// Currencies in which a pair is quoted.
const QUOTES: [&str; 12] =
    ["USDT", "USDC", "USD", "BUSD", "FDUSD", "EUR", "GBP", "JPY", "BTC", "ETH", "PERP", "TRY"];

/// Looks at the message of a record. Takes time linear in its length.
pub(super) fn shape(message: &str) -> Shape {
    let mut end = message.len().min(MESSAGE_BYTES);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    let message = &message[..end];
    let bytes = message.as_bytes();
    let (mut hash, mut values) = (Fnv::new(), Fnv::new());
    let (mut has_values, mut is_zero) = (false, true);
    let (mut market, mut own, mut heartbeat) = (false, false, false);
    // Whose the numbers are that come next: what is said last before them tells.
    let (mut of_market, mut is_behind_own) = (true, false);
    let (mut is_told, mut has_price, mut acts) = (false, false, false);
    let (mut pause, mut closed, mut venue) = (false, false, false);
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte >= 0x80;
        if is_letter(bytes[at]) {
            let is_of_word = |byte: u8| is_letter(byte) || byte.is_ascii_digit() || byte == b'-';
            while at < bytes.len() && is_of_word(bytes[at]) {
                at += 1;
            }
            let word = &bytes[start..at];
            let is_one_of = |list: &[&str]| {
                list.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(word))
            };
            let is_market = is_one_of(&MARKET) || is_pair(word, bytes.get(at));
            let is_own = is_one_of(&OWN);
            if is_market || is_own {
                // An entry price is the bot's own.
                of_market = is_market && !is_behind_own;
                is_told = true;
            }
            acts |= is_own && !is_one_of(&STATE);
            is_behind_own = is_own;
            own |= is_own;
            heartbeat |= is_one_of(&HEARTBEAT);
            pause |= is_one_of(&PAUSE);
            closed |= is_one_of(&CLOSED);
            venue |= is_one_of(&VENUES);
            market |= is_market;
            // A word with digits in it may be an id, and may be a symbol.
            if word.iter().any(u8::is_ascii_digit) && word.len() > 12 {
                hash.add("#");
            } else {
                hash.add(&message[start..at]);
            }
        } else if bytes[at].is_ascii_digit() {
            while at < bytes.len() && is_of_number(bytes, at) {
                at += 1;
            }
            let number = &bytes[start..at];
            if number.contains(&b'.') && of_market {
                has_values = true;
                has_price |= is_told;
                is_zero &= number.iter().all(|b| matches!(b, b'0' | b'.'));
                values.add(&message[start..at]);
            }
            is_behind_own = false;
            hash.add("#");
        } else {
            at += 1;
            hash.add(&message[start..at]);
        }
    }
    let kind = if pause || closed && venue {
        Kind::Pause
    } else if heartbeat {
        Kind::Heartbeat
    } else if market && !own {
        Kind::Market
    } else {
        Kind::Other
    };
    Shape {
        hash: hash.value(),
        values: has_values.then(|| values.value()),
        is_zero: has_values && is_zero,
        shows_price: kind == Kind::Market || kind == Kind::Other && has_price && !acts,
        kind,
    }
}

/// Whether a full or half hour, at which markets close and open, lies between two times or less than `near`
/// from them, all in seconds.
pub(super) fn is_near_half_hour(from: f64, to: f64, near: f64) -> bool {
    const HALF_HOUR: f64 = 1_800.0;
    ((from - near) / HALF_HOUR).ceil() * HALF_HOUR <= to + near
}

fn is_of_number(bytes: &[u8], at: usize) -> bool {
    bytes[at].is_ascii_digit()
        || matches!(bytes[at], b'.' | b',') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
}

/// Whether a word, with what stands behind it, begins a pair: `BTCUSDT`, `BTC/USDT`, `ETH-USD`.
fn is_pair(word: &[u8], next: Option<&u8>) -> bool {
    let is_upper = word.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'-');
    let quoted =
        QUOTES.iter().any(|quote| word.len() > quote.len() && word.ends_with(quote.as_bytes()));
    is_upper && (2..=14).contains(&word.len()) && (quoted || next == Some(&b'/'))
}

#[cfg(test)]
mod tests;
