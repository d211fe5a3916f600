//! When a hook runs, and when it does not. Pure: what happened and what time it is come in, what is to be
//! done comes out.
//!
//! Every incident (hook, log, pattern, subject) is in one phase:
//!
//! ```text
//!         seen               due             begin: run            ended
//! Calm ─────────► Due ───────────────► (asked) ───────► Running ─────────► Calm, or Due again after the gap
//!                  │ the bot came back                     └─ too many ──► given up until it stays away
//!                  └─────────────────► Calm
//! ```
//!
//! One run at a time in the process; for each hook and log, at most one repair waits.

mod anew;
mod incident;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use super::record::{Moment, Outcome, QUIET, Record, words};
use super::{Kind, Pace};
use crate::model::Pattern;
use crate::report::HookAction;
use incident::{Incident, Phase, Told, anew, gave_up, keep, suppressed};

/// Older than this when it is read, an event is reported and not acted on: the bot's fate was decided
/// meanwhile.
pub(super) const STALE: Duration = Duration::from_secs(300);

/// Most incidents that are followed at once; beyond it the one that was quiet longest gives way. A log may
/// name a million hosts.
const INCIDENTS: usize = 256;

/// Numbers of recent events that are remembered, so that one that is told again is not counted again.
const EVENTS: usize = 64;

/// How often a bot that comes back by itself and falls again is left to whoever restarts it.
const SELF_RESTARTS: usize = 2;

/// What a run is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Index of the hook.
    pub hook: usize,
    /// Name of the log.
    pub source: String,
    /// The pattern.
    pub pattern: Pattern,
    /// What the pattern is about here: a package, a host, an exchange, a rule.
    pub subject: String,
}

/// An incident was seen.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sighting {
    /// Number of the event in this process; the same event may be told again with a higher level.
    pub event: u64,
    /// What tells the event apart for other watchers of the same log; `None` where the user asked for this
    /// one.
    pub mark: Option<u64>,
    /// Whether it was written too long before it was read.
    pub stale: bool,
    /// Whether the bot has been started again since.
    pub came_back: bool,
}

/// Something to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What about.
    pub key: Key,
    /// What happened.
    pub action: HookAction,
    /// Why.
    pub reason: String,
    /// Which attempt.
    pub attempt: Option<u32>,
}

/// What comes of an incident whose time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begin {
    /// Run the hook's commands.
    Run {
        /// Number of the attempt, from 1.
        attempt: u32,
        /// What else is known of the incident.
        remark: Option<String>,
    },
    /// Run the commands of giving up.
    GiveUp {
        /// How many attempts there were.
        attempt: u32,
    },
    /// Nothing now.
    Nothing,
}

/// All incidents.
#[derive(Debug)]
pub struct Policy {
    paces: Vec<Pace>,
    incidents: BTreeMap<Key, Incident>,
    /// Makes the gaps of one program differ from those of another.
    seed: u64,
    /// No more sightings come: nothing waits for a gap any more.
    finishing: bool,
    /// What was attempted before counts no more.
    anew: Moment,
}

impl Policy {
    /// A policy for hooks of these paces; `seed` is chance.
    pub fn new(paces: Vec<Pace>, seed: u64) -> Policy {
        let anew = Moment::default();
        Policy { paces, incidents: BTreeMap::new(), seed, finishing: false, anew }
    }

    /// An incident was seen.
    pub fn see(&mut self, now: Moment, key: &Key, sighting: Sighting) -> Vec<Note> {
        if !self.incidents.contains_key(key) && !self.make_room() {
            return vec![suppressed(key, "too many incidents at once")];
        }
        let pace = self.paces[key.hook];
        let incident = self.incidents.entry(key.clone()).or_insert_with(Incident::new);
        if incident.events.contains(&sighting.event) {
            return Vec::new();
        }
        keep(&mut incident.events, sighting.event, EVENTS);
        if sighting.stale {
            let reason = format!("it was read more than {} after it was written", words(STALE));
            return incident.tell(Told::Stale, key, &reason).into_iter().collect();
        }
        incident.record.forget(now, pace.window);
        incident.record.seen = now;
        if let Some(mark) = sighting.mark {
            keep(&mut incident.marks, mark, EVENTS);
        }
        match incident.phase {
            Phase::Running | Phase::GivingUp => {
                incident.again = !sighting.came_back;
                incident.tell(Told::Running, key, "its run still goes on").into_iter().collect()
            }
            Phase::Due { .. } if sighting.came_back => self.leave_alone(now, key),
            Phase::Due { .. } => Vec::new(),
            Phase::Calm if incident.record.gave_up => {
                incident.tell(Told::GaveUp, key, &gave_up()).into_iter().collect()
            }
            Phase::Calm => {
                let mut notes = self.wait(now, key);
                if sighting.came_back {
                    notes.extend(self.leave_alone(now, key));
                }
                notes
            }
        }
    }

    /// The bot of this log was started again, by a hook or by something else. Runs that wait to start it are
    /// called off, unless it comes back only to fall again.
    pub fn came_back(&mut self, now: Moment, source: &str) -> Vec<Note> {
        let mut notes = Vec::new();
        let keys: Vec<Key> =
            self.incidents.keys().filter(|key| key.source == source).cloned().collect();
        for key in keys {
            if let Some(incident) = self.incidents.get_mut(&key) {
                // What came before belongs to the life that is over.
                incident.again = false;
                if matches!(incident.phase, Phase::Due { .. }) {
                    notes.extend(self.leave_alone(now, &key));
                }
            }
        }
        notes
    }

    /// Calls a waiting repair off, because something else has started the bot.
    fn leave_alone(&mut self, now: Moment, key: &Key) -> Vec<Note> {
        let pace = self.paces[key.hook];
        let Some(incident) = self.incidents.get_mut(key) else { return Vec::new() };
        if pace.kind == Kind::Notify || !matches!(incident.phase, Phase::Due { .. }) {
            return Vec::new();
        }
        incident.self_restarts.retain(|&at| now.since(at) <= pace.window);
        keep(&mut incident.self_restarts, now, EVENTS);
        if incident.self_restarts.len() > SELF_RESTARTS {
            // Whoever restarts it does not mend it.
            return Vec::new();
        }
        incident.phase = Phase::Calm;
        incident.marks.clear();
        vec![suppressed(key, "the bot was started again by something else")]
    }

    /// Lets a calm incident wait for its run.
    fn wait(&mut self, now: Moment, key: &Key) -> Vec<Note> {
        let pace = self.paces[key.hook];
        let spread = self.spread(key);
        let Some(incident) = self.incidents.get(key) else { return Vec::new() };
        let (settled, gap) = (now.after(pace.settle), incident.record.not_before(&pace, spread));
        let at = settled.max(gap);
        let settling = gap <= settled;
        let mut notes = Vec::new();
        if pace.kind == Kind::Repair {
            let same = |other: &Key| other.hook == key.hook && other.source == key.source;
            let waiting =
                self.incidents.iter_mut().find_map(|(other, incident)| match incident.phase {
                    Phase::Due { at, .. } if same(other) && other != key => {
                        Some((other, incident, at))
                    }
                    _ => None,
                });
            if let Some((other, incident, due)) = waiting {
                // One repair of a bot serves all that ails it; the sooner one goes first.
                let sooner = due <= at;
                if !sooner {
                    incident.phase = Phase::Calm;
                }
                let later = if sooner { key.clone() } else { other.clone() };
                let note = self.incidents.get_mut(&later).and_then(|incident| {
                    incident.tell(Told::Another, &later, "another run for this log comes first")
                });
                notes.extend(note);
                if sooner {
                    return notes;
                }
            }
        }
        if !settling {
            let last = self.incidents.get(key).and_then(|incident| incident.record.attempts.last());
            let ago = last.map_or(Duration::ZERO, |last| now.since(last.end.unwrap_or(last.start)));
            let (ago, ahead) = (words(ago), words(at.since(now)));
            let reason =
                format!("the last run was {ago} ago; the next comes in {ahead} at the earliest");
            notes.push(suppressed(key, &reason));
            if self.finishing {
                return notes;
            }
        }
        if let Some(incident) = self.incidents.get_mut(key) {
            incident.phase = Phase::Due { at, settling };
        }
        notes
    }

    /// When something is to be done without anything being seen; `None` for never.
    pub fn next(&self) -> Option<Moment> {
        let running = self.is_running();
        let times = self.incidents.values().filter_map(|incident| match incident.phase {
            Phase::Due { at, .. } if !running => Some(at),
            Phase::GivingUp if !running => Some(Moment::default()),
            Phase::Calm => Some(incident.record.seen.after(QUIET)),
            _ => None,
        });
        times.min()
    }

    /// The incident whose run is to begin now. None while one goes on.
    pub fn due(&self, now: Moment) -> Option<Key> {
        if self.is_running() {
            return None;
        }
        let ready = self.incidents.iter().filter_map(|(key, incident)| match incident.phase {
            Phase::Due { at, .. } if at <= now => Some((at, key)),
            Phase::GivingUp => Some((Moment::default(), key)),
            _ => None,
        });
        // A repair goes before a message about it.
        ready.min_by_key(|(at, key)| (self.paces[key.hook].kind, *at)).map(|(_, key)| key.clone())
    }

    /// Whether anything waits for its time.
    pub fn is_waiting(&self) -> bool {
        let waits = |phase| matches!(phase, Phase::Due { .. } | Phase::GivingUp);
        self.incidents.values().any(|incident| waits(incident.phase))
    }

    fn is_running(&self) -> bool {
        self.incidents.values().any(|incident| incident.phase == Phase::Running)
    }

    /// Puts an incident off, because another program acts on its log right now.
    pub fn put_off(&mut self, key: &Key, until: Moment) {
        if let Some(incident) = self.incidents.get_mut(key)
            && incident.phase != Phase::GivingUp
        {
            incident.phase = Phase::Due { at: until, settling: false };
        }
    }

    /// Drops what waits, where it cannot be run at all.
    pub fn drop_waiting(&mut self, key: &Key) {
        if let Some(incident) = self.incidents.get_mut(key) {
            incident.phase = Phase::Calm;
            incident.marks.clear();
        }
    }

    /// Decides on an incident whose time has come. `stored` is its record as all programs that watch the log
    /// share it; the caller holds the lock on it until it has written [`Policy::record`] back.
    pub fn begin(&mut self, now: Moment, key: &Key, stored: Record) -> (Begin, Vec<Note>) {
        let pace = self.paces[key.hook];
        let spread = self.spread(key);
        let Some(incident) = self.incidents.get_mut(key) else {
            return (Begin::Nothing, Vec::new());
        };
        let giving_up = incident.phase == Phase::GivingUp;
        let seen = incident.record.seen;
        incident.record = stored;
        incident.record.tidy(now);
        incident.record.forget_before(self.anew);
        incident.record.forget(seen, pace.window);
        incident.record.seen = incident.record.seen.max(seen);
        let record = &mut incident.record;
        if giving_up {
            record.gave_up = true;
            incident.phase = Phase::Running;
            return (Begin::GiveUp { attempt: record.count }, Vec::new());
        }
        incident.phase = Phase::Calm;
        let is_known = |mark: &u64| record.acted_on.iter().any(|(known, _)| known == mark);
        if !incident.marks.is_empty() && incident.marks.iter().all(is_known) {
            incident.marks.clear();
            return (Begin::Nothing, vec![suppressed(key, "another program acted on it")]);
        }
        if record.gave_up {
            incident.marks.clear();
            return (
                Begin::Nothing,
                incident.tell(Told::GaveUp, key, &gave_up()).into_iter().collect(),
            );
        }
        if pace.attempts.is_some_and(|most| record.count >= most) {
            let notes = self.give_up(now, key, None);
            let Some(incident) = self.incidents.get_mut(key) else {
                return (Begin::Nothing, notes);
            };
            if incident.phase != Phase::GivingUp {
                return (Begin::Nothing, notes);
            }
            incident.phase = Phase::Running;
            return (Begin::GiveUp { attempt: incident.record.count }, notes);
        }
        if record.not_before(&pace, spread) > now {
            return (Begin::Nothing, self.wait(now, key));
        }
        let marks: Vec<u64> = incident.marks.drain(..).collect();
        let attempt = incident.record.begin(now, &marks);
        incident.phase = Phase::Running;
        incident.told.clear();
        incident.saved = incident.record.seen;
        let loops = incident.self_restarts.len();
        let remark = (loops > SELF_RESTARTS).then(|| {
            format!("a restart loop: something else started the bot {loops} times, and it ended like this again")
        });
        (Begin::Run { attempt, remark }, Vec::new())
    }

    /// The run of an incident ended.
    pub fn ended(&mut self, now: Moment, key: &Key, outcome: Outcome) -> Vec<Note> {
        let pace = self.paces[key.hook];
        let finishing = self.finishing;
        let Some(incident) = self.incidents.get_mut(key) else { return Vec::new() };
        incident.phase = Phase::Calm;
        incident.told.clear();
        let again = std::mem::take(&mut incident.again);
        if incident.record.gave_up {
            return Vec::new();
        }
        incident.record.end(now, outcome);
        let used_up = pace.attempts.is_some_and(|most| incident.record.count >= most);
        match outcome {
            Outcome::Permanent if pace.attempts.is_some() => {
                self.give_up(now, key, Some("exit status 125 says that trying again is no use"))
            }
            Outcome::Succeeded if !again => Vec::new(),
            Outcome::Succeeded => self.wait(now, key),
            _ if used_up => self.give_up(now, key, None),
            _ if finishing => Vec::new(),
            // The bot may be down and silent: it tries again by itself.
            _ => self.wait(now, key),
        }
    }

    fn give_up(&mut self, now: Moment, key: &Key, why: Option<&str>) -> Vec<Note> {
        let pace = self.paces[key.hook];
        let Some(incident) = self.incidents.get_mut(key) else { return Vec::new() };
        let reason = why.map_or_else(|| incident.record.history(now), str::to_owned);
        incident.record.gave_up = true;
        incident.told.clear();
        incident.marks.clear();
        incident.phase = if pace.acts_on_give_up { Phase::GivingUp } else { Phase::Calm };
        let attempt = Some(incident.record.count);
        vec![Note {
            key: key.clone(),
            action: HookAction::GaveUp,
            reason: format!("{reason}; {}", anew()),
            attempt,
        }]
    }

    /// Incidents that have stayed away long enough. Their records, to be written down, come with the notes.
    pub fn resolve(&mut self, now: Moment) -> Vec<(Note, Record)> {
        let mut resolved = Vec::new();
        let paces = &self.paces;
        self.incidents.retain(|key, incident| {
            if incident.phase != Phase::Calm || now.since(incident.record.seen) < QUIET {
                return true;
            }
            if incident.record.count > 0 || incident.record.gave_up {
                incident.record.forget(now, paces[key.hook].window);
                let reason = format!("not seen for {}", words(QUIET));
                let note =
                    Note { key: key.clone(), action: HookAction::Resolved, reason, attempt: None };
                resolved.push((note, std::mem::take(&mut incident.record)));
            }
            false
        });
        resolved
    }

    /// No more sightings come: what waits for a gap is dropped, what settles is still run.
    pub fn finish(&mut self, now: Moment) -> Vec<Note> {
        self.finishing = true;
        let mut notes = Vec::new();
        for (key, incident) in &mut self.incidents {
            if let Phase::Due { at, settling: false } = incident.phase {
                incident.phase = Phase::Calm;
                let ahead = words(at.since(now));
                notes.push(suppressed(
                    key,
                    &format!("the log has ended and the next run would come in {ahead}"),
                ));
            }
        }
        notes
    }

    /// The record of an incident, to be written down.
    pub fn record(&self, key: &Key) -> Option<&Record> {
        self.incidents.get(key).map(|incident| &incident.record)
    }

    /// Incidents that go on and whose record is older than `age`; they count as written down now.
    pub fn unsaved(&mut self, age: Duration) -> Vec<Key> {
        let mut keys = Vec::new();
        for (key, incident) in &mut self.incidents {
            let matters = incident.record.count > 0 || incident.record.gave_up;
            if matters && incident.record.seen.since(incident.saved) >= age {
                incident.saved = incident.record.seen;
                keys.push(key.clone());
            }
        }
        keys
    }

    /// Makes room for one more incident; tells whether there is.
    fn make_room(&mut self) -> bool {
        if self.incidents.len() < INCIDENTS {
            return true;
        }
        let calm = self.incidents.iter().filter(|(_, incident)| incident.phase == Phase::Calm);
        // What was never acted on first, then what was quiet longest.
        let key = |incident: &Incident| {
            (incident.record.count > 0, incident.record.gave_up, incident.record.seen)
        };
        let oldest = calm.min_by_key(|(_, incident)| key(incident)).map(|(key, _)| key.clone());
        oldest.is_some_and(|oldest| self.incidents.remove(&oldest).is_some())
    }

    /// Chance for the gap of an incident, from 0 to 1.
    fn spread(&self, key: &Key) -> f64 {
        let count = self.incidents.get(key).map_or(0, |incident| incident.record.count);
        let mut hasher = DefaultHasher::new();
        (self.seed, key, count).hash(&mut hasher);
        // 32 bits are exact in an f64.
        f64::from((hasher.finish() >> 32) as u32) / f64::from(u32::MAX)
    }
}

#[cfg(test)]
mod tests;
