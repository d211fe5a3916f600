//! What the command line and the configuration file mean together.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use anyhow::bail;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::Args;
use super::baseline::BaselineFile;
use super::config::Config;
use super::options::{
    ColourChoice, FollowChoice, FormatArg, FromArg, ReportOptions, SelectionOptions, StallArg,
};
use crate::analyze::BatchOptions;
use crate::analyze::follow::StallAfter;
use crate::hook::Hook;
use crate::model::Level;
use crate::report::{Clock, Format, Volume};
use crate::rules::RuleOptions;
use crate::source::follow::From;

/// Everything a diagnosis needs to know.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) input: Input,
    pub(super) batch: BatchOptions,
    pub(super) hooks: Vec<Hook>,
    /// What is kept from one program to the next, where the user named a file for it.
    pub(super) state: Option<PathBuf>,
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
    /// How to follow, where that is asked for.
    pub(super) follow: Option<FollowSettings>,
    /// The present time, in the zone of log times that carry none.
    pub(super) now: Clock,
}

/// How logs are followed.
#[derive(Debug, Clone)]
pub(super) struct FollowSettings {
    pub(super) from: From,
    pub(super) state: Option<PathBuf>,
    pub(super) stall: Option<StallAfter>,
    pub(super) quiet_after: Duration,
    pub(super) poll: Option<Duration>,
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

/// The clock: the present time in the zone that was asked for, else in that of the system.
///
/// # Errors
/// Where the present time is none that the calendar knows.
fn clock(now: SystemTime, zone: Option<TimeZone>) -> anyhow::Result<Clock> {
    let now = Timestamp::try_from(now)?;
    let zoned = move || now.to_zoned(zone.unwrap_or_else(TimeZone::system));
    Ok(Clock::new(Box::new(zoned)))
}

/// From when to when events count.
///
/// # Errors
/// Where that is no span.
fn span(
    selection: &SelectionOptions,
    clock: &Clock,
) -> anyhow::Result<(Option<DateTime>, Option<DateTime>)> {
    let since = selection.since.map(|moment| moment.civil(clock));
    let until = selection.until.map(|moment| moment.civil(clock));
    if let (Some(since), Some(until)) = (since, until)
        && since > until
    {
        let (since, until) = (since.strftime("%F %T"), until.strftime("%F %T"));
        bail!("--since ({since}) is later than --until ({until}); exchange them");
    }
    Ok((since, until))
}

impl Settings {
    /// Typed, and written in the configuration file, to meant.
    ///
    /// # Errors
    /// Where options contradict each other.
    pub(super) fn new(args: Args, config: Config, now: SystemTime) -> anyhow::Result<Settings> {
        let Args { paths, report, selection, rules, reading, follow, hook, terminal, command: _ } =
            args;
        let paths = if paths.is_empty() { config.paths } else { paths };
        let hooks = super::hook::meant(&hook, &config.hooks).map_err(anyhow::Error::msg)?;
        let clock = clock(now, reading.tz.clone())?;
        let (since, until) = span(&selection, &clock)?;
        if rules.no_builtin_rules && rules.rules.is_empty() {
            bail!("--no-builtin-rules leaves no rules; name some with --rules PATH");
        }
        let state = follow.state.clone();
        let follow = follow_settings(follow, &report, &selection)?;
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
            hooks,
            state,
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
            follow,
            now: clock,
        })
    }
}

/// How to follow, where that is asked for.
///
/// # Errors
/// Where other options make no sense beside it.
fn follow_settings(
    follow: FollowChoice,
    report: &ReportOptions,
    selection: &SelectionOptions,
) -> anyhow::Result<Option<FollowSettings>> {
    if !follow.follow {
        return Ok(None);
    }
    let at_once = matches!(report.format, FormatArg::Text | FormatArg::Jsonl);
    if report.output.as_ref().is_some_and(|path| path.as_os_str() != "-") && at_once {
        bail!(
            "--output writes a report whole or not at all, and --follow tells as things happen; send standard \
             output to the file, or choose a format that is written at the end, such as --format json"
        );
    }
    if selection.until.is_some() {
        bail!("--until has an end and --follow has none; leave one of them out");
    }
    if selection.run.is_some() {
        bail!("--run chooses among the runs of a finished log; leave it or --follow out");
    }
    if selection.stopped {
        bail!(
            "--stopped says that the bot is down, and --follow watches a running one; leave one of them out"
        );
    }
    Ok(Some(FollowSettings {
        from: match follow.from {
            FromArg::Start => From::Start,
            FromArg::End => From::End,
        },
        state: follow.state,
        stall: follow.stall_after.map(|after| match after {
            StallArg::Auto => StallAfter::Habit,
            StallArg::After(time) => StallAfter::Time(time),
        }),
        quiet_after: follow.quiet_after,
        poll: follow.poll,
    }))
}

/// Whether standard input is a pipe or a file. A terminal would be waited for, and `/dev/null`, which
/// cron and services give their children, says nothing.
#[cfg(unix)]
fn stdin_holds_something() -> bool {
    use std::io::IsTerminal;
    use std::os::fd::AsFd;
    use std::os::unix::fs::FileTypeExt;

    let stdin = std::io::stdin();
    let Ok(handle) = stdin.as_fd().try_clone_to_owned() else { return false };
    let Ok(metadata) = std::fs::File::from(handle).metadata() else { return false };
    let kind = metadata.file_type();
    !stdin.is_terminal() && (kind.is_file() || kind.is_fifo() || kind.is_socket())
}

/// Whether standard input is a pipe or a file. A console would be waited for, and `NUL`, which services
/// give their children, says nothing.
#[cfg(windows)]
fn stdin_holds_something() -> bool {
    winapi_util::file::typ(winapi_util::HandleRef::stdin())
        .is_ok_and(|kind| kind.is_disk() || kind.is_pipe())
}
