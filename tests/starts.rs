//! Runs that begin without a word of it: another process writes, a clock or a counter begins anew, or the
//! first line stands behind what was left of the last one; and what only looks like that.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{find, fixture, report_on_bytes, report_without};
use wd_diagnose::model::Level;
use wd_diagnose::report::Report;

/// First line and end of each run.
fn runs(report: &Report) -> Vec<(u64, &str)> {
    report.sources[0].runs.iter().map(|run| (run.first_line, run.end.as_str())).collect()
}

/// A moment of one day, a quarter past one and some seconds.
fn time(seconds: u32) -> String {
    let s = seconds + 4_500;
    format!("2026-03-02 {:02}:{:02}:{:02},000", s / 3600, s / 60 % 60, s % 60)
}

/// What a process says from one second to another: what it loads, then ticks.
fn process(from: u32, to: u32, pid: u32) -> String {
    let line = |s: u32, text: String| format!("{} - {pid} - grid - INFO - {text}\n", time(s));
    let ticks = (from + 1..to).map(|s| line(s, format!("BTCUSDT at {}.5", 64_000 + s % 97)));
    line(from, "markets of binance: 214".to_owned()) + &ticks.collect::<String>()
}

#[test]
fn another_process_that_begins_as_the_first_did_is_another_run() {
    let log = process(0, 100, 4_711) + &process(105, 200, 4_822) + &process(210, 300, 5_001);
    let report = report_on_bytes(log);
    assert_eq!(runs(&report), [(1, "silent"), (101, "silent"), (196, "open")]);
    let silent = find(&report, "system/silent-stop").unwrap();
    assert_eq!((silent.level, silent.count), (Level::Error, 2));
    assert!(report.verdict.is_none());
}

/// Nothing else tells of it where it begins in the second in which the first one stops.
#[test]
fn another_process_that_begins_so_at_once_is_another_run() {
    let log = process(0, 100, 4_711) + &process(100, 200, 4_822);
    assert_eq!(runs(&report_on_bytes(log.clone())), [(1, "silent"), (101, "open")]);
    // What it says first is what the first one said first.
    let other = log.replacen("markets of binance", "pairs of binance", 1);
    assert_eq!(runs(&report_on_bytes(other)).len(), 1);
    let error =
        log.replacen("00 - 4822 - grid - INFO - markets", "00 - 4711 - grid - INFO - markets", 1);
    assert_eq!(runs(&report_on_bytes(error)).len(), 1, "the first one loads again");
}

#[test]
fn processes_beside_each_other_are_one_run() {
    let weave = |one: &str, other: &str| -> String {
        one.lines().zip(other.lines()).map(|(a, b)| format!("{a}\n{b}\n")).collect()
    };
    let pool = process(0, 100, 1) + &weave(&process(100, 200, 1), &process(100, 200, 2));
    let done = |pid: u32, s: u32| format!("{} - {pid} - grid - INFO - job done\n", time(s));
    let jobs: String = (0..5)
        .map(|n| process(n * 100, n * 100 + 90, 10 + n) + &done(10 + n, n * 100 + 90))
        .collect();
    for (what, log) in [
        ("it loads again", process(0, 100, 7) + &process(100, 200, 7)),
        ("a pool", pool.clone() + &process(200, 300, 2)),
        ("a pool whose members take turns", {
            weave(&process(0, 100, 1), &process(0, 100, 2)) + &pool + &process(200, 300, 3)
        }),
        ("jobs", jobs),
    ] {
        let report = report_on_bytes(log);
        assert!(find(&report, "system/silent-stop").is_none(), "{what}");
        assert_eq!(report.sources[0].runs.len(), 1, "{what}");
    }
}

#[test]
fn a_clock_that_counts_from_the_start_and_begins_anew_is_another_run() {
    let clock = |s: u32| format!("{:02}:{:02}:{:02}", s / 3600 % 24, s / 60 % 60, s % 60);
    let run = |from: u32, to: u32| -> String {
        let ticks = (from + 1..to).map(|s| format!("{} INFO BTCUSDT at {}.5\n", clock(s), s));
        format!("{} INFO markets of binance: 214\n", clock(from)) + &ticks.collect::<String>()
    };
    assert_eq!(runs(&report_on_bytes(run(2, 300) + &run(2, 200))), [(1, "silent"), (299, "open")]);
    // A clock of the day passes midnight.
    let day = run(2, 86_399) + &run(86_402, 86_700);
    assert_eq!(runs(&report_on_bytes(day)).len(), 1);
}

/// Ticks of a process from one second to another, which begin with nothing of their own.
fn goes_on(from: u32, to: u32, pid: u32) -> String {
    let line =
        |s: u32| format!("{} - {pid} - grid - INFO - BTCUSDT at {}.5\n", time(s), 64_000 + s % 97);
    (from..to).map(line).collect()
}

#[test]
fn another_process_that_writes_on_for_good_is_another_run() {
    let says = |s: u32, pid: u32, text: &str| format!("{} - {pid} - grid - {text}\n", time(s));
    let first = goes_on(0, 120, 4_711);
    let next = goes_on(126, 300, 4_822);
    let silent = first.clone() + &next;
    let report = report_on_bytes(silent);
    assert_eq!(runs(&report), [(1, "silent"), (121, "open")]);
    assert_eq!(find(&report, "system/silent-stop").unwrap().last.line, 120);
    for (what, log) in [
        (
            "an error stands last",
            first.clone() + &says(120, 4_711, "ERROR - lost the book") + &goes_on(121, 300, 4_822),
        ),
        (
            "it says that it starts",
            first.clone() + &says(120, 4_822, "INFO - config loaded") + &goes_on(121, 300, 4_822),
        ),
        ("behind a line of none", "markets\n".to_owned() + &first + &next),
        ("three of them", first.clone() + &goes_on(126, 300, 4_822) + &goes_on(306, 400, 5_001)),
    ] {
        assert!(runs(&report_on_bytes(log)).len() > 1, "{what}");
    }
    // Where most lines are only sampled.
    let long = goes_on(0, 9_000, 4_711) + &goes_on(9_030, 20_000, 4_822);
    assert_eq!(runs(&report_on_bytes(long)), [(1, "silent"), (9_001, "open")]);
}

#[test]
fn another_process_that_only_helps_is_no_run() {
    let worker = |from: u32, to: u32, text: &str| -> String {
        (from..to).map(|s| format!("{} - 4822 - grid - INFO - {text} {s}\n", time(s))).collect()
    };
    let first = goes_on(0, 120, 4_711);
    for (what, log) in [
        (
            "the first is heard again",
            first.clone() + &worker(126, 200, "window") + &goes_on(201, 300, 4_711),
        ),
        (
            "it begins as the first did",
            process(0, 120, 4_711) + &process(126, 200, 4_822) + &goes_on(201, 300, 4_711),
        ),
        ("it says so", first.clone() + &worker(126, 300, "worker: window")),
        ("nothing speaks for an end", first.clone() + &goes_on(120, 300, 4_822)),
        ("only some lines of it", first.clone() + &goes_on(126, 136, 4_822)),
        (
            "the first asked for it",
            first.clone()
                + "2026-03-02 01:17:00,000 - 4711 - grid - INFO - spawning\n"
                + &goes_on(126, 300, 4_822),
        ),
        ("they take turns", (0..20).map(|n| goes_on(n * 10, n * 10 + 9, 4_711 + n % 2)).collect()),
    ] {
        let report = report_on_bytes(log);
        assert_eq!(report.sources[0].runs.len(), 1, "{what}: {:?}", runs(&report));
        assert!(report.diagnoses.is_empty(), "{what}");
    }
}

/// Lines that count, from 1 up.
fn count(from: u32, to: u32) -> String {
    let line = |(n, s)| format!("{} INFO cycle {n} of BTCUSDT: flat\n", time(s));
    (1..).zip(from..to).map(line).collect()
}

#[test]
fn a_counter_that_begins_anew_is_another_run() {
    let log = count(0, 500) + &count(505, 900);
    assert_eq!(runs(&report_on_bytes(log)), [(1, "silent"), (501, "open")]);
    let again =
        |before: &str| count(0, 500) + &format!("{} {before}\n", time(501)) + &count(505, 900);
    for (what, log) in [
        ("a stream", again("WARNING feed: reconnected")),
        ("a day", again("INFO new day, counting anew")),
        ("a full hour", count(0, 2_700) + &count(2_701, 3_000)),
        ("a small counter", (0..40).map(|n| count(n * 12, n * 12 + 10)).collect()),
        ("it only goes on", count(0, 900)),
    ] {
        let report = report_on_bytes(log);
        assert_eq!(runs(&report).len(), 1, "{what}");
        assert!(report.diagnoses.is_empty(), "{what}");
    }
}

#[test]
fn a_torn_line_with_the_next_start_behind_it_was_a_kill() {
    const TORN: &str = "system/torn-end";
    let ticks = |from: u32, to: u32| -> String {
        let line =
            |s: u32| format!("{} INFO {{\"tick\": {s}, \"bid\": {}.5}}\n", time(s), 64_000 + s);
        (from..to).map(line).collect()
    };
    let start = |s: u32, what: &str| format!("{} INFO {what}\n", time(s));
    for what in ["bot starting, pid 71", "Grid trader v1.4.2 launched"] {
        let first = start(0, what) + &ticks(1, 90);
        for keep in [2, 30, 34, 41] {
            // What was in the buffer ends anywhere.
            let mut log = first.clone() + &ticks(90, 91);
            log.truncate(first.len() + keep);
            log += &(start(105, what) + &ticks(106, 180));
            let report = report_on_bytes(log);
            let torn = find(&report, TORN).unwrap_or_else(|| panic!("{what}, {keep}: {report:#?}"));
            assert_eq!((torn.level, torn.last.line), (Level::Error, 90), "{what}, {keep}");
            assert!(find(&report, "system/silent-stop").is_none(), "{what}, {keep}");
            assert_eq!(runs(&report), [(1, "silent"), (91, "open")], "{what}, {keep}");
        }
        // A whole last line is no torn one.
        let report = report_on_bytes(first + &start(105, what) + &ticks(106, 180));
        assert!(find(&report, TORN).is_none(), "{what}");
        assert!(find(&report, "system/silent-stop").is_some(), "{what}");
    }
}

#[test]
fn real_runs_that_were_killed_and_started_anew() {
    const TORN: &str = "system/torn-end";
    const SILENT: &str = "system/silent-stop";
    let torn = fixture("system/killed-mid-line-then-started");
    let report = report_on_bytes(torn.clone());
    assert_eq!(runs(&report), [(1, "silent"), (260, "open")]);
    let found = find(&report, TORN).unwrap();
    assert_eq!((found.level, found.last.line), (Level::Error, 259));
    let texts: Vec<&str> = found.evidence.iter().map(|line| line.text.as_str()).collect();
    assert!(texts[1].ends_with("INFO grid bot starting, pid 17"), "{texts:?}");
    // Where the one is off, that it stopped without a word is told all the same.
    let off = report_without(TORN, false, &torn);
    assert!(find(&off, TORN).is_none() && find(&off, SILENT).is_some());
    let lives = fixture("system/killed-and-another-process");
    let report = report_on_bytes(lives.clone());
    assert_eq!(runs(&report), [(1, "silent"), (65, "silent"), (130, "open")]);
    assert_eq!(find(&report, SILENT).unwrap().count, 2);
    // The process alone tells them apart.
    let one: String = lives.replace(" - 19 - ", " - 14 - ").replace(" - 22 - ", " - 14 - ");
    assert_eq!(runs(&report_on_bytes(one)).len(), 1);
}

/// What a bot says from one second to another, every two seconds.
fn ticks(from: u32, to: u32) -> String {
    let line =
        |s: u32| format!("{} - strategy - INFO - BTCUSDT at {}.5\n", time(s), 64_000 + s % 97);
    (from..to).step_by(2).map(line).collect()
}

/// Two lines before the one that tells of a start, and that.
fn begins(s: u32) -> String {
    [
        "loggers - INFO - Verbosity set to 0",
        "main - INFO - Using config: config.json",
        "main - INFO - bot starting, pid 7",
    ]
    .iter()
    .map(|text| format!("{} - {text}\n", time(s)))
    .collect()
}

#[test]
fn what_a_bot_says_before_it_tells_of_its_start_is_of_that_run() {
    let bye = |s: u32| format!("{} - main - INFO - shutdown complete, bye\n", time(s));
    let nights: String = (0..3)
        .map(|n| begins(n * 300) + &ticks(n * 300 + 1, n * 300 + 280) + &bye(n * 300 + 281))
        .collect();
    let report = report_on_bytes(nights);
    assert_eq!(runs(&report), [(1, "clean"), (145, "clean"), (289, "clean")]);
    assert!(report.diagnoses.is_empty(), "{:#?}", report.diagnoses);
    // It stopped without a word, and its last line is its own.
    let silent = begins(0) + &ticks(1, 280) + &begins(290) + &ticks(291, 400);
    let report = report_on_bytes(silent);
    assert_eq!(runs(&report), [(1, "silent"), (144, "open")]);
    let found = find(&report, "system/silent-stop").unwrap();
    assert_eq!(found.last.line, 143, "{found:#?}");
    // It may take some seconds to load, and say another word of a start meanwhile.
    let slow = |s: u32| {
        format!("{} - env - INFO - Loading environment from .env\n", time(s))
            + &format!("{} - main - INFO - bot starting, pid 7\n", time(s + 3))
    };
    let lives = slow(0) + &ticks(4, 280) + &bye(281) + &slow(300) + &ticks(304, 400);
    assert_eq!(runs(&report_on_bytes(lives)), [(1, "clean"), (142, "open")]);
    // What it says all the time is no part of a start, however near.
    let usual = begins(0)
        + &ticks(1, 280)
        + &ticks(288, 289)
        + &format!("{} - main - INFO - bot starting, pid 8\n", time(289))
        + &ticks(290, 400);
    assert_eq!(runs(&report_on_bytes(usual)), [(1, "silent"), (145, "open")]);
    // A loop of starts is a run each.
    let word = |s: u32| format!("{} - main - INFO - bot starting, pid 7\n", time(s));
    let again: String = (0..4).map(|n| word(n * 2) + &ticks(n * 2 + 1, n * 2 + 2)).collect();
    assert_eq!(runs(&report_on_bytes(again)).len(), 4);
}

#[test]
fn what_is_set_up_behind_an_error_is_the_start_of_the_next_run() {
    let failed = |s: u32| {
        format!(
            "{0} - main - ERROR - main failed: no column named sma\nTraceback (most recent call last):\n  File \"/srv/bot/run.py\", line 9, in main\n    save()\nsqlite3.OperationalError: table trades has no column named sma\n",
            time(s)
        )
    };
    let set_up = |s: u32| {
        format!(
            "{0} - main - INFO - using sqlite\n{0} - store - INFO - Database initialized\n",
            time(s)
        )
    };
    let log = ticks(0, 100) + &failed(101) + &set_up(131) + &ticks(132, 200);
    let report = report_on_bytes(log);
    assert_eq!(runs(&report), [(1, "crash"), (56, "open")]);
    assert_eq!(report.verdict.unwrap().exception.unwrap().class, "sqlite3.OperationalError");
    for (what, log) in [
        (
            "it went on before",
            ticks(0, 100) + &failed(101) + &ticks(102, 140) + &set_up(141) + &ticks(142, 200),
        ),
        ("at once", ticks(0, 100) + &failed(101) + &set_up(101) + &ticks(102, 200)),
        ("no error", ticks(0, 100) + &set_up(131) + &ticks(132, 200)),
        ("it does that now and then", {
            ticks(0, 120)
                + &set_up(121)
                + &ticks(122, 300)
                + &failed(301)
                + &set_up(331)
                + &ticks(332, 400)
        }),
    ] {
        let report = report_on_bytes(log);
        assert!(report.verdict.is_none(), "{what}");
        assert_eq!(report.sources[0].runs.len(), 1, "{what}");
    }
}

#[test]
fn a_start_that_ends_the_message_of_a_json_record_is_a_start() {
    let line = |s: u32, event: &str| {
        format!(
            "{{\"event\": \"{event}\", \"level\": \"info\", \"timestamp\": \"2026-03-02T01:{:02}:{:02}Z\", \"price\": {s}.5}}\n",
            s / 60,
            s % 60
        )
    };
    let life = |from: u32| (from..from + 90).map(|s| line(s, "tick")).collect::<String>();
    let log = life(0) + &line(100, "bot started") + &life(101);
    assert_eq!(runs(&report_on_bytes(log)), [(1, "silent"), (91, "open")]);
}

#[test]
fn what_stands_above_the_bots_first_line_is_no_run() {
    let start =
        "2026-03-01 10:00:00 INFO main: bot starting, pid 4120\n2026-03-01 10:00:01 INFO tick\n";
    for above in [
        "C:\\grid-main>python run.py\n",
        "ann@box:~/grid$ python3 run.py\n\n",
        "====================\n",
        "ann@box:~/grid $ uvicorn grid:app --port 8001\n",
        "C:\\Users\\ann\\grid>bot.py\n",
        "-- Logs begin at Sun 2026-03-01 07:00:11 UTC, end at Sun 2026-03-01 12:39:40 UTC. --\n",
    ] {
        assert_eq!(runs(&report_on_bytes(format!("{above}{start}"))), [(1, "open")], "{above}");
    }
    let before = "2026-03-01 09:00:01 INFO tick\n";
    assert_eq!(runs(&report_on_bytes(format!("{before}{start}"))).len(), 2);
}

#[test]
fn a_connection_that_is_started_is_no_start() {
    let mut log = String::new();
    for n in 0..120 {
        let line = match n {
            0 | 60 => format!(
                "DEBUG:urllib3.connectionpool:Starting new HTTPS connection ({}): api.kraken.com:443",
                n / 60 + 1
            ),
            _ => format!("INFO:grid:ticker {}.5", 64_000 + n),
        };
        log += &format!("{line}\n");
    }
    assert_eq!(runs(&report_on_bytes(log)), [(1, "open")]);
}
