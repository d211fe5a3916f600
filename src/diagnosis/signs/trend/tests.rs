#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;

use super::{Bar, POINTS, Trend};

const BAR: Bar = Bar { points: 6, seconds: 120.0, times: 1.4, times_of_few: 2.0, by: 32.0 };

/// A value by its minute.
type Form = fn(f64) -> f64;

/// A trend of one value a minute.
fn of(values: impl IntoIterator<Item = f64>) -> Trend<()> {
    let mut trend = Trend::new();
    for (at, value) in values.into_iter().enumerate() {
        trend.add(Some(at as f64 * 60.0), value, ());
    }
    trend
}

/// Noise of -1 to 1 that is the same each time.
fn noise(at: usize) -> f64 {
    let hash = (at as u64)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .rotate_left(17)
        .wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (hash >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

#[test]
fn what_rises_to_the_end_is_told() {
    let minutes = 0..600;
    let shapes: [(&str, Form); 6] = [
        ("line", |t| 100.0 + t),
        ("line with noise", |t| 100.0 + t + 20.0 * noise(t as usize)),
        ("under a saw-tooth", |t| 100.0 + t + t % 45.0 * 3.0),
        ("ever faster", |t| 100.0 * (t / 150.0).exp()),
        ("slower, and no end", |t| 100.0 + 20.0 * t.sqrt()),
        ("late", |t| 100.0 + 5.0 * noise(t as usize) + (t - 480.0).max(0.0) * 3.0),
    ];
    for (name, shape) in shapes {
        let rise = of(minutes.clone().map(|at| shape(f64::from(at)))).rise(BAR);
        assert!(rise.is_some(), "{name}");
    }
    let rise = of(minutes.map(|at| 100.0 + f64::from(at))).rise(BAR).unwrap();
    assert_eq!((rise.first.value, rise.last.value, rise.count), (100.0, 699.0, 600));
    assert!((rise.per_hour.unwrap() - 60.0).abs() < 1.0);
}

#[test]
fn what_does_not_go_on_rising_is_left_alone() {
    let shapes: [(&str, Form); 12] = [
        ("flat", |t| 400.0 + 3.0 * noise(t as usize)),
        ("noise", |t| 400.0 + 390.0 * noise(t as usize)),
        ("warm-up", |t| 100.0 + 400.0 * (1.0 - (-t / 60.0).exp()) + 3.0 * noise(t as usize)),
        ("warm-up then flat", |t| 100.0 + t.min(200.0) * 3.0),
        ("logarithm", |t| 100.0 + 60.0 * (1.0 + t).ln()),
        ("saw-tooth", |t| 100.0 + t % 55.0 * 8.0),
        ("long saw-tooth", |t| 100.0 + t % 290.0 * 2.0),
        ("saw-tooth that fell just now", |t| 100.0 + t % 590.0),
        ("one step", |t| if t < 300.0 { 100.0 } else { 600.0 } + noise(t as usize)),
        ("step at the end", |t| if t < 590.0 { 100.0 } else { 600.0 } + noise(t as usize)),
        ("falls", |t| 900.0 - t),
        ("day and night", |t| 300.0 + 200.0 * (t / 95.5).sin()),
    ];
    for (name, shape) in shapes {
        let rise = of((0..600).map(|at| shape(f64::from(at)))).rise(BAR);
        assert!(rise.is_none(), "{name}: {rise:?}");
    }
    for (few, values) in [
        ("too few", &[100.0, 200.0, 300.0, 400.0, 500.0][..]),
        ("less than twice", &[100.0, 120.0, 140.0, 160.0, 180.0, 190.0]),
        ("fell back", &[100.0, 200.0, 300.0, 400.0, 500.0, 120.0]),
        ("flattens", &[100.0, 260.0, 330.0, 350.0, 355.0, 356.0, 357.0]),
        ("to and fro", &[100.0, 300.0, 200.0, 400.0, 250.0, 500.0]),
        ("one step", &[100.0, 101.0, 102.0, 300.0, 301.0, 302.0]),
    ] {
        assert!(of(values.iter().copied()).rise(BAR).is_none(), "{few}");
    }
    let few = [71.0, 120.0, 175.0, 250.0, 330.0, 399.0, 493.0];
    assert!(of(few).rise(BAR).is_some(), "a few that all rise");
}

#[test]
fn times_may_be_equal_missing_or_out_of_order() {
    let rise = |times: &dyn Fn(usize) -> Option<f64>, count: usize| {
        let mut trend = Trend::new();
        for at in 0..count {
            trend.add(times(at), 100.0 + at as f64 * 10.0, ());
        }
        trend.rise(BAR)
    };
    assert_eq!(rise(&|_| None, 60).unwrap().per_hour, None);
    assert!(rise(&|_| None, 40).is_none(), "forty lines may be a second");
    assert!(rise(&|_| Some(7.0), 60).unwrap().per_hour.is_none());
    assert!(rise(&|_| Some(7.0), 40).is_none());
    assert!(rise(&|at| Some(at as f64), 60).is_none(), "a minute is no time");
    assert!(rise(&|at| Some(at as f64 * 3.0), 60).is_some());
    assert!(rise(&|at| (at % 3 == 0).then_some(at as f64 * 3.0), 60).is_some());
    assert!(
        rise(&|at| Some((at as f64 + if at % 2 == 0 { 9.0 } else { 0.0 }) * 3.0), 60).is_some()
    );
    // A clock that is set back stands still until it has caught up.
    assert!(rise(&|at| Some(if at < 30 { 9_000.0 } else { 0.0 } + at as f64 * 5.0), 60).is_some());
}

proptest! {
    #[test]
    fn memory_is_bounded_and_nothing_panics(values in proptest::collection::vec((any::<Option<f64>>(), any::<f64>()), 0..2_000)) {
        let mut trend = Trend::new();
        for (seconds, value) in values {
            trend.add(seconds.filter(|s| s.is_finite()), value, ());
        }
        prop_assert!(trend.points.len() <= POINTS);
        trend.rise(BAR);
    }

    #[test]
    fn thinning_changes_no_answer(count in 300_usize..4_000, leaks in any::<bool>()) {
        let value = |at: usize| 300.0 + 5.0 * noise(at) + if leaks { at as f64 * 300.0 / count as f64 } else { 0.0 };
        prop_assert_eq!(of((0..count).map(value)).rise(BAR).is_some(), leaks);
    }

    #[test]
    fn a_saw_tooth_of_two_teeth_and_more_is_no_rise(period in 30_usize..300, offset in 0_usize..300, height in 50.0..5_000.0_f64) {
        let value = |at: usize| 100.0 + ((at + offset) % period) as f64 / period as f64 * height;
        prop_assert!(of((0..600).map(value)).rise(BAR).is_none());
    }
}
