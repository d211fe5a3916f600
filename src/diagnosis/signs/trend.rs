//! Whether numbers rise and go on rising: told apart from a warm-up, a saw-tooth, noise and a single step.

/// Most points kept of one series; beyond it every second one is let go, and only every second is kept from
/// then on.
pub(super) const POINTS: usize = 256;

/// Of fewer points than this each counts for itself, and they must rise one after the other.
const MANY_POINTS: usize = 12;

/// The same as [`ORDER`] for few points: at most one pair may be the other way round.
const ORDER_OF_FEW: f64 = 0.8;

/// Where there are no times, so many points stand for the time that a rise must last.
const LEAST_UNTIMED: usize = 48;

/// Parts into which the time is cut; of each the lowest value counts, so that what a garbage collector or
/// a reload gives back is no rise.
const PARTS: usize = 8;

/// Parts that must hold a value; else the points are cut by their number.
const LEAST_PARTS: usize = 6;

/// How far the parts must be in rising order: Kendall's tau of their lowest values.
const ORDER: f64 = 0.8;

/// The last parts must rise at least this much as fast as the whole: a warm-up flattens out.
const STILL: f64 = 0.45;

/// The most of the whole rise that may lie between two parts: more is a step.
const STEP: f64 = 0.66;

/// A rise that began late must leave behind all that was before it, by so many times.
const ABOVE: f64 = 1.15;

/// One number with its time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point<T> {
    /// Seconds on the log's time line; never before the one of the point before it.
    pub(super) seconds: Option<f64>,
    /// How many came before it.
    pub(super) order: u64,
    /// The number.
    pub(super) value: f64,
    /// What the caller wants to have back.
    pub(super) what: T,
}

/// What a rise must have to be one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bar {
    /// How many points there are at least.
    pub(super) points: usize,
    /// Seconds that it lasts at least.
    pub(super) seconds: f64,
    /// The last value over the first, at least.
    pub(super) times: f64,
    /// The same for few points.
    pub(super) times_of_few: f64,
    /// The last value less the first, at least.
    pub(super) by: f64,
}

/// A rise.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rise<T> {
    /// Where it began.
    pub(super) first: Point<T>,
    /// The last point.
    pub(super) last: Point<T>,
    /// How much it rises in an hour; `None` without times.
    pub(super) per_hour: Option<f64>,
    /// How many numbers it stands for.
    pub(super) count: u64,
}

/// The numbers of one series, thinned.
#[derive(Debug, Clone)]
pub(super) struct Trend<T> {
    points: Vec<Point<T>>,
    last: Option<Point<T>>,
    stride: u64,
    seen: u64,
}

impl<T: Clone> Trend<T> {
    /// No number yet.
    pub(super) fn new() -> Trend<T> {
        Trend { points: Vec::new(), last: None, stride: 1, seen: 0 }
    }

    /// One more number, in the order of the log. A time before the last one counts as the last one.
    pub(super) fn add(&mut self, seconds: Option<f64>, value: f64, what: T) {
        if !value.is_finite() {
            return;
        }
        let before = self.last.as_ref().and_then(|last| last.seconds);
        let seconds = match (before, seconds) {
            (Some(before), Some(now)) => Some(now.max(before)),
            (before, now) => now.or(before),
        };
        let point = Point { seconds, order: self.seen, value, what };
        if self.seen.is_multiple_of(self.stride) {
            if self.points.len() == POINTS {
                let mut index = 0;
                self.points.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
                self.stride *= 2;
            }
            if self.seen.is_multiple_of(self.stride) {
                self.points.push(point.clone());
            }
        }
        self.last = Some(point);
        self.seen += 1;
    }

    /// The last number.
    pub(super) fn last(&self) -> Option<&Point<T>> {
        self.last.as_ref()
    }

    /// The rise that goes on at the last number, if there is one: over all numbers, or over the last half
    /// or quarter of them.
    pub(super) fn rise(&self, bar: Bar) -> Option<Rise<T>> {
        let mut points: Vec<&Point<T>> = self.points.iter().collect();
        if let Some(last) = &self.last
            && points.last().is_none_or(|point| point.order != last.order)
        {
            points.push(last);
        }
        let (begin, end) = (along(points.first()?), along(points.last()?));
        for share in [1.0, 0.5, 0.25] {
            let from = end - (end - begin) * share;
            let at = points.partition_point(|point| along(point) < from);
            let (before, window) = points.split_at(at);
            let most = before.iter().map(|point| point.value).fold(f64::NEG_INFINITY, f64::max);
            if let Some(rise) = rise_of(window, bar, most * ABOVE) {
                return Some(rise);
            }
        }
        None
    }
}

/// Where a point stands on the axis: its time, else its number.
fn along<T>(point: &Point<T>) -> f64 {
    point.seconds.unwrap_or(point.order as f64)
}

/// The rise over all of `points`, whose lowest values must come above `above` in the end.
fn rise_of<T: Clone>(points: &[&Point<T>], bar: Bar, above: f64) -> Option<Rise<T>> {
    let (first, last) = (*points.first()?, *points.last()?);
    if points.len() < bar.points {
        return None;
    }
    let (are_few, times, least) = match points.len() < MANY_POINTS {
        true => (true, bar.times_of_few, ORDER_OF_FEW),
        false => (false, bar.times, ORDER),
    };
    let span = first.seconds.zip(last.seconds).map(|(first, last)| last - first);
    let is_timed = span.is_some_and(|span| span > 0.0);
    let is_short = match span.filter(|_| is_timed) {
        Some(span) => span < bar.seconds,
        None => bar.seconds > 0.0 && points.len() < LEAST_UNTIMED,
    };
    if is_short {
        return None;
    }
    let lows = if are_few { each(points) } else { lows(points) };
    let (&(begin, low), &(end, high)) = (lows.first()?, lows.last()?);
    let rise = high - low;
    let is_enough = rise >= bar.by && high >= times * low && high > above;
    if !is_enough || order(&lows) < least {
        return None;
    }
    let most = points.iter().map(|point| point.value).fold(f64::NEG_INFINITY, f64::max);
    if last.value < low + (most - low) / 2.0 {
        return None;
    }
    let step = lows.windows(2).map(|pair| pair[1].1 - pair[0].1).fold(0.0, f64::max);
    let (late, value) = *lows.get(lows.len().checked_sub(3)?)?;
    let slope = rise / (end - begin);
    let late_slope = (high - value) / (end - late);
    if step > STEP * rise || late_slope < STILL * slope {
        return None;
    }
    let per_hour = is_timed.then_some(slope * 3600.0);
    let count = last.order - first.order + 1;
    Some(Rise { first: first.clone(), last: last.clone(), per_hour, count })
}

/// Each point with where it stands.
fn each<T>(points: &[&Point<T>]) -> Vec<(f64, f64)> {
    let has_span = match (points.first(), points.last()) {
        (Some(first), Some(last)) => along(last) > along(first),
        _ => false,
    };
    let along = |(at, point): (usize, &&Point<T>)| {
        (if has_span { along(point) } else { at as f64 }, point.value)
    };
    points.iter().enumerate().map(along).collect()
}

/// The lowest value of each part, with where it stands: parts of equal time, else of equally many points.
fn lows<T>(points: &[&Point<T>]) -> Vec<(f64, f64)> {
    let has_span = |along: &dyn Fn(usize) -> f64| along(points.len() - 1) > along(0);
    let timed = |at: usize| points[at].seconds.unwrap_or(f64::NAN);
    let numbered = |at: usize| at as f64;
    if has_span(&timed) {
        let lows = lows_along(points, &timed);
        if lows.len() >= LEAST_PARTS {
            return lows;
        }
    }
    lows_along(points, &numbered)
}

fn lows_along<T>(points: &[&Point<T>], along: &dyn Fn(usize) -> f64) -> Vec<(f64, f64)> {
    let (begin, end) = (along(0), along(points.len() - 1));
    let mut lows: Vec<(f64, f64)> = Vec::with_capacity(PARTS);
    let mut part = usize::MAX;
    for (at, point) in points.iter().enumerate() {
        let x = along(at);
        let own = (((x - begin) / (end - begin) * PARTS as f64) as usize).min(PARTS - 1);
        match lows.last_mut() {
            Some(low) if own == part => {
                if point.value < low.1 {
                    *low = (x, point.value);
                }
            }
            _ => lows.push((x, point.value)),
        }
        part = own;
    }
    lows
}

/// Kendall's tau: 1 where each value is above all before it, -1 where each is below.
fn order(lows: &[(f64, f64)]) -> f64 {
    let (mut sum, mut pairs) = (0.0, 0.0);
    for (at, (_, later)) in lows.iter().enumerate() {
        for (_, earlier) in &lows[..at] {
            pairs += 1.0;
            sum += match later.total_cmp(earlier) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.0,
                std::cmp::Ordering::Less => -1.0,
            };
        }
    }
    if pairs > 0.0 { sum / pairs } else { 0.0 }
}

#[cfg(test)]
mod tests;
