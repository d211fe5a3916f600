//! A clock that was set back: the times of one run go back and then go on from there.
//!
//! That alone harms nobody, and output that was kept in a buffer looks the same. It is told where an error
//! of the kind that a wrong clock causes comes behind it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Coming, Moment, Sample, Sign};
use crate::event::Stamp;
use crate::model::Level;

const RULE: &str = "system/clock-jump";

/// Times of threads and processes that write into one log lie this far apart, in seconds, without meaning
/// anything.
const DISORDER: f64 = 5.0;

/// A log that goes back further, in seconds, is another log behind the first.
const ANOTHER: f64 = 86_400.0;

/// Samples in order that must stand on both sides of a jump.
const STEADY: u32 = 4;

/// An hour, in seconds, and how much more a change to winter time may show.
const HOUR: f64 = 3_600.0;
const NEAR_HOUR: f64 = 120.0;

/// Follows the times of a run.
#[derive(Debug, Clone, Default)]
pub(super) struct Clock {
    last: Option<Arc<Moment>>,
    /// Samples in order up to now.
    in_order: u32,
    /// The last jump that may be one: what stood before and behind it, and by how many seconds.
    jump: Option<(Arc<Moment>, Arc<Moment>, f64)>,
    /// How often time went back.
    back: u32,
}

impl Clock {
    /// The next sample that has a time; `now` is what is remembered of it.
    pub(super) fn sample(&mut self, sample: &Sample<'_>, now: &Arc<Moment>) {
        let (Some(stamp), Some(seconds)) = (&sample.stamp, sample.seconds()) else { return };
        let Some(last) = self.last.replace(Arc::clone(now)) else { return };
        let Some(before) = last.stamp.as_ref().filter(|before| is_of_one_clock(before, stamp))
        else {
            self.in_order = 0;
            return;
        };
        let skew = before.seconds() - seconds;
        if skew < DISORDER {
            self.in_order = self.in_order.saturating_add(1);
            return;
        }
        self.back += 1;
        let is_winter_time = stamp.offset.is_none() && (skew - HOUR).abs() < NEAR_HOUR;
        let is_jump = self.in_order >= STEADY
            && skew < ANOTHER
            && !is_winter_time
            && last.line.place.file == now.line.place.file;
        self.jump = is_jump.then(|| (last, Arc::clone(now), skew));
        self.in_order = 0;
    }

    /// The jump, where an error that it leads to comes now. `leads` tells within how many seconds it does.
    pub(super) fn before(
        &mut self,
        coming: Coming<'_>,
        leads: impl Fn(&str) -> Option<f64>,
    ) -> Option<Sign> {
        let (_, behind, _) = self.jump.as_ref()?;
        let since = coming.seconds? - behind.stamp.as_ref()?.seconds();
        // Writers whose clocks differ go to and fro.
        if self.back != 1 || !(0.0..=leads(RULE)?).contains(&since) {
            return None;
        }
        let (first, last, skew) = self.jump.take()?;
        let (first, last) = (Arc::unwrap_or_clone(first), Arc::unwrap_or_clone(last));
        Some(Sign {
            rule: RULE,
            subject: "back".to_owned(),
            level: Level::Warning,
            count: 1,
            first,
            last,
            captures: BTreeMap::from([("skew".to_owned(), format!("-{skew:.0} s"))]),
            says_most: true,
            causes_since: None,
        })
    }
}

/// Whether two times can be compared: both have what the other has.
fn is_of_one_clock(one: &Stamp, other: &Stamp) -> bool {
    let form = |stamp: &Stamp| (stamp.has_date, stamp.has_year, stamp.offset.is_some());
    one.has_date && form(one) == form(other)
}
