//! The thread that runs hooks. Whoever follows logs hands it diagnoses and goes on at once.

mod run;
#[cfg(test)]
mod tests;
mod work;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::choice::{Choice, choose, is_stale, subject};
use super::policy::{Key, Sighting};
use super::{HookOptions, Kind, process};
use crate::diagnosis::Diagnosis;
use crate::model::{Clock, Fnv, Level};
use crate::report::HookEvent;
use crate::safe::limits::HOOK_OFFERS;

/// A diagnosis that a hook may act on.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// The diagnosis; in `--follow`, of one event.
    pub diagnosis: Diagnosis,
    /// Number of the event in this process. One event that is told again with a higher level keeps its
    /// number, so that it is acted on once.
    pub event: u64,
    /// The longest that what was written can have lain unread: the time since the program last stood at
    /// the end of this log. Zero where it is read as it is written.
    pub unread_for: Duration,
    /// Whether a later run of the bot has begun already.
    pub came_back: bool,
    /// Whether the bot itself logged it as an error, and nothing is known yet of what came next. A repair that
    /// is to act on errors does not wait for that.
    pub logged_as_error: bool,
}

/// How it went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ending {
    /// Whether a hook that should have run did not, or failed.
    pub failed: bool,
}

/// Runs hooks until it is stopped or finished.
pub struct Supervisor {
    options: Arc<HookOptions>,
    clock: Arc<dyn Clock>,
    inbox: Arc<Inbox>,
    thread: Option<JoinHandle<Ending>>,
}

/// Speaks to a supervisor from any thread.
#[derive(Clone)]
pub struct Remote {
    inbox: Arc<Inbox>,
}

impl Remote {
    /// No new run begins, and one that goes on is ended: SIGTERM to its group, and SIGKILL after its time.
    pub fn stop(&self) {
        self.inbox.put(|mail| mail.wish = Some(Wish::Stop));
    }

    /// The attempts of all incidents count anew, and what was given up is acted on again.
    pub fn count_anew(&self) {
        self.inbox.put(|mail| mail.anew = true);
    }
}

impl Supervisor {
    /// Starts the thread. `tell` is called from it with everything that happens; it should not wait.
    pub fn start(
        options: HookOptions,
        clock: Arc<dyn Clock>,
        tell: impl FnMut(HookEvent) + Send + 'static,
    ) -> std::io::Result<Supervisor> {
        process::prepare_program();
        let options = Arc::new(options);
        let inbox = Arc::new(Inbox::default());
        let work = work::Work::new(
            Arc::clone(&options),
            Arc::clone(&clock),
            Arc::clone(&inbox),
            Box::new(tell),
        );
        let thread = thread::Builder::new().name("hooks".to_owned()).spawn(move || work.run())?;
        Ok(Supervisor { options, clock, inbox, thread: Some(thread) })
    }

    /// Hands over a diagnosis. Never waits, and costs nothing where no hook acts on it.
    pub fn offer(&self, trigger: Trigger) {
        for (hook, options) in self.options.hooks.iter().enumerate() {
            let level = match options.kind {
                Kind::Repair if trigger.logged_as_error => {
                    trigger.diagnosis.level.max(Level::Error)
                }
                _ => trigger.diagnosis.level,
            };
            let choice = choose(options, &trigger.diagnosis, level, &self.options.beyond_restart);
            if choice == Choice::Passes {
                continue;
            }
            let key = Key {
                hook,
                source: trigger.diagnosis.first.source.clone(),
                pattern: trigger.diagnosis.pattern,
                subject: subject(&trigger.diagnosis),
            };
            let sighting = Sighting {
                event: trigger.event,
                mark: (!self.options.once).then(|| mark(&trigger.diagnosis)),
                stale: is_stale(
                    &trigger.diagnosis,
                    trigger.unread_for,
                    self.clock.wall(),
                    self.options.zone.as_ref(),
                ),
                came_back: trigger.came_back,
            };
            let diagnosis = Arc::new(Diagnosis { level, ..trigger.diagnosis.clone() });
            let beyond_restart = choice == Choice::BeyondRestart;
            let offer = Offer { key, diagnosis, sightings: vec![sighting], beyond_restart };
            self.inbox.put(|mail| mail.add(offer));
        }
    }

    /// A run of the bot began in this log.
    pub fn run_began(&self, source: &str) {
        self.inbox.put(|mail| {
            // What was offered before belongs to the run that is over.
            for offer in mail.offers.iter_mut().filter(|offer| offer.key.source == source) {
                offer.sightings.iter_mut().for_each(|sighting| sighting.came_back = true);
            }
            if mail.came_back.len() < HOOK_OFFERS
                && !mail.came_back.iter().any(|other| other == source)
            {
                mail.came_back.push(source.to_owned());
            }
        });
    }

    /// What speaks to it from any thread.
    pub fn remote(&self) -> Remote {
        Remote { inbox: Arc::clone(&self.inbox) }
    }

    /// Stops it: no new run, and the one that goes on is ended. Waits for that.
    pub fn stop(mut self) -> Ending {
        self.end(Wish::Stop)
    }

    /// No more diagnoses come: what was offered is still run, except what would have to wait for a gap.
    /// Waits for that.
    pub fn finish(mut self) -> Ending {
        self.end(Wish::Finish)
    }

    fn end(&mut self, wish: Wish) -> Ending {
        let Some(thread) = self.thread.take() else { return Ending::default() };
        self.inbox.put(|mail| mail.wish = mail.wish.max(Some(wish)));
        thread.join().unwrap_or(Ending { failed: true })
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.end(Wish::Stop);
    }
}

/// What tells an event apart for another program that reads the same log: its place and time.
fn mark(diagnosis: &Diagnosis) -> u64 {
    let mut hash = Fnv::new();
    hash.add(&diagnosis.fingerprint);
    hash.add(&format!("{} {}", diagnosis.last.line, diagnosis.last.byte));
    let time = diagnosis.last.time.as_ref().or(diagnosis.last.raw_time.as_ref());
    hash.add(time.map_or("", String::as_str));
    hash.value()
}

/// What the thread is to be told.
#[derive(Default)]
struct Inbox {
    mail: Mutex<Mail>,
    bell: Condvar,
}

#[derive(Default)]
struct Mail {
    offers: Vec<Offer>,
    /// Offers for which there was no room.
    lost: u64,
    /// Logs whose bot was started again.
    came_back: Vec<String>,
    /// The leader of the running command has exited.
    exited: bool,
    /// Attempts are to be counted anew.
    anew: bool,
    wish: Option<Wish>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wish {
    Finish,
    Stop,
}

/// Sightings of one incident.
struct Offer {
    key: Key,
    /// The latest.
    diagnosis: Arc<Diagnosis>,
    sightings: Vec<Sighting>,
    beyond_restart: bool,
}

impl Inbox {
    fn mail(&self) -> MutexGuard<'_, Mail> {
        self.mail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, change: impl FnOnce(&mut Mail)) {
        change(&mut self.mail());
        self.bell.notify_one();
    }

    /// Takes what has come; waits for it at most as long as given.
    fn take(&self, patience: Option<Duration>) -> Mail {
        let mail = self.mail();
        let mut mail = match patience {
            Some(patience) => {
                self.bell
                    .wait_timeout_while(mail, patience, |mail| mail.is_empty())
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
            None => self
                .bell
                .wait_while(mail, |mail| mail.is_empty())
                .unwrap_or_else(PoisonError::into_inner),
        };
        std::mem::take(&mut *mail)
    }
}

impl Mail {
    fn is_empty(&self) -> bool {
        self.offers.is_empty()
            && self.came_back.is_empty()
            && !self.exited
            && !self.anew
            && self.wish.is_none()
    }

    fn add(&mut self, offer: Offer) {
        // The latest of an incident stands for all of them.
        if let Some(same) = self.offers.iter_mut().find(|other| other.key == offer.key) {
            same.diagnosis = offer.diagnosis;
            same.sightings.extend(offer.sightings);
            let excess = same.sightings.len().saturating_sub(HOOK_OFFERS);
            same.sightings.drain(..excess);
        } else if self.offers.len() < HOOK_OFFERS {
            self.offers.push(offer);
        } else {
            self.lost += 1;
        }
    }
}
