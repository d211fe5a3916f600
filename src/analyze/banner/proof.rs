//! What proves that a record which came first in a log, and comes again, is the start of another run.

use super::{message_shape, shape_of};
use crate::analyze::processes::AHEAD;
use crate::event::{Record, read_record};

/// What makes a record a start.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Proof {
    /// It is worded like one.
    Words,
    /// The log says which process writes, and it is another one.
    Process,
    /// The log tells the time since the start, and that begins anew.
    Clock,
    /// A counter in it is back at its first value.
    Counter {
        /// Which number of the message it is.
        number: usize,
    },
}

/// Bytes before a start that are looked at for what was said last. Less than a stream keeps in any case
/// (`limits::LOOK_BACK`).
const BEFORE: usize = 8 << 10;

/// So many lines before it must carry the process that wrote them, and of so many it must be one.
const LEAST: usize = 5;
const ALONE: usize = 20;

/// A clock that counts from the start begins below this, in seconds.
const BEGINNING: f64 = 60.0;

/// And a clock of the day goes back to zero from no earlier than this, in seconds.
const MIDNIGHT: f64 = 23.5 * 3_600.0;

/// So often in a row a counter must be seen to go up by one.
const RISES: usize = 5;

/// And so high it must have come.
const HIGH: u64 = 20;

/// What is counted anew each hour or day is so near the full hour, in seconds.
const HOUR: f64 = 3_600.0;
const NEAR_HOUR: f64 = 120.0;

/// Words of a line after which a part of a bot counts anew, or a process has done what it was for. Lower case.
const ANEW: [&str; 16] = [
    "connect", "subscri", "reset", "session", "new day", "rollover", "daily", "done", "finish",
    "complet", "exit", "bye", "end of", "rotat", "worker", "spawn",
];

/// What stands around a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) before: &'a [u8],
    pub(super) after: &'a [u8],
}

/// Whether so much stands behind a start that it need not wait for more.
pub(super) fn is_enough(after: &[u8]) -> bool {
    after.len() >= AHEAD
}

impl Proof {
    /// What may prove that `first`, the first record of a log, was a start.
    pub(super) fn of(first: &Record<'_>) -> Option<Proof> {
        if first.pid.is_some() {
            return Some(Proof::Process);
        }
        let stamp = first.stamp.as_ref()?;
        (!stamp.has_date && stamp.seconds() < BEGINNING).then_some(Proof::Clock)
    }

    /// Whether it may be one: cheap, and true where [`Proof::holds`].
    pub(super) fn may_hold(&self, before: &[u8], line: &[u8], shape: &str) -> bool {
        match self {
            Proof::Process => {
                let from = before.len().saturating_sub(BEFORE);
                let mut lines = before[from..].split_inclusive(|&b| b == b'\n').rev();
                let last = lines.find_map(|line| read_record(line).pid);
                last.is_some() && last != read_record(line).pid
            }
            _ => self.holds(Around { before, after: &[] }, line, shape),
        }
    }

    /// Whether `line`, whose message has the shape of the first record's, is a start among what stands
    /// `around` it.
    pub(super) fn holds(&self, around: Around<'_>, line: &[u8], shape: &str) -> bool {
        let Around { before, after } = around;
        let from = before.len().saturating_sub(BEFORE);
        let record = read_record(line);
        // Of the line that was cut in half nothing is known.
        let whole = memchr::memchr(b'\n', &before[from..]).map_or(from, |n| from + n + 1);
        let from = if from == 0 { 0 } else { whole };
        let lines = || before[from..].split_inclusive(|&b| b == b'\n').rev();
        match self {
            Proof::Words => true,
            Proof::Process => {
                let pids = || lines().filter_map(|line| read_record(line).pid);
                let (Some(own), Some(other)) = (record.pid, pids().next()) else { return false };
                let mut next = after[..after.len().min(AHEAD)].split_inclusive(|&b| b == b'\n');
                // Mostly the first of these is no, and each costs more than the one before.
                own != other
                    && pids().take(ALONE).all(|pid| pid == other)
                    && pids().take(LEAST).count() == LEAST
                    && !lines().take(2).any(begins_anew)
                    && !pids().any(|pid| pid == own)
                    // A process that begins beside another is not the end of that.
                    && next.all(|line| read_record(line).pid != Some(other))
            }
            Proof::Clock => {
                let seconds = |line: &[u8]| {
                    let stamp = read_record(line).stamp.filter(|stamp| !stamp.has_date)?;
                    Some(stamp.seconds())
                };
                let last = lines().find_map(seconds);
                let now = seconds(line).is_some_and(|now| now < BEGINNING);
                now && last.is_some_and(|last| (BEGINNING..MIDNIGHT).contains(&last))
            }
            Proof::Counter { number } => {
                let count = |line: &[u8]| {
                    let is_it = message_shape(line) == shape;
                    is_it.then(|| number_in(&read_record(line).message, *number)).flatten()
                };
                let (last, now) = (lines().find_map(count), count(line));
                let second = record
                    .stamp
                    .as_ref()
                    .map_or(HOUR / 2.0, |stamp| stamp.seconds().rem_euclid(HOUR));
                let is_hour = second < NEAR_HOUR || HOUR - second < NEAR_HOUR;
                let pid = lines().find_map(|line| read_record(line).pid);
                let is_same = record.pid.is_some() && record.pid == pid;
                let high = last.zip(now).is_some_and(|(last, now)| now <= 1 && last >= HIGH);
                high && !is_hour && !is_same && !lines().take(LEAST).any(begins_anew)
            }
        }
    }
}

/// Whether behind this line a part of the bot counts anew, or its process has done what it was for.
pub(in crate::analyze) fn begins_anew(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&line[..line.len().min(1_000)]).to_lowercase();
    ANEW.iter().any(|word| text.contains(word))
}

/// The counter in the first message of a log, where it begins there at 0 or 1 and goes up by one with each
/// line of its kind, and the text to search for: its name and first value.
pub(super) fn of_a_counter<'l>(
    message: &str,
    shape: &str,
    next: impl Iterator<Item = &'l [u8]>,
) -> Option<(Proof, String)> {
    let numbers = numbers(message);
    let first: Vec<(usize, u64, usize, usize)> = numbers
        .iter()
        .enumerate()
        .filter(|(_, (value, ..))| *value <= 1)
        .map(|(at, (value, start, end))| (at, *value, *start, *end))
        .collect();
    if first.is_empty() {
        return None;
    }
    let messages: Vec<String> = next
        .map(|line| read_record(line).message.lines().next().unwrap_or("").trim().to_owned())
        .filter(|other| shape_of(other) == shape)
        .collect();
    first.into_iter().find_map(|(number, value, start, end)| {
        let counts = messages.iter().filter_map(|other| number_in(other, number));
        let rises = (value + 1..).zip(counts.clone()).take_while(|(due, count)| due == count);
        if rises.count() < RISES.max(counts.count()) {
            return None;
        }
        // The word before the number, what joins them, and what ends it.
        let name = message[..start].trim_end_matches(|c: char| !c.is_alphabetic());
        let word = name.rfind(|c: char| !c.is_alphabetic()).map_or(0, |at| at + 1);
        let word = (word..=name.len()).find(|at| name.is_char_boundary(*at)).unwrap_or(0);
        let behind = message[end..].chars().next()?;
        let literal = &message[word..end + behind.len_utf8()];
        let is_named = name.len() > word && start - name.len() <= 2;
        (is_named && literal.len() >= super::LITERAL)
            .then(|| (Proof::Counter { number }, literal.to_owned()))
    })
}

/// The whole numbers of a text, as [`shape_of`] masks them: value, start and end.
fn numbers(text: &str) -> Vec<(u64, usize, usize)> {
    let bytes = text.as_bytes();
    let mut numbers = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let digits = bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
        let value = text[at..at + digits].parse().unwrap_or(u64::MAX);
        numbers.push((value, at, at + digits));
        at += digits;
    }
    numbers
}

fn number_in(text: &str, number: usize) -> Option<u64> {
    let text = text.lines().next().unwrap_or("").trim();
    numbers(text).get(number).map(|(value, ..)| *value)
}
