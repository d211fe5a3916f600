//! The first record of a log, where it is one that a bot writes once, when it starts: seen again, it is
//! the start of another run.

use crate::detect::Candidate;
use crate::event::read_record;

/// What a start of this bot looks like.
#[derive(Debug, Clone)]
pub(super) struct Banner {
    /// A stretch of it without digits, to search for.
    literal: Vec<u8>,
    /// Its words, digits masked.
    shape: String,
}

/// Words one of which a banner holds; without them a first record may be any record.
const WORDS: [&str; 16] = [
    "start",
    "started",
    "starting",
    "boot",
    "booting",
    "launch",
    "launching",
    "launched",
    "init",
    "initializing",
    "initialising",
    "initialized",
    "version",
    "welcome",
    "hello",
    "pid",
];

/// Words that a bot also says on its way (`BTC up 2.1%`, `session 14: 3 fills`): they make a banner of a
/// sentence without numbers only.
const FIXED_WORDS: [&str; 4] = ["up", "running", "begin", "session"];

/// Loading is a start where it is one of these that is loaded; candles and markets are loaded all day.
const LOADED_ONCE: [&str; 9] = [
    "config",
    "configuration",
    "settings",
    "strategy",
    "strategies",
    "environment",
    "env",
    "plugins",
    "credentials",
];

/// Lines behind the first record in which it must not come again.
const APART: usize = 50;

/// Shortest stretch that is worth a search.
const LITERAL: usize = 6;

impl Banner {
    /// Learns the banner from the first lines of a log, where they have one.
    pub(super) fn learn(bytes: &[u8]) -> Option<Banner> {
        let mut lines = bytes.split_inclusive(|&b| b == b'\n');
        let first = lines.next()?;
        let record = read_record(first);
        let message = record.message.lines().next()?.trim().to_owned();
        let shape = shape_of(&message);
        if !tells_of_a_start(&shape) || message.len() > 400 {
            return None;
        }
        let literal = message
            .split(|c: char| c.is_ascii_digit())
            .map(str::trim)
            .max_by_key(|part| part.len())
            .filter(|part| part.len() >= LITERAL)?
            .as_bytes()
            .to_vec();
        // The wrapper's prefix and colours are gone from the message; the literal must stand in the line.
        memchr::memmem::find(first, &literal)?;
        let again = lines
            .take(APART)
            // A start right behind an end is another run, however short the first was.
            .take_while(|line| !is_end(line))
            .any(|line| {
                shape_of(read_record(line).message.lines().next().unwrap_or("").trim()) == shape
            });
        (!again).then_some(Banner { literal, shape })
    }

    /// Adds lines that may be banners to the candidates, in order.
    pub(super) fn candidates(
        &self,
        bytes: &[u8],
        from: usize,
        to: usize,
        found: &mut Vec<Candidate>,
    ) {
        let mut more = false;
        let mut at = from;
        while let Some(hit) = memchr::memmem::find(&bytes[at..to], &self.literal) {
            let hit = at + hit;
            let start = memchr::memrchr(b'\n', &bytes[from..hit]).map_or(from, |n| from + n + 1);
            let end = memchr::memchr(b'\n', &bytes[hit..to]).map_or(to, |n| hit + n + 1);
            if self.is_start(bytes, start) {
                found.push(Candidate { at: start, end });
                more = true;
            }
            at = end;
        }
        if more {
            found.sort_unstable_by_key(|candidate| candidate.at);
            found.dedup();
        }
    }

    /// Whether the line that begins at `at` is one.
    pub(super) fn is_start(&self, bytes: &[u8], at: usize) -> bool {
        let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |n| at + n + 1);
        let line = &bytes[at..end];
        memchr::memmem::find(line, &self.literal).is_some()
            && shape_of(read_record(line).message.lines().next().unwrap_or("").trim()) == self.shape
    }
}

/// Whether a masked message is worded like the first of a run.
fn tells_of_a_start(shape: &str) -> bool {
    let words: Vec<&str> = shape.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let holds = |known: &[&str]| {
        words.iter().any(|word| known.iter().any(|known| word.eq_ignore_ascii_case(known)))
    };
    holds(&WORDS)
        || (holds(&FIXED_WORDS) && !shape.contains('#'))
        || (holds(&["loading", "loaded"]) && holds(&LOADED_ONCE))
}

/// A message with every number masked.
fn shape_of(message: &str) -> String {
    let mut shape = String::with_capacity(message.len());
    for c in message.chars() {
        if c.is_ascii_digit() {
            if !shape.ends_with('#') {
                shape.push('#');
            }
        } else {
            shape.push(c);
        }
    }
    shape
}

/// A line with which a run may have ended.
fn is_end(line: &[u8]) -> bool {
    [
        &b"Traceback (most recent call last)"[..],
        b"exit",
        b"Exit",
        b"restart",
        b"Restart",
        b"Killed",
        b"Error",
    ]
    .iter()
    .any(|word| memchr::memmem::find(line, word).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_told_by_its_words() {
        for message in [
            "Starting grid bot v1.4.2",
            "bot is up and running",
            "loaded config from /srv/bot/config.yml",
            "Loading strategy Breakout7",
            "pid 4127",
        ] {
            assert!(tells_of_a_start(&shape_of(message)), "{message}");
        }
        for message in [
            "429 candles loaded, 503 kept, 3 dropped",
            "loaded 214 markets",
            "markets loaded",
            "BTC up 2.1% since yesterday",
            "session 14: 3 fills",
            "12 tasks running",
        ] {
            assert!(!tells_of_a_start(&shape_of(message)), "{message}");
        }
    }
}
