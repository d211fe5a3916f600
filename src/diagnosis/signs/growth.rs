//! Memory, handles and queues of the process that rise and go on rising, by the readings that the log itself
//! prints.

use std::collections::BTreeMap;

use super::reading::{Quantity, Reading, Unit, may_hold, readings};
use super::trend::{Bar, Rise, Trend};
use super::{Moment, Sample, Sign, length};
use crate::event::{Record, read_record};
use crate::model::Level;
use crate::source::Place;

/// Most series kept of one run; readings of further names are left alone.
const SERIES: usize = 24;

/// Longest text kept of a line.
const LINE_BYTES: usize = 240;

/// Seconds that a rise must have lasted to be told of by itself.
const LASTING: f64 = 120.0;

/// A number of bytes without a unit is at least this: no process with Python in it is smaller.
const BYTES: f64 = (16 << 20) as f64;

/// A limit is as good as reached from this part of it.
const REACHED: f64 = 0.95;

/// Fewer bytes than this are in every line.
const LEAST_TELLING: usize = 4;

/// The rules that tell of a rise.
pub(super) const RULES: [&str; 3] =
    ["memory/growth", "system/handle-growth", "memory/backlog-growth"];

/// What is asked of a rise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// To be told of by itself.
    ByItself,
    /// To explain something that happened now, such as a kill.
    AsCause,
}

/// A line with a reading.
#[derive(Debug, Clone)]
struct Seen {
    moment: Moment,
    /// The number as logged.
    text: String,
}

/// The readings of one run.
#[derive(Debug, Clone, Default)]
pub(super) struct Growths {
    series: BTreeMap<(Quantity, Unit, String), Series>,
    /// Time of the last sample that has one.
    now: Option<f64>,
    /// Number of the reading up to which each rule has told.
    told: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Clone)]
struct Series {
    trend: Trend<Seen>,
    limit: Option<f64>,
}

impl Growths {
    /// One line of the log, in order, which may hold readings or not. `seconds` is its time, or that of the sample
    /// before it.
    pub(super) fn sample(&mut self, sample: &Sample<'_>, may_hold: bool, seconds: Option<f64>) {
        self.now = seconds.or(self.now);
        if !may_hold {
            return;
        }
        let found = readings_of(&read_record(sample.line));
        if found.is_empty() {
            return;
        }
        let mut moment = sample.moment();
        let mut end = moment.line.text.len().min(LINE_BYTES);
        while !moment.line.text.is_char_boundary(end) {
            end -= 1;
        }
        moment.line.text.truncate(end);
        for Reading { quantity, name, value, unit, limit, text, .. } in found {
            let key = (quantity, unit, name);
            if self.series.len() == SERIES && !self.series.contains_key(&key) {
                continue;
            }
            let fresh = || Series { trend: Trend::new(), limit: None };
            let series = self.series.entry(key).or_insert_with(fresh);
            series.trend.add(seconds, value, Seen { moment: moment.clone(), text });
            series.limit = limit.or(series.limit);
        }
    }

    /// What rises up to a finding that it may be the cause of. `leads` tells within how many seconds a rule
    /// leads to it.
    pub(super) fn before(&mut self, leads: impl Fn(&str) -> Option<f64>) -> Vec<Sign> {
        // By the samples' clock: the line of a kill may have the time of whoever wrapped it.
        let now = self.now;
        let near = |rule: &'static str, last: Option<f64>| {
            leads(rule).is_some_and(|within| match (last, now) {
                (Some(last), Some(now)) => (now - last).abs() <= within,
                _ => true,
            })
        };
        if !RULES.iter().any(|rule| near(rule, None)) {
            return Vec::new();
        }
        self.rising(Asked::AsCause, near)
    }

    /// What rises when the run is over.
    pub(super) fn close(&mut self, asked: Asked) -> Vec<Sign> {
        self.rising(asked, |_, _| true)
    }

    /// What rises now and was not told yet: one of each rule that `counts`, the one that tells most.
    fn rising(
        &mut self,
        asked: Asked,
        counts: impl Fn(&'static str, Option<f64>) -> bool,
    ) -> Vec<Sign> {
        let mut signs: Vec<Sign> = Vec::new();
        for ((quantity, unit, name), series) in &self.series {
            let rule = rule_of(*quantity);
            // Series are in the order of what they measure, the surest first.
            if signs.iter().any(|known| known.rule == rule) {
                continue;
            }
            let Some(last) = series.trend.last() else { continue };
            let is_bytes =
                *unit == Unit::Plain && *quantity == Quantity::Memory && last.value >= BYTES;
            let unit = if is_bytes { Unit::Bytes } else { *unit };
            let told = self.told.get(rule).copied().unwrap_or(0);
            if !counts(rule, last.seconds) || last.order < told {
                continue;
            }
            if let Some(rise) = series.trend.rise(bar(*quantity, unit, asked)) {
                let count = (rise.last.order + 1 - told).min(rise.count);
                self.told.insert(rule, rise.last.order + 1);
                signs.push(sign(rule, name, unit, series.limit, rise, count));
            }
        }
        // What piles up comes before the memory that it takes.
        signs.reverse();
        signs
    }

    /// The line of the last reading, where there is one.
    pub(super) fn last(&self) -> Option<Place> {
        let last = |series: &Series| Some(series.trend.last()?.what.moment.line.place);
        self.series.values().filter_map(last).max_by_key(|place| (place.file, place.line))
    }
}

/// The readings of a record.
fn readings_of(record: &Record<'_>) -> Vec<Reading> {
    let mut found = readings(&record.message);
    if !record.extra.is_empty() {
        found.extend(readings(&record.extra));
    }
    found
}

/// What finds the next line with the readings of this one, where it has any: a text of the line itself.
pub fn telling(line: &[u8]) -> Option<Vec<u8>> {
    if !may_hold(line) {
        return None;
    }
    let is_in = |text: &String| {
        text.len() >= LEAST_TELLING && memchr::memmem::find(line, text.as_bytes()).is_some()
    };
    readings_of(&read_record(line)).into_iter().find_map(|reading| {
        let beside = reading.beside;
        // The field of a JSON record.
        let end = beside.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let field = format!("\"{}\"", &beside[..end.unwrap_or(beside.len())]);
        Some(beside).filter(is_in).or(Some(field).filter(is_in)).map(String::into_bytes)
    })
}

/// The rule that tells of a rise.
fn rule_of(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Memory => RULES[0],
        Quantity::Files | Quantity::Connections | Quantity::Threads => RULES[1],
        Quantity::Tasks | Quantity::Queue => RULES[2],
    }
}

/// What a rise must have. Bots that warm up, or that have a busy hour, stay below it or flatten out.
fn bar(quantity: Quantity, unit: Unit, asked: Asked) -> Bar {
    let seconds = if asked == Asked::ByItself { LASTING } else { 0.0 };
    let (times, by) = match (quantity, unit) {
        (Quantity::Memory, Unit::Bytes) => (1.35, (24 << 20) as f64),
        (Quantity::Memory, Unit::Percent) => (1.25, 12.0),
        (Quantity::Memory, Unit::Plain) => (1.5, 20.0),
        (Quantity::Files, _) => (1.5, 40.0),
        (Quantity::Connections, _) => (2.0, 40.0),
        (Quantity::Threads, _) => (2.0, 30.0),
        (Quantity::Tasks, _) => (2.0, 80.0),
        (Quantity::Queue, _) => (3.0, 100.0),
    };
    let (points, times_of_few) = match asked {
        Asked::ByItself => (6, f64::max(times, 2.0)),
        Asked::AsCause => (5, f64::max(times, 1.5)),
    };
    Bar { points, seconds, times, times_of_few, by }
}

fn sign(
    rule: &'static str,
    name: &str,
    unit: Unit,
    limit: Option<f64>,
    rise: Rise<Seen>,
    count: u64,
) -> Sign {
    let mut captures = BTreeMap::new();
    let mut set = |name: &str, value: String| {
        captures.insert(name.to_owned(), value);
    };
    set("measure", name.to_owned());
    set("from", amount(rise.first.value, unit));
    set("to", amount(rise.last.value, unit));
    if rule == RULES[0] {
        set("size", rise.last.what.text);
    }
    let span = rise.first.seconds.zip(rise.last.seconds).map(|(first, last)| last - first);
    match (span, rise.per_hour) {
        // Of a rise of seconds nobody wants to know what it would be in an hour.
        (Some(span), Some(rate)) if span >= LASTING => {
            set("span", format!(" in {}, {} an hour,", length(span), amount(rate, unit)));
        }
        (Some(span), _) if span >= 1.0 => set("span", format!(" in {}", length(span))),
        _ => {}
    }
    let limit = limit.or((unit == Unit::Percent).then_some(100.0));
    if let Some(limit) = limit {
        let stated = amount(limit, unit);
        let left = (limit - rise.last.value) * 3600.0;
        let note = match rise.per_hour {
            _ if rise.last.value >= REACHED * limit => {
                format!(" The limit of {stated} is reached.")
            }
            Some(rate) if rate > 0.0 => {
                format!(
                    " At this rate the limit of {stated} is reached in {}.",
                    length(left / rate)
                )
            }
            _ => format!(" The limit is {stated}."),
        };
        set("outlook", note);
    }
    Sign {
        rule,
        subject: name.to_owned(),
        level: Level::Warning,
        count,
        first: rise.first.what.moment,
        last: rise.last.what.moment,
        captures,
        says_most: true,
        causes_since: None,
    }
}

/// A number with its unit, for people.
fn amount(value: f64, unit: Unit) -> String {
    const UNITS: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    match unit {
        Unit::Percent => format!("{value:.0} %"),
        Unit::Plain if value.abs() < 100.0 && value.fract() != 0.0 => format!("{value:.1}"),
        Unit::Plain => format!("{value:.0}"),
        Unit::Bytes => {
            let (mut value, mut at) = (value, 0);
            while value >= 1024.0 && at + 1 < UNITS.len() {
                value /= 1024.0;
                at += 1;
            }
            let digits = usize::from(value < 10.0 && at > 0);
            format!("{value:.digits$} {}", UNITS[at])
        }
    }
}

#[cfg(test)]
mod tests;
