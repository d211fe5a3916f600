//! The first record of a log, where a bot writes it once, when it starts: seen again, it is the start of
//! another run.
//!
//! That it is such a record is told by its words, or it is proved when it comes again: by another process, by
//! a clock that counts from the start and begins anew, by a counter that is back at where it began.

mod proof;

use crate::detect::Candidate;
use crate::event::read_record;
use crate::model::Severity;
use crate::source::FILLER;

use proof::Proof;
pub(super) use proof::begins_anew;

/// What a start of this bot looks like.
#[derive(Debug, Clone)]
pub(super) struct Banner {
    /// A stretch of it, to search for: without digits, but for the first value of a counter.
    literal: Vec<u8>,
    /// Where that stands in its line.
    at: usize,
    /// What its line begins with.
    begins: u8,
    /// Its words, digits masked.
    shape: String,
    /// What makes it a start.
    proof: Proof,
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

/// Words of a piece of work that a running bot begins again and again (`Starting market analysis for CADJPY`,
/// `Starting place_order method`, urllib3's `Starting new HTTPS connection (1)`): no banner, though it is worded like one.
const ROUNDS: [&str; 16] = [
    "cycle",
    "iteration",
    "round",
    "scan",
    "scanning",
    "analysis",
    "analyzing",
    "check",
    "checking",
    "method",
    "function",
    "fetching",
    "processing",
    "order",
    "request",
    "connection",
];

/// Lines behind the first record in which it must not come again.
const APART: usize = 50;

/// Shortest stretch that is worth a search.
const LITERAL: usize = 6;

/// A time may be written a few bytes longer or shorter than in the first line.
const SHIFT: usize = 3;

/// Whether a line is none of the log's own, which follows: what an export or a page in which it was pasted puts around it.
fn is_around(line: &[u8]) -> bool {
    let text = line.trim_ascii();
    text.is_empty()
        || line.first() == Some(&FILLER)
        || text.starts_with(b"```")
        || text.starts_with(b"# ")
        || text.starts_with(b"## ")
        || text.starts_with(b"### ")
}

impl Banner {
    /// Learns the banner from the first lines of a log, where they have one.
    pub(super) fn learn(bytes: &[u8]) -> Option<Banner> {
        let mut lines = bytes.split_inclusive(|&b| b == b'\n');
        let first = lines.find(|line| !is_around(line))?;
        let begins = *first.first()?;
        let record = read_record(first);
        let message = record.message.lines().next()?.trim().to_owned();
        let shape = shape_of(&message);
        // What went wrong is no start, whatever its words.
        let is_trouble = record.severity.is_some_and(|severity| severity >= Severity::Warning);
        if message.len() > 400 || is_trouble {
            return None;
        }
        let next = || {
            lines
                .clone()
                .take(APART)
                // A start right behind an end is another run, however short the first was.
                .take_while(|line| !is_end(line))
        };
        let is_worded = tells_of_a_start(&shape);
        if !is_worded && let Some((proof, literal)) = proof::of_a_counter(&message, &shape, next())
        {
            let at = memchr::memmem::find(first, literal.as_bytes())?;
            return Some(Banner { literal: literal.into_bytes(), at, begins, shape, proof });
        }
        let literal = message
            .split(|c: char| c.is_ascii_digit())
            .map(str::trim)
            .max_by_key(|part| part.len())
            .filter(|part| part.len() >= LITERAL)?
            .as_bytes()
            .to_vec();
        // The wrapper's prefix and colours are gone from the message; the literal must stand in the line.
        let at = memchr::memmem::find(first, &literal)?;
        let proof = if is_worded { Proof::Words } else { Proof::of(&record)? };
        let again = next().any(|line| match is_worded {
            true => message_shape(line) == shape,
            // What is no start by its words is not searched for where it is frequent.
            false => memchr::memmem::find(line, &literal).is_some(),
        });
        (!again).then_some(Banner { literal, at, begins, shape, proof })
    }

    /// Adds lines that may be banners to the candidates, in order.
    pub(super) fn candidates(
        &self,
        bytes: &[u8],
        from: usize,
        to: usize,
        found: &mut Vec<Candidate>,
    ) {
        let mut at = from;
        while let Some(hit) = memchr::memmem::find(&bytes[at..to], &self.literal) {
            let hit = at + hit;
            let start = memchr::memrchr(b'\n', &bytes[from..hit]).map_or(from, |n| from + n + 1);
            let end = memchr::memchr(b'\n', &bytes[hit..to]).map_or(to, |n| hit + n + 1);
            let record = self.record_in(&bytes[start..end]);
            let may_hold = |line| self.proof.may_hold(&bytes[..start], line, &self.shape);
            if record.is_some_and(may_hold) {
                found.push(Candidate { at: start, end });
            }
            at = end;
        }
    }

    /// Whether the line that begins at `at` is one. It may stand behind the torn last line of the run before.
    /// Depends on nothing but the line, a few KiB before it, and what [`Banner::waits`] waits for.
    pub(super) fn is_start(&self, bytes: &[u8], at: usize) -> bool {
        let end = line_end(bytes, at);
        self.record_in(&bytes[at..end]).is_some_and(|line| {
            let around = proof::Around { before: &bytes[..at], after: &bytes[end..] };
            self.proof.holds(around, line, &self.shape)
        })
    }

    /// Whether more must be known of what comes behind the line that begins at `at` before it is told whether
    /// it is one.
    pub(super) fn waits(&self, bytes: &[u8], at: usize) -> bool {
        let end = line_end(bytes, at);
        self.proof == Proof::Process
            && self.record_in(&bytes[at..end]).is_some()
            && !proof::is_enough(&bytes[end..])
    }

    /// The record of the line that looks like the banner: the line, or what stands behind the torn end of
    /// another.
    fn record_in<'l>(&self, line: &'l [u8]) -> Option<&'l [u8]> {
        let hit = memchr::memmem::find(line, &self.literal)?;
        if message_shape(line) == self.shape {
            return Some(line);
        }
        let from = hit.saturating_sub(self.at);
        let is_likely = |from: &usize| {
            (1..hit).contains(from) && line[*from].is_ascii_digit() == self.begins.is_ascii_digit()
        };
        let from = (from.saturating_sub(SHIFT)..=from + SHIFT).filter(is_likely).find(|from| {
            let line = &line[*from..];
            let record = read_record(line);
            record.begins && record.stamp.is_some() && message_shape(line) == self.shape
        });
        from.map(|from| &line[from..])
    }
}

pub(super) fn line_end(bytes: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |n| at + n + 1)
}

/// The first line of a record's message, every number masked.
fn message_shape(line: &[u8]) -> String {
    shape_of(read_record(line).message.lines().next().unwrap_or("").trim())
}

/// Whether a masked message is worded like the first of a run.
pub(super) fn tells_of_a_start(shape: &str) -> bool {
    let words: Vec<&str> = shape.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let holds = |known: &[&str]| {
        words.iter().any(|word| known.iter().any(|known| word.eq_ignore_ascii_case(known)))
    };
    (!holds(&ROUNDS) && holds(&WORDS))
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
            "Starting place_order method",
            "Starting market analysis for CADJPY on M15",
            "Starting new trading cycle...",
        ] {
            assert!(!tells_of_a_start(&shape_of(message)), "{message}");
        }
    }
}
