//! Fields in brackets: levels, times, several of them together, and names.

use super::{FIELDS, Level, Step, Walk};
use crate::event::fields::{self, Mark};
use crate::event::format::Format;
use crate::event::severity::{self, Spelling};
use crate::event::stamp;

impl<'t> Walk<'t> {
    /// Reads a bracketed group at `at`.
    pub(super) fn group(&mut self, at: usize, before: Mark) -> Step {
        let open = self.bytes[at];
        let Some((start, end)) = group_at(self.bytes, at) else { return Step::Stop };
        let inside = &self.text[start..end];
        let content = inside.trim_ascii();
        let lead = start + (inside.len() - inside.trim_ascii_start().len());
        self.trial.add(u32::from(open));
        if self.group_level(content, open, inside.len() > content.len(), before)
            || self.group_time(content, lead, before)
        {
            return Step::Solid(end + 1);
        }
        let timed = self.time.is_some();
        let field = if timed || self.level.is_some() {
            !content.is_empty() && !content.contains(['\'', '"'])
        } else {
            before == Mark::Start || before == Mark::None || before == Mark::Space
        };
        let named = timed
            || fields::is_name(content)
            || fields::is_file(content)
            || fields::pid(content).is_some();
        if !field
            || !named
            || content.len() > fields::COLUMN
            || self.opens == FIELDS
            || (self.bare > 0 && !timed)
        {
            return Step::Stop;
        }
        self.open_with(content);
        Step::Field(end + 1)
    }

    /// A group that begins with the level: `ERROR`, `error    `, `INFO | T`, `E T module:12`,
    /// `ERROR/MainProcess`, `module#info`.
    fn group_level(&mut self, content: &'t str, open: u8, padded: bool, before: Mark) -> bool {
        if self.level.is_some() {
            return false;
        }
        let bytes = content.as_bytes();
        let Some(word) = severity::word_at(bytes) else {
            let Some((name, level)) = content.rsplit_once('#') else { return false };
            let Some(word) = severity::word_at(level.as_bytes()) else { return false };
            if self.time.is_none() || word.len != level.len() || word.spelling == Spelling::Letter {
                return false;
            }
            self.take_level(Level { word, bracketed: true, padded: false, slash: false }, before);
            self.logger = Some(name);
            return true;
        };
        let level =
            Level { word, bracketed: true, padded, slash: bytes.get(word.len) == Some(&b'/') };
        if word.len == bytes.len() {
            let sure = match word.spelling {
                Spelling::Letter => self.time.is_some(),
                Spelling::Lower | Spelling::Title => open == b'[' || self.time.is_some(),
                Spelling::Upper | Spelling::Rare => true,
            };
            if sure {
                self.take_level(level, before);
            }
            return sure;
        }
        let separator = fields::separator(bytes, word.len);
        let rest = &content[separator.next..];
        if self.time.is_none()
            && let Some(time) = stamp::scan(rest.as_bytes())
        {
            if separator.mark == Mark::Pipe {
                self.hint = Some(Format::Jesse);
            }
            self.take_level(level, before);
            self.trial.add(separator.mark as u32);
            let from = rest.as_ptr() as usize - self.text.as_ptr() as usize;
            self.take_time(time, from);
            self.bracketed_time = true;
            let tail = fields::separator(rest.as_bytes(), time.len).next;
            self.rest_of_group(&rest[tail..]);
            return true;
        }
        let upper = word.spelling == Spelling::Upper;
        if upper && (level.slash || matches!(separator.mark, Mark::Pipe | Mark::Colon)) {
            self.take_level(level, before);
            self.rest_of_group(rest.trim_start_matches('/'));
            return true;
        }
        false
    }

    /// A group that begins with the time: `T`, `T: ERROR/ForkPoolWorker-1`, `T - Exchange`.
    fn group_time(&mut self, content: &'t str, lead: usize, before: Mark) -> bool {
        if self.time.is_some() {
            return false;
        }
        let bytes = content.as_bytes();
        let Some(time) = stamp::scan(bytes).or_else(|| stamp::epoch(bytes)) else { return false };
        let separator = fields::separator(bytes, time.len);
        if separator.mark == Mark::None {
            return false;
        }
        self.wants_level |= self.bare > 0;
        self.take_time(time, lead);
        self.bracketed_time = true;
        if separator.mark == Mark::End {
            return true;
        }
        self.trial.add(separator.mark as u32);
        let rest = &content[separator.next..];
        match severity::word_at(rest.as_bytes()) {
            Some(word) if self.level.is_none() && word.spelling != Spelling::Letter => {
                let slash = rest.as_bytes().get(word.len) == Some(&b'/');
                if slash {
                    self.hint = Some(Format::Celery);
                }
                self.take_level(Level { word, bracketed: true, padded: false, slash }, before);
                let tail = fields::separator(rest.as_bytes(), word.len).next;
                self.rest_of_group(rest[tail..].trim_start_matches('/'));
            }
            _ => self.rest_of_group(rest),
        }
        true
    }

    /// Names behind time and level in their group.
    fn rest_of_group(&mut self, rest: &'t str) {
        for field in rest.split([' ', '|', ',']).take(4).filter(|field| !field.is_empty()) {
            self.name(field);
        }
    }
}

/// Start and end of what the bracket at `at` encloses, if it closes soon.
pub(super) fn group_at(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let close = match bytes[at] {
        b'[' => b']',
        b'(' => b')',
        _ => b'}',
    };
    let start = at + 1;
    let window = &bytes[start..bytes.len().min(start + 96)];
    memchr::memchr(close, window).map(|len| (start, start + len))
}
