use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::source::{MapChoice, Place, Source};

/// What a reader gave, put together again.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    text: Vec<u8>,
    /// Place of every line, in order.
    places: Vec<Place>,
    totals: Totals,
    incomplete: Option<String>,
}

fn opening(map: MapChoice) -> Opening {
    Opening { map, ..Opening::new(SystemTime::UNIX_EPOCH) }
}

/// Reads to the end, keeping `keep(n)` of the `n` bytes of each chunk, and checks what holds for every
/// chunk on the way.
fn drain(mut reader: Reader, keep: impl FnMut(usize) -> usize) -> Seen {
    let seen = drain_by(&mut reader, keep);
    assert!(reader.advance(9, Some(9)).unwrap().is_none(), "the end stays the end");
    seen
}

fn drain_by(reader: &mut Reader, mut keep: impl FnMut(usize) -> usize) -> Seen {
    let (mut text, mut places) = (Vec::new(), Vec::new());
    let mut before: Vec<u8> = Vec::new();
    let (mut kept, mut count, mut ended) = (0, None, false);
    while let Some(chunk) = reader.advance(kept, count).unwrap() {
        assert!(!ended, "nothing follows the last chunk");
        assert_eq!(&chunk.bytes[..kept], &before[before.len() - kept..], "kept bytes come again");
        assert_eq!(chunk.segments[0].at, 0);
        assert!(chunk.segments.is_sorted_by_key(|segment| segment.at));
        let mut at = 0;
        while at < chunk.bytes.len() {
            let place = chunk.place(at, None);
            if at >= kept {
                places.push(place);
            } else if at == 0 || chunk.bytes[at - 1] == b'\n' {
                assert!(places.contains(&place), "a kept line stays where it was");
            }
            at = chunk.line(at).end;
        }
        text.extend_from_slice(&chunk.bytes[kept..]);
        let fresh = chunk.bytes[kept..].iter().filter(|&&byte| byte == b'\n').count() as u64;
        count = (chunk.bytes.len() % 2 == 0).then_some(fresh);
        ended = chunk.last;
        before = chunk.bytes.to_vec();
        // Whole lines are kept.
        let mut start = before.len() - keep(before.len()).min(before.len());
        while start > 0 && start < before.len() && before[start - 1] != b'\n' {
            start += 1;
        }
        kept = before.len() - start;
    }
    assert!(ended, "the last chunk says so");
    Seen { text, places, totals: reader.totals(), incomplete: reader.incomplete() }
}

/// The same by the plainest means: `files` one after the other, lines cut at `limit`.
fn model(files: &[&[u8]], limit: usize) -> Seen {
    let (mut text, mut places, mut totals) = (Vec::new(), Vec::new(), Totals::default());
    for (file, bytes) in files.iter().enumerate() {
        if text.last().is_some_and(|&byte| byte != b'\n') {
            text.push(b'\n');
        }
        let mut byte = 0;
        for (line, raw) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
            places.push(Place { file, byte, line: line as u64 + 1 });
            let body = raw.strip_suffix(b"\n").unwrap_or(raw);
            text.extend_from_slice(&body[..body.len().min(limit)]);
            text.extend_from_slice(&raw[body.len()..]);
            byte += raw.len() as u64;
            totals.lines += 1;
            if body.len() > limit {
                totals.cut_lines += 1;
                totals.cut_bytes += (body.len() - limit) as u64;
            }
        }
        totals.bytes += byte;
    }
    Seen { text, places, totals, incomplete: None }
}

fn write(dir: &TempDir, name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn set(paths: &[std::path::PathBuf]) -> Source {
    let files = paths.iter().map(|path| SourceFile::at(path.clone(), None)).collect();
    Source { name: "set".to_owned(), files }
}

/// Lines of all lengths, some with CRLF, NULs and bytes that are no UTF-8.
fn log(lines: usize) -> Vec<u8> {
    let mut text = Vec::new();
    for n in 0..lines {
        let filler = "x".repeat(n * 37 % 211);
        writeln!(text, "2026-08-11 10:00:00,{:03} - bot - INFO - {filler}", n % 1000).unwrap();
        if n % 13 == 0 {
            text.extend_from_slice(b"\xff\xfe\0\0 caf\xe9\r\n\n");
        }
    }
    text
}

fn packed(codec: &str, text: &[u8]) -> Vec<u8> {
    match codec {
        "gzip" => {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            out.write_all(text).unwrap();
            out.finish().unwrap()
        }
        "zstd" => zstd::encode_all(text, 1).unwrap(),
        "xz" => liblzma::encode_all(text, 1).unwrap(),
        _ => {
            let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            out.write_all(text).unwrap();
            out.finish().unwrap()
        }
    }
}

#[test]
fn every_way_of_reading_gives_the_same() {
    let dir = TempDir::new().unwrap();
    let text = log(3_000);
    let path = write(&dir, "bot.log", &text);
    let expected = model(&[&text], limits_line());
    for block in [1, 7, 64 << 10, 4 << 20] {
        let opening = Opening { block, ..opening(MapChoice::Never) };
        assert_eq!(drain(Source::file(&path).open(&opening), |n| n / 3), expected, "read {block}");
        let stream = std::io::Cursor::new(text.clone());
        assert_eq!(drain(Reader::over(stream, opening), |_| 500), expected, "stream {block}");
    }
    for window in [1, 4_096, 10_000, 64 << 20] {
        let opening = Opening { window, ..opening(MapChoice::Always) };
        assert_eq!(drain(Source::file(&path).open(&opening), |_| 700), expected, "map {window}");
    }
    for codec in ["gzip", "zstd", "xz", "bzip2"] {
        let path = write(&dir, codec, &packed(codec, &text));
        for map in [MapChoice::Always, MapChoice::Never] {
            let seen = drain(Source::file(&path).open(&opening(map)), |n| n);
            assert_eq!(seen, expected, "{codec}");
        }
    }
}

fn limits_line() -> usize {
    crate::safe::limits::LINE_BYTES
}

#[test]
fn a_finished_file_is_mapped_and_a_live_one_read() {
    let dir = TempDir::new().unwrap();
    let path = write(&dir, "bot.log", &log(10));
    let written = std::fs::metadata(&path).unwrap().modified().unwrap();
    for (age, mapped) in [(0, false), (59, false), (60, cfg!(unix)), (3_600, cfg!(unix))] {
        let mut reader =
            Source::file(&path).open(&Opening::new(written + Duration::from_secs(age)));
        reader.advance(0, None).unwrap();
        assert_eq!(reader.window.is_some(), mapped, "{age} s");
    }
    let mut reader = Source::file(&path).open(&Opening::new(written - Duration::from_secs(3_600)));
    reader.advance(0, None).unwrap();
    assert!(reader.window.is_none(), "a file from the future may be live");
}

#[test]
fn an_empty_source_is_one_empty_last_chunk() {
    let dir = TempDir::new().unwrap();
    let path = write(&dir, "bot.log", b"");
    for map in [MapChoice::Always, MapChoice::Never] {
        let mut reader = Source::file(&path).open(&opening(map));
        let chunk = reader.advance(0, None).unwrap().unwrap();
        assert!(chunk.bytes.is_empty() && chunk.last);
        assert_eq!(chunk.segments, [Segment { at: 0, file: 0, offset: 0, line: 1 }]);
        assert!(reader.advance(0, Some(0)).unwrap().is_none());
        assert_eq!((reader.totals(), reader.incomplete()), (Totals::default(), None));
    }
    let mut none =
        Source { name: String::new(), files: Vec::new() }.open(&opening(MapChoice::Auto));
    assert!(none.advance(0, None).unwrap().unwrap().last);
}

#[test]
fn a_rotated_set_is_one_text() {
    let dir = TempDir::new().unwrap();
    let files: [&[u8]; 5] =
        [b"Traceback (most recent call last):\n", b"  File \"a\"", b"", b"\n", b"ValueError\nend"];
    let paths: Vec<_> =
        files.iter().enumerate().map(|(n, text)| write(&dir, &n.to_string(), text)).collect();
    let expected = model(&files, 100);
    assert_eq!(
        expected.text,
        b"Traceback (most recent call last):\n  File \"a\"\n\nValueError\nend"
    );
    for map in [MapChoice::Always, MapChoice::Never] {
        for block in [1, 5, 1_000] {
            let opening = Opening { block, window: block, ..opening(map) };
            for keep in [0, 1, 40, 1_000] {
                let seen = drain(set(&paths).open(&opening), |_| keep);
                assert_eq!(seen, expected, "{map:?} {block} {keep}");
            }
        }
    }
}

#[test]
fn mapping_and_reading_take_turns() {
    let dir = TempDir::new().unwrap();
    let files: [&[u8]; 3] = [b"a", b"aa\naaaa\n\naaaaaaaaa\na", b"\nbb\nb\nbbbb\nbbbbbbbb\n\nbb"];
    let paths: Vec<_> =
        files.iter().enumerate().map(|(n, text)| write(&dir, &n.to_string(), text)).collect();
    for line in [3, 100] {
        let expected = model(&files, line);
        for (block, keep) in (1..25).flat_map(|block| (0..16).map(move |keep| (block, keep))) {
            let opening = Opening { block, window: 6, line, ..opening(MapChoice::Always) };
            let seen = drain(set(&paths).open(&opening), |_| keep);
            assert_eq!(seen, expected, "{line} {block} {keep}");
        }
    }
}

#[test]
fn a_giant_line_keeps_its_head() {
    let dir = TempDir::new().unwrap();
    let mut text = b"before\n".to_vec();
    text.extend(std::iter::repeat_n(b'g', 5 << 20));
    text.extend_from_slice(b"\nafter\n");
    let path = write(&dir, "bot.log", &text);
    let expected = model(&[&text], 1_000);
    assert_eq!(expected.totals.cut_lines, 1);
    for map in [MapChoice::Always, MapChoice::Never] {
        let opening = Opening { line: 1_000, block: 64 << 10, window: 64 << 10, ..opening(map) };
        let mut reader = Source::file(&path).open(&opening);
        assert_eq!(drain_by(&mut reader, |_| 3_000), expected);
        assert!(reader.buffer.memory() < 256 << 10, "the line is not held");
    }
    // Without a newline at its end, and with one file more behind it.
    let open = write(&dir, "open", &text[..text.len() - 7]);
    let expected = model(&[&text[..text.len() - 7], b"next"], 1_000);
    for map in [MapChoice::Always, MapChoice::Never] {
        let opening = Opening { line: 1_000, block: 100, ..opening(map) };
        let next = write(&dir, "next", b"next");
        assert_eq!(drain(set(&[open.clone(), next]).open(&opening), |n| n / 2), expected);
    }
}

#[test]
fn a_byte_order_mark_is_stepped_over() {
    let dir = TempDir::new().unwrap();
    let path = write(&dir, "bot.log", b"\xef\xbb\xbfone\ntwo\n");
    for map in [MapChoice::Always, MapChoice::Never] {
        let seen = drain(Source::file(&path).open(&opening(map)), |n| n);
        assert_eq!(seen.text, b"one\ntwo\n");
        assert_eq!(seen.places[0], Place { file: 0, byte: 3, line: 1 });
        assert_eq!(seen.places[1], Place { file: 0, byte: 7, line: 2 });
        assert_eq!(seen.totals.bytes, 11);
    }
}

#[test]
fn what_cannot_be_opened_is_said() {
    let dir = TempDir::new().unwrap();
    let missing = dir.path().join("missing.log");
    let mut reader = Source::file(&missing).open(&opening(MapChoice::Auto));
    let error = reader.advance(0, None).unwrap_err();
    assert_eq!(error.file, missing.to_string_lossy());
    assert!(reader.advance(0, None).unwrap().is_none());

    let zip = write(&dir, "bot.zip", b"PK\x03\x04....");
    for (path, what) in [(dir.path(), "a folder"), (&zip, "unpack it first")] {
        let mut reader = Source::file(path).open(&opening(MapChoice::Auto));
        let error = reader.advance(0, None).unwrap_err();
        assert!(error.to_string().ends_with(what), "{error}");
    }

    // One file of a set: the others are read.
    let there = write(&dir, "bot.log", b"here\n");
    let seen = drain(set(&[missing, there]).open(&opening(MapChoice::Auto)), |_| 0);
    assert_eq!(seen.text, b"here\n");
    assert_eq!(seen.places[0].file, 1);
    assert!(seen.incomplete.unwrap().contains("missing.log: "));
}

/// Shortens the file behind a reader's back after its first chunk.
fn shortened(path: &Path, opening: &Opening, len: u64) -> Seen {
    let mut reader = Source::file(path).open(opening);
    let first = reader.advance(0, None).unwrap().unwrap().bytes.len();
    File::options().write(true).open(path).unwrap().set_len(len).unwrap();
    let (mut text, mut keep) = (Vec::new(), first / 2);
    while let Some(chunk) = reader.advance(keep, None).unwrap() {
        // Touches every byte of what was kept, too.
        text.extend_from_slice(chunk.bytes);
        keep = 0;
    }
    Seen { text, places: Vec::new(), totals: reader.totals(), incomplete: reader.incomplete() }
}

#[test]
fn a_file_truncated_while_it_is_read_is_reported() {
    let dir = TempDir::new().unwrap();
    let text = "0123456789abcde\n".repeat(64 << 10);
    for map in [MapChoice::Always, MapChoice::Never] {
        for len in [0, 1_000, 40_000, 600_000] {
            let path = write(&dir, "bot.log", text.as_bytes());
            let opening = Opening { block: 64 << 10, window: 64 << 10, ..opening(map) };
            let seen = shortened(&path, &opening, len);
            assert_eq!(seen.incomplete.as_deref(), Some("truncated while it was read"));
            assert!(seen.totals.bytes <= len.max(128 << 10), "{len}: {}", seen.totals.bytes);
            if len == 600_000 {
                let rest = &text.as_bytes()[32 << 10..600_000];
                assert_eq!(seen.text, rest, "what is left is read");
            }
        }
    }
}

#[test]
#[cfg(unix)]
fn a_file_replaced_or_deleted_while_it_is_read_is_reported() {
    let dir = TempDir::new().unwrap();
    for map in [MapChoice::Always, MapChoice::Never] {
        let opening = Opening { block: 100, window: 100, ..opening(map) };
        let path = write(&dir, "bot.log", &log(10));
        let mut reader = Source::file(&path).open(&opening);
        reader.advance(0, None).unwrap();
        std::fs::remove_file(&path).unwrap();
        drain_rest(&mut reader);
        assert_eq!(reader.incomplete().as_deref(), Some("deleted while it was read"));

        let path = write(&dir, "bot.log", &log(10));
        let mut reader = Source::file(&path).open(&opening);
        reader.advance(0, None).unwrap();
        std::fs::rename(&path, dir.path().join("bot.log.1")).unwrap();
        write(&dir, "bot.log", b"new\n");
        drain_rest(&mut reader);
        assert_eq!(reader.incomplete().as_deref(), Some("replaced while it was read"));
    }
}

#[cfg(unix)]
fn drain_rest(reader: &mut Reader) {
    while reader.advance(0, None).unwrap().is_some() {}
}

#[test]
#[cfg(unix)]
fn a_fifo_is_read_when_it_is_named() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let text = log(2_000);
    let writer = std::thread::spawn({
        let (path, text) = (path.clone(), text.clone());
        move || File::options().write(true).open(path).unwrap().write_all(&text).unwrap()
    });
    let seen = drain(Source::file(&path).open(&opening(MapChoice::Auto)), |_| 100);
    writer.join().unwrap();
    assert_eq!(seen, model(&[&text], limits_line()));
}

/// A stream that gives a few bytes at a time and is interrupted now and then.
struct Halting(std::io::Cursor<Vec<u8>>, usize);

impl Read for Halting {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.1 += 1;
        if self.1.is_multiple_of(3) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let n = buf.len().min(self.1 % 50);
        self.0.read(&mut buf[..n.max(1)])
    }
}

#[test]
fn interrupted_reads_are_tried_again() {
    let text = log(300);
    for packing in ["", "gzip", "zstd", "xz", "bzip2"] {
        let bytes = if packing.is_empty() { text.clone() } else { packed(packing, &text) };
        let stream = Halting(std::io::Cursor::new(bytes), 0);
        let seen = drain(Reader::over(stream, opening(MapChoice::Auto)), |_| 0);
        assert_eq!(seen, model(&[&text], limits_line()), "{packing}");
    }
}

#[test]
fn a_read_error_ends_the_source_with_a_word() {
    struct Failing(bool);
    impl Read for Failing {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            if self.0 {
                return Err(io::Error::other("the disk is on fire"));
            }
            self.0 = true;
            buf[..5].copy_from_slice(b"text\n");
            Ok(5)
        }
    }
    let seen = drain(Reader::over(Failing(false), opening(MapChoice::Auto)), |_| 0);
    assert_eq!(seen.text, b"text\n");
    assert_eq!(seen.incomplete.as_deref(), Some("the disk is on fire"));
}

proptest! {
    #[test]
    fn any_blocks_and_any_keeping_give_the_same(
        files in prop::collection::vec("[ab\n]{0,60}", 1..5),
        block in 1usize..80,
        limit in 1usize..30,
        keeps in prop::collection::vec(0usize..90, 1..20),
        mapped: bool,
    ) {
        let dir = TempDir::new().unwrap();
        let paths: Vec<_> = files
            .iter()
            .enumerate()
            .map(|(n, text)| write(&dir, &n.to_string(), text.as_bytes()))
            .collect();
        let map = if mapped { MapChoice::Always } else { MapChoice::Never };
        let opening = Opening { block, window: block, line: limit, ..opening(map) };
        let mut keeps = keeps.iter().cycle();
        let seen = drain(set(&paths).open(&opening), |_| *keeps.next().unwrap());
        let texts: Vec<&[u8]> = files.iter().map(|text| text.as_bytes()).collect();
        prop_assert_eq!(seen, model(&texts, limit));
    }
}
