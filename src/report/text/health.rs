//! What was read, how it ended, and what to look at where lines simply stop.

use super::paper::{Ink, Paper};
use crate::diagnosis::{Diagnosis, longest_pause};
use crate::report::{Report, SourceReport, Style};
use crate::report::{sentence, words};

/// No verdict: one line that says so, and a word on each log whose lines simply stop.
pub(super) fn write(paper: &mut Paper, report: &Report, style: &Style<'_>) {
    let unexplained = report.sources.iter().filter(|source| sentence::ended_badly(source)).count();
    let found = match report.sources.as_slice() {
        [source] if unexplained > 0 => {
            format!(
                "Nothing that was looked for explains the end of {}: {}.",
                source.name,
                end_in_words(source)
            )
        }
        [source] => format!("No crash in {}: {}.", source.name, end_in_words(source)),
        sources if unexplained > 0 => {
            format!(
                "Nothing that was looked for explains the end of {unexplained} of {} logs.",
                sources.len()
            )
        }
        sources => format!("No crash in {}.", words::count(sources.len() as u64, "log")),
    };
    let mark = if unexplained > 0 { (Ink::Careful, "! ") } else { (Ink::Good, "✓ ") };
    paper.prose(mark, Ink::Strong, &found);
    for (index, source) in report.sources.iter().enumerate() {
        let rhythm = style.rhythm.get(index).copied().flatten();
        if let Some(word) = word_on_silence(source, rhythm, style) {
            paper.gap();
            paper.prose((Ink::Careful, "! "), Ink::Plain, &word);
        }
    }
}

fn end_in_words(source: &SourceReport) -> String {
    let end = source.runs.last().map_or("open", |run| run.end.as_str());
    let time = source.last_time.as_deref().map(|time| format!(" at {}", words::time(time)));
    let time = time.unwrap_or_default();
    match end {
        "clean" => format!("the bot was asked to stop or said goodbye{time}"),
        "silent" => format!("its lines just stop{time}"),
        "killed" => format!("the bot was killed{time}"),
        "crash" => format!("the bot crashed{time}"),
        _ => format!("its lines go on in health to the last{time}"),
    }
}

/// Lines that simply stop tell nothing of why: say how long ago, and where to look.
fn word_on_silence(
    source: &SourceReport,
    rhythm: Option<f64>,
    style: &Style<'_>,
) -> Option<String> {
    let end = source.runs.last()?.end.as_str();
    if style.stopped || !matches!(end, "open" | "silent") {
        return None;
    }
    let age = words::age(source.last_time.as_deref()?, style.now?)?;
    if age < longest_pause(rhythm) {
        return None;
    }
    let rhythm = rhythm.map(|every| format!(" and this log speaks every {}", words::span(every)));
    let name = if source.name.is_empty() { "the log" } else { &source.name };
    Some(format!(
        "The last line of {name} is {} old{}. If the bot is down, nothing in its own log says why: run again \
         with --stopped, and look at the machine for sleep, a restart or the out-of-memory killer \
         (journalctl -k, dmesg), and at what its supervisor wrote.",
        words::span(age),
        rhythm.unwrap_or_default(),
    ))
}

/// Behind a crash: how often the same ended a run, and whether the bot is back.
pub(super) fn write_after_crash(paper: &mut Paper, report: &Report, diagnosis: &Diagnosis) {
    let Some((source, run)) = sentence::run_of(report, diagnosis) else { return };
    let same =
        source.runs.iter().filter(|run| run.rule.as_deref() == Some(&diagnosis.rule)).count();
    let mut words_after = Vec::new();
    if same > 1 {
        words_after.push(format!("{same} of {} runs ended like this.", source.runs.len()));
    }
    let is_later = |later: &&crate::report::RunReport| later.first_line > run.last_line;
    if let (Some(next), Some(last)) = (source.runs.iter().find(is_later), source.runs.last()) {
        let time = next.started.as_deref().map(|time| format!(" at {}", words::time(time)));
        let since = format!("line {}{}", next.first_line, time.unwrap_or_default());
        words_after.push(match last.end.as_str() {
            "open" => {
                format!("The bot was started again in {since} and its log goes on in health.")
            }
            "clean" => format!("The bot was started again in {since} and later stopped as asked."),
            _ => format!("The bot was started again in {since}."),
        });
    }
    if words_after.is_empty() {
        return;
    }
    paper.gap();
    paper.prose((Ink::Careful, "! "), Ink::Plain, &words_after.join(" "));
}

/// The last line: what was read, and what could not be.
pub(super) fn write_sources(paper: &mut Paper, report: &Report) {
    paper.gap();
    let lines = report.sources.iter().map(|source| source.lines).sum();
    let bytes = report.sources.iter().map(|source| source.bytes).sum();
    let what = match report.sources.as_slice() {
        [source] if source.files.len() > 1 => {
            format!("{} ({} files)", source.name, source.files.len())
        }
        [source] => source.name.clone(),
        sources => words::count(sources.len() as u64, "log"),
    };
    let mut read =
        format!("Read {} ({}) of {what}", words::count(lines, "line"), words::size(bytes));
    if let [source] = report.sources.as_slice() {
        if let (Some(first), Some(last)) = (&source.first_time, &source.last_time) {
            read.push_str(&format!(", {} to {}", words::time(first), words::time(last)));
        }
        if source.runs.len() > 1 {
            read.push_str(&format!(", {}", words::count(source.runs.len() as u64, "run")));
        }
    }
    paper.prose((Ink::Plain, ""), Ink::Faint, &format!("{read}."));
    for source in &report.sources {
        if let Some(why) = &source.incomplete {
            paper.prose((Ink::Careful, "! "), Ink::Plain, &format!("{}: {why}", source.name));
        }
    }
}
