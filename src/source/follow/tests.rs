//! Scenarios over real files, with the looks and the clock in the test's hands: whatever happens between two
//! looks is what a follower misses that was stopped, asleep or slow.

mod model;
mod places;
mod scenes;
mod state;
mod streams;
mod threads;

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::notice::{Action, Appended, FileId, Notice, Past, SourceId};
use super::queue::{Bell, Queue};
use super::state::Book;
use super::tracker::Tracker;
use super::{FollowOptions, From};

/// A folder with logs.
struct Logs {
    folder: tempfile::TempDir,
}

impl Logs {
    fn new() -> Logs {
        Logs { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A writer that appends, as loggers do.
    fn open(&self, name: &str) -> File {
        OpenOptions::new().append(true).create(true).open(self.path(name)).unwrap()
    }

    fn append(&self, name: &str, text: &str) {
        self.open(name).write_all(text.as_bytes()).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    fn copy(&self, from: &str, to: &str) {
        fs::copy(self.path(from), self.path(to)).unwrap();
    }

    fn truncate(&self, name: &str) {
        OpenOptions::new().write(true).open(self.path(name)).unwrap().set_len(0).unwrap();
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }
}

/// A tracker that looks when it is told to.
struct Eyes {
    tracker: Tracker,
    queue: Arc<Queue>,
    book: Arc<Book>,
    now: Instant,
    heard: Heard,
}

/// What was told.
#[derive(Default)]
struct Heard {
    notices: Vec<Notice>,
    /// Text of each file that has begun a line and not ended it.
    open: BTreeMap<FileId, String>,
    /// Whole lines, and last lines of files that have ended, in the order in which they were told.
    lines: Vec<String>,
    /// Where each file stands: offset and line.
    places: BTreeMap<FileId, (u64, u64)>,
}

impl Heard {
    fn take(&mut self, notice: Notice) {
        match &notice {
            Notice::Appended(appended) => self.append(appended),
            Notice::FileEnd { file, .. } => {
                let rest = self.open.remove(file).unwrap_or_default();
                if !rest.trim_matches('\0').is_empty() {
                    self.lines.push(rest.trim_matches('\0').to_owned());
                }
            }
            _ => {}
        }
        self.notices.push(notice);
    }

    fn append(&mut self, appended: &Appended) {
        assert!(!appended.bytes.is_empty());
        if let Some(&(offset, line)) = self.places.get(&appended.file) {
            assert!(appended.offset >= offset, "{appended:?}");
            assert_eq!(appended.line, line);
        }
        let newlines = appended.bytes.iter().filter(|&&byte| byte == b'\n').count() as u64;
        let place = (appended.offset + appended.bytes.len() as u64, appended.line + newlines);
        self.places.insert(appended.file, place);
        let open = self.open.entry(appended.file).or_default();
        open.push_str(&String::from_utf8_lossy(&appended.bytes));
        while let Some(end) = open.find('\n') {
            let line: String = open.drain(..=end).collect();
            self.lines.push(line.trim_end().trim_matches('\0').to_owned());
        }
    }

    fn actions(&self) -> Vec<Action> {
        let actions = self.notices.iter().filter_map(|notice| match notice {
            Notice::Source { action, .. } => Some(*action),
            _ => None,
        });
        actions.collect()
    }

    fn lost(&self) -> Vec<Option<u64>> {
        let lost = self.actions().into_iter().filter_map(|action| match action {
            Action::Lost { bytes, .. } => Some(bytes),
            _ => None,
        });
        lost.collect()
    }
}

impl Eyes {
    fn on(paths: &[PathBuf], from: From) -> Eyes {
        Eyes::with(paths, from, Book::unkept())
    }

    fn with(paths: &[PathBuf], from: From, book: Book) -> Eyes {
        let options = FollowOptions {
            paths: paths.iter().map(|path| path.clone().into_os_string().into()).collect(),
            from,
            poll: Some(Duration::from_millis(250)),
            state: None,
        };
        let bell = Arc::new(Bell::default());
        let queue = Arc::new(Queue::new(bell.clone()));
        let book = Arc::new(book);
        let tracker = Tracker::new(&options, bell, queue.clone(), book.clone());
        let (now, heard) = (Instant::now(), Heard::default());
        let mut eyes = Eyes { tracker, queue, book, now, heard };
        eyes.tracker.begin(now);
        eyes.hear();
        eyes.look();
        eyes
    }

    /// Takes what was told.
    fn hear(&mut self) {
        while let Some(notice) = self.queue.next(Some(Duration::ZERO)) {
            self.heard.take(notice);
        }
    }

    /// Looks until there is nothing more to read.
    fn look(&mut self) {
        for _ in 0..200 {
            self.tracker.look_at_all(self.now, false);
            self.hear();
            if !self.tracker.has_more() {
                return;
            }
        }
        panic!("there is always more");
    }

    fn look_after(&mut self, time: Duration) {
        self.now += time;
        self.look();
    }

    /// Looks after a time in which nobody could look.
    fn wake(&mut self) {
        self.now += Duration::from_secs(60);
        self.tracker.look_at_all(self.now, true);
        self.hear();
        self.look();
    }
}

/// Lines `first..last`, each of its own.
fn lines(first: usize, last: usize) -> String {
    (first..last).map(|n| format!("2026-08-11 09:00:00,000 ERROR bot: line {n:05}\n")).collect()
}

/// The same as they are heard.
fn heard(first: usize, last: usize) -> Vec<String> {
    lines(first, last).lines().map(str::to_owned).collect()
}
