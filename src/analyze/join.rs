//! Puts what one log tells of another's end where it belongs: into the report of the log that just stops.

use super::batch::OneSource;
use crate::diagnosis::{Diagnosis, Evidence, LEAST_OF_A_VERDICT, Told, join};
use crate::model::{Level, Pattern};
use crate::safe::escape::visible;

/// The rule of memory that grew by the log's own readings.
const GROWTH: &str = "memory/growth";

/// Joins the sources. Comes back with what could not be compared.
pub(super) fn join_sources(read: &mut [OneSource]) -> Vec<String> {
    let deaths: Vec<Vec<_>> = read
        .iter()
        .map(|one| one.deaths.iter().map(|(death, _)| death.clone()).collect())
        .collect();
    let told: Vec<Told<'_>> = read
        .iter()
        .zip(&deaths)
        .map(|(one, deaths)| Told { name: &one.report.name, lives: &one.lives, deaths })
        .collect();
    let found = join(&told);
    for joined in found.joined {
        let (_, Some(killer)) = &read[joined.teller].deaths[joined.death] else { continue };
        let Some(last) = &read[joined.source].lives_last[joined.run] else { continue };
        let mut diagnosis = Diagnosis::clone(killer);
        let rule = diagnosis.rule.clone();
        diagnosis.level = Level::Fatal;
        diagnosis.confidence = joined.confidence.max(LEAST_OF_A_VERDICT);
        diagnosis.summary.push_str(&visible(&joined.note));
        diagnosis.first = last.1.clone();
        diagnosis.last = last.1.clone();
        diagnosis.evidence.insert(0, last.0.clone());
        let fingerprint = diagnosis.fingerprint.clone();
        // The teller's own records of it are no second finding.
        let teller = &mut read[joined.teller];
        let death = teller.deaths[joined.death].0.clone();
        let told = teller.deaths.iter().filter(|(other, _)| other.is_one_with(&death));
        let told: Vec<String> =
            told.filter_map(|(_, told)| Some(told.as_ref()?.fingerprint.clone())).collect();
        for (own, _) in &mut teller.diagnoses {
            if told.contains(&own.fingerprint) {
                own.level = Level::Warning;
            }
        }
        if teller.report.verdict.as_ref().is_some_and(|verdict| told.contains(verdict)) {
            teller.report.verdict = None;
        }
        let name = teller.report.name.clone();
        let one = &mut read[joined.source];
        // What the bot's own readings showed before it was killed for memory belongs to it.
        let run = &one.report.runs[joined.run];
        let grew = one.diagnoses.iter().map(|(own, _)| own).find(|own| {
            own.rule == GROWTH && (run.first_line..=run.last_line).contains(&own.last.line)
        });
        if let Some(grew) = grew.filter(|_| diagnosis.pattern == Pattern::Memory) {
            diagnosis.summary.push_str(&format!(" Before that: {}", grew.summary));
            diagnosis.evidence.extend(grew.evidence.iter().cloned());
        }
        let weak = one.report.verdict.take();
        for (own, _) in &mut one.diagnoses {
            if weak.as_ref() == Some(&own.fingerprint) && own.level == Level::Fatal {
                own.level = Level::Error;
                own.summary.push_str(&format!(" {name} tells what ended the bot."));
            }
        }
        let run = &mut one.report.runs[joined.run];
        run.end = "killed".to_owned();
        run.rule = Some(rule);
        let ended_badly =
            one.report.runs.iter().rposition(|run| matches!(run.end.as_str(), "crash" | "killed"));
        one.report.verdict =
            if ended_badly == Some(joined.run) { Some(fingerprint.clone()) } else { weak };
        if one.diagnoses.iter().all(|(own, _)| own.fingerprint != fingerprint) {
            one.diagnoses.push((diagnosis, Vec::<Evidence>::new()));
        }
    }
    found.unclear.iter().map(|what| visible(what).into_owned()).collect()
}
