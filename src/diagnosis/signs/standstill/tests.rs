#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::Standstill;
use crate::diagnosis::signs::shape::shape;
use crate::diagnosis::signs::{Sample, Sign};
use crate::source::Place;

/// What is found where each second from ten past ten on has the messages that `says` gives it.
fn found(seconds: u32, says: impl Fn(u32) -> Vec<String>) -> Option<Sign> {
    let mut standstill = Standstill::default();
    for second in 0..seconds {
        for message in says(second) {
            let place = Place { file: 0, byte: 0, line: u64::from(second) + 1 };
            let sample = Sample {
                place,
                stamp: None,
                line: message.as_bytes(),
                is_first: true,
                tells: false,
                skipped: false,
                said: None,
            };
            standstill.sample(&sample, &shape(&message), Some(36_600.0 + f64::from(second)), 1.0);
        }
    }
    standstill.close()
}

fn tick(second: u32) -> Option<String> {
    Some(format!("tick BTCUSDT {}.5", 64_000 + second % 7))
}

fn beat(second: u32) -> Option<String> {
    second.is_multiple_of(30).then(|| format!("heartbeat {second}, all well"))
}

#[test]
fn ticks_that_stop_under_a_heartbeat_are_told() {
    let sign = found(1_300, |s| tick(s).filter(|_| s < 500).into_iter().chain(beat(s)).collect());
    let sign = sign.unwrap();
    assert_eq!((sign.first.line.place.line, sign.last.line.place.line), (500, 1_291));
    assert_eq!(sign.captures["span"], ", 13 min");
}

#[test]
fn what_is_no_standstill_is_left_alone() {
    type Says = fn(u32) -> Vec<String>;
    let cases: [(&str, Says); 9] = [
        ("goes on", |s| tick(s).into_iter().chain(beat(s)).collect()),
        ("resumed", |s| {
            tick(s).filter(|_| !(500..1_100).contains(&s)).into_iter().chain(beat(s)).collect()
        }),
        ("no heartbeat", |s| tick(s).filter(|_| s < 500).into_iter().collect()),
        ("both stop", |s| tick(s).into_iter().chain(beat(s)).filter(|_| s < 500).collect()),
        ("a heartbeat that gets slow", |s| {
            let slow = beat(s).filter(|_| s < 500 || s.is_multiple_of(150));
            tick(s).filter(|_| s < 500).into_iter().chain(slow).collect()
        }),
        ("for a short while", |s| {
            tick(s).filter(|_| s < 1_100).into_iter().chain(beat(s)).collect()
        }),
        ("candles that are rare", |s| {
            tick(s).filter(|_| s < 700 && s.is_multiple_of(60)).into_iter().chain(beat(s)).collect()
        }),
        ("at startup", |s| tick(s).filter(|_| s < 30).into_iter().chain(beat(s)).collect()),
        ("a market that closed", |s| {
            let closed = (s == 501).then(|| "market closed until tomorrow".to_owned());
            tick(s).filter(|_| s < 500).into_iter().chain(closed).chain(beat(s)).collect()
        }),
    ];
    for (what, says) in cases {
        assert!(found(1_300, says).is_none(), "{what}");
    }
    // Half past ten is 1200 seconds later.
    let closes =
        found(2_000, |s| tick(s).filter(|_| s < 1_190).into_iter().chain(beat(s)).collect());
    assert!(closes.is_none(), "at the hour at which markets close");
}

#[test]
fn a_time_without_work_is_late_only_where_samples_lie_nearer() {
    let mut standstill = Standstill::default();
    for second in 0..100 {
        let message = tick(second).unwrap();
        let place = Place { file: 0, byte: 0, line: u64::from(second) + 1 };
        let line = message.as_bytes();
        let sample = Sample {
            place,
            stamp: None,
            line,
            is_first: true,
            tells: false,
            skipped: false,
            said: None,
        };
        standstill.sample(&sample, &shape(&message), Some(f64::from(second)), 1.0);
    }
    for (now, stride, late) in
        [(101.0, 0.0, false), (102.0, 0.0, true), (102.0, 30.0, false), (200.0, 30.0, true)]
    {
        assert_eq!(standstill.is_late(Some(now), stride), late, "{now} {stride}");
    }
    assert!(!Standstill::default().is_late(Some(1_000.0), 0.0), "no work has been seen");
}
