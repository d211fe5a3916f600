//! Counting anew because somebody asks for it: the owner has mended what the hook could not.

use super::incident::{Phase, Told};
use super::{Note, Policy};
use crate::hook::record::{Moment, Record};
use crate::report::HookAction;

impl Policy {
    /// From now on the attempts of all incidents count anew, and what was given up is acted on again; a run that
    /// goes on is the first. The records of those that had any, to be written down, come with the notes.
    /// Records that other programs wrote before `now` count for nothing, too.
    pub fn count_anew(&mut self, now: Moment) -> Vec<(Note, Record)> {
        self.anew = now;
        let mut changed = Vec::new();
        for (key, incident) in &mut self.incidents {
            incident.told.retain(|told| *told == Told::Running);
            incident.self_restarts.clear();
            match incident.phase {
                // What waits for its gap need not.
                Phase::Due { settling: false, .. } => {
                    let at = now.after(self.paces[key.hook].settle);
                    incident.phase = Phase::Due { at, settling: true };
                }
                Phase::GivingUp => incident.phase = Phase::Calm,
                _ => {}
            }
            let runs = incident.phase == Phase::Running && !incident.record.gave_up;
            if incident.record.count > 0 || incident.record.gave_up {
                incident.record.start_anew(now, runs);
                incident.saved = incident.record.seen;
                let note = Note {
                    key: key.clone(),
                    action: HookAction::Resolved,
                    reason: "attempts are counted anew, as SIGHUP asks".to_owned(),
                    attempt: None,
                };
                changed.push((note, incident.record.clone()));
            }
        }
        changed
    }
}
