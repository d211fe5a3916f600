//! Hooks that tell and do not mend.

use super::*;

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
