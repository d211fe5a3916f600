//! Wrappers that begin with a time.

use super::{Wrapper, copied};
use crate::event::fields;
use crate::event::json;
use crate::event::stamp::{self, Order, Time};
use crate::event::{Format, Stamp, severity};
use crate::source::FIELD_END;

/// Takes a wrapper that begins with `time` off `text`.
///
/// A time alone may be the logger's own. It is a wrapper's where the layout says so (the digits that Go
/// and .NET write, a stream's name, a host and program, a service), or where a second time follows.
pub(super) fn peel<'t>(text: &'t str, time: &Time) -> Option<Wrapper<'t>> {
    let tail = &text[time.len..];
    let bytes = tail.as_bytes();
    let stamp = || Some(Stamp::new(time, &text[..time.len]));
    if bytes.first() == Some(&FIELD_END) {
        return Some(Wrapper::new(Format::Csv, &tail[1..]).at(stamp()));
    }
    match time.order {
        Order::None => {
            let rest = tail.strip_prefix(' ')?;
            if let Some(wrapper) = super::piped(rest) {
                if wrapper.format == Format::DockerCompose {
                    return Some(Wrapper { format: Format::Foreman, ..wrapper }.at(stamp()));
                }
                return None;
            }
        }
        Order::MonthName => {
            let rest = tail.strip_prefix(' ')?;
            if let Some(wrapper) = unit(rest, false) {
                return Some(wrapper.at(stamp()));
            }
        }
        Order::Year => {
            if let [b' ', b'[', ..] = bytes
                && let Some((pid, rest)) = circus(tail)
            {
                let wrapper = Wrapper { pid, ..Wrapper::new(Format::Circus, rest) };
                return Some(wrapper.at(stamp()));
            }
            if let Some(wrapper) = zoned(text, tail, time) {
                return Some(wrapper.at(stamp()));
            }
        }
        _ => {}
    }
    second_time(tail).map(|rest| Wrapper::new(Format::Ts, rest).at(stamp()))
}

/// Wrappers whose time is ISO 8601 with a zone, or svlogd's with `_`.
fn zoned<'t>(text: &'t str, tail: &'t str, time: &Time) -> Option<Wrapper<'t>> {
    let bytes = text.as_bytes();
    let rest = tail.strip_prefix(' ')?;
    if bytes.get(10) == Some(&b'_') {
        return Some(Wrapper::new(Format::Tai64n, rest));
    }
    time.offset?;
    if bytes.get(10) == Some(&b'T') {
        if let Some(wrapper) = cri(rest).or_else(|| gitlab(rest)) {
            return Some(wrapper);
        }
        let zulu = bytes[time.len - 1] == b'Z';
        // Go writes nanoseconds and leaves out the zeros at the end; .NET writes seven digits.
        // nautilus_trader, which is Rust, has nine too, and its level behind them.
        let nautilus = rest.starts_with('[') && own_level(rest);
        match time.digits {
            7 if zulu => {
                return Some(Wrapper { shape: 7, ..Wrapper::new(Format::GithubActions, rest) });
            }
            8 | 9 if !nautilus => {
                return Some(Wrapper { shape: 7, ..Wrapper::new(Format::DockerTimes, rest) });
            }
            _ => {}
        }
    }
    unit(rest, false).or_else(|| heroku(rest)).or_else(|| copied::store(rest, time))
}

/// `[INFO] ` at the start of `rest`.
fn own_level(rest: &str) -> bool {
    severity::word_at(&rest.as_bytes()[1..])
        .is_some_and(|word| rest.as_bytes().get(1 + word.len) == Some(&b']'))
}

/// CRI's `stdout F line`.
fn cri(rest: &str) -> Option<Wrapper<'_>> {
    let tail = rest.strip_prefix("stdout ").or_else(|| rest.strip_prefix("stderr "))?;
    let (tags, line) = tail.split_once(' ').unwrap_or((tail, ""));
    let partial = match tags.as_bytes() {
        [b'F'] | [b'F', b':', ..] => false,
        [b'P'] | [b'P', b':', ..] => true,
        _ => return None,
    };
    Some(Wrapper { partial, ..Wrapper::new(Format::Cri, line) })
}

/// GitLab's `00O line`, `01E+rest of a line`.
fn gitlab(rest: &str) -> Option<Wrapper<'_>> {
    let [high, low, b'O' | b'E', b' ' | b'+', ..] = rest.as_bytes() else { return None };
    if !high.is_ascii_hexdigit() || !low.is_ascii_hexdigit() {
        return None;
    }
    Some(Wrapper::new(Format::GitlabCi, &rest[4..]))
}

/// How far into a line CRI's and GitLab's marks may stand: behind a time.
const MARKS: usize = 48;

/// Whether this is CRI's line of which the rest follows.
pub(super) fn is_cut(line: &[u8]) -> bool {
    let head = &line[..line.len().min(MARKS)];
    [&b" stdout P"[..], b" stderr P"].iter().any(|mark| {
        memchr::memmem::find(head, mark)
            .is_some_and(|at| matches!(line.get(at + mark.len()), Some(b' ' | b':' | b'\n') | None))
    })
}

/// Whether this is GitLab's rest of the line before.
pub(super) fn is_rest(line: &[u8]) -> bool {
    let head = &line[..line.len().min(MARKS)];
    memchr::memchr(b'+', head).is_some_and(|at| {
        matches!(
            head[..at],
            [.., b'Z', b' ', high, low, b'O' | b'E']
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit()
        )
    })
}

/// circus's `[41] | line`.
fn circus(tail: &str) -> Option<(Option<u32>, &str)> {
    let (number, rest) = tail.strip_prefix(" [")?.split_once("] | ")?;
    let pid = fields::pid(number)?;
    Some((Some(pid), rest))
}

/// Heroku's `app[worker.1]: line`.
fn heroku(rest: &str) -> Option<Wrapper<'_>> {
    let (name, line) = rest.split_once("]: ")?;
    let (source, process) = name.split_once('[')?;
    if !matches!(source, "app" | "heroku") || !fields::is_name(process) {
        return None;
    }
    Some(Wrapper::new(Format::Syslog, line).from(process))
}

/// syslog's and journald's `host program[41]: line`. `sure`: a priority stood before it.
pub(super) fn unit(rest: &str, sure: bool) -> Option<Wrapper<'_>> {
    let (host, tail) = rest.split_once(' ')?;
    let bytes = host.as_bytes();
    let word = !bytes.is_empty()
        && bytes.len() <= 64
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':'))
        && !matches!(bytes.last(), Some(b':' | b'-'));
    let level = severity::word_at(bytes).is_some_and(|word| word.len == bytes.len());
    if !word || level {
        return None;
    }
    let small = !bytes.iter().any(u8::is_ascii_uppercase);
    let machine = small
        && (host == "localhost"
            || bytes.iter().any(|byte| matches!(byte, b'.' | b'-' | b'0'..=b'9')));
    tag(tail, sure || machine)
}

/// `program[41]: line`. Without a number only where `sure`, or a program of the system is named: prose
/// has words and colons too.
pub(super) fn tag(tail: &str, sure: bool) -> Option<Wrapper<'_>> {
    let bytes = tail.as_bytes();
    let colon = memchr::memchr(b':', &bytes[..bytes.len().min(96)])?;
    let mut end = colon;
    // systemd's templates and supervisors put colons into names.
    while bytes.get(end + 1).is_some_and(|byte| *byte != b' ') {
        end += 1 + memchr::memchr(b':', &bytes[end + 1..bytes.len().min(96)])?;
    }
    let name = &tail[..end];
    if name.is_empty() || name.contains([' ', '\t', '"', '\'', '=']) {
        return None;
    }
    let (program, pid) = match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
        Some((program, number)) => (program, Some(fields::pid(number)?)),
        None => (name, None),
    };
    let program = program.strip_suffix("[]").unwrap_or(program);
    let system =
        matches!(program, "kernel" | "systemd" | "dockerd" | "containerd" | "sudo" | "CRON")
            || program.starts_with("systemd-");
    if program.is_empty() || (pid.is_none() && !system && (!sure || fields::is_class(program))) {
        return None;
    }
    let rest = tail.get(end + 1..)?;
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let kernel = program == "kernel";
    Some(Wrapper { pid, kernel, ..Wrapper::new(Format::Journald, rest).from(program) })
}

/// What follows a time, where that begins with a time of its own.
fn second_time(tail: &str) -> Option<&str> {
    let rest = tail
        .strip_prefix(": ")
        .or_else(|| tail.strip_prefix(" | "))
        .or_else(|| tail.strip_prefix(' '))?;
    let bytes = rest.as_bytes();
    if bytes.first() == Some(&b'{') && json::read(rest).is_some() {
        return Some(rest);
    }
    let bytes = bytes.strip_prefix(b"[").unwrap_or(bytes);
    let first = *bytes.first()?;
    if !first.is_ascii_digit() && !first.is_ascii_uppercase() {
        return None;
    }
    stamp::scan(bytes).map(|_| rest)
}
