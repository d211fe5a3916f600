//! One object a line, each flushed, so that a program can act while the log still grows.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Serializer};

use super::visible::Visible;
use super::{Event, Report, RunAction, RunEvent, Summary, Told};

/// Writes a report of finished logs: its diagnoses in their order, the runs of each source, and what it
/// all came to.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for diagnosis in &report.diagnoses {
        let told = Told { diagnosis: Box::new(diagnosis.clone()), replayed: false };
        write_event(&Event::Diagnosis(told), out)?;
    }
    for source in &report.sources {
        for run in &source.runs {
            let action = if run.end == "open" { RunAction::Began } else { RunAction::Ended };
            let event = RunEvent { action, source: source.name.clone(), run: run.clone() };
            write_event(&Event::Run(event), out)?;
        }
    }
    write_event(&Event::Summary(Summary::of(report)), out)
}

/// Writes one line and flushes it.
///
/// # Errors
/// Those of `out`.
pub fn write_event(event: &Event, out: &mut dyn Write) -> io::Result<()> {
    // In one piece: a line is whole or not there, also for a reader that looks at a file.
    let mut line = Vec::with_capacity(1024);
    let mut serializer =
        Serializer::with_formatter(&mut line, Visible::<CompactFormatter>::default());
    event.serialize(&mut serializer).map_err(io::Error::from)?;
    line.push(b'\n');
    out.write_all(&line)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Level;
    use crate::report::{
        HookAction, HookEvent, RunAction, RunEvent, SourceAction, SourceEvent, Stall, Summary,
        Told, Update, sample,
    };

    fn line(event: &Event) -> String {
        let mut out = Vec::new();
        write_event(event, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn one_line_for_each_event() {
        let report = sample::crash();
        let diagnosis = report.diagnoses[0].clone();
        let source = report.sources[0].name.clone();
        let events = [
            Event::Source(SourceEvent {
                action: SourceAction::Lost,
                source: source.clone(),
                file: Some(source.clone()),
                bytes: Some(80),
                lines: None,
            }),
            Event::Update(Update {
                fingerprint: diagnosis.fingerprint.clone(),
                first: diagnosis.first.clone(),
                level: Level::Fatal,
                reason: "nothing has come since".to_owned(),
            }),
            Event::Run(RunEvent {
                action: RunAction::Ended,
                source: source.clone(),
                run: report.sources[0].runs[0].clone(),
            }),
            Event::Hook(HookEvent {
                action: HookAction::GaveUp,
                hook: Some(1),
                source: Some(source.clone()),
                rule: Some(diagnosis.rule.clone()),
                fingerprint: Some(diagnosis.fingerprint.clone()),
                reason: Some("3 attempts in 15 min".to_owned()),
                attempt: Some(3),
                exit: Some(1),
                output: Some("no such unit\n".to_owned()),
            }),
            Event::Stall(Stall {
                source,
                silent_for: 300.0,
                usual: Some(2.5),
                last_time: report.sources[0].last_time.clone(),
            }),
            Event::Summary(Summary::of(&report)),
            Event::Diagnosis(Told { diagnosis: Box::new(diagnosis), replayed: true }),
        ];
        let lines: String = events.iter().map(line).collect();
        assert_eq!(lines.lines().count(), events.len());
        assert!(lines.lines().all(|line| line.starts_with("{\"event\":\"")));
        insta::assert_snapshot!(lines);
    }

    #[test]
    fn a_report_is_its_diagnoses_its_runs_and_a_summary() {
        for report in [sample::crash(), sample::hostile()] {
            let mut out = Vec::new();
            write(&report, &mut out).unwrap();
            let written = String::from_utf8(out).unwrap();
            sample::assert_inert(&written);
            let lines: Vec<serde_json::Value> =
                written.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let events: Vec<&str> =
                lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
            let all = [vec!["diagnosis"; 4], vec!["run"; 3], vec!["summary"]].concat();
            assert_eq!(events, all);
            assert!(lines[4]["end"].as_str().unwrap().starts_with("crash"));
            assert_eq!(lines[7]["diagnoses"]["fatal"], 1);
        }
    }

    #[test]
    fn hostile_text_is_inert() {
        for diagnosis in sample::hostile().diagnoses {
            let line =
                line(&Event::Diagnosis(Told { diagnosis: Box::new(diagnosis), replayed: false }));
            sample::assert_inert(&line);
            assert_eq!(line.lines().count(), 1);
            assert!(!line.contains("replayed"));
        }
    }
}
