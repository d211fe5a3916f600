//! How often an incident is acted on, and when that counts anew.

use super::*;

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
