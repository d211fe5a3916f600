//! Following as a user sees it: the program beside a log that grows.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod runs;
mod storms;

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// Longest wait for what must come; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// The program, following; what it prints, line by line.
struct Watcher {
    child: Child,
    lines: Receiver<String>,
    /// Every line so far.
    told: Vec<Value>,
}

impl Watcher {
    fn start(folder: &Path, args: &[&str], stdin: Stdio) -> Watcher {
        Watcher::of(command(folder, args).stdin(stdin))
    }

    fn of(command: &mut Command) -> Watcher {
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Watcher { child, lines, told: Vec::new() }
    }

    /// Follows `bot.log` in `folder` from its start, and waits until it does.
    fn on(folder: &Path, more: &[&str]) -> Watcher {
        let path = folder.join("bot.log");
        if !path.exists() {
            File::create(path).unwrap();
        }
        let args = ["--follow", "--format", "jsonl", "--from", "start", "bot.log"];
        let args: Vec<&str> = args.iter().chain(more).copied().collect();
        let mut watcher = Watcher::start(folder, &args, Stdio::null());
        watcher.until("the log is open", |told| told["action"] == "opened");
        watcher
    }

    /// The next line; `None` where none comes for `wait`, or none ever will.
    fn next(&mut self, wait: Duration) -> Option<&Value> {
        match self.lines.recv_timeout(wait) {
            Ok(line) => {
                self.told.push(serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}")));
                self.told.last()
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
        }
    }

    /// Waits for a line.
    fn until(&mut self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(line) = self.next(Duration::from_millis(100))
                && is_it(line)
            {
                return line.clone();
            }
        }
        panic!("{what}: not told; but {:#?}", self.told);
    }

    fn until_told(&mut self, token: &str) -> Value {
        self.until(token, |told| told["event"] == "diagnosis" && told.to_string().contains(token))
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Everything that was told until the end, and the exit status.
    fn end(mut self) -> (Vec<Value>, Option<i32>) {
        let start = Instant::now();
        while self.child.try_wait().unwrap().is_none() && start.elapsed() < PATIENCE {
            self.next(Duration::from_millis(20));
        }
        let status = self.child.wait().unwrap();
        while self.next(Duration::from_millis(500)).is_some() {}
        (std::mem::take(&mut self.told), status.code())
    }

    /// Ends it with SIGTERM.
    fn stop(self) -> Vec<Value> {
        self.signal(Signal::TERM);
        let (told, status) = self.end();
        assert_eq!(status, Some(0), "{told:#?}");
        assert_eq!(told.last().unwrap()["event"], "summary", "{told:#?}");
        told
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wd-diagnose"));
    command.args(args).current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// A folder, and the log in it.
fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("bot.log");
    (folder, log)
}

fn append(log: &Path, text: &str) {
    let mut file = OpenOptions::new().create(true).append(true).open(log).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// A record of an error whose module name is a token that stands nowhere else.
fn crash(token: u32) -> String {
    format!(
        "2026-08-11 09:00:00,000 ERROR bot: ModuleNotFoundError: No module named 'tok{token:05}'\n"
    )
}

fn info(text: &str) -> String {
    format!("2026-08-11 09:00:01,000 INFO bot: {text}\n")
}

/// How often each token was told in a diagnosis.
fn tokens(told: &[Value]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in told.iter().filter(|line| line["event"] == "diagnosis") {
        let text = line.to_string();
        let mut found: Vec<&str> =
            text.match_indices("tok").filter_map(|(at, _)| text.get(at..at + 8)).collect();
        found.sort_unstable();
        found.dedup();
        for token in found {
            *counts.entry(token.to_owned()).or_default() += 1;
        }
    }
    counts
}

/// Each token up to `last` was told once.
fn assert_once(told: &[Value], last: u32) {
    let wanted: BTreeMap<String, usize> =
        (1..=last).map(|token| (format!("tok{token:05}"), 1)).collect();
    assert_eq!(tokens(told), wanted);
}

/// How much larger the test is by hand than in every run.
fn scale() -> u32 {
    std::env::var("WD_SCALE").map_or(1, |text| text.parse().unwrap())
}

const TRACEBACK: [&str; 4] = [
    "Traceback (most recent call last):\n",
    "  File \"/srv/bot/main.py\", line 41, in run\n",
    "    px = tick['price']\n",
    "KeyError: 'tok00001'\n",
];

#[test]
fn each_event_is_told_once_however_it_is_written() {
    let (folder, log) = place();
    append(&log, &crash(1));
    let mut watcher = Watcher::on(folder.path(), &[]);
    watcher.until_told("tok00001");
    // In two parts, with a silence between them that is not the end of the line.
    let text = crash(2);
    let (head, rest) = text.split_at(text.find("00002").unwrap() + 2);
    append(&log, head);
    std::thread::sleep(Duration::from_millis(400));
    append(&log, rest);
    watcher.until_told("tok00002");
    // Many at once.
    append(&log, &(3..200).map(crash).collect::<String>());
    watcher.until_told("tok00199");
    // No newline, and then it comes.
    append(&log, crash(200).trim_end());
    watcher.until_told("tok00200");
    append(&log, "\n");
    append(&log, &crash(201));
    watcher.until_told("tok00201");
    assert_once(&watcher.stop(), 201);
}

#[test]
fn a_traceback_that_comes_line_by_line_is_one_event() {
    let (folder, log) = place();
    let mut watcher = Watcher::on(folder.path(), &[]);
    for line in TRACEBACK {
        append(&log, line);
        std::thread::sleep(Duration::from_millis(200));
    }
    let told = watcher.until_told("tok00001");
    assert_eq!(told["count"], 1);
    assert_eq!(told["exception"]["type"], "KeyError");
    assert_eq!(told["first"]["line"], 1);
    append(&log, &info("restarting"));
    assert_once(&watcher.stop(), 1);
}

#[test]
fn a_traceback_behind_a_record_that_was_told_is_not_swallowed() {
    let (folder, log) = place();
    let mut watcher = Watcher::on(folder.path(), &[]);
    append(&log, &crash(2));
    watcher.until_told("tok00002");
    append(&log, &TRACEBACK.concat());
    let told = watcher.until_told("tok00001");
    assert_eq!(told["first"]["line"], 2);
    assert_once(&watcher.stop(), 2);
}

#[test]
fn a_signal_ends_it_with_everything_told() {
    for signal in [Signal::TERM, Signal::INT] {
        let (folder, log) = place();
        let mut watcher = Watcher::on(folder.path(), &[]);
        append(&log, &crash(2));
        watcher.until_told("tok00002");
        append(&log, &info("next"));
        // Nothing says yet that it is whole.
        append(&log, &TRACEBACK.concat());
        std::thread::sleep(Duration::from_millis(100));
        let start = Instant::now();
        watcher.signal(signal);
        let (told, status) = watcher.end();
        assert_eq!(status, Some(0));
        assert!(start.elapsed() < PATIENCE / 2);
        assert_once(&told, 2);
        assert_eq!(told.last().unwrap()["event"], "summary");
    }
}

#[test]
fn the_end_of_standard_input_ends_it_as_in_batch() {
    for (log, status) in [(TRACEBACK.concat(), 1), (info("tick"), 0)] {
        let folder = tempfile::tempdir().unwrap();
        let args = ["--follow", "--format", "jsonl"];
        let mut watcher = Watcher::start(folder.path(), &args, Stdio::piped());
        let mut stdin: ChildStdin = watcher.child.stdin.take().unwrap();
        stdin.write_all(log.as_bytes()).unwrap();
        drop(stdin);
        let (told, code) = watcher.end();
        assert_eq!(code, Some(status), "{told:#?}");
        let fatal = told.iter().any(|told| told["event"] == "update" && told["level"] == "fatal");
        assert_eq!(fatal, status == 1, "{told:#?}");
        assert_eq!(told.last().unwrap()["event"], "summary");
    }
}

#[test]
fn the_report_at_the_end_is_that_of_the_finished_log() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let log = root.join("fixtures/network/refused-ccxt.log");
    let report = |args: &[&str]| {
        let stdin = Stdio::from(File::open(&log).unwrap());
        let output = command(root, args).stdin(stdin).output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), output.status.code())
    };
    let followed = report(&["--follow", "--format", "json"]);
    assert_eq!(followed, report(&["--format", "json"]));
    assert_eq!(followed.1, Some(1));
}

#[test]
fn a_closed_output_ends_it_also_where_nothing_is_written() {
    let (folder, log) = place();
    append(&log, &info("tick"));
    let args = ["--follow", "--format", "jsonl", "--from", "start", "bot.log"];
    let mut child = command(folder.path(), &args).stdin(Stdio::null()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut byte = [0];
    stdout.read_exact(&mut byte).unwrap();
    drop(stdout);
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().unwrap() {
            assert_eq!(status.code(), Some(0));
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    let _ = child.wait();
    panic!("it goes on although nobody reads");
}

#[test]
fn a_slow_reader_delays_what_is_told_and_nothing_else() {
    let (folder, log) = place();
    append(&log, &crash(1));
    let args = ["--follow", "--format", "jsonl", "--from", "start", "bot.log"];
    let mut child = command(folder.path(), &args).stdin(Stdio::null()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("tok00001") {
        line.clear();
        stdout.read_line(&mut line).unwrap();
    }
    // Far more than a pipe holds, and the log is rotated three times meanwhile.
    let many = 250 * scale();
    for generation in 0..4 {
        for token in 0..many {
            append(&log, &crash(2 + generation * many + token));
        }
        std::thread::sleep(Duration::from_millis(100));
        if generation < 3 {
            fs::rename(&log, folder.path().join(format!("bot.log.{}", 3 - generation))).unwrap();
        }
    }
    let mut told = vec![serde_json::from_str(&line).unwrap()];
    let mut last = false;
    while !last {
        line.clear();
        assert!(stdout.read_line(&mut line).unwrap() > 0, "it has ended");
        last = line.contains(&format!("tok{:05}", 1 + 4 * many));
        told.push(serde_json::from_str(&line).unwrap());
    }
    let _ = child.kill();
    let _ = child.wait();
    assert_once(&told, 1 + 4 * many);
}

#[test]
fn silence_is_told_where_it_is_asked_for() {
    let (folder, log) = place();
    append(&log, &info("tick"));
    let mut watcher = Watcher::on(folder.path(), &["--stall-after", "300ms"]);
    let stall = watcher.until("silence", |told| told["event"] == "stall");
    assert_eq!(stall["source"], "bot.log");
    assert!(stall["silent_for"].as_f64().unwrap() >= 0.3);
    // Once for each silence.
    std::thread::sleep(Duration::from_millis(900));
    append(&log, &info("tick"));
    let stall = watcher.until("silence again", |told| told["event"] == "stall");
    assert!(stall["silent_for"].as_f64().unwrap() >= 0.3, "not at once when it speaks: {stall}");
    let told = watcher.stop();
    assert_eq!(told.iter().filter(|told| told["event"] == "stall").count(), 2, "{told:#?}");
}

#[test]
fn a_level_hides_and_a_crash_that_was_hidden_is_told_when_it_is_one() {
    let (folder, log) = place();
    let mut watcher = Watcher::on(folder.path(), &["--level", "fatal", "--quiet-after", "2s"]);
    append(&log, &info("tick"));
    append(&log, &TRACEBACK.concat());
    let told = watcher.until_told("tok00001");
    assert_eq!(told["level"], "fatal");
    assert_once(&watcher.stop(), 1);
}

#[test]
fn a_page_for_people_shows_an_incident_once() {
    let (folder, log) = place();
    File::create(&log).unwrap();
    let args = ["--follow", "--from", "start", "--quiet-after", "2s", "bot.log"];
    let mut child = command(folder.path(), &args).stdin(Stdio::null()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for _ in 0..25 {
        append(&log, &TRACEBACK.concat());
        append(&log, &info("tick"));
    }
    append(&log, &TRACEBACK.concat());
    let mut page = String::new();
    while !page.contains("The bot crashed") {
        assert!(stdout.read_line(&mut page).unwrap() > 0, "{page}");
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    stdout.read_to_string(&mut page).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(page.matches("What to do").count(), 1, "{page}");
    assert!(page.contains("for the 10th time"), "{page}");
    assert!(page.contains("Seen while watching"), "{page}");
    assert!(!page.contains('\u{1b}'), "{page}");
}
