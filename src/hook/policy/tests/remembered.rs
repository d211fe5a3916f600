//! What is known of earlier: events told before, restarts of others, and records that outlive the program.

use super::*;

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
