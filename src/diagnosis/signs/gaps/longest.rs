//! The longest silence between two samples, found by halves: of one that does not last [`TIMES`] as long as a silence that
//! is known, no line is read.

use std::sync::Arc;

use super::{Moment, Silence, When};
use crate::diagnosis::signs::Stretch;

/// A silence that stands out lasts more than so many times as long as any other (see [`super::TIMES`]); which of
/// two that are more alike is the longer does not matter.
const TIMES: f64 = 2.0;

/// A silence among `lines`, which lie in `whole`, that no other is [`TIMES`] as long as.
pub(super) fn longest_in<'a>(whole: Silence, lines: &dyn Stretch<'a>) -> Option<Silence> {
    let mut spots = Spots::new(&whole, lines);
    let mut halves = vec![(0, spots.last())];
    // Seconds, where it begins, and where it ends.
    let mut longest: Option<(f64, usize, usize)> = None;
    while let Some((from, to)) = halves.pop() {
        // Threads write a little out of order; what goes back is no silence.
        let Some(seconds) = spots.apart(from, to).filter(|seconds| *seconds >= 0.0) else {
            continue;
        };
        if longest.is_some_and(|(most, ..)| seconds < TIMES * most) {
            continue;
        }
        match spots.timed_in(from, to) {
            None => longest = Some((seconds, from, to)),
            Some(middle) => {
                let halved = [(from, middle), (middle, to)];
                let is_first_longer = spots.apart(from, middle) >= spots.apart(middle, to);
                halves.extend(if is_first_longer { [halved[1], halved[0]] } else { halved });
            }
        }
    }
    let (seconds, from, to) = longest?;
    let older = (0..from).rev().find(|&spot| spots.when(spot).is_some());
    let older = older.map(|spot| spots.moment(spot)).or_else(|| whole.older.clone());
    let untimed = u32::try_from(to - from - 1).unwrap_or(u32::MAX);
    let (before, behind) = (spots.moment(from), spots.moment(to));
    Some(Silence { before, older, behind, seconds, untimed, ..whole })
}

/// The line before a stretch, those of it, and the one behind it, counted through.
struct Spots<'s, 'a> {
    whole: &'s Silence,
    lines: &'s dyn Stretch<'a>,
    /// The times that have been read.
    read: Vec<Option<Option<When>>>,
}

impl<'s, 'a> Spots<'s, 'a> {
    fn new(whole: &'s Silence, lines: &'s dyn Stretch<'a>) -> Spots<'s, 'a> {
        let when = |moment: &Moment| Some(moment.stamp.as_ref().map(When::of));
        let mut read = vec![None; lines.count() + 2];
        read[0] = when(&whole.before);
        read[lines.count() + 1] = when(&whole.behind);
        Spots { whole, lines, read }
    }

    fn last(&self) -> usize {
        self.read.len() - 1
    }

    fn when(&mut self, spot: usize) -> Option<When> {
        *self.read[spot].get_or_insert_with(|| self.lines.stamp(spot - 1).as_ref().map(When::of))
    }

    fn apart(&mut self, from: usize, to: usize) -> Option<f64> {
        self.when(from)?.up_to(self.when(to)?)
    }

    /// The spot between the two that has a time and is nearest to their middle.
    fn timed_in(&mut self, from: usize, to: usize) -> Option<usize> {
        let middle = from.midpoint(to);
        let outwards = (0..to - from).flat_map(|by| [middle.checked_sub(by), Some(middle + by)]);
        let mut inside = outwards.flatten().filter(|spot| (from + 1..to).contains(spot));
        inside.find(|&spot| self.when(spot).is_some())
    }

    fn moment(&self, spot: usize) -> Arc<Moment> {
        match spot {
            0 => Arc::clone(&self.whole.before),
            _ if spot == self.last() => Arc::clone(&self.whole.behind),
            _ => Arc::new(self.lines.sample(spot - 1).moment()),
        }
    }
}
