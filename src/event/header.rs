//! The logger's own header: a time, a level, and names, numbers and places round them, in any order.
//!
//! The line is walked field by field. A field is taken for good when it is a time or a level (or stands
//! before one); everything behind the last of them is the message, but for a few fields whose form
//! leaves no doubt. In doubt a word stays in the message.

use super::Format;
use super::fields::{self, Mark, Separator};
use super::severity::{self, Spelling, Word};
use super::shape::Shape;
use super::stamp::{self, Time};
use crate::model::Severity;

mod group;
mod special;
mod tail;

/// How far into a line a field of its header may begin. Names of classes with their modules stand before the
/// level and are long (hummingbot's `…coinbase_advanced_trade_exchange.CoinbaseAdvancedTradeExchange`: 115 bytes).
const REACH: usize = 224;

/// Most fields before time and level.
const FIELDS: usize = 8;

/// A header that was found.
#[derive(Debug)]
pub(super) struct Header<'t> {
    /// The time and where it begins.
    pub(super) time: Option<(Time, usize)>,
    pub(super) severity: Option<Severity>,
    pub(super) logger: Option<&'t str>,
    pub(super) pid: Option<u32>,
    pub(super) thread: Option<&'t str>,
    pub(super) format: Format,
    pub(super) shape: u64,
    pub(super) message: &'t str,
}

/// What is known of a header while it is walked.
struct Walk<'t> {
    text: &'t str,
    bytes: &'t [u8],
    time: Option<(Time, usize)>,
    level: Option<Level>,
    logger: Option<&'t str>,
    pid: Option<u32>,
    thread: Option<&'t str>,
    /// Fields read since the last time or level: part of the header only if another follows.
    open: [&'t str; FIELDS],
    opens: usize,
    /// Bare words among them.
    bare: usize,
    /// The time is sure only if a level follows it: words stand before it, or it is a bare number.
    wants_level: bool,
    /// Layout up to here, and up to the last time or level.
    trial: Shape,
    shape: Shape,
    /// Layout up to the first of some bare words; more of them do not change it.
    bare_shape: Option<Shape>,
    /// The separator after the time, and before the level.
    after_time: Mark,
    before_level: Mark,
    /// The time stands in brackets.
    bracketed_time: bool,
    /// A producer whose way of writing was recognised on the way.
    hint: Option<Format>,
    /// A place in code stood before the level.
    place: bool,
}

#[derive(Clone, Copy)]
struct Level {
    word: Word,
    /// It stands in brackets.
    bracketed: bool,
    /// Blanks follow it inside its brackets.
    padded: bool,
    /// `ERROR/ForkPoolWorker-1`.
    slash: bool,
}

/// Reads the header of `text`; `None` where a record does not begin there. `lead` is the time at its
/// start, where there is one.
pub(super) fn read(text: &str, lead: Option<Time>) -> Option<Header<'_>> {
    let bytes = text.as_bytes();
    match bytes.first()? {
        b' ' => return special::octobot_console(text),
        b'\t' => return None,
        _ => {}
    }
    if let Some(header) = special::access(text, lead.is_some()) {
        return Some(header);
    }
    if let Some(header) = special::web_server(text, lead.as_ref()) {
        return Some(header);
    }
    if let Some(header) = special::glog(text) {
        return Some(header);
    }
    Walk::new(text).run(0, lead)
}

/// What was read at a place of the line.
enum Step {
    /// The time, the level or both; the header goes at least up to here.
    Solid(usize),
    /// What may be a field, if a time or a level follows.
    Field(usize),
    /// The message has begun.
    Stop,
}

impl<'t> Walk<'t> {
    fn new(text: &'t str) -> Self {
        Walk {
            text,
            bytes: text.as_bytes(),
            time: None,
            level: None,
            logger: None,
            pid: None,
            thread: None,
            open: [""; FIELDS],
            opens: 0,
            bare: 0,
            wants_level: false,
            trial: Shape::EMPTY,
            shape: Shape::EMPTY,
            bare_shape: None,
            after_time: Mark::Start,
            before_level: Mark::Start,
            bracketed_time: false,
            hint: None,
            place: false,
        }
    }

    /// Walks the fields from `start`.
    fn run(mut self, start: usize, mut lead: Option<Time>) -> Option<Header<'t>> {
        let mut at = start;
        let mut end = None;
        let mut before = Mark::Start;
        while at < self.bytes.len().min(REACH) && !(self.time.is_some() && self.level.is_some()) {
            let (after, solid) = match self.step(at, before, lead.take()) {
                Step::Solid(after) => (after, true),
                Step::Field(after) => (after, false),
                Step::Stop => break,
            };
            let separator = fields::separator(self.bytes, after);
            if solid {
                self.shape = self.trial;
                end = Some(after);
                if self.time.is_some() && self.after_time == Mark::Start {
                    self.after_time = separator.mark;
                }
            }
            if separator.mark == Mark::End {
                break;
            }
            self.trial.add(separator.mark as u32);
            before = separator.mark;
            at = separator.next;
        }
        let end = end?;
        if self.level.is_none() && (self.wants_level || self.after_time == Mark::Comma) {
            return None;
        }
        Some(self.finish(end))
    }

    /// Reads one field at `at`.
    fn step(&mut self, at: usize, before: Mark, lead: Option<Time>) -> Step {
        let first = self.bytes[at];
        if matches!(first, b'[' | b'(' | b'{') {
            return self.group(at, before);
        }
        if self.time.is_none() {
            let time = lead.or_else(|| stamp::scan(&self.bytes[at..]));
            if let Some(time) = time.filter(|time| self.ends_time(at + time.len)) {
                self.wants_level |= self.bare > 0;
                self.take_time(time, at);
                return Step::Solid(at + time.len);
            }
            if self.level.is_some() {
                // Behind a level only the time itself, or a group, still belongs to the header.
                return Step::Stop;
            }
            if let Some(time) =
                first.is_ascii_digit().then(|| stamp::epoch(&self.bytes[at..])).flatten()
                && self.ends_time(at + time.len)
            {
                // A number alone is data; `ts %.s` writes six digits behind the point.
                let ts = time.digits == 6 && self.bytes.get(at + time.len) == Some(&b' ');
                self.wants_level |= !ts || self.bare > 0;
                self.take_time(time, at);
                return Step::Solid(at + time.len);
            }
        }
        if self.level.is_none()
            && let Some((level, after)) = self.level_at(at, before)
        {
            self.take_level(level, before);
            return Step::Solid(self.after_slash(level, after));
        }
        self.open_field(at, before)
    }

    /// A time may end at `at`.
    fn ends_time(&self, at: usize) -> bool {
        match self.bytes.get(at) {
            None => true,
            Some(byte) => matches!(
                byte,
                b' ' | b']'
                    | b')'
                    | b'}'
                    | b'['
                    | b'{'
                    | b'|'
                    | b':'
                    | b','
                    | b';'
                    | b'-'
                    | b'>'
                    | b'\t'
            ),
        }
    }

    fn take_time(&mut self, time: Time, at: usize) {
        self.commit();
        self.trial.add(u32::from(b't'));
        self.trial.add(time.layout);
        self.time = Some((time, at));
    }

    fn take_level(&mut self, level: Level, before: Mark) {
        self.commit();
        self.trial.add(u32::from(b'l'));
        self.trial.add(level.word.spelling as u32);
        self.before_level = before;
        self.level = Some(level);
    }

    /// Reads `/ForkPoolWorker-1` behind a level.
    fn after_slash(&mut self, level: Level, after: usize) -> usize {
        if !level.slash {
            return after;
        }
        let len = fields::word_len(self.bytes, after + 1);
        let end = after + 1 + len;
        self.thread = Some(self.text[after + 1..end].trim_end_matches(']'));
        end
    }

    /// The level word at `at`, where its company shows that it is one, and where it ends.
    fn level_at(&self, at: usize, before: Mark) -> Option<(Level, usize)> {
        let word = severity::word_at(&self.bytes[at..])?;
        let after = at + word.len;
        let separator = fields::separator(self.bytes, after);
        let slash = self.bytes.get(after) == Some(&b'/')
            && self.bytes.get(after + 1).is_some_and(u8::is_ascii_uppercase);
        let fits = slash && word.spelling == Spelling::Upper
            || self.level_fits(word, before, separator, after);
        fits.then_some((Level { word, bracketed: false, padded: false, slash }, after))
    }

    fn level_fits(&self, word: Word, before: Mark, separator: Separator, after: usize) -> bool {
        let mark = separator.mark;
        let symbol = matches!(mark, Mark::Dash | Mark::Pipe | Mark::Colon | Mark::Tab);
        let column = matches!(before, Mark::Dash | Mark::Pipe | Mark::Comma | Mark::Tab);
        let padded = mark == Mark::Space && separator.next - after >= 2;
        let group = mark == Mark::None && matches!(self.bytes.get(after), Some(b'[' | b'(' | b'{'));
        if self.time.is_some() {
            let closed = symbol || matches!(mark, Mark::Space | Mark::Comma | Mark::End) || group;
            return match word.spelling {
                Spelling::Upper => {
                    closed && (self.bare == 0 || symbol || padded || self.names_stand())
                }
                Spelling::Rare => closed && (self.bare == 0 || symbol || padded),
                Spelling::Lower => {
                    let closed = matches!(mark, Mark::Dash | Mark::Pipe | Mark::Comma | Mark::Tab);
                    (column && (closed || mark == Mark::End))
                        || (self.bare == 0 && (closed || mark == Mark::Colon || padded))
                }
                Spelling::Title => {
                    (column || self.bare == 0) && matches!(mark, Mark::Dash | Mark::Pipe)
                }
                Spelling::Letter => {
                    (column || before == Mark::Colon) && mark == before
                        || self.follows_epoch(before) && mark == Mark::Space && {
                            let next = self.bytes.get(separator.next);
                            next.is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'[')
                        }
                }
            };
        }
        match word.spelling {
            Spelling::Upper if self.opens == 0 => {
                symbol || mark == Mark::Space || group || self.time_follows(separator)
            }
            Spelling::Upper => self.bare == 0 && (symbol || mark == Mark::Space),
            Spelling::Rare => self.bare == 0 && symbol,
            Spelling::Lower | Spelling::Title => {
                matches!(before, Mark::Dash | Mark::Pipe) && matches!(mark, Mark::Dash | Mark::Pipe)
            }
            Spelling::Letter => self.opens == 0 && self.time_follows(separator),
        }
    }

    /// Whether only a number of seconds stands before: a machine wrote that, and a letter behind it is no
    /// word of a sentence. (`F 12.30` behind it is a share and its price.)
    fn follows_epoch(&self, before: Mark) -> bool {
        let epoch = self.time.as_ref().is_some_and(|(time, _)| time.order == stamp::Order::Epoch);
        epoch && self.opens == 0 && self.bare == 0 && before == Mark::Space
    }

    fn time_follows(&self, separator: Separator) -> bool {
        let rest = &self.bytes[separator.next..];
        stamp::scan(rest.strip_prefix(b"[").unwrap_or(rest)).is_some()
    }

    /// The bare words before a level are names and not prose: each has a sign that words of a sentence
    /// lack, or there is only one and it is written small.
    fn names_stand(&self) -> bool {
        let words = &self.open[..self.opens];
        let signed = words.iter().all(|word| {
            word.bytes().any(|byte| byte.is_ascii_digit() || b"._-[(/#@<".contains(&byte))
                || (fields::is_thread(word))
        });
        signed || (words.len() == 1 && words[0].starts_with(|letter: char| letter.is_lowercase()))
    }

    /// Reads what may be a field before a time or a level.
    fn open_field(&mut self, at: usize, before: Mark) -> Step {
        if self.level.is_some() || self.opens == FIELDS {
            return Step::Stop;
        }
        // Between dashes or bars a field may hold blanks (`Thread-1 (run)`).
        let column = match before {
            Mark::Dash if self.time.is_some() => self.column_end(at, b'-'),
            Mark::Pipe if self.time.is_some() => self.column_end(at, b'|'),
            _ => None,
        };
        if let Some(end) = column {
            let field = self.text[at..end].trim_ascii_end();
            self.open_with(field);
            return Step::Field(at + field.len());
        }
        let len = fields::word_len(self.bytes, at);
        if len == 0 || len > fields::FIELD {
            return Step::Stop;
        }
        let after = at + len;
        let word = &self.text[at..after];
        let separator = fields::separator(self.bytes, after);
        match separator.mark {
            Mark::Space => {
                if self.bare == 3 {
                    return Step::Stop;
                }
                if self.bare > 0
                    && before == Mark::Space
                    && let Some(shape) = self.bare_shape
                {
                    self.trial = shape;
                    self.open[self.opens] = word;
                    self.opens += 1;
                } else {
                    self.open_with(word);
                    self.bare_shape = Some(self.trial);
                }
                self.bare += 1;
            }
            Mark::Colon if self.time.is_none() && fields::is_class(word) => return Step::Stop,
            Mark::Dash | Mark::Pipe | Mark::Colon | Mark::Tab => self.open_with(word),
            Mark::Comma if self.time.is_some() => self.open_with(word),
            _ => return Step::Stop,
        }
        Step::Field(after)
    }

    /// Where the column that begins at `at` ends: before the next `mark`, if that is near.
    fn column_end(&self, at: usize, mark: u8) -> Option<usize> {
        let window = &self.bytes[at..self.bytes.len().min(at + fields::COLUMN)];
        memchr::memchr_iter(mark, window)
            // A dash inside a name (`feed-okx`) has no blanks round it.
            .find(|len| {
                mark == b'|'
                    || (window[..*len].ends_with(b" ") && window[len + 1..].starts_with(b" "))
            })
            .filter(|len| *len > 0)
            .map(|len| at + len)
    }

    fn open_with(&mut self, field: &'t str) {
        self.trial.add(u32::from(b'w'));
        self.open[self.opens] = field;
        self.opens += 1;
    }

    /// Takes the open fields for good.
    fn commit(&mut self) {
        for index in 0..self.opens {
            self.name(self.open[index]);
        }
        self.opens = 0;
        self.bare = 0;
        self.bare_shape = None;
    }

    /// Says what a field of the header is.
    fn name(&mut self, field: &'t str) {
        let field = field.trim_end_matches(':');
        if let Some(pid) = fields::pid(field) {
            self.pid = Some(pid);
        } else if fields::is_thread(field) {
            self.thread = Some(field);
        } else if fields::is_place(field) || fields::is_file(field) {
            self.place = true;
        } else if let Some((name, pid)) = numbered(field) {
            self.logger = Some(name);
            self.pid = Some(pid);
        } else if field.bytes().any(|byte| byte.is_ascii_alphabetic()) {
            self.logger = Some(field);
        }
    }
}

/// `name[37]` as name and number.
fn numbered(field: &str) -> Option<(&str, u32)> {
    let (name, number) = field.strip_suffix(']')?.split_once('[')?;
    Some((name, fields::pid(number)?))
}
