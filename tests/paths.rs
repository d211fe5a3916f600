//! One answer for every path to a log's bytes: mapped, read in blocks of any size, unpacked, trickled in,
//! on any number of threads.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "paths/borders.rs"]
mod borders;
mod common;
#[path = "../benches/corpus.rs"]
mod corpus;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read, Write};

use std::time::{Duration, SystemTime};

use common::{Case, MATCHER, RULES, cases, opening, options, report_on};
use proptest::prelude::*;
use wd_diagnose::analyze::BatchOptions;
use wd_diagnose::analyze::batch::run_over;
use wd_diagnose::analyze::follow::{Leave, Said, Watch, WatchOptions};
use wd_diagnose::detect::Matcher;
use wd_diagnose::diagnosis::Diagnosis;
use wd_diagnose::model::Level;
use wd_diagnose::report::{Event, Report};
use wd_diagnose::source::follow::{Action, Appended, FileId, Notice, Past, SourceId};
use wd_diagnose::source::{Ends, MapChoice, Opening, Reader, Source, SourceFile};
use wd_diagnose::traceback::Roots;

/// Asks the same of every fixture that is one file. The source is called the same on every path, so that
/// reports can be compared whole.
fn each(what: &str, report: impl Fn(&Case, &Source) -> Report) {
    let source = Source::stdin();
    let mut wrong = Vec::new();
    for case in cases().iter().filter(|case| case.is_file()) {
        let whole =
            report_on(&source, Reader::over(Cursor::new(case.bytes()), opening()), &case.options());
        let found = report(case, &source);
        if found != whole {
            let (found, whole) = (format!("{found:#?}"), format!("{whole:#?}"));
            let differ = found.lines().zip(whole.lines()).find(|(found, whole)| found != whole);
            wrong.push(format!("{}: {differ:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{what} gives another answer:\n{}\n", wrong.join("\n"));
}

fn over(
    case: &Case,
    source: &Source,
    stream: impl Read + Send + 'static,
    opening: Opening,
) -> Report {
    report_on(source, Reader::over(stream, opening), &case.options())
}

/// Logs longer than this are not read line by line: that takes time in proportion to the square of what
/// is kept.
const SMALL: usize = 8 << 10;

#[test]
fn blocks_of_any_size() {
    for block in [1, 7, 4096, 1 << 20] {
        each(&format!("blocks of {block}"), |case, source| {
            let block = if case.bytes().len() > SMALL { block.max(4096) } else { block };
            over(case, source, Cursor::new(case.bytes()), Opening { block, ..opening() })
        });
    }
}

#[test]
fn mapped_and_read_files() {
    let choices = [
        (MapChoice::Never, 1 << 20),
        (MapChoice::Always, 1 << 20),
        (MapChoice::Always, 4096),
        (MapChoice::Auto, 100),
    ];
    for (map, window) in choices {
        each(&format!("{map:?} mapped, windows of {window}"), |case, source| {
            let window = if case.bytes().len() > SMALL { window.max(4096) } else { window };
            let file = Source::file(&case.path);
            report_on(source, file.open(&Opening { map, window, ..opening() }), &case.options())
        });
    }
}

#[test]
fn a_pipe_that_trickles() {
    /// Gives out one byte, then two, then three, and again.
    struct Trickle(Cursor<Vec<u8>>, usize);
    impl Read for Trickle {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            self.1 = self.1 % 3 + 1;
            let most = self.1.min(buf.len());
            self.0.read(&mut buf[..most])
        }
    }
    each("a trickle", |case, source| {
        over(case, source, Trickle(Cursor::new(case.bytes()), 0), opening())
    });
}

/// The filter passes over lines that no rule concerns, so without it the same is found.
#[test]
fn every_line_a_candidate() {
    let matcher = Matcher::new(&RULES, Roots::default()).with_every_line();
    each("a search without the filter", |case, source| {
        let reader = Reader::over(Cursor::new(case.bytes()), opening());
        run_over(&matcher, source, reader, &case.options()).unwrap().report
    });
}

#[test]
fn compressed_logs() {
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let xz = |bytes: &[u8]| {
        let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 0);
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let bzip2 = |bytes: &[u8]| {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    each("gzip", |case, source| over(case, source, Cursor::new(gzip(&case.bytes())), opening()));
    each("xz", |case, source| over(case, source, Cursor::new(xz(&case.bytes())), opening()));
    each("bzip2", |case, source| over(case, source, Cursor::new(bzip2(&case.bytes())), opening()));
    each("zstd", |case, source| {
        let packed = zstd::encode_all(&case.bytes()[..], 1).unwrap();
        over(case, source, Cursor::new(packed), opening())
    });
}

#[test]
fn any_number_of_threads() {
    // Long enough that cores share the search and the proof, in health and in a crash loop.
    let mut log = Vec::new();
    corpus::write_healthy(&mut log, 7, 2 << 20).unwrap();
    corpus::write_crash_loop(&mut log, 8, 256 << 10).unwrap();
    corpus::write_healthy(&mut log, 9, 1 << 20).unwrap();
    for case in cases().iter().filter(|case| case.is_file()) {
        log.extend_from_slice(&case.bytes());
        log.push(b'\n');
    }
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let reader =
            Reader::over(Cursor::new(log.clone()), Opening { block: 1 << 20, ..opening() });
        pool.install(|| report_on(&Source::stdin(), reader, &options()))
    };
    let one = on(1);
    assert!(one.diagnoses.len() > 50, "the log holds many diagnoses");
    for threads in 2..=8 {
        assert_eq!(on(threads), one, "{threads} threads");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200 * common::scale() as u32,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_log_followed_over_rotations(
        bytes in common::log(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        sizes in prop::collection::vec(1usize..2_000, 1..8),
        pauses in any::<bool>(),
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.sort_unstable();
        cuts.push(bytes.len());
        // Nothing that begins like this is taken for a compressed file, or for UTF-16.
        let mut from = 0;
        let files: Vec<Vec<u8>> = cuts.into_iter().map(|to| {
            [b"begins\n", &bytes[std::mem::replace(&mut from, to)..to]].concat()
        }).collect();
        let folder = tempfile::tempdir().unwrap();
        let written: Vec<SourceFile> = files.iter().enumerate().map(|(at, bytes)| {
            let path = folder.path().join(at.to_string());
            std::fs::write(&path, bytes).unwrap();
            SourceFile::at(path, None)
        }).collect();
        let source = Source { name: "bot.log".to_owned(), files: written };
        let whole = report_on(&source, source.open(&opening()), &options());
        let options = watch_options(options());
        let mut log = Log::new(&options, pauses);
        for (at, (bytes, file)) in files.iter().zip(&source.files).enumerate() {
            log.opens(at, &source.name, &file.name);
            let mut sizes = sizes.iter().cycle();
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (piece, after) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
                log.grows(piece);
                rest = after;
            }
            log.ends();
        }
        prop_assert_eq!(log.finish().0, whole);
    }

    #[test]
    fn any_log_in_blocks_of_any_size(bytes in common::log(), block in 1usize..3_000) {
        // Nothing that begins like this is taken for a compressed file.
        let bytes = [b"start\n", &bytes[..]].concat();
        let read = |block: usize| {
            let opening = Opening { block, ..opening() };
            report_on(&Source::stdin(), Reader::over(Cursor::new(bytes.clone()), opening), &options())
        };
        prop_assert_eq!(read(block), read(1 << 20));
    }
}

fn watch_options(batch: BatchOptions) -> WatchOptions {
    WatchOptions {
        batch,
        level: Level::Warning,
        quiet_after: Duration::from_secs(10),
        stall: None,
        settles: true,
    }
}

/// A log that is followed, piece by piece.
struct Log<'o> {
    watch: Watch<'o>,
    said: Vec<Said>,
    now: Duration,
    /// Time passes between pieces.
    pauses: bool,
    file: FileId,
    file_name: String,
    offset: u64,
    line: u64,
    ends: Ends,
}

impl<'o> Log<'o> {
    fn new(options: &'o WatchOptions, pauses: bool) -> Log<'o> {
        Log {
            watch: Watch::new(&MATCHER, options),
            said: Vec::new(),
            now: Duration::ZERO,
            pauses,
            file: FileId(0),
            file_name: String::new(),
            offset: 0,
            line: 1,
            ends: Ends::default(),
        }
    }

    fn take(&mut self, notice: Notice) {
        self.watch.take(notice, self.now, SystemTime::UNIX_EPOCH);
        if self.pauses {
            self.now += Duration::from_millis(700);
            self.watch.tick(self.now);
        }
        self.said.extend(self.watch.said());
    }

    fn opens(&mut self, at: usize, name: &str, file_name: &str) {
        (self.file, self.file_name) = (FileId(at as u64), file_name.to_owned());
        (self.offset, self.line, self.ends) = (0, 1, Ends::default());
        self.take(Notice::Source {
            source: SourceId(0),
            name: name.into(),
            file: Some(self.file),
            file_name: file_name.into(),
            action: if at == 0 { Action::Opened } else { Action::Rotated },
        });
    }

    fn grows(&mut self, bytes: &[u8]) {
        let line = self.line;
        self.line += self.ends.take(bytes);
        self.take(Notice::Appended(Appended {
            source: SourceId(0),
            file: self.file,
            file_name: self.file_name.as_str().into(),
            offset: self.offset,
            line,
            ends: self.ends.kind(),
            next_line: self.line + self.ends.waiting(),
            bytes: bytes.to_vec(),
            past: Past::New,
            written: None,
        }));
        self.offset += bytes.len() as u64;
    }

    fn ends(&mut self) {
        self.take(Notice::FileEnd { source: SourceId(0), file: self.file });
    }

    fn finish(mut self) -> (Report, Vec<Said>) {
        self.watch.close(Leave::EndOfInput);
        self.said.extend(self.watch.said());
        (self.watch.finish(Leave::EndOfInput).report, self.said)
    }
}

/// Follows a log that comes in pieces of up to `piece` bytes.
fn followed(case: &Case, piece: usize, pauses: bool) -> (Report, Vec<Said>) {
    followed_text(&case.bytes(), case.options(), piece, pauses)
}

fn followed_text(
    text: &[u8],
    options: BatchOptions,
    piece: usize,
    pauses: bool,
) -> (Report, Vec<Said>) {
    let options = watch_options(options);
    let mut log = Log::new(&options, pauses);
    log.opens(0, "-", "-");
    for bytes in text.chunks(piece) {
        log.grows(bytes);
    }
    log.finish()
}

/// A traceback whose head is torn is found late, when some of its lines have been passed as lines.
#[test]
fn a_torn_traceback_has_its_time_on_every_path() {
    let bytes = std::fs::read("fixtures/network/remote-closed-requests.log").unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let torn = text.replacen("Traceback (most", "raceback (most", 1);
    assert_ne!(torn, text);
    let whole = common::report_on_bytes(torn.clone());
    let options = watch_options(options());
    let mut log = Log::new(&options, false);
    log.opens(0, "-", "-");
    for byte in torn.as_bytes().chunks(1) {
        log.grows(byte);
    }
    assert_eq!(log.finish().0, whole);
}

/// As many events are told as the report counts, but for those of which only the end of a run tells; and each
/// series when it comes about.
#[test]
fn every_event_is_told_once() {
    // A rule that nothing matches tells of a series, or of what a run shows that none of its lines says.
    let is_series = |id: &str| {
        let rule = common::RULES.get(id).filter(|_| !id.starts_with("other/"));
        rule.is_some_and(|rule| rule.series.is_some() || rule.whens.is_empty())
    };
    let mut seen = 0;
    for case in cases().iter().filter(|case| case.is_file()) {
        let (report, said) = followed(case, 1 << 20, false);
        let mut told: BTreeMap<String, u64> = BTreeMap::new();
        let mut series = BTreeSet::new();
        for said in said {
            if let Said::Event { event: Event::Diagnosis(one), .. } = said {
                assert_eq!(one.diagnosis.count, 1);
                if is_series(&one.diagnosis.rule) {
                    series.insert(one.diagnosis.fingerprint);
                } else {
                    *told.entry(one.diagnosis.fingerprint).or_default() += 1;
                }
            }
        }
        let is_whole = |one: &Diagnosis| match one.rule.as_str() {
            "network/offline" | "system/gap" | "system/sleep" => true,
            // Of a run behind which another starts.
            "system/silent-stop" | "system/torn-end" => one.level < Level::Fatal,
            _ => false,
        };
        let (wholes, events): (Vec<Diagnosis>, Vec<Diagnosis>) =
            report.diagnoses.into_iter().partition(|one| is_series(&one.rule));
        let events = events.into_iter().filter(|one| !is_whole(one));
        let counted: BTreeMap<String, u64> =
            events.map(|one| (one.fingerprint, one.count)).collect();
        assert_eq!(told, counted, "{}", case.name);
        // What only the whole run shows may be told with its end.
        let due = wholes.iter().filter(|one| !is_whole(one) || series.contains(&one.fingerprint));
        let due: BTreeSet<String> = due.map(|one| one.fingerprint.clone()).collect();
        assert_eq!(series, due, "{}", case.name);
        seen += series.len();
    }
    assert!(seen > 0);
}

#[test]
fn followed_in_pieces() {
    for (piece, pauses) in [(1, false), (100, true), (4096, true)] {
        each(&format!("following in pieces of {piece}"), |case, _| {
            let piece = if case.bytes().len() > SMALL { piece.max(512) } else { piece };
            followed(case, piece, pauses).0
        });
    }
}

/// A log whose lines end with carriage returns alone, as old Macs wrote them or as a program leaves them that
/// draws over its line: the same lines at the same places, whatever way the bytes come.
#[test]
fn returns_for_newlines() {
    let source = Source::stdin();
    let path = std::env::temp_dir().join(format!("returns-{}.log", std::process::id()));
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for case in cases().iter().filter(|case| case.is_file()) {
        let text = case.bytes();
        if !text.contains(&b'\n') || text.contains(&b'\r') || text.contains(&0) {
            continue;
        }
        seen += 1;
        let turned = |byte: &u8| if *byte == b'\n' { b'\r' } else { *byte };
        let returns: Vec<u8> = text.iter().map(turned).collect();
        let whole = report_on(&source, Reader::over(Cursor::new(text), opening()), &case.options());
        let small = returns.len() <= SMALL;
        let mut ask = |what: &str, report: Report| {
            if report != whole {
                wrong.push(format!("{}: {what}", case.name));
            }
        };
        for block in [if small { 1 } else { 512 }, 4096, 1 << 20] {
            let opening = Opening { block, ..opening() };
            ask("read", over(case, &source, Cursor::new(returns.clone()), opening));
        }
        let packed = zstd::encode_all(&returns[..], 1).unwrap();
        ask("unpacked", over(case, &source, Cursor::new(packed), opening()));
        let wide =
            String::from_utf8_lossy(&returns).encode_utf16().flat_map(u16::to_le_bytes).collect();
        if std::str::from_utf8(&returns).is_ok() {
            let wide: Vec<u8> = [vec![0xff, 0xfe], wide].concat();
            ask("UTF-16", over(case, &source, Cursor::new(wide), opening()));
        }
        std::fs::write(&path, &returns).unwrap();
        let opening = Opening { map: MapChoice::Always, ..opening() };
        ask("a file", report_on(&source, Source::file(&path).open(&opening), &case.options()));
        for (piece, pauses) in [(if small { 1 } else { 512 }, false), (100, true)] {
            let piece = if small { piece } else { piece.max(512) };
            ask("followed", followed_text(&returns, case.options(), piece, pauses).0);
        }
    }
    std::fs::remove_file(&path).unwrap();
    assert!(seen > 100, "{seen} logs");
    assert!(wrong.is_empty(), "carriage returns give another answer:\n{}\n", wrong.join("\n"));
}
