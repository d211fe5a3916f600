//! The same with its thread and the system's notifications.

use std::time::{Duration, Instant};

use super::{Heard, Logs, Notice, heard, lines};
use crate::source::follow::{FollowOptions, Following, From};

fn follow(logs: &Logs, poll: Option<Duration>) -> Following {
    let paths = vec![logs.path("bot.log").into_os_string().into()];
    Following::start(FollowOptions { paths, from: From::Start, poll, state: None }).unwrap()
}

fn until(following: &mut Following, told: &mut Heard, done: impl Fn(&Heard) -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !done(told) {
        let left = end.saturating_duration_since(Instant::now());
        told.take(following.next(Some(left)).expect("nothing came in half a minute"));
    }
}

#[test]
fn rotation_at_full_speed_loses_nothing() {
    for poll in [None, Some(Duration::from_millis(20))] {
        let logs = Logs::new();
        logs.append("bot.log", "");
        let mut following = follow(&logs, poll);
        let mut told = Heard::default();
        until(&mut following, &mut told, |heard| !heard.actions().is_empty());
        for n in 0..30 {
            logs.append("bot.log", &lines(n * 20, n * 20 + 20));
            for from in (1..=n).rev() {
                logs.rename(&format!("bot.log.{from}"), &format!("bot.log.{}", from + 1));
            }
            logs.rename("bot.log", "bot.log.1");
        }
        logs.append("bot.log", &lines(600, 601));
        until(&mut following, &mut told, |told| told.lines.len() >= 601);
        following.stopper().stop();
        until(&mut following, &mut told, |told| told.notices.last() == Some(&Notice::Ended));
        let mut lines = told.lines.clone();
        lines.sort();
        assert_eq!(lines, heard(0, 601));
        following.close().unwrap();
    }
}

#[test]
fn stopping_reads_what_came_last() {
    let logs = Logs::new();
    logs.append("bot.log", "");
    let mut following = follow(&logs, Some(Duration::from_secs(3_600)));
    let mut told = Heard::default();
    until(&mut following, &mut told, |heard| !heard.actions().is_empty());
    logs.append("bot.log", &lines(0, 20));
    following.stopper().stop();
    until(&mut following, &mut told, |told| told.notices.last() == Some(&Notice::Ended));
    assert_eq!(told.lines, heard(0, 20));
}

#[test]
fn dropping_it_ends_it() {
    let logs = Logs::new();
    logs.append("bot.log", &lines(0, 200_000));
    let begun = Instant::now();
    drop(follow(&logs, None));
    assert!(begun.elapsed() < Duration::from_secs(10));
}
