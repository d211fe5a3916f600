//! The same crash gets the same diagnosis however its log was wrapped, packed or encoded: every fixture
//! through every wrapper, each written here from its documented format.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "wraps/clients.rs"]
mod clients;
mod common;
#[path = "wraps/folded.rs"]
mod folded;

use std::collections::BTreeMap;
use std::io::{Cursor, Write};

use common::{Case, cases, opening, report_on};
use rayon::prelude::*;
use wd_diagnose::diagnosis::Diagnosis;
use wd_diagnose::report::Report;
use wd_diagnose::source::{Reader, Source};

/// One way to wrap: the log's lines (without newlines) to the bytes of the wrapped log.
pub(crate) struct Wrap {
    name: &'static str,
    wrap: fn(&[&[u8]]) -> Vec<u8>,
}

/// Fixtures whose verdict rests on what a wrapper takes away or says otherwise, by wrapper, each with the
/// reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "other/argparse",
        "ts",
        "the usage has no traceback, whose indented lines would show that the time is not the logger's",
    ),
    ("other/argparse", "ts %FT%T%z", "the same"),
    (
        "other/task-never-retrieved",
        "ts",
        "that the bot goes on is told by a printed line, which a time before it makes the record that stands last",
    ),
    ("other/task-never-retrieved", "ts %FT%T%z", "the same"),
    (
        "formats/structlog-rich",
        "ts",
        "no head of a traceback that is told by its words, at which it would be seen that the time is not the logger's",
    ),
    ("formats/structlog-rich", "ts %FT%T%z", "the same"),
    (
        "rate-limit/answers-degrade",
        "circus",
        "how long the answers degrade is told by times, and this wrapper's run otherwise than the log's own",
    ),
    ("rate-limit/answers-degrade", "pm2 --time", "the same"),
    ("rate-limit/answers-degrade", "svlogd -tt", "the same"),
    ("rate-limit/weight-then-ban", "ts", "the same, for the ban that follows the weight"),
    ("rate-limit/weight-then-ban", "ts %FT%T%z", "the same"),
];

fn main_lines(bytes: &[u8]) -> Vec<&[u8]> {
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    body.split(|&b| b == b'\n').collect()
}

/// Each line with what `head` puts before it.
fn prefixed(lines: &[&[u8]], head: impl Fn(usize) -> String) -> Vec<u8> {
    let mut out = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        out.extend_from_slice(head(number).as_bytes());
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out
}

/// A time of day that goes on by a tenth of a second a line: hour, minute, second, tenth.
fn clock(number: usize) -> (usize, usize, usize, usize) {
    let (second, tenth) = (number / 10, number % 10);
    (7 + second / 3600 % 12, second / 60 % 60, second % 60, tenth)
}

fn iso(number: usize, fraction: &str, zone: &str) -> String {
    let (h, m, s, tenth) = clock(number);
    let fraction = fraction.replacen('#', &tenth.to_string(), 1);
    format!("2026-10-12T{h:02}:{m:02}:{s:02}{fraction}{zone}")
}

fn short(number: usize) -> String {
    let (h, m, s, _) = clock(number);
    format!("Oct 12 {h:02}:{m:02}:{s:02}")
}

/// A line as a JSON string; bytes that are no text become U+FFFD, as Docker and others write them.
fn quoted(line: &[u8], end: &str) -> String {
    serde_json::to_string(&format!("{}{end}", String::from_utf8_lossy(line))).unwrap()
}

/// A line as journalctl's JSON has it: an array of bytes where it is not clean text.
fn journal_value(line: &[u8]) -> String {
    match std::str::from_utf8(line) {
        Ok(text) if !text.chars().any(|c| c.is_control() && c != '\t') => {
            serde_json::to_string(text).unwrap()
        }
        _ => serde_json::to_string(line).unwrap(),
    }
}

/// rsyslog and syslogd write control characters as `#` and three octal digits.
fn octal(line: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for &byte in line {
        if byte < 0x20 && byte != b'\t' {
            out.extend_from_slice(format!("#{byte:03o}").as_bytes());
        } else {
            out.push(byte);
        }
    }
    out
}

fn utf16(bytes: &[u8], big: bool) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    std::iter::once(0xfeff)
        .chain(text.encode_utf16())
        .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
        .collect()
}

fn joined(lines: &[&[u8]], end: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in lines {
        out.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        out.extend_from_slice(end);
    }
    out
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const WRAPS: &[Wrap] = &[
    Wrap {
        // moby daemon/logger/jsonfilelog/jsonlog/jsonlogbytes.go
        name: "docker json-file",
        wrap: |lines| {
            let mut out = Vec::new();
            for (number, line) in lines.iter().enumerate() {
                let time = iso(number, ".#23456789", "Z");
                let log = quoted(line, "\n");
                writeln!(out, "{{\"log\":{log},\"stream\":\"stderr\",\"time\":\"{time}\"}}")
                    .unwrap();
            }
            out
        },
    },
    Wrap {
        name: "docker logs -t",
        wrap: |lines| prefixed(lines, |number| iso(number, ".#23456789", "Z ")),
    },
    Wrap { name: "docker compose", wrap: |lines| prefixed(lines, |_| "bot-1  | ".to_owned()) },
    Wrap {
        name: "docker compose -t",
        wrap: |lines| {
            prefixed(lines, |number| format!("bot-1  | {}", iso(number, ".#23456789", "Z ")))
        },
    },
    Wrap {
        // kubernetes design-proposals node/kubelet-cri-logging.md
        name: "cri",
        wrap: |lines| prefixed(lines, |number| iso(number, ".#23456789", "+02:00 stderr F ")),
    },
    Wrap {
        name: "cri with partial lines",
        wrap: |lines| {
            let mut out = Vec::new();
            for (number, line) in lines.iter().enumerate() {
                let time = iso(number, ".#23456789", "Z");
                // Cut after so many bytes, characters and colours or not.
                let pieces: Vec<&[u8]> = line.chunks(120).collect();
                let pieces = if pieces.is_empty() { vec![&b""[..]] } else { pieces };
                for (at, piece) in pieces.iter().enumerate() {
                    let tag = if at + 1 < pieces.len() { "P" } else { "F" };
                    write!(out, "{time} stdout {tag} ").unwrap();
                    out.extend_from_slice(piece);
                    out.push(b'\n');
                }
            }
            out
        },
    },
    Wrap {
        name: "kubectl logs --prefix --timestamps",
        wrap: |lines| {
            prefixed(lines, |number| {
                format!("[pod/bot-6d5f7c9b4-x2x8z/bot] {}", iso(number, ".#23456789", "Z "))
            })
        },
    },
    Wrap {
        name: "journalctl -o short",
        wrap: |lines| prefixed(lines, |number| format!("{} box bot[412]: ", short(number))),
    },
    Wrap {
        name: "journalctl -o short-precise",
        wrap: |lines| {
            prefixed(lines, |number| {
                format!("{}.{}23456 box bot[412]: ", short(number), number % 10)
            })
        },
    },
    Wrap {
        name: "journalctl -o short-iso",
        wrap: |lines| {
            prefixed(lines, |number| format!("{} box bot[412]: ", iso(number, "", "+0200")))
        },
    },
    Wrap {
        name: "journalctl -o with-unit",
        wrap: |lines| {
            prefixed(lines, |number| {
                let (h, m, s, _) = clock(number);
                format!("Mon 2026-10-12 {h:02}:{m:02}:{s:02} UTC box bot.service[412]: ")
            })
        },
    },
    Wrap {
        name: "journalctl -o json",
        wrap: |lines| {
            let mut out = Vec::new();
            for (number, line) in lines.iter().enumerate() {
                let micros = 1_791_792_000_000_000_u64 + number as u64 * 100_000;
                writeln!(
                    out,
                    "{{\"__CURSOR\":\"s=1;i={number:x}\",\"__REALTIME_TIMESTAMP\":\"{micros}\",\
                     \"_BOOT_ID\":\"6c7c6013a26343b29e964691ff25d04c\",\"_TRANSPORT\":\"stdout\",\"_PID\":\"412\",\
                     \"_SYSTEMD_UNIT\":\"bot.service\",\"SYSLOG_IDENTIFIER\":\"bot\",\"PRIORITY\":\"6\",\
                     \"MESSAGE\":{}}}",
                    journal_value(line)
                )
                .unwrap();
            }
            out
        },
    },
    Wrap {
        // systemd.journal-fields(7), https://systemd.io/JOURNAL_EXPORT_FORMATS/
        name: "journalctl -o export",
        wrap: |lines| {
            let mut out = Vec::new();
            for (number, line) in lines.iter().enumerate() {
                let micros = 1_791_792_000_000_000_u64 + number as u64 * 100_000;
                write!(
                    out,
                    "__CURSOR=s=1;i={number:x}\n__REALTIME_TIMESTAMP={micros}\n__MONOTONIC_TIMESTAMP={number}\n\
                     _BOOT_ID=6c7c6013a26343b29e964691ff25d04c\n_TRANSPORT=stdout\n_PID=412\n_COMM=python3\n\
                     _SYSTEMD_UNIT=bot.service\nSYSLOG_IDENTIFIER=bot\nPRIORITY=6\n"
                )
                .unwrap();
                if line.iter().all(|byte| *byte >= 0x20 && *byte < 0x7f || *byte == b'\t') {
                    out.extend_from_slice(b"MESSAGE=");
                } else {
                    out.extend_from_slice(b"MESSAGE\n");
                    out.extend_from_slice(&(line.len() as u64).to_le_bytes());
                }
                out.extend_from_slice(line);
                out.extend_from_slice(b"\n\n");
            }
            out
        },
    },
    Wrap {
        name: "syslog RFC 3164",
        wrap: |lines| {
            let lines: Vec<Vec<u8>> = lines.iter().map(|line| octal(line)).collect();
            let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
            prefixed(&lines, |number| format!("<14>{} box bot[412]: ", short(number)))
        },
    },
    Wrap {
        name: "syslog RFC 5424",
        wrap: |lines| {
            prefixed(lines, |number| {
                format!("<14>1 {} box bot 412 - - ", iso(number, ".#23456", "+02:00"))
            })
        },
    },
    Wrap {
        name: "supervisor-stdout",
        wrap: |lines| prefixed(lines, |_| "bot stderr | ".to_owned()),
    },
    Wrap {
        name: "circus",
        wrap: |lines| {
            prefixed(lines, |number| {
                let (h, m, s, _) = clock(number);
                format!("2026-10-12 {h:02}:{m:02}:{s:02} [412] | ")
            })
        },
    },
    Wrap { name: "pm2", wrap: |lines| prefixed(lines, |_| "0|bot      | ".to_owned()) },
    Wrap {
        name: "pm2 --time",
        wrap: |lines| prefixed(lines, |number| format!("0|bot      | {}: ", iso(number, "", ""))),
    },
    Wrap {
        name: "honcho",
        wrap: |lines| {
            prefixed(lines, |number| {
                let (h, m, s, _) = clock(number);
                format!("{h:02}:{m:02}:{s:02} bot.1  | ")
            })
        },
    },
    Wrap { name: "ts", wrap: |lines| prefixed(lines, |number| format!("{} ", short(number))) },
    Wrap { name: "ts %FT%T%z", wrap: |lines| prefixed(lines, |number| iso(number, "", "+0200 ")) },
    Wrap {
        // https://cr.yp.to/libtai/tai64.html
        name: "multilog t",
        wrap: |lines| {
            prefixed(lines, |number| format!("@400000006ad0b{number:03x}{:08x} ", number * 1000))
        },
    },
    Wrap {
        name: "svlogd -tt",
        wrap: |lines| {
            prefixed(lines, |number| {
                let (h, m, s, tenth) = clock(number);
                format!("2026-10-12_{h:02}:{m:02}:{s:02}.{tenth}2345 ")
            })
        },
    },
    Wrap {
        name: "GitHub Actions",
        wrap: |lines| {
            let mut out = b"\xef\xbb\xbf".to_vec();
            out.extend(prefixed(lines, |number| iso(number, ".#234567", "Z ")));
            out
        },
    },
    Wrap {
        name: "gh run view --log",
        wrap: |lines| {
            prefixed(lines, |number| format!("bot\tRun bot\t{}", iso(number, ".#234567", "Z ")))
        },
    },
    Wrap {
        name: "GitLab CI",
        wrap: |lines| prefixed(lines, |number| iso(number, ".#23456", "Z 01O ")),
    },
    Wrap { name: "CRLF", wrap: |lines| joined(lines, b"\r\n") },
    Wrap { name: "UTF-16LE", wrap: |lines| utf16(&joined(lines, b"\r\n"), false) },
    Wrap { name: "UTF-16BE", wrap: |lines| utf16(&joined(lines, b"\n"), true) },
    Wrap {
        name: "UTF-8 with BOM",
        wrap: |lines| [&b"\xef\xbb\xbf"[..], &joined(lines, b"\n")].concat(),
    },
    Wrap {
        name: "coloured",
        wrap: |lines| {
            let mut out = Vec::new();
            for line in lines {
                out.extend_from_slice(b"\x1b[36m");
                out.extend_from_slice(line);
                out.extend_from_slice(b"\x1b[0m\n");
            }
            out
        },
    },
    Wrap {
        name: "docker compose in colour",
        wrap: |lines| prefixed(lines, |_| "\x1b[36mbot-1  | \x1b[0m".to_owned()),
    },
    Wrap {
        name: "docker compose in the journal",
        wrap: |lines| {
            prefixed(lines, |number| format!("{} box compose[99]: bot-1  | ", short(number)))
        },
    },
    Wrap {
        name: "NULs before and after",
        wrap: |lines| [&[0; 4096][..], &joined(lines, b"\n"), &[0; 4096]].concat(),
    },
    Wrap { name: "gzip", wrap: |lines| gzip(&joined(lines, b"\n")) },
    Wrap {
        name: "gzip of many members",
        wrap: |lines| lines.iter().flat_map(|line| gzip(&[line, &b"\n"[..]].concat())).collect(),
    },
    Wrap { name: "zstd", wrap: |lines| zstd::encode_all(&joined(lines, b"\n")[..], 1).unwrap() },
    Wrap { name: "xz", wrap: |lines| liblzma::encode_all(&joined(lines, b"\n")[..], 0).unwrap() },
    Wrap {
        name: "bzip2",
        wrap: |lines| {
            let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            out.write_all(&joined(lines, b"\n")).unwrap();
            out.finish().unwrap()
        },
    },
];

/// What must be the same: verdict with rule, level, captures, exception and frame.
fn verdict(report: &Report) -> Option<String> {
    report.verdict.as_ref().map(sketch)
}

fn sketch(found: &Diagnosis) -> String {
    let exception = found.exception.as_ref();
    let frame = exception.and_then(|exception| exception.frame.as_ref());
    let frame = frame.map(|frame| (&frame.file, frame.line, &frame.function));
    let class = exception.map(|exception| exception.class.as_str());
    // Whose process and thread it is, a wrapper may know and the log not.
    let captures: BTreeMap<&String, &String> =
        found.captures.iter().filter(|(key, _)| *key != "pid").collect();
    format!("{} {} {captures:?} {class:?} {frame:?}", found.rule, found.level)
}

fn is_exception(case: &Case, wrap: &Wrap) -> bool {
    EXCEPTIONS
        .iter()
        .chain(clients::EXCEPTIONS)
        .chain(folded::EXCEPTIONS)
        .any(|(name, by, _)| case.name == *name && wrap.name == *by)
}

#[test]
fn every_fixture_through_every_wrapper() {
    let source = Source::stdin();
    let cases = cases();
    let cases: Vec<&Case> = cases.iter().filter(|case| case.is_file()).collect();
    let check = |case: &&Case| {
        let mut wrong = Vec::new();
        let bytes = case.bytes();
        let plain = report_on(
            &source,
            Reader::over(Cursor::new(bytes.clone()), opening()),
            &case.options(),
        );
        // What several services wrote is wrapped already: `streams.rs` is about such logs.
        if plain.sources.len() > 1 {
            return wrong;
        }
        let lines = main_lines(&bytes);
        for wrap in WRAPS.iter().chain(clients::CLIENTS).chain(folded::FOLDED) {
            let wrapped = (wrap.wrap)(&lines);
            let reader = Reader::over(Cursor::new(wrapped), opening());
            let report = report_on(&source, reader, &case.options());
            let same = verdict(&report) == verdict(&plain);
            if same == is_exception(case, wrap) {
                let what = if same { "is the same and no exception" } else { "differs" };
                wrong.push(format!(
                    "{} | {} {what}:\n    {:?}\n    {:?}",
                    case.name,
                    wrap.name,
                    verdict(&plain),
                    verdict(&report)
                ));
            }
        }
        wrong
    };
    let wrong: Vec<String> = cases.par_iter().flat_map(check).collect();
    let all = cases.len() * (WRAPS.len() + clients::CLIENTS.len() + folded::FOLDED.len());
    assert!(wrong.is_empty(), "{} of {all}:\n{}\n", wrong.len(), wrong.join("\n"));
}
