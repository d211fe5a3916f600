//! What no line says: each detector finds what it is made for, leaves alone what only looks like it, and is
//! missed where it is switched off.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;
#[path = "../benches/corpus.rs"]
mod corpus;

use common::{find, fixture, report_on_bytes, report_on_end, report_without};
use wd_diagnose::diagnosis::Diagnosis;
use wd_diagnose::model::Level;

/// A moment of one day.
fn time(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    format!("2026-03-{:02} {:02}:{:02}:{:02}", 2 + days, rest / 3600, rest / 60 % 60, rest % 60)
}

/// Ticks between two moments, one every `every` seconds.
fn ticks(from: u64, to: u64, every: usize) -> String {
    let tick = |at: u64| format!("{},000 INFO tick: BTCUSDT {}.5\n", time(at), 64_000 + at % 97);
    (from..to).step_by(every).map(tick).collect()
}

fn clock_error(at: u64) -> String {
    format!(
        "{},000 WARNING binance {{\"code\":-1021,\"msg\":\"Timestamp for this request is outside of the recvWindow.\"}}, retrying\n",
        time(at)
    )
}

#[test]
fn a_clock_that_was_set_back_is_the_cause_of_clock_errors() {
    let log = [ticks(600, 900, 1), ticks(860, 870, 1), clock_error(870), ticks(871, 1_000, 1)];
    let log = log.concat();
    let report = report_on_bytes(log.clone());
    let jump = find(&report, "system/clock-jump").unwrap();
    assert_eq!((jump.first.line, jump.last.line, jump.level), (300, 301, Level::Warning));
    assert_eq!(jump.captures["skew"], "-39 s");
    assert!(jump.summary.contains("What followed"), "{}", jump.summary);
    assert!(report.verdict.is_none());
    assert!(find(&report_without("system/clock-jump", false, &log), "system/clock-jump").is_none());
}

#[test]
fn times_that_go_back_for_another_reason_are_no_clock() {
    let (error, after) = (clock_error(870), ticks(871, 1_000, 1));
    let to_and_fro: String = (0..20)
        .map(|n| ticks(600 + n * 10, 605 + n * 10, 1) + &ticks(560 + n * 10, 565 + n * 10, 1))
        .collect();
    for (what, log) in [
        ("no error follows", ticks(600, 900, 1) + &ticks(860, 1_000, 1)),
        ("winter time", ticks(7_200, 10_800, 9) + &ticks(7_200, 7_290, 9) + &clock_error(7_300)),
        ("threads", ticks(600, 900, 1) + &ticks(897, 910, 1) + &error),
        ("two writers", to_and_fro + &error),
        ("the error comes an hour later", {
            ticks(600, 900, 1) + &ticks(860, 4_400, 1) + &clock_error(4_500)
        }),
        ("forward", ticks(600, 800, 1) + &ticks(860, 870, 1) + &error + &after),
    ] {
        let report = report_on_bytes(log);
        assert!(find(&report, "system/clock-jump").is_none(), "{what}");
    }
}

const GAP: &str = "system/gap";
const SLEEP: &str = "system/sleep";

fn line(at: u64, text: &str) -> String {
    format!("{},000 {text}\n", time(at))
}

#[test]
fn a_silence_that_does_not_fit_is_named_exactly() {
    let short = ticks(600, 900, 1) + &ticks(1_200, 1_500, 1);
    // Behind what is read line by line, one line in many is looked at first.
    let long = ticks(600, 20_600, 1) + &ticks(30_003, 50_000, 1);
    for (what, log, lines, length) in [
        ("a short log", short, (300, 301), "5 min"),
        ("a long log", long, (20_000, 20_001), "3 h"),
        ("a slow log", ticks(0, 36_000, 300) + &ticks(60_007, 90_000, 300), (120, 121), "7 h"),
    ] {
        let report = report_on_bytes(log.clone());
        let gap = find(&report, GAP).unwrap_or_else(|| panic!("{what}: {report:#?}"));
        assert_eq!((gap.first.line, gap.last.line, gap.count), (lines.0, lines.1, 1), "{what}");
        assert!(gap.summary.contains(&format!("silent for {length}")), "{}", gap.summary);
        assert_eq!((report.verdict.as_ref(), gap.level), (None, Level::Warning), "{what}");
        assert_eq!(gap.evidence.len(), 2, "the last line and the first");
        assert!(find(&report_without(GAP, false, &log), GAP).is_none(), "{what}");
    }
}

#[test]
fn of_several_silences_the_longest_speaks_for_all() {
    let log = [(600, 900), (1_200, 1_500), (2_100, 2_400), (2_800, 3_100)];
    let log: String = log.iter().map(|&(from, to)| ticks(from, to, 1)).collect();
    let report = report_on_bytes(log);
    let gap = find(&report, GAP).unwrap();
    assert_eq!((gap.count, gap.first.line, gap.last.line), (3, 300, 901));
    assert!(gap.summary.contains("silent for 10 min"), "{}", gap.summary);
    assert!(gap.summary.contains("2026-03-02T00:24:59"), "{}", gap.summary);
}

#[test]
fn silences_that_fit_are_left_alone() {
    let (before, after) = (ticks(36_000, 36_600, 1), ticks(41_003, 41_600, 1));
    let around = |last: &str, first: &str| {
        before.clone() + &line(36_600, last) + &line(41_002, first) + &after
    };
    let usual = "INFO tick: BTCUSDT 64000.5";
    assert!(find(&report_on_bytes(around(usual, usual)), GAP).is_some(), "the lines decide");
    let nights: String = (0..3)
        .map(|day| {
            let wobble = [0, 700, 350][day as usize];
            ticks(day * 86_400 + 34_000 + wobble, day * 86_400 + 57_000 - wobble, 20)
        })
        .collect();
    let bursts = |from: u64, count: u64, every: u64| -> String {
        (0..count).map(|n| ticks(from + n * every, from + n * every + 3, 1)).collect()
    };
    for (what, log) in [
        ("an announced wait", around("INFO main: sleeping 4400 s", usual)),
        ("a market that closes", around("INFO session closed, next open at 09:30", usual)),
        ("a market that opens", around(usual, "INFO main: market open, resuming")),
        ("a handled error", around("WARNING feed: order book refused, trying later", usual)),
        ("a run that starts", around(usual, "INFO main: bot starting, pid 77")),
        ("nights", nights),
        ("a schedule", ticks(36_000, 37_200, 1) + &ticks(43_200, 44_400, 1)),
        ("summer time", ticks(3_600, 7_200, 2) + &ticks(10_800, 14_400, 2)),
        ("another level", ticks(36_000, 36_600, 1) + &ticks(36_900, 90_000, 300)),
        ("a start, and then a beat", ticks(36_000, 36_030, 1) + &bursts(39_630, 2, 3_600)),
        ("bursts", bursts(36_000, 40, 120) + &bursts(41_200, 40, 120)),
        ("a traceback without times", around("INFO tick", usual).replacen("INFO tick\n", "INFO tick\nTraceback (most recent call last):\n  File \"/srv/bot/run.py\", line 9, in <module>\n    step()\nValueError: no step\n", 1)),
        ("the last lines", before.clone() + &ticks(41_003, 41_006, 1)),
    ] {
        let report = report_on_bytes(log);
        assert!(find(&report, GAP).is_none(), "{what}: {:#?}", find(&report, GAP));
        assert!(report.verdict.is_none(), "{what}");
    }
}

/// A bot that logs when it trades has no rhythm: whatever it does is no silence.
#[test]
fn logs_without_a_rhythm_have_no_gaps() {
    let mut found = Vec::new();
    for seed in 0..60 {
        let mut dice = corpus::Dice::new(seed + 1);
        let (mut at, mut log) = (0.0, String::new());
        while at < 27.0 * 86_400.0 && log.len() < 40_000 {
            // Sums of twelve throws are near enough to normal; their powers are spread over decades.
            let normal = (0..12).map(|_| dice.below(1_000) as f64 / 1_000.0).sum::<f64>() - 6.0;
            at += 60.0 * (normal * (1.0 + (seed % 3) as f64 * 0.5)).exp();
            log += &line(at as u64, "INFO fill: BTCUSDT 64000.5");
        }
        let report = report_on_bytes(log);
        found.extend(find(&report, GAP).map(|gap| (seed, gap.summary.clone())));
    }
    assert!(found.len() <= 1, "{found:#?}");
}

#[test]
fn a_sleep_is_the_cause_of_what_comes_when_the_machine_wakes() {
    let (before, after) = (ticks(600, 1_500, 1), ticks(12_013, 12_300, 1));
    let lost = |at: u64, host: &str| {
        line(
            at,
            &format!(
                "WARNING feed: ConnectionResetError: [Errno 104] Connection reset by peer, wss://{host}/ws, reconnecting"
            ),
        )
    };
    let clock = before.clone() + &ticks(12_001, 12_004, 1) + &clock_error(12_004) + &after;
    let hosts = before.clone()
        + &line(12_001, "INFO tick: BTCUSDT 64000.5")
        + &lost(12_001, "stream.binance.com")
        + &lost(12_002, "ws.okx.com")
        + &after;
    for (what, log, symptoms) in [("a clock", clock, 1), ("two hosts", hosts, 1)] {
        let report = report_on_bytes(log.clone());
        let sleep = find(&report, SLEEP).unwrap_or_else(|| panic!("{what}: {report:#?}"));
        assert_eq!((sleep.first.line, sleep.last.line), (900, 901), "{what}");
        assert!(sleep.summary.contains("What followed"), "{what}: {}", sleep.summary);
        assert!(find(&report, GAP).is_none() && report.verdict.is_none(), "{what}");
        let followed = |one: &&Diagnosis| one.summary.contains("It followed from");
        assert!(report.diagnoses.iter().filter(followed).count() >= symptoms, "{what}");
        let off = report_without(SLEEP, false, &log);
        assert!(find(&off, SLEEP).is_none() && !off.diagnoses.iter().any(|one| followed(&one)));
    }
    // Between two samples of a longer log, and some lines later.
    let long = ticks(600, 12_600, 1)
        + &ticks(40_000, 40_020, 1)
        + &clock_error(40_020)
        + &ticks(40_021, 41_000, 1);
    let long = report_on_bytes(long);
    let sleep = find(&long, SLEEP).unwrap_or_else(|| panic!("{long:#?}"));
    assert_eq!((sleep.first.line, sleep.last.line), (12_000, 12_001));
    assert!(
        find(&long, GAP).is_none(),
        "its silence is told once, though it was seen as a sample later"
    );
    // One host alone may have been what the bot waited for.
    let one = before.clone() + &ticks(12_001, 12_003, 1) + &lost(12_003, "ws.okx.com") + &after;
    assert!(find(&report_on_bytes(one), SLEEP).is_none());
    // The bot dies of it: the sleep is the verdict.
    let death = before
        + &ticks(12_001, 12_004, 1)
        + "Traceback (most recent call last):\n  File \"/srv/bot/run.py\", line 9, in <module>\n    trade()\n\
           ccxt.base.errors.InvalidNonce: binance {\"code\":-1021,\"msg\":\"Timestamp for this request is outside of the recvWindow.\"}\n";
    let verdict = report_on_bytes(death).verdict.unwrap();
    assert_eq!((verdict.rule.as_str(), verdict.level), (SLEEP, Level::Fatal));
}

/// What the bot itself says of it is told, and not the silence beside it.
#[test]
fn a_silence_of_which_the_log_tells_is_told_once() {
    let said = |at: u64| line(at, "WARNING guard: resumed from suspend after 10500 s, resyncing");
    let log = |word: u64| {
        ticks(600, 1_500, 1) + &ticks(12_001, word, 1) + &said(word) + &ticks(word, 17_000, 1)
    };
    let rules = |log: String| -> Vec<String> {
        report_on_bytes(log).diagnoses.into_iter().map(|one| one.rule).collect()
    };
    assert_eq!(rules(log(12_004)), ["system/host-suspended"]);
    assert_eq!(rules(log(12_120)), ["system/host-suspended"], "two minutes are near");
    let both = rules(log(12_122));
    assert!(both.contains(&GAP.to_owned()) && both.len() == 2, "{both:?}");
}

#[test]
fn hosts_that_are_lost_at_once_are_one_incident() {
    const OFFLINE: &str = "network/offline";
    let log = fixture("network/all-hosts-lost");
    let report = report_on_bytes(log.clone());
    let offline = find(&report, OFFLINE).unwrap();
    assert_eq!((offline.first.line, offline.level), (11, Level::Warning));
    assert!(offline.summary.contains("What followed"), "{}", offline.summary);
    let others = report.diagnoses.iter().filter(|one| one.rule != OFFLINE);
    for other in others {
        assert!(other.summary.contains("It followed from"), "{}: {}", other.rule, other.summary);
    }
    assert!(find(&report_without(OFFLINE, false, &log), OFFLINE).is_none());
    // One exchange whose name is gone is its own fault, however often it is asked for.
    let one: String = log
        .lines()
        .filter(|line| !line.contains("okx") && !line.contains("kraken"))
        .map(|line| format!("{line}\n"))
        .collect();
    let alone = report_on_bytes(one);
    assert!(find(&alone, OFFLINE).is_none() && find(&alone, "network/dns").is_some());
    // So are two whose names are gone at different times.
    let dns = |at: u64, host: &str| {
        line(
            at,
            &format!(
                "WARNING feed: {host}: NameResolutionError(\"HTTPSConnection(host='{host}', port=443): Failed to resolve '{host}' ([Errno -3] Temporary failure in name resolution)\")"
            ),
        )
    };
    let apart = |seconds: u64| {
        ticks(0, 600, 5)
            + &dns(600, "api.binance.com")
            + &ticks(600, 600 + seconds, 5)
            + &dns(600 + seconds, "www.okx.com")
    };
    assert!(find(&report_on_bytes(apart(60)), OFFLINE).is_some(), "the edge of the window");
    assert!(find(&report_on_bytes(apart(61)), OFFLINE).is_none(), "past it");
}

const SILENT: &str = "system/silent-stop";

#[test]
fn a_run_behind_which_another_starts_without_a_word_is_told() {
    let start = |at: u64| line(at, "INFO main: bot starting, pid 77");
    let log = start(600) + &ticks(601, 660, 1) + &start(670) + &ticks(671, 700, 1);
    let report = report_on_bytes(log.clone());
    let silent = find(&report, SILENT).unwrap();
    assert_eq!((silent.level, silent.last.line, silent.count), (Level::Error, 60, 1));
    assert!(
        report.verdict.is_none(),
        "a later run is in health, and nobody knows why this one ended"
    );
    let ends: Vec<&str> = report.sources[0].runs.iter().map(|run| run.end.as_str()).collect();
    assert_eq!(ends, ["silent", "open"]);
    assert!(find(&report_without(SILENT, false, &log), SILENT).is_none());
    let bye = line(661, "INFO main: shutdown complete, bye");
    for (what, log) in [
        ("a goodbye", start(600) + &ticks(601, 660, 1) + &bye + &start(670) + &ticks(671, 700, 1)),
        (
            "what a start says in several lines",
            line(600, "INFO main: config loaded")
                + &ticks(601, 603, 1)
                + &start(603)
                + &ticks(604, 700, 1),
        ),
        ("the end of the log", start(600) + &ticks(601, 660, 1)),
    ] {
        assert!(find(&report_on_bytes(log), SILENT).is_none(), "{what}");
    }
    // Several of them are one diagnosis.
    let again: String =
        (0..5).map(|n| start(n * 100) + &ticks(n * 100 + 1, n * 100 + 60, 1)).collect();
    assert_eq!(find(&report_on_bytes(again), SILENT).unwrap().count, 4);
}

#[test]
fn a_torn_last_line_is_a_kill_where_the_bot_is_known_to_be_down() {
    const TORN: &str = "system/torn-end";
    let log = fixture("system/killed-mid-line");
    let verdict = report_on_end(log.clone(), true).verdict.unwrap();
    assert_eq!((verdict.rule.as_str(), verdict.level), (TORN, Level::Fatal));
    for (what, text, stopped) in [
        ("not known to be down", log.clone(), false),
        ("whole", log.lines().take(400).map(|line| format!("{line}\n")).collect(), true),
        ("only the newline is missing", log.lines().take(400).collect::<Vec<_>>().join("\n"), true),
    ] {
        let report = report_on_end(text, stopped);
        assert!(find(&report, TORN).is_none(), "{what}");
        assert_eq!(
            report.verdict.as_ref().map(|one| one.rule.as_str()),
            stopped.then_some(SILENT),
            "{what}"
        );
    }
}

/// Real deaths and stops, where the bot is known to be down and where it is not.
#[test]
fn real_ends_are_verdicts_where_the_bot_is_known_to_be_down() {
    let verdict = |name: &str, stopped: bool| {
        report_on_end(fixture(name), stopped).verdict.map(|one| one.rule)
    };
    for (name, open, down) in [
        ("system/stopped-silently", None, Some(SILENT)),
        ("system/stopped-silently-then-restarted", None, Some(SILENT)),
        ("system/killed-mid-line", None, Some("system/torn-end")),
        ("system/killed-mid-line-then-started", None, Some("system/torn-end")),
        ("system/killed-and-another-process", None, Some(SILENT)),
        ("system/killed-and-goes-on", None, Some(SILENT)),
        ("system/killed-and-counts-anew", None, Some(SILENT)),
        ("system/killed-and-clock-anew", None, Some(SILENT)),
        ("memory/leak-then-silence", None, Some("memory/growth")),
        ("memory/leak-then-silence-stopped", None, Some("memory/growth")),
        ("memory/leak-then-killed", Some("memory/growth"), Some("memory/growth")),
        ("memory/killed-with-kernel-lines", Some("memory/growth"), Some("memory/growth")),
        (
            "rate-limit/answers-degrade",
            Some("rate-limit/answers-degrade"),
            Some("rate-limit/answers-degrade"),
        ),
        // It said goodbye, or goes on in health.
        ("system/stood-still", None, None),
        ("system/slept", None, None),
        ("network/all-hosts-lost", None, None),
        ("rate-limit/frozen-and-believed", None, None),
        ("rate-limit/zero-and-believed", None, None),
        // The feed is what stopped, and then the bot as well.
        ("network/feed-stops", None, Some(SILENT)),
    ] {
        assert_eq!(verdict(name, false).as_deref(), open, "{name}");
        assert_eq!(verdict(name, true).as_deref(), down, "{name}, down");
    }
}

#[test]
fn half_of_a_market_is_torn_too() {
    let torn = |keep: usize| {
        let last = line(900, "INFO feed: BTC/USDT last=64000.5 vol=1.5");
        (600..900)
            .map(|at| line(at, "INFO feed: BTC/USDT last=64001.5 vol=2.5"))
            .collect::<String>()
            + &last[..last.len() - keep]
    };
    for (keep, rule) in [(25, "system/torn-end"), (4, "system/torn-end"), (1, SILENT)] {
        let verdict = report_on_end(torn(keep), true).verdict.unwrap();
        assert_eq!(verdict.rule, rule, "{keep}");
    }
}

#[test]
fn what_stood_still_is_alive_and_no_verdict_unless_it_is_down() {
    for (name, rule) in [("system/stood-still", GAP), ("system/slept", SLEEP)] {
        let log = fixture(name);
        let found = report_on_end(log.clone(), false);
        assert!(found.verdict.is_none() && find(&found, rule).is_some(), "{name}");
        assert!(find(&report_without(rule, false, &log), rule).is_none(), "{name}");
        // It said goodbye: nobody killed it.
        assert!(report_on_end(log, true).verdict.is_none(), "{name}");
    }
}

const NEWEST_FIRST: &str = "other/newest-first";

/// The log as a console that lists the newest entry first shows it.
fn turned_round(log: &str) -> String {
    log.lines().rev().map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_log_that_lists_its_newest_entry_first_has_no_verdict_and_says_so_once() {
    // The bot met this at first and got over it; behind what came before it, it looks like the end.
    let error = line(
        601,
        "ERROR feed: HTTP 401 Unauthorized for url: https://api.kraken.com/0/private/Balance",
    );
    let in_order = line(600, "INFO bot starting") + &error + &ticks(602, 900, 1);
    assert!(find(&report_on_bytes(in_order.clone()), NEWEST_FIRST).is_none());
    let log = turned_round(&in_order);
    let report = report_on_bytes(log.clone());
    let word = find(&report, NEWEST_FIRST).unwrap();
    assert_eq!((word.first.line, word.last.line, word.level), (1, 300, Level::Warning));
    assert_eq!(word.count, 1);
    assert!(word.fix.commands.iter().any(|command| command.contains("tac bot.log")));
    assert_eq!(report.verdict, None);
    assert!(report.diagnoses.iter().all(|one| one.level < Level::Fatal));
    assert!(find(&report, "system/silent-stop").is_none());
    let source = &report.sources[0];
    assert!(source.first_time < source.last_time, "{source:?}");
    assert_eq!(source.runs.len(), 1);
    assert_eq!((source.runs[0].first_line, source.runs[0].last_line), (1, 300));
    assert_eq!(source.runs[0].end, "open");
    let without = report_without(NEWEST_FIRST, false, &log);
    assert!(without.verdict.is_some(), "else the log proves nothing: {without:#?}");
}

#[test]
fn times_that_go_back_now_and_then_are_no_order() {
    let threads: String =
        (0..200).map(|n| ticks(600 + n - n % 2 * 3, 601 + n - n % 2 * 3, 1)).collect();
    let pages: String =
        (0..20).map(|n| turned_round(&ticks(600 + n * 3, 603 + n * 3, 1))).collect();
    let copies: String = (0..9).map(|n| ticks(90_000 - n * 3_600, 90_010 - n * 3_600, 1)).collect();
    for (what, log) in [
        ("in order", ticks(600, 900, 1)),
        ("a clock that was set back", ticks(600, 900, 1) + &ticks(300, 400, 1)),
        ("threads", threads),
        ("short pages, each turned round", pages),
        ("logs one behind the other, the newest first", copies),
        ("three lines", turned_round(&ticks(600, 603, 1))),
        ("one moment", turned_round(&ticks(600, 601, 1)).repeat(50)),
    ] {
        assert!(find(&report_on_bytes(log), NEWEST_FIRST).is_none(), "{what}");
    }
}
