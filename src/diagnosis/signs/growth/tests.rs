#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::{Asked, Growths, may_hold, telling};
use crate::diagnosis::signs::Sample;
use crate::event::read_record;
use crate::source::Place;

/// One line at line number `at`.
fn see(growths: &mut Growths, at: u64, line: &str) {
    let record = read_record(line.as_bytes());
    let place = Place { file: 0, byte: 0, line: at };
    let sample = Sample {
        place,
        stamp: record.stamp.clone(),
        line: line.as_bytes(),
        is_first: true,
        tells: false,
        skipped: false,
        said: None,
    };
    growths.sample(&sample, may_hold(sample.line), sample.seconds());
}

/// What rises in lines of which one comes every `every` seconds.
fn growths(count: u32, every: u32, text: impl Fn(u32) -> String) -> Growths {
    let mut growths = Growths::default();
    for at in 0..count {
        let s = at * every;
        let (h, m, s) = (s / 3600, s / 60 % 60, s % 60);
        let line = format!("2026-03-02 {h:02}:{m:02}:{s:02},000 INFO health: {}\n", text(at));
        see(&mut growths, u64::from(at) + 1, &line);
    }
    growths
}

#[test]
fn a_leak_is_told_with_its_rate_and_when_the_limit_is_reached() {
    let mut leak = growths(360, 60, |at| format!("rss={}MB of 512MB fds=12 queue=3", 120 + at / 2));
    let found = leak.close(Asked::ByItself);
    assert_eq!(found.len(), 1, "{found:?}");
    let captures = &found[0].captures;
    assert_eq!(found[0].rule, "memory/growth");
    for (name, value) in [
        ("from", "120 MiB"),
        ("to", "299 MiB"),
        ("size", "299MB"),
        ("span", " in 6 h, 30 MiB an hour,"),
        ("outlook", " At this rate the limit of 512 MiB is reached in 7 h."),
    ] {
        assert_eq!(captures[name], value, "{name}");
    }
    assert_eq!((found[0].first.line.place.line, found[0].last.line.place.line), (1, 360));
    assert_eq!(found[0].count, 360);
}

#[test]
fn each_kind_has_its_rule_and_the_surest_series_speaks() {
    let found = growths(200, 30, |at| {
        format!(
            "mem={}% rss={}MB open fds: {} sockets={} threads={} tasks={} backlog={}",
            20 + at / 4,
            90 + at,
            40 + at,
            8 + at,
            4 + at,
            9 + at * 3,
            2 + at * 9
        )
    })
    .close(Asked::ByItself);
    let told: Vec<(&str, &str)> =
        found.iter().map(|one| (one.rule, one.subject.as_str())).collect();
    assert_eq!(
        told,
        [
            ("memory/backlog-growth", "tasks"),
            ("system/handle-growth", "open fds"),
            ("memory/growth", "rss"),
        ]
    );
}

#[test]
fn what_has_only_begun_explains_a_kill_and_is_not_told_by_itself() {
    let mut short = growths(40, 1, |at| format!("rss {} MB", 60 + at * 10));
    assert!(short.close(Asked::ByItself).is_empty());
    assert_eq!(short.close(Asked::AsCause).len(), 1);
}

#[test]
fn json_fields_and_plain_bytes_are_read() {
    let mut growths = Growths::default();
    for at in 0..60_u64 {
        let rss = 90_000_000 + at * 4_000_000;
        let line = format!(
            "{{\"ts\": \"2026-03-02T10:{at:02}:00Z\", \"level\": \"info\", \"event\": \"health\", \"rss\": {rss}}}\n"
        );
        see(&mut growths, at + 1, &line);
    }
    let found = growths.close(Asked::ByItself);
    assert_eq!(found[0].captures["to"], "311 MiB");
}

#[test]
fn a_limit_that_is_reached_is_said_to_be() {
    let found =
        growths(120, 60, |at| format!("memory usage {}%", 38 + at / 2)).close(Asked::ByItself);
    assert_eq!(found[0].captures["outlook"], " The limit of 100 % is reached.");
}

#[test]
fn what_was_told_counts_once_and_only_what_it_leads_to_asks_for_it() {
    let mut leak = growths(100, 60, |at| format!("rss={}MB", 100 + at * 5));
    let leads = |to: &'static str| {
        move |cause: &str| (cause == "memory/growth" && to == "memory/killed").then_some(3600.0)
    };
    assert!(leak.before(leads("network/dns")).is_empty());
    let first = leak.before(leads("memory/killed"));
    assert_eq!((first.len(), first[0].count), (1, 100));
    assert!(leak.before(leads("memory/killed")).is_empty(), "nothing new");
    see(&mut leak, 101, "2026-03-02 01:40:00,000 INFO health: rss=600MB\n");
    assert_eq!(leak.close(Asked::ByItself)[0].count, 1);
    let mut old = growths(100, 60, |at| format!("rss={}MB", 100 + at * 5));
    see(&mut old, 101, "2026-03-03 01:40:00,000 INFO tick\n");
    assert!(old.before(leads("memory/killed")).is_empty(), "a kill on another day");
}

#[test]
fn the_next_line_of_its_kind_is_found_by_a_text_of_the_line() {
    for (line, text) in [
        ("2026-03-02 10:00:00 INFO health: rss=512MB fds=12", Some("rss=")),
        (
            r#"{"ts": "2026-03-02T10:00:00Z", "level": "info", "memory_mb": 512}"#,
            Some("memory_mb\": "),
        ),
        ("2026-03-02 10:00:00 INFO tick BTCUSDT 64000.5", None),
    ] {
        assert_eq!(telling(line.as_bytes()).as_deref(), text.map(str::as_bytes), "{line}");
    }
}
