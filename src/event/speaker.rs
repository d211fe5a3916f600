//! Who wrote a line, as far as what stands before it tells: the service of a log that several share, and
//! the process. Only prefixes are read, never the logger's header, so that every line of such a log can
//! be asked.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::stamp::{self, Time};
use super::wrapper::{self, Wrapper};
use super::{Format, clean};

/// How much of a line is looked at: more than prefixes take.
const PREFIX: usize = 512;

/// Most wrappers before a name.
const DEPTH: usize = 4;

/// Of how many lines one is missing at most where all lines of a log have the same prefix: builds and
/// supervisors speak in between.
const MISSING: usize = 4;

/// Fewest lines that show a layout.
const LEAST: usize = 4;

/// The wrappers of a log's lines, outermost first, the last of which names the writer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout(Vec<Format>);

/// Who wrote a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Speaker {
    /// The service; `None` for a supervisor, the system, or a line without a prefix.
    pub(super) service: Option<String>,
    /// Tells writers apart whose lines may stand between each other's: those of one service differ by
    /// process. 0 for a line without a prefix.
    pub(super) strand: u64,
}

impl Speaker {
    /// The writer of lines that do not say who wrote them.
    pub(super) const UNKNOWN: Speaker = Speaker { service: None, strand: 0 };
}

/// The text of a line's start, without what a terminal put there; the whole line where it is JSON.
fn head(line: &[u8]) -> Cow<'_, str> {
    let json = line.first() == Some(&b'{');
    clean::line_text(if json { line } else { &line[..line.len().min(PREFIX)] })
}

/// Whether the wrapper says who wrote the line.
fn names(wrapper: &Wrapper<'_>) -> bool {
    wrapper.stream.is_some() || wrapper.pid.is_some()
}

impl Layout {
    /// The layout that most of these lines have in common; the longest, where it goes on inside. `None`
    /// where too many have none: a table's row looks like a prefix, too.
    pub fn of<'l>(lines: impl Iterator<Item = &'l [u8]>) -> Option<Layout> {
        let mut counts: Vec<(Layout, usize)> = Vec::new();
        let mut total = 0;
        for line in lines.filter(|line| !line.trim_ascii().is_empty()) {
            total += 1;
            for layout in Layout::all_of(line) {
                match counts.iter_mut().find(|(known, _)| *known == layout) {
                    Some((_, count)) => *count += 1,
                    None => counts.push((layout, 1)),
                }
            }
        }
        let enough = |count: usize| count >= LEAST && (total - count) * MISSING <= total;
        counts
            .into_iter()
            .filter(|(_, count)| enough(*count))
            .map(|(layout, _)| layout)
            .max_by_key(|layout| layout.0.len())
    }

    /// Whether this line has any layout: a quick word for lines of which the log's is not known.
    pub fn is_likely(line: &[u8]) -> bool {
        !Layout::all_of(line).is_empty()
    }

    /// That of the journal.
    pub(super) fn of_journal() -> Layout {
        Layout(vec![Format::Journald])
    }

    /// Whether this is the log of a whole machine, in which every program speaks.
    pub(super) fn is_machines(&self) -> bool {
        matches!(self.0.last(), Some(Format::Journald | Format::Syslog))
    }

    fn all_of(line: &[u8]) -> Vec<Layout> {
        let mut layouts = Vec::new();
        let mut chain = Vec::new();
        let mut text = head(line);
        for _ in 0..DEPTH {
            let lead = stamp::scan(text.as_bytes());
            let Some(wrapper) = wrapper::peel(&text, lead.as_ref()) else { break };
            chain.push(wrapper.format);
            if names(&wrapper) {
                layouts.push(Layout(chain.clone()));
            }
            text = Cow::Owned(wrapper.rest.into_owned());
        }
        layouts
    }

    /// Whether a line without a prefix may go on with the one before it: journalctl prints the further
    /// lines of a message below the first, indented.
    fn continues(&self, line: &[u8]) -> bool {
        self.is_machines() && line.first().is_none_or(u8::is_ascii_whitespace)
    }

    /// Who wrote `line`; `None` where it goes on with the one before.
    fn speaker(&self, line: &[u8]) -> Option<Speaker> {
        let mut text = head(line);
        let mut found = None;
        for format in &self.0 {
            let lead = stamp::scan(text.as_bytes());
            let wrapper = wrapper::peel(&text, lead.as_ref());
            let Some(wrapper) = wrapper.filter(|wrapper| wrapper.format == *format) else { break };
            if names(&wrapper) {
                found = Some(speaker(&wrapper));
            }
            text = Cow::Owned(wrapper.rest.into_owned());
        }
        match found {
            None if self.continues(line) => None,
            None => Some(Speaker::UNKNOWN),
            Some(found) => Some(found),
        }
    }
}

fn speaker(wrapper: &Wrapper<'_>) -> Speaker {
    let service = wrapper.stream.as_deref().filter(|name| !is_overseer(wrapper.format, name));
    let mut hasher = DefaultHasher::new();
    (wrapper.stream.as_deref(), wrapper.instance, wrapper.pid).hash(&mut hasher);
    Speaker { service: service.map(str::to_owned), strand: hasher.finish() | 1 }
}

/// Who speaks of the services and is none: what starts, stops and restarts them, and the system.
pub(super) fn is_overseer(format: Format, name: &str) -> bool {
    match format {
        Format::Foreman => name == "system",
        Format::Pm2 => name == "PM2",
        Format::Journald | Format::Syslog => {
            const SYSTEM: [&str; 26] = [
                "kernel",
                "systemd",
                "init",
                "dockerd",
                "containerd",
                "docker",
                "podman",
                "conmon",
                "sudo",
                "su",
                "CRON",
                "cron",
                "crond",
                "sshd",
                "rsyslogd",
                "auditd",
                "audit",
                "dbus-daemon",
                "NetworkManager",
                "dhclient",
                "polkitd",
                "snapd",
                "logrotate",
                "supervisord",
                "init.scope",
                "heroku",
            ];
            SYSTEM.contains(&name) || name.starts_with("systemd-")
        }
        _ => false,
    }
}

/// Prefixes that are remembered: of so many writers in turn each is known again.
const KNOWN: usize = 8;

/// Asks line after line, and remembers what those before had: mostly it is one of them.
#[derive(Debug)]
pub(super) struct Ear<'l> {
    layout: &'l Layout,
    known: Vec<Known>,
    /// Which one is given up next.
    oldest: usize,
    /// Who wrote the last line.
    last: usize,
}

/// A prefix that was taken apart.
#[derive(Debug)]
struct Known {
    /// The time before it, where there is one, and how it was written.
    time: Option<(Time, Vec<u8>)>,
    /// Its bytes behind the time.
    prefix: Vec<u8>,
    speaker: Speaker,
}

impl<'l> Ear<'l> {
    /// For lines of this layout.
    pub(super) fn new(layout: &'l Layout) -> Ear<'l> {
        Ear { layout, known: Vec::new(), oldest: 0, last: 0 }
    }

    /// Who wrote `line`; `None` where it goes on with the line before.
    pub(super) fn hear(&mut self, line: &[u8]) -> Option<&Speaker> {
        let again = self.known.get(self.last).is_some_and(|known| known.is_before(line));
        if !again {
            self.last = match self.known.iter().position(|known| known.is_before(line)) {
                Some(at) => at,
                None => {
                    let speaker = self.layout.speaker(line)?;
                    self.remember(self.layout.learn(line, speaker))
                }
            };
        }
        self.known.get(self.last).map(|known| &known.speaker)
    }

    fn remember(&mut self, known: Known) -> usize {
        if self.known.len() < KNOWN {
            self.known.push(known);
            return self.known.len() - 1;
        }
        let at = self.oldest;
        self.known[at] = known;
        self.oldest = (at + 1) % KNOWN;
        at
    }
}

impl Known {
    /// Whether `line` is beyond doubt of the same writer, because it begins alike.
    fn is_before(&self, line: &[u8]) -> bool {
        if self.prefix.is_empty() {
            return false;
        }
        let Some((time, written)) = &self.time else { return line.starts_with(&self.prefix) };
        line.get(time.len..).is_some_and(|tail| tail.starts_with(&self.prefix))
            && (only_minutes_differ(written, line)
                || stamp::scan(line).is_some_and(|found| same_layout(&found, time, line)))
    }
}

impl Layout {
    /// What must stand before another line for it to be of the same writer beyond doubt. Nothing, where
    /// that cannot be told from the bytes alone.
    fn learn(&self, line: &[u8], speaker: Speaker) -> Known {
        let nothing = |speaker| Known { time: None, prefix: Vec::new(), speaker };
        let head = &line[..line.len().min(PREFIX)];
        let plain = memchr::memchr2(0x1b, b'\r', head.strip_suffix(b"\r\n").unwrap_or(head));
        if self.0.len() != 1 || speaker.strand == 0 || plain.is_some() {
            return nothing(speaker);
        }
        let Ok(text) = std::str::from_utf8(head) else { return nothing(speaker) };
        let time = stamp::scan(head);
        let trimmed = text.trim_end_matches(['\n', '\r', '\0']);
        let Some(wrapper) = wrapper::peel(trimmed, time.as_ref()) else { return nothing(speaker) };
        let Cow::Borrowed(rest) = wrapper.rest else { return nothing(speaker) };
        let Some(mut end) = trimmed.len().checked_sub(rest.len()) else { return nothing(speaker) };
        if !trimmed.ends_with(rest) {
            return nothing(speaker);
        }
        if wrapper.format == Format::Pm2 && time.is_none() {
            // A time may follow the name.
            end = memchr::memchr_iter(b'|', head).nth(1).map_or(0, |bar| bar + 1).min(end);
        }
        let from = time.as_ref().map_or(0, |time| time.len);
        let prefix = head.get(from..end).unwrap_or(&[]).to_vec();
        // The text must be what was asked, from its first byte.
        let written = head.get(..from).unwrap_or(&[]).to_vec();
        Known { time: time.map(|time| (time, written)), prefix, speaker }
    }
}

/// Whether `line` begins with a time that differs from `written`, which is one, at most in its minutes,
/// seconds and their fraction, so that it is read alike: a quick word for most lines.
fn only_minutes_differ(written: &[u8], line: &[u8]) -> bool {
    let digit = |at: usize| written.get(at).is_some_and(u8::is_ascii_digit);
    // HH:MM:SS
    let Some(colon) = memchr::memchr(b':', written) else { return false };
    let has_hour = colon >= 2 && digit(colon - 1) && digit(colon - 2);
    let is_longer = colon >= 3 && digit(colon - 3);
    let seconds = colon + 4;
    if !has_hour
        || is_longer
        || written.get(seconds - 1) != Some(&b':')
        || line.len() < written.len()
    {
        return false;
    }
    let behind = seconds + 2;
    let fraction = match written.get(behind) {
        Some(b'.' | b',') => {
            written[behind + 1..].iter().take_while(|b| b.is_ascii_digit()).count()
        }
        _ => 0,
    };
    written.iter().zip(line).enumerate().all(|(at, (known, found))| {
        let is_tens = at == colon + 1 || at == seconds;
        let is_free =
            (colon + 1..behind).contains(&at) || (behind + 1..behind + 1 + fraction).contains(&at);
        known == found
            || is_free
                && known.is_ascii_digit()
                && found.is_ascii_digit()
                && (!is_tens || *found < b'6')
    })
}

/// Whether two times are written in one way, so that what follows them is read alike.
fn same_layout(found: &Time, known: &Time, line: &[u8]) -> bool {
    found.len == known.len
        && found.layout == known.layout
        && found.order == known.order
        && found.digits == known.digits
        && found.offset == known.offset
        && found.has_year == known.has_year
        && !line.starts_with(&[0])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ear_of(layout: &Layout, lines: &[&str]) -> usize {
        let mut ear = Ear::new(layout);
        for line in lines {
            assert_eq!(
                ear.hear(line.as_bytes()).cloned(),
                layout.speaker(line.as_bytes()),
                "{line}"
            );
        }
        ear.known.len()
    }

    #[test]
    fn a_prefix_is_taken_apart_once() {
        for lines in [
            [
                "bot-1  | 2026-01-01 00:00:00,405 - INFO - a\n",
                "bot-1  | b\n",
                "feed   | c\n",
                "bot-1  | d\n",
            ],
            [
                "Jan 01 00:00:00 vps bot[812]: a\n",
                "Jan 01 00:59:31 vps bot[812]: b\n",
                "Jan 01 01:00:02 vps feed[813]: c\n",
                "Jan 02 01:00:02 vps bot[812]: d\n",
            ],
        ] {
            let layout = Layout::of(lines.iter().map(|line| line.as_bytes())).unwrap();
            assert_eq!(ear_of(&layout, &lines), 2, "{}", lines[0]);
        }
    }

    proptest! {
        #[test]
        fn times_that_differ_in_minutes_are_read_alike(
            written in r"(2026-05-0[1-9][ T]|May  ?[1-9] |0[1-9]/May/2026:|0[1-9]/0[1-9]/2026 )?[0-2][0-9]:[0-5][0-9](:[0-5][0-9])?([.,][0-9]{1,9})?(Z|[+-]0[0-9]:?00| [AP]M)?",
            changes in prop::collection::vec((0usize..40, prop::char::range('0', '9')), 0..4),
            behind in "[ -~]{1,12}",
        ) {
            if let Some(time) = stamp::scan(written.as_bytes()).filter(|time| time.len == written.len()) {
                let mut other: Vec<u8> = written.clone().into_bytes();
                for (at, digit) in changes {
                    if let Some(byte) = other.get_mut(at) {
                        *byte = digit as u8;
                    }
                }
                // What follows must be the same, as a prefix is.
                let line = |time: &[u8]| [time, behind.as_bytes()].concat();
                let again = stamp::scan(&line(written.as_bytes()));
                if again.is_some_and(|again| again.len == time.len)
                    && only_minutes_differ(written.as_bytes(), &line(&other))
                {
                    let found = stamp::scan(&line(&other)).unwrap();
                    prop_assert!(same_layout(&found, &time, &other), "{} {}", written, String::from_utf8_lossy(&other));
                }
            }
        }
    }
}
