//! What was read and not yet taken: bounded in bytes. And the bell that calls the tracker.

use std::collections::{BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::notice::Notice;
use crate::safe::limits;

/// What a notice weighs beside its bytes.
const NOTICE_BYTES: usize = 256;

/// Most changed paths remembered one by one; beyond it everything is looked at.
const PATHS: usize = 1_024;

/// Notices on their way to the caller.
pub(super) struct Queue {
    held: Mutex<Held>,
    filled: Condvar,
    emptied: Condvar,
    bell: Arc<Bell>,
}

#[derive(Default)]
struct Held {
    notices: VecDeque<Notice>,
    bytes: usize,
    /// The tracker has found no room.
    wanted: bool,
    /// Nobody takes any more.
    closed: bool,
}

impl Queue {
    pub(super) fn new(bell: Arc<Bell>) -> Queue {
        let held = Mutex::new(Held::default());
        Queue { held, filled: Condvar::new(), emptied: Condvar::new(), bell }
    }

    /// Puts a notice at the end, room or not.
    pub(super) fn push(&self, notice: Notice) {
        let mut held = lock(&self.held);
        if !held.closed {
            held.bytes += weight(&notice);
            held.notices.push_back(notice);
            drop(held);
            self.filled.notify_one();
        }
    }

    /// Bytes that may still be put in. Where it is little, the bell rings when there is more.
    pub(super) fn room(&self) -> usize {
        let mut held = lock(&self.held);
        let room = limits::FOLLOW_QUEUE.saturating_sub(held.bytes);
        held.wanted |= room < limits::FOLLOW_BLOCK;
        room
    }

    /// Waits until there is room. False where nobody takes any more.
    pub(super) fn wait_for_room(&self) -> bool {
        let mut held = lock(&self.held);
        while !held.closed && held.bytes >= limits::FOLLOW_QUEUE {
            held = self.emptied.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
        !held.closed
    }

    /// Takes the first notice, and waits for one: at most `timeout`, where one is given.
    pub(super) fn next(&self, timeout: Option<Duration>) -> Option<Notice> {
        let end = timeout.map(|timeout| Instant::now() + timeout);
        let mut held = lock(&self.held);
        loop {
            if let Some(notice) = held.notices.pop_front() {
                held.bytes -= weight(&notice);
                if held.bytes <= limits::FOLLOW_QUEUE / 2 {
                    self.emptied.notify_all();
                    if std::mem::take(&mut held.wanted) {
                        self.bell.ring(|rung| rung.room = true);
                    }
                }
                return Some(notice);
            }
            held = match end {
                None => self.filled.wait(held).unwrap_or_else(PoisonError::into_inner),
                Some(end) => {
                    let left = end.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return None;
                    }
                    let waited = self.filled.wait_timeout(held, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Whether nobody takes any more.
    pub(super) fn is_closed(&self) -> bool {
        lock(&self.held).closed
    }

    /// Nobody takes any more: whoever waits for room need not.
    pub(super) fn close(&self) {
        let mut held = lock(&self.held);
        held.closed = true;
        held.notices.clear();
        held.bytes = 0;
        drop(held);
        self.emptied.notify_all();
    }
}

fn weight(notice: &Notice) -> usize {
    match notice {
        Notice::Appended(appended) => NOTICE_BYTES + appended.bytes.len(),
        _ => NOTICE_BYTES,
    }
}

/// Wakes the tracker.
#[derive(Default)]
pub(super) struct Bell {
    rung: Mutex<Rung>,
    waiter: Condvar,
}

/// Why the bell was rung.
#[derive(Debug, Default)]
pub(super) struct Rung {
    /// Files that were written to.
    pub(super) written: BTreeSet<PathBuf>,
    /// Paths that came, went or changed their permissions.
    pub(super) moved: BTreeSet<PathBuf>,
    /// Anything may have happened.
    pub(super) all: bool,
    /// There is room again.
    pub(super) room: bool,
    /// It is time to stop.
    pub(super) stop: bool,
    /// A stream has ended, or lines were counted.
    pub(super) other: bool,
    rang: bool,
}

impl Bell {
    /// Notes a reason, and wakes the tracker.
    pub(super) fn ring(&self, why: impl FnOnce(&mut Rung)) {
        let mut rung = lock(&self.rung);
        why(&mut rung);
        if rung.written.len() + rung.moved.len() > PATHS {
            rung.written.clear();
            rung.moved.clear();
            rung.all = true;
        }
        rung.rang = true;
        drop(rung);
        self.waiter.notify_one();
    }

    /// Waits for the bell, at most until `end`. What was noted is handed over; that it is time to stop is
    /// said again and again.
    pub(super) fn wait(&self, end: Instant) -> Rung {
        let mut rung = lock(&self.rung);
        while !rung.rang {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.waiter.wait_timeout(rung, left);
            rung = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let stop = rung.stop;
        std::mem::replace(&mut *rung, Rung { stop, ..Rung::default() })
    }
}

/// Locks, also where a thread has panicked while it held the lock: what is inside is whole after every
/// step.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
