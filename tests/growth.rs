//! What the numbers of a log show: what grows, what stands still, what goes on while the work has stopped;
//! what it leads to; and that each detector is missed where it is switched off.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{find, fixture, options, report_on_end, report_without};
use wd_diagnose::model::{Level, Pattern};

/// A moment of one day, which begins at a quarter past one.
fn time(seconds: u32) -> String {
    let s = seconds + 4_500;
    format!("2026-03-02 {:02}:{:02}:{:02},000", s / 3600 % 24, s / 60 % 60, s % 60)
}

/// Hours of ticks, one a second, and a reading each minute of what `says`.
fn log(seconds: u32, says: impl Fn(u32) -> String) -> String {
    let mut log = String::new();
    for s in 0..seconds {
        log += &format!("{} INFO tick: BTCUSDT {}.5\n", time(s), 64_000 + s * 37 % 997);
        if s.is_multiple_of(60) {
            log += &format!("{} INFO health: {}\n", time(s), says(s));
        }
    }
    log
}

#[test]
fn growth_alone_is_a_warning_and_the_cause_of_an_end_without_a_word() {
    let leak = log(3 * 3_600 + 1, |s| format!("rss={}MB", 110 + s / 50));
    let alone = report_on_end(leak.as_str(), false);
    assert!(alone.verdict.is_none());
    let found = find(&alone, "memory/growth").unwrap();
    assert_eq!((found.level, found.count > 100), (Level::Warning, true));
    assert!(found.summary.contains("(rss) grew from 110 MiB to 32"), "{}", found.summary);
    assert_eq!(found.evidence.len(), 2);
    let stopped = report_on_end(leak.as_str(), true);
    let verdict = stopped.verdict.unwrap();
    assert_eq!((verdict.rule.as_str(), verdict.level), ("memory/growth", Level::Fatal));
    assert!(verdict.confidence <= 0.6 && verdict.summary.ends_with("The log ends there."));
    assert_eq!(verdict.captures["size"], "326MB");
    let off = report_without("memory/growth", true, &leak);
    assert_eq!(off.verdict.as_ref().unwrap().rule, "system/silent-stop");
    assert!(find(&off, "memory/growth").is_none());
}

#[test]
fn growth_is_the_cause_of_a_kill_and_of_a_memory_error() {
    let leak = log(3_600, |s| format!("memory usage: {} MB", 110 + s / 20));
    let killed = format!("{leak}{} INFO tick: BTCUSDT 64000.5\nKilled\n", time(3_600));
    let verdict = report_on_end(killed.as_str(), false).verdict.unwrap();
    assert_eq!((verdict.rule.as_str(), verdict.confidence >= 0.7), ("memory/growth", true));
    assert_eq!(verdict.captures["signal"], "SIGKILL");
    assert!(verdict.summary.contains("What followed: Killed, probably for lack of memory"));
    assert_eq!(
        report_without("memory/growth", false, &killed).verdict.unwrap().rule,
        "memory/killed"
    );
    let error = format!(
        "{leak}Traceback (most recent call last):\n  File \"/srv/bot/store.py\", line 41, in add\n    \
         self.trades.extend(batch)\nMemoryError\n"
    );
    let verdict = report_on_end(error.as_str(), false).verdict.unwrap();
    assert_eq!(verdict.rule, "memory/growth");
    let exception = verdict.exception.unwrap();
    assert_eq!(
        (exception.class.as_str(), exception.frame.unwrap().line),
        ("MemoryError", Some(41))
    );
    // What rose yesterday kills nobody today, and a crash of another kind is none of its business.
    let other = error.replace("\nMemoryError\n", "\nKeyError: 'price'\n");
    assert_eq!(report_on_end(other.as_str(), false).verdict.unwrap().pattern, Pattern::Payload);
    let flat = log(3_600, |s| format!("memory usage: {} MB", 310 + s % 7));
    let killed = format!("{flat}Killed\n");
    assert_eq!(report_on_end(killed.as_str(), false).verdict.unwrap().rule, "memory/killed");
}

#[test]
fn handles_and_queues_that_grow_have_their_own_rules() {
    let files = log(3_600, |s| format!("open fds: {}/1024", 30 + s / 4));
    let full = format!(
        "{files}{} ERROR store: OSError: [Errno 24] Too many open files: 'ticks.csv'\n",
        time(3_600)
    );
    let found = report_on_end(full.as_str(), false);
    let verdict = found.verdict.unwrap();
    assert_eq!(verdict.rule, "system/handle-growth");
    assert_eq!(verdict.captures["errno"], "24");
    assert!(verdict.evidence.iter().any(|line| line.text.contains("open fds: 30/1024")));
    let off = report_without("system/handle-growth", false, &full);
    assert_eq!(off.verdict.unwrap().rule, "system/too-many-open-files");
    let queue = log(3_600, |s| format!("queue={} rss={}MB", 3 + s, 110 + s / 20));
    let found = report_on_end(queue.as_str(), false);
    let (queue, memory) =
        (find(&found, "memory/backlog-growth").unwrap(), find(&found, "memory/growth").unwrap());
    assert!(queue.summary.contains("What followed: Memory grows"), "{}", queue.summary);
    assert_eq!((queue.level, memory.level), (Level::Warning, Level::Warning));
}

#[test]
fn rare_readings_of_a_large_log_are_found() {
    // Two megabytes an hour, with one reading in sixty lines.
    let leak = log(12 * 3_600, |s| format!("rss_mb={}", 110 + s / 100));
    assert!(leak.len() > 2 << 20);
    let found = report_on_end(leak.as_str(), false);
    let growth = find(&found, "memory/growth").unwrap();
    assert!(growth.summary.contains("from 110 MiB to 54"), "{}", growth.summary);
}

/// Behind the first 256 KiB a reading in some minutes is looked at, and always the last one.
#[test]
fn the_last_reading_is_told_whatever_was_looked_at_before() {
    let leak = log(6 * 3_600 + 1, |s| format!("rss={}MB", 110 + s / 100));
    let found = report_on_end(leak.as_str(), false);
    let growth = find(&found, "memory/growth").unwrap();
    assert!(growth.summary.contains("from 110 MiB to 326 MiB"), "{}", growth.summary);
    let killed = report_on_end(leak + "Killed\n", false).verdict.unwrap();
    assert_eq!(
        (killed.rule.as_str(), killed.captures["size"].as_str()),
        ("memory/growth", "326MB")
    );
}

#[test]
fn fixtures_are_missed_where_their_detector_is_off() {
    for (name, rule, stopped) in [
        ("memory/leak-then-silence", "memory/growth", false),
        ("memory/leak-then-silence-stopped", "memory/growth", true),
        ("memory/leak-then-killed", "memory/growth", false),
        ("system/handles-counted", "system/handle-growth", false),
        ("network/feed-stops", "network/feed-stopped", false),
        ("rate-limit/frozen-and-believed", "rate-limit/data-frozen", false),
        ("rate-limit/zero-and-believed", "rate-limit/data-frozen", false),
    ] {
        let text = fixture(name);
        assert!(find(&report_on_end(text.as_str(), stopped), rule).is_some(), "{rule} in {name}");
        assert!(find(&report_without(rule, stopped, &text), rule).is_none(), "{rule} in {name}");
    }
    let tooth = report_on_end(fixture("healthy/saw-tooth-memory"), true);
    assert!(tooth.diagnoses.is_empty(), "{:#?}", tooth.diagnoses);
}

#[test]
fn data_that_stops_under_a_heartbeat_is_told() {
    let stops = |at: u32, more: &str| {
        let mut log = String::new();
        for s in 0..2_400 {
            if s < at {
                log +=
                    &format!("{} INFO feed: tick BTCUSDT {}.5\n", time(s), 64_000 + s * 37 % 997);
            }
            if s == at {
                log += more;
            }
            if s.is_multiple_of(30) {
                log += &format!("{} INFO main: heartbeat {s}\n", time(s));
            }
        }
        log
    };
    let text = stops(1_100, "");
    let found = report_on_end(text.as_str(), false);
    let stopped = find(&found, "network/feed-stopped").unwrap();
    assert_eq!(stopped.level, Level::Warning);
    assert!(found.verdict.is_none());
    assert!(stopped.summary.contains("since 2026-03-02T01:33:19, 21 min"), "{}", stopped.summary);
    assert!(
        find(&report_without("network/feed-stopped", false, &text), "network/feed-stopped")
            .is_none()
    );
    let closed = format!("{} INFO main: market closed, next session at 09:30\n", time(1_100));
    assert!(report_on_end(stops(1_100, &closed), false).diagnoses.is_empty());
    // Half past one is 900 seconds behind the start.
    assert!(report_on_end(stops(900, ""), false).diagnoses.is_empty());
}

/// Lines of which one comes each second.
fn lines(count: u32, says: impl Fn(u32) -> String) -> String {
    (0..count).map(|s| format!("{} {}\n", time(s), says(s))).collect()
}

#[test]
fn series_of_warnings_are_missed_where_they_are_off() {
    let slow = lines(12, |s| {
        format!("WARNING http: slow answer from api.kraken.com, took {} ms", 300 + s * s * 90)
    });
    let storm = lines(60, |s| {
        format!("WARNING feed: attempt {s}: ConnectionRefusedError: [Errno 111] Connection refused")
    });
    for (rule, text) in [("rate-limit/answers-slow-down", slow), ("network/retry-storm", storm)] {
        let found = report_on_end(text.as_str(), false);
        assert_eq!(find(&found, rule).map(|one| one.level), Some(Level::Warning), "{rule}");
        assert!(find(&report_without(rule, false, &text), rule).is_none(), "{rule}");
    }
}

#[test]
fn what_the_kernel_killed_for_memory_had_grown_by_the_bots_own_readings() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("bot.log"), log(3_600, |s| format!("rss={}MB", 110 + s / 20))).unwrap();
    let kill = "Mar 02 02:15:01 box kernel: Out of memory: Killed process 9120 (python3) total-vm:3920212kB, anon-rss:1720148kB\n";
    std::fs::write(path("kern.log"), kill).unwrap();
    let both = [path("bot.log"), path("kern.log")];
    let told = |options: &wd_diagnose::analyze::BatchOptions| {
        let unobserved = &mut wd_diagnose::analyze::Unobserved;
        wd_diagnose::analyze::batch::run(&both, options, unobserved).unwrap().report
    };
    let verdict = told(&options()).verdict.unwrap();
    assert_eq!(verdict.rule, "memory/kernel-oom-kill");
    assert!(verdict.summary.contains("Before that: Memory by the log's own readings (rss) grew"));
    assert!(verdict.evidence.iter().any(|line| line.text.contains("rss=110MB")));
    // Without the kernel's log nobody is known to have killed it.
    std::fs::write(path("kern.log"), kill.replace("python3", "mysqld")).unwrap();
    let alone = told(&options());
    assert!(alone.verdict.is_none_or(|verdict| !verdict.first.file.ends_with("bot.log")));
}

/// Where a feed stops, the log becomes so thin that hours of it are a few KiB; so are the last hours of a price
/// that stands still.
#[test]
fn what_stands_still_in_the_last_hours_of_a_day_is_told() {
    let feed = |until: u32| {
        let mut log = String::new();
        for s in 0..12 * 3_600 {
            if s < until && s.is_multiple_of(3) {
                log += &format!("{} INFO ws: trade BTCUSDT {}.5\n", time(s), 64_000 + s * 37 % 997);
            }
            if s.is_multiple_of(30) {
                log += &format!("{} INFO main: heartbeat, up {s} s\n", time(s));
            }
        }
        log
    };
    let stops = feed(7 * 3_600);
    assert!(stops.len() > 512 << 10, "most of it is sampled");
    let found = report_on_end(stops.as_str(), false);
    assert!(find(&found, "network/feed-stopped").unwrap().summary.contains("5 h"));
    assert!(report_on_end(feed(12 * 3_600), false).diagnoses.is_empty());
    let price = |moves_until: u32| {
        let line = |s: u32| {
            let price = 64_000 + s.min(moves_until) * 37 % 997;
            format!(
                "{} INFO strategy: BTC/USDT price={price}.5 signal=HOLD position 0.0\n",
                time(s)
            )
        };
        (0..20 * 3_600).step_by(7).map(line).collect::<String>()
    };
    let stands = price(15 * 3_600 + 1_800);
    assert!(stands.len() > 768 << 10);
    let found = report_on_end(stands.as_str(), false);
    assert_eq!(find(&found, "rate-limit/data-frozen").unwrap().level, Level::Warning);
    assert!(report_on_end(price(20 * 3_600), false).diagnoses.is_empty());
}
