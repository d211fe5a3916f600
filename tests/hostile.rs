//! Hostile logs: bounded time and memory, nothing that acts on a terminal or a page, no secret shown.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::io::{Cursor, Read};

use common::{FORMATS, MATCHER, cases, opening, options, report_on, report_on_bytes, written};
use proptest::prelude::*;
use wd_diagnose::analyze::batch::run_over;
use wd_diagnose::diagnosis::Diagnosis;
use wd_diagnose::model::{Level, Pattern};
use wd_diagnose::report::{Format, Report};
use wd_diagnose::safe::limits;
use wd_diagnose::source::{FILLER, Opening, Reader, Source};

/// A crash that any reader of logs knows.
const CRASH: &str = "Traceback (most recent call last):\n  File \"/srv/bot/bot.py\", line 7, in tick\n    \
    feed.get()\nConnectionRefusedError: [Errno 111] Connection refused\n";

/// Holds for any report whatever the log: it is JSON, and no string in it does more than be read.
fn assert_safe(report: &Report) {
    for format in FORMATS {
        let text = written(format, report);
        assert_inert(&text);
        if format == Format::Json {
            let read: Report = serde_json::from_str(&text).unwrap();
            assert_eq!(read.verdict.is_some(), report.verdict.is_some());
            assert_strings_inert(&serde_json::from_str(&text).unwrap());
        }
    }
    assert!(report.diagnoses.len() <= limits::INCIDENTS);
    for diagnosis in &report.diagnoses {
        assert!((0.0..=1.0).contains(&diagnosis.confidence));
        assert!(diagnosis.count > 0);
        assert!(diagnosis.evidence.len() <= limits::EVIDENCE_LINES);
        // Each byte may become visible text of several.
        assert!(
            diagnosis.evidence.iter().all(|line| line.text.len() <= 8 * limits::EVIDENCE_BYTES)
        );
    }
    if let Some(verdict) = &report.verdict {
        assert!(verdict.confidence >= 0.5 && report.diagnoses.contains(verdict));
    }
}

fn assert_strings_inert(value: &serde_json::Value) {
    match value {
        serde_json::Value::String(text) => assert_inert(text),
        serde_json::Value::Array(values) => values.iter().for_each(assert_strings_inert),
        serde_json::Value::Object(values) => values.values().for_each(assert_strings_inert),
        _ => {}
    }
}

/// No control, DEL, C1, bidi or zero-width character; lines may end and be indented.
fn assert_inert(text: &str) {
    let acts = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    if let Some(at) = text.find(acts) {
        let around: String = text[..at].chars().rev().take(60).collect();
        let around: String = around.chars().rev().collect();
        panic!("a character that acts, after {around:?}: {:?}", text[at..].chars().next());
    }
}

/// Texts that act where they are shown unchanged.
const ACTING: [&str; 8] = [
    "\x1b[2J\x1b]0;owned\x07",
    "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "\u{9b}31m\u{85}",
    "\u{202e}gnp.exe\u{2066}",
    "zero\u{200b}width\u{feff}",
    "nul\0nul\x7f\x08\x08\x08",
    "<script>alert(1)</script>\"'&]]>",
    "::error file=x::owned %0A::set-output name=a::b",
];

#[test]
fn text_that_acts_is_shown_and_does_not_act() {
    for text in ACTING {
        let log = format!(
            "2026-03-01 10:00:00,000 {text} ERROR {text}\n\
             Traceback (most recent call last):\n  File \"/srv/{text}/bot.py\", line 7, in {text}\n    \
             feed.get('{text}')\nConnectionRefusedError: [Errno 111] {text} host='{text}'\n"
        );
        let report = report_on_bytes(log);
        assert_eq!(
            report.verdict.as_ref().map(|found| found.pattern),
            Some(Pattern::Network),
            "{text:?}"
        );
        assert_safe(&report);
    }
}

#[test]
fn secrets_in_a_crash_are_not_shown() {
    const KEY: &str = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A";
    const SIGNATURE: &str = "c8db56825ae71d6d79447849e617115f4a920fa2acdce6e1bd5ae2d0b1f8e3a7";
    const TOKEN: &str = "7100000001:AAHplantedNeverValid_0123456789abcdef";
    let log = format!(
        "2026-03-01 10:00:00,000 DEBUG apiKey={KEY} secret: '{KEY}'\n\
         2026-03-01 10:00:01,000 ERROR request failed\n\
         Traceback (most recent call last):\n  File \"/srv/bot/bot.py\", line 7, in tick\n    \
         client.get(api_key=\"{KEY}\")\n\
         requests.exceptions.ConnectionError: HTTPSConnectionPool(host='api.binance.com', port=443): Max \
         retries exceeded with url: /api/v3/account?timestamp=1&signature={SIGNATURE} \
         https://api.telegram.org/bot{TOKEN}/sendMessage X-MBX-APIKEY: {KEY}\n"
    );
    let report = report_on_bytes(log);
    assert_eq!(report.verdict.as_ref().map(|found| found.pattern), Some(Pattern::Network));
    assert_safe(&report);
    for format in FORMATS {
        for secret in [KEY, SIGNATURE, TOKEN] {
            assert!(!written(format, &report).contains(secret), "{format:?} shows {secret}");
        }
    }
}

#[test]
fn a_gigantic_line_costs_no_more_than_its_head() {
    let giant = common::scale() * (64 << 20);
    let line = std::io::repeat(b'x').take(giant);
    let stream = Cursor::new(b"2026-03-01 10:00:00,000 INFO start\n")
        .chain(line)
        .chain(Cursor::new(b"\n"))
        .chain(Cursor::new(CRASH.as_bytes()));
    let report = report_on(&Source::stdin(), Reader::over(stream, opening()), &options());
    let verdict = report.verdict.as_ref().unwrap();
    assert_eq!((verdict.pattern, verdict.first.line), (Pattern::Network, 3));
    assert_eq!(report.sources[0].lines, 6);
    assert_safe(&report);
}

#[test]
fn a_million_distinct_errors_are_bounded() {
    /// Tracebacks of ever new classes from ever new places.
    struct Distinct(u64, u64, Cursor<Vec<u8>>);
    impl Read for Distinct {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            if self.2.position() == self.2.get_ref().len() as u64 && self.0 < self.1 {
                let n = self.0;
                self.0 += 1;
                self.2 = Cursor::new(
                    format!(
                        "2026-03-01 10:00:00,000 ERROR failed\nTraceback (most recent call last):\n  \
                         File \"/srv/bot/m{n}.py\", line {n}, in f{n}\nbot.Error{n}: case {n}\n"
                    )
                    .into_bytes(),
                );
            }
            self.2.read(buf)
        }
    }
    let count = common::scale() * 8_000;
    let stream = Distinct(0, count, Cursor::default());
    let report = report_on(&Source::stdin(), Reader::over(stream, opening()), &options());
    assert!(report.diagnoses.len() <= limits::INCIDENTS);
    assert!(report.diagnoses.len() > 100);
    assert_eq!(report.sources[0].lines, 4 * count);
    // What came last is what matters: the oldest gave way to it.
    let last = format!("bot.Error{}", count - 1);
    let is_last = |found: &Diagnosis| found.exception.as_ref().is_some_and(|one| one.class == last);
    assert!(report.verdict.as_ref().is_some_and(is_last), "{:?}", report.verdict);
}

#[test]
fn old_warnings_give_way_to_an_error() {
    let entry = |level: &str, class: &str| {
        format!(
            "2026-03-01 10:00:00,000 {level} failed\nTraceback (most recent call last):\n  \
             File \"/srv/bot/bot.py\", line 7, in tick\n{class}: no\n"
        )
    };
    let mut log = entry("ERROR", "bot.Early");
    for n in 0..2 * limits::INCIDENTS {
        log += &entry("WARNING", &format!("bot.Mild{n}"));
    }
    log += &entry("ERROR", "bot.Late");
    log += &"2026-03-01 10:00:01,000 INFO tick\n".repeat(100);
    let report = report_on_bytes(log);
    assert_eq!(report.diagnoses.len(), limits::INCIDENTS);
    let found = |class: &str| {
        let is_it = |one: &&Diagnosis| one.exception.as_ref().is_some_and(|it| it.class == class);
        report.diagnoses.iter().find(is_it).map(|one| one.level)
    };
    assert_eq!(found("bot.Early"), Some(Level::Error));
    assert_eq!(found("bot.Late"), Some(Level::Error));
    assert_eq!(found("bot.Mild0"), None);
}

#[test]
fn deep_groups_and_endless_recursion_end() {
    let mut log = String::from("  + Exception Group Traceback (most recent call last):\n");
    for depth in 0..2_000 {
        let indent = "  ".repeat(depth.min(400));
        log += &format!(
            "{indent}  |   File \"/srv/bot/bot.py\", line {depth}, in gather\n{indent}  | \
             ExceptionGroup: many (1 sub-exception)\n{indent}  +-+---------------- 1 ----------------\n\
             {indent}    | Exception Group Traceback (most recent call last):\n"
        );
    }
    assert_safe(&report_on_bytes(log));

    for frames in [1_000, 9_000, 20_000] {
        let mut log = String::from("Traceback (most recent call last):\n");
        for line in 0..frames {
            log += &format!("  File \"/srv/bot/bot.py\", line {line}, in again\n    again()\n");
        }
        log += "RecursionError: maximum recursion depth exceeded\n";
        let report = report_on_bytes(log);
        assert_safe(&report);
        // Longer ones than an event may be lose their last line with the rest.
        let whole = 2 * frames + 2 <= limits::EVENT_LINES;
        assert!(report.verdict.is_some() || !whole, "{frames} frames: {report:#?}");
    }
}

#[test]
fn a_compression_bomb_stops_at_the_limit() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::copy(&mut std::io::repeat(b'\n').take(32 << 20), &mut encoder).unwrap();
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() * 900 < 32 << 20, "a thousand to one");
    let opening = Opening { decoded_limit: 4 << 20, ..opening() };
    let report = report_on(&Source::stdin(), Reader::over(Cursor::new(bomb), opening), &options());
    let source = &report.sources[0];
    assert_eq!(source.bytes, 4 << 20);
    assert!(source.incomplete.as_ref().is_some_and(|why| why.contains("unfolds")), "{source:?}");
}

#[test]
fn a_cut_log_names_no_pattern_that_its_lines_do_not_show() {
    let mut wrong = Vec::new();
    for case in cases().iter().filter(|case| case.is_file() && !case.name.starts_with("hostile/")) {
        let bytes = case.bytes();
        let ends: Vec<usize> = memchr::memchr_iter(b'\n', &bytes).map(|at| at + 1).collect();
        let mut known = vec![Some(Pattern::Other), case.expected.verdict];
        known.extend(case.expected.also.iter().copied().map(Some));
        known.extend(&case.expected.accept);
        known.extend(case.report().diagnoses.iter().map(|diagnosis| Some(diagnosis.pattern)));
        // Of long logs every few lines do.
        for (index, &end) in ends.iter().enumerate().step_by(1 + ends.len() / 40) {
            let report = report_on_bytes(&bytes[..end]);
            let Some(verdict) = report.verdict else { continue };
            let lines = index as u64 + 1;
            let named = Some(verdict.pattern);
            if verdict.evidence.is_empty()
                || verdict.evidence.iter().any(|line| line.line > lines)
                || verdict.last.line > lines
                || !known.contains(&named)
            {
                wrong.push(format!("{} after {lines} lines: {}", case.name, verdict.rule));
            }
        }
    }
    assert!(wrong.is_empty(), "{} cut logs:\n{}\n", wrong.len(), wrong.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400 * common::scale() as u32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_make_a_report(bytes in common::log(), block in prop::sample::select(vec![100usize, 4096, 1 << 20]), stopped: bool, context in 0usize..9) {
        let opening = Opening { block, line: 1 + block * 4, ..opening() };
        // Filling is no line, so that what stands before it is not next to what stands behind.
        let is_filled = bytes.contains(&FILLER);
        let reader = Reader::over(Cursor::new(bytes), opening);
        let options = wd_diagnose::analyze::BatchOptions { stopped, context, ..options() };
        // What looks like a compressed file and is none is refused with a word.
        if let Ok(outcome) = run_over(&MATCHER, &Source::stdin(), reader, &options) {
            assert_safe(&outcome.report);
            prop_assert_eq!(outcome.context.len(), outcome.report.diagnoses.len());
            prop_assert_eq!(outcome.rhythm.len(), outcome.report.sources.len());
            for (diagnosis, before) in outcome.report.diagnoses.iter().zip(&outcome.context) {
                prop_assert!(before.len() <= context);
                for (index, line) in before.iter().enumerate() {
                    assert_inert(&line.text);
                    let next = line.line + (before.len() - index) as u64;
                    prop_assert!(next == diagnosis.first.line || is_filled && next < diagnosis.first.line);
                }
            }
            for run in outcome.report.sources.iter().flat_map(|source| &source.runs) {
                prop_assert!(run.first_line <= run.last_line);
            }
            let fatal = outcome.report.diagnoses.iter().any(|found| found.level == Level::Fatal);
            prop_assert!(outcome.report.verdict.is_none() || fatal);
        }
    }
}
