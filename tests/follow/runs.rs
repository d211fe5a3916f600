//! Lives of the bot: where they begin, how they end, and what is laid to what.

use serde_json::Value;

use super::{TRACEBACK, Watcher, append, assert_once, info, place};

#[test]
fn what_ends_a_run_becomes_fatal_and_is_taken_back_where_the_log_goes_on() {
    let (folder, log) = place();
    let mut watcher = Watcher::on(folder.path(), &["--quiet-after", "2s"]);
    append(&log, &info("tick"));
    append(&log, &TRACEBACK.concat());
    let told = watcher.until_told("tok00001");
    assert_eq!(told["level"], "error");
    let update = watcher.until("it is fatal", |told| told["event"] == "update");
    assert_eq!(update["level"], "fatal");
    assert_eq!(update["first"], told["first"]);
    assert_eq!(update["fingerprint"], told["fingerprint"]);
    let run = watcher.until("the run has ended", |told| told["event"] == "run");
    assert_eq!((&run["action"], &run["end"]), (&Value::from("ended"), &Value::from("crash")));
    append(&log, &(0..20).map(|tick| info(&format!("tick {tick}"))).collect::<String>());
    let update = watcher.until("it is not", |told| told["event"] == "update");
    assert_eq!(update["level"], "error");
    watcher.until("the run goes on", |told| told["action"] == "resumed");
    assert_once(&watcher.stop(), 1);
}

#[test]
fn an_exit_line_is_judged_at_once() {
    let (folder, log) = place();
    let mut watcher = Watcher::on(folder.path(), &["--quiet-after", "1h"]);
    append(&log, &TRACEBACK.concat());
    append(&log, "bot exited with code 1\n");
    let update = watcher.until("it is fatal", |told| told["event"] == "update");
    assert_eq!(update["level"], "fatal");
    watcher.stop();
}

#[test]
fn the_next_run_says_how_the_one_before_ended() {
    let (folder, log) = place();
    let mut watcher = Watcher::on(folder.path(), &["--quiet-after", "1h"]);
    let start = "2026-08-11 09:01:00,000 - freqtrade.worker - INFO - Starting worker 2024.10\n";
    append(&log, start);
    append(&log, &TRACEBACK.concat());
    append(&log, start);
    append(&log, &info("tick"));
    let update = watcher.until("it is fatal", |told| told["event"] == "update");
    assert_eq!(update["level"], "fatal");
    watcher.until("it has started", |told| told["action"] == "began" && told["first_line"] == 6);
    watcher.stop();
}

/// What no single line tells is told when it comes about, once in a run.
#[test]
fn a_series_is_told_when_it_comes_about() {
    let (folder, log) = place();
    let mut watcher = Watcher::on(folder.path(), &[]);
    let weight = |second: u32, used: u32| {
        format!("2026-02-03 08:00:{second:02} INFO scan: used weight {used}/1200\n")
    };
    for (second, used) in (0..).zip([240, 480, 720, 900, 1010]) {
        append(&log, &weight(second, used));
    }
    let told = watcher.until("it climbs", |told| told["event"] == "diagnosis");
    assert_eq!(told["rule"], "rate-limit/weight-rising");
    assert_eq!((&told["count"], &told["last"]["line"]), (&Value::from(1), &Value::from(5)));
    append(&log, &weight(15, 1130));
    append(&log, &weight(20, 1150));
    let told = watcher.stop();
    let series = told.iter().filter(|told| told["event"] == "diagnosis");
    assert_eq!(series.count(), 1, "{told:#?}");
}

/// The cause is to blame for the end of a run, and not what followed from it.
#[test]
fn the_cause_is_blamed_and_what_followed_names_it() {
    let (folder, log) = place();
    let mut watcher = Watcher::on(folder.path(), &["--quiet-after", "2s"]);
    append(
        &log,
        "2026-02-03 08:09:01 ERROR store: OSError: [Errno 28] No space left on device: 'ticks.csv'\n\
         2026-02-03 08:09:02 INFO bot: tick\n",
    );
    let cause = watcher.until("the cause", |told| told["event"] == "diagnosis");
    append(
        &log,
        "Traceback (most recent call last):\n  File \"/srv/bot/ledger.py\", line 12, in save\n    \
         self.db.execute(INSERT, row)\nsqlite3.DatabaseError: database disk image is malformed\n",
    );
    let symptom = watcher.until("what followed", |told| told["event"] == "diagnosis");
    let summary = symptom["summary"].as_str().unwrap();
    assert!(summary.contains("It followed from what began at line 1"), "{summary}");
    let update = watcher.until("it is fatal", |told| told["event"] == "update");
    assert_eq!((&update["level"], &update["first"]), (&Value::from("fatal"), &cause["first"]));
    let run = watcher.until("the run has ended", |told| told["action"] == "ended");
    assert_eq!(run["rule"], cause["rule"]);
    watcher.stop();
}

/// A bot that no rule knows, started again by something else, is known by its first record.
#[test]
fn a_bot_that_is_started_again_is_a_run_of_its_own() {
    let (folder, log) = place();
    let mut watcher = Watcher::on(folder.path(), &["--quiet-after", "2s"]);
    for run in 0..3 {
        append(&log, &info("starting grid bot v1.2"));
        append(&log, &info("tick"));
        append(&log, &TRACEBACK.concat().replace("tok00001", &format!("tok{:05}", run + 1)));
        watcher.until("the run has ended", |told| told["action"] == "ended");
    }
    append(&log, &info("starting grid bot v1.2"));
    append(&log, &info("tick"));
    watcher.until("it has begun", |told| told["action"] == "began" && told["first_line"] == 19);
    let told = watcher.stop();
    assert_once(&told, 3);
    let actions: Vec<&str> = told
        .iter()
        .filter(|told| told["event"] == "run")
        .filter_map(|told| told["action"].as_str())
        .collect();
    assert_eq!(actions, ["began", "ended", "began", "ended", "began", "ended", "began"]);
    let updates: Vec<&str> = told
        .iter()
        .filter(|told| told["event"] == "update")
        .filter_map(|told| told["level"].as_str())
        .collect();
    assert_eq!(updates, ["fatal"; 3]);
}
