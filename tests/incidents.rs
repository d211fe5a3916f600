//! What only several events show: a cause is named before its symptoms, one incident is told once, and
//! each detector is missed where it is switched off.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{RULES, opening, options, report_on_bytes};
use wd_diagnose::analyze::batch::run_over;
use wd_diagnose::detect::Matcher;
use wd_diagnose::diagnosis::Diagnosis;
use wd_diagnose::model::Level;
use wd_diagnose::report::Report;
use wd_diagnose::rules::{RuleOptions, RuleSet, load};
use wd_diagnose::source::{Reader, Source};
use wd_diagnose::traceback::Roots;

/// What `rules` make of a text.
fn report_with(rules: &RuleSet, text: &[u8]) -> Report {
    let matcher = Matcher::new(rules, Roots::default());
    let reader = Reader::over(std::io::Cursor::new(text.to_vec()), opening());
    run_over(&matcher, &Source::stdin(), reader, &options()).unwrap().report
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("fixtures/{name}.log")).unwrap()
}

fn find<'r>(report: &'r Report, rule: &str) -> Option<&'r Diagnosis> {
    report.diagnoses.iter().find(|diagnosis| diagnosis.rule == rule)
}

#[test]
fn the_cause_is_the_verdict_and_names_what_followed() {
    let text = fixture("rate-limit/weight-then-ban");
    let report = report_on_bytes(text.clone());
    let verdict = report.verdict.as_ref().unwrap();
    assert_eq!(verdict.rule, "rate-limit/weight-rising");
    assert!(
        verdict
            .summary
            .contains("What followed: Exchange's request limit reached (line 28, 3 times)")
    );
    assert_eq!(verdict.captures["status"], "418", "what the ban said is known to the cause");
    assert!(verdict.evidence.iter().any(|line| line.text.contains("answered 418")));
    let ban = find(&report, "rate-limit/ip-banned").unwrap();
    assert_eq!(ban.level, Level::Warning, "a consequence folds into its cause");
    // Switched off, the last symptom is all there is.
    let mut rules = load(&RuleOptions::default()).unwrap();
    rules.chains.clear();
    assert_eq!(report_with(&rules, &text).verdict.unwrap().rule, "rate-limit/ip-banned");
}

#[test]
fn series_are_found_and_missed_where_they_are_off() {
    for (name, rule, count) in [
        ("rate-limit/weight-then-ban", "rate-limit/weight-rising", 17),
        ("rate-limit/answers-degrade", "rate-limit/answers-degrade", 15),
        ("rate-limit/backing-off-in-a-row", "rate-limit/slowed-down-in-a-row", 8),
    ] {
        let text = fixture(name);
        let found = report_on_bytes(text.clone());
        let found = find(&found, rule).unwrap_or_else(|| panic!("{rule} in {name}"));
        assert_eq!(found.count, count, "{rule} in {name}");
        let disabled = vec![rule.to_owned()];
        let rules = load(&RuleOptions { disabled, ..RuleOptions::default() }).unwrap();
        assert!(find(&report_with(&rules, &text), rule).is_none());
    }
    let calm = report_on_bytes(fixture("near-miss/thin-market"));
    assert!(calm.diagnoses.iter().all(|one| one.rule == "rate-limit/backoff"), "{calm:#?}");
}

#[test]
fn what_is_handled_for_long_is_no_cause() {
    let calm: String = (0..40)
        .map(|n| format!("2026-03-02 10:{:02}:00,000 INFO poll: BTCUSDT {}.5\n", n + 2, 64_000 + n))
        .collect();
    let text = format!(
        "2026-03-02 10:00:00,000 WARNING poll: HTTP 429 Too Many Requests from api.binance.com\n{calm}\
         Traceback (most recent call last):\n  File \"/srv/bot/run.py\", line 9, in <module>\n    \
         price = book[\"bids\"]\nTypeError: 'NoneType' object is not subscriptable\n"
    );
    let report = report_on_bytes(text);
    assert_eq!(report.verdict.unwrap().rule, "payload/subscript-of-none");
}

#[test]
fn a_restart_loop_is_told_with_its_first_crash() {
    let crash = |minute: u32| {
        format!(
            "2026-03-02 10:{minute:02}:00,000 INFO main: bot starting, pid {}\n\
             Traceback (most recent call last):\n  File \"/srv/bot/run.py\", line 9, in <module>\n    \
             connect()\nConnectionRefusedError: [Errno 111] Connection refused\n",
            100 + minute
        )
    };
    let loops: String = (0..5).map(crash).collect();
    let verdict = report_on_bytes(loops).verdict.unwrap();
    let told = "A restart loop: 5 runs in a row ended in it, about 60 s apart, the first at 2026-03-02T10:00:00 (line 2).";
    assert!(verdict.summary.contains(told), "{}", verdict.summary);
    let twice: String = (0..2).map(crash).collect();
    assert!(!report_on_bytes(twice).verdict.unwrap().summary.contains("loop"));
}

#[test]
fn what_gunicorn_guesses_is_not_memory_where_the_worker_hung() {
    let report = report_on_bytes(fixture("system/gunicorn-worker-hung"));
    assert_eq!(report.verdict.unwrap().rule, "system/worker-timeout");
    let killed = "[2026-03-02 10:00:40 +0000] [1] [CRITICAL] WORKER TIMEOUT (pid:27)\n\
         [2026-03-02 10:00:41 +0000] [1] [ERROR] Worker (pid:PID) was sent SIGKILL! Perhaps out of memory?\n\
         [2026-03-02 10:00:41 +0000] [40] [INFO] Booting worker with pid: 40\n";
    let hung = report_on_bytes(killed.replace("PID", "27"));
    assert_eq!(hung.verdict.unwrap().rule, "system/worker-timeout");
    let other = report_on_bytes(killed.replace("PID", "31"));
    assert_eq!(other.verdict.unwrap().rule, "memory/gunicorn-worker-killed");
}

#[test]
fn the_built_in_chains_are_there() {
    assert!(RULES.chains.iter().any(|chain| chain.id == "limit-then-ban"));
}
