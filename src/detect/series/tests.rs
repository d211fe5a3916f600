use proptest::prelude::*;

use super::*;

const WITHIN: i64 = 60;
const LINES: u64 = 10;

fn series(kind: SeriesKind, count: usize) -> Series {
    Series {
        kind,
        rules: Vec::new(),
        then_rules: Vec::new(),
        then_from: 0,
        count,
        within: WITHIN,
        lines: LINES,
        by: vec!["key".into()],
        value: Some("value".into()),
        limit: None,
        share: 1.0,
        times: 1.0,
    }
}

/// One event of a test.
#[derive(Debug, Clone)]
struct Given {
    time: Option<i64>,
    line: u64,
    is_event: bool,
    is_then: bool,
    key: u8,
    value: u8,
}

impl Given {
    fn moment(&self) -> Moment {
        Moment { micros: self.time, file: 0, line: self.line }
    }

    fn step(&self) -> Step {
        let captures =
            [("key".into(), self.key.to_string()), ("value".into(), self.value.to_string())];
        Step { rule: 0, is_event: self.is_event, is_then: self.is_then, captures: captures.into() }
    }
}

/// The events that the tracker tells of, by their index, ascending.
fn tracked(series: &Series, given: &[Given], end: Moment) -> Vec<usize> {
    let mut tracker = SeriesTracker::<usize>::default();
    let mut told = Vec::new();
    let mut fired = Vec::new();
    for (index, one) in given.iter().enumerate() {
        fired.extend(tracker.see(series, &one.step(), one.moment(), &index));
    }
    // The tracker asks the rules for the series; the tests have only the one.
    for states in tracker.states.values_mut() {
        for (key, state) in states {
            let window = Window { within: series.within, lines: series.lines };
            if series.kind == SeriesKind::Absence
                && let Some(end) = window.follows(state.last, end)
            {
                state.expire(window, end, &mut |first, last, count, captures| {
                    fired.push(Fired { rule: 0, key: key.clone(), first, last, count, captures });
                });
            }
        }
    }
    for one in fired {
        let of_key = (one.first..=one.last).filter(|&at| given[at].key.to_string() == one.key);
        let mut part: Vec<usize> = match series.kind {
            SeriesKind::Sequence => vec![one.first, one.last],
            _ => of_key.filter(|&at| given[at].is_event).collect(),
        };
        if series.kind != SeriesKind::Sequence {
            assert_eq!(part.len() as u64, one.count, "{given:?}");
        }
        told.append(&mut part);
    }
    told.sort_unstable();
    told
}

/// The same by comparing every event of a key with every other.
fn plain(series: &Series, given: &[Given], end: Moment) -> Vec<usize> {
    let mut told = Vec::new();
    for key in 0..3 {
        let own: Vec<usize> = (0..given.len()).filter(|&at| given[at].key == key).collect();
        // Times as they count, and where the series starts anew.
        let mut at: Vec<(usize, Moment)> = Vec::new();
        let mut epoch = 0;
        for moment in own.iter().map(|&at| given[at].moment()).chain([end]) {
            let counted = match at.last() {
                None => moment,
                Some(&(_, before)) => match (before.micros, moment.micros) {
                    (None, None) => moment,
                    (Some(before), Some(now)) if before - now <= WITHIN => {
                        Moment { micros: Some(before.max(now)), ..moment }
                    }
                    _ => {
                        epoch += 1;
                        moment
                    }
                },
            };
            at.push((epoch, counted));
        }
        let near = |i: usize, j: usize| {
            at[i].0 == at[j].0
                && match (at[i].1.micros, at[j].1.micros) {
                    (Some(i), Some(j)) => j - i <= WITHIN,
                    _ => at[j].1.line - at[i].1.line <= LINES,
                }
        };
        let value = |i: usize| given[own[i]].value;
        let is_event = |i: usize| given[own[i]].is_event;
        let is_then = |i: usize| given[own[i]].is_then;
        let mut hit = vec![false; own.len()];
        let events: Vec<usize> = (0..own.len()).filter(|&i| is_event(i)).collect();
        match series.kind {
            SeriesKind::Threshold => {
                for group in events.windows(series.count) {
                    if near(group[0], group[group.len() - 1]) {
                        group.iter().for_each(|&i| hit[i] = true);
                    }
                }
            }
            SeriesKind::Sequence => {
                for j in (0..own.len()).filter(|&j| is_then(j)) {
                    let before = (0..j).rev().find(|&i| is_event(i) || is_then(i));
                    if let Some(i) = before
                        && is_event(i)
                        && near(i, j)
                    {
                        told.extend([own[i], own[j]]);
                    }
                }
            }
            SeriesKind::Absence => {
                for &i in &events {
                    let answered = (i + 1..own.len()).any(|j| is_then(j) && near(i, j));
                    let passed = (i + 1..=own.len()).any(|j| at[j].0 == at[i].0 && !near(i, j));
                    hit[i] = !answered && passed;
                }
            }
            SeriesKind::Rising | SeriesKind::Steady => {
                for &i in &events {
                    for &j in events.iter().filter(|&&j| j > i) {
                        let row: Vec<usize> = (i..=j).filter(|&k| is_event(k)).collect();
                        let goes_on = row.windows(2).all(|pair| {
                            // Events of the series that are only `then` stand between for nothing.
                            near(pair[1] - 1, pair[1])
                                && at[pair[0]].0 == at[pair[1]].0
                                && match series.kind {
                                    SeriesKind::Rising => value(pair[1]) >= value(pair[0]),
                                    _ => value(pair[1]) == value(pair[0]),
                                }
                        });
                        let rises = series.kind == SeriesKind::Steady || value(j) > value(i);
                        let is_start = {
                            let before = events.iter().rev().find(|&&k| k < i);
                            before.is_none_or(|&k| {
                                !near(i - 1, i)
                                    || at[k].0 != at[i].0
                                    || match series.kind {
                                        SeriesKind::Rising => value(i) < value(k),
                                        _ => value(i) != value(k),
                                    }
                            })
                        };
                        if goes_on && rises && is_start && row.len() >= series.count {
                            row.iter().for_each(|&k| hit[k] = true);
                        }
                    }
                }
            }
        }
        told.extend((0..own.len()).filter(|&i| hit[i]).map(|i| own[i]));
    }
    told.sort_unstable();
    told
}

/// Events whose times stand at the edges of the window, equal, missing and out of order.
fn given() -> impl Strategy<Value = Vec<Given>> {
    let step = prop_oneof![
        Just(0),
        Just(1),
        Just(WITHIN - 1),
        Just(WITHIN),
        Just(WITHIN + 1),
        Just(-1),
        Just(-WITHIN),
        Just(-WITHIN - 1),
        0..20i64,
    ];
    let lines = prop_oneof![Just(1), Just(LINES), Just(LINES + 1), 1..5u64];
    let one = (step, lines, prop::bool::weighted(0.8), prop::bool::weighted(0.3), 0..3u8, 0..4u8);
    (prop::collection::vec(one, 0..40), 0..45usize).prop_map(|(steps, untimed)| {
        let (mut time, mut line) = (1_000_000, 1);
        let mut given = Vec::new();
        for (index, (step, lines, is_event, is_then, key, value)) in steps.into_iter().enumerate() {
            time += step;
            line += lines;
            let time = (index >= untimed).then_some(time);
            // What is neither is not given to a tracker.
            given.push(Given { time, line, is_event: is_event || !is_then, is_then, key, value });
        }
        given
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn series_are_what_a_plain_matcher_finds(
        given in given(),
        kind in prop::sample::select(SeriesKind::ALL.to_vec()),
        count in 2..5usize,
        end in prop_oneof![Just(0), Just(WITHIN), Just(WITHIN + 1)],
    ) {
        let series = series(kind, count);
        let last = given.last().map_or(Moment { micros: None, file: 0, line: 1 }, Given::moment);
        let end = Moment { micros: last.micros.map(|time| time + end), ..last };
        prop_assert_eq!(tracked(&series, &given, end), plain(&series, &given, end));
    }
}

fn at(seconds: i64, is_event: bool, is_then: bool, value: u8) -> Given {
    Given { time: Some(seconds), line: seconds as u64, is_event, is_then, key: 0, value }
}

#[test]
fn the_edge_of_a_window_belongs_to_it() {
    let end = Moment { micros: Some(10_000), file: 0, line: 10_000 };
    let three = |last| [at(0, true, false, 0), at(30, true, false, 0), at(last, true, false, 0)];
    let threshold = series(SeriesKind::Threshold, 3);
    assert_eq!(tracked(&threshold, &three(60), end), [0, 1, 2]);
    assert!(tracked(&threshold, &three(61), end).is_empty());
    let two = |last| [at(0, true, false, 0), at(last, false, true, 0)];
    assert_eq!(tracked(&series(SeriesKind::Sequence, 2), &two(60), end), [0, 1]);
    assert!(tracked(&series(SeriesKind::Sequence, 2), &two(61), end).is_empty());
    assert!(tracked(&series(SeriesKind::Absence, 2), &two(60), end).is_empty());
    assert_eq!(tracked(&series(SeriesKind::Absence, 2), &two(61), end), [0]);
}

#[test]
fn what_the_end_of_a_log_leaves_open_is_no_absence() {
    let absence = series(SeriesKind::Absence, 2);
    let given = [at(0, true, false, 0)];
    let end = |micros| Moment { micros: Some(micros), file: 0, line: 99 };
    assert!(tracked(&absence, &given, end(60)).is_empty());
    assert_eq!(tracked(&absence, &given, end(61)), [0]);
}

#[test]
fn what_follows_is_behind_and_not_before() {
    let sequence = series(SeriesKind::Sequence, 2);
    let end = Moment { micros: None, file: 0, line: 0 };
    let given = [at(5, false, true, 0), at(5, true, false, 0), at(5, false, true, 0)];
    assert_eq!(tracked(&sequence, &given, end), [1, 2], "equal times: the order of the log counts");
}

#[test]
fn a_limit_must_be_reached() {
    let rising =
        Series { limit: Some("limit".into()), share: 0.9, ..series(SeriesKind::Rising, 3) };
    let fired = |values: [&str; 3]| {
        let mut tracker = SeriesTracker::default();
        let mut fired = Vec::new();
        for (at, value) in values.iter().enumerate() {
            let captures =
                [("value".into(), (*value).into()), ("limit".into(), "1,200".to_owned())];
            let step = Step { rule: 0, is_event: true, is_then: false, captures: captures.into() };
            let now = Moment { micros: Some(at as i64), file: 0, line: at as u64 };
            fired.extend(tracker.see(&rising, &step, now, &at));
        }
        fired
    };
    assert!(fired(["100", "500", "1079"]).is_empty());
    let reached = fired(["100", "500", "1080"]);
    assert_eq!(
        (reached[0].count, &reached[0].captures["from"], &reached[0].captures["to"]),
        (3, &"100".into(), &"1080".into())
    );
    assert!(fired(["1100", "500", "1200"]).is_empty(), "it fell in between");
}

#[test]
fn a_rise_must_be_as_large_as_asked() {
    let rising = Series { times: 2.0, ..series(SeriesKind::Rising, 3) };
    let end = Moment { micros: None, file: 0, line: 0 };
    let row = |last| [at(0, true, false, 10), at(1, true, false, 12), at(2, true, false, last)];
    assert!(tracked(&rising, &row(19), end).is_empty());
    assert_eq!(tracked(&rising, &row(20), end), [0, 1, 2]);
}

#[test]
fn hostile_keys_stay_bounded() {
    let threshold = series(SeriesKind::Threshold, 2);
    let mut tracker = SeriesTracker::default();
    for at in 0..10_000i64 {
        let step = Step {
            rule: 0,
            is_event: true,
            is_then: false,
            captures: [("key".to_owned(), at.to_string())].into(),
        };
        tracker.see(&threshold, &step, Moment { micros: Some(at), file: 0, line: 1 }, &at);
    }
    assert_eq!(tracker.states[&0].len(), KEYS);
}
