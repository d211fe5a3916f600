//! Real processes, each for a moment: this very program, acting out a part.

use std::fs::{self, OpenOptions};
use std::os::windows::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::super::{Exit, Input, Process};
use crate::safe::redact::Redactor;

/// Which part a child is to act out.
const PART: &str = "HOOK_TEST_PART";

/// The file it is about.
const FILE: &str = "HOOK_TEST_FILE";

/// How a test program is told to run [`child`] and nothing else.
const ACT: [&str; 4] =
    ["--exact", "--ignored", "--nocapture", "hook::process::windows::tests::child"];

/// Longest that a part takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// `ERROR_SHARING_VIOLATION` of Win32.
const SHARING_VIOLATION: i32 = 32;

fn start(part: &str, file: &Path) -> (Process, mpsc::Receiver<()>) {
    let (exited, waiter) = mpsc::channel();
    let mut words = vec![std::env::current_exe().unwrap().to_str().unwrap().to_owned()];
    words.extend(ACT.map(str::to_owned));
    let file = file.to_str().unwrap().to_owned();
    let variables = vec![(PART.to_owned(), part.to_owned()), (FILE.to_owned(), file)];
    let input = Input { stdin: Arc::from(&b"{\"pattern\": \"network\"}\n"[..]), variables };
    let process = Process::start(&words, &input, move || exited.send(()).unwrap()).unwrap();
    (process, waiter)
}

/// Whether the part `holder` lives: it lets nobody else open its file.
fn is_held(file: &Path) -> bool {
    OpenOptions::new()
        .read(true)
        .open(file)
        .is_err_and(|error| error.raw_os_error() == Some(SHARING_VIOLATION))
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn it_reads_one_line_and_its_status_and_words_come_back() {
    let (process, waiter) = start("status", Path::new("unused"));
    waiter.recv().unwrap();
    let (exit, tail) = process.reap(false);
    assert_eq!(exit, Exit::Status(7));
    let text = tail.text(&Redactor::new(true)).unwrap();
    assert!(text.contains("got {\"pattern\": \"network\"}"), "{text}");
}

#[test]
fn what_a_command_has_started_ends_with_it_when_it_takes_too_long() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("held");
    let (process, waiter) = start("leader", &file);
    until("the child of the command lives", || is_held(&file));
    process.terminate();
    waiter.recv().unwrap();
    process.reap(true);
    until("the child of the command has ended", || !is_held(&file));
}

#[test]
fn what_a_command_has_started_lives_on_after_a_clean_exit() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("held");
    let (process, waiter) = start("starter", &file);
    waiter.recv().unwrap();
    assert_eq!(process.reap(false).0, Exit::Status(0));
    drop(process);
    // An end by way of the job would take a moment.
    thread::sleep(Duration::from_millis(200));
    assert!(is_held(&file));
    fs::write(file.with_extension("stop"), "").unwrap();
    until("the child of the command has ended", || !is_held(&file));
}

#[test]
#[ignore = "acted out by the tests above"]
#[allow(clippy::exit, clippy::disallowed_methods, reason = "a part may end as it likes")]
#[allow(
    clippy::zombie_processes,
    reason = "Windows knows none; whether a child outlives its parent is the question"
)]
fn child() {
    let file = std::env::var_os(FILE).unwrap_or_default();
    let file = Path::new(&file);
    let hold = || {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(ACT).env(PART, "holder").stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::null()).spawn().unwrap();
    };
    match std::env::var(PART).as_deref() {
        Ok("status") => {
            let line = std::io::read_to_string(std::io::stdin()).unwrap();
            println!("got {line}");
            std::process::exit(7);
        }
        Ok("leader") => {
            hold();
            thread::sleep(PATIENCE);
        }
        Ok("starter") => {
            hold();
            until("the child lives", || is_held(file));
        }
        Ok("holder") => {
            let options =
                OpenOptions::new().write(true).create(true).truncate(true).share_mode(0).open(file);
            let _held = options.unwrap();
            until("asked to end", || file.with_extension("stop").exists());
        }
        _ => {}
    }
}
