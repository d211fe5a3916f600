//! Room for incidents and their context, which is bounded: which gives way.

use super::{Incident, Incidents};
use crate::diagnosis::evidence::Line;
use crate::model::Level;

/// An incident does not give way while one of the last so many findings was its own: the run may still
/// mean it (it remembers at most half as many).
const IN_USE: u64 = 128;

impl Incidents {
    /// Index of the incident of that fingerprint, which `fresh` makes where there is none yet. `None` where
    /// there is no room for it.
    pub(super) fn place_of(
        &mut self,
        fingerprint: &str,
        level: Level,
        fresh: impl FnOnce(u64) -> Incident,
    ) -> Option<usize> {
        if let Some(&index) = self.by_fingerprint.get(fingerprint) {
            return Some(index);
        }
        let Some(index) = self.room(level) else {
            self.crowded_out += 1;
            return None;
        };
        self.by_fingerprint.insert(fingerprint.to_owned(), index);
        self.made += 1;
        let incident = fresh(self.made);
        match self.all.get_mut(index) {
            Some(given_way) => *given_way = incident,
            None => self.all.push(incident),
        }
        match level {
            Level::Warning => self.mild[0].push_back(index),
            Level::Error => self.mild[1].push_back(index),
            Level::Fatal => {}
        }
        self.fresh.push(index);
        Some(index)
    }

    /// Index for a new incident: a free one, or that of the oldest of the mildest level, which is gone
    /// then. `None` where all that is kept is worse than `level` or in use.
    fn room(&mut self, level: Level) -> Option<usize> {
        if self.all.len() < self.most {
            return Some(self.all.len());
        }
        for (queue, its_level) in [(0, Level::Warning), (1, Level::Error)] {
            if level < its_level {
                break;
            }
            for _ in 0..self.mild[queue].len() {
                let Some(index) = self.mild[queue].pop_front() else { break };
                let incident = &self.all[index];
                if incident.level > its_level {
                    if incident.level == Level::Error {
                        self.mild[1].push_back(index);
                    }
                } else if self.added - incident.added < IN_USE {
                    self.mild[queue].push_back(index);
                } else {
                    self.crowded_out += incident.count;
                    self.context_bytes -= size(&incident.context);
                    self.by_fingerprint.remove(&incident.fingerprint);
                    return Some(index);
                }
            }
        }
        None
    }

    /// Keeps `lines`, which stand before the first event of an incident, where there is room.
    pub fn set_context(&mut self, index: usize, lines: Vec<Line>) {
        let size = size(&lines);
        if self.context_bytes + size <= self.most_context {
            self.context_bytes += size;
            self.all[index].context = lines;
        }
    }
}

fn size(lines: &[Line]) -> usize {
    lines.iter().map(|line| size_of::<Line>() + line.text.len()).sum()
}
