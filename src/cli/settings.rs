//! What the command line means.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::bail;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::Args;
use super::baseline::BaselineFile;
use super::options::ColourChoice;
use crate::analyze::BatchOptions;
use crate::model::Level;
use crate::report::{Format, Volume};
use crate::rules::RuleOptions;

/// Everything a diagnosis needs to know.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) input: Input,
    pub(super) batch: BatchOptions,
    pub(super) format: Format,
    /// File for the report; `None` for standard output.
    pub(super) output: Option<PathBuf>,
    /// Exit 1 from this level up; `None` for never.
    pub(super) fail_on: Option<Level>,
    /// Known diagnoses, which do not count.
    pub(super) baseline: Option<BaselineFile>,
    /// Show from this level up.
    pub(super) show: Level,
    pub(super) volume: Volume,
    pub(super) colour: ColourChoice,
    /// The present time, in the zone of log times that carry none.
    pub(super) now: Zoned,
}

/// What to read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// Paths that were named.
    Named(Vec<PathBuf>),
    /// None was; standard input holds something.
    Stdin,
    /// None was; logs below the current directory.
    CurrentDirectory,
}

impl Input {
    /// The paths to read.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        match self {
            Input::Named(paths) => paths.clone(),
            Input::Stdin => vec![PathBuf::from("-")],
            Input::CurrentDirectory => vec![PathBuf::from(".")],
        }
    }
}

impl Settings {
    /// Typed to meant.
    ///
    /// # Errors
    /// Where options contradict each other.
    pub(super) fn new(args: Args, now: SystemTime) -> anyhow::Result<Settings> {
        let Args { paths, report, selection, rules, reading, terminal, command: _ } = args;
        let zone = reading.tz.clone().unwrap_or_else(TimeZone::system);
        let clock = Timestamp::try_from(now)?.to_zoned(zone);
        let since = selection.since.map(|moment| moment.civil(&clock));
        let until = selection.until.map(|moment| moment.civil(&clock));
        if let (Some(since), Some(until)) = (since, until)
            && since > until
        {
            let (since, until) = (since.strftime("%F %T"), until.strftime("%F %T"));
            bail!("--since ({since}) is later than --until ({until}); exchange them");
        }
        if rules.no_builtin_rules && rules.rules.is_empty() {
            bail!("--no-builtin-rules leaves no rules; name some with --rules PATH");
        }
        let input = if !paths.is_empty() {
            Input::Named(paths)
        } else if stdin_holds_something() {
            Input::Stdin
        } else {
            Input::CurrentDirectory
        };
        let batch = BatchOptions {
            since,
            until,
            patterns: selection.pattern,
            run: selection.run,
            context: usize::from(report.context),
            redact: !report.no_redact,
            stopped: selection.stopped,
            zone: reading.tz,
            source_root: reading.source_root,
            threads: reading.jobs.map(Into::into),
            now,
            rules: RuleOptions {
                paths: rules.rules,
                builtin: !rules.no_builtin_rules,
                disabled: rules.disable,
            },
            unpack_limit: reading.max_unpacked,
        };
        Ok(Settings {
            input,
            batch,
            format: report.format.into(),
            output: report.output.filter(|path| path.as_os_str() != "-"),
            fail_on: report.fail_on.level(),
            baseline: selection
                .baseline
                .map(|path| BaselineFile { path, update: selection.update_baseline }),
            show: report.level,
            volume: match (terminal.quiet, terminal.verbose) {
                (true, _) => Volume::Quiet,
                (_, true) => Volume::Verbose,
                _ => Volume::Normal,
            },
            colour: terminal.color,
            now: clock,
        })
    }
}

/// Whether standard input is a pipe or a file. A terminal would be waited for, and `/dev/null`, which
/// cron and services give their children, says nothing.
#[cfg(unix)]
fn stdin_holds_something() -> bool {
    use std::os::fd::AsFd;
    use std::os::unix::fs::FileTypeExt;

    let stdin = std::io::stdin();
    let Ok(handle) = stdin.as_fd().try_clone_to_owned() else { return false };
    let Ok(metadata) = std::fs::File::from(handle).metadata() else { return false };
    let kind = metadata.file_type();
    !stdin.is_terminal() && (kind.is_file() || kind.is_fifo() || kind.is_socket())
}

#[cfg(not(unix))]
fn stdin_holds_something() -> bool {
    !std::io::stdin().is_terminal()
}
