//! One answer for every path to a log's bytes: mapped, read in blocks of any size, unpacked, trickled in,
//! on any number of threads.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;
#[path = "../benches/corpus.rs"]
mod corpus;

use std::io::{Cursor, Read, Write};

use common::{Case, cases, opening, options, report_on};
use proptest::prelude::*;
use wd_diagnose::report::Report;
use wd_diagnose::source::{MapChoice, Opening, Reader, Source};

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
