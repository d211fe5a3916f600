use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::time::Duration;

use super::{Action, Eyes, From, Logs, Notice, heard, lines};
use crate::safe::limits;

fn on(logs: &Logs, from: From) -> Eyes {
    Eyes::on(&[logs.path("bot.log")], from)
}

#[test]
fn from_the_end_only_what_comes_is_new() {
    let logs = Logs::new();
    logs.append("bot.log", &lines(0, 5));
    logs.append("bot.log", "half a li");
    let mut eyes = on(&logs, From::End);
    logs.append("bot.log", "ne\nnext\n");
    eyes.look();
    assert_eq!(eyes.heard.lines, ["half a line", "next"]);
    let pasts: Vec<_> = eyes
        .heard
        .notices
        .iter()
        .filter_map(|notice| match notice {
            Notice::Appended(appended) => Some((appended.past, appended.offset, appended.line)),
            _ => None,
        })
        .collect();
    let start = lines(0, 5).len() as u64;
    assert_eq!(pasts, [(super::Past::Told, start, 6), (super::Past::New, start + 9, 6)]);
}

#[test]
fn what_is_there_at_the_start_is_backlog() {
    let logs = Logs::new();
    logs.append("bot.log", "old\n");
    let mut eyes = on(&logs, From::Start);
    logs.append("bot.log", "new\n");
    eyes.look();
    let pasts = eyes.heard.notices.iter().filter_map(|notice| match notice {
        Notice::Appended(appended) => Some(appended.past),
        _ => None,
    });
    assert_eq!(pasts.collect::<Vec<_>>(), [super::Past::Backlog, super::Past::New]);
}

#[test]
fn a_renamed_file_is_read_until_it_is_quiet() {
    let logs = Logs::new();
    let mut old = logs.open("bot.log");
    old.write_all(lines(0, 10).as_bytes()).unwrap();
    let mut eyes = on(&logs, From::Start);
    logs.rename("bot.log", "bot.log.1");
    logs.append("bot.log", &lines(10, 20));
    eyes.look();
    // Three seconds later the writer still has not noticed.
    eyes.look_after(Duration::from_secs(3));
    old.write_all(lines(20, 30).as_bytes()).unwrap();
    eyes.look();
    assert_eq!(eyes.heard.lines, heard(0, 30));
    let ended = |eyes: &Eyes| {
        eyes.heard.notices.iter().filter(|n| matches!(n, Notice::FileEnd { .. })).count()
    };
    eyes.look_after(Duration::from_secs(9));
    assert_eq!(ended(&eyes), 0);
    eyes.look_after(Duration::from_secs(2));
    assert_eq!(ended(&eyes), 1);
    // It comes to itself much later: that is found when the next rotation is looked at.
    old.write_all(lines(30, 31).as_bytes()).unwrap();
    logs.rename("bot.log.1", "bot.log.2");
    logs.rename("bot.log", "bot.log.1");
    logs.append("bot.log", &lines(31, 32));
    eyes.look();
    assert_eq!(eyes.heard.lines, heard(0, 32));
    assert_eq!(eyes.heard.actions()[..2], [Action::Opened, Action::Rotated]);
    assert!(eyes.heard.lost().is_empty());
}

#[test]
fn generations_missed_are_caught_up_with_in_order() {
    for (names, shift) in [
        (["bot.log.3", "bot.log.2", "bot.log.1"], true),
        (
            [
                "bot.2026-08-11_09-00-00_000001.log",
                "bot.2026-08-11_09-00-00_000002.log",
                "bot.2026-08-11_09-00-01_000001.log",
            ],
            false,
        ),
        (["bot.log-20260809", "bot.log-20260810", "bot.log-20260811"], false),
        (["bot.log.2026-08-09", "bot.log.2026-08-10", "bot.log.2026-08-11"], false),
        (["bot_20260809.log", "bot_20260810.log", "bot_20260811.log"], false),
    ] {
        let logs = Logs::new();
        logs.append("bot.log", &lines(0, 10));
        let mut eyes = on(&logs, From::Start);
        logs.append("bot.log", &lines(10, 20));
        for (at, name) in names.iter().enumerate() {
            if shift {
                for n in (1..3).rev() {
                    let (from, to) = (format!("bot.log.{n}"), format!("bot.log.{}", n + 1));
                    if logs.path(&from).exists() {
                        logs.rename(&from, &to);
                    }
                }
                logs.rename("bot.log", "bot.log.1");
            } else {
                logs.rename("bot.log", name);
            }
            logs.append("bot.log", &lines(20 + at * 10, 30 + at * 10));
        }
        eyes.wake();
        assert_eq!(eyes.heard.lines, heard(0, 50), "{names:?}");
        assert!(eyes.heard.lost().is_empty(), "{names:?}");
    }
}

#[test]
fn old_backups_are_not_told() {
    let logs = Logs::new();
    logs.append("bot.log.1", "old 1\n");
    logs.append("bot.log.2.gz", "old 2\n");
    logs.append("bot.log.old", "old 3\n");
    let mut eyes = on(&logs, From::Start);
    logs.append("bot.log", &lines(0, 5));
    logs.rename("bot.log.1", "bot.log.3");
    logs.rename("bot.log", "bot.log.1");
    logs.append("bot.log", &lines(5, 10));
    eyes.look();
    assert_eq!(eyes.heard.lines, heard(0, 10));
}

#[test]
fn what_lies_beside_a_log_and_is_no_part_of_it_is_left_alone() {
    let logs = Logs::new();
    logs.append("bot.log", &lines(0, 5));
    let mut eyes = on(&logs, From::Start);
    for name in
        ["bot-errors.log", "bot.log.swp", "bot.log.1.gz", "bot.log.offset", "bot2.log", "bot.logic"]
    {
        logs.append(name, "not this\n");
    }
    logs.rename("bot.log", "bot.log.1");
    logs.append("bot.log", &lines(5, 10));
    eyes.look();
    assert_eq!(eyes.heard.lines, heard(0, 10));
}

#[test]
fn a_cut_file_is_seen_by_its_content() {
    // Regrown shorter, to exactly the old size, and past it.
    for after in [10, 20, 30] {
        let logs = Logs::new();
        logs.append("bot.log", &lines(0, 20));
        let mut eyes = on(&logs, From::Start);
        logs.truncate("bot.log");
        logs.append("bot.log", &lines(20, 20 + after));
        eyes.look();
        assert_eq!(eyes.heard.lines, heard(0, 20 + after));
        assert_eq!(eyes.heard.actions(), [Action::Opened, Action::Truncated]);
    }
}

#[test]
fn a_cut_file_with_the_same_banner_is_seen() {
    let banner = "=== bot v1.2.3 strategy=mm symbols=BTCUSDT ===\n".repeat(90);
    let logs = Logs::new();
    logs.append("bot.log", &banner);
    logs.append("bot.log", &lines(0, 5));
    let mut eyes = on(&logs, From::Start);
    logs.truncate("bot.log");
    logs.append("bot.log", &banner);
    logs.append("bot.log", &lines(5, 20));
    eyes.look();
    let told: Vec<String> =
        eyes.heard.lines.iter().filter(|line| line.contains("line")).cloned().collect();
    assert_eq!(told, heard(0, 20));
}

#[test]
fn the_rest_is_read_from_the_copy_before_the_cut() {
    let logs = Logs::new();
    logs.append("bot.log", &lines(0, 20));
    let mut eyes = on(&logs, From::Start);
    logs.append("bot.log", &lines(20, 40));
    logs.copy("bot.log", "bot.log.1");
    logs.truncate("bot.log");
    logs.append("bot.log", &lines(40, 45));
    eyes.wake();
    assert_eq!(eyes.heard.lines, heard(0, 45));
    assert!(eyes.heard.lost().is_empty());
    // Twice more, the copies being renamed and overwritten.
    logs.append("bot.log", &lines(45, 50));
    logs.rename("bot.log.1", "bot.log.2");
    logs.copy("bot.log", "bot.log.1");
    logs.truncate("bot.log");
    logs.append("bot.log", &lines(50, 60));
    logs.copy("bot.log", "bot.log.1");
    logs.truncate("bot.log");
    logs.append("bot.log", &lines(60, 70));
    eyes.look();
    let told = &eyes.heard.lines;
    // The first copy was overwritten by the second: what only it held is gone, and that is said.
    assert_eq!(told[..45], heard(0, 45)[..]);
    assert_eq!(told[told.len() - 10..], heard(60, 70)[..]);
}

#[test]
fn a_copy_that_lags_behind_is_not_told_again() {
    let logs = Logs::new();
    let mut eyes = on(&logs, From::Start);
    for n in 0..200 {
        logs.append("bot.log", &lines(n, n + 1));
        eyes.look();
        if n == 120 {
            logs.copy("bot.log", "bot.log.1");
        }
    }
    logs.truncate("bot.log");
    logs.append("bot.log", &lines(200, 205));
    eyes.look();
    assert_eq!(eyes.heard.lines, heard(0, 205));
}

#[test]
fn what_was_cut_unread_is_said_to_be_lost() {
    let logs = Logs::new();
    logs.append("bot.log", &lines(0, 20));
    let mut eyes = on(&logs, From::Start);
    logs.append("bot.log", &lines(20, 40));
    logs.truncate("bot.log");
    logs.append("bot.log", &lines(40, 45));
    eyes.wake();
    assert_eq!(eyes.heard.lost(), [None]);
    assert_eq!(eyes.heard.lines.len(), 25);
}

#[test]
fn a_hole_is_stepped_over() {
    let logs = Logs::new();
    // A writer that keeps its offset over a copy-and-truncate leaves NULs before what it writes next.
    let mut writer = fs::File::create(logs.path("bot.log")).unwrap();
    writer.write_all(lines(0, 200).as_bytes()).unwrap();
    let mut eyes = on(&logs, From::Start);
    logs.truncate("bot.log");
    eyes.look();
    writer.write_all(lines(200, 220).as_bytes()).unwrap();
    eyes.look();
    assert_eq!(eyes.heard.lines, heard(0, 220));
}

#[test]
fn a_hole_of_gigabytes_costs_nothing() {
    let logs = Logs::new();
    logs.append("bot.log", &lines(0, 5));
    let mut eyes = on(&logs, From::Start);
    let mut writer = fs::OpenOptions::new().write(true).open(logs.path("bot.log")).unwrap();
    writer.set_len(4 << 30).unwrap();
    eyes.look();
    writer.seek(SeekFrom::Start(4 << 30)).unwrap();
    writer.write_all(b"\n").unwrap();
    writer.write_all(lines(5, 10).as_bytes()).unwrap();
    eyes.look();
    let told: Vec<&String> = eyes.heard.lines.iter().filter(|line| !line.is_empty()).collect();
    assert_eq!(told, heard(0, 10).iter().collect::<Vec<_>>());
    let (offset, line) = *eyes.heard.places.values().next().unwrap();
    assert_eq!((offset, line), ((4 << 30) + 1 + lines(5, 10).len() as u64, 12));
}

#[test]
fn nuls_that_are_filled_in_later_are_waited_for() {
    let logs = Logs::new();
    let mut writer = fs::File::create(logs.path("bot.log")).unwrap();
    writer.set_len(1 << 20).unwrap();
    let mut eyes = on(&logs, From::Start);
    for n in 0..300 {
        // As by a map: the size stays as it is.
        writer.write_all(lines(n * 20, n * 20 + 20).as_bytes()).unwrap();
        eyes.look();
        assert_eq!(eyes.heard.lines.len(), n * 20 + 20);
    }
    assert_eq!(eyes.heard.lines, heard(0, 6_000));
}

#[test]
fn a_last_line_without_newline_is_not_glued_to_the_next_file() {
    let logs = Logs::new();
    logs.append("bot.log", "KeyError: 'last wor");
    let mut eyes = on(&logs, From::Start);
    logs.append("bot.log", "ds'");
    logs.rename("bot.log", "bot.log.1");
    logs.append("bot.log", &lines(0, 1));
    eyes.look();
    eyes.look_after(Duration::from_secs(11));
    assert_eq!(eyes.heard.lines, [heard(0, 1)[0].clone(), "KeyError: 'last words'".to_owned()]);
}

#[test]
fn a_file_that_is_put_in_the_place_of_its_copy_goes_on() {
    let logs = Logs::new();
    logs.append("bot.log", &lines(0, 50));
    let mut eyes = on(&logs, From::Start);
    // As an editor saves.
    logs.copy("bot.log", "new");
    logs.append("new", &lines(50, 55));
    logs.rename("new", "bot.log");
    eyes.look();
    assert_eq!(eyes.heard.lines, heard(0, 55));
}

#[test]
fn utf_16_is_decoded_as_it_comes() {
    let logs = Logs::new();
    let text: String = ["\u{feff}", &lines(0, 3), "schön 🦀\n"].concat();
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut eyes = on(&logs, From::Start);
    for byte in &bytes {
        logs.open("bot.log").write_all(&[*byte]).unwrap();
        eyes.look();
    }
    assert_eq!(eyes.heard.lines[..3], heard(0, 3)[..]);
    assert_eq!(eyes.heard.lines[3], "schön 🦀");
    let (offset, line) = *eyes.heard.places.values().next().unwrap();
    assert_eq!((offset, line), ((text.len() - 3) as u64, 5));
    // From the end on.
    let mut eyes = on(&logs, From::End);
    let more: Vec<u8> = lines(3, 4).encode_utf16().flat_map(u16::to_le_bytes).collect();
    logs.open("bot.log").write_all(&more).unwrap();
    eyes.look();
    assert_eq!(eyes.heard.lines, heard(3, 4));
    assert_eq!(eyes.heard.places.values().next().unwrap().1, 6);
}

#[test]
fn a_full_queue_delays_reading_and_nothing_else() {
    let logs = Logs::new();
    let mut eyes = on(&logs, From::Start);
    let block = lines(0, 100_000);
    assert!(block.len() > limits::FOLLOW_QUEUE);
    logs.append("bot.log", &block);
    // Nobody takes anything, while the log is rotated until the first generation is deleted.
    for n in 0..3 {
        eyes.tracker.look_at_all(eyes.now, false);
        for to in (1..3).rev() {
            let from = logs.path(&format!("bot.log.{to}"));
            if from.exists() {
                fs::rename(from, logs.path(&format!("bot.log.{}", to + 1))).unwrap();
            }
        }
        logs.rename("bot.log", "bot.log.1");
        logs.append("bot.log", &lines(100_000 + n * 10, 100_010 + n * 10));
    }
    eyes.tracker.look_at_all(eyes.now, false);
    for n in 1..4 {
        logs.remove(&format!("bot.log.{n}"));
    }
    eyes.hear();
    eyes.look();
    assert_eq!(eyes.heard.lines, heard(0, 100_030));
    assert!(eyes.heard.lost().is_empty());
}

#[test]
fn no_more_files_are_held_than_may_be() {
    let logs = Logs::new();
    let mut eyes = on(&logs, From::Start);
    for n in 0..limits::FOLLOW_HELD + 10 {
        logs.append("bot.log", &lines(n, n + 1));
        eyes.look();
        logs.rename("bot.log", &format!("bot.log.{n}"));
    }
    logs.append("bot.log", "");
    eyes.look();
    let ended = eyes.heard.notices.iter().filter(|n| matches!(n, Notice::FileEnd { .. })).count();
    assert_eq!(ended, 10);
    assert_eq!(eyes.heard.lines, heard(0, limits::FOLLOW_HELD + 10));
}

#[test]
fn of_files_that_begin_alike_the_oldest_is_the_copy() {
    let logs = Logs::new();
    let mut eyes = on(&logs, From::Start);
    let line = &heard(0, 1)[0];
    logs.append("bot.log", &line[..40]);
    eyes.look();
    logs.append("bot.log", &format!("{}\n", &line[40..]));
    logs.copy("bot.log", "bot.log.3");
    logs.truncate("bot.log");
    logs.rename("bot.log", "bot.log.2");
    logs.append("bot.log.1", &lines(1, 2));
    logs.append("bot.log", &lines(2, 3));
    eyes.look();
    assert_eq!(eyes.heard.lines, heard(0, 3));
}
