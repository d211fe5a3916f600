//! The command line: what is typed, what it means, and what is printed. clap, exit statuses and printing
//! exist only here.

mod baseline;
mod ci;
pub mod commands;
mod config;
mod duration;
mod exit;
mod hook;
mod interrupt;
mod moment;
mod options;
mod output;
mod progress;
mod settings;
mod size;
mod zone;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::SystemTime;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

pub use exit::ExitStatus;

/// Reads a Python trading bot's log and tells what killed it, where in its code, and what to do now.
///
/// The log is read once, in bounded memory, and nothing in it is ever run. Secrets are taken out of
/// everything that is shown.
///
/// Exit status: 0 where nothing is as bad as --fail-on, 1 where something is, 2 where the run itself
/// failed or a log could not be read whole.
#[derive(Debug, Parser)]
#[command(
    name = "wd-diagnose",
    version,
    args_conflicts_with_subcommands = true,
    after_long_help = "\
Examples:
  wd-diagnose bot.log                   why did it crash?
  wd-diagnose logs/                     all logs of a folder; rotated files are read as one
  wd-diagnose --stopped bot.log         the bot is down and its log just stops
  journalctl --user -u bot | wd-diagnose
                                        standard input
  wd-diagnose --follow bot.log          beside the running bot, until Ctrl-C
  wd-diagnose --since 2h --fail-on fatal bot.log
                                        in a script: only the last two hours, only crashes
  wd-diagnose --format json -o report.json bot.log
                                        for a program
  wd-diagnose --format github --source-root . --baseline known.toml logs/
                                        in CI: what is new or has risen fails, at the bot's own line"
)]
pub struct Args {
    /// Logs to read: files, folders, or `-` for standard input.
    ///
    /// gzip, zstd, xz and bzip2 are read as what they hold, told by content. `bot.log` and the rotated
    /// `bot.log.1`, `bot.log.2.gz` beside it are one log. Without a PATH: the paths of the configuration file,
    /// else standard input where it is a pipe or a file, else the logs under the current directory.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    report: options::ReportOptions,

    #[command(flatten)]
    selection: options::SelectionOptions,

    #[command(flatten)]
    rules: options::RuleChoice,

    #[command(flatten)]
    reading: options::ReadingOptions,

    #[command(flatten)]
    follow: options::FollowChoice,

    #[command(flatten)]
    hook: hook::HookArgs,

    #[command(flatten)]
    terminal: options::TerminalOptions,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Explain(commands::explain::ExplainArgs),
    Rules(commands::rules::RulesArgs),
    Merge(commands::merge::MergeArgs),
    /// Print shell completions.
    ///
    /// Print the completions of a shell; put them where it looks for them, for instance
    /// `wd-diagnose completions bash > ~/.local/share/bash-completion/completions/wd-diagnose`.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the man page, in roff.
    #[command(hide = true)]
    Man,
}

/// Runs the program with `words` as its command line, its name included, and tells how it ended.
pub fn run(words: impl IntoIterator<Item = OsString>) -> ExitStatus {
    let words: Vec<OsString> = words.into_iter().collect();
    let typed = match Args::try_parse_from(&words) {
        // What is missing may be written in the configuration file.
        Err(error) if error.kind() != ErrorKind::MissingRequiredArgument => {
            return output::usage(&error);
        }
        typed => typed,
    };
    #[expect(clippy::disallowed_methods, reason = "the one place where the clock is read")]
    let now = SystemTime::now();
    let result = match typed {
        Ok(Args { command: Some(command), .. }) => match command {
            Command::Completions { shell } => commands::completions::run(shell, Args::command()),
            Command::Man => commands::man::run(Args::command()),
            Command::Explain(args) => {
                output::page(|width, out| commands::explain::run(&args, width, out))
            }
            Command::Rules(args) => {
                output::page(|width, out| commands::rules::run(&args, width, out))
            }
            Command::Merge(args) => commands::merge::run(args),
        },
        typed => diagnose(typed, &words, now),
    };
    match result {
        Ok(status) => status,
        Err(error) => {
            output::error(&error);
            ExitStatus::Failed
        }
    }
}

/// Diagnoses, with what the configuration file adds to the command line.
fn diagnose(
    typed: Result<Args, clap::Error>,
    words: &[OsString],
    now: SystemTime,
) -> anyhow::Result<ExitStatus> {
    let command = Args::command();
    let matches = command.clone().ignore_errors(typed.is_err()).try_get_matches_from(words)?;
    let args = match typed {
        Err(error) if matches.subcommand_name().is_some() => return Ok(output::usage(&error)),
        typed => typed,
    };
    let named = matches.get_one::<PathBuf>("config").map(PathBuf::as_path);
    let config = config::load(named, &command, &matches)?;
    let args = match (args, config::together(words, &config.words)) {
        (_, Ok(args)) => args,
        (Err(error), Err(_)) => return Ok(output::usage(&error)),
        (Ok(_), Err(error)) => {
            let error = error.render().to_string();
            let what = error.lines().next().unwrap_or("").trim_start_matches("error: ");
            anyhow::bail!("the configuration and the command line together: {what}")
        }
    };
    let settings = settings::Settings::new(args, config, now)?;
    if settings.follow.is_some() {
        commands::follow::run(settings)
    } else {
        commands::diagnose::run(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn every_option_is_explained() {
        fn check(command: &clap::Command) {
            for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
                assert!(arg.get_help().is_some(), "{} {}", command.get_name(), arg.get_id());
            }
            command.get_subcommands().for_each(check);
        }
        let mut command = Args::command();
        command.build();
        check(&command);
    }
}
