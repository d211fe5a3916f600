//! Puts what one log tells of another's end where it belongs: into the report of the log that just stops, or
//! stands still for a while.

use super::batch::OneSource;
use crate::diagnosis::{Diagnosis, Evidence, Halt, Halted, LEAST_OF_A_VERDICT, Told, join};
use crate::model::{Level, Pattern};
use crate::safe::escape::visible;

/// The rule of memory that grew by the log's own readings.
const GROWTH: &str = "memory/growth";

/// The rule of a silence that errors of a clock or of connections follow.
const SLEEP: &str = "system/sleep";

/// How sure it is that what halted a machine halted the bot as well, whose silence lies around it.
const SURELY: f64 = 0.9;

/// The rules of runs that just stop.
const STOPS: [&str; 2] = ["system/silent-stop", "system/torn-end"];

/// Joins the sources. Comes back with what could not be compared.
pub(super) fn join_sources(read: &mut [OneSource]) -> Vec<String> {
    let deaths: Vec<Vec<_>> = read
        .iter()
        .map(|one| one.deaths.iter().map(|(death, _)| death.clone()).collect())
        .collect();
    let pauses: Vec<Vec<_>> = read
        .iter()
        .map(|one| one.pauses.iter().map(|(pause, _)| pause.clone()).collect())
        .collect();
    let told: Vec<Told<'_>> = read
        .iter()
        .zip(deaths.iter().zip(&pauses))
        .map(|(one, (deaths, pauses))| Told {
            name: &one.report.name,
            lives: &one.lives,
            pauses,
            deaths,
        })
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
        // That it stopped without a word is told with it.
        one.diagnoses.retain(|(own, _)| {
            let is_told =
                STOPS.contains(&own.rule.as_str()) && own.count == 1 && own.last == diagnosis.last;
            !is_told
        });
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
    for halt in &found.halts {
        put_halt(read, halt);
    }
    found.unclear.iter().map(|what| visible(what).into_owned()).collect()
}

/// Says of a silence, or of a run that just stops, what halted the machine.
fn put_halt(read: &mut [OneSource], halt: &Halt) {
    let (_, Some(told)) = &read[halt.teller].deaths[halt.death] else { return };
    let cause = Diagnosis::clone(told);
    let teller = &mut read[halt.teller];
    for (own, _) in &mut teller.diagnoses {
        if own.fingerprint == cause.fingerprint {
            own.level = own.level.min(Level::Warning);
        }
    }
    let name = teller.report.name.clone();
    let one = &mut read[halt.source];
    let last = |run: usize| one.lives_last[run].as_ref().map(|(_, position)| position.line);
    let is_meant = |own: &Diagnosis| match halt.which {
        Halted::Pause(at) => own.fingerprint == one.pauses[at].1,
        Halted::Run(run) => {
            STOPS.contains(&own.rule.as_str())
                && (own.count > 1 || Some(own.last.line) == last(run))
        }
    };
    let Some(at) = one.diagnoses.iter().position(|(own, _)| is_meant(own)) else { return };
    let own = &mut one.diagnoses[at].0;
    let evidence = own.evidence.iter().chain(&cause.evidence).cloned();
    // What has a chain of its own, or stands for several, keeps its name.
    if own.rule == SLEEP || own.count > 1 {
        own.evidence = evidence.collect();
        own.summary.push_str(&format!(" {name} tells of it: {}", cause.summary));
        own.confidence = own.confidence.max(cause.confidence.min(SURELY));
        return;
    }
    let known = std::mem::replace(&mut own.fingerprint, cause.fingerprint.clone());
    own.summary = format!("{}{} {}", cause.summary, visible(&halt.note), own.summary);
    own.evidence = evidence.collect();
    own.confidence = match halt.which {
        Halted::Pause(_) => own.confidence.max(cause.confidence.min(SURELY)),
        Halted::Run(_) => own.confidence,
    };
    if let Halted::Run(_) = halt.which {
        // No remark any more: it is known what ended it.
        own.level = own.level.max(Level::Error);
    }
    own.pattern = cause.pattern;
    own.rule.clone_from(&cause.rule);
    own.title.clone_from(&cause.title);
    own.captures.extend(cause.captures);
    own.fix = cause.fix;
    let fingerprint = own.fingerprint.clone();
    if one.report.verdict.as_ref() == Some(&known) {
        one.report.verdict = Some(fingerprint);
    }
    if let Halted::Run(run) = halt.which
        && let Some(rule) = &mut one.report.runs[run].rule
    {
        rule.clone_from(&cause.rule);
    }
}
