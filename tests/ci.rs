//! A repository with a bot and a log check: what a CI step sees.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const FORMATS: [&str; 9] =
    ["text", "json", "jsonl", "markdown", "github", "gitlab", "sarif", "junit", "prometheus"];

const WARNING: &str = "2026-03-01 10:00:01,000 WARNING feed: retrying after 429 Too Many Requests from api.binance.com\n\
                       2026-03-01 10:05:02,000 INFO feed: tick\n";

/// As the bot's host wrote it, where its code stood two lines higher than it does now.
const CRASH: &str = "Traceback (most recent call last):\n  File \"/opt/prod/bot/feed.py\", line 5, in latest\n    \
                     price = answer[\"price\"]\n            ~~~~~~^^^^^^^^^\nKeyError: 'price'\n";

const CODE: &str = "import json\n\n# Two more\n# lines.\n\ndef latest(answer):\n    price = answer[\"price\"]\n    return price\n";

/// A repository with `src/bot/feed.py`, and a log.
fn repository(log: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("src/bot")).unwrap();
    fs::create_dir_all(folder.path().join("logs")).unwrap();
    fs::write(folder.path().join("src/bot/feed.py"), CODE).unwrap();
    fs::write(folder.path().join("logs/bot.log"), log).unwrap();
    folder
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wd-diagnose"));
    command.args(args).current_dir(folder).stdin(Stdio::null());
    for variable in ["GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE", "CI_PROJECT_DIR"] {
        command.env_remove(variable);
    }
    command
}

fn run(folder: &Path, args: &[&str]) -> Output {
    command(folder, args).output().unwrap()
}

fn shown(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn status(output: &Output) -> i32 {
    output.status.code().unwrap()
}

#[test]
fn a_new_crash_fails_and_points_at_the_bots_own_line() {
    let repository = repository(WARNING);
    let folder = repository.path();
    let check = ["--format", "github", "--source-root", "src", "--baseline", "known.toml", "logs"];
    assert_eq!(status(&run(folder, &["--baseline", "known.toml", "--update-baseline", "logs"])), 0);
    let output = run(folder, &check);
    assert_eq!(status(&output), 0);
    assert!(shown(&output).starts_with("::notice file=logs/bot.log,line=1,"), "{}", shown(&output));
    assert!(!shown(&output).contains("::error") && !shown(&output).contains("::warning"));

    fs::write(folder.join("logs/bot.log"), format!("{WARNING}{CRASH}")).unwrap();
    let output = run(folder, &check);
    assert_eq!(status(&output), 1);
    let first = shown(&output).lines().next().unwrap().to_owned();
    assert!(first.starts_with("::error file=src/bot/feed.py,line=7,title="), "{first}");
    assert!(first.contains("(new)::The bot crashed"), "{first}");

    run(folder, &["--baseline", "known.toml", "--update-baseline", "logs"]);
    assert_eq!(status(&run(folder, &check)), 0);
    fs::write(folder.join("logs/bot.log"), format!("{WARNING}{CRASH}{WARNING}{CRASH}")).unwrap();
    let output = run(folder, &check);
    assert_eq!(status(&output), 1);
    assert!(shown(&output).contains("(risen)::"), "{}", shown(&output));
}

#[test]
fn every_format_points_there() {
    let repository = repository(&format!("{WARNING}{CRASH}"));
    let folder = repository.path();
    let json = |format: &str| -> serde_json::Value {
        let args = ["--format", format, "--source-root", "src", "logs/bot.log"];
        serde_json::from_str(&shown(&run(folder, &args))).unwrap()
    };
    let sarif = json("sarif");
    let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "src/bot/feed.py");
    assert_eq!(place["region"]["startLine"], 7);
    assert!(
        sarif["runs"][0]["tool"]["driver"]["rules"][0]["help"]["text"].as_str().unwrap().len() > 20
    );
    let gitlab = json("gitlab");
    assert_eq!(gitlab[0]["location"]["path"], "src/bot/feed.py");
    assert_eq!(gitlab[0]["location"]["lines"]["begin"], 7);
    assert_eq!(gitlab[1]["location"]["path"], "logs/bot.log");

    // Without a source tree it is the log's line.
    let args = ["--format", "gitlab", "logs/bot.log"];
    let log: serde_json::Value = serde_json::from_str(&shown(&run(folder, &args))).unwrap();
    assert_eq!(log[0]["location"]["path"], "logs/bot.log");
    assert_eq!(log[0]["location"]["lines"]["begin"], 3);
}

/// A step may run in any folder; annotations name files as the repository does.
#[test]
fn files_are_named_as_the_repository_names_them() {
    let repository = repository(CRASH);
    let folder = repository.path();
    for (format, variable) in [("github", "GITHUB_WORKSPACE"), ("gitlab", "CI_PROJECT_DIR")] {
        let args = ["--format", format, "--source-root", "../src", "bot.log"];
        let output = command(&folder.join("logs"), &args).env(variable, folder).output().unwrap();
        assert!(shown(&output).contains("src/bot/feed.py"), "{}", shown(&output));
    }
}

#[test]
fn steps_add_to_the_job_summary() {
    let repository = repository(&format!("{WARNING}{CRASH}"));
    let folder = repository.path();
    let summary = folder.join("summary.md");
    fs::write(&summary, "# From an earlier step\n").unwrap();
    let with_summary = |format: &str, file: &Path| {
        let args = ["--format", format, "logs/bot.log"];
        command(folder, &args).env("GITHUB_STEP_SUMMARY", file).output().unwrap()
    };
    assert_eq!(status(&with_summary("json", &summary)), 1);
    assert_eq!(fs::read_to_string(&summary).unwrap(), "# From an earlier step\n");
    assert_eq!(status(&with_summary("github", &summary)), 1);
    let page = fs::read_to_string(&summary).unwrap();
    assert!(page.starts_with("# From an earlier step\n### ✗ The bot crashed"), "{page}");

    // It is an extra: without it the step says the same.
    let output = with_summary("github", &folder.join("no/such/folder"));
    assert_eq!(status(&output), 1);
    assert!(said(&output).contains("cannot write the job summary"), "{}", said(&output));
    assert!(shown(&output).starts_with("::error "), "{}", shown(&output));
}

#[test]
fn the_format_changes_neither_what_is_found_nor_the_exit_status() {
    let repository = repository(&format!("{WARNING}{CRASH}"));
    let folder = repository.path();
    for format in FORMATS {
        for (fail_on, expected) in [("fatal", 1), ("warning", 1), ("never", 0)] {
            let output = run(folder, &["--format", format, "--fail-on", fail_on, "logs/bot.log"]);
            assert_eq!(status(&output), expected, "{format} {fail_on}");
            assert_eq!(said(&output), "", "{format}");
            let shown = shown(&output);
            if format != "text" && format != "junit" {
                assert!(shown.contains("payload/key-error"), "{shown}");
                assert!(shown.contains("rate-limit/too-many-requests"), "{shown}");
            }
        }
        let output = run(folder, &["--format", format, "logs/bot.log", "gone.log"]);
        assert_eq!(status(&output), 2, "{format}");
        let output = run(folder, &["--format", format, "-o", "report", "logs/bot.log"]);
        assert_eq!((status(&output), shown(&output).as_str()), (1, ""), "{format}");
        assert!(fs::metadata(folder.join("report")).unwrap().len() > 0);
    }
}

#[test]
fn reports_of_hosts_make_one() {
    let repository = repository(&format!("{WARNING}{CRASH}"));
    let folder = repository.path();
    fs::write(folder.join("logs/calm.log"), WARNING).unwrap();
    let report = |log: &str, file: &str| run(folder, &["--format", "json", "-o", file, log]);
    report("logs/bot.log", "a.json");
    report("logs/calm.log", "b.json");
    let whole = shown(&run(folder, &["--format", "json", "logs/bot.log", "logs/calm.log"]));
    let merged = run(folder, &["merge", "b.json", "a.json"]);
    assert_eq!(status(&merged), 1);
    assert_eq!(shown(&merged), whole);
    assert_eq!(status(&run(folder, &["merge", "b.json"])), 0);
    assert_eq!(status(&run(folder, &["merge", "--fail-on", "warning", "b.json"])), 1);
    assert_eq!(status(&run(folder, &["merge", "--fail-on", "never", "a.json"])), 0);

    let args = ["merge", "--format", "github", "--source-root", "src", "a.json", "b.json"];
    assert!(shown(&run(folder, &args)).starts_with("::error file=src/bot/feed.py,line=7,"));
    let text = shown(&run(folder, &["merge", "--format", "text", "a.json", "b.json"]));
    assert!(text.starts_with("✗ The bot crashed"), "{text}");

    // From standard input, into a file.
    let input = fs::File::open(folder.join("a.json")).unwrap();
    let piped = command(folder, &["merge", "-", "b.json", "-o", "c.json"]).stdin(input).output();
    assert_eq!(status(&piped.unwrap()), 1);
    assert_eq!(fs::read_to_string(folder.join("c.json")).unwrap(), whole);
}

#[test]
fn what_cannot_be_merged_is_refused() {
    let repository = repository(CRASH);
    let folder = repository.path();
    run(folder, &["--format", "json", "-o", "a.json", "logs/bot.log"]);
    let json = fs::read_to_string(folder.join("a.json")).unwrap();
    let other = json.replacen("\"schema_version\": 1", "\"schema_version\": 7", 1);
    fs::write(folder.join("b.json"), other).unwrap();
    fs::write(folder.join("c.json"), &json[..json.len() / 2]).unwrap();
    for (file, error) in [
        (
            "b.json",
            "b.json:2:3: this report is of schema version 7, and this program knows version 1",
        ),
        ("c.json", "c.json:"),
        ("gone.json", "cannot read the report gone.json"),
        ("logs/bot.log", "logs/bot.log:1:1: this is no JSON report"),
    ] {
        let output = run(folder, &["merge", "a.json", file]);
        assert_eq!(status(&output), 2, "{file}");
        assert!(said(&output).contains(error), "{}", said(&output));
        assert!(output.stdout.is_empty());
    }
    assert_eq!(status(&run(folder, &["merge"])), 2);
}
