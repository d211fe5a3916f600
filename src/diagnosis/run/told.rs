//! What runs tell those who join several logs: how each stopped, and whose end their lines speak of.

use super::{Item, Runs};
use crate::diagnosis::daemon;
use crate::diagnosis::evidence::Line;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::incident::Mention;
use crate::diagnosis::join::{self, Death, Fate, Life, Pause};
use crate::event::{Stamp, read_record};
use crate::rules::{Effect, MarkKind};
use crate::safe::limits;

use super::End;

/// What halts all that runs on a machine.
const HALTS: [&str; 3] =
    ["system/host-suspended", "system/disk-error", "system/read-only-file-system"];

/// The mark of supervisors that were asked to stop something.
const ASKED: &str = "stop-request/supervisors";

impl Runs<'_> {
    /// Remembers an event that tells of the end of some process.
    pub(super) fn note_death(&mut self, finding: &Finding, mention: Option<&Mention>) {
        if self.has_mark(&finding.marks, MarkKind::Start) {
            self.pid = join::pid_in(&finding.message);
        }
        let killed = mention.filter(|mention| mention.effect == Effect::Killed);
        let is_asked = finding.marks.iter().any(|&at| self.matcher.rules.marks[at].id == ASKED);
        let halts = mention.filter(|mention| {
            HALTS.contains(&self.rules().rules[mention.rule].id.as_str()) && is_of_machine(finding)
        });
        let (fate, told) = match (killed, halts) {
            (Some(killed), _) => (Fate::Killed, Some(killed)),
            (None, Some(halts)) => (Fate::Halted, Some(halts)),
            (None, None) if is_asked => (Fate::Asked, None),
            (None, None) => return,
        };
        // A disk that fails fails on and on.
        let most = if fate == Fate::Halted { limits::DEATHS / 2 } else { limits::DEATHS };
        if self.deaths.len() >= most {
            return;
        }
        let line = finding.evidence.first().map_or(finding.message.as_str(), |line| &line.text);
        let capture = |name: &str| {
            let matched = finding.matched.as_ref().filter(|_| told.is_some())?;
            matched.captures.get(name).cloned()
        };
        self.deaths.push(Death {
            fate,
            incident: told.map(|mention| mention.incident),
            confidence: told.map_or(0.0, |mention| self.rules().rules[mention.rule].confidence),
            stamp: finding.stamp.clone(),
            pid: capture("pid").and_then(|pid| pid.parse().ok()),
            name: capture("name").or_else(|| join::named_in(line)),
            line: join::line(finding.place, line),
        });
    }

    /// Remembers a silence of the run, from the one time to the other, for those who know why.
    pub(super) fn note_pause(
        &mut self,
        mention: Option<&Mention>,
        silence: Option<(Stamp, Stamp)>,
    ) {
        if let Some((mention, (from, to))) = mention.zip(silence)
            && self.pauses.len() < limits::DEATHS
        {
            self.pauses.push(Pause { incident: mention.incident, from, to });
        }
    }

    /// How the run that ends now looks from outside. `cause` is what explains its end.
    pub(super) fn life(&self, end: End, cause: Option<usize>) -> Life {
        let text = |item: &Item| match item {
            Item::Line { place, bytes } => join::line(*place, &String::from_utf8_lossy(bytes)),
            Item::Found { finding, .. } | Item::Marked { finding, .. } => {
                let last = finding.evidence.last();
                let own = || Line { place: finding.place, text: finding.message.clone() };
                last.map_or_else(own, |line| join::line(line.place, &line.text))
            }
        };
        let pid = self.tail.iter().rev().find_map(|item| match item {
            Item::Line { bytes, .. } => {
                let record = read_record(bytes);
                record.pid.or_else(|| join::pid_in(&String::from_utf8_lossy(bytes)))
            }
            Item::Found { finding, .. } | Item::Marked { finding, .. } => finding.pid,
        });
        Life {
            end,
            explained: cause.map(|cause| self.incidents.confidence(cause)),
            ended: self.latest.clone(),
            every: self.rhythm(),
            last: self.tail.back().map(text).map(trimmed),
            pid: pid.or(self.pid),
        }
    }
}

/// Whether the machine says it, and not a bot of itself.
fn is_of_machine(finding: &Finding) -> bool {
    let wrote = |line: &Line| daemon::wrote(line.text.as_bytes()).unwrap_or_default();
    let is_plain = finding.severity.is_none() && finding.exception.is_none();
    (is_plain || finding.evidence.first().is_some_and(wrote)) && !finding.message.contains("Errno")
}

fn trimmed(mut line: Line) -> Line {
    line.text.truncate(line.text.trim_end().len());
    line
}
