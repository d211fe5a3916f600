//! Standard input and FIFOs: read as they come, by a thread each.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::super::ends::Ends;
use super::encoding::{Text, decode, refusal_of};
use super::notice::{Action, Appended, FileId, Notice, Past, SourceId};
use super::queue::{Bell, Queue};
use crate::safe::limits;

/// The first number of files that are streams; files on disk are numbered below.
pub(super) const FIRST_FILE: u64 = 1 << 62;

/// The text of one stream, from where it was opened.
pub(super) struct Stream {
    source: SourceId,
    name: Arc<str>,
    queue: Arc<Queue>,
    numbers: Arc<AtomicUsize>,
    file: FileId,
    text: Text,
    started: bool,
    /// Raw bytes that are not decoded yet.
    raw: Vec<u8>,
    offset: u64,
    line: u64,
    ends: Ends,
    opened: bool,
}

impl Stream {
    /// A stream of which nothing was read.
    pub(super) fn new(
        source: SourceId,
        name: Arc<str>,
        queue: Arc<Queue>,
        numbers: Arc<AtomicUsize>,
    ) -> Stream {
        let file = FileId(0);
        let raw = Vec::new();
        let text = Text::Unknown;
        let (offset, line, ends) = (0, 1, Ends::default());
        let mut stream = Stream {
            source,
            name,
            queue,
            numbers,
            file,
            text,
            started: false,
            raw,
            offset,
            line,
            ends,
            opened: false,
        };
        stream.open();
        stream
    }

    /// Begins a new file.
    fn open(&mut self) {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        self.file = FileId(FIRST_FILE + number as u64);
        self.text = Text::Unknown;
        self.started = false;
        self.raw.clear();
        self.offset = 0;
        self.line = 1;
        self.ends = Ends::default();
        self.queue.push(Notice::Source {
            source: self.source,
            name: self.name.clone(),
            file: Some(self.file),
            file_name: self.name.clone(),
            action: if self.opened { Action::Returned } else { Action::Opened },
        });
        self.opened = true;
    }

    /// Takes in what was read. False where it is of no use to read on.
    pub(super) fn take(&mut self, bytes: &[u8]) -> bool {
        self.raw.extend_from_slice(bytes);
        self.decode(false)
    }

    fn decode(&mut self, ended: bool) -> bool {
        if self.text == Text::Unknown {
            self.text = Text::told(&self.raw, ended);
        }
        match self.text {
            Text::Unknown => return true,
            Text::Refused => {
                let (path, reason) = (self.name.to_string(), refusal_of(&self.raw).to_owned());
                self.queue.push(Notice::Skipped { path, reason });
                return false;
            }
            _ => {}
        }
        let raw = std::mem::take(&mut self.raw);
        let (len, mark, bytes) = decode(self.text, &raw, !self.started, ended);
        self.started |= len > 0;
        self.offset += mark as u64;
        let going = bytes.is_empty() || self.give(&bytes);
        self.raw.extend_from_slice(&raw[len..]);
        going
    }

    fn give(&mut self, bytes: &[u8]) -> bool {
        if !self.queue.wait_for_room() {
            return false;
        }
        let line = self.line;
        self.line += self.ends.take(bytes);
        self.queue.push(Notice::Appended(Appended {
            source: self.source,
            file: self.file,
            file_name: self.name.clone(),
            offset: self.offset,
            line,
            ends: self.ends.kind(),
            next_line: self.line + self.ends.waiting(),
            bytes: bytes.to_vec(),
            past: Past::New,
            written: None,
        }));
        self.offset += bytes.len() as u64;
        true
    }

    /// The stream has ended, for now or for good.
    pub(super) fn end(&mut self) {
        if self.text != Text::Refused && !self.raw.is_empty() {
            self.decode(true);
        }
        self.queue.push(Notice::FileEnd { source: self.source, file: self.file });
    }
}

/// Streams that are being read.
#[derive(Default)]
pub(super) struct Streams {
    open: Arc<AtomicUsize>,
    numbers: Arc<AtomicUsize>,
    #[cfg(unix)]
    stoppers: Vec<std::io::PipeWriter>,
}

impl Streams {
    /// Numbers for the files of streams.
    pub(super) fn numbers(&self) -> Arc<AtomicUsize> {
        self.numbers.clone()
    }

    /// Whether all have ended.
    pub(super) fn all_ended(&self) -> bool {
        self.open.load(Ordering::Acquire) == 0
    }

    /// Asks all to end: what comes in the next second is read still, as what ends us may end the writer,
    /// whose last words are to be heard.
    pub(super) fn stop(&mut self) {
        #[cfg(unix)]
        self.stoppers.clear();
    }

    fn spawn(&self, bell: Arc<Bell>, read: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
        let open = self.open.clone();
        open.fetch_add(1, Ordering::AcqRel);
        let thread = thread::Builder::new().name("read stream".to_owned());
        let spawned = thread.spawn(move || {
            read();
            open.fetch_sub(1, Ordering::AcqRel);
            bell.ring(|rung| rung.other = true);
        });
        if let Err(error) = spawned {
            self.open.fetch_sub(1, Ordering::AcqRel);
            return Err(error);
        }
        Ok(())
    }

    /// Reads standard input to its end.
    ///
    /// # Errors
    /// Where no thread or pipe is to be had.
    #[cfg(unix)]
    pub(super) fn stdin(&mut self, stream: Stream, bell: Arc<Bell>) -> std::io::Result<()> {
        let (stopped, stopper) = std::io::pipe()?;
        self.spawn(bell, move || unix::read(stream, unix::Input::Stdin, &stopped))?;
        self.stoppers.push(stopper);
        Ok(())
    }

    /// Reads standard input to its end.
    ///
    /// # Errors
    /// Where no thread is to be had.
    #[cfg(not(unix))]
    pub(super) fn stdin(&mut self, mut stream: Stream, bell: Arc<Bell>) -> std::io::Result<()> {
        self.spawn(bell, move || {
            let mut block = vec![0; limits::FOLLOW_BLOCK];
            loop {
                match std::io::Read::read(&mut std::io::stdin(), &mut block) {
                    Ok(n @ 1..) if stream.take(&block[..n]) => {}
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    _ => break,
                }
            }
            stream.end();
        })
    }

    /// Reads a FIFO, writer after writer.
    ///
    /// # Errors
    /// Where it cannot be opened, or no thread or pipe is to be had.
    #[cfg(unix)]
    pub(super) fn fifo(
        &mut self,
        stream: Stream,
        path: &std::path::Path,
        bell: Arc<Bell>,
    ) -> std::io::Result<()> {
        let (stopped, stopper) = std::io::pipe()?;
        let input = unix::Input::Fifo(unix::open_fifo(path)?, path.to_owned());
        self.spawn(bell, move || unix::read(stream, input, &stopped))?;
        self.stoppers.push(stopper);
        Ok(())
    }
}

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io::{self, PipeReader};
    use std::os::fd::{AsFd, BorrowedFd};
    use std::path::{Path, PathBuf};
    use std::time::{Duration, Instant};

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;

    use super::{Stream, limits};

    /// How long a stream is read after it was asked to end.
    const LAST_WORDS: Duration = Duration::from_secs(1);

    pub(super) enum Input {
        Stdin,
        Fifo(File, PathBuf),
    }

    impl Input {
        fn fd(&self) -> BorrowedFd<'_> {
            match self {
                Input::Stdin => rustix::stdio::stdin(),
                Input::Fifo(file, _) => file.as_fd(),
            }
        }
    }

    /// Opens a FIFO without waiting for a writer.
    pub(super) fn open_fifo(path: &Path) -> io::Result<File> {
        use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
        let mut options = std::fs::OpenOptions::new();
        let file = options.read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
        if !file.metadata()?.file_type().is_fifo() {
            return Err(io::Error::other("no longer a FIFO"));
        }
        Ok(file)
    }

    /// Reads until the input ends for good, or until a while after `stopped` has lost its writer.
    pub(super) fn read(mut stream: Stream, mut input: Input, stopped: &PipeReader) {
        let mut block = vec![0; limits::FOLLOW_BLOCK];
        let mut end: Option<Instant> = None;
        loop {
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) || !wait(&input, stopped, &mut end, left) {
                break;
            }
            match rustix::io::read(input.fd(), &mut block) {
                Ok(0) => match next_writer(&input) {
                    Some(next) if end.is_none() => {
                        stream.end();
                        input = next;
                        if !wait_for_writer(&input, stopped, &mut end) {
                            return;
                        }
                        stream.open();
                    }
                    _ => break,
                },
                Ok(n) => {
                    if !stream.take(&block[..n]) {
                        break;
                    }
                }
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(_) => break,
            }
        }
        stream.end();
    }

    /// The same FIFO, to wait for its next writer. It is opened before the old handle is given up, so that a
    /// writer who comes in between does not find it without a reader.
    fn next_writer(input: &Input) -> Option<Input> {
        match input {
            Input::Stdin => None,
            Input::Fifo(_, path) => Some(Input::Fifo(open_fifo(path).ok()?, path.clone())),
        }
    }

    /// Waits for something to read. False where there is nothing more to wait for.
    fn wait(
        input: &Input,
        stopped: &PipeReader,
        end: &mut Option<Instant>,
        left: Option<Duration>,
    ) -> bool {
        loop {
            let fd = input.fd();
            let mut fds = vec![PollFd::new(&fd, PollFlags::IN)];
            if end.is_none() {
                fds.push(PollFd::new(stopped, PollFlags::IN));
            }
            let timeout = left.map(|left| Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap_or(0),
                tv_nsec: i64::from(left.subsec_nanos()),
            });
            match poll(&mut fds, timeout.as_ref()) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(_) => return false,
            }
            let ready = !fds[0].revents().is_empty();
            if fds.len() > 1 && !fds[1].revents().is_empty() {
                *end = Some(Instant::now() + LAST_WORDS);
                // The caller works out anew how long to wait.
                return ready || wait(input, stopped, end, Some(LAST_WORDS));
            }
            return ready;
        }
    }

    /// Waits for the next writer of a FIFO. False where it was asked to end before one came.
    fn wait_for_writer(input: &Input, stopped: &PipeReader, end: &mut Option<Instant>) -> bool {
        wait(input, stopped, end, None) && end.is_none()
    }
}
