//! Real processes, each for a moment.

#![cfg(unix)]

use std::sync::mpsc;

use super::*;
use crate::safe::redact::Redactor;

fn start(script: &str, stdin: &str) -> (Process, mpsc::Receiver<()>) {
    prepare_program();
    let (exited, waiter) = mpsc::channel();
    let words: Vec<String> = ["sh", "-c", script].map(str::to_owned).into();
    let input = Input {
        stdin: Arc::from(stdin.as_bytes()),
        variables: vec![("WD_RULE".to_owned(), "network/dns".to_owned())],
    };
    let process = Process::start(&words, &input, move || exited.send(()).unwrap()).unwrap();
    (process, waiter)
}

/// How it ended and what it wrote, for a script that ends by itself.
fn run(script: &str, stdin: &str) -> (Exit, String) {
    let (process, waiter) = start(script, stdin);
    waiter.recv().unwrap();
    let (exit, tail) = process.reap(false);
    (exit, tail.text(&Redactor::new(true)).unwrap_or_default())
}

/// Whether a process lives; one that only waits to be taken in does not.
fn lives(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or("").trim_start().starts_with('Z'))
}

/// Waits until what `file` names as a process is there.
fn pid_in(file: &std::path::Path) -> String {
    loop {
        match std::fs::read_to_string(file) {
            Ok(text) if text.ends_with('\n') => return text.trim().to_owned(),
            _ => thread::sleep(Duration::from_millis(5)),
        }
    }
}

#[test]
fn statuses_and_signals_are_told_apart() {
    assert_eq!(run("exit 0", "").0, Exit::Status(0));
    assert_eq!(run("exit 125", "").0, Exit::Status(125));
    assert_eq!(run("kill -9 $$", "").0, Exit::Signal(9));
}

#[test]
fn a_missing_program_is_an_error() {
    let words = vec!["/nonexistent/hook-program".to_owned()];
    let input = Input { stdin: Arc::from(&b""[..]), variables: Vec::new() };
    let error = Process::start(&words, &input, || {}).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}

#[test]
fn it_reads_one_line_and_then_the_end() {
    let (exit, output) = run("cat; echo \"$WD_RULE\"", "{\"rule\":1}\n");
    assert_eq!((exit, output.as_str()), (Exit::Status(0), "{\"rule\":1}\nnetwork/dns"));
}

/// More than a pipe holds, and nobody reads it.
#[test]
fn one_that_does_not_read_is_not_waited_for() {
    assert_eq!(run("exit 0", &"x".repeat(1 << 20)).0, Exit::Status(0));
}

#[test]
fn both_streams_are_kept_in_order() {
    assert_eq!(run("echo one; echo two >&2; echo three", "").1, "one\ntwo\nthree");
}

/// Output is taken as fast as it comes, and only its end is kept.
#[test]
fn a_flood_is_drained() {
    let (exit, output) = run("yes 0123456789 | head -c 20000000; echo last", "");
    assert_eq!(exit, Exit::Status(0));
    assert!(output.len() < 70_000 && output.ends_with("last"), "{}", output.len());
    assert!(output.starts_with("[19934469 bytes before this are left out]\n"), "{}", &output[..60]);
}

#[test]
fn it_has_a_group_of_its_own_and_nothing_blocked() {
    let script = "ps -o pgid= -p $$ | tr -d ' '; echo $$; grep SigBlk /proc/self/status; ls /proc/self/fd | tr '\\n' ' '";
    let output = run(script, "").1;
    let lines: Vec<&str> = output.lines().collect();
    if !lines[0].is_empty() {
        assert_eq!(lines[0], lines[1], "{output}");
    }
    assert!(
        output.contains("SigBlk:\t0000000000000000") || output.contains("SigBlk: 0000000000000000"),
        "{output}"
    );
    // `ls` itself has the folder open.
    assert!(output.trim_end().ends_with("0 1 2 3"), "{output}");
}

/// The leader and what it started are ended, although both ignore SIGTERM.
#[test]
fn the_whole_group_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let (leader, child) = (folder.path().join("leader"), folder.path().join("child"));
    let script = format!(
        "trap '' TERM; (trap '' TERM; sleep 300) & echo $! >{}; echo $$ >{}; sleep 300",
        child.display(),
        leader.display()
    );
    let (process, waiter) = start(&script, "");
    let (leader, child) = (pid_in(&leader), pid_in(&child));
    process.terminate();
    assert!(waiter.recv_timeout(Duration::from_millis(200)).is_err(), "it ignores that");
    assert!(lives(&leader) && lives(&child));
    process.kill();
    waiter.recv().unwrap();
    assert_eq!(process.reap(true).0, Exit::Signal(9));
    while lives(&child) {
        thread::sleep(Duration::from_millis(5));
    }
    assert!(!lives(&leader));
}

/// A leader that obeys leaves none behind that does not.
#[test]
fn what_is_left_of_the_group_is_ended_with_the_leader() {
    let folder = tempfile::tempdir().unwrap();
    let child = folder.path().join("child");
    let script = format!("(trap '' TERM; sleep 300) & echo $! >{}; wait", child.display());
    let (process, waiter) = start(&script, "");
    let child = pid_in(&child);
    process.terminate();
    waiter.recv().unwrap();
    assert_eq!(process.reap(true).0, Exit::Signal(15));
    while lives(&child) {
        thread::sleep(Duration::from_millis(5));
    }
}

/// A daemon that it started keeps its output open: it has ended all the same, and the daemon lives on.
#[test]
fn it_is_done_when_its_leader_exits() {
    let folder = tempfile::tempdir().unwrap();
    let child = folder.path().join("child");
    let script = format!("echo started; sleep 300 & echo $! >{}", child.display());
    let (process, waiter) = start(&script, "");
    waiter.recv().unwrap();
    let (exit, tail) = process.reap(false);
    assert_eq!(exit, Exit::Status(0));
    assert_eq!(tail.text(&Redactor::new(true)).unwrap(), "started");
    let child = pid_in(&child);
    assert!(lives(&child));
    let pid = child.parse().ok().and_then(rustix::process::Pid::from_raw).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}
