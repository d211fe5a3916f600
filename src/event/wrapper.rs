//! What containers, supervisors and collectors put before a line that is not theirs.

use std::borrow::Cow;

use super::fields;
use super::stamp::{self, Order, Time};
use super::{Format, Severity, Stamp, severity};
use crate::source::FIELD_END;

mod copied;
mod machine;
mod timed;

/// A wrapper that was taken off, and what it held.
#[derive(Debug)]
pub(super) struct Wrapper<'t> {
    pub(super) format: Format,
    /// What it held.
    pub(super) rest: Cow<'t, str>,
    pub(super) stamp: Option<Stamp>,
    pub(super) stream: Option<Cow<'t, str>>,
    pub(super) pid: Option<u32>,
    /// Number of the instance, where one service runs several times under one name.
    pub(super) instance: Option<u32>,
    pub(super) severity: Option<Severity>,
    /// The kernel wrote it, a record a line.
    pub(super) kernel: bool,
    /// The line goes on in the next one.
    pub(super) partial: bool,
    /// Its layout, for the record's shape.
    pub(super) shape: u32,
}

impl<'t> Wrapper<'t> {
    fn new(format: Format, rest: impl Into<Cow<'t, str>>) -> Self {
        Wrapper {
            format,
            rest: rest.into(),
            stamp: None,
            stream: None,
            pid: None,
            instance: None,
            severity: None,
            kernel: false,
            partial: false,
            shape: format as u32,
        }
    }

    fn from(self, stream: &'t str) -> Self {
        Wrapper { stream: Some(Cow::Borrowed(stream)), ..self }
    }

    fn at(self, stamp: Option<Stamp>) -> Self {
        Wrapper { stamp, ..self }
    }
}

/// Takes the outermost wrapper off `text`; `None` where there is none. `lead` is the time at its start.
pub(super) fn peel<'t>(text: &'t str, lead: Option<&Time>) -> Option<Wrapper<'t>> {
    let bytes = text.as_bytes();
    if let Some(time) = lead {
        return timed::peel(text, time);
    }
    match bytes.first()? {
        b'{' => machine::json(text),
        b'<' => priority(text),
        b'[' => kernel(text).or_else(|| pod(text)),
        b'#' => annotation(text),
        b'@' => tai64n(text),
        b'0'..=b'9' => {
            pm2(text).or_else(|| numbered(text)).or_else(|| uptime(text)).or_else(|| tabbed(text))
        }
        b' ' => copied::indented(text),
        b'\t' => None,
        b'>' => copied::quoted(text),
        b'`' => copied::marked(text, "`"),
        b'*' => copied::marked(text, "**"),
        b'|' => copied::barred(text),
        b'M' if text.starts_with("MESSAGE=") => Some(Wrapper::new(Format::Journald, &text[8..])),
        b's' if text.starts_with("section_") => section(text).or_else(|| piped(text)),
        b'P' if text.starts_with("PM2 ") => pm2_own(text),
        _ => piped(text).or_else(|| tabbed(text)).or_else(|| copied::stern(text)),
    }
}

/// A time that was put before a line, and the line.
pub(super) fn stamped<'t>(text: &'t str, time: &Time) -> Wrapper<'t> {
    let tail = &text[time.len..];
    let rest = tail
        .strip_prefix(": ")
        .or_else(|| tail.strip_prefix(" | "))
        .or_else(|| tail.strip_prefix([' ', '\t']))
        .unwrap_or(tail);
    Wrapper::new(Format::Ts, rest).at(Some(Stamp::new(time, &text[..time.len])))
}

/// Whether a line goes on in the next one: `line` ends in the midst of one, or `next` is the rest of one.
/// Sources: Kubernetes' CRI logging format (`P`), Docker's copier, which cuts at 16 KiB, and GitLab's
/// runner (`+`: the line continues the one before).
pub(super) fn goes_on(line: &[u8], next: &[u8]) -> bool {
    match (line.first(), next.first()) {
        (Some(b'{'), Some(b'{')) => {
            line.len() > machine::CUT
                && line.starts_with(b"{\"log\":\"")
                && memchr::memmem::find(line, b"\\n\",\"stream\"").is_none()
        }
        (Some(b'0'..=b'9'), Some(b'0'..=b'9')) => timed::is_cut(line) || timed::is_rest(next),
        _ => false,
    }
}

/// docker compose's `bot-1  | `, and `bot stdout | ` of supervisor-stdout.
fn piped(text: &str) -> Option<Wrapper<'_>> {
    let bytes = text.as_bytes();
    let (name, next) = service(bytes)?;
    let name = &text[..name];
    match bytes.get(next) {
        Some(b'|') => {
            let rest = text[next + 1..].strip_prefix(' ').unwrap_or(&text[next + 1..]);
            Some(Wrapper::new(Format::DockerCompose, rest).from(name))
        }
        Some(b's') => {
            let tail = &text[next..];
            let rest = tail.strip_prefix("stdout | ").or_else(|| tail.strip_prefix("stderr | "))?;
            Some(Wrapper::new(Format::Supervisord, rest).from(name))
        }
        _ => None,
    }
}

/// The name of a service at the start of `bytes`: its length, and where things go on behind the blanks
/// after it. Capitals stand for symbols and levels (`BTC | `, `ERROR | `), not for services, unless a
/// container's number follows, or a name in small letters that begins with one has the two blanks that compose writes
/// and a log's line or a traceback's stands behind the bar.
fn service(bytes: &[u8]) -> Option<(usize, usize)> {
    let len = bytes
        .iter()
        .take(fields::FIELD)
        .take_while(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b':')
        })
        .count();
    let blanks = bytes[len..].iter().take(fields::FIELD).take_while(|byte| **byte == b' ').count();
    if len == 0 || blanks == 0 || !matches!(bytes.get(len + blanks), Some(b'|' | b's')) {
        return None;
    }
    let name = &bytes[..len];
    let number = name.last().is_some_and(u8::is_ascii_digit)
        && name.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let small = !name.iter().any(u8::is_ascii_uppercase);
    let level = severity::word_at(name).is_some_and(|word| word.len == len);
    let named = || blanks >= 2 && !small && is_name(name) && holds_log(&bytes[len + blanks..]);
    ((small || number || named()) && !level).then_some((len, len + blanks))
}

/// Whether a container's own name begins with a capital (`container_name: Freqtrade`).
fn is_name(name: &[u8]) -> bool {
    name[0].is_ascii_uppercase() && name[1..].iter().any(u8::is_ascii_lowercase)
}

/// Whether behind the bar no table goes on: its cells have bars of their own and are padded to them.
fn holds_log(tail: &[u8]) -> bool {
    let Some(text) = tail.strip_prefix(b"| ") else { return tail == b"|" };
    let is_cell = text.trim_ascii_end().ends_with(b"|");
    text.is_empty()
        || !is_cell
            && !text.iter().take(fields::FIELD).all(|b| b.is_ascii_digit() || b" .,%$-".contains(b))
}

/// pm2's `0|bot  | `, with a time behind it where it was asked for.
fn pm2(text: &str) -> Option<Wrapper<'_>> {
    let digits = text.bytes().take(5).take_while(u8::is_ascii_digit).count();
    let tail = text[digits..].strip_prefix('|')?;
    let bar = tail.bytes().take(fields::FIELD).position(|byte| byte == b'|')?;
    let name = tail[..bar].trim_ascii();
    // Data between bars (`3|41|I|…`) has no blank before the second one.
    if !fields::is_name(name) || !tail[..bar].ends_with(' ') {
        return None;
    }
    let rest = &tail[bar + 1..];
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let wrapper =
        Wrapper { instance: text[..digits].parse().ok(), ..Wrapper::new(Format::Pm2, rest) };
    Some(pm2_time(wrapper.from(name), rest))
}

/// pm2's word about itself: `PM2      | App [bot:0] exited with code [1]`.
fn pm2_own(text: &str) -> Option<Wrapper<'_>> {
    let rest = text[4..].trim_start_matches(' ').strip_prefix('|')?;
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    Some(Wrapper::new(Format::Pm2, rest).from("PM2"))
}

/// Takes pm2's `2026-10-06T14:03:44: ` off, which it puts before every line.
fn pm2_time<'t>(wrapper: Wrapper<'t>, rest: &'t str) -> Wrapper<'t> {
    let Some(time) = stamp::scan(rest.as_bytes()).filter(|time| time.order == Order::Year) else {
        return wrapper;
    };
    match rest[time.len..].strip_prefix(": ") {
        Some(inner) => {
            let stamp = Stamp::new(&time, &rest[..time.len]);
            Wrapper { rest: Cow::Borrowed(inner), ..wrapper }.at(Some(stamp))
        }
        None => wrapper,
    }
}

/// The kernel's `[ 4759.869485] `; `dmesg -T` is told by its own time.
fn kernel(text: &str) -> Option<Wrapper<'_>> {
    let bytes = text.as_bytes();
    let end = memchr::memchr(b']', &bytes[..bytes.len().min(48)])?;
    let inside = text[..end].strip_prefix('[')?.trim_ascii();
    let rest = &text[end + 1..];
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let wrapper = Wrapper { kernel: true, ..Wrapper::new(Format::Kernel, rest) };
    // `journalctl -o short-delta` has the time since the line before as well.
    if is_uptime(inside.split_once(" <").map_or(inside, |(since_start, _)| since_start)) {
        // `journalctl -o short-monotonic`: a host and a program's number follow.
        let unit = timed::unit(rest, false).filter(|unit| unit.pid.is_some() || unit.kernel);
        return Some(unit.unwrap_or(wrapper));
    }
    let time = stamp::scan(inside.as_bytes())?;
    let ctime = time.order == Order::MonthName && time.has_year && time.len == inside.len();
    if !ctime || inside.starts_with(|letter: char| letter.is_ascii_digit()) {
        return None;
    }
    // `dmesg -T` pads the day with a blank and writes no fraction; Apache has its level behind the time.
    let padded = inside.as_bytes().get(8) != Some(&b'0');
    (time.digits == 0 && padded && !rest.starts_with('['))
        .then(|| wrapper.at(Some(Stamp::new(&time, inside))))
}

/// `kubectl logs --prefix`: `[pod/bot-0/bot] `.
fn pod(text: &str) -> Option<Wrapper<'_>> {
    let (name, rest) = text.strip_prefix("[pod/")?.split_once(']')?;
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    (!name.contains(' ')).then(|| Wrapper::new(Format::Kubectl, rest).from(name))
}

/// GitHub's `##[error]`, which the runner writes before its own words.
fn annotation(text: &str) -> Option<Wrapper<'_>> {
    let (word, rest) = text.strip_prefix("##[")?.split_once(']')?;
    let severity = Severity::of_word(word)?;
    Some(Wrapper { severity: Some(severity), ..Wrapper::new(Format::GithubActions, rest) })
}

/// Seconds since the machine started, with six digits behind the point.
fn is_uptime(text: &str) -> bool {
    text.split_once('.').is_some_and(|(seconds, micros)| {
        !seconds.is_empty()
            && seconds.len() <= 9
            && micros.len() == 6
            && seconds.bytes().chain(micros.bytes()).all(|byte| byte.is_ascii_digit())
    })
}

/// `journalctl -o short-unix`: `1791561950.390123 host bot[41]: `.
fn uptime(text: &str) -> Option<Wrapper<'_>> {
    let time = stamp::epoch(text.as_bytes()).filter(|time| time.digits == 6)?;
    let rest = text[time.len..].strip_prefix(' ')?;
    let stamp = Stamp::new(&time, &text[..time.len]);
    timed::unit(rest, false).map(|wrapper| wrapper.at(Some(stamp)))
}

/// A line of an exported table whose time is a number.
fn numbered(text: &str) -> Option<Wrapper<'_>> {
    let end = text.bytes().take(32).position(|byte| byte == FIELD_END)?;
    let time = stamp::epoch(&text.as_bytes()[..end]).filter(|time| time.len == end)?;
    let stamp = Stamp::new(&time, &text[..end]);
    Some(Wrapper::new(Format::Csv, &text[end + 1..]).at(Some(stamp)))
}

/// syslog's `<34>`, with RFC 5424's, RFC 3164's or no header behind it.
fn priority(text: &str) -> Option<Wrapper<'_>> {
    let (number, rest) = text[1..].split_once('>')?;
    let wide = number.is_empty() || number.len() > 3;
    if wide || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let priority: u32 = number.parse().ok()?;
    if priority > 191 {
        return None;
    }
    let severity = Severity::of_syslog(priority % 8);
    let rest = rest.trim_end_matches('\0');
    let wrapper = if let Some(tail) = rest.strip_prefix("1 ") {
        modern(tail)?
    } else if let Some(time) = stamp::scan(rest.as_bytes()) {
        let stamp = Stamp::new(&time, &rest[..time.len]);
        let tail = rest[time.len..].trim_start_matches(' ');
        let inner = timed::unit(tail, true).unwrap_or_else(|| Wrapper::new(Format::Syslog, tail));
        inner.at(Some(stamp))
    } else {
        // `dmesg -r`, and Python's `SysLogHandler`, which writes neither time nor host.
        kernel(rest).unwrap_or_else(|| {
            timed::tag(rest, true).unwrap_or_else(|| Wrapper::new(Format::Syslog, rest))
        })
    };
    let format = if wrapper.kernel { wrapper.format } else { Format::Syslog };
    let rest = octal(wrapper.rest);
    Some(Wrapper { format, severity, rest, shape: Format::Syslog as u32, ..wrapper })
}

/// RFC 5424 behind `<PRI>1 `: `TIMESTAMP HOST APP PROCID MSGID [DATA] MSG`, each `-` where it is missing.
fn modern(tail: &str) -> Option<Wrapper<'_>> {
    let mut parts = tail.splitn(6, ' ');
    let when = parts.next()?;
    let _host = parts.next()?;
    let program = parts.next()?;
    let process = parts.next()?;
    let _message_id = parts.next()?;
    let mut rest = parts.next().unwrap_or("");
    if let Some(none) = rest.strip_prefix('-') {
        rest = none;
    } else {
        while rest.starts_with('[') {
            rest = &rest[element_end(rest)?..];
        }
    }
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let rest = rest.strip_prefix('\u{feff}').unwrap_or(rest);
    let time = stamp::scan(when.as_bytes()).filter(|time| time.len == when.len());
    let mut wrapper = Wrapper::new(Format::Syslog, rest);
    wrapper.stamp = time.map(|time| Stamp::new(&time, when));
    wrapper.pid = fields::pid(process);
    wrapper.stream = (program != "-").then_some(Cow::Borrowed(program));
    wrapper.kernel = program == "kernel";
    Some(wrapper)
}

/// Where a structured-data element ends; its values may hold `\]`.
fn element_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b']' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn octal(rest: Cow<'_, str>) -> Cow<'_, str> {
    match rest {
        Cow::Borrowed(text) => super::clean::without_octal_escapes(text),
        Cow::Owned(text) => Cow::Owned(super::clean::without_octal_escapes(&text).into_owned()),
    }
}

/// multilog's, s6-log's and svlogd's `@4000…`.
fn tai64n(text: &str) -> Option<Wrapper<'_>> {
    let (seconds, nanos, len) = stamp::tai64n(text.as_bytes())?;
    let rest = &text[len..];
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    Some(Wrapper::new(Format::Tai64n, rest).at(Stamp::from_epoch(seconds, nanos, &text[..len])))
}

/// GitLab's `section_start:1792012390:name`, of which only what follows is text.
fn section(text: &str) -> Option<Wrapper<'_>> {
    let tail = text.strip_prefix("section_start:").or_else(|| text.strip_prefix("section_end:"))?;
    let (when, name) = tail.split_once(':')?;
    let seconds: i64 = when.parse().ok()?;
    let end = name.bytes().position(|byte| byte.is_ascii_whitespace()).unwrap_or(name.len());
    let stamp = Stamp::from_epoch(seconds, 0, when);
    Some(Wrapper::new(Format::GitlabCi, &name[end..]).at(stamp))
}

/// `gh run view --log`: `job<tab>step<tab>T line`.
fn tabbed(text: &str) -> Option<Wrapper<'_>> {
    let bytes = text.as_bytes();
    let window = &bytes[..bytes.len().min(256)];
    let first = memchr::memchr(b'\t', window)?;
    let second = first + 1 + memchr::memchr(b'\t', &window[first + 1..])?;
    let tail = &text[second + 1..];
    let tail = tail.strip_prefix('\u{feff}').unwrap_or(tail);
    let time = stamp::scan(tail.as_bytes())?;
    let wrapper = timed::peel(tail, &time)?;
    (wrapper.format == Format::GithubActions).then(|| wrapper.from(&text[..first]))
}
