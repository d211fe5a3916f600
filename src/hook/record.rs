//! What is remembered of one incident, also when the program is started again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Pace;

/// How long an incident must stay away before its attempts are counted anew.
///
/// Kubernetes forgets after ten minutes, too. It is the absence of the incident that counts and not the
/// exit status of a command or the bot's uptime: those let a bot that dies after each start be restarted for
/// ever (supervisord's `startsecs`, pm2's `min_uptime`).
pub(super) const QUIET: Duration = Duration::from_secs(600);

/// Most attempts that are kept of an incident; there are more only of a hook that never gives up.
const ATTEMPTS: usize = 64;

/// Most events that are remembered as acted on.
const ACTED_ON: usize = 64;

/// How long an event that was acted on is known to other watchers of the log.
const ACTED_ON_FOR: Duration = Duration::from_secs(120);

/// A point in time: milliseconds since 1970, by a clock that only goes forward while the program runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(pub u64);

impl Moment {
    /// Later by `by`.
    pub fn after(self, by: Duration) -> Moment {
        Moment(self.0.saturating_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX)))
    }

    /// Time since an earlier moment; zero since a later one.
    pub fn since(self, earlier: Moment) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// How a run of a hook's commands ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// All with exit status 0.
    Succeeded,
    /// One could not be started, or ended in another way.
    Failed,
    /// One took too long.
    TimedOut,
    /// One said with exit status 125 that trying again is no use (the convention of s6's `finish`).
    Permanent,
}

/// One run of a hook's commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it began.
    pub start: Moment,
    /// When it ended; `None` while it goes on, and where the program was killed meanwhile.
    pub end: Option<Moment>,
    /// How.
    pub outcome: Option<Outcome>,
}

/// What is remembered of one incident.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// When it was last seen.
    pub seen: Moment,
    /// The attempts that count, oldest first.
    pub attempts: Vec<Attempt>,
    /// Attempts that count, also those that are no longer kept.
    pub count: u32,
    /// Whether it was given up.
    pub gave_up: bool,
    /// Events that were acted on, and when, for other watchers of the same log.
    #[serde(default)]
    pub acted_on: Vec<(u64, Moment)>,
}

impl Record {
    /// Brings a record that may come from a file into bounds: times that lie ahead (the clock was set back)
    /// are now, and no list is longer than it can have become.
    pub(super) fn tidy(&mut self, now: Moment) {
        let excess = self.attempts.len().saturating_sub(ATTEMPTS);
        self.attempts.drain(..excess);
        let excess = self.acted_on.len().saturating_sub(ACTED_ON);
        self.acted_on.drain(..excess);
        self.seen = self.seen.min(now);
        for attempt in &mut self.attempts {
            attempt.start = attempt.start.min(now);
            attempt.end = attempt.end.map(|end| end.min(now).max(attempt.start));
        }
        for (_, at) in &mut self.acted_on {
            *at = (*at).min(now);
        }
        self.acted_on.retain(|(_, at)| now.since(*at) <= ACTED_ON_FOR);
    }

    /// Counts anew if the incident stayed away long enough: what is older than the window no longer counts.
    pub(super) fn forget(&mut self, now: Moment, window: Duration) {
        if now.since(self.seen) < QUIET {
            return;
        }
        self.gave_up = false;
        self.attempts.retain(|attempt| now.since(attempt.start) <= window);
        self.count = u32::try_from(self.attempts.len()).unwrap_or(u32::MAX);
    }

    /// Counts anew from `now` on; with `runs`, the run that goes on is the first.
    pub(super) fn start_anew(&mut self, now: Moment, runs: bool) {
        self.gave_up = false;
        let done = if runs { self.attempts.len().saturating_sub(1) } else { self.attempts.len() };
        self.attempts.drain(..done);
        for attempt in &mut self.attempts {
            attempt.start = now;
        }
        self.count = u32::try_from(self.attempts.len()).unwrap_or(u32::MAX);
    }

    /// Of a record that may have been written before its attempts were to count anew: forgets those.
    pub(super) fn forget_before(&mut self, anew: Moment) {
        if self.attempts.first().is_some_and(|attempt| attempt.start < anew) {
            self.attempts.retain(|attempt| attempt.start >= anew);
            self.count = u32::try_from(self.attempts.len()).unwrap_or(u32::MAX);
            self.gave_up &= self.count > 0;
        }
    }

    /// Notes that a run begins; gives its number.
    pub(super) fn begin(&mut self, now: Moment, events: &[u64]) -> u32 {
        self.attempts.push(Attempt { start: now, end: None, outcome: None });
        self.count = self.count.saturating_add(1);
        self.acted_on.extend(events.iter().map(|&event| (event, now)));
        self.tidy(now);
        self.count
    }

    /// Notes how the latest run ended.
    pub(super) fn end(&mut self, now: Moment, outcome: Outcome) {
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.end = Some(now);
            attempt.outcome = Some(outcome);
        }
    }

    /// Before when no further run may begin. `spread` from 0 to 1 is what chance adds, so that many bots
    /// that fell together do not rise together.
    pub(super) fn not_before(&self, pace: &Pace, spread: f64) -> Moment {
        let Some(last) = self.attempts.last() else { return Moment::default() };
        let doublings = if pace.attempts.is_some() {
            self.count.saturating_sub(1)
        } else {
            // A hook that never gives up backs off only while it fails.
            let failed = |attempt: &&Attempt| attempt.outcome != Some(Outcome::Succeeded);
            let failed = self.attempts.iter().rev().take_while(failed).count();
            u32::try_from(failed).unwrap_or(u32::MAX).saturating_sub(1)
        };
        let gap = pace.gap.saturating_mul(2_u32.saturating_pow(doublings.min(30)));
        let gap = gap.min(pace.gap_max).max(pace.gap);
        let room = gap / 10;
        // Between the gap and a tenth more; at the longest gap, between a tenth less and the gap.
        let least = gap.min(pace.gap_max.saturating_sub(room)).max(pace.gap);
        let wait = (least + room.mul_f64(spread.clamp(0.0, 1.0))).min(pace.gap_max.max(pace.gap));
        last.end.unwrap_or(last.start).after(wait)
    }

    /// How the attempts went, in words, for one who is told that there will be no more.
    pub(super) fn history(&self, now: Moment) -> String {
        let runs = self.attempts.len();
        let first = self.attempts.first().map_or(now, |attempt| attempt.start);
        let span = words(now.since(first));
        let well = self
            .attempts
            .iter()
            .filter(|attempt| attempt.outcome == Some(Outcome::Succeeded))
            .count();
        match (runs, well) {
            (1, 0) => "the one run that was allowed failed".to_owned(),
            (1, _) => format!("it came back after the one run that was allowed, {span} ago"),
            (_, 0) => format!("{runs} runs within {span} failed"),
            (_, well) if well == runs => {
                format!("a restart loop: it came back after each of {runs} runs within {span}")
            }
            (_, well) => {
                format!("{runs} runs within {span} did not end it ({well} of them succeeded)")
            }
        }
    }
}

/// A duration in words: `45 s`, `3 min`, `2 h`.
pub(super) fn words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}
