//! What may be told of a log that was read from its newest entry to its oldest.
//!
//! What stands behind an error there came before it. So no run is known to have ended, nothing is a verdict, and
//! what detectors and judges made of the order of lines is left out.

use super::batch::OneSource;
use crate::diagnosis::{Diagnosis, NEWEST_FIRST};
use crate::model::Level;

/// Rules of what only the order of lines shows.
const BY_ORDER: [&str; 6] = [
    "network/feed-stopped",
    "system/clock-jump",
    "system/gap",
    "system/silent-stop",
    "system/sleep",
    "system/torn-end",
];

/// Whether a diagnosis says that its log lists its newest entry first.
pub(super) fn is_word_of_it(diagnosis: &Diagnosis) -> bool {
    diagnosis.rule == NEWEST_FIRST
}

/// Takes back what does not hold, where a log lists its newest entry first.
pub(super) fn take_back(one: &mut OneSource) {
    if !one.diagnoses.iter().any(|(diagnosis, _)| is_word_of_it(diagnosis)) {
        return;
    }
    one.report.verdict = None;
    one.diagnoses.retain(|(diagnosis, _)| !BY_ORDER.contains(&diagnosis.rule.as_str()));
    for (diagnosis, _) in &mut one.diagnoses {
        diagnosis.level = diagnosis.level.min(Level::Error);
    }
    let times = (one.report.first_time.take(), one.report.last_time.take());
    (one.report.last_time, one.report.first_time) = times;
    let last_line = one.report.runs.last().map(|run| run.last_line);
    one.report.runs.truncate(1);
    for run in &mut one.report.runs {
        run.last_line = last_line.unwrap_or(run.last_line);
        run.started.clone_from(&one.report.first_time);
        run.ended.clone_from(&one.report.last_time);
        run.end = "open".to_owned();
        run.rule = None;
    }
    one.lives.clear();
    one.lives_last.clear();
    one.pauses.clear();
    one.deaths.clear();
}
