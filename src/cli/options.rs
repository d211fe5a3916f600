//! Options as typed, by help heading.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, ValueEnum};
use jiff::tz::TimeZone;

use super::moment::Moment;
use super::{duration, moment, size, zone};
use crate::model::{Level, Pattern};
use crate::report::Format;
use crate::safe::limits;

pub(super) fn levels() -> impl TypedValueParser<Value = Level> {
    PossibleValuesParser::new(["fatal", "error", "warning"]).try_map(|text| text.parse())
}

fn patterns() -> impl TypedValueParser<Value = Pattern> {
    PossibleValuesParser::new(Pattern::ALL.map(Pattern::id)).try_map(|text| text.parse())
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Report")]
pub(super) struct ReportOptions {
    /// Format of the report; it never changes what is found or the exit status.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: FormatArg,

    /// Write the report to FILE, whole or not at all, instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,

    /// Exit with status 1 from this level up.
    ///
    /// `fatal`: a run of the bot ended with it. `error`: not handled, but the run went on. `warning`: the
    /// bot handled it.
    #[arg(long, value_name = "LEVEL", default_value = "error")]
    pub(super) fail_on: FailOn,

    /// Show what is of this level or worse; hides only, the exit status stays.
    #[arg(long, value_name = "LEVEL", default_value = "warning", value_parser = levels())]
    pub(super) level: Level,

    /// Log lines to show before what went wrong.
    #[arg(short = 'C', long, value_name = "N", default_value_t = 0)]
    pub(super) context: u16,

    /// Show secrets as the log has them.
    ///
    /// Without it, keys, tokens, passwords, signatures and the like are shown as `[redacted:kind]`.
    #[arg(long)]
    pub(super) no_redact: bool,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What counts")]
pub(super) struct SelectionOptions {
    /// Only these patterns, separated by commas.
    #[arg(long, alias = "patterns", value_name = "ID", value_delimiter = ',', value_parser = patterns())]
    pub(super) pattern: Vec<Pattern>,

    /// Only events from this time on: a time, or an age such as `2h` back from now.
    ///
    /// Times are `2024-05-01T12:00:00Z`, `2024-05-01 12:00`, `2024-05-01`, or `12:00` for today. Ages are
    /// `90s`, `15m`, `2h`, `3d`, `1w` and the like.
    #[arg(long, value_name = "T", value_parser = moment::parse)]
    pub(super) since: Option<Moment>,

    /// Only events up to this time: a time, or an age such as `30m` back from now.
    #[arg(long, value_name = "T", value_parser = moment::parse)]
    pub(super) until: Option<Moment>,

    /// Only this run of the bot: 1 is the first, -1 the last.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = run_number)]
    pub(super) run: Option<i64>,

    /// The bot is known to be down: a log that just stops is then a verdict and not only a remark.
    #[arg(long)]
    pub(super) stopped: bool,

    /// Diagnoses that are known: they do not count for the exit status; new ones do, and known ones that
    /// come more often or worse than the file allows.
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,

    /// Write the baseline anew from what was found, and exit with status 0.
    #[arg(long, requires = "baseline")]
    pub(super) update_baseline: bool,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Rules")]
pub(super) struct RuleChoice {
    /// Rules of your own: a TOML file or a folder of them; again for more.
    ///
    /// A rule with the id of a built-in one takes its place.
    #[arg(long, value_name = "PATH", action = ArgAction::Append)]
    pub(super) rules: Vec<PathBuf>,

    /// Leave out the rules that come with the program.
    #[arg(long)]
    pub(super) no_builtin_rules: bool,

    /// Leave out the rule of this id; again for more.
    #[arg(long, value_name = "RULE", action = ArgAction::Append)]
    pub(super) disable: Vec<String>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Reading")]
pub(super) struct ReadingOptions {
    /// Configuration file; default: wd-diagnose.toml in the current directory, where there is one.
    ///
    /// Every option has a key of the same name there, and the command line wins.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,

    /// Zone of times that carry none, such as `Europe/Berlin`, `UTC` or `+02:00`; default: this machine's.
    #[arg(long, value_name = "ZONE", value_parser = zone::parse)]
    pub(super) tz: Option<TimeZone>,

    /// The bot's source tree: frames inside it are the bot's own, and formats for CI systems point there.
    #[arg(long, value_name = "DIR")]
    pub(super) source_root: Option<PathBuf>,

    /// Most that one compressed file may unfold to before reading stops and says so.
    #[arg(long, value_name = "SIZE", default_value = "16GiB", value_parser = size::parse)]
    pub(super) max_unpacked: u64,

    /// Worker threads; default: one for each core.
    #[arg(short = 'j', long, value_name = "N")]
    pub(super) jobs: Option<NonZeroUsize>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Watching")]
pub(super) struct FollowChoice {
    /// Watch logs beside a running bot, and tell what happens as it happens.
    ///
    /// PATHs may be files, folders, patterns such as `'logs/*.log'` (quoted; new files join), FIFOs or `-`;
    /// what does not exist yet is waited for. Rotated, truncated and replaced files are followed. SIGINT
    /// (Ctrl-C) or SIGTERM ends it: what is left is read and told, and the exit status is 0. The formats
    /// `text` and `jsonl` tell at once; the others write their report at the end.
    #[arg(short, long)]
    pub(super) follow: bool,

    /// Where to begin in logs that are there already.
    #[arg(long, value_name = "WHERE", default_value = "end", requires = "follow")]
    pub(super) from: FromArg,

    /// Keep in FILE how far everything was told, and go on from there next time.
    #[arg(long, value_name = "FILE")]
    pub(super) state: Option<PathBuf>,

    /// Tell when a log has been silent for so long (`90s`, `5m`); without a time, when it is silent for
    /// much longer than it usually is.
    #[arg(
        long, value_name = "DURATION", requires = "follow", value_parser = stall,
        num_args = 0..=1, default_missing_value = "auto"
    )]
    pub(super) stall_after: Option<StallArg>,

    /// A run has ended when its log has been silent for so long behind a crash.
    #[arg(
        long, value_name = "DURATION", default_value = "10s", requires = "follow",
        value_parser = duration::parse
    )]
    pub(super) quiet_after: Duration,

    /// Look for changes at intervals, instead of being told of them by the system: for mounts that tell
    /// nothing. Done without being asked where it must be.
    #[arg(
        long, value_name = "DURATION", requires = "follow", value_parser = duration::parse,
        num_args = 0..=1, require_equals = true, default_missing_value = "1s"
    )]
    pub(super) poll: Option<Duration>,
}

/// `--from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FromArg {
    /// With all that is there.
    Start,
    /// With what comes next.
    End,
}

/// `--stall-after`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StallArg {
    /// By the log's own habit.
    Auto,
    /// After this time.
    After(Duration),
}

fn stall(text: &str) -> Result<StallArg, String> {
    if text == "auto" {
        return Ok(StallArg::Auto);
    }
    duration::parse(text).map(StallArg::After).map_err(|error| {
        format!("{error}; or leave it out (and write `--stall-after=auto` where a PATH follows)")
    })
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Terminal")]
pub(super) struct TerminalOptions {
    /// When to use colour; `auto` is on a terminal where NO_COLOR is not set.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(super) color: ColourChoice,

    /// Say only what the answer is; nothing where there was no crash.
    #[arg(short, long, conflicts_with = "verbose")]
    pub(super) quiet: bool,

    /// Show everything that was found in full.
    #[arg(short, long)]
    pub(super) verbose: bool,
}

/// `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FormatArg {
    /// For people, in a terminal.
    Text,
    /// One object, for programs.
    Json,
    /// One object a line, for programs; with --follow each as it happens.
    Jsonl,
    /// To paste into an issue or a chat.
    Markdown,
    /// One page for a browser, with a picture of the runs.
    Html,
    /// Annotations of GitHub Actions, and a job summary.
    Github,
    /// Code Quality of GitLab.
    Gitlab,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Test results in JUnit's XML.
    Junit,
    /// Metrics for Prometheus' textfile collector.
    Prometheus,
}

impl From<FormatArg> for Format {
    fn from(arg: FormatArg) -> Format {
        match arg {
            FormatArg::Text => Format::Text,
            FormatArg::Json => Format::Json,
            FormatArg::Jsonl => Format::Jsonl,
            FormatArg::Markdown => Format::Markdown,
            FormatArg::Html => Format::Html,
            FormatArg::Github => Format::Github,
            FormatArg::Gitlab => Format::Gitlab,
            FormatArg::Sarif => Format::Sarif,
            FormatArg::Junit => Format::Junit,
            FormatArg::Prometheus => Format::Prometheus,
        }
    }
}

/// `--fail-on`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// Only where a run of the bot ended.
    Fatal,
    /// Also where something was not handled.
    Error,
    /// Also where the bot coped.
    Warning,
    /// Never.
    Never,
}

impl FailOn {
    /// From which level up; `None` for never.
    pub(super) fn level(self) -> Option<Level> {
        match self {
            FailOn::Fatal => Some(Level::Fatal),
            FailOn::Error => Some(Level::Error),
            FailOn::Warning => Some(Level::Warning),
            FailOn::Never => None,
        }
    }
}

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ColourChoice {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

fn run_number(text: &str) -> Result<i64, String> {
    match text.parse() {
        Ok(0) => Err("runs are counted from 1, or from -1 backwards".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err("not a number; 1 is the first run, -1 the last".to_owned()),
    }
}

const _: () =
    assert!(limits::DECODED_BYTES == 16 << 30, "the default of --max-unpacked says 16GiB");
