//! How often a log speaks, for the word on one that simply stops.

/// Fewer gaps than this tell nothing.
const LEAST_GAPS: usize = 3;

/// Times that are closer than this, in seconds, are one: a log speaks in bursts.
const BURST: f64 = 1.0;

/// A log that is silent for less than this, in seconds, is not remarked on, whatever its rhythm.
const QUIET: f64 = 60.0;

/// So many times its rhythm, and a log has stopped rather than paused.
const BEATS: f64 = 10.0;

/// A log of unknown rhythm is remarked on after this, in seconds.
const UNKNOWN: f64 = 600.0;

/// The longest pause, in seconds, that says nothing in a log that speaks `every` so many seconds.
pub fn longest_pause(every: Option<f64>) -> f64 {
    every.map_or(UNKNOWN, |every| (every * BEATS).max(QUIET))
}

/// Median of the seconds between `times` (in seconds, in the order of the log). `None` where there are too
/// few to tell. In a log so dense that bursts are all there is, every record counts.
pub(super) fn median_gap(times: &[f64]) -> Option<f64> {
    let mut gaps = gaps(times, BURST);
    if gaps.len() < LEAST_GAPS {
        gaps = self::gaps(times, f64::MIN_POSITIVE);
    }
    if gaps.len() < LEAST_GAPS {
        return None;
    }
    gaps.sort_unstable_by(f64::total_cmp);
    Some(gaps[gaps.len() / 2])
}

/// The gaps between times that are at least `apart`; a clock that was set back starts anew.
fn gaps(times: &[f64], apart: f64) -> Vec<f64> {
    let mut gaps = Vec::with_capacity(times.len());
    let Some(&first) = times.first() else { return gaps };
    let mut last = first;
    for &time in times {
        if time - last >= apart {
            gaps.push(time - last);
        } else if time >= last {
            continue;
        }
        last = time;
    }
    gaps
}

/// A length of time for people.
pub(super) fn length(seconds: f64) -> String {
    let (number, unit) = match seconds {
        s if s < 120.0 => (s, "s"),
        s if s < 7_200.0 => (s / 60.0, "min"),
        s if s < 172_800.0 => (s / 3_600.0, "h"),
        s => (s / 86_400.0, "days"),
    };
    format!("{:.0} {unit}", number.max(1.0))
}

#[cfg(test)]
mod tests {
    use super::median_gap;

    #[test]
    fn bursts_are_one_beat_and_few_times_are_none() {
        for (times, gap) in [
            (&[][..], None),
            (&[1.0, 3.0, 5.0], None),
            (&[0.0, 2.0, 4.0, 6.0, 500.0, 502.0], Some(2.0)),
            (&[0.0, 0.1, 0.2, 60.0, 60.1, 60.2, 120.0, 120.3, 180.0], Some(60.0)),
            (&[0.0, 0.25, 0.5, 0.75], Some(0.25)),
            (&[3600.0, 3610.0, 10.0, 20.0, 30.0], Some(10.0)),
            (&[7.0; 40], None),
        ] {
            assert_eq!(median_gap(times), gap, "{times:?}");
        }
    }
}
