//! What the formats for people say of one diagnosis.

use super::words;
use super::{Report, RunReport, SourceReport};
use crate::diagnosis::{Diagnosis, NEWEST_FIRST, OwnFrame, Standing};
use crate::model::Level;

/// What happened, when and where, in one sentence.
pub(super) fn sentence(report: &Report, diagnosis: &Diagnosis) -> String {
    format!("{}: {}", happening(report, diagnosis), diagnosis.summary)
}

/// The first half of the sentence: `The bot crashed at 12:00 (bot.log, line 7)`.
fn happening(report: &Report, diagnosis: &Diagnosis) -> String {
    let what = what_happened(report, diagnosis);
    let at = &diagnosis.last;
    let when = words::time_of(at).map(|time| format!(" at {time}")).unwrap_or_default();
    let stream = if at.source == at.file || report.sources.len() == 1 {
        String::new()
    } else {
        format!(", {}", at.source)
    };
    format!("{what}{when} ({}, line {}{stream})", at.file, at.line)
}

/// `The bot crashed`.
pub(super) fn what_happened(report: &Report, diagnosis: &Diagnosis) -> &'static str {
    match diagnosis.level {
        Level::Fatal => match run_of(report, diagnosis).map(|(_, run)| run.end.as_str()) {
            Some("killed") => "The bot was killed",
            Some("silent") => "The bot fell silent",
            _ => "The bot crashed",
        },
        _ if diagnosis.rule == NEWEST_FIRST => "The log goes back in time",
        Level::Error if is_newest_first(report, &diagnosis.last.source) => {
            "Something in the bot failed"
        }
        Level::Error => "The bot went on, but something in it failed",
        Level::Warning => "The bot coped with this",
    }
}

/// Whether what stands behind a line of that source came before it.
fn is_newest_first(report: &Report, source: &str) -> bool {
    let is_word_of_it = |one: &Diagnosis| one.rule == NEWEST_FIRST && one.last.source == source;
    report.diagnoses.iter().any(is_word_of_it)
}

/// The source that holds a diagnosis, and the run that ended with it (else the run that holds it).
pub(super) fn run_of<'r>(
    report: &'r Report,
    diagnosis: &Diagnosis,
) -> Option<(&'r SourceReport, &'r RunReport)> {
    let source = report.sources.iter().find(|source| source.name == diagnosis.last.source)?;
    let is_its = |run: &&RunReport| run.rule.as_deref() == Some(diagnosis.rule.as_str());
    let run = source.runs.iter().rev().find(is_its).or_else(|| {
        let line = diagnosis.last.line;
        source.runs.iter().find(|run| (run.first_line..=run.last_line).contains(&line))
    })?;
    Some((source, run))
}

/// Certainty, repetition and baseline, for behind the rule.
pub(super) fn standing(diagnosis: &Diagnosis) -> String {
    let mut about = format!("{:.0} % sure", diagnosis.confidence.clamp(0.0, 1.0) * 100.0);
    if diagnosis.count > 1 {
        about.push_str(&format!(" · {} times", words::digits(diagnosis.count)));
        if let Some(time) = words::time_of(&diagnosis.first) {
            about.push_str(&format!(" since {time}"));
        }
    }
    if let Some(baseline) = &diagnosis.baseline {
        about.push_str(match baseline {
            Standing::New => " · not in the baseline",
            Standing::Known => " · known in the baseline",
            Standing::Risen => " · risen above the baseline",
        });
    }
    about
}

/// `/srv/bot/feed.py:21 in latest`.
pub(super) fn frame_place(frame: &OwnFrame) -> String {
    let mut place = frame.file.clone();
    if let Some(line) = frame.line {
        place.push_str(&format!(":{line}"));
    }
    if let Some(function) = &frame.function {
        place.push_str(&format!(" in {function}"));
    }
    place
}

/// The last run crashed or was killed: without a verdict, that was hidden, left out by an option, or is
/// too uncertain.
pub(super) fn ended_badly(source: &SourceReport) -> bool {
    source.runs.last().is_some_and(|run| matches!(run.end.as_str(), "crash" | "killed"))
}
