//! One event on its own.

use super::decision::Cause;
use super::finding::Finding;
use super::incident::{Incidents, Names};
use super::record::Diagnosis;
use crate::event::Stamp;
use crate::rules::RuleSet;

/// One event taken alone, as a diagnosis of its own: what a report would say had nothing else happened.
/// `ending` is what explains that a run ended with it, where one did. `None` where it is no incident.
pub fn alone(
    rules: &RuleSet,
    finding: &Finding,
    stamp: Option<Stamp>,
    ending: Option<&Cause>,
    names: &Names<'_>,
) -> Option<Diagnosis> {
    let mut incidents = Incidents::default();
    let mention = match ending {
        Some(Cause::Unexplained { rule, finding }) => {
            incidents.add_end(rules, rule, finding, stamp)?
        }
        _ => incidents.add(rules, finding, stamp)?,
    };
    if let Some(cause) = ending {
        incidents.end_run(rules, mention.incident, None, cause.surest(), cause.ends_log());
    }
    incidents.into_diagnoses(rules, names).pop()
}
