//! When a run begins: settling, gaps, and whose turn it is.

use super::*;

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
