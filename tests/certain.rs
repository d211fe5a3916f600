//! What is certainly found, as the README states it: the shortest growth, stretch of still prices, time without
//! data and silence is found, and half of it is left alone.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{find, report_on_end};

const GROWTH: &str = "memory/growth";
const FROZEN: &str = "rate-limit/data-frozen";
const STOPPED: &str = "network/feed-stopped";
const GAP: &str = "system/gap";

/// A moment that lies so many milliseconds behind ten past one.
fn time(millis: u64) -> String {
    let s = millis / 1_000 + 4_200;
    let (days, clock) = (2 + s / 86_400, s % 86_400);
    format!(
        "2026-03-{days:02} {:02}:{:02}:{:02},{:03}",
        clock / 3_600,
        clock / 60 % 60,
        clock % 60,
        millis % 1_000
    )
}

/// Whether `rule` tells of something in `log`, whose bot is known to be down or not.
fn is_found(rule: &str, log: &str, stopped: bool) -> bool {
    find(&report_on_end(log, stopped), rule).is_some()
}

/// Readings, one every `every` seconds, that go in equal steps from one number to another.
fn readings(count: u64, every: u64, from: f64, to: f64, says: impl Fn(f64) -> String) -> String {
    let reading = |at: u64| {
        let value = from + (to - from) * at as f64 / (count - 1) as f64;
        format!("{} INFO health: {}\n", time(at * every * 1_000), says(value))
    };
    (0..count).map(reading).collect()
}

#[test]
fn growth_from_the_stated_number_of_readings_on() {
    let rss = |value: f64| format!("rss={value:.1}MB");
    // Two fifths and 28 MiB over 2 minutes.
    let rises = |count, every, from, to| readings(count, every, from, to, rss);
    assert!(is_found(GROWTH, &rises(12, 11, 70.0, 98.0), false));
    assert!(!is_found(GROWTH, &rises(12, 11, 70.0, 84.0), false), "half as high");
    assert!(!is_found(GROWTH, &rises(12, 5, 70.0, 98.0), false), "half as long");
    assert!(!is_found(GROWTH, &rises(12, 11, 200.0, 228.0), false), "a seventh");
    // Six that double.
    assert!(is_found(GROWTH, &rises(6, 24, 30.0, 60.0), false));
    assert!(!is_found(GROWTH, &rises(6, 24, 30.0, 45.0), false), "half as high");
    assert!(!is_found(GROWTH, &rises(3, 60, 30.0, 60.0), false), "half as many");
    // Of the whole machine; open files; others.
    for (rule, from, to, name) in [
        (GROWTH, 40.0, 54.0, "memory usage"),
        ("system/handle-growth", 70.0, 116.0, "open_files"),
        ("system/handle-growth", 30.0, 76.0, "sockets"),
        ("system/handle-growth", 25.0, 60.0, "threads"),
        ("memory/backlog-growth", 80.0, 172.0, "tasks"),
        ("memory/backlog-growth", 30.0, 145.0, "queue"),
    ] {
        let unit = if name == "memory usage" { " %" } else { "" };
        let says = |value: f64| format!("{name}: {value:.0}{unit}");
        assert!(is_found(rule, &readings(24, 6, from, to, says), false), "{name}");
        let half = from + (to - from) / 2.0;
        assert!(!is_found(rule, &readings(24, 6, from, half, says), false), "half of it: {name}");
    }
}

#[test]
fn growth_before_an_end_from_five_readings_on() {
    let rises =
        |count: u64, to: f64| readings(count, 1, 48.0, to, |value| format!("rss={value}MB"));
    let killed = |log: String| log + "Killed\n";
    assert!(is_found(GROWTH, &killed(rises(5, 72.0)), false));
    assert!(is_found(GROWTH, &rises(5, 72.0), true));
    for log in [rises(5, 60.0), rises(3, 72.0)] {
        assert!(!is_found(GROWTH, &log, true), "half of it");
        assert!(!is_found(GROWTH, &killed(log), false), "half of it");
    }
}

/// Prices, one every `every` milliseconds: `moves` that move, `stands` that stand still, and then as many that move
/// as `on` says.
fn prices(every: u64, moves: u64, stands: u64, on: u64) -> String {
    let price = |at: u64| {
        let n = if (moves..moves + stands).contains(&at) { moves } else { at };
        let price = 64_000.0 + (n * 37 % 101) as f64 * 0.7;
        format!("{} INFO feed: BTCUSDT last={price:.2} vol={}\n", time(at * every), 3)
    };
    (0..moves + stands + on).map(price).collect()
}

/// Lines that are so many bytes together, where each is as long as a price.
fn lines_of(bytes: usize) -> u64 {
    bytes.div_ceil(prices(1_000, 1, 0, 0).len()) as u64
}

/// So many lines or some more, one every `every` milliseconds, behind which it is a quarter past or to an hour: markets
/// close at other times.
fn to_a_quarter(lines: u64, every: u64) -> u64 {
    let seconds = 4_200 + lines * every / 1_000;
    lines + (900 + 1_800 - seconds % 1_800) % 1_800 * 1_000 / every
}

#[test]
fn prices_that_stand_still_from_the_stated_number_of_lines_on() {
    for (what, every, stands) in [("30 lines", 3_000, 30), ("a minute", 1_000, 61)] {
        assert!(is_found(FROZEN, &prices(every, 100, stands, 100), false), "{what}");
        assert!(!is_found(FROZEN, &prices(every, 100, stands / 2, 100), false), "half of {what}");
    }
    // Where one line in 4 KiB is looked at for what it says, and where one in 128 KiB is.
    let near = to_a_quarter(lines_of(300 << 10), 1_000);
    let far = to_a_quarter(lines_of(5 << 20), 100);
    let stands = |kib: usize| lines_of(kib << 10);
    assert!(is_found(FROZEN, &prices(1_000, near, stands(120), 2_000), false));
    assert!(!is_found(FROZEN, &prices(1_000, near, stands(60), 2_000), false));
    assert!(is_found(FROZEN, &prices(100, far, stands(4 << 10), 9_000), false));
    assert!(!is_found(FROZEN, &prices(100, far, stands(2 << 10), 9_000), false));
    // Of the last 48 lines of a run those behind the last sample are all looked at: here that is all of them.
    let near = to_a_quarter(lines_of(300 << 10), 2_000) + 100;
    assert!(is_found(FROZEN, &prices(2_000, near, 48, 0), false));
    assert!(!is_found(FROZEN, &prices(2_000, near, 48, 400), false));
    assert!(!is_found(FROZEN, &prices(2_000, near, 24, 0), false));
}

/// Ticks of a second each for so many seconds, then only heartbeats, one every `every` seconds.
fn feed(ticks: u64, every: u64, quiet: u64) -> String {
    let mut log = String::new();
    for s in 0..ticks + quiet {
        if s < ticks {
            let price = 64_000 + s * 37 % 997;
            log += &format!("{} INFO feed: trade BTCUSDT {price}.5\n", time(s * 1_000));
        }
        if s.is_multiple_of(every) {
            log += &format!("{} INFO main: heartbeat {s}\n", time(s * 1_000));
        }
    }
    log
}

#[test]
fn data_that_stops_from_five_minutes_and_five_heartbeats_on() {
    assert!(is_found(STOPPED, &feed(300, 60, 302), false));
    assert!(!is_found(STOPPED, &feed(300, 60, 151), false), "half of it");
    assert!(!is_found(STOPPED, &feed(600, 150, 450), false), "three heartbeats");
    // Where one line in 4 KiB is looked at, and one of these is a heartbeat, two with data lie 2.6 minutes apart: 20
    // times that is 52 minutes. The heartbeats of that time are less than 4 KiB.
    let ticks = 6 * 3_600 + 300;
    assert!(is_found(STOPPED, &feed(ticks, 60, 53 * 60), false));
    assert!(!is_found(STOPPED, &feed(ticks, 60, 26 * 60), false), "half of it");
}

/// Ticks, one every `every` milliseconds, with a silence of so many in their midst.
fn silence(every: u64, ticks: u64, millis: u64) -> String {
    let tick = |at: u64| {
        let more = if at < ticks / 2 { 0 } else { millis - every };
        format!(
            "{} INFO tick: BTCUSDT {}.5 at a size of 0.25\n",
            time(at * every + more),
            64_000 + at % 97
        )
    };
    (0..ticks).map(tick).collect()
}

#[test]
fn silences_from_ten_seconds_and_five_and_a_half_times_the_longest_other_on() {
    assert!(is_found(GAP, &silence(1_000, 600, 10_000), false));
    assert!(!is_found(GAP, &silence(1_000, 600, 5_000), false));
    for every in [2_000, 60_000, 61_000, 300_000] {
        assert!(is_found(GAP, &silence(every, 600, every * 11 / 2), false), "{every} ms");
        assert!(!is_found(GAP, &silence(every, 600, every * 11 / 4), false), "half of {every} ms");
    }
}

/// Ticks, one a second and by turns one every five, a thousand of each, with a silence of so many seconds before the one
/// of that number.
fn uneven(ticks: u64, at: u64, seconds: u64) -> String {
    let mut now = 0;
    let mut log = String::new();
    for tick in 0..ticks {
        now += match tick {
            _ if tick == at => seconds,
            _ if (tick / 1_000).is_multiple_of(2) => 1,
            _ => 5,
        };
        log += &format!(
            "{} INFO tick: BTCUSDT {}.5 at a size of 0.25\n",
            time(now * 1_000),
            64_000 + tick % 97
        );
    }
    log
}

#[test]
fn silences_as_long_as_the_longest_time_between_two_samples() {
    let line = uneven(1, 1, 1).len() as u64;
    // Size of the log, and of the blocks of which one line each is looked at.
    for (size, block) in [(2 << 20, 4 << 10), (9 << 20, 32 << 10)] {
        let (ticks, longest) = (size / line, block / line * 5);
        // Among the ticks of a second each.
        let at = ticks * 9 / 10 / 2_000 * 2_000 + 500;
        assert!(is_found(GAP, &uneven(ticks, at, longest), false), "{block}");
        assert!(!is_found(GAP, &uneven(ticks, at, longest / 2), false), "half of {block}");
    }
}
