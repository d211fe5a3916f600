//! Hooks: what they need to know, and one run of them for the verdict of finished logs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use crate::cli::interrupt::Interrupt;
use crate::cli::output;
use crate::cli::settings::Settings;
use crate::diagnosis::Diagnosis;
use crate::hook::{HookOptions, Supervisor, Trigger, default_folder};
use crate::model::RealClock;
use crate::report::{HookAction, HookEvent, Report, Volume};
use crate::rules;

/// What a supervisor of the hooks needs to know; `None` where there are no hooks. With `once`, for
/// finished logs: nothing settles, and nothing is tried again.
///
/// # Errors
/// Where rules are refused.
pub(in crate::cli) fn options(
    settings: &Settings,
    once: bool,
) -> anyhow::Result<Option<HookOptions>> {
    if settings.hooks.is_empty() {
        return Ok(None);
    }
    let rules =
        rules::load(&settings.batch.rules).map_err(crate::analyze::batch::Failure::Rules)?;
    let beyond_restart: BTreeSet<String> =
        rules.rules.iter().filter(|rule| !rule.restart).map(|rule| rule.id.clone()).collect();
    Ok(Some(HookOptions {
        hooks: settings.hooks.clone(),
        state: match &settings.state {
            Some(file) => Some(folder_of(file)),
            None => default_folder(),
        },
        // Its requirements are looked for where the program was started, as its configuration is.
        source_root: Some(settings.batch.source_root.clone().unwrap_or_else(|| ".".into())),
        beyond_restart,
        zone: settings.batch.zone.clone(),
        redact: settings.batch.redact,
        once,
    }))
}

/// The folder that a file lies in.
fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// What the hooks are to act on in finished logs: the verdict, where there is one and a hook.
pub(in crate::cli) fn trigger(settings: &Settings, report: &Report) -> Option<Trigger> {
    let verdict = report.verdict.as_ref().filter(|_| !settings.hooks.is_empty())?;
    Some(Trigger {
        diagnosis: verdict.clone(),
        event: 0,
        unread_for: Duration::ZERO,
        came_back: has_come_back(report, verdict),
        logged_as_error: false,
    })
}

/// Runs the hooks once, where there is something to act on; tells whether one failed that should have run.
///
/// # Errors
/// Where rules are refused, or threads cannot be started.
pub(in crate::cli) fn run_once(
    settings: &Settings,
    trigger: Option<Trigger>,
) -> anyhow::Result<bool> {
    let Some(trigger) = trigger else { return Ok(false) };
    let Some(options) = options(settings, true)? else { return Ok(false) };
    let volume = settings.volume;
    let supervisor =
        Supervisor::start(options, Arc::new(RealClock::new()), move |event| tell(&event, volume))
            .context("cannot start the thread that runs hooks")?;
    let remote = supervisor.remote();
    let _interrupt = Interrupt::watch(move || remote.stop()).context("cannot watch for signals")?;
    supervisor.offer(trigger);
    Ok(supervisor.finish().failed)
}

/// Whether the log goes on after the run that the verdict explains: the bot was started again since, and
/// is alive or was stopped in order.
fn has_come_back(report: &Report, verdict: &Diagnosis) -> bool {
    let source = report.sources.iter().find(|source| source.name == verdict.last.source);
    let last = source.and_then(|source| source.runs.last());
    last.is_some_and(|run| matches!(run.end.as_str(), "open" | "clean"))
}

/// Tells what became of a hook, on standard error: reports go to standard output.
pub(in crate::cli) fn tell(event: &HookEvent, volume: Volume) {
    let matters =
        matches!(event.action, HookAction::Failed | HookAction::TimedOut | HookAction::GaveUp);
    if matters || volume > Volume::Quiet {
        output::hook(&event.line());
    }
}
