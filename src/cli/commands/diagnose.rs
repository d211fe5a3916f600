//! Why did it crash?

use anyhow::bail;

use crate::analyze::batch::{self, Failure, Outcome};
use crate::cli::ExitStatus;
use crate::cli::baseline::Scope;
use crate::cli::ci::Surroundings;
use crate::cli::commands::hook;
use crate::cli::output::{self, Sink};
use crate::cli::progress::Progress;
use crate::cli::settings::{Input, Settings};
use crate::diagnosis::Diagnosis;
use crate::model::Level;
use crate::report::{Ci, Format, Report, Style, Volume};
use crate::rules;

/// Reads the logs and reports.
///
/// # Errors
/// Where there is nothing to read, rules are refused, or the report cannot be written.
pub(in crate::cli) fn run(settings: Settings) -> anyhow::Result<ExitStatus> {
    warn_of_secrets(&settings);
    let mut progress = Progress::new(settings.volume > Volume::Quiet);
    let outcome = batch::run(&settings.input.paths(), &settings.batch, &mut progress);
    progress.clear();
    let mut outcome = match outcome {
        Ok(outcome) => outcome,
        Err(Failure::NothingToRead(why)) => bail!("{why}{}", advice(&settings.input)),
        Err(failure) => return Err(failure.into()),
    };
    if settings.input != Input::Named(settings.input.paths()) && is_empty(&outcome.report) {
        bail!("{}{}", emptiness(&settings.input), advice(&settings.input));
    }
    for problem in &outcome.problems {
        output::error(&anyhow::Error::msg(problem.clone()));
    }
    for what in outcome.unclear.iter().filter(|_| settings.volume > Volume::Quiet) {
        output::warning(what);
    }
    let (status, fail_on) = judge(&settings, &mut outcome)?;
    let trigger = hook::trigger(&settings, &outcome.report);
    write(&settings, outcome, fail_on)?;
    let hook_failed = hook::run_once(&settings, trigger)?;
    // Who waits for a repair must not take one that failed for one that was made.
    Ok(if hook_failed { ExitStatus::Failed } else { status })
}

/// Says that the report may hold secrets, where it may.
pub(super) fn warn_of_secrets(settings: &Settings) {
    if !settings.batch.redact && settings.volume > Volume::Quiet {
        output::warning(
            "--no-redact: the report shows secrets as the log has them; do not share it",
        );
    }
}

/// Holds the report against the baseline, where there is one. Comes back with the exit status, and with
/// the level from which it is 1.
///
/// # Errors
/// Those of the baseline.
pub(super) fn judge(
    settings: &Settings,
    outcome: &mut Outcome,
) -> anyhow::Result<(ExitStatus, Option<Level>)> {
    let mut fail_on = settings.fail_on;
    if let Some(baseline) = &settings.baseline {
        let scope = Scope {
            patterns: &settings.batch.patterns,
            complete: is_complete(outcome),
            quiet: settings.volume == Volume::Quiet,
        };
        baseline.apply(&mut outcome.report, &scope)?;
        if baseline.update {
            fail_on = None;
        }
    }
    Ok((status(outcome, fail_on), fail_on))
}

/// Writes the report where it was asked for. `fail_on` is the level from which the exit status is 1.
///
/// # Errors
/// Those of writing it.
pub(super) fn write(
    settings: &Settings,
    mut outcome: Outcome,
    fail_on: Option<Level>,
) -> anyhow::Result<()> {
    hide(&mut outcome, settings.show);
    let sink = Sink { file: settings.output.as_deref(), colour: settings.colour };
    let rhythm: Vec<Option<f64>> = outcome.rhythm.iter().map(|rhythm| rhythm.every).collect();
    let surroundings = Surroundings::new(settings.batch.source_root.as_deref(), settings.format);
    // SARIF explains the rules that it names; they were read once already, so this cannot fail.
    let rules = (settings.format == Format::Sarif).then(|| rules::load(&settings.batch.rules).ok());
    let rules = rules.flatten();
    let style = Style {
        width: sink.width(),
        colour: sink.colour(),
        volume: settings.volume,
        context: &outcome.context,
        rhythm: &rhythm,
        now: Some(&settings.now),
        stopped: settings.batch.stopped,
        ci: Ci {
            rules: rules.as_ref(),
            tree: surroundings.tree.as_ref(),
            fail_on,
            has_summary: surroundings.summary.is_some(),
        },
    };
    sink.write(settings.format, &outcome.report, &style)?;
    surroundings.summarize(&outcome.report, &style);
    Ok(())
}

/// What to do where there is nothing to read, as far as it depends on what was asked.
fn advice(input: &Input) -> &'static str {
    match input {
        Input::Named(_) => "",
        Input::Stdin => "; name a file or a folder, or pipe a log that has lines",
        Input::CurrentDirectory => "; name a file or a folder, or pipe a log into wd-diagnose",
    }
}

fn emptiness(input: &Input) -> &'static str {
    match input {
        Input::Stdin => "standard input holds nothing to read",
        _ => "the logs under the current directory hold nothing to read",
    }
}

fn is_empty(report: &Report) -> bool {
    report.sources.iter().all(|source| source.bytes == 0)
}

/// What could not be read weighs more than what was found: a script must not take half an answer for a
/// whole one.
fn status(outcome: &Outcome, fail_on: Option<Level>) -> ExitStatus {
    if !is_complete(outcome) {
        return ExitStatus::Failed;
    }
    let fails = |diagnosis: &Diagnosis| {
        diagnosis.counts() && fail_on.is_some_and(|from| diagnosis.level >= from)
    };
    if outcome.report.diagnoses.iter().any(fails) { ExitStatus::Found } else { ExitStatus::Clean }
}

/// Whether all that was named could be read whole.
fn is_complete(outcome: &Outcome) -> bool {
    outcome.problems.is_empty()
        && outcome.report.sources.iter().all(|source| source.incomplete.is_none())
}

/// Takes out what is milder than `show`, with its context.
pub(super) fn hide(outcome: &mut Outcome, show: Level) {
    let shown: Vec<bool> =
        outcome.report.diagnoses.iter().map(|diagnosis| diagnosis.level >= show).collect();
    let mut flags = shown.iter();
    outcome.report.diagnoses.retain(|_| flags.next().copied().unwrap_or(true));
    let mut flags = shown.iter();
    outcome.context.retain(|_| flags.next().copied().unwrap_or(true));
    if outcome.report.verdict.as_ref().is_some_and(|verdict| verdict.level < show) {
        outcome.report.verdict = None;
    }
}
