//! How incidents stand to each other in the end: consequences fold into their causes, and loops are told.

use super::links::Ends;
use super::{Incident, Incidents};
use crate::diagnosis::rhythm::length;
use crate::event::Stamp;
use crate::model::Level;
use crate::rules::RuleSet;
use crate::safe::limits;

/// What followed from an incident is told up to this number.
const FOLLOWERS: usize = 8;

/// Runs in a row that end in the same are a loop from this number on.
const LOOP: u64 = 3;

impl Incidents {
    /// Consequences fold into their causes: a cause is as bad as what followed from it and shows a line of
    /// each; a consequence that never came alone is a warning. Comes back with what each incident's
    /// summary says of it.
    pub(super) fn fold(&mut self, rules: &RuleSet) -> Vec<String> {
        let title = |index: usize, of: &[Incident]| rules.rules[of[index].rule].title.clone();
        let folded: Vec<Option<usize>> = (0..self.all.len())
            .map(|index| {
                let incident = &self.all[index];
                let is_consequence = incident.level < Level::Fatal
                    && (incident.part_of.is_some()
                        || incident.follows.is_some() && incident.explained == incident.count);
                let root = self.root(index, incident.cause());
                (is_consequence && root != index).then_some(root)
            })
            .collect();
        let mut told: Vec<Vec<usize>> = vec![Vec::new(); self.all.len()];
        let mut notes = vec![String::new(); self.all.len()];
        for (index, root) in folded.iter().enumerate() {
            let Some(root) = *root else { continue };
            told[root].push(index);
            let level = self.all[index].level;
            self.all[root].level = self.all[root].level.max(level);
            self.all[index].level = Level::Warning;
            let line = self.all[root].first.0.line;
            let how = if self.is_part(index, root) { "belongs to" } else { "followed from" };
            notes[index] =
                format!(" It {how} what began at line {line}: {}.", title(root, &self.all));
        }
        for (root, mut followers) in told.into_iter().enumerate() {
            if followers.is_empty() {
                continue;
            }
            followers.retain(|&at| !self.is_part(at, root));
            if followers.is_empty() {
                continue;
            }
            followers.sort_by_key(|&at| (self.all[at].first.0.file, self.all[at].first.0.line));
            let more = followers.len().saturating_sub(FOLLOWERS);
            followers.truncate(FOLLOWERS);
            let mut parts: Vec<String> = Vec::new();
            for &at in &followers {
                let Incident { count, first, evidence, .. } = &self.all[at];
                let times = if *count > 1 { format!(", {count} times") } else { String::new() };
                parts.push(format!("{} (line {}{times})", title(at, &self.all), first.0.line));
                let line = evidence.first().cloned();
                let own = &mut self.all[root].evidence;
                if let Some(line) = line
                    && own.len() < limits::EVIDENCE_LINES
                    && own.iter().all(|known| known.place != line.place)
                {
                    own.push(line);
                }
            }
            if more > 0 {
                parts.push(format!("and {more} more"));
            }
            notes[root].push_str(&format!(" What followed: {}.", parts.join("; ")));
        }
        for (index, incident) in self.all.iter().enumerate() {
            notes[index].push_str(&incident.ends.sentence());
        }
        notes
    }
}

impl Ends {
    /// Tells of a restart loop.
    fn sentence(&self) -> String {
        let Some((place, stamp)) = self.first.as_ref().filter(|_| self.count >= LOOP) else {
            return String::new();
        };
        let since = match stamp.as_ref().and_then(Stamp::iso) {
            Some(time) => format!("{time} (line {})", place.line),
            None => format!("line {}", place.line),
        };
        let mut gaps = self.gaps.clone();
        gaps.sort_unstable_by(f64::total_cmp);
        let apart = gaps
            .get(gaps.len() / 2)
            .map_or(String::new(), |&gap| format!(", about {} apart", length(gap)));
        format!(
            " A restart loop: {} runs in a row ended in it{apart}, the first at {since}.",
            self.count
        )
    }
}
