//! Shows a run's lines to the detectors of what no line says, and adds what they tell.

use super::{Item, Runs, STAMP_LINES};
use crate::diagnosis::evidence::Line;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::signs::{Between, Coming, Moment, Sample, may_tell};
use crate::event::{Stamp, read_record};
use crate::source::Place;

/// Rules of what ends a bot that grows, as far as its log tells, where the log then just stops.
const GROWTHS: [&str; 2] = ["memory/growth", "memory/backlog-growth"];

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
    }

    /// The last line before `place` that has a time.
    fn line_before(&self, place: Place) -> Option<Moment> {
        let is_behind = |at: Place| at.file == place.file && at.line >= place.line;
        let before = self.tail.iter().rev().skip_while(|item| is_behind(item.place()));
        before.take(STAMP_LINES).find_map(|item| {
            let stamp = item.stamp()?;
            let stamp =
                Some(self.zone.as_ref().map_or(stamp.clone(), |zone| stamp.with_zone(zone)));
            let text = match item {
                Item::Line { bytes, .. } => String::from_utf8_lossy(bytes).trim_end().to_owned(),
                Item::Found { finding, .. } | Item::Marked { finding, .. } => {
                    let line = finding.evidence.first();
                    line.map_or(&finding.message, |line| &line.text).clone()
                }
            };
            Some(Moment { stamp, line: Line { place: item.place(), text } })
        })
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
        let coming = Coming { rule, seconds, captures, moment, after: after.as_ref() };
        if self.signs.asks(rules, coming) {
            self.show_last_lines();
        }
        for sign in self.signs.before(rules, coming) {
            let at = sign.goes_on().then_some((finding.place, stamp));
            let silence = sign.silence();
            let mention = self.incidents.add_sign(rules, sign, at);
            self.note_pause(mention.as_ref(), silence);
        }
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
            let sample =
                Sample { place, stamp, line, skipped: false, is_first: false, tells: true };
            self.signs.last_line(&sample);
        }
    }

    /// Tells of signs in which the run stands at its end, and remembers what grew.
    pub(super) fn signs_at_end(&mut self, stopped: bool) {
        self.show_last_lines();
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
