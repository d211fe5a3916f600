//! Logs that several services or processes write: each is read as if it stood alone.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;
#[path = "../benches/corpus.rs"]
mod corpus;

use std::io::Cursor;

use common::{opening, options, report_on, report_on_bytes};
use wd_diagnose::report::{Report, SourceReport};
use wd_diagnose::source::{Opening, Reader, Source};

/// What one bot prints before it dies of a missing module.
const GRID: [&str; 8] = [
    "2026-03-01 10:00:00,000 INFO grid up, version 1.2",
    "2026-03-01 10:00:01,000 INFO tick 1",
    "Traceback (most recent call last):",
    "  File \"/srv/grid/grid.py\", line 10, in <module>",
    "    main()",
    "  File \"/srv/grid/grid.py\", line 7, in main",
    "    import ccxt",
    "ModuleNotFoundError: No module named 'ccxt'",
];

/// What another prints before an exchange's answer lacks a key.
const DCA: [&str; 8] = [
    "2026-03-01 10:00:00,100 INFO dca up, version 3",
    "2026-03-01 10:00:01,100 INFO tock 1",
    "Traceback (most recent call last):",
    "  File \"/srv/dca/dca.py\", line 20, in <module>",
    "    run()",
    "  File \"/srv/dca/dca.py\", line 17, in run",
    "    price = float(answer[\"price\"])",
    "KeyError: 'price'",
];

/// Puts a prefix before each line, the two bots' lines in turn.
fn woven(grid: &str, dca: &str) -> String {
    let lines = GRID.iter().zip(DCA);
    lines.map(|(one, other)| format!("{grid}{one}\n{dca}{other}\n")).collect()
}

fn named<'r>(report: &'r Report, name: &str) -> &'r SourceReport {
    report.sources.iter().find(|source| source.name == name).unwrap_or_else(|| {
        let names: Vec<&str> = report.sources.iter().map(|source| source.name.as_str()).collect();
        panic!("no source {name} among {names:?}")
    })
}

/// Both bots' tracebacks are found whole, each in its own source.
fn assert_both(report: &Report, grid: &str, dca: &str, format: &str) {
    let [grid, dca] = [grid, dca].map(|name| named(report, &format!("-:{name}")));
    let sources = [(grid, "dependencies/module-not-found"), (dca, "payload/key-error")];
    for (at, (source, rule)) in sources.into_iter().enumerate() {
        assert_eq!(source.files, ["-"], "{format}");
        assert_eq!(source.lines, 8, "{format}: {source:?}");
        let run = source.runs.last().unwrap();
        assert_eq!((run.end.as_str(), run.rule.as_deref()), ("crash", Some(rule)), "{format}");
        assert_eq!(run.first_line, 1 + at as u64, "{format}");
        let found: Vec<_> = report
            .diagnoses
            .iter()
            .filter(|diagnosis| diagnosis.first.source == source.name)
            .collect();
        let [diagnosis] = &found[..] else { panic!("{format}: {found:#?}") };
        assert_eq!(diagnosis.rule, rule, "{format}");
        assert_eq!(diagnosis.first.line, 5 + at as u64, "{format}");
        let frame = diagnosis.exception.as_ref().unwrap().frame.as_ref().unwrap();
        let (file, line) = [("/srv/grid/grid.py", 7), ("/srv/dca/dca.py", 17)][at];
        assert_eq!((frame.file.as_str(), frame.line), (file, Some(line)), "{format}");
    }
    let verdict = report.verdict.as_ref().unwrap();
    assert!(report.diagnoses.contains(verdict), "{format}");
}

/// Prefixes that carry a service's name: what stands before each bot's lines, and the names.
const NAMED: [(&str, &str, &str, &str, &str); 13] = [
    ("compose", "grid-1  | ", "dca-1   | ", "grid-1", "dca-1"),
    (
        "compose -t",
        "grid-1  | 2026-03-01T10:00:00.000000001Z ",
        "dca-1   | 2026-03-01T10:00:00.000000002Z ",
        "grid-1",
        "dca-1",
    ),
    (
        "kubectl --prefix",
        "[pod/grid-7d4b9c/bot] ",
        "[pod/dca-5f6d8e/bot] ",
        "grid-7d4b9c/bot",
        "dca-5f6d8e/bot",
    ),
    ("honcho", "10:00:00 grid.1 | ", "10:00:00 dca.1  | ", "grid.1", "dca.1"),
    ("pm2", "0|grid  | ", "1|dca   | ", "grid", "dca"),
    (
        "pm2 with times",
        "0|grid  | 2026-03-01T10:00:00: ",
        "1|dca   | 2026-03-01T10:00:00: ",
        "grid",
        "dca",
    ),
    ("supervisor-stdout", "grid stdout | ", "dca stderr | ", "grid", "dca"),
    (
        "journalctl",
        "Mar 01 10:00:00 box grid[41]: ",
        "Mar 01 10:00:00 box dca[42]: ",
        "grid",
        "dca",
    ),
    (
        "journalctl -o short-iso",
        "2026-03-01T10:00:00+0000 box grid[41]: ",
        "2026-03-01T10:00:00+0000 box dca[42]: ",
        "grid",
        "dca",
    ),
    (
        "journalctl -o with-unit",
        "Sun 2026-03-01 10:00:00 UTC box grid.service[41]: ",
        "Sun 2026-03-01 10:00:00 UTC box dca.service[42]: ",
        "grid.service",
        "dca.service",
    ),
    (
        "RFC 3164",
        "<14>Mar  1 10:00:00 box grid[41]: ",
        "<14>Mar  1 10:00:00 box dca[42]: ",
        "grid",
        "dca",
    ),
    (
        "RFC 5424",
        "<14>1 2026-03-01T10:00:00.000Z box grid 41 - - ",
        "<14>1 2026-03-01T10:00:00.000Z box dca 42 - - ",
        "grid",
        "dca",
    ),
    (
        "docker compose in the journal",
        "Mar 01 10:00:00 box compose[41]: grid-1  | ",
        "Mar 01 10:00:00 box compose[41]: dca-1   | ",
        "grid-1",
        "dca-1",
    ),
];

#[test]
fn two_services_line_by_line_are_two_sources() {
    for (format, grid, dca, first, second) in NAMED {
        let log = woven(grid, dca);
        let report = report_on_bytes(log.as_bytes());
        assert_both(&report, first, second, format);
        // In pieces of any size, too.
        for block in [1, 13, 700] {
            let opening = Opening { block, ..opening() };
            let reader = Reader::over(Cursor::new(log.clone().into_bytes()), opening);
            let again = report_on(&Source::stdin(), reader, &options());
            assert_eq!(again, report, "{format}, blocks of {block}");
        }
    }
}

/// Two units in the journal's export format, as `journalctl -o export` prints them; every third message as
/// it does what is no clean text.
fn exported() -> Vec<u8> {
    let mut log = Vec::new();
    let lines =
        GRID.iter().zip(DCA).flat_map(|(grid, dca)| [("grid", 41, *grid), ("dca", 42, dca)]);
    for (number, (unit, pid, line)) in lines.enumerate() {
        let head = format!(
            "__CURSOR=s=1;i={number}\n__REALTIME_TIMESTAMP={}\n_TRANSPORT=stdout\nPRIORITY=6\n",
            1_791_792_000_000_000_u64 + number as u64
        );
        log.extend_from_slice(head.as_bytes());
        if number % 3 == 0 {
            log.extend_from_slice(b"MESSAGE\n");
            log.extend_from_slice(&(line.len() as u64).to_le_bytes());
        } else {
            log.extend_from_slice(b"MESSAGE=");
        }
        log.extend_from_slice(line.as_bytes());
        log.extend_from_slice(
            format!(
                "\n_PID={pid}\n_CMDLINE=python {unit}.py ERROR\n_SYSTEMD_UNIT={unit}.service\n\n"
            )
            .as_bytes(),
        );
    }
    log
}

#[test]
fn two_units_in_an_export_are_two_sources() {
    let report = report_on_bytes(exported());
    let names: Vec<&str> = report.sources.iter().map(|source| source.name.as_str()).collect();
    assert_eq!(names, ["-:grid.service", "-:dca.service"]);
    let found: Vec<(&str, Option<&str>, u64)> = report
        .diagnoses
        .iter()
        .map(|found| (found.rule.as_str(), found.first.time.as_deref(), found.count))
        .collect();
    let (grid, dca) = ("2026-10-12T08:00:00.000004Z", "2026-10-12T08:00:00.000005Z");
    assert_eq!(
        found,
        [("dependencies/module-not-found", Some(grid), 1), ("payload/key-error", Some(dca), 1)]
    );
    for found in &report.diagnoses {
        assert!(found.exception.as_ref().unwrap().frame.is_some());
    }
    for block in [1, 17, 900] {
        let opening = Opening { block, ..opening() };
        let reader = Reader::over(Cursor::new(exported()), opening);
        assert_eq!(report_on(&Source::stdin(), reader, &options()), report, "blocks of {block}");
    }
}

#[test]
fn lines_that_a_runtime_wrote_in_parts_are_one_in_blocks_of_any_size() {
    let mut log = String::new();
    for (number, line) in GRID.iter().enumerate() {
        let (head, tail) = line.split_at(line.len() / 2);
        let time = format!("2026-03-01T10:00:0{number}.000000001Z");
        log += &format!("{time} stdout P {head}\n{time} stdout F {tail}\n");
    }
    let report = report_on_bytes(log.as_bytes());
    assert_eq!(report.verdict.as_ref().unwrap().rule, "dependencies/module-not-found");
    for block in [1, 17, 300] {
        let opening = Opening { block, ..opening() };
        let reader = Reader::over(Cursor::new(log.clone().into_bytes()), opening);
        assert_eq!(report_on(&Source::stdin(), reader, &options()), report, "blocks of {block}");
    }
}

#[test]
fn processes_of_one_service_are_one_source_and_their_tracebacks_two() {
    for (format, grid, dca) in [
        ("journalctl", "Mar 01 10:00:00 box bot[41]: ", "Mar 01 10:00:00 box bot[42]: "),
        ("circus", "2026-03-01 10:00:00 [41] | ", "2026-03-01 10:00:00 [42] | "),
        ("pm2 cluster", "0|bot  | ", "1|bot  | "),
    ] {
        let report = report_on_bytes(woven(grid, dca));
        assert_eq!(report.sources.len(), 1, "{format}: {:#?}", report.sources);
        assert_eq!(report.sources[0].name, "-");
        assert_eq!(report.sources[0].lines, 16);
        let mut rules: Vec<&str> =
            report.diagnoses.iter().map(|found| found.rule.as_str()).collect();
        rules.sort_unstable();
        assert_eq!(rules, ["dependencies/module-not-found", "payload/key-error"], "{format}");
        for diagnosis in &report.diagnoses {
            assert!(diagnosis.exception.as_ref().unwrap().frame.is_some(), "{format}");
        }
    }
}

#[test]
fn what_a_supervisor_says_belongs_to_the_service_it_names() {
    let end = |text: &str, log: String| format!("{log}{text}\n");
    for (format, log) in [
        ("compose", end("grid-1 exited with code 1", woven("grid-1  | ", "dca-1   | "))),
        (
            "honcho",
            end(
                "10:00:02 system | grid.1 stopped (rc=1)",
                woven("10:00:00 grid.1 | ", "10:00:00 dca.1  | "),
            ),
        ),
        (
            "pm2",
            end(
                "PM2     | App [grid:0] exited with code [1] via signal [SIGINT]",
                woven("0|grid  | ", "1|dca   | "),
            ),
        ),
        (
            "journalctl",
            end(
                "Mar 01 10:00:02 box systemd[1]: grid.service: Main process exited, code=exited, status=1/FAILURE",
                woven("Mar 01 10:00:00 box grid[41]: ", "Mar 01 10:00:00 box dca[42]: "),
            ),
        ),
    ] {
        let report = report_on_bytes(log);
        // No crash is told twice, and none is told of nobody.
        assert_eq!(report.diagnoses.len(), 2, "{format}: {:#?}", report.diagnoses);
        let grid = report.sources.iter().find(|source| source.name.starts_with("-:grid")).unwrap();
        assert_eq!(grid.runs.last().unwrap().end, "crash", "{format}");
        assert_eq!(report.sources.iter().map(|source| source.lines).sum::<u64>(), 17, "{format}");
    }
}

#[test]
fn programs_of_a_machine_that_have_nothing_to_tell_are_one_source() {
    let mut log = String::new();
    for minute in 0..40 {
        log += &format!(
            "Mar 01 10:{minute:02}:00 box sshd-session[{minute}]: Connection closed by 10.0.0.7 port 22\n\
             Mar 01 10:{minute:02}:01 box grid[41]: INFO tick {minute}\n\
             Mar 01 10:{minute:02}:02 box anacron[9]: Job `cron.daily' started\n"
        );
    }
    let healthy = report_on_bytes(log.as_bytes());
    assert_eq!(healthy.sources.len(), 1, "{:#?}", healthy.sources);
    assert_eq!((healthy.sources[0].name.as_str(), healthy.sources[0].lines), ("-", 120));
    assert_eq!(healthy.sources[0].runs.len(), 1);
    for line in GRID {
        log += &format!("Mar 01 10:50:00 box grid[41]: {line}\n");
    }
    // Others go on: that is no life of the bot.
    log += &"Mar 01 10:51:00 box anacron[9]: Job `cron.daily' terminated\n".repeat(60);
    let report = report_on_bytes(log.as_bytes());
    let names: Vec<&str> = report.sources.iter().map(|source| source.name.as_str()).collect();
    assert_eq!(names, ["-:grid", "-"]);
    assert_eq!(report.verdict.as_ref().unwrap().rule, "dependencies/module-not-found");
    assert_eq!(report.sources.iter().map(|source| source.lines).sum::<u64>(), 188);
}

#[test]
fn a_table_is_no_log_of_services() {
    let mut log = String::new();
    for tick in 0..50 {
        log += &format!(
            "2026-03-01 10:00:{:02},000 INFO tick {tick}\nprice  | 100.5\nqty    | 3\n",
            tick % 60
        );
    }
    let report = report_on_bytes(log);
    assert_eq!(report.sources.len(), 1, "{:#?}", report.sources);
}

#[test]
fn services_that_join_a_log_late_are_kept_apart() {
    let mut log = String::new();
    for layer in 0..200 {
        log += &format!(" 3f2a{layer:04x} Pull complete\n");
    }
    log += "Attaching to dca-1, grid-1\n";
    for tick in 0..20 {
        log += &format!("grid-1  | INFO tick {tick}\ndca-1   | INFO tock {tick}\n");
    }
    log += &woven("grid-1  | ", "dca-1   | ");
    let whole = report_on_bytes(log.as_bytes());
    let rules: Vec<&str> = whole.diagnoses.iter().map(|found| found.rule.as_str()).collect();
    assert!(rules.contains(&"dependencies/module-not-found"), "{rules:?}");
    assert!(rules.contains(&"payload/key-error"), "{rules:?}");
    assert_eq!(whole.sources.iter().map(|source| source.lines).sum::<u64>(), 257);
    for block in [1, 100, 4096] {
        let opening = Opening { block, ..opening() };
        let reader = Reader::over(Cursor::new(log.clone().into_bytes()), opening);
        assert_eq!(report_on(&Source::stdin(), reader, &options()), whole, "blocks of {block}");
    }
}

#[test]
fn a_chatty_neighbour_tears_no_traceback_apart() {
    let mut log = Vec::new();
    let mut noise = Vec::new();
    corpus::write_healthy(&mut noise, 5, 400 << 10).unwrap();
    let mut noise = noise.split_inclusive(|&b| b == b'\n');
    for line in GRID {
        for other in noise.by_ref().take(150) {
            log.extend_from_slice(b"feed-1  | ");
            log.extend_from_slice(other);
        }
        log.extend_from_slice(format!("grid-1  | {line}\n").as_bytes());
    }
    for other in noise.by_ref().take(900) {
        log.extend_from_slice(b"feed-1  | ");
        log.extend_from_slice(other);
    }
    let report = report_on_bytes(log);
    let verdict = report.verdict.as_ref().unwrap();
    assert_eq!(verdict.rule, "dependencies/module-not-found");
    assert!(verdict.exception.as_ref().unwrap().frame.is_some());
    assert_eq!(named(&report, "-:feed-1").runs.last().unwrap().end, "open");
}
