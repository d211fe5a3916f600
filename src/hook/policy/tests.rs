//! The rules of supervision by a clock that is moved by hand.

mod attempts;
mod messages;
mod pace;
mod remembered;

use std::time::SystemTime;

use super::*;
use crate::hook::record::Attempt;
use crate::model::{Clock, FakeClock};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// A policy, a clock, and what a supervisor would have remembered.
struct World {
    clock: FakeClock,
    policy: Policy,
    stored: BTreeMap<Key, Record>,
    events: u64,
    notes: Vec<Note>,
    runs: Vec<(Key, u32, Duration)>,
    gave_up: Vec<Key>,
}

fn pace() -> Pace {
    Pace {
        kind: Kind::Repair,
        settle: 2 * SECOND,
        gap: MINUTE,
        gap_max: 5 * MINUTE,
        attempts: Some(3),
        window: 15 * MINUTE,
        acts_on_give_up: false,
    }
}

fn notify() -> Pace {
    Pace { kind: Kind::Notify, attempts: None, ..pace() }
}

fn key(source: &str, subject: &str) -> Key {
    Key { hook: 0, source: source.into(), pattern: Pattern::Network, subject: subject.into() }
}

impl World {
    fn new(paces: &[Pace]) -> World {
        World {
            clock: FakeClock::new(SystemTime::UNIX_EPOCH),
            policy: Policy::new(paces.to_vec(), 7),
            stored: BTreeMap::new(),
            events: 0,
            notes: Vec::new(),
            runs: Vec::new(),
            gave_up: Vec::new(),
        }
    }

    fn now(&self) -> Moment {
        // A day after 1970, so that nothing is close to zero.
        Moment(86_400_000).after(self.clock.elapsed())
    }

    fn see(&mut self, key: &Key) {
        self.sight(key, Sighting::default());
    }

    fn sight(&mut self, key: &Key, sighting: Sighting) {
        self.events += 1;
        let mark = Some(sighting.mark.unwrap_or(self.events));
        let sighting = Sighting { event: self.events, mark, ..sighting };
        let notes = self.policy.see(self.now(), key, sighting);
        self.notes.extend(notes);
    }

    /// Begins what is due; tells whether something runs.
    fn begin(&mut self) -> Option<Key> {
        let now = self.now();
        let key = self.policy.due(now)?;
        let stored = self.stored.get(&key).cloned().unwrap_or_default();
        let (begin, notes) = self.policy.begin(now, &key, stored);
        self.notes.extend(notes);
        self.store(&key);
        match begin {
            Begin::Run { attempt, .. } => {
                self.runs.push((key.clone(), attempt, self.clock.elapsed()))
            }
            Begin::GiveUp { .. } => self.gave_up.push(key.clone()),
            Begin::Nothing => return None,
        }
        Some(key)
    }

    fn end(&mut self, key: &Key, outcome: Outcome) {
        let notes = self.policy.ended(self.now(), key, outcome);
        self.notes.extend(notes);
        self.store(key);
    }

    fn store(&mut self, key: &Key) {
        let record = self.policy.record(key).unwrap().clone();
        self.stored.insert(key.clone(), record);
    }

    /// Lets time pass, second by second; runs take one second and end with `outcome`.
    fn pass(&mut self, time: Duration, outcome: Outcome) {
        let end = self.clock.elapsed() + time;
        while self.clock.elapsed() < end {
            let running = self.begin();
            self.clock.advance(SECOND);
            if let Some(key) = running {
                self.end(&key, outcome);
            }
            for (note, record) in self.policy.resolve(self.now()) {
                self.stored.insert(note.key.clone(), record);
                self.notes.push(note);
            }
        }
    }

    /// Starts of runs, in seconds.
    fn starts(&self) -> Vec<u64> {
        self.runs.iter().map(|(_, _, at)| at.as_secs()).collect()
    }

    fn told(&self, action: HookAction) -> Vec<&str> {
        let notes = self.notes.iter().filter(|note| note.action == action);
        notes.map(|note| note.reason.as_str()).collect()
    }
}
