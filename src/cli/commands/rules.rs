//! Lists rules, tests them, and tells why they hold or do not.

mod list;
mod test;
mod why;

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::{ArgAction, Subcommand};

use crate::cli::ExitStatus;
use crate::model::Pattern;
use crate::rules::{self, RuleOptions, RuleSet, docs};

/// List rules; check them and run the examples they carry; see which rules see a line or log, and why not.
#[derive(Debug, clap::Args)]
pub struct RulesArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: RulesCommand,
}

/// What `rules` can do.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// List rules: id, title, and how many examples each has.
    List(list::ListArgs),
    /// Check rules and run the examples they carry.
    ///
    /// Names what fails as `file:line: id: what`. Exit status: 0 where all holds, 1 where an example or
    /// a law fails, 2 where a rule is refused.
    Test(test::TestArgs),
    /// Tell which rules see a line or a log, which wins, and what the others lack.
    Why(why::WhyArgs),
    /// Write the pages of docs/rules.
    #[command(hide = true)]
    Docs {
        /// Folder to write to.
        folder: PathBuf,
    },
}

/// Which rules there are.
#[derive(Debug, Default, clap::Args)]
pub struct Choice {
    /// Rules of your own: a TOML file or a folder of them; again for more.
    ///
    /// A rule with the id of a built-in one takes its place.
    #[arg(long, value_name = "PATH", action = ArgAction::Append)]
    pub rules: Vec<PathBuf>,

    /// Leave out the rules that come with the program.
    #[arg(long)]
    pub no_builtin_rules: bool,

    /// Leave out the rule of this id; again for more.
    #[arg(long, value_name = "RULE", action = ArgAction::Append)]
    pub disable: Vec<String>,
}

impl Choice {
    /// The same as options of the rules' room.
    pub fn options(&self) -> RuleOptions {
        RuleOptions {
            paths: self.rules.clone(),
            builtin: !self.no_builtin_rules,
            disabled: self.disable.clone(),
        }
    }
}

/// Does what `args` ask for and writes what came of it to `out`, in lines of at most `width` columns
/// where words allow.
///
/// # Errors
/// Where something that was named cannot be read or found, or `out` cannot be written.
pub fn run(args: &RulesArgs, width: usize, out: &mut dyn Write) -> anyhow::Result<ExitStatus> {
    match &args.command {
        RulesCommand::List(args) => list::run(args, width, out),
        RulesCommand::Test(args) => test::run(args, out),
        RulesCommand::Why(args) => why::run(args, out),
        RulesCommand::Docs { folder } => write_docs(folder),
    }
}

/// The rules with all that is told of them. Refused ones are written to `out`, a line each; the status
/// is then the one to end with.
pub(super) fn load(
    options: &RuleOptions,
    out: &mut dyn Write,
) -> anyhow::Result<Result<RuleSet, ExitStatus>> {
    match rules::load_whole(options) {
        Ok(rules) => Ok(Ok(rules)),
        Err(complaints) => {
            for complaint in complaints {
                writeln!(out, "{complaint}")?;
            }
            Ok(Err(ExitStatus::Failed))
        }
    }
}

fn write_docs(folder: &std::path::Path) -> anyhow::Result<ExitStatus> {
    let rules = rules::load_whole(&RuleOptions::default())
        .map_err(|complaints| anyhow::anyhow!("{} rules are refused", complaints.len()))?;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for pattern in Pattern::ALL {
        let path = folder.join(format!("{pattern}.md"));
        std::fs::write(&path, docs::file(&rules, pattern))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(ExitStatus::Clean)
}

#[cfg(test)]
mod tests;
