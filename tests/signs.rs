//! What no line says: each detector finds what it is made for, leaves alone what only looks like it, and is
//! missed where it is switched off.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{opening, options, report_on_bytes};
use wd_diagnose::analyze::batch::run_over;
use wd_diagnose::detect::Matcher;
use wd_diagnose::diagnosis::Diagnosis;
use wd_diagnose::model::Level;
use wd_diagnose::report::Report;
use wd_diagnose::rules::{RuleOptions, load};
use wd_diagnose::source::{Reader, Source};
use wd_diagnose::traceback::Roots;

/// The report where one rule is switched off.
fn report_without(rule: &str, text: &str) -> Report {
    let rules =
        load(&RuleOptions { disabled: vec![rule.to_owned()], ..RuleOptions::default() }).unwrap();
    let matcher = Matcher::new(&rules, Roots::default());
    let reader = Reader::over(std::io::Cursor::new(text.to_owned()), opening());
    run_over(&matcher, &Source::stdin(), reader, &options()).unwrap().report
}

fn find<'r>(report: &'r Report, rule: &str) -> Option<&'r Diagnosis> {
    report.diagnoses.iter().find(|diagnosis| diagnosis.rule == rule)
}

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
    assert!(find(&report_without("system/clock-jump", &log), "system/clock-jump").is_none());
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
