//! Behind time and level: the fields that may still follow, where the message begins, and whose layout
//! it is.

use super::group::group_at;
use super::{Header, Walk};
use crate::event::fields::{self, Mark, Separator};
use crate::event::format::Format;
use crate::event::severity::Spelling;
use crate::event::stamp::Order;

/// What supervisord says of itself begins with one of these (supervisor's `process.py`,
/// `supervisord.py`, `options.py`).
const SUPERVISORD: [&str; 14] = [
    "spawned: '",
    "spawnerr: ",
    "exited: ",
    "success: ",
    "gave up: ",
    "stopped: ",
    "waiting for ",
    "killing '",
    "supervisord started with pid",
    "Set uid to user",
    "RPC interface '",
    "received SIG",
    "reaped unknown pid",
    "Included extra file ",
];

/// Words that messages begin with, before a colon, more often than loggers are called by them. Sorted.
const PROSE: [&str; 29] = [
    "body",
    "code",
    "connection",
    "data",
    "detail",
    "details",
    "exited",
    "failed",
    "failure",
    "http",
    "https",
    "killed",
    "message",
    "note",
    "order",
    "reason",
    "request",
    "response",
    "result",
    "retry",
    "retrying",
    "signal",
    "spawned",
    "spawnerr",
    "status",
    "stopped",
    "success",
    "url",
    "warning",
];

impl<'t> Walk<'t> {
    /// Reads on from `end`, where the last of time and level ends, and makes the header.
    pub(super) fn finish(mut self, end: usize) -> Header<'t> {
        let mut at = end;
        for _ in 0..4 {
            match self.tail_field(at) {
                Some(after) => at = after,
                None => break,
            }
        }
        let start = if at == end { self.padded_start(end) } else { None };
        let start = start.unwrap_or_else(|| fields::separator(self.bytes, at).message);
        let message = &self.text[start.min(self.text.len())..];
        let format = self.format(end, message);
        let message = match format {
            Format::Rich => without_right_column(message),
            Format::Octobot => message.trim_ascii_start(),
            _ => message,
        };
        Header {
            time: self.time,
            severity: self.level.map(|level| level.word.severity),
            logger: self.logger,
            pid: self.pid,
            thread: self.thread,
            format,
            shape: self.shape.value(),
            message,
        }
    }

    /// The end of a further field that begins behind `at`, if there is one without doubt.
    fn tail_field(&mut self, at: usize) -> Option<usize> {
        let separator = fields::separator(self.bytes, at);
        let level = self.level.is_some();
        match separator.mark {
            Mark::Space | Mark::None => match self.bytes.get(separator.next)? {
                b'[' | b'{' | b'(' => self.tail_group(separator.next),
                _ if level && separator.mark == Mark::Space => self.tail_word(separator),
                _ => None,
            },
            Mark::Colon if level && self.bytes[separator.next - 1] == b':' => {
                self.tail_column(separator)
            }
            Mark::Dash | Mark::Pipe | Mark::Comma | Mark::Tab if level => {
                self.tail_column(separator)
            }
            _ => None,
        }
    }

    /// `[name]`, `{file.py:12}`, `(file.py:12)`.
    fn tail_group(&mut self, at: usize) -> Option<usize> {
        let (start, end) = group_at(self.bytes, at)?;
        let content = &self.text[start..end];
        let follows =
            matches!(self.bytes.get(end + 1), None | Some(b' ' | b':' | b'[' | b'{' | b'\t'));
        // `[SSL:123]` is the message's; modules are written small.
        let small = content.starts_with(|letter: char| letter.is_ascii_lowercase());
        let place = fields::is_file(content)
            || (fields::is_place(content) && (self.bytes[at] == b'{' || small));
        let named = self.bytes[at] != b'('
            && fields::is_name(content)
            && !is_exception(content)
            && (self.logger.is_none() || fields::is_thread(content));
        if !follows || !(place || named) {
            return None;
        }
        self.name(content);
        Some(end + 1)
    }

    /// A field that has the same separator before and behind it: `root:`, `name - `, `file.py:12 | `.
    fn tail_column(&mut self, separator: Separator) -> Option<usize> {
        let from = separator.next;
        if separator.mark == Mark::Pipe
            && let Some(end) = self.tail_place(from)
        {
            return Some(end);
        }
        let end = from + fields::word_len(self.bytes, from);
        let word = self.text.get(from..end)?;
        let behind = fields::separator(self.bytes, end);
        if behind.mark != separator.mark || word.is_empty() {
            return None;
        }
        let class = match separator.mark {
            Mark::Colon if self.bytes.get(end + 1) == Some(&b' ') => fields::is_class(word),
            _ => is_exception(word),
        };
        let number = fields::pid(word).is_some() && separator.mark != Mark::Dash;
        let named = fields::is_name(word) && self.logger.is_none();
        let sure = fields::is_place(word) || fields::is_file(word) || fields::is_thread(word);
        if class || !(sure || named || number) {
            return None;
        }
        match word.split_once(':') {
            Some((name, _)) if fields::is_name(name) && !fields::is_file(word) => {
                self.logger = self.logger.or(Some(name));
            }
            _ => self.name(word),
        }
        Some(end)
    }

    /// loguru's `module:function:12 - `, lumibot's `file.py:function:12 | `.
    fn tail_place(&mut self, from: usize) -> Option<usize> {
        let len = self.bytes[from..]
            .iter()
            .take(2 * fields::FIELD)
            .take_while(|byte| !matches!(byte, b' ' | b'|' | b'"' | b'\''))
            .count();
        let word = self.text.get(from..from + len)?;
        let (name, rest) = word.split_once(':')?;
        if !fields::is_place(word) || !rest.contains(':') {
            return None;
        }
        self.hint = match fields::separator(self.bytes, from + len).mark {
            Mark::Dash => Some(Format::Loguru),
            Mark::Pipe => Some(Format::Lumibot),
            _ => return None,
        };
        if self.hint == Some(Format::Loguru) {
            self.logger = self.logger.or(Some(name));
        }
        Some(from + len)
    }

    /// Behind a blank: `file.py:12`, `name: `, `name - `, `in name: `, `name  file.py:12`.
    fn tail_word(&mut self, separator: Separator) -> Option<usize> {
        let mut from = separator.next;
        let flask = self.bytes[from..].starts_with(b"in ");
        if flask {
            from += 3;
        }
        let end = from + fields::word_len(self.bytes, from);
        let word = self.text.get(from..end)?;
        let behind = fields::separator(self.bytes, end);
        if fields::is_file(word) && word.contains(':') && behind.mark != Mark::None {
            return Some(end);
        }
        if self.hint.is_none() && behind.mark == Mark::Space && behind.next - end >= 2 {
            return self.octobot_columns(word, behind.next);
        }
        if self.logger.is_some() || !fields::is_name(word) {
            return None;
        }
        let spaced = self.bytes.get(end + 1).is_none_or(|byte| *byte == b' ');
        let taken = match behind.mark {
            Mark::Colon if spaced => {
                let prose = PROSE.binary_search(&word).is_ok();
                (!fields::is_class(word) && !prose) || self.is_component(word)
            }
            Mark::Dash => !flask && !fields::is_class(word),
            _ => false,
        };
        if !taken {
            return None;
        }
        self.name(word);
        Some(end)
    }

    /// `name  file.py:12`, each padded to a column. Gives the end of the place.
    fn octobot_columns(&mut self, name: &'t str, from: usize) -> Option<usize> {
        let end = from + fields::word_len(self.bytes, from);
        let place = self.text.get(from..end)?;
        let found = fields::is_place(place) || fields::is_file(place);
        // At the end of a line it is rich's right column.
        let more = fields::separator(self.bytes, end).mark != Mark::End;
        if self.logger.is_some() || self.bracketed_time || !found || !more {
            return None;
        }
        self.hint = Some(Format::Octobot);
        self.logger = Some(name);
        Some(end)
    }

    /// nautilus_trader's `TRADER-001.DataEngine`.
    fn is_component(&self, word: &str) -> bool {
        let bracketed = self.level.is_some_and(|level| level.bracketed);
        bracketed && word.split_once('.').is_some_and(|(trader, _)| trader.contains('-'))
    }

    /// Where the message begins behind a level that was padded to a column, as `%(levelname)-8s` does.
    /// `None` where one separator is all there is.
    fn padded_start(&mut self, end: usize) -> Option<usize> {
        let level = self.level?;
        if level.bracketed || level.slash || level.word.len < 3 {
            return None;
        }
        let len = level.word.len;
        let colon = self.bytes.get(end) == Some(&b':');
        let from = end + usize::from(colon);
        let blanks = fields::blanks(self.bytes, from);
        if colon {
            // uvicorn pads behind the colon (`DefaultFormatter`, uvicorn/logging.py).
            let width = 9usize.saturating_sub(len);
            if blanks < width || width < 2 || self.time.is_some() {
                return None;
            }
            self.hint = Some(Format::Uvicorn);
            return Some(from + width);
        }
        if blanks < 2 {
            return None;
        }
        // A traceback's own indentation is told from the padding by what follows.
        if blanks >= 3 && self.bytes[from + blanks..].starts_with(b"File \"") {
            return Some(from + blanks - 2);
        }
        [8usize, 7, 5]
            .into_iter()
            .filter(|width| *width >= len)
            .map(|width| width - len + 1)
            .find(|width| *width <= blanks)
            .map(|width| from + width)
    }

    /// Whose layout it is, as far as that can be told.
    fn format(&self, end: usize, message: &str) -> Format {
        if let Some(hint) = self.hint {
            return hint;
        }
        let Some(level) = self.level else {
            let ts = self.time.is_some_and(|(time, _)| time.order == Order::MonthName);
            return if ts && !self.bracketed_time { Format::Ts } else { Format::Logging };
        };
        let logger = self.logger.unwrap_or("");
        if level.bracketed {
            if level.padded && level.word.spelling == Spelling::Lower {
                return Format::Structlog;
            }
            if let Some((time, _)) = self.time {
                if self.bracketed_time && self.pid.is_some() && time.offset.is_some() {
                    return Format::Gunicorn;
                }
                if time.digits == 9 && self.is_component(logger) {
                    return Format::Nautilus;
                }
            }
            if logger == "circus" {
                return Format::Circus;
            }
            return Format::Logging;
        }
        let Some((time, _)) = self.time else { return Format::Logging };
        if self.bracketed_time {
            let dashed = fields::separator(self.bytes, end).mark == Mark::Dash;
            if self.place && dashed {
                return Format::Airflow;
            }
            let width = 9usize.saturating_sub(level.word.len);
            let columns = level.word.spelling == Spelling::Upper
                && fields::blanks(self.bytes, end) >= width
                && matches!(time.order, Order::Numbers | Order::None);
            if columns && !self.place && (time.has_date || right_column(message).is_some()) {
                return Format::Rich;
            }
            return Format::Logging;
        }
        if self.before_level == Mark::Dash {
            if logger.starts_with("freqtrade") {
                return Format::Freqtrade;
            }
            if logger.starts_with("hummingbot") {
                return Format::Hummingbot;
            }
        }
        let spaced = self.before_level == Mark::Space && self.logger.is_none();
        if spaced && SUPERVISORD.iter().any(|start| message.starts_with(start)) {
            return Format::Supervisord;
        }
        Format::Logging
    }
}

/// `word` names an exception by its ending.
fn is_exception(word: &str) -> bool {
    fields::is_class(word)
        && ["Error", "Exception", "Warning", "Timeout", "Exceeded", "Interrupt", "error"]
            .iter()
            .any(|end| word.ends_with(end))
}

/// Where rich's right column begins in `message`: blanks and `file.py:12` at its end.
fn right_column(message: &str) -> Option<usize> {
    let at = message.rfind(' ')?;
    let place = &message[at + 1..];
    (fields::is_file(place) && place.contains(':')).then(|| message[..at].trim_end().len())
}

fn without_right_column(message: &str) -> &str {
    right_column(message).map_or(message, |end| &message[..end])
}
