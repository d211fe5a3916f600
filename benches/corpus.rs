//! Logs made from a seed: the same bytes on every machine.

#![allow(dead_code, reason = "each of those who include it wants some of the logs")]

use std::io::{self, Write};

/// A small generator (SplitMix64); the corpus must not change when a library does.
pub(crate) struct Dice(u64);

impl Dice {
    /// A generator for one corpus.
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// The next number.
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `sides`.
    pub(crate) fn below(&mut self, sides: u64) -> u64 {
        self.roll() % sides
    }
}

const PAIRS: [&str; 8] = [
    "BTC/USDT",
    "ETH/USDT",
    "SOL/USDT",
    "XRP/USDT",
    "ADA/USDT",
    "BNB/USDT",
    "DOGE/USDT",
    "LINK/USDT",
];

/// Writes a healthy log of about `bytes` bytes: ticks, orders, heartbeats, and the words and numbers that
/// tempt a careless search.
pub(crate) fn write_healthy(out: &mut dyn Write, seed: u64, bytes: u64) -> io::Result<()> {
    let mut dice = Dice::new(seed);
    let mut millis: u64 = 0;
    let mut written = 0;
    let mut line = String::new();
    while written < bytes {
        line.clear();
        healthy_line(&mut dice, &mut millis, &mut line);
        out.write_all(line.as_bytes())?;
        written += line.len() as u64;
    }
    Ok(())
}

/// How the lines of a healthy log reach a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrapper {
    /// Docker's json-file driver: `{"log":"…\n","stream":"stdout","time":"…"}`.
    Docker,
    /// A container's log as Kubernetes keeps it: time, stream, `F`, the line.
    Cri,
    /// `docker compose logs` of one service.
    Compose,
    /// `journalctl` as it prints by itself.
    Journal,
    /// The bot's own JSON lines.
    Json,
}

impl Wrapper {
    /// All of them, with the names by which they are asked for.
    pub(crate) const ALL: [(&'static str, Wrapper); 5] = [
        ("docker", Wrapper::Docker),
        ("cri", Wrapper::Cri),
        ("compose", Wrapper::Compose),
        ("journal", Wrapper::Journal),
        ("json", Wrapper::Json),
    ];
}

/// Writes the lines of a healthy log in a wrapper, about `bytes` bytes in all.
pub(crate) fn write_wrapped(
    out: &mut dyn Write,
    wrapper: Wrapper,
    seed: u64,
    bytes: u64,
) -> io::Result<()> {
    let mut dice = Dice::new(seed);
    let mut millis: u64 = 0;
    let mut written = 0;
    let (mut line, mut wrapped) = (String::new(), String::new());
    while written < bytes {
        line.clear();
        wrapped.clear();
        healthy_line(&mut dice, &mut millis, &mut line);
        wrap(line.trim_end(), wrapper, &mut wrapped);
        out.write_all(wrapped.as_bytes())?;
        written += wrapped.len() as u64;
    }
    Ok(())
}

fn wrap(line: &str, wrapper: Wrapper, out: &mut String) {
    use std::fmt::Write;
    // `2026-01-01 00:00:00,123 - name - LEVEL - message`
    let (date, time, ms) = (&line[..10], &line[11..19], &line[20..23]);
    let mut parts = line[26..].splitn(3, " - ");
    let mut part = || parts.next().unwrap_or("");
    let (name, level, message) = (part(), part(), part());
    let escaped = |text: &str| text.replace('"', "\\\"");
    let _ = match wrapper {
        Wrapper::Docker => writeln!(
            out,
            "{{\"log\":\"{}\\n\",\"stream\":\"stdout\",\"time\":\"{date}T{time}.{ms}456789Z\"}}",
            escaped(line)
        ),
        Wrapper::Cri => writeln!(out, "{date}T{time}.{ms}456789Z stdout F {line}"),
        Wrapper::Compose => writeln!(out, "bot-1  | {line}"),
        Wrapper::Journal => {
            const MONTHS: [&str; 12] = [
                "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
            ];
            let month: usize = line[5..7].parse().unwrap_or(1);
            let month = MONTHS[(month + 11) % 12];
            writeln!(out, "{month} {} {time} vps bot[812]: {line}", &line[8..10])
        }
        Wrapper::Json => writeln!(
            out,
            "{{\"timestamp\": \"{date}T{time}.{ms}Z\", \"level\": \"{level}\", \"logger\": \"{name}\", \
             \"message\": \"{}\"}}",
            escaped(message)
        ),
    };
}

fn healthy_line(dice: &mut Dice, millis: &mut u64, line: &mut String) {
    use std::fmt::Write;
    *millis += 40 + dice.below(900);
    let (ms, s) = (*millis % 1000, *millis / 1000);
    let (day, hour, minute, second) = (1 + s / 86_400 % 28, s / 3600 % 24, s / 60 % 60, s % 60);
    let month = 1 + s / (28 * 86_400) % 12;
    let pair = PAIRS[dice.below(8) as usize];
    let price = dice.below(9_000_000) as f64 / 100.0;
    let amount = dice.below(90_000) as f64 / 10_000.0;
    let id = dice.below(99_999_999_999);
    let _ = write!(line, "2026-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02},{ms:03} - ");
    let _ = match dice.below(40) {
        0 => writeln!(
            line,
            "bot.worker - INFO - heartbeat: tick={id} open_orders={} errors=0 latency={}ms memory ok {} MB",
            dice.below(40),
            dice.below(400),
            300 + dice.below(40)
        ),
        1 => writeln!(
            line,
            "bot.exchange - DEBUG - GET https://api.binance.com/api/v3/ticker/price?symbol=BTCUSDT 200 in {} ms, used weight {}",
            dice.below(900),
            dice.below(1200)
        ),
        2 => writeln!(
            line,
            "bot.risk - INFO - unauthorised short blocked by own rule, order killed (FOK) id={id}"
        ),
        3 => writeln!(
            line,
            "bot.exchange - INFO - balance: {amount:.4} BTC, {price:.2} USDT, rate limit remaining {}/1200",
            dice.below(1200)
        ),
        4 => writeln!(
            line,
            "bot.worker - WARNING - spread {amount:.2} above limit, waiting; timeout=10 retries=0"
        ),
        5 | 6 => writeln!(
            line,
            "bot.strategy - INFO - signal {} {pair} strength {amount:.3} reason=momentum id={id}",
            if dice.below(2) == 0 { "BUY" } else { "SELL" }
        ),
        7 => writeln!(
            line,
            "bot.stream - DEBUG - {{\"e\":\"trade\",\"s\":\"BTCUSDT\",\"t\":{id},\"p\":\"{price:.2}\",\"q\":\"{amount:.4}\",\"code\":0}}"
        ),
        8 => writeln!(
            line,
            "bot.orders - INFO - order {id} filled {amount:.4} @ {price:.2}, fee 0.0{} USDT",
            dice.below(999)
        ),
        _ => writeln!(
            line,
            "bot.market - INFO - {pair} last={price:.2} bid={:.2} ask={:.2} volume={amount:.4}",
            price - 0.01,
            price + 0.01
        ),
    };
}

/// Writes a log of about `bytes` bytes in which every line belongs to a traceback that was logged and
/// survived: the worst case for the search.
pub(crate) fn write_crash_loop(out: &mut dyn Write, seed: u64, bytes: u64) -> io::Result<()> {
    let mut dice = Dice::new(seed);
    let mut written = 0;
    let mut second: u64 = 0;
    while written < bytes {
        second += 1 + dice.below(5);
        let (h, m, s) = (second / 3600 % 24, second / 60 % 60, second % 60);
        let text = format!(
            "2026-03-01 {h:02}:{m:02}:{s:02},{:03} - bot - ERROR - update failed, next try in 5 s\n\
             Traceback (most recent call last):\n  File \"/srv/bot/bot.py\", line 88, in loop\n    \
             price = feed.price(\"BTCUSDT\")\n            ^^^^^^^^^^^^^^^^^^^^^^\n  \
             File \"/srv/bot/feed.py\", line 31, in price\n    return float(self.get(path)[\"price\"])\n\
             requests.exceptions.ConnectionError: HTTPSConnectionPool(host='api.binance.com', port=443): \
             Max retries exceeded with url: /api/v3/ticker/price (Caused by \
             NewConnectionError('<urllib3.connection.HTTPSConnection object at 0x{:012x}>: Failed to \
             establish a new connection: [Errno 111] Connection refused'))\n",
            dice.below(1000),
            dice.below(1 << 47),
        );
        out.write_all(text.as_bytes())?;
        written += text.len() as u64;
    }
    Ok(())
}

/// What goes wrong in every line of a noisy log, or in every few.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Noise {
    /// A record at ERROR a line, of a handful of shapes, without tracebacks.
    Errors,
    /// Retries that are logged at WARNING.
    Retries,
    /// JSON records with a traceback in a field.
    Json,
}

impl Noise {
    /// All of them, with the names by which they are asked for.
    pub(crate) const ALL: [(&'static str, Noise); 3] =
        [("errors", Noise::Errors), ("retries", Noise::Retries), ("json-errors", Noise::Json)];
}

/// Writes a noisy log of about `bytes` bytes: every record is about something that went wrong.
pub(crate) fn write_noise(
    out: &mut dyn Write,
    noise: Noise,
    seed: u64,
    bytes: u64,
) -> io::Result<()> {
    let mut dice = Dice::new(seed);
    let mut written = 0;
    let mut millis: u64 = 0;
    let mut line = String::new();
    while written < bytes {
        line.clear();
        millis += 300 + dice.below(2000);
        let (s, ms) = (millis / 1000, millis % 1000);
        let day = 1 + s / 86_400 % 28;
        let time = format!("{:02}:{:02}:{:02}", s / 3600 % 24, s / 60 % 60, s % 60);
        let time = (format!("2026-03-{day:02}"), time, ms);
        match noise {
            Noise::Errors => error_line(&mut dice, &time, &mut line),
            Noise::Retries => retry_line(&mut dice, &time, &mut line),
            Noise::Json => json_line(&mut dice, &time, &mut line),
        }
        out.write_all(line.as_bytes())?;
        written += line.len() as u64;
    }
    Ok(())
}

/// Date, time of day, milliseconds.
type Time = (String, String, u64);

fn error_line(dice: &mut Dice, (date, time, ms): &Time, line: &mut String) {
    use std::fmt::Write;
    let pair = PAIRS[dice.below(8) as usize];
    let id = dice.below(99_999_999_999);
    let _ = write!(line, "{date} {time},{ms:03} - ");
    let _ = match dice.below(5) {
        0 => writeln!(
            line,
            "bot.orders - ERROR - order {id} for {pair} was refused: binance {{\"code\":-2010,\"msg\":\"Account has insufficient balance for requested action.\"}}"
        ),
        1 => writeln!(
            line,
            "bot.exchange - ERROR - fetch_ticker {pair} failed: binance GET https://api.binance.com/api/v3/ticker/24hr?symbol={id} 429 Too Many Requests"
        ),
        2 => writeln!(
            line,
            "bot.stream - ERROR - websocket closed: ConnectionClosedError('no close frame received or sent'), subscription {id}"
        ),
        3 => writeln!(
            line,
            "bot.market - ERROR - no price for {pair}: KeyError('price') in the answer to request {id}"
        ),
        _ => writeln!(line, "bot.worker - ERROR - step {id} of {pair} failed, skipped"),
    };
}

fn retry_line(dice: &mut Dice, (date, time, ms): &Time, line: &mut String) {
    use std::fmt::Write;
    let path = ["/api/v3/ticker/price", "/api/v3/klines", "/api/v3/depth"][dice.below(3) as usize];
    let (total, at) = (dice.below(4), dice.below(1 << 47));
    let _ = write!(line, "{date} {time},{ms:03} - ");
    let _ = match dice.below(3) {
        0 => writeln!(
            line,
            "urllib3.connectionpool - WARNING - Retrying (Retry(total={total}, connect=None, read=None, redirect=None, status=None)) after connection broken by 'NewConnectionError('<urllib3.connection.HTTPSConnection object at 0x{at:012x}>: Failed to establish a new connection: [Errno 111] Connection refused')': {path}"
        ),
        1 => writeln!(
            line,
            "bot.exchange - WARNING - request timed out (ReadTimeout), retry {} of 5 in {}.{} s: {path}",
            1 + total,
            dice.below(30),
            dice.below(10)
        ),
        _ => writeln!(
            line,
            "bot.stream - WARNING - connection lost, reconnecting in {} s (attempt {})",
            dice.below(60),
            dice.below(500)
        ),
    };
}

fn json_line(dice: &mut Dice, (date, time, ms): &Time, line: &mut String) {
    use std::fmt::Write;
    let at = dice.below(1 << 47);
    let (raised, message) = match dice.below(3) {
        0 => (
            "aiohttp.client_exceptions.ClientConnectorError",
            format!(
                "Cannot connect to host api.kraken.com:443 ssl:default [Connect call failed ('104.17.{}.{}', 443)]",
                at % 256,
                at / 256 % 256
            ),
        ),
        1 => ("KeyError", "'last'".to_owned()),
        _ => (
            "ccxt.base.errors.RequestTimeout",
            format!(
                "kraken GET https://api.kraken.com/0/public/Ticker?nonce={at} request timed out"
            ),
        ),
    };
    let _ = writeln!(
        line,
        "{{\"timestamp\": \"{date}T{time}.{ms:03}Z\", \"level\": \"ERROR\", \"logger\": \"bot.loop\", \
         \"message\": \"tick {at} failed\", \"exc_info\": \"Traceback (most recent call last):\\n  \
         File \\\"/srv/bot/loop.py\\\", line 41, in tick\\n    price = await self.price(pair)\\n  \
         File \\\"/srv/bot/feed.py\\\", line 19, in price\\n    return ticker[\\\"last\\\"]\\n\
         {raised}: {message}\"}}"
    );
}
