#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::longest::longest_in;
use super::{Coming, Gaps, LEAST, Moment, SURELY, Sample, Sign, Silence};
use crate::diagnosis::evidence::Line;
use crate::diagnosis::signs::Stretch;
use crate::event::{Stamp, read_record};
use crate::source::Place;

/// A line with a time, in seconds of one day, or without.
fn line(time: Option<u32>) -> String {
    match time {
        Some(at) => {
            let (h, m, s) = (at / 3600, at / 60 % 60, at % 60);
            format!("2026-03-02 {h:02}:{m:02}:{s:02} INFO tick: 64000.5\n")
        }
        None => "  \"bids\": [[64000.5, 0.25]]\n".to_owned(),
    }
}

struct Lines<'a>(Vec<Sample<'a>>);

impl<'a> Stretch<'a> for Lines<'a> {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn stamp(&self, at: usize) -> Option<Stamp> {
        self.0[at].stamp.clone()
    }

    fn sample(&self, at: usize) -> Sample<'a> {
        self.0[at].clone()
    }
}

/// What `times` come to where all lines are samples, or where only each `every`-th is.
fn seen(times: &[Option<u32>], every: usize) -> Gaps {
    let lines: Vec<String> = times.iter().map(|&time| line(time)).collect();
    let sample = |at: usize, skipped: bool| Sample {
        place: Place { file: 0, byte: 0, line: at as u64 + 1 },
        stamp: read_record(lines[at].as_bytes()).stamp,
        line: lines[at].as_bytes(),
        skipped,
        is_first: true,
        tells: false,
        said: None,
    };
    let mut gaps = Gaps::default();
    for at in (0..lines.len()).step_by(every) {
        let between = || {
            let lines = (at.saturating_sub(every)..at).map(|at| sample(at, false)).collect();
            Some(Box::new(Lines(lines)) as Box<dyn Stretch<'_>>)
        };
        let sample = sample(at, every > 1);
        match &sample.stamp {
            Some(_) => gaps.sample(&sample, Arc::new(sample.moment()), &between),
            None => gaps.untimed(&sample),
        }
    }
    gaps
}

/// First line, last line and length of what was found.
fn found(signs: &[Sign]) -> Vec<(u64, u64, String)> {
    let of = |sign: &Sign| {
        let (first, last) = (sign.first.line.place.line, sign.last.line.place.line);
        (first, last, sign.captures["length"].clone())
    };
    signs.iter().map(of).collect()
}

fn ticks(from: u32, to: u32) -> Vec<Option<u32>> {
    (from..to).map(Some).collect()
}

#[test]
fn windows_end_where_they_say() {
    // The longest other time is one second, told as at most a tenth more.
    for (seconds, is_found) in [(9, false), (10, true), (11, true)] {
        let log = [ticks(100, 400), ticks(399 + seconds, 700)].concat();
        let is_short = f64::from(seconds) < LEAST;
        assert_eq!(found(&seen(&log, 1).close()).len() == 1, is_found && !is_short, "{seconds} s");
    }
    // Ten minutes behind it an error is still its consequence, one second later no more.
    for (since, is_sleep) in [(0, true), (600, true), (601, false)] {
        let mut gaps = seen(&[ticks(100, 400), ticks(8_000, 8_700)].concat(), 1);
        let captures = BTreeMap::new();
        let nowhere = Line { place: Place { file: 0, byte: 0, line: 1 }, text: String::new() };
        let moment = Moment { stamp: None, line: nowhere };
        let seconds = read_record(line(Some(8_000 + since)).as_bytes()).stamp.unwrap().seconds();
        let coming = Coming {
            pause: None,
            rule: "system/nonce",
            seconds: Some(seconds),
            captures: &captures,
            moment: &moment,
            after: None,
        };
        assert_eq!(gaps.before(coming, |_| Some(600.0)).is_some(), is_sleep, "{since} s");
        assert_eq!(gaps.close().is_empty(), is_sleep, "what is told as a sleep is told once");
        let without = Coming { seconds: None, ..coming };
        assert!(gaps.before(without, |_| Some(600.0)).is_none(), "no time, no window");
    }
}

/// Time, first line and last line of all neighbours with a time, by going through all lines.
fn neighbours(times: &[Option<u32>]) -> Vec<(u32, usize, usize)> {
    let timed: Vec<(usize, u32)> =
        times.iter().enumerate().filter_map(|(at, time)| time.map(|time| (at, time))).collect();
    timed.windows(2).map(|pair| (pair[1].1 - pair[0].1, pair[0].0, pair[1].0)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// By halves a silence is found that no other is twice as long as.
    #[test]
    fn halves_find_the_longest(
        steps in prop::collection::vec((prop_oneof![9 => 0_u32..20, 1 => 0_u32..400], 0_u32..3), 0..60),
        last in 1_u32..40,
    ) {
        let mut now = 100;
        let mut times = vec![Some(now)];
        for (step, missing) in steps {
            now += step;
            times.push((missing != 0).then_some(now));
        }
        times.push(Some(now + last));
        let lines: Vec<String> = times.iter().map(|&time| line(time)).collect();
        let sample = |at: usize| Sample {
            place: Place { file: 0, byte: 0, line: at as u64 + 1 },
            stamp: read_record(lines[at].as_bytes()).stamp,
            line: lines[at].as_bytes(),
            skipped: false,
            is_first: true,
            tells: false,
            said: None,
        };
        let end = times.len() - 1;
        let whole = Silence {
            before: Arc::new(sample(0).moment()),
            older: None,
            behind: Arc::new(sample(end).moment()),
            seconds: 0.0,
            at: 0,
            sparse: true,
            untimed: 0,
            told: false,
        };
        let longest = longest_in(whole, &Lines((1..end).map(sample).collect())).unwrap();
        let place = |moment: &Moment| moment.line.place.line as usize - 1;
        let (from, to) = (place(&longest.before), place(&longest.behind));
        let all = neighbours(&times);
        let &(seconds, ..) = all.iter().find(|(_, one, other)| (*one, *other) == (from, to)).unwrap();
        prop_assert_eq!(longest.seconds, f64::from(seconds));
        let most = all.iter().map(|(seconds, ..)| *seconds).max().unwrap();
        prop_assert!(most < 2 * seconds.max(1), "{} s of {} s", seconds, most);
        prop_assert_eq!(longest.untimed as usize, to - from - 1);
        let older = times[..from].iter().rposition(Option::is_some);
        prop_assert_eq!(longest.older.map(|moment| place(&moment)), older);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A plain search names the same lines, whatever else is equal, missing or out of order.
    #[test]
    fn the_silence_is_named_exactly(
        steps in prop::collection::vec((0_u32..3, 0_u32..8, 0_u32..20), 800..1_000),
        at in any::<prop::sample::Index>(),
        length in 60_u32..3_400,
        every in 1_usize..40,
    ) {
        let at = 100 + at.index(steps.len() - 140);
        let mut now = 100;
        let mut times = Vec::new();
        for (index, (step, missing, early)) in steps.iter().enumerate() {
            now += if index == at { length } else { *step };
            // Threads write a little out of order, but not across the silence.
            let early = if *early == 0 && index.abs_diff(at) > 1 { 2 } else { 0 };
            times.push((*missing != 0 || index.abs_diff(at) < 2).then_some(now - early));
        }
        let stamped: Vec<(usize, u32)> =
            times.iter().enumerate().filter_map(|(at, time)| Some((at, (*time)?))).collect();
        let length = |pair: &[(usize, u32)]| pair[1].1.saturating_sub(pair[0].1);
        let longest = stamped.windows(2).max_by_key(|pair| length(pair)).unwrap();
        let (first, last) = (longest[0].0 as u64 + 1, longest[1].0 as u64 + 1);
        let mut lengths: Vec<u32> = stamped.windows(2).map(length).collect();
        lengths.sort_unstable();
        let [.., other, silence] = lengths.as_slice() else { unreachable!("hundreds of lines") };
        let signs = seen(&times, 1).close();
        // What is told as the longest other time is at most a tenth more.
        if f64::from(*silence) >= SURELY * 1.1 * f64::from(*other) {
            prop_assert!(!signs.is_empty(), "{} s and {} s", silence, other);
        }
        for found in found(&signs) {
            prop_assert_eq!((found.0, found.1), (first, last));
        }
        // Where only some lines are samples it is found, if at all, in the same place.
        for found in found(&seen(&times, every).close()) {
            prop_assert_eq!((found.0, found.1), (first, last));
        }
    }
}
