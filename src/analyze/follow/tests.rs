//! What is told while a log grows, by a clock that is moved by hand.

use std::time::{Duration, SystemTime};

use super::*;
use crate::analyze::BatchOptions;
use crate::model::Level;
use crate::rules::RuleOptions;
use crate::source::LineEnds;
use crate::source::follow::{Action, Past};
use crate::traceback::Roots;

/// The same of a bot that prints `rss` in its health line.
fn told(rss: impl Fn(u32) -> u32, minutes: u32) -> (Vec<(String, u32)>, Vec<String>) {
    told_of(|line| format!("bot: health: rss={} MB threads=4", rss(line)), minutes)
}

/// Feeds what a bot `says` every 15 seconds, and comes back with the rules that were told of, each with the minute,
/// and with those of the report.
fn told_of(says: impl Fn(u32) -> String, minutes: u32) -> (Vec<(String, u32)>, Vec<String>) {
    told_when(says, minutes * 4, |line| line * 15)
}

/// The same of a bot that says so many lines, each at the second that `at` tells.
fn told_when(
    says: impl Fn(u32) -> String,
    lines: u32,
    at: impl Fn(u32) -> u32,
) -> (Vec<(String, u32)>, Vec<String>) {
    let rules = crate::rules::load(&RuleOptions::default()).unwrap();
    let matcher = Matcher::new(&rules, Roots::default());
    let batch = BatchOptions {
        since: None,
        until: None,
        patterns: Vec::new(),
        run: None,
        context: 0,
        redact: true,
        stopped: false,
        zone: None,
        source_root: None,
        threads: None,
        now: SystemTime::UNIX_EPOCH,
        rules: RuleOptions::default(),
        unpack_limit: u64::MAX,
    };
    let options = WatchOptions {
        batch,
        level: Level::Warning,
        quiet_after: Duration::from_secs(10),
        stall: None,
        settles: false,
    };
    let mut watch = Watch::new(&matcher, &options);
    let (source, file, name) = (SourceId(0), FileId(1), Arc::<str>::from("bot.log"));
    let opened = Notice::Source {
        source,
        name: name.clone(),
        file: Some(file),
        file_name: name.clone(),
        action: Action::Opened,
    };
    watch.take(opened, Duration::ZERO, SystemTime::UNIX_EPOCH);
    let (mut offset, mut told) = (0, Vec::new());
    for line in 0..lines {
        let seconds = at(line);
        let now = Duration::from_secs(u64::from(seconds));
        let time = format!(
            "2026-03-01 {:02}:{:02}:{:02}",
            10 + seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        );
        let bytes = format!("{time},000 INFO {}\n", says(line)).into_bytes();
        let piece = Appended {
            source,
            file,
            file_name: name.clone(),
            offset,
            line: u64::from(line) + 1,
            ends: LineEnds::Newlines,
            next_line: u64::from(line) + 2,
            past: Past::New,
            written: None,
            bytes,
        };
        offset += piece.bytes.len() as u64;
        watch.take(Notice::Appended(piece), now, SystemTime::UNIX_EPOCH + now);
        watch.tick(now);
        for said in watch.said() {
            if let Said::Event { event: Event::Diagnosis(event), .. } = said {
                told.push((event.diagnosis.rule.clone(), seconds / 60));
            }
        }
    }
    watch.close(Leave::EndOfInput);
    for said in watch.said() {
        if let Said::Event { event: Event::Diagnosis(event), .. } = said {
            told.push((event.diagnosis.rule.clone(), at(lines) / 60));
        }
    }
    let report = watch.finish(Leave::EndOfInput).report;
    (told, report.diagnoses.into_iter().map(|diagnosis| diagnosis.rule).collect())
}

#[test]
fn growth_is_told_while_the_run_goes_on_and_once() {
    let (told, report) = told(|line| 120 + line * 2, 60);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, "memory/growth");
    assert!((10..15).contains(&told[0].1), "long before the end: {told:?}");
    assert_eq!(report, ["memory/growth"]);
}

#[test]
fn a_short_rise_is_told_when_its_run_is_over() {
    let (told, report) = told(|line| 120 + line * 20, 8);
    assert_eq!(told, [("memory/growth".to_owned(), 8)]);
    assert_eq!(report, ["memory/growth"]);
}

#[test]
fn a_warm_up_is_no_growth() {
    let (told, report) = told(|line| 120 + (line * 10).min(160) + line % 3, 60);
    assert_eq!((told.len(), report.len()), (0, 0), "{told:?} {report:?}");
}

#[test]
fn what_stands_still_is_told_while_the_run_goes_on_and_once() {
    // From twenty past ten on, which is no hour at which markets close.
    let price = |line: u32| {
        let price = 64_000 + line.min(80) * 37 % 997;
        format!("strategy: BTC/USDT price={price}.5")
    };
    let feed = |line: u32| match line {
        0..72 if !line.is_multiple_of(4) => {
            format!("feed: tick BTCUSDT {}.5", 64_000 + line * 37 % 997)
        }
        _ => format!("main: heartbeat {line}"),
    };
    for (rule, (told, report)) in [
        ("rate-limit/data-frozen", told_of(price, 60)),
        ("network/feed-stopped", told_of(feed, 60)),
    ] {
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].0, rule);
        assert!((28..40).contains(&told[0].1), "long before the end: {told:?}");
        assert_eq!(report, [rule]);
    }
}

#[test]
fn a_silence_is_told_when_it_is_over_and_each_one_once() {
    // Half an hour behind the first quarter of one, and twenty minutes behind the next.
    let at = |line: u32| line * 15 + 1_800 * u32::from(line >= 60) + 1_200 * u32::from(line >= 120);
    let tick = |line: u32| format!("feed: tick BTCUSDT {}.5", 64_000 + line * 37 % 997);
    let (told, report) = told_when(tick, 240, at);
    let [(first, early), (second, late)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((first.as_str(), second.as_str()), ("system/gap", "system/gap"));
    assert!((45..48).contains(early) && (80..83).contains(late), "{told:?}");
    assert_eq!(report, ["system/gap"]);
    // While it lasts nobody knows that it will end.
    let (told, report) = told_when(tick, 60, at);
    assert!(told.is_empty() && report.is_empty(), "{told:?} {report:?}");
}
