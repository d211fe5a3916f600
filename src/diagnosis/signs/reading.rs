//! Numbers that a line prints about the bot's own process: memory, open files, connections, threads, tasks,
//! queues. What counts something else (balances, free memory, orders, totals since the start) is left alone.

use super::phrase::{self, Phrase, Subject};
use super::token::{Number, Token, tokens};

/// What a reading measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Quantity {
    /// Memory of the process, or of the machine in percent.
    Memory,
    /// Open files and other handles.
    Files,
    /// Sockets and connections.
    Connections,
    /// Threads.
    Threads,
    /// Tasks and coroutines.
    Tasks,
    /// What waits in a queue.
    Queue,
}

/// In what a reading is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unit {
    /// Bytes; the value has been made so. `MB` counts as `MiB`: most bots mean it so.
    Bytes,
    /// Percent.
    Percent,
    /// A number without a unit.
    Plain,
}

/// One number about the process.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reading {
    /// What it measures.
    pub(crate) quantity: Quantity,
    /// What the line calls it, in lower case; readings of one name are one series.
    pub(crate) name: String,
    /// The number: bytes, percent, or as it stands.
    pub(crate) value: f64,
    /// What the number is told in.
    pub(crate) unit: Unit,
    /// The limit that the line states for it, in the same unit.
    pub(crate) limit: Option<f64>,
    /// The number with its unit as the line has it.
    pub(crate) text: String,
    /// What stands beside the number in each such line: the end of its name, or what follows it.
    pub(crate) beside: String,
}

/// Most bytes of a line that are looked at.
const LINE_BYTES: usize = 4_000;

/// Most readings taken of one line.
const READINGS: usize = 8;

/// Counts above this are ids.
const MOST: f64 = 1e7;

/// Memory above this, in bytes, is no process's.
const MOST_BYTES: f64 = 1e15;

/// Letters with which words that measure something begin, wherever they stand in a longer one.
const STEMS: [&[u8]; 22] = [
    b"rss",
    b"mem",
    b"heap",
    b"malloc",
    b"ram",
    b"fds",
    b"fd_",
    b"desc",
    b"handle",
    b"file",
    b"sock",
    b"conn",
    b"task",
    b"thread",
    b"queue",
    b"backlog",
    // For what has no other letters.
    b"qsize",
    b"pending",
    b"coroutine",
    b"uss",
    b"resident",
    b"inflight",
];

/// For each letter, which letters stand behind it, a bit each, where it is the first of a stem and where it is the
/// second. The five low bits tell letters of either case, and the underscore, from each other.
const PAIRS: [[u32; 32]; 2] = {
    let mut pairs = [[0; 32]; 2];
    let mut stem = 0;
    while stem < STEMS.len() {
        let mut at = 0;
        while at < pairs.len() {
            pairs[at][(STEMS[stem][at] & 31) as usize] |= 1 << (STEMS[stem][at + 1] & 31);
            at += 1;
        }
        stem += 1;
    }
    pairs
};

/// Whether a line may hold a reading: cheap, and never false where it does.
pub(crate) fn may_hold(line: &[u8]) -> bool {
    let line = &line[..line.len().min(LINE_BYTES)];
    let begins_stem = |at: usize| {
        let begins = |stem: &&[u8]| {
            line.get(at..at + stem.len()).is_some_and(|text| text.eq_ignore_ascii_case(stem))
        };
        STEMS.iter().any(begins)
    };
    let is_pair =
        |at: usize, one: u8, two: u8| PAIRS[at][usize::from(one & 31)] >> (two & 31) & 1 != 0;
    let may_begin = |&[one, two, three]: &[u8; 3]| is_pair(0, one, two) && is_pair(1, two, three);
    let mut starts = line.array_windows().enumerate();
    starts.any(|(at, letters)| may_begin(letters) && begins_stem(at))
        && line.iter().any(u8::is_ascii_digit)
}

/// The readings in the text of a record, in order. Takes time linear in its length.
pub(crate) fn readings(text: &str) -> Vec<Reading> {
    let mut end = text.len().min(LINE_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    let mut tokens = tokens(text);
    let mut found: Vec<Reading> = Vec::new();
    let mut limits: Vec<(Option<Quantity>, f64, Unit)> = Vec::new();
    for at in 0..tokens.len() {
        let Token::Number(number) = tokens[at] else { continue };
        let Some((phrase, used)) = phrase::of(text, &tokens, at) else { continue };
        let Phrase { subject, name, unit: named, is_joined } = phrase;
        // `300/512 MB`: the unit stands once.
        let beside = beside(text, &tokens, number, &used);
        let named = named.or_else(|| match tokens.get(at + 1..at + 3)? {
            [Token::Mark(b'/', _), Token::Number(next)] => next.unit,
            _ => None,
        });
        for word in used {
            tokens[word] = Token::Used;
        }
        match subject {
            Subject::Limit(of) => {
                limits.extend(scaled(number, named).map(|(v, unit)| (of, v, unit)))
            }
            Subject::Quantity(quantity) => {
                let Some((value, unit)) = scaled(number, named) else { continue };
                if !is_plausible(quantity, number, value, unit, is_joined) {
                    continue;
                }
                let number = Number { unit: number.unit.or(named), ..number };
                let limit = limit_behind(text, &tokens, at, value, number);
                let again = found.iter().filter(|known| known.name == name).count();
                let name = if again > 0 { format!("{name} {}", again + 1) } else { name };
                let text = as_logged(&text[number.start..number.end], unit, named);
                found.push(Reading { quantity, name, value, unit, limit, text, beside });
                if found.len() == READINGS {
                    break;
                }
            }
        }
    }
    // A limit that stands elsewhere in the line is that of what it names, else of the only reading.
    for (of, value, unit) in limits {
        let alone = found.len() == 1;
        let is_its = |reading: &&mut Reading| {
            reading.unit == unit
                && reading.limit.is_none()
                && of.map_or(alone, |of| of == reading.quantity)
        };
        if let Some(reading) = found.iter_mut().find(is_its) {
            reading.limit = Some(value);
        }
    }
    found
}

/// What stands beside a number that `used` words name.
fn beside(text: &str, tokens: &[Token], number: Number, used: &[usize]) -> String {
    let mut word = (number.end, number.end);
    for &at in used {
        if let Some(Token::Word { start, end }) = tokens.get(at) {
            word = (*start, *end);
        }
    }
    if word.0 < number.start {
        text[word.0..number.start].to_owned()
    } else {
        text[number.end..word.1].to_owned()
    }
}

/// A number as the line has it, with the unit that only its name tells (`rss_mb=512`).
fn as_logged(text: &str, unit: Unit, named: Option<(f64, Unit)>) -> String {
    if unit != Unit::Bytes || text.ends_with(|last: char| last.is_ascii_alphabetic()) {
        return text.to_owned();
    }
    let unit = match named.map(|(factor, _)| factor as u64) {
        Some(1_024) => "KB",
        Some(1_048_576) => "MB",
        Some(1_073_741_824) => "GB",
        _ => "bytes",
    };
    format!("{text} {unit}")
}

/// The number in the base of its unit: its own, or the one that its name tells. `None` where the two make
/// no sense.
fn scaled(number: Number, named: Option<(f64, Unit)>) -> Option<(f64, Unit)> {
    let (factor, unit) = number.unit.or(named).unwrap_or((1.0, Unit::Plain));
    let value = number.value * factor;
    value.is_finite().then_some((value, unit))
}

fn is_plausible(
    quantity: Quantity,
    number: Number,
    value: f64,
    unit: Unit,
    is_joined: bool,
) -> bool {
    if number.is_signed {
        return false;
    }
    match (quantity, unit) {
        (Quantity::Memory, Unit::Bytes) => value <= MOST_BYTES,
        (Quantity::Memory, Unit::Percent) => value <= 100.0,
        // Without a unit only what is written as a field is meant.
        (Quantity::Memory, Unit::Plain) => is_joined && value <= MOST_BYTES,
        (_, Unit::Plain) => !number.is_fraction && value <= MOST,
        _ => false,
    }
}

/// The limit that stands right behind a number: `512/1024 MB`, `512 MB of 1 GB`.
fn limit_behind(
    text: &str,
    tokens: &[Token],
    at: usize,
    value: f64,
    number: Number,
) -> Option<f64> {
    let is_between = match tokens.get(at + 1)? {
        Token::Mark(b'/', _) => true,
        Token::Word { start, end } => {
            text[*start..*end].eq_ignore_ascii_case("of")
                || text[*start..*end].eq_ignore_ascii_case("out")
        }
        _ => false,
    };
    let next = tokens[at + 2..].iter().take(2).find_map(|token| match token {
        Token::Number(next) => Some(*next),
        _ => None,
    });
    let next = next.filter(|_| is_between)?;
    let (factor, _) = next.unit.or(number.unit).unwrap_or((1.0, Unit::Plain));
    let limit = next.value * factor;
    (limit.is_finite() && limit >= value && limit > 0.0).then_some(limit)
}

#[cfg(test)]
mod tests;
