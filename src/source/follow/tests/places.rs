//! What a path leads to: links, folders, names that come late, and what is no log.

use std::fs;
use std::io::Write;
use std::time::Duration;

use super::{Action, Eyes, From, Heard, Logs, Notice, heard, lines};
use crate::source::LineEnds;

fn on(logs: &Logs, from: From) -> Eyes {
    Eyes::on(&[logs.path("bot.log")], from)
}

#[test]
fn deleted_files_are_read_to_their_end_and_let_go() {
    let logs = Logs::new();
    let mut old = logs.open("bot.log");
    let mut eyes = on(&logs, From::Start);
    logs.remove("bot.log");
    old.write_all(lines(0, 5).as_bytes()).unwrap();
    eyes.look();
    eyes.look_after(Duration::from_secs(2));
    assert!(eyes.heard.notices.iter().any(|notice| matches!(notice, Notice::Waiting { .. })));
    eyes.look_after(Duration::from_secs(11));
    assert!(eyes.heard.notices.iter().any(|notice| matches!(notice, Notice::FileEnd { .. })));
    logs.append("bot.log", &lines(5, 10));
    eyes.look();
    assert_eq!(eyes.heard.lines, heard(0, 10));
    assert_eq!(eyes.heard.actions(), [Action::Opened, Action::Returned]);
}

#[test]
fn a_path_that_does_not_exist_yet_is_waited_for() {
    let logs = Logs::new();
    let path = logs.path("a").join("b").join("bot.log");
    let mut eyes = Eyes::on(std::slice::from_ref(&path), From::End);
    eyes.look_after(Duration::from_secs(2));
    let waiting = |eyes: &Eyes| {
        eyes.heard.notices.iter().filter(|n| matches!(n, Notice::Waiting { .. })).count()
    };
    assert_eq!(waiting(&eyes), 1);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, lines(0, 5)).unwrap();
    eyes.look();
    assert_eq!(eyes.heard.lines, heard(0, 5));
    assert_eq!(eyes.heard.actions(), [Action::Opened]);
}

#[test]
fn a_folder_that_is_swapped_is_followed() {
    let logs = Logs::new();
    fs::create_dir(logs.path("d")).unwrap();
    logs.append("d/bot.log", &lines(0, 5));
    let mut eyes = Eyes::on(&[logs.path("d/bot.log")], From::Start);
    logs.append("d/bot.log", &lines(5, 10));
    logs.rename("d", "d.old");
    fs::create_dir(logs.path("d")).unwrap();
    logs.append("d/bot.log", &lines(10, 15));
    eyes.look();
    fs::remove_dir_all(logs.path("d")).unwrap();
    fs::create_dir(logs.path("d")).unwrap();
    logs.append("d/bot.log", &lines(15, 20));
    eyes.look();
    assert_eq!(eyes.heard.lines, heard(0, 20));
}

#[cfg(unix)]
#[test]
fn links_are_followed_where_they_lead_now() {
    let logs = Logs::new();
    let mut eyes = None;
    let mut at = 0;
    let mut old: Option<fs::File> = None;
    for n in 0..5 {
        let name = format!("run-{n}.log");
        let mut writer = logs.open(&name);
        std::os::unix::fs::symlink(&name, logs.path("new")).unwrap();
        logs.rename("new", "bot.log");
        if let Some(mut old) = old.take() {
            old.write_all(lines(at, at + 3).as_bytes()).unwrap();
            at += 3;
        }
        writer.write_all(lines(at, at + 10).as_bytes()).unwrap();
        at += 10;
        old = Some(writer);
        eyes.get_or_insert_with(|| on(&logs, From::Start)).look();
    }
    assert_eq!(eyes.unwrap().heard.lines, heard(0, at));
}

#[test]
fn hard_links_are_followed_where_they_lead_now() {
    let logs = Logs::new();
    logs.append("seg.0", "");
    fs::hard_link(logs.path("seg.0"), logs.path("bot.log")).unwrap();
    let mut eyes = on(&logs, From::Start);
    for n in 1..5 {
        let (at, old, new) = (n * 10 - 10, format!("seg.{}", n - 1), format!("seg.{n}"));
        logs.append(&old, &lines(at, at + 5));
        eyes.look();
        logs.append(&new, "");
        logs.remove("bot.log");
        fs::hard_link(logs.path(&new), logs.path("bot.log")).unwrap();
        logs.append(&new, &lines(at + 5, at + 10));
        eyes.look();
    }
    assert_eq!(eyes.heard.lines, heard(0, 40));
}

#[cfg(unix)]
#[test]
fn a_file_with_several_names_is_one() {
    let logs = Logs::new();
    logs.append("bot.log", &lines(0, 5));
    std::os::unix::fs::symlink("bot.log", logs.path("alias.log")).unwrap();
    let dotted = logs.folder.path().join(".").join("bot.log");
    let paths = [logs.path("bot.log"), dotted, logs.path("alias.log"), logs.path("")];
    let mut eyes = Eyes::on(&paths, From::Start);
    logs.append("bot.log", &lines(5, 10));
    eyes.look();
    assert_eq!(eyes.heard.lines, heard(0, 10));
}

#[test]
fn new_logs_of_a_folder_and_of_a_pattern_join() {
    let logs = Logs::new();
    fs::create_dir(logs.path("bots")).unwrap();
    logs.append("bots/one.log", &lines(0, 5));
    logs.append("bots/notes.md", "not a log\n");
    let mut eyes = Eyes::on(&[logs.path("bots"), logs.path("b*-x/*.log")], From::Start);
    logs.append("bots/two.log", &lines(5, 10));
    fs::create_dir(logs.path("bots/deep")).unwrap();
    logs.append("bots/deep/three.log", &lines(10, 15));
    fs::create_dir(logs.path("bot-x")).unwrap();
    logs.append("bot-x/four.log", &lines(15, 20));
    eyes.tracker.search_now(eyes.now);
    eyes.hear();
    let mut told = eyes.heard.lines.clone();
    told.sort();
    assert_eq!(told, heard(0, 20));
    // A rotated file is none of its own.
    logs.rename("bots/one.log", "bots/one.log.1");
    logs.append("bots/one.log", &lines(20, 25));
    eyes.tracker.search_now(eyes.now);
    eyes.look();
    assert_eq!(eyes.heard.lines.len(), 25);
}

#[test]
fn a_log_with_a_new_name_every_day_is_one() {
    let logs = Logs::new();
    fs::create_dir(logs.path("bots")).unwrap();
    logs.append("bots/bot_20260809.log", "old\n");
    logs.append("bots/bot_20260810.log", &lines(0, 5));
    let mut eyes = Eyes::on(&[logs.path("bots")], From::Start);
    logs.append("bots/bot_20260810.log", &lines(5, 6));
    logs.append("bots/bot_20260811.log", &lines(6, 10));
    eyes.tracker.search_now(eyes.now);
    eyes.look();
    assert_eq!(eyes.heard.lines, heard(0, 10));
    assert_eq!(eyes.heard.actions(), [Action::Opened, Action::Rotated]);
}

#[test]
fn what_is_no_log_is_named() {
    let logs = Logs::new();
    fs::write(logs.path("bot.log.gz"), [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]).unwrap();
    let eyes = Eyes::on(&[logs.path("bot.log.gz")], From::Start);
    assert!(eyes.heard.lines.is_empty());
    let skipped = eyes.heard.notices.iter().any(|notice| {
        matches!(notice,
        Notice::Skipped { reason, .. } if reason.contains("compressed"))
    });
    assert!(skipped, "{:?}", eyes.heard.notices);
}

/// Where one backup is kept, a new file soon has the number of a file that was read before.
#[test]
fn numbers_of_files_that_are_used_again_are_no_names() {
    let logs = Logs::new();
    logs.append("bot.log", &lines(0, 1));
    let mut eyes = on(&logs, From::Start);
    for n in 1..60 {
        if logs.path("bot.log.1").exists() {
            logs.remove("bot.log.1");
        }
        logs.rename("bot.log", "bot.log.1");
        logs.append("bot.log", &lines(n, n + 1));
        eyes.look_after(Duration::from_secs(12));
    }
    assert_eq!(eyes.heard.lines, heard(0, 60));
    assert!(eyes.heard.lost().is_empty());
}

/// The size says that there is more, whatever the time of the last change says.
#[test]
fn times_of_files_say_nothing() {
    let logs = Logs::new();
    logs.append("bot.log", "");
    let mut eyes = on(&logs, From::Start);
    for n in 0..20 {
        logs.append("bot.log", &lines(n, n + 1));
        logs.open("bot.log").set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        eyes.look();
    }
    assert_eq!(eyes.heard.lines, heard(0, 20));
}

/// Sockets and folders among the paths are named, a FIFO that nobody writes to is waited for by itself.
#[cfg(unix)]
#[test]
fn what_cannot_be_followed_holds_nothing_up() {
    let logs = Logs::new();
    let _socket = std::os::unix::net::UnixListener::bind(logs.path("socket")).unwrap();
    super::streams::fifo(logs.folder.path(), "pipe");
    fs::create_dir(logs.path("folder")).unwrap();
    let paths = ["pipe", "folder", "socket", "bot.log"].map(|name| logs.path(name));
    let mut eyes = Eyes::on(&paths, From::Start);
    logs.append("bot.log", &lines(0, 10));
    eyes.look();
    assert_eq!(eyes.heard.lines, heard(0, 10));
    let skipped: Vec<&str> = eyes
        .heard
        .notices
        .iter()
        .filter_map(|notice| match notice {
            Notice::Skipped { path, .. } => path.rsplit('/').next(),
            _ => None,
        })
        .collect();
    assert_eq!(skipped, ["socket", "folder"]);
}

/// From its end on, and where it was left: the lines of a file that carriage returns end are counted as such.
#[test]
fn lines_that_returns_end_are_counted() {
    let logs = Logs::new();
    let pieces = |heard: &Heard| -> Vec<(u64, u64, LineEnds, u64)> {
        let appended = heard.notices.iter().filter_map(|notice| match notice {
            Notice::Appended(one) => Some((one.offset, one.line, one.ends, one.next_line)),
            _ => None,
        });
        appended.collect()
    };
    let long = lines(0, 2000).replace('\n', "\r");
    logs.append("long.log", &long);
    logs.append("short.log", "one\rtwo");
    let mut eyes = Eyes::on(&[logs.path("long.log"), logs.path("short.log")], From::End);
    assert_eq!(pieces(&eyes.heard), [(0, 1, LineEnds::Unknown, 1)], "what may be one line yet");
    logs.append("long.log", "next\r\nlast\r");
    eyes.look();
    let from = long.len() as u64;
    assert_eq!(pieces(&eyes.heard)[1], (from, 2001, LineEnds::Returns, 2003));
}
