//! What a bot says before the line that tells of its start: what it loads and sets up is of the run that
//! begins, not of the one before.

use super::{Item, Runs, finding_of};
use crate::diagnosis::evidence::Line;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::fingerprint;
use crate::diagnosis::tail::{self, Talk};
use crate::event::{Stamp, read_record};
use crate::model::Severity;
use crate::rules::MarkKind;

/// Most lines that a bot says before it tells of its start.
const LINES: usize = 20;

/// It says them within so many seconds.
const SECONDS: f64 = 5.0;

/// So many lines behind its first a run is on its way.
const ON_ITS_WAY: u64 = 50;

/// Most lines of others before the bot's first.
const PRELUDE: usize = 6;

/// What starts a bot at a prompt.
const COMMANDS: [&str; 14] = [
    "python",
    "./",
    "sudo ",
    "docker",
    "bash ",
    "sh ",
    "uv run ",
    "poetry run ",
    "pipenv run ",
    "nohup ",
    "uvicorn ",
    "gunicorn ",
    "celery ",
    "freqtrade ",
];

/// What a bot's own file ends in, where Windows starts it by its name.
const PROGRAMS: [&str; 3] = [".py", ".exe", ".bat"];

/// Most that is remembered of what a run sets up on its way.
const SET_UP: usize = 8;

/// Threads write out of order by less than this, in seconds.
const DISORDER: f64 = 1.0;

/// A pause before them, in seconds, behind which another process may have begun.
const PAUSE: f64 = 1.0;

/// What stands before a start, in the lines of the run that goes on.
pub(super) enum Opening {
    /// This many of the last items belong to the run that begins.
    Last(usize),
    /// All that there is of the run: it has only begun, and this is another word of that.
    All,
}

impl Runs<'_> {
    /// Where the run begins of whose start `start` tells.
    pub(super) fn opening(&self, start: &Finding) -> Opening {
        if self.count == 0 && self.is_whole() && self.is_prelude() {
            return Opening::All;
        }
        let Some(now) = start.stamp.as_ref() else { return Opening::Last(0) };
        let mut after = now.seconds();
        let (mut lines, mut longest) = (0, 0.0_f64);
        for item in self.tail.iter().rev().take(LINES) {
            let Some(seconds) = self.opens(item, start) else { break };
            if !(-DISORDER..=SECONDS).contains(&(now.seconds() - seconds)) {
                break;
            }
            longest = longest.max(after - seconds);
            after = seconds;
            lines += 1;
        }
        let before = self.tail.len() - lines;
        if before == 0 && self.is_whole() {
            return if lines == 0 { Opening::Last(0) } else { Opening::All };
        }
        let Some(last) = before.checked_sub(1).map(|at| &self.tail[at]) else {
            return Opening::Last(0);
        };
        let is_apart = last.stamp().is_some_and(|last| after - last.seconds() > longest.max(PAUSE));
        let is_end = match last {
            Item::Line { .. } => false,
            Item::Found { .. } => true,
            Item::Marked { marks, .. } => !self.is_start(marks),
        };
        if !is_apart && !is_end || !self.are_new(before) {
            return Opening::Last(0);
        }
        Opening::Last(lines)
    }

    /// Whether all that there is of the log was said by others than the bot, before it began: rules and blank lines,
    /// the command that started it, and what `journalctl` says first.
    fn is_prelude(&self) -> bool {
        self.tail.len() <= PRELUDE
            && self.tail.iter().all(|item| match item {
                Item::Line { bytes, .. } => std::str::from_utf8(bytes).is_ok_and(|line| {
                    !line.contains(char::is_alphanumeric) || is_command(line) || is_of_journal(line)
                }),
                Item::Found { .. } | Item::Marked { .. } => false,
            })
    }

    /// When a line was said, where it may be one of those before a start.
    fn opens(&self, item: &Item, start: &Finding) -> Option<f64> {
        match item {
            Item::Line { bytes, .. } => {
                let record = read_record(bytes);
                let is_error = record.severity.is_some_and(|severity| severity >= Severity::Error);
                let is_other = record.pid.zip(start.pid).is_some_and(|(one, other)| one != other);
                let may_open =
                    record.begins && !is_error && !is_other && tail::talk(&record) == Talk::Life;
                record.stamp.filter(|_| may_open).map(|stamp| stamp.seconds())
            }
            Item::Marked { marks, finding } => {
                // The same word again is another start.
                let starts = self.is_start(marks)
                    && fingerprint::normalised(&finding.message)
                        != fingerprint::normalised(&start.message);
                finding.stamp.as_ref().filter(|_| starts).map(Stamp::seconds)
            }
            Item::Found { .. } => None,
        }
    }

    fn is_start(&self, marks: &[usize]) -> bool {
        self.has_mark(marks, MarkKind::Start) || self.has_mark(marks, MarkKind::SetUp)
    }

    /// Whether the last items tell the whole run.
    fn is_whole(&self) -> bool {
        self.tail.front().is_some_and(|item| Some(item.place().line) == self.first_line)
    }

    /// Whether nothing that stands behind item `before` was said since the run began.
    fn are_new(&self, before: usize) -> bool {
        let said = |item: &Item| match item {
            Item::Line { bytes, .. } => {
                let record = read_record(bytes);
                fingerprint::normalised(record.message.lines().next().unwrap_or(""))
            }
            Item::Found { finding, .. } | Item::Marked { finding, .. } => {
                fingerprint::normalised(&finding.message)
            }
        };
        // What the run itself said before it told of its start is said again by the next.
        let starts =
            |item: &Item| matches!(item, Item::Marked { marks, .. } if self.is_start(marks));
        let from = if self.is_whole() {
            self.tail.iter().take(before).position(starts).unwrap_or(0)
        } else {
            0
        };
        let known: Vec<String> = self.tail.iter().take(before).skip(from).map(said).collect();
        // A rule of `====` is drawn again and again.
        let is_drawn = |said: &str| !said.contains(char::is_alphabetic);
        self.tail.iter().skip(before).map(said).all(|now| is_drawn(&now) || !known.contains(&now))
    }

    /// Whether an error or a goodbye stands last before what is set up here, and a pause between: then a program begins
    /// anew, unless it sets that up on its way as well.
    pub(super) fn begins_behind_error(&mut self, start: &Finding) -> bool {
        let said = fingerprint::normalised(&start.message);
        let is_known = self.set_up.contains(&said);
        let first = self.first_line.unwrap_or(start.place.line);
        let is_on_its_way = start.place.line.saturating_sub(first) >= ON_ITS_WAY;
        if is_known || !self.stands_behind_error(start) {
            if is_on_its_way && !is_known && self.set_up.len() < SET_UP {
                self.set_up.push(said);
            }
            return false;
        }
        true
    }

    fn stands_behind_error(&self, start: &Finding) -> bool {
        let Opening::Last(lines) = self.opening(start) else { return false };
        let opens = self.tail.len() - lines;
        let begins = match self.tail.get(opens) {
            Some(first) => first.stamp(),
            None => start.stamp.clone(),
        };
        let last = self.tail.iter().take(opens).rev().find(|item| match item {
            // What a record goes on with, and what is said while all is being closed.
            Item::Line { bytes, .. } => {
                let record = read_record(bytes);
                record.begins && tail::talk(&record) != Talk::Shutdown
            }
            _ => true,
        });
        let Some((begins, last)) = begins.zip(last) else { return false };
        let is_end = match last {
            Item::Found { mention, .. } => tail::is_ending(mention),
            Item::Line { bytes, .. } => tail::talk(&read_record(bytes)) == Talk::Error,
            Item::Marked { marks, .. } => {
                self.has_mark(marks, MarkKind::Goodbye) || self.has_mark(marks, MarkKind::Exit)
            }
        };
        is_end && last.stamp().is_some_and(|last| begins.seconds() - last.seconds() >= PAUSE)
    }

    /// Ends the run before its last `opening` items, which another begins with and `start` goes on with.
    pub(super) fn close_before(&mut self, opening: usize, start: &Finding) {
        let begins = self.tail.split_off(self.tail.len() - opening);
        let Some(first) = begins.front() else {
            self.close(Some(start), false);
            return;
        };
        if let Some(last) = self.tail.back() {
            let line = match last {
                Item::Line { place, .. } => place.line,
                Item::Found { finding, .. } | Item::Marked { finding, .. } => finding.last_line,
            };
            self.last_place = Some(crate::source::Place { line, ..last.place() });
            self.stale = false;
            let stamps = self.tail.iter().rev().take(super::STAMP_LINES);
            if let Some(stamp) = { stamps }.find_map(Item::stamp) {
                self.latest = Some(stamp);
            }
        }
        let mut next = finding_of(first);
        if let Item::Line { place, bytes } = first {
            let text = String::from_utf8_lossy(bytes).trim_end().to_owned();
            next.evidence = vec![Line { place: *place, text }];
        }
        self.close(Some(&next), false);
        for item in begins {
            match item {
                Item::Line { place, bytes } => self.lines(&bytes, place, |_| place.line),
                item => {
                    self.first_line.get_or_insert(item.place().line);
                    if self.started.is_none() {
                        self.started = item.stamp();
                    }
                    self.push(item);
                }
            }
        }
    }
}

/// Whether a line is what somebody typed at a shell's prompt: `ann@box:~/grid$ python3 main.py`,
/// `C:\grid>python main.py`.
fn is_command(line: &str) -> bool {
    line.match_indices(['$', '#', '%', '>']).any(|(at, _)| {
        let typed = line[at + 1..].trim_start();
        let is_program = || {
            let name = typed.split_whitespace().next().unwrap_or("");
            PROGRAMS.iter().any(|ending| name.ends_with(ending))
        };
        COMMANDS.iter().any(|command| typed.starts_with(command)) || is_program()
    })
}

/// What `journalctl` prints above the entries.
fn is_of_journal(line: &str) -> bool {
    ["-- Logs begin at ", "-- Journal begins at ", "-- Boot "]
        .iter()
        .any(|start| line.starts_with(start))
}
