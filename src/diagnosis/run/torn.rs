//! Lines that were cut in half: what was still in a buffer when the bot was killed.

use super::{Item, Runs};
use crate::diagnosis::evidence::Line;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::fingerprint;
use crate::diagnosis::join;
use crate::event::{Record, read_record};
use crate::model::Severity;

/// Most characters of a message that are compared as they are.
const MASKED: usize = 400;

/// So many lines show what the lines of a log are like.
const LINES_OF_A_KIND: usize = 8;

/// Most bytes of a torn line behind which the next run's first line is looked for.
const TORN_BYTES: usize = 2_000;

impl Runs<'_> {
    /// Whether the log ends in the middle of a line: most of the lines before it begin as it does, and go on
    /// where it stops. (Whether a newline follows tells nothing: wrappers add one, and copies lose it.)
    pub(super) fn is_torn(&self) -> bool {
        let mut items = self.tail.iter().rev().map(Shape::of);
        let Some(last) = items.next() else { return false };
        let others = self.tail.len() - 1;
        others >= LINES_OF_A_KIND
            && items.filter(|other| last.is_cut_from(other)).count() * 2 > others
    }

    /// The line of `start`, where it begins with what is left of a line of the run before: nothing wrote the
    /// newline between that and the record with which the run before began as well.
    pub(super) fn glued(&self, start: &Finding) -> Option<Line> {
        let line = start.evidence.first()?;
        if self.layout == 0 || self.opened.is_empty() {
            return None;
        }
        let bytes = &line.text.as_bytes()[..line.text.len().min(TORN_BYTES)];
        let begins = |from: &usize| {
            // A time begins with a digit or a bracket.
            let is_likely = bytes[*from].is_ascii_digit() || bytes[*from] == b'[';
            is_likely && self.is_opening_record(&read_record(&bytes[*from..]))
        };
        (1..bytes.len()).find(begins)?;
        Some(join::line(line.place, &line.text))
    }

    /// Whether a record begins there, with a time, as the first one of the run did.
    fn is_opening_record(&self, record: &Record<'_>) -> bool {
        let first = || record.message.lines().next().unwrap_or("");
        record.begins
            && record.stamp.is_some()
            && record.shape == self.layout
            && fingerprint::normalised(first()) == self.opened
    }

    /// The run begins with this finding.
    pub(super) fn open_with(&mut self, finding: &Finding) {
        // Behind what is left of another line stands the record that is known already.
        if self.glued(finding).is_none() {
            self.opened = fingerprint::normalised(&finding.message);
            let line = finding.evidence.first().map_or("", |line| &line.text);
            self.layout = read_record(line.as_bytes()).shape;
        }
    }
}

/// Layout, logger and level.
type Head = (u64, Option<String>, Option<Severity>);

/// What a line is like.
struct Shape {
    /// Layout, logger and level, where it has a time.
    head: Option<Head>,
    /// Its message without numbers, ids and markets.
    message: String,
    /// The same, a `#` for each number: half of a market is none.
    masked: String,
}

impl Shape {
    fn of(item: &Item) -> Shape {
        match item {
            Item::Line { bytes, .. } => {
                let record = read_record(bytes);
                let logger = record.logger.as_deref().map(str::to_owned);
                let head =
                    record.stamp.is_some().then_some((record.shape, logger, record.severity));
                Shape::with(head, record.message.trim_end())
            }
            Item::Found { finding, .. } | Item::Marked { finding, .. } => {
                Shape::with(None, &finding.message)
            }
        }
    }

    fn with(head: Option<Head>, message: &str) -> Shape {
        let mut masked = String::new();
        for c in message.chars().take(MASKED) {
            if !c.is_ascii_digit() {
                masked.push(c);
            } else if !masked.ends_with('#') {
                masked.push('#');
            }
        }
        Shape { head, message: fingerprint::normalised(message), masked }
    }

    /// Whether `other` begins as this one does, and goes on where it stops.
    fn is_cut_from(&self, other: &Shape) -> bool {
        let is_cut = |one: &str, other: &str| {
            other.len() > one.len() && other.starts_with(one.trim_end_matches('#').trim_end())
        };
        let whole = self.message.trim_end_matches('#').trim_end();
        // Of a line that was cut behind its header only that is left; a message may also be empty, or the
        // border of a box.
        let is_headed = || self.head.is_some() && self.head == other.head;
        (is_cut(&self.message, &other.message) || is_cut(&self.masked, &other.masked))
            && (whole.contains(char::is_alphanumeric) || is_headed())
    }
}
