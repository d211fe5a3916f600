//! What is known of one incident, and reasons that are told.

use std::collections::VecDeque;

use super::{Key, Note};
use crate::hook::record::{Moment, QUIET, Record, words};
use crate::report::HookAction;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing is to be done.
    Calm,
    /// A run is to begin.
    Due { at: Moment, settling: bool },
    /// The commands of giving up are to run.
    GivingUp,
    /// A run goes on.
    Running,
}

/// Reasons that are told once, until something changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Stale,
    Running,
    GaveUp,
    Another,
}

/// One incident.
#[derive(Debug)]
pub(super) struct Incident {
    pub(super) record: Record,
    pub(super) phase: Phase,
    /// Seen again while its run went on.
    pub(super) again: bool,
    pub(super) told: Vec<Told>,
    /// Numbers of recent events.
    pub(super) events: VecDeque<u64>,
    /// Marks of the events that the next run acts on.
    pub(super) marks: VecDeque<u64>,
    /// When the bot came back by itself.
    pub(super) self_restarts: VecDeque<Moment>,
    /// `seen` as it was last written down.
    pub(super) saved: Moment,
}

impl Incident {
    pub(super) fn new() -> Incident {
        Incident {
            record: Record::default(),
            phase: Phase::Calm,
            again: false,
            told: Vec::new(),
            events: VecDeque::new(),
            marks: VecDeque::new(),
            self_restarts: VecDeque::new(),
            saved: Moment::default(),
        }
    }

    /// Tells a reason, unless it was told already.
    pub(super) fn tell(&mut self, what: Told, key: &Key, reason: &str) -> Option<Note> {
        if self.told.contains(&what) {
            return None;
        }
        self.told.push(what);
        Some(suppressed(key, reason))
    }
}

pub(super) fn suppressed(key: &Key, reason: &str) -> Note {
    Note {
        key: key.clone(),
        action: HookAction::Suppressed,
        reason: reason.to_owned(),
        attempt: None,
    }
}

pub(super) fn gave_up() -> String {
    format!("it was given up; {}", anew())
}

pub(super) fn anew() -> String {
    format!("attempts count anew when it has stayed away for {}", words(QUIET))
}

/// Adds to a list that keeps the latest.
pub(super) fn keep<T>(list: &mut VecDeque<T>, item: T, most: usize) {
    if list.len() >= most {
        list.pop_front();
    }
    list.push_back(item);
}
