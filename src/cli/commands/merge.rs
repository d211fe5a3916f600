//! Several JSON reports into one.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::cli::ExitStatus;
use crate::cli::ci::Surroundings;
use crate::cli::options::{ColourChoice, FailOn, FormatArg};
use crate::cli::output::Sink;
use crate::report::{self, Ci, Format, Report, Style};
use crate::rules::{self, RuleOptions};
use crate::safe::limits;

/// Make one report of several JSON reports: those of hosts, or of shards of many logs.
///
/// The order of the reports does not count. What has one source and one fingerprint is one diagnosis; the
/// verdict is that of the latest crash. The exit status is that of one run over all logs.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct MergeArgs {
    /// Reports that `--format json` wrote; `-` for standard input.
    #[arg(value_name = "REPORT.json", required = true)]
    reports: Vec<PathBuf>,

    /// Format of the report.
    #[arg(long, value_name = "FORMAT", default_value = "json", hide_possible_values = true)]
    format: FormatArg,

    /// Write the report to FILE, whole or not at all, instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Exit with status 1 from this level up: fatal, error, warning or never.
    #[arg(long, value_name = "LEVEL", default_value = "error", hide_possible_values = true)]
    fail_on: FailOn,

    /// The bot's source tree, for formats that point at its code.
    #[arg(long, value_name = "DIR")]
    source_root: Option<PathBuf>,

    /// When to use colour: auto, always or never.
    #[arg(long, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    color: ColourChoice,
}

/// Reads the reports and writes the one they make.
///
/// # Errors
/// Where one cannot be read or is none, or the report cannot be written.
pub(in crate::cli) fn run(args: MergeArgs) -> anyhow::Result<ExitStatus> {
    let mut reports = Vec::new();
    for path in &args.reports {
        reports.push(read(path)?);
    }
    let report = report::merge(reports);
    let format = args.format.into();
    let surroundings = Surroundings::new(args.source_root.as_deref(), format);
    let rules = (format == Format::Sarif).then(|| rules::load(&RuleOptions::default()).ok());
    let rules = rules.flatten();
    let output = args.output.filter(|path| path.as_os_str() != "-");
    let sink = Sink { file: output.as_deref(), colour: args.color };
    let style = Style {
        width: sink.width(),
        colour: sink.colour(),
        ci: Ci {
            rules: rules.as_ref(),
            tree: surroundings.tree.as_ref(),
            fail_on: args.fail_on.level(),
            has_summary: surroundings.summary.is_some(),
        },
        ..Style::default()
    };
    sink.write(format, &report, &style)?;
    surroundings.summarize(&report, &style);
    Ok(status(&report, &style.ci))
}

fn status(report: &Report, ci: &Ci<'_>) -> ExitStatus {
    if report.sources.iter().any(|source| source.incomplete.is_some()) {
        ExitStatus::Failed
    } else if report.diagnoses.iter().any(|diagnosis| ci.fails(diagnosis)) {
        ExitStatus::Found
    } else {
        ExitStatus::Clean
    }
}

fn read(path: &Path) -> anyhow::Result<Report> {
    let name = path.display().to_string();
    let text = if path.as_os_str() == "-" {
        text(io::stdin().lock())
    } else {
        File::open(path).and_then(text)
    };
    let text = text.with_context(|| format!("cannot read the report {name}"))?;
    match report::parse(&name, &text) {
        Ok(report) => Ok(report),
        Err(complaint) => bail!("{complaint}"),
    }
}

fn text(input: impl Read) -> io::Result<String> {
    let mut text = String::new();
    let read = input.take(limits::REPORT_BYTES + 1).read_to_string(&mut text)?;
    if read as u64 > limits::REPORT_BYTES {
        return Err(io::Error::other("it is longer than any report"));
    }
    Ok(text)
}
