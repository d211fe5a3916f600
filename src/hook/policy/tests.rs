//! The rules of supervision by a clock that is moved by hand.

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

#[test]
fn a_run_waits_until_the_incident_has_settled() {
    let mut world = World::new(&[pace()]);
    let key = key("a.log", "");
    world.see(&key);
    assert_eq!(world.begin(), None);
    world.clock.advance(Duration::from_millis(1_999));
    world.see(&key);
    assert_eq!(world.begin(), None, "it is counted from the first");
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(world.begin(), Some(key));
}

#[test]
fn one_run_for_a_storm() {
    let mut world = World::new(&[pace()]);
    let key = key("a.log", "");
    for _ in 0..300 {
        world.see(&key);
        world.clock.advance(Duration::from_millis(5));
    }
    world.pass(30 * SECOND, Outcome::Succeeded);
    assert_eq!(world.starts().len(), 1);
    assert!(world.notes.is_empty(), "{:?}", world.notes);
}

/// What comes while a run goes on is one more run, after the gap.
#[test]
fn what_comes_during_a_run_is_one_pending() {
    let mut world = World::new(&[pace()]);
    let key = key("a.log", "");
    world.see(&key);
    world.clock.advance(2 * SECOND);
    assert_eq!(world.begin(), Some(key.clone()));
    for _ in 0..50 {
        world.clock.advance(SECOND);
        world.see(&key);
        assert_eq!(world.begin(), None, "one at a time");
    }
    world.end(&key, Outcome::Succeeded);
    world.pass(59 * SECOND, Outcome::Succeeded);
    assert_eq!(world.runs.len(), 1);
    world.pass(8 * SECOND, Outcome::Succeeded);
    assert_eq!(world.runs.len(), 2);
    world.pass(9 * MINUTE, Outcome::Succeeded);
    assert_eq!(world.runs.len(), 2);
    assert_eq!(world.told(HookAction::Suppressed).len(), 2, "{:?}", world.notes);
}

#[test]
fn gaps_double_up_to_the_longest() {
    let mut world = World::new(&[Pace { attempts: Some(7), window: 10 * 60 * MINUTE, ..pace() }]);
    let key = key("a.log", "");
    // The bot falls again ten seconds after each run.
    for _ in 0..400 {
        world.see(&key);
        world.pass(10 * SECOND, Outcome::Succeeded);
    }
    let gaps: Vec<u64> = world.starts().windows(2).map(|pair| pair[1] - pair[0] - 1).collect();
    assert_eq!(gaps.len(), 6);
    for (gap, (least, most)) in
        gaps.iter().zip([(60, 67), (120, 133), (240, 265), (270, 301), (270, 301), (270, 301)])
    {
        assert!((least..=most).contains(gap), "{gaps:?}");
    }
}

#[test]
fn gaps_of_many_bots_differ() {
    let record = Record {
        attempts: vec![Attempt { start: Moment(0), end: None, outcome: None }],
        count: 1,
        ..Record::default()
    };
    let at = |spread| record.not_before(&pace(), spread);
    assert_eq!(at(0.0), Moment(60_000));
    assert_eq!(at(1.0), Moment(66_000));
    let keys = ["a.log", "b.log", "c.log"].map(|source| key(source, ""));
    let policy = Policy::new(vec![pace()], 1);
    let mut spreads: Vec<String> =
        keys.iter().map(|key| format!("{}", policy.spread(key))).collect();
    spreads.dedup();
    assert_eq!(spreads.len(), 3);
}

#[test]
fn it_gives_up_after_its_attempts_and_says_so_once() {
    let mut world = World::new(&[Pace { acts_on_give_up: true, ..pace() }]);
    let key = key("a.log", "");
    for _ in 0..90 {
        world.see(&key);
        world.pass(10 * SECOND, Outcome::Succeeded);
    }
    assert_eq!(world.runs.iter().map(|(_, attempt, _)| *attempt).collect::<Vec<_>>(), [1, 2, 3]);
    let told = world.told(HookAction::GaveUp);
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("a restart loop: it came back after each of 3 runs"), "{told:?}");
    assert_eq!(world.gave_up, [key], "on-give-up once");
}

#[test]
fn who_asks_for_it_has_attempts_counted_anew() {
    let mut world = World::new(&[pace()]);
    let key = key("a.log", "");
    for _ in 0..90 {
        world.see(&key);
        world.pass(10 * SECOND, Outcome::Succeeded);
    }
    assert_eq!(world.runs.len(), 3, "it was given up");
    let stale = world.stored[&key].clone();
    let changed = world.policy.count_anew(world.now());
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].0.action, HookAction::Resolved);
    assert!(!changed[0].1.gave_up && changed[0].1.count == 0, "{:?}", changed[0].1);
    // What lies on the disk is older, and counts for nothing.
    world.stored.insert(key.clone(), stale);
    world.see(&key);
    world.pass(5 * SECOND, Outcome::Succeeded);
    let last = world.runs.last().unwrap();
    assert_eq!((world.runs.len(), last.1), (4, 1), "no gap is left to wait for: {:?}", world.runs);
    for _ in 0..90 {
        world.see(&key);
        world.pass(10 * SECOND, Outcome::Succeeded);
    }
    assert_eq!(world.runs.len(), 6, "and it is given up again");
    assert_eq!(world.told(HookAction::GaveUp).len(), 2);
}

#[test]
fn a_run_that_goes_on_is_the_first_of_those_counted_anew() {
    let mut world = World::new(&[pace()]);
    let key = key("a.log", "");
    world.see(&key);
    world.pass(10 * SECOND, Outcome::Failed);
    world.pass(70 * SECOND, Outcome::Failed);
    assert_eq!(world.runs.len(), 2);
    world.clock.advance(200 * SECOND);
    assert_eq!(world.begin(), Some(key.clone()), "the third");
    let changed = world.policy.count_anew(world.now());
    assert_eq!(changed[0].1.count, 1);
    world.clock.advance(SECOND);
    world.end(&key, Outcome::Failed);
    world.pass(58 * SECOND, Outcome::Failed);
    assert_eq!(world.runs.len(), 3, "its gap counts");
    world.pass(10 * SECOND, Outcome::Failed);
    assert_eq!(world.runs.last().unwrap().1, 2);
}

#[test]
fn what_waits_for_its_gap_need_not_when_it_counts_anew() {
    let mut world = World::new(&[pace()]);
    let key = key("a.log", "");
    world.see(&key);
    world.pass(10 * SECOND, Outcome::Succeeded);
    world.see(&key);
    world.pass(10 * SECOND, Outcome::Succeeded);
    assert_eq!(world.runs.len(), 1);
    world.policy.count_anew(world.now());
    world.pass(4 * SECOND, Outcome::Succeeded);
    assert_eq!(world.runs.len(), 2);
}

/// A command that fails is tried again although a dead bot writes nothing more.
#[test]
fn a_failed_run_is_tried_again_by_itself() {
    let mut world = World::new(&[pace()]);
    world.see(&key("a.log", ""));
    world.pass(9 * MINUTE, Outcome::Failed);
    assert_eq!(world.runs.len(), 3);
    let told = world.told(HookAction::GaveUp);
    assert!(told.len() == 1 && told[0].starts_with("3 runs within"), "{told:?}");
}

#[test]
fn a_timeout_is_a_failed_attempt() {
    let mut world = World::new(&[Pace { attempts: Some(1), ..pace() }]);
    world.see(&key("a.log", ""));
    world.pass(9 * MINUTE, Outcome::TimedOut);
    assert_eq!(world.runs.len(), 1);
    assert_eq!(world.told(HookAction::GaveUp).len(), 1);
}

#[test]
fn permanent_is_the_end_at_once() {
    let mut world = World::new(&[pace()]);
    let key = key("a.log", "");
    world.see(&key);
    world.pass(5 * SECOND, Outcome::Permanent);
    assert!(world.told(HookAction::GaveUp)[0].contains("125"));
    for _ in 0..60 {
        world.see(&key);
        world.pass(5 * SECOND, Outcome::Succeeded);
    }
    assert_eq!(world.runs.len(), 1);
    assert_eq!(world.told(HookAction::Suppressed).len(), 1, "said once: {:?}", world.notes);
}

/// Neither exit status 0 nor time between two falls counts: only that it stays away for ten minutes.
#[test]
fn slow_loops_end_too() {
    let mut world = World::new(&[pace()]);
    let key = key("a.log", "");
    // Falls every nine minutes, so that no window of 15 minutes has three runs in it.
    for _ in 0..12 {
        world.see(&key);
        world.pass(9 * MINUTE, Outcome::Succeeded);
    }
    assert_eq!(world.runs.len(), 3);
    assert_eq!(world.told(HookAction::GaveUp).len(), 1);
}

#[test]
fn ten_quiet_minutes_count_anew() {
    let mut world = World::new(&[pace()]);
    let key = key("a.log", "");
    for _ in 0..90 {
        world.see(&key);
        world.pass(10 * SECOND, Outcome::Succeeded);
    }
    assert_eq!(world.runs.len(), 3);
    world.pass(9 * MINUTE, Outcome::Succeeded);
    assert!(world.told(HookAction::Resolved).is_empty());
    world.pass(2 * MINUTE, Outcome::Succeeded);
    assert_eq!(world.told(HookAction::Resolved), ["not seen for 10 min"]);
    world.pass(5 * MINUTE, Outcome::Succeeded);
    world.see(&key);
    world.pass(5 * SECOND, Outcome::Succeeded);
    assert_eq!(world.runs.last().map(|(_, attempt, _)| *attempt), Some(1));
}

/// Quiet alone does not clear the window: three runs within it are three runs.
#[test]
fn the_window_still_counts_after_a_quiet_spell() {
    let mut world = World::new(&[Pace { window: 60 * MINUTE, ..pace() }]);
    let key = key("a.log", "");
    for _ in 0..4 {
        world.see(&key);
        world.pass(11 * MINUTE, Outcome::Succeeded);
    }
    assert_eq!(world.runs.len(), 3);
    assert_eq!(world.told(HookAction::GaveUp).len(), 1);
}

#[test]
fn what_was_written_long_ago_is_not_acted_on() {
    let mut world = World::new(&[pace()]);
    let key = key("a.log", "");
    for _ in 0..5 {
        world.sight(&key, Sighting { stale: true, ..Sighting::default() });
    }
    world.pass(MINUTE, Outcome::Succeeded);
    assert!(world.runs.is_empty());
    assert_eq!(world.told(HookAction::Suppressed).len(), 1);
    world.see(&key);
    world.pass(MINUTE, Outcome::Succeeded);
    assert_eq!(world.runs.len(), 1);
}

/// An event that is told again, because its level rose, is the same event.
#[test]
fn one_event_acts_once() {
    let mut world = World::new(&[pace()]);
    let key = key("a.log", "");
    let sighting = Sighting { event: 42, mark: Some(1), ..Sighting::default() };
    for _ in 0..3 {
        let now = world.now();
        assert!(world.policy.see(now, &key, sighting).is_empty());
        world.pass(2 * MINUTE, Outcome::Succeeded);
    }
    assert_eq!(world.runs.len(), 1);
}

#[test]
fn a_bot_that_comes_back_by_itself_is_left_alone() {
    let mut world = World::new(&[pace()]);
    let key = key("a.log", "");
    world.see(&key);
    world.clock.advance(SECOND);
    let notes = world.policy.came_back(world.now(), "b.log");
    assert!(notes.is_empty(), "another log");
    let notes = world.policy.came_back(world.now(), "a.log");
    world.notes.extend(notes);
    world.pass(5 * MINUTE, Outcome::Succeeded);
    assert!(world.runs.is_empty());
    assert_eq!(world.told(HookAction::Suppressed), ["the bot was started again by something else"]);
    // The same where the start is seen first.
    world.sight(&key, Sighting { came_back: true, ..Sighting::default() });
    world.pass(5 * MINUTE, Outcome::Succeeded);
    assert!(world.runs.is_empty());
}

#[test]
fn a_loop_of_others_restarts_is_recognised_and_acted_on() {
    let mut world = World::new(&[pace()]);
    let key = key("a.log", "");
    for _ in 0..2 {
        world.see(&key);
        world.clock.advance(SECOND);
        world.policy.came_back(world.now(), "a.log");
        world.pass(10 * SECOND, Outcome::Succeeded);
    }
    assert!(world.runs.is_empty());
    world.see(&key);
    world.clock.advance(SECOND);
    world.policy.came_back(world.now(), "a.log");
    world.clock.advance(SECOND);
    let now = world.now();
    let (begin, _) = world.policy.begin(now, &key, Record::default());
    let Begin::Run { attempt: 1, remark: Some(remark) } = begin else { panic!("{begin:?}") };
    assert!(
        remark.starts_with("a restart loop: something else started the bot 3 times"),
        "{remark}"
    );
}

/// The start that a hook brings about is no reason for another run, and what fell before it none either.
#[test]
fn its_own_restart_clears_what_came_before() {
    let mut world = World::new(&[pace()]);
    let key = key("a.log", "");
    world.see(&key);
    world.clock.advance(2 * SECOND);
    world.begin();
    world.see(&key);
    assert!(world.policy.came_back(world.now(), "a.log").is_empty());
    world.end(&key, Outcome::Succeeded);
    world.pass(9 * MINUTE, Outcome::Succeeded);
    assert_eq!(world.runs.len(), 1);
}

#[test]
fn one_run_at_a_time_and_one_waiting_for_a_log() {
    let mut world = World::new(&[pace()]);
    let (one, two, three) = (key("a.log", "1"), key("a.log", "2"), key("b.log", "1"));
    for key in [&one, &two, &two, &three] {
        world.see(key);
    }
    assert_eq!(world.told(HookAction::Suppressed), ["another run for this log comes first"]);
    world.clock.advance(2 * SECOND);
    assert_eq!(world.begin(), Some(one.clone()));
    assert_eq!(world.begin(), None);
    world.end(&one, Outcome::Succeeded);
    assert_eq!(world.begin(), Some(three.clone()), "another bot has its own turn");
    world.end(&three, Outcome::Succeeded);
    world.pass(5 * SECOND, Outcome::Succeeded);
    assert_eq!(world.runs.len(), 2);
}

/// A waiting gap does not keep a bot down that fell of something else.
#[test]
fn the_sooner_run_takes_the_place() {
    let mut world = World::new(&[pace()]);
    let (one, two) = (key("a.log", "1"), key("a.log", "2"));
    world.see(&one);
    world.pass(5 * SECOND, Outcome::Succeeded);
    world.see(&one);
    world.see(&two);
    world.pass(5 * SECOND, Outcome::Succeeded);
    assert_eq!(world.runs.len(), 2);
    assert_eq!(world.runs[1].0, two);
}

#[test]
fn a_message_goes_out_at_most_every_gap_and_never_ends() {
    let mut world = World::new(&[notify()]);
    let key = key("a.log", "");
    for _ in 0..240 {
        world.see(&key);
        world.pass(10 * SECOND, Outcome::Succeeded);
    }
    let gaps: Vec<u64> = world.starts().windows(2).map(|pair| pair[1] - pair[0] - 1).collect();
    assert!(gaps.len() > 30 && gaps.iter().all(|gap| (60..=67).contains(gap)), "{gaps:?}");
    assert!(world.told(HookAction::GaveUp).is_empty());
}

#[test]
fn a_message_backs_off_while_it_cannot_be_delivered_and_never_gives_up() {
    let mut world = World::new(&[notify()]);
    world.see(&key("a.log", ""));
    world.pass(40 * MINUTE, Outcome::Permanent);
    let gaps: Vec<u64> = world.starts().windows(2).map(|pair| pair[1] - pair[0] - 1).collect();
    assert!(gaps.len() >= 6 && gaps[0] <= 67 && gaps.iter().all(|&gap| gap <= 301), "{gaps:?}");
    assert!(gaps[5] >= 270, "{gaps:?}");
    assert!(world.told(HookAction::GaveUp).is_empty());
}

#[test]
fn every_incident_has_its_message() {
    let mut world = World::new(&[notify()]);
    for subject in ["1", "2", "3", "4"] {
        world.see(&key("a.log", subject));
    }
    world.policy.came_back(world.now(), "a.log");
    world.pass(10 * SECOND, Outcome::Succeeded);
    assert_eq!(world.runs.len(), 4);
}

#[test]
fn a_repair_goes_before_the_message_about_it() {
    let mut world = World::new(&[notify(), pace()]);
    let tell = key("a.log", "");
    let mend = Key { hook: 1, ..tell.clone() };
    world.see(&tell);
    world.see(&mend);
    world.clock.advance(2 * SECOND);
    assert_eq!(world.begin(), Some(mend));
}

/// A program that is started again goes on counting, and does not act on what another has acted on.
#[test]
fn attempts_outlive_the_program() {
    let mut world = World::new(&[pace()]);
    let key = key("a.log", "");
    for n in 1..=3_u32 {
        world.policy = Policy::new(vec![pace()], u64::from(n));
        world.see(&key);
        world.pass(5 * MINUTE, Outcome::Succeeded);
        assert_eq!(world.runs.len() as u32, n);
    }
    for _ in 0..3 {
        world.policy = Policy::new(vec![pace()], 9);
        world.see(&key);
        world.pass(30 * SECOND, Outcome::Succeeded);
    }
    assert_eq!(world.runs.len(), 3);
    assert_eq!(world.told(HookAction::GaveUp).len(), 1, "{:?}", world.notes);
}

#[test]
fn two_watchers_never_both_act() {
    let mut world = World::new(&[pace()]);
    let key = key("a.log", "");
    let sighting = Sighting { mark: Some(5), ..Sighting::default() };
    world.sight(&key, sighting);
    world.pass(4 * SECOND, Outcome::Succeeded);
    // The other one saw the same line later.
    world.policy = Policy::new(vec![pace()], 9);
    world.sight(&key, sighting);
    world.pass(8 * MINUTE, Outcome::Succeeded);
    assert_eq!(world.runs.len(), 1);
    assert_eq!(world.told(HookAction::Suppressed), ["another program acted on it"]);
}

/// A watcher that was killed in a run has made that attempt.
#[test]
fn an_attempt_without_an_end_counts() {
    let mut world = World::new(&[pace()]);
    let key = key("a.log", "");
    world.see(&key);
    world.clock.advance(2 * SECOND);
    world.begin();
    world.policy = Policy::new(vec![pace()], 9);
    world.clock.advance(3 * SECOND);
    world.see(&key);
    world.pass(50 * SECOND, Outcome::Succeeded);
    assert_eq!(world.runs.len(), 1);
    world.pass(20 * SECOND, Outcome::Succeeded);
    assert_eq!(world.runs.last().map(|(_, attempt, _)| *attempt), Some(2));
}

/// A clock that was set back must not keep a hook waiting until the old time comes round again.
#[test]
fn times_that_lie_ahead_are_now() {
    let mut world = World::new(&[pace()]);
    let key = key("a.log", "");
    let ahead = world.now().after(1_000 * MINUTE);
    let attempt =
        Attempt { start: ahead, end: Some(ahead.after(SECOND)), outcome: Some(Outcome::Failed) };
    world.stored.insert(
        key.clone(),
        Record { seen: ahead, attempts: vec![attempt], count: 1, ..Record::default() },
    );
    world.see(&key);
    world.pass(70 * SECOND, Outcome::Succeeded);
    assert_eq!(world.runs.len(), 1);
}

#[test]
fn at_the_end_nothing_waits_for_a_gap() {
    let mut world = World::new(&[pace()]);
    let (one, two) = (key("a.log", ""), key("b.log", ""));
    world.see(&one);
    world.pass(5 * SECOND, Outcome::Succeeded);
    world.see(&one);
    world.see(&two);
    let now = world.now();
    let notes = world.policy.finish(now);
    assert!(notes.len() == 1 && notes[0].reason.starts_with("the log has ended"), "{notes:?}");
    assert!(world.policy.is_waiting(), "what settles still runs");
    world.pass(5 * SECOND, Outcome::Failed);
    assert!(!world.policy.is_waiting());
    assert_eq!(world.runs.len(), 2);
}

/// A log may name a million hosts; what goes on is never forgotten for them.
#[test]
fn memory_is_bounded() {
    let mut world = World::new(&[notify()]);
    let first = key("a.log", "first");
    world.see(&first);
    for n in 0..10_000 {
        world.see(&key("a.log", &n.to_string()));
    }
    assert_eq!(world.policy.incidents.len(), INCIDENTS);
    assert!(world.policy.record(&first).is_some());
    assert!(world.told(HookAction::Suppressed).contains(&"too many incidents at once"));
}

#[test]
fn it_sleeps_until_something_is_due() {
    let mut world = World::new(&[pace()]);
    assert_eq!(world.policy.next(), None);
    let key = key("a.log", "");
    let start = world.now();
    world.see(&key);
    assert_eq!(world.policy.next(), Some(start.after(2 * SECOND)));
    world.clock.advance(2 * SECOND);
    world.begin();
    assert_eq!(world.policy.next(), None, "the run tells when it has ended");
    world.end(&key, Outcome::Succeeded);
    assert_eq!(world.policy.next(), Some(start.after(QUIET)));
}
