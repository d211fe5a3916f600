//! Every fixture cut behind every line: whatever stands last, the verdict names no pattern that the lines so
//! far do not show.
//!
//! A pattern counts as shown where the expert who wrote the expectation beside the log knows of it there
//! (`verdict`, `also`, `accept`), where the bot's own failure is none of the seven (`other`), or where it is
//! named in [`SHOWN`], with the lines that show it and why. Moreover all that the verdict rests on stands in
//! the lines that are left: its places, its evidence as logged, the texts that it captured.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{Case, cases, last_component, opening, report_on};
use rayon::prelude::*;
use wd_diagnose::analyze::BatchOptions;
use wd_diagnose::diagnosis::Diagnosis;
use wd_diagnose::model::Pattern;
use wd_diagnose::report::Report;
use wd_diagnose::source::{Reader, Source};

/// What part of a log shows that the whole log does not, or explains otherwise: fixture, pattern, first and
/// last line behind which the log may be cut.
const SHOWN: &[(&str, Pattern, usize, usize)] =
    // The interpreter's own way to print a traceback, and nothing yet that tells that the bot went on.
    &[("healthy/optional-import", Pattern::Dependencies, 6, 6)];

/// The rules of a log that just stops, where the bot is known to be down.
const STOPS: [&str; 2] = ["system/silent-stop", "system/torn-end"];

fn report(bytes: &[u8], options: &BatchOptions) -> Report {
    let reader = Reader::over(std::io::Cursor::new(bytes.to_vec()), opening());
    report_on(&Source::stdin(), reader, options)
}

/// A text in lower case and without blanks, colours, and the borders of boxes, in which long words are broken.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for (at, piece) in text.split('\x1b').enumerate() {
        let coloured = (at > 0).then(|| piece.split_once('m')).flatten();
        let piece = coloured.map_or(piece, |(_, rest)| rest);
        let kept = piece.chars().filter(|c| !c.is_whitespace() && *c != '│');
        plain.extend(kept.flat_map(char::to_lowercase));
    }
    plain
}

/// Where each line ends.
fn ends(bytes: &[u8]) -> Vec<usize> {
    let newlines = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let mut ends: Vec<usize> = newlines.map(|(at, _)| at + 1).collect();
    if ends.last() != Some(&bytes.len()) {
        ends.push(bytes.len());
    }
    ends
}

/// Words of which the lines that a verdict rests on hold one at least, in lower case, where it names the
/// pattern: those of the systems and libraries that report such a failure, and not those of the rules.
const WORDS: [(Pattern, &[&str]); 7] = [
    (Pattern::Dependencies, &["import", "module", "attribute", "symbol", "dtype"]),
    (
        Pattern::Network,
        &[
            "connect",
            "timeout",
            "timed out",
            "resolve",
            "name resolution",
            "reset",
            "closed",
            "ssl",
            "certificate",
            "unreachable",
            " 50",
            "\"50",
            "disconnected",
            "chunk",
            "proxy",
            "websocket",
            "unavailable",
            "no close frame",
            "connectionclosed",
            "incompleteread",
            "contentlength",
        ],
    ),
    (
        Pattern::RateLimit,
        &[
            "429",
            "418",
            "rate",
            "limit",
            "too many",
            "ban",
            "backing off",
            "weight",
            "price",
            "-1015",
        ],
    ),
    (
        Pattern::Memory,
        // What waits in a queue lies in memory.
        &["memory", "killed", "sigkill", "oom", "rss", "allocate", "terminated abruptly", "queue:"],
    ),
    (
        Pattern::Credentials,
        &["key", "secret", "401", "403", "sign", "passphrase", "jwt", "token", "expired", "auth"],
    ),
    (
        Pattern::Payload,
        &[
            "keyerror",
            "typeerror",
            "valueerror",
            "json",
            "indexerror",
            "validation",
            "attributeerror",
            "columns",
        ],
    ),
    (
        Pattern::System,
        &[
            "errno",
            "timestamp",
            "nonce",
            "signal",
            "sig",
            "segmentation",
            "locked",
            "space",
            "disk",
            "thread",
            "interrupt",
            "too many open files",
            "permission",
            "address already",
            "timeout",
            "pipe",
            "large",
            "recv_window",
            "recvwindow",
            "open fds",
            "terminated",
            "exit status 1",
        ],
    ),
];

/// Captures that are worked out from what a line says: what a code means, which package brings a module, which
/// interpreter ran, the name of a signal, a time in milliseconds, a difference of two times.
const DERIVED: [&str; 8] =
    ["means", "note", "package", "pip", "python", "signal", "banned_until", "skew"];

/// How sure a verdict may be that rests only on where a log stops (contract of the report).
const LAST_RECORD: f64 = 0.6;

/// What the verdict on the first `lines` lines says that they do not show.
fn unshown(
    case: &Case,
    left: &[u8],
    lines: usize,
    stopped: bool,
    verdict: &Diagnosis,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let expected = &case.expected;
    let pattern = verdict.pattern;
    let is_known = pattern == Pattern::Other
        || expected.verdict == Some(pattern)
        || expected.also.contains(&pattern)
        || expected.accept.contains(&Some(pattern));
    let is_shown = SHOWN.iter().any(|(name, shown, from, to)| {
        *name == case.name && *shown == pattern && (*from..=*to).contains(&lines)
    });
    let just_stops = stopped && STOPS.contains(&verdict.rule.as_str());
    if !is_known && !is_shown && !just_stops {
        wrong.push(format!("{pattern} is not shown"));
    }
    for (what, line) in [("first", verdict.first.line), ("last", verdict.last.line)] {
        if line > lines as u64 {
            wrong.push(format!("{what} line {line} is not there"));
        }
    }
    let text = plain(&String::from_utf8_lossy(left));
    let rests: String = verdict.evidence.iter().map(|line| plain(&line.text)).collect();
    let words = WORDS.iter().find(|(of, _)| *of == pattern).map(|(_, words)| *words);
    if !just_stops
        && words.is_some_and(|words| !words.iter().any(|word| rests.contains(&plain(word))))
    {
        wrong.push(format!("no word of {pattern} in {rests:?}"));
    }
    for (name, value) in &verdict.captures {
        if !DERIVED.contains(&name.as_str()) && !text.contains(&plain(value)) {
            wrong.push(format!("capture {name} = {value:?} is not there"));
        }
    }
    if let Some(exception) = &verdict.exception {
        let class = plain(last_component(&exception.class));
        if !text.contains(&class) {
            wrong.push(format!("exception {class} is not there"));
        }
        let frame = exception.frame.as_ref().map(|frame| plain(&frame.file));
        if frame.is_some_and(|file| !text.contains(&file)) {
            wrong.push(format!("frame {:?} is not there", exception.frame));
        }
    }
    if verdict.rule == "system/torn-end" && (left.ends_with(b"\n") || !stopped) {
        wrong.push("the last line is whole".to_owned());
    }
    // What the bot got over, had the log not been cut there, is never more than a guess; but a traceback that
    // the interpreter itself wrote is an end wherever it stands last.
    let is_end = expected.verdict == Some(pattern) || expected.accept.contains(&Some(pattern));
    let is_bare = case.expected.exception.is_some() || pattern == Pattern::Other;
    if !is_end && !is_bare && !is_shown && verdict.confidence > LAST_RECORD {
        wrong.push("too sure".to_owned());
    }
    wrong
}

#[test]
fn no_verdict_names_what_the_lines_so_far_do_not_show() {
    let mut cuts: Vec<(Case, bool)> = Vec::new();
    for stopped in [false, true] {
        cuts.extend(cases().into_iter().filter(Case::is_file).map(|case| (case, stopped)));
    }
    let wrong: Vec<String> = cuts
        .par_iter()
        .flat_map_iter(|(case, stopped)| {
            let bytes = case.bytes();
            let options = BatchOptions { stopped: *stopped, ..case.options() };
            let mut wrong = Vec::new();
            for (at, end) in ends(&bytes).into_iter().enumerate() {
                let left = &bytes[..end];
                let found = report(left, &options);
                let Some(verdict) = &found.verdict else { continue };
                let what = unshown(case, left, at + 1, *stopped, verdict);
                if !what.is_empty() {
                    wrong.push(format!(
                        "{} cut behind line {} (stopped: {stopped}): {} at {:.2}: {}",
                        case.name,
                        at + 1,
                        verdict.rule,
                        verdict.confidence,
                        what.join("; ")
                    ));
                }
            }
            wrong
        })
        .collect();
    assert!(wrong.is_empty(), "{} cuts are misread:\n{}\n", wrong.len(), wrong.join("\n"));
}
