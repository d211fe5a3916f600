//! Logs in which it mattered where a block ended: each is read in small blocks and followed piece by piece, and the
//! report must be that of the whole.

use std::io::Cursor;

use wd_diagnose::report::Report;
use wd_diagnose::source::{Opening, Reader, Source};

use crate::common::{fixture, opening, options, report_on};
use crate::followed_text;

fn read(text: &str, block: usize) -> Report {
    let opening = Opening { block, ..opening() };
    report_on(&Source::stdin(), Reader::over(Cursor::new(text.to_owned()), opening), &options())
}

/// The report, which is the same on every path.
fn on_every_path(text: &str) -> Report {
    let whole = read(text, 1 << 20);
    for block in [1, 100, 500, 1_000] {
        assert_eq!(read(text, block), whole, "blocks of {block}");
    }
    for piece in [1, 700] {
        let (followed, _) = followed_text(text.as_bytes(), options(), piece, false);
        assert_eq!(followed, whole, "followed in pieces of {piece}");
    }
    whole
}

/// `text` with one piece of it replaced, which must be there.
fn torn(text: &str, what: &str, by: &str) -> String {
    let torn = text.replacen(what, by, 1);
    assert_ne!(torn, text, "{what:?} is in the log");
    torn
}

/// How many of the last lines are looked at must not depend on how many of them are blank.
#[test]
fn blank_lines_behind_a_traceback() {
    let traceback = "Traceback (most recent call last):\n  File \"/bot/run.py\", line 3, in <module>\n    \
        run()\nValueError: no price\n";
    on_every_path(&format!("{traceback}{}", "======\n\n".repeat(60)));
}

/// A traceback whose head is torn is known by a line far below its first: none of its lines may have been told as a
/// line of its own by then.
#[test]
fn a_long_traceback_without_its_head() {
    let sentence = "\n\nDuring handling of the above exception, another exception occurred:\n\n";
    let log = fixture("system/gunicorn-worker-hung");
    let (_, log) = log.split_once(']').unwrap();
    let (_, log) = log.split_once(']').unwrap();
    let log = torn(log, "\n  File \"/home/trader/bot/.", sentence);
    let log = torn(&log, "requests/api.py\", line 59", "requests/ap\nbegins\ni.py\", line 59");
    on_every_path(&format!("begins{sentence}]{log}"));
}

/// A line of a box that holds a tempting word, and of which the next line would tell that it stands alone.
#[test]
fn a_tempting_word_in_a_box() {
    let log = fixture("formats/structlog-rich");
    let log = torn(&log, "0x7f4f46d3d940\x1b[0m\x1b[39m>,\x1b[0m", "0x7f4f46d3d940\nbegins\n");
    let words = "{\"message\": \"\\ud800\", \"exc_info\": \"Traceback\\n";
    let function = "851\x1b[0m in \x1b[92mcreate_connection\x1b[0m            \x1b[31m│\x1b[0m\n";
    on_every_path(&torn(&log, function, &format!("851\x1b[0m in {words}")));
}

/// Entries that are spread over several lines are whole only when their last line is there.
#[test]
fn entries_over_several_lines() {
    let log = fixture("formats/structlog-json");
    let pretty = |line: &str| {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        serde_json::to_string_pretty(&entry).unwrap()
    };
    let entries: Vec<String> = log.lines().map(pretty).collect();
    let alone = on_every_path(&log);
    let objects = on_every_path(&entries.join("\n"));
    let array = on_every_path(&format!("[\n{}\n]\n", entries.join(",\n")));
    let row = |line: &str| format!("2026-10-12 07:00:00.123,\"{}\"\n", line.replace('"', "\"\""));
    let table = format!("@timestamp,@message\n{}", log.lines().map(row).collect::<String>());
    let table = on_every_path(&table);
    let rule = |report: &Report| report.verdict.as_ref().map(|verdict| verdict.rule.clone());
    assert!(rule(&alone).is_some());
    for (report, lines_before) in [(&objects, 0), (&array, 1), (&table, 1)] {
        assert_eq!(rule(report), rule(&alone));
        let first = report.verdict.as_ref().unwrap().first.line;
        let before: u64 = match report == &table {
            true => alone.verdict.as_ref().unwrap().first.line - 1,
            false => {
                let count = alone.verdict.as_ref().unwrap().first.line as usize - 1;
                entries[..count].iter().map(|entry| entry.lines().count() as u64).sum()
            }
        };
        assert_eq!(first, lines_before + before + 1);
    }
}
