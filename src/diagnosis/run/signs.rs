//! Shows a run's lines to the detectors of what no line says, and adds what they tell.

use super::{Item, Runs, STAMP_LINES};
use crate::diagnosis::evidence::Line;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::signs::{Between, Coming, Moment, Sample, Signs, may_tell};
use crate::event::{Stamp, read_record};
use crate::source::Place;

/// Rules of what ends a bot that grows, as far as its log tells, where the log then just stops.
const GROWTHS: [&str; 2] = ["memory/growth", "memory/backlog-growth"];

/// A pause is remembered for so long, in seconds, for the errors that it leads to.
const NEAR: f64 = 600.0;

impl Runs<'_> {
    /// A line that is looked at whatever it says. `between` tells the lines from the sample before up to it,
    /// where that is few enough.
    pub fn sample(&mut self, sample: &Sample<'_>, between: Between<'_>) {
        let civil = sample.stamp.as_ref().map(|stamp| stamp.civil);
        let before = |since: jiff::civil::DateTime| civil.is_none_or(|civil| civil < since);
        let behind = |until: jiff::civil::DateTime| civil.is_none_or(|civil| civil > until);
        if !self.since.is_some_and(before) && !self.until.is_some_and(behind) {
            self.signs.sample(sample, between);
        }
        if sample.is_first {
            self.order.sample(sample);
        }
    }

    /// The last line before `place` that has a time.
    fn line_before(&self, place: Place) -> Option<Moment> {
        let is_behind = |at: Place| at.file == place.file && at.line >= place.line;
        let before = self.tail.iter().rev().skip_while(|item| is_behind(item.place()));
        before.take(STAMP_LINES).find_map(|item| self.moment_of(item))
    }

    /// Tells of signs that a finding makes true.
    pub(super) fn signs_before(&mut self, finding: &Finding, stamp: Option<&Stamp>) {
        let Some(matched) = &finding.matched else { return };
        let rules = self.rules();
        let rule = rules.rules[matched.rule].id.as_str();
        let captures = &matched.captures;
        let own = || Line { place: finding.place, text: finding.message.clone() };
        let line = finding.evidence.first().cloned().unwrap_or_else(own);
        let moment = &Moment { stamp: stamp.cloned(), line };
        let after = self.line_before(finding.place);
        let seconds = stamp.map(Stamp::seconds);
        if Signs::asks_for_pause(rules, rule) {
            self.look_for_pause();
        }
        let pause = self.pause.take();
        let coming = Coming {
            rule,
            seconds,
            captures,
            moment,
            after: after.as_ref(),
            pause: pause.as_ref(),
        };
        if self.signs.asks(rules, coming) {
            self.show_last_lines();
        }
        for sign in self.signs.before(rules, coming) {
            let at = sign.goes_on().then_some((finding.place, stamp));
            let silence = sign.silence();
            let mention = self.incidents.add_sign(rules, sign, at);
            self.note_pause(mention.as_ref(), silence);
        }
        self.pause = pause;
    }

    /// Looks for the longest pause among the last lines, as far as it has not looked at them.
    fn look_for_pause(&mut self) {
        let upto = self.paused_upto;
        let is_known = |place: Place| {
            upto.is_some_and(|upto| (place.file, place.line) <= (upto.file, upto.line))
        };
        let from = self.tail.iter().rposition(|item| is_known(item.place())).unwrap_or(0);
        let mut last: Option<(usize, Stamp)> = None;
        let mut longest: Option<(f64, usize, usize)> = None;
        for (at, item) in self.tail.iter().enumerate().skip(from) {
            let Item::Line { place, .. } = item else { continue };
            self.paused_upto = Some(*place);
            let Some(now) = item.stamp() else { continue };
            if let Some((before, stamp)) = &last {
                let seconds = now.seconds() - stamp.seconds();
                if longest.is_none_or(|(most, ..)| seconds > most) {
                    longest = Some((seconds, *before, at));
                }
            }
            last = Some((at, now));
        }
        let (Some((seconds, before, behind)), Some((_, now))) = (longest, last) else { return };
        let known = self.pause.as_ref().and_then(|(before, behind)| {
            let (before, behind) = (before.stamp.as_ref()?, behind.stamp.as_ref()?);
            let is_near = now.seconds() - behind.seconds() <= NEAR;
            is_near.then(|| behind.seconds() - before.seconds())
        });
        if known.is_none_or(|known| seconds > known) {
            let moments =
                self.moment_of(&self.tail[before]).zip(self.moment_of(&self.tail[behind]));
            self.pause = moments;
        }
    }

    /// A line of the tail that has a time, as signs remember it.
    fn moment_of(&self, item: &Item) -> Option<Moment> {
        let stamp = item.stamp()?;
        let stamp = Some(self.zone.as_ref().map_or(stamp.clone(), |zone| stamp.with_zone(zone)));
        let text = match item {
            Item::Line { bytes, .. } => String::from_utf8_lossy(bytes).trim_end().to_owned(),
            Item::Found { finding, .. } | Item::Marked { finding, .. } => {
                let line = finding.evidence.first();
                line.map_or(&finding.message, |line| &line.text).clone()
            }
        };
        Some(Moment { stamp, line: Line { place: item.place(), text } })
    }

    /// Shows the last lines to those who follow the numbers of the run, as far as they are no samples.
    fn show_last_lines(&mut self) {
        for item in &self.tail {
            let Item::Line { place, bytes } = item else { continue };
            if !may_tell(bytes) {
                continue;
            }
            let stamp = read_record(bytes).stamp;
            let stamp = match &self.zone {
                Some(zone) => stamp.map(|stamp| stamp.with_zone(zone)),
                None => stamp,
            };
            let line = bytes.as_slice();
            let place = *place;
            let sample = Sample {
                place,
                stamp,
                line,
                skipped: false,
                is_first: false,
                tells: true,
                said: None,
            };
            self.signs.last_line(&sample);
        }
    }

    /// Shows the last lines to those who follow what stands still.
    fn show_ending(&mut self) {
        for item in &self.tail {
            let Item::Line { place, bytes } = item else { continue };
            let stamp = read_record(bytes).stamp;
            let stamp = match &self.zone {
                Some(zone) => stamp.map(|stamp| stamp.with_zone(zone)),
                None => stamp,
            };
            let (line, place) = (bytes.as_slice(), *place);
            let sample = Sample {
                place,
                stamp,
                line,
                skipped: true,
                is_first: true,
                tells: false,
                said: None,
            };
            self.signs.ending(&sample);
        }
    }

    /// Tells of signs in which the run stands at its end, and remembers what grew.
    pub(super) fn signs_at_end(&mut self, stopped: bool) {
        self.show_last_lines();
        self.show_ending();
        let rules = self.rules();
        // Programs of a machine speak when they have something to do.
        let signs = if self.of_machine { Vec::new() } else { self.signs.close(stopped) };
        for sign in signs {
            let grew = GROWTHS.contains(&sign.rule);
            let silence = sign.silence();
            let mention = self.incidents.add_sign(rules, sign, None);
            self.note_pause(mention.as_ref(), silence);
            if grew && self.grew.is_none() {
                self.grew = mention;
            }
        }
    }
}
