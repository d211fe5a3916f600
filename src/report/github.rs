//! GitHub Actions workflow commands: annotations at the bot's own lines.
//!
//! Syntax and escapes are those of "Workflow commands for GitHub Actions" and of `@actions/core`
//! (`command.ts`); a step shows 10 annotations of each kind and drops the rest without a word.

use std::io::{self, Write};

use super::sentence::{frame_place, sentence};
use super::words;
use super::{Ci, Report};
use crate::diagnosis::{Diagnosis, Standing};
use crate::model::Level;
use crate::safe::escape::visible;

/// Annotations of one kind that a step shows.
const SHOWN: usize = 10;

/// What an annotation is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Error,
    Warning,
    Notice,
}

impl Kind {
    /// Errors first: they must be told whatever else there is.
    const ALL: [Kind; 3] = [Kind::Error, Kind::Warning, Kind::Notice];

    /// What the baseline knows is a notice, whatever its level.
    fn of(diagnosis: &Diagnosis) -> Kind {
        match diagnosis.level {
            _ if !diagnosis.counts() => Kind::Notice,
            Level::Fatal | Level::Error => Kind::Error,
            Level::Warning => Kind::Warning,
        }
    }

    fn command(self) -> &'static str {
        match self {
            Kind::Error => "error",
            Kind::Warning => "warning",
            Kind::Notice => "notice",
        }
    }
}

/// Writes the annotations, and a line that says how many are not shown.
pub(super) fn write(report: &Report, ci: &Ci<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut left_out = Vec::new();
    for kind in Kind::ALL {
        let mut room = SHOWN;
        if kind == Kind::Warning {
            let incomplete = report.sources.iter().filter_map(|source| {
                Some(format!(
                    "{} could not be read whole: {}",
                    source.name,
                    source.incomplete.as_ref()?
                ))
            });
            for text in incomplete.take(SHOWN) {
                writeln!(out, "::warning title=wd-diagnose::{}", message(&text))?;
                room -= 1;
            }
        }
        let of_kind: Vec<&Diagnosis> =
            report.diagnoses.iter().filter(|diagnosis| Kind::of(diagnosis) == kind).collect();
        for diagnosis in of_kind.iter().take(room) {
            annotate(report, diagnosis, kind, ci, out)?;
        }
        if of_kind.len() > room {
            left_out.push(words::count((of_kind.len() - room) as u64, kind.command()));
        }
    }
    let read = words::count(report.sources.iter().map(|source| source.lines).sum(), "line");
    let logs = words::count(report.sources.len() as u64, "log");
    let found = words::count_of(report.diagnoses.len() as u64, "diagnosis", "diagnoses");
    writeln!(out, "wd-diagnose: {found} in {read} of {logs}")?;
    if !left_out.is_empty() {
        let elsewhere = if ci.has_summary {
            "the job summary lists all"
        } else {
            "--format json or text lists all"
        };
        writeln!(
            out,
            "wd-diagnose: {} more not annotated, since GitHub shows {SHOWN} of a kind; {elsewhere}",
            left_out.join(" and "),
        )?;
    }
    Ok(())
}

fn annotate(
    report: &Report,
    diagnosis: &Diagnosis,
    kind: Kind,
    ci: &Ci<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let spot = ci.spot(diagnosis);
    let title = match diagnosis.baseline {
        Some(standing @ (Standing::New | Standing::Risen)) => {
            format!("{} ({})", diagnosis.title, standing.id())
        }
        _ => diagnosis.title.clone(),
    };
    let mut text = sentence(report, diagnosis);
    let frame = diagnosis.exception.as_ref().and_then(|exception| exception.frame.as_ref());
    if let Some(frame) = frame.filter(|_| !spot.is_code) {
        text.push_str(&format!("\n{}", frame_place(frame)));
    }
    if !diagnosis.fix.summary.is_empty() {
        text.push_str(&format!("\n{}", diagnosis.fix.summary));
    }
    text.push_str(&format!("\n({})", diagnosis.rule));
    writeln!(
        out,
        "::{} file={},line={},title={}::{}",
        kind.command(),
        property(&spot.path),
        spot.line,
        property(&title),
        message(&text)
    )
}

/// Text behind `::`, of several lines.
fn message(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| plain(line).replace('%', "%25")).collect();
    lines.join("%0A")
}

/// A value before `::`.
fn property(text: &str) -> String {
    plain(text).replace('%', "%25").replace(':', "%3A").replace(',', "%2C")
}

/// One line that the runner takes for no command of the older syntax (`##[group]`), which it looks for
/// anywhere in a line.
fn plain(text: &str) -> String {
    visible(text).replace("##[", "# #[")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn github(report: &Report, ci: &Ci<'_>) -> String {
        let mut out = Vec::new();
        write(report, ci, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn crash() {
        insta::assert_snapshot!(github(&sample::crash(), &Ci::default()));
    }

    #[test]
    fn healthy() {
        insta::assert_snapshot!(github(&sample::healthy(), &Ci::default()));
    }

    #[test]
    fn log_text_is_no_command() {
        let written = github(&sample::hostile(), &Ci::default());
        sample::assert_inert(&written);
        let report = sample::hostile();
        for line in written.lines().filter(|line| line.contains("::")) {
            let command = line.split([' ', ':']).find(|word| !word.is_empty()).unwrap();
            assert!(["error", "warning", "notice"].contains(&command), "{line}");
            // The properties end at the first `::`; log text cannot end them earlier.
            let properties = line[2..].split("::").next().unwrap();
            let keys: Vec<&str> = properties
                .split(',')
                .filter_map(|part| part.split_once('=').map(|(key, _)| key))
                .collect();
            assert!(
                keys == ["error file", "line", "title"]
                    || keys == ["warning file", "line", "title"]
                    || keys == ["warning title"],
                "{line}"
            );
        }
        let commands = written.lines().filter(|line| line.trim_start().starts_with("::")).count();
        assert_eq!(commands, report.diagnoses.len() + report.sources.len());
        assert!(!written.contains("##["), "{written}");
    }

    #[test]
    fn ten_of_a_kind_errors_first_and_a_line_for_the_rest() {
        let mut report = sample::healthy();
        let warning = report.diagnoses[0].clone();
        let mut error = warning.clone();
        error.level = Level::Error;
        let mut known = error.clone();
        known.baseline = Some(Standing::Known);
        report.diagnoses = vec![warning; 14];
        report.diagnoses.extend(vec![known; 2]);
        report.diagnoses.extend(vec![error; 12]);
        let written = github(&report, &Ci { has_summary: true, ..Ci::default() });
        let kinds: Vec<&str> =
            written.lines().filter_map(|line| line.strip_prefix("::")?.split(' ').next()).collect();
        assert_eq!(kinds, [vec!["error"; 10], vec!["warning"; 10], vec!["notice"; 2]].concat());
        assert!(
            written.ends_with(
                "wd-diagnose: 2 errors and 4 warnings more not annotated, since GitHub shows 10 of a kind; the \
                 job summary lists all\n"
            ),
            "{written}"
        );
    }
    #[test]
    fn what_could_not_be_read_is_among_the_ten() {
        let mut report = sample::healthy();
        report.diagnoses = vec![report.diagnoses[0].clone(); 10];
        report.sources[0].incomplete = Some("it shrank".to_owned());
        let written = github(&report, &Ci::default());
        assert_eq!(written.lines().filter(|line| line.starts_with("::warning ")).count(), 10);
        assert!(written.starts_with(
            "::warning title=wd-diagnose::logs/bot.log could not be read whole: it shrank\n"
        ));
        assert!(written.contains("1 warning more not annotated"), "{written}");
    }
}
