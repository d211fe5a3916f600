//! Silences that do not fit: the log of a run stops for much longer than it ever does, and goes on.
//!
//! How often a log speaks is learned from the log itself: the times between its samples. A silence stands out
//! where it is several times as long as the longest other time, and the more so the less even those are: in
//! a log whose longest times differ much, one that is longer still means little. What the log announces (a
//! market that closes, a wait that is told), what comes each day, and what follows an error, which bots wait
//! after, is no finding. Behind a silence that stands out, errors of a clock that was wrong, or several hosts
//! lost at once, tell that the machine slept.

mod longest;
mod planned;
mod spread;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Between, Coming, Moment, Sample, Sign};
use crate::diagnosis::rhythm::length;
use crate::event::Stamp;
use crate::model::Level;
use crate::source::Place;

use longest::longest_in;
use spread::Spread;

const GAP: &str = "system/gap";
pub(super) const SLEEP: &str = "system/sleep";

/// The rules that tell of silences.
pub(super) const RULES: [&str; 2] = [GAP, SLEEP];

/// The shortest silence, in seconds, that is a finding.
const LEAST: f64 = 10.0;

/// So many times the longest other time a silence must last.
const TIMES: f64 = 5.0;

/// And so many times it always stands out.
const SURELY: f64 = 20.0;

/// How unlikely a silence must be by how uneven the longest times are (natural logarithm).
const UNLIKELY: f64 = 9.0;

/// Most silences of one run that may stand out together; what comes more often is a habit.
const MOST: usize = 6;

/// The longest silences that are kept.
const KEPT: usize = 24;

/// Between two samples that are not neighbours it is looked only where they are among so many that lie
/// furthest apart: in a log of any size that is some hundred times.
const LOOKS: usize = 12;

/// Times at least a tenth as long as the longest that must be known before it is.
const KNOWN: usize = 15;

/// A log that has spoken for this long, in seconds, has shown its habit, however long the silence is.
const HABIT: f64 = 600.0;

/// Lines with times that must follow, where every line is looked at.
const GOES_ON: u64 = 5;

/// So many lines without a time, such as a traceback, are no silence.
const SPEAKS: u32 = 3;

/// Errors of several hosts this near behind a silence, in seconds, came at once.
const AT_ONCE: f64 = 30.0;

/// The rules of errors that come of a clock that stood still, or of time that has passed unseen.
const CLOCK: [&str; 6] = [
    "system/clock-skew",
    "system/timestamp-refused",
    "system/nonce",
    "system/missed-schedule",
    "credentials/session-expired",
    "credentials/token-expired",
];

/// The rules that tell of a sleep or jump in words.
const SAID: [&str; 2] = ["system/host-suspended", "system/clock-jump"];

/// What is said of a sleep may stand this far, in seconds, from it.
const NEAR: f64 = 120.0;

/// Learns how a run speaks, and keeps its longest silences.
#[derive(Debug, Clone, Default)]
pub(super) struct Gaps {
    spread: Spread,
    /// The last line with a time, and the one before it.
    last: Option<Arc<Moment>>,
    older: Option<Arc<Moment>>,
    /// Lines behind `last` were not looked at.
    unseen: bool,
    /// Lines without a time since `last`.
    untimed: u32,
    /// Lines with times.
    count: u64,
    kept: Vec<Silence>,
    /// The longest times between samples between which it was looked.
    looked: Vec<f64>,
    /// The hosts that were lost behind a silence, and what line ended it.
    lost: (Option<Place>, BTreeSet<String>),
    /// The line that ended the last silence that was told as a sleep.
    slept: Option<Place>,
}

/// A silence.
#[derive(Debug, Clone)]
struct Silence {
    /// The last line before it, and the one before that.
    before: Arc<Moment>,
    older: Option<Arc<Moment>>,
    /// The first line behind it.
    behind: Arc<Moment>,
    seconds: f64,
    /// How many lines with times had been seen.
    at: u64,
    /// One line behind it stands for many.
    sparse: bool,
    /// Lines without a time in it.
    untimed: u32,
    /// It was told, or something else tells of it.
    told: bool,
}

impl Silence {
    /// When it began and ended, in seconds.
    fn bounds(&self) -> Option<(f64, f64)> {
        let seconds = |moment: &Moment| moment.stamp.as_ref().map(Stamp::seconds);
        Some((seconds(&self.before)?, seconds(&self.behind)?))
    }
}

impl Gaps {
    /// The next sample has no time.
    pub(super) fn untimed(&mut self, sample: &Sample<'_>) {
        self.unseen |= sample.skipped;
        self.untimed += 1;
    }

    /// The next sample that has a time; `now` is what is remembered of it, `between` tells what lies before it.
    pub(super) fn sample(&mut self, sample: &Sample<'_>, now: Arc<Moment>, between: Between<'_>) {
        let Some(stamp) = &sample.stamp else { return };
        let (last, older) = (self.last.replace(Arc::clone(&now)), self.older.take());
        let unseen = std::mem::take(&mut self.unseen);
        let untimed = std::mem::take(&mut self.untimed);
        self.older.clone_from(&last);
        self.count += 1;
        let Some(last) = last else { return };
        let Some(seconds) = apart(last.stamp.as_ref(), stamp) else { return };
        if seconds < 0.0 {
            // Threads write out of order; a clock that was set back goes on from where it is.
            if seconds > -LEAST {
                (self.last, self.older) = (Some(last), older);
            }
            return;
        }
        let whole = Silence {
            before: last,
            older,
            behind: now,
            seconds,
            at: self.count,
            sparse: sample.skipped,
            untimed,
            told: false,
        };
        if seconds < LEAST {
            self.spread.add(seconds);
            return;
        }
        if sample.skipped && !self.is_worth_a_look(seconds) {
            self.spread.pass(seconds);
            return;
        }
        let longest = if sample.skipped {
            between().and_then(|lines| longest_in(whole, lines.as_ref()))
        } else {
            Some(whole)
        };
        match longest.filter(|_| !unseen) {
            Some(longest) => {
                self.spread.add(longest.seconds);
                self.keep(longest);
            }
            // What was not looked at may have spoken meanwhile.
            None => self.spread.add(seconds),
        }
    }

    /// Whether two samples lie so far apart as hardly any others.
    fn is_worth_a_look(&mut self, seconds: f64) -> bool {
        if self.looked.len() < LOOKS {
            self.looked.push(seconds);
            return true;
        }
        let shortest = self.looked.iter_mut().min_by(|a, b| a.total_cmp(b));
        match shortest.filter(|shortest| **shortest < seconds) {
            Some(shortest) => {
                *shortest = seconds;
                true
            }
            None => false,
        }
    }

    fn keep(&mut self, mut silence: Silence) {
        if silence.seconds < LEAST {
            return;
        }
        silence.told |= self.slept == Some(silence.behind.line.place);
        self.kept.push(silence);
        if self.kept.len() > KEPT {
            let shortest = (0..self.kept.len())
                .min_by(|&a, &b| self.kept[a].seconds.total_cmp(&self.kept[b].seconds));
            if let Some(shortest) = shortest {
                self.kept.remove(shortest);
            }
        }
    }

    /// Indexes of the silences that stand out, in order, and the longest time but for them. The log must have
    /// spoken for as long as the shortest of them, or for `habit` seconds.
    fn standing_out(&self, habit: f64) -> (Vec<usize>, f64) {
        let mut order: Vec<usize> = (0..self.kept.len()).collect();
        order.sort_by(|&a, &b| self.kept[b].seconds.total_cmp(&self.kept[a].seconds));
        for count in (1..=order.len().min(MOST)).rev() {
            let shortest = self.kept[order[count - 1]].seconds;
            let Some(rest) = self.spread.but_for(count) else { continue };
            let together: f64 = order[..count].iter().map(|&at| self.kept[at].seconds).sum();
            let times = shortest / rest.longest;
            let is_unlikely = times.ln() >= (UNLIKELY * rest.unevenness).min(SURELY.ln());
            if times >= TIMES
                && is_unlikely
                && rest.near_longest >= KNOWN
                && self.spread.total() - together >= shortest.min(habit)
            {
                let mut found = order[..count].to_vec();
                found.sort_unstable();
                return (found, rest.longest);
            }
        }
        (Vec::new(), 0.0)
    }

    /// The machine's sleep, where an error that comes now tells of it. `leads` tells within how many seconds
    /// a rule leads to it.
    pub(super) fn before(
        &mut self,
        coming: Coming<'_>,
        leads: impl Fn(&str) -> Option<f64>,
    ) -> Option<Sign> {
        let seconds = coming.seconds?;
        let since = |silence: &Silence| silence.bounds().map(|(_, to)| seconds - to);
        let ending = self.ending_with(coming).or_else(|| self.unseen_before(coming));
        if self.kept.is_empty() && ending.is_none() {
            return None;
        }
        if SAID.contains(&coming.rule) {
            for silence in &mut self.kept {
                let is_meant = |(from, to)| seconds >= from - NEAR && seconds <= to + NEAR;
                silence.told |= silence.bounds().is_some_and(is_meant);
            }
            return None;
        }
        let within = leads(SLEEP)?;
        let is_recent = |silence: &Silence| {
            !silence.told && since(silence).is_some_and(|since| (0.0..=within).contains(&since))
        };
        // Errors are many and silences few.
        let ending = ending.filter(is_recent);
        if ending.is_none() && !self.kept.iter().any(is_recent) {
            return None;
        }
        let mut known = self.clone();
        if let Some(silence) = ending {
            known.spread.add(silence.seconds);
            known.keep(silence);
        }
        // The error itself tells that the silence was none of the log's habit.
        let (found, usual) = known.standing_out(0.0);
        let at = found.into_iter().rev().find(|&at| is_recent(&known.kept[at]))?;
        let behind = known.kept[at].behind.line.place;
        if !CLOCK.contains(&coming.rule) {
            if since(&known.kept[at])? > AT_ONCE {
                return None;
            }
            let host = ["host", "exchange"].iter().find_map(|name| coming.captures.get(*name))?;
            let (silence, lost) = &mut self.lost;
            if *silence != Some(behind) {
                (*silence, *lost) = (Some(behind), BTreeSet::new());
            }
            lost.insert(host.clone());
            if lost.len() < 2 {
                return None;
            }
        }
        let (_, to) = known.kept[at].bounds()?;
        self.slept = Some(behind);
        for silence in &mut self.kept {
            silence.told |= silence.behind.line.place == behind;
        }
        Some(Sign { causes_since: Some(to), ..known.sign(SLEEP, at, usual) })
    }

    /// The silence that an error ends that comes now: its line has not been seen as a sample yet.
    fn ending_with(&self, coming: Coming<'_>) -> Option<Silence> {
        let after = coming.after?;
        let seconds = apart(after.stamp.as_ref(), coming.moment.stamp.as_ref()?)?;
        (seconds >= LEAST && self.slept != Some(coming.moment.line.place)).then(|| Silence {
            before: Arc::new(after.clone()),
            older: None,
            behind: Arc::new(coming.moment.clone()),
            seconds,
            at: self.count + 1,
            sparse: false,
            untimed: 0,
            told: false,
        })
    }

    /// A silence shortly before an error that comes now, of whose lines none has been a sample yet.
    fn unseen_before(&self, coming: Coming<'_>) -> Option<Silence> {
        let (before, behind) = coming.pause?;
        let seconds = apart(before.stamp.as_ref(), behind.stamp.as_ref()?)?;
        let place = behind.line.place;
        let is_known = self.slept == Some(place)
            || self.kept.iter().any(|silence| silence.behind.line.place == place);
        (seconds >= LEAST && !is_known).then(|| Silence {
            before: Arc::new(before.clone()),
            older: None,
            behind: Arc::new(behind.clone()),
            seconds,
            at: self.count + 1,
            sparse: false,
            untimed: 0,
            told: false,
        })
    }

    /// The run is over: the silences that nothing explains.
    pub(super) fn close(&self) -> Vec<Sign> {
        let (found, usual) = self.standing_out(HABIT);
        let daily = planned::daily(found.iter().map(|&at| self.kept[at].before.stamp.as_ref()));
        let unexplained: Vec<usize> = found
            .iter()
            .zip(daily)
            .filter(|(at, daily)| {
                let silence = &self.kept[**at];
                let follow = self.count - silence.at;
                let goes_on = follow >= GOES_ON || silence.sparse && follow > 0;
                let speaks = silence.untimed >= SPEAKS;
                let is_silent = !silence.told && !speaks && !daily && goes_on;
                is_silent && !planned::is_planned(silence, usual)
            })
            .map(|(&at, _)| at)
            .collect();
        let longest = unexplained
            .iter()
            .copied()
            .max_by(|&a, &b| self.kept[a].seconds.total_cmp(&self.kept[b].seconds));
        let Some(longest) = longest else { return Vec::new() };
        let tell = |&at: &usize| Sign { says_most: at == longest, ..self.sign(GAP, at, usual) };
        unexplained.iter().map(tell).collect()
    }

    /// What is told of the silence `at`.
    fn sign(&self, rule: &'static str, at: usize, usual: f64) -> Sign {
        let silence = &self.kept[at];
        let raw = |moment: &Moment| {
            let stamp = moment.stamp.as_ref();
            stamp.map(|stamp| stamp.iso().unwrap_or_else(|| stamp.raw.clone())).unwrap_or_default()
        };
        let captures = [
            ("from", raw(&silence.before)),
            ("to", raw(&silence.behind)),
            ("length", length(silence.seconds)),
            ("usual", length(usual)),
        ];
        Sign {
            rule,
            subject: "silence".to_owned(),
            level: Level::Warning,
            count: 1,
            first: silence.before.as_ref().clone(),
            last: silence.behind.as_ref().clone(),
            captures: captures.map(|(name, value)| (name.to_owned(), value)).into(),
            says_most: true,
            causes_since: None,
        }
    }
}

/// When a line was written, as far as it says.
#[derive(Debug, Clone, Copy)]
struct When {
    seconds: f64,
    /// Whether it says day, year and zone.
    says: (bool, bool, bool),
}

impl When {
    fn of(stamp: &Stamp) -> When {
        let says = (stamp.has_date, stamp.has_year, stamp.offset.is_some());
        When { seconds: stamp.seconds(), says }
    }

    /// Seconds up to another time of one clock; below zero where it was set back. Times without a date are
    /// at most half a day apart. `None` where they cannot be compared.
    fn up_to(self, other: When) -> Option<f64> {
        const DAY: f64 = 86_400.0;
        if self.says != other.says {
            return None;
        }
        let seconds = other.seconds - self.seconds;
        let (has_date, ..) = other.says;
        if !has_date && seconds < -DAY / 2.0 {
            return Some(seconds + DAY);
        }
        Some(seconds)
    }
}

/// Seconds from one time to another (see [`When::up_to`]).
fn apart(one: Option<&Stamp>, other: &Stamp) -> Option<f64> {
    When::of(one?).up_to(When::of(other))
}

#[cfg(test)]
mod tests;
