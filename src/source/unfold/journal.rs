//! What `journalctl` prints with `-o verbose`, `-o json`, `-o json-sse` and `-o json-seq`.
//! Source: systemd's src/shared/logs-show.c, `output_verbose` and `output_json`.

use super::Part;

/// Spaces before a field of `-o verbose`.
const MARGIN: &[u8] = b"    ";

/// `Mon 2026-10-12 07:00:00.123456 UTC [s=…;i=…;b=…;m=…;t=…;x=…]`
pub(super) fn is_head(line: &[u8]) -> bool {
    time_of(line).is_some()
}

/// The time of such a line, as it is written.
fn time_of(line: &[u8]) -> Option<&[u8]> {
    let text = line.trim_ascii_end();
    let cursor = memchr::memmem::find(text, b" [s=")?;
    let time = &text[..cursor];
    let is_day = matches!(
        time.get(..4)?,
        b"Mon " | b"Tue " | b"Wed " | b"Thu " | b"Fri " | b"Sat " | b"Sun "
    );
    (is_day && time.get(4)?.is_ascii_digit() && text.ends_with(b"]")).then_some(time)
}

/// `    _PID=41`
pub(super) fn is_field(line: &[u8]) -> bool {
    field(line).is_some()
}

fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = line.strip_prefix(MARGIN)?.trim_ascii_end();
    let equals = memchr::memchr(b'=', text)?;
    let name = &text[..equals];
    let is_name = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
    (!name.is_empty() && name.iter().all(is_name)).then(|| (name, &text[equals + 1..]))
}

/// What a line of `-o verbose` is to the entries.
pub(super) fn part_of_verbose(line: &[u8], open: bool) -> Part {
    if is_head(line) {
        Part::First
    } else if open && line.starts_with(MARGIN) {
        Part::More
    } else {
        Part::Other
    }
}

/// The line that an entry becomes: that of `-o with-unit`.
pub(super) fn line_of_verbose(entry: &[u8]) -> Option<Vec<u8>> {
    let mut lines = entry.split(|&byte| byte == b'\n');
    let time = time_of(lines.next()?)?;
    let (mut host, mut unit, mut identifier, mut pid): (_, &[u8], &[u8], &[u8]) =
        (&b"localhost"[..], b"", b"", b"");
    let mut message: Vec<&[u8]> = Vec::new();
    let mut in_message = false;
    for line in lines {
        match field(line) {
            Some((name, value)) => {
                in_message = name == b"MESSAGE";
                match name {
                    b"MESSAGE" => message = vec![value],
                    b"_HOSTNAME" => host = value,
                    b"CONTAINER_NAME" => unit = value,
                    b"_SYSTEMD_UNIT" if unit.is_empty() => unit = value,
                    b"SYSLOG_IDENTIFIER" => identifier = value,
                    b"_PID" => pid = value,
                    b"_TRANSPORT" if value == b"kernel" => (unit, pid) = (b"kernel", b""),
                    _ => {}
                }
            }
            // What follows the first line of a message stands below it.
            None if in_message => {
                let margin = line.iter().take(MARGIN.len() + b"MESSAGE=".len());
                let margin = margin.take_while(|byte| **byte == b' ').count();
                message.push(&line[margin..]);
            }
            None => {}
        }
    }
    // What is behind the last newline is no line.
    while message.last().is_some_and(|line| line.is_empty()) {
        message.pop();
    }
    let program = if unit.is_empty() { identifier } else { unit };
    let program = if program.is_empty() { b"unknown" } else { program };
    let mut out = [time, b" ", host, b" ", program].concat();
    if !pid.is_empty() {
        out.extend([b"[", pid, b"]"].concat());
    }
    out.extend_from_slice(b": ");
    out.extend(message.join(&b'\n'));
    Some(out)
}

/// `data: {…}` of `-o json-sse`.
pub(super) fn is_event(line: &[u8]) -> bool {
    line.starts_with(b"data: {") && line.trim_ascii_end().ends_with(b"}")
}

/// What a line of `-o json-sse` is to the entries: a blank one is behind each.
pub(super) fn part_of_events(line: &[u8], open: bool) -> Part {
    if is_event(line) {
        Part::First
    } else if open && line.trim_ascii().is_empty() {
        Part::Last
    } else {
        Part::Other
    }
}

/// The line that such an entry becomes.
pub(super) fn line_of_event(entry: &[u8]) -> Option<Vec<u8>> {
    Some(entry.strip_prefix(b"data: ")?.trim_ascii().to_vec())
}

/// `-o json-seq`, RFC 7464: each entry begins with a record separator.
pub(super) fn is_of_sequence(line: &[u8]) -> bool {
    line.starts_with(b"\x1e{") && line.trim_ascii_end().ends_with(b"}")
}

/// Whether a line is an entry of `-o json`.
pub(super) fn is_entry(line: &[u8]) -> bool {
    let has = |field: &[u8]| memchr::memmem::find(line, field).is_some();
    has(b"\"__REALTIME_TIMESTAMP\"") && has(b"\"MESSAGE\"")
}

/// Whether the message of an entry is a list of numbers: systemd writes its bytes so where it is not clean text, as a
/// line in colours.
pub(super) fn has_numbers(line: &[u8]) -> bool {
    numbers(line).is_some()
}

/// Where the list of the message's bytes begins and ends.
fn numbers(line: &[u8]) -> Option<(usize, usize)> {
    let key = memchr::memmem::find(line, b"\"MESSAGE\"")?;
    let mut start = key + b"\"MESSAGE\"".len();
    while matches!(line.get(start), Some(b' ' | b':')) {
        start += 1;
    }
    let list = line.get(start..)?;
    let end = memchr::memchr(b']', list)?;
    let is_number = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b',' | b' ');
    (list[0] == b'[' && list[1..end].iter().all(is_number)).then_some((start, start + end + 1))
}

/// The line with such a message as text.
pub(super) fn with_text(line: Vec<u8>) -> Vec<u8> {
    let Some((start, end)) = numbers(&line) else { return line };
    let Ok(bytes) = serde_json::from_slice::<Vec<u8>>(&line[start..end]) else { return line };
    let Ok(text) = serde_json::to_vec(&String::from_utf8_lossy(&bytes)) else { return line };
    [&line[..start], &text, &line[end..]].concat()
}
