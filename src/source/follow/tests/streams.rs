#[cfg(unix)]
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

#[cfg(unix)]
use super::{Action, heard, lines};
use super::{Bell, Heard, Notice, Queue, SourceId};
use crate::source::follow::stream::Stream;
#[cfg(unix)]
use crate::source::follow::stream::Streams;

#[cfg(unix)]
pub(super) fn fifo(folder: &std::path::Path, name: &str) -> std::path::PathBuf {
    let path = folder.join(name);
    let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    path
}

/// Takes notices until `done`.
fn hear(queue: &Queue, heard: &mut Heard, done: impl Fn(&Heard) -> bool) {
    while !done(heard) {
        heard.take(queue.next(Some(Duration::from_secs(20))).expect("nothing came"));
    }
}

#[cfg(unix)]
#[test]
fn a_fifo_is_read_writer_after_writer() {
    let folder = tempfile::tempdir().unwrap();
    let path = fifo(folder.path(), "fifo");
    let bell = Arc::new(Bell::default());
    let queue = Arc::new(Queue::new(bell.clone()));
    let mut streams = Streams::default();
    let stream = Stream::new(SourceId(0), "fifo".into(), queue.clone(), streams.numbers());
    streams.fifo(stream, &path, bell).unwrap();
    let mut told = Heard::default();
    for (first, rest) in [(0, "torn"), (10, ""), (20, "\n")] {
        let mut writer = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        writer.write_all(lines(first, first + 10).as_bytes()).unwrap();
        writer.write_all(rest.as_bytes()).unwrap();
        drop(writer);
        let ends = |heard: &Heard| {
            heard.notices.iter().filter(|n| matches!(n, Notice::FileEnd { .. })).count()
        };
        hear(&queue, &mut told, |heard| ends(heard) == first / 10 + 1);
    }
    streams.stop();
    while !streams.all_ended() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let whole: Vec<String> =
        [heard(0, 10), vec!["torn".to_owned()], heard(10, 30), vec![String::new()]].concat();
    assert_eq!(told.lines, whole);
    assert_eq!(told.actions()[..2], [Action::Opened, Action::Returned]);
}

#[test]
fn what_a_stream_holds_back_is_told_at_its_end() {
    let queue = Arc::new(Queue::new(Arc::new(Bell::default())));
    let numbers = Arc::new(AtomicUsize::new(0));
    let mut stream = Stream::new(SourceId(0), "-".into(), queue.clone(), numbers);
    // UTF-16 cut within a character.
    for byte in [0xff, 0xfe, b'a', 0, b'b'] {
        assert!(stream.take(&[byte]));
    }
    stream.end();
    let mut told = Heard::default();
    hear(&queue, &mut told, |heard| {
        heard.notices.iter().any(|notice| matches!(notice, Notice::FileEnd { .. }))
    });
    assert_eq!(told.lines, ["a\u{fffd}"]);
}

#[test]
fn compressed_streams_are_refused() {
    let queue = Arc::new(Queue::new(Arc::new(Bell::default())));
    let numbers = Arc::new(AtomicUsize::new(0));
    let mut stream = Stream::new(SourceId(0), "-".into(), queue.clone(), numbers);
    assert!(!stream.take(&[0x1f, 0x8b, 8, 0, 0]));
    let mut told = Heard::default();
    hear(&queue, &mut told, |heard| {
        heard.notices.iter().any(|notice| matches!(notice, Notice::Skipped { .. }))
    });
}
