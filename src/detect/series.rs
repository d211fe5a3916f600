//! What rules find over several events: thresholds, sequences, absences, numbers that rise or stay. What a
//! window is, at its edges too, is told at [`crate::rules::Series`]; a plain matcher that compares every
//! event with every other is the measure in the tests.

use std::collections::{BTreeMap, VecDeque};

use crate::event::Stamp;
use crate::rules::{RuleSet, Series, SeriesKind};

/// Most series of one rule that are told apart by their captures; beyond it the one whose last event is
/// the oldest gives way.
const KEYS: usize = 128;

/// Most events of an absence that wait for an answer at once; more wait with the last of them.
const OPEN: usize = 64;

/// When something happened, as far as windows ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Microseconds on the log's own time line; `None` where the log has shown no time yet.
    pub micros: Option<i64>,
    /// Index of the file in its source.
    pub file: usize,
    /// Line in that file.
    pub line: u64,
}

impl Moment {
    /// The moment of an event at `line` of a file, whose record, or the one before it, has that time.
    pub fn new(stamp: Option<&Stamp>, file: usize, line: u64) -> Moment {
        // Whole microseconds: the edge of a window is no matter of rounding.
        let micros = stamp.map(|stamp| (stamp.seconds() * 1e6).round() as i64);
        Moment { micros, file, line }
    }
}

/// How far apart two moments may lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) within: i64,
    pub(super) lines: u64,
}

impl Window {
    /// Whether `later`, which stands behind `earlier` in the log, is near it.
    pub(super) fn holds(self, earlier: Moment, later: Moment) -> bool {
        match (earlier.micros, later.micros) {
            (Some(earlier), Some(later)) => later.abs_diff(earlier) <= self.within.unsigned_abs(),
            (None, None) => {
                earlier.file == later.file && later.line.saturating_sub(earlier.line) <= self.lines
            }
            _ => false,
        }
    }

    /// The moment as it counts behind `last`; `None` where the series starts anew with it.
    fn follows(self, last: Moment, next: Moment) -> Option<Moment> {
        match (last.micros, next.micros) {
            (Some(before), Some(now)) if now >= before => Some(next),
            (Some(before), Some(now)) if before - now <= self.within => {
                Some(Moment { micros: Some(before), ..next })
            }
            (None, None) if last.file == next.file => Some(next),
            _ => None,
        }
    }
}

/// One event that a series rule is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Index of the series rule.
    pub rule: usize,
    /// It is an event of the series.
    pub is_event: bool,
    /// It is what follows, or fails to.
    pub is_then: bool,
    /// What was captured.
    pub captures: BTreeMap<String, String>,
}

/// A series that a rule asks for, or more of one.
#[derive(Debug, Clone, PartialEq)]
pub struct Fired<T> {
    /// Index of the rule.
    pub rule: usize,
    /// The values by which the series is told apart.
    pub key: String,
    /// First event that was not told before.
    pub first: T,
    /// Last event.
    pub last: T,
    /// Events that were not told before.
    pub count: u64,
    /// What was captured at the last event; `from` and `to` for a number that rises.
    pub captures: BTreeMap<String, String>,
}

/// Follows every series of a source. `T` is what the caller wants to have back of an event.
#[derive(Debug, Clone)]
pub struct SeriesTracker<T> {
    states: BTreeMap<usize, BTreeMap<String, State<T>>>,
}

impl<T> Default for SeriesTracker<T> {
    fn default() -> Self {
        SeriesTracker { states: BTreeMap::new() }
    }
}

#[derive(Debug, Clone)]
struct State<T> {
    last: Moment,
    /// Events in reach, oldest first: for a threshold the last `count`, for a sequence the last one, for
    /// an absence those that wait, for a row its first.
    events: VecDeque<(Moment, T)>,
    /// Events behind the last that was told of.
    untold: u64,
    /// First event behind the last that was told of, for a row.
    first_untold: Option<T>,
    /// Length of the row.
    row: u64,
    /// The value at the beginning of the row, and the last one.
    values: Option<(String, String)>,
    /// What was captured at the first event that waits.
    captures: BTreeMap<String, String>,
}

impl<T: Clone> SeriesTracker<T> {
    /// One more event of `series`, in the order of the log. Comes back with what it completes.
    pub fn see(&mut self, series: &Series, step: &Step, now: Moment, event: &T) -> Vec<Fired<T>> {
        let key = key_of(series, &step.captures);
        let states = self.states.entry(step.rule).or_default();
        if states.len() == KEYS
            && !states.contains_key(&key)
            && let Some(oldest) = states
                .iter()
                .min_by_key(|(_, state)| (state.last.micros, state.last.file, state.last.line))
                .map(|(key, _)| key.clone())
        {
            states.remove(&oldest);
        }
        let fresh = || State {
            last: now,
            events: VecDeque::new(),
            untold: 0,
            first_untold: None,
            row: 0,
            values: None,
            captures: BTreeMap::new(),
        };
        let state = states.entry(key.clone()).or_insert_with(fresh);
        let window = Window { within: series.within, lines: series.lines };
        let mut fired = Vec::new();
        let now = match window.follows(state.last, now) {
            Some(now) => now,
            None => {
                *state = fresh();
                now
            }
        };
        let before = std::mem::replace(&mut state.last, now);
        let mut tell = |first: T, last: T, count: u64, captures: BTreeMap<String, String>| {
            fired.push(Fired { rule: step.rule, key: key.clone(), first, last, count, captures });
        };
        match series.kind {
            SeriesKind::Threshold if step.is_event => {
                if state.events.len() == series.count {
                    state.events.pop_front();
                }
                state.events.push_back((now, event.clone()));
                state.untold += 1;
                let is_near =
                    state.events.front().is_some_and(|(first, _)| window.holds(*first, now));
                if state.events.len() == series.count && is_near {
                    let told = state.untold.min(series.count as u64);
                    let at = state.events.len() - told as usize;
                    tell(state.events[at].1.clone(), event.clone(), told, step.captures.clone());
                    state.untold = 0;
                }
            }
            SeriesKind::Sequence => {
                if step.is_then
                    && let Some((moment, first)) = state.events.pop_front()
                    && window.holds(moment, now)
                {
                    let mut captures = std::mem::take(&mut state.captures);
                    for (name, value) in &step.captures {
                        captures.entry(name.clone()).or_insert_with(|| value.clone());
                    }
                    tell(first, event.clone(), 1, captures);
                }
                if step.is_event {
                    state.events.clear();
                    state.events.push_back((now, event.clone()));
                    state.captures.clone_from(&step.captures);
                }
            }
            SeriesKind::Absence => {
                state.expire(window, now, &mut tell);
                if step.is_then {
                    state.events.clear();
                }
                if step.is_event && state.events.len() < OPEN {
                    if state.events.is_empty() {
                        state.captures.clone_from(&step.captures);
                    }
                    state.events.push_back((now, event.clone()));
                }
            }
            SeriesKind::Rising | SeriesKind::Steady if step.is_event => {
                let value = series.value.as_ref().and_then(|name| step.captures.get(name));
                let Some(value) = value else { return fired };
                let goes_on = state.values.as_ref().is_some_and(|(_, last)| {
                    window.holds(before, now)
                        && match series.kind {
                            SeriesKind::Rising => number(value) >= number(last),
                            _ => value == last,
                        }
                });
                if !goes_on {
                    state.row = 0;
                    state.untold = 0;
                    state.first_untold = None;
                    state.values = Some((value.clone(), value.clone()));
                }
                state.row += 1;
                state.untold += 1;
                if state.first_untold.is_none() {
                    state.first_untold = Some(event.clone());
                }
                let Some((from, to)) = &mut state.values else { return fired };
                to.clone_from(value);
                let is_enough = state.row >= series.count as u64
                    && (series.kind == SeriesKind::Steady
                        || number(to) > number(from) && number(to) >= series.times * number(from))
                    && series.reaches(&step.captures, to);
                if is_enough && let Some(first) = state.first_untold.take() {
                    let mut captures = step.captures.clone();
                    captures.insert("from".into(), from.clone());
                    captures.insert("to".into(), to.clone());
                    tell(first, event.clone(), state.untold, captures);
                    state.untold = 0;
                }
            }
            SeriesKind::Threshold | SeriesKind::Rising | SeriesKind::Steady => {}
        }
        fired
    }

    /// The run is over, and the log has come as far as `now`: absences that this decides are told, those
    /// that it leaves open are forgotten. All other series go on over a restart.
    pub fn close(&mut self, rules: &RuleSet, now: Moment) -> Vec<Fired<T>> {
        let mut fired = Vec::new();
        self.states.retain(|&rule, states| {
            let Some(series) = &rules.rules[rule].series else { return false };
            if series.kind != SeriesKind::Absence {
                return true;
            }
            let window = Window { within: series.within, lines: series.lines };
            for (key, state) in states {
                let Some(now) = window.follows(state.last, now) else { continue };
                state.expire(window, now, &mut |first, last, count, captures| {
                    fired.push(Fired { rule, key: key.clone(), first, last, count, captures });
                });
            }
            false
        });
        fired
    }
}

impl<T: Clone> State<T> {
    /// Tells of events that have waited longer than the window.
    fn expire(
        &mut self,
        window: Window,
        now: Moment,
        tell: &mut dyn FnMut(T, T, u64, BTreeMap<String, String>),
    ) {
        while let Some((_, event)) =
            self.events.pop_front_if(|(since, _)| !window.holds(*since, now))
        {
            tell(event.clone(), event, 1, self.captures.clone());
        }
    }
}

impl Series {
    /// Whether `value` has reached the part of the limit that is asked for; so it has where none is.
    fn reaches(&self, captures: &BTreeMap<String, String>, value: &str) -> bool {
        let Some(limit) = &self.limit else { return true };
        let limit = captures.get(limit).map_or(f64::NAN, |limit| number(limit));
        number(value) >= self.share * limit
    }
}

/// A number as logs write it; NaN, which is not near, above or below anything, where it is none.
fn number(text: &str) -> f64 {
    text.replace([',', '_'], "").parse().unwrap_or(f64::NAN)
}

fn key_of(series: &Series, captures: &BTreeMap<String, String>) -> String {
    let values = series.by.iter().map(|name| captures.get(name).map_or("", String::as_str));
    values.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
