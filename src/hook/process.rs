//! One command: started without a shell in a process group of its own, its output drained, ended with all
//! that belongs to it where it takes too long.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::io::{self, PipeReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

use super::output::Tail;

/// How much is read from a command's output at once.
const BLOCK: usize = 64 << 10;

/// After a command's end its output is waited for as long as some comes, at most this long: what it started
/// may hold the pipe open for ever.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// So long without a word means that it has said all.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) use system::prepare_program;

/// What a command is given.
#[derive(Debug, Clone)]
pub(super) struct Input {
    /// Standard input.
    pub(super) stdin: Arc<[u8]>,
    /// Environment, beside what it inherits.
    pub(super) variables: Vec<(String, String)>,
}

/// A command that runs.
#[derive(Debug)]
pub(super) struct Process {
    child: Arc<Mutex<Child>>,
    group: Arc<system::Group>,
    output: Arc<Output>,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// By itself, with this status.
    Status(i32),
    /// By this signal.
    Signal(i32),
    /// It is not known how.
    Unknown,
}

#[derive(Debug, Default)]
struct Output {
    state: Mutex<OutputState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct OutputState {
    tail: Tail,
    blocks: u64,
    ended: bool,
}

impl Output {
    fn state(&self) -> MutexGuard<'_, OutputState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Names of variables that are only ever ours.
fn is_ours(name: &std::ffi::OsStr) -> bool {
    let names = ["PATTERN", "RULE", "LEVEL", "SUMMARY", "SOURCE", "FINGERPRINT", "ATTEMPT"];
    name.to_str()
        .and_then(|name| name.strip_prefix("WD_"))
        .is_some_and(|name| name.starts_with("CAPTURE_") || names.contains(&name))
}

impl Process {
    /// Starts a command. `on_exit` is called, in a thread of its own, when its leader has exited.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub(super) fn start(
        words: &[String],
        input: &Input,
        on_exit: impl FnOnce() + Send + 'static,
    ) -> io::Result<Process> {
        let (program, arguments) =
            words.split_first().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        let (reader, writer) = io::pipe()?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(writer.try_clone()?).stderr(writer);
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_ours(name)) {
            command.env_remove(name);
        }
        command.envs(input.variables.iter().map(|(name, value)| (name, value)));
        let mut child = system::spawn(&mut command)?;
        // It holds the writing ends: with it open, the output would never end.
        drop(command);
        let stdin = child.stdin.take();
        let group = Arc::new(system::Group::of(&child));
        let process = Process {
            child: Arc::new(Mutex::new(child)),
            group,
            output: Arc::new(Output::default()),
        };
        match process.attend(stdin, Arc::clone(&input.stdin), reader, on_exit) {
            Ok(()) => Ok(process),
            Err(error) => {
                // Nobody would know when it ends.
                process.reap(true);
                Err(error)
            }
        }
    }

    /// Starts the threads that feed it, listen to it and wait for it.
    fn attend(
        &self,
        stdin: Option<ChildStdin>,
        text: Arc<[u8]>,
        reader: PipeReader,
        on_exit: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        let output = Arc::clone(&self.output);
        spawn_thread("hook-output", move || drain(reader, &output))?;
        if let Some(mut stdin) = stdin {
            // One that does not read is no reason to wait, and a closed pipe none to complain.
            spawn_thread("hook-stdin", move || drop(stdin.write_all(&text)))?;
        }
        let (group, child) = (Arc::clone(&self.group), Arc::clone(&self.child));
        spawn_thread("hook-exit", move || {
            group.wait_for_leader(&child);
            on_exit();
        })
    }

    /// Asks the whole group to end.
    pub(super) fn terminate(&self) {
        self.group.terminate(&self.child);
    }

    /// Ends the whole group.
    pub(super) fn kill(&self) {
        self.group.kill(&self.child);
    }

    /// Takes in the leader, which has exited, and gives what was written last. With `whole_group`, what
    /// is left of the group is ended first: once the leader is taken in, its number may be somebody else's.
    pub(super) fn reap(&self, whole_group: bool) -> (Exit, Tail) {
        if whole_group {
            self.kill();
        }
        let status = self.child.lock().unwrap_or_else(PoisonError::into_inner).wait();
        let exit = status.map_or(Exit::Unknown, exit_of);
        let mut state = self.output.state();
        let began = Instant::now();
        while !state.ended && began.elapsed() < LAST_WORDS {
            let before = state.blocks;
            state = self
                .output
                .changed
                .wait_timeout_while(state, PAUSE, |state| !state.ended && state.blocks == before)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            if state.blocks == before {
                break;
            }
        }
        (exit, std::mem::take(&mut state.tail))
    }
}

fn exit_of(status: ExitStatus) -> Exit {
    match (status.code(), system::signal(status)) {
        (Some(code), _) => Exit::Status(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Unknown,
    }
}

/// Reads to the end, so that nothing a command writes makes it wait. What it started may go on writing
/// after its end, and must not be stopped by a closed pipe while this program lives.
fn drain(mut reader: PipeReader, output: &Output) {
    let mut block = vec![0; BLOCK];
    loop {
        match reader.read(&mut block) {
            Ok(0) => break,
            Ok(read) => {
                let mut state = output.state();
                state.tail.push(&block[..read]);
                state.blocks += 1;
                drop(state);
                output.changed.notify_all();
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    output.state().ended = true;
    output.changed.notify_all();
}

fn spawn_thread(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(run).map(drop)
}

#[cfg(test)]
mod tests;
