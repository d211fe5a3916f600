//! Commands and options as a user types them: streams and exit status.

use std::fs;
use std::process::{Command, Output, Stdio};

fn run(folder: &std::path::Path, args: &[&str], stdin: Stdio) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wd-diagnose"))
        .args(args)
        .current_dir(folder)
        .env_remove("COLUMNS")
        .stdin(stdin)
        .output()
        .expect("the program starts")
}

#[test]
fn cases() {
    trycmd::TestCases::new().case("tests/cmd/*.toml");
}

/// Every `$ wd-diagnose …` in the README prints what stands below it.
#[test]
fn the_readme_shows_what_is_printed() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let mut blocks = 0;
    for block in readme.split("```console\n$ wd-diagnose ").skip(1) {
        let (args, shown) = block.split_once('\n').unwrap();
        let (shown, _) = shown.split_once("```").unwrap();
        let args: Vec<&str> = args.split(' ').collect();
        let printed = String::from_utf8(run(root, &args, Stdio::null()).stdout).unwrap();
        assert_eq!(printed, shown, "{args:?}");
        blocks += 1;
    }
    assert!(blocks > 0);
}

#[test]
fn nothing_to_read_is_an_error_that_says_what_was_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &[], Stdio::null());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("looked for"), "{said}");
    assert!(said.contains("name a file or a folder"), "{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn an_empty_default_is_nothing_to_read() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("empty"), "").unwrap();
    let empty = fs::File::open(folder.path().join("empty")).unwrap();
    let output = run(folder.path(), &[], Stdio::from(empty));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("standard input holds nothing"), "{said}");

    fs::write(folder.path().join("bot.log"), "").unwrap();
    assert_eq!(run(folder.path(), &[], Stdio::null()).status.code(), Some(2));
    assert_eq!(
        run(folder.path(), &["bot.log"], Stdio::null()).status.code(),
        Some(0),
        "a named one may be empty"
    );
}

#[test]
fn a_report_goes_to_a_file_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bot.log"), "2024-05-01 12:00:00 INFO started\n").unwrap();
    let args = ["--format", "json", "-o", "report.json", "bot.log"];
    let output = run(folder.path(), &args, Stdio::null());
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
    let report = fs::read_to_string(folder.path().join("report.json")).unwrap();
    assert!(report.starts_with("{\n  \"schema_version\": 1,"), "{report}");

    let output = run(folder.path(), &["-o", "no/such/folder", "bot.log"], Stdio::null());
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("cannot write the report to no/such/folder")
    );
}

#[test]
fn no_colour_where_it_is_piped() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bot.log"), "2024-05-01 12:00:00 INFO started\n").unwrap();
    let has_colour = |args: &[&str]| run(folder.path(), args, Stdio::null()).stdout.contains(&0x1b);
    assert!(!has_colour(&["bot.log"]));
    assert!(!has_colour(&["--color", "never", "bot.log"]));
    assert!(has_colour(&["--color", "always", "bot.log"]));
}

/// The lines before what went wrong: in the log's order, never more than asked for, without its secrets.
#[test]
fn context_is_what_stands_before() {
    let folder = tempfile::tempdir().unwrap();
    let long = "word ".repeat(400);
    let log = format!(
        "2024-05-01 12:00:00 INFO started\n2024-05-01 12:00:01 INFO api_secret=tigerlily\n\
         2024-05-01 12:00:02 INFO {long}\n2024-05-01 12:00:03 INFO \x1b[31mtick\n\
         Traceback (most recent call last):\n  File \"/srv/bot/bot.py\", line 7, in tick\n    feed.get()\n\
         ConnectionRefusedError: [Errno 111] Connection refused\n"
    );
    fs::write(folder.path().join("bot.log"), log).unwrap();
    let said =
        |args: &[&str]| String::from_utf8(run(folder.path(), args, Stdio::null()).stdout).unwrap();
    assert!(!said(&["bot.log"]).contains("INFO"));
    let text = said(&["-C", "3", "bot.log"]);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let at = |start: &str| lines.iter().position(|line| line.starts_with(start));
    assert!(at("2 ").is_some() && at("2 ") < at("3 ") && at("3 ") < at("4 "), "{text}");
    assert!(at("4 ") < at("5 ") && at("5 ").is_some(), "{text}");
    assert!(!text.contains("INFO started") && !text.contains("tigerlily"), "{text}");
    assert!(text.contains("[redacted:secret]") && !text.contains('\x1b'), "{text}");
    assert!(said(&["-C", "9", "bot.log"]).contains("INFO started"));
    assert!(text.matches("word").count() < 100, "{text}");
}

/// An end that the log only states has its context too: it is found when the log is over.
#[test]
fn context_of_an_end_without_a_cause() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = String::new();
    for second in 0..30 {
        log += &format!("2024-05-01 12:00:{second:02} INFO tick {second}\n");
    }
    log += "2024-05-01 12:00:30 CRITICAL giving up on all of it";
    fs::write(folder.path().join("bot.log"), log).unwrap();
    let output = run(folder.path(), &["-C", "2", "bot.log"], Stdio::null());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("29 │ 2024-05-01 12:00:28 INFO tick 28"), "{text}");
    assert!(text.contains("30 │ 2024-05-01 12:00:29 INFO tick 29"), "{text}");
    assert!(text.contains("31 │ giving up on all of it"), "{text}");
    assert!(!text.contains("tick 27"), "{text}");
}

/// A log that simply stops is measured by how often it spoke.
#[test]
fn a_silent_log_is_told_by_its_rhythm() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = String::new();
    for second in (0..60).step_by(2) {
        log += &format!(
            "2024-05-01 12:00:{second:02} INFO tick\n2024-05-01 12:00:{second:02} INFO tock\n"
        );
    }
    fs::write(folder.path().join("bot.log"), log).unwrap();
    let text = String::from_utf8(run(folder.path(), &["bot.log"], Stdio::null()).stdout).unwrap();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("this log speaks every 2 s"), "{text}");
}

/// A reader that goes away early is no failure and no panic.
#[cfg(unix)]
#[test]
fn a_closed_pipe_is_quiet() {
    let folder = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = Command::new(env!("CARGO_BIN_EXE_wd-diagnose"))
        .args(["completions", "bash"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn showing_secrets_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bot.log"), "2024-05-01 12:00:00 INFO started\n").unwrap();
    let said =
        |args: &[&str]| String::from_utf8(run(folder.path(), args, Stdio::null()).stderr).unwrap();
    assert!(said(&["--no-redact", "bot.log"]).contains("warning: --no-redact"));
    assert_eq!(said(&["bot.log"]), "");
}

#[test]
fn the_man_page_is_roff_and_knows_the_options_and_commands() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["man"], Stdio::null());
    let page = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(page.lines().any(|line| line.starts_with(".TH wd-diagnose 1")), "{page}");
    for word in ["fail\\-on", "hook\\-attempts", "wd\\-diagnose\\-explain", "Exit status"] {
        assert!(page.contains(word), "{word}: {page}");
    }
}

#[test]
fn completions_know_the_options() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = run(folder.path(), &["completions", shell], Stdio::null());
        let script = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{shell}");
        assert!(script.contains("fail-on"), "{shell}");
    }
}
