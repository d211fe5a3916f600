//! When a silent log is looked at again.

use std::time::Duration;

/// A whole line that nothing follows is told after this (contract of `--follow`).
const SHORT: Duration = Duration::from_millis(150);

/// An open traceback, and a line without its newline, are told after this: writers pause in the middle.
const LONG: Duration = Duration::from_millis(1500);

/// A wait that took so much longer than was asked was no wait: the machine slept.
pub(super) const OVERSLEPT: Duration = Duration::from_secs(1);

/// What is due on a log that has been silent for long enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Tell whole lines.
    Short,
    /// Tell what is open.
    Long,
    /// Judge the run's end.
    Quiet,
    /// Say that it is silent.
    Stall,
    /// A run that seemed to have ended may go on.
    Again,
    /// Judge the runs of services that are silent while others speak.
    Lanes,
}

/// The timers of one source.
#[derive(Debug)]
pub(super) struct Timing {
    quiet_after: Duration,
    /// When it last spoke.
    spoke: Duration,
    short: bool,
    long: bool,
    quiet: bool,
    /// When silence is told.
    stall: Option<Duration>,
    again: Option<Duration>,
    /// When a service was heard that has been silent longest.
    lanes: Option<Duration>,
    /// The bot said that it ended: judge at once.
    exit: bool,
}

impl Timing {
    /// For a source first seen at `now`.
    pub(super) fn new(now: Duration, quiet_after: Duration) -> Timing {
        Timing {
            quiet_after,
            spoke: now,
            short: false,
            long: false,
            quiet: false,
            stall: None,
            again: None,
            lanes: None,
            exit: false,
        }
    }

    /// Bytes came in.
    pub(super) fn spoke(&mut self, now: Duration) {
        self.spoke = now;
        (self.short, self.long, self.quiet) = (true, true, true);
    }

    /// A line says that the bot ended.
    pub(super) fn exits(&mut self) {
        self.exit = true;
    }

    /// Nothing is open: there is nothing to tell after the longer wait.
    pub(super) fn nothing_open(&mut self) {
        self.long = false;
    }

    /// A run is said to have ended: where lines come all the same, look again soon.
    pub(super) fn look_again(&mut self) {
        self.again.get_or_insert(self.spoke + LONG);
    }

    /// A service of several was last heard at `since`, the others later.
    pub(super) fn lanes_since(&mut self, since: Option<Duration>) {
        self.lanes = since.map(|since| since + self.quiet_after);
    }

    /// Silence is told after `after`, counted from when it last spoke.
    pub(super) fn stall_after(&mut self, after: Option<Duration>) {
        self.stall = after.map(|after| self.spoke + after);
    }

    /// When it last spoke.
    pub(super) fn last(&self) -> Duration {
        self.spoke
    }

    /// Silence is counted from `now` on.
    pub(super) fn postpone(&mut self, now: Duration) {
        let by = now.saturating_sub(self.spoke);
        self.spoke = now;
        self.stall = self.stall.map(|stall| stall + by);
        self.again = self.again.map(|again| again.max(now));
        self.lanes = self.lanes.map(|lanes| lanes.max(now + self.quiet_after));
    }

    /// When something is due next.
    pub(super) fn due(&self) -> Option<Duration> {
        let timers = [
            self.exit.then_some(self.spoke),
            self.short.then(|| self.spoke + SHORT),
            self.long.then(|| self.spoke + LONG),
            self.quiet.then(|| self.spoke + self.quiet_after),
            self.stall,
            self.again,
            self.lanes,
        ];
        timers.into_iter().flatten().min()
    }

    /// What is due at `now`, one after the other; each is given once.
    pub(super) fn next(&mut self, now: Duration) -> Option<Due> {
        let silent = now.saturating_sub(self.spoke);
        if self.exit || self.quiet && silent >= self.quiet_after {
            (self.short, self.long) = (false, false);
            // An exit line is judged at once, and again when nothing has followed it.
            self.quiet &= silent < self.quiet_after;
            self.exit = false;
            return Some(Due::Quiet);
        }
        if self.long && silent >= LONG {
            (self.short, self.long) = (false, false);
            return Some(Due::Long);
        }
        if self.short && silent >= SHORT {
            self.short = false;
            return Some(Due::Short);
        }
        if self.again.is_some_and(|again| again <= now) {
            self.again = None;
            return Some(Due::Again);
        }
        if self.lanes.is_some_and(|lanes| lanes <= now) {
            self.lanes = None;
            return Some(Due::Lanes);
        }
        if self.stall.is_some_and(|stall| stall <= now) {
            self.stall = None;
            return Some(Due::Stall);
        }
        None
    }
}
