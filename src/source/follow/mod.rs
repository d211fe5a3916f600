//! Logs that are being written to: every byte once, whatever rotation does to the files, or a word on what
//! could not be read.
//!
//! What is true is the open file: its handle, identity, offset, the bytes before that offset and those at
//! its start. Notifications of the system ([`watch`]) only say when to look. One thread (`tracker`)
//! looks, opens and reads; what it reads waits in a `queue` bounded in bytes, and where that is full only
//! reading waits: new generations are still opened, and an open file keeps its bytes.

mod disk;
mod encoding;
mod generation;
mod known;
mod notice;
mod print;
mod queue;
mod search;
mod siblings;
mod state;
mod stream;
mod tail;
mod tracker;
mod trail;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::PathArg;
use queue::{Bell, Queue};
use state::Book;
use tracker::Tracker;

pub use notice::{Action, Appended, FileId, Notice, Past, Settled, SourceId};

/// What is followed, and how.
#[derive(Debug, Clone)]
pub struct FollowOptions {
    /// Files, folders, patterns, FIFOs, `-`. Files and folders need not exist yet.
    pub paths: Vec<PathArg>,
    /// Where to begin in files that are there at the start. Files that come later are read whole.
    pub from: From,
    /// Look this often and ask the system for no notifications.
    pub poll: Option<Duration>,
    /// Where to remember how far everything was told.
    pub state: Option<PathBuf>,
}

/// Where to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// With all that is there.
    Start,
    /// With what comes next.
    End,
}

/// A rotated file is read until nothing has come for this long.
const QUIET: Duration = Duration::from_secs(10);

/// Why following cannot begin, or end as it should.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The system gives no thread.
    #[error("cannot start to follow: {0}")]
    Thread(std::io::Error),
    /// Somebody else follows with the same state file.
    #[error(
        "{}: another wd-diagnose follows with this state file; give each its own --state",
        path.display()
    )]
    InUse {
        /// The state file.
        path: PathBuf,
    },
    /// The state file, or the lock beside it, cannot be used.
    #[error("{}: {reason}", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// Why, in words.
        reason: String,
    },
}

/// Follows logs until it is stopped.
///
/// ```
/// use std::io::Write;
/// use wd_diagnose::source::follow::{FollowOptions, Following, From, Notice};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("bot.log");
/// std::fs::write(&path, "one\n")?;
/// let options = FollowOptions {
///     paths: vec![path.clone().into_os_string().into()],
///     from: From::Start,
///     poll: None,
///     state: None,
/// };
/// let mut following = Following::start(options)?;
/// let stopper = following.stopper();
/// let mut text = Vec::new();
/// while let Some(notice) = following.next(None) {
///     match notice {
///         Notice::Appended(appended) => text.extend(appended.bytes),
///         Notice::Ended => break,
///         _ => {}
///     }
///     if text == b"one\n" {
///         std::fs::OpenOptions::new().append(true).open(&path)?.write_all(b"two\n")?;
///         stopper.stop();
///     }
/// }
/// assert_eq!(text, b"one\ntwo\n");
/// following.close()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Following {
    queue: Arc<Queue>,
    bell: Arc<Bell>,
    book: Arc<Book>,
    tracker: Option<JoinHandle<()>>,
    keeper: Option<JoinHandle<()>>,
}

/// Stops following, from any thread.
#[derive(Clone)]
pub struct Stopper {
    bell: Arc<Bell>,
}

/// Where to say up to where everything was told, from any thread.
#[derive(Clone)]
pub struct Ledger {
    book: Arc<Book>,
}

impl Ledger {
    /// Everything before `settled` in this file has been told.
    pub fn settled(&self, _source: SourceId, file: FileId, settled: Settled) {
        self.book.settled(file, settled);
    }
}

impl Stopper {
    /// Asks for a last read of everything, then the end. Within about half a second for files; a stream is
    /// read for up to a second more, as what stops us may stop its writer, too, whose last words are to be
    /// heard.
    pub fn stop(&self) {
        self.bell.ring(|rung| rung.stop = true);
    }
}

impl Following {
    /// Begins to follow.
    ///
    /// # Errors
    /// Where the system gives no thread, or the state file cannot be used.
    pub fn start(options: FollowOptions) -> Result<Following, FollowError> {
        let bell = Arc::new(Bell::default());
        let queue = Arc::new(Queue::new(bell.clone()));
        let book = Arc::new(match &options.state {
            Some(path) => Book::open_at(path)?,
            None => Book::unkept(),
        });
        let keeper = book.keep(queue.clone()).map_err(FollowError::Thread)?;
        let (for_queue, for_bell, for_book) = (queue.clone(), bell.clone(), book.clone());
        let tracker = thread::Builder::new()
            .name("follow".to_owned())
            .spawn(move || Tracker::new(&options, for_bell, for_queue, for_book).run())
            .map_err(FollowError::Thread)?;
        Ok(Following { queue, bell, book, tracker: Some(tracker), keeper })
    }

    /// The next thing that happened. Waits for it, at most `timeout` where one is given; `None` where
    /// nothing has happened until then. Nothing follows [`Notice::Ended`].
    pub fn next(&mut self, timeout: Option<Duration>) -> Option<Notice> {
        self.queue.next(timeout)
    }

    /// Where to say up to where everything was told.
    pub fn ledger(&self) -> Ledger {
        Ledger { book: self.book.clone() }
    }

    /// What stops it.
    pub fn stopper(&self) -> Stopper {
        Stopper { bell: self.bell.clone() }
    }

    /// Everything before `settled` in this file has been told: what a state file may say.
    pub fn settled(&mut self, _source: SourceId, file: FileId, settled: Settled) {
        self.book.settled(file, settled);
    }

    /// Ends it, and writes the state file for the last time. To be called after the last
    /// [`Following::settled`].
    ///
    /// # Errors
    /// Where the state file cannot be written.
    pub fn close(mut self) -> Result<(), FollowError> {
        self.end(true)
    }

    fn end(&mut self, clean: bool) -> Result<(), FollowError> {
        let Some(tracker) = self.tracker.take() else { return Ok(()) };
        self.queue.close();
        self.stopper().stop();
        // It has nothing to say that was not said.
        let _ = tracker.join();
        self.book.end(self.keeper.take(), clean)
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        // Whoever wants to know of an error closes it.
        let _ = self.end(false);
    }
}

#[cfg(test)]
mod tests;
