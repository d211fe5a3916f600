//! Reports for the tests of every format.

use std::collections::BTreeMap;

use super::{Report, RunReport, SCHEMA_VERSION, SourceReport, Tool};
use crate::diagnosis::{ChainLink, Diagnosis, Evidence, Exception, Fix, OwnFrame};
use crate::model::{Level, Pattern, Position};

const FILE: &str = "logs/bot.log";

fn position(line: u64, time: &str) -> Position {
    Position {
        source: FILE.to_owned(),
        file: FILE.to_owned(),
        line,
        byte: line * 80,
        time: (!time.is_empty()).then(|| format!("2024-05-01T{time}")),
        raw_time: None,
    }
}

fn evidence(lines: &[(u64, &str)]) -> Vec<Evidence> {
    let line = |&(line, text): &(u64, &str)| Evidence {
        file: FILE.to_owned(),
        line,
        text: text.to_owned(),
    };
    lines.iter().map(line).collect()
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn link(class: &str, message: &str) -> ChainLink {
    ChainLink { class: class.to_owned(), message: message.to_owned() }
}

/// Log lines before the verdict of [`crash`].
pub(super) fn context() -> Vec<Evidence> {
    evidence(&[
        (1039, "2024-05-01 11:59:58,004 INFO feed: BTC/USDT 63250.1"),
        (1040, "2024-05-01 12:00:00,031 INFO feed: BTC/USDT 63251.4"),
    ])
}

fn verdict() -> Diagnosis {
    Diagnosis {
        pattern: Pattern::Network,
        rule: "network/connection-refused".to_owned(),
        title: "Connection refused".to_owned(),
        summary: "api.binance.com refused the connection (errno 111).".to_owned(),
        level: Level::Fatal,
        confidence: 0.95,
        count: 3,
        first: position(412, "11:58:03.120"),
        last: position(1042, "12:00:03.120"),
        evidence: evidence(&[
            (1042, "2024-05-01 12:00:03,120 ERROR feed: could not read the price"),
            (1071, "ConnectionRefusedError: [Errno 111] Connection refused"),
            (
                1090,
                "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='api.binance.com', port=443): Max \
                 retries exceeded with url: /api/v3/ticker/price?symbol=BTCUSDT (Caused by NewConnectionError(\
                 '<urllib3.connection.HTTPSConnection object at 0x7f0a>: Failed to establish a new connection: \
                 [Errno 111] Connection refused'))",
            ),
        ]),
        captures: [("errno", "111"), ("host", "api.binance.com"), ("port", "443")]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        exception: Some(Exception {
            class: "ConnectionRefusedError".to_owned(),
            message: "[Errno 111] Connection refused".to_owned(),
            frame: Some(OwnFrame {
                file: "/home/trader/bot/price_watch.py".to_owned(),
                line: Some(21),
                function: Some("latest".to_owned()),
                code: Some(
                    "response = requests.get(URL, params={\"symbol\": symbol}, timeout=5)"
                        .to_owned(),
                ),
            }),
            chain: vec![
                link("ConnectionRefusedError", "[Errno 111] Connection refused"),
                link(
                    "urllib3.exceptions.NewConnectionError",
                    "Failed to establish a new connection",
                ),
                link(
                    "requests.exceptions.ConnectionError",
                    "HTTPSConnectionPool(host='api.binance.com', port=443): Max retries exceeded with url: /api/v3",
                ),
            ],
        }),
        fix: Fix {
            summary: "Catch the refusal, wait and connect again; find out why nothing listens on \
                      api.binance.com:443."
                .to_owned(),
            steps: strings(&[
                "Wrap every exchange call in one function that retries with exponential backoff and jitter.",
                "Look at the exchange's status page, and at your proxy or VPN if you use one.",
            ]),
            commands: strings(&["curl -v https://api.binance.com/api/v3/ping"]),
        },
        fingerprint: "3f9a1c44d0be7712".to_owned(),
        baseline: None,
    }
}

fn plain(pattern: Pattern, rule: &str, title: &str, level: Level) -> Diagnosis {
    Diagnosis {
        pattern,
        rule: format!("{pattern}/{rule}"),
        title: title.to_owned(),
        summary: format!("{title}."),
        level,
        confidence: 0.9,
        count: 1,
        first: position(20, "10:00:00"),
        last: position(20, "10:00:00"),
        evidence: Vec::new(),
        captures: BTreeMap::new(),
        exception: None,
        fix: Fix { summary: format!("Mend it: {title}."), steps: Vec::new(), commands: Vec::new() },
        fingerprint: format!("{rule:0>16}"),
        baseline: None,
    }
}

fn run(lines: (u64, u64), times: (&str, &str), end: &str, rule: Option<&str>) -> RunReport {
    RunReport {
        first_line: lines.0,
        last_line: lines.1,
        started: Some(format!("2024-05-01T{}", times.0)),
        ended: Some(format!("2024-05-01T{}", times.1)),
        end: end.to_owned(),
        rule: rule.map(str::to_owned),
    }
}

fn report(diagnoses: Vec<Diagnosis>, runs: Vec<RunReport>) -> Report {
    let verdict = diagnoses.first().filter(|first| first.level == Level::Fatal).cloned();
    Report {
        schema_version: SCHEMA_VERSION,
        tool: Tool { name: "wd-diagnose".to_owned(), version: "0.0.0".to_owned() },
        sources: vec![SourceReport {
            name: FILE.to_owned(),
            files: vec![FILE.to_owned()],
            bytes: 98_304,
            lines: 1_204,
            format: "logging".to_owned(),
            first_time: Some("2024-05-01T10:00:00".to_owned()),
            last_time: runs.last().and_then(|run| run.ended.clone()),
            incomplete: None,
            verdict: verdict.as_ref().map(|verdict| verdict.fingerprint.clone()),
            runs,
        }],
        verdict,
        diagnoses,
    }
}

/// A crash, three others, and a later run in health.
pub(super) fn crash() -> Report {
    let mut thread =
        plain(Pattern::Payload, "key-error", "A key is missing in an answer", Level::Error);
    (thread.count, thread.last) = (2, position(700, "11:10:00"));
    let mut limit =
        plain(Pattern::RateLimit, "too-many-requests", "Too many requests", Level::Warning);
    (limit.count, limit.last) = (1_204, position(1001, "11:59:00"));
    let mut clock =
        plain(Pattern::System, "clock-skew", "The clock of this machine is wrong", Level::Warning);
    (clock.first, clock.last) = (position(88, ""), position(90, ""));
    report(
        vec![verdict(), thread, limit, clock],
        vec![
            run((1, 420), ("10:00:00", "11:58:03"), "crash", Some("network/connection-refused")),
            run(
                (421, 1_090),
                ("11:58:10", "12:00:03"),
                "crash",
                Some("network/connection-refused"),
            ),
            run((1_091, 1_204), ("12:00:10", "12:30:00"), "open", None),
        ],
    )
}

/// No crash, one thing that the bot coped with.
pub(super) fn healthy() -> Report {
    let mut limit =
        plain(Pattern::RateLimit, "too-many-requests", "Too many requests", Level::Warning);
    limit.count = 3;
    report(vec![limit], vec![run((1, 1_204), ("10:00:00", "12:00:00"), "open", None)])
}

/// A crash that is none of the seven.
pub(super) fn other() -> Report {
    let mut other =
        plain(Pattern::Other, "uncaught-exception", "An uncaught exception", Level::Fatal);
    other.summary = "An uncaught ZeroDivisionError ended it: division by zero.".to_owned();
    other.evidence = evidence(&[
        (18, "Traceback (most recent call last):"),
        (19, "  File \"/opt/bot/grid.py\", line 40, in step"),
        (20, "ZeroDivisionError: division by zero"),
    ]);
    other.exception = Some(Exception {
        class: "ZeroDivisionError".to_owned(),
        message: "division by zero".to_owned(),
        frame: Some(OwnFrame {
            file: "/opt/bot/grid.py".to_owned(),
            line: Some(40),
            function: Some("step".to_owned()),
            code: Some("size = budget / len(levels)".to_owned()),
        }),
        chain: vec![link("ZeroDivisionError", "division by zero")],
    });
    report(
        vec![other],
        vec![run((1, 20), ("10:00:00", "10:00:00"), "crash", Some("other/uncaught-exception"))],
    )
}

/// What a log, or a report made by someone else, may hold: colours, a title for the terminal, the other
/// direction, markup, workflow commands.
const HOSTILE: &str = "\x1b[31m\x1b]0;owned\x07\u{9b}2J\u{202e}\u{200b}\r::error::x <script>alert(1)</script> & \"' \
                       \n::error file=x::y\n##[error]z %0A::notice::w ::warning::v \u{a0}::debug::u ]]> --> | a || ``` `x` **b** _c_ [d](http://e) ![f](g) \
                       @all #1 $h$ {{i}} ${{ j }} \\ </details>\n```\n| --- |\n# k\n";

/// [`crash`] with hostile text in every field that is text.
pub(super) fn hostile() -> Report {
    let mut report = crash();
    let spoil_position = |position: &mut Position| {
        position.file.push_str(HOSTILE);
        position.source.push_str(HOSTILE);
        position.raw_time = Some(HOSTILE.to_owned());
        position.time = position.time.take().map(|time| time + HOSTILE);
    };
    let mut diagnoses = report.diagnoses.clone();
    for diagnosis in &mut diagnoses {
        for text in [
            &mut diagnosis.rule,
            &mut diagnosis.title,
            &mut diagnosis.summary,
            &mut diagnosis.fingerprint,
        ] {
            text.push_str(HOSTILE);
        }
        spoil_position(&mut diagnosis.first);
        spoil_position(&mut diagnosis.last);
        for line in &mut diagnosis.evidence {
            line.file.push_str(HOSTILE);
            line.text.push_str(HOSTILE);
        }
        diagnosis.captures.insert(HOSTILE.to_owned(), HOSTILE.to_owned());
        if let Some(exception) = &mut diagnosis.exception {
            exception.class.push_str(HOSTILE);
            exception.message.push_str(HOSTILE);
            for link in &mut exception.chain {
                link.class.push_str(HOSTILE);
                link.message.push_str(HOSTILE);
            }
            if let Some(frame) = &mut exception.frame {
                frame.file.push_str(HOSTILE);
                frame.function = Some(HOSTILE.to_owned());
                frame.code = Some(HOSTILE.to_owned());
            }
        }
        diagnosis.fix.summary.push_str(HOSTILE);
        diagnosis.fix.steps.push(HOSTILE.to_owned());
        diagnosis.fix.commands.push(HOSTILE.to_owned());
    }
    report.verdict = diagnoses.first().cloned();
    report.diagnoses = diagnoses;
    for source in &mut report.sources {
        for text in [&mut source.name, &mut source.files[0], &mut source.format] {
            text.push_str(HOSTILE);
        }
        source.incomplete = Some(HOSTILE.to_owned());
        source.first_time = Some(HOSTILE.to_owned());
        source.last_time = Some(HOSTILE.to_owned());
        for run in &mut source.runs {
            run.end.push_str(HOSTILE);
            run.started = Some(HOSTILE.to_owned());
            run.ended = Some(HOSTILE.to_owned());
            run.rule = run.rule.take().map(|rule| rule + HOSTILE);
        }
    }
    report
}

/// Nothing in `text` can act on a terminal or hide.
pub(super) fn assert_inert(text: &str) {
    let bad = text.chars().find(|c| {
        (c.is_control() && *c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
    });
    assert_eq!(bad, None, "in {text}");
}
