//! What a number is called in a text: the words before it, or those behind it.

use super::reading::{Quantity, Unit};
use super::token::{Token, unit};

/// What the words around a number say of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Phrase {
    /// What it counts.
    pub(super) subject: Subject,
    /// Its name, in lower case.
    pub(super) name: String,
    /// The unit that the name tells (`rss_mb`).
    pub(super) unit: Option<(f64, Unit)>,
    /// `=` or `:` joins name and number.
    pub(super) is_joined: bool,
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// Something of the process.
    Quantity(Quantity),
    /// The most that something may be.
    Limit(Option<Quantity>),
}

/// Most words that name one number.
const WORDS: usize = 4;

/// Marks that may stand between a name and its number.
const BETWEEN: &[u8] = b":=\"'~(>[{";

/// Words that may stand between a name and its number.
const FILLERS: [&str; 12] =
    ["is", "at", "now", "currently", "about", "approx", "around", "was", "are", "has", "of", "to"];

/// Words that say that a number is no state of the process: a total since the start, a change, an id,
/// somebody else's.
const OTHERS: [&str; 70] = [
    "free",
    "available",
    "avail",
    "total",
    "delta",
    "diff",
    "change",
    "changed",
    "freed",
    "growth",
    "grew",
    "rate",
    "saved",
    "released",
    "reclaimed",
    "increase",
    "increased",
    "decrease",
    "id",
    "ids",
    "no",
    "nr",
    "port",
    "order",
    "orders",
    "position",
    "positions",
    "trade",
    "trades",
    "balance",
    "withdrawals",
    "deposits",
    "pnl",
    "price",
    "done",
    "completed",
    "complete",
    "processed",
    "handled",
    "finished",
    "created",
    "opened",
    "accepted",
    "closed",
    "started",
    "executed",
    "received",
    "sent",
    "served",
    "dropped",
    "failed",
    "cancelled",
    "canceled",
    "skipped",
    "gpu",
    "cuda",
    "disk",
    "swap",
    "cache",
    "cached",
    "shared",
    "lag",
    "wait",
    "time",
    "latency",
    "timeout",
    "seconds",
    "ms",
    "per",
    "from",
];

/// Words that make a number a limit.
const LIMITS: [&str; 12] = [
    "limit",
    "max",
    "maximum",
    "cap",
    "quota",
    "allowed",
    "ulimit",
    "threshold",
    "capacity",
    "nofile",
    "hard",
    "ceiling",
];

/// Reads what the number at `at` is called. Comes back with the tokens that it was read from.
pub(super) fn of(text: &str, tokens: &[Token], at: usize) -> Option<(Phrase, Vec<usize>)> {
    let (words, joint) = before(text, tokens, at);
    let is_joined = joint != Joint::None;
    if let Some(phrase) = read(text, tokens, &words, is_joined) {
        // `tasks 512 done`: what stands behind may still make it another's.
        let behind = behind(text, tokens, at);
        let others = behind.first().is_some_and(|&next| has_other(text, tokens, next));
        return (!others).then_some((phrase, words));
    }
    // A field has a name of its own, whatever stands behind it.
    if is_joined && !words.is_empty() {
        return None;
    }
    let words = behind(text, tokens, at);
    let phrase = read(text, tokens, &words, false)?;
    Some((phrase, words))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joint {
    None,
    Colon,
    Equals,
}

/// The words before a number that name it, in the order of the text.
fn before(text: &str, tokens: &[Token], at: usize) -> (Vec<usize>, Joint) {
    let mut joint = Joint::None;
    let mut next = at;
    while next > 0 {
        match tokens[next - 1] {
            Token::Mark(b'=', _) => joint = Joint::Equals,
            Token::Mark(b':', _) => joint = joint_of(joint),
            Token::Mark(mark, _) if BETWEEN.contains(&mark) => {}
            Token::Word { start, end }
                if joint == Joint::None && is_in(&text[start..end], &FILLERS) => {}
            _ => break,
        }
        next -= 1;
    }
    let mut words = Vec::new();
    while next > 0 && words.len() < WORDS {
        match tokens[next - 1] {
            Token::Word { .. } => words.insert(0, next - 1),
            // A quoted key.
            Token::Mark(b'"' | b'\'', _) if words.is_empty() => {}
            _ => break,
        }
        if joint == Joint::Equals {
            break;
        }
        next -= 1;
    }
    (words, joint)
}

fn joint_of(joint: Joint) -> Joint {
    if joint == Joint::Equals { joint } else { Joint::Colon }
}

/// The words behind a number that name it: up to the next mark or number.
fn behind(text: &str, tokens: &[Token], at: usize) -> Vec<usize> {
    let mut words = Vec::new();
    for (next, token) in tokens.iter().enumerate().skip(at + 1).take(WORDS) {
        let Token::Word { start, end } = token else {
            // A word that a mark joins to what follows names that.
            if matches!(token, Token::Mark(b'=' | b':', _)) {
                words.pop();
            }
            break;
        };
        if !matches!(&text[*start..*end], "of" | "in") {
            words.push(next);
        }
    }
    words
}

/// What the words mean, where they mean a quantity or a limit.
fn read(text: &str, tokens: &[Token], words: &[usize], is_joined: bool) -> Option<Phrase> {
    let mut parts: Vec<String> = Vec::new();
    for &word in words {
        let Some(Token::Word { start, end }) = tokens.get(word) else { continue };
        split(&text[*start..*end], &mut parts);
    }
    if parts.is_empty() {
        return None;
    }
    let quantity = quantity(&parts);
    if parts.iter().any(|part| is_in(part, &LIMITS)) {
        let own = parts.iter().rev().find_map(|part| unit(part.as_bytes(), false));
        let subject = Subject::Limit(quantity);
        return Some(Phrase { subject, name: String::new(), unit: own, is_joined });
    }
    let quantity = quantity?;
    if parts.iter().any(|part| is_in(part, &OTHERS)) {
        return None;
    }
    let mut own = None;
    parts.retain(|part| {
        let found = unit(part.as_bytes(), false);
        own = own.or(found);
        found.is_none()
    });
    Some(Phrase {
        subject: Subject::Quantity(quantity),
        name: parts.join(" "),
        unit: own,
        is_joined,
    })
}

fn has_other(text: &str, tokens: &[Token], word: usize) -> bool {
    let Some(Token::Word { start, end }) = tokens.get(word) else { return false };
    let mut parts = Vec::new();
    split(&text[*start..*end], &mut parts);
    parts.iter().any(|part| is_in(part, &OTHERS))
}

/// What the parts of a name count.
fn quantity(parts: &[String]) -> Option<Quantity> {
    let has = |words: &[&str]| parts.iter().any(|part| words.contains(&part.as_str()));
    let counts =
        || has(&["count", "num", "n", "active", "open", "current", "live", "running", "alive"]);
    if has(&[
        "rss",
        "vmrss",
        "uss",
        "pss",
        "resident",
        "memory",
        "mem",
        "heap",
        "tracemalloc",
        "ram",
        "maxrss",
    ]) {
        return Some(Quantity::Memory);
    }
    if has(&["fds", "descriptors", "filehandles", "handles"])
        || has(&["files", "file", "fd", "handle"]) && counts()
    {
        return Some(Quantity::Files);
    }
    if has(&["connections", "conns", "sockets", "websockets"])
        || has(&["connection", "conn", "socket"]) && has(&["count", "num"])
    {
        return Some(Quantity::Connections);
    }
    if has(&["queue", "qsize", "backlog", "queued", "inflight"])
        || has(&["pending"]) && (parts.len() == 1 || has(&WAITING))
    {
        return Some(Quantity::Queue);
    }
    if has(&["threads"]) || has(&["thread"]) && counts() {
        return Some(Quantity::Threads);
    }
    if has(&["tasks", "coroutines"]) || has(&["task"]) && counts() {
        return Some(Quantity::Tasks);
    }
    None
}

/// What can be pending inside a process.
const WAITING: [&str; 13] = [
    "messages",
    "events",
    "tasks",
    "writes",
    "updates",
    "jobs",
    "items",
    "requests",
    "callbacks",
    "msgs",
    "ticks",
    "callback",
    "count",
];

fn is_in(word: &str, list: &[&str]) -> bool {
    list.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// The parts of a name, in lower case: `rss_mb`, `memoryUsageMb`, `VmRSS`, `open-files`.
fn split(name: &str, parts: &mut Vec<String>) {
    for piece in name.split(['_', '-', '.']).filter(|piece| !piece.is_empty()) {
        if piece == "VmRSS" {
            parts.push("vmrss".to_owned());
            continue;
        }
        let mut part = String::new();
        let mut was_lower = false;
        for letter in piece.chars() {
            if letter.is_ascii_uppercase() && was_lower {
                parts.push(std::mem::take(&mut part));
            }
            was_lower = letter.is_ascii_lowercase();
            part.push(letter.to_ascii_lowercase());
        }
        parts.push(part);
    }
}
