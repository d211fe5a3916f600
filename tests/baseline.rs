//! The baseline as a CI step uses it: what is known passes, what is new or has risen fails.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const WARNING: &str = "2026-03-01 10:00:01,000 WARNING feed: retrying after 429 Too Many Requests from api.binance.com\n\
                       2026-03-01 10:00:02,000 INFO feed: tick\n";

fn crash(day: u32, line: u32, folder: &str) -> String {
    format!(
        "2026-03-{day:02} 10:00:03,000 INFO feed: order {day}88{line} placed\n\
         Traceback (most recent call last):\n  File \"{folder}/feed.py\", line {line}, in latest\n    \
         price = answer[\"price\"]\nKeyError: 'price'\n"
    )
}

fn run(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wd-diagnose"))
        .args(args)
        .current_dir(folder)
        .env_remove("GITHUB_STEP_SUMMARY")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn status(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Standing of each diagnosis, by rule.
fn standings(folder: &Path) -> Vec<(String, String)> {
    let args = ["--format", "json", "--baseline", "known.toml", "--fail-on", "never", "bot.log"];
    let output = run(folder, &args);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("none").to_owned();
    let list = report["diagnoses"].as_array().unwrap().iter();
    list.map(|diagnosis| (text(&diagnosis["rule"]), text(&diagnosis["baseline"]))).collect()
}

#[test]
fn what_is_known_passes_and_what_is_new_or_has_risen_fails() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let log = folder.join("bot.log");
    fs::write(&log, WARNING).unwrap();
    let check = ["--baseline", "known.toml", "--fail-on", "warning", "bot.log"];

    // Without a baseline file there is nothing to compare with.
    let output = run(folder, &check);
    assert_eq!(status(&output), 2);
    assert!(said(&output).contains("make it with --update-baseline"), "{}", said(&output));

    let update = ["--baseline", "known.toml", "--update-baseline", "bot.log"];
    assert_eq!(status(&run(folder, &update)), 0);
    assert_eq!(status(&run(folder, &check)), 0, "a known warning passes");
    assert_eq!(
        standings(folder),
        [("rate-limit/too-many-requests".to_owned(), "known".to_owned())]
    );

    // A new crash fails, on another day and host too, until it is known.
    fs::write(&log, format!("{WARNING}{}", crash(2, 21, "/home/ann/bot"))).unwrap();
    assert_eq!(status(&run(folder, &check)), 1, "a new crash fails");
    assert_eq!(standings(folder)[0].1, "new");
    assert_eq!(status(&run(folder, &update)), 0, "updating exits 0");
    fs::write(&log, format!("{WARNING}{}", crash(9, 404, "/srv/bots"))).unwrap();
    assert_eq!(status(&run(folder, &check)), 0, "the same on another day, host and line");
    assert!(standings(folder).iter().all(|(_, standing)| standing == "known"));

    // A second one of a known kind has risen.
    let twice = format!("{WARNING}{}{}", crash(9, 21, "/srv/bots"), crash(10, 21, "/srv/bots"));
    fs::write(&log, twice).unwrap();
    let output = run(folder, &check);
    assert_eq!(status(&output), 1, "a second one fails");
    assert_eq!(standings(folder)[0].1, "risen");
    let text = String::from_utf8(output.stdout).unwrap();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("risen above the baseline"), "{text}");

    // A warning that is known and now ends the bot has risen as well.
    let known = fs::read_to_string(folder.join("known.toml")).unwrap();
    fs::write(folder.join("known.toml"), known.replace("\"fatal\"", "\"warning\"")).unwrap();
    fs::write(&log, format!("{WARNING}{}", crash(9, 404, "/srv/bots"))).unwrap();
    assert_eq!(standings(folder)[0].1, "risen");
}

#[test]
fn what_is_no_longer_seen_is_listed_and_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let log = folder.join("bot.log");
    fs::write(&log, format!("{WARNING}{}", crash(2, 21, "/home/ann/bot"))).unwrap();
    let update = ["--baseline", "known.toml", "--update-baseline", "bot.log"];
    run(folder, &update);
    fs::write(&log, WARNING).unwrap();

    let check = ["--baseline", "known.toml", "bot.log"];
    let output = run(folder, &check);
    assert_eq!(status(&output), 0);
    assert!(said(&output).contains("no longer seen: payload/"), "{}", said(&output));
    assert!(said(&output).contains("(feed.py in latest)"), "{}", said(&output));
    assert!(!said(&output).contains("rate-limit/"), "{}", said(&output));

    // What was not asked for is not gone.
    let part = ["--baseline", "known.toml", "--pattern", "rate-limit", "bot.log"];
    assert_eq!(said(&run(folder, &part)), "");
    let before = fs::read_to_string(folder.join("known.toml")).unwrap();
    run(
        folder,
        &["--pattern", "rate-limit", "--baseline", "known.toml", "--update-baseline", "bot.log"],
    );
    assert_eq!(fs::read_to_string(folder.join("known.toml")).unwrap(), before);

    run(folder, &update);
    let after = fs::read_to_string(folder.join("known.toml")).unwrap();
    assert!(!after.contains("payload/") && after.contains("rate-limit/"), "{after}");
    assert_eq!(said(&run(folder, &check)), "");
}

#[test]
fn a_baseline_that_cannot_be_read_is_an_error_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("bot.log"), WARNING).unwrap();
    for (text, error) in [
        ("version = 1\n<<<<<<< HEAD\n", "known.toml:2:1: a merge conflict is not resolved"),
        ("version = 0\n", "known.toml:1:11: this baseline is of version 0"),
        ("{\"a\": 1}", "known.toml:1:1: the baseline is damaged"),
    ] {
        fs::write(folder.join("known.toml"), text).unwrap();
        for update in [&[][..], &["--update-baseline"]] {
            let args = [&["--baseline", "known.toml", "bot.log"], update].concat();
            let output = run(folder, &args);
            assert_eq!(status(&output), 2);
            assert!(said(&output).contains(error), "{}", said(&output));
            assert_eq!(fs::read_to_string(folder.join("known.toml")).unwrap(), text);
        }
    }
}

#[test]
fn half_a_log_makes_no_baseline() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("bot.log"), WARNING).unwrap();
    let args = ["--baseline", "known.toml", "--update-baseline", "bot.log", "gone.log"];
    let output = run(folder, &args);
    assert_eq!(status(&output), 2);
    assert!(said(&output).contains("stays as it is"), "{}", said(&output));
    assert!(!folder.join("known.toml").exists());
}
