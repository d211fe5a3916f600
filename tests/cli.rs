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
fn completions_know_the_options() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = run(folder.path(), &["completions", shell], Stdio::null());
        let script = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{shell}");
        assert!(script.contains("fail-on"), "{shell}");
    }
}
