//! A log whose lines say which process writes them, where another one writes on for good: the start of another
//! run.
//!
//! Safe is this only where one process writes at a time. So the one before must have been alone, and must not be
//! heard again in what follows; what begins must not be called a worker; and something else must speak for an
//! end: a pause that does not fit, a torn line or an error that stands last, or words of a start.

use crate::detect::Candidate;
use crate::event::{Record, read_record};
use crate::model::Severity;

use super::banner::{begins_anew, line_end, tells_of_a_start};

/// First lines of a log among which it is looked for the process, and how many of them must carry it.
const FIRST: usize = 16;
const CARRY: usize = 8;

/// Where the process changes is looked for in blocks of so many bytes: only in one that ends with another than
/// the one before.
const BLOCK: u64 = 32 << 10;

/// Bytes before a start that are looked at. Less than a stream keeps in any case (`limits::LOOK_BACK`).
const BEFORE: usize = 8 << 10;

/// Bytes behind a start in which none must be heard that was heard before it: no less than a block. What a block
/// in which one comes back holds is so of no matter, and it depends on nothing whether it was looked into.
pub(super) const AHEAD: usize = BLOCK as usize;

/// Bytes before it in which they were heard: a block, and a line that reaches over its border.
const HEARD: usize = AHEAD + BEFORE;

/// Where the log ends before that, so many lines must be known of the process that begins.
const LINES: usize = 20;

/// So many lines before it must carry the process that wrote them, and of so many it must be one.
const LEAST: usize = 5;
const ALONE: usize = 20;

/// The first lines of a process, which tell what it is.
const SAYS: usize = 5;

/// A pause before it, in seconds, and how many times the longest of those before that must be.
const PAUSE: f64 = 1.0;
const LONGER: f64 = 2.0;

/// Words with which a process says that it works for another. Lower case.
const WORKERS: [&str; 6] = ["worker", "spawn", "subprocess", "child", "fork", "pool"];

/// A log whose lines carry the process that writes them.
#[derive(Debug, Clone)]
pub(super) struct Processes;

impl Processes {
    /// Learns from the first lines of a log.
    pub(super) fn learn(bytes: &[u8]) -> Option<Processes> {
        let pids: Vec<Option<u32>> = lines(bytes).take(FIRST).map(pid).collect();
        let carried = pids.iter().flatten().count();
        // One that comes back has not ended.
        let mut named: Vec<u32> = pids.iter().copied().flatten().collect();
        named.dedup();
        let mut once = named.clone();
        once.sort_unstable();
        once.dedup();
        (carried >= CARRY && once.len() == named.len()).then_some(Processes)
    }

    /// Adds lines that another process wrote than the line before to the candidates.
    pub(super) fn candidates(
        &self,
        bytes: &[u8],
        base: u64,
        (from, to): (usize, usize),
        found: &mut Vec<Candidate>,
    ) {
        let mut start = from;
        while start < to {
            let block = base + start as u64;
            let end = usize::try_from(block - block % BLOCK + BLOCK - base).unwrap_or(to).min(to);
            // Lines that begin in the block.
            let end = if end == to { to } else { line_end(bytes, end - 1).min(to) };
            let before = last_pid(&bytes[start.saturating_sub(HEARD)..start]);
            let last = last_pid(&bytes[start..end]);
            if last.is_some() && last != before {
                changes(bytes, (start, end), before, found);
            }
            start = end;
        }
    }

    /// Whether the line that begins at `at` is the first of another run.
    pub(super) fn is_start(&self, bytes: &[u8], at: usize) -> bool {
        let Some((own, other)) = change(bytes, at) else { return false };
        let from = at.saturating_sub(BEFORE);
        // Of the line that was cut in half nothing is known.
        let from = if from == 0 { 0 } else { line_end(bytes, from).min(at) };
        let before: Vec<&[u8]> = lines(&bytes[from..at]).collect();
        let pids = || before.iter().rev().filter_map(|line| pid(line));
        let was_alone = pids().take(LEAST).count() == LEAST
            && pids().take(ALONE).all(|pid| pid == other)
            && !pids().any(|pid| pid == own)
            && !before.iter().rev().take(2).any(|line| begins_anew(line));
        if !was_alone {
            return false;
        }
        // Lines that begin so near.
        let end = line_end(bytes, bytes.len().min(at + AHEAD) - 1);
        let after = &bytes[at..end];
        let is_all = bytes.len() - at < AHEAD;
        let is_one = !is_all || lines(after).filter(|line| pid(line) == Some(own)).count() >= LINES;
        is_one && is_told(&before, after, own) && {
            let heard: Vec<u32> =
                lines(&bytes[at.saturating_sub(HEARD)..at]).filter_map(pid).collect();
            lines(after).filter_map(pid).all(|pid| !heard.contains(&pid))
        }
    }

    /// Whether more must be known of what comes behind the line that begins at `at`.
    pub(super) fn waits(&self, bytes: &[u8], at: usize) -> bool {
        bytes.len() - at < AHEAD && change(bytes, at).is_some()
    }
}

/// Adds the first line of each process among `bytes[start..end]` but `before`, which wrote before that, and the
/// very first.
fn changes(
    bytes: &[u8],
    (start, end): (usize, usize),
    before: Option<u32>,
    found: &mut Vec<Candidate>,
) {
    let mut seen: Vec<u32> = before.into_iter().collect();
    let mut at = start;
    for line in lines(&bytes[start..end]) {
        let end = at + line.len();
        if let Some(pid) = pid(line).filter(|pid| !seen.contains(pid)) {
            if !seen.is_empty() {
                found.push(Candidate { at, end });
            }
            seen.push(pid);
        }
        at = end;
    }
}

/// The process of the line that begins at `at`, and that of the last line before, where they are two.
fn change(bytes: &[u8], at: usize) -> Option<(u32, u32)> {
    let own = pid(&bytes[at..line_end(bytes, at)])?;
    let from = at.saturating_sub(BEFORE);
    let other = lines(&bytes[from..at]).rev().find_map(pid)?;
    (own != other).then_some((own, other))
}

/// Whether something else than the process itself tells that another run begins where `after` does.
fn is_told(before: &[&[u8]], after: &[u8], own: u32) -> bool {
    let first: Vec<Record<'_>> =
        lines(after).map(read_record).filter(|record| record.pid == Some(own)).take(SAYS).collect();
    let works_for_another = first.iter().any(|record| {
        let thread = record.thread.as_deref().unwrap_or_default();
        let text = format!("{thread} {}", record.message).to_lowercase();
        WORKERS.iter().any(|word| text.contains(word)) || thread.contains("Process-")
    });
    if works_for_another {
        return false;
    }
    let last: Vec<Record<'_>> =
        before.iter().rev().take(ALONE).map(|line| read_record(line)).collect();
    let is_trouble = |record: &Record<'_>| {
        !record.begins || record.severity.is_some_and(|severity| severity >= Severity::Error)
    };
    let starts = first.iter().any(|record| tells_of_a_start(&record.message));
    starts || last.first().is_some_and(is_trouble) || is_pause(&last, first.first())
}

/// Whether there is a pause before `first` that does not fit the times of the lines before it, `last` first.
fn is_pause(last: &[Record<'_>], first: Option<&Record<'_>>) -> bool {
    let stamps = first.into_iter().chain(last).filter_map(|record| record.stamp.as_ref());
    let times: Vec<f64> = stamps.map(crate::event::Stamp::seconds).collect();
    let mut gaps = times.windows(2).map(|pair| pair[0] - pair[1]);
    let Some(pause) = gaps.next() else { return false };
    let longest = gaps.fold(0.0, f64::max);
    pause >= PAUSE && pause >= LONGER * longest
}

fn pid(line: &[u8]) -> Option<u32> {
    read_record(line).pid
}

fn lines(bytes: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    bytes.split_inclusive(|&b| b == b'\n')
}

/// The process of the last line that carries one.
fn last_pid(bytes: &[u8]) -> Option<u32> {
    lines(bytes).rev().find_map(pid)
}
