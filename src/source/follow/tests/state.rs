use std::fs;
use std::io::Write;
use std::path::Path;

use super::{Book, Eyes, From, Logs, Notice, Past, heard, lines};
use crate::source::follow::{FileId, FollowError, Settled, SourceId};

/// A follower that keeps its state, and is ended.
struct Life {
    eyes: Eyes,
}

impl Life {
    fn begin(logs: &Logs) -> Life {
        let book = Book::open_at(&logs.path("state")).unwrap();
        Life { eyes: Eyes::with(&[logs.path("bot.log")], From::End, book) }
    }

    /// Everything told so far is settled, open lines from their start.
    fn settle(&self) {
        for (&file, &(offset, line)) in &self.eyes.heard.places {
            let open = self.eyes.heard.open.get(&file).map_or(0, String::len) as u64;
            let settled = Settled { offset: offset - open, line, told: offset - open };
            self.eyes.book.settled(file, settled);
        }
    }

    /// Ends as it should.
    fn end(self) -> Vec<String> {
        self.settle();
        self.eyes.book.end(None, true).unwrap();
        self.eyes.heard.lines
    }

    /// Is killed, some time after its state was written.
    fn kill(self, logs: &Logs) -> Vec<String> {
        // The lock goes with the process; the files stay as they are.
        let written = fs::read(logs.path("state")).ok();
        let lines = self.eyes.heard.lines;
        drop((self.eyes.tracker, self.eyes.queue, self.eyes.book));
        if let Some(written) = written {
            fs::write(logs.path("state"), written).unwrap();
        }
        lines
    }
}

fn pasts(eyes: &Eyes) -> Vec<(Past, usize)> {
    let mut pasts: Vec<(Past, usize)> = Vec::new();
    for notice in &eyes.heard.notices {
        if let Notice::Appended(appended) = notice {
            let count = appended.bytes.iter().filter(|&&byte| byte == b'\n').count();
            match pasts.last_mut() {
                Some((past, sum)) if *past == appended.past => *sum += count,
                _ => pasts.push((appended.past, count)),
            }
        }
    }
    pasts
}

#[test]
fn after_an_end_in_peace_it_goes_on_exactly() {
    let logs = Logs::new();
    logs.append("bot.log", "before\n");
    let mut life = Life::begin(&logs);
    logs.append("bot.log", &lines(0, 10));
    life.eyes.look();
    assert_eq!(life.end(), heard(0, 10));
    logs.append("bot.log", &lines(10, 20));
    let mut life = Life::begin(&logs);
    logs.append("bot.log", &lines(20, 30));
    life.eyes.look();
    assert_eq!(pasts(&life.eyes), [(Past::Backlog, 10), (Past::New, 10)]);
    let (_, line) = *life.eyes.heard.places.values().next().unwrap();
    assert_eq!(line, 32);
    assert_eq!(life.end(), heard(10, 30));
}

#[test]
fn after_a_kill_what_may_have_been_told_is_marked() {
    let logs = Logs::new();
    logs.append("bot.log", "");
    let mut life = Life::begin(&logs);
    logs.append("bot.log", &lines(0, 10));
    life.eyes.look();
    life.settle();
    life.eyes.book.write_now();
    // Told, and not noted any more.
    logs.append("bot.log", &lines(10, 15));
    life.eyes.look();
    assert_eq!(life.kill(&logs), heard(0, 15));
    logs.append("bot.log", &lines(15, 20));
    let mut life = Life::begin(&logs);
    logs.append("bot.log", &lines(20, 25));
    life.eyes.look();
    assert_eq!(pasts(&life.eyes), [(Past::Replayed, 5), (Past::Backlog, 5), (Past::New, 5)]);
    assert_eq!(life.kill(&logs), heard(10, 25));
}

#[test]
fn a_file_opened_right_before_a_kill_is_marked_too() {
    let logs = Logs::new();
    logs.append("bot.log", "");
    let mut life = Life::begin(&logs);
    logs.append("bot.log", &lines(0, 10));
    life.eyes.look();
    life.settle();
    life.eyes.book.write_now();
    logs.rename("bot.log", "bot.log.1");
    logs.append("bot.log", &lines(10, 15));
    life.eyes.look();
    life.kill(&logs);
    let mut life = Life::begin(&logs);
    logs.append("bot.log", &lines(15, 20));
    life.eyes.look();
    assert_eq!(pasts(&life.eyes), [(Past::Replayed, 5), (Past::New, 5)]);
    assert_eq!(life.end(), heard(10, 20));
}

#[test]
fn it_goes_on_over_rotations_of_every_kind() {
    for kind in ["rename", "twice", "copy", "cut"] {
        let logs = Logs::new();
        logs.append("bot.log", "");
        let mut life = Life::begin(&logs);
        logs.append("bot.log", &lines(0, 10));
        life.eyes.look();
        assert_eq!(life.end(), heard(0, 10));
        logs.append("bot.log", &lines(10, 20));
        let gone = match kind {
            "rename" => {
                logs.rename("bot.log", "bot.log.1");
                0
            }
            "twice" => {
                logs.rename("bot.log", "bot.log.2");
                logs.append("bot.log.1", &lines(20, 25));
                5
            }
            "copy" => {
                logs.copy("bot.log", "bot.log.1");
                logs.truncate("bot.log");
                0
            }
            _ => {
                logs.truncate("bot.log");
                0
            }
        };
        logs.append("bot.log", &lines(20 + gone, 30));
        let life = Life::begin(&logs);
        let lost = life.eyes.heard.lost();
        let told = life.end();
        if kind == "cut" {
            assert_eq!(lost, [None]);
            assert_eq!(told, heard(20, 30));
        } else {
            assert_eq!(lost, [], "{kind}");
            assert_eq!(told, heard(10, 30), "{kind}");
        }
    }
}

#[test]
fn what_was_told_before_it_was_whole_is_not_told_again() {
    let logs = Logs::new();
    logs.append("bot.log", "");
    let mut life = Life::begin(&logs);
    logs.append("bot.log", "KeyError: 'pri");
    life.eyes.look();
    let (&file, &(offset, line)) = life.eyes.heard.places.iter().next().unwrap();
    life.eyes.book.settled(file, Settled { offset: 0, line, told: offset });
    life.eyes.book.end(None, true).unwrap();
    drop(life);
    logs.append("bot.log", "ce'\nnext\n");
    let life = Life::begin(&logs);
    assert_eq!(pasts(&life.eyes), [(Past::Told, 0), (Past::Backlog, 2)]);
    assert_eq!(life.end(), ["KeyError: 'price'", "next"]);
}

#[test]
fn utf_16_goes_on_in_the_middle() {
    let encode =
        |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let logs = Logs::new();
    logs.append("bot.log", "");
    let mut life = Life::begin(&logs);
    logs.open("bot.log").write_all(&encode(&format!("\u{feff}grüß\n{}", lines(0, 5)))).unwrap();
    life.eyes.look();
    life.end();
    logs.open("bot.log").write_all(&encode(&lines(5, 10))).unwrap();
    assert_eq!(Life::begin(&logs).end(), heard(5, 10));
}

#[test]
fn a_log_that_is_not_there_yet_keeps_its_place() {
    let logs = Logs::new();
    logs.append("bot.log", "");
    let mut life = Life::begin(&logs);
    logs.append("bot.log", &lines(0, 10));
    life.eyes.look();
    life.end();
    logs.rename("bot.log", "elsewhere");
    let mut life = Life::begin(&logs);
    life.eyes.look();
    logs.rename("elsewhere", "bot.log");
    logs.append("bot.log", &lines(10, 12));
    life.eyes.look();
    assert_eq!(life.end(), heard(10, 12));
}

#[test]
fn two_followers_never_share_a_state_file() {
    let logs = Logs::new();
    let _first = Book::open_at(&logs.path("state")).unwrap();
    let second = Book::open_at(&logs.path("state")).err().unwrap();
    assert!(matches!(second, FollowError::InUse { .. }), "{second}");
}

#[test]
fn a_state_file_is_read_with_mistrust() {
    let logs = Logs::new();
    let refused = |text: &[u8]| {
        fs::write(logs.path("state"), text).unwrap();
        Book::open_at(&logs.path("state")).err().unwrap().to_string()
    };
    assert!(refused(b"{\"version\": 2}").contains("another version"));
    assert!(refused(b"2026-08-11 hello\n").contains("line 1 column"));
    assert!(
        refused(b"{\"version\":1,\"clean\":true,\"sources\":[{\"path\":3}]}").contains("remove it")
    );
    assert!(refused(&vec![b' '; 33 << 20]).contains("too long"));
    // An empty one, as mktemp makes it, is a new one.
    fs::write(logs.path("state"), b"").unwrap();
    assert!(Book::open_at(&logs.path("state")).is_ok());
    let missing = Book::open_at(Path::new("/nonexistent/state")).err().unwrap().to_string();
    assert!(missing.contains("folder does not exist"), "{missing}");
}

#[cfg(unix)]
#[test]
fn the_state_file_is_for_its_owner_and_no_link() {
    use std::os::unix::fs::PermissionsExt;
    let logs = Logs::new();
    logs.append("bot.log", "");
    let life = Life::begin(&logs);
    life.end();
    for name in ["state", "state.lock"] {
        let mode = fs::metadata(logs.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    logs.append("other", "precious");
    logs.remove("state");
    std::os::unix::fs::symlink(logs.path("other"), logs.path("state")).unwrap();
    let link = Book::open_at(&logs.path("state")).err().unwrap().to_string();
    assert!(link.contains("symbolic link"), "{link}");
    assert_eq!(fs::read(logs.path("other")).unwrap(), b"precious");
}

#[test]
fn a_journal_of_rubbish_does_no_harm() {
    let logs = Logs::new();
    fs::write(logs.path("state.lock"), vec![0xa5; 10_000]).unwrap();
    let book = Book::open_at(&logs.path("state")).unwrap();
    assert_eq!(book.last_file(), 0);
    book.settled(FileId(7), Settled::default());
    let _ = SourceId(0);
}
