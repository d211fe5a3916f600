//! `rules test`.

use std::io::Write;
use std::path::PathBuf;

use super::Choice;
use crate::cli::ExitStatus;
use crate::detect::{Matcher, examples};
use crate::safe::redact::Redactor;
use crate::traceback::Roots;

/// Which rules to test.
#[derive(Debug, clap::Args)]
pub struct TestArgs {
    /// Rule files or folders to test on top of the built-in rules, as with --rules.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Which rules there are.
    #[command(flatten)]
    pub choice: Choice,
}

pub(super) fn run(args: &TestArgs, out: &mut dyn Write) -> anyhow::Result<ExitStatus> {
    let mut options = args.choice.options();
    options.paths.extend(args.paths.iter().cloned());
    let rules = match super::load(&options, out)? {
        Ok(rules) => rules,
        Err(status) => return Ok(status),
    };
    let matcher = Matcher::new(&rules, Roots::default());
    let redactor = Redactor::new(true);
    let outcome = examples::run(&matcher, &|text| redactor.redact(text).into_owned());
    for failed in &outcome.failed {
        writeln!(out, "{}:{}: {}: {}", failed.file, failed.line, failed.rule, failed.what)?;
    }
    let (rules, failed) = (rules.rules.len(), outcome.failed.len());
    writeln!(out, "{rules} rules, {} examples, {failed} failed", outcome.count)?;
    Ok(if failed == 0 { ExitStatus::Clean } else { ExitStatus::Found })
}
