//! The journal's export format: each entry is a block of fields, one of which is the message.
//! Source: <https://systemd.io/JOURNAL_EXPORT_FORMATS/>.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::speaker::{Speaker, is_overseer};
use super::{Format, Stamp, fields};
use crate::safe::limits;

/// Field that begins every entry's address, and the one that holds its time.
const CURSOR: &[u8] = b"__CURSOR=";
const TIME: &[u8] = b"__REALTIME_TIMESTAMP=";

/// How far before a message its entry's time may stand.
const TIME_BACK: usize = 8 << 10;

/// One entry.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) lines: u64,
    /// From the first byte of its message's line to behind its last.
    pub(super) message: Option<(usize, usize)>,
    pub(super) speaker: Speaker,
}

/// Whether these first lines are of an export.
pub(super) fn is_export<'l>(lines: impl Iterator<Item = &'l [u8]>) -> bool {
    let (mut cursor, mut time) = (false, false);
    for line in lines {
        cursor |= line.starts_with(CURSOR);
        time |= line.starts_with(TIME);
    }
    cursor && time
}

/// Whole entries of `bytes` from `from` on; one that is cut off only where nothing follows (`last`).
pub(super) fn entries(bytes: &[u8], from: usize, last: bool) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut at = from;
    while at < bytes.len() {
        let Some(entry) = entry(bytes, at, last) else { break };
        at = entry.end;
        entries.push(entry);
    }
    entries
}

/// The entry that begins at `start`; `None` where its end is not at hand.
fn entry(bytes: &[u8], start: usize, last: bool) -> Option<Entry> {
    let mut at = start;
    let mut message = None;
    let mut names: [Option<&[u8]>; 3] = [None; 3];
    let mut pid = None;
    let end = loop {
        if at >= bytes.len() {
            if last {
                break bytes.len();
            }
            return None;
        }
        let Some(newline) = memchr::memchr(b'\n', &bytes[at..]) else {
            if !last {
                return None;
            }
            break bytes.len();
        };
        let line = &bytes[at..at + newline];
        let next = at + newline + 1;
        if line.is_empty() || at - start > limits::STRAND_SPAN {
            break next;
        }
        let (name, value, behind) = match memchr::memchr(b'=', line) {
            Some(equals) => (&line[..equals], (at + equals + 1, at + newline), next),
            None => match binary(bytes, next) {
                Some(value) if value.1 < bytes.len() => (line, value, value.1 + 1),
                Some(_) if !last => return None,
                Some(value) => (line, (value.0, bytes.len()), bytes.len()),
                None => (line, (next, next), next),
            },
        };
        let text = &bytes[value.0.min(value.1)..value.1];
        match name {
            // What stands before the equals sign is taken off as a wrapper is.
            b"MESSAGE" if value.0 < next => message = Some((at, next)),
            b"MESSAGE" => message = Some((value.0, behind)),
            b"CONTAINER_NAME" => names[0] = Some(text),
            b"_SYSTEMD_UNIT" => names[1] = Some(text),
            b"SYSLOG_IDENTIFIER" => names[2] = Some(text),
            b"_PID" => pid = std::str::from_utf8(text).ok().and_then(fields::pid),
            _ => {}
        }
        at = behind;
    };
    let name = names.into_iter().flatten().next().map(String::from_utf8_lossy);
    let mut hasher = DefaultHasher::new();
    (name.as_deref(), pid).hash(&mut hasher);
    let service = name.filter(|name| !is_overseer(Format::Journald, name));
    let speaker =
        Speaker { service: service.map(|name| name.into_owned()), strand: hasher.finish() | 1 };
    let lines = memchr::memchr_iter(b'\n', &bytes[start..end]).count() as u64;
    Some(Entry { start, end, lines, message, speaker })
}

/// A value whose length is written before it, from `at` on; `None` where that cannot be.
fn binary(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let (length, _) = bytes.get(at..)?.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    (length <= limits::EVENT_BYTES).then_some((at + 8, at + 8 + length))
}

/// The time of the entry whose message stands at `at`.
pub(super) fn time_of(bytes: &[u8], at: usize) -> Option<Stamp> {
    let window = &bytes[at.saturating_sub(TIME_BACK)..at];
    let found = memchr::memmem::rfind(window, TIME)?;
    let behind = &window[found + TIME.len()..];
    if memchr::memmem::find(behind, b"\n\n").is_some() {
        return None;
    }
    let end = memchr::memchr(b'\n', behind)?;
    let text = std::str::from_utf8(&behind[..end]).ok()?;
    let micros: i64 = text.parse().ok()?;
    let nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1000).ok()?;
    Stamp::from_epoch(micros.div_euclid(1_000_000), nanos, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() -> Vec<u8> {
        let mut log = b"__CURSOR=s=1\n__REALTIME_TIMESTAMP=1791792000000000\n_PID=41\nMESSAGE=one\n\
            _SYSTEMD_UNIT=grid.service\n\n__CURSOR=s=2\n__REALTIME_TIMESTAMP=1791792001000000\nMESSAGE\n"
            .to_vec();
        // A length that holds a newline.
        let text = b"two\nlines, \xff";
        log.extend_from_slice(&(text.len() as u64).to_le_bytes());
        log.extend_from_slice(text);
        log.extend_from_slice(b"\nSYSLOG_IDENTIFIER=systemd\n\n");
        log
    }

    #[test]
    fn entries_are_taken_apart() {
        let log = log();
        assert!(is_export(log.split_inclusive(|&b| b == b'\n')));
        let found = entries(&log, 0, false);
        let texts: Vec<&[u8]> = found
            .iter()
            .map(|entry| entry.message.map(|(from, to)| &log[from..to]).unwrap())
            .collect();
        assert_eq!(texts, [&b"MESSAGE=one\n"[..], b"two\nlines, \xff\n"]);
        assert_eq!(found[0].speaker.service.as_deref(), Some("grid.service"));
        assert_eq!(found[1].speaker.service, None);
        assert_eq!(found[1].end, log.len());
        let time = time_of(&log, found[1].message.unwrap().0).unwrap();
        assert_eq!(time.iso().as_deref(), Some("2026-10-12T08:00:01Z"));
    }

    #[test]
    fn an_entry_without_its_end_waits_for_it() {
        let log = log();
        let first = entries(&log, 0, false)[0].end;
        for cut in first..log.len() {
            assert_eq!(entries(&log[..cut], 0, false).len(), 1, "{cut}");
            let all = entries(&log[..cut], 0, true);
            assert_eq!(all.last().unwrap().end, cut);
        }
    }
}
