//! Tables of comma-separated values (RFC 4180) as log stores export them: CloudWatch Logs Insights
//! (`@timestamp,@message`), its console (`timestamp,message`), Datadog (`Date,Host,Service,Message`), Grafana
//! (`"Time","Line"`), Google Cloud (`…,textPayload,timestamp`), Splunk (`_time,_raw`).
//!
//! A row becomes the time, [`FIELD_END`] and the message, as it is written there.

use super::{FIELD_END, Part};

/// Names of the column that holds the time, the better ones first. Lower case.
const TIME: [&str; 8] =
    ["@timestamp", "timestamp", "time", "date", "_time", "datetime", "ts", "tsns"];

/// Names of the columns that may hold the message.
const MESSAGE: [&str; 11] = [
    "@message",
    "message",
    "line",
    "_raw",
    "body",
    "content",
    "textpayload",
    "jsonpayload.message",
    "log",
    "msg",
    "event",
];

/// Names of the column that holds the level that a logger gave. A store's own (`severity`, `status`) tells of the stream.
const LEVEL: [&str; 4] = ["level", "levelname", "loglevel", "log_level"];

/// Most columns of a table.
const COLUMNS: usize = 256;

/// Where in a row what matters stands.
#[derive(Debug, Clone)]
pub(super) struct Table {
    time: usize,
    messages: Vec<usize>,
    level: Option<usize>,
    columns: usize,
    /// The row with the names was seen.
    headed: bool,
    /// A quote is open.
    quoted: bool,
}

impl Table {
    /// The table whose first line is `head`.
    pub(super) fn of(head: &[u8]) -> Option<Table> {
        let head = head.trim_ascii();
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"@_.-/ \",()[]".contains(byte);
        if !head.contains(&b',') || !head.iter().all(is_name) {
            return None;
        }
        let names: Vec<String> = fields(head)?
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim().to_lowercase())
            .collect();
        let place = |name: &&str| names.iter().position(|other| other == name);
        let time = TIME.iter().find_map(place)?;
        let messages: Vec<usize> = MESSAGE.iter().filter_map(place).collect();
        let level = LEVEL.iter().find_map(place);
        let columns = names.len();
        let (headed, quoted) = (false, false);
        (!messages.is_empty()).then_some(Table { time, messages, level, columns, headed, quoted })
    }

    /// What a line is to the rows: one goes on as long as a quote is open.
    pub(super) fn part(&mut self, line: &[u8]) -> Part {
        if !self.headed && Table::of(line).is_some() {
            self.headed = true;
            return Part::Bracket;
        }
        let was_quoted = self.quoted;
        self.quoted ^= memchr::memchr_iter(b'"', line).count() % 2 == 1;
        match (was_quoted, self.quoted) {
            (false, false) => Part::Whole,
            (false, true) => Part::First,
            (true, true) => Part::More,
            (true, false) => Part::Last,
        }
    }

    /// The open row is no more.
    pub(super) fn forget(&mut self) {
        self.quoted = false;
    }

    /// The lines that a row becomes.
    pub(super) fn line_of(&self, row: &[u8]) -> Option<Vec<u8>> {
        let fields = self.in_columns(fields(row.trim_ascii_end())?);
        let time = fields.get(self.time)?.trim_ascii();
        let written = self.messages.iter().filter_map(|&at| fields.get(at));
        let message = { written }.find(|field| !field.trim_ascii().is_empty());
        let mut line = Vec::with_capacity(row.len());
        if time.first().is_some_and(u8::is_ascii_digit) {
            line.extend_from_slice(time);
            line.push(FIELD_END);
        } else if !time.is_empty() {
            // No row, or a time that nobody can read.
            return None;
        }
        let message = message.map_or(&b""[..], |message| message.trim_ascii_end());
        let level = self.level.and_then(|at| fields.get(at)).map(|level| level.trim_ascii());
        // A line must not become longer than its row was.
        let room = row.trim_ascii_end().len().saturating_sub(line.len() + message.len() + 2);
        let tells = |level: &&[u8]| level.len() <= room && is_level(level);
        if let Some(level) = level.filter(tells).filter(|_| may_have_level(message)) {
            line.extend(level.to_ascii_uppercase());
            line.extend_from_slice(b": ");
        }
        line.extend(message.iter().filter(|byte| **byte != b'\r'));
        Some(line)
    }

    /// The fields as the head names them, where a logger wrote the row without quotes: milliseconds have a comma of their own
    /// (`logging`'s `%(asctime)s`), and what stands last goes on to the end.
    fn in_columns(&self, mut fields: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        let is_millis = |field: &Vec<u8>| field.len() == 3 && field.iter().all(u8::is_ascii_digit);
        if fields.len() > self.columns && fields.get(self.time + 1).is_some_and(is_millis) {
            let millis = fields.remove(self.time + 1);
            fields[self.time].push(b',');
            fields[self.time].extend(millis);
        }
        if fields.len() > self.columns && self.messages.contains(&(self.columns - 1)) {
            let rest = fields.split_off(self.columns);
            for field in rest {
                fields[self.columns - 1].push(b',');
                fields[self.columns - 1].extend(field);
            }
        }
        fields
    }
}

/// Whether a field is the name of one of `logging`'s levels, or loguru's.
fn is_level(field: &[u8]) -> bool {
    ["debug", "info", "success", "warning", "warn", "error", "critical", "fatal"]
        .iter()
        .any(|level| field.eq_ignore_ascii_case(level.as_bytes()))
}

/// Whether a message has no header of its own, and is no line of a traceback.
fn may_have_level(message: &[u8]) -> bool {
    message.first().is_some_and(|first| first.is_ascii_alphabetic() || !first.is_ascii())
        && !message.starts_with(b"Traceback")
}

/// The fields of a row; `None` where it is none.
fn fields(row: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut fields = Vec::new();
    let mut rest = row;
    loop {
        let mut field = Vec::new();
        if let Some(quoted) = rest.strip_prefix(b"\"") {
            rest = quoted;
            loop {
                let quote = memchr::memchr(b'"', rest)?;
                field.extend_from_slice(&rest[..quote]);
                rest = &rest[quote + 1..];
                match rest.strip_prefix(b"\"") {
                    Some(more) => {
                        field.push(b'"');
                        rest = more;
                    }
                    None => break,
                }
            }
        } else {
            let end = memchr::memchr(b',', rest).unwrap_or(rest.len());
            field.extend_from_slice(&rest[..end]);
            rest = &rest[end..];
        }
        fields.push(field);
        match rest.strip_prefix(b",") {
            Some(more) if fields.len() < COLUMNS => rest = more,
            _ if rest.is_empty() => return Some(fields),
            _ => return None,
        }
    }
}
