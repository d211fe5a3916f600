//! What is looked for over several events, once checked: the series of a rule, and which rule leads to
//! which.

use serde::{Deserialize, Serialize};

use super::Example;

/// What a rule looks for over several events (`[rule.series]`).
///
/// The events are those on which one of the rule's own conditions holds (`[[rule.when]]`), and findings of
/// the rules that `rules` names. Events of one series have the same values of the captures that `by`
/// names; one that lacks such a capture counts as if it were empty.
///
/// **Windows.** Two events are near each other where their times lie at most `within` apart, the edge
/// included; equal times are near. A record without a time has that of the record before it. Where a log
/// has no times at all, events are near where at most `lines` lines lie between their line numbers, in
/// one file. Times out of order (threads, buffers) by at most `within` count as the time before them; a
/// time that lies further back is that of a clock that was set back, and the series starts anew with it,
/// as it does where a log begins or ceases to have times. The order of events is that of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// What is asked of the events.
    pub kind: SeriesKind,
    /// Rules whose findings count as its events.
    pub rules: Vec<String>,
    /// Rules whose findings count as what follows (sequence) or fails to come (absence).
    pub then_rules: Vec<String>,
    /// Index, in the rule's conditions, of the first that tells of what follows.
    pub then_from: usize,
    /// How many events (threshold, rising, steady).
    pub count: usize,
    /// Window, in microseconds.
    pub within: i64,
    /// Window, in lines, where there are no times.
    pub lines: u64,
    /// Captures that tell series apart.
    pub by: Vec<String>,
    /// The capture that rises or stays.
    pub value: Option<String>,
    /// The capture that names the limit of `value`.
    pub limit: Option<String>,
    /// The part of the limit that `value` must reach.
    pub share: f64,
    /// How many times the first value of the row the last must be, at least.
    pub times: f64,
}

/// What is asked of the events of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SeriesKind {
    /// `count` events, the first and the last of them near each other. Each event that belongs to such
    /// a group counts once.
    Threshold,
    /// An event, and behind it, near it, one that `then` tells of. The last event before what follows
    /// is meant, and it is meant once.
    Sequence,
    /// An event, and nothing of what `then` tells of near behind it, although the log goes on past the
    /// window. What the end of a log or run leaves open does not count.
    Absence,
    /// `count` events in a row, each near the one before, whose `value` never falls and rises from
    /// the first to the last, at least to `times` the first; and reaches `share` of `limit`, where that
    /// is given.
    Rising,
    /// `count` events in a row, each near the one before, whose `value` is the same text.
    Steady,
}

impl SeriesKind {
    /// All, in the order in which they are told.
    pub const ALL: [SeriesKind; 5] = [
        SeriesKind::Threshold,
        SeriesKind::Sequence,
        SeriesKind::Absence,
        SeriesKind::Rising,
        SeriesKind::Steady,
    ];

    /// The word used in rule files.
    pub fn id(self) -> &'static str {
        match self {
            SeriesKind::Threshold => "threshold",
            SeriesKind::Sequence => "sequence",
            SeriesKind::Absence => "absence",
            SeriesKind::Rising => "rising",
            SeriesKind::Steady => "steady",
        }
    }

    /// Whether it asks for a number of events.
    pub fn counts(self) -> bool {
        matches!(self, SeriesKind::Threshold | SeriesKind::Rising | SeriesKind::Steady)
    }

    /// Whether it asks for a second kind of event.
    pub fn follows(self) -> bool {
        matches!(self, SeriesKind::Sequence | SeriesKind::Absence)
    }
}

/// Rules of which one leads to another (`chains.toml`): an event of a symptom that stands near behind an
/// event of a cause is its consequence. Near is what it is for a [`Series`].
#[derive(Debug, Serialize, Deserialize)]
pub struct Chain {
    /// Its name.
    pub id: String,
    /// Rules, or `<pattern>/*` for all of a pattern.
    pub cause: Vec<String>,
    /// Rules, or `<pattern>/*` for all of a pattern.
    pub symptom: Vec<String>,
    /// Window, in microseconds.
    pub within: i64,
    /// Window, in lines, where there are no times.
    pub lines: u64,
    /// Captures that must be equal where both events have them.
    pub same: Vec<String>,
    /// Where its facts come from.
    #[serde(skip)]
    pub source: Vec<String>,
    /// Texts in which it links two events.
    #[serde(skip)]
    pub examples: Vec<Example>,
    /// Texts in which it does not.
    #[serde(skip)]
    pub near_misses: Vec<Example>,
    /// File it came from.
    pub file: String,
    /// Line of its id in that file.
    pub line: usize,
}

/// Whether `named` (`<pattern>/<name>` or `<pattern>/*`) names the rule of that id.
pub fn names_rule(named: &str, id: &str) -> bool {
    match named.strip_suffix('*') {
        Some(pattern) => id.starts_with(pattern) && pattern.ends_with('/'),
        None => named == id,
    }
}

/// Microseconds of a length of time such as `90s`, `10m`, `1.5h` or `2d`.
pub(super) fn parse_length(text: &str) -> Option<i64> {
    let unit = text.char_indices().next_back()?.0;
    let seconds = match &text[unit..] {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    let number: f64 = text[..unit].parse().ok()?;
    let micros = number * seconds * 1e6;
    (number > 0.0 && micros < 1e15).then(|| micros.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_a_unit() {
        assert_eq!(parse_length("90s"), Some(90_000_000));
        assert_eq!(parse_length("1.5h"), Some(5_400_000_000));
        for wrong in ["", "s", "10", "-5m", "0s", "ten m", "9999999d", "5µ"] {
            assert_eq!(parse_length(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_star_names_all_of_a_pattern() {
        assert!(names_rule("network/*", "network/dns") && names_rule("network/dns", "network/dns"));
        assert!(!names_rule("net*", "network/dns") && !names_rule("network/dns", "network/dns-x"));
    }
}
