//! More at once than a follower is told of: many writers, logs cut while they are written, and a system that
//! tells of nothing.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{Watcher, append, assert_once, crash, place, scale, tokens};

#[test]
fn what_is_written_while_it_starts() {
    let (folder, log) = place();
    append(&log, &crash(1));
    let args = ["--follow", "--format", "jsonl", "--from", "start", "bot.log"];
    let mut watcher = Watcher::start(folder.path(), &args, Stdio::null());
    for token in 2..=400 {
        append(&log, &crash(token));
    }
    watcher.until_told("tok00400");
    assert_once(&watcher.stop(), 400);
}

/// Readers see what several writers append cut at any page.
#[test]
fn writers_at_full_speed() {
    let (folder, log) = place();
    let mut watcher = Watcher::on(folder.path(), &[]);
    let each = 250 * scale();
    thread::scope(|scope| {
        for writer in 0..4 {
            let log = &log;
            scope.spawn(move || {
                for token in 1..=each {
                    let line = crash(writer * each + token);
                    append(log, &format!("{} {:x<580}\n", line.trim_end(), ""));
                }
            });
        }
    });
    append(&log, &crash(4 * each + 1));
    watcher.until_told(&format!("tok{:05}", 4 * each + 1));
    assert_once(&watcher.stop(), 4 * each + 1);
}

/// What was there for a quarter of a second before it was cut is told, and nothing is told twice, not from the
/// copy either.
#[test]
fn a_log_that_is_copied_and_cut_while_it_is_written() {
    let (folder, log) = place();
    let mut watcher = Watcher::on(folder.path(), &[]);
    let is_over = AtomicBool::new(false);
    let mut cuts = Vec::new();
    let written: Vec<(Instant, u32)> = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut written = Vec::new();
            while !is_over.load(Ordering::Acquire) {
                let token = written.len() as u32 + 1;
                append(&log, &crash(token));
                written.push((Instant::now(), token));
                thread::sleep(Duration::from_millis(1));
            }
            written
        });
        for _ in 0..3 * scale() {
            thread::sleep(Duration::from_millis(600));
            fs::copy(&log, folder.path().join("bot.log.1")).unwrap();
            File::options().write(true).open(&log).unwrap().set_len(0).unwrap();
            cuts.push(Instant::now());
        }
        is_over.store(true, Ordering::Release);
        writer.join().unwrap()
    });
    append(&log, &crash(99_999));
    watcher.until_told("tok99999");
    let events = watcher.stop();
    // On a machine that was too busy to look in time it is said at least.
    let is_said = events.iter().any(|told| told["action"] == "lost");
    let told: BTreeMap<String, usize> = tokens(&events);
    assert!(told.values().all(|&count| count == 1), "{told:?}");
    let young = |at: Instant| {
        cuts.iter().any(|cut| {
            cut.saturating_duration_since(at) < Duration::from_millis(250) && *cut >= at
                || at.saturating_duration_since(*cut) < Duration::from_millis(5) && at >= *cut
        })
    };
    for (at, token) in written {
        let is_told = told.contains_key(&format!("tok{token:05}"));
        assert!(is_told || young(at) || is_said, "{token} is lost");
    }
}

/// The system keeps so many notices and no more: what happened behind them is seen all the same.
#[cfg(target_os = "linux")]
#[test]
fn more_notices_than_the_system_keeps() {
    let (folder, log) = place();
    let mut watcher = Watcher::on(folder.path(), &[]);
    append(&log, &crash(1));
    watcher.until_told("tok00001");
    watcher.signal(Signal::STOP);
    append(&log, &crash(2));
    let kept = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    // Each file makes two notices at least.
    for _ in 0..kept.trim().parse::<usize>().unwrap().min(50_000) / 2 + 100 {
        let other = folder.path().join("other");
        File::create(&other).unwrap();
        fs::remove_file(&other).unwrap();
    }
    fs::rename(&log, folder.path().join("bot.log.1")).unwrap();
    append(&log, &crash(3));
    watcher.signal(Signal::CONT);
    watcher.until_told("tok00003");
    assert_once(&watcher.stop(), 3);
}

/// The machine slept over three rotations, whatever the files are called then.
#[test]
fn rotations_while_it_was_stopped() {
    for names in [
        ["bot.log.3", "bot.log.2", "bot.log.1"],
        ["bot.log-20260809", "bot.log-20260810", "bot.log-20260811"],
        [
            "bot.2026-08-11_09-00-00_000001.log",
            "bot.2026-08-11_09-00-00_000002.log",
            "bot.2026-08-11_09-00-01_000001.log",
        ],
    ] {
        let (folder, log) = place();
        let mut watcher = Watcher::on(folder.path(), &[]);
        append(&log, &crash(1));
        watcher.until_told("tok00001");
        watcher.signal(Signal::STOP);
        append(&log, &crash(2));
        for (token, name) in (3..).zip(names) {
            fs::rename(&log, folder.path().join(name)).unwrap();
            append(&log, &crash(token));
        }
        watcher.signal(Signal::CONT);
        watcher.until_told("tok00005");
        assert_once(&watcher.stop(), 5);
    }
}

/// Where the system gives no notifications it polls, says so once, and misses nothing.
#[cfg(target_os = "linux")]
#[test]
fn a_system_that_tells_of_nothing() {
    let unshare = |script: &str, folder: &std::path::Path| {
        let mut command = std::process::Command::new("unshare");
        command.args(["--user", "--map-root-user", "sh", "-c", script, "sh"]).current_dir(folder);
        command
    };
    for limit in ["max_inotify_instances", "max_inotify_watches"] {
        let (folder, log) = place();
        append(&log, &crash(1));
        let file = format!("/proc/sys/user/{limit}");
        let may = unshare(&format!("echo 0 >{file} && test $(cat {file}) = 0"), folder.path())
            .stderr(Stdio::null())
            .status();
        if !may.is_ok_and(|status| status.success()) {
            eprintln!("not tried: this system lets no one be without notifications");
            return;
        }
        let mut command = unshare(&format!("echo 0 >{file}; exec \"$@\""), folder.path());
        command.arg(env!("CARGO_BIN_EXE_wd-diagnose"));
        command.args(["--follow", "--format", "jsonl", "--from", "start", "bot.log"]);
        let mut watcher = Watcher::of(command.stdout(Stdio::piped()).stderr(Stdio::null()));
        watcher.until_told("tok00001");
        append(&log, &crash(2));
        fs::rename(&log, folder.path().join("bot.log.1")).unwrap();
        append(&log, &crash(3));
        watcher.until_told("tok00003");
        let told = watcher.stop();
        assert_once(&told, 3);
        assert_eq!(told.iter().filter(|told| told["action"] == "polling").count(), 1, "{told:#?}");
    }
}
