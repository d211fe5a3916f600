//! Beside a running bot.
//!
//! Three stages, each on a thread of its own, with bounded queues between them: reading
//! (`source::follow`), judging (`analyze::follow`), telling (`writer`). A reader of standard output that is
//! slow delays what is told; files are followed all the same.

mod hooks;
mod live;
mod signals;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use crossbeam_channel::{SendTimeoutError, Sender, bounded};

use super::diagnose;
use crate::analyze::follow::{self, Feed, Said, WatchOptions};
use crate::cli::ExitStatus;
use crate::cli::settings::Settings;
use crate::detect::Matcher;
use crate::hook;
use crate::model::RealClock;
use crate::report::Format;
use crate::source::follow::{FollowOptions, Following, Notice, Stopper};
use crate::traceback::Roots;
use hooks::Hooks;
use writer::{Line, Writer};

/// What is told and not written yet: more than a screen, and a few MiB at most.
const QUEUE: usize = 256;

/// From a signal to the end; whoever asked waits two seconds before asking less kindly.
const PATIENCE: Duration = Duration::from_millis(1600);

/// How often a full queue is tried again.
const RETRY: Duration = Duration::from_millis(100);

/// How following is asked to end.
struct Stop {
    stopper: Stopper,
    /// By a signal.
    asked: AtomicBool,
    /// Standard output is closed.
    closed: AtomicBool,
    asked_at: std::sync::OnceLock<Instant>,
    /// Hooks end at once, too.
    hooks: std::sync::OnceLock<hook::Remote>,
}

impl Stop {
    /// A signal came. Comes back with whether it is the first.
    fn ask(&self) -> bool {
        let first = self.asked_at.set(Instant::now()).is_ok();
        self.asked.store(true, Ordering::Release);
        self.stopper.stop();
        if let Some(hooks) = self.hooks.get() {
            hooks.stop();
        }
        first
    }

    /// Hooks are to count their attempts anew.
    #[cfg(unix)]
    fn count_anew(&self) {
        if let Some(hooks) = self.hooks.get() {
            hooks.count_anew();
        }
    }

    /// Nobody reads what is told any more.
    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.stopper.stop();
    }

    /// What is left of the time to end in; `None` where there is no hurry.
    fn left(&self) -> Option<Duration> {
        self.asked_at.get().map(|at| PATIENCE.saturating_sub(at.elapsed()))
    }

    fn is_over(&self) -> bool {
        self.closed.load(Ordering::Acquire) || self.left().is_some_and(|left| left.is_zero())
    }
}

impl Feed for Following {
    fn next(&mut self, timeout: Option<Duration>) -> Option<Notice> {
        Following::next(self, timeout)
    }
}

/// Follows logs until standard input ends or a signal comes.
///
/// # Errors
/// Where rules are refused, following cannot begin, or the report cannot be written.
pub(in crate::cli) fn run(settings: Settings) -> anyhow::Result<ExitStatus> {
    diagnose::warn_of_secrets(&settings);
    let rules = crate::rules::load(&settings.batch.rules).map_err(|complaints| {
        anyhow::Error::from(crate::analyze::batch::Failure::Rules(complaints))
    })?;
    let matcher = Matcher::new(&rules, Roots { source_root: settings.batch.source_root.clone() });
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(settings.batch.threads.unwrap_or(0))
        .build()
        .context("cannot start worker threads")?;
    let Some(follow) = settings.follow.clone() else {
        anyhow::bail!("not asked to follow");
    };
    let options = WatchOptions {
        batch: settings.batch.clone(),
        level: settings.show,
        quiet_after: follow.quiet_after,
        stall: follow.stall,
        settles: follow.state.is_some(),
    };
    let paths = settings.input.paths();
    let mut following = Following::start(FollowOptions {
        paths: paths.iter().map(|path| path.clone().into_os_string().into()).collect(),
        from: follow.from,
        poll: follow.poll,
        state: follow.state.clone(),
    })?;
    let stop = Arc::new(Stop {
        stopper: following.stopper(),
        asked: AtomicBool::new(false),
        closed: AtomicBool::new(false),
        asked_at: std::sync::OnceLock::new(),
        hooks: std::sync::OnceLock::new(),
    });
    signals::watch(stop.clone(), !settings.hooks.is_empty()).context("cannot watch for signals")?;
    let (sender, receiver) = bounded(QUEUE);
    let (done, is_done) = channel();
    let settings = Arc::new(settings);
    let writer = Writer::new(settings.clone(), &paths, following.ledger());
    let format = writer.format();
    if format == Format::Text || format == Format::Jsonl {
        signals::watch_output(stop.clone());
    }
    thread::Builder::new().name("tell".to_owned()).spawn({
        let stop = stop.clone();
        move || {
            let result = writer.run(&receiver);
            if result.as_ref().is_ok_and(|open| !open) {
                stop.close();
            }
            // Nobody waits for it any more where there was a hurry.
            let _ = done.send(result);
        }
    })?;
    let mut hooks = Hooks::start(&settings, sender.clone(), stop.clone())?;
    if let Some(remote) = hooks.remote() {
        let _ = stop.hooks.set(remote);
    }
    let clock = RealClock::new();
    let mut tell = |said: Said| {
        hooks.see(&said);
        if matches!(said, Said::Hidden(_)) {
            return true;
        }
        send(&sender, Line::Said(said), &stop)
    };
    let is_asked = || stop.asked.load(Ordering::Acquire) || stop.closed.load(Ordering::Acquire);
    let mut outcome = pool
        .install(|| follow::run(&mut following, &matcher, &options, &clock, &is_asked, &mut tell));
    let hook_failed = hooks.end(is_asked());
    let (status, fail_on) = diagnose::judge(&settings, &mut outcome)?;
    let status = match (is_asked(), hook_failed) {
        (true, _) => ExitStatus::Clean,
        (false, true) => ExitStatus::Failed,
        (false, false) => status,
    };
    send(&sender, Line::End { outcome: Box::new(outcome), fail_on }, &stop);
    drop(sender);
    let written = match stop.left() {
        // At least a moment: the last lines are mostly on their way.
        Some(left) => is_done.recv_timeout(left.max(RETRY)),
        None => is_done.recv().map_err(|_| RecvTimeoutError::Disconnected),
    };
    following.close()?;
    if let Ok(Err(error)) = written {
        return Err(error);
    }
    Ok(status)
}

/// Puts a line into the queue, and waits where it is full. `false` where nobody will read it.
fn send(sender: &Sender<Line>, line: Line, stop: &Stop) -> bool {
    let mut line = line;
    loop {
        match sender.send_timeout(line, RETRY) {
            Ok(()) => return true,
            Err(SendTimeoutError::Disconnected(_)) => return false,
            Err(SendTimeoutError::Timeout(_)) if stop.is_over() => return false,
            Err(SendTimeoutError::Timeout(back)) => line = back,
        }
    }
}
